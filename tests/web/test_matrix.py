"""Every route × every role, an outsider of each role, and nobody: made from the app's own list of routes.

A route that is added later is tested here without a word; one whose address has a new kind of id has to name it in
`address` below, or its test fails.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from auditapp import config
from auditapp.app import create_app
from auditapp.db.schema import Assignment, ChecklistVersion, Store, User, Visit, Wave
from auditapp.domain.roles import MAY, Actor, Do, Role
from auditapp.gate.guards import guard_of
from auditapp.services.context import Context
from auditapp.services.visits import evidence, registers, sending
from tests.conftest import Clock, open_context
from tests.databases import new_database
from tests.factories import GOOD, World, make_assignment, make_published_visit, make_world
from tests.photo_factory import encode, picture
from tests.web.clients import signed_in

UUID = "00000000-0000-4000-8000-000000000001"
INSIDERS = ("shopper", "reviewer", "manager", "lead", "admin")
OUTSIDERS = {"other_shopper": Role.SHOPPER, "other_manager": Role.MANAGER, "other_lead": Role.LEAD}
UNBOUND = {"comparison.overview", "comparison.export", "scorecards.home", "visits.my_visits"}
HEADERS = {"X-Auditapp": "1", "X-Question": "S-RNG-1"}


@dataclass(frozen=True)
class Ids:
    """The public ids of one of everything, all within reach of Sun, Mina and Lena, none of the other three."""

    draft: str
    sent: str
    assignment: str
    free_assignment: str
    photo: str
    sent_photo: str
    scorecard: str
    scorecard_photo: str
    store: str
    user: str
    wave: str
    version: str


def _routes() -> list[Rule]:
    """The routes of the app, without static files."""
    folder = Path(tempfile.mkdtemp())
    app = create_app(config.load({"AUDITAPP_DATA": str(folder)}))
    shutil.rmtree(folder)
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


RULES = {
    f"{method} {rule.rule}": (rule.endpoint, rule.rule)
    for rule in _routes()
    for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
}


NOBODYS = Ids(*["f" * 32] * len(fields(Ids)))


@dataclass(frozen=True)
class Stage:
    """Where every case begins: a chain with one of everything, kept to be copied."""

    data: Path
    database_url: str
    world: World
    ids: Ids


@pytest.fixture(scope="module")
def stage(tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Built once; each case gets a copy of its own."""
    data, clock = tmp_path_factory.mktemp("stage"), Clock()
    with new_database(tmp_path_factory.mktemp("stage-database"), like=tables) as url:
        context = open_context(data, url, clock)
        with context.write() as session:
            world = make_world(session)
        ids = make_one_of_everything(context, world, clock)
        context.database.dispose()
        yield Stage(data, url, world, ids)


@pytest.fixture
def context(stage: Stage, tmp_path: Path, clock: Clock) -> Iterator[Context]:
    shutil.copytree(stage.data, tmp_path, dirs_exist_ok=True)
    with new_database(tmp_path, like=stage.database_url) as url:
        made = open_context(tmp_path, url, clock)
        yield made
        made.database.dispose()


@pytest.fixture
def world(stage: Stage) -> World:
    return stage.world


@pytest.fixture
def ids(stage: Stage) -> Ids:
    return stage.ids


def make_one_of_everything(context: Context, world: World, clock: Clock) -> Ids:
    draft, draft_photo = _visit(context, world, clock, send=False)
    sent, sent_photo = _visit(context, world, clock, send=True)
    with context.write() as session:
        published = make_published_visit(session, world, {"S-RNG-1": "no"})
        free = make_assignment(session, world)
        scorecard_photo = _photo_of_published(session, published)
        return Ids(
            draft=draft,
            sent=sent,
            assignment=_one(session, select(Assignment.public_id).join(Visit).where(Visit.public_id == draft)),
            free_assignment=free.public_id,
            photo=draft_photo,
            sent_photo=sent_photo,
            scorecard=published.store_public_id,
            scorecard_photo=scorecard_photo,
            store=_one(session, select(Store.public_id).where(Store.id == world.store)),
            user=_one(session, select(User.public_id).where(User.id == world.manager.user_id)),
            wave=_one(session, select(Wave.public_id).where(Wave.id == world.wave)),
            version=_one(session, select(ChecklistVersion.public_id)),
        )


def _one(session: Session, query) -> str:  # noqa: ANN001
    return session.scalars(query).one()


