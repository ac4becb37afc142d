"""A queue in the database: enqueued in the caller's own transaction, claimed under a lease, run at least once.

Tasks must be idempotent: a worker that dies leaves its lease to run out, and another worker runs the job again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from auditapp.db.schema import Job

LEASE = timedelta(seconds=120)
MOST_TRIES = 5
DELAYS = (10, 60, 300, 1800)
"""Seconds before the second, third … try."""


@dataclass(frozen=True)
class Claimed:
    """A job in this worker's hands until ``lease`` is finished, failed or runs out."""

    id: int
    kind: str
    payload: dict[str, Any]
    tries: int
    lease: str


def enqueue(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    now: datetime,
    run_at: datetime | None = None,
    unique_key: str | None = None,
) -> None:
    """Ask for work, visible to workers once the caller's transaction commits.

    With ``unique_key``, equal work that has not begun yet is not asked for twice, and work that was given up begins
    anew.
    """
    if unique_key is not None:
        known = session.scalar(select(Job).where(Job.unique_key == unique_key))
        if known is not None and known.state == "ready":
            known.run_at = min(known.run_at, run_at or now)
            return
        if known is not None and known.state == "failed":
            known.state, known.run_at, known.tries, known.error, known.payload = "ready", run_at or now, 0, "", payload
            return
        if known is not None:
            known.unique_key = None
            session.flush()
    session.add(Job(kind=kind, payload=payload, unique_key=unique_key, run_at=run_at or now, created_at=now))
    session.flush()


def claim(session: Session, now: datetime, kinds: tuple[str, ...] = ()) -> Claimed | None:
    """Take the oldest due job, or one whose worker went silent; None where there is nothing to do."""
    due = (
        select(Job.id)
        .where(
            or_(
                (Job.state == "ready") & (Job.run_at <= now),
                (Job.state == "running") & (Job.lease_until < now),
            )
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if kinds:
        due = due.where(Job.kind.in_(kinds))
    lease = secrets.token_hex(16)
    row = session.execute(
        update(Job)
        .where(Job.id == due.scalar_subquery())
        .values(state="running", lease=lease, lease_until=now + LEASE, tries=Job.tries + 1)
        .returning(Job.id, Job.kind, Job.payload, Job.tries)
    ).one_or_none()
    return Claimed(row.id, row.kind, row.payload, row.tries, lease) if row else None


def heartbeat(session: Session, job: Claimed, now: datetime) -> bool:
    """Prolong the lease; False where another worker has taken the job over."""
    return _held(session, job, lease_until=now + LEASE)


def finish(session: Session, job: Claimed) -> bool:
    """Mark the job done; False where the lease was lost."""
    return _held(session, job, state="done", lease=None, lease_until=None, unique_key=None, error="")


def fail(session: Session, job: Claimed, now: datetime, error: str) -> bool:
    """Put the job back for a later try, or give it up after the last one; False where the lease was lost."""
    if job.tries >= MOST_TRIES:
        return _held(session, job, state="failed", lease=None, lease_until=None, error=error[:1000])
    later = now + timedelta(seconds=DELAYS[min(job.tries, len(DELAYS)) - 1])
    return _held(session, job, state="ready", lease=None, lease_until=None, run_at=later, error=error[:1000])


def _held(session: Session, job: Claimed, **values: object) -> bool:
    done = session.execute(
        update(Job).where(Job.id == job.id, Job.lease == job.lease).values(**values).returning(Job.id)
    )
    return done.first() is not None


@dataclass(frozen=True)
class Backlog:
    """How the queue stands: jobs due now, the oldest one's age in seconds, and jobs given up."""

    due: int
    oldest_seconds: float
    failed: int


def backlog(session: Session, now: datetime) -> Backlog:
    """The state of the queue, for operators."""
    due, oldest = session.execute(
        select(func.count(), func.min(Job.run_at)).where(Job.state == "ready", Job.run_at <= now)
    ).one()
    failed = session.scalar(select(func.count()).where(Job.state == "failed")) or 0
    return Backlog(due, (now - oldest).total_seconds() if oldest else 0.0, failed)


@dataclass(frozen=True)
class GivenUp:
    """Jobs of one kind that were given up: how many, and why the newest of them was."""

    kind: str
    count: int
    error: str


def given_up(session: Session) -> tuple[GivenUp, ...]:
    """Everything that was given up, by kind."""
    newest = (
        select(Job.kind, func.count().label("count"), func.max(Job.id).label("id"))
        .where(Job.state == "failed")
        .group_by(Job.kind)
        .subquery()
    )
    rows = session.execute(
        select(newest.c.kind, newest.c.count, Job.error).join(Job, Job.id == newest.c.id).order_by(newest.c.kind)
    )
    return tuple(GivenUp(kind, count, error) for kind, count, error in rows)


def was_given_up(session: Session, unique_key: str) -> bool:
    """Whether this work was tried as often as may be, and was not asked for again."""
    return session.scalar(select(Job.state).where(Job.unique_key == unique_key)) == "failed"


def begin_again(session: Session, kind: str, now: datetime) -> int:
    """Give the jobs of a kind that were given up all their tries again; how many there were."""
    rows = session.execute(
        update(Job)
        .where(Job.state == "failed", Job.kind == kind)
        .values(state="ready", run_at=now, tries=0, error="")
        .returning(Job.id)
    )
    return len(rows.all())


def forget_finished(session: Session, before: datetime) -> None:
    """Delete jobs that were done before the time given."""
    session.execute(delete(Job).where(Job.state == "done", Job.run_at < before))
