"""Scores: from the answers of one visit to factor scores, a total, a verdict and what to fix first.

Exact arithmetic throughout; one rounding, half-up, at the end. Bands, gates and the pass mark are decided on
the rounded value, so that a printed 90.0 is never in the band below 90.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from auditapp.domain.answers import AnswerValue, asked, best_value, fails, misses, value_of, worst
from auditapp.domain.checklist import (
    Checklist,
    Critical,
    CriticalEffect,
    Factor,
    Method,
    Question,
    ScoringMode,
    ScoringRules,
)

HUNDRED = Fraction(100)
ZERO = Fraction(0)
FAILED_BAND = "F"


class Verdict(StrEnum):
    """What a visit comes to."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCOMPLETE = "INCOMPLETE"
    NOT_SCORED = "NOT_SCORED"


@dataclass(frozen=True, slots=True)
class Lost:
    """Points of the total that one question cost: ``points`` rounded to two decimals, and ``exact``."""

    question: str
    points: Fraction
    exact: Fraction


@dataclass(frozen=True, slots=True)
class Result:
    """A scored visit. Scores are 0–100, None where undefined.

    ``total`` and ``factors`` are rounded to one decimal, as shown; ``exact_total`` is the total before that.
    ``reason`` is "" on a pass, else ``missing``, ``not_scored``, ``critical:<question>``, ``gate:<factor>``
    or ``pass_mark``. ``lost`` is what to fix first, the dearest first. ``missing``, ``failed`` and ``fired``
    (criticals) are question keys in file order.
    """

    verdict: Verdict
    reason: str
    total: Fraction | None
    exact_total: Fraction | None
    band: str | None
    factors: Mapping[Factor, Fraction | None]
    lost: tuple[Lost, ...]
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    fired: tuple[str, ...]


def score(checklist: Checklist, answers: Mapping[str, AnswerValue], method: Method) -> Result:
    """The result of a visit by ``method`` (BOTH means mystery); ``answers`` as `parse_answer` makes them.

    Answers to questions that are not asked, or not in the checklist, count for nothing.
    """
    reached = asked(checklist, answers, method)
    questions = [q for q in checklist.questions if q.key in reached]
    given = [(q, answers[q.key]) for q in questions if q.key in answers]
    missing = tuple(q.key for q in questions if q.required and q.key not in answers)
    fired = [(q, q.critical) for q, value in given if q.critical and _fires(q.critical, q, value)]
    marks = _marks(given)
    sums = _sums(marks)
    factors = _factors(checklist, sums, _zeroed(fired))
    exact = _total(checklist.scoring, sums, factors, marks, fired)
    shown = {factor: _round(value, 1) for factor, value in factors.items()}
    total = _round(exact, 1)
    verdict, reason = _verdict(checklist.scoring, missing, total, shown, fired)
    return Result(
        verdict=verdict,
        reason=reason,
        total=total,
        exact_total=exact,
        band=_band(checklist.scoring, total, fired),
        factors=shown,
        lost=_lost(checklist.scoring, marks, sums),
        missing=missing,
        failed=tuple(q.key for q, value in given if fails(q, value)),
        fired=tuple(q.key for q, _ in fired),
    )


def tenths(value: Fraction | None) -> int | None:
    """A score in whole tenths, rounded half-up: 84.25 gives 843. Means and statistics are made from these."""
    return None if value is None else _half_up(value, 1)


def display(value: Fraction | None, decimals: int = 1) -> str | None:
    """``value`` as it is shown: rounded half-up to ``decimals`` places, such as "90.0"."""
    if value is None:
        return None
    scaled = _half_up(value, decimals)
    digits = str(abs(scaled)).rjust(decimals + 1, "0")
    cut = len(digits) - decimals
    sign = "-" if scaled < 0 else ""
    return f"{sign}{digits[:cut]}.{digits[cut:]}" if decimals else sign + digits


@dataclass(frozen=True, slots=True)
class _Mark:
    """A weighted, answered question: ``got`` = w·v of ``best`` = w·v_max points."""

    question: Question
    got: Fraction
    best: Fraction


@dataclass(frozen=True, slots=True)
class _Sum:
    """The points of one factor, bonus questions left out; ``best`` is above 0."""

    got: Fraction
    best: Fraction


_Fired = list[tuple[Question, Critical]]


def _fires(critical: Critical, question: Question, value: AnswerValue) -> bool:
    return misses(question, value) if critical.on_any_miss else worst(question, value)


def _marks(given: list[tuple[Question, AnswerValue]]) -> list[_Mark]:
    """Weight-0 questions and N/A leave here: they count nowhere."""
    worths = ((q, value_of(q, value)) for q, value in given if q.scored)
    return [_Mark(q, q.weight * v, q.weight * best_value(q)) for q, v in worths if v is not None]


def _sums(marks: list[_Mark]) -> dict[Factor, _Sum]:
    """Factors that have a denominator, that is, a counting question."""
    sums: dict[Factor, _Sum] = {}
    for mark in marks:
        if not mark.question.bonus:
            before = sums.get(mark.question.factor, _Sum(ZERO, ZERO))
            sums[mark.question.factor] = _Sum(before.got + mark.got, before.best + mark.best)
    return sums


