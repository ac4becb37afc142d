"""Whole visits sent by 1, 4 and 16 phones at once, beside a bare program that only stores the bytes.

Run as ``.venv/bin/python benchmarks/submit.py``; one JSON line per figure. Each phone signs in once through the form,
which is in the time, and then sends its visits by the API: 60 answers, 5 photos of 300 KB, each another one, and the
visit itself. The bare program gets the very same requests, without sign-in: it syncs a file per photo and inserts a row
per other request. A second one re-encodes the photos, too, and does nothing else. Afterwards everything that was
acknowledged must be in the database and in the storage.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import func, select  # noqa: E402

from auditapp.db.schema import AuditEvent, Photo  # noqa: E402
from auditapp.domain.checklist import Checklist  # noqa: E402
from auditapp.domain.roles import Actor  # noqa: E402
from auditapp.services.context import Context  # noqa: E402
from auditapp.services.visits import evidence, reading, sending  # noqa: E402
from benchmarks.parts import seed  # noqa: E402
from benchmarks.parts.serving import Answer, Browser, Server, report, serve  # noqa: E402

RUNS = {1: 8, 4: 16, 16: 32}
"""Phones → visits in all."""
PHOTOS = 5
DEVICE = "bench"
WORKERS, THREADS = 2, 8
"""As in gunicorn.conf.py."""


@dataclass
class Phone:
    """A shopper with the visits to send, everything prepared, and what the server said to them."""

    number: int
    actor: Actor
    visits: list[Sending] = field(default_factory=list)


@dataclass
class Sending:
    """One visit: what goes out, and what was acknowledged."""

    id: str
    answers: dict[str, dict[str, Any]]
    photos: dict[str, tuple[str, bytes]]
    arrived: datetime
    kept: list[str] = field(default_factory=list)
    receipt: str = ""
    errors: list[str] = field(default_factory=list)

    def take(self, what: str, answer: Answer) -> bool:
        """Note an answer; whether it was a good one."""
        if answer.status in (200, 201):
            return True
        self.errors.append(f"{what}: {answer.status} {answer.body[:200]!r}")
        return False


def main() -> None:
    """Prepare, send to both, look for what was lost, print."""
    with tempfile.TemporaryDirectory(prefix="bench-submit-") as name:
        folder = Path(name)
        context = seed.context_in(folder)
        checklist = seed.checklist_of(60)
        wave = seed.add_wave(context, checklist)
        environment = {"AUDITAPP_DATA": str(folder), "BENCH_STORE": str(folder)}
        bare = "benchmarks.parts.plain_store:app"
        with (
            serve("wsgi:app", folder, environment, WORKERS, THREADS) as ours,
            serve(bare, folder, environment, WORKERS, THREADS) as plain,
            serve(bare, folder, {**environment, "BENCH_CLEAN": "1"}, WORKERS, THREADS) as cleaning,
        ):
            for clients, visits in RUNS.items():
                phones = prepare(context, checklist, wave, clients, visits)
                compare(context, ours, plain, cleaning, phones)
        context.database.dispose()


def prepare(
    context: Context, checklist: Checklist, wave: int, clients: int, visits: int, photos: int = PHOTOS
) -> list[Phone]:
    """Accounts, open visits, answers and photos for one run; what does not divide evenly goes to the first phones."""
    phones = []
    for number in range(clients):
        name = clients * 1000 + number
        phone = Phone(name, seed.add_shopper(context, name))
        rng = random.Random(name)
        share = visits // clients + (number < visits % clients)
        for visit in seed.start_visits(context, phone.actor, wave, share):
            phone.visits.append(one_visit(checklist, visit, rng, context.now(), photos))
        phones.append(phone)
    return phones


def one_visit(checklist: Checklist, visit: str, rng: random.Random, now: datetime, count: int) -> Sending:
    """A visit with all answers, ``count`` photos, and reasons for the photos that could not be taken."""
    asked = rng.sample(seed.photo_questions(checklist), count)
    photos = {seed.new_uuid(rng): (key, seed.jpeg(rng.getrandbits(31), 1600, 1200, 93)) for key in asked}
    answers = seed.completed(checklist, seed.answers_of(checklist, rng), dict.fromkeys(asked, 1))
    return Sending(visit, answers, photos, now - timedelta(hours=1))


def compare(context: Context, ours: Server, plain: Server, cleaning: Server, phones: list[Phone]) -> None:
    """One run against all three programs."""
    visits = [visit for phone in phones for visit in phone.visits]
    plain_rate, plain_cpu = drive_bare(plain, phones)
    cleaning_rate, cleaning_cpu = drive_bare(cleaning, phones)
    rate, cpu = drive(ours, phones, sign_in=True)
    errors = [error for visit in visits for error in visit.errors]
    for error in errors[:3]:
        print(error, file=sys.stderr)
    sizes = [len(data) for visit in visits for _, data in visit.photos.values()]
    about: dict[str, object] = {"clients": len(phones), "visits": len(visits)}
    report("submit_visits_per_second", rate, "1/s", "", **about, photo_kilobytes=sum(sizes) // len(sizes) // 1000)
    report("submit_plain_visits_per_second", plain_rate, "1/s", "", **about)
    report("submit_ratio", rate / plain_rate, "x", "", **about)
    report("submit_reencoding_visits_per_second", cleaning_rate, "1/s", "", **about)
    report("submit_ratio_to_reencoding", rate / cleaning_rate, "x", ">= 0.5", **about)
    report("submit_reencoding_ratio_to_plain", cleaning_rate / plain_rate, "x", "", **about)
    report("submit_cpu_per_visit", cpu * 1000, "ms", "", **about)
    report("submit_plain_cpu_per_visit", plain_cpu * 1000, "ms", "", **about)
    report("submit_reencoding_cpu_per_visit", cleaning_cpu * 1000, "ms", "", **about)
    report("submit_errors", len(errors), "", "0", **about)
    report("submit_lost", sum(lost(context, p.actor, v) for p in phones for v in p.visits), "", "0", **about)


def drive_bare(server: Server, phones: list[Phone]) -> tuple[float, float]:
    """`drive` for a bare program: it must take everything, and what it acknowledged is forgotten."""
    figures = drive(server, phones, sign_in=False)
    for visit in (visit for phone in phones for visit in phone.visits):
        if visit.errors:
            raise RuntimeError(f"the bare program failed: {visit.errors[0]}")
        visit.kept, visit.receipt = [], ""
    return figures


def drive(server: Server, phones: list[Phone], sign_in: bool) -> tuple[float, float]:
    """Every phone sends its visits; visits per second, and server CPU seconds per visit."""
    start, before = time.perf_counter(), server.cpu_seconds()
    work: Callable[[Phone], None] = lambda phone: send_all(server.port, phone, sign_in)  # noqa: E731
    threads = [threading.Thread(target=work, args=(phone,)) for phone in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = sum(len(phone.visits) for phone in phones)
    return count / (time.perf_counter() - start), (server.cpu_seconds() - before) / count


def send_all(port: int, phone: Phone, sign_in: bool) -> None:
    """Sign in, then send one visit after the other; a visit that can't be sent has its error noted."""
    browser = Browser(port)
    try:
        if sign_in:
            browser.sign_in(seed.email_of(phone.number), seed.PASSWORD)
        for visit in phone.visits:
            send(browser, visit)
    except (OSError, AssertionError) as error:
        phone.visits[0].errors.append(repr(error))
    browser.close()


