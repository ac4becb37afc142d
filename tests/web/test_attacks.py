"""Attacks that must fail: on addresses, bodies and texts, on other people's secrets, and on two things at once."""

from __future__ import annotations

import csv
import io
import re
import threading
import zipfile
from datetime import timedelta
from time import process_time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from auditapp.app import create_app
from auditapp.config import Settings
from auditapp.db.schema import Assignment, Job, Photo, Store, User, Visit
from auditapp.gate.request import COOKIE
from auditapp.i18n import translations
from auditapp.services import imports, publishing
from auditapp.services.accounts import passwords, throttle
from auditapp.services.context import Context, make_context
from auditapp.services.programme import Plan, create_assignments
from auditapp.services.reviews import deciding
from auditapp.services.visits import registers, replies, sending
from tests.conftest import Clock
from tests.factories import GOOD, World, make_assignment, make_world
from tests.photo_factory import encode, picture
from tests.services.test_imports import package
from tests.web.clients import signed_in
from tests.web.form_reader import FormReader
from tests.web.test_matrix import _routes

UUID = "00000000-0000-4000-8000-000000000001"
API = {"X-Auditapp": "1", "Content-Type": "application/json"}
FORM = "application/x-www-form-urlencoded"
OWN_ANSWER = {
    "POST /visits/<visit_id>": {"shopper": 400},
    "POST /visits/<visit_id>/check": {"shopper": 400},
    "POST /visits/<visit_id>/not-done": {"shopper": 400},
    "POST /visits/<visit_id>/message": {"shopper": 303},  # away, for nobody asked anything
    "POST /visits/assignments/<assignment_id>/start": {"shopper": 404},  # a visit's id is none of an assignment
    "POST /review/import": {"reviewer": 400, "admin": 400},
}
"""Pages that come back with what was typed: what their own people get, once it is known who asks."""
INSIDERS = ("shopper", "reviewer", "manager", "lead", "admin")
ROUTES = _routes()
GETS = sorted({route.rule for route in ROUTES if "GET" in (route.methods or ())})
CHANGES = sorted(f"{m} {route.rule}" for route in ROUTES for m in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"})
FORMS = [name for name in CHANGES if "/api/" not in name]
CALLS = [name for name in CHANGES if "/api/" in name]
NAUGHTY = (
    """<naughty onx=1>"'></textarea></title>&lt;&amp;<script>naughty()</script>""",
    "{{ 7*7 }}{% raw %}%(store)s %s {0} {x} ${7*7} \\u0041 %00",
    "=1+1|cmd'!A0",
    "Ω≈ç 田中さん 👾🏴\u200d☠️ \u202etest\u202c \u200b İß ﷽ Ṱo͞",
    "'; DROP TABLE visit;--\\",
)


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def sun(unchecked: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(unchecked, context, world.shopper)


@pytest.fixture
def ada(unchecked: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(unchecked, context, world.admin)


@pytest.fixture
def draft(context: Context, world: World, clock: Clock) -> str:
    """A visit of Sun's with every answer."""
    with context.write() as session:
        visit = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
        registers.save_fields(session, world.shopper, visit, {k: {"value": v} for k, v in GOOD.items()}, clock())
    return visit


def send(context: Context, world: World, clock: Clock, visit: str) -> None:
    with context.write() as session:
        left = clock() - timedelta(minutes=7)
        sending.submit(session, world.shopper, visit, left - timedelta(minutes=20), left, clock())


def publish(context: Context, world: World, clock: Clock, visit: str) -> str:
    """Approve and publish a sent visit; the address of its scorecard."""
    with context.write() as session:
        found = session.scalars(select(Visit).where(Visit.public_id == visit)).one()
        deciding.approve(session, world.reviewer, visit, found.revision, clock(), timedelta())
        number, scorecard = found.id, found.store_public_id
    publishing.publish_job(context, {"visit": number})
    return f"/scorecards/{scorecard}"


def public_id(context: Context, table: type[Store] | type[User] | type[Assignment], number: int) -> str:
    with context.read() as session:
        return session.get_one(table, number).public_id


# --- addresses


@pytest.mark.parametrize("rule", GETS)
def test_a_nul_in_an_address_is_refused_on_every_page(
    unchecked: Flask, context: Context, world: World, rule: str
) -> None:
    plain = re.sub(r"<[^>]+>", "f" * 32, rule)
    attacks = [f"{plain}?page=%00", f"{plain}?x=1&%00=2", re.sub(r"<[^>]+>", "a%00b", rule)]
    for who in INSIDERS:
        browser = signed_in(unchecked, context, getattr(world, who))
        for attack in attacks[: 3 if "<" in rule else 2]:
            assert 400 <= browser.get(attack).status_code < 500, (who, attack)


def test_a_nul_is_refused_on_every_way_in_that_changes_something(ada: FlaskClient, sun: FlaskClient) -> None:
    for name in CHANGES:
        method, rule = name.split()
        url = re.sub(r"<[^>]+>", "%00", rule)
        for browser in (ada, sun):
            answer = browser.open(url if "%00" in url else f"{url}?%00", method=method, headers={"X-Auditapp": "1"})
            assert 400 <= answer.status_code < 500, name


@pytest.mark.parametrize("url", ["/admin/audit-log?before=", "/admin/stores?page=", "/chain?page=", "/compare?least="])
@pytest.mark.parametrize("number", ["9" * 25, "-" + "9" * 25, "1e9", "٣"])
def test_a_number_in_an_address_may_be_absurd(ada: FlaskClient, url: str, number: str) -> None:
    assert ada.get(url + number).status_code in (200, 404)


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "..%5capp.py", "/etc/passwd", "js"])
def test_no_address_leads_out_of_the_static_files_and_no_refusal_is_kept(unchecked: Flask, name: str) -> None:
    answer = unchecked.test_client().get(f"{unchecked.static_url_path}/{name}")
    assert answer.status_code in (404, 308)
    assert answer.headers["Cache-Control"] == "no-store"


# --- bodies


class Untouchable(io.RawIOBase):
    """A body that nobody may read."""

    def readinto(self, _buffer: object) -> int:
        raise AssertionError("the body was read")


def announcing(size: int) -> dict[str, object]:
    """A request that says its body has ``size`` bytes."""
    return {"CONTENT_LENGTH": str(size), "wsgi.input": Untouchable()}


@pytest.mark.parametrize(
    ("method", "url", "kind", "size"),
    [
        ("POST", "/sign-in", FORM, 2**20 + 1),
        ("POST", "/sign-in", "multipart/form-data; boundary=x", 33 * 2**20),
        ("PATCH", "/api/v1/visits/x/answers", "application/json", 3 * 2**20),
        ("PATCH", "/api/v1/visits/x/answers", "application/vnd.x+json", 3 * 2**20),
        ("PUT", f"/api/v1/visits/x/photos/{UUID}", "image/jpeg", 10**12),
    ],
)
def test_a_body_that_is_too_large_is_refused_unread(
    app: Flask, context: Context, world: World, draft: str, method: str, url: str, kind: str, size: int
) -> None:
    phone = signed_in(app, context, world.shopper)
    headers = {"X-Auditapp": "1", "X-Question": "S-RNG-1"}
    url = url.replace("/x/", f"/{draft}/")
    answer = phone.open(url, method=method, headers=headers, content_type=kind, environ_overrides=announcing(size))
    assert answer.status_code == 413
    assert not answer.is_json or answer.json["error"]["code"] == "too_large"


def test_a_form_of_many_fields_is_refused_before_it_is_taken_apart(unchecked: Flask, world: World) -> None:
    browser = unchecked.test_client()
    begun = process_time()
    answer = browser.post("/sign-in", data=b"a&" * 2**19, content_type=FORM)
    assert answer.status_code == 413
    assert process_time() - begun < 0.2
    parts = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 3001 + b"--x--\r\n"
    assert browser.post("/sign-in", data=parts, content_type="multipart/form-data; boundary=x").status_code == 413


def test_a_form_of_many_stores_is_read(unchecked: Flask, world: World) -> None:
    data = b"email=a%40b.example&password=x" + b"&stores=0123456789abcdef0123456789abcdef" * 2900
    assert unchecked.test_client().post("/sign-in", data=data, content_type=FORM).status_code == 422


def test_a_photo_may_be_larger_than_a_form_whatever_its_sender_calls_it(sun: FlaskClient, draft: str) -> None:
    data = encode(picture(60, 40), "JPEG") + b"\0" * 5 * 2**20
    headers = {"X-Auditapp": "1", "X-Question": "S-RNG-1", "Content-Type": FORM}
    assert sun.put(f"/api/v1/visits/{draft}/photos/{UUID}", data=data, headers=headers).status_code == 201


def test_a_monstrous_password_costs_nothing() -> None:
    monster = "\ufdfa" * 5_000_000  # in NFKC each becomes eighteen characters
    begun = process_time()
    assert not passwords.matches(None, monster)
    assert process_time() - begun < 0.5


@pytest.mark.parametrize("body", ["[" * 100_000, '{"answers":' + '{"a":' * 50_000, "9" * 5000, "\xff", "{", "null"])
def test_json_without_sense_or_without_end_is_refused(sun: FlaskClient, draft: str, body: str) -> None:
    api = sun.patch(f"/api/v1/visits/{draft}/answers", data=body.encode("latin-1"), headers=API)
    page = sun.post(f"/visits/{draft}", data={"section": "shelf", "base": body})
    assert (api.status_code, page.status_code) == (422, 422)


@pytest.mark.parametrize("field", ["value", "note", "reasons", "na_reason", "cant", "timer", "\0", "\ud800"])
def test_no_value_of_a_field_breaks_the_visit(sun: FlaskClient, draft: str, field: str) -> None:
    odd: list[object] = [
        "\0", "\ud800", "1e999999999", "9" * 5000, 10**300, -0.0, True, [], [[]], [{}], {}, {"a": 1}, "x" * 9000,
        {"start": "2026-09-14"}, {"start": "2026-09-14T10:00:00"}, {"start": "0001-01-01T00:00:00+14:00"},
        {"stop": "9999-12-31T23:59:59-14:00"}, {"why": "\0"}, {"start": 5}, {"start": "\0"},
    ]  # fmt: skip
    for seq, value in enumerate([*odd, *odd], 100):
        answers = {question: {field: [seq if seq % 2 else 2**31 + seq, value]} for question in [*GOOD, "\0", "\ud800"]}
        answer = sun.patch(f"/api/v1/visits/{draft}/answers", json={"device": "d", "answers": answers}, headers=API)
        assert answer.status_code == 200, value
        assert sun.get(f"/visits/{draft}").status_code == 200, value
        assert sun.get(f"/visits/{draft}/check").status_code == 200, value


@pytest.mark.parametrize("odd", ["2026-09-14T10:00:00", "2026-09-14", "2026-W38-1", "10:00", "now"])
def test_a_stopwatch_never_holds_a_time_without_its_zone(sun: FlaskClient, draft: str, odd: str) -> None:
    answers = {"S-RNG-1": {"timer": [9, {"start": odd}]}}
    answer = sun.patch(f"/api/v1/visits/{draft}/answers", json={"device": "d", "answers": answers}, headers=API)
    assert list(answer.json["refused"]["S-RNG-1"]) == ["timer"]


@pytest.mark.parametrize("field", ["fee", "currency", "task", "opens", "due", "shopper", "stores"])
@pytest.mark.parametrize(
    "odd", ["1e999999", "1e999999999999999999", "nan", "\0", "0001-01-01T00:00", "9999-12-31T23:59"]
)
def test_an_assignment_with_an_absurd_field_is_made_or_refused(
    ada: FlaskClient, context: Context, world: World, field: str, odd: str
) -> None:
    wave = re.search(r"/admin/waves/([0-9a-f]{32})", ada.get("/admin/waves").text)
    assert wave
    good = {
        "stores": public_id(context, Store, world.other_store),
        "shopper": public_id(context, User, world.shopper.user_id),
        "opens": "2026-09-20T10:00", "due": "2026-09-21T10:00", "fee": "1", "currency": "GBP", "task": "",
    }  # fmt: skip
    answer = ada.post(f"/admin/waves/{wave[1]}/assign", data={**good, field: odd})
    assert answer.status_code in (303, 422)


@pytest.mark.parametrize("field", ["latitude", "longitude", "name", "time_zone", "region", "code"])
@pytest.mark.parametrize("odd", ["1e999999999999999999", "-inf", "\0", "\x1b[31m", "\u2028", "x" * 9000, "../../etc"])
def test_a_store_with_an_absurd_field_is_made_or_refused(ada: FlaskClient, field: str, odd: str) -> None:
    good = {"code": "Z1", "name": "Z", "region": "N", "time_zone": "Europe/London", "latitude": "1", "longitude": "2"}
    answer = ada.post("/admin/stores/new", data={**good, field: odd})
    assert answer.status_code in (303, 422)


def test_a_small_spreadsheet_whose_cells_share_one_long_text_is_refused(ada: FlaskClient) -> None:
    lines = (
        "".join(f'<c r="{column}{row}" t="s"><v>0</v></c>' for column in "ABCDEF").join((f'<row r="{row}">', "</row>"))
        for row in range(1, 500)
    )
    packed = io.BytesIO(package("".join(lines).encode()))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst><si><t>{'x' * 200_000}</t></si></sst>")
    assert len(packed.getvalue()) < 20_000
    packed.seek(0)
    answer = ada.post("/admin/import/stores", data={"file": (packed, "stores.xlsx")})
    assert answer.status_code == 422
    assert "Delete what is not needed" in answer.text


# --- other sites


@pytest.mark.parametrize("name", FORMS)
def test_no_form_of_another_site_gets_in(app: Flask, context: Context, world: World, draft: str, name: str) -> None:
    url = re.sub(r"<[^>]+>", draft, name.split()[1])
    form = {"csrf_token": "x", "section": "till", "base": "{}"}
    for who in INSIDERS:
        answer = signed_in(app, context, getattr(world, who)).post(url, data=form)
        assert answer.status_code == (OWN_ANSWER[name].get(who, 403) if name in OWN_ANSWER else 400), who


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "headers", [{}, {"X-Auditapp": "1", "Origin": "https://evil.example"}, {"X-Auditapp": "1", "Origin": "null"}]
)
def test_no_script_of_another_site_gets_in(sun: FlaskClient, name: str, headers: dict[str, str]) -> None:
    method, rule = name.split()
    assert sun.open(re.sub(r"<[^>]+>", "f" * 32, rule), method=method, headers=headers).status_code == 403


