"""The reviewer's question on the phone: a reply that was typed is never lost, and goes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from auditapp.db.schema import ReviewEvent, Visit
from auditapp.services.reviews import deciding
from auditapp.services.visits import registers, sending
from tests.browser.a_visit import RECORDS
from tests.browser.every_kind import PASSWORD, Shop, context_of
from tests.browser.line import Line
from tests.browser.people import Person, person
from tests.browser.steps import eventually

ONE_QUESTION = """
{format: 1, key: every-kind, version: 1, title: {en: Short}, languages: [en], method: mystery, minutes: 5,
 brief: {en: Look.}, scoring: {weights: {RNG: 100}, pass_mark: 80, bands: {A: 90, B: 80, C: 70, D: 0}},
 sections: [{key: door, title: {en: Door}, questions: [
   {key: OPEN, factor: RNG, type: yes_no, weight: 1, text: {en: "Was the door open?"}}]}]}
"""
KEPT = re.compile(r"^No signal\. Kept on this phone \d\d:\d\d; it goes by itself when there is signal\.$")
WORDS = "It was open. <b>Both</b> wings, “wide”."


@pytest.fixture(scope="module")
def checklist() -> str:
    return ONE_QUESTION


@pytest.fixture
def visit(shop: Shop) -> str:
    """Sun's visit, sent, about which the reviewer asks something."""
    assignment, now = shop.new_brief().rpartition("/")[2], datetime.now(UTC)
    with context_of(shop.data) as context, context.write() as session:
        made = sending.start(session, shop.world.shopper, assignment, now)
        registers.save_fields(session, shop.world.shopper, made, {"OPEN": {"value": "yes"}}, now)
        times = (now - timedelta(minutes=30), now - timedelta(minutes=10))
        sending.submit(session, shop.world.shopper, made, *times, now)
        deciding.ask(session, shop.world.reviewer, made, 1, "OPEN", "Both wings of it?", now)
    return made


@pytest.fixture
def sun(browser: Browser, line: Line, shop: Shop, visit: str) -> Iterator[Person]:
    """The shopper, on My visits, whose phone has had a moment to keep what it needs."""
    with person(browser, line.house) as someone:
        someone.sign_in(shop.email, PASSWORD)
        someone.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        someone.page.wait_for_function("() => navigator.serviceWorker.controller")
        someone.page.reload()
        someone.page.wait_for_function("path => caches.match(path)", arg=f"/visits/{visit}/message")
        yield someone
        someone.forgive()


def replies(shop: Shop, visit: str) -> list[str]:
    query = select(ReviewEvent.text).join(Visit).where(Visit.public_id == visit, ReviewEvent.kind == "replied")
    with context_of(shop.data) as context, context.read() as session:
        return list(session.scalars(query))


def open_question(someone: Person, visit: str) -> Page:
    page = someone.go(f"/visits/{visit}/message")
    expect(page.get_by_text("Both wings of it?")).to_be_visible()
    return page


def test_a_reply_with_signal_arrives_and_leads_to_the_receipt(sun: Person, shop: Shop, visit: str) -> None:
    page = open_question(sun, visit)
    page.locator("#text").fill(WORDS)
    page.get_by_role("button", name="Reply").click()
    page.wait_for_url("**/receipt")
    assert replies(shop, visit) == [WORDS]
    user = page.evaluate("document.body.dataset.user")
    assert not any(kept.get("late") for kept in page.evaluate(RECORDS, [user, "visits"])), "it is what was asked for"


def test_a_question_never_opened_before_is_answered_without_signal_and_the_reply_goes_by_itself(
    sun: Person, shop: Shop, visit: str, line: Line
) -> None:
    line.state = "cut"
    page = open_question(sun, visit)
    page.locator("#text").fill(WORDS)
    page.get_by_role("button", name="Reply").click()
    expect(page.locator("#told")).to_have_text(KEPT)
    page.reload()
    expect(page.locator("#text")).to_have_value(WORDS)
    expect(page.locator("#told")).to_have_text(KEPT)
    sun.go("/visits")
    expect(page.locator("#waits")).to_have_text(re.compile("1 answer waits here"))
    sun.go("/visits/waiting")
    expect(page.locator("#answers")).to_have_text("1 answer waits here.")
    assert replies(shop, visit) == []
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    eventually(lambda: replies(shop, visit) == [WORDS])


