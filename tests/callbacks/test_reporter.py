"""What every callback does with its trial; no framework is needed for it."""

import copy
import math
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fixed_pruners import PruneAt, new_trial, reports

import tpe_reference
from tpe_reference import FixedTrial, TrialPruned
from tpe_reference.callbacks import PyTorchPruningCallback
from tpe_reference.callbacks.reporter import Reporter


def test_what_is_no_trial_is_named_with_the_way_out() -> None:
    study = tpe_reference.create_study()
    for wrong, hint in ((study, r"study\.ask\(\)"), ({"x": 1}, "leave space out"), (None, "None")):
        with pytest.raises(TypeError, match=rf"MyCallback: trial must be .*{hint}"):
            Reporter("MyCallback", wrong, "loss")  # type: ignore[arg-type]


@pytest.mark.parametrize(("better", "direction"), [("minimize", "maximize"), ("maximize", "minimize")])
def test_a_metric_that_contradicts_the_study_is_an_error(better: str, direction: str) -> None:
    reporter = Reporter("MyCallback", new_trial(direction=direction), "auc")
    reporter.check_direction(direction)
    with pytest.raises(ValueError, match=rf"'auc'.*create_study\(direction='{better}'\)"):
        reporter.check_direction(better)


def test_another_direction_is_an_error_also_without_a_study() -> None:
    reporter = Reporter("MyCallback", FixedTrial({}), "auc")
    reporter.check_direction("minimize")
    reporter.check_direction("maximize")
    with pytest.raises(ValueError, match="'minimize' or 'maximize', got 'up'"):
        reporter.check_direction("up")


def test_a_missing_metric_is_named_with_those_that_exist() -> None:
    reporter = Reporter("MyCallback", new_trial(), "validation-auc")
    assert reporter.find({"validation-auc": 0.5}) == 0.5
    with pytest.raises(ValueError, match=r"no metric 'validation-auc'; there are \['a', 'b'\]"):
        reporter.find({"b": 1, "a": 2})


def test_a_second_training_warns_once_keeps_the_first_reports_and_prunes_at_new_steps_only() -> None:
    trial = new_trial(step=2)
    first, second = (Reporter("MyCallback", trial, "loss") for _ in range(2))
    assert [first.report(0.5, step) for step in range(3)] == [False, False, True]
    with pytest.warns(UserWarning, match="report of step 0 before") as caught:
        assert [second.report(0.1, step) for step in range(4)] == [False, False, False, True]
    assert len(caught) == 1
    assert reports(trial) == {0: 0.5, 1: 0.5, 2: 0.5, 3: 0.1}


def test_a_trial_that_was_pruned_stays_so_in_another_training() -> None:
    trial = new_trial(step=1)
    with pytest.raises(TrialPruned, match="step 1"):
        PyTorchPruningCallback(trial)(0.5, 1)
    for step in (0, 1, 2):
        with pytest.raises(TrialPruned, match=r"pruned at step 1, with value=0\.5"):
            PyTorchPruningCallback(trial)(0.25, step)
    assert reports(trial) == {1: 0.5}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_only_a_failure_that_comes_of_pruning_is_pruning(n_jobs: int) -> None:
    study = tpe_reference.create_study(pruner=PruneAt(1))
    for end in ("nan", "quoted", "other error", "number"):
        study.enqueue_trial({"end": end})
    with pytest.warns(UserWarning, match="trial 2 failed: ValueError: other error"):
        study.optimize(swallows_the_pruning, n_trials=4, n_jobs=n_jobs, catch=ValueError)
    assert [trial.state for trial in study.trials] == ["pruned", "pruned", "failed", "complete"]
    assert [trial.value for trial in study.trials] == [0.5, 0.5, None, 3.0]
    unpruned = tpe_reference.create_study(pruner=PruneAt(None))
    unpruned.enqueue_trial({"end": "nan"})
    with pytest.warns(UserWarning, match="trial 0 failed: its value must be a number, got nan"):
        unpruned.optimize(swallows_the_pruning, n_trials=1, n_jobs=n_jobs)


