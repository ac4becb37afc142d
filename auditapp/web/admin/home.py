"""The administrator's first page and the audit log."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context
from auditapp.services import audit, programme
from auditapp.web.admin.parts import blueprint

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
)


@blueprint.get("")
@guard(Do.PROGRAMME_RUN)
def home() -> ResponseReturnValue:
    """What there is, and where to go."""
    with context().read() as session:
        return render_template("admin/home.html", numbers=programme.overview(session, actor()))


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
