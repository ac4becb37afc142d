"""Published checklist versions, read once a process and kept: they never change."""

from __future__ import annotations

from collections import OrderedDict

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from auditapp.checklist_yaml import from_canonical
from auditapp.db.schema import ChecklistVersion
from auditapp.domain.checklist import Checklist
from auditapp.domain.errors import NotFound

_KEPT: OrderedDict[str, Checklist] = OrderedDict()
_MOST = 64
_PUBLIC_ID = select(ChecklistVersion.public_id).where(ChecklistVersion.id == bindparam("version"))


def checklist_of(session: Session, version_id: int) -> Checklist:
    """The checklist of a published version, by its database id. Raises NotFound."""
    public = session.scalar(_PUBLIC_ID, {"version": version_id})
    if public is None:
        raise NotFound()
    return checklist_by_public_id(session, public)


def checklist_by_public_id(session: Session, public_id: str) -> Checklist:
    """The checklist of a published version, by its public id (unique everywhere, so it can name the copy kept here)."""
    if (kept := _KEPT.get(public_id)) is not None:
        _KEPT.move_to_end(public_id)
        return kept
    canonical = session.scalar(select(ChecklistVersion.canonical).where(ChecklistVersion.public_id == public_id))
    if canonical is None:
        raise NotFound()
    checklist = _KEPT[public_id] = from_canonical(canonical)
    while len(_KEPT) > _MOST:
        _KEPT.popitem(last=False)
    return checklist
