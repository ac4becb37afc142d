"""The checklist page as data: what never changes is prepared once, and a card is rendered once per state it can be in.

Most of the sixty cards of a page are blank or answered by one tap, so their HTML is the same for everybody who reads
the same checklist in the same language; a note is put in afterwards. Cards with photos or anything else that somebody
typed are rendered anew each time.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask import current_app, url_for
from markupsafe import Markup, escape

from auditapp.domain.answers import fails, to_json
from auditapp.domain.checklist import Checklist, Method, Question, Section
from auditapp.domain.visit import Progress, progress
from auditapp.services.visits.models import OpenVisit, PhotoRef
from auditapp.web.visit_cards import PHOTO_TYPES, Card, asked_of, make_card

_MOST_PREPARED = 32
_MOST_CARDS = 4096
_HERE = "\0"
"""Where a note goes in a card that is kept; no text that was kept holds this character."""


class State(NamedTuple):
    """What one visit has in a card.

    ``shut``: not asked as the answers stand; ``bad``: the answer fails; ``excused``: "I can't", with a reason.
    """

    value: tuple[str, ...] = ()
    note: str = ""
    reasons: tuple[str, ...] = ()
    na_reason: str = ""
    timer: tuple[str, str, str] = ("", "", "")
    photos: tuple[PhotoRef, ...] = ()
    error: str = ""
    shut: bool = False
    bad: bool = False
    excused: bool = False


@dataclass(frozen=True, eq=False)
class Prepared:
    """A checklist in one language for one method, with the cards rendered so far."""

    checklist: Checklist
    sections: tuple[tuple[Section, str, tuple[tuple[Question, Card], ...]], ...]
    html: dict[tuple[str, State], Markup] = field(default_factory=dict)


@dataclass(frozen=True)
class SectionView:
    """One section of the page: ``base`` is the JSON of what it shows, against which a post is compared.

    ``done``: everything is answered and nothing is missing.
    """

    key: str
    title: str
    progress: Progress
    done: bool
    cards: Markup
    base: str


@dataclass(frozen=True)
class Page:
    """The whole page.

    ``left`` counts the questions of which sending still needs something; ``first_open`` is the number of the first of
    them, 0 where none is left. ``seqs`` is the JSON of (sequence number, device) of everything that the page shows.
    """

    sections: tuple[SectionView, ...]
    left: int
    first_open: int
    seqs: str


_PREPARED: OrderedDict[tuple[int, str, Method], Prepared] = OrderedDict()


def page(visit: OpenVisit, language: str, posted: Mapping[str, State] | None = None) -> Page:
    """The page of a visit; ``posted`` has the states of cards that come back with what was just sent."""
    ready = _prepared(visit.checklist, language, visit.method)
    states = {**states_of(visit), **(posted or {})}
    photos_at = url_for("visits.checklist", visit_id=visit.id) + "/photos/" if visit.id else ""
    owing = {lack.question for lack in visit.missing}
    sections = tuple(
        SectionView(
            section.key,
            title,
            done := progress(tuple(q for q, _ in cards), visit.asked, visit.filled),
            not done.left and all(q.key not in owing for q, _ in cards),
            Markup("").join([_html(ready, card, states[card.key], photos_at) for _, card in cards]),
            base_of(visit, tuple(q for q, _ in cards)),
        )
        for section, title, cards in ready.sections
    )
    first = min((visit.checklist.numbers[key] for key in owing), default=0)
    return Page(sections, len(owing), first, json.dumps(visit.seqs, ensure_ascii=False, separators=(",", ":")))


def states_of(visit: OpenVisit) -> dict[str, State]:
    """The state of every card as the server has it."""
    filled, photos = visit.filled, visit.photos
    found = {}
    for question in visit.checklist.questions:
        key = question.key
        value = filled.values.get(key)
        found[key] = State(
            () if value is None else strings(to_json(value)),
            filled.notes.get(key, ""),
            filled.reasons.get(key, ()),
            filled.na_reasons.get(key, ""),
            timer_of(visit, key),
            photos.get(key, ()),
            "",
            key not in visit.asked,
            value is not None and fails(question, value),
            key in filled.cant,
        )
    return found


def timer_of(visit: OpenVisit, key: str) -> tuple[str, str, str]:
    """Start, stop and the reason of a correction, each "" where there is none."""
    timer = visit.timers.get(key)
    return (timer.get("start", ""), timer.get("stop", ""), timer.get("why", "")) if timer else ("", "", "")


def strings(value: str | list[str]) -> tuple[str, ...]:
    """A JSON answer as the strings that its inputs have."""
    return (value,) if isinstance(value, str) else tuple(value)


def base_of(visit: OpenVisit, questions: tuple[Question, ...]) -> str:
    """The compact JSON of everything that a section's form shows as given so far."""
    filled = visit.filled
    found: dict[str, dict[str, Any]] = {}
    for question in questions:
        key = question.key
        value = None if question.type in PHOTO_TYPES and visit.photos.get(key) else filled.values.get(key)
        fields = {
            "value": None if value is None else to_json(value),
            "note": filled.notes.get(key),
            "reasons": list(filled.reasons.get(key, ())),
            "na_reason": filled.na_reasons.get(key),
            "timer": visit.timers.get(key),
        }
        if given := {name: value for name, value in fields.items() if value}:
            found[key] = given
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _html(ready: Prepared, card: Card, state: State, photos_at: str) -> Markup:
    if state.photos or state.error or state.timer[0] or (state.value and not card.options):
        return _render(card, state, photos_at)
    blank = state._replace(note=_HERE) if state.note else state
    kept = ready.html.get((card.key, blank))
    if kept is None:
        if len(ready.html) >= _MOST_CARDS:
            ready.html.clear()
        kept = ready.html[card.key, blank] = _render(card, blank, photos_at)
    return kept.replace(_HERE, escape(state.note)) if state.note else kept


def _render(card: Card, state: State, photos_at: str) -> Markup:
    module: Any = current_app.jinja_env.get_template("visits/_question.html").module
    return Markup(module.question(card, state, photos_at))  # noqa: S704 (the macro's own, escaped output)


def _prepared(checklist: Checklist, language: str, method: Method) -> Prepared:
    """Kept by the identity of the checklist, which the entry itself keeps alive."""
    mark = (id(checklist), language, method)
    kept = _PREPARED.get(mark)
    if kept is None:
        kept = _PREPARED[mark] = Prepared(checklist, tuple(_sections(checklist, language, method)))
        while len(_PREPARED) > _MOST_PREPARED:
            _PREPARED.popitem(last=False)
    return kept


def _sections(
    checklist: Checklist, language: str, method: Method
) -> list[tuple[Section, str, tuple[tuple[Question, Card], ...]]]:
    return [
        (section, checklist.say(section.title, language), cards)
        for section in checklist.sections
        if (cards := tuple((q, make_card(checklist, q, language)) for q in asked_of(section, method)))
    ]
