"""Moments that people and phones tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditapp.domain.times import by_clock, clock_offset, phone_moment, read_moment

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00", None, 5, ["2026-09-14T12:00"]])
def test_what_names_no_moment_gives_none(text: object) -> None:
    assert read_moment(text) is None


def test_a_time_without_a_zone_is_by_the_clock_of_the_place() -> None:
    assert by_clock(datetime(2026, 9, 14, 21, 0), "Asia/Seoul") == NOON  # noqa: DTZ001


def test_a_time_with_a_zone_keeps_it() -> None:
    assert by_clock(NOON, "Asia/Seoul") == NOON


def test_a_phones_moment_has_its_zone() -> None:
    assert phone_moment("2026-09-14T21:00:00.250+09:00") == NOON + timedelta(milliseconds=250)
    assert phone_moment("2026-09-14T12:00:00Z") == NOON


@pytest.mark.parametrize("text", ["2026-09-14T12:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 7])
def test_a_phones_moment_that_can_not_be_is_none(text: object) -> None:
    assert phone_moment(text) is None


def test_the_offset_is_phone_minus_server_in_whole_seconds() -> None:
    assert clock_offset(NOON + timedelta(minutes=2, milliseconds=600), NOON) == 121
    assert clock_offset(NOON - timedelta(hours=1), NOON) == -3600
    assert clock_offset(None, NOON) is None
