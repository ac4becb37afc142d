"""Rescue files as js/rescue.js writes them, for tests without a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

DEVICE = "00000000-0000-4000-8000-0000000000aa"


def an_answer(question: str, value: object, seq: int, field: str = "value") -> dict[str, Any]:
    """One field of a question, as the phone keeps it."""
    return {"question": question, "field": field, "value": value, "seq": seq, "at": "2026-09-14T08:50:00.000Z"}


def a_photo(uuid: str, question: str, data: bytes, **facts: object) -> dict[str, Any]:
    """What the phone keeps of a photo beside its bytes."""
    about = {"key": uuid, "question": question, "hash": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return {**about, "state": "phone", "takenAt": "2026-09-14T08:51:00.000Z", **facts}


def manifest_of(answers: Sequence[Mapping[str, Any]], photos: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the phone lists when it freezes a visit."""
    fields: dict[str, dict[str, int]] = {}
    for record in answers:
        fields.setdefault(record["question"], {})[record["field"]] = record["seq"]
    return {"answers": fields, "photos": {p["key"]: p["hash"] for p in photos if p["state"] != "gone"}, "refused": []}


def rescue_file(
    visit: str,
    answers: Sequence[Mapping[str, Any]] = (),
    photos: Sequence[Mapping[str, Any]] = (),
    images: Mapping[str, bytes] | None = None,
    **facts: object,
) -> bytes:
    """The file; ``facts`` are of the visit, such as state, arrived, left, manifest, notDone."""
    about = {"key": visit, "list": "List 04", "state": "editing", "top": 9, **facts}
    records = {"format": 1, "savedAt": "2026-09-14T08:59:00.000Z", "device": DEVICE, "visit": about}
    records |= {"answers": list(answers), "photos": list(photos)}
    text = json.dumps(records, ensure_ascii=False).replace("<", "\\u003c")
    text = "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)  # as JSON.stringify does
    lines = [
        '<!doctype html><meta charset="utf-8"><style>p{margin:0}</style>',
        f'<script type="application/json" id="auditapp-visit">{text}</script>',
        "<title>List 04</title><h1>List 04</h1>",
    ]
    lines += [f"<h3>{html.escape(str(r['question']))}</h3>" for r in answers]
    for uuid, data in (images or {}).items():
        encoded = base64.b64encode(data).decode()
        lines.append(f'<img data-photo="{uuid}" alt="" src="data:image/jpeg;base64,{encoded}">')
    return "\n".join(lines).encode("utf-8", "replace")
