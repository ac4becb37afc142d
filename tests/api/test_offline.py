"""What a phone without signal needs of the server: a visit made ahead, its own clock told, a half upload that leaves
nothing, a receipt for what could not be done."""

from __future__ import annotations

import hashlib
import io
import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from auditapp.db.schema import AnswerWrite, Photo, Visit
from auditapp.domain.roles import Actor
from auditapp.services.context import Context
from auditapp.services.visits import sending
from tests.api.test_visits import OURS, UUID, give_all, patch, put
from tests.conftest import Clock
from tests.factories import World, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.web.clients import signed_in


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def assignment(context: Context, world: World) -> str:
    with context.write() as session:
        return make_assignment(session, world, store=world.other_store).public_id


@pytest.fixture
def phone(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.shopper)


@pytest.fixture
def visit(phone: FlaskClient, assignment: str) -> str:
    return str(prepare(phone, assignment).json["visit"])


def prepare(phone: FlaskClient, assignment: str) -> TestResponse:
    return phone.post(f"/api/v1/assignments/{assignment}/prepare", headers=OURS)


def submit(phone: FlaskClient, visit: str, **body: object) -> TestResponse:
    return phone.post(f"/api/v1/visits/{visit}/submit", json=body, headers=OURS)


def jpeg() -> bytes:
    return encode(picture(400, 300), "JPEG")


def one_visit(context: Context) -> Visit:
    with context.read() as session:
        return session.scalars(select(Visit)).one()


def test_preparing_tells_what_a_phone_needs_and_does_so_again(phone: FlaskClient, assignment: str) -> None:
    first, again = prepare(phone, assignment), prepare(phone, assignment)
    at = f"/visits/{first.json['visit']}"
    assert first.status_code == again.status_code == 200
    assert first.json == again.json == {
        "visit": at[8:],
        "list": "List 04",
        "zone": "Asia/Seoul",
        "due_at": "2026-09-15T09:00:00+00:00",
        "top_seq": 0,
        "pages": [
            "/visits", f"/visits/assignments/{assignment}", at, f"{at}/check", f"{at}/receipt", "/visits/waiting",
        ],
    }  # fmt: skip


def test_every_page_that_preparing_names_is_there_and_says_whose_it_is(
    phone: FlaskClient, world: World, assignment: str
) -> None:
    pages = {path: phone.get(path) for path in prepare(phone, assignment).json["pages"]}
    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(pages, 200)
    assert {page.headers.get("X-Auditapp-User") for page in pages.values()} == {str(world.shopper.user_id)}


def test_a_prepared_visit_has_not_begun_until_the_first_answer(
    phone: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    assert one_visit(context).begun_at is None
    patch(phone, visit, S_RNG_1=[1, "perhaps"])
    assert one_visit(context).begun_at is None, "nothing of it was taken"
    clock.forward(minutes=5)
    patch(phone, visit, S_RNG_1=[2, "yes"])
    begun = clock()
    clock.forward(minutes=5)
    patch(phone, visit, S_RNG_1=[3, "no"])
    assert one_visit(context).begun_at == begun


def test_a_photo_begins_a_prepared_visit(phone: FlaskClient, context: Context, visit: str, clock: Clock) -> None:
    assert put(phone, visit, jpeg()).status_code == 201
    assert one_visit(context).begun_at == clock()


def test_preparing_is_for_the_owner_alone(app: Flask, context: Context, world: World, assignment: str) -> None:
    assert prepare(signed_in(app, context, world.other_shopper), assignment).status_code == 404
    assert prepare(signed_in(app, context, world.admin), assignment).status_code == 403


def test_times_without_a_zone_are_by_the_stores_clock(
    phone: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    give_all(phone, visit)
    answer = submit(phone, visit, manifest={}, arrived="2026-09-14T17:05", left="2026-09-14T17:40")
    sent = one_visit(context)
    assert answer.status_code == 201
    assert (sent.arrived_at, sent.left_at) == (
        datetime.fromisoformat("2026-09-14T08:05Z"),
        datetime.fromisoformat("2026-09-14T08:40Z"),
    )
    assert sent.day_part == "evening"


@pytest.mark.parametrize("left", ["9999-12-31T23:59", "9999-12-31T23:59-14:00"])
def test_a_leaving_time_that_no_clock_shows_is_refused_with_words(phone: FlaskClient, visit: str, left: str) -> None:
    give_all(phone, visit)
    answer = submit(phone, visit, manifest={}, arrived="2026-09-14T17:05", left=left)
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "left")


@pytest.mark.parametrize("arrived", ["0001-01-01T00:00", "0001-01-01T00:00+14:00", "", None, 7, "yesterday"])
def test_an_arrival_that_can_not_be_is_refused_with_words(phone: FlaskClient, visit: str, arrived: object) -> None:
    give_all(phone, visit)
    answer = submit(phone, visit, manifest={}, arrived=arrived, left="2026-09-14T17:40")
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "arrived")


