"""Importing people, by e-mail."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Region, Store, User, UserRegion, UserStore
from auditapp.domain.errors import Forbidden, InvalidInput
from auditapp.domain.roles import Actor, Do, Role, can
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.accounts import known_language, revoke_all
from auditapp.services.accounts.links import end_links
from auditapp.services.imports.lines import Cells, Column, Fault, Report, read_lines
from auditapp.services.imports.table import Line, Table

COLUMNS = (
    Column("email", True, N_("A person with this e-mail is changed, not added again"), "mina@example.org"),
    Column("name", True, N_("As colleagues know them"), "Mina Park"),
    Column("role", True, N_("shopper, reviewer, manager, lead or admin"), "manager"),
    Column("language", False, N_("en, ko or zh_Hant; en where empty"), "ko"),
    Column("stores", False, N_("For a manager: codes of their stores, with a space between"), "0417 0418"),
    Column("regions", False, N_("For a lead: codes of their regions, with a space between"), ""),
    Column("active", False, N_("no switches the account off; yes where empty"), "yes"),
)
REACH = {Role.MANAGER: "stores", Role.LEAD: "regions"}
"""The column that says how far a role reaches; the other roles have none."""


@dataclass
class _Known:
    """What the database holds: people, codes, and who reaches what."""

    users: dict[str, User]
    codes: dict[str, dict[str, int]]
    reach: dict[str, dict[int, frozenset[int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Wanted:
    email: str
    values: dict[str, object]
    reach: dict[str, frozenset[int]]


def import_users(session: Session, actor: Actor, table: Table, now: datetime) -> Report:
    """Add and change people. With any fault nothing is changed. Raises InvalidInput for a wrong header."""
    if not can(actor, Do.ACCOUNTS_RUN):
        raise Forbidden()
    known = _load(session)
    faults: list[Fault] = []
    wanted: list[_Wanted] = []
    for cells in read_lines(table, COLUMNS, "email"):
        wanted.append(_read(cells, known, actor))
        faults += cells.faults
    if faults:
        return Report(faults=tuple(faults))
    added = {one.email for one in wanted if one.email not in known.users}
    known.users |= {one.email: User(created_at=now, **one.values) for one in wanted if one.email in added}
    session.add_all(known.users[email] for email in added)
    session.flush()
    did = [_apply(session, actor, known, one, one.email in added, now) for one in wanted]
    session.flush()
    return Report(did.count("added"), did.count("changed"), did.count("same"))


def save_user(session: Session, actor: Actor, fields: Mapping[str, str], now: datetime) -> User:
    """Add or change one person by e-mail; ``fields`` are named as the columns. Raises InvalidInput with ``field``."""
    report = import_users(session, actor, Table(tuple(fields), (Line(0, dict(fields)),)), now)
    if report.faults:
        raise report.faults[0].error
    return session.scalars(select(User).where(User.email == text.email(fields["email"]))).one()


def _load(session: Session) -> _Known:
    known = _Known(
        {user.email: user for user in session.scalars(select(User))},
        {
            "stores": dict(session.execute(select(Store.code, Store.id)).all()),
            "regions": dict(session.execute(select(Region.code, Region.id)).all()),
        },
    )
    for name, pairs in (
        ("stores", select(UserStore.user_id, UserStore.store_id)),
        ("regions", select(UserRegion.user_id, UserRegion.region_id)),
    ):
        found: dict[int, set[int]] = defaultdict(set)
        for user_id, thing in session.execute(pairs):
            found[user_id].add(thing)
        known.reach[name] = {user_id: frozenset(things) for user_id, things in found.items()}
    return known


def _read(cells: Cells, known: _Known, actor: Actor) -> _Wanted:
    email = cells.read("email", text.email)
    role = cells.read("role", _role)
    values: dict[str, object] = {
        "email": email,
        "name": cells.read("name", partial(text.one_line, field="name", most=120)),
        "role": role.value if role else "",
    }
    if cells.has("language"):
        values["language"] = cells.read("language", lambda cell: known_language(cell) if cell else "en")
    if cells.has("active"):
        values["active"] = cells.read("active", _yes)
    user = known.users.get(email or "")
    reach = {name: _reach(cells, known, user, name, role) for name in ("stores", "regions")}
    if user is not None and user.id == actor.user_id and (role is not Role.ADMIN or values.get("active") is False):
        cells.refuse(
            "active" if role is Role.ADMIN else "role",
            InvalidInput(N_("This is your own account: you can't take your rights away. Ask another administrator.")),
        )
    return _Wanted(email or "", values, reach)


def _reach(cells: Cells, known: _Known, user: User | None, name: str, role: Role | None) -> frozenset[int]:
    """The stores or regions the person shall reach: as given, else as they are; none where the role has none."""
    given = cells.read(name, partial(_codes, known.codes[name], name))
    belongs = role is not None and REACH.get(role) == name
    if given and role is not None and not belongs:
        cells.refuse(
            name, InvalidInput(N_("The role {role} has no {name} of its own. Empty this cell."), role=role, name=name)
        )
    if not belongs:
        return frozenset()
    if given is None:
        given = known.reach[name].get(user.id, frozenset()) if user else frozenset()
    if not given and not any(fault.column == name for fault in cells.faults):
        cells.refuse(name, InvalidInput(N_("The role {role} needs at least one code here."), role=role))
    return given


def _codes(known: Mapping[str, int], name: str, cell: str) -> frozenset[int]:
    codes = [code for code in re.split(r"[\s,;|]+", cell) if code]
    for code in codes:
        if code not in known:
            raise InvalidInput(
                N_(
                    "The code {code!r} is not among the {name}. Import those first, and format codes as text in the "
                    "spreadsheet so that leading zeros stay."
                ),
                code=code,
                name=name,
            )
    return frozenset(known[code] for code in codes)


def _role(cell: str) -> Role:
    try:
        return Role(cell.lower())
    except ValueError:
        raise InvalidInput(
            N_("{cell!r} is not a role. Use one of: {known}."), cell=cell, known=", ".join(Role)
        ) from None


def _yes(cell: str) -> bool:
    if cell.lower() not in {"", "yes", "no"}:
        raise InvalidInput(N_("{cell!r} is neither yes nor no."), cell=cell)
    return cell.lower() != "no"


def _apply(session: Session, actor: Actor, known: _Known, wanted: _Wanted, is_new: bool, now: datetime) -> str:
    user = known.users[wanted.email]
    changes = [name for name, value in wanted.values.items() if getattr(user, name) != value]
    changes += _set_reach(session, known, user, wanted)
    subject = f"user:{user.public_id}"
    if is_new:
        audit.note(session, actor, "user.added", subject, now, user.role)
        return "added"
    if not changes:
        return "same"
    for name, value in wanted.values.items():
        setattr(user, name, value)
    if "active" in changes and not user.active:
        revoke_all(session, user.id, now)
        end_links(session, user.id, now)
    audit.note(session, actor, "user.changed", subject, now, " ".join(changes))
    return "changed"


def _set_reach(session: Session, known: _Known, user: User, wanted: _Wanted) -> list[str]:
    changed = []
    for name, table, column in (("stores", UserStore, "store_id"), ("regions", UserRegion, "region_id")):
        now_reached, shall = known.reach[name].get(user.id, frozenset()), wanted.reach[name]
        if now_reached == shall:
            continue
        changed.append(name)
        lost = now_reached - shall
        if lost:
            session.execute(delete(table).where(table.user_id == user.id, getattr(table, column).in_(lost)))
        session.add_all(table(user_id=user.id, **{column: thing}) for thing in shall - now_reached)
    return changed
