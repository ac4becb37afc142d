"""Importing regions, by code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Region
from auditapp.domain.errors import Forbidden
from auditapp.domain.roles import Actor, Do, can
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.imports.lines import Column, Fault, Report, read_lines
from auditapp.services.imports.table import Line, Table

COLUMNS = (
    Column("code", True, N_("Short and unique: letters, digits, dot, dash, underscore"), "N"),
    Column("name", True, N_("As it is shown"), "North"),
)


def import_regions(session: Session, actor: Actor, table: Table, now: datetime) -> Report:
    """Add and rename regions. With any fault nothing is changed. Raises InvalidInput for a wrong header."""
    if not can(actor, Do.PROGRAMME_RUN):
        raise Forbidden()
    known = {region.code: region for region in session.scalars(select(Region))}
    faults: list[Fault] = []
    wanted: list[tuple[str, str]] = []
    for cells in read_lines(table, COLUMNS, "code"):
        code = cells.read("code", text.code)
        name = cells.read("name", partial(text.one_line, field="name", most=120))
        faults += cells.faults
        wanted.append((code or "", name or ""))
    if faults:
        return Report(faults=tuple(faults))
    added = changed = 0
    for code, name in wanted:
        if (region := known.get(code)) is None:
            session.add(Region(code=code, name=name))
            added += 1
        elif region.name != name:
            region.name = name
            changed += 1
    if added or changed:
        audit.note(session, actor, "regions.imported", "regions", now, f"{added} added, {changed} changed")
    session.flush()
    return Report(added, changed, len(wanted) - added - changed)


def save_region(session: Session, actor: Actor, fields: Mapping[str, str], now: datetime) -> None:
    """Add or rename one region by its code. Raises InvalidInput with ``field``."""
    report = import_regions(session, actor, Table(tuple(fields), (Line(0, dict(fields)),)), now)
    if report.faults:
        raise report.faults[0].error
