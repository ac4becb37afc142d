"""Checklist files: what is unknown, misspelt or out of range is refused, with its place and what would be right."""

from __future__ import annotations

import pytest

from auditapp.checklist_yaml import loads
from auditapp.domain.checklist import (
    Condition,
    ShowIf,
)
from tests.adapters.checklist_files import (
    FIRST_QUESTION_LINE,
    HEAD,
    file_of,
    problems_in,
)

QUESTION_PROBLEMS = {
    "type: yes_no, weight: 1, wieght: 2": "A question has no key 'wieght'. Did you mean `weight`?",
    "type: yes_no, weight: 1, colour: 2": "A question has no key 'colour'. It has: key, factor, text",
    "weight: 1": "This question has no `type`. Add it",
    "type: yesno, weight: 1": "'yesno' can't stand here. Did you mean `yes_no`?",
    "type: yes_no, weight: -1": "'-1' can't stand here. Write a number from 0 up.",
    "type: yes_no, weight: 1e3": "'1e3' can't stand here. Write a number",
    "type: yes_no, weight: .5": "'.5' can't stand here. Write a number",
    "type: yes_no, weight: 1_000": "'1_000' can't stand here. Write a number",
    "type: yes_no, weight: 0.1234567": "can't stand here. Write a number",
    "type: yes_no, weight: [1]": "A single value belongs here. Write a number",
    "type: yes_no, weight: .inf": "'.inf' can't stand here",
    "type: yes_no, weight: 1, na: yes": "'yes' can't stand here. Write true or false.",
    "type: yes_no, weight: 1, na: True": "'True' can't stand here. Write true or false.",
    "type: yes_no, weight: 1, required: false": "Only a question of weight 0 may be left out",
    "type: yes_no, weight: 1, factor: STAFF": "'STAFF' can't stand here. Did you mean `STF`?",
    "type: yes_no, weight: 1, key: a b": "'a b' can't stand here. Write letters, digits",
    f"type: yes_no, weight: 1, key: {'x' * 65}": "can't stand here. Write letters, digits",
    "type: yes_no, weight: 1, text: Hello": "Write the text by language, such as {en: …}.",
    "type: yes_no, weight: 1, text: {en: Yes, fr: Oui}": "'fr' is not a language of this file (en)",
    "type: yes_no, weight: 1, text: {}": "The text in the first language is missing. Add `en: …`.",
    "type: yes_no, weight: 1, text: {en: ' '}": "The text is empty",
    "type: yes_no, weight: 1, text: {en: []}": "A single value belongs here. Write the words",
    f"type: yes_no, weight: 1, text: {{en: {'x' * 4001}}}": "The text has 4001 characters; 4000 are allowed",
    "type: yes_no, critical: fail": "A critical question needs a weight above 0",
    "type: yes_no, weight: 0, bonus: true": "A bonus question needs a weight above 0",
    "type: yes_no, weight: 1, bonus: true, critical: fail": "A question is critical or bonus, not both",
    "type: yes_no, weight: 1, critical: fial": "'fial' can't stand here. Did you mean `fail`?",
    "type: yes_no, weight: 1, critical: cap": "'cap' can't stand here. Write one of: fail, factor_zero.",
    "type: yes_no, weight: 1, critical: {cap: 101}": "'101' can't stand here. Write a number from 0 to 100.",
    "type: yes_no, weight: 1, critical: {caps: 9}": "This is none of the known forms. Did you mean `cap`?",
    "type: yes_no, weight: 1, critical_on: any_miss": "`critical_on` needs `critical`",
    "type: yes_no, weight: 1, critical: fail, critical_on: x": "'x' can't stand here. Write one of: worst, any_miss.",
    "type: yes_no, weight: 1, asked_of: mistery": "'mistery' can't stand here. Did you mean `mystery`?",
    "type: yes_no, weight: 1, evidence: {photo: onfail}": "'onfail' can't stand here. Did you mean `on_fail`?",
    "type: yes_no, weight: 1, evidence: {note_min: -1}": "'-1' can't stand here. Write a whole number from 0",
    "type: yes_no, weight: 1, evidence: on_fail": "A evidence belongs here, with keys such as photo",
    "type: yes_no, weight: 1, reasons: {}": "Nothing stands here. Add an entry",
    "type: yes_no, weight: 1, reasons: [a]": "Keys with values belong here",
    "type: yes_no, weight: 1, stage: paying": "'paying' can't stand here. Did you mean `pay`?",
    "type: yes_no, weight: 1, action: {owner: a}": "This action has no `due_days`. Add it",
    "type: yes_no, weight: 1, action: {owner: a, due_days: 1.5}": "'1.5' can't stand here. Write a whole number",
    "type: yes_no, weight: 1, points: 5": "`points` belongs to the type scale, not to yes_no",
    "type: yes_no, weight: 1, upto: {3: 1}": "`upto` belongs to the type count, number, minutes, not to yes_no",
    "type: yes_no, weight: 1, options: {a: {text: {en: A}}}": "`options` belongs to the type choice, multi",
    "type: scale, weight: 1": "A scale question needs `points`",
    "type: scale, weight: 1, points: 2": "'2' can't stand here. Write a whole number from 3 to 10.",
    "type: scale, weight: 1, points: 11": "'11' can't stand here. Write a whole number from 3 to 10.",
    "type: scale, weight: 1, points: 3, labels: [{en: a}]": "There are 1 labels for 3 points",
    "type: choice, weight: 1": "A choice question needs `options`",
    "type: choice, weight: 1, options: {na: {text: {en: A}, value: 1}}": "An option can't be called na",
    "type: choice, weight: 1, options: {a: {text: {en: A}}}": "An option of a scored question needs `value`",
    "type: choice, weight: 1, options: {a: {value: 1}}": "This option has no `text`",
    "type: choice, weight: 1, options: {a: {text: {en: A}, value: 0}}": "No answer earns anything. Give an option",
    "type: multi, weight: 1, options: {a: {text: {en: A}, value: -1}}": "No answer earns anything. Give an option",
    "type: count, weight: 1": "No answer earns anything. Add `upto`",
    "type: count, weight: 1, upto: {3: 0}": "No answer earns anything. Add `upto`",
    "type: count, weight: 1, upto: {3: -1}": "'-1' can't stand here",
    "type: count, weight: 1, upto: {3: 1, 3.0: 0}": "'3.0' is a number that stands here already",
    "type: count, weight: 1, upto: {x: 1}": "'x' can't stand here. Write a number",
    "type: count, weight: 1, upto: {-1: 1}": "A count answer is never below 0",
    "type: text, weight: 1": "A text answer can't be scored",
    "type: photo, weight: 2": "A photo answer can't be scored",
    "type: yes_no, weight: 1, show_if: {question: q1, in: [yes]}": "'q1' is not asked before this question",
    "type: yes_no, weight: 1, show_if: {question: q9, in: [yes]}": "There is no question 'q9' before this one",
    "type: yes_no, weight: 1, show_if: {question: q9}": "This condition has no `in`",
    "type: yes_no, weight: 1, show_if: {al: []}": "This is none of the known forms. Did you mean `all`?",
    "type: yes_no, weight: 1, show_if: {x: []}": "Write {question, in} or {all} or {any}.",
    "type: yes_no, weight: 1, show_if: [a]": "Write {question, in} or {all} or {any}.",
    "type: yes_no, weight: 1, show_if: {all: []}": "This list is empty",
    "type: yes_no, weight: 1, show_if: {all: [{question: 7, any: [], in: [no]}]}": "There is no question '7'",
    "type: yes_no, weight: 1, show_if: {all: [{any: [], question: q9, in: [no]}]}": "A condition has no key 'any'",
}


