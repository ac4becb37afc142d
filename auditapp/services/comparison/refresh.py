"""Writing the stored comparison: every store of a region in a wave beside its region's line, from the roll-ups."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Insert, Select, case, delete, distinct, func, insert, literal, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from auditapp.db import rollups
from auditapp.db.rollups import FACTORS
from auditapp.db.schema import QuestionMonth, Region, RegionPeriod, Store, StoreMonth, StorePeriod
from auditapp.db.schema.figures import RegionQuestion
from auditapp.services.comparison.periods import Period, all_periods, followers, previous
from auditapp.services.context import Context

if TYPE_CHECKING:
    from auditapp.statistics import Array

    Tables = dict[int, Array]

LEAST_VISITS = 3
"""Below this a store has too few visits to say anything about it."""

BANDS = ("below", "same", "above", "too_few")
_ABOVE_ANY_SCORE = 1000.0

# Nobody holds these rows as objects, so no object has to learn that they are gone.
UNSEEN = {"synchronize_session": False}

_REGION, _STORE, _N, _SUM, _SQUARES, _CRITICALS = range(6)
_FACTOR_N = slice(6, 6 + len(FACTORS))
_FACTOR_SUM = slice(6 + len(FACTORS), 6 + 2 * len(FACTORS))


def refresh_region(session: Session, region_id: int, wave_id: int, now: datetime) -> None:
    """Store the comparison of a region in a wave anew, and of the wave after it, whose changes start from this one.

    In the caller's transaction, after the roll-ups of its visit were recomputed.
    """
    session.flush()
    _lock(session, Region.id == region_id)
    periods = all_periods(session)
    period = next(p for p in periods if p.id == wave_id)
    for each in (period, *followers(periods, period)):
        _forget(session, each, region_id)
        before = previous(periods, each)
        past = _by_region(session, before, region_id) if before else {}
        _write(session, each, _by_region(session, each, region_id), past, now)
        session.execute(_standards(each, region_id))


def rebuild(session: Session, now: datetime) -> int:
    """Store every comparison anew from the roll-ups. Gives the number of rows, one per store and wave."""
    session.flush()
    _lock(session)
    for table in (RegionPeriod, StorePeriod, RegionQuestion):
        session.execute(delete(table), execution_options=UNSEEN)
    periods = all_periods(session)
    tables = {period.id: _by_region(session, period) for period in periods}
    for period in periods:
        before = previous(periods, period)
        _write(session, period, tables[period.id], tables[before.id] if before else {}, now)
        session.execute(_standards(period))
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
        rows = _compare(table, past.get(region_id))
        key = {"region_id": region_id, "wave_id": period.id}
        stores += [{**key, **row} for row in rows]
        regions.append({**key, **_summary(table, rows), "computed_at": now})
    if stores:
        session.execute(insert(RegionPeriod.__table__), regions)  # type: ignore[arg-type]
        session.execute(insert(StorePeriod.__table__), stores)  # type: ignore[arg-type]


def _forget(session: Session, period: Period, region_id: int) -> None:
    """Delete the old rows of one region; also those that a store brought along from another region."""
    for table in (RegionPeriod, StorePeriod, RegionQuestion):
        session.execute(
            delete(table).where(table.wave_id == period.id, table.region_id == region_id), execution_options=UNSEEN
        )
    brought = (StorePeriod.wave_id == period.id, _in(region_id, StorePeriod.store_id))
    session.execute(delete(StorePeriod).where(*brought), execution_options=UNSEEN)


def _in(region_id: int | None, store_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The stores of a region, in words that let the database begin with them and not with the wave."""
    stores = select(Store.id).where(Store.region_id == region_id)
    return true() if region_id is None else store_id.in_(stores)


def _by_region(session: Session, period: Period, region_id: int | None = None) -> Tables:
    """Per region a table with a row per visited store, its columns as `_totals` selects them; tenths still."""
    import numpy as np

    found = session.execute(_totals(period, region_id)).all()
    if not found:
        return {}
    table = np.array([tuple(row) for row in found], dtype=np.float64)
    regions, starts = np.unique(table[:, _REGION], return_index=True)
    return dict(zip(map(int, regions), np.split(table, starts[1:]), strict=True))


