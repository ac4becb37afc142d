"""Take the pictures of docs/tour.md, from the demo chain as it really runs: `make tour`.

A new demo chain is made in a temporary folder and served; a browser walks through it (tests/browser/walk.py, and
without_signal.py beside it) and photographs what `PICTURES` names. The text of docs/tour.md is written from the same
table.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.people import DESK, Scheme, person  # noqa: E402
from tests.browser.serving import House, forget_queued_scorecards, launch, load_demo, serve  # noqa: E402
from tests.browser.walk import walk  # noqa: E402
from tests.browser.without_signal import without_signal  # noqa: E402

FOLDER = ROOT / "docs" / "tour"
PHONE, WIDE = 390, 1280
PAPER_DPI = 96
MOST_BYTES = 120_000
INK, CANVAS = "#17212b", "#e6eaee"


@dataclass(frozen=True)
class Picture:
    """A stop of the walk at a width and height in CSS pixels, and what to see there."""

    stop: str
    words: str
    width: int = PHONE
    height: int = 844
    scheme: Scheme = "light"

    @property
    def name(self) -> str:
        """The file's name without ending."""
        looks = [str(self.width) if self.stop == "compare" else "", "dark" if self.scheme == "dark" else ""]
        return "-".join([self.stop, *filter(None, looks)])


@dataclass(frozen=True)
class Chapter:
    """What one person sees."""

    title: str
    pictures: tuple[Picture, ...]


TOUR = (
    Chapter(
        "The shopper, on a phone",
        (
            Picture("sign-in", "Sign-in. A language can be picked before anybody knows who is there."),
            Picture("lists", "Lists: what is due, what comes next, what was sent. The title never names a store."),
            Picture("brief", "The brief: what to do and what not to do, then three questions before the visit starts."),
            Picture("checklist", "The checklist in the order of the walk; the top bar says what the server has."),
            Picture("checklist", "The same in the dark, which follows the phone's own setting.", scheme="dark"),
            Picture("checklist-failed", "A failed answer opens its card: what happened, a photo, a note.", height=1000),
            Picture("covered", "Cover: one tap shows a shopping list; holding its title for a second goes back."),
            Picture("check", "Check your answers: what is missing, each line a link. Nothing is sent before Send."),
            Picture("receipt", "The receipt, given only when everything is on the server; it can be opened again."),
            Picture("message", "One question from the reviewer, beside the answer that it concerns."),
        ),
    ),
    Chapter(
        "When the signal goes",
        (
            Picture("no-signal", "No signal: what is entered is kept on the phone, and the top bar says so."),
            Picture("no-signal-photos", "Each photo says where it is."),
            Picture("lists-no-signal", "Every page opens without signal. Lists says what waits."),
            Picture("waiting", "What waits here: what is on the server, what is not yet, and when it is tried again."),
            Picture("waiting", "The same in the dark.", scheme="dark"),
            Picture("sending", "A little signal: photos go up two at a time, and each says how far it is."),
            Picture("needs-you", "A photo arrived damaged from the camera: what is wrong, and two ways on."),
            Picture("sign-in-again", "The sign-in has ended: the work is safe, and goes up after the next one."),
            Picture("second-tab", "The list is open in another tab: here it can be read, or taken over."),
            Picture("two-phones", "Another phone changed the same answer later. All others are merged."),
            Picture("receipt-waits", "Sent without signal: the receipt waits."),
            Picture("receipt-came", "With signal it comes by itself."),
            Picture("new-version", "A new version of the app waits until nothing is open."),
        ),
    ),
    Chapter(
        "The reviewer, at a desk",
        (
            Picture("queue", "The queue: due first at the top. The shopper is a number here too.", WIDE, 420),
            Picture(
                "review", "One visit on one page: sections, answers, photos, and hints on what to look at.", WIDE, 800
            ),
        ),
    ),
    Chapter(
        "The store's manager",
        (
            Picture("manager-home", "Home: the verdict in one sentence and what to fix first, by points lost."),
            Picture("scorecard", "The scorecard as a page, in the same order as on paper.", WIDE, 900),
            Picture("paper-en", "Page 1 of its PDF: verdict, ladder, six factors, what to fix first, trend."),
            Picture("paper-ko", "The same for a store in Seoul: PDFs speak the language of the store."),
        ),
    ),
    Chapter(
        "The regional lead",
        (
            Picture("compare", "Stores in three groups with likely ranges, and no ranks.", WIDE, 800),
            Picture("compare", "On a phone each row becomes a card."),
            Picture("store", "One store in all its waves.", WIDE, 700),
            Picture(
                "failed", "What failed there, with how sure that is, and the visits in which it did.", WIDE, 640, "dark"
            ),
        ),
    ),
    Chapter(
        "The administrator",
        (
            Picture("admin", "Stores, people, checklists, waves and the audit log.", WIDE, 420),
            Picture(
                "admin-import-stores",
                "Stores and people come in by CSV or XLSX; nothing is ever half imported.",
                WIDE,
                620,
            ),
            Picture("admin-wave", "A wave with its assignments.", WIDE, 620),
            Picture(
                "admin-checklists", "Published versions never change; each can be tried as on the phone.", WIDE, 620
            ),
        ),
    ),
)
PICTURES = tuple(picture for chapter in TOUR for picture in chapter.pictures)


