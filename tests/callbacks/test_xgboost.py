"""XGBoost's callback in real trainings: train, cv, estimators, a training that goes on, early stopping beside it."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixed_pruners import PruneAt, new_trial, reports

import tpe_reference
from tpe_reference import TrialPruned

PARAMS = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, "seed": 0}


def callback(trial: tpe_reference.Trial, observation_key: str, direction: str | None = None) -> Any:
    from tpe_reference.callbacks import XGBoostPruningCallback  # here, for its file imports xgboost

    return XGBoostPruningCallback(trial, observation_key, direction)


@pytest.fixture
def data(xgboost: Any, rows: Any) -> Any:
    x, y = rows
    return xgboost.DMatrix(x, label=y)


def train(xgboost: Any, data: Any, callbacks: list[Any], n_rounds: int = 5, **more: Any) -> Any:
    evals = [(data, "training"), (data, "validation")]
    return xgboost.train(PARAMS, data, n_rounds, evals=evals, verbose_eval=False, callbacks=callbacks, **more)


def test_every_round_is_reported(xgboost: Any, data: Any) -> None:
    trial, result = new_trial(), {}  # type: ignore[var-annotated]
    train(xgboost, data, [callback(trial, "validation-logloss")], evals_result=result)
    assert reports(trial) == dict(enumerate(result["validation"]["logloss"]))


def test_a_pruned_training_stops_and_callbacks_before_it_come_to_their_end(
    xgboost: Any, data: Any, tmp_path: Path
) -> None:
    trial, ended = new_trial(step=2), []

    class Other(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_training(self, model: Any) -> Any:
            ended.append(model.num_boosted_rounds())
            return model

    with pytest.raises(TrialPruned, match=r"pruned at step 2, with validation-logloss=0\.\d+"):
        train(xgboost, data, [Other(), callback(trial, "validation-logloss")])
    if [int(part) for part in xgboost.__version__.split(".")[:2]] >= [3, 2]:  # before, callbacks have no order
        assert ended == [3]
    assert list(reports(trial)) == [0, 1, 2]


def test_one_pruned_in_its_last_round_is_pruned(xgboost: Any, data: Any) -> None:
    with pytest.raises(TrialPruned, match="step 4"):
        train(xgboost, data, [callback(new_trial(step=4), "validation-logloss")])


def test_early_stopping_beside_it_keeps_its_best_round(xgboost: Any, data: Any, rows: Any) -> None:
    noise = xgboost.DMatrix(rows[0], label=1 - rows[1])  # the longer the training, the worse
    trial = new_trial()
    model = xgboost.train(
        *(PARAMS, data, 10),
        evals=[(noise, "validation")],
        early_stopping_rounds=3,
        verbose_eval=False,
        callbacks=[callback(trial, "validation-logloss")],
    )
    assert model.best_iteration == 0
    assert list(reports(trial)) == [0, 1, 2, 3]


def test_of_cv_the_mean_over_the_folds_is_reported(xgboost: Any, data: Any) -> None:
    trial = new_trial()
    table = xgboost.cv(PARAMS, data, 4, nfold=3, seed=0, callbacks=[callback(trial, "test-logloss")])
    assert list(reports(trial).values()) == pytest.approx(list(table["test-logloss-mean"]))
    with pytest.raises(TrialPruned, match="step 1"):
        xgboost.cv(PARAMS, data, 4, nfold=3, callbacks=[callback(new_trial(step=1), "test-logloss")])


def test_a_training_that_goes_on_goes_on_with_the_steps(xgboost: Any, data: Any) -> None:
    trial = new_trial()
    model = train(xgboost, data, [callback(trial, "validation-logloss")], n_rounds=2)
    train(xgboost, data, [callback(trial, "validation-logloss")], n_rounds=2, xgb_model=model)
    whole = new_trial()
    train(xgboost, data, [callback(whole, "validation-logloss")], n_rounds=4)
    assert reports(trial) == pytest.approx(reports(whole))


def test_one_callback_serves_two_trainings(xgboost: Any, data: Any) -> None:
    trial = new_trial(step=1)
    pruning = callback(trial, "validation-logloss")
    with pytest.raises(TrialPruned):
        train(xgboost, data, [pruning])
    with pytest.raises(TrialPruned, match="step 1"):  # and it stays pruned
        train(xgboost, data, [pruning], n_rounds=1)
    trial = new_trial()
    pruning = callback(trial, "validation-logloss")
    train(xgboost, data, [pruning], n_rounds=1)
    with pytest.warns(UserWarning, match="report of step 0 before"):
        train(xgboost, data, [pruning], n_rounds=2)
    assert list(reports(trial)) == [0, 1]


def test_a_missing_metric_is_named_with_those_there_are(xgboost: Any, data: Any) -> None:
    with pytest.raises(ValueError, match=r"'valid-auc'; there are \['training-logloss', 'validation-logloss'\]"):
        train(xgboost, data, [callback(new_trial(direction="maximize"), "valid-auc")])
    with pytest.raises(ValueError, match="there is none: give the training validation data"):
        xgboost.train(PARAMS, data, 2, callbacks=[callback(new_trial(), "validation-logloss")])


def test_the_direction_of_known_metrics_is_checked_before_anything_is_trained(xgboost: Any) -> None:
    with pytest.raises(ValueError, match=r"'v-auc' higher.*create_study\(direction='maximize'\)"):
        callback(new_trial(), "v-auc")
    with pytest.raises(ValueError, match=r"'v-tweedie-nloglik@1\.5' lower"):
        callback(new_trial(direction="maximize"), "v-tweedie-nloglik@1.5")
    callback(new_trial(), "v-of my own")
    with pytest.raises(ValueError, match="'v-of my own' higher"):
        callback(new_trial(), "v-of my own", direction="maximize")


@pytest.mark.parametrize(
    ("objective", "names"),
    [
        ("binary:logistic", ("auc", "aucpr", "logloss", "error", "error@0.4", "rmse", "mae", "map", "pre", "ndcg@3-")),
        ("reg:squarederror", ("rmse", "rmsle", "mape", "mphe", "tweedie-nloglik@1.5", "poisson-nloglik")),
    ],
)
def test_the_known_directions_are_where_trainings_go(xgboost: Any, rows: Any, objective: str, names: Any) -> None:
    """Each metric on the rows that are trained on: the last round is better than the first, or as good."""
    from tpe_reference.callbacks.xgboost import known_direction

    x, y = rows
    rng, result = np.random.default_rng(1), {}  # type: ignore[var-annotated]
    label = y if objective == "binary:logistic" else 1 + np.abs(x[:, 0]) + rng.random(64)
    data = xgboost.DMatrix(x, label=label)
    params = {**PARAMS, "objective": objective, "eval_metric": list(names), "eta": 0.3}
    xgboost.train(params, data, 20, evals=[(data, "v")], evals_result=result, verbose_eval=False)
    assert result["v"].keys() == set(names)
    for name in names:
        direction = known_direction(f"v-{name}")
        assert direction is not None, f"{name} is XGBoost's own, and its direction is not known"
        sign = -1 if direction == "minimize" else 1
        first, *_, last = result["v"][name]
        assert sign * last >= sign * first, f"{name}, of which {direction} is said, went from {first} to {last}"


def test_an_estimator_is_pruned_and_its_copies_report_to_the_same_trial(xgboost: Any, rows: Any) -> None:
    from sklearn.base import clone

    x, y = rows
    trial = new_trial(step=2)
    pruning = callback(trial, "validation_0-logloss")
    model = clone(xgboost.XGBClassifier(n_estimators=5, n_jobs=1, callbacks=[pruning]))
    with pytest.raises(TrialPruned):
        model.fit(x, y, eval_set=[(x, y)], verbose=False)
    assert list(reports(trial)) == [0, 1, 2]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning", "ignore:XGBoostPruningCallback")
@pytest.mark.parametrize("search", [False, True])
@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_what_is_pruned_in_scikit_learns_folds_is_pruned(
    xgboost: Any, rows: Any, error_score: Any, search: bool
) -> None:
    """By default they take `TrialPruned` for a fit that failed, and go on with the next fold."""
    from sklearn.model_selection import GridSearchCV, cross_val_score

    def objective(trial: tpe_reference.Trial) -> float:
        fitted.clear()
        pruning = callback(trial, "validation_0-logloss")
        model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[Count(), pruning])
        fit, more = {"eval_set": [rows], "verbose": False}, {"cv": 3, "error_score": error_score}
        if not search:
            return float(cross_val_score(model, *rows, params=fit, **more).mean())
        return float(GridSearchCV(model, {"max_depth": [1, 2]}, refit=False, **more).fit(*rows, **fit).best_score_)

    class Count(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            fitted.append(epoch)
            return False

    fitted: list[int] = []
    study = tpe_reference.create_study(pruner=PruneAt(None))
    study.optimize(objective, n_trials=1)
    study.pruner = PruneAt(1)
    study.optimize(objective, n_trials=1)
    assert [trial.state for trial in study.trials] == ["complete", "pruned"]
    assert study.trials[1].value == study.trials[1].intermediate_values[1]
    assert list(study.trials[1].intermediate_values) == [0, 1]
    # The other fits, two or five, end at their first report.
    assert fitted == [0, 1, *([] if error_score == "raise" else [0] * (5 if search else 2))]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning", "ignore:XGBoostPruningCallback")
def test_where_a_later_fold_is_pruned_the_trial_is(xgboost: Any, rows: Any) -> None:
    """The first fold ends early, a later one goes on to the step at which trials are pruned: the mean is nan."""
    from sklearn.model_selection import cross_val_score

    class Stop(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def before_training(self, model: Any) -> Any:
            trainings.append(model)
            return model

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return len(trainings) == 1 and epoch == 0

    def objective(trial: tpe_reference.Trial) -> float:
        pruning = callback(trial, "validation_0-logloss")
        model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[Stop(), pruning])
        scores.extend(cross_val_score(model, *rows, cv=3, params={"eval_set": [rows], "verbose": False}))
        return float(np.mean(scores))

    trainings: list[Any] = []
    scores: list[float] = []
    study = tpe_reference.create_study(pruner=PruneAt(1))
    study.optimize(objective, n_trials=1)
    assert np.isnan(scores).tolist() == [False, True, True]
    assert study.trials[0].state == "pruned"


def test_a_model_that_holds_its_callback_is_saved_without_the_study(xgboost: Any, rows: Any) -> None:
    x, y = rows
    pruning = callback(new_trial(), "validation_0-logloss")
    model = xgboost.XGBClassifier(n_estimators=2, n_jobs=1, callbacks=[pruning])
    model.fit(x, y, eval_set=[(x, y)], verbose=False)
    again = pickle.loads(pickle.dumps(model))
    assert list(again.predict(x)) == list(model.predict(x))
    with pytest.raises(RuntimeError, match="has no trial"):
        again.fit(x, y, eval_set=[(x, y)], verbose=False)


def objective(trial: tpe_reference.Trial) -> float:
    import xgboost

    x = np.random.default_rng(0).normal(size=(64, 4))
    data, result = xgboost.DMatrix(x, label=x[:, 0] > x[:, 1]), {}  # type: ignore[var-annotated]
    params = {**PARAMS, "eta": trial.suggest_float("eta", 1e-3, 0.5, log=True)}
    pruning = callback(trial, "validation-logloss")
    xgboost.train(
        *(params, data, 5), evals=[(data, "validation")], evals_result=result, verbose_eval=False, callbacks=[pruning]
    )
    return float(result["validation"]["logloss"][-1])


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.usefixtures("spawned")
def test_a_search_prunes(xgboost: Any, n_jobs: int) -> None:
    study = tpe_reference.create_study(seed=0)
    study.optimize(objective, n_trials=12, n_jobs=n_jobs)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert study.best_params["eta"] > 0.2


def test_a_trial_of_ask_and_tell_is_pruned(xgboost: Any) -> None:
    study = tpe_reference.create_study(pruner=PruneAt(3), seed=0)
    trial = study.ask()
    with pytest.raises(TrialPruned):
        objective(trial)
    assert study.tell(trial, state="pruned").last_step == 3
