"""Publishing: the moment a store may see a visit, and the figures move. Both in one transaction, or neither."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp import job_queue
from auditapp.db import rollups
from auditapp.db.schema import ReviewEvent, Visit
from auditapp.domain.visit import Step, VisitState, after
from auditapp.services import comparison
from auditapp.services.context import Context

log = structlog.get_logger()


def publish_job(context: Context, payload: dict[str, Any]) -> None:
    """The worker's way in: publish the visit named, if it still waits for that. Doing so twice changes nothing."""
    with context.write() as session:
        visit = session.scalar(select(Visit).where(Visit.id == payload["visit"]).with_for_update(of=Visit))
        if visit is None or visit.state != VisitState.APPROVED:
            log.info("nothing to publish", visit=payload["visit"])
            return
        publish(session, visit, context.now())


def publish(session: Session, visit: Visit, now: datetime, scorecard: bool = True) -> None:
    """Show an approved visit and move the figures; ask for its scorecard, unless it is to be made on demand."""
    visit.state = after(VisitState(visit.state), Step.PUBLISH)
    visit.published_at = now
    session.add(ReviewEvent(visit_id=visit.id, kind="published", at=now, revision=visit.revision))
    session.flush()
    _move_figures(session, visit, now)
    if scorecard:
        ask_for_scorecard(session, visit, now)


def ask_for_scorecard(session: Session, visit: Visit, now: datetime) -> None:
    """Let the worker make the PDF of a published visit as soon as it can."""
    job_queue.enqueue(session, "render_scorecard", {"visit": visit.id}, now, unique_key=f"scorecard:{visit.id}")


def withdraw(session: Session, visit: Visit, now: datetime) -> None:
    """Take a visit that was published out of the figures again."""
    _move_figures(session, visit, now)


def _move_figures(session: Session, visit: Visit, now: datetime) -> None:
    rollups.recompute_for_visit(session, visit)
    comparison.refresh_region(session, visit.store.region_id, visit.wave_id, now)
