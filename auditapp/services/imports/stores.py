"""Importing stores, by code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Region, Store
from auditapp.domain.errors import Forbidden, InvalidInput
from auditapp.domain.roles import Actor, Do, can
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.accounts import known_language
from auditapp.services.comparison.refresh import rebuild as rebuild_comparison
from auditapp.services.imports.lines import Cells, Column, Fault, Report, read_lines
from auditapp.services.imports.table import Line, Table

COLUMNS = (
    Column("code", True, N_("Short and unique; a store with this code is changed, not added again"), "0417"),
    Column("name", True, N_("As shoppers and managers know it"), "Harbour Street"),
    Column("region", True, N_("Code of a region that exists"), "N"),
    Column("time_zone", True, N_("IANA name of the store's time zone"), "Europe/London"),
    Column("language", False, N_("Of its scorecards: en, ko or zh_Hant; en where empty"), "en"),
    Column("format", False, N_("Free word, such as super or express"), "super"),
    Column("address", False, N_("On one line, as a shopper needs it"), "14 Harbour Street, Leeds"),
    Column("latitude", False, N_("Degrees, -90 to 90, with a point; together with longitude"), "53.7965"),
    Column("longitude", False, N_("Degrees, -180 to 180"), "-1.5478"),
)


def import_stores(session: Session, actor: Actor, table: Table, now: datetime) -> Report:
    """Add and change stores. With any fault nothing is changed. Raises InvalidInput for a wrong header."""
    if not can(actor, Do.PROGRAMME_RUN):
        raise Forbidden()
    known = {store.code: store for store in session.scalars(select(Store))}
    regions = dict(session.execute(select(Region.code, Region.id)).all())
    faults: list[Fault] = []
    wanted: list[dict[str, Any]] = []
    for cells in read_lines(table, COLUMNS, "code"):
        wanted.append(_read(cells, regions))
        faults += cells.faults
    if faults:
        return Report(faults=tuple(faults))
    added = changed = 0
    moved = False
    for values in wanted:
        store = known.get(values["code"])
        if store is None:
            session.add(Store(**{"language": "en", **values}))
            added += 1
        elif any(getattr(store, name) != value for name, value in values.items()):
            moved = moved or store.region_id != values["region_id"]
            for name, value in values.items():
                setattr(store, name, value)
            changed += 1
    if added or changed:
        audit.note(session, actor, "stores.imported", "stores", now, f"{added} added, {changed} changed")
    session.flush()
    if moved:
        rebuild_comparison(session, now)
    return Report(added, changed, len(wanted) - added - changed)


def save_store(session: Session, actor: Actor, fields: Mapping[str, str], now: datetime) -> Store:
    """Add or change one store by its code; ``fields`` are named as the columns. Raises InvalidInput with ``field``."""
    report = import_stores(session, actor, Table(tuple(fields), (Line(0, dict(fields)),)), now)
    if report.faults:
        raise report.faults[0].error
    return session.scalars(select(Store).where(Store.code == fields["code"].strip())).one()


def _read(cells: Cells, regions: Mapping[str, int]) -> dict[str, Any]:
    rules: dict[str, Any] = {
        "code": text.code,
        "name": partial(text.one_line, field="name", most=120),
        "region": partial(_region, regions),
        "time_zone": _time_zone,
        "language": lambda cell: known_language(cell) if cell else "en",
        "format": partial(text.one_line, field="format", most=40, needed=False),
        "address": partial(text.one_line, field="address", most=240, needed=False),
        "latitude": partial(_degrees, 90),
        "longitude": partial(_degrees, 180),
    }
    values = {column: cells.read(column, rule) for column, rule in rules.items() if cells.has(column)}
    if (values.get("latitude") is None) is not (values.get("longitude") is None) and not cells.faults:
        lacking = "latitude" if values.get("latitude") is None else "longitude"
        cells.refuse(lacking, InvalidInput(N_("Only one of the two coordinates is there. Give both or neither.")))
    values["region_id"] = values.pop("region")
    return values


def _region(regions: Mapping[str, int], cell: str) -> int:
    if cell not in regions:
        raise InvalidInput(
            N_(
                "No region has the code {code!r}. Import the regions first, and format codes as text in the "
                "spreadsheet so that leading zeros stay."
            ),
            code=cell,
        )
    return regions[cell]


def _time_zone(cell: str) -> str:
    if cell not in _zones():
        raise InvalidInput(N_("{cell!r} is not a time zone. Write it like Europe/London or Asia/Seoul."), cell=cell)
    return cell


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _degrees(most: int, cell: str) -> float | None:
    if not cell:
        return None
    try:
        value = Decimal(cell)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not -most <= value <= most:
        raise InvalidInput(
            N_("{cell!r} is not a number of degrees up to {most}, such as 53.7965."), cell=cell, most=most
        )
    return float(value)
