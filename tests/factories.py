"""A small believable chain for tests: one named person per role, and an outsider for every permission.

Everything is made through the tables on purpose: the services under test should not build their own world.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache

from sqlalchemy.orm import Session

from auditapp.checklist_yaml import canonical, loads
from auditapp.db.schema import (
    AnswerField,
    Assignment,
    AssignmentShopper,
    Chain,
    ChecklistVersion,
    Outcome,
    Region,
    Store,
    User,
    UserRegion,
    UserStore,
    Visit,
    Wave,
)
from auditapp.domain.anonymity import visit_time
from auditapp.domain.answers import asked, parse_answer
from auditapp.domain.checklist import Checklist, Method
from auditapp.domain.roles import Actor, Role
from auditapp.domain.scoring import score, tenths

NOW = datetime(2026, 9, 14, 9, 0, tzinfo=UTC)

SMALL_YAML = """
format: 1
key: small
version: 1
title: {en: Small visit, ko: 작은 방문}
languages: [en, ko]
method: both
minutes: 20
brief: {en: "Walk in.\\nLook.\\nPay."}
scoring:
  weights: {RNG: 20, STF: 40, RUL: 40}
  pass_mark: 80
  bands: {A: 90, B: 80, C: 70, D: 0}
  band_names: {A: {en: Excellent}, B: {en: Good}, C: {en: Nearly there}, D: {en: Below standard}}
sections:
  - key: shelf
    title: {en: Shelf}
    questions:
      - {key: S-RNG-1, factor: RNG, text: {en: "Was bread on the shelf?"}, type: yes_no, weight: 2, na: true,
         evidence: {photo: on_fail}, reasons: {empty: {en: Empty shelf}, old: {en: Old bread}}}
      - {key: S-RNG-2, factor: RNG, text: {en: "Empty facings"}, type: count, weight: 1, upto: {2: 1, 5: 0.5}}
      - {key: S-STF-1, factor: STF, text: {en: "Was help offered?"}, type: yes_partly_no, weight: 2}
      - {key: S-STF-2, factor: STF, text: {en: "Was the help exact?"}, type: scale, points: 5, weight: 2,
         show_if: {question: S-STF-1, in: [yes, partly]}}
  - key: till
    title: {en: Till}
    questions:
      - {key: S-RUL-1, factor: RUL, text: {en: "Was ID asked for?"}, type: yes_no, weight: 3, critical: {cap: 69},
         evidence: {note: on_fail, note_min: 5}, standard: {en: "Ask every time."},
         action: {owner: store_manager, due_days: 2}}
      - {key: S-RUL-2, factor: RUL, text: {en: "Was a receipt given?"}, type: yes_no, weight: 1, asked_of: mystery}
      - {key: S-TXT-1, factor: RUL, text: {en: "Anything else?"}, type: text, required: false}
