"""Checklists: their published versions, and publishing another one."""

from __future__ import annotations

from itertools import groupby

from flask import render_template, request
from flask.typing import ResponseReturnValue

from auditapp.domain.errors import InvalidInput, TooLarge
from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext
from auditapp.i18n import N_
from auditapp.services import programme
from auditapp.web.admin.parts import blueprint, done, say
from auditapp.web.forms import UploadForm

MOST_BYTES = 2**20


@blueprint.get("/checklists")
@guard(Do.PROGRAMME_RUN)
def checklists() -> ResponseReturnValue:
    """Every checklist with its versions, the newest first, each with a preview as on the phone."""
    with context().read() as session:
        versions = programme.list_versions(session, actor())
    by_key = [(key, list(of_key)) for key, of_key in groupby(versions, key=lambda v: v.key)]
    return render_template("admin/checklists.html", by_key=by_key, say=say)


@blueprint.route("/checklists/check", methods=["GET", "POST"])
@guard(Do.PROGRAMME_RUN)
def check_checklist() -> ResponseReturnValue:
    """Look at a file: everything that is wrong with it, or a button to publish it."""
    form, checked, source = UploadForm(), None, ""
    if form.validate_on_submit():
        data = form.file.data.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise TooLarge(N_("This file has over 1 MB. A checklist is a small text file: choose another one."))
        checked = programme.check_source(actor(), data)
        source = data.decode("utf-8-sig") if checked.checklist else ""
    status = 422 if checked and checked.checklist is None else form.status
    return render_template("admin/check.html", form=form, checked=checked, source=source, say=say), status


@blueprint.post("/checklists/publish")
@guard(Do.PROGRAMME_RUN)
def publish_checklist() -> ResponseReturnValue:
    """Publish a file that was checked: it is checked again, for it comes back from the browser."""
    checked = programme.check_source(actor(), request.form.get("source", ""))
    if checked.checklist is None:
        raise InvalidInput(N_("This file has changed since it was checked. Check it again."))
    with context().write() as session:
        version, is_new = programme.publish_checklist(session, actor(), checked.checklist, context().now())
    words = (
        N_("%(key)s version %(version)s is published.")
        if is_new
        else N_("%(key)s version %(version)s was published before, with the same content.")
    )
    return done(gettext(words, key=version.key, version=version.version), "admin.checklists")
