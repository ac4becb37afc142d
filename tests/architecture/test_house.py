"""Conventions that hold everywhere: guarded routes, escaped pages, nothing inline, everything translated."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from flask import Flask

from auditapp.gate.guards import guard_of
from scripts.translations import TRANSLATED, read, texts

TEMPLATES = Path(__file__).parents[2] / "templates"
PAPER = {"scorecard/pdf.html"}
"""Templates that WeasyPrint alone renders; its pages have no content security policy."""
UNESCAPED = {"scorecard/pdf.html": "{{ fonts|safe }}"}
"""The one exception: font names from a table of constants, in a style sheet, where HTML escapes mean nothing."""

ALL = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
SHOWN = [name for name in ALL if name not in PAPER]

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_UNESCAPED = re.compile(r"\|\s*safe\b|\bautoescape\b|\bMarkup\b")
_INLINE = {
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script with a body": re.compile(r"<script\b(?:(?!\bsrc=)[^>])*>|<script\b[^>]*>(?!\s*</script>)", re.IGNORECASE),
    "an event handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
}


def source(name: str) -> str:
    return _COMMENT.sub("", (TEMPLATES / name).read_text(encoding="utf-8"))


def test_every_route_says_who_may_come_in(app: Flask) -> None:
    unguarded = [name for name in app.view_functions if name != "static" and guard_of(app, name) is None]
    assert unguarded == []


@pytest.mark.parametrize("name", ALL)
def test_no_template_escapes_less(name: str) -> None:
    assert _UNESCAPED.findall(source(name).replace(UNESCAPED.get(name, "\0"), "")) == []


@pytest.mark.parametrize("name", SHOWN)
def test_no_page_has_anything_inline(name: str) -> None:
    assert [what for what, pattern in _INLINE.items() if pattern.search(source(name))] == []


@pytest.mark.parametrize(
    "markup",
    ['<p style="x">', "<STYLE>", "<script>1</script>", '<script src="a.js">1</script>', '<a onclick="x">',
     '<a href="javascript:x">'],
)  # fmt: skip
def test_inline_code_would_be_found(markup: str) -> None:
    assert any(pattern.search(markup) for pattern in _INLINE.values())


@pytest.mark.parametrize("name", ALL)
def test_every_template_compiles(app: Flask, name: str) -> None:
    assert app.jinja_env.get_template(name).name == name


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_the_same_placeholders(language: str) -> None:
    catalog, wrong = read(language), []
    for wanted in texts():
        if not wanted.id:
            continue
        found = catalog.get(wanted.id)
        if found is None or not all(strings(found)) or found.fuzzy:
            wrong.append(f"not translated: {wanted.id}")
        elif any(placeholders(text) != placeholders(ids(wanted)[-1]) for text in strings(found)):
            wrong.append(f"other placeholders: {wanted.id} -> {found.string}")
    assert wrong == []


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def strings(message: Message) -> tuple[str, ...]:
    found = message.string
    return (found,) if isinstance(found, str) else tuple(text or "" for text in found or ("",))


def placeholders(text: str) -> set[str]:
    """The names in %(name)s and {name}; a lone brace is just a brace."""
    found = set(re.findall(r"%\((\w+)\)", text))
    try:
        return found | {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return found
