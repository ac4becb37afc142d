"""Work of the queue that was given up: an administrator sees it, and lets it begin again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from auditapp import job_queue
from auditapp.domain.errors import Conflict, Forbidden
from auditapp.domain.roles import Actor, Do, can
from auditapp.i18n import N_
from auditapp.job_queue import GivenUp
from auditapp.services.audit import note

__all__ = ["GivenUp", "begin_again", "given_up"]


def given_up(session: Session, actor: Actor) -> tuple[GivenUp, ...]:
    """The jobs that were given up, by kind, each with the last reason. Raises Forbidden."""
    _check(actor)
    return job_queue.given_up(session)


def begin_again(session: Session, actor: Actor, kind: str, now: datetime) -> int:
    """Let all jobs of a kind that were given up run again; gives their number. Raises Conflict where there are none,
    Forbidden for whoever may not."""
    _check(actor)
    count = job_queue.begin_again(session, kind, now)
    if not count:
        raise Conflict(N_("No such job waits to be tried again. Somebody may have done it before you: look again."))
    note(session, actor, "job.begun_again", f"job:{kind}", now, str(count))
    return count


def _check(actor: Actor) -> None:
    if not can(actor, Do.PROGRAMME_RUN):
        raise Forbidden()
