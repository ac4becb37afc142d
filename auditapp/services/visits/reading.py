"""What a shopper sees of one assignment: its row, the brief, and the visit with everything given so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from auditapp.db.schema import (
    AnswerField,
    AnswerWrite,
    Assignment,
    ChecklistVersion,
    Photo,
    ReviewEvent,
    Visit,
)
from auditapp.domain.answers import AnswerValue, asked, parse_answer
from auditapp.domain.checklist import Checklist, EvidenceRule, Method, QuestionType
from auditapp.domain.errors import Forbidden, InvalidInput
from auditapp.domain.roles import Actor, Do, can
from auditapp.domain.visit import Filled, VisitState, missing, progress
from auditapp.services.checklists import checklist_by_public_id, checklist_of
from auditapp.services.visits.access import own_assignment, own_visit
from auditapp.services.visits.evidence import PHOTO_TYPES
from auditapp.services.visits.models import Brief, OpenVisit, PhotoRef, Query, Row

Register = SqlRow[str, str, str, int, str]

# Built once: these run with every page of a visit.
_REGISTERS = select(
    AnswerField.question, AnswerField.field, AnswerField.value, AnswerField.seq, AnswerField.device
).where(AnswerField.visit_id == bindparam("visit"))
_PHOTOS = (
    select(Photo.question, Photo.uuid, Photo.public_id, Photo.size, Photo.raw_sha256)
    .where(Photo.visit_id == bindparam("visit"), Photo.deleted_at.is_(None))
    .order_by(Photo.id)
)
_TOLD = case((AnswerWrite.clock_offset.is_not(None), AnswerWrite.given_at))
_UNTOLD = case((_TOLD.is_(None), AnswerWrite.received_at))
_SPANS = (
    select(
        AnswerWrite.clock_offset,
        func.min(_TOLD),
        func.max(_TOLD),
        func.min(_UNTOLD),
        func.max(_UNTOLD),
        func.min(AnswerWrite.received_at),
        func.max(AnswerWrite.received_at),
    )
    .where(AnswerWrite.visit_id == bindparam("visit"))
    .group_by(AnswerWrite.clock_offset)
)


def row_of(assignment: Assignment, visit: Visit | None, answered: int = 0, questions: int = 0) -> Row:
    """The list row of an assignment and its visit, if one has begun."""
    store = assignment.store
    begun = visit if visit and visit.begun_at else None
    return Row(
        assignment_id=assignment.public_id,
        visit_id=begun.public_id if begun else None,
        list_number=assignment.list_number,
        store_name=store.name,
        address=store.address,
        time_zone=store.time_zone,
        opens_at=assignment.opens_at,
        due_at=assignment.due_at,
        fee=assignment.fee,
        currency=assignment.currency,
        state=begun.state if begun else "new",
        method=visit.method if visit else assignment.wave.method,
        answered=answered,
        asked=questions,
        submitted_at=begun.submitted_at if begun else None,
    )


def brief(session: Session, actor: Actor, assignment_id: str, language: str) -> Brief:
    """What to read before going in."""
    assignment = own_assignment(session, actor, assignment_id)
    visit = session.scalar(select(Visit).where(Visit.assignment_id == assignment.id))
    checklist = checklist_of(session, assignment.wave.checklist_version_id)
    method = Method(assignment.wave.method)
    asked_now = [q for q in checklist.questions if q.asked_of in (Method.BOTH, method)]
    return Brief(
        row=row_of(assignment, visit),
        lines=tuple(line.strip() for line in checklist.say(checklist.brief, language).splitlines() if line.strip()),
        minutes=checklist.minutes,
        task=assignment.task,
        sections=tuple(
            (checklist.say(s.title, language), n)
            for s in checklist.sections
            if (n := sum(q in asked_now for q in s.questions))
        ),
        questions=len(asked_now),
        wants_photos=sum(q.evidence.photo is not EvidenceRule.NONE for q in asked_now),
        timers=tuple(checklist.say(q.text, language) for q in asked_now if q.type is QuestionType.MINUTES),
    )


def open_visit(session: Session, actor: Actor, visit_id: str) -> OpenVisit:
    """The actor's visit with all that was given so far. Raises NotFound for anybody else's."""
    visit = own_visit(session, actor, visit_id)
    checklist = checklist_of(session, visit.checklist_version_id)
    rows = session.execute(_REGISTERS, {"visit": visit.id}).all()
    registers = _registers(rows)
    photos = photos_of(session, visit.id)
    filled = _filled(checklist, registers, {k: len(v) for k, v in photos.items()})
    method = Method(visit.method)
    keys = asked(checklist, filled.values, method)
    done = progress(checklist.questions, keys, filled)
    first, last = span_of(session, visit) if visit.arrived_at is None else (None, None)
    return OpenVisit(
        id=visit.public_id,
        row=row_of(visit.assignment, visit, done.answered, done.asked),
        checklist=checklist,
        method=method,
        filled=filled,
        asked=keys,
        state=VisitState(visit.state),
        photos=photos,
        timers={q: f["timer"] for q, f in registers.items() if f.get("timer")},
        missing=missing(checklist, filled, method),
        seqs=_seqs(rows),
        top_seq=visit.top_seq,
        query=query_of(session, visit),
        arrived_at=visit.arrived_at,
        left_at=visit.left_at,
        suggested_arrival=first,
        suggested_leaving=last,
    )


def span_of(session: Session, visit: Visit) -> tuple[datetime | None, datetime | None]:
    """The first and the last answer, by the phone's word corrected by how wrong its clock was; where it said nothing,
    when they arrived. Never before the visit was made, never after the answer arrived.

    A clock is equally wrong for all that came with one offset, so that the ends of each such group are enough.
    """
    firsts, lasts = [], []
    for offset, told_first, told_last, first, last, came_first, came_last in session.execute(
        _SPANS, {"visit": visit.id}
    ):
        wrong = timedelta(seconds=offset or 0)
        firsts += [first] if first else []
        lasts += [last] if last else []
        firsts += [min(told_first - wrong, came_first)] if told_first else []
        lasts += [min(told_last - wrong, came_last)] if told_last else []
    if not firsts:
        return None, None
    return max(min(firsts), visit.created_at), max(max(lasts), visit.created_at)


def preview(session: Session, actor: Actor, version_id: str) -> OpenVisit:
    """An empty visit of a checklist version, for looking at it as a shopper would; nothing is saved."""
    if not can(actor, Do.PROGRAMME_RUN):
        raise Forbidden()
    checklist = checklist_by_public_id(session, version_id)
    moment = session.scalars(
        select(ChecklistVersion.published_at).where(ChecklistVersion.public_id == version_id)
    ).one()
    method = Method.MYSTERY if checklist.method is Method.BOTH else checklist.method
    row = Row(
        assignment_id="", visit_id=None, list_number=0, store_name="", address="", time_zone="UTC",
        opens_at=moment, due_at=moment, fee=0, currency="", state="new", method=method.value,
    )  # fmt: skip
    return OpenVisit(
        id="",
        row=row,
        checklist=checklist,
        method=method,
        filled=Filled(),
        asked=asked(checklist, {}, method),
        state=VisitState.DRAFT,
        missing=missing(checklist, Filled(), method),
    )


def query_of(session: Session, visit: Visit) -> Query | None:
    """The reviewer's open question, if the visit waits for an answer."""
    if visit.state != VisitState.QUERIED:
        return None
    event = session.scalars(
        select(ReviewEvent)
        .where(ReviewEvent.visit_id == visit.id, ReviewEvent.kind == "asked")
        .order_by(ReviewEvent.id.desc())
        .limit(1)
    ).one()
    return Query(event.question, event.text, event.at)


