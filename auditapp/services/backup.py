"""Backups: one tar with all rows, then all stored files, then a manifest of hashes.

The database goes first, in one snapshot: every photo it knows is in the files by then, and none is ever deleted. PDFs
are left out, the worker makes them again; so is the secret key, so everybody signs in again after a restore. The
manifest is the last member and its name carries its own hash: a backup that was cut off anywhere, or changed, is
refused before anything is written.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from auditapp.db import dump, migrate
from auditapp.domain.errors import Conflict, InvalidInput
from auditapp.services.context import Context

FORMAT = 1
ROWS, FILES = "database/", "files/"
LEFT_OUT = ("scorecards/", "health/")
_MEMBER = re.compile(r"database/[a-z_]+\.jsonl\.gz|files/[A-Za-z0-9._/-]+")
_MANIFEST = re.compile(r"manifest-([0-9a-f]{64})\.json")
_BLOCK = 2**20
_LARGEST_MANIFEST = 2**30


@dataclass(frozen=True)
class Report:
    """What a backup holds; ``bytes`` is the size of the file."""

    rows: int
    files: int
    bytes: int


def backup(context: Context, path: Path) -> Report:
    """Write everything to ``path``, which appears there complete or not at all. Raises Conflict where it exists."""
    if path.exists():
        raise Conflict("{path} is there already. Name a new file, or remove it first.", path=path)
    members: dict[str, dict[str, Any]] = {}
    with _appearing(path) as target, tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
        with dump.snapshot(context.database) as connection:
            for table in dump.tables(connection):
                with tempfile.TemporaryFile(dir=path.parent) as rows:
                    count = _compress(dump.lines(connection, table), rows)
                    name = f"{ROWS}{table.name}.jsonl.gz"
                    members[name] = {**_add(tar, name, rows), "rows": count}
        for key in context.storage.keys(""):
            if not key.startswith(LEFT_OUT):
                with context.storage.open(key) as stream:
                    members[FILES + key] = _add(tar, FILES + key, stream)
        manifest = {
            "format": FORMAT,
            "revision": migrate.head(),
            "made_at": context.now().isoformat(),
            "members": members,
        }
        content = json.dumps(manifest, separators=(",", ":")).encode()
        _add(tar, f"manifest-{hashlib.sha256(content).hexdigest()}.json", io.BytesIO(content))
    return _report(members, path)


def restore(context: Context, path: Path) -> Report:
    """Fill this empty install from ``path``, and migrate it to this version.

    Raises InvalidInput where the backup is not whole or a newer version made it, Conflict where the install is not
    empty. Files go first, then all rows in one transaction: interrupted, it can be run again.
    """
    try:
        opened = path.open("rb")
    except OSError as error:
        raise InvalidInput("{path} can't be read ({reason}).", path=path, reason=error.strerror) from error
    with opened as source:
        manifest = _verified(source, path)
        _prepare(context, manifest["revision"])
        _put_files(context, source)
        _load_rows(context, source, manifest["members"])
    migrate.upgrade(context.database)
    return _report(manifest["members"], path)


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside ``path`` that takes its name, durably, when the block ends well."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise InvalidInput("{path} can't be written ({reason}).", path=path, reason=error.strerror) from error
    try:
        with os.fdopen(handle, "wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _compress(lines: Iterator[bytes], target: IO[bytes]) -> int:
    count = 0
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=6, mtime=0) as packed:
        for count, line in enumerate(lines, 1):  # noqa: B007
            packed.write(line)
    target.seek(0)
    return count


def _add(tar: tarfile.TarFile, name: str, stream: IO[bytes]) -> dict[str, Any]:
    """Append a member; the size and hash of what was really written."""
    info = tarfile.TarInfo(name)
    info.size = stream.seek(0, os.SEEK_END)
    info.mode = 0o600
    stream.seek(0)
    hashing = _Hashing(stream)
    tar.addfile(info, hashing)
    tar.members = []  # type: ignore[attr-defined]  # it keeps every header: too many for a million photos
    return {"size": info.size, "sha256": hashing.digest.hexdigest()}


class _Hashing:
    """A stream that hashes what is read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read, and hash."""
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _verified(source: IO[bytes], path: Path) -> dict[str, Any]:
    """The manifest of a backup that is whole: every member there, right, expected, and the manifest last."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    size = source.seek(0, os.SEEK_END)
    try:
        for info, stream in _members(source):
            if manifest is not None:
                raise _damaged(path)
            if (named := _MANIFEST.fullmatch(info.name)) is not None:
                content = stream.read(_LARGEST_MANIFEST)
                if hashlib.sha256(content).hexdigest() != named.group(1) or size != _end_after(info):
                    raise _damaged(path)
                manifest = json.loads(content)
            elif _MEMBER.fullmatch(info.name) and info.name not in found:
                found[info.name] = {"size": info.size, "sha256": _digest(stream)}
            else:
                raise _damaged(path)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _damaged(path) from error
    if manifest is None or manifest.get("format") != FORMAT:
        raise _damaged(path)
    if found != {name: {k: one[k] for k in ("size", "sha256")} for name, one in manifest["members"].items()}:
        raise _damaged(path)
    return manifest


