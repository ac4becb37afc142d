"""Regions, stores and people as CSV files that a spreadsheet opens safely and that can be imported again."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Region, Store, User, UserRegion, UserStore
from auditapp.domain.errors import Forbidden
from auditapp.domain.roles import Actor, Do, can
from auditapp.services.imports import formulas, regions, stores, users
from auditapp.services.imports.lines import Column


def regions_csv(session: Session, actor: Actor) -> bytes:
    """All regions by code."""
    _check(actor, Do.PROGRAMME_RUN)
    rows = session.execute(select(Region.code, Region.name).order_by(Region.code))
    return _csv(regions.COLUMNS, ([code, name] for code, name in rows))


def stores_csv(session: Session, actor: Actor) -> bytes:
    """All stores by code."""
    _check(actor, Do.PROGRAMME_RUN)
    found = session.scalars(select(Store).order_by(Store.code))
    return _csv(
        stores.COLUMNS,
        (
            [
                s.code, s.name, s.region.code, s.time_zone, s.language, s.format, s.address,
                "" if s.latitude is None else repr(s.latitude), "" if s.longitude is None else repr(s.longitude),
            ]
            for s in found
        ),
    )  # fmt: skip


def users_csv(session: Session, actor: Actor) -> bytes:
    """All people by e-mail, with what they reach; no passwords, of course."""
    _check(actor, Do.ACCOUNTS_RUN)
    store_codes, region_codes = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
    for user_id, code in session.execute(select(UserStore.user_id, Store.code).join(Store).order_by(Store.code)):
        store_codes[user_id].append(code)
    for user_id, code in session.execute(select(UserRegion.user_id, Region.code).join(Region).order_by(Region.code)):
        region_codes[user_id].append(code)
    found = session.scalars(select(User).order_by(User.email))
    return _csv(
        users.COLUMNS,
        (
            [
                u.email, u.name, u.role, u.language,
                " ".join(store_codes[u.id]), " ".join(region_codes[u.id]), "yes" if u.active else "no",
            ]
            for u in found
        ),
    )  # fmt: skip


def _csv(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.name for column in columns])
    writer.writerows([formulas.defuse(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")  # with the mark, Excel reads it as UTF-8


def _check(actor: Actor, do: Do) -> None:
    if not can(actor, do):
        raise Forbidden()
