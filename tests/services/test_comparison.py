"""Comparing stores: bands, changes, cells, drills, and who may look."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from auditapp import statistics
from auditapp.db import rollups
from auditapp.db.schema import Region, RegionPeriod, Store, StorePeriod, Visit, Wave
from auditapp.db.schema.figures import RegionQuestion
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor
from auditapp.i18n import translations
from auditapp.services import comparison
from auditapp.services.comparison.headline import headline
from auditapp.services.comparison.scales import axis, trend_path
from auditapp.services.comparison.views import StoreRow, cell
from auditapp.services.context import Context
from tests.factories import NOW, World, make_published_visit, make_wave, make_world

FOUR = ([600, 640, 560, 620], [780, 860, 800, 860], [830, 870, 790, 830], [970, 1000, 940, 970])
NAMES = ("Alder Way", "Birch Row", "Cedar Lane", "Dale End")


def add_store(session: Session, world: World, name: str, **more: Any) -> int:
    store = Store(code=name[:4], name=name, time_zone="Europe/London", **{"region_id": world.region, **more})
    session.add(store)
    session.flush()
    return store.id


def publish(session: Session, world: World, store: int, totals: Sequence[int], **more: Any) -> list[Visit]:
    """Published visits with these totals (tenths), and the figures moved."""
    visits = [make_published_visit(session, world, store=store, total=total, **more) for total in totals]
    move(session, visits[-1])
    return visits


def move(session: Session, visit: Visit) -> None:
    rollups.recompute_for_visit(session, visit)
    region = session.get_one(Store, visit.store_id).region_id
    comparison.refresh_region(session, region, visit.wave_id, NOW)


def four_stores(session: Session, world: World) -> list[int]:
    """One store far below, two in the middle, one far above."""
    stores = [add_store(session, world, name, format="super") for name in NAMES]
    for store, totals in zip(stores, FOUR, strict=True):
        publish(session, world, store, totals)
    return stores


def rows(session: Session, actor: Actor, **more: Any) -> dict[str, StoreRow]:
    table = comparison.compare(session, actor, **more).table
    return {row.name: row for row in table.rows} if table else {}


def earlier(session: Session, world: World, name: str = "Q2 2026", months: int = 3, **more: Any) -> int:
    wave = make_wave(session, world.checklist_version, name, date(2026, 7, 1) - timedelta(days=30 * months))
    for key, value in more.items():
        setattr(wave, key, value)
    session.flush()
    return wave.id


# Bands


def test_a_store_is_below_or_above_only_where_its_range_leaves_out_the_regions_line(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    found = rows(session, world.lead)
    assert [found[name].band for name in NAMES] == ["below", "same", "same", "above"]
    assert all(found[name].low <= found[name].estimate <= found[name].high for name in NAMES)
    assert {row.line for row in found.values()} == {80.8}


def test_the_stored_range_is_the_one_of_the_statistics(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    points = [[total / 10 for total in totals] for totals in FOUR]
    expected = statistics.estimates([4] * 4, [sum(p) for p in points], [sum(x * x for x in p) for p in points])
    stored = session.scalars(select(StorePeriod).order_by(StorePeriod.store_id)).all()
    assert [row.estimate for row in stored] == pytest.approx(expected.estimate.tolist())
    assert [row.low for row in stored] == pytest.approx(expected.low.tolist())


def test_below_three_visits_nothing_is_said_of_a_store(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    publish(session, world, add_store(session, world, "Elm Park"), [100, 120])
    few = rows(session, world.lead)["Elm Park"]
    assert (few.band, few.low, few.high, few.mean) == ("too_few", None, None, 11.0)


def test_the_reader_may_ask_for_more_visits_but_not_for_fewer(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    assert {row.band for row in rows(session, world.lead, least_visits=5).values()} == {"too_few"}
    assert rows(session, world.lead, least_visits=1)["Alder Way"].band == "below"


def test_one_store_alone_is_not_compared_with_itself(session: Session) -> None:
    world = make_world(session)
    publish(session, world, world.store, [700, 800, 900, 850])
    view = comparison.compare(session, world.lead)
    assert [row.band for row in view.table.rows] == ["too_few"]
    assert view.headline == ("Too little to compare yet: it takes two stores, and 3 visits to each.",)


def test_a_format_narrows_the_rows_and_never_moves_the_line(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    publish(session, world, add_store(session, world, "Elm Park", format="express"), [100, 120, 110])
    everyone, narrowed = (comparison.compare(session, world.lead, store_format=f) for f in ("", "express"))
    assert [row.name for row in narrowed.table.rows] == ["Elm Park"]
    assert narrowed.line == everyone.line
    assert [choice.value for choice in narrowed.filters.formats] == ["express", "super"]


# Changes and history


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ([900, 905, 895, 900], [820, 825, 815, 820], True),
        ([860, 865, 855, 860], [820, 825, 815, 820], False),
        ([900, 700, 990, 810], [800, 600, 890, 710], False),
    ],
    ids=["ten points and steady", "significant but below five points", "ten points but noisy"],
)
def test_changed_means_more_than_chance_and_at_least_five_points(
    session: Session, before: list[int], after: list[int], changed: bool
) -> None:
    world = make_world(session)
    past = earlier(session, world)
    publish(session, world, world.store, before, wave=past)
    publish(session, world, world.store, after)
    row = rows(session, world.lead)["Harbour Street"]
    assert row.change == pytest.approx((sum(after) - sum(before)) / 40)
    assert row.changed is changed


def test_a_wave_of_another_method_is_not_the_wave_before(session: Session) -> None:
    world = make_world(session)
    audit = earlier(session, world, "Audit", months=1, method="observation")
    older = earlier(session, world, "Q1 2026", months=6)
    for wave, total in ((audit, 300), (older, 900)):
        publish(session, world, world.store, [total] * 3, wave=wave)
    publish(session, world, world.store, [800, 810, 790])
    view = comparison.compare(session, world.lead)
    assert view.table.since == "Q1 2026"
    assert view.table.rows[0].change == pytest.approx(-10)
    assert view.table.rows[0].history == (90.0, 80.0)


def test_voiding_a_visit_of_the_wave_before_moves_the_change_of_this_one(session: Session) -> None:
    world = make_world(session)
    past = earlier(session, world)
    visits = publish(session, world, world.store, [900, 600], wave=past)
    publish(session, world, world.store, [700, 710, 690])
    assert rows(session, world.lead)["Harbour Street"].change == pytest.approx(-5)
    visits[0].state = "void"
    move(session, visits[0])
    assert rows(session, world.lead)["Harbour Street"].change == pytest.approx(10)


def test_the_history_holds_eight_waves_and_leaves_gaps_where_no_visit_was(session: Session) -> None:
    world = make_world(session)
    waves = [earlier(session, world, f"W{n}", months=n) for n in range(1, 10)]
    for wave in waves[1:]:
        publish(session, world, world.store, [800], wave=wave)
    publish(session, world, world.store, [850])
    row = rows(session, world.lead)["Harbour Street"]
    assert row.history == (80.0, 80.0, 80.0, 80.0, 80.0, 80.0, None, 85.0)


def test_a_trend_begins_anew_after_a_gap() -> None:
    scale = axis([50, 100], 20)
    assert trend_path((50.0, 60.0, None, 100.0), scale).split("M")[1:] == ["0.0 18.2 L28.0 14.5 ", "84.0 0.0"]


# Stored once, right for ever


def snapshot(session: Session) -> list[set[tuple[Any, ...]]]:
    session.expire_all()
    return [
        {
            tuple(round(v, 9) if isinstance(v, float) else v for k in names if (v := getattr(row, k)) is not row)
            for row in session.scalars(select(table))
        }
        for table in (StorePeriod, RegionPeriod, RegionQuestion)
        if (names := [column.key for column in inspect(table).columns])
    ]


@settings(max_examples=15)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 2),
            st.integers(0, 1000),
            st.sampled_from([{}, {"S-RUL-1": "no"}]),
            st.none() | st.integers(0, 9),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_refreshing_step_by_step_and_rebuilding_agree(context: Context, steps: list[tuple[Any, ...]]) -> None:
    with Session(context.database.writer) as session:  # never committed: each example starts empty
        world = make_world(session)
        stores = [world.store, world.other_store, *(add_store(session, world, name) for name in NAMES[:2])]
        waves = [world.wave, earlier(session, world), earlier(session, world, "Q1 2026", 6)]
        visits: list[Visit] = []
        for store, wave, total, answers, void in steps:
            visits += publish(session, world, stores[store], [total], wave=waves[wave], answers=answers)
            if void is not None:
                visits[void % len(visits)].state = "void"
                move(session, visits[void % len(visits)])
        kept = snapshot(session)
        rollups.rebuild_all(session)
        assert comparison.rebuild(session, NOW) == len(kept[0])
        assert snapshot(session) == kept


def test_everything_can_be_rebuilt_from_the_visits_alone(context: Context) -> None:
    with context.write() as session:
        world = make_world(session)
        make_published_visit(session, world)
    assert comparison.rebuild_everything(context) == 1
    with context.read() as session:
        assert rows(session, world.lead)["Harbour Street"].mean == 100.0


def test_a_store_that_moved_stands_in_its_new_region_only(session: Session) -> None:
    world = make_world(session)
    stores = four_stores(session, world)
    session.get_one(Store, stores[0]).region_id = world.other_region
    comparison.refresh_region(session, world.other_region, world.wave, NOW)
    comparison.refresh_region(session, world.region, world.wave, NOW)
    assert list(rows(session, world.other_lead)) == ["Alder Way"]
    assert "Alder Way" not in rows(session, world.lead)


def test_a_region_without_any_visit_left_has_no_line_left(session: Session) -> None:
    world = make_world(session)
    visit = publish(session, world, world.store, [800])[0]
    visit.state = "void"
    move(session, visit)
    assert session.scalars(select(RegionPeriod)).all() == []
    assert comparison.compare(session, world.lead).table is None


# Cells, criticals, standards


@pytest.mark.parametrize(
    ("score", "gap", "level"),
    [
        (85.0, 0, 0), (99.0, 0, 0), (84.6, 0, 0), (84.5, 1, 1), (79.6, 5, 1), (79.5, 6, 2),
        (70.6, 14, 2), (70.5, 15, 3), (0.0, 85, 3), (None, 0, 0),
    ],
)  # fmt: skip
def test_a_cell_is_shaded_by_whole_points_below_target(score: float | None, gap: int, level: int) -> None:
    found = cell("STF", score, 85.0)
    assert (found.gap, found.level) == (gap, level)


def test_a_factor_nobody_asked_about_is_neither_zero_nor_below_target(session: Session) -> None:
    world = make_world(session)
    publish(session, world, world.store, [600])
    row = rows(session, world.lead)["Harbour Street"]
    assert [one.score for one in row.cells] == [60.0, None, None, None, 60.0, 60.0]
    assert row.worst.factor == "RNG"


def test_open_criticals_are_the_published_visits_of_the_wave_in_which_one_fired(session: Session) -> None:
    world = make_world(session)
    for answers in ({"S-RUL-1": "no"}, {"S-RUL-1": "no"}, {}):
        move(session, make_published_visit(session, world, answers))
    view = comparison.compare(session, world.lead)
    assert view.table.rows[0].criticals == 2
    assert view.critical_stores == 1


def test_four_failures_of_eight_stand_above_one_of_one(session: Session) -> None:
    world = make_world(session)
    answers = [{"S-RUL-2": "no"}] * 4 + [{}] * 4
    for number, told in enumerate(answers):
        bread = "no" if number == 0 else "na"
        move(session, make_published_visit(session, world, {**told, "S-RNG-1": bread}))
    found = comparison.compare(session, world.lead).standards
    assert [(one.key, one.failed, one.asked, one.stores) for one in found] == [
        ("S-RUL-2", 4, 8, 1),
        ("S-RNG-1", 1, 1, 1),
    ]
    assert (found[0].low, found[0].high) == pytest.approx(statistics.wilson(4, 8))


# Drilling down


def test_a_stores_page_shows_its_waves_factors_failures_and_visits(session: Session) -> None:
    world = make_world(session)
    past = earlier(session, world)
    publish(session, world, world.store, [900] * 4, wave=past)
    publish(session, world, world.store, [700, 705, 695, 700], answers={"S-STF-1": "no"})
    page = comparison.store_page(session, world.lead, public_of(session, Store, world.store))
    assert [(wave.period.name, wave.row.mean) for wave in page.waves] == [("Q3 2026", 70.0), ("Q2 2026", 90.0)]
    staff = next(line for line in page.factors if line.cell.factor == "STF")
    assert (staff.cell.score, staff.change, staff.changed) == (70.0, -20.0, True)
    assert [(one.key, one.failed) for one in page.standards] == [("S-STF-1", 4)]
    assert len(page.visits) == 4


def test_a_cell_leads_to_the_failed_questions_of_that_factor_and_their_visits(session: Session) -> None:
    world = make_world(session)
    failed = make_published_visit(session, world, {"S-RUL-1": "no", "S-RNG-1": "no"})
    move(session, failed)
    move(session, make_published_visit(session, world))
    page = comparison.failed_page(session, world.lead, public_of(session, Store, world.store), factor="RUL")
    assert [one.key for one in page.standards] == ["S-RUL-1"]
    assert page.standards[0].critical
    assert page.standards[0].rule == "Ask every time."
    assert [visit.id for visit in page.standards[0].visits] == [failed.store_public_id]


def test_a_visit_before_its_publication_is_nowhere_on_the_drill(session: Session) -> None:
    world = make_world(session)
    move(session, make_published_visit(session, world, {"S-RUL-1": "no"}))
    secret = make_published_visit(session, world, {"S-RUL-1": "no", "S-RNG-1": "no"})
    secret.state = "approved"
    move(session, secret)
    store = public_of(session, Store, world.store)
    page, failed = comparison.store_page(session, world.lead, store), comparison.failed_page(session, world.lead, store)
    assert secret.store_public_id not in {visit.id for visit in page.visits}
    assert {visit.id for one in failed.standards for visit in one.visits} == {page.visits[0].id}
    assert [one.key for one in failed.standards] == ["S-RUL-1"]


def public_of(session: Session, table: type[Any], key: int) -> str:
    found: str = session.get_one(table, key).public_id
    return found


# The chain


def test_the_chain_is_paged_by_fifty_without_losing_or_repeating_a_store(session: Session) -> None:
    world = make_world(session)
    for n in range(53):
        store = add_store(session, world, f"{n:03} Street", region_id=(world.region, world.other_region)[n % 2])
        make_published_visit(session, world, store=store, total=500 + n * 7 % 400)
    rollups.rebuild_all(session)
    comparison.rebuild(session, NOW)
    pages = [comparison.chain(session, world.reviewer, page=page) for page in (1, 2)]
    assert [len(page.table.rows) for page in pages] == [50, 3]
    assert len({row.public_id for page in pages for row in page.table.rows}) == 53
    means = [row.mean for page in pages for row in page.table.rows]
    assert means == sorted(means)
    assert (pages[0].stores, pages[0].visits, pages[0].counts["too_few"]) == (53, 53, 53)


def test_each_store_of_the_chain_is_held_against_its_own_region(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    publish(session, world, world.other_store, [500, 510, 490])
    lines = {row.name: row.line for row in comparison.chain(session, world.admin).table.rows}
    assert (lines["Alder Way"], lines["Mill Lane"]) == (80.8, 50.0)


# Words


def row(name: str, band: str) -> StoreRow:
    return StoreRow(
        public_id="", name=name, code="", format="", region="", region_public_id="", line=80.0, band=band,
        visits=4, mean=80.0, estimate=80.0, low=70.0, high=90.0, change=None, changed=False, cells=(), history=(),
        criticals=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        (["below", "same", "same"], ("0 is below the region.", "2 of 3 stores can't be told apart from it.")),
        (["below", "below", "above"], ("0 and 1 are below the region.", "2 is above the region.")),
        (
            ["same", "above", "above", "above", "above"],
            ("4, 3 and 2 more are above the region.", "1 of 5 stores can't be told apart from it."),
        ),
        (["same", "same", "too_few"], ("No store stands out: the 2 stores can't be told apart.",)),
        (["same"], ("The one store with enough visits can't be told apart from the region.",)),
        (["too_few"], ("Too little to compare yet: it takes two stores, and 3 visits to each.",)),
    ],
)
def test_the_headline_says_who_stands_out_and_how_many_do_not(bands: list[str], expected: tuple[str, ...]) -> None:
    shown = [row(str(n), band) for n, band in enumerate(bands)]
    assert headline(shown, 3, translations("en")) == expected


# Spreadsheet


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_spreadsheet_holds_the_rows_shown_with_range_and_visits(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    view = comparison.compare(session, world.lead)
    lines = read(comparison.as_csv(view))
    assert [line["store"] for line in lines] == [one.name for one in view.table.rows]
    first = view.table.rows[0]
    assert (lines[0]["n"], lines[0]["score"]) == ("4", "60.5")
    assert (float(lines[0]["lo"]), float(lines[0]["hi"])) == (first.low, first.high)


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-A1", "@x", "\tx", "\rx"])
def test_a_name_that_looks_like_a_formula_stays_text(session: Session, name: str) -> None:
    world = make_world(session)
    session.get_one(Store, world.store).name = name
    past = earlier(session, world)
    publish(session, world, world.store, [900], wave=past)
    publish(session, world, world.store, [800])
    line = read(comparison.as_csv(comparison.compare(session, world.lead)))[0]
    assert line["store"] == f"'{name}"
    assert line["change"] == "-10.0"


# Who may look


def test_a_lead_without_choosing_sees_the_own_region_and_no_other(session: Session) -> None:
    world = make_world(session)
    four_stores(session, world)
    view = comparison.compare(session, world.lead)
    assert view.region == "North"
    assert [choice.label for choice in view.filters.regions] == ["North"]
    assert comparison.compare(session, world.other_lead).table is None


def test_an_outsider_gets_no_region_no_store_and_no_failures(session: Session) -> None:
    world = make_world(session)
    move(session, make_published_visit(session, world))
    region, store = public_of(session, Region, world.region), public_of(session, Store, world.store)
    for outsider in (world.other_lead, world.manager, world.other_manager, world.shopper):
        with pytest.raises(NotFound):
            comparison.compare(session, outsider, region)
        with pytest.raises(NotFound):
            comparison.store_page(session, outsider, store)
        with pytest.raises(NotFound):
            comparison.failed_page(session, outsider, store)


def test_only_those_who_reach_everything_see_the_chain(session: Session) -> None:
    world = make_world(session)
    move(session, make_published_visit(session, world))
    for actor in (world.reviewer, world.admin):
        assert comparison.chain(session, actor).stores == 1
    for outsider in (world.lead, world.manager, world.shopper):
        with pytest.raises(NotFound):
            comparison.chain(session, outsider)


def test_what_is_not_there_is_not_found(session: Session) -> None:
    world = make_world(session)
    move(session, make_published_visit(session, world))
    store = public_of(session, Store, world.store)
    for ask in (
        lambda: comparison.compare(session, world.lead, region="0" * 32),
        lambda: comparison.compare(session, world.lead, wave="0" * 32),
        lambda: comparison.store_page(session, world.lead, "0" * 32),
        lambda: comparison.store_page(session, world.lead, store, wave="0" * 32),
        lambda: comparison.failed_page(session, world.lead, store, factor="XYZ"),
        lambda: comparison.chain(session, world.admin, page=2),
        lambda: comparison.chain(session, world.admin, page=0),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_new_install_has_nothing_to_compare_and_says_so(session: Session) -> None:
    world = make_world(session)
    view = comparison.compare(session, world.lead)
    assert (view.period, view.table, view.headline) == (None, None, ())
    assert comparison.chain(session, world.admin).table is None


def test_a_wave_without_figures_here_can_still_be_looked_at(session: Session) -> None:
    world = make_world(session)
    view = comparison.compare(session, world.lead, wave=public_of(session, Wave, world.wave))
    assert (view.period.name, view.table) == ("Q3 2026", None)
