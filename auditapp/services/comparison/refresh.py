"""Writing the stored comparison: every store of a region in a wave beside its region's line, from the roll-ups."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Delete, Insert, Integer, Table, bindparam, case, delete, func, insert, select
from sqlalchemy.orm import Session

from auditapp.db import rollups
from auditapp.db.rollups import FACTORS
from auditapp.db.schema import Region, RegionPeriod, Store, StorePeriod
from auditapp.db.schema.figures import RegionQuestion, StoreQuestion
from auditapp.services.comparison import sums
from auditapp.services.comparison.periods import Period, all_periods, followers, previous
from auditapp.services.context import Context

if TYPE_CHECKING:
    from auditapp.services.comparison.sums import Tables
    from auditapp.statistics import Array

LEAST_VISITS = 3
"""Below this a store has too few visits to say anything about it."""

BANDS = ("below", "same", "above", "too_few")
_ORDER = {band: n for n, band in enumerate(BANDS)}
_ABOVE_ANY_SCORE = 1000.0

# Tables and not models: nobody holds these rows as objects, so no object has to learn that they are gone.
_STORED = _REGIONS, _STORES, _QUESTIONS = [
    cast("Table", model.__table__) for model in (RegionPeriod, StorePeriod, RegionQuestion)
]


def refresh_region(session: Session, region_id: int, wave_id: int, now: datetime) -> None:
    """Store the comparison of a region in a wave anew, and of the wave after it, whose changes start from this one.

    In the caller's transaction, after the roll-ups of its visit were recomputed.
    """
    session.flush()
    _lock(session, Region.id == region_id)
    periods = all_periods(session)
    period = next(p for p in periods if p.id == wave_id)
    anew = (period, *followers(periods, period))
    before = [previous(periods, each) for each in anew]
    tables = sums.tables(session, [*anew, *filter(None, before)], region_id)
    for each, past in zip(anew, before, strict=True):
        _forget(session, each, region_id)
        _write(session, each, tables[each.id], tables[past.id] if past else {}, now)


def rebuild(session: Session, now: datetime) -> int:
    """Store every comparison anew from the roll-ups. Gives the number of rows, one per store and wave."""
    session.flush()
    _lock(session)
    for table in _STORED:
        session.execute(delete(table))
    periods = all_periods(session)
    tables = {period.id: sums.tables(session, [period])[period.id] for period in periods}
    for period in periods:
        before = previous(periods, period)
        _write(session, period, tables[period.id], tables[before.id] if before else {}, now)
    return sum(len(table) for of_wave in tables.values() for table in of_wave.values())


def rebuild_everything(context: Context) -> int:
    """Roll-ups and stored comparisons anew from the published visits, in one transaction. Gives `rebuild`'s rows."""
    with context.write() as session:
        rollups.rebuild_all(session)
        return rebuild(session, context.now())


def _lock(session: Session, *only: ColumnElement[bool]) -> None:
    """On PostgreSQL two refreshes of one region go one after the other; SQLite has one writer anyway."""
    session.execute(select(Region.id).where(*only).order_by(Region.id).with_for_update(key_share=True))


