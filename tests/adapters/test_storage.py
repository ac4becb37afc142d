"""The local store: what was put is there after a crash, and nothing gets out of its folder."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from auditapp.domain.errors import InvalidInput, NotFound
from auditapp.storage import LocalStorage, Storage, content_key


@pytest.fixture
def store(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "store")


def test_what_was_put_is_read_back(store: LocalStorage) -> None:
    store.put("photos/ab/cd/abcd.jpg", b"picture")
    assert store.read("photos/ab/cd/abcd.jpg") == b"picture"
    with store.open("photos/ab/cd/abcd.jpg") as stream:
        assert stream.read(3) == b"pic"
    assert store.exists("photos/ab/cd/abcd.jpg")


def test_it_keeps_what_it_holds_when_it_is_opened_again(store: LocalStorage, tmp_path: Path) -> None:
    store.put("pdf/one.pdf", b"page")
    again: Storage = LocalStorage(tmp_path / "store")
    assert again.read("pdf/one.pdf") == b"page"


def test_age_counts_from_the_last_time_it_was_stored(store: LocalStorage, tmp_path: Path) -> None:
    store.put("a", b"first")
    os.utime(tmp_path / "store" / "a", (1e9, 1e9))
    assert store.age("a") > 3600
    store.put("a", b"second")
    assert 0 <= store.age("a") < 60
    with pytest.raises(NotFound):
        store.age("b")


def test_a_second_put_replaces_the_first(store: LocalStorage) -> None:
    store.put("a", b"long first version")
    store.put("a", b"second")
    assert store.read("a") == b"second"


def test_who_reads_while_it_is_replaced_sees_one_whole_version(store: LocalStorage) -> None:
    versions = [bytes([n]) * 200_000 for n in range(8)]
    store.put("a", versions[0])

    def write_all() -> None:
        for version in versions:
            store.put("a", version)

    writer = threading.Thread(target=write_all)
    writer.start()
    seen = {store.read("a")}
    while writer.is_alive():
        seen.add(store.read("a"))
    assert seen <= set(versions)
    assert store.read("a") == versions[-1]


def test_the_same_bytes_have_the_same_key() -> None:
    digest = hashlib.sha256(b"picture").hexdigest()
    assert content_key("photos", b"picture", ".jpg") == f"photos/{digest[:2]}/{digest[2:4]}/{digest}.jpg"
    assert content_key("photos", b"another", ".jpg") != content_key("photos", b"picture", ".jpg")


def test_what_is_not_there_is_not_found(store: LocalStorage) -> None:
    store.put("photos/here.jpg", b"x")
    assert not store.exists("photos/gone.jpg")
    assert not store.exists("photos")
    for key in ("photos/gone.jpg", "photos", "photos/here.jpg/deeper"):
        with pytest.raises(NotFound, match="not in the store"):
            store.read(key)


def test_deleting_is_done_once_and_may_be_repeated(store: LocalStorage) -> None:
    store.put("photos/a.jpg", b"x")
    store.put("photos/b.jpg", b"x")
    store.delete("photos/a.jpg")
    store.delete("photos/a.jpg")
    store.delete("photos/b.jpg/deeper")
    assert list(store.keys()) == ["photos/b.jpg"]


def test_keys_come_in_order_and_by_prefix(store: LocalStorage) -> None:
    keys = ["pdf/z.pdf", "photos/aa/1.jpg", "photos/ab.jpg", "photos/ab/2.jpg", "photos/b.jpg"]
    for key in reversed(keys):
        store.put(key, b"x")
    assert list(store.keys()) == sorted(keys)
    assert list(store.keys("photos/a")) == sorted(keys[1:4])
    assert list(store.keys("nothing")) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "..",
        "../outside",
        "photos/../../outside",
        "/etc/passwd",
        "photos//a",
        "photos/",
        "photos/.hidden",
        ".tmp/a",
        "photos/a\0.jpg",
        "photos\\a",
        "photos/a\n",
        "photos/ü.jpg",
        "photos/" + "a" * 300,
    ],
)
def test_a_key_that_could_leave_the_folder_is_refused(key: str, store: LocalStorage, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    for call in (store.read, store.open, store.exists, store.delete, lambda k: store.put(k, b"x")):
        with pytest.raises(InvalidInput, match="not a key"):
            call(key)
    assert (tmp_path / "outside").read_bytes() == b"secret"
    assert list(store.keys()) == []


def test_a_put_is_on_disk_before_its_name_is_and_the_name_before_it_returns(
    store: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut can't be had in a test; the order of the calls that outlast one can be watched."""
    calls: list[tuple[str, str]] = []
    sync, replace = os.fsync, os.replace

    def watched_sync(handle: int) -> None:
        calls.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        sync(handle)

    def watched_replace(source: str, target: Path) -> None:
        calls.append(("rename", str(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(os, "replace", watched_replace)
    store.put("photos/ab/a.jpg", b"x")
    root = tmp_path / "store"
    folders, (written, renamed, named) = calls[:2], calls[2:]
    assert folders == [("sync", str(root)), ("sync", str(root / "photos"))]
    assert written[0] == "sync"
    assert written[1].startswith(str(store.temporary))
    assert renamed == ("rename", str(root / "photos/ab/a.jpg"))
    assert named == ("sync", str(root / "photos/ab"))


def test_a_put_that_fails_leaves_the_old_bytes_and_no_litter(
    store: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("a", b"old")

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.put("a", b"new")
    assert store.read("a") == b"old"
    assert list(store.temporary.iterdir()) == []


def test_what_a_crash_left_is_swept_when_it_is_old(store: LocalStorage) -> None:
    old, young = store.temporary / "put-old", store.temporary / "photo-young"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (0, 0))
    assert store.sweep_temporary(older_than_seconds=3600) == 1
    assert [path.name for path in store.temporary.iterdir()] == ["photo-young"]


def test_temporary_files_are_no_keys(store: LocalStorage) -> None:
    (store.temporary / "put-now").write_bytes(b"x")
    assert list(store.keys()) == []
