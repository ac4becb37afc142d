"""Answers merge as registers: one per question and field; the highest (sequence number, device) wins.

The order of arrival never matters, a repeated write changes nothing, and every write that arrives is logged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from auditapp.db.schema import AnswerField, AnswerWrite, ReviewEvent, Visit
from auditapp.domain.answers import parse_answer, to_json
from auditapp.domain.checklist import NA_REASONS, Checklist, Question
from auditapp.domain.errors import InvalidInput
from auditapp.domain.roles import Actor
from auditapp.domain.times import read_moment
from auditapp.domain.visit import FIELDS, NOTE_MAX, VisitState
from auditapp.i18n import N_
from auditapp.services.checklists import checklist_of
from auditapp.services.visits.access import begin, own_visit
from auditapp.services.visits.replies import REPLY, plain_words, take_reply

WEB_DEVICE = "page"
MOST_SEQ = 2**31 - 1  # what the database's whole numbers hold
MOST_AHEAD = 1_000_000
"""How far a batch may be above the visit's highest sequence number: one absurd number must not use up all of them."""
MOST_WRITES = 2000
CANT_MAX = 500

Changes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Write:
    """One write as it came: a raw JSON value for a field of a question; ``at`` by the phone's clock, if it told."""

    question: str
    field: str
    seq: int
    value: Any
    at: datetime | None = None


@dataclass
class Merged:
    """What became of a batch: the winner of every field named, what was refused and why, whether it amends, and how
    many writes were new."""

    winners: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    refused: dict[str, dict[str, InvalidInput]] = field(default_factory=dict)
    amendment: bool = False
    top_seq: int = 0
    fresh: int = 0


def check_device(device: object) -> str:
    """The name of the device that a batch comes from. Raises InvalidInput where it is none."""
    if not isinstance(device, str) or not 1 <= len(device) <= 64 or not device.isprintable():
        raise InvalidInput(N_("A batch of answers names the device that it comes from."), "device")
    return device


def save_fields(
    session: Session, actor: Actor, visit_id: str, changes: Changes, now: datetime, device: str = WEB_DEVICE
) -> Merged:
    """Write the fields given as one later change, as a page without script does. Raises InvalidInput; the caller's
    transaction then keeps nothing."""
    visit = own_visit(session, actor, visit_id, for_update=True)
    seq = visit.top_seq + 1
    writes = [Write(question, name, seq, value) for question, f in changes.items() for name, value in f.items()]
    merged = merge(session, visit, device, writes, now)
    for fields in merged.refused.values():
        raise next(iter(fields.values()))
    return merged


def patch_answers(
    session: Session,
    actor: Actor,
    visit_id: str,
    device: str,
    writes: Iterable[Write],
    now: datetime,
    clock_offset: int | None = None,
) -> Merged:
    """Merge a batch from a phone, whose clock is ``clock_offset`` seconds ahead of ours. A write that can't be is
    told in ``refused``; the others count all the same."""
    visit = own_visit(session, actor, visit_id, for_update=True)
    batch = list(writes)
    if len(batch) > MOST_WRITES:
        raise InvalidInput(N_("More than 2000 answers in one call. Send them in smaller parts."))
    return merge(session, visit, device, batch, now, clock_offset)


def merge(
    session: Session,
    visit: Visit,
    device: str,
    writes: list[Write],
    now: datetime,
    clock_offset: int | None = None,
) -> Merged:
    """As `patch_answers`, into a visit that is locked already, for whoever may reach it."""
    checklist = checklist_of(session, visit.checklist_version_id)
    merged = Merged(amendment=visit.state != VisitState.DRAFT)
    standing = {
        (row.question, row.field): row
        for row in session.scalars(select(AnswerField).where(AnswerField.visit_id == visit.id))
    }
    known = _known(session, visit, device, writes)
    fresh, top = [], visit.top_seq
    for write in writes:
        try:
            _check_seq(write.seq, top)
            value = checked(checklist, write)
            is_reply, mark = (write.question, write.field) == REPLY, (write.question, write.field, write.seq)
            if is_reply and mark not in known:
                given_at = write.at - timedelta(seconds=clock_offset or 0) if write.at else now
                take_reply(session, visit, value, given_at, now)
        except InvalidInput as error:
            error.field = write.question
            merged.refused.setdefault(write.question, {})[write.field] = error
            continue
        row = standing.get((write.question, write.field))
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        if mark not in known:
            known.add(mark)
            about = {"question": write.question, "field": write.field, "seq": write.seq}
            late = merged.amendment and not is_reply
            fresh.append({**about, "value": text, "given_at": write.at, "amendment": late})
        if not merged.amendment:
            row = standing[write.question, write.field] = _win(session, visit, device, write, text, row)
        if row is not None:
            merged.winners.setdefault(write.question, {})[write.field] = (row.seq, row.device)
        visit.top_seq = max(visit.top_seq, write.seq)
    if fresh:
        begin(visit, now)
        common = {
            "visit_id": visit.id, "device": device, "clock_offset": clock_offset, "received_at": now,
        }  # fmt: skip
        session.execute(insert(AnswerWrite), [{**common, **row} for row in fresh])
    if any(row["amendment"] for row in fresh):
        note_amendment(session, visit, now)
    merged.top_seq, merged.fresh = visit.top_seq, len(fresh)
    session.flush()
    return merged


