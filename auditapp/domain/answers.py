"""Answers: reading them from raw input, which questions are asked, and what an answer is worth.

The types, their values and the meaning of *misses* and *fails* are those of format 1 of the checklist file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from auditapp.domain.checklist import (
    BOUNDED_TYPES,
    NA,
    SCORED_TYPES,
    Checklist,
    Condition,
    Method,
    Question,
    QuestionType,
    ShowIf,
)
from auditapp.domain.errors import InvalidInput

AnswerValue = str | Fraction | tuple[str, ...]
"""An answer as `parse_answer` makes it: a word or text (`NA` for N/A), a number, or the chosen options of a
multi question in the order of the checklist."""

TEXT_LIMIT = 4000
BARCODE_LIMIT = 128
WHOLE_DIGITS = 12
DECIMALS = 6

_WORD_VALUES: Mapping[QuestionType, Mapping[str, Fraction]] = {
    QuestionType.YES_NO: {"yes": Fraction(1), "no": Fraction(0)},
    QuestionType.YES_PARTLY_NO: {"yes": Fraction(1), "partly": Fraction(1, 2), "no": Fraction(0)},
}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_answer(question: Question, raw: object) -> AnswerValue | None:
    """The answer that ``raw``, a JSON or form value, gives to ``question``; None for None, "" and [].

    In a number or minutes one comma is the decimal point, which is all that many keyboards offer. In a count, which
    is mostly whole, it may as well part the thousands, and is refused.
    Raises InvalidInput, its ``field`` the question's key, saying what would be right.
    """
    if raw is None or raw == "" or raw == []:
        return None
    if isinstance(raw, str):
        _refuse_unstorable(question, raw)
    if raw == NA or raw == [NA]:
        return _na(question)
    if question.type is QuestionType.MULTI:
        return _chosen(question, raw)
    if question.type is QuestionType.SCALE:
        return _step(question, raw)
    if question.type in BOUNDED_TYPES:
        return _amount(question, raw)
    if question.type in SCORED_TYPES:
        return _one_of(question, raw)
    return _words(question, raw)


def to_json(value: AnswerValue) -> str | list[str]:
    """The canonical form for JSON; numbers become exact decimal text. `parse_answer` reads it back."""
    if isinstance(value, tuple):
        return list(value)
    return exact_text(value) if isinstance(value, Fraction) else value


def exact_text(value: Fraction) -> str:
    """``value`` as decimal text without loss, such as "-0.25"; as "1/3" where no decimal text is exact."""
    for decimals in range(2 * DECIMALS + 1):
        scaled = value * 10**decimals
        if scaled.denominator == 1:
            digits = str(abs(scaled.numerator)).rjust(decimals + 1, "0")
            sign = "-" if value < 0 else ""
            cut = len(digits) - decimals
            return f"{sign}{digits[:cut]}.{digits[cut:]}" if decimals else sign + digits
    return str(value)


def asked(checklist: Checklist, answers: Mapping[str, AnswerValue], method: Method) -> frozenset[str]:
    """The keys of the questions that a visit by ``method`` (BOTH means mystery) with ``answers`` asks.

    A parent in a ``show_if`` that is itself not asked counts as unanswered, whatever was answered before.
    """
    used = Method.MYSTERY if method is Method.BOTH else method
    found: set[str] = set()
    for question in checklist.questions:
        if question.asked_of not in (Method.BOTH, used):
            continue
        if question.show_if is None or _holds(question.show_if, answers, found):
            found.add(question.key)
    return frozenset(found)


def answer_words(question: Question) -> tuple[str, ...]:
    """Every answer but N/A that a yes/no, scale, choice or multi question knows, worded as in ``show_if``."""
    if question.type is QuestionType.SCALE:
        return tuple(str(step) for step in range(1, question.points + 1))
    if question.type in _WORD_VALUES:
        return tuple(_WORD_VALUES[question.type])
    return tuple(option.key for option in question.options)


def value_of(question: Question, value: AnswerValue) -> Fraction | None:
    """The value v of an answer; None for N/A and for types that are not scored."""
    if value == NA or question.type not in SCORED_TYPES:
        return None
    if isinstance(value, tuple):
        return sum((option.value for option in question.options if option.key in value), Fraction(0))
    if isinstance(value, str):
        words = _WORD_VALUES.get(question.type)
        return words[value] if words else next(o.value for o in question.options if o.key == value)
    if question.type is QuestionType.SCALE:
        return (value - 1) / (question.points - 1)
    return next((worth for bound, worth in question.upto if value <= bound), Fraction(0))


def best_value(question: Question) -> Fraction:
    """v_max: the value of the best answer; 0 for types that are not scored."""
    if question.type is QuestionType.CHOICE:
        return max(option.value for option in question.options)
    if question.type is QuestionType.MULTI:
        return sum((max(option.value, Fraction(0)) for option in question.options), Fraction(0))
    if question.type in BOUNDED_TYPES:
        return max((worth for _, worth in question.upto), default=Fraction(0))
    return Fraction(1 if question.type in SCORED_TYPES else 0)


def worst_value(question: Question) -> Fraction:
    """The value at which a critical fires: the smallest option, the sum of a multi's negatives, else 0."""
    if question.type is QuestionType.CHOICE:
        return min(option.value for option in question.options)
    return sum((min(option.value, Fraction(0)) for option in question.options), Fraction(0))


def misses(question: Question, value: AnswerValue) -> bool:
    """Whether the answer is worth less than the best one. N/A and unscored types never miss."""
    worth = value_of(question, value)
    return worth is not None and worth < best_value(question)


