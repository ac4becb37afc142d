"""Scoring: the worked examples, then one test for each rule."""

from __future__ import annotations

from fractions import Fraction

import pytest

from auditapp.domain.checklist import Critical, Method, Question
from auditapp.domain.scoring import Result, Verdict, display, score, tenths
from tests.domain.checklists import CRITICAL, FACTOR_ZERO, INF, RNG, RUL, SRV, STF, ask, cap, checklist, scored, when


def brief(result: Result) -> tuple[str | None, str | None, str, str]:
    """Total, band, verdict and reason, as they are shown."""
    return display(result.total), result.band, str(result.verdict), result.reason


def factors(result: Result) -> dict[str, str | None]:
    return {str(factor): display(value) for factor, value in result.factors.items()}


def lost(result: Result) -> list[tuple[str, str | None]]:
    return [(one.question, display(one.points, 2)) for one in result.lost]


THREE = (ask("a", weight=3), ask("b", weight=2, na=True), ask("c", weight=1))


def test_example_1_weights_decide() -> None:
    assert brief(scored(checklist(*THREE), a="yes", b="no", c="yes")) == ("66.7", "D", "FAIL", "pass_mark")


def test_example_2_na_leaves_the_denominator() -> None:
    assert brief(scored(checklist(*THREE), a="yes", b="na", c="yes")) == ("100.0", "A", "PASS", "")


def test_example_4_the_weight_of_an_undefined_factor_is_shared_out() -> None:
    made = checklist(
        ask("a"),
        ask("b", factor=SRV, na=True),
        ask("c", "yes_partly_no", factor=RUL),
        weights={STF: 40, SRV: 40, RUL: 20},
    )
    result = scored(made, a="yes", b="na", c="partly")
    assert factors(result) == {"SRV": None, "STF": "100.0", "RUL": "50.0"}
    assert brief(result) == ("83.3", "B", "PASS", "")


def twenty(critical: Critical) -> Result:
    questions = [ask("q0", critical=critical), *(ask(f"q{i}") for i in range(1, 20))]
    answers = {q.key: "yes" for q in questions} | {"q0": "no"}
    return scored(checklist(*questions, mode="pooled"), **answers)


def test_example_6_a_failed_critical_keeps_the_number() -> None:
    assert brief(twenty(CRITICAL)) == ("95.0", "F", "FAIL", "critical:q0")


def test_example_7_a_cap_changes_the_number() -> None:
    assert brief(twenty(cap(69))) == ("69.0", "D", "FAIL", "critical:q0")


@pytest.mark.parametrize(("got", "of", "total", "band"), [(337, 400, "84.3", "B"), (1799, 2000, "90.0", "A")])
def test_example_11_half_up_to_one_decimal_decides_the_band(got: int, of: int, total: str, band: str) -> None:
    result = scored(checklist(ask("a", weight=got), ask("b", weight=of - got), mode="pooled"), a="yes", b="no")
    assert (display(result.total), result.band) == (total, band)
    assert result.exact_total == Fraction(100 * got, of)


def test_the_pass_mark_is_decided_on_the_shown_value() -> None:
    questions = (ask("a", weight=7995), ask("b", weight=2005))
    assert brief(scored(checklist(*questions), a="yes", b="no")) == ("80.0", "B", "PASS", "")
    assert scored(checklist(*questions, pass_mark="80.01"), a="yes", b="no").verdict is Verdict.FAIL


def test_a_gate_is_decided_on_the_shown_value() -> None:
    passing = (ask("a", weight=6995, factor=RUL), ask("b", weight=3005, factor=RUL), ask("c", weight=1))
    made = checklist(*passing, weights={STF: 99, RUL: 1}, gates={RUL: 70})
    assert brief(scored(made, a="yes", b="no", c="yes"))[2:] == ("PASS", "")


def test_a_failed_gate_keeps_the_number_and_its_band() -> None:
    made = checklist(ask("a"), ask("b", factor=RUL), weights={STF: 95, RUL: 5}, gates={RUL: 70})
    assert brief(scored(made, a="yes", b="no")) == ("95.0", "A", "FAIL", "gate:RUL")


def test_the_first_of_two_failed_gates_is_the_reason() -> None:
    made = checklist(ask("a"), ask("b", factor=RUL), ask("c", factor=RNG), gates={RUL: 70, RNG: 70})
    assert scored(made, a="yes", b="no", c="no").reason == "gate:RNG"


