"""Believable answers: a chance of doing well per question, moved by store, wave, shopper and the day."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditapp.domain.answers import AnswerValue, asked, fails, parse_answer, to_json
from auditapp.domain.checklist import BOUNDED_TYPES, NA, Checklist, EvidenceRule, Method, Question, QuestionType
from auditapp.domain.visit import needs
from auditapp.services.demo.cast import NOTES

USUAL = 1.2
CRITICALS_EASIER = 2.8


@dataclass(frozen=True)
class Filling:
    """What a demo shopper gives: field changes by question, and the questions that want a photo."""

    changes: Mapping[str, Mapping[str, Any]]
    photos: tuple[str, ...]


def fill(
    checklist: Checklist,
    level: float,
    language: str,
    chance: random.Random,
    forced: Mapping[str, str],
    eager: float,
) -> Filling:
    """Answers of one visit to a store that does as well as ``level`` (logits above the usual).

    ``forced`` fixes some answers; ``eager`` is the share of optional photos that are taken.
    """
    day = chance.gauss(0, 0.12)
    values: dict[str, AnswerValue] = {}
    for question in checklist.questions:
        if question.key not in asked(checklist, values, Method.MYSTERY):
            continue
        raw = forced.get(question.key) or _answer(question, level + day, chance)
        value = parse_answer(question, raw)
        if value is not None:
            values[question.key] = value
    changes = {key: _fields(checklist, key, value, language, chance) for key, value in values.items()}
    photos = tuple(
        q.key
        for q in checklist.questions
        if q.key in values
        and (
            needs(q.evidence.photo, q, values[q.key])
            or (q.evidence.photo is EvidenceRule.OPTIONAL and chance.random() < eager)
        )
    )
    return Filling(changes, photos)


def _answer(question: Question, level: float, chance: random.Random) -> object:
    if question.na and chance.random() < 0.07:
        return NA
    ease = (question.critical is not None) * CRITICALS_EASIER + random.Random(question.key).gauss(0, 0.6)  # noqa: S311
    good = chance.random() < 1 / (1 + math.exp(-(USUAL + ease + level)))
    nearly = chance.random() < 0.45
    if question.type in BOUNDED_TYPES and question.upto:
        return _amount(question, good, nearly, chance)
    match question.type:
        case QuestionType.YES_NO:
            return "yes" if good else "no"
        case QuestionType.YES_PARTLY_NO:
            return "yes" if good else "partly" if nearly else "no"
        case QuestionType.SCALE:
            top = question.points
            return max(1, top - (chance.randint(0, 1) if good else chance.randint(1, top - 2)))
        case QuestionType.CHOICE:
            return chance.choice(question.options).key
        case QuestionType.MULTI:
            return [option.key for option in question.options if option.value > 0][:2]
        case QuestionType.CLOCK:
            return f"{chance.randint(10, 18):02}:{chance.randint(0, 59):02}"
        case _:
            return None


def _amount(question: Question, good: bool, nearly: bool, chance: random.Random) -> object:
    bounds = [float(bound) for bound, _ in question.upto]
    if good:
        low, high = 0.0, bounds[0]
    elif nearly and len(bounds) > 1:
        low, high = bounds[0], bounds[1]
    else:
        low, high = bounds[-1], bounds[-1] * 1.8 + 2
    value = chance.uniform(low + 0.01 * (not good), high)
    if question.type is QuestionType.MINUTES:
        return f"{value:.1f}"
    return round(value) if good else math.ceil(value)


def _fields(checklist: Checklist, key: str, value: AnswerValue, language: str, chance: random.Random) -> dict[str, Any]:
    question = checklist.by_key[key]
    fields: dict[str, Any] = {"value": to_json(value)}
    if value == NA:
        fields["na_reason"] = chance.choice(("does_not_apply", "could_not_be_checked"))
    elif question.weight and fails(question, value):
        if question.reasons:
            fields["reasons"] = [chance.choice(list(question.reasons))]
        if needs(question.evidence.note, question, value) or chance.random() < 0.3:
            fields["note"] = chance.choice(NOTES[language])
    return fields
