"""The program as it really runs, for browsers: gunicorn on a free loopback port over a data folder of its own.

Used by the browser tests and by `scripts/tour.py`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from sqlalchemy import delete

from auditapp.db.schema import Job
from auditapp.db.session import Database

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
START_SECONDS = 60
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # everything it loads is our own, and containers run it as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class House:
    """A running web program: its data folder and the address under which it is served."""

    data: Path
    base: str

    def work(self) -> None:
        """Let a worker do everything that is due, as the one beside a real install does."""
        flask(self.data, "worker", "--once")

    def log(self) -> str:
        """What the web program wrote."""
        return (self.data / "web.log").read_text(encoding="utf-8")


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium, or the one that Playwright brought along."""
    path = CHROMIUM if Path(CHROMIUM).exists() else None
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)


def flask(data: Path, *words: str, **settings: str) -> None:
    """Run one `flask …` command over a data folder."""
    subprocess.run([BIN / "flask", *words], cwd=ROOT, env=_env(data, settings), check=True, stdout=subprocess.DEVNULL)


def load_demo(data: Path) -> None:
    """Fill a new data folder with the demo chain, as `make run` does on an empty machine."""
    data.mkdir(parents=True)
    flask(data, "migrate")
    flask(data, "demo", "load")


def forget_queued_scorecards(data: Path) -> None:
    """Drop the hundred PDFs that a new demo chain asks for; each one that is read is asked for again."""
    database = Database(f"sqlite:///{data / 'auditapp.sqlite3'}")
    with database.write() as session:
        session.execute(delete(Job).where(Job.kind == "render_scorecard"))
    database.dispose()


@contextmanager
def serve(data: Path, port: int = 0, root: Path = ROOT) -> Iterator[House]:
    """The web program over ``data``, until the block ends; on any free port, from this tree or from a copy of it."""
    port = port or free_port()
    house = House(data, f"http://127.0.0.1:{port}")
    with (data / "web.log").open("ab") as log:
        web = subprocess.Popen(
            [BIN / "gunicorn", "wsgi:app"],
            cwd=root,
            env=_env(data, {"PORT": str(port), "AUDITAPP_LOG_JSON": "1"}),
            stdout=log,
            stderr=log,
        )
    try:
        _wait(house, web)
        yield house
    finally:
        web.terminate()
        try:
            web.wait(30)
        except subprocess.TimeoutExpired:
            web.kill()
            web.wait()


def copy(data: Path, target: Path) -> Path:
    """A data folder of one's own, made from one that nobody writes to."""
    shutil.copytree(data, target, ignore=shutil.ignore_patterns("web.log"))
    return target


def newer(root: Path) -> Path:
    """A copy of the program whose style sheet has changed."""
    for name in ("auditapp", "templates", "checklists"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, root / name)
    with (root / "auditapp" / "static" / "css" / "app.css").open("a") as sheet:
        sheet.write("/* newer */\n")
    return root


def _env(data: Path, settings: dict[str, str]) -> dict[str, str]:
    """The environment of a demo on SQLite: nothing that this machine sets for another install leaks in."""
    foreign = {"PUBLIC_URL", "TRUSTED_PROXIES", "PUBLISH_DELAY_HOURS", "FLASK_APP"}
    own = {key: value for key, value in os.environ.items() if not key.startswith("AUDITAPP_") and key not in foreign}
    return {**own, "AUDITAPP_DATA": str(data), "AUDITAPP_DEMO": "1", "TZ": "UTC", **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(house: House, web: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{house.base}/readyz", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            if web.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The web program did not start:\n{house.log()[-4000:]}") from None
            time.sleep(0.1)
