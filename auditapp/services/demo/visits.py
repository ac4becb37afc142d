"""The demo chain's visits, each from assignment to publication through the services, at its own time in the past."""

from __future__ import annotations

import io
import random
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from auditapp import job_queue
from auditapp.db.schema import Assignment, AssignmentShopper, Visit
from auditapp.domain.roles import Actor
from auditapp.photos import sketch
from auditapp.services.context import Context
from auditapp.services.demo.answers import fill
from auditapp.services.demo.cast import CRITICAL_QUESTION, CRITICAL_STORE, LENIENCE, LENIENT_SHOPPER, SHOPPERS
from auditapp.services.demo.programme import Founded, FoundedStore
from auditapp.services.publishing import ask_for_scorecard, publish
from auditapp.services.reviews import deciding
from auditapp.services.visits import evidence, registers, sending

SEED = 20260914
MOST_PHOTOS = 290
PHOTOS_IN_OLD_WAVE = 30
KEPT_FOR_QUEUE = 12
FEW_VISITS = 4
TASKS = {
    "en": "Buy one age-checked item, up to 5.00, and keep the receipt.",
    "ko": "연령 확인이 필요한 상품을 5,000원 이하로 하나 구입하고 영수증을 보관하세요.",
    "zh_Hant": "購買一件需確認年齡的商品（100 元以內），並保留收據。",
}


@dataclass(frozen=True)
class Plan:
    """One visit to be made: where, when (arrival), by whom, in which wave (index)."""

    store: FoundedStore
    wave: int
    arrival: datetime
    shopper: int


