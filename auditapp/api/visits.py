"""The phone's way in: answers as they are given, photos as they are taken, a manifest to compare, a receipt.

Every call may be repeated: the same call again changes nothing and gives the same answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected

from auditapp.api.origin import own_pages_only
from auditapp.domain.errors import Conflict, InvalidInput
from auditapp.domain.roles import Do
from auditapp.domain.times import clock_offset, phone_moment, read_moment
from auditapp.gate.errors import words_of
from auditapp.gate.guards import guard, signed_in
from auditapp.gate.request import actor, context, gettext
from auditapp.i18n import N_
from auditapp.photos.receiving import CHANGED
from auditapp.services.visits import evidence, registers, sending
from auditapp.services.visits.evidence import Outcome, Told
from auditapp.services.visits.models import Receipt
from auditapp.services.visits.registers import Write

blueprint = Blueprint("api_visits", __name__, url_prefix="/api/v1")
blueprint.before_request(own_pages_only)

SAME_ID = N_("Another photo already has this id. Both are kept; give the new one an id of its own.")


@blueprint.get("/session")
@signed_in
def session() -> ResponseReturnValue:
    """Who is signed in, and the server's clock."""
    return jsonify(user=actor().user_id, role=actor().role.value, now=context().now().isoformat())


@blueprint.post("/assignments/<assignment_id>/prepare")
@guard(Do.VISIT_FILL)
def prepare(assignment_id: str) -> ResponseReturnValue:
    """Make the visit without beginning it; tells the phone what it needs to do it without signal."""
    with context().write() as db:
        made = sending.prepare(db, actor(), assignment_id, context().now())
    pages = [
        url_for("visits.my_visits"),
        url_for("visits.brief", assignment_id=assignment_id),
        *(url_for(f"visits.{page}", visit_id=made.visit_id) for page in ("checklist", "check", "receipt")),
        url_for("waiting.page"),
    ]
    return jsonify(
        visit=made.visit_id,
        list=gettext("List %(number)s", number=f"{made.list_number:02}"),
        zone=made.time_zone,
        due_at=made.due_at.isoformat(),
        top_seq=made.top_seq,
        pages=pages,
    )


@blueprint.patch("/visits/<visit_id>/answers")
@guard(Do.VISIT_FILL)
def patch_answers(visit_id: str) -> ResponseReturnValue:
    """Merge a batch of fields; tells the winner of each, and what was refused and why."""
    body = _body()
    device = registers.check_device(body.get("device"))
    writes, now = _writes(body.get("answers")), context().now()
    offset = clock_offset(phone_moment(body.get("clock")), now)
    with context().write() as db:
        merged = registers.patch_answers(db, actor(), visit_id, device, writes, now, offset)
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
        latitude=evidence.degrees(headers.get("X-Latitude"), 90),
        longitude=evidence.degrees(headers.get("X-Longitude"), 180),
        device=headers.get("X-Camera", "")[:120],
        given_at=phone_moment(headers.get("X-Given-At")),
        clock_offset=clock_offset(phone_moment(headers.get("X-Clock")), context().now()),
    )
    try:
        put = evidence.put_photo(
            context(),
            actor(),
            visit_id,
            uuid,
            headers.get("X-Question", ""),
            request.stream,
            headers.get("X-Sha256") or None,
            told,
            request.content_length,  # none with a body in chunks, which has an end of its own
        )
    except ClientDisconnected:  # how servers other than ours, or a body in chunks, tell of a body that was cut
        raise InvalidInput(CHANGED, field="sha256") from None
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
    """Send a visit, or say why it could not be done: 201 with the receipt, 200 with the same one again, 409 naming
    what the server lacks."""
    body = _body()
    if "not_done" in body:
        return _give_up(visit_id, body["not_done"])
    frozen = sending.read_manifest(body.get("manifest"))
    arrived, left = _moment(body, "arrived"), _moment(body, "left")
    with context().write() as db:
        receipt, created = sending.submit(db, actor(), visit_id, arrived, left, context().now(), frozen)
    return jsonify(_receipt(receipt)), 201 if created else 200


def _give_up(visit_id: str, reason: object) -> ResponseReturnValue:
    if not isinstance(reason, str):
        raise InvalidInput(N_("Write a few words first."), "not_done")
    with context().write() as db:
        receipt, created = sending.give_up(db, actor(), visit_id, reason, context().now())
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
    """The batch, flattened. Raises InvalidInput where it has another shape than {question: {field: [seq, value]}}; a
    third element tells when it was given."""
    shape = InvalidInput(N_("Answers come as {question: {field: [sequence number, value]}}."), "answers")
    if not isinstance(answers, dict):
        raise shape
    writes = []
    for question, fields in answers.items():
        if not isinstance(fields, dict):
            raise shape
        for name, parts in fields.items():
            if not (isinstance(parts, list) and len(parts) in (2, 3) and type(parts[0]) is int):
                raise shape
            writes.append(Write(question, name, parts[0], parts[1], phone_moment(parts[-1]) if parts[2:] else None))
    return writes


def _moment(body: dict[str, Any], name: str) -> datetime:
    moment = read_moment(body.get(name))
    if moment is None:
        raise InvalidInput(N_("Give the arriving and the leaving time, such as 2026-09-14T13:05."), name)
    return moment
