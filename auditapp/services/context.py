"""What a use case runs in: settings, database, files and a clock, made once by whoever starts the program."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from auditapp.config import Settings
from auditapp.db.session import Database
from auditapp.storage import LocalStorage, Storage


@dataclass(frozen=True)
class Context:
    """Handed to the web, the API, the worker and the command line; services get what they need from it."""

    settings: Settings
    database: Database
    storage: Storage
    clock: Callable[[], datetime]

    def write(self) -> AbstractContextManager[Session]:
        """A session that commits at the end of the block."""
        return self.database.write()

    def read(self) -> AbstractContextManager[Session]:
        """A session for reading."""
        return self.database.read()

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return self.clock()


def make_context(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Context:
    """Open the database and the files that the settings name."""
    settings.upload_folder.mkdir(parents=True, exist_ok=True)
    return Context(settings, Database(settings.database_url), LocalStorage(settings.storage_root), clock)
