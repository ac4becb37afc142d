"""Every route says who may come in; a route that says nothing does not start (and a convention test looks).

`@guard(Do.X)` lets in the roles that may do X at all; the service then checks store and region. `@open_to_all` is for
the few pages before sign-in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask

from auditapp.domain.errors import Forbidden
from auditapp.domain.roles import Actor, Do, can
from auditapp.gate.request import actor

P = ParamSpec("P")
R = TypeVar("R")
GUARD = "auditapp_guard"


def guard(do: Do) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in whoever's role may ``do`` this; others get 403, the anonymous go to sign-in."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not can(actor(), do):
                raise Forbidden()
            return view(*args, **kwargs)

        setattr(guarded, GUARD, do)
        return guarded

    return decorate


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """Let in everybody who is signed in, whatever the role."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        actor()
        return view(*args, **kwargs)

    setattr(guarded, GUARD, "signed_in")
    return guarded


def open_to_all(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a page that needs no sign-in."""
    setattr(view, GUARD, "open")
    return view


def guard_of(app: Flask, endpoint: str) -> Do | str | None:
    """The guard of an endpoint, for the start-up check and the tests."""
    found: Do | str | None = getattr(app.view_functions[endpoint], GUARD, None)
    return found


def check_all_guarded(app: Flask) -> None:
    """Refuse to start with an unguarded route (static files excepted)."""
    for endpoint in app.view_functions:
        if endpoint != "static" and guard_of(app, endpoint) is None:
            raise RuntimeError(f"route {endpoint} has no guard")


__all__ = ["Actor", "Do", "check_all_guarded", "guard", "guard_of", "open_to_all", "signed_in"]
