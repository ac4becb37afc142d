"""The shopper's pages as a browser without script uses them."""

from __future__ import annotations

import gzip
import io
import re
from datetime import timedelta
from fractions import Fraction
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from auditapp.checklist_yaml import load
from auditapp.db.schema import ChecklistVersion, ReviewEvent, Visit
from auditapp.domain.visit import VisitState
from auditapp.services.context import Context
from auditapp.services.visits import reading, registers
from auditapp.services.visits.models import OpenVisit
from tests import factories
from tests.api.test_offline import at_once
from tests.conftest import Clock
from tests.factories import World
from tests.photo_factory import phone_jpeg, picture
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader

ROOT = Path(__file__).parents[2]
EVERY_TYPE = ROOT / "tests" / "data" / "every-type.yaml"
READY = {"ready-tell": "no", "ready-people": "no", "ready-guess": "yes"}
NAUGHTY = "\n  <script>alert(1)</script> & \"'` {{ 7*7 }} \u202e ünï 한국어\n\nlast"


class Shopper:
    """Sun with a browser: opens pages, changes fields, presses buttons."""

    def __init__(self, client: FlaskClient, context: Context, world: World) -> None:
        self.client, self.context, self.world = client, context, world
        self.visit_id = ""

    @property
    def at(self) -> str:
        return f"/visits/{self.visit_id}"

    def start(self, assignment_id: str) -> TestResponse:
        brief = f"/visits/assignments/{assignment_id}"
        form = FormReader(self.client.get(brief).text).forms["ready"]
        form.update(READY)
        response = self.client.post(f"{brief}/start", data=form)
        self.visit_id = response.location.rpartition("/")[2]
        return response

    def form(self, section: str, path: str = "") -> MultiDict[str, str]:
        return FormReader(self.client.get(self.at + path).text).forms[section]

    def post(self, form: MultiDict[str, str], path: str = "", **fields: object) -> TestResponse:
        data = MultiDict(form)
        for name, value in fields.items():
            data.setlist(name, value) if isinstance(value, list) else data.__setitem__(name, value)
        return self.client.post(self.at + path, data=data, content_type="multipart/form-data")

    def save(self, section: str, **fields: object) -> TestResponse:
        return self.post(self.form(f"s-{section}"), go="next", **fields)

    def visit(self) -> OpenVisit:
        with self.context.read() as session:
            return reading.open_visit(session, self.world.shopper, self.visit_id)


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return factories.make_world(session)


@pytest.fixture
def assignment(context: Context, world: World) -> str:
    with context.write() as session:
        return factories.make_assignment(session, world).public_id


@pytest.fixture
def shopper(app: Flask, context: Context, world: World, assignment: str) -> Shopper:
    sun = Shopper(signed_in(app, context, world.shopper), context, world)
    sun.start(assignment)
    return sun


