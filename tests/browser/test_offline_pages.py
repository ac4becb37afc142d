"""The app without signal: which pages open, for whom, and what they say about the work that waits on the phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.line import Line, line_to
from tests.browser.people import PHONE, Person, person
from tests.browser.serving import CHROMIUM, CHROMIUM_ARGUMENTS, House, copy, free_port, newer, serve
from tests.browser.steps import READY, add_photo, answer, eventually, on_the_server, option, saved, start_visit
from tests.photo_factory import phone_jpeg, picture

FIRST = "SUP-CNV-04"
CACHES = """async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) =>
  [name, (await (await caches.open(name)).keys()).map((kept) => new URL(kept.url).pathname)])))"""
TEXT = "async ([cacheName, path]) => (await (await caches.match(path, { cacheName }))?.text()) || ''"
EDITED = """navigator.locks.query()
  .then(({ held }) => held.some((lock) => lock.name.startsWith("auditapp-visit")))"""
"""Whether a checklist is open."""
SEEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def line(demo: House) -> Iterator[Line]:
    with line_to(demo) as made:
        yield made


@pytest.fixture
def sun(browser: Browser, line: Line) -> Iterator[Person]:
    """A shopper with a phone, signed in; a browser complains of every call that fails, and here they are meant to."""
    with person(browser, line.house) as somebody:
        somebody.sign_in_to_demo("shopper")
        yield somebody
        somebody.forgive()


def test_every_page_opens_with_the_server_gone_also_after_a_restart(
    browser: Browser, demo_data: Path, tmp_path: Path
) -> None:
    port = free_port()
    data = copy(demo_data, tmp_path / "data")
    with serve(data, port) as house:
        phone = phone_of(browser, tmp_path)
        page = phone.pages[0]
        Person(page, house).sign_in_to_demo("shopper")
        brief = prepare(page, house)
    page.reload()
    expect(page.locator("#phone b")).to_have_text("Ready on this phone")
    start_visit(page)
    visit = page.url
    answer(page, FIRST, "yes")
    expect(page.locator("#state")).to_have_text(re.compile(r"^Kept on this phone \d\d:\d\d$"))
    phone.close()

    phone = phone_of(browser, tmp_path)
    page = phone.pages[0]
    for path, heading in {
        house.base + "/visits": "Lists",
        house.base + "/": "Lists",
        brief: "Before you go in",
        visit: re.compile("^List "),
        visit + "/check": "Check your answers",
        visit + "/receipt": "Not sent yet",
        house.base + "/visits/waiting": re.compile("."),
        house.base + "/sign-in": "Please sign in",
        house.base + "/account": "This page is not on this phone",
    }.items():
        page.goto(path)
        expect(page.get_by_role("heading", level=1).first).to_have_text(heading)
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "640px", f"{path} has lost its style"
        assert re.fullmatch(r"Lists|List \d+|Waiting|Sign in", page.title())
    page.goto(visit)
    expect(option(page, FIRST, "yes").locator("input")).to_be_checked()

    with serve(data, port) as house:
        page.reload()
        eventually(lambda: FIRST in json.dumps(on_the_server(Person(page, house))))
    phone.close()


def test_the_brief_judges_the_three_questions_without_signal(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    line.state = "cut"
    page.get_by_role("button", name="Start visit").click()
    expect(page.locator("#wrong")).to_be_visible()
    assert page.title().startswith("Error: List")
    expect(page.get_by_text("Not right. Read the brief again.")).to_have_count(len(READY))
    start_visit(page)
    page.goto(line.house.base + "/visits")
    expect(page.locator(".due").first.get_by_role("link", name="Continue")).to_be_visible()


def test_a_brief_that_was_never_open_says_so(sun: Person, line: Line) -> None:
    page = sun.page
    briefs = [row.get_attribute("data-b") for row in page.locator("[data-b]").all()]
    states = page.locator("[data-b] .state")
    expect(states.first).to_have_text("Open it once with signal")
    prepare(page, line.house)
    page.goto(line.house.base + "/visits")
    expect(states.first).to_have_text("Ready on this phone")
    line.state = "cut"
    page.goto(f"{line.house.base}{briefs[1]}")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page is not on this phone")


def test_the_list_of_all_receipts_is_kept_beside_the_short_one(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    page.goto(line.house.base + "/visits")
    short = page.locator("li[data-sent]").count()
    page.get_by_role("link", name=re.compile("^Show all")).click()
    page.wait_for_url("**/visits/sent")
    everything = page.locator("li[data-sent]").count()
    assert everything > short
    line.state = "cut"
    for path, rows in (("/visits", short), ("/visits/sent", everything)):
        page.goto(line.house.base + path)
        expect(page.locator("li[data-sent]")).to_have_count(rows)


def test_a_late_answer_still_refreshes_what_is_kept(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    kept = [f"pages-{user_of(page)}", "/visits"]
    before = page.evaluate(TEXT, kept)
    line.state = "held"
    page.goto(line.house.base + "/visits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lists")
    assert page.evaluate(TEXT, kept) == before
    line.state = "good"
    eventually(lambda: page.evaluate(TEXT, kept) not in {before, ""})


def test_a_broken_server_and_a_portal_never_take_the_place_of_a_kept_page(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    everything = page.evaluate(CACHES)
    line.state = "broken"
    page.goto(line.house.base + "/visits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lists")
    line.state = "portal"
    page.goto(line.house.base + "/visits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to our free Wi-Fi")
    line.state = "cut"
    page.goto(line.house.base + "/visits?from=somewhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lists")
    assert page.evaluate(CACHES) == everything


def test_a_redirect_is_never_kept(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    page.context.clear_cookies()
    page.goto(line.house.base + "/visits")
    assert "/sign-in" in page.url
    line.state = "cut"
    page.goto(line.house.base + "/visits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lists")


def test_another_shopper_on_the_same_phone_sees_nothing_of_the_first(sun: Person, line: Line) -> None:
    page = sun.page
    brief = prepare(page, line.house)
    leave(sun)
    line.state = "cut"
    for path in (line.house.base + "/visits", brief):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Please sign in")
    line.state = "good"
    sun.sign_in_to_demo("shopper2")
    other = user_of(page)
    page.reload()
    line.state = "cut"
    page.goto(brief)
    expect(page.get_by_role("heading", level=1)).to_have_text("This page is not on this phone")
    page.goto(line.house.base + "/visits")
    assert user_of(page) == other
    assert len([name for name in page.evaluate(CACHES) if name.startswith("pages-")]) == 2, "the first one's are kept"


def test_a_reviewer_on_a_shoppers_phone_sees_nothing_of_the_shopper(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    page.context.clear_cookies()
    sun.sign_in_to_demo("reviewer")
    page.reload()
    line.state = "cut"
    page.goto(line.house.base + "/visits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Please sign in")


def test_leaving_says_what_is_unsent_and_coming_back_says_that_it_is_safe(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    start_visit(page)
    visit = page.url
    line.state = "cut"
    answer(page, FIRST, "yes")
    expect(page.locator("#state")).to_have_text(re.compile("^Kept on this phone"))
    page.goto(line.house.base + "/visits")
    expect(page.locator("#waits")).to_have_text(re.compile(r"^\s*1 answer waits here\s*$"))
    expect(page.locator("#waits")).to_have_attribute("href", "/visits/waiting")

    page.context.route("**/answers", lambda route: route.abort())
    line.state = "good"
    page.goto(line.house.base + "/sign-out")
    expect(page.locator("#safe")).to_contain_text("1 answer waits on this phone.")
    page.context.clear_cookies()
    page.goto(line.house.base + "/sign-in")
    expect(page.locator("#safe")).to_contain_text("1 answer goes up as soon as you are in.")
    line.state = "cut"
    page.locator("#email").fill("shopper@demo.example")
    page.locator("#password").fill("demo-shopper-2026")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#no-signal")).to_be_visible()
    line.state = "good"
    page.context.unroute("**/answers")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/visits")
    page.goto(visit)
    saved(page)
    expect(option(page, FIRST, "yes").locator("input")).to_be_checked()


def test_someone_else_forgets_the_person_and_not_the_work(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    before = page.evaluate(CACHES)
    page.context.clear_cookies()
    page.goto(line.house.base + "/sign-in")
    page.get_by_role("button", name="Someone else?").click()
    eventually(lambda: "who" not in page.evaluate(CACHES))
    assert {**page.evaluate(CACHES), "who": ["/who"]} == before


def test_the_receipt_waits_for_signal_can_be_taken_back_and_comes_by_itself(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    start_visit(page)
    visit = page.url
    saved_photo(page)
    line.state = "cut"
    report(page, visit)
    expect(page.locator("#how")).to_have_text("Waiting for signal")
    expect(page.locator("#when")).to_have_text(re.compile(r"^Keep the app open or open it again before .+ 23:00\.$"))
    expect(page.locator("#count")).to_have_text("1 of 1 photos on the server")
    expect(page.locator("#there")).to_be_hidden()
    page.goto(line.house.base + "/visits")
    row = page.locator(f'[href="{visit.removeprefix(line.house.base)}/receipt"]')
    expect(page.locator("[data-b] .state").first).to_have_text("Waiting for signal")
    row.click()

    page.get_by_role("button", name="Change something").click()
    page.wait_for_url(visit)
    report(page, visit)
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#title")).to_have_text("Reported and received")
    expect(page.locator("#number")).to_have_text(re.compile(r"^\w\w \w\w · \w\w \w\w$"))
    number = page.locator("#number").inner_text()
    expect(page.locator("#week")).to_be_visible()
    shown = page.locator("#lead").inner_text()

    page.reload()
    expect(page.locator("#number")).to_have_text(number)
    expect(page.locator("#lead")).to_have_text(shown)  # the server tells the same, by the same clock
    copy = page.request.get(f"{visit}/receipt?copy=1").text()
    line.state = "cut"
    page.reload()
    expect(page.locator("#number")).to_have_text(number)
    with page.expect_download() as saved_copy:
        page.get_by_role("link", name="Save a copy").click()
    assert re.fullmatch(r"list-\d\d-receipt\.txt", saved_copy.value.suggested_filename)
    assert saved_copy.value.path().read_text(encoding="utf-8") == copy, "without signal it is the same"


def test_a_refused_photo_never_counts_as_on_the_server(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    start_visit(page)
    visit = page.url
    saved_photo(page)
    add_photo(page, "SUP-RNG-01", b"%PDF-1.7 not a photo")
    expect(page.locator(".th.bad")).to_have_count(1)
    page.goto(line.house.base + "/visits/waiting")
    page.get_by_role("button", name="Keep as it is").click()
    expect(page.locator(".stuck .needs")).to_have_count(0)
    line.state = "cut"
    report(page, visit)
    expect(page.locator("#count")).to_have_text("1 of 2 photos on the server")


def test_send_says_what_it_sends_also_on_a_page_that_was_kept_before(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    start_visit(page)
    line.state = "cut"
    answer(page, "SUP-RNG-01", "no")
    add_photo(page, "SUP-RNG-01", phone_jpeg(picture(640, 480), orientation=1))
    expect(page.get_by_text("On this phone", exact=True)).to_be_visible()
    page.goto(page.url.partition("#")[0] + "/check")
    load = page.locator("[form=send] small")
    expect(load).to_have_text("Goes when there is signal")
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(load).to_have_text("1 photo, 0.1 MB")


def test_a_second_tab_only_reads_until_somebody_goes_on_there(sun: Person, line: Line) -> None:
    first = sun.page
    prepare(first, line.house)
    start_visit(first)
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.get_by_text("This list is open in another tab.")).to_be_visible()
    assert second.locator("#visit").evaluate("root => root.inert")
    second.get_by_role("button", name="Continue here").click()
    expect(first.get_by_text("This list is open in another tab.")).to_be_visible()
    expect(second.get_by_text("This list is open in another tab.")).to_have_count(0)
    answer(second, FIRST, "yes")
    saved(second)
    first.close()
    second.reload()
    assert not second.locator("#visit").evaluate("root => root.inert")


def test_a_new_version_waits_for_the_open_checklist_and_lets_an_open_check_send(
    browser: Browser, demo_data: Path, tmp_path: Path
) -> None:
    port = free_port()
    data = copy(demo_data, tmp_path / "data")
    with serve(data, port) as house:
        phone = phone_of(browser, tmp_path)
        form = phone.pages[0]
        Person(form, house).sign_in_to_demo("shopper")
        prepare(form, house)
        start_visit(form)
        visit, old = form.url, version_of(form)
        check = phone.new_page()
        give_up(check, visit)
    with serve(data, port, newer(tmp_path / "newer")):
        lists = phone.new_page()
        lists.goto(house.base + "/visits")
        expect(lists.locator("#news")).to_be_visible()
        assert version_of(lists) != old
        first = lists.get_by_text("Close the open list first.")
        expect(first).to_be_hidden()
        lists.get_by_role("button", name="Reload now").click()
        expect(first).to_be_visible()
        answer(form, FIRST, "yes")
        saved(form)
        assert lists.evaluate("navigator.serviceWorker.ready.then((r) => Boolean(r.waiting))"), "a checklist is open"
        phone.route("**/photos/*", lambda route: route.abort())
        add_photo(form, "SUP-RNG-01", phone_jpeg(picture(640, 480)))
        expect(form.get_by_text("On this phone", exact=True)).to_be_visible()
        form.goto(house.base + "/visits/waiting")
        eventually(lambda: not lists.evaluate(EDITED))
        lists.get_by_role("button", name="Reload now").click()
        expect(lists.locator("#news")).to_be_hidden()
        new = version_of(lists)

        for page in (form, lists):
            page.goto("about:blank")  # so that it is the open check that sends
        phone.unroute("**/photos/*")
        assert version_of(check) == old
        check.evaluate("dispatchEvent(new Event('online'))")
        eventually(lambda: len(on_the_server(Person(check, house))["photos"]) == 1)
        check.get_by_role("button", name="Report as not possible").click()
        expect(check.locator("#title")).to_have_text("Reported and received")
        assert on_the_server(Person(check, house))["receipt"]
    for page in (form, lists):
        page.goto(house.base + "/visits")
        assert version_of(page) == new
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "640px"
    assert f"assets-{old}" in lists.evaluate(CACHES), "pages that are kept of the old version still have their style"
    phone.close()


def test_a_page_that_leaves_the_screen_covers_itself(sun: Person, line: Line) -> None:
    page = sun.page
    prepare(page, line.house)
    start_visit(page)
    page.evaluate(SEEN, True)
    expect(page.locator("#cover")).to_be_visible()
    page.evaluate(SEEN, False)
    expect(page.locator("#cover")).to_be_hidden()
    page.locator(".cov").click()
    page.evaluate(SEEN, True)
    page.evaluate(SEEN, False)
    expect(page.locator("#cover")).to_be_visible()


def prepare(page: Page, house: House) -> str:
    """Open the first brief until it is ready on the phone; its address."""
    page.goto(house.base + "/visits")
    brief = f"{house.base}{page.locator('[data-b]').first.get_attribute('data-b')}"
    page.goto(brief)
    expect(page.locator("#phone b")).to_have_text("Ready on this phone", timeout=20_000)
    expect(page.locator("#phone small")).to_have_text(re.compile(r"^Works without signal, \d+\.\d MB$"))
    return brief


def saved_photo(page: Page) -> None:
    """A photo that has arrived."""
    answer(page, "SUP-RNG-01", "no")
    add_photo(page, "SUP-RNG-01", phone_jpeg(picture(640, 480), orientation=1))
    saved(page)


def report(page: Page, visit: str) -> None:
    """Send the visit as one that could not be done."""
    give_up(page, visit)
    page.get_by_role("button", name="Report as not possible").click()
    page.wait_for_url("**/receipt")


def give_up(page: Page, visit: str) -> None:
    """Say why the visit could not be done, and not yet send it."""
    page.goto(visit + "/check")
    page.get_by_text("The visit could not be done").click()
    page.locator("#reason").fill("The store was closed for stocktaking.")


def leave(sun: Person) -> None:
    """Sign out."""
    sun.go("/sign-out").get_by_role("button", name="Sign out").click()
    sun.page.wait_for_url("**/sign-in")


def user_of(page: Page) -> str:
    """Whose page it is."""
    return str(page.locator("body").get_attribute("data-user"))


def version_of(page: Page) -> str:
    """The version of the static files that a page asks for."""
    return str(page.locator('link[rel="stylesheet"]').first.get_attribute("href")).split("/")[2]


def phone_of(browser: Browser, folder: Path) -> BrowserContext:
    """A phone whose storage outlives a restart."""
    return browser.browser_type.launch_persistent_context(
        folder / "phone",
        executable_path=CHROMIUM if Path(CHROMIUM).exists() else None,
        args=CHROMIUM_ARGUMENTS,
        viewport=PHONE,
        locale="en-GB",
    )
