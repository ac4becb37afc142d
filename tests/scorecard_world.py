"""A store with a history for scorecard tests: six visits, the last one with a failed critical, notes and photos."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from PIL import Image
from sqlalchemy.orm import Session

from auditapp.checklist_yaml import loads
from auditapp.db import rollups
from auditapp.db.schema import AnswerField, Photo, Store, Visit
from auditapp.domain.checklist import Checklist
from auditapp.services.context import Context
from tests.factories import SMALL_YAML, World, make_published_visit, make_wave, make_world

RELEASED = datetime(2026, 9, 21, 9, 30, tzinfo=UTC)
ARRIVED = datetime(2026, 9, 16, 13, 26, tzinfo=UTC)  # 14:26 in London
FAILING: dict[str, object] = {"S-RUL-1": "no", "S-RNG-1": "no", "S-CLK-1": "14:26"}
NOTE = "The assistant asked ‘Card or cash?’ and nothing else."


def tri_lingual() -> Checklist:
    """The small checklist with Korean and Chinese words, a clock time and a receipt that a store must not see."""
    text = SMALL_YAML.replace("languages: [en, ko]", "languages: [en, ko, zh_Hant]")
    text = text.replace(
        'standard: {en: "Ask every time."}',
        'standard: {en: "Ask every time.", ko: "연령 제한 상품은 매번 신분증을 확인한다.", '
        'zh_Hant: "每次都要求出示證件。"}',
    )
    text = text.replace(
        'text: {en: "Was bread on the shelf?"}',
        'text: {en: "Was bread on the shelf?", ko: "진열대에 빵이 있었습니까?", zh_Hant: "貨架上有麵包嗎？"}',
    )
    text += """      - {key: S-CLK-1, factor: RUL, text: {en: "When did you queue?"}, type: clock, required: false}
      - {key: S-PIC-1, factor: RUL, text: {en: "Picture of the receipt"}, type: photo, required: false}
"""
    return loads(text, "small.yaml")[0]


@dataclass(frozen=True)
class Shop:
    """The world, the visit looked at, its ids, and its photos' public ids by question."""

    world: World
    visit: int
    public_id: str
    shopper_side_id: str
    assignment_id: str
    photos: dict[str, str]
    photo_keys: dict[str, str]


def make_shop(
    context: Context,
    language: str = "en",
    name: str = "Harbour Street",
    note: str = NOTE,
    answers: dict[str, object] | None = None,
    before: int = 5,
) -> Shop:
    """Published visits to Harbour Street and to three neighbours; the newest one failed on ID and on bread."""
    checklist = tri_lingual()
    with context.write() as session:
        world = make_world(session, checklist)
        store = session.get_one(Store, world.store)
        store.name, store.language = name, language
        _neighbours(session, world, checklist)
        for back in range(before, 0, -1):
            wave = make_wave(session, world.checklist_version, f"Wave {before - back + 1}")
            make_published_visit(
                session, world, {"S-STF-2": 3 if back % 2 else 5}, wave=wave.id, checklist=checklist,
                arrived=ARRIVED - timedelta(days=60 * back),
            )  # fmt: skip
        given = FAILING if answers is None else answers
        visit = make_published_visit(session, world, given, checklist=checklist, arrived=ARRIVED)
        visit.published_at = RELEASED
        _tell(session, visit, "S-RUL-1", "note", note)
        _tell(session, visit, "S-RNG-1", "reasons", ["empty"])
        photos, keys = {}, {}
        for at, question in enumerate(("S-RNG-1", "S-RUL-1", "S-PIC-1")):
            photo = _photo(context, session, visit, question, at)
            photos[question] = photo.public_id
            keys[question] = f"photos/{photo.sha256[:2]}/{photo.sha256[2:4]}/{photo.sha256}"
        rollups.rebuild_all(session)
        return Shop(world, visit.id, visit.store_public_id, visit.public_id, visit.assignment.public_id, photos, keys)


def _neighbours(session: Session, world: World, checklist: Checklist) -> None:
    for number, pair in enumerate(((1, 4), (3, 6), (7, 8)), 1):
        store = Store(code=f"06{number}", name=f"Store {number}", time_zone="Europe/London", region_id=world.region)
        session.add(store)
        session.flush()
        for back, facings in enumerate(pair, 1):
            make_published_visit(
                session, world, {"S-RNG-2": facings}, store=store.id, checklist=checklist,
                arrived=ARRIVED - timedelta(days=back),
            )  # fmt: skip


def _tell(session: Session, visit: Visit, question: str, field: str, value: object) -> None:
    session.add(
        AnswerField(visit_id=visit.id, question=question, field=field, value=json.dumps(value), seq=2, device="d")
    )


def _photo(context: Context, session: Session, visit: Visit, question: str, shade: int) -> Photo:
    data = io.BytesIO()
    Image.new("RGB", (400, 300), (40 * shade + 60, 90, 120)).save(data, "JPEG")
    sha256 = hashlib.sha256(data.getvalue()).hexdigest()
    for suffix in ("", "-s"):
        context.storage.put(f"photos/{sha256[:2]}/{sha256[2:4]}/{sha256}{suffix}.jpg", data.getvalue())
    photo = Photo(
        visit_id=visit.id, question=question, uuid=f"7f0f6c1e-0000-4000-8000-00000000000{shade}",
        raw_sha256=f"{shade}" * 64, sha256=sha256, size=len(data.getvalue()), width=400, height=300,
        phash="0" * 16, received_at=ARRIVED,
    )  # fmt: skip
    session.add(photo)
    session.flush()
    return photo
