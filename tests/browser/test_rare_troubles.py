"""What seldom happens to a phone and its server, and must end well all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import ImageEnhance, ImageFilter
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import delete, select

from auditapp.db.schema import AnswerField, AnswerWrite, Photo, Visit
from tests.browser.a_visit import KEPT, arrived, begin, held, received, set_times, visit_of
from tests.browser.every_kind import PASSWORD, Shop, context_of
from tests.browser.line import Line
from tests.browser.people import Person, person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, option, saved
from tests.photo_factory import encode, exif, phone_jpeg, shop_picture

FOUR_QUESTIONS = """
{format: 1, key: every-kind, version: 1, title: {en: Short}, languages: [en], method: mystery, minutes: 5,
 brief: {en: Look.}, scoring: {weights: {RNG: 100}, pass_mark: 80, bands: {A: 90, B: 80, C: 70, D: 0}},
 sections: [{key: door, title: {en: Door}, questions: [
   {key: OPEN, factor: RNG, type: yes_no, weight: 1, text: {en: "Was the door open?"}},
   {key: QUEUE, factor: RNG, type: minutes, required: false, text: {en: "Minutes in the queue"}},
   {key: FRONT, factor: RNG, type: photo, text: {en: "The front of the shop"}},
   {key: SIGN, factor: RNG, type: photo, required: false, text: {en: "The sign"}}]}]}
"""
FAR_AWAY = "Asia/Taipei"  # eight hours from every machine's own zone that is UTC, without summer time
COUNTS_ASKING = "StorageManager.prototype.persist = () => { asked(); return Promise.resolve(false); }"
ANY_WORKER = """navigator.serviceWorker.getRegistration()
  .then((found) => Boolean(found && (found.installing || found.waiting || found.active)))"""
SHARE_SHEET = """() => {
  self.shared = [];
  navigator.canShare = ({ files }) => files.every((file) => file.type === "text/html");
  navigator.share = async ({ files }) => {
    if (!navigator.userActivation.isActive) throw new DOMException("nobody pressed anything", "NotAllowedError");
    for (const file of files) shared.push([file.name, await file.text()]);
  };
}"""
"""A phone's share sheet, which opens only right after somebody pressed something."""
SLOW_EYES = """
  const decode = self.createImageBitmap;
  self.createImageBitmap = (...asked) => new Promise((done) => { self.see = done; }).then(() => decode(...asked));
"""
"""Photos are shrunk and looked at only when the test says so."""
SEVERAL = 7
"""Tries in vain after which the next one, by the clock alone, comes in half a minute at the earliest."""


@pytest.fixture(scope="module")
def checklist() -> str:
    return FOUR_QUESTIONS


@pytest.fixture
def phone(browser: Browser, line: Line, shop: Shop) -> Iterator[Person]:
    """The shopper, signed in; calls that fail are meant to."""
    with person(browser, line.house) as someone:
        yield someone
        someone.forgive()


@pytest.fixture
def sun(phone: Person, shop: Shop) -> Person:
    """The shopper, on the page of a visit that is ready on the phone and just begun."""
    phone.sign_in(shop.email, PASSWORD)
    begin(phone, shop)
    return phone


def check(page: Page) -> None:
    """Go to the page before Send, with times that can be."""
    page.goto(page.url.partition("#")[0] + "/check")
    set_times(page)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")


def field_there(shop: Shop, visit: str, question: str, field: str) -> Any:
    """What the server holds of a field."""
    asked = select(AnswerField.value).join(Visit, Visit.id == AnswerField.visit_id)
    asked = asked.where(Visit.public_id == visit, AnswerField.question == question, AnswerField.field == field)
    with context_of(shop.data) as context, context.read() as session:
        return json.loads(session.scalars(asked).one())


def test_what_may_be_wrong_with_photos_is_told_before_send_and_blocks_nothing(sun: Person) -> None:
    page, front = sun.page, shop_picture(800, 600)
    yesterday = exif(taken_at=f"{datetime.now(UTC) - timedelta(days=1):%Y:%m:%d %H:%M:%S}")
    answer(page, "OPEN", "yes")
    for number, (key, photo) in enumerate(
        [
            ("FRONT", encode(front, "JPEG")),
            ("FRONT", encode(ImageEnhance.Brightness(shop_picture(800, 600, 8)).enhance(0.1), "JPEG")),
            ("FRONT", encode(shop_picture(800, 600, 9).filter(ImageFilter.GaussianBlur(8)), "JPEG")),
            ("SIGN", encode(front, "JPEG", quality=60)),
            ("SIGN", encode(shop_picture(800, 600, 10), "JPEG", exif=yesterday)),
        ],
        1,
    ):
        add_photo(page, key, photo)
        expect(page.locator(".th")).to_have_count(number)
    expect(page.get_by_text("On the server")).to_have_count(5, timeout=30_000)
    check(page)
    looks = page.locator("#looks li")
    expect(looks).to_have_count(4)
    assert sorted(looks.all_inner_texts()) == [
        "The photo for question 3 is very dark.",
        "The photo for question 3 looks blurred.",
        "The photo for question 4 looks the same as one for question 3.",
        "The photo for question 4 was taken before this visit.",
    ]
    expect(page.locator("#problem")).to_be_hidden()
    send(page)
    received(page)


