"""What goes wrong with one thing loses nothing, holds up nothing else, and is told as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.a_visit import (
    KEPT,
    ONLINE,
    PHOTOS,
    agreed,
    begin,
    check,
    fill,
    held,
    photos_there,
    received,
    records,
    send,
    set_times,
    visit_of,
)
from tests.browser.every_kind import PASSWORD, Shop
from tests.browser.line import Line
from tests.browser.people import Person, person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, option, saved
from tests.photo_factory import phone_jpeg

SHUT = "IDBFactory.prototype.open = () => { throw new DOMException('The disk is broken', 'UnknownError'); };"
NOTE_THE_ORDER = """() => {
  const put = IDBObjectStore.prototype.put, decode = self.createImageBitmap;
  self.happened = [];
  IDBObjectStore.prototype.put = function (record) {
    if (record.raw) this.transaction.addEventListener("complete", () => happened.push("kept"));
    return put.call(this, record);
  };
  self.createImageBitmap = (...asked) => { happened.push("shrunk"); return decode(...asked); };
}"""
FULL = """() => {
  IDBObjectStore.prototype.put = () => { throw new DOMException("No room is left", "QuotaExceededError"); };
}"""


@pytest.fixture
def sun(browser: Browser, line: Line, shop: Shop) -> Iterator[Person]:
    """The shopper, on the page of a visit that is ready on the phone and just begun."""
    with person(browser, line.house) as someone:
        someone.sign_in(shop.email, PASSWORD)
        begin(someone, shop)
        yield someone
        someone.forgive("The disk is broken", "No room is left")


def test_an_answer_that_came_after_another_phone_had_sent_is_an_addition_and_the_visit_comes_to_its_end(
    browser: Browser, sun: Person, line: Line, house: House, shop: Shop
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    saved(page)
    eventually(lambda: photos_there(house, sun) == len(PHOTOS), 30)
    line.state = "cut"
    answer(page, "CHOICE", "me")
    expect(page.locator("#state")).to_have_text(KEPT)
    with person(browser, house) as second:
        second.sign_in(shop.email, PASSWORD)
        second.go(f"/visits/{visit}/check")  # which this one never had open
        set_times(second.page)
        second.page.get_by_role("button", name="Send").click()
        received(second.page)
    check(page)
    set_times(page)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    line.state = "good"
    page.evaluate(ONLINE)
    received(page)
    agreed(page, visit)
    assert held(house, sun, visit)["late"]["CHOICE"]["value"]
    expect(page.locator("#late")).to_contain_text("This visit had been sent already.")


def test_one_photo_that_the_server_stumbles_over_holds_up_no_other_and_no_other_visit(
    sun: Person, house: House, shop: Shop
) -> None:
    page, first, seen = sun.page, visit_of(sun.page), list[str]()

    def stumble(route: Route) -> None:
        seen.append(route.request.url)
        route.fulfill(status=500, content_type="text/html", body="<h1>Internal error</h1>")

    page.context.route(f"**/visits/{first}/photos/*", lambda route: stumble(route) if not seen else route.fallback())
    add_photo(page, "PHOTO", phone_jpeg())
    eventually(lambda: bool(records(page, "photos")) and bool(seen))
    page.context.route(seen[0], stumble)
    add_photo(page, "SIGNED", phone_jpeg(width=640))
    expect(card(page, "SIGNED").get_by_text("On the server")).to_be_visible(timeout=30_000)
    expect(page.locator("#strip")).to_contain_text("Could not save, trying again. 1 photo waits here.")
    begin(sun, shop)
    add_photo(page, "PHOTO", phone_jpeg())
    expect(card(page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)


def test_a_phone_whose_database_is_broken_still_sends_what_is_entered(sun: Person, house: House) -> None:
    page, visit = sun.page, visit_of(sun.page)
    page.add_init_script(SHUT)
    page.reload()
    answer(page, "YES", "yes")
    answer(page, "TEXT", "Hello")
    eventually(lambda: set(held(house, sun, visit)["answers"]) == {"YES", "TEXT"}, 30)
    add_photo(page, "PHOTO", phone_jpeg())
    eventually(lambda: photos_there(house, sun) == 1, 30)


def test_a_phone_whose_database_is_broken_never_says_that_something_is_kept(sun: Person, line: Line) -> None:
    page = sun.page
    page.add_init_script(SHUT)
    page.reload()
    line.state = "cut"
    answer(page, "YES", "yes")
    expect(page.locator("#strip")).to_contain_text("The last entries are only in this page")
    expect(page.locator("#state")).not_to_have_text(re.compile("Kept|Saved"))


def test_a_photo_that_is_all_there_is_counts_as_kept(sun: Person, line: Line) -> None:
    line.state = "cut"
    add_photo(sun.page, "PHOTO", phone_jpeg())
    expect(sun.page.locator("#strip")).to_have_text("No signal. 1 photo waits here.")
    expect(sun.page.locator("#state")).to_have_text(KEPT)


def test_what_the_server_refuses_is_not_called_saved_and_goes_once_more_with_try_now(sun: Person, house: House) -> None:
    page, visit = sun.page, visit_of(sun.page)
    refused = {"error": {"code": "forbidden", "message": "This is not the address of this program.", "request": ""}}
    page.context.route("**/answers", lambda route: route.fulfill(status=403, json=refused))
    answer(page, "YES", "yes")
    expect(page.locator("#strip")).to_have_text("This is not the address of this program.")
    expect(page.locator("#state")).not_to_have_text(re.compile("Saved"))
    page.context.unroute("**/answers")
    sun.go("/visits/waiting")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Nothing waits here.")).to_be_visible()
    assert set(held(house, sun, visit)["answers"]) == {"YES"}


def test_send_without_the_kept_checklist_leaves_no_photo_behind(sun: Person, house: House, line: Line) -> None:
    page, visit = sun.page, visit_of(sun.page)
    line.state = "cut"
    fill(page)
    expect(page.locator("#state")).to_have_text(KEPT)
    line.state = "good"
    page.context.route("**/photos/*", lambda route: route.abort())
    page.evaluate(
        "async () => { for (const name of await caches.keys()) if (/^pages/.test(name)) await caches.delete(name); }"
    )
    page.context.route(
        re.compile(rf"/visits/{visit}$"),
        lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_(),
    )
    check(page)
    expect(page.locator("#left")).not_to_have_value("")
    day = page.locator("#left").input_value()[:10]
    page.locator("#arrived").fill(f"{day}T00:00")
    page.locator("#left").fill(f"{day}T00:01")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    assert held(house, sun, visit)["receipt"] is None
    page.context.unroute("**/photos/*")
    page.evaluate(ONLINE)
    received(page)
    assert len(held(house, sun, visit)["photos"]) == len(PHOTOS)
    assert not any(photo["amendment"] for photo in held(house, sun, visit)["photos"].values())


def test_a_full_phone_sends_a_visit_whose_answers_are_on_the_server(sun: Person, house: House) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    saved(page)
    eventually(lambda: photos_there(house, sun) == len(PHOTOS) and not records_that_wait(page), 30)
    check(page)
    set_times(page)
    page.evaluate(FULL)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    assert held(house, sun, visit)["receipt"]


def test_a_full_phone_with_answers_on_it_says_why_it_can_not_send(sun: Person, line: Line) -> None:
    page = sun.page
    line.state = "cut"
    fill(page)
    expect(page.locator("#state")).to_have_text(KEPT)
    check(page)
    set_times(page)
    page.evaluate(FULL)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#problem")).to_contain_text("This phone is full.")
    assert page.url.endswith("/check")


def test_an_answer_that_lost_to_another_phone_is_told_at_the_next_opening(
    browser: Browser, sun: Person, line: Line, house: House, shop: Shop
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    home = page.url.partition("#")[0]
    line.state = "cut"
    answer(page, "CHOICE", "me")
    expect(page.locator("#state")).to_have_text(KEPT)
    with person(browser, house) as second:
        second.sign_in(shop.email, PASSWORD)
        second.go(f"/visits/{visit}")
        answer(second.page, "CHOICE", "me")
        answer(second.page, "CHOICE", "they")
        saved(second.page)
    sun.go("/visits")
    line.state = "good"
    page.evaluate(ONLINE)
    expect(page.locator("#waits")).to_be_hidden()
    page.goto(home)
    expect(card(page, "CHOICE").get_by_role("alert")).to_have_text(
        "Changed on another device. The newer answer is shown."
    )
    expect(option(page, "CHOICE", "they").locator("input")).to_be_checked()
    answer(page, "CHOICE", "me")
    saved(page)
    page.reload()
    expect(card(page, "CHOICE").get_by_role("alert")).to_have_count(0)


def test_a_photo_that_the_server_never_took_is_not_forgotten_with_its_visit(sun: Person, shop: Shop) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    add_photo(page, "PHOTO", b"%PDF-1.7 not a photo", name="photo.jpg")
    expect(card(page, "PHOTO").get_by_text("Not accepted")).to_be_visible()
    saved(page)
    send(page)
    received(page)
    agreed(page, visit)
    sun.go("/visits/waiting")
    page.get_by_role("button", name="Keep as it is").click()
    expect(page.locator(".stuck li")).to_contain_text("Stays on this phone, as you decided")
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=8))
    begin(sun, shop)
    for given in ("yes", "no"):  # the second goes up once all that was due before has been done
        answer(page, "PARTLY", given)
        saved(page)
    assert [r["state"] for r in records(page, "photos") if r["visit"] == visit].count("refused") == 1
    sun.go("/visits/waiting")
    page.get_by_role("button", name="Remove from this phone").click()
    expect(page.locator("#nothing")).to_be_visible()


def test_signing_out_says_that_a_finished_visit_is_not_sent(sun: Person, line: Line, house: House) -> None:
    page = sun.page
    fill(page)
    saved(page)
    eventually(lambda: photos_there(house, sun) == len(PHOTOS) and not records_that_wait(page), 30)
    page.context.route("**/submit", lambda route: route.abort())
    send(page)
    page.wait_for_url("**/receipt")
    sun.go("/sign-out")
    expect(page.locator("#safe")).to_contain_text("1 finished list is not sent yet.")


def records_that_wait(page: Page) -> list[object]:
    return [r for kind in ("answers", "photos") for r in records(page, kind) if r.get("wait")]


def test_all_photos_that_were_chosen_at_once_are_kept_before_the_first_is_shrunk(sun: Person) -> None:
    page = sun.page
    page.evaluate(NOTE_THE_ORDER)
    files = [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": phone_jpeg(width=1800 + n)} for n in range(4)]
    page.locator('input[name="PHOTO.p"]').set_input_files(files)  # type: ignore[arg-type]
    expect(card(page, "PHOTO").get_by_text("On the server")).to_have_count(4, timeout=30_000)
    assert page.evaluate("happened")[:5] == ["kept", "kept", "kept", "kept", "shrunk"]


def test_nothing_is_called_saved_while_a_photo_is_being_kept(sun: Person) -> None:
    page = sun.page
    answer(page, "YES", "yes")
    saved(page)
    page.evaluate("() => { File.prototype.arrayBuffer = () => new Promise((done) => { self.come = done; }); }")
    add_photo(page, "PHOTO", phone_jpeg())
    expect(page.locator("#state")).to_have_text("Sending")
    page.evaluate("come(new Uint8Array([37, 80, 68, 70]).buffer)")
    expect(page.locator("#state")).not_to_have_text("Sending")


def test_photos_that_a_page_left_as_they_came_are_shrunk_and_sent_by_the_next_one(sun: Person, house: House) -> None:
    page = sun.page
    visit = visit_of(page)
    page.evaluate("() => { self.createImageBitmap = () => new Promise(() => 0); }")
    add_photo(page, "PHOTO", phone_jpeg())
    expect(card(page, "PHOTO").get_by_text("On this phone")).to_be_visible()
    sun.go("/visits")
    eventually(lambda: len(held(house, sun, visit)["photos"]) == 1, 30)


def test_a_reason_counts_when_send_is_tapped_in_the_middle_of_it(sun: Person, house: House) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    answer(page, "YES", "no")
    saved(page)
    check(page)
    set_times(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#problem")).to_be_focused()
    for box in page.locator("#cants input:visible").all():
        box.fill("A guard was looking.")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    received(page)
    assert held(house, sun, visit)["answers"]["YES"]["cant"]


def test_a_reason_that_was_only_typed_is_there_again(sun: Person) -> None:
    page = sun.page
    fill(page)
    answer(page, "YES", "no")
    saved(page)
    check(page)
    expect(page.locator("#state")).to_have_text("15 of 15 answered")
    page.locator("#cants").evaluate("box => { box.open = true; }")
    page.locator("#cants input:visible").first.press_sequentially("Too dark.")
    page.locator("#not-done").evaluate("box => { box.open = true; }")
    page.locator("#reason").press_sequentially("Closed.")
    sun.go("/visits")
    page.go_back()
    expect(page.locator("#reason")).to_have_value("Closed.")
    page.locator("#cants").evaluate("box => { box.open = true; }")
    expect(page.locator("#cants input:visible").first).to_have_value("Too dark.")


def test_what_is_wrong_with_the_times_is_still_told_when_the_checklist_comes_anew(sun: Person, line: Line) -> None:
    page, visit, asked = sun.page, visit_of(sun.page), list[Route]()
    fill(page)
    saved(page)
    page.add_init_script("AbortSignal.timeout = () => new AbortController().signal;")
    page.context.route(
        re.compile(rf"/visits/{visit}$"),
        lambda route: asked.append(route) if route.request.resource_type == "fetch" else route.continue_(),
    )
    check(page)
    set_times(page)
    page.locator("#left").fill(page.locator("#arrived").input_value())
    page.get_by_role("button", name="Send").click()
    told = page.locator("#problem").get_by_text("You can't have left before you arrived.")
    expect(told).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith(visit)):
        asked.pop().continue_()
    answered = page.locator("#problem li").count()
    expect(told).to_be_visible()
    assert answered == 1
    assert page.title().startswith("Error: ")


def test_a_report_that_was_changed_back_is_sent_as_a_visit(sun: Person, house: House, line: Line) -> None:
    page, visit = sun.page, visit_of(sun.page)
    line.state = "cut"
    check(page)
    page.get_by_text("The visit could not be done").click()
    page.locator("#reason").fill("It was closed.")
    page.get_by_role("button", name="Report as not possible").click()
    page.get_by_role("button", name="Change something").click()
    page.wait_for_url(f"**/visits/{visit}")
    fill(page)
    expect(page.locator("#state")).to_have_text(KEPT)
    send(page)
    page.wait_for_url("**/receipt")
    line.state = "good"
    page.evaluate(ONLINE)
    received(page)
    assert held(house, sun, visit)["state"] == "submitted"


def test_an_answer_that_is_refused_only_after_send_gives_the_visit_back_and_is_named(
    sun: Person, house: House, line: Line
) -> None:
    page, visit, sent = sun.page, visit_of(sun.page), list[str]()
    home = page.url.partition("#")[0]
    line.state = "cut"
    fill(page)
    answer(page, "NUMBER", "a few")
    expect(page.locator("#state")).to_have_text(KEPT)
    send(page)
    page.wait_for_url("**/receipt")
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/submit") else None)
    line.state = "good"
    page.evaluate(ONLINE)
    expect(page.locator("#why")).to_contain_text("number", timeout=30_000)
    assert sent == [], "what can't be taken is not sent over and over"
    sun.go("/visits/waiting")
    expect(page.locator(".stuck .needs")).to_have_count(2)
    expect(page.locator("#answers")).to_be_empty()
    expect(page.locator("#hint")).to_be_empty()
    page.goto(home + "/check")
    expect(page.locator("#problem li")).to_have_count(1)
    expect(page.locator("#problem")).to_contain_text("Question 8:")
    page.goto(home)
    expect(page.locator("#next")).to_contain_text("1 left")
    answer(page, "NUMBER", "4")
    expect(card(page, "NUMBER").get_by_role("alert")).to_have_count(0)
    expect(page.locator("#next")).to_contain_text("Check and send")
    saved(page)
    send(page)
    received(page)
    assert held(house, sun, visit)["receipt"]


def test_what_was_refused_in_a_question_that_is_not_asked_any_more_is_in_nobodys_way(sun: Person) -> None:
    page = sun.page
    page.context.route("**/answers", refuse_where)
    fill(page)
    answer(page, "PARTLY", "no")
    answer(page, "WHERE", "yes")
    expect(card(page, "WHERE").get_by_role("alert")).to_be_visible()
    answer(page, "PARTLY", "yes")
    expect(card(page, "WHERE")).to_be_hidden()
    eventually(lambda: not records_that_wait(page), 30)
    send(page)
    received(page)


def refuse_where(route: Route) -> None:
    """The server takes everything but the answer to WHERE."""
    reply = route.fetch()
    told = reply.json()
    if told["winners"].pop("WHERE", None):
        told["refused"]["WHERE"] = {"value": "Not this."}
    route.fulfill(response=reply, json=told)


def test_a_photo_taken_back_after_another_tab_has_sent_stays_and_the_shopper_is_told(sun: Person, house: House) -> None:
    page, visit, tab = sun.page, visit_of(sun.page), sun.page.context.new_page()
    fill(page)
    saved(page)
    eventually(lambda: photos_there(house, sun) == len(PHOTOS) and not records_that_wait(page), 30)
    tab.goto(page.url.partition("#")[0] + "/check")
    set_times(tab)
    tab.get_by_role("button", name="Send").click()
    received(tab)
    card(page, "PHOTO").get_by_role("button", name="Remove").click()
    words = "This visit was sent; its photos stay. Tell the reviewer instead."
    expect(page.locator("#strip")).to_have_text(words)
    tab.reload()
    expect(tab.locator("#late")).to_have_text(words)
    assert len(held(house, sun, visit)["photos"]) == len(PHOTOS)


def test_going_back_from_the_receipt_shows_the_receipt(sun: Person, line: Line) -> None:
    page = sun.page
    fill(page)
    saved(page)
    send(page)
    received(page)
    line.state = "cut"
    page.go_back()
    expect(page.locator("#title")).to_have_text("Sent and received")


def test_a_report_without_a_reason_stays_on_its_page(sun: Person, line: Line) -> None:
    page = sun.page
    line.state = "cut"
    check(page)
    page.get_by_text("The visit could not be done").click()
    for reason in ("", "   "):
        page.locator("#reason").fill(reason)
        page.get_by_role("button", name="Report as not possible").click()
        expect(page.locator("#reason")).to_be_focused()
        assert page.url.endswith("/check")


def test_a_page_that_ends_before_all_photos_are_kept_says_so_at_their_question(sun: Person) -> None:
    page = sun.page
    page.evaluate("() => { File.prototype.arrayBuffer = () => new Promise(() => 0); }")
    add_photo(page, "PHOTO", phone_jpeg())
    page.wait_for_function("() => Object.keys(sessionStorage).some((key) => key.startsWith('taking'))")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    told = card(page, "PHOTO").get_by_role("alert")
    expect(told).to_contain_text("The page was closed before all photos here were kept.")
    add_photo(page, "PHOTO", phone_jpeg())
    expect(told).to_have_count(0)
    page.reload()
    expect(card(page, "PHOTO").get_by_text("On the server")).to_be_visible()
    expect(told).to_have_count(0)


def test_a_file_that_could_not_be_read_is_forgotten_with_the_next_photo(sun: Person) -> None:
    page, told = sun.page, card(sun.page, "PHOTO").get_by_role("alert")
    add_photo(page, "PHOTO", b"")
    expect(told).to_contain_text("The phone could not read this file.")
    add_photo(page, "PHOTO", phone_jpeg())
    expect(told).to_have_count(0)
