"""Loading a rescue file at the review desk: what a phone could not send comes in by hand."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from auditapp.domain.roles import Do
from auditapp.gate.errors import words_of
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context
from auditapp.services.visits import rescue, rescue_file
from auditapp.web.forms import RescueForm

MOST_BYTES = 64 * 2**20
ENVELOPE = 2**16
"""What the form adds to its file."""

blueprint = Blueprint("rescue", __name__, url_prefix="/review")


@blueprint.record_once
def _own_token_check(state: BlueprintSetupState) -> None:
    """Its form looks at the token, once it is known that somebody may send so much."""
    state.app.extensions["csrf"].exempt(f"{__name__}.load")


@blueprint.route("/import", methods=["GET", "POST"])
@guard(Do.VISIT_REVIEW)
def load() -> ResponseReturnValue:
    """Take in a file, and say part by part what became of it."""
    request.max_content_length = MOST_BYTES + ENVELOPE
    form, done = RescueForm(), None
    if form.validate_on_submit():
        with form.refusals():
            found = rescue_file.read_file(form.file.data, MOST_BYTES)
            done = rescue.import_visit(context(), actor(), found)
    elif "csrf_token" in form.errors:
        raise CSRFError()
    status = 200 if done else form.status
    return render_template("review/import.html", form=form, done=done, words_of=words_of), status
