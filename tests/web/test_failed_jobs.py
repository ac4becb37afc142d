"""A job that was given up: whoever waits for it is told, an administrator sees why and lets it be tried again."""

from __future__ import annotations

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from auditapp import job_queue, worker
from auditapp.db.schema import AuditEvent, Job
from auditapp.services.context import Context
from tests.conftest import Clock
from tests.scorecard_world import Shop, make_shop
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader


@pytest.fixture
def shop(context: Context) -> Shop:
    return make_shop(context)


@pytest.fixture
def mina(app: Flask, context: Context, shop: Shop) -> FlaskClient:
    return signed_in(app, context, shop.world.manager)


@pytest.fixture
def ada(app: Flask, context: Context, shop: Shop) -> FlaskClient:
    return signed_in(app, context, shop.world.admin)


def fail_for_good(context: Context, clock: Clock, kind: str = "render_scorecard") -> None:
    """Let the worker try the jobs of a kind until it gives them up."""

    def fail(*_: object) -> None:
        raise OSError("no <font> for Hangul")

    for _ in range(job_queue.MOST_TRIES):
        worker.run(context, once=True, tasks={kind: fail})
        clock.forward(hours=1)


def press_again(ada: FlaskClient, kind: str = "render_scorecard") -> int:
    token = next(iter(FormReader(ada.get("/account").text).forms.values()))["csrf_token"]
    return ada.post("/admin/jobs/again", data={"csrf_token": token, "kind": kind}).status_code


def jobs(context: Context) -> list[tuple[str, int]]:
    with context.read() as session:
        return [(job.state, job.tries) for job in session.scalars(select(Job).order_by(Job.id))]


def test_the_page_that_waits_for_a_pdf_says_when_it_failed_and_leads_to_the_scorecard(
    mina: FlaskClient, context: Context, shop: Shop, clock: Clock
) -> None:
    pdf = f"/scorecards/{shop.public_id}.pdf"
    assert mina.get(pdf).status_code == 202
    fail_for_good(context, clock)
    answer = mina.get(pdf)
    assert answer.status_code == 503
    assert "The PDF could not be made" in answer.text
    assert "refresh" not in answer.text
    assert "Hangul" not in answer.text
    assert f'href="/scorecards/{shop.public_id}"' in answer.text
    assert mina.get(f"/scorecards/{shop.public_id}").status_code == 200
    assert jobs(context) == [("failed", job_queue.MOST_TRIES)], "looking does not ask for it again"


def test_giving_up_is_one_line_of_the_log(context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "log", structlog.get_logger())  # the module's own may be bound to an earlier test's log
    with context.write() as session:
        job_queue.enqueue(session, "render_scorecard", {"visit": 1}, clock())
    with capture_logs() as lines:
        fail_for_good(context, clock)
    (line,) = [line for line in lines if line["event"].startswith("job given up")]
    assert (line["log_level"], line["kind"], line["tries"]) == ("error", "render_scorecard", job_queue.MOST_TRIES)


def test_the_administrators_first_page_tells_what_failed_and_why(
    mina: FlaskClient, ada: FlaskClient, context: Context, shop: Shop, clock: Clock
) -> None:
    assert "failed for good" not in ada.get("/admin").text
    mina.get(f"/scorecards/{shop.public_id}.pdf")
    fail_for_good(context, clock)
    with context.write() as session:
        job_queue.enqueue(session, "of <a> later version", {}, clock())
        job_queue.enqueue(session, "of <a> later version", {}, clock())
    fail_for_good(context, clock, "of <a> later version")
    page = ada.get("/admin").text
    assert "3 jobs failed for good" in page
    assert "Making a scorecard's PDF" in page
    assert "OSError: no &lt;font&gt; for Hangul" in page
    assert "of &lt;a&gt; later version" in page


def test_an_administrator_lets_it_be_tried_again(
    mina: FlaskClient, ada: FlaskClient, context: Context, shop: Shop, clock: Clock
) -> None:
    pdf = f"/scorecards/{shop.public_id}.pdf"
    mina.get(pdf)
    fail_for_good(context, clock)
    assert press_again(ada) == 303
    assert "failed for good" not in ada.get("/admin").text
    assert mina.get(pdf).status_code == 202
    assert jobs(context) == [("ready", 0)]
    with context.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "job.begun_again")).one()
    assert (event.actor_id, event.subject, event.detail) == (shop.world.admin.user_id, "job:render_scorecard", "1")
    worker.run(context, once=True)
    assert mina.get(pdf).data.startswith(b"%PDF-")


def test_trying_again_what_did_not_fail_is_a_conflict(
    mina: FlaskClient, ada: FlaskClient, context: Context, shop: Shop, clock: Clock
) -> None:
    mina.get(f"/scorecards/{shop.public_id}.pdf")
    assert press_again(ada) == 409
    assert press_again(ada, "") == 409
    assert jobs(context) == [("ready", 0)]


def test_work_that_is_asked_for_anew_leaves_no_failure_behind(context: Context, clock: Clock) -> None:
    with context.write() as session:
        job_queue.enqueue(session, "render_scorecard", {"visit": 1}, clock(), unique_key="scorecard:1")
    fail_for_good(context, clock)
    with context.write() as session:
        job_queue.enqueue(session, "render_scorecard", {"visit": 1}, clock(), unique_key="scorecard:1")
        assert job_queue.given_up(session) == ()
    assert jobs(context) == [("ready", 0)]
