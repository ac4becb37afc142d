"""A drill: whole visits sent by many phones while the server is killed, again and again, in the middle of its work.

Run as ``make drill-kill``, which does it on SQLite and on PostgreSQL; one JSON line per figure. Each phone repeats
every call until the server's own answer says that it is there, as the app does. Afterwards each visit must be on the
server exactly as it was captured: nothing that was acknowledged is lost, nothing is there twice, nothing is missing.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import func, select, text  # noqa: E402

from auditapp.db.schema import AnswerWrite, AuditEvent, Photo, Visit  # noqa: E402
from auditapp.db.session import Database  # noqa: E402
from auditapp.services import photo_files  # noqa: E402
from auditapp.services.context import Context  # noqa: E402
from benchmarks import submit  # noqa: E402
from benchmarks.parts import seed  # noqa: E402
from benchmarks.parts.serving import Browser, free_port, report  # noqa: E402

CLIENTS, VISITS, PHOTOS, KILLS = 16, 200, 3, 20
READY_SECONDS = 5
UP_SECONDS = (0.1, 0.9)
GIVE_UP_SECONDS = 300


@dataclass
class Server:
    """A gunicorn as in production on a fixed port, which can be killed with all its workers and started again."""

    port: int
    environment: dict[str, str]
    log: Path
    ready_after: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start, and note how long it takes until it says that it is ready."""
        begun = time.monotonic()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "wsgi:app"],
                cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        while not self._ready():
            if time.monotonic() - begun > 60:
                raise RuntimeError(f"the server did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        self.ready_after.append(time.monotonic() - begun)

    def kill(self) -> None:
        """End master and workers at once, as a power cut does to a program."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def main() -> int:
    """Prepare, send and kill, look for what was lost, print."""
    rng = random.Random()
    with tempfile.TemporaryDirectory(prefix="drill-kill-") as name, database_url(Path(name)) as url:
        folder = Path(name)
        context = seed.context_in(folder, url)
        checklist = seed.checklist_of(60)
        phones = submit.prepare(context, checklist, seed.add_wave(context, checklist), CLIENTS, VISITS, PHOTOS)
        server = Server(free_port(), environment_of(folder, url), folder / "web.log")
        server.environment["PORT"] = str(server.port)
        server.start()
        killed = send_and_kill(server, phones, rng)
        server.kill()
        database = "sqlite" if context.database.is_sqlite else "postgresql"
        bad = look(context, phones, database, killed, server.ready_after[1:])
        context.database.dispose()
    return int(bad)


@contextmanager
def database_url(folder: Path) -> Iterator[str]:
    """A database of this drill's own: on the server that AUDITAPP_TEST_DATABASE_URL names, else SQLite."""
    server = os.environ.get("AUDITAPP_TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{folder / 'drill.sqlite3'}"
        return
    name = f"drill_{os.getpid()}"
    for statement in (f"CREATE DATABASE {name}", f"DROP DATABASE {name} WITH (FORCE)"):
        maker = Database(server)
        with maker.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
        maker.dispose()
        if statement.startswith("CREATE"):
            yield f"{server.rpartition('/')[0]}/{name}"


def environment_of(folder: Path, url: str) -> dict[str, str]:
    """The environment of the server: nothing that this machine sets for another install leaks in."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("AUDITAPP_")}
    return {**own, "AUDITAPP_DATA": str(folder), "AUDITAPP_DATABASE_URL": url}


def send_and_kill(server: Server, phones: list[submit.Phone], rng: random.Random) -> int:
    """All phones send at once while the server dies KILLS times; how often it died while there was work."""
    killed = 0
    with ThreadPoolExecutor(len(phones)) as pool:
        waiting = [pool.submit(send_all, server.port, phone) for phone in phones]
        while killed < KILLS and not all(one.done() for one in waiting):
            time.sleep(rng.uniform(*UP_SECONDS))
            if all(one.done() for one in waiting):
                break
            server.kill()
            killed += 1
            server.start()
        for one in waiting:
            one.result()
    return killed


def send_all(port: int, phone: submit.Phone) -> None:
    """Sign in, then send each visit; every call until it is acknowledged."""
    browser = Browser(port)
    until_it_works(browser, lambda: browser.sign_in(seed.email_of(phone.number), seed.PASSWORD))
    for visit in phone.visits:
        until_it_works(browser, lambda visit=visit: whole(browser, visit))
    browser.close()


def whole(browser: Browser, visit: submit.Sending) -> None:
    """Send all of a visit; what was acknowledged before is sent again, as after a lost answer. Raises OSError."""
    visit.errors.clear()
    submit.send(browser, visit)
    if visit.errors:
        raise ConnectionError(visit.errors[0])


def until_it_works(browser: Browser, call: Callable[[], None]) -> None:
    """Repeat as the app does, with a wait in between."""
    end = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return call()
        except (OSError, AssertionError, http.client.HTTPException):
            if time.monotonic() > end:
                raise
            browser.close()
            threading.Event().wait(random.uniform(0.1, 0.5))


def look(context: Context, phones: list[submit.Phone], database: str, killed: int, ready_after: list[float]) -> bool:
    """Compare what is there with what was captured, print the figures; whether one of them is wrong."""
    pairs = [(phone.actor, visit) for phone in phones for visit in phone.visits]
    lost = sum(submit.lost(context, actor, visit) for actor, visit in pairs)
    missing = sum(not visit.receipt or len(set(visit.kept)) != PHOTOS for _, visit in pairs)
    found = photo_files.verify(context)
    figures = {
        "kills": (killed, killed == KILLS),
        "visits": (len(pairs), len(pairs) == VISITS),
        "acknowledged_and_lost": (lost, lost == 0),
        "duplicated": ((twice := duplicates(context, [v for _, v in pairs])), twice == 0),
        "missing_after_retries": (missing, missing == 0),
        "files_missing": (len(found.missing), not found.missing),
        "files_orphaned": (len(found.orphans), not found.orphans),
        "files_wrong": (len(found.wrong), not found.wrong),
        "slowest_ready_seconds": (round(max(ready_after), 2), max(ready_after) <= READY_SECONDS),
    }
    for name, (value, fine) in figures.items():
        report(f"drill_kill_{name}", value, "", "as wanted" if fine else "WRONG", database=database)
    return not all(fine for _, fine in figures.values())


def duplicates(context: Context, visits: list[submit.Sending]) -> int:
    """How many rows are there beyond one per visit, photo, write of a field, and sending."""
    fields = sum(len(given) for visit in visits for given in visit.answers.values())
    with context.read() as session:
        rows = {
            "visits": session.scalar(select(func.count(Visit.id))),
            "photos": session.scalar(select(func.count(Photo.id))),
            "writes": session.scalar(select(func.count(AnswerWrite.id))),
            "sent": session.scalar(select(func.count()).where(AuditEvent.kind == "visit.sent")),
        }
    wanted = {"visits": len(visits), "photos": len(visits) * PHOTOS, "writes": fields, "sent": len(visits)}
    return sum(abs((rows[name] or 0) - wanted[name]) for name in wanted)


if __name__ == "__main__":
    sys.exit(main())