def photo_file(name: str = "IMG_0001.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(phone_jpeg(picture())), name


def other_photo() -> tuple[io.BytesIO, str]:
    return io.BytesIO(phone_jpeg(picture(400, 300))), "IMG_0002.jpg"


def fill_all(shopper: Shopper) -> None:
    shopper.save("shelf", **{"S-RNG-1.v": "yes", "S-RNG-2.v": "1", "S-STF-1.v": "yes", "S-STF-2.v": "5"})
    shopper.save("till", **{"S-RUL-1.v": "yes", "S-RUL-2.v": "yes"})


def test_the_lists_show_what_is_due_and_name_no_store_in_the_title(
    app: Flask, context: Context, world: World, assignment: str
) -> None:
    page = signed_in(app, context, world.shopper).get("/visits").text

    assert "<title>Lists</title>" in page
    assert "Harbour Street" in page
    assert f"/visits/assignments/{assignment}" in page


def test_a_visit_starts_only_after_the_three_questions_are_right(
    app: Flask, context: Context, world: World, assignment: str
) -> None:
    client = signed_in(app, context, world.shopper)
    brief = f"/visits/assignments/{assignment}"
    form = FormReader(client.get(brief).text).forms["ready"]

    wrong = client.post(f"{brief}/start", data={**form, **READY, "ready-people": "yes"})
    right = client.post(f"{brief}/start", data={**form, **READY})

    assert wrong.status_code == 422
    assert "Not right. Read the brief again." in wrong.text
    assert right.status_code == 303
    assert "<title>List 04</title>" in client.get(right.location).text


def test_starting_twice_opens_the_same_visit(shopper: Shopper, assignment: str) -> None:
    again = shopper.client.post(
        f"/visits/assignments/{assignment}/start", data={"csrf_token": shopper.form("s-till")["csrf_token"]}
    )

    assert again.location == shopper.at


def test_saving_a_section_keeps_its_answers_and_goes_on_to_the_next(shopper: Shopper) -> None:
    saved = shopper.save("shelf", **{"S-RNG-1.v": "no", "S-RNG-1.r": ["empty", "old"], "S-RNG-1.n": "Aisle 3"})

    filled = shopper.visit().filled
    assert saved.location == f"{shopper.at}#s-till"
    assert filled.values["S-RNG-1"] == "no"
    assert filled.reasons["S-RNG-1"] == ("empty", "old")
    assert filled.notes["S-RNG-1"] == "Aisle 3"
    assert shopper.save("till").location == f"{shopper.at}/check"


def test_what_is_saved_is_on_the_page_again_and_a_second_save_writes_nothing(shopper: Shopper) -> None:
    shopper.save("shelf", **{"S-RNG-1.v": "na", "S-RNG-1.y": "not_safe", "S-RNG-2.v": "4"})
    top = shopper.visit().top_seq

    form = shopper.form("s-shelf")
    shopper.post(form, go="next")

    assert (form["S-RNG-1.v"], form["S-RNG-1.y"], form["S-RNG-2.v"]) == ("na", "not_safe", "4")
    assert shopper.visit().top_seq == top


def test_an_old_page_never_overwrites_what_another_device_saved(shopper: Shopper) -> None:
    old_page = shopper.form("s-shelf")
    with shopper.context.write() as session:
        changes = {"S-RNG-1": {"value": "no", "note": "from the phone"}}
        registers.save_fields(session, shopper.world.shopper, shopper.visit_id, changes, shopper.context.now())

    shopper.post(old_page, go="next", **{"S-RNG-2.v": "2"})

    filled = shopper.visit().filled
    assert (filled.values["S-RNG-1"], filled.notes["S-RNG-1"]) == ("no", "from the phone")
    assert filled.values["S-RNG-2"] == 2


def test_clear_takes_an_answer_back(shopper: Shopper) -> None:
    shopper.save("till", **{"S-RUL-1.v": "yes"})
    shopper.save("till", **{"S-RUL-1.v": ""})

    assert "S-RUL-1" not in shopper.visit().filled.values


def test_a_wrong_answer_comes_back_with_the_reason_and_nothing_else_is_lost(shopper: Shopper) -> None:
    refused = shopper.save("shelf", **{"S-RNG-2.v": "some", "S-STF-1.v": "partly"})

    form = FormReader(refused.text).forms["s-shelf"]
    assert refused.status_code == 422
    assert "<title>Error: List 04</title>" in refused.text
    assert "is not a number. Write a number such as 4 or 4.5." in refused.text
    assert 'href="#q2"' in refused.text
    assert (form["S-RNG-2.v"], form["S-STF-1.v"]) == ("some", "partly")
    assert shopper.visit().filled.values == {"S-STF-1": "partly"}


def test_naughty_text_round_trips_exactly_and_is_escaped(shopper: Shopper) -> None:
    typed = NAUGHTY.replace("\n", "\r\n")
    shopper.save("till", **{"S-TXT-1.v": typed})

    page = shopper.client.get(shopper.at).text
    assert shopper.visit().filled.values["S-TXT-1"] == NAUGHTY
    assert FormReader(page).forms["s-till"]["S-TXT-1.v"] == typed
    assert "<script>alert" not in page


@pytest.mark.parametrize("text", ["a\0b", "a" * 4001])
def test_text_that_cannot_be_kept_is_refused_with_words(shopper: Shopper, text: str) -> None:
    refused = shopper.save("till", **{"S-TXT-1.v": text})

    assert refused.status_code == 422
    assert 'id="e7"' in refused.text
    assert "S-TXT-1" not in shopper.visit().filled.values


def test_a_question_with_a_condition_says_when_it_is_asked(shopper: Shopper) -> None:
    assert "Only if question 3 is answered Yes or Partly" in shopper.client.get(shopper.at).text


def test_photos_come_with_the_section_are_served_upright_and_can_be_removed(shopper: Shopper) -> None:
    shopper.save("shelf", **{"S-RNG-1.v": "no", "S-RNG-1.p": [photo_file(), photo_file("b.png")]})
    page = shopper.client.get(shopper.at).text
    small = next(src for src in FormReader(page).images if "photos" in src)
    served = shopper.client.get(small)
    uuid = shopper.visit().photos["S-RNG-1"][0].uuid

    removed = shopper.post(shopper.form("s-shelf"), remove=uuid)

    assert served.mimetype == "image/jpeg"
    assert b"GPS" not in served.data
    assert b"Exif" not in served.data
    assert removed.location == f"{shopper.at}#q1"
    assert uuid not in {p.uuid for photos in shopper.visit().photos.values() for p in photos}
    assert shopper.visit().filled.values["S-RNG-1"] == "no"


def test_a_form_that_is_posted_twice_keeps_each_photo_once(shopper: Shopper) -> None:
    form = shopper.form("s-shelf")
    shopper.post(form, **{"S-RNG-1.p": [photo_file(), other_photo()]})
    first = shopper.visit().photos["S-RNG-1"]

    again = shopper.post(form, **{"S-RNG-1.p": [photo_file(), other_photo()]})

    assert again.status_code == 303
    assert len(first) == 2
    assert shopper.visit().photos["S-RNG-1"] == first


def test_a_double_tap_on_save_keeps_each_photo_once(app: Flask, shopper: Shopper) -> None:
    taps = [Shopper(signed_in(app, shopper.context, shopper.world.shopper), shopper.context, shopper.world)
            for _ in range(3)]  # fmt: skip
    for tap in taps:
        tap.visit_id = shopper.visit_id
    forms = [tap.form("s-shelf") for tap in taps]

    answers = at_once(
        [
            lambda tap=tap, form=form: tap.post(form, **{"S-RNG-1.p": [photo_file(), other_photo()]})
            for tap, form in zip(taps, forms, strict=True)
        ]
    )

    assert {answer.status_code for answer in answers} == {303}
    assert len(shopper.visit().photos["S-RNG-1"]) == 2


def test_a_photo_that_was_removed_can_be_added_again(shopper: Shopper) -> None:
    shopper.save("shelf", **{"S-RNG-1.p": [photo_file()]})
    shopper.post(shopper.form("s-shelf"), remove=shopper.visit().photos["S-RNG-1"][0].uuid)
    removed = shopper.visit()
    shopper.save("shelf", **{"S-RNG-1.p": [photo_file()]})

    assert "S-RNG-1" not in removed.photos
    assert len(shopper.visit().photos["S-RNG-1"]) == 1


def test_the_same_photo_can_be_evidence_for_two_questions(app: Flask, context: Context, world: World) -> None:
    sun = _on_every_type(app, context, world)
    sun.save("one", **{"A1.p": [photo_file()], "A2.p": [photo_file()]})

    assert {key: len(photos) for key, photos in sun.visit().photos.items()} == {"A1": 1, "A2": 1}


def test_a_file_that_is_no_photo_is_refused_and_the_answers_stay(shopper: Shopper) -> None:
    refused = shopper.save("shelf", **{"S-RNG-1.v": "no", "S-RNG-1.p": [(io.BytesIO(b"no photo"), "x.jpg")]})

    assert refused.status_code == 422
    assert 'id="e1"' in refused.text
    assert shopper.visit().filled.values["S-RNG-1"] == "no"


def test_sending_with_something_missing_shows_each_thing_and_needs_a_reason(shopper: Shopper) -> None:
    fill_all(shopper)
    shopper.save("till", **{"S-RUL-1.v": "no", "S-RUL-2.v": ""})
    form = shopper.form("send", "/check")

    refused = shopper.post(form, "/check")
    excused = shopper.post(
        FormReader(refused.text).forms["send"], "/check", arrived="2026-09-14T09:10", left="2026-09-14T09:40",
        **{"cant.S-RUL-1": "The till was closed", "cant.S-RUL-2": "The till was closed"},
    )  # fmt: skip

    assert refused.status_code == 422
    assert "Write a note of at least 5 characters to question 5: Was ID asked for?" in refused.text
    assert "Answer question 6: Was a receipt given?" in refused.text
    assert excused.location == f"{shopper.at}/receipt"
    assert shopper.visit().filled.cant["S-RUL-2"] == "The till was closed"


def test_times_are_read_by_the_stores_clock_and_checked(shopper: Shopper, clock: Clock) -> None:
    fill_all(shopper)
    form = shopper.form("send", "/check")

    backwards = shopper.post(form, "/check", arrived="2026-09-14T09:40", left="2026-09-14T09:10")
    empty = shopper.post(form, "/check", arrived="", left="2026-09-14T09:10")
    future = shopper.post(form, "/check", arrived="2026-09-14T09:40", left="2026-09-14T15:00")
    sent = shopper.post(form, "/check", arrived="2026-09-14T09:10", left="2026-09-14T09:40")

    assert "You can&#39;t have left before you arrived." in backwards.text
    assert FormReader(backwards.text).forms["send"]["arrived"] == "2026-09-14T09:40"
    assert empty.status_code == 422
    assert "The leaving time lies in the future. Correct it." in future.text
    assert sent.status_code == 303
    assert (shopper.visit().arrived_at, shopper.visit().left_at) == (
        clock() - timedelta(minutes=50),  # Harbour Street's clock is an hour ahead of UTC in September
        clock() - timedelta(minutes=20),
    )


def test_the_receipt_can_be_opened_again_and_ends_the_checklist(shopper: Shopper) -> None:
    fill_all(shopper)
    shopper.post(shopper.form("send", "/check"), "/check", arrived="2026-09-14T09:10", left="2026-09-14T09:40")

    receipt = shopper.client.get(f"{shopper.at}/receipt").text
    assert re.search(r">Everything reached us at [\w ]+ 10:00: 6 answers\.<", receipt)
    assert re.search(r'class="number">\w\w \w\w · \w\w \w\w<', receipt)
    assert shopper.client.get(shopper.at).location == f"{shopper.at}/receipt"
    assert shopper.client.get(f"{shopper.at}/check").location == f"{shopper.at}/receipt"
    assert shopper.client.get(f"{shopper.at}/receipt").text == receipt
    copy = shopper.client.get(f"{shopper.at}/receipt?copy=1")
    assert copy.headers["Content-Disposition"] == 'attachment; filename="list-04-receipt.txt"'
    assert re.match(
        r"Receipt number: \w\w \w\w · \w\w \w\w\nEverything reached us at [\w :]+: 6 answers\.\n", copy.text
    )
    assert "Harbour" not in copy.text


def test_the_receipt_counts_one_answer_and_one_photo_as_one(shopper: Shopper) -> None:
    shopper.save("shelf", **{"S-RNG-1.v": "no", "S-RNG-1.p": [photo_file()]})
    form = FormReader(shopper.post(shopper.form("send", "/check"), "/check").text).forms["send"]
    reasons = dict.fromkeys((name for name in form if name.startswith("cant.")), "It was closed")
    shopper.post(form, "/check", arrived="2026-09-14T09:10", left="2026-09-14T09:40", **reasons)

    page, copy = (shopper.client.get(f"{shopper.at}/receipt{end}").text for end in ("", "?copy=1"))

    assert re.search(r">Everything reached us at [\w :]+: 1 answer and 1 photo\.<", page)
    assert re.search(r"\nEverything reached us at [\w :]+: 1 answer and 1 photo\.\n", copy)


def test_the_receipt_leaves_out_an_answer_that_is_not_asked_for_in_the_end(shopper: Shopper) -> None:
    fill_all(shopper)
    shopper.save("shelf", **{"S-STF-1.v": "no"})
    asked = shopper.visit().row.answered
    shopper.post(shopper.form("send", "/check"), "/check", arrived="2026-09-14T09:10", left="2026-09-14T09:40")

    page = shopper.client.get(f"{shopper.at}/receipt").text
    phone = shopper.client.get(f"/api/v1{shopper.at}/receipt").json

    assert shopper.visit().filled.values["S-STF-2"] == 5, "it is kept all the same"
    assert asked == phone["answers"] == 5
    assert ": 5 answers.<" in page


def test_a_visit_that_could_not_be_done_needs_words_and_gets_a_receipt(shopper: Shopper) -> None:
    token = shopper.form("send", "/check")["csrf_token"]

    silent = shopper.client.post(f"{shopper.at}/not-done", data={"csrf_token": token, "reason": " "})
    told = shopper.client.post(f"{shopper.at}/not-done", data={"csrf_token": token, "reason": "Closed for a flood"})

    assert silent.status_code == 422
    assert told.location == f"{shopper.at}/receipt"
    assert "Reported and received" in shopper.client.get(told.location).text
    assert shopper.visit().state is VisitState.NOT_DONE


def test_the_reviewers_question_is_shown_with_the_answer_and_can_be_replied_to(shopper: Shopper) -> None:
    fill_all(shopper)
    shopper.post(shopper.form("send", "/check"), "/check", arrived="2026-09-14T09:10", left="2026-09-14T09:40")
    ask(shopper, "S-RUL-1", "Before or after paying?")

    page = shopper.client.get(f"{shopper.at}/message").text
    form = FormReader(page).forms["reply"]
    silent = shopper.client.post(f"{shopper.at}/message", data={**form, "text": ""})
    replied = shopper.client.post(f"{shopper.at}/message", data={**form, "text": "Before."})

    assert shopper.client.get("/visits").text.count("One question from the reviewer") == 0
    assert "Before or after paying?" in page
    assert "You answered: Yes" in page
    assert silent.status_code == 422
    assert replied.status_code == 303
    assert shopper.visit().state is VisitState.SUBMITTED


def ask(shopper: Shopper, question: str, text: str) -> None:
    with shopper.context.write() as session:
        visit = session.query(Visit).filter_by(public_id=shopper.visit_id).one()
        visit.state = VisitState.QUERIED.value
        event = {"kind": "asked", "at": shopper.context.now(), "revision": visit.revision}
        session.add(ReviewEvent(visit_id=visit.id, question=question, text=text, **event))


def test_nobody_else_finds_the_visit_its_photos_or_its_receipt(app: Flask, shopper: Shopper) -> None:
    shopper.save("shelf", **{"S-RNG-1.p": [photo_file()]})
    photo = shopper.visit().photos["S-RNG-1"][0].public_id
    token = shopper.form("s-shelf")["csrf_token"]
    otto = signed_in(app, shopper.context, shopper.world.other_shopper)
    manager = signed_in(app, shopper.context, shopper.world.manager)

    for path in ("", "/check", "/receipt", "/message", f"/photos/{photo}"):
        assert otto.get(shopper.at + path).status_code == 404
        assert manager.get(shopper.at + path).status_code == 403
        assert app.test_client().get(shopper.at + path).status_code == 302
    assert otto.post(shopper.at, data={"csrf_token": token, "section": "shelf", "base": "{}"}).status_code == 404


@pytest.mark.parametrize("form", [{}, {"section": "shelf"}, {"section": "shelf", "base": "[]"}, {"section": "x"}])
def test_a_form_in_pieces_is_refused_with_words(shopper: Shopper, form: dict[str, str]) -> None:
    assert shopper.client.post(shopper.at, data=form).status_code == 422


def test_the_clock_works_without_script_and_a_correction_keeps_its_reason(
    app: Flask, context: Context, world: World, clock: Clock
) -> None:
    sun = _on_every_type(app, context, world)
    started = sun.post(sun.form("s-two"), timer="B5.start")
    clock.forward(seconds=161)
    sun.post(sun.form("s-two"), timer="B5.stop")
    measured = sun.visit().filled.values["B5"]

    sun.save("two", **{"B5.v": "2.5", "B5.w": "Stopped late"})

    timer = sun.visit().timers["B5"]
    assert started.location == f"{sun.at}#q10"
    assert float(measured) == pytest.approx(2.7)
    assert (timer["corrected"], timer["why"]) == ("2.5", "Stopped late")
    assert timer["start"] < timer["stop"]


def test_a_clock_that_a_phone_started_in_our_future_stops_at_no_minutes(
    app: Flask, context: Context, world: World, clock: Clock
) -> None:
    sun = _on_every_type(app, context, world)
    started = {"start": (clock() + timedelta(hours=5)).isoformat()}
    body = {"device": "d1", "answers": {"B5": {"timer": [1, started]}}}
    sun.client.patch(f"/api/v1{sun.at}/answers", json=body, headers={"X-Auditapp": "1"})

    sun.post(sun.form("s-two"), timer="B5.stop")

    assert sun.visit().filled.values["B5"] == 0
    assert sun.visit().timers["B5"] == {**started, "stop": clock().isoformat()}


def test_every_type_of_answer_can_be_given_and_comes_back_unchanged(app: Flask, context: Context, world: World) -> None:
    sun = _on_every_type(app, context, world)
    sun.save("one", **{"A1.v": "yes", "A2.v": "no", "A3.v": "partly", "A4.v": "3", "A5.v": "10"})
    sun.save("two", **{"B1.v": "s", "B2.v": ["a", "c"], "B3.x": "na", "B3.y": "not_safe", "B4.v": "-3.5", "B5.v": "4"})
    sun.save("three", **{
        "C1.v": "na", "C2.v": "09:30", "C3.v": "2026-09-30", "C4.v": "4006381333931", "C5.p": [photo_file()],
    })  # fmt: skip

    visit = sun.visit()
    for section in ("one", "two", "three"):
        sun.post(sun.form(f"s-{section}"), go="next")
    assert set(visit.filled.values) == {q.key for q in visit.checklist.questions} - {"C6"}
    assert sun.visit() == visit
    assert visit.filled.values["B2"] == ("a", "c")
    assert visit.filled.values["B3"] == "na"


def test_a_decimal_comma_is_read_on_the_page_and_from_a_phone_and_kept_as_a_point(
    app: Flask, context: Context, world: World
) -> None:
    sun = _on_every_type(app, context, world)
    sun.save("two", **{"B4.v": "-3,5"})
    body = {"device": "d1", "answers": {"B5": {"value": [7, "1,5"]}}}
    sun.client.patch(f"/api/v1{sun.at}/answers", json=body, headers={"X-Auditapp": "1"})

    form = sun.form("s-two")
    refused = sun.save("two", **{"B4.v": "1.234,5"})

    assert (form["B4.v"], form["B5.v"]) == ("-3.5", "1.5")
    assert (sun.visit().filled.values["B4"], sun.visit().filled.values["B5"]) == (Fraction(-7, 2), Fraction(3, 2))
    assert "&#39;1.234,5&#39; is not a number." in refused.text


def _on_every_type(app: Flask, context: Context, world: World) -> Shopper:
    with context.write() as session:
        version = factories.publish_checklist(session, load(EVERY_TYPE)[0])
        wave = factories.make_wave(session, version.id, "Q4 2026")
        assignment = factories.make_assignment(session, world, wave=wave.id).public_id
    sun = Shopper(signed_in(app, context, world.shopper), context, world)
    sun.start(assignment)
    return sun


def test_the_preview_is_the_page_for_admins_only_and_keeps_nothing(app: Flask, context: Context, world: World) -> None:
    with context.read() as session:
        version = session.get_one(ChecklistVersion, world.checklist_version).public_id
    page = signed_in(app, context, world.admin).get(f"/visits/preview/{version}")

    assert "Was bread on the shelf?" in page.text
    assert "Save and continue" not in page.text
    assert signed_in(app, context, world.shopper).get(f"/visits/preview/{version}").status_code == 403


def test_nothing_on_the_pages_is_inline(shopper: Shopper) -> None:
    for path in ("", "/check"):
        page = shopper.client.get(shopper.at + path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


def test_the_cards_of_one_language_never_serve_another(shopper: Shopper, app: Flask) -> None:
    english = shopper.client.get(shopper.at).text
    with shopper.context.write() as session:
        from auditapp.db.schema import User

        session.get_one(User, shopper.world.shopper.user_id).language = "ko"

    korean = shopper.client.get(shopper.at).text

    assert '<html lang="ko"' in korean
    assert '<html lang="en"' in english


def test_one_persons_words_and_photos_never_show_in_anothers_cards(
    app: Flask, context: Context, world: World, shopper: Shopper
) -> None:
    shopper.save("shelf", **{"S-RNG-1.v": "no", "S-RNG-1.n": "Sun was here", "S-RNG-1.p": [photo_file()]})
    shopper.client.get(shopper.at)
    with context.write() as session:
        assignment = factories.make_assignment(session, world, shopper=world.other_shopper).public_id
    otto = Shopper(signed_in(app, context, world.other_shopper), context, world)
    otto.start(assignment)
    otto.save("shelf", **{"S-RNG-1.v": "no"})

    page = otto.client.get(otto.at).text

    assert "Sun was here" not in page
    assert shopper.visit_id not in page


def test_the_shopper_page_stays_inside_its_budget(app: Flask, context: Context, world: World) -> None:
    """HTML + CSS + JS of the longest shipped checklist: at most 45 KB gzip in all, CSS 10, JS 15."""
    longest = max((load(p)[0] for p in (ROOT / "checklists").glob("*.yaml")), key=lambda c: len(c.questions))
    with context.write() as session:
        wave = factories.make_wave(session, factories.publish_checklist(session, longest).id, "Q4 2026")
        assignment = factories.make_assignment(session, world, wave=wave.id).public_id
    sun = Shopper(signed_in(app, context, world.shopper), context, world)
    sun.start(assignment)

    page = sun.client.get(sun.at).text
    scripts = set(re.findall(r'(?:src|href)="(/static/\w+/js/[^"]+)"', page))
    styles = set(re.findall(r'href="(/static/\w+/css/[^"]+)"', page))
    css, js = (sum(_gzipped(sun.client.get(unescape(a)).data) for a in found) for found in (styles, scripts))

    assert len(scripts) == 8
    assert css <= 10_000
    assert js <= 15_000
    assert _gzipped(page.encode()) + css + js <= 45_000


def _gzipped(data: bytes) -> int:
    return len(gzip.compress(data))


def test_error_pages_say_what_to_do_also_when_signed_out(app: Flask) -> None:
    missing = app.test_client().get("/visits/assignments/nothing-here/at-all")

    assert missing.status_code == 404
    assert "Go to the start" in missing.text
    assert "Sign in" in missing.text
