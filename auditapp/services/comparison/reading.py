"""Reading the comparison of a region, and of the whole chain page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from auditapp import i18n
from auditapp.db.schema import Region, RegionPeriod, StorePeriod
from auditapp.db.schema.figures import RegionQuestion
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor, Do, can
from auditapp.i18n import N_
from auditapp.services.checklists import checklist_of
from auditapp.services.comparison.headline import headline
from auditapp.services.comparison.pages import ChainView, ComparisonView, Filters, Standard
from auditapp.services.comparison.periods import Period, all_periods
from auditapp.services.comparison.refresh import BANDS, LEAST_VISITS
from auditapp.services.comparison.rows import standard_of, store_rows, surest_first, table_of
from auditapp.services.comparison.views import Choice, maybe_tenth, tenth

PAGE = 50
MOST_STANDARDS = 8
LEAST_CHOICES = (3, 4, 6, 8, 12)
NO_REGION = N_("No region is yours to compare yet. Ask an administrator to give you one.")
METHODS = {"mystery": N_("Mystery visits"), "observation": N_("Store audits"), "both": N_("All visits")}


def compare(
    session: Session,
    actor: Actor,
    region: str | None = None,
    wave: str | None = None,
    store_format: str = "",
    least_visits: int = LEAST_VISITS,
) -> ComparisonView:
    """The stores of one region in one wave, held against the mean of the region's stores.

    ``region`` and ``wave`` are public ids; without them, the first region that the actor reaches and its newest wave
    with figures. ``store_format`` narrows the rows shown, never the line. ``least_visits`` may raise the number of
    visits below which nothing is said of a store, not lower it. Raises NotFound for what the actor can't see.
    """
    regions = _regions(session, actor)
    place = _pick(regions, region)
    periods = all_periods(session)
    lines = {row.wave_id: row for row in _lines(session, place.id)}
    period = _period(periods, lines, wave)
    found = _found(session, place.id, period)
    least = max(LEAST_VISITS, least_visits)
    shown = [row for row in found if not store_format or row.format == store_format]
    table = table_of(session, shown, periods, period, least) if period and shown else None
    line = lines.get(period.id) if period else None
    return ComparisonView(
        region=place.name,
        filters=Filters(
            regions=tuple(Choice(r.public_id, r.name) for r in regions),
            waves=wave_choices([p for p in periods if p.id in lines or p == period], actor),
            formats=tuple(Choice(name, name) for name in sorted({row.format for row in found} - {""})),
            least_visits=tuple(Choice(str(n), str(n)) for n in sorted({*LEAST_CHOICES, least})),
            region=place.public_id,
            wave=period.public_id if period else "",
            format=store_format,
            least=least,
        ),
        period=period,
        table=table,
        line=tenth(line.line) if line else None,
        noise=maybe_tenth(line.noise) if line else None,
        visits=sum(row.visits for row in shown),
        headline=headline(table.rows, least, i18n.translations(actor.language)) if table else (),
        standards=_standards(session, place.id, period, actor.language) if period else (),
    )


def chain(session: Session, actor: Actor, wave: str | None = None, page: int = 1) -> ChainView:
    """One page of all stores in one wave, each in its band against its own region. Raises NotFound.

    Only for those whom no region limits.
    """
    if not (actor.everywhere and can(actor, Do.COMPARE)):
        raise NotFound()
    periods = all_periods(session)
    with_figures = set(session.scalars(select(RegionPeriod.wave_id).distinct()))
    period = _period(periods, with_figures, wave)
    totals = _totals(session, period)
    pages = max(1, -(-totals["stores"] // PAGE))
    if not 1 <= page <= pages:
        raise NotFound()
    found = _page(session, period, page) if period else []
    return ChainView(
        filters=Filters(
            regions=(),
            waves=wave_choices([p for p in periods if p.id in with_figures or p == period], actor),
            formats=(),
            least_visits=(),
            region="",
            wave=period.public_id if period else "",
            format="",
            least=LEAST_VISITS,
        ),
        period=period,
        table=table_of(session, found, periods, period, LEAST_VISITS) if period and found else None,
        stores=totals["stores"],
        visits=totals["visits"],
        counts={band: totals[band] for band in BANDS},
        critical_stores=totals["criticals"],
        page=page,
        pages=pages,
    )


def _totals(session: Session, period: Period | None) -> dict[str, int]:
    """The counts of all regions together; zeros before there is a period."""
    names = ("stores", "visits", "criticals", *BANDS)
    sums = [func.sum(getattr(RegionPeriod, name)) for name in names]
    found = session.execute(select(*sums).where(RegionPeriod.wave_id == (period.id if period else 0))).one()
    return {name: int(value or 0) for name, value in zip(names, found, strict=True)}


def wave_choices(periods: Sequence[Period], actor: Actor) -> tuple[Choice, ...]:
    """The waves, the newest first, each with its checklist and method: those are never mixed."""
    gettext = i18n.translations(actor.language).gettext
    label = gettext("%(wave)s: %(checklist)s, %(method)s")
    return tuple(
        Choice(
            p.public_id,
            label % {"wave": p.name, "checklist": p.say(actor.language), "method": gettext(METHODS[p.method])},
        )
        for p in reversed(periods)
    )


def _regions(session: Session, actor: Actor) -> Sequence[Row[int, str, str]]:
    found = session.execute(select(Region.id, Region.public_id, Region.name).order_by(Region.name, Region.id))
    mine = [row for row in found if can(actor, Do.COMPARE, region_id=row.id)]
    if not mine:
        raise NotFound(NO_REGION if can(actor, Do.COMPARE) else None)
    return mine


def _pick(regions: Sequence[Row[int, str, str]], public_id: str | None) -> Row[int, str, str]:
    if not public_id:
        return regions[0]
    try:
        return next(row for row in regions if row.public_id == public_id)
    except StopIteration:
        raise NotFound() from None


def _period(periods: Sequence[Period], with_figures: Any, public_id: str | None) -> Period | None:
    """The wave asked for, else the newest with figures; None if there are none at all."""
    if not public_id:
        return next((p for p in reversed(periods) if p.id in with_figures), None)
    try:
        return next(p for p in periods if p.public_id == public_id)
    except StopIteration:
        raise NotFound() from None


def _lines(session: Session, region_id: int) -> Sequence[RegionPeriod]:
    return session.scalars(select(RegionPeriod).where(RegionPeriod.region_id == region_id)).all()


def _found(session: Session, region_id: int, period: Period | None) -> Sequence[Row[Any]]:
    if period is None:
        return []
    mine = (StorePeriod.region_id == region_id, StorePeriod.wave_id == period.id)
    return session.execute(store_rows().where(*mine)).all()


def _page(session: Session, period: Period, page: int) -> Sequence[Row[Any]]:
    """The rows of a page, which is cut from the index before anything is joined to it."""
    cut = (
        select(StorePeriod.store_id)
        .where(StorePeriod.wave_id == period.id)
        .order_by(StorePeriod.sort, StorePeriod.store_id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    mine = (StorePeriod.wave_id == period.id, StorePeriod.store_id.in_(session.scalars(cut).all()))
    return session.execute(store_rows().where(*mine)).all()


def _standards(session: Session, region_id: int, period: Period, language: str) -> tuple[Standard, ...]:
    checklist = checklist_of(session, period.version_id)
    mine = (RegionQuestion.region_id == region_id, RegionQuestion.wave_id == period.id)
    found = session.scalars(select(RegionQuestion).where(*mine, RegionQuestion.failed > 0))
    standards = [
        standard_of(checklist, one.question, one.asked, one.failed, language, stores=one.stores) for one in found
    ]
    return surest_first(standards)[:MOST_STANDARDS]
