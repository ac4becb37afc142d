"""The reader's language: the browser's before sign-in, the account's after it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import person
from tests.browser.serving import House

LATIN, HANGUL, HAN = re.compile("[A-Za-z]"), re.compile("[가-힣]"), re.compile("[一-鿿]")


@pytest.mark.parametrize(
    ("locale", "lang", "letters"), [("ko-KR", "ko", HANGUL), ("zh-TW", "zh-Hant", HAN), ("fr-FR", "en", LATIN)]
)
def test_the_sign_in_page_speaks_the_language_of_the_browser(
    browser: Browser, demo_to_read: House, locale: str, lang: str, letters: re.Pattern[str]
) -> None:
    with person(browser, demo_to_read, locale=locale) as stranger:
        page = stranger.go("/sign-in")
        expect(page.locator("html")).to_have_attribute("lang", lang)
        expect(page.get_by_role("heading", level=1)).to_have_text(letters)
        expect(page.locator("main form button.button")).to_have_text(letters)


def test_after_sign_in_the_account_decides_whatever_the_browser_asks_for(browser: Browser, demo_to_read: House) -> None:
    with person(browser, demo_to_read, locale="en-GB") as manager:
        page = manager.sign_in_to_demo("manager-ko")
        expect(page.locator("html")).to_have_attribute("lang", "ko")
        expect(page.get_by_role("navigation").first).to_have_text(HANGUL)
    with person(browser, demo_to_read, locale="ko-KR") as manager:
        page = manager.sign_in_to_demo("manager")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.get_by_role("navigation").first).not_to_have_text(HANGUL)


def test_a_language_picked_on_the_sign_in_page_stays(browser: Browser, demo_to_read: House) -> None:
    with person(browser, demo_to_read, locale="en-GB") as stranger:
        stranger.go("/sign-in").get_by_role("link", name="한국어").click()
        expect(stranger.page.locator("html")).to_have_attribute("lang", "ko")
        stranger.go("/no-such-page")
        expect(stranger.page.locator("html")).to_have_attribute("lang", "ko")
        expect(stranger.page.get_by_role("heading", level=1)).to_have_text(HANGUL)
