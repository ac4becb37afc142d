"""Computing a visit's result and keeping it: every result ever computed stays, the newest one counts."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from auditapp.db.schema import Outcome, Score, Visit
from auditapp.domain.answers import asked
from auditapp.domain.checklist import NA, Checklist, Method
from auditapp.domain.roles import Actor
from auditapp.domain.scoring import Result, as_json, score, tenths
from auditapp.domain.visit import Filled


def keep_score(
    session: Session, visit: Visit, checklist: Checklist, filled: Filled, by: Actor | None, now: datetime
) -> Result:
    """Score the visit as it stands: a new `Score` row, the visit's columns, and one outcome per scored question."""
    method = Method(visit.method)
    result = score(checklist, filled.values, method)
    session.add(
        Score(
            visit_id=visit.id,
            revision=visit.revision,
            at=now,
            by_id=by.user_id if by else None,
            result={**as_json(result), "failed": list(result.failed), "fired": list(result.fired)},
        )
    )
    visit.total, visit.verdict, visit.band = tenths(result.total), result.verdict.value, result.band
    visit.criticals = len(result.fired)
    for name in ("RNG", "CNV", "SRV", "INF", "STF", "RUL"):
        setattr(visit, name.lower(), None)
    for factor, value in result.factors.items():
        setattr(visit, factor.value.lower(), tenths(value))
    session.execute(delete(Outcome).where(Outcome.visit_id == visit.id))
    if rows := _outcomes(visit, checklist, filled, result, method):
        session.execute(insert(Outcome), rows)
    session.flush()
    return result


def _outcomes(
    visit: Visit, checklist: Checklist, filled: Filled, result: Result, method: Method
) -> list[dict[str, Any]]:
    lost = {item.question: item.points for item in result.lost}
    keys = asked(checklist, filled.values, method)
    return [
        {
            "visit_id": visit.id,
            "question": q.key,
            "factor": q.factor.value,
            "failed": q.key in result.failed,
            "lost": int(lost.get(q.key, Fraction(0)) * 100),
        }
        for q in checklist.questions
        if q.scored and q.key in keys and filled.values.get(q.key, NA) != NA
    ]
