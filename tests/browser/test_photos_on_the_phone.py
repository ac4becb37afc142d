"""A photo on the phone, by the modules that the program serves: kept at once, shrunk later, looked at."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageEnhance, ImageFilter
from playwright.sync_api import Browser, FilePayload, Page

from auditapp.photos import clean, similarity_distance
from tests import photo_factory as make
from tests.browser.every_kind import make_shop
from tests.browser.serving import House, serve

INDIA = "Asia/Kolkata"  # +05:30, without summer time: no machine's own zone
BEGIN = """async (folder) => {
  const modules = ["photos", "store", "warnings"].map((name) => import(`${folder}/js/${name}.js`));
  const [photos, store, warn] = await Promise.all(modules);
  store.use("test");
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, id: "camera" });
  document.body.append(input);
  const put = IDBObjectStore.prototype.put, puts = [], taken = [];
  IDBObjectStore.prototype.put = function (record) {
    if (this.name === "photos") {
      const { durability } = this.transaction, what = record.raw ? "original" : "small";
      puts.push([record.key, what + " asked", durability]);
      this.transaction.addEventListener("complete", () => puts.push([record.key, what, durability]));
    }
    return put.call(this, record);
  };
  input.addEventListener("change", () => {
    for (const file of input.files) {
      const question = "Q" + (taken.length + 1);
      const one = file.arrayBuffer().then((bytes) => photos.take(file, bytes, question, "visit"));
      one.then(({ uuid }) => puts.push([uuid, "told"]), () => 0);
      taken.push(one);
    }
    input.value = "";
  });
  Object.assign(window, { photos, store, warn, taken, puts });
}"""
KEPT = """async (number) => {
  const { uuid, finished } = await taken[number], { hash } = await finished, record = await store.get("photos", uuid);
  const reader = new FileReader(), read = new Promise((done) => { reader.onload = done; });
  reader.readAsDataURL(new Blob([record.bytes]));
  await read;
  const happened = puts.filter(([key]) => key === uuid).map(([, what, durability]) => [what, durability]);
  return { ...record, bytes: reader.result.split(",")[1] || "", finished: hash, happened };
}"""
COUNT_DECODES = """() => {
  const decode = window.createImageBitmap;
  let open = 0;
  window.most = 0;
  window.createImageBitmap = async (...asked) => {
    window.most = Math.max(window.most, ++open);
    const bitmap = await decode(...asked), close = bitmap.close;
    bitmap.close = () => { open -= 1; close.call(bitmap); };
    return bitmap;
  };
}"""
WARNINGS = """async (arrived) => warn.warnings(await store.all("photos", "visit", "visit"), Date.parse(arrived))"""

Change = Callable[[Image.Image], Image.Image]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(make_shop(tmp_path_factory.mktemp("photos") / "shop").data) as served:
        yield served


@pytest.fixture
def phone(browser: Browser, house: House) -> Iterator[Page]:
    """A page of the program's own origin with nothing on it but a camera button."""
    context = browser.new_context(timezone_id=INDIA)
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(error.message))
    page.goto(house.base + "/sign-in")
    folder = re.search(r"/static/\w+(?=/css/)", page.content())
    assert folder
    page.goto(house.base + "/readyz")
    page.evaluate(BEGIN, folder[0])
    yield page
    context.close()
    assert problems == []


def take(page: Page, *files: bytes, name: str = "IMG_2041.JPG", kind: str = "image/jpeg") -> list[dict[str, Any]]:
    """Choose files as the camera gives them; the records on the phone once they are shrunk."""
    before = page.evaluate("taken.length")
    chosen: list[FilePayload] = [{"name": name, "mimeType": kind, "buffer": file} for file in files]
    page.set_input_files("#camera", chosen)
    return [kept(page, before + number) for number in range(len(files))]


def kept(page: Page, number: int) -> dict[str, Any]:
    """The record of the so-manieth photo."""
    record: dict[str, Any] = page.evaluate(KEPT, number)
    return record | {"bytes": base64.b64decode(record["bytes"])}


def told(record: dict[str, Any]) -> tuple[str, float | None, float | None, str]:
    """What the phone says of a photo beside its bytes."""
    return record["takenAt"], record.get("latitude"), record.get("longitude"), record.get("camera", "")


