"""The yardstick of `page.py`: a bare Flask app that renders the same page from a plain template.

It knows nobody, reads no database and checks nothing: the data of the pages lies ready in memory.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from flask import Flask, render_template

PAGES = json.loads(Path(os.environ["BENCH_PAGES"]).read_text(encoding="utf-8"))
app = Flask(__name__)
app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


@app.get("/visits/<visit_id>")
def page(visit_id: str) -> str:
    """One page."""
    return render_template("page.html", **PAGES[visit_id])
