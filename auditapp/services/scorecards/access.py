"""Who may read which scorecard. Whoever may not gets the same NotFound as for one that never was."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Store, Visit
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor, Do, can
from auditapp.domain.visit import VisitState


def readable_visit(session: Session, actor: Actor, public_id: str) -> Visit:
    """The visit that the store's side knows by ``public_id``: published, or approved for a reviewer's preview."""
    visit = session.scalar(select(Visit).where(Visit.store_public_id == public_id))
    if visit is None or not can(actor, Do.SCORECARD_READ, visit.store_id, visit.store.region_id):
        raise NotFound()
    if visit.state == VisitState.PUBLISHED or (visit.state == VisitState.APPROVED and actor.everywhere):
        return visit
    raise NotFound()


def readable_store(session: Session, actor: Actor, public_id: str) -> Store:
    """A store whose scorecards the actor may read."""
    store = session.scalar(select(Store).where(Store.public_id == public_id))
    if store is None or not can(actor, Do.SCORECARD_READ, store.id, store.region_id):
        raise NotFound()
    return store
