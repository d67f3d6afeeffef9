"""Exercises of the chapter on random search. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. The second and the third are the package's own, with the same arguments: `study.trial_rng`,
and all of `tpe_reference.samplers.random_search`. The last two are samplers of yours.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 03.4    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import itertools
import math

import numpy as np

from tpe_reference.exercises import put_into


def trials_needed(q, p):
    """03.1 Return the least number of random trials of which the best is among the best share q, with probability p.

    Args:
        q: A share of the space, in (0, 1): 0.05 are the best 5 %.
        p: A probability, in (0, 1).

    >>> int(trials_needed(0.05, 0.95))
    59
    """
    raise NotImplementedError("03.1 trials_needed")


def trial_rng(seed, number):
    """03.2 Return the generator of a trial: a numpy.random.Generator, the default one of numpy.

    It is made of a `numpy.random.SeedSequence` whose entropy is the study's seed and whose spawn key is the trial's
    number, and of nothing else: no variable outlives the call.

    Args:
        seed: An integer, from 0.
        number: The trial's, from 0.

    >>> round(trial_rng(0, 17).random(), 6) == round(trial_rng(0, 17).random(), 6)
    True
    >>> round(trial_rng(0, 17).random(), 6) == round(trial_rng(17, 0).random(), 6)
    False
    """
    raise NotImplementedError("03.2 trial_rng")


def suggest_at_random(sampler, space, history, rng):
    """03.3 Return a configuration at random: all of random search.

    For each parameter draw one number, uniform in [0, 1), by ``rng.random``, in the order of the space; its domain
    makes a value of it.

    Args:
        sampler: The `RandomSampler` whose method this is. It has no settings: you will not need it.
        space: A dict from names to domains (`Float`, `Int`, `Categorical`): ``from_unit(u)`` is the value at u.
        history: The trials so far.
        rng: A numpy generator, the only source of chance.

    Returns:
        A dict from names to values.

    >>> from tpe_reference import Float, Int
    >>> params = suggest_at_random(None, {"x": Float(0.0, 10.0), "n": Int(1, 4)}, [], np.random.default_rng(0))
    >>> round(params["x"], 6), params["n"]  # this generator's first two numbers are 0.6369617 and 0.2697867
    (6.369617, 2)
    """
    raise NotImplementedError("03.3 suggest_at_random")


def suggest_new(space, history, rng):
    """03.4 Open: return a configuration at random that was not tried before, as long as there is one.

    A configuration was tried when the ``params`` of a trial, whatever its state, are equal to it: no name less, and
    none more. All that were not tried are as likely, also the last one that is left. When none is left the search goes
    on, with one that was tried. A space may be too large to be listed.

    Args:
        space: A dict from names to domains: ``from_unit(u)``; ``size`` is the number of values, None for a continuous
            domain; ``values()`` are all of them.
        history: The trials so far, with ``params``.
        rng: A numpy generator, the only source of chance.

    >>> from tpe_reference import FrozenTrial, Int
    >>> history = [FrozenTrial({"n": n}, 0.5) for n in (1, 2, 4)]
    >>> int(suggest_new({"n": Int(1, 4)}, history, np.random.default_rng(0))["n"])
    3
    """
    raise NotImplementedError("03.4 suggest_new")


def local_search(space, history, rng):
    """03.5 Open: return a small change of the best configuration so far.

    There is no single right answer: yours has to be a pure function, stand every kind of trial, make most of its
    suggestions near the best complete trial, reach every choice of a `Categorical` in the end, and be well ahead of
    random search.

    Args:
        space: A dict from names to domains (`Float`, `Int`, `Categorical`): ``to_unit(value)``, ``from_unit(u)``, for
            which u outside [0, 1] is the nearer end; ``size``; a `Categorical` has ``choices``.
        history: The trials so far: ``params``, ``loss`` (lower is better; nan where there is none), ``state``. Some
            may lack a name; there may be none at all.
        rng: A numpy generator, the only source of chance.
    """
    raise NotImplementedError("03.5 local_search")


# The real thing with your functions in the place of its own. `my_study.create_study(seed=0)` makes a study that gives
# every trial your generator; and see your samplers beside ours (MyRandom has to end where random search does):
#     tpe-reference compare --sampler FILE:MyRandom --samplers random --problems sphere --seeds 10
#     tpe-reference compare --sampler FILE:MyLocalSearch --samplers random tpe --problems sphere branin --seeds 10
my_study = put_into("study", {"trial_rng": trial_rng})
MyRandom = put_into("samplers.random_search", {"RandomSampler.suggest": suggest_at_random}).RandomSampler


class NeverTwice:
    """Your answer to 03.4 as a sampler."""

    def suggest(self, space, history, rng):
        """Return the next configuration."""
        return suggest_new(space, history, rng)


class MyLocalSearch:
    """Your answer to 03.5 as a sampler."""

    def suggest(self, space, history, rng):
        """Return the next configuration."""
        return local_search(space, history, rng)
