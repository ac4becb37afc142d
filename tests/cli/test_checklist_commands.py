"""`flask checklist …` as an operator types it: a fresh process, no settings, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLASK = Path(sys.executable).parent / "flask"
CAFE = ROOT / "checklists" / "cafe.yaml"
FILE = """\
format: 1
key: shop
version: 1
title: {en: Shop}
languages: [en]
method: both
minutes: 30
scoring:
  weights: {SRV: 1, RUL: 1}
  pass_mark: 80
  bands: {A: 90, B: 80, C: 70, D: 0}
sections:
  - key: all
    title: {en: All}
    questions:
      - {key: RUL-1, factor: RUL, type: yes_no, weight: 1, text: {en: Was a receipt given?}, critical: {cap: 69}}
      - {key: SRV-1, factor: SRV, type: yes_no, weight: 1, text: {en: Was water on the table?}, na: true}
      - {key: OBS-1, factor: SRV, type: yes_no, weight: 1, text: {en: Was the rota up?}, asked_of: observation}
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder in which nothing may appear, with the files to work on beside it."""
    folder = tmp_path / "bare"
    folder.mkdir(mode=0o555)
    (tmp_path / "shop.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "answers.json").write_text('{"RUL-1": "no", "SRV-1": "yes"}', encoding="utf-8")
    return folder


def flask(*words: str | Path, cwd: Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    settings = ("AUDITAPP_", "PUBLIC_URL", "FLASK_", "PORT")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return subprocess.run(
        [FLASK, *words], cwd=cwd, env=environ, input=given, capture_output=True, text=True, check=False
    )


def test_a_score_is_json_alone_and_leaves_nothing_behind(bare: Path) -> None:
    done = flask("checklist", "score", "../shop.yaml", "../answers.json", cwd=bare)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["verdict"], report["reason"], report["total"]) == ("FAIL", "critical:RUL-1", "50.0")
    assert list(bare.iterdir()) == []
    assert {path.name for path in bare.parent.iterdir()} == {"bare", "shop.yaml", "answers.json"}


def test_answers_may_come_from_stdin_for_the_other_method(bare: Path) -> None:
    given = '{"RUL-1": "yes", "SRV-1": "na"}'
    done = flask("checklist", "score", "../shop.yaml", "-", "--method", "observation", cwd=bare, given=given)
    assert done.returncode == 0
    assert json.loads(done.stdout)["missing"] == ["OBS-1"]


@pytest.mark.parametrize(
    "answers",
    [
        '{"RUL-1": true}',
        '{"RUL-1": NaN}',
        '{"NO-1": "yes"}',
        "[",
        '{"RUL-1": "yes", "RUL-1": "no"}',
        '{"RUL-1": "\\ud800"}',
    ],
)
def test_wrong_answers_are_one_line_on_stderr_and_exit_2(answers: str, bare: Path) -> None:
    done = flask("checklist", "score", "../shop.yaml", "-", cwd=bare, given=answers)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("words", [("missing.yaml", "../answers.json"), ("../shop.yaml", "missing.json")])
def test_a_missing_file_is_one_line_on_stderr_and_exit_2(words: tuple[str, str], bare: Path) -> None:
    done = flask("checklist", "score", *words, cwd=bare)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "missing" in done.stderr


def test_a_right_file_passes_and_a_wrong_one_is_told_by_line(bare: Path) -> None:
    assert flask("checklist", "check", "../shop.yaml", CAFE, cwd=bare).returncode == 0
    (bare.parent / "shop.yaml").write_text(FILE.replace("yes_no", "yesno", 1), encoding="utf-8")
    done = flask("checklist", "check", "../shop.yaml", cwd=bare)
    assert done.returncode == 2
    assert "../shop.yaml:16:" in done.stdout
    assert list(bare.iterdir()) == []


def test_a_wrong_file_is_one_line_for_score(bare: Path) -> None:
    (bare.parent / "shop.yaml").write_text(FILE.replace("yes_no", "yesno"), encoding="utf-8")
    done = flask("checklist", "score", "../shop.yaml", "../answers.json", cwd=bare)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "more" in done.stderr


def test_the_schema_is_json(bare: Path) -> None:
    done = flask("checklist", "schema", cwd=bare)
    assert done.returncode == 0
    assert json.loads(done.stdout)["$schema"].startswith("https://json-schema.org/")
    assert list(bare.iterdir()) == []
