"""What the pages of the comparison show: frozen, in points rounded to the tenth that is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from auditapp.domain.checklist import Checklist, Factor
from auditapp.i18n import N_
from auditapp.services.comparison.periods import Period
from auditapp.services.comparison.scales import Axis, trend_path

FACTOR_NAMES = {
    "RNG": N_("Assortment"),
    "CNV": N_("Selling methods"),
    "SRV": N_("Extra services"),
    "INF": N_("Information"),
    "STF": N_("Staff"),
    "RUL": N_("Trading rules"),
}
FACTOR_SHORT = {**FACTOR_NAMES, "CNV": N_("Selling"), "SRV": N_("Extras"), "RUL": N_("Rules")}


def tenth(points: float) -> float:
    """Half-up to the tenth that is shown. (The small number outweighs what the float lost of an exact half.)"""
    return math.floor(points * 10 + 0.5 + 1e-9) / 10


def maybe_tenth(points: float | None) -> float | None:
    """`tenth`, with None for what is not defined."""
    return None if points is None else tenth(points)


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


def cell(factor: str, score: float | None, target: float) -> Cell:
    """The cell of a factor mean against its target, both in points."""
    shown = maybe_tenth(score)
    gap = 0 if shown is None else max(0, math.floor(tenth(target - shown) + 0.5))
    return Cell(factor, shown, gap)


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store in a wave. ``low`` and ``high`` are None for too few visits; ``line`` is that of its own region."""

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


@dataclass(frozen=True, slots=True)
class VisitLink:
    """A published visit as a store knows it: ``id`` names its scorecard, ``week`` is a Monday."""

    id: str
    week: date
    day_part: str
    total: float
    verdict: str
    criticals: int


@dataclass(frozen=True, slots=True)
class Standard:
    """A question and how often it failed. Shares are 0–1, ``low`` to ``high`` their likely range.

    ``stores`` counts those where it failed (0 on a store's own page); ``lost`` is in points of the total, per visit;
    ``visits`` are those in which it failed, where they are told.
    """

    key: str
    number: int
    text: str
    rule: str
    factor: str
    critical: bool
    asked: int
    failed: int
    low: float
    high: float
    stores: int = 0
    lost: float = 0.0
    visits: tuple[VisitLink, ...] = ()

    @property
    def share(self) -> float:
        """The share of visits, of those where it was asked, in which it failed."""
        return self.failed / self.asked


@dataclass(frozen=True, slots=True)
class Filters:
    """What can be chosen, and what is. A filter with nothing to choose has one choice or none."""

    regions: tuple[Choice, ...]
    waves: tuple[Choice, ...]
    formats: tuple[Choice, ...]
    least_visits: tuple[Choice, ...]
    region: str
    wave: str
    format: str
    least: int


@dataclass(frozen=True, slots=True)
class Table:
    """The rows in groups and the scales they share. ``periods`` are those of the histories, the oldest first."""

    groups: tuple[Group, ...]
    axis: Axis
    spark: Axis
    targets: Targets
    periods: tuple[Period, ...]

    def drawn(self, row: StoreRow) -> Drawn | None:
        """Where the marks of a row stand on the axis of all rows."""
        return drawn(row, self.axis)

    def trend(self, row: StoreRow) -> Trend:
        """The history of a row, as a drawing on the scale of all rows and in words."""
        scores = zip(self.periods, row.history, strict=True)
        words = ", ".join(f"{p.name} {'–' if score is None else score}" for p, score in scores)
        last = None if row.history[-1] is None else self.spark.down(row.history[-1])
        return Trend(trend_path(row.history, self.spark), last, words)

    @property
    def rows(self) -> tuple[StoreRow, ...]:
        """All rows, in the order shown."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def since(self) -> str:
        """The name of the wave that changes are counted from, or nothing."""
        return self.periods[-2].name if len(self.periods) > 1 else ""


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """The comparison of a region's stores in one wave; ``period`` is None while nothing was ever published there.

    ``line`` is the mean of its stores, ``noise`` the SD of one visit, both in points; ``headline`` is whole sentences.
    """

    region: str
    filters: Filters
    period: Period | None
    table: Table | None
    line: float | None
    noise: float | None
    visits: int
    headline: tuple[str, ...]
    standards: tuple[Standard, ...]

    @property
    def critical_stores(self) -> int:
        """How many of the stores shown have an open critical failure."""
        return sum(row.criticals > 0 for row in self.table.rows) if self.table else 0


@dataclass(frozen=True, slots=True)
class ChainView:
    """One page of the comparison of all stores, each against its own region."""

    filters: Filters
    period: Period | None
    table: Table | None
    stores: int
    visits: int
    counts: Mapping[str, int]
    critical_stores: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class WaveRow:
    """One wave of one store, for its page: held against the ``target`` of its checklist, changed ``since`` a wave."""

    period: Period
    row: StoreRow
    target: float
    since: str

    def drawn(self, axis: Axis) -> Drawn | None:
        """Where its marks stand on ``axis``."""
        return drawn(self.row, axis)


@dataclass(frozen=True, slots=True)
class FactorLine:
    """A factor of a store in the wave looked at, with its change since the wave before (None if there is none)."""

    cell: Cell
    target: float
    visits: int
    change: float | None
    changed: bool

    @property
    def moved(self) -> str:
        """The change with its sign, or a dash."""
        return signed(self.change)


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store's page: all its waves, and of the one looked at the factors, failed standards and visits."""

    public_id: str
    name: str
    code: str
    format: str
    address: str
    region: str
    region_public_id: str
    period: Period | None
    since: str
    waves: tuple[WaveRow, ...]
    axis: Axis
    targets: Targets | None
    factors: tuple[FactorLine, ...]
    standards: tuple[Standard, ...]
    visits: tuple[VisitLink, ...]


@dataclass(frozen=True, slots=True)
class FailedView:
    """What failed in a store in one wave, of one factor or (``factor`` empty) of all."""

    store: str
    store_public_id: str
    period: Period
    factor: str
    standards: tuple[Standard, ...]
