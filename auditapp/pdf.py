"""PDF pages: the only place that uses WeasyPrint, which is loaded on first use so that web processes never carry it.

Nothing is fetched from anywhere: photos come in by the private scheme ``photo:<storage key>``, and a page with anything
missing (a photo, a drawing, a glyph) is refused instead of being printed with a hole in it.
"""

from __future__ import annotations

import gc
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auditapp.domain.errors import AuditAppError, ConfigError
from auditapp.i18n import sentences, translations

TEMPLATES = Path(__file__).parent.parent / "templates"
FONTS = {
    "en": 'Inter, "Noto Sans", "Noto Sans CJK TC"',
    "ko": 'Inter, "Noto Sans CJK KR", "Noto Sans"',
    "zh_Hant": 'Inter, "Noto Sans CJK TC", "Noto Sans"',
}
SCHEME = "photo:"
PROBE = "Aa 한글 繁體"
_HANGUL = "[\\u1100-\\u11ff\\u3130-\\u318f\\uac00-\\ud7a3]"
_INSIDE_WORD = re.compile(f"(?<={_HANGUL})(?=\\w)|(?<=\\w)(?={_HANGUL})")
_TAG = re.compile(r"(<[^>]*>)")


class RenderFailed(AuditAppError):
    """The page can't be made as it should be; nothing is stored."""

    code = "render_failed"
    message = "The PDF can't be made: {reason}"


class MissingGlyphs(RenderFailed):
    """No installed font has these characters (``characters``, sorted)."""

    code = "missing_glyphs"
    message = (
        "No installed font has {names}. Install fonts-noto-cjk and fonts-noto-core (and the fonts of other scripts "
        "in use), then try again."
    )

    def __init__(self, characters: str) -> None:
        self.characters = characters
        super().__init__(names=", ".join(f"U+{ord(c):04X}" for c in characters[:20]))


def html(template: str, language: str, **values: object) -> str:
    """The page as HTML in ``language``, with everything escaped. Korean words are joined so that none is broken."""
    fonts = FONTS.get(language, FONTS["en"])
    markup = _environment(language).get_template(template).render(language=language, fonts=fonts, **values)
    return _keep_words(markup) if language == "ko" else markup


@cache
def _environment(language: str) -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.filters["sentences"] = sentences
    catalog = translations(language)
    env.install_gettext_callables(catalog.gettext, catalog.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return env


def _keep_words(markup: str) -> str:
    """Word joiners inside Korean words (``word-break: keep-all`` is not known to WeasyPrint), in the body's text only:
    the title becomes metadata and bookmarks."""
    head, body, rest = markup.partition("<body")
    parts = _TAG.split(body + rest)
    parts[::2] = [_INSIDE_WORD.sub("\u2060", text) for text in parts[::2]]
    return head + "".join(parts)


def render(markup: str, read: Callable[[str], bytes], identifier: str) -> bytes:
    """The tagged PDF of ``markup``: the same bytes for the same input, without author or time.

    ``read`` gives the bytes of a photo by its storage key; what it raises comes through. A symbol that no font has
    (an emoji in a note) is spelled out; a letter that no font has raises MissingGlyphs. Raises RenderFailed for
    anything else that WeasyPrint would pass over in silence.
    """
    try:
        return _write(markup, read, identifier)
    except MissingGlyphs as missing:
        if any(unicodedata.category(character)[0] in "LN" for character in missing.characters):
            raise
        spelled = {ord(character): _spelling(character) for character in missing.characters}
        return _write(markup.translate(spelled), read, identifier)


def _spelling(character: str) -> str:
    if unicodedata.category(character)[0] == "M":
        return ""
    name = unicodedata.name(character, "")
    return f"[{name.lower()}]" if name else "□"


def _write(markup: str, read: Callable[[str], bytes], identifier: str) -> bytes:
    import weasyprint

    fetcher = _fetcher(read)
    with _listening() as heard, _without_collections():
        try:
            page = weasyprint.HTML(string=markup, url_fetcher=fetcher, base_url="none:")
            made: bytes = page.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier.encode())
        except weasyprint.urls.FatalURLFetchingError as error:
            raise (fetcher.raised or RenderFailed(reason=str(error))) from error
    heard.check()
    return made


def _fetcher(read: Callable[[str], bytes]) -> Any:
    """A fetcher that knows photos and denies everything else; ``raised`` keeps what went wrong."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]
        raised: Exception | None = None

        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            try:
                if not url.startswith(SCHEME):
                    raise RenderFailed(reason=f"it asks for {url[:200]}, and only stored photos may be in it.")
                data = read(url.removeprefix(SCHEME))
            except Exception as error:
                self.raised = error
                raise
            return URLFetcherResponse(url, data, {"Content-Type": "image/jpeg"})

    return Fetcher(fail_on_errors=True)


class _Heard(logging.Handler):
    """What WeasyPrint's logger said during one document."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.missing: set[str] = set()
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Sort glyphs that are missing from errors; other warnings are about style and harmless."""
        if record.getMessage().startswith(".notdef"):
            self.missing.add(str(record.args[0]) if isinstance(record.args, tuple) else "")
        elif record.levelno >= logging.ERROR:
            self.errors.append(record.getMessage())

    def check(self) -> None:
        """Raise what was heard."""
        if self.errors:
            raise RenderFailed(reason="; ".join(self.errors)[:500])
        if self.missing:
            raise MissingGlyphs("".join(sorted(self.missing)))


@contextmanager
def _listening() -> Iterator[_Heard]:
    logger, heard = logging.getLogger("weasyprint"), _Heard()
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)


@contextmanager
def _without_collections() -> Iterator[None]:
    """A page makes many objects and few cycles: collecting while it is made costs a sixth of its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@cache
def versions() -> str:
    """The tools that shape a page, for telling whether a stored one is still what would be made."""
    import weasyprint
    from weasyprint.text.ffi import pango

    return f"weasyprint {weasyprint.__version__}, pango {pango.pango_version()}"


def check_renderer() -> None:
    """Prove at start that pages can be made here. Raises ConfigError that names what to install."""
    try:
        from weasyprint.text import ffi
    except OSError as error:
        raise ConfigError(
            "PDF pages need Pango, which can't be loaded ({reason}). Install libpango-1.0-0 and libpangoft2-1.0-0.",
            reason=error,
        ) from error
    if ffi.harfbuzz_subset is None:
        raise ConfigError("PDF pages need the HarfBuzz subsetter. Install libharfbuzz-subset0.")
    for language in FONTS:
        _probe(language)


def _probe(language: str) -> None:
    fonts = FONTS[language].replace('"', "'")
    page = f'<html lang="{language[:2]}"><title>-</title><p style="font-family: {fonts}">{PROBE}</p></html>'
    try:
        _write(page, _nothing, "probe")
    except MissingGlyphs as error:
        raise ConfigError(
            "PDF pages need fonts with Korean and Chinese letters. Install fonts-noto-cjk and fonts-noto-core."
        ) from error


def _nothing(key: str) -> bytes:
    raise RenderFailed(reason=f"there is no photo {key}.")
