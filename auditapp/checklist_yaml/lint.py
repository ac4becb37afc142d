"""Warnings about a checklist that is valid, but may measure badly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from auditapp.checklist_yaml.nodes import Node, Sequence
from auditapp.checklist_yaml.rules import questions_of
from auditapp.checklist_yaml.shapes import Rec
from auditapp.domain.answers import best_value, worst_value
from auditapp.domain.checklist import Checklist, Problem, Question, QuestionType, Text

_SUBJECTIVE = re.compile(
    r"\b(?:acceptable|adequate(?:ly)?|appropriate(?:ly)?|attractive(?:ly)?|awful|bad|badly|beautiful(?:ly)?|"
    r"comfortable|courteous(?:ly)?|decent|enthusiastic(?:ally)?|excellent|friendly|genuine(?:ly)?|good|great|"
    r"helpful(?:ly)?|impressive|inviting|lovely|nice|nicely|pleasant(?:ly)?|polite(?:ly)?|poor|poorly|"
    r"professional(?:ly)?|proper|properly|quickly|reasonabl[ey]|satisfactory|sincere(?:ly)?|sufficient(?:ly)?|"
    r"suitabl[ey]|timely|warm|warmly|welcoming|well-kept|wonderful)\b"
    r"|친절|좋은|좋았|적절|적당|충분|훌륭|만족스|예쁜|쾌적|깔끔|정중|공손"
    r"|親切|友善|良好|適當|適切|足夠|舒適|滿意|優秀|美觀|禮貌|熱情|合理",
    re.IGNORECASE,
)
_STAFF = (
    r"(?:staff|employee|cashier|seller|sales\s?(?:person|man|woman)|salesperson|assistant|clerk|waiter|waitress|"
    r"barista|consultant|advis[eo]r|colleague|associate|manager|worker|person|who (?:served|helped))"
)
_STAFF_NAME = re.compile(
    rf"\bnames?\b.*\b{_STAFF}|\b{_STAFF}.*\bnames?\b|이름|성함|성명|姓名|名字|大名", re.IGNORECASE | re.DOTALL
)


def warnings(checklist: Checklist, root: Rec, file: str) -> list[Problem]:
    """What a careful colleague would remark, in file order."""
    places = {rec["key"]: rec for rec in questions_of(root)}
    found = [
        *_translations(checklist, root.place("languages")),
        *_empty_factors(checklist, root["scoring"]["weights"]),
        *(remark for q in checklist.questions for remark in _remarks(q, places[q.key])),
    ]
    problems = [Problem(file, at.place.line, at.place.column, words, warning=True) for at, words in found]
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _translations(checklist: Checklist, languages: Node) -> Iterator[tuple[Node, str]]:
    texts = [text for text in _texts(checklist) if text]
    codes = languages.items if isinstance(languages, Sequence) else []
    for node, code in zip(codes, checklist.languages, strict=True):
        missing = sum(code not in text for text in texts)
        if missing:
            first = checklist.languages[0]
            yield node, f"{missing} of {len(texts)} texts are not translated into {code}. They show in {first}."


def _texts(checklist: Checklist) -> Iterator[Text]:
    yield checklist.title
    yield checklist.brief
    yield from checklist.scoring.band_names.values()
    for section in checklist.sections:
        yield section.title
    for question in checklist.questions:
        yield from (question.text, question.hint, question.standard)
        yield from question.reasons.values()
        yield from question.labels
        yield from (option.text for option in question.options)


def _empty_factors(checklist: Checklist, weights: Rec) -> Iterator[tuple[Node, str]]:
    present = set(checklist.factors())
    for factor, weight in checklist.scoring.weights.items():
        if weight > 0 and factor not in present:
            yield weights.place(factor), f"{factor} has a weight, but no question. Its weight goes to the others."


def _remarks(question: Question, rec: Rec) -> Iterator[tuple[Node, str]]:
    words = ", ".join(dict.fromkeys(hit for text in question.text.values() for hit in _SUBJECTIVE.findall(text)))
    if question.scored and words:
        yield rec.place("text"), f"Two people may judge this differently: {words}. Ask for what can be seen or counted."
    if question.scored and not _can_fail(question):
        yield rec.node, "No answer to this question can fail. Give an option half of the best value or less."
    if question.critical and question.na:
        yield rec.place("na"), "This critical question can be avoided by N/A. Delete `na` unless it must be so."
    if question.type is QuestionType.TEXT and any(_STAFF_NAME.search(text) for text in question.text.values()):
        yield (
            rec.place("text"),
            "This asks for a staff member's name, which is personal data. Ask for the role instead.",
        )


def _can_fail(question: Question) -> bool:
    lowest = worst_value(question)
    if question.type is QuestionType.MULTI and lowest == 0:
        lowest = min((option.value for option in question.options), default=Fraction(0))
    return lowest <= best_value(question) / 2