@pytest.mark.parametrize(("proxies", "forwarded"), [(0, "6.6.6.6"), (1, "6.6.6.6, 127.0.0.1"), (1, "x, 127.0.0.1")])
def test_an_invented_address_does_not_escape_the_throttle(
    context: Context, world: World, clock: Clock, proxies: int, forwarded: str
) -> None:
    given = context.settings
    settings = Settings(given.data, given.database_url, given.public_url, given.secret_key, trusted_proxies=proxies)
    browser = create_app(context=make_context(settings, clock)).test_client()
    with context.write() as session:
        for _ in range(throttle.MOST_PER_ADDRESS):
            throttle.take(session, throttle.address_key(given.secret_key, "127.0.0.1"), 100, clock())
    form = FormReader(browser.get("/sign-in").text).forms
    data = {**next(iter(form.values())), "email": "new@example.org", "password": "x"}
    assert browser.post("/sign-in", data=data, headers={"X-Forwarded-For": forwarded}).status_code == 429


def test_an_invented_host_is_in_no_answer(app: Flask, context: Context, world: World) -> None:
    ada, evil = signed_in(app, context, world.admin), "http://evil.example"
    cookie = ada.get_cookie(COOKIE)
    assert cookie
    ada.set_cookie(COOKIE, cookie.value, domain="evil.example")
    url = f"/admin/users/{public_id(context, User, world.manager.user_id)}"
    page = ada.get(url, base_url=evil)
    token = next(iter(FormReader(page.text).forms.values()))["csrf_token"]
    link = ada.post(f"{url}/invitation", data={"csrf_token": token}, base_url=evil)
    away = app.test_client().get("/store", base_url=evil)
    assert link.status_code == 200
    assert "http://localhost/link/" in link.text
    assert "evil.example" not in page.text + link.text + away.headers["Location"]


