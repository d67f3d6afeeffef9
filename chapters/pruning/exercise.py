"""Exercises of the chapter on pruning. Replace each ``raise NotImplementedError`` by what its docstring asks for.

Take them in their order. The first four are functions and methods of `tpe_reference.pruners`, with the same arguments;
write them from the chapter, and look there when they pass. The last is a pruner that the package does not have.

    tpe-reference exercises              what is done, and what comes next
    tpe-reference exercises hint 06.2    a hint, once you have tried
    tpe-reference exercises watch        checks this file whenever you save it
"""

import math

from tpe_reference import FrozenTrial
from tpe_reference.exercises import put_into


def median(losses):
    """06.1 Return the middle one of some losses; of an even number, the mean of the two in the middle.

    Args:
        losses: A list of at least one number, in any order, none of them nan. Do not change it.

    >>> median([0.5, 0.1, 0.2]), median([4.0, 1.0, 2.0, 9.0])
    (0.2, 3.0)
    """
    raise NotImplementedError("06.1 median")


def percentile_border(pruner, losses):
    """06.2 Return the loss above which a trial stops: that at the place (m - 1) P / 100 of m sorted losses.

    Args:
        pruner: ``percentile``, P, a number from 0 to 100.
        losses: A list of at least one number, in any order, none of them nan. Some may be infinite.

    Returns:
        The first of the sorted losses has the place 0. Between two places it goes along the straight line from the one
        loss to the other.

    >>> from tpe_reference import PercentilePruner
    >>> percentile_border(PercentilePruner(25), [0.5, 0.1, 0.4, 0.2, 0.3])  # the place is 1
    0.2
    >>> percentile_border(PercentilePruner(25), [2.0, 1.0, 4.0])  # the place is 0.5
    1.5
    """
    raise NotImplementedError("06.2 percentile_border")


def is_first_in_interval(pruner, step, steps):
    """06.3 Return whether a report is the first of its stretch of steps: only there a trial is judged.

    The stretches are of ``interval_steps`` steps each, the first begins at ``n_warmup_steps``.

    Args:
        pruner: ``n_warmup_steps`` and ``interval_steps``, whole numbers; the interval is at least 1.
        step: The largest step that the trial has reported, not below ``n_warmup_steps``.
        steps: All steps that it has reported, that one among them, in any order: a list, or the keys of a dict.

    >>> from tpe_reference import MedianPruner
    >>> pruner = MedianPruner(n_warmup_steps=2, interval_steps=4)  # from 2 to 5, from 6 to 9, from 10 to 13
    >>> is_first_in_interval(pruner, 7, [0, 3, 5, 7]), is_first_in_interval(pruner, 9, [0, 3, 5, 7, 9])
    (True, False)
    """
    raise NotImplementedError("06.3 is_first_in_interval")


def should_prune(pruner, trial, history):
    """06.4 Return whether a running trial should stop at its last step: the median rule, in the order of the chapter.

    (So a trial that has reported nothing but nan is stopped before anybody asks whom it would be compared with.)

    Args:
        pruner: ``n_startup_trials``, ``n_warmup_steps``, ``n_min_trials``, whole numbers; and two methods, of which
            you have written one: ``pruner.is_first_in_interval(step, steps)``, and ``pruner.border(losses)``, the
            median of at least one loss.
        trial: ``curve``, a dict {step: loss} of what it has reported so far, maybe nothing. There may be nan in it.
        history: The other trials: ``state`` ("complete", "pruned", "failed" or "running") and ``curve``.

    >>> from tpe_reference import MedianPruner
    >>> history = [FrozenTrial({}, loss, {1: 2 * loss, 2: loss}) for loss in (0.1, 0.2, 0.3, 0.4, 0.5)]
    >>> def decide(curve):
    ...     return should_prune(MedianPruner(), FrozenTrial({}, curve=curve, state="running"), history)
    >>> decide({1: 0.7}), decide({1: 0.6}), decide({1: 0.25, 2: 9.0})  # its best counts; the medians are 0.6 and 0.3
    (True, False, False)
    """
    raise NotImplementedError("06.4 should_prune")


def successive_halving(trial, history):
    """06.5 Open: return whether a running trial should stop, by successive halving with a third in place of a half.

    The rungs are the steps 1, 3, 9, 27 and so on. A trial whose last step is a rung is compared with all that have
    reported a loss at this very step, whatever became of them. It goes on if it is in the best third of them, itself
    among them, and in any case when it is the first. nan is the worst of losses. Away from the rungs all go on.

    How a third of four trials is rounded, and what becomes of equal losses, is up to you.

    Args:
        trial: ``curve``, a dict {step: loss} of what it has reported so far, maybe nothing.
        history: The other trials, each with its ``curve``. Do not change it, and remember nothing: all that there is to
            know stands in it.

    >>> history = [FrozenTrial({}, loss, {1: loss}, "pruned") for loss in (0.1, 0.2, 0.3, 0.4, 0.5)]
    >>> def decide(curve):
    ...     return successive_halving(FrozenTrial({}, curve=curve, state="running"), history)
    >>> decide({1: 0.15}), decide({1: 0.35}), decide({1: 0.35, 2: 0.35})  # 2nd of 6, 4th of 6, no rung
    (False, True, False)
    """
    raise NotImplementedError("06.5 successive_halving")


# The real pruners with your functions in the place of their own; where one is not written yet, the real one stands
# in. See what they do: create_study(pruner=MyMedianPruner()), or replay(curves, MyMedianPruner()) with the
# curves of this chapter, in curves.py.
MINE = {
    "median": median,
    "MedianPruner.is_first_in_interval": is_first_in_interval,
    "MedianPruner.should_prune": should_prune,
}
MyMedianPruner = put_into("pruners.median", MINE).MedianPruner
MyPercentilePruner = put_into("pruners.percentile", {"PercentilePruner.border": percentile_border}).PercentilePruner


class SuccessiveHalving:
    """Your answer to 06.5 as a pruner: ``create_study(pruner=SuccessiveHalving())``."""

    def should_prune(self, trial, history):
        """Return whether the trial should stop."""
        return successive_halving(trial, history)
