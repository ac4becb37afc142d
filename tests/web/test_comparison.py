"""The comparison's pages, as a browser gets them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from auditapp.db import rollups
from auditapp.db.schema import Region, Store, Visit
from auditapp.domain.roles import Actor
from auditapp.services import comparison
from auditapp.services.context import Context
from tests.factories import NOW, World, make_published_visit, make_world
from tests.web.clients import signed_in


@pytest.fixture
def world(context: Context) -> World:
    """Four stores of the North with four visits each, one of them far below and with a critical failure."""
    with context.write() as session:
        made = make_world(session)
        names = ("Alder <i>Way</i>", "Birch Row", "Cedar Lane")
        stores = [Store(code=n[:4], name=n, time_zone="Europe/London", region_id=made.region) for n in names]
        session.add_all(stores)
        session.flush()
        for store, level in zip([made.store, *(s.id for s in stores)], (900, 500, 880, 890), strict=True):
            for k in range(4):
                answers = {"S-RUL-1": "no"} if level == 500 and k == 0 else {}
                make_published_visit(session, made, answers, store=store, total=level + 10 * k)
        rollups.rebuild_all(session)
        comparison.rebuild(session, NOW)
    return made


def get(app: Flask, context: Context, actor: Actor, path: str, status: int = 200) -> str:
    response = signed_in(app, context, actor).get(path)
    assert response.status_code == status, response.text[:500]
    return response.text


def address_of(context: Context, table: type[Region] | type[Store], key: int) -> str:
    with context.read() as session:
        return session.get_one(table, key).public_id


def words(html: str) -> str:
    """What is read on the page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def test_a_lead_finds_the_own_region_without_choosing(app: Flask, context: Context, world: World) -> None:
    read = words(get(app, context, world.lead, "/compare"))
    assert "Alder <i>Way</i> is below the region." in read
    assert "Below the region 1 store" in read
    assert "1 store has an open critical failure." in read


def test_a_name_is_never_markup(app: Flask, context: Context, world: World) -> None:
    assert "<i>Way" not in get(app, context, world.lead, "/compare")


def test_the_table_can_be_read_without_eyes(app: Flask, context: Context, world: World) -> None:
    html = get(app, context, world.lead, "/compare")
    table = html[html.index('<table class="cmp"') : html.index("</table>")]
    assert "<caption" in table
    assert len(re.findall(r'<th role="columnheader" scope="col"', table)) == 14
    assert len(re.findall(r'<th role="rowheader" scope="row"', table)) == 4
    assert len(re.findall(r'<svg[^>]*role="img"><title>likely range', table)) == 4


def test_nothing_on_the_pages_is_inline_style_or_script(app: Flask, context: Context, world: World) -> None:
    store = address_of(context, Store, world.store)
    for path in ("/compare", "/chain", f"/stores/{store}", f"/stores/{store}/failed"):
        html = get(app, context, world.admin, path)
        assert " style=" not in html
        assert "<style" not in html
        assert not re.search(r"<script(?![^>]* src=)", html)


def test_the_filters_stand_in_the_address_and_need_no_script(app: Flask, context: Context, world: World) -> None:
    html = get(app, context, world.lead, "/compare?least=6")
    form = html[html.index('<form class="cmp-filters"') : html.index("</form>")]
    assert 'method="get"' in form
    assert '<option value="6" selected>' in form
    assert "least=6" in re.findall(r'href="(/compare\.csv[^"]*)"', form)[0]
    assert "Below the region" not in words(html)


@pytest.mark.parametrize("query", ["least=x", "least=-4", "least=99999999999999999999", "page=x", "format=none"])
def test_a_filter_that_makes_no_sense_does_no_harm(app: Flask, context: Context, world: World, query: str) -> None:
    get(app, context, world.lead, f"/compare?{query}")


def test_the_csv_link_gives_the_rows_shown(app: Flask, context: Context, world: World) -> None:
    response = signed_in(app, context, world.lead).get("/compare.csv")
    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.data.startswith(b"\xef\xbb\xbfband,store,")
    assert len(response.text.strip().splitlines()) == 5


def test_a_cell_leads_to_what_failed_and_on_to_the_scorecard(app: Flask, context: Context, world: World) -> None:
    html = get(app, context, world.lead, "/compare")
    cell = next(unescape(link) for link in re.findall(r'href="([^"]+)"', html) if "factor=RUL" in link)
    page = get(app, context, world.lead, cell)
    assert "Was ID asked for?" in page
    with context.read() as session:
        visit = session.scalars(select(Visit).where(Visit.criticals > 0)).one()
    assert f'href="/scorecards/{visit.store_public_id}"' in page
    assert visit.public_id not in page


def test_a_store_leads_to_its_page(app: Flask, context: Context, world: World) -> None:
    html = get(app, context, world.lead, "/compare")
    link = next(link for link in re.findall(r'href="([^"]+)"', html) if link.startswith("/stores/"))
    page = words(get(app, context, world.lead, unescape(link)))
    assert "All waves" in page
    assert "4 visits, Q3 2026" in page
    assert re.search(r"Week of [^,]*\b14\b.*2026, morning", page)


def test_outsiders_of_every_role_stay_outside(app: Flask, context: Context, world: World) -> None:
    region, store = address_of(context, Region, world.region), address_of(context, Store, world.store)
    paths = (
        f"/compare?region={region}",
        f"/compare.csv?region={region}",
        f"/stores/{store}",
        f"/stores/{store}/failed",
    )
    for path in paths:
        get(app, context, world.other_lead, path, 404)
        get(app, context, world.manager, path, 403)
        get(app, context, world.shopper, path, 403)
        assert app.test_client().get(path).status_code == 302


def test_the_chain_is_for_those_who_reach_everything(app: Flask, context: Context, world: World) -> None:
    assert "Below their region: 1 of 4 stores." in words(get(app, context, world.reviewer, "/chain"))
    get(app, context, world.lead, "/chain", 404)
    get(app, context, world.manager, "/chain", 403)


def test_a_region_without_figures_says_what_to_do(app: Flask, context: Context, world: World) -> None:
    assert "Nothing to compare yet" in words(get(app, context, world.other_lead, "/compare"))
