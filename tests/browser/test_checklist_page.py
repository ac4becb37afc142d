"""The checklist on the phone, with script: what is given is kept at once, and nothing on the page gets in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.browser.every_kind import PASSWORD, Shop
from tests.browser.people import Person, person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, on_the_server, option, saved, start_visit
from tests.photo_factory import phone_jpeg

GIVEN: dict[str, str | list[str]] = {
    "YES": "yes",
    "PARTLY": "partly",
    "WHERE": "no",
    "SCALE": "3",
    "CHOICE": "me",
    "MULTI": ["taste", "leaflet"],
    "COUNT": "4",
    "NUMBER": "-1.5",
    "MINUTES": "2.5",
    "TEXT": "“Cash or card?” <b>& nothing else</b>",
    "CLOCK": "14:05:30",
    "DATE": "2026-09-14",
    "BARCODE": "4006381333931",
    "ID": "no",
}
KEPT = re.compile(r"^Kept on this phone \d\d:\d\d$")
HIDDEN_BY_BARS = """() => {
  const e = document.activeElement, box = (e.closest("label.o, .ph") || e).getBoundingClientRect();
  const top = document.querySelector("header.bar").getBoundingClientRect().bottom;
  const foot = document.querySelector("footer.foot").getBoundingClientRect().top;
  return !e.closest("header, footer, .cover, .skip") && (box.bottom <= top + 1 || box.top >= foot - 1);
}"""


@pytest.fixture
def sun(browser: Browser, house: House, shop: Shop) -> Iterator[Person]:
    """The shopper, on the page of a visit just begun."""
    with person(browser, house) as someone:
        someone.sign_in(shop.email, PASSWORD)
        start_visit(someone.go(shop.new_brief()))
        yield someone


def value(sun: Person, key: str) -> object:
    """What the page shows as the answer after a reload."""
    inputs = sun.page.locator(f'[name="{key}.v"]')
    if inputs.first.get_attribute("type") in {"radio", "checkbox"}:
        chosen = [str(one.get_attribute("value")) for one in inputs.all() if one.is_checked()]
        return chosen if inputs.first.get_attribute("type") == "checkbox" else "".join(chosen)
    return inputs.input_value()


def answers_held(sun: Person) -> set[str]:
    """The questions of which the server holds an answer field."""
    held: Any = on_the_server(sun)["answers"]
    return {key for key, fields in held.items() if "value" in fields}


def test_every_kind_of_answer_is_on_the_server_before_send_and_there_after_a_reload(sun: Person) -> None:
    for key, given in GIVEN.items():
        answer(sun.page, key, given)
    saved(sun.page)
    assert answers_held(sun) == set(GIVEN)
    assert on_the_server(sun)["receipt"] is None
    sun.page.reload()
    assert {key: value(sun, key) for key in GIVEN} == GIVEN


def test_a_decimal_comma_is_a_decimal_point(sun: Person) -> None:
    answer(sun.page, "NUMBER", "6,5")
    saved(sun.page)
    expect(card(sun.page, "NUMBER").get_by_role("alert")).to_have_count(0)
    sun.page.reload()
    assert value(sun, "NUMBER") == "6.5"


def test_an_answer_is_sent_within_a_moment_of_the_tap(sun: Person) -> None:
    with sun.page.expect_response(lambda r: r.request.method == "PATCH", timeout=5000) as caught:
        answer(sun.page, "YES", "yes")
    assert caught.value.status == 200


def test_reason_note_and_photo_of_a_failed_answer_open_in_its_card_and_are_kept(sun: Person) -> None:
    page, own = sun.page, card(sun.page, "YES")
    expect(own.locator(".more")).to_be_hidden()
    answer(page, "YES", "no")
    own.get_by_text("Stuck").click()
    own.locator("textarea").fill("It moved only when two people pulled.")
    add_photo(page, "YES", phone_jpeg(orientation=6))
    expect(own.get_by_text("On the server")).to_be_visible()
    saved(page)
    page.reload()
    expect(own.get_by_label("Stuck")).to_be_checked()
    expect(own.locator("textarea")).to_have_value("It moved only when two people pulled.")
    width, height = own.locator(".th img").evaluate("e => e.decode().then(() => [e.naturalWidth, e.naturalHeight])")
    assert width < height


def test_words_typed_a_moment_before_the_page_goes_away_are_kept(sun: Person) -> None:
    answer(sun.page, "TEXT", "The last words of the visit")
    expect(sun.page.locator("#state")).to_have_text("Sending")
    sun.page.reload()
    eventually(lambda: answers_held(sun) == {"TEXT"})
    sun.page.reload()
    assert value(sun, "TEXT") == "The last words of the visit"


def test_a_tap_a_moment_before_the_page_goes_away_is_kept(sun: Person) -> None:
    sun.page.on("dialog", lambda dialog: dialog.accept())
    answer(sun.page, "YES", "yes")
    sun.page.reload()
    eventually(lambda: answers_held(sun) == {"YES"})


def test_what_was_tapped_before_the_script_came_is_kept(sun: Person) -> None:
    held: list[Route] = []
    sun.page.evaluate(
        "navigator.serviceWorker.getRegistrations().then((all) => Promise.all(all.map((r) => r.unregister())))"
    )
    sun.page.route("**/js/visit_form.js", lambda route: held.append(route))
    with sun.page.expect_request("**/js/visit_form.js"):
        sun.page.reload(wait_until="commit")
    option(sun.page, "YES", "yes").click()
    sun.page.locator('[name="COUNT.v"]').fill("4")
    held[0].continue_()
    saved(sun.page)
    eventually(lambda: answers_held(sun) == {"YES", "COUNT"})


def test_next_counts_what_was_typed_a_moment_ago(sun: Person) -> None:
    answer(sun.page, "MULTI", ["taste"])  # the question before
    sun.page.locator('[name="COUNT.v"]').focus()
    sun.page.keyboard.type("4")
    sun.page.evaluate("document.getElementById('next').click()")  # a tap that leaves the focus where it is
    assert sun.page.evaluate("document.activeElement.name") != "COUNT.v"


def test_a_photo_is_drawn_once_also_where_kept_ones_are_shown_meanwhile(sun: Person) -> None:
    sun.page.evaluate("""async () => {
      const name = performance.getEntriesByType("resource").map((r) => r.name).find((n) => n.endsWith("/js/thumbs.js"));
      const { show } = await import(name);
      self.showing = setInterval(show, 1);
    }""")
    add_photo(sun.page, "PHOTO", phone_jpeg())
    expect(card(sun.page, "PHOTO").get_by_text("On the server")).to_be_visible()
    sun.page.evaluate("clearInterval(self.showing)")
    expect(card(sun.page, "PHOTO").get_by_role("button", name="Remove")).to_have_count(1)


def test_a_photo_can_be_taken_back(sun: Person) -> None:
    add_photo(sun.page, "PHOTO", phone_jpeg())
    expect(card(sun.page, "PHOTO").get_by_text("On the server")).to_be_visible()
    with sun.page.expect_response(lambda r: r.request.method == "DELETE"):
        card(sun.page, "PHOTO").get_by_role("button", name="Remove").click()
    held = on_the_server(sun)
    assert held["photos"] == {}
    assert len(held["deleted"]) == 1  # type: ignore[arg-type]
    sun.page.reload()
    expect(card(sun.page, "PHOTO").locator(".th")).to_have_count(0)


def test_a_file_that_is_no_photo_is_refused_in_words_beside_its_question(sun: Person) -> None:
    add_photo(sun.page, "PHOTO", b"%PDF-1.7 not a photo", name="photo.jpg")
    expect(card(sun.page, "PHOTO").get_by_role("alert")).to_contain_text("photo")
    expect(card(sun.page, "PHOTO").get_by_text("Not accepted")).to_be_visible()
    sun.forgive()


def test_an_answer_that_makes_no_sense_is_told_beside_its_question(sun: Person) -> None:
    answer(sun.page, "COUNT", "many")
    expect(card(sun.page, "COUNT").get_by_role("alert")).to_be_visible()
    answer(sun.page, "COUNT", "3")
    expect(card(sun.page, "COUNT").get_by_role("alert")).to_have_count(0)
    eventually(lambda: answers_held(sun) == {"COUNT"})


def test_while_the_server_fails_the_page_says_so_and_tries_again(sun: Person) -> None:
    state, strip = sun.page.locator("#state"), sun.page.locator("#strip")
    sun.page.route("**/api/**", lambda route: route.abort())
    answer(sun.page, "YES", "yes")
    expect(state).to_have_text(KEPT)
    expect(strip).to_have_text("No signal. 1 answer waits here.")
    answer(sun.page, "PARTLY", "yes")
    sun.page.unroute("**/api/**")
    expect(state).to_have_text(re.compile(r"Saved \d\d:\d\d"), timeout=30_000)
    expect(strip).to_be_hidden()
    assert answers_held(sun) == {"YES", "PARTLY"}
    sun.forgive()


def test_a_portal_that_answers_for_the_server_is_not_believed(sun: Person) -> None:
    sun.page.route("**/api/**", lambda route: route.fulfill(status=200, content_type="text/html", body="<p>Wi-Fi"))
    answer(sun.page, "YES", "yes")
    expect(sun.page.locator("#state")).to_have_text(KEPT)
    sun.page.unroute("**/api/**")
    saved(sun.page)
    assert answers_held(sun) == {"YES"}


def test_whoever_is_signed_out_in_between_signs_in_elsewhere_and_loses_nothing(sun: Person, shop: Shop) -> None:
    sun.page.context.clear_cookies()
    answer(sun.page, "YES", "yes")
    expect(sun.page.locator("#strip")).to_contain_text("You are signed out. What you enter stays on this phone.")
    other = Person(sun.page.context.new_page(), sun.house)
    other.sign_in(shop.email, PASSWORD)
    expect(sun.page.locator("#state")).to_have_text(re.compile(r"Saved \d\d:\d\d"), timeout=30_000)
    assert answers_held(sun) == {"YES"}
    sun.forgive()


def test_a_question_appears_with_the_answer_that_asks_for_it_and_goes_with_it(sun: Person) -> None:
    child = card(sun.page, "WHERE")
    expect(child).to_be_hidden()
    answer(sun.page, "PARTLY", "no")
    expect(child).to_be_visible()
    answer(sun.page, "PARTLY", "yes")
    expect(child).to_be_hidden()


def test_a_second_tap_on_an_answer_clears_it(sun: Person) -> None:
    answer(sun.page, "YES", "yes")
    saved(sun.page)
    with sun.page.expect_response(lambda r: r.request.method == "PATCH"):
        answer(sun.page, "YES", "yes")
    saved(sun.page)
    sun.page.reload()
    assert value(sun, "YES") == ""
    expect(sun.page.locator("#next")).to_contain_text("15 left")


def test_na_and_another_answer_exclude_each_other(sun: Person) -> None:
    answer(sun.page, "MULTI", ["taste", "leaflet"])
    answer(sun.page, "MULTI", "na")
    assert value(sun, "MULTI") == ["na"]
    card(sun.page, "MULTI").get_by_text("Could not be checked").click()
    answer(sun.page, "MULTI", "taste")
    assert value(sun, "MULTI") == ["taste"]


def test_next_goes_to_the_next_question_without_an_answer_clear_of_the_bars(sun: Person) -> None:
    page = sun.page
    for key in ("YES", "SCALE"):
        answer(page, key, "yes" if key == "YES" else "2")
    for expected in ("CHOICE", "MULTI", "COUNT"):
        page.locator("#next").click()
        expect(card(page, expected)).to_be_in_viewport()
        assert page.evaluate("document.activeElement.closest('.q').dataset.k") == expected
        assert not page.evaluate(HIDDEN_BY_BARS)
    expect(page.locator("#next")).to_contain_text("13 left")


def test_the_clock_keeps_running_over_a_reload_and_can_be_corrected_with_a_reason(sun: Person) -> None:
    page, own = sun.page, card(sun.page, "MINUTES")
    page.clock.install(time=datetime.now(UTC))
    page.reload()
    own.get_by_role("button", name="Start the clock").click()
    page.clock.run_for(1000)
    saved(page)
    page.clock.fast_forward("03:00")
    expect(page.locator("#clock")).to_contain_text("03:0")
    page.reload()
    expect(page.locator("#clock")).to_be_visible()
    page.locator("#clock").click()
    assert float(str(value(sun, "MINUTES"))) == pytest.approx(3, abs=0.3)
    own.locator('[name="MINUTES.v"]').fill("4")
    own.get_by_label("Changed by hand? Say why.").fill("I pressed late.")
    own.get_by_label("Changed by hand? Say why.").blur()
    page.clock.run_for(2000)
    saved(page)
    page.reload()
    assert value(sun, "MINUTES") == "4"
    expect(own.get_by_label("Changed by hand? Say why.")).to_have_value("I pressed late.")


def test_cover_hides_everything_until_its_title_is_held_for_a_second(sun: Person) -> None:
    page = sun.page
    page.clock.install()
    page.reload()
    page.locator("a.cov").click()
    expect(page.locator("#cover")).to_be_visible()
    expect(card(page, "YES")).to_be_hidden()
    expect(page.locator("footer.foot")).to_be_hidden()
    assert "Harbour" not in page.locator("#cover").inner_text() + page.title()
    hold(page, 900)
    expect(page.locator("#cover")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#cover")).to_be_visible()
    hold(page, 1000)
    expect(page.locator("#cover")).to_be_hidden()
    expect(card(page, "YES")).to_be_visible()


def test_what_is_covered_stays_covered_over_a_reload_and_on_other_pages(sun: Person) -> None:
    page = sun.page
    home = page.url
    page.locator("a.cov").click()
    page.reload()
    expect(page.locator("#cover")).to_be_visible()
    page.go_back()
    expect(page.locator("#cover")).to_be_visible()
    page.goto(home)
    expect(page.locator("#cover")).to_be_visible()
    page.clock.install()
    page.reload()
    hold(page, 1000)
    expect(page.locator("#cover")).to_be_hidden()
    assert page.url == home
    page.reload()
    expect(card(page, "YES")).to_be_visible()


def hold(page: Page, milliseconds: int) -> None:
    """Press the cover's title for so long, then wait a while."""
    page.locator("#uncover").hover()
    page.mouse.down()
    page.clock.run_for(milliseconds)
    page.mouse.up()
    page.clock.run_for(5000)


