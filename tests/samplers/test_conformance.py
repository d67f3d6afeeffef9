"""What every sampler promises: a pure function of the history, whose memory between calls never shows.

A new sampler is added to `SAMPLERS`; then this file is its checklist.
"""

import copy
import gc
import itertools
import json
import math
import pickle
import random
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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
    Study,
    TPESampler,
    Trial,
    TrialState,
    create_study,
)
from tpe_reference.samplers.tpe import Rules

SAMPLERS: dict[str, Callable[[], Sampler]] = {
    "grid": lambda: GridSampler(points=7),
    "random": RandomSampler,
    "tpe": TPESampler,
    "tpe that starts at once": lambda: TPESampler(n_startup_trials=0, n_candidates=5),
    "tpe, each parameter by itself": lambda: TPESampler(rules=Rules(joint=False)),
    "cma-es": CmaEsSampler,
    "cma-es in small generations": lambda: CmaEsSampler(popsize=4, sigma0=0.1),
    "cma-es that alternates": lambda: CmaEsSampler(popsize=5, restart="bipop"),
}
DISCOVERING = [name for name in SAMPLERS if name != "grid"]

KINDS: dict[str, Domain] = {
    "float": Float(-5, 5),
    "log": Float(1e-5, 1, log=True),
    "step": Float(0.8, 1.0, step=0.05),
    "int": Int(1, 8),
    "stepped int": Int(0, 100, step=20),
    "log int": Int(1, 200, log=True),
    "choices": Categorical(["a", None, True, 1, 0.5]),
    "one float": Float(0.3, 0.3),
    "one int": Int(7, 7, log=True),
    "one choice": Categorical(["only"]),
}
PLANE: dict[str, Domain] = {"x": Float(-1, 1), "y": Float(-1, 1)}
SPACES: dict[str, dict[str, Domain]] = {
    **{kind: {kind: domain} for kind, domain in KINDS.items()},
    "plane": PLANE,
    "finite": {"n": Int(0, 3), "c": Categorical([False, True, 0])},
    "mixed": KINDS,
}

sampler_of_any_kind = pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
space_of_any_kind = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


