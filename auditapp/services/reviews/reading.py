"""What a reviewer sees: the queue by due date, and one visit with everything that came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from auditapp.db.schema import AssignmentShopper, Photo, ReviewEvent, User, Visit
from auditapp.domain.answers import asked
from auditapp.domain.checklist import Checklist, Method
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor
from auditapp.domain.scoring import Result, score
from auditapp.domain.visit import Filled, VisitState
from auditapp.services.checklists import checklist_of
from auditapp.services.reviews import access
from auditapp.services.reviews.access import sent_visit
from auditapp.services.reviews.flags import Flag, Timers, flags_of
from auditapp.services.reviews.late import LateAnswer, LateArrival, late_answers, late_arrival
from auditapp.services.visits.evidence import photo_key, thumb_key
from auditapp.services.visits.reading import filled_of, registers_of

WAITING = (VisitState.SUBMITTED, VisitState.QUERIED, VisitState.NOT_DONE)
QUEUE_SHOWN = 200


@dataclass(frozen=True)
class Waiting:
    """One line of the queue. ``shopper`` is a number, never a name."""

    visit_id: str
    number: int
    store: str
    region: str
    time_zone: str
    state: VisitState
    submitted_at: datetime
    due_at: datetime
    overdue: bool
    shopper: int
    score: int | None
    criticals: int


@dataclass(frozen=True)
class Evidence:
    """A photo with what the phone told of it; positions and times are hints, not proof."""

    id: str
    question: str
    width: int
    height: int
    taken_at: str | None
    latitude: float | None
    longitude: float | None
    camera: str
    amendment: bool
    conflict: bool


@dataclass(frozen=True)
class Event:
    """One line of a visit's history."""

    kind: str
    at: datetime
    by: str
    question: str
    text: str


@dataclass(frozen=True)
class Reviewed:
    """A visit as its reviewer sees it, at ``revision``; a decision names that revision.

    ``late_answers`` came after the receipt and stand beside the answers; ``late`` tells what of it nobody has seen.
    """

    id: str
    number: int
    revision: int
    state: VisitState
    store: str
    store_code: str
    region: str
    wave: str
    time_zone: str
    method: Method
    checklist: Checklist
    filled: Filled
    asked: frozenset[str]
    result: Result
    timers: Timers
    photos: tuple[Evidence, ...]
    flags: tuple[Flag, ...]
    history: tuple[Event, ...]
    late_answers: tuple[LateAnswer, ...]
    late: LateArrival | None
    shopper: int
    shopper_visits: int
    arrived_at: datetime | None
    left_at: datetime | None
    submitted_at: datetime
    due_at: datetime
    not_done_reason: str
    scorecard_id: str
    publish_at: datetime | None


def queue(session: Session, actor: Actor, now: datetime) -> tuple[Waiting, ...]:
    """Sent visits that wait for a decision, those due first at the top."""
    access.check(actor)
    rows = session.execute(
        select(Visit, AssignmentShopper.user_id)
        .join(AssignmentShopper, AssignmentShopper.assignment_id == Visit.assignment_id)
        .where(Visit.state.in_(WAITING))
        .options(joinedload(Visit.store))
        .order_by(Visit.review_due_at, Visit.id)
        .limit(QUEUE_SHOWN)
    )
    return tuple(
        Waiting(
            visit_id=visit.public_id,
            number=visit.id,
            store=visit.store.name,
            region=visit.store.region.name,
            time_zone=visit.store.time_zone,
            state=VisitState(visit.state),
            submitted_at=visit.submitted_at or now,
            due_at=visit.review_due_at or now,
            overdue=bool(visit.review_due_at and visit.review_due_at < now),
            shopper=shopper,
            score=visit.total,
            criticals=visit.criticals,
        )
        for visit, shopper in rows
    )


def waiting_count(session: Session) -> int:
    """How many visits wait for a reviewer."""
    return session.scalar(select(func.count()).where(Visit.state == VisitState.SUBMITTED)) or 0


def reviewed(session: Session, actor: Actor, visit_id: str) -> Reviewed:
    """One sent visit with everything a decision needs. Raises NotFound for drafts and unknown ids."""
    visit = sent_visit(session, actor, visit_id)
    checklist = checklist_of(session, visit.checklist_version_id)
    filled = filled_of(session, visit.id, checklist)
    method = Method(visit.method)
    timers = {q: f["timer"] for q, f in registers_of(session, visit.id).items() if f.get("timer")}
    shopper = session.scalars(
        select(AssignmentShopper.user_id).where(AssignmentShopper.assignment_id == visit.assignment_id)
    ).one()
    return Reviewed(
        id=visit.public_id,
        number=visit.id,
        revision=visit.revision,
        state=VisitState(visit.state),
        store=visit.store.name,
        store_code=visit.store.code,
        region=visit.store.region.name,
        wave=visit.wave.name,
        time_zone=visit.store.time_zone,
        method=method,
        checklist=checklist,
        filled=filled,
        asked=asked(checklist, filled.values, method),
        result=score(checklist, filled.values, method),
        timers=timers,
        photos=_photos(session, visit),
        flags=flags_of(session, visit, checklist, filled, timers),
        history=_history(session, visit),
        late_answers=late_answers(session, visit),
        late=late_arrival(session, visit),
        shopper=shopper,
        shopper_visits=_visits_of(session, shopper),
        arrived_at=visit.arrived_at,
        left_at=visit.left_at,
        submitted_at=visit.submitted_at or visit.created_at,
        due_at=visit.review_due_at or visit.created_at,
        not_done_reason=visit.not_done_reason,
        scorecard_id=visit.store_public_id,
        publish_at=visit.publish_at,
    )


def photo_file(session: Session, actor: Actor, visit_id: str, photo_id: str, thumb: bool) -> str:
    """The storage key of a photo of a sent visit, for reviewers. Raises NotFound."""
    visit = sent_visit(session, actor, visit_id)
    sha256 = session.scalar(
        select(Photo.sha256).where(Photo.visit_id == visit.id, Photo.public_id == photo_id, Photo.deleted_at.is_(None))
    )
    if not sha256:
        raise NotFound()
    return thumb_key(sha256) if thumb else photo_key(sha256)


def _photos(session: Session, visit: Visit) -> tuple[Evidence, ...]:
    rows = session.scalars(
        select(Photo).where(Photo.visit_id == visit.id, Photo.deleted_at.is_(None)).order_by(Photo.id)
    )
    return tuple(
        Evidence(
            p.public_id, p.question, p.width, p.height, p.taken_at, p.latitude, p.longitude, p.camera,
            p.amendment, p.conflict,
        )
        for p in rows
    )  # fmt: skip


def _history(session: Session, visit: Visit) -> tuple[Event, ...]:
    """The visit's events, newest first; shoppers stay numbers, reviewers have names."""
    rows = session.execute(
        select(ReviewEvent, User.name, User.role)
        .outerjoin(User, User.id == ReviewEvent.by_id)
        .where(ReviewEvent.visit_id == visit.id)
        .order_by(ReviewEvent.id.desc())
    )
    return tuple(
        Event(event.kind, event.at, "" if role in (None, "shopper") else name, event.question, event.text)
        for event, name, role in rows
    )


def _visits_of(session: Session, shopper: int) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Visit)
            .join(AssignmentShopper, AssignmentShopper.assignment_id == Visit.assignment_id)
            .where(AssignmentShopper.user_id == shopper, Visit.submitted_at.is_not(None))
        )
        or 0
    )
