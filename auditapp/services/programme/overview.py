"""The numbers on an administrator's first page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Assignment, ChecklistVersion, Region, Store, User, Visit, Wave
from auditapp.domain.roles import Actor
from auditapp.services.programme.access import check


@dataclass(frozen=True)
class Overview:
    """How much of everything there is; ``waiting`` are assignments in open waves that nobody has started."""

    regions: int
    stores: int
    people: int
    checklists: int
    open_waves: int
    waiting: int


def overview(session: Session, actor: Actor) -> Overview:
    """Count regions, stores, active people, checklists by key, open waves and waiting assignments."""
    check(actor)
    parts = (
        select(func.count(Region.id)),
        select(func.count(Store.id)),
        select(func.count(User.id)).where(User.active.is_(True)),
        select(func.count(func.distinct(ChecklistVersion.key))),
        select(func.count(Wave.id)).where(Wave.closed.is_(False)),
        select(func.count(Assignment.id))
        .join(Wave, Wave.id == Assignment.wave_id)
        .outerjoin(Visit, Visit.assignment_id == Assignment.id)
        .where(Wave.closed.is_(False), Assignment.cancelled_at.is_(None), Visit.begun_at.is_(None)),
    )
    return Overview(*(session.scalar(part) or 0 for part in parts))
