"""A small shop whose checklist has every kind of question, and visits to it for Sun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditapp.checklist_yaml import loads
from auditapp.config import Settings
from auditapp.db import migrate
from auditapp.db.schema import User
from auditapp.services.accounts.passwords import hash_of
from auditapp.services.context import Context, make_context
from auditapp.services.programme.checklists import publish_checklist
from tests.factories import World, make_assignment, make_world

PASSWORD = "two words and a dot."

EVERY_KIND = """
format: 1
key: every-kind
version: 1
title: {en: Every kind}
languages: [en]
method: mystery
minutes: 20
brief: {en: "Walk in.\\nLook.\\nPay."}
scoring:
  weights: {RNG: 20, STF: 40, RUL: 40}
  pass_mark: 80
  bands: {A: 90, B: 80, C: 70, D: 0}
sections:
  - key: door
    title: {en: Door}
    questions:
      - {key: YES, factor: RNG, text: {en: "Was the door open?"}, type: yes_no, weight: 2, na: true,
         evidence: {photo: on_fail, note: on_fail, note_min: 5}, reasons: {late: {en: Opened late}, stuck: {en: Stuck}}}
      - {key: PARTLY, factor: RNG, text: {en: "Was the floor clean?"}, type: yes_partly_no, weight: 1}
      - {key: WHERE, factor: RNG, text: {en: "Was the dirt near the till?"}, type: yes_no, weight: 1,
         show_if: {question: PARTLY, in: [partly, no]}}
      - {key: SCALE, factor: STF, text: {en: "How well were you greeted?"}, type: scale, points: 4, weight: 2,
         labels: [{en: Not at all}, {en: Coldly}, {en: Kindly}, {en: Warmly}]}
      - {key: CHOICE, factor: STF, text: {en: "Who came first?"}, type: choice, weight: 1,
         options: {they: {text: {en: The staff}, value: 1}, me: {text: {en: I did}, value: 0}}}
      - {key: MULTI, factor: STF, text: {en: "What was on offer?"}, type: multi, weight: 1, na: true,
         options: {taste: {text: {en: A taste}, value: 1}, leaflet: {text: {en: A leaflet}, value: 1}}}
  - key: till
    title: {en: Till}
    questions:
      - {key: COUNT, factor: RNG, text: {en: "Empty facings"}, type: count, weight: 1, upto: {2: 1, 5: 0.5}}
      - {key: NUMBER, factor: RNG, text: {en: "Degrees in the fridge"}, type: number, weight: 1, upto: {5: 1, 7: 0.5}}
      - {key: MINUTES, factor: STF, text: {en: "Minutes in the queue"}, type: minutes, weight: 1, upto: {3: 1, 6: 0.5}}
      - {key: TEXT, factor: STF, text: {en: "What was said?"}, type: text}
      - {key: CLOCK, factor: STF, text: {en: "When did you queue?"}, type: clock}
      - {key: DATE, factor: RUL, text: {en: "Date on the notice"}, type: date}
      - {key: BARCODE, factor: RUL, text: {en: "Code of the item"}, type: barcode}
      - {key: SIGNED, factor: RUL, text: {en: "Signature on the list"}, type: signature}
      - {key: PHOTO, factor: RUL, text: {en: "The front of the shop"}, type: photo}
      - {key: ID, factor: RUL, text: {en: "Was proof of age asked for?"}, type: yes_no, weight: 3,
         critical: {cap: 69}}
"""


@dataclass(frozen=True)
class Shop:
    """The shop's data folder, and who is who in it."""

    data: Path
    world: World
    email: str = "sun@example.org"
    other_email: str = "otto@example.org"

    def new_brief(self) -> str:
        """The address of a brief for Sun: a visit that may be made now."""
        now = datetime.now(UTC)
        with context_of(self.data) as context, context.write() as session:
            assignment = make_assignment(session, self.world)
            assignment.opens_at, assignment.due_at = now - timedelta(hours=2), now + timedelta(hours=5)
            return f"/visits/assignments/{assignment.public_id}"


def make_shop(data: Path, checklist: str = EVERY_KIND) -> Shop:
    """Build it."""
    data.mkdir(parents=True)
    with context_of(data) as context:
        migrate.upgrade(context.database)
        with context.write() as session:
            world = make_world(session, loads(checklist, "every-kind.yaml")[0])
            for actor in (world.shopper, world.other_shopper):
                session.get_one(User, actor.user_id).password_hash = hash_of(PASSWORD)
    return Shop(data, world)


def publish_again(shop: Shop, checklist: str) -> None:
    """Publish another version while visits are running."""
    with context_of(shop.data) as context, context.write() as session:
        publish_checklist(session, shop.world.admin, loads(checklist, "every-kind.yaml")[0], context.now())


@contextmanager
def context_of(data: Path) -> Iterator[Context]:
    """The services on that folder, beside the server."""
    url = f"sqlite:///{data / 'auditapp.sqlite3'}"
    context = make_context(Settings(data, url, public_url="http://127.0.0.1", secret_key="0" * 40))
    yield context
    context.database.dispose()
