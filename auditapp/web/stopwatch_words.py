"""A stopwatch in a reviewer's words: when it ran by the store's clock, and what was put right by hand."""

from __future__ import annotations

from collections.abc import Mapping

from auditapp.domain.times import phone_moment
from auditapp.gate.request import gettext, show_seconds
from auditapp.i18n import N_

NOTHING = "–"
RAN = N_("%(start)s to %(stop)s")
CORRECTED = N_("%(start)s to %(stop)s, corrected by hand to %(value)s min")
WITH_REASON = N_("%(start)s to %(stop)s, corrected by hand to %(value)s min: %(why)s")


def stopwatch_words(timer: Mapping[str, str], time_zone: str) -> str:
    """One line about what a phone told of a stopwatch; a moment that is missing or none is a dash."""
    start, stop = (_time(timer.get(name), time_zone) for name in ("start", "stop"))
    value, why = timer.get("corrected"), timer.get("why")
    if not value:
        return gettext(RAN, start=start, stop=stop)
    if not why:
        return gettext(CORRECTED, start=start, stop=stop, value=value)
    return gettext(WITH_REASON, start=start, stop=stop, value=value, why=why)


def _time(told: object, time_zone: str) -> str:
    moment = phone_moment(told)
    return show_seconds(moment, time_zone) if moment else NOTHING