def shop(change: Change = lambda image: image, seed: int = 7, quality: int = 90) -> bytes:
    """A photo of shelves at the size that phones send, changed in some way."""
    return make.encode(change(make.shop_picture(1600, 1200, seed)), "JPEG", quality=quality)


def shaken(image: Image.Image) -> Image.Image:
    """As a hand blurs that moves sideways by 33 pixels."""
    moved = [image.transform(image.size, Image.Transform.AFFINE, (1, 0, step, 0, 1, 0)) for step in range(-16, 17)]
    mixed = moved[0]
    for number, one in enumerate(moved[1:], 2):
        mixed = Image.blend(mixed, one, 1 / number)
    return mixed


def looks(page: Page, photo: bytes) -> dict[str, Any]:
    """What the phone finds out about a picture."""
    found: dict[str, Any] = take(page, photo)[0]["looks"]
    return found


def test_the_original_is_on_the_disk_and_told_before_anything_is_shrunk(phone: Page) -> None:
    [record] = take(phone, make.phone_jpeg(make.shop_picture(4000, 3000)))
    assert record["happened"] == [
        ["original asked", "strict"],
        ["original", "strict"],
        ["told", None],
        ["small asked", "strict"],
        ["small", "strict"],
    ]


def test_a_large_photo_becomes_an_upright_jpeg_of_1600_pixels_without_metadata(phone: Page) -> None:
    [record] = take(phone, make.phone_jpeg(make.picture(4000, 3000), orientation=6))
    small = Image.open(io.BytesIO(record["bytes"]))
    assert (small.format, small.size, record["type"]) == ("JPEG", (1200, 1600), "image/jpeg")
    assert_turned_right(small)
    assert make.SECRET.encode() not in record["bytes"]
    assert not small.getexif()
    assert record["raw"] is False
    assert record["size"] == len(record["bytes"])
    assert record["hash"] == record["finished"] == hashlib.sha256(record["bytes"]).hexdigest()


def test_a_browser_that_makes_no_bitmaps_of_files_shrinks_them_all_the_same(phone: Page) -> None:
    phone.evaluate("() => { window.createImageBitmap = () => Promise.reject(new TypeError('no such option')); }")
    [record] = take(phone, make.phone_jpeg(make.picture(4000, 3000), orientation=6))
    small = Image.open(io.BytesIO(record["bytes"]))
    assert small.size == (1200, 1600)
    assert_turned_right(small)


def assert_turned_right(small: Image.Image) -> None:
    """`picture`, whose file says orientation 6: yellow top left, red top right."""
    red, _, _, yellow = make.QUADRANTS
    for corner, colour in (((100, 100), yellow), ((small.width - 100, 100), red)):
        pixel: Any = small.getpixel(corner)
        assert max(abs(one - other) for one, other in zip(pixel, colour, strict=True)) < 12


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("2026-03-14T15:09:26+09:00", 37.56, 126.98, "Acme Phone 5")),
        ({"offset": "-03:30"}, ("2026-03-14T15:09:26-03:30", 37.56, 126.98, "Acme Phone 5")),
        ({"offset": None}, ("2026-03-14T15:09:26+05:30", 37.56, 126.98, "Acme Phone 5")),
        ({"offset": "   :  "}, ("2026-03-14T15:09:26+05:30", 37.56, 126.98, "Acme Phone 5")),
        ({"latitude_ref": "S", "longitude_ref": "W"}, ("2026-03-14T15:09:26+09:00", -37.56, -126.98, "Acme Phone 5")),
        ({"longitude": None}, ("2026-03-14T15:09:26+09:00", None, None, "Acme Phone 5")),
        ({"latitude": (97.0, 0.0, 0.0)}, ("2026-03-14T15:09:26+09:00", None, None, "Acme Phone 5")),
        ({"make": "LG", "model": "G8"}, ("2026-03-14T15:09:26+09:00", 37.56, 126.98, "LG G8")),
    ],
)
def test_when_where_and_with_what_is_copied_from_the_original(
    phone: Page, changes: dict[str, Any], expected: tuple[str, float | None, float | None, str]
) -> None:
    [record] = take(phone, make.encode(make.picture(), "JPEG", exif=make.exif(1, **changes)))
    assert told(record) == expected


