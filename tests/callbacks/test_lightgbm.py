"""LightGBM's callback in real trainings: train, cv, estimators, a training that goes on, early stopping beside it."""

from typing import Any

import numpy as np
import pytest
from fixed_pruners import new_trial, reports

import tpe_reference
from tpe_reference import TrialPruned
from tpe_reference.callbacks import LightGBMPruningCallback

PARAMS = {"objective": "binary", "min_data_in_leaf": 2, "num_threads": 1, "verbosity": -1, "seed": 0}


@pytest.fixture
def data(lightgbm: Any, rows: Any) -> Any:
    return lightgbm.Dataset(*rows, free_raw_data=False)


def train(lightgbm: Any, data: Any, callbacks: list[Any], n_rounds: int = 5, **more: Any) -> Any:
    params = {**PARAMS, "metric": ["binary_logloss", "auc"], **more.pop("params", {})}
    return lightgbm.train(params, data, n_rounds, valid_sets=[data, data], callbacks=callbacks, **more)


def test_every_round_is_reported(lightgbm: Any, data: Any) -> None:
    trial, result = new_trial(), {}  # type: ignore[var-annotated]
    pruning = LightGBMPruningCallback(trial, "binary_logloss", "second")
    train(lightgbm, data, [pruning, lightgbm.record_evaluation(result)], valid_names=["first", "second"])
    assert reports(trial) == dict(enumerate(result["second"]["binary_logloss"]))


def test_only_every_so_many_rounds_are_where_that_is_said(lightgbm: Any, data: Any) -> None:
    trial = new_trial()
    train(lightgbm, data, [LightGBMPruningCallback(trial, "binary_logloss", "training", report_interval=2)])
    assert list(reports(trial)) == [1, 3]
    long = LightGBMPruningCallback(new_trial(), "binary_logloss", "training", report_interval=6)
    with pytest.warns(UserWarning, match="with report_interval=6 nothing of this training is reported") as caught:
        train(lightgbm, data, [long])
    assert len(caught) == 1
    model = train(lightgbm, data, [])
    train(lightgbm, data, [long], init_model=model)  # its sixth round is reported
    between = LightGBMPruningCallback(new_trial(), "binary_logloss", "training", report_interval=5)
    with pytest.warns(UserWarning, match="with report_interval=5 nothing of this training"):
        train(lightgbm, data, [between], 1, init_model=model)  # the sixth round alone
    with pytest.raises(ValueError, match="report_interval must be a whole number of at least 1, got 0"):
        LightGBMPruningCallback(trial, "binary_logloss", report_interval=0)


def test_a_pruned_training_has_recorded_its_last_round_and_the_data_serve_another(lightgbm: Any, data: Any) -> None:
    trial, result = new_trial(step=2), {}  # type: ignore[var-annotated]
    callbacks = [LightGBMPruningCallback(trial, "binary_logloss", "training"), lightgbm.record_evaluation(result)]
    with pytest.raises(TrialPruned, match=r"pruned at step 2, with training binary_logloss=0\.\d+"):
        train(lightgbm, data, callbacks)
    assert reports(trial) == dict(enumerate(result["training"]["binary_logloss"]))
    again = new_trial()
    train(lightgbm, data, [LightGBMPruningCallback(again, "binary_logloss", "training")])
    assert list(reports(again).values())[:3] == list(reports(trial).values())


def test_early_stopping_beside_it_keeps_its_best_round(lightgbm: Any, data: Any, rows: Any) -> None:
    noise = lightgbm.Dataset(rows[0], 1 - rows[1], reference=data)  # the longer the training, the worse
    trial = new_trial()
    callbacks = [lightgbm.early_stopping(3, verbose=False), LightGBMPruningCallback(trial, "binary_logloss")]
    model = lightgbm.train(PARAMS, data, 10, valid_sets=[noise], callbacks=callbacks)
    assert model.best_iteration == 1
    assert list(reports(trial)) == [0, 1, 2, 3]


