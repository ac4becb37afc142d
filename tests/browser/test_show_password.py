"""The button that shows what was typed as a password."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.people import DESK, PHONE, person
from tests.browser.serving import House

THUMB = 44


def shows_and_hides(page: Page, field: str) -> None:
    """One press shows the password, another hides it again."""
    typed, button = page.locator(field), page.locator(f'button[aria-controls="{field.removeprefix("#")}"]')
    typed.fill("correct horse")
    box = button.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= THUMB
    expect(typed).to_have_attribute("type", "password")
    for shown in ("true", "false"):
        button.click()
        expect(button).to_have_attribute("aria-pressed", shown)
        expect(typed).to_have_attribute("type", "text" if shown == "true" else "password")
    expect(typed).to_have_value("correct horse")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_password_can_be_shown_where_one_is_typed(browser: Browser, demo_to_read: House, size: ViewportSize) -> None:
    with person(browser, demo_to_read, size) as reader:
        shows_and_hides(reader.go("/sign-in"), "#password")
        page = reader.sign_in_to_demo("manager")
        reader.go("/account")
        for field in ("#current", "#password"):
            shows_and_hides(page, field)


def test_a_password_that_is_shown_is_sent_and_asked_for_again_hidden(browser: Browser, demo_to_read: House) -> None:
    with person(browser, demo_to_read) as reader:
        page = reader.go("/sign-in")
        page.locator("#email").fill("manager@demo.example")
        page.locator("#password").fill("not this one")
        page.get_by_role("button", name="Show Password").click()
        page.get_by_role("button", name="Sign in").click()
        page.locator(".problem").wait_for()
        expect(page.locator("#password")).to_have_attribute("type", "password")
        page.locator("#password").fill("demo-manager-2026")
        page.get_by_role("button", name="Show Password").click()
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Street")


def test_without_script_there_is_no_such_button(browser: Browser, demo_to_read: House) -> None:
    with person(browser, demo_to_read, script=False) as reader:
        expect(reader.go("/sign-in").get_by_role("button")).to_have_text(["Sign in"])
