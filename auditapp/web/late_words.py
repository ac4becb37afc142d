"""What came after the receipt, in words, each field beside what stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditapp.domain.answers import parse_answer
from auditapp.domain.checklist import Question
from auditapp.gate.request import gettext
from auditapp.i18n import N_
from auditapp.services.answer_words import NA_WORDS, answer_words, reason_words
from auditapp.services.reviews.reading import Reviewed
from auditapp.web.stopwatch_words import NOTHING, stopwatch_words

FIELD_WORDS = {
    "value": N_("Answer"),
    "note": N_("Note"),
    "reasons": N_("Reasons"),
    "na_reason": N_("Why N/A"),
    "cant": N_("Why not answered"),
    "timer": N_("Stopwatch"),
}


@dataclass(frozen=True)
class LateRow:
    """One late field: its name, what stands, what came and when."""

    name: str
    stands: str
    came: str
    at: datetime


def late_rows(found: Reviewed, language: str) -> dict[str, list[LateRow]]:
    """The late answers by question, in the order of arrival."""
    rows: dict[str, list[LateRow]] = {}
    for late in found.late_answers:
        question = found.checklist.by_key.get(late.question)
        if question is not None:
            stands = _words(found, question, late.field, _standing(found, question.key, late.field), language)
            came = _words(found, question, late.field, _parsed(question, late.field, late.value), language)
            rows.setdefault(question.key, []).append(
                LateRow(gettext(FIELD_WORDS[late.field]), stands, came, late.at),
            )
    return rows


def _standing(found: Reviewed, key: str, field: str) -> Any:
    filled = found.filled
    held = {
        "value": filled.values,
        "note": filled.notes,
        "reasons": filled.reasons,
        "na_reason": filled.na_reasons,
        "cant": filled.cant,
        "timer": found.timers,
    }
    return held[field].get(key)


def _parsed(question: Question, field: str, raw: Any) -> Any:
    return parse_answer(question, raw) if field == "value" and raw is not None else raw


def _words(found: Reviewed, question: Question, field: str, value: Any, language: str) -> str:
    if not value and field != "value":
        return NOTHING
    if field == "value":
        return answer_words(found.checklist, question, value, language)
    if field == "reasons":
        return ", ".join(reason_words(found.checklist, question, tuple(value), language))
    if field == "na_reason":
        return gettext(NA_WORDS[value])
    if field == "timer":
        return stopwatch_words(value, found.time_zone)
    return str(value)
