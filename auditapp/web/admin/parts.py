"""What the administrator's pages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from auditapp.gate.request import gettext, language

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def page_number() -> int:
    """The page asked for, from 1; anything odd is 1."""
    page = request.args.get("page", 1, type=int)
    return min(max(page, 1), 1_000_000)


def say(text: Mapping[str, Any]) -> str:
    """A text of a checklist in the reader's language, else in its first."""
    return str(text.get(language()) or next(iter(text.values()), ""))


def csv_file(content: bytes, name: str) -> Response:
    """A CSV file for download."""
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def done(words: str, endpoint: str, **values: Any) -> ResponseReturnValue:
    """On to a page that says what was done."""
    flash(words)
    return redirect(url_for(endpoint, **values), 303)


__all__ = ["blueprint", "csv_file", "done", "gettext", "page_number", "say"]
