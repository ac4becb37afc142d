"""The app in WebKit, as near to an iPhone as Linux gets: nothing is lost or doubled, pages open without signal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from auditapp.db.schema import AnswerWrite, Photo, Visit
from auditapp.db.session import Database
from tests.browser.a_visit import EVERYTHING, PHOTOS
from tests.browser.every_kind import PASSWORD, Shop, make_shop
from tests.browser.line import Line, line_to
from tests.browser.serving import free_port, serve
from tests.browser.steps import READY, eventually
from tests.browser.webkit import Phone, phone, require, screen
from tests.photo_factory import phone_jpeg, picture

KEPT = r"^Kept on this phone \d\d:\d\d$"
SAVED = r"^Saved \d\d:\d\d$"
NO_SIGNAL = r"^No signal\. 2 answers and 1 photo wait here\.$"
WAITS = "^2 answers and 1 photo wait here$"
ONLINE = "dispatchEvent(new Event('online'))"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    require()
    with screen() as name:
        yield name


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path / "shop")


def test_a_whole_visit_is_prepared_filled_in_and_sent(display: str, shop: Shop, tmp_path: Path) -> None:
    with serve(shop.data) as house, phone(display, tmp_path / "profile") as sun:
        visit = begin(sun, house.base, shop)
        fill(sun, tmp_path)
        sun.shows("#state", SAVED)
        sun.tap("#next")
        sun.arrives("/check$")
        sun.shows("#problem", "^$")
        send(sun)
        sun.shows("#title", "^Sent and received$")
        there = sun.held(house, visit)
        assert there["receipt"] == receipt(sun)
        assert set(there["answers"]) >= set(EVERYTHING)
        assert sorted(photo["question"] for photo in there["photos"].values()) == sorted(PHOTOS)


def test_what_was_done_with_the_server_gone_outlives_the_browser_and_arrives_once(
    display: str, shop: Shop, tmp_path: Path
) -> None:
    port, profile = free_port(), tmp_path / "profile"
    with phone(display, profile) as sun:
        with serve(shop.data, port) as house:
            visit = begin(sun, house.base, shop)
            home = sun.address
        sun.reload()
        sun.shows("h1", "^List ")
        answer(sun, "PARTLY", "yes")
        answer(sun, "TEXT", EVERYTHING["TEXT"])
        add_photo(sun, "PHOTO", tmp_path)
        sun.shows("#state", KEPT)
        for address, heading, css, words in (
            (home + "/check", "^Check your answers$", "#problem", "questions have no answer yet"),
            (home, "^List ", "#strip", NO_SIGNAL),
            (house.base + "/visits", "^Lists$", "#waits", WAITS),
        ):
            sun.go(address)
            sun.shows(css, words)
            sun.reload()
            sun.shows("h1", heading)
            sun.shows(css, words)

    with phone(display, profile) as sun:
        sun.go(house.base + "/visits")
        sun.shows("#waits", WAITS)
        sun.go(home)
        sun.shows("#strip", NO_SIGNAL)
        assert answered(sun) == {"PARTLY": "yes", "TEXT": EVERYTHING["TEXT"]}
        sun.shows(card("PHOTO"), "On this phone")
        with serve(shop.data, port) as house:
            sun.run(ONLINE)
            sun.shows("#state", SAVED)
            sun.shows(card("PHOTO"), "On the server")
            assert set(sun.held(house, visit)["answers"]) == {"PARTLY", "TEXT"}
            assert_once(shop, visit, ["PARTLY", "TEXT"], ["PHOTO"])


def test_what_the_server_took_without_the_phone_hearing_so_is_sent_again_and_doubles_nothing(
    display: str, shop: Shop, tmp_path: Path
) -> None:
    with serve(shop.data) as house, line_to(house) as line, phone(display, tmp_path / "profile") as sun:
        visit = begin(sun, line.house.base, shop)
        line.state = "deaf"
        for key, given in EVERYTHING.items():
            answer(sun, key, given)
        heard_at_last(sun, line, "answers")
        line.state = "deaf"
        add_photos(sun, tmp_path)
        heard_at_last(sun, line, "photos")
        assert_once(shop, visit, EVERYTHING, PHOTOS)
        sun.tap("#next")
        sun.arrives("/check$")
        line.state = "deaf"
        send(sun)
        eventually(lambda: "submit" in lost(line))
        sun.shows("#wait", ".")
        number = sun.held(house, visit)["receipt"]
        line.state = "good"
        sun.run(ONLINE)
        sun.shows("#title", "^Sent and received$")
        assert receipt(sun) == number == sun.held(house, visit)["receipt"]
        assert_once(shop, visit, EVERYTHING, PHOTOS)


def test_a_page_that_the_browser_puts_aside_holds_up_none_of_the_next(display: str, shop: Shop, tmp_path: Path) -> None:
    with serve(shop.data) as house, line_to(house) as line, phone(display, tmp_path / "profile") as sun:
        visit = begin(sun, line.house.base, shop)
        fill(sun, tmp_path)
        sun.shows("#state", SAVED)
        line.state = "held"  # so the page that is left still has work when the kept one comes, three seconds later
        answer(sun, "TEXT", "Clean, but for the floor")
        sun.tap("#all")
        sun.arrives("/check$")
        line.state = "good"
        sun.shows("#problem", "^$")
        send(sun)
        sun.shows("#title", "^Sent and received$")
        assert sun.held(house, visit)["receipt"] == receipt(sun)


def begin(sun: Phone, base: str, shop: Shop) -> str:
    """Sign in, get a visit ready on the phone and go in; the visit's id."""
    sun.go(base + "/sign-in")
    sun.put("#email", shop.email)
    sun.put("#password", PASSWORD)
    sun.tap("main form button.button")
    sun.arrives("/visits$")
    sun.controlled()
    sun.go(base + shop.new_brief())
    sun.shows("#phone b", "^Ready on this phone$")
    for name, value in READY.items():
        sun.tap(f'label:has(input[name="ready-{name}"][value="{value}"])')
    sun.tap("button[form=ready]")
    sun.arrives("/visits/[0-9a-f]{32}$")
    return sun.address.rpartition("/")[2]


