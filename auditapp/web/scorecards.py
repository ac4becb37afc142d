"""The store's side: a manager's home, scorecards as page and PDF with their photos, and what came before."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context
from auditapp.services import scorecards

blueprint = Blueprint("scorecards", __name__)


@blueprint.get("/store")
@guard(Do.SCORECARD_READ)
def home() -> ResponseReturnValue:
    """The newest verdict of the manager's store; ?store= names another of theirs."""
    found = scorecards.home(context(), actor(), request.args.get("store", ""))
    return render_template("scorecard/home.html", home=found)


@blueprint.get("/scorecards/<public_id>")
@guard(Do.SCORECARD_READ)
def show(public_id: str) -> ResponseReturnValue:
    """One scorecard as a page."""
    return render_template("scorecard/page.html", card=scorecards.show(context(), actor(), public_id))


@blueprint.get("/scorecards/<public_id>.pdf")
@guard(Do.SCORECARD_READ)
def pdf(public_id: str) -> ResponseReturnValue:
    """The same as a PDF; while it is being made, a page that looks again by itself, or one that says it failed."""
    data = scorecards.pdf_of(context(), actor(), public_id)
    if data is None:
        failed = scorecards.pdf_given_up(context(), actor(), public_id)
        return render_template("scorecard/wait.html", public_id=public_id, failed=failed), 503 if failed else 202
    return _file(data, "application/pdf", f"scorecard-{public_id[:8]}.pdf")


@blueprint.get("/scorecards/<public_id>/photos/<photo_id>")
@guard(Do.SCORECARD_READ)
def photo(public_id: str, photo_id: str) -> ResponseReturnValue:
    """A cleaned photo of a failed standard; ?s=1 gives the small one."""
    data = scorecards.photo_of(context(), actor(), public_id, photo_id, small=request.args.get("s") == "1")
    return _file(data, "image/jpeg", f"photo-{photo_id[:8]}.jpg")


@blueprint.get("/stores/<store_id>/history")
@guard(Do.SCORECARD_READ)
def history(store_id: str) -> ResponseReturnValue:
    """All published visits of a store."""
    return render_template("scorecard/history.html", history=scorecards.history(context(), actor(), store_id))


def _file(data: bytes, kind: str, name: str) -> Response:
    """A private file; the same bytes are not sent twice."""
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(data).hexdigest())
    response.make_conditional(request)
    return response
