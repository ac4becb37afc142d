"""Reading answers, what they are worth, and which questions are asked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.domain.answers import (
    AnswerValue,
    answer_words,
    asked,
    exact_text,
    fails,
    misses,
    parse_answer,
    to_json,
    value_of,
    worst,
)
from auditapp.domain.checklist import NA, Condition, Method, Question, QuestionType, ShowIf
from auditapp.domain.errors import InvalidInput
from tests.domain.checklists import ask, checklist, parsed, when

OPTIONS = {"a": 1, "b": 0.5, "c": -1}
BY_TYPE: Mapping[str, Question] = {
    "yes_no": ask("q"),
    "yes_partly_no": ask("q", "yes_partly_no"),
    "scale": ask("q", "scale", points=5),
    "choice": ask("q", "choice", options=OPTIONS),
    "multi": ask("q", "multi", options=OPTIONS),
    "count": ask("q", "count", upto={3: 1, 6: 0.5}),
    "number": ask("q", "number", upto={-2: 0.5, 4: 1}),
    "minutes": ask("q", "minutes", upto={3: 1, 6: 0.5}),
    **{kind: ask("q", kind, 0) for kind in ("text", "clock", "date", "barcode", "signature", "photo")},
}


def verdicts_on(question: Question, value: AnswerValue) -> str:
    """m where the answer misses, f where it fails, w where it is the worst."""
    found = {"m": misses(question, value), "f": fails(question, value), "w": worst(question, value)}
    return "".join(letter for letter, true in found.items() if true)


def test_every_question_type_is_under_test() -> None:
    assert set(BY_TYPE) == {str(kind) for kind in QuestionType}


@pytest.mark.parametrize("kind", BY_TYPE)
@pytest.mark.parametrize("nothing", [None, "", []])
def test_nothing_and_an_empty_list_are_no_answer(kind: str, nothing: object) -> None:
    assert parse_answer(BY_TYPE[kind], nothing) is None


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("yes_no", "yes", "yes"),
        ("yes_partly_no", "partly", "partly"),
        ("scale", "4", Fraction(4)),
        ("scale", 4, Fraction(4)),
        ("scale", Decimal("4.0"), Fraction(4)),
        ("choice", "b", "b"),
        ("multi", ["c", "a"], ("a", "c")),
        ("count", "12", Fraction(12)),
        ("count", 0, Fraction(0)),
        ("minutes", " 4.5 ", Fraction(9, 2)),
        ("minutes", " 4,5 ", Fraction(9, 2)),
        ("minutes", Decimal("0.1"), Fraction(1, 10)),
        ("minutes", Decimal("1E+2"), Fraction(100)),
        ("number", "-2.5", Fraction(-5, 2)),
        ("number", "-2,5", Fraction(-5, 2)),
        ("number", "1,234", Fraction(1234, 1000)),
        ("number", Fraction(1, 4), Fraction(1, 4)),
        ("text", "슈퍼 超市 🛒 <b>", "슈퍼 超市 🛒 <b>"),
        ("text", "na", "na"),
        ("clock", "09:30", "09:30"),
        ("clock", "23:59:59", "23:59:59"),
        ("date", "2024-02-29", "2024-02-29"),
        ("barcode", "0012345678905", "0012345678905"),
        ("signature", "a1b2", "a1b2"),
        ("photo", "a1b2", "a1b2"),
    ],
)
def test_a_right_answer_is_read_and_survives_json(kind: str, raw: object, value: object) -> None:
    read = parse_answer(BY_TYPE[kind], raw)
    assert read == value
    assert read is not None
    assert parse_answer(BY_TYPE[kind], to_json(read)) == read


@pytest.mark.parametrize(
    ("kind", "raw", "right"),
    [
        ("yes_no", "Yes", "yes, no"),
        ("yes_no", "partly", "yes, no"),
        ("yes_no", True, "yes, no"),
        ("yes_no", 1, "yes, no"),
        ("yes_no", ["yes"], "yes, no"),
        ("yes_no", {"yes": 1}, "yes, no"),
        ("yes_partly_no", False, "yes, partly, no"),
        ("scale", "0", "1 to 5"),
        ("scale", 6, "1 to 5"),
        ("scale", "2.5", "1 to 5"),
        ("scale", True, "such as 4"),
        ("choice", "d", "a, b, c"),
        ("choice", 1, "a, b, c"),
        ("multi", "a", "list"),
        ("multi", ["a", "d"], "a, b, c"),
        ("multi", ["a", ["b"]], "a, b, c"),
        ("multi", ["a", True], "a, b, c"),
        ("multi", ["a", "na"], "a, b, c"),
        ("multi", ["a", "a"], "once"),
        ("count", "-1", "0 or more"),
        ("minutes", Decimal("-0.5"), "0 or more"),
        ("count", "4,5", "such as 4"),
        ("count", "1,000", "such as 4"),
        *(
            (kind, text, "such as 4")
            for kind in ("number", "minutes")
            for text in ("1,234,5", "1.234,5", "1,234.5", "1,", ",5", ",", "1, 5", "1,-5", "1,5e3", "1٫5", "1，5")
        ),
        ("minutes", "-1,5", "0 or more"),
        ("number", "0,1234567", "6 after"),
        ("scale", "2,0", "such as 4"),
        ("count", "1e3", "such as 4"),
        ("count", "٤", "such as 4"),
        ("count", "1_000", "such as 4"),
        ("count", False, "such as 4"),
        ("count", 4.5, "such as 4"),
        ("count", Decimal("NaN"), "such as 4"),
        ("count", Decimal("sNaN"), "such as 4"),
        ("count", Decimal("Infinity"), "such as 4"),
        ("count", "NaN", "such as 4"),
        ("count", [4], "such as 4"),
        ("count", 10**12, "12 digits"),
        ("count", "9" * 5000, "12 digits"),
        ("count", "0.1234567", "6 after"),
        ("count", Decimal("1E+999999999"), "12 digits"),
        ("count", Decimal("1E-999999999"), "6 after"),
        ("count", Fraction(1, 3), "6 after"),
        ("text", 7, "text"),
        ("text", True, "text"),
        ("text", ["a"], "text"),
        ("text", "x" * 4001, "4000"),
        ("text", "a\0b", "can't be stored"),
        ("text", "a\ud800b", "can't be stored"),
        ("yes_no", "\udfff", "can't be stored"),
        ("clock", "24:00", "09:30"),
        ("clock", "9:30", "09:30"),
        ("clock", "09:30:60", "09:30"),
        ("clock", "09:30\n", "09:30"),
        ("date", "2026-02-30", "2026-03-31"),
        ("date", "20260331", "2026-03-31"),
        ("date", "2026-W10-1", "2026-03-31"),
        ("date", "0000-01-01", "2026-03-31"),
        ("barcode", "1" * 129, "128"),
        ("barcode", Decimal(8801234567893), "text"),
    ],
)
def test_a_wrong_answer_is_refused_with_what_would_be_right(kind: str, raw: object, right: str) -> None:
    with pytest.raises(InvalidInput, match=right) as refused:
        parse_answer(BY_TYPE[kind], raw)
    assert refused.value.field == "q"
    str(refused.value).encode()


@given(
    number=st.decimals(min_value=-(10**11), max_value=10**11, places=6).map("{:f}".format),
    places=st.integers(1, 6),
    space=st.sampled_from(["", " "]),
)
def test_a_decimal_comma_and_a_decimal_point_give_the_same_answer(number: str, places: int, space: str) -> None:
    point = number[: len(number) - 6 + places]
    comma = space + point.replace(".", ",")
    for kind in ("number",) if point.startswith("-") else ("number", "minutes"):
        read = parse_answer(BY_TYPE[kind], comma)
        assert read == parse_answer(BY_TYPE[kind], point) == Fraction(point)
        assert to_json(read) == exact_text(Fraction(point)), "what is kept has a point"


def test_a_number_of_thousands_of_digits_is_refused_like_any_other() -> None:
    for endless in (10**5000, Decimal(10**5000)):
        with pytest.raises(InvalidInput, match="12 digits"):
            parse_answer(BY_TYPE["count"], endless)
        with pytest.raises(InvalidInput, match="text"):
            parse_answer(BY_TYPE["text"], endless)


def test_a_text_of_4000_characters_is_kept() -> None:
    assert parse_answer(BY_TYPE["text"], "字" * 4000) == "字" * 4000


@pytest.mark.parametrize("kind", BY_TYPE)
def test_na_is_an_answer_where_the_question_allows_it(kind: str) -> None:
    question = BY_TYPE[kind]
    allowing = Question(**{**vars(question), "na": True})
    assert parse_answer(allowing, "na") == NA
    assert parse_answer(allowing, ["na"]) == NA
    assert value_of(allowing, NA) is None
    assert verdicts_on(allowing, NA) == ""


@pytest.mark.parametrize("kind", [kind for kind in BY_TYPE if kind != "text"])
def test_na_is_refused_where_the_question_does_not_allow_it(kind: str) -> None:
    with pytest.raises(InvalidInput, match="N/A is not possible"):
        parse_answer(BY_TYPE[kind], "na")


# One line per answer: what it is worth, and whether it misses, fails, and is the worst.
@pytest.mark.parametrize(
    ("kind", "raw", "worth", "verdicts"),
    [
        ("yes_no", "yes", "1", ""),
        ("yes_no", "no", "0", "mfw"),
        ("yes_partly_no", "yes", "1", ""),
        ("yes_partly_no", "partly", "0.5", "mf"),
        ("yes_partly_no", "no", "0", "mfw"),
        ("scale", 5, "1", ""),
        ("scale", 4, "0.75", "m"),
        ("scale", 3, "0.5", "mf"),
        ("scale", 1, "0", "mfw"),
        ("choice", "a", "1", ""),
        ("choice", "b", "0.5", "mf"),
        ("choice", "c", "-1", "mfw"),
        ("multi", ["a", "b"], "1.5", ""),
        ("multi", ["a"], "1", "m"),
        ("multi", ["a", "b", "c"], "0.5", "mf"),
        ("multi", ["c"], "-1", "mfw"),
        ("count", 3, "1", ""),
        ("count", "3.01", "0.5", "mf"),
        ("count", 6, "0.5", "mf"),
        ("count", "6.01", "0", "mfw"),
        ("number", -3, "0.5", "mf"),
        ("number", 0, "1", ""),
        ("number", 5, "0", "mfw"),
    ],
)
def test_what_an_answer_is_worth(kind: str, raw: object, worth: str, verdicts: str) -> None:
    question = BY_TYPE[kind]
    value = parse_answer(question, raw)
    assert value is not None
    assert value_of(question, value) == Fraction(worth)
    assert verdicts_on(question, value) == verdicts


def test_a_text_is_worth_nothing_and_can_neither_miss_nor_fail() -> None:
    question = BY_TYPE["text"]
    assert value_of(question, "bad") is None
    assert verdicts_on(question, "bad") == ""


def test_the_best_answer_of_a_question_for_information_never_fails_though_it_is_worth_nothing() -> None:
    question = ask("q", "choice", 0, options={"cash": 0, "card": 0})
    assert verdicts_on(question, "cash") == ""
    counted = ask("q", "count", 0)
    assert value_of(counted, Fraction(3)) == 0
    assert verdicts_on(counted, Fraction(3)) == ""


def test_a_multi_question_without_negatives_is_at_its_worst_when_nothing_of_value_is_chosen() -> None:
    question = ask("q", "multi", options={"a": 1, "b": 1, "none": 0})
    assert worst(question, ("none",))
    assert not worst(question, ("a",))


@pytest.mark.parametrize(
    ("value", "text"),
    [("3", "3"), ("-0.25", "-0.25"), ("0.1", "0.1"), ("1200", "1200"), ("-7", "-7"), ("0", "0"), ("1/3", "1/3")],
)
def test_numbers_become_exact_text(value: str, text: str) -> None:
    assert exact_text(Fraction(value)) == text


def test_a_condition_can_name_every_answer_that_a_question_knows() -> None:
    words = {kind: " ".join(answer_words(question)) for kind, question in BY_TYPE.items()}
    assert {kind: found for kind, found in words.items() if found} == {
        "yes_no": "yes no",
        "yes_partly_no": "yes partly no",
        "scale": "1 2 3 4 5",
        "choice": "a b c",
        "multi": "a b c",
    }


def keys_asked(*questions: Question, method: Method = Method.MYSTERY, **raw: Any) -> str:
    """The keys asked, in order, as one word."""
    made = checklist(*questions)
    return "".join(sorted(asked(made, parsed(made, raw), method)))


def test_a_question_waits_for_its_condition() -> None:
    pair = (ask("a", "yes_partly_no"), ask("b", show_if=when("a", "yes", "partly")))
    assert keys_asked(*pair) == "a"
    assert keys_asked(*pair, a="no") == "a"
    assert keys_asked(*pair, a="partly") == "ab"


def test_a_condition_reads_scales_and_any_of_the_chosen() -> None:
    scale = (ask("a", "scale", points=5), ask("b", show_if=when("a", "1", "2")))
    assert keys_asked(*scale, a=2) == "ab"
    assert keys_asked(*scale, a=3) == "a"
    multi = (ask("a", "multi", options=OPTIONS), ask("b", show_if=when("a", "c")))
    assert keys_asked(*multi, a=["a", "c"]) == "ab"
    assert keys_asked(*multi, a=["a"]) == "a"


def test_a_condition_may_list_na() -> None:
    pair = (ask("a", na=True), ask("b", show_if=when("a", "na")))
    assert keys_asked(*pair, a="na") == "ab"
    assert keys_asked(*pair, a="no") == "a"


def test_a_multi_option_is_not_found_inside_another_ones_key() -> None:
    pair = (ask("a", "choice", options={"cash-only": 1}), ask("b", show_if=when("a", "cash")))
    assert keys_asked(*pair, a="cash-only") == "a"


def test_all_conditions_must_hold_unless_any_suffices() -> None:
    conditions = (Condition("a", ("yes",)), Condition("b", ("yes",)))
    both = (ask("a"), ask("b"), ask("c", show_if=ShowIf(conditions)))
    either = (ask("a"), ask("b"), ask("c", show_if=ShowIf(conditions, any_of=True)))
    assert keys_asked(*both, a="yes", b="no") == "ab"
    assert keys_asked(*both, a="yes", b="yes") == "abc"
    assert keys_asked(*either, a="yes", b="no") == "abc"
    assert keys_asked(*either, a="no", b="no") == "ab"


def test_a_parent_that_is_no_longer_asked_hides_its_children_whatever_was_answered_before() -> None:
    chain = (ask("a"), ask("b", show_if=when("a", "yes")), ask("c", show_if=when("b", "no")))
    assert keys_asked(*chain, a="yes", b="no") == "abc"
    assert keys_asked(*chain, a="no", b="no") == "a"


def test_each_method_asks_its_own_questions_and_both_means_mystery() -> None:
    pair = (ask("m", asked_of=Method.MYSTERY), ask("o", asked_of=Method.OBSERVATION), ask("z"))
    assert keys_asked(*pair) == "mz"
    assert keys_asked(*pair, method=Method.OBSERVATION) == "oz"
    assert keys_asked(*pair, method=Method.BOTH) == "mz"


def test_a_child_of_a_question_of_the_other_method_is_not_asked() -> None:
    pair = (ask("o", asked_of=Method.OBSERVATION), ask("z", show_if=when("o", "yes")))
    assert keys_asked(*pair, o="yes") == ""
    assert keys_asked(*pair, method=Method.OBSERVATION, o="yes") == "oz"
