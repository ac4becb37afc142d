"""Photos of a visit: taken in and cleaned with no transaction open, then recorded in one short one.

The same id with the same bytes is the same photo, whoever sends it how often; the same id with other bytes is a
conflict of which both are kept; a deleted id stays deleted, however late its photo arrives. A form without script has
no id to send: there the same bytes at the same question are the same photo.
"""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from auditapp import photos
from auditapp.db.schema import Photo, Visit
from auditapp.domain.checklist import EvidenceRule, QuestionType
from auditapp.domain.errors import InvalidInput, NotFound
from auditapp.domain.roles import Actor
from auditapp.domain.visit import VisitState
from auditapp.i18n import N_
from auditapp.photos.receiving import Readable
from auditapp.services.checklists import checklist_of
from auditapp.services.context import Context
from auditapp.services.visits.access import begin, own_visit
from auditapp.services.visits.registers import note_amendment

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PHOTO_TYPES = frozenset({QuestionType.PHOTO, QuestionType.SIGNATURE})
MOST_PHOTOS = 500

Find = Callable[[Session, bool], Visit]
"""Gives the visit that is meant, locked where the second argument says so. Raises Forbidden or NotFound."""


class Outcome(StrEnum):
    """What became of a photo that was sent."""

    STORED = "stored"
    KNOWN = "known"
    DELETED = "deleted"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Put:
    """The answer to a sent photo: its fate, its public id (if it stands), and the SHA-256 of the bytes that came."""

    outcome: Outcome
    uuid: str
    public_id: str | None
    raw_sha256: str


@dataclass(frozen=True)
class Told:
    """What the phone says of a photo beside its bytes (the original's EXIF is gone once the phone has shrunk it).

    ``given_at``: when it was added to the visit, by a clock that is ``clock_offset`` seconds ahead of ours.
    """

    taken_at: str = ""
    latitude: float | None = None
    longitude: float | None = None
    device: str = ""
    given_at: datetime | None = None
    clock_offset: int | None = None


def put_photo(
    context: Context,
    actor: Actor,
    visit_id: str,
    uuid: str,
    question: str,
    stream: Readable,
    sha256: str | None = None,
    told: Told | None = None,
    size: int | None = None,
) -> Put:
    """Take in a photo, of which ``sha256`` (hex) and ``size`` (bytes) are what the sender says of it. Raises
    InvalidInput, PhotoRefused, TooLarge, NotFound; returns only what is safely on disk."""

    def find(session: Session, for_update: bool) -> Visit:
        return own_visit(session, actor, visit_id, for_update)

    return take_photo(context, find, uuid, question, stream, sha256, told, size)


def add_photo(context: Context, actor: Actor, visit_id: str, question: str, stream: Readable) -> Put:
    """As `put_photo`, from a form, which has no id for it: posted once more, it is the photo that stands already."""

    def find(session: Session, for_update: bool) -> Visit:
        return own_visit(session, actor, visit_id, for_update)

    return take_photo(context, find, None, question, stream)


def take_photo(
    context: Context,
    find: Find,
    uuid: str | None,
    question: str,
    stream: Readable,
    sha256: str | None = None,
    told: Told | None = None,
    size: int | None = None,
) -> Put:
    """As `put_photo`, for whoever may reach the visit that ``find`` gives; without a ``uuid`` as `add_photo`."""
    with context.read() as session:
        visit = find(session, False)
        _check(session, visit, uuid, question)
        if uuid and sha256 and (known := _standing(session, visit, uuid, sha256.lower())):
            return known
        _check_room(session, visit)
    received = photos.receive(stream, context.settings.upload_folder, expected_sha256=sha256, expected_size=size)
    try:
        clean = photos.clean(received.path)
    finally:
        received.path.unlink(missing_ok=True)
    context.storage.put(photo_key(clean.sha256), clean.full)
    context.storage.put(thumb_key(clean.sha256), clean.thumb)
    with context.write() as session:
        visit = find(session, True)
        return _record(session, visit, uuid, question, received, clean, told or Told(), context.now())


def degrees(told: object, most: float) -> float | None:
    """A latitude (``most`` 90) or longitude (180) as a phone tells it; None where it is none."""
    try:
        value = float(told)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return value if -most <= value <= most else None


def photo_key(sha256: str) -> str:
    """Where the large rendition (1600 px) of a photo is stored."""
    return f"photos/{sha256[:2]}/{sha256[2:4]}/{sha256}.jpg"


def thumb_key(sha256: str) -> str:
    """Where the small rendition (320 px) of a photo is stored, beside the large one."""
    return f"photos/{sha256[:2]}/{sha256[2:4]}/{sha256}-s.jpg"


def _check(session: Session, visit: Visit, uuid: str | None, question: str) -> None:
    asked = checklist_of(session, visit.checklist_version_id).by_key.get(question)
    if asked is None:
        raise InvalidInput(
            N_("There is no question {question} in this checklist. Load the visit again."),
            question=question[:64],
        )
    if asked.evidence.photo is EvidenceRule.NONE and asked.type not in PHOTO_TYPES:
        raise InvalidInput(N_("This question takes no photo. Add it to another question."), field=question)
    if uuid is not None and not UUID.fullmatch(uuid):
        raise InvalidInput(N_("The photo has no proper id. Take it again."))


