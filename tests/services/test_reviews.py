"""Reviewing: who may decide, on what, and what a decision sets in motion."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from auditapp import job_queue
from auditapp.db.schema import Job, Score, StoreMonth, Visit
from auditapp.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from auditapp.services import publishing
from auditapp.services.context import Context
from auditapp.services.reviews import deciding, reading
from auditapp.services.reviews.flags import FlagKind
from auditapp.services.visits import registers, replies, sending
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world

NO_DELAY = timedelta(0)


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


def sent(context: Context, world: World, clock: Clock, minutes: int = 18, **fields: dict[str, object]) -> str:
    """A visit by Sun to Harbour Street, sent just now; ``fields`` replaces whole questions (S_RUL_1 for S-RUL-1)."""
    changes: dict[str, dict[str, object]] = {key: {"value": value} for key, value in GOOD.items()}
    changes.update({key.replace("_", "-"): value for key, value in fields.items()})
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
        registers.save_fields(session, world.shopper, visit, changes, clock())
        left = clock() - timedelta(minutes=5)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=minutes), left, clock())
    return visit


def revision(context: Context, visit: str) -> int:
    with context.read() as session:
        return session.scalars(select(Visit.revision).where(Visit.public_id == visit)).one()


def approve(context: Context, world: World, visit: str, clock: Clock, delay: timedelta = NO_DELAY) -> None:
    seen = revision(context, visit)
    with context.write() as session:
        deciding.approve(session, world.reviewer, visit, seen, clock(), delay)


def state(context: Context, visit: str) -> str:
    with context.read() as session:
        return session.scalars(select(Visit.state).where(Visit.public_id == visit)).one()


def work(context: Context, clock: Clock) -> bool:
    """Run the next due publish job, as the worker does."""
    with context.write() as session:
        job = job_queue.claim(session, clock(), ("publish",))
    if job is None:
        return False
    publishing.publish_job(context, job.payload)
    with context.write() as session:
        return job_queue.finish(session, job)


def test_the_queue_shows_what_is_due_first_and_never_a_name(context: Context, world: World, clock: Clock) -> None:
    first = sent(context, world, clock)
    clock.forward(hours=2)
    second = sent(context, world, clock)
    with context.read() as session:
        waiting = reading.queue(session, world.reviewer, clock())
    assert [w.visit_id for w in waiting] == [first, second]
    assert "Sun" not in repr(waiting)


@pytest.mark.parametrize("who", ["shopper", "manager", "lead", "other_manager"])
def test_only_reviewers_and_admins_see_the_queue(context: Context, world: World, clock: Clock, who: str) -> None:
    with context.read() as session, pytest.raises(Forbidden):
        reading.queue(session, getattr(world, who), clock())


def test_a_draft_does_not_exist_for_reviewers(context: Context, world: World, clock: Clock) -> None:
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
    with context.read() as session, pytest.raises(NotFound):
        reading.reviewed(session, world.reviewer, visit)


def test_an_approval_scores_and_waits_for_its_publication(context: Context, world: World, clock: Clock) -> None:
    visit = sent(context, world, clock)
    approve(context, world, visit, clock, timedelta(hours=48))
    assert state(context, visit) == "approved"
    assert not work(context, clock)
    clock.forward(hours=48)
    assert work(context, clock)
    assert state(context, visit) == "published"


def test_publishing_moves_the_figures_and_asks_for_the_scorecard_once(
    context: Context, world: World, clock: Clock
) -> None:
    visit = sent(context, world, clock)
    approve(context, world, visit, clock)
    work(context, clock)
    with context.read() as session:
        visit_row = session.scalars(select(Visit)).one()
        assert session.scalars(select(StoreMonth.s_total)).one() == 1000
    publishing.publish_job(context, {"visit": visit_row.id})
    with context.read() as session:
        assert session.scalars(select(StoreMonth.n)).one() == 1
        assert session.scalar(select(func.count()).where(Job.kind == "render_scorecard")) == 1


def test_a_decision_on_a_stale_page_is_refused(context: Context, world: World, clock: Clock) -> None:
    visit = sent(context, world, clock)
    seen = revision(context, visit)
    with context.write() as session:
        write = registers.Write("S-RNG-1", "value", 99, "no")
        registers.patch_answers(session, world.shopper, visit, "phone", [write], clock())
    with context.write() as session, pytest.raises(Conflict):
        deciding.approve(session, world.reviewer, visit, seen, clock(), NO_DELAY)
    assert state(context, visit) == "submitted"


def test_an_incomplete_visit_can_not_be_approved_and_stays_as_it_was(
    context: Context, world: World, clock: Clock
) -> None:
    visit = sent(context, world, clock, S_RUL_1={"cant": "There was no such product"})
    with pytest.raises(InvalidInput):
        approve(context, world, visit, clock)
    assert state(context, visit) == "submitted"


def test_a_question_goes_to_the_shopper_and_comes_back_with_an_answer(
    context: Context, world: World, clock: Clock
) -> None:
    visit = sent(context, world, clock)
    with context.write() as session:
        deciding.ask(session, world.reviewer, visit, 1, "S-RUL-1", "Before or after you paid?", clock())
    with context.write() as session, pytest.raises(NotFound):
        replies.reply(session, world.other_shopper, visit, "Before", clock())
    with context.write() as session:
        replies.reply(session, world.shopper, visit, "Before I paid", clock())
    with context.read() as session:
        seen = reading.reviewed(session, world.reviewer, visit)
    assert [(e.kind, e.text) for e in seen.history[:2]] == [
        ("replied", "Before I paid"),
        ("asked", "Before or after you paid?"),
    ]


def test_voiding_a_published_visit_takes_it_out_of_the_figures(context: Context, world: World, clock: Clock) -> None:
    visit = sent(context, world, clock)
    approve(context, world, visit, clock)
    work(context, clock)
    with context.write() as session, pytest.raises(InvalidInput):
        deciding.void(session, world.reviewer, visit, revision(context, visit), " ", clock())
    seen = revision(context, visit)
    with context.write() as session:
        deciding.void(session, world.reviewer, visit, seen, "Wrong store", clock())
    with context.read() as session:
        assert session.scalar(select(func.sum(StoreMonth.n))) in (None, 0)


def test_every_result_is_kept(context: Context, world: World, clock: Clock) -> None:
    visit = sent(context, world, clock)
    approve(context, world, visit, clock)
    with context.read() as session:
        totals = [score.result["total"] for score in session.scalars(select(Score))]
    assert totals == ["100.0", "100.0"]


def test_flags_name_a_critical_a_long_visit_and_a_late_one(context: Context, world: World, clock: Clock) -> None:
    clock.forward(days=3)
    visit = sent(context, world, clock, minutes=45, S_RUL_1={"value": "no", "note": "Never asked"})
    with context.read() as session:
        kinds = {(flag.kind, flag.question) for flag in reading.reviewed(session, world.reviewer, visit).flags}
    assert kinds == {(FlagKind.CRITICAL, "S-RUL-1"), (FlagKind.LONG, ""), (FlagKind.LATE, "")}
