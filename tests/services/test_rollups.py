"""The roll-ups: bucket by bucket or all at once, they say the same as counting the visits by hand."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from auditapp.db import rollups
from auditapp.db.schema import ChecklistVersion, Outcome, QuestionMonth, Score, StoreMonth, Visit
from auditapp.db.schema.figures import StoreQuestion, StoreWave
from auditapp.services.context import Context
from tests.factories import World, make_published_visit, make_wave, make_world

TABLES = (StoreMonth, QuestionMonth, StoreWave, StoreQuestion)
MONTHS = (datetime(2026, 8, 30, 12, tzinfo=UTC), datetime(2026, 9, 2, 12, tzinfo=UTC))
ANSWERS: tuple[dict[str, object], ...] = ({}, {"S-RNG-1": "na", "S-RNG-2": 9}, {"S-RUL-1": "no", "S-STF-1": "partly"})


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Visits published at two stores in two waves and months, some voided or corrected afterwards."""
    steps: list[tuple[Any, ...]] = []
    for _ in range(draw(st.integers(1, 8))):
        place = (draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from(MONTHS)))
        steps.append(("publish", *place, draw(st.sampled_from(ANSWERS))))
        if draw(st.booleans()):
            change = draw(st.sampled_from(("void", "unscored", "moved", "higher")))
            steps.append((change, draw(st.integers(0, 7))))
    return steps


def play(session: Session, world: World, steps: list[tuple[Any, ...]]) -> None:
    """Do the steps as services do them: change the visit, then recompute its buckets."""
    other_wave = make_wave(session, world.checklist_version, "Q4 2026").id
    visits: list[Visit] = []
    for kind, *details in steps:
        if kind == "publish":
            second_store, second_wave, arrived, answers = details
            visits.append(
                make_published_visit(
                    session, world, answers, arrived=arrived,
                    store=world.other_store if second_store else world.store,
                    wave=other_wave if second_wave else world.wave,
                )
            )  # fmt: skip
            rollups.recompute_for_visit(session, visits[-1])
        else:
            visit = visits[details[0] % len(visits)]
            change(visit, kind)
            rollups.recompute_for_visit(session, visit)


def change(visit: Visit, kind: str) -> None:
    if kind == "void":
        visit.state = "void"
    elif kind == "unscored":
        visit.total = None
    elif kind == "moved":
        visit.month = "2026-07"
    else:
        visit.total, visit.rng = 1000, 1000


def snapshot(session: Session, table: type[Any]) -> set[tuple[Any, ...]]:
    names = [column.key for column in inspect(table).columns]
    return {tuple(getattr(row, name) for name in names) for row in session.scalars(select(table))}


def snapshots(session: Session) -> tuple[set[tuple[Any, ...]], ...]:
    session.expire_all()
    return tuple(snapshot(session, table) for table in TABLES)


def by_hand(session: Session) -> tuple[set[tuple[Any, ...]], ...]:
    """The four tables counted in plain Python."""
    buckets: dict[tuple[Any, ...], list[Visit]] = defaultdict(list)
    for visit in session.scalars(select(Visit).where(Visit.state == "published", Visit.total.is_not(None))):
        key = session.get_one(ChecklistVersion, visit.checklist_version_id).key
        buckets[visit.store_id, visit.wave_id, visit.month, key, visit.method].append(visit)
    stores, questions = set(), set()
    store_waves: dict[tuple[Any, ...], list[int]] = {}  # every visit here has its wave's checklist and method
    store_questions: dict[tuple[Any, ...], list[int]] = {}
    for key, visits in buckets.items():
        row: list[Any] = [*key, len(visits), *sums(visits, "total")[1:], sum(v.criticals > 0 for v in visits)]
        for factor in ("rng", "cnv", "srv", "inf", "stf", "rul"):
            row += sums(visits, factor)
        stores.add(tuple(row))
        add(store_waves, key[:2], row[len(key) :])
        tally: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for visit in visits:
            for one in session.scalars(select(Outcome).where(Outcome.visit_id == visit.id)):
                counts = tally[one.question, one.factor]
                counts[:] = [counts[0] + 1, counts[1] + one.failed, counts[2] + one.lost]
        questions |= {(*key, *question, *counts) for question, counts in tally.items()}
        for (question, _factor), counts in tally.items():
            add(store_questions, (*key[:2], question), counts)
    added = (store_waves, store_questions)
    return stores, questions, *({(*key, *counts) for key, counts in table.items()} for table in added)


def add(table: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], counts: list[int]) -> None:
    table[key] = [a + b for a, b in zip(table.get(key, [0] * len(counts)), counts, strict=True)]


def sums(visits: list[Visit], column: str) -> list[int]:
    known = [value for visit in visits if (value := getattr(visit, column)) is not None]
    return [len(known), sum(known), sum(value * value for value in known)]


@settings(max_examples=25)
@given(steps=histories())
def test_bucket_by_bucket_all_at_once_and_by_hand_agree(context: Context, steps: list[tuple[Any, ...]]) -> None:
    with Session(context.database.writer) as session:  # never committed: each example starts empty
        play(session, make_world(session), steps)
        kept = snapshots(session)
        assert kept == by_hand(session)
        rollups.rebuild_all(session)
        assert snapshots(session) == kept


def test_an_approved_visit_that_is_not_published_counts_nowhere(session: Session) -> None:
    visit = make_published_visit(session, make_world(session))
    visit.state = "approved"
    rollups.recompute_for_visit(session, visit)
    assert snapshots(session) == (set(), set(), set(), set())


def test_a_factor_that_was_not_asked_counts_in_no_sum(session: Session) -> None:
    visit = make_published_visit(session, make_world(session))
    rollups.recompute_for_visit(session, visit)
    bucket = session.scalars(select(StoreMonth)).one()
    assert (bucket.n, bucket.n_rng, bucket.n_cnv, bucket.s_cnv) == (1, 1, 0, 0)


def test_the_kept_results_of_a_visit_are_never_counted_twice(session: Session) -> None:
    visit = make_published_visit(session, make_world(session))
    session.add_all(Score(visit_id=visit.id, revision=n, at=MONTHS[0], result={"total": "100.0"}) for n in (1, 2))
    rollups.recompute_for_visit(session, visit)
    assert session.scalars(select(StoreMonth.n)).all() == [1]
