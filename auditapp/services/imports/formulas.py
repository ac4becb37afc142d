"""Cells that a spreadsheet would run as formulas, kept harmless on the way out and restored on the way in.

A cell that begins with = + - @ or a control character gets an apostrophe in front (OWASP, "CSV Injection"), and so does
one that begins with apostrophes before such a character: so the two functions are each other's inverse. Plain numbers
stay as they are.
"""

from __future__ import annotations

import re

_DANGEROUS = tuple("=+-@\t\r\n|%＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def defuse(cell: str) -> str:
    """``cell`` as it may stand in an exported file."""
    return f"'{cell}" if _is_dangerous(cell) else cell


def restore(cell: str) -> str:
    """``cell`` as it was before `defuse`."""
    return cell[1:] if cell.startswith("'") and _is_dangerous(cell) else cell


def _is_dangerous(cell: str) -> bool:
    bare = cell.lstrip("'")
    return bare.startswith(_DANGEROUS) and not _NUMBER.fullmatch(cell)
