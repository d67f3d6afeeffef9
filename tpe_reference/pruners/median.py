"""Median pruning: stop a trial whose best report so far is worse than the median of the others at this step.

The rule, for a trial that has reported losses y_1, ..., y_s and completed trials k with curves y^k

    stop  if  min(y_1, ..., y_s)  >  median of { y^k_s : completed trials k that reported at step s }

The left side is the trial's *best* loss so far, the right side the others' *present* losses: a trial gets the
benefit of a lucky early report, so one noisy step does not end it. The inequality is strict; a trial that equals
the median goes on.

Two rules go by this name, and this is Optuna's (``MedianPruner``, version 5), decision for decision (but for
infinite losses, whose median is a number here, where numpy's percentile makes it nan). In the original, Google
Vizier's, the others' curves count by their *running averages* up to step s, not by their values at it, which is
more patient with curves that start badly and fall late.

Sources
    D. Golovin, B. Solnik, S. Moitra, G. Kochanski, J. Karro and D. Sculley (2017), Google Vizier: A Service for
    Black-Box Optimization. KDD 2017, 1487-1495, section 3.5.2 (the median stopping rule).
    T. Akiba, S. Sano, T. Yanase, T. Ohta and M. Koyama (2019), Optuna: A Next-generation Hyperparameter
    Optimization Framework. KDD 2019, 2623-2631.

Start reading at `MedianPruner.should_prune`.

>>> from tpe_reference.space import FrozenTrial
>>> history = [FrozenTrial({}, curve={1: loss}, loss=loss) for loss in (0.1, 0.2, 0.3, 0.4, 0.5)]
>>> pruner = MedianPruner(n_startup_trials=5)
>>> pruner.should_prune(FrozenTrial({}, curve={1: 0.31}, state="running"), history)
True
>>> pruner.should_prune(FrozenTrial({}, curve={1: 0.30}, state="running"), history)
False
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..space import FrozenTrial


class MedianPruner:
    """Stops a trial that is worse than the median of its predecessors at the same step.

    When to use it: when a trial's early losses tell something about its last one, and many trials show early that
    they are bad. (Google Vizier's rule of the same name compares running averages: see the head of this file.) When
    not: when curves cross (large models that start slowly): then raise ``n_warmup_steps`` beyond the crossing, or do
    without.

    Args:
        n_startup_trials: Nothing is pruned before this many trials are complete. 5: a median of fewer is a rumour.
        n_warmup_steps: Nothing is pruned at steps below this one.
        interval_steps: From there on a trial is judged once per so many steps, at its first report in each interval.
        n_min_trials: Nothing is pruned at a step that fewer completed trials have reported at.

    Raises:
        ValueError: For a number below 0 (for the last two, below 1), or one that is not whole.
    """

    def __init__(
        self, n_startup_trials: int = 5, n_warmup_steps: int = 0, interval_steps: int = 1, *, n_min_trials: int = 1
    ) -> None:
        self.n_startup_trials = _at_least(0, "n_startup_trials", n_startup_trials)
        self.n_warmup_steps = _at_least(0, "n_warmup_steps", n_warmup_steps)
        self.interval_steps = _at_least(1, "interval_steps", interval_steps)
        self.n_min_trials = _at_least(1, "n_min_trials", n_min_trials)

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        """Decide whether a running trial should stop at the last step that it has reported.

        Args:
            trial: The running trial; its curve holds the losses {step: loss} that it has reported.
            history: The other trials; only the complete ones count.
        """
        if not trial.curve:
            return False
        step = max(trial.curve)
        if step < self.n_warmup_steps or not self.is_first_in_interval(step, trial.curve):
            return False
        others = [other for other in history if other.state == "complete"]
        if not others or len(others) < self.n_startup_trials:
            return False
        own = _without_nan(trial.curve.values())
        if not own:
            return True  # all that it ever reported is nan: it has diverged
        losses = [other.curve[step] for other in others if step in other.curve]
        present = _without_nan(losses)
        if len(losses) < self.n_min_trials or not present:
            return False
        return min(own) > self.border(present)

    def border(self, losses: list[float]) -> float:
        """Return the loss above which a trial stops: the median of the others'."""
        return median(losses)

    def is_first_in_interval(self, step: int, steps: Iterable[int]) -> bool:
        """Whether the trial reports for the first time since the last multiple of the interval after the warm-up.

        Args:
            step: The step of its last report, not in the warm-up.
            steps: The steps of all its reports, that one among them.
        """
        start = step - (step - self.n_warmup_steps) % self.interval_steps
        return start == step or all(earlier < start for earlier in steps if earlier != step)


def median(losses: list[float]) -> float:
    """Return the middle one of some losses, or the mean of the two in the middle."""
    # Python's statistics module has one, but importing it takes longer than importing all of this package.
    ordered, middle = sorted(losses), len(losses) // 2
    return ordered[middle] if len(losses) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _without_nan(losses: Iterable[float]) -> list[float]:
    return [loss for loss in losses if not math.isnan(loss)]


def _at_least(lowest: int, name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < lowest:
        raise ValueError(f"MedianPruner: {name} must be a whole number of at least {lowest}, got {value!r}")
    return int(value)
