"""The shopper's pages. They work without any script; the scripts only save each answer at once."""

from __future__ import annotations

import json

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import FileStorage

from auditapp.domain.errors import AuditAppError, InvalidInput, PhotoRefused, TooLarge
from auditapp.domain.roles import Do
from auditapp.domain.visit import VisitState
from auditapp.gate.errors import words_of
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext, language, show_time
from auditapp.i18n import N_
from auditapp.services.answer_words import answer_words
from auditapp.services.visits import evidence, listing, reading, registers, replies, sending
from auditapp.services.visits.models import OpenVisit
from auditapp.web import visit_cards, visit_check, visit_form, visit_page, visit_words
from auditapp.web.visit_form import Posted

blueprint = Blueprint("visits", __name__)

EXPIRED = N_("This page had expired. What you entered is still here, but it is not saved yet. Press the button again.")
CHOOSE_AGAIN = N_("Choose the photos of this question again.")
UNSAVED = N_("Not saved yet.")


@blueprint.errorhandler(CSRFError)
def _stale(_error: CSRFError) -> ResponseReturnValue:
    """A page whose token is too old comes back with all that was typed and a new token; nothing of it is kept yet."""
    try:
        page = make_response(_once_more(request.endpoint, **(request.view_args or {})))
    except AuditAppError as error:  # no handler looks after a handler
        return current_app.handle_user_exception(error)
    if page.status_code == 200:
        page.status_code = 400
    return page


@guard(Do.VISIT_FILL)
def _once_more(endpoint: str | None, visit_id: str = "", assignment_id: str = "") -> ResponseReturnValue:
    words = gettext(EXPIRED)
    if endpoint == "visits.start":
        return _brief(assignment_id, stale=words)
    visit = _open(visit_id)
    if endpoint == "visits.save":
        posted = visit_form.read(request.form, visit, context().now())
        for question in posted.questions:
            if _files(question.key):
                posted.refuse(question.key, gettext(CHOOSE_AGAIN))
        return _checklist(visit, posted, words)
    if endpoint == "visits.reply":
        return _message(visit_id, stale=words)
    if visit.sent:
        return redirect(_after_sending(visit), 303)
    return render_template("visits/check.html", **visit_check.view(visit, language(), request.form, stale=words))


@blueprint.get("/visits")
@guard(Do.VISIT_FILL)
def my_visits() -> ResponseReturnValue:
    """What is due, what comes next, what was sent."""
    now = context().now()
    with context().read() as session:
        mine = listing.my_visits(session, actor(), now)
    return render_template("visits/my_visits.html", mine=mine, words=visit_words, now=now)


@blueprint.get("/visits/sent")
@guard(Do.VISIT_FILL)
def sent() -> ResponseReturnValue:
    """Every visit that was ever sent, with its receipt. Its own path: a phone keeps it beside the short list."""
    with context().read() as session:
        rows = listing.sent_visits(session, actor())
    return render_template("visits/sent.html", rows=rows, words=visit_words)


@blueprint.get("/visits/assignments/<assignment_id>")
@guard(Do.VISIT_FILL)
def brief(assignment_id: str) -> ResponseReturnValue:
    """What to read before going in."""
    return _brief(assignment_id)


def _brief(assignment_id: str, wrong: bool = False, stale: str = "") -> str:
    with context().read() as session:
        found = reading.brief(session, actor(), assignment_id, language())
    return render_template(
        "visits/brief.html",
        brief=found,
        row=found.row,
        words=visit_words,
        checks=visit_words.readiness(found.row.method),
        wrong=wrong,
        stale=stale,
        given=request.form,
    )


@blueprint.post("/visits/assignments/<assignment_id>/start")
@guard(Do.VISIT_FILL)
def start(assignment_id: str) -> ResponseReturnValue:
    """Open the visit once the three questions of the brief are answered right."""
    with context().read() as session:
        row = reading.brief(session, actor(), assignment_id, language()).row
    if row.visit_id is None and not visit_words.ready(row.method, request.form):
        return _brief(assignment_id, wrong=True), 422
    with context().write() as session:
        visit_id = sending.start(session, actor(), assignment_id, context().now())
    return redirect(url_for(".checklist", visit_id=visit_id), 303)


@blueprint.get("/visits/<visit_id>")
@guard(Do.VISIT_FILL)
def checklist(visit_id: str) -> ResponseReturnValue:
    """The whole checklist on one page, each section its own form."""
    visit = _open(visit_id)
    if visit.sent:
        return redirect(_after_sending(visit), 303)
    return _checklist(visit)


