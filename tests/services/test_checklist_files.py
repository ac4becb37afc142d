"""Scoring a file of answers against a checklist file: exactly the JSON that the command prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditapp.domain.checklist import Method
from auditapp.domain.errors import ChecklistProblem, InvalidInput
from auditapp.services.checklist_files import check_file, score_file

FILE = """\
format: 1
key: shop
version: 1
title: {en: Shop}
languages: [en]
method: both
minutes: 30
scoring:
  weights: {SRV: 1, STF: 3, RUL: 1}
  pass_mark: 80
  bands: {A: 90, B: 80, C: 70, D: 0}
sections:
  - key: all
    title: {en: All}
    questions:
      - {key: RUL-1, factor: RUL, type: yes_no, weight: 1, text: {en: Asked}, critical: {cap: 69}}
      - {key: STF-1, factor: STF, type: minutes, weight: 2, text: {en: Wait}, upto: {4.5: 1, 9: 0.5}}
      - {key: STF-2, factor: STF, type: multi, weight: 1, text: {en: Done},
         options: {a: {text: {en: A}, value: 1}, b: {text: {en: B}, value: 1}}}
      - {key: SRV-1, factor: SRV, type: yes_no, weight: 1, text: {en: Service}, na: true}
      - {key: OBS-1, factor: STF, type: yes_no, weight: 1, text: {en: Seen}, asked_of: observation}
      - {key: TXT-1, factor: STF, type: text, text: {en: Words}, required: false}
"""
GOOD = {"RUL-1": "no", "STF-1": 4.5, "STF-2": ["a"], "SRV-1": "na"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_score_has_the_keys_of_the_format_in_their_order(file: Path) -> None:
    assert json.dumps(score_file(file, json.dumps(GOOD))) == json.dumps(
        {
            "verdict": "FAIL",
            "reason": "critical:RUL-1",
            "total": "56.3",
            "band": "D",
            "factors": {"SRV": None, "STF": "75.0", "RUL": "0.0"},
            "lost": [{"question": "RUL-1", "points": "25.00"}, {"question": "STF-2", "points": "18.75"}],
            "missing": [],
        }
    )


def test_nothing_answered_is_incomplete_and_undefined_is_null(file: Path) -> None:
    found = score_file(file, "{}")
    assert (found["verdict"], found["reason"], found["total"], found["band"]) == ("INCOMPLETE", "missing", None, None)
    assert found["factors"] == {"SRV": None, "STF": None, "RUL": None}
    assert found["missing"] == ["RUL-1", "STF-1", "STF-2", "SRV-1"]


def test_numbers_are_exact_decimals(file: Path) -> None:
    just_over = '{"RUL-1": "yes", "STF-1": 4.500001, "STF-2": ["a", "b"], "SRV-1": "yes"}'
    assert score_file(file, just_over)["factors"]["STF"] == "75.0"
    assert score_file(file, just_over.replace("4.500001", "45e-1"))["factors"]["STF"] == "100.0"
    assert score_file(file, just_over.replace("4.500001", '"4.5"'))["factors"]["STF"] == "100.0"


def test_the_method_decides_what_is_asked(file: Path) -> None:
    assert score_file(file, json.dumps(GOOD), Method.MYSTERY) == score_file(file, json.dumps(GOOD))
    assert score_file(file, json.dumps(GOOD), Method.OBSERVATION)["missing"] == ["OBS-1"]


def test_answers_to_questions_not_asked_and_empty_ones_are_ignored(file: Path) -> None:
    more = GOOD | {"OBS-1": "no", "TXT-1": None}
    assert score_file(file, json.dumps(more)) == score_file(file, json.dumps(GOOD))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"STF-1": NaN}', "NaN is no answer"),
        ('{"STF-1": -Infinity}', "-Infinity is no answer"),
        ('{"STF-1": true}', "STF-1: true is not a number"),
        ('{"RUL-1": false}', "RUL-1: false is not an answer here. Choose from: yes, no."),
        ('{"STF-1": 1e999999999}', "STF-1: This number is too long"),
        ('{"STF-1": 1e99999999999999999999999}', "is too long"),
        ('{"STF-1": %s}' % ("9" * 10_000), "STF-1: This number is too long"),
        ('{"STF-1": -1}', "STF-1: Write a number that is 0 or more."),
        ('{"STF-1": {"a": 1}}', "STF-1: This is not a number"),
        ('{"STF-2": "a"}', "STF-2: Give a list"),
        ('{"RUL-2": "no"}', "The checklist has no question 'RUL-2'."),
        ('{"\\ud800{}": "no"}', "The checklist has no question '\\\\ud800{}'."),
        ('{"RUL-1": "no", "RUL-1": "yes"}', "'RUL-1' is answered twice"),
        ('{"RUL-1": "na"}', "RUL-1: N/A is not possible here"),
        ('{"RUL-1": "{0} {x}"}', "is not an answer here"),
        ('{"TXT-1": "a\\u0000"}', "TXT-1: This has a character that can't be stored"),
        ('["no"]', "The answers are not a JSON object"),
        ("null", "The answers are not a JSON object"),
        ('{"RUL-1": "no"', "The answers are not JSON: .* in line 1, column 15"),
        ("", "The answers are not JSON"),
        ("\ufeff{}", "The answers are not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_answers_are_refused_in_one_line(file: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        score_file(file, text)
    line = str(refused.value)
    assert "\n" not in line
    line.encode()


def test_a_broken_checklist_is_refused_with_all_its_problems(file: Path) -> None:
    file.write_text(FILE.replace("pass_mark: 80", "pass_mark: high").replace("minutes: 30", "minutes: x"))
    with pytest.raises(ChecklistProblem, match=r"(?s)shop.yaml:7:10: error: .*shop.yaml:10:14: error: "):
        score_file(file, "{}")
    assert [(problem.line, problem.warning) for problem in check_file(file)] == [(7, False), (10, False)]


def test_checking_a_right_file_gives_its_warnings(file: Path) -> None:
    assert check_file(file) == []
    file.write_text(FILE.replace("{en: Asked}", "{en: Asked nicely and properly}"))
    assert [str(problem) for problem in check_file(file)] == [
        f"{file}:16:66: warning: Two people may judge this differently: nicely, properly. "
        "Ask for what can be seen or counted."
    ]


def test_a_file_can_be_scored_without_flask_and_database() -> None:
    code = "import auditapp.services.checklist_files, sys; print(*{'flask', 'sqlalchemy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
