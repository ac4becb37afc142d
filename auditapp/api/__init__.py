"""The JSON side, under /api/v1."""

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    """All API blueprints."""
    from auditapp.api import visits

    return [visits.blueprint]
