"""A small seeded install for the benchmarks over HTTP, made through the app's own services where there is one."""

from __future__ import annotations

import io
import random
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from auditapp import checklist_yaml, config
from auditapp.db import migrate
from auditapp.db.schema import Assignment, AssignmentShopper, Chain, ChecklistVersion, Region, Store, User, Wave
from auditapp.domain.answers import answer_words, fails, parse_answer
from auditapp.domain.checklist import NA, NA_REASONS, Checklist, Method, Question, QuestionType
from auditapp.domain.roles import Actor, Role
from auditapp.domain.visit import Filled, missing
from auditapp.services.accounts import passwords
from auditapp.services.context import Context, make_context
from auditapp.services.programme.checklists import publish_checklist
from auditapp.services.visits import evidence, registers, sending
from auditapp.services.visits.registers import Write
from tests.photo_factory import phone_jpeg, shop_picture

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long enough password"
NOTES = (
    "Two of the four fridges stood open, the glass was fogged and the labels could not be read.",
    "Nobody at the counter for five minutes; a colleague came from the store room and said sorry.",
    "Price on the shelf 3.49, at the till 3.99. They gave back the difference without a word.",
    "The mat at the entrance was rolled up at one edge.",
)
TYPED = {
    QuestionType.COUNT: "1",
    QuestionType.NUMBER: "4.5",
    QuestionType.MINUTES: "3.5",
    QuestionType.CLOCK: "14:26:00",
    QuestionType.DATE: "2026-09-14",
    QuestionType.BARCODE: "4006381333931",
    QuestionType.TEXT: NOTES[0],
}


def checklist_of(questions: int) -> Checklist:
    """The first ``questions`` questions of the checklists that are shipped, one after another, as one checklist."""
    shipped = [checklist_yaml.load(path)[0] for path in sorted((ROOT / "checklists").glob("*.yaml"))]
    left, sections = questions, []
    for one in shipped:
        for section in one.sections:
            kept = section.questions[:left]
            left -= len(kept)
            if kept:
                sections.append(replace(section, key=f"{one.key}-{section.key}", questions=kept))
    if left:
        raise ValueError(f"the shipped checklists have {questions - left} questions, not {questions}")
    return replace(shipped[0], key=f"bench{questions}", sections=tuple(sections))


def context_in(folder: Path, database_url: str = "") -> Context:
    """An install in an empty folder: migrated, with a chain and one store."""
    context = make_context(config.load({"AUDITAPP_DATA": str(folder), "AUDITAPP_DATABASE_URL": database_url}))
    migrate.upgrade(context.database)
    with context.write() as session:
        region = Region(code="N", name="North")
        session.add_all([Chain(id=1, name="Northgate Grocers", programme="Store Standards"), region])
        session.flush()
        session.add(Store(code="0417", name="Harbour Street", time_zone="Europe/London", region_id=region.id))
    return context


def add_shopper(context: Context, number: int) -> Actor:
    """A shopper who signs in as `email_of` with PASSWORD."""
    with context.write() as session:
        user = User(
            email=email_of(number), name=f"Shopper {number}", role=Role.SHOPPER.value, created_at=context.now(),
            password_hash=passwords.hash_of(PASSWORD),
        )  # fmt: skip
        session.add(user)
        session.flush()
        return Actor(user.id, Role.SHOPPER, user.name)


def email_of(number: int) -> str:
    """The e-mail address of a shopper."""
    return f"shopper{number}@example.org"


def add_wave(context: Context, checklist: Checklist) -> int:
    """Publish ``checklist`` and open a wave with it; gives the wave's id."""
    with context.write() as session:
        version, _ = publish_checklist(session, Actor(0, Role.ADMIN, "bench"), checklist, context.now())
        today = context.now().date()
        wave = Wave(
            name=checklist.key, checklist_version_id=session.get_one(ChecklistVersion, version.id).id,
            method="mystery", starts_on=today, ends_on=today + timedelta(days=90),
        )  # fmt: skip
        session.add(wave)
        session.flush()
        return wave.id