@blueprint.post("/visits/<visit_id>")
@guard(Do.VISIT_FILL)
def save(visit_id: str) -> ResponseReturnValue:
    """Keep what one section's form changed, then go on; what can't be kept comes back with the reason."""
    visit = _open(visit_id)
    posted = visit_form.read(request.form, visit, context().now())
    if posted.changes:
        with context().write() as session:
            registers.save_fields(session, actor(), visit_id, posted.changes, context().now())
    _take_photos(visit_id, posted)
    touched = _touched(visit)
    if removed := request.form.get("remove"):
        with context().write() as session:
            evidence.delete_photo(session, actor(), visit_id, removed, context().now())
    visit = _open(visit_id)
    if posted.errors:
        return _checklist(visit, posted), 422
    return redirect(_after_saving(visit, posted, touched), 303)


def _open(visit_id: str) -> OpenVisit:
    with context().read() as session:
        return reading.open_visit(session, actor(), visit_id)


def _checklist(visit: OpenVisit, posted: Posted | None = None, lead: str = "", preview: bool = False) -> str:
    """The page; after a failed post with everything that was sent, also what could not be kept. With a ``lead``,
    which says why, nothing was."""
    back = visit_form.coming_back(posted, visit, everything=bool(lead)) if posted else {}
    numbers = visit.checklist.numbers
    errors = posted.errors if posted else {}
    unsaved = {*posted.touched, _touched(visit)} & numbers.keys() if posted and lead else set()
    problems = {**dict.fromkeys(unsaved, gettext(UNSAVED)), **errors}
    return render_template(
        "visits/checklist.html",
        visit=visit,
        page=visit_page.page(visit, language(), back),
        problems=sorted((numbers[key], words) for key, words in problems.items()),
        lead=lead,
        preview=preview,
        here=url_for(".checklist", visit_id=visit.id) if visit.id else "",
        state_words=_state_words(visit),
        words=json.dumps(visit_words.script_words(), ensure_ascii=False),
    )


def _state_words(visit: OpenVisit) -> str:
    last = visit.suggested_leaving
    if last is None:
        return gettext("Nothing entered yet")
    return gettext("Saved %(time)s", time=show_time(last, visit.row.time_zone))


def _take_photos(visit_id: str, posted: Posted) -> None:
    for question in posted.questions:
        for file in _files(question.key):
            try:
                evidence.add_photo(context(), actor(), visit_id, question.key, file.stream)
            except (PhotoRefused, InvalidInput, TooLarge) as error:
                posted.refuse(question.key, words_of(error))


def _files(key: str) -> list[FileStorage]:
    """What was chosen at a question; a field where nothing was chosen posts a file without a name."""
    return [file for file in request.files.getlist(f"{key}.p") if file.filename]


def _touched(visit: OpenVisit) -> str:
    """The question whose clock or photo a button was about, "" for a plain save."""
    removed = request.form.get("remove", "")
    owner = next((key for key, photos in visit.photos.items() if any(p.uuid == removed for p in photos)), "")
    return owner or request.form.get("timer", "").rpartition(".")[0]


def _after_saving(visit: OpenVisit, posted: Posted, touched: str) -> str:
    if visit.sent:
        return _after_sending(visit)
    here = url_for(".checklist", visit_id=visit.id)
    if touched in visit.checklist.numbers:
        return f"{here}#q{visit.checklist.numbers[touched]}"
    if request.form.get("go") != "next":
        return f"{here}#s-{posted.section.key}"
    keys = [s.key for s in visit.checklist.sections if visit_cards.asked_of(s, visit.method)]
    after = keys[keys.index(posted.section.key) + 1 :]
    return f"{here}#s-{after[0]}" if after else url_for(".check", visit_id=visit.id)


def _after_sending(visit: OpenVisit) -> str:
    page = ".message" if visit.state is VisitState.QUERIED else ".receipt"
    return url_for(page, visit_id=visit.id)


