"""`flask visit import` as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditapp import cli, config
from auditapp.db import migrate
from auditapp.services.context import make_context
from auditapp.services.visits import sending
from tests.factories import GOOD, make_assignment, make_world
from tests.rescue_files import an_answer, rescue_file

ANSWERS = [an_answer(key, value, seq) for seq, (key, value) in enumerate(GOOD.items(), 1)]


@pytest.fixture
def visit(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A visit that has begun, in an install of its own."""
    monkeypatch.setenv("AUDITAPP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AUDITAPP_DATABASE_URL", database_url)
    context = make_context(config.load())
    migrate.upgrade(context.database)
    with context.write() as session:
        world = make_world(session)
        found = sending.start(session, world.shopper, make_assignment(session, world).public_id, context.now())
    context.database.dispose()
    return found


def load(file: Path) -> Result:
    command = next(command for command in cli.COMMANDS if command.name == "visit")
    return CliRunner().invoke(command, ["import", str(file)])


def test_it_tells_what_was_new_and_the_second_time_that_nothing_was(visit: str, tmp_path: Path) -> None:
    file = tmp_path / "list.html"
    file.write_bytes(rescue_file(visit, ANSWERS, state="ready", notDone="The store was closed."))
    first = load(file)
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout.startswith(
        "List 04: 6 answers, 0 photos and 0 removals of photos were new.\nThe visit is sent,"
    )
    again = load(file)
    assert again.exit_code == 0
    assert again.stdout.startswith(
        "List 04: nothing new, the server had all of it.\nThe visit was sent before, receipt"
    )


def test_what_could_not_be_taken_in_is_named_and_it_ends_with_2(visit: str, tmp_path: Path) -> None:
    file = tmp_path / "list.html"
    file.write_bytes(rescue_file(visit, [*ANSWERS, an_answer("S-RNG-1", "maybe", 9)]))
    found = load(file)
    assert found.exit_code == 2
    assert found.stdout.startswith("List 04: 6 answers")
    assert "The visit is not sent yet" in found.stdout
    assert found.stderr.startswith("question 1: ")


@pytest.mark.parametrize(("data", "words"), [(b"%PDF", "not a rescue file"), (None, "can't be read")])
def test_something_else_is_refused_in_one_line(visit: str, tmp_path: Path, data: bytes | None, words: str) -> None:
    file = tmp_path / "list.html"
    if data is not None:
        file.write_bytes(data)
    found = load(file)
    assert (found.exit_code, found.stdout, found.stderr.count("\n")) == (2, "", 1)
    assert words in found.stderr
