"""The verdict ladder and the trend: where this visit stands, and where the store comes from."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

from auditapp.domain.checklist import Checklist
from auditapp.domain.scoring import Verdict
from auditapp.services.scorecards.facts import SQUARES, Facts, Past
from auditapp.services.scorecards.region import RegionFigures
from auditapp.services.scorecards.verdict import fails_by_critical, target_tenths
from auditapp.services.scorecards.view import Rung, Trend, TrendPoint
from auditapp.services.scorecards.words import Words, bound, shown

TENTH = Fraction(1, 10)
_PAD = 50


def ladder(facts: Facts, words: Words) -> tuple[Rung, ...]:
    """The rungs from the worst: a failed critical, then the checklist's bands by their names."""
    critical = fails_by_critical(facts)
    lying = (
        critical_name(words),
        words.gettext("a critical standard failed"),
        critical,
        True,
    )
    judged = facts.result.verdict in (Verdict.PASS, Verdict.FAIL) and not critical
    active = band_of(facts.checklist, facts.current.total) if judged else None
    rungs = [
        Rung(band_name(facts.checklist, name, words), span, name == active)
        for name, span in reversed(_spans(facts.checklist, words))
    ]
    return (Rung(*lying), *rungs)


def critical_name(words: Words) -> str:
    """The name of the lowest rung."""
    return words.gettext("Needs action")


def band_name(checklist: Checklist, name: str, words: Words) -> str:
    """The words of a band, or its letter where it has none."""
    text = checklist.scoring.band_names.get(name)
    return checklist.say(text, words.language) if text else name


def band_of(checklist: Checklist, total: int | None) -> str | None:
    """The band of a total in tenths, by the number alone."""
    if total is None:
        return None
    return next(name for name, low in checklist.scoring.bands if Fraction(total, 10) >= low)


def _spans(checklist: Checklist, words: Words) -> list[tuple[str, str]]:
    bands = checklist.scoring.bands
    spans = []
    for at, (name, low) in enumerate(bands):
        if len(bands) == 1:
            text = words.gettext("every score")
        elif at == 0:
            text = words.gettext("%(low)s and over", low=bound(low))
        elif low == 0:
            text = words.gettext("under %(high)s", high=bound(bands[at - 1][1]))
        else:
            text = words.gettext("%(low)s to %(high)s", low=bound(low), high=bound(bands[at - 1][1] - TENTH))
        spans.append((name, text))
    return spans


def steps(checklist: Checklist) -> tuple[int, ...]:
    """The bounds of at most three shaded ranges behind a bullet (tenths): the lowest band's end, the top's start."""
    bounds = sorted(round(low * 10) for _, low in checklist.scoring.bands if low > 0)
    return tuple(dict.fromkeys((bounds[0], bounds[-1]))) if bounds else ()


def ranges(checklist: Checklist, words: Words) -> str:
    """The shaded ranges in words, for the legend."""
    bounds = [Fraction(step, 10) for step in steps(checklist)]
    if not bounds:
        return ""
    if len(bounds) == 1:
        return words.gettext("under %(low)s, %(low)s and over", low=bound(bounds[0]))
    return words.gettext(
        "under %(low)s, %(low)s to %(middle)s, %(high)s and over",
        low=bound(bounds[0]), middle=bound(bounds[1] - TENTH), high=bound(bounds[1]),
    )  # fmt: skip


def trend(
    past: Sequence[Past], checklist: Checklist, figures: RegionFigures | None, wave: str, words: Words
) -> Trend | None:
    """The line of the visits that have a score; None without any."""
    scored = [(one, one.total) for one in past if one.total is not None]
    if not scored:
        return None
    points = tuple(TrendPoint(total, shown(total), one.wave) for one, total in scored)
    target = round(checklist.scoring.target("total") * 10)
    middle = figures.middle if figures else None
    levels = [p.score for p in points] + [target] + list(middle or ())
    return Trend(
        title=_title(points, words),
        points=points,
        target=target,
        target_shown=shown(target),
        middle=middle,
        floor=max(0, min(levels) - _PAD),
        ceiling=min(1000, max(levels) + _PAD),
        notes=_notes(points, figures, wave, words),
        spoken=words.gettext(
            "Scores of the published visits, oldest first: %(scores)s. Target %(target)s.",
            scores=", ".join(p.shown for p in points),
            target=shown(target),
        ),
    )


def trend_of(facts: Facts, words: Words) -> Trend:
    """The trend that belongs on a scorecard; empty where this visit has no score yet."""
    found = trend(facts.past, facts.checklist, facts.figures, facts.wave, words)
    target = target_tenths(facts, "total")
    none = words.gettext("No score yet")
    return found or Trend(none, (), target, shown(target), None, 0, 1000, (), none)


def _title(points: tuple[TrendPoint, ...], words: Words) -> str:
    now, scores = points[-1], [p.score for p in points]
    if len(points) == 1:
        return words.gettext("%(score)s on the first published visit", score=now.shown)
    if len(points) == 2:
        return words.gettext("%(score)s, after %(before)s on the last visit", score=now.shown, before=points[0].shown)
    several = {"score": now.shown, "count": len(points)}
    if now.score < min(scores[:-1]):
        return words.gettext("%(score)s is the lowest of the last %(count)s visits", **several)
    if now.score > max(scores[:-1]):
        return words.gettext("%(score)s is the highest of the last %(count)s visits", **several)
    return words.gettext("%(score)s is within the range of the last %(count)s visits", **several)


def _notes(points: tuple[TrendPoint, ...], figures: RegionFigures | None, wave: str, words: Words) -> tuple[str, ...]:
    lines = []
    if figures and figures.middle:
        lines.append(
            words.gettext(
                "Band: the middle half of the region’s %(stores)s stores in %(wave)s.",
                stores=figures.stores, wave=wave,
            )
        )  # fmt: skip
    if figures and figures.sd is not None and len(points) >= SQUARES:
        mean = sum(p.score for p in points[-SQUARES:]) / SQUARES
        half = 19.6 * figures.sd / sqrt(SQUARES)
        lines.append(
            words.gettext(
                "The last four visits average %(mean)s, likely range %(low)s to %(high)s.",
                mean=shown(round(mean)),
                low=shown(max(0, round(mean - half))),
                high=shown(min(1000, round(mean + half))),
            )
        )
    return tuple(lines)