def rng_of(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def position(domain: Domain, value: Any) -> float:
    return domain.to_unit(value)


def bowl(space: Mapping[str, Domain], params: Mapping[str, Any]) -> float:
    return sum((position(domain, params[name]) - 0.3) ** 2 for name, domain in space.items())


def search(
    sampler: Sampler, space: Mapping[str, Domain], n: int, history: list[FrozenTrial] | None = None, seed: int = 0
) -> list[FrozenTrial]:
    """Go on with a search of the bowl for up to n trials, in the list given; every seventh trial fails."""
    history = [] if history is None else history
    for _ in range(n):
        params = sampler.suggest(space, history, rng_of(len(history), seed))
        if params is None:
            break
        fails = len(history) % 7 == 6
        state = TrialState.FAILED if fails else TrialState.COMPLETE
        history.append(FrozenTrial(params, math.nan if fails else bowl(space, params), {}, state))
    return history


def exactly(params: Any) -> str:
    """Text that tells True from 1 and 1 from 1.0."""
    return repr(params)


def check(space: Mapping[str, Domain], params: Mapping[str, Any] | None) -> None:
    assert params is not None, "there is something left to try"
    assert list(params) == list(space), "the names asked for, in their order"
    for name, value in params.items():
        assert value in space[name], f"{name}={value!r} lies outside {space[name]}"
        kinds = {Float: float, Int: int}
        if type(space[name]) in kinds:
            assert type(value) is kinds[type(space[name])], f"{name} is {type(value)}"
    json.dumps(params, allow_nan=False)


# ---- a pure function of its history ----------------------------------------------------------------------------------


@sampler_of_any_kind
@space_of_any_kind
def test_same_history_and_seed_give_same_params(make: Callable[[], Sampler], space: dict[str, Domain]) -> None:
    assert exactly(search(make(), space, 30)) == exactly(search(make(), space, 30))


@sampler_of_any_kind
@space_of_any_kind
def test_a_fresh_object_and_a_long_used_one_agree(make: Callable[[], Sampler], space: dict[str, Domain]) -> None:
    used, history = make(), list[FrozenTrial]()
    for n in range(33):
        fresh = make().suggest(space, list(history), rng_of(n))
        assert exactly(used.suggest(space, history, rng_of(n))) == exactly(fresh), f"at trial {n}"
        if fresh is None:
            break
        history.append(FrozenTrial(fresh, bowl(space, fresh)))


class WatchedHistory(list[FrozenTrial]):
    """A list that can be seen to be given back."""


@sampler_of_any_kind
def test_copies_of_a_history_are_not_kept_for_long(make: Callable[[], Sampler]) -> None:
    """Whoever hands over a copy at each ask must not find all of them in memory later on."""
    sampler, history = make(), search(RandomSampler(), PLANE, 20)
    copies = []
    for n in range(60):
        a_copy = WatchedHistory(history)
        sampler.suggest(PLANE, a_copy, rng_of(n))
        copies.append(weakref.ref(a_copy))
    del a_copy
    gc.collect()
    assert sum(a_copy() is not None for a_copy in copies) < 20


@pytest.mark.parametrize("name", ["random", "tpe", "cma-es"])
def test_another_seed_gives_another_search(name: str) -> None:
    assert search(SAMPLERS[name](), PLANE, 20, seed=0) != search(SAMPLERS[name](), PLANE, 20, seed=1)


@sampler_of_any_kind
def test_the_history_and_the_space_are_not_changed(make: Callable[[], Sampler]) -> None:
    history = search(RandomSampler(), KINDS, 40)
    space, text, entries = dict(KINDS), exactly(history), list(history)
    sampler = make()
    for n in range(3):
        sampler.suggest(space, history, rng_of(n))
    assert exactly(history) == text
    assert all(a is b for a, b in zip(history, entries, strict=True))
    assert space == KINDS
    assert list(space) == list(KINDS)


@sampler_of_any_kind
def test_a_history_may_be_any_sequence(make: Callable[[], Sampler]) -> None:
    history = search(RandomSampler(), KINDS, 30)
    from_list = make().suggest(KINDS, history, rng_of(30))
    assert exactly(make().suggest(KINDS, tuple(history), rng_of(30))) == exactly(from_list)


@sampler_of_any_kind
def test_asking_twice_gives_the_same_answer_twice(make: Callable[[], Sampler]) -> None:
    history, sampler = search(RandomSampler(), KINDS, 30), make()
    assert exactly(sampler.suggest(KINDS, history, rng_of(30))) == exactly(sampler.suggest(KINDS, history, rng_of(30)))


@sampler_of_any_kind
def test_what_was_suggested_belongs_to_who_asked(make: Callable[[], Sampler]) -> None:
    """Whoever changes it changes no later answer."""
    history, sampler = search(RandomSampler(), PLANE, 30), make()
    first = sampler.suggest(PLANE, history, rng_of(30))
    text = exactly(first)
    assert first is not None
    first["x"] = None
    assert exactly(sampler.suggest(PLANE, history, rng_of(30))) == text


@sampler_of_any_kind
def test_one_object_serves_two_studies_in_turn(make: Callable[[], Sampler]) -> None:
    shared, first, second = make(), list[FrozenTrial](), list[FrozenTrial]()
    for _ in range(40):
        search(shared, PLANE, 1, first, seed=1)
        search(shared, PLANE, 1, second, seed=2)
    assert exactly(first) == exactly(search(make(), PLANE, 40, seed=1))
    assert exactly(second) == exactly(search(make(), PLANE, 40, seed=2))


@sampler_of_any_kind
def test_one_object_is_asked_about_one_history_with_two_seeds(make: Callable[[], Sampler]) -> None:
    """With so many equal losses that CMA-ES has restarted, at a place that depends on the seed."""
    space: dict[str, Domain] = {"x": Float(-1, 1)}
    history = [FrozenTrial({"x": 0.1 * (n % 5)}, 0.0) for n in range(150)]
    shared = make()
    for seed in (1, 2, 1, 3):
        fresh = make().suggest(space, list(history), rng_of(150, seed))
        assert exactly(shared.suggest(space, history, rng_of(150, seed))) == exactly(fresh), f"seed {seed}"


@sampler_of_any_kind
def test_one_object_serves_spaces_that_look_alike(make: Callable[[], Sampler]) -> None:
    history = [FrozenTrial({"x": n % 2, "y": n % 3}, float(n % 3)) for n in range(20)]
    spaces: list[dict[str, Domain]] = [
        {"x": Categorical([0, 1]), "y": Int(0, 4)},
        {"x": Categorical([False, True]), "y": Int(0, 4)},
        {"y": Int(0, 4), "x": Categorical([0, 1])},
        {"y": Float(0, 4), "x": Categorical([0, 1])},
        {"y": Int(0, 5), "x": Categorical([1, 0])},
    ]
    shared = make()
    for space in itertools.chain.from_iterable(itertools.permutations(spaces, 2)):
        answer = shared.suggest(space, history, rng_of(20))
        assert exactly(answer) == exactly(make().suggest(space, list(history), rng_of(20))), f"asked for {space}"


@sampler_of_any_kind
@pytest.mark.parametrize("change", [{"z": Float(0, 1)}, {"x": Float(-1, 0.5)}], ids=["a new name", "a new domain"])
def test_a_space_that_its_owner_changes_afterwards_is_another_space(
    make: Callable[[], Sampler], change: dict[str, Domain]
) -> None:
    """What is remembered of a space is of what it was when it was asked for."""
    history, space, sampler = search(RandomSampler(), PLANE, 30), dict(PLANE), make()
    sampler.suggest(space, history, rng_of(30))
    space |= change
    history += search(RandomSampler(), PLANE, 12, seed=1)
    for asked in (dict(space), PLANE):
        fresh = make().suggest(asked, list(history), rng_of(42))
        assert exactly(sampler.suggest(asked, history, rng_of(42))) == exactly(fresh)


@sampler_of_any_kind
def test_what_a_running_trial_would_have_tried_is_forgotten_when_it_ends_as_something_else(
    make: Callable[[], Sampler],
) -> None:
    space: dict[str, Domain] = {"x": Int(0, 5)}
    history = [FrozenTrial({"x": 2}, state=TrialState.RUNNING)]
    used = make()
    used.suggest(space, history, rng_of(0))
    history[0] = FrozenTrial({"x": 3}, 1.0)
    for n in range(12):
        assert used.suggest(space, history, rng_of(n)) == make().suggest(space, list(history), rng_of(n))


@sampler_of_any_kind
def test_a_list_that_was_emptied_and_filled_again_is_a_new_history(make: Callable[[], Sampler]) -> None:
    sampler, history = make(), list[FrozenTrial]()
    search(sampler, PLANE, 30, history, seed=1)
    history.clear()
    search(sampler, PLANE, 40, history, seed=2)
    assert exactly(history) == exactly(search(make(), PLANE, 40, seed=2))


@sampler_of_any_kind
def test_a_list_that_was_cut_short_is_a_shorter_history(make: Callable[[], Sampler]) -> None:
    sampler, history = make(), search(RandomSampler(), PLANE, 40)
    for n in (40, 17, 3, 0):
        del history[n:]
        assert exactly(sampler.suggest(PLANE, history, rng_of(n))) == exactly(
            make().suggest(PLANE, history[:], rng_of(n))
        )


@sampler_of_any_kind
@pytest.mark.parametrize("state", [TrialState.RUNNING, TrialState.COMPLETE])
def test_a_trial_that_names_its_parameters_late_counts_from_then_on(
    make: Callable[[], Sampler], state: TrialState
) -> None:
    """Also where others with higher numbers have been a generation of CMA-ES meanwhile: 24 is the last one's last."""
    for late in (3, 23):
        sampler, history = make(), search(RandomSampler(), PLANE, 30)
        history[late] = FrozenTrial({}, state=TrialState.RUNNING)
        sampler.suggest(PLANE, history, rng_of(30))
        history[late] = FrozenTrial({"x": 0.9, "y": -0.9}, math.nan if state == "running" else -9.0, {}, state)
        fresh = make().suggest(PLANE, list(history), rng_of(31))
        assert exactly(sampler.suggest(PLANE, history, rng_of(31))) == exactly(fresh), f"number {late}"


@sampler_of_any_kind
def test_two_threads_may_share_an_object(make: Callable[[], Sampler]) -> None:
    alone = [exactly(search(make(), PLANE, 40, seed=seed)) for seed in range(4)]
    shared, interval = make(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda seed: exactly(search(shared, PLANE, 40, seed=seed)), range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone


@sampler_of_any_kind
def test_two_threads_may_ask_about_the_same_history(make: Callable[[], Sampler]) -> None:
    history = search(RandomSampler(), PLANE, 60)
    alone = [exactly(make().suggest(PLANE, history, rng_of(n))) for n in range(40)]
    shared, interval = make(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda n: exactly(shared.suggest(PLANE, history, rng_of(n))), range(40)))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone


@sampler_of_any_kind
@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda sampler: pickle.loads(pickle.dumps(sampler))], ids=["deepcopy", "pickle"]
)
def test_a_copy_goes_on_identically(make: Callable[[], Sampler], clone: Callable[[Sampler], Sampler]) -> None:
    whole = search(make(), PLANE, 49)
    sampler, history = make(), list[FrozenTrial]()
    for _ in range(7):
        search(sampler, PLANE, 7, history)
        sampler = clone(sampler)
    assert exactly(history) == exactly(whole)


