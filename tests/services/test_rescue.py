"""A visit that comes in as a file: merged, cleaned and sent as from the phone itself, once, and part by part."""

from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from auditapp.db.schema import AnswerWrite, AuditEvent, Photo, ReviewEvent, Visit
from auditapp.domain.errors import Forbidden, InvalidInput, TooLarge
from auditapp.domain.roles import Actor, Role
from auditapp.services.context import Context
from auditapp.services.reviews.flags import FlagKind
from auditapp.services.reviews.reading import reviewed
from auditapp.services.visits import evidence, registers, sending
from auditapp.services.visits.registers import Write
from auditapp.services.visits.rescue import Imported, import_visit
from auditapp.services.visits.rescue_file import MOST_TAGS, read_file, read_rescue
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.rescue_files import DEVICE, a_photo, an_answer, manifest_of, rescue_file

UUID = "00000000-0000-4000-8000-00000000000{}"
JPEG = encode(picture(60, 40), "JPEG")
OTHER_JPEG = encode(picture(40, 60), "JPEG")
ANSWERS = [an_answer(key, value, seq) for seq, (key, value) in enumerate(GOOD.items(), 1)]
PHOTO = a_photo(UUID.format(1), "S-RNG-1", JPEG)
IMAGES = {UUID.format(1): JPEG}
SYSTEM = Actor(0, Role.ADMIN)


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def visit(context: Context, world: World, clock: Clock) -> str:
    with context.write() as session:
        return sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())


def finished(visit: str, answers: list[Any] = ANSWERS, photos: list[Any] | None = None, **facts: object) -> bytes:
    """The file of a visit that waits for signal to be sent."""
    taken = [PHOTO] if photos is None else photos
    about = {"state": "ready", "arrived": "2026-09-14T09:10", "left": "2026-09-14T09:40", **facts}
    return rescue_file(visit, answers, taken, IMAGES, manifest=manifest_of(answers, taken), **about)


def load(context: Context, actor: Actor, file: bytes) -> Imported:
    return import_visit(context, actor, read_rescue(file))


def rows(context: Context) -> list[int]:
    """How many there are of everything that an import could add."""
    with context.read() as session:
        tables = (AnswerWrite, Photo, ReviewEvent, AuditEvent)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def words(done: Imported) -> list[str]:
    return [f"{fault.question} {fault.error}".strip() for fault in done.faults]


def test_a_visit_that_waits_for_signal_comes_in_and_is_sent(context: Context, world: World, visit: str) -> None:
    done = load(context, world.reviewer, finished(visit))
    assert (done.answers, done.photos, done.sent, done.faults) == (6, 1, True, [])
    with context.read() as session:
        receipt = sending.receipt(session, world.shopper, visit)
        held = sending.manifest_of(session, world.shopper, visit)
        stored = session.scalars(select(Visit)).one()
        assert stored.arrived_at is not None
        assert stored.arrived_at.isoformat() == "2026-09-14T08:10:00+00:00", "times are by the store's clock"
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "visit.imported")).one()
        assert (event.actor_id, event.subject) == (world.reviewer.user_id, f"visit:{visit}")
    assert done.receipt == receipt
    assert held["answers"]["S-RNG-1"]["value"] == [1, DEVICE]
    assert held["photos"][UUID.format(1)]["sha256"] == PHOTO["hash"]


def test_the_phone_finds_its_receipt_when_it_can_send_again(context: Context, world: World, visit: str) -> None:
    done = load(context, world.reviewer, finished(visit))
    with context.write() as session:
        moment = context.now()
        again = sending.submit(session, world.shopper, visit, moment, moment, moment)
    assert again == (done.receipt, False)


def test_loading_it_again_changes_nothing_and_says_so(context: Context, world: World, visit: str) -> None:
    load(context, world.reviewer, finished(visit))
    before = rows(context)
    again = load(context, SYSTEM, finished(visit))
    assert (again.changed, again.amended, again.faults) == (False, True, [])
    assert rows(context) == before


def test_a_visit_in_the_making_is_merged_and_not_sent(context: Context, world: World, visit: str, clock: Clock) -> None:
    with context.write() as session:
        writes = [Write("S-RNG-1", "value", 3, "no"), Write("S-RNG-2", "value", 1, 4)]
        registers.patch_answers(session, world.shopper, visit, "other", writes, clock())
    done = load(context, SYSTEM, rescue_file(visit, ANSWERS))
    assert (done.answers, done.sent, done.receipt) == (6, False, None)
    with context.read() as session:
        held = sending.manifest_of(session, world.shopper, visit)["answers"]
    assert held["S-RNG-1"]["value"] == [3, "other"], "the higher sequence number stands"
    assert held["S-RNG-2"]["value"] == [2, DEVICE]


