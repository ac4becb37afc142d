"""What importing costs: the domain stands alone, and a web process never carries the heavy libraries."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = sorted((ROOT / "auditapp" / "domain").rglob("*.py"))
MAKE_APP = """
from pathlib import Path
from auditapp.app import create_app
from auditapp.config import Settings
create_app(Settings(Path({folder!r}), "sqlite:///{folder}/x.sqlite3", "http://localhost", "0" * 40))
"""


def loaded_by(code: str) -> set[str]:
    """The top-level packages that running ``code`` in a fresh process loads."""
    ending = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code + ending],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    return set(done.stdout.split())


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            yield node.module or ""


def test_scoring_loads_neither_flask_nor_sqlalchemy() -> None:
    assert not loaded_by("import auditapp.domain.scoring") & {"flask", "sqlalchemy", "yaml", "werkzeug"}


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_the_domain_needs_the_standard_library_only(path: Path) -> None:
    for name in imports_of(path):
        assert name.startswith("auditapp.domain") or name.partition(".")[0] in sys.stdlib_module_names, name


def test_a_web_process_starts_without_the_heavy_libraries(tmp_path: Path) -> None:
    heavy = {"numpy", "scipy", "weasyprint", "alembic"}
    assert not loaded_by(MAKE_APP.format(folder=str(tmp_path))) & heavy


def test_checking_a_checklist_loads_no_database_and_no_web_program() -> None:
    assert not loaded_by("import auditapp.services.checklist_files") & {"flask", "sqlalchemy", "weasyprint", "PIL"}


def test_the_package_itself_is_empty() -> None:
    assert (ROOT / "auditapp" / "__init__.py").read_text(encoding="utf-8") == ""
