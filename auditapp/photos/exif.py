"""What the phone says about a photo: when, where, with what. A small EXIF reader that knows nine tags.

Pillow's own reader is not used: it loads every tag, so that a crafted 60 KB block takes a hundred MB. Here
the work is bounded by `_MAX_ENTRIES` and `_MAX_VALUE`, and anything odd means "not told", never an error.
Source: CIPA DC-008 (Exif 3.0), TIFF 6.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

_MAX_ENTRIES = 512
_MAX_VALUE = 256  # bytes; the longest wanted value is a camera's name
_MAX_DEVICE = 80  # characters

_MAKE, _MODEL, _ORIENTATION, _EXIF_IFD, _GPS_IFD = 0x010F, 0x0110, 0x0112, 0x8769, 0x8825
_TAKEN_AT, _UTC_OFFSET = 0x9003, 0x9011  # DateTimeOriginal, OffsetTimeOriginal
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_WANTED = {_MAKE, _MODEL, _ORIENTATION, _EXIF_IFD, _GPS_IFD, _TAKEN_AT, _UTC_OFFSET, 1, 2, 3, 4}
_SHORT, _LONG = 3, 4
_SIZES = {1: 1, 2: 1, _SHORT: 2, _LONG: 4, 5: 8, 7: 1, 9: 4, 10: 8, 129: 1}

_Ifd = dict[int, tuple[int, bytes]]


@dataclass(frozen=True)
class CaptureData:
    """Evidence as told by the phone, for reviewers only; every part may be missing and none is proof.

    ``taken_at``: the phone's wall clock, naive. ``utc_offset``: that clock's distance from UTC (east
    positive) if the phone told it. ``latitude`` and ``longitude``: degrees WGS 84, both or neither, -90..90
    and -180..180 (0, 0 is what a phone without a fix writes and counts as none). ``device``: make and model,
    at most 80 characters, or "".
    """

    taken_at: datetime | None = None
    utc_offset: timedelta | None = None
    latitude: float | None = None
    longitude: float | None = None
    device: str = ""


def read_exif(block: bytes) -> tuple[CaptureData, int]:
    """The capture data and the orientation (1..8, 1 when not told) in an EXIF block. Never raises."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return CaptureData(), 1
    main = _ifd(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])
    exif = _ifd(tiff, order, _number(main, _EXIF_IFD, order))
    latitude, longitude = _position(_ifd(tiff, order, _number(main, _GPS_IFD, order)), order)
    orientation = _number(main, _ORIENTATION, order)
    data = CaptureData(
        taken_at=_taken_at(_text(exif, _TAKEN_AT)),
        utc_offset=_utc_offset(_text(exif, _UTC_OFFSET)),
        latitude=latitude,
        longitude=longitude,
        device=_device(_text(main, _MAKE), _text(main, _MODEL)),
    )
    return data, orientation if 1 <= orientation <= 8 else 1


def _ifd(tiff: bytes, order: str, offset: int) -> _Ifd:
    if offset < 8 or offset + 2 > len(tiff):
        return {}
    (entries,) = struct.unpack_from(order + "H", tiff, offset)
    found: _Ifd = {}
    for start in range(offset + 2, offset + 2 + 12 * min(entries, _MAX_ENTRIES), 12):
        if start + 12 > len(tiff):
            break
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, start)
        size = _SIZES.get(kind, 0) * count
        if tag not in _WANTED or not 0 < size <= _MAX_VALUE:
            continue
        at = start + 8 if size <= 4 else struct.unpack_from(order + "I", tiff, start + 8)[0]
        if at + size <= len(tiff):
            found.setdefault(tag, (kind, tiff[at : at + size]))
    return found


def _number(ifd: _Ifd, tag: int, order: str) -> int:
    kind, value = ifd.get(tag, (0, b""))
    if kind == _SHORT:
        return int(struct.unpack_from(order + "H", value)[0])
    return int(struct.unpack_from(order + "I", value)[0]) if kind == _LONG else 0


def _text(ifd: _Ifd, tag: int) -> str:
    value = ifd.get(tag, (0, b""))[1].split(b"\0", 1)[0].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() and c != "\ufffd" else " " for c in value).split())


def _device(make: str, model: str) -> str:
    whole = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return whole.strip()[:_MAX_DEVICE].strip()


def _taken_at(text: str) -> datetime | None:
    try:
        return datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the phone's wall clock, as told
    except ValueError:
        return None


def _utc_offset(text: str) -> timedelta | None:
    try:
        sign = {"+": 1, "-": -1}[text[0]]
        hours, minutes = text[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
    except (KeyError, IndexError, ValueError, OverflowError):
        return None
    return sign * offset if timedelta() <= offset <= timedelta(hours=14) else None


def _position(gps: _Ifd, order: str) -> tuple[float, float] | tuple[None, None]:
    latitude = _degrees(gps, _LATITUDE, _text(gps, _LATITUDE_REF), "NS", order)
    longitude = _degrees(gps, _LONGITUDE, _text(gps, _LONGITUDE_REF), "EW", order)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else (None, None)


def _degrees(gps: _Ifd, tag: int, reference: str, sides: str, order: str) -> float | None:
    value = gps.get(tag, (0, b""))[1]
    if len(value) != 24 or len(reference) != 1 or reference not in sides:
        return None
    parts = struct.unpack(order + "6I", value)
    if not all(parts[1::2]):
        return None
    degrees: float = parts[0] / parts[1] + parts[2] / parts[3] / 60 + parts[4] / parts[5] / 3600
    return round(-degrees if reference == sides[1] else degrees, 7)
