"""What the phone told about a photo is kept apart, and never refuses it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.photos import CaptureData, clean
from auditapp.photos.exif import read_exif
from tests import photo_factory as make
from tests.photo_checks import FILES, FUZZ, TURNED, looks_like, mutated

TOLD = CaptureData(datetime(2026, 3, 14, 15, 9, 26), timedelta(hours=9), 37.56, 126.98, "Acme Phone 5")  # noqa: DTZ001


@pytest.mark.parametrize("name", FILES)
def test_time_place_and_device_are_kept_apart_as_evidence(name: str) -> None:
    assert clean(FILES[name]()).evidence == TOLD


def test_a_photo_without_metadata_has_empty_evidence() -> None:
    assert clean(make.encode(make.picture(), "JPEG")).evidence == CaptureData()


def test_south_and_west_are_negative() -> None:
    data, _ = read_exif(make.exif(latitude_ref="S", longitude_ref="W"))
    assert (data.latitude, data.longitude) == (-37.56, -126.98)


@pytest.mark.parametrize(
    "changes",
    [
        {"latitude": None},
        {"longitude_ref": None},
        {"latitude_ref": "X"},
        {"latitude": (97.0, 0.0, 0.0)},
        {"latitude": (0.0, 0.0, 0.0), "longitude": (0.0, 0.0, 0.0)},
    ],
)
def test_half_a_position_is_no_position(changes: dict[str, Any]) -> None:
    data, _ = read_exif(make.exif(**changes))
    assert (data.latitude, data.longitude) == (None, None)
    assert data.device == "Acme Phone 5"


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "yesterday", "", "2026:13:01 00:00:00"])
def test_a_time_that_is_none_is_not_told(text: str) -> None:
    assert read_exif(make.exif(taken_at=text))[0].taken_at is None


@pytest.mark.parametrize(
    ("text", "offset"), [("-03:30", timedelta(hours=-3.5)), ("+99:00", None), ("9", None), ("", None)]
)
def test_the_offset_from_utc_is_kept_when_it_is_one(text: str, offset: timedelta | None) -> None:
    assert read_exif(make.exif(offset=text))[0].utc_offset == offset


def test_the_device_is_short_and_printable() -> None:
    data, _ = read_exif(make.exif(make="Acme\r\n\x1b[31m", model="x" * 200))
    assert data.device == ("Acme [31m " + "x" * 200)[:80]


@pytest.mark.parametrize(
    "block",
    [b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0II*\0\xff\xff\xff\xff", make.exif()[:40], make.greedy_exif()],
)
def test_bad_exif_never_refuses_a_photo(block: bytes) -> None:
    body = make.encode(make.picture(), "JPEG")
    photo = clean(body[:2] + make.segment(0xE1, block) + body[2:])
    assert looks_like(photo.full, TURNED[1])
    assert photo.evidence.taken_at is None


@FUZZ
@given(st.data())
def test_no_exif_block_makes_the_reader_fail(data: st.DataObject) -> None:
    evidence, orientation = read_exif(mutated(data, make.exif(6)))
    assert isinstance(evidence, CaptureData)
    assert 1 <= orientation <= 8
