"""The loop: limits, stop rules, declared spaces; several trials at once, here and elsewhere; what goes amiss."""

import concurrent.futures
import contextlib
import inspect
import itertools
import math
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import tpe_reference
from tpe_reference import (
    CmaEsSampler,
    Float,
    GridSampler,
    Int,
    MedianPruner,
    RandomSampler,
    Sampler,
    Study,
    TPESampler,
    Trial,
    TrialPruned,
    TrialRecord,
    create_study,
)
from tpe_reference.loop import Caught, Outcome, evaluate
from tpe_reference.workers import Executor, Processes, _serve

SAMPLERS: dict[str, Callable[[], Sampler]] = {"random": RandomSampler, "tpe": TPESampler, "cma-es": CmaEsSampler}
any_sampler = pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
forks = pytest.mark.skipif(
    multiprocessing.get_start_method() != "fork", reason="the processes must inherit what this file has set up"
)
ROOT = str(Path(tpe_reference.__file__).parents[1])


def outline(study: Study) -> list[Any]:
    """All that two runs must have in common: not the times."""
    return [
        (t.number, str(t.state), t.value, repr(t.params), t.distributions, t.intermediate_values, t.user_attrs, t.error)
        for t in study.trials
    ]


def bowl(trial: Trial) -> float:
    return (trial.suggest_float("x", -5, 5) - 1) ** 2 + trial.suggest_int("n", 0, 3)


def everything(trial: Trial) -> float:
    """Branches, domains that vary, failures, pruned trials, reports, attributes."""
    kind = trial.suggest_categorical("kind", ["a", "b"])
    x = trial.suggest_float("x", -1, 1)
    advice = []
    for step in range(3):
        trial.report(x + step, step)
        advice.append(trial.should_prune())
    trial.set_user_attr("prune", advice[0])
    if trial.number % 7 == 2:
        raise TrialPruned
    if trial.number % 7 == 4:
        raise ArithmeticError("on purpose")
    if kind == "a":
        return x + trial.suggest_float("y", 0, 1 + trial.number % 2)
    return x * trial.suggest_int("n", 1, 20)


quiet = pytest.mark.filterwarnings("ignore:trial .* failed", "ignore:trial .* names", "ignore:enqueue_trial named")


# ---- limits ----------------------------------------------------------------------------------------------------------


def workers_left() -> list[Any]:
    """Return the processes that a search has left; not those of joblib, which wait where scikit-learn used some."""
    return [process for process in multiprocessing.active_children() if not process.name.startswith("Loky")]


def test_the_arguments_that_optuna_has_too_are_in_optunas_order() -> None:
    optuna = pytest.importorskip("optuna")
    theirs = list(inspect.signature(optuna.Study.optimize).parameters)
    ours = inspect.signature(Study.optimize).parameters.values()
    assert [p.name for p in ours if p.kind is not p.KEYWORD_ONLY] == theirs


@pytest.mark.parametrize("workers", [{}, {"n_jobs": 3}, {"n_jobs": 3, "reproducible": True}], ids=str)
def test_until_is_how_many_in_all_and_n_trials_how_many_more(workers: dict[str, Any]) -> None:
    study = create_study(seed=0)
    study.optimize(bowl, n_trials=4, **workers)
    assert len(study.trials) == 4
    study.optimize(bowl, until=11, **workers)
    assert len(study.trials) == 11
    study.optimize(bowl, until=11, **workers)
    study.optimize(bowl, until=5, **workers)
    assert len(study.trials) == 11
    study.optimize(bowl, n_trials=2, until=20, **workers)
    study.optimize(bowl, n_trials=20, until=14, **workers)
    assert [t.state for t in study.trials] == ["complete"] * 14


def test_until_is_exact_with_several_loops_at_once() -> None:
    study = create_study(sampler=RandomSampler(), seed=0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: study.optimize(bowl, until=100), range(4)))
    assert [t.state for t in study.trials] == ["complete"] * 100


def told_values(values: list[float]) -> Callable[[Trial], float]:
    return lambda trial: values[trial.number]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_patience_counts_finished_trials_without_a_new_best_value(direction: str) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    values = [sign * value for value in (5, math.inf, 6, 4, 4, 5, -sign * math.inf, 3, 9, 9, 9, 9)]
    for patience, n_trials in ((2, 3), (3, 7), (4, 12), (99, 12)):
        study = create_study(direction=direction, seed=0)
        study.optimize(told_values(values), n_trials=12, patience=patience)
        assert len(study.trials) == n_trials
        study.optimize(told_values(values), n_trials=12 - n_trials, patience=patience)
        assert len(study.trials) == n_trials, "whoever goes on with a study has no more patience"


def test_patience_ends_a_search_in_which_everything_fails() -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match="failed"):
        study.optimize(lambda trial: math.nan, patience=5)
    assert len(study.trials) == 5


