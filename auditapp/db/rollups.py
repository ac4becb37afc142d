"""The roll-ups: sums per store, wave and month, made from published visits and nothing else.

One pair of statements serves both ways: narrowed to the store and wave of a visit that was published, voided or
corrected, and unnarrowed for a rebuild of everything. The sums are never added to or subtracted from in place, so
they can't drift.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Insert, case, delete, func, insert, select
from sqlalchemy.orm import Session

from auditapp.db.schema import ChecklistVersion, Outcome, QuestionMonth, Store, StoreMonth, Visit
from auditapp.domain.checklist import Factor
from auditapp.domain.visit import VisitState

FACTORS = tuple(factor.value.lower() for factor in Factor)
"""The factor columns of a visit and of the figures, in the order in which factors are always shown."""

_BUCKET = (Visit.store_id, Visit.wave_id, Visit.month, ChecklistVersion.key, Visit.method)
_VERSION = ChecklistVersion.id == Visit.checklist_version_id
_KEY = ("store_id", "wave_id", "month", "checklist", "method")
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
    for table in (StoreMonth, QuestionMonth):
        session.execute(delete(table).where(table.store_id == store_id, table.wave_id == wave_id))
    _fill(session, Visit.store_id == store_id, Visit.wave_id == wave_id)


def rebuild_all(session: Session) -> None:
    """Make every bucket anew from the published visits."""
    session.flush()
    session.execute(delete(StoreMonth))
    session.execute(delete(QuestionMonth))
    _fill(session)


def _lock(session: Session, store_id: int) -> None:
    """On PostgreSQL two publications of one store go one after the other; SQLite has one writer anyway."""
    session.execute(select(Store.id).where(Store.id == store_id).with_for_update(key_share=True))


def _fill(session: Session, *only: ColumnElement[bool]) -> None:
    session.execute(_store_months(*only))
    session.execute(_question_months(*only))


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
