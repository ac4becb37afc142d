"""`flask demo load`: the chain to look around in. Its passwords are known, so it exists in demo mode only."""

from __future__ import annotations

import click

from auditapp.cli.house import Refused, open_context, plain_errors
from auditapp.config import DEMO_MARK


@click.group()
def demo() -> None:
    """The demo chain."""


@demo.command()
@plain_errors
def load() -> None:
    """Fill an empty database with the demo chain, and print one sign-in per role."""
    from auditapp.services import demo as chain

    with open_context() as context:
        if not context.settings.demo:
            raise Refused("Demo accounts exist only in demo mode. Set AUDITAPP_DEMO=1, on a data folder of its own.")
        mark = context.settings.data / DEMO_MARK
        mark.touch()
        chain.load(context)
        lines = [f"  {role:<9} {email:<24} {password}" for role, email, password in chain.sign_ins()]
        mark.write_text("\n".join(lines) + "\n", encoding="utf-8")
    click.echo("\n".join(lines))