class Maker:
    """Makes visits one after the other in the order of their time, from a fixed seed."""

    def __init__(self, context: Context, chain: Founded) -> None:
        self.context, self.chain = context, chain
        self.now = context.now()
        self.chance = random.Random(SEED)  # noqa: S311 - demo data
        self.photos = 0
        self.lists: dict[int, int] = {}

    def make_all(self) -> None:
        """Every visit of every wave, then what waits: three in the queue, two on the demo shopper's phone."""
        for plan in sorted(self._plans(), key=lambda p: p.arrival):
            self._make(plan, decide=True)
        newest = len(self.chain.waves) - 1
        for number, code in enumerate(("0422", CRITICAL_STORE, "0427")):
            store = next(s for s in self.chain.stores if s.cast.code == code)
            day = self.now.date() - timedelta(days=3 - number)
            arrival = datetime.combine(day, time(11 + 2 * number, 10), ZoneInfo(store.region.time_zone))
            self._make(Plan(store, newest, arrival, SHOPPERS[store.region.code][number]), decide=False)
        for code, days in (("0417", 0), ("0425", 3)):
            store = next(s for s in self.chain.stores if s.cast.code == code)
            with self.context.write() as session:
                self._assign(session, store, newest, 0, self.now, days=days)

    def _plans(self) -> list[Plan]:
        plans = []
        for wave, (_id, starts, ends) in enumerate(self.chain.waves):
            for place, store in enumerate(self.chain.stores):
                visits = self._visits(wave, place)
                last = min(ends, self.now.date() - timedelta(days=3))
                plans += [self._plan(store, wave, place, k, visits, starts, last) for k in range(visits)]
        return plans

    def _visits(self, wave: int, place: int) -> int:
        """Three a wave, four in the newest one, where one store has too few to say anything."""
        if wave == len(self.chain.waves) - 1:
            return 2 if place == FEW_VISITS else 4
        return 3

    def _plan(self, store: FoundedStore, wave: int, place: int, k: int, visits: int, starts: date, last: date) -> Plan:
        """The k-th of ``visits`` visits, spread over the wave's days, in opening hours by the store's clock."""
        span = max((last - starts).days, 1)
        day = starts + timedelta(days=min(span, int(span * (k + self.chance.random()) / visits)))
        hour = time(self.chance.randint(9, 18), self.chance.randint(0, 59))
        local = datetime.combine(day, hour, ZoneInfo(store.region.time_zone))
        nearby = SHOPPERS[store.region.code]
        return Plan(store, wave, local, nearby[(place + wave + k) % len(nearby)])

    def _make(self, plan: Plan, decide: bool) -> None:
        store, shopper = plan.store, self.chain.shoppers[plan.shopper]
        arrival = plan.arrival.astimezone(self.now.tzinfo)
        left = arrival + timedelta(minutes=self.chance.randint(22, 34))
        sent = min(left + timedelta(minutes=self.chance.randint(20, 150)), self.now)
        filling = fill(
            self.chain.checklist,
            self._level(plan),
            store.region.language,
            self.chance,
            self._forced(plan, decide),
            eager=0.01 if decide else 0.25,
        )
        with self.context.write() as session:
            assignment = self._assign(session, store, plan.wave, plan.shopper, arrival)
            visit_id = sending.start(session, shopper, assignment, arrival)
            registers.save_fields(session, shopper, visit_id, filling.changes, left)
        wanting = [key for key in filling.photos if not self._photo(plan, shopper, visit_id, key, decide)]
        with self.context.write() as session:
            if wanting:
                excuse = {key: {"cant": _excuse(store.region.language)} for key in wanting}
                registers.save_fields(session, shopper, visit_id, excuse, left)
            sending.submit(session, shopper, visit_id, arrival, left, sent)
            if decide:
                self._decide(session, visit_id, min(sent + timedelta(hours=self.chance.randint(3, 40)), self.now), plan)

    def _decide(self, session: Session, visit_id: str, when: datetime, plan: Plan) -> None:
        """Approve, then do what the worker would do when the time to publish has come."""
        visit = session.scalars(select(Visit).where(Visit.public_id == visit_id)).one()
        deciding.approve(session, self.chain.reviewer, visit_id, visit.revision, when, timedelta(0))
        job = job_queue.claim(session, when, ("publish",))
        if job is not None:
            publish(session, visit, when, scorecard=False)
            job_queue.finish(session, job)
            if plan.wave == len(self.chain.waves) - 1:  # work of today, however old the visit: the queue's age is real
                ask_for_scorecard(session, visit, self.context.now())

    def _level(self, plan: Plan) -> float:
        lenience = LENIENCE if plan.shopper == LENIENT_SHOPPER else 0.0
        cast = plan.store.cast
        return cast.level + (cast.drift + plan.store.region.drift) * plan.wave + lenience

    def _forced(self, plan: Plan, decide: bool) -> dict[str, str]:
        """One store fails a critical standard in the newest wave's later visits."""
        _id, starts, _ends = self.chain.waves[-1]
        middle = starts + (self.now.date() - starts) / 2
        late = plan.wave == len(self.chain.waves) - 1 and plan.arrival.date() > middle
        return {CRITICAL_QUESTION: "no"} if late and plan.store.cast.code == CRITICAL_STORE and decide else {}

    def _photo(self, plan: Plan, shopper: Actor, visit_id: str, question: str, decide: bool) -> bool:
        newest = plan.wave == len(self.chain.waves) - 1
        room = MOST_PHOTOS if not decide else MOST_PHOTOS - KEPT_FOR_QUEUE
        if self.photos >= (room if newest else min(room, PHOTOS_IN_OLD_WAVE * (plan.wave + 1))):
            return False
        self.photos += 1
        kind = sketch.KINDS[self.photos % len(sketch.KINDS)]
        photo_id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        taken = (plan.arrival + timedelta(minutes=9)).isoformat(timespec="seconds")
        evidence.put_photo(
            self.context, shopper, visit_id, photo_id, question, io.BytesIO(sketch.draw(kind, self.photos)),
            told=evidence.Told(taken_at=taken),
        )  # fmt: skip
        return True

    def _assign(
        self, session: Session, store: FoundedStore, wave: int, shopper: int, near: datetime, days: int = 0
    ) -> str:
        self.lists[shopper] = self.lists.get(shopper, 0) + 1
        region = store.region
        day = near.astimezone(ZoneInfo(region.time_zone)).replace(minute=0, second=0, microsecond=0)
        assignment = Assignment(
            wave_id=self.chain.waves[wave][0],
            store_id=store.id,
            list_number=self.lists[shopper],
            opens_at=day.replace(hour=8),
            due_at=day.replace(hour=23) + timedelta(days=days),
            task=TASKS[region.language],
            fee=region.fee,
            currency=region.currency,
        )
        session.add(assignment)
        session.flush()
        session.add(AssignmentShopper(assignment_id=assignment.id, user_id=self.chain.shoppers[shopper].user_id))
        session.flush()
        return assignment.public_id


def _excuse(language: str) -> str:
    return {
        "en": "Someone stood next to me, a photo would have shown them.",
        "ko": "바로 옆에 손님이 있어 사진을 찍을 수 없었습니다.",
        "zh_Hant": "旁邊有顧客，拍照會拍到人。",
    }[language]
