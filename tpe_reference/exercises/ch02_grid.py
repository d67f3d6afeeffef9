"""Exercises on grid search: values, strides, the point with a number, the first that is free; last, a grid that looks.

An open exercise that continues: `suggest_refined` uses its trials for ever finer grids about the best point.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from ..samplers.grid import GridSampler
from ..space import Float, FrozenTrial, Int, TrialState
from .checking import (
    Chapter,
    Exercise,
    Function,
    agree,
    best_losses,
    require,
    require_pure,
    require_valid,
    same_search,
    trial_rng,
)

chapter = Chapter(
    number=2,
    folder="grid",
    title="grid search",
    exercises=[
        Exercise(
            "02.1",
            "evenly_spaced",
            "samplers.grid:evenly_spaced",
            points=1,
            minutes=10,
            hints=(
                "All spacing is done in the unit interval, where every domain is [0, 1]: domain.from_unit makes a "
                "value of a position.",
                "Five values with both ends have four gaps, so the positions are 0, 1/4, 2/4, 3/4 and 1.",
                "For n = 1 there is no gap to divide by: its position is 0.5.",
            ),
        ),
        Exercise(
            "02.2",
            "stride",
            "samplers.grid:stride",
            points=2,
            minutes=15,
            hints=(
                "The golden section is (sqrt(5) - 1) / 2. Multiply it by j + 1 and keep what is behind the point: % 1.",
                "The share of m that this is, cut off by int. For a small m it may be 0, and must be 1 at least.",
                "math.gcd(a, b) is the greatest common divisor: as long as it is more than 1, go up by one.",
            ),
        ),
        Exercise(
            "02.3",
            "nth_point",
            "samplers.grid:nth_point",
            points=4,
            minutes=45,
            hints=(
                "divmod(i, L) gives the number of the loop and the step r in it; math.lcm(*sizes) is L.",
                "For each axis in turn: g is the greatest common divisor of its size and the least common multiple of "
                "all sizes before it (1 before the first). divmod(q, g) gives the rest of the loop's number and the "
                "offset.",
                "The index on the axis is ((r + offset) * stride(m, j) + m // 2) % m.",
            ),
        ),
        Exercise(
            "02.4",
            "next_free",
            None,
            points=3,
            minutes=30,
            hints=(
                "The number of trials is not the number of the next point: somebody may have added points by hand, and "
                "a trial of something else holds none. Only what stands in the history counts.",
                "Go through the points from number 0 on, make a dict of each, and return the first that is not the "
                "params of any trial, whatever its state.",
                "The grid ends after math.prod of the sizes; then the answer is None.",
            ),
        ),
        Exercise(
            "02.5",
            "suggest_refined",
            None,
            points=5,
            minutes=60,
            hints=(
                "Round 0 is a grid of the positions 0, 1/2, 1. Round k is a grid of c - h, c, c + h on every axis, "
                "where c is the position of the best trial of the rounds before and h = 1/2^(k+1).",
                "In which round are we? The history tells: list round 0's points; if one of them is in no trial, "
                "return it. Otherwise go on to round 1, whose centre is the best of the first 9 trials (in two "
                "dimensions), and so on.",
                "Leave out the points of a round that were tried in one before, and take the value of the best trial "
                "itself for c: to_unit and from_unit may change its last digit, and then it would be tried twice.",
                "Only complete trials can be the best. But running and failed ones hold their points.",
            ),
        ),
    ],
)

_SPACE: dict[str, Any] = {
    "x": Float(-1.0, 2.0),
    "lr": Float(1e-4, 1.0, log=True),
    "n": Int(1, 4),
    "width": Int(1, 50),
}


def _followed(mine: Function, reference: Function, name: str) -> None:
    """Follow the first hundred points of a grid of 6 x 6 x 4 x 6.

    Each of the two grids goes its own way: a value that is off by rounding is no point of the other.
    """

    def suggest(module: Any) -> Function:
        sampler, own = module.GridSampler(points=6), list[FrozenTrial]()

        def suggested(space: Any, history: Any, rng: Any) -> Any:
            params = sampler.suggest(space, own)
            own.append(FrozenTrial(params, 0.0))
            return params

        return suggested

    same_search(mine, reference, f"samplers.grid:{name}", suggest, _SPACE, lambda params: 0.0)


# ---- 02.1 evenly_spaced ----------------------------------------------------------------------------------------------


@chapter.check("02.1")
def both_ends_are_values(mine: Function, reference: Function) -> None:
    """The ends tell whether the range was too narrow: if an end is best, move the range. So both are on the grid."""
    for n in (2, 3, 5, 11):
        for k in (0, n - 1):
            agree(mine, reference, Float(-3.0, 5.0), n, k)


@chapter.check("02.1")
def the_gaps_are_equal(mine: Function, reference: Function) -> None:
    """Between the ends the n - 1 gaps are all the same, from the lowest value up."""
    for n in (3, 4, 9):
        for k in range(n):
            agree(mine, reference, Float(10.0, 34.0), n, k)


@chapter.check("02.1")
def one_alone_is_the_middle(mine: Function, reference: Function) -> None:
    """A single value cannot be both ends; the middle is nearest to all others."""
    agree(mine, reference, Float(-3.0, 5.0), 1, 0)
    agree(mine, reference, Float(0.01, 10_000.0, log=True), 1, 0)


@chapter.check("02.1")
def in_log_space_for_log(mine: Function, reference: Function) -> None:
    """With log the ratios are equal: 1, 10, 100, and not 1, 50.5, 100. The domain knows how: ask it."""
    for k in range(5):
        agree(mine, reference, Float(1.0, 10_000.0, log=True), 5, k)
    for k in range(4):
        agree(mine, reference, Int(1, 1000, log=True), 4, k)


@chapter.check("02.1")
def the_grid_has_the_same_values(mine: Function, reference: Function) -> None:
    """In the real sampler every value of a range comes out of your function."""
    _followed(mine, reference, "evenly_spaced")


# ---- 02.2 stride -----------------------------------------------------------------------------------------------------


@chapter.check("02.2")
def near_the_golden_section(mine: Function, reference: Function) -> None:
    """Steps of golden sections fill a circle evenly at every moment; 13 is prime, so nothing has to be mended there."""
    for m in (5, 13, 101, 997):
        agree(mine, reference, m, 0)


@chapter.check("02.2")
def every_axis_has_its_own(mine: Function, reference: Function) -> None:
    """Axis j takes the fraction of j + 1 golden sections: with one stride for all, points would lie on a diagonal."""
    for j in range(1, 6):
        for m in (13, 101):
            agree(mine, reference, m, j)


@chapter.check("02.2")
def no_common_divisor(mine: Function, reference: Function) -> None:
    """A stride of 2 on six values visits 0, 2, 4, 0, 2, 4: three of them never."""
    for m in range(2, 61):
        for j in range(4):
            step = mine(m, j)
            visited = {k * step % m for k in range(m)}
            require(len(visited) == m, expected=f"all {m} values visited", got=f"stride {step}: {visited}", m=m, j=j)
    for m in (10**12, 2**60):  # numbers of loops: far too many to try all divisors
        step = int(mine(m, 0))
        divisor = math.gcd(step, m)
        require(divisor == 1, expected="no common divisor", got=f"{step}, which has {divisor} in common", m=m, j=0)


@chapter.check("02.2")
def upwards_from_there(mine: Function, reference: Function) -> None:
    """Of the widths without a common divisor it is the first at or above the golden section, and never 0."""
    for m in range(1, 61):
        for j in range(4):
            agree(mine, reference, m, j)


@chapter.check("02.2")
def the_grid_takes_the_same_strides(mine: Function, reference: Function) -> None:
    """In the real sampler your function decides in which order an axis is run through."""
    _followed(mine, reference, "stride")


# ---- 02.3 nth_point --------------------------------------------------------------------------------------------------


def _all_points(mine: Function, sizes: list[int]) -> list[tuple[int, ...]]:
    return [tuple(int(k) for k in mine(list(sizes), i)) for i in range(math.prod(sizes))]


@chapter.check("02.3")
def the_first_is_the_middle(mine: Function, reference: Function) -> None:
    """Whoever stops after one trial has tried the middle of the grid, not a corner."""
    for sizes in ([5], [3, 7], [4, 6, 2], [1, 8]):
        agree(mine, reference, sizes, 0)


@chapter.check("02.3")
def one_loop_along_the_diagonal(mine: Function, reference: Function) -> None:
    """7 and 5 have no common divisor, so that the walk along the diagonal comes to all 35 points, in strides."""
    for i in range(35):
        agree(mine, reference, [7, 5], i)


@chapter.check("02.3")
def every_point_once(mine: Function, reference: Function) -> None:
    """4 and 6 have the divisor 2: the diagonal bites its tail after 12 points, and offsets lead to the other 12."""
    for sizes in ([4, 6], [2, 2, 2], [3, 3, 3], [6, 4, 9], [1, 5, 1, 5]):
        counts = Counter(_all_points(mine, sizes))
        twice = [point for point, count in counts.items() if count > 1]
        expected = f"all {math.prod(sizes)} points, each once"
        require(not twice, expected=expected, got=f"{len(counts)} points, {twice[:3]} more than once", sizes=sizes)


@chapter.check("02.3")
def balanced_at_every_moment(mine: Function, reference: Function) -> None:
    """Stopping early is fair: after k points each of the m values of an axis was used k / m times, give or take one."""
    for sizes in ([7, 5], [4, 6], [6, 4, 9]):
        points = _all_points(mine, sizes)
        for j, m in enumerate(sizes):
            used = [0] * m
            for k, point in enumerate(points, start=1):
                used[point[j]] += 1
                fair = all(abs(count - k / m) <= 1 for count in used)
                require(fair, expected=f"each {k / m:.1f} times", got=used, sizes=sizes, axis=j, after=f"{k} points")


@chapter.check("02.3")
def loops_are_taken_in_strides_too(mine: Function, reference: Function) -> None:
    """Loops side by side are neighbours in space: the one after the first should be far away from it."""
    for sizes in ([4, 4], [6, 4, 9], [5, 5, 5]):
        for i in range(math.prod(sizes)):
            agree(mine, reference, sizes, i)


@chapter.check("02.3")
def a_grid_that_no_memory_holds(mine: Function, reference: Function) -> None:
    """16 values of 16 parameters are 2^64 points: more than 64 bits hold, let alone a list; no two may coincide."""
    sizes = [16] * 16
    numbers = [*range(50), *range(10**18, 10**18 + 800, 16), 2**64 - 1]  # in the middle, each of another loop
    seen: dict[tuple[int, ...], int] = {}
    for i in numbers:
        point = tuple(int(k) for k in mine(list(sizes), i))
        right = len(point) == 16 and all(0 <= k < 16 for k in point)
        require(right, expected="16 indices from 0 to 15", got=f"{point}", sizes=sizes, i=i)
        require(point not in seen, expected=f"not the point of i = {seen.get(point)}", got=f"{point}", sizes=sizes, i=i)
        seen[point] = i


@chapter.check("02.3")
def the_grid_has_the_same_order(mine: Function, reference: Function) -> None:
    """In the real sampler your function says which point is next."""
    _followed(mine, reference, "nth_point")


# ---- 02.4 next_free --------------------------------------------------------------------------------------------------

_AXES: dict[str, list[Any]] = {"lr": [0.001, 0.01, 0.1], "depth": [2, 4, 6, 8], "kernel": ["rbf", "linear"]}


def _next(axes: dict[str, Any], history: list[FrozenTrial]) -> Any:
    """Return what the package answers."""
    return GridSampler(axes).suggest(axes, history)


def _agree_on_next(mine: Function, axes: dict[str, Any], history: list[FrozenTrial]) -> None:
    held = [f"{trial.state}: {dict(trial.params)}" for trial in history]
    agree(mine, _next, axes, history, given={"axes": axes, "history": held})


def _first(n: int) -> list[FrozenTrial]:
    """Return complete trials of the first n points."""
    history: list[FrozenTrial] = []
    for _ in range(n):
        history.append(FrozenTrial(_next(_AXES, history), 0.5))
    return history


@chapter.check("02.4")
def one_point_after_the_other(mine: Function, reference: Function) -> None:
    """In the order of `nth_point`, as dicts with the names and values of the axes."""
    for n in (0, 1, 2, 7, 23):
        _agree_on_next(mine, _AXES, _first(n))
    _agree_on_next(mine, {f"x{j}": list(range(10)) for j in range(12)}, [])  # 10^12 points


@chapter.check("02.4")
def a_gap_is_filled_first(mine: Function, reference: Function) -> None:
    """What was tried is what stands in the history, in whatever order: the number of trials is no number of a point."""
    history = _first(8)
    _agree_on_next(mine, _AXES, history[:3] + history[4:])
    _agree_on_next(mine, _AXES, history[::-1])
    _agree_on_next(mine, _AXES, history[2:4])
    _agree_on_next(mine, _AXES, history + history[:5])


@chapter.check("02.4")
def any_trial_holds_its_point(mine: Function, reference: Function) -> None:
    """Somebody is at a running one, a failed one would fail again, a pruned one was poor: none is handed out twice."""
    for state in (TrialState.RUNNING, TrialState.FAILED, TrialState.PRUNED):
        history = _first(5)
        history[1] = FrozenTrial(history[1].params, state=state)
        history[4] = FrozenTrial(dict(reversed(list(history[4].params.items()))), state=state)
        _agree_on_next(mine, _AXES, history)


@chapter.check("02.4")
def other_trials_hold_none(mine: Function, reference: Function) -> None:
    """A trial with other names, or with values that are not on the grid, is no point of it."""
    point = dict(_first(1)[0].params)
    others = [{**point, "momentum": 0.9}, {**point, "lr": 0.05}, {"lr": point["lr"]}, {}]
    _agree_on_next(mine, _AXES, [FrozenTrial(params, 0.1) for params in others])


@chapter.check("02.4")
def none_at_the_end(mine: Function, reference: Function) -> None:
    """When every point is held there is nothing left to try: None ends the search."""
    _agree_on_next(mine, _AXES, _first(24))
    _agree_on_next(mine, {"x": [1]}, [FrozenTrial({"x": 1}, state=TrialState.RUNNING)])


@chapter.check("02.4")
def the_search_is_that_of_the_sampler(mine: Function, reference: Function) -> None:
    """With four workers at a time, of whose trials some fail, the order is that of `GridSampler` to the end."""
    history: list[FrozenTrial] = []
    while (expected := _next(_AXES, history)) is not None:
        n = len(history)
        got = mine(_AXES, list(history))
        require(got == expected, expected=f"{expected}", got=got, trial=n, axes=_AXES)
        history.append(FrozenTrial(expected, state=TrialState.RUNNING))
        if n >= 3:
            ended = history[n - 3].params
            history[n - 3] = FrozenTrial(ended, 0.3) if n % 2 else FrozenTrial(ended, state=TrialState.FAILED)


# ---- 02.5 suggest_refined --------------------------------------------------------------------------------------------

_PLANE: dict[str, Any] = {"x": Float(-2.0, 6.0), "lr": Float(1e-5, 1.0, log=True)}


def _bowl(x: float, log_lr: float) -> Function:
    """Return a loss whose least value is at a place."""
    return lambda params: (params["x"] - x) ** 2 / 16 + (math.log10(params["lr"]) - log_lr) ** 2 / 6


def _searched(mine: Function, loss: Function, trials: int) -> list[FrozenTrial]:
    """Return a search's trials."""
    history: list[FrozenTrial] = []
    for n in range(trials):
        params = mine(_PLANE, list(history), trial_rng(n))
        require_valid(params, _PLANE, trial=n)
        history.append(FrozenTrial(dict(params), float(loss(params))))
    return history


