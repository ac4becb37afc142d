"""A visit that a phone has ready but nobody has begun; one that began although it was cancelled; whose clock counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from auditapp.db.schema import Assignment, Store, User, Wave
from auditapp.domain.errors import Conflict, InvalidInput, NotFound
from auditapp.services import programme
from auditapp.services.context import Context
from auditapp.services.reviews import reading as reviewing
from auditapp.services.reviews.flags import FlagKind
from auditapp.services.visits import listing, reading, registers, sending
from auditapp.services.visits.registers import Write
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def assignment(context: Context, world: World) -> str:
    with context.write() as session:
        return make_assignment(session, world).public_id


@pytest.fixture
def visit(context: Context, world: World, assignment: str, clock: Clock) -> str:
    with context.write() as session:
        return sending.prepare(session, world.shopper, assignment, clock()).visit_id


def patch(
    context: Context,
    world: World,
    visit: str,
    now: datetime,
    at: datetime | None = None,
    offset: int | None = None,
    seq: int = 1,
) -> None:
    with context.write() as session:
        write = Write("S-RNG-1", "value", seq, "yes", at)
        registers.patch_answers(session, world.shopper, visit, "phone", [write], now, offset)


def send(context: Context, world: World, visit: str, clock: Clock) -> None:
    with context.write() as session:
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
    with context.write() as session:
        left = clock() - timedelta(minutes=1)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())


def cancel(context: Context, world: World, assignment: str, clock: Clock) -> None:
    with context.write() as session:
        programme.cancel_assignment(session, world.admin, assignment, clock())


def state_for_admin(context: Context, world: World, assignment: str) -> str:
    with context.read() as session:
        wave = session.get_one(Wave, world.wave).public_id
        rows = programme.list_assignments(session, world.admin, wave)
    return next(row.state for row in rows if row.assignment.public_id == assignment)


def rows_of_shopper(context: Context, world: World, clock: Clock) -> list[tuple[str, str | None]]:
    with context.read() as session:
        mine = listing.my_visits(session, world.shopper, clock())
    return [(row.state, row.visit_id) for row in (*mine.due, *mine.next, *mine.sent)]


def test_a_prepared_visit_counts_nowhere_as_started(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    assert rows_of_shopper(context, world, clock) == [("new", None)]
    assert state_for_admin(context, world, assignment) == "new"
    with context.read() as session:
        assert programme.overview(session, world.admin).waiting == 1
        assert reading.brief(session, world.shopper, assignment, "en").row.visit_id is None


def test_starting_begins_the_visit_that_was_prepared(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    with context.write() as session:
        assert sending.start(session, world.shopper, assignment, clock()) == visit
    assert rows_of_shopper(context, world, clock) == [("draft", visit)]
    assert state_for_admin(context, world, assignment) == "draft"
    with context.read() as session:
        assert programme.overview(session, world.admin).waiting == 0


def test_preparing_does_not_undo_a_start(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    with context.write() as session:
        sending.start(session, world.shopper, assignment, clock())
    with context.write() as session:
        assert sending.prepare(session, world.shopper, assignment, clock()).visit_id == visit
    assert rows_of_shopper(context, world, clock) == [("draft", visit)]


def test_reporting_that_a_prepared_visit_could_not_be_done_begins_and_ends_it(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    with context.write() as session:
        sending.give_up(session, world.shopper, visit, "The shop was closed", clock())
    assert rows_of_shopper(context, world, clock) == [("not_done", visit)]


def test_an_assignment_is_cancelled_while_nobody_has_begun_only(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    patch(context, world, visit, clock())
    with pytest.raises(Conflict):
        cancel(context, world, assignment, clock)


def test_a_prepared_visit_of_a_cancelled_assignment_is_gone_for_everybody(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    cancel(context, world, assignment, clock)
    assert rows_of_shopper(context, world, clock) == []
    assert state_for_admin(context, world, assignment) == "cancelled"
    for begin in (sending.start, sending.prepare):
        with context.write() as session, pytest.raises(NotFound):
            begin(session, world.shopper, assignment, clock())


def test_work_done_on_a_phone_that_did_not_know_of_the_cancelling_is_taken_and_flagged(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    cancel(context, world, assignment, clock)
    clock.forward(hours=1)
    patch(context, world, visit, clock())
    assert rows_of_shopper(context, world, clock) == [("draft", visit)]
    assert state_for_admin(context, world, assignment) == "draft"
    send(context, world, visit, clock)
    assert state_for_admin(context, world, assignment) == "submitted"
    with context.read() as session:
        flags = reviewing.reviewed(session, world.reviewer, visit).flags
        wave = programme.list_waves(session, world.admin)[0]
    assert [flag.kind for flag in flags] == [FlagKind.CANCELLED]
    assert (wave.assigned, wave.sent) == (1, 1)


def test_a_visit_that_was_not_cancelled_has_no_such_flag(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    send(context, world, visit, clock)
    with context.read() as session:
        assert reviewing.reviewed(session, world.reviewer, visit).flags == ()


def test_a_cancelled_assignment_may_be_given_to_another_and_both_visits_count(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    cancel(context, world, assignment, clock)
    with context.write() as session:
        again = make_assignment(session, world, shopper=world.other_shopper).public_id
    with context.write() as session:
        other = sending.start(session, world.other_shopper, again, clock())
    send(context, world, visit, clock)
    assert other != visit
    assert (state_for_admin(context, world, assignment), state_for_admin(context, world, again)) == (
        "submitted",
        "draft",
    )


def test_a_shopper_who_was_there_in_spite_of_the_cancelling_does_not_return_too_soon(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    cancel(context, world, assignment, clock)
    send(context, world, visit, clock)
    with context.write() as session:
        store = session.get_one(Store, world.store).public_id
        shopper = session.get_one(User, world.shopper.user_id).public_id
        plan = programme.Plan((store,), shopper, datetime(2026, 9, 20, 9), datetime(2026, 9, 20, 18))  # noqa: DTZ001
        wave = session.get_one(Wave, world.wave).public_id
        with pytest.raises(InvalidInput) as caught:
            programme.create_assignments(session, world.admin, wave, plan, clock())
    assert caught.value.field == "again"


def span(context: Context, world: World, visit: str) -> tuple[datetime | None, datetime | None]:
    with context.read() as session:
        found = reading.open_visit(session, world.shopper, visit)
    return found.suggested_arrival, found.suggested_leaving


def test_nothing_is_suggested_before_the_first_answer(context: Context, world: World, visit: str) -> None:
    assert span(context, world, visit) == (None, None)


def test_the_suggested_times_are_those_of_the_answers_and_not_of_their_arrival(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    first, last = clock.forward(hours=1), clock.forward(minutes=30)
    now = clock.forward(hours=5)
    patch(context, world, visit, now, first, 0, seq=1)
    patch(context, world, visit, now, last, 0, seq=2)
    assert span(context, world, visit) == (first, last)


def test_a_clock_that_is_wrong_is_put_right(context: Context, world: World, visit: str, clock: Clock) -> None:
    true = clock.forward(hours=1)
    now = clock.forward(hours=2)
    wrong = timedelta(days=3, seconds=17)
    patch(context, world, visit, now, true + wrong, int(wrong.total_seconds()), seq=1)
    patch(context, world, visit, now, true + timedelta(minutes=9) - wrong, -int(wrong.total_seconds()), seq=2)
    assert span(context, world, visit) == (true, true + timedelta(minutes=9))


def test_what_the_phone_did_not_tell_counts_from_its_arrival(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    first = clock.forward(hours=1)
    patch(context, world, visit, first, seq=1)
    last = clock.forward(minutes=30)
    patch(context, world, visit, last, at=last + timedelta(hours=9), seq=2)
    assert span(context, world, visit) == (first, last), "a time without a clock can't be put right"


def test_no_suggestion_lies_in_the_future_or_before_the_visit_was_made(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    made = clock()
    now = clock.forward(hours=1)
    patch(context, world, visit, now, made - timedelta(days=400), 0, seq=1)
    patch(context, world, visit, now, now + timedelta(days=400), 0, seq=2)
    assert span(context, world, visit) == (made, now)


def test_the_page_knows_the_sequence_numbers_of_cleared_answers_too(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    patch(context, world, visit, clock(), seq=4)
    with context.write() as session:
        registers.save_fields(session, world.shopper, visit, {"S-RNG-1": {"value": None}}, clock())
    with context.read() as session:
        assert reading.open_visit(session, world.shopper, visit).seqs == {"S-RNG-1": {"value": (5, "page")}}


def test_a_cancelling_that_comes_twice_stays_as_it_was(
    context: Context, world: World, assignment: str, visit: str, clock: Clock
) -> None:
    cancel(context, world, assignment, clock)
    first = clock()
    clock.forward(hours=1)
    cancel(context, world, assignment, clock)
    with context.read() as session:
        assert session.scalars(select(Assignment.cancelled_at)).all() == [first]