# --- words


KOREAN = {
    400: "This page was open for too long. Load it again and send once more; what you saved is still there.",
    403: "Your role may not do this. Ask an administrator if you need it.",
    404: "This page is not here. Check the address, or go back to the start.",
    413: "This is larger than the server accepts.",
    422: "The decision does not say which state of the visit was seen. Load it again.",
}


@pytest.mark.parametrize(
    ("status", "method", "url", "size"),
    [
        (403, "GET", "/admin", 0),
        (404, "GET", f"/review/{'f' * 32}", 0),
        (404, "GET", "/nowhere", 0),
        (404, "GET", "/review/a%00b", 0),
        (413, "POST", "/review/x/approve", 40 * 2**20),
        (422, "POST", "/review/x/approve", 0),
    ],
)
@pytest.mark.parametrize("language", ["ko", "zh_Hant"])
def test_an_error_is_told_in_the_readers_language(
    unchecked: Flask, context: Context, world: World, status: int, method: str, url: str, size: int, language: str
) -> None:
    role = world.manager if status == 403 else world.reviewer
    with context.write() as session:
        session.execute(update(User).where(User.id == role.user_id).values(language=language))
    reader = signed_in(unchecked, context, role)
    check_words(
        reader.open(url, method=method, content_type=FORM, environ_overrides=announcing(size) if size else {}),
        status,
        language,
    )