def test_an_answer_lost_on_the_way_back_doubles_no_reply(sun: Person, shop: Shop, visit: str, line: Line) -> None:
    page = open_question(sun, visit)
    line.state = "deaf"
    page.locator("#text").fill(WORDS)
    page.get_by_role("button", name="Reply").click()
    eventually(lambda: replies(shop, visit) == [WORDS])
    line.state = "good"
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/receipt", timeout=60_000)
    assert replies(shop, visit) == [WORDS]


def test_a_reply_that_was_only_typed_is_there_again_after_the_tab_was_killed(
    sun: Person, shop: Shop, visit: str, line: Line
) -> None:
    page = open_question(sun, visit)
    line.state = "cut"
    page.locator("#text").fill(WORDS)
    user = page.evaluate("document.body.dataset.user")
    eventually(lambda: any(kept.get("text") == WORDS for kept in page.evaluate(RECORDS, [user, "meta"])))
    page.close()
    again = page.context.new_page()
    again.goto(f"{line.house.base}/visits/{visit}/message")
    expect(again.locator("#text")).to_have_value(WORDS)
    assert replies(shop, visit) == []


def test_a_phone_that_can_keep_nothing_sends_the_reply_as_a_form(sun: Person, shop: Shop, visit: str) -> None:
    sun.page.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('The disk is broken', 'SecurityError'); };"
    )
    page = open_question(sun, visit)
    page.locator("#text").fill(WORDS)
    page.get_by_role("button", name="Reply").click()
    page.wait_for_url("**/receipt")
    assert replies(shop, visit) == [WORDS]
    sun.forgive("The disk is broken")


def test_what_a_reply_left_on_the_phone_is_forgotten_after_a_week(sun: Person, shop: Shop, visit: str) -> None:
    page = open_question(sun, visit)
    page.locator("#text").fill(WORDS)
    page.get_by_role("button", name="Reply").click()
    page.wait_for_url("**/receipt")
    user = page.evaluate("document.body.dataset.user")
    assert [kept["key"] for kept in page.evaluate(RECORDS, [user, "visits"])] == [visit]
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=8))
    sun.go("/visits")
    eventually(lambda: not page.evaluate(RECORDS, [user, "visits"]) and not page.evaluate(RECORDS, [user, "answers"]))
    assert replies(shop, visit) == [WORDS]


def test_a_draft_outlives_a_page_that_was_left_before_it_had_shown_it(sun: Person, visit: str, line: Line) -> None:
    page = open_question(sun, visit)
    line.state = "cut"
    page.locator("#text").fill(WORDS)
    user = page.evaluate("document.body.dataset.user")
    eventually(lambda: any(kept.get("text") == WORDS for kept in page.evaluate(RECORDS, [user, "meta"])))
    hasty = page.context.new_page()
    hasty.add_init_script("addEventListener('DOMContentLoaded', () => dispatchEvent(new Event('beforeunload')))")
    hasty.goto(page.url)
    hasty.close()
    page.reload()
    expect(page.locator("#text")).to_have_value(WORDS)


def test_an_empty_reply_is_told_and_not_sent(sun: Person, shop: Shop, visit: str) -> None:
    page = open_question(sun, visit)
    page.get_by_role("button", name="Reply").click()
    expect(page.locator("#told")).to_have_text("Write a few words first.")
    expect(page.locator("#text")).to_be_focused()
    assert replies(shop, visit) == []


def test_another_shopper_on_the_same_phone_does_not_see_what_was_typed(
    sun: Person, shop: Shop, visit: str, line: Line
) -> None:
    page = open_question(sun, visit)
    line.state = "cut"
    page.locator("#text").fill(WORDS)
    page.get_by_role("button", name="Reply").click()
    expect(page.locator("#told")).to_have_text(KEPT)
    line.state = "good"
    page.context.clear_cookies()
    sun.sign_in(shop.other_email, PASSWORD)
    sun.go("/visits/waiting")
    expect(page.locator("#nothing")).to_be_visible()
    assert replies(shop, visit) == []
