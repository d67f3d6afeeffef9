"""Studies: ask, tell, optimize; define by run; what goes wrong in objectives; nothing lost."""

import copy
import dataclasses
import importlib
import itertools
import math
import os
import pickle
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tpe_reference
from tpe_reference import (
    Categorical,
    CmaEsSampler,
    Domain,
    Float,
    FrozenTrial,
    GridSampler,
    Int,
    RandomSampler,
    Sampler,
    SearchExhausted,
    Study,
    TPESampler,
    Trial,
    TrialPruned,
    TrialRecord,
    TrialState,
    create_study,
    create_trial,
)

SAMPLERS: dict[str, Callable[[], Sampler]] = {"random": RandomSampler, "tpe": TPESampler, "cma-es": CmaEsSampler}
any_sampler = pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)


def square(trial: Trial) -> float:
    return (trial.suggest_float("x", -10, 10) - 2) ** 2


def branches(trial: Trial) -> float:
    """Branches, and bounds that depend on earlier values."""
    kind = trial.suggest_categorical("kind", ["svm", "forest"])
    if kind == "svm":
        return abs(math.log10(trial.suggest_float("c", 1e-3, 1e3, log=True))) + 0.1
    depth = trial.suggest_int("depth", 1, 8)
    return abs(depth - 3) + trial.suggest_int("leaves", 1, 2**depth) / 256


def outline(study: Study) -> list[Any]:
    """All that two runs must have in common: not the times."""
    return [(t.number, str(t.state), t.value, repr(t.params), t.intermediate_values) for t in study.trials]


class RecordingSampler:
    """Random search that notes what it was given."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.lists: list[Sequence[FrozenTrial]] = []
        self.seen: list[list[FrozenTrial]] = []

    def suggest(
        self, space: Mapping[str, Any], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any] | None:
        self.asked.append(list(space))
        self.lists.append(history)
        self.seen.append(list(history))
        return RandomSampler().suggest(space, history, rng)


# ---- the basics ------------------------------------------------------------------------------------------------------


def test_a_script_for_optunas_documented_basics_runs_after_its_import_is_changed() -> None:
    optuna = tpe_reference

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -10, 10)
        layers = trial.suggest_int("n_layers", 1, 3)
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        optimizer = trial.suggest_categorical("optimizer", ["SGD", "Adam"])
        drop = trial.suggest_float("drop", 0.0, 0.5, step=0.1)
        trial.set_user_attr("note", [layers, lr])
        for step in range(3):
            trial.report(x**2 + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return float(x**2 + drop + (optimizer == "SGD"))

    study = optuna.create_study(
        study_name="basics", direction="minimize", sampler=optuna.TPESampler(), pruner=optuna.MedianPruner()
    )
    study.enqueue_trial({"x": 1.0})
    study.optimize(objective, n_trials=30, timeout=60)
    assert len(study.trials) == 30
    assert study.trials[0].params["x"] == 1.0
    assert (
        study.best_value
        == study.best_trial.value
        == min(t.value for t in study.trials if t.state == "complete" and t.value is not None)
    )
    assert study.best_params == study.best_trial.params
    assert set(study.best_params) == {"x", "n_layers", "lr", "optimizer", "drop"}
    assert study.best_trial.user_attrs["note"] == [study.best_params["n_layers"], study.best_params["lr"]]
    assert study.study_name == "basics"


@any_sampler
def test_it_finds_the_minimum_of_a_square(make: Callable[[], Sampler]) -> None:
    study = create_study(sampler=make(), seed=1)
    study.optimize(square, n_trials=100)
    assert study.best_value < 0.2
    assert study.best_params["x"] == pytest.approx(2, abs=0.5)


def test_ask_and_tell_with_a_declared_space() -> None:
    study = create_study(seed=0)
    for n in range(20):
        trial = study.ask({"x": Float(0, 1), "n": Int(1, 3), "c": ["a", "b"]})
        assert trial.number == n
        assert list(trial.params) == ["x", "n", "c"]
        assert trial.suggest_float("x", 0, 1) == trial.params["x"]
        record = study.tell(trial, trial.params["x"])
        assert (record.number, record.value, record.state) == (n, trial.params["x"], "complete")
    assert study.best_value == min(t.params["x"] for t in study.trials)


def test_tell_takes_a_number_for_a_trial() -> None:
    study = create_study(seed=0)
    first, second = study.ask(), study.ask()
    study.tell(second.number, 2.0)
    study.tell(first.number, 1.0)
    assert [trial.value for trial in study.trials] == [1.0, 2.0]


def test_records_say_what_happened() -> None:
    study = create_study(direction="maximize", seed=0)
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.report(0.5, 0)
    trial.report(0.75, 1)
    trial.set_user_attr("model", "m.bin")
    running = study.trials[0]
    assert (running.state, running.value, running.duration) == ("running", None, None)
    study.tell(trial, 0.9)
    record = study.trials[0]
    assert (record.state, record.value, record.params) == ("complete", 0.9, {"x": x})
    assert record.distributions == {"x": Float(0, 1)}
    assert record.intermediate_values == {0: 0.5, 1: 0.75}
    assert record.user_attrs == {"model": "m.bin"}
    assert record.error is None
    assert record.duration is not None
    assert record.duration.total_seconds() >= 0


def test_changing_a_record_or_a_trials_params_does_not_change_the_study() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    trial.params["x"] = 99
    study.tell(trial, 1.0)
    study.best_params["x"] = 99
    study.trials.clear()
    assert len(study.trials) == 1
    assert 0 <= study.best_params["x"] <= 1


def test_values_have_the_type_of_their_domain() -> None:
    study = create_study(seed=0)
    study.enqueue_trial({"x": 1, "n": 2.0, "m": np.int64(3), "c": np.True_})
    for trial in (study.ask(), study.ask()):
        assert type(trial.suggest_float("x", 0, 5)) is float
        assert type(trial.suggest_int("n", 0, 5)) is int
        assert type(trial.suggest_int("m", 1, 5, log=True)) is int
        assert type(trial.suggest_categorical("c", [True, False])) is bool


def test_naming_a_parameter_again_gives_the_same_value() -> None:
    trial = create_study(seed=0).ask()
    assert len({trial.suggest_float("x", 0, 1) for _ in range(5)}) == 1


def test_there_is_no_best_trial_before_one_is_complete() -> None:
    study = create_study(seed=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="no trial has been completed"):
            _ = study.best_trial
        trial = study.ask()
        trial.report(0.0, 1)
        study.tell(trial, state="pruned")
    study.tell(study.ask(), math.inf)
    with pytest.raises(ValueError, match="finite"):
        _ = study.best_value
    study.tell(study.ask(), 5.0)
    assert study.best_value == 5.0


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_first_of_several_best_trials_is_the_best_whatever_the_order_of_telling(order: tuple[int, ...]) -> None:
    study = create_study(seed=0)
    trials = [study.ask() for _ in range(3)]
    for number in order:
        study.tell(trials[number], 1.0)
    assert study.best_trial.number == 0


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_is_a_value_and_never_the_best(value: float) -> None:
    study = create_study(seed=0)
    study.tell(study.ask(), value)
    assert (study.trials[0].state, study.trials[0].value) == ("complete", value)
    study.tell(study.ask(), 3.0)
    assert study.best_value == 3.0


# ---- direction -------------------------------------------------------------------------------------------------------


@any_sampler
def test_maximising_is_minimising_the_negative(make: Callable[[], Sampler]) -> None:
    low, high = create_study(sampler=make(), seed=3), create_study(direction="maximize", sampler=make(), seed=3)
    low.optimize(branches_without_warning(1.0), n_trials=40)
    high.optimize(branches_without_warning(-1.0), n_trials=40)
    assert [t.params for t in low.trials] == [t.params for t in high.trials]
    assert low.best_value == -high.best_value
    assert low.best_params == high.best_params


def branches_without_warning(sign: float) -> Callable[[Trial], float]:
    def objective(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return sign * (trial.suggest_float("x", -1, 1) - 0.5) ** 2
        return sign * float(trial.suggest_int("n", 1, 20))

    return objective


# ---- reproducibility -------------------------------------------------------------------------------------------------


@any_sampler
def test_same_seed_same_trials(make: Callable[[], Sampler]) -> None:
    one, two, other = (create_study(sampler=make(), seed=seed) for seed in (5, 5, 6))
    for study in (one, two, other):
        study.optimize(branches_without_warning(1.0), n_trials=30)
    assert outline(one) == outline(two)
    assert outline(one) != outline(other)


def test_the_loop_is_ask_and_tell() -> None:
    loop, by_hand = create_study(seed=2), create_study(seed=2)
    loop.optimize(square, n_trials=30)
    for _ in range(30):
        trial = by_hand.ask()
        by_hand.tell(trial, square(trial))
    assert outline(loop) == outline(by_hand)


def test_optimizing_in_two_parts_is_optimizing_once() -> None:
    once, twice = create_study(seed=2), create_study(seed=2)
    once.optimize(square, n_trials=30)
    twice.optimize(square, n_trials=11)
    twice.optimize(square, n_trials=19)
    assert outline(once) == outline(twice)


def test_without_a_seed_one_is_drawn_and_kept() -> None:
    drawn, other = create_study(), create_study()
    assert drawn.seed != other.seed
    drawn.optimize(square, n_trials=20)
    again = create_study(seed=drawn.seed)
    again.optimize(square, n_trials=20)
    assert outline(again) == outline(drawn)


def test_seed_0_is_a_seed_and_near_seeds_share_nothing() -> None:
    xs = set[float]()
    for seed in range(4):
        study = create_study(sampler=RandomSampler(), seed=seed)
        study.optimize(square, n_trials=10)
        xs |= {trial.params["x"] for trial in study.trials}
    assert len(xs) == 40
    assert create_study(seed=0).seed == 0


def test_naming_order_within_a_trial_is_all_that_chance_depends_on() -> None:
    """No generator lives across trials: what trial 3 drew does not depend on how often trial 2 drew."""

    def greedy(trial: Trial) -> float:
        for j in range(trial.number * 5):
            trial.suggest_float(f"x{j}", 0, 1)
        return trial.suggest_float("last", 0, 1)

    study, plain = (create_study(sampler=RandomSampler(), seed=0) for _ in range(2))
    study.optimize(greedy, n_trials=1)
    plain.optimize(lambda trial: trial.suggest_float("last", 0, 1), n_trials=1)
    assert study.best_value == plain.best_value


SCRIPT = """
import warnings; warnings.simplefilter("ignore")
from tpe_reference import *
grid = GridSampler({"kind": ["a", "b"], "n": Int(1, 20), "x": [0.1, 0.5]})
for sampler in (TPESampler(), CmaEsSampler(), RandomSampler(), grid):
    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        if kind == "a":
            return (trial.suggest_float("x", -1, 1) - .5) ** 2
        return trial.suggest_int("n", 1, 20)
    study = create_study(sampler=sampler, seed=7)
    study.optimize(objective, n_trials=30)
    print([(t.params, t.value) for t in study.trials])
