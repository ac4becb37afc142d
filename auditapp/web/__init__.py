"""The HTML side: thin views that guard, parse, call one service and render."""

from flask import Blueprint


def blueprints() -> list[Blueprint]:
    """All page blueprints, in the order in which they are registered."""
    from auditapp.web import (
        account,
        admin,
        comparison,
        health,
        offline,
        rescue,
        review,
        scorecards,
        visits,
        waiting,
    )

    rooms = (health, offline, account, visits, waiting, review, rescue, scorecards, comparison, admin)
    return [m.blueprint for m in rooms]
