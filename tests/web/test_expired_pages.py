"""Pages whose token is too old, as a browser without script meets them: nothing that was entered is gone."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from auditapp.db.schema import User
from auditapp.domain.visit import VisitState
from auditapp.services import accounts
from auditapp.services.accounts import passwords
from auditapp.services.context import Context
from auditapp.web.visits import EXPIRED
from tests import factories
from tests.factories import World
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader
from tests.web.test_visits import NAUGHTY, READY, Shopper, ask, fill_all, photo_file

TIMES = {"arrived": "2026-09-14T09:10", "left": "2026-09-14T09:40"}
SECRET = "a lake with three boats"
OURS = {"Origin": "http://localhost"}
"""What a browser says that posts a form of our own pages."""
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


def ended(shopper: Shopper) -> None:
    """The sign-in ends, as when the shopper signs out everywhere on another phone."""
    with shopper.context.write() as session:
        session.get_one(User, shopper.world.shopper.user_id).password_hash = passwords.hash_of(SECRET)
        accounts.revoke_all(session, shopper.world.shopper.user_id, shopper.context.now())


def sign_in_there(client: FlaskClient, page: TestResponse, password: str = SECRET) -> TestResponse:
    """Fill in the sign-in page that came."""
    action = re.search(r'<form class="form" method="post" data-door="in" action="([^"]+)"', page.text)
    assert action
    form = {**FormReader(page.text).forms[""], "email": "sun@example.org", "password": password}
    return client.post(html.unescape(action[1]), data=form)


def test_what_was_entered_when_the_sign_in_had_ended_goes_through_the_sign_in_page_and_is_saved(
    shopper: Shopper,
) -> None:
    form = shopper.form("s-shelf")
    given = {"S-RNG-1.v": "no", "S-RNG-1.n": NAUGHTY, "S-RNG-2.v": "3", "S-RNG-1.p": photo_file()}
    ended(shopper)

    asked = shopper.client.post(shopper.at, data={**form, **given}, headers=OURS)
    wrong = sign_in_there(shopper.client, asked, "some other words")
    inside = sign_in_there(shopper.client, wrong)
    before = shopper.visit().filled.values
    saved = shopper.client.post(shopper.at, data=FormReader(inside.text).forms["entered"])

    assert (asked.status_code, wrong.status_code, inside.status_code) == (401, 422, 200)
    for page in (asked, wrong):
        assert "What you entered is in this page and not saved yet." in page.text
        assert "/language?" not in page.text, "it would lose what was entered"
    assert "Photos and files that you had chosen are not in it." in inside.text
    assert before == {}
    assert saved.status_code == 303
    filled = shopper.visit().filled
    assert (filled.values["S-RNG-1"], filled.values["S-RNG-2"]) == ("no", 3)
    assert filled.notes["S-RNG-1"] == NAUGHTY.strip()


def test_a_reply_written_when_the_sign_in_had_ended_and_the_page_was_too_old_is_sent(shopper: Shopper) -> None:
    sent(shopper)
    ended(shopper)
    asked = shopper.client.post(f"{shopper.at}/message", data={"csrf_token": "stale", "text": NAUGHTY}, headers=OURS)
    inside = sign_in_there(shopper.client, asked)
    replied = shopper.client.post(f"{shopper.at}/message", data=FormReader(inside.text).forms["entered"])
    assert replied.status_code == 303
    assert shopper.visit().state is VisitState.SUBMITTED


def test_what_another_site_posts_is_never_carried_into_somebodys_visit(shopper: Shopper) -> None:
    ended(shopper)
    for headers in ({}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
        asked = shopper.client.post(f"{shopper.at}/not-done", data={"reason": "Not mine"}, headers=headers)
        assert asked.status_code == 302
        page = shopper.client.get(asked.location)
        assert "Not mine" not in page.text


def test_whoever_signs_in_instead_can_not_send_it(shopper: Shopper) -> None:
    ended(shopper)
    with shopper.context.write() as session:
        session.get_one(User, shopper.world.other_shopper.user_id).password_hash = passwords.hash_of("otto has words")
    asked = shopper.client.post(f"{shopper.at}/not-done", data={"reason": "It was closed"}, headers=OURS)
    form = {**FormReader(asked.text).forms[""], "email": "otto@example.org", "password": "otto has words"}
    inside = shopper.client.post(f"/sign-in?next={shopper.at}/not-done", data=form)
    sent = shopper.client.post(f"{shopper.at}/not-done", data=FormReader(inside.text).forms["entered"])
    assert inside.status_code == 200
    assert sent.status_code == 404
    assert shopper.visit().state is VisitState.DRAFT


@pytest.mark.parametrize("entered", ["[", "7", '["a"]', '[[["a"]], 1]', '{"a": 1}', "[[], null]"])
def test_a_sign_in_page_that_carries_nonsense_signs_in_all_the_same(shopper: Shopper, entered: str) -> None:
    ended(shopper)
    page = shopper.client.get(f"/sign-in?next={shopper.at}/check")
    form = {**FormReader(page.text).forms[""], "email": "sun@example.org", "password": SECRET}
    inside = shopper.client.post(f"/sign-in?next={shopper.at}/check", data={**form, "entered": entered})
    assert (inside.status_code, inside.location) == (303, f"{shopper.at}/check")


def test_a_button_pressed_when_the_sign_in_had_ended_leads_back_to_its_page(shopper: Shopper) -> None:
    ended(shopper)
    asked = shopper.client.post(
        f"{shopper.at}/not-done", data={}, headers={**OURS, "Referer": f"http://localhost{shopper.at}/check"}
    )
    assert asked.location.endswith(f"next={shopper.at}/check")