def _end_after(last: tarfile.TarInfo) -> int:
    """How long an archive with this last member is: two empty blocks follow, then it is filled up to a record."""
    blocks = -(-(last.offset_data + last.size) // tarfile.BLOCKSIZE) + 2
    return -(-blocks * tarfile.BLOCKSIZE // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def _damaged(path: Path) -> InvalidInput:
    return InvalidInput(
        "{path} is not a whole backup: it was cut off or changed. Nothing was written. Use another backup.", path=path
    )


def _members(source: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    source.seek(0)
    with tarfile.open(fileobj=source, mode="r:") as tar:
        while (info := tar.next()) is not None:
            stream = tar.extractfile(info) if info.isreg() else None
            if stream is None:
                raise tarfile.TarError("not a plain file")
            yield info, stream
            tar.members = []  # type: ignore[attr-defined]


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _prepare(context: Context, revision: str) -> None:
    """Make the tables of the version that wrote the backup, in a database that is empty so far."""
    if migrate.current(context.database) is not None:
        with dump.snapshot(context.database) as connection:
            _refuse_filled(dump.is_empty(connection))
    if revision not in migrate.revisions():
        raise InvalidInput(
            "A newer version made this backup (revision {revision}). Install that version, then restore.",
            revision=revision,
        )
    if migrate.current(context.database) not in (None, revision):
        migrate.downgrade(context.database, "base")
    migrate.upgrade(context.database, revision)


def _refuse_filled(empty: bool) -> None:
    if not empty:
        raise Conflict(
            "This install is not empty, and a restore never overwrites. Give AUDITAPP_DATA (and AUDITAPP_DATABASE_URL) "
            "an empty place, then restore there."
        )


def _put_files(context: Context, source: IO[bytes]) -> None:
    for info, stream in _members(source):
        if info.name.startswith(FILES):
            context.storage.put(info.name.removeprefix(FILES), stream.read())


def _load_rows(context: Context, source: IO[bytes], members: dict[str, dict[str, Any]]) -> None:
    """Members stand in the order in which tables refer to each other."""
    with context.database.writer.begin() as connection:
        _refuse_filled(dump.is_empty(connection))
        known = {f"{ROWS}{table.name}.jsonl.gz": table for table in dump.tables(connection)}
        for info, stream in _members(source):
            if not info.name.startswith(ROWS):
                continue
            table = known.get(info.name)
            if table is None:
                raise InvalidInput("The backup has a table {name} that is unknown here.", name=info.name)
            with gzip.GzipFile(fileobj=stream) as rows:
                count = dump.load(connection, table, rows)
            if count != members[info.name]["rows"]:
                raise InvalidInput("The backup has fewer rows in {name} than it says.", name=info.name)


def _report(members: dict[str, dict[str, Any]], path: Path) -> Report:
    rows = sum(member.get("rows", 0) for member in members.values())
    files = sum(name.startswith(FILES) for name in members)
    return Report(rows, files, path.stat().st_size)
