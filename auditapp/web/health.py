"""For load balancers and monitors: is the process alive, can it serve, how old is the queue."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from auditapp.gate.guards import open_to_all
from auditapp.gate.request import context
from auditapp.services import health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@open_to_all
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@open_to_all
def readyz() -> ResponseReturnValue:
    """Database and files answer; the queue's age is told but never a reason to be unready."""
    report = health.readiness(context())
    return jsonify(report), 200 if report["ready"] else 503