def test_what_comes_after_the_receipt_amends_and_changes_nothing(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    load(context, world.reviewer, finished(visit))
    late = an_answer("S-RNG-1", "no", 20)
    done = load(context, world.reviewer, finished(visit, [*ANSWERS, late]))
    assert (done.answers, done.photos, done.sent, done.amended) == (1, 0, False, True)
    with context.read() as session:
        assert sending.manifest_of(session, world.shopper, visit)["answers"]["S-RNG-1"]["value"] == [1, DEVICE]
        assert [e.kind for e in session.scalars(select(ReviewEvent).order_by(ReviewEvent.id))] == ["sent", "amended"]


def test_a_visit_that_could_not_be_done_is_reported(context: Context, world: World, visit: str) -> None:
    done = load(context, SYSTEM, rescue_file(visit, state="ready", notDone="The store was closed."))
    assert done.sent
    assert done.receipt is not None
    assert done.receipt.not_done


def test_a_photo_that_the_shopper_took_back_does_not_come_in(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    evidence.put_photo(context, world.shopper, visit, UUID.format(1), "S-RNG-1", io.BytesIO(JPEG))
    gone = {"key": UUID.format(1), "visit": visit, "state": "gone"}
    file = finished(visit, photos=[gone])
    done = load(context, world.reviewer, file)
    assert (done.taken_back, done.photos, done.sent) == (1, 0, True)
    assert not load(context, world.reviewer, file).changed


@pytest.mark.parametrize(
    ("photo", "image", "fault"),
    [
        ({}, b"no picture at all", "S-RNG-1 This photo is damaged in the file"),
        ({"hash": ""}, b"no picture at all", "S-RNG-1 This file is not a photo"),
        ({}, b"", "S-RNG-1 This photo is not in the file"),
        ({"question": "X"}, JPEG, "X There is no question X"),
        ({"key": "../../etc/passwd"}, JPEG, "This photo has no proper id"),
    ],
)
def test_a_bad_photo_keeps_nothing_else_out(
    context: Context, world: World, visit: str, photo: dict[str, object], image: bytes, fault: str
) -> None:
    good = a_photo(UUID.format(2), "S-RNG-1", OTHER_JPEG)
    bad = {**PHOTO, **photo}
    done = load(
        context, SYSTEM, rescue_file(visit, ANSWERS, [bad, good], {str(bad["key"]): image, UUID.format(2): OTHER_JPEG})
    )
    assert (done.answers, done.photos) == (6, 1)
    assert [word.startswith(fault) for word in words(done)] == [True], words(done)


def test_a_photo_refused_for_good_does_not_keep_back_the_receipt(context: Context, world: World, visit: str) -> None:
    refused = a_photo(UUID.format(1), "S-RNG-1", b"GIF89a", state="refused")
    file = rescue_file(
        visit, ANSWERS, [refused], {UUID.format(1): b"GIF89a"}, state="ready", arrived="2026-09-14T09:10",
        left="2026-09-14T09:40", manifest=manifest_of(ANSWERS, [refused]),
    )  # fmt: skip
    assert load(context, SYSTEM, file).sent


def test_a_file_that_is_cut_off_gives_what_is_left_and_is_not_sent(context: Context, world: World, visit: str) -> None:
    whole = finished(visit)
    done = load(context, SYSTEM, whole[: len(whole) - 200])
    assert (done.answers, done.photos, done.sent) == (6, 0, False)
    assert len(done.faults) == 2, "the photo, and that the visit can't be sent without it"
    assert load(context, SYSTEM, whole).sent


def test_bad_answers_are_told_one_by_one(context: Context, world: World, visit: str) -> None:
    odd = [
        an_answer("S-STF-2", 9, 2),
        an_answer("S-RNG-1", "yes", 2_000_000_000),
        an_answer("S-RNG-2", "1", -1),
        an_answer("NONE", "\ud800", 1),
        {"question": ["S-RNG-1"], "field": None, "seq": "1"},
        an_answer("S-RUL-1", "half an emoji \ud83d", 3, "note"),
    ]
    done = load(context, SYSTEM, rescue_file(visit, odd))
    assert done.answers == 1
    assert len(done.faults) == 5
    assert "�".encode() not in b"".join(word.encode() for word in words(done))
    with context.read() as session:
        assert session.scalars(select(AnswerWrite.value)).one() == '"half an emoji ?"'


@pytest.mark.parametrize(
    "arrived", ["", "yesterday", "0001-01-01T00:00", "2026-09-14T09:50", "9999-12-31T23:59", 7, None]
)
def test_impossible_times_leave_the_visit_unsent_and_merged(
    context: Context, world: World, visit: str, arrived: object
) -> None:
    done = load(context, SYSTEM, finished(visit, arrived=arrived))
    assert (done.answers, done.photos, done.sent, len(done.faults)) == (6, 1, False, 1)


def test_a_file_from_a_phone_whose_clock_was_ahead_is_sent(context: Context, world: World, visit: str) -> None:
    done = load(context, world.reviewer, finished(visit, arrived="2026-09-14T14:10", left="2026-09-14T14:40"))
    assert (done.sent, done.faults) == (True, [])
    with context.read() as session:
        flags = reviewed(session, world.reviewer, visit).flags
    assert [flag.fact for flag in flags if flag.kind is FlagKind.TIMES] == ["2026-09-14 14:10 – 2026-09-14 14:40"]


def test_a_visit_of_another_server_is_not_known_here(context: Context, world: World) -> None:
    with pytest.raises(InvalidInput, match="no such visit"):
        load(context, SYSTEM, finished("f" * 32))


@pytest.mark.parametrize("who", ["shopper", "manager", "lead"])
def test_only_who_may_review_loads_a_file(context: Context, world: World, visit: str, who: str) -> None:
    with pytest.raises(Forbidden):
        load(context, getattr(world, who), finished(visit))


HEAD = b'<script type="application/json" id="auditapp-visit">'
KNOWN = HEAD + b'{"format": 1, "visit": {"key": "00000000000000000000000000000000"}, '


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"%PDF-1.7",
        b"\xff\xfe\x00",
        HEAD + b"[" * 200_000 + b"</script>",
        HEAD + b"[]</script>",
        HEAD + b'{"format": 2}</script>',
        HEAD + b'{"format": 1, "visit": {"key": "../x"}, "answers": [], "photos": []}</script>',
        KNOWN + b'"device": "d", "answers": {}, "photos": []}</script>',
        KNOWN + b'"device": 7, "answers": [], "photos": []}</script>',
        HEAD + b'{"format": ' + b"9" * 10_000 + b"}</script>",
        b"<p>" * (MOST_TAGS + 1),
        b"x" * (17 << 20),
        b"<a " * 40_000,
        b"<!--" * 40_000,
        b"<?" * 40_000,
        b"<a" + b" \n/" * 1_000_000 + b">",
        b"<a x='" * 20_000 + b">" * 20_000,
        b"</" * 40_000,
    ],
)  # fmt: skip
def test_no_rescue_file_is_refused_at_once(file: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(InvalidInput):
        read_rescue(file)
    assert time.monotonic() - started < 5


def test_more_bytes_than_agreed_are_not_read() -> None:
    with pytest.raises(TooLarge, match="1 MB"):
        read_file(io.BytesIO(b"x" * (2 << 20)), 1 << 20)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3))
