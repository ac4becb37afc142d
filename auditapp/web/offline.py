"""What makes the shopper's pages an app that opens without signal: the service worker, the manifest, one small page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do, can
from auditapp.gate.guards import open_to_all
from auditapp.gate.headers import USER
from auditapp.gate.request import gettext, language, maybe_actor
from auditapp.web import phone_words

blueprint = Blueprint("offline", __name__)

DESK = frozenset({"css/desk.css", "css/review.css", "css/scorecard.css", "js/review.js"})
"""Static files that no page of a shopper asks for."""
CANVAS, PAPER = "#f4f6f7", "#ffffff"


@blueprint.get("/sw.js")
@open_to_all
def worker() -> ResponseReturnValue:
    """The service worker of this version; it stands at the root, for it looks after all pages."""
    version = (current_app.static_url_path or "").rpartition("/")[2]
    files = [f"{current_app.static_url_path}/{name}" for name in _files(str(current_app.static_folder))]
    script = render_template("offline/sw.js", version=version, files=files)
    return Response(script, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


@blueprint.get("/manifest.webmanifest")
@open_to_all
def manifest() -> ResponseReturnValue:
    """What the home screen shows: a name and a picture that tell nobody what this is."""
    static = current_app.static_url_path
    icons = [("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any")]
    icons += [("maskable-512.png", "512x512", "maskable")]
    found = {
        "id": "/visits",
        "name": gettext("Lists"),
        "short_name": gettext("Lists"),
        "lang": language().replace("_", "-"),
        "start_url": "/visits",
        "scope": "/",
        "display": "standalone",
        "background_color": CANVAS,
        "theme_color": PAPER,
        "icons": [
            {"src": f"{static}/icons/{name}", "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in icons
        ],
    }
    answer = current_app.json.response(found)
    answer.mimetype = "application/manifest+json"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/offline")
@open_to_all
def missing() -> ResponseReturnValue:
    """What the worker shows where neither the network nor the phone has the page."""
    return render_template("offline/missing.html")


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"phone_words": phone_words, "phone_user": _phone_user, "phone_bytes": _bytes}


def _phone_user() -> int | None:
    """The signed-in shopper's id, None for anybody else: only a shopper's pages keep anything on the phone."""
    person = maybe_actor()
    return person.user_id if person and can(person, Do.VISIT_FILL) else None


def _bytes() -> int:
    """How much the static files take on the phone."""
    folder = Path(str(current_app.static_folder))
    return sum((folder / name).stat().st_size for name in _files(str(folder)))


@blueprint.after_app_request
def _changed_hands(response: Response) -> Response:
    """A page of any role but a shopper's tells the worker that somebody else holds the phone now (what may be kept of
    a shopper's own pages, gate/headers.py says)."""
    if request.method == "GET" and response.status_code == 200 and response.mimetype == "text/html":
        person = maybe_actor()
        if person and not can(person, Do.VISIT_FILL):
            response.headers[USER] = "-"
    return response


@cache
def _files(folder: str) -> tuple[str, ...]:
    """The static files of the shopper's pages. Pictures for home screens are not among them."""
    names = (path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())
    return tuple(sorted(name for name in names if name not in DESK and not name.endswith(".png")))
