"""A reviewer's decisions: approve, ask the shopper, void, or "seen". Each names the revision it was made on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from auditapp import job_queue
from auditapp.db.schema import ReviewEvent, Visit
from auditapp.domain.errors import Conflict, InvalidInput
from auditapp.domain.roles import Actor
from auditapp.domain.scoring import Result, Verdict
from auditapp.domain.visit import Step, VisitState, after
from auditapp.i18n import N_
from auditapp.services.audit import note
from auditapp.services.checklists import checklist_of
from auditapp.services.publishing import withdraw
from auditapp.services.reviews.access import sent_visit
from auditapp.services.reviews.late import late_arrival
from auditapp.services.scoring import keep_score
from auditapp.services.visits.reading import filled_of

TEXT_MAX = 1000
STALE = N_("The visit has changed since you opened it. Look at it again, then decide.")
UNFINISHED = N_(
    "This visit can't be approved: {count} required answers are missing. Ask the shopper, or void the visit."
)


def approve(
    session: Session,
    actor: Actor,
    visit_id: str,
    revision: int,
    now: datetime,
    delay: timedelta,
) -> Result:
    """Accept a visit: it is scored, and published after ``delay``. Raises Conflict on a stale revision,
    InvalidInput for an incomplete visit."""
    visit = _decide(session, actor, visit_id, revision)
    checklist = checklist_of(session, visit.checklist_version_id)
    filled = filled_of(session, visit.id, checklist)
    visit.state = after(VisitState(visit.state), Step.APPROVE)
    result = keep_score(session, visit, checklist, filled, actor, now)
    if result.verdict is Verdict.INCOMPLETE:
        raise InvalidInput(UNFINISHED, count=len(result.missing))
    visit.approved_at, visit.publish_at = now, now + delay
    job_queue.enqueue(session, "publish", {"visit": visit.id}, now, visit.publish_at, f"publish:{visit.id}")
    _record(session, visit, actor, now, "approved", "", "")
    return result


def ask(session: Session, actor: Actor, visit_id: str, revision: int, question: str, text: str, now: datetime) -> None:
    """Send the visit back with one question to the shopper, about one answer or about the whole visit."""
    visit = _decide(session, actor, visit_id, revision)
    words = _words(text, N_("Write the question that the shopper should answer."))
    if question and question not in checklist_of(session, visit.checklist_version_id).by_key:
        raise InvalidInput(N_("Pick the question of the checklist that you ask about."), "question")
    visit.state = after(VisitState(visit.state), Step.ASK)
    _record(session, visit, actor, now, "asked", question, words)


def void(session: Session, actor: Actor, visit_id: str, revision: int, reason: str, now: datetime) -> None:
    """Take a visit out of every figure, for a reason. A published one leaves the roll-ups in the same transaction."""
    visit = _decide(session, actor, visit_id, revision)
    words = _words(reason, N_("Write why this visit does not count."))
    published = visit.state == VisitState.PUBLISHED
    visit.state = after(VisitState(visit.state), Step.VOID)
    _record(session, visit, actor, now, "voided", "", words)
    if published:
        withdraw(session, visit, now)


def mark_seen(session: Session, actor: Actor, visit_id: str, revision: int, now: datetime) -> None:
    """Say that what arrived after the approval was looked at; the visit stays as it is. Raises Conflict where more
    has come since the page was opened, or where nothing is left to look at."""
    visit = _decide(session, actor, visit_id, revision)
    if late_arrival(session, visit) is None:
        raise Conflict(STALE)
    _record(session, visit, actor, now, "seen", "", "")


def _decide(session: Session, actor: Actor, visit_id: str, revision: int) -> Visit:
    visit = sent_visit(session, actor, visit_id, for_update=True)
    if visit.revision != revision:
        raise Conflict(STALE)
    return visit


def _record(session: Session, visit: Visit, actor: Actor, now: datetime, kind: str, question: str, text: str) -> None:
    visit.revision += 1
    session.add(
        ReviewEvent(
            visit_id=visit.id, kind=kind, at=now, by_id=actor.user_id, revision=visit.revision,
            question=question, text=text,
        )
    )  # fmt: skip
    note(session, actor, f"review.{kind}", f"visit:{visit.public_id}", now)
    session.flush()


def _words(text: str, empty: str) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise InvalidInput(empty, "text")
    if len(words) > TEXT_MAX or "\0" in words or any("\ud800" <= c <= "\udfff" for c in words):
        raise InvalidInput(N_("Write at most 1000 characters of plain text."), "text")
    return words
