"""Short texts that people type: kept exactly, without the space around them; what can't be stored is refused."""

from __future__ import annotations

import re
import unicodedata

from auditapp.domain.errors import InvalidInput
from auditapp.i18n import N_

CODE = re.compile(r"\w[\w.\-]{0,31}")
_PUBLIC_ID = re.compile(r"[0-9a-f]{32}")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,189}")


def one_line(text: str, field: str, most: int, needed: bool = True) -> str:
    """``text`` without space around it: one line of at most ``most`` characters. Raises InvalidInput."""
    text = text.strip()
    if needed and not text:
        raise InvalidInput(N_("This is empty. Fill it in."), field=field)
    if len(text) > most:
        raise InvalidInput(
            N_("This has {n} characters. Shorten it to at most {most}."), field=field, n=len(text), most=most
        )
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        raise InvalidInput(
            N_("This has a character that can't be kept, such as a line break. Type it again on one line."),
            field=field,
        )
    return text


def code(text: str, field: str = "code") -> str:
    """A short code such as 0417 or N-2: letters, digits, dot, dash, underscore. Raises InvalidInput."""
    text = one_line(text, field, 32)
    if not CODE.fullmatch(text):
        raise InvalidInput(
            N_("{text!r} is not a code. Use letters, digits, dot, dash or underscore, at most 32."),
            field=field,
            text=text,
        )
    return text


def email(text: str, field: str = "email") -> str:
    """An e-mail address, lower case and composed (NFC), so that one person has one spelling. Raises InvalidInput."""
    text = unicodedata.normalize("NFC", one_line(text, field, 254)).lower()
    if not _EMAIL.fullmatch(text):
        raise InvalidInput(
            N_("{text!r} is not an e-mail address. Write it like name@example.org."), field=field, text=text
        )
    return text


def known_id(text: str) -> str:
    """``text`` if it has the shape of a public id, else empty, which no row has: odd ids never reach the database."""
    return text if _PUBLIC_ID.fullmatch(text) else ""


def needle(text: str) -> str:
    """What to search for, without characters that no stored text can have (NUL, lone surrogates)."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "").strip()
