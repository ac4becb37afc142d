"""From the first opened page to the receipt.

Finished work is never refused: late, incomplete with a reason, or after the wave closed, it is accepted and flagged
for the reviewer. A receipt is given only when everything the phone lists is here, and the same one for ever after.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditapp.db.schema import AnswerField, AnswerWrite, Assignment, Photo, ReviewEvent, Visit
from auditapp.domain.checklist import Method
from auditapp.domain.errors import Incomplete, InvalidInput, NotFound
from auditapp.domain.roles import Actor
from auditapp.domain.visit import Step, VisitState, after, missing
from auditapp.i18n import N_
from auditapp.services.audit import note
from auditapp.services.checklists import checklist_of
from auditapp.services.scoring import keep_score
from auditapp.services.visits.access import begin, own_assignment, own_visit
from auditapp.services.visits.models import Prepared, Receipt
from auditapp.services.visits.reading import answers_given, filled_of
from auditapp.services.visits.replies import plain_words
from auditapp.services.visits.times import Times, judge, keep_times

REVIEW_DAYS = 3
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Manifest:
    """What a phone says it captured: the sequence number of each field, the raw SHA-256 of each photo, and photos
    that the server refused for good."""

    answers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    photos: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


def read_manifest(raw: object) -> Manifest:
    """The manifest in the JSON of a phone. Raises InvalidInput where it has another shape."""
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


def start(session: Session, actor: Actor, assignment_id: str, now: datetime) -> str:
    """Open the visit of an assignment, or the one already open; gives the visit's public id."""
    visit = _visit_of(session, own_assignment(session, actor, assignment_id), now)
    begin(visit, now)
    session.flush()
    return visit.public_id


def prepare(session: Session, actor: Actor, assignment_id: str, now: datetime) -> Prepared:
    """Make the visit of an assignment, if there is none, without beginning it: a phone can then do it without signal.

    Raises NotFound for other people's assignments, and for one that was cancelled before anybody began.
    """
    assignment = own_assignment(session, actor, assignment_id)
    visit = _visit_of(session, assignment, now)
    return Prepared(
        visit_id=visit.public_id,
        list_number=assignment.list_number,
        time_zone=assignment.store.time_zone,
        due_at=assignment.due_at,
        top_seq=visit.top_seq,
    )


def _visit_of(session: Session, assignment: Assignment, now: datetime) -> Visit:
    cancelled_at = session.scalar(
        select(Assignment.cancelled_at).where(Assignment.id == assignment.id).with_for_update()
    )
    visit = session.scalar(select(Visit).where(Visit.assignment_id == assignment.id))
    if cancelled_at is not None and (visit is None or visit.begun_at is None):
        raise NotFound()
    if visit is None:
        visit = Visit(
            assignment_id=assignment.id,
            store_id=assignment.store_id,
            wave_id=assignment.wave_id,
            checklist_version_id=assignment.wave.checklist_version_id,
            method=assignment.wave.method,
            created_at=now,
        )
        session.add(visit)
        session.flush()
    return visit


def submit(
    session: Session,
    actor: Actor,
    visit_id: str,
    arrived: datetime,
    left: datetime,
    now: datetime,
    manifest: Manifest | None = None,
) -> tuple[Receipt, bool]:
    """Send a visit; gives the receipt and whether it is new. Sending again gives the same receipt.

    Times without a zone are by the store's clock. With a ``manifest`` it is a phone's finished work, which is taken
    whatever its clock says; without one a person has just typed them, and impossible ones are refused.
    Raises Incomplete where something of the manifest is not here, or where an answer or its evidence is missing
    without a reason; InvalidInput for such times, and for any that no clock can show or that are in the wrong order.
    """
    visit = own_visit(session, actor, visit_id, for_update=True)
    return submit_visit(session, actor, visit, arrived, left, now, manifest)


def submit_visit(
    session: Session,
    actor: Actor,
    visit: Visit,
    arrived: datetime,
    left: datetime,
    now: datetime,
    manifest: Manifest | None = None,
) -> tuple[Receipt, bool]:
    """As `submit`, a visit that is locked already, for whoever may send it. Where it raises, nothing was changed."""
    if visit.receipt is not None:
        return receipt_of(session, visit), False
    if manifest is not None and (lacking := _lacking(session, visit, manifest)):
        raise Incomplete(lacking)
    times = judge(session, visit, arrived, left, now, typed=manifest is None)
    checklist = checklist_of(session, visit.checklist_version_id)
    filled = filled_of(session, visit.id, checklist)
    owed = missing(checklist, filled, Method(visit.method))
    if owed:
        raise Incomplete(
            [{"question": m.question, "lack": m.lack.value} for m in owed],
            N_("Some answers or photos are missing. Add them, or say why you can't."),
        )
    keep_times(visit, times)
    visit.manifest = _kept(manifest, times) if manifest else None
    _close(session, visit, Step.SUBMIT, actor, now, "sent", "")
    keep_score(session, visit, checklist, filled, None, now)
    return receipt_of(session, visit), True