@pytest.mark.parametrize(("direction", "target", "n_trials"), [("minimize", 3.0, 4), ("maximize", 6, 3)])
def test_target_stops_as_soon_as_the_best_value_is_as_good(direction: str, target: float, n_trials: int) -> None:
    study = create_study(direction=direction, seed=0)
    study.optimize(told_values([5, 4, 7, 3, 8]), n_trials=5, target=target)
    assert len(study.trials) == n_trials
    study.optimize(told_values([0] * 9), target=target)
    assert len(study.trials) == n_trials, "it is reached, whoever reached it"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"until": -1}, "until .*-1"),
        ({"until": 2.5}, "until .*2.5"),
        ({"patience": 0}, "patience .*0"),
        ({"target": "x"}, "target .*'x'"),
        ({"target": math.nan}, "target .*nan"),
        ({"n_jobs": 0}, "n_jobs .*0"),
        ({"n_jobs": -2}, "n_jobs .*-2"),
        ({"n_jobs": True}, "n_jobs .*True"),
        ({"n_jobs": 2.0}, "n_jobs .*2.0"),
        ({"executor": 3}, "executor .*3"),
        ({"space": {}}, "optimize: space"),
        ({"space": {"x": 3}}, "choices"),
    ],
)
def test_a_mistake_shows_before_anything_runs(arguments: dict[str, Any], message: str) -> None:
    study = create_study(seed=0)
    with pytest.raises((TypeError, ValueError), match=message):
        study.optimize(bowl, n_trials=1, **arguments)
    assert study.trials == []


def test_garbage_is_collected_after_every_trial_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[None] = []
    monkeypatch.setattr("gc.collect", lambda: calls.append(None))
    create_study(seed=0).optimize(bowl, n_trials=3)
    assert not calls
    create_study(seed=0).optimize(bowl, n_trials=3, gc_after_trial=True)
    assert len(calls) == 3


# ---- a declared space ------------------------------------------------------------------------------------------------


def plain(params: dict[str, Any]) -> float:
    assert set(params) == {"x", "n", "c"}
    return float(params["x"] ** 2 + params["n"] + (params.pop("c") == "b"))


SPACE: dict[str, Any] = {"x": Float(-5, 5), "n": Int(0, 3), "c": ["a", "b"]}


@any_sampler
def test_a_declared_space_makes_the_objective_a_function_of_plain_parameters(make: Callable[[], Sampler]) -> None:
    study, by_hand = create_study(sampler=make(), seed=1), create_study(sampler=make(), seed=1)
    study.optimize(plain, n_trials=20, space=SPACE)
    for _ in range(20):
        trial = by_hand.ask(SPACE)
        by_hand.tell(trial, plain(trial.params))
    assert outline(study) == outline(by_hand)
    parallel = create_study(sampler=make(), seed=1)
    parallel.optimize(plain, n_trials=20, space=SPACE, n_jobs=2)
    assert {frozenset(t.params) for t in parallel.trials} == {frozenset("xnc")}


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_grid_is_run_through_once(n_jobs: int) -> None:
    study = create_study(sampler=GridSampler(points=3), seed=0)
    study.optimize(plain, space=SPACE, n_jobs=n_jobs)
    points = {tuple(t.params.values()) for t in study.trials}
    assert len(points) == len(study.trials) == 3 * 3 * 2


# ---- reproducible: the same trials whatever the timing ---------------------------------------------------------------


class Shuffled:
    """Workers elsewhere, who share nothing with us, and whose trials finish in an order drawn from a seed."""

    def __init__(self, objective: Any, caught: Caught, n: int, seed: int) -> None:
        self.objective, self.caught, self.n, self.order = objective, caught, n, np.random.default_rng(seed)
        self.running: dict[int, bytes] = {}

    def start(self, number: int, argument: Any) -> None:
        self.running[number] = pickle.dumps(argument)

    def wait(self) -> dict[int, Outcome]:
        assert self.running, "it waits for a trial that nobody has"  # which would be for ever
        first = list(self.running)[: self.n]  # the others are in line
        finished = self.order.permutation(first)[: self.order.integers(1, self.n + 1)]
        return {int(k): evaluate(self.objective, self.caught, pickle.loads(self.running.pop(int(k)))) for k in finished}

    def collect(self) -> dict[int, Outcome]:
        return {}

    def close(self, *, kill: bool) -> None:
        assert kill == bool(self.running)


def shuffled(
    make: Callable[[], Sampler], parts: list[tuple[int, int, int]], objective: Any = everything, **arguments: Any
) -> tuple[Study, list[int]]:
    """Search in parts, each a number of trials, of workers and a seed for the order; saved and loaded in between."""
    study, called = create_study(sampler=make(), pruner=MedianPruner(n_startup_trials=2), seed=3), list[int]()
    study.lag = 4
    study.enqueue_trial({"kind": "a", "x": 0.5})
    study.enqueue_trial({"n": 3})
    for until, n, seed in parts:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tpe_reference.loop._find_workers", lambda s, f, c, *_: Shuffled(f, c, n, seed))  # noqa: B023
            study.optimize(
                objective,
                until=until,
                reproducible=True,
                catch=ArithmeticError,
                callbacks=[lambda study, record: called.append(record.number)],
                **arguments,
            )
        study = Study._restore(pickle.loads(pickle.dumps(study._contents())), make(), study.pruner)
    return study, called