def test_a_photo_that_does_not_tell_its_time_has_the_time_of_its_file(phone: Page, tmp_path: Path) -> None:
    file, moment = tmp_path / "a.jpg", datetime(2026, 3, 14, 20, 0, tzinfo=UTC)
    file.write_bytes(make.encode(make.picture(), "JPEG", exif=make.exif(1, taken_at="0000:00:00 00:00:00")))
    os.utime(file, (moment.timestamp(), moment.timestamp()))
    phone.set_input_files("#camera", file)
    assert told(kept(phone, 0)) == ("2026-03-15T01:30:00+05:30", 37.56, 126.98, "Acme Phone 5")


def test_whatever_stands_in_the_metadata_the_photo_is_kept(phone: Page) -> None:
    rng, broken = random.Random(5), [make.encode(make.picture(64, 64), "JPEG", exif=make.greedy_exif())]
    for _ in range(40):
        block = bytearray(make.exif())
        for _ in range(rng.randrange(1, 12)):
            block[rng.randrange(6, len(block))] = rng.randrange(256)
        broken.append(make.encode(make.picture(64, 64), "JPEG", exif=bytes(block[: rng.randrange(20, len(block))])))
    records = take(phone, *broken)
    assert [record["bytes"] for record in records] == broken
    assert all(len(record.get("camera", "")) <= 161 and record.get("camera", "").isascii() for record in records)


@pytest.mark.parametrize(
    ("file", "seen"),
    [
        (make.phone_jpeg(), True),
        (make.encode(make.picture(), "HEIF"), False),
        (b"%PDF-1.7 not a photo", False),
        (make.phone_jpeg()[:300], False),
    ],
    ids=["a small JPEG", "HEIC", "no photo", "a JPEG cut off in its head"],
)
def test_a_file_that_is_small_already_or_cannot_be_decoded_goes_as_it_is(phone: Page, file: bytes, seen: bool) -> None:
    [record] = take(phone, file)
    assert record["bytes"] == file
    assert (record["raw"], record["size"], record["type"]) == (False, len(file), "image/jpeg")
    assert record["hash"] == hashlib.sha256(file).hexdigest()
    assert bool(record.get("looks")) is seen


def test_a_phone_without_memory_for_a_canvas_sends_the_original(phone: Page) -> None:
    phone.evaluate("() => { HTMLCanvasElement.prototype.toBlob = (done) => done(null); }")
    file = make.phone_jpeg(make.picture(4000, 3000))
    [record] = take(phone, file)
    assert (record["raw"], record["bytes"]) == (False, file)


def test_what_is_transparent_becomes_white_as_on_the_server(phone: Page) -> None:
    [record] = take(phone, make.transparent_png("RGBA"), name="a.png", kind="image/png")
    pixel: Any = Image.open(io.BytesIO(record["bytes"])).getpixel((10, 10))
    assert min(pixel) > 245


def test_an_empty_file_is_told_at_once(phone: Page) -> None:
    phone.set_input_files("#camera", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b""})
    assert phone.evaluate("taken[0].then(() => 'kept', () => 'refused')") == "refused"
    assert phone.evaluate("store.keys('photos')") == []


def test_six_photos_at_once_are_all_kept_first_and_decoded_one_after_another(phone: Page) -> None:
    phone.evaluate(COUNT_DECODES)
    take(phone, *(shop(seed=seed, quality=99) for seed in range(6)))
    order = [what for _, what, *_ in phone.evaluate("puts") if what in {"original", "small"}]
    assert order.count("original") == order.count("small") == 6
    assert order.index("small") >= 2
    assert phone.evaluate("most") == 1


def test_a_kept_photo_can_be_shown(phone: Page) -> None:
    take(phone, make.phone_jpeg(make.picture(4000, 3000), orientation=6))
    size = """async () => {
      const [record] = await store.all("photos"), image = Object.assign(new Image(), { src: photos.url(record) });
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    }"""
    assert phone.evaluate(size) == [1200, 1600]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda image: image, (False, False)),
        (lambda image: image.filter(ImageFilter.GaussianBlur(2)), (False, False)),
        (lambda image: ImageEnhance.Brightness(image).enhance(0.5), (False, False)),
        (lambda image: image.filter(ImageFilter.GaussianBlur(8)), (False, True)),
        (shaken, (False, True)),
        (lambda image: shaken(image.rotate(90, expand=True)), (False, True)),
        (lambda image: ImageEnhance.Brightness(image).enhance(0.1), (True, False)),
    ],
    ids=["sharp", "a little soft", "dim", "out of focus", "shaken", "shaken upright", "dark"],
)
def test_dark_and_blurred_photos_are_noticed_and_no_others(
    phone: Page, change: Change, expected: tuple[bool, bool]
) -> None:
    found = looks(phone, shop(change))
    assert (found["dark"], found["blurred"]) == expected


