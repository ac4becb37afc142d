"""/readyz: cheap, harmless, and short to strangers."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from flask import Flask

from auditapp import job_queue
from auditapp.services import health
from auditapp.services.context import Context
from tests.conftest import Clock
from tests.factories import World, make_world
from tests.web.clients import signed_in

STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


def test_it_writes_nothing(app: Flask, context: Context, world: World) -> None:
    before = sorted(context.settings.data.rglob("*"))
    assert app.test_client().get("/readyz").status_code == 200
    assert sorted(context.settings.data.rglob("*")) == before


def test_this_machine_is_told_of_the_queue_and_of_free_room(app: Flask, context: Context, clock: Clock) -> None:
    with context.write() as session:
        job_queue.enqueue(session, "publish", {"visit": 1}, clock() - timedelta(seconds=90))
    report = app.test_client().get("/readyz").json
    assert report.pop("free_bytes") > 0
    assert report == {
        "ready": True,
        "database": "ok",
        "storage": "ok",
        "queue": {"due": 1, "oldest_seconds": 90, "failed": 0},
    }


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "Via"])
def test_whoever_comes_through_a_proxy_on_this_machine_is_told_ok_alone(app: Flask, header: str) -> None:
    answer = app.test_client().get("/readyz", headers={header: "127.0.0.1"})
    assert (answer.status_code, answer.json) == (200, {"ready": True})


def test_a_stranger_is_told_ok_alone_and_an_admin_more(app: Flask, context: Context, world: World) -> None:
    assert app.test_client().get("/readyz", environ_overrides=STRANGER).json == {"ready": True}
    for who in ("shopper", "reviewer", "manager", "lead"):
        browser = signed_in(app, context, getattr(world, who))
        assert browser.get("/readyz", environ_overrides=STRANGER).json == {"ready": True}, who
    ada = signed_in(app, context, world.admin)
    assert ada.get("/readyz", environ_overrides=STRANGER).json["queue"]["due"] == 0


def test_without_its_folder_of_files_it_is_not_ready(app: Flask, context: Context) -> None:
    shutil.rmtree(context.settings.storage_root)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["storage"]) == (503, "unavailable")
    assert app.test_client().get("/readyz", environ_overrides=STRANGER).json == {"ready": False}


def test_with_a_full_disk_it_is_not_ready(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEAST_FREE", 2**63)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["storage"]) == (503, "full")


def test_without_its_database_it_is_not_ready_even_for_who_was_signed_in(
    app: Flask, context: Context, world: World
) -> None:
    ada = signed_in(app, context, world.admin)
    if not context.database.is_sqlite:
        pytest.skip("only the embedded database can be taken away here")
    context.database.dispose()
    (context.settings.data / "test.sqlite3").write_bytes(b"this is no database" * 100)
    for answer in (ada.get("/readyz", environ_overrides=STRANGER), ada.get("/readyz")):
        assert answer.status_code == 503
        assert answer.json["ready"] is False
