"""Published checklist versions: immutable, listed, added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.checklist_yaml import canonical, first_difference, loads
from auditapp.db.schema import ChecklistVersion
from auditapp.domain.checklist import Checklist, Problem
from auditapp.domain.errors import ChecklistProblem, Conflict, NotFound
from auditapp.domain.roles import Actor
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.programme.access import check


@dataclass(frozen=True)
class Checked:
    """What a look at a checklist file gave: the checklist with warnings, or None with everything that is wrong."""

    checklist: Checklist | None
    problems: tuple[Problem, ...]


def check_source(actor: Actor, source: bytes | str) -> Checked:
    """Read a checklist file without keeping anything of it."""
    check(actor)
    try:
        checklist, warnings = loads(source, "checklist")
    except ChecklistProblem as error:
        return Checked(None, tuple(problem for problem in error.problems if isinstance(problem, Problem)))
    return Checked(checklist, warnings)


def list_versions(session: Session, actor: Actor) -> Sequence[ChecklistVersion]:
    """Every published version, by key, the newest first."""
    check(actor)
    return session.scalars(
        select(ChecklistVersion).order_by(ChecklistVersion.key, ChecklistVersion.version.desc())
    ).all()


def read_version(session: Session, actor: Actor, public_id: str) -> ChecklistVersion:
    """One published version. Raises NotFound."""
    check(actor)
    found = session.scalar(select(ChecklistVersion).where(ChecklistVersion.public_id == text.known_id(public_id)))
    if found is None:
        raise NotFound()
    return found


def publish_checklist(
    session: Session, actor: Actor, checklist: Checklist, now: datetime
) -> tuple[ChecklistVersion, bool]:
    """Keep ``checklist`` (as `checklist_yaml.load` read it) for ever; returns the version and whether it is new.

    The same content again changes nothing. Raises Conflict where this key and version has other content, naming the
    first difference.
    """
    check(actor)
    content = canonical(checklist)
    found = session.scalar(
        select(ChecklistVersion).where(
            ChecklistVersion.key == checklist.key, ChecklistVersion.version == checklist.version
        )
    )
    if found is not None:
        difference = first_difference(found.canonical, content)
        if difference is None:
            return found, False
        raise Conflict(
            N_(
                "{key} version {version} is published with other content ({difference}). Published versions never "
                "change: raise the version in the file and publish again."
            ),
            key=checklist.key,
            version=checklist.version,
            difference=difference,
        )
    version = ChecklistVersion(
        key=checklist.key,
        version=checklist.version,
        title=dict(checklist.title),
        method=checklist.method.value,
        canonical=content,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        published_at=now,
    )
    session.add(version)
    session.flush()
    audit.note(session, actor, "checklist.published", f"checklist:{checklist.key}:{checklist.version}", now)
    return version, True
