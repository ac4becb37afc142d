"""Checklist files on disk: checking one, and scoring a set of answers against it. No database, no settings."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from auditapp import checklist_yaml
from auditapp.domain.answers import AnswerValue, parse_answer
from auditapp.domain.checklist import Checklist, Method, Problem
from auditapp.domain.errors import ChecklistProblem, InvalidInput
from auditapp.domain.scoring import as_json, score


def check_file(path: str | Path) -> list[Problem]:
    """Everything that is wrong with the file at ``path``; if nothing is, the warnings. Raises nothing."""
    try:
        _, warnings = checklist_yaml.load(path)
    except ChecklistProblem as error:
        return [problem for problem in error.problems if isinstance(problem, Problem)]
    return list(warnings)


def score_file(path: str | Path, answers_json: str, method: Method | None = None) -> dict[str, Any]:
    """The score of ``answers_json`` (an object of answers by question key) by the checklist at ``path``.

    ``method`` is the checklist's own unless given; BOTH means mystery. Raises ChecklistProblem, or InvalidInput with
    one line for answers that are not right.
    """
    checklist, _ = checklist_yaml.load(path)
    answers = _answers(checklist, answers_json)
    return as_json(score(checklist, answers, method or checklist.method))


def _answers(checklist: Checklist, text: str) -> dict[str, AnswerValue]:
    found: dict[str, AnswerValue] = {}
    for key, raw in _parse(text).items():
        question = checklist.by_key.get(key)
        if question is None:
            raise InvalidInput("The checklist has no question {key}.", field=key, key=ascii(key[:64]))
        try:
            value = parse_answer(question, raw)
        except InvalidInput as error:
            raise InvalidInput("{key}: {problem}", field=key, key=key, problem=str(error)) from None
        if value is not None:
            found[key] = value
    return found


def _parse(text: str) -> dict[str, Any]:
    try:
        found = json.loads(
            text,
            parse_int=_decimal,
            parse_float=_decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_duplicates,
        )
    except json.JSONDecodeError as error:
        raise InvalidInput(
            "The answers are not JSON: {problem} in line {line}, column {column}.",
            problem=error.msg,
            line=error.lineno,
            column=error.colno,
        ) from None
    except RecursionError:
        raise InvalidInput("The answers are nested too deeply. Write one value or list for each question.") from None
    if not isinstance(found, dict):
        raise InvalidInput("The answers are not a JSON object. Write each question's key with its answer, in braces.")
    return found


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise InvalidInput("{number} is too long. Write a number such as 4 or 4.5.", number=digits[:40]) from None


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInput("{name} is no answer. Write a number such as 4 or 4.5.", name=name)


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidInput("{key} is answered twice. Keep one answer.", field=key, key=ascii(key[:64]))
        found[key] = value
    return found
