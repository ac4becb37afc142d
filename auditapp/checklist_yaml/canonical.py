"""The canonical JSON of a checklist: what the database keeps of a published version, and what is hashed.

It has the shape of the file, with numbers as exact decimal text. What equals its default is left out, so that a later
program, whose format has more keys, still writes the same text for the same content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from auditapp.domain.answers import exact_text
from auditapp.domain.checklist import (
    Action,
    Checklist,
    Condition,
    Critical,
    CriticalEffect,
    Evidence,
    EvidenceRule,
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

Json = dict[str, Any]

_EMPTY: tuple[Any, ...] = (None, "", {}, [])
_DEFAULTS: Json = {
    "weight": "0",
    "required": True,
    "na": False,
    "asked_of": "both",
    "critical_on": "worst",
    "bonus": False,
    "points": 0,
}
_EVIDENCE_DEFAULTS: Json = {"photo": "optional", "note": "optional", "note_min": 0}
_ABSENT = object()


def canonical(checklist: Checklist) -> str:
    """The one JSON text of this content, on one line. Equal content in equal order gives equal text."""
    return json.dumps(_checklist_out(checklist), ensure_ascii=False, separators=(",", ":"))


def from_canonical(text: str) -> Checklist:
    """The checklist that `canonical` wrote, without checking it again."""
    found: Json = json.loads(text)
    return Checklist(
        key=found["key"],
        version=found["version"],
        title=found["title"],
        languages=tuple(found["languages"]),
        method=Method(found["method"]),
        minutes=found["minutes"],
        scoring=_scoring_in(found["scoring"]),
        sections=tuple(_section_in(section) for section in found["sections"]),
        brief=found.get("brief", {}),
    )


def first_difference(old: str, new: str) -> str | None:
    """The first place where two canonical texts differ, with both values; None where they say the same."""
    return _difference("", json.loads(old), json.loads(new))


def _difference(path: str, old: Any, new: Any) -> str | None:
    if isinstance(old, dict) and isinstance(new, dict):
        names = list(dict.fromkeys([*old, *new]))
        parts = ((f"{path}.{n}".lstrip("."), old.get(n, _ABSENT), new.get(n, _ABSENT)) for n in names)
        found = next((hit for part in parts if (hit := _difference(*part))), None)
        return found or (_change(path, list(old), list(new)) if list(old) != list(new) else None)
    if isinstance(old, list) and isinstance(new, list):
        pairs = enumerate(zip_longest(old, new, fillvalue=_ABSENT))
        parts = ((f"{path}[{_label(i, a, b)}]", a, b) for i, (a, b) in pairs)
        return next((hit for part in parts if (hit := _difference(*part))), None)
    return None if old is new or (type(old) is type(new) and old == new) else _change(path, old, new)


def _label(index: int, old: Any, new: Any) -> str:
    """The key that an item has in both, else its number from 0."""
    keys = [one.get("key") if isinstance(one, dict) else None for one in (old, new)]
    return keys[0] if keys[0] and keys[0] == keys[1] else str(index)


def _change(path: str, old: Any, new: Any) -> str:
    return f"{path}: {_brief(old)} → {_brief(new)}"


def _brief(value: Any) -> str:
    if value is _ABSENT:
        return "–"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:80] + "…"


def _slim(found: Json, defaults: Mapping[str, Any]) -> Json:
    return {k: v for k, v in found.items() if v not in _EMPTY and v != defaults.get(k, _ABSENT)}


def _numbers_out(numbers: Mapping[Any, Fraction]) -> Json:
    return {str(key): exact_text(number) for key, number in numbers.items()}


def _checklist_out(checklist: Checklist) -> Json:
    found = {
        "format": 1,
        "key": checklist.key,
        "version": checklist.version,
        "title": checklist.title,
        "languages": list(checklist.languages),
        "method": str(checklist.method),
        "minutes": checklist.minutes,
        "brief": checklist.brief,
        "scoring": _scoring_out(checklist.scoring),
        "sections": [_section_out(section) for section in checklist.sections],
    }
    return _slim(found, {})


def _scoring_out(rules: ScoringRules) -> Json:
    found = {
        "mode": str(rules.mode),
        "weights": _numbers_out(rules.weights),
        "pass_mark": exact_text(rules.pass_mark),
        "targets": _numbers_out(rules.targets),
        "gates": _numbers_out(rules.gates),
        "bands": _numbers_out(dict(rules.bands)),
        "band_names": rules.band_names,
    }
    return _slim(found, {"mode": "factor"})


def _section_out(section: Section) -> Json:
    return {"key": section.key, "title": section.title, "questions": [_question_out(q) for q in section.questions]}


def _question_out(question: Question) -> Json:
    found = {
        "key": question.key,
        "factor": str(question.factor),
        "text": question.text,
        "hint": question.hint,
        "type": str(question.type),
        "points": question.points,
        "labels": list(question.labels),
        "options": {o.key: {"text": o.text, "value": exact_text(o.value)} for o in question.options},
        "upto": {exact_text(bound): exact_text(worth) for bound, worth in question.upto},
        "weight": exact_text(question.weight),
        "required": question.required,
        "na": question.na,
        "asked_of": str(question.asked_of),
        **_critical_out(question.critical),
        "bonus": question.bonus,
        "evidence": _evidence_out(question.evidence),
        "reasons": question.reasons,
        "show_if": _show_if_out(question.show_if),
        "stage": question.stage,
        "trait": question.trait,
        "standard": question.standard,
        "action": question.action and {"owner": question.action.owner, "due_days": question.action.due_days},
    }
    return _slim(found, _DEFAULTS)


def _critical_out(critical: Critical | None) -> Json:
    if critical is None:
        return {}
    effect = str(critical.effect) if critical.cap is None else {"cap": exact_text(critical.cap)}
    return {"critical": effect, "critical_on": "any_miss" if critical.on_any_miss else "worst"}


def _evidence_out(evidence: Evidence) -> Json:
    found = {"photo": str(evidence.photo), "note": str(evidence.note), "note_min": evidence.note_min}
    return _slim(found, _EVIDENCE_DEFAULTS)


def _show_if_out(show_if: ShowIf | None) -> Json:
    if show_if is None:
        return {}
    conditions = [{"question": c.question, "in": list(c.values)} for c in show_if.conditions]
    if len(conditions) == 1 and not show_if.any_of:
        return conditions[0]
    return {"any" if show_if.any_of else "all": conditions}


def _numbers_in(found: Json) -> dict[str, Fraction]:
    return {key: Fraction(number) for key, number in found.items()}


def _factors_in(found: Json) -> dict[Factor, Fraction]:
    return {Factor(key): Fraction(number) for key, number in found.items()}


def _scoring_in(found: Json) -> ScoringRules:
    return ScoringRules(
        weights=_factors_in(found["weights"]),
        pass_mark=Fraction(found["pass_mark"]),
        bands=tuple(_numbers_in(found["bands"]).items()),
        mode=ScoringMode(found.get("mode", "factor")),
        targets=_numbers_in(found.get("targets", {})),
        gates=_factors_in(found.get("gates", {})),
        band_names=found.get("band_names", {}),
    )


def _section_in(found: Json) -> Section:
    return Section(found["key"], found["title"], tuple(_question_in(question) for question in found["questions"]))


def _question_in(found: Json) -> Question:
    options = found.get("options", {}).items()
    upto = found.get("upto", {}).items()
    return Question(
        key=found["key"],
        factor=Factor(found["factor"]),
        text=found["text"],
        type=QuestionType(found["type"]),
        hint=found.get("hint", {}),
        weight=Fraction(found.get("weight", "0")),
        required=found.get("required", True),
        na=found.get("na", False),
        asked_of=Method(found.get("asked_of", "both")),
        critical=_critical_in(found),
        bonus=found.get("bonus", False),
        evidence=_evidence_in(found.get("evidence", {})),
        reasons=found.get("reasons", {}),
        show_if=_show_if_in(found.get("show_if")),
        stage=found.get("stage", ""),
        trait=found.get("trait", ""),
        standard=found.get("standard", {}),
        action=Action(**found["action"]) if "action" in found else None,
        points=found.get("points", 0),
        labels=tuple(found.get("labels", ())),
        options=tuple(Option(key, one["text"], Fraction(one["value"])) for key, one in options),
        upto=tuple((Fraction(bound), Fraction(worth)) for bound, worth in upto),
    )


def _critical_in(found: Json) -> Critical | None:
    given = found.get("critical")
    if given is None:
        return None
    on_any_miss = found.get("critical_on") == "any_miss"
    if isinstance(given, dict):
        return Critical(CriticalEffect.CAP, Fraction(given["cap"]), on_any_miss)
    return Critical(CriticalEffect(given), None, on_any_miss)


def _evidence_in(found: Json) -> Evidence:
    rules = _EVIDENCE_DEFAULTS | found
    return Evidence(EvidenceRule(rules["photo"]), EvidenceRule(rules["note"]), rules["note_min"])


def _show_if_in(found: Json | None) -> ShowIf | None:
    if found is None:
        return None
    any_of = "any" in found
    conditions = found.get("any") or found.get("all") or [found]
    return ShowIf(tuple(Condition(one["question"], tuple(one["in"])) for one in conditions), any_of)
