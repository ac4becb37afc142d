"""Importing regions, stores and people: what is taken over, and what is said about what is not."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditapp.db import rollups
from auditapp.db.schema import AuditEvent, Region, Store, StorePeriod, User, UserRegion, UserStore
from auditapp.domain.errors import Forbidden, InvalidInput, TooLarge
from auditapp.domain.roles import Actor
from auditapp.services import accounts, comparison, imports
from auditapp.services.context import Context
from auditapp.services.imports import formulas, xlsx
from auditapp.services.imports.lines import Report
from tests.factories import NOW, World, make_published_visit, make_world

STORES = "code,name,region,time_zone,language,address,latitude,longitude\n"


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


def csv(text: str) -> imports.Table:
    return imports.read_table(text.encode())


def faults(report: Report) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, str(fault.error)) for fault in report.faults]


def sheet(*rows: list[str | float | None], extra: bytes = b"") -> bytes:
    """A spreadsheet as spreadsheet programs write it; None leaves a cell out."""
    lines = []
    for r, row in enumerate(rows, 1):
        cells = []
        for c, value in enumerate(row):
            where = f'r="{chr(65 + c)}{r}"'
            if isinstance(value, str):
                escaped = value.replace("&", "&amp;").replace("<", "&lt;")
                cells.append(f'<c {where} t="inlineStr"><is><t>{escaped}</t></is></c>')
            elif value is not None:
                cells.append(f"<c {where}><v>{value}</v></c>")
        lines.append(f'<row r="{r}">{"".join(cells)}</row>')
    return package("".join(lines).encode() + extra)


def package(rows: bytes, sheet_head: bytes = b"") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    pack = "http://schemas.openxmlformats.org/package/2006"
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{pack}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{office}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{office}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{pack}/relationships">'
        f'<Relationship Id="rId1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
        f'<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{pack}/relationships">'
        f'<Relationship Id="rId1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet_head
        + f'<worksheet xmlns="{main}"><sheetData>'.encode()
        + rows
        + b"</sheetData></worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def test_stores_are_added_and_changed_by_code(session: Session, world: World) -> None:
    table = csv(
        STORES + '0417,Harbour Street East,N,Europe/London,en,"14 Harbour Street, Leeds",53.7965,-1.5478\n'
        "0900,제주 점,S,Asia/Seoul,ko,,,\n"
    )

    report = imports.import_stores(session, world.admin, table, NOW)

    assert (report.added, report.changed, report.same) == (1, 1, 0)
    changed = session.get_one(Store, world.store)
    assert (changed.name, changed.address) == ("Harbour Street East", "14 Harbour Street, Leeds")
    assert (changed.latitude, changed.longitude) == (53.7965, -1.5478)
    added = session.scalars(select(Store).where(Store.code == "0900")).one()
    assert (added.name, added.region_id, added.language) == ("제주 점", world.other_region, "ko")
    again = imports.import_stores(session, world.admin, table, NOW)
    assert (again.added, again.changed, again.same) == (0, 0, 2)


def test_a_column_that_is_left_out_changes_nothing(session: Session, world: World) -> None:
    imports.import_stores(session, world.admin, csv("code,name,region,time_zone\n0501,Mill Road,S,Asia/Seoul\n"), NOW)

    store = session.get_one(Store, world.other_store)
    assert (store.name, store.language, store.address) == ("Mill Road", "ko", "2 Mill Lane")


def test_one_bad_cell_keeps_everything_out_and_every_bad_cell_is_named(session: Session, world: World) -> None:
    table = csv(
        STORES + "0900,Good Store,N,Europe/London,en,,,\n"
        "\n"
        "09 01,,X,Europe/Nowhere,fr,,,\n"
        "0902,Far,N,Europe/London,en,,91,0\n"
        "0903,Half,N,Europe/London,en,,51.5,\n"
        "0900,Twice,N,Europe/London,en,,,\n"
    )

    report = imports.import_stores(session, world.admin, table, NOW)

    assert [(line, column) for line, column, _ in faults(report)] == [
        (4, "code"), (4, "name"), (4, "region"), (4, "time_zone"), (4, "language"),
        (5, "latitude"), (6, "longitude"), (7, "code"),
    ]  # fmt: skip
    words = {(line, column): text for line, column, text in faults(report)}
    assert "No region has the code 'X'" in words[4, "region"]
    assert words[7, "code"] == "This is in line 2 already. Delete one of them."
    assert (report.added, report.changed) == (0, 0)
    assert session.scalar(select(func.count(Store.id))) == 2
    assert session.scalar(select(func.count(AuditEvent.id))) == 0


@pytest.mark.parametrize("text", ["NaN", "1e999", "inf", "١٢٣x", "51,5", "0x10"])
def test_odd_numbers_are_no_coordinates(session: Session, world: World, text: str) -> None:
    table = csv(STORES.replace(",", ";") + f"0900;A;N;Europe/London;en;;{text};0\n")

    assert [column for _, column, _ in faults(imports.import_stores(session, world.admin, table, NOW))] == ["latitude"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("code,name,region\n", "'time_zone' is missing"),
        ("code,name,region,time_zone,colour\n", "'colour' is not known"),
        ("code,name,region,time_zone,name\n", "'name' is there twice"),
        ("", "empty"),
    ],
)
def test_a_wrong_header_is_explained(session: Session, world: World, header: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        imports.import_stores(session, world.admin, csv(header), NOW)


def test_headers_may_have_capitals_spaces_and_any_order(session: Session, world: World) -> None:
    table = csv("Time Zone, NAME ,Region,Code,,\nEurope/London,New,N,0900,,\n")

    assert imports.import_stores(session, world.admin, table, NOW).added == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_csv_comes_in_many_spellings(separator: str, mark: bytes, ending: str) -> None:
    rows = [["code", "name"], ["N", "Nord"], ["S", '"Süd; ""West"", 2"']]
    text = ending.join(separator.join(row) for row in rows)

    table = imports.read_table(mark + text.encode())

    assert table.header == ("code", "name")
    assert [(line.number, line.cells["name"]) for line in table.lines] == [(2, "Nord"), (3, 'Süd; "West", 2')]


def test_line_numbers_count_lines_inside_quotes() -> None:
    table = csv('code,name\nN,"two\nlines"\n\nS,South\n')

    assert [line.number for line in table.lines] == [2, 5]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("code,name\nN,북부\n".encode("cp949"), "Line 2 is not in UTF-8"),
        ("code,name\nN,北區\n".encode("big5"), "Line 2 is not in UTF-8"),
        ("code,name\nN,Nord\n".encode("utf-16"), "neither a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512, "neither a spreadsheet"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 64, "neither a spreadsheet"),
        (b"code,name\nN,a\x00b\n", "neither a spreadsheet"),
        (b'code,name\nN,"open\nS,South\n', "line 2 are not closed"),
        (b"code,name\nN,North,extra\n", "Line 2 has more cells"),
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        imports.read_table(data)


def test_large_files_and_long_tables_are_refused() -> None:
    with pytest.raises(TooLarge):
        imports.read_table(b"a" * (imports.MOST_BYTES + 1))
    with pytest.raises(InvalidInput, match="over 20000 rows"):
        imports.read_table(b"code,name\n" + b"N,North\n" * 20_001)


def test_a_spreadsheet_gives_the_same_as_a_csv_file(session: Session, world: World) -> None:
    data = sheet(
        ["code", "name", "region", "time_zone", "latitude", "longitude"],
        [417, "Harbour & <East>", "N", "Europe/London", 53.5, -1.25],
        [None, None, None, None, None, None],
        ["0900", "제주 점", "X", "Asia/Seoul", None, None],
    )

    report = imports.import_stores(session, world.admin, imports.read_table(data), NOW)

    assert [(line, column) for line, column, _ in faults(report)] == [(4, "region")]
    line = imports.read_table(data).lines[0]
    assert (line.number, line.cells["code"], line.cells["name"]) == (2, "417", "Harbour & <East>")
    assert line.cells["longitude"] == "-1.25"


def far_cell() -> bytes:
    return sheet(["code", "name"], extra=b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def far_cell_with_a_decoy() -> bytes:
    return sheet(["code"], extra=b'<row r="2"><c s=" r=\'A2\'" r="XFD1048576"><v>1</v></c></row>')


def far_cell_in_another_namespace() -> bytes:
    return sheet(["code"], extra=b'<row r="2"><c x:r="A2" r="XFD1048576"><v>1</v></c></row>')


def cells_without_a_place() -> bytes:
    return sheet(["code"], extra=b'<row r="2">' + b"<c/>" * 50 + b"</row>")


def with_a_document_type() -> bytes:
    return package(b'<row r="1"/>', b'<!DOCTYPE x [<!ENTITY a "aaaa">]>')


def in_utf16() -> bytes:
    return package('<row r="1"/>'.encode("utf-16"))


def unpacks_to_gigabytes() -> bytes:
    return package(b" " * (xlsx.MOST_UNPACKED + 1))


@pytest.mark.parametrize(
    "make",
    [
        far_cell,
        far_cell_with_a_decoy,
        far_cell_in_another_namespace,
        cells_without_a_place,
        with_a_document_type,
        in_utf16,
        unpacks_to_gigabytes,
        lambda: far_cell()[:-30],
        lambda: b"PK\x03\x04" + b"\x00" * 100,
    ],
)
def test_a_spreadsheet_that_would_cost_too_much_is_refused_quickly(make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < imports.MOST_BYTES
    begun = process_time()

    with pytest.raises(InvalidInput):
        imports.read_table(data)

    assert process_time() - begun < 10


USERS = "email,name,role,language,stores,regions,active\n"


def test_people_are_added_with_what_they_reach(session: Session, world: World) -> None:
    table = csv(
        USERS + "New.Manager@Example.org,Nora,manager,ko,0417 0501,,\n"
        "new.lead@example.org,Leo,Lead,,,N;S,yes\n"
        "new.shopper@example.org,Sia,shopper,zh-Hant,,,\n"
    )

    report = imports.import_users(session, world.admin, table, NOW)

    assert (report.added, report.faults) == (3, ())
    nora = session.scalars(select(User).where(User.email == "new.manager@example.org")).one()
    assert (nora.language, nora.active, nora.password_hash) == ("ko", True, None)
    assert set(session.scalars(select(UserStore.store_id).where(UserStore.user_id == nora.id))) == {
        world.store, world.other_store,
    }  # fmt: skip
    leo = session.scalars(select(User).where(User.email == "new.lead@example.org")).one()
    assert len(session.scalars(select(UserRegion).where(UserRegion.user_id == leo.id)).all()) == 2
    again = imports.import_users(session, world.admin, table, NOW)
    assert (again.added, again.changed, again.same) == (0, 0, 3)


def test_people_are_changed_by_e_mail_and_lose_what_is_no_longer_theirs(session: Session, world: World) -> None:
    table = csv(USERS + "mina@example.org,Mina,manager,en,0501,,yes\nmax@example.org,Max,lead,en,,S,yes\n")

    report = imports.import_users(session, world.admin, table, NOW)

    assert (report.changed, report.faults) == (2, ())
    pairs = set(session.execute(select(UserStore.user_id, UserStore.store_id)))
    assert pairs == {(world.manager.user_id, world.other_store)}
    assert (world.other_manager.user_id, world.other_region) in set(
        session.execute(select(UserRegion.user_id, UserRegion.region_id))
    )


def test_a_reach_that_is_left_out_stays(session: Session, world: World) -> None:
    imports.import_users(session, world.admin, csv("email,name,role\nmina@example.org,Mina Park,manager\n"), NOW)

    assert session.scalars(select(UserStore.store_id).where(UserStore.user_id == world.manager.user_id)).all() == [
        world.store
    ]
    assert session.get_one(User, world.manager.user_id).name == "Mina Park"


def test_what_people_can_not_be_is_named_cell_by_cell(session: Session, world: World) -> None:
    table = csv(
        USERS + "no e-mail,A,shopper,,,,\n"
        "b@example.org,B,boss,,,,\n"
        "c@example.org,C,manager,,,,\n"
        "d@example.org,D,manager,,9999,,\n"
        "e@example.org,E,shopper,,0417,,\n"
        "f@example.org,F,lead,,,,maybe\n"
        "ada@example.org,Ada,reviewer,,,,\n"
        "ADA@example.org,Ada,admin,,,,no\n"
    )

    report = imports.import_users(session, world.admin, table, NOW)

    assert [(line, column) for line, column, _ in faults(report)] == [
        (2, "email"), (3, "role"), (4, "stores"), (5, "stores"), (6, "stores"), (7, "active"), (7, "regions"),
        (8, "role"), (9, "email"), (9, "active"),
    ]  # fmt: skip
    assert session.scalar(select(func.count(User.id))) == 8


def test_switching_somebody_off_by_a_file_signs_them_out(context: Context) -> None:
    with context.write() as session:
        world = make_world(session)
    with context.write() as session:
        mina = session.get_one(User, world.manager.user_id)
        token = accounts.sign_ins.open_sign_in(session, mina.id, mina.public_id, context.now())
    assert accounts.actor_of_token(context, token) is not None

    with context.write() as session:
        imports.import_users(
            session, world.admin, csv("email,name,role,active\nmina@example.org,Mina,manager,no\n"), context.now()
        )

    assert accounts.actor_of_token(context, token) is None


def test_regions_are_added_and_renamed(session: Session, world: World) -> None:
    report = imports.import_regions(session, world.admin, csv("code,name\nN,Far North\nW,West\nS,South\n"), NOW)

    assert (report.added, report.changed, report.same) == (1, 1, 1)
    assert session.get_one(Region, world.region).name == "Far North"


@pytest.mark.parametrize("who", ["shopper", "reviewer", "manager", "lead"])
def test_only_an_administrator_imports_and_exports(session: Session, world: World, who: str) -> None:
    actor: Actor = getattr(world, who)
    table = csv("code,name\nN,North\n")
    for take in (imports.import_regions, imports.import_stores, imports.import_users):
        with pytest.raises(Forbidden):
            take(session, actor, table, NOW)
    for give in (imports.regions_csv, imports.stores_csv, imports.users_csv):
        with pytest.raises(Forbidden):
            give(session, actor)


def test_every_export_can_be_imported_again_and_changes_nothing(session: Session, world: World) -> None:
    store = session.get_one(Store, world.store)
    store.name, store.address, store.latitude, store.longitude = "=1+1", '\'-quoted, "street"', -33.25, 151.0
    session.flush()
    for give, take in (
        (imports.regions_csv, imports.import_regions),
        (imports.stores_csv, imports.import_stores),
        (imports.users_csv, imports.import_users),
    ):
        report = take(session, world.admin, imports.read_table(give(session, world.admin)), NOW)
        assert (report.added, report.changed, report.faults) == (0, 0, ())
        assert report.same >= 2


def test_no_cell_of_an_export_is_a_formula(session: Session, world: World) -> None:
    session.get_one(Store, world.store).name = '=HYPERLINK("http://evil.example")'
    session.flush()

    text = imports.stores_csv(session, world.admin).decode("utf-8-sig")

    assert ",\"'=HYPERLINK(" in text
    assert not [cell for line in text.splitlines() for cell in line.split(",") if cell.startswith(("=", "+", "@"))]


@given(st.text(alphabet=st.sampled_from("'=+-@|%\t1.a "), max_size=6))
def test_defused_cells_are_harmless_and_come_back_exactly(cell: str) -> None:
    safe = formulas.defuse(cell)

    assert formulas.restore(safe) == cell
    assert not safe.startswith(("=", "@", "|", "%", "\t"))
    assert re.fullmatch(r"[+-][\d.]+", safe) or not safe.startswith(("+", "-"))


def test_saving_one_store_names_the_wrong_field(session: Session, world: World) -> None:
    fields = {"code": "0900", "name": "New", "region": "N", "time_zone": "Mars/Olympus"}
    with pytest.raises(InvalidInput) as caught:
        imports.save_store(session, world.admin, fields, NOW)
    assert caught.value.field == "time_zone"

    saved = imports.save_store(session, world.admin, {**fields, "time_zone": "Asia/Taipei"}, NOW)

    assert (saved.code, saved.time_zone, saved.language) == ("0900", "Asia/Taipei", "en")


@pytest.mark.parametrize(
    "name", ["Ω≈ç√ <script>alert(1)</script>", "ⱢⱤ %s {0} {name}", "𠜎 田中さん", "A\u200bB", "'; DROP"]
)
def test_odd_names_are_kept_exactly(session: Session, world: World, name: str) -> None:
    fields = {"email": "odd@example.org", "name": name, "role": "shopper"}

    assert imports.save_user(session, world.admin, fields, NOW).name == name


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800b", "a\nb", "a\u2028b", "x" * 121, "  "])
def test_names_that_can_not_be_kept_are_refused(session: Session, world: World, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        imports.save_user(session, world.admin, {"email": "odd@example.org", "name": name, "role": "shopper"}, NOW)
    assert caught.value.field == "name"


def test_twenty_thousand_people_take_seconds(session: Session, world: World) -> None:
    rows = "".join(f"p{i}@example.org,P {i},manager,0417\n" for i in range(imports.MOST_ROWS))
    begun = process_time()

    report = imports.import_users(session, world.admin, csv("email,name,role,stores\n" + rows), NOW)

    assert report.added == imports.MOST_ROWS
    assert process_time() - begun < 60


def test_a_store_that_moves_to_another_region_is_compared_there(session: Session, world: World) -> None:
    make_published_visit(session, world)
    rollups.rebuild_all(session)
    comparison.rebuild(session, NOW)
    table = csv("code,name,region,time_zone\n0417,Harbour Street,S,Europe/London\n")

    imports.import_stores(session, world.admin, table, NOW)

    assert set(session.scalars(select(StorePeriod.region_id))) == {world.other_region}
