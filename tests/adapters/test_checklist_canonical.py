"""The canonical JSON of a checklist, and the first difference between two."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from auditapp.checklist_yaml import canonical, first_difference, from_canonical, loads
from tests.adapters.checklist_files import (
    FULL,
    file_of,
)


def test_canonical_json_gives_the_same_checklist_back() -> None:
    made, _ = loads(FULL, "full.yaml")
    text = canonical(made)
    again = from_canonical(text)
    assert again == made
    assert canonical(again) == text
    assert [list(q.reasons) for q in again.questions] == [list(q.reasons) for q in made.questions]
    assert "방문" in text
    assert "\n" not in text


def test_canonical_json_is_itself_a_checklist_file() -> None:
    made, _ = loads(FULL, "full.yaml")
    assert loads(canonical(made), "full.yaml")[0] == made


def test_layout_remarks_and_the_order_without_meaning_leave_no_trace() -> None:
    other = FULL.replace(
        "{ko: 방문, en: Visit, zh_Hant: 訪查}", "\n  en: Visit  # first\n  zh_Hant: '訪查'\n  ko: \"방문\""
    )
    other = other.replace("{RUL: 15.5, RNG: 20}", "{RNG: 20.0, RUL: 15.50}").replace("3.5: 1}", "3.50: 1.0}")
    assert other != FULL
    assert canonical(loads(other, "full.yaml")[0]) == canonical(loads(FULL, "full.yaml")[0])


def difference(right: str, wrong: str) -> str | None:
    assert right in FULL
    old, new = (canonical(loads(text, "full.yaml")[0]) for text in (FULL, FULL.replace(right, wrong, 1)))
    return first_difference(old, new)


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("weight: 3", "weight: 2.5", 'sections[walk].questions[Q-1].weight: "3" → "2.5"'),
        ("weight: 3", "weight: 3.0", None),
        ("due_days: 2", "due_days: 3", "sections[walk].questions[Q-1].action.due_days: 2 → 3"),
        ("        trait: courtesy\n", "", 'sections[walk].questions[Q-1].trait: "courtesy" → –'),
        ("required: false", "required: false, na: true", "sections[walk].questions[Q-5].na: – → true"),
        ("key: Q-5", "key: Q-7", 'sections[walk].questions[4].key: "Q-5" → "Q-7"'),
        ("in: [yes, na]", "in: [yes]", 'sections[walk].questions[Q-2].show_if.in[1]: "na" → –'),
        ("pass_mark: 79.95", "pass_mark: 80", 'scoring.pass_mark: "79.95" → "80"'),
        ("{not_asked: {en: Not asked}, late: {en: Asked late}}", "{late: {en: Asked late}, not_asked: {en: Not asked}}",
         'sections[walk].questions[Q-1].reasons: ["not_asked", "late"] → ["late", "not_asked"]'),
        ("en: Visit", "en: Round", 'title.en: "Visit" → "Round"'),
    ],
)  # fmt: skip
def test_the_first_difference_is_named_with_both_values(right: str, wrong: str, named: str | None) -> None:
    assert difference(right, wrong) == named


def test_a_long_value_is_shortened_in_a_difference() -> None:
    found = difference("Look, ask, buy.", "x" * 500)
    assert found is not None
    assert len(found) < 200


def test_a_new_field_at_its_default_would_leave_old_texts_as_they_are() -> None:
    bare, _ = loads(file_of("type: yes_no"), "shop.yaml")
    question = json.loads(canonical(bare))["sections"][0]["questions"][0]
    assert question == {"key": "q1", "factor": "STF", "text": {"en": "Did it happen"}, "type": "yes_no"}


def test_numbers_that_no_decimal_can_write_survive_too() -> None:
    made, _ = loads(FULL, "full.yaml")
    odd = replace(made, scoring=replace(made.scoring, pass_mark=Fraction(1, 3)))
    assert from_canonical(canonical(odd)) == odd
