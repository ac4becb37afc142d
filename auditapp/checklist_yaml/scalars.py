"""Kinds of single values in a checklist file. Each reads a node and describes itself as JSON Schema, from one truth."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import Any, Protocol

from auditapp.checklist_yaml import nodes
from auditapp.checklist_yaml.nodes import Log, Node, Scalar, shown

Schema = dict[str, Any]

NUMBER = r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?"
LANGUAGE = r"[a-z]{2,3}(_[A-Za-z0-9]{2,8}){0,2}"


class Kind(Protocol):
    """What may stand at one place of the file."""

    def read(self, node: Node, log: Log) -> Any:
        """The value; None after a problem that went to ``log``."""

    def schema(self) -> Schema:
        """The same as JSON Schema."""


@dataclass(frozen=True)
class Word:
    """Text that must match a pattern; ``right`` says what it looks like. ``numbers``: may look like a number."""

    pattern: str
    right: str
    numbers: bool = False

    def read(self, node: Node, log: Log) -> str | None:
        text = text_of(node, self.right, log)
        if text is None or re.fullmatch(self.pattern, text):
            return text
        log.error(node, f"{shown(text)} can't stand here. Write {self.right}.")
        return None

    def schema(self) -> Schema:
        kind = {"type": ["string", "integer"]} if self.numbers else {"type": "string"}
        return {**kind, "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Number:
    """An exact decimal number within bounds, as a Fraction."""

    low: int
    high: int | None = None

    def read(self, node: Node, log: Log) -> Fraction | None:
        text = text_of(node, self._right(), log)
        if text is None:
            return None
        value = Fraction(text) if re.fullmatch(NUMBER, text) else None
        if value is not None and self._fits(value):
            return value
        log.error(node, f"{shown(text)} can't stand here. Write {self._right()}.")
        return None

    def schema(self) -> Schema:
        top = {} if self.high is None else {"maximum": self.high}
        return {"type": "number", "minimum": self.low, **top}

    def _fits(self, value: Fraction) -> bool:
        return value >= self.low and (self.high is None or value <= self.high)

    def _right(self) -> str:
        return f"a number from {self.low}" + (" up" if self.high is None else f" to {self.high}")


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, as an int."""

    low: int
    high: int

    def read(self, node: Node, log: Log) -> int | None:
        right = "1" if self.high == 1 else f"a whole number from {self.low} to {self.high}"
        text = text_of(node, right, log)
        if text is None:
            return None
        if re.fullmatch(r"0|[1-9][0-9]{0,11}", text) and self.low <= int(text) <= self.high:
            return int(text)
        log.error(node, f"{shown(text)} can't stand here. Write {right}.")
        return None

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Bound:
    """A number before a colon."""

    def read(self, node: Node, log: Log) -> Fraction | None:
        text = Word(NUMBER, "a number such as 3 or 0.5").read(node, log)
        return None if text is None else Fraction(text)

    def schema(self) -> Schema:
        return {"pattern": f"^(?:{NUMBER})$"}


@dataclass(frozen=True)
class OneOf:
    """One of a few words, each with what it stands for."""

    values: Mapping[str, Any]

    @classmethod
    def members(cls, members: Iterable[StrEnum]) -> OneOf:
        return cls({member.value: member for member in members})

    @classmethod
    def words(cls, *words: str) -> OneOf:
        return cls({str(word): str(word) for word in words})

    def read(self, node: Node, log: Log) -> Any:
        right = f"Write one of: {', '.join(self.values)}."
        text = text_of(node, right, log)
        if text is None or text in self.values:
            return self.values.get(text or "")
        log.error(node, f"{shown(text)} can't stand here. {did_you_mean(text, self.values) or right}")
        return None

    def schema(self) -> Schema:
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class Flag:
    """true or false."""

    def read(self, node: Node, log: Log) -> bool | None:
        text = text_of(node, "true or false", log)
        if text is None or text in ("true", "false"):
            return None if text is None else text == "true"
        log.error(node, f"{shown(text)} can't stand here. Write true or false.")
        return None

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Words:
    """A text in the file's languages, at least in the first; read in the order of the file's languages."""

    limit: int = 4000

    def read(self, node: Node, log: Log) -> dict[str, str] | None:
        first = log.languages[0] if log.languages else "en"
        if not isinstance(node, nodes.Mapping):
            log.error(node, f"Write the text by language, such as {{{first}: …}}.")
            return None
        said = {key.text: self._line(key, value, log) for key, value in node.pairs}
        if log.languages and first not in said:
            log.error(node, f"The text in the first language is missing. Add `{first}: …`.")
        return {code: said[code] or "" for code in log.languages if code in said}

    def schema(self) -> Schema:
        line = {"type": "string", "minLength": 1, "maxLength": self.limit}
        names = {"pattern": f"^(?:{LANGUAGE})$"}
        return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": line}

    def _line(self, key: Scalar, node: Node, log: Log) -> str | None:
        if log.languages and key.text not in log.languages:
            known = ", ".join(log.languages)
            log.error(key, f"{shown(key.text)} is not a language of this file ({known}). Add it to `languages`.")
        text = text_of(node, "the words in this language", log)
        if text is not None and not text.strip():
            log.error(node, "The text is empty. Write words, or delete this line.")
        if text is not None and len(text) > self.limit:
            log.error(node, f"The text has {len(text)} characters; {self.limit} are allowed. Shorten it.")
        return text


def text_of(node: Node, right: str, log: Log) -> str | None:
    """The text of a scalar; None, after a problem, for a list or a mapping."""
    if isinstance(node, Scalar):
        return node.text
    log.error(node, f"A single value belongs here. Write {right}.")
    return None


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A question that offers the nearest known word, or "" if none is near."""
    close = difflib.get_close_matches(wrong[:64], list(islice(known, 500)), n=1)
    return f"Did you mean `{close[0]}`?" if close else ""
