"""What arrives after an approval: every reviewer is told, compares, and says that it was seen; nothing else changes."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from auditapp.db.schema import AuditEvent, Visit
from auditapp.services import publishing
from auditapp.services.context import Context
from auditapp.services.reviews import deciding
from auditapp.services.visits import evidence, registers, sending
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader

UUID = "00000000-0000-4000-8000-000000000001"
HEADING = "Arrived after the approval"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def rhea(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.reviewer)


@pytest.fixture
def approved(context: Context, world: World, clock: Clock) -> str:
    """A visit of Sun's that Rhea has approved."""
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
        left = clock() - timedelta(minutes=1)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())
        deciding.approve(session, world.reviewer, visit, 1, clock(), timedelta(hours=48))
    clock.forward(hours=1)
    return visit


def amend(context: Context, world: World, clock: Clock, visit: str, question: str, value: str, seq: int = 50) -> None:
    with context.write() as session:
        write = registers.Write(question, "value", seq, value)
        registers.patch_answers(session, world.shopper, visit, "phone", [write], clock())


def add_photo(context: Context, world: World, visit: str) -> None:
    evidence.put_photo(
        context, world.shopper, visit, UUID, "S-RNG-1", io.BytesIO(encode(picture(60, 40), "JPEG"))
    )  # fmt: skip


def listed(rhea: FlaskClient) -> str:
    """The part of the queue page below its heading, in plain words; empty where nothing is listed."""
    _, _, rest = rhea.get("/review").text.partition(f'<h2 id="late-title">{HEADING}</h2>')
    return " ".join(re.sub(r"<[^>]+>", " ", rest).split())


def press_seen(rhea: FlaskClient, visit: str, page: str | None = None) -> TestResponse:
    forms = FormReader(page or rhea.get(f"/review/{visit}").text).forms
    return rhea.post(f"/review/{visit}/seen", data=forms["seen"])


def cells(page: str) -> list[list[str]]:
    """The rows of the tables of a page, in plain words without their last cell, which says when."""
    return [
        [
            html.unescape(" ".join(re.sub(r"<[^>]+>", " ", cell).split()))
            for cell in re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL)
        ][:-1]
        for row in re.findall(r"<tr\b.*?</tr>", page, re.DOTALL)
    ]


def state(context: Context, visit: str) -> tuple[str, int | None]:
    with context.read() as session:
        row = session.execute(select(Visit.state, Visit.total).where(Visit.public_id == visit)).one()
        return row.state, row.total


def test_what_arrives_after_an_approval_is_on_the_reviewers_page(
    rhea: FlaskClient, context: Context, world: World, clock: Clock, approved: str
) -> None:
    assert listed(rhea) == ""
    amend(context, world, clock, approved, "S-RUL-1", "no")
    amend(context, world, clock, approved, "S-RUL-2", "no", 51)
    clock.forward(hours=1)
    add_photo(context, world, approved)
    assert "Harbour Street" in listed(rhea)
    assert "14 Sept 2026 12:00 2 answers · 1 photo" in listed(rhea)
    assert f'href="/review/{approved}"' in rhea.get("/review").text
    assert state(context, approved) == ("approved", 1000)


def test_the_visits_page_shows_what_came_beside_what_stands(
    rhea: FlaskClient, context: Context, world: World, clock: Clock, approved: str
) -> None:
    amend(context, world, clock, approved, "S-RUL-1", "no")
    add_photo(context, world, approved)
    page = rhea.get(f"/review/{approved}").text
    assert ["Answer", "Yes", "No"] in cells(page)
    assert "14 Sept 2026 11:00" in page
    assert "Photo to question 1, arrived after the receipt" in page
    assert "1 answer · 1 photo" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("note", "<b>Late</b>", ["Note", "–", "<b>Late</b>"]),
        ("reasons", ["old"], ["Reasons", "–", "Old bread"]),
        ("na_reason", "not_safe", ["Why N/A", "–", "Not safe to check"]),
        ("cant", "It rained", ["Why not answered", "–", "It rained"]),
        ("timer", {"start": "2026-09-14T10:00:00+01:00"}, ["Stopwatch", "–", "10:00:00 to –"]),
        ("value", None, ["Answer", "Yes", "–"]),
    ],
)
def test_every_kind_of_field_is_told_in_words(
    rhea: FlaskClient,
    context: Context,
    world: World,
    clock: Clock,
    approved: str,
    field: str,
    value: object,
    words: list[str],
) -> None:
    with context.write() as session:
        write = registers.Write("S-RNG-1", field, 50, value)
        registers.patch_answers(session, world.shopper, approved, "phone", [write], clock())
    assert words in cells(rhea.get(f"/review/{approved}").text)


