"""How sure a comparison of stores is: noise, shrunken estimates, bands, changes and pass rates.

One to four visits a quarter is very little, so nothing here ranks. The input is sums, not visits: per store
(or store and wave) the number of visits, the sum of their scores and the sum of their squared scores, as the
roll-ups hold them. Scores are floats, 0–100. Results are not clamped to that range: an interval may reach
beyond it, and whoever shows it clamps it. A store without visits may be passed: it counts for nothing, and
its own figures are NaN.

This module loads numpy: import it inside the functions that need it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditapp.domain.errors import InvalidInput

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Msw = float | Sequence[float | None] | None
Band = Literal["below", "same", "above", "too_few"]

Z95 = 1.96
# What float sums may be off by: relative to the sum of squares, and in points.
_ROUNDING = 1e-12
_POINTS_ROUNDING = 1e-9

# ρ, the share of real differences in the variance of a visit, averaged over with a flat prior: .005 … .995.
_RHO = (np.arange(1, 101) - 0.5)[:, np.newaxis] / 100
_KAPPA = _RHO / (1 - _RHO)


@dataclass(frozen=True)
class Noise:
    """Where the differences between visits come from (one-way analysis of variance, unequal n).

    ``tau2`` is the variance of real differences between stores (points², ≥ 0), ``msb`` and ``msw`` the mean
    squares between and within stores (points²; √msw is the pooled SD of one visit), ``icc`` the share
    tau2/(tau2 + msw), 0–1 (0 if all scores are the same), ``grand_mean`` the mean of all visits. Stores
    without visits are not counted.
    """

    tau2: float
    msb: float
    msw: float
    icc: float
    grand_mean: float
    n_visits: int
    n_stores: int


@dataclass(frozen=True, eq=False)
class StoreEstimates:
    """Per store, in the order of the input and in points, not clamped to 0–100; NaN where it can't be told.

    ``mean`` is the plain mean, always to be shown beside ``estimate`` (drawn towards the region's mean by as
    much as the noise asks for); ``sd`` is its uncertainty, ``low`` and ``high`` are estimate ± 1.96 sd.
    """

    mean: Array
    estimate: Array
    sd: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Change:
    """Second wave minus first, in points. ``p`` is two-sided and not corrected for looking at many;
    ``changed`` is. Figures that can't be told are NaN, and then ``changed`` is false."""

    delta: float
    se: float
    p: float
    changed: bool


def noise(n: ArrayLike, sums: ArrayLike, sumsq: ArrayLike) -> Noise | None:
    """Split the variance of visits into stores and noise; None below two stores or without any second visit.

    τ² = max(0, (MSB − MSW)/n₀), n₀ = (N − Σn²/N)/(m − 1) (Searle, Casella & McCulloch, Variance Components).
    Raises `InvalidInput` for sums that no visits can have.
    """
    _, count, mean, within = _read(n, sums, sumsq)
    stores, visits = len(count), count.sum()
    msw = _mean_square_within(count, within)
    if stores < 2 or msw is None:
        return None
    grand, away = _center(count, mean)
    msb = float(count @ away**2) / (stores - 1)
    n0 = float(visits - count @ count / visits) / (stores - 1)
    tau2 = max(0.0, (msb - msw) / n0)
    icc = tau2 / (tau2 + msw) if tau2 > 0 else 0.0
    return Noise(tau2, msb, msw, icc, grand, int(visits), stores)


def pooled_within(n: ArrayLike, sums: ArrayLike, sumsq: ArrayLike) -> float | None:
    """Mean square within buckets (points²), for `changes` over buckets of store × wave; None if no bucket has
    two visits. Raises `InvalidInput` for sums that no visits can have."""
    _, count, _, within = _read(n, sums, sumsq)
    return _mean_square_within(count, within)


def visits_needed(icc: float, reliability: float = 0.7) -> float:
    """Visits per store for a mean of that reliability: k = R(1 − ρ)/(ρ(1 − R)) (Spearman–Brown).

    Infinite at icc 0. Raises `InvalidInput` unless 0 ≤ ``icc`` ≤ 1 and 0 < ``reliability`` < 1.
    """
    if not (0 <= icc <= 1 and 0 < reliability < 1):
        raise InvalidInput("Give a share from 0 to 1 and a reliability between 0 and 1.")
    return reliability * (1 - icc) / (icc * (1 - reliability)) if icc else math.inf


def chance_between_two_visits(sd: float) -> float:
    """Points that two single visits to an unchanged store differ by at most, 19 times in 20: 1.96·√2·SD.

    ``sd`` is the pooled SD of one visit (√msw) in points. Raises `InvalidInput` if it is negative.
    """
    if not sd >= 0:
        raise InvalidInput("A standard deviation can't be negative.")
    return Z95 * math.sqrt(2) * sd


