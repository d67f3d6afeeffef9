"""Exercises of the chapter on CMA-ES. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. Each is a function of `tpe_reference.samplers.cma_es`, with the same arguments; write it from
the chapter, and look there when it passes. Arrays and lists are both right, and so are loops. What comes in belongs
to others: change none of it, return something new.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 05.2    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import numpy as np

from tpe_reference.exercises import put_into


def raw_weights(popsize):
    """05.1 Return how much each rank weighs, before scaling: ln((popsize + 1) / 2) - ln(i) for the ranks i = 1, 2, ...

    Args:
        popsize: lambda, the number of points in a generation.

    Returns:
        An array (or list) of popsize numbers, the best rank's first.

    >>> [round(float(w), 3) for w in raw_weights(5)]  # ln 3 - ln 1, ln 3 - ln 2, ln 3 - ln 3, ...
    [1.099, 0.405, 0.0, -0.288, -0.511]
    """
    raise NotImplementedError("05.1 raw_weights")


def scaled_weights(raw, alpha):
    """05.2 Return the weights scaled: the positive ones to the sum 1, the negative ones to the sum -alpha.

    Args:
        raw: Weights by rank, (popsize,), some above zero and some below.
        alpha: A positive number.

    Returns:
        As many numbers. The positive are to each other as before, and so are the negative.

    >>> [round(float(w), 3) for w in scaled_weights(np.array([3.0, 1.0, 0.0, -2.0, -8.0]), 0.5)]
    [0.75, 0.25, 0.0, -0.1, -0.4]
    """
    raise NotImplementedError("05.2 scaled_weights")


def sample(state, z):
    """05.3 Turn z, drawn from N(0, I), into a point from N(m, sigma^2 C): formulas (39), (40) with the symmetric root.

    Args:
        state: ``mean``, (d,); ``sigma``, a number; ``B``, (d, d), whose columns are the eigenvectors of C; and ``D``,
            (d,), the square roots of the eigenvalues. So C is B diag(D)^2 B^T.
        z: d numbers.

    Returns:
        The point, (d,).

    >>> from types import SimpleNamespace
    >>> axes = {"B": np.array([[0.0, 1.0], [1.0, 0.0]]), "D": np.array([2.0, 3.0])}  # variance 9 along x, 4 along y
    >>> state = SimpleNamespace(mean=np.array([10.0, 20.0]), sigma=0.1, root=np.diag([3.0, 2.0]), **axes)
    >>> [round(float(x_j), 6) for x_j in sample(state, np.array([1.0, -1.0]))]  # 10 + 0.1 * 3, 20 - 0.1 * 2
    [10.3, 19.8]
    """
    raise NotImplementedError("05.3 sample")


def cumulate(path, step, c, mu_eff):
    """05.4 Return an evolution path after one more step: the sum in (43) and (45).

    A share c of the path is forgotten. The step is added, times a factor: with steps that are mere chance, each
    number of the path is to keep its variance, 1. (The variance of a sum is the sum of the variances.)

    Args:
        path: The path before, (d,), its numbers of the variance 1.
        step: The new step, (d,). Each of its numbers has the variance 1 / mu_eff by chance.
        c: Between 0 and 1.
        mu_eff: How many points the step is a mean of.

    >>> [round(float(p_j), 3) for p_j in cumulate(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.4, 4.0)]
    [0.6, 1.6]
    """
    raise NotImplementedError("05.4 cumulate")


def step_size(s, sigma, p_sigma):
    """05.5 Return the next step size: formula (44), at most e times sigma.

    Args:
        s: The constants ``c_sigma``, ``d_sigma`` and ``chi_n``, which is E||N(0, I)||.
        sigma: The step size before.
        p_sigma: The path, (d,).

    >>> from types import SimpleNamespace
    >>> s = SimpleNamespace(c_sigma=0.5, d_sigma=2.0, chi_n=1.25)
    >>> round(float(step_size(s, 0.1, np.array([1.5, -2.0]))), 4)  # the length is 2.5: 0.1 exp(0.25 (2.5 / 1.25 - 1))
    0.1284
    """
    raise NotImplementedError("05.5 step_size")


def covariance(s, C, p_c, y, length, lost):
    """05.6 Return the next covariance: formula (47), the rank-one and the rank-mu update.

    Args:
        s: The constants ``c_1``, ``c_mu``, ``d``, ``mu``, and ``weights``, (popsize,), by rank.
        C: The covariance before, (d, d).
        p_c: The path of the mean, (d,).
        y: The generation's steps, the best first, (popsize, d).
        length: How long each of them is in standard deviations, (popsize,).
        lost: How much variance p_c has missed, from 0 to 1: C fades by c_1 lost less.

    Returns:
        (1 + c_1 lost - c_1 - c_mu sum_i w_i) C + c_1 p_c p_c^T + c_mu sum_i w_i° y_i y_i^T. The w° are the weights, but
        for those of the worse half, from number mu on (counted from 0): they are times d / (length^2 + 1e-8) (46).

    >>> from types import SimpleNamespace
    >>> s = SimpleNamespace(c_1=0.1, c_mu=0.2, d=2, mu=1, weights=np.array([1.0, -0.5]))
    >>> y = np.array([[1.0, 1.0], [0.0, 4.0]])  # the second is the worse half; its weight becomes -0.5 * 2 / 16
    >>> C = covariance(s, np.eye(2), np.array([1.0, 0.0]), y, np.array([2**0.5, 4.0]), 0.0)
    >>> np.round(C, 4).tolist()  # 0.8 I, and 0.1 for the path, and 0.2 (1 - ...) for the points
    [[1.1, 0.2], [0.2, 0.8]]
    """
    raise NotImplementedError("05.6 covariance")


# The real sampler with your functions in the place of its own; where one is not written yet, the real one stands in.
# See it beside ours:
#     tpe-reference compare --sampler FILE:MyCmaEs --samplers cma-es --problems sphere branin --seeds 10
MINE = [raw_weights, scaled_weights, sample, cumulate, step_size, covariance]
MyCmaEs = put_into("samplers.cma_es", {function.__name__: function for function in MINE}).CmaEsSampler
