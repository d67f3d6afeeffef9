"""What the callbacks share: the reports of one training to one trial.

A callback keeps a `Reporter` and knows what only its framework knows: where the metric stands, which way of it is up,
how a training is stopped. Everything that concerns the trial is here.

>>> from tpe_reference import create_study
>>> trial = create_study(direction="maximize").ask()
>>> reporter = Reporter("MyCallback", trial, "accuracy")
>>> reporter.report(0.5, step=0)  # whether to stop
False
>>> reporter.check_direction("minimize")
Traceback (most recent call last):
    ...
ValueError: MyCallback: of 'accuracy' lower values are better, and the study looks for higher ones; report another \
metric, or create_study(direction='minimize')
"""

from __future__ import annotations

import warnings
from collections.abc import Container, Mapping
from typing import Any

from ..trial import Trial, TrialPruned, TrialRecord
from .arguments import check_trial

_DIRECTIONS = ("minimize", "maximize")


class Reporter:
    """The reports of one training to its trial.

    A copy (scikit-learn copies an estimator's arguments) reports to the same trial. What is pickled leaves the trial
    behind: a model that holds its callbacks can be saved without the whole study, and a training in another process,
    whose reports the study would never see, says so.

    Args:
        who: The callback's name, for messages.
        trial: The trial that the objective got.
        metric: What is reported, for messages.

    Raises:
        TypeError: For what is not a trial.
    """

    def __init__(self, who: str, trial: Trial | TrialRecord, metric: str) -> None:
        self.who = who
        self.metric = metric
        self._trial: Trial | TrialRecord | None = check_trial(who, trial)
        self._warned = False
        self._last = (0, 0.0)  # what was reported last: step and value

    @property
    def trial(self) -> Trial | TrialRecord:
        """The trial, which a pickled copy has not."""
        if self._trial is None:
            raise RuntimeError(
                f"{self.who}: this copy came from a file or another process, and has no trial that it could report to; "
                "make the callback in the process that runs the objective, and train there"
            )
        return self._trial

    @property
    def direction(self) -> str | None:
        """What the study looks for, "minimize" or "maximize"; None of a trial that has no study."""
        # The study's name for it, which a trial in another process knows as well.
        direction = self.trial._study.direction if isinstance(self.trial, Trial) else self.trial.direction
        return None if direction is None else str(direction)

    def check_direction(self, better: str) -> None:
        """Raise ValueError where the study looks for what is worse in this metric.

        Args:
            better: "minimize" where lower values of the metric are better, "maximize" where higher ones are.
        """
        if better not in _DIRECTIONS:
            raise ValueError(f"{self.who}: direction must be 'minimize' or 'maximize', got {better!r}")
        if self.direction not in (None, better):
            lower, higher = ("lower", "higher") if better == "minimize" else ("higher", "lower")
            raise ValueError(
                f"{self.who}: of {self.metric!r} {lower} values are better, and the study looks for {higher} ones; "
                f"report another metric, or create_study(direction={better!r})"
            )

    def find(self, metrics: Mapping[str, Any], made_of: str = "") -> Any:
        """Return the metric out of all that there are, or raise ValueError with the names of those.

        Args:
            metrics: All that there are, by name.
            made_of: What the names are made of, to be said after them.
        """
        if self.metric not in metrics:
            there_is = (
                f"there are {sorted(metrics)}{made_of}"
                if metrics
                else "there is none: give the training validation data"
            )
            raise ValueError(f"{self.who}: there is no metric {self.metric!r}; {there_is}")
        return metrics[self.metric]

    def report(self, value: Any, step: int) -> bool:
        """Report the metric after a step, counted from 0; return whether the trial should be pruned.

        A step that was reported before (by another fold's training, say) is left as it is, with one warning. A trial
        that was pruned stays so: where something took `TrialPruned` for an error and goes on with another training,
        as scikit-learn's cross_val_score does, that one ends at its first report.
        """
        if isinstance(self.trial, Trial) and self.trial._pruning is not None:
            return True
        if step in self._reported():
            self._warn_once(step)
            return False
        self.trial.report(value, step)
        self._last = step, float(value)
        return self.trial.should_prune()

    def catch_up(self, values: Mapping[int, float]) -> None:
        """Report what came before this training was interrupted, by step, where the trial has not seen it."""
        for step, value in sorted(values.items()):
            if step not in self._reported():
                self.trial.report(value, step)

    def pruned(self) -> TrialPruned:
        """Return the exception to raise after a report that was reason to."""
        trial = self.trial
        assert isinstance(trial, Trial)  # a record is not pruned
        if trial._pruning is None:
            step, value = self._last
            trial._pruning = f"trial {trial.number}: pruned at step {step}, with {self.metric}={value:.6g}"
        return TrialPruned(trial._pruning)

    def _reported(self) -> Container[int]:
        """The steps that the trial has had a report of. A record takes no reports, so has none."""
        return self.trial._curve if isinstance(self.trial, Trial) else ()

    def _warn_once(self, step: int) -> None:
        if not self._warned:
            self._warned = True
            text = (
                f"{self.who}: trial {self.trial.number} has had a report of step {step} before. The first stays, "
                "and nothing is pruned at such a step. Several trainings in a trial (folds, seeds): report their mean "
                "yourself. One that is continued: let its steps go on where they ended"
            )
            warnings.warn(text, stacklevel=2)

    def __deepcopy__(self, memo: dict[int, Any]) -> Reporter:
        return Reporter(self.who, self.trial, self.metric)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_trial": None}