def swallows_the_pruning(trial: tpe_reference.Trial) -> float:
    """An objective between which and the study something takes `TrialPruned` for an error."""
    end = trial.suggest_categorical("end", ["nan", "quoted", "other error", "number"])
    try:
        for step, value in enumerate((0.75, 0.5)):
            PyTorchPruningCallback(trial)(value, step)
    except TrialPruned as pruned:
        if end == "quoted":
            raise ValueError(f"All the fits failed: {pruned}") from None
    if end == "other error":
        raise ValueError(end)
    return 3.0 if end == "number" else math.nan


def test_a_copy_reports_to_the_same_trial() -> None:
    """As scikit-learn copies the arguments of an estimator."""
    trial = new_trial()
    copy.deepcopy(Reporter("MyCallback", trial, "loss")).report(0.5, 0)
    assert reports(trial) == {0: 0.5}


def test_a_pickled_copy_leaves_the_trial_behind_and_says_so_when_it_is_used() -> None:
    study = tpe_reference.create_study()
    for _ in range(100):
        study.tell(study.ask({"x": tpe_reference.Float(0, 1)}), 0.0)
    sent = pickle.dumps(Reporter("MyCallback", study.ask(), "loss"))
    assert len(sent) < 500  # not the study
    with pytest.raises(RuntimeError, match="in the process that runs the objective"):
        pickle.loads(sent).report(0.5, 0)


def test_an_objective_that_uses_one_runs_again_with_a_record_and_with_fixed_parameters() -> None:
    study = tpe_reference.create_study(seed=0)
    study.optimize(plain_loop, n_trials=3)
    assert plain_loop(study.best_trial) == study.best_value
    assert plain_loop(FixedTrial({"x": 0.25})) == 0.25


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_best_value_of_an_objective_that_runs_again_is_the_studys_best(direction: str, tmp_path: Path) -> None:
    def objective(trial: Any) -> float:
        after_epoch = PyTorchPruningCallback(trial)  # which nobody tells what is better
        for epoch in range(4):
            after_epoch(trial.suggest_float("x", 0, 1) * (epoch - 1.5) ** 3)
        return after_epoch.best_value

    study = tpe_reference.create_study(direction=direction, seed=0)
    study.optimize(objective, n_trials=3)
    study.save(tmp_path / "study.json")
    other = tpe_reference.create_study(direction={"minimize": "maximize", "maximize": "minimize"}[direction])
    other.add_trial(study.best_trial)
    assert objective(study.best_trial) == study.best_value
    assert [objective(trial) for trial in study.trials] == [trial.value for trial in study.trials]
    assert objective(tpe_reference.load_study(tmp_path / "study.json").best_trial) == study.best_value
    assert objective(other.best_trial) == -study.best_value  # (its epochs are as good as they are bad)


def test_a_name_that_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        tpe_reference.callbacks.Nothing  # noqa: B018


@pytest.mark.parametrize(("name", "module"), [("XGBoostPruningCallback", "xgboost"), ("KerasPruningCallback", "keras")])
def test_a_framework_that_is_missing_is_named_with_the_extra(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"tpe_reference.callbacks.{module}", raising=False)
    for missing in (module, "xgboost.callback", "keras.callbacks"):
        monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    with pytest.raises(ImportError, match=rf'{name} needs {module} .*pip install "tpe-reference\[{module}\]"'):
        getattr(tpe_reference.callbacks, name)


def test_optunas_place_for_them_has_the_same(lightgbm: Any) -> None:
    from tpe_reference.integration import LightGBMPruningCallback

    assert LightGBMPruningCallback is tpe_reference.callbacks.LightGBMPruningCallback
    assert set(tpe_reference.integration.__all__) - {"TFKerasPruningCallback"} == {
        name for name in tpe_reference.callbacks.__all__ if name not in ("PyTorchPruningCallback", "fit_with_pruning")
    }


