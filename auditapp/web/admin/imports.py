"""Importing a file: what it must look like, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor, Do
from auditapp.gate.errors import words_of
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext
from auditapp.i18n import N_
from auditapp.services import imports
from auditapp.web.admin.parts import blueprint, done
from auditapp.web.forms import ImportForm

MOST_FAULTS = 200


@dataclass(frozen=True)
class _Kind:
    title: str
    columns: tuple[imports.Column, ...]
    take: Callable[[Any, Actor, imports.Table, datetime], imports.Report]
    then: str


KINDS = {
    "regions": _Kind(N_("Import regions"), imports.REGION_COLUMNS, imports.import_regions, "admin.stores"),
    "stores": _Kind(N_("Import stores"), imports.STORE_COLUMNS, imports.import_stores, "admin.stores"),
    "users": _Kind(N_("Import people"), imports.USER_COLUMNS, imports.import_users, "admin.users"),
}


@blueprint.route("/import/<kind>", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def import_file(kind: str) -> ResponseReturnValue:
    """Take over a whole file, or say line by line what is wrong and take over nothing."""
    if kind not in KINDS:
        raise NotFound()
    form, chosen, report = ImportForm(), KINDS[kind], imports.Report()
    if form.validate_on_submit():
        with form.refusals():
            table = imports.read_table(form.file.data.read(imports.MOST_BYTES + 1))
            with context().write() as session:
                report = chosen.take(session, actor(), table, context().now())
            if not report.faults:
                words = N_("Imported: %(added)s added, %(changed)s changed, %(same)s left as they were.")
                counts = {"added": report.added, "changed": report.changed, "same": report.same}
                return done(gettext(words, **counts), chosen.then)
    page = render_template(
        "admin/import.html", form=form, kind=kind, title=gettext(chosen.title), columns=chosen.columns,
        faults=report.faults[:MOST_FAULTS], total=len(report.faults), words_of=words_of,
    )  # fmt: skip
    return page, 422 if report.faults else form.status
