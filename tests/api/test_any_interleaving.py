"""Two phones, one visit, and everything that can happen on the way: whatever the order, the server ends with what was
captured, exactly once.

The machine captures on the phones and sends in any order, again and again, with lost answers, halves of uploads and
restarts of the server in between, which also dies in the middle of a call. Beside it stands a model of a few lines: the
highest (sequence number, device) of each field that reached the server before the receipt, the photos that were not
taken back before it, and what came under the id of another photo.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from auditapp.app import create_app
from auditapp.db.schema import AnswerWrite, AuditEvent, Photo, Visit
from auditapp.services import photo_files
from auditapp.services.visits import sending
from tests.conftest import Clock, open_context
from tests.databases import new_database
from tests.factories import GOOD, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.web.clients import signed_in

QUESTIONS = sorted(GOOD)
OTHERWISE = {"S-RNG-2": 3, "S-STF-2": 2}
DEVICES = ("phone-a", "phone-b")
Mark = tuple[int, str]


class Killed(BaseException):
    """The server dies: nobody handles it, and no answer comes back."""


@dataclass
class Phone:
    """What one phone has captured, and the highest sequence number that it has seen."""

    device: str
    top: int = 0
    writes: list[tuple[str, str, int, Any]] = field(default_factory=list)

    def capture(self, question: str, name: str, value: Any) -> None:
        self.top += 1
        self.writes.append((question, name, self.top, value))


class Interleaving(RuleBasedStateMachine):
    """The rules are what phones, networks and servers do."""

    tables: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.ends = ExitStack()
        self.data = Path(self.ends.enter_context(tempfile.TemporaryDirectory()))
        self.clock = Clock()
        self.context = open_context(
            self.data, self.ends.enter_context(new_database(self.data, like=self.tables)), self.clock
        )
        self.ends.callback(self.context.database.dispose)
        with self.context.write() as session:
            self.world = make_world(session)
            assignment = make_assignment(session, self.world).public_id
            self.visit = sending.start(session, self.world.shopper, assignment, self.clock())
        self.phones = {device: Phone(device) for device in DEVICES}
        self.photos: dict[str, tuple[str, bytes]] = {}
        self.gone: set[str] = set()
        self.won: dict[tuple[str, str], Mark] = {}
        self.seen: set[tuple[str, str, int, str]] = set()
        self.receipt = ""
        self.kept: dict[tuple[str, str], Mark] = {}
        self.sent_photos: set[str] = set()
        self.others: set[tuple[str, str]] = set()
        self.cut_off: set[str] = set()
        self.pictures = [encode(picture(24 + n, 24), "JPEG") for n in range(4)]
        self.restart()

    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            self.ends.close()

    # What phones do

    @rule(device=st.sampled_from(DEVICES), question=st.sampled_from(QUESTIONS), which=st.integers(0, 2))
    def give(self, device: str, question: str, which: int) -> None:
        value = (GOOD[question], OTHERWISE.get(question, "no"), None)[which]
        self.phones[device].capture(question, "value", value)

    @rule(device=st.sampled_from(DEVICES), question=st.sampled_from(QUESTIONS), text=st.text(max_size=20))
    def note(self, device: str, question: str, text: str) -> None:
        self.phones[device].capture(question, "note", "".join(c for c in text if c.isprintable()) or None)

    @rule(question=st.sampled_from(QUESTIONS), which=st.integers(0, 3))
    def take_photo(self, question: str, which: int) -> None:
        self.photos[str(uuid.UUID(int=len(self.photos) + 1, version=4))] = (question, self.pictures[which])

    @rule(device=st.sampled_from(DEVICES))
    def look(self, device: str) -> None:
        """A page is loaded, or the manifest read: the phone learns the highest number."""
        self.phones[device].top = max(self.phones[device].top, self.manifest()["top_seq"])

    # What networks do

    @rule(device=st.sampled_from(DEVICES), data=st.data(), answer_lost=st.booleans())
    def patch(self, device: str, data: st.DataObject, answer_lost: bool) -> None:
        """Any part of what was ever captured, in any order, old and new, once or twice."""
        phone = self.phones[device]
        if not phone.writes:
            return
        batch = data.draw(st.lists(st.sampled_from(phone.writes), min_size=1, max_size=6))
        self.send(phone, batch, answer_lost)

    @rule(data=st.data())
    @precondition(lambda self: self.photos)
    def put(self, data: st.DataObject) -> None:
        self.upload(data.draw(st.sampled_from(sorted(self.photos))))

    @rule(data=st.data())
    @precondition(lambda self: self.photos)
    def put_half(self, data: st.DataObject) -> None:
        """The connection breaks: what arrived is not the photo, and nothing of it may be seen."""
        name = data.draw(st.sampled_from(sorted(self.photos)))
        question, whole = self.photos[name]
        before = self.manifest()["photos"]
        answer = self.call_put(name, question, whole[: len(whole) // 2], hashlib.sha256(whole).hexdigest())
        assert answer.status_code == (200 if name in before or name in self.gone_there() else 422)
        assert self.manifest()["photos"] == before

    @rule(data=st.data(), which=st.integers(0, 3))
    @precondition(lambda self: self.sent_photos)
    def put_other_bytes_under_the_same_id(self, data: st.DataObject, which: int) -> None:
        """Nothing tells which of the two is meant: both are kept, and the first one goes on to stand."""
        name = data.draw(st.sampled_from(sorted(self.sent_photos)))
        question, own = self.photos[name]
        other = self.pictures[which]
        if other == own:
            return
        sha256 = hashlib.sha256(other).hexdigest()
        answer = self.call_put(name, question, other, sha256)
        if name in self.gone_there():
            assert (answer.status_code, answer.json["state"]) == (200, "deleted")
            return
        assert answer.status_code == 409, answer.json
        self.others.add((name, sha256))

    # What becomes of calls in the middle of which the server dies

    @rule(device=st.sampled_from(DEVICES), data=st.data())
    def patch_and_die(self, device: str, data: st.DataObject) -> None:
        phone = self.phones[device]
        if phone.writes:
            batch = data.draw(st.lists(st.sampled_from(phone.writes), min_size=1, max_size=6))
            assert self.killed_in(lambda: self.call_patch(phone, batch)) is None

    @rule(data=st.data())
    @precondition(lambda self: self.photos)
    def put_and_die(self, data: st.DataObject) -> None:
        """The files are stored by then, and no row says so."""
        name = data.draw(st.sampled_from(sorted(self.photos)))
        answer = self.killed_in(lambda: self.call_own_put(name))
        if name in self.sent_photos | self.gone:
            assert answer is not None, "there was nothing to write"
            assert answer.status_code == 200
        else:
            assert answer is None
            self.cut_off.add(name)

    @rule(data=st.data())
    @precondition(lambda self: self.photos and not self.receipt)
    def take_back_and_die(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.photos)))
        assert self.killed_in(lambda: self.delete(name)) is None

    # What else phones and servers do

    @rule(data=st.data())
    @precondition(lambda self: self.photos and not self.receipt)
    def take_back(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.photos)))
        assert self.delete(name).status_code == 200
        self.gone.add(name)

    @rule(data=st.data())
    @precondition(lambda self: self.photos and self.receipt)
    def take_back_after_the_receipt(self, data: st.DataObject) -> None:
        """Evidence that was sent stays, and the shopper is told so."""
        answer = self.delete(data.draw(st.sampled_from(sorted(self.photos))))
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid")

    @rule()
    def restart(self) -> None:
        """The server is killed and comes back."""
        app = create_app(context=self.context)
        self.client: FlaskClient = signed_in(app, self.context, self.world.shopper)

    @rule(device=st.sampled_from(DEVICES))
    def submit(self, device: str) -> None:
        """Send with what this phone has captured; where the server lacks something it says so and nothing happens."""
        phone, refused = self.phones[device], self.receipt
        answer = self.call_submit(phone)
        if answer.status_code == 409:
            assert not self.receipt
            assert answer.json["error"]["missing"]
            return
        assert answer.status_code == (200 if refused else 201), answer.json
        self.received(answer.json["receipt"])

    @rule(device=st.sampled_from(DEVICES), dies=st.booleans())
    @precondition(lambda self: not self.receipt)
    def answer_everything_and_submit(self, device: str, dies: bool) -> None:
        """A phone that has signal at the end of the visit; what comes later comes after the receipt. Where the server
        dies over it, there is none yet."""
        phone = self.phones[device]
        self.look(device)
        for question, value in GOOD.items():
            phone.capture(question, "value", value)
        self.send(phone, phone.writes, answer_lost=False)
        for name in self.photos:
            self.upload(name)
        if dies:
            assert self.killed_in(lambda: self.call_submit(phone)) is None
            assert self.manifest()["receipt"] is None
        self.submit(device)
        assert self.receipt

    # What must hold

    @invariant()
    def the_server_holds_the_winners_and_the_photos(self) -> None:
        held = self.manifest()
        marks = {(q, f): (seq, by) for q, fields in held["answers"].items() for f, (seq, by) in fields.items()}
        assert marks == (self.kept if self.receipt else self.won)
        assert set(held["photos"]) == self.sent_photos - self.gone
        for name, photo in held["photos"].items():
            question, data = self.photos[name]
            assert (photo["question"], photo["sha256"]) == (question, hashlib.sha256(data).hexdigest())

    def finish(self) -> None:
        """Everything that waits goes out; then all of it is there, once."""
        for phone in self.phones.values():
            if phone.writes:
                self.send(phone, phone.writes, answer_lost=False)
            for question, value in GOOD.items():  # so that the visit can be sent
                if not self.receipt:
                    self.look(phone.device)
                    phone.capture(question, "value", value)
            self.send(phone, phone.writes, answer_lost=False)
        for name in self.photos:
            self.upload(name)
        self.the_server_holds_the_winners_and_the_photos()
        for phone in self.phones.values():
            answer = self.call_submit(phone)
            assert answer.status_code in (200, 201), answer.json
            self.received(answer.json["receipt"])
        with self.context.read() as session:
            assert session.scalar(select(func.count(Visit.id))) == 1
            rows = session.scalars(select(Photo.uuid).where(~Photo.conflict)).all()
            assert sorted(rows) == sorted(set(self.photos) | self.gone)
            others = session.execute(select(Photo.uuid, Photo.raw_sha256).where(Photo.conflict)).all()
            assert sorted(map(tuple, others)) == sorted(self.others)
            assert session.scalar(select(func.count(AnswerWrite.id))) == len(self.seen)
            assert session.scalar(select(func.count()).where(AuditEvent.kind == "visit.sent")) == 1
        self.sweep()

    def sweep(self) -> None:
        """Photos and files agree, but for the files of photos that were taken back after the server had died over
        them; an hour later these go."""
        found = photo_files.verify(self.context)
        assert found.missing == found.wrong == ()
        assert len(found.orphans) <= 2 * len(self.cut_off & self.gone)
        for key in found.orphans:
            os.utime(self.context.settings.storage_root / key, (0, 0))
        photo_files.verify(self.context, delete_orphans=True)
        assert photo_files.verify(self.context).clean

    def received(self, receipt: str) -> None:
        if not self.receipt:
            self.receipt, self.kept = receipt, dict(self.won)
        assert receipt == self.receipt

    # Calls

    def killed_in(self, call: Callable[[], TestResponse]) -> TestResponse | None:
        """The server dies at the next commit, of which nothing is kept, and comes back. None where this was in the
        call, else its answer."""
        engine = self.context.database.writer

        def die(_connection: object) -> None:
            raise Killed

        event.listen(engine, "commit", die)
        try:
            return call()
        except Killed:
            return None
        finally:
            event.remove(engine, "commit", die)
            self.restart()

    def at(self, path: str) -> str:
        return f"/api/v1/visits/{self.visit}{path}"

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(self.at("/manifest")).get_json()
        return found

    def gone_there(self) -> set[str]:
        return set(self.manifest()["deleted"])

    def send(self, phone: Phone, batch: list[tuple[str, str, int, Any]], answer_lost: bool) -> None:
        answer = self.call_patch(phone, batch)
        assert answer.status_code == 200, answer.json
        assert answer.json["refused"] == {}
        for question, fields in by_question(batch).items():
            for name, (seq, _) in fields.items():
                self.seen.add((question, name, seq, phone.device))
                self.won[question, name] = max(self.won.get((question, name), (0, "")), (seq, phone.device))
        if not answer_lost:
            phone.top = max(phone.top, answer.json["top_seq"])

    def call_patch(self, phone: Phone, batch: list[tuple[str, str, int, Any]]) -> Any:
        body = {"device": phone.device, "answers": by_question(batch)}
        return self.client.patch(self.at("/answers"), json=body, headers={"X-Auditapp": "1"})

    def call_put(self, name: str, question: str, data: bytes, sha256: str) -> Any:
        headers = {"X-Auditapp": "1", "X-Question": question, "X-Sha256": sha256}
        return self.client.put(self.at(f"/photos/{name}"), data=data, headers=headers)

    def delete(self, name: str) -> Any:
        return self.client.delete(self.at(f"/photos/{name}"), headers={"X-Auditapp": "1"})

    def call_own_put(self, name: str) -> Any:
        question, data = self.photos[name]
        return self.call_put(name, question, data, hashlib.sha256(data).hexdigest())

    def upload(self, name: str) -> None:
        answer = self.call_own_put(name)
        assert answer.status_code in (200, 201), answer.json
        self.sent_photos.add(name)

    def call_submit(self, phone: Phone) -> Any:
        answers: dict[str, dict[str, int]] = {}
        for question, name, seq, _ in phone.writes:
            fields = answers.setdefault(question, {})
            fields[name] = max(seq, fields.get(name, 0))
        photos = {n: hashlib.sha256(data).hexdigest() for n, (_, data) in self.photos.items() if n not in self.gone}
        body = {
            "manifest": {"answers": answers, "photos": photos},
            "arrived": (self.clock() - timedelta(minutes=30)).isoformat(),
            "left": (self.clock() - timedelta(minutes=5)).isoformat(),
        }
        return self.client.post(self.at("/submit"), json=body, headers={"X-Auditapp": "1"})


def by_question(batch: list[tuple[str, str, int, Any]]) -> dict[str, dict[str, Any]]:
    """As a call carries them. A batch holds one write of a field: the last one drawn."""
    answers: dict[str, dict[str, Any]] = {}
    for question, name, seq, value in batch:
        answers.setdefault(question, {})[name] = [seq, value]
    return answers


@pytest.fixture(scope="module", autouse=True)
def empty(tables: str) -> None:
    """What the database of each run is a copy of."""
    Interleaving.tables = tables


TestAnyInterleaving = Interleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
