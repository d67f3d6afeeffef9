"""Estimators of scikit-learn that learn epoch by epoch."""

from typing import Any

import numpy as np
import pytest
from fixed_pruners import new_trial, reports

import tpe_reference
from tpe_reference import TrialPruned
from tpe_reference.callbacks import fit_with_pruning

pytestmark = pytest.mark.usefixtures("sklearn")


def classifier(**params: Any) -> Any:
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", random_state=0, **params)


def test_the_score_of_every_epoch_is_reported_and_the_last_returned(rows: Any) -> None:
    x, y = rows
    trial, model, alone = new_trial(direction="maximize"), classifier(), classifier()
    score = fit_with_pruning(trial, model, x[:40], y[:40], x[40:], y[40:], n_epochs=4)
    expected = [alone.partial_fit(x[:40], y[:40], classes=[0, 1]).score(x[40:], y[40:]) for _ in range(4)]
    assert reports(trial) == dict(enumerate(expected))
    assert score == model.score(x[40:], y[40:]) == expected[-1]


def test_it_is_pruned_and_goes_on_where_it_stopped(rows: Any) -> None:
    trial, model = new_trial(step=2, direction="maximize"), classifier()
    with pytest.raises(TrialPruned, match=r"step 2, with neg_log_loss=-\d"):
        fit_with_pruning(trial, model, *rows, *rows, n_epochs=5, scoring="neg_log_loss")
    again, whole = new_trial(direction="maximize"), new_trial(direction="maximize")
    fit_with_pruning(again, model, *rows, *rows, n_epochs=5, scoring="neg_log_loss", first_epoch=3)
    fit_with_pruning(whole, classifier(), *rows, *rows, n_epochs=5, scoring="neg_log_loss")
    assert {**reports(trial), **reports(again)} == reports(whole)


def test_other_estimators_and_regressors_are_fitted_too(rows: Any) -> None:
    from sklearn.linear_model import SGDRegressor
    from sklearn.neural_network import MLPClassifier

    x, y = rows
    score = fit_with_pruning(
        new_trial(direction="maximize"), MLPClassifier((8,), random_state=0), x, y, x, y, n_epochs=3
    )
    assert 0 <= score <= 1
    score = fit_with_pruning(
        *(new_trial(direction="maximize"), SGDRegressor(random_state=0), x, x[:, 0], x, x[:, 0]),
        n_epochs=30,
        scoring="neg_mean_squared_error",
    )
    assert -0.01 < score < 0


def test_a_classifier_is_told_the_classes_that_only_the_validation_data_have(rows: Any) -> None:
    x, _ = rows
    y = np.digitize(x[:, 2], [-0.5, 0.5])
    model = classifier()
    fit_with_pruning(new_trial(direction="maximize"), model, x[y < 2], y[y < 2], x, y, n_epochs=2)
    assert list(model.classes_) == [0, 1, 2]


def test_a_classifier_of_several_targets_is_told_the_classes_of_each(rows: Any) -> None:
    from sklearn.multioutput import MultiOutputClassifier

    x, y = rows
    both = np.column_stack([y, np.digitize(x[:, 2], [-0.5, 0.5])])
    learnt = both[:, 1] < 2  # the class 2 is in the validation data alone
    trial, model = new_trial(direction="maximize"), MultiOutputClassifier(classifier())
    score = fit_with_pruning(trial, model, x[learnt], both[learnt], x, both, n_epochs=3)
    assert [list(part.classes_) for part in model.estimators_] == [[0, 1], [0, 1, 2]]
    assert reports(trial)[2] == score == model.score(x, both) > 0.3


def test_what_cannot_be_is_said(rows: Any) -> None:
    from sklearn.pipeline import make_pipeline

    trial = new_trial(direction="maximize")
    with pytest.raises(ValueError, match=r"'neg_log_loss' higher values are better"):
        fit_with_pruning(new_trial(), classifier(), *rows, *rows, n_epochs=3, scoring="neg_log_loss")
    with pytest.raises(TypeError, match="Pipeline has no partial_fit; of a pipeline"):
        fit_with_pruning(trial, make_pipeline(classifier()), *rows, *rows, n_epochs=3)
    with pytest.raises(ValueError, match="n_epochs must be a whole number of at least 1, got 0"):
        fit_with_pruning(trial, classifier(), *rows, *rows, n_epochs=0)
    with pytest.raises(ValueError, match="first_epoch must be one of the 3 epochs, from 0, got 3"):
        fit_with_pruning(trial, classifier(), *rows, *rows, n_epochs=3, first_epoch=3)


def test_a_search_prunes(rows: Any) -> None:
    def objective(trial: tpe_reference.Trial) -> float:
        model = classifier(alpha=trial.suggest_float("alpha", 1e-6, 100.0, log=True))
        return fit_with_pruning(trial, model, *rows, *rows, n_epochs=5, scoring="neg_log_loss")

    study = tpe_reference.create_study(direction="maximize", seed=0)
    study.optimize(objective, n_trials=15)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert study.best_params["alpha"] < 1
