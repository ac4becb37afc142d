"""The queue of work for the worker, in the same database and transactions as the work that asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from auditapp.db.schema.base import Base


class Job(Base):
    """One piece of work. ``state`` is ready, running, done or failed; a running job whose lease ran out is ready again.

    ``unique_key`` folds equal waiting work into one row.
    """

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_ready", "state", "run_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    unique_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(String(8), default="ready")
    run_at: Mapped[datetime]
    created_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(1000), default="")
