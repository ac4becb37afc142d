"""Engines and sessions: one place that knows how each database must be opened.

SQLite: writes begin with BEGIN IMMEDIATE (a deferred transaction that turns writer fails under load, not waits),
WAL with synchronous=FULL (an acknowledged visit survives a power cut). Libraries before 3.51.3 can corrupt a WAL
database when a checkpoint races a reset; there the rollback journal is used instead, with synchronous=EXTRA.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker

try:
    import pysqlite3 as _newer
except ImportError:  # other platforms than Linux have no wheel
    _newer = None

SQLITE: ModuleType = (
    _newer if _newer is not None and _newer.sqlite_version_info > sqlite3.sqlite_version_info else sqlite3
)
SAFE_WAL = (3, 51, 3)
BUSY_TIMEOUT_MS = 20_000
CACHE_KIB = 16 * 1024
MAPPED_BYTES = 512 * 2**20


class Database:
    """The way to the data. ``write()`` and ``read()`` each give a session in one transaction.

    A write commits when the block ends and rolls back when it raises; a read never keeps anything.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.url = parsed
        self.writer = self._engine(parsed, "BEGIN IMMEDIATE")
        self.reader = self._engine(parsed, "BEGIN") if self.is_sqlite else self.writer
        self._write = sessionmaker(self.writer, expire_on_commit=False)
        self._read = sessionmaker(self.reader, expire_on_commit=False, autoflush=False)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed at the end of the block, or not at all."""
        with self._write() as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading one consistent state."""
        with self._read() as session:
            yield session

    def dispose(self) -> None:
        """Close all connections (before a fork, at the end of a test)."""
        self.writer.dispose()
        self.reader.dispose()

    def _engine(self, url: URL, begin: str) -> Engine:
        if not self.is_sqlite:
            return create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)
        engine = create_engine(
            url,
            module=SQLITE,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
            pool_size=16,
            max_overflow=16,
        )
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", partial(_begin, begin))
        return engine


def _open_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if SQLITE.sqlite_version_info >= SAFE_WAL:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
    else:
        cursor.execute("PRAGMA journal_mode = DELETE")
        cursor.execute("PRAGMA synchronous = EXTRA")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    cursor.close()


def _begin(statement: str, connection: Any) -> None:
    connection.exec_driver_sql(statement)
