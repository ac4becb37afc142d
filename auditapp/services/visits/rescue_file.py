"""Reading a rescue file: a visit as a phone keeps it, saved by js/rescue.js as one HTML page.

All records stand as JSON in ``<script type="application/json" id="auditapp-visit">``, the bytes of each photo once,
in the ``src`` of its ``<img data-photo="its id">``. The file comes from outside and may be cut off or forged: what can
be read of it is given, what can't is told part by part.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any, BinaryIO

from auditapp.domain.errors import AuditAppError, InvalidInput, TooLarge
from auditapp.domain.times import PHONE_YEARS, phone_moment, read_moment
from auditapp.i18n import N_
from auditapp.services.visits.evidence import UUID, Told, degrees
from auditapp.services.visits.registers import Write, check_device
from auditapp.services.visits.sending import Manifest, read_manifest

MOST_BYTES = 200 * 2**20
MOST_PAGE = 16 * 2**20
"""Of the file without its photos, in bytes."""
MOST_TAGS = 50_000
MOST_TAG = 8192
MOST_RECORDS = 10_000
FACTS = "auditapp-visit"
FROZEN = frozenset({"ready", "receipted"})
_PHOTO = re.compile(rb'src="data:[a-z0-9/+.-]{0,60};base64,([A-Za-z0-9+/=]*)"')
_PLACE = re.compile(r"photo:(\d{1,9})")
_VISIT = re.compile(r"[0-9a-f]{32}")

NO_FILE = N_("This is not a rescue file. Choose the .html file that the phone saved, whole and unchanged.")
CUT_OFF = N_("This photo is not in the file. Ask for the file once more, it may be cut off.")
DAMAGED = N_("This photo is damaged in the file. Ask for the file once more.")
ODD_ANSWER = N_("This answer has no proper question, field and sequence number.")
ODD_PHOTO = N_("This photo has no proper id and question.")
ODD_TIMES = N_("The file says that the visit is finished, but not when it was made. Ask the shopper to send it.")


@dataclass(frozen=True)
class Fault:
    """A part of the file that could not be taken in, and why. ``question`` is a key, or "" for the whole visit."""

    error: AuditAppError
    question: str = ""
    field: str = ""


@dataclass(frozen=True)
class RescuedPhoto:
    """A photo of the file. ``sha256`` (hex) as the phone has it, "" where it could not tell; ``encoded`` is base64."""

    uuid: str
    question: str
    told: Told
    sha256: str
    encoded: bytes

    def data(self) -> bytes:
        """The photo itself. Raises InvalidInput where it is missing, or not as the phone had it."""
        try:
            found = base64.b64decode(self.encoded, validate=True)
        except binascii.Error:
            raise InvalidInput(DAMAGED) from None
        if not found:
            raise InvalidInput(CUT_OFF)
        if self.sha256 and hashlib.sha256(found).hexdigest() != self.sha256:
            raise InvalidInput(DAMAGED)
        return found


@dataclass(frozen=True)
class Finished:
    """What the shopper has sent, as far as the phone knows: times as the API takes them, or why it was not done."""

    manifest: Manifest
    times: tuple[datetime, datetime] | None
    not_done: str


@dataclass(frozen=True)
class Rescue:
    """A visit as it was on the phone. ``taken_back``: ids of photos whose removal the server may not know."""

    visit: str
    device: str
    writes: tuple[Write, ...]
    photos: tuple[RescuedPhoto, ...]
    taken_back: tuple[str, ...]
    finished: Finished | None
    faults: tuple[Fault, ...]


def read_file(file: BinaryIO, most: int = MOST_BYTES) -> Rescue:
    """As `read_rescue`, of at most ``most`` bytes. Raises TooLarge beyond."""
    data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(N_("This file has more than {limit} MB."), limit=most >> 20)
    return read_rescue(data)


def read_rescue(data: bytes) -> Rescue:
    """The visit in a rescue file. Raises InvalidInput where it is none, or says not even which visit it is of."""
    facts, images = _facts(data)
    visit = facts.get("visit")
    key = visit.get("key") if isinstance(visit, dict) else None
    if facts.get("format") != 1 or not isinstance(visit, dict) or not isinstance(key, str) or not _VISIT.fullmatch(key):
        raise InvalidInput(NO_FILE)
    faults: list[Fault] = []
    photos = [record for record in _records(facts, "photos") if record.get("state") != "gone"]
    gone = [record.get("key") for record in _records(facts, "photos") if record.get("state") == "gone"]
    return Rescue(
        visit=key,
        device=check_device(facts.get("device")),
        writes=tuple(w for record in _records(facts, "answers") if (w := _write(record, faults))),
        photos=tuple(p for record in photos if (p := _photo(record, images, faults))),
        taken_back=tuple(uuid for uuid in gone if isinstance(uuid, str) and UUID.fullmatch(uuid)),
        finished=_finished(visit, photos, faults) if visit.get("state") in FROZEN else None,
        faults=tuple(faults),
    )


class _Page(HTMLParser):
    """Finds the records, and in which place of the list of photos each photo stands."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[str] = []
        self.places: dict[str, int] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A script of records begins, or this is a photo."""
        given = dict(attrs)
        self._inside = tag == "script" and given.get("id") == FACTS
        place = _PLACE.fullmatch(given.get("src") or "")
        if tag == "img" and place:
            self.places.setdefault(given.get("data-photo") or "", int(place[1]))

    def handle_endtag(self, tag: str) -> None:
        """The script of records ends."""
        self._inside = False

    def handle_data(self, data: str) -> None:
        """Keep the records."""
        if self._inside:
            self.facts.append(data)


def _facts(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The records, and the photos still in base64. The large parts are cut out first: what is left is a small page."""
    encoded: list[bytes] = []

    def cut(found: re.Match[bytes]) -> bytes:
        encoded.append(found[1])
        return b'src="photo:%d"' % (len(encoded) - 1)

    page = _Page()
    page.feed(_plain(_PHOTO.sub(cut, data)))
    page.close()
    images = {uuid: encoded[place] for uuid, place in page.places.items() if place < len(encoded)}
    try:
        facts = json.loads("".join(page.facts).encode("utf-8", "replace"))
        facts = json.loads(json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"))  # halves of an emoji
    except (ValueError, RecursionError):
        raise InvalidInput(NO_FILE) from None
    if not isinstance(facts, dict):
        raise InvalidInput(NO_FILE)
    return facts, images


def _plain(page: bytes) -> str:
    """The page as text, without a tag that is cut off at its end. Raises InvalidInput for anything but a few short
    tags one after the other, as the phone writes them: `HTMLParser` takes minutes for some that aren't."""
    if len(page) > MOST_PAGE or page.count(b"<") > MOST_TAGS:
        raise InvalidInput(NO_FILE)
    first, *tags = page.decode("utf-8", "replace").split("<")
    if tags and ">" not in tags[-1]:
        tags.pop()
    for tag in tags:
        length = tag.find(">")
        if not 0 <= length <= MOST_TAG or (tag[0] in "!?" and tag[:length].lower() != "!doctype html"):
            raise InvalidInput(NO_FILE)
    return "<".join((first, *tags))


def _records(facts: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = facts.get(name)
    if not isinstance(found, list) or len(found) > MOST_RECORDS:
        raise InvalidInput(NO_FILE)
    return [record if isinstance(record, dict) else {} for record in found]


def _write(record: Mapping[str, Any], faults: list[Fault]) -> Write | None:
    question, name, seq = record.get("question"), record.get("field"), record.get("seq")
    if isinstance(question, str) and isinstance(name, str) and type(seq) is int:
        return Write(question, name, seq, record.get("value"), phone_moment(record.get("at")))
    faults.append(Fault(InvalidInput(ODD_ANSWER)))
    return None


def _photo(record: Mapping[str, Any], images: Mapping[str, bytes], faults: list[Fault]) -> RescuedPhoto | None:
    uuid, question, sha256 = record.get("key"), record.get("question"), record.get("hash")
    if not isinstance(uuid, str) or not UUID.fullmatch(uuid) or not isinstance(question, str):
        faults.append(Fault(InvalidInput(ODD_PHOTO)))
        return None
    told = Told(
        taken_at=str(record.get("takenAt") or "")[:40],
        latitude=degrees(record.get("latitude"), 90),
        longitude=degrees(record.get("longitude"), 180),
        device=str(record.get("camera") or "")[:120],
        given_at=phone_moment(record.get("at")),
    )
    return RescuedPhoto(uuid, question, told, sha256 if isinstance(sha256, str) else "", images.get(uuid, b""))


def _finished(visit: Mapping[str, Any], photos: list[dict[str, Any]], faults: list[Fault]) -> Finished | None:
    not_done = visit.get("notDone")
    if isinstance(not_done, str) and not_done:
        return Finished(Manifest(), None, not_done)
    arrived, left = (read_moment(visit.get(name)) for name in ("arrived", "left"))
    try:
        manifest = read_manifest(visit.get("manifest"))
        if not arrived or not left or not {arrived.year, left.year} <= set(PHONE_YEARS):
            raise InvalidInput(ODD_TIMES)
    except InvalidInput as error:
        faults.append(Fault(error))
        return None
    refused = {str(photo.get("key")) for photo in photos if photo.get("state") == "refused"} | set(manifest.refused)
    return Finished(Manifest(manifest.answers, manifest.photos, tuple(sorted(refused))), (arrived, left), "")