@quiet
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # to look for the smallest failing case takes minutes, and looks like a test that hangs
)
@given(st.data())
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_a_reproducible_run_depends_on_no_timing_no_workers_and_no_interruption(
    make: Callable[[], Sampler], data: st.DataObject
) -> None:
    one_by_one, called = shuffled(make, [(40, 1, 0)])
    assert called == list(range(40))
    cuts = sorted(data.draw(st.sets(st.integers(1, 39), max_size=3)))
    part = st.tuples(st.integers(1, 4), st.integers(0, 99))
    other, called = shuffled(make, [(until, *data.draw(part)) for until in [*cuts, 40]])
    assert outline(other) == outline(one_by_one)
    assert called == list(range(40)), "callbacks come in the order of the numbers"


def reports_and_prunes(trial: Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    for step in range(3):
        trial.report(x * x + step, step)
        if trial.should_prune():
            raise TrialPruned
    return x * x


@quiet
def test_a_trial_of_a_reproducible_run_is_pruned_by_its_own_curve() -> None:
    """The others see it as running, without a curve; the pruner judges the curve that it has."""
    study, _ = shuffled(RandomSampler, [(40, 3, 0)], objective=reports_and_prunes)
    assert outline(study) == outline(shuffled(RandomSampler, [(40, 1, 0)], objective=reports_and_prunes)[0])
    assert 5 <= sum(trial.state == "pruned" for trial in study.trials) <= 35


@quiet
@pytest.mark.parametrize("rule", [{"patience": 8}, {"target": -5.0}], ids=str)
def test_stop_rules_of_a_reproducible_run_do_not_depend_on_timing_either(rule: dict[str, Any]) -> None:
    expected, _ = shuffled(TPESampler, [(200, 1, 0)], **rule)
    assert 8 < len(expected.trials) < 200
    for parts in ([(200, 4, 1)], [(200, 3, 2)], [(7, 4, 3), (len(expected.trials) - 2, 4, 4), (200, 4, 5)]):
        assert outline(shuffled(TPESampler, parts, **rule)[0]) == outline(expected)


@quiet
@any_sampler
def test_processes_threads_pools_and_one_worker_give_the_same_trials(make: Callable[[], Sampler]) -> None:
    def run(**workers: Any) -> list[Any]:
        study = create_study(sampler=make(), seed=5)
        study.lag = 3
        study.optimize(everything, n_trials=30, catch=ArithmeticError, reproducible=True, **workers)
        return outline(study)

    one = run(n_jobs=1)
    assert run(n_jobs=3) == one
    assert run(n_jobs=2) == one
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(3) as processes:
        assert run(executor=threads) == one
        assert run(executor=processes) == one


@pytest.mark.parametrize(("rule", "last_seen"), [({"patience": 3}, 5), ({"target": 3}, 2)], ids=str)
def test_stop_rules_know_what_the_next_trial_may_know(rule: dict[str, Any], last_seen: int) -> None:
    """So those that would be under way with as many workers are run, with fewer workers too."""
    study = create_study(seed=0)
    study.lag = 4
    study.optimize(told_values([5, 4, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9]), n_trials=12, reproducible=True, **rule)
    assert len(study.trials) == last_seen + study.lag


def test_one_worker_needs_no_lag_and_is_reproducible_anyway() -> None:
    study, plain_run = create_study(seed=0), create_study(seed=0)
    study.optimize(bowl, n_trials=20, reproducible=True)
    plain_run.optimize(bowl, n_trials=20)
    assert outline(study) == outline(plain_run)
    assert study.lag == 1


def test_the_lag_stays_and_more_workers_than_that_are_refused() -> None:
    study = create_study(seed=0)
    study.optimize(bowl, n_trials=4, n_jobs=2, reproducible=True)
    assert study.lag == 2
    study.optimize(bowl, n_trials=1, reproducible=True)
    with pytest.raises(ValueError, match=r"reproducible with 2 trials under way .* 3 workers cannot be used"):
        study.optimize(bowl, n_trials=4, n_jobs=3, reproducible=True)
    study.optimize(bowl, n_trials=4, n_jobs=3)
    assert len(study.trials) == 9
    assert study.lag == 2


def test_two_loops_at_once_cannot_both_be_reproducible() -> None:
    study = create_study(seed=0)

    def nested(trial: Trial) -> float:
        study.optimize(bowl, n_trials=1, reproducible=True)
        return 0.0

    with pytest.raises(RuntimeError, match="needs the study for itself"):
        study.optimize(nested, n_trials=1)


# ---- processes -------------------------------------------------------------------------------------------------------


def tells_its_process(trial: Trial) -> float:
    trial.set_user_attr("process", os.getpid())
    return bowl(trial)


def test_trials_run_in_other_processes_and_all_that_they_leave_comes_back() -> None:
    study = create_study(direction="maximize", seed=0)
    study.optimize(tells_its_process, n_trials=12, n_jobs=3)
    records = study.trials
    assert [t.state for t in records] == ["complete"] * 12
    assert 1 <= len({t.user_attrs["process"] for t in records} - {os.getpid()}) <= 3
    assert all(t.value == (t.params["x"] - 1) ** 2 + t.params["n"] for t in records)
    assert all(t.distributions == {"x": Float(-5, 5), "n": Int(0, 3)} for t in records)
    assert all(t.duration is not None and t.datetime_start for t in records)
    assert workers_left() == []
    study.optimize(tells_its_process, n_trials=3, n_jobs=-1)
    assert len(study.trials) == 15


MEETING = multiprocessing.Barrier(3)


def meets_the_others(trial: Trial) -> float:
    MEETING.wait(60)
    return float(trial.number)


@forks
def test_as_many_run_at_once_as_there_are_jobs() -> None:
    study = create_study(seed=0)
    study.optimize(meets_the_others, n_trials=6, n_jobs=3)
    assert [t.value for t in study.trials] == list(range(6))


def test_as_many_run_at_once_as_an_executor_has_workers_or_as_n_jobs_says() -> None:
    meeting = threading.Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        create_study(seed=0).optimize(lambda trial: meeting.wait(60), n_trials=6, executor=pool)

    class Silent(concurrent.futures.Executor):
        def submit(self, *arguments: Any) -> Any:  # type: ignore[override]
            return pool.submit(*arguments)

    with ThreadPoolExecutor(9) as pool:
        create_study(seed=0).optimize(lambda trial: meeting.wait(60), n_trials=6, executor=Silent(), n_jobs=3)
    with pytest.raises(ValueError, match=r"does not tell how many workers .* n_jobs=4"):
        create_study(seed=0).optimize(bowl, n_trials=6, executor=Silent())
    with pytest.raises(TypeError, match=r"executor must be an object with a method submit, .*got <class"):
        create_study(seed=0).optimize(bowl, n_trials=6, executor=ThreadPoolExecutor)  # type: ignore[arg-type]


@quiet
@any_sampler
def test_a_trial_elsewhere_behaves_as_one_here(make: Callable[[], Sampler]) -> None:
    """With one worker nothing is under way meanwhile, so that both know the same."""
    here, there = (create_study(sampler=make(), pruner=MedianPruner(2), seed=8) for _ in range(2))
    here.optimize(everything, n_trials=40, catch=ArithmeticError)
    with ProcessPoolExecutor(1) as pool:
        there.optimize(everything, n_trials=40, catch=ArithmeticError, executor=pool)
    assert outline(there) == outline(here)
    assert {t.user_attrs["prune"] for t in here.trials} == {True, False}


def test_what_cannot_be_sent_to_a_process_is_named_before_anything_runs() -> None:
    study = create_study(seed=0)
    with pytest.raises(TypeError, match=r"lambda.* cannot be sent .* top level of a module .*ThreadPoolExecutor"):
        study.optimize(lambda trial: 1.0, n_trials=4, n_jobs=2)
    with ProcessPoolExecutor(2) as pool, pytest.raises(TypeError, match="top level of a module"):
        study.optimize(lambda trial: 1.0, n_trials=4, executor=pool)
    assert study.trials == []
    with ThreadPoolExecutor(2) as threads:
        study.optimize(lambda trial: 1.0, n_trials=4, executor=threads)
    assert len(study.trials) == 4

    class Local(RandomSampler):
        pass

    with pytest.raises(TypeError, match=r"Local .* cannot be sent"):
        create_study(sampler=Local(), seed=0).optimize(bowl, n_trials=4, n_jobs=2)


class SilentError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


def raises_without_a_text(trial: Trial) -> float:
    raise SilentError


@pytest.mark.parametrize("workers", [{}, {"n_jobs": 2}], ids=str)
def test_an_exception_whose_text_cannot_be_had_is_caught_as_any_other(workers: dict[str, Any]) -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match=r"failed: SilentError \(whose text raises ZeroDivisionError\)"):
        study.optimize(raises_without_a_text, n_trials=2, catch=SilentError, **workers)
    assert [t.state for t in study.trials] == ["failed", "failed"]


