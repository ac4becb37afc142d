"""What holds for every checklist and every set of answers, not only for those that somebody thought of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditapp.domain.answers import AnswerValue, asked, best_value, parse_answer, to_json, value_of
from auditapp.domain.checklist import NA, Checklist, Factor, Method, Question, ScoringMode
from auditapp.domain.errors import InvalidInput
from auditapp.domain.scoring import Result, Verdict, score
from tests.domain.checklists import CRITICAL, FACTOR_ZERO, ask, cap, checklist, when

Answers = dict[str, AnswerValue]
Draw = Callable[..., Any]

KINDS = ("yes_no", "yes_partly_no", "scale", "choice", "multi", "count", "number", "minutes")
VALUES = st.fractions(min_value=-2, max_value=2, max_denominator=4)
CRITICALS = st.sampled_from((None, None, CRITICAL, FACTOR_ZERO, cap(69), cap(85, on_any_miss=True)))


@st.composite
def questions(draw: Draw, key: str, plain: bool) -> Question:
    """A scored question; ``plain``: neither critical nor bonus, and worth nothing below 0."""
    kind = draw(st.sampled_from(KINDS))
    more: dict[str, Any] = {"na": draw(st.booleans())}
    if kind == "scale":
        more["points"] = draw(st.integers(3, 10))
    if kind in ("choice", "multi"):
        values = draw(st.lists(VALUES.map(abs) if plain else VALUES, min_size=1, max_size=4))
        more["options"] = dict(zip("abcde", [Fraction(1), *values], strict=False))
    if kind in ("count", "number", "minutes"):
        more["upto"] = {3: draw(VALUES.map(abs)), 6: Fraction(1), 9: draw(VALUES.map(abs))}
    if not plain:
        more["critical"] = draw(CRITICALS)
        more["bonus"] = more["critical"] is None and draw(st.booleans())
    weight = draw(st.integers(1, 6))
    return ask(key, kind, weight, draw(st.sampled_from(tuple(Factor)[:3])), **more)


@st.composite
def checklists(draw: Draw, plain: bool = False, branching: bool = False) -> Checklist:
    """A checklist of up to six questions; ``branching``: some wait for the answer to the first one."""
    made = [draw(questions(f"q{i}", plain)) for i in range(draw(st.integers(1, 6)))]
    if branching:
        first = ask("first", "yes_partly_no", na=True)
        hidden = [replace(q, show_if=when("first", "no", "na")) if draw(st.booleans()) else q for q in made]
        made = [first, *hidden]
    return checklist(
        *made,
        weights={f: draw(st.integers(0, 5)) for f in tuple(Factor)[:3]},
        mode=draw(st.sampled_from(("factor", "pooled"))),
        gates=draw(st.sampled_from(({}, {Factor.CNV: 70}))),
    )


def answers_to(question: Question) -> st.SearchStrategy[AnswerValue]:
    """Every answer that is not N/A."""
    if question.options:
        keys = [option.key for option in question.options]
        if question.type == "choice":
            return st.sampled_from(keys)
        return st.sets(st.sampled_from(keys), min_size=1).map(lambda some: tuple(k for k in keys if k in some))
    if question.upto:
        return st.integers(0, 40).map(lambda quarters: Fraction(quarters, 4))
    if question.points:
        return st.integers(1, question.points).map(Fraction)
    return st.sampled_from(("yes", "no") if question.type == "yes_no" else ("yes", "partly", "no"))


@st.composite
def filled(draw: Draw, made: Checklist, na: bool = True, gaps: bool = False) -> Answers:
    """A full set of answers; ``na``: some N/A where it is allowed; ``gaps``: some answers missing."""
    found: Answers = {}
    for question in made.questions:
        if gaps and draw(st.integers(0, 5)) == 0:
            continue
        is_na = na and question.na and draw(st.integers(0, 3)) == 0
        found[question.key] = NA if is_na else draw(answers_to(question))
    return found


def numbers(result: Result) -> tuple[object, ...]:
    return result.verdict, result.total, result.exact_total, result.band, dict(result.factors)


@given(st.data())
def test_every_score_is_from_0_to_100_whatever_is_answered(data: st.DataObject) -> None:
    made = data.draw(checklists(branching=True))
    result = score(made, data.draw(filled(made, gaps=True)), Method.MYSTERY)
    for value in (result.total, result.exact_total, *result.factors.values()):
        assert value is None or 0 <= value <= 100
    assert (result.total is None) == (result.band is None)
    assert result.total is not None or result.verdict in (Verdict.NOT_SCORED, Verdict.INCOMPLETE)


@given(st.data())
def test_an_improved_answer_never_lowers_the_score(data: st.DataObject) -> None:
    """For the same asked questions and neither answer N/A: criticals, caps, bonus and clamping included."""
    made = data.draw(checklists())
    before = data.draw(filled(made))
    question = data.draw(st.sampled_from(made.questions))
    assume(before[question.key] != NA)
    after = before | {question.key: data.draw(answers_to(question))}
    old, new = (value_of(question, given[question.key]) for given in (before, after))
    assert old is not None
    assert new is not None
    if new < old:
        before, after = after, before
    lower, higher = (score(made, given, Method.MYSTERY) for given in (before, after))
    assert lower.total is None or (higher.total is not None and lower.total <= higher.total)
    assert lower.verdict is not Verdict.PASS or higher.verdict is Verdict.PASS


@given(st.data())
def test_na_never_counts(data: st.DataObject) -> None:
    """A question answered N/A changes the numbers no more than one for information only."""
    made = data.draw(checklists())
    answers = data.draw(filled(made))
    question = data.draw(st.sampled_from(made.questions))
    unweighted = replace(question, weight=Fraction(0), critical=None, bonus=False)
    bare = _with(made, [unweighted if q.key == question.key else q for q in made.questions])
    result = score(made, answers | {question.key: NA}, Method.MYSTERY)
    assert numbers(result) == numbers(score(bare, answers, Method.MYSTERY))
    assert question.key not in {one.question for one in result.lost} | set(result.failed) | set(result.fired)


@given(st.data())
def test_order_never_matters(data: st.DataObject) -> None:
    made = data.draw(checklists())
    answers = data.draw(filled(made, gaps=True))
    turned = _with(made, data.draw(st.permutations(made.questions)))
    mixed = dict(data.draw(st.permutations(list(answers.items()))))
    one, other = score(made, answers, Method.MYSTERY), score(turned, mixed, Method.MYSTERY)
    assert numbers(one) == numbers(other)
    for name in ("lost", "missing", "failed", "fired"):
        assert set(getattr(one, name)) == set(getattr(other, name))


@given(st.data())
def test_lost_points_and_score_add_up_to_100(data: st.DataObject) -> None:
    made = data.draw(checklists(plain=True))
    result = score(made, data.draw(filled(made)), Method.MYSTERY)
    assume(result.exact_total is not None)
    assert result.exact_total is not None
    assert result.exact_total + sum(one.exact for one in result.lost) == 100


@given(st.data())
def test_lost_points_are_those_before_factor_zero_clamping_bonus_and_caps(data: st.DataObject) -> None:
    made = data.draw(checklists())
    answers = data.draw(filled(made))
    raw = _raw(made, answers)
    lost = score(made, answers, Method.MYSTERY).lost
    assert sum(one.exact for one in lost) == (0 if raw is None else 100 - raw)
    assert [one.points for one in lost] == sorted((one.points for one in lost), reverse=True)


@given(st.data())
def test_an_answer_to_a_question_that_is_not_asked_changes_nothing(data: st.DataObject) -> None:
    made = data.draw(checklists(branching=True))
    answers = data.draw(filled(made))
    kept = {key: value for key, value in answers.items() if key in asked(made, answers, Method.MYSTERY)}
    assert score(made, kept, Method.MYSTERY) == score(made, answers, Method.MYSTERY)


@given(st.data())
def test_an_answer_survives_json(data: st.DataObject) -> None:
    question = data.draw(questions("q", plain=False))
    value = data.draw(answers_to(question))
    assert parse_answer(question, json.loads(json.dumps(to_json(value)))) == value


@given(
    st.sampled_from(KINDS),
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5) | st.decimals() | st.integers() | st.floats(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
)
def test_whatever_comes_is_an_answer_or_refused(kind: str, raw: object) -> None:
    more = {"options": {"a": 1}} if kind in ("choice", "multi") else {"points": 5 if kind == "scale" else 0}
    question = ask("q", kind, **more)
    try:
        value = parse_answer(question, raw)
    except InvalidInput as refused:
        str(refused).encode()
    else:
        assert value is None or value_of(question, value) is not None


@pytest.mark.parametrize("mode", ScoringMode)
def test_a_checklist_of_best_answers_scores_100(mode: ScoringMode) -> None:
    made = checklist(ask("a"), ask("b", "scale", points=4), ask("c", "multi", options={"x": 1, "y": -1}), mode=mode)
    result = score(made, {"a": "yes", "b": Fraction(4), "c": ("x",)}, Method.MYSTERY)
    assert (result.exact_total, result.lost) == (100, ())


def _with(made: Checklist, changed: list[Question]) -> Checklist:
    return replace(made, sections=(replace(made.sections[0], questions=tuple(changed)),))


def _raw(made: Checklist, answers: Answers) -> Fraction | None:
    """The plain total of rules 2 and 3, written down a second time."""
    rows = [(q, value_of(q, answers[q.key])) for q in made.questions if not q.bonus]
    rows = [(q, v) for q, v in rows if v is not None]
    weigh = made.scoring.weights if made.scoring.mode is ScoringMode.FACTOR else None
    top = bottom = Fraction(0)
    for factor in {q.factor for q, _ in rows}:
        got = sum(q.weight * v for q, v in rows if q.factor is factor and v is not None)
        best = sum(q.weight * best_value(q) for q, _ in rows if q.factor is factor)
        weight = best if weigh is None else weigh[factor]
        top, bottom = top + weight * got / best, bottom + weight
    return 100 * top / bottom if bottom else None
