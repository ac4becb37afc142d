"""What was entered into a form when the sign-in had ended: it goes through the sign-in page and is sent once more.

Pages with script don't need it, for they keep everything on the phone; this is for forms that the browser itself posts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import request

from auditapp.gate.request import from_own_pages

FIELD = "entered"
OWN = {"csrf_token", FIELD}


@dataclass(frozen=True)
class Entered:
    """The fields of a form as they were posted, without files: no browser gives those back. ``files``: there were
    some."""

    fields: tuple[tuple[str, str], ...]
    files: bool = False

    def packed(self) -> str:
        """For one hidden field of the sign-in page."""
        return json.dumps([self.fields, self.files], ensure_ascii=False)


def entered() -> Entered | None:
    """What this request posts, or None where it posts nothing or does not come from a page of ours: nobody else may
    lay words into somebody's mouth."""
    if request.method != "POST" or not from_own_pages():
        return None
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if name not in OWN)
    files = any(file.filename for file in request.files.values())
    return Entered(fields, files) if fields else None


def unpacked(text: str) -> Entered | None:
    """What the sign-in page carried, or None where that is nothing or not what `Entered.packed` wrote."""
    try:
        fields, files = json.loads(text)
        pairs = tuple((str(name), str(value)) for name, value in fields)
    except (ValueError, TypeError):
        return None
    return Entered(pairs, bool(files)) if pairs else None
