"""All published visits of a store: newest first, apart by checklist and method, which are never mixed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp.db.schema import ChecklistVersion, Store, Visit, Wave
from auditapp.domain.checklist import Checklist, Method
from auditapp.domain.scoring import Verdict
from auditapp.services.checklists import checklist_of
from auditapp.services.scorecards.facts import past_of, published
from auditapp.services.scorecards.ladder import band_name, band_of, critical_name, trend
from auditapp.services.scorecards.view import History, PastVisit, Series
from auditapp.services.scorecards.words import Words, shown, signed

TREND_MOST = 24


def latest_visit(session: Session, store_id: int) -> Visit | None:
    """The visit of a store that was published last."""
    return session.scalars(
        select(Visit).where(published(store_id)).order_by(Visit.published_at.desc(), Visit.id.desc()).limit(1)
    ).first()


def store_history(session: Session, store: Store, language: str) -> History:
    """The history of one store in one language."""
    rows = session.execute(
        select(Visit, Wave.name, ChecklistVersion.key)
        .join(Wave, Wave.id == Visit.wave_id)
        .join(ChecklistVersion, ChecklistVersion.id == Visit.checklist_version_id)
        .where(published(store.id))
        .order_by(Visit.published_at, Visit.id)
    ).all()
    kinds: dict[tuple[str, str], list[tuple[Visit, str]]] = {}
    for visit, wave, key in rows:
        kinds.setdefault((key, visit.method), []).append((visit, wave))
    words = Words(language)
    series = [_series(session, visits, words) for visits in kinds.values()]
    newest_first = tuple(sorted(series, key=lambda one: one[0], reverse=True))
    return History(store.name, store.code, store.public_id, tuple(one for _, one in newest_first))


def _series(session: Session, visits: list[tuple[Visit, str]], words: Words) -> tuple[int, Series]:
    """The series with its place in time (the order of its newest visit)."""
    newest, wave = visits[-1]
    checklist = checklist_of(session, newest.checklist_version_id)
    past = [past_of(visit, name) for visit, name in visits[-TREND_MOST:]]
    before: list[int | None] = [None, *(visit.total for visit, _ in visits[:-1])]
    lines = [_line(session, visit, name, then, words) for (visit, name), then in zip(visits, before, strict=True)]
    title = checklist.say(checklist.title, words.language)
    if newest.method == Method.OBSERVATION:
        title = words.gettext("%(checklist)s, store audits", checklist=title)
    else:
        title = words.gettext("%(checklist)s, mystery visits", checklist=title)
    return newest.id, Series(title, trend(past, checklist, None, wave, words), tuple(reversed(lines)))


def _line(session: Session, visit: Visit, wave: str, before: int | None, words: Words) -> PastVisit:
    checklist = checklist_of(session, visit.checklist_version_id)
    critical = visit.verdict == Verdict.FAIL and visit.criticals > 0
    change = None if before is None or visit.total is None else visit.total - before
    return PastVisit(
        public_id=visit.store_public_id,
        wave=wave,
        words=words.week(visit.week, visit.day_part),
        shown=shown(visit.total),
        change=signed(change),
        verdict=_verdict(checklist, visit, critical, words),
        critical=critical,
    )


def _verdict(checklist: Checklist, visit: Visit, critical: bool, words: Words) -> str:
    if critical:
        return critical_name(words)
    if visit.verdict == Verdict.INCOMPLETE:
        return words.gettext("Incomplete")
    band = band_of(checklist, visit.total)
    return band_name(checklist, band, words) if band else words.gettext("Not scored")