def test_a_stale_page_is_told_in_the_visitors_language(app: Flask, world: World) -> None:
    answer = app.test_client().post("/sign-in", data={}, headers={"Accept-Language": "zh-TW,zh;q=0.9"})
    check_words(answer, 400, "zh_Hant")


def check_words(answer: TestResponse, status: int, language: str) -> None:
    words = translations(language).gettext(KOREAN[status])
    assert words != KOREAN[status]
    assert answer.status_code == status
    assert words in answer.text
    assert f'lang="{language.replace("_", "-")}"' in answer.text


@pytest.mark.parametrize("words", NAUGHTY)
def test_naughty_words_come_back_exactly_and_are_markup_nowhere(
    unchecked: Flask, context: Context, world: World, clock: Clock, words: str
) -> None:
    assignment, visit = naughty_visit(context, world, clock, words)
    browsers = {who: signed_in(unchecked, context, getattr(world, who)) for who in INSIDERS}

    def look(who: str, *urls: str) -> str:
        texts = []
        for url in urls:
            answer = browsers[who].get(url)
            assert answer.status_code == 200, url
            assert not re.search(r"<naughty|<script>naughty", answer.text), url
            texts.append(answer.text)
        return "".join(texts)

    pages = look(
        "shopper", "/visits", f"/visits/assignments/{assignment}", f"/visits/{visit}", f"/visits/{visit}/check"
    )
    till = next(form for form in FormReader(pages).forms.values() if "S-TXT-1.v" in form)
    assert (till["S-TXT-1.v"], till["S-RUL-1.n"]) == (words, words)

    send(context, world, clock, visit)
    with context.write() as session:
        deciding.ask(session, world.reviewer, visit, 1, "S-RUL-1", words, clock())
    look("reviewer", "/review", f"/review/{visit}")
    look("shopper", "/visits", f"/visits/{visit}/message", f"/visits/{visit}/receipt")
    with context.write() as session:
        replies.reply(session, world.shopper, visit, words, clock())
    look("reviewer", "/review", f"/review/{visit}")

    scorecard = publish(context, world, clock, visit)
    store = public_id(context, Store, world.store)
    look("manager", "/store", scorecard, f"/stores/{store}/history", "/account")
    look("lead", "/compare", f"/stores/{store}", f"/stores/{store}/failed", scorecard)
    look("admin", "/chain", "/admin", "/admin/stores", "/admin/users", "/admin/waves", "/admin/audit-log")
    form = next(iter(FormReader(look("admin", f"/admin/stores/{store}")).forms.values()))
    assert (form["name"], form["address"]) == (words, words)
    for who, url in (("lead", "/compare.csv"), ("admin", "/admin/stores.csv"), ("admin", "/admin/users.csv")):
        check_cells(browsers[who].get(url).get_data(as_text=True), words, url)


