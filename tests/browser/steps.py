"""What a shopper does on the phone's pages, with or without script."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.people import Person

READY = {"tell": "no", "people": "no", "guess": "yes"}


def start_visit(page: Page) -> None:
    """Answer the three questions of the brief and go in."""
    for name, value in READY.items():
        page.locator(f'label:has(input[name="ready-{name}"][value="{value}"])').click()
    page.get_by_role("button", name="Start visit").click()
    page.wait_for_url(re.compile(r"/visits/[0-9a-f]+(#.*)?$"))


def card(page: Page, key: str) -> Locator:
    """The card of a question."""
    return page.locator(f'fieldset[data-k="{key}"]')


def option(page: Page, key: str, value: str) -> Locator:
    """What a thumb touches to choose an answer."""
    names = (f'[name="{key}.{end}"][value="{value}"]' for end in "vx")
    return page.locator(", ".join(f"label:has(input{name})" for name in names))


def answer(page: Page, key: str, given: str | list[str]) -> None:
    """Tap or type an answer; a list ticks several."""
    if isinstance(given, list):
        for word in given:
            option(page, key, word).click()
    elif option(page, key, given).count():
        option(page, key, given).click()
    else:
        page.locator(f'[name="{key}.v"]').fill(given)


def add_photo(page: Page, key: str, data: bytes, name: str = "IMG_2041.JPG") -> None:
    """Choose a photo for a question."""
    chooser = page.locator(f'input[name="{key}.p"]')
    chooser.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def look_at(page: Page, key: str) -> None:
    """Scroll a question to the top, under the bars."""
    card(page, key).evaluate("card => card.scrollIntoView({ behavior: 'instant' })")


def saved(page: Page) -> None:
    """Wait until the bar on top says that the server has everything (pages with script)."""
    page.wait_for_function("() => /^Saved \\d\\d:\\d\\d$/.test(document.getElementById('state').textContent)")


def save_section(page: Page, key: str) -> None:
    """Send one section's form (pages without script)."""
    page.locator(f"#s-{key} button.save").click()


def on_the_server(person: Person) -> dict[str, Any]:
    """What the server holds of the visit on the page, as it tells the phone itself."""
    visit = re.search(r"/visits/([0-9a-f]+)", person.page.url)
    assert visit, person.page.url
    reply = person.page.request.get(f"{person.house.base}/api/v1/visits/{visit[1]}/manifest")
    found: dict[str, Any] = reply.json()
    return found


def eventually(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something holds that no page shows."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