@sampler_of_any_kind
def test_a_pickle_holds_the_settings_and_not_the_history(make: Callable[[], Sampler]) -> None:
    sampler = make()
    search(sampler, PLANE, 40)
    assert len(pickle.dumps(sampler)) == len(pickle.dumps(make()))


@sampler_of_any_kind
def test_nothing_global_is_touched_and_nothing_printed(
    make: Callable[[], Sampler], capfd: pytest.CaptureFixture[str]
) -> None:
    numpys, pythons = exactly(np.random.get_state()), random.getstate()  # noqa: NPY002  # it is to stay as it is
    search(make(), KINDS, 30)
    assert exactly(np.random.get_state()) == numpys  # noqa: NPY002
    assert random.getstate() == pythons
    assert capfd.readouterr() == ("", "")


# ---- params are members, whatever the history ------------------------------------------------------------------------


@sampler_of_any_kind
@space_of_any_kind
@pytest.mark.parametrize("n", [0, 1, 40])
def test_params_are_members_of_every_kind_of_domain(
    make: Callable[[], Sampler], space: dict[str, Domain], n: int
) -> None:
    history = search(RandomSampler(), space, n)
    sampler = make()
    params = sampler.suggest(space, history, rng_of(n))
    if params is not None or not isinstance(sampler, GridSampler):
        check(space, params)
    else:
        assert math.prod(domain.size or 7 for domain in space.values()) <= n, "a grid ends when it is used up"


