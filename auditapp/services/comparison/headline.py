"""The sentences above the table, made from the rows shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from gettext import NullTranslations

from auditapp.i18n import N_
from auditapp.services.comparison.views import StoreRow

_BELOW = (
    N_("%(first)s is below the region."),
    N_("%(first)s and %(second)s are below the region."),
    N_("%(first)s, %(second)s and %(more)d more are below the region."),
)
_ABOVE = (
    N_("%(first)s is above the region."),
    N_("%(first)s and %(second)s are above the region."),
    N_("%(first)s, %(second)s and %(more)d more are above the region."),
)


def headline(rows: Sequence[StoreRow], least: int, words: NullTranslations) -> tuple[str, ...]:
    """Who is below the region, who is above, and how many can't be told apart from it; whole sentences.

    ``rows`` in the order shown, ``least`` the fewest visits that were asked for.
    """
    gettext, ngettext = words.gettext, words.ngettext
    names = {band: [row.name for row in rows if row.band == band] for band in ("below", "same", "above")}
    told = sum(map(len, names.values()))
    if not told:
        pattern = gettext("Too little to compare yet: it takes two stores, and %(least)d visits to each.")
        return (pattern % {"least": least},)
    same = len(names["same"])
    if same == told:
        pattern = ngettext(
            "The one store with enough visits can't be told apart from the region.",
            "No store stands out: the %(num)d stores can't be told apart.",
            same,
        )
        return (pattern % {"num": same},)
    below = _who(names["below"], _BELOW, gettext)
    above = _who(names["above"][::-1], _ABOVE, gettext)
    rest = gettext("%(num)d of %(all)d stores can't be told apart from it.") % {"num": same, "all": told}
    return (*below, *above, rest) if same else (*below, *above)


def _who(names: list[str], patterns: tuple[str, str, str], gettext: Callable[[str], str]) -> list[str]:
    if not names:
        return []
    pattern = gettext(patterns[min(len(names), 3) - 1])
    return [pattern % {"first": names[0], "second": names[min(1, len(names) - 1)], "more": len(names) - 2}]
