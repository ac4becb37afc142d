"""Reading the cells of a line by rules, collecting everything that is wrong instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from auditapp.domain.errors import InvalidInput
from auditapp.i18n import N_
from auditapp.services.imports.table import Line, Table

T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """A column of an import: its name in the header, whether it must be there, what belongs in it (a gettext id)."""

    name: str
    needed: bool
    about: str
    example: str = ""


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell. ``line`` counts from 1 as in the file; the words are those of ``error``."""

    line: int
    column: str
    error: InvalidInput


@dataclass(frozen=True)
class Report:
    """What an import did: with a fault nothing, otherwise how many were added, changed, and left as they were."""

    added: int = 0
    changed: int = 0
    same: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass
class Cells:
    """One line being read. `read` notes a fault and gives None where a rule refuses the cell."""

    line: Line
    faults: list[Fault] = field(default_factory=list)

    def has(self, column: str) -> bool:
        """Whether the file has this column at all."""
        return column in self.line.cells

    def read(self, column: str, rule: Callable[[str], T]) -> T | None:
        """The cell by its rule; None where the column is not there or the rule raises InvalidInput."""
        if not self.has(column):
            return None
        try:
            return rule(self.line.cells[column])
        except InvalidInput as error:
            self.refuse(column, error)
            return None

    def refuse(self, column: str, error: InvalidInput) -> None:
        """Note a fault of this line."""
        error.field = column
        self.faults.append(Fault(self.line.number, column, error))


def read_lines(table: Table, columns: Sequence[Column], key: str) -> Iterator[Cells]:
    """The lines of ``table``, each ready to be read. A header with unknown or missing columns raises InvalidInput.

    ``key`` is the column by which lines are told apart; a second line with the same key gets a fault.
    """
    known = [column.name for column in columns]
    for name in table.header:
        if name not in known:
            raise InvalidInput(
                N_("The column {name!r} is not known. Delete it or rename it to one of: {known}."),
                name=name,
                known=", ".join(known),
            )
    for column in columns:
        if column.needed and column.name not in table.header:
            raise InvalidInput(
                N_("The column {name!r} is missing. The first line must name the columns: {known}."),
                name=column.name,
                known=", ".join(known),
            )
    first: dict[str, int] = {}
    for line in table.lines:
        cells = Cells(line)
        earlier = first.setdefault(line.cells[key].casefold(), line.number)
        if line.cells[key] and earlier != line.number:
            cells.refuse(key, InvalidInput(N_("This is in line {line} already. Delete one of them."), line=earlier))
        yield cells
