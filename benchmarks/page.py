"""The checklist page on a phone beside a bare Flask app that renders the same HTML: one JSON line per figure.

Run as ``.venv/bin/python benchmarks/page.py``. A shopper is signed in and opens visits of which two thirds are
answered, each in another way. Both programs run under the same gunicorn and get the same requests in turns. The bare
one has all its data in memory and a plain template (parts/templates/page.html), which must give the same tags and
words; that is checked.
"""

from __future__ import annotations

import dataclasses
import difflib
import gzip
import itertools
import json
import re
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402

from auditapp.app import create_app  # noqa: E402
from auditapp.domain.roles import Actor  # noqa: E402
from auditapp.services.context import Context  # noqa: E402
from auditapp.services.visits import reading  # noqa: E402
from auditapp.web import visit_page, visit_words  # noqa: E402
from auditapp.web.visit_cards import asked_of, make_card  # noqa: E402
from benchmarks.parts import seed  # noqa: E402
from benchmarks.parts.serving import TOKEN, Browser, Server, report, serve  # noqa: E402

VISITS = 12
ROUNDS = 6
SECONDS = 2.5
CONNECTIONS = 4
ALIKE = 0.98
LINKED = re.compile(r'(?:href|src)="(/static/[^"?#]+)')
IMPORTED = re.compile(r'from "\./([\w.]+)"')
LATER = re.compile(r'(?:from |import\()"\./([\w.]+)"')


def main() -> None:
    """Seed, serve both, measure in turns, print."""
    with tempfile.TemporaryDirectory(prefix="bench-page-") as name:
        folder = Path(name)
        context = seed.context_in(folder)
        shopper = seed.add_shopper(context, 1)
        visits = seeded_visits(context, shopper, 60, VISITS)
        long_visit = seeded_visits(context, shopper, 120, 1)[0]
        environment = {"AUDITAPP_DATA": str(folder), "BENCH_PAGES": str(folder / "pages.json")}
        with serve("wsgi:app", folder, environment) as ours:
            browser = Browser(ours.port)
            browser.sign_in(seed.email_of(1), seed.PASSWORD)
            first = {visit: page_of(browser, visit) for visit in visits}
            write_plain_pages(context, shopper, first, folder / "pages.json")
            with serve("benchmarks.parts.plain_page:app", folder, environment) as plain:
                check_alike(plain, first)
                measure(ours, plain, browser.cookies, visits)
            sizes(next(iter(first.values())), page_of(browser, long_visit))
            browser.close()
        context.database.dispose()


def seeded_visits(context: Context, shopper: Actor, questions: int, count: int) -> list[str]:
    """Visits with a checklist of so many questions, two thirds of them answered."""
    checklist = seed.checklist_of(questions)
    visits = seed.start_visits(context, shopper, seed.add_wave(context, checklist), count)
    for number, visit in enumerate(visits):
        seed.fill(context, shopper, visit, checklist, number, 0.67)
    return visits


def page_of(browser: Browser, visit: str) -> str:
    """The page's HTML."""
    answer = browser.send("GET", f"/visits/{visit}")
    assert answer.status == 200, f"the page answered {answer.status}"
    return answer.body.decode()


def write_plain_pages(context: Context, shopper: Actor, pages: dict[str, str], path: Path) -> None:
    """The data of the pages, ready for the plain template."""
    app = create_app(context=context)
    found = {visit: plain_data(app, context, shopper, visit, html) for visit, html in pages.items()}
    path.write_text(json.dumps(found), encoding="utf-8")


def plain_data(app: Flask, context: Context, shopper: Actor, visit_id: str, html: str) -> dict[str, Any]:
    """Everything that the plain template shows; addresses and the script's words as the real page has them."""
    with context.read() as session:
        visit = reading.open_visit(session, shopper, visit_id)
    with app.test_request_context():
        page = visit_page.page(visit, "en")
        cards = {
            q.key: dataclasses.asdict(make_card(visit.checklist, q, "en"))
            for section in visit.checklist.sections
            for q in asked_of(section, visit.method)
        }
        words = visit_words.script_words()
    states = visit_page.states_of(visit)
    linked = re.findall(r'(?:href|src)="(/static/[^"#]+)', html)
    return {
        "visit_id": visit.id,
        "here": f"/visits/{visit.id}",
        "name": f"List {visit.row.list_number:02d}",
        "state_words": re.findall(r'id="state">([^<]*)<', html)[0],
        "top_seq": visit.top_seq,
        "seqs": page.seqs,
        "zone": visit.row.time_zone,
        "words": json.dumps(words, ensure_ascii=False),
        "token": TOKEN.findall(html.encode())[0].decode(),
        "left": page.left,
        "first_open": page.first_open,
        "assets": {
            "icon": next(a for a in linked if "icon.svg" in a),
            "css": next(a for a in linked if ".css" in a),
            "js": next(a for a in linked if "visit_form.js" in a),
            "sprite": next(a for a in linked if "sprite.svg" in a),
            "preloads": re.findall(r'modulepreload" href="([^"]+)', html),
        },
        "sections": [
            {
                "key": view.key, "title": view.title, "base": view.base, "done": view.done,
                "answered": view.progress.answered, "asked": view.progress.asked,
                "cards": [
                    {"c": cards[q.key], "s": plain_state(states[q.key])} for q in asked_of(section, visit.method)
                ],
            }
            for view, section in zip(page.sections, visit.checklist.sections, strict=True)
        ],
    }  # fmt: skip


