"""Web and worker together, from nothing: `make run`.

Without a real install in the data folder this is the demo: the database is made and filled on the first start. Ctrl-C
or SIGTERM stops both children and exits 0; if one of them dies, the other is stopped too, and the exit code is 1. A
wrong setting or a taken port is one line and 2.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DATABASE, MARK = "auditapp.sqlite3", "demo"
START_SECONDS, STOP_SECONDS = 60.0, 25.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Child = subprocess.Popen[bytes]


class Stop(Exception):
    """Somebody asked this program to end."""


def main() -> int:
    """Prepare, start both, and watch them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ask_to_stop)
    os.chdir(ROOT)
    port = _port()
    if port is None:
        return 2
    os.environ["PORT"] = str(port)
    children: dict[str, Child] = {}
    try:
        sign_ins = _prepare()
        if sign_ins is None:
            return 2
        children["web"] = _start("gunicorn", "wsgi:app")
        children["worker"] = _start("flask", "worker")
        if _wait_until_served(port, children):
            _greet(port, sign_ins)
        return _watch(children)
    except Stop:
        return 0 if _stop(children) else 1


def _ask_to_stop(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # one request is enough; the way down has its own limit
    raise Stop


def _port() -> int | None:
    """The port to serve on, which must be free; None with a word of why not."""
    words = os.environ.get("PORT", "").strip() or "8000"
    if not words.isdecimal() or not 0 < int(words) < 65536:
        print(f"PORT is {words!r}; set it to a number from 1 to 65535.", file=sys.stderr)
        return None
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(words)))
        except OSError as error:
            print(
                f"Port {words} can't be used ({error.strerror}). Stop the other program or choose another port: "
                f"make run PORT={int(words) % 65535 + 1}",
                file=sys.stderr,
            )
            return None
    return int(words)


def _prepare() -> str | None:
    """Migrate, and fill the demo; the sign-ins to print ("" in a real install). None where something is wrong."""
    data = Path(os.environ.get("AUDITAPP_DATA", "var"))
    demo = os.environ.setdefault("AUDITAPP_DEMO", "1" if _is_demo(data) else "0").strip().lower() in {"1", "true"}
    if demo:
        _drop_unfinished(data)
    if _flask("migrate", quiet=True) is None:
        return None
    if not demo:
        return ""
    if not (data / MARK).exists():
        print("Filling the demo chain; this takes a minute and happens once ...", flush=True)
        return _flask("demo", "load")
    return (data / MARK).read_text(encoding="utf-8")


def _is_demo(data: Path) -> bool:
    """Whether this data folder is a demo, or nothing yet. Only a demo has the mark, so a real install stays real."""
    if (data / MARK).exists():
        return True
    url = os.environ.get("PUBLIC_URL", "")
    elsewhere = os.environ.get("AUDITAPP_DATABASE_URL") or (url and urlsplit(url).hostname not in LOOPBACK)
    return not elsewhere and not _has_chain(data / DATABASE)


def _has_chain(database: Path) -> bool:
    """Whether the embedded database holds a chain, which `flask setup` or `flask restore` put there."""
    if not database.exists():
        return False
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT 1 FROM chain").fetchone() is not None
        except sqlite3.OperationalError:
            return False


def _drop_unfinished(data: Path) -> None:
    """Begin again where filling the demo was interrupted."""
    mark = data / MARK
    if mark.exists() and not mark.stat().st_size:
        for path in data.glob(f"{DATABASE}*"):
            path.unlink()
        shutil.rmtree(data / "files", ignore_errors=True)
        mark.unlink()


def _flask(*words: str, quiet: bool = False) -> str | None:
    """What a command prints; None where it failed, which it has explained on stderr."""
    done = subprocess.run([BIN / "flask", *words], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return None
    return "" if quiet else done.stdout


def _start(program: str, *words: str) -> Child:
    """A child outside of the terminal's group, so that Ctrl-C comes to us alone and the way down has an order."""
    return subprocess.Popen([BIN / program, *words], start_new_session=True, preexec_fn=_die_with_parent)


def _die_with_parent() -> None:
    """On Linux: let a child end even if this program is killed outright (prctl's PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _wait_until_served(port: int, children: dict[str, Child]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(child.poll() is None for child in children.values()):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _greet(port: int, sign_ins: str) -> None:
    print(f"\nReady: {os.environ.get('PUBLIC_URL') or f'http://127.0.0.1:{port}'}\n")
    if sign_ins:
        print(f"Sign in as one of these (they exist in this demo only):\n{sign_ins}")
    else:
        print("A real install. If nobody can sign in yet, run `.venv/bin/flask setup` beside this.")
    print("Ctrl-C stops it.", flush=True)


def _watch(children: dict[str, Child]) -> int:
    """Wait for the first child to end, which none should, and stop the others."""
    while True:
        for name, child in children.items():
            if (code := child.poll()) is not None:
                print(f"The {name} process ended by itself (exit code {code}); stopping everything.", file=sys.stderr)
                _stop(children)
                return 1
        time.sleep(0.2)


def _stop(children: dict[str, Child]) -> bool:
    """End all children: politely, then by force. Whether politeness was enough."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline, polite = time.monotonic() + STOP_SECONDS, True
    for name, child in children.items():
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"The {name} process did not end in time and was killed.", file=sys.stderr)
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            polite = False
    return polite


if __name__ == "__main__":
    sys.exit(main())
