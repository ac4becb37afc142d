"""Words, numbers and dates of a scorecard, in one language. Every message is a full sentence or a full label."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from babel.dates import format_date, format_skeleton

from auditapp.domain.answers import exact_text
from auditapp.domain.checklist import Factor
from auditapp.domain.scoring import display
from auditapp.domain.words import FACTOR_NAMES
from auditapp.i18n import N_, locale_of, translations

DASH = "–"
_PARTS = {
    "morning": N_("week of %(date)s, morning"),
    "afternoon": N_("week of %(date)s, afternoon"),
    "evening": N_("week of %(date)s, evening"),
}


class Words:
    """The catalog of one language and the ways to write numbers and dates in it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = translations(language)

    def gettext(self, message: str, **params: object) -> str:
        """``message`` translated, its %(name)s placeholders filled."""
        text = self._catalog.gettext(message)
        return text % params if params else text

    def ngettext(self, one: str, many: str, num: int, **params: object) -> str:
        """The form for ``num``, which fills %(num)s."""
        return self._catalog.ngettext(one, many, num) % {"num": num, **params}

    def factor(self, factor: Factor) -> str:
        """The label of a factor."""
        return self.gettext(FACTOR_NAMES[factor])

    def day(self, day: date) -> str:
        """A calendar date, such as 21 September 2026."""
        return format_date(day, "long", locale=locale_of(self.language))

    def short_day(self, day: date) -> str:
        """A day of this year, such as 21 September."""
        return format_skeleton("MMMMd", day, locale=locale_of(self.language))

    def week(self, week: date | None, part: str | None) -> str:
        """When a visit was, as a store may know it."""
        if week is None or part not in _PARTS:
            return ""
        return self.gettext(_PARTS[part], date=self.day(week))


def shown(tenths: int | None) -> str:
    """A score in tenths as it is printed, with one decimal; a dash where undefined."""
    return DASH if tenths is None else display(Fraction(tenths, 10)) or DASH


def signed(tenths: int | None) -> str:
    """A difference in tenths with its sign (a true minus), a dash where undefined."""
    if tenths is None:
        return DASH
    sign = "+" if tenths > 0 else "−" if tenths < 0 else ""
    return sign + shown(abs(tenths))


def points(hundredths: int) -> str:
    """Points lost, with one decimal."""
    return display(Fraction(hundredths, 100)) or DASH


def bound(value: Fraction) -> str:
    """A bound of a band, without needless decimals: 70, 79.9."""
    return exact_text(value)
