"""Reading rows of the stored comparison into what pages show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from auditapp.domain.checklist import Checklist, Factor
from auditapp.services.comparison.pages import Standard, Table
from auditapp.services.comparison.periods import Period
from auditapp.services.comparison.refresh import BANDS
from auditapp.services.comparison.scales import AXIS_WIDTH, SPARK_HEIGHT, axis
from auditapp.services.comparison.stored import FIGURES, Past
from auditapp.services.comparison.views import Group, StoreRow, Targets, all_tenths, cell, targets_of

_FACTORS = [factor.value for factor in Factor]


def table_of(found: Sequence[Row[Any]], means: Past, checklist: Checklist, past: Sequence[Period], least: int) -> Table:
    """The table of the rows ``found``, the newest of the waves ``past``, with their ``means`` in those before: below,
    same, above, then too few visits."""
    targets = targets_of(checklist)
    nothing = (None,) * (len(past) - 1)
    shown = all_tenths([(*row[FIGURES:], *means.get(row.store_id, nothing), row.mean) for row in found])
    rows = [_row(row, figures, targets, least) for row, figures in zip(found, shown, strict=True)]
    rows.sort(key=lambda row: (BANDS.index(row.band), row.mean, row.name))
    groups = tuple(Group(band, tuple(of_band)) for band, of_band in groupby(rows, key=lambda row: row.band))
    scores = [v for r in rows for v in (r.low, r.high, r.estimate, r.line)]
    trend = [v for r in rows for v in r.history]
    return Table(
        groups=groups,
        axis=axis([*scores, targets.total], AXIS_WIDTH),
        spark=axis([*trend, targets.total], SPARK_HEIGHT),
        targets=targets,
        periods=tuple(past),
    )


def row_of(row: Row[Any], targets: Targets) -> StoreRow:
    """One row of `STORE_ROWS` without its history, as stored."""
    return _row(row, all_tenths([row[FIGURES:]])[0], targets, 0)


def _row(row: Row[Any], shown: list[Any], targets: Targets, least: int) -> StoreRow:
    """``shown`` are the figures and then the history, in the tenths that are shown."""
    _, _, public_id, name, code, store_format, region, region_public_id, band, visits, changed, criticals = row[
        :FIGURES
    ]
    line, mean, estimate, low, high, change, *scores = shown
    factors, history = scores[: len(_FACTORS)], scores[len(_FACTORS) :]
    few = band == "too_few" or visits < least
    return StoreRow(
        public_id=public_id,
        name=name,
        code=code,
        format=store_format,
        region=region,
        region_public_id=region_public_id,
        line=line,
        band="too_few" if few else band,
        visits=visits,
        mean=mean,
        estimate=estimate,
        low=None if few else low,
        high=None if few else high,
        change=change,
        changed=bool(changed),
        cells=tuple(map(cell, _FACTORS, factors, targets.factors.values())),
        history=tuple(history),
        criticals=criticals,
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