def _zeroed(fired: _Fired) -> set[Factor]:
    return {q.factor for q, critical in fired if critical.effect is CriticalEffect.FACTOR_ZERO}


def _factors(checklist: Checklist, sums: Mapping[Factor, _Sum], zeroed: set[Factor]) -> dict[Factor, Fraction | None]:
    return {f: _factor(sums[f], f in zeroed) if f in sums else None for f in checklist.factors()}


def _factor(points: _Sum, zeroed: bool) -> Fraction:
    return ZERO if zeroed else max(ZERO, HUNDRED * points.got / points.best)


def _total(
    rules: ScoringRules,
    sums: Mapping[Factor, _Sum],
    factors: Mapping[Factor, Fraction | None],
    marks: list[_Mark],
    fired: _Fired,
) -> Fraction | None:
    """In this order: factor_zero, total, bonus, caps."""
    bonus = sum((max(mark.got, ZERO) for mark in marks if mark.question.bonus), ZERO)
    pooled = rules.mode is ScoringMode.POOLED
    plain = _pooled(sums, _zeroed(fired), bonus) if pooled else _mean(rules, factors, bonus)
    if plain is None:
        return None
    caps = [critical.cap for _, critical in fired if critical.cap is not None]
    return min([max(ZERO, plain), HUNDRED, *caps])


def _pooled(sums: Mapping[Factor, _Sum], zeroed: set[Factor], bonus: Fraction) -> Fraction | None:
    best = sum((points.best for points in sums.values()), ZERO)
    # A zeroed factor loses what it earned. Negative points stay, or firing could raise the total.
    got = sum((min(points.got, ZERO) if f in zeroed else points.got for f, points in sums.items()), bonus)
    return HUNDRED * got / best if best else None


def _mean(rules: ScoringRules, factors: Mapping[Factor, Fraction | None], bonus: Fraction) -> Fraction | None:
    """The weighted mean of the defined factors: the weight of an undefined one is shared out pro rata."""
    defined = [(rules.weights.get(f, ZERO), value) for f, value in factors.items() if value is not None]
    weight = sum((w for w, _ in defined), ZERO)
    return sum((w * value for w, value in defined), ZERO) / weight + bonus if weight else None


def _verdict(
    rules: ScoringRules,
    missing: tuple[str, ...],
    total: Fraction | None,
    factors: Mapping[Factor, Fraction | None],
    fired: _Fired,
) -> tuple[Verdict, str]:
    if missing:
        return Verdict.INCOMPLETE, "missing"
    if total is None:
        return Verdict.NOT_SCORED, "not_scored"
    gates = [f for f, value in factors.items() if value is not None and value < rules.gates.get(f, ZERO)]
    if not (_fatal(fired) or gates or total < rules.pass_mark):
        return Verdict.PASS, ""
    if fired:
        return Verdict.FAIL, f"critical:{fired[0][0].key}"
    return Verdict.FAIL, f"gate:{gates[0]}" if gates else "pass_mark"


def _fatal(fired: _Fired) -> bool:
    return any(critical.effect is CriticalEffect.FAIL for _, critical in fired)


def _band(rules: ScoringRules, total: Fraction | None, fired: _Fired) -> str | None:
    if total is None:
        return None
    return FAILED_BAND if _fatal(fired) else next(name for name, bound in rules.bands if total >= bound)


def _lost(rules: ScoringRules, marks: list[_Mark], sums: Mapping[Factor, _Sum]) -> tuple[Lost, ...]:
    """Sorted by the shown points, so that what looks like a tie stands in file order."""
    shares = _shares(rules, sums)
    counting = [(mark.question, mark.best - mark.got) for mark in marks if not mark.question.bonus]
    exact = [(q.key, gap * shares[q.factor]) for q, gap in counting]
    lost = [Lost(key, Fraction(_half_up(points, 2), 100), points) for key, points in exact if points > 0]
    return tuple(sorted(lost, key=lambda one: -one.points))


def _shares(rules: ScoringRules, sums: Mapping[Factor, _Sum]) -> dict[Factor, Fraction]:
    """What one point of each factor is worth in the total. Pooling is weighting factors by their points."""
    pooled = rules.mode is ScoringMode.POOLED
    weights = {f: points.best if pooled else rules.weights.get(f, ZERO) for f, points in sums.items()}
    whole = sum(weights.values(), ZERO)
    return {f: HUNDRED * w / whole / sums[f].best if whole else ZERO for f, w in weights.items()}


def _round(value: Fraction | None, decimals: int) -> Fraction | None:
    return None if value is None else Fraction(_half_up(value, decimals), 10**decimals)


def _half_up(value: Fraction, decimals: int) -> int:
    """``value`` in whole units of the last of ``decimals`` places."""
    unit: int = 10**decimals
    return (2 * value.numerator * unit + value.denominator) // (2 * value.denominator)


def as_json(result: Result) -> dict[str, Any]:
    """The result as `flask checklist score` prints it and the database keeps it; scores as shown, exact decimals."""
    return {
        "verdict": result.verdict.value,
        "reason": result.reason,
        "total": display(result.total),
        "band": result.band,
        "factors": {factor.value: display(value) for factor, value in result.factors.items()},
        "lost": [{"question": item.question, "points": display(item.points, 2)} for item in result.lost],
        "missing": list(result.missing),
    }
