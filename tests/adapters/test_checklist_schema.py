"""The JSON Schema of checklist files says what the reader does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditapp.checklist_yaml import canonical, from_canonical, json_schema, load, nodes
from auditapp.checklist_yaml.scalars import NUMBER
from tests.adapters.checklist_files import (
    FULL,
    file_of,
    problems_in,
)


def follows(schema: dict[str, Any] | bool, value: Any) -> bool:
    """Whether ``value`` follows ``schema``: as much of JSON Schema as the format uses."""
    if isinstance(schema, bool):
        return schema
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    wanted = schema.get("type", [])
    if wanted and not any(
        isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))
        for kind in ([wanted] if isinstance(wanted, str) else wanted)
    ):
        return False
    parts = [
        "enum" not in schema or value in schema["enum"],
        all(follows(one, value) for one in schema.get("allOf", [])),
        "oneOf" not in schema or sum(follows(one, value) for one in schema["oneOf"]) == 1,
        "not" not in schema or not follows(schema["not"], value),
        "if" not in schema or not follows(schema["if"], value) or follows(schema["then"], value),
    ]
    if isinstance(value, str):
        parts.append(re.search(schema.get("pattern", ""), value) is not None)
        parts.append(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9))
    if isinstance(value, int | float):
        parts.append(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    if isinstance(value, list):
        parts.append(len(value) >= schema.get("minItems", 0))
        parts.append(not schema.get("uniqueItems") or len({str(item) for item in value}) == len(value))
        parts.extend(follows(schema.get("items", True), item) for item in value)
    if isinstance(value, dict):
        parts.append(len(value) >= schema.get("minProperties", 0) and set(schema.get("required", ())) <= set(value))
        for key, item in value.items():
            known = schema.get("properties", {})
            parts.append(follows(schema.get("propertyNames", True), key))
            parts.append(follows(known.get(key, schema.get("additionalProperties", True)), item))
    return all(parts)


def as_an_editor_sees(text: str) -> Any:
    """YAML 1.2 as editors read it: numbers, true and false have types; yes, no and on are words; keys are words."""

    def typed(node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {key.value: typed(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [typed(item) for item in node.value]
        if node.style in ('"', "'"):
            return node.value
        if node.value in ("true", "false"):
            return node.value == "true"
        if not re.fullmatch(NUMBER, node.value):
            return node.value
        return float(node.value) if "." in node.value else int(node.value)

    return typed(yaml.compose(text, Loader=nodes._LOADER))


def test_the_json_schema_accepts_a_file_with_every_key() -> None:
    assert follows(json_schema(), as_an_editor_sees(FULL.replace('value: "2"', "value: 2")))


SHIPPED = sorted((Path(__file__).parents[2] / "checklists").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_checklists_are_right_and_follow_the_json_schema(path: Path) -> None:
    made, _ = load(path)
    assert from_canonical(canonical(made)) == made
    assert follows(json_schema(), as_an_editor_sees(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "question",
    [
        "type: yes_no, weight: 1, wieght: 2",
        "weight: 1",
        "type: yesno",
        "type: yes_no, weight: -1",
        "type: yes_no, na: yes",
        "type: yes_no, factor: STAFF",
        "type: yes_no, key: a b",
        "type: yes_no, text: Hello",
        "type: yes_no, weight: 1, critical: fial",
        "type: yes_no, weight: 1, critical: {cap: 101}",
        "type: yes_no, points: 5",
        "type: yes_no, upto: {3: 1}",
        "type: scale",
        "type: scale, points: 11",
        "type: choice",
        "type: count, upto: {x: 1}",
        "type: yes_no, show_if: {al: []}",
        "type: yes_no, show_if: {all: []}",
        "type: yes_no, action: {owner: a}",
    ],
)
def test_the_json_schema_refuses_what_the_reader_refuses(question: str) -> None:
    text = file_of(question)
    problems_in(text)
    assert not follows(json_schema(), as_an_editor_sees(text))


def test_the_json_schema_is_json_and_describes_every_key() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    question = schema["properties"]["sections"]["items"]["properties"]["questions"]["items"]
    for properties in (schema["properties"], question["properties"], schema["properties"]["scoring"]["properties"]):
        assert all(one["description"] for one in properties.values())
    assert question["properties"]["required"]["default"] is True
