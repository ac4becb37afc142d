"""A phone that can't send: it says what waits, hands over a file of it, and a reviewer takes that in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from auditapp.db.schema import User
from auditapp.domain.roles import Actor, Role
from auditapp.services import accounts
from tests.browser.every_kind import context_of
from tests.browser.people import DESK, Person, person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, on_the_server, saved, start_visit
from tests.browser.test_every_page import NARROWEST, too_wide, violations
from tests.photo_factory import encode, phone_jpeg, picture

QUESTION = "SUP-RNG-01"
NOTE = "Sold out: <b>oat milk</b> & “own-brand” rice.\nNo sign \U0001f6d2."
API = "**/api/v1/visits/**"


@pytest.fixture
def sun(browser: Browser, demo: House) -> Iterator[Person]:
    """The shopper on the page of a visit of which one answer is saved, and then nothing gets through any more."""
    with person(browser, demo) as someone:
        page = someone.sign_in_to_demo("shopper")
        page.locator('a[href*="/visits/assignments/"]').first.click()
        start_visit(page)
        answer(page, "SUP-CNV-04", "yes")
        saved(page)
        page.route(API, lambda route: route.abort())
        yield someone


def enter_more(page: Page) -> None:
    """An answer with a note and a photo, and one without."""
    answer(page, QUESTION, "no")
    card(page, QUESTION).locator("textarea").fill(NOTE)
    add_photo(page, QUESTION, phone_jpeg(picture(900, 600)))
    expect(card(page, QUESTION).locator(".th")).to_have_count(1)
    answer(page, "SUP-RUL-01", "yes")
    page.locator(f'[name="{QUESTION}.n"]').blur()
    page.wait_for_timeout(300)  # the last change is on the disk


def waiting(sun: Person) -> Page:
    page = sun.go("/visits/waiting")
    expect(page.locator(".stuck li")).to_have_count(1)
    return page


def rescue_file(page: Page, target: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a rescue file").click()
    assert re.fullmatch(r"list-\d\d-rescue\.html", download.value.suggested_filename)
    download.value.save_as(target)
    return target


def load(rhea: Person, file: Path) -> Page:
    page = rhea.go("/review/import")
    page.get_by_label("Rescue file").set_input_files(file)
    page.get_by_role("button", name="Load the file").click()
    return page


def test_what_waits_is_told_in_words_and_goes_with_try_now(sun: Person) -> None:
    enter_more(sun.page)
    sun.forgive()
    page = waiting(sun)
    expect(page.get_by_role("heading", level=1)).to_have_text("0 of 1 photo is on the server")
    expect(page.locator("#answers")).to_have_text("2 answers wait here.")
    expect(page.locator(".stuck b")).to_have_text(re.compile(r"Question \d+: .+"))
    expect(page.locator(".stuck small").last).to_have_text(re.compile(r"On this phone, next try in \d+ s"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page) == []
    sun.forgive()
    page.unroute(API)
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Nothing waits here.")).to_be_visible()
    expect(page.locator(".stuck li")).to_have_count(0)
    sun.forgive()


def test_a_photo_that_the_server_refuses_needs_the_shopper(sun: Person) -> None:
    page = sun.page
    page.unroute(API)
    words = {"error": {"code": "photo_refused", "message": "The server could not read this file.", "request": ""}}
    page.route("**/photos/*", lambda route: route.fulfill(status=422, json=words))
    add_photo(page, QUESTION, encode(picture(), "JPEG"))
    answer(page, QUESTION, "no")
    expect(card(page, QUESTION).locator(".th.bad")).to_have_count(1)
    sun.forgive()
    sun.go("/visits/waiting")
    need = page.locator(".stuck .needs")
    expect(need).to_contain_text("The server could not read this file. It is kept on this phone.")
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    assert (violations(page), too_wide(page)) == ([], [])
    expect(need.get_by_role("link", name="Take again")).to_have_attribute(
        "href", re.compile(r"/visits/[0-9a-f]{32}#q\d+")
    )
    need.get_by_role("button", name="Keep as it is").press("Enter")
    expect(page.locator(".stuck li")).to_contain_text("Stays on this phone, as you decided")
    expect(page.locator(".stuck .needs")).to_have_count(0)
    sun.forgive()


def test_a_rescue_file_is_readable_by_itself_and_taken_in_once(
    sun: Person, browser: Browser, demo: House, tmp_path: Path
) -> None:
    enter_more(sun.page)
    sun.forgive()
    visit = sun.page.url.split("#")[0]
    file = rescue_file(waiting(sun), tmp_path / "list.html")
    with person(browser, demo) as anybody:
        anybody.page.context.set_offline(True)
        page = anybody.page
        page.goto(file.as_uri())
        expect(page.get_by_text("Sold out: <b>oat milk</b>")).to_be_visible()
        assert page.locator("img").evaluate_all("images => images.map(i => i.naturalWidth)") == [900]
        assert file.read_bytes().count(b";base64,") == 1
    with person(browser, demo, DESK) as rhea:
        rhea.sign_in_to_demo("reviewer")
        page = load(rhea, file)
        expect(page.get_by_role("status")).to_contain_text("1 photo was new")
        assert (violations(page), page.locator(".problem").count()) == ([], 0)
        expect(load(rhea, file).get_by_role("status")).to_contain_text("Nothing new")
    sun.page.unroute(API)
    sun.go(visit)
    expect(sun.page.locator(f'[name="{QUESTION}.n"]')).to_have_value(NOTE)
    held = on_the_server(sun)
    sun.forgive()
    sun.go("/visits/waiting")
    sun.page.get_by_role("button", name="Try now").click()
    expect(sun.page.get_by_text("Nothing waits here.")).to_be_visible()
    sun.go(visit)
    eventually(lambda: on_the_server(sun)["answers"] == held["answers"])
    assert on_the_server(sun)["photos"] == held["photos"]
    sun.forgive()


def test_whoever_gets_no_sign_in_any_more_gets_the_file_at_the_door(
    sun: Person, browser: Browser, demo: House, tmp_path: Path
) -> None:
    page = sun.page
    enter_more(page)
    with context_of(demo.data) as context, context.write() as session:
        people = {user.email: user for user in session.scalars(select(User))}
        admin = Actor(people["admin@demo.example"].id, Role.ADMIN)
        accounts.set_active(session, admin, people["shopper@demo.example"].public_id, False, context.now())
    page.goto(demo.base + "/visits/waiting")
    page.wait_for_url(re.compile("/sign-in"))
    expect(page.get_by_text("Your sign-in has ended.")).to_be_visible()
    expect(page.get_by_role("button", name="Save a rescue file")).to_be_visible()
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    assert (violations(page), too_wide(page)) == ([], [])
    file = rescue_file(page, tmp_path / "list.html")
    expect(page.get_by_role("status").get_by_text("The rescue file is made.")).to_be_visible()
    with person(browser, demo, DESK) as rhea:
        rhea.sign_in_to_demo("reviewer")
        expect(load(rhea, file).get_by_role("status")).to_contain_text("1 photo was new")
    assert "Sold out" in file.read_text(encoding="utf-8")
    assert re.search(r"<h3>\d+ \w", file.read_text(encoding="utf-8")), "the questions' own words are kept, too"
    page.get_by_role("button", name="Someone else?").click()
    expect(page.get_by_role("button", name="Save a rescue file")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Save a rescue file")).to_be_hidden()
    sun.forgive()


def test_the_door_offers_no_file_where_nothing_waits(sun: Person) -> None:
    page = sun.page
    page.context.clear_cookies()
    sun.go("/sign-in")
    expect(page.get_by_role("button", name="Someone else?")).to_be_visible()
    expect(page.get_by_role("button", name="Save a rescue file")).to_be_hidden()
    sun.forgive()


def test_a_visit_that_was_sent_without_signal_gets_its_receipt_from_the_file(
    sun: Person, browser: Browser, demo: House, tmp_path: Path
) -> None:
    page = sun.page
    visit = page.url.split("#")[0]
    page.goto(visit + "/check")
    page.locator("#not-done summary").click()
    page.locator("#reason").fill("The store was closed.")
    page.get_by_role("button", name="Report as not possible").click()
    page.wait_for_url(visit + "/receipt")
    sun.go("/visits/waiting")
    file = rescue_file(page, tmp_path / "list.html")
    with person(browser, demo, DESK) as rhea:
        rhea.sign_in_to_demo("reviewer")
        told = load(rhea, file).get_by_role("status")
        expect(told).to_contain_text("The visit is sent. Its receipt is")
        number = re.search(r"receipt is (.+)\.", told.inner_text())
    page.unroute(API)
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Nothing waits here.")).to_be_visible()
    page.goto(visit + "/receipt")
    assert number
    expect(page.get_by_text(number[1])).to_be_visible()
    sun.forgive()
