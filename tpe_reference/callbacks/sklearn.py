"""Pruning of scikit-learn's estimators that learn epoch by epoch: those with ``partial_fit``.

(A search over any estimator, with folds, is `tpe_reference.TPESearchCV`.)

    def objective(trial):
        model = SGDClassifier(alpha=trial.suggest_float("alpha", 1e-7, 1e-1, log=True), random_state=0)
        return fit_with_pruning(trial, model, X, y, X_valid, y_valid, n_epochs=30)
"""

from __future__ import annotations

from typing import Any

from ..trial import Trial, TrialRecord
from .arguments import check_interval
from .reporter import Reporter


def fit_with_pruning(
    trial: Trial | TrialRecord,
    estimator: Any,
    X: Any,
    y: Any,
    X_valid: Any,
    y_valid: Any,
    *,
    n_epochs: int,
    scoring: Any = None,
    first_epoch: int = 0,
) -> float:
    """Fit an estimator epoch by epoch, with a report to the trial after each, and return its last score.

    An epoch is one call of ``partial_fit`` with all rows, by which SGDClassifier, MLPClassifier and their like go
    through them once. The order of the rows is the estimator's: give it a ``random_state``.

    Args:
        trial: The trial that the objective got.
        estimator: The estimator. Where it has learnt before, it goes on from there.
        X: The training data.
        y: Their targets.
        X_valid: The data for the score.
        y_valid: Their targets.
        n_epochs: How many epochs in all.
        scoring: scikit-learn's name of a score ("neg_log_loss"), or a scorer; None: the estimator's own ``score``. Of a
            score higher values are always better, so that the study has to maximize.
        first_epoch: The number of the first epoch, where others have been before.

    Raises:
        TrialPruned: Where the pruner says so.
        TypeError: For what is not a trial; an estimator without ``partial_fit``.
        ValueError: For a study that minimizes; a number of epochs that is no whole number of at least 1.
    """
    from sklearn.metrics import check_scoring

    reporter = Reporter("fit_with_pruning", trial, "score" if scoring is None else str(scoring))
    reporter.check_direction("maximize")
    check_interval(reporter.who, "n_epochs", n_epochs)
    if first_epoch not in range(n_epochs):
        raise ValueError(
            f"fit_with_pruning: first_epoch must be one of the {n_epochs} epochs, from 0, got {first_epoch!r}"
        )
    if not hasattr(estimator, "partial_fit"):
        raise TypeError(
            f"fit_with_pruning: {type(estimator).__name__} has no partial_fit; of a pipeline transform the data first, "
            "and pass its last step"
        )
    scorer = check_scoring(estimator, scoring=scoring)
    classes = _classes(estimator, y, y_valid)
    for epoch in range(first_epoch, n_epochs):
        estimator.partial_fit(X, y, **classes)
        score = float(scorer(estimator, X_valid, y_valid))
        if reporter.report(score, epoch):
            raise reporter.pruned()
    return score


def _classes(estimator: Any, y: Any, y_valid: Any) -> dict[str, Any]:
    """Return the classes for ``partial_fit``: a part of the data may lack one, so it wants to be told all at the start.

    Of a MultiOutputClassifier they are a list, of those of each target.
    """
    import numpy as np
    from sklearn.base import is_classifier
    from sklearn.multioutput import MultiOutputClassifier
    from sklearn.utils.multiclass import unique_labels

    if not is_classifier(estimator):
        return {}
    if isinstance(estimator, MultiOutputClassifier):
        return {"classes": [np.unique(column) for column in np.vstack([y, y_valid]).T]}
    return {"classes": unique_labels(y, y_valid)}