def start_visits(context: Context, shopper: Actor, wave: int, count: int) -> list[str]:
    """Assign the one store ``count`` times to ``shopper`` and open each visit; gives their public ids."""
    now = context.now()
    day = timedelta(days=1)
    with context.write() as session:
        made = [
            Assignment(wave_id=wave, store_id=1, list_number=n, opens_at=now - day, due_at=now + 9 * day)
            for n in range(1, count + 1)
        ]
        session.add_all(made)
        session.flush()
        session.add_all(AssignmentShopper(assignment_id=one.id, user_id=shopper.user_id) for one in made)
        session.flush()
        return [sending.start(session, shopper, one.public_id, now) for one in made]


def fill(context: Context, shopper: Actor, visit_id: str, checklist: Checklist, seed: int, share: float) -> None:
    """Answer a ``share`` of the questions as people do, with three photos."""
    rng = random.Random(seed)
    answers = answers_of(checklist, rng)
    given = {key: fields for key, fields in answers.items() if rng.random() < share}
    writes = [Write(key, name, 1, value) for key, fields in given.items() for name, value in fields.items()]
    with context.write() as session:
        merged = registers.patch_answers(session, shopper, visit_id, "bench", writes, context.now())
    if merged.refused:
        raise ValueError(f"refused: {merged.refused}")
    for question in rng.sample(photo_questions(checklist), 3):
        photo = io.BytesIO(jpeg(rng.randrange(2**31), 640, 480, 85))
        evidence.put_photo(context, shopper, visit_id, new_uuid(rng), question, photo)


def photo_questions(checklist: Checklist) -> list[str]:
    """The questions that take a photo."""
    return [q.key for q in checklist.questions if q.evidence.photo.value != "none"]


def new_uuid(rng: random.Random) -> str:
    """A phone's id for a photo."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def answers_of(checklist: Checklist, rng: random.Random) -> dict[str, dict[str, Any]]:
    """Question → field → value: mostly good, now and then a failure with its reason, a note, N/A with its reason."""
    return {question.key: dict(_fields(question, rng)) for question in checklist.questions}


def completed(
    checklist: Checklist, answers: dict[str, dict[str, Any]], photos: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """``answers`` with "I can't" and a reason wherever something is still owed, so that the visit can be sent."""
    values = {key: parse_answer(checklist.by_key[key], fields["value"]) for key, fields in answers.items()}
    filled = Filled(
        values={key: value for key, value in values.items() if value is not None},
        notes={key: fields["note"] for key, fields in answers.items() if "note" in fields},
        na_reasons={key: fields["na_reason"] for key, fields in answers.items() if "na_reason" in fields},
        photos=photos,
    )
    owed = {lack.question for lack in missing(checklist, filled, Method.MYSTERY)}
    excuse = {"cant": "It was too crowded to take one without being seen."}
    return {key: {**fields, **(excuse if key in owed else {})} for key, fields in answers.items()}


def _fields(question: Question, rng: random.Random) -> Mapping[str, Any]:
    if question.na and rng.random() < 0.1:
        return {"value": NA, "na_reason": rng.choice(NA_REASONS)}
    value = _value(question, rng)
    fields: dict[str, Any] = {"value": value}
    parsed = parse_answer(question, value)
    if parsed is not None and fails(question, parsed):
        fields["note"] = rng.choice(NOTES)
        if question.reasons:
            fields["reasons"] = [rng.choice(list(question.reasons))]
    elif rng.random() < 0.05:
        fields["note"] = rng.choice(NOTES)
    return fields


def _value(question: Question, rng: random.Random) -> Any:
    if question.type in TYPED:
        return TYPED[question.type]
    words = answer_words(question)
    if question.type is QuestionType.MULTI:
        return rng.sample(words, rng.randint(1, len(words)))
    good = [word for word in words if not fails(question, parse_answer(question, word) or "")]
    return rng.choice(good if good and rng.random() < 0.85 else words)


def jpeg(seed: int, width: int, height: int, quality: int) -> bytes:
    """A JPEG as a phone sends it, with EXIF, different for every seed."""
    global _picture
    if _picture is None or _picture.size != (width, height):
        _picture = shop_picture(width, height)
    image = _picture.copy()
    rng = random.Random(seed)
    noise = Image.frombytes("RGB", (64, 64), rng.randbytes(64 * 64 * 3))
    image.paste(noise.resize((256, 256)), (rng.randrange(width - 256), rng.randrange(height - 256)))
    return phone_jpeg(image, quality=quality)


_picture: Image.Image | None = None
