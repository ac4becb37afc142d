"""What a shopper has done is never lost and never doubled, whatever network, phone, server and other people do."""

from __future__ import annotations

import json
import random
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from playwright.sync_api import Browser, Error, Page, Route, expect
from sqlalchemy import select

from auditapp.db.schema import AnswerField, Visit
from auditapp.db.session import Database
from tests.browser.a_visit import (
    EVERYTHING,
    KEPT,
    PHOTOS,
    agreed,
    arrived,
    begin,
    fill,
    held,
    photos_there,
    received,
    records,
    set_times,
    visit_of,
)
from tests.browser.every_kind import EVERY_KIND, PASSWORD, Shop, publish_again
from tests.browser.line import Line
from tests.browser.people import Person, person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, option, saved
from tests.photo_factory import encode, phone_jpeg

ROOM = 5_000_000
"""Bytes that a full phone has left for the app: enough for pages and answers, not for a large original."""
UNREADABLE = """() => {
  self.createImageBitmap = () => Promise.reject(new Error("no"));
  HTMLImageElement.prototype.decode = () => Promise.reject(new Error("no"));
}"""
"""A browser that can't shrink this kind of photo."""
HANGS_ONCE = """() => {
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function () {
    IDBFactory.prototype.open = open;
    return new EventTarget(); // nothing will ever be heard of it
  };
}"""
"""A browser whose database does not answer after a restart, as WebKit's did."""


def test_a_whole_visit_is_made_and_sent_without_signal_and_arrives_by_itself(
    sun: Person, line: Line, house: House
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    line.state = "cut"
    fill(page)
    expect(page.locator("#state")).to_have_text(KEPT)
    page.locator("#next").click()
    page.wait_for_url("**/check")
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("[form=send] small")).to_have_text("Goes when there is signal")
    set_times(page)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    expect(page.locator("#wait")).to_be_visible()
    page.reload()
    expect(page.locator("#wait")).to_be_visible()
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    received(page)
    there = held(house, sun, visit)
    assert there["receipt"]
    assert set(there["answers"]) >= set(EVERYTHING)
    assert sorted(photo["question"] for photo in there["photos"].values()) == sorted(PHOTOS)
    agreed(page, visit)
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=6))
    page.reload()
    expect(page.locator("#week")).to_be_visible()
    assert len(records(page, "photos")) == len(PHOTOS), "the phone forgets only a week after the second reading"
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=8))
    page.reload()
    eventually(lambda: not [r for kind in ("visits", "answers", "photos") for r in records(page, kind)])
    assert not page.evaluate("path => caches.match(path)", f"/visits/{visit}"), "its page is forgotten, too"


