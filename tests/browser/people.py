"""People at their browsers: somebody with a phone or at a desk, who notices whatever goes wrong on a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Response, ViewportSize

from tests.browser.serving import House

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}
KEPT_TYPES = ("image/", "application/pdf", "text/html", "application/json")
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""Chromium's line for a page that is itself an error page, such as a form that comes back."""
FAILED_CALL = ("Failed to load resource", "net::ERR_")
"""A browser's lines for calls that did not get through, or were answered with an error."""
Scheme = Literal["light", "dark"]


@dataclass
class Person:
    """A browser of one's own (its page, what the server sent to it, and what went wrong in it)."""

    page: Page
    house: House
    problems: list[str] = field(default_factory=list)
    served: list[Response] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a path of the house."""
        self.page.goto(path if path.startswith("http") else self.house.base + path)
        return self.page

    def sign_in(self, email: str, password: str) -> Page:
        """Fill in the sign-in page."""
        page = self.go("/sign-in")
        page.get_by_label("E-mail").or_(page.locator("#email")).fill(email)
        page.locator("#password").fill(password)
        page.locator("main form button.button").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def sign_in_to_demo(self, name: str) -> Page:
        """Sign in to one of the demo accounts, by the first part of its address."""
        return self.sign_in(f"{name}@demo.example", f"demo-{name}-2026")

    def forgive(self, *words: str) -> None:
        """Calls that failed so far were meant to, and so was whatever holds one of these words; nothing else was."""
        others = [p for p in self.problems if not any(word in p for word in (*FAILED_CALL, *words))]
        self.problems.clear()
        assert others == []

    def bytes_served(self) -> list[tuple[str, bytes]]:
        """Address and body of everything of interest that came over the network, static files aside."""
        return [(response.url, _body(response)) for response in self.served]


@contextmanager
def person(
    browser: Browser,
    house: House,
    size: ViewportSize = PHONE,
    script: bool = True,
    scheme: Scheme = "light",
    locale: str = "en-GB",
) -> Iterator[Person]:
    """A new browser window with nothing in it; whatever went wrong in it and was not forgiven fails the block."""
    context = browser.new_context(
        viewport=size,
        java_script_enabled=script,
        color_scheme=scheme,
        locale=locale,
        device_scale_factor=2,
        reduced_motion="reduce",
        has_touch=size["width"] < 640,
    )
    try:
        someone = _watched(context.new_page(), house)
        yield someone
        if someone.problems:
            raise AssertionError("\n".join(someone.problems))
    finally:
        context.close()


def _watched(page: Page, house: House) -> Person:
    """Chromium tells of script errors, refused inline code and failed requests on its console."""
    found = Person(page, house)

    def hear(message: ConsoleMessage) -> None:
        refused_page = message.text.startswith(REFUSED) and message.location.get("url") == page.url
        if message.type in {"error", "warning"} and not refused_page:
            found.problems.append(f"{page.url}: {message.text}")

    def keep(response: Response) -> None:
        kind = response.headers.get("content-type", "")
        if "/static/" not in response.url and kind.startswith(KEPT_TYPES):
            found.served.append(response)

    page.on("console", hear)
    page.on("pageerror", lambda error: found.problems.append(f"{page.url}: {error.message}"))
    page.on("response", keep)
    return found


def _body(response: Response) -> bytes:
    try:
        return response.body()
    except Error:  # redirects, and answers 304, have none
        return b""
