"""Reading a checklist file: text → tree → records → rules → the domain's checklist, and the warnings."""

from __future__ import annotations

from pathlib import Path

from auditapp.checklist_yaml import lint, make, nodes, rules
from auditapp.checklist_yaml.nodes import Log, Node, Place
from auditapp.checklist_yaml.shapes import Rec
from auditapp.checklist_yaml.tables import CHECKLIST, LANGUAGES
from auditapp.domain.checklist import Checklist, Problem


def load(path: str | Path) -> tuple[Checklist, tuple[Problem, ...]]:
    """The checklist in the file at ``path``, and warnings. Raises ChecklistProblem with everything that is wrong."""
    log = Log(str(path))
    try:
        with Path(path).open("rb") as file:
            data = file.read(nodes.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no path"
        log.fail(Place(), f"The file can't be read: {reason}. Check its name and rights.")
    return _read(data, log)


def loads(data: str | bytes, name: str) -> tuple[Checklist, tuple[Problem, ...]]:
    """As `load`, from text or UTF-8 bytes; ``name`` stands in the messages.

    Where ``name`` ends in .yaml or .yml, the checklist's key must be its stem.
    """
    return _read(data, Log(name))


def _read(data: str | bytes, log: Log) -> tuple[Checklist, tuple[Problem, ...]]:
    root = nodes.compose(nodes.decode(data, log), log)
    log.languages = _languages(root)
    rec: Rec | None = CHECKLIST.read(root, log)
    if rec is not None:
        rules.check(rec, log)
    if rec is None or log.problems:
        log.stop()
    checklist = make.make(rec)
    return checklist, tuple(lint.warnings(checklist, rec, log.file))


def _languages(root: Node) -> tuple[str, ...]:
    """The file's languages ahead of everything else, for the texts are checked against them."""
    pairs = root.pairs if isinstance(root, nodes.Mapping) else []
    found = next((value for key, value in pairs if key.text == "languages"), None)
    quiet = Log("")
    codes = LANGUAGES.read(found, quiet) if found and not quiet.problems else None
    return tuple(code for code in codes or () if code)
