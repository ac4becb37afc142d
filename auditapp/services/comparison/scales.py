"""The scales that drawings share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

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
        share = (points - self.low) / (self.high - self.low)
        return round(min(1.0, max(0.0, share)) * self.width, 1)

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
    step = SPARK_WIDTH / (len(history) - 1) if len(history) > 1 else 0.0
    return " ".join(
        _moves(None if score is None else f"{i * step:.1f} {scale.down(score)}" for i, score in enumerate(history))
    )


def _moves(points: Iterable[str | None]) -> Iterator[str]:
    """Path commands: a line goes on from point to point and begins anew after a gap."""
    pen = "M"
    for point in points:
        if point is not None:
            yield pen + point
        pen = "L" if point is not None else "M"
