"""The HTML side: thin views that guard, parse, call one service and render."""

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    """All page blueprints, in the order in which they are registered."""
    from auditapp.web import account, admin, comparison, health, review, scorecards, visits

    return [m.blueprint for m in (health, account, visits, review, scorecards, comparison, admin)]
