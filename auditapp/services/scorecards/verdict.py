"""The sentences of a scorecard, made from its figures: each pattern is one whole message, for translation."""

from __future__ import annotations

from fractions import Fraction

from auditapp.domain.checklist import Critical, CriticalEffect, Factor, Question, ScoringMode
from auditapp.domain.scoring import Verdict
from auditapp.services.scorecards.facts import Facts
from auditapp.services.scorecards.words import Words, bound, shown

NOTABLE_FALL = 100
"""Tenths by which a factor must have fallen to be named in a title."""
MOST = Fraction(1, 2)
"""Share of the change above which one factor explains most of it."""


def standard_of(facts: Facts, question: Question, words: Words) -> str:
    """The text of the standard that a question checks, or the question itself where none is written."""
    text = facts.checklist.say(question.standard, words.language) if question.standard else ""
    return text or facts.checklist.say(question.text, words.language)


def fails_by_critical(facts: Facts) -> bool:
    """Whether a fired critical decides the verdict."""
    return facts.result.verdict is Verdict.FAIL and facts.result.reason.startswith("critical:")


def dearest(facts: Facts, keys: tuple[str, ...]) -> tuple[str, ...]:
    """``keys`` with fired criticals first, then by points lost; ties stay in file order."""
    return tuple(sorted(keys, key=lambda key: (key not in facts.result.fired, -facts.lost.get(key, 0))))


def target_tenths(facts: Facts, name: str) -> int:
    """The target of a factor or the total, in tenths."""
    return round(facts.checklist.scoring.target(name) * 10)


def headline(facts: Facts, words: Words) -> str:
    """The verdict in one sentence: the best factors, and the worst standard."""
    if facts.result.verdict is Verdict.INCOMPLETE:
        return words.ngettext(
            "The visit is incomplete: one required answer is missing.",
            "The visit is incomplete: %(num)s required answers are missing.",
            len(facts.result.missing),
        )
    if facts.current.total is None:
        return words.gettext("This visit has no score, because no scored question could be answered.")
    best = [words.factor(factor) for factor in _best(facts)]
    worst = dearest(facts, facts.failed)
    if not worst:
        return _nothing_failed(facts, words, best)
    text = standard_of(facts, facts.checklist.by_key[worst[0]], words)
    if facts.result.fired:
        return _critical(words, best, text)
    return _costly(words, best, text)


def _best(facts: Facts) -> list[Factor]:
    """The up to two factors that are furthest above their targets."""
    above = {
        factor: score - target_tenths(facts, factor.value)
        for factor, score in facts.current.factors.items()
        if score is not None
    }
    fired = {facts.checklist.by_key[key].factor for key in facts.result.fired}
    met = [factor for factor, gap in above.items() if gap >= 0 and factor not in fired]
    return sorted(met, key=lambda factor: -above[factor])[:2]


def _critical(words: Words, best: list[str], text: str) -> str:
    if len(best) == 2:
        return words.gettext(
            "%(first)s and %(second)s meet their targets, but a critical standard failed: “%(standard)s”",
            first=best[0], second=best[1], standard=text,
        )  # fmt: skip
    if best:
        return words.gettext(
            "%(first)s meets its target, but a critical standard failed: “%(standard)s”", first=best[0], standard=text
        )
    return words.gettext("A critical standard failed: “%(standard)s”", standard=text)


def _costly(words: Words, best: list[str], text: str) -> str:
    if len(best) == 2:
        return words.gettext(
            "%(first)s and %(second)s meet their targets; the costliest miss: “%(standard)s”",
            first=best[0], second=best[1], standard=text,
        )  # fmt: skip
    if best:
        return words.gettext(
            "%(first)s meets its target; the costliest miss: “%(standard)s”", first=best[0], standard=text
        )
    return words.gettext("No factor meets its target; the costliest miss: “%(standard)s”", standard=text)


def _nothing_failed(facts: Facts, words: Words, best: list[str]) -> str:
    if not any(facts.lost.values()):
        return words.gettext("Every standard that was checked was fully kept.")
    if len(best) == 2:
        return words.gettext(
            "No standard failed; %(first)s and %(second)s are furthest above their targets.",
            first=best[0], second=best[1],
        )  # fmt: skip
    return words.gettext("No standard failed, but some were only partly kept.")


def support(facts: Facts, words: Words) -> tuple[str, ...]:
    """What stands behind the verdict: its rule, what moved the score, and whether that may be chance."""
    if facts.current.total is None:
        return ()
    return tuple(line for line in (_rule(facts, words), _change(facts, words), _chance(facts, words)) if line)


def _rule(facts: Facts, words: Words) -> str:
    if fails_by_critical(facts):
        critical = facts.checklist.by_key[facts.result.reason.partition(":")[2]].critical
        if critical and critical.cap is not None:
            return words.gettext(
                "A failed critical standard holds the score at %(cap)s or less.", cap=bound(critical.cap)
            )
        if critical and critical.effect is CriticalEffect.FACTOR_ZERO:
            return words.gettext("A failed critical standard sets its whole factor to 0.")
        return words.gettext("A failed critical standard sets the verdict, whatever the score.")
    if facts.result.reason.startswith("gate:"):
        factor = Factor(facts.result.reason.partition(":")[2])
        return words.gettext(
            "%(factor)s is at %(score)s, below its minimum of %(gate)s, and that fails the visit.",
            factor=words.factor(factor),
            score=shown(facts.current.factors[factor]),
            gate=bound(facts.checklist.scoring.gates[factor]),
        )
    return ""


