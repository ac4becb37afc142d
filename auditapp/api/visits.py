"""The phone's way in: answers as they are given, photos as they are taken, a manifest to compare, a receipt.

Every call may be repeated: the same call again changes nothing and gives the same answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from auditapp.api.origin import own_pages_only
from auditapp.domain.errors import Conflict, InvalidInput
from auditapp.domain.roles import Do
from auditapp.gate.errors import words_of
from auditapp.gate.guards import guard, signed_in
from auditapp.gate.request import actor, context
from auditapp.i18n import N_
from auditapp.services.visits import evidence, registers, sending
from auditapp.services.visits.evidence import Outcome, Told
from auditapp.services.visits.models import Receipt
from auditapp.services.visits.registers import Write
from auditapp.services.visits.sending import Manifest

blueprint = Blueprint("api_visits", __name__, url_prefix="/api/v1")
blueprint.before_request(own_pages_only)

SAME_ID = N_("Another photo already has this id. Both are kept; give the new one an id of its own.")


@blueprint.get("/session")
@signed_in
def session() -> ResponseReturnValue:
    """Who is signed in, and the server's clock."""
    return jsonify(user=actor().user_id, role=actor().role.value, now=context().now().isoformat())


@blueprint.patch("/visits/<visit_id>/answers")
@guard(Do.VISIT_FILL)
def patch_answers(visit_id: str) -> ResponseReturnValue:
    """Merge a batch of fields; tells the winner of each, and what was refused and why."""
    body = _body()
    device = body.get("device")
    if not isinstance(device, str) or not 1 <= len(device) <= 64 or not device.isprintable():
        raise InvalidInput(N_("A batch of answers names the device that it comes from."), "device")
    writes = _writes(body.get("answers"))
    with context().write() as db:
        merged = registers.patch_answers(db, actor(), visit_id, device, writes, context().now())
    return jsonify(
        winners={q: {f: list(w) for f, w in fields.items()} for q, fields in merged.winners.items()},
        refused={q: {f: words_of(e) for f, e in fields.items()} for q, fields in merged.refused.items()},
        top_seq=merged.top_seq,
        amendment=merged.amendment,
    )


@blueprint.put("/visits/<visit_id>/photos/<uuid>")
@guard(Do.VISIT_FILL)
def put_photo(visit_id: str, uuid: str) -> ResponseReturnValue:
    """Take in one photo's bytes; 201 new, 200 known or deleted before, 409 where the id belongs to another photo."""
    headers = request.headers
    told = Told(
        taken_at=headers.get("X-Taken-At", "")[:40],
        latitude=_degrees("X-Latitude", 90),
        longitude=_degrees("X-Longitude", 180),
        device=headers.get("X-Camera", "")[:120],
    )
    put = evidence.put_photo(
        context(),
        actor(),
        visit_id,
        uuid,
        headers.get("X-Question", ""),
        request.stream,
        headers.get("X-Sha256") or None,
        told,
    )
    if put.outcome is Outcome.CONFLICT:
        raise Conflict(SAME_ID)
    body = {"uuid": put.uuid, "id": put.public_id, "sha256": put.raw_sha256, "state": put.outcome.value}
    return jsonify(body), 201 if put.outcome is Outcome.STORED else 200


@blueprint.delete("/visits/<visit_id>/photos/<uuid>")
@guard(Do.VISIT_FILL)
def delete_photo(visit_id: str, uuid: str) -> ResponseReturnValue:
    """Take a photo back; doing so twice is fine."""
    with context().write() as db:
        evidence.delete_photo(db, actor(), visit_id, uuid, context().now())
    return jsonify(uuid=uuid, state="deleted")


@blueprint.get("/visits/<visit_id>/manifest")
@guard(Do.VISIT_FILL)
def manifest(visit_id: str) -> ResponseReturnValue:
    """What the server holds of a visit."""
    with context().read() as db:
        return jsonify(sending.manifest_of(db, actor(), visit_id))


@blueprint.post("/visits/<visit_id>/submit")
@guard(Do.VISIT_FILL)
def submit(visit_id: str) -> ResponseReturnValue:
    """Send a visit: 201 with the receipt, 200 with the same one again, 409 naming what the server lacks."""
    body = _body()
    frozen = _manifest(body.get("manifest"))
    arrived, left = _moment(body, "arrived"), _moment(body, "left")
    with context().write() as db:
        receipt, created = sending.submit(db, actor(), visit_id, arrived, left, context().now(), frozen)
    return jsonify(_receipt(receipt)), 201 if created else 200


@blueprint.get("/visits/<visit_id>/receipt")
@guard(Do.VISIT_FILL)
def receipt(visit_id: str) -> ResponseReturnValue:
    """The receipt, as often as it is asked for."""
    with context().read() as db:
        return jsonify(_receipt(sending.receipt(db, actor(), visit_id)))


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "receipt": receipt.number,
        "at": receipt.at.isoformat(),
        "answers": receipt.answers,
        "photos": receipt.photos,
        "review_by": receipt.review_by.isoformat(),
        "not_done": receipt.not_done,
    }


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets a thousand deep
        body = None
    if not isinstance(body, dict):
        raise InvalidInput(N_("Send a JSON object with the content type application/json."))
    return body


def _writes(answers: object) -> list[Write]:
    """The batch, flattened. Raises InvalidInput where it has another shape than {question: {field: [seq, value]}}."""
    shape = InvalidInput(N_("Answers come as {question: {field: [sequence number, value]}}."), "answers")
    if not isinstance(answers, dict):
        raise shape
    writes = []
    for question, fields in answers.items():
        if not isinstance(fields, dict):
            raise shape
        for name, pair in fields.items():
            if not (isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int):
                raise shape
            writes.append(Write(question, name, pair[0], pair[1]))
    return writes


def _manifest(raw: object) -> Manifest:
    shape = InvalidInput(N_("The manifest lists answers with sequence numbers and photos with hashes."), "manifest")
    if not isinstance(raw, dict):
        raise shape
    answers, photos, refused = raw.get("answers", {}), raw.get("photos", {}), raw.get("refused", [])
    fits = (
        isinstance(answers, dict)
        and all(isinstance(f, dict) and all(type(s) is int for s in f.values()) for f in answers.values())
        and isinstance(photos, dict)
        and all(isinstance(sha, str) for sha in photos.values())
        and isinstance(refused, list)
        and all(isinstance(uuid, str) for uuid in refused)
    )
    if not fits:
        raise shape
    return Manifest(answers, photos, tuple(refused))


def _moment(body: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(body.get(name) or "")
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(N_("Give the arriving and the leaving time, each with its time zone."), name)
    return moment


def _degrees(header: str, most: float) -> float | None:
    try:
        value = float(request.headers.get(header, ""))
    except ValueError:
        return None
    return value if -most <= value <= most else None