def test_of_cv_the_mean_over_the_folds_is_reported(lightgbm: Any, data: Any) -> None:
    trial = new_trial()
    pruning = LightGBMPruningCallback(trial, "binary_logloss", "whatever")
    table = lightgbm.cv(PARAMS, data, 4, nfold=3, seed=0, eval_train_metric=True, callbacks=[pruning])
    assert list(reports(trial).values()) == pytest.approx(table["valid binary_logloss-mean"])
    with pytest.raises(TrialPruned, match="step 1"):
        lightgbm.cv(PARAMS, data, 4, nfold=3, callbacks=[LightGBMPruningCallback(new_trial(step=1), "binary_logloss")])


def test_a_training_that_goes_on_goes_on_with_the_steps(lightgbm: Any, data: Any, rows: Any) -> None:
    trial, whole = new_trial(), new_trial()
    train(lightgbm, data, [LightGBMPruningCallback(whole, "binary_logloss", "training")], 4)
    model = train(lightgbm, data, [LightGBMPruningCallback(trial, "binary_logloss", "training")], 2)
    same = lightgbm.Dataset(*rows, free_raw_data=False)  # data that have been learnt from stay as they were
    train(lightgbm, same, [LightGBMPruningCallback(trial, "binary_logloss", "training")], 2, init_model=model)
    assert reports(trial) == pytest.approx(reports(whole))


def test_a_missing_metric_is_named_with_those_there_are(lightgbm: Any, data: Any) -> None:
    for pruning, missing in (
        (LightGBMPruningCallback(new_trial(), "loss", "training"), "training loss"),
        (LightGBMPruningCallback(new_trial(), "auc", "test"), "test auc"),
    ):
        with pytest.raises(
            ValueError,
            match=rf"'{missing}'; there are \['training auc', 'training binary_logloss'\], each a valid_name",
        ):
            train(lightgbm, data, [pruning])
    with pytest.raises(ValueError, match=r"there are \['valid binary_logloss'\]$"):  # valid_name says nothing there
        lightgbm.cv(PARAMS, data, 2, nfold=3, callbacks=[LightGBMPruningCallback(new_trial(), "auc")])
    with pytest.raises(ValueError, match="there is none: give the training validation data"):
        lightgbm.train(PARAMS, data, 2, callbacks=[LightGBMPruningCallback(new_trial(), "auc")])


def test_a_metric_that_contradicts_the_study_is_an_error(lightgbm: Any, data: Any) -> None:
    with pytest.raises(ValueError, match=r"'training auc' higher values are better.*direction='maximize'"):
        train(lightgbm, data, [LightGBMPruningCallback(new_trial(), "auc", "training")])
    trial = new_trial(direction="maximize")
    train(lightgbm, data, [LightGBMPruningCallback(trial, "auc", "training")])
    with pytest.raises(ValueError, match="'training binary_logloss' lower values are better"):
        train(lightgbm, data, [LightGBMPruningCallback(trial, "binary_logloss", "training")])


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")  # since 4.7, whose eval_X 4.6 has not
def test_an_estimator_is_pruned(lightgbm: Any, rows: Any) -> None:
    trial = new_trial(step=2)
    model = lightgbm.LGBMClassifier(n_estimators=5, min_child_samples=2, n_jobs=1, verbose=-1)
    with pytest.raises(TrialPruned):
        model.fit(*rows, eval_set=[rows], callbacks=[LightGBMPruningCallback(trial, "binary_logloss", "training")])
    assert list(reports(trial)) == [0, 1, 2]


def objective(trial: tpe_reference.Trial) -> float:
    import lightgbm

    x = np.random.default_rng(0).normal(size=(64, 4))
    data = lightgbm.Dataset(x, x[:, 0] > x[:, 1])
    params = {**PARAMS, "learning_rate": trial.suggest_float("learning_rate", 1e-3, 0.5, log=True)}
    pruning = LightGBMPruningCallback(trial, "binary_logloss", "training")
    model = lightgbm.train(params, data, 5, valid_sets=[data], callbacks=[pruning])
    return float(model.best_score["training"]["binary_logloss"])


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.usefixtures("spawned")
def test_a_search_prunes(lightgbm: Any, n_jobs: int) -> None:
    study = tpe_reference.create_study(seed=0)
    study.optimize(objective, n_trials=12, n_jobs=n_jobs)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert study.best_params["learning_rate"] > 0.2
