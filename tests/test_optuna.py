"""What scripts written for Optuna find here: the page about it, the clear errors, silence, a whole journey."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tpe_reference
from tpe_reference import FixedTrial, create_study
from tpe_reference.not_covered import INSTEAD, OF_OBJECTS

PAGE = (Path(__file__).parent.parent / "chapters" / "optuna.md").read_text(encoding="utf-8")
COVERED, DIFFERENT, MISSING = re.split(r"^## .*\n", PAGE, flags=re.MULTILINE)[1:]
FINISHED = create_study()
FINISHED.tell(FINISHED.ask({"x": [1]}), 1.0)
CLASSES: dict[str, Any] = {
    "Study": FINISHED,
    "Trial": create_study().ask(),
    "FrozenTrial": tpe_reference.create_trial(value=1.0),
}


def names_in(text: str) -> list[str]:
    return re.findall(r"`((?:optuna|Study|Trial|FrozenTrial)\.[\w.]+)`", text)


def find(name: str) -> Any:
    """Return what a script would find that has imported this package as optuna; methods and properties of objects."""
    first, *rest = name.split(".")
    found = CLASSES.get(first, tpe_reference)
    for part in rest:
        found = getattr(found, part)
    return found


def script(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


# ---- the page --------------------------------------------------------------------------------------------------------


def test_the_code_on_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(block, namespace)
    assert len(blocks) == 2
    assert len(namespace["study"].trials) == 60


@pytest.mark.parametrize("name", names_in(COVERED))
def test_what_the_page_says_is_covered_is_there(name: str) -> None:
    find(name)


@pytest.mark.parametrize("name", [name for name in names_in(MISSING) if name.startswith("optuna.")])
def test_what_the_page_says_is_missing_says_what_to_use(name: str) -> None:
    place = name.removeprefix("optuna.")
    with pytest.raises(ImportError if place.startswith("integration.") else AttributeError) as caught:
        find(name)
    assert str(caught.value) == f"Optuna's {place} is not covered: {INSTEAD[place]}"
    assert INSTEAD[place] in MISSING.replace("`", "")


@pytest.mark.parametrize("name", [name for name in names_in(MISSING) if not name.startswith("optuna.")])
def test_what_objects_lack_says_what_to_use(name: str) -> None:
    attribute = name.split(".")[1]
    with pytest.raises(AttributeError, match=rf"\.{attribute} is not covered: ") as caught:
        find(name)
    assert str(caught.value).endswith(OF_OBJECTS[attribute])
    assert OF_OBJECTS[attribute] in MISSING.replace("`", "")
    with pytest.raises(AttributeError, match=r"'Study' object has no attribute 'best_valu'"):
        _ = FINISHED.best_valu  # type: ignore[attr-defined]  # a type checker finds it, too


def test_the_page_names_all_that_is_known_to_be_missing() -> None:
    assert {f"optuna.{name}" for name in INSTEAD} <= set(names_in(MISSING))


def test_an_import_of_what_integration_lacks_says_what_to_use() -> None:
    with pytest.raises(ImportError, match=r"^Optuna's integration.OptunaSearchCV is not covered: use TPESearchCV$"):
        from tpe_reference.integration import OptunaSearchCV  # noqa: F401


@pytest.mark.parametrize(
    "module", ["tpe_reference", "samplers", "pruners", "distributions", "exceptions", "integration", "study"]
)
def test_a_misspelt_name_is_pythons_own_error(module: str) -> None:
    full = module if module == "tpe_reference" else f"tpe_reference.{module}"
    with pytest.raises(AttributeError, match=rf"module '{full}' has no attribute 'TPESamplr'"):
        _ = importlib.import_module(full).TPESamplr


# ---- clear errors ----------------------------------------------------------------------------------------------------


def test_several_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a study has one objective; .*multi-objective.* weighted sum"):
        create_study(directions=["minimize", "maximize"])
    with pytest.raises(ValueError, match="directions must be a list of one, got 'minimize'"):
        create_study(directions="minimize")


@pytest.mark.filterwarnings("ignore:trial 0 failed")
def test_an_objective_that_returns_two_values_fails_clearly() -> None:
    study = create_study()
    study.optimize(lambda trial: (1.0, 2.0), n_trials=1)  # type: ignore[arg-type, return-value]
    assert study.trials[0].error is not None
    assert "must be a number, got (1.0, 2.0)" in study.trials[0].error


def test_a_fixed_trial_notices_a_value_outside_its_domain() -> None:
    with pytest.raises(ValueError, match=r"x=2.0 lies outside Float\(low=-1.0, high=1.0"):
        FixedTrial({"x": 2.0}).suggest_float("x", -1, 1)
    with pytest.raises(ValueError, match=r"the trial has no parameter 'y', it has \['x'\]"):
        FixedTrial({"x": 2.0}).suggest_int("y", 0, 1)
    with pytest.raises(ValueError, match="step must be a whole number"):
        FixedTrial({}).report(1.0, -1)


# ---- silence ---------------------------------------------------------------------------------------------------------

SEARCH = "study = optuna.create_study(seed=0); study.optimize(lambda trial: trial.suggest_int('x', 3, 3), n_trials=2)"


@pytest.mark.parametrize(
    ("before", "n_lines"),
    [
        ("", 0),
        ("import logging; logging.basicConfig()", 0),
        ("optuna.logging.set_verbosity(optuna.logging.INFO)", 3),
        ("optuna.logging.set_verbosity(optuna.logging.WARNING)", 0),
        ("optuna.logging.enable_default_handler(); optuna.logging.enable_default_handler()", 3),
        ("optuna.logging.set_verbosity(optuna.logging.INFO); optuna.logging.disable_default_handler()", 0),
        ("import logging, sys; optuna.logging.get_logger('optuna').addHandler(logging.StreamHandler(sys.stderr))", 3),
        ("import logging; logging.basicConfig(level=logging.INFO)", 3),  # an application that collects all logs
        ("import logging; logging.basicConfig(); optuna.logging.enable_propagation()", 3),
        ("import logging; logging.basicConfig(); logging.getLogger('tpe_reference').setLevel(logging.INFO)", 3),
        ("optuna.logging.get_logger('mine').addHandler(__import__('logging').StreamHandler())", 0),
    ],
)
def test_who_asks_for_lines_gets_them_once(before: str, n_lines: int) -> None:
    done = script(f"import tpe_reference as optuna\n{before}\n{SEARCH}")
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == n_lines, done.stderr
    if lines:
        assert "A new study created" in lines[0]
        assert "Trial 1 finished with value: 3.0 and parameters: {'x': 3}. Best is trial 0 with value: 3.0." in lines[2]


def test_a_trial_that_ends_the_search_has_its_line_too() -> None:
    done = script(
        "import tpe_reference as optuna; optuna.logging.set_verbosity(optuna.logging.INFO)\n"
        "try: optuna.create_study().optimize(lambda trial: 1 / 0, n_trials=2)\nexcept ZeroDivisionError: pass"
    )
    assert "Trial 0 failed with parameters: {}: ZeroDivisionError: division by zero." in done.stderr


def test_the_line_about_a_study_in_a_storage_says_whether_it_is_new(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    make = f"optuna.create_study(storage='sqlite:///{(tmp_path / 's.db').as_posix()}', study_name='s', "
    code = "import tpe_reference as optuna; optuna.logging.set_verbosity(optuna.logging.INFO)"
    first, second = script(f"{code}\n{make})\n{make}load_if_exists=True)").stderr.splitlines()
    assert first.endswith("A new study created in a storage with name: s")
    assert second.endswith("The study exists, and is gone on with: s")


def test_importing_the_package_loads_none_of_this() -> None:
    code = "import sys, tpe_reference\nprint(*[name for name in sys.modules if name.startswith('tpe_reference')])"
    loaded = script(code).stdout.split()
    assert "tpe_reference.study" in loaded
    for name in (
        "distributions",
        "exceptions",
        "logging",
        "visualization",
        "importance",
        "samplers.tpe",
        "samplers.cma_es",
    ):
        assert f"tpe_reference.{name}" not in loaded
    assert script("import tpe_reference as optuna; print(optuna.logging.INFO)").stdout == "20\n"


# ---- a whole journey -------------------------------------------------------------------------------------------------

IRIS = """
import optuna
from optuna.trial import TrialState
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_score, train_test_split

