"""A form that the browser posts without script after the sign-in has ended: what was entered is sent after all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.every_kind import PASSWORD, Shop
from tests.browser.people import person
from tests.browser.serving import House
from tests.browser.steps import answer, card, option, save_section, start_visit

NOTE = "It moved only\nwhen two people pulled, “hard”. <b>😀</b>"


@pytest.mark.parametrize("restarted", [False, True], ids=["signed out elsewhere", "cookies gone"])
def test_a_section_goes_through_the_sign_in_and_is_saved(
    browser: Browser, house: House, shop: Shop, restarted: bool
) -> None:
    with person(browser, house, script=False) as sun:
        sun.sign_in(shop.email, PASSWORD)
        page = sun.go(shop.new_brief())
        start_visit(page)
        answer(page, "YES", "no")
        card(page, "YES").locator("textarea").fill(NOTE)
        page.context.clear_cookies() if restarted else page.context.clear_cookies(name="auditapp_sign_in")
        save_section(page, "door")

        expect(page.get_by_text("What you entered is in this page and not saved yet.")).to_be_visible()
        page.get_by_label("E-mail").fill(shop.email)
        page.locator("#password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/visits/*")
        expect(option(page, "YES", "no").locator("input")).to_be_checked()
        expect(card(page, "YES").locator("textarea")).to_have_value(NOTE)
        page.reload()
        expect(card(page, "YES").locator("textarea")).to_have_value(NOTE)
