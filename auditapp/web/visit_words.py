"""Words of the shopper's pages that take more than a template: money, windows of time, states, the readiness check."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, get_currency_precision

from auditapp import i18n
from auditapp.domain.checklist import Method
from auditapp.domain.visit import Lack, Missing, VisitState
from auditapp.gate.request import gettext, language, show_date, show_moment, show_time, translations
from auditapp.i18n import N_
from auditapp.services.visits.models import Receipt, Row

READINESS: Mapping[str, tuple[str, str]] = {
    "people": (N_("Faces or bank cards may be in a photo."), "no"),
    "guess": (N_("What I could not see, I answer N/A or leave open. I never guess."), "yes"),
}
COVERT = (N_("I may tell the staff that I am on a visit."), "no")
OPEN = (N_("I tell the manager at the start that I am here for an audit."), "yes")

STATES = {
    "new": N_("Read the brief first"),
    VisitState.DRAFT: N_("Started"),
    VisitState.SUBMITTED: N_("Received %(date)s, in review"),
    VisitState.QUERIED: N_("Question from the reviewer"),
    VisitState.APPROVED: N_("Received %(date)s, reviewed"),
    VisitState.PUBLISHED: N_("Received %(date)s, reviewed"),
    VisitState.VOID: N_("Received %(date)s, not counted"),
    VisitState.NOT_DONE: N_("Reported as not possible on %(date)s"),
}


def money(row: Row) -> str:
    """The fee of a visit, as `fee_words`."""
    return fee_words(row.fee, row.currency)


def fee_words(fee: int, currency: str) -> str:
    """An amount in minor units in the reader's way of writing money; "" where there is none."""
    if not fee or not currency:
        return ""
    amount = Decimal(fee).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=i18n.locale_of(language()))


def window(row: Row) -> str:
    """When the visit may be made, by the store's clock."""
    zone = ZoneInfo(row.time_zone)
    opens, due = row.opens_at.astimezone(zone), row.due_at.astimezone(zone)
    from_time, to_time = show_time(row.opens_at, row.time_zone), show_time(row.due_at, row.time_zone)
    day = show_date(row.due_at, row.time_zone)
    if opens.date() == due.date():
        return gettext("%(day)s, %(start)s to %(end)s", day=day, start=from_time, end=to_time)
    first = show_date(row.opens_at, row.time_zone)
    return gettext("%(first)s to %(last)s, %(time)s", first=first, last=day, time=to_time)


def state(row: Row) -> str:
    """Where the visit stands, in words."""
    date = show_date(row.submitted_at, row.time_zone) if row.submitted_at else ""
    words = STATES[row.state]
    return gettext(words, date=date) if "%(" in words else gettext(words)


def readiness(method: str) -> tuple[tuple[str, str, str], ...]:
    """The three sentences of the readiness check: key, words, and the right answer ("yes": true, "no": not true)."""
    first = OPEN if method == Method.OBSERVATION else COVERT
    return tuple((key, gettext(words), right) for key, (words, right) in {"tell": first, **READINESS}.items())


def ready(method: str, form: Mapping[str, str]) -> bool:
    """Whether all three are answered right."""
    return all(form.get(f"ready-{key}") == right for key, _, right in readiness(method))


LACKS = {
    Lack.ANSWER: N_("Answer question %(number)s: %(text)s"),
    Lack.PHOTO: N_("Add a photo to question %(number)s: %(text)s"),
    Lack.NA_REASON: N_("Say why N/A in question %(number)s: %(text)s"),
    Lack.NOTE: N_("Write a note to question %(number)s: %(text)s"),
}
LONG_NOTE = N_("Write a note of at least %(least)s characters to question %(number)s: %(text)s")


def missing(lack: Missing, number: int, text: str) -> str:
    """One line of the error summary."""
    if lack.least > 1:
        return gettext(LONG_NOTE, least=lack.least, number=number, text=text)
    return gettext(LACKS[lack.lack], number=number, text=text)


def lacks() -> dict[str, str]:
    """The sentences of `missing` for the page's script."""
    return {"long_note": gettext(LONG_NOTE), **{lack.value: gettext(words) for lack, words in LACKS.items()}}


def full() -> str:
    """What a phone says that can keep no more."""
    return gettext(
        "This phone is full. The last entries are only in this page: keep it open until they are sent, "
        "or free some space."
    )


def script_words() -> dict[str, str]:
    """The words that the page's script shows, in the reader's language."""
    return {
        "sending": gettext("Sending"),
        "saved": gettext("Saved %(time)s"),
        "kept": gettext("Kept on this phone %(time)s"),
        "full": full(),
        "signin": gettext("You are signed out. What you enter stays on this phone. Sign in again to send it."),
        "waiting": gettext("No signal. %(what)s.", what="%(what)s"),
        "trouble": gettext("Could not save, trying again. %(what)s.", what="%(what)s"),
        "refused": gettext("Not accepted"),
        "other": gettext("Changed on another device. Load the page again to see it."),
        "moved": gettext("Changed on another device. The newer answer is shown."),
        "sent": gettext("This visit was sent already. What you change now goes to the reviewer as an addition."),
        "of": gettext("%(answered)s of %(asked)s"),
        "next": gettext("Next"),
        "left": gettext("%(n)s left"),
        "check": gettext("Check and send"),
        "done": gettext("Nothing is missing"),
        "start": gettext("Start the clock"),
        "again": gettext("Start again"),
        "stop": gettext("Stop"),
        "phone": gettext("On this phone"),
        "page": gettext("Only in this page"),
        "part": gettext("Sending, %(part)s"),
        "server": gettext("On the server"),
        "unreadable": gettext("The phone could not read this file. Take the photo again."),
        "cut": gettext("The page was closed before all photos here were kept. Look which one is missing."),
        "remove": gettext("Remove"),
        "photo": gettext("Photo"),
    }


RECEIVED = N_("Everything reached us at %(time)s: %(answers)s and %(photos)s.")
RECEIVED_ANSWERS = N_("Everything reached us at %(time)s: %(answers)s.")
REPORTED = N_("Your report that the visit could not be done reached us at %(time)s.")


def received(receipt: Receipt, row: Row) -> str:
    """What the server holds, in one sentence, as js/receipt.js says it from the same words."""
    when = show_moment(receipt.at, row.time_zone)
    if receipt.not_done:
        return gettext(REPORTED, time=when)
    ngettext = translations().ngettext
    answers = ngettext("%(n)s answer", "%(n)s answers", receipt.answers) % {"n": receipt.answers}
    photos = ngettext("%(n)s photo", "%(n)s photos", receipt.photos) % {"n": receipt.photos}
    return gettext(RECEIVED if receipt.photos else RECEIVED_ANSWERS, time=when, answers=answers, photos=photos)


def receipt_copy(receipt: Receipt, row: Row) -> str:
    """The receipt as a few plain lines, to keep outside the app; without the store's name."""
    lines = (
        f"{gettext('Receipt number')}: {receipt.shown}",
        received(receipt, row),
        gettext("Reviewed by %(date)s", date=show_date(receipt.review_by, row.time_zone, "EEEEdMMMM")),
    )
    return "\n".join(lines) + "\n"