def _totals(period: Period, region_id: int | None) -> Select[Any]:
    columns = ["n", "s_total", "q_total", "criticals", *(f"n_{f}" for f in FACTORS), *(f"s_{f}" for f in FACTORS)]
    return (
        select(Store.region_id, Store.id, *(func.sum(getattr(StoreMonth, column)) for column in columns))
        .join_from(Store, StoreMonth, StoreMonth.store_id == Store.id)
        .where(
            StoreMonth.wave_id == period.id,
            StoreMonth.checklist == period.checklist,
            StoreMonth.method == period.method,
            _in(region_id, StoreMonth.store_id),
        )
        .group_by(Store.region_id, Store.id)
        .order_by(Store.region_id, Store.id)
    )


def _compare(table: Array, past: Array | None) -> list[dict[str, Any]]:
    """The rows of one region. Intervals are clamped to 0–100 here, after the bands were told from them."""
    import numpy as np

    from auditapp import statistics

    n, sums, squares = _points(table)
    found = statistics.estimates(n, sums, squares)
    line = statistics.region_line(n, sums)
    bands = statistics.bands(found.low, found.high, n, line, LEAST_VISITS)
    with np.errstate(invalid="ignore"):
        factors = table[:, _FACTOR_SUM] / table[:, _FACTOR_N] / 10
    unsure = np.array([band == "too_few" for band in bands])
    columns = {
        "store_id": table[:, _STORE].astype(int),
        "sort": np.array([BANDS.index(band) for band in bands]) * _ABOVE_ANY_SCORE + found.mean,
        "visits": n.astype(int),
        "mean": found.mean,
        "estimate": found.estimate,
        "low": np.where(unsure, np.nan, found.low.clip(0, 100)),
        "high": np.where(unsure, np.nan, found.high.clip(0, 100)),
        **dict(zip(FACTORS, factors.T, strict=True)),
        "criticals": table[:, _CRITICALS].astype(int),
    }
    lists = [[None if v != v else v for v in column.tolist()] for column in columns.values()]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]
    for row, band, (change, changed) in zip(rows, bands, _changes(table, past), strict=True):
        row.update(band=band, change=change, changed=changed)
    return rows


def _points(table: Array) -> tuple[Array, Array, Array]:
    """Visits, sums and sums of squares, in points instead of tenths."""
    return table[:, _N], table[:, _SUM] / 10, table[:, _SQUARES] / 100


def _changes(table: Array, past: Array | None) -> list[tuple[float | None, bool]]:
    """Per store the change since the wave before; None where it was not visited then."""
    import numpy as np

    from auditapp import statistics

    if past is None:
        return [(None, False)] * len(table)
    both = [np.concatenate(pair) for pair in zip(_points(table), _points(past), strict=True)]
    msw = statistics.pooled_within(*both)
    n1, sum1 = np.zeros(len(table)), np.zeros(len(table))
    _, here, there = np.intersect1d(table[:, _STORE], past[:, _STORE], assume_unique=True, return_indices=True)
    n1[here], sum1[here] = past[there, _N], past[there, _SUM] / 10
    n2, sum2, _ = _points(table)
    found = statistics.changes(n1, sum1 / np.maximum(n1, 1), n2, sum2 / n2, msw)
    return [(None if one.delta != one.delta else one.delta, one.changed) for one in found]


def _summary(table: Array, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of the region itself."""
    from auditapp import statistics

    n, sums, squares = _points(table)
    msw = statistics.pooled_within(n, sums, squares)
    bands = [row["band"] for row in rows]
    return {
        "line": statistics.region_line(n, sums),
        "noise": None if msw is None else msw**0.5,
        "stores": len(rows),
        "visits": int(n.sum()),
        **{band: bands.count(band) for band in BANDS},
        "criticals": sum(row["criticals"] > 0 for row in rows),
    }


def _standards(period: Period, region_id: int | None = None) -> Insert:
    failing = case((QuestionMonth.failed > 0, QuestionMonth.store_id))
    figures = {
        "region_id": Store.region_id,
        "wave_id": literal(period.id),
        "question": QuestionMonth.question,
        "factor": func.min(QuestionMonth.factor),
        "asked": func.sum(QuestionMonth.asked),
        "failed": func.sum(QuestionMonth.failed),
        "stores": func.count(distinct(failing)),
    }
    chosen = (
        select(*figures.values())
        .join_from(Store, QuestionMonth, QuestionMonth.store_id == Store.id)
        .where(
            QuestionMonth.wave_id == period.id,
            QuestionMonth.checklist == period.checklist,
            QuestionMonth.method == period.method,
            _in(region_id, QuestionMonth.store_id),
        )
        .group_by(Store.region_id, QuestionMonth.question)
    )
    return insert(RegionQuestion).from_select(list(figures), chosen)