def give_up(session: Session, actor: Actor, visit_id: str, reason: str, now: datetime) -> tuple[Receipt, bool]:
    """Report that the visit could not be done, and why; gives the receipt and whether it is new.

    What was answered stays for the reviewer.
    """
    return give_up_visit(session, actor, own_visit(session, actor, visit_id, for_update=True), reason, now)


def give_up_visit(session: Session, actor: Actor, visit: Visit, reason: str, now: datetime) -> tuple[Receipt, bool]:
    """As `give_up`, a visit that is locked already, for whoever may send it. Where it raises, nothing was changed."""
    if visit.receipt is not None:
        return receipt_of(session, visit), False
    visit.not_done_reason = plain_words(reason)
    _close(session, visit, Step.GIVE_UP, actor, now, "not_done", visit.not_done_reason)
    return receipt_of(session, visit), True


def receipt(session: Session, actor: Actor, visit_id: str) -> Receipt:
    """The receipt of a sent visit, as often as it is asked for. Raises NotFound before it was sent."""
    return receipt_of(session, own_visit(session, actor, visit_id))


def receipt_of(session: Session, visit: Visit) -> Receipt:
    """The receipt of a visit. Raises NotFound where it was not sent yet."""
    if visit.receipt is None or visit.submitted_at is None:
        raise NotFound()
    photos = session.scalar(
        select(func.count()).where(Photo.visit_id == visit.id, Photo.deleted_at.is_(None), Photo.amendment.is_(False))
    )
    return Receipt(
        number=visit.receipt,
        at=visit.submitted_at,
        answers=answers_given(session, visit),
        photos=photos or 0,
        review_by=visit.review_due_at or visit.submitted_at,
        not_done=bool(visit.not_done_reason),
    )


def manifest_of(session: Session, actor: Actor, visit_id: str) -> dict[str, Any]:
    """What the server holds of a visit: each field's (sequence number, device), each photo's hash, the deleted ids, and
    the highest sequence number of each device of what came late, by question and field."""
    visit = own_visit(session, actor, visit_id)
    answers: dict[str, dict[str, list[object]]] = {}
    for row in session.scalars(select(AnswerField).where(AnswerField.visit_id == visit.id)):
        answers.setdefault(row.question, {})[row.field] = [row.seq, row.device]
    late: dict[str, dict[str, dict[str, int]]] = {}
    amendments = select(AnswerWrite).where(AnswerWrite.visit_id == visit.id, AnswerWrite.amendment.is_(True))
    for write in session.scalars(amendments.order_by(AnswerWrite.seq)):
        late.setdefault(write.question, {}).setdefault(write.field, {})[write.device] = write.seq
    photos, deleted = {}, []
    for photo in session.scalars(select(Photo).where(Photo.visit_id == visit.id).order_by(Photo.id)):
        if photo.deleted_at is not None:
            deleted.append(photo.uuid)
        elif not photo.conflict:
            photos[photo.uuid] = {
                "id": photo.public_id,
                "question": photo.question,
                "sha256": photo.raw_sha256,
                "amendment": photo.amendment,
            }
    return {
        "visit": visit.public_id,
        "state": visit.state,
        "top_seq": visit.top_seq,
        "receipt": visit.receipt,
        "answers": answers,
        "late": late,
        "photos": photos,
        "deleted": sorted(set(deleted)),
    }


def _kept(manifest: Manifest, times: Times) -> dict[str, Any]:
    """What is kept of a manifest, with the phone's times where they can't be."""
    told = {"told": times.told} if times.told else {}
    return {"photos": dict(manifest.photos), "refused": list(manifest.refused), **told}


def _lacking(session: Session, visit: Visit, manifest: Manifest) -> list[dict[str, str]]:
    seqs = {
        (row.question, row.field): row.seq
        for row in session.scalars(select(AnswerField).where(AnswerField.visit_id == visit.id))
    }
    lacking = [
        {"question": question, "field": name}
        for question, fields in manifest.answers.items()
        for name, seq in fields.items()
        if seqs.get((question, name), 0) < seq
    ]
    held: dict[str, set[str]] = {}
    for photo in session.scalars(select(Photo).where(Photo.visit_id == visit.id)):
        held.setdefault(photo.uuid, set()).add("" if photo.deleted_at else photo.raw_sha256)
    lacking += [
        {"photo": uuid}
        for uuid, sha256 in manifest.photos.items()
        if uuid not in manifest.refused and not held.get(uuid, set()) & {sha256.lower(), ""}
    ]
    return lacking


def _close(session: Session, visit: Visit, step: Step, actor: Actor, now: datetime, kind: str, text: str) -> None:
    visit.state = after(VisitState(visit.state), step)
    visit.revision += 1
    begin(visit, now)
    visit.submitted_at = now
    visit.review_due_at = now + timedelta(days=REVIEW_DAYS)
    visit.receipt = "".join(secrets.choice(ALPHABET) for _ in range(8))
    session.add(
        ReviewEvent(
            visit_id=visit.id, kind=kind, at=now, by_id=actor.user_id or None, revision=visit.revision, text=text
        )
    )
    note(session, actor, f"visit.{kind}", f"visit:{visit.public_id}", now)
    session.flush()
