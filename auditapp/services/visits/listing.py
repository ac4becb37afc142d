"""The shopper's lists: what is due, what comes next, and every receipt."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Assignment, AssignmentShopper, Visit
from auditapp.domain.answers import asked
from auditapp.domain.checklist import Method
from auditapp.domain.errors import Forbidden
from auditapp.domain.roles import Actor, Do, can
from auditapp.domain.visit import VisitState, progress
from auditapp.services.checklists import checklist_of
from auditapp.services.visits.access import standing
from auditapp.services.visits.models import MyVisits, Row
from auditapp.services.visits.reading import filled_of, row_of

SENT_SHOWN = 30
UNSENT = ("new", VisitState.DRAFT)


def my_visits(session: Session, actor: Actor, now: datetime) -> MyVisits:
    """The actor's assignments: a question first, then what is due by the end of today (store's clock), next, and the
    newest of what was sent. Raises Forbidden."""
    rows = _rows(session, actor)
    open_rows = [r for r in rows if r.state in UNSENT]
    receipts = _receipts(rows)
    return MyVisits(
        due=tuple(r for r in open_rows if _due_today(r, now)),
        next=tuple(r for r in open_rows if not _due_today(r, now)),
        sent=tuple(r for r in receipts if r.state != VisitState.QUERIED)[:SENT_SHOWN],
        questions=tuple(r for r in rows if r.state == VisitState.QUERIED),
        receipts=len(receipts),
    )


def sent_visits(session: Session, actor: Actor) -> tuple[Row, ...]:
    """All that the actor ever sent, the newest first, also what waits for a reply. Raises Forbidden."""
    return _receipts(_rows(session, actor))


def _rows(session: Session, actor: Actor) -> list[Row]:
    if not can(actor, Do.VISIT_FILL):
        raise Forbidden()
    pairs = session.execute(
        select(Assignment, Visit)
        .join(AssignmentShopper)
        .outerjoin(Visit, Visit.assignment_id == Assignment.id)
        .where(AssignmentShopper.user_id == actor.user_id, standing())
        .order_by(Assignment.due_at, Assignment.id)
    ).all()
    return [_row(session, assignment, visit) for assignment, visit in pairs]


def _receipts(rows: list[Row]) -> tuple[Row, ...]:
    sent = [(r.submitted_at, r) for r in rows if r.submitted_at]
    return tuple(row for _, row in sorted(sent, key=lambda pair: pair[0], reverse=True))


def _due_today(row: Row, now: datetime) -> bool:
    zone = ZoneInfo(row.time_zone)
    started = row.state == VisitState.DRAFT
    return started or row.due_at.astimezone(zone).date() <= now.astimezone(zone).date()


def _row(session: Session, assignment: Assignment, visit: Visit | None) -> Row:
    answered = questions = 0
    if visit is not None and visit.begun_at is not None and visit.state == VisitState.DRAFT:
        checklist = checklist_of(session, visit.checklist_version_id)
        filled = filled_of(session, visit.id, checklist)
        keys = asked(checklist, filled.values, Method(visit.method))
        done = progress(checklist.questions, keys, filled)
        answered, questions = done.answered, done.asked
    return row_of(assignment, visit, answered, questions)
