"""A very long checklist on a phone: what is far down is laid out last, and is found all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.every_kind import PASSWORD, Shop
from tests.browser.people import Person, person
from tests.browser.serving import House
from tests.browser.steps import card, option, saved, start_visit

SECTIONS, EACH, FAR = 6, 15, 75
LAID_OUT = "() => !document.querySelector('.sec:not(.whole)')"
STANDS_STILL = """() => new Promise((done) => {
  let last = -1, same = 0;
  const look = () => {
    same = scrollY === last ? same + 1 : 0;
    last = scrollY;
    return same > 20 ? done() : requestAnimationFrame(look);
  };
  look();
})"""
TOP = "e => Math.round(e.getBoundingClientRect().top)"


def long_checklist() -> str:
    """Ninety questions of different heights; only the first and a far one must be answered."""
    lines = [
        "{format: 1, key: every-kind, version: 1, title: {en: Long}, languages: [en], method: mystery, minutes: 20,",
        "brief: {en: Look.}, scoring: {weights: {RNG: 100}, pass_mark: 80, bands: {A: 90, B: 80, C: 70, D: 0}},",
        "sections: [",
    ]
    for section in range(SECTIONS):
        lines.append(f"{{key: s{section}, title: {{en: Aisle {section}}}, questions: [")
        for number in range(section * EACH, (section + 1) * EACH):
            asked = "weight: 1, na: true" if number in (0, FAR) else "weight: 0, required: false"
            text = "Was the shelf full? " * (1 + number % 12)
            lines.append(f"{{key: Q{number}, factor: RNG, type: yes_no, {asked}, text: {{en: '{text.strip()}'}}}},")
        lines.append("]},")
    return "\n".join([*lines, "]}"])


@pytest.fixture(scope="module")
def checklist() -> str:
    return long_checklist()


@pytest.fixture
def sun(browser: Browser, house: House, shop: Shop) -> Iterator[Person]:
    """The shopper, on the page of a visit just begun, with a phone that scrolls smoothly."""
    with person(browser, house) as someone:
        someone.page.emulate_media(reduced_motion="no-preference")
        someone.sign_in(shop.email, PASSWORD)
        start_visit(someone.go(shop.new_brief()))
        someone.page.wait_for_function(LAID_OUT)
        yield someone


def stands_under_the_bar(page: Page, selector: str) -> bool:
    """Whether something has come to rest just below the bar, or as near to it as the end of the page allows."""
    page.evaluate(STANDS_STILL)
    bar = page.locator("header.bar").evaluate("e => Math.round(e.getBoundingClientRect().bottom)")
    top: int = page.locator(selector).evaluate(TOP)
    at_the_end = page.evaluate("() => scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
    return bool(0 <= top - bar <= 24 or (at_the_end and bar < top < 844))


def test_next_stops_at_a_question_seventy_five_cards_away(sun: Person) -> None:
    page = sun.page
    option(page, "Q0", "yes").click()
    page.locator("#next").click()
    assert stands_under_the_bar(page, f"#q{FAR + 1}")
    option(page, f"Q{FAR}", "yes").click()
    saved(page)
    option(page, f"Q{FAR}", "yes").click()  # a second tap takes it back
    card(page, "Q1").evaluate("card => card.scrollIntoView({ behavior: 'instant' })")
    option(page, "Q0", "yes").click()
    page.locator("#next").click()
    assert stands_under_the_bar(page, f"#q{FAR + 1}")
    page.locator("#next").click()
    assert stands_under_the_bar(page, "#q1")


def test_a_section_far_down_is_one_tap_away_before_it_was_ever_seen(sun: Person) -> None:
    page = sun.page
    for tab in (page.locator(".tabs a").nth(SECTIONS - 2), page.locator(".tabs a").first):
        page.reload()
        tab.click()
        page.wait_for_function(LAID_OUT)
        assert stands_under_the_bar(page, f"#s-{tab.get_attribute('data-s')}")
        expect(tab).to_have_attribute("aria-current", "true")


def test_the_tab_of_the_section_on_the_screen_is_marked_whichever_way_it_came(sun: Person) -> None:
    page, tabs = sun.page, sun.page.locator(".tabs a")
    page.locator("#s-s2").evaluate("s => { s.scrollIntoView({ behavior: 'instant' }); scrollBy(0, 200); }")
    expect(tabs.nth(2)).to_have_attribute("aria-current", "true")
    page.evaluate("scrollBy(0, -350)")
    expect(tabs.nth(1)).to_have_attribute("aria-current", "true")
    page.evaluate("scrollBy(0, 350)")
    expect(tabs.nth(2)).to_have_attribute("aria-current", "true")
    expect(page.locator(".tabs [aria-current]")).to_have_count(1)


def test_a_reload_shows_again_what_was_on_the_screen(sun: Person) -> None:
    page, middle = sun.page, sun.page.locator("#q48")
    middle.evaluate("card => { card.scrollIntoView({ behavior: 'instant' }); scrollBy(0, 70); }")
    page.evaluate(STANDS_STILL)
    was = middle.evaluate(TOP)
    page.reload()
    page.wait_for_function(LAID_OUT)
    page.evaluate(STANDS_STILL)
    assert middle.evaluate(TOP) == pytest.approx(was, abs=1)


def test_without_script_every_card_is_there(browser: Browser, house: House, shop: Shop) -> None:
    with person(browser, house, script=False) as someone:
        someone.sign_in(shop.email, PASSWORD)
        start_visit(someone.go(shop.new_brief()))
        last = card(someone.page, "Q89")
        last.scroll_into_view_if_needed()
        expect(last.locator("legend")).to_be_in_viewport()
        option(someone.page, "Q89", "no").click()
        expect(option(someone.page, "Q89", "no").locator("input")).to_be_checked()