def _units(params: Any) -> list[float]:
    return [domain.to_unit(params[name]) for name, domain in _PLANE.items()]


@chapter.check("02.5")
def first_the_whole_coarse_grid(mine: Function, reference: Function) -> None:
    """The first nine trials are the ends and the middle of each axis, in any order: a table without holes."""
    found = sorted([[round(u, 4) for u in _units(trial.params)] for trial in _searched(mine, _bowl(1.0, -2.0), 9)])
    expected = [[u, v] for u in (0.0, 0.5, 1.0) for v in (0.0, 0.5, 1.0)]
    require(found == expected, expected=f"in the unit interval {expected}", got=found, space=_PLANE)


@chapter.check("02.5")
def then_nearer_to_the_best(mine: Function, reference: Function) -> None:
    """The second round lies a quarter about the best of the first, the third an eighth about the best of both."""
    for loss in (_bowl(0.9, -1.2), _bowl(-1.5, -4.5), _bowl(2.1, -0.1)):
        history = _searched(mine, loss, 11)
        best = min(history[:9], key=FrozenTrial.merit)
        for n in (9, 10):
            pairs = zip(_units(history[n].params), _units(best.params), strict=True)
            distance = max(abs(u - v) for u, v in pairs)
            expected = f"at most 0.25 from the best trial so far, {dict(best.params)}, in the unit interval"
            require(distance < 0.2501, expected=expected, got=f"{distance:.2f}: {dict(history[n].params)}", trial=n)