@pytest.mark.parametrize("question", QUESTION_PROBLEMS)
def test_a_question_that_is_not_right_is_refused_in_its_line(question: str) -> None:
    first = problems_in(file_of(question))[0]
    assert QUESTION_PROBLEMS[question] in first
    assert first.startswith(f"{FIRST_QUESTION_LINE}:")


HEAD_PROBLEMS = [
    ("format: 1", "format: 2", "1:9 '2' can't stand here. Write 1."),
    ("format: 1\n", "", "1:1 This checklist has no `format`"),
    ("key: shop", "key: Shop", "2:6 'Shop' can't stand here. Write a-z, 0-9 and -"),
    ("version: 3", "version: 0", "3:10 '0' can't stand here. Write a whole number from 1"),
    ("version: 3", "version: 1.0", "3:10 '1.0' can't stand here. Write a whole number"),
    ("title: {en: Shop visit}", "title: {}", "4:8 The text in the first language is missing"),
    ("title", "titel", "4:1 A checklist has no key 'titel'. Did you mean `title`?"),
    ("languages: [en]", "languages: []", "5:12 This list is empty"),
    ("languages: [en]", "languages: en", "5:12 A list belongs here"),
    ("languages: [en]", "languages: [en, EN]", "5:17 'EN' can't stand here. Write a language code"),
    ("languages: [en]", "languages: [en, en]", "5:17 'en' stands in the list twice"),
    ("method: both", "method: secret", "6:9 'secret' can't stand here. Write one of: mystery, observation, both."),
    ("minutes: 35", "minutes: 0", "7:10 '0' can't stand here"),
    ("weights: {STF: 1}", "weights: {STF: 0}", "9:12 All factor weights are 0"),
    ("weights: {STF: 1}", "weights: {STG: 1}", "9:13 'STG' can't stand here. Did you mean `STF`?"),
    ("  weights: {STF: 1}\n", "", "9:3 This scoring has no `weights`"),
    ("pass_mark: 80", "pass_mark: 100.1", "10:14 '100.1' can't stand here. Write a number from 0 to 100."),
    ("{A: 90, D: 0}", "{A: 90, D: 5}", "11:21 The last band begins at 0. Write D: 0"),
    ("{A: 90, D: 0}", "{A: 90, B: 90.0, D: 0}", "11:21 Bands descend, but B begins no lower than A"),
    ("{A: 90, D: 0}", "{D: 0, A: 90}", "11:20 Bands descend, but A begins no lower than D"),
    ("{A: 90, D: 0}", "{A: 90, F: 0}", "11:21 The band F is kept for failed criticals"),
    ("pass_mark: 80", "pass_mark: 80\n  band_names: {AA: {en: x}}", "11:20 There is no band 'AA'"),
    ("pass_mark: 80", "pass_mark: 80\n  targets: {sum: 80}", "11:13 'sum' can't stand here"),
    ("pass_mark: 80", "pass_mark: 80\n  gates: {RUL: 101}", "11:16 '101' can't stand here"),
    ("pass_mark: 80", "pass_mark: 80\n  mode: pool", "11:9 'pool' can't stand here. Did you mean `pooled`?"),
    ("title: {en: Till}", "titel: {en: Till}", "13:5 This section has no `title`"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "message"), HEAD_PROBLEMS)
