"""The worker: jobs run at least once, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from auditapp import job_queue, worker
from auditapp.db import migrate
from auditapp.db.schema import Base, Job, StoreMonth, Visit
from auditapp.services.context import Context
from tests.conftest import Clock
from tests.factories import make_published_visit, make_world

FOREVER = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from auditapp import worker
from auditapp.config import Settings
from auditapp.services.context import make_context

folder, url = sys.argv[1:]
context = make_context(Settings(Path(folder), url, "http://localhost", "0" * 40),
                       lambda: datetime(2026, 9, 14, 9, 0, tzinfo=UTC))

def task(context, payload):
    print("begun", flush=True)
    threading.Event().wait()

worker.run(context, tasks={"publish": task})
"""


def enqueue(context: Context, kind: str = "publish", **payload: object) -> None:
    with context.write() as session:
        job_queue.enqueue(session, kind, dict(payload), context.now())


def only_job(context: Context) -> Job:
    with context.read() as session:
        return session.scalars(select(Job)).one()


def approved_visit(context: Context) -> int:
    """A visit that waits to be published."""
    with context.write() as session:
        visit = make_published_visit(session, make_world(session))
        visit.state, visit.published_at = "approved", None
        return visit.id


def test_a_due_job_is_done_once_and_others_wait(context: Context, clock: Clock) -> None:
    seen: list[object] = []
    tasks = {"publish": lambda _, payload: seen.append(payload)}
    enqueue(context, visit=1)
    with context.write() as session:
        job_queue.enqueue(session, "publish", {"visit": 2}, clock(), run_at=clock() + timedelta(hours=48))
    assert worker.run(context, once=True, tasks=tasks) == 1
    assert worker.run(context, once=True, tasks=tasks) == 0
    clock.forward(hours=48)
    assert worker.run(context, once=True, tasks=tasks) == 1
    assert seen == [{"visit": 1}, {"visit": 2}]


def test_a_job_whose_worker_was_killed_runs_again_after_its_lease(context: Context, clock: Clock) -> None:
    enqueue(context, visit=7)
    command = [sys.executable, "-c", FOREVER, str(context.settings.data), context.settings.database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.kill(process.pid, signal.SIGKILL)
    seen: list[object] = []
    tasks = {"publish": lambda _, payload: seen.append(payload)}
    assert worker.run(context, once=True, tasks=tasks) == 0, "the lease still holds"
    clock.forward(seconds=job_queue.LEASE.total_seconds() + 1)
    assert worker.run(context, once=True, tasks=tasks) == 1
    assert seen == [{"visit": 7}]
    assert (only_job(context).state, only_job(context).tries) == ("done", 2)


def test_a_job_that_kills_every_worker_is_given_up(context: Context, clock: Clock) -> None:
    enqueue(context)
    for _ in range(job_queue.MOST_TRIES):
        with context.write() as session:
            assert job_queue.claim(session, clock()) is not None
        clock.forward(seconds=job_queue.LEASE.total_seconds() + 1)
    ran: list[object] = []
    worker.run(context, once=True, tasks={"publish": lambda *_: ran.append(1)})
    assert ran == []
    assert only_job(context).state == "failed"
    assert "died" in only_job(context).error


def test_a_failing_job_is_tried_again_later_and_keeps_its_reason(context: Context, clock: Clock) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the paper is out")

    enqueue(context)
    for number in range(1, job_queue.MOST_TRIES + 1):
        assert worker.run(context, once=True, tasks={"publish": fail}) == 1
        assert worker.run(context, once=True, tasks={"publish": fail}) == 0, "it waits before the next try"
        assert only_job(context).tries == number
        assert only_job(context).error == "RuntimeError: the paper is out"
        clock.forward(hours=1)
    assert only_job(context).state == "failed"


def test_a_long_job_keeps_its_lease(context: Context, clock: Clock) -> None:
    enqueue(context)
    renewed = threading.Event()

    def long(context: Context, _: object) -> None:
        first = only_job(context).lease_until
        clock.forward(seconds=90)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not renewed.is_set():
            if only_job(context).lease_until == first + timedelta(seconds=90):
                renewed.set()

    worker.run(context, once=True, tasks={"publish": long}, heartbeat_seconds=0.05)
    assert renewed.is_set()
    assert only_job(context).state == "done"


def test_a_job_of_an_unknown_kind_is_left_for_others(context: Context) -> None:
    enqueue(context, kind="of a later version")
    assert worker.run(context, once=True) == 0
    assert only_job(context).state == "ready"


def test_the_worker_publishes_an_approved_visit(context: Context) -> None:
    visit = approved_visit(context)
    enqueue(context, visit=visit)
    worker.run(context, once=True, tasks={"publish": worker.TASKS["publish"]})
    with context.read() as session:
        assert session.get_one(Visit, visit).state == "published"
        assert session.scalars(select(StoreMonth.n)).all() == [1]
        assert session.scalars(select(Job.kind).where(Job.state == "ready")).all() == ["render_scorecard"]


def test_the_worker_command_ends_cleanly_on_sigterm(context: Context) -> None:
    Base.metadata.drop_all(context.database.writer)
    migrate.upgrade(context.database)
    visit = approved_visit(context)
    enqueue(context, visit=visit)
    settings = context.settings
    environ = {**os.environ, "AUDITAPP_DATA": str(settings.data), "AUDITAPP_DATABASE_URL": settings.database_url}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "flask", "worker"]
    with subprocess.Popen(command, env=environ, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        state = ""
        while state != "published" and time.monotonic() < deadline and process.poll() is None:
            with context.read() as session:
                state = session.get_one(Visit, visit).state
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert state == "published", errors
    assert process.returncode == 0, errors


@pytest.mark.parametrize("age_hours", [0, 2])
def test_only_old_leftovers_are_swept(context: Context, age_hours: int) -> None:
    context.settings.upload_folder.mkdir(exist_ok=True)
    leftover = context.settings.upload_folder / "half a photo"
    leftover.write_bytes(b"x")
    moment = time.time() - 3600 * age_hours
    os.utime(leftover, (moment, moment))
    worker.keep_house(context)
    assert leftover.exists() == (age_hours == 0)


def test_a_worker_sweeps_what_crashes_left_when_it_starts(context: Context) -> None:
    leftovers = [context.settings.upload_folder / "photo-half", context.settings.storage_root / ".tmp" / "put-half"]
    for leftover in leftovers:
        leftover.write_bytes(b"x")
        moment = time.time() - 2 * 3600
        os.utime(leftover, (moment, moment))
    worker.run(context, once=True)
    assert [leftover.exists() for leftover in leftovers] == [False, False]


def test_jobs_done_long_ago_are_forgotten(context: Context, clock: Clock) -> None:
    enqueue(context)
    worker.run(context, once=True, tasks={"publish": lambda *_: None})
    worker.keep_house(context)
    assert only_job(context).state == "done"
    clock.forward(days=8)
    worker.keep_house(context)
    with context.read() as session:
        assert session.scalars(select(Job)).all() == []
