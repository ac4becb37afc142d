"""The figures that say how sure a comparison is, against published data, slow references and simulation."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control, norm

from auditapp import statistics
from auditapp.domain.errors import InvalidInput

Visits = list[list[float]]

scores = st.floats(0, 100).map(lambda score: round(score, 2))
regions = st.lists(st.lists(scores, min_size=1, max_size=5), min_size=2, max_size=8)
# Regions in which something varies, and more than by a rounding: there the figures must follow the formulas.
noisy_regions = regions.filter(
    lambda visits: sum(map(len, visits)) > 3 and np.ptp([y for store in visits for y in store]) > 1
)


def sums(visits: Visits) -> tuple[list[int], list[float], list[float]]:
    return [len(v) for v in visits], [sum(v) for v in visits], [sum(y * y for y in v) for v in visits]


@pytest.fixture(scope="module")
def dyestuff() -> Visits:
    """Six batches of five yields (Davies & Goldsmith 1972), as stores and visits."""
    path = Path(__file__).parent.parent / "data" / "dyestuff.csv"
    batches: dict[str, list[float]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            batches.setdefault(row["Batch"], []).append(float(row["Yield"]))
    return list(batches.values())


def slow_estimates(visits: Visits) -> tuple[list[float], list[float]]:
    """Estimate and sd of each store, from the visits, step by step as the formulas are written."""
    n = [len(store) for store in visits]
    mean = [math.fsum(store) / len(store) for store in visits]
    ssw = math.fsum((y - m) ** 2 for store, m in zip(visits, mean, strict=True) for y in store)
    stores, total = range(len(n)), sum(n)
    log_weights, levels, variances = [], [], []
    for j in range(1, 101):
        rho = (j - 0.5) / 100
        kappa = rho / (1 - rho)
        c = [kappa + 1 / n[i] for i in stores]
        w = [1 / ci for ci in c]
        mu = math.fsum(w[i] * mean[i] for i in stores) / math.fsum(w)
        q = math.fsum(w[i] * (mean[i] - mu) ** 2 for i in stores) + ssw
        log_weights.append(
            -math.fsum(map(math.log, c)) / 2 - math.log(math.fsum(w)) / 2 - (total - 1) / 2 * math.log(q)
        )
        b = [kappa / ci for ci in c]
        levels.append([mu + b[i] * (mean[i] - mu) for i in stores])
        sigma2 = q / (total - 3)
        variances.append([sigma2 * (kappa * (1 - b[i]) + (1 - b[i]) ** 2 / math.fsum(w)) for i in stores])
    weights = [math.exp(x - max(log_weights)) for x in log_weights]
    p = [x / math.fsum(weights) for x in weights]
    estimate = [math.fsum(p[j] * levels[j][i] for j in range(100)) for i in stores]
    second = [math.fsum(p[j] * (variances[j][i] + levels[j][i] ** 2) for j in range(100)) for i in stores]
    return estimate, [math.sqrt(second[i] - estimate[i] ** 2) for i in stores]


# Noise of a visit, and what follows from it


def test_noise_of_the_dyestuff_data_is_the_published_one(dyestuff: Visits) -> None:
    found = statistics.noise(*sums(dyestuff))
    assert found is not None
    assert found.tau2 == pytest.approx(1764.05, abs=0.005)
    assert found.msw == pytest.approx(2451.25, abs=0.005)
    assert found.msb == pytest.approx(11271.5, abs=0.05)
    assert found.icc == pytest.approx(0.418487, abs=5e-7)
    assert found.grand_mean == pytest.approx(1527.5)
    assert (found.n_visits, found.n_stores) == (30, 6)


def test_noise_with_unequal_numbers_of_visits_worked_by_hand() -> None:
    # Means 80, 60 and 51 of 2, 3 and 2 visits; sums of squares within 50, 200 and 2.
    visits = [[75.0, 85.0], [50.0, 60.0, 70.0], [50.0, 52.0]]
    grand = (160 + 180 + 102) / 7
    msw = (50 + 200 + 2) / 4
    msb = (2 * (80 - grand) ** 2 + 3 * (60 - grand) ** 2 + 2 * (51 - grand) ** 2) / 2
    n0 = (7 - 17 / 7) / 2
    found = statistics.noise(*sums(visits))
    assert found is not None
    assert found.msw == pytest.approx(msw)
    assert found.tau2 == pytest.approx((msb - msw) / n0)


def test_stores_that_differ_less_than_chance_have_no_real_differences() -> None:
    found = statistics.noise(*sums([[40.0, 60.0], [41.0, 59.0], [45.0, 55.0]]))
    assert found is not None
    assert (found.tau2, found.icc) == (0, 0)


@pytest.mark.parametrize("visits", [[[70.0, 80.0]], [[70.0], [80.0]], []])
def test_noise_is_unknown_with_one_store_or_no_second_visit(visits: Visits) -> None:
    assert statistics.noise(*sums(visits)) is None


def test_noise_of_identical_scores_is_nothing() -> None:
    found = statistics.noise(*sums([[30.4] * 3, [30.4] * 2]))
    assert found is not None
    assert (found.msw, found.icc) == (0, 0)


def test_a_store_without_visits_counts_for_nothing(dyestuff: Visits) -> None:
    assert statistics.noise(*sums([*dyestuff, []])) == statistics.noise(*sums(dyestuff))
    figures, plain = statistics.estimates(*sums([[], *dyestuff])), statistics.estimates(*sums(dyestuff))
    assert np.isnan([figures.mean[0], figures.estimate[0], figures.sd[0], figures.low[0]]).all()
    assert figures.estimate[1:] == pytest.approx(plain.estimate)
    assert statistics.region_line(*sums([[], *dyestuff])[:2]) == pytest.approx(1527.5)


@pytest.mark.parametrize(("icc", "visits"), [(0.1, 21), (0.2, 9.3), (0.3, 5.4), (0.4, 3.5)])
def test_visits_needed_for_a_reliability_of_seventy_percent(icc: float, visits: float) -> None:
    assert statistics.visits_needed(icc) == pytest.approx(visits, abs=0.05)


def test_no_number_of_visits_is_enough_where_stores_do_not_differ() -> None:
    assert statistics.visits_needed(0) == math.inf
    assert statistics.visits_needed(1) == 0


def test_two_single_visits_differ_by_chance_by_almost_three_sds() -> None:
    assert statistics.chance_between_two_visits(10) == pytest.approx(27.72, abs=0.005)


# Estimates and intervals


def test_estimates_of_the_dyestuff_data_are_the_published_ones(dyestuff: Visits) -> None:
    figures = statistics.estimates(*sums(dyestuff))
    assert figures.mean == pytest.approx([1505, 1528, 1564, 1498, 1600, 1470])
    assert figures.estimate[[0, 5]] == pytest.approx([1510.446, 1483.918], abs=0.0005)
    assert figures.sd[[0, 5]] == pytest.approx([20.789, 22.282], abs=0.0005)
    assert figures.low == pytest.approx(figures.estimate - 1.96 * figures.sd)
    assert figures.high == pytest.approx(figures.estimate + 1.96 * figures.sd)


@settings(max_examples=40, deadline=None)
@given(noisy_regions)
def test_estimates_with_unequal_visits_agree_with_the_formulas_written_slowly(visits: Visits) -> None:
    figures = statistics.estimates(*sums(visits))
    estimate, sd = slow_estimates(visits)
    assert figures.estimate == pytest.approx(estimate, abs=1e-6)
    assert figures.sd == pytest.approx(sd, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(noisy_regions, st.integers(-50, 50), st.sampled_from([0.1, 0.5, 3.0]))
def test_estimates_move_and_stretch_with_the_scores(visits: Visits, shift: int, scale: float) -> None:
    plain = statistics.estimates(*sums(visits))
    moved = statistics.estimates(*sums([[shift + scale * y for y in store] for store in visits]))
    assert moved.estimate == pytest.approx(shift + scale * plain.estimate, abs=1e-5)
    assert moved.sd == pytest.approx(scale * plain.sd, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(noisy_regions)
def test_an_estimate_never_leaves_the_range_of_the_stores_means(visits: Visits) -> None:
    figures = statistics.estimates(*sums(visits))
    assert (figures.estimate >= figures.mean.min() - 1e-9).all()
    assert (figures.estimate <= figures.mean.max() + 1e-9).all()


def test_fewer_visits_are_drawn_in_more_and_leave_a_wider_interval() -> None:
    figures = statistics.estimates(*sums([[90.0, 91.0] * 4, [90.5], [70.0, 72.0] * 3, [80.0, 82.0] * 3]))
    assert figures.estimate[1] < figures.estimate[0] < figures.mean[0]
    assert figures.sd[1] > figures.sd[0]


def test_identical_scores_leave_the_means_as_they_are() -> None:
    figures = statistics.estimates(*sums([[30.4] * 3, [30.4] * 2, [30.4] * 7]))
    assert figures.estimate == pytest.approx([30.4] * 3)
    assert figures.sd.tolist() == [0, 0, 0]
    assert statistics.bands(figures.low, figures.high, [3, 2, 7], 30.4) == ["same", "too_few", "same"]


@pytest.mark.parametrize("visits", [[[70.0, 80.0, 90.0, 85.0]], [[70.0, 80.0], [90.0]]])
def test_one_store_or_three_visits_give_a_mean_without_an_interval(visits: Visits) -> None:
    figures = statistics.estimates(*sums(visits))
    assert figures.estimate == pytest.approx(figures.mean)
    assert np.isnan(figures.sd).all()
    assert np.isnan(figures.low).all()


@pytest.mark.parametrize(("stores", "visits", "icc"), [(8, 2, 0.3), (30, 3, 0.2), (60, 6, 0.4)])
def test_intervals_cover_the_true_level_about_95_times_in_100(stores: int, visits: int, icc: float) -> None:
    rng = np.random.default_rng(20250101)
    covered = []
    for _ in range(300):
        level = rng.normal(75, 12 * math.sqrt(icc), stores)
        y = rng.normal(level[:, np.newaxis], 12 * math.sqrt(1 - icc), (stores, visits))
        figures = statistics.estimates(np.full(stores, visits), y.sum(axis=1), (y * y).sum(axis=1))
        covered.append(np.mean((figures.low <= level) & (level <= figures.high)))
    assert 0.92 <= np.mean(covered) <= 0.98


# Bands


def test_a_store_is_below_or_above_only_where_its_interval_excludes_the_line() -> None:
    found = statistics.bands([60, 70, 81, 75, 60], [74, 80, 90, 85, 75], [3, 3, 4, 9, 5], line=75)
    assert found == ["below", "same", "above", "same", "same"]


def test_fewer_than_three_visits_are_too_few_however_far_from_the_line() -> None:
    assert statistics.bands([0, 0, math.nan], [1, 1, math.nan], [2, 3, 8], line=75) == [
        "too_few",
        "below",
        "too_few",
    ]


def test_the_line_counts_every_store_once_however_often_it_was_visited() -> None:
    assert statistics.region_line([4, 1], [4 * 60.0, 90.0]) == pytest.approx(75)
    assert math.isnan(statistics.region_line([0, 0], [0, 0]))


# Changes between waves


def test_the_noise_of_a_change_is_that_within_store_and_wave() -> None:
    assert statistics.pooled_within(*sums([[70.0, 80.0], [90.0], [50.0, 60.0, 70.0]])) == pytest.approx(250 / 3)
    assert statistics.pooled_within(*sums([[70.0], [90.0]])) is None


def test_a_change_is_said_only_if_significant_and_large() -> None:
    n = [4, 4, 400]
    large, chance, small = statistics.changes(n, [80, 80, 80], n, [60, 74, 76], msw=64)
    assert large.delta == -20
    assert large.se == pytest.approx(8 * math.sqrt(1 / 2))
    assert large.p == pytest.approx(2 * norm.sf(20 / large.se))
    assert (large.changed, chance.changed) == (True, False)
    assert small.p < 1e-6
    assert not small.changed
    assert statistics.changes(n, [80, 80, 80], n, [60, 74, 76], msw=64, least_points=4)[2].changed


def test_a_change_of_exactly_five_points_is_large_enough() -> None:
    (change,) = statistics.changes([500], [30.3], [500], [35.3], msw=50)
    assert change.changed


def test_looking_at_many_stores_asks_for_more() -> None:
    alone = statistics.changes([2], [80], [2], [63], msw=64)
    among = statistics.changes([2] * 40, [80] * 40, [2] * 40, [63] + [80] * 39, msw=64)
    assert alone[0].changed
    assert among[0].p == alone[0].p
    assert not among[0].changed


def test_changes_of_stores_with_unequal_visits_follow_the_formula() -> None:
    rng = np.random.default_rng(7)
    n1, n2 = rng.integers(1, 6, 30), rng.integers(1, 6, 30)
    mean1, mean2 = rng.uniform(60, 80, 30), rng.uniform(40, 100, 30)
    found = statistics.changes(n1, mean1, n2, mean2, msw=90)
    p = [
        2 * norm.sf(abs(b - a) / math.sqrt(90 * (1 / k + 1 / m)))
        for k, a, m, b in zip(n1, mean1, n2, mean2, strict=True)
    ]
    kept = false_discovery_control(p) <= 0.1
    assert [change.p for change in found] == pytest.approx(p)
    assert [change.changed for change in found] == [
        bool(keep and abs(b - a) >= 5) for keep, a, b in zip(kept, mean1, mean2, strict=True)
    ]
    assert {change.changed for change in found} == {True, False}


def slow_false_discovery(p: list[float], rate: float) -> list[bool]:
    """Benjamini and Hochberg's procedure as it is written: the largest k with p₍ₖ₎ ≤ k/m·rate, and all up to it."""
    ordered = sorted(p)
    assume(all(abs(value - k / len(p) * rate) > 1e-12 for k, value in enumerate(ordered, 1)))
    within = [value for k, value in enumerate(ordered, 1) if value <= k / len(p) * rate]
    return [value <= max(within, default=-1) for value in p]


