"""Short words for building checklists in tests."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from auditapp.domain.answers import AnswerValue, parse_answer
from auditapp.domain.checklist import (
    Checklist,
    Condition,
    Critical,
    CriticalEffect,
    Factor,
    Method,
    Option,
    Question,
    QuestionType,
    ScoringMode,
    ScoringRules,
    Section,
    ShowIf,
)
from auditapp.domain.scoring import Result, score

STF, SRV, RUL, RNG, INF, CNV = Factor.STF, Factor.SRV, Factor.RUL, Factor.RNG, Factor.INF, Factor.CNV
BANDS = (("A", Fraction(90)), ("B", Fraction(80)), ("C", Fraction(70)), ("D", Fraction(0)))
CRITICAL = Critical(CriticalEffect.FAIL)
FACTOR_ZERO = Critical(CriticalEffect.FACTOR_ZERO)


def cap(highest: int, on_any_miss: bool = False) -> Critical:
    return Critical(CriticalEffect.CAP, Fraction(highest), on_any_miss)


def ask(key: str, kind: str = "yes_no", weight: float | str = 1, factor: Factor = STF, **more: Any) -> Question:
    """A question. ``options`` and ``upto`` may be plain mappings of values."""
    if "options" in more:
        more["options"] = tuple(Option(k, {"en": k}, Fraction(str(v))) for k, v in more["options"].items())
    if "upto" in more:
        more["upto"] = tuple((Fraction(str(b)), Fraction(str(v))) for b, v in more["upto"].items())
    return Question(key, factor, {"en": key}, QuestionType(kind), weight=Fraction(str(weight)), **more)


def when(question: str, *values: str) -> ShowIf:
    return ShowIf((Condition(question, values),))


def checklist(
    *questions: Question,
    weights: Mapping[Factor, int] | None = None,
    mode: str = "factor",
    pass_mark: float | str = 80,
    gates: Mapping[Factor, int] | None = None,
) -> Checklist:
    """A checklist of one section; every factor weighs the same unless ``weights`` says otherwise."""
    rules = ScoringRules(
        weights={f: Fraction(w) for f, w in (dict.fromkeys(Factor, 1) if weights is None else weights).items()},
        pass_mark=Fraction(str(pass_mark)),
        bands=BANDS,
        mode=ScoringMode(mode),
        gates={f: Fraction(g) for f, g in (gates or {}).items()},
    )
    section = Section("all", {"en": "All"}, questions)
    return Checklist("test", 1, {"en": "Test"}, ("en",), Method.BOTH, 30, rules, (section,))


def parsed(checklist: Checklist, raw: Mapping[str, object]) -> dict[str, AnswerValue]:
    """The answers as a shopper gives them, read; those that are no answer left out."""
    found = {key: parse_answer(checklist.by_key[key], value) for key, value in raw.items()}
    return {key: value for key, value in found.items() if value is not None}


def scored(checklist: Checklist, method: Method = Method.BOTH, **raw: object) -> Result:
    return score(checklist, parsed(checklist, raw), method)
