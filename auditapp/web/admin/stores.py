"""Stores and regions."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext
from auditapp.i18n import N_
from auditapp.services import imports, programme
from auditapp.services.programme.stores import PAGE
from auditapp.web.admin.parts import blueprint, csv_file, done, page_number
from auditapp.web.forms import RegionForm, StoreForm

FIELDS = tuple(column.name for column in imports.STORE_COLUMNS)


@blueprint.get("/stores")
@guard(Do.PROGRAMME_RUN)
def stores() -> ResponseReturnValue:
    """All stores, searchable."""
    search, region, page = request.args.get("search", ""), request.args.get("region", ""), page_number()
    with context().read() as session:
        found, total = programme.list_stores(session, actor(), search, region, page)
        regions = programme.list_regions(session, actor())
    return render_template(
        "admin/stores.html", stores=found, total=total, regions=regions, search=search, region=region,
        page=page, pages=-(-total // PAGE),
    )  # fmt: skip


@blueprint.get("/stores.csv")
@guard(Do.PROGRAMME_RUN)
def stores_csv() -> ResponseReturnValue:
    """All stores as a file that can be imported again."""
    with context().read() as session:
        return csv_file(imports.stores_csv(session, actor()), "stores")


@blueprint.get("/regions.csv")
@guard(Do.PROGRAMME_RUN)
def regions_csv() -> ResponseReturnValue:
    """All regions as a file that can be imported again."""
    with context().read() as session:
        return csv_file(imports.regions_csv(session, actor()), "regions")


@blueprint.route("/regions/new", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def new_region() -> ResponseReturnValue:
    """Add a region, or rename the one with this code."""
    form = RegionForm()
    if form.validate_on_submit():
        with form.refusals():
            with context().write() as session:
                imports.save_region(session, actor(), {"code": form.code.data, "name": form.name.data}, context().now())
            return done(gettext(N_("The region is saved.")), "admin.stores")
    return render_template("admin/region.html", form=form), form.status


@blueprint.route("/stores/new", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def new_store() -> ResponseReturnValue:
    """Add one store."""
    return _store_page(StoreForm(), "")


@blueprint.route("/stores/<store_id>", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def store(store_id: str) -> ResponseReturnValue:
    """Change one store. Its code stays: imports and files of others know it by that."""
    with context().read() as session:
        found = programme.read_store(session, actor(), store_id)
        values = {name: getattr(found, name) for name in FIELDS if name != "region"}
    form = StoreForm(data={**values, "region": found.region.code})
    form.code.data = found.code
    return _store_page(form, found.name)


def _store_page(form: StoreForm, name: str) -> ResponseReturnValue:
    with context().read() as session:
        regions = programme.list_regions(session, actor())
    form.region.choices = [SelectChoice(region.code, f"{region.code} {region.name}") for region, _ in regions]
    if form.validate_on_submit():
        with form.refusals():
            fields = {name: form[name].data or "" for name in FIELDS}
            with context().write() as session:
                imports.save_store(session, actor(), fields, context().now())
            return done(gettext(N_("The store is saved.")), "admin.stores")
    return render_template("admin/store.html", form=form, name=name), form.status