@sampler_of_any_kind
def test_a_thousand_trials(make: Callable[[], Sampler]) -> None:
    history = search(RandomSampler(), KINDS, 1000)
    params = make().suggest(KINDS, history, rng_of(1000))
    check(KINDS, params)
    assert exactly(params) == exactly(make().suggest(KINDS, list(history), rng_of(1000)))


STATES: dict[str, Callable[[int], tuple[float, dict[int, float], TrialState]]] = {
    "losses all equal": lambda n: (1.0, {}, TrialState.COMPLETE),
    "all failed": lambda n: (math.nan, {}, TrialState.FAILED),
    "all running": lambda n: (math.nan, {}, TrialState.RUNNING),
    "all pruned": lambda n: (float(n), {n % 5: float(n)}, TrialState.PRUNED),
    "pruned without a report": lambda n: (math.nan, {}, TrialState.PRUNED),
    "pruned after nan": lambda n: (math.nan, {1: math.nan}, TrialState.PRUNED),
    "all infinite": lambda n: (math.inf, {}, TrialState.COMPLETE),
    "all minus infinite": lambda n: (-math.inf, {}, TrialState.COMPLETE),
    "huge and tiny": lambda n: ((-1) ** n * 10.0 ** (n * 7 - 140), {}, TrialState.COMPLETE),
    "every state": lambda n: [
        (float(n), {}, TrialState.COMPLETE),
        (math.inf, {}, TrialState.COMPLETE),
        (float(-n), {3: float(-n)}, TrialState.PRUNED),
        (math.nan, {}, TrialState.FAILED),
        (math.nan, {}, TrialState.RUNNING),
    ][n % 5],
}


