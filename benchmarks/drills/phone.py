"""A drill: one visit with ten photos on a phone whose browser is killed, again and again, in the middle of it.

Run as ``make drill-phone``; one JSON line per figure. The shopper answers, takes photos, loses the signal and has it
again, and sends, all at random; each time the browser dies by SIGKILL it is started on the same profile and goes on
where it was. What the page had said was kept must still be there, and at the end be on the server exactly once.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Error, Page, Playwright, expect, sync_playwright  # noqa: E402
from sqlalchemy import func, select  # noqa: E402

from auditapp.db.schema import AnswerField, AuditEvent, Photo, Visit  # noqa: E402
from auditapp.db.session import Database  # noqa: E402
from benchmarks.parts.serving import report  # noqa: E402
from benchmarks.phone import set_times  # noqa: E402
from tests.browser.every_kind import PASSWORD, Shop, make_shop  # noqa: E402
from tests.browser.line import Line, line_to  # noqa: E402
from tests.browser.people import Person  # noqa: E402
from tests.browser.serving import CHROMIUM, CHROMIUM_ARGUMENTS, serve  # noqa: E402
from tests.browser.steps import start_visit  # noqa: E402
from tests.photo_factory import phone_jpeg, shop_picture  # noqa: E402

KILLS, PHOTOS, SENDING_FROM = 20, 10, 16
UP_SECONDS = (0.3, 5.0)
PHOTO_QUESTIONS = ("YES", "SIGNED", "PHOTO")
CHANGING: dict[str, tuple[str, ...]] = {
    "YES": ("yes", "no"),
    "PARTLY": ("yes", "partly", "no"),
    "SCALE": ("1", "2", "3", "4"),
    "CHOICE": ("they", "me"),
    "COUNT": ("0", "2", "7"),
    "NUMBER": ("4", "6", "9"),
    "TEXT": ("“Cash or card?”", "Nothing", "다음 분이요"),
    "ID": ("yes", "no"),
}
"""What the shopper changes again and again."""
LAST: dict[str, Any] = {
    "YES": "yes", "PARTLY": "yes", "SCALE": "3", "CHOICE": "they", "MULTI": ["taste", "leaflet"], "COUNT": "1",
    "NUMBER": "4", "MINUTES": "2.5", "TEXT": "“Cash or card?”", "CLOCK": "14:05:30", "DATE": "2026-09-14",
    "BARCODE": "4006381333931", "ID": "yes",
}  # fmt: skip
"""What it is when the visit is sent: nothing is missing then."""
GIVE = """([key, given]) => new Promise((done) => {
  const state = document.getElementById("state"), own = (rest) => document.querySelector(`[name="${key}.v"]${rest}`);
  for (const word of [].concat(given)) {
    const box = own(`[value="${word}"]`);
    if (["radio", "checkbox"].includes(box?.type)) { if (!box.checked) box.click(); continue; }
    own("").value = word;
    for (const name of ["input", "change"]) own("").dispatchEvent(new Event(name, { bubbles: true }));
  }
  state.textContent = "";
  const said = () => /^(Kept on this phone|Saved) /.test(state.textContent) && done(true);
  new MutationObserver(said).observe(state, { childList: true, characterData: true, subtree: true });
  setTimeout(done, 15000, false);
})"""
"""Enter an answer; what the page had said before it does not count, only what it says of it."""
CARDS = """() => Object.fromEntries([...document.querySelectorAll(".th")].map((made) =>
  [made.dataset.u, made.querySelector("span")?.textContent ?? "On the server"]))"""
"""What each photo's card says; one that came with the page from the server says nothing more."""
SHOWN = """(wanted) => Object.entries(wanted).every(([key, given]) => {
  const inputs = [...document.querySelectorAll(`[name="${key}.v"]`)], words = [].concat(given);
  if (!["radio", "checkbox"].includes(inputs[0].type)) return inputs[0].value === words[0];
  return inputs.filter((one) => one.checked).map((one) => one.value).join() === words.join();
})"""
RECORDS = """async (user) => {
  const done = (asked) => new Promise((then) => { asked.onsuccess = () => then(asked.result); });
  const db = await done(indexedDB.open("auditapp-" + user));
  const found = {};
  for (const kind of ["answers", "photos", "visits"]) {
    found[kind] = (await done(db.transaction(kind).objectStore(kind).getAll())).map(({ bytes, ...rest }) => rest);
  }
  db.close();
  return found;
}"""


