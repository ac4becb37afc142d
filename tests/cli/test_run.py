"""`make run`'s supervisor: both processes up together, down together, and the exit code says why."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 90


@dataclass
class Running:
    """The supervisor and what it has printed so far."""

    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list)

    def wait_for(self, words: str) -> None:
        """Wait until a line with ``words`` is printed."""
        deadline = time.monotonic() + SECONDS
        while not any(words in line for line in self.lines):
            assert time.monotonic() < deadline, self.lines
            assert self.process.poll() is None, self.lines
            time.sleep(0.05)

    def children(self) -> dict[str, int]:
        """The process ids of web and worker."""
        own = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in map(int, own.split())}
        return {"worker" if b"worker" in name else "web": pid for pid, name in names.items()}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A supervisor of an empty real install, which is quicker to start than the demo."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "AUDITAPP_DATA": str(tmp_path), "AUDITAPP_DEMO": "0", "PORT": str(port)}
    environ.pop("AUDITAPP_DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "run.py"], env=environ, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    made = Running(process, port)
    assert process.stdout is not None
    threading.Thread(target=made.lines.extend, args=(process.stdout,), daemon=True).start()
    yield made
    if process.poll() is None:
        process.kill()
    process.wait()


def gone(pids: dict[str, int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_everything_cleanly(running: Running, number: signal.Signals) -> None:
    running.wait_for("Ctrl-C stops it")
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/readyz", timeout=10) as answer:
        assert answer.status == 200
    children = running.children()
    assert set(children) == {"web", "worker"}
    running.process.send_signal(number)
    assert running.process.wait(SECONDS) == 0, running.lines
    assert gone(children)


@pytest.mark.parametrize(("victim", "other"), [("web", "worker"), ("worker", "web")])
def test_if_one_dies_the_other_is_stopped_and_the_exit_code_says_so(running: Running, victim: str, other: str) -> None:
    running.wait_for("Ctrl-C stops it")
    children = running.children()
    os.kill(children[victim], signal.SIGKILL)
    assert running.process.wait(SECONDS) == 1
    assert gone({other: children[other]})
    running.process.wait()
    assert any(f"The {victim} process ended by itself" in line for line in running.lines)


def refusal(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "AUDITAPP_DATA": str(tmp_path / "data"), **settings}
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "run.py"], env=environ, capture_output=True, text=True, check=False
    )


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = refusal(tmp_path, PORT=str(port))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"Port {port} can't be used" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    done = refusal(tmp_path, PORT="http")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_the_demo_is_refused_under_a_public_address(tmp_path: Path) -> None:
    done = refusal(tmp_path, AUDITAPP_DEMO="1", PUBLIC_URL="https://visits.example.org", PORT="0")
    assert done.returncode == 2
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = refusal(tmp_path, AUDITAPP_DEMO="1", PUBLIC_URL="https://visits.example.org", PORT=str(port))
    assert done.returncode == 2
    assert "demo mode serves loopback only" in done.stderr


def test_the_web_server_refuses_to_show_the_demo_to_strangers(tmp_path: Path) -> None:
    environ = {**os.environ, "AUDITAPP_DATA": str(tmp_path), "AUDITAPP_DEMO": "1"}
    done = subprocess.run(
        [Path(sys.executable).parent / "gunicorn", "--bind", "0.0.0.0:0", "wsgi:app"],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Demo mode serves loopback only" in done.stderr