class UnsendableError(Exception):
    def __init__(self) -> None:
        super().__init__("holds a lock")
        self.lock = threading.Lock()


def goes_wrong(how: str, trial: Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 3:
        if how == "raises":
            raise KeyError("three")
        if how == "unsendable":
            raise UnsendableError
        if how == "attribute":
            trial.set_user_attr("lock", threading.Lock())
        if how == "nan":
            return math.nan
        if how == "exits":
            sys.exit(3)
    return x


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("raises", KeyError, "three"),
        ("unsendable", RuntimeError, "UnsendableError: holds a lock"),
        ("attribute", TypeError, r"user_attrs\['lock'\] cannot be sent"),
        ("exits", SystemExit, "3"),
    ],
)
def test_an_error_in_another_process_goes_on_to_the_caller(how: str, error: type[BaseException], message: str) -> None:
    study = create_study(seed=0)
    with pytest.raises(error, match=message) as caught:
        study.optimize(partial(goes_wrong, how), n_trials=20, n_jobs=2)
    states = [str(t.state) for t in study.trials]
    assert states[3] == ("complete" if how == "attribute" else "failed"), "its value is not lost with an attribute"
    assert "running" not in states
    assert 4 <= len(states) < 20
    assert workers_left() == []
    if how in ("raises", "exits"):
        assert states.count("failed") == 1, "what was under way has finished"
    if how == "raises":
        assert "in goes_wrong" in caught.value.__notes__[0], "and it says where it arose"
    study.optimize(bowl_in_unit, until=30, n_jobs=2)
    assert len(study.trials) == 30


def bowl_in_unit(trial: Trial) -> float:
    return trial.suggest_float("x", 0, 1)


