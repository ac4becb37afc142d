"""What whole pages of the comparison show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from auditapp.services.comparison.periods import Period
from auditapp.services.comparison.scales import Axis, trend_path
from auditapp.services.comparison.views import Cell, Choice, Drawn, Group, StoreRow, Targets, Trend, drawn, signed


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
