"""The photos of the database against the files of the store: what is missing, what belongs to nobody, what has changed.

An upload stores its files first and its row a moment later, so that a file of the last minutes may look like a stray.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from auditapp import photos
from auditapp.db.schema import Photo
from auditapp.domain.errors import NotFound
from auditapp.services.context import Context
from auditapp.services.visits.evidence import photo_key, thumb_key

ROOM = "photos/"
STRAY_SECONDS = 3600.0
BLOCK = 2**18


@dataclass(frozen=True)
class Findings:
    """Storage keys by what is wrong with them, each in order.

    ``missing``: a photo that stands has no such file; ``orphans``: no photo, standing or taken back, has this file;
    ``wrong``: a large file whose bytes are not those that were stored, by their SHA-256, or a small one that is no
    whole JPEG (its hash is nowhere kept: a small one that changed and is still a whole JPEG is not found).
    ``removed`` counts the orphans that were deleted, ``mended`` the small files that were made again; those keys are in
    none of the three.
    """

    missing: tuple[str, ...]
    orphans: tuple[str, ...]
    wrong: tuple[str, ...]
    removed: int = 0
    mended: int = 0

    @property
    def clean(self) -> bool:
        """Whether rows and files agree."""
        return not (self.missing or self.orphans or self.wrong)


def verify(context: Context, delete_orphans: bool = False, mend: bool = False) -> Findings:
    """Compare every photo with its files, reading all of them; no transaction is open meanwhile.

    ``delete_orphans`` removes those that nobody has written for an hour. ``mend`` makes a small file that is missing
    or wrong again, where the large one is right.
    """
    standing, known = _photos(context)
    missing, wrong, mended = [], [], 0
    for sha256 in sorted(standing):
        large, small = _large(context, sha256), _small(context, sha256)
        if mend and large and not small:
            _mend(context, sha256)
            small, mended = True, mended + 1
        for key, right in ((photo_key(sha256), large), (thumb_key(sha256), small)):
            if right is None:
                missing.append(key)
            elif not right:
                wrong.append(key)
    suspects = [key for key in context.storage.keys(ROOM) if not _owned(key, known)]
    known = _photos(context)[1] if suspects else known  # some may have come meanwhile
    orphans = [key for key in suspects if not _owned(key, known)]
    removed = set(_remove(context, orphans)) if delete_orphans else set()
    stray = tuple(key for key in orphans if key not in removed)
    return Findings(tuple(missing), stray, tuple(wrong), len(removed), mended)


def _photos(context: Context) -> tuple[set[str], set[str]]:
    """The hashes of the photos that stand, and of all that were ever stored."""
    with context.read() as session:
        rows = session.execute(select(Photo.sha256, Photo.deleted_at.is_(None)).where(Photo.sha256 != "")).all()
    return {sha256 for sha256, stands in rows if stands}, {sha256 for sha256, _ in rows}


def _large(context: Context, sha256: str) -> bool | None:
    """Whether the large file has the right bytes; None where there is none."""
    try:
        with context.storage.open(photo_key(sha256)) as stream:
            digest = hashlib.sha256()
            while block := stream.read(BLOCK):
                digest.update(block)
            return digest.hexdigest() == sha256
    except NotFound:
        return None


def _small(context: Context, sha256: str) -> bool | None:
    """Whether the small file is a whole picture; None where there is none."""
    try:
        return photos.is_whole(context.storage.read(thumb_key(sha256)))
    except NotFound:
        return None


def _mend(context: Context, sha256: str) -> None:
    large = context.storage.read(photo_key(sha256))
    context.storage.put(thumb_key(sha256), photos.clean(large).thumb)


def _owned(key: str, known: set[str]) -> bool:
    sha256 = key.rpartition("/")[2].removesuffix(".jpg").removesuffix("-s")
    return sha256 in known and key in (photo_key(sha256), thumb_key(sha256))


def _remove(context: Context, orphans: list[str]) -> Iterator[str]:
    for key in orphans:
        if context.storage.age(key) > STRAY_SECONDS:
            context.storage.delete(key)
            yield key
