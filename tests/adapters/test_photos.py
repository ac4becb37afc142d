"""Photo ingest: what comes in, and what is kept of it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from auditapp.domain.errors import InvalidInput, PhotoRefused, TooLarge
from auditapp.photos import clean, receive, similarity_distance
from tests import photo_factory as make
from tests.photo_checks import FILES, RED, TURNED, YELLOW, corners, looks_like, markers


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_stored_upright_in_both_sizes(orientation: int) -> None:
    photo = clean(make.phone_jpeg(orientation=orientation))
    assert (photo.width, photo.height) == ((640, 480) if orientation < 5 else (480, 640))
    assert looks_like(photo.full, TURNED[orientation])
    assert looks_like(photo.thumb, TURNED[orientation])


@pytest.mark.parametrize("name", ["mpo", "png", "webp"])
def test_the_orientation_counts_in_every_format_that_has_one(name: str) -> None:
    assert looks_like(clean(FILES[name]()).full, TURNED[6])


def test_a_turned_heic_is_turned_once() -> None:
    photo = clean(make.encode(make.picture(), "HEIF", exif=make.exif(6)))
    assert looks_like(photo.full, TURNED[6])


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_the_metadata_is_in_what_is_kept(name: str) -> None:
    sent = FILES[name]()
    assert make.SECRET.encode() in sent
    photo = clean(sent)
    for kept in (photo.full, photo.thumb):
        assert set(markers(kept)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
        assert make.SECRET.encode() not in kept
        assert b"Acme" not in kept
        with Image.open(io.BytesIO(kept)) as image:
            assert image.format == "JPEG"
            assert not set(image.info) & {"exif", "xmp", "icc_profile", "comment", "photoshop", "mp"}


@pytest.mark.parametrize(
    ("size", "full", "thumb"),
    [
        ((3201, 2401), (1600, 1200), (320, 240)),
        ((2401, 3201), (1200, 1600), (240, 320)),
        ((1700, 500), (1600, 471), (320, 95)),
        ((1600, 900), (1600, 900), (320, 180)),
        ((1601, 1), (1600, 1), (320, 1)),
        ((100, 70), (100, 70), (100, 70)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_renditions_have_their_sides_and_never_grow(
    kind: str, size: tuple[int, int], full: tuple[int, int], thumb: tuple[int, int]
) -> None:
    photo = clean(make.encode(make.picture(*size), kind))
    with Image.open(io.BytesIO(photo.full)) as big, Image.open(io.BytesIO(photo.thumb)) as small:
        assert (big.size, small.size) == (full, thumb)
        assert (photo.width, photo.height) == full
    assert photo.sha256 == hashlib.sha256(photo.full).hexdigest()


@pytest.mark.parametrize(
    ("size", "full"),
    [
        ((4000, 3000), (1500, 1125)),  # 3/8
        ((3024, 4032), (1134, 1512)),  # 3/8
        ((4001, 2999), (1501, 1125)),  # 3/8, rounded up
        ((3000, 2000), (1500, 1000)),  # 1/2
        ((8001, 6000), (1600, 1200)),  # 2/8 and a resize
        ((12000, 100), (1500, 13)),  # 1/8
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_large_jpeg_is_scaled_while_it_is_decoded(mode: str, size: tuple[int, int], full: tuple[int, int]) -> None:
    photo = clean(make.encode(make.picture(*size, mode), "JPEG"))
    assert (photo.width, photo.height) == full
    assert mode == "L" or looks_like(photo.full, TURNED[1])


def test_a_large_heic_is_reduced_in_strips_without_a_seam() -> None:
    photo = clean(make.encode(make.picture(3300, 2500), "HEIF"))
    assert (photo.width, photo.height) == (1600, 1212)
    with Image.open(io.BytesIO(photo.full)) as image:
        column = [image.getpixel((400, y)) for y in (*range(0, 600, 7), *range(612, 1212, 7))]
    assert all(max(abs(a - b) for a, b in zip(p, RED, strict=True)) < 12 for p in column[:86])  # type: ignore[arg-type]
    assert all(max(abs(a - b) for a, b in zip(p, YELLOW, strict=True)) < 12 for p in column[86:])  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    top_left, top_right, _, bottom_left = corners(clean(make.transparent_png(mode)).full)
    assert min(top_left) > 245
    assert min(bottom_left) > 245
    assert max(top_right) < 200


@pytest.mark.parametrize("data", [make.ycck_jpeg(), make.encode(make.picture().convert("CMYK"), "JPEG")])
def test_print_colours_come_out_right(data: bytes) -> None:
    assert looks_like(clean(data).full, TURNED[1])


@pytest.mark.parametrize("mode", ["L", "1"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_black_and_white_files_are_photos_too(kind: str, mode: str) -> None:
    image = Image.new("L", (64, 64), 255).convert(mode)
    assert min(corners(clean(make.encode(image, kind)).full)[0]) > 250


@pytest.mark.parametrize("colour", [0, 2])
@pytest.mark.parametrize("transparent", [b"", b"\x12\x34"])
def test_sixteen_bits_a_channel_keep_their_gray_steps(colour: int, transparent: bytes) -> None:
    photo = clean(make.deep_png(colour, transparent * (3 if colour == 2 else 1)))
    with Image.open(io.BytesIO(photo.full)) as image:
        row = [image.getpixel((x, 0))[0] for x in range(4)]  # type: ignore[index]
    assert all(abs(got - wanted) < 12 for got, wanted in zip(row, (0, 85, 170, 255), strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_an_embedded_colour_profile_is_applied(kind: str) -> None:
    photo = clean(make.encode(make.picture(), kind, icc_profile=make.swapped_profile()))
    swapped = tuple((b, g, r) for r, g, b in TURNED[1])
    assert looks_like(photo.full, swapped, within=16)


@pytest.mark.parametrize("profile", [b"not a profile", b"\0" * 200, make.swapped_profile()[:300]])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    assert looks_like(clean(make.encode(make.picture(), "JPEG", icc_profile=profile)).full, TURNED[1])


@pytest.mark.parametrize("kind", ["WEBP", "HEIF"])
def test_a_lossless_file_is_a_photo_too(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": -1}
    assert looks_like(clean(make.encode(make.picture(300, 200), kind, **options)).full, TURNED[1])


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_kept(kind: str) -> None:
    assert looks_like(clean(make.animation(kind)).full, TURNED[1])


def test_a_photo_can_be_cleaned_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "anything"
    path.write_bytes(make.phone_jpeg())
    assert clean(path) == clean(make.phone_jpeg())


def test_the_same_picture_is_alike_after_another_camera_app_has_been_at_it() -> None:
    original = make.shop_picture(1200, 900)
    one = clean(make.encode(original, "JPEG", quality=92))
    other = clean(make.encode(original.resize((800, 600)), "WEBP", quality=40))
    assert similarity_distance(one.phash, other.phash) <= 8


def test_different_pictures_are_not_alike() -> None:
    hashes = [clean(make.encode(make.shop_picture(400, 300, seed), "JPEG")).phash for seed in range(6)]
    assert min(similarity_distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 12
    assert all(-(2**63) <= value < 2**63 for value in hashes)
    assert {value < 0 for value in hashes} == {True, False}


class Tap:
    """A stream that counts what was taken from it and never ends before ``size``."""

    def __init__(self, size: int) -> None:
        self.left, self.taken = size, 0

    def read(self, size: int, /) -> bytes:
        part = min(size, self.left, 1000)
        self.left, self.taken = self.left - part, self.taken + part
        return b"x" * part


def test_an_upload_is_received_with_its_length_and_hash(tmp_path: Path) -> None:
    data = make.phone_jpeg()
    digest = hashlib.sha256(data).hexdigest()
    received = receive(io.BytesIO(data), tmp_path, expected_sha256=digest.upper())
    assert received.path.read_bytes() == data
    assert received.path.parent == tmp_path
    assert (received.size, received.sha256) == (len(data), digest)
    assert clean(received.path) == clean(data)


def test_an_upload_of_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    assert receive(Tap(5000), tmp_path, max_bytes=5000).size == 5000


def test_an_endless_upload_is_cut_after_one_byte_too_many(tmp_path: Path) -> None:
    tap = Tap(10**9)
    with pytest.raises(TooLarge):
        receive(tap, tmp_path, max_bytes=5000)
    assert tap.taken == 5001
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("expected", ["0" * 64, "nonsense", ""])
def test_other_bytes_than_the_sender_hashed_are_not_taken(expected: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="changed on its way") as caught:
        receive(io.BytesIO(b"some"), tmp_path, expected_sha256=expected)
    assert caught.value.field == "sha256"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("body", "announced"), [(b"som", 4), (b"", 4), (b"some", 3)])
def test_an_upload_of_another_length_than_was_announced_is_not_taken(
    body: bytes, announced: int, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="changed on its way") as caught:
        receive(io.BytesIO(body), tmp_path, expected_size=announced)
    assert caught.value.field == "sha256"
    assert not list(tmp_path.iterdir())


def test_an_upload_of_the_announced_length_is_taken(tmp_path: Path) -> None:
    assert receive(io.BytesIO(b"some"), tmp_path, expected_size=4).size == 4


def test_an_empty_upload_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoRefused, match="empty"):
        receive(io.BytesIO(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_broken_connection_leaves_nothing_behind(tmp_path: Path) -> None:
    class Broken:
        def read(self, size: int, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        receive(Broken(), tmp_path)
    assert not list(tmp_path.iterdir())