def fails(question: Question, value: AnswerValue) -> bool:
    """Whether the answer is worth half of the best one or less. N/A and unscored types never fail.

    The best answer never fails either, not even where it is worth nothing (possible at weight 0 only).
    """
    worth = value_of(question, value)
    best = best_value(question)
    return worth is not None and worth < best and worth <= best / 2


def worst(question: Question, value: AnswerValue) -> bool:
    """Whether this is the worst answer, on which a critical fires. The best answer never is."""
    worth = value_of(question, value)
    return worth is not None and worth <= worst_value(question) and worth < best_value(question)


def _holds(show_if: ShowIf, answers: Mapping[str, AnswerValue], found: set[str]) -> bool:
    hits = (c.question in found and _meets(c, answers.get(c.question)) for c in show_if.conditions)
    return any(hits) if show_if.any_of else all(hits)


def _meets(condition: Condition, value: AnswerValue | None) -> bool:
    if value is None:
        return False
    given = to_json(value)
    return any(word in condition.values for word in ([given] if isinstance(given, str) else given))


def _na(question: Question) -> AnswerValue:
    if question.na or question.type is QuestionType.TEXT:  # in a text the two letters are as good as any other
        return NA
    raise InvalidInput("N/A is not possible here. Choose one of the answers.", field=question.key)


def _one_of(question: Question, raw: object) -> str:
    words = answer_words(question)
    if isinstance(raw, str) and raw in words:
        return raw
    raise _not_among(question, raw, words)


def _chosen(question: Question, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise InvalidInput("Give a list of the chosen answers.", field=question.key)
    words = answer_words(question)
    for word in raw:
        if not isinstance(word, str) or word not in words:
            raise _not_among(question, word, words)
    if len(set(raw)) < len(raw):
        raise InvalidInput("An answer is chosen twice. Name each one once.", field=question.key)
    return tuple(word for word in words if word in raw)


def _not_among(question: Question, raw: object, words: tuple[str, ...]) -> InvalidInput:
    return InvalidInput(
        "{given} is not an answer here. Choose from: {choices}.",
        field=question.key,
        given=_shown(raw),
        choices=", ".join(words),
    )


def _step(question: Question, raw: object) -> Fraction:
    step = _number(question, raw)
    if step.denominator != 1 or not 1 <= step <= question.points:
        raise InvalidInput("Choose a whole number from 1 to {top}.", field=question.key, top=question.points)
    return step


def _amount(question: Question, raw: object) -> Fraction:
    if question.type is not QuestionType.COUNT and isinstance(raw, str):
        raw = _with_point(raw)
    amount = _number(question, raw)
    if amount < 0 and question.type is not QuestionType.NUMBER:
        raise InvalidInput("Write a number that is 0 or more.", field=question.key)
    return amount


def _number(question: Question, raw: object) -> Fraction:
    given = raw if isinstance(raw, Fraction) else _decimal(raw)
    if given is None:
        raise InvalidInput(
            "{given} is not a number. Write a number such as 4 or 4.5.",
            field=question.key,
            given=_shown(raw),
        )
    if isinstance(given, Fraction) or _is_short(given):
        value = Fraction(given)
        if abs(value) < 10**WHOLE_DIGITS and (value * 10**DECIMALS).denominator == 1:
            return value
    raise InvalidInput(
        "This number is too long. Use at most {whole} digits before and {decimals} after the point.",
        field=question.key,
        whole=WHOLE_DIGITS,
        decimals=DECIMALS,
    )


def _with_point(text: str) -> str:
    """``text`` with a decimal point where it has a single decimal comma; anything else as it is."""
    found = _COMMA.fullmatch(text.strip())
    return f"{found[1]}.{found[2]}" if found else text


def _decimal(raw: object) -> Decimal | None:
    """The number that ``raw`` is or spells, exactly; None for anything else."""
    if isinstance(raw, str):
        return Decimal(raw.strip()) if _NUMBER.fullmatch(raw.strip()) else None
    if isinstance(raw, Decimal):
        return raw if raw.is_finite() else None
    return Decimal(raw) if isinstance(raw, int) and not isinstance(raw, bool) else None


def _is_short(number: Decimal) -> bool:
    """Whether a fraction of this number stays small: 1e999999999 is ten letters, but a billion digits."""
    return abs(number.adjusted()) < 100 and len(number.as_tuple().digits) < 100


def _words(question: Question, raw: object) -> str:
    if not isinstance(raw, str):
        raise InvalidInput("{given} is not text here. Write it as text.", field=question.key, given=_shown(raw))
    if question.type is QuestionType.CLOCK and not _CLOCK.fullmatch(raw):
        raise InvalidInput("Write a clock time such as 09:30 or 09:30:15.", field=question.key)
    if question.type is QuestionType.DATE and not _is_date(raw):
        raise InvalidInput("Write a date as year, month and day, such as 2026-03-31.", field=question.key)
    limit = BARCODE_LIMIT if question.type is QuestionType.BARCODE else TEXT_LIMIT
    if len(raw) > limit:
        raise InvalidInput(
            "This has {count} characters; at most {limit} are kept. Shorten it.",
            field=question.key,
            count=len(raw),
            limit=limit,
        )
    return raw


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _refuse_unstorable(question: Question, text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(
            "This has a character that can't be stored. Write it again without pasting.", field=question.key
        )


def _shown(raw: object) -> str:
    """``raw`` for an error message: short, printable, and safe for numbers of any length."""
    if isinstance(raw, str):
        return repr(raw[:40])
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)[:40] if isinstance(raw, Decimal | float) else "This"