@given(st.lists(st.floats(0, 40) | st.sampled_from([12.0, 14.0, 16.0]), min_size=1, max_size=40), st.floats(0.01, 0.5))
def test_of_many_changes_those_are_said_that_benjamini_and_hochberg_would_say(drops: list[float], fdr: float) -> None:
    n = [2] * len(drops)
    found = statistics.changes(n, drops, n, [0] * len(drops), msw=64, least_points=0, fdr=fdr)
    p = [change.p for change in found]
    assert p == pytest.approx([2 * norm.sf(drop / 8) for drop in drops])
    assert [change.changed for change in found] == slow_false_discovery(p, fdr)


def test_a_store_that_missed_a_wave_has_no_change_and_does_not_weigh_on_the_others() -> None:
    missed, kept = statistics.changes([0, 2], [0, 80], [3, 2], [70, 63], msw=64)
    assert math.isnan(missed.delta)
    assert math.isnan(missed.p)
    assert not missed.changed
    assert kept == statistics.changes([2], [80], [2], [63], msw=64)[0]


def test_without_a_second_visit_anywhere_a_change_is_never_said() -> None:
    (change,) = statistics.changes([1], [90], [1], [30], msw=None)
    assert change.delta == -60
    assert math.isnan(change.se)
    assert not change.changed


