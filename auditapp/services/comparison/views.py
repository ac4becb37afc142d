"""What the pages of the comparison show: frozen, in points rounded to the tenth that is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from auditapp.domain.checklist import Checklist, Factor
from auditapp.domain.words import FACTOR_NAMES
from auditapp.i18n import N_
from auditapp.services.comparison.scales import Axis

FACTOR_SHORT = {**FACTOR_NAMES, "CNV": N_("Selling"), "SRV": N_("Extras"), "RUL": N_("Rules")}


def tenth(points: float) -> float:
    """Half-up to the tenth that is shown. (The small number outweighs what the float lost of an exact half.)"""
    return math.floor(points * 10 + 0.5 + 1e-9) / 10


def maybe_tenth(points: float | None) -> float | None:
    """`tenth`, with None for what is not defined."""
    return None if points is None else tenth(points)


def all_tenths(rows: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    """`maybe_tenth` of a whole table, whose rows are equally long."""
    import numpy as np

    if not rows:
        return []
    points = np.array(rows, dtype=np.float64)  # None becomes NaN
    shown = (np.floor(points * 10 + 0.5 + 1e-9) / 10).astype(object)
    shown[np.isnan(points)] = None
    found: list[list[float | None]] = shown.tolist()
    return found


def signed(points: float | None) -> str:
    """A change with its sign (a real minus), or a dash where there is none."""
    return "–" if points is None else f"{points:+.1f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a filter."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One factor of one store. ``gap`` is how far below target in whole points, half-up (0: at target or above)."""

    factor: str
    score: float | None
    gap: int

    @property
    def level(self) -> int:
        """0 at target, 1 for 1–5 points below, 2 for 6–14, 3 for 15 and more."""
        return (self.gap >= 1) + (self.gap >= 6) + (self.gap >= 15)


@lru_cache(maxsize=8192)
def cell(factor: str, score: float | None, target: float) -> Cell:
    """The cell of a factor mean against its target, both in points. Kept: shown in tenths, most come again."""
    shown = maybe_tenth(score)
    gap = 0 if shown is None else max(0, math.floor(tenth(target - shown) + 0.5))
    return Cell(factor, shown, gap)


class StoreRow(NamedTuple):
    """A store in a wave. ``low`` and ``high`` are None for too few visits; ``line`` is that of its own region.

    A tuple, which is made three times as fast as a frozen dataclass: a region has hundreds.
    """

    public_id: str
    name: str
    code: str
    format: str
    region: str
    region_public_id: str
    line: float
    band: str
    visits: int
    mean: float
    estimate: float
    low: float | None
    high: float | None
    change: float | None
    changed: bool
    cells: tuple[Cell, ...]
    history: tuple[float | None, ...]
    criticals: int

    @property
    def moved(self) -> str:
        """The change with its sign, or a dash."""
        return signed(self.change)

    @property
    def worst(self) -> Cell | None:
        """The factor furthest below its target; None if all are at target."""
        short = [one for one in self.cells if one.gap]
        return max(short, key=lambda one: one.gap) if short else None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pixels along an axis."""

    line: float
    low: float
    high: float
    estimate: float


def drawn(row: StoreRow, axis: Axis) -> Drawn | None:
    """Where the marks of a row stand on ``axis``; None where too few visits allow no range."""
    if row.low is None or row.high is None:
        return None
    return Drawn(axis.at(row.line), axis.at(row.low), axis.at(row.high), axis.at(row.estimate))


@dataclass(frozen=True, slots=True)
class Trend:
    """A history as an SVG path, how far down its newest score lies (None without one), and the same in words."""

    path: str
    last: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one band."""

    band: str
    rows: tuple[StoreRow, ...]


@dataclass(frozen=True, slots=True)
class Targets:
    """What scores are held against, in points: the checklist's targets."""

    total: float
    factors: Mapping[str, float]


def targets_of(checklist: Checklist) -> Targets:
    """The targets of a checklist; the pass mark where it sets none."""

    def points(name: str) -> float:
        return _float(checklist.scoring.target(name))

    return Targets(points("total"), {factor.value: points(factor.value) for factor in Factor})


def _float(value: Fraction) -> float:
    return tenth(value.numerator / value.denominator)
