"""Percentile pruning: as median pruning, with another border than the median: the best so many percent go on.

>>> from tpe_reference.space import FrozenTrial
>>> history = [FrozenTrial({}, curve={1: loss}, loss=loss) for loss in (0.1, 0.2, 0.3, 0.4, 0.5)]
>>> PercentilePruner(25.0).should_prune(FrozenTrial({}, curve={1: 0.25}, state="running"), history)
True
"""

from __future__ import annotations

import math

import numpy as np

from .median import MedianPruner


class PercentilePruner(MedianPruner):
    """Stops a trial that is not among the best ``percentile`` percent of its predecessors at the same step.

    When to use it: below 50, where time is short and early losses are telling; above, where they mislead.

    Args:
        percentile: From 0 to 100; 50 makes it a `MedianPruner`. Between two losses it goes along the straight line.
        n_startup_trials: As there, like the rest.
        n_warmup_steps: As there.
        interval_steps: As there.
        n_min_trials: As there.

    Raises:
        ValueError: For a percentile outside 0 to 100, and the numbers that `MedianPruner` refuses.
    """

    def __init__(
        self,
        percentile: float,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
    ) -> None:
        is_number = isinstance(percentile, (int, float, np.number)) and not isinstance(percentile, bool)
        if not is_number or not 0 <= percentile <= 100:
            raise ValueError(f"PercentilePruner: percentile must be a number from 0 to 100, got {percentile!r}")
        super().__init__(n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials)
        self.percentile = float(percentile)

    def border(self, losses: list[float]) -> float:
        """Return the loss above which a trial stops: the percentile of the others'."""
        ordered = sorted(losses)
        below, part = divmod((len(losses) - 1) * self.percentile / 100, 1)
        low, high = ordered[int(below)], ordered[math.ceil(below + part)]
        return low if low == high else low + part * (high - low)  # equal infinities have no difference
