"""What holds for every request and every answer.

Requests: no NUL in an address, no form or JSON larger than any of ours. Answers: nothing inline, nothing from
elsewhere, no framing; private pages are not stored.
"""

from __future__ import annotations

import secrets

import structlog
from flask import Flask, Response, g, request

from auditapp.domain.errors import NotFound
from auditapp.gate.request import context

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MOST_BYTES = {"application/x-www-form-urlencoded": 4 * 2**20, "application/json": 2 * 2**20}
"""Both are read into memory as a whole, before anybody is asked who they are."""


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
        return response
