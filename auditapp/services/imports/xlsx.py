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
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse

from python_calamine import CalamineError, CalamineWorkbook

from auditapp.domain.errors import InvalidInput
from auditapp.i18n import N_

MOST_UNPACKED = 64 * 2**20
MOST_PARTS = 500
MOST_COLUMNS = 60

DAMAGED = N_(
    "This spreadsheet can't be read. Open it in your spreadsheet program and save it again, as XLSX or CSV UTF-8."
)
TOO_BIG = N_("This spreadsheet has over {rows} rows or {columns} columns. Delete what is not needed and save it again.")

_CELL = re.compile(rb"<(?:\w+:)?(c|row)(?=[\s/>])([^>]*)")
_SHARED = re.compile(rb"<(?:\w+:)?si[\s/>]")
_POSITION = re.compile(rb"""(?<!\w)r\s*=(?:\s*["']([A-Z]{0,3})(\d{1,7})["'])?""")


_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, ParseError, EOFError, NotImplementedError, RuntimeError, ValueError, OSError,
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
    """How many characters all cells have together that only point at a shared text."""
    shared = [_shared_texts(content) for content in contents if _SHARED.search(content)]
    uses = [use for content in contents if _CELL.search(content) for use in _uses(content)] if shared else []
    if len(uses) * max((max(texts, default=0) for texts in shared), default=0) <= MOST_UNPACKED:
        return 0
    return sum(max((texts[use] for texts in shared if use < len(texts)), default=0) for use in uses)


def _shared_texts(content: bytes) -> list[int]:
    """The length of each shared text of a part."""
    lengths: list[int] = []
    for _, element in iterparse(io.BytesIO(content)):
        if _local(element.tag) == "si":
            lengths.append(sum(map(len, element.itertext())))
            element.clear()
    return lengths


def _uses(content: bytes) -> Iterator[int]:
    """The number of the shared text at which each cell points that does so."""
    for _, element in iterparse(io.BytesIO(content)):
        if _local(element.tag) == "c" and element.get("t") == "s":
            yield from (int(text) for text in "".join(element.itertext()).split()[:1] if text.isdecimal())
        if _local(element.tag) == "row":
            element.clear()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


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
