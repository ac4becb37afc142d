"""Checklist files: remarks about checklists that are right, but may measure badly."""

from __future__ import annotations

import pytest

from tests.adapters.checklist_files import (
    HEAD,
    file_of,
    warnings_in,
)


def test_a_plain_file_has_no_warnings() -> None:
    assert warnings_in(file_of("type: yes_no, weight: 1, critical: fail")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Was the greeting friendly?",
        "Was it Nice",
        "{en: Ok, ko: 직원이 친절했습니까?}",
        "{en: Ok, zh_Hant: 店員親切嗎}",
    ],
)
def test_a_subjective_word_in_a_scored_text_is_a_warning(text: str) -> None:
    said = text if text.startswith("{") else f"{{en: {text!r}}}"
    head = HEAD.replace("[en]", "[en, ko, zh_Hant]")
    found = warnings_in(file_of(f"type: yes_no, weight: 1, text: {said}", head=head))
    assert any("Two people may judge this differently" in line for line in found)
    found = warnings_in(file_of(f"type: yes_no, text: {said}", "type: yes_no, weight: 1", head=head))
    assert not any("Two people" in line for line in found)


def test_a_word_that_only_looks_subjective_is_not_a_warning() -> None:
    assert warnings_in(file_of("type: yes_no, weight: 1, text: {en: Were all goods priced?}")) == []


def test_missing_translations_are_counted_by_language() -> None:
    found = warnings_in(
        file_of("type: yes_no, weight: 1, hint: {en: h, ko: 힌트}", head=HEAD.replace("[en]", "[en, ko, zh_Hant]"))
    )
    assert found == [
        "5:17 3 of 4 texts are not translated into ko. They show in en.",
        "5:21 4 of 4 texts are not translated into zh_Hant. They show in en.",
    ]


@pytest.mark.parametrize(
    ("question", "warned"),
    [
        ("type: choice, weight: 1, options: {a: {text: {en: A}, value: 1}, b: {text: {en: B}, value: 0.6}}", True),
        ("type: choice, weight: 1, options: {a: {text: {en: A}, value: 1}, b: {text: {en: B}, value: 0.5}}", False),
        ("type: multi, weight: 1, options: {a: {text: {en: A}, value: 1}}", True),
        ("type: multi, weight: 1, options: {a: {text: {en: A}, value: 1}, b: {text: {en: B}, value: 1}}", False),
        ("type: multi, weight: 1, options: {a: {text: {en: A}, value: 3}, b: {text: {en: B}, value: -1}}", False),
        ("type: count, weight: 1, upto: {3: 1}", False),
        ("type: yes_no, weight: 1", False),
        ("type: text", False),
    ],
)
def test_a_question_that_no_answer_can_fail_is_a_warning(question: str, warned: bool) -> None:
    found = warnings_in(file_of(question, "type: yes_no, weight: 1"))
    assert any(line.startswith("16:9 No answer to this question can fail") for line in found) is warned


def test_a_critical_question_with_na_is_a_warning() -> None:
    found = warnings_in(file_of("type: yes_no, weight: 1, critical: fail, na: true"))
    assert len(found) == 1
    assert "This critical question can be avoided by N/A" in found[0]


def test_a_factor_with_weight_but_no_question_is_a_warning() -> None:
    found = warnings_in(file_of("type: yes_no, weight: 1", head=HEAD.replace("{STF: 1}", "{STF: 1, RNG: 2, INF: 0}")))
    assert found == ["9:26 RNG has a weight, but no question. Its weight goes to the others."]


@pytest.mark.parametrize(
    ("kind", "text", "warned"),
    [
        ("text", "What was the cashier's name?", True),
        ("text", "Name of the person who served you", True),
        ("text", "직원 이름", True),
        ("text", "店員姓名", True),
        ("text", "What did you buy?", False),
        ("yes_no", "Did the cashier wear a name badge?", False),
    ],
)
def test_asking_for_a_staff_members_name_is_a_warning(kind: str, text: str, warned: bool) -> None:
    found = warnings_in(file_of("type: yes_no, weight: 1", f'type: {kind}, text: {{en: "{text}"}}'))
    assert any("a staff member's name" in line for line in found) is warned