def send(browser: Browser, visit: Sending) -> None:
    """All calls of one visit, as the page's script makes them."""
    at = f"/api/v1/visits/{visit.id}"
    numbered = {key: {name: [1, value] for name, value in fields.items()} for key, fields in visit.answers.items()}
    visit.take("answers", call(browser, "PATCH", f"{at}/answers", {"device": DEVICE, "answers": numbered}))
    for uuid, (question, data) in visit.photos.items():
        headers = {"X-Auditapp": "1", "X-Question": question, "X-Sha256": sha256(data), "Content-Type": "image/jpeg"}
        if visit.take("photo", browser.send("PUT", f"{at}/photos/{uuid}", data, headers)):
            visit.kept.append(uuid)
    manifest = {
        "answers": {key: dict.fromkeys(fields, 1) for key, fields in visit.answers.items()},
        "photos": {uuid: sha256(data) for uuid, (_, data) in visit.photos.items()},
    }
    times = {"arrived": visit.arrived.isoformat(), "left": (visit.arrived + timedelta(minutes=40)).isoformat()}
    answer = call(browser, "POST", f"{at}/submit", {"manifest": manifest, **times})
    if visit.take("submit", answer):
        visit.receipt = str(answer.json().get("receipt", ""))


def call(browser: Browser, method: str, path: str, body: object) -> Answer:
    """A call with a JSON body."""
    headers = {"X-Auditapp": "1", "Content-Type": "application/json"}
    return browser.send(method, path, json.dumps(body).encode(), headers)


def lost(context: Context, actor: Actor, visit: Sending) -> int:
    """How much of what was acknowledged is not there: receipt, audit line, answers, photos with both renditions."""
    with context.read() as session:
        held = sending.manifest_of(session, actor, visit.id)
        opened = reading.open_visit(session, actor, visit.id)
        noted = session.scalar(
            select(func.count()).where(AuditEvent.kind == "visit.sent", AuditEvent.subject == f"visit:{visit.id}")
        )
        stored = {
            photo.uuid: photo.sha256
            for photo in session.scalars(select(Photo).where(Photo.raw_sha256.in_(raw_of(visit))))
        }
    gone = int(bool(visit.receipt) and (held["receipt"] != visit.receipt or not opened.sent or noted != 1))
    gone += sum(name not in held["answers"].get(key, {}) for key, fields in visit.answers.items() for name in fields)
    gone += sum(opened.filled.values.get(key) is None for key in visit.answers)
    listed = {uuid: photo["sha256"] for uuid, photo in held["photos"].items()}
    return gone + sum(
        listed.get(uuid) != sha256(visit.photos[uuid][1]) or not is_stored(context, stored.get(uuid, "none"))
        for uuid in visit.kept
    )


def is_stored(context: Context, photo: str) -> bool:
    """Whether both renditions of a cleaned photo are in the storage, the large one whole."""
    key = evidence.photo_key(photo)
    here = context.storage.exists(key) and context.storage.exists(evidence.thumb_key(photo))
    return here and sha256(context.storage.read(key)) == photo


def raw_of(visit: Sending) -> list[str]:
    """The hashes of what was sent."""
    return [sha256(data) for _, data in visit.photos.values()]


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
