"""Running the programme: checklist versions, waves, assignments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.checklist_yaml import loads
from auditapp.db.schema import Assignment, AssignmentShopper, AuditEvent, ChecklistVersion, Store, User, Visit, Wave
from auditapp.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from auditapp.domain.roles import Actor, Role
from auditapp.services import programme
from auditapp.services.programme import Plan
from tests.factories import (
    NOW,
    SMALL_YAML,
    World,
    make_assignment,
    make_published_visit,
    make_user,
    make_wave,
    make_world,
    small_checklist,
)


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


@pytest.fixture
def wave(session: Session, world: World) -> str:
    return session.get_one(Wave, world.wave).public_id


@pytest.fixture
def plan(session: Session, world: World) -> Plan:
    """Both stores for Otto, next Thursday afternoon."""
    return Plan(
        stores=(session.get_one(Store, world.store).public_id, session.get_one(Store, world.other_store).public_id),
        shopper=session.get_one(User, world.other_shopper.user_id).public_id,
        opens=datetime(2026, 9, 17, 13, 0),  # noqa: DTZ001
        due=datetime(2026, 9, 17, 18, 0),  # noqa: DTZ001
        fee="18.50",
        currency="gbp",
        task="Buy an age-checked item",
    )


def test_each_store_is_assigned_by_its_own_clock(session: Session, world: World, wave: str, plan: Plan) -> None:
    here, there = programme.create_assignments(session, world.admin, wave, plan, NOW)

    assert (here.opens_at, here.due_at) == (
        datetime(2026, 9, 17, 12, 0, tzinfo=UTC), datetime(2026, 9, 17, 17, 0, tzinfo=UTC),
    )  # fmt: skip
    assert there.opens_at == datetime(2026, 9, 17, 4, 0, tzinfo=UTC)
    assert (here.fee, here.currency, here.task) == (1850, "GBP", "Buy an age-checked item")
    owners = session.scalars(select(AssignmentShopper.user_id)).all()
    assert owners == [world.other_shopper.user_id] * 2


def test_list_numbers_count_on_for_each_shopper(session: Session, world: World, wave: str, plan: Plan) -> None:
    make_assignment(session, world)

    otto = programme.create_assignments(session, world.admin, wave, plan, NOW)
    sun = session.get_one(User, world.shopper.user_id).public_id
    suns = programme.create_assignments(session, world.admin, wave, replace(plan, shopper=sun, again=True), NOW)

    assert [a.list_number for a in otto] == [1, 2]
    assert [a.list_number for a in suns] == [5, 6]


@pytest.mark.parametrize(
    ("fee", "currency", "units"),
    [("18", "GBP", 1800), ("12000", "KRW", 12000), ("0", "EUR", 0), ("", "", 0), ("1.234", "KWD", 1234)],
)
def test_fees_are_kept_in_minor_units(
    session: Session, world: World, wave: str, plan: Plan, fee: str, currency: str, units: int
) -> None:
    made = programme.create_assignments(session, world.admin, wave, replace(plan, fee=fee, currency=currency), NOW)

    assert {a.fee for a in made} == {units}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"stores": ()}, "stores"),
        ({"stores": ("0" * 32,)}, "stores"),
        ({"shopper": "0" * 32}, "shopper"),
        ({"due": datetime(2026, 9, 17, 13, 0)}, "due"),  # noqa: DTZ001
        ({"fee": "18.505"}, "fee"),
        ({"fee": "-1"}, "fee"),
        ({"fee": "NaN"}, "fee"),
        ({"fee": "1e99"}, "fee"),
        ({"fee": "12.5", "currency": "KRW"}, "fee"),
        ({"currency": "XQX"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"task": "x" * 501}, "task"),
    ],
)
def test_a_plan_that_is_not_right_names_its_field(
    session: Session, world: World, wave: str, plan: Plan, changed: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        programme.create_assignments(session, world.admin, wave, replace(plan, **changed), NOW)  # type: ignore[arg-type]

    assert caught.value.field == field
    assert session.scalars(select(Assignment)).all() == []


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MANAGER])
def test_only_shoppers_are_assigned(session: Session, world: World, wave: str, plan: Plan, role: Role) -> None:
    other = make_user(session, "Zoe", role)

    with pytest.raises(InvalidInput) as caught:
        programme.create_assignments(session, world.admin, wave, replace(plan, shopper=other.public_id), NOW)

    assert caught.value.field == "shopper"


@pytest.mark.parametrize(("days", "refused"), [(89, True), (91, False)])
def test_the_same_shopper_in_the_same_store_within_90_days_needs_a_decision(
    session: Session, world: World, wave: str, plan: Plan, days: int, refused: bool
) -> None:
    opens = datetime(2026, 9, 17, 4, 0, tzinfo=UTC)
    make_published_visit(session, world, arrived=opens - timedelta(days=days))
    session.scalars(select(AssignmentShopper)).one().user_id = world.other_shopper.user_id

    if refused:
        with pytest.raises(InvalidInput, match="Otto has or had a visit to 0417 Harbour Street") as caught:
            programme.create_assignments(session, world.admin, wave, plan, NOW)
        assert caught.value.field == "again"
        plan = replace(plan, again=True)

    assert len(programme.create_assignments(session, world.admin, wave, plan, NOW)) == 2


def test_a_cancelled_assignment_is_no_visit_to_a_store(session: Session, world: World, wave: str, plan: Plan) -> None:
    for made in programme.create_assignments(session, world.admin, wave, plan, NOW):
        programme.cancel_assignment(session, world.admin, made.public_id, NOW)

    assert len(programme.create_assignments(session, world.admin, wave, plan, NOW)) == 2


def test_an_assignment_is_cancelled_only_before_it_is_started(session: Session, world: World, wave: str) -> None:
    assignment = make_assignment(session, world)
    make_published_visit(session, world)
    started = session.scalars(select(Assignment).where(Assignment.id != assignment.id)).one()

    programme.cancel_assignment(session, world.admin, assignment.public_id, NOW)
    programme.cancel_assignment(session, world.admin, assignment.public_id, NOW + timedelta(hours=1))
    with pytest.raises(Conflict):
        programme.cancel_assignment(session, world.admin, started.public_id, NOW)

    assert (assignment.cancelled_at, started.cancelled_at) == (NOW, None)
    rows = programme.list_assignments(session, world.admin, wave)
    assert sorted((row.shopper, row.state) for row in rows) == [("Sun", "cancelled"), ("Sun", "published")]


def test_a_closed_wave_takes_no_assignments_until_it_is_opened(
    session: Session, world: World, wave: str, plan: Plan
) -> None:
    programme.close_wave(session, world.admin, wave, NOW)
    with pytest.raises(Conflict):
        programme.create_assignments(session, world.admin, wave, plan, NOW)

    programme.reopen_wave(session, world.admin, wave, NOW)

    assert programme.create_assignments(session, world.admin, wave, plan, NOW)


def version_of(session: Session, method: str) -> str:
    source = SMALL_YAML.replace("key: small", f"key: small-{method}").replace("method: both", f"method: {method}")
    if method != "both":
        source = source.replace(", asked_of: mystery", "")
    version = ChecklistVersion(
        key=f"small-{method}", version=1, title={"en": "S"}, method=method, canonical=source, sha256="0" * 64,
        published_at=NOW,
    )  # fmt: skip
    session.add(version)
    session.flush()
    return version.public_id


@pytest.mark.parametrize(
    ("checklist", "method", "fits"),
    [
        ("both", "mystery", True), ("both", "observation", True), ("mystery", "mystery", True),
        ("mystery", "observation", False), ("observation", "mystery", False), ("both", "both", False),
        ("both", "", False),
    ],
)  # fmt: skip
def test_a_wave_has_one_method_that_its_checklist_knows(
    session: Session, world: World, checklist: str, method: str, fits: bool
) -> None:
    version = version_of(session, checklist)

    def make() -> Wave:
        days = date(2026, 10, 1), date(2026, 12, 31)
        return programme.create_wave(session, world.admin, " Q4 2026 ", version, method, *days, NOW)

    if fits:
        assert make().name == "Q4 2026"
        return
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.field == "method"


@pytest.mark.parametrize(
    ("name", "version", "ends", "field"),
    [
        ("", None, 31, "name"),
        ("x" * 81, None, 31, "name"),
        ("Q3 2026", None, 31, "name"),
        ("Q4", "0" * 32, 31, "checklist_version"),
        ("Q4", None, 1, "ends_on"),
    ],
)
def test_a_wave_that_is_not_right_names_its_field(
    session: Session, world: World, name: str, version: str | None, ends: int, field: str
) -> None:
    version = version or session.get_one(ChecklistVersion, world.checklist_version).public_id

    with pytest.raises(InvalidInput) as caught:
        programme.create_wave(
            session, world.admin, name, version, "mystery", date(2026, 10, 2), date(2026, 10, ends), NOW
        )

    assert caught.value.field == field


def test_the_list_of_waves_counts_what_is_assigned_and_sent(session: Session, world: World) -> None:
    make_published_visit(session, world)
    gone = make_assignment(session, world)
    gone.cancelled_at = NOW
    make_assignment(session, world)
    make_wave(session, world.checklist_version, "Q4 2026", date(2026, 10, 1))

    rows = programme.list_waves(session, world.admin)

    assert [(row.wave.name, row.assigned, row.sent) for row in rows] == [("Q4 2026", 0, 0), ("Q3 2026", 2, 1)]


def test_a_draft_counts_as_started_and_not_as_sent(session: Session, world: World, wave: str) -> None:
    assignment = make_assignment(session, world)
    session.add(
        Visit(
            assignment_id=assignment.id, store_id=world.store, wave_id=world.wave,
            checklist_version_id=world.checklist_version, method="mystery", created_at=NOW, begun_at=NOW,
        )
    )  # fmt: skip
    session.flush()

    assert programme.list_waves(session, world.admin)[0].sent == 0
    assert programme.overview(session, world.admin).waiting == 0
    with pytest.raises(Conflict):
        programme.cancel_assignment(session, world.admin, assignment.public_id, NOW)


def other(changes: str) -> str:
    return SMALL_YAML.replace("key: small\n", "key: other\n").replace("Was bread on the shelf?", changes)


def test_a_checklist_is_published_once_and_never_changes(session: Session, world: World) -> None:
    checklist, _ = loads(other("Was bread there?"), "other")
    version, is_new = programme.publish_checklist(session, world.admin, checklist, NOW)
    assert (version.key, version.version, is_new, len(version.sha256)) == ("other", 1, True, 64)

    again, is_new = programme.publish_checklist(session, world.admin, checklist, NOW + timedelta(days=1))
    assert (again.id, again.published_at, is_new) == (version.id, NOW, False)

    changed, _ = loads(other("Was milk there?"), "other")
    with pytest.raises(Conflict, match=r"other version 1 is published with other content \(.*S-RNG-1.*milk"):
        programme.publish_checklist(session, world.admin, changed, NOW)


def test_a_raised_version_stands_beside_the_old_one(session: Session, world: World) -> None:
    for number in (1, 2):
        source = other("Was bread there?").replace("version: 1", f"version: {number}")
        programme.publish_checklist(session, world.admin, loads(source, "other")[0], NOW)

    found = [(v.key, v.version) for v in programme.list_versions(session, world.admin)]

    assert found == [("other", 2), ("other", 1), ("small", 1)]
    events = session.scalars(select(AuditEvent.subject).order_by(AuditEvent.id)).all()
    assert events == ["checklist:other:1", "checklist:other:2"]


def test_checking_a_file_gives_either_a_checklist_or_all_that_is_wrong(world: World) -> None:
    good = programme.check_source(world.admin, other("Was bread there?"))
    bad = programme.check_source(world.admin, other("Was bread there?").replace("pass_mark: 80", "pass_mark: 180"))

    assert good.checklist is not None
    assert good.checklist.key == "other"
    assert bad.checklist is None
    assert bad.problems[0].line > 0
    assert programme.check_source(world.admin, b"\xff\xfe\x00").checklist is None


def test_stores_are_found_by_code_name_address_and_region(session: Session, world: World) -> None:
    def found(**by: str) -> list[str]:
        return [store.code for store in programme.list_stores(session, world.admin, **by)[0]]  # type: ignore[arg-type]

    regions = {region.code: (region.public_id, n) for region, n in programme.list_regions(session, world.admin)}
    assert found(search="harb") == ["0417"]
    assert found(search="2 mill") == ["0501"]
    assert found(search="%") == []
    assert found(region=regions["S"][0]) == ["0501"]
    assert found(region="0" * 32) == []
    assert regions["N"][1] == 1


CALLS: tuple[Callable[[Session, Actor, str], object], ...] = (
    lambda s, a, w: programme.list_waves(s, a),
    lambda s, a, w: programme.read_wave(s, a, w),
    lambda s, a, w: programme.close_wave(s, a, w, NOW),
    lambda s, a, w: programme.create_wave(s, a, "X", w, "mystery", date(2026, 1, 1), date(2026, 2, 1), NOW),
    lambda s, a, w: programme.list_assignments(s, a, w),
    lambda s, a, w: programme.cancel_assignment(s, a, w, NOW),
    lambda s, a, w: programme.create_assignments(s, a, w, Plan((), "", NOW, NOW), NOW),
    lambda s, a, w: programme.list_stores(s, a),
    lambda s, a, w: programme.list_regions(s, a),
    lambda s, a, w: programme.list_shoppers(s, a),
    lambda s, a, w: programme.list_versions(s, a),
    lambda s, a, w: programme.publish_checklist(s, a, small_checklist(), NOW),
    lambda s, a, w: programme.check_source(a, SMALL_YAML),
    lambda s, a, w: programme.overview(s, a),
)


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_only_an_administrator_runs_the_programme(
    session: Session, world: World, wave: str, call: Callable[[Session, Actor, str], object]
) -> None:
    for actor in (world.shopper, world.reviewer, world.manager, world.lead):
        with pytest.raises(Forbidden):
            call(session, actor, wave)


def test_unknown_ids_are_not_found(session: Session, world: World) -> None:
    for call in (programme.read_wave, programme.read_store, programme.read_version, programme.list_assignments):
        with pytest.raises(NotFound):
            call(session, world.admin, "0" * 32)
    with pytest.raises(NotFound):
        programme.cancel_assignment(session, world.admin, "0" * 32, NOW)
