"""The scorecard on paper: rendered by the worker, stored under the hash of all that went in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sqlalchemy.orm import Session

from auditapp import job_queue, pdf
from auditapp.db.schema import Scorecard, Visit
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor
from auditapp.domain.visit import VisitState
from auditapp.services.context import Context
from auditapp.services.scorecards.access import readable_visit
from auditapp.services.scorecards.build import build
from auditapp.services.scorecards.facts import read_facts

JOB = "render_scorecard"
TEMPLATE = "scorecard/pdf.html"


class DamagedFile(pdf.RenderFailed):
    """A stored photo is not what its name says."""

    code = "damaged_file"
    message = "The stored photo {key} is damaged. Restore it from a backup; the scorecard is made afterwards."


def render_scorecard(context: Context, visit_id: int) -> bool:
    """Make and store the PDF of a published visit, in the store's language; False where nothing had to be done.

    Raises NotFound for a photo that can't be had, `pdf.RenderFailed` for anything else that would spoil the page: the
    job is then tried again, and nothing is stored.
    """
    with context.read() as session:
        visit = session.get(Visit, visit_id)
        if visit is None or visit.state != VisitState.PUBLISHED:
            return False
        language = visit.store.language
        card = build(read_facts(session, visit, context.now()), language, context.settings.public_url)
        known = session.get(Scorecard, visit_id)
        old = (known.key, known.inputs) if known else None
    markup = pdf.html(TEMPLATE, language, card=card)
    inputs = hashlib.sha256(f"{pdf.versions()}\n{markup}".encode()).hexdigest()  # photos are named by their hashes
    key = f"scorecards/{inputs}.pdf"
    if old == (key, inputs) and context.storage.exists(key):
        return False
    context.storage.put(key, pdf.render(markup, _whole(context.storage.read), identifier=inputs))
    with context.write() as session:
        _keep(session, visit_id, key, inputs, context)
    if old and old[0] != key:
        context.storage.delete(old[0])
    return True


def _whole(read: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """Reads of content-addressed files that notice a damaged one."""

    def checked(key: str) -> bytes:
        data = read(key)
        if hashlib.sha256(data).hexdigest() != key.rpartition("/")[2].partition(".")[0]:
            raise DamagedFile(key=key)
        return data

    return checked


def _keep(session: Session, visit_id: int, key: str, inputs: str, context: Context) -> None:
    visit = session.get(Visit, visit_id)
    if visit is not None and visit.state == VisitState.PUBLISHED:
        session.merge(Scorecard(visit_id=visit_id, key=key, inputs=inputs, rendered_at=context.now()))


def pdf_of(context: Context, actor: Actor, public_id: str) -> bytes | None:
    """The stored PDF of a published visit; None while it is being made (which this call asks for), and where making
    it was given up (`pdf_given_up`).

    Raises NotFound for whoever may not read it.
    """
    with context.read() as session:
        visit_id = _published(session, actor, public_id)
        row = session.get(Scorecard, visit_id)
        key = row.key if row else None
    if key is not None:
        try:
            return context.storage.read(key)
        except NotFound:  # PDFs are left out of backups: they can be made again
            pass
    with context.write() as session:
        if not job_queue.was_given_up(session, _unique(visit_id)):
            job_queue.enqueue(session, JOB, {"visit": visit_id}, context.now(), unique_key=_unique(visit_id))
    return None


def pdf_given_up(context: Context, actor: Actor, public_id: str) -> bool:
    """Whether the PDF could not be made, as often as it was tried. Raises NotFound for whoever may not read it."""
    with context.read() as session:
        return job_queue.was_given_up(session, _unique(_published(session, actor, public_id)))


def _unique(visit_id: int) -> str:
    return f"scorecard:{visit_id}"


def _published(session: Session, actor: Actor, public_id: str) -> int:
    visit = readable_visit(session, actor, public_id)
    if visit.state != VisitState.PUBLISHED:
        raise NotFound()
    return visit.id
