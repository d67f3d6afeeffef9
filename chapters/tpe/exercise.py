"""Exercises of the chapter on TPE. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. The first five are functions of `tpe_reference.samplers.tpe`, with the same arguments; write
them from the chapter, and look there when they pass. Arrays and lists are both right, and so are loops.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 04.2    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import numpy as np

from tpe_reference.exercises import put_into


def a_tenth(n_finite):
    """04.1 Return how many trials are good: a tenth of those with a finite loss, rounded up, at most 25.

    >>> [a_tenth(n) for n in (1, 10, 11, 1000)]
    [1, 1, 2, 25]
    """
    raise NotImplementedError("04.1 a_tenth")


def split(ranked, usable, n_good):
    """04.2 Split the trials into good and bad ones.

    Args:
        ranked: A list of (merit, number), of the trials with a finite loss, the best first. Do not change it.
        usable: Which trials count, (number of trials,), True or False by number. Among them are failed trials and
            running ones, which are not ranked. Do not change it.
        n_good: How many are good.

    Returns:
        Two arrays (or lists) of numbers: the good trials, the best first; and the bad ones, ascending, which are all
        others that count.

    >>> good, bad = split([(0.1, 3), (0.2, 0), (0.9, 2)], np.array([True, True, True, True, False]), 2)
    >>> list(map(int, good)), list(map(int, bad))  # trial 1 has failed, trial 4 does not count
    ([3, 0], [1, 2])
    """
    raise NotImplementedError("04.2 split")


def bandwidths(mu, n_trials):
    """04.3 Return the bandwidth of each kernel: the larger of the gaps to its two neighbours, clipped.

    Args:
        mu: Centres in the unit interval, each column (one parameter) sorted by itself, (n, d).
        n_trials: T, the number of all trials, good and bad.

    Returns:
        An array (n, d). A centre at an end has one neighbour; a centre alone takes the distance to the farther wall.
        None is below the larger of 1 / 100 and 2 / (T + 2).

    >>> sigma = bandwidths(np.array([[0.1], [0.2], [0.25], [0.9]]), 38)  # 2 / (38 + 2) = 0.05
    >>> [round(float(s), 4) for s in np.ravel(sigma)]
    [0.1, 0.1, 0.65, 0.65]
    """
    raise NotImplementedError("04.3 bandwidths")


def log_pdfs(densities, u):
    """04.4 Return the logarithm of each of some densities at some points.

    A kernel is a normal cut off at the walls, and a density a weighted sum of products of kernels:

        k_ij(x) = exp(-(x - mu_ij)^2 / (2 sigma_ij^2)) / (sigma_ij sqrt(2 pi) Z_ij)
        Z_ij    = Phi((1 - mu_ij) / sigma_ij) - Phi((0 - mu_ij) / sigma_ij)
        p(x)    = sum_i w_i prod_j k_ij(x_j)

    Args:
        densities: Usually two, l and g. Each has ``mu`` and ``sigma``, centres and bandwidths of its kernels, both
            (n + 1, d), and ``weights``, (n + 1,), with the sum 1. The prior is the last kernel, in no way special.
            All parameters are numbers without steps.
        u: Points of the unit cube, (m, d).

    Returns:
        A list with one array (m,) for each density.

    >>> from tpe_reference import Float
    >>> from tpe_reference.samplers.tpe import ParzenEstimator
    >>> prior = ParzenEstimator({"x": Float(0.0, 1.0)}, np.empty((0, 1)), np.empty(0))  # of no trials: one kernel
    >>> prior.mu.tolist(), prior.sigma.tolist(), prior.weights.tolist()
    ([[0.5]], [[1.0]], [1.0])
    >>> [log_pdf] = log_pdfs([prior], np.array([[0.5], [0.0]]))  # 1 / (sqrt(2 pi) 0.3829), and exp(-1/8) of that
    >>> [round(float(value), 3) for value in log_pdf]
    [0.041, -0.084]
    """
    raise NotImplementedError("04.4 log_pdfs")


def choose(log_l, log_g):
    """04.5 Return the index of the candidate to try, of equals the first: where l / g is largest.

    Args:
        log_l: Logarithm of the density of the good trials at each candidate, (m,).
        log_g: Of the bad trials, (m,).

    >>> int(choose(np.array([-1.0, 2.0, 3.0]), np.array([-1.5, 0.5, 2.5])))
    1
    """
    raise NotImplementedError("04.5 choose")


def suggest_one_by_one(space, history, rng):
    """04.6 Open: return the next configuration, as the first TPE of all chose it (Bergstra and others, 2011).

    Each parameter is chosen by itself, as if the others did not exist: its own l, its own g, its own candidates. The
    best 15 % (rounded up) are good; the kernels all have the same weight, the prior too. The first 20 trials are
    random. There is no single right answer: yours has to be a pure function, stand every kind of trial, gather where
    trials were good, and be well ahead of random search.

    Args:
        space: A dict from names to domains (`Float`, `Int`, `Categorical`): ``to_unit(value)``, ``from_unit(u)``; a
            `Categorical` has ``choices``.
        history: The trials so far: ``params``, ``loss`` (lower is better; nan where it failed), ``state``. Some may
            lack a name.
        rng: A numpy generator, the only source of chance.
    """
    raise NotImplementedError("04.6 suggest_one_by_one")


# The real sampler with your functions in the place of its own; where one is not written yet, the real one stands in.
# See it beside ours:
#     tpe-reference compare --sampler FILE:MyTPE --problems sphere branin --seeds 10
MINE = [a_tenth, split, bandwidths, log_pdfs, choose]
MyTPE = put_into("samplers.tpe", {function.__name__: function for function in MINE}).TPESampler


class OneByOne:
    """Your answer to 04.6 as a sampler: ``tpe-reference compare --sampler FILE:OneByOne``."""

    def suggest(self, space, history, rng):
        """Return the next configuration."""
        return suggest_one_by_one(space, history, rng)
