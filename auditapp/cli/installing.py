"""`flask setup`, `flask migrate`, `flask backup` and `flask restore`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditapp.cli.house import SYSTEM, Refused, open_context, plain_errors
from auditapp.domain.errors import InvalidInput

if TYPE_CHECKING:
    from auditapp.services.context import Context


@click.command()
@plain_errors
def migrate() -> None:
    """Bring the database to the tables of this version."""
    from auditapp.db import migrate as migrations

    with open_context(current=False) as context:
        before = migrations.current(context.database)
        migrations.upgrade(context.database)
    now = migrations.head()
    click.echo(f"The database is at {now}." if before == now else f"It went from {before or 'empty'} to {now}.")


@click.command()
@plain_errors
def setup() -> None:
    """Begin a real install: name the chain, make its first region and its first administrator."""
    from auditapp.db import migrate as migrations
    from auditapp.services import accounts, imports, text

    with open_context(current=False) as context:
        if context.settings.demo:
            raise Refused("Demo mode is on. Unset AUDITAPP_DEMO and give the real install a new AUDITAPP_DATA folder.")
        migrations.upgrade(context.database)
        _refuse_second(context)
        name = partial(text.one_line, field="", most=120)
        answers = {
            "chain": _ask("Name of the chain", name),
            "programme": _ask("Name of the programme, as shoppers and stores read it", name, "Store Standards"),
            "language": _ask("Main language (en, ko or zh_Hant)", accounts.known_language, "en"),
        }
        region = {"code": _ask("Code of the first region, such as N", text.code), "name": _ask("Its name", name)}
        answers |= {"name": _ask("Your name", name), "email": _ask("Your e-mail", text.email)}
        answers["password"] = _ask(
            "A password for you", partial(_password, email=answers["email"]), hide_input=True, confirmation_prompt=True
        )
        accounts.first_admin(context, **answers)
        with context.write() as session:
            imports.save_region(session, SYSTEM, region, context.now())
        click.echo(
            f"Ready. Sign in at {context.settings.public_url} as {answers['email']}, then add stores and people."
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@plain_errors
def backup(file: Path) -> None:
    """Write database and photos to FILE, while the program runs."""
    from auditapp.services.backup import backup as write

    with open_context() as context:
        found = write(context, file)
    click.echo(f"{file}: {found.rows} rows and {found.files} files, {found.bytes / 2**20:.1f} MB.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@plain_errors
def restore(file: Path) -> None:
    """Fill an empty install from the backup FILE. Nothing is written unless all of FILE is right."""
    from auditapp.services.backup import restore as read

    with open_context(current=False) as context:
        found = read(context, file)
    click.echo(f"{found.rows} rows and {found.files} files are back. Everybody signs in again.")


def _refuse_second(context: Context) -> None:
    from auditapp.services import accounts

    with context.read() as session:
        if accounts.list_users(session, SYSTEM, role="admin")[1]:
            raise Refused("This install has an administrator. Ask them, or run `flask user reset-link EMAIL`.")


def _ask(question: str, rule: Callable[[str], str], default: str | None = None, **more: Any) -> str:
    """Ask until ``rule`` takes the answer."""

    def check(answer: str) -> str:
        try:
            return rule(answer)
        except InvalidInput as error:
            raise click.BadParameter(str(error)) from None

    found: str = click.prompt(question, default=default, value_proc=check, **more)
    return found


def _password(answer: str, email: str) -> str:
    from auditapp.services.accounts.passwords import check_new

    check_new(answer, email)
    return answer
