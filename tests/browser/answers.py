"""A whole visit's answers, worked out from its checklist as the program itself does."""

from __future__ import annotations

from auditapp import checklist_yaml
from auditapp.domain.answers import AnswerValue, asked, parse_answer
from auditapp.domain.checklist import Checklist, Method, Question, QuestionType
from tests.browser.serving import ROOT


def supermarket() -> Checklist:
    """The checklist of the demo chain."""
    return checklist_yaml.load(ROOT / "checklists" / "supermarket.yaml")[0]


def answers_to(checklist: Checklist, failed: str) -> dict[str, str]:
    """The best answer to every question that a secret visit asks, given the answers before, but for the failed one."""
    plan: dict[str, str] = {}
    values: dict[str, AnswerValue] = {}
    for question in checklist.questions:
        raw = "no" if question.key == failed else best(question)
        if question.key in asked(checklist, values, Method.MYSTERY):
            plan[question.key] = raw
            value = parse_answer(question, raw)
            assert value is not None
            values[question.key] = value
    return plan


def best(question: Question) -> str:
    """The best answer, as it is tapped or typed."""
    if question.type in {QuestionType.YES_NO, QuestionType.YES_PARTLY_NO}:
        return "yes"
    if question.type is QuestionType.SCALE:
        return str(question.points)
    if question.upto:
        return str(max(question.upto, key=lambda bound: bound[1])[0])
    return "14:05:30" if question.type is QuestionType.CLOCK else "Nothing to add."