@dataclass
class Phone:
    """A Chromium over a profile that outlives it; ``killed`` counts how often it died."""

    profile: Path
    playwright: Playwright
    killed: int = 0
    dying: bool = False

    def switch_on(self) -> Page:
        """Start it, in a process group of its own."""
        self.dying = False
        told = self.profile / "DevToolsActivePort"
        told.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [shutil.which(CHROMIUM) or self.playwright.chromium.executable_path, *CHROMIUM_ARGUMENTS,
             "--headless=new", "--window-size=390,844", "--lang=en-GB", "--remote-debugging-port=0",
             f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 30
        while not (told.exists() and told.read_text().count("\n")):
            if time.monotonic() > end:
                raise RuntimeError("Chromium did not start")
            time.sleep(0.02)
        port = told.read_text().split("\n")[0]
        self._browser = self.playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        page = self._browser.contexts[0].pages[0]
        page.set_default_timeout(20_000)
        return page

    def kill(self) -> None:
        """End all of its processes at once, as an empty battery does."""
        self.dying = True
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.killed += 1

    def switch_off(self) -> None:
        """End it, if it still runs; not counted."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@dataclass
class Shopper:
    """What the shopper was told by the page, and what of it was gone later."""

    shop: Shop
    line: Line
    rng: random.Random
    visit: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    photos: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    said: int = 0
    lost_answers: set[str] = field(default_factory=set)
    lost_photos: set[str] = field(default_factory=set)

    def begin(self, page: Page) -> None:
        """Sign in, open the brief, go in, give a first answer."""
        person = Person(page, self.line.house)
        person.sign_in(self.shop.email, PASSWORD)
        person.go(self.shop.new_brief())
        expect(page.locator("#phone b")).to_have_text("Ready on this phone", timeout=30_000)
        start_visit(page)
        self.visit = page.url.partition("#")[0]
        self.give(page, "SCALE", "2")

    def open(self, page: Page) -> str:
        """Open the visit again, see that all is there that was kept; the state that the visit is in on this phone."""
        page.goto(self.visit, wait_until="domcontentloaded")
        page.wait_for_selector("html.js #visit, #receipt, #email", state="attached")
        if "/sign-in" in page.url:
            page.locator("#email").fill(self.shop.email)
            page.locator("#password").fill(PASSWORD)
            page.locator("main form button.button").click()
            page.wait_for_selector("html.js #visit, #receipt", state="attached")
        try:
            found = page.evaluate(RECORDS, page.locator("body").get_attribute("data-user"))
        except Error:  # a visit that was sent shows its receipt instead
            page.wait_for_selector("#receipt", state="attached")
            found = page.evaluate(RECORDS, page.locator("body").get_attribute("data-user"))
        state = str(next(v["state"] for v in found["visits"] if self.visit.endswith(v["key"])))
        self.compare(found)
        if state == "editing":
            page.wait_for_function(SHOWN, arg=self.kept)
            page.wait_for_function("keys => keys.every((u) => document.querySelector(`.th[data-u='${u}']`))",
                                   arg=sorted(self.photos - self.lost_photos))  # fmt: skip
        return state

    def compare(self, found: dict[str, Any]) -> None:
        """Note what is gone; of what was entered when the browser died the phone may know or not."""
        there = {r["question"]: r["value"] for r in found["answers"] if r["field"] == "value"}
        for key in self.kept.keys() | self.pending.keys():
            if there.get(key) not in [self.kept.get(key), *([self.pending[key]] if key in self.pending else [])]:
                self.lost_answers.add(key)
        self.kept = {key: value for key, value in there.items() if value is not None}
        self.pending.clear()
        photos = {r["key"] for r in found["photos"] if r["state"] != "gone"}
        self.lost_photos |= self.told - photos
        self.photos = photos

    def give(self, page: Page, key: str, given: Any) -> None:
        """Answer, until the page says that it is kept."""
        self.pending[key] = given
        if page.evaluate(GIVE, [key, given]):
            self.kept[key] = self.pending.pop(key)
            self.said += 1

    def take_photo(self, page: Page) -> None:
        """Take the next photo, until its card says where it is; small ones go as they are, large ones are shrunk."""
        number = len(self.photos)
        size = (2400, 1800) if number % 2 else (800, 600)
        picture = phone_jpeg(shop_picture(*size, seed=number))
        chooser = page.locator(f'input[name="{self.rng.choice(PHOTO_QUESTIONS)}.p"]')
        chooser.set_input_files({"name": "IMG.JPG", "mimeType": "image/jpeg", "buffer": picture})
        page.wait_for_function(f"n => Object.keys(({CARDS})()).length > n", arg=number)
        self.photos = set(page.evaluate(CARDS))
        self.look(page)

    def look(self, page: Page) -> None:
        """Remember which photos are safe, by what their cards say."""
        cards = page.evaluate(CARDS)
        self.told |= {uuid for uuid, words in cards.items() if words in {"On this phone", "On the server"}}

    def work(self, page: Page) -> None:
        """A little of the visit, at random."""
        what = self.rng.choice(["answer"] * 6 + ["photo"] * 3 + ["line"] * 2)
        if what == "line":
            self.line.state = self.rng.choice(["good", "cut"])
        elif what == "photo" and len(self.photos) < PHOTOS:
            self.take_photo(page)
        else:
            key = self.rng.choice([*CHANGING])
            self.give(page, key, self.rng.choice([word for word in CHANGING[key] if word != self.kept.get(key)]))
        self.look(page)

    def finish(self, page: Page) -> None:
        """The rest of the visit, checked and sent; the receipt comes when there is signal."""
        while len(self.photos) < PHOTOS:
            self.take_photo(page)
        for key, given in LAST.items():
            if self.kept.get(key) != given:
                self.give(page, key, given)
        self.look(page)
        page.goto(self.visit + "/check", wait_until="domcontentloaded")
        set_times(page)
        page.get_by_role("button", name="Send").click()
        page.wait_for_url("**/receipt")


def main() -> int:
    """A visit on a phone that dies all the time; what was lost, printed."""
    rng = random.Random()
    with tempfile.TemporaryDirectory(prefix="drill-phone-", ignore_cleanup_errors=True) as name, sync_playwright() as p:
        shop = make_shop(Path(name) / "shop")
        with serve(shop.data) as house, line_to(house) as line:
            line.handle_error = quiet  # type: ignore[method-assign, assignment]
            phone, sun = Phone(Path(name) / "phone", p), Shopper(shop, line, rng)
            (Path(name) / "phone").mkdir()
            try:
                sun.begin(phone.switch_on())
                phone.switch_off()
                while phone.killed < KILLS:
                    line.state = rng.choice(["good", "cut"]) if phone.killed else "good"
                    live(phone, sun)
                received = last_life(phone, sun)
            finally:
                phone.switch_off()
        return int(judge(sun, phone.killed, received))


def quiet(*_about: object) -> None:
    """Answers find nobody, for the browser was killed: that is what this is about."""


def live(phone: Phone, sun: Shopper) -> None:
    """Switch on, go on with the visit, and be killed at some moment."""
    page = phone.switch_on()
    killer = threading.Timer(sun.rng.uniform(*UP_SECONDS), phone.kill)
    before = phone.killed
    killer.start()
    try:
        state = sun.open(page)
        while state == "editing" and phone.killed < SENDING_FROM:
            sun.work(page)
        if state == "editing":
            sun.finish(page)
        while phone.killed == before:
            sun.line.state = sun.rng.choice(["good", "cut"])
            page.goto(sun.visit + "/receipt")
            page.wait_for_timeout(300)
    except Error:
        if not phone.dying:
            raise
    finally:
        killer.join()


def last_life(phone: Phone, sun: Shopper) -> bool:
    """With signal and without trouble: whether the receipt is shown."""
    sun.line.state = "good"
    page = phone.switch_on()
    if sun.open(page) == "editing":
        sun.finish(page)
    page.goto(sun.visit + "/receipt")
    expect(page.locator("#number")).to_have_text(re.compile(r"\w\w \w\w · \w\w \w\w"), timeout=90_000)
    return True


def judge(sun: Shopper, killed: int, received: bool) -> bool:
    """Compare what the server holds with what the page had said, print; whether a figure is wrong."""
    database = Database(f"sqlite:///{sun.shop.data / 'auditapp.sqlite3'}")
    with database.read() as session:
        values = session.scalars(select(AnswerField).where(AnswerField.field == "value"))
        answers = {one.question: json.loads(one.value) for one in values}
        photos = session.scalars(select(Photo).where(Photo.deleted_at.is_(None))).all()
        receipts = [number for number in session.scalars(select(Visit.receipt)) if number]
        sent = session.scalar(select(func.count()).where(AuditEvent.kind == "visit.sent"))
    database.dispose()
    wrong = {key for key, given in sun.kept.items() if answers.get(key) != given}
    there = {photo.uuid for photo in photos}
    doubled = len(photos) - len({photo.raw_sha256 for photo in photos}) + len(photos) - len(there)
    figures = {
        "kills": (killed, killed == KILLS),
        "answers_kept": (sun.said, sun.said > 0),
        "answers_lost": ((gone := len(sun.lost_answers | wrong)), gone == 0),
        "photos_kept": (len(sun.told), len(sun.told) == PHOTOS),
        "photos_lost": ((out := len(sun.lost_photos | (sun.told - there))), out == 0),
        "photos_on_the_server": (len(there), len(there) == PHOTOS),
        "doubled": (doubled, doubled == 0),
        "receipts": (len(receipts), len(receipts) == sent == 1 and received),
    }
    for name, (value, fine) in figures.items():
        report(f"drill_phone_{name}", value, "", "as wanted" if fine else "WRONG")
    return not all(fine for _, fine in figures.values())


if __name__ == "__main__":
    sys.exit(main())
