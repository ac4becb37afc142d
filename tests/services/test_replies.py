"""The shopper's reply, as the page and as a phone that had no signal send it: it arrives once, however late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from auditapp.db.schema import AnswerWrite, ReviewEvent, Visit
from auditapp.domain.errors import Conflict, InvalidInput, NotFound
from auditapp.services.context import Context
from auditapp.services.reviews import deciding, late
from auditapp.services.visits import registers, replies, sending
from auditapp.services.visits.registers import Merged, Write
from auditapp.services.visits.rescue import import_visit
from auditapp.services.visits.rescue_file import read_rescue
from tests.conftest import Clock
from tests.factories import World, make_assignment, make_world
from tests.rescue_files import an_answer, rescue_file
from tests.services.test_reviews import NO_DELAY, approve, sent, state


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def visit(context: Context, world: World, clock: Clock) -> str:
    """A sent visit about which the reviewer has asked something."""
    made = sent(context, world, clock)
    with context.write() as session:
        deciding.ask(session, world.reviewer, made, 1, "S-RUL-1", "Before or after you paid?", clock())
    return made


def from_phone(context: Context, world: World, visit: str, text: object, seq: int = 90) -> Merged:
    with context.write() as session:
        write = Write("", "reply", seq, text)
        return registers.patch_answers(session, world.shopper, visit, "phone", [write], context.now())


def told(context: Context, visit: str) -> list[str]:
    """All replies, in the order of their arrival."""
    query = select(ReviewEvent.text).join(Visit).where(Visit.public_id == visit, ReviewEvent.kind == "replied")
    with context.read() as session:
        return list(session.scalars(query.order_by(ReviewEvent.id)))


def test_a_reply_from_a_phone_puts_the_visit_back_into_the_queue(context: Context, world: World, visit: str) -> None:
    merged = from_phone(context, world, visit, "  Before I paid \r\n")
    assert (merged.refused, merged.winners) == ({}, {})
    assert told(context, visit) == ["Before I paid"]
    assert state(context, visit) == "submitted"


def test_the_same_reply_again_changes_nothing(context: Context, world: World, visit: str) -> None:
    for _ in range(3):
        from_phone(context, world, visit, "Before I paid")
    assert told(context, visit) == ["Before I paid"]
    with context.read() as session:
        assert session.query(AnswerWrite).filter_by(field="reply").count() == 1


def test_a_reply_that_came_through_the_page_is_not_doubled_by_the_phone(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    with context.write() as session:
        replies.reply(session, world.shopper, visit, "Before I paid", clock())
    from_phone(context, world, visit, "Before I paid")
    assert told(context, visit) == ["Before I paid"]


def test_a_reply_that_comes_when_nothing_is_asked_any_more_stands_in_the_history(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    with context.write() as session:
        replies.reply(session, world.shopper, visit, "I think before", clock())
    approve(context, world, visit, clock)
    from_phone(context, world, visit, "No, afterwards")
    assert told(context, visit) == ["I think before", "No, afterwards"]
    assert state(context, visit) in {"approved", "published"}
    with context.read() as session:
        assert late.late_arrivals(session, world.reviewer) == ()


def test_an_approval_that_has_not_seen_the_second_reply_is_refused(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    from_phone(context, world, visit, "I think before", 90)
    with context.read() as session:
        seen = session.scalars(select(Visit.revision).where(Visit.public_id == visit)).one()
    from_phone(context, world, visit, "No, afterwards", 91)
    with context.write() as session, pytest.raises(Conflict):
        deciding.approve(session, world.reviewer, visit, seen, clock(), NO_DELAY)


def test_a_reply_to_an_earlier_question_does_not_answer_the_next_one(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    given = clock()
    with context.write() as session:
        replies.reply(session, world.shopper, visit, "From the other phone", clock.forward(hours=1))
        deciding.ask(session, world.reviewer, visit, 3, "S-RUL-1", "And who took the money?", clock.forward(hours=1))
        late = Write("", "reply", 90, "Before I paid", given + timedelta(hours=9))  # its clock is nine hours ahead
        registers.patch_answers(session, world.shopper, visit, "phone", [late], clock.forward(hours=1), 9 * 3600)
    assert told(context, visit) == ["From the other phone", "Before I paid"]
    assert state(context, visit) == "queried"
    with context.write() as session:
        now = clock.forward(hours=1)
        answer = Write("", "reply", 91, "The manager", now + timedelta(hours=9))
        registers.patch_answers(session, world.shopper, visit, "phone", [answer], now, 9 * 3600)
    assert state(context, visit) == "submitted"


@pytest.mark.parametrize("text", ["", "  ", None, 7, ["Before"], "x" * 1001, "nul \0"])
def test_what_is_no_reply_is_refused_and_the_question_stays(
    context: Context, world: World, visit: str, text: object
) -> None:
    refused = from_phone(context, world, visit, text).refused
    assert isinstance(refused[""]["reply"], InvalidInput)
    assert (told(context, visit), state(context, visit)) == ([], "queried")


def test_before_the_visit_is_sent_there_is_nothing_to_reply_to(context: Context, world: World, clock: Clock) -> None:
    with context.write() as session:
        made = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
    refused = from_phone(context, world, made, "Before", 1).refused
    assert "has asked nothing" in str(refused[""]["reply"])
    assert state(context, made) == "draft"


def test_nobody_else_can_reply(context: Context, world: World, visit: str, clock: Clock) -> None:
    with context.write() as session, pytest.raises(NotFound):
        registers.patch_answers(session, world.other_shopper, visit, "phone", [Write("", "reply", 9, "I")], clock())
    assert told(context, visit) == []


def test_a_reply_in_a_rescue_file_comes_in_as_the_shoppers_own(context: Context, world: World, visit: str) -> None:
    record = an_answer("", "Before I paid", 90, "reply")
    done = import_visit(context, world.reviewer, read_rescue(rescue_file(visit, [record])))
    assert done.faults == []
    assert told(context, visit) == ["Before I paid"]
    with context.read() as session:
        event = session.scalars(select(ReviewEvent).where(ReviewEvent.kind == "replied")).one()
        assert event.by_id == world.shopper.user_id
