"""Draw the pictures of the home screen from the idea of icons/icon.svg: two ticks, two lines, nothing that tells more.

`.venv/bin/python scripts/icons.py` writes auditapp/static/icons/*.png anew; they are kept in the repository.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

ICONS = Path(__file__).resolve().parent.parent / "auditapp" / "static" / "icons"
GROUND, INK = "#0e5a6b", "#ffffff"
BOX, WIDTH, RADIUS = 32, 2.6, 7
LINES = (
    ((8, 11), (10.5, 13.5), (15, 9)),
    ((8, 21), (10.5, 23.5), (15, 19)),
    ((18, 12), (25, 12)),
    ((18, 22), (25, 22)),
)
FINER = 4


def main() -> int:
    """Two with round corners; two that the phone cuts to its own shape, one with room around the drawing."""
    for name, side, corner, scale in (
        ("icon-192", 192, RADIUS, 1.0),
        ("icon-512", 512, RADIUS, 1.0),
        ("maskable-512", 512, 0, 0.8),
        ("apple-180", 180, 0, 0.9),
    ):
        draw(side, corner, scale).save(ICONS / f"{name}.png", optimize=True)
    return 0


def draw(side: int, corner: float, scale: float) -> Image.Image:
    """A square of ``side`` pixels; ``corner`` in units of the 32-unit box, ``scale`` of the drawing in it."""
    unit = side * FINER / BOX
    image = Image.new("RGBA", (side * FINER, side * FINER), (0, 0, 0, 0) if corner else GROUND)
    pen = ImageDraw.Draw(image)
    if corner:
        pen.rounded_rectangle((0, 0, side * FINER - 1, side * FINER - 1), corner * unit, fill=GROUND)

    def at(x: float, y: float) -> tuple[float, float]:
        return tuple(((v - BOX / 2) * scale + BOX / 2) * unit for v in (x, y))  # type: ignore[return-value]

    width = WIDTH * scale * unit
    for line in LINES:
        points = [at(*point) for point in line]
        pen.line(points, fill=INK, width=round(width), joint="curve")
        for x, y in points:
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=INK)
    small = image.resize((side, side), Image.Resampling.LANCZOS)
    return small.quantize(32, method=Image.Quantize.FASTOCTREE) if corner else small.convert("RGB").quantize(16)


if __name__ == "__main__":
    raise SystemExit(main())
