"""How gunicorn serves `wsgi:app`; it reads this file where it starts. A proxy with TLS stands in front of it."""

import os
import sys
from typing import Any
from urllib.parse import urlsplit

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = 2
threads = 8
timeout = 60
graceful_timeout = 20
keepalive = 5
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  heartbeats must not wait for a disk
loglevel = "warning"
forwarded_allow_ips = "127.0.0.1,::1"


def on_starting(server: Any) -> None:
    """Refuse what would only fail later: demo accounts, whose passwords are known, shown to anybody else; a wrong
    setting; a database without the tables of this version."""
    hosts = {urlsplit(f"//{address}").hostname for address in server.cfg.bind if not address.startswith("unix:")}
    strangers = hosts - {"127.0.0.1", "localhost", "::1"}
    if os.environ.get("AUDITAPP_DEMO", "").strip().lower() in {"1", "true"} and strangers:
        raise SystemExit(f"Demo mode serves loopback only, not {', '.join(sorted(map(str, strangers)))}.")
    if not _fits():
        raise SystemExit(2)


def _fits() -> bool:
    """Whether settings and database are right, which is looked at in a child of its own: this process stays without
    our modules, so that workers after a reload load the new ones."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        code = _check()
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _check() -> int:
    from auditapp.app import check_start
    from auditapp.domain.errors import ConfigError

    try:
        check_start()
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0
