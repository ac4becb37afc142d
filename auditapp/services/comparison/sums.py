"""The sums of stores as arrays, a row per visited store: what the stored comparison is made from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from auditapp.db.rollups import FACTORS
from auditapp.db.schema import Store
from auditapp.db.schema.figures import StoreWave
from auditapp.services.comparison.periods import Period

if TYPE_CHECKING:
    from auditapp.statistics import Array

    Tables = dict[int, Array]

_WAVE, REGION, STORE, N, SUM, SQUARES, CRITICALS = range(7)
FACTOR_N = slice(7, 7 + len(FACTORS))
FACTOR_SUM = slice(7 + len(FACTORS), 7 + 2 * len(FACTORS))
_COLUMNS = ("n", "s_total", "q_total", "criticals", *(f"n_{f}" for f in FACTORS), *(f"s_{f}" for f in FACTORS))


def tables(session: Session, periods: Iterable[Period], region_id: int | None = None) -> dict[int, Tables]:
    """By wave and region (one or all) a table with a row per visited store, in their order; tenths still."""
    import numpy as np

    waves = [period.id for period in periods]
    found = session.execute(_rows(region_id is not None), {"waves": waves, "region": region_id}).all()
    width = FACTOR_SUM.stop
    flat = np.fromiter(chain.from_iterable(found), dtype=np.float64, count=width * len(found)).reshape(-1, width)
    return {wave: _by_region(flat[flat[:, _WAVE] == wave]) for wave in waves}


def points(table: Array) -> tuple[Array, Array, Array]:
    """Visits, sums and sums of squares, in points instead of tenths."""
    return table[:, N], table[:, SUM] / 10, table[:, SQUARES] / 100


def _by_region(table: Array) -> Tables:
    import numpy as np

    if not len(table):
        return {}
    regions, starts = np.unique(table[:, REGION], return_index=True)
    return dict(zip(map(int, regions), np.split(table, starts[1:]), strict=True))


@cache
def _rows(of_one_region: bool) -> Select[Any]:
    """Built once: that takes longer than its answer. Of one region the database begins with its stores."""
    sums, store = StoreWave.__table__.c, Store.__table__.c
    found = (
        select(sums.wave_id, store.region_id, sums.store_id, *(sums[column] for column in _COLUMNS))
        .join_from(StoreWave.__table__, Store.__table__, store.id == sums.store_id)
        .where(sums.wave_id.in_(bindparam("waves", expanding=True)))
        .order_by(store.region_id, sums.store_id)
    )
    here = select(store.id).where(store.region_id == bindparam("region"))
    return found.where(sums.store_id.in_(here)) if of_one_region else found
