"""Reading rows of the stored comparison into what pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from auditapp.db.rollups import FACTORS
from auditapp.db.schema import Region, RegionPeriod, Store, StorePeriod
from auditapp.domain.checklist import Checklist, Factor
from auditapp.services.checklists import checklist_of
from auditapp.services.comparison.pages import Standard, Table
from auditapp.services.comparison.periods import Period, history
from auditapp.services.comparison.refresh import BANDS
from auditapp.services.comparison.scales import AXIS_WIDTH, SPARK_HEIGHT, axis
from auditapp.services.comparison.views import Group, StoreRow, Targets, cell, maybe_tenth, targets_of, tenth

_FACTORS = [(factor.value, column) for factor, column in zip(Factor, FACTORS, strict=True)]


def store_rows() -> Select[Any]:
    """The stored comparison with the names of stores and regions, to be narrowed and ordered."""
    return (
        select(
            StorePeriod.__table__,
            Store.public_id,
            Store.name,
            Store.code,
            Store.format,
            Region.name.label("region"),
            Region.public_id.label("region_public_id"),
            RegionPeriod.line,
        )
        .join_from(StorePeriod, Store, Store.id == StorePeriod.store_id)
        .join(Region, Region.id == StorePeriod.region_id)
        .join(
            RegionPeriod,
            (RegionPeriod.region_id == StorePeriod.region_id) & (RegionPeriod.wave_id == StorePeriod.wave_id),
        )
    )


def table_of(
    session: Session, found: Sequence[Row[Any]], periods: Sequence[Period], period: Period, least: int
) -> Table:
    """The table of the rows ``found`` in ``period``: below, same, above, then too few visits."""
    targets = targets_of(checklist_of(session, period.version_id))
    past = history(periods, period)
    means = _means(session, [row.store_id for row in found], past)
    rows = [_row(row, targets, means.get(row.store_id, {}), past, least) for row in found]
    rows.sort(key=lambda row: (BANDS.index(row.band), row.mean, row.name))
    groups = tuple(Group(band, tuple(of_band)) for band, of_band in groupby(rows, key=lambda row: row.band))
    scores = [v for r in rows for v in (r.low, r.high, r.estimate, r.line)]
    trend = [v for r in rows for v in r.history]
    return Table(
        groups=groups,
        axis=axis([*scores, targets.total], AXIS_WIDTH),
        spark=axis([*trend, targets.total], SPARK_HEIGHT),
        targets=targets,
        periods=past,
    )


def row_of(row: Row[Any], targets: Targets) -> StoreRow:
    """One row without its history, as stored."""
    return _row(row, targets, {}, (), 0)


def _means(session: Session, stores: list[int], past: Iterable[Period]) -> dict[int, dict[int, float]]:
    """Mean by store and wave, in points."""
    found = session.execute(
        select(StorePeriod.store_id, StorePeriod.wave_id, StorePeriod.mean).where(
            StorePeriod.store_id.in_(stores), StorePeriod.wave_id.in_([p.id for p in past])
        )
    )
    means: dict[int, dict[int, float]] = {}
    for store_id, wave_id, mean in found:
        means.setdefault(store_id, {})[wave_id] = mean
    return means


def _row(row: Row[Any], targets: Targets, means: Mapping[int, float], past: Sequence[Period], least: int) -> StoreRow:
    few = row.band == "too_few" or row.visits < least
    of = row._mapping
    return StoreRow(
        public_id=row.public_id,
        name=row.name,
        code=row.code,
        format=row.format,
        region=row.region,
        region_public_id=row.region_public_id,
        line=tenth(row.line),
        band="too_few" if few else row.band,
        visits=row.visits,
        mean=tenth(row.mean),
        estimate=tenth(row.estimate),
        low=None if few else maybe_tenth(row.low),
        high=None if few else maybe_tenth(row.high),
        change=maybe_tenth(row.change),
        changed=row.changed,
        cells=tuple(cell(factor, of[column], targets.factors[factor]) for factor, column in _FACTORS),
        history=tuple(maybe_tenth(means.get(p.id)) for p in past),
        criticals=row.criticals,
    )


def standard_of(checklist: Checklist, key: str, asked: int, failed: int, language: str, **more: Any) -> Standard | None:
    """How often a question failed, in ``language``; None if the wave's checklist has no such question."""
    from auditapp.statistics import wilson

    question = checklist.by_key.get(key)
    if question is None:
        return None
    low, high = wilson(failed, asked)
    return Standard(
        key=key,
        number=checklist.numbers[key],
        text=checklist.say(question.text, language),
        rule=checklist.say(question.standard, language),
        factor=question.factor.value,
        critical=question.critical is not None,
        asked=asked,
        failed=failed,
        low=low,
        high=high,
        **more,
    )


def surest_first(standards: Iterable[Standard | None]) -> tuple[Standard, ...]:
    """By the lower end of the likely range: one failure out of one visit does not outrank thirty out of seventy."""
    known = [one for one in standards if one is not None]
    return tuple(sorted(known, key=lambda one: (-one.low, -one.failed, one.number)))