@sampler_of_any_kind
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("space", [PLANE, KINDS], ids=["plane", "mixed"])
def test_every_outcome_is_stood(make: Callable[[], Sampler], state: str, space: dict[str, Domain]) -> None:
    sampler, history = make(), list[FrozenTrial]()
    for n in range(26):
        params = sampler.suggest(space, history, rng_of(n))
        check(space, params)
        if n % 5 == 0:
            assert exactly(params) == exactly(make().suggest(space, list(history), rng_of(n)))
        assert params is not None
        history.append(FrozenTrial(params, *STATES[state](n)))


@sampler_of_any_kind
def test_eight_asks_before_any_tell_give_eight_points(make: Callable[[], Sampler]) -> None:
    history: list[FrozenTrial] = []
    for n in range(8):
        params = make().suggest(PLANE, history, rng_of(n))
        check(PLANE, params)
        assert params is not None
        history.append(FrozenTrial(params, state=TrialState.RUNNING))
    assert len({exactly(trial.params) for trial in history}) == 8


FOREIGN: list[dict[str, Any]] = [
    {},
    {"x": 0.5},
    {"z": 1.0},
    {"x": 0.5, "y": 0.5, "z": "more names than asked for"},
    {"x": 7.0, "y": 0.0},
    {"x": math.nan, "y": math.inf},
    {"x": None, "y": "text"},
    {"x": True, "y": [0.1]},
    {"x": (1, 2), "y": {"nested": 1}},
    {"x": np.float64(0.25), "y": np.float32(0.5)},
    {"y": 1, "x": -1},
    {"x": np.ones(2), "y": 0.0},
]


@sampler_of_any_kind
def test_foreign_trials_are_stood(make: Callable[[], Sampler]) -> None:
    """Trials added by hand, of another branch, of an older space, or failed before they had named everything."""
    sampler, history = make(), list[FrozenTrial]()
    for n in range(60):
        if n % 2:
            state = [TrialState.COMPLETE, TrialState.FAILED, TrialState.RUNNING][n // 2 % 3]
            loss = float(n % 5) if state == "complete" else math.nan
            history.append(FrozenTrial(FOREIGN[n // 2 % len(FOREIGN)], loss, {}, state))
        else:
            params = sampler.suggest(PLANE, history, rng_of(n))
            check(PLANE, params)
            assert exactly(params) == exactly(make().suggest(PLANE, list(history), rng_of(n)))
            assert params is not None
            history.append(FrozenTrial(params, bowl(PLANE, params)))


@sampler_of_any_kind
def test_trials_of_another_space_teach_nothing(make: Callable[[], Sampler]) -> None:
    """Except that they take up numbers, a trial without the names asked for may as well not be there."""
    strangers = [FrozenTrial({"z": 1.0}, float(n)) for n in range(30)]
    assert exactly(make().suggest(PLANE, strangers, rng_of(0))) == exactly(make().suggest(PLANE, [], rng_of(0)))


values_of_any_kind = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.sampled_from(["a", "b", 0.3, -0.5, 1.0])
)
losses = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, math.inf, -math.inf, math.nan]))


@st.composite
def histories(draw: st.DrawFn) -> list[FrozenTrial]:
    history = []
    for _ in range(draw(st.integers(0, 25))):
        params = draw(
            st.one_of(
                st.fixed_dictionaries(
                    {"x": st.floats(-1, 1), "n": st.integers(0, 2), "c": st.sampled_from(["a", "b"])}
                ),
                st.dictionaries(st.sampled_from(["x", "n", "c", "other"]), values_of_any_kind),
            )
        )
        state = draw(st.sampled_from(TrialState))
        curve = draw(st.dictionaries(st.integers(0, 3), losses, max_size=2))
        loss = draw(losses) if state in ("complete", "pruned") else math.nan
        history.append(FrozenTrial(params, loss, curve, state))
    return history


