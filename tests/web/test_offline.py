"""What the server gives to a phone that is to work without signal: worker, manifest, pictures, neutral titles."""

from __future__ import annotations

import gzip
import io
import json
import re

import pytest
from flask import Flask
from PIL import Image

from auditapp.domain.roles import Actor
from auditapp.services.context import Context
from tests.factories import World, make_assignment, make_world
from tests.web.clients import signed_in

USER = "X-Auditapp-User"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


def files_of(script: str) -> list[str]:
    found = re.search(r"^const FILES = (\[.*\]);$", script, re.MULTILINE)
    assert found
    listed: list[str] = json.loads(found[1])
    return listed


def test_the_worker_stands_at_the_root_and_is_asked_for_each_time(app: Flask) -> None:
    answer = app.test_client().get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_worker_stays_inside_its_budget(app: Flask) -> None:
    assert len(gzip.compress(app.test_client().get("/sw.js").data)) <= 2_000


def test_the_worker_keeps_every_static_file_that_a_shoppers_page_names(
    app: Flask, context: Context, world: World
) -> None:
    with context.write() as session:
        brief = f"/visits/assignments/{make_assignment(session, world).public_id}"
    client = signed_in(app, context, world.shopper)
    listed = files_of(client.get("/sw.js").text)
    assert [client.get(path).status_code for path in listed] == [200] * len(listed)
    for path in ("/visits", brief, "/account", "/visits/waiting", "/offline"):
        page = client.get(path).text
        named = {n for n in re.findall(r"/static/\w+/[\w./-]+", page) if not n.endswith(".png")}
        assert named
        assert named <= set(listed), path


def test_every_module_that_a_kept_module_imports_is_kept_too(app: Flask) -> None:
    client = app.test_client()
    listed = files_of(client.get("/sw.js").text)
    for path in (path for path in listed if path.endswith(".js")):
        folder = path.rpartition("/")[0]
        for name in re.findall(r'^import [^;]*"\./([\w.]+)"', client.get(path).text, re.MULTILINE):
            assert f"{folder}/{name}" in listed, path


def test_the_home_screen_shows_a_neutral_name_and_our_own_pictures(app: Flask) -> None:
    client = app.test_client()
    manifest = client.get("/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json"
    told = json.loads(manifest.data)
    assert (told["name"], told["short_name"], told["start_url"], told["display"]) == (
        "Lists", "Lists", "/visits", "standalone",
    )  # fmt: skip
    for icon in told["icons"]:
        picture = Image.open(io.BytesIO(client.get(icon["src"]).data))
        assert icon["sizes"] == f"{picture.width}x{picture.height}"
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}


def test_the_name_is_in_the_readers_language(app: Flask) -> None:
    told = json.loads(app.test_client().get("/manifest.webmanifest", headers={"Accept-Language": "ko"}).data)
    assert told["lang"] == "ko"
    assert told["name"] != "Lists"


def test_what_everybody_may_keep_names_nobody(app: Flask, context: Context, world: World) -> None:
    client = signed_in(app, context, world.shopper)
    assert USER not in client.get("/offline").headers
    assert USER not in app.test_client().get("/sign-in").headers
    assert "data-user" not in app.test_client().get("/sign-in").text


@pytest.mark.parametrize("path", ["/visits", "/visits/waiting"])
def test_a_shoppers_page_names_its_user(app: Flask, context: Context, world: World, path: str) -> None:
    answer = signed_in(app, context, world.shopper).get(path)
    assert answer.headers[USER] == str(world.shopper.user_id)
    assert f'data-user="{world.shopper.user_id}"' in answer.text


def test_a_page_of_any_other_role_says_that_the_phone_has_changed_hands(
    app: Flask, context: Context, world: World
) -> None:
    def of(actor: Actor, path: str) -> str | None:
        return signed_in(app, context, actor).get(path, follow_redirects=True).headers.get(USER)

    assert of(world.reviewer, "/review") == "-"
    assert of(world.admin, "/admin") == "-"
    assert of(world.manager, "/account") == "-"
    assert of(world.shopper, "/account") is None


def test_no_store_stands_in_a_title(app: Flask, context: Context, world: World) -> None:
    with context.write() as session:
        brief = f"/visits/assignments/{make_assignment(session, world).public_id}"
    client = signed_in(app, context, world.shopper)
    titles = [re.findall("<title>(.*?)</title>", client.get(path).text)[0] for path in ("/visits", brief, "/account")]
    assert titles[0] == "Lists"
    assert re.fullmatch(r"List \d\d", titles[1])
    assert titles[2] == "Account"
