"""YAML text → a tree whose every node knows its line and column, without the parts of YAML that surprise people.

Every scalar stays text: whether ``no``, ``3`` or ``2026-01-01`` is a word, a number or a date is for the field to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from auditapp.domain.checklist import Problem
from auditapp.domain.errors import ChecklistProblem

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_PROBLEMS = 100

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Scalar:
    """One piece of text."""

    place: Place
    text: str


@dataclass(slots=True)
class Sequence:
    """A list."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys with values, in file order; no key twice."""

    place: Place
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    open_key: Scalar | None = None


Node = Scalar | Sequence | Mapping


class Log:
    """Collects what is wrong with one file. ``languages`` are the file's own, once they are known."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.languages: tuple[str, ...] = ()
        self.problems: list[Problem] = []

    def error(self, at: Node | Place, message: str) -> None:
        """Notes a problem. Raises ChecklistProblem when there are too many to be read by anybody."""
        place = at if isinstance(at, Place) else at.place
        self.problems.append(Problem(self.file, place.line, place.column, message))
        if len(self.problems) >= MAX_PROBLEMS:
            self.stop()

    def fail(self, at: Node | Place, message: str) -> NoReturn:
        """Notes a problem after which nothing more can be said, and raises ChecklistProblem."""
        self.error(at, message)
        self.stop()

    def stop(self) -> NoReturn:
        """Raises ChecklistProblem with all problems so far, in file order."""
        ordered = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        raise ChecklistProblem(tuple(ordered))


def shown(text: str) -> str:
    """``text`` for a message: quoted, short, on one line."""
    return repr(text if len(text) <= 60 else text[:60] + "…")


def decode(data: bytes | str, log: Log) -> str:
    """The text of a file. Raises ChecklistProblem if it is too long, not UTF-8, or holds what no text may hold."""
    if len(data) > MAX_BYTES or (isinstance(data, str) and _bytes(data) > MAX_BYTES):
        log.fail(Place(), "The file is larger than 1 MB. Split it into several checklists.")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8") if isinstance(data, bytes) else ""
        log.fail(place_in(before, len(before)), "This is not UTF-8. Save the file with the encoding UTF-8.")
    text = text.removeprefix("\ufeff")
    found = _UNPRINTABLE.search(text)
    if found:
        where = place_in(text, found.start())
        log.fail(where, f"The character U+{ord(found[0]):04X} has no place in a text. Delete it.")
    return text


def place_in(text: str, position: int) -> Place:
    """The line and column of ``position`` in ``text``."""
    return Place(text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))


def compose(text: str, log: Log) -> Node:
    """The root of the one document in ``text``. Raises ChecklistProblem."""
    try:
        root = _compose(text, log)
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        log.fail(place, f"This is not YAML: {error.problem}. Look at indentation, colons and quotes here.")
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        log.fail(Place(), f"This is not YAML: {shown(str(error))}. Look at indentation, colons and quotes.")
    if root is None:
        log.fail(Place(), "The file is empty. Begin it with `format: 1`.")
    if log.problems:
        log.stop()
    return root


def _compose(text: str, log: Log) -> Node | None:
    """Without recursion, so that no depth of nesting can exhaust the stack."""
    root: Node | None = None
    branch: list[Sequence | Mapping] = []
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            branch.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            _check_document(event, root, log)
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, log)
            root = root or node
            if branch:
                _attach(branch[-1], node, log)
            if isinstance(node, Sequence | Mapping):
                branch.append(node)
                if len(branch) > MAX_DEPTH:
                    log.fail(node, "This is nested too deeply for a checklist. Look for a bracket too many.")
    return root


def _check_document(event: yaml.DocumentStartEvent, root: Node | None, log: Log) -> None:
    if root is not None:
        log.fail(_place(event.start_mark), "A second document begins here. Keep one checklist in one file.")
    if event.tags:
        log.error(_place(event.start_mark), "Tags are not part of the format. Delete this line.")


def _node(event: yaml.NodeEvent, log: Log) -> Node:
    place = _place(event.start_mark)
    if isinstance(event, yaml.AliasEvent):
        log.error(place, f"The alias *{event.anchor} is not part of the format. Write the value out.")
    elif event.anchor is not None:
        log.error(place, f"The anchor &{event.anchor} is not part of the format. Delete it.")
    tag = getattr(event, "tag", None)
    if tag is not None:
        log.error(place, f"The tag {tag} is not part of the format. Delete it.")
    if isinstance(event, yaml.SequenceStartEvent):
        return Sequence(place)
    if isinstance(event, yaml.MappingStartEvent):
        return Mapping(place)
    return _scalar(place, getattr(event, "value", ""), log)


def _scalar(place: Place, text: str, log: Log) -> Scalar:
    found = re.search("[\0\ud800-\udfff]", text)
    if found:
        log.error(place, f"The character U+{ord(found[0]):04X} has no place in a text. Delete it.")
    return Scalar(place, text)


def _attach(parent: Sequence | Mapping, child: Node, log: Log) -> None:
    if isinstance(parent, Sequence):
        parent.items.append(child)
    elif parent.open_key is None:
        parent.open_key = _key(parent, child, log)
    else:
        parent.pairs.append((parent.open_key, child))
        parent.open_key = None


def _key(parent: Mapping, node: Node, log: Log) -> Scalar:
    if not isinstance(node, Scalar):
        log.error(node, "A list or a mapping can't be a key. Write one word before the colon.")
        return Scalar(node.place, "")
    if node.text == "<<":
        log.error(node, "The merge key << is not part of the format. Write the keys out.")
    elif node.text in parent.seen:
        log.error(node, f"The key {shown(node.text)} stands here twice. Keep one.")
    parent.seen.add(node.text)
    return node


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place()


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
