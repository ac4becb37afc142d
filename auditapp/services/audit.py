"""The audit log: who did what, when. Append-only, without passwords, e-mail addresses or network addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import AuditEvent, User
from auditapp.domain.errors import Forbidden
from auditapp.domain.roles import Actor, Do, can
from auditapp.services import text

PAGE = 100
DETAIL_MAX = 500


@dataclass(frozen=True)
class Entry:
    """One line of the log; ``who`` is empty where nobody was signed in or the system itself acted."""

    id: int
    at: datetime
    who: str
    kind: str
    subject: str
    detail: str


def record(session: Session, now: datetime, actor_id: int | None, kind: str, subject: str, detail: str = "") -> None:
    """Append one event. ``actor_id`` 0 or None is the system itself; ``subject`` is such as "user:<public id>"."""
    session.add(AuditEvent(at=now, actor_id=actor_id or None, kind=kind, subject=subject, detail=detail[:DETAIL_MAX]))


def note(session: Session, actor: Actor | None, kind: str, subject: str, now: datetime, detail: str = "") -> None:
    """Append what ``actor`` did (None: the system itself)."""
    record(session, now, actor.user_id if actor else None, kind, subject, detail)


def entries(session: Session, actor: Actor, kind: str = "", before: int | None = None) -> Sequence[Entry]:
    """The newest PAGE events, optionally of one ``kind`` (or its prefix up to a dot) and older than id ``before``."""
    if not can(actor, Do.ACCOUNTS_RUN):
        raise Forbidden()
    query = (
        select(AuditEvent.id, AuditEvent.at, User.name, AuditEvent.kind, AuditEvent.subject, AuditEvent.detail)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .order_by(AuditEvent.id.desc())
        .limit(PAGE)
    )
    if kind:
        query = query.where(AuditEvent.kind.startswith(text.needle(kind), autoescape=True))
    if before is not None:
        query = query.where(AuditEvent.id < before)
    return [Entry(i, at, name or "", k, subject, detail) for i, at, name, k, subject, detail in session.execute(query)]
