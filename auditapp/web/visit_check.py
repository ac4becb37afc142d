"""The page before sending: what is missing, each section in numbers, the times, and the ways out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from auditapp.domain.answers import fails, to_json
from auditapp.domain.checklist import NA, Question, QuestionType, Section
from auditapp.domain.errors import InvalidInput
from auditapp.domain.times import read_moment
from auditapp.domain.visit import Lack, progress
from auditapp.gate.errors import words_of
from auditapp.gate.request import gettext, translations
from auditapp.i18n import N_
from auditapp.services.visits.models import OpenVisit
from auditapp.services.visits.registers import Write, checked
from auditapp.services.visits.times import ORDER
from auditapp.web import visit_words
from auditapp.web.visit_cards import asked_of

MANY = 5
LOCAL = "%Y-%m-%dT%H:%M"
COMMA = N_(", ")
WRITE_TIME = N_("Write day and time, such as 14 September 2026, 14:05.")


@dataclass
class Excuses:
    """Reasons why something can't be given, as changes to save, and what could not be kept of them."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def excuses(form: Mapping[str, str], visit: OpenVisit) -> Excuses:
    """The "I can't" reasons that were posted and are new."""
    found = Excuses()
    for key in visit.asked:
        raw = form.get(f"cant.{key}", "")
        if f"cant.{key}" not in form or raw.strip() == visit.filled.cant.get(key, ""):
            continue
        try:
            found.changes[key] = {"cant": checked(visit.checklist, Write(key, "cant", 1, raw))}
        except InvalidInput as error:
            found.errors[f"cant.{key}"] = words_of(error)
    return found


def times(form: Mapping[str, str]) -> tuple[tuple[datetime, datetime] | None, dict[str, str]]:
    """Arrival and leaving, without a zone as people write them, and what is wrong with them."""
    arrived, left = (read_moment(form.get(name)) for name in ("arrived", "left"))
    if arrived and left:
        return (arrived, left), {}
    wrong = gettext(WRITE_TIME)
    return None, {name: wrong for name, moment in (("arrived", arrived), ("left", left)) if moment is None}


def view(
    visit: OpenVisit,
    language: str,
    form: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    stale: str = "",
) -> dict[str, Any]:
    """What visits/check.html shows; ``form`` and ``errors`` come back from a post that could not be taken, and
    ``stale`` says why where the page was too old."""
    form, errors = form or {}, errors or {}
    problems = [(visit.checklist.numbers[m.question], m.question, _missing(visit, m, language)) for m in visit.missing]
    unanswered = [visit.checklist.numbers[m.question] for m in visit.missing if m.lack is Lack.ANSWER]
    early = len(unanswered) > MANY and not form
    return {
        "visit": visit,
        "row": visit.row,
        "problems": problems,
        "listed": [p for p in problems if not (early and p[0] in unanswered)],
        "unanswered": unanswered if early else [],
        "tried": bool(form),
        "errors": errors,
        "stale": stale,
        "cant": {**visit.filled.cant, **{k[5:]: v for k, v in form.items() if k.startswith("cant.")}},
        "excused": [
            (visit.checklist.numbers[key], key, visit.checklist.say(visit.checklist.by_key[key].text, language))
            for key in visit.filled.cant
            if key in visit.asked
        ],
        "sections": [
            _section(visit, section, language)
            for section in visit.checklist.sections
            if asked_of(section, visit.method)
        ],
        "timings": _timings(visit, language),
        "arrived": form.get("arrived") or _suggested(visit, visit.arrived_at or visit.suggested_arrival),
        "left": form.get("left") or _suggested(visit, visit.left_at or visit.suggested_leaving),
        "reason": form.get("reason", ""),
        "photos": sum(len(photos) for photos in visit.photos.values()),
        "megabytes": sum(p.size for photos in visit.photos.values() for p in photos) / 1e6 + 0.05,
        "script_words": json.dumps(_script_words(), ensure_ascii=False),
    }


