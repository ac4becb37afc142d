"""The phone's API: repeatable, order-free, and closed to everybody but the visit's owner."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from auditapp.domain.roles import Actor
from auditapp.services.context import Context
from auditapp.services.visits import registers, sending
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.web.clients import signed_in

OURS = {"X-Auditapp": "1"}
UUID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def new_visit(context: Context, world: World, clock: Clock) -> Callable[[], str]:
    def make() -> str:
        with context.write() as session:
            return sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())

    return make


@pytest.fixture
def visit(new_visit: Callable[[], str]) -> str:
    return new_visit()


@pytest.fixture
def phone(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.shopper)


def patch(phone: FlaskClient, visit: str, device: str = "d1", **answers: list[object]) -> TestResponse:
    body = {"device": device, "answers": {q.replace("_", "-"): {"value": pair} for q, pair in answers.items()}}
    return phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=OURS)


def put(phone: FlaskClient, visit: str, data: bytes, uuid: str = UUID, question: str = "S-RNG-1") -> TestResponse:
    headers = {**OURS, "X-Question": question, "X-Sha256": hashlib.sha256(data).hexdigest()}
    return phone.put(f"/api/v1/visits/{visit}/photos/{uuid}", data=data, headers=headers)


def submit(phone: FlaskClient, visit: str, clock: Clock, **manifest: object) -> TestResponse:
    body = {
        "manifest": manifest,
        "arrived": (clock() - timedelta(minutes=30)).isoformat(),
        "left": (clock() - timedelta(minutes=5)).isoformat(),
    }
    return phone.post(f"/api/v1/visits/{visit}/submit", json=body, headers=OURS)


def give_all(phone: FlaskClient, visit: str) -> None:
    answers = {question: {"value": [1, value]} for question, value in GOOD.items()}
    phone.patch(f"/api/v1/visits/{visit}/answers", json={"device": "d1", "answers": answers}, headers=OURS)


def test_the_session_tells_who_and_what_time_it_is(phone: FlaskClient, world: World, clock: Clock) -> None:
    assert phone.get("/api/v1/session").json == {
        "user": world.shopper.user_id,
        "role": "shopper",
        "now": clock().isoformat(),
    }


def test_without_a_sign_in_the_api_answers_401_in_json(app: Flask, visit: str) -> None:
    answer = app.test_client().get(f"/api/v1/visits/{visit}/manifest")
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "sign_in_needed")


@pytest.mark.parametrize("headers", [{}, {**OURS, "Origin": "https://evil.example"}])
def test_a_call_from_another_site_is_refused(phone: FlaskClient, visit: str, headers: dict[str, str]) -> None:
    body = {"device": "d", "answers": {}}
    assert phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=headers).status_code == 403


@pytest.mark.parametrize(("who", "status"), [("other_shopper", 404), ("manager", 403), ("admin", 403)])
def test_nobody_else_reaches_the_visit(
    app: Flask, context: Context, world: World, visit: str, clock: Clock, who: str, status: int
) -> None:
    actor: Actor = getattr(world, who)
    other = signed_in(app, context, actor)
    data = encode(picture(40, 30), "JPEG")
    answers = [
        other.get(f"/api/v1/visits/{visit}/manifest"),
        other.get(f"/api/v1/visits/{visit}/receipt"),
        patch(other, visit, S_RNG_1=[1, "yes"]),
        put(other, visit, data),
        other.delete(f"/api/v1/visits/{visit}/photos/{UUID}", headers=OURS),
        submit(other, visit, clock),
    ]
    assert {answer.status_code for answer in answers} == {status}


def test_an_answer_names_its_winner(phone: FlaskClient, visit: str) -> None:
    patch(phone, visit, "d2", S_RNG_1=[7, "no"])
    answer = patch(phone, visit, "d1", S_RNG_1=[3, "yes"], S_STF_1=[4, "perhaps"])
    assert answer.json["winners"] == {"S-RNG-1": {"value": [7, "d2"]}}
    assert "S-STF-1" in answer.json["refused"]
    assert answer.json["top_seq"] == 7


def test_one_absurd_sequence_number_is_refused_by_field_and_blocks_nothing(
    phone: FlaskClient, context: Context, world: World, visit: str, clock: Clock
) -> None:
    answer = patch(phone, visit, S_RNG_1=[2**31 - 1, "no"], S_RUL_1=[5, "yes"])
    assert answer.status_code == 200
    assert "2147483647 is more than 1000000 above 0" in answer.json["refused"]["S-RNG-1"]["value"]
    assert answer.json["winners"] == {"S-RUL-1": {"value": [5, "d1"]}}
    assert answer.json["top_seq"] == 5
    with context.write() as session:
        registers.save_fields(session, world.shopper, visit, {"S-RNG-1": {"value": "yes"}}, clock())
    held = phone.get(f"/api/v1/visits/{visit}/manifest").json["answers"]
    assert held["S-RNG-1"]["value"] == [6, "page"]


def test_a_batch_can_not_climb_by_its_own_numbers(phone: FlaskClient, visit: str) -> None:
    answer = patch(phone, visit, S_RNG_1=[1_000_000, "no"], S_RUL_1=[2_000_000, "yes"])
    assert list(answer.json["refused"]) == ["S-RUL-1"]
    assert patch(phone, visit, S_RUL_1=[2_000_000, "yes"]).json["refused"] == {}


@pytest.mark.parametrize(
    "body",
    [None, [], {"answers": {}}, {"device": "d", "answers": []}, {"device": "d", "answers": {"q": {"value": "x"}}},
     {"device": "d", "answers": {"q": {"value": [True, "x"]}}}, {"device": "d\n", "answers": {}}],
)  # fmt: skip
def test_a_batch_of_another_shape_is_refused_with_words(phone: FlaskClient, visit: str, body: object) -> None:
    answer = phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=OURS)
    assert answer.status_code == 422
    assert answer.json["error"]["message"]


def test_a_photo_is_stored_once_and_served_without_a_trace_of_its_metadata(phone: FlaskClient, visit: str) -> None:
    from tests.photo_factory import phone_jpeg

    data = phone_jpeg(picture(400, 300), orientation=6)
    first, again = put(phone, visit, data), put(phone, visit, data)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["sha256"] == hashlib.sha256(data).hexdigest()
    served = phone.get(f"/visits/{visit}/photos/{first.json['id']}").data
    assert served[:2] == b"\xff\xd8"
    assert b"Exif" not in served
    assert b"GPS" not in served


def test_a_photo_whose_hash_differs_is_refused(phone: FlaskClient, visit: str) -> None:
    headers = {**OURS, "X-Question": "S-RNG-1", "X-Sha256": "0" * 64}
    url = f"/api/v1/visits/{visit}/photos/{UUID}"
    assert phone.put(url, data=encode(picture(40, 30), "JPEG"), headers=headers).status_code == 422


def test_what_is_no_photo_gets_a_reason(phone: FlaskClient, visit: str) -> None:
    answer = put(phone, visit, b"%PDF-1.7 not a photo at all")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "photo_refused")


def test_another_photo_under_the_same_id_is_a_conflict(phone: FlaskClient, visit: str) -> None:
    put(phone, visit, encode(picture(40, 30), "JPEG"))
    assert put(phone, visit, encode(picture(30, 40), "JPEG")).status_code == 409


def test_deleting_is_repeatable_and_final(phone: FlaskClient, visit: str) -> None:
    data = encode(picture(40, 30), "JPEG")
    put(phone, visit, data)
    for _ in range(2):
        assert phone.delete(f"/api/v1/visits/{visit}/photos/{UUID}", headers=OURS).json["state"] == "deleted"
    assert put(phone, visit, data).json["state"] == "deleted"
    assert phone.get(f"/api/v1/visits/{visit}/manifest").json["photos"] == {}


def test_submit_gives_a_receipt_once_and_the_same_one_again(phone: FlaskClient, visit: str, clock: Clock) -> None:
    give_all(phone, visit)
    first = submit(phone, visit, clock, answers={"S-RNG-1": {"value": 1}})
    again = submit(phone, visit, clock)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json == phone.get(f"/api/v1/visits/{visit}/receipt").json


def test_submit_names_what_the_server_lacks(phone: FlaskClient, visit: str, clock: Clock) -> None:
    give_all(phone, visit)
    answer = submit(phone, visit, clock, answers={"S-RNG-1": {"value": 2}}, photos={UUID: "aa" * 32})
    assert answer.status_code == 409
    assert answer.json["error"]["missing"] == [{"question": "S-RNG-1", "field": "value"}, {"photo": UUID}]


def test_an_amendment_after_the_receipt_is_kept_apart(phone: FlaskClient, visit: str, clock: Clock) -> None:
    give_all(phone, visit)
    submit(phone, visit, clock)
    assert patch(phone, visit, S_RNG_1=[9, "no"]).json["amendment"] is True
    assert phone.get(f"/api/v1/visits/{visit}/manifest").json["answers"]["S-RNG-1"]["value"] == [1, "d1"]


def test_an_oversized_batch_is_413(phone: FlaskClient, visit: str) -> None:
    body = b'{"device": "' + b"x" * (3 * 2**20) + b'"}'
    answer = phone.patch(f"/api/v1/visits/{visit}/answers", data=body, content_type="application/json", headers=OURS)
    assert answer.status_code == 413


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["S-RNG-1", "S-RUL-1", "S-RUL-2"]),
        st.integers(1, 6),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["yes", "no", None]),
    ),
    max_size=12,
    unique_by=lambda w: w[:3],
)


@given(writes=WRITES, data=st.data())
def test_any_order_and_any_repetition_of_writes_ends_the_same(
    phone: FlaskClient,
    new_visit: Callable[[], str],
    writes: list[tuple[str, int, str, str | None]],
    data: st.DataObject,
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(writes), max_size=4)) if writes else []
    shuffled = data.draw(st.permutations(writes)) + repeated
    ends = []
    for order in (writes, shuffled):
        visit = new_visit()
        for question, seq, device, value in order:
            body = {"device": device, "answers": {question: {"value": [seq, value]}}}
            phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=OURS)
        ends.append(phone.get(f"/api/v1/visits/{visit}/manifest").json["answers"])
    assert ends[0] == ends[1]
    expected = {}
    for question, seq, device, _ in writes:
        expected[question] = max(expected.get(question, (0, "")), (seq, device))
    assert {q: tuple(fields["value"]) for q, fields in ends[0].items()} == expected
