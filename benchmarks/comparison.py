"""The comparison at 10,000 stores in 40 regions and 1,000,000 visits: one JSON line per figure.

Run as ``.venv/bin/python benchmarks/comparison.py``. The visits go straight into the tables of a SQLite file of its
own; roll-ups and stored comparison are then made by the program. The chain page is measured as a whole request,
signed in, through the WSGI app. Beside it, in the same run and on the same file, stand the statements that a page
made from raw visits would need (without the intervals, which SQL can't give). Times are medians by the clock; beside
them stands the processor time, which other programs on the machine disturb less.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import func, select, text  # noqa: E402

from auditapp.app import create_app  # noqa: E402
from auditapp.db import rollups  # noqa: E402
from auditapp.db.schema import Region, StorePeriod, User  # noqa: E402
from auditapp.domain.roles import Actor, Role  # noqa: E402
from auditapp.gate.request import COOKIE  # noqa: E402
from auditapp.services import comparison  # noqa: E402
from auditapp.services.accounts.sign_ins import open_sign_in  # noqa: E402
from auditapp.services.context import Context  # noqa: E402
from benchmarks.parts.big_chain import (  # noqa: E402
    NOW,
    REGIONS,
    STORES,
    VISITS,
    WAVES,
    open_context,
    seed,
    seed_questions,
)
from benchmarks.parts.serving import report  # noqa: E402

ROUNDS = 40

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


@dataclass
class Watch:
    """How long some work takes, in milliseconds, again and again."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> None:
        """Do it once more."""
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append((time.perf_counter() - wall) * 1000)
        self.cpu.append((time.process_time() - cpu) * 1000)

    def report(self, figure: str, guide: str = "", **about: object) -> None:
        """Print the medians."""
        report(figure, statistics.median(self.wall), "ms", guide, cpu_ms=round(statistics.median(self.cpu), 3), **about)


def measure_rebuild(context: Context) -> None:
    """The roll-ups from the visits, and the stored comparison of all waves from the roll-ups."""
    watch = Watch()
    with context.write() as session:
        watch.run(lambda: rollups.rebuild_all(session))
    watch.report("comparison_rollups_rebuild", visits=VISITS)
    seed_questions(context)
    watch = Watch()
    for _ in range(3):
        with context.write() as session:
            watch.run(partial(comparison.rebuild, session, NOW))
    per_wave = Watch(*([time / WAVES for time in times] for times in (watch.wall, watch.cpu)))
    per_wave.report("comparison_rebuild_per_wave", "<= 500", stores=STORES, regions=REGIONS, waves=WAVES)


def measure_region(context: Context) -> None:
    """Regions, each computed (with their standards) and read for the first time, on new connections.

    One more stays open throughout, as in a running program: without any, SQLite would make its log file anew each time.
    """
    client, actor = sign_in(context), Actor(1, Role.ADMIN)
    gc.collect()
    with context.database.reader.connect() as other:
        other.execute(text("SELECT 1"))
        other.rollback()
        measure_regions(context, client, actor)


def measure_regions(context: Context, client: Any, actor: Actor) -> None:
    """Each once; the first ones warm the process."""
    compute, read, page = Watch(), Watch(), Watch()
    for region in range(2, 26):
        public_id = region_id(context, region)
        context.database.dispose()
        with context.write() as session:
            compute.run(partial(comparison.refresh_region, session, region, WAVES, NOW))
        context.database.dispose()
        with context.read() as session:
            read.run(partial(comparison.compare, session, actor, public_id))
        context.database.dispose()
        page.run(partial(fetch, client, f"/compare?region={public_id}"))
    both = Watch(*(
        [a + b for a, b in zip(one, other, strict=True)][2:]
        for one, other in ((compute.wall, read.wall), (compute.cpu, read.cpu))
    ))  # fmt: skip
    both.report("comparison_region_cold", "<= 25", stores=STORES // REGIONS)
    compute.report("comparison_region_compute")
    read.report("comparison_region_read")
    page.report("comparison_region_page")


def measure_chain(context: Context) -> None:
    """Pages of 50 stores, in turns with the raw statements, so that both meet the same machine.

    The ratio compares like with like: reading the stored figures with adding up the raw.
    """
    client, actor = sign_in(context), Actor(1, Role.ADMIN)
    page, stored, raw = Watch(), Watch(), Watch()
    fetch(client, "/chain")
    gc.collect()
    for n in range(1, ROUNDS + 1):
        page.run(partial(fetch, client, f"/chain?page={n * 5}"))
        with context.read() as session:
            stored.run(partial(comparison.chain, session, actor, page=n * 5))
        if n % 8 == 0:
            raw.run(partial(raw_page, context))
    page.report("comparison_chain_page", "<= 10", stores=50)
    stored.report("comparison_chain_stored")
    raw.report("comparison_chain_raw", visits=VISITS)
    slow, quick, whole = (statistics.median(watch.wall) for watch in (raw, stored, page))
    report("comparison_chain_ratio", slow / quick, "x", ">= 50", with_page=round(slow / whole, 1))


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
    with tempfile.TemporaryDirectory(prefix="bench-comparison-") as name:
        context = open_context(Path(name))
        watch = Watch()
        watch.run(lambda: seed(context))
        watch.report("comparison_seed", visits=VISITS)
        measure_rebuild(context)
        with context.read() as session:
            assert session.scalar(select(func.count()).select_from(StorePeriod)) == STORES * WAVES
        measure_chain(context)
        measure_region(context)
        context.database.dispose()


if __name__ == "__main__":
    main()
