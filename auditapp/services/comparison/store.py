"""Drilling down: a store's page, and what failed there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from auditapp.db.rollups import FACTORS
from auditapp.db.schema import Outcome, Store, StorePeriod, Visit
from auditapp.db.schema.figures import StoreQuestion, StoreWave
from auditapp.domain.checklist import Factor
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor, Do, can
from auditapp.domain.visit import VisitState
from auditapp.services.checklists import checklist_by_public_id
from auditapp.services.comparison.pages import FactorLine, FailedView, Standard, StoreView, VisitLink, WaveRow
from auditapp.services.comparison.periods import Period, all_periods, previous
from auditapp.services.comparison.rows import row_of, standard_of, surest_first
from auditapp.services.comparison.scales import AXIS_WIDTH, axis
from auditapp.services.comparison.stored import STORE_ROWS
from auditapp.services.comparison.views import cell, targets_of, tenth

if TYPE_CHECKING:
    from auditapp.statistics import Array


def store_page(session: Session, actor: Actor, public_id: str, wave: str | None = None) -> StoreView:
    """A store in all its waves, and more closely in ``wave`` (a public id; without it the newest with figures).

    Raises NotFound for a store outside the actor's regions and for an unknown wave.
    """
    store = _store(session, actor, public_id)
    periods = all_periods(session)
    found = {row.wave_id: row for row in session.execute(STORE_ROWS.where(StorePeriod.store_id == store.id))}
    period = _period(periods, found, wave)
    before = previous(periods, period) if period else None
    waves = tuple(_wave(session, periods, p, found[p.id]) for p in reversed(periods) if p.id in found)
    return StoreView(
        public_id=store.public_id,
        name=store.name,
        code=store.code,
        format=store.format,
        address=store.address,
        region=store.region.name,
        region_public_id=store.region.public_id,
        period=period,
        since=before.name if before else "",
        waves=waves,
        axis=axis(
            (v for w in waves for v in (w.row.low, w.row.high, w.row.estimate, w.row.line, w.target)), AXIS_WIDTH
        ),
        targets=targets_of(checklist_by_public_id(session, period.version)) if period else None,
        factors=_factors(session, store, period, before) if period else (),
        standards=_standards(session, actor, store, period) if period else (),
        visits=_visits(session, store, period) if period else (),
    )


def failed_page(
    session: Session, actor: Actor, public_id: str, wave: str | None = None, factor: str = ""
) -> FailedView:
    """What failed in a store in a wave, with the visits in which it did; of one factor, or of all if it is empty.

    Raises NotFound for a store outside the actor's regions, an unknown wave, or an unknown factor.
    """
    store = _store(session, actor, public_id)
    if factor and factor not in list(Factor):
        raise NotFound()
    found = set(session.scalars(select(StorePeriod.wave_id).where(StorePeriod.store_id == store.id)))
    period = _period(all_periods(session), found, wave)
    if period is None:
        raise NotFound()
    standards = _standards(session, actor, store, period, factor, _visits_by_question(session, store, period))
    return FailedView(store.name, store.public_id, period, factor, standards)


def _store(session: Session, actor: Actor, public_id: str) -> Store:
    store = session.scalar(select(Store).where(Store.public_id == public_id))
    if store is None or not can(actor, Do.COMPARE, store_id=store.id, region_id=store.region_id):
        raise NotFound()
    return store


def _period(periods: Sequence[Period], with_figures: Iterable[int], public_id: str | None) -> Period | None:
    known = set(with_figures)
    if not public_id:
        return next((p for p in reversed(periods) if p.id in known), None)
    try:
        return next(p for p in periods if p.public_id == public_id)
    except StopIteration:
        raise NotFound() from None


def _wave(session: Session, periods: Sequence[Period], period: Period, row: Row[*tuple[Any, ...]]) -> WaveRow:
    targets = targets_of(checklist_by_public_id(session, period.version))
    before = previous(periods, period)
    return WaveRow(period, row_of(row, targets), targets.total, before.name if before else "")


def _factors(session: Session, store: Store, period: Period, before: Period | None) -> tuple[FactorLine, ...]:
    """The six factors with their changes; the noise of a factor is pooled over the region's stores in both waves."""
    import numpy as np

    from auditapp import statistics

    now = _factor_sums(session, store, period)
    past = _factor_sums(session, store, before) if before else {}
    nothing = np.zeros(3 * len(FACTORS))
    n2, sum2, _ = np.split(now.get(store.id, nothing), 3)
    n1, sum1, _ = np.split(past.get(store.id, nothing), 3)
    mean1, mean2 = sum1 / np.maximum(n1, 1), sum2 / np.maximum(n2, 1)
    noise = _factor_noise([*now.values(), *past.values()])
    changes = statistics.factor_changes(n1, mean1, n2, mean2, noise)
    targets = targets_of(checklist_by_public_id(session, period.version)).factors
    return tuple(
        FactorLine(
            cell=cell(factor.value, mean if n else None, targets[factor.value]),
            target=targets[factor.value],
            visits=int(n),
            change=None if change.delta != change.delta else tenth(change.delta),
            changed=change.changed,
        )
        for factor, n, mean, change in zip(Factor, n2.tolist(), mean2.tolist(), changes, strict=True)
    )


