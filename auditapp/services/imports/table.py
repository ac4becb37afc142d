"""An uploaded file → rows of texts with their line numbers. The content decides what it is, not its name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditapp.domain.errors import InvalidInput, TooLarge
from auditapp.i18n import N_
from auditapp.services.imports import formulas, xlsx

MOST_BYTES = 5 * 2**20
MOST_ROWS = 20_000

NOT_TEXT = N_(
    "This file is neither a spreadsheet (XLSX) nor a table in UTF-8. In your spreadsheet program, save it as XLSX, or "
    'as "CSV UTF-8".'
)


@dataclass(frozen=True)
class Line:
    """One row: its line in the file (from 1; 0 where there is no file) and its cells by column name."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A header of column names (lower case, spaces as underscores) and the rows below it; empty rows are left out."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]


def read_table(data: bytes) -> Table:
    """The table in a CSV (UTF-8; comma, semicolon or tab) or XLSX file (first sheet).

    Raises TooLarge beyond MOST_BYTES, InvalidInput for anything that is no such table or has over MOST_ROWS rows.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(N_("This file has over {most} MB. Split it and import the parts."), most=MOST_BYTES // 2**20)
    rows = xlsx.rows(data, MOST_ROWS + 1) if data.startswith(b"PK\x03\x04") else _csv_rows(_decoded(data))
    filled = ((number, [cell.strip() for cell in row]) for number, row in rows if any(cell.strip() for cell in row))
    return _table(filled)


def _table(rows: Iterator[tuple[int, list[str]]]) -> Table:
    first = next(rows, None)
    if first is None:
        raise InvalidInput(N_("This file is empty. Its first line must name the columns."))
    header = tuple(name.lower().replace(" ", "_") for name in _without_tail(first[1]))
    for name in header:
        if header.count(name) > 1:
            raise InvalidInput(N_("The column {name!r} is there twice. Delete one of them."), name=name)
    return Table(header, tuple(_lines(rows, header)))


def _lines(rows: Iterable[tuple[int, list[str]]], header: Sequence[str]) -> Iterator[Line]:
    for count, (number, row) in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise InvalidInput(N_("This file has over {most} rows. Split it and import the parts."), most=MOST_ROWS)
        cells = _without_tail(row)
        if len(cells) > len(header):
            raise InvalidInput(
                N_("Line {line} has more cells than the header has columns. Put quotes around a cell with a comma."),
                line=number,
            )
        cells += [""] * (len(header) - len(cells))
        yield Line(number, {name: formulas.restore(cell) for name, cell in zip(header, cells, strict=True)})


def _without_tail(row: list[str]) -> list[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if b"\x00" in data[:64]:
            raise InvalidInput(NOT_TEXT) from None
        raise InvalidInput(
            N_('Line {line} is not in UTF-8. In your spreadsheet program, save the file as "CSV UTF-8" or as XLSX.'),
            line=line,
        ) from None
    if "\x00" in text:
        raise InvalidInput(NOT_TEXT)
    return text


def _csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    head = text.lstrip().split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error:
        raise InvalidInput(
            N_('The quotes around a cell in line {line} are not closed. Write a quote inside a cell twice ("").'),
            line=start,
        ) from None
