"""Reading what a section's form posts: only what differs from the base it was rendered with is a change.

So a page that was open for hours never overwrites what another device saved meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from werkzeug.datastructures import MultiDict

from auditapp.domain.answers import exact_text
from auditapp.domain.checklist import NA, EvidenceRule, Question, QuestionType, Section
from auditapp.domain.errors import InvalidInput
from auditapp.gate.errors import words_of
from auditapp.i18n import N_
from auditapp.services.visits.models import OpenVisit
from auditapp.services.visits.registers import Write, checked
from auditapp.web.visit_cards import PHOTO_TYPES, asked_of
from auditapp.web.visit_page import State, states_of, strings

Form = MultiDict[str, str]
START, STOP = "start", "stop"


@dataclass
class Posted:
    """What a section's form asks for: changes to save, messages by question, and the cards as they were sent."""

    section: Section
    questions: list[Question]
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    touched: dict[str, set[str]] = field(default_factory=dict)

    def refuse(self, key: str, words: str) -> None:
        """Say what is wrong with a question; the first message stands."""
        self.errors.setdefault(key, words)
        self.states[key] = self.states[key]._replace(error=self.errors[key])


def read(form: Form, visit: OpenVisit, now: datetime) -> Posted:
    """The section that was posted. A field that can't be accepted is told in ``errors``; the others count."""
    section = next((s for s in visit.checklist.sections if s.key == form.get("section")), None)
    if section is None:
        raise InvalidInput(N_("This section is not in the checklist. Load the visit again."), "section")
    posted = Posted(section, asked_of(section, visit.method))
    base, standing = _base(form), states_of(visit)
    for question in posted.questions:
        sent = _sent(form, question)
        posted.states[question.key] = _state(sent, standing[question.key])
        for name, raw in sent.items():
            if raw != _canonical(name, base.get(question.key, {})):
                posted.touched.setdefault(question.key, set()).add(name)
                _change(posted, visit, question, name, raw)
    _timer(posted, visit, form, now)
    return posted


def coming_back(posted: Posted, visit: OpenVisit, everything: bool) -> dict[str, State]:
    """Cards that show what was sent over what is kept: those refused, or ``everything`` where nothing was saved."""
    kept = states_of(visit)
    found = {}
    for key in {**posted.touched, **posted.errors} if everything else posted.errors:
        sent, state, names = posted.states[key], kept[key], posted.touched.get(key, set())
        found[key] = state._replace(
            value=sent.value if "value" in names else state.value,
            note=sent.note if "note" in names else state.note,
            reasons=sent.reasons if "reasons" in names else state.reasons,
            na_reason=sent.na_reason if "na_reason" in names else state.na_reason,
            timer=sent.timer if "why" in names else state.timer,
            error=sent.error,
        )
    return found


def _sent(form: Form, question: Question) -> dict[str, Any]:
    """The fields that the question's card has, as plain strings and lists ("" and [] mean none)."""
    key = question.key
    sent: dict[str, Any] = {"value": _value(form, question)}
    if question.evidence.note is not EvidenceRule.NONE:
        sent["note"] = _text(form, f"{key}.n")
    if question.reasons:
        sent["reasons"] = form.getlist(f"{key}.r")
    if question.na:
        sent["na_reason"] = form.get(f"{key}.y", "")
    if f"{key}.w" in form:
        sent["why"] = _text(form, f"{key}.w")
    return sent


def _value(form: Form, question: Question) -> Any:
    key = question.key
    if question.na and form.get(f"{key}.x") == NA:
        return NA
    if question.type is QuestionType.MULTI:
        chosen = form.getlist(f"{key}.v")
        return NA if NA in chosen else chosen
    return "" if question.type in PHOTO_TYPES else _text(form, f"{key}.v")


def _text(form: Form, name: str) -> str:
    """Browsers post every line break as CR LF; answers hold LF."""
    return form.get(name, "").replace("\r\n", "\n")


def _base(form: Form) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(form.get("base", ""))
    except (ValueError, RecursionError):  # the second: brackets a thousand deep
        found = None
    if not isinstance(found, dict) or not all(isinstance(fields, dict) for fields in found.values()):
        raise InvalidInput(N_("This page was not complete. Load the visit again and save once more."), "base")
    return found


def _canonical(name: str, fields: Mapping[str, Any]) -> Any:
    """The base of a field in the form in which it is posted when nobody touched it."""
    if name == "why":
        timer = fields.get("timer")
        return timer.get("why", "") if isinstance(timer, dict) else ""
    value = fields.get(name)
    if name == "value" and isinstance(value, str):
        return value.replace("\r\n", "\n")
    return value if value is not None else [] if name == "reasons" else ""


def _state(sent: Mapping[str, Any], standing: State) -> State:
    start, stop, why = standing.timer
    return standing._replace(
        value=strings(sent["value"]) if sent["value"] else standing.value if standing.photos else (),
        note=sent.get("note", standing.note),
        reasons=tuple(sent.get("reasons", standing.reasons)),
        na_reason=sent.get("na_reason", standing.na_reason),
        timer=(start, stop, sent.get("why", why)),
    )


def _change(posted: Posted, visit: OpenVisit, question: Question, name: str, raw: Any) -> None:
    key = question.key
    if name == "value" and raw == []:
        raw = ""
    if name == "value" and raw == "" and key not in visit.filled.values:
        return
    timer = posted.changes.get(key, {}).get("timer") or visit.timers.get(key, {})
    try:
        if name == "why":
            value = checked(visit.checklist, Write(key, "timer", 1, {**timer, "why": raw}))
            posted.changes.setdefault(key, {})["timer"] = value
            return
        value = checked(visit.checklist, Write(key, name, 1, raw or None))
    except InvalidInput as error:
        posted.refuse(key, words_of(error))
        return
    changes = posted.changes.setdefault(key, {})
    changes[name] = value
    if name == "value" and timer.get(STOP):
        changes["timer"] = {**timer, "corrected": value or ""}


def _timer(posted: Posted, visit: OpenVisit, form: Form, now: datetime) -> None:
    """A press on a clock's button, where no script keeps the time: the server's clock does."""
    key, _, press = form.get("timer", "").rpartition(".")
    question = next((q for q in posted.questions if q.key == key and q.type is QuestionType.MINUTES), None)
    if question is None:
        return
    running = visit.timers.get(key, {})
    if press == START:
        posted.changes.setdefault(key, {})["timer"] = {START: now.isoformat()}
    elif press == STOP and running.get(START):
        minutes = minutes_between(datetime.fromisoformat(running[START]), now)
        posted.changes[key] = {
            **posted.changes.get(key, {}),
            "value": minutes,
            "timer": {START: running[START], STOP: now.isoformat()},
        }
        posted.errors.pop(key, None)


def minutes_between(start: datetime, stop: datetime) -> str:
    """The minutes from start to stop as decimal text, to the nearest tenth."""
    seconds = max(int((stop - start).total_seconds()), 0)
    return exact_text(Fraction(round(Fraction(seconds, 6)), 10))