def registers_of(session: Session, visit_id: int) -> dict[str, dict[str, Any]]:
    """Question → field → value, for everything that is not cleared."""
    return _registers(session.execute(_REGISTERS, {"visit": visit_id}))


def _registers(rows: Iterable[Register]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for question, name, text, _, _ in rows:
        if text != "null":
            found.setdefault(question, {})[name] = json.loads(text)
    return found


def _seqs(rows: Iterable[Register]) -> dict[str, dict[str, tuple[int, str]]]:
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for question, name, _, seq, device in rows:
        found.setdefault(question, {})[name] = (seq, device)
    return found


def photos_of(session: Session, visit_id: int) -> dict[str, tuple[PhotoRef, ...]]:
    """The photos that stand, by question, in the order in which they came."""
    found: dict[str, tuple[PhotoRef, ...]] = {}
    rows = session.execute(_PHOTOS, {"visit": visit_id})
    for question, uuid, public_id, size, raw in rows:
        found[question] = (*found.get(question, ()), PhotoRef(uuid, public_id, size, raw))
    return found


def filled_of(session: Session, visit_id: int, checklist: Checklist) -> Filled:
    """The answers of a visit as they stand."""
    counts = {key: len(refs) for key, refs in photos_of(session, visit_id).items()}
    return _filled(checklist, registers_of(session, visit_id), counts)


def answers_given(session: Session, visit: Visit) -> int:
    """How many of the questions that are asked in the end have an answer; photos are counted apart."""
    checklist, registers = checklist_of(session, visit.checklist_version_id), registers_of(session, visit.id)
    keys = asked(
        checklist, _filled(checklist, registers, {}).values, Method(visit.method)
    )  # no condition is on a photo
    return sum("value" in registers.get(key, {}) for key in keys)


def _filled(checklist: Checklist, registers: Mapping[str, Mapping[str, Any]], photos: Mapping[str, int]) -> Filled:
    values: dict[str, AnswerValue] = {
        question.key: "yes"
        for question in checklist.questions
        if question.type in PHOTO_TYPES and photos.get(question.key)
    }
    for key, fields in registers.items():
        question = checklist.by_key.get(key)
        if question and "value" in fields:
            try:
                value = parse_answer(question, fields["value"])
            except InvalidInput:
                continue
            if value is not None:
                values[key] = value
    return Filled(
        values=values,
        notes=_texts(registers, "note"),
        reasons={k: tuple(f["reasons"]) for k, f in registers.items() if f.get("reasons")},
        na_reasons=_texts(registers, "na_reason"),
        cant=_texts(registers, "cant"),
        photos=photos,
    )


def _texts(registers: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, str]:
    return {key: fields[name] for key, fields in registers.items() if fields.get(name)}
