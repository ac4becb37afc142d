"""Signal, server or sign-in fail at the worst moment, and what was given up for lost arrives after all: each thing is
there once, and the newest stands."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect
from sqlalchemy import func, select

from auditapp.db.schema import AnswerWrite, AuditEvent, Photo, Visit
from tests.browser.a_visit import (
    KEPT,
    ONLINE,
    PHOTOS,
    agreed,
    arrived,
    fill,
    held,
    photos_there,
    received,
    records,
    send,
    visit_of,
)
from tests.browser.every_kind import PASSWORD, Shop, context_of
from tests.browser.line import Line
from tests.browser.people import Person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, option, saved
from tests.photo_factory import encode, phone_jpeg, picture

TROUBLES = (
    (500, "application/json", '{"error": {"code": "unexpected"}}'),
    (200, "text/html", "<h1>Welcome to our free Wi-Fi</h1>"),
    (503, "text/html", "<h1>Back in a minute</h1>"),
    (200, "application/json", '{"welcome": "to our Wi-Fi"}'),
)
"""Status, type and body of what servers, proxies and portals answer."""
WAITS = re.compile("^(Waiting for signal|The server can't take it now; it is tried again)$")
NO_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })"


def send_to_receipt(page: Page) -> None:
    send(page)
    page.wait_for_url("**/receipt")


def signal_comes(line: Line, page: Page) -> None:
    line.state = "good"
    page.evaluate(ONLINE)


def sendings(shop: Shop, visit: str) -> int:
    """How often the server took the visit as sent."""
    with context_of(shop.data) as context, context.read() as session:
        sent = (AuditEvent.kind == "visit.sent", AuditEvent.subject == f"visit:{visit}")
        return session.scalar(select(func.count()).where(*sent)) or 0


def rows(shop: Shop, kind: type[AnswerWrite] | type[Photo], visit: str) -> int:
    """How many writes, or photos, the server has of the visit."""
    with context_of(shop.data) as context, context.read() as session:
        asked = select(func.count(kind.id)).join(Visit, Visit.id == kind.visit_id)
        return session.scalar(asked.where(Visit.public_id == visit)) or 0


@pytest.mark.parametrize("call", ["submit", "manifest"])
def test_errors_and_portals_after_send_are_waited_out_and_one_receipt_comes(
    sun: Person, house: House, shop: Shop, call: str
) -> None:
    page, visit, told = sun.page, visit_of(sun.page), list[str]()

    def answer_badly(route: Route) -> None:
        status, kind, body = TROUBLES[len(told) % len(TROUBLES)]
        told.append(route.request.method)
        route.fulfill(status=status, content_type=kind, body=body)

    fill(page)
    saved(page)
    arrived(page)
    page.context.route(f"**/{call}", answer_badly)
    send_to_receipt(page)
    eventually(lambda: page.evaluate(ONLINE) and len(told) > len(TROUBLES))
    if call == "submit":
        expect(page.locator("#how")).to_have_text(WAITS)
        expect(page.locator("#there")).to_be_hidden()
        assert held(house, sun, visit)["receipt"] is None
    else:
        received(page)
        assert [v.get("agreedAt") for v in records(page, "visits")] == [None], "nothing was read back"
    page.context.unroute(f"**/{call}")
    page.evaluate(ONLINE)
    received(page)
    agreed(page, visit)
    there = held(house, sun, visit)
    assert there["receipt"] == number_on(page)
    assert len(there["photos"]) == len(PHOTOS)
    assert sendings(shop, visit) == 1


def number_on(page: Page) -> str:
    """The number of the receipt on the page."""
    return page.locator("#number").inner_text().replace(" ", "").replace("·", "")


@pytest.mark.parametrize("last", ["answers", "photos/*"])
def test_a_sign_in_that_ends_in_the_middle_of_the_queue_stops_the_rest_of_it_and_then_the_rest_goes(
    sun: Person, line: Line, house: House, shop: Shop, last: str
) -> None:
    page, address, visit = sun.page, sun.page.url, visit_of(sun.page)
    taken, refused = list[str](), set[str]()
    others, begun, ended = list[Route](), list[bool](), list[bool]()

    def end_the_sign_in(route: Route) -> None:
        """One call of this kind gets through, and no other before the sign-in has ended."""
        if begun:
            others.append(route)
        else:
            begun.append(True)
            reply = route.fetch()
            page.context.clear_cookies()
            route.fulfill(response=reply)
            ended.append(True)
        while ended and others:
            others.pop().continue_()

    def note(reply: Response) -> None:
        if reply.request.method == "PUT":
            taken.append(reply.url) if reply.ok else refused.add(reply.url)

    line.state = "cut"
    answer(page, "YES", "yes")
    answer(page, "SCALE", "3")
    answer(page, "TEXT", "“Cash or card?”")
    for number, key in enumerate(("PHOTO", "PHOTO", "SIGNED")):
        add_photo(page, key, encode(picture(640 + number, 480), "JPEG"))
    expect(page.locator("#strip")).to_have_text("No signal. 3 answers and 3 photos wait here.")
    page.context.on("response", note)
    page.context.route(f"**/{last}", end_the_sign_in)
    before_the_end = 0 if last == "answers" else 1
    signal_comes(line, page)
    expect(page.locator("#strip")).to_contain_text("You are signed out.", timeout=30_000)
    answer(page, "PARTLY", "yes")
    expect(page.locator("#state")).to_have_text(KEPT)
    waiting = [r["key"] for r in records(page, "photos") if r.get("wait")]
    assert (len(taken), len(waiting)) == (before_the_end, 3 - before_the_end)
    assert {r["state"] for r in records(page, "photos") if r["key"] in waiting} == {"phone"}
    assert 1 <= len(refused) <= 2, "two go at a time, and after them none"

    sun.sign_in(shop.email, PASSWORD)
    page.goto(address)
    saved(page)
    arrived(page)
    there = held(house, sun, visit)
    assert set(there["answers"]) == {"YES", "SCALE", "TEXT", "PARTLY"}
    assert sorted(photo["question"] for photo in there["photos"].values()) == ["PHOTO", "PHOTO", "SIGNED"]
    assert rows(shop, AnswerWrite, visit) == 4
    assert sorted(address.rpartition("/")[2] for address in taken) == sorted(there["photos"]), "each went once"


def given_up(line: Line, method: str) -> None:
    """Wait until the phone has sent such a call, and heard nothing; from now on there is no signal."""
    eventually(lambda: any(call.method == method for call in line.late))
    line.state = "cut"


def arrives_late(line: Line, method: str) -> list[tuple[int, Any]]:
    """What became of the calls that the phone had given up; first things first."""
    calls = [call for call in line.late if call.method == method]
    answers = [line.deliver(call) for call in calls]
    return [(status, json.loads(body)) for status, _, body in answers]


def test_an_answer_that_arrives_after_a_newer_one_of_the_same_question_changes_nothing(
    sun: Person, line: Line, house: House
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    line.state = "late"
    answer(page, "YES", "yes")
    given_up(line, "PATCH")
    answer(page, "YES", "na")
    signal_comes(line, page)
    saved(page)
    before = held(house, sun, visit)
    [newer] = [r for r in records(page, "answers") if r["question"] == "YES"]
    for status, told in arrives_late(line, "PATCH"):
        assert (status, told["winners"]["YES"]["value"][0]) == (200, newer["seq"])
    assert held(house, sun, visit) == before
    page.reload()
    expect(option(page, "YES", "na").locator("input")).to_be_checked()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_photo_that_arrives_after_it_was_taken_back_stays_away(sun: Person, line: Line, house: House) -> None:
    page, visit = sun.page, visit_of(sun.page)
    line.state = "late"
    add_photo(page, "PHOTO", phone_jpeg())
    given_up(line, "PUT")
    card(page, "PHOTO").get_by_role("button", name="Remove").click()
    signal_comes(line, page)
    eventually(lambda: len(held(house, sun, visit)["deleted"]) == 1)
    before = held(house, sun, visit)
    for status, told in arrives_late(line, "PUT"):
        assert (status, told["state"], [told["uuid"]]) == (200, "deleted", before["deleted"])
    assert held(house, sun, visit) == before
    page.reload()
    expect(page.locator("#state")).to_have_text("Nothing entered yet")
    expect(card(page, "PHOTO").locator(".th")).to_have_count(0)


def test_a_visit_that_arrives_once_more_after_its_receipt_gets_the_same_receipt(
    sun: Person, line: Line, house: House, shop: Shop
) -> None:
    page, visit = sun.page, visit_of(sun.page)
    fill(page)
    saved(page)
    arrived(page)
    line.state = "late"
    send_to_receipt(page)
    given_up(line, "POST")
    assert held(house, sun, visit)["receipt"] is None
    signal_comes(line, page)
    received(page)
    agreed(page, visit)
    before = held(house, sun, visit)
    [kept] = [v["receipt"] for v in records(page, "visits")]
    assert kept["receipt"] == before["receipt"]
    for answered in arrives_late(line, "POST"):
        assert answered == (200, kept)
    assert held(house, sun, visit) == before
    assert sendings(shop, visit) == 1


def test_two_tabs_that_send_the_same_photo_at_the_same_time_store_it_once(
    sun: Person, line: Line, house: House, shop: Shop
) -> None:
    page, visit, told = sun.page, visit_of(sun.page), list[int]()
    page.context.add_init_script(NO_LOCKS)
    page.reload()
    second = page.context.new_page()
    second.goto(page.url)
    line.state = "cut"
    add_photo(page, "PHOTO", phone_jpeg())
    expect(page.locator("#strip")).to_have_text("No signal. 1 photo waits here.")
    eventually(lambda: [r["raw"] for r in records(page, "photos")] == [False])
    page.context.on("response", lambda reply: told.append(reply.status) if reply.request.method == "PUT" else None)
    line.state = "held"
    for tab in (page, second):
        tab.evaluate(ONLINE)
    [photo] = records(page, "photos")
    both = [f"PUT /api/v1/visits/{visit}/photos/{photo['key']}"] * 2
    eventually(lambda: [call for call in line.waiting if call.startswith("PUT")] == both)
    line.state = "good"
    expect(card(page, "PHOTO").get_by_text("On the server")).to_be_visible(timeout=30_000)
    eventually(lambda: len(records(page, "photos")) == 1 and len(told) == 2)
    assert sorted(told) == [200, 201]
    assert photos_there(house, sun) == rows(shop, Photo, visit) == 1
    second.reload()
    expect(card(second, "PHOTO").get_by_text("On the server")).to_have_count(1)
