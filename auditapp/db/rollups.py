"""The roll-ups: sums per store, wave and month, made from published visits and nothing else.

The same statements serve both ways: narrowed to the store and wave of a visit that was published, voided or
corrected, and unnarrowed for a rebuild of everything. The sums are never added to or subtracted from in place, so
they can't drift.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Insert, case, delete, func, insert, select
from sqlalchemy.orm import Session

from auditapp.db.schema import ChecklistVersion, Outcome, QuestionMonth, Store, StoreMonth, Visit, Wave
from auditapp.db.schema.figures import StoreQuestion, StoreWave
from auditapp.domain.checklist import Factor
from auditapp.domain.visit import VisitState

FACTORS = tuple(factor.value.lower() for factor in Factor)
"""The factor columns of a visit and of the figures, in the order in which factors are always shown."""

_BUCKET = (Visit.store_id, Visit.wave_id, Visit.month, ChecklistVersion.key, Visit.method)
_VERSION = ChecklistVersion.id == Visit.checklist_version_id
_KEY = ("store_id", "wave_id", "month", "checklist", "method")
_TABLES = (StoreMonth, QuestionMonth)
_COUNTS = (
    Visit.state == VisitState.PUBLISHED.value,
    Visit.total.is_not(None),
    Visit.month.is_not(None),
)


def recompute_for_visit(session: Session, visit: Visit) -> None:
    """Bring the roll-ups in line after ``visit`` was published, voided or corrected, in the caller's transaction."""
    session.flush()
    recompute_store(session, visit.store_id, visit.wave_id)


def recompute_store(session: Session, store_id: int, wave_id: int) -> None:
    """Make the buckets of a store in a wave anew: all its months, so that a corrected date leaves nothing behind."""
    _lock(session, store_id)
    for table in _TABLES:
        session.execute(delete(table).where(table.store_id == store_id, table.wave_id == wave_id))
    _fill(session, (store_id, wave_id))


def rebuild_all(session: Session) -> None:
    """Make every bucket anew from the published visits."""
    session.flush()
    for table in _TABLES:
        session.execute(delete(table))
    _fill(session)


def add_up_months(session: Session, store_and_wave: tuple[int, int] | None = None) -> None:
    """Make `StoreWave` and `StoreQuestion` of a store in a wave, or of all, anew from the buckets of months.

    Only visits with the checklist and the method of their wave count: comparisons mix neither.
    """
    for months, into, key in (
        (StoreMonth, StoreWave, ("store_id", "wave_id")),
        (QuestionMonth, StoreQuestion, ("store_id", "wave_id", "question")),
    ):
        session.execute(delete(into).where(*_of(into, store_and_wave)))
        session.execute(_added_up(months, into, key, store_and_wave))


def _added_up(
    months: type[StoreMonth | QuestionMonth],
    into: type[StoreWave | StoreQuestion],
    key: tuple[str, ...],
    store_and_wave: tuple[int, int] | None,
) -> Insert:
    names = [column.key for column in into.__table__.c if column.key not in key]
    keys = [getattr(months, name) for name in key]
    summed = (
        select(*keys, *(func.sum(getattr(months, name)) for name in names))
        .join_from(months, Wave, Wave.id == months.wave_id)
        .join(ChecklistVersion, ChecklistVersion.id == Wave.checklist_version_id)
        .where(months.checklist == ChecklistVersion.key, months.method == Wave.method, *_of(months, store_and_wave))
        .group_by(*keys)
    )
    return insert(into).from_select([*key, *names], summed)


def _lock(session: Session, store_id: int) -> None:
    """On PostgreSQL two publications of one store go one after the other; SQLite has one writer anyway."""
    session.execute(select(Store.id).where(Store.id == store_id).with_for_update(key_share=True))


def _fill(session: Session, store_and_wave: tuple[int, int] | None = None) -> None:
    only = _of(Visit, store_and_wave)
    session.execute(_store_months(*only))
    session.execute(_question_months(*only))
    add_up_months(session, store_and_wave)


def _of(
    table: type[Visit | StoreMonth | QuestionMonth | StoreWave | StoreQuestion], store_and_wave: tuple[int, int] | None
) -> list[ColumnElement[bool]]:
    if store_and_wave is None:
        return []
    store_id, wave_id = store_and_wave
    return [table.store_id == store_id, table.wave_id == wave_id]


def _store_months(*only: ColumnElement[bool]) -> Insert:
    sums: dict[str, ColumnElement[Any]] = {
        "n": func.count(),
        "s_total": func.sum(Visit.total),
        "q_total": func.sum(Visit.total * Visit.total),
        "criticals": func.sum(case((Visit.criticals > 0, 1), else_=0)),
    }
    for factor in FACTORS:
        score = getattr(Visit, factor)
        sums[f"n_{factor}"] = func.count(score)
        sums[f"s_{factor}"] = func.coalesce(func.sum(score), 0)
        sums[f"q_{factor}"] = func.coalesce(func.sum(score * score), 0)
    figures = select(*_BUCKET, *sums.values()).join_from(Visit, ChecklistVersion, _VERSION)
    grouped = figures.where(*_COUNTS, *only).group_by(*_BUCKET)
    return insert(StoreMonth).from_select([*_KEY, *sums], grouped)


def _question_months(*only: ColumnElement[bool]) -> Insert:
    figures: dict[str, ColumnElement[Any]] = {
        "question": Outcome.question.expression,
        "factor": func.min(Outcome.factor),
        "asked": func.count(),
        "failed": func.sum(case((Outcome.failed, 1), else_=0)),
        "lost": func.sum(Outcome.lost),
    }
    joined = select(*_BUCKET, *figures.values()).join_from(Visit, ChecklistVersion, _VERSION)
    outcomes = joined.join(Outcome, Outcome.visit_id == Visit.id)
    grouped = outcomes.where(*_COUNTS, *only).group_by(*_BUCKET, Outcome.question)
    return insert(QuestionMonth).from_select([*_KEY, *figures], grouped)
