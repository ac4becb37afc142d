"""Waves and their assignments."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from auditapp.domain.checklist import Method
from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext
from auditapp.i18n import N_
from auditapp.services import programme
from auditapp.web.admin.parts import blueprint, done, page_number, say
from auditapp.web.forms import AssignForm, WaveForm
from auditapp.web.visit_words import money

STORES_SHOWN = 100
METHOD_WORDS = {
    Method.MYSTERY.value: N_("Mystery visit: nobody is told"),
    Method.OBSERVATION.value: N_("Observation: announced store audit"),
}
STATE_WORDS = {
    "new": N_("not started"),
    "draft": N_("under way"),
    "submitted": N_("in review"),
    "queried": N_("waits for the shopper's answer"),
    "approved": N_("approved"),
    "published": N_("published"),
    "void": N_("void"),
    "not_done": N_("could not be done"),
    "cancelled": N_("cancelled"),
}


@blueprint.get("/waves")
@guard(Do.PROGRAMME_RUN)
def waves() -> ResponseReturnValue:
    """All waves with how far they are."""
    with context().read() as session:
        rows = programme.list_waves(session, actor())
    return render_template("admin/waves.html", rows=rows, say=say, methods=METHOD_WORDS)


@blueprint.route("/waves/new", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def new_wave() -> ResponseReturnValue:
    """Begin a wave."""
    form = WaveForm()
    with context().read() as session:
        versions = programme.list_versions(session, actor())
    form.checklist_version.choices = [
        SelectChoice(v.public_id, gettext(N_("%(title)s, version %(n)s"), title=say(v.title), n=v.version))
        for v in versions
    ]
    form.method.choices = [SelectChoice(key, gettext(words)) for key, words in METHOD_WORDS.items()]
    if form.validate_on_submit():
        with form.refusals():
            with context().write() as session:
                made = programme.create_wave(
                    session, actor(), form.name.data, form.checklist_version.data or "", form.method.data or "",
                    form.starts_on.data, form.ends_on.data, context().now(),
                )  # fmt: skip
            return done(gettext(N_("The wave is made. Now assign stores.")), "admin.wave", wave_id=made.public_id)
    return render_template("admin/new_wave.html", form=form, none=not versions), form.status


@blueprint.get("/waves/<wave_id>")
@guard(Do.PROGRAMME_RUN)
def wave(wave_id: str) -> ResponseReturnValue:
    """One wave with its assignments."""
    with context().read() as session:
        found = programme.read_wave(session, actor(), wave_id)
        rows = programme.list_assignments(session, actor(), wave_id)
    return render_template(
        "admin/wave.html", wave=found, rows=rows, say=say, methods=METHOD_WORDS, states=STATE_WORDS, money=money
    )


@blueprint.post("/waves/<wave_id>/closed")
@guard(Do.PROGRAMME_RUN)
def set_closed(wave_id: str) -> ResponseReturnValue:
    """Close a wave for new assignments, or open it again."""
    closed = request.form.get("closed") == "yes"
    change = programme.close_wave if closed else programme.reopen_wave
    with context().write() as session:
        change(session, actor(), wave_id, context().now())
    words = N_("The wave is closed.") if closed else N_("The wave is open again.")
    return done(gettext(words), "admin.wave", wave_id=wave_id)


@blueprint.route("/waves/<wave_id>/assign", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def assign(wave_id: str) -> ResponseReturnValue:
    """Choose stores and the shopper who goes there."""
    search, region, page = request.args.get("search", ""), request.args.get("region", ""), page_number()
    with context().read() as session:
        found = programme.read_wave(session, actor(), wave_id)
        stores, total = programme.list_stores(session, actor(), search, region, page, STORES_SHOWN)
        regions = programme.list_regions(session, actor())
        shoppers = programme.list_shoppers(session, actor())
        taken = {row.assignment.store_id for row in programme.list_assignments(session, actor(), wave_id)}
    form = AssignForm()
    form.shopper.choices = [SelectChoice(one.public_id, f"{one.name} ({one.email})") for one in shoppers]
    if form.validate_on_submit():
        with form.refusals():
            with context().write() as session:
                made = programme.create_assignments(session, actor(), wave_id, _plan(form), context().now())
            words = gettext(N_("Assigned: %(n)s stores."), n=len(made))
            return done(words, "admin.wave", wave_id=wave_id)
    page_html = render_template(
        "admin/assign.html", form=form, wave=found, stores=stores, total=total, regions=regions, taken=taken,
        search=search, region=region, page=page, pages=-(-total // STORES_SHOWN), none=not shoppers,
    )  # fmt: skip
    return page_html, form.status


@blueprint.post("/assignments/<assignment_id>/cancel")
@guard(Do.PROGRAMME_RUN)
def cancel(assignment_id: str) -> ResponseReturnValue:
    """Take back an assignment that nobody has started."""
    with context().write() as session:
        gone = programme.cancel_assignment(session, actor(), assignment_id, context().now())
        wave_id = gone.wave.public_id
    return done(gettext(N_("The assignment is cancelled.")), "admin.wave", wave_id=wave_id)


def _plan(form: AssignForm) -> programme.Plan:
    return programme.Plan(
        stores=tuple(form.stores.data or ()),
        shopper=form.shopper.data or "",
        opens=form.opens.data,
        due=form.due.data,
        fee=form.fee.data or "",
        currency=form.currency.data or "",
        task=form.task.data or "",
        again=form.again.data,
    )
