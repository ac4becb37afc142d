"""`flask storage verify`: do photos and files agree?"""

from __future__ import annotations

import click

from auditapp.cli.house import open_context, plain_errors


@click.group()
def storage() -> None:
    """The files of photos."""


@storage.command()
@click.option("--delete-orphans", is_flag=True, help="Remove files of no photo that are older than an hour.")
@click.option("--mend", is_flag=True, help="Make small pictures that are missing or wrong again, from the large ones.")
@plain_errors
def verify(delete_orphans: bool, mend: bool) -> None:
    """Compare every photo with its files; exit 1 where they differ.

    Reads every file: a large one must have its hash, a small one be a whole JPEG. An upload that is under way may show
    as an orphan for a moment.
    """
    from auditapp.services import photo_files

    with open_context() as context:
        found = photo_files.verify(context, delete_orphans, mend)
    kinds = (("missing", found.missing), ("orphan", found.orphans), ("wrong hash", found.wrong))
    click.echo(", ".join(f"{name} {len(keys)}" for name, keys in kinds))
    for name, keys in kinds:
        for key in keys:
            click.echo(f"{name}: {key}")
    if found.removed:
        click.echo(f"{found.removed} orphans are removed.")
    if found.mended:
        click.echo(f"Small pictures made again: {found.mended}.")
    if not found.clean:
        raise SystemExit(1)