def test_what_the_second_reading_does_not_find_goes_up_again_before_anything_is_forgotten(
    sun: Person, house: House, line: Line
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    saved(page)
    arrived(page)
    lost = next(r["key"] for r in records(page, "photos"))
    sent_again: list[str] = []

    def without(route: Route) -> None:
        reply = route.fetch()
        told = reply.json()
        if not sent_again:
            told["photos"].pop(lost)
        route.fulfill(response=reply, json=told)

    page.context.route("**/manifest", without)
    page.context.on("request", lambda request: request.method == "PUT" and sent_again.append(request.url))
    page.goto(page.url.partition("#")[0] + "/check")
    set_times(page)
    page.get_by_role("button", name="Send").click()
    received(page)
    agreed(page, visit)
    assert [address.rpartition("/")[2] for address in sent_again] == [lost]
    assert len(held(house, sun, visit)["photos"]) == len(PHOTOS)


def test_what_is_missing_is_named_without_signal_and_can_be_excused(sun: Person, line: Line) -> None:
    page = sun.page
    line.state = "cut"
    fill(page)
    answer(page, "YES", "no")
    page.goto(page.url.partition("#")[0] + "/check")
    expect(page.locator("#problem li")).to_have_count(2)
    expect(page.locator("#problem")).to_contain_text("Add a photo to question 1")
    set_times(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#problem")).to_be_focused()
    assert page.title().startswith("Error: ")
    page.get_by_label("I can't give this for question 1, because").fill("A guard was looking.")
    page.get_by_label("I can't give this for question 1, because").blur()
    expect(page.locator("#problem")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    received(page)


def test_a_page_killed_before_the_answer_came_has_sent_the_photo_once(sun: Person, house: House, line: Line) -> None:
    page, address = sun.page, sun.page.url
    page.context.route("**/photos/*", taken_and_never_answered)
    add_photo(page, "PHOTO", phone_jpeg())
    eventually(lambda: photos_there(house, sun) == 1)
    sun = again(sun, address)
    arrived(sun.page)
    assert photos_there(house, sun) == 1
    assert card(sun.page, "PHOTO").locator(".th").count() == 1


def test_a_page_killed_in_the_middle_of_an_upload_sends_the_photo_later(sun: Person, house: House, line: Line) -> None:
    page, address, failed = sun.page, sun.page.url, list[str]()
    page.context.on("requestfailed", lambda request: failed.append(request.url))
    line.state = "half"
    add_photo(page, "PHOTO", phone_jpeg())
    expect(card(page, "PHOTO").get_by_text("Sending")).to_be_visible()
    eventually(lambda: line.halves == 1)
    expect(card(page, "PHOTO").get_by_text("Sending")).to_be_visible()
    assert photos_there(house, sun) == 0
    assert failed == []
    crash(page)
    line.state = "cut"
    sun = again(sun, address)
    expect(card(sun.page, "PHOTO").get_by_text("On this phone")).to_be_visible()
    line.state = "good"
    sun.page.evaluate("dispatchEvent(new Event('online'))")
    expect(card(sun.page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)
    assert photos_there(house, sun) == 1


def test_a_tab_killed_before_the_photo_was_shrunk_shrinks_it_later(sun: Person, house: House, line: Line) -> None:
    page, address = sun.page, sun.page.url
    page.evaluate(
        "() => { self.createImageBitmap = () => new Promise(() => 0); }"
    )  # the camera kills the tab at this moment
    add_photo(page, "PHOTO", phone_jpeg(orientation=6))
    expect(card(page, "PHOTO").get_by_text("On this phone")).to_be_visible()
    assert [r["raw"] for r in records(page, "photos") if r["visit"] == visit_of(page)] == [True]
    sun = again(sun, address)
    expect(card(sun.page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)
    assert photos_there(house, sun) == 1


@pytest.mark.parametrize("call", ["answers", "photos/*", "submit"])
def test_an_answer_lost_on_the_way_back_doubles_nothing(sun: Person, house: House, line: Line, call: str) -> None:
    page, visit = sun.page, visit_of(sun.page)
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.method)
        route.fetch()
        route.abort()

    page.context.route(f"**/{call}", lose, times=1)
    fill(page)
    page.goto(page.url.partition("#")[0] + "/check")
    set_times(page)
    page.get_by_role("button", name="Send").click()
    received(page)
    assert len(lost) == 1
    there = held(house, sun, visit)
    assert len(there["photos"]) == len(PHOTOS)
    assert there["receipt"] == page.locator("#number").inner_text().replace(" ", "").replace("·", "")


@pytest.mark.parametrize("trouble", ["error", "portal"])
def test_errors_and_portals_are_waited_out(sun: Person, house: House, line: Line, trouble: str) -> None:
    page = sun.page

    def answer_badly(route: Route) -> None:
        if trouble == "error":
            route.fulfill(status=500, content_type="application/json", body='{"error": {"code": "unexpected"}}')
        else:
            route.fulfill(status=200, content_type="application/json", body='{"welcome": "to our Wi-Fi"}')

    page.context.route("**/api/**", answer_badly)
    answer(page, "YES", "yes")
    add_photo(page, "PHOTO", phone_jpeg())
    words = {"error": "Could not save, trying again.", "portal": "No signal."}
    expect(page.locator("#strip")).to_contain_text(words[trouble])
    expect(card(page, "PHOTO").get_by_text("On this phone")).to_be_visible()
    expect(page.locator("#state")).to_have_text(KEPT)
    page.context.unroute("**/api/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(card(page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)
    saved(page)
    assert photos_there(house, sun) == 1


def test_a_sign_in_that_ends_in_the_middle_stops_everything_and_then_everything_goes(
    sun: Person, house: House, shop: Shop
) -> None:
    page, address = sun.page, sun.page.url
    page.context.clear_cookies()
    answer(page, "YES", "yes")
    add_photo(page, "PHOTO", phone_jpeg())
    expect(page.locator("#strip")).to_contain_text("You are signed out.")
    answer(page, "PARTLY", "yes")
    page.goto(page.url.partition("/visits/")[0] + "/visits")
    expect(page.locator("#safe")).to_contain_text("2 answers and 1 photo go up as soon as you are in.")
    sun.sign_in(shop.email, PASSWORD)
    page.goto(address)
    saved(page)
    expect(card(page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)
    there = held(house, sun, visit_of(page))
    assert {"YES", "PARTLY"} <= set(there["answers"])
    assert len(there["photos"]) == 1


def test_nothing_of_one_shopper_is_sent_by_another_who_signs_in_on_the_same_phone(
    sun: Person, house: House, line: Line, shop: Shop
) -> None:
    page, address, visit = sun.page, sun.page.url, visit_of(sun.page)
    line.state = "cut"
    answer(page, "YES", "yes")
    expect(page.locator("#state")).to_have_text(KEPT)
    page.context.clear_cookies()
    line.state = "good"
    other = Person(page.context.new_page(), line.house)
    other.sign_in(shop.other_email, PASSWORD)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#strip")).to_contain_text("You are signed out.")
    assert records(other.page, "answers") == []
    other.page.context.clear_cookies()
    sun.sign_in(shop.email, PASSWORD)
    page.goto(address)
    saved(page)
    assert held(house, sun, visit)["answers"]["YES"]


def test_a_full_phone_says_so_and_what_is_only_in_the_page_is_sent_from_there(
    browser: Browser, house: House, line: Line, shop: Shop
) -> None:
    grain = Image.frombytes("RGB", (2400, 2000), random.Random(7).randbytes(2400 * 2000 * 3))
    large = encode(grain, "JPEG", quality=98)
    assert len(large) > ROOM
    with person(browser, line.house) as sun:
        page = sun.go("/sign-in")
        devtools = page.context.new_cdp_session(page)
        devtools.send("Storage.overrideQuotaForOrigin", {"origin": line.house.base, "quotaSize": ROOM})
        sun.sign_in(shop.email, PASSWORD)
        begin(sun, shop)
        page.evaluate(UNREADABLE)
        line.state = "cut"
        answer(page, "YES", "yes")
        add_photo(page, "PHOTO", large)
        expect(card(page, "PHOTO").get_by_text("Only in this page")).to_be_visible()
        expect(page.locator("#strip")).to_contain_text("This phone is full.")
        assert records(page, "photos") == []
        line.state = "good"
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(card(page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)
        expect(page.locator("#strip")).not_to_contain_text("This phone is full.")
        assert photos_there(house, sun) == 1
        sun.forgive()


def test_a_database_that_hangs_is_opened_again_and_shows_all_that_is_kept(sun: Person, line: Line) -> None:
    line.state = "cut"
    answer(sun.page, "YES", "yes")
    expect(sun.page.locator("#state")).to_have_text(KEPT)
    sun.page.add_init_script(f"({HANGS_ONCE})()")
    sun.page.reload()
    expect(option(sun.page, "YES", "yes").locator("input")).to_be_checked(timeout=15_000)
    answer(sun.page, "PARTLY", "no")
    expect(sun.page.locator("#state")).to_have_text(KEPT)
    line.state = "good"
    sun.page.evaluate("dispatchEvent(new Event('online'))")
    saved(sun.page)


def test_a_photo_that_the_server_refuses_does_not_stand_in_the_way_of_a_receipt(
    sun: Person, house: House, line: Line
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    add_photo(page, "PHOTO", b"%PDF-1.7 not a photo", name="photo.jpg")
    expect(card(page, "PHOTO").get_by_text("Not accepted")).to_be_visible()
    page.goto(page.url.partition("#")[0] + "/check")
    set_times(page)
    page.get_by_role("button", name="Send").click()
    received(page)
    assert len(held(house, sun, visit)["photos"]) == len(PHOTOS)
    assert [r["state"] for r in records(page, "photos") if r["visit"] == visit].count("refused") == 1


def test_the_same_visit_on_two_phones_is_merged_field_by_field_with_a_notice(
    browser: Browser, sun: Person, house: House, line: Line, shop: Shop
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    answer(page, "YES", "yes")
    saved(page)
    with person(browser, house) as second:
        second.sign_in(shop.email, PASSWORD)
        second.go(f"/visits/{visit}")
        expect(option(second.page, "YES", "yes").locator("input")).to_be_checked()
        line.state = "cut"
        answer(page, "CHOICE", "me")
        answer(page, "PARTLY", "yes")
        answer(second.page, "SCALE", "2")
        saved(second.page)
        answer(second.page, "CHOICE", "they")
        answer(second.page, "ID", "yes")
        answer(second.page, "CHOICE", "me")
        answer(second.page, "CHOICE", "they")
        saved(second.page)
        line.state = "good"
        page.evaluate("dispatchEvent(new Event('online'))")
        saved(page)
        expect(card(page, "CHOICE").get_by_role("alert")).to_contain_text("Changed on another device.")
        page.reload()
        expect(option(page, "CHOICE", "they").locator("input")).to_be_checked()
        expect(option(page, "SCALE", "2").locator("input")).to_be_checked()
        second.page.reload()
        expect(option(second.page, "PARTLY", "yes").locator("input")).to_be_checked()
        second.forgive()
    assert set(held(house, sun, visit)["answers"]) == {"YES", "CHOICE", "PARTLY", "SCALE", "ID"}


def test_the_check_begins_with_what_is_kept_and_goes_on_with_what_another_phone_gave(
    browser: Browser, sun: Person, house: House, shop: Shop
) -> None:
    page, visit, asked = sun.page, visit_of(sun.page), list[Route]()
    page.context.route("**/answers", lambda route: route.abort())
    answer(page, "YES", "yes")
    expect(page.locator("#strip")).to_contain_text("No signal")
    page.add_init_script("AbortSignal.timeout = () => new AbortController().signal;")
    page.context.route(
        re.compile(rf"/visits/{visit}$"),
        lambda route: asked.append(route) if route.request.resource_type == "fetch" else route.continue_(),
    )
    page.goto(page.url.partition("#")[0] + "/check")
    expect(page.locator("#state")).to_have_text("1 of 15 answered")
    with person(browser, house) as second:
        second.sign_in(shop.email, PASSWORD)
        second.go(f"/visits/{visit}")
        answer(second.page, "SCALE", "2")
        saved(second.page)
    asked.pop().continue_()
    expect(page.locator("#state")).to_have_text("2 of 15 answered")
    assert asked == []


def test_a_photo_that_was_taken_back_is_on_no_kept_page(sun: Person, house: House, line: Line) -> None:
    page, home = sun.page, sun.page.url.partition("#")[0]
    add_photo(page, "PHOTO", phone_jpeg())
    saved(page)
    page.reload()
    card(page, "PHOTO").get_by_role("button", name="Remove").click()
    eventually(lambda: photos_there(house, sun) == 0 and [r.get("wait") for r in records(page, "photos")] == [None])
    line.state = "cut"
    page.reload()
    expect(card(page, "PHOTO").locator(".th")).to_have_count(0)
    page.goto(home + "/check")
    expect(page.locator("#problem")).to_contain_text("15 questions have no answer yet")
    expect(page.locator("#state")).to_have_text("0 of 15 answered")


def test_a_new_version_of_the_checklist_does_not_touch_a_running_visit(
    sun: Person, house: House, line: Line, shop: Shop
) -> None:
    page = sun.page
    answer(page, "YES", "yes")
    saved(page)
    publish_again(
        shop, EVERY_KIND.replace("Was the door open?", "Was the new door open?").replace("version: 1", "version: 2")
    )
    page.reload()
    expect(card(page, "YES")).to_contain_text("Was the door open?")
    expect(option(page, "YES", "yes").locator("input")).to_be_checked()
    fill_rest = {key: given for key, given in EVERYTHING.items() if key != "YES"}
    for key, given in fill_rest.items():
        answer(page, key, given)
    saved(page)
    assert json.dumps(held(house, sun, visit_of(page))).count("YES") == 1


def taken_and_never_answered(route: Route) -> None:
    """The server gets all of it; the phone never hears so."""
    route.fetch()


def crash(page: Page) -> None:
    """The system kills the page: nothing on it can do anything any more."""
    with page.expect_event("crash"), suppress(Error):  # it can't answer
        page.goto("chrome://crash")


def again(sun: Person, address: str) -> Person:
    """The tab is killed and the page opened anew."""
    context = sun.page.context
    context.unroute_all(behavior="ignoreErrors")
    fresh = context.new_page()
    sun.page.close(run_before_unload=False)
    fresh.goto(address)
    return Person(fresh, sun.house)


def test_two_tabs_that_know_nothing_of_each_other_number_their_answers_in_order(
    sun: Person, house: House, line: Line
) -> None:
    page = sun.page
    page.context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })")
    page.reload()
    answer(page, "YES", "yes")
    saved(page)
    second = page.context.new_page()
    second.goto(page.url)
    expect(option(second, "YES", "yes").locator("input")).to_be_checked()
    for tab, given in ((page, "no"), (second, "na"), (page, "yes")):
        tab.bring_to_front()
        answer(tab, "YES", given)
        eventually(lambda: field_on(house, sun, "YES") == field_on_phone(page, "YES") != (0, ""))
        assert field_on_phone(page, "YES")[1] == given


def test_the_clock_of_a_tab_that_only_reads_changes_nothing(sun: Person, line: Line) -> None:
    page = sun.page
    card(page, "MINUTES").get_by_role("button").click()
    saved(page)
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_text("This list is open in another tab")).to_be_visible()
    before = records(page, "answers")
    second.locator("#clock").click()
    second.locator("#clock").click()
    assert records(page, "answers") == before


def test_the_phone_notes_since_when_a_visit_is_being_made(sun: Person, line: Line) -> None:
    page = sun.page
    answer(page, "YES", "yes")
    saved(page)
    first = records(page, "visits")[0]["begun"]
    answer(page, "PARTLY", "no")
    saved(page)
    assert first
    assert records(page, "visits")[0]["begun"] == first


def field_on_phone(page: Page, key: str) -> tuple[int, str]:
    """The answer that the phone keeps, and its number, once it is sent."""
    kept = records(page, "answers")
    return next(((r["seq"], r["value"]) for r in kept if r["question"] == key and r.get("sent")), (0, ""))


def field_on(house: House, sun: Person, key: str) -> tuple[int, str]:
    """The answer that stands on the server, and its number."""
    database = Database(f"sqlite:///{house.data / 'auditapp.sqlite3'}")
    with database.read() as session:
        row = session.execute(
            select(AnswerField.seq, AnswerField.value)
            .join(Visit, Visit.id == AnswerField.visit_id)
            .where(Visit.public_id == visit_of(sun.page), AnswerField.question == key, AnswerField.field == "value")
        ).one()
    database.dispose()
    return row.seq, json.loads(row.value)