X, y = load_iris(return_X_y=True)


def objective(trial):
    forest = RandomForestClassifier(
        n_estimators=trial.suggest_int('n_estimators', 50, 300),
        max_depth=trial.suggest_int('max_depth', 2, 20),
        min_samples_split=trial.suggest_float('min_samples_split', 0.01, 0.5, log=True),
        max_features=trial.suggest_categorical('max_features', ['sqrt', 'log2', None]),
        random_state=42,
    )
    return cross_val_score(forest, X, y, cv=5).mean()


study = optuna.create_study(direction='maximize', sampler=optuna.samplers.TPESampler(seed=42))
study.optimize(objective, n_trials=100, show_progress_bar=True)

print(f'Best accuracy: {study.best_value:.4f}')
for name, value in study.best_params.items():
    print(f'    {name}: {value}')

history = optuna.visualization.plot_optimization_history(study)
importances = optuna.visualization.plot_param_importances(study)
slices = optuna.visualization.plot_slice(study)
study.trials_dataframe().to_csv('optuna_results.csv')

X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)


def objective_with_pruning(trial):
    model = SGDClassifier(alpha=trial.suggest_float('alpha', 1e-5, 10.0, log=True), random_state=0)
    for step in range(20):
        model.partial_fit(X_train, y_train, classes=[0, 1, 2])
        accuracy = model.score(X_valid, y_valid)
        trial.report(accuracy, step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return accuracy


pruned_study = optuna.create_study(
    direction='maximize', sampler=optuna.samplers.TPESampler(seed=42), pruner=optuna.pruners.MedianPruner()
)
pruned_study.optimize(objective_with_pruning, n_trials=30)
pruned = pruned_study.get_trials(states=[TrialState.PRUNED])
"""


def run_iris(n_trials: int) -> dict[str, Any]:
    """Run the script with its import changed and, for a fast test, fewer trials and trees."""
    changes = {"import optuna\n": "import tpe_reference as optuna\n", "from optuna.trial": "from tpe_reference.trial"}
    if n_trials < 100:
        changes |= {"n_trials=100": f"n_trials={n_trials}", "50, 300": "5, 30"}
    code = IRIS
    for old, new in changes.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    return namespace


@pytest.mark.filterwarnings("ignore:get_param_importances. no parameter stands out")  # of so few trials
@pytest.mark.parametrize("n_trials", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_the_iris_script_runs_after_its_import_has_changed(
    n_trials: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    matplotlib, pandas = pytest.importorskip("matplotlib"), pytest.importorskip("pandas")
    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)
    found = run_iris(n_trials)
    study = found["study"]
    assert study.seed == 42
    assert len(study.trials) == n_trials
    assert study.best_value == max(trial.value for trial in study.trials) > 0.94
    assert f"Best accuracy: {study.best_value:.4f}" in capsys.readouterr().out
    table = pandas.read_csv("optuna_results.csv")
    assert list(table["state"]) == ["COMPLETE"] * n_trials
    assert table["value"].max() == pytest.approx(study.best_value)
    assert {"number", "params_max_features", "params_n_estimators"} <= set(table.columns)
    for picture in (found["history"], found["importances"], found["slices"]):
        picture.show  # noqa: B018  # what scripts call next
    assert found["pruned"], "a trial that is worse than the median at some step is pruned"
    assert all(trial.value == trial.intermediate_values[trial.last_step] for trial in found["pruned"])
    assert found["pruned_study"].best_value >= max(trial.value for trial in found["pruned"])
    matplotlib.pyplot.close("all")
