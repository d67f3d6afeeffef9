"""What can be said of a handful of seeds: intervals, ranks, win rates, areas, ties. Pure functions of arrays.

Intervals
    A 95 % bootstrap interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13): draw as many
    seeds as there are, with replacement, 2000 times; compute the statistic of each draw; report the 2.5 % and 97.5 %
    percentiles. All contestants are drawn with the same seeds, because they ran on the same problems. With
    fewer than about ten seeds such intervals are too narrow; with one there is none (nan).

The area under the any-time curve
    The mean over trials of what the curve shows, the incumbent's regret or loss; of its log10 where it spans orders
    of magnitude, because there a plain mean would show nothing but the first few trials. It says how good a search
    was all the way, not only at the end. A regret of zero has no logarithm, so none counts as less than `FLOOR`.

>>> estimate(np.array([[1.0], [2.0], [4.0]]), np.median)
[Estimate(value=2.0, low=1.0, high=4.0)]
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-9  # about the square root of a float's precision: closer than that no search can see a minimum's bottom
RESAMPLES = 2000  # the percentiles of an interval then move by about 1 % of its width with the resampling's seed

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A statistic over seeds and its 95 % interval; the bounds are nan where there is one seed only."""

    value: float
    low: float
    high: float

    def overlaps(self, other: "Estimate") -> bool:
        """Whether the two intervals have a point in common; never without intervals.

        >>> Estimate(2, 1, 3).overlaps(Estimate(4, 3, 5)), Estimate(2, 1, 3).overlaps(Estimate(4, 3.5, 5))
        (True, False)
        """
        return self.low <= other.high and other.low <= self.high


def estimate(values: Array, statistic: Callable[..., Any]) -> list[Estimate]:
    """Return the estimate of each column.

    Args:
        values: One row per seed, one column per contestant, (seeds, k).
        statistic: np.mean or np.median.
    """
    return _estimates(statistic(values, axis=0), resample(values, statistic), len(values) > 1)


def pooled(tables: Sequence[Array]) -> list[Estimate]:
    """Return the mean over problems of the mean over seeds, per column.

    Args:
        tables: One (seeds, k) per problem; the numbers of seeds may differ. Each problem counts the same,
            and its seeds are drawn on their own.
    """
    value = np.mean([np.mean(table, axis=0) for table in tables], axis=0)
    draws = np.mean([resample(table, np.mean, i) for i, table in enumerate(tables)], axis=0)
    return _estimates(value, draws, all(len(table) > 1 for table in tables))


def geometric_mean_ratio(mine: Array, theirs: Array) -> Estimate:
    """Return the geometric mean of mine over theirs, and an interval for problems and seeds like these.

    Both are drawn anew: as many problems as there are, and for each of them as many of its seeds, in pairs. So the
    interval says what to expect on other problems of the kind; where there are only three, it can but be rough.

    Args:
        mine: Positive numbers, (problems, seeds).
        theirs: Those to divide by, pair by pair, the same shape.

    >>> geometric_mean_ratio(np.array([[1.0, 4.0]]), np.array([[4.0, 1.0]]))
    Estimate(value=1.0, low=0.25, high=4.0)
    """
    logs = np.log(mine) - np.log(theirs)
    n_problems, n_seeds = logs.shape
    rng = np.random.default_rng(0)
    problems = rng.integers(n_problems, size=(RESAMPLES, n_problems, 1))
    seeds = rng.integers(n_seeds, size=(RESAMPLES, n_problems, n_seeds))
    draws = logs[problems, seeds].mean(axis=(1, 2))
    (found,) = _estimates(np.array([logs.mean()]), draws[:, None], n_problems * n_seeds > 1)
    return Estimate(*np.exp([found.value, found.low, found.high]).tolist())


def resample(values: Array, statistic: Callable[..., Any], seed: int = 0) -> Array:
    """Return the statistic of bootstrap draws of rows, (RESAMPLES, k)."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(values), size=(RESAMPLES, len(values)))
    draws: Array = statistic(values[rows], axis=1)
    return draws


def _estimates(values: Array, draws: Array, has_interval: bool) -> list[Estimate]:
    # Of the draws themselves, without interpolation: inf - inf is nan.
    low, high = np.quantile(draws, [0.025, 0.975], axis=0, method="inverted_cdf")
    if not has_interval:
        low, high = np.full_like(values, np.nan), np.full_like(values, np.nan)
    return [Estimate(float(v), float(a), float(b)) for v, a, b in zip(values, low, high, strict=True)]


def ranks(losses: Array) -> Array:
    """Return the rank of each column in its row, 1 for the lowest; equal losses share the mean of their ranks.

    >>> ranks(np.array([[3.0, 1.0, 1.0, np.inf]]))
    array([[3. , 1.5, 1.5, 4. ]])
    """
    mine, other = losses[:, :, None], losses[:, None, :]
    rank: Array = 0.5 + (other < mine).sum(axis=2) + 0.5 * (other == mine).sum(axis=2)
    return rank


def wins(losses: Array) -> Array:
    """Return who beats whom at each seed, (seeds, k, k): 1 where the row's loss is lower, 1/2 where equal, else 0.

    >>> wins(np.array([[0.1, 0.2]]))[0]
    array([[0.5, 1. ],
           [0. , 0.5]])
    """
    mine, other = losses[:, :, None], losses[:, None, :]
    won: Array = (mine < other) + 0.5 * (mine == other)
    return won


def incumbent(losses: Sequence[float], trials: int) -> Array:
    """Return the best loss after each trial, (trials,): inf before the first finite one, flat after a run's end.

    >>> incumbent([math.nan, 3.0, 5.0, 2.0], 5)
    array([inf,  3.,  3.,  2.,  2.])
    """
    filled = [math.inf if math.isnan(loss) else loss for loss in losses]
    return np.minimum.accumulate([*filled, *[math.inf] * (trials - len(filled))])


def area(values: Array, log: bool) -> Array:
    """Return the area under any-time curves, (...,), from the incumbent's values after each trial, (..., trials).

    Trials before a run's first incumbent count as the largest value that anyone showed.

    >>> area(np.array([[1.0, 0.1, 0.0], [100.0, 100.0, 100.0]]), log=True)
    array([-3.33333333,  2.        ])
    """
    finite = values[np.isfinite(values)]
    bounded = np.where(np.isfinite(values), values, finite.max() if finite.size else math.inf)
    curve = np.log10(np.maximum(bounded, FLOOR)) if log else bounded
    mean: Array = curve.mean(axis=-1)
    return mean


def at_times(times: Array, values: Array, grid: Array) -> Array:
    """Return the incumbent at moments: ``values[i]`` holds from ``times[i]`` on, inf before the first, (len(grid),).

    >>> at_times(np.array([1.0, 2.0]), np.array([9.0, 4.0]), np.array([0.5, 1.0, 1.9, 7.0]))
    array([inf,  9.,  9.,  4.])
    """
    held = np.concatenate([[math.inf], values])
    return held[np.searchsorted(times, grid, side="right")]


def ends(costs: Array) -> Array:
    """Return what each run cost in all, (...,), from what it had cost after each trial, inf behind its end.

    >>> ends(np.array([[1.0, 2.0], [1.5, np.inf]]))
    array([2. , 1.5])
    """
    last: Array = np.where(np.isfinite(costs), costs, 0.0).max(axis=-1)
    return last


def quartiles(values: Array) -> Array:
    """Return the lower quartile, the median and the upper quartile over the first axis, (3, ...)."""
    with np.errstate(invalid="ignore"):  # between two inf lies nan, and is not drawn
        found: Array = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    return found
