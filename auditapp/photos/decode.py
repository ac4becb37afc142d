"""From coded bytes to a small RGB picture. The only place where Pillow's decoders run.

Imported, it decodes in this process. Run as a program (``decode.py FORMAT LONGEST``, the file on standard
input, its profile before it), it does the same under hard limits on CPU seconds and memory, which no C
decoder can be given inside a process: a decoder that loops, swells or crashes takes only this child with it.
It therefore imports nothing of the product, and pillow_heif only for HEIF.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import resource
import struct
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image, ImageFile

CPU_SECONDS = 20  # a 60 megapixel HEIC takes 2 to 3
MEMORY_BYTES = 640 << 20  # the largest photos that are allowed need 425 MB of address space
EXIT_REFUSED = 3
HEAD = struct.Struct(">III")  # width, height, length of the EXIF block that follows; then RGB bytes
MAX_PIXELS = 60_000_000
MAX_METADATA = 1 << 20
NEAR = 0.9
_STRIP_PIXELS = 1 << 20
_PLUGINS = {"JPEG": "PIL.JpegImagePlugin", "PNG": "PIL.PngImagePlugin", "WEBP": "PIL.WebPImagePlugin"}
_ASIDE = ("exif", "icc_profile")

_Box = tuple[int, int, int, int]
_Size = tuple[int, int]


@dataclass(frozen=True)
class Decoded:
    """An RGB picture (not yet turned upright) and, where only the decoder can tell it, the EXIF block."""

    image: Image.Image
    exif: bytes = field(default=b"", repr=False)


def decode(kind: str, data: bytes, icc: bytes, size: _Size, longest: int) -> Decoded:
    """Decode to sRGB with no side above ``longest``. ``size`` is what the container claims: a decoder that
    sees another one is not believed ((0, 0) = not known). Raises whatever Pillow raises: the caller judges.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # others set it, and half a photo would pass as a whole one
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    if kind == "HEIF":
        return _heif(data, longest)
    importlib.import_module(_PLUGINS[kind])
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        if image.size != size:
            raise ValueError("the decoder sees another size")
        target = _fit(image.size, longest)
        if kind == "JPEG":
            _scale_while_decoding(image, longest)
        image.load()
        profile = icc or image.info.get("icc_profile") or b""
        small = _shrink(lambda box: _plain(_part(image, box)), image.size, target)
        return Decoded(_to_srgb(small, profile))


def _heif(data: bytes, longest: int) -> Decoded:
    import pillow_heif

    options = pillow_heif.options
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1
    file = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    picture = file[file.primary_index]
    if not 0 < picture.size[0] * picture.size[1] <= MAX_PIXELS:
        raise ValueError("too many pixels")
    rows, stride = memoryview(picture.data), picture.stride

    def strip(box: _Box) -> Image.Image:
        part = rows[box[1] * stride : box[3] * stride]
        size = (box[2], box[3] - box[1])
        return _plain(Image.frombytes(picture.mode, size, part, "raw", picture.mode, stride))

    small = _shrink(strip, picture.size, _fit(picture.size, longest))
    exif, profile = (value if isinstance(value := picture.info.get(name), bytes) else b"" for name in _ASIDE)
    srgb = _to_srgb(small, profile)
    return Decoded(srgb, exif if len(exif) <= MAX_METADATA else b"")


def _scale_while_decoding(image: ImageFile.ImageFile, longest: int) -> None:
    """Let libjpeg give the smallest of its scales that has at least `NEAR` of ``longest``.

    Like Pillow's ``draft``, which knows no 3/8: that one makes 1500 pixels of the 4000 that most phones have, in
    two thirds of the time and half the memory of 4/8 and a resize to 1600, and as sharp.
    """
    if max(image.size) <= longest:
        return
    for divisor, eighths in ((8, 1), (4, 2), (3, 3), (2, 4)):  # asked for 1/divisor, libjpeg gives so many eighths
        width, height = (-(-side * eighths // 8) for side in image.size)
        if max(width, height) >= NEAR * longest:
            image._size = width, height
            image.decoderconfig = (divisor, 0)
            image.tile = [image.tile[0]._replace(extents=(0, 0, width, height))]
            return


def _part(image: Image.Image, box: _Box) -> Image.Image:
    return image if box == (0, 0, *image.size) else image.crop(box)


def _fit(size: _Size, longest: int) -> _Size:
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink(strip: Callable[[_Box], Image.Image], size: _Size, target: _Size) -> Image.Image:
    """Whole-number reduction strip by strip (so that no second full-size picture is made), then a HAMMING
    resize.
    """
    width, height = size
    factor = max(size) // max(target)
    if factor <= 1:
        small = strip((0, 0, width, height))
    else:
        step = factor * max(1, _STRIP_PIXELS // (width * factor))
        small = Image.new(strip((0, 0, 1, 1)).mode, (-(-width // factor), -(-height // factor)))
        for top in range(0, height, step):
            part = strip((0, top, width, min(height, top + step)))
            small.paste(part.reduce(factor), (0, top // factor))
    if max(small.size) <= max(target):
        return small
    return small.resize(target, Image.Resampling.HAMMING)


def _plain(image: Image.Image) -> Image.Image:
    """The same picture as L, RGB or CMYK, anything transparent laid on white."""
    if image.mode == "I;16":
        image.info.pop("transparency", None)
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert from an embedded profile that fits the pixels; one that can't be used is ignored, as browsers
    do.
    """
    if not profile:
        return _rgb(image)
    from PIL import ImageCms

    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}[image.mode]
        if source.profile.xcolor_space.strip() == space and "sRGB" not in ImageCms.getProfileDescription(source):
            target = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, source, target, outputMode="RGB") or _rgb(image)
    return _rgb(image)


def _rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def main() -> int:
    """The child: limits first, then one picture. 0 = header, EXIF and RGB bytes on standard output; 3 =
    refused.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 2))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    kind, longest, width, height, profile = sys.argv[1], *map(int, sys.argv[2:6])
    sent = sys.stdin.buffer.read()
    try:
        decoded = decode(kind, sent[profile:], sent[:profile], (width, height), longest)
    except ImportError:
        raise
    except Exception:
        return EXIT_REFUSED
    out = sys.stdout.buffer
    out.write(HEAD.pack(*decoded.image.size, len(decoded.exif)) + decoded.exif)
    out.write(decoded.image.tobytes())
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
