"""A question as a card: everything about it that is the same for every visit, in one language."""

from __future__ import annotations

import json
from dataclasses import dataclass

from babel.lists import format_list

from auditapp.domain.answers import answer_words, best_value, fails, parse_answer, value_of
from auditapp.domain.checklist import (
    BOUNDED_TYPES,
    NA,
    NA_REASONS,
    Checklist,
    EvidenceRule,
    Method,
    Question,
    QuestionType,
    Section,
)
from auditapp.gate.request import gettext
from auditapp.services.answer_words import NA_WORDS, WORDS

PHOTO_TYPES = frozenset({QuestionType.PHOTO, QuestionType.SIGNATURE})
INPUTS = {
    QuestionType.COUNT: ("text", "numeric"),
    QuestionType.NUMBER: ("text", "decimal"),
    QuestionType.MINUTES: ("text", "decimal"),
    QuestionType.CLOCK: ("time", ""),
    QuestionType.DATE: ("date", ""),
    QuestionType.BARCODE: ("text", ""),
}
RULES = {
    EvidenceRule.REQUIRED: "req",
    EvidenceRule.ON_FAIL: "fail",
    EvidenceRule.OPTIONAL: "opt",
    EvidenceRule.NONE: "",
}


@dataclass(frozen=True, eq=False)
class Card:
    """What is the same about a question for every visit: words in one language, options, rules."""

    key: str
    number: int
    text: str
    hint: str
    kind: str
    critical: bool
    required: bool
    na: bool
    options: tuple[tuple[str, str, bool], ...]
    layout: str
    input: tuple[str, str] | None
    reasons: tuple[tuple[str, str], ...]
    na_reasons: tuple[tuple[str, str], ...]
    photo: str
    note: str
    note_min: int
    need: str
    only_if: str
    rule: str
    failing: str


def asked_of(section: Section, method: Method) -> list[Question]:
    """The questions of a section that a visit by this method can ask."""
    return [q for q in section.questions if q.asked_of in (Method.BOTH, method)]


def make_card(checklist: Checklist, question: Question, language: str) -> Card:
    """Prepare the card of a question."""
    photo = RULES[question.evidence.photo]
    if question.type in PHOTO_TYPES:
        photo = "req" if question.required else "own"
    options = tuple(
        (word, word_of(checklist, question, word, language), _fails(question, word)) for word in answer_words(question)
    )
    return Card(
        key=question.key,
        number=checklist.numbers[question.key],
        text=checklist.say(question.text, language),
        hint=checklist.say(question.hint, language),
        kind=question.type.value,
        critical=question.critical is not None,
        required=question.required,
        na=question.na,
        options=options,
        layout=_layout(question, options),
        input=INPUTS.get(question.type),
        reasons=tuple((key, checklist.say(text, language)) for key, text in question.reasons.items()),
        na_reasons=tuple((key, gettext(NA_WORDS[key])) for key in NA_REASONS),
        photo=photo,
        note=RULES[question.evidence.note],
        note_min=question.evidence.note_min,
        need=_need(question),
        only_if=_only_if(checklist, question, language),
        rule=_rule(question),
        failing=_failing(question),
    )


def word_of(checklist: Checklist, question: Question, word: str, language: str) -> str:
    """An answer's word as people read it."""
    if question.type is QuestionType.SCALE and word != NA:
        return checklist.say(question.labels[int(word) - 1], language) if question.labels else word
    texts = {option.key: checklist.say(option.text, language) for option in question.options}
    return texts[word] if word in texts else gettext(WORDS[word])


def _fails(question: Question, word: str) -> bool:
    value = None if question.type is QuestionType.MULTI else parse_answer(question, word)
    return value is not None and fails(question, value)


def _layout(question: Question, options: tuple[tuple[str, str, bool], ...]) -> str:
    """How the options lie: y a row of words, l stacked rows, p a row of numbers; m for squares to tick."""
    if question.type is QuestionType.MULTI:
        return "l m"
    if question.type is QuestionType.SCALE and not question.labels:
        return "p"
    if question.type in (QuestionType.SCALE, QuestionType.CHOICE) or any(len(words) > 12 for _, words, _ in options):
        return "l"
    return "y"


def _only_if(checklist: Checklist, question: Question, language: str) -> str:
    if question.show_if is None:
        return ""
    parts = []
    for condition in question.show_if.conditions:
        parent = checklist.by_key[condition.question]
        words = [word_of(checklist, parent, word, language) for word in condition.values]
        answers = format_list(words, style="or", locale=language)
        number = checklist.numbers[parent.key]
        parts.append(gettext("question %(number)s is answered %(answers)s", number=number, answers=answers))
    joined = format_list(parts, style="or" if question.show_if.any_of else "standard", locale=language)
    return gettext("Only if %(conditions)s", conditions=joined)


def _rule(question: Question) -> str:
    """The condition as the page's script reads it: [any, [question, [answers]], …]."""
    if question.show_if is None:
        return ""
    conditions = [[c.question, list(c.values)] for c in question.show_if.conditions]
    return json.dumps([int(question.show_if.any_of), *conditions], separators=(",", ":"))


def _need(question: Question) -> str:
    """What sending needs of the card, as the page's script reads it; see `domain.visit.missing`.

    ``opt``: no answer; ``p``, ``pf``: a photo, always or where the answer fails; ``n5``, ``nf5``: a note of at least so
    many characters. Where the answer is a photo, that is all there is.
    """
    evidence = question.evidence
    photo = {} if question.type in PHOTO_TYPES else {EvidenceRule.REQUIRED: "p", EvidenceRule.ON_FAIL: "pf"}
    note = {EvidenceRule.REQUIRED: "n", EvidenceRule.ON_FAIL: "nf"}.get(evidence.note)
    parts = (
        "" if question.required else "opt",
        photo.get(evidence.photo, ""),
        f"{note}{max(evidence.note_min, 1)}" if note else "",
    )
    return " ".join(part for part in parts if part)


def _failing(question: Question) -> str:
    """Which answers fail where it takes a sum: {v: worth of each option, b: best} or [[bound, fails], …, otherwise]."""
    if question.type is QuestionType.MULTI:
        worth = {option.key: float(option.value) for option in question.options}
        return json.dumps({"v": worth, "b": float(best_value(question))}, separators=(",", ":"))
    if question.type in BOUNDED_TYPES and question.upto:
        best = best_value(question)
        steps = [[float(bound), int(value < best and value <= best / 2)] for bound, value in question.upto]
        beyond = value_of(question, question.upto[-1][0] + 1)
        return json.dumps([*steps, int(beyond is not None and beyond < best)], separators=(",", ":"))
    return ""
