"""The photos of the database against the files of the store: what is missing, what belongs to nobody, what has changed.

An upload stores its files first and its row a moment later, so that a file of the last minutes may look like a stray.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from auditapp.db.schema import Photo
from auditapp.domain.errors import NotFound
from auditapp.services.context import Context
from auditapp.services.visits.evidence import photo_key, thumb_key

ROOM = "photos/"
STRAY_SECONDS = 3600.0
BLOCK = 2**18


@dataclass(frozen=True)
class Findings:
    """Storage keys by what is wrong with them, each in order; ``removed`` counts the orphans that were deleted.

    ``missing``: a photo that stands has no such file; ``orphans``: no photo, standing or taken back, has this file;
    ``wrong``: the file's bytes are not those that were stored.
    """

    missing: tuple[str, ...]
    orphans: tuple[str, ...]
    wrong: tuple[str, ...]
    removed: int = 0

    @property
    def clean(self) -> bool:
        """Whether rows and files agree."""
        return not (self.missing or self.orphans or self.wrong)


def verify(context: Context, delete_orphans: bool = False) -> Findings:
    """Compare every photo with its files, reading each large one; no transaction is open meanwhile.

    ``delete_orphans`` removes those that nobody has written for an hour.
    """
    standing, known = _photos(context)
    missing, wrong = [], []
    for sha256 in sorted(standing):
        for key, right in ((photo_key(sha256), sha256), (thumb_key(sha256), "")):
            found = _hash(context, key, wanted=bool(right))
            if found is None:
                missing.append(key)
            elif found != right:
                wrong.append(key)
    suspects = [key for key in context.storage.keys(ROOM) if not _owned(key, known)]
    known = _photos(context)[1] if suspects else known  # some may have come meanwhile
    orphans = [key for key in suspects if not _owned(key, known)]
    removed = set(_remove(context, orphans)) if delete_orphans else set()
    return Findings(tuple(missing), tuple(key for key in orphans if key not in removed), tuple(wrong), len(removed))


def _photos(context: Context) -> tuple[set[str], set[str]]:
    """The hashes of the photos that stand, and of all that were ever stored."""
    with context.read() as session:
        rows = session.execute(select(Photo.sha256, Photo.deleted_at.is_(None)).where(Photo.sha256 != "")).all()
    return {sha256 for sha256, stands in rows if stands}, {sha256 for sha256, _ in rows}


def _hash(context: Context, key: str, wanted: bool) -> str | None:
    """The SHA-256 of a file, "" where it is not wanted, None where there is no file."""
    if not wanted:
        return "" if context.storage.exists(key) else None
    try:
        with context.storage.open(key) as stream:
            digest = hashlib.sha256()
            while block := stream.read(BLOCK):
                digest.update(block)
            return digest.hexdigest()
    except NotFound:
        return None


def _owned(key: str, known: set[str]) -> bool:
    sha256 = key.rpartition("/")[2].removesuffix(".jpg").removesuffix("-s")
    return sha256 in known and key in (photo_key(sha256), thumb_key(sha256))


def _remove(context: Context, orphans: list[str]) -> Iterator[str]:
    for key in orphans:
        if context.storage.age(key) > STRAY_SECONDS:
            context.storage.delete(key)
            yield key