@blueprint.get("/visits/<visit_id>/photos/<photo_id>")
@guard(Do.VISIT_FILL)
def photo(visit_id: str, photo_id: str) -> ResponseReturnValue:
    """A photo of the shopper's own visit; ?s=1 gives the small one."""
    with context().read() as session:
        key = evidence.own_photo_key(session, actor(), visit_id, photo_id, thumb=request.args.get("s") == "1")
    response = send_file(context().storage.open(key), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/visits/<visit_id>/check")
@guard(Do.VISIT_FILL)
def check(visit_id: str) -> ResponseReturnValue:
    """Everything once more before it goes, with what is missing on top."""
    visit = _open(visit_id)
    if visit.sent:
        return redirect(_after_sending(visit), 303)
    return render_template("visits/check.html", **visit_check.view(visit, language()))


@blueprint.post("/visits/<visit_id>/check")
@guard(Do.VISIT_FILL)
def send(visit_id: str) -> ResponseReturnValue:
    """Keep the reasons for what can't be given, then send; where something still stands in the way, say so."""
    visit = _open(visit_id)
    if visit.sent:
        return redirect(_after_sending(visit), 303)
    excuses = visit_check.excuses(request.form, visit)
    if excuses.changes:
        with context().write() as session:
            registers.save_fields(session, actor(), visit_id, excuses.changes, context().now())
        visit = _open(visit_id)
    times, errors = visit_check.times(request.form)
    errors.update(excuses.errors)
    if times and not visit.missing and not errors:
        try:
            with context().write() as session:
                sending.submit(session, actor(), visit_id, *times, context().now())
            return redirect(url_for(".receipt", visit_id=visit_id), 303)
        except InvalidInput as error:
            errors[error.field] = words_of(error)
    page = visit_check.view(visit, language(), request.form, errors)
    return render_template("visits/check.html", **page), 422


@blueprint.post("/visits/<visit_id>/not-done")
@guard(Do.VISIT_FILL)
def give_up(visit_id: str) -> ResponseReturnValue:
    """Report that the visit could not be done; that is a way out with a receipt, too."""
    try:
        with context().write() as session:
            sending.give_up(session, actor(), visit_id, request.form.get("reason", ""), context().now())
    except InvalidInput as error:
        page = visit_check.view(_open(visit_id), language(), request.form, {"reason": words_of(error)})
        return render_template("visits/check.html", **page), 422
    return redirect(url_for(".receipt", visit_id=visit_id), 303)


@blueprint.get("/visits/<visit_id>/receipt")
@guard(Do.VISIT_FILL)
def receipt(visit_id: str) -> ResponseReturnValue:
    """The server's word that everything arrived; it can be opened again at any time. ?copy=1 gives it as a file.

    Before sending it says so: a phone keeps that page, and tells there what still waits on it.
    """
    with context().read() as session:
        visit = reading.open_visit(session, actor(), visit_id)
        copy = bool(request.args.get("copy"))
        found = sending.receipt(session, actor(), visit_id) if visit.sent or copy else None
    if found and copy:
        name = f"list-{visit.row.list_number:02}-receipt.txt"
        return Response(
            visit_words.receipt_copy(found, visit.row),
            mimetype="text/plain",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    return render_template("visits/receipt.html", receipt=found, visit=visit, row=visit.row, words=visit_words)


@blueprint.get("/visits/<visit_id>/message")
@guard(Do.VISIT_FILL)
def message(visit_id: str) -> ResponseReturnValue:
    """The one question of the reviewer, beside the answer that it concerns."""
    return _message(visit_id)


def _message(visit_id: str, error: str = "", stale: str = "") -> ResponseReturnValue:
    visit = _open(visit_id)
    if visit.query is None:
        return redirect(url_for(".receipt" if visit.sent else ".checklist", visit_id=visit_id), 303)
    question = visit.checklist.by_key.get(visit.query.question)
    return render_template(
        "visits/message.html",
        visit=visit,
        row=visit.row,
        query=visit.query,
        number=visit.checklist.numbers.get(visit.query.question, 0),
        question=visit.checklist.say(question.text, language()) if question else "",
        answer=answer_words(visit.checklist, question, visit.filled.values.get(question.key), language())
        if question
        else "",
        note=visit.filled.notes.get(visit.query.question, ""),
        photos=visit.photos.get(visit.query.question, ()),
        text=request.form.get("text", ""),
        error=error,
        stale=stale,
    )


@blueprint.post("/visits/<visit_id>/message")
@guard(Do.VISIT_FILL)
def reply(visit_id: str) -> ResponseReturnValue:
    """Answer the reviewer's question."""
    try:
        with context().write() as session:
            replies.reply(session, actor(), visit_id, request.form.get("text", ""), context().now())
    except InvalidInput as error:
        page = make_response(_message(visit_id, words_of(error)))
        page.status_code = 422
        return page
    return redirect(url_for(".receipt", visit_id=visit_id), 303)


@blueprint.get("/visits/preview/<version_id>")
@guard(Do.PROGRAMME_RUN)
def preview(version_id: str) -> ResponseReturnValue:
    """A published checklist as a shopper sees it; nothing is kept."""
    with context().read() as session:
        visit = reading.preview(session, actor(), version_id)
    return _checklist(visit, preview=True)
