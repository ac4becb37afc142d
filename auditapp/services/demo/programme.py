"""The demo chain before its first visit: regions, stores, people, checklists and waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from auditapp import checklist_yaml
from auditapp.db.schema import Chain, Region, Store, User, UserRegion, UserStore
from auditapp.domain.checklist import Checklist, Method
from auditapp.domain.roles import Actor, Role
from auditapp.services.accounts.passwords import hash_of
from auditapp.services.checklists import checklist_of
from auditapp.services.demo.cast import ACCOUNTS, CHAIN, PROGRAMME, REGIONS, DemoRegion, DemoStore
from auditapp.services.programme import close_wave, create_wave, publish_checklist

CHECKLISTS = Path(__file__).parents[3] / "checklists"
WAVES = 6
SETTLED = timedelta(days=28)
"""The newest wave is the quarter of so long ago, so that there is always something in it."""
CHECKLIST = "supermarket"


@dataclass(frozen=True)
class FoundedStore:
    """A demo store and its database id."""

    id: int
    cast: DemoStore
    region: DemoRegion


@dataclass(frozen=True)
class Founded:
    """What the visits are made in."""

    stores: tuple[FoundedStore, ...]
    waves: tuple[tuple[int, date, date], ...]
    shoppers: tuple[Actor, ...]
    reviewer: Actor
    checklist: Checklist


def found(session: Session, now: datetime) -> Founded:
    """Make everything but the visits, in the caller's transaction."""
    session.add(Chain(id=1, name=CHAIN, programme=PROGRAMME, language="en"))
    stores = _stores(session)
    people = _people(session, stores, now)
    admin = _actor(people["admin@demo.example"])
    first = now - timedelta(days=92 * WAVES)
    versions = {
        path.stem: publish_checklist(session, admin, checklist_yaml.load(path)[0], first)[0]
        for path in sorted(CHECKLISTS.glob("*.yaml"))
    }
    chosen = versions[CHECKLIST]
    waves = []
    quarters = _quarters(now.date() - SETTLED)
    for starts, ends in quarters:
        name = f"Q{(starts.month - 1) // 3 + 1} {starts.year}"
        wave = create_wave(session, admin, name, chosen.public_id, Method.MYSTERY, starts, ends, first)
        waves.append((wave.id, starts, ends))
        if (starts, ends) != quarters[-1]:
            close_wave(session, admin, wave.public_id, now)
    return Founded(
        stores=tuple(stores.values()),
        waves=tuple(waves),
        shoppers=tuple(_actor(user) for user in people.values() if user.role == Role.SHOPPER),
        reviewer=_actor(people["reviewer@demo.example"]),
        checklist=checklist_of(session, chosen.id),
    )


def _stores(session: Session) -> dict[str, FoundedStore]:
    stores = {}
    for region in REGIONS:
        row = Region(code=region.code, name=region.name)
        session.add(row)
        session.flush()
        for cast in region.stores:
            store = Store(
                code=cast.code, name=cast.name, format=cast.format, address=cast.address, latitude=cast.latitude,
                longitude=cast.longitude, time_zone=region.time_zone, language=region.language, region_id=row.id,
            )  # fmt: skip
            session.add(store)
            session.flush()
            stores[cast.code] = FoundedStore(store.id, cast, region)
    return stores


def _people(session: Session, stores: Mapping[str, FoundedStore], now: datetime) -> dict[str, User]:
    regions = {region.code: region for region in session.query(Region)}
    people = {}
    for account in ACCOUNTS:
        user = User(
            email=account.email, name=account.name, role=account.role, language=account.language,
            password_hash=hash_of(account.password), created_at=now,
        )  # fmt: skip
        session.add(user)
        session.flush()
        session.add_all(UserStore(user_id=user.id, store_id=stores[code].id) for code in account.stores)
        session.add_all(UserRegion(user_id=user.id, region_id=regions[code].id) for code in account.regions)
        people[account.email] = user
    session.flush()
    return people


def _actor(user: User) -> Actor:
    return Actor(user.id, Role(user.role), user.name, user.language)


def _quarters(today: date) -> list[tuple[date, date]]:
    """The last WAVES calendar quarters up to the one of ``today``: (first day, last day)."""
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    quarters: list[tuple[date, date]] = []
    while len(quarters) < WAVES:
        after = date(first.year + first.month // 10, (first.month + 2) % 12 + 1, 1)
        quarters.insert(0, (first, after - timedelta(days=1)))
        first = date(first.year - (first.month == 1), (first.month - 4) % 12 + 1, 1)
    return quarters
