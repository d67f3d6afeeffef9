"""Pruning of LightGBM's trainings: of `lightgbm.train`, `lightgbm.cv`, and of the estimators for scikit-learn.

LightGBM's own way to end a training is an exception from a callback, and here that is `TrialPruned`. (Its own one,
``EarlyStopException``, would have the training return as if it had come to its end.) Nothing is left open: the data
serve the next trial. The callbacks of a round are called in the order of their attribute ``order``, and this one after
those that print and record the round, before that of early stopping.

    def objective(trial):
        params = {"objective": "binary", "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.5, log=True)}
        pruning = LightGBMPruningCallback(trial, "binary_logloss")
        model = lightgbm.train(params, train, 100, valid_sets=[valid], callbacks=[pruning])
        return model.best_score["valid_0"]["binary_logloss"]
"""

from __future__ import annotations

from typing import Any

from ..trial import Trial, TrialRecord
from .arguments import check_interval, warn_of_interval
from .reporter import Reporter


class LightGBMPruningCallback:
    """Reports a metric to the trial after every boosting round; the trial ends where it is to be pruned.

    A round's step is LightGBM's own number: where a training goes on with an earlier model (``init_model``), so do the
    steps. Of `lightgbm.cv` the mean over the folds is reported.

    LightGBM says of each metric which way is up; a study that looks for the opposite is an error.

    Args:
        trial: The trial that the objective got.
        metric: The metric's name as LightGBM prints it: "binary_logloss", "auc".
        valid_name: Which of the validation sets. (In `lightgbm.cv` there is one, whatever this says.)
        report_interval: Report after every so many rounds.

    Raises:
        TypeError: For what is not a trial.
        ValueError: For an interval that is no whole number of at least 1; in training, for a metric that is not there,
            or whose better values the study does not look for.
    """

    def __init__(
        self, trial: Trial | TrialRecord, metric: str, valid_name: str = "valid_0", report_interval: int = 1
    ) -> None:
        self._reporter = Reporter(type(self).__name__, trial, metric)
        self._interval = check_interval(self._reporter.who, "report_interval", report_interval)
        self._metric, self._valid_name = metric, valid_name
        self.order = 25  # LightGBM's own: log_evaluation 10, record_evaluation 20, early_stopping 30; others below 0

    def __call__(self, env: Any) -> None:
        """Report the round that has ended."""
        from lightgbm import CVBooster  # here, where it has been imported for long

        # Each result is a tuple: data, metric, value, whether higher values are better, and of cv the deviation. Up to
        # LightGBM 4.6 the data of cv are all named "cv_agg", and the metric "valid auc".
        results = {f"{data} {name}".removeprefix("cv_agg "): rest for data, name, *rest in env.evaluation_result_list}
        is_cv = isinstance(env.model, CVBooster)
        self._reporter.metric = f"{'valid' if is_cv else self._valid_name} {self._metric}"
        made_of = "" if is_cv else ", each a valid_name and a metric"  # of cv valid_name says nothing
        value, is_higher_better, *_ = self._reporter.find(results, made_of)
        if (
            env.iteration == env.begin_iteration
            and env.end_iteration // self._interval == env.iteration // self._interval
        ):
            warn_of_interval(self._reporter.who, "report_interval", self._interval)
        self._reporter.check_direction("maximize" if is_higher_better else "minimize")
        if (env.iteration + 1) % self._interval == 0 and self._reporter.report(value, env.iteration):
            raise self._reporter.pruned()
