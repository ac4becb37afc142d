"""Write the migration between the last revision and the models: `make migration NAME="visits get a colour"`.

`--initial` writes the single first revision anew, which is allowed only until there is a second one or a release.
Read what comes out before you commit it: a generated migration knows nothing about renames and data.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from auditapp.db import migrate
from auditapp.db.session import Database

ROOT = Path(__file__).parent.parent
VERSIONS = migrate.SCRIPTS / "versions"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="", help="what changes, in a few words")
    parser.add_argument("--initial", action="store_true", help="write the first revision anew")
    arguments = parser.parse_args()
    if arguments.initial:
        return _write_initial()
    if not arguments.name:
        parser.error('say what changes: make migration NAME="visits get a colour"')
    return _write(arguments.name)


def _write_initial() -> int:
    known = sorted(VERSIONS.glob("[0-9]*.py"))
    if len(known) > 1 or _released():
        print("There is a second revision or a release: databases out there have the first one. Add a migration.")
        return 1
    for path in known:
        path.unlink()
    return _write("the first tables")


def _released() -> bool:
    tags = subprocess.run(["git", "tag", "--list", "v*"], cwd=ROOT, capture_output=True, text=True, check=False)
    return bool(tags.stdout.strip())


def _write(name: str) -> int:
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.sqlite3")
        if number != "0001":
            migrate.upgrade(database)
        with database.writer.connect() as connection, connection.begin():
            made = command.revision(migrate.configuration(connection), name, autogenerate=True, rev_id=number)
        database.dispose()
    path = made.path if isinstance(made, Script) else None
    if path is None:
        return 1
    for tool in (["format"], ["check", "--fix"]):
        subprocess.run([sys.executable, "-m", "ruff", *tool, "--quiet", path], cwd=ROOT, check=True)
    print(f"{Path(path).relative_to(ROOT)} is written. Read it before you commit it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
