"""Rows and files of photos, compared."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageStat
from sqlalchemy import select

from auditapp.db.schema import Photo
from auditapp.services import photo_files
from auditapp.services.context import Context
from auditapp.services.visits import evidence, sending
from auditapp.services.visits.evidence import photo_key, thumb_key
from tests.conftest import Clock
from tests.factories import World, make_assignment, make_world
from tests.photo_factory import encode, picture

UUID = "00000000-0000-4000-8000-00000000000{}"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def visit(context: Context, world: World, clock: Clock) -> str:
    with context.write() as session:
        return sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())


@pytest.fixture
def sha256(context: Context, world: World, visit: str) -> str:
    """A photo that is stored: the hash of its file."""
    put(context, world, visit)
    with context.read() as session:
        return session.scalars(select(Photo.sha256)).one()


def put(context: Context, world: World, visit: str, number: int = 1, width: int = 300) -> None:
    data = io.BytesIO(encode(picture(width, 200), "JPEG"))
    evidence.put_photo(context, world.shopper, visit, UUID.format(number), "S-RNG-1", data)


def make_old(context: Context, key: str) -> None:
    moment = time.time() - photo_files.STRAY_SECONDS - 60
    os.utime(context.settings.storage_root / key, (moment, moment))


def same_picture(one: bytes, other: bytes) -> bool:
    """Whether two files show the same to the eye, at the same size."""
    left, right = Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other))
    return left.size == right.size and max(ImageStat.Stat(ImageChops.difference(left, right)).mean) < 3


def test_nothing_is_wrong_with_an_empty_install(context: Context) -> None:
    assert photo_files.verify(context) == photo_files.Findings((), (), ())


def test_what_was_stored_is_found_whole(context: Context, world: World, visit: str, sha256: str) -> None:
    put(context, world, visit, 2, width=320)
    assert photo_files.verify(context).clean


@pytest.mark.parametrize("key", [photo_key, thumb_key])
def test_a_file_that_is_gone_is_missing(context: Context, sha256: str, key) -> None:  # noqa: ANN001
    context.storage.delete(key(sha256))
    found = photo_files.verify(context)
    assert found == photo_files.Findings((key(sha256),), (), ())
    assert not found.clean


def test_a_changed_file_is_wrong(context: Context, sha256: str) -> None:
    data = context.storage.read(photo_key(sha256))
    context.storage.put(photo_key(sha256), data[:-1] + b"\0")
    assert photo_files.verify(context) == photo_files.Findings((), (), (photo_key(sha256),))


@pytest.mark.parametrize(
    "broken",
    [
        lambda small: b"",
        lambda small: b"junk",
        lambda small: small[: len(small) // 2],
        lambda small: small[:-2],
        lambda small: small + b"junk",
        lambda small: small[:2] + b"\0" * (len(small) - 4) + small[-2:],
        lambda small: encode(picture(300, 200), "PNG"),
    ],
    ids=["empty", "junk", "half of it", "without its end", "more behind its end", "zeros", "another format"],
)
def test_a_small_picture_that_is_no_whole_jpeg_is_wrong_and_can_be_made_again(
    context: Context, sha256: str, broken: Callable[[bytes], bytes]
) -> None:
    small = context.storage.read(thumb_key(sha256))
    context.storage.put(thumb_key(sha256), broken(small))
    assert photo_files.verify(context) == photo_files.Findings((), (), (thumb_key(sha256),))
    assert photo_files.verify(context, mend=True) == photo_files.Findings((), (), (), mended=1)
    assert same_picture(context.storage.read(thumb_key(sha256)), small)
    assert photo_files.verify(context, mend=True) == photo_files.Findings((), (), ()), "nothing is left to mend"


def test_a_small_picture_that_is_gone_can_be_made_again(context: Context, world: World, visit: str) -> None:
    put(context, world, visit, width=2000)
    with context.read() as session:
        sha256 = session.scalars(select(Photo.sha256)).one()
    small = context.storage.read(thumb_key(sha256))
    context.storage.delete(thumb_key(sha256))
    assert photo_files.verify(context, mend=True).mended == 1
    assert same_picture(context.storage.read(thumb_key(sha256)), small)


def test_nothing_is_mended_from_a_large_picture_that_is_wrong_or_gone(
    context: Context, world: World, visit: str, sha256: str
) -> None:
    context.storage.put(photo_key(sha256), encode(picture(320, 200), "JPEG"))
    context.storage.put(thumb_key(sha256), b"")
    found = photo_files.verify(context, mend=True)
    assert (found.mended, found.wrong) == (0, (photo_key(sha256), thumb_key(sha256)))
    context.storage.delete(photo_key(sha256))
    found = photo_files.verify(context, mend=True)
    assert (found.mended, found.missing, found.wrong) == (0, (photo_key(sha256),), (thumb_key(sha256),))
    assert context.storage.read(thumb_key(sha256)) == b""


def test_a_photo_that_two_visits_have_is_one_file(
    context: Context, world: World, visit: str, sha256: str, clock: Clock
) -> None:
    with context.write() as session:
        other = sending.start(session, world.shopper, make_assignment(session, world).public_id, clock())
    put(context, world, other)
    context.storage.delete(photo_key(sha256))
    assert photo_files.verify(context).missing == (photo_key(sha256),)


def test_the_files_of_a_photo_that_was_taken_back_are_neither_missing_nor_orphans(
    context: Context, world: World, visit: str, sha256: str, clock: Clock
) -> None:
    with context.write() as session:
        evidence.delete_photo(session, world.shopper, visit, UUID.format(1), clock())
    assert photo_files.verify(context).clean
    context.storage.delete(photo_key(sha256))
    assert photo_files.verify(context).clean


def test_a_photo_that_was_taken_back_while_it_was_on_its_way_leaves_no_orphan(
    context: Context, world: World, visit: str, clock: Clock
) -> None:
    class TakenBackMeanwhile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            with context.write() as session:
                evidence.delete_photo(session, world.shopper, visit, UUID.format(1), clock())
            return super().read(size)

    data = TakenBackMeanwhile(encode(picture(300, 200), "JPEG"))
    told = evidence.put_photo(context, world.shopper, visit, UUID.format(1), "S-RNG-1", data)
    assert told.outcome == "deleted"
    assert len(list(context.storage.keys("photos/"))) == 2
    assert photo_files.verify(context).clean


@pytest.mark.parametrize("key", [photo_key("ab" * 32), thumb_key("ab" * 32), "photos/notes.txt", "photos/ab/cd/x.jpg"])
def test_a_file_of_no_photo_is_an_orphan_and_goes_when_it_is_old(context: Context, sha256: str, key: str) -> None:
    context.storage.put(key, b"stray")
    assert photo_files.verify(context).orphans == (key,)
    young = photo_files.verify(context, delete_orphans=True)
    assert (young.orphans, young.removed, context.storage.exists(key)) == ((key,), 0, True)
    make_old(context, key)
    old = photo_files.verify(context, delete_orphans=True)
    assert (old.clean, old.removed, context.storage.exists(key)) == (True, 1, False)


def test_old_files_that_belong_to_a_photo_stay(context: Context, sha256: str) -> None:
    for key in (photo_key(sha256), thumb_key(sha256)):
        make_old(context, key)
    assert photo_files.verify(context, delete_orphans=True) == photo_files.Findings((), (), ())
    assert context.storage.exists(photo_key(sha256))


def test_other_rooms_of_the_store_are_no_business_of_it(context: Context) -> None:
    context.storage.put("scorecards/1/abc.pdf", b"%PDF")
    assert photo_files.verify(context).clean