def test_without_any_noise_a_large_difference_is_a_change_and_none_is_not() -> None:
    none, large = statistics.changes([2, 2], [80, 80], [2, 2], [80, 70], msw=0)
    assert (none.p, none.changed) == (1, False)
    assert (large.p, large.changed) == (0, True)


def test_no_stores_have_no_changes() -> None:
    assert statistics.changes([], [], [], [], msw=64) == []


def test_the_six_factors_of_a_store_are_corrected_by_holm() -> None:
    # Every se is 10, so these differences have the p values .004, .009, .015, .016, .04 and .5.
    # Holm's levels are .05/6, /5, /4, …: .0083, .01, .0125, .0167. The third stops it, and so the fourth.
    p = [0.016, 0.004, 0.5, 0.015, 0.009, 0.04]
    after = [70 + 10 * norm.isf(x / 2) for x in p]
    found = statistics.factor_changes([2] * 6, [70] * 6, [2] * 6, after, msw=[100] * 6)
    assert [change.p for change in found] == pytest.approx(p)
    assert [change.changed for change in found] == [False, True, False, False, True, False]


def test_each_factor_has_its_own_noise_and_may_have_none() -> None:
    found = statistics.factor_changes([2, 2, 2, 0], [70] * 4, [2, 2, 2, 2], [90] * 4, msw=[25, 400, None, 25])
    assert [change.changed for change in found] == [True, False, False, False]
    assert [change.se for change in found[:2]] == pytest.approx([5, 20])


