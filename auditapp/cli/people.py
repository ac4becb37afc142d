"""`flask user …`, for the day on which no administrator can get in."""

from __future__ import annotations

import click

from auditapp.cli.house import SYSTEM, Refused, open_context, plain_errors


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("reset-link")
@click.argument("email")
@plain_errors
def reset_link(email: str) -> None:
    """Print a link, good for 30 minutes and one use, with which the person with EMAIL sets a new password."""
    from auditapp.services import accounts, text

    wanted = text.email(email)
    with open_context() as context, context.write() as session:
        found, _ = accounts.list_users(session, SYSTEM, search=wanted)
        person = next((one for one in found if one.email == wanted), None)
        if person is None:
            raise Refused(f"Nobody here has the e-mail {wanted}. Check the spelling.")
        token = accounts.reset_link(session, SYSTEM, person.public_id, context.now())
    click.echo(f"{context.settings.public_url}/link/{token}")