def _factor_noise(buckets: list[Array]) -> list[float | None]:
    import numpy as np

    from auditapp import statistics

    n, sums, squares = np.split(np.array(buckets).reshape(len(buckets), 3 * len(FACTORS)), 3, axis=1)
    return [statistics.pooled_within(n[:, i], sums[:, i], squares[:, i]) for i in range(len(FACTORS))]


def _factor_sums(session: Session, store: Store, period: Period) -> dict[int, Array]:
    """Per store of the region: visits, sums and sums of squares of the six factors, one after the other, in points."""
    import numpy as np

    columns = [f"{kind}_{factor}" for kind in "nsq" for factor in FACTORS]
    neighbours = select(Store.id).where(Store.region_id == store.region_id)
    found = session.execute(
        select(StoreWave.store_id, *(getattr(StoreWave, column) for column in columns)).where(
            StoreWave.store_id.in_(neighbours), StoreWave.wave_id == period.id
        )
    )
    scale = np.repeat([1.0, 10.0, 100.0], len(FACTORS))
    return {row[0]: np.array(tuple(row[1:]), dtype=np.float64) / scale for row in found}


def _standards(
    session: Session,
    actor: Actor,
    store: Store,
    period: Period,
    factor: str = "",
    visits: dict[str, list[VisitLink]] | None = None,
) -> tuple[Standard, ...]:
    checklist = checklist_by_public_id(session, period.version)
    mine = (StoreQuestion.store_id == store.id, StoreQuestion.wave_id == period.id)
    found = session.execute(
        select(StoreQuestion.question, StoreQuestion.asked, StoreQuestion.failed, StoreQuestion.lost).where(
            *mine, StoreQuestion.failed > 0
        )
    )
    standards = surest_first(
        standard_of(
            checklist, key, n, k, actor.language,
            lost=tenth(lost / 100 / n), visits=tuple((visits or {}).get(key, ())),
        )
        for key, n, k, lost in found
    )  # fmt: skip
    return tuple(one for one in standards if factor in ("", one.factor))


def _published(store: Store, period: Period) -> tuple[ColumnElement[bool], ...]:
    mine = (Visit.store_id == store.id, Visit.wave_id == period.id)
    return (*mine, Visit.state == VisitState.PUBLISHED.value, Visit.total.is_not(None))


_LINK = (Visit.store_public_id, Visit.week, Visit.day_part, Visit.total, Visit.verdict, Visit.criticals)


def _visits(session: Session, store: Store, period: Period) -> tuple[VisitLink, ...]:
    order = (Visit.week.desc(), Visit.store_public_id)
    found = session.execute(select(*_LINK).where(*_published(store, period)).order_by(*order))
    return tuple(_link(*row) for row in found)


def _visits_by_question(session: Session, store: Store, period: Period) -> dict[str, list[VisitLink]]:
    """The visits in which a question failed, the newest first. Within a week the order tells nothing."""
    found = session.execute(
        select(*_LINK, Outcome.question)
        .join(Outcome, Outcome.visit_id == Visit.id)
        .where(*_published(store, period), Outcome.failed)
        .order_by(Visit.week.desc(), *_LINK[:1])
    )
    visits: dict[str, list[VisitLink]] = {}
    for public_id, week, part, total, verdict, criticals, question in found:
        visits.setdefault(question, []).append(_link(public_id, week, part, total, verdict, criticals))
    return visits


def _link(public_id: str, week: Any, part: Any, total: Any, verdict: Any, criticals: int) -> VisitLink:
    """A published visit has all of these, though the columns may be null before."""
    return VisitLink(public_id, week, part, total / 10, verdict, criticals)
