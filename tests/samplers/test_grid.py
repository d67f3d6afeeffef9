"""Grid search: every point once, in an order that is balanced from the start, computed and never listed."""

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpe_reference import (
    Categorical,
    Domain,
    Float,
    FrozenTrial,
    GridSampler,
    Int,
    Study,
    Trial,
    TrialState,
    create_study,
)
from tpe_reference.samplers.grid import evenly_spaced, nth_point


def points_of(sampler: GridSampler) -> list[dict[str, Any]]:
    assert sampler.space is not None
    history: list[FrozenTrial] = []
    while (params := sampler.suggest(sampler.space, history)) is not None:
        history.append(FrozenTrial(params, 0.0))
    return [dict(trial.params) for trial in history]


def choose(trial: Trial) -> float:
    return float(trial.suggest_int("x", 0, 9) + trial.suggest_int("y", 0, 9))


def points_tried(study: Study) -> list[tuple[Any, ...]]:
    return [tuple(trial.params.values()) for trial in study.trials]


sizes_of_axes = st.lists(st.integers(1, 9), min_size=1, max_size=5).filter(lambda sizes: math.prod(sizes) <= 3000)


@given(sizes_of_axes)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_order_visits_every_point_once(sizes: list[int]) -> None:
    visited = sorted(tuple(nth_point(sizes, i)) for i in range(math.prod(sizes)))
    assert visited == list(itertools.product(*map(range, sizes)))


@given(sizes_of_axes)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_after_any_k_points_each_of_m_values_has_been_used_k_over_m_times_give_or_take_two(sizes: list[int]) -> None:
    used = [np.zeros(m) for m in sizes]
    for k in range(math.prod(sizes)):
        for axis, index in zip(used, nth_point(sizes, k), strict=True):
            axis[index] += 1
        for j, m in enumerate(sizes):
            worst = np.abs(used[j] - (k + 1) / m).max()
            assert worst <= 2, f"axis {j} of {sizes} is {worst} off after {k + 1} points"


def test_a_large_grid_is_balanced_too() -> None:
    sizes = [100, 97, 64, 250]
    indices = np.array([nth_point(sizes, i) for i in range(5000)])
    for k in (1, 10, 99, 1234, 5000):
        for j, m in enumerate(sizes):
            counts = np.bincount(indices[:k, j], minlength=m)
            assert np.abs(counts - k / m).max() <= 2, f"axis {j} after {k} points"