def test_an_undefined_factor_never_fails_its_gate() -> None:
    made = checklist(ask("a"), ask("b", factor=RUL, na=True), gates={RUL: 70, INF: 90})
    assert brief(scored(made, a="yes", b="na"))[2:] == ("PASS", "")


def test_a_gate_reads_the_factor_after_factor_zero() -> None:
    made = checklist(
        ask("a", weight=99, factor=RUL), ask("b", factor=RUL, critical=FACTOR_ZERO), ask("c"),
        weights={STF: 99, RUL: 1}, gates={RUL: 50},
    )  # fmt: skip
    result = scored(made, a="yes", b="no", c="yes")
    assert factors(result)["RUL"] == "0.0"
    assert brief(result) == ("99.0", "A", "FAIL", "critical:b")


def test_a_missing_answer_comes_before_everything_else() -> None:
    made = checklist(ask("a", critical=CRITICAL), ask("b"), ask("c", "text", 0), ask("d", "text", 0, required=False))
    result = scored(made, a="no", c="")
    assert (result.verdict, result.reason, result.missing) == (Verdict.INCOMPLETE, "missing", ("b", "c"))
    assert display(result.total) == "0.0"
    assert scored(checklist(ask("a", "text", 0), ask("b", "text", 0)), b="x").verdict is Verdict.INCOMPLETE


def test_a_question_that_may_be_left_out_is_not_missing() -> None:
    made = checklist(ask("a"), ask("b", "text", 0, required=False))
    assert brief(scored(made, a="yes")) == ("100.0", "A", "PASS", "")


def test_without_a_denominator_nothing_is_scored() -> None:
    result = scored(checklist(ask("a", na=True), ask("b", weight=0)), a="na", b="no")
    assert brief(result) == (None, None, "NOT_SCORED", "not_scored")
    assert (factors(result), result.lost, result.exact_total) == ({"STF": None}, (), None)


def test_a_total_is_undefined_where_the_only_defined_factor_weighs_nothing() -> None:
    made = checklist(ask("a"), ask("b", factor=RUL, na=True), weights={RUL: 1})
    result = scored(made, a="no", b="na")
    assert factors(result) == {"STF": "0.0", "RUL": None}
    assert brief(result) == (None, None, "NOT_SCORED", "not_scored")
    assert result.lost == ()


def test_a_pooled_visit_of_na_alone_is_not_scored() -> None:
    result = scored(checklist(ask("a", na=True), ask("b", bonus=True), mode="pooled"), a="na", b="yes")
    assert brief(result) == (None, None, "NOT_SCORED", "not_scored")


def test_information_changes_no_number() -> None:
    assert brief(scored(checklist(ask("a"), ask("b", weight=0)), a="yes", b="no")) == ("100.0", "A", "PASS", "")


def test_pooled_mode_weighs_points_and_factor_mode_factors() -> None:
    questions = (ask("a", weight=9), ask("b", weight=1, factor=RUL))
    assert display(scored(checklist(*questions), a="yes", b="no").total) == "50.0"
    assert display(scored(checklist(*questions, mode="pooled"), a="yes", b="no").total) == "90.0"


def test_a_factor_is_never_below_0() -> None:
    questions = (ask("a", "choice", options={"good": 1, "bad": -3}), ask("b", factor=RUL))
    assert display(scored(checklist(*questions), a="bad", b="yes").total) == "50.0"
    pooled = scored(checklist(*questions, mode="pooled"), a="bad", b="yes")
    assert (display(pooled.total), factors(pooled)) == ("0.0", {"STF": "0.0", "RUL": "100.0"})


BONUS = ask("x", "choice", weight=5, bonus=True, options={"much": 2, "little": 1, "harm": -1}, na=True)


@pytest.mark.parametrize(("extra", "total"), [("much", "60.0"), ("little", "55.0"), ("harm", "50.0"), ("na", "50.0")])
def test_a_bonus_adds_percentage_points_in_factor_mode(extra: str, total: str) -> None:
    result = scored(checklist(ask("a"), ask("b"), BONUS), a="yes", b="no", x=extra)
    assert (display(result.total), factors(result)) == (total, {"STF": "50.0"})


@pytest.mark.parametrize(("extra", "total"), [("much", "75.0"), ("little", "62.5"), ("harm", "50.0")])
def test_a_bonus_adds_to_the_numerator_in_pooled_mode(extra: str, total: str) -> None:
    made = checklist(ask("a", weight=20), ask("b", weight=20), BONUS, mode="pooled")
    assert display(scored(made, a="yes", b="no", x=extra).total) == total