def test_what_could_not_be_done_gets_a_receipt_and_the_same_one_again(
    phone: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    first = submit(phone, visit, not_done="The store was closed")
    clock.forward(days=2)
    again = submit(phone, visit, not_done="The store was closed")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json == phone.get(f"/api/v1/visits/{visit}/receipt").json
    assert first.json["not_done"] is True
    assert one_visit(context).not_done_reason == "The store was closed"


def test_giving_up_a_visit_that_was_sent_gives_the_receipt_of_the_sending(phone: FlaskClient, visit: str) -> None:
    give_all(phone, visit)
    first = submit(phone, visit, manifest={}, arrived="2026-09-14T17:05", left="2026-09-14T17:40")
    again = submit(phone, visit, not_done="The store was closed")
    assert (again.status_code, again.json) == (200, first.json)


@pytest.mark.parametrize("reason", ["", "  ", None, 5, "x" * 1001, "a\0b"])
def test_giving_up_needs_words(phone: FlaskClient, visit: str, reason: object) -> None:
    assert submit(phone, visit, not_done=reason).status_code == 422


def test_two_submits_at_once_get_the_same_receipt(
    app: Flask, context: Context, world: World, phone: FlaskClient, visit: str
) -> None:
    give_all(phone, visit)
    phones = [signed_in(app, context, world.shopper) for _ in range(2)]
    body = {"manifest": {}, "arrived": "2026-09-14T17:05", "left": "2026-09-14T17:40"}
    answers = at_once([lambda p=p: submit(p, visit, **body) for p in phones])
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json == answers[1].json


def at_once(calls: list) -> list[TestResponse]:  # type: ignore[type-arg]
    """Every call in a thread of its own, all let go at the same moment."""
    gate, answers = threading.Barrier(len(calls)), []

    def call(work) -> None:  # noqa: ANN001
        gate.wait()
        answers.append(work())

    threads = [threading.Thread(target=call, args=(work,)) for work in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_tabs_that_send_the_same_photo_at_once_store_it_once(
    app: Flask, context: Context, world: World, visit: str
) -> None:
    data = jpeg()
    tabs = [signed_in(app, context, world.shopper) for _ in range(4)]
    answers = at_once([lambda t=t: put(t, visit, data) for t in tabs])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json["id"] for answer in answers}) == 1
    with context.read() as session:
        assert session.scalar(select(func.count()).select_from(Photo)) == 1
    assert len(list(context.storage.keys("photos/"))) == 2
    assert list(context.settings.upload_folder.iterdir()) == []


