"""Pruning of XGBoost's trainings: of `xgboost.train`, `xgboost.cv`, and of the estimators for scikit-learn.

The callback ends a training in XGBoost's own way: its ``before_iteration`` returns True, and no further round begins.
(True after a round would say as much, but the callbacks behind it would not hear of that round, and `xgboost.cv` takes
it for early stopping and looks for a best round.) XGBoost then calls ``after_training`` of every callback in turn, and
there, in its own turn, this one raises `TrialPruned`. So callbacks that stand before it in the list have finished what
they do (a last checkpoint, a last line of the log). That is so from XGBoost 3.2 on; earlier versions call callbacks in
no order, and some may miss the end of a training that is pruned.

    def objective(trial):
        params = {"objective": "binary:logistic", "eta": trial.suggest_float("eta", 0.01, 0.5, log=True)}
        pruning = XGBoostPruningCallback(trial, "validation-logloss")
        result = {}
        xgboost.train(params, train, 100, evals=[(valid, "validation")], evals_result=result, callbacks=[pruning])
        return result["validation"]["logloss"][-1]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xgboost.callback import TrainingCallback

from ..trial import Trial, TrialRecord
from .reporter import Reporter

EvalsLog = Mapping[str, Mapping[str, list[Any]]]  # by data and by metric, the scores of all rounds so far

# XGBoost's own metrics; what follows an @ (a threshold, a length) does not change which way is up. XGBoost says it of
# none: https://xgboost.readthedocs.io/en/stable/parameter.html#learning-task-parameters describes them.
HIGHER_IS_BETTER = {"auc", "aucpr", "interval-regression-accuracy", "map", "ndcg", "pre"}
LOWER_IS_BETTER = {
    *("aft-nloglik", "cox-nloglik", "error", "expectile", "gamma-deviance", "gamma-nloglik", "logloss", "mae", "mape"),
    *("merror", "mlogloss", "mphe", "poisson-nloglik", "quantile", "rmse", "rmsle", "tweedie-nloglik"),
}


class XGBoostPruningCallback(TrainingCallback):  # type: ignore[misc]  # its type hints are not followed
    """Reports a metric to the trial after every boosting round; the trial ends where it is to be pruned.

    A round's step is its number in the model: where a training goes on with an earlier model (``xgb_model``), it goes
    on where that ended. Of `xgboost.cv` the mean over the folds is reported. Put it last in the list of callbacks.

    Args:
        trial: The trial that the objective got.
        observation_key: The data's name and the metric's, with a hyphen: "validation-logloss" for
            ``evals=[(data, "validation")]``; "test-logloss" for `xgboost.cv`; "validation_0-logloss" for the first
            ``eval_set`` of an estimator.
        direction: "minimize" where lower values of the metric are better, "maximize" where higher ones are. A study
            that looks for the opposite is an error. None: known of XGBoost's own metrics, not checked of others.

    Raises:
        TypeError: For what is not a trial.
        ValueError: For a direction that is not the study's; in training, for a metric that is not there.
    """

    def __init__(self, trial: Trial | TrialRecord, observation_key: str, direction: str | None = None) -> None:
        super().__init__()
        self._reporter = Reporter(type(self).__name__, trial, observation_key)
        better = direction or known_direction(observation_key)
        if better is not None:
            self._reporter.check_direction(better)
        self._n_before = 0  # rounds of the model that this training goes on with
        self._prune = False

    def before_training(self, model: Any) -> Any:
        """Note where the training starts."""
        self._n_before, self._prune = model.num_boosted_rounds(), False
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: EvalsLog) -> bool:
        """Return whether to stop, instead of another round."""
        return self._prune

    def after_iteration(self, model: Any, epoch: int, evals_log: EvalsLog) -> bool:
        """Report the round."""
        scores = {f"{data}-{name}": log[-1] for data, logs in evals_log.items() for name, log in logs.items()}
        score = self._reporter.find(scores)
        value = score[0] if isinstance(score, tuple) else score  # cv's has a standard deviation as well
        self._prune = self._reporter.report(value, self._n_before + epoch)
        return False

    def after_training(self, model: Any) -> Any:
        """Raise `TrialPruned` where the last round was reason to."""
        if self._prune:
            raise self._reporter.pruned()
        return model


def known_direction(observation_key: str) -> str | None:
    """Return "minimize" or "maximize" for one of XGBoost's own metrics, None for another."""
    name = observation_key.partition("-")[2].partition("@")[0].rstrip("-")  # "ndcg-" is ndcg with another convention
    if name in HIGHER_IS_BETTER:
        return "maximize"
    return "minimize" if name in LOWER_IS_BETTER else None