@sampler_of_any_kind
@given(history=histories(), seed=st.integers(0, 2**32))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_params_are_members_after_any_history(
    make: Callable[[], Sampler], history: list[FrozenTrial], seed: int
) -> None:
    space: dict[str, Domain] = {"x": Float(-1, 1), "n": Int(0, 2), "c": Categorical(["a", "b"])}
    check(space, make().suggest(space, history, rng_of(len(history), seed)))


# ---- the memory between calls never shows: machines that look for a counterexample ----------------------------------


class HistoryOfAnyKind(RuleBasedStateMachine):
    """A list of trials that grows and whose running trials gain names and end, as a study's does.

    After every step a long-used sampler is asked for several spaces, and has to answer as a fresh one does.
    """

    make: Callable[[], Sampler]
    spaces: Sequence[dict[str, Domain]] = (
        PLANE,
        {"x": Float(-1, 1)},
        {"y": Float(-1, 1), "x": Float(-1, 1)},
        {"c": Categorical(["a", "b", None]), "n": Int(0, 2)},
    )
    all_names: dict[str, Domain] = PLANE | {"c": Categorical(["a", "b", None]), "n": Int(0, 2)}

    @initialize()
    def start(self) -> None:
        self.used = type(self).make()
        self.history: list[FrozenTrial] = []

    def _draw(self, names: Sequence[str], u: float) -> dict[str, Any]:
        return {name: self.all_names[name].from_unit((u * (j + 1)) % 1) for j, name in enumerate(names)}

    @rule(u=st.floats(0, 0.99), names=st.sampled_from(["", "x", "xy", "yx", "cn", "xycn"]), running=st.booleans())
    def add(self, u: float, names: str, running: bool) -> None:
        state = TrialState.RUNNING if running else TrialState.COMPLETE
        self.history.append(FrozenTrial(self._draw(names, u), math.nan if running else u, {}, state))

    @rule(n=st.integers(2, 12), flat=st.booleans())
    def add_suggested(self, n: int, flat: bool) -> None:
        for _ in range(n):
            params = self.used.suggest(PLANE, self.history, rng_of(len(self.history)))
            if params is not None:
                self.history.append(FrozenTrial(params, 0.0 if flat else bowl(PLANE, params)))

    def _running(self) -> list[int]:
        return [n for n, trial in enumerate(self.history) if trial.state == "running"]

    @precondition(lambda self: self._running())
    @rule(pick=st.integers(0, 99), names=st.sampled_from(["x", "y", "xy", "cn"]), u=st.floats(0, 0.99))
    def gain_names(self, pick: int, names: str, u: float) -> None:
        n = self._running()[pick % len(self._running())]
        self.history[n] = FrozenTrial(self._draw(names, u) | dict(self.history[n].params), state=TrialState.RUNNING)

    @precondition(lambda self: self._running())
    @rule(
        pick=st.integers(0, 99),
        loss=st.sampled_from([0.0, 0.5, -1.0, math.inf, -math.inf]),
        state=st.sampled_from([TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED]),
        names=st.sampled_from(["", "x", "xy", "xycn"]),
        forget=st.booleans(),
    )
    def finish(self, pick: int, loss: float, state: TrialState, names: str, forget: bool) -> None:
        """End a running trial; it may have gained names since it was seen, or lose those it never reached."""
        n = self._running()[pick % len(self._running())]
        params = self._draw(names, 0.3) | ({} if forget else dict(self.history[n].params))
        curve = {1: loss} if state == "pruned" else {}
        self.history[n] = FrozenTrial(params, math.nan if state == "failed" else loss, curve, state)

    @invariant()
    def a_fresh_sampler_agrees(self) -> None:
        n = len(self.history)
        for space in self.spaces:
            used = self.used.suggest(space, self.history, rng_of(n))
            fresh = type(self).make().suggest(space, list(self.history), rng_of(n))
            assert exactly(used) == exactly(fresh), f"asked for {list(space)} after {n} trials"


