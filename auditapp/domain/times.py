"""Moments that people and phones tell: by the store's clock, or with a time zone of their own."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

PHONE_YEARS = range(1970, 2200)
"""What a phone's clock can show; anything else is noise, and arithmetic with it may leave the calendar."""


def read_moment(text: object) -> datetime | None:
    """The moment that ISO 8601 text names, with or without a time zone; None where it is no such text."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def by_clock(moment: datetime, time_zone: str) -> datetime:
    """``moment`` with a time zone: one that has none is a wall-clock time in ``time_zone``, such as Asia/Seoul."""
    return moment.replace(tzinfo=ZoneInfo(time_zone)) if moment.tzinfo is None else moment


def phone_moment(text: object) -> datetime | None:
    """A moment by a phone's clock, aware; None where it is missing, has no time zone, or can't be."""
    moment = read_moment(text)
    return moment if moment and moment.tzinfo and moment.year in PHONE_YEARS else None


def clock_offset(phone: datetime | None, now: datetime) -> int | None:
    """How far a phone's clock is ahead of ours, in whole seconds; both aware. None where the phone told no time."""
    return None if phone is None else round((phone - now).total_seconds())
