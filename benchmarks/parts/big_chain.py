"""A chain as large as the comparison has to bear: stores, waves and visits straight into the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Insert, case, insert, literal, select
from sqlalchemy.orm import Session

from auditapp.checklist_yaml import canonical, load
from auditapp.config import Settings
from auditapp.db import rollups
from auditapp.db.schema import (
    Assignment,
    Base,
    ChecklistVersion,
    QuestionMonth,
    Region,
    Store,
    StoreMonth,
    User,
    Visit,
    Wave,
)
from auditapp.domain.checklist import Question
from auditapp.services.context import Context, make_context

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 10, 1, tzinfo=UTC)
REGIONS, STORES, WAVES, VISITS = 40, 10_000, 8, 1_000_000
CHUNK = 50_000


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
            "month": f"{day:%Y-%m}", "total": scores[k][0], **dict(zip(rollups.FACTORS, scores[k][1:], strict=True)),
            "verdict": "PASS", "band": "B", "criticals": critical[k],
        }  # fmt: skip


def seed_questions(context: Context) -> None:
    """Tallies of all questions in the newest wave, as if each visit had answered all: some 360,000 by store."""
    checklist, _ = load(ROOT / "checklists" / "supermarket.yaml")
    asked = [question for question in checklist.questions if question.scored]
    with context.write() as session:
        for number, question in enumerate(asked):
            session.execute(tallies(number, question))
        rollups.add_up_months(session)


def tallies(number: int, question: Question) -> Insert:
    """One question in all buckets of the newest wave; it fails in every third store, once."""
    bucket = [StoreMonth.store_id, StoreMonth.wave_id, StoreMonth.month, StoreMonth.checklist, StoreMonth.method]
    figures: dict[str, Any] = {
        "question": literal(question.key),
        "factor": literal(question.factor.value),
        "asked": StoreMonth.n,
        "failed": case(((StoreMonth.store_id + number) % 3 == 0, 1), else_=0),
        "lost": literal(120),
    }
    found = select(*bucket, *figures.values()).where(StoreMonth.wave_id == WAVES)
    return insert(QuestionMonth).from_select([*(column.key for column in bucket), *figures], found)