@chapter.check("02.5")
def nothing_is_tried_twice(mine: Function, reference: Function) -> None:
    """A round's centre was tried before it, and at an edge points fall together: every trial has to be a new one."""
    for loss in (_bowl(0.9, -1.2), _bowl(-2.0, -5.0), _bowl(6.0, 0.0)):
        history = _searched(mine, loss, 40)
        places = [tuple(round(u, 9) for u in _units(trial.params)) for trial in history]
        for n, place in enumerate(places):
            expected = "a configuration that was not tried before"
            require(place not in places[:n], expected=expected, got=f"{dict(history[n].params)}", trial=n)


@chapter.check("02.5")
def a_pure_function_of_its_history(mine: Function, reference: Function) -> None:
    """The same history gives the same answer, whatever was asked before, and is left as it was."""
    require_pure(mine, _PLANE, _searched(mine, _bowl(1.0, -2.0), 21))


@chapter.check("02.5")
def failed_and_running_trials_hold_their_points(mine: Function, reference: Function) -> None:
    """They are not tried again, and they are never the best: round two begins about the best of the complete ones."""
    history = _searched(mine, _bowl(1.0, -2.0), 9)
    ranked = sorted(range(9), key=lambda n: history[n].merit())
    for place, state in zip(ranked[:2], (TrialState.FAILED, TrialState.RUNNING), strict=True):
        history[place] = FrozenTrial(history[place].params, state=state)
    best = _units(history[ranked[2]].params)
    got = mine(_PLANE, list(history), trial_rng(9))
    distance = max(abs(u - v) for u, v in zip(_units(got), best, strict=True))
    states = [str(trial.state) for trial in history]
    expected = f"a new point within a quarter of {dict(history[ranked[2]].params)}"
    is_new = all(dict(trial.params) != dict(got) for trial in history)
    require(is_new and distance < 0.2501, expected=expected, got=got, states=states)
    nothing = [FrozenTrial(trial.params, state=TrialState.FAILED) for trial in history]
    require_valid(mine(_PLANE, nothing, trial_rng(9)), _PLANE, states="all failed")


@chapter.check("02.5")
def it_leaves_the_plain_grid_behind(mine: Function, reference: Function) -> None:
    """A grid that looks at the losses is to be much nearer to an optimum between its points than one that does not."""
    logs = []
    for seed in range(8):
        u, v = trial_rng(seed).random(2)
        loss = _bowl(-2.0 + 8.0 * u, -5.0 + 5.0 * v)
        ours = best_losses(mine, _PLANE, loss, trials=45, seeds=1)[0]
        theirs = best_losses(GridSampler(points=7).suggest, _PLANE, loss, trials=45, seeds=1)[0]
        logs.append(math.log(ours + 1e-12) - math.log(theirs + 1e-12))
    ratio = math.exp(sum(logs) / len(logs))
    expected = "a best loss of at most a fifth of that of the grid with 7 x 7 points (geometric mean of 8 optima)"
    require(ratio < 0.2, expected=expected, got=f"{ratio:.2g} of it", trials=45)
