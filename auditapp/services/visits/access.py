"""Finding a visit or an assignment for its owner; anybody else's does not exist."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from auditapp.db.schema import Assignment, AssignmentShopper, Visit
from auditapp.domain.errors import Forbidden, NotFound
from auditapp.domain.roles import Actor, Do, can


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
    query = (
        select(Visit)
        .join(AssignmentShopper, AssignmentShopper.assignment_id == Visit.assignment_id)
        .where(Visit.public_id == visit_id, AssignmentShopper.user_id == actor.user_id)
    )
    query = query.with_for_update(of=Visit) if for_update else query.options(joinedload(Visit.assignment))
    found = session.scalar(query)
    if found is None:
        raise NotFound()
    return found


def _may_fill(actor: Actor) -> None:
    if not can(actor, Do.VISIT_FILL):
        raise Forbidden()
