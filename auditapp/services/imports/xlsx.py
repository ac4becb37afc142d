"""The first sheet of an XLSX file as rows of texts, after a look at what reading it would cost.

A spreadsheet of a few kilobytes can name one cell in the far corner or unpack to gigabytes, and calamine builds the
whole rectangle; and a hundred thousand cells can share one long text, of which each gets its own copy. So the parts
are unpacked here under a limit, the positions of all cells are checked, the texts they share are added up, and only
then is a copy of the plain parts handed on.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from auditapp.domain.errors import InvalidInput
from auditapp.i18n import N_

MOST_UNPACKED = 64 * 2**20
MOST_PARTS = 500
MOST_COLUMNS = 60
MOST_TEXTS = 20_000 * MOST_COLUMNS

DAMAGED = N_(
    "This spreadsheet can't be read. Open it in your spreadsheet program and save it again, as XLSX or CSV UTF-8."
)
TOO_BIG = N_("This spreadsheet has over {rows} rows or {columns} columns. Delete what is not needed and save it again.")

_CELL = re.compile(rb"<(?:\w+:)?(c|row)(?=[\s/>])([^>]*)")
_SHARED = re.compile(rb"<(?:\w+:)?si[\s/>]")
_POSITION = re.compile(rb"""(?<!\w)r\s*=(?:\s*["']([A-Z]{0,3})(\d{1,7})["'])?""")


_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, RuntimeError, ValueError, OSError,
)  # fmt: skip


def rows(data: bytes, most_rows: int) -> Iterator[tuple[int, list[str]]]:
    """Row number (from 1) and cells of the first sheet. Raises InvalidInput."""
    plain = _checked_copy(data, most_rows)
    try:
        with CalamineWorkbook.from_filelike(plain) as book:
            found = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, OSError, ValueError):
        raise InvalidInput(DAMAGED) from None
    for number, row in enumerate(found, 1):
        yield number, [_text(cell) for cell in row]


def _checked_copy(data: bytes, most_rows: int) -> io.BytesIO:
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(copy, "w") as target:
            parts = [p for p in source.infolist() if p.filename.endswith((".xml", ".rels"))]
            if len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > MOST_UNPACKED:
                raise InvalidInput(TOO_BIG, rows=most_rows - 1, columns=MOST_COLUMNS)
            contents = [(part.filename, source.read(part)) for part in parts]
            for name, content in contents:
                _check_cells(content, most_rows)
                target.writestr(name, content)
            if _unfolded([content for _, content in contents]) > MOST_UNPACKED:
                raise InvalidInput(TOO_BIG, rows=most_rows - 1, columns=MOST_COLUMNS)
    except _UNREADABLE:
        raise InvalidInput(DAMAGED) from None
    copy.seek(0)
    return copy


def _check_cells(content: bytes, most_rows: int) -> None:
    if b"\x00" in content or b"<!" in content.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise InvalidInput(DAMAGED)
    for kind, attributes in _CELL.findall(content):
        positions = _POSITION.findall(attributes)
        if len(positions) != 1 or not positions[0][1]:
            raise InvalidInput(DAMAGED)
        column, row = positions[0]
        if bool(column) is (kind == b"row"):
            raise InvalidInput(DAMAGED)
        if int(row) > most_rows + 1 or _number(column) > MOST_COLUMNS:
            raise InvalidInput(TOO_BIG, rows=most_rows - 1, columns=MOST_COLUMNS)


def _unfolded(contents: list[bytes]) -> int:
    """How many characters those cells have together that only point at a shared text."""
    if not any(_SHARED.search(content) for content in contents):
        return 0
    parts = [_Texts(content) for content in contents]
    tables = [part.lengths for part in parts if part.lengths]
    uses = (use for part in parts for use in part.uses)
    return sum(max((table[use] for table in tables if use < len(table)), default=0) for use in uses)


class _Texts:
    """The ``lengths`` of a part's shared texts, and the numbers of those that its cells use; no tree is built."""

    def __init__(self, content: bytes) -> None:
        self.lengths, self.uses = array("q"), array("q")
        self._depth, self._points, self._number = 0, False, ""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(content, True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "si":
            if len(self.lengths) == MOST_TEXTS:
                raise ValueError("more shared texts than cells")
            if not self._depth:
                self.lengths.append(0)
            self._depth += 1
        elif name == "c":
            self._points = attributes.get("t") == "s"
        elif name == "v":
            self._number = ""

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "si":
            self._depth -= 1
        elif name == "v" and self._points and self._number.strip().isdecimal():
            self.uses.append(min(int(self._number), MOST_UNPACKED))

    def _text(self, text: str) -> None:
        if self._depth:
            self.lengths[-1] += len(text)
        elif self._points:
            self._number += text


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell)
