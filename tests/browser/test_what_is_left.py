"""What "Next, 5 left" counts: the questions of which sending still needs something, on the page as on the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.every_kind import PASSWORD, make_shop
from tests.browser.people import Person, person
from tests.browser.serving import serve
from tests.browser.steps import add_photo, answer, card, option, saved, start_visit
from tests.photo_factory import phone_jpeg

NEEDS = """
format: 1
key: every-kind
version: 1
title: {en: Needs}
languages: [en]
method: mystery
minutes: 5
brief: {en: "Walk in.\\nLook.\\nPay."}
scoring:
  weights: {RNG: 100}
  pass_mark: 80
  bands: {A: 90, B: 80, C: 70, D: 0}
sections:
  - key: door
    title: {en: Door}
    questions:
      - {key: DOOR, factor: RNG, text: {en: "Was the door open?"}, type: yes_no, weight: 2, na: true,
         evidence: {photo: on_fail, note: on_fail, note_min: 5}}
      - {key: SAID, factor: RNG, text: {en: "What was said?"}, type: text, required: false}
      - {key: FRONT, factor: RNG, text: {en: "The front of the shop"}, type: photo}
"""


@pytest.fixture
def sun(browser: Browser, tmp_path: Path) -> Iterator[Person]:
    """The shopper, on the page of a visit just begun."""
    shop = make_shop(tmp_path / "shop", NEEDS)
    with serve(shop.data) as house, person(browser, house) as someone:
        someone.sign_in(shop.email, PASSWORD)
        start_visit(someone.go(shop.new_brief()))
        yield someone


def is_left(sun: Person, words: str) -> None:
    """Both the script and the page as the server makes it say so."""
    expect(sun.page.locator("#next small")).to_have_text(words)
    saved(sun.page)
    found = re.search(r'id="next".*?<small>(.*?)</small>', sun.page.request.get(sun.page.url).text())
    assert found
    assert found[1] == words


def test_next_counts_what_sending_needs_and_nothing_else(sun: Person) -> None:
    page, door = sun.page, card(sun.page, "DOOR")
    expect(page.locator("#next small")).to_have_text("2 left")

    answer(page, "SAID", "Good morning")
    is_left(sun, "2 left")
    answer(page, "SAID", "")
    is_left(sun, "2 left")

    answer(page, "DOOR", "no")
    is_left(sun, "2 left")
    add_photo(page, "DOOR", phone_jpeg())
    expect(door.get_by_text("On the server")).to_be_visible()
    door.locator("textarea").fill("Shut")
    is_left(sun, "2 left")
    door.locator("textarea").fill("It was shut.")
    is_left(sun, "1 left")

    answer(page, "DOOR", "na")
    is_left(sun, "2 left")
    door.get_by_text("Could not be checked").click()
    is_left(sun, "1 left")

    page.locator("#next").click()
    assert page.evaluate("document.activeElement.closest('.q').dataset.k") == "FRONT"
    add_photo(page, "FRONT", phone_jpeg())
    expect(card(page, "FRONT").get_by_text("On the server")).to_be_visible()
    is_left(sun, "Nothing is missing")

    page.locator("#next").click()
    page.wait_for_url("**/check")
    expect(page.locator("#problem")).not_to_be_visible()


def test_a_section_has_its_tick_when_all_is_answered_and_nothing_missing(sun: Person) -> None:
    page, tab = sun.page, sun.page.locator(".tabs a")
    answer(page, "SAID", "Good morning")
    add_photo(page, "FRONT", phone_jpeg())
    option(page, "DOOR", "no").click()
    expect(tab).to_have_text("Door3 of 3")
    expect(tab).not_to_have_class("done")
    option(page, "DOOR", "yes").click()
    expect(tab).to_have_class("done")