def test_a_clock_runs_on_over_a_reload_in_another_time_zone_and_a_correction_keeps_both_values(
    sun: Person, shop: Shop
) -> None:
    page, own, visit = sun.page, card(sun.page, "QUEUE"), visit_of(sun.page)
    page.clock.install(time=datetime.now(UTC))
    page.reload()
    own.get_by_role("button", name="Start the clock").click()
    page.clock.run_for(1000)
    saved(page)
    start = field_there(shop, visit, "QUEUE", "timer")["start"]

    before = page.evaluate("new Date().getTimezoneOffset()")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setTimezoneOverride", {"timezoneId": FAR_AWAY})
    page.clock.fast_forward("03:00")
    page.reload()
    assert page.evaluate("new Date().getTimezoneOffset()") != before
    expect(page.locator("#clock")).to_have_text(re.compile("0[345]:"))
    page.locator("#clock").click()
    page.clock.run_for(1000)
    saved(page)
    timer = field_there(shop, visit, "QUEUE", "timer")
    measured = (datetime.fromisoformat(timer["stop"]) - datetime.fromisoformat(start)) / timedelta(minutes=1)
    assert timer["start"] == start
    assert 3 <= measured < 6
    assert float(field_there(shop, visit, "QUEUE", "value")) == pytest.approx(measured, abs=0.06)

    own.locator('[name="QUEUE.v"]').fill("4.5")
    own.locator('[name="QUEUE.v"]').blur()
    page.clock.run_for(1000)
    saved(page)
    assert float(field_there(shop, visit, "QUEUE", "value")) == 4.5
    assert field_there(shop, visit, "QUEUE", "timer") == {**timer, "corrected": "4.5"}


def test_minutes_that_are_entered_while_the_clock_runs_stand_and_so_does_what_it_measured(
    sun: Person, shop: Shop
) -> None:
    page, own, visit = sun.page, card(sun.page, "QUEUE"), visit_of(sun.page)
    own.get_by_role("button", name="Start the clock").click()
    own.locator('[name="QUEUE.v"]').fill("7")
    own.locator('[name="QUEUE.v"]').blur()
    saved(page)
    page.reload()
    own.get_by_role("button", name="Stop").click()
    saved(page)
    timer = field_there(shop, visit, "QUEUE", "timer")
    assert float(field_there(shop, visit, "QUEUE", "value")) == 7
    assert (timer["corrected"], set(timer)) == ("7", {"start", "stop", "corrected"})


def test_a_clock_that_was_set_back_measures_nothing(sun: Person) -> None:
    page, own = sun.page, card(sun.page, "QUEUE")
    page.clock.install(time=datetime.now(UTC))
    page.reload()
    own.get_by_role("button", name="Start the clock").click()
    page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=2))
    own.get_by_role("button", name="Stop").click()
    expect(own.get_by_label("Changed by hand? Say why.")).to_be_visible()
    expect(own.locator('[name="QUEUE.v"]')).to_have_value("")


def test_a_photo_that_is_still_looked_at_when_the_check_opens_is_warned_of_there(sun: Person) -> None:
    page = sun.page
    page.add_init_script(SLOW_EYES)
    page.reload()
    answer(page, "OPEN", "yes")
    add_photo(page, "FRONT", encode(ImageEnhance.Brightness(shop_picture(800, 600, 8)).enhance(0.1), "JPEG"))
    expect(page.locator(".th")).to_have_count(1)
    page.goto(page.url.partition("#")[0] + "/check")
    expect(page.locator("#state")).to_have_text("2 of 4 answered")
    expect(page.locator("#looks")).to_be_hidden()
    page.wait_for_function("() => self.see")
    page.evaluate("see()")
    expect(page.locator("#looks")).to_contain_text("The photo for question 3 is very dark.")


def test_a_server_that_is_too_busy_gets_the_answers_later(sun: Person, house: House) -> None:
    page, told = sun.page, list[int]()

    def answer_busily(route: Route) -> None:
        told.append(408 if told == [429] else 429)
        words = {"error": {"code": "busy", "message": "Too many calls. Try again later.", "request": ""}}
        route.fulfill(status=told[-1], json=words)

    page.context.route("**/answers", answer_busily)
    answer(page, "OPEN", "yes")
    expect(page.locator("#state")).to_have_text(KEPT)
    expect(page.locator("#strip")).to_contain_text("1 answer waits here.")
    page.wait_for_event("response", lambda reply: reply.status == 408)
    page.context.unroute("**/answers")
    saved(page)
    assert "OPEN" in held(house, sun, visit_of(page))["answers"]
    expect(page.get_by_role("alert")).to_have_count(0)
    page.goto(sun.house.base + "/visits/waiting")
    expect(page.locator("#nothing")).to_be_visible()


