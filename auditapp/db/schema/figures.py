"""Figures made from published visits, bucket by bucket, so that no page adds up raw visits.

SQLite keeps these tables in the order of their keys: what is read together lies together, and is kept once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from auditapp.db.schema.base import Base

_BY_KEY = {"sqlite_with_rowid": False}


class _Sums:
    """Sums over published, scored visits.

    Scores are tenths; ``q_…`` are sums of squared tenths. ``criticals`` counts visits in which a critical fired.
    """

    n: Mapped[int]
    s_total: Mapped[int] = mapped_column(BigInteger)
    q_total: Mapped[int] = mapped_column(BigInteger)
    criticals: Mapped[int]
    n_rng: Mapped[int]
    s_rng: Mapped[int] = mapped_column(BigInteger)
    q_rng: Mapped[int] = mapped_column(BigInteger)
    n_cnv: Mapped[int]
    s_cnv: Mapped[int] = mapped_column(BigInteger)
    q_cnv: Mapped[int] = mapped_column(BigInteger)
    n_srv: Mapped[int]
    s_srv: Mapped[int] = mapped_column(BigInteger)
    q_srv: Mapped[int] = mapped_column(BigInteger)
    n_inf: Mapped[int]
    s_inf: Mapped[int] = mapped_column(BigInteger)
    q_inf: Mapped[int] = mapped_column(BigInteger)
    n_stf: Mapped[int]
    s_stf: Mapped[int] = mapped_column(BigInteger)
    q_stf: Mapped[int] = mapped_column(BigInteger)
    n_rul: Mapped[int]
    s_rul: Mapped[int] = mapped_column(BigInteger)
    q_rul: Mapped[int] = mapped_column(BigInteger)


class StoreMonth(_Sums, Base):
    """The visits of one bucket."""

    __tablename__ = "store_month"
    __table_args__ = _BY_KEY

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True, sort_order=-1)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True, sort_order=-1)
    month: Mapped[str] = mapped_column(String(7), primary_key=True, sort_order=-1)
    checklist: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-1)
    method: Mapped[str] = mapped_column(String(16), primary_key=True, sort_order=-1)


class StoreWave(_Sums, Base):
    """The months of `StoreMonth` added up, of those visits that have the checklist and the method of their wave.

    What comparisons are made from.
    """

    __tablename__ = "store_wave"
    __table_args__ = (Index("ix_store_wave_wave", "wave_id", "store_id"), _BY_KEY)

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True, sort_order=-1)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True, sort_order=-1)


class QuestionMonth(Base):
    """How often a question was asked and failed in one bucket. ``lost`` is in hundredths of a point."""

    __tablename__ = "question_month"
    __table_args__ = _BY_KEY

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    checklist: Mapped[str] = mapped_column(String(64), primary_key=True)
    method: Mapped[str] = mapped_column(String(16), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    factor: Mapped[str] = mapped_column(String(3))
    asked: Mapped[int]
    failed: Mapped[int]
    lost: Mapped[int] = mapped_column(BigInteger)


class StoreQuestion(Base):
    """The months of `QuestionMonth` added up, as in `StoreWave`."""

    __tablename__ = "store_question"
    __table_args__ = _BY_KEY

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked: Mapped[int]
    failed: Mapped[int]
    lost: Mapped[int] = mapped_column(BigInteger)


class RegionPeriod(Base):
    """The stored comparison of one region in one wave, in points.

    ``line`` is the mean of the means of its visited stores, ``noise`` the pooled SD of one visit (null where no
    store has two). ``below``, ``same``, ``above`` and ``too_few`` count its stores by band, ``criticals`` those
    with an open critical failure.
    """

    __tablename__ = "region_period"

    region_id: Mapped[int] = mapped_column(ForeignKey("region.id", ondelete="CASCADE"), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[float]
    noise: Mapped[float | None]
    stores: Mapped[int]
    visits: Mapped[int]
    below: Mapped[int]
    same: Mapped[int]
    above: Mapped[int]
    too_few: Mapped[int]
    criticals: Mapped[int]
    computed_at: Mapped[datetime]


class RegionQuestion(Base):
    """How often a standard failed in a region in one wave; ``stores`` counts those where it failed at least once."""

    __tablename__ = "region_question"

    region_id: Mapped[int] = mapped_column(ForeignKey("region.id", ondelete="CASCADE"), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked: Mapped[int]
    failed: Mapped[int]
    stores: Mapped[int]


class StorePeriod(Base):
    """One row of the stored comparison: a store in a wave, in points.

    ``mean`` is the plain mean of its visits, ``estimate`` its shrunken level; ``low`` and ``high`` (clamped to
    0–100) are null for the band too_few. ``sort`` puts below, same, above and too_few one after the other, each
    by ascending mean. ``change`` is against the previous wave, ``changed`` whether that is more than chance and
    large enough. ``criticals`` counts visits in which a critical fired.
    """

    __tablename__ = "store_period"
    __table_args__ = (
        Index("ix_store_period_chain", "wave_id", "sort", "store_id"),
        Index("ix_store_period_region", "region_id", "wave_id"),
        _BY_KEY,
    )

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id", ondelete="CASCADE"))
    sort: Mapped[float]
    visits: Mapped[int]
    mean: Mapped[float]
    estimate: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    band: Mapped[str] = mapped_column(String(8))
    change: Mapped[float | None]
    changed: Mapped[bool]
    rng: Mapped[float | None]
    cnv: Mapped[float | None]
    srv: Mapped[float | None]
    inf: Mapped[float | None]
    stf: Mapped[float | None]
    rul: Mapped[float | None]
    criticals: Mapped[int]
