"""The reviewer's desk: the queue, one visit on one page, and the three decisions."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from auditapp.domain.errors import InvalidInput
from auditapp.domain.roles import Do
from auditapp.domain.visit import progress
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext, language
from auditapp.i18n import N_
from auditapp.services.answer_words import NA_WORDS, answer_words, reason_words
from auditapp.services.reviews import deciding, reading
from auditapp.services.reviews.late import late_arrivals
from auditapp.web.late_words import late_rows
from auditapp.web.stopwatch_words import stopwatch_words

blueprint = Blueprint("review", __name__, url_prefix="/review")


@blueprint.get("")
@guard(Do.VISIT_REVIEW)
def queue() -> ResponseReturnValue:
    """Visits that wait for a decision, those due first at the top; below, what arrived after an approval."""
    with context().read() as session:
        waiting = reading.queue(session, actor(), context().now())
        late = late_arrivals(session, actor())
    return render_template("review/queue.html", waiting=waiting, late=late)


@blueprint.get("/<visit_id>")
@guard(Do.VISIT_REVIEW)
def visit(visit_id: str) -> ResponseReturnValue:
    """One visit with answers, photos and flags."""
    with context().read() as session:
        found = reading.reviewed(session, actor(), visit_id)
    checklist, filled = found.checklist, found.filled
    tongue = language()
    return render_template(
        "review/visit.html",
        v=found,
        say=lambda text: checklist.say(text, tongue),
        words=lambda q: answer_words(checklist, q, filled.values.get(q.key), tongue),
        reasons=lambda q: reason_words(checklist, q, filled.reasons.get(q.key, ()), tongue),
        na_words=NA_WORDS,
        stopwatches={key: stopwatch_words(timer, found.time_zone) for key, timer in found.timers.items()},
        done={s.key: progress(s.questions, found.asked, filled) for s in checklist.sections},
        flagged={flag.question for flag in found.flags if flag.question},
        late=late_rows(found, tongue),
        lost={item.question: item.points for item in found.result.lost},
    )


@blueprint.get("/<visit_id>/photos/<photo_id>")
@guard(Do.EVIDENCE_SEE)
def photo(visit_id: str, photo_id: str) -> ResponseReturnValue:
    """A photo of a sent visit; ?s=1 gives the small one."""
    with context().read() as session:
        key = reading.photo_file(session, actor(), visit_id, photo_id, thumb=request.args.get("s") == "1")
    response = send_file(context().storage.open(key), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.post("/<visit_id>/approve")
@guard(Do.VISIT_REVIEW)
def approve(visit_id: str) -> ResponseReturnValue:
    """Accept the visit as it was seen."""
    delay = timedelta(hours=context().settings.publish_delay_hours)
    with context().write() as session:
        deciding.approve(session, actor(), visit_id, _revision(), context().now(), delay)
    return _next(N_("Approved. The store sees it when it is published."))


@blueprint.post("/<visit_id>/ask")
@guard(Do.VISIT_REVIEW)
def ask(visit_id: str) -> ResponseReturnValue:
    """Send the visit back with a question."""
    question, text = request.form.get("question", ""), request.form.get("text", "")
    with context().write() as session:
        deciding.ask(session, actor(), visit_id, _revision(), question, text, context().now())
    return _next(N_("Your question is on the shopper's phone."))


@blueprint.post("/<visit_id>/void")
@guard(Do.VISIT_REVIEW)
def void(visit_id: str) -> ResponseReturnValue:
    """Take the visit out of every figure."""
    with context().write() as session:
        deciding.void(session, actor(), visit_id, _revision(), request.form.get("text", ""), context().now())
    return _next(N_("Voided. The visit counts nowhere."))


@blueprint.post("/<visit_id>/seen")
@guard(Do.VISIT_REVIEW)
def seen(visit_id: str) -> ResponseReturnValue:
    """Take what arrived after the approval off the list."""
    with context().write() as session:
        deciding.mark_seen(session, actor(), visit_id, _revision(), context().now())
    return _next(N_("Marked as seen. The visit stays as it was approved."))


def _revision() -> int:
    try:
        return int(request.form["revision"])
    except (KeyError, ValueError):
        raise InvalidInput(N_("The decision does not say which state of the visit was seen. Load it again.")) from None


def _next(words: str) -> ResponseReturnValue:
    flash(gettext(words))
    return redirect(url_for("review.queue"), 303)