def test_a_bonus_never_lifts_a_total_above_100() -> None:
    for mode in ("factor", "pooled"):
        assert display(scored(checklist(ask("a"), BONUS, mode=mode), a="yes", x="much").total) == "100.0"


def test_a_bonus_never_defines_a_total_or_a_factor() -> None:
    result = scored(checklist(ask("a", na=True), BONUS), a="na", x="much")
    assert (result.total, result.verdict, factors(result)) == (None, Verdict.NOT_SCORED, {"STF": None})


def test_a_bonus_comes_before_the_cap() -> None:
    made = checklist(ask("a", weight=19), ask("b", critical=cap(60)), BONUS)
    assert display(scored(made, a="yes", b="no", x="much").total) == "60.0"


def test_a_bonus_is_added_after_factor_zero() -> None:
    made = checklist(ask("a"), ask("b", critical=FACTOR_ZERO), BONUS, mode="pooled")
    assert display(scored(made, a="yes", b="no", x="little").total) == "100.0"
    made = checklist(ask("a"), ask("b", critical=FACTOR_ZERO), BONUS)
    assert display(scored(made, a="yes", b="no", x="little").total) == "5.0"


def test_the_lowest_of_two_caps_counts_and_a_cap_never_raises() -> None:
    made = checklist(ask("a", weight=8), ask("b", critical=cap(70)), ask("c", critical=cap(60)))
    assert display(scored(made, a="yes", b="no", c="no").total) == "60.0"
    assert display(scored(made, a="no", b="no", c="yes").total) == "10.0"


def test_a_cap_above_the_pass_mark_changes_the_number_but_passes() -> None:
    made = checklist(ask("a", weight=99), ask("b", critical=cap(85)))
    result = scored(made, a="yes", b="no")
    assert (brief(result), result.fired) == (("85.0", "B", "PASS", ""), ("b",))


def test_factor_zero_takes_what_the_factor_earned() -> None:
    questions = (ask("a", weight=3), ask("b", critical=FACTOR_ZERO), ask("c", weight=4, factor=RUL))
    for mode, total in (("factor", "50.0"), ("pooled", "50.0")):
        result = scored(checklist(*questions, mode=mode), a="yes", b="no", c="yes")
        assert (display(result.total), factors(result)) == (total, {"STF": "0.0", "RUL": "100.0"})


def test_factor_zero_never_forgives_negative_points() -> None:
    questions = (
        ask("a", "choice", options={"good": 1, "bad": -2}),
        ask("b", critical=FACTOR_ZERO),
        ask("c", weight=8, factor=RUL),
    )
    result = scored(checklist(*questions, mode="pooled"), a="bad", b="no", c="yes")
    assert display(result.total) == "60.0"


def test_the_first_fired_critical_of_any_kind_is_the_reason() -> None:
    made = checklist(ask("a"), ask("b", critical=cap(99)), ask("c", critical=CRITICAL))
    result = scored(made, a="yes", b="no", c="no")
    assert (result.reason, result.fired, result.band) == ("critical:b", ("b", "c"), "F")


def test_a_fired_critical_is_the_reason_before_a_gate_and_the_pass_mark() -> None:
    made = checklist(ask("a", factor=RUL), ask("b", critical=cap(99)), gates={RUL: 70})
    assert scored(made, a="no", b="no").reason == "critical:b"


@pytest.mark.parametrize(
    ("question", "fires", "spares"),
    [
        (ask("a", critical=CRITICAL), "no", "yes"),
        (ask("a", "yes_partly_no", critical=CRITICAL), "no", "partly"),
        (ask("a", "scale", points=5, critical=CRITICAL), 1, 2),
        (ask("a", "choice", options={"x": 1, "y": 0.2, "z": -1}, critical=CRITICAL), "z", "y"),
        (ask("a", "multi", options={"x": 1, "y": -1, "z": -2}, critical=CRITICAL), ["y", "z"], ["z"]),
        (ask("a", "minutes", upto={3: 1, 6: 0.5}, critical=CRITICAL), "6.5", 6),
        (ask("a", "yes_partly_no", critical=cap(0, on_any_miss=True)), "partly", "yes"),
        (ask("a", "scale", points=5, critical=cap(0, on_any_miss=True)), 4, 5),
        (ask("a", critical=cap(0, on_any_miss=True), na=True), "no", "na"),
        (ask("a", critical=CRITICAL, na=True), "no", "na"),
    ],
)
def test_criticals_fire_on_the_worst_answer_or_on_any_miss(question: Question, fires: object, spares: object) -> None:
    assert scored(checklist(question), a=fires).fired == ("a",)
    assert scored(checklist(question), a=spares).fired == ()


