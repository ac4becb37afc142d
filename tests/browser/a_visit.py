"""A visit on a phone, from its brief to the receipt, to the shop with every kind of question."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.every_kind import Shop
from tests.browser.people import Person
from tests.browser.serving import House
from tests.browser.steps import add_photo, answer, card, eventually, start_visit
from tests.photo_factory import encode, picture

EVERYTHING: dict[str, str | list[str]] = {
    "YES": "yes",
    "PARTLY": "yes",
    "SCALE": "3",
    "CHOICE": "they",
    "MULTI": ["taste", "leaflet"],
    "COUNT": "1",
    "NUMBER": "4",
    "MINUTES": "2.5",
    "TEXT": "“Cash or card?”",
    "CLOCK": "14:05:30",
    "DATE": "2026-09-14",
    "BARCODE": "4006381333931",
    "ID": "yes",
}
PHOTOS = ("SIGNED", "PHOTO")
ONLINE = "dispatchEvent(new Event('online'))"
KEPT = re.compile(r"^Kept on this phone \d\d:\d\d$")
RECORDS = """async ([user, kind]) => {
  const done = (asked) => new Promise((then) => { asked.onsuccess = () => then(asked.result); });
  const db = await done(indexedDB.open("auditapp-" + user));
  const found = await done(db.transaction(kind).objectStore(kind).getAll());
  db.close();
  return found.map(({ bytes, ...rest }) => rest);
}"""


def begin(someone: Person, shop: Shop) -> None:
    page = someone.go(shop.new_brief())
    expect(page.locator("#phone b")).to_have_text("Ready on this phone", timeout=30_000)
    start_visit(page)


def visit_of(page: Page) -> str:
    found = re.search(r"/visits/([0-9a-f]{32})", page.url)
    assert found, page.url
    return found[1]


def held(house: House, sun: Person, visit: str) -> dict[str, Any]:
    """What the server holds, asked past the line."""
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in sun.page.context.cookies())
    reply = sun.page.request.get(f"{house.base}/api/v1/visits/{visit}/manifest", headers={"Cookie": cookies})
    found: dict[str, Any] = reply.json()
    return found


def records(page: Page, kind: str) -> list[dict[str, Any]]:
    """What the phone holds, photos without their bytes."""
    user = page.locator("body").get_attribute("data-user")
    found: list[dict[str, Any]] = page.evaluate(RECORDS, [user, kind])
    return found


def photos_there(house: House, sun: Person) -> int:
    return len(held(house, sun, visit_of(sun.page))["photos"])


def fill(page: Page) -> None:
    for key, given in EVERYTHING.items():
        answer(page, key, given)
    for number, key in enumerate(PHOTOS):
        add_photo(page, key, encode(picture(640 + number, 480), "JPEG"))
        expect(card(page, key).locator(".th")).to_have_count(1)


def set_times(page: Page) -> None:
    """A visit of a minute cannot be told from a slip by its minutes alone: say when it was."""
    expect(page.locator("#state")).to_have_text(
        re.compile(r"^\d+ of \d+ answered$")
    )  # the phone's own times stand there
    day = page.locator("#left").input_value()[:10]
    page.locator("#arrived").fill(f"{day}T00:00")
    page.locator("#arrived").dispatch_event("change")
    if page.locator("#left").input_value() <= f"{day}T00:00":
        page.locator("#left").fill(f"{day}T00:01")


def arrived(page: Page) -> None:
    """Wait until the phone knows that the server has every photo of this visit."""
    mine = lambda: [r["state"] for r in records(page, "photos") if r["visit"] == visit_of(page)]  # noqa: E731
    eventually(lambda: set(mine()) == {"server"}, 30)


def received(page: Page) -> None:
    """Wait for the receipt."""
    expect(page.locator("#there")).to_be_visible(timeout=30_000)
    expect(page.locator("#title")).to_have_text("Sent and received")


def agreed(page: Page, visit: str) -> None:
    """Wait until the second reading has found everything."""
    eventually(lambda: [bool(v.get("agreedAt")) for v in records(page, "visits") if v["key"] == visit] == [True], 30)


def check(page: Page) -> None:
    """Go to the page before Send."""
    page.goto(page.url.partition("#")[0] + "/check")


def send(page: Page) -> None:
    """Send the visit, from its checklist."""
    check(page)
    set_times(page)
    page.get_by_role("button", name="Send").click()
