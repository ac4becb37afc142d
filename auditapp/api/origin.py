"""The API's guard against other sites: a header that forms can't send, and an Origin that is ours where one is told."""

from __future__ import annotations

from flask import request

from auditapp.domain.errors import Forbidden
from auditapp.gate.request import context
from auditapp.i18n import N_

FOREIGN = N_("This call did not come from our own pages. Open the app at its own address and try again.")


def own_pages_only() -> None:
    """Raises Forbidden for a changing call without the header X-Auditapp or with a foreign Origin."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    origin = request.headers.get("Origin")
    ours = {context().settings.public_url, request.host_url.rstrip("/")}
    if "X-Auditapp" not in request.headers or (origin is not None and origin not in ours):
        raise Forbidden(FOREIGN)
