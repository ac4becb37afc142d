"""Tokens that open something: 256 random bits for the holder, only their hash for the database."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """A fresh token, 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What the database keeps. No salt is needed: a 256-bit token can't be guessed from its hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
