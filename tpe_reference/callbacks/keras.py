"""Pruning of Keras' trainings (``model.fit``), whatever the backend; TensorFlow's ``tf.keras`` is this Keras.

The callback ends a training as Keras' own early stopping does, by ``model.stop_training`` at the end of an epoch. Keras
then calls ``on_train_end`` of every callback in turn, and there, in its own turn, this one raises `TrialPruned`. So
callbacks that stand before it in the list have finished what they do (files closed, the best weights restored).

    def objective(trial):
        model = build(units=trial.suggest_int("units", 4, 64, log=True))
        pruning = KerasPruningCallback(trial, "val_loss")
        history = model.fit(x, y, validation_data=(x_valid, y_valid), epochs=30, callbacks=[pruning])
        return history.history["val_loss"][-1]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras.callbacks import Callback

from ..trial import Trial, TrialRecord
from .arguments import check_interval, missed_validation, warn_of_interval
from .reporter import Reporter

_DIRECTIONS = {"min": "minimize", "max": "maximize"}  # Keras' word for it: ours


class KerasPruningCallback(Callback):  # type: ignore[misc]  # its type hints are not followed
    """Reports a metric to the trial after every epoch; the trial ends where it is to be pruned.

    An epoch's step is Keras' own number, from 0. Where a second ``fit`` goes on with a model, tell Keras so
    (``initial_epoch``), and the steps go on as well. Put it last in the list of callbacks.

    Args:
        trial: The trial that the objective got.
        monitor: The metric's name as Keras prints it: "val_loss", "val_accuracy".
        interval: Report after every so many epochs.
        mode: "min" where lower values of the metric are better, "max" where higher ones are. A study that looks for
            the opposite is an error. "auto": as Keras says of the metric; not checked where it says nothing.

    Raises:
        TypeError: For what is not a trial.
        ValueError: For another mode, an interval that is no whole number of at least 1; in training, for a metric that
            is not there (of a training without a validation at its end, for Keras may begin with one at any epoch), or
            whose better values the study does not look for.
    """

    def __init__(self, trial: Trial | TrialRecord, monitor: str, interval: int = 1, mode: str = "auto") -> None:
        super().__init__()
        self._reporter = Reporter(type(self).__name__, trial, monitor)
        self._interval = check_interval(self._reporter.who, "interval", interval)
        if mode not in ("auto", *_DIRECTIONS):
            raise ValueError(f"{self._reporter.who}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        self._monitor, self._mode = monitor, mode
        self._found = self._reported = self._prune = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Start anew."""
        self._found = self._reported = self._prune = False

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Report, and have the training stopped where the trial is to be pruned."""
        logs = logs or {}
        if self._monitor.startswith("val_") and not any(name.startswith("val_") for name in logs):
            return  # an epoch without validation: fit's validation_freq
        value = self._reporter.find(logs)
        if not self._found:
            self._found = True
            self._check_direction()
        if (epoch + 1) % self._interval == 0:
            self._reported = True
            if self._reporter.report(value, epoch):
                self._prune = self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Raise `TrialPruned` where an epoch was reason to, and say where nothing was reported."""
        if self._prune:
            raise self._reporter.pruned()
        is_complete = not self.model.stop_training
        if not self._found:
            missed_validation(self._reporter.who, self._monitor, is_complete=is_complete)
        elif is_complete and not self._reported:
            warn_of_interval(self._reporter.who, "interval", self._interval)

    def _check_direction(self) -> None:
        better = _DIRECTIONS.get(self._mode) or known_direction(self.model, self._monitor)
        if better is not None:
            self._reporter.check_direction(better)


TFKerasPruningCallback = KerasPruningCallback  # Optuna's, for the Keras that was part of TensorFlow: now this one


def known_direction(model: Any, monitor: str) -> str | None:
    """Return "minimize" or "maximize" where Keras knows it of a metric, None where it does not."""
    name = monitor.removeprefix("val_")
    if name == "loss":
        return "minimize"
    # What is compiled into a model is one metric that has the others. Their direction is what mode="auto" of Keras' own
    # callbacks goes by, though it is not documented: hence the care.
    for outer in model.metrics:
        for metric in getattr(outer, "metrics", None) or [outer]:
            if metric.name == name:
                return {"up": "maximize", "down": "minimize"}.get(getattr(metric, "_direction", None) or "")
    return None