def _change(facts: Facts, words: Words) -> str:
    before, now = facts.previous, facts.current.total
    if before is None or before.total is None or now is None:
        return words.gettext("This is the first published visit of its kind, so there is no change to show yet.")
    if before.total == now:
        return words.gettext("The score is the same as at the last visit.")
    levels = {"before": shown(before.total), "now": shown(now)}
    factor, share = _mover(facts, now - before.total)
    if factor is None:
        if now < before.total:
            return words.gettext("The score fell from %(before)s to %(now)s.", **levels)
        return words.gettext("The score rose from %(before)s to %(now)s.", **levels)
    named = {"factor": words.factor(factor), **levels}
    if now < before.total:
        if share > MOST:
            return words.gettext("%(factor)s explains most of the fall from %(before)s to %(now)s.", **named)
        return words.gettext(
            "The fall from %(before)s to %(now)s comes from several factors, %(factor)s first.", **named
        )
    if share > MOST:
        return words.gettext("%(factor)s explains most of the rise from %(before)s to %(now)s.", **named)
    return words.gettext("The rise from %(before)s to %(now)s comes from several factors, %(factor)s first.", **named)


def _mover(facts: Facts, change: int) -> tuple[Factor | None, Fraction]:
    """The factor that moved the total most in the direction of ``change``, and its share of all moves that way.

    None where the total does not follow the factors: pooled scoring, a capped total, a factor that came or went.
    """
    before, rules = facts.previous, facts.checklist.scoring
    capped = any(c is not None and c.cap is not None for c in _fired_criticals(facts))
    if before is None or rules.mode is not ScoringMode.FACTOR or capped:
        return None, Fraction(0)
    moves = {}
    for factor, now in facts.current.factors.items():
        then = before.factors[factor]
        if (now is None) != (then is None):
            return None, Fraction(0)
        if now is not None and then is not None and (now - then) * change > 0:
            moves[factor] = rules.weights.get(factor, Fraction(0)) * abs(now - then)
    total = sum(moves.values(), Fraction(0))
    if not total:
        return None, Fraction(0)
    first = max(moves, key=lambda factor: moves[factor])
    return first, moves[first] / total


def _fired_criticals(facts: Facts) -> list[Critical | None]:
    return [facts.checklist.by_key[key].critical for key in facts.result.fired]


def _chance(facts: Facts, words: Words) -> str:
    before, now, sd = facts.previous, facts.current.total, facts.figures.sd
    if before is None or before.total is None or now is None or before.total == now or not sd:
        return ""
    from auditapp.statistics import chance_between_two_visits

    limit = round(chance_between_two_visits(sd) * 10)
    if abs(now - before.total) <= limit:
        return words.gettext(
            "Two single visits to an unchanged store differ by up to %(points)s points, so this may be chance.",
            points=shown(limit),
        )
    return words.gettext(
        "Two single visits to an unchanged store differ by up to %(points)s points, so this is more than chance.",
        points=shown(limit),
    )


def factors_title(facts: Facts, words: Words) -> str:
    """What the six rows say together."""
    scores = {factor: score for factor, score in facts.current.factors.items() if score is not None}
    below = sum(score < target_tenths(facts, factor.value) for factor, score in scores.items())
    fallen, drop = _fallen(facts, scores)
    if not below:
        return words.gettext("All factors that were checked meet their targets")
    if fallen is None:
        return words.ngettext("One factor is below its target", "%(num)s factors are below their targets", below)
    return words.ngettext(
        "One factor is below its target; %(factor)s fell by %(points)s",
        "%(num)s factors are below their targets; %(factor)s fell by %(points)s",
        below,
        factor=words.factor(fallen),
        points=shown(drop),
    )


def _fallen(facts: Facts, scores: dict[Factor, int]) -> tuple[Factor | None, int]:
    then = facts.previous.factors if facts.previous else {}
    drops = {f: before - now for f, now in scores.items() if (before := then.get(f)) is not None}
    worst = max(drops, key=lambda factor: drops[factor], default=None)
    return (worst, drops[worst]) if worst is not None and drops[worst] >= NOTABLE_FALL else (None, 0)


def failures_title(facts: Facts, words: Words) -> str:
    """What the failed standards say together."""
    asked = len(facts.lost)
    if not facts.failed:
        return words.ngettext("The one standard checked was kept.", "None of the %(num)s standards failed.", asked)
    cost = shown((sum(facts.lost[key] for key in facts.failed) + 5) // 10)
    return words.ngettext(
        "One of %(asked)s standards failed. It cost %(points)s points.",
        "%(num)s of %(asked)s standards failed. They cost %(points)s points.",
        len(facts.failed),
        asked=asked,
        points=cost,
    )
