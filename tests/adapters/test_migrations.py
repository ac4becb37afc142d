"""Migrations: each goes up and down, and the last one leads exactly to the models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from auditapp.db import migrate
from auditapp.db.schema import Base, Chain
from auditapp.db.session import Database
from auditapp.domain.errors import ConfigError


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.dispose()


def tables(database: Database) -> set[str]:
    return set(inspect(database.reader).get_table_names()) - {"alembic_version"}


def shape(database: Database) -> list[object]:
    """What differs between the database and the models; empty where nothing does."""
    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_the_last_revision_is_exactly_the_models(database: Database) -> None:
    migrate.upgrade(database)
    assert shape(database) == []
    assert tables(database) == set(Base.metadata.tables)


@pytest.mark.parametrize("revision", migrate.revisions())
def test_each_revision_goes_down_and_up_again(database: Database, revision: str) -> None:
    migrate.upgrade(database, revision)
    there = tables(database)
    before = migrate.revisions().index(revision) - 1
    migrate.downgrade(database, migrate.revisions()[before] if before >= 0 else "base")
    assert before >= 0 or tables(database) == set()
    migrate.upgrade(database, revision)
    assert tables(database) == there
    assert migrate.current(database) == revision


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.add(Chain(id=1, name="Northgate Grocers", programme="Store Standards"))
    migrate.upgrade(database)
    with database.read() as session:
        assert session.get_one(Chain, 1).name == "Northgate Grocers"


def test_references_are_enforced_again_after_a_migration(database: Database) -> None:
    migrate.upgrade(database)
    if not database.is_sqlite:
        pytest.skip("only SQLite switches them off")
    with database.writer.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_database_that_was_never_migrated_is_named_with_what_to_do(database: Database) -> None:
    with pytest.raises(ConfigError, match=r"empty.*flask migrate"):
        migrate.check_current(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version"):
        migrate.upgrade(database)
    assert tables(database) == set(Base.metadata.tables)


def test_every_revision_has_a_file_named_by_its_number() -> None:
    files = sorted(path.name[:4] for path in Path(migrate.SCRIPTS, "versions").glob("[0-9]*.py"))
    assert tuple(files) == migrate.revisions()
