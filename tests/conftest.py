"""Fixtures of the whole suite: an empty, migrated-shape database, a context with a clock that stands still, an app.

`AUDITAPP_TEST_DATABASE_URL` names a PostgreSQL server for the second run; without it the suite runs on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from sqlalchemy.orm import Session

from auditapp import log
from auditapp.app import create_app
from auditapp.config import Settings
from auditapp.db.schema import Base
from auditapp.services.context import Context, make_context
from tests.databases import new_database, opened

settings.register_profile(
    "house", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("house")


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 9, 14, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **step: float) -> datetime:
        """Move on, in timedelta's words."""
        self.moment += timedelta(**step)
        return self.moment


@dataclass(frozen=True)
class Programs:
    """The web program as it is, and one for tests without its CSRF check."""

    checked: Flask
    unchecked: Flask


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    with new_database(tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with all tables and no rows, to be copied."""
    with new_database(tmp_path_factory.mktemp("tables")) as url:
        with opened(url) as database:
            Base.metadata.create_all(database.writer)
        yield url


@pytest.fixture
def context(tmp_path: Path, tables: str, clock: Clock) -> Iterator[Context]:
    """A context on a database of this test's own, with all tables and no rows."""
    with new_database(tmp_path, like=tables) as url:
        made = open_context(tmp_path, url, clock)
        yield made
        made.database.dispose()


def open_context(data: Path, database_url: str, clock: Clock) -> Context:
    """A context as most tests have it: reviewed visits are published at once."""
    settings = Settings(data, database_url, "http://localhost", "0" * 40, publish_delay_hours=0)
    return make_context(settings, clock)


@pytest.fixture
def session(context: Context) -> Iterator[Session]:
    """One write transaction, committed at the end of the test."""
    with context.write() as open_session:
        yield open_session


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """The web program twice, put together once: its routes and templates take longer to compile than most tests."""
    data = tmp_path_factory.mktemp("programs")
    context = open_context(data, f"sqlite:///{data / 'never.sqlite3'}", Clock())
    return Programs(checked=create_app(context=context), unchecked=create_app(context=context))


@pytest.fixture
def app(programs: Programs, context: Context) -> Iterator[Flask]:
    """The web program on that context."""
    with serving(programs.checked, context) as made:
        yield made


@pytest.fixture
def unchecked(programs: Programs, context: Context) -> Iterator[Flask]:
    """The web program without the CSRF check, which would answer before what is to be tested does."""
    with serving(programs.unchecked, context) as made:
        made.config["WTF_CSRF_ENABLED"] = False
        yield made


@contextmanager
def serving(program: Flask, context: Context) -> Iterator[Flask]:
    """The program on this test's context; what the test sets in its configuration ends with it."""
    as_made = dict(program.config)
    program.extensions["auditapp"] = context
    log.configure(context.settings.log_json)
    yield program
    program.config.clear()
    program.config.update(as_made)