RECORDS = st.lists(
    st.builds(an_answer, TEXTS, JSON, st.integers(-5, 5), st.sampled_from(["value", "note", "cant"])), max_size=6
)


@given(answers=RECORDS, data=st.lists(st.binary(min_size=1, max_size=90), max_size=4), note=TEXTS)
def test_everything_in_a_file_comes_out_of_it(answers: list[Any], data: list[bytes], note: str) -> None:
    photos = [a_photo(UUID.format(n), note, one) for n, one in enumerate(data)]
    images = {UUID.format(n): one for n, one in enumerate(data)}
    found = read_rescue(rescue_file("0" * 32, answers, photos, images, notDone=note, state="ready"))
    assert [(w.question, w.field, w.seq, w.value) for w in found.writes] == [
        (a["question"], a["field"], a["seq"], a["value"]) for a in answers
    ]
    assert [(p.uuid, p.question, p.data()) for p in found.photos] == [(u, note, one) for u, one in images.items()]
    assert (found.finished.not_done if found.finished else "") == note


@given(cut=st.integers(0, 2000), junk=st.binary(max_size=20))
def test_a_spoiled_file_is_refused_or_read_but_never_breaks(cut: int, junk: bytes) -> None:
    whole = rescue_file("0" * 32, ANSWERS, [PHOTO], IMAGES)
    at = cut % len(whole)
    try:
        found = read_rescue(whole[:at] + junk + whole[at + len(junk) :])
    except InvalidInput:
        return
    json.dumps([w.value for w in found.writes])


def test_the_visit_counts_as_begun_and_can_still_be_finished(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    load(context, SYSTEM, rescue_file(visit, ANSWERS))
    with context.write() as session:
        left = clock() - timedelta(minutes=1)
        receipt, new = sending.submit(session, world.shopper, visit, left - timedelta(minutes=30), left, clock())
    assert (receipt.answers, new) == (6, True)
