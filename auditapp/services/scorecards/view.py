"""What a scorecard shows, as plain frozen data: no database object, no identity, no exact time can be reached from it.

Scores and positions on axes are whole tenths (0–1000); everything else that is read by people is ready text in the
language of the scorecard.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """One step of the verdict ladder: its name, the scores it spans in words, whether it is this visit's verdict."""

    name: str
    span: str
    active: bool
    critical: bool = False


@dataclass(frozen=True)
class FactorRow:
    """One bullet row. ``score`` and ``previous`` are None where undefined; ``mark`` is met, below, critical or none.

    ``spoken`` says the same as the drawing, for those who can't see it.
    """

    code: str
    name: str
    score: int | None
    shown: str
    target: int
    target_shown: str
    previous: int | None
    change: str
    region_median: str
    lost: str
    mark: str
    spoken: str


@dataclass(frozen=True)
class Factors:
    """The six rows under the message they make. ``steps`` are the bounds of the shaded ranges, ascending, in tenths."""

    title: str
    rows: tuple[FactorRow, ...]
    steps: tuple[int, ...]
    ranges: str


@dataclass(frozen=True)
class Fix:
    """One of the first things to put right. ``anchor`` names it among the failed standards, "" if it is not there."""

    title: str
    number: int
    critical: bool
    seen: str
    points: str
    due: str
    anchor: str


@dataclass(frozen=True)
class TrendPoint:
    """One published visit in the trend line; ``label`` is its wave."""

    score: int
    shown: str
    label: str


@dataclass(frozen=True)
class Trend:
    """The last published visits, oldest first, with the middle half of the region (None: too few stores)."""

    title: str
    points: tuple[TrendPoint, ...]
    target: int
    target_shown: str
    middle: tuple[int, int] | None
    floor: int
    ceiling: int
    notes: tuple[str, ...]
    spoken: str


@dataclass(frozen=True)
class Picture:
    """A cleaned photo: its public id for addresses, and where its large rendition is stored."""

    public_id: str
    key: str
    alt: str


@dataclass(frozen=True)
class FailedStandard:
    """A standard that was not kept. ``share`` is its points as thousandths of the dearest one's, for the bar.

    ``squares`` are the last visits, oldest first: failed, passed or not_asked.
    """

    anchor: str
    number: int
    title: str
    question: str
    points: str
    share: int
    critical: bool
    answer: str
    reasons: tuple[str, ...]
    note: str
    squares: tuple[str, ...]
    times: str
    factor: str
    section: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Failures:
    """The failed standards, criticals first, then by points lost, under the message they make."""

    title: str
    items: tuple[FailedStandard, ...]


@dataclass(frozen=True)
class AnswerLine:
    """One asked question with its answer; ``mark`` is critical, failed or ""."""

    number: int
    question: str
    answer: str
    note: str
    mark: str
    points: str


@dataclass(frozen=True)
class SectionAnswers:
    """The answers of one section of the walk."""

    title: str
    lines: tuple[AnswerLine, ...]


@dataclass(frozen=True)
class Code:
    """A QR code: ``side`` modules, and the dark ones as an SVG path to be drawn with a stroke of 1."""

    side: int
    path: str


@dataclass(frozen=True)
class Scorecard:
    """The whole scorecard of one visit, in one language."""

    language: str
    public_id: str
    address: str
    code: Code
    chain: str
    programme: str
    store: str
    store_id: str
    wave: str
    identity: tuple[str, ...]
    preview: bool
    score: str
    target: str
    previous: str | None
    verdict: str
    critical: bool
    headline: str
    support: tuple[str, ...]
    ladder: tuple[Rung, ...]
    factors: Factors
    fix_first: tuple[Fix, ...]
    trend: Trend
    keep_doing: tuple[str, ...]
    counted: str
    released: str
    failures: Failures
    answers: tuple[SectionAnswers, ...]
    withheld: str


@dataclass(frozen=True)
class PastVisit:
    """One line of a store's history; ``words`` are week and part of the day, ``verdict`` the rung it stood on."""

    public_id: str
    wave: str
    words: str
    shown: str
    change: str
    verdict: str
    critical: bool


@dataclass(frozen=True)
class Series:
    """The visits of a store that can be compared with each other: one checklist, one method. Newest first."""

    title: str
    trend: Trend | None
    visits: tuple[PastVisit, ...]


@dataclass(frozen=True)
class History:
    """All published visits of a store."""

    store: str
    store_code: str
    store_id: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class StoreLink:
    """A store that a manager can switch to."""

    public_id: str
    name: str
    code: str


@dataclass(frozen=True)
class Home:
    """A manager's first page: one store, its newest scorecard (None before the first), and their other stores."""

    store: StoreLink
    card: Scorecard | None
    others: tuple[StoreLink, ...]
