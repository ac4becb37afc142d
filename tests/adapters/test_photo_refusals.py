"""What is refused, at which cost, and in which words; the decoders' own process; anything at all."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from auditapp.domain.errors import PhotoRefused, TemporarilyUnavailable, TooLarge
from auditapp.photos import clean, cleaning, decode
from auditapp.photos.container import MAX_BYTES, inspect
from tests import photo_factory as make
from tests.photo_checks import FILES, FUZZ, markers, mutated, refusal

ROOT = Path(__file__).parents[2]


NOT_A_PHOTO = "This file is not a photo we can read. Send a JPEG, PNG, WebP or HEIC."
DAMAGED = "This photo is damaged or incomplete. Choose it again, or take a new one."


@pytest.mark.parametrize(
    "data",
    [
        make.encode(make.picture(), "GIF"),
        make.encode(make.picture(), "BMP"),
        make.encode(make.picture(), "TIFF"),
        make.encode(make.picture(), "AVIF"),
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41",
        b"hello",
        b"\xff\xd8",
    ],
)
def test_what_is_no_photo_is_refused_in_plain_words(data: bytes) -> None:
    assert refusal(data) == NOT_A_PHOTO


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"") == "This photo arrived empty. Send it again."


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_photo_is_refused_whatever_other_libraries_have_switched_on(
    name: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = make.encode(make.picture(), "JPEG") if name in ("jpeg", "mpo") else FILES[name]()
    assert refusal(data[: int(len(data) * share)]) == DAMAGED


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_file_of_one_format_with_the_beginning_of_another_is_refused(kind: str) -> None:
    data = make.encode(make.picture(), kind)
    others = {b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypheic"}
    for start in others:
        if not data.startswith(start[:4]) and data[4:8] != start[4:8]:
            assert refusal(start + data[len(start) :]) == DAMAGED


JPEG = make.encode(make.picture(64, 64), "JPEG")
FRAME = JPEG.index(b"\xff\xc0")


@pytest.mark.parametrize(
    "data",
    [
        JPEG[:FRAME] + JPEG[FRAME : FRAME + 19] + JPEG[FRAME:],  # two frames
        JPEG[:FRAME] + JPEG[FRAME + 19 :],  # none
        JPEG[: FRAME + 11] + b"\0" + JPEG[FRAME + 12 :],  # a sampling of nothing
        JPEG[: FRAME + 9] + b"\0" + JPEG[FRAME + 10 :],  # no channels
        JPEG[: FRAME + 5] + b"\0\0" + JPEG[FRAME + 7 :],  # no height
        JPEG[: FRAME + 2] + b"\0\1" + JPEG[FRAME + 4 :],  # a length below its own two bytes
        make.png_claiming(64, 64)[:12] + b"tEXt" + make.png_claiming(64, 64)[16:],
        b"RIFF\0\0\0\0WEBPJUNK" + b"\0" * 40,
        b"\0\0\0\x18ftypheic" + b"\0" * 40,
    ],
)
def test_a_file_whose_parts_contradict_each_other_is_refused(data: bytes) -> None:
    assert refusal(data) == DAMAGED


def test_a_kind_of_jpeg_that_no_phone_makes_is_refused() -> None:
    arithmetic = JPEG[: FRAME + 1] + b"\xc9" + JPEG[FRAME + 2 :]
    assert refusal(arithmetic) == NOT_A_PHOTO


def test_a_program_behind_a_photo_is_cut_off() -> None:
    photo = clean(make.phone_jpeg() + b"PK\x03\x04<script>alert(1)</script>")
    assert b"script" not in photo.full + photo.thumb


HUGE: dict[str, Callable[[], bytes]] = {
    "png 60000": lambda: make.png_claiming(60000, 60000),
    "jpeg 60000": lambda: make.jpeg_claiming(60000, 60000),
    "webp 60000": lambda: make.webp_claiming(60000, 60000),
    "heic 60000": lambda: make.heic_claiming(60000, 60000),
    "png 26 MP": lambda: make.png_claiming(6500, 4001),
    "webp 26 MP": lambda: make.webp_claiming(6500, 4001),
    "jpeg 61 MP": lambda: make.jpeg_claiming(10000, 6100),
    "heic 61 MP": lambda: make.heic_claiming(10000, 6100),
    "jpeg side": lambda: make.jpeg_claiming(30001, 10),
}
ONLY_CLAIMED: dict[str, Callable[[], bytes]] = {
    "png": lambda: make.png_claiming(5000, 4900),
    "jpeg": lambda: make.jpeg_claiming(8900, 6700),
    "progressive jpeg": lambda: make.jpeg_claiming(8900, 6700, progressive=True),
}


@pytest.mark.parametrize("name", HUGE)
def test_too_many_pixels_are_refused_at_once(name: str) -> None:
    data, start = HUGE[name](), time.process_time()
    assert "too many pixels" in refusal(data)
    assert time.process_time() - start < 0.25


@pytest.mark.parametrize("name", ONLY_CLAIMED)
def test_a_size_that_the_bytes_cannot_hold_is_refused_at_once(name: str) -> None:
    data, start = ONLY_CLAIMED[name](), time.process_time()
    assert refusal(data) == DAMAGED
    assert time.process_time() - start < 0.25


@pytest.mark.parametrize(("size", "kind"), [((5000, 4900), "PNG"), ((8000, 7000), "JPEG")])
def test_the_plainest_large_picture_still_counts_as_possible(size: tuple[int, int], kind: str) -> None:
    flat = Image.new("L", size, 255)
    options = {"optimize": True, "quality": 10} if kind == "JPEG" else {"compress_level": 9}
    assert inspect(make.encode(flat, kind, **options)).size == size


def test_bombs_cost_megabytes_not_gigabytes(tmp_path: Path) -> None:
    for number, build in enumerate([*HUGE.values(), *ONLY_CLAIMED.values()]):
        (tmp_path / str(number)).write_bytes(build())
    program = """
