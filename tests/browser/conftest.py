"""A real server, real data folders and a real Chromium. Every test here has the marker `browser`."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from auditapp.services import photo_files
from auditapp.services.context import Context
from tests.browser.a_visit import begin
from tests.browser.every_kind import EVERY_KIND, PASSWORD, Shop, context_of, make_shop
from tests.browser.line import Line, line_to
from tests.browser.people import Person, person
from tests.browser.serving import House, copy, forget_queued_scorecards, launch, load_demo, serve

HERE = Path(__file__).parent
SHARED = ("house", "demo_to_read")
"""Programs that serve several tests."""
SETTLES_SECONDS = 15


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The demo chain in a folder that nobody writes to; made once, also where several processes test."""
    base = tmp_path_factory.getbasetemp()
    data = (base if worker_id == "master" else base.parent) / "demo-chain"
    with data.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            load_demo(data)
            forget_queued_scorecards(data)
    return data


@pytest.fixture
def demo(demo_data: Path, tmp_path: Path) -> Iterator[House]:
    """The demo chain, served, for one test alone."""
    with serve(copy(demo_data, tmp_path / "demo")) as house:
        yield house


@pytest.fixture(scope="session")
def demo_to_read(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo chain, served, for all tests that change nothing in it."""
    with serve(copy(demo_data, tmp_path_factory.mktemp("read") / "demo")) as house:
        yield house


@pytest.fixture(scope="module")
def checklist() -> str:
    """The checklist of the shop; a file of tests may have its own, under the same key."""
    return EVERY_KIND


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, checklist: str) -> Shop:
    """A shop with that checklist, for the tests of one file."""
    return make_shop(tmp_path_factory.mktemp("every-kind") / "shop", checklist)


@pytest.fixture(scope="module")
def house(shop: Shop) -> Iterator[House]:
    """That shop, served."""
    with serve(shop.data) as served:
        yield served


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    """A line to that shop, for one test."""
    with line_to(house) as made:
        yield made


@pytest.fixture
def sun(browser: Browser, line: Line, shop: Shop) -> Iterator[Person]:
    """The shopper, on the page of a visit that is ready on the phone and just begun."""
    with person(browser, line.house) as someone:
        someone.sign_in(shop.email, PASSWORD)
        begin(someone, shop)
        yield someone
        someone.forgive()


@pytest.fixture(autouse=True)
def no_accident(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """After every test: the web program met nothing that it did not expect, and every photo has its files, every file
    its photo; also where the test served by itself, from a folder of its own."""
    shared = [request.getfixturevalue(name).data for name in SHARED if name in request.fixturenames]
    yield
    for data in (*shared, *(log.parent for log in tmp_path.glob("*/web.log"))):
        log = House(data, "").log()
        assert "Traceback" not in log, log[-4000:]
        assert '"level": "error"' not in log, log[-4000:]
        with context_of(data) as context:
            assert settled(context) == photo_files.Findings(missing=(), orphans=(), wrong=())


def settled(context: Context) -> photo_files.Findings:
    """What is wrong with the photos once no upload is under way: its page may be gone, and its files come a moment
    before its row."""
    deadline = time.monotonic() + SETTLES_SECONDS
    while not (found := photo_files.verify(context)).clean and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