def test_an_answer_to_a_question_that_was_not_asked_is_shown_too(
    rhea: FlaskClient, context: Context, world: World, clock: Clock
) -> None:
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
        given = {**GOOD, "S-STF-1": "no"}
        del given["S-STF-2"]
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in given.items()}, clock())
        left = clock() - timedelta(minutes=1)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())
    amend(context, world, clock, visit, "S-STF-2", "4")
    assert ["Answer", "–", "4 of 5"] in cells(rhea.get(f"/review/{visit}").text)


def test_seen_takes_it_off_the_list_and_is_written_down(
    rhea: FlaskClient, context: Context, world: World, clock: Clock, approved: str
) -> None:
    amend(context, world, clock, approved, "S-RUL-1", "no")
    assert press_seen(rhea, approved).status_code == 303
    assert listed(rhea) == ""
    page = rhea.get(f"/review/{approved}").text
    assert "late arrivals seen by Rhea" in page
    assert f"/review/{approved}/seen" not in page
    assert ["Answer", "Yes", "No"] in cells(page), "what came stays to be compared"
    with context.read() as session:
        assert "review.seen" in session.scalars(select(AuditEvent.kind)).all()
    assert state(context, approved) == ("approved", 1000)


def test_something_later_brings_it_back_with_what_is_new_alone(
    rhea: FlaskClient, context: Context, world: World, clock: Clock, approved: str
) -> None:
    amend(context, world, clock, approved, "S-RUL-1", "no")
    press_seen(rhea, approved)
    clock.forward(minutes=5)
    add_photo(context, world, approved)
    assert "1 photo" in listed(rhea)
    assert "1 answer" not in listed(rhea)


def test_what_arrives_while_the_page_is_open_is_not_marked_as_seen(
    rhea: FlaskClient, context: Context, world: World, clock: Clock, approved: str
) -> None:
    amend(context, world, clock, approved, "S-RUL-1", "no")
    page = rhea.get(f"/review/{approved}").text
    clock.forward(minutes=5)
    amend(context, world, clock, approved, "S-RUL-2", "no", 51)
    assert press_seen(rhea, approved, page).status_code == 409
    assert "2 answers" in listed(rhea)


def test_nothing_to_see_can_not_be_marked_as_seen(rhea: FlaskClient, context: Context, approved: str) -> None:
    page = rhea.get(f"/review/{approved}").text
    token = next(iter(FormReader(page).forms.values()))["csrf_token"]
    answer = rhea.post(f"/review/{approved}/seen", data={"csrf_token": token, "revision": "2"})
    assert answer.status_code == 409


def test_what_arrived_before_the_decision_was_seen_with_it(
    rhea: FlaskClient, context: Context, world: World, clock: Clock
) -> None:
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
        left = clock() - timedelta(minutes=1)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())
    amend(context, world, clock, visit, "S-RUL-1", "no")
    assert listed(rhea) == "", "it waits for its decision, above"
    with context.write() as session:
        deciding.approve(session, world.reviewer, visit, 2, clock(), timedelta(0))
    assert listed(rhea) == ""


def test_a_published_visit_is_listed_too_and_can_still_be_voided(
    rhea: FlaskClient, context: Context, world: World, clock: Clock, approved: str
) -> None:
    amend(context, world, clock, approved, "S-RUL-1", "no")
    clock.forward(hours=48)
    with context.read() as session:
        number = session.scalars(select(Visit.id).where(Visit.public_id == approved)).one()
    publishing.publish_job(context, {"visit": number})
    assert state(context, approved) == ("published", 1000)
    assert "1 answer" in listed(rhea)
    shown = FormReader(rhea.get(f"/review/{approved}").text).forms["seen"]
    assert rhea.post(f"/review/{approved}/void", data={**shown, "text": "The wrong store"}).status_code == 303
    assert state(context, approved)[0] == "void"
    assert listed(rhea) == ""


def test_only_reviewers_and_admins_may_say_seen(
    app: Flask, context: Context, world: World, clock: Clock, approved: str
) -> None:
    amend(context, world, clock, approved, "S-RUL-1", "no")
    ada = signed_in(app, context, world.admin)
    for who in ("shopper", "manager", "lead"):
        browser = signed_in(app, context, getattr(world, who))
        token = next(iter(FormReader(browser.get("/account").text).forms.values()))["csrf_token"]
        answer = browser.post(f"/review/{approved}/seen", data={"csrf_token": token, "revision": "3"})
        assert answer.status_code == 403, who
    assert press_seen(ada, approved).status_code == 303
