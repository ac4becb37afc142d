"""Shapes of values in a checklist file: lists, mappings and records, made of the kinds in `scalars`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditapp.checklist_yaml import nodes
from auditapp.checklist_yaml.nodes import Log, Node, Scalar, shown
from auditapp.checklist_yaml.scalars import Kind, OneOf, Schema, did_you_mean


@dataclass(frozen=True)
class Items:
    """A list; None in the result stands for an item with a problem. ``distinct``: words, no word twice."""

    kind: Kind
    distinct: bool = False

    def read(self, node: Node, log: Log) -> list[Any] | None:
        if not isinstance(node, nodes.Sequence):
            log.error(node, "A list belongs here. Write each item after a dash, or all as [a, b].")
            return None
        if not node.items:
            log.error(node, "This list is empty. Add an item, or delete the key.")
        values = [self.kind.read(item, log) for item in node.items]
        if self.distinct:
            seen: set[str] = set()
            for item, value in zip(node.items, values, strict=True):
                if value in seen:
                    log.error(item, f"{shown(value)} stands in the list twice. Keep one.")
                seen |= {value} - {None}
        return values

    def schema(self) -> Schema:
        distinct = {"uniqueItems": True} if self.distinct else {}
        return {"type": "array", "minItems": 1, "items": self.kind.schema(), **distinct}


@dataclass
class Rec:
    """A mapping that was read: values by key (None where there was a problem), and where each stands."""

    node: Node
    values: dict[Any, Any]
    at: dict[Any, Node] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def place(self, name: Any) -> Node:
        """Where the value of ``name`` stands, or the whole mapping where it is not given."""
        return self.at.get(name, self.node)

    def sound(self) -> dict[Any, Any]:
        """The values that were read without a problem."""
        return {key: value for key, value in self.values.items() if value is not None}

    def is_whole(self) -> bool:
        """Whether every entry of a mapping with free keys could be read."""
        given = len(self.node.pairs) if isinstance(self.node, nodes.Mapping) else 0
        return len(self.sound()) == given


@dataclass(frozen=True)
class Entries:
    """A mapping whose keys are of one kind and whose values are of another."""

    key: Kind
    value: Kind

    def read(self, node: Node, log: Log) -> Rec | None:
        if not isinstance(node, nodes.Mapping):
            log.error(node, "Keys with values belong here. Write one `key: value` a line, or {key: value}.")
            return None
        if not node.pairs:
            log.error(node, "Nothing stands here. Add an entry, or delete the key.")
        rec = Rec(node, {})
        for key_node, value_node in node.pairs:
            key = self.key.read(key_node, log)
            value = self.value.read(value_node, log)
            if key is not None and key in rec.values:
                log.error(key_node, f"{shown(key_node.text)} is a number that stands here already. Keep one.")
            elif key is not None:
                rec.values[key], rec.at[key] = value, value_node
        return rec

    def schema(self) -> Schema:
        return {
            "type": "object",
            "minProperties": 1,
            "propertyNames": self.key.schema(),
            "additionalProperties": self.value.schema(),
        }


@dataclass(frozen=True)
class Field:
    """One key of a record.

    ``default`` is what its absence means. ``types`` are the question types that it belongs to, empty for all;
    ``needed`` are those that can't do without it.
    """

    kind: Kind
    doc: str
    required: bool = False
    default: Any = None
    types: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()

    def schema(self) -> Schema:
        default = {"default": self.default} if isinstance(self.default, str | bool | int) else {}
        return {**self.kind.schema(), "description": self.doc, **default}


@dataclass(frozen=True)
class Record:
    """A mapping with known keys."""

    name: str
    fields: Mapping[str, Field]

    def read(self, node: Node, log: Log) -> Rec | None:
        if not isinstance(node, nodes.Mapping):
            log.error(node, f"A {self.name} belongs here, with keys such as {', '.join(self._examples())}.")
            return None
        rec = Rec(node, {name: one.default for name, one in self.fields.items()})
        for key, value in node.pairs:
            if key.text in self.fields:
                rec.values[key.text], rec.at[key.text] = self.fields[key.text].kind.read(value, log), value
            else:
                log.error(key, f"A {self.name} has no key {shown(key.text)}. {self._known(key)}")
        for name in self._required():
            if name not in rec.at:
                log.error(node, f"This {self.name} has no `{name}`. Add it: {self.fields[name].doc}")
        return rec

    def schema(self) -> Schema:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": self._required(),
            "properties": {name: one.schema() for name, one in self.fields.items()},
            **self._by_type(),
        }

    def _by_type(self) -> Schema:
        """What a question of one type must have, and what belongs to other types only."""
        rules: list[Schema] = []
        for name, one in self.fields.items():
            if one.types:
                rules.append(_when({"not": {"enum": list(one.types)}}, {"properties": {name: False}}))
            if one.needed:
                rules.append(_when({"enum": list(one.needed)}, {"required": [name]}))
        return {"allOf": rules} if rules else {}

    def _required(self) -> list[str]:
        return [name for name, one in self.fields.items() if one.required]

    def _examples(self) -> list[str]:
        return self._required() or list(self.fields)

    def _known(self, key: Scalar) -> str:
        return did_you_mean(key.text, self.fields) or f"It has: {', '.join(self.fields)}."


@dataclass(frozen=True)
class Either:
    """A word, or one of several records, which their keys tell apart."""

    records: tuple[Record, ...]
    word: OneOf | None = None

    def read(self, node: Node, log: Log) -> Any:
        if self.word and not isinstance(node, nodes.Mapping):
            return self.word.read(node, log)
        given = [key.text for key, _ in node.pairs] if isinstance(node, nodes.Mapping) else []
        fitting = next((record for record in self.records if set(given) & set(record.fields)), None)
        if fitting is None:
            log.error(node, f"This is none of the known forms. {self._right(given)}")
            return None
        return fitting.read(node, log)

    def schema(self) -> Schema:
        word = [self.word.schema()] if self.word else []
        return {"oneOf": [*word, *(record.schema() for record in self.records)]}

    def _right(self, given: list[str]) -> str:
        names = [name for record in self.records for name in record.fields]
        forms = [f"{{{', '.join(record.fields)}}}" for record in self.records]
        hint = did_you_mean(given[0], names) if given else ""
        return hint or f"Write {' or '.join([*(self.word.values if self.word else ()), *forms])}."


def _when(types: Schema, then: Schema) -> Schema:
    return {"if": {"properties": {"type": types}, "required": ["type"]}, "then": then}
