"""Who runs the programme."""

from __future__ import annotations

from auditapp.domain.errors import Forbidden
from auditapp.domain.roles import Actor, Do, can


def check(actor: Actor) -> None:
    """Raise Forbidden unless ``actor`` may run the programme."""
    if not can(actor, Do.PROGRAMME_RUN):
        raise Forbidden()
