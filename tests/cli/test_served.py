"""gunicorn itself, without a proxy: it starts only where it can serve, and every refusal reaches the phone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditapp import config
from auditapp.db import migrate
from auditapp.db.schema import User
from auditapp.db.session import Database
from auditapp.gate.request import COOKIE
from auditapp.services.accounts.sign_ins import open_sign_in
from auditapp.services.context import make_context
from auditapp.services.visits import sending
from tests.factories import make_assignment, make_world
from tests.photo_factory import encode, picture

ROOT = Path(__file__).parents[2]
SECONDS = 60
UUID = "00000000-0000-4000-8000-000000000001"
FORM = "application/x-www-form-urlencoded"


def environ(data: Path, **settings: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AUDITAPP_")}
    for name in ("PUBLIC_URL", "TRUSTED_PROXIES", "PUBLISH_DELAY_HOURS"):
        own.pop(name, None)
    return {**own, "AUDITAPP_DATA": str(data), "PORT": str(free_port()), **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def migrated(data: Path) -> Path:
    database = Database(f"sqlite:///{data / 'auditapp.sqlite3'}")
    migrate.upgrade(database)
    database.dispose()
    return data


def start(env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [Path(sys.executable).parent / "gunicorn", "wsgi:app"], cwd=ROOT, env=env, stdout=out, stderr=out
        )


def wait_until_served(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if b"200 OK" in ask(port, "GET", "/healthz", "text/plain", b""):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(SECONDS)


@dataclass(frozen=True)
class Served:
    """A running server, and the cookie of a shopper who is signed in."""

    port: int
    cookie: str
    visit: str
    photo: bytes


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of a small chain, for all tests that only ask."""
    data = migrated(tmp_path_factory.mktemp("served"))
    env = environ(data)
    context = make_context(config.load(env))
    with context.write() as session:
        world = make_world(session)
        sun = session.get_one(User, world.shopper.user_id)
        cookie = f"{COOKIE}={open_sign_in(session, sun.id, sun.public_id, context.now())}"
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, context.now())
    context.database.dispose()
    process = start(env, data / "web.log")
    try:
        wait_until_served(int(env["PORT"]), process, data / "web.log")
        yield Served(int(env["PORT"]), cookie, visit, encode(picture(400, 300), "JPEG"))
    finally:
        stop(process)


def ask(
    port: int, method: str, path: str, kind: str, body: bytes, announced: int | str | None = None, cookie: str = ""
) -> bytes:
    """The whole answer to a call of a client that sends all of its body before it reads anything, as phones do.
    ``announced``: another length than the body's, or "chunked" where it comes in chunks."""
    length = f"Content-Length: {len(body) if announced is None else announced}"
    framing = "Transfer-Encoding: chunked" if announced == "chunked" else length
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Auditapp: 1\r\nX-Question: S-RNG-1\r\n"
        f"Cookie: {cookie}\r\n"
        f"Content-Type: {kind}\r\n{framing}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as line:
        line.sendall(head.encode() + body)
        if announced is not None:
            line.shutdown(socket.SHUT_WR)
        found = b""
        while chunk := line.recv(65536):
            found += chunk
    return found


def parted(answer: bytes) -> tuple[int, dict[str, str]]:
    """The status and the JSON's error."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize(
    ("method", "path", "kind", "size"),
    [
        ("PATCH", "/api/v1/visits/x/answers", "application/json", 3 * 2**20),
        ("PATCH", "/api/v1/visits/x/answers", FORM, 5 * 2**20),
        ("POST", "/api/v1/visits/x/submit", "application/json", 50 * 2**20),
    ],
)
def test_what_is_too_large_is_told_so_to_a_client_that_sends_first(
    served: Served, method: str, path: str, kind: str, size: int
) -> None:
    status, error = parted(ask(served.port, method, path, kind, b" " * size, cookie=served.cookie))
    assert (status, error["code"]) == (413, "too_large")


def test_a_photo_without_a_sign_in_hears_so_although_nobody_wants_its_bytes(served: Served) -> None:
    answer = ask(served.port, "PUT", f"/api/v1/visits/x/photos/{UUID}", "image/jpeg", b"\xff" * 12 * 2**20)
    status, error = parted(answer)
    assert (status, error["code"]) == (401, "sign_in_needed")


def test_a_form_that_is_too_large_gets_its_page(served: Served) -> None:
    answer = ask(served.port, "POST", "/sign-in", FORM, b"a&" * 2**20)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"larger than the server accepts" in answer


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_a_photo_that_was_cut_on_its_way_is_asked_for_again_and_then_taken(served: Served) -> None:
    def put(body: bytes, announced: int | str | None = None) -> bytes:
        path = f"/api/v1/visits/{served.visit}/photos/{UUID}"
        return ask(served.port, "PUT", path, "image/jpeg", body, announced, served.cookie)

    whole, half = served.photo, served.photo[: len(served.photo) // 2]
    for cut in (put(half, len(whole)), put(b"", len(whole)), put(chunk(half), "chunked")):
        status, error = parted(cut)
        assert (status, error["field"]) == (422, "sha256")
    assert put(chunk(whole[:100]) + chunk(whole[100:]) + chunk(b""), "chunked").startswith(b"HTTP/1.1 201 ")
    assert put(whole).startswith(b"HTTP/1.1 200 "), "the same bytes are the same photo"


def test_what_nobody_would_ever_read_is_not_waited_for(served: Served) -> None:
    begun = time.monotonic()
    answer = ask(served.port, "PUT", f"/api/v1/visits/x/photos/{UUID}", "image/jpeg", b"", announced=10**12)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert time.monotonic() - begun < 10


def refused(tmp_path: Path, **settings: str) -> list[str]:
    """What gunicorn says before it ends, line by line."""
    done = subprocess.run(
        [Path(sys.executable).parent / "gunicorn", "wsgi:app"], cwd=ROOT, env=environ(tmp_path, **settings),
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_the_web_program_does_not_start_on_a_database_without_tables(tmp_path: Path) -> None:
    (line,) = refused(tmp_path)
    assert "The database is empty" in line
    assert line.endswith("Run `flask migrate`.")


def test_the_web_program_does_not_start_on_a_database_of_a_newer_version(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{migrated(tmp_path) / 'auditapp.sqlite3'}")
    with database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.dispose()
    (line,) = refused(tmp_path)
    assert "a newer version was here" in line


def test_a_wrong_setting_stops_the_web_program_with_one_line(tmp_path: Path) -> None:
    assert refused(migrated(tmp_path), PUBLISH_DELAY_HOURS="soon") == [
        "PUBLISH_DELAY_HOURS is 'soon'; set it to a number from 0 up."
    ]


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({"PUBLIC_URL": "https://visits.example.org"}, 1),
        ({"PUBLIC_URL": "https://visits.example.org", "TRUSTED_PROXIES": "1"}, 0),
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, 0),
    ],
)
def test_https_without_a_trusted_proxy_is_warned_of_once(tmp_path: Path, settings: dict[str, str], lines: int) -> None:
    env, log = environ(migrated(tmp_path), **settings), tmp_path / "web.log"
    process = start(env, log)
    try:
        wait_until_served(int(env["PORT"]), process, log)
    finally:
        stop(process)
    assert log.read_text(encoding="utf-8").count("TRUSTED_PROXIES is 0") == lines
