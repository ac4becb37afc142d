"""What the visit services give back: plain data for pages and JSON, without database objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditapp.domain.checklist import Checklist, Method
from auditapp.domain.visit import Filled, Missing, VisitState


@dataclass(frozen=True)
class Row:
    """One assignment in the shopper's list. ``fee`` in minor units of ``currency``; ids are public ones.

    ``visit_id`` and the visit's ``state`` are there once it has begun; one that is only prepared is "new".
    """

    assignment_id: str
    visit_id: str | None
    list_number: int
    store_name: str
    address: str
    time_zone: str
    opens_at: datetime
    due_at: datetime
    fee: int
    currency: str
    state: str
    method: str
    answered: int = 0
    asked: int = 0
    submitted_at: datetime | None = None


@dataclass(frozen=True)
class MyVisits:
    """The shopper's list: due now or today, later ones, sent ones, and those with a question from the reviewer.

    ``sent`` has only the newest; ``receipts`` counts all that were ever sent, also those with a question.
    """

    due: tuple[Row, ...]
    next: tuple[Row, ...]
    sent: tuple[Row, ...]
    questions: tuple[Row, ...]
    receipts: int

    @property
    def more(self) -> bool:
        """Whether some of those have no row here."""
        return self.receipts > len(self.sent) + len(self.questions)


@dataclass(frozen=True)
class Brief:
    """What a shopper reads before going in."""

    row: Row
    lines: tuple[str, ...]
    minutes: int
    task: str
    sections: tuple[tuple[str, int], ...]
    questions: int
    wants_photos: int
    timers: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """A visit that a phone can do without signal; ``time_zone`` is the store's, ``top_seq`` the highest one so far."""

    visit_id: str
    list_number: int
    time_zone: str
    due_at: datetime
    top_seq: int


@dataclass(frozen=True)
class PhotoRef:
    """A photo of a visit that stands: the phone's id, the public id, size in bytes, and the raw bytes' SHA-256."""

    uuid: str
    public_id: str
    size: int
    raw_sha256: str


@dataclass(frozen=True)
class Query:
    """The one question that the reviewer asked; ``question`` may be empty where it concerns the whole visit."""

    question: str
    text: str
    asked_at: datetime


@dataclass(frozen=True)
class OpenVisit:
    """A visit as its owner (or a previewing admin) sees it.

    ``seqs``: (sequence number, device) of every register, cleared ones too, by question and field.
    """

    id: str
    row: Row
    checklist: Checklist
    method: Method
    filled: Filled
    asked: frozenset[str]
    state: VisitState
    photos: Mapping[str, tuple[PhotoRef, ...]] = field(default_factory=dict)
    timers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
    seqs: Mapping[str, Mapping[str, tuple[int, str]]] = field(default_factory=dict)
    top_seq: int = 0
    query: Query | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    suggested_arrival: datetime | None = None
    suggested_leaving: datetime | None = None

    @property
    def sent(self) -> bool:
        """Whether the shopper holds a receipt."""
        return self.state is not VisitState.DRAFT


@dataclass(frozen=True)
class Receipt:
    """The server's word that everything arrived: number, time, counts, and when the review is due.

    ``answers``: to questions that are asked in the end; ``photos``: all that came before it.
    """

    number: str
    at: datetime
    answers: int
    photos: int
    review_by: datetime
    not_done: bool = False

    @property
    def shown(self) -> str:
        """The number in groups, as people read it out: K7 Q2 · 04 18."""
        n = self.number
        return f"{n[0:2]} {n[2:4]} · {n[4:6]} {n[6:8]}"