def test_the_browser_is_asked_to_keep_what_is_stored(phone: Person, shop: Shop) -> None:
    page, asked = phone.page, list[bool]()
    page.context.expose_function("asked", lambda: asked.append(True))
    page.add_init_script(COUNTS_ASKING)
    phone.sign_in(shop.email, PASSWORD)
    begin(phone, shop)
    eventually(lambda: bool(asked))


def test_what_the_server_lost_before_send_goes_up_again_and_the_receipt_comes(
    sun: Person, house: House, shop: Shop
) -> None:
    page, visit, told = sun.page, visit_of(sun.page), list[int]()
    answer(page, "OPEN", "yes")
    add_photo(page, "FRONT", phone_jpeg())
    saved(page)
    arrived(page)
    check(page)
    with context_of(shop.data) as context, context.write() as session:
        number = select(Visit.id).where(Visit.public_id == visit).scalar_subquery()
        for kind in (AnswerField, AnswerWrite, Photo):
            session.execute(delete(kind).where(kind.visit_id == number))
    page.on("response", lambda reply: told.append(reply.status) if reply.url.endswith("/submit") else None)
    send(page)
    received(page)
    there = held(house, sun, visit)
    assert (set(told[:-1]), told[-1]) == ({409}, 201)  # perhaps once more by a page that is just being left
    assert "OPEN" in there["answers"]
    assert [photo["question"] for photo in there["photos"].values()] == ["FRONT"]


def test_a_required_photo_that_is_refused_after_send_gives_the_visit_back_to_the_shopper(
    sun: Person, line: Line
) -> None:
    page, home = sun.page, sun.page.url.partition("#")[0]
    line.state = "cut"
    answer(page, "OPEN", "yes")
    add_photo(page, "FRONT", b"%PDF-1.7 not a photo")
    expect(card(page, "FRONT").locator(".th")).to_have_count(1)
    check(page)
    send(page)
    expect(page.locator("#wait")).to_be_visible()
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#why")).to_contain_text("Some answers or photos are missing.", timeout=30_000)
    page.goto(line.house.base + "/visits/waiting")
    expect(page.locator(f'.stuck .needs a[href="{home.removeprefix(line.house.base)}/check"]')).to_be_visible()
    page.goto(line.house.base + "/visits")
    expect(page.locator("[data-b] .state", has_text="Needs you")).to_have_count(1)
    page.goto(home)
    add_photo(page, "FRONT", phone_jpeg())
    saved(page)
    check(page)
    send(page)
    received(page)


def test_an_answer_changed_after_the_receipt_is_told_to_be_an_addition(
    browser: Browser, sun: Person, house: House, shop: Shop
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    answer(page, "OPEN", "yes")
    add_photo(page, "FRONT", phone_jpeg())
    saved(page)
    with person(browser, house) as second:
        second.sign_in(shop.email, PASSWORD)
        second.go(f"/visits/{visit}")
        expect(option(second.page, "OPEN", "yes").locator("input")).to_be_checked()
        check(page)
        send(page)
        received(page)
        answer(second.page, "OPEN", "no")
        expect(second.page.locator("#strip")).to_have_text(
            "This visit was sent already. What you change now goes to the reviewer as an addition."
        )
    assert field_there(shop, visit, "OPEN", "value") == "yes"


def test_a_rescue_file_goes_to_the_share_sheet_where_there_is_one(sun: Person, line: Line) -> None:
    page, downloads = sun.page, list[str]()
    page.on("download", lambda download: downloads.append(download.suggested_filename))
    line.state = "cut"
    answer(page, "OPEN", "yes")
    expect(page.locator("#state")).to_have_text(KEPT)
    page.goto(line.house.base + "/visits/waiting")
    page.evaluate(SHARE_SHEET)
    page.get_by_role("button", name="Save a rescue file").click()
    page.wait_for_function("() => shared.length")
    [[name, text]] = page.evaluate("shared")
    assert re.fullmatch(r"list-\d\d-rescue\.html", name)
    assert '"question":"OPEN"' in text
    expect(page.locator("#told")).not_to_be_empty()
    assert downloads == []


def test_an_app_of_which_a_part_is_missing_is_not_installed_and_not_called_ready(
    phone: Person, line: Line, shop: Shop
) -> None:
    page = phone.page
    line.missing = "/js/clock.js"  # the brief itself does without it
    phone.sign_in(shop.email, PASSWORD)
    page.goto(line.house.base + shop.new_brief())
    eventually(lambda: line.missed > 0 and not page.evaluate(ANY_WORKER))
    expect(page.locator("#phone b")).not_to_have_text("Ready on this phone")
    line.missing = ""
    page.reload()
    expect(page.locator("#phone b")).to_have_text("Ready on this phone", timeout=30_000)


def test_a_phone_that_leaves_the_basement_sends_by_itself(sun: Person, house: House) -> None:
    page = sun.page
    page.context.set_offline(True)
    page.reload()
    for number in range(SEVERAL):
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/answers")):
            answer(page, "OPEN", "yes" if number % 2 else "no")
    expect(page.locator("#strip")).to_contain_text("No signal.")
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_text(re.compile(r"^Saved \d\d:\d\d$"), timeout=10_000)
    assert "OPEN" in held(house, sun, visit_of(page))["answers"]
