"""Visits: the answers as registers, the photos, the scores, and what reviewers said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from auditapp.db.schema.base import Base, new_public_id
from auditapp.db.schema.chain import Store
from auditapp.db.schema.programme import Assignment, Wave


class Visit(Base):
    """One visit to one store, from the first opened page to the published scorecard.

    Scores are whole tenths (0–1000), null where undefined. ``revision`` rises with every change that a reviewer
    could have missed. ``store_public_id`` is the id under which the store's side knows the visit: the shopper's
    address of the same visit stays unknown to the store. A visit without ``begun_at`` was only prepared, so that a
    phone can do it without signal: it counts nowhere as started. ``manifest`` is what a phone sent with its finished
    work: hashes of photos, ids of those refused, and ``told``, times that can't be (`services.visits.times.Times`).
    """

    __tablename__ = "visit"
    __table_args__ = (Index("ix_visit_state_due", "state", "submitted_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    store_public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), unique=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), index=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    checklist_version_id: Mapped[int] = mapped_column(ForeignKey("checklist_version.id"))
    method: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    top_seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    receipt: Mapped[str | None] = mapped_column(String(16), unique=True)
    manifest: Mapped[dict[str, Any] | None]
    not_done_reason: Mapped[str] = mapped_column(String(1000), default="")
    review_due_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    week: Mapped[date | None]
    day_part: Mapped[str | None] = mapped_column(String(16))
    month: Mapped[str | None] = mapped_column(String(7))
    total: Mapped[int | None]
    rng: Mapped[int | None]
    cnv: Mapped[int | None]
    srv: Mapped[int | None]
    inf: Mapped[int | None]
    stf: Mapped[int | None]
    rul: Mapped[int | None]
    verdict: Mapped[str | None] = mapped_column(String(16))
    band: Mapped[str | None] = mapped_column(String(16))
    criticals: Mapped[int] = mapped_column(default=0)
    assignment: Mapped[Assignment] = relationship()
    store: Mapped[Store] = relationship()
    wave: Mapped[Wave] = relationship()


class AnswerField(Base):
    """One register of one question: the value with the highest (seq, device) so far. ``value`` is any JSON."""

    __tablename__ = "answer_field"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    field: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[str] = mapped_column(String(64))


class AnswerWrite(Base):
    """Every write that ever arrived, winner or not: append-only.

    ``given_at`` is when it was given by the phone's clock, which ran ``clock_offset`` seconds ahead of the server's
    when it arrived; both are told by the phone.
    """

    __tablename__ = "answer_write"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(64))
    field: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[str] = mapped_column(String(64))
    given_at: Mapped[datetime | None]
    clock_offset: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    amendment: Mapped[bool] = mapped_column(default=False)


class Photo(Base):
    """A photo as evidence. ``uuid`` is the phone's id for it; a deleted one stays as a tombstone without a file.

    ``raw_sha256`` is of the bytes that came, ``sha256`` of the cleaned file that is kept and served. Capture time,
    position and device are told by the phone and for reviewers only; so are ``given_at``, when it was added to the
    visit, and ``clock_offset``, as in `AnswerWrite`.
    """

    __tablename__ = "photo"
    __table_args__ = (UniqueConstraint("visit_id", "uuid", "raw_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(64))
    uuid: Mapped[str] = mapped_column(String(36))
    raw_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    phash: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[str | None] = mapped_column(String(40))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    camera: Mapped[str] = mapped_column(String(120), default="")
    given_at: Mapped[datetime | None]
    clock_offset: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    conflict: Mapped[bool] = mapped_column(default=False)
    amendment: Mapped[bool] = mapped_column(default=False)


class Score(Base):
    """A computed result of a visit: as sent, and again after each correction; all are kept."""

    __tablename__ = "score"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    result: Mapped[dict[str, Any]]


class Outcome(Base):
    """How one asked, scored question ended in a scored visit. ``lost`` is in hundredths of a point."""

    __tablename__ = "outcome"
    __table_args__ = (Index("ix_outcome_question_failed", "question", "failed"),)

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    factor: Mapped[str] = mapped_column(String(3))
    failed: Mapped[bool]
    lost: Mapped[int]


class ReviewEvent(Base):
    """What happened to a sent visit: sent, asked, replied, approved, voided, amended, published. Append-only."""

    __tablename__ = "review_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    revision: Mapped[int]
    question: Mapped[str] = mapped_column(String(64), default="")
    text: Mapped[str] = mapped_column(Text, default="")


class Scorecard(Base):
    """The rendered PDF of a published visit; ``key`` names the file, ``inputs`` is the hash of all that went in."""

    __tablename__ = "scorecard"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120))
    inputs: Mapped[str] = mapped_column(String(64))
    rendered_at: Mapped[datetime]