def _script_words() -> dict[str, object]:
    """What the page's script says; where it is counted, the words for one and for many."""
    plural = translations().ngettext
    counted = {  # the catalogs have them from `_counts` and from the template
        "answers": ("%(n)s answer", "%(n)s answers"),
        "load": ("%(n)s photo, %(mb)s MB", "%(n)s photos, %(mb)s MB"),
        "photos": ("%(n)s photo", "%(n)s photos"),
        "notes": ("%(n)s note", "%(n)s notes"),
        "photos_missing": ("%(n)s photo missing", "%(n)s photos missing"),
        "critical": ("%(n)s critical standard not met", "%(n)s critical standards not met"),
        "unanswered": ("%(n)s question has no answer yet", "%(n)s questions have no answer yet"),
    }
    return {
        **{name: [plural(*words, 1), plural(*words, 2)] for name, words in counted.items()},
        **visit_words.lacks(),
        "na": [gettext("%(n)s N/A")] * 2,
        "of": gettext("%(answered)s of %(asked)s answered"),
        "minutes": gettext("%(minutes)s minutes"),
        "cant": gettext("I can't give this for question %(number)s, because"),
        "dark": gettext("The photo for question %(number)s is very dark."),
        "blurred": gettext("The photo for question %(number)s looks blurred."),
        "twice": gettext("The photo for question %(number)s looks the same as one for question %(other)s."),
        "old": gettext("The photo for question %(number)s was taken before this visit."),
        "refused": gettext("Question %(number)s: %(words)s"),
        "time": gettext(WRITE_TIME),
        "order": gettext(ORDER),
        "error": gettext("Error: %(title)s"),
        "full": visit_words.full(),
        "later": gettext("Goes when there is signal"),
        "comma": gettext(COMMA),
    }


def _missing(visit: OpenVisit, lack: Any, language: str) -> str:
    question = visit.checklist.by_key[lack.question]
    text = visit.checklist.say(question.text, language)
    return visit_words.missing(lack, visit.checklist.numbers[lack.question], text)


def _suggested(visit: OpenVisit, moment: datetime | None) -> str:
    return moment.astimezone(ZoneInfo(visit.row.time_zone)).strftime(LOCAL) if moment else ""


def _section(visit: OpenVisit, section: Section, language: str) -> dict[str, Any]:
    """A row of the page; without counts as long as none of its questions is asked."""
    questions = [q for q in asked_of(section, visit.method) if q.key in visit.asked]
    done = progress(tuple(questions), visit.asked, visit.filled)
    counts = [gettext("%(answered)s of %(asked)s answered", answered=done.answered, asked=done.asked)]
    counts += _counts(visit, questions)
    return {
        "key": section.key,
        "title": visit.checklist.say(section.title, language),
        "counts": gettext(COMMA).join(counts) if questions else "",
        "critical": sum(_critical_failed(visit, q) for q in questions),
    }


def _counts(visit: OpenVisit, questions: list[Question]) -> list[str]:
    """What else there is to say of a section, each a phrase of its own."""
    ngettext = translations().ngettext
    filled, keys = visit.filled, {q.key for q in questions}
    na = sum(filled.values.get(k) == NA for k in keys)
    photos = sum(filled.photos.get(k, 0) for k in keys)
    notes = sum(k in filled.notes for k in keys)
    lacking = sum(m.question in keys and m.lack is Lack.PHOTO for m in visit.missing)
    phrases = (
        (na, gettext("%(n)s N/A", n=na)),
        (photos, ngettext("%(n)s photo", "%(n)s photos", photos) % {"n": photos}),
        (notes, ngettext("%(n)s note", "%(n)s notes", notes) % {"n": notes}),
        (lacking, ngettext("%(n)s photo missing", "%(n)s photos missing", lacking) % {"n": lacking}),
    )
    return [phrase for n, phrase in phrases if n]


def _critical_failed(visit: OpenVisit, question: Question) -> bool:
    value = visit.filled.values.get(question.key)
    return question.critical is not None and value is not None and fails(question, value)


def _timings(visit: OpenVisit, language: str) -> list[tuple[int, str, str]]:
    """Number, question and minutes of every stopwatch question; "" for minutes where there is nothing to show."""
    say = visit.checklist.say
    return [
        (visit.checklist.numbers[q.key], say(q.text, language), _minutes(visit, q))
        for section in visit.checklist.sections
        for q in asked_of(section, visit.method)
        if q.type is QuestionType.MINUTES
    ]


def _minutes(visit: OpenVisit, question: Question) -> str:
    value = visit.filled.values.get(question.key) if question.key in visit.asked else None
    return "" if value is None or value == NA else str(to_json(value))
