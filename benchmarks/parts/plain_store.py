"""The yardsticks of `submit.py`: a bare Flask app that only stores the bytes it is sent.

An fsync'd file per photo, a row per other call. No sign-in, no checks, no history. With BENCH_CLEAN=1 it does with a
photo what any program must that keeps no bytes of a stranger's file: decode, resize, encode at two sizes, store those.
"""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

from flask import Flask, request
from PIL import Image

from auditapp.db.session import SQLITE

FOLDER = Path(os.environ["BENCH_STORE"])
CLEAN = os.environ.get("BENCH_CLEAN") == "1"
app = Flask(__name__)


_local = threading.local()


def _run(statement: str, *values: object) -> None:
    if not hasattr(_local, "connection"):
        _local.connection = SQLITE.connect(FOLDER / "plain.sqlite3", timeout=20, isolation_level=None)
        _local.connection.execute("PRAGMA journal_mode = WAL")
        _local.connection.execute("PRAGMA synchronous = FULL")
    _local.connection.execute(statement, values)


_run("CREATE TABLE IF NOT EXISTS part (visit TEXT, kind TEXT, body BLOB)")


@app.patch("/api/v1/visits/<visit_id>/answers")
def answers(visit_id: str) -> dict[str, bool]:
    """Keep the answers as they came."""
    _run("INSERT INTO part VALUES (?, 'answers', ?)", visit_id, request.get_data())
    return {"ok": True}


@app.put("/api/v1/visits/<visit_id>/photos/<uuid>")
def photo(visit_id: str, uuid: str) -> tuple[dict[str, bool], int]:
    """Keep the photo, as it came or as two new ones."""
    data = request.get_data()
    for size, version in enumerate(_renditions(data) if CLEAN else [data]):
        with (FOLDER / f"{visit_id}-{uuid}-{size}.jpg").open("wb") as file:
            file.write(version)
            file.flush()
            os.fsync(file.fileno())
    return {"ok": True}, 201


def _renditions(data: bytes) -> list[bytes]:
    image = Image.open(io.BytesIO(data))
    made = []
    for edge in (1600, 320):
        image.thumbnail((edge, edge))
        target = io.BytesIO()
        image.save(target, "JPEG", quality=82)
        made.append(target.getvalue())
    return made


@app.post("/api/v1/visits/<visit_id>/submit")
def submit(visit_id: str) -> tuple[dict[str, bool], int]:
    """Keep the last call as it came."""
    _run("INSERT INTO part VALUES (?, 'submit', ?)", visit_id, request.get_data())
    return {"ok": True}, 201
