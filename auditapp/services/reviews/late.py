"""What arrives after the receipt. It changes nothing by itself; after the approval it is listed until a reviewer
has looked at it.

A look is the approval itself or a later "seen"; both name the revision that was seen, and every late batch raises it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, select
from sqlalchemy.orm import Session, joinedload

from auditapp.db.schema import AnswerWrite, Photo, ReviewEvent, Visit
from auditapp.domain.roles import Actor
from auditapp.domain.visit import VisitState
from auditapp.services.reviews import access

DECIDED = (VisitState.APPROVED, VisitState.PUBLISHED)
LOOKS = ("approved", "seen")
SHOWN = 200


@dataclass(frozen=True)
class LateArrival:
    """A decided visit with what nobody has looked at yet: the questions answered anew, the photos, the last moment."""

    visit_id: str
    number: int
    store: str
    region: str
    time_zone: str
    at: datetime
    answers: int
    photos: int


@dataclass(frozen=True)
class LateAnswer:
    """One field of a question as it came after the receipt; ``value`` is plain JSON, None where it was cleared."""

    question: str
    field: str
    value: Any
    at: datetime


def late_arrivals(session: Session, actor: Actor) -> tuple[LateArrival, ...]:
    """Approved and published visits with late writes that no reviewer has looked at, those waiting longest first."""
    access.check(actor)
    unseen = _unseen()
    visits = session.scalars(
        select(Visit)
        .join(unseen, unseen.c.visit_id == Visit.id)
        .group_by(Visit.id)
        .order_by(func.max(unseen.c.at), Visit.id)
        .limit(SHOWN)
        .options(joinedload(Visit.store))
    )
    return _arrivals(session, visits.all())


def late_arrival(session: Session, visit: Visit) -> LateArrival | None:
    """The same of one visit; None where everything was looked at, or where the visit still waits for its decision."""
    return next(iter(_arrivals(session, (visit,))), None)


def late_answers(session: Session, visit: Visit) -> tuple[LateAnswer, ...]:
    """Every field that came after the receipt, in the order of arrival."""
    rows = session.scalars(
        select(AnswerWrite)
        .where(AnswerWrite.visit_id == visit.id, AnswerWrite.amendment.is_(True))
        .order_by(AnswerWrite.id)
    )
    return tuple(LateAnswer(row.question, row.field, json.loads(row.value), row.received_at) for row in rows)


def _unseen(ids: tuple[int, ...] = ()) -> Subquery:
    """The late batches of decided visits since the last look: visit and moment, which their writes share."""
    looked = (
        select(func.max(ReviewEvent.revision))
        .where(ReviewEvent.visit_id == Visit.id, ReviewEvent.kind.in_(LOOKS))
        .correlate(Visit)
        .scalar_subquery()
    )
    query = (
        select(ReviewEvent.visit_id, ReviewEvent.at)
        .join(Visit, Visit.id == ReviewEvent.visit_id)
        .where(
            ReviewEvent.kind == "amended",
            Visit.state.in_(DECIDED),
            ReviewEvent.revision > func.coalesce(looked, 0),
        )
        .distinct()
    )
    return (query.where(Visit.id.in_(ids)) if ids else query).subquery()


def _arrivals(session: Session, visits: Iterable[Visit]) -> tuple[LateArrival, ...]:
    found = list(visits)
    if not found:
        return ()
    unseen = _unseen(tuple(visit.id for visit in found))
    rows = session.execute(select(unseen.c.visit_id, func.max(unseen.c.at)).group_by(unseen.c.visit_id))
    last: dict[int, datetime] = dict(rows.all())
    answers = _counts(session, unseen, AnswerWrite, func.count(AnswerWrite.question.distinct()))
    photos = _counts(session, unseen, Photo, func.count(Photo.id.distinct()))
    return tuple(
        LateArrival(
            visit_id=visit.public_id,
            number=visit.id,
            store=visit.store.name,
            region=visit.store.region.name,
            time_zone=visit.store.time_zone,
            at=last[visit.id],
            answers=answers.get(visit.id, 0),
            photos=photos.get(visit.id, 0),
        )
        for visit in found
        if visit.id in last
    )


def _counts(
    session: Session, unseen: Subquery, table: type[AnswerWrite] | type[Photo], count: ColumnElement[int]
) -> dict[int, int]:
    """How much of ``table`` came with the unseen batches of each visit."""
    rows = session.execute(
        select(table.visit_id, count)
        .join(unseen, and_(unseen.c.visit_id == table.visit_id, unseen.c.at == table.received_at))
        .where(table.amendment.is_(True))
        .group_by(table.visit_id)
    )
    return dict(rows.all())
