"""What a reviewer reads of a stopwatch: when it ran by the store's clock, and what was put right by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from auditapp.services.context import Context
from auditapp.services.visits import registers, sending
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.web.clients import signed_in

RAN = {"start": "2026-09-14T08:31:07.512Z", "stop": "2026-09-14T08:35:11+00:00"}
NEVER = "0001-01-01T00:00:00+00:00"
"""A moment that no phone can show. Another zone may have no name for the likes of it: there the calendar ends."""

SAID = [
    (RAN, "17:31:07 to 17:35:11"),
    ({"start": "2026-09-14T10:31:07+02:00"}, "17:31:07 to –"),
    ({"stop": RAN["stop"]}, "– to 17:35:11"),
    ({**RAN, "start": NEVER}, "– to 17:35:11"),
    ({**RAN, "stop": "9999-12-31T23:59:59+00:00"}, "17:31:07 to –"),
    ({**RAN, "corrected": "4.5"}, "17:31:07 to 17:35:11, corrected by hand to 4.5 min"),
    ({**RAN, "corrected": "4", "why": ""}, "17:31:07 to 17:35:11, corrected by hand to 4 min"),
    (
        {**RAN, "corrected": "4", "why": "Stopped <late>"},
        "17:31:07 to 17:35:11, corrected by hand to 4 min: Stopped <late>",
    ),
    ({**RAN, "corrected": ""}, "17:31:07 to 17:35:11"),
]


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


def sent(context: Context, world: World, clock: Clock, **shelf: object) -> str:
    """A visit of Sun's to the store in Seoul, with this and that at its first question."""
    with context.write() as session:
        assignment = make_assignment(session, world, store=world.other_store).public_id
        visit = sending.start(session, world.shopper, assignment, clock())
        given = {key: {"value": value} for key, value in GOOD.items()}
        given["S-RNG-1"].update(shelf)
        registers.save_fields(session, world.shopper, visit, given, clock())
        left = clock() - timedelta(minutes=1)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())
    return visit


def lines(app: Flask, context: Context, world: World, visit: str) -> list[str]:
    """The review page's lines, in plain words."""
    page = signed_in(app, context, world.reviewer).get(f"/review/{visit}").text
    return [unescape(text) for line in page.splitlines() if (text := re.sub(r"<[^>]+>", " ", line).strip())]


@pytest.mark.parametrize(("timer", "words"), SAID)
def test_the_stopwatch_is_told_by_the_stores_clock(
    app: Flask, context: Context, world: World, clock: Clock, timer: dict[str, str], words: str
) -> None:
    visit = sent(context, world, clock, timer=timer)
    assert f"Stopwatch: {words}" in lines(app, context, world, visit)


@pytest.mark.parametrize(("timer", "words"), SAID)
def test_a_stopwatch_that_arrived_late_is_told_in_the_same_words(
    app: Flask, context: Context, world: World, clock: Clock, timer: dict[str, str], words: str
) -> None:
    visit = sent(context, world, clock)
    with context.write() as session:
        write = registers.Write("S-RNG-1", "timer", 50, timer)
        registers.patch_answers(session, world.shopper, visit, "phone", [write], clock())
    (row,) = (line for line in lines(app, context, world, visit) if line.split()[:1] == ["Stopwatch"])
    assert f" – {words} " in " ".join(row.split()), "what stands, then what arrived"


def test_a_question_without_a_stopwatch_says_nothing_of_one(
    app: Flask, context: Context, world: World, clock: Clock
) -> None:
    visit = sent(context, world, clock)
    assert "Stopwatch" not in "".join(lines(app, context, world, visit))
