"""What holds for every request and every answer.

Requests: no NUL in an address, no form or JSON larger than any of ours. Answers: nothing inline, nothing from
elsewhere, no framing; private pages are not stored; they wait until what is still being sent has been read.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import BinaryIO

import structlog
from flask import Flask, Response, current_app, g, request

from auditapp.domain.errors import NotFound, TooLarge
from auditapp.domain.roles import Do
from auditapp.gate.guards import guard_of
from auditapp.gate.request import actor, context

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
USER = "X-Auditapp-User"
"""On a shopper's pages: whose they are, so that a phone may keep them for that user. On calls: whose work is sent."""
URLENCODED = "application/x-www-form-urlencoded"
MOST_BYTES = {URLENCODED: 2**20, "application/json": 2 * 2**20}
"""Both are read into memory as a whole, before anybody is asked who they are."""
MOST_FIELDS = 3000
"""Of one form: a section of 400 questions with seven fields each. Taking a million apart costs a second."""
DRAINED_BYTES = 64 * 2**20
DRAIN_SECONDS = 20.0
CHUNK = 2**16


def install(app: Flask) -> None:
    """Give each request an id for the log, and each answer its headers."""

    @app.before_request
    def _begin() -> None:
        g.request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)
        if request.method in {"POST", "PATCH"}:  # a photo comes by PUT, whatever its sender calls it
            kind = "application/json" if request.is_json else request.mimetype
            request.max_content_length = MOST_BYTES.get(kind, request.max_content_length)
            if kind == URLENCODED and request.get_data().count(b"&") >= MOST_FIELDS:
                raise TooLarge()
        if "\0" in request.path or b"%00" in request.query_string or b"\0" in request.query_string:
            raise NotFound()  # no address of ours has one, and PostgreSQL keeps none

    @app.after_request
    def _end(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CSP)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=()"
        if context().settings.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint == "static" and response.status_code < 400:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:
            headers.setdefault("Cache-Control", "no-store")
        if _keepable(response):
            headers[USER] = str(actor().user_id)
        if request.environ.get("wsgi.input_terminated"):  # else nobody can tell where the body ends
            _drain(request.environ["wsgi.input"], request.content_length or 0)
        return response


def _keepable(response: Response) -> bool:
    """Whether this is a shopper's own page, as it is without any question in its address."""
    return (
        request.method == "GET"
        and response.status_code == 200
        and response.mimetype == "text/html"
        and not request.query_string
        and request.endpoint in current_app.view_functions
        and guard_of(current_app, request.endpoint) == Do.VISIT_FILL
    )


def _drain(body: BinaryIO, announced: int) -> None:
    """Read what nobody wanted of a body, within limits, and forget it.

    A client that is still sending when the connection closes sees a broken line instead of its answer.
    """
    if announced > DRAINED_BYTES:
        return
    left, deadline = DRAINED_BYTES, time.monotonic() + DRAIN_SECONDS
    with suppress(Exception):  # the client has gone, or sends no proper chunks: there is nothing to wait for
        while left > 0 and time.monotonic() < deadline and (chunk := body.read(CHUNK)):
            left -= len(chunk)
