"""A phone of which the browser has thrown something away: what it says stays true, and it gets back what it can."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.a_visit import begin, visit_of
from tests.browser.every_kind import PASSWORD, Shop
from tests.browser.line import Line
from tests.browser.people import Person, person
from tests.browser.steps import answer, card, eventually, option, saved

NO_CACHES = """async (start) => {
  for (const name of await caches.keys()) if (name.startsWith(start)) await caches.delete(name);
}"""
NO_DATABASE = """(user) => new Promise((done, fail) => {
  const asked = indexedDB.deleteDatabase("auditapp-" + user);
  asked.onsuccess = done;
  asked.onerror = asked.onblocked = fail;
})"""
KEPT = "async (path) => Boolean(await caches.match(path))"
READY, ONCE = "Ready on this phone", "Open it once with signal"


@pytest.fixture
def sun(browser: Browser, line: Line, shop: Shop) -> Iterator[Person]:
    """The shopper with a phone, signed in; calls that fail are meant to."""
    with person(browser, line.house) as someone:
        someone.sign_in(shop.email, PASSWORD)
        yield someone
        someone.forgive()


def prepare(sun: Person, shop: Shop) -> str:
    """Open a brief until it is ready on the phone; its path."""
    brief = shop.new_brief()
    expect(sun.go(brief).locator("#phone b")).to_have_text(READY, timeout=30_000)
    return brief


def state(page: Page, brief: str) -> Locator:
    """What Lists says of a brief."""
    return page.locator(f'[data-b="{brief}"] .state')


def opens_without_signal(page: Page, line: Line, path: str, words: str | re.Pattern[str]) -> None:
    page.goto(line.house.base + path)
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "640px", f"{path} has lost its style"


def test_ready_is_never_said_while_the_apps_files_are_gone(sun: Person, line: Line, shop: Shop) -> None:
    page, brief = sun.page, prepare(sun, shop)
    sun.go("/visits")
    expect(state(page, brief)).to_have_text(READY)

    line.missing = "/offline"  # one file of them all
    page.evaluate(NO_CACHES, "")
    page.reload()
    eventually(lambda: line.missed > 1)
    expect(state(page, brief)).to_have_text(ONCE)
    sun.go(brief)
    expect(page.locator("#phone b")).to_have_text("Getting ready…")
    missed = line.missed
    eventually(lambda: line.missed > missed)
    expect(page.locator("#phone b")).to_have_text("Getting ready…")

    line.missing = ""
    expect(page.locator("#phone b")).to_have_text(READY, timeout=30_000)
    sun.go("/visits")
    expect(state(page, brief)).to_have_text(READY)
    line.state = "cut"
    opens_without_signal(page, line, "/visits", "Lists")
    expect(state(page, brief)).to_have_text(READY)
    opens_without_signal(page, line, brief, "Before you go in")


def test_lists_has_everything_fetched_again(sun: Person, line: Line, shop: Shop) -> None:
    page, brief = sun.page, prepare(sun, shop)
    sun.go("/visits")
    page.evaluate(NO_CACHES, "")
    page.reload()
    expect(state(page, brief)).to_have_text(READY, timeout=30_000)
    line.state = "cut"
    opens_without_signal(page, line, brief, "Before you go in")
    expect(page.locator("#phone b")).to_have_text(READY)


def test_kept_pages_that_are_gone_are_fetched_again_or_not_promised(sun: Person, line: Line, shop: Shop) -> None:
    page, brief = sun.page, prepare(sun, shop)
    sun.go("/visits")
    line.missing = brief
    page.evaluate(NO_CACHES, "pages-")
    page.reload()
    eventually(lambda: line.missed > 0)
    expect(state(page, brief)).to_have_text(ONCE)
    line.missing = ""
    expect(state(page, brief)).to_have_text(READY, timeout=30_000)
    line.state = "cut"
    opens_without_signal(page, line, brief, "Before you go in")


def test_a_new_brief_is_ready_though_the_caches_were_cleared(sun: Person, line: Line, shop: Shop) -> None:
    page = sun.page
    prepare(sun, shop)
    page.evaluate(NO_CACHES, "")
    brief = prepare(sun, shop)
    line.state = "cut"
    opens_without_signal(page, line, brief, "Before you go in")


def test_a_visit_in_progress_still_opens_without_signal_after_the_caches_were_cleared(
    sun: Person, line: Line, shop: Shop
) -> None:
    page = sun.page
    begin(sun, shop)
    visit = visit_of(page)
    answer(page, "YES", "yes")
    saved(page)
    sun.go("/visits")
    page.evaluate(NO_CACHES, "")
    page.reload()
    eventually(lambda: bool(page.evaluate(KEPT, f"/visits/{visit}/check")))
    eventually(lambda: bool(page.evaluate(KEPT, "/offline")))
    line.state = "cut"
    opens_without_signal(page, line, f"/visits/{visit}", re.compile(r"^List \d+$"))
    expect(option(page, "YES", "yes").locator("input")).to_be_checked()


def test_a_visit_stands_once_on_lists_after_the_database_was_deleted(sun: Person, line: Line, shop: Shop) -> None:
    page = sun.page
    begin(sun, shop)
    visit = visit_of(page)
    answer(page, "YES", "yes")
    saved(page)
    line.state = "cut"
    page.evaluate(NO_DATABASE, page.locator("body").get_attribute("data-user"))
    answer(page, "PARTLY", "yes")
    expect(page.locator("#state")).to_have_text(re.compile(r"^Kept on this phone \d\d:\d\d$"))
    sun.go("/visits")
    row = page.locator(f'.card:has(a[href="/visits/{visit}"])')
    expect(row).to_have_count(1)
    expect(row.locator(".state")).to_have_text(re.compile(r"^In progress 2 of \d+$"))
    expect(page.get_by_text("In progress")).to_have_count(1)
    row.get_by_role("link", name="Continue").click()
    expect(card(page, "PARTLY")).to_be_visible()
    expect(option(page, "PARTLY", "yes").locator("input")).to_be_checked()


def test_lists_moves_a_visit_to_sent_when_its_receipt_comes(sun: Person, line: Line, shop: Shop) -> None:
    page = sun.page
    begin(sun, shop)
    visit = visit_of(page)
    answer(page, "YES", "yes")
    saved(page)
    lists = page.context.new_page()
    lists.goto(line.house.base + "/visits")
    due = lists.locator(".due", has=lists.locator(f'a[href="/visits/{visit}"]'))
    expect(due.get_by_role("link", name="Continue")).to_be_visible()
    name = due.locator(".line b").inner_text()

    page.goto(page.url.partition("#")[0] + "/check")
    page.locator("#not-done summary").click()
    page.locator("#reason").fill("The store was closed.")
    page.get_by_role("button", name="Report as not possible").click()
    expect(page.locator("#there")).to_be_visible()

    row = lists.locator(f'#sent ~ .card a[href="/visits/{visit}/receipt"]')
    expect(row).to_have_count(1)
    expect(row).to_contain_text(name)
    expect(row.locator(".state")).to_have_text("Sent")
    expect(lists.locator(f'a[href="/visits/{visit}"]')).to_have_count(0)
    expect(lists.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
    row.click()
    expect(lists.locator("#title")).to_have_text("Reported and received")
