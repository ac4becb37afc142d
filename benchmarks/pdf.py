"""Scorecard PDFs: CPU of the renderer against headless Chromium printing a naive page of the same content.

Run as ``.venv/bin/python benchmarks/pdf.py``; one JSON line per figure. Both are warm, as a worker would keep them, and
both count user + system time of all their processes. The naive page (parts/naive_scorecard.html) is frozen: it says
what the scorecard of `scorecard` says, laid out with flex and grid as one would for a browser.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from auditapp import checklist_yaml, pdf  # noqa: E402
from auditapp.domain.answers import asked, misses, parse_answer  # noqa: E402
from auditapp.domain.checklist import Checklist, Factor, Method, Question, QuestionType  # noqa: E402
from auditapp.domain.scoring import score, tenths  # noqa: E402
from auditapp.domain.visit import Filled  # noqa: E402
from auditapp.photos import clean  # noqa: E402
from auditapp.services.scorecards.build import build  # noqa: E402
from auditapp.services.scorecards.facts import Facts, Past, PhotoFile  # noqa: E402
from auditapp.services.scorecards.region import RegionFigures  # noqa: E402
from auditapp.services.scorecards.view import Scorecard  # noqa: E402
from auditapp.services.visits.evidence import photo_key  # noqa: E402
from tests.photo_factory import encode, shop_picture  # noqa: E402

ROUNDS = 7
NAIVE = Path(__file__).parent / "parts" / "naive_scorecard.html"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
BAD = ("SUP-RUL-01", "SUP-RNG-03", "SUP-CNV-05", "SUP-RNG-04", "SUP-SRV-01", "SUP-CNV-01")
TICKS = os.sysconf("SC_CLK_TCK")


def answer(question: Question, bad: bool) -> object:
    """The best answer to a scored question, or one that fails; None where nothing is to be scored."""
    if question.options:
        worth = sorted(question.options, key=lambda option: option.value)
        found = worth[0 if bad else -1].key
        return [found] if question.type is QuestionType.MULTI else found
    words = {
        QuestionType.YES_NO: ("yes", "no"),
        QuestionType.YES_PARTLY_NO: ("yes", "no"),
        QuestionType.SCALE: (question.points, 1),
        QuestionType.COUNT: (0, 99),
        QuestionType.NUMBER: (0, 99),
        QuestionType.MINUTES: (1, 99),
    }
    return words[question.type][bad] if question.type in words else None


def filled(checklist: Checklist) -> Filled:
    """One visit: most standards kept, six not, each of those with a reason and a note."""
    raw = {q.key: answer(q, q.key in BAD) for q in checklist.questions}
    values = {key: value for key, one in raw.items() if (value := parse_answer(checklist.by_key[key], one)) is not None}
    return Filled(
        values=values,
        notes=dict.fromkeys(BAD, "Five people were waiting and one till was open. Nobody else came to help."),
        reasons={key: tuple(checklist.by_key[key].reasons)[:1] for key in BAD},
    )


def scorecard(photos: list[str]) -> Scorecard:
    """The scorecard of a supermarket visit, from the shipped checklist, with the photos given by their SHA-256."""
    checklist = checklist_yaml.load(ROOT / "checklists" / "supermarket.yaml")[0]
    given = filled(checklist)
    result = score(checklist, given.values, Method.MYSTERY)
    keys = asked(checklist, given.values, Method.MYSTERY)
    cost = {item.question: int(item.points * 100) for item in result.lost}
    counting = [q for q in checklist.questions if q.scored and q.key in keys and q.key in given.values]
    factors = {factor: tenths(result.factors.get(factor)) for factor in Factor}
    past = tuple(Past(n, 900 - 20 * n, dict.fromkeys(Factor, 900 - 10 * n), f"Q{1 + n % 4} 2026") for n in range(7))
    facts = Facts(
        public_id="0123456789abcdef0123456789abcdef", chain="Northgate Grocers", programme="Store Standards",
        store="Harbour Street", store_code="0417", store_id="f" * 32, region="North", wave="Q4 2026",
        method=Method.MYSTERY, ordinal=3, planned=4, week=date(2026, 9, 14), day_part="afternoon", published=True,
        released=date(2026, 9, 21), current=(now := Past(8, tenths(result.total), factors, "Q4 2026")),
        checklist=checklist, filled=given, result=result, lost={q.key: cost.get(q.key, 0) for q in counting},
        failed=tuple(q.key for q in counting if misses(q, given.values[q.key])), past=(*past, now),
        outcomes=tuple({q.key: q.key in BAD and bool(n % 2) for q in counting} for n in range(4)),
        photos={key: (PhotoFile(sha, sha),) for key, sha in zip(BAD, photos, strict=False)},
        figures=RegionFigures(dict.fromkeys(Factor, 880), (810, 920), 14, float(Fraction(6))),
    )  # fmt: skip
    return build(facts, "en", "https://visits.example.org")


def own_cpu() -> float:
    """CPU seconds of this process and of children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def chromium_cpu() -> float:
    """CPU seconds of all Chromium processes below this one, with those that they have waited for."""
    parents, ticks, names = {}, {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # it has just ended
        fields = rest.split()
        pid = int(folder.name)
        parents[pid], ticks[pid], names[pid] = int(fields[1]), sum(map(int, fields[11:15])), name
    return sum(ticks[pid] for pid in ticks if "chrom" in names[pid] and os.getpid() in lineage(pid, parents)) / TICKS


def lineage(pid: int, parents: dict[int, int]) -> set[int]:
    """The ancestors of a process."""
    found: set[int] = set()
    while pid in parents and pid not in found:
        found.add(pid)
        pid = parents[pid]
    return found


def median_cost(work: Callable[[], object], cpu: Callable[[], float]) -> float:
    """Median CPU seconds of one call; the first warms up."""
    costs = []
    for _ in range(ROUNDS + 1):
        start = cpu()
        work()
        costs.append(cpu() - start)
    return statistics.median(costs[1:])


@contextmanager
def printing(page: Path) -> Iterator[Callable[[], bytes]]:
    """A warm Chromium that loads a page and prints it, again at every call."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def once() -> bytes:
            tab = browser.new_page()
            tab.goto(page.as_uri(), wait_until="load")
            made = tab.pdf(format="A4", print_background=True, tagged=True)
            tab.close()
            return made

        yield once
        browser.close()


def photos_in(folder: Path) -> dict[str, bytes]:
    """Four cleaned photos by storage key; also written as photo-1.jpg … for the naive page."""
    found = {}
    for number in range(1, 5):
        source = folder / "sent.jpg"
        source.write_bytes(encode(shop_picture(2000, 1500, number), "JPEG"))
        made = clean(source)
        (folder / f"photo-{number}.jpg").write_bytes(made.full)
        found[made.sha256] = made.full
    return found


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = photos_in(folder)
        files = {photo_key(sha): data for sha, data in photos.items()}
        card = scorecard(list(photos))

        def render() -> bytes:
            return pdf.render(pdf.html("scorecard/pdf.html", "en", card=card), files.__getitem__, "bench")

        ours = median_cost(render, own_cpu)
        page = folder / "naive.html"
        page.write_bytes(NAIVE.read_bytes())
        with printing(page) as once:
            naive, theirs = median_cost(once, chromium_cpu), once()
        figures = {
            "figure": "scorecard_pdf_cpu_ratio",
            "value": round(naive / ours, 2),
            "means": "CPU of Chromium printing the naive page / CPU of the renderer, per PDF, both warm",
            "renderer_cpu_seconds": round(ours, 3),
            "chromium_cpu_seconds": round(naive, 3),
            "renderer_bytes": len(render()),
            "chromium_bytes": len(theirs),
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
