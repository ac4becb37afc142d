"""What the photo tests ask of a picture and of a JPEG's bytes."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from auditapp.domain.errors import PhotoRefused
from auditapp.photos import clean
from tests import photo_factory as make

RED, GREEN, BLUE, YELLOW = make.QUADRANTS
TURNED = {  # the four corners, clockwise from top left, of a file whose pixels are `picture`
    1: (RED, GREEN, BLUE, YELLOW),
    2: (GREEN, RED, YELLOW, BLUE),
    3: (BLUE, YELLOW, RED, GREEN),
    4: (YELLOW, BLUE, GREEN, RED),
    5: (RED, YELLOW, BLUE, GREEN),
    6: (YELLOW, RED, GREEN, BLUE),
    7: (BLUE, GREEN, RED, YELLOW),
    8: (GREEN, BLUE, YELLOW, RED),
}
FUZZ = settings(max_examples=120, deadline=None, database=None)

FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": make.phone_jpeg,
    "progressive jpeg": lambda: make.phone_jpeg(progressive=True),
    "mpo": make.mpo,
    "png": lambda: make.encode(make.picture(), "PNG", exif=make.exif(6)),
    "webp": lambda: make.encode(make.picture(), "WEBP", exif=make.exif(6), xmp=make.SECRET.encode()),
    "heic": lambda: make.encode(make.picture(), "HEIF", exif=make.exif(1), xmp=make.SECRET.encode()),
}


def corners(jpeg: bytes) -> list[tuple[int, ...]]:
    """The middle of each quadrant, clockwise from top left."""
    with Image.open(io.BytesIO(jpeg)) as image:
        width, height = image.size
        middles = ((1, 1), (3, 1), (3, 3), (1, 3))
        return [image.getpixel((width * x // 4, height * y // 4)) for x, y in middles]  # type: ignore[misc]


def looks_like(jpeg: bytes, expected: tuple[tuple[int, ...], ...], within: int = 12) -> bool:
    pairs = zip(corners(jpeg), expected, strict=True)
    return all(abs(a - b) <= within for got, wanted in pairs for a, b in zip(got, wanted, strict=True))


def markers(jpeg: bytes) -> list[int]:
    """Every segment's marker; the file must end at its end-of-image marker."""
    found: list[int] = []
    at = 2
    while found[-1:] != [0xDA]:
        found.append(jpeg[at + 1])
        at += 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
    assert re.search(rb"\xff[^\x00\xd0-\xd7]", jpeg[at:]).start() == len(jpeg) - at - 2  # type: ignore[union-attr]
    assert jpeg.endswith(b"\xff\xd9")
    return found


def refusal(data: bytes) -> str:
    with pytest.raises(PhotoRefused) as caught:
        clean(data)
    return str(caught.value)


def mutated(data: st.DataObject, seed: bytes) -> bytes:
    """``seed`` with up to four bytes changed and, half of the time, a piece replaced by another of any length."""
    body = bytearray(seed)
    places = st.integers(0, len(body) - 1)
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        body[at] = value
    if data.draw(st.booleans()):
        start = data.draw(places)
        body[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    return bytes(body)
