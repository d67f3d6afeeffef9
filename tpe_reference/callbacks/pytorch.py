"""Pruning in a training loop of your own, as PyTorch has them. It imports no torch: any loop of Python's will do.

>>> import tpe_reference
>>> from tpe_reference.callbacks import PyTorchPruningCallback
>>> def objective(trial):
...     lr = trial.suggest_float("lr", 1e-3, 1.0, log=True)
...     after_epoch = PyTorchPruningCallback(trial, direction="minimize")
...     weight = 1.0
...     for epoch in range(10):
...         weight -= lr * 2 * weight  # train one epoch
...         after_epoch(weight**2, epoch)  # the validation loss; this line is where a bad trial ends
...     return after_epoch.best_value
>>> study = tpe_reference.create_study(seed=0)
>>> study.optimize(objective, n_trials=20)
>>> study.best_value < 1e-3, sum(trial.state == "pruned" for trial in study.trials) > 0
(True, True)
"""

from __future__ import annotations

import math
from typing import Any

from ..trial import Trial, TrialRecord
from .reporter import Reporter


class PyTorchPruningCallback:
    """To be called once per epoch of a training loop: reports the metric, and ends the trial where it is to be pruned.

    Where it raises `TrialPruned`, let it pass: the study takes it for what it is. What has to be closed in any case
    (a file, a process group) belongs in a ``with`` or ``finally``.

    Args:
        trial: The trial that the objective got.
        metric: What is reported, for messages.
        direction: "minimize" where lower values of the metric are better, "maximize" where higher ones are. A study
            that looks for the opposite is an error. None: as the study says, whatever the metric.

    Raises:
        TypeError: For what is not a trial.
        ValueError: For another direction, or the study's opposite.
    """

    def __init__(self, trial: Trial | TrialRecord, metric: str = "value", direction: str | None = None) -> None:
        self._reporter = Reporter(type(self).__name__, trial, metric)
        if direction is not None:
            self._reporter.check_direction(direction)
        self._direction = direction or self._reporter.direction
        self._values: dict[int, float] = {}  # by epoch

    def __call__(self, value: Any, epoch: int | None = None) -> None:
        """Report the metric after an epoch.

        Args:
            value: The metric on the validation data: a number, or a tensor of one element (on a GPU this waits for it).
            epoch: Which epoch, counted from 0. None: the one after the last that was reported.

        Raises:
            TrialPruned: Where the pruner says so.
            ValueError: For a value that is no number, an epoch that is no whole one.
        """
        number = self._number(value)
        if epoch is None:
            epoch = max(self._values, default=-1) + 1
        prune = self._reporter.report(number, epoch)
        self._values.setdefault(int(epoch), float(number))
        if prune:
            raise self._reporter.pruned()

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the best value, the first of several; None as long as there is none but nan.

        Raises:
            ValueError: Where neither a study nor an argument has said which values are better.
        """
        if self._direction is None:
            raise ValueError(
                f"{self._reporter.who}: a trial without a study does not know which values are better; "
                "pass direction='minimize' or direction='maximize'"
            )
        sign = 1 if self._direction == "minimize" else -1
        ranked = ((sign * value, epoch) for epoch, value in self._values.items() if not math.isnan(value))
        return min(ranked, default=(math.nan, None))[1]

    @property
    def best_value(self) -> float:
        """The best value of any epoch; nan as long as there is none."""
        best = self.best_epoch
        return math.nan if best is None else self._values[best]

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to hold beside the states of model and optimizer: the reports so far."""
        return {"values": dict(self._values)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a checkpoint: a trial that has not seen its reports gets them; none of them prunes it."""
        self._reporter.catch_up(state_dict["values"])
        self._values.update(state_dict["values"])

    def _number(self, value: Any) -> Any:
        """Return the number in a tensor of one element; anything else as it is, for the trial to judge."""
        if not hasattr(value, "numel"):  # which tensors have
            return value
        if value.numel() != 1:
            raise ValueError(
                f"{self._reporter.who}: value must be a number, got a tensor of shape {tuple(value.shape)}; "
                "take its mean, say"
            )
        return value.item()