def test_the_whole_checklist_can_be_filled_by_keyboard_with_the_focus_always_in_sight(sun: Person) -> None:
    page = sun.page
    photo: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": phone_jpeg()}
    page.on("filechooser", lambda chooser: chooser.set_files(photo))  # one listener: switching it on takes a moment
    page.locator("#main").focus()
    typed = {"TEXT": "Good morning", "CLOCK": "140530", "DATE": "14092026", "BARCODE": "4006381333931"}
    done: set[str] = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        assert not page.evaluate(HIDDEN_BY_BARS), page.evaluate("document.activeElement.outerHTML")
        if not page.evaluate("!!document.activeElement.closest('#visit')"):
            break
        press(page, done, typed)
    expect(page.locator("#next")).to_contain_text("Check and send")
    saved(page)
    page.locator("#next").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/check")
    expect(page.locator("#problem")).to_be_hidden()


def press(page: Page, done: set[str], typed: dict[str, str]) -> None:
    """Answer with the keys that the focused control takes, once a question."""
    kind, name = page.evaluate("[document.activeElement.type, document.activeElement.name || '']")
    key, _, end = name.rpartition(".")
    if kind == "file":
        page.keyboard.press("Space")
        expect(card(page, key).locator(".th")).to_have_count(1)
    elif end == "v" and key not in done:
        done.add(key)
        if kind in {"radio", "checkbox"}:
            page.keyboard.press("Space")
        else:
            page.keyboard.type(typed.get(key, "2"))


def test_arrow_keys_choose_among_the_answers_of_a_question(sun: Person) -> None:
    page = sun.page
    option(page, "PARTLY", "yes").locator("input").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    assert value(sun, "PARTLY") == "partly"
    page.keyboard.press("Space")
    assert value(sun, "PARTLY") == ""
