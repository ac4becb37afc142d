"""The comparison at 10,000 stores in 40 regions and 1,000,000 visits: one JSON line per figure.

Run as ``.venv/bin/python benchmarks/comparison.py``. The visits go straight into the tables of a SQLite file of its
own; roll-ups and stored comparison are then made by the program. The chain page is measured as a whole request,
signed in, through the WSGI app. Beside it, in the same run and on the same file, stand the statements that a page
made from raw visits would need (without the intervals, which SQL can't give).
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from sqlalchemy import func, insert, select, text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from auditapp.app import create_app  # noqa: E402
from auditapp.checklist_yaml import canonical, load  # noqa: E402
from auditapp.config import Settings  # noqa: E402
from auditapp.db import rollups  # noqa: E402
from auditapp.db.schema import (  # noqa: E402
    Assignment,
    Base,
    ChecklistVersion,
    QuestionMonth,
    Region,
    Store,
    StoreMonth,
    StorePeriod,
    User,
    Visit,
    Wave,
)
from auditapp.domain.roles import Actor, Role  # noqa: E402
from auditapp.gate.request import COOKIE  # noqa: E402
from auditapp.services import comparison  # noqa: E402
from auditapp.services.accounts.sign_ins import open_sign_in  # noqa: E402
from auditapp.services.context import Context, make_context  # noqa: E402

NOW = datetime(2026, 10, 1, tzinfo=UTC)
REGIONS, STORES, WAVES, VISITS = 40, 10_000, 8, 1_000_000
CHUNK = 50_000
ROUNDS = 40
FACTORS = rollups.FACTORS

RAW = """
SELECT store_id, count(*), sum(total), sum(total * total), avg(rng), avg(cnv), avg(srv), avg(inf), avg(stf), avg(rul),
       sum(criticals > 0)
