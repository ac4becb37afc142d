"""`flask worker` and `flask rollups`."""

from __future__ import annotations

import signal
import threading

import click

from auditapp.cli.house import open_context, plain_errors


@click.command()
@click.option("--once", is_flag=True, help="Stop when nothing is due.")
@plain_errors
def worker(once: bool) -> None:
    """Do the jobs of the queue until told to stop; the job in hand is ended first."""
    from auditapp import pdf
    from auditapp import worker as loop

    pdf.check_renderer()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_context() as context:
        loop.run(context, stop, once)


@click.group()
def rollups() -> None:
    """The figures that pages read instead of raw visits."""


@rollups.command()
@plain_errors
def rebuild() -> None:
    """Compute all figures anew from the published visits."""
    from auditapp.services.comparison import rebuild_everything

    with open_context() as context:
        rows = rebuild_everything(context)
    click.echo(f"{rows} rows of the stored comparison, one per store and wave.")
