"""The job loop: what the queue asks for, done by the services, one job at a time.

Run as many workers as you like. One that dies leaves its lease to run out; another one does the job again.
"""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from auditapp import job_queue
from auditapp.job_queue import Claimed
from auditapp.services.context import Context
from auditapp.storage import LocalStorage

Task = Callable[[Context, dict[str, Any]], object]

IDLE_SECONDS = 1.0
TROUBLE_SECONDS = 10.0
HEARTBEAT_SECONDS = job_queue.LEASE.total_seconds() / 4
HOUSEKEEPING_SECONDS = 3600.0
KEEP_FINISHED = timedelta(days=7)
KEEP_TEMPORARY_SECONDS = 3600.0

log = structlog.get_logger()


def _publish(context: Context, payload: dict[str, Any]) -> None:
    from auditapp.services import publishing

    publishing.publish_job(context, payload)


def _render_scorecard(context: Context, payload: dict[str, Any]) -> None:
    from auditapp.services import scorecards

    scorecards.render_scorecard(context, payload["visit"])


TASKS: Mapping[str, Task] = {"publish": _publish, "render_scorecard": _render_scorecard}


def run(
    context: Context,
    stop: threading.Event | None = None,
    once: bool = False,
    tasks: Mapping[str, Task] = TASKS,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> int:
    """Work until ``stop`` is set (a job in hand is ended first), or with ``once`` until nothing is due.

    Gives the number of jobs that were tried. A job that fails goes back to the queue with the reason; jobs of a kind
    that ``tasks`` does not have are left for others.
    """
    stop = stop or threading.Event()
    tried, housekeeping_at = 0, 0.0
    gc.collect()
    gc.freeze()  # what is loaded by now stays for ever: no collection needs to look at it again
    while not stop.is_set():
        try:
            if time.monotonic() >= housekeeping_at:
                housekeeping_at = time.monotonic() + HOUSEKEEPING_SECONDS
                keep_house(context)
            with context.write() as session:
                job = _next(session, context, tasks)
            if job is not None:
                _do(context, job, tasks[job.kind], heartbeat_seconds)
                tried += 1
            elif once:
                break
            else:
                stop.wait(IDLE_SECONDS)
        except SQLAlchemyError as error:
            if once:
                raise
            log.error("queue out of reach", error=type(error).__name__)
            stop.wait(TROUBLE_SECONDS)
    return tried


def _next(session: Session, context: Context, tasks: Mapping[str, Task]) -> Claimed | None:
    """The next due job; kinds in the order of ``tasks``, so that publishing never waits behind a row of PDFs."""
    found = (job_queue.claim(session, context.now(), (kind,)) for kind in tasks)
    return next((job for job in found if job is not None), None)


def keep_house(context: Context) -> None:
    """Forget jobs done long ago, and remove what crashes left of uploads."""
    with context.write() as session:
        job_queue.forget_finished(session, context.now() - KEEP_FINISHED)
    if isinstance(context.storage, LocalStorage):
        context.storage.sweep_temporary(KEEP_TEMPORARY_SECONDS)
    for path in context.settings.upload_folder.iterdir():
        _remove_old(path, time.time() - KEEP_TEMPORARY_SECONDS)


def _remove_old(path: Path, before: float) -> None:
    try:
        if path.is_file() and path.stat().st_mtime < before:
            path.unlink()
    except FileNotFoundError:
        pass  # its owner was faster


def _do(context: Context, job: Claimed, task: Task, heartbeat_seconds: float) -> None:
    if job.tries > job_queue.MOST_TRIES:
        _fail(context, job, "Every worker that tried this died of it.")
        return
    try:
        with _heartbeats(context, job, heartbeat_seconds):
            task(context, job.payload)
    except Exception as error:
        where = "".join(traceback.format_tb(error.__traceback__, -4))  # without the message, which may name people
        log.error("job failed", job=job.id, kind=job.kind, tries=job.tries, error=type(error).__name__, where=where)
        _fail(context, job, f"{type(error).__name__}: {error}")
        return
    with context.write() as session:
        if not job_queue.finish(session, job):
            log.warning("job was taken over", job=job.id, kind=job.kind)


def _fail(context: Context, job: Claimed, reason: str) -> None:
    with context.write() as session:
        job_queue.fail(session, job, context.now(), reason)
    if job.tries >= job_queue.MOST_TRIES:
        log.error("job given up: an administrator can begin it again", job=job.id, kind=job.kind, tries=job.tries)


@contextmanager
def _heartbeats(context: Context, job: Claimed, seconds: float) -> Iterator[None]:
    """Prolong the job's lease every so often while the block runs."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(context, job, seconds, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(context: Context, job: Claimed, seconds: float, done: threading.Event) -> None:
    while not done.wait(seconds):
        try:
            with context.write() as session:
                if not job_queue.heartbeat(session, job, context.now()):
                    return
        except SQLAlchemyError as error:
            log.warning("heartbeat missed", job=job.id, error=type(error).__name__)
