"""When a visit was: what the shopper or the phone says, judged by the server's clock.

The phone's clock is evidence, not truth. Its finished work is taken whatever it says: times that can't be are put right
by how wrong the clock is known to be, else kept as told; either way the reviewer sees it. Who types the times into a
form can correct them at once, and is asked to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import AnswerWrite, Photo, Visit
from auditapp.domain.anonymity import visit_time
from auditapp.domain.errors import InvalidInput
from auditapp.domain.times import PHONE_YEARS, by_clock
from auditapp.i18n import N_
from auditapp.services.visits.reading import span_of

CLOCK_SLACK = timedelta(minutes=15)
LONGEST_BEFORE = timedelta(days=90)
ORDER = N_("You can't have left before you arrived. Correct one of the two times.")


@dataclass(frozen=True)
class Times:
    """When a visit was, aware. ``seen``: the moment of which the store knows the week and the part of the day.

    ``told`` is None for times that can be. Else it is JSON for the reviewer: what the phone said, and by how many
    seconds its clock was ahead (``ahead``) and the times were put right; 0 where they stand as told.
    """

    arrived: datetime
    left: datetime
    seen: datetime
    told: dict[str, Any] | None = None


def judge(session: Session, visit: Visit, arrived: datetime, left: datetime, now: datetime, typed: bool) -> Times:
    """The times of a visit; without a zone they are by the store's clock. ``typed``: by a person who can correct them
    at once. Raises InvalidInput for those in the wrong order, and for impossible ones that no phone's clock can show or
    that were ``typed``."""
    arrived, left = (by_clock(moment, visit.store.time_zone) for moment in (arrived, left))
    if left <= arrived:
        raise InvalidInput(ORDER, "left")
    slip = _slip(visit, arrived, left, now)
    if slip is None:
        return Times(arrived, left, arrived)
    if typed or not {arrived.year, left.year} <= set(PHONE_YEARS):
        raise slip
    told, ahead = {"arrived": arrived.isoformat(), "left": left.isoformat()}, _ahead(session, visit)
    came, went = (moment.astimezone(UTC) - timedelta(seconds=ahead) for moment in (arrived, left))
    if _slip(visit, came, went, now) is None:
        return Times(came, went, came, {**told, "ahead": ahead})
    return Times(arrived, left, span_of(session, visit)[0] or now, {**told, "ahead": 0})


def keep_times(visit: Visit, times: Times) -> None:
    """Keep the times, and what a store may know of them."""
    known = visit_time(times.seen, visit.store.time_zone)
    visit.arrived_at, visit.left_at = times.arrived, times.left
    visit.week, visit.day_part, visit.month = known.week, known.part.value, known.month


def _slip(visit: Visit, arrived: datetime, left: datetime, now: datetime) -> InvalidInput | None:
    """What can't be. Work that was finished long ago can: what counts is when the list was opened."""
    if left > now + CLOCK_SLACK:
        return InvalidInput(N_("The leaving time lies in the future. Correct it."), "left")
    if arrived < visit.created_at - LONGEST_BEFORE:
        words = N_("The arrival lies more than 90 days before you opened this list. Correct the date.")
        return InvalidInput(words, "arrived")
    return None


def _ahead(session: Session, visit: Visit) -> int:
    """By how many seconds the phone's clock was ahead of ours when it last told; 0 where it never did."""
    for table in (AnswerWrite, Photo):
        offset = session.scalar(
            select(table.clock_offset)
            .where(table.visit_id == visit.id, table.clock_offset.is_not(None))
            .order_by(table.id.desc())
            .limit(1)
        )
        if offset is not None:
            return offset
    return 0