def test_a_bright_sign_at_night_is_not_too_dark(phone: Page) -> None:
    night = Image.new("RGB", (1600, 1200), (8, 8, 12))
    night.paste((250, 240, 200), (500, 400, 1100, 600))
    assert looks(phone, make.encode(night, "JPEG"))["dark"] is False


def test_phone_and_server_see_the_same_picture(phone: Page) -> None:
    for seed in range(4):
        large = make.phone_jpeg(make.shop_picture(2400, 1800, seed), orientation=6)
        for record in take(phone, shop(seed=seed), large):
            assert similarity_distance(int(record["looks"]["print"], 16), clean(record["bytes"]).phash) <= 6


def test_the_same_photo_twice_is_told_with_the_question_that_has_it_already(phone: Page) -> None:
    copy = Image.open(io.BytesIO(shop())).resize((1000, 750))
    take(phone, shop(), shop(seed=8), make.encode(copy, "JPEG", quality=60))
    found = phone.evaluate(WARNINGS, None)
    assert [(one["kind"], one["question"], one["other"]) for one in found] == [("twice", "Q3", "Q1")]


@pytest.mark.parametrize(("bits", "expected"), [(0, 1), (6, 1), (7, 0)])
def test_up_to_six_of_64_bits_apart_photos_count_as_the_same(phone: Page, bits: int, expected: int) -> None:
    pictures = (0x5A5A_0F0F_3C3C_6996, 0x5A5A_0F0F_3C3C_6996 ^ (1 << 60 | (2**bits - 1) >> 1) * (bits > 0))
    records = [
        {"key": str(n), "question": "Q", "at": f"2026-03-14T06:0{n}:00.000Z", "looks": {"print": f"{picture:016x}"}}
        for n, picture in enumerate(pictures)
    ]
    assert len(phone.evaluate("(records) => warn.warnings(records)", records)) == expected


def test_dark_and_blurred_photos_are_told_once_each_and_what_was_taken_back_is_not(phone: Page) -> None:
    take(phone, shop(lambda image: image.filter(ImageFilter.GaussianBlur(8))))
    take(phone, *(shop(lambda image: ImageEnhance.Brightness(image).enhance(0.1), seed) for seed in (8, 9)))
    phone.evaluate("store.put('photos', { key: 'taken-back', visit: 'visit', wait: 'visit', state: 'gone' })")
    found = phone.evaluate(WARNINGS, None)
    assert sorted((one["kind"], one["question"]) for one in found) == [
        ("blurred", "Q1"),
        ("dark", "Q2"),
        ("dark", "Q3"),
    ]


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        ("2026-03-14T06:24:27Z", ["old"]),  # the photo is of 06:09:26
        ("2026-03-14T06:24:26Z", []),
        ("2026-03-14T05:00:00Z", []),
        (None, []),
    ],
)
def test_a_photo_of_more_than_a_quarter_of_an_hour_before_the_arrival_is_told(
    phone: Page, arrived: str | None, expected: list[str]
) -> None:
    take(phone, make.encode(make.shop_picture(640, 480), "JPEG", exif=make.exif()))
    assert [one["kind"] for one in phone.evaluate(WARNINGS, arrived)] == expected


def test_the_same_file_twice_is_told_also_where_the_browser_can_not_show_it(phone: Page) -> None:
    record = {"question": "Q", "at": "2026-03-14T06:00:00.000Z", "hash": "ab" * 32}
    records = [{"key": "1", **record}, {"key": "2", **record}, {"key": "3", **record, "hash": "cd" * 32}]
    found = phone.evaluate("(records) => warn.warnings(records)", records)
    assert [(one["uuid"], one["kind"]) for one in found] == [("2", "twice")]
