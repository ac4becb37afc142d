"""From facts to the scorecard that is shown, in one language."""

from __future__ import annotations

from itertools import groupby

import segno

from auditapp.domain.checklist import Factor, Method
from auditapp.domain.scoring import Verdict
from auditapp.services.scorecards import standards, verdict
from auditapp.services.scorecards.facts import Facts
from auditapp.services.scorecards.ladder import ladder, ranges, steps, trend_of
from auditapp.services.scorecards.view import Code, FactorRow, Factors, Rung, Scorecard
from auditapp.services.scorecards.words import DASH, Words, points, shown, signed


def build(facts: Facts, language: str, public_url: str) -> Scorecard:
    """The scorecard in ``language``; ``public_url`` is the origin that its QR code leads to."""
    words = Words(language)
    address = f"{public_url}/scorecards/{facts.public_id}"
    rungs = ladder(facts, words)
    before = facts.previous
    return Scorecard(
        language=language,
        public_id=facts.public_id,
        address=address,
        code=qr(address),
        chain=facts.chain,
        programme=facts.programme,
        store=facts.store,
        store_id=facts.store_id,
        wave=facts.wave,
        identity=_identity(facts, words),
        preview=not facts.published,
        score=shown(facts.current.total),
        target=shown(verdict.target_tenths(facts, "total")),
        previous=shown(before.total) if before else None,
        verdict=_standing(facts, rungs, words),
        critical=verdict.fails_by_critical(facts),
        headline=verdict.headline(facts, words),
        support=verdict.support(facts, words),
        ladder=rungs,
        factors=_factors(facts, words),
        fix_first=standards.fix_first(facts, words),
        trend=trend_of(facts, words),
        keep_doing=standards.keep_doing(facts, words),
        counted=standards.counted(facts, words),
        released=words.gettext(
            "Checked by a reviewer; checklist version %(version)s, released %(date)s.",
            version=facts.checklist.version,
            date=words.day(facts.released),
        ),
        failures=standards.failures(facts, words),
        answers=standards.all_answers(facts, words),
        withheld=standards.withheld(facts, words),
    )


def qr(address: str) -> Code:
    """The QR code of an address, quiet zone excluded."""
    matrix = segno.make(address, error="m", micro=False).matrix
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        for dark, group in groupby(row, key=bool):
            length = len(list(group))
            if dark:
                runs.append(f"M{x} {y}.5h{length}")
            x += length
    return Code(len(matrix), "".join(runs))


def _identity(facts: Facts, words: Words) -> tuple[str, ...]:
    place = {"ordinal": facts.ordinal, "planned": facts.planned, "wave": facts.wave}
    if facts.method is Method.OBSERVATION:
        kind = words.gettext("store audit %(ordinal)s of %(planned)s in %(wave)s", **place)
    else:  # how many are planned would tell the store that another one is to come
        kind = words.gettext("mystery visit %(ordinal)s in %(wave)s", **place)
    parts = (
        words.gettext("Store %(code)s", code=facts.store_code),
        facts.region,
        kind,
        words.week(facts.week, facts.day_part),
    )
    return tuple(part for part in parts if part)


def _standing(facts: Facts, rungs: tuple[Rung, ...], words: Words) -> str:
    active = next((rung for rung in rungs if rung.active), None)
    if active:
        return words.gettext("%(verdict)s: %(span)s", verdict=active.name, span=active.span)
    if facts.result.verdict is Verdict.INCOMPLETE:
        return words.gettext("Incomplete")
    return words.gettext("Not scored")


def _factors(facts: Facts, words: Words) -> Factors:
    present = set(facts.checklist.factors())
    return Factors(
        title=verdict.factors_title(facts, words),
        rows=tuple(_row(facts, words, factor) for factor in Factor if factor in present),
        steps=steps(facts.checklist),
        ranges=ranges(facts.checklist, words),
    )


def _row(facts: Facts, words: Words, factor: Factor) -> FactorRow:
    score = facts.current.factors[factor]
    before = facts.previous.factors[factor] if facts.previous else None
    target = verdict.target_tenths(facts, factor.value)
    fired = {facts.checklist.by_key[key].factor for key in facts.result.fired}
    lost = sum(facts.lost[q.key] for q in facts.checklist.questions if q.factor is factor and q.key in facts.lost)
    median = facts.figures.medians.get(factor)
    return FactorRow(
        code=factor.value,
        name=words.factor(factor),
        score=score,
        shown=shown(score),
        target=target,
        target_shown=shown(target),
        previous=before,
        change=signed(None if score is None or before is None else score - before),
        region_median=shown(median),
        lost=DASH if score is None else points(lost),
        mark="none" if score is None else "critical" if factor in fired else "met" if score >= target else "below",
        spoken=_spoken(words, factor, score, target, before),
    )


def _spoken(words: Words, factor: Factor, score: int | None, target: int, before: int | None) -> str:
    figures = {"factor": words.factor(factor), "score": shown(score), "target": shown(target)}
    if score is None:
        return words.gettext("%(factor)s was not checked on this visit.", factor=figures["factor"])
    if before is None:
        return words.gettext("%(factor)s %(score)s, target %(target)s.", **figures)
    return words.gettext(
        "%(factor)s %(score)s, target %(target)s, last visit %(before)s.", before=shown(before), **figures
    )
