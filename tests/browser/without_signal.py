"""A shopper's visit in a shop without signal, to its receipt: more stops for the walk. The line is really cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

from auditapp.photos import sketch
from tests.browser.answers import answers_to, supermarket
from tests.browser.line import Line, line_to
from tests.browser.people import Person, person
from tests.browser.serving import newer, serve
from tests.browser.steps import add_photo, answer, card, look_at, saved, start_visit
from tests.browser.walk import NOTE, Stop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.serving import House

FIRST, FAILED, SHELF, MERGED = "SUP-CNV-04", "SUP-RNG-01", "SUP-RNG-03", "SUP-SRV-01"
SLOW = 1_000
"""Bytes a second that a photo goes up with in a shop's back corner."""
TIME = "%Y-%m-%dT%H:%M"


def without_signal(browser: Browser, house: House) -> Iterator[Stop]:
    """Signal goes and comes back, the sign-in expires, a photo is refused, two tabs and two phones meet."""
    with line_to(house) as line, person(browser, line.house) as sun:
        sun.sign_in_to_demo("shopper")
        page = begin(sun)
        home = page.url.split("#")[0]
        yield from cut(page, line)
        yield from sending(page, line)
        page.goto(home)
        saved(page)
        yield from second_tab(page)
        yield from two_phones(browser, house, page, line)
        yield from signed_out(browser, sun, home)
        yield from refused(page, line)
        page.goto(home)
        yield from received(page, line)
        yield from new_version(page, line)
        sun.forgive()


def begin(sun: Person) -> Page:
    """Open the first brief until it is ready on the phone, go in, and answer a little."""
    page = sun.page
    page.locator('a[href*="/visits/assignments/"]').first.click()
    expect(page.locator("#phone small")).to_have_text(re.compile(r"\d MB"), timeout=30_000)
    start_visit(page)
    for key in (FIRST, "SUP-INF-06", MERGED, "SUP-RUL-01", "SUP-RUL-03"):
        answer(page, key, "yes")
    fail(page, FAILED)
    card(page, FAILED).locator("textarea").fill(NOTE)
    for seed in (21, 22):
        take(page, FAILED, "shelf", seed)
    saved(page)
    return page


def cut(page: Page, line: Line) -> Iterator[Stop]:
    """No signal: answers and photos stay on the phone, and every page opens."""
    home = page.url.split("#")[0]
    line.state = "cut"
    fail(page, SHELF)
    for kind, seed in (("shelf", 31), ("sign", 32), ("floor", 33)):
        take(page, SHELF, kind, seed)
    answer(page, "SUP-INF-05", "yes")
    expect(page.locator("#strip")).not_to_be_empty()
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    yield Stop("no-signal", page)
    look_at(page, SHELF)
    yield Stop("no-signal-photos", page)
    page.goto(f"{line.house.base}/visits")
    expect(page.locator("#waits")).to_be_visible()
    yield Stop("lists-no-signal", page)
    page.goto(f"{line.house.base}/visits/waiting")
    expect(page.locator(".stuck li")).to_have_count(3)
    yield Stop("waiting", page)
    page.goto(home + "/check")
    expect(page.locator("#problem")).to_be_visible()
    yield Stop("check-no-signal", page)
    page.goto(f"{line.house.base}/account")
    yield Stop("not-on-this-phone", page)


def sending(page: Page, line: Line) -> Iterator[Stop]:
    """A little signal: photos creep up, and the page tells how far each one is."""
    page.goto(f"{line.house.base}/visits/waiting")
    expect(page.locator(".stuck li")).to_have_count(3)
    page.wait_for_load_state("networkidle")  # whoever takes its picture waits for that, and the upload lasts
    with slow(page):
        line.state = "good"
        page.locator("#now").click()
        expect(page.locator(".stuck .sending")).to_have_count(2)
        expect(page.locator(".stuck .sending", has_text=re.compile(r"\b[1-9]\d %"))).to_have_count(2)
        yield Stop("sending", page)
    page.locator("#now").click()
    expect(page.locator("#nothing")).to_be_visible(timeout=60_000)
    yield Stop("nothing-waits", page)


def second_tab(page: Page) -> Iterator[Stop]:
    """The same list in another tab can only be read there, until somebody goes on there."""
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator("#main > .notice")).to_be_visible()
    yield Stop("second-tab", second)
    second.close()


