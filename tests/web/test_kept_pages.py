"""Pages that a phone keeps: whose they are, and what their script must know to work without the server."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from auditapp.checklist_yaml import load
from auditapp.domain.checklist import Method
from auditapp.domain.visit import Filled, missing
from auditapp.services.context import Context
from auditapp.services.visits import registers, sending
from auditapp.services.visits.registers import Write
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_wave, make_world, publish_checklist
from tests.web.clients import signed_in

EVERY_TYPE = Path(__file__).parents[1] / "data" / "every-type.yaml"
USER = "X-Auditapp-User"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def visit(context: Context, world: World, clock: Clock) -> str:
    with context.write() as session:
        return sending.prepare(session, world.shopper, make_assignment(session, world).public_id, clock()).visit_id


@pytest.fixture
def sun(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.shopper)


def send(context: Context, world: World, visit: str, clock: Clock) -> None:
    with context.write() as session:
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
        left = clock() - timedelta(minutes=1)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())


def attribute(page: str, name: str) -> str:
    found = re.search(rf'<div id="visit"[^>]* {name}="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


def needs(page: str) -> dict[str, str]:
    """Question key → what its card says that sending needs."""
    cards = re.findall(r'<fieldset class="q[^"]*" id="q\d+" data-k="([^"]+)"([^>]*)>', page)
    return {key: found[1] for key, rest in cards if (found := re.search(r' data-need="([^"]*)"', rest))}


def test_a_shoppers_page_says_whose_it_is(sun: FlaskClient, world: World, visit: str) -> None:
    for path in ("/visits", "/visits/sent", f"/visits/{visit}", f"/visits/{visit}/check", f"/visits/{visit}/receipt"):
        assert sun.get(path).headers[USER] == str(world.shopper.user_id), path


def test_what_is_no_page_of_a_shopper_does_not(
    app: Flask, context: Context, world: World, sun: FlaskClient, visit: str, clock: Clock
) -> None:
    send(context, world, visit, clock)
    answers = {
        "a question in the address": sun.get("/visits?x=1"),
        "a redirect": sun.get(f"/visits/{visit}"),
        "nothing there": sun.get("/visits/nothing"),
        "a file": sun.get(f"/visits/{visit}/receipt?copy=1"),
        "json": sun.get("/api/v1/session"),
        "everybody's page": sun.get("/settings"),
        "a post": sun.post(f"/visits/{visit}/check"),
        "only the headers": sun.head("/visits"),
        "nobody signed in": app.test_client().get("/visits"),
        "an error of the sign-in": app.test_client().get("/sign-in"),
    }
    assert {why for why, answer in answers.items() if USER in answer.headers} == set()


def test_the_receipt_of_a_visit_that_was_not_sent_says_so_and_leads_on(sun: FlaskClient, visit: str) -> None:
    page = sun.get(f"/visits/{visit}/receipt")
    assert page.status_code == 200
    assert "Not sent yet" in page.text
    assert f'href="/visits/{visit}/check"' in page.text
    assert sun.get(f"/visits/{visit}/receipt?copy=1").status_code == 404


def test_what_was_sent_leads_to_its_receipt(
    sun: FlaskClient, context: Context, world: World, visit: str, clock: Clock
) -> None:
    send(context, world, visit, clock)
    for path in (f"/visits/{visit}", f"/visits/{visit}/check"):
        assert sun.get(path).location == f"/visits/{visit}/receipt"
    assert "Not sent yet" not in sun.get(f"/visits/{visit}/receipt").text


def test_the_checklist_tells_the_sequence_numbers_of_what_it_shows(
    sun: FlaskClient, context: Context, world: World, visit: str, clock: Clock
) -> None:
    assert attribute(sun.get(f"/visits/{visit}").text, "data-seqs") == "{}"
    writes = [Write("S-RNG-1", "value", 3, "no"), Write("S-RNG-1", "note", 4, None), Write("S-RUL-1", "value", 5, "no")]
    with context.write() as session:
        registers.patch_answers(session, world.shopper, visit, '"d"', writes, clock())
    page = sun.get(f"/visits/{visit}").text
    assert json.loads(attribute(page, "data-seqs")) == {
        "S-RNG-1": {"value": [3, '"d"'], "note": [4, '"d"']},
        "S-RUL-1": {"value": [5, '"d"']},
    }
    assert attribute(page, "data-top") == "5"


def test_the_checklist_tells_its_name_and_the_stores_time_zone(sun: FlaskClient, visit: str) -> None:
    page = sun.get(f"/visits/{visit}").text
    assert (attribute(page, "data-list"), attribute(page, "data-zone")) == ("List 04", "Europe/London")


def test_each_card_tells_what_sending_needs_of_it(sun: FlaskClient, visit: str) -> None:
    assert needs(sun.get(f"/visits/{visit}").text) == {"S-RNG-1": "pf", "S-RUL-1": "nf5", "S-TXT-1": "opt"}


def test_where_the_answer_is_a_photo_nothing_else_is_needed(
    app: Flask, context: Context, world: World, clock: Clock
) -> None:
    checklist = load(EVERY_TYPE)[0]
    with context.write() as session:
        wave = make_wave(session, publish_checklist(session, checklist).id, "Q4 2026")
        visit = sending.prepare(
            session, world.shopper, make_assignment(session, world, wave=wave.id).public_id, clock()
        ).visit_id
    found = needs(signed_in(app, context, world.shopper).get(f"/visits/{visit}").text)
    assert found == {"A2": "pf nf20", "B3": "p", "C6": "opt"}
    owed = {lack.question for lack in missing(checklist, Filled(), Method.MYSTERY)}
    assert owed == {q.key for q in checklist.questions} - {"A4", "C6"}, "as the server counts"


def test_a_card_that_is_kept_for_all_visits_keeps_its_needs(sun: FlaskClient, visit: str) -> None:
    first = sun.get(f"/visits/{visit}").text
    assert needs(sun.get(f"/visits/{visit}").text) == needs(first)


def test_a_visit_that_was_only_prepared_is_begun_by_the_brief(
    sun: FlaskClient, context: Context, world: World, clock: Clock
) -> None:
    with context.write() as session:
        assignment = make_assignment(session, world).public_id
    with context.write() as session:
        visit = sending.prepare(session, world.shopper, assignment, clock()).visit_id
    brief = f"/visits/assignments/{assignment}"
    page = sun.get(brief).text
    assert 'id="ready"' in page, "the three questions still stand there"
    assert f"/visits/{visit}" not in sun.get("/visits").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    right = {"csrf_token": token[1], "ready-tell": "no", "ready-people": "no", "ready-guess": "yes"}
    assert sun.post(f"{brief}/start", data=right).location == f"/visits/{visit}"
    assert f"/visits/{visit}" in sun.get("/visits").text
    assert 'id="ready"' not in sun.get(brief).text


def test_times_on_the_check_page_are_by_the_stores_clock(
    app: Flask, context: Context, world: World, clock: Clock
) -> None:
    with context.write() as session:
        assignment = make_assignment(session, world, store=world.other_store).public_id
        visit = sending.start(session, world.shopper, assignment, clock())
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
    app.config["WTF_CSRF_ENABLED"] = False
    form = {"arrived": "2026-09-14T17:05", "left": "2026-09-14T17:40"}
    sun = signed_in(app, context, world.shopper)
    assert sun.post(f"/visits/{visit}/check", data={**form, "left": "soon"}).status_code == 422
    assert sun.post(f"/visits/{visit}/check", data=form).status_code == 303
    with context.read() as session:
        row = sending.own_visit(session, world.shopper, visit)
        assert row.arrived_at is not None
        assert row.arrived_at.isoformat() == "2026-09-14T08:05:00+00:00"
