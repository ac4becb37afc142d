"""Bring auditapp/translations/<language>/LC_MESSAGES/messages.po up to the texts in code and templates.

`make translations`. What is no longer said goes, what is new comes in empty, and tests/architecture/test_house.py fails
until it is translated. The catalogs are read as they are: nothing is compiled.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from auditapp.domain import errors
from auditapp.i18n import LANGUAGES, TRANSLATIONS

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
SAID_BY_ERRORS: dict[str, tuple[int, ...] | None] = {"InvalidInput": None}
JINJA = {
    "extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true",
    "silent": "false",
}  # fmt: skip
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")


def main() -> int:
    """Update every catalog."""
    wanted = texts()
    for language in TRANSLATED:
        path = catalog_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = read(language)
        catalog.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        written = io.BytesIO()
        write_po(written, catalog, sort_output=True, width=120, include_lineno=False)
        path.write_bytes(written.getvalue())
        missing = sum(not all(_strings(message.string or "")) for message in catalog if message.id)
        print(f"{path.relative_to(ROOT)}: {len(catalog)} texts, {missing} to translate")
    return 0


def catalog_path(language: str) -> Path:
    """Where the catalog of ``language`` lies."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """The catalog of ``language`` as it stands; an empty one where there is none yet."""
    path = catalog_path(language)
    if not path.exists():
        return Catalog(locale=language, project="auditapp", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def texts() -> Catalog:
    """Every text that people read, from Python, templates and the error tree."""
    catalog = Catalog(fuzzy=False)
    for file, message in (*_in_code(), *_in_templates(), *_in_error_tree()):
        catalog.add(message, locations=[(file, 0)])
    return catalog


def _in_code() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    yield from _extract("auditapp", "**.py", "python", {}, KEYWORDS)
    yield from _extract("auditapp/domain", "**.py", "python", {}, SAID_BY_ERRORS)


def _in_templates() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    yield from _extract("templates", "**.html", "jinja2", JINJA, KEYWORDS)


def _in_error_tree() -> Iterator[tuple[str, str]]:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.AuditAppError):
            yield "auditapp/domain/errors.py", kind.message


def _extract(
    folder: str, pattern: str, method: str, options: dict[str, str], keywords: dict[str, tuple[int, ...] | None]
) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    found = extract_from_dir(
        ROOT / folder, method_map=[(pattern, method)], options_map={pattern: options}, keywords=keywords
    )
    for file, _line, message, _comments, _context in found:
        yield f"{folder}/{file}", message


def _strings(string: str | Iterable[str]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    sys.exit(main())
