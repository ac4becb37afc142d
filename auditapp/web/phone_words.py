"""Words that the scripts of the shopper's pages say, as JSON for a data attribute; what is counted, for one and for
many."""

from __future__ import annotations

import json

from auditapp.gate.request import gettext, translations
from auditapp.web import visit_words
from auditapp.web.visit_check import COMMA


def shell() -> str:
    """For every page of a shopper."""
    ngettext = translations().ngettext
    return _json(
        wait=_counted(
            [ngettext("%(n)s answer waits here", "%(n)s answers wait here", n) for n in (1, 2)],
            [ngettext("%(n)s photo waits here", "%(n)s photos wait here", n) for n in (1, 2)],
            gettext("%(answers)s and %(photos)s wait here"),
        ),
        needs=[ngettext("%(n)s needs you", "%(n)s need you", n) for n in (1, 2)],
        comma=gettext(COMMA),
        signin=gettext("Sign in again to send what waits here"),
        tab=gettext("This list is open in another tab. Here you can only read it."),
        here=gettext("Continue here"),
    )


def sign_in() -> str:
    """What of the last person's work lies on this phone, for whoever signs in."""
    ngettext = translations().ngettext
    return _json(
        **_counted(
            [
                ngettext("%(n)s answer goes up as soon as you are in.", "%(n)s answers go up as soon as you are in.", n)
                for n in (1, 2)
            ],
            [
                ngettext("%(n)s photo goes up as soon as you are in.", "%(n)s photos go up as soon as you are in.", n)
                for n in (1, 2)
            ],
            gettext("%(answers)s and %(photos)s go up as soon as you are in."),
        ),
        lists=[
            ngettext("%(n)s finished list is sent then, too.", "%(n)s finished lists are sent then, too.", n)
            for n in (1, 2)
        ],
        file=gettext("The rescue file is made. Keep it until your visit has its receipt."),
        no_file=gettext("The rescue file could not be made. Try again."),
    )


def sign_out() -> str:
    """The same for whoever signs out."""
    ngettext = translations().ngettext
    return _json(
        **_counted(
            [ngettext("%(n)s answer waits on this phone.", "%(n)s answers wait on this phone.", n) for n in (1, 2)],
            [ngettext("%(n)s photo waits on this phone.", "%(n)s photos wait on this phone.", n) for n in (1, 2)],
            gettext("%(answers)s and %(photos)s wait on this phone."),
        ),
        lists=[
            ngettext("%(n)s finished list is not sent yet.", "%(n)s finished lists are not sent yet.", n)
            for n in (1, 2)
        ],
    )


def lists() -> str:
    """For My visits, where the phone knows better than a page that was kept."""
    return _json(
        ready=gettext("Ready on this phone"),
        signal=gettext("Open it once with signal"),
        progress=gettext("In progress %(answered)s of %(asked)s"),
        begun=gettext("In progress"),
        waiting=gettext("Waiting for signal"),
        needs=gettext("Needs you"),
        go=gettext("Continue"),
        open=gettext("Open"),
        list=gettext("List"),
        fresh=gettext("Up to date %(time)s"),
    )


def ready() -> str:
    """For the brief."""
    return _json(
        ready=gettext("Ready on this phone"),
        size=gettext("Works without signal, %(mb)s MB"),
        signal=gettext("Open it once with signal"),
        once=gettext("Then everything works without it."),
    )


def reply() -> str:
    """For the reviewer's question."""
    return _json(
        kept=gettext("No signal. Kept on this phone %(time)s; it goes by itself when there is signal."),
        sending=gettext("Sending"),
        signin=gettext("Kept on this phone. Sign in again, then it goes by itself."),
        full=gettext("This phone is full. Keep this page open until the reply is sent."),
        empty=gettext("Write a few words first."),
    )


def receipt() -> str:
    """For the receipt, which the phone shows by itself from the moment it has it."""
    return _json(
        waiting=gettext("Waiting for signal"),
        trouble=gettext("The server can't take it now; it is tried again"),
        sending=gettext("Sending"),
        signin=gettext("Please sign in again"),
        open=gettext("Keep the app open or open it again before %(time)s."),
        later=gettext("Keep the app open or open it again when there is signal."),
        part=gettext("Sending a photo, %(part)s %%", part="%(part)s"),
        photos=gettext("%(n)s of %(m)s photos on the server"),
        sent=gettext("Sent %(time)s"),
        received=gettext("Sent and received"),
        full=gettext(visit_words.RECEIVED),
        plain=gettext(visit_words.RECEIVED_ANSWERS),
        nouns=_nouns(),
        reported=gettext("Reported and received"),
        not_done=gettext(visit_words.REPORTED),
        review=gettext("Reviewed by %(date)s"),
        late=gettext(
            "This visit had been sent already. What came from this phone later goes to the reviewer as an addition."
        ),
    )


def _counted(answers: list[str], photos: list[str], both: str) -> dict[str, object]:
    """Sentences by what there is to count; ``both`` takes the nouns."""
    return {"answers": answers, "photos": photos, "both": both, "nouns": _nouns()}


def _nouns() -> dict[str, list[str]]:
    ngettext = translations().ngettext
    return {
        "answers": [ngettext("%(n)s answer", "%(n)s answers", n) for n in (1, 2)],
        "photos": [ngettext("%(n)s photo", "%(n)s photos", n) for n in (1, 2)],
    }


def _json(**words: object) -> str:
    return json.dumps(words, ensure_ascii=False)
