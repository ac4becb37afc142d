"""A phone whose clock is wrong: its finished work is taken, the reviewer sees it, and the store sees nothing odd."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from auditapp.db.schema import Visit
from auditapp.services.context import Context
from auditapp.services.visits import sending
from tests.api.test_visits import OURS, UUID
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.web.clients import signed_in

CLOCK = "The phone's clock was wrong: by it the visit was {}. The times here are put right"
TIMES = "The phone says that the visit was {}, which can't be. Week and part of the day go by the first answer"
DATED = "Question 1: the phone dates the photo"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def new_visit(context: Context, world: World, clock: Clock) -> Callable[[], str]:
    """A visit to Mill Lane, in Seoul, where it is 18:00."""

    def make() -> str:
        with context.write() as session:
            assignment = make_assignment(session, world, store=world.other_store).public_id
            return sending.start(session, world.shopper, assignment, clock())

    return make


@pytest.fixture
def visit(new_visit: Callable[[], str]) -> str:
    return new_visit()


@pytest.fixture
def phone(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.shopper)


@pytest.fixture
def rhea(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.reviewer)


def give_all(phone: FlaskClient, visit: str, clock: datetime | None = None, **timers: dict[str, str]) -> None:
    """All answers, from a phone that tells its ``clock`` where it is given."""
    answers: dict[str, dict[str, object]] = {question: {"value": [1, value]} for question, value in GOOD.items()}
    for question, timer in timers.items():
        answers[question.replace("_", "-")]["timer"] = [1, timer]
    body = {"device": "d1", "clock": clock and clock.isoformat(), "answers": answers}
    assert phone.patch(f"/api/v1/visits/{visit}/answers", json=body, headers=OURS).json["refused"] == {}


def submit(phone: FlaskClient, visit: str, arrived: str, left: str) -> TestResponse:
    body = {"manifest": {}, "arrived": arrived, "left": left}
    return phone.post(f"/api/v1/visits/{visit}/submit", json=body, headers=OURS)


def stored(context: Context, visit: str) -> Visit:
    with context.read() as session:
        return session.scalars(select(Visit).where(Visit.public_id == visit)).one()


def hints(rhea: FlaskClient, visit: str) -> list[str]:
    """What the review page says there is to look at."""
    listed = rhea.get(f"/review/{visit}").text.partition('<ul class="rv-flags">')[2].partition("</ul>")[0]
    return [html.unescape(re.sub(r"<[^>]+>", "", line)).strip() for line in listed.split("</li>") if line.strip()]


def test_a_clock_that_is_five_hours_ahead_is_put_right(
    phone: FlaskClient, rhea: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    give_all(phone, visit, clock() + timedelta(hours=5))
    first = submit(phone, visit, "2026-09-14T22:05", "2026-09-14T22:40")
    again = submit(phone, visit, "2026-09-14T22:05", "2026-09-14T22:40")

    sent = stored(context, visit)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert (sent.arrived_at, sent.left_at) == (
        datetime(2026, 9, 14, 8, 5, tzinfo=UTC),
        datetime(2026, 9, 14, 8, 40, tzinfo=UTC),
    )
    assert (sent.week, sent.day_part, sent.month) == (date(2026, 9, 14), "evening", "2026-09")
    assert CLOCK.format("2026-09-14 22:05 – 2026-09-14 22:40") in hints(rhea, visit)


def test_a_clock_that_fell_back_to_its_first_day_is_put_right(
    phone: FlaskClient, rhea: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    give_all(phone, visit, datetime(1970, 1, 1, 1, tzinfo=UTC))
    answer = submit(phone, visit, "1970-01-01T09:00:00+09:00", "1970-01-01T09:30:00+09:00")

    assert answer.status_code == 201
    assert stored(context, visit).arrived_at == clock() - timedelta(hours=1)
    assert CLOCK.format("1970-01-01 09:00 – 1970-01-01 09:30") in hints(rhea, visit)


@pytest.mark.parametrize("told", [None, 0, 60])
def test_where_the_clock_does_not_explain_the_times_they_stand_as_told_and_the_store_sees_the_first_answer(
    phone: FlaskClient, rhea: FlaskClient, context: Context, visit: str, clock: Clock, told: int | None
) -> None:
    clock.forward(hours=2)
    give_all(phone, visit, None if told is None else clock() + timedelta(seconds=told))
    clock.forward(days=7)
    answer = submit(phone, visit, "2027-03-01T09:00", "2027-03-01T09:20")

    sent = stored(context, visit)
    assert answer.status_code == 201
    assert sent.arrived_at == datetime(2027, 3, 1, 0, 0, tzinfo=UTC)
    assert (sent.week, sent.day_part, sent.month) == (date(2026, 9, 14), "evening", "2026-09")
    assert TIMES.format("2027-03-01 09:00 – 2027-03-01 09:20") in hints(rhea, visit)


def test_times_that_can_be_stand_as_told_whatever_the_clock_says(
    phone: FlaskClient, rhea: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    give_all(phone, visit, clock() + timedelta(hours=5))
    submit(phone, visit, "2026-09-14T17:05", "2026-09-14T17:25")

    assert stored(context, visit).arrived_at == datetime(2026, 9, 14, 8, 5, tzinfo=UTC)
    assert hints(rhea, visit) == []


def test_a_photo_tells_the_clock_too_and_is_dated_by_it(
    phone: FlaskClient, rhea: FlaskClient, context: Context, visit: str, clock: Clock
) -> None:
    give_all(phone, visit)
    told = {"X-Clock": (clock() + timedelta(hours=5)).isoformat(), "X-Question": "S-RNG-1"}
    for uuid, taken, size in ((UUID, "22:20", 400), (UUID[:-1] + "2", "17:20", 300)):
        taken_at = {"X-Taken-At": f"2026-09-14T{taken}:00+09:00"}
        data = encode(picture(size, 300), "JPEG")
        phone.put(f"/api/v1/visits/{visit}/photos/{uuid}", data=data, headers={**OURS, **told, **taken_at})
    submit(phone, visit, "2026-09-14T22:05", "2026-09-14T22:25")

    assert stored(context, visit).arrived_at == datetime(2026, 9, 14, 8, 5, tzinfo=UTC)
    assert [words for words in hints(rhea, visit) if DATED in words] == [DATED + " 2026-09-14 17:20, outside the visit"]


@pytest.mark.parametrize(
    ("arrived", "left", "field"),
    [
        ("2026-09-14T17:40", "2026-09-14T17:05", "left"),
        ("2026-09-14T17:05", "2026-09-14T17:05", "left"),
        ("0026-09-14T17:05", "2026-09-14T17:05", "arrived"),
        ("2026-09-14T17:05", "2206-09-14T17:40", "left"),
    ],
)
def test_a_slip_that_no_clock_makes_comes_back_to_be_corrected(
    phone: FlaskClient, context: Context, visit: str, arrived: str, left: str, field: str
) -> None:
    give_all(phone, visit)
    refused = submit(phone, visit, arrived, left)

    assert (refused.status_code, refused.json["error"]["field"]) == (422, field)
    assert stored(context, visit).receipt is None
    assert submit(phone, visit, "2026-09-14T17:05", "2026-09-14T17:25").status_code == 201


def test_a_stopwatch_that_stops_before_it_starts_is_kept_and_shown(
    phone: FlaskClient, rhea: FlaskClient, visit: str
) -> None:
    backwards = {"start": "2026-09-14T17:10:00+09:00", "stop": "2026-09-14T08:05:00Z"}
    forwards = {"start": "2026-09-14T17:10:00+09:00", "stop": "2026-09-14T08:15:00Z"}
    give_all(phone, visit, S_STF_1=backwards, S_STF_2=forwards, S_RUL_1={"start": "2026-09-14T17:10:00+09:00"})
    submit(phone, visit, "2026-09-14T17:05", "2026-09-14T17:25")

    assert hints(rhea, visit) == ["Question 3: the stopwatch stops before it starts"]


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 - by the store's clock


@given(arrived=MOMENTS, minutes=st.integers(1, 600), ahead=st.none() | st.integers(-(10**9), 10**9))
def test_any_times_that_a_clock_can_show_get_a_receipt_and_the_store_sees_a_week_that_can_be(
    phone: FlaskClient, new_visit: Callable[[], str], context: Context, arrived: datetime, minutes: int,
    ahead: int | None,
) -> None:  # fmt: skip
    visit, now = new_visit(), context.now()
    give_all(phone, visit, None if ahead is None else now + timedelta(seconds=ahead))
    answer = submit(phone, visit, arrived.isoformat(), (arrived + timedelta(minutes=minutes)).isoformat())

    sent = stored(context, visit)
    assert answer.status_code == 201
    assert sent.week is not None
    assert now.date() - timedelta(days=97) <= sent.week <= now.date()
