"""The administrator's first page and the audit log."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context
from auditapp.i18n import N_
from auditapp.services import audit, jobs, programme
from auditapp.web.admin.parts import blueprint, done, gettext

MOST_ID = 2**31 - 1
LOG_GROUPS = (
    "sign_in",
    "link",
    "password",
    "user",
    "store",
    "region",
    "wave",
    "assignment",
    "checklist",
    "visit",
    "review",
    "job",
)
JOB_WORDS = {"publish": N_("Publishing a visit"), "render_scorecard": N_("Making a scorecard's PDF")}
"""What administrators read for the kinds of jobs; a kind without words is shown as it is."""


@blueprint.get("")
@guard(Do.PROGRAMME_RUN)
def home() -> ResponseReturnValue:
    """What there is, what was given up, and where to go."""
    with context().read() as session:
        numbers, given_up = programme.overview(session, actor()), jobs.given_up(session, actor())
    return render_template("admin/home.html", numbers=numbers, given_up=given_up, kinds=JOB_WORDS)


@blueprint.post("/jobs/again")
@guard(Do.PROGRAMME_RUN)
def jobs_again() -> ResponseReturnValue:
    """Let the jobs of one kind that were given up begin again."""
    with context().write() as session:
        jobs.begin_again(session, actor(), request.form.get("kind", ""), context().now())
    return done(gettext(N_("They are tried again now. Look here once more in a few minutes.")), "admin.home")


@blueprint.get("/audit-log")
@guard(Do.ACCOUNTS_RUN)
def audit_log() -> ResponseReturnValue:
    """Who did what, the newest first."""
    kind, before = request.args.get("kind", ""), request.args.get("before", type=int)
    before = None if before is None else min(max(before, 0), MOST_ID)
    with context().read() as session:
        entries = audit.entries(session, actor(), kind, before)
    older = entries[-1].id if len(entries) == audit.PAGE else None
    return render_template("admin/audit_log.html", entries=entries, kind=kind, groups=LOG_GROUPS, older=older)