def _standing(session: Session, visit: Visit, uuid: str, sha256: str) -> Put | None:
    for photo in session.scalars(select(Photo).where(Photo.visit_id == visit.id, Photo.uuid == uuid)):
        if photo.deleted_at is not None:
            return Put(Outcome.DELETED, uuid, None, sha256)
        if photo.raw_sha256 == sha256:
            return Put(_fate(photo, Outcome.KNOWN), uuid, photo.public_id, sha256)
    return None


def _same(session: Session, visit: Visit, question: str, sha256: str) -> Put | None:
    """The photo that stands at a question with the same bytes, under whatever id it came."""
    photo = session.scalars(
        select(Photo)
        .where(
            Photo.visit_id == visit.id,
            Photo.question == question,
            Photo.raw_sha256 == sha256,
            Photo.deleted_at.is_(None),
        )
        .order_by(Photo.id)
        .limit(1)
    ).first()
    return Put(Outcome.KNOWN, photo.uuid, photo.public_id, sha256) if photo else None


def _check_room(session: Session, visit: Visit) -> None:
    """Looked at before anything is stored, and again under the lock. Deleted photos count, their files may be kept."""
    if (session.scalar(select(func.count()).where(Photo.visit_id == visit.id)) or 0) >= MOST_PHOTOS:
        raise InvalidInput(N_("This visit holds 500 photos already. Tell your administrator."))


def _fate(photo: Photo, otherwise: Outcome) -> Outcome:
    return Outcome.CONFLICT if photo.conflict else otherwise


def _record(
    session: Session,
    visit: Visit,
    uuid: str | None,
    question: str,
    received: photos.Received,
    clean: photos.CleanPhoto,
    told: Told,
    now: datetime,
) -> Put:
    if uuid is None:
        if same := _same(session, visit, question, received.sha256):
            return same
        uuid = str(uuids.uuid4())
    elif known := _standing(session, visit, uuid, received.sha256):
        if known.outcome is Outcome.DELETED:
            _own_up(session, visit, uuid, clean.sha256)
        return known
    _check_room(session, visit)
    others = session.scalars(select(Photo).where(Photo.visit_id == visit.id)).all()
    amendment = visit.state != VisitState.DRAFT
    exif = clean.evidence
    photo = Photo(
        visit_id=visit.id,
        question=question,
        uuid=uuid,
        raw_sha256=received.sha256,
        sha256=clean.sha256,
        size=len(clean.full),
        width=clean.width,
        height=clean.height,
        phash=clean.phash,
        taken_at=_taken_at(exif) or told.taken_at[:40] or None,
        latitude=exif.latitude if exif.latitude is not None else told.latitude,
        longitude=exif.longitude if exif.longitude is not None else told.longitude,
        camera=(exif.device or told.device)[:120],
        given_at=told.given_at,
        clock_offset=told.clock_offset,
        received_at=now,
        conflict=any(other.uuid == uuid for other in others),
        amendment=amendment,
    )
    session.add(photo)
    begin(visit, now)
    session.flush()
    if amendment:
        note_amendment(session, visit, now)
    return Put(_fate(photo, Outcome.STORED), uuid, photo.public_id, received.sha256)


def _own_up(session: Session, visit: Visit, uuid: str, sha256: str) -> None:
    """Name the file of a photo that was taken back while it was on its way, so that nobody takes it for a stray."""
    session.execute(
        update(Photo).where(Photo.visit_id == visit.id, Photo.uuid == uuid, Photo.sha256 == "").values(sha256=sha256)
    )


def _taken_at(exif: photos.CaptureData) -> str:
    if exif.taken_at is None:
        return ""
    offset = exif.utc_offset
    if offset is None:
        return exif.taken_at.isoformat()
    minutes = int(offset.total_seconds() // 60)
    return f"{exif.taken_at.isoformat()}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def delete_photo(session: Session, actor: Actor, visit_id: str, uuid: str, now: datetime) -> None:
    """Take a photo back before sending; a tombstone stays. After the receipt evidence is no longer removed."""
    drop_photo(session, own_visit(session, actor, visit_id, for_update=True), uuid, now)


def drop_photo(session: Session, visit: Visit, uuid: str, now: datetime) -> None:
    """As `delete_photo`, from a visit that is locked already, for whoever may reach it."""
    if not UUID.fullmatch(uuid):
        raise NotFound()
    if visit.state != VisitState.DRAFT:
        raise InvalidInput(N_("This visit was sent; its photos stay. Tell the reviewer instead."))
    rows = session.scalars(select(Photo).where(Photo.visit_id == visit.id, Photo.uuid == uuid)).all()
    for photo in rows:
        photo.deleted_at = photo.deleted_at or now
    if not rows:
        session.add(
            Photo(
                visit_id=visit.id, question="", uuid=uuid, raw_sha256="", sha256="", size=0, width=0, height=0,
                phash=0, received_at=now, deleted_at=now,
            )
        )  # fmt: skip
    session.flush()


def own_photo_key(session: Session, actor: Actor, visit_id: str, photo_id: str, thumb: bool) -> str:
    """The storage key of a photo of the actor's own visit. Raises NotFound."""
    visit = own_visit(session, actor, visit_id)
    sha256 = session.scalar(
        select(Photo.sha256).where(Photo.visit_id == visit.id, Photo.public_id == photo_id, Photo.deleted_at.is_(None))
    )
    if not sha256:
        raise NotFound()
    return thumb_key(sha256) if thumb else photo_key(sha256)
