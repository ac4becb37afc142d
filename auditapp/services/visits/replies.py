"""The shopper's reply to the reviewer's question: through its page, or from a phone as one write among the others."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import AssignmentShopper, ReviewEvent, Visit
from auditapp.domain.errors import InvalidInput
from auditapp.domain.roles import Actor
from auditapp.domain.visit import Step, VisitState, after
from auditapp.i18n import N_
from auditapp.services.visits.access import own_visit

REPLY = ("", "reply")
"""The question and field under which a phone sends it: it belongs to the visit, not to one of its questions."""
WORDS_MAX = 1000
SLACK = timedelta(seconds=5)
"""How exact a phone's clock, corrected by whole seconds, is taken to be."""


def reply(session: Session, actor: Actor, visit_id: str, text: str, now: datetime) -> None:
    """Answer the reviewer's question; the visit goes back to the queue. Raises InvalidInput, or Conflict where
    nothing is asked."""
    visit = own_visit(session, actor, visit_id, for_update=True)
    words = plain_words(text)
    visit.state = after(VisitState(visit.state), Step.REPLY)
    _keep(session, visit, words, now)


def take_reply(session: Session, visit: Visit, text: str, given_at: datetime, now: datetime) -> None:
    """As `reply`, however late it comes, into a visit that is locked already. Where nothing is asked any more, or
    something else since it was given, it stands in the history and changes nothing else. ``given_at`` is by our clock.

    Raises InvalidInput for a visit that was never sent.
    """
    if visit.receipt is None:
        raise InvalidInput(N_("The reviewer has asked nothing about this visit."))
    asked_at, _ = _last(session, visit, "asked")
    if visit.state == VisitState.QUERIED and (asked_at is None or asked_at <= given_at + SLACK):
        visit.state = after(VisitState.QUERIED, Step.REPLY)
    elif _last(session, visit, "replied")[1] == text:
        return
    _keep(session, visit, text, now)


def plain_words(text: object) -> str:
    """Some words of a shopper, without spaces around. Raises InvalidInput for none, or more than 1000 characters."""
    words = text.replace("\r\n", "\n").strip() if isinstance(text, str) else ""
    if not words:
        raise InvalidInput(N_("Write a few words first."), "text")
    if len(words) > WORDS_MAX or "\0" in words or any("\ud800" <= c <= "\udfff" for c in words):
        raise InvalidInput(N_("Write at most 1000 characters of plain text."), "text")
    return words


def _keep(session: Session, visit: Visit, words: str, now: datetime) -> None:
    visit.revision += 1
    shopper = session.scalar(
        select(AssignmentShopper.user_id).where(AssignmentShopper.assignment_id == visit.assignment_id)
    )
    session.add(
        ReviewEvent(visit_id=visit.id, kind="replied", at=now, by_id=shopper, revision=visit.revision, text=words)
    )
    session.flush()


def _last(session: Session, visit: Visit, kind: str) -> tuple[datetime | None, str]:
    """When the last event of a kind was, and its words."""
    events = select(ReviewEvent.at, ReviewEvent.text).where(ReviewEvent.visit_id == visit.id, ReviewEvent.kind == kind)
    found = session.execute(events.order_by(ReviewEvent.id.desc()).limit(1)).first()
    return (found.at, found.text) if found else (None, "")
