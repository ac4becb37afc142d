"""Keep bytes under a key: photos, PDFs. Local folder now; `Storage` is the seam for another place.

A key is a relative path of plain segments, for example ``photos/ab/cd/<sha256>.jpg``.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from auditapp.domain.errors import InvalidInput, NotFound

GONE = "The file {key} is not in the store. Restore it from a backup."
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_TEMPORARY = ".tmp"  # inside the root, so that a rename never crosses file systems; no key begins with a dot


class Storage(Protocol):
    """Where bytes live. Every method raises InvalidInput for a malformed key, reading one NotFound for an
    absent key.
    """

    def put(self, key: str, data: bytes) -> None:
        """Store ``data`` so that, once this returns, a power cut does not lose it; replaces what was there at
        once.
        """

    def read(self, key: str) -> bytes:
        """All bytes under ``key``."""

    def open(self, key: str) -> BinaryIO:
        """A binary stream over the bytes under ``key``; the caller closes it."""

    def exists(self, key: str) -> bool:
        """Is there something under ``key``?"""

    def delete(self, key: str) -> None:
        """Remove ``key``; an absent key is fine."""

    def age(self, key: str) -> float:
        """Seconds since ``key`` was last stored."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every stored key that begins with ``prefix``, in order."""


def content_key(room: str, data: bytes, suffix: str) -> str:
    """A key named by the bytes' own SHA-256, such as ``photos/ab/cd/abcd….jpg``: the same bytes get the same
    key.
    """
    digest = hashlib.sha256(data).hexdigest()
    return f"{room}/{digest[:2]}/{digest[2:4]}/{digest}{suffix}"


class LocalStorage:
    """`Storage` in a local folder. ``temporary`` is a folder on the same file system for uploads on their way
    in.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self.temporary = self._root / _TEMPORARY
        self.temporary.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        """Write aside, fsync, rename, fsync the folder: readers see the old or the new, never a part."""
        path = self._path(key)
        _make_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix="put-", dir=self.temporary)
        try:
            with os.fdopen(handle, "wb") as target:
                target.write(data)
                target.flush()
                os.fsync(target.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def read(self, key: str) -> bytes:
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(GONE, key=key) from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        _sync_folder(path.parent)

    def age(self, key: str) -> float:
        try:
            return time.time() - self._path(key).stat().st_mtime
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(GONE, key=key) from None

    def keys(self, prefix: str = "") -> Iterator[str]:
        yield from (key for key in _walk(self._root, "") if key.startswith(prefix))

    def sweep_temporary(self, older_than_seconds: float) -> int:
        """Remove what a crash left in ``temporary`` and nobody has touched for that long; how many files
        went.
        """
        swept, limit = 0, time.time() - older_than_seconds
        for entry in os.scandir(self.temporary):
            try:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < limit:
                    os.unlink(entry.path)
                    swept += 1
            except FileNotFoundError:
                continue  # its owner was faster
        return swept

    def _path(self, key: str) -> Path:
        if not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
            raise InvalidInput("{key!r} is not a key. Use plain relative paths.", field="key", key=key)
        return self._root / key


def _walk(folder: Path, above: str) -> Iterator[str]:
    for entry in sorted(os.scandir(folder), key=lambda e: e.name + "/" * e.is_dir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), f"{above}{entry.name}/")
        else:
            yield above + entry.name


def _make_folder(folder: Path) -> None:
    """Like ``mkdir -p``, each new name made durable in its parent."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
