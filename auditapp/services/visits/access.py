"""Finding a visit or an assignment for its owner; anybody else's does not exist. And what it means to have begun."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload, lazyload

from auditapp.db.schema import Assignment, AssignmentShopper, Store, Visit
from auditapp.domain.errors import Forbidden, NotFound
from auditapp.domain.roles import Actor, Do, can

_OWN = (
    select(Visit)
    .join(AssignmentShopper, AssignmentShopper.assignment_id == Visit.assignment_id)
    .where(Visit.public_id == bindparam("visit"), AssignmentShopper.user_id == bindparam("user"))
)
_TO_READ = _OWN.options(
    joinedload(Visit.assignment).options(
        lazyload(Assignment.wave), joinedload(Assignment.store, innerjoin=True).lazyload(Store.region)
    )
)
"""Built once: this runs with every page and every call of a phone."""
_TO_CHANGE = _OWN.with_for_update(of=Visit)


def begin(visit: Visit, now: datetime) -> None:
    """The shopper is at work: from now on the visit counts as started, even where it was only prepared, or its
    assignment cancelled meanwhile."""
    visit.begun_at = visit.begun_at or now


def standing() -> ColumnElement[bool]:
    """Which assignments, outer joined with their visits, are to be counted: not cancelled, or begun all the same."""
    return or_(Assignment.cancelled_at.is_(None), Visit.begun_at.is_not(None))


def own_assignment(session: Session, actor: Actor, assignment_id: str) -> Assignment:
    """The actor's assignment by public id. Raises Forbidden for other roles, NotFound for other people's."""
    _may_fill(actor)
    found = session.scalar(
        select(Assignment)
        .join(AssignmentShopper)
        .where(Assignment.public_id == assignment_id, AssignmentShopper.user_id == actor.user_id)
    )
    if found is None:
        raise NotFound()
    return found


def own_visit(session: Session, actor: Actor, visit_id: str, for_update: bool = False) -> Visit:
    """The actor's visit by public id, locked where it will be changed. Raises Forbidden or NotFound."""
    _may_fill(actor)
    query = _TO_CHANGE if for_update else _TO_READ
    found = session.scalar(query, {"visit": visit_id, "user": actor.user_id})
    if found is None:
        raise NotFound()
    return found


def _may_fill(actor: Actor) -> None:
    if not can(actor, Do.VISIT_FILL):
        raise Forbidden()
