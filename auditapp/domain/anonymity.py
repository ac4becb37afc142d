"""What a store may know about a visit: a week and a part of the day, never who, never the hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class DayPart(StrEnum):
    """The part of the day in which a visit began, by the store's clock."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True)
class VisitTime:
    """When a visit was, as a store sees it: the Monday of its week, the part of the day, and the month (YYYY-MM)."""

    week: date
    part: DayPart
    month: str


def visit_time(arrived: datetime, time_zone: str) -> VisitTime:
    """The store's view of an arrival. ``arrived`` is aware; ``time_zone`` an IANA name such as Asia/Seoul."""
    local = arrived.astimezone(ZoneInfo(time_zone))
    part = DayPart.MORNING if local.hour < 12 else DayPart.AFTERNOON if local.hour < 17 else DayPart.EVENING
    monday = local.date() - timedelta(days=local.weekday())
    return VisitTime(monday, part, f"{local:%Y-%m}")
