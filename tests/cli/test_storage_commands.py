"""`flask storage verify`."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditapp import cli, config
from auditapp.db import migrate
from auditapp.services.context import make_context
from auditapp.services.visits import evidence, sending
from tests.factories import NOW, make_assignment, make_world
from tests.photo_factory import encode, picture

STRAY = "photos/ab/cd/stray.jpg"


@pytest.fixture(autouse=True)
def stored(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An install with one file that belongs to no photo; gives that file."""
    monkeypatch.setenv("AUDITAPP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AUDITAPP_DATABASE_URL", database_url)
    context = make_context(config.load())
    migrate.upgrade(context.database)
    context.storage.put(STRAY, b"x")
    context.database.dispose()
    return context.settings.storage_root / STRAY


def verify(*options: str) -> Result:
    command = next(command for command in cli.COMMANDS if command.name == "storage")
    return CliRunner().invoke(command, ["verify", *options])


def test_it_counts_and_names_what_is_wrong_and_ends_with_1() -> None:
    found = verify()
    assert (found.exit_code, found.stdout) == (1, f"missing 0, orphan 1, wrong hash 0\norphan: {STRAY}\n")


def test_it_removes_old_orphans_when_asked_and_ends_with_0(stored: Path) -> None:
    assert verify("--delete-orphans").exit_code == 1
    os.utime(stored, (time.time() - 7200,) * 2)
    found = verify("--delete-orphans")
    assert (found.exit_code, found.stdout) == (0, "missing 0, orphan 0, wrong hash 0\n1 orphans are removed.\n")
    assert not stored.exists()
    assert verify().exit_code == 0


def test_it_makes_broken_small_pictures_again_when_asked(stored: Path) -> None:
    stored.unlink()
    context = make_context(config.load())
    with context.write() as session:
        world = make_world(session)
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, NOW)
    data = io.BytesIO(encode(picture(640, 480), "JPEG"))
    evidence.put_photo(context, world.shopper, visit, "00000000-0000-4000-8000-000000000001", "S-RNG-1", data)
    assert verify().exit_code == 0
    (small,) = (key for key in context.storage.keys("photos/") if key.endswith("-s.jpg"))
    context.storage.put(small, b"")
    context.database.dispose()

    found = verify()
    assert (found.exit_code, found.stdout) == (1, f"missing 0, orphan 0, wrong hash 1\nwrong hash: {small}\n")
    mended = verify("--mend")
    assert mended.stdout == "missing 0, orphan 0, wrong hash 0\nSmall pictures made again: 1.\n"
    assert (mended.exit_code, verify().exit_code) == (0, 0)