n_examples = pytest.mark.parametrize("n_examples", [5, pytest.param(100, marks=pytest.mark.slow)])


@n_examples
@sampler_of_any_kind
def test_no_history_makes_a_long_used_sampler_differ_from_a_fresh_one(
    make: Callable[[], Sampler], n_examples: int
) -> None:
    machine = type("Machine", (HistoryOfAnyKind,), {"make": staticmethod(make)})
    run_state_machine_as_test(
        machine, settings=settings(deadline=None, derandomize=True, max_examples=n_examples, stateful_step_count=25)
    )


class CheckedSampler:
    """A long-used sampler that is compared with a fresh one at every ask."""

    def __init__(self, make: Callable[[], Sampler]) -> None:
        self.make, self.used = make, make()
        self.lists: list[int] = []

    def suggest(
        self, space: Mapping[str, Any], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any] | None:
        same_rng, before = copy.deepcopy(rng), list(history)
        fresh = self.make().suggest(space, list(history), same_rng)
        used = self.used.suggest(space, history, rng)
        assert exactly(used) == exactly(fresh), f"asked for {list(space)} after {len(history)} trials"
        assert rng.bit_generator.state == same_rng.bit_generator.state, "and drew as often"
        assert all(a is b for a, b in zip(history, before, strict=True)), "the history is not changed"
        return used


class StudyOfAnyKind(RuleBasedStateMachine):
    """A study with several open trials, whose objective has branches and bounds that depend on earlier values."""

    make: Callable[[], Sampler]

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed: int) -> None:
        self.study: Study = create_study(sampler=CheckedSampler(type(self).make), seed=seed)
        self.open: list[Trial] = []

    @precondition(lambda self: len(self.open) < 8)
    @rule(declared=st.booleans())
    def ask(self, declared: bool) -> None:
        space: dict[str, Domain] = {"x": Float(-1, 1), "kind": Categorical(["a", "b"])}
        self.open.append(self.study.ask(space if declared else None))

    @rule(x=st.floats(-1, 1), kind=st.sampled_from(["a", "b"]), whole=st.booleans())
    def enqueue(self, x: float, kind: str, whole: bool) -> None:
        self.study.enqueue_trial({"x": x, "kind": kind} if whole else {"x": x})

    def _name(self, trial: Trial, n_names: int) -> None:
        steps: list[Callable[[], object]] = [
            lambda: trial.suggest_float("x", -1, 1),
            lambda: trial.suggest_categorical("kind", ["a", "b"]),
            lambda: (
                trial.suggest_int("n", 1, 4)
                if trial.params["kind"] == "a"
                else trial.suggest_float("lr", 1e-3, 1, log=True)
            ),
            lambda: trial.suggest_int("m", 0, trial.params["n"]) if "n" in trial.params else None,
        ]
        for step in steps[:n_names]:
            step()

    @precondition(lambda self: self.open)
    @rule(pick=st.integers(0, 7), n_names=st.integers(1, 4))
    @pytest.mark.filterwarnings("ignore")
    def name(self, pick: int, n_names: int) -> None:
        self._name(self.open[pick % len(self.open)], n_names)

    @precondition(lambda self: self.open)
    @rule(
        pick=st.integers(0, 7),
        n_names=st.integers(0, 4),
        outcome=st.sampled_from(["complete", "complete", "pruned", "failed", "inf"]),
    )
    def tell(self, pick: int, n_names: int, outcome: str) -> None:
        trial = self.open.pop(pick % len(self.open))
        self._name(trial, n_names)
        if outcome == "pruned":
            trial.report(trial.params.get("x", 0.0), 1)
        value = {"complete": trial.params.get("x", 0.0) ** 2, "inf": math.inf}.get(outcome)
        self.study.tell(trial, value, "complete" if outcome == "inf" else outcome)

    @rule(n=st.integers(1, 12), flat=st.booleans())
    def optimize(self, n: int, flat: bool) -> None:
        def objective(trial: Trial) -> float:
            self._name(trial, 4)
            return 0.0 if flat else float(trial.params["x"] ** 2)

        self.study.optimize(objective, n)


