"""The checklist on a slow phone, in a real Chromium: processor slowed 4 ×, 400 kbit/s, 300 ms; medians of five.

Run as ``.venv/bin/python benchmarks/phone.py``; one JSON line per figure, sizes first. The pages come over the slowed
line, also those that the service worker asks for. An answer counts as durable when the browser says that the
transaction with it is complete, a photo as kept when its card says so.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser as Chromium  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from auditapp.domain.checklist import Checklist  # noqa: E402
from auditapp.domain.roles import Actor  # noqa: E402
from auditapp.services.context import Context  # noqa: E402
from auditapp.services.visits import evidence, registers  # noqa: E402
from auditapp.services.visits.registers import Write  # noqa: E402
from benchmarks import submit  # noqa: E402
from benchmarks.page import LATER, LINKED, page_of, static, with_imports, zipped  # noqa: E402
from benchmarks.parts import seed  # noqa: E402
from benchmarks.parts.serving import Browser, report, serve  # noqa: E402
from tests.browser.line import Line, line_to  # noqa: E402
from tests.browser.people import PHONE  # noqa: E402
from tests.browser.serving import House, launch  # noqa: E402
from tests.photo_factory import phone_jpeg, shop_picture  # noqa: E402

RUNS, QUESTIONS, PHOTOS = 5, 120, 5
CPU, BITS_PER_SECOND, LATENCY_MS = 4, 400_000, 300
SLOW_LINE = {
    "offline": False,
    "latency": LATENCY_MS,
    "downloadThroughput": BITS_PER_SECOND / 8,
    "uploadThroughput": BITS_PER_SECOND / 8,
}
WATCH = """
const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (kinds, mode, ...rest) {
  const made = transaction.call(this, kinds, mode, ...rest);
  if (mode === "readwrite" && [].concat(kinds).includes("answers")) {
    made.addEventListener("complete", () => {
      if (self.tapped) self.durable ??= self.tapped.map((moment) => performance.now() - moment);
    });
  }
  return made;
};
addEventListener("click", (event) => {
  if (event.target.type === "radio") self.tapped ??= [performance.now(), event.timeStamp];
}, true);
addEventListener("change", (event) => { if (event.target.type === "file") self.chosen = performance.now(); }, true);
const look = () => {
  if (!document.documentElement?.classList.contains("js")) return requestAnimationFrame(look);
  const first = document.querySelector(".q:not(.shut) input[type=radio]:not(:checked)");
  if (self.taps) first.click();
  requestAnimationFrame(() => setTimeout(() => { self.usable = performance.now(); }));
};
look();
"""
"""Before a page's own script: when it became usable (from the start of the navigation to the frame after the first
option took a tap), from the moment that the page hears of a tap, and from the touch itself, to the end of the
transaction, when a file was chosen."""


def main() -> None:
    """Seed, serve, look at it from a slow phone, print."""
    with tempfile.TemporaryDirectory(prefix="bench-phone-") as name:
        folder = Path(name)
        context = seed.context_in(folder)
        checklist, shopper = seed.checklist_of(QUESTIONS), seed.add_shopper(context, 1)
        visits = seed.start_visits(context, shopper, seed.add_wave(context, checklist), 2 * RUNS + 1)
        for number, visit in enumerate(visits[RUNS:]):
            fill(context, shopper, visit, checklist, number)
        with serve("wsgi:app", folder, {"AUDITAPP_DATA": str(folder)}, 2, 8) as server, sync_playwright() as p:
            browser = Browser(server.port)
            browser.sign_in(seed.email_of(1), seed.PASSWORD)
            sizes(browser, visits[-1])
            chromium = launch(p)
            with line_to(House(folder, f"http://127.0.0.1:{server.port}")) as line:
                as_a_proxy(line)
                measure(chromium, line, browser.cookies, visits)
            chromium.close()
            browser.close()
        context.database.dispose()


def as_a_proxy(line: Line) -> None:
    """Let the line zip what is text, as the proxy in front of an install does."""
    plain: Any = line.RequestHandlerClass

    class Zipping(plain):  # type: ignore[misc]
        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            if dict(headers).get("Content-Type", "").startswith(("text/", "application/j", "image/svg")):
                headers, body = [*headers, ("Content-Encoding", "gzip")], gzip.compress(body, 6)
            with suppress(OSError):  # a page that was left wants no answer
                super()._answer(status, headers, body)

    line.RequestHandlerClass = Zipping


def fill(context: Context, shopper: Actor, visit: str, checklist: Checklist, number: int) -> None:
    """A visit of which all answers and photos are on the server."""
    made = submit.one_visit(checklist, visit, random.Random(number), context.now(), PHOTOS)
    writes = [Write(key, name, 1, value) for key, fields in made.answers.items() for name, value in fields.items()]
    with context.write() as session:
        merged = registers.patch_answers(session, shopper, visit, "bench", writes, context.now())
    if merged.refused:
        raise ValueError(f"refused: {merged.refused}")
    for uuid, (question, photo) in made.photos.items():
        with tempfile.TemporaryFile() as file:
            file.write(photo)
            file.seek(0)
            evidence.put_photo(context, shopper, visit, uuid, question, file)


def sizes(browser: Browser, visit: str) -> None:
    """What goes over the line, gzipped as a proxy does it."""
    html = page_of(browser, visit)
    linked = dict.fromkeys(LINKED.findall(html))
    own = with_imports([path for path in linked if path.endswith(".js")])
    later = with_imports(own, LATER)
    styles = [path for path in linked if path.endswith(".css")]
    every = [f"/static/any/js/{file.name}" for file in sorted((ROOT / "auditapp/static/js").glob("*.js"))]
    told: tuple[tuple[str, list[bytes], str], ...] = (
        ("page_js", [static(path) for path in own], "<= 15"),
        ("page_js_with_what_is_fetched_later", [static(path) for path in later], ""),
        ("css", [static(path) for path in styles], "<= 10"),
        ("service_worker", [browser.send("GET", "/sw.js").body], "<= 2"),
        ("all_js", [static(path) for path in every], ""),
        ("page_html", [html.encode()], "<= 40"),
    )
    for name, files, guide in told:
        about: dict[str, object] = {"files": len(files), "bytes": sum(map(len, files))}
        report(f"phone_{name}_gzip", sum(map(zipped, files)) / 1024, "KB", guide, **about)


def measure(chromium: Chromium, line: Line, cookies: dict[str, str], visits: list[str]) -> None:
    """Each figure as the median of its runs."""
    first, sent = [], []
    for visit in visits[:RUNS]:
        with phone(chromium, line, cookies) as page:
            first.append(opened(page, line, visit))
    for visit in visits[RUNS : 2 * RUNS]:
        with phone(chromium, line, cookies, taps=False) as page:
            sent.append(send(page, line, visit))
    with phone(chromium, line, cookies) as page:
        ready(page, line, visits[0])
        line.state = "cut"
        again = [reopened(page, line, visits[0]) for _ in range(RUNS)]
        cached = [reopened(page, line, visits[0], "/visits") for _ in range(RUNS)]
        kept = [answer(page) for _ in range(RUNS)]
        shutter = [photo(page, number) for number in range(RUNS)]
    tell("first_usable", first, "ms", "<= 3000", questions=QUESTIONS)
    tell("cached_usable", cached, "ms", "<= 500", questions=QUESTIONS)
    tell("cached_usable_reload", again, "ms", "<= 500", questions=QUESTIONS)
    heard, touched = zip(*kept, strict=True)
    tell("answer_durable", heard, "ms", "<= 50")
    tell("answer_durable_from_the_touch", touched, "ms", "")
    tell("shutter_to_kept", shutter, "ms", "<= 1500", megapixels=12)
    tell("send_to_receipt", sent, "ms", "<= 2000", photos=PHOTOS)


def tell(name: str, found: Sequence[float], unit: str, guide: str, **about: object) -> None:
    """Print a median and what lies around it."""
    between = {"least": round(min(found)), "most": round(max(found))}
    report(f"phone_{name}", statistics.median(found), unit, guide, runs=len(found), **between, **about)


@contextmanager
def phone(chromium: Chromium, line: Line, cookies: dict[str, str], taps: bool = True) -> Iterator[Page]:
    """A slow phone with nothing on it whose shopper is signed in, and taps an option as soon as a page can be used."""
    line.state = "good"
    context = chromium.new_context(viewport=PHONE, device_scale_factor=2, has_touch=True, locale="en-GB")
    context.add_cookies([{"name": k, "value": v, "url": line.house.base} for k, v in cookies.items()])
    context.add_init_script(f"self.taps = {json.dumps(taps)};{WATCH}")
    page = context.new_page()
    page.set_default_timeout(60_000)
    slow(page)
    yield page
    context.close()


def slow(page: Page) -> None:
    """Slow the page's processor and line."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_LINE)


