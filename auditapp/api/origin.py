"""The API's guard against other sites: a header that forms can't send, and an Origin that is ours where one is told.
And against a phone with two users: it says whose work it sends."""

from __future__ import annotations

from flask import request

from auditapp.domain.errors import Forbidden, OtherUser
from auditapp.gate.headers import USER
from auditapp.gate.request import from_own_pages, maybe_actor
from auditapp.i18n import N_

FOREIGN = N_("This call did not come from our own pages. Open the app at its own address and try again.")


def own_pages_only() -> None:
    """Raises Forbidden for a changing call without the header X-Auditapp or with a foreign Origin, OtherUser for any
    call whose X-Auditapp-User is not who is signed in."""
    _own_work_only()
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if "X-Auditapp" not in request.headers or ("Origin" in request.headers and not from_own_pages()):
        raise Forbidden(FOREIGN)


def _own_work_only() -> None:
    user, found = request.headers.get(USER), maybe_actor()
    if user is not None and found is not None and user != str(found.user_id):
        raise OtherUser()