def test_a_head_that_is_not_right_is_refused_with_line_and_column(right: str, wrong: str, message: str) -> None:
    text = file_of("type: yes_no, weight: 1")
    assert right in text
    assert any(line.startswith(message) for line in problems_in(text.replace(right, wrong, 1)))


SECTIONS = HEAD.index("sections:")


@pytest.mark.parametrize("sections", ["sections: []", "sections: [{key: a, title: {en: A}, questions: []}]"])
def test_a_section_and_a_question_are_the_least(sections: str) -> None:
    assert any("This list is empty" in line for line in problems_in(HEAD[:SECTIONS] + sections))


def test_keys_are_unique_in_the_whole_file() -> None:
    again = "  - {key: till, title: {en: T}, questions: [{key: q1, factor: STF, type: yes_no, text: {en: x}}]}\n"
    assert problems_in(file_of("type: yes_no") + again) == [
        "17:11 The section key 'till' stands in line 13 already. Give each its own.",
        "17:51 The question key 'q1' stands in line 16 already. Give each its own.",
    ]


@pytest.mark.parametrize(
    ("parent", "condition", "message"),
    [
        ("type: scale, points: 3", "{question: q1, in: [4]}", "'4' is no answer of 'q1'. Write one of: 1, 2, 3, na."),
        ("type: yes_no", "{question: q1, in: [partly]}", "'partly' is no answer of 'q1'. Write one of: yes, no, na."),
        ("type: yes_no", "{any: [{question: q1, in: [yes, yes]}]}", "'yes' stands in the list twice"),
        ("type: choice, options: {cash: {text: {en: C}}}", "{question: q1, in: [cahs]}", "Did you mean `cash`?"),
        ("type: count", "{question: q1, in: [3]}", "is of type count. A condition needs one of: yes_no"),
        ("type: text", "{all: [{question: q1, in: [x]}]}", "is of type text. A condition needs one of: yes_no"),
    ],
)
def test_a_condition_names_answers_that_an_earlier_question_has(parent: str, condition: str, message: str) -> None:
    assert message in problems_in(file_of(parent, f"type: yes_no, show_if: {condition}"))[0]


def test_a_condition_reaches_back_over_sections_and_may_list_na() -> None:
    child = "{key: z, factor: STF, type: yes_no, text: {en: x}, show_if: {question: q1, in: [na]}}"
    later = f"  - {{key: b, title: {{en: B}}, questions: [{child}]}}\n"
    made, _ = loads(file_of("type: yes_no, weight: 1, na: true") + later, "shop.yaml")
    assert made.questions[1].show_if == ShowIf((Condition("q1", ("na",)),))


@pytest.mark.parametrize(
    "questions",
    [
        ("type: yesno, weight: 1, points: 5", "type: yes_no, show_if: {question: q1, in: [perhaps]}"),
        ("type: yes_no, show_if: {question: a b, in: [yes]}",),
        ("type: choice, weight: 1, options: {a: 1}",),
        ("type: choice, weight: 1, options: {a: {text: {en: A}, value: x}}",),
        ("type: choice, weight: 1, options: []", "type: yes_no, show_if: {question: q1, in: [a]}"),
        ("type: count, weight: 1, upto: {3: x}",),
        ("type: count, weight: 1, upto: [3]",),
        ("type: scale, weight: 1, points: 50, labels: [{en: a}]",),
        ("type: yes_no, weight: x, critical: fail",),
    ],
)
def test_one_mistake_is_one_problem(questions: tuple[str, ...]) -> None:
    assert len(problems_in(file_of(*questions))) == 1


def test_a_question_without_a_key_is_no_parent_and_disturbs_no_hint() -> None:
    found = problems_in(file_of("type: yes_no, key: a b", "type: yes_no, show_if: {question: q9, in: [yes]}"))
    assert [line.split()[0] for line in found] == ["16:69", "17:93"]
