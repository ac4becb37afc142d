"""What all commands share: errors in one line, a context on a database of this version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from auditapp.domain.errors import AuditAppError, ChecklistProblem
from auditapp.domain.roles import Actor, Role

if TYPE_CHECKING:
    from auditapp.services.context import Context

P = ParamSpec("P")
R = TypeVar("R")

SYSTEM = Actor(0, Role.ADMIN, "command line")
"""Who acts on the command line: whoever may run it may read the database anyway."""


class Refused(click.ClickException):
    """One line on stderr, exit 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print the line."""
        click.echo(" ".join(self.message.split()), err=True)


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the domain's errors, and a database that is out of reach, into `Refused`."""

    @wraps(command)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ChecklistProblem as error:
            raise Refused(_first(error)) from None
        except AuditAppError as error:
            raise Refused(str(error)) from None
        except Exception as error:
            raise (_database_trouble(error) or error) from None

    return inner


@contextmanager
def open_context(current: bool = True) -> Iterator[Context]:
    """The context that the settings name; ``current``: refuse a database that was not migrated to this version."""
    from auditapp import config, log
    from auditapp.db import migrate
    from auditapp.services.context import make_context

    settings = config.load()
    log.configure(settings.log_json)
    context = make_context(settings)
    try:
        if current:
            migrate.check_current(context.database)
        yield context
    finally:
        context.database.dispose()


def _first(error: ChecklistProblem) -> str:
    more = len(error.problems) - 1
    return str(error.problems[0]) + (f" (and {more} more: run `flask checklist check`)" if more else "")


def _database_trouble(error: Exception) -> Refused | None:
    from sqlalchemy.exc import OperationalError

    if not isinstance(error, OperationalError):
        return None
    return Refused(f"The database can't be used: {error.orig} Check AUDITAPP_DATABASE_URL and AUDITAPP_DATA.")
