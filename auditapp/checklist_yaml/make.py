"""From records without a problem to the domain's checklist."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from auditapp.checklist_yaml.shapes import Rec
from auditapp.domain.checklist import (
    Action,
    Checklist,
    Condition,
    Critical,
    CriticalEffect,
    Evidence,
    Factor,
    Option,
    Question,
    ScoringRules,
    Section,
    ShowIf,
)


def make(root: Rec) -> Checklist:
    """The checklist of a file in which nothing is wrong."""
    return Checklist(
        key=root["key"],
        version=root["version"],
        title=root["title"],
        languages=tuple(root["languages"]),
        method=root["method"],
        minutes=root["minutes"],
        scoring=_scoring(root["scoring"]),
        sections=tuple(_section(section) for section in root["sections"]),
        brief=root["brief"],
    )


def answering(rec: Rec) -> Question:
    """As much of a question as says which answers it has and what they are worth; parts with a problem left out."""
    return Question(
        key="",
        factor=Factor.RNG,
        text={},
        type=rec["type"],
        points=rec["points"] or 0,
        options=_options(rec),
        upto=_upto(rec),
    )


def _scoring(rec: Rec) -> ScoringRules:
    return ScoringRules(
        weights=_ordered(rec["weights"]),
        pass_mark=rec["pass_mark"],
        bands=tuple(rec["bands"].values.items()),
        mode=rec["mode"],
        targets=_ordered(rec["targets"]),
        gates=_ordered(rec["gates"]),
        band_names=_values(rec["band_names"]),
    )


def _section(rec: Rec) -> Section:
    return Section(rec["key"], rec["title"], tuple(_question(question) for question in rec["questions"]))


def _question(rec: Rec) -> Question:
    return Question(
        key=rec["key"],
        factor=rec["factor"],
        text=rec["text"],
        type=rec["type"],
        hint=rec["hint"],
        weight=rec["weight"],
        required=rec["required"],
        na=rec["na"],
        asked_of=rec["asked_of"],
        critical=_critical(rec),
        bonus=rec["bonus"],
        evidence=Evidence(**rec["evidence"].values) if rec["evidence"] else Evidence(),
        reasons=_values(rec["reasons"]),
        show_if=_show_if(rec["show_if"]),
        stage=rec["stage"] or "",
        trait=rec["trait"] or "",
        standard=rec["standard"],
        action=Action(**rec["action"].values) if rec["action"] else None,
        points=rec["points"],
        labels=tuple(rec["labels"]),
        options=_options(rec),
        upto=_upto(rec),
    )


def _critical(rec: Rec) -> Critical | None:
    given = rec["critical"]
    if given is None:
        return None
    on_any_miss = rec["critical_on"] == "any_miss"
    if isinstance(given, Rec):
        return Critical(CriticalEffect.CAP, given["cap"], on_any_miss)
    return Critical(given, None, on_any_miss)


def _show_if(rec: Rec | None) -> ShowIf | None:
    if rec is None:
        return None
    if "question" in rec.values:
        return ShowIf((_condition(rec),))
    any_of = "any" in rec.values
    return ShowIf(tuple(_condition(one) for one in rec["any" if any_of else "all"]), any_of)


def _condition(rec: Rec) -> Condition:
    return Condition(rec["question"], tuple(rec["in"]))


def _options(rec: Rec) -> tuple[Option, ...]:
    found = rec["options"].sound() if rec["options"] else {}
    return tuple(Option(key, one["text"], one["value"] or Fraction(0)) for key, one in found.items())


def _upto(rec: Rec) -> tuple[tuple[Fraction, Fraction], ...]:
    return tuple(sorted(rec["upto"].sound().items())) if rec["upto"] else ()


def _values(rec: Rec | None) -> dict[Any, Any]:
    return rec.values if rec else {}


def _ordered(rec: Rec | None) -> dict[Any, Any]:
    """Total first, then the factors in their fixed order: the order in the file has no meaning."""
    order = ["total", *Factor]
    return dict(sorted(_values(rec).items(), key=lambda entry: order.index(entry[0])))
