"""The scales that drawings share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

AXIS_WIDTH = 180
SPARK_WIDTH, SPARK_HEIGHT = 84, 26
"""Pixels of the drawings."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A shared scale from ``low`` to ``high`` points, drawn ``width`` pixels wide, with ``ticks`` in points."""

    low: float
    high: float
    width: int
    ticks: tuple[int, ...]

    def at(self, points: float) -> float:
        """The pixel of a score, kept within the drawing."""
        if not self.low < points < self.high:
            return float(self.width) if points >= self.high else 0.0
        return round((points - self.low) / (self.high - self.low) * self.width, 1)

    def down(self, points: float) -> float:
        """The same, counted downwards from the top, for a scale that stands upright."""
        return round(self.width - self.at(points), 1)


def axis(values: Iterable[float | None], width: int) -> Axis:
    """The smallest scale in steps of five points that holds all ``values``, with two to six ticks."""
    known = [value for value in values if value is not None] or [0.0, 100.0]
    low = max(0, 5 * math.floor((min(known) - 1) / 5))
    high = min(100, 5 * math.ceil((max(known) + 1) / 5))
    step = next(s for s in (5, 10, 20, 50) if (high - low) / s <= 5)
    return Axis(low, high, width, tuple(range(-(-low // step) * step, high + 1, step)))


def trend_path(history: Sequence[float | None], scale: Axis) -> str:
    """An SVG path through ``history``, the oldest first, on an upright scale; a wave without a score leaves a gap."""
    pen, moves = "M", []
    for across, score in zip(_across(len(history)), history, strict=True):
        if score is not None:
            moves.append(f"{pen}{across} {scale.down(score)}")
        pen = "M" if score is None else "L"
    return " ".join(moves)


@cache
def _across(waves: int) -> list[str]:
    step = SPARK_WIDTH / (waves - 1) if waves > 1 else 0.0
    return [f"{i * step:.1f}" for i in range(waves)]
