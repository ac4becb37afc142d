"""Reading the comparison of a region, and of the whole chain page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from auditapp import i18n
from auditapp.db.schema import Region, RegionPeriod
from auditapp.db.schema.figures import RegionQuestion
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor, Do, can
from auditapp.i18n import N_
from auditapp.services.checklists import checklist_by_public_id
from auditapp.services.comparison.headline import headline
from auditapp.services.comparison.pages import ChainView, ComparisonView, Filters, Standard, Table
from auditapp.services.comparison.periods import Period, all_periods, history
from auditapp.services.comparison.refresh import BANDS, LEAST_VISITS
from auditapp.services.comparison.rows import standard_of, surest_first, table_of
from auditapp.services.comparison.stored import PAGE, Chosen, of_page, of_region, past_means, store_rows
from auditapp.services.comparison.views import Choice, maybe_tenth, tenth

MOST_STANDARDS = 8
LEAST_CHOICES = (3, 4, 6, 8, 12)
NO_REGION = N_("No region is yours to compare yet. Ask an administrator to give you one.")
METHODS = {"mystery": N_("Mystery visits"), "observation": N_("Store audits"), "both": N_("All visits")}


# Built once each: that takes longer than their answers.
_OF_REGION, _FAILURES = RegionPeriod.__table__.c, RegionQuestion.__table__.c
_COUNTS = ("stores", "visits", "criticals", *BANDS)
_REGIONS = select(Region.id, Region.public_id, Region.name).order_by(Region.name, Region.id)
_LINES = select(_OF_REGION.wave_id, _OF_REGION.line, _OF_REGION.noise).where(
    _OF_REGION.region_id == bindparam("region")
)
_TOTALS = select(_OF_REGION.wave_id, *(func.sum(_OF_REGION[name]).label(name) for name in _COUNTS)).group_by(
    _OF_REGION.wave_id
)
_FAILED = select(_FAILURES.question, _FAILURES.asked, _FAILURES.failed, _FAILURES.stores).where(
    _FAILURES.region_id == bindparam("region"), _FAILURES.wave_id == bindparam("wave"), _FAILURES.failed > 0
)


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
    lines = {row.wave_id: row for row in session.execute(_LINES, {"region": place.id})}
    period = _period(periods, lines, wave)
    chosen = of_region(place.id, period) if period else None
    found = store_rows(session, chosen) if chosen else []
    least = max(LEAST_VISITS, least_visits)
    shown = [row for row in found if not store_format or row.format == store_format]
    table = _table(session, chosen, shown, periods, least) if chosen else None
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
    totals = {row.wave_id: row for row in session.execute(_TOTALS)}
    period = _period(periods, totals, wave)
    total = totals.get(period.id) if period else None
    pages = -(-total.stores // PAGE) if total else 1
    if not 1 <= page <= pages:
        raise NotFound()
    chosen = of_page(page, period) if period else None
    found = store_rows(session, chosen) if chosen else []
    return ChainView(
        filters=Filters(
            regions=(),
            waves=wave_choices([p for p in periods if p.id in totals or p == period], actor),
            formats=(),
            least_visits=(),
            region="",
            wave=period.public_id if period else "",
            format="",
            least=LEAST_VISITS,
        ),
        period=period,
        table=_table(session, chosen, found, periods, LEAST_VISITS) if chosen else None,
        stores=total.stores if total else 0,
        visits=total.visits if total else 0,
        counts={band: total._mapping[band] if total else 0 for band in BANDS},
        critical_stores=total.criticals if total else 0,
        page=page,
        pages=pages,
    )


def _table(
    session: Session, chosen: Chosen, found: Sequence[Row[Any]], periods: Sequence[Period], least: int
) -> Table | None:
    if not found:
        return None
    past = history(periods, chosen.period)
    means = past_means(session, chosen, past[:-1])
    return table_of(found, means, checklist_by_public_id(session, chosen.period.version), past, least)


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
    found = session.execute(_REGIONS)
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


def _standards(session: Session, region_id: int, period: Period, language: str) -> tuple[Standard, ...]:
    checklist = checklist_by_public_id(session, period.version)
    found = session.execute(_FAILED, {"region": region_id, "wave": period.id})
    standards = [standard_of(checklist, key, asked, failed, language, stores=n) for key, asked, failed, n in found]
    return surest_first(standards)[:MOST_STANDARDS]
