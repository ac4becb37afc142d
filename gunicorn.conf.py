"""How gunicorn serves `wsgi:app`; it reads this file where it starts. A proxy with TLS stands in front of it."""

import os
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
    """Refuse to show demo accounts, whose passwords are known, to anybody else."""
    hosts = {urlsplit(f"//{address}").hostname for address in server.cfg.bind if not address.startswith("unix:")}
    strangers = hosts - {"127.0.0.1", "localhost", "::1"}
    if os.environ.get("AUDITAPP_DEMO", "").strip().lower() in {"1", "true"} and strangers:
        raise SystemExit(f"Demo mode serves loopback only, not {', '.join(sorted(map(str, strangers)))}.")