def main() -> int:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="auditapp-tour-") as folder, sync_playwright() as playwright:
        data = Path(folder) / "demo"
        load_demo(data)
        forget_queued_scorecards(data)
        browser = launch(playwright)
        with serve(data) as house:
            photograph(browser, house)
        browser.close()
    for old in FOLDER.glob("*.png"):
        if old.stem not in {"cover", *(picture.name for picture in PICTURES)}:
            old.unlink()
    save(cover(), "cover")
    (ROOT / "docs" / "tour.md").write_text(markdown(), encoding="utf-8")
    print(f"docs/tour.md and {len(PICTURES) + 1} pictures in docs/tour")
    return 0


def photograph(browser: Browser, house: House) -> None:
    """Walk through the demo and keep the pictures that the tour shows."""
    print_scorecards(browser, house)
    for stop in chain(walk(browser, house), without_signal(browser, house)):
        for picture in PICTURES:
            if picture.stop == stop.name:
                save(taken(stop.page, picture), picture.name)


def taken(page: Page, picture: Picture) -> Image.Image:
    """The page as the picture wants it; on a phone with two pixels for each of CSS, as real ones have."""
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.emulate_media(color_scheme=picture.scheme)
    page.wait_for_load_state("networkidle")
    return Image.open(BytesIO(page.screenshot(scale="device" if picture.width == PHONE else "css")))


def print_scorecards(browser: Browser, house: House) -> None:
    """Page 1 of the newest scorecard of an English and a Korean store, made by the worker."""
    for language, account in (("en", "manager"), ("ko", "manager-ko")):
        with person(browser, house, DESK) as reader:
            page = reader.sign_in_to_demo(account)
            address = f"{house.base}{page.locator('a.sc-open').get_attribute('href')}.pdf"
            page.request.get(address)
            house.work()
            reply = page.request.get(address)
            if reply.status != 200:
                raise RuntimeError(f"The PDF was not made: {address} answers {reply.status}.")
            save(first_page(reply.body()), f"paper-{language}")


def first_page(pdf: bytes) -> Image.Image:
    """The first page as a picture."""
    command = ["pdftoppm", "-r", str(PAPER_DPI), "-f", "1", "-l", "1", "-png", "-"]
    return Image.open(BytesIO(subprocess.run(command, input=pdf, capture_output=True, check=True).stdout))


def cover() -> Image.Image:
    """A phone, a page and a table side by side, for the README."""
    high, gap = 620, 28
    names = ("checklist", "paper-en", f"compare-{WIDE}")
    pages = [Image.open(FOLDER / f"{name}.png").convert("RGB") for name in names]
    pages = [page.resize((page.width * high // page.height, high), Image.Resampling.LANCZOS) for page in pages]
    whole = Image.new("RGB", (sum(page.width for page in pages) + gap * (len(pages) + 1), high + 2 * gap), CANVAS)
    x = gap
    for page in pages:
        whole.paste(Image.new("RGB", (page.width + 2, page.height + 2), "#c9d1d8"), (x - 1, gap - 1))
        whole.paste(page, (x, gap))
        x += page.width + gap
    return whole


def save(image: Image.Image, name: str) -> None:
    """Keep it with as many colours as fit into `MOST_BYTES`."""
    for colours in (256, 128, 64, 32):
        out = BytesIO()
        with_few_colours(image.convert("RGB"), colours).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    (FOLDER / f"{name}.png").write_bytes(out.getvalue())


def with_few_colours(image: Image.Image, colours: int) -> Image.Image:
    """The commonest colours exactly, for surfaces and letters must not shift; the rest by Pillow's octree."""
    pixels = np.asarray(image).reshape(-1, 3)
    found, place, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    common = found[np.argsort(-counts)[: colours // 2]]
    octree = image.quantize(colours - len(common), Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).getpalette()
    palette = np.concatenate([common, np.array(octree, np.uint8).reshape(-1, 3)])[:colours]
    distance = ((found[:, None].astype(int) - palette[None]) ** 2).sum(axis=2)
    flat = Image.fromarray(distance.argmin(axis=1)[place].astype(np.uint8).reshape(image.height, image.width))
    flat.putpalette(palette.tobytes())
    return flat


def markdown() -> str:
    """docs/tour.md."""
    lines = [
        "# A tour in pictures",
        "",
        "Taken by `make tour` from the demo chain as it runs. The stores and everything about them are invented.",
    ]
    for chapter in TOUR:
        lines += ["", f"## {chapter.title}"]
        for picture in chapter.pictures:
            width = 300 if picture.width == PHONE and not picture.stop.startswith("paper") else 800
            alt = picture.words.replace('"', "&quot;")
            lines += ["", picture.words, "", f'<img src="tour/{picture.name}.png" width="{width}" alt="{alt}">']
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
