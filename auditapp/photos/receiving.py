"""Take an upload in: stream to a temporary file, count and hash on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from auditapp.domain.errors import InvalidInput, PhotoRefused, TooLarge
from auditapp.domain.words import N_
from auditapp.photos.container import EMPTY, MAX_BYTES, TOO_MANY_BYTES

_CHUNK = 1 << 18


class Readable(Protocol):
    """Anything with a blocking ``read(size)`` that returns ``b""`` at its end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Received:
    """An upload as it came: where it lies for now, its length in bytes, the SHA-256 (hex) of exactly those
    bytes.
    """

    path: Path
    size: int
    sha256: str


CHANGED = N_("The photo changed on its way to the server. Send it again.")


def receive(
    stream: Readable,
    directory: Path,
    max_bytes: int = MAX_BYTES,
    expected_sha256: str | None = None,
    expected_size: int | None = None,
) -> Received:
    """Stream an upload to a new file in ``directory`` (it must exist); the caller deletes the file when done.

    Never asks ``stream`` for more than ``max_bytes + 1`` bytes in all. ``expected_sha256`` is hex, in either
    case, ``expected_size`` the length in bytes that the sender announced; None where it told none. Raises TooLarge,
    PhotoRefused (empty) or InvalidInput (fewer or other bytes than the sender told of). Whatever is raised, also by
    the stream itself, the temporary file is gone.
    """
    handle, name = tempfile.mkstemp(prefix="photo-", dir=directory)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            size, digest = _copy(stream, target, max_bytes)
        if expected_size not in (None, size):  # before anything else: what was cut to nothing is no empty photo
            raise InvalidInput(CHANGED, field="sha256")
        if not size:
            raise PhotoRefused(EMPTY)
        if expected_sha256 is not None and digest != expected_sha256.strip().lower():
            raise InvalidInput(CHANGED, field="sha256")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Received(path, size, digest)


def _copy(stream: Readable, target: BinaryIO, max_bytes: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := stream.read(min(_CHUNK, max_bytes + 1 - size)):
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(TOO_MANY_BYTES, limit=max_bytes >> 20)
        digest.update(chunk)
        target.write(chunk)
    return size, digest.hexdigest()
