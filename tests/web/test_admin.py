"""The administrator's pages in a browser."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from auditapp.db.schema import Assignment, ChecklistVersion, Store, User, Wave
from auditapp.services.context import Context
from tests.factories import SMALL_YAML, World, make_world
from tests.web.clients import signed_in

UNKNOWN = "0" * 32
NAUGHTY = "<script>alert(1)</script> %s {0} 𠜎"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def ada(app: Flask, context: Context, world: World) -> FlaskClient:
    return signed_in(app, context, world.admin)


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/account").text)
    assert found
    return found[1]


def post(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    return client.post(path, data={"csrf_token": token(client), **fields})


def file(content: str | bytes, name: str = "file.csv") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content.encode() if isinstance(content, str) else content), name


def ids(context: Context, world: World) -> dict[str, str]:
    with context.read() as session:
        return {
            "wave": session.get_one(Wave, world.wave).public_id,
            "store": session.get_one(Store, world.store).public_id,
            "shopper": session.get_one(User, world.shopper.user_id).public_id,
            "version": session.get_one(ChecklistVersion, world.checklist_version).public_id,
        }


PAGES = (
    "/admin", "/admin/stores", "/admin/stores/new", "/admin/regions/new", "/admin/users", "/admin/users/new",
    "/admin/import/stores", "/admin/import/users", "/admin/import/regions", "/admin/waves", "/admin/waves/new",
    "/admin/checklists", "/admin/checklists/check", "/admin/audit-log", "/admin/stores.csv", "/admin/users.csv",
    "/admin/regions.csv", "/admin/stores/{store}", "/admin/users/{shopper}", "/admin/waves/{wave}",
    "/admin/waves/{wave}/assign",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_the_administrators_alone(
    app: Flask, context: Context, world: World, ada: FlaskClient, page: str
) -> None:
    path = page.format(**ids(context, world))

    assert ada.get(path).status_code == 200
    for other in (world.shopper, world.reviewer, world.manager, world.lead):
        assert signed_in(app, context, other).get(path).status_code == 403
    assert app.test_client().get(path).status_code == 302


@pytest.mark.parametrize(
    "page",
    ["/admin/stores/{0}", "/admin/users/{0}", "/admin/waves/{0}", "/admin/waves/{0}/assign", "/admin/import/{0}"],
)
@pytest.mark.parametrize("odd", [UNKNOWN, "%00", "한국", "%ED%A0%80", "a" * 2000, "'; DROP TABLE store; --"])
def test_unknown_things_are_not_found(ada: FlaskClient, page: str, odd: str) -> None:
    assert ada.get(page.format(odd)).status_code == 404


@pytest.mark.parametrize(
    "page",
    [
        "?page=0",
        "?page=-5",
        "?page=x",
        "?page=99999999999",
        "?before=x",
        "?role=none&region=none&kind=none",
        "?search=%25_'%22",
    ],
)
def test_odd_queries_show_a_page_all_the_same(ada: FlaskClient, page: str) -> None:
    for path in ("/admin/stores", "/admin/users", "/admin/audit-log"):
        assert ada.get(path + page).status_code == 200


def test_an_import_is_taken_over_and_said(ada: FlaskClient, context: Context) -> None:
    table = "code,name,region,time_zone\n0900,Jeju,S,Asia/Seoul\n0417,Harbour Street,N,Europe/London\n"

    answer = post(ada, "/admin/import/stores", file=file(table))

    assert (answer.status_code, answer.location) == (303, "/admin/stores")
    page = ada.get("/admin/stores").text
    assert "Imported: 1 added, 0 changed, 1 left as they were." in page
    assert "Jeju" in page


def test_a_bad_import_names_line_and_column_and_changes_nothing(ada: FlaskClient, context: Context) -> None:
    table = f"code,name,region,time_zone\n0900,Jeju,S,Asia/Seoul\n0901,{NAUGHTY},X<b>,Asia/Seoul\n"

    answer = post(ada, "/admin/import/stores", file=file(table))

    assert answer.status_code == 422
    assert "Nothing was imported: 1 cell is wrong" in answer.text
    assert re.search(
        r'<td class="num">3</td><td>region</td><td>No region has the code &#39;X&lt;b&gt;&#39;', answer.text
    )
    with context.read() as session:
        assert session.scalar(select(func.count(Store.id))) == 2


def test_a_file_that_is_no_table_is_refused_on_the_same_page(ada: FlaskClient) -> None:
    answer = post(ada, "/admin/import/users", file=file("이름\n".encode("cp949")))
    assert answer.status_code == 422
    assert "not in UTF-8" in answer.text
    assert "What belongs in it" in answer.text
    assert post(ada, "/admin/import/users").status_code == 422
    assert post(ada, "/admin/import/users", file=file(b"x" * (5 * 2**20 + 1))).status_code == 413


def test_an_export_comes_as_a_file(ada: FlaskClient) -> None:
    answer = ada.get("/admin/users.csv")

    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="users.csv"'
    assert "mina@example.org,Mina,manager,en,0417,,yes" in answer.text


def test_a_person_is_added_invited_and_let_in(app: Flask, ada: FlaskClient) -> None:
    added = post(
        ada, "/admin/users/new", email="New@Example.org", name=NAUGHTY, role="manager", language="en", stores="0417"
    )
    assert added.status_code == 303
    person = added.location or ""
    page = ada.get(person).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; %s {0} 𠜎" in page
    assert "<script>alert" not in page

    shown = post(ada, f"{person}/invitation").text
    found = re.search(r"http://localhost(/link/[\w-]{43})", shown)
    assert found
    assert found[1] not in ada.get(person).text
    newcomer = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', newcomer.get(found[1]).text)
    assert token
    newcomer.post(found[1], data={"password": "a lake with three boats", "csrf_token": token[1]})
    assert (newcomer.get("/").location or "").startswith("/store")


def test_a_person_who_can_not_be_is_refused_with_the_posted_values(ada: FlaskClient, context: Context) -> None:
    answer = post(ada, "/admin/users/new", email="new@example.org", name="Nora", role="manager", language="en")

    assert answer.status_code == 422
    assert 'value="Nora"' in answer.text
    assert 'id="stores-error">The role manager needs at least one code here.' in answer.text
    with context.read() as session:
        assert session.scalar(select(func.count(User.id))) == 8


def test_the_e_mail_of_a_person_stays(ada: FlaskClient, context: Context, world: World) -> None:
    person = f"/admin/users/{ids(context, world)['shopper']}"

    post(ada, person, email="ada@example.org", name="Sunny", role="shopper", language="ko")

    with context.read() as session:
        found = session.get_one(User, world.shopper.user_id)
        assert (found.email, found.name, found.language) == ("sun@example.org", "Sunny", "ko")


def test_switching_off_signs_a_person_out(app: Flask, context: Context, world: World, ada: FlaskClient) -> None:
    sun = signed_in(app, context, world.shopper)
    person = f"/admin/users/{ids(context, world)['shopper']}"

    post(ada, f"{person}/active", active="no")
    assert sun.get("/account").status_code == 302
    assert "Switched off" in ada.get(person).text
    post(ada, f"{person}/active", active="yes")
    assert sun.get("/account").status_code == 302
    assert signed_in(app, context, world.shopper).get("/account").status_code == 200


def test_a_lost_phone_is_signed_out(app: Flask, context: Context, world: World, ada: FlaskClient) -> None:
    sun = signed_in(app, context, world.shopper)

    post(ada, f"/admin/users/{ids(context, world)['shopper']}/sign-out")

    assert sun.get("/account").status_code == 302


def test_a_store_is_changed_in_a_form_and_keeps_its_code(ada: FlaskClient, context: Context, world: World) -> None:
    page = f"/admin/stores/{ids(context, world)['store']}"
    fields = {"name": "Harbour East", "region": "S", "time_zone": "Europe/London", "language": "ko", "code": "0501"}

    assert post(ada, page, **{**fields, "time_zone": "Nowhere"}).status_code == 422
    assert post(ada, page, **fields).status_code == 303

    with context.read() as session:
        store = session.get_one(Store, world.store)
        assert (store.code, store.name, store.region.code, store.language) == ("0417", "Harbour East", "S", "ko")
        assert session.get_one(Store, world.other_store).name == "Mill Lane"


def test_a_region_is_added_and_renamed(ada: FlaskClient) -> None:
    post(ada, "/admin/regions/new", code="W", name="West")
    post(ada, "/admin/regions/new", code="N", name="Far North")

    page = ada.get("/admin/stores").text
    assert "W West (0)" in page
    assert "N Far North (1)" in page


def wave_form(context: Context, world: World, **changed: str) -> dict[str, str]:
    return {
        "name": "Q4 2026", "checklist_version": ids(context, world)["version"], "method": "mystery",
        "starts_on": "2026-10-01", "ends_on": "2026-12-31", **changed,
    }  # fmt: skip


def test_a_wave_is_made_filled_and_closed(ada: FlaskClient, context: Context, world: World) -> None:
    made = post(ada, "/admin/waves/new", **wave_form(context, world))
    wave = made.location or ""
    known = ids(context, world)
    assign = {
        "stores": [known["store"]], "shopper": known["shopper"], "opens": "2026-10-05T09:00",
        "due": "2026-10-05T18:00", "fee": "18.50", "currency": "GBP", "task": NAUGHTY,
    }  # fmt: skip

    assert post(ada, f"{wave}/assign", **assign).status_code == 303
    page = ada.get(wave).text
    assert "Assigned: 1 stores." in page
    assert "0417 Harbour Street" in page
    assert "£18.50" in page
    assert "5 Oct 2026 09:00" in page

    refused = post(ada, f"{wave}/assign", **assign)
    assert refused.status_code == 422
    assert "Sun has or had a visit to 0417 Harbour Street within 90 days" in refused.text
    assert re.search(rf'value="{known["store"]}" checked', refused.text)
    assert not re.search(r'id="again"[^>]*checked', refused.text)
    assert post(ada, f"{wave}/assign", **assign, again="y").status_code == 303

    post(ada, f"{wave}/closed", closed="yes")
    assert post(ada, f"{wave}/assign", **assign, again="y").status_code == 409
    post(ada, f"{wave}/closed", closed="no")
    assert "Assign stores" in ada.get(wave).text


def test_an_assignment_is_cancelled_by_its_button(ada: FlaskClient, context: Context, world: World) -> None:
    known = ids(context, world)
    post(
        ada, f"/admin/waves/{known['wave']}/assign", stores=[known["store"]], shopper=known["shopper"],
        opens="2026-10-05T09:00", due="2026-10-05T18:00",
    )  # fmt: skip
    with context.read() as session:
        assignment = session.scalars(select(Assignment.public_id)).one()

    assert post(ada, f"/admin/assignments/{assignment}/cancel").status_code == 303
    assert "cancelled" in ada.get(f"/admin/waves/{known['wave']}").text
    assert post(ada, f"/admin/assignments/{UNKNOWN}/cancel").status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"ends_on": "2026-09-30"}, "ends_on"),
        ({"starts_on": "soon"}, "starts_on"),
        ({"method": "survey"}, "method"),
        ({"checklist_version": UNKNOWN}, "checklist_version"),
    ],
)
def test_a_wave_that_is_not_right_is_refused_beside_its_field(
    ada: FlaskClient, context: Context, world: World, changed: dict[str, str], field: str
) -> None:
    answer = post(ada, "/admin/waves/new", **wave_form(context, world, **changed))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def upload(ada: FlaskClient, source: str | bytes) -> TestResponse:
    return post(ada, "/admin/checklists/check", file=file(source, "small.yaml"))


def hidden_source(page: str) -> str:
    import html

    found = re.search(r"<textarea name=\"source\" hidden>\n(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_a_checklist_is_checked_published_and_listed(ada: FlaskClient) -> None:
    source = SMALL_YAML.replace("version: 1", "version: 2").replace("Small visit", "Small & <good>")
    checked = upload(ada, source)
    assert checked.status_code == 200
    assert "Publish version 2" in checked.text
    assert "version: 2" not in ada.get("/admin/checklists").text

    answer = post(ada, "/admin/checklists/publish", source=hidden_source(checked.text))

    assert answer.status_code == 303
    page = ada.get("/admin/checklists").text
    assert "small version 2 is published." in page
    assert "Small &amp; &lt;good&gt;" in page
    assert "/visits/preview/" in page
    post(ada, "/admin/checklists/publish", source=hidden_source(checked.text).replace("\n", "\r\n"))
    assert "published before, with the same content" in ada.get("/admin/checklists").text


def test_other_content_under_a_published_version_is_a_conflict(ada: FlaskClient) -> None:
    answer = post(ada, "/admin/checklists/publish", source=SMALL_YAML.replace("weight: 3", "weight: 4"))

    assert answer.status_code == 409
    assert "raise the version in the file" in answer.text


def test_a_checklist_with_errors_gets_lines_and_columns_and_no_button(ada: FlaskClient) -> None:
    answer = upload(ada, SMALL_YAML.replace("pass_mark: 80", "pass_mark: <b>"))

    assert answer.status_code == 422
    line = SMALL_YAML[: SMALL_YAML.index("pass_mark")].count("\n") + 1
    assert f'<td class="num">{line}</td>' in answer.text
    assert "<b>" not in answer.text
    assert "Publish version" not in answer.text


def test_files_that_are_no_checklists_are_refused(ada: FlaskClient) -> None:
    assert upload(ada, b"\x89PNG\r\n\x1a\n\x00").status_code == 422
    assert upload(ada, b"a" * (2**20 + 1)).status_code == 413
    assert post(ada, "/admin/checklists/publish", source="format: 1").status_code == 422


def test_a_large_checklist_in_korean_is_checked_and_published_by_the_pages_own_forms(ada: FlaskClient) -> None:
    long_hint = "계산대 앞에서 기다린 시간을 분으로 적는다. " * 60
    extra = "".join(
        f'      - {{key: X-{n}, factor: RUL, text: {{en: "Anything at {n}?"}}, hint: {{en: "{long_hint}"}}, '
        "type: text, required: false}\n"
        for n in range(250)
    )
    source = SMALL_YAML.replace("version: 1", "version: 2") + extra
    assert 700_000 < len(source.encode()) < 2**20
    checked = upload(ada, source)
    assert checked.status_code == 200
    form = re.search(r'<form[^>]*action="/admin/checklists/publish"[^>]*>', checked.text)
    assert form
    kind = re.search(r'enctype="([^"]+)"', form[0])
    data = {"csrf_token": token(ada), "source": hidden_source(checked.text).replace("\n", "\r\n")}
    answer = ada.post("/admin/checklists/publish", data=data, content_type=kind[1] if kind else None)
    assert answer.status_code == 303
    assert "small version 2 is published." in ada.get("/admin/checklists").text


def test_the_audit_log_tells_who_did_what(ada: FlaskClient) -> None:
    post(ada, "/admin/regions/new", code="W", name="West")

    page = ada.get("/admin/audit-log?kind=regions").text

    assert "regions.imported" in page
    assert "Ada" in page
    assert "sign_in.ok" not in page


def test_no_page_has_anything_inline(ada: FlaskClient, context: Context, world: World) -> None:
    for page in PAGES:
        if not page.endswith(".csv"):
            text = ada.get(page.format(**ids(context, world))).text
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), page
