"""Passwords: the rules for a new one, Argon2id hashes, and a check that costs the same whoever asks.

Parameters m = 19456 KiB, t = 2, p = 1: the OWASP Password Storage Cheat Sheet's first choice for Argon2id.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auditapp.domain.errors import InvalidInput
from auditapp.i18n import N_

LEAST_CHARACTERS = 10
MOST_BYTES = 1024

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def check_new(password: str, email: str) -> None:
    """Raise InvalidInput unless ``password`` may be set: length and not the e-mail; no rules of composition."""
    if len(password) < LEAST_CHARACTERS:
        raise InvalidInput(
            N_("This password has fewer than {n} characters. Make it longer; a few words are fine."),
            field="password",
            n=LEAST_CHARACTERS,
        )
    if _too_long(password):
        raise InvalidInput(
            N_("This password is longer than {n} bytes. Make it shorter."), field="password", n=MOST_BYTES
        )
    if password.strip().lower() == email:
        raise InvalidInput(N_("This password is your e-mail address. Choose another one."), field="password")


def hash_of(password: str) -> str:
    """The Argon2id hash to store; takes some tens of milliseconds, so never inside a write transaction."""
    return _hasher.hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one hashed in ``stored``; with None a hash that nobody has is checked instead."""
    if _too_long(password):
        return False
    try:
        return _hasher.verify(stored or _nobody(), _bytes(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether ``stored`` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def warm_up() -> None:
    """Make the hash that unknown users are checked against, so that the first of them takes no longer."""
    _nobody()


@cache
def _nobody() -> str:
    return _hasher.hash(b"nobody has this password")


def _too_long(password: str) -> bool:
    # one character can become eighteen: what is far too long is never normalized, for that took seconds and gigabytes
    return len(password) > MOST_BYTES or len(_bytes(password)) > MOST_BYTES


def _bytes(password: str) -> bytes:
    # NFKC: the same keys give composed or decomposed letters, depending on the phone (NIST SP 800-63B, 5.1.1.2)
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
