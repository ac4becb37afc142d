"""What a request knows: its context, its actor, its language."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from flask import current_app, g, request
from markupsafe import Markup

from auditapp import i18n
from auditapp.domain.errors import SignInNeeded
from auditapp.domain.roles import Actor
from auditapp.services.context import Context

COOKIE = "auditapp_sign_in"
LANGUAGE_COOKIE = "auditapp_language"


def context() -> Context:
    """The context of the running app."""
    found: Context = current_app.extensions["auditapp"]
    return found


def actor() -> Actor:
    """The signed-in person. Raises SignInNeeded."""
    found = maybe_actor()
    if found is None:
        raise SignInNeeded()
    return found


def maybe_actor() -> Actor | None:
    """The signed-in person, or None; looked up once a request."""
    if "actor" not in g:
        from auditapp.services import accounts

        token = request.cookies.get(COOKIE, "")
        g.actor = accounts.actor_of_token(context(), token) if token else None
    found: Actor | None = g.actor
    return found


def from_own_pages() -> bool:
    """Whether a browser says that a page of ours sent this; other sites can't make it say so."""
    return request.headers.get("Origin") in {context().settings.public_url, request.host_url.rstrip("/")}


def language() -> str:
    """The reader's language: their own setting, else the one picked on the sign-in page, else the browser's."""
    if "language" not in g:
        person = maybe_actor()
        picked = request.cookies.get(LANGUAGE_COOKIE, "")
        g.language = (
            person.language
            if person
            else picked
            if picked in i18n.LANGUAGES
            else i18n.best_language(request.headers.get("Accept-Language", ""))
        )
    found: str = g.language
    return found


def translations() -> NullTranslations:
    """The catalog of the reader's language."""
    return i18n.translations(language())


def gettext(message: str, **params: object) -> str:
    """``message`` in the reader's language, with %(name)s placeholders filled."""
    text = translations().gettext(message)
    return text % params if params else text


def markup(message: str, **params: object) -> Markup:
    """`gettext` for templates: the catalog's words are markup, what fills them is escaped."""
    return _words(language(), message) % params if params else _filled(language(), message)


@cache
def _words(language: str, message: str) -> Markup:
    return Markup(i18n.translations(language).gettext(message))  # noqa: S704 (our own catalogs)


@cache
def _filled(language: str, message: str) -> Markup:
    return _words(language, message) % {}


def _local(moment: datetime, time_zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(time_zone))


def show_date(moment: datetime, time_zone: str, pattern: str = "EEEdMMM") -> str:
    """A day by the store's clock, such as "Thu 17 Sep", in the reader's language (a CLDR skeleton)."""
    from babel.dates import format_skeleton

    return format_skeleton(pattern, _local(moment, time_zone), locale=i18n.locale_of(language()))


def show_time(moment: datetime, time_zone: str) -> str:
    """A time by the store's clock, such as 14:26."""
    return format_time(_local(moment, time_zone), "HH:mm", locale=i18n.locale_of(language()))


def show_seconds(moment: datetime, time_zone: str) -> str:
    """A time by the store's clock to the second, such as 14:26:05."""
    return format_time(_local(moment, time_zone), "HH:mm:ss", locale=i18n.locale_of(language()))


def show_moment(moment: datetime, time_zone: str) -> str:
    """Day and time by the store's clock."""
    local, locale = _local(moment, time_zone), i18n.locale_of(language())
    return f"{format_date(local, 'medium', locale=locale)} {format_time(local, 'HH:mm', locale=locale)}"


def show_day(day: object, pattern: str = "long") -> str:
    """A calendar date in the reader's language."""
    return format_date(day, pattern, locale=i18n.locale_of(language()))  # type: ignore[arg-type]
