"""`flask visit import`: a visit that a phone saved as a rescue file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from auditapp.cli.house import SYSTEM, Refused, open_context, plain_errors


@click.group()
def visit() -> None:
    """Visits that could not come in by themselves."""


@visit.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@plain_errors
def import_file(file: Path) -> None:
    """Take in the rescue FILE; doing so again changes nothing. Exit 0 where all of it is in, else 2."""
    from auditapp.services.visits.rescue import import_visit
    from auditapp.services.visits.rescue_file import read_file

    with open_context() as context:
        try:
            with file.open("rb") as source:
                found = read_file(source)
        except OSError as error:
            raise Refused(f"{file}: can't be read ({error.strerror}).") from None
        done = import_visit(context, SYSTEM, found)
    counts = f"{done.answers} answers, {done.photos} photos and {done.taken_back} removals of photos were new."
    click.echo(f"List {done.number:02}: {counts if done.changed else 'nothing new, the server had all of it.'}")
    if done.receipt:
        click.echo(f"The visit {'is sent' if done.sent else 'was sent before'}, receipt {done.receipt.shown}.")
    else:
        click.echo("The visit is not sent yet: the shopper can go on with it and send it.")
    for fault in done.faults:
        number = done.numbers.get(fault.question)
        click.echo(f"question {number}: {fault.error}" if number else str(fault.error), err=True)
    sys.exit(2 if done.faults else 0)
