"""The statements that read the stored comparison, built once each: on a page that takes longer than their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, case, func, select, type_coerce
from sqlalchemy.orm import Session

from auditapp.db.rollups import FACTORS
from auditapp.db.schema import Region, RegionPeriod, Store, StorePeriod
from auditapp.services.comparison.periods import Period

PAGE = 50
FIGURES = 12
"""In a row of `STORE_ROWS` words come first, then from here on figures: six of its own, and those of the factors."""

_PERIOD = StorePeriod.__table__.c
_STORE, _REGION, _LINE = Store.__table__.c, Region.__table__.c, RegionPeriod.__table__.c
_WAVE = bindparam("wave", type_=Integer)

# ``changed`` is read as it is kept: with a column to convert, every row would go through Python.
STORE_ROWS = (
    select(
        _PERIOD.store_id, _PERIOD.wave_id, _STORE.public_id, _STORE.name, _STORE.code, _STORE.format,
        _REGION.name.label("region"), _REGION.public_id.label("region_public_id"),
        _PERIOD.band, _PERIOD.visits, type_coerce(_PERIOD.changed, Integer).label("changed"), _PERIOD.criticals,
        _LINE.line, _PERIOD.mean, _PERIOD.estimate, _PERIOD.low, _PERIOD.high, _PERIOD.change,
        *(_PERIOD[factor] for factor in FACTORS),
    )
    .join_from(StorePeriod.__table__, Store.__table__, _STORE.id == _PERIOD.store_id)
    .join(Region.__table__, _REGION.id == _PERIOD.region_id)
    .join(RegionPeriod.__table__, (_LINE.region_id == _PERIOD.region_id) & (_LINE.wave_id == _PERIOD.wave_id))
)  # fmt: skip
"""The stored comparison with the names of stores and regions, to be narrowed."""

_OF_REGION = select(_PERIOD.store_id).where(_PERIOD.region_id == bindparam("region"), _PERIOD.wave_id == _WAVE)

# Cut from the index before anything is joined to it.
_OF_PAGE = (
    select(_PERIOD.store_id)
    .where(_PERIOD.wave_id == _WAVE)
    .order_by(_PERIOD.sort, _PERIOD.store_id)
    .limit(PAGE)
    .offset(bindparam("skipped", type_=Integer))
)

Past = Mapping[int, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Stores with figures in one wave, by a statement that gives their ids, and its values."""

    period: Period
    ids: Select[tuple[int]]
    values: Mapping[str, int]


def of_region(region_id: int, period: Period) -> Chosen:
    """The stores of a region."""
    return Chosen(period, _OF_REGION, {"region": region_id, "wave": period.id})


def of_page(page: int, period: Period) -> Chosen:
    """The stores of a page (from 1) of all, in the order of their bands."""
    return Chosen(period, _OF_PAGE, {"wave": period.id, "skipped": (page - 1) * PAGE})


def store_rows(session: Session, chosen: Chosen) -> Sequence[Row[Any]]:
    """The rows of `STORE_ROWS` for these stores, in no order."""
    return session.execute(_rows_of(chosen.ids), chosen.values).all()


def past_means(session: Session, chosen: Chosen, past: Sequence[Period]) -> Past:
    """By id of these stores their means in the waves ``past``, in points; None where no visit was, and no entry for a
    store that was visited in none."""
    if not past:
        return {}
    waves = {f"past_{n}": period.id for n, period in enumerate(past)}
    found = session.execute(_means_of(chosen.ids, len(past)), {**chosen.values, **waves}).all()
    return {row[0]: row[1:] for row in found}


@cache
def _rows_of(ids: Select[tuple[int]]) -> Select[Any]:
    return STORE_ROWS.where(_PERIOD.wave_id == _WAVE, _PERIOD.store_id.in_(ids))


@cache
def _means_of(ids: Select[tuple[int]], many: int) -> Select[Any]:
    """One row a store and not one a wave, of which a region has 2,000."""
    waves = [bindparam(f"past_{n}", type_=Integer) for n in range(many)]
    means = (func.max(case((_PERIOD.wave_id == wave, _PERIOD.mean))) for wave in waves)
    found = select(_PERIOD.store_id, *means).where(_PERIOD.store_id.in_(ids), _PERIOD.wave_id.in_(waves))
    return found.group_by(_PERIOD.store_id)
