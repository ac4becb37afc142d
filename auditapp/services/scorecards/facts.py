"""Everything a scorecard is made from, read in one go. The tables of who visited are never touched here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Assignment, Chain, ChecklistVersion, Outcome, Photo, Store, Visit, Wave
from auditapp.domain.checklist import Checklist, Factor, Method
from auditapp.domain.scoring import Result, score
from auditapp.domain.visit import Filled, VisitState
from auditapp.services.checklists import checklist_of
from auditapp.services.scorecards.region import RegionFigures, region_figures
from auditapp.services.visits.access import standing
from auditapp.services.visits.reading import filled_of

TREND_VISITS = 8
SQUARES = 4
ENDED = (VisitState.VOID.value, VisitState.NOT_DONE.value)


@dataclass(frozen=True)
class Past:
    """A published visit as far as its scorecard's successors show it. ``factors`` and ``total`` are tenths."""

    id: int
    total: int | None
    factors: Mapping[Factor, int | None]
    wave: str


@dataclass(frozen=True)
class PhotoFile:
    """A photo of a failed standard: the public id and the SHA-256 that names the stored renditions."""

    public_id: str
    sha256: str


@dataclass(frozen=True)
class Facts:
    """One visit with its answers and result, the visits before it (oldest first, itself last), and its region.

    ``lost`` is in hundredths of a point, by checked standard (bonus questions are an extra, no standard); ``failed``
    holds the question keys of failed standards, in file order; ``outcomes`` tells for each of the last four visits
    which questions were asked and whether they failed.
    """

    public_id: str
    chain: str
    programme: str
    store: str
    store_code: str
    store_id: str
    region: str
    wave: str
    method: Method
    ordinal: int
    planned: int
    week: date | None
    day_part: str | None
    published: bool
    released: date
    current: Past
    checklist: Checklist
    filled: Filled
    result: Result
    lost: Mapping[str, int]
    failed: tuple[str, ...]
    past: tuple[Past, ...]
    outcomes: tuple[Mapping[str, bool], ...]
    photos: Mapping[str, tuple[PhotoFile, ...]]
    figures: RegionFigures

    @property
    def previous(self) -> Past | None:
        """The visit before this one, of the same checklist and method."""
        return self.past[-2] if len(self.past) > 1 else None


def read_facts(session: Session, visit: Visit, now: datetime) -> Facts:
    """Read all that the scorecard of a published (or, for a preview, approved) visit needs."""
    checklist = checklist_of(session, visit.checklist_version_id)
    method = Method(visit.method)
    filled = filled_of(session, visit.id, checklist)
    result = score(checklist, filled.values, method)
    rows = _rows(session, visit.id)
    failed = _failed(checklist, rows, result)
    past = (*_before(session, visit, checklist.key), past_of(visit, visit.wave.name))
    chain = session.scalars(select(Chain).limit(1)).first()
    store = visit.store
    ordinal, planned = _ordinal(session, visit)
    return Facts(
        public_id=visit.store_public_id,
        chain=chain.name if chain else "",
        programme=chain.programme if chain else "",
        store=store.name,
        store_code=store.code,
        store_id=store.public_id,
        region=store.region.name,
        wave=visit.wave.name,
        method=method,
        ordinal=ordinal,
        planned=planned,
        week=visit.week,
        day_part=visit.day_part,
        published=visit.state == VisitState.PUBLISHED,
        released=(visit.published_at or now).astimezone(ZoneInfo(store.time_zone)).date(),
        current=past[-1],
        checklist=checklist,
        filled=filled,
        result=result,
        lost={key: row.lost for key, row in rows.items() if not checklist.by_key[key].bonus},
        failed=failed,
        past=past,
        outcomes=_outcomes(session, [one.id for one in past[-SQUARES:]]),
        photos=_photos(session, visit.id, failed),
        figures=region_figures(session, store.region_id, visit.wave_id, checklist.key, visit.method),
    )


def past_of(visit: Visit, wave: str) -> Past:
    """The figures of a visit, from its own columns."""
    factors = {factor: getattr(visit, factor.value.lower()) for factor in Factor}
    return Past(visit.id, visit.total, factors, wave)


def published(store_id: int) -> ColumnElement[bool]:
    """The published visits of a store."""
    return and_(Visit.store_id == store_id, Visit.state == VisitState.PUBLISHED.value)


