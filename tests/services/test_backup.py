"""Backups: whole or refused, consistent while people work, the same on both databases."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from auditapp.config import Settings
from auditapp.db import dump, migrate
from auditapp.db.schema import AuditEvent, Base, Photo, User, Visit
from auditapp.domain.errors import Conflict, InvalidInput
from auditapp.domain.roles import Role
from auditapp.services.backup import backup, restore
from auditapp.services.context import Context, make_context
from auditapp.storage import content_key
from tests.conftest import Clock
from tests.factories import NOW, make_published_visit, make_user, make_world

NAUGHTY = "Ŝ 매장 門市 🛒 \\n \"'; DROP TABLE store; --\u2028\x7f"


def open_context(folder: Path, url: str, clock: Clock) -> Context:
    folder.mkdir(exist_ok=True)
    return make_context(Settings(folder, url, "http://localhost", "0" * 40), clock)


@pytest.fixture
def embedded(tmp_path: Path, clock: Clock) -> Iterator[Context]:
    """An install on SQLite, without any tables yet."""
    made = open_context(tmp_path / "embedded", f"sqlite:///{tmp_path / 'embedded.sqlite3'}", clock)
    yield made
    made.database.dispose()


@pytest.fixture
def served(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Context]:
    """An install on the database of this run, without any tables yet."""
    made = open_context(tmp_path / "served", database_url, clock)
    yield made
    made.database.dispose()


def fill(context: Context) -> None:
    """A chain with a visit, a photo and texts that break careless code."""
    migrate.upgrade(context.database)
    with context.write() as session:
        world = make_world(session)
        visit = make_published_visit(session, world, {"S-RUL-1": "no"})
        visit.manifest = None
        make_user(session, "Nina", Role.REVIEWER, language="ko").name = NAUGHTY
        add_photo(context, session, visit.id, b"one photo")


def add_photo(context: Context, session: object, visit: int, data: bytes) -> str:
    key = content_key("photos", data, ".jpg")
    context.storage.put(key, data)
    name = key.rpartition("/")[2].removesuffix(".jpg")
    session.add(  # type: ignore[attr-defined]
        Photo(visit_id=visit, question="S-RNG-1", uuid=name[:36], raw_sha256=name, sha256=name, size=len(data), width=1,
              height=1, phash=-1, received_at=NOW)
    )  # fmt: skip
    return key


def content(context: Context) -> dict[str, list[bytes]]:
    with dump.snapshot(context.database) as connection:
        return {table.name: list(dump.lines(connection, table)) for table in dump.tables(connection)}


def nothing_in(context: Context) -> bool:
    return migrate.current(context.database) is None and not list(context.storage.keys())


@pytest.mark.parametrize("way", ["to the embedded database", "from the embedded database"])
def test_a_restored_install_has_every_row_and_every_photo(
    way: str, embedded: Context, served: Context, tmp_path: Path
) -> None:
    source, target = (served, embedded) if way.startswith("to") else (embedded, served)
    fill(source)
    source.storage.put("scorecards/abc.pdf", b"can be made again")
    made = backup(source, tmp_path / "b.tar")
    report = restore(target, tmp_path / "b.tar")
    assert content(target) == content(source)
    assert set(content(target)) == set(Base.metadata.tables)
    assert report == made
    assert report.files == 1
    assert list(target.storage.keys()) == [content_key("photos", b"one photo", ".jpg")]
    assert target.storage.read(content_key("photos", b"one photo", ".jpg")) == b"one photo"
    with target.read() as session:
        assert session.scalar(select(User.name).where(User.email == "nina@example.org")) == NAUGHTY
        assert session.scalar(select(func.count()).where(Visit.manifest.is_(None))) == 1


def test_new_rows_follow_the_restored_ones(embedded: Context, served: Context, tmp_path: Path) -> None:
    fill(embedded)
    backup(embedded, tmp_path / "b.tar")
    restore(served, tmp_path / "b.tar")
    with served.write() as session:
        highest = session.scalar(select(func.max(User.id)))
        assert make_user(session, "Pia", Role.SHOPPER).id == (highest or 0) + 1


def test_a_backup_is_consistent_while_people_work(served: Context, embedded: Context, tmp_path: Path) -> None:
    """Each writer keeps a photo, its row and a raised revision in one transaction: never one without the others."""
    fill(served)
    with served.read() as session:
        visit = session.scalar(select(Visit.id)) or 0
        begun = session.get_one(Visit, visit).revision
    stop, failures = threading.Event(), []

    def work(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                with served.write() as session:
                    session.execute(update(Visit).where(Visit.id == visit).values(revision=Visit.revision + 1))
                    session.add(AuditEvent(at=NOW, kind="photo.kept", subject=f"visit:{writer}"))
                    add_photo(served, session, visit, f"photo {writer} {number}".encode())
            except Exception as error:
                failures.append(error)
                return

    writers = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    sizes = [backup(served, tmp_path / f"{n}.tar").rows for n in range(4)]
    stop.set()
    for writer in writers:
        writer.join()
    assert failures == []
    assert sizes == sorted(set(sizes)), "there was writing between the backups"
    restore(embedded, tmp_path / "3.tar")
    with embedded.read() as session:
        photos = session.scalars(select(Photo.sha256)).all()
        assert session.get_one(Visit, visit).revision - begun == len(photos) - 1
        assert session.scalar(select(func.count()).where(AuditEvent.kind == "photo.kept")) == len(photos) - 1
    for sha256 in photos:
        assert embedded.storage.exists(f"photos/{sha256[:2]}/{sha256[2:4]}/{sha256}.jpg")


def test_a_backup_cut_off_anywhere_is_refused_and_nothing_is_written(
    served: Context, embedded: Context, tmp_path: Path
) -> None:
    fill(served)
    backup(served, tmp_path / "whole.tar")
    whole = (tmp_path / "whole.tar").read_bytes()
    cut = tmp_path / "cut.tar"
    tail = range(len(whole) - 12_000, len(whole), 512)
    for length in sorted({0, 1, *range(511, len(whole), 3001), *tail, len(whole) - 1}):
        cut.write_bytes(whole[:length])
        with pytest.raises(InvalidInput, match="not a whole backup"):
            restore(embedded, cut)
    assert nothing_in(embedded)
    restore(embedded, tmp_path / "whole.tar")


def test_a_backup_with_one_changed_byte_is_refused(served: Context, embedded: Context, tmp_path: Path) -> None:
    fill(served)
    backup(served, tmp_path / "whole.tar")
    whole = (tmp_path / "whole.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        places = [info.offset_data + info.size // 2 for info in tar if info.size]
    assert len(places) > 10
    for place in places:
        (tmp_path / "changed.tar").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InvalidInput, match="not a whole backup"):
            restore(embedded, tmp_path / "changed.tar")
    assert nothing_in(embedded)


@pytest.mark.parametrize("name", ["../../escaped", "files/../escaped", "/etc/escaped", "other/x"])
def test_a_member_with_a_strange_name_is_refused(name: str, embedded: Context, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "strange.tar", "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    with pytest.raises(InvalidInput, match="not a whole backup"):
        restore(embedded, tmp_path / "strange.tar")
    assert nothing_in(embedded)


def test_a_file_that_is_no_backup_is_refused(embedded: Context, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8\xff" * 9000)
    with pytest.raises(InvalidInput, match="not a whole backup"):
        restore(embedded, tmp_path / "holiday.jpg")
    with pytest.raises(InvalidInput, match="can't be read"):
        restore(embedded, tmp_path / "missing.tar")


def test_a_filled_install_is_never_overwritten(served: Context, embedded: Context, tmp_path: Path) -> None:
    fill(served)
    backup(served, tmp_path / "b.tar")
    migrate.upgrade(embedded.database)
    with embedded.write() as session:
        make_user(session, "Ada", Role.ADMIN)
    with pytest.raises(Conflict, match="not empty"):
        restore(embedded, tmp_path / "b.tar")
    with embedded.read() as session:
        assert session.scalars(select(User.name)).all() == ["Ada"]


def test_a_migrated_install_without_rows_counts_as_empty(served: Context, embedded: Context, tmp_path: Path) -> None:
    fill(served)
    backup(served, tmp_path / "b.tar")
    migrate.upgrade(embedded.database)
    restore(embedded, tmp_path / "b.tar")
    assert content(embedded) == content(served)


def test_a_backup_never_replaces_a_file(served: Context, tmp_path: Path) -> None:
    fill(served)
    (tmp_path / "b.tar").write_bytes(b"last week's")
    with pytest.raises(Conflict, match="there already"):
        backup(served, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_bytes() == b"last week's"
    with pytest.raises(InvalidInput, match="can't be written"):
        backup(served, tmp_path / "no such folder" / "b.tar")
