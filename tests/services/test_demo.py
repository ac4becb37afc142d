"""The demo chain shows what the product is for, and nothing in it bypasses the services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditapp import job_queue, photos
from auditapp.db.schema import Job, Photo, Region, Store, StorePeriod, User, Visit, Wave
from auditapp.photos import sketch
from auditapp.services import demo
from auditapp.services.accounts.sign_ins import sign_in
from auditapp.services.comparison.refresh import rebuild_everything
from auditapp.services.context import Context
from auditapp.services.visits import listing


@pytest.fixture
def chain(context: Context) -> Iterator[Session]:
    assert demo.load(context)
    with context.read() as session:
        yield session


def count(session: Session, *conditions: object) -> int:
    return session.scalar(select(func.count()).select_from(Visit).where(*conditions)) or 0  # type: ignore[arg-type]


def test_the_demo_chain_is_whole_and_tells_its_stories(chain: Session, context: Context) -> None:
    """One test, because loading takes a quarter of a minute."""
    sizes = {table: chain.scalar(select(func.count()).select_from(table)) for table in (Store, Region, Wave)}
    assert sizes == {Store: 24, Region: 3, Wave: 6}
    assert len(set(chain.scalars(select(Store.format)))) == 4
    assert set(chain.scalars(select(Store.language))) == {"en", "ko", "zh_Hant"}
    assert 430 <= count(chain) <= 480
    assert count(chain, Visit.state == "submitted") == 3
    assert 50 <= (chain.scalar(select(func.count()).select_from(Photo)) or 0) <= 300

    newest = chain.scalars(select(Wave.id).order_by(Wave.starts_on.desc())).first()
    rows = chain.execute(
        select(Store.name, StorePeriod.band)
        .join(StorePeriod, StorePeriod.store_id == Store.id)
        .where(StorePeriod.wave_id == newest)
    )
    bands = {row.name: row.band for row in rows}
    assert bands["Harbour Street"] == "below", "the store in decline"
    assert bands["Beacon Road"] == "too_few", "the store that was hardly visited"
    assert count(chain, Visit.criticals > 0, Visit.wave_id == newest) >= 2, "the critical failure"
    waves = chain.scalars(
        select(func.avg(Visit.total))
        .join(Store, Store.id == Visit.store_id)
        .where(Store.language == "ko", Visit.state == "published")
        .group_by(Visit.wave_id)
        .order_by(Visit.wave_id)
    ).all()
    assert waves[-1] - waves[0] > 50, "the region that improves by more than five points"

    renders = chain.scalar(select(func.count()).where(Job.kind == "render_scorecard", Job.state == "ready"))
    assert renders == count(chain, Visit.wave_id == newest, Visit.state == "published")

    queue = job_queue.backlog(chain, context.now())
    assert (queue.due, queue.oldest_seconds) == (renders, 0), "waiting since now, not since the visits' own days"

    for role, email, password in demo.sign_ins():
        assert sign_in(context, email, password, "127.0.0.1"), role
    shopper = context_actor(chain)
    mine = listing.my_visits(chain, shopper, context.now())
    assert len(mine.due) + len(mine.next) == 2

    assert demo.load(context) is False, "a second load changes nothing"

    before = chain.execute(select(StorePeriod.store_id, StorePeriod.wave_id, StorePeriod.mean)).all()
    rebuild_everything(context)
    with context.read() as again:
        after = again.execute(select(StorePeriod.store_id, StorePeriod.wave_id, StorePeriod.mean)).all()
    assert sorted(map(tuple, before)) == sorted(map(tuple, after)), "bucket by bucket and all at once agree"


def context_actor(session: Session) -> object:
    from auditapp.domain.roles import Actor, Role

    user = session.scalars(select(User).where(User.email == "shopper@demo.example")).one()
    return Actor(user.id, Role.SHOPPER, user.name)


@pytest.mark.parametrize("kind", sketch.KINDS)
def test_a_drawing_is_the_same_for_the_same_seed_and_can_be_taken_in_as_a_photo(kind: str) -> None:
    assert sketch.draw(kind, 1) == sketch.draw(kind, 1)
    assert sketch.draw(kind, 1) != sketch.draw(kind, 2)
    assert photos.clean(sketch.draw(kind, 1)).width == 960
