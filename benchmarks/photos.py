"""Photo ingest against a plain Pillow program, side by side in one run: one JSON line per figure.

Run as ``.venv/bin/python benchmarks/photos.py``. The plain program does what most do: decode in full, resize by
LANCZOS to 1600 pixels and once more to 320, save both. It does not turn, strip, hash or check, and still costs more.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402

from auditapp.domain.errors import PhotoRefused  # noqa: E402
from auditapp.photos import clean  # noqa: E402
from tests import photo_factory as make  # noqa: E402

ROUNDS = 7
# VmHWM, not getrusage: Linux hands a child's ru_maxrss the peak of the process that started it.
ONE_INGEST = """
import pathlib, re, sys
from auditapp.photos import clean
clean(pathlib.Path(sys.argv[1]))
print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


def plain(data: bytes) -> None:
    """Decode, resize, save; resize, save."""
    image = Image.open(io.BytesIO(data))
    for edge in (1600, 320):
        size = (edge, round(image.height * edge / image.width))
        image.resize(size, Image.Resampling.LANCZOS).save(io.BytesIO(), "JPEG", quality=82)


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(data: bytes) -> tuple[float, float]:
    """Median CPU seconds of ingest and of the plain program, in turns so that both meet the same machine."""
    pairs = [(cpu_seconds(lambda: clean(data)), cpu_seconds(lambda: plain(data))) for _ in range(ROUNDS + 1)]
    ingest, naive = zip(*pairs[1:], strict=True)  # the first round warms up
    return statistics.median(ingest), statistics.median(naive)


def peak_mebibytes(data: bytes) -> float:
    """The highest resident memory of a fresh process that ingests one photo, the interpreter included."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-c", ONE_INGEST, file.name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def slowest_refusal() -> float:
    """CPU milliseconds for the dearest of the files that only claim to be huge."""
    builders = (make.png_claiming, make.jpeg_claiming, make.webp_claiming, make.heic_claiming)
    return max(cpu_seconds(partial(refused, build(60_000, 60_000))) for build in builders) * 1000


def refused(data: bytes) -> None:
    """Clean, and see it refused."""
    try:
        clean(data)
    except PhotoRefused:
        return
    raise AssertionError("a bomb was accepted")


def report(figure: str, value: float, unit: str, guide: str, about: dict[str, object]) -> None:
    """Print one figure."""
    print(json.dumps({"figure": figure, "value": round(value, 4), "unit": unit, "guide": guide, **about}))


def main() -> None:
    """Measure and print: an ordinary phone photo, then a grainy one, of which decoding in full is a larger part."""
    for name, quality, guide in (("photo", 90, ">= 5"), ("photo_grainy", 95, "")):
        data = make.phone_jpeg(make.shop_picture(4000, 3000), orientation=6, quality=quality)
        ingest, naive = compare(data)
        about: dict[str, object] = {"megapixels": 12, "megabytes": round(len(data) / 2**20, 1), "rounds": ROUNDS}
        report(f"{name}_ingest_cpu", ingest, "s", "", about)
        report(f"{name}_plain_pillow_cpu", naive, "s", "", about)
        report(f"{name}_ingest_cpu_ratio", naive / ingest, "x", guide, about)
        report(f"{name}_ingest_peak_memory", peak_mebibytes(data), "MiB", "<= 60", about)
    report("photo_bomb_refusal_cpu", slowest_refusal(), "ms", "<= 50", {"claimed": "60000 x 60000"})


if __name__ == "__main__":
    main()
