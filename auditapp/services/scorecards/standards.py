"""The failed standards, what to fix first, what to keep doing, and all answers."""

from __future__ import annotations

from datetime import timedelta

from auditapp.domain.answers import asked, misses
from auditapp.domain.checklist import NA, SCORED_TYPES, Question
from auditapp.services.answer_words import NA_WORDS, answer_words, reason_words
from auditapp.services.scorecards.facts import Facts, PhotoFile
from auditapp.services.scorecards.verdict import dearest, failures_title, standard_of
from auditapp.services.scorecards.view import (
    AnswerLine,
    FailedStandard,
    Failures,
    Fix,
    Picture,
    SectionAnswers,
)
from auditapp.services.scorecards.words import Words, points
from auditapp.services.visits.evidence import photo_key

FIX_FIRST = 3
KEEP_DOING = 2
WITH_PICTURES = 4
"""Failed standards that show their photos; the rest are short rows."""


def fix_first(facts: Facts, words: Words) -> tuple[Fix, ...]:
    """The three dearest misses, criticals first."""
    costly = tuple(q.key for q in facts.checklist.questions if facts.lost.get(q.key) or q.key in facts.result.fired)
    return tuple(_fix(facts, words, facts.checklist.by_key[key]) for key in dearest(facts, costly)[:FIX_FIRST])


def _fix(facts: Facts, words: Words, question: Question) -> Fix:
    number = facts.checklist.numbers[question.key]
    days = question.action.due_days if question.action else None
    due = facts.released + timedelta(days=days) if days is not None else None
    return Fix(
        title=standard_of(facts, question, words),
        number=number,
        critical=question.key in facts.result.fired,
        seen=", ".join(_reasons(facts, words, question)) or _answer(facts, words, question),
        points=points(facts.lost.get(question.key, 0)),
        due=words.gettext("by %(date)s", date=words.short_day(due)) if due else "",
        anchor=f"q-{number}" if question.key in facts.failed else "",
    )


def keep_doing(facts: Facts, words: Words) -> tuple[str, ...]:
    """The heaviest standards that were fully kept."""
    rules, values = facts.checklist.scoring, facts.filled.values
    kept = [
        q
        for q in facts.checklist.questions
        if q.key in facts.lost and not q.bonus and not facts.lost[q.key] and not misses(q, values[q.key])
    ]
    heaviest = sorted(kept, key=lambda q: (-q.weight * rules.weights.get(q.factor, 0), -q.weight))
    return tuple(standard_of(facts, q, words) for q in heaviest[:KEEP_DOING])


def failures(facts: Facts, words: Words) -> Failures:
    """Every failed standard with what was seen, criticals first, then by points lost."""
    order = dearest(facts, facts.failed)
    most = max((facts.lost[key] for key in order), default=0)
    with_pictures = [key for key in order if facts.photos.get(key)][:WITH_PICTURES]
    sections = {q.key: s.title for s in facts.checklist.sections for q in s.questions}
    items = []
    for key in order:
        question = facts.checklist.by_key[key]
        number = facts.checklist.numbers[key]
        squares = tuple(_square(outcomes, key) for outcomes in facts.outcomes)
        items.append(
            FailedStandard(
                anchor=f"q-{number}",
                number=number,
                title=standard_of(facts, question, words),
                question=facts.checklist.say(question.text, words.language),
                points=points(facts.lost[key]),
                share=1000 * facts.lost[key] // most if most else 0,
                critical=key in facts.result.fired,
                answer=_answer(facts, words, question),
                reasons=_reasons(facts, words, question),
                note=facts.filled.notes.get(key, ""),
                squares=squares,
                times=_times(squares, words),
                factor=words.factor(question.factor),
                section=facts.checklist.say(sections[key], words.language),
                pictures=_pictures(facts.photos[key], number, words) if key in with_pictures else (),
            )
        )
    return Failures(failures_title(facts, words), tuple(items))


def _square(outcomes: object, key: str) -> str:
    failed = outcomes.get(key) if isinstance(outcomes, dict) else None
    return "not_asked" if failed is None else "failed" if failed else "passed"


def _times(squares: tuple[str, ...], words: Words) -> str:
    known = [square for square in squares if square != "not_asked"]
    if len(known) < 2:
        return words.gettext("checked for the first time in these visits")
    return words.gettext(
        "failed %(times)s of the last %(count)s times it was checked", times=known.count("failed"), count=len(known)
    )


def _pictures(files: tuple[PhotoFile, ...], number: int, words: Words) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            public_id=file.public_id,
            key=photo_key(file.sha256),
            alt=words.gettext("Photo for question %(number)s", number=number),
        )
        for file in files
    )


def _reasons(facts: Facts, words: Words, question: Question) -> tuple[str, ...]:
    given = facts.filled.reasons.get(question.key, ())
    return tuple(reason_words(facts.checklist, question, given, words.language))


def _answer(facts: Facts, words: Words, question: Question) -> str:
    value, reason = facts.filled.values.get(question.key), facts.filled.na_reasons.get(question.key, "")
    if value == NA and reason in NA_WORDS:
        return words.gettext("N/A: %(reason)s", reason=words.gettext(NA_WORDS[reason]))
    return answer_words(facts.checklist, question, value, words.language)


def all_answers(facts: Facts, words: Words) -> tuple[SectionAnswers, ...]:
    """Every asked question that a store may see, by section."""
    keys = _asked(facts)
    sections = []
    for section in facts.checklist.sections:
        lines = tuple(_line(facts, words, q) for q in section.questions if q.key in keys and _for_store(q))
        if lines:
            sections.append(SectionAnswers(facts.checklist.say(section.title, words.language), lines))
    return tuple(sections)


def _asked(facts: Facts) -> frozenset[str]:
    return asked(facts.checklist, facts.filled.values, facts.method)


def _for_store(question: Question) -> bool:
    """Clock times, dates, free texts, receipts and signatures are for the reviewer: they could betray the shopper."""
    return question.type in SCORED_TYPES


def _line(facts: Facts, words: Words, question: Question) -> AnswerLine:
    key = question.key
    mark = "critical" if key in facts.result.fired else "failed" if key in facts.failed else ""
    lost = facts.lost.get(key, 0)
    return AnswerLine(
        number=facts.checklist.numbers[key],
        question=facts.checklist.say(question.text, words.language),
        answer=_answer(facts, words, question),
        note="" if key in facts.failed else facts.filled.notes.get(key, ""),
        mark=mark,
        points=points(lost) if lost else "",
    )


def counted(facts: Facts, words: Words) -> str:
    """How many questions were asked and answered."""
    keys, values = _asked(facts), facts.filled.values
    na = sum(values.get(key) == NA for key in keys)
    return words.ngettext(
        "%(answered)s of %(asked)s questions answered, %(num)s not applicable.",
        "%(answered)s of %(asked)s questions answered, %(num)s not applicable.",
        na,
        answered=sum(key in values for key in keys) - na,
        asked=len(keys),
    )


def withheld(facts: Facts, words: Words) -> str:
    """How many answers are kept from the store, "" if none."""
    keys = _asked(facts)
    hidden = sum(q.key in keys and not _for_store(q) for q in facts.checklist.questions)
    if not hidden:
        return ""
    return words.ngettext(
        "One answer is for the reviewer only, such as a clock time or a receipt, and is not shown.",
        "%(num)s answers are for the reviewer only, such as clock times and receipts, and are not shown.",
        hidden,
    )