def _check_seq(seq: int, top: int) -> None:
    if seq > top + MOST_AHEAD:
        raise InvalidInput(
            N_(
                "The sequence number {seq} is more than {most} above {top}, the highest one of this visit. "
                "Load the visit again, then give this answer once more."
            ),
            seq=seq,
            most=MOST_AHEAD,
            top=top,
        )


def note_amendment(session: Session, visit: Visit, now: datetime) -> None:
    """Tell the reviewer that something arrived after the receipt; it changes nothing by itself."""
    visit.revision += 1
    session.add(ReviewEvent(visit_id=visit.id, kind="amended", at=now, revision=visit.revision))


def _known(session: Session, visit: Visit, device: str, writes: list[Write]) -> set[tuple[str, str, int]]:
    """The writes of this device that were logged before: (question, field, sequence number)."""
    lowest = min((write.seq for write in writes), default=0)
    if lowest > visit.top_seq:
        return set()
    rows = session.execute(
        select(AnswerWrite.question, AnswerWrite.field, AnswerWrite.seq).where(
            AnswerWrite.visit_id == visit.id, AnswerWrite.device == device, AnswerWrite.seq >= lowest
        )
    )
    return {(row.question, row.field, row.seq) for row in rows}


def _win(session: Session, visit: Visit, device: str, write: Write, value: str, row: AnswerField | None) -> AnswerField:
    if row is None:
        row = AnswerField(
            visit_id=visit.id, question=write.question, field=write.field, value=value, seq=write.seq,
            device=device,
        )  # fmt: skip
        session.add(row)
    elif (write.seq, device) > (row.seq, row.device):
        row.value, row.seq, row.device = value, write.seq, device
    return row


def checked(checklist: Checklist, write: Write) -> Any:
    """The value in its canonical JSON form. Raises InvalidInput, saying what would be right."""
    if not 1 <= write.seq <= MOST_SEQ:
        raise InvalidInput(N_("The sequence number must be a whole number from 1 up."))
    if (write.question, write.field) == REPLY:
        return plain_words(write.value)
    question = checklist.by_key.get(write.question)
    if question is None:
        raise InvalidInput(
            N_("There is no question {question} in this checklist. Load the visit again."),
            question=write.question[:64],
        )
    if write.field not in FIELDS:
        raise InvalidInput(N_("A question has no field {name}."), name=write.field[:32])
    return None if write.value is None else _checked_field(question, write.field, write.value)


def _checked_field(question: Question, name: str, raw: Any) -> Any:
    if name == "value":
        value = parse_answer(question, raw)
        return None if value is None else to_json(value)
    if name == "note":
        return _text(raw, NOTE_MAX)
    if name == "cant":
        return _text(raw, CANT_MAX)
    if name == "reasons":
        if not isinstance(raw, list) or any(not isinstance(r, str) or r not in question.reasons for r in raw):
            raise InvalidInput(N_("One of the reasons is not offered for this question. Pick again."))
        return [r for r in question.reasons if r in raw]
    if name == "na_reason":
        if raw and raw not in NA_REASONS:
            raise InvalidInput(N_("Say why this does not apply by one of the reasons offered."))
        return raw or None
    return _timer(raw)


def _text(raw: Any, most: int) -> str | None:
    if not isinstance(raw, str):
        raise InvalidInput(N_("A note must be text."))
    text = raw.replace("\r\n", "\n").strip()
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidInput(N_("This text holds characters that can't be stored. Type it again without them."))
    if len(text) > most:
        raise InvalidInput(
            N_("This text has {count} characters; at most {most} can be kept. Shorten it."),
            count=len(text),
            most=most,
        )
    return text or None


def _timer(raw: Any) -> dict[str, str]:
    """Clock times of a stopwatch: start and stop, and the one corrected by hand with its reason."""
    allowed = {"start", "stop", "corrected", "why"}
    if not isinstance(raw, dict) or not set(raw) <= allowed or any(not isinstance(v, str) for v in raw.values()):
        raise InvalidInput(N_("A timer holds a start and a stop time."))
    for key in ("start", "stop"):
        if key in raw:
            _check_moment(raw[key])
    return {key: _text(value, 200) or "" for key, value in sorted(raw.items())}


def _check_moment(raw: str) -> None:
    """Raises InvalidInput unless this is a time with its zone: the page subtracts it from the server's clock."""
    moment = read_moment(raw)
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(N_("A timer holds a start and a stop time."))
