"""Checklist files as text, for tests."""

from __future__ import annotations

from textwrap import indent

import pytest

from auditapp.checklist_yaml import loads
from auditapp.domain.checklist import (
    Problem,
    Question,
)
from auditapp.domain.errors import ChecklistProblem

HEAD = """\
format: 1
key: shop
version: 3
title: {en: Shop visit}
languages: [en]
method: both
minutes: 35
scoring:
  weights: {STF: 1}
  pass_mark: 80
  bands: {A: 90, D: 0}
sections:
  - key: till
    title: {en: Till}
    questions:
"""
FIRST_QUESTION_LINE = HEAD.count("\n") + 1

FULL = """\
format: 1
key: full
version: 12
title: {ko: 방문, en: Visit, zh_Hant: 訪查}
languages: [en, ko, zh_Hant]
method: both
minutes: 35
brief: {en: "Look, ask, buy.", ko: 보기, zh_Hant: 看}
scoring:
  mode: pooled
  weights: {RUL: 15.5, RNG: 20}
  pass_mark: 79.95
  targets: {STF: 90, total: 85}
  gates: {RUL: 70}
  bands: {A+: 90, B: 80.5, D: 0}
  band_names: {D: {en: Below}, F: {en: Failed}}
sections:
  - key: walk
    title: {en: Walk, ko: 걷기, zh_Hant: 走}
    questions:
      - key: Q-1
        factor: RUL
        text: {en: "Were you asked?", zh_Hant: 問, ko: 질문}
        hint: {en: no}
        type: yes_partly_no
        weight: 3
        na: true
        asked_of: mystery
        critical: {cap: 69.5}
        critical_on: any_miss
        evidence: {photo: on_fail, note: required, note_min: 20}
        reasons: {not_asked: {en: Not asked}, late: {en: Asked late}}
        stage: pay
        trait: courtesy
        standard: {en: "Staff ask."}
        action: {owner: store_manager, due_days: 2}
      - {key: Q-2, factor: RNG, type: scale, points: 3, labels: [{en: a}, {en: b}, {en: c}], weight: 0.5,
         text: {en: S}, critical: factor_zero, show_if: {question: Q-1, in: [yes, na]}}
      - {key: Q-3, factor: RNG, type: multi, text: {en: M}, weight: 1, bonus: true,
         options: {z: {text: {en: Z}, value: -1}, a: {text: {en: A}, value: "2"}},
         show_if: {any: [{question: Q-2, in: [1, 2]}, {question: Q-1, in: [no]}]}}
      - {key: Q-4, factor: RNG, type: minutes, text: {en: T}, weight: 1, upto: {6: 0.5, 3.5: 1}, critical: fail,
         show_if: {all: [{question: Q-3, in: [z]}]}}
      - {key: Q-5, factor: RNG, type: text, text: {en: Free}, required: false}
      - {key: Q-6, factor: RNG, type: choice, text: {en: Paid},
         options: {cash: {text: {en: Cash}}, 1: {text: {en: One}}}}
"""


def file_of(*questions: str, head: str = HEAD) -> str:
    """A checklist file; each question is the inside of a flow mapping, without key, factor and text where not given."""
    lines = []
    for number, question in enumerate(questions, 1):
        rest = "".join(
            f"{name}: {value}, "
            for name, value in (("key", f"q{number}"), ("factor", "STF"), ("text", "{en: Did it happen}"))
            if f"{name}: " not in question.split("options")[0].split("show_if")[0]
        )
        lines.append(f"- {{{rest}{question}}}\n")
    return head + indent("".join(lines), "      ")


def problems_in(text: str | bytes, name: str = "shop.yaml") -> list[str]:
    """The errors, worded as "line:column message"."""
    with pytest.raises(ChecklistProblem) as refused:
        loads(text, name)
    problems = [problem for problem in refused.value.problems if isinstance(problem, Problem)]
    assert problems == sorted(problems, key=lambda p: (p.line, p.column))
    assert all(problem.file == name and not problem.warning for problem in problems)
    return [f"{problem.line}:{problem.column} {problem.message}" for problem in problems]


def warnings_in(text: str) -> list[str]:
    _, found = loads(text, "shop.yaml")
    assert all(problem.warning for problem in found)
    return [f"{problem.line}:{problem.column} {problem.message}" for problem in found]


def question_in(*questions: str) -> Question:
    """The last question of a file of these."""
    return loads(file_of(*questions), "shop.yaml")[0].questions[-1]
