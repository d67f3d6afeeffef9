"""Exercises of the chapter on the problem. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. The first five are functions and methods of `tpe_reference.space`, with the same arguments;
write them from the chapter, and look there when they pass. The last is what a `Study` is at heart.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 01.2    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import math

import numpy as np

from tpe_reference import FrozenTrial, TPESampler
from tpe_reference.exercises import put_into
from tpe_reference.space import domain_to_json


def cell(u, n):
    """01.1 Return which of n cells of the same width, numbered from 0, holds the position u.

    Args:
        u: A position in [0, 1]; one outside counts as the nearer end. (On a border either cell is right.)
        n: The number of cells, at least 1.

    >>> [cell(u, 5) for u in (0.0, 0.19, 0.21, 0.5, 1.0)]
    [0, 0, 1, 2, 4]
    """
    raise NotImplementedError("01.1 cell")


def float_from_unit(domain, u):
    """01.2 Return the value of a `Float` at the position u.

    Args:
        domain: ``low``, ``high`` and ``log``, True or False. (It has no step.)
        u: A position in [0, 1]; one outside counts as the nearer end.

    Returns:
        A number that is never outside [low, high], not even by rounding.

    >>> from tpe_reference import Float
    >>> float_from_unit(Float(-1.0, 3.0), 0.25)
    0.0
    >>> round(float_from_unit(Float(0.001, 10.0, log=True), 0.5), 6)  # the middle of 10^-3 and 10^1 is 10^-1
    0.1
    """
    raise NotImplementedError("01.2 float_from_unit")


def float_to_unit(domain, value):
    """01.3 Return the position of a value of a `Float` in [0, 1].

    Args:
        domain: ``low``, ``high`` and ``log``, True or False. (It has no step.)
        value: A number; one outside [low, high] counts as the nearer end. Positive for log.

    Returns:
        The position; 0.5 when there is one value only, low equal to high.

    >>> from tpe_reference import Float
    >>> float_to_unit(Float(-1.0, 3.0), 0.0)
    0.25
    >>> round(float_to_unit(Float(0.001, 10.0, log=True), 0.01), 6)  # one of four decades
    0.25
    """
    raise NotImplementedError("01.3 float_to_unit")


def int_from_unit(domain, u):
    """01.4 Return the value of an `Int` whose cell holds the position u.

    Args:
        domain: ``low``, ``high``, ``log``, and ``step``, which divides high - low. With log the step is 1.
        u: A position in [0, 1]; one outside counts as the nearer end.

    Returns:
        An integer. Without log all values have cells of the same width. With log the value v owns what lies between
        log(v - 1/2) and log(v + 1/2), and [0, 1] is the interval from log(low - 1/2) to log(high + 1/2).

    >>> from tpe_reference import Int
    >>> [int_from_unit(Int(0, 30, step=10), u) for u in (0.0, 0.24, 0.26, 1.0)]
    [0, 0, 10, 30]
    >>> [int_from_unit(Int(1, 4, log=True), u) for u in (0.0, 0.49, 0.51, 1.0)]  # 1 owns 1/2 to 3/2, half of 1/2 to 9/2
    [1, 1, 2, 4]
    """
    raise NotImplementedError("01.4 int_from_unit")


def merit(trial):
    """01.5 Return the sort key of a finished trial, so that ``sorted(history, key=merit)`` has the best one first.

    First complete trials, by loss. Then pruned ones: those that came to a later step first, at the same step by loss,
    those without any report last. Then failed ones, all alike. A loss of nan counts as infinite.

    Args:
        trial: ``state`` ("complete", "pruned" or "failed"), ``loss``, and ``curve``, a dict from steps to the losses
            reported there.

    Returns:
        Whatever Python can compare, a tuple for instance. Trials that are equally good have equal keys.

    >>> long = FrozenTrial({"x": 1}, 0.9, {0: 1.0, 1: 0.9}, "pruned")
    >>> short = FrozenTrial({"x": 2}, 0.4, {0: 0.4}, "pruned")
    >>> history = [FrozenTrial({"x": 0}, state="failed"), short, long, FrozenTrial({"x": 3}, 5.0)]
    >>> [trial.params["x"] for trial in sorted(history, key=merit)]
    [3, 1, 2, 0]
    """
    raise NotImplementedError("01.5 merit")


def run_search(suggest, space, objective, n_trials, seed, history=()):
    """01.6 Open: search, and return the list of all trials: what `Study.optimize` does, without its comforts.

    Trial n gets the generator ``np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n,)))``. Where the
    objective raises an exception or returns nan the trial is failed, its loss is nan, and the search goes on.

    Args:
        suggest: Returns the next configuration, ``suggest(space, history, rng)``, a dict; None: nothing is left.
        space: A dict from names to domains.
        objective: Returns the loss of a configuration.
        n_trials: How many trials there are to be in the end, those of ``history`` among them.
        seed: An integer.
        history: The trials of a search that goes on here, a list or a tuple. Do not change it.

    Returns:
        A list of `FrozenTrial`: ``FrozenTrial(params, loss)``, or ``FrozenTrial(params, state="failed")``.

    >>> from tpe_reference import Int, RandomSampler
    >>> space = {"k": Int(0, 2)}
    >>> trials = run_search(RandomSampler().suggest, space, lambda params: 6 / params["k"], 3, seed=1)  # 6 / 0 fails
    >>> [(trial.params["k"], trial.loss, str(trial.state)) for trial in trials]
    [(2, 3.0, 'complete'), (1, 6.0, 'complete'), (0, nan, 'failed')]
    """
    raise NotImplementedError("01.6 run_search")


# TPE in a unit interval of yours: each domain of a problem is made anew, with your functions in the place of its own.
# Where one is not written yet, the real one stands in. See that it makes no difference:
#     tpe-reference compare --sampler FILE:OnMyScale --samplers tpe --problems branin --seeds 10
MINE = {
    "cell": cell,
    "Float.from_unit": float_from_unit,
    "Float.to_unit": float_to_unit,
    "Int.from_unit": int_from_unit,
}
my_space = put_into("space", MINE)


class OnMyScale(TPESampler):
    """TPE, to which a space comes with your functions in it."""

    def suggest(self, space, history, rng):
        """Return the next configuration."""
        mine = {name: my_space.domain_from_json(domain_to_json(domain)) for name, domain in space.items()}
        return super().suggest(mine, history, rng)
