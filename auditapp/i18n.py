"""Texts in the reader's language: gettext catalogs read straight from their .po files, no build step.

The same translator serves pages, JSON errors and PDFs made by the worker, which has no web request.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

from auditapp.domain.words import N_

TRANSLATIONS = Path(__file__).parent / "translations"
LANGUAGES = ("en", "ko", "zh_Hant")

__all__ = ["LANGUAGES", "N_", "best_language", "locale_of", "sentences", "translations"]


@cache
def translations(language: str) -> NullTranslations:
    """The catalog of ``language`` (one of LANGUAGES; anything else is English)."""
    path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if language not in LANGUAGES or language == "en" or not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def locale_of(language: str) -> str:
    """The Babel locale for dates and numbers in ``language``: English is written day before month."""
    return {"en": "en_GB"}.get(language, language)


def sentences(parts: Iterable[str]) -> Markup:
    """Sentences one after another, escaped: a space between them, but none after a full stop of Chinese."""
    joined = Markup()
    for part in parts:
        joined += ("" if not joined or joined.endswith("。") else " ") + part
    return joined


def best_language(accept: str) -> str:
    """The first of LANGUAGES that an Accept-Language header asks for, else English."""
    for part in accept.lower().split(","):
        tag = part.split(";")[0].strip().replace("_", "-")
        if tag.startswith("ko"):
            return "ko"
        if tag.startswith("zh"):
            return "zh_Hant"
        if tag.startswith("en"):
            return "en"
    return "en"