def card(key: str) -> str:
    return f'fieldset[data-k="{key}"]'


def answer(sun: Phone, key: str, given: str | list[str]) -> None:
    """Tap or fill in an answer; a list ticks several."""
    if isinstance(given, list):
        for word in given:
            sun.tap(f'label:has(input[name^="{key}."][value="{word}"])')
    elif sun.all(choice := f'label:has(input[name="{key}.v"][value="{given}"])'):
        sun.tap(choice)
    else:
        sun.put(f'[name="{key}.v"]', given)


def add_photo(sun: Phone, key: str, folder: Path, width: int = 640) -> None:
    file = folder / f"{key}.jpg"
    file.write_bytes(phone_jpeg(picture(width, 480), orientation=6))
    sun.all(f'input[name="{key}.p"]')[0].send_keys(str(file))
    sun.shows(card(key), "On this phone|On the server")


def add_photos(sun: Phone, folder: Path) -> None:
    for number, key in enumerate(PHOTOS):
        add_photo(sun, key, folder, 640 + number)


def fill(sun: Phone, folder: Path) -> None:
    for key, given in EVERYTHING.items():
        answer(sun, key, given)
    add_photos(sun, folder)


def answered(sun: Phone) -> dict[str, str]:
    """The single answers that the page shows."""
    shown = sun.all(
        '.q input[name$=".v"]:checked, .q :is(textarea, input:not([type=radio], [type=checkbox]))[name$=".v"]'
    )
    values = {str(e.get_dom_attribute("name"))[:-2]: str(e.get_property("value")) for e in shown}
    return {key: value for key, value in values.items() if value}


def send(sun: Phone) -> None:
    """Say when the visit was, as one of a minute can't be told from a slip, and send it."""
    day = sun.value("#left")[:10]
    sun.put("#arrived", f"{day}T00:00")
    if sun.value("#left") <= f"{day}T00:00":
        sun.put("#left", f"{day}T00:01")
    sun.tap("button[form=send]")
    sun.arrives("/receipt$")


def receipt(sun: Phone) -> str:
    return re.sub("[ ·]", "", sun.text("#number"))


def lost(line: Line) -> set[str]:
    """What of the phone's work was answered in vain."""
    found = (re.match(r"(?:POST|PUT|PATCH) /api/v1/visits/[0-9a-f]+/(\w+)", call) for call in line.lost)
    return {match[1] for match in found if match}


def heard_at_last(sun: Phone, line: Line, kind: str) -> None:
    """The server has taken it and the phone thinks not; then the line is good again."""
    eventually(lambda: kind in lost(line))
    sun.shows("#strip", "^No signal")
    line.state = "good"
    sun.run(ONLINE)
    sun.shows("#state", SAVED)


def assert_once(shop: Shop, visit: str, answers: Iterable[str], photos: Iterable[str]) -> None:
    """The server took every write once and keeps every photo once."""
    database = Database(f"sqlite:///{shop.data / 'auditapp.sqlite3'}")
    with database.read() as session:
        here = select(Visit.id).where(Visit.public_id == visit).scalar_subquery()
        writes = Counter(session.scalars(select(AnswerWrite.question).where(AnswerWrite.visit_id == here)))
        kept = session.scalars(select(Photo.question).where(Photo.visit_id == here))
        writes["MULTI"] -= writes["MULTI"] == 2  # its two taps may go in two calls
        assert +writes == Counter(list(answers))
        assert Counter(kept) == Counter(list(photos))
    database.dispose()
