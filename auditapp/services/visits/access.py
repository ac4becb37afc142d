"""Finding a visit or an assignment for its owner; anybody else's does not exist."""

from __future__ import annotations

from sqlalchemy import bindparam, select
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
