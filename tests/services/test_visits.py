"""The life of a visit on the shopper's side, through the services that page and phone share."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from auditapp.db.schema import AnswerField, AnswerWrite, Photo, Visit
from auditapp.domain.errors import Forbidden, Incomplete, InvalidInput, NotFound
from auditapp.services.context import Context
from auditapp.services.visits import evidence, listing, reading, registers, sending
from auditapp.services.visits.registers import Write
from auditapp.services.visits.sending import Manifest
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.photo_factory import encode, picture

UUID = "00000000-0000-4000-8000-00000000000{}"


def jpeg(width: int = 300, height: int = 200) -> bytes:
    return encode(picture(width, height), "JPEG")


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def visit_id(context: Context, world: World, clock: Clock) -> str:
    with context.write() as session:
        assignment = make_assignment(session, world).public_id
    with context.write() as session:
        return sending.start(session, world.shopper, assignment, clock())


def fill(context: Context, world: World, visit_id: str, clock: Clock, **answers: object) -> None:
    changes = {key: {"value": value} for key, value in {**GOOD, **answers}.items()}
    with context.write() as session:
        registers.save_fields(session, world.shopper, visit_id, changes, clock())


def send(context: Context, world: World, visit_id: str, clock: Clock, manifest: Manifest | None = None):  # noqa: ANN201
    with context.write() as session:
        return sending.submit(
            session, world.shopper, visit_id, clock() - timedelta(minutes=40), clock() - timedelta(minutes=5),
            clock(), manifest,
        )  # fmt: skip


def patch(context: Context, world: World, visit_id: str, clock: Clock, device: str, *writes: Write):  # noqa: ANN201
    with context.write() as session:
        return registers.patch_answers(session, world.shopper, visit_id, device, writes, clock())


def value_of(context: Context, question: str, name: str = "value") -> object:
    with context.read() as session:
        text = session.scalar(
            select(AnswerField.value).where(AnswerField.question == question, AnswerField.field == name)
        )
    return json.loads(text) if text is not None else None


def test_starting_twice_opens_the_same_visit(context: Context, world: World, clock: Clock) -> None:
    with context.write() as session:
        assignment = make_assignment(session, world).public_id
    with context.write() as session:
        first = sending.start(session, world.shopper, assignment, clock())
    with context.write() as session:
        assert sending.start(session, world.shopper, assignment, clock()) == first


def test_another_shopper_finds_neither_the_assignment_nor_the_visit(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    with context.read() as session:
        assert listing.my_visits(session, world.other_shopper, clock()).due == ()
        with pytest.raises(NotFound):
            reading.open_visit(session, world.other_shopper, visit_id)
    with context.write() as session, pytest.raises(NotFound):
        registers.save_fields(session, world.other_shopper, visit_id, {}, clock())


def test_a_manager_may_not_even_ask_for_visits(context: Context, world: World, visit_id: str, clock: Clock) -> None:
    with context.read() as session, pytest.raises(Forbidden):
        reading.open_visit(session, world.manager, visit_id)


def test_the_higher_sequence_number_wins_whatever_the_order_of_arrival(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    patch(context, world, visit_id, clock, "phone", Write("S-RNG-1", "value", 5, "no"))
    merged = patch(context, world, visit_id, clock, "tablet", Write("S-RNG-1", "value", 3, "yes"))
    assert value_of(context, "S-RNG-1") == "no"
    assert merged.winners == {"S-RNG-1": {"value": (5, "phone")}}


def test_between_equal_sequence_numbers_the_device_decides_the_same_way_everywhere(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    patch(context, world, visit_id, clock, "b", Write("S-RNG-1", "value", 5, "no"))
    patch(context, world, visit_id, clock, "a", Write("S-RNG-1", "value", 5, "yes"))
    assert value_of(context, "S-RNG-1") == "no"


def test_a_repeated_write_is_logged_once(context: Context, world: World, visit_id: str, clock: Clock) -> None:
    for _ in range(3):
        patch(context, world, visit_id, clock, "phone", Write("S-RNG-1", "value", 1, "no"))
    with context.read() as session:
        assert session.scalar(select(func.count()).select_from(AnswerWrite)) == 1


def test_one_bad_answer_in_a_batch_keeps_the_good_ones(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    merged = patch(
        context, world, visit_id, clock, "phone",
        Write("S-RNG-1", "value", 1, "maybe"), Write("S-RNG-2", "value", 2, 3), Write("NOPE", "value", 3, "yes"),
        Write("S-STF-1", "colour", 4, "red"), Write("S-STF-1", "value", 0, "yes"),
    )  # fmt: skip
    assert set(merged.refused) == {"S-RNG-1", "NOPE", "S-STF-1"}
    assert value_of(context, "S-RNG-2") == "3"


@pytest.mark.parametrize("note", ["a\0b", "\ud800", "x" * 4001])
def test_a_note_that_can_not_be_stored_is_refused(
    context: Context, world: World, visit_id: str, clock: Clock, note: str
) -> None:
    merged = patch(context, world, visit_id, clock, "phone", Write("S-RNG-1", "note", 1, note))
    assert "S-RNG-1" in merged.refused


def test_a_page_that_posts_a_bad_value_saves_nothing_of_it(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    with pytest.raises(InvalidInput) as caught:  # noqa: PT012, SIM117 - the transaction must end by the error
        with context.write() as session:
            changes = {"S-RNG-1": {"value": "yes"}, "S-RNG-2": {"value": "many"}}
            registers.save_fields(session, world.shopper, visit_id, changes, clock())
    assert caught.value.field == "S-RNG-2"
    assert value_of(context, "S-RNG-1") is None


def test_a_complete_visit_gets_a_receipt_and_the_same_one_ever_after(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock)
    receipt, created = send(context, world, visit_id, clock)
    assert created
    assert (receipt.answers, receipt.photos) == (6, 0)
    clock.forward(days=9)
    assert send(context, world, visit_id, clock) == (receipt, False)
    with context.read() as session:
        assert sending.receipt(session, world.shopper, visit_id) == receipt


def test_sending_scores_the_visit_as_it_was_sent(context: Context, world: World, visit_id: str, clock: Clock) -> None:
    fill(context, world, visit_id, clock)
    send(context, world, visit_id, clock)
    with context.read() as session:
        visit = session.scalars(select(Visit)).one()
    assert (visit.total, visit.verdict, visit.month, visit.day_part) == (1000, "PASS", "2026-09", "morning")


def test_a_failed_answer_without_its_photo_can_not_be_sent_but_can_be_excused(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock, **{"S-RNG-1": "no"})
    with pytest.raises(Incomplete) as caught:
        send(context, world, visit_id, clock)
    assert caught.value.missing == [{"question": "S-RNG-1", "lack": "photo"}]
    with context.write() as session:
        changes = {"S-RNG-1": {"cant": "The camera broke"}}
        registers.save_fields(session, world.shopper, visit_id, changes, clock())
    assert send(context, world, visit_id, clock)[1]


@pytest.mark.parametrize(("arrived", "left"), [(-10, -20), (-10, 60), (-60 * 24 * 91, -60 * 24 * 91 + 30)])
def test_impossible_times_are_refused(
    context: Context, world: World, visit_id: str, clock: Clock, arrived: int, left: int
) -> None:
    fill(context, world, visit_id, clock)
    with context.write() as session, pytest.raises(InvalidInput):
        sending.submit(
            session, world.shopper, visit_id, clock() + timedelta(minutes=arrived),
            clock() + timedelta(minutes=left), clock(),
        )  # fmt: skip


def test_a_visit_that_was_finished_long_ago_is_accepted_however_late_it_comes(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock)
    arrived = clock() - timedelta(minutes=30)
    clock.forward(days=400)
    with context.write() as session:
        told, new = sending.submit(session, world.shopper, visit_id, arrived, arrived + timedelta(minutes=25), clock())
    assert new
    assert told.at == clock()


def test_a_late_visit_of_a_closed_wave_is_still_accepted(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock)
    clock.forward(days=30)
    assert send(context, world, visit_id, clock)[1]


def test_what_arrives_after_the_receipt_amends_and_changes_nothing(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock)
    send(context, world, visit_id, clock)
    with context.read() as session:
        before = session.scalars(select(Visit.revision)).one()
    merged = patch(context, world, visit_id, clock, "phone", Write("S-RNG-1", "value", 99, "no"))
    assert merged.amendment
    assert value_of(context, "S-RNG-1") == "yes"
    with context.read() as session:
        assert session.scalars(select(Visit.revision)).one() == before + 1


def test_a_visit_that_could_not_be_done_is_reported_with_its_reason(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    with context.write() as session, pytest.raises(InvalidInput):
        sending.give_up(session, world.shopper, visit_id, "  ", clock())
    with context.write() as session:
        receipt, created = sending.give_up(session, world.shopper, visit_id, "The shop was closed", clock())
    assert receipt.not_done
    assert created
    with context.read() as session:
        assert [r.state for r in listing.my_visits(session, world.shopper, clock()).sent] == ["not_done"]


def put(context: Context, world: World, visit_id: str, number: int, data: bytes) -> evidence.Put:
    return evidence.put_photo(context, world.shopper, visit_id, UUID.format(number), "S-RNG-1", io.BytesIO(data))


def test_the_same_photo_sent_twice_is_kept_once(context: Context, world: World, visit_id: str) -> None:
    data = jpeg()
    first = put(context, world, visit_id, 1, data)
    again = put(context, world, visit_id, 1, data)
    assert (first.outcome, again.outcome, again.public_id) == ("stored", "known", first.public_id)


def test_another_photo_under_a_known_id_is_a_conflict_and_both_are_kept(
    context: Context, world: World, visit_id: str
) -> None:
    put(context, world, visit_id, 1, jpeg(300, 200))
    assert put(context, world, visit_id, 1, jpeg(200, 300)).outcome == "conflict"
    with context.read() as session:
        assert session.scalar(select(func.count()).select_from(Photo)) == 2


def test_a_deleted_photo_is_not_revived_by_a_late_upload(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    with context.write() as session:
        evidence.delete_photo(session, world.shopper, visit_id, UUID.format(1), clock())
    assert put(context, world, visit_id, 1, jpeg()).outcome == "deleted"
    with context.read() as session:
        assert reading.open_visit(session, world.shopper, visit_id).photos == {}


def test_a_submit_whose_photo_is_not_here_says_which_one(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock)
    wanted = Manifest(answers={"S-RNG-1": {"value": 1}}, photos={UUID.format(1): "ab" * 32})
    with pytest.raises(Incomplete) as caught:
        send(context, world, visit_id, clock, wanted)
    assert caught.value.missing == [{"photo": UUID.format(1)}]


def test_a_photo_that_the_server_refused_for_good_does_not_hold_up_the_receipt(
    context: Context, world: World, visit_id: str, clock: Clock
) -> None:
    fill(context, world, visit_id, clock)
    wanted = Manifest(photos={UUID.format(1): "ab" * 32}, refused=(UUID.format(1),))
    assert send(context, world, visit_id, clock, wanted)[1]


def test_no_upload_is_left_behind(context: Context, world: World, visit_id: str) -> None:
    put(context, world, visit_id, 1, jpeg())
    with pytest.raises(InvalidInput):
        evidence.put_photo(
            context, world.shopper, visit_id, UUID.format(2), "S-RNG-1", io.BytesIO(jpeg()), sha256="0" * 64
        )
    assert list(context.settings.upload_folder.iterdir()) == []
