"""Bringing a database to the tables of this version, and telling where it stands. Alembic by its API; no ini file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from auditapp.db.session import Database
from auditapp.domain.errors import ConfigError

SCRIPTS = Path(__file__).parent.parent / "migrations"
ONE_AT_A_TIME = 7_261_905_214
"""The key of PostgreSQL's advisory lock under which a migration runs (any number that nobody else uses)."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to ``revision``, in one transaction: all of it or nothing. Raises ConfigError where it is unknown."""
    check_known(database)
    with _alone(database) as connection:
        command.upgrade(configuration(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Migrate down to ``revision`` ("base" is the empty database), in one transaction."""
    with _alone(database) as connection:
        command.downgrade(configuration(connection), revision)


def current(database: Database) -> str | None:
    """The revision of the database; None where it was never migrated."""
    with database.reader.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision that this version of the program needs."""
    found = _scripts().get_current_head()
    if found is None:
        raise RuntimeError("there are no migrations")
    return found


def revisions() -> tuple[str, ...]:
    """Every revision, the first one first."""
    return tuple(script.revision for script in reversed(list(_scripts().walk_revisions())))


def check_current(database: Database) -> None:
    """Raise ConfigError unless the database has the tables of this version."""
    if (found := current(database)) != head():
        check_known(database)
        state = f"at {found}" if found else "empty"
        raise ConfigError(
            "The database is {state}, this version needs {head}. Run `flask migrate`.", state=state, head=head()
        )


def check_known(database: Database) -> None:
    """Raise ConfigError where a newer version of the program has migrated the database."""
    found = current(database)
    if found is not None and found not in revisions():
        raise ConfigError(
            "The database is at {found}, which this version does not know: a newer version was here. "
            "Install that version again, or restore a backup that was made before.",
            found=found,
        )


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, to run on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A connection in one write transaction that no second migration shares.

    SQLite can't alter most things in place: Alembic copies a table and drops the old one, which would delete the rows
    that refer to it. So references are not enforced meanwhile, but checked before the commit.
    """
    with database.writer.connect() as connection:
        _enforce_references(connection, False)
        try:
            with connection.begin():
                if not database.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
                yield connection
                if database.is_sqlite and connection.execute(text("PRAGMA foreign_key_check")).first():
                    raise RuntimeError("the migration would leave rows that refer to nothing; nothing was changed")
        finally:
            _enforce_references(connection, True)


def _enforce_references(connection: Connection, on: bool) -> None:
    """SQLite's switch, which counts only outside of a transaction; so it goes past SQLAlchemy, which begins one."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
