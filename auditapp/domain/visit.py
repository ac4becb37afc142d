"""The life of a visit, as a table, and what a shopper still owes before sending it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

from auditapp.domain.answers import AnswerValue, asked, fails
from auditapp.domain.checklist import NA, Checklist, EvidenceRule, Method, Question
from auditapp.domain.errors import Conflict


class VisitState(StrEnum):
    """Where a visit is between the shopper's phone and the store's scorecard."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    QUERIED = "queried"
    APPROVED = "approved"
    PUBLISHED = "published"
    VOID = "void"
    NOT_DONE = "not_done"


class Step(StrEnum):
    """What moves a visit."""

    SUBMIT = "submit"
    GIVE_UP = "give_up"
    ASK = "ask"
    REPLY = "reply"
    APPROVE = "approve"
    PUBLISH = "publish"
    VOID = "void"


STEPS: dict[tuple[VisitState, Step], VisitState] = {
    (VisitState.DRAFT, Step.SUBMIT): VisitState.SUBMITTED,
    (VisitState.DRAFT, Step.GIVE_UP): VisitState.NOT_DONE,
    (VisitState.SUBMITTED, Step.ASK): VisitState.QUERIED,
    (VisitState.QUERIED, Step.REPLY): VisitState.SUBMITTED,
    (VisitState.SUBMITTED, Step.APPROVE): VisitState.APPROVED,
    (VisitState.APPROVED, Step.PUBLISH): VisitState.PUBLISHED,
    (VisitState.SUBMITTED, Step.VOID): VisitState.VOID,
    (VisitState.QUERIED, Step.VOID): VisitState.VOID,
    (VisitState.APPROVED, Step.VOID): VisitState.VOID,
    (VisitState.PUBLISHED, Step.VOID): VisitState.VOID,
    (VisitState.NOT_DONE, Step.VOID): VisitState.VOID,
}

SENT = frozenset(VisitState) - {VisitState.DRAFT}
"""States in which the shopper holds a receipt and later changes are amendments."""


def after(state: VisitState, step: Step) -> VisitState:
    """The state that follows. Raises Conflict where the table has no such step."""
    try:
        return STEPS[state, step]
    except KeyError:
        raise Conflict() from None


FIELDS = ("value", "note", "reasons", "na_reason", "cant", "timer")
"""The registers of one question. ``cant`` is the shopper's reason for not giving an answer or its evidence."""

NOTE_MAX = 4000


@dataclass(frozen=True)
class Filled:
    """The answers of one visit as they stand: parsed values and everything beside them, by question key.

    A question of type photo or signature is answered by its photo: its value is "yes" as long as it has one.
    """

    values: Mapping[str, AnswerValue] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    na_reasons: Mapping[str, str] = field(default_factory=dict)
    cant: Mapping[str, str] = field(default_factory=dict)
    photos: Mapping[str, int] = field(default_factory=dict)


class Lack(StrEnum):
    """What can be missing from one question."""

    ANSWER = "answer"
    PHOTO = "photo"
    NOTE = "note"
    NA_REASON = "na_reason"


@dataclass(frozen=True)
class Missing:
    """One thing that a question still needs before the visit can be sent without an excuse."""

    question: str
    lack: Lack
    least: int = 0


def needs(rule: EvidenceRule, question: Question, value: AnswerValue | None) -> bool:
    """Whether the rule asks for evidence, given the answer (N/A and no answer need none)."""
    if value is None or value == NA:
        return False
    return rule is EvidenceRule.REQUIRED or (rule is EvidenceRule.ON_FAIL and fails(question, value))


def missing(checklist: Checklist, filled: Filled, method: Method) -> tuple[Missing, ...]:
    """Everything still owed, in file order. A ``cant`` reason on a question excuses whatever it lacks."""
    keys = asked(checklist, filled.values, method)
    return tuple(
        lack
        for question in checklist.questions
        if question.key in keys and not filled.cant.get(question.key)
        for lack in _lacks(question, filled)
    )


def _lacks(question: Question, filled: Filled) -> list[Missing]:
    key, value = question.key, filled.values.get(question.key)
    if value is None:
        return [Missing(key, Lack.ANSWER)] if question.required else []
    lacks = []
    if value == NA and not filled.na_reasons.get(key):
        lacks.append(Missing(key, Lack.NA_REASON))
    if needs(question.evidence.photo, question, value) and not filled.photos.get(key):
        lacks.append(Missing(key, Lack.PHOTO))
    least = max(question.evidence.note_min, 1)
    if needs(question.evidence.note, question, value) and len(filled.notes.get(key, "").strip()) < least:
        lacks.append(Missing(key, Lack.NOTE, least))
    return lacks


@dataclass(frozen=True)
class Progress:
    """How far one section or a whole visit is."""

    answered: int
    asked: int

    @property
    def left(self) -> int:
        """Questions still without an answer."""
        return self.asked - self.answered


def progress(questions: tuple[Question, ...], keys: Set[str], filled: Filled) -> Progress:
    """Answered and asked among ``questions``; ``keys`` as given by `domain.answers.asked`."""
    open_keys = [q.key for q in questions if q.key in keys]
    return Progress(sum(answered(key, filled) for key in open_keys), len(open_keys))


def answered(key: str, filled: Filled) -> bool:
    """Whether the shopper has dealt with the question: an answer, or a reason why there is none."""
    return key in filled.values or bool(filled.cant.get(key))