def slow_worker(chromium: Chromium) -> None:
    """Slow the line of the service workers, too, for a page's own conditions don't count there."""
    session = chromium.new_browser_cdp_session()
    for target in session.send("Target.getTargets")["targetInfos"]:
        if target["type"] != "service_worker":
            continue
        attached = session.send("Target.attachToTarget", {"targetId": target["targetId"], "flatten": False})
        calls: list[tuple[str, dict[str, Any]]] = [
            ("Network.enable", {}),
            ("Network.emulateNetworkConditions", SLOW_LINE),
        ]
        for number, (method, params) in enumerate(calls, 1):
            message = json.dumps({"id": number, "method": method, "params": params})
            session.send("Target.sendMessageToTarget", {"sessionId": attached["sessionId"], "message": message})


def opened(page: Page, line: Line, visit: str) -> float:
    """Open the checklist; ms until it can be used."""
    page.goto(f"{line.house.base}/visits/{visit}", wait_until="commit")
    found: float = page.wait_for_function("() => self.usable").json_value()
    return found


def ready(page: Page, line: Line, visit: str) -> None:
    """Open a checklist until the phone has all that it needs without signal."""
    opened(page, line, visit)
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    browser = page.context.browser
    assert browser
    slow_worker(browser)
    opened(page, line, visit)
    page.wait_for_function("path => caches.match(path)", arg=f"/visits/{visit}")


