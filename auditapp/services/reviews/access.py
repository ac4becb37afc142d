"""Who may review, and what: visits that were sent."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Visit
from auditapp.domain.errors import Forbidden, NotFound
from auditapp.domain.roles import Actor, Do, can
from auditapp.domain.visit import VisitState


def check(actor: Actor) -> None:
    """Raise Forbidden for whoever may not review."""
    if not can(actor, Do.VISIT_REVIEW):
        raise Forbidden()


def sent_visit(session: Session, actor: Actor, visit_id: str, for_update: bool = False) -> Visit:
    """A visit that was sent, for someone who may review. Raises Forbidden or NotFound."""
    check(actor)
    query = select(Visit).where(Visit.public_id == visit_id, Visit.state != VisitState.DRAFT)
    if for_update:
        query = query.with_for_update(of=Visit)
    visit = session.scalar(query)
    if visit is None:
        raise NotFound()
    return visit
