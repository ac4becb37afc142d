"""What a store is held against: its region's stores in the same wave, from the roll-ups, never from single visits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from statistics import median, quantiles

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Store, StoreMonth
from auditapp.domain.checklist import Factor
from auditapp.domain.scoring import tenths

LEAST_STORES = 4
"""Stores below which a middle half says nothing."""


@dataclass(frozen=True)
class RegionFigures:
    """Medians of the stores' means and the middle half of their totals (tenths), pooled SD of one visit (points)."""

    medians: Mapping[Factor, int]
    middle: tuple[int, int] | None
    stores: int
    sd: float | None


def region_figures(session: Session, region_id: int, wave_id: int, checklist: str, method: str) -> RegionFigures:
    """The figures of one region, for one checklist and one method."""
    same = (
        StoreMonth.store_id.in_(select(Store.id).where(Store.region_id == region_id)),
        StoreMonth.checklist == checklist,
        StoreMonth.method == method,
    )
    sums = [func.sum(getattr(StoreMonth, name)) for name in ("n", "s_total", *_factor_columns())]
    rows = session.execute(
        select(*sums).where(*same, StoreMonth.wave_id == wave_id, StoreMonth.n > 0).group_by(StoreMonth.store_id)
    ).all()
    totals = [Fraction(int(row[1]), int(row[0]) * 10) for row in rows]
    return RegionFigures(
        medians=_medians([tuple(int(value) for value in row[2:]) for row in rows]),
        middle=_middle(totals),
        stores=len(rows),
        sd=_spread(session, same),
    )


def _factor_columns() -> list[str]:
    return [f"{kind}_{factor.value.lower()}" for factor in Factor for kind in "ns"]


def _medians(rows: list[tuple[int, ...]]) -> dict[Factor, int]:
    found = {}
    for at, factor in enumerate(Factor):
        means = [Fraction(row[2 * at + 1], row[2 * at] * 10) for row in rows if row[2 * at]]
        if len(means) >= LEAST_STORES and (middle := tenths(median(means))) is not None:
            found[factor] = middle
    return found


def _middle(totals: list[Fraction]) -> tuple[int, int] | None:
    if len(totals) < LEAST_STORES:
        return None
    low, _, high = quantiles(totals, n=4, method="inclusive")
    return tenths(low) or 0, tenths(high) or 0


def _spread(session: Session, same: tuple[ColumnElement[bool], ...]) -> float | None:
    """√MSW within store × wave; None while no store had two visits in a wave."""
    buckets = session.execute(
        select(func.sum(StoreMonth.n), func.sum(StoreMonth.s_total), func.sum(StoreMonth.q_total))
        .where(*same)
        .group_by(StoreMonth.store_id, StoreMonth.wave_id)
    ).all()
    if not any(row[0] > 1 for row in buckets):
        return None
    from auditapp.statistics import pooled_within  # numpy: only where it is needed

    n, s, q = zip(*buckets, strict=True)
    within = pooled_within([int(v) for v in n], [int(v) / 10 for v in s], [int(v) / 100 for v in q])
    return None if within is None else math.sqrt(within)
