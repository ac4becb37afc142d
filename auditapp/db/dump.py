"""All rows of all tables as JSON lines and back, the same for both databases.

Tables are read from the database itself, not from the models, so that a backup of an older version can be loaded into
tables of that older version and then be migrated. Times are ISO 8601 in UTC, dates ISO 8601; SQL NULL is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Date, DateTime, Integer, MetaData, Table, func, insert, select, text

from auditapp.db.session import Database
from auditapp.domain.errors import InvalidInput

NOT_DATA = "alembic_version"
CHUNK = 1000


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one state of the database, whatever others write meanwhile."""
    level = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with database.reader.connect() as plain:
        connection = plain.execution_options(**level)
        with connection.begin():
            yield connection


def tables(connection: Connection) -> list[Table]:
    """Every table with data, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != NOT_DATA]


def lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """The rows of ``table``, one JSON object a line, in the order of the primary key."""
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=CHUNK)
    for row in connection.execute(query):
        record = {name: _out(value) for name, value in row._mapping.items()}
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def is_empty(connection: Connection) -> bool:
    """Whether no table has a row."""
    return not any(connection.execute(select(table).limit(1)).first() for table in tables(connection))


def load(connection: Connection, table: Table, source: Iterable[bytes]) -> int:
    """Insert the rows of `lines` into the empty ``table``; gives their number. Raises InvalidInput."""
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = JSON(none_as_null=True)
    readers = {column.name: _reader(column, connection) for column in table.columns}
    count = 0
    for chunk in _chunks(source):
        connection.execute(insert(table), [_record(line, readers, table.name) for line in chunk])
        count += len(chunk)
    if connection.dialect.name == "postgresql":
        _continue_numbering(connection, table)
    return count


def _out(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _reader(column: Column[Any], connection: Connection) -> Any:
    if isinstance(column.type, DateTime):
        return _naive if connection.dialect.name == "sqlite" else datetime.fromisoformat
    return date.fromisoformat if isinstance(column.type, Date) else None


def _naive(words: str) -> datetime:
    return datetime.fromisoformat(words).astimezone(UTC).replace(tzinfo=None)


def _record(line: bytes, readers: dict[str, Any], table: str) -> dict[str, Any]:
    found = json.loads(line)
    if found.keys() != readers.keys():
        raise InvalidInput("The backup has other columns in {table} than the database. It is damaged.", table=table)
    return {
        name: readers[name](value) if readers[name] and value is not None else value for name, value in found.items()
    }


def _chunks(source: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    for line in source:
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _continue_numbering(connection: Connection, table: Table) -> None:
    """PostgreSQL's sequences do not notice rows that come with their numbers."""
    for column in table.primary_key:
        if not isinstance(column.type, Integer):
            continue
        quoted = connection.dialect.identifier_preparer.format_table(table)
        owner = {"table": quoted, "column": column.name}
        sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), owner)
        highest = connection.scalar(select(func.max(column)))
        if sequence and highest:
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :to)"), {"name": sequence, "to": highest})