def _before(session: Session, visit: Visit, checklist: str) -> list[Past]:
    """The visits that were published before this one and can be compared with it, oldest first."""
    rows = session.execute(
        select(Visit, Wave.name)
        .join(Wave, Wave.id == Visit.wave_id)
        .join(ChecklistVersion, ChecklistVersion.id == Visit.checklist_version_id)
        .where(
            published(visit.store_id),
            _earlier(visit),
            Visit.method == visit.method,
            ChecklistVersion.key == checklist,
            Visit.total.is_not(None),
        )
        .order_by(Visit.published_at.desc(), Visit.id.desc())
        .limit(TREND_VISITS - 1)
    ).all()
    return [past_of(one, wave) for one, wave in reversed(rows)]


def _earlier(visit: Visit) -> ColumnElement[bool]:
    if visit.published_at is None:
        return Visit.id != visit.id
    same_moment = and_(Visit.published_at == visit.published_at, Visit.id < visit.id)
    return or_(Visit.published_at < visit.published_at, same_moment)


def _ordinal(session: Session, visit: Visit) -> tuple[int, int]:
    """Which of the wave's visits to this store it is, in the order of publication, and how many are planned."""
    before = session.scalar(
        select(func.count())
        .select_from(Visit)
        .where(published(visit.store_id), Visit.wave_id == visit.wave_id, _earlier(visit))
    )
    planned = session.scalar(
        select(func.count())
        .select_from(Assignment)
        .outerjoin(Visit, Visit.assignment_id == Assignment.id)
        .where(
            Assignment.store_id == visit.store_id,
            Assignment.wave_id == visit.wave_id,
            standing(),
            or_(Visit.id.is_(None), Visit.state.not_in(ENDED)),
        )
    )
    ordinal = (before or 0) + 1
    return ordinal, max(ordinal, planned or 0)


def _failed(checklist: Checklist, rows: Mapping[str, Outcome], result: Result) -> tuple[str, ...]:
    """Failed standards: scored questions that failed, and fired criticals."""
    return tuple(
        q.key
        for q in checklist.questions
        if q.key in rows and not q.bonus and (rows[q.key].failed or q.key in result.fired)
    )


def _outcomes(session: Session, visits: list[int]) -> tuple[dict[str, bool], ...]:
    found: dict[int, dict[str, bool]] = {one: {} for one in visits}
    rows = session.execute(
        select(Outcome.visit_id, Outcome.question, Outcome.failed).where(Outcome.visit_id.in_(visits))
    )
    for visit_id, question, failed in rows:
        found[visit_id][question] = failed
    return tuple(found[one] for one in visits)


def shown_photos(session: Session, visit: Visit) -> tuple[PhotoFile, ...]:
    """The photos of a visit that its scorecard may show."""
    checklist = checklist_of(session, visit.checklist_version_id)
    result = score(checklist, filled_of(session, visit.id, checklist).values, Method(visit.method))
    photos = _photos(session, visit.id, _failed(checklist, _rows(session, visit.id), result))
    return tuple(photo for group in photos.values() for photo in group)


def _rows(session: Session, visit_id: int) -> dict[str, Outcome]:
    return {row.question: row for row in session.scalars(select(Outcome).where(Outcome.visit_id == visit_id))}


def _photos(session: Session, visit_id: int, questions: tuple[str, ...]) -> dict[str, tuple[PhotoFile, ...]]:
    """Photos of failed standards only: pictures of receipts and clocks belong to other questions and stay hidden."""
    found: dict[str, tuple[PhotoFile, ...]] = {}
    rows = session.execute(
        select(Photo.question, Photo.public_id, Photo.sha256)
        .where(
            Photo.visit_id == visit_id,
            Photo.question.in_(questions),
            Photo.deleted_at.is_(None),
            Photo.conflict.is_(False),
            Photo.amendment.is_(False),
        )
        .order_by(Photo.id)
    )
    for question, public_id, sha256 in rows:
        found[question] = (*found.get(question, ()), PhotoFile(public_id, sha256))
    return found


def stores_of(session: Session, ids: frozenset[int]) -> list[Store]:
    """Stores by id, in the order of their names."""
    return list(session.scalars(select(Store).where(Store.id.in_(ids)).order_by(Store.name, Store.id)))
