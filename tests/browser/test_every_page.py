"""Every page of the tour, as every role, on a phone and at a desk, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import walk
from tests.browser.people import DESK, PHONE, Scheme
from tests.browser.serving import House
from tests.browser.without_signal import without_signal

NARROWEST = 320
LOOKS: tuple[tuple[bool, Scheme], ...] = ((True, "light"), (True, "dark"), (False, "light"), (False, "dark"))
Role = Callable[[Browser, House], Iterator[walk.Stop]]


@pytest.mark.parametrize(
    "roles",
    [
        (walk.at_the_door, walk.reviewer, walk.shopper),
        (without_signal,),
        (walk.manager, walk.korean_manager, walk.lead),
        (walk.admin,),
    ],
    ids=["shopper_and_reviewer", "without_signal", "manager_and_lead", "admin"],
)
def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone_or_shows_its_markup(
    browser: Browser, demo: House, roles: tuple[Role, ...]
) -> None:
    found: list[str] = []
    for role in roles:
        for stop in role(browser, demo):
            for phone, scheme in LOOKS:
                stop.page.set_viewport_size(PHONE if phone else DESK)
                stop.page.emulate_media(color_scheme=scheme)
                look = f"{stop.name} ({'phone' if phone else 'desk'}, {scheme})"
                found += [f"{look}: {violation}" for violation in violations(stop.page)]
            stop.page.set_viewport_size({"width": NARROWEST, "height": 640})
            found += [f"{stop.name}: markup as text: {line}" for line in markup(stop.page)]
            found += [f"{stop.name}: wider than {NARROWEST} px: {wide}" for wide in too_wide(stop.page)]
    assert found == []


def violations(page: Page) -> list[str]:
    """What axe has to say, one line per element."""
    report = Axe().run(page).response
    assert report["passes"]
    return [f"{v['id']} {node['target']} {node['html'][:200]}" for v in report["violations"] for node in v["nodes"]]


def markup(page: Page) -> list[str]:
    """Lines that a reader sees and that are tags."""
    return [line for line in page.locator("body").inner_text().splitlines() if "</" in line]


def too_wide(page: Page) -> list[str]:
    """Whether the page itself scrolls sideways (a table in a frame of its own may)."""
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"{width} px"] if width > NARROWEST else []
