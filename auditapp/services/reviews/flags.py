"""Hints for a reviewer: facts that are worth a look, never a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import AnswerWrite, Photo, Visit
from auditapp.domain.answers import asked
from auditapp.domain.checklist import NA, Checklist, Method
from auditapp.domain.scoring import score
from auditapp.domain.times import by_clock, read_moment
from auditapp.domain.visit import Filled, needs
from auditapp.photos import similarity_distance

ALIKE_BITS = 6
LEAST_BITS = 8
"""A picture whose hash has fewer bits is nearly blank: any two of those are alike, which says nothing."""
SEARCHED_PHOTOS = 5000

Timers = Mapping[str, Mapping[str, str]]


class FlagKind(StrEnum):
    """What a flag is about."""

    CRITICAL = "critical"
    CANT = "cant"
    EVIDENCE = "evidence"
    LATE = "late"
    LONG = "long"
    SHORT = "short"
    CLOCK = "clock"
    TIMES = "times"
    TIMER = "timer"
    SAME_PHOTO = "same_photo"
    PHOTO_TIME = "photo_time"
    AMENDED = "amended"
    CONFLICT = "conflict"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Flag:
    """One hint: its kind, the question it concerns ("" for the whole visit), and a fact such as a number."""

    kind: FlagKind
    question: str = ""
    fact: str = ""


def flags_of(session: Session, visit: Visit, checklist: Checklist, filled: Filled, timers: Timers) -> tuple[Flag, ...]:
    """All hints about a visit, criticals first."""
    photos = session.scalars(
        select(Photo).where(Photo.visit_id == visit.id, Photo.deleted_at.is_(None)).order_by(Photo.id)
    ).all()
    refused = (visit.manifest or {}).get("refused", [])
    return (
        *_about_answers(visit, checklist, filled),
        *_about_times(visit, checklist),
        *(Flag(FlagKind.TIMER, key) for key, timer in timers.items() if _runs_backwards(timer)),
        *_about_photos(session, visit, photos),
        *(Flag(FlagKind.REFUSED, fact=str(len(refused))) for _ in refused[:1]),
        *_about_amendments(session, visit, photos),
    )


def _about_answers(visit: Visit, checklist: Checklist, filled: Filled) -> list[Flag]:
    method = Method(visit.method)
    flags = [Flag(FlagKind.CRITICAL, key) for key in score(checklist, filled.values, method).fired]
    for key in sorted(asked(checklist, filled.values, method), key=checklist.numbers.__getitem__):
        question, value = checklist.by_key[key], filled.values.get(key)
        if filled.cant.get(key):
            flags.append(Flag(FlagKind.CANT, key, filled.cant[key]))
        if value not in (None, NA) and needs(question.evidence.photo, question, value) and not filled.photos.get(key):
            flags.append(Flag(FlagKind.EVIDENCE, key))
    return flags


def _about_times(visit: Visit, checklist: Checklist) -> list[Flag]:
    flags = [Flag(FlagKind.CANCELLED)] if visit.assignment.cancelled_at else []
    if visit.submitted_at and visit.submitted_at > visit.assignment.due_at:
        hours = math.ceil((visit.submitted_at - visit.assignment.due_at) / timedelta(hours=1))
        flags.append(Flag(FlagKind.LATE, fact=str(hours)))
    told = _told(visit)
    if told:
        arrived, left = (_by_store(visit, told[name]) for name in ("arrived", "left"))
        flags.append(Flag(FlagKind.CLOCK if told["ahead"] else FlagKind.TIMES, fact=f"{arrived} – {left}"))
    if visit.arrived_at and visit.left_at:
        minutes = (visit.left_at - visit.arrived_at) / timedelta(minutes=1)
        if minutes > checklist.minutes:
            flags.append(Flag(FlagKind.LONG, fact=f"{minutes:.0f}"))
        elif minutes < checklist.minutes / 4:
            flags.append(Flag(FlagKind.SHORT, fact=f"{minutes:.0f}"))
    return flags


def _told(visit: Visit) -> dict[str, Any]:
    """The phone's times where they can't be, as `services.visits.times.Times` has them; else nothing."""
    return (visit.manifest or {}).get("told") or {}


def _by_store(visit: Visit, moment: str) -> str:
    zone = ZoneInfo(visit.store.time_zone)
    return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M}"


def _runs_backwards(timer: Mapping[str, str]) -> bool:
    """Whether a stopwatch stops before it starts, as where the phone's clock was put back while it ran."""
    start, stop = (read_moment(timer.get(name)) for name in ("start", "stop"))
    return start is not None and stop is not None and stop < start


def _about_photos(session: Session, visit: Visit, photos: Sequence[Photo]) -> list[Flag]:
    flags = [
        Flag(FlagKind.PHOTO_TIME, photo.question, photo.taken_at[:16])
        for photo in photos
        if photo.taken_at and _outside(photo.taken_at, visit)
    ]
    earlier = session.execute(
        select(Photo.phash)
        .where(Photo.deleted_at.is_(None), Photo.visit_id != visit.id)
        .order_by(Photo.id.desc())
        .limit(SEARCHED_PHOTOS)
    ).all()
    for index, photo in enumerate(photos):
        alike = [other.phash for other in earlier] + [other.phash for other in photos[:index]]
        nearest = min((similarity_distance(photo.phash, phash) for phash in alike), default=64)
        if nearest <= ALIKE_BITS and similarity_distance(photo.phash, 0) >= LEAST_BITS:
            flags.append(Flag(FlagKind.SAME_PHOTO, photo.question, str(nearest)))
        if photo.conflict:
            flags.append(Flag(FlagKind.CONFLICT, photo.question))
    return flags


def _outside(taken_at: str, visit: Visit) -> bool:
    """Whether the phone's word on when a photo was taken lies outside the visit, with a quarter of an hour's grace.
    Where its clock is known to have been wrong, it is put right as the visit's times were."""
    if visit.arrived_at is None or visit.left_at is None:
        return False
    moment = read_moment(taken_at)
    if moment is None:
        return False
    moment = by_clock(moment, visit.store.time_zone)
    grace, ahead = timedelta(minutes=15), timedelta(seconds=_told(visit).get("ahead", 0))
    return not visit.arrived_at + ahead - grace <= moment <= visit.left_at + ahead + grace


def _about_amendments(session: Session, visit: Visit, photos: Sequence[Photo]) -> list[Flag]:
    late = session.scalars(
        select(AnswerWrite.question).where(AnswerWrite.visit_id == visit.id, AnswerWrite.amendment.is_(True)).distinct()
    ).all()
    late_photos = {photo.question for photo in photos if photo.amendment}
    return [Flag(FlagKind.AMENDED, key) for key in sorted({*late, *late_photos})]
