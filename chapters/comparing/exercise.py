"""Exercises of the chapter on comparing. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. The first five are functions of `tpe_reference.compare.statistics`, with the same arguments;
write them from the chapter, and look there when they pass. Arrays and lists are both right, and so are loops.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 07.2    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import math

import numpy as np

from tpe_reference.exercises import put_into


def incumbent(losses, trials):
    """07.1 Return the best loss after each trial.

    Args:
        losses: The losses of a run in their order; nan where a trial failed. There may be fewer than ``trials``.
        trials: How many numbers to return.

    Returns:
        An array (or list) of so many numbers: infinite before the first loss, flat after the run's end.

    >>> [float(loss) for loss in incumbent([math.nan, 3.0, 5.0, 2.0], 5)]
    [inf, 3.0, 3.0, 2.0, 2.0]
    """
    raise NotImplementedError("07.1 incumbent")


def ranks(losses):
    """07.2 Return the rank of each column in its row: 1 for the lowest; equals share the mean of their ranks.

    Args:
        losses: A row for each seed, a column for each contestant, (seeds, k). Some may be infinite, none is nan.

    Returns:
        The same shape.

    >>> np.asarray(ranks(np.array([[3.0, 1.0, 1.0, np.inf], [0.4, 0.2, 0.1, 0.3]]))).tolist()
    [[3.0, 1.5, 1.5, 4.0], [4.0, 2.0, 1.0, 3.0]]
    """
    raise NotImplementedError("07.2 ranks")


def wins(losses):
    """07.3 Return who beats whom at each seed: 1 where the loss is lower, 1/2 where equal, else 0.

    Args:
        losses: A row for each seed, a column for each contestant, (seeds, k). Some may be infinite, none is nan.

    Returns:
        A table for each seed, (seeds, k, k): entry [s, i, j] says whether i beats j at seed s.

    >>> np.asarray(wins(np.array([[0.1, 0.2]]))).tolist()
    [[[0.5, 1.0], [0.0, 0.5]]]
    """
    raise NotImplementedError("07.3 wins")


def area(values, log):
    """07.4 Return the area under any-time curves: the mean over trials of their values, or of the log10 of these.

    Infinite values, which are those before a run's first incumbent, count as the largest finite value of all curves;
    where there is none, they stay infinite. With log, values below 1e-9 count as 1e-9.

    Args:
        values: The incumbent's value after each trial: the trials are the last axis, (..., trials). None is nan.
        log: Whether to take logarithms.

    Returns:
        As many axes as there are before the last one, (...,).

    >>> values = np.array([[1.0, 0.1, 0.0], [np.inf, 100.0, 1.0]])  # the logarithms: 0, -1, -9 and 2, 2, 0
    >>> np.asarray(area(values, True)).round(4).tolist()
    [-3.3333, 1.3333]
    """
    raise NotImplementedError("07.4 area")


def resample(values, statistic, seed=0):
    """07.5 Return the statistic of 2000 bootstrap draws: what other seeds might have said.

    A draw is as many rows as there are, with replacement, the same for all columns. So that all of us draw the same:
    with n rows their numbers are ``np.random.default_rng(seed).integers(n, size=(2000, n))``, a line for each draw.

    Args:
        values: A row for each seed, a column for each contestant, (n, k).
        statistic: np.mean or np.median or another that is called like them: ``statistic(array, axis=0)``.
        seed: Of the draws.

    Returns:
        An array (2000, k).

    >>> draws = np.asarray(resample(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]), np.mean, 1))
    >>> np.random.default_rng(1).integers(3, size=(2000, 3))[0].tolist()  # the first draw: rows 1, 1 and 2
    [1, 1, 2]
    >>> draws.shape, draws[0].round(3).tolist()
    ((2000, 2), [2.333, 23.333])
    """
    raise NotImplementedError("07.5 resample")


def paired_ratio(mine, theirs, rng):
    """07.6 Open: return by what factor one contestant's loss is another's, and how sure that is.

    The factor is the geometric mean of mine over theirs, seed by seed. The interval is a bootstrap: as many seeds as
    there are, with replacement, 2000 times; of these 2000 geometric means the 2.5 % and the 97.5 % percentiles. How you
    draw is up to you.

    Args:
        mine: Positive losses of the one, (n,).
        theirs: Of the other, at the same seeds, (n,).
        rng: A numpy generator, the only source of chance.

    Returns:
        Three numbers: the factor, the lower end, the upper end.

    >>> factor, low, high = paired_ratio(np.array([1.0, 4.0]), np.array([4.0, 1.0]), np.random.default_rng(0))
    >>> round(float(factor), 6), round(float(low), 6), round(float(high), 6)
    (1.0, 0.25, 4.0)
    """
    raise NotImplementedError("07.6 paired_ratio")


# The package's statistics with your functions in the place of its own; where one is not written yet, the real one
# stands in. my_statistics.estimate(losses, np.median), say, has intervals from your draws.
MINE = [incumbent, ranks, wins, area, resample]
my_statistics = put_into("compare.statistics", {function.__name__: function for function in MINE})