def plain_state(state: visit_page.State) -> dict[str, Any]:
    """A card's state with photos as plain data."""
    return {**state._asdict(), "photos": [dataclasses.asdict(photo) for photo in state.photos]}


def check_alike(plain: Server, pages: dict[str, str]) -> None:
    """Stop where the plain template gives another page by now; a few tags that differ are only told."""
    browser = Browser(plain.port)
    shares = []
    for visit, html in pages.items():
        ours, theirs = tags(html), tags(page_of(browser, visit))
        shares.append(difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio())
        if ours != theirs and len(shares) == 1:
            one, other = next(pair for pair in itertools.zip_longest(ours, theirs) if pair[0] != pair[1])
            print(f"parts/templates/page.html should follow the page:\n  {one}\n  {other}", file=sys.stderr)
    browser.close()
    report("page_plain_html_alike", min(shares), "share of tags", f">= {ALIKE}", pages=len(pages))
    if min(shares) < ALIKE:
        raise SystemExit("The two programs no longer render the same page; their figures can't be compared.")


def tags(html: str) -> list[str]:
    """The page's tags, each with the text behind it, without the token and the white space between tags."""
    return re.sub(r">\s+<", "><", TOKEN.sub(b"", html.encode()).decode()).split("<")


def measure(ours: Server, plain: Server, cookies: dict[str, str], visits: list[str]) -> None:
    """Requests per second and processor time per request of both, in turns; the first turn warms up."""
    turns: list[tuple[tuple[float, float], tuple[float, float]]] = []
    for _ in range(ROUNDS + 1):
        turns.append((drive(ours, cookies, visits), drive(plain, {}, visits)))
    (our_rate, our_cpu), (plain_rate, plain_cpu) = (
        tuple(statistics.median(turn[which][what] for turn in turns[1:]) for what in (0, 1)) for which in (0, 1)
    )
    about: dict[str, object] = {"questions": 60, "connections": CONNECTIONS, "rounds": ROUNDS}
    report("page_requests_per_second", our_rate, "1/s", "", **about)
    report("page_plain_requests_per_second", plain_rate, "1/s", "", **about)
    report("page_requests_ratio", our_rate / plain_rate, "x", ">= 0.5", **about)
    report("page_cpu", our_cpu * 1000, "ms", "", **about)
    report("page_plain_cpu", plain_cpu * 1000, "ms", "", **about)


def drive(server: Server, cookies: dict[str, str], visits: list[str]) -> tuple[float, float]:
    """Ask for pages over some connections for a while; requests per second, and server CPU seconds per request."""
    counts = [0] * CONNECTIONS
    end = time.perf_counter() + SECONDS

    def ask(number: int) -> None:
        browser = Browser(server.port, dict(cookies))
        for visit in itertools.cycle(visits[number:] + visits[:number]):
            if time.perf_counter() >= end:
                break
            answer = browser.send("GET", f"/visits/{visit}")
            if answer.status != 200:
                raise RuntimeError(f"the page answered {answer.status}")
            counts[number] += 1
        browser.close()

    start, before = time.perf_counter(), server.cpu_seconds()
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sum(counts)
    return done / (time.perf_counter() - start), (server.cpu_seconds() - before) / done


def sizes(html: str, long_html: str) -> None:
    """What goes over the line, gzipped as a proxy does it."""
    linked = dict.fromkeys(LINKED.findall(html))
    styles = [path for path in linked if path.endswith(".css")]
    scripts = with_imports([path for path in linked if path.endswith(".js")])
    page = zipped(html.encode())
    css, js = (sum(zipped(static(path)) for path in paths) for paths in (styles, scripts))
    report("page_html_gzip", page / 1024, "KB", "", bytes=len(html.encode()))
    report("page_css_gzip", css / 1024, "KB", "<= 10", files=len(styles))
    report("page_js_gzip", js / 1024, "KB", "<= 15", files=len(scripts))
    report("page_all_gzip", (page + css + js) / 1024, "KB", "<= 45")
    report("page_icons_gzip", zipped(static("/static/any/icons/sprite.svg")) / 1024, "KB", "")
    long_page = long_html.encode()
    report("page_120_questions_html_gzip", zipped(long_page) / 1024, "KB", "<= 40", bytes=len(long_page))


def with_imports(scripts: list[str], names: re.Pattern[str] = IMPORTED) -> list[str]:
    """The scripts and all that they import; by LATER also what they may fetch once the page stands."""
    found = list(scripts)
    for path in found:
        folder = path.rpartition("/")[0]
        found += [p for n in names.findall(static(path).decode()) if (p := f"{folder}/{n}") not in found]
    return found


def static(path: str) -> bytes:
    """The bytes of a static file; its address is /static/<version>/<name>."""
    return (ROOT / "auditapp" / "static" / path.split("/", 3)[-1]).read_bytes()


def zipped(data: bytes) -> int:
    """Its length after gzip at the usual level."""
    return len(gzip.compress(data, 6))


if __name__ == "__main__":
    main()