def _visit(context: Context, world: World, clock: Clock, send: bool) -> tuple[str, str]:
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
    data = encode(picture(60, 40), "JPEG")
    put = evidence.put_photo(context, world.shopper, visit, UUID, "S-RNG-1", io.BytesIO(data))
    if send:
        with context.write() as session:
            left = clock() - timedelta(minutes=1)
            sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())
    assert put.public_id
    return visit, put.public_id


def _photo_of_published(session: Session, visit: Visit) -> str:
    """The sent visit's photo, once more as evidence of the published one (files are named by their content)."""
    from auditapp.db.schema import Photo

    known = session.scalars(select(Photo)).first()
    assert known is not None
    photo = Photo(
        visit_id=visit.id, question="S-RNG-1", uuid=UUID, raw_sha256=known.raw_sha256, sha256=known.sha256,
        size=known.size, width=known.width, height=known.height, phash=known.phash, received_at=known.received_at,
    )  # fmt: skip
    session.add(photo)
    session.flush()
    return photo.public_id


def address(endpoint: str, rule: str, ids: Ids) -> str:
    """The rule with real ids in it. KeyError for a kind of id that nobody named yet."""
    room = endpoint.split(".")[0]
    known: dict[str, str] = {
        "token": "no-such-token",
        "kind": "stores",
        "user_id": ids.user,
        "store_id": ids.store,
        "wave_id": ids.wave,
        "version_id": ids.version,
        "uuid": UUID,
        "assignment_id": ids.free_assignment if endpoint in {"admin.cancel", "visits.start"} else ids.assignment,
        "visit_id": ids.sent if room == "review" or endpoint.endswith(("receipt", "message", "reply")) else ids.draft,
        "photo_id": {"review": ids.sent_photo, "scorecards": ids.scorecard_photo}.get(room, ids.photo),
        "public_id": ids.scorecard if room == "scorecards" else ids.store,
    }
    if endpoint == "comparison.failed":
        rule += f"?wave={ids.wave}&factor=RNG"
    for part in rule.split("<")[1:]:
        name = part.split(">")[0].split(":")[-1]
        rule = rule.replace(f"<{part.split('>')[0]}>", known[name])
    return rule


def status(client: FlaskClient, method: str, url: str) -> int:
    return client.open(url, method=method, headers=HEADERS).status_code


def allowed(guard: Do | str, role: Role) -> bool:
    return guard in ("open", "signed_in") or role in MAY[Do(guard)]


ABSENT = {
    "lead": {"comparison.chain", "scorecards.home"},  # the whole chain is for those who reach all of it
    "reviewer": {"scorecards.home"},  # a home page for a store's manager
    "admin": {"scorecards.home"},
}
"""Pages that are rightly absent for someone whose role could have them."""


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_route_lets_in_only_whom_it_should(
    unchecked: Flask, context: Context, world: World, ids: Ids, name: str
) -> None:
    method = name.split()[0]
    endpoint, rule = RULES[name]
    url = address(endpoint, rule, ids)
    guard = guard_of(unchecked, endpoint)
    assert guard is not None

    anonymous = status(unchecked.test_client(), method, url)
    if guard != "open":
        assert anonymous == (401 if url.startswith("/api/") else 302), "nobody is sent to sign in"

    def browser(who: str) -> FlaskClient:
        actor: Actor = getattr(world, who)
        return signed_in(unchecked, context, actor)

    for who, role in OUTSIDERS.items():
        answer = status(browser(who), method, url)
        if not allowed(guard, role):
            assert answer == 403, who
        elif "<" in rule and guard not in ("open", "signed_in") and endpoint not in UNBOUND:
            assert answer in (404, 422), who
            nothing = status(browser(who), method, address(endpoint, rule, NOBODYS))
            assert answer == nothing, f"{who} learns that {url} exists"
    for who in sorted(INSIDERS, key=lambda w: allowed(guard, Role(w))):
        answer = status(browser(who), method, url)
        if not allowed(guard, Role(who)):
            assert answer == 403, who
        elif guard not in ("open", "signed_in"):
            assert (answer == 404) == (endpoint in ABSENT.get(who, ())), f"{who} got {answer}"
            assert answer not in (401, 403, 405, 500), f"{who} got {answer}"


@pytest.mark.parametrize(
    "url", ["/visits/{}", "/review/{}", "/scorecards/{}", "/scorecards/{}.pdf", "/stores/{}", "/admin/users/{}"]
)
def test_an_unknown_id_answers_as_another_persons_does(
    unchecked: Flask, context: Context, world: World, url: str
) -> None:
    unknown = url.format("f" * 32)
    answers = {status(signed_in(unchecked, context, getattr(world, who)), "GET", unknown) for who in INSIDERS}
    assert answers <= {403, 404}