def estimates(n: ArrayLike, sums: ArrayLike, sumsq: ArrayLike) -> StoreEstimates:
    """Each store's level and its 95 % interval, averaged over the unknown share ρ of real differences.

    The one-way normal model, with flat priors on the mean, on ρ and on log σ (compare Gelman et al.,
    Bayesian Data Analysis, ch. 5); plugging in a single τ² would give intervals that are too short. Below
    two stores or four visits there is nothing to pool: the estimate is the plain mean and has no
    interval. If all scores are the same, sd is 0. Raises `InvalidInput` for sums that no visits can have.
    """
    visited, count, mean, within = _read(n, sums, sumsq)
    estimate, sd = _pool(count, mean, float(within.sum()))
    of_all = np.full((5, len(visited)), np.nan)
    of_all[:, visited] = mean, estimate, sd, estimate - Z95 * sd, estimate + Z95 * sd
    return StoreEstimates(*of_all)


def region_line(n: ArrayLike, sums: ArrayLike) -> float:
    """What the stores of a region are compared with: the mean of the means of its visited stores, in points;
    NaN if none was visited."""
    count, total = np.asarray(n, dtype=np.float64), np.asarray(sums, dtype=np.float64)
    visited = count > 0
    return float(np.mean(total[visited] / count[visited])) if visited.any() else math.nan


def bands(low: ArrayLike, high: ArrayLike, n: ArrayLike, line: float, least_visits: int = 3) -> list[Band]:
    """Below or above where the interval excludes the line, else "same" (not distinguishable).

    "too_few" under ``least_visits`` visits or without an interval (NaN); no interval is shown then.
    """
    lower, upper, count = (np.asarray(column, dtype=np.float64) for column in (low, high, n))
    too_few = (count < least_visits) | np.isnan(lower) | np.isnan(upper)
    conditions = [too_few, upper < line - _POINTS_ROUNDING, lower > line + _POINTS_ROUNDING]
    found: list[Band] = np.select(conditions, ["too_few", "below", "above"], "same").tolist()
    return found


def changes(
    n1: ArrayLike,
    mean1: ArrayLike,
    n2: ArrayLike,
    mean2: ArrayLike,
    msw: float | None,
    least_points: float = 5.0,
    fdr: float = 0.10,
) -> list[Change]:
    """Per store the change from one wave to the next, d = ȳ₂ − ȳ₁, SE = √(msw(1/n₁ + 1/n₂)).

    ``changed`` asks for ``least_points`` and for significance over all stores together: of those
    significant, at most the share ``fdr`` is expected to be chance (Benjamini & Hochberg 1995). ``n1``
    and ``n2`` are visits, ``mean1`` and ``mean2`` plain means in points; a store that missed a wave (n 0)
    has no change. ``msw`` is `pooled_within` over store × wave; if that is None, only delta can be told.
    """
    return _changes((n1, mean1, n2, mean2), msw, least_points, fdr, _benjamini_hochberg)


def factor_changes(
    n1: ArrayLike,
    mean1: ArrayLike,
    n2: ArrayLike,
    mean2: ArrayLike,
    msw: Sequence[float | None],
    least_points: float = 5.0,
    error: float = 0.05,
) -> list[Change]:
    """Per factor of one store the change between two waves; the chance of any false "changed" is at most
    ``error`` (Holm 1979). As in `changes`, but with one ``msw`` per factor, None where it has none."""
    return _changes((n1, mean1, n2, mean2), msw, least_points, error, _holm)


def wilson(passes: int, asked: int) -> tuple[float, float]:
    """95 % interval of a pass rate, as shares 0–1 (Wilson 1927); (0, 1) if it was never asked.

    Raises `InvalidInput` unless 0 ≤ passes ≤ asked.
    """
    if not 0 <= passes <= asked:
        raise InvalidInput("Passes must lie between 0 and the number of times it was asked.")
    if asked == 0:
        return 0.0, 1.0
    z2 = Z95 * Z95
    middle = (passes + z2 / 2) / (asked + z2)
    half = Z95 / (asked + z2) * math.sqrt(passes * (asked - passes) / asked + z2 / 4)
    return (max(0.0, middle - half) if passes else 0.0, min(1.0, middle + half) if passes < asked else 1.0)


def _read(n: ArrayLike, sums: ArrayLike, sumsq: ArrayLike) -> tuple[Bools, Array, Array, Array]:
    """Which buckets have visits; of those the count, the mean and the sum of squares about the own mean."""
    count, total, squares = (np.asarray(column, dtype=np.float64) for column in (n, sums, sumsq))
    if count.ndim != 1 or not count.shape == total.shape == squares.shape:
        raise InvalidInput("Visits, sums and sums of squares must be lists of the same length.")
    if not np.all(count >= 0):
        raise InvalidInput("The number of visits can't be negative or missing.")
    visited = count > 0
    count, total, squares = count[visited], total[visited], squares[visited]
    mean = total / count
    within = squares - total * mean
    if not np.all(within >= -1e3 * _ROUNDING * squares) or not np.all(np.isfinite(within)):
        raise InvalidInput("No visits can have these sums of scores. Rebuild the roll-ups.")
    return visited, count, mean, np.where(within > _ROUNDING * squares, within, 0.0)