FROM visit WHERE wave_id = :wave AND state = 'published' AND total IS NOT NULL GROUP BY store_id
"""
RAW_BEFORE = """
SELECT store_id, count(*), sum(total), sum(total * total)
FROM visit WHERE wave_id = :wave AND state = 'published' AND total IS NOT NULL GROUP BY store_id
"""
RAW_HISTORY = """
SELECT store_id, wave_id, avg(total)
FROM visit WHERE store_id BETWEEN :first AND :last AND state = 'published' AND total IS NOT NULL
GROUP BY store_id, wave_id
"""


def report(figure: str, **values: object) -> None:
    """One line."""
    print(json.dumps({"benchmark": "comparison", "figure": figure, **values}), flush=True)


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def median(times: list[float]) -> float:
    """The middle one, in hundredths of a millisecond."""
    return round(statistics.median(times), 2)


def open_context(folder: Path) -> Context:
    """A context with connections of its own."""
    settings = Settings(
        data=folder,
        database_url=f"sqlite:///{folder / 'bench.sqlite3'}",
        public_url="http://localhost",
        secret_key="0" * 40,
    )
    return make_context(settings, lambda: NOW)


def seed(context: Context) -> None:
    """The chain, its waves and its visits."""
    Base.metadata.create_all(context.database.writer)
    checklist, _ = load(ROOT / "checklists" / "supermarket.yaml")
    with context.write() as session:
        session.add_all(Region(id=n + 1, code=f"R{n:02}", name=f"Region {n:02}") for n in range(REGIONS))
        session.add(
            ChecklistVersion(
                id=1, key=checklist.key, version=1, title=dict(checklist.title), method="both",
                canonical=canonical(checklist), sha256="0" * 64, published_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        starts = [date(2024 + (q + 3) // 4, (q + 3) % 4 * 3 + 1, 1) for q in range(WAVES)]
        session.add_all(
            Wave(
                id=n + 1, name=f"Wave {n + 1}", checklist_version_id=1, method="mystery", starts_on=start,
                ends_on=start + timedelta(days=89),
            )
            for n, start in enumerate(starts)
        )  # fmt: skip
        session.add(User(id=1, email="ada@example.org", name="Ada", role="admin", created_at=NOW))
        table(session, Store, stores())
    for first in range(0, VISITS, CHUNK):
        with context.write() as session:
            table(session, Assignment, assignments(first))
            table(session, Visit, visits(first, starts))


def table(session: Session, of: type[Any], rows: Iterator[dict[str, Any]]) -> None:
    """All rows in one executemany."""
    session.connection().execute(insert(of.__table__), list(rows))


def stores() -> Iterator[dict[str, Any]]:
    """The same number in each region."""
    for n in range(STORES):
        yield {
            "id": n + 1, "code": f"{n:05}", "name": f"Store {n:05}", "time_zone": "Europe/London",
            "region_id": n % REGIONS + 1,
        }  # fmt: skip


def assignments(first: int) -> Iterator[dict[str, Any]]:
    """One per visit: visit n belongs to store n mod STORES, and the waves follow one another."""
    for n in range(first, first + CHUNK):
        yield {
            "id": n + 1, "wave_id": n * WAVES // VISITS + 1, "store_id": n % STORES + 1, "list_number": n % 90,
            "opens_at": NOW, "due_at": NOW,
        }  # fmt: skip


def visits(first: int, starts: list[date]) -> Iterator[dict[str, Any]]:
    """Published ones, with a real difference between stores and twice as much noise."""
    random = np.random.default_rng(first)
    level = 80 + 6 * np.sin(np.arange(first, first + CHUNK) % STORES * 12.9898)
    scores = np.clip((level[:, None] + random.normal(0, 8, (CHUNK, 7))) * 10, 0, 1000).astype(int).tolist()
    days = random.integers(0, 90, CHUNK).tolist()
    critical = (random.random(CHUNK) < 0.02).astype(int).tolist()
    for k in range(CHUNK):
        n = first + k
        wave = n * WAVES // VISITS
        day = starts[wave] + timedelta(days=days[k])
        yield {
            "id": n + 1, "assignment_id": n + 1, "store_id": n % STORES + 1, "wave_id": wave + 1,
            "checklist_version_id": 1, "method": "mystery", "state": "published", "created_at": NOW,
            "published_at": NOW, "week": day - timedelta(days=day.weekday()), "day_part": "morning",
            "month": f"{day:%Y-%m}", "total": scores[k][0], **dict(zip(FACTORS, scores[k][1:], strict=True)),
            "verdict": "PASS", "band": "B", "criticals": critical[k],
        }  # fmt: skip


def seed_questions(context: Context, regions: range) -> None:
    """Question tallies of the newest wave for a few regions: what refreshing a region's standards reads."""
    checklist, _ = load(ROOT / "checklists" / "supermarket.yaml")
    asked = [q for q in checklist.questions if q.scored]
    with context.write() as session:
        found = session.execute(
            select(StoreMonth.store_id, StoreMonth.month, StoreMonth.n)
            .join(Store, Store.id == StoreMonth.store_id)
            .where(StoreMonth.wave_id == WAVES, Store.region_id.in_(regions))
        ).all()
        table(
            session,
            QuestionMonth,
            (
                {
                    "store_id": store, "wave_id": WAVES, "month": month, "checklist": checklist.key,
                    "method": "mystery", "question": q.key, "factor": q.factor.value, "asked": n,
                    "failed": (store + k) % 3 == 0, "lost": 120,
                }
                for store, month, n in found
                for k, q in enumerate(asked)
            ),
        )  # fmt: skip


def measure_rebuild(context: Context) -> None:
    """The roll-ups from the visits, and the stored comparison of all waves from the roll-ups."""
    with context.write() as session:
        report("rollups_rebuild", visits=VISITS, ms=median([milliseconds(lambda: rollups.rebuild_all(session))]))
    times = []
    for _ in range(3):
        with context.write() as session:
            times.append(milliseconds(lambda session=session: comparison.rebuild(session, NOW)))
    report(
        "comparison_rebuild", stores=STORES, regions=REGIONS, waves=WAVES, ms=median(times),
        ms_per_wave=median([t / WAVES for t in times]), guide_ms_per_wave=500,
    )  # fmt: skip


