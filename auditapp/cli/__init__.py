"""Every `flask …` command.

Flask finds them as plugins of the installed project (`flask.commands` in pyproject.toml), so that a command starts
without the web program, and `flask checklist check` without settings, data folder or database.
"""

from __future__ import annotations

from flask import Flask

from auditapp.cli.checklists import checklist
from auditapp.cli.demo import demo
from auditapp.cli.installing import backup, migrate, restore, setup
from auditapp.cli.people import user
from auditapp.cli.running import rollups, worker
from auditapp.cli.storage import storage
from auditapp.cli.visits import visit

COMMANDS = (backup, checklist, demo, migrate, restore, rollups, setup, storage, user, visit, worker)


def install(app: Flask) -> None:
    """Give ``app`` the commands too, where the project is run without being installed."""
    for command in COMMANDS:
        app.cli.add_command(command)
