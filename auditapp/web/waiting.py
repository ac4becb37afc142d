"""What waits on the phone: a page that only its script can fill, for the server does not know what has not arrived."""

from __future__ import annotations

import json

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import gettext, translations

blueprint = Blueprint("waiting", __name__)


@blueprint.get("/visits/waiting")
@guard(Do.VISIT_FILL)
def page() -> ResponseReturnValue:
    """What has not reached the server yet, what stands in its way, and two ways out."""
    return render_template("visits/waiting.html", words=json.dumps(_words(), ensure_ascii=False))


def _words() -> dict[str, str | list[str]]:
    """What the page's script says, in the reader's language; of a pair the first is for one."""
    ngettext = translations().ngettext
    return {
        "photos": [
            ngettext("%(n)s of %(all)s photo is on the server", "%(n)s of %(all)s photos are on the server", n)
            for n in (1, 2)
        ],
        "saved_at": [
            ngettext("The answer was saved at %(time)s.", "All %(n)s answers were saved at %(time)s.", n)
            for n in (1, 2)
        ],
        "saved": [ngettext("The answer is on the server.", "All %(n)s answers are on the server.", n) for n in (1, 2)],
        "answers": [ngettext("%(n)s answer waits here.", "%(n)s answers wait here.", n) for n in (1, 2)],
        "last": gettext("Last sent %(time)s"),
        "question": gettext("Question %(number)s: %(text)s"),
        "kept": gettext("%(words)s It is kept on this phone."),
        "part": gettext("Sending, %(part)s of %(size)s"),
        "here": gettext("On this phone"),
        "later": gettext("On this phone, next try in %(n)s s"),
        "as_it_is": gettext("Stays on this phone, as you decided"),
        "unsent": gettext("The visit could not be sent"),
        "remove": gettext("Remove from this phone"),
        "again": gettext("Take again"),
        "change": gettext("Change the answer"),
        "check": gettext("Check your answers"),
        "reply": gettext("Your reply"),
        "write": gettext("Change the reply"),
        "leave": gettext("Nothing to do but keep the app open, or open it again later."),
        "before": gettext("Nothing to do but keep the app open, or open it again before %(time)s."),
        "trying": gettext("Trying now."),
        "file": gettext("The rescue file is made. Keep it until your visit has its receipt."),
        "no_file": gettext("The rescue file could not be made. Try again."),
        "empty": gettext("There is nothing on this phone that a file could hold."),
    }
