"""What a checklist is: sections of questions, each belonging to one of the six retail service factors.

Pure data, immutable, without a word about YAML or a database. `auditapp.checklist_yaml` makes these from a file,
`auditapp.domain.scoring` scores answers against them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

Text = Mapping[str, str]
"""One text in several languages: language code → words."""


class Factor(StrEnum):
    """The six factors of the level of service in a shop, in the order in which they are always shown."""

    RNG = "RNG"
    CNV = "CNV"
    SRV = "SRV"
    INF = "INF"
    STF = "STF"
    RUL = "RUL"


class Method(StrEnum):
    """How a visit is made: a secret mystery visit or an announced observation (store audit)."""

    MYSTERY = "mystery"
    OBSERVATION = "observation"
    BOTH = "both"


class QuestionType(StrEnum):
    """The kinds of answer; the first seven can be scored."""

    YES_NO = "yes_no"
    YES_PARTLY_NO = "yes_partly_no"
    SCALE = "scale"
    CHOICE = "choice"
    MULTI = "multi"
    COUNT = "count"
    NUMBER = "number"
    MINUTES = "minutes"
    TEXT = "text"
    CLOCK = "clock"
    DATE = "date"
    BARCODE = "barcode"
    SIGNATURE = "signature"
    PHOTO = "photo"


SCORED_TYPES = frozenset(
    {
        QuestionType.YES_NO,
        QuestionType.YES_PARTLY_NO,
        QuestionType.SCALE,
        QuestionType.CHOICE,
        QuestionType.MULTI,
        QuestionType.COUNT,
        QuestionType.NUMBER,
        QuestionType.MINUTES,
    }
)
BOUNDED_TYPES = frozenset({QuestionType.COUNT, QuestionType.NUMBER, QuestionType.MINUTES})
CONDITION_TYPES = SCORED_TYPES - BOUNDED_TYPES
"""Question types that a ``show_if`` may refer to."""

NA = "na"
NA_REASONS = ("does_not_apply", "could_not_be_checked", "not_safe")


class EvidenceRule(StrEnum):
    """When a photo or a note belongs to an answer."""

    REQUIRED = "required"
    ON_FAIL = "on_fail"
    OPTIONAL = "optional"
    NONE = "none"


class CriticalEffect(StrEnum):
    """What a fired critical does to the visit."""

    FAIL = "fail"
    FACTOR_ZERO = "factor_zero"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Critical:
    """A critical mark. ``cap`` is the highest total, 0–100, and set exactly for effect CAP."""

    effect: CriticalEffect
    cap: Fraction | None = None
    on_any_miss: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice or multi question; ``value`` may be negative."""

    key: str
    text: Text
    value: Fraction


@dataclass(frozen=True, slots=True)
class Condition:
    """True where the answer to ``question`` is (or, for multi, contains) one of ``values``; "na" counts as a value."""

    question: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShowIf:
    """All (or, with ``any_of``, any) of the conditions must hold for a question to be asked."""

    conditions: tuple[Condition, ...]
    any_of: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What belongs to an answer; ``note_min`` is the least number of characters of a needed note."""

    photo: EvidenceRule = EvidenceRule.OPTIONAL
    note: EvidenceRule = EvidenceRule.OPTIONAL
    note_min: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """What a failed answer proposes: who acts, and within how many days."""

    owner: str
    due_days: int


@dataclass(frozen=True)
class Question:
    """One question. ``weight`` ≥ 0, 0 = information only; ``points`` 3–10 for scales, else 0.

    ``upto`` holds (bound, value) ascending by bound, for count, number and minutes.
    """

    key: str
    factor: Factor
    text: Text
    type: QuestionType
    hint: Text = field(default_factory=dict)
    weight: Fraction = Fraction(0)
    required: bool = True
    na: bool = False
    asked_of: Method = Method.BOTH
    critical: Critical | None = None
    bonus: bool = False
    evidence: Evidence = field(default_factory=Evidence)
    reasons: Mapping[str, Text] = field(default_factory=dict)
    show_if: ShowIf | None = None
    stage: str = ""
    trait: str = ""
    standard: Text = field(default_factory=dict)
    action: Action | None = None
    points: int = 0
    labels: tuple[Text, ...] = ()
    options: tuple[Option, ...] = ()
    upto: tuple[tuple[Fraction, Fraction], ...] = ()

    @property
    def scored(self) -> bool:
        """Whether the answer can count (weight above 0)."""
        return self.weight > 0


@dataclass(frozen=True)
class Section:
    """A stretch of the walk through the shop, with its questions in order."""

    key: str
    title: Text
    questions: tuple[Question, ...]


class ScoringMode(StrEnum):
    """Whether factors are weighted (factor) or all points go into one pot (pooled)."""

    FACTOR = "factor"
    POOLED = "pooled"


@dataclass(frozen=True)
class ScoringRules:
    """How answers become a verdict. Weights ≥ 0; pass mark, targets, gates and bands 0–100.

    ``bands`` are (name, lower bound) descending, the last at 0. ``targets`` are keyed "total" and factor codes.
    """

    weights: Mapping[Factor, Fraction]
    pass_mark: Fraction
    bands: tuple[tuple[str, Fraction], ...]
    mode: ScoringMode = ScoringMode.FACTOR
    targets: Mapping[str, Fraction] = field(default_factory=dict)
    gates: Mapping[Factor, Fraction] = field(default_factory=dict)
    band_names: Mapping[str, Text] = field(default_factory=dict)

    def target(self, name: str) -> Fraction:
        """The target of "total" or of a factor code, 0–100; the pass mark where none is set."""
        return self.targets.get(name, self.pass_mark)


@dataclass(frozen=True)
class Checklist:
    """A whole checklist, one published or publishable version of it."""

    key: str
    version: int
    title: Text
    languages: tuple[str, ...]
    method: Method
    minutes: int
    scoring: ScoringRules
    sections: tuple[Section, ...]
    brief: Text = field(default_factory=dict)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All questions in file order."""
        return tuple(q for s in self.sections for q in s.questions)

    @cached_property
    def by_key(self) -> Mapping[str, Question]:
        """Questions by their key."""
        return {q.key: q for q in self.questions}

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number that is shown beside each question, from 1 in file order."""
        return {q.key: i for i, q in enumerate(self.questions, 1)}

    def factors(self) -> Iterator[Factor]:
        """The factors that have at least one question, in their fixed order."""
        present = {q.factor for q in self.questions}
        return (f for f in Factor if f in present)

    def say(self, text: Text, language: str) -> str:
        """``text`` in ``language``, falling back to the checklist's first language, then to any."""
        return text.get(language) or text.get(self.languages[0]) or next(iter(text.values()), "")


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding about a checklist file: where (line and column from 1), what is wrong, and what would be right."""

    file: str
    line: int
    column: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning" if self.warning else "error"
        return f"{self.file}:{self.line}:{self.column}: {kind}: {self.message}"
