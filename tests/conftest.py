"""Fixtures of the whole suite: an empty, migrated-shape database, a context with a clock that stands still, an app.

`AUDITAPP_TEST_DATABASE_URL` names a PostgreSQL server for the second run; without it the suite runs on SQLite.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from auditapp.config import Settings
from auditapp.db.schema import Base
from auditapp.services.context import Context, make_context

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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    server = os.environ.get("AUDITAPP_TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    name = f"t_{uuid.uuid4().hex}"
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def context(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Context]:
    """A context on an empty database with all tables."""
    made = make_context(
        Settings(
            data=tmp_path,
            database_url=database_url,
            public_url="http://localhost",
            secret_key="0" * 40,
            publish_delay_hours=0,
        ),
        clock,
    )
    Base.metadata.create_all(made.database.writer)
    yield made
    made.database.dispose()


@pytest.fixture
def session(context: Context) -> Iterator[Session]:
    """One write transaction, committed at the end of the test."""
    with context.write() as open_session:
        yield open_session


@pytest.fixture
def app(context: Context) -> Flask:
    """The web program on that context."""
    from auditapp.app import create_app

    made = create_app(context=context)
    made.config["TESTING"] = False
    return made
