"""Stores and regions as an administrator sees them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Region, Store
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor
from auditapp.services import text
from auditapp.services.programme.access import check

PAGE = 50


def list_regions(session: Session, actor: Actor) -> Sequence[tuple[Region, int]]:
    """All regions by name, each with its number of stores."""
    check(actor)
    query = (
        select(Region, func.count(Store.id))
        .outerjoin(Store, Store.region_id == Region.id)
        .group_by(Region.id)
        .order_by(Region.name, Region.id)
    )
    return session.execute(query).all()


def list_stores(
    session: Session, actor: Actor, search: str = "", region: str = "", page: int = 1, size: int = PAGE
) -> tuple[Sequence[Store], int]:
    """One page of stores by code, and how many there are in all. ``search`` is part of a code, name or address."""
    check(actor)
    query, search = select(Store), text.needle(search)
    if search:
        query = query.where(
            or_(*(c.icontains(search, autoescape=True) for c in (Store.code, Store.name, Store.address)))
        )
    if region:
        query = query.where(
            Store.region_id == select(Region.id).where(Region.public_id == text.known_id(region)).scalar_subquery()
        )
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(Store.id).subquery())) or 0
    return session.scalars(query.order_by(Store.code).limit(size).offset((page - 1) * size)).all(), total


def read_store(session: Session, actor: Actor, public_id: str) -> Store:
    """One store. Raises NotFound."""
    check(actor)
    store = session.scalar(select(Store).where(Store.public_id == text.known_id(public_id)))
    if store is None:
        raise NotFound()
    return store
