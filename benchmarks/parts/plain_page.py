"""The yardstick of `page.py`: a bare Flask app that renders the same page from a plain template.

It knows nobody, reads no database and checks nothing: the data of the pages lies ready in memory.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, render_template

PAGES = {
    visit: vars(page)
    for visit, page in vars(
        json.loads(
            Path(os.environ["BENCH_PAGES"]).read_text(encoding="utf-8"), object_hook=lambda d: SimpleNamespace(**d)
        )
    ).items()
}
"""Attributes instead of keys, for Jinja finds those faster."""
app = Flask(__name__)
app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


@app.get("/visits/<visit_id>")
def page(visit_id: str) -> str:
    """One page."""
    return render_template("page.html", **PAGES[visit_id])