def test_early_points_are_spread_over_the_plane() -> None:
    """Not along its diagonal: the first 36 of 30 x 30 points leave no ninth of the plane empty."""
    cells = {(a // 10, b // 10) for a, b in (nth_point([30, 30], i) for i in range(36))}
    assert len(cells) == 9


def test_explicit_values_are_combined() -> None:
    points = points_of(GridSampler({"x": [1, 3, 9], "kernel": ["rbf", None]}))
    assert len(points) == 6
    assert {(p["x"], p["kernel"]) for p in points} == set(itertools.product([1, 3, 9], ["rbf", None]))


def test_true_and_one_are_two_values_of_an_axis() -> None:
    points = points_of(GridSampler({"x": [True, 1, 0, False, None]}))
    assert sorted(repr(p["x"]) for p in points) == ["0", "1", "False", "None", "True"]


def test_values_may_come_from_numpy() -> None:
    points = points_of(GridSampler({"x": np.linspace(0, 1, 5), "y": np.arange(2)}))  # type: ignore[dict-item]
    assert sorted((p["x"], p["y"]) for p in points) == [(x / 4, y) for x in range(5) for y in range(2)]
    assert {type(v) for p in points for v in p.values()} == {float, int}


def test_values_may_come_from_anything_that_has_an_order() -> None:
    looked_up: Any = {"small": 8, "large": 64}
    points = points_of(GridSampler({"n": looked_up.values(), "size": looked_up}))
    assert sorted((p["n"], p["size"]) for p in points) == list(itertools.product([8, 64], ["large", "small"]))


def test_points_per_axis_are_evenly_spaced_with_both_ends_and_in_log_space_for_log() -> None:
    grid = GridSampler({"x": Float(-1, 1), "lr": Float(1e-4, 1, log=True)}, points=5)
    points = points_of(grid)
    assert len(points) == 25
    assert sorted({p["x"] for p in points}) == pytest.approx([-1, -0.5, 0, 0.5, 1])
    assert sorted({p["lr"] for p in points}) == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_points_may_be_given_by_name_and_leave_finite_domains_whole() -> None:
    points = points_of(GridSampler({"x": Float(0, 1), "n": Int(0, 3), "c": Categorical(["a"])}, points={"x": 2}))
    assert {(p["x"], p["n"], p["c"]) for p in points} == set(itertools.product([0.0, 1.0], range(4), "a"))


def test_finite_domains_with_more_values_than_points_are_thinned_evenly() -> None:
    values = sorted(p["n"] for p in points_of(GridSampler({"n": Int(0, 100)}, points=5)))
    assert len(values) == 5
    assert values[0] <= 10
    assert values[-1] >= 90
    assert max(np.diff(values)) <= 30
    assert len(points_of(GridSampler({"c": Categorical(["a", "b", "c"])}, points=2))) == 3, "choices have no order"
    # 1 owns 0.39 of the scale, log 3 / log 17: the first two of six points, 0 and 0.2, are both 1.
    logs = [p["n"] for p in points_of(GridSampler({"n": Int(1, 8, log=True)}, points=6))]
    assert len(logs) == len(set(logs)) < 6, "no value twice where integers coincide"


def test_a_domain_with_as_many_values_as_points_is_taken_whole() -> None:
    """Four points evenly spaced over 1 to 4 on a log scale would be 1, 1, 2 and 4."""
    assert sorted(p["n"] for p in points_of(GridSampler({"n": Int(1, 4, log=True)}, points=4))) == [1, 2, 3, 4]


def test_one_point_per_axis_is_the_middle() -> None:
    assert points_of(GridSampler({"x": Float(0, 1), "y": Float(1, 100, log=True)}, points=1)) == [
        {"x": 0.5, "y": pytest.approx(10)}
    ]


@pytest.mark.parametrize(
    "space",
    [
        {f"x{j}": list(range(10)) for j in range(12)},
        {"a": Int(1, 10**6), "b": Int(1, 10**6)},
        {"a": Float(0, 1, step=1e-6), "b": Float(0, 1, step=1e-6)},
        {"a": Float(0, 1), "b": Float(0, 1)},
    ],
    ids=["lists", "integers", "steps", "points"],
)
def test_a_grid_of_a_trillion_points_costs_nothing(space: dict[str, Any]) -> None:
    tracemalloc.start()
    try:
        continuous = any(isinstance(domain, Float) and domain.step is None for domain in space.values())
        grid = GridSampler(space, points=10**6 if continuous else None)
        history: list[FrozenTrial] = []
        for _ in range(50):
            params = grid.suggest(space, history)
            assert params is not None
            history.append(FrozenTrial(params, 0.0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len({tuple(trial.params.values()) for trial in history}) == 50
    assert peak < 2**20, f"{peak} bytes"


def test_a_trial_that_never_ends_does_not_make_the_asks_after_it_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = 0

    def counting(sizes: list[int], i: int) -> list[int]:
        nonlocal computed
        computed += 1
        return nth_point(sizes, i)

    monkeypatch.setattr("tpe_reference.samplers.grid.nth_point", counting)
    space, history = {"x": list(range(100)), "y": list(range(100))}, list[FrozenTrial]()
    grid = GridSampler(space)
    for n in range(200):
        params = grid.suggest(space, history)
        assert params is not None
        history.append(FrozenTrial(params, state=TrialState.RUNNING) if n == 2 else FrozenTrial(params, 0.0))
    assert computed < 200 * 10, f"{computed} points were computed in 200 asks"


def test_the_search_ends_when_the_grid_is_used_up() -> None:
    study = create_study(sampler=GridSampler({"x": [1, 2, 3], "y": [4, 5]}))
    study.optimize(choose)  # without a limit
    assert sorted(points_tried(study)) == list(itertools.product([1, 2, 3], [4, 5]))
    study.optimize(choose, n_trials=5)
    assert len(study.trials) == 6, "and stays ended"


def test_failed_points_are_not_tried_again() -> None:
    def fails(trial: Trial) -> float:
        choose(trial)
        raise RuntimeError("always")

    study = create_study(sampler=GridSampler({"x": [1, 2, 3], "y": [4, 5]}))
    with pytest.warns(UserWarning, match="always"):
        study.optimize(fails, catch=RuntimeError)
    assert sorted(points_tried(study)) == list(itertools.product([1, 2, 3], [4, 5]))


def test_a_point_counts_that_failed_before_its_objective_had_named_everything() -> None:
    def fails(trial: Trial) -> float:
        trial.suggest_int("x", 0, 9)
        raise RuntimeError("early")

    study = create_study(sampler=GridSampler({"x": [1, 2], "y": [4, 5]}))
    with pytest.warns(UserWarning, match="early"):
        study.optimize(fails, catch=RuntimeError)
    assert sorted(points_tried(study)) == list(itertools.product([1, 2], [4, 5]))


def test_no_point_is_handed_out_twice_while_trials_run_in_parallel() -> None:
    study = create_study(sampler=GridSampler({"x": [1, 2, 3], "y": [4, 5]}))
    trials = [study.ask() for _ in range(4)]
    study.tell(trials.pop(1), 0.0)
    study.tell(trials.pop(0), state="failed")
    trials += [study.ask() for _ in range(2)]
    for trial in trials:
        study.tell(trial, choose(trial))
    assert sorted(points_tried(study)) == list(itertools.product([1, 2, 3], [4, 5]))
    assert GridSampler({"x": [1]}).suggest({"x": [1]}, [FrozenTrial({"x": 1}, state=TrialState.RUNNING)]) is None


def test_a_running_trial_that_leaves_its_point_gives_it_back() -> None:
    """It was given a point and ended elsewhere, as a trial does whose worker died and which another replaced."""
    grid, space = GridSampler({"x": [1, 2]}), {"x": [1, 2]}
    first = grid.suggest(space, [])
    assert first is not None
    history = [FrozenTrial(first, state=TrialState.RUNNING)]
    second = grid.suggest(space, history)
    assert second != first
    history[0] = FrozenTrial({}, state=TrialState.FAILED)
    assert grid.suggest(space, history) == first


def test_an_enqueued_trial_costs_no_point_unless_it_is_one() -> None:
    space = {"x": [1, 2, 3], "y": [4, 5]}
    outside = create_study(sampler=GridSampler(space))
    outside.enqueue_trial({"x": 9, "y": 9})
    outside.optimize(choose)
    assert points_tried(outside)[0] == (9, 9)
    assert sorted(points_tried(outside)[1:]) == list(itertools.product([1, 2, 3], [4, 5]))
    inside = create_study(sampler=GridSampler(space))
    inside.enqueue_trial({"x": 2, "y": 4})
    inside.optimize(choose)
    assert points_tried(inside)[0] == (2, 4)
    assert sorted(points_tried(inside)) == list(itertools.product([1, 2, 3], [4, 5]))


def test_a_partly_enqueued_trial_is_completed_and_the_grid_still_tried_whole() -> None:
    study = create_study(sampler=GridSampler({"x": [1, 2, 3], "y": [4, 5]}))
    study.enqueue_trial({"x": 9})
    study.optimize(choose)
    tried = points_tried(study)
    assert tried[0][0] == 9
    assert tried[0][1] in (4, 5)
    assert sorted(tried[1:]) == list(itertools.product([1, 2, 3], [4, 5]))


def test_a_point_with_rounding_error_is_the_point() -> None:
    space = {"x": Float(0, 0.4, step=0.1)}
    assert sorted(point["x"] for point in points_of(GridSampler(space))) == [0.0, 0.1, 0.2, 0.3, 0.4]
    history = [FrozenTrial({"x": x}, 0.0) for x in (0.0, 0.1, 0.2, 0.1 * 3, 0.4)]
    assert GridSampler(space).suggest(space, history) is None


def test_every_point_of_a_continuum_is_recognised_though_its_place_is_rounded() -> None:
    """Of these, the way to the unit interval and back misses some by a bit."""
    axis = Float(1e-5, 3.7, log=True)
    history = [FrozenTrial({"x": evenly_spaced(axis, 40, k)}, 0.0) for k in range(40)]
    assert any(axis.from_unit(axis.to_unit(trial.params["x"])) != trial.params["x"] for trial in history)
    assert GridSampler({"x": axis}, points=40).suggest({"x": axis}, history) is None


def test_a_value_beyond_a_domain_holds_none_of_its_points() -> None:
    space = {"x": Int(1, 3)}
    history = [FrozenTrial({"x": x}, 0.0) for x in (0, 1, 2, 9)]
    assert GridSampler(space).suggest(space, history) == {"x": 3}


def test_a_bad_enqueued_value_fails_its_trial_and_not_the_search() -> None:
    study = create_study(sampler=GridSampler({"x": [1, 2, 3], "y": [4, 5]}))
    study.enqueue_trial({"x": [1], "y": 4})
    with pytest.warns(UserWarning, match=r"\[1\]"):
        study.optimize(choose, catch=ValueError)
    assert study.trials[0].state == "failed"
    assert sorted(points_tried(study)[1:]) == list(itertools.product([1, 2, 3], [4, 5]))


def test_the_space_may_be_declared_at_ask() -> None:
    study = create_study(sampler=GridSampler(points=3))
    seen = []
    for _ in range(6):
        trial = study.ask({"x": Float(0, 1), "y": ["a", "b"]})
        seen.append((trial.params["x"], trial.params["y"]))
        study.tell(trial, 0.0)
    assert sorted(seen) == list(itertools.product([0.0, 0.5, 1.0], "ab"))


def test_of_a_declared_space_the_grid_tries_its_own_values_alone() -> None:
    grid, wide = GridSampler({"x": [1, 2], "y": [4, 5]}), {"x": Int(0, 9), "y": Int(0, 9)}
    history: list[FrozenTrial] = []
    while (params := grid.suggest(wide, history)) is not None:
        history.append(FrozenTrial(params, 0.0))
    assert sorted(tuple(trial.params.values()) for trial in history) == list(itertools.product([1, 2], [4, 5]))


def test_a_point_with_rounding_error_is_the_grids_also_in_a_space_without_steps() -> None:
    own, space = {"x": Float(0, 0.2, step=0.1)}, {"x": Float(0, 1)}
    history = [FrozenTrial({"x": 0.3 - 0.2}, 0.0), FrozenTrial({"x": 0.3 - 0.1}, 0.0)]
    new, used = GridSampler(own), GridSampler(own)
    used.suggest(space, [])
    assert [grid.suggest(space, history) for grid in (new, used)] == [{"x": 0.0}] * 2, "0.1 and 0.2 have been tried"


def test_one_grid_serves_two_spaces_and_two_histories() -> None:
    grid, space, history = GridSampler(points=1), dict[str, Domain](), list[FrozenTrial]()
    for low in (0, 4, 0):
        space["x"] = Float(low, low + 1)  # in one and the same dict
        assert grid.suggest(space, history) == {"x": low + 0.5}
    assert grid.suggest(space, [FrozenTrial({"x": 0.5}, 0.0)]) is None


def test_a_history_whose_entries_are_others_is_a_new_one() -> None:
    grid, space, history = GridSampler({"x": [1, 2]}), {"x": [1, 2]}, [FrozenTrial({"x": 1}, 0.0)]
    assert grid.suggest(space, history) == {"x": 2}
    history[:] = [FrozenTrial({"x": 2}, 0.0)]
    assert grid.suggest(space, history) == {"x": 1}


def test_a_grid_keeps_its_space_whatever_becomes_of_the_dict() -> None:
    mine = {"x": [1, 2]}
    grid = GridSampler(mine)
    mine["y"] = [3]
    assert grid.space == {"x": [1, 2]}


def test_points_by_name_may_name_all_and_wait_for_the_space() -> None:
    space = {"x": Float(0, 1), "y": Float(0, 1)}
    for grid in (GridSampler(points={"x": 2, "y": 1}), GridSampler(space, points={"x": 2, "y": 1})):
        history = [FrozenTrial({"x": 1.0, "y": 0.5}, 0.0)]
        assert grid.suggest(space, history) == {"x": 0.0, "y": 0.5}


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_a_grid_without_a_space_says_so() -> None:
    with pytest.raises(ValueError, match="GridSampler cannot discover the space"):
        create_study(sampler=GridSampler()).optimize(choose, n_trials=1)


def test_a_parameter_that_the_grid_has_not_is_an_error_that_names_it() -> None:
    study = create_study(sampler=GridSampler({"x": [1, 2]}))
    with pytest.raises(ValueError, match="'y'"):
        study.optimize(choose)
    assert study.trials[0].state == "failed"


def test_a_declared_space_that_is_not_the_grids_is_an_error() -> None:
    grid = GridSampler({"x": [1, 2], "y": [4, 5]})
    with pytest.raises(ValueError, match=r"the grid has the parameters \['x', 'y'\], but \['x', 'z'\] were asked for"):
        grid.suggest({"x": Int(0, 9), "z": Int(0, 9)}, [])
    with pytest.raises(ValueError, match="x=2 of the grid lies outside"):
        grid.suggest({"x": Int(0, 1), "y": Int(0, 9)}, [])


def test_a_grid_value_outside_the_domain_of_the_objective_is_an_error_that_names_it() -> None:
    study = create_study(sampler=GridSampler({"x": [1, 99], "y": [1]}))
    with pytest.raises(ValueError, match="x=99"):
        study.optimize(choose)


@pytest.mark.parametrize(
    ("space", "points", "message"),
    [
        ({"x": []}, None, "x"),
        ({"x": [1, 2, 1]}, None, "x"),
        ({"x": Float(0, 1)}, None, r"x is continuous.*points"),
        ({"x": Float(0, 1)}, 0, "points"),
        ({"x": Float(0, 1)}, 2.5, "points.*2.5"),
        ({"x": Float(0, 1)}, {"x": -1}, "points.*-1"),
        ({"x": Float(0, 1)}, True, "points.*True"),
        ({"x": Float(0, 1), "y": Float(0, 1)}, {"x": 3}, "y is continuous"),
    ],
)
def test_mistakes_are_named_at_once(space: Any, points: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GridSampler(space, points=points)


@pytest.mark.parametrize(
    ("space", "points", "message"),
    [
        ({"x": 5}, None, "x must be a list"),
        ([1, 2], None, "must be a dict"),
        ({}, None, "must be a dict"),
        ({"x": "ab"}, None, "x must be a list"),
        ({"x": {"a", "b"}}, None, "x must be a list"),
        ({"x": [[1], [2]]}, None, "x has values that are no choices"),
        ({"x": [1, [2]]}, None, "x has values that are no choices"),
        ({"x": iter([1, 2])}, None, "x must be a list"),  # there would be nothing left of it at the first trial
        ({"x": Float(0, 1)}, {"y": 3}, "points names"),
    ],
)
def test_a_mistake_in_the_grid_is_named(space: Any, points: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GridSampler(space, points=points)
