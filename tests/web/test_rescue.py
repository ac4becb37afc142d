"""The page that says what waits, and the reviewers' page that takes a rescue file in."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from auditapp.services.context import Context
from auditapp.services.visits import sending
from auditapp.web import rescue
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.rescue_files import an_answer, manifest_of, rescue_file
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader

ANSWERS = [an_answer(key, value, seq) for seq, (key, value) in enumerate(GOOD.items(), 1)]


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def visit(context: Context, world: World, clock: Clock) -> str:
    with context.write() as session:
        return sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())


@pytest.fixture
def rhea(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.reviewer)


def load(client: FlaskClient, file: bytes) -> TestResponse:
    """Choose the file on the page and press the button, as a browser without script does."""
    form = FormReader(client.get("/review/import").text).forms[""]
    return client.post("/review/import", data={**form.to_dict(), "file": (io.BytesIO(file), "list-04-rescue.html")})


def finished(visit: str) -> bytes:
    times = {"arrived": "2026-09-14T09:10", "left": "2026-09-14T09:40"}
    return rescue_file(visit, ANSWERS, state="ready", manifest=manifest_of(ANSWERS, []), **times)


def test_a_reviewer_takes_a_file_in_and_goes_on_to_the_visit(rhea: FlaskClient, visit: str) -> None:
    answer = load(rhea, finished(visit))
    assert answer.status_code == 200
    assert "List 04 is taken in" in answer.text
    assert "6 answers were new" in answer.text
    assert f'href="/review/{visit}"' in answer.text
    assert rhea.get(f"/review/{visit}").status_code == 200
    again = load(rhea, finished(visit))
    assert "Nothing new in list 04" in again.text


def test_what_could_not_be_taken_in_is_told_by_question(rhea: FlaskClient, visit: str) -> None:
    text = load(rhea, rescue_file(visit, [an_answer("S-RNG-1", "<i>maybe</i>", 1)])).text
    assert "1 part could not be taken in" in text
    assert "Question 1: " in text
    assert "<i>maybe" not in text


@pytest.mark.parametrize("file", [b"%PDF-1.7", b"<p>" * 60_000, b""])
def test_something_else_than_a_rescue_file_comes_back_with_the_reason(rhea: FlaskClient, file: bytes) -> None:
    answer = load(rhea, file)
    assert answer.status_code == 422
    assert "This is not a rescue file" in answer.text


def test_nothing_chosen_comes_back_with_the_reason(rhea: FlaskClient) -> None:
    form = FormReader(rhea.get("/review/import").text).forms[""]
    answer = rhea.post("/review/import", data=form.to_dict())
    assert (answer.status_code, "This is empty" in answer.text) == (422, True)


def test_a_post_without_the_token_takes_nothing_in(rhea: FlaskClient, visit: str) -> None:
    answer = rhea.post("/review/import", data={"file": (io.BytesIO(finished(visit)), "list.html")})
    assert answer.status_code == 400
    assert rhea.get(f"/review/{visit}").status_code == 404


def test_a_file_may_be_larger_than_any_other_upload_but_has_a_limit(
    rhea: FlaskClient, visit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = finished(visit) + b'<img src="data:;base64,' + b"A" * (33 << 20) + b'">'
    assert "List 04 is taken in" in load(rhea, padded).text
    monkeypatch.setattr(rescue, "MOST_BYTES", 1 << 20)
    assert load(rhea, padded).status_code == 413


def test_the_queue_leads_to_the_page(rhea: FlaskClient) -> None:
    assert 'href="/review/import"' in rhea.get("/review").text


def test_the_page_of_what_waits_says_whose_it_is_and_nothing_of_a_visit(
    app: Flask, context: Context, world: World, visit: str
) -> None:
    answer = signed_in(app, context, world.shopper).get("/visits/waiting")
    assert answer.headers["X-Auditapp-User"] == str(world.shopper.user_id)
    assert f'data-user="{world.shopper.user_id}"' in answer.text
    assert "Harbour Street" not in answer.text
    assert visit not in answer.text
