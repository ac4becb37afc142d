"""Test photos, made with Pillow or byte by byte: nothing is read from disk, each is the same every time."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms, ImageDraw, ImageOps

TAKEN_AT = "2026:03:14 15:09:26"
SECRET = "Hidden-Words-4711"  # planted in every kind of metadata; must be in no byte that is kept

# The four quadrants of `picture`, clockwise from top left: a wrong turn or mirror is always seen.
QUADRANTS = ((220, 30, 30), (30, 180, 30), (40, 60, 220), (240, 220, 40))


def picture(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """Four plain colours, red top left, green top right, blue bottom right, yellow bottom left."""
    image = Image.new("RGB", (width, height), QUADRANTS[0])
    across, down = width // 2, height // 2
    image.paste(QUADRANTS[1], (across, 0, width, down))
    image.paste(QUADRANTS[2], (across, down, width, height))
    image.paste(QUADRANTS[3], (0, down, across, height))
    return image if mode == "RGB" else image.convert(mode)


def shop_picture(width: int = 4000, height: int = 3000, seed: int = 7) -> Image.Image:
    """Like a photo of shelves to a coder: soft light, edges, and grain at several sizes (12 MP: 2 to 4 MB)."""
    rng = random.Random(seed)
    image = Image.new("RGB", (width, height))
    for cell, share in ((256, 1.0), (32, 0.35), (8, 0.2), (2, 0.12)):
        across, down = -(-width // cell), -(-height // cell)
        noise = Image.frombytes("RGB", (across, down), rng.randbytes(across * down * 3))
        image = Image.blend(image, noise.resize((width, height), Image.Resampling.BICUBIC), share)
    draw = ImageDraw.Draw(image)
    for _ in range(300):
        x, y = rng.randrange(width), rng.randrange(height)
        box = (x, y, x + rng.randrange(10, 200), y + rng.randrange(10, 300))
        draw.rectangle(box, tuple(rng.randrange(256) for _ in range(3)))
    return image


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file's bytes; for HEIF through pillow_heif."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def exif(orientation: int = 1, **changes: Any) -> bytes:
    """What a phone writes: make, model, time with offset, a position. ``changes`` by name; None removes."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F], block[0x0110] = changes.get("make", "Acme"), changes.get("model", "Acme Phone 5")
    block[0x010E] = SECRET
    inner = block.get_ifd(0x8769)
    inner[0x9003], inner[0x9011] = changes.get("taken_at", TAKEN_AT), changes.get("offset", "+09:00")
    inner[0x9286] = SECRET.encode()
    gps = block.get_ifd(0x8825)
    gps[1], gps[2] = changes.get("latitude_ref", "N"), changes.get("latitude", (37.0, 33.0, 36.0))
    gps[3], gps[4] = changes.get("longitude_ref", "E"), changes.get("longitude", (126.0, 58.0, 48.0))
    for ifd in (block, inner, gps):
        for tag in [tag for tag, value in dict(ifd).items() if value is None]:
            del ifd[tag]
    return block.tobytes()


def phone_jpeg(image: Image.Image | None = None, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG as phones send them, full of `SECRET`: EXIF with position, XMP, IPTC, a comment, a trailer."""
    image = image or picture()
    told = {"exif": exif(orientation), "comment": SECRET.encode(), "xmp": SECRET.encode()}
    body = encode(image, "JPEG", **{"quality": 90, **told, **options})
    iptc = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(SECRET)) + SECRET.encode()
    return body[:2] + segment(0xED, iptc) + body[2:] + SECRET.encode()


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG header with that size, and ``data`` as its compressed pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int, progressive: bool = False) -> bytes:
    """A small real JPEG whose frame header says another size."""
    body = encode(picture(64, 64), "JPEG", progressive=progressive)
    at = body.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    return body[:at] + struct.pack(">HH", height, width) + body[at + 4 :]


def webp_claiming(width: int, height: int) -> bytes:
    """A WebP whose extended header says that canvas."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size + encode(picture(64, 64), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def heic_claiming(width: int, height: int) -> bytes:
    """A small real HEIC whose size property says another size."""
    body = encode(picture(64, 64), "HEIF")
    at = body.index(b"ispe") + 8
    return body[:at] + struct.pack(">II", width, height) + body[at + 8 :]


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes ``count`` times."""
    body = encode(picture(64, 64), "JPEG", progressive=True)
    last = body.rindex(b"\xff\xda")
    return body[:last] + body[last:-2] * count + body[-2:]


def mpo() -> bytes:
    """Two pictures in one file, as 3-D and portrait modes write them."""
    first, second = picture(), Image.new("RGB", (640, 480), "black")
    return encode(first, "MPO", save_all=True, append_images=[second], exif=exif(6))


def swapped_profile() -> bytes:
    """An ICC profile in which red and blue have changed places: whether it was applied is plain to see."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * 20, 12)}
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))


def greedy_exif() -> bytes:
    """An EXIF block of 60 KB whose 2,500 entries all point at the same 30 KB."""
    count = 2500
    entries = b"".join(struct.pack("<HHII", 0x0100 + n, 7, 30_000, 30_010) for n in range(count))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + b"\0\0\0\0"
    return b"Exif\0\0" + block.ljust(60_010, b"x")


def ycck_jpeg() -> bytes:
    """`picture` as Adobe programs write print colours: YCCK, inverted, Adobe marker with transform 2."""
    inverted = ImageOps.invert(picture()).convert("YCbCr")
    planes = [ImageOps.invert(plane) for plane in inverted.split()]  # Pillow inverts once more when it saves
    body = encode(Image.merge("CMYK", [*planes, Image.new("L", inverted.size, 0)]), "JPEG", quality=95)
    at = body.index(b"Adobe") + 11
    return body[:at] + b"\x02" + body[at + 1 :]


def transparent_png(mode: str) -> bytes:
    """`picture` as RGBA, LA or P, its left half transparent (over black: a wrong flattening shows)."""
    image = picture().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, image.width // 2, image.height))
    if mode == "P":
        flat = image.convert("RGB").quantize(8, dither=Image.Dither.NONE)
        return encode(flat, "PNG", transparency=flat.getpixel((1, 1)))
    return encode(image.convert(mode), "PNG")


def deep_png(colour: int, transparent: bytes = b"") -> bytes:
    """Four 16-bit pixels, black to white; ``colour`` 0 = gray, 2 = RGB; ``transparent`` as a tRNS chunk."""
    values = (0, 0x5555, 0xAAAA, 0xFFFF)
    row = b"\0" + b"".join(struct.pack(">H", value) * (3 if colour == 2 else 1) for value in values)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 1, 16, colour, 0, 0, 0))
    middle = png_chunk(b"tRNS", transparent) if transparent else b""
    end = png_chunk(b"IDAT", zlib.compress(row)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + middle + end


def animation(kind: str) -> bytes:
    """Two frames, the first is `picture`."""
    black = Image.new("RGB", (640, 480), "black")
    return encode(picture(), kind, save_all=True, append_images=[black], duration=90)
