"""`flask setup`, `migrate`, `backup`, `restore`, `user`, `rollups`, `demo`: what an operator sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select

from auditapp import cli, config
from auditapp.db import migrate
from auditapp.db.schema import AuditEvent, Chain, ChecklistVersion, Region, StorePeriod, User
from auditapp.services import accounts
from auditapp.services.context import Context, make_context
from tests.factories import make_published_visit, make_world

COMMANDS = {command.name: command for command in cli.COMMANDS}
ANSWERS = [
    "Northgate Grocers", "Store Standards", "ko", "N", "North", "Ada Admin", "ada@example.org",
    "a long password", "a long password",
]  # fmt: skip


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a new install."""
    monkeypatch.setenv("AUDITAPP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AUDITAPP_DATABASE_URL", database_url)
    for name in ("AUDITAPP_DEMO", "PUBLIC_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)


def flask(*words: str, answers: list[str] | None = None) -> Result:
    command = COMMANDS[words[0]]
    return CliRunner().invoke(command, words[1:], input="\n".join(answers or []) + "\n")


def refused(result: Result, about: str) -> bool:
    """Whether a command ended with one line on stderr that says ``about``, and 2."""
    return result.exit_code == 2 and result.stderr.count("\n") == 1 and about in result.stderr


def opened() -> Context:
    return make_context(config.load())


def test_setup_asks_for_everything_and_the_admin_can_sign_in() -> None:
    result = flask("setup", answers=ANSWERS)
    assert result.exit_code == 0, result.output
    assert "a long password" not in result.output
    context = opened()
    with context.read() as session:
        chain = session.get_one(Chain, 1)
        assert (chain.name, chain.programme, chain.language) == ("Northgate Grocers", "Store Standards", "ko")
        assert session.scalars(select(Region.name)).all() == ["North"]
        assert session.execute(select(User.email, User.role)).all() == [("ada@example.org", "admin")]
    assert accounts.sign_in(context, "ada@example.org", "a long password", "127.0.0.1")


def test_setup_asks_again_for_what_is_not_right() -> None:
    wrong = [*ANSWERS[:6], "ada", "ada@example.org", "short", "short", "a long password", "a long password"]
    result = flask("setup", answers=wrong)
    assert result.exit_code == 0, result.output
    assert "not an e-mail address" in result.output
    assert "fewer than" in result.output


def test_setup_refuses_a_second_first_admin() -> None:
    flask("setup", answers=ANSWERS)
    assert refused(flask("setup", answers=ANSWERS), "has an administrator")


def test_setup_refuses_demo_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITAPP_DEMO", "1")
    assert refused(flask("setup", answers=ANSWERS), "Demo mode is on")


def test_migrate_can_be_run_again() -> None:
    assert f"to {migrate.head()}" in flask("migrate").output
    assert f"is at {migrate.head()}" in flask("migrate").output


@pytest.mark.parametrize("words", [("worker", "--once"), ("rollups", "rebuild"), ("user", "reset-link", "a@b.example")])
def test_a_database_without_tables_is_told_with_what_to_do(words: tuple[str, ...]) -> None:
    assert refused(flask(*words), "flask migrate")


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISH_DELAY_HOURS", "soon")
    assert refused(flask("migrate"), "PUBLISH_DELAY_HOURS")


def test_a_database_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUDITAPP_DATABASE_URL", f"sqlite:///{tmp_path}/no/such/folder.sqlite3")
    assert refused(flask("migrate"), "AUDITAPP_DATABASE_URL")


def test_a_reset_link_lets_the_person_set_a_password() -> None:
    flask("setup", answers=ANSWERS)
    result = flask("user", "reset-link", "Ada@Example.org")
    token = re.fullmatch(r"http://127\.0\.0\.1:8000/link/(\S+)\n", result.stdout)
    assert token is not None, result.output
    accounts.use_link(opened(), token.group(1), "another long password")
    assert accounts.sign_in(opened(), "ada@example.org", "another long password", "127.0.0.1")
    assert refused(flask("user", "reset-link", "nobody@example.org"), "Nobody here")


def test_a_checklist_is_published_once_and_never_changed(tmp_path: Path) -> None:
    flask("migrate")
    file = tmp_path / "cafe.yaml"
    text = (Path(__file__).parents[2] / "checklists" / "cafe.yaml").read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    assert "is published" in flask("checklist", "publish", str(file)).stdout
    assert "was published before" in flask("checklist", "publish", str(file)).stdout
    file.write_text(text.replace("minutes: ", "minutes: 1", 1), encoding="utf-8")
    assert refused(flask("checklist", "publish", str(file)), "never change")
    with opened().read() as session:
        assert session.scalar(select(func.count()).select_from(ChecklistVersion)) == 1
        assert session.scalars(select(AuditEvent.kind)).all() == ["checklist.published"]


def test_rollups_are_rebuilt_from_the_visits() -> None:
    flask("migrate")
    context = opened()
    with context.write() as session:
        make_published_visit(session, make_world(session))
    assert flask("rollups", "rebuild").exit_code == 0
    with context.read() as session:
        assert session.scalars(select(StorePeriod.visits)).all() == [1]


def test_a_backup_goes_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flask("setup", answers=ANSWERS)
    file = str(tmp_path / "backup.tar")
    assert flask("backup", file).exit_code == 0
    assert refused(flask("restore", file), "not empty")
    monkeypatch.setenv("AUDITAPP_DATA", str(tmp_path / "new"))
    monkeypatch.setenv("AUDITAPP_DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite3")
    assert flask("restore", file).exit_code == 0
    with opened().read() as session:
        assert session.get_one(Chain, 1).name == "Northgate Grocers"


def test_demo_accounts_exist_in_demo_mode_only(tmp_path: Path) -> None:
    flask("migrate")
    assert refused(flask("demo", "load"), "only in demo mode")
    assert not (tmp_path / "data" / "demo").exists()


def test_the_web_program_has_every_command_too(app: Flask) -> None:
    assert set(COMMANDS) <= set(app.cli.commands)
