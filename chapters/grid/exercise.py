"""Exercises of the chapter on grid search. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. The first three are functions of `tpe_reference.samplers.grid`, with the same arguments; write
them from the chapter, and look there when they pass. The fourth makes a sampler of them, the fifth one that learns.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 02.3    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import math

from tpe_reference.exercises import put_into


def evenly_spaced(domain, n, k):
    """02.1 Return the k-th of n values that are evenly spaced over a domain, in the unit interval.

    Args:
        domain: A `Float` or an `Int`: ``from_unit(u)`` is its value at the position u in [0, 1].
        n: How many values there are, at least 1. Both ends are among them; one alone is the middle.
        k: From 0, the lowest, up to n - 1.

    >>> from tpe_reference import Float
    >>> [evenly_spaced(Float(0.0, 8.0), 5, k) for k in range(5)]
    [0.0, 2.0, 4.0, 6.0, 8.0]
    >>> [round(evenly_spaced(Float(1.0, 100.0, log=True), 3, k), 6) for k in range(3)]
    [1.0, 10.0, 100.0]
    """
    raise NotImplementedError("02.1 evenly_spaced")


def stride(m, j):
    """02.2 Return the width of a step with which axis j, of m values, is run through.

    Take the fraction (what stands behind the point) of j + 1 golden sections, (j + 1) * 0.618033988749895, of m, cut
    off to an integer, but at least 1. From there go up to the first width that has no common divisor with m.

    Args:
        m: The number of values, at least 1. In 02.3 it will also be a number of loops, which may be 10^19: to try all
            divisors would take for ever.
        j: The number of the axis, from 0.

    >>> stride(10, 0)  # 6.18 is cut off to 6, which has the divisor 2 in common with 10
    7
    >>> stride(10, 1)  # the fraction of 1.236... is 0.236...: 2.36, cut off 2, then 3
    3
    """
    raise NotImplementedError("02.2 stride")


def nth_point(sizes, i):
    """02.3 Return the i-th point of a grid, as one index per axis: the section "The mathematics" of the chapter.

    There are N / L loops of L points. Point i is step r = i mod L of the loop with the number q, the whole part of
    i / L. Loops too are taken in strides: instead of q take q' = q stride(N / L, 0) mod N / L. Then write q' in the
    digits o_1, o_2, ... of the bases g_1, g_2, ..., the first axis first: o_1 = q' mod g_1; the whole part of q' / g_1
    goes on to the second axis, and so on. The index on axis j is (r + o_j) stride(m_j, j) + (the whole part of m_j / 2)
    mod m_j, with j from 0 in `stride`.

    Args:
        sizes: The number of values of each axis, m_1, ..., m_d, each at least 1.
        i: From 0 up to, not including, the product of the sizes, which may be very large.

    Returns:
        A list of indices, from 0. (`stride` is yours, from 02.2, or that of `tpe_reference.samplers.grid`.)

    >>> [list(nth_point([7, 5], i)) for i in range(3)]  # one loop; strides of 4 and of 1, from the middle
    [[3, 2], [0, 3], [4, 4]]
    >>> [list(nth_point([2, 2], i)) for i in range(4)]  # two loops, the two diagonals
    [[1, 1], [0, 0], [1, 0], [0, 1]]
    """
    raise NotImplementedError("02.3 nth_point")


def next_free(axes, history):
    """02.4 Return the first point, in the order of `nth_point`, that no trial holds; None when there is none left.

    Args:
        axes: A dict from names to lists of values, in the order of the grid's axes.
        history: The trials so far. One holds a point when its ``params``, a dict, are equal to it, whatever its state
            is. A trial with other names or values holds none.

    Returns:
        A dict from names to values.

    >>> from tpe_reference import FrozenTrial
    >>> axes = {"depth": [2, 4, 8], "kernel": ["rbf", "linear"]}
    >>> next_free(axes, [])
    {'depth': 4, 'kernel': 'linear'}
    >>> next_free(axes, [FrozenTrial({"depth": 4, "kernel": "linear"}, state="failed")])
    {'depth': 8, 'kernel': 'rbf'}
    """
    raise NotImplementedError("02.4 next_free")


def suggest_refined(space, history, rng):
    """02.5 Open: return the next configuration of a grid that looks at the losses.

    First, in any order, the whole grid of three values per axis: both ends and the middle. Then a grid of three values
    per axis about the best trial so far, a quarter of the range to both sides; then about the best of all these, an
    eighth to both sides, and so on. What would be outside is at the nearer end. No point is tried twice.

    There is no single right answer: yours has to be a pure function of the history, stand failed and running trials,
    which hold their points, and come much nearer to an optimum than a plain grid with as many points.

    Args:
        space: A dict from names to domains, each a `Float` without step: ``to_unit(value)``, ``from_unit(u)``.
        history: The trials so far: ``params``, ``loss`` (lower is better, nan where there is none), ``state``.
        rng: A numpy generator, which you need not use.

    Returns:
        A dict from names to values.
    """
    raise NotImplementedError("02.5 suggest_refined")


# The real sampler with your functions in the place of its own; where one is not written yet, the real one stands in.
# Seven values of each parameter; of two parameters that is a grid of 49 points. See it beside ours:
#     tpe-reference compare --sampler FILE:MyGrid --samplers grid random --problems branin --seeds 10
MINE = [evenly_spaced, stride, nth_point]


class MyGrid(put_into("samplers.grid", {function.__name__: function for function in MINE}).GridSampler):
    """A grid in your order."""

    def __init__(self):
        super().__init__(points=7)


class Refined:
    """Your answer to 02.5 as a sampler: ``tpe-reference compare --sampler FILE:Refined --problems branin``."""

    def suggest(self, space, history, rng):
        """Return the next configuration."""
        return suggest_refined(space, history, rng)