def naughty_visit(context: Context, world: World, clock: Clock, words: str) -> tuple[str, str]:
    """A visit of Sun's in a world in which everything that people write says ``words``."""
    with context.write() as session:
        session.execute(update(User).values(name=words))
        imports.save_region(session, world.admin, {"code": "N", "name": words}, clock())
        store = {"code": "0417", "name": words, "region": "N", "time_zone": "Europe/London", "address": words}
        imports.save_store(session, world.admin, {**store, "format": words[:40]}, clock())
        wave = session.get_one(Visit.wave.property.mapper.class_, world.wave)
        plan = Plan(
            (session.get_one(Store, world.store).public_id,), session.get_one(User, world.shopper.user_id).public_id,
            clock().replace(tzinfo=None), (clock() + timedelta(days=1)).replace(tzinfo=None), task=words,
        )  # fmt: skip
        assignment = create_assignments(session, world.admin, wave.public_id, plan, clock())[0].public_id
        wave.name = words
        visit = sending.start(session, world.shopper, assignment, clock())
        answers: dict[str, dict[str, object]] = {key: {"value": value} for key, value in GOOD.items()}
        answers["S-RUL-1"] = {"value": "no", "note": words}
        answers["S-TXT-1"] = {"value": words}
        registers.save_fields(session, world.shopper, visit, answers, clock())
    return assignment, visit


