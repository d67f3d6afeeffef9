"""A search through a database is the search in memory, bit for bit: resumed, shared by turns, whatever is called."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_values import bits, outline
from storage_workers import bowl, everything, optimize, run

from tpe_reference import (
    Categorical,
    CmaEsSampler,
    Domain,
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
    create_study,
    load_study,
)

# Some trials fail on purpose, and say so.
pytestmark = pytest.mark.filterwarnings("ignore:trial [0-9]+ failed:UserWarning")

GRID: dict[str, Any] = {"x": Float(-5, 5), "kind": ["ä", None, True, 2**60], "k": Int(1, 64, log=True)}
SAMPLERS: dict[str, Callable[[], Sampler]] = {
    "grid": lambda: GridSampler(GRID, points={"x": 3, "k": 3}),
    "random": RandomSampler,
    "tpe": lambda: TPESampler(n_startup_trials=5),
    "tpe, each parameter by itself": lambda: TPESampler(n_startup_trials=5, multivariate=False),
    "cma-es": lambda: CmaEsSampler(popsize=4),
}
any_sampler = pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
PRUNER = MedianPruner(n_startup_trials=2)


@any_sampler
def test_a_resumed_search_is_the_uninterrupted_one(storage_url: str, make: Callable[[], Sampler]) -> None:
    alone = create_study(seed=3, sampler=make(), pruner=PRUNER)
    alone.optimize(everything, n_trials=30)
    first = create_study(storage=storage_url, study_name="s", seed=3, sampler=make(), pruner=PRUNER)
    first.optimize(everything, n_trials=11)
    load_study(study_name="s", storage=storage_url).optimize(everything, n_trials=9)
    run(optimize, storage_url, {"study_name": "s"}, everything, {"until": 26})
    first.optimize(everything, until=30)
    assert outline(first) == outline(alone)
    assert len({repr(trial.params) for trial in first.trials}) == len({repr(trial.params) for trial in alone.trials})
    assert {"complete", "pruned"} <= {str(trial.state) for trial in alone.trials}, "there is something to compare"


@any_sampler
def test_two_handles_that_take_turns_give_the_trials_of_one_study(
    storage_url: str, make: Callable[[], Sampler]
) -> None:
    alone = create_study(seed=1, sampler=make(), pruner=PRUNER, direction="maximize")
    alone.optimize(everything, n_trials=24)
    one = create_study(storage=storage_url, study_name="s", seed=1, sampler=make(), pruner=PRUNER, direction="maximize")
    two = load_study(storage=storage_url)
    for turn in range(12):
        (one, two)[turn % 2].optimize(everything, n_trials=1 + turn % 3 - (turn % 3 == 2))
    two.optimize(everything, until=24)
    assert outline(one) == outline(two) == outline(alone)
    assert (one.best_trial.number, one.best_value) == (alone.best_trial.number, alone.best_value)


def test_a_trial_is_pruned_by_what_another_handle_has_reported(storage_url: str) -> None:
    one = create_study(storage=storage_url, study_name="s", pruner=MedianPruner(n_startup_trials=2), seed=1)
    two = load_study(storage=storage_url)
    for value in (1.0, 2.0, 3.0):
        trial = one.ask({"x": Float(0, 1)})
        trial.report(value, step=1)
        one.tell(trial, value)
    bad, good = two.ask({"x": Float(0, 1)}), two.ask({"x": Float(0, 1)})
    bad.report(2.5, step=1)
    good.report(1.5, step=1)
    assert bad.should_prune()
    assert not good.should_prune()
    two.tell(bad, state="pruned")
    assert one.trials[3].state == "pruned"
    assert one.trials[3].intermediate_values == {1: 2.5}


def test_what_one_handle_enqueues_the_next_ask_gets_whosever_it_is(storage_url: str) -> None:
    one = create_study(storage=storage_url, study_name="s", seed=1)
    two = load_study(storage=storage_url)
    one.enqueue_trial({"x": 1.5}, {"n": 1})
    two.enqueue_trial({"x": 2.5, "y": 0.5}, {"n": 2})
    two.enqueue_trial({"x": 1.5}, skip_if_exists=True)
    two.optimize(bowl, n_trials=1)
    one.optimize(bowl, n_trials=1)
    two.enqueue_trial({"x": 2.5, "y": 0.5}, skip_if_exists=True)
    two.optimize(bowl, n_trials=1)
    assert [trial.user_attrs for trial in one.trials] == [{"n": 1}, {"n": 2}, {}]
    assert (one.trials[0].params["x"], one.trials[1].params) == (1.5, {"x": 2.5, "y": 0.5})
    alone = create_study(seed=1)
    alone.enqueue_trial({"x": 1.5}, {"n": 1})
    alone.enqueue_trial({"x": 2.5, "y": 0.5}, {"n": 2})
    alone.optimize(bowl, n_trials=3)
    assert outline(one) == outline(alone)


def test_a_name_whose_domain_changes_in_another_handle_is_noticed(storage_url: str) -> None:
    one = create_study(storage=storage_url, study_name="s", seed=1, sampler=TPESampler(n_startup_trials=2))
    two = load_study(storage=storage_url)
    alone = create_study(seed=1, sampler=TPESampler(n_startup_trials=2))

    def search() -> None:
        for turn in range(12):
            for study in ((one, two)[turn % 2], alone):
                study.optimize(lambda trial: trial.suggest_float("x", 0, 1 + trial.number // 6) ** 2, n_trials=1)

    with pytest.warns(UserWarning, match="trial 6 names 'x'"):
        search()
    assert outline(one) == outline(alone)


# ---- any sequence of calls -------------------------------------------------------------------------------------------

SPACE: dict[str, Domain] = {"x": Float(-1, 1), "n": Int(1, 9, log=True), "c": Categorical(["a", None, True])}
handles, values = st.integers(0, 1), st.floats(-5, 5).map(lambda value: value + 0.0)  # a database knows no -0.0
calls = st.lists(
    st.tuples(st.just("search"), handles, st.integers(1, 3))
    | st.tuples(st.just("ask"), handles)
    | st.tuples(st.just("report"), st.integers(0, 3), values, st.integers(0, 3))
    | st.tuples(st.just("note"), st.integers(0, 3), st.integers())
    | st.tuples(st.just("tell"), st.integers(0, 3), values | st.sampled_from(["failed", "pruned"]))
    | st.tuples(st.just("enqueue"), handles, st.sampled_from([{}, {"x": 0.5}, {"n": 3, "c": None}]))
    | st.tuples(st.just("add"), handles, values)
    | st.tuples(st.just("attr"), handles, st.sampled_from(["a", "b"]), st.integers()),
    min_size=1,
    max_size=25,
)


class Script:
    """Carries out calls on one study, or by turns on several handles of one; open trials are told by their handle."""

    def __init__(self, studies: list[Study]) -> None:
        self.studies = studies
        self.open: list[tuple[Study, Trial]] = []
        self.seen: list[Any] = []

    def run(self, script: list[Any]) -> Any:
        """Carry them out, and return all that could be seen on the way."""
        for name, *arguments in script:
            getattr(self, name)(*arguments)
        for study, trial in self.open:
            study.tell(trial, 0.0)
        return [self.seen, *({repr((outline(study), bits(study.user_attrs), study._best)) for study in self.studies})]

    def study(self, handle: int) -> Study:
        """One of the handles."""
        return self.studies[handle % len(self.studies)]

    def search(self, handle: int, n_trials: int) -> None:
        """Run some trials."""
        self.study(handle).optimize(in_space, n_trials=n_trials)

    def ask(self, handle: int) -> None:
        """Start one."""
        trial = self.study(handle).ask(SPACE)
        self.open.append((self.study(handle), trial))
        self.seen.append(bits([trial.number, trial.params, trial.user_attrs]))

    def report(self, which: int, value: float, step: int) -> None:
        """Report in an open one and ask whether to go on."""
        if which < len(self.open) and step not in self.open[which][1]._curve:
            trial = self.open[which][1]
            trial.report(value, step)
            self.seen.append(trial.should_prune())

    def note(self, which: int, value: int) -> None:
        """Note something about an open one."""
        if which < len(self.open):
            self.open[which][1].set_user_attr("note", value)

    def tell(self, which: int, result: float | str) -> None:
        """Finish an open one."""
        if which < len(self.open):
            study, trial = self.open.pop(which)
            study.tell(trial, state=result) if isinstance(result, str) else study.tell(trial, result)

    def enqueue(self, handle: int, params: dict[str, Any]) -> None:
        """Put one in line."""
        self.study(handle).enqueue_trial(params, {"queued": True})

    def add(self, handle: int, value: float) -> None:
        """Add a finished one."""
        study = self.study(handle)
        study.add_trial(create_other(value))

    def attr(self, handle: int, key: str, value: int) -> None:
        """Note something about the study."""
        self.study(handle).set_user_attr(key, value)
        self.seen.append([bits(study.user_attrs) for study in self.studies][-1])


def create_other(value: float) -> Any:
    other = create_study(seed=0, sampler=RandomSampler())
    other.tell(other.ask(SPACE), value)
    return other.trials[0]


def in_space(trial: Trial) -> float:
    x, n = trial.suggest_float("x", -1, 1), trial.suggest_int("n", 1, 9, log=True)
    c = trial.suggest_categorical("c", ["a", None, True])
    trial.report(x * x, 1)
    if trial.should_prune():
        raise TrialPruned
    return x * x + n + (c is None)


_names = iter(range(10**9))


@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(script=calls, direction=st.sampled_from(["minimize", "maximize"]))
@pytest.mark.parametrize("make", [SAMPLERS["tpe"], SAMPLERS["cma-es"]], ids=["tpe", "cma-es"])
def test_whatever_is_called_two_handles_are_one_study(
    storage_url: str, make: Callable[[], Sampler], script: list[Any], direction: str
) -> None:
    arguments: dict[str, Any] = {"direction": direction, "seed": 1, "pruner": MedianPruner(n_startup_trials=1)}
    alone = Script([create_study(sampler=make(), **arguments)]).run(script)
    name = f"study {next(_names)}"
    one = create_study(storage=storage_url, study_name=name, sampler=make(), **arguments)
    two = load_study(storage=storage_url, study_name=name)
    assert Script([one, two]).run(script) == alone
