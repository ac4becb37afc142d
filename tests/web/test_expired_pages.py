"""Pages whose token is too old, as a browser without script meets them: nothing that was entered is gone."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from auditapp.domain.visit import VisitState
from auditapp.services.context import Context
from auditapp.web.visits import EXPIRED
from tests import factories
from tests.factories import World
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader
from tests.web.test_visits import NAUGHTY, READY, Shopper, ask, fill_all, photo_file

TIMES = {"arrived": "2026-09-14T09:10", "left": "2026-09-14T09:40"}
POSTS = ("", "/check", "/not-done", "/message")


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return factories.make_world(session)


@pytest.fixture
def assignment(context: Context, world: World) -> str:
    with context.write() as session:
        return factories.make_assignment(session, world).public_id


@pytest.fixture
def shopper(app: Flask, context: Context, world: World, assignment: str) -> Shopper:
    sun = Shopper(signed_in(app, context, world.shopper), context, world)
    sun.start(assignment)
    return sun


def sent(shopper: Shopper) -> Shopper:
    """With a question of the reviewer."""
    fill_all(shopper)
    shopper.post(shopper.form("send", "/check"), "/check", **TIMES)
    ask(shopper, "S-RUL-1", "Before or after paying?")
    return shopper


def too_old(form: MultiDict[str, str]) -> MultiDict[str, str]:
    form["csrf_token"] = "stale"
    return form


def says_so(page: TestResponse) -> None:
    assert page.status_code == 400
    assert EXPIRED in page.text
    assert "<title>Error: List 04</title>" in page.text
    assert page.text.count(" autofocus") == 1


def test_a_section_comes_back_with_all_answers_and_names_those_that_are_not_saved(shopper: Shopper) -> None:
    form = too_old(shopper.form("s-shelf"))

    stale = shopper.post(form, go="next", **{"S-RNG-1.v": "no", "S-RNG-1.n": NAUGHTY, "S-RNG-2.v": "3"})
    before = shopper.visit().filled.values
    saved = shopper.post(FormReader(stale.text).forms["s-shelf"], go="next")

    says_so(stale)
    assert re.findall(r'<li><a href="#q(\d)">([^<]+)', stale.text) == [
        ("1", "Question 1: Not saved yet."), ("2", "Question 2: Not saved yet."),
    ]  # fmt: skip
    assert before == {}
    assert saved.status_code == 303
    filled = shopper.visit().filled
    assert (filled.values["S-RNG-1"], filled.values["S-RNG-2"]) == ("no", 3)
    assert filled.notes["S-RNG-1"] == NAUGHTY.strip()


def test_photos_that_no_browser_gives_back_are_asked_for_at_their_question(shopper: Shopper) -> None:
    stale = shopper.post(too_old(shopper.form("s-shelf")), go="next", **{"S-RNG-1.p": [photo_file()]})

    says_so(stale)
    assert "Question 1: Choose the photos of this question again." in stale.text
    assert re.search(r'id="e1"[^>]*>[^<]*(<[^>]*>)*[^<]*Choose the photos of this question again', stale.text)
    assert shopper.visit().photos == {}


def test_the_three_answers_of_the_brief_come_back_and_start_the_visit(
    app: Flask, context: Context, world: World, assignment: str
) -> None:
    client, brief = signed_in(app, context, world.shopper), f"/visits/assignments/{assignment}"
    form = FormReader(client.get(brief).text).forms["ready"]

    stale = client.post(f"{brief}/start", data={**too_old(form), **READY})
    again = FormReader(stale.text).forms["ready"]
    started = client.post(f"{brief}/start", data=again)

    says_so(stale)
    assert {name: again[name] for name in READY} == READY
    assert started.status_code == 303


def test_reasons_and_times_come_back_and_send_the_visit(shopper: Shopper) -> None:
    fill_all(shopper)
    shopper.save("till", **{"S-RUL-1.v": "", "S-RUL-2.v": ""})
    form = too_old(shopper.form("send", "/check"))

    stale = shopper.post(form, "/check", **TIMES, **{"cant.S-RUL-1": NAUGHTY, "cant.S-RUL-2": "The till was closed"})
    before = shopper.visit()
    done = shopper.post(FormReader(stale.text).forms["send"], "/check")

    says_so(stale)
    assert (before.state, before.filled.cant) == (VisitState.DRAFT, {})
    assert done.location == f"{shopper.at}/receipt"
    assert shopper.visit().filled.cant["S-RUL-2"] == "The till was closed"
    assert shopper.visit().arrived_at.isoformat() == "2026-09-14T08:10:00+00:00"


def test_what_happened_comes_back_and_reports_that_the_visit_was_not_possible(shopper: Shopper) -> None:
    stale = shopper.client.post(f"{shopper.at}/not-done", data={"csrf_token": "stale", "reason": NAUGHTY})
    before = shopper.visit().state
    told = shopper.client.post(f"{shopper.at}/not-done", data=FormReader(stale.text).forms[""])

    says_so(stale)
    assert 'id="not-done" open' in stale.text
    assert before is VisitState.DRAFT
    assert told.location == f"{shopper.at}/receipt"
    assert shopper.visit().state is VisitState.NOT_DONE


def test_a_reply_comes_back_and_is_sent(shopper: Shopper) -> None:
    sent(shopper)
    stale = shopper.post(too_old(shopper.form("reply", "/message")), "/message", text=NAUGHTY)
    before = shopper.visit().state
    form = FormReader(stale.text).forms["reply"]
    replied = shopper.post(form, "/message")

    says_so(stale)
    assert form["text"] == NAUGHTY.replace("\n", "\r\n")
    assert before is VisitState.QUERIED
    assert replied.status_code == 303
    assert shopper.visit().state is VisitState.SUBMITTED


@pytest.mark.parametrize(("language", "words"), [("ko", "버튼을 다시 누르십시오"), ("zh_Hant", "請再按一次按鈕")])
def test_the_words_are_in_the_shoppers_language(shopper: Shopper, language: str, words: str) -> None:
    from auditapp.db.schema import User

    with shopper.context.write() as session:
        session.get_one(User, shopper.world.shopper.user_id).language = language
    assert words in shopper.client.post(f"{shopper.at}/check", data={"csrf_token": "stale"}).text


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("who", "status"), [("other_shopper", 404), ("manager", 403), ("admin", 403)])
def test_an_old_token_shows_nobody_elses_visit(app: Flask, shopper: Shopper, path: str, who: str, status: int) -> None:
    other = signed_in(app, shopper.context, getattr(shopper.world, who))
    assert other.post(shopper.at + path, data={"csrf_token": "stale", "reason": "x"}).status_code == status


@pytest.mark.parametrize("path", POSTS)
def test_an_old_token_without_a_sign_in_leads_to_the_sign_in(app: Flask, shopper: Shopper, path: str) -> None:
    answer = app.test_client().post(shopper.at + path, data={"csrf_token": "stale"})
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?")


@pytest.mark.parametrize("path", ["/check", "/not-done"])
def test_an_old_page_of_a_visit_that_was_sent_meanwhile_leads_to_where_it_stands(shopper: Shopper, path: str) -> None:
    sent(shopper)
    stale = shopper.client.post(shopper.at + path, data={"csrf_token": "stale", **TIMES})
    assert (stale.status_code, stale.location) == (303, f"{shopper.at}/message")
