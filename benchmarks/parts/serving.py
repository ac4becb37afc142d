"""Servers as in production, browsers that keep their connection, and the one line that each figure is."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = re.compile(rb'name="csrf_token"[^>]*?value="([^"]*)"')
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A gunicorn that answers on ``port``; ``pids`` are its workers."""

    port: int
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """What the workers have used of the processor so far, their children included."""
        return sum(_cpu_ticks(pid) for pid in self.pids) / TICK


@contextmanager
def serve(
    app: str, folder: Path, environment: Mapping[str, str], workers: int = 1, threads: int = 4
) -> Iterator[Server]:
    """Run ``app`` ("module:name") on loopback with the worker class that `make run` uses."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
        "--workers", str(workers), "--threads", str(threads), "--log-level", "warning",
    ]  # fmt: skip
    log = folder / f"{app.partition(':')[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output)
    try:
        _wait(port, process, log)
        yield Server(port, _children(process.pid, workers))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Answer:
    """A response, read to its end."""

    status: int
    body: bytes
    location: str

    def json(self) -> dict[str, object]:
        """The body as JSON."""
        found: dict[str, object] = json.loads(self.body)
        return found


@dataclass
class Browser:
    """One connection that is kept, with its cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; once more where the server has closed the idle connection meanwhile."""
        told = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **(headers or {})}
        for last in (False, True):
            try:
                self._connection.request(method, path, body, told)
                response = self._connection.getresponse()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()
                if last:
                    raise
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, response.read(), response.headers.get("Location", ""))

    def sign_in(self, email: str, password: str) -> None:
        """Fill the sign-in form."""
        page = self.send("GET", "/sign-in")
        token = TOKEN.search(page.body)
        assert token, "the sign-in form has no token"
        form = {"csrf_token": token[1].decode(), "email": email, "password": password}
        sent = self.send(
            "POST", "/sign-in", urllib.parse.urlencode(form).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        assert sent.status == 303, f"sign-in answered {sent.status}"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def report(figure: str, value: float, unit: str, guide: str, **about: object) -> None:
    """Print one figure."""
    print(json.dumps({"figure": figure, "value": round(value, 3), "unit": unit, "guide": guide, **about}), flush=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a request is answered, so that the app is loaded, too."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            Browser(port).send("GET", "/healthz")
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _children(pid: int, count: int) -> tuple[int, ...]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(found) == count, f"{len(found)} workers instead of {count}"
    return tuple(map(int, found))


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
