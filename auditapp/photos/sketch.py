"""Drawings of a shop for the demo chain, so that no real photo of anybody is ever shipped."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

SIZE = (960, 720)
WALL = ("#c9d1cf", "#cfcac2", "#c4ccd4")
GOODS = ("#6d7f8c", "#8a9a6b", "#a5745c", "#5f8793", "#b09a62", "#7b6b8d", "#93a7b3", "#c2b7a3")
KINDS = ("shelf", "till", "floor", "sign", "counter")


def draw(kind: str, seed: int) -> bytes:
    """A JPEG of a shelf, till, floor, sign or counter; the same seed gives the same picture."""
    chance = random.Random(f"{kind}{seed}")  # noqa: S311 - a drawing, not a secret
    image = Image.new("RGB", SIZE, chance.choice(WALL))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 470, SIZE[0], SIZE[1]), fill="#8f8a83")
    _background(pen, chance)
    {"shelf": _shelf, "till": _till, "floor": _floor, "sign": _sign, "counter": _counter}[kind](pen, chance)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _background(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """Panels of light and shade, so that two pictures of a kind are as different as two places in a shop."""
    for _ in range(9):
        x, y = chance.randint(-80, 800), chance.randint(-60, 560)
        grey = chance.randint(105, 225)
        tint = (grey, grey - chance.randint(0, 12), grey - chance.randint(0, 24))
        pen.rectangle((x, y, x + chance.randint(110, 340), y + chance.randint(90, 300)), fill=tint)


def _shelf(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for row in range(4):
        bottom = 190 + row * 160 + chance.randint(-6, 6)
        pen.rectangle((40, bottom, 920, bottom + 14), fill="#5d6670")
        x = 56
        while x < 890:
            wide, tall = chance.randint(26, 54), chance.randint(60, 118)
            if chance.random() > 0.3:
                pen.rounded_rectangle((x, bottom - tall, x + wide, bottom), 6, fill=chance.choice(GOODS))
                pen.rectangle((x + 5, bottom - tall * 0.6, x + wide - 5, bottom - tall * 0.35), fill="#f0ede6")
            pen.rectangle((x + 4, bottom + 2, x + wide - 4, bottom + 12), fill="#f7f6f2")
            x += wide + chance.randint(6, 16)


def _till(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    shift = chance.randint(-90, 90)
    pen.rectangle((0, 430, SIZE[0], SIZE[1]), fill="#7a6a5c")
    pen.rectangle((330 + shift, 150, 610 + shift, 340), fill="#2f3a44")
    pen.rectangle((348 + shift, 166, 592 + shift, 324), fill="#8fa6b5")
    pen.rectangle((450 + shift, 340, 490 + shift, 410), fill="#2f3a44")
    pen.rounded_rectangle((680 + shift, 310, 760 + shift, 460), 10, fill="#2f3a44")
    pen.rectangle((692 + shift, 325, 748 + shift, 370), fill="#a8c0a8")
    for item in range(chance.randint(2, 5)):
        x = 60 + item * chance.randint(60, 90)
        pen.rounded_rectangle((x, 500, x + 54, 590 + chance.randint(0, 40)), 8, fill=chance.choice(GOODS))


def _floor(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for line in range(0, SIZE[0], 120):
        pen.line((line, 470, line * 2 - 480, SIZE[1]), fill="#77736d", width=3)
    for _ in range(chance.randint(3, 7)):
        x, y = chance.randint(60, 820), chance.randint(330, 560)
        side = chance.randint(70, 130)
        pen.rectangle((x, y, x + side, y + side * 0.8), fill="#b08d62", outline="#846541", width=4)
        pen.line((x, y + side * 0.4, x + side, y + side * 0.4), fill="#d8c3a0", width=10)


def _sign(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    x, y = chance.randint(120, 260), chance.randint(80, 160)
    pen.rectangle((x, y, x + 520, y + 330), fill="#f4f1ea", outline="#39434c", width=8)
    for line in range(5):
        length = chance.randint(180, 440)
        pen.rectangle((x + 40, y + 50 + line * 52, x + 40 + length, y + 72 + line * 52), fill="#55616c")
    pen.rectangle((x + 200, y + 330, x + 230, 640), fill="#39434c")


def _counter(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    pen.rectangle((60, 260, 900, 600), fill="#a7b6bd", outline="#56646e", width=8)
    pen.rectangle((80, 280, 880, 440), fill="#dfe8ea")
    for tray in range(6):
        x = 100 + tray * 130
        if chance.random() > 0.2:
            pen.ellipse((x, 330, x + 100, 420), fill=chance.choice(GOODS))
        pen.rectangle((x + 20, 430, x + 80, 452), fill="#fbfaf6")
