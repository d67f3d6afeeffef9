"""Scripts for Optuna's documented basics, run with Optuna and with this package: what they state holds in both.

Each test is such a script, with `optuna` as the one or the other. Numbers that a sampler chose differ, so they state
what does not: which attributes there are and what is in them, how trials end, what is an error.
"""

import copy
import datetime
import importlib
import io
import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings(  # of Optuna: about its own arguments; of both: about trials that fail
    "ignore:.*experimental", "ignore:.*deprecated", "ignore:trial . failed", "ignore:The value nan"
)


@pytest.fixture(params=["tpe_reference", "optuna"])
def optuna(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The package that the script has imported as optuna, silent."""
    package = pytest.importorskip(request.param)
    for name in ("distributions", "exceptions", "logging"):
        importlib.import_module(f"{request.param}.{name}")
    logger = logging.getLogger(request.param)
    level, propagate, handlers = logger.level, logger.propagate, list(logger.handlers)
    package.logging.set_verbosity(package.logging.INFO)  # other tests have silenced Optuna
    package.logging.disable_default_handler()
    yield package
    logger.setLevel(level)
    logger.propagate, logger.handlers = propagate, handlers


def quadratic(trial: Any) -> float:
    x = trial.suggest_float("x", -100, 100)
    y = trial.suggest_categorical("y", [-1, 0, 1])
    return float(x**2 + y)


# ---- studies and their trials ----------------------------------------------------------------------------------------


def test_a_quadratic_function(optuna: Any) -> None:
    study = optuna.create_study()
    study.optimize(quadratic, n_trials=10)
    study.optimize(quadratic, n_trials=5)
    assert [trial.number for trial in study.trials] == list(range(15)), "n_trials is how many more"
    assert study.best_value == min(trial.value for trial in study.trials)
    assert study.best_params == study.best_trial.params
    assert study.best_trial.value == study.best_value
    assert study.best_trial in study.best_trials
    assert study.best_trial.number == study.trials[study.best_trial.number].number
    assert isinstance(study, optuna.Study)
    assert isinstance(study, optuna.study.Study)


def test_a_trials_record(optuna: Any) -> None:
    study = optuna.create_study()
    study.optimize(quadratic, n_trials=3)
    trial = study.trials[1]
    assert isinstance(trial, optuna.trial.FrozenTrial)
    assert set(trial.params) == set(trial.distributions) == {"x", "y"}
    assert trial.values == [trial.value]
    assert trial.state == optuna.trial.TrialState.COMPLETE
    assert trial.state.is_finished()
    assert trial.state.name == "COMPLETE"
    assert trial.intermediate_values == {}
    assert trial.last_step is None
    assert trial.user_attrs == {}
    assert isinstance(trial.datetime_start, datetime.datetime)
    assert trial.datetime_complete >= trial.datetime_start
    assert trial.duration == trial.datetime_complete - trial.datetime_start
    assert trial == copy.deepcopy(trial) == pickle.loads(pickle.dumps(trial))


def test_directions(optuna: Any) -> None:
    high = optuna.create_study(direction="maximize")
    assert high.direction == optuna.study.StudyDirection.MAXIMIZE != optuna.study.StudyDirection.MINIMIZE
    assert high.direction.name == "MAXIMIZE"
    assert high.directions == [high.direction]
    for arguments in ({}, {"direction": "minimize"}, {"directions": ["minimize"]}):
        assert optuna.create_study(**arguments).direction == optuna.study.StudyDirection.MINIMIZE
    by_member = optuna.create_study(direction=optuna.study.StudyDirection.MAXIMIZE)
    by_member.optimize(quadratic, n_trials=8)
    assert by_member.best_value == max(trial.value for trial in by_member.trials)
    for wrong in ({"direction": "up"}, {"direction": "minimize", "directions": ["minimize"]}):
        with pytest.raises(ValueError, match="direction"):
            optuna.create_study(**wrong)


def test_a_study_without_a_complete_trial_has_no_best_one(optuna: Any) -> None:
    study = optuna.create_study()
    for name in ("best_value", "best_params", "best_trial"):
        with pytest.raises(ValueError, match=r"."):
            getattr(study, name)
    assert study.best_trials == []


def test_a_study_survives_pickle(optuna: Any) -> None:
    study = optuna.create_study(study_name="kept")
    study.optimize(quadratic, n_trials=4)
    again = pickle.loads(pickle.dumps(study))
    assert again.study_name == "kept"
    assert again.trials == study.trials
    again.optimize(quadratic, n_trials=2)
    assert len(again.trials) == 6


def test_trials_by_state(optuna: Any) -> None:
    states = optuna.trial.TrialState

    def objective(trial: Any) -> float:
        trial.suggest_float("x", 0, 1)
        if trial.number % 2:
            raise optuna.TrialPruned
        return float(trial.number)

    study = optuna.create_study()
    study.optimize(objective, n_trials=5)
    assert [trial.number for trial in study.get_trials(states=[states.PRUNED])] == [1, 3]
    assert len(study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))) == 5
    assert len(study.get_trials()) == 5
    assert optuna.TrialPruned is optuna.exceptions.TrialPruned


# ---- parameters ------------------------------------------------------------------------------------------------------


def test_the_kinds_of_parameters(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        assert trial.suggest_categorical("optimizer", ["MomentumSGD", "Adam"]) in ("MomentumSGD", "Adam")
        assert trial.suggest_categorical("none", [None, True, 1.5]) in (None, True, 1.5)
        layers = trial.suggest_int("num_layers", 1, 3)
        assert type(layers) is int
        assert 32 <= trial.suggest_int("num_channels", 32, 512, log=True) <= 512
        assert trial.suggest_int("num_units", 10, 100, step=5) % 5 == 0
        rate = trial.suggest_float("dropout_rate", 0.0, 1.0)
        assert type(rate) is float
        assert 1e-5 <= trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True) <= 1e-2
        assert round(10 * trial.suggest_float("drop_path_rate", 0.0, 1.0, step=0.1), 9) in range(11)
        assert trial.suggest_int("num_layers", 1, 3) == layers, "the same name again is the same value"
        return rate

    study = optuna.create_study()
    study.optimize(objective, n_trials=14)
    domains = study.trials[-1].distributions
    assert isinstance(domains["optimizer"], optuna.distributions.CategoricalDistribution)
    assert domains["optimizer"].choices == ("MomentumSGD", "Adam")
    units = domains["num_units"]
    assert isinstance(units, optuna.distributions.IntDistribution)
    assert (units.low, units.high, units.step, units.log) == (10, 100, 5, False)
    rate = domains["learning_rate"]
    assert isinstance(rate, optuna.distributions.FloatDistribution)
    assert (rate.low, rate.high, rate.step, rate.log) == (1e-5, 1e-2, None, True)
    assert rate == optuna.distributions.FloatDistribution(1e-5, 1e-2, log=True)


@pytest.mark.filterwarnings("ignore:suggest_.*has been")
def test_older_names_of_the_kinds(optuna: Any) -> None:
    trial = optuna.create_study().ask()
    assert 0 <= trial.suggest_uniform("u", 0, 1) <= 1
    assert 1e-7 <= trial.suggest_loguniform("l", 1e-7, 10.0) <= 10
    assert trial.suggest_discrete_uniform("d", 0, 1, 0.25) in (0.0, 0.25, 0.5, 0.75, 1.0)
    kinds = optuna.distributions
    assert trial.distributions["u"] == kinds.FloatDistribution(0, 1)
    assert trial.distributions["l"] == kinds.FloatDistribution(1e-7, 10.0, log=True)
    assert trial.distributions["d"] == kinds.FloatDistribution(0, 1, step=0.25)
    space = {
        "u": kinds.UniformDistribution(0, 1),
        "l": kinds.LogUniformDistribution(1e-7, 10.0),
        "d": kinds.DiscreteUniformDistribution(0, 1, 0.25),
        "i": kinds.IntUniformDistribution(1, 9, 2),
        "j": kinds.IntLogUniformDistribution(1, 9),
    }
    assert optuna.create_study().ask(space).params.keys() == space.keys()


def test_a_choice_that_decides_which_parameters_there_are(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        if trial.suggest_categorical("classifier", ["SVC", "RandomForest"]) == "SVC":
            return float(trial.suggest_float("svc_c", 1e-10, 1e10, log=True) < 1)
        return float(trial.suggest_int("rf_max_depth", 2, 32, log=True))

    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=30)
    branches = {"SVC": {"classifier", "svc_c"}, "RandomForest": {"classifier", "rf_max_depth"}}
    assert all(trial.params.keys() == branches[trial.params["classifier"]] for trial in study.trials)
    assert study.best_params["classifier"] == "RandomForest"


@pytest.mark.parametrize(
    "ask",
    [
        lambda trial: trial.suggest_float("x", 1, 0),
        lambda trial: trial.suggest_int("x", 0, 8, log=True),
        lambda trial: trial.suggest_float("x", 1, 2, step=0.5, log=True),
        lambda trial: trial.suggest_float("x", 1, 2, step=-1),
        lambda trial: trial.suggest_categorical("x", []),
    ],
)
def test_impossible_domains_are_errors(optuna: Any, ask: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        ask(optuna.create_study().ask())


# ---- pruning ---------------------------------------------------------------------------------------------------------


def test_pruning(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        start = trial.suggest_float("start", 0, 1) + trial.number  # later ones are worse
        for step in range(10):
            trial.report(start - 0.01 * step, step)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return float(start - 0.09)

    pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=4, interval_steps=2)
    study = optuna.create_study(pruner=pruner)
    study.optimize(objective, n_trials=8)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 3 + ["PRUNED"] * 5
    pruned = study.trials[5]
    assert pruned.last_step == 4, "the first step after the warm-up"
    assert list(pruned.intermediate_values) == [0, 1, 2, 3, 4]
    assert pruned.value == pruned.intermediate_values[4]
    assert study.best_trial.number < 3

    for never in (optuna.pruners.NopPruner(), optuna.pruners.MedianPruner(n_startup_trials=100)):
        study = optuna.create_study(pruner=never)
        study.optimize(objective, n_trials=8)
        assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    study = optuna.create_study(pruner=optuna.pruners.PercentilePruner(25.0, n_startup_trials=2))
    study.optimize(objective, n_trials=8)
    assert {trial.state.name for trial in study.trials[2:]} == {"PRUNED"}


def test_a_trial_pruned_before_its_first_report_has_no_value(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        raise optuna.TrialPruned

    study = optuna.create_study()
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == optuna.trial.TrialState.PRUNED
    assert study.trials[0].value is None
    assert study.trials[0].values is None


# ---- ask and tell ----------------------------------------------------------------------------------------------------


def test_ask_and_tell(optuna: Any) -> None:
    states = optuna.trial.TrialState
    study = optuna.create_study(direction="maximize")
    trials = [study.ask() for _ in range(4)]
    assert isinstance(trials[0], optuna.Trial)
    assert isinstance(trials[0], optuna.trial.Trial)
    assert [trial.state.name for trial in study.trials] == ["RUNNING"] * 4
    for trial in trials:
        trial.suggest_int("x", -10, 10)
    trials[1].report(0.5, 1)
    trials[1].report(0.7, step=2)
    assert study.tell(trials[0], 0.25).value == 0.25
    assert study.tell(1, state=states.PRUNED).value == 0.7, "by its number; the last report is its value"
    assert study.tell(trials[2], state=states.FAIL).value is None
    assert study.tell(trials[3], values=[0.75], state=states.COMPLETE).value == 0.75
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "FAIL", "COMPLETE"]
    assert study.best_value == 0.75

    for again in (trials[3], 3):
        with pytest.raises(ValueError, match=r"."):
            study.tell(again, 1.0)
        assert study.tell(again, 1.0, skip_if_finished=True).value == 0.75, "it stays as it is"
    with pytest.raises(ValueError, match=r"."):
        study.tell(17, 1.0)
    with pytest.raises(ValueError, match=r"."):
        study.tell(study.ask(), 1.0, states.FAIL)


@pytest.mark.filterwarnings("ignore:.*None|trial.*None")
def test_a_trial_told_nothing_has_failed(optuna: Any) -> None:
    study = optuna.create_study()
    assert study.tell(study.ask()).state == optuna.trial.TrialState.FAIL


def test_a_declared_space(optuna: Any) -> None:
    space = {
        "optimizer": optuna.distributions.CategoricalDistribution(["adam", "sgd"]),
        "lr": optuna.distributions.FloatDistribution(0.0001, 0.1, log=True),
        "layers": optuna.distributions.IntDistribution(1, 3),
    }
    study = optuna.create_study()
    for trial in (study.ask(space), study.ask(fixed_distributions=space)):
        assert trial.params.keys() == space.keys()
        assert trial.distributions == space
        assert trial.suggest_int("layers", 1, 3) == trial.params["layers"]


def test_an_open_trial(optuna: Any) -> None:
    study = optuna.create_study()
    trial = study.ask()
    assert trial.number == 0
    assert trial.params == {}
    x = trial.suggest_float("x", 0, 1)
    assert trial.params == {"x": x}
    assert trial.distributions == {"x": optuna.distributions.FloatDistribution(0, 1)}
    assert trial.should_prune() is False
    trial.set_user_attr("note", [1, 2])
    assert trial.user_attrs == {"note": [1, 2]}
    assert isinstance(trial.datetime_start, datetime.datetime)
    assert trial.study.study_name == study.study_name


# ---- the loop --------------------------------------------------------------------------------------------------------


def test_callbacks_and_stop(optuna: Any) -> None:
    seen: list[tuple[int, str]] = []

    def note(study: Any, trial: Any) -> None:
        assert isinstance(trial, optuna.trial.FrozenTrial)
        assert study.trials[-1] == trial
        seen.append((trial.number, trial.state.name))

    def stop(study: Any, trial: Any) -> None:
        if trial.number == 3:
            study.stop()

    study = optuna.create_study()
    study.optimize(quadratic, n_trials=10, callbacks=[note, stop])
    assert seen == [(n, "COMPLETE") for n in range(4)]
    with pytest.raises(RuntimeError, match=r"."):
        study.stop()

    def stops_itself(trial: Any) -> float:
        if trial.number == 5:
            trial.study.stop()
        return quadratic(trial)

    study.optimize(stops_itself, n_trials=10)
    assert len(study.trials) == 6, "the trial that called stop is finished"


def test_so_many_trials_in_all(optuna: Any) -> None:
    states = optuna.trial.TrialState

    def objective(trial: Any) -> float:
        if trial.number % 2:
            raise optuna.TrialPruned
        return quadratic(trial)

    for counted, expected in (((states.COMPLETE,), 7), ((states.COMPLETE, states.PRUNED), 4), (None, 4)):
        study = optuna.create_study()
        study.optimize(objective, callbacks=[optuna.study.MaxTrialsCallback(4, states=counted)])
        assert len(study.trials) == expected
    study.optimize(objective, n_trials=5, callbacks=[optuna.study.MaxTrialsCallback(2)])
    assert len(study.trials) == 5, "after each trial is when it looks"


def test_failures(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            raise KeyError("lost")
        return float("nan") if trial.number == 2 else 1.0

    study = optuna.create_study()
    study.optimize(objective, n_trials=4, catch=(KeyError,))
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL", "FAIL", "COMPLETE"]
    assert study.trials[1].value is None
    study = optuna.create_study()
    with pytest.raises(KeyError, match="lost"):
        study.optimize(objective, n_trials=4)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    study = optuna.create_study()
    study.optimize(objective, n_trials=2, catch=KeyError)
    assert len(study.trials) == 2


def test_optunas_order_of_arguments(optuna: Any) -> None:
    study = optuna.create_study()
    called: list[int] = []
    study.optimize(
        quadratic, 3, 60.0, 1, (ValueError,), [lambda study, trial: called.append(trial.number)], True, False
    )
    assert called == [0, 1, 2]


def test_a_timeout_alone_ends_the_search(optuna: Any) -> None:
    study = optuna.create_study()
    study.optimize(quadratic, timeout=0.0)
    assert len(study.trials) <= 1


# ---- notes, trials of one's own --------------------------------------------------------------------------------------


def test_user_attributes(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        trial.set_user_attr("accuracy", 0.5)
        return quadratic(trial)

    study = optuna.create_study()
    study.set_user_attr("contributors", ["Ada", "Alan"])
    study.set_user_attr("dataset", "MNIST")
    study.optimize(objective, n_trials=2)
    assert study.user_attrs == {"contributors": ["Ada", "Alan"], "dataset": "MNIST"}
    assert study.trials[0].user_attrs == study.best_trial.user_attrs == {"accuracy": 0.5}


def test_trials_that_wait(optuna: Any) -> None:
    study = optuna.create_study()
    study.enqueue_trial({"x": 5, "y": 0})
    study.enqueue_trial({"x": 0}, user_attrs={"memo": "optimal"})
    for _ in range(3):
        study.enqueue_trial({"x": 7, "y": 1}, skip_if_exists=True)
    study.optimize(quadratic, n_trials=4)
    assert study.trials[0].params == {"x": 5, "y": 0}
    assert study.trials[1].params["x"] == 0
    assert study.trials[1].user_attrs == {"memo": "optimal"}
    assert [trial.params["x"] for trial in study.trials].count(7) == 1
    study.enqueue_trial({"x": 5, "y": 0}, skip_if_exists=True)
    study.optimize(quadratic, n_trials=1)
    assert study.trials[4].params != {"x": 5, "y": 0}


def test_trials_made_by_hand(optuna: Any) -> None:
    kinds = optuna.distributions
    trial = optuna.trial.create_trial(
        params={"x": 1.0, "y": 0},
        distributions={"x": kinds.FloatDistribution(-100, 100), "y": kinds.CategoricalDistribution([-1, 0, 1])},
        value=5.0,
        user_attrs={"from": "an older run"},
        intermediate_values={0: 6.0, 1: 5.0},
    )
    assert isinstance(trial, optuna.trial.FrozenTrial)
    assert (trial.value, trial.state.name, trial.last_step) == (5.0, "COMPLETE", 1)
    study = optuna.create_study()
    study.add_trial(trial)
    study.add_trials([trial, optuna.create_trial(state=optuna.trial.TrialState.PRUNED)])
    study.optimize(quadratic, n_trials=2)
    assert [trial.number for trial in study.trials] == list(range(5))
    assert study.trials[0].params == {"x": 1.0, "y": 0}
    assert study.trials[1].user_attrs == {"from": "an older run"}
    other = optuna.create_study()
    for known in study.trials:
        other.add_trial(known)
    assert [trial.params for trial in other.trials] == [trial.params for trial in study.trials]
    for wrong in (
        {"params": {"x": 2.0}, "value": 1.0},
        {"params": {"x": 2.0}, "distributions": {"x": kinds.FloatDistribution(0, 1)}, "value": 1.0},
        {"state": optuna.trial.TrialState.COMPLETE},
        {"value": 1.0, "values": [1.0]},
    ):
        with pytest.raises(ValueError, match=r"."):
            study.add_trial(optuna.create_trial(**wrong))


def test_an_objective_by_itself(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        trial.set_user_attr("seen", True)
        trial.report(1.0, 0)
        assert not trial.should_prune()
        return float(trial.suggest_float("x", -1.0, 1.0) + trial.suggest_int("y", -5, 5) + trial.number)

    assert objective(optuna.trial.FixedTrial({"x": 1.0, "y": -1})) == 0.0
    trial = optuna.trial.FixedTrial({"x": -1.0, "y": -4}, number=2)
    assert objective(trial) == -3.0
    assert trial.user_attrs == {"seen": True}
    assert trial.params == {"x": -1.0, "y": -4}
    assert trial.distributions["y"] == optuna.distributions.IntDistribution(-5, 5)
    with pytest.raises(ValueError, match="y"):
        objective(optuna.trial.FixedTrial({"x": 1.0}))


def test_the_best_trial_once_more(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        trial.set_user_attr("evaluated", str(datetime.datetime.now()))
        return quadratic(trial)

    study = optuna.create_study()
    study.optimize(objective, n_trials=5)
    best = study.best_trial
    before = copy.deepcopy(best)
    assert objective(best) == study.best_value
    assert best.user_attrs != before.user_attrs
    assert study.best_trial.user_attrs == before.user_attrs, "the study's own is another"
    with pytest.raises(ValueError, match=r"."):
        best.suggest_float("z", 0, 1)


# ---- samplers --------------------------------------------------------------------------------------------------------


def test_a_seed_makes_it_repeatable(optuna: Any) -> None:
    samplers = optuna.samplers
    makes: list[Callable[[], Any]] = [
        lambda: samplers.TPESampler(seed=42),
        lambda: samplers.TPESampler(seed=0, n_startup_trials=3, n_ei_candidates=10, multivariate=True, group=True),
        lambda: samplers.TPESampler(seed=1, constant_liar=True, multivariate=False),
        lambda: samplers.RandomSampler(seed=42),
        lambda: samplers.RandomSampler(42),
        lambda: samplers.GridSampler({"x": [-50, 0.5, 50], "y": [-1, 0]}, seed=3),
    ]
    for make in makes:
        values = []
        for _ in range(2):
            study = optuna.create_study(sampler=make())
            study.optimize(quadratic, n_trials=6)
            values.append([trial.value for trial in study.trials])
        assert values[0] == values[1]


def test_the_names_of_the_samplers(optuna: Any) -> None:
    assert type(optuna.create_study().sampler).__name__ == "TPESampler"
    assert isinstance(optuna.create_study().sampler, optuna.samplers.TPESampler)
    assert isinstance(optuna.create_study().pruner, optuna.pruners.MedianPruner)
    sampler = optuna.samplers.RandomSampler()
    assert optuna.create_study(sampler=sampler).sampler is sampler


def test_cma_es(optuna: Any) -> None:
    pytest.importorskip("cmaes")
    study = optuna.create_study(sampler=optuna.samplers.CmaEsSampler(seed=1, sigma0=0.2, popsize=6))
    study.optimize(lambda t: t.suggest_float("x", -1, 1) ** 2 + t.suggest_int("n", 0, 9), n_trials=40)
    assert study.best_params["n"] == 0


def test_a_grid_is_walked_once(optuna: Any) -> None:
    grid = {"x": [-50, 0, 50], "y": [-1, 0, 1]}
    study = optuna.create_study(sampler=optuna.samplers.GridSampler(grid))
    study.optimize(quadratic)
    points = {(trial.params["x"], trial.params["y"]) for trial in study.trials}
    assert points == {(x, y) for x in grid["x"] for y in grid["y"]}
    assert len(study.trials) == 9
    assert study.best_params == {"x": 0, "y": -1}
    with pytest.raises(ValueError, match="z"):
        optuna.create_study(sampler=optuna.samplers.GridSampler({"x": [1]})).optimize(
            lambda trial: trial.suggest_float("z", 0, 1), n_trials=1
        )


# ---- logging ---------------------------------------------------------------------------------------------------------


def test_a_line_for_each_trial(optuna: Any) -> None:
    def objective(trial: Any) -> float:
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise KeyError("lost")
        return float(trial.suggest_int("x", 3, 3))

    written = io.StringIO()
    optuna.logging.set_verbosity(optuna.logging.INFO)  # Optuna's own is global, and other tests have silenced it
    optuna.logging.get_logger("optuna").addHandler(logging.StreamHandler(written))
    study = optuna.create_study(study_name="watched")
    study.optimize(objective, n_trials=3, catch=KeyError)
    lines = written.getvalue().splitlines()
    assert lines[0].startswith("A new study created in memory with name: watched")
    assert lines[1].startswith(
        "Trial 0 finished with value: 3.0 and parameters: {'x': 3}. Best is trial 0 with value: 3.0"
    )
    assert lines[2].startswith("Trial 1 pruned.")
    assert lines[3].startswith("Trial 2 failed with parameters: {}")
    assert "lost" in lines[3]

    n_written = len(written.getvalue())
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.logging.disable_default_handler()
    assert optuna.logging.get_verbosity() == logging.WARNING == optuna.logging.WARNING
    optuna.create_study().optimize(quadratic, n_trials=1)
    assert len(written.getvalue()) == n_written
    optuna.logging.set_verbosity(optuna.logging.INFO)
    assert optuna.logging.get_verbosity() == logging.INFO == optuna.logging.INFO


def test_lines_among_the_applications_own(optuna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(written)])
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    optuna.create_study().optimize(quadratic, n_trials=1)
    assert "\nTrial 0 finished with value" in written.getvalue()
    n_written = len(written.getvalue())
    optuna.logging.disable_propagation()
    optuna.create_study().optimize(quadratic, n_trials=1)
    assert len(written.getvalue()) == n_written


# ---- where the two differ, as the page says --------------------------------------------------------------------------


def is_ours(optuna: Any) -> bool:
    return str(optuna.__name__) == "tpe_reference"


@pytest.mark.filterwarnings("ignore:The value", "ignore:Fixed parameter", "ignore:Requested distribution")
def test_a_value_outside_its_domain(optuna: Any) -> None:
    def ask(trial: Any) -> Any:
        return trial.suggest_float("x", -1, 1)

    asks: list[Callable[[], Any]] = [lambda: ask(optuna.trial.FixedTrial({"x": 2.0}))]
    waiting = optuna.create_study()
    waiting.enqueue_trial({"x": 2.0})
    asks.append(lambda: ask(waiting.ask()))
    grid = optuna.create_study(sampler=optuna.samplers.GridSampler({"x": [2.0]}))
    asks.append(lambda: ask(grid.ask()))
    for outside in asks:
        if is_ours(optuna):
            with pytest.raises(ValueError, match=r"2\.0.* lies outside"):
                outside()
        else:
            assert outside() == 2.0


@pytest.mark.filterwarnings("ignore:Choices for a categorical", "ignore:trial 1 names 'x'")
def test_choices_of_any_kind_and_choices_that_change(optuna: Any) -> None:
    study = optuna.create_study()
    trial = study.ask()
    if is_ours(optuna):
        with pytest.raises(ValueError, match="choose a name and look the object up in a dict"):
            trial.suggest_categorical("layers", [(50,), (50, 50)])
    else:
        assert trial.suggest_categorical("layers", [(50,), (50, 50)]) in [(50,), (50, 50)]
    trial.suggest_categorical("x", ["a", "b"])
    study.tell(trial, 1.0)
    if is_ours(optuna):
        assert study.ask().suggest_categorical("x", ["a", "b", "c"]) in "abc"
    else:
        with pytest.raises(ValueError, match="dynamic value space"):
            study.ask().suggest_categorical("x", ["a", "b", "c"])


def test_a_trial_that_waits_and_records_that_are_copies_and_a_name(optuna: Any) -> None:
    study = optuna.create_study()
    study.enqueue_trial({"x": 1.0})
    assert [trial.state.name for trial in study.trials] == ([] if is_ours(optuna) else ["WAITING"])
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    study.trials[0].user_attrs["changed"] = True
    assert ("changed" in study.trials[0].user_attrs) == is_ours(optuna)
    study.get_trials()[0].user_attrs["copied"] = True
    study.best_trial.user_attrs["copied"] = True
    assert "copied" not in study.trials[0].user_attrs
    assert (study.study_name is None) == is_ours(optuna)


# ---- what the page says ----------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "chapters" / "optuna.md").read_text(encoding="utf-8")
MODULES = ["samplers", "pruners", "distributions", "study", "trial", "exceptions", "logging"]
MODULES += ["importance", "visualization"]
# Names that are no part of its reference: modules within, and imports that have no leading underscore.
INTERNAL = {"TYPE_CHECKING", "progress_bar", "version", "matplotlib", "nsgaii", "is_available"}
CLASSES = {"Study": "study", "Trial": "trial", "FrozenTrial": "trial", "FixedTrial": "trial"}


def names_of_the_reference(optuna: Any) -> set[str]:
    """Return all public names, as the page writes them; of two names for the same thing the shorter."""
    names = {name for name in dir(optuna) if not name.startswith("_")} - INTERNAL - set(MODULES)
    of_trials = {member for member in dir(optuna.Trial) if not member.startswith("_")}
    found = {f"optuna.{name}" for name in names}
    for module in MODULES:
        inside = importlib.import_module(f"optuna.{module}")
        public = getattr(inside, "__all__", None) or [
            name for name in dir(inside) if getattr(getattr(inside, name), "__module__", "") == inside.__name__
        ]
        found |= {f"optuna.{module}.{name}" for name in public if not name.startswith("_")}
        found -= {f"optuna.{module}.{name}" for name in names | INTERNAL}
    for name, module in CLASSES.items():
        members = dir(getattr(importlib.import_module(f"optuna.{module}"), name))
        found |= {f"{name}.{member}" for member in members if not member.startswith("_")}
        found -= {f"{kind}.{member}" for kind in ("FrozenTrial", "FixedTrial") for member in of_trials}
    return found


def test_the_page_names_all_that_the_reference_names() -> None:
    optuna = pytest.importorskip("optuna")
    missing = [name for name in names_of_the_reference(optuna) if f"`{name}`" not in PAGE]
    assert not missing, sorted(missing)