def test_a_hidden_critical_does_not_fire_and_a_hidden_answer_counts_nowhere() -> None:
    made = checklist(ask("a", weight=9), ask("b", show_if=when("a", "no"), critical=CRITICAL))
    result = scored(made, a="yes", b="no")
    assert brief(result) == ("100.0", "A", "PASS", "")
    assert (result.failed, result.lost, result.fired, result.missing) == ((), (), (), ())


def test_questions_of_the_other_method_are_neither_answered_nor_missing() -> None:
    made = checklist(ask("m", asked_of=Method.MYSTERY), ask("o", asked_of=Method.OBSERVATION, factor=RUL))
    assert brief(scored(made, m="yes", o="no")) == ("100.0", "A", "PASS", "")
    result = scored(made, method=Method.OBSERVATION, m="yes", o="no")
    assert (brief(result), factors(result)) == (("0.0", "D", "FAIL", "pass_mark"), {"STF": None, "RUL": "0.0"})


def test_factors_stand_in_their_order_and_only_where_there_is_a_question() -> None:
    made = checklist(ask("a", factor=RUL), ask("b", factor=RNG), ask("c", "text", 0, factor=INF, required=False))
    assert list(factors(scored(made, a="yes", b="yes"))) == ["RNG", "INF", "RUL"]


def test_failed_answers_stand_in_file_order() -> None:
    made = checklist(
        ask("a"), ask("b", "yes_partly_no"), ask("c", "scale", points=5), ask("d", weight=0), ask("e", na=True)
    )
    assert scored(made, a="yes", b="partly", c=4, d="no", e="na").failed == ("b", "d")


def test_lost_points_are_the_shares_of_the_total_dearest_first() -> None:
    made = checklist(
        ask("a", weight=1), ask("b", weight=2), ask("c", "yes_partly_no", factor=RUL), ask("d", factor=SRV, na=True),
        weights={STF: 60, RUL: 20, SRV: 20},
    )  # fmt: skip
    result = scored(made, a="no", b="yes", c="partly", d="na")
    assert lost(result) == [("a", "25.00"), ("c", "12.50")]
    assert result.exact_total == Fraction(125, 2)


def test_lost_points_in_pooled_mode() -> None:
    made = checklist(ask("a", weight=1), ask("b", weight=2, factor=RUL), ask("c", weight=3), mode="pooled")
    assert lost(scored(made, a="no", b="no", c="yes")) == [("b", "33.33"), ("a", "16.67")]


def test_ties_of_shown_lost_points_stand_in_file_order() -> None:
    questions = (ask("a", weight="1"), ask("b", weight="1.00001"), ask("c", weight="2"))
    assert lost(scored(checklist(*questions), a="no", b="no", c="no")) == [
        ("c", "50.00"),
        ("a", "25.00"),
        ("b", "25.00"),
    ]


def test_a_bonus_loses_no_points_and_neither_do_weightless_factors() -> None:
    made = checklist(ask("a"), ask("b", factor=RUL), BONUS, weights={STF: 1})
    assert lost(scored(made, a="yes", b="no", x="harm")) == []


def test_answers_to_unknown_questions_count_for_nothing() -> None:
    assert score(checklist(ask("a")), {"a": "yes", "z": "no"}, Method.MYSTERY).total == 100


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [("84.25", 1, "84.3"), ("84.2499", 1, "84.2"), ("0", 1, "0.0"), ("100", 1, "100.0"), ("0.005", 2, "0.01"),
     ("99.5", 0, "100"), ("-1.25", 1, "-1.2"), ("0.04", 1, "0.0")],
)  # fmt: skip
def test_display_rounds_half_up(value: str, decimals: int, text: str) -> None:
    assert display(Fraction(value), decimals) == text


def test_what_is_undefined_has_neither_text_nor_tenths() -> None:
    assert (display(None), tenths(None)) == (None, None)
    assert tenths(Fraction("84.25")) == 843