def reopened(page: Page, line: Line, visit: str, start: str = "") -> float:
    """The same checklist with the server gone, from another page or as a reload, once that has come to rest; ms."""
    page.wait_for_function("() => !document.querySelector('.sec:not(.whole)')")
    if start:
        page.goto(line.house.base + start)
        page.wait_for_function("() => document.readyState === 'complete'")
        page.wait_for_timeout(500)
    return opened(page, line, visit)


def answer(page: Page) -> tuple[float, float]:
    """Tap another answer; ms from when the page hears of it, and from the touch, until it is on the disk."""
    page.wait_for_timeout(500)  # what the last one has set off
    page.evaluate("() => { self.tapped = self.durable = undefined; }")
    page.locator(".q:not(.shut) label:has(input[type=radio]:not(:checked))").first.tap()
    heard, touched = page.wait_for_function("() => self.durable").json_value()
    return heard, touched


def photo(page: Page, number: int) -> float:
    """Choose a photo of 12 megapixels; ms until its card says that it is on this phone."""
    data = phone_jpeg(shop_picture(seed=number))
    page.locator(".q:not(.shut) input[type=file]").first.set_input_files(
        {"name": f"IMG_{number}.JPG", "mimeType": "image/jpeg", "buffer": data}
    )
    found: float = page.wait_for_function(
        """n => [...document.querySelectorAll(".th span")].filter((one) => one.textContent === "On this phone")
          .length > n && performance.now() - self.chosen""",
        arg=number,
    ).json_value()
    page.wait_for_timeout(3000)  # it is shrunk meanwhile
    return found


def send(page: Page, line: Line, visit: str) -> float:
    """Send a finished visit; ms from the tap to the receipt."""
    ready(page, line, visit)
    page.wait_for_function("() => document.getElementById('state').textContent.startsWith('Saved')")
    page.goto(f"{line.house.base}/visits/{visit}/check")
    set_times(page)
    page.evaluate("() => addEventListener('submit', () => sessionStorage.setItem('sent', Date.now()), true)")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/receipt")
    shown = "() => document.getElementById('there')?.checkVisibility() && Date.now() - sessionStorage.getItem('sent')"
    found: float = page.wait_for_function(shown).json_value()
    return found


def set_times(page: Page) -> None:
    """A visit of a minute cannot be told from a slip by its minutes alone: say when it was."""
    page.wait_for_function("() => document.getElementById('left').value && document.querySelector('[data-s] small')")
    day = page.locator("#left").input_value()[:10]
    page.locator("#arrived").fill(f"{day}T00:00")
    if page.locator("#left").input_value() <= f"{day}T00:00":
        page.locator("#left").fill(f"{day}T00:01")


if __name__ == "__main__":
    main()
