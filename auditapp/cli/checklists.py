"""`flask checklist …`: check, score and schema need no settings, no data folder and no database."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from auditapp.cli.house import SYSTEM, Refused, open_context, plain_errors
from auditapp.domain.checklist import Method
from auditapp.domain.errors import InvalidInput

FILE = click.argument("file", type=click.Path(path_type=Path))
MOST_ANSWERS_BYTES = 4 * 2**20


@click.group()
def checklist() -> None:
    """Check, score and publish checklist files."""


@checklist.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@plain_errors
def check(files: tuple[Path, ...]) -> None:
    """Say what is wrong with FILES, by line and column. Exit 0 where nothing is, or warnings only; else 2."""
    from auditapp.services.checklist_files import check_file

    wrong = False
    for file in files:
        problems = check_file(file)
        for problem in problems:
            click.echo(problem)
        errors = sum(not problem.warning for problem in problems)
        wrong = wrong or errors > 0
        click.echo(f"{file}: {errors} errors, {len(problems) - errors} warnings", err=True)
    sys.exit(2 if wrong else 0)


@checklist.command()
@FILE
@click.argument("answers")
@click.option("--method", type=click.Choice(["mystery", "observation"]), help="How the visit is made; else as in FILE.")
@plain_errors
def score(file: Path, answers: str, method: str | None) -> None:
    """Score the ANSWERS (a JSON file, or - for stdin) by the checklist FILE; prints JSON."""
    from auditapp.services.checklist_files import check_file, score_file

    report = score_file(file, _text(answers), Method(method) if method else None)
    for warning in check_file(file):
        click.echo(warning, err=True)
    click.echo(json.dumps(report))


@checklist.command()
@plain_errors
def schema() -> None:
    """Print the JSON Schema of the format, for editors."""
    from auditapp.checklist_yaml import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@checklist.command()
@FILE
@plain_errors
def publish(file: Path) -> None:
    """Publish FILE: from then on this version never changes."""
    from auditapp import checklist_yaml
    from auditapp.services.programme.checklists import publish_checklist

    found, warnings = checklist_yaml.load(file)
    for warning in warnings:
        click.echo(warning, err=True)
    with open_context() as context, context.write() as session:
        version, new = publish_checklist(session, SYSTEM, found, context.now())
        name = f"{version.key} version {version.version}"
    click.echo(f"{name} is published." if new else f"{name} was published before, with the same content.")


def _text(name: str) -> str:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_ANSWERS_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST_ANSWERS_BYTES + 1)
    except OSError as error:
        raise Refused(f"{name}: can't be read ({error.strerror}).") from None
    if len(data) > MOST_ANSWERS_BYTES:
        raise Refused(f"{name}: larger than 4 MB, which no checklist needs.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("{name} is not UTF-8 text (byte {at}).", name=name, at=error.start) from None
