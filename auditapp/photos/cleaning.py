"""One received file → two clean JPEGs, a perceptual hash, and what the phone told, kept apart."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from auditapp.domain.errors import PhotoRefused, TemporarilyUnavailable, TooLarge
from auditapp.photos import decode
from auditapp.photos.container import DAMAGED, MAX_BYTES, TOO_COMPLEX, TOO_MANY_BYTES, Source, inspect
from auditapp.photos.exif import CaptureData, read_exif

FULL_EDGE = 1600  # pixels, the longer side
THUMB_EDGE = 320
QUALITY = 82
WAIT_SECONDS = 20.0
_END = b"\xff\xd9"
_CHILD_SECONDS = 60.0  # by the wall; the child's own limit is in CPU seconds
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DAMAGED_EXITS = {decode.EXIT_REFUSED, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE}
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class CleanPhoto:
    """What is kept of a photo.

    ``full`` and ``thumb``: JPEG bytes, upright, sRGB, without any metadata, the longer side at most 1600 and
    320 pixels (``full`` of a larger JPEG: 1440 to 1600, whatever libjpeg's own scales give; nothing is
    enlarged). ``width``, ``height`` and ``sha256`` (hex) are of ``full``. ``phash``: a 64-bit difference hash
    as a signed integer (it fits a BIGINT), to be compared by `similarity_distance`. ``evidence``: for
    reviewers only.
    """

    full: bytes = field(repr=False)
    thumb: bytes = field(repr=False)
    width: int
    height: int
    sha256: str
    phash: int
    evidence: CaptureData


def clean(source: Path | bytes, wait_seconds: float = WAIT_SECONDS) -> CleanPhoto:
    """Clean a photo as it was received: a file's path or its bytes.

    JPEG (MPO counts as one), PNG, WebP and HEIC, told by content; of an animation the first picture. At most
    30 MB; JPEG and HEIC 60, PNG and WebP 25 million pixels. One photo at a time per process: a caller waits
    up to ``wait_seconds`` for its turn.

    What bounds the work: a camera's JPEG (sequential, one scan) is decoded here at a cost in proportion to
    its bytes, and scaled down while decoding. Everything else is decoded in a child process with limits on
    CPU time and memory.

    Raises PhotoRefused (its message is for the shopper), TooLarge, and TemporarilyUnavailable, after which
    the same photo may be sent again. Bad metadata never refuses a photo.
    """
    if (source.stat().st_size if isinstance(source, Path) else len(source)) > MAX_BYTES:
        raise TooLarge(TOO_MANY_BYTES, limit=MAX_BYTES >> 20)
    with _turn(wait_seconds):
        try:
            return _renditions(inspect(source.read_bytes() if isinstance(source, Path) else source))
        except MemoryError:
            raise TemporarilyUnavailable from None


def is_whole(data: bytes) -> bool:
    """Whether this is a whole JPEG, from its first byte to its last, as `clean` makes them.

    A JPEG holds no checksum: a changed byte amid the picture passes where a decoder makes something of it.
    """
    try:
        source = inspect(data)
        return source.streamed and data.endswith(_END) and _decode_here(source).image.size == source.size
    except PhotoRefused:
        return False


def similarity_distance(one: int, other: int) -> int:
    """In how many of 64 bits two perceptual hashes differ: 0 the same picture, up to about 8 probably the
    same, about 32 unrelated.
    """
    return ((one ^ other) & (2**64 - 1)).bit_count()


@contextmanager
def _turn(wait_seconds: float) -> Iterator[None]:
    if not _one_at_a_time.acquire(timeout=wait_seconds):
        raise TemporarilyUnavailable
    try:
        yield
    finally:
        _one_at_a_time.release()


def _renditions(source: Source) -> CleanPhoto:
    decoded = _decode_here(source) if source.streamed else _decode_in_child(source)
    evidence, orientation = read_exif(decoded.exif or source.exif)
    if source.format == "HEIF":
        orientation = 1  # its own rotation is already applied, and the EXIF one does not count (ISO 23008-12)
    upright = decoded.image.transpose(_UPRIGHT[orientation]) if orientation > 1 else decoded.image
    thumb = _thumb(upright)
    full = _jpeg(upright)
    digest = hashlib.sha256(full).hexdigest()
    return CleanPhoto(full, _jpeg(thumb), *upright.size, digest, _difference_hash(thumb), evidence)


def _decode_here(source: Source) -> decode.Decoded:
    try:
        return decode.decode(source.format, source.data, source.icc, source.size, FULL_EDGE)
    except MemoryError:
        raise
    except Exception:
        raise PhotoRefused(DAMAGED) from None  # Pillow's plugins raise nearly anything on bad bytes


def _decode_in_child(source: Source) -> decode.Decoded:
    numbers = (FULL_EDGE, *source.size, len(source.icc))
    command = [sys.executable, "-I", decode.__file__, source.format, *map(str, numbers)]
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        child = subprocess.run(  # noqa: S603 - our own program, no shell, nothing of the sender's in the arguments
            command,
            input=source.icc + source.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_CHILD_SECONDS,
            env=environment | {"MALLOC_ARENA_MAX": "1"},
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        raise TemporarilyUnavailable from None
    if child.returncode == -signal.SIGXCPU:
        raise PhotoRefused(TOO_COMPLEX)
    if child.returncode in _DAMAGED_EXITS:
        raise PhotoRefused(DAMAGED)
    if child.returncode != 0:
        raise TemporarilyUnavailable  # killed from outside, or the program can't start: not the photo's fault
    width, height, length = decode.HEAD.unpack_from(child.stdout)
    pixels = memoryview(child.stdout)[decode.HEAD.size :]
    return decode.Decoded(Image.frombytes("RGB", (width, height), pixels[length:]), bytes(pixels[:length]))


def _thumb(full: Image.Image) -> Image.Image:
    small = full.reduce(max(1, max(full.size) // THUMB_EDGE))
    small.thumbnail((THUMB_EDGE, THUMB_EDGE), Image.Resampling.HAMMING, reducing_gap=None)
    return small


def _jpeg(image: Image.Image) -> bytes:
    image.info.clear()  # Pillow writes a comment, if there is one here, into the new file
    target = io.BytesIO()
    image.save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def _difference_hash(image: Image.Image) -> int:
    """dHash: is each of 8 × 8 gray cells lighter than its right-hand neighbour?

    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    cells = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (cells[at] > cells[at + 1])
    return bits - 2**64 if bits >> 63 else bits
