"""Taking in a rescue file: the same merging, cleaning and sending as through the API, for whoever may review.

Loading a file again changes nothing, and a part that can't be taken in never keeps out the others.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import Photo, Visit
from auditapp.domain.errors import AuditAppError, Forbidden, InvalidInput
from auditapp.domain.roles import Actor, Do, can
from auditapp.domain.visit import VisitState
from auditapp.i18n import N_
from auditapp.services.audit import note
from auditapp.services.checklists import checklist_of
from auditapp.services.context import Context
from auditapp.services.visits.evidence import Find, Outcome, drop_photo, take_photo
from auditapp.services.visits.models import Receipt
from auditapp.services.visits.registers import merge
from auditapp.services.visits.rescue_file import Fault, Finished, Rescue, RescuedPhoto
from auditapp.services.visits.sending import give_up_visit, receipt_of, submit_visit


@dataclass
class Imported:
    """What became of a rescue file. ``answers``, ``photos`` and ``taken_back`` count what was new to the server;
    ``sent``: the visit was sent by this file; ``amended``: it had its receipt before. ``number``: of the list."""

    visit_id: str
    number: int
    answers: int = 0
    photos: int = 0
    taken_back: int = 0
    sent: bool = False
    amended: bool = False
    receipt: Receipt | None = None
    faults: list[Fault] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the file held anything that the server had not."""
        return bool(self.answers or self.photos or self.taken_back or self.sent)


def import_visit(context: Context, actor: Actor, rescue: Rescue) -> Imported:
    """Take in what a rescue file holds, and send the visit where the shopper had sent it and there is no receipt.

    Raises Forbidden, or InvalidInput where this server has no such visit.
    """
    if not can(actor, Do.VISIT_REVIEW):
        raise Forbidden()

    def find(session: Session, for_update: bool) -> Visit:
        query = select(Visit).where(Visit.public_id == rescue.visit)
        visit = session.scalar(query.with_for_update(of=Visit) if for_update else query)
        if visit is None:
            raise InvalidInput(N_("This server has no such visit. Load the file where the list came from."))
        return visit

    with context.read() as session:
        visit = find(session, False)
        numbers = dict(checklist_of(session, visit.checklist_version_id).numbers)
        done = Imported(rescue.visit, visit.assignment.list_number, faults=list(rescue.faults), numbers=numbers)
        held = _held(session, visit)
    refused = [photo.uuid for photo in rescue.photos if _take(context, find, photo, held, done)]
    with context.write() as session:
        _take_rest(session, actor, find(session, True), rescue, refused, done, context.now())
    return done


def _held(session: Session, visit: Visit) -> dict[str, set[str]]:
    """What the server has of each photo, by its id: the hashes of what came, "" where it was taken back."""
    found: dict[str, set[str]] = {}
    rows = session.execute(select(Photo.uuid, Photo.raw_sha256, Photo.deleted_at).where(Photo.visit_id == visit.id))
    for uuid, raw_sha256, deleted_at in rows:
        found.setdefault(uuid, set()).add("" if deleted_at else raw_sha256)
    return found


def _take(context: Context, find: Find, photo: RescuedPhoto, held: dict[str, set[str]], done: Imported) -> bool:
    """Take in one photo; whether it was refused for good, which a copy that is damaged or missing is not."""
    known = held.get(photo.uuid, set())
    if "" in known or photo.sha256 in known:
        return False
    try:
        data = photo.data()
    except InvalidInput as error:
        done.faults.append(Fault(error, photo.question))
        return False
    try:
        put = take_photo(context, find, photo.uuid, photo.question, io.BytesIO(data), None, photo.told)
    except AuditAppError as error:
        done.faults.append(Fault(error, photo.question))
        return True
    done.photos += put.outcome is not Outcome.DELETED and put.raw_sha256 not in known
    return False


def _take_rest(
    session: Session, actor: Actor, visit: Visit, rescue: Rescue, refused: list[str], done: Imported, now: datetime
) -> None:
    done.amended = visit.receipt is not None
    merged = merge(session, visit, rescue.device, list(rescue.writes), now)
    done.answers = merged.fresh
    done.faults += [Fault(error, key, name) for key, f in merged.refused.items() for name, error in f.items()]
    held = _held(session, visit)
    if visit.state == VisitState.DRAFT:
        for uuid in rescue.taken_back:
            if "" not in held.get(uuid, ()):
                drop_photo(session, visit, uuid, now)
                done.taken_back += 1
    if rescue.finished and not done.amended:
        try:
            done.sent = _send(session, actor, visit, rescue.finished, refused, now)
        except AuditAppError as error:
            done.faults.append(Fault(error))
    done.receipt = receipt_of(session, visit) if visit.receipt else None
    if done.changed:
        counts = f"answers {done.answers}, photos {done.photos}, taken back {done.taken_back}, sent {int(done.sent)}"
        note(session, actor, "visit.imported", f"visit:{visit.public_id}", now, counts)


def _send(session: Session, actor: Actor, visit: Visit, finished: Finished, refused: list[str], now: datetime) -> bool:
    if finished.times is None:
        return give_up_visit(session, actor, visit, finished.not_done, now)[1]
    manifest = finished.manifest
    frozen = replace(manifest, refused=tuple(sorted({*manifest.refused, *refused} & set(manifest.photos))))
    return submit_visit(session, actor, visit, *finished.times, now, frozen)[1]
