"""The store's pages: who gets in, what is on them, and how a PDF comes."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from auditapp.db.schema import User
from auditapp.services import scorecards
from auditapp.services.context import Context
from tests.scorecard_world import NOTE, Shop, make_shop
from tests.web.clients import signed_in


@pytest.fixture
def shop(context: Context) -> Shop:
    return make_shop(context)


@pytest.fixture
def mina(app: Flask, context: Context, shop: Shop) -> FlaskClient:
    return signed_in(app, context, shop.world.manager)


def addresses(shop: Shop, mina: FlaskClient) -> list[str]:
    history = re.search(r'href="(/stores/[0-9a-f]+/history)"', mina.get("/store").text)
    assert history
    base = f"/scorecards/{shop.public_id}"
    return [base, f"{base}.pdf", f"{base}/photos/{shop.photos['S-RNG-1']}", history[1]]


def test_home_shows_the_verdict_and_what_to_fix_first(mina: FlaskClient, shop: Shop) -> None:
    page = mina.get("/store").text
    assert "56.7" in page
    assert "but a critical standard failed: “Ask every time.”" in page
    assert f'href="/scorecards/{shop.public_id}#q-5"' in page


def test_the_page_has_the_same_figures_as_the_service(mina: FlaskClient, shop: Shop, context: Context) -> None:
    page = mina.get(f"/scorecards/{shop.public_id}").text
    card = scorecards.show(context, shop.world.manager, shop.public_id)
    for row in card.factors.rows:
        assert row.spoken in page
        assert f"<dd>{row.lost}</dd>" in page
    assert NOTE in page
    for item in card.failures.items:
        assert f'id="{item.anchor}"' in page


@pytest.mark.parametrize("who", ["other_manager", "other_lead", "shopper"])
def test_outsiders_get_no_page(app: Flask, context: Context, shop: Shop, mina: FlaskClient, who: str) -> None:
    outsider = signed_in(app, context, getattr(shop.world, who))
    for address in addresses(shop, mina):
        assert outsider.get(address).status_code == (403 if who == "shopper" else 404), address


def test_the_anonymous_are_sent_to_sign_in(app: Flask, shop: Shop, mina: FlaskClient) -> None:
    for address in addresses(shop, mina):
        assert app.test_client().get(address).status_code == 302, address


def test_photos_are_served_clean_small_and_privately(mina: FlaskClient, shop: Shop) -> None:
    base = f"/scorecards/{shop.public_id}/photos/{shop.photos['S-RNG-1']}"
    for address in (base, base + "?s=1"):
        answer = mina.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert mina.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_pdf_that_is_not_made_yet_is_waited_for(mina: FlaskClient, shop: Shop, context: Context) -> None:
    waiting = mina.get(f"/scorecards/{shop.public_id}.pdf")
    assert waiting.status_code == 202
    assert '<meta http-equiv="refresh" content="5">' in waiting.text
    scorecards.render_scorecard(context, shop.visit)
    ready = mina.get(f"/scorecards/{shop.public_id}.pdf")
    assert (ready.status_code, ready.mimetype) == (200, "application/pdf")
    assert ready.data.startswith(b"%PDF-")


def test_no_page_names_the_shopper_or_a_time(mina: FlaskClient, shop: Shop, context: Context) -> None:
    with context.read() as session:
        sun = session.get_one(User, shop.world.shopper.user_id)
        secrets = [sun.name + "<", sun.email, sun.public_id, shop.assignment_id, shop.shopper_side_id]
    for address in (*addresses(shop, mina)[::3], "/store"):
        page = mina.get(address).text
        for secret in (*secrets, "14:26", "13:26", "7f0f6c1e"):
            assert secret not in page, (address, secret)


def test_hostile_texts_are_shown_as_they_are(app: Flask, context: Context) -> None:
    shop = make_shop(context, name="<b>Bold & Sons</b>", note='"><script>alert(1)</script>')
    page = signed_in(app, context, shop.world.manager).get(f"/scorecards/{shop.public_id}").text
    assert "<b>Bold" not in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;Bold &amp; Sons&lt;/b&gt;" in page


def test_nothing_on_the_page_needs_an_inline_style(mina: FlaskClient, shop: Shop) -> None:
    for address in (f"/scorecards/{shop.public_id}", "/store", addresses(shop, mina)[3]):
        page = mina.get(address).text
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page


def test_a_reader_of_korean_gets_the_page_in_korean_words(app: Flask, context: Context, shop: Shop) -> None:
    with context.write() as session:
        session.get_one(User, shop.world.manager.user_id).language = "ko"
    page = signed_in(app, context, shop.world.manager).get(f"/scorecards/{shop.public_id}").text
    assert '<html lang="ko"' in page
    assert "연령 제한 상품은 매번 신분증을 확인한다." in page
    assert "2026년 9월 14일" in page
