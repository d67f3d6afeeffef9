"""Pruning of Lightning's trainings (``trainer.fit``) on one device.

The callback ends a training as Lightning's own early stopping does, by ``trainer.should_stop`` at the end of an epoch.
Lightning then finishes: ``on_train_end`` and ``on_fit_end`` of all, and ``teardown`` of one after the other, where, in
its own turn, this one raises `TrialPruned`. As every exception that leaves ``fit`` it has Lightning call
``on_exception`` of the callbacks and note the run as failed in its loggers.

    def objective(trial):
        model = Net(lr=trial.suggest_float("lr", 1e-4, 1e-1, log=True))  # its validation_step logs "val_loss"
        pruning = PyTorchLightningPruningCallback(trial, "val_loss")
        trainer = lightning.pytorch.Trainer(max_epochs=20, callbacks=[pruning])
        trainer.fit(model, train_loader, valid_loader)
        return trainer.callback_metrics["val_loss"].item()
"""

from __future__ import annotations

from typing import Any

from lightning.pytorch.callbacks import Callback

from ..trial import Trial, TrialRecord
from .arguments import missed_validation
from .reporter import Reporter


class PyTorchLightningPruningCallback(Callback):  # type: ignore[misc]  # its type hints are not followed
    """Reports a logged metric to the trial after every epoch; the trial ends where it is to be pruned.

    An epoch's step is Lightning's own number, from 0, also where a training goes on from a checkpoint (``ckpt_path``).
    Several validations within an epoch: the last of them counts. An epoch without a validation reports nothing of it.
    With ``min_epochs`` Lightning stops no earlier, and a pruned trial not either. Put it last in the list of callbacks.

    Args:
        trial: The trial that the objective got.
        monitor: The name under which the model logs the metric: "val_loss".
        direction: "minimize" where lower values of the metric are better, "maximize" where higher ones are. A study
            that looks for the opposite is an error. None: not checked, for Lightning knows nothing of it.

    Raises:
        TypeError: For what is not a trial.
        ValueError: For a direction that is not the study's; in training, for a metric that is not there (of a
            training without a validation at its end), and for several devices.
    """

    def __init__(self, trial: Trial | TrialRecord, monitor: str, direction: str | None = None) -> None:
        super().__init__()
        self._reporter = Reporter(type(self).__name__, trial, monitor)
        if direction is not None:
            self._reporter.check_direction(direction)
        self._monitor = monitor
        self._validated = self._prune = False
        self._seen: Any = None  # the metric that was reported last

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Start anew."""
        if trainer.world_size > 1:
            raise ValueError(f"{self._reporter.who}: a training on {trainer.world_size} devices is not covered")
        self._validated = self._prune = False
        self._seen = None

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Note that there was one, other than the trial run before the training."""
        self._validated = self._validated or not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, and have the training stopped where the trial is to be pruned."""
        metrics = trainer.callback_metrics
        if self._prune or (self._monitor not in metrics and trainer.enable_validation and not self._validated):
            return  # it goes on to its min_epochs; or the first validation is still to come
        value = self._reporter.find(metrics)
        if value is self._seen:  # what was not logged in this epoch stands there still, the same tensor
            return
        self._seen = value
        if self._reporter.report(value.item(), trainer.current_epoch):
            self._prune = trainer.should_stop = True

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Say where nothing was reported."""
        if self._seen is None:
            missed_validation(self._reporter.who, self._monitor, is_complete=not trainer.should_stop)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Raise `TrialPruned` where an epoch was reason to."""
        if stage == "fit":
            self.check_pruned()

    def check_pruned(self) -> None:
        """Raise `TrialPruned` where an epoch was reason to: for Optuna's scripts, which call it after ``fit``."""
        if self._prune:
            raise self._reporter.pruned()