class Broken(io.BytesIO):
    """A body whose line breaks halfway."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(4096 if size is None or size < 0 else min(size, 4096))
        if not found:
            raise ConnectionResetError
        return found

    def readinto(self, buffer, /) -> int:  # type: ignore[no-untyped-def,override]  # noqa: ANN001
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def test_half_an_upload_leaves_nothing_and_the_whole_one_is_taken_later(
    phone: FlaskClient, context: Context, visit: str
) -> None:
    data = jpeg()
    headers = {**OURS, "X-Question": "S-RNG-1", "X-Sha256": hashlib.sha256(data).hexdigest()}
    url = f"/api/v1/visits/{visit}/photos/{UUID}"
    half = data[: len(data) // 2]
    broken = phone.put(url, input_stream=Broken(half), content_length=len(data), headers=headers)
    short = phone.put(url, input_stream=io.BytesIO(half), content_length=len(data), headers=headers)
    assert broken.status_code >= 400
    assert short.status_code >= 400
    assert list(context.settings.upload_folder.iterdir()) == []
    assert list(context.storage.keys()) == []
    assert phone.get(f"/api/v1/visits/{visit}/manifest").json["photos"] == {}
    assert put(phone, visit, data).status_code == 201


SERVER_ENDS_THE_BODY = {"wsgi.input_terminated": True}
"""As gunicorn does it: a body that was cut simply ends."""


@pytest.mark.parametrize("server", [SERVER_ENDS_THE_BODY, {}])
@pytest.mark.parametrize("part", [0, 0.5, 0.99])
def test_a_photo_without_a_hash_that_was_cut_is_not_taken_and_asked_for_again(
    phone: FlaskClient, context: Context, visit: str, part: float, server: dict[str, bool]
) -> None:
    data = encode(picture(400, 300), "JPEG", progressive=True)
    headers = {**OURS, "X-Question": "S-RNG-1"}
    url = f"/api/v1/visits/{visit}/photos/{UUID}"
    cut = io.BytesIO(data[: int(len(data) * part)])
    announced = {**server, "CONTENT_LENGTH": str(len(data))}  # the client would count the stream
    answer = phone.put(url, input_stream=cut, headers=headers, environ_overrides=announced)
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "sha256")
    assert list(context.settings.upload_folder.iterdir()) == list(context.storage.keys()) == []
    assert phone.put(url, data=data, headers=headers).status_code == 201, "the same id is still free"


def test_a_photo_in_chunks_has_no_length_to_be_held_to(phone: FlaskClient, visit: str) -> None:
    chunks = {**SERVER_ENDS_THE_BODY, "HTTP_TRANSFER_ENCODING": "chunked"}
    headers = {**OURS, "X-Question": "S-RNG-1"}
    url = f"/api/v1/visits/{visit}/photos/{UUID}"
    stream = io.BytesIO(jpeg())
    answer = phone.put(url, input_stream=stream, headers=headers, environ_overrides=chunks)
    assert answer.status_code == 201


def test_client_times_are_kept_beside_the_servers(
    phone: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    ahead = (clock() + timedelta(seconds=90)).isoformat()
    answers = {"S-RNG-1": {"value": [1, "yes", "2026-09-14T08:30:00Z"], "note": [2, "x", "soon"]},
               "S-RUL-1": {"value": [3, "yes"]}}  # fmt: skip
    body = {"device": "d1", "clock": ahead, "answers": answers}
    phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=OURS)
    with context.read() as session:
        rows = session.execute(select(AnswerWrite.seq, AnswerWrite.given_at, AnswerWrite.clock_offset)).all()
    given = datetime.fromisoformat("2026-09-14T08:30Z")
    assert sorted(tuple(row) for row in rows) == [(1, given, 90), (2, None, 90), (3, None, 90)]


@pytest.mark.parametrize("told", ["", "soon", 7, None, "2026-09-14T10:00", "9999-12-31T23:59:59-14:00"])
def test_a_clock_that_can_not_be_read_is_left_out(
    phone: FlaskClient, context: Context, visit: str, told: object
) -> None:
    body = {"device": "d1", "clock": told, "answers": {"S-RNG-1": {"value": [1, "yes", told]}}}
    assert phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=OURS).status_code == 200
    with context.read() as session:
        row = session.scalars(select(AnswerWrite)).one()
    assert (row.given_at, row.clock_offset) == (None, None)


def test_an_answer_has_two_or_three_parts(phone: FlaskClient, visit: str) -> None:
    assert patch(phone, visit, S_RNG_1=[1, "yes", "2026-09-14T08:30:00Z", 4]).status_code == 422


def test_a_photo_keeps_when_it_was_added_by_the_phones_clock(
    phone: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    told = {"X-Given-At": "2026-09-14T08:31:00Z", "X-Clock": (clock() - timedelta(minutes=3)).isoformat()}
    headers = {**OURS, **told, "X-Question": "S-RNG-1"}
    phone.put(f"/api/v1/visits/{visit}/photos/{UUID}", data=jpeg(), headers=headers)
    with context.read() as session:
        photo = session.scalars(select(Photo)).one()
    assert (photo.given_at, photo.clock_offset) == (datetime.fromisoformat("2026-09-14T08:31Z"), -180)


@pytest.mark.parametrize("who", ["other_shopper", "manager"])
def test_what_one_user_has_entered_is_never_taken_as_anothers(
    app: Flask, context: Context, world: World, visit: str, who: str
) -> None:
    actor: Actor = getattr(world, who)
    other = signed_in(app, context, actor)
    headers = {**OURS, "X-Auditapp-User": str(world.shopper.user_id)}
    answers = [
        other.patch(f"/api/v1/visits/{visit}/answers", json={"device": "d", "answers": {}}, headers=headers),
        other.get(f"/api/v1/visits/{visit}/manifest", headers=headers),
        other.get("/api/v1/session", headers=headers),
    ]
    assert {(answer.status_code, answer.json["error"]["code"]) for answer in answers} == {(401, "other_user")}
    assert "Somebody else is signed in on this phone" in answers[0].json["error"]["message"]


def test_naming_oneself_changes_nothing(phone: FlaskClient, world: World, visit: str) -> None:
    headers = {**OURS, "X-Auditapp-User": str(world.shopper.user_id)}
    assert phone.get(f"/api/v1/visits/{visit}/manifest", headers=headers).status_code == 200


def test_nobody_signed_in_is_told_to_sign_in_whoever_the_phone_names(app: Flask, visit: str) -> None:
    answer = app.test_client().get(f"/api/v1/visits/{visit}/manifest", headers={"X-Auditapp-User": "1"})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "sign_in_needed")


def test_a_receipt_stays_the_same_after_the_visit_is_void(
    phone: FlaskClient, context: Context, world: World, visit: str, clock: Clock
) -> None:
    from auditapp.services.reviews import deciding

    first = submit(phone, visit, not_done="The store was closed")
    with context.write() as session:
        deciding.void(session, world.reviewer, visit, one_visit(context).revision, "Closed for good", clock())
    with context.read() as session:
        assert sending.receipt(session, world.shopper, visit).not_done
    assert phone.get(f"/api/v1/visits/{visit}/receipt").json == first.json