def test_importing_the_callbacks_imports_no_framework() -> None:
    code = (
        "import sys, tpe_reference; assert 'tpe_reference.callbacks' not in sys.modules\n"
        "import tpe_reference.callbacks as c; dir(c)\n"
        "print(sorted(sys.modules.keys() & {'torch', 'xgboost', 'lightgbm', 'keras', 'lightning', 'sklearn', 'scipy'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# ---- a plain loop ----------------------------------------------------------------------------------------------------


def plain_loop(trial: Any) -> float:
    """Its value is x; every epoch is a little better than the one before."""
    x: float = trial.suggest_float("x", 0, 1)
    after_epoch = PyTorchPruningCallback(trial, "loss", direction="minimize")
    for epoch in range(4):
        after_epoch(x + 3 - epoch, epoch)
    return after_epoch.best_value


def test_a_loop_reports_every_epoch_and_is_pruned() -> None:
    trial = new_trial(step=2)
    after_epoch = PyTorchPruningCallback(trial, "loss")
    after_epoch(0.5, 0)
    after_epoch(0.25)  # the next
    with pytest.raises(TrialPruned, match=r"trial 0: pruned at step 2, with loss=0\.75"):
        after_epoch(0.75, 2)
    assert reports(trial) == {0: 0.5, 1: 0.25, 2: 0.75}
    assert (after_epoch.best_epoch, after_epoch.best_value) == (1, 0.25)
    assert trial.study.tell(trial, state="pruned").value == 0.75


def test_the_best_epoch_is_the_studys_best() -> None:
    after_epoch = PyTorchPruningCallback(new_trial(direction="maximize"))
    assert math.isnan(after_epoch.best_value)
    for value in (math.nan, 0.5, 0.75, 0.75, 0.25, math.nan):
        after_epoch(value)
    assert (after_epoch.best_epoch, after_epoch.best_value) == (2, 0.75)


def test_without_study_or_direction_there_is_no_best() -> None:
    with pytest.raises(ValueError, match="pass direction="):
        PyTorchPruningCallback(FixedTrial({})).best_value  # noqa: B018


def test_a_loop_that_reports_nan_only_is_pruned_by_the_median_pruner() -> None:
    study = tpe_reference.create_study(seed=0)
    study.optimize(plain_loop, n_trials=6)
    with pytest.raises(TrialPruned):
        PyTorchPruningCallback(study.ask())(math.nan)


def test_a_checkpoint_holds_the_reports_for_a_trial_that_has_not_seen_them() -> None:
    before, again = new_trial(), new_trial(step=1)
    after_epoch = PyTorchPruningCallback(before)
    for value in (0.5, 0.25, 0.75):
        after_epoch(value)
    state = pickle.loads(pickle.dumps(after_epoch.state_dict()))
    resumed = PyTorchPruningCallback(again)
    resumed.load_state_dict(state)  # which prunes nothing
    assert reports(again) == reports(before)
    assert resumed.best_epoch == 1
    with pytest.raises(TrialPruned, match="step 3"):
        resumed(0.5)
    same_trial = PyTorchPruningCallback(before)
    same_trial.load_state_dict(state)
    same_trial(0.125)
    assert reports(before)[3] == 0.125


def test_parallel_trials_report_and_are_pruned_in_their_processes() -> None:
    study = tpe_reference.create_study(seed=0, pruner=tpe_reference.MedianPruner(n_startup_trials=2))
    study.optimize(plain_loop, n_trials=12, n_jobs=2, reproducible=True)
    alone = tpe_reference.create_study(seed=0, pruner=tpe_reference.MedianPruner(n_startup_trials=2))
    alone.optimize(plain_loop, n_trials=12, reproducible=2)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert [trial.intermediate_values for trial in study.trials] == [t.intermediate_values for t in alone.trials]