"""

GOOD = {
    "S-RNG-1": "yes",
    "S-RNG-2": 1,
    "S-STF-1": "yes",
    "S-STF-2": 5,
    "S-RUL-1": "yes",
    "S-RUL-2": "yes",
}


@cache
def small_checklist() -> Checklist:
    """Six scored questions over three factors, with a critical, a gate-free ladder and a show_if."""
    return loads(SMALL_YAML, "small.yaml")[0]


@dataclass(frozen=True)
class World:
    """The ids of a small chain and the actors in it."""

    region: int
    other_region: int
    store: int
    other_store: int
    wave: int
    checklist_version: int
    shopper: Actor
    other_shopper: Actor
    reviewer: Actor
    manager: Actor
    other_manager: Actor
    lead: Actor
    other_lead: Actor
    admin: Actor


def make_user(session: Session, name: str, role: Role, **more: object) -> User:
    """A person, without a password unless given."""
    user = User(email=f"{name.lower()}@example.org", name=name, role=role.value, created_at=NOW, **more)
    session.add(user)
    session.flush()
    return user


def make_world(session: Session, checklist: Checklist | None = None) -> World:
    """Two regions with a store each, one wave, and everybody."""
    session.add(Chain(id=1, name="Northgate Grocers", programme="Store Standards", language="en"))
    regions = [Region(code="N", name="North"), Region(code="S", name="South")]
    session.add_all(regions)
    session.flush()
    stores = [
        Store(code="0417", name="Harbour Street", format="super", address="14 Harbour Street",
              time_zone="Europe/London", language="en", region_id=regions[0].id),
        Store(code="0501", name="Mill Lane", format="super", address="2 Mill Lane",
              time_zone="Asia/Seoul", language="ko", region_id=regions[1].id),
    ]  # fmt: skip
    session.add_all(stores)
    session.flush()
    version = publish_checklist(session, checklist or small_checklist())
    wave = make_wave(session, version.id)
    people = {
        name: make_user(session, name, role)
        for name, role in (
            ("Sun", Role.SHOPPER), ("Otto", Role.SHOPPER), ("Rhea", Role.REVIEWER), ("Mina", Role.MANAGER),
            ("Max", Role.MANAGER), ("Lena", Role.LEAD), ("Liam", Role.LEAD), ("Ada", Role.ADMIN),
        )
    }  # fmt: skip
    session.add_all(
        [
            UserStore(user_id=people["Mina"].id, store_id=stores[0].id),
            UserStore(user_id=people["Max"].id, store_id=stores[1].id),
            UserRegion(user_id=people["Lena"].id, region_id=regions[0].id),
            UserRegion(user_id=people["Liam"].id, region_id=regions[1].id),
        ]
    )
    session.flush()

    def actor(name: str, stores: tuple[int, ...] = (), regions: tuple[int, ...] = ()) -> Actor:
        user = people[name]
        return Actor(user.id, Role(user.role), user.name, "en", frozenset(stores), frozenset(regions))

    return World(
        region=regions[0].id,
        other_region=regions[1].id,
        store=stores[0].id,
        other_store=stores[1].id,
        wave=wave.id,
        checklist_version=version.id,
        shopper=actor("Sun"),
        other_shopper=actor("Otto"),
        reviewer=actor("Rhea"),
        manager=actor("Mina", stores=(stores[0].id,)),
        other_manager=actor("Max", stores=(stores[1].id,)),
        lead=actor("Lena", regions=(regions[0].id,)),
        other_lead=actor("Liam", regions=(regions[1].id,)),
        admin=actor("Ada"),
    )


def publish_checklist(session: Session, checklist: Checklist) -> ChecklistVersion:
    """A published version, straight into its table."""
    version = ChecklistVersion(
        key=checklist.key, version=checklist.version, title=dict(checklist.title), method=checklist.method.value,
        canonical=canonical(checklist), sha256="0" * 64, published_at=NOW,
    )  # fmt: skip
    session.add(version)
    session.flush()
    return version


def make_wave(session: Session, checklist_version: int, name: str = "Q3 2026", starts: date = date(2026, 7, 1)) -> Wave:
    """A quarter of mystery visits."""
    wave = Wave(
        name=name, checklist_version_id=checklist_version, method=Method.MYSTERY.value,
        starts_on=starts, ends_on=starts + timedelta(days=91),
    )  # fmt: skip
    session.add(wave)
    session.flush()
    return wave


def make_assignment(
    session: Session, world: World, store: int | None = None, shopper: Actor | None = None, wave: int | None = None
) -> Assignment:
    """An assignment for Sun at Harbour Street unless told otherwise, open now and due tomorrow."""
    assignment = Assignment(
        wave_id=wave or world.wave, store_id=store or world.store, list_number=4,
        opens_at=NOW - timedelta(days=1), due_at=NOW + timedelta(days=1), fee=1800, currency="GBP",
    )  # fmt: skip
    session.add(assignment)
    session.flush()
    session.add(AssignmentShopper(assignment_id=assignment.id, user_id=(shopper or world.shopper).user_id))
    session.flush()
    return assignment


def make_published_visit(
    session: Session,
    world: World,
    answers: dict[str, object] | None = None,
    store: int | None = None,
    wave: int | None = None,
    arrived: datetime = NOW,
    checklist: Checklist | None = None,
    total: int | None = None,
) -> Visit:
    """A scored, published visit with the answers given (all good by default).

    ``total`` (tenths) overrides the computed total and factors, for tests of figures only.
    """
    checklist = checklist or small_checklist()
    assignment = make_assignment(session, world, store=store, wave=wave)
    given = {**GOOD, **(answers or {})}
    values = {
        key: value for key, raw in given.items() if (value := parse_answer(checklist.by_key[key], raw)) is not None
    }
    result = score(checklist, values, Method.MYSTERY)
    when = visit_time(arrived, "Europe/London")
    factors = {f.value.lower(): tenths(s) for f, s in result.factors.items()}
    if total is not None:
        factors = dict.fromkeys(factors, total)
    visit = Visit(
        assignment_id=assignment.id, store_id=assignment.store_id, wave_id=assignment.wave_id,
        checklist_version_id=world.checklist_version, method="mystery", state="published", revision=1,
        created_at=arrived, begun_at=arrived, arrived_at=arrived, left_at=arrived + timedelta(minutes=30),
        submitted_at=arrived + timedelta(hours=1), approved_at=arrived + timedelta(hours=2),
        published_at=arrived + timedelta(hours=3), week=when.week, day_part=when.part.value, month=when.month,
        total=total if total is not None else tenths(result.total), verdict=result.verdict.value,
        band=result.band, criticals=len(result.fired), **factors,
    )  # fmt: skip
    session.add(visit)
    session.flush()
    for key in values:
        raw = given[key]
        session.add(
            AnswerField(visit_id=visit.id, question=key, field="value", value=json.dumps(raw), seq=1, device="d")
        )
    lost = {item.question: item.exact for item in result.lost}
    for key in asked(checklist, values, Method.MYSTERY):
        question = checklist.by_key[key]
        if question.scored and key in values and values[key] != "na":
            session.add(
                Outcome(
                    visit_id=visit.id, question=key, factor=question.factor.value, failed=key in result.failed,
                    lost=int(lost.get(key, Fraction(0)) * 100 + Fraction(1, 2)),
                )
            )  # fmt: skip
    session.flush()
    return visit
