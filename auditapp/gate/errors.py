"""The one place where the error tree becomes pages, JSON and statuses."""

from __future__ import annotations

import structlog
from flask import Flask, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from auditapp.domain import errors
from auditapp.gate.request import translations
from auditapp.i18n import N_

STATUS: tuple[tuple[type[errors.AuditAppError], int], ...] = (
    (errors.SignInNeeded, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.TooMany, 429),
    (errors.TemporarilyUnavailable, 503),
    (errors.AuditAppError, 422),
)
PLAIN = {
    400: N_("The server did not understand this request. Go back, load the page again and try once more."),
    404: errors.NotFound.message,
    405: N_("This address does not take that kind of request. Go back and use the buttons of the page."),
    413: errors.TooLarge.message,
}
BROKEN = N_("Something went wrong on our side. What you saved is safe. Try again in a minute.")
STALE = N_("This page was open for too long. Load it again and send once more; what you saved is still there.")
TITLES = {
    401: N_("Please sign in"),
    403: N_("Not for your role"),
    404: N_("Not found"),
    409: N_("This has changed"),
    413: N_("Too large"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong"),
    503: N_("Busy"),
}
OTHER_TITLE = N_("That did not work")
log = structlog.get_logger()


def status_of(error: errors.AuditAppError) -> int:
    """The HTTP status of an error of the tree."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def words_of(error: errors.AuditAppError) -> str:
    """What is wrong and what to do, in the reader's language."""
    text = translations().gettext(error.message)
    return text.format(**error.params) if error.params else text


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(errors.AuditAppError, answer)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(error: errors.AuditAppError) -> ResponseReturnValue:
    """The page or JSON that tells of an error of the tree."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, errors.TooMany) else {}
    return _answer(status_of(error), error.code, words_of(error), headers, _extra(error))


def _extra(error: errors.AuditAppError) -> dict[str, object]:
    if isinstance(error, errors.Incomplete):
        return {"missing": error.missing}
    if isinstance(error, errors.InvalidInput) and error.field:
        return {"field": error.field}
    return {}


def _stale(_error: CSRFError) -> ResponseReturnValue:
    return _answer(400, "stale_page", translations().gettext(STALE))


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if 300 <= status < 400:
        return error
    words = PLAIN.get(status, BROKEN if status >= 500 else PLAIN[400])
    code = errors.TooLarge.code if status == 413 else error.name.lower().replace(" ", "_")
    return _answer(status, code, translations().gettext(words))


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected", path=request.path, error=type(error).__name__)
    return _answer(500, "unexpected", translations().gettext(BROKEN))


def _answer(
    status: int,
    code: str,
    words: str,
    headers: dict[str, str] | None = None,
    extra: dict[str, object] | None = None,
) -> ResponseReturnValue:
    if wants_json():
        body = {"error": {"code": code, "message": words, "request": g.get("request_id", ""), **(extra or {})}}
        return jsonify(body), status, headers or {}
    title = translations().gettext(TITLES.get(status, OTHER_TITLE))
    return render_template("layout/error.html", title=title, words=words, status=status), status, headers or {}


def wants_json() -> bool:
    """Whether the asker reads JSON, not pages."""
    return request.path.startswith("/api/")