def two_phones(browser: Browser, house: House, page: Page, line: Line) -> Iterator[Stop]:
    """Another phone changes an answer while this one has no signal."""
    with person(browser, house) as other:
        other.sign_in_to_demo("shopper")
        other.go(urlsplit(page.url).path)
        line.state = "cut"
        answer(page, MERGED, "no")
        for value in ("no", "yes", "no", "yes"):
            answer(other.page, MERGED, value)
            saved(other.page)
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(card(page, MERGED).get_by_role("alert")).to_be_visible()
    look_at(page, MERGED)
    yield Stop("two-phones", page)
    page.reload()


def signed_out(browser: Browser, sun: Person, home: str) -> Iterator[Stop]:
    """The sign-in ends in the middle of the work, which goes on: the shopper signed out everywhere on another phone."""
    page = sun.page
    with person(browser, sun.house) as other:
        other.sign_in_to_demo("shopper")
        other.go("/account").locator('form[action$="everywhere"] button').click()
        other.page.wait_for_url("**/sign-in")
    answer(page, "SUP-INF-05", "no")
    take(page, FAILED, "till", 41)
    expect(page.locator("#strip")).not_to_be_empty()
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    yield Stop("signed-out", page)
    page.goto(f"{sun.house.base}/visits")
    expect(page.locator("#safe")).to_be_visible()
    yield Stop("sign-in-again", page)
    sun.sign_in_to_demo("shopper")
    page.goto(home)
    saved(page)


def refused(page: Page, line: Line) -> Iterator[Stop]:
    """A file that arrived damaged from the camera needs the shopper; another photo waits for signal."""
    whole = sketch.draw("counter", 51)
    add_photo(page, FAILED, whole[: len(whole) // 2])
    expect(card(page, FAILED).locator(".th.bad")).to_have_count(1)
    look_at(page, FAILED)
    yield Stop("photo-refused", page)
    line.state = "cut"
    take(page, FAILED, "sign", 52)
    page.goto(f"{line.house.base}/visits")
    expect(page.locator("#waits .warn")).not_to_be_empty()
    yield Stop("lists-needs-you", page)
    page.goto(f"{line.house.base}/visits/waiting")
    expect(page.locator(".stuck .needs")).to_have_count(1)
    yield Stop("needs-you", page)
    page.locator(".stuck .needs button").click()
    expect(page.locator(".stuck .needs")).to_have_count(0)
    line.state = "good"


def received(page: Page, line: Line) -> Iterator[Stop]:
    """Sent without signal: the receipt waits, and comes by itself."""
    line.state = "cut"
    for key, value in answers_to(supermarket(), FAILED).items():
        if not card(page, key).locator("input:checked").count():
            answer(page, key, value)
    page.goto(page.url.split("#")[0] + "/check")
    left = page.locator("#left")
    expect(left).not_to_have_value("")
    page.locator("#arrived").fill(f"{datetime.fromisoformat(left.input_value()) - timedelta(minutes=35):{TIME}}")
    page.locator('[form="send"]').click()
    page.wait_for_url("**/receipt")
    expect(page.locator("#wait")).to_be_visible()
    yield Stop("receipt-waits", page)
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#week")).to_be_visible(timeout=30_000)
    yield Stop("receipt-came", page)


def new_version(page: Page, line: Line) -> Iterator[Stop]:
    """The server has a newer version of the app; the phone takes it on when asked."""
    with serve(line.house.data, root=newer(line.house.data.parent / "newer")) as later:
        line.target = urlsplit(later.base).netloc
        page.goto(f"{line.house.base}/visits")
        expect(page.locator("#news button")).to_be_visible(timeout=30_000)
        yield Stop("new-version", page)


def fail(page: Page, key: str) -> None:
    """A failed answer, with what happened."""
    answer(page, key, "no")
    card(page, key).locator(".more label.o").first.click()


def take(page: Page, key: str, kind: str, seed: int) -> None:
    """A photo more."""
    photos = card(page, key).locator(".th")
    before = photos.count()
    add_photo(page, key, sketch.draw(kind, seed))
    expect(photos).to_have_count(before + 1)


@contextmanager
def slow(page: Page) -> Iterator[None]:
    """A line of `SLOW` upwards."""
    devtools = page.context.new_cdp_session(page)
    speed = {"offline": False, "latency": 0, "downloadThroughput": -1}
    devtools.send("Network.emulateNetworkConditions", {**speed, "uploadThroughput": SLOW})
    try:
        yield
    finally:
        devtools.send("Network.emulateNetworkConditions", {**speed, "uploadThroughput": -1})
        devtools.detach()