@pytest.mark.filterwarnings("ignore:trial .* names 'm' as")  # its bounds depend on n: that is the point
@pytest.mark.filterwarnings("ignore:enqueue_trial named")  # a trial may end before it has named its parameters
@n_examples
@pytest.mark.parametrize("name", DISCOVERING)
def test_no_study_makes_a_long_used_sampler_differ_from_a_fresh_one(name: str, n_examples: int) -> None:
    machine = type("Machine", (StudyOfAnyKind,), {"make": staticmethod(SAMPLERS[name])})
    run_state_machine_as_test(
        machine, settings=settings(deadline=None, derandomize=True, max_examples=n_examples, stateful_step_count=25)
    )


@pytest.mark.parametrize("name", ["cma-es in small generations", "cma-es that alternates"])
def test_a_restart_of_cma_es_is_the_same_for_a_fresh_and_a_long_used_sampler(name: str) -> None:
    """A flat objective makes it restart about every twenty generations."""
    space: dict[str, Domain] = {"x": Float(-1, 1)}
    sampler, history = SAMPLERS[name](), list[FrozenTrial]()
    for n in range(400):
        params = sampler.suggest(space, history, rng_of(n))
        assert params is not None
        if n % 5 == 0:
            assert params == SAMPLERS[name]().suggest(space, list(history), rng_of(n)), f"at trial {n}"
        history.append(FrozenTrial(params, 0.0))
    means = [np.mean([trial.params["x"] for trial in history[n : n + 12]]) for n in range(0, 400, 12)]
    assert np.ptp(means) > 0.5, "it has moved elsewhere, so it has restarted"


class CountingList(list[FrozenTrial]):
    """A history that counts how many of its entries are looked at."""

    n_read = 0

    def __getitem__(self, index: Any) -> Any:
        self.n_read += len(range(len(self))[index]) if isinstance(index, slice) else 1
        return super().__getitem__(index)

    def __iter__(self) -> Any:
        self.n_read += len(self)
        return super().__iter__()


@sampler_of_any_kind
def test_an_ask_looks_only_at_what_is_new_or_was_running(make: Callable[[], Sampler]) -> None:
    sampler, history = make(), CountingList()
    for n in range(120):
        before = history.n_read
        params = sampler.suggest(KINDS, history, rng_of(n))
        assert history.n_read - before <= 40, f"ask {n} looked at {history.n_read - before} trials"
        assert params is not None
        state = TrialState.RUNNING if n in (3, 7) else TrialState.COMPLETE
        history.append(FrozenTrial(params, math.nan if n in (3, 7) else float(n), {}, state))


@pytest.mark.parametrize("name", ["tpe", "cma-es"])
def test_domains_that_vary_are_not_kept_for_long_and_what_is_asked_for_is(name: str) -> None:
    space: dict[str, Domain] = {"x": Float(-1, 1)}
    sampler, history = SAMPLERS[name](), CountingList(search(RandomSampler(), space, 20))
    sampler.suggest(space, history, rng_of(0))
    for n in range(100):
        sampler.suggest({"x": Float(-1, 2 + n)}, history, rng_of(n))
        before = history.n_read
        sampler.suggest(space, history, rng_of(n))
        assert history.n_read - before < 3, "the domain that is asked for again and again was forgotten"
    before = history.n_read
    sampler.suggest({"x": Float(-1, 2)}, history, rng_of(0))
    assert history.n_read - before >= 20, "a domain of long ago was kept"


@pytest.mark.parametrize("name", ["tpe", "cma-es"])
def test_the_latest_studies_are_remembered_while_they_take_turns(name: str) -> None:
    sampler, histories = SAMPLERS[name](), [CountingList(search(RandomSampler(), PLANE, 20)) for _ in range(40)]
    for n, history in enumerate([*histories, *histories[-12:], *histories[-12:]]):
        before = history.n_read
        sampler.suggest(PLANE, history, rng_of(n))
        assert n < 40 or history.n_read - before < 3, f"a study was forgotten at ask {n}"
