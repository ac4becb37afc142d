"""What docs/checklists.md shows is a checklist that the program takes, and scores as it says there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditapp import cli

TEXT = (Path(__file__).parents[2] / "docs" / "checklists.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
WHOLE = [block for block in BLOCKS if block.startswith("format:")]
LINES = [line for block in BLOCKS if block not in WHOLE for line in block.splitlines() if line.strip()]
"""The other blocks are lines of one question each."""
ASKED_BEFORE = """\
      - {key: SEATS, factor: CNV, text: {en: "Were there seats?"}, type: yes_no, weight: 1, na: true}
      - key: TASTE
        factor: SRV
        text: {en: "How was it?"}
        type: choice
        options: {sweet: {text: {en: Sweet}, value: 1}, sour: {text: {en: Sour}, value: 0}}
"""
"""The questions that those lines speak of and the complete example does not have."""


def checklist(*words: str | Path) -> Result:
    return CliRunner().invoke(cli.checklist, [str(word) for word in words])


def key_of(source: str) -> str:
    return re.search(r"^key: (\S+)", source, re.MULTILINE)[1]  # type: ignore[index]


@pytest.mark.parametrize("source", WHOLE, ids=key_of)
def test_every_complete_example_is_right(source: str, tmp_path: Path) -> None:
    file = tmp_path / f"{key_of(source)}.yaml"
    file.write_text(source, encoding="utf-8")
    done = checklist("check", file)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("line", LINES)
def test_every_line_shown_is_right_in_a_question(line: str, tmp_path: Path) -> None:
    source, found = re.subn(r"show_if: .*", line, WHOLE[0])
    assert found == 1
    file = tmp_path / f"{key_of(source)}.yaml"
    before = "      - key: SMILE\n"
    assert before in source
    file.write_text(source.replace(before, ASKED_BEFORE + before), encoding="utf-8")
    done = checklist("check", file)
    assert done.exit_code == 0, done.output


def test_the_example_scores_as_it_says(tmp_path: Path) -> None:
    answers = re.search(r"echo '(\{.*\})' \| ", TEXT)
    promised = re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert answers
    assert promised
    (tmp_path / "kiosk.yaml").write_text(WHOLE[0], encoding="utf-8")
    (tmp_path / "answers.json").write_text(answers[1], encoding="utf-8")
    done = checklist("score", tmp_path / "kiosk.yaml", tmp_path / "answers.json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads(promised[1])