def _mean_square_within(count: Array, within: Array) -> float | None:
    freedom = float(count.sum()) - len(count)
    return float(within.sum()) / freedom if freedom > 0 else None


def _center(count: Array, mean: Array) -> tuple[float, Array]:
    """The mean of all visits, and each store's distance from it, 0 where that is only rounding."""
    grand = float(count @ mean / count.sum())
    away = mean - grand
    return grand, np.where(np.abs(away) > _ROUNDING * np.abs(mean), away, 0.0)


def _pool(count: Array, mean: Array, ssw: float) -> tuple[Array, Array]:
    """Estimate and sd per store. In the arrays, rows are values of ρ and columns are stores."""
    visits = float(count.sum())
    if len(count) < 2 or visits <= 3:
        return mean, np.full_like(mean, np.nan)
    grand, away = _center(count, mean)
    if ssw == 0 and not away.any():
        return mean, np.zeros_like(mean)
    spread = _KAPPA + 1 / count
    weight = 1 / spread
    total_weight = weight.sum(axis=1, keepdims=True)
    mu = (weight @ away)[:, np.newaxis] / total_weight
    q = (weight * (away - mu) ** 2).sum(axis=1, keepdims=True) + ssw
    log_spread = np.log(spread).sum(axis=1, keepdims=True)
    log_share = -(log_spread + np.log(total_weight) + (visits - 1) * np.log(q)) / 2
    share = np.exp(log_share - log_share.max())
    share /= share.sum()
    keep = _KAPPA * weight  # B: how much of its own distance from the middle a store keeps
    level = mu + keep * (away - mu)
    variance = q / (visits - 3) * (_KAPPA * (1 - keep) + (1 - keep) ** 2 / total_weight)
    estimate = (share * level).sum(axis=0)
    return grand + estimate, np.sqrt((share * (variance + (level - estimate) ** 2)).sum(axis=0))


def _changes(
    waves: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike],
    msw: Msw,
    least_points: float,
    level: float,
    adjust: Callable[[Array], Array],
) -> list[Change]:
    n1, mean1, n2, mean2 = (np.asarray(column, dtype=np.float64) for column in waves)
    if n1.ndim != 1 or not n1.shape == mean1.shape == n2.shape == mean2.shape:
        raise InvalidInput("Visits and means of both waves must be lists of the same length.")
    both = (n1 > 0) & (n2 > 0)
    delta = np.where(both, mean2 - mean1, np.nan)
    se = _standard_errors(n1, n2, both, msw)
    p = _two_sided(delta, se)
    told = ~np.isnan(p)
    changed = np.zeros(p.shape, dtype=bool)
    if told.any():
        changed[told] = adjust(p[told]) <= level
    changed &= np.abs(delta) >= least_points - _POINTS_ROUNDING
    columns = (delta.tolist(), se.tolist(), p.tolist(), changed.tolist())
    return [Change(*row) for row in zip(*columns, strict=True)]


def _standard_errors(n1: Array, n2: Array, both: Bools, msw: Msw) -> Array:
    """√(MSW(1/n₁ + 1/n₂)), NaN where a wave has no visits or the noise is unknown."""
    noise_of_each = np.array(msw, dtype=np.float64)  # None becomes NaN
    if noise_of_each.shape not in ((), n1.shape) or np.any(noise_of_each < 0):
        raise InvalidInput("The noise of a visit must be one number, or one per factor, and not negative.")
    se = np.full(n1.shape, np.nan)
    inverse = 1 / n1[both] + 1 / n2[both]
    se[both] = np.sqrt(np.broadcast_to(noise_of_each, n1.shape)[both] * inverse)
    return se


def _two_sided(delta: Array, se: Array) -> Array:
    """P values of differences if there were none, 2·Φ(−|delta|/se)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(delta) / se
    z[(se == 0) & (np.abs(delta) <= _POINTS_ROUNDING)] = 0  # no noise and no change: 0/0
    return np.array([math.erfc(of_each) for of_each in (z / math.sqrt(2)).tolist()])


def _benjamini_hochberg(p: Array) -> Array:
    """Each p value as the smallest false discovery rate at which it is significant: min over j ≥ i of p₍ⱼ₎·m/j.

    Benjamini & Hochberg, Journal of the Royal Statistical Society B 57 (1995), 289–300. Importing all of scipy.stats
    for its ``false_discovery_control`` would take more than a second of the first request.
    """
    order = np.argsort(p)[::-1]
    stepped = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def _holm(p: Array) -> Array:
    """Each p value as the smallest chance of any false finding at which it is significant: max over j ≤ i of
    p₍ⱼ₎·(m − j + 1) (Holm, Scandinavian Journal of Statistics 6 (1979), 65–70)."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
