"""The programme: checklist versions, waves, and the assignments that become visits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from auditapp.db.schema.base import Base, new_public_id
from auditapp.db.schema.chain import Store


class ChecklistVersion(Base):
    """A published, immutable version: its canonical JSON for ever."""

    __tablename__ = "checklist_version"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    key: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    title: Mapped[dict[str, Any]]
    method: Mapped[str] = mapped_column(String(16))
    canonical: Mapped[str] = mapped_column(Text, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime]


class Wave(Base):
    """A round of visits with one checklist version and one method; the period of comparisons."""

    __tablename__ = "wave"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    name: Mapped[str] = mapped_column(String(80))
    checklist_version_id: Mapped[int] = mapped_column(ForeignKey("checklist_version.id"))
    method: Mapped[str] = mapped_column(String(16))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    closed: Mapped[bool] = mapped_column(default=False)
    checklist_version: Mapped[ChecklistVersion] = relationship(lazy="joined", innerjoin=True)


class Assignment(Base):
    """A store to be visited once. Who goes there stands in `AssignmentShopper` alone.

    ``list_number`` gives the neutral title ("List 04") on the shopper's phone. ``fee`` is in minor units of
    ``currency``.
    """

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), index=True)
    list_number: Mapped[int]
    opens_at: Mapped[datetime]
    due_at: Mapped[datetime]
    task: Mapped[str] = mapped_column(String(500), default="")
    fee: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3), default="")
    cancelled_at: Mapped[datetime | None]
    wave: Mapped[Wave] = relationship(lazy="joined", innerjoin=True)
    store: Mapped[Store] = relationship(lazy="joined", innerjoin=True)


class AssignmentShopper(Base):
    """The identity behind an assignment and its visit: for the owner, reviewers and admins, never for a store."""

    __tablename__ = "assignment_shopper"

    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