def check_cells(text: str, words: str, url: str) -> None:
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
    assert words in {*cells, *(cell.removeprefix("'") for cell in cells)}, url
    assert not [cell for cell in cells if cell.startswith(("=", "@", "|"))], url


# --- other people's secrets


def test_a_store_learns_nothing_of_who_came_and_when(
    unchecked: Flask, context: Context, world: World, clock: Clock, sun: FlaskClient, draft: str
) -> None:
    photo = encode(picture(60, 40), "JPEG")
    told = {"X-Auditapp": "1", "X-Question": "S-RNG-1", "X-Taken-At": "2026-09-14T08:41:37", "X-Camera": "Spycam 7"}
    put = sun.put(f"/api/v1/visits/{draft}/photos/{UUID}", data=photo, headers=told).json
    answers = {"S-RNG-1": {"value": [50, "no"], "note": [51, "Empty."]}}
    sun.patch(f"/api/v1/visits/{draft}/answers", json={"device": "sun-phone", "answers": answers}, headers=API)
    send(context, world, clock, draft)
    with context.read() as session:
        visit = session.scalars(select(Visit).where(Visit.public_id == draft)).one()
        kept = session.scalars(select(Photo)).one()
        unpublished, receipt, at = visit.store_public_id, str(visit.receipt), visit.arrived_at
        ids = [visit.assignment.public_id, kept.raw_sha256, str(put["sha256"])]
    mina, lena = (signed_in(unchecked, context, person) for person in (world.manager, world.lead))
    for browser in (mina, lena):
        for room in ("/scorecards/{}", "/scorecards/{}.pdf", f"/scorecards/{{}}/photos/{kept.public_id}"):
            there, nowhere = (browser.get(room.format(one)) for one in (unpublished, "f" * 32))
            assert (there.status_code, there.data) == (nowhere.status_code, nowhere.data)
            assert there.status_code == 404
        assert unpublished not in browser.get("/store" if browser is mina else "/compare").text

    scorecard = publish(context, world, clock, draft)
    store = public_id(context, Store, world.store)
    assert at is not None
    secrets = [draft, receipt, UUID, "Sun<", "sun@", "Spycam", "08:41", "sun-phone", f"{at:%H:%M}", *ids]
    shown = f"{scorecard}/photos/{put['id']}"
    for browser, urls in (
        (mina, ["/store", scorecard, f"/stores/{store}/history", shown]),
        (lena, ["/compare", "/compare.csv", f"/stores/{store}", f"/stores/{store}/failed", scorecard, shown]),
    ):
        for url in urls:
            answer = browser.get(url)
            assert answer.status_code == 200, url
            whole = answer.data.decode("latin-1") + str(answer.headers)
            assert not [secret for secret in secrets if secret in whole], url
            assert "Last-Modified" not in answer.headers