@pytest.mark.parametrize(
    ("how", "catch", "text"),
    [
        ("raises", LookupError, "KeyError: 'three'"),
        ("unsendable", UnsendableError, "UnsendableError: holds a lock"),
        ("nan", (), "its value must be a number, got nan"),
    ],
)
def test_an_error_in_another_process_that_is_caught_fails_its_trial(how: str, catch: Any, text: str) -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match="trial 3 failed: "):
        study.optimize(partial(goes_wrong, how), n_trials=8, n_jobs=2, catch=catch)
    assert [t.state for t in study.trials] == ["complete"] * 3 + ["failed"] + ["complete"] * 4
    assert text in (study.trials[3].error or "")
    assert "x" in study.trials[3].params


class Bare:
    """Of what a process has made up for itself, and this one cannot import."""


def makes_something_up(how: str, trial: Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 2:
        module = types.ModuleType("only_there")
        sys.modules["only_there"] = module
        base = Exception if how == "exception" else Bare
        module.Kind = type("Kind", (base,), {"__module__": "only_there", "__qualname__": "Kind"})  # type: ignore[attr-defined]
        if how == "exception":
            raise module.Kind("on purpose")
        trial.set_user_attr("thing", module.Kind())
    return x


@pytest.mark.parametrize("pool", [False, True])
def test_an_exception_that_nobody_here_can_import_fails_its_trial_alone(pool: bool) -> None:
    study = create_study(seed=0)
    with ProcessPoolExecutor(2) as executor, pytest.raises(RuntimeError, match="Kind: on purpose") as caught:
        study.optimize(partial(makes_something_up, "exception"), 20, n_jobs=2, executor=executor if pool else None)
    assert "in makes_something_up" in caught.value.__notes__[0]
    assert [t.number for t in study.trials if t.state != "complete"] == [2]
    assert study.trials[2].error == "Kind: on purpose"
    again = create_study(seed=0)
    with pytest.warns(UserWarning, match="trial 2 failed: Kind: on purpose"):  # caught for what it was there
        again.optimize(partial(makes_something_up, "exception"), n_trials=6, n_jobs=2, catch=Exception)
    assert len(again.trials) == 6


@pytest.mark.parametrize("pool", [False, True])
def test_an_attribute_that_nobody_here_can_import_is_lost_alone(pool: bool) -> None:
    study = create_study(seed=0)
    with ProcessPoolExecutor(2) as executor, pytest.raises(TypeError, match=r"user_attrs\['thing'\] .*only_there"):
        study.optimize(partial(makes_something_up, "attribute"), 20, n_jobs=2, executor=executor if pool else None)
    assert {t.state for t in study.trials} == {"complete"}
    assert study.trials[2].user_attrs == {}


class LoadsOnce:
    """A bowl that only the first of the processes can load; that one then takes its time."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, trial: Trial) -> float:
        threading.Event().wait()
        return bowl(trial)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.mark.touch(exist_ok=False)


def test_workers_that_cannot_load_the_objective_leave_nobody_behind(tmp_path: Path) -> None:
    study = create_study(seed=0)
    with pytest.raises(TypeError, match="could not load what it was sent: FileExistsError"):
        study.optimize(LoadsOnce(tmp_path / "mark"), n_trials=4, n_jobs=4)
    left = workers_left()
    for process in left:
        process.kill()
    assert left == []
    assert {t.error for t in study.trials} == {"interrupted"}


def is_told_to_stop(trial: Trial) -> float:
    os.kill(os.getpid(), signal.SIGINT)
    return bowl(trial)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_that_reaches_a_worker_does_not_end_its_trial() -> None:
    """A terminal sends it to all processes; what becomes of the trials is for the one that searches to say."""
    study = create_study(seed=0)
    try:
        study.optimize(is_told_to_stop, n_trials=4, n_jobs=2)
    except KeyboardInterrupt:
        pytest.fail("it did")
    assert [t.state for t in study.trials] == ["complete"] * 4


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("reproducible", [False, True])
def test_ctrl_c_while_a_process_is_started_is_heard(reproducible: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    start = multiprocessing.Process.start

    def start_and_press(process: multiprocessing.Process) -> None:
        start(process)
        with contextlib.suppress(KeyboardInterrupt):  # as Python does where others have asked to be called at a fork
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(multiprocessing.Process, "start", start_and_press)
    study = create_study(seed=0)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(bowl, n_trials=5, n_jobs=2, reproducible=reproducible)
    assert [t.error for t in study.trials] == ["interrupted"]
    assert multiprocessing.active_children() == []


def test_ctrl_c_does_not_lose_what_has_been_received(monkeypatch: pytest.MonkeyPatch) -> None:
    receive, n_pressed = Processes._receive, itertools.count()

    def receive_and_press(self: Processes, *arguments: Any) -> None:
        n_at_work = len(self._arguments)
        receive(self, *arguments)
        if len(self._arguments) < n_at_work and next(n_pressed) == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(Processes, "_receive", receive_and_press)
    study = create_study(seed=0)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(bowl, n_trials=5, n_jobs=2)
    assert "complete" in [t.state for t in study.trials]


def test_ctrl_c_does_not_lose_what_an_executor_has_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    look, n_pressed = Executor._outcome, itertools.count()

    def look_and_press(self: Executor, future: Any) -> Outcome:
        outcome = look(self, future)
        if next(n_pressed) == 0:
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setattr(Executor, "_outcome", look_and_press)
    study = create_study(seed=0)
    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        study.optimize(bowl, n_trials=5, executor=executor)
    assert [t.state for t in study.trials] == ["complete"]


def takes_no_notice(folder: Path) -> float:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / str(os.getpid())).touch()
    threading.Event().wait()
    return 0.0


def stubborn(folder: Path, n: int) -> Processes:
    workers = Processes(takes_no_notice, (), n)
    for number in range(n):
        workers.start(number, folder)
    while len(list(folder.iterdir())) < n:
        assert workers.collect() == {}
    return workers


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_second_ctrl_c_leaves_no_worker_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers, join = stubborn(tmp_path, 2), multiprocessing.process.BaseProcess.join
    calls = list[float | None]()

    def interrupted(process: Any, timeout: float | None = None) -> None:
        calls.append(timeout)
        if len(calls) == 1:
            raise KeyboardInterrupt
        join(process, timeout)

    monkeypatch.setattr(multiprocessing.process.BaseProcess, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        workers.close(kill=True)
    left = workers_left()
    for process in left:
        process.kill()
    assert left == []


def bowl_after_others(trial: Trial) -> float:
    if trial.number == 0:
        threading.Event().wait(0.2)
    return bowl(trial)


@pytest.mark.parametrize("n_can_be_started", [0, 1, 2])
def test_where_processes_cannot_be_started_those_that_there_are_do_the_work(
    n_can_be_started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, numbers = multiprocessing.Process.start, itertools.count()

    def start_some(process: multiprocessing.Process) -> None:
        if next(numbers) >= n_can_be_started:
            raise BlockingIOError("no more processes")
        start(process)

    monkeypatch.setattr(multiprocessing.Process, "start", start_some)
    monkeypatch.setattr("tpe_reference.workers.LOOK", 0.01)
    study = create_study(seed=0)
    expected = contextlib.nullcontext() if n_can_be_started else pytest.raises(BlockingIOError, match="no more")
    with expected:
        study.optimize(bowl_after_others, n_trials=6, n_jobs=3)
    assert [str(t.state) for t in study.trials] == (["complete"] * 6 if n_can_be_started else ["failed"] * 3)


def test_a_worker_that_is_not_wanted_any_more_ends_in_peace() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, b"", [ours]))
    process.start()
    theirs.close()
    assert ours.poll(timeout=60)
    ours.close()  # what it has said is not read
    process.join()
    assert process.exitcode == 0


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_workers_that_take_no_notice_share_one_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tpe_reference.workers.GRACE", 0.2)
    workers, join, waited = stubborn(tmp_path, 3), multiprocessing.process.BaseProcess.join, list[float]()

    def noted(process: Any, timeout: float | None = None) -> None:
        waited.append(timeout or 0.0)
        join(process, timeout)

    monkeypatch.setattr(multiprocessing.process.BaseProcess, "join", noted)
    workers.close(kill=True)
    assert 0.1 < sum(waited) < 0.3, waited
    assert workers_left() == []


def dies(folder: Path, times: int, how: str, trial: Trial) -> float:
    """Its process dies in trial 5, the first so many times."""
    value = bowl(trial)
    if trial.number == 5:
        marks = list(folder.iterdir())
        if len(marks) < times:
            (folder / f"{len(marks)}").touch()
            os._exit(3) if how == "exit" else os.kill(os.getpid(), signal.SIGKILL)
    return value


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_the_trial_of_a_process_that_dies_runs_again_under_its_number(tmp_path: Path, how: str) -> None:
    study, undisturbed = create_study(seed=0), create_study(seed=0)
    study.optimize(partial(dies, tmp_path, 1, how), n_trials=15, n_jobs=3, reproducible=True)
    assert len(list(tmp_path.iterdir())) == 1, "it has died"
    undisturbed.optimize(bowl, n_trials=15, n_jobs=3, reproducible=True)
    assert outline(study) == outline(undisturbed)


@pytest.mark.parametrize(("how", "code"), [("exit", "3"), ("kill", "-9")])
def test_a_trial_whose_process_dies_twice_is_failed_and_no_other_suffers(tmp_path: Path, how: str, code: str) -> None:
    study = create_study(seed=0)
    with pytest.warns(
        UserWarning, match=f"trial 5 failed: its worker process died twice, at last with exit code {code}"
    ):
        study.optimize(partial(dies, tmp_path, 99, how), until=15, n_jobs=3)
    assert [t.number for t in study.trials if t.state != "complete"] == [5]
    assert len(study.trials) == 15
    assert len(list(tmp_path.iterdir())) == 2
    assert study.trials[5].params


STUDIES: list[Study] = []


def reaches_for_the_study(how: str, trial: Trial) -> float:
    if how == "stop":
        STUDIES[0].stop()
    else:
        STUDIES[0].optimize(bowl, n_trials=1)
    return 0.0


@forks
@pytest.mark.parametrize("how", ["stop", "optimize"])
def test_an_objective_elsewhere_cannot_reach_the_study_and_is_told_so(how: str) -> None:
    STUDIES[:] = [create_study(seed=0)]
    with pytest.raises(RuntimeError, match=f"{how}: .* lives in another"):
        STUDIES[0].optimize(partial(reaches_for_the_study, how), n_trials=4, n_jobs=2)


def test_a_trial_elsewhere_has_no_study() -> None:
    with ThreadPoolExecutor(2) as pool, pytest.raises(RuntimeError, match=r"trial\.study: .* from a callback"):
        create_study(seed=0).optimize(lambda trial: trial.study.best_value, n_trials=4, executor=pool)


def searches_itself(trial: Trial) -> float:
    inner = create_study(seed=trial.number)
    inner.optimize(bowl, n_trials=4, n_jobs=2)
    return inner.best_value + trial.suggest_float("x", 0, 1)


def test_an_objective_may_search_in_parallel_itself() -> None:
    study = create_study(seed=0)
    study.optimize(searches_itself, n_trials=4, n_jobs=2)
    assert [t.state for t in study.trials] == ["complete"] * 4


@pytest.mark.parametrize("reproducible", [False, True])
def test_callbacks_run_here_and_may_stop_the_search(reproducible: bool) -> None:
    here, seen = os.getpid(), list[int]()

    def callback(study: Study, record: TrialRecord) -> None:
        assert os.getpid() == here
        assert study.trials[record.number] is record
        seen.append(record.number)
        if len(seen) == 5:
            study.stop()

    study = create_study(seed=0)
    study.optimize(bowl, n_jobs=3, callbacks=[callback], reproducible=reproducible)
    assert sorted(seen) == list(range(len(study.trials)))
    assert len(study.trials) == 7 if reproducible else 5 <= len(study.trials) <= 7
    assert {t.state for t in study.trials} == {"complete"}, "what was under way has finished"


def test_threads_may_stop_the_search_from_the_objective() -> None:
    study = create_study(seed=0)

    def objective(trial: Trial) -> float:
        if trial.number == 5:
            study.stop()
        return 0.0

    with ThreadPoolExecutor(2) as pool:
        study.optimize(objective, executor=pool)
    assert 6 <= len(study.trials) <= 8


def test_a_failing_callback_loses_nothing_that_is_under_way() -> None:
    def broken(study: Study, record: TrialRecord) -> None:
        raise ZeroDivisionError("callback")

    study = create_study(seed=0)
    with pytest.raises(ZeroDivisionError, match="callback"):
        study.optimize(bowl, n_trials=10, n_jobs=3, callbacks=[broken])
    assert [t.state for t in study.trials] == ["complete"] * 3


def test_a_name_whose_domain_varies_is_warned_of_once_also_from_elsewhere() -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match=r"names 'x' as .* earlier trials as") as caught:
        study.optimize(varies, n_trials=12, n_jobs=3, reproducible=True)
    assert len(caught) == 1


def varies(trial: Trial) -> float:
    return trial.suggest_float("x", 0, 1 + trial.number)


# ---- interruptions ---------------------------------------------------------------------------------------------------


def waits_for_ever(folder: Path, trial: Trial) -> float:
    if trial.number >= 2:
        threading.Event().wait()
    return bowl(trial)


def test_ctrl_c_keeps_what_has_finished_and_ends_the_rest(tmp_path: Path) -> None:
    def interrupt(study: Study, record: TrialRecord) -> None:
        if sum(t.state == "complete" for t in study.trials) == 2:
            raise KeyboardInterrupt

    study = create_study(seed=0)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(partial(waits_for_ever, tmp_path), n_jobs=2, callbacks=[interrupt])
    assert [(t.state, t.error) for t in study.trials[:2]] == [("complete", None)] * 2
    assert {(t.state, t.error) for t in study.trials[2:]} == {("failed", "interrupted")}
    assert workers_left() == []
    study.optimize(bowl, n_trials=4, n_jobs=2)


def test_ctrl_c_while_a_result_is_entered_loses_nothing() -> None:
    """The first trial is the best: it is interrupted at every line of the method that enters it."""
    n_lines = len({line for *_, line in Study._enter.__code__.co_lines()})
    states = [str(_interrupted_at(at).trials[0].state) for at in range(n_lines)]
    assert states == ["complete"] * n_lines


def _interrupted_at(at: int) -> Study:
    lines_to_go = [at]

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code is not Study._enter.__code__:
            return None
        if event == "line":
            lines_to_go[0] -= 1
            if lines_to_go[0] == 0:
                raise KeyboardInterrupt
        return trace

    study, before = create_study(seed=0), sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            study.optimize(bowl, n_trials=1)
    finally:
        sys.settrace(before)
    study.optimize(lambda trial: bowl(trial) + 100, n_trials=1)
    assert study.best_trial.number == 0
    return study


WAITING = """
import os, sys, threading
import tpe_reference

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.number >= 3:
        print(f"waiting {os.getpid()}\\n", end="", flush=True)
        threading.Event().wait()
    return x

if __name__ == "__main__":
    study = tpe_reference.create_study(seed=0)
    try:
        study.optimize(objective, n_jobs=3)
    finally:
        print([str(t.state) for t in study.trials], flush=True)
"""


def start(script: str, folder: Path, *options: str) -> "subprocess.Popen[str]":
    (folder / "script.py").write_text(script)
    return subprocess.Popen(
        [sys.executable, *options, str(folder / "script.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
        start_new_session=True,  # a process group of its own, as a terminal gives it
    )


@pytest.mark.skipif(os.name == "nt", reason="signals to a process group")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_no_process_outlives_the_search(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C goes to all processes, as in a terminal; the others end the parent alone, as `kill` does."""
    process = start(WAITING, tmp_path)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert all(line.startswith("waiting") for line in lines), lines
        os.killpg(process.pid, number) if number == signal.SIGINT else os.kill(process.pid, number)
        output, errors = process.communicate(timeout=60)  # ends when no process is left that could write
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -number
    if number == signal.SIGINT:
        assert output == f"{['complete'] * 3 + ['failed'] * 3}\n"
        assert errors.count("Traceback") == 1, "the parent's alone"
        assert "KeyboardInterrupt" in errors


SPAWNING = """
import multiprocessing, warnings
import tpe_reference

def objective(trial):
    return trial.suggest_float("x", 0, 1)

def main():
    multiprocessing.set_start_method("spawn", force=True)
    study = tpe_reference.create_study(seed=0)
    study.optimize(objective, n_trials=6, n_jobs=2, reproducible=True)
    print([t.value for t in study.trials])

"""


def test_processes_may_be_spawned(tmp_path: Path) -> None:
    """As on Windows and macOS, and everywhere in later versions of Python."""
    process = start(SPAWNING + 'if __name__ == "__main__":\n    main()\n', tmp_path)
    output, errors = process.communicate(timeout=120)
    study = create_study(seed=0)
    study.optimize(bowl_in_unit, n_trials=6, n_jobs=2, reproducible=True)
    assert (output, errors) == (f"{[t.value for t in study.trials]}\n", "")


def test_a_script_that_does_not_guard_its_start_is_told_so(tmp_path: Path) -> None:
    process = start(SPAWNING + "main()\n", tmp_path)
    output, errors = process.communicate(timeout=120)
    assert output == ""
    assert "worker process ended while it started" in errors
    assert 'must be under `if __name__ == "__main__":`' in errors


# ---- what a study looks like -----------------------------------------------------------------------------------------


def test_repr_tells_what_a_study_has_come_to() -> None:
    study = create_study(direction="maximize", study_name="mine", seed=0)
    assert repr(study) == "<Study: 'mine', maximize, 0 trials>"
    study.tell(study.ask(), 2.5)
    assert repr(study) == "<Study: 'mine', maximize, 1 trial (1 complete), best value 2.5 in trial 0>"
    study.tell(study.ask(), state="failed")
    study.tell(study.ask(), state="pruned")
    study.ask()
    study.study_name = None
    counts = "1 complete, 1 failed, 1 pruned, 1 running"
    assert repr(study) == f"<Study: maximize, 4 trials ({counts}), best value 2.5 in trial 0>"


# ---- what a review found ---------------------------------------------------------------------------------------------


def dies_and_leaves_a_child(trial: Trial) -> float:
    if trial.number == 1:  # the child inherits all that tells the parent of a death
        multiprocessing.Process(target=threading.Event().wait, args=(20,), daemon=True).start()
        os.kill(os.getpid(), signal.SIGKILL)
    return bowl(trial)


@forks
def test_a_death_is_noticed_also_while_a_child_of_the_dead_lives() -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match="trial 1 failed: its worker process died twice"):
        study.optimize(dies_and_leaves_a_child, n_trials=2, n_jobs=2)
    assert [t.state for t in study.trials] == ["complete", "failed"]


