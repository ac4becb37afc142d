"""Comparing stores: a region, the whole chain, one store, and what failed there."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext
from auditapp.services import comparison

blueprint = Blueprint("comparison", __name__)
_MOST_LEAST = 99


@blueprint.get("/compare")
@guard(Do.COMPARE)
def overview() -> ResponseReturnValue:
    """The stores of one region in one wave; the filters stand in the address."""
    return render_template("comparison/region.html", view=_view(), **_factor_words())


@blueprint.get("/compare.csv")
@guard(Do.COMPARE)
def export() -> ResponseReturnValue:
    """The rows of the same filters as CSV."""
    return Response(
        comparison.as_csv(_view()),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="stores.csv"'},
    )


@blueprint.get("/chain")
@guard(Do.COMPARE)
def chain() -> ResponseReturnValue:
    """All stores of the chain, 50 a page."""
    page = request.args.get("page", 1, type=int)
    with context().read() as session:
        view = comparison.chain(session, actor(), request.args.get("wave"), page)
    return render_template("comparison/chain.html", view=view, **_factor_words())


@blueprint.get("/stores/<public_id>")
@guard(Do.COMPARE)
def store(public_id: str) -> ResponseReturnValue:
    """One store in all its waves."""
    with context().read() as session:
        view = comparison.store_page(session, actor(), public_id, request.args.get("wave"))
    return render_template("comparison/store.html", view=view, **_factor_words())


@blueprint.get("/stores/<public_id>/failed")
@guard(Do.COMPARE)
def failed(public_id: str) -> ResponseReturnValue:
    """What failed in a store in a wave, of one factor or of all."""
    wave, factor = request.args.get("wave"), request.args.get("factor", "")
    with context().read() as session:
        view = comparison.failed_page(session, actor(), public_id, wave, factor)
    return render_template("comparison/failed.html", view=view, **_factor_words())


def _factor_words() -> dict[str, dict[str, str]]:
    """The names of the six factors, whole and for narrow columns, in the reader's language."""
    return {
        "names": {code: gettext(name) for code, name in comparison.FACTOR_NAMES.items()},
        "short": {code: gettext(name) for code, name in comparison.FACTOR_SHORT.items()},
    }


def _view() -> comparison.ComparisonView:
    asked = request.args
    least = min(asked.get("least", comparison.LEAST_VISITS, type=int), _MOST_LEAST)
    with context().read() as session:
        return comparison.compare(
            session, actor(), asked.get("region"), asked.get("wave"), asked.get("format", ""), least
        )
