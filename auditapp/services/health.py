"""Whether this install can serve. Looking costs next to nothing and writes nothing."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from auditapp import job_queue
from auditapp.db.schema import Chain
from auditapp.services.context import Context

LEAST_FREE = 256 * 2**20
"""Bytes: a few photos of the largest size that is taken, and the database's own needs."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Readiness:
    """Each part in a word, "ok" where it is; ``free_bytes`` is the room left for files, None where it can't be told."""

    database: str
    storage: str
    free_bytes: int | None

    @property
    def ready(self) -> bool:
        """Whether pages can be served and photos be taken in."""
        return self.database == self.storage == "ok"


def readiness(context: Context) -> Readiness:
    """The state of the database and of the place for files; what is wrong goes to the log."""
    database, (storage, free) = _database(context), _storage(context.settings.storage_root)
    if (database, storage) != ("ok", "ok"):
        log.error("not ready", database=database, storage=storage, free_bytes=free)
    return Readiness(database, storage, free)


def queue(context: Context) -> dict[str, int]:
    """How many jobs are due, how old the oldest is in seconds, and how many were given up."""
    with context.read() as session:
        backlog = job_queue.backlog(session, context.now())
    return {"due": backlog.due, "oldest_seconds": round(backlog.oldest_seconds), "failed": backlog.failed}


def _database(context: Context) -> str:
    try:
        with context.read() as session:
            session.execute(select(Chain.id).limit(1))  # SQLite does not open its file for a bare SELECT 1
    except SQLAlchemyError:
        return "unavailable"
    return "ok"


def _storage(root: Path) -> tuple[str, int | None]:
    """The folder's state, and the bytes free on its disk. A disk mounted for reading only is not writable."""
    try:
        free = shutil.disk_usage(root).free
    except OSError:
        return "unavailable", None
    if not os.access(root, os.W_OK | os.X_OK):
        return "not writable", free
    return ("ok" if free >= LEAST_FREE else "full"), free
