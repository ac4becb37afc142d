"""The periods of a comparison are waves: each pins one checklist and one method, so neither is ever averaged over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import ChecklistVersion, Wave

MOST_HISTORY = 8


@dataclass(frozen=True, slots=True)
class Period:
    """One wave as comparisons see it. ``checklist`` is the key, ``version`` the pinned version's public id."""

    id: int
    public_id: str
    name: str
    method: str
    checklist: str
    version: str
    title: Mapping[str, str]
    starts_on: date
    ends_on: date

    def say(self, language: str) -> str:
        """The title of the checklist in ``language``, or in the first language it has."""
        return self.title.get(language) or next(iter(self.title.values()), self.checklist)


_WAVE, _VERSION = Wave.__table__.c, ChecklistVersion.__table__.c
_ALL = (
    select(
        _WAVE.id, _WAVE.public_id, _WAVE.name, _WAVE.method, _VERSION.key, _VERSION.public_id,
        _VERSION.title, _WAVE.starts_on, _WAVE.ends_on,
    )
    .join_from(Wave.__table__, ChecklistVersion.__table__, _VERSION.id == _WAVE.checklist_version_id)
    .order_by(_WAVE.starts_on, _WAVE.id)
)  # fmt: skip


def all_periods(session: Session) -> tuple[Period, ...]:
    """Every wave, the oldest first."""
    return tuple(Period(*row) for row in session.execute(_ALL).all())


def previous(periods: Iterable[Period], period: Period) -> Period | None:
    """The latest wave that began earlier, with the same checklist and method. ``periods`` are ascending."""
    earlier = [p for p in periods if _alike(p, period) and p.starts_on < period.starts_on]
    return earlier[-1] if earlier else None


def followers(periods: Sequence[Period], period: Period) -> tuple[Period, ...]:
    """The waves whose previous one is ``period`` (several if they began on one day)."""
    later = (p for p in periods if _alike(p, period) and p.starts_on > period.starts_on)
    return tuple(p for p in later if previous(periods, p) == period)


def history(periods: Sequence[Period], period: Period, most: int = MOST_HISTORY) -> tuple[Period, ...]:
    """``period`` and those before it, at most ``most``, the oldest first."""
    return tuple(islice(_back(periods, period), most))[::-1]


def _back(periods: Sequence[Period], period: Period | None) -> Iterator[Period]:
    while period:
        yield period
        period = previous(periods, period)


def _alike(one: Period, other: Period) -> bool:
    return (one.checklist, one.method) == (other.checklist, other.method)
