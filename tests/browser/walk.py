"""A walk through all pages of the demo, role by role: `make tour` photographs its stops, the axe test examines them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditapp.photos import sketch
from tests.browser.people import DESK, Person, person
from tests.browser.steps import add_photo, answer, card, look_at, saved, start_visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.serving import House

QUESTION = "SUP-RNG-01"
NOTE = "Oat milk and the own-brand rice were both sold out, with no sign to say when they come back."


@dataclass(frozen=True)
class Stop:
    """A page at a moment worth seeing."""

    name: str
    page: Page


def walk(browser: Browser, house: House) -> Iterator[Stop]:
    """All stops, in the order of the main job. The house is changed on the way: give it one of its own."""
    yield from at_the_door(browser, house)
    yield from reviewer(browser, house)
    yield from shopper(browser, house)
    yield from manager(browser, house)
    yield from korean_manager(browser, house)
    yield from lead(browser, house)
    yield from admin(browser, house)


def at_the_door(browser: Browser, house: House) -> Iterator[Stop]:
    """Before anybody has signed in."""
    with person(browser, house) as stranger:
        yield Stop("sign-in", stranger.go("/sign-in"))
        stranger.page.locator("#email").fill("nobody@demo.example")
        stranger.page.locator("#password").fill("not this one")
        stranger.page.locator("main form button.button").click()
        stranger.page.locator(".problem").wait_for()
        yield Stop("sign-in-refused", stranger.page)
        yield Stop("not-found", stranger.go("/no-such-page"))


def shopper(browser: Browser, house: House) -> Iterator[Stop]:
    """From the list of visits to the receipt; a visit is left half filled."""
    with person(browser, house) as sun:
        page = sun.sign_in_to_demo("shopper")
        yield Stop("lists", page)
        yield Stop("brief", _follow(page, 'a[href*="/visits/assignments/"]'))
        start_visit(page)
        answer(page, "SUP-CNV-04", "yes")
        answer(page, "SUP-INF-06", "no")
        for key in ("SUP-RNG-03", "SUP-SRV-01", "SUP-RUL-01", "SUP-RUL-03"):
            answer(page, key, "yes")
        answer(page, "SUP-INF-05", "na")
        saved(page)
        look_at(page, "SUP-CNV-04")
        yield Stop("checklist", page)
        answer(page, QUESTION, "no")
        card(page, QUESTION).locator(".more label.o").first.click()
        add_photo(page, QUESTION, sketch.draw("shelf", 11))
        card(page, QUESTION).locator("textarea").fill(NOTE)
        saved(page)
        look_at(page, QUESTION)
        yield Stop("checklist-failed", page)
        page.locator(".cov").click()
        yield Stop("covered", page)
        page.locator("#uncover").click(delay=1100)  # held for a second, it goes back
        page.goto(page.url.split("#")[0] + "/check")
        page.get_by_role("button", name="Send").click()
        page.locator("#problem").wait_for()
        yield Stop("check", page)
        sun.go("/visits")
        message = page.locator('a[href$="/message"]').first.get_attribute("href")
        yield Stop("lists-later", page)
        yield Stop("receipt", _follow(page, 'a[href$="/receipt"]'))
        yield Stop("sent", sun.go("/visits/sent"))
        yield Stop("message", sun.go(str(message)))
        yield Stop("account-shopper", sun.go("/account"))
        yield Stop("sign-out", sun.go("/sign-out"))


def reviewer(browser: Browser, house: House) -> Iterator[Stop]:
    """The queue, one visit, and a question to its shopper."""
    with person(browser, house, DESK) as rhea:
        page = rhea.sign_in_to_demo("reviewer")
        yield Stop("queue", page)
        rows = page.locator("tbody tr")
        yield Stop("review", _follow(page, "tbody tr:nth-child(2) th a"))
        rhea.go("/review")
        rows.filter(has_text="Quayside").locator("th a").click()
        page.get_by_text("Ask shopper", exact=True).first.click()
        page.locator("#ask-q").select_option("SUP-STF-02")
        page.locator("#ask-t").fill("Did the assistant walk with you all the way, or point from where they stood?")
        yield Stop("review-ask", page)
        page.get_by_role("button", name="Send the question").click()
        page.wait_for_url("**/review")
        yield Stop("queue-later", page)
        yield Stop("chain", rhea.go("/chain"))


def manager(browser: Browser, house: House) -> Iterator[Stop]:
    """The home of one store, its newest scorecard, and what came before."""
    with person(browser, house, DESK) as mina:
        page = mina.sign_in_to_demo("manager")
        yield Stop("manager-home", page)
        yield Stop("scorecard", _follow(page, "a.sc-open"))
        yield Stop("history", _follow(page, 'a[href$="/history"]'))
        yield Stop("account", mina.go("/account"))


def korean_manager(browser: Browser, house: House) -> Iterator[Stop]:
    """The same pages for somebody who reads Korean."""
    with person(browser, house, DESK, locale="ko-KR") as jisoo:
        yield Stop("sign-in-ko", jisoo.go("/sign-in"))
        page = jisoo.sign_in_to_demo("manager-ko")
        yield Stop("manager-home-ko", page)
        yield Stop("scorecard-ko", _follow(page, "a.sc-open"))


def lead(browser: Browser, house: House) -> Iterator[Stop]:
    """A region, one of its stores, and what failed there."""
    with person(browser, house, DESK) as lena:
        page = lena.sign_in_to_demo("lead")
        yield Stop("compare", page)
        yield Stop("store", _follow(page, "table.cmp tbody th a"))
        lena.go("/compare")
        yield Stop("failed", _follow(page, 'table.cmp a[href*="factor="]'))


def admin(browser: Browser, house: House) -> Iterator[Stop]:
    """Stores, people, checklists, waves, the audit log."""
    with person(browser, house, DESK) as ada:
        page = ada.sign_in_to_demo("admin")
        yield Stop("admin", page)
        yield Stop("admin-stores", ada.go("/admin/stores"))
        yield Stop("admin-store", _follow(page, "tbody th a"))
        for kind in ("stores", "users", "regions"):
            yield Stop(f"admin-import-{kind}", ada.go(f"/admin/import/{kind}"))
        yield Stop("admin-new-region", ada.go("/admin/regions/new"))
        yield Stop("admin-users", ada.go("/admin/users"))
        yield Stop("admin-user", _follow(page, "tbody th a"))
        yield Stop("admin-new-user", ada.go("/admin/users/new"))
        yield Stop("admin-invitation", _invite(ada))
        link = page.locator("#link").input_value()
        yield Stop("admin-checklists", ada.go("/admin/checklists"))
        yield Stop("admin-preview", _follow(page, 'a[href*="/visits/preview/"]'))
        yield Stop("admin-check-checklist", ada.go("/admin/checklists/check"))
        yield Stop("admin-waves", ada.go("/admin/waves"))
        yield Stop("admin-wave", _follow(page, "tbody th a"))
        yield Stop("admin-assign", _follow(page, 'a[href$="/assign"]'))
        yield Stop("admin-new-wave", ada.go("/admin/waves/new"))
        yield Stop("admin-audit-log", ada.go("/admin/audit-log"))
        page.context.clear_cookies()
        yield Stop("link", ada.go(link))


def _follow(page: Page, selector: str) -> Page:
    """Go where the first such link leads."""
    address = page.locator(selector).first.get_attribute("href")
    page.goto(str(page.evaluate("path => new URL(path, location).href", address)))
    return page


def _invite(ada: Person) -> Page:
    """Add a person, and make the link with which they set their password."""
    page = ada.go("/admin/users/new")
    page.locator("#email").fill("new@demo.example")
    page.locator("#name").fill("New shopper")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Make an invitation link").click()
    page.locator("#link").wait_for()
    return page