# Pass rates


def test_four_of_four_passes_is_only_51_to_100_percent() -> None:
    low, high = statistics.wilson(4, 4)
    assert low == pytest.approx(0.51, abs=0.005)
    assert high == 1


@given(st.integers(0, 60), st.integers(1, 60))
def test_pass_rate_intervals_agree_with_scipy(passes: int, asked: int) -> None:
    passes = min(passes, asked)
    reference = binomtest(passes, asked).proportion_ci(method="wilson")
    assert statistics.wilson(passes, asked) == pytest.approx((reference.low, reference.high), abs=1e-4)


def test_a_standard_never_asked_may_have_any_pass_rate() -> None:
    assert statistics.wilson(0, 0) == (0, 1)


# Bad input, and where this may be loaded


@pytest.mark.parametrize(
    ("n", "total", "squares"),
    [
        ([2, 2], [100.0], [5000.0, 5000.0]),
        ([-1, 2], [100.0, 100.0], [5000.0, 5000.0]),
        ([2, 2], [100.0, 100.0], [5000.0, 10.0]),
        ([2, 2], [100.0, math.nan], [5000.0, 5000.0]),
        ([math.nan, 2], [100.0, 100.0], [5000.0, 5000.0]),
    ],
)
def test_sums_that_no_visits_can_have_are_refused(n: list[float], total: list[float], squares: list[float]) -> None:
    for figure in (statistics.noise, statistics.pooled_within, statistics.estimates):
        with pytest.raises(InvalidInput):
            figure(n, total, squares)


def test_impossible_shares_counts_and_noises_are_refused() -> None:
    with pytest.raises(InvalidInput):
        statistics.visits_needed(1.2)
    with pytest.raises(InvalidInput):
        statistics.visits_needed(0.3, reliability=1)
    with pytest.raises(InvalidInput):
        statistics.chance_between_two_visits(-1)
    with pytest.raises(InvalidInput):
        statistics.wilson(5, 4)
    with pytest.raises(InvalidInput):
        statistics.changes([1, 1], [70], [1, 1], [80, 80], msw=64)
    with pytest.raises(InvalidInput):
        statistics.factor_changes([1, 1], [70, 70], [1, 1], [80, 80], msw=[64, -1])


def test_no_figure_waits_for_scipy() -> None:
    code = (
        "import sys; from auditapp import statistics as s; two = [2, 2]; "
        "s.estimates(two, [150, 130], [11300, 8500]); s.changes(two, [80, 70], two, [60, 70], 64); "
        "s.factor_changes(two, [80, 70], two, [60, 70], [64, 64]); print('scipy' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