"""


def test_another_process_with_another_hash_seed_gives_the_same_trials() -> None:
    root = str(Path(tpe_reference.__file__).parents[1])
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count("kind") == 120


@any_sampler
@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda study: pickle.loads(pickle.dumps(study))], ids=["deepcopy", "pickle"]
)
def test_a_copy_of_a_study_goes_on_identically(make: Callable[[], Sampler], clone: Callable[[Study], Study]) -> None:
    whole, study = create_study(sampler=make(), seed=4), create_study(sampler=make(), seed=4)
    whole.optimize(branches_without_warning(1.0), n_trials=40)
    study.optimize(branches_without_warning(1.0), n_trials=15)
    cloned = clone(study)
    cloned.optimize(branches_without_warning(1.0), n_trials=25)
    assert outline(cloned) == outline(whole)
    assert len(study.trials) == 15, "the original stays as it was"


def test_a_copied_study_still_has_its_queue_and_its_open_trials() -> None:
    study = create_study(seed=4)
    study.ask({"x": Float(0, 1)})
    study.enqueue_trial({"x": 0.25})
    cloned: Study = pickle.loads(pickle.dumps(study))
    cloned.tell(0, 1.0)
    assert cloned.ask({"x": Float(0, 1)}).params == {"x": 0.25}


@any_sampler
def test_parallel_asks_are_reproducible(make: Callable[[], Sampler]) -> None:
    def run() -> Study:
        study = create_study(sampler=make(), seed=9)
        waiting: list[Trial] = []
        for n in range(60):
            waiting.append(study.ask({"x": Float(-1, 1), "y": Float(-1, 1)}))
            if len(waiting) == 8:
                trial = waiting.pop((n * 5) % 8)
                study.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
        return study

    assert outline(run()) == outline(run())


# ---- what a study consists of ----------------------------------------------------------------------------------------


def restored(study: Study) -> Study:
    return Study._restore(pickle.loads(pickle.dumps(study._contents())), type(study.sampler)(), study.pruner)


def everything(trial: Trial) -> float:
    """Branches, domains that vary, failures, pruned trials, reports."""
    kind = trial.suggest_categorical("kind", ["a", "b"])
    x = trial.suggest_float("x", -1, 1)
    trial.report(x, 0)
    if trial.number % 7 == 2:
        raise TrialPruned
    if trial.number % 7 == 4:
        raise ArithmeticError("on purpose")
    if kind == "a":
        return x + trial.suggest_float("y", 0, 1 + trial.number % 2)
    return x * trial.suggest_int("n", 1, 20)


@any_sampler
@pytest.mark.filterwarnings("ignore:trial .* failed", "ignore:trial .* names")
def test_a_restored_study_goes_on_as_if_it_had_never_been_left(make: Callable[[], Sampler]) -> None:
    whole, study = create_study(sampler=make(), seed=4), create_study(sampler=make(), seed=4)
    for one in (whole, study):
        one.enqueue_trial({"x": 0.125})
        one.enqueue_trial({"kind": "b", "n": 7})
    whole.optimize(everything, n_trials=50, catch=ArithmeticError)
    for _ in range(10):  # left after every fifth trial, also with one still enqueued
        study.optimize(everything, n_trials=5 if study.trials else 1, catch=ArithmeticError)
        study = restored(study)
    study.optimize(everything, n_trials=4, catch=ArithmeticError)
    assert outline(study) == outline(whole)
    assert [t.datetime_start for t in restored(study).trials] == [t.datetime_start for t in study.trials]


@any_sampler
@pytest.mark.parametrize("seed", range(3))
def test_what_is_learnt_from_trials_does_not_depend_on_the_order_in_which_they_finish(
    make: Callable[[], Sampler], seed: int
) -> None:
    def told(order: Sequence[int]) -> Study:
        study = create_study(sampler=make(), seed=seed)
        trials = [study.ask() for _ in range(6)]
        for trial in trials:  # the order of the names differs, one domain varies, one trial fails
            for name in ("xy", "yx")[trial.number % 2]:
                trial.suggest_float(name, 0, 1)
        for number in order:
            study.tell(number, state="failed") if number == 0 else study.tell(number, float(number))
        study.optimize(lambda trial: sum(trial.suggest_float(name, 0, 1) for name in "yx"), n_trials=15)
        return study

    orders = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [4, 0, 5, 1, 3, 2]]
    first, *others = [outline(told(order)) for order in orders]
    assert all(other == first for other in others)
    assert outline(restored(told(orders[2]))) == first


def test_a_trial_that_was_running_is_interrupted_in_a_restored_study() -> None:
    study = create_study(seed=0)
    study.tell(study.ask({"x": Float(0, 1)}), 1.0)
    open_trial = study.ask({"x": Float(0, 1)})
    study.set_user_attr("data", "v2")
    again = restored(study)
    assert [(t.state, t.error) for t in again.trials] == [("complete", None), ("failed", "interrupted")]
    assert again.trials[1].params == open_trial.params
    assert again.user_attrs == {"data": "v2"}
    study.tell(open_trial, 0.0)
    assert again.best_value == 1.0, "and the two have nothing to do with each other"


def test_trials_of_another_study_can_be_added_and_are_learnt_from() -> None:
    old, new = create_study(seed=1), create_study(seed=2)
    old.optimize(everything_but_failures, n_trials=40)
    new.tell(new.ask(), state="failed")
    new.add_trials(old.trials)
    assert [t.params for t in new.trials[1:]] == [t.params for t in old.trials]
    assert [t.number for t in new.trials] == list(range(41))
    assert new.best_value == old.best_value
    assert new.best_trial.number == old.best_trial.number + 1
    new.optimize(everything_but_failures, n_trials=10)
    assert np.mean([t.value for t in new.trials[-10:] if t.value is not None]) < np.mean(
        [t.value for t in old.trials[:10] if t.value is not None]
    )
    old.trials[0].params["x"] = 77.0
    assert new.trials[1].params["x"] != 77.0


def everything_but_failures(trial: Trial) -> float:
    return (trial.suggest_float("x", -5, 5) - 1) ** 2 + trial.suggest_int("n", 0, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": TrialState.RUNNING}, "state must be .*running"),
        ({"value": None}, "complete trial needs a value"),
        ({"value": math.nan}, "complete trial cannot have the value nan"),
        ({"value": "1"}, "cannot have the value '1'"),
        ({"state": TrialState.FAILED}, "failed trial cannot have the value 0.5"),
        ({"params": {"x": 2.0}}, r"has x=2.0, and Float\(low=0.0"),
        ({"params": {}}, "has no 'x'"),
        ({"params": {"x": 0.5, 1: 2}}, "a parameter's name must be a text, got 1; write '1'"),
        ({"user_attrs": {None: 2}}, "a key of user_attrs must be a text, got None"),
        ({"datetime_complete": datetime(2026, 1, 1, tzinfo=UTC)}, "two times, both with a zone or none"),
        ({"datetime_start": "2026-01-01"}, "two times, both with a zone or none, got '2026-01-01' and None"),
    ],
)
def test_a_trial_that_cannot_be_is_not_added(changes: dict[str, Any], message: str) -> None:
    study = create_study()
    good = TrialRecord(0, TrialState.COMPLETE, 0.5, {"x": 0.5}, {"x": Float(0, 1)})
    bad = dataclasses.replace(good, **changes)
    with pytest.raises(ValueError, match=message):
        study.add_trials([good, bad])
    assert study.trials == []
    with pytest.raises(ValueError, match="TrialRecord"):
        study.add_trial({"x": 0.5})  # type: ignore[arg-type]


def test_what_numpy_has_computed_is_kept_as_numbers_of_python() -> None:
    space: dict[str, Domain] = {"x": Float(0, 1), "n": Int(1, 5), "c": Categorical([True, "a"])}
    params = {"x": np.float32(0.5), "n": np.int64(3), "c": np.bool_(True)}
    record = create_trial(
        value=np.float32(0.25),  # type: ignore[arg-type]
        params=params,
        distributions=space,
        intermediate_values={np.int64(4): np.float16(1.5)},  # type: ignore[dict-item]
    )
    study = create_study()
    study.add_trial(record)
    study.add_trial(dataclasses.replace(record, params=params, intermediate_values={np.int64(4): 1.5}))  # type: ignore[dict-item]
    for trial in (record, *study.trials):
        kept = [trial.value, *trial.params.values(), *trial.intermediate_values, *trial.intermediate_values.values()]
        assert repr(kept) == "[0.25, 0.5, 3, True, 4, 1.5]"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"value": None}, "create_trial: a complete trial needs a value"),
        ({"state": "done"}, "create_trial: state must be 'complete', 'pruned' or 'failed', got 'done'$"),
        ({"intermediate_values": {"a": 1.0}}, "create_trial: step must be a whole number of at least 0, got 'a'"),
        ({"params": {"x": 1}, "distributions": {"x": (0, 1)}}, r"the domain of 'x' must be a Float, .*got \(0, 1\)"),
    ],
)
def test_a_trial_that_cannot_be_is_not_made(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create_trial(**{"value": 1.0, **wrong})


def test_get_trials_selects_by_state_and_copies() -> None:
    study = create_study(seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    study.tell(study.ask(), state="failed")
    assert [t.number for t in study.get_trials(states=[TrialState.COMPLETE])] == [0, 1]
    assert [t.number for t in study.get_trials(states=(TrialState.FAIL,))] == [2]
    study.get_trials()[0].params["x"] = 77.0
    assert study.trials[0].params["x"] <= 1
    assert study.get_trials(deepcopy=False)[0] is study.trials[0]


@any_sampler
def test_with_a_lag_a_trial_knows_what_came_of_those_that_far_back_and_no_more(make: Callable[[], Sampler]) -> None:
    """What finishes meanwhile is hidden, whenever it finishes, and stays so in a restored study."""

    def run(order: int, leave: bool) -> list[Any]:
        study, waiting = create_study(sampler=make(), seed=3), list[Trial]()
        for n in range(30):
            asked = study._ask(None, 4)
            assert asked is not None
            waiting.append(asked)
            if len(waiting) == 4:  # trial n - 3 is the last to be known when trial n + 1 asks
                for trial in (waiting[::order], waiting[:1])[n % 4 > 0]:
                    study.tell(trial, branches_without_warning(1.0)(trial))
                    waiting.remove(trial)
                if leave and not waiting:
                    study = restored(study)
        return outline(study)

    assert run(1, leave=False) == run(-1, leave=False) == run(1, leave=True)


# ---- the history that samplers see -----------------------------------------------------------------------------------


def test_samplers_see_exactly_the_trials_before_and_always_the_same_list() -> None:
    sampler = RecordingSampler()
    study = create_study(sampler=sampler, seed=0)
    space = {"x": Float(0, 1)}
    for n in range(50):
        trial = study.ask(space)
        assert len(sampler.seen[-1]) == n == trial.number
        study.tell(trial, trial.params["x"])
    assert all(history is sampler.lists[0] for history in sampler.lists), "one list, and never a copy"
    assert [trial.params for trial in sampler.seen[-1]] == [trial.params for trial in study.trials[:-1]]


@pytest.mark.parametrize("n_trials", [10, 2000])
def test_an_ask_walks_over_no_history(n_trials: int) -> None:
    """Counted, not timed: the calls that Python makes during an ask and a tell of a sampler that looks at nothing."""
    study = create_study(sampler=RandomSampler(), seed=0)
    study.optimize(branches_without_warning(1.0), n_trials=n_trials)
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        trial = study.ask()
        value = branches_without_warning(1.0)(trial)
        study.tell(trial, value)
    finally:
        sys.setprofile(None)
    assert calls < 600, f"{calls} calls with {n_trials} trials"


def test_entries_are_losses_states_and_curves() -> None:
    sampler = RecordingSampler()
    study = create_study(direction="maximize", sampler=sampler, seed=0)
    space = {"x": Float(0, 1)}
    study.tell(study.ask(space), 3.0)
    pruned = study.ask(space)
    pruned.report(1.0, 0)
    pruned.report(2.0, 5)
    study.tell(pruned, state="pruned")
    study.tell(study.ask(space), state="failed")
    study.ask(space)
    study.tell(study.ask(space), math.inf)
    study.ask(space)
    seen = sampler.seen[-1]
    assert [trial.state for trial in seen] == ["complete", "pruned", "failed", "running", "complete"]
    assert [trial.loss for trial in seen[:2]] == [-3.0, -2.0]
    assert math.isnan(seen[2].loss)
    assert math.isnan(seen[3].loss)
    assert seen[4].loss == -math.inf
    assert dict(seen[1].curve) == {0: -1.0, 5: -2.0}
    assert all(0 <= trial.params["x"] <= 1 for trial in seen), "also of the failed and the running ones"


def test_finished_entries_never_change() -> None:
    sampler = RecordingSampler()
    study = create_study(sampler=sampler, seed=0)
    study.optimize(branches_without_warning(1.0), n_trials=40)
    for earlier, later in itertools.pairwise(sampler.seen):
        assert all(a is b for a, b in zip(earlier, later, strict=False) if a.state != "running")


def test_running_trials_show_the_parameters_they_have_gained() -> None:
    sampler = RecordingSampler()
    study = create_study(sampler=sampler, seed=0)
    first = study.ask()
    x = first.suggest_float("x", 0, 1)
    study.ask().suggest_float("x", 0, 1)
    assert [(dict(t.params), t.state) for t in sampler.seen[-1]] == [({"x": x}, "running")]
    y = first.suggest_float("y", 0, 1)
    study.ask().suggest_float("x", 0, 1)
    assert dict(sampler.seen[-1][0].params) == {"x": x, "y": y}


def test_an_older_trial_sees_only_the_trials_before_it() -> None:
    sampler = RecordingSampler()
    study = create_study(sampler=sampler, seed=0)
    first, second, third = study.ask(), study.ask(), study.ask()
    study.tell(third, third.suggest_float("x", 0, 1))
    second.suggest_float("x", 0, 1)
    assert len(sampler.seen[-1]) == 1
    first.suggest_float("x", 0, 1)
    assert len(sampler.seen[-1]) == 0


# ---- define by run ---------------------------------------------------------------------------------------------------


def test_what_every_trial_names_is_asked_jointly_and_the_rest_when_it_is_named() -> None:
    sampler = RecordingSampler()
    study = create_study(sampler=sampler, seed=0)
    study.optimize(branches_without_warning(1.0), n_trials=30)
    assert sampler.asked[:2] == [["kind"], ["x"]] or sampler.asked[:2] == [["kind"], ["n"]]
    assert {tuple(names) for names in sampler.asked[12:]} == {("kind",), ("x",), ("n",)}
    joint = RecordingSampler()
    study = create_study(sampler=joint, seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 1, 3), n_trials=5)
    assert joint.asked == [["x"], ["n"], ["x", "n"], ["x", "n"], ["x", "n"], ["x", "n"]]


def joint_by_definition(study: Study) -> list[str]:
    """The names that a new trial is given together, read off the records anew."""
    records = study.trials
    domains: dict[str, list[Domain]] = {}
    for record in records:
        for name, domain in record.distributions.items():
            domains.setdefault(name, []).append(domain)
    finished = [record for record in records if record.state != "running"]
    counted = [record for record in finished if record.state != "failed"] or finished
    return [
        name
        for name in (counted[0].distributions if counted else {})
        if all(name in record.distributions for record in counted)
        and all(domain == domains[name][0] for domain in domains[name])
    ]


@pytest.mark.filterwarnings("ignore:trial .* names")
@pytest.mark.parametrize("seed", range(40))
def test_what_is_asked_jointly_is_what_the_definition_says_whoever_names_and_finishes_what_and_when(seed: int) -> None:
    rng, sampler = random.Random(seed), RecordingSampler()
    study, running = create_study(sampler=sampler, seed=0), list[Trial]()
    change = rng.choice([0.0, 0.0, 0.05])
    for _ in range(25):
        if running and rng.random() < 0.5:
            trial = running.pop(rng.randrange(len(running)))
            state = rng.choice(["complete", "pruned", "failed"] if len(study.trials) > 4 else ["failed"])
            study.tell(trial, 1.0 if state == "complete" else None, state)
            continue
        expected, before = joint_by_definition(study), len(sampler.asked)
        running.append(study.ask())
        assert sampler.asked[before:] == [expected] * bool(expected)
        for name in rng.sample("xyz", 3 if rng.random() < 0.9 else 2):
            running[-1].suggest_float(name, 0, 2 if rng.random() < change else 1)
    finished = [record for record in study.trials if record.state != "running"]
    for n in range(len(finished)):
        other = create_study(sampler=RecordingSampler())
        other.add_trials(finished[: n + 1])
        other.ask()
        expected = joint_by_definition(other)
        assert other.sampler.asked == [expected] * bool(expected), "they are learnt from alike where they are added"  # type: ignore[attr-defined]


@any_sampler
def test_branches_are_searched(make: Callable[[], Sampler]) -> None:
    study = create_study(sampler=make(), seed=0)
    with pytest.warns(UserWarning, match="'leaves'"):
        study.optimize(branches, n_trials=80)
    for trial in study.trials:
        names = {"svm": {"kind", "c"}, "forest": {"kind", "depth", "leaves"}}[trial.params["kind"]]
        assert set(trial.params) == names, "a complete trial has what its objective named and nothing else"
        assert trial.params.get("leaves", 1) <= 2 ** trial.params.get("depth", 9)
    assert study.best_value < 0.35


def test_a_name_whose_domain_changes_is_warned_of_once_and_goes_on() -> None:
    study = create_study(seed=0)

    def objective(trial: Trial) -> float:
        return trial.suggest_float("x", 0, 1 + trial.number) + trial.suggest_float("y", 0, 1)

    with pytest.warns(UserWarning, match=r"trial 1 names 'x' as .*high=2.0.* earlier trials as .*high=1.0") as caught:
        study.optimize(objective, n_trials=30)
    assert len(caught) == 1
    assert caught[0].filename == __file__, "it points at the objective's line"


def test_a_parameter_that_only_later_trials_name_is_searched() -> None:
    def objective(trial: Trial) -> float:
        y = trial.suggest_float("y", 0, 1) if trial.number >= 10 else 0.0
        return trial.suggest_float("x", 0, 1) + y

    study = create_study(seed=0)
    study.optimize(objective, n_trials=40)
    assert all(("y" in trial.params) == (trial.number >= 10) for trial in study.trials)


def test_one_name_with_two_domains_in_one_trial_is_an_error_and_nothing_is_lost() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    for clash in (
        lambda: trial.suggest_float("x", 0, 2),
        lambda: trial.suggest_int("x", 0, 1),
        lambda: trial.suggest_categorical("x", [x, 2]),
    ):
        with pytest.raises(ValueError, match=r"trial 0 has 'x' already.*another name"):
            clash()
    assert trial.suggest_float("x", 0, 1) == x
    assert study.tell(trial, 1.0).params == {"x": x}
    declared = study.ask({"n": Int(1, 3)})
    with pytest.raises(ValueError, match="'n'"):
        declared.suggest_int("n", 1, 4)


def test_an_impossible_domain_is_the_error_of_the_domain() -> None:
    trial = create_study(seed=0).ask()
    with pytest.raises(ValueError, match="low must not exceed high"):
        trial.suggest_float("x", 1, 0)
    with pytest.raises(ValueError, match="choices must not be empty"):
        trial.suggest_categorical("c", [])


# ---- what goes wrong in objectives -----------------------------------------------------------------------------------


def test_an_objective_that_raises_is_kept_as_failed_and_raised_again() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 3:
            raise ZeroDivisionError("by nought")
        return x

    study = create_study(seed=0)
    with pytest.raises(ZeroDivisionError, match="by nought"):
        study.optimize(objective, n_trials=10)
    assert [t.state for t in study.trials] == ["complete"] * 3 + ["failed"]
    assert "ZeroDivisionError" in (study.trials[3].error or "")
    assert "by nought" in (study.trials[3].error or "")
    assert "x" in study.trials[3].params
    study.optimize(objective, n_trials=2)
    assert len(study.trials) == 6, "and the study goes on"


def test_an_error_without_a_text_is_its_name() -> None:
    def objective(trial: Trial) -> float:
        raise MemoryError

    study = create_study(seed=0)
    with pytest.warns(UserWarning, match="^trial 0 failed: MemoryError$"):
        study.optimize(objective, n_trials=1, catch=MemoryError)


@pytest.mark.parametrize("catch", [ArithmeticError, (KeyError, ZeroDivisionError), [ZeroDivisionError]])
def test_errors_that_catch_names_do_not_end_the_search(catch: Any) -> None:
    def objective(trial: Trial) -> float:
        if trial.number % 2:
            raise ZeroDivisionError("by nought")
        return trial.suggest_float("x", 0, 1)

    study = create_study(seed=0)
    with pytest.warns(UserWarning, match=r"trial \d failed: ZeroDivisionError: by nought"):
        study.optimize(objective, n_trials=10, catch=catch)
    assert [t.state for t in study.trials] == ["complete", "failed"] * 5


def test_other_errors_are_not_caught() -> None:
    def objective(trial: Trial) -> float:
        raise KeyError("other")

    with pytest.raises(KeyError):
        create_study(seed=0).optimize(objective, n_trials=10, catch=(ValueError,))


class Hostile:
    def __float__(self) -> float:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (math.nan, "nan"),
        (None, "None"),
        (1 + 2j, "complex"),
        ("0.5", "'0.5'"),
        (b"1", "bytes"),
        (np.array([1.0]), "ndarray"),
        (np.array([1.0, 2.0]), "ndarray"),
        ([1.0, 2.0], "list"),
        ((1.0, 2.0), "tuple"),
        ({}, "dict"),
        (np.float32("nan"), "nan"),
        (np.complex128(1), "complex"),
        (10**400, "int"),
        (Hostile(), "Hostile"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_value_that_is_no_number_fails_its_trial_with_a_clear_message(value: Any, named: str) -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match="trial 0 failed: its value must be a number") as caught:
        study.optimize(lambda trial: value if trial.number == 0 else trial.suggest_float("x", 0, 1), n_trials=3)
    assert named in str(caught[0].message)
    assert [t.state for t in study.trials] == ["failed", "complete", "complete"]
    assert study.trials[0].value is None
    assert named in (study.trials[0].error or "")
    told = study.ask()
    with pytest.warns(UserWarning, match="trial 3 failed"):
        assert study.tell(told, value).state == "failed"


@pytest.mark.parametrize("value", [1, True, np.float32(0.5), np.int64(3), np.array(2.0), 10**300])
def test_what_counts_as_a_number(value: Any) -> None:
    study = create_study(seed=0)
    study.optimize(lambda trial: value, n_trials=1)
    assert type(study.best_value) is float
    assert study.best_value == float(value)


def test_ctrl_c_keeps_all_that_has_finished() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 5:
            raise KeyboardInterrupt
        return x

    study = create_study(seed=0)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(objective, n_trials=10, catch=Exception)
    assert [t.state for t in study.trials] == ["complete"] * 5 + ["failed"]
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert len(study.trials) == 9


def test_ctrl_c_in_a_callback_or_in_ask_keeps_all_that_has_finished() -> None:
    def interrupt(study: Study, record: TrialRecord) -> None:
        raise KeyboardInterrupt

    study = create_study(seed=0)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(square, n_trials=10, callbacks=[interrupt])
    assert [t.state for t in study.trials] == ["complete"]

    class Interrupted:
        def suggest(self, space: Any, history: Any, rng: Any) -> dict[str, Any] | None:
            raise KeyboardInterrupt

    study.sampler = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        study.optimize(square, n_trials=10)
    states = [t.state for t in study.trials]
    assert states[0] == "complete"
    assert "running" not in states


def test_an_objective_that_prunes_itself() -> None:
    def objective(trial: Trial) -> float:
        if trial.number == 1:
            trial.report(7.0, 3)
            trial.report(5.0, 1)
            raise TrialPruned
        if trial.number == 2:
            raise TrialPruned("without a report")
        return 1.0

    study = create_study(seed=0)
    study.optimize(objective, n_trials=3)
    assert [t.state for t in study.trials] == ["complete", "pruned", "pruned"]
    assert [t.value for t in study.trials] == [1.0, 7.0, None], "the value of the last step, not of the last call"


# ---- report ----------------------------------------------------------------------------------------------------------


def test_the_same_step_twice_is_a_warning_and_the_first_stays() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    trial.report(1.0, 4)
    with pytest.warns(UserWarning, match="trial 0 reported step 4 twice; the first report stays"):
        trial.report(2.0, 4)
    assert study.tell(trial, 0.0).intermediate_values == {4: 1.0}


def test_reports_may_be_nan_or_infinite() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    trial.report(math.nan, 0)
    trial.report(math.inf, 1)
    trial.report(np.float32(0.5), np.int64(2))  # type: ignore[arg-type]
    kept = study.tell(trial, 0.0).intermediate_values
    assert str(kept) == "{0: nan, 1: inf, 2: 0.5}"


@pytest.mark.parametrize(
    ("value", "step", "message"),
    [
        (None, 0, "value must be a number, got None"),
        ("0.5", 0, "value must be a number, got '0.5'"),
        (np.ones(2), 0, "value must be a number"),
        (0.5, -1, "step must be a whole number of at least 0, got -1"),
        (0.5, 1.5, "step must be a whole number.*1.5"),
        (0.5, None, "step .*None"),
        (0.5, True, "step .*True"),
    ],
)
def test_reports_that_make_no_sense_are_refused(value: Any, step: Any, message: str) -> None:
    trial = create_study(seed=0).ask()
    with pytest.raises(ValueError, match=message):
        trial.report(value, step)


def test_a_finished_trial_takes_no_more() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    study.tell(trial, 1.0)
    for use in (
        lambda: trial.report(1.0, 1),
        lambda: trial.suggest_float("x", 0, 1),
        lambda: trial.should_prune(),
        lambda: trial.set_user_attr("a", 1),
    ):
        with pytest.raises(ValueError, match="trial 0 is finished already"):
            use()


# ---- tell ------------------------------------------------------------------------------------------------------------


def test_telling_twice_is_an_error_and_the_first_stays() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    study.tell(trial, 1.0)
    for again in (trial, 0):
        with pytest.raises(ValueError, match=r"trial 0 is finished already \(complete\)"):
            study.tell(again, 2.0)
    assert study.trials[0].value == 1.0


@pytest.mark.parametrize("unknown", [1, -1, 99, "0", None, 0.5, True])
def test_telling_an_unknown_trial_is_an_error(unknown: Any) -> None:
    study = create_study(seed=0)
    study.ask()
    with pytest.raises(ValueError, match="no trial"):
        study.tell(unknown, 1.0)
    assert study.trials[0].state == "running"


def test_telling_a_trial_of_another_study_is_an_error() -> None:
    mine, other = create_study(seed=0), create_study(seed=0)
    mine.ask()
    with pytest.raises(ValueError, match="another study"):
        mine.tell(other.ask(), 1.0)


@pytest.mark.parametrize("state", ["running", "COMPLETE", "done", 1])
def test_only_final_states_can_be_told(state: Any) -> None:
    study = create_study(seed=0)
    trial = study.ask()
    with pytest.raises(ValueError, match="state must be"):
        study.tell(trial, 1.0, state)
    study.tell(trial, 1.0)


def test_a_failed_trial_has_no_value() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    with pytest.raises(ValueError, match="failed trial has no value"):
        study.tell(trial, 1.0, "failed")
    assert study.tell(trial, state=TrialState.FAILED).value is None


def test_a_pruned_trial_has_its_last_report_or_the_value_told() -> None:
    study = create_study(seed=0)
    reported, told = study.ask(), study.ask()
    reported.report(3.0, 1)
    assert study.tell(reported, state="pruned").value == 3.0
    assert study.tell(told, 4.0, "pruned").value == 4.0


# ---- enqueue ---------------------------------------------------------------------------------------------------------


def test_enqueued_trials_come_first_in_their_order_and_the_sampler_completes_them() -> None:
    study = create_study(seed=0)
    study.enqueue_trial({"x": 0.25, "n": 2})
    study.enqueue_trial({"n": 3})

    def objective(trial: Trial) -> float:
        return trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 1, 3)

    study.optimize(objective, n_trials=5)
    assert study.trials[0].params == {"x": 0.25, "n": 2}
    assert study.trials[1].params["n"] == 3
    assert 0 <= study.trials[1].params["x"] <= 1
    assert len({t.params["x"] for t in study.trials}) == 5


def test_an_enqueued_trial_works_with_a_declared_space() -> None:
    study = create_study(seed=0)
    study.enqueue_trial({"x": 0.25})
    trial = study.ask({"x": Float(0, 1), "n": Int(1, 3)})
    assert trial.params["x"] == 0.25
    assert trial.params["n"] in (1, 2, 3)


def test_an_enqueued_value_outside_its_domain_is_a_clear_error() -> None:
    study = create_study(seed=0)
    study.enqueue_trial({"x": 7})
    with pytest.raises(ValueError, match=r"the enqueued x=7 lies outside Float"):
        study.optimize(square_in_unit, n_trials=3)
    study.optimize(square_in_unit, n_trials=3)
    assert [t.state for t in study.trials] == ["failed", "complete", "complete", "complete"]
    study.enqueue_trial({"x": 7})
    with pytest.raises(ValueError, match=r"of the enqueued trial, x=7 lies outside Float"):
        study.ask({"x": Float(0, 1)})
    study.tell(study.ask({"x": Float(0, 1)}), 0.0)


def square_in_unit(trial: Trial) -> float:
    return trial.suggest_float("x", 0, 1) ** 2


@pytest.mark.parametrize("params", [None, [1], "x", {1: 2}])
def test_only_a_dict_of_names_can_be_enqueued(params: Any) -> None:
    with pytest.raises(ValueError, match="enqueue_trial"):
        create_study(seed=0).enqueue_trial(params)
    if params is not None:
        with pytest.raises(ValueError, match="enqueue_trial: user_attrs must be a dict"):
            create_study(seed=0).enqueue_trial({"x": 1}, params)


@any_sampler
def test_an_application_may_have_numpy_raise_whatever_it_can(make: Callable[[], Sampler]) -> None:
    study = create_study(sampler=make(), seed=3)
    with np.errstate(all="raise"):  # which it meets where densities become narrow
        study.optimize(lambda trial: trial.suggest_int("n", 0, 1000), n_trials=100)
        tpe_reference.importance.get_param_importances(study)


def test_the_error_of_a_domain_names_the_parameter() -> None:
    trial = create_study(seed=0).ask()
    with pytest.raises(ValueError, match=r"^'lr': Float: log=True needs low > 0"):
        trial.suggest_float("lr", 0, 1, log=True)
    with pytest.raises(
        ValueError, match=r"^'lr': Float: low must be a finite number, got '1e-5'; write float\('1e-5'\)$"
    ):
        trial.suggest_float("lr", "1e-5", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^'n': Int: low must not exceed high"):
        trial.suggest_int("n", 3, 1)
    with pytest.raises(ValueError, match=r"^'kernel': Categorical: choices must not be empty"):
        trial.suggest_categorical("kernel", [])
    with pytest.raises(ValueError, match=r"^'kernel': Categorical: choices must not be empty"):
        create_study(seed=0).ask({"kernel": []})


def test_a_domain_of_another_package_is_no_domain() -> None:
    class FloatDistribution:
        pass

    with pytest.raises(ValueError, match=r"^ask: 'x' must be a domain of this package .* got <.*FloatDistribution"):
        create_study(seed=0).ask({"x": FloatDistribution()})  # type: ignore[dict-item]


def test_a_name_that_is_no_text_is_refused_where_it_is_given() -> None:
    study = create_study(seed=0)
    trial = study.ask()
    with pytest.raises(ValueError, match=r"^suggest: name must be a text, got 5; write '5'$"):
        trial.suggest_float(5, 0, 1)  # type: ignore[arg-type]
    for place in (study, trial):
        with pytest.raises(ValueError, match=r"^set_user_attr: key must be a text, got 5; write '5'$"):
            place.set_user_attr(5, 1)  # type: ignore[arg-type]


def test_a_misspelt_enqueued_name_is_noticed() -> None:
    study = create_study(seed=0)
    study.enqueue_trial({"xx": 0.5})
    with pytest.warns(UserWarning, match="'xx'") as by_the_loop:
        study.optimize(square_in_unit, n_trials=1)
    study.enqueue_trial({"yy": 0.5})
    with pytest.warns(UserWarning, match="'yy'") as by_tell:
        study.tell(study.ask(), 1.0)
    assert [warning.filename for warning in (*by_the_loop, *by_tell)] == [__file__] * 2, "the line of the user"


# ---- the loop --------------------------------------------------------------------------------------------------------


def test_n_trials_are_more_trials_and_0_is_none() -> None:
    study = create_study(seed=0)
    study.optimize(square, n_trials=0)
    assert study.trials == []
    study.optimize(square, n_trials=3)
    study.optimize(square, np.int64(4))  # type: ignore[arg-type]
    assert len(study.trials) == 7


def test_a_timeout_ends_the_loop_between_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # a second passes whenever somebody looks
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    study = create_study(seed=0)
    study.optimize(square, timeout=10)
    assert 5 <= len(study.trials) <= 10
    assert {t.state for t in study.trials} == {"complete"}


def test_a_timeout_of_0_starts_nothing_and_real_time_passes() -> None:
    study = create_study(sampler=RandomSampler(), seed=0)
    study.optimize(square, timeout=0)
    assert study.trials == []
    study.optimize(square, timeout=0.05)
    assert study.trials


def test_whichever_limit_comes_first_ends_it() -> None:
    study = create_study(seed=0)
    study.optimize(square, n_trials=3, timeout=3600)
    assert len(study.trials) == 3


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"n_trials": -1}, "n_trials .*-1"),
        ({"n_trials": 2.5}, "n_trials .*2.5"),
        ({"n_trials": True}, "n_trials .*True"),
        ({"timeout": -1}, "timeout .*-1"),
        ({"timeout": math.nan}, "timeout .*nan"),
    ],
)
def test_limits_that_make_no_sense_are_named(limits: dict[str, Any], message: str) -> None:
    study = create_study(seed=0)
    with pytest.raises(ValueError, match=message):
        study.optimize(square, **limits)
    assert study.trials == []


def test_callbacks_are_called_in_order_after_every_trial_with_the_study_and_the_record() -> None:
    calls: list[tuple[str, int, str]] = []

    def first(study: Study, record: TrialRecord) -> None:
        assert study.trials[record.number] is record
        calls.append(("first", record.number, record.state))

    def second(study: Study, record: TrialRecord) -> None:
        calls.append(("second", record.number, record.state))

    def objective(trial: Trial) -> float:
        if trial.number == 1:
            raise TrialPruned
        return 1.0

    study = create_study(seed=0)
    study.optimize(objective, n_trials=2, callbacks=iter([first, second]))
    assert calls == [
        ("first", 0, "complete"),
        ("second", 0, "complete"),
        ("first", 1, "pruned"),
        ("second", 1, "pruned"),
    ]


def test_a_failing_callback_is_not_hidden_and_loses_nothing() -> None:
    def broken(study: Study, record: TrialRecord) -> None:
        raise RuntimeError("callback")

    study = create_study(seed=0)
    with pytest.raises(RuntimeError, match="callback"):
        study.optimize(square, n_trials=5, callbacks=[broken], catch=RuntimeError)
    assert [t.state for t in study.trials] == ["complete"]


def test_stop_ends_the_loop_after_the_present_trial() -> None:
    study = create_study(seed=0)

    def enough(study: Study, record: TrialRecord) -> None:
        if record.number == 4:
            study.stop()

    study.optimize(square, callbacks=[enough])
    assert len(study.trials) == 5

    def objective(trial: Trial) -> float:
        study.stop()
        return 1.0

    study.optimize(objective, n_trials=10)
    assert [t.state for t in study.trials] == ["complete"] * 6
    study.optimize(square, n_trials=2)
    assert len(study.trials) == 8, "and it can go on afterwards"


def test_stop_outside_the_loop_is_an_error() -> None:
    study = create_study(seed=0)
    with pytest.raises(RuntimeError, match="optimize is not running"):
        study.stop()
    study.optimize(square, n_trials=1)
    with pytest.raises(RuntimeError, match="optimize is not running"):
        study.stop()


def test_a_progress_bar_comes_from_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    create_study(seed=0).optimize(square, n_trials=3, show_progress_bar=True)
    assert "3/3" in capsys.readouterr().err
    create_study(seed=0).optimize(square, n_trials=3)
    assert capsys.readouterr().err == "", "and only when it is asked for"


def test_without_the_library_there_is_a_warning_and_no_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "tqdm"] + ["tqdm", "tqdm.auto"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError):
        importlib.import_module("tqdm.auto")
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match="no progress bar without tqdm: pip install tqdm"):
        study.optimize(square, n_trials=3, show_progress_bar=True)
    assert len(study.trials) == 3
    assert capsys.readouterr().err == ""


# ---- samplers of one's own, mistakes at the door ---------------------------------------------------------------------


class Fixed:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def suggest(self, space: Any, history: Any, rng: Any) -> Any:
        return self.answer


def test_a_sampler_of_ones_own_needs_one_method() -> None:
    study = create_study(sampler=Fixed({"x": 0.5}))
    study.optimize(square_in_unit, n_trials=2)
    assert study.best_value == 0.25


@pytest.mark.parametrize(
    "change",
    [
        lambda history: history.sort(key=lambda trial: -trial.loss),
        lambda history: history.pop(),
        lambda history: history.append(history[0]),
    ],
    ids=["sort", "pop", "append"],
)
def test_a_sampler_that_changes_its_history_is_stopped(change: Callable[[Any], Any]) -> None:
    class Careless(RandomSampler):
        def suggest(self, space: Any, history: Any, rng: Any) -> dict[str, Any]:
            if len(history) == 3:
                change(history)
            return super().suggest(space, history, rng)

    study = create_study(sampler=Careless(), seed=0)
    losses = iter([1.0, 2.0, 3.0, 4.0])  # sorted by the negative, the first and the last change places
    with pytest.raises(ValueError, match=r"Careless.suggest changed its history.*copy, as in sorted\(history"):
        study.optimize(lambda trial: next(losses) + 0 * trial.suggest_float("x", 0, 1), n_trials=4)
    assert [trial.value for trial in study.trials[:3]] == [1.0, 2.0, 3.0]


def test_so_is_a_pruner() -> None:
    class Forgetful:
        def should_prune(self, trial: Any, history: Any) -> bool:
            history.clear()
            return False

    def objective(trial: Trial) -> float:
        trial.report(trial.suggest_float("x", 0, 1), 1)
        return float(trial.should_prune())

    study = create_study(pruner=Forgetful(), seed=0)
    with pytest.raises(ValueError, match=r"Forgetful.should_prune changed its history"):
        study.optimize(objective, n_trials=3)
    assert [str(trial.state) for trial in study.trials] == ["complete", "failed"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, r"Fixed.suggest was asked for \['x'\]"),
        ({"y": 1}, r"Fixed.suggest was asked for \['x'\]"),
        ({"x": 5}, "Fixed.suggest: x=5 lies outside"),
    ],
)
def test_an_answer_that_is_none_is_a_clear_error(answer: Any, message: str) -> None:
    study = create_study(sampler=Fixed(answer))
    with pytest.raises(ValueError, match=message):
        study.ask({"x": Float(0, 1)})
    assert study.trials == []


def test_a_sampler_that_has_nothing_left_ends_the_loop_and_says_so_to_ask() -> None:
    study = create_study(sampler=Fixed(None))
    with pytest.raises(SearchExhausted, match="nothing left to try"):
        study.ask({"x": Float(0, 1)})
    grid = create_study(sampler=GridSampler({"x": [0.5]}))
    grid.optimize(square_in_unit)
    assert len(grid.trials) == 1


@pytest.mark.parametrize("space", [{}, [], "x", 3, {1: Float(0, 1)}, {"x": 3}, {"x": "abc"}, {"x": []}])
def test_a_space_that_is_none_is_a_clear_error(space: Any) -> None:
    study = create_study(seed=0)
    with pytest.raises(ValueError, match=r"space|choices"):
        study.ask(space)
    assert study.trials == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"direction": "up"}, ValueError, "direction must be 'minimize' or 'maximize', got 'up'"),
        ({"seed": -1}, ValueError, "seed .*-1"),
        ({"seed": 1.5}, ValueError, "seed .*1.5"),
        ({"seed": True}, ValueError, "seed .*True"),
        ({"sampler": TPESampler}, TypeError, "sampler must be an object"),
        ({"sampler": "tpe"}, TypeError, "sampler .*'tpe'"),
        ({"pruner": 3}, TypeError, "pruner .*3"),
    ],
)
def test_mistakes_in_create_study_are_named(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        create_study(**arguments)


# ---- threads ---------------------------------------------------------------------------------------------------------


@any_sampler
def test_threads_may_share_a_study(make: Callable[[], Sampler]) -> None:
    study, interval = create_study(sampler=make(), seed=0), sys.getswitchinterval()

    def work(_: int) -> None:
        for _ in range(15):
            trial = study.ask()
            trial.report(1.0, 0)
            study.tell(trial, trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 1, 4))

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert [t.number for t in study.trials] == list(range(60))
    assert {t.state for t in study.trials} == {"complete"}
    assert study.best_value == min(t.value for t in study.trials if t.value is not None)


def test_one_thread_may_report_while_another_asks() -> None:
    study, stop, interval = create_study(seed=0), threading.Event(), sys.getswitchinterval()
    reporting = [study.ask() for _ in range(5)]
    for trial, step in itertools.product(reporting, range(20_000)):
        trial.report(0.0, step)

    def report() -> None:
        for step in itertools.count(20_000):
            for trial in reporting:
                trial.report(0.0, step)
            if stop.is_set():
                break

    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(report)
            try:
                study.ask({"x": Float(0, 1)})  # the five become part of the history, curves and all
                assert all(len(trial.intermediate_values) >= 20_000 for trial in study.trials[:5])
            finally:
                stop.set()
            future.result()
    finally:
        sys.setswitchinterval(interval)


def test_categories_that_python_alone_takes_for_equal_are_two_domains() -> None:
    trial = create_study(seed=0).ask()
    trial.suggest_categorical("c", [0, 1])
    with pytest.raises(ValueError, match="'c'"):
        trial.suggest_categorical("c", [False, True])
    assert Categorical([0, 1]) != Categorical([False, True])


# ---- what a review found ---------------------------------------------------------------------------------------------


def test_an_enqueued_trial_that_does_not_fit_a_declared_space_is_kept_as_failed() -> None:
    for params, message in (({"y": 1}, "names"), ({"x": 7}, "outside")):
        study = create_study(seed=0)
        study.enqueue_trial(params)
        with pytest.raises(ValueError, match=message):
            study.ask({"x": Float(0, 1)})
        (record,) = study.trials
        assert (record.state, record.params) == ("failed", params)
        assert study.ask({"x": Float(0, 1)}).number == 1, "and the study goes on"


def test_a_loop_that_ends_inside_another_leaves_the_outer_one_stoppable() -> None:
    study = create_study(seed=0)

    def objective(trial: Trial) -> float:
        if trial.number == 0:
            study.optimize(lambda inner: inner.suggest_float("x", 0, 1), n_trials=1)
            study.stop()
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=10)
    assert len(study.trials) == 2
    with pytest.raises(RuntimeError, match="not running"):
        study.stop()


def test_an_objective_that_tells_its_trial_and_raises_shows_its_own_error() -> None:
    study = create_study(seed=0)

    def objective(trial: Trial) -> float:
        study.tell(trial, 1.0)
        raise KeyError("its own")

    with pytest.raises(KeyError, match="its own"):
        study.optimize(objective, n_trials=1)
    assert study.trials[0].state == "complete"


@pytest.mark.parametrize("answer", [[1], 3, {"y": 1}])
def test_a_sampler_that_answers_something_else_is_named(answer: object) -> None:
    class Odd:
        def suggest(self, space: object, history: object, rng: object) -> Any:
            return answer

    with pytest.raises(ValueError, match=r"Odd.suggest was asked for \['x'\]"):
        create_study(sampler=Odd(), seed=0).ask({"x": Float(0, 1)})


def test_a_sampler_may_have_an_attribute_space_of_its_own() -> None:
    class Remembers(RandomSampler):
        def suggest(self, space: Any, history: Any, rng: Any) -> dict[str, Any]:
            self.space = space
            return super().suggest(space, history, rng)

    study = create_study(sampler=Remembers(), seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 0, 3), n_trials=3)
    assert len(study.trials) == 3


def test_changing_the_best_trial_changes_nothing_in_the_study() -> None:
    study = create_study(seed=0)
    study.tell(study.ask({"x": Float(0, 1)}), 1.0)
    expected = study.best_params
    study.best_trial.params["x"] = study.trials[0].params["x"] = 77
    assert study.best_params == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"func": 3}, "must be functions"),
        ({"callbacks": [3]}, "must be functions"),
        ({"catch": "x"}, "catch"),
        ({"catch": [ValueError, 1]}, "catch"),
        ({"catch": BaseException}, "catch must be a subclass of Exception"),
        ({"callbacks": 3}, "callbacks must be functions, got 3"),
        ({"reproducible": "yes"}, "reproducible must be True, False or a whole number, got 'yes'"),
        ({"timeout": "3"}, "timeout"),
    ],
)
def test_a_mistake_in_optimize_shows_before_anything_runs(arguments: dict[str, Any], message: str) -> None:
    study = create_study(seed=0)
    usual: dict[str, Any] = {} if "func" in arguments else {"func": lambda trial: 1.0}
    with pytest.raises((TypeError, ValueError), match=message):
        study.optimize(**usual, **arguments)
    assert study.trials == []


def test_ctrl_c_between_ask_and_the_objective_leaves_no_trial_running(monkeypatch: pytest.MonkeyPatch) -> None:
    study = create_study(seed=0)

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tpe_reference.loop.evaluate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(lambda trial: 1.0, n_trials=1)
    assert [trial.state for trial in study.trials] == ["failed"]
