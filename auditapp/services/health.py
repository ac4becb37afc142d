"""Whether this install can serve."""

from __future__ import annotations

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from auditapp import job_queue
from auditapp.services.context import Context

log = structlog.get_logger()


def readiness(context: Context) -> dict[str, object]:
    """The state of database, files and queue; ``ready`` is false where pages could not be served."""
    report: dict[str, object] = {"ready": True, "database": "ok", "storage": "ok"}
    try:
        with context.read() as session:
            session.execute(text("SELECT 1"))
            backlog = job_queue.backlog(session, context.now())
        report["queue"] = {
            "due": backlog.due,
            "oldest_seconds": round(backlog.oldest_seconds),
            "failed": backlog.failed,
        }
    except SQLAlchemyError as error:
        log.error("database not ready", error=type(error).__name__)
        report.update(ready=False, database="unavailable")
    try:
        context.storage.put("health/probe", b"ok")
    except OSError as error:
        log.error("storage not ready", error=type(error).__name__)
        report.update(ready=False, storage="unavailable")
    return report