def measure_region(context: Context) -> None:
    """Regions of 250 stores, each computed (with their standards) and read for the first time, on new connections."""
    regions = range(2, 14)
    seed_questions(context, regions)
    client, actor = sign_in(context), Actor(1, Role.ADMIN)
    parts: dict[str, list[float]] = {"compute": [], "read": [], "page": []}
    for region in regions:
        public_id = region_id(context, region)
        context.database.dispose()
        with context.write() as session:
            work = partial(comparison.refresh_region, session, region, WAVES, NOW)
            parts["compute"].append(milliseconds(work))
        context.database.dispose()
        with context.read() as session:
            parts["read"].append(milliseconds(partial(comparison.compare, session, actor, public_id)))
        context.database.dispose()
        parts["page"].append(milliseconds(partial(fetch, client, f"/compare?region={public_id}")))
    both = [a + b for a, b in zip(parts["compute"], parts["read"], strict=True)][2:]  # the first ones warm the process
    figures = {f"{name}_ms": median(times[2:]) for name, times in parts.items()}
    report("region_cold", stores=STORES // REGIONS, ms=median(both), guide_ms=25, **figures)


def measure_chain(context: Context) -> None:
    """Pages of 50 stores, in turns with the raw statements, so that both meet the same machine.

    ``ms`` is the whole request; ``ratio`` compares like with like, reading the stored figures with adding up the raw.
    """
    client, actor = sign_in(context), Actor(1, Role.ADMIN)
    pages: list[float] = []
    cpu: list[float] = []
    read: list[float] = []
    raw: list[float] = []
    fetch(client, "/chain")
    gc.collect()
    for n in range(1, ROUNDS + 1):
        began = time.process_time()
        pages.append(milliseconds(lambda n=n: fetch(client, f"/chain?page={n * 5}")))
        cpu.append((time.process_time() - began) * 1000)
        with context.read() as session:
            read.append(milliseconds(lambda session=session, n=n: comparison.chain(session, actor, page=n * 5)))
        if n % 8 == 0:
            raw.append(milliseconds(lambda: raw_page(context)))
    report(
        "chain_page", stores=50, ms=median(pages), cpu_ms=median(cpu), guide_ms=10, stored_ms=median(read),
        raw_ms=median(raw), ratio=round(statistics.median(raw) / statistics.median(read), 1), guide_ratio=50,
        ratio_with_page=round(statistics.median(raw) / statistics.median(pages), 1),
    )  # fmt: skip


def raw_page(context: Context) -> None:
    """What the page shows of its stores, straight from the visits: this wave, the one before, and the histories."""
    with context.read() as session:
        session.execute(text(RAW), {"wave": WAVES}).all()
        session.execute(text(RAW_BEFORE), {"wave": WAVES - 1}).all()
        session.execute(text(RAW_HISTORY), {"first": 101, "last": 150}).all()


def sign_in(context: Context) -> Any:
    """A browser of the admin's."""
    with context.write() as session:
        user = session.get_one(User, 1)
        token = open_sign_in(session, user.id, user.public_id, NOW)
    client = create_app(context=context).test_client()
    client.set_cookie(COOKIE, token)
    return client


def region_id(context: Context, region: int) -> str:
    """The public id of a region."""
    with context.read() as session:
        return session.get_one(Region, region).public_id


def fetch(client: Any, path: str) -> None:
    """One page, which must come."""
    response = client.get(path)
    assert response.status_code == 200, response.status


def main() -> None:
    """Seed, make, measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = open_context(folder)
        report("seed", visits=VISITS, ms=median([milliseconds(lambda: seed(context))]))
        measure_rebuild(context)
        with context.read() as session:
            assert session.scalar(select(func.count()).select_from(StorePeriod)) == STORES * WAVES
        measure_chain(context)
        measure_region(context)
        context.database.dispose()


if __name__ == "__main__":
    main()
