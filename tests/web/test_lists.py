"""The shopper's lists: the short one, which a phone keeps, and the way from it to every receipt there is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from auditapp.services.context import Context
from auditapp.services.reviews import deciding
from auditapp.services.visits import registers, sending
from auditapp.services.visits.listing import SENT_SHOWN
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.web.clients import signed_in


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def sun(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.shopper)


def send(context: Context, world: World, clock: Clock, times: int = 1) -> list[str]:
    """So many visits of Sun's, each sent a minute after the one before; the last one comes first."""
    sent = []
    for _ in range(times):
        clock.forward(minutes=1)
        with context.write() as session:
            visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
            registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
            left = clock() - timedelta(minutes=1)
            sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())
        sent.append(visit)
    return sent[::-1]


def receipts(page: str) -> list[str]:
    """The visits to whose receipts a page leads, in its order."""
    return re.findall(r'href="/visits/([0-9a-f]+)/receipt"', page)


def test_every_receipt_is_reached_from_the_lists_however_many_there_are(
    sun: FlaskClient, context: Context, world: World, clock: Clock
) -> None:
    sent = send(context, world, clock, SENT_SHOWN + 2)
    lists = sun.get("/visits").text
    assert receipts(lists) == sent[:SENT_SHOWN]
    way = re.search(r'href="([^"]+)"><span class="grow">Show all 32<', lists)
    assert way is not None
    everything = sun.get(way[1])
    assert receipts(everything.text) == sent
    assert "32 visits sent so far" in everything.text
    assert "Receipt number" in sun.get(f"/visits/{sent[-1]}/receipt").text


def test_the_lists_offer_no_more_where_there_is_no_more(
    sun: FlaskClient, context: Context, world: World, clock: Clock
) -> None:
    assert receipts(sun.get("/visits/sent").text) == []
    sent = send(context, world, clock, SENT_SHOWN)
    assert receipts(sun.get("/visits").text) == sent
    assert "/visits/sent" not in sun.get("/visits").text


def test_a_visit_that_waits_for_a_reply_has_its_receipt_among_all(
    sun: FlaskClient, context: Context, world: World, clock: Clock
) -> None:
    visit, *others = send(context, world, clock, SENT_SHOWN + 2)
    with context.write() as session:
        deciding.ask(session, world.reviewer, visit, 1, "", "Before or after paying?", clock())
    lists = sun.get("/visits").text
    assert f"/visits/{visit}/message" in lists
    assert receipts(lists) == others[:SENT_SHOWN]
    assert receipts(sun.get("/visits/sent").text) == [visit, *others]


def test_what_is_not_sent_yet_and_what_others_sent_is_not_among_the_receipts(
    app: Flask, context: Context, world: World, sun: FlaskClient, clock: Clock
) -> None:
    send(context, world, clock)
    with context.write() as session:
        assignment = make_assignment(session, world, shopper=world.other_shopper).public_id
        sending.start(session, world.other_shopper, assignment, clock())
    page = signed_in(app, context, world.other_shopper).get("/visits/sent").text
    assert "0 visits sent so far" in page
    assert "Harbour Street" not in page
