"""For load balancers and monitors: is the process alive, can it serve, how old is the queue."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from auditapp.config import LOOPBACK
from auditapp.domain.roles import Do, can
from auditapp.gate.guards import open_to_all
from auditapp.gate.request import context, maybe_actor
from auditapp.services import health

blueprint = Blueprint("health", __name__)

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""With any of these a call comes through a proxy, which is on this machine too."""


@blueprint.get("/healthz")
@open_to_all
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@open_to_all
def readyz() -> ResponseReturnValue:
    """Database and files answer. This machine and administrators are told more; the queue is never a reason to be
    unready."""
    found = health.readiness(context())
    report: dict[str, object] = {"ready": found.ready}
    database = found.database == "ok"
    if _from_this_machine() or (database and _is_admin()):
        report |= {"database": found.database, "storage": found.storage, "free_bytes": found.free_bytes}
        report |= {"queue": health.queue(context())} if database else {}
    return jsonify(report), 200 if found.ready else 503


def _from_this_machine() -> bool:
    return request.remote_addr in LOOPBACK and not any(name in request.headers for name in FORWARDED)


def _is_admin() -> bool:
    person = maybe_actor()
    return person is not None and can(person, Do.ACCOUNTS_RUN)