import pathlib, re, sys
from auditapp.photos import clean
from auditapp.domain.errors import PhotoRefused
for path in pathlib.Path(sys.argv[1]).iterdir():
    try:
        clean(path)
    except PhotoRefused:
        continue
    raise SystemExit("accepted")
print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 40 * 1024  # kB, the interpreter and Pillow included


def test_a_jpeg_of_a_thousand_scans_is_refused_before_it_is_decoded() -> None:
    start = time.process_time()
    assert "takes too long" in refusal(make.many_scans(1000))
    assert time.process_time() - start < 0.25
    assert clean(make.many_scans(12)).width == 64


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff" + b"\xff" * 2_000_000,
        b"\xff\xd8" + make.segment(0xFE, b"") * 300_000,
        make.encode(make.picture(), "PNG")[:33] + make.png_chunk(b"tEXt", b"") * 300_000,
        make.encode(make.picture(), "PNG")[:33] + make.png_chunk(b"iCCP", b"") * 2,
        make.webp_claiming(64, 64) + b"JUNK\0\0\0\0" * 300_000,
    ],
)
def test_endless_small_parts_are_refused_quickly(data: bytes) -> None:
    start = time.process_time()
    refusal(data)
    assert time.process_time() - start < 0.5


def test_too_many_bytes_are_told_from_a_bad_photo(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(TooLarge, match="at most 30 MB"):
        clean(path)


def child_in_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, misbehaviour: str) -> bytes:
    """Let Pillow misbehave in the child as a broken or attacked decoder would."""
    program = tmp_path / "child.py"
    program.write_text(
        f"import os, sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom PIL import Image\n"
        f"from auditapp.photos import decode\ndecode.CPU_SECONDS = 1\n"
        f"def bad(*args, **kwargs):\n    {misbehaviour}\nImage.open = bad\nsys.exit(decode.main())\n"
    )
    monkeypatch.setattr(decode, "__file__", str(program))
    return make.encode(make.picture(), "PNG")


def test_a_decoder_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "takes too long" in refusal(child_in_which(tmp_path, monkeypatch, "while True: pass"))


def test_a_decoder_that_swells_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(child_in_which(tmp_path, monkeypatch, "bytearray(700 << 20)")) == DAMAGED


def test_a_decoder_that_crashes_takes_only_its_child_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(child_in_which(tmp_path, monkeypatch, "os.kill(os.getpid(), 11)")) == DAMAGED


@pytest.mark.parametrize("fault", ["os.kill(os.getpid(), 9)", "raise ImportError"])
def test_a_fault_of_the_server_does_not_refuse_the_photo(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = child_in_which(tmp_path, monkeypatch, fault)
    with pytest.raises(TemporarilyUnavailable):
        clean(data)


def test_a_second_photo_waits_its_turn_but_not_for_ever() -> None:
    with cleaning._one_at_a_time, pytest.raises(TemporarilyUnavailable):
        clean(make.phone_jpeg(), wait_seconds=0.01)
    assert clean(make.phone_jpeg(), wait_seconds=0.01).width == 640


def test_a_refused_photo_gives_its_turn_back() -> None:
    refusal(b"nothing")
    assert clean(make.phone_jpeg(), wait_seconds=0.01).width == 640


def test_importing_photos_loads_no_heif_colour_or_tiff_code() -> None:
    command = [sys.executable, "-c", "import sys, auditapp.photos; print(*sys.modules)"]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "auditapp.photos" in loaded
    assert not {"pillow_heif", "PIL.ImageCms", "PIL.TiffImagePlugin", "numpy"} & set(loaded)


SEEDS = {
    "jpeg": make.phone_jpeg(make.picture(48, 32)),
    "mpo": make.mpo(),
    "png": make.encode(make.picture(48, 32), "PNG", exif=make.exif()),
    "webp": make.encode(make.picture(48, 32), "WEBP", exif=make.exif()),
    "heic": make.encode(make.picture(64, 64), "HEIF", exif=make.exif()),
}


def is_taken_or_refused(data: bytes) -> None:
    try:
        photo = clean(data)
    except PhotoRefused:
        return
    assert set(markers(photo.full)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}


@FUZZ
@given(st.sampled_from(["jpeg", "mpo"]), st.data())
def test_any_jpeg_bytes_are_cleaned_or_refused(name: str, data: st.DataObject) -> None:
    is_taken_or_refused(mutated(data, SEEDS[name]))


@settings(FUZZ, max_examples=20)
@given(st.sampled_from(["png", "webp", "heic"]), st.data())
def test_any_other_bytes_are_cleaned_or_refused(name: str, data: st.DataObject) -> None:
    is_taken_or_refused(mutated(data, SEEDS[name]))


@FUZZ
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_any_bytes_are_inspected_or_refused(name: str, data: st.DataObject) -> None:
    try:
        inspect(mutated(data, SEEDS[name]))
    except PhotoRefused:
        return
