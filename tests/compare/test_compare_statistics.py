"""Statistics against examples worked by hand, and intervals that cover."""

import math

import numpy as np
import pytest

from tpe_reference.compare.statistics import (
    Estimate,
    area,
    at_times,
    ends,
    estimate,
    incumbent,
    pooled,
    quartiles,
    ranks,
    resample,
    wins,
)


def test_ranks_share_places() -> None:
    losses = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 1.0], [0.0, 0.0, 0.0]])
    assert ranks(losses).tolist() == [[1, 2, 3], [2.5, 2.5, 1], [2, 2, 2]]


def test_wins_count_ties_half_and_add_up_to_one() -> None:
    won = wins(np.array([[1.0, 2.0], [2.0, 2.0], [np.inf, 2.0]]))
    assert won[:, 0, 1].tolist() == [1.0, 0.5, 0.0]
    assert (won + won.transpose(0, 2, 1) == 1.0).all()


def test_interval_of_two_seeds_is_the_two_values() -> None:
    # draws: (a, a), (a, b), (b, a), (b, b), each a quarter; 2.5 % and 97.5 % fall on the extremes
    assert estimate(np.array([[1.0, 7.0], [3.0, 7.0]]), np.mean) == [Estimate(2.0, 1.0, 3.0), Estimate(7.0, 7.0, 7.0)]


def test_one_seed_has_no_interval_and_ties_with_nobody() -> None:
    (one,) = estimate(np.array([[4.0]]), np.median)
    assert one.value == 4.0
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert not one.overlaps(Estimate(4.0, 3.0, 5.0))


def test_interval_survives_runs_without_result() -> None:
    (found,) = estimate(np.array([[1.0], [np.inf], [np.inf]]), np.median)
    assert (found.value, found.low, found.high) == (np.inf, 1.0, np.inf)


def test_intervals_that_touch_overlap() -> None:
    assert Estimate(1, 0, 2).overlaps(Estimate(3, 2, 4))
    assert Estimate(3, 2, 4).overlaps(Estimate(1, 0, 2))
    assert not Estimate(1, 0, 1.9).overlaps(Estimate(3, 2, 4))
    assert not Estimate(3, 2, 4).overlaps(Estimate(1, 0, 1.9))


def test_interval_leaves_out_a_fortieth_of_the_draws_at_either_end() -> None:
    draws = np.arange(1.0, 2001.0)[:, None]
    (found,) = estimate(np.zeros((2, 1)), lambda _, axis: draws if axis == 1 else np.array([7.0]))
    assert found == Estimate(7.0, 50.0, 1950.0)


def test_interval_covers_the_true_mean_about_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    found = estimate(rng.normal(5.0, 1.0, size=(30, 400)), np.mean)
    covered = np.mean([e.low <= 5.0 <= e.high for e in found])
    assert 0.90 <= covered <= 0.97  # a percentile interval of 30 is known to be a little too narrow


def test_contestants_are_resampled_together() -> None:
    values = np.array([[1.0, 11.0], [2.0, 12.0], [5.0, 15.0]])
    draws = resample(values, np.mean)
    assert np.allclose(draws[:, 1] - draws[:, 0], 10.0)
    assert (draws == resample(values, np.mean)).all()


def test_pooled_counts_every_problem_the_same() -> None:
    (found,) = pooled([np.array([[1.0], [1.0], [1.0], [1.0]]), np.array([[3.0], [5.0]])])
    assert (found.value, found.low, found.high) == (2.5, 2.0, 3.0)


def test_pooled_is_a_mean_of_means_and_not_of_middles() -> None:
    skewed = [np.array([[0.0], [0.0], [6.0]]), np.array([[0.0], [0.0], [0.0]]), np.array([[7.0], [7.0], [7.0]])]
    (found,) = pooled(skewed)
    # Only the first varies: its mean of three draws is 0 with chance 8/27 and 6 with 1/27, both above a fortieth.
    assert (found.value, found.low, found.high) == (3.0, 7 / 3, 13 / 3)


def test_pooled_has_no_interval_where_one_problem_has_a_single_seed() -> None:
    (found,) = pooled([np.array([[1.0], [2.0]]), np.array([[4.0]])])
    assert found.value == 2.75
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_area_by_hand() -> None:
    assert area(np.array([10.0, 1.0, 0.1, 0.1]), log=True) == pytest.approx((1 + 0 - 1 - 1) / 4)
    assert area(np.array([10.0, 1.0, 0.0]), log=False) == pytest.approx(11 / 3)
    assert area(np.array([0.0]), log=True) == pytest.approx(-9.0)  # FLOOR


def test_area_before_the_first_result_counts_the_worst_seen() -> None:
    assert area(np.array([[np.inf, 1.0], [5.0, 1.0]]), log=False).tolist() == [3.0, 3.0]
    assert area(np.array([[np.inf, np.inf]]), log=False).tolist() == [np.inf], "nobody showed anything"


def test_incumbent_ignores_nan_and_stays_after_the_end() -> None:
    assert incumbent([3.0, math.nan, -1.0, 0.0], 6).tolist() == [3, 3, -1, -1, -1, -1]
    assert incumbent([], 2).tolist() == [np.inf, np.inf]


def test_at_times_holds_from_the_moment_a_trial_ends() -> None:
    times, values = np.array([1.0, 2.0, np.inf]), np.array([9.0, 4.0, 4.0])
    assert at_times(times, values, np.array([0.999, 1.0, 2.0, 1e9])).tolist() == [np.inf, 9, 4, 4]


def test_a_run_costs_what_its_last_trial_shows_and_one_without_trials_nothing() -> None:
    assert ends(np.array([1.0, 2.0, np.inf])) == 2.0
    assert ends(np.array([[[1.0, 5.0]], [[np.inf, np.inf]]])).tolist() == [[5.0], [0.0]]


def test_quartiles_by_hand() -> None:
    assert quartiles(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])).ravel().tolist() == [2, 3, 4]