def _write(session: Session, period: Period, tables: Tables, past: Tables, now: datetime) -> None:
    """Store the comparison of these regions in one wave; ``past`` are the tables of the wave before."""
    regions: list[dict[str, Any]] = []
    stores: list[dict[str, Any]] = []
    for region_id, table in tables.items():
        columns = _compare(table, past.get(region_id))
        key = {"region_id": region_id, "wave_id": period.id}
        stores += [{**key, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
        regions.append({**key, **_summary(table, columns["band"]), "computed_at": now})
    if stores:
        session.execute(insert(_REGIONS), regions)
        session.execute(insert(_STORES), stores)
    for region_id in tables:
        session.execute(_standards(), {"wave": period.id, "region": region_id})


def _forget(session: Session, period: Period, region_id: int) -> None:
    """Delete the old rows of one region; also those that a store brought along from another region."""
    for statement in _forgetting():
        session.execute(statement, {"wave": period.id, "region": region_id})


@cache
def _forgetting() -> list[Delete]:
    """Built once."""
    wave, region = bindparam("wave", type_=Integer), bindparam("region", type_=Integer)
    of_region, of_stores, of_questions = ((table.c.wave_id == wave, table.c.region_id == region) for table in _STORED)
    stores = select(Store.id).where(Store.region_id == region).union(select(_STORES.c.store_id).where(*of_stores))
    return [
        delete(_REGIONS).where(*of_region),
        delete(_STORES).where(_STORES.c.wave_id == wave, _STORES.c.store_id.in_(stores)),
        delete(_QUESTIONS).where(*of_questions),
    ]


def _compare(table: Array, past: Array | None) -> dict[str, list[Any]]:
    """The columns of one region's stores. Intervals are clamped to 0–100 here, after the bands were told from them."""
    import numpy as np

    from auditapp import statistics

    n, total, squares = sums.points(table)
    found = statistics.estimates(n, total, squares)
    line = statistics.region_line(n, total)
    bands = statistics.bands(found.low, found.high, n, line, LEAST_VISITS)
    order = np.array([_ORDER[band] for band in bands])
    unsure = order == _ORDER["too_few"]
    with np.errstate(invalid="ignore"):
        factors = table[:, sums.FACTOR_SUM] / table[:, sums.FACTOR_N] / 10
    changes = _changes(table, past)
    columns = {
        "sort": order * _ABOVE_ANY_SCORE + found.mean,
        "mean": found.mean,
        "estimate": found.estimate,
        "low": np.where(unsure, np.nan, found.low.clip(0, 100)),
        "high": np.where(unsure, np.nan, found.high.clip(0, 100)),
        **dict(zip(FACTORS, factors.T, strict=True)),
    }
    return {
        "store_id": table[:, sums.STORE].astype(int).tolist(),
        "visits": n.astype(int).tolist(),
        "criticals": table[:, sums.CRITICALS].astype(int).tolist(),
        "band": bands,
        "change": [change for change, _ in changes],
        "changed": [changed for _, changed in changes],
        **{name: [None if v != v else v for v in column.tolist()] for name, column in columns.items()},
    }


def _changes(table: Array, past: Array | None) -> list[tuple[float | None, bool]]:
    """Per store the change since the wave before; None where it was not visited then."""
    import numpy as np

    from auditapp import statistics

    if past is None:
        return [(None, False)] * len(table)
    both = [np.concatenate(pair) for pair in zip(sums.points(table), sums.points(past), strict=True)]
    msw = statistics.pooled_within(*both)
    n1, sum1 = np.zeros(len(table)), np.zeros(len(table))
    _, here, there = np.intersect1d(table[:, sums.STORE], past[:, sums.STORE], assume_unique=True, return_indices=True)
    n1[here], sum1[here] = past[there, sums.N], past[there, sums.SUM] / 10
    n2, sum2, _ = sums.points(table)
    found = statistics.changes(n1, sum1 / np.maximum(n1, 1), n2, sum2 / n2, msw)
    return [(None if one.delta != one.delta else one.delta, one.changed) for one in found]


def _summary(table: Array, bands: list[str]) -> dict[str, Any]:
    """The figures of the region itself."""
    from auditapp import statistics

    n, total, squares = sums.points(table)
    msw = statistics.pooled_within(n, total, squares)
    return {
        "line": statistics.region_line(n, total),
        "noise": None if msw is None else msw**0.5,
        "stores": len(table),
        "visits": int(n.sum()),
        **{band: bands.count(band) for band in BANDS},
        "criticals": int((table[:, sums.CRITICALS] > 0).sum()),
    }


@cache
def _standards() -> Insert:
    """Built once. For one region, so that the database begins with its stores and not with all of the wave."""
    region = bindparam("region", type_=Integer)
    figures = {
        "region_id": region,
        "wave_id": bindparam("wave", type_=Integer),
        "question": StoreQuestion.question,
        "asked": func.sum(StoreQuestion.asked),
        "failed": func.sum(StoreQuestion.failed),
        "stores": func.sum(case((StoreQuestion.failed > 0, 1), else_=0)),
    }
    here = select(Store.id).where(Store.region_id == region)
    chosen = (
        select(*figures.values())
        .where(StoreQuestion.wave_id == figures["wave_id"], StoreQuestion.store_id.in_(here))
        .group_by(StoreQuestion.question)
    )
    return insert(_QUESTIONS).from_select(list(figures), chosen)