def test_another_shopper_reaches_nothing_of_a_visit_by_mixing_addresses(
    unchecked: Flask, context: Context, world: World, clock: Clock, sun: FlaskClient, draft: str
) -> None:
    headers = {"X-Auditapp": "1", "X-Question": "S-RNG-1"}
    photo = sun.put(f"/api/v1/visits/{draft}/photos/{UUID}", data=encode(picture(60, 40), "JPEG"), headers=headers).json
    with context.write() as session:
        mine = make_assignment(session, world, shopper=world.other_shopper)
        own = sending.start(session, world.other_shopper, mine.public_id, clock())
        theirs = session.scalars(select(Visit).where(Visit.public_id == draft)).one().assignment.public_id
    otto = signed_in(unchecked, context, world.other_shopper)
    assert otto.get(f"/visits/{own}").status_code == 200
    for url in (f"/visits/{own}/photos/{photo['id']}", f"/visits/{own}/photos/{photo['id']}?s=1", f"/visits/{theirs}"):
        assert otto.get(url).status_code == 404, url
    assert otto.post(f"/visits/assignments/{theirs}/start").status_code == 404
    otto.delete(f"/api/v1/visits/{own}/photos/{UUID}", headers=headers)
    otto.post(f"/visits/{own}", data={"section": "shelf", "base": "{}", "remove": UUID})
    assert list(sun.get(f"/api/v1/visits/{draft}/manifest").json["photos"]) == [UUID]


# --- two things at once


def at_once(*calls: object) -> list[int]:
    """The statuses of calls that begin together."""
    found: list[int] = []
    gate = threading.Barrier(len(calls))

    def run(call: object) -> None:
        gate.wait()
        found.append(call().status_code)  # type: ignore[operator]

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_of_decisions_and_additions_at_once_one_decision_wins(
    unchecked: Flask, context: Context, world: World, clock: Clock, draft: str
) -> None:
    send(context, world, clock, draft)

    def decide(verb: str) -> object:
        desk = signed_in(unchecked, context, world.reviewer)
        return lambda: desk.post(f"/review/{draft}/{verb}", data={"revision": "1", "text": "No."})

    def add(device: str) -> object:
        phone = signed_in(unchecked, context, world.shopper)
        answers = {"S-TXT-1": {"value": [90, "late"]}}
        return lambda: phone.patch(
            f"/api/v1/visits/{draft}/answers", json={"device": device, "answers": answers}, headers=API
        )

    found = at_once(*[decide("approve")] * 1, decide("approve"), decide("approve"), decide("void"), add("a"), add("b"))

    assert found.count(200) == 2
    assert found.count(303) <= 1
    assert found.count(409) == 4 - found.count(303)
    with context.read() as session:
        state = session.scalars(select(Visit.state).where(Visit.public_id == draft)).one()
        jobs = len(session.scalars(select(Job).where(Job.kind == "publish")).all())
    assert (state == "approved") == (jobs == 1)


def test_the_same_photo_and_the_same_visit_sent_many_times_at_once_are_there_once(
    unchecked: Flask, context: Context, world: World, clock: Clock, draft: str
) -> None:
    phones = [signed_in(unchecked, context, world.shopper) for _ in range(6)]
    data = encode(picture(60, 40), "JPEG")
    headers = {"X-Auditapp": "1", "X-Question": "S-RNG-1"}
    times = {
        "arrived": (clock() - timedelta(minutes=40)).isoformat(), "left": (clock() - timedelta(minutes=9)).isoformat()
    }  # fmt: skip

    def put(phone: FlaskClient) -> object:
        return lambda: phone.put(f"/api/v1/visits/{draft}/photos/{UUID}", data=data, headers=headers)

    def submit(phone: FlaskClient) -> object:
        return lambda: phone.post(f"/api/v1/visits/{draft}/submit", json={**times, "manifest": {}}, headers=API)

    assert at_once(*map(put, phones)) == [200] * 5 + [201]
    assert at_once(*map(submit, phones)) == [200] * 5 + [201]
    with context.read() as session:
        assert len(session.scalars(select(Photo)).all()) == 1
