"""Run a command beside a PostgreSQL of its own: `python scripts/with_postgres.py COMMAND ARGUMENT…`.

The server listens on loopback, on a free port, with a random password and a data folder that is removed at the end; its
address is in the command's AUDITAPP_TEST_DATABASE_URL. Nothing survives a power cut, which makes it fast. The exit code
is the command's.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
    "max_wal_size=256MB", "autovacuum=off", "max_connections=200", "shared_buffers=64MB",
)  # fmt: skip
"""Few shared buffers on purpose: PostgreSQL looks through all of them for each database that is made or dropped."""
MEMORY = Path("/dev/shm")  # noqa: S108
ROOM_BYTES = 2 * 2**30
START_SECONDS = 60


def main() -> int:
    """Run the command line."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with server() as url:
        return subprocess.run(
            sys.argv[1:], env={**os.environ, "AUDITAPP_TEST_DATABASE_URL": url}, check=False
        ).returncode


@contextmanager
def server() -> Iterator[str]:
    """A running PostgreSQL; its address."""
    binaries = _binaries()
    user = "postgres" if os.geteuid() == 0 else None  # initdb refuses root
    folder = Path(tempfile.mkdtemp(prefix="auditapp-postgres-", dir=_in_memory()))
    try:
        password = secrets.token_urlsafe(24)
        (folder / "password").write_text(password, encoding="ascii")
        if user:
            owner = pwd.getpwnam(user)
            for path in (folder, folder / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        subprocess.run(
            [binaries / "initdb", "--pgdata", data, "--username=postgres", "--pwfile", folder / "password",
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        port = _free_port()
        options = [word for setting in FAST for word in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", *options],
                user=user, cwd=folder, stderr=log, stdout=log, start_new_session=True,
            )  # fmt: skip
        try:
            url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
            _wait(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """A folder in memory that has room for a server's data; None where there is none, as in most containers."""
    writable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if writable and shutil.disk_usage(MEMORY).free >= ROOM_BYTES else None


def _binaries() -> Path:
    """Debian's newest server, or the one on the path."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not known and not on_path:
        sys.exit("PostgreSQL is missing. Install it: apt install postgresql")
    return known[-1].parent if known else Path(on_path or "").resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
