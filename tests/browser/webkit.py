"""A phone with WebKit, the nearest that Linux has to an iPhone: WebKitGTK on its own screen, driven by selenium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options

from tests.browser.serving import House, free_port

PROGRAM = Path(__file__).with_name("webkit_browser.py")
SYSTEM_PYTHON = "/usr/bin/python3"
NAME = "auditapp-webkit"
NEEDED = "webkit2gtk-driver xvfb python3-gi gir1.2-webkit2-4.1"
SECONDS = 30
"""The longest that anything here is waited for."""
PUT = """const [input, value] = arguments;
input.value = value;
for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));"""
INTO_VIEW = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })"
CONTROLLED = """const done = arguments[0], workers = navigator.serviceWorker;
if (workers.controller) done(); else workers.addEventListener("controllerchange", () => done(), { once: true });"""
GONE = r"(Fetch API|XMLHttpRequest) cannot load|Unhandled Promise Rejection: TypeError: Importing a module"
SCRIPT_ERROR = re.compile(rf"(:\d+:\d+: CONSOLE JS ERROR |(?=Unhandled Promise))(?!{GONE})")
"""What nobody answered for, or whose page was left, is told as an error too; so is a worker that is ended."""


@dataclass(frozen=True)
class Phone:
    """WebKit with one page open."""

    driver: WebDriver

    def go(self, address: str) -> None:
        self.driver.get(address)

    def reload(self) -> None:
        self.driver.refresh()

    @property
    def address(self) -> str:
        """Of the page, without its mark."""
        return str(self.driver.current_url).partition("#")[0]

    def all(self, css: str) -> list[WebElement]:
        return list(self.driver.find_elements("css selector", css))

    def text(self, css: str) -> str:
        """What the first such element shows; nothing if there is none or it is hidden."""
        words = "const e = document.querySelector(arguments[0]); return e?.checkVisibility() ? e.innerText : ''"
        return str(self.driver.execute_script(words, css)).strip()

    def value(self, css: str) -> str:
        return str(self.driver.execute_script("return document.querySelector(arguments[0]).value", css))

    def tap(self, css: str) -> None:
        """Bring it into view, clear of the bars, and touch it."""
        element = self.all(css)[0]
        self.driver.execute_script(INTO_VIEW, element)
        element.click()

    def put(self, css: str, value: str) -> None:
        """Fill in a field at once: WebKitGTK's driver types into date fields as if they were text."""
        self.driver.execute_script(PUT, self.all(css)[0], value)

    def run(self, script: str) -> None:
        self.driver.execute_script(script)

    def controlled(self) -> None:
        """Wait until the app's worker answers for this page."""
        self.driver.execute_async_script(CONTROLLED)

    def shows(self, css: str, pattern: str) -> None:
        """Wait until the first such element's words are like this."""
        self._wait(lambda: re.search(pattern, self.text(css)), lambda: f"{css} says {self.text(css)!r}, not {pattern}")

    def arrives(self, pattern: str) -> None:
        """Wait until the page is one with such an address, and whole."""
        ready = "return document.readyState === 'complete'"
        self._wait(
            lambda: re.search(pattern, self.address) and self.driver.execute_script(ready),
            lambda: f"{self.address} is not {pattern}",
        )

    def _wait(self, true: Callable[[], object], told: Callable[[], str]) -> None:
        deadline = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < deadline, told()
            time.sleep(0.1)

    def held(self, house: House, visit: str) -> dict[str, Any]:
        """What the server holds of a visit, asked past the phone."""
        cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in self.driver.get_cookies())
        address = f"{house.base}/api/v1/visits/{visit}/manifest"
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": cookies}), timeout=10) as reply:
            found: dict[str, Any] = json.load(reply)
        return found


def require() -> None:
    """Without WebKit these tests are skipped only where Debian's packages can't be had; elsewhere that is a failure."""
    files = [
        Path("/usr/lib/python3/dist-packages/gi"),
        *Path("/usr/lib").glob("*/girepository-1.0/WebKit2-4.1.typelib"),
    ]
    if shutil.which("WebKitWebDriver") and shutil.which("Xvfb") and len(files) > 1 and files[0].exists():
        return
    if shutil.which("apt-get") or os.environ.get("CI"):
        pytest.fail(f"WebKitGTK is not on this machine: sudo apt install {NEEDED}")
    pytest.skip(f"WebKitGTK's driver is tested on Debian and Ubuntu only; it needs {NEEDED}")


@contextmanager
def screen() -> Iterator[str]:
    """The name of a display that nobody sees."""
    reader, writer = os.pipe()
    options = ("-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset")
    command = ("Xvfb", "-displayfd", str(writer), *options)
    with os.fdopen(reader) as said, _running(command, pass_fds=(writer,), stderr=subprocess.DEVNULL):
        os.close(writer)
        number = said.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"


@contextmanager
def phone(display: str, profile: Path) -> Iterator[Phone]:
    """WebKit with what an earlier block left in the profile; an error in any script fails the block."""
    profile.mkdir(exist_ok=True)
    log, port = profile / "browser.log", free_port()
    command, quiet = ("WebKitWebDriver", f"--port={port}"), _env(display, profile)
    with log.open("wb") as out, _running(command, env=quiet, stdout=out, stderr=out):
        _await(port)
        wire = RemoteConnection(
            client_config=ClientConfig(remote_server_addr=f"http://127.0.0.1:{port}", timeout=2 * SECONDS)
        )
        driver = webdriver.Remote(wire, options=_options(profile), file_detector=UselessFileDetector())
        driver.set_script_timeout(SECONDS)
        driver.set_page_load_timeout(SECONDS)
        try:
            yield Phone(driver)
        finally:
            driver.quit()
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in said if SCRIPT_ERROR.search(line)]
    assert not errors, "\n".join(errors)


def _options(profile: Path) -> Options:
    options = Options()
    options.set_capability("browserName", NAME)
    options.binary_location = SYSTEM_PYTHON
    for argument in (PROGRAM, profile, NAME):
        options.add_argument(str(argument))
    return options


def _env(display: str, profile: Path) -> dict[str, str]:
    """Nothing of this desktop: no settings, no services, no theme."""
    quiet = {"GSETTINGS_BACKEND": "memory", "GIO_USE_VFS": "local", "NO_AT_BRIDGE": "1", "GDK_BACKEND": "x11"}
    return {"PATH": "/usr/bin:/bin", "HOME": str(profile), "DISPLAY": display, "LANG": "C.UTF-8", "TZ": "UTC", **quiet}


@contextmanager
def _running(command: tuple[str, ...], **options: Any) -> Iterator[None]:
    """A program in a group of its own: a driver that fails leaves no browser behind."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "WebKitWebDriver did not start"
            time.sleep(0.05)