def notes_what_cannot_be_sent(trial: Trial) -> float:
    trial.set_user_attr("note", "kept")
    if trial.number == 1:
        trial.set_user_attr("lock", threading.Lock())
    return bowl(trial)


def test_an_attribute_that_cannot_be_sent_takes_nothing_else_with_it() -> None:
    study = create_study(seed=0)
    with pytest.warns(UserWarning, match=r"trial 1: user_attrs\['lock'\] cannot be sent to another process"):
        study.optimize(notes_what_cannot_be_sent, n_trials=2, n_jobs=2, catch=TypeError)
    assert [t.value is None for t in study.trials] == [False, False]
    assert [t.user_attrs for t in study.trials] == [{"note": "kept"}] * 2


def test_a_forgotten_trial_is_named_where_a_reproducible_run_cannot_go_on() -> None:
    study = create_study(seed=0)
    study.ask()
    with pytest.raises(RuntimeError, match=r"trial 0 is open .* tell\(0, state='failed'\)"):
        study.optimize(bowl, n_trials=6, n_jobs=2, reproducible=True)
    study.tell(0, state="failed")
    study.optimize(bowl, n_trials=6, n_jobs=2, reproducible=True)
    assert sum(t.state == "complete" for t in study.trials) >= 6


def test_where_warnings_are_errors_no_result_is_lost() -> None:
    study = create_study(seed=0)
    with pytest.raises(UserWarning, match="names 'x' as"):  # pytest makes them errors
        study.optimize(varies, n_trials=4, n_jobs=2)
    assert {str(t.state) for t in study.trials} == {"complete"}
