"""Waves: rounds of visits with one checklist version and one method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Assignment, ChecklistVersion, Visit, Wave
from auditapp.domain.checklist import Method
from auditapp.domain.errors import InvalidInput, NotFound
from auditapp.domain.roles import Actor
from auditapp.domain.visit import SENT
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.programme.access import check
from auditapp.services.visits.access import standing


@dataclass(frozen=True)
class WaveRow:
    """A wave with its number of assignments (cancelled ones left out) and of visits that were sent."""

    wave: Wave
    assigned: int
    sent: int


def create_wave(
    session: Session,
    actor: Actor,
    name: str,
    checklist_version: str,
    method: str,
    starts_on: date,
    ends_on: date,
    now: datetime,
) -> Wave:
    """Begin a round of visits. ``checklist_version`` is a public id; ``method`` mystery or observation.

    Raises InvalidInput with ``field``.
    """
    check(actor)
    name = text.one_line(name, "name", 80)
    version = session.scalar(
        select(ChecklistVersion).where(ChecklistVersion.public_id == text.known_id(checklist_version))
    )
    if version is None:
        raise InvalidInput(N_("Choose a published checklist version."), field="checklist_version")
    if method not in (Method.MYSTERY, Method.OBSERVATION) or version.method not in (method, Method.BOTH):
        raise InvalidInput(
            N_("This checklist is not made for this method. Choose the other one, or another checklist."),
            field="method",
        )
    if ends_on < starts_on:
        raise InvalidInput(N_("The wave ends before it starts. Set a later last day."), field="ends_on")
    if session.scalar(select(Wave.id).where(Wave.name == name)) is not None:
        raise InvalidInput(N_("There is a wave of this name. Choose another name."), field="name")
    wave = Wave(
        name=name, checklist_version_id=version.id, method=method, starts_on=starts_on, ends_on=ends_on
    )  # fmt: skip
    session.add(wave)
    session.flush()
    audit.note(session, actor, "wave.created", f"wave:{wave.public_id}", now, name)
    return wave


def list_waves(session: Session, actor: Actor) -> Sequence[WaveRow]:
    """All waves, the newest first."""
    check(actor)
    waves = session.scalars(select(Wave).order_by(Wave.starts_on.desc(), Wave.id.desc())).all()
    assigned = dict(
        session.execute(
            select(Assignment.wave_id, func.count())
            .outerjoin(Visit, Visit.assignment_id == Assignment.id)
            .where(standing())
            .group_by(Assignment.wave_id)
        ).all()
    )
    sent = dict(
        session.execute(
            select(Visit.wave_id, func.count())
            .where(Visit.state.in_([state.value for state in SENT]))
            .group_by(Visit.wave_id)
        ).all()
    )
    return [WaveRow(wave, assigned.get(wave.id, 0), sent.get(wave.id, 0)) for wave in waves]


def read_wave(session: Session, actor: Actor, public_id: str) -> Wave:
    """One wave. Raises NotFound."""
    check(actor)
    wave = session.scalar(select(Wave).where(Wave.public_id == text.known_id(public_id)))
    if wave is None:
        raise NotFound()
    return wave


def close_wave(session: Session, actor: Actor, public_id: str, now: datetime) -> None:
    """Take no more assignments in this wave; visits that are under way may still be sent."""
    _set_closed(session, actor, public_id, True, now)


def reopen_wave(session: Session, actor: Actor, public_id: str, now: datetime) -> None:
    """Take assignments in this wave again."""
    _set_closed(session, actor, public_id, False, now)


def _set_closed(session: Session, actor: Actor, public_id: str, closed: bool, now: datetime) -> None:
    wave = read_wave(session, actor, public_id)
    if wave.closed == closed:
        return
    wave.closed = closed
    session.flush()
    audit.note(session, actor, "wave.closed" if closed else "wave.reopened", f"wave:{wave.public_id}", now)
