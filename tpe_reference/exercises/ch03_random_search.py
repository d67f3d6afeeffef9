"""Exercises on random search: how many trials, whose generator, the draw itself; last, one that learns a little."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ..samplers.random_search import RandomSampler
from ..space import Categorical, Float, FrozenTrial, Int, TrialState
from .checking import (
    SEED,
    Chapter,
    Exercise,
    Function,
    agree,
    best_losses,
    finished,
    require,
    require_pure,
    require_valid,
    same_search,
    trial_rng,
)

chapter = Chapter(
    number=3,
    folder="random-search",
    title="random search",
    exercises=[
        Exercise(
            "03.1",
            "trials_needed",
            None,
            points=1,
            minutes=10,
            hints=(
                "One trial misses the best share q with probability 1 - q. With which probability do n independent "
                "ones all miss it?",
                "1 - (1 - q)^n is to be at least p. Take logarithms, and mind that dividing by a negative number turns "
                "an inequality around.",
                "Half a trial cannot be made: math.ceil.",
            ),
        ),
        Exercise(
            "03.2",
            "trial_rng",
            "study:trial_rng",
            points=1,
            minutes=10,
            hints=(
                "numpy.random.default_rng makes a generator of a seed, of a numpy.random.SeedSequence too.",
                "seed + number will not do: trial 1 of seed 0 would be trial 0 of seed 1. A SeedSequence has an "
                "argument for the number of a child: spawn_key, a tuple.",
            ),
        ),
        Exercise(
            "03.3",
            "suggest_at_random",
            "samplers.random_search:RandomSampler.suggest",
            points=2,
            minutes=15,
            hints=(
                "rng.random() is uniform in [0, 1): draw one for every parameter, in the order of the space.",
                "domain.from_unit(u) makes a value of it; logarithms, steps and choices are done there.",
            ),
        ),
        Exercise(
            "03.4",
            "suggest_new",
            None,
            points=3,
            minutes=30,
            hints=(
                "Draw, and draw again while the result is among the params of the history; but not for ever: all may "
                "have been tried.",
                "Late, when 199 of 200 points are tried, a hundred draws are likely to miss the last. How many points "
                "there are is the product of the sizes; domain.size is None where a domain is continuous.",
                "If there are few points, list all (itertools.product of the domains' values()), take out those that "
                "were tried, and let rng choose among the rest. If there are very many, drawing again is enough.",
            ),
        ),
        Exercise(
            "03.5",
            "local_search",
            None,
            points=5,
            minutes=60,
            hints=(
                "Without a complete trial, and perhaps for a few more, draw at random. Otherwise take the best one, "
                "and change it a little in the unit interval: to_unit, a normal step, from_unit.",
                "How wide a step? Too wide is random search, too narrow is no progress. Draw the width too, from 0.01 "
                "to 0.3 on a logarithmic scale, say: then some are right at any time.",
                "Choices have no neighbours: now and then draw another. And for integers a step should reach the next "
                "cell, 1 / size away. Changing only some of the parameters at a time keeps what is good already.",
                "The loss of a failed or running trial is nan, which compares with nothing: look at the state, and at "
                "math.isfinite of the loss. A trial of another branch lacks some of the names.",
            ),
        ),
    ],
)

_SPACE: dict[str, Any] = {
    "x": Float(-1.0, 2.0),
    "lr": Float(1e-5, 1.0, log=True),
    "n": Int(1, 8),
    "kind": Categorical(["a", "b", "c"]),
}


def _loss(params: dict[str, Any]) -> float:
    """Return a bowl's loss."""
    rest = 0.5 * abs(params["n"] - 3) + {"a": 0.5, "b": 0.0, "c": 1.0}[params["kind"]]
    return float((params["x"] - 0.3) ** 2 + (math.log10(params["lr"]) + 2.0) ** 2 / 4 + 0.3 * rest)


def _past(n: int) -> list[FrozenTrial]:
    """Return n trials at random, and some that are no results: failed, running, infinite, of another branch."""
    history = []
    for number in range(n):
        params = RandomSampler().suggest(_SPACE, [], trial_rng(number))
        history.append(finished(params, math.nan if number % 7 == 0 else _loss(params)))
    if history:
        history.append(FrozenTrial(dict(history[0].params), state=TrialState.RUNNING))
        history.append(FrozenTrial(dict(history[-1].params), math.inf))
        history.append(FrozenTrial({"x": 0.3}, 0.001))  # of another branch: it lacks all other names
        history.append(FrozenTrial(dict(history[0].params), 0.4, {0: 0.4}, TrialState.PRUNED))
    return history


# ---- 03.1 trials_needed ----------------------------------------------------------------------------------------------

_SHARES = [(0.1, 0.5), (0.1, 0.9), (0.05, 0.95), (0.02, 0.9), (0.01, 0.99), (0.3, 0.31), (0.6, 0.5), (0.001, 0.999)]


@chapter.check("03.1")
def the_probability_is_reached(mine: Function, reference: Function) -> None:
    """All of n independent draws miss the best share q with probability (1 - q)^n; the rest must be p at least."""
    for q, p in _SHARES:
        n = mine(q, p)
        reached = 1 - (1 - q) ** n
        require(reached >= p - 1e-9, expected=f"1 - (1 - q)^n of at least {p}", got=f"n = {n}: {reached:.6g}", q=q, p=p)


@chapter.check("03.1")
def one_fewer_would_not_do(mine: Function, reference: Function) -> None:
    """It is the least number: a trial may cost an hour."""
    for q, p in _SHARES:
        n = mine(q, p)
        fewer = 1 - (1 - q) ** (n - 1)
        expected = f"the least n: with n - 1 trials less than {p}"
        require(fewer < p and n == int(n), expected=expected, got=f"n = {n}, and with n - 1 {fewer:.6g}", q=q, p=p)


@chapter.check("03.1")
def random_search_bears_it_out(mine: Function, reference: Function) -> None:
    """In 600 real searches of so many trials, the best is among the best tenth in a share p of them, give or take."""
    for p in (0.5, 0.9):
        n, hits = int(mine(0.1, p)), 0
        rng = trial_rng(n)
        for _ in range(600):
            drawn = [RandomSampler().suggest({"x": Float(0.0, 1.0)}, [], rng)["x"] for _ in range(n)]
            hits += min(drawn) < 0.1
        true = 1 - 0.9**n  # just above p; four standard deviations of a share of 600 are 0.08
        good = abs(hits / 600 - true) < 0.08 and p - 0.08 < hits / 600 < p + 0.13
        require(good, expected=f"in about {p:.0%} of the searches", got=f"in {hits / 600:.0%}", q=0.1, n=n)


# ---- 03.2 trial_rng --------------------------------------------------------------------------------------------------


def _first_draws(function: Function) -> Function:
    """Return a function that returns what the generator draws first."""
    return lambda seed, number: function(seed, number).random(3)


@chapter.check("03.2")
def one_generator_for_each_trial(mine: Function, reference: Function) -> None:
    """It is made of the seed and the trial's number, which is the key of numpy's own way to make independent ones."""
    for seed, number in [(0, 0), (0, 1), (5, 0), (5, 17), (123_456, 99)]:
        agree(_first_draws(mine), _first_draws(reference), seed, number)


@chapter.check("03.2")
def the_same_on_any_machine(mine: Function, reference: Function) -> None:
    """Trial 17 can be drawn without the 16 before it: what was asked before makes no difference, 0 is a seed too."""
    for seed in (0, 7):
        first = [float(u) for u in mine(seed, 17).random(3)]
        for number in range(17):
            mine(seed, number).random(5)
        second = [float(u) for u in mine(seed, 17).random(3)]
        require(first == second, expected=f"the same draws again, {first}", got=second, seed=seed, number=17)


@chapter.check("03.2")
def no_two_trials_have_the_same(mine: Function, reference: Function) -> None:
    """Neither in one study nor in two: with seed + number, trial 1 of seed 0 would be trial 0 of seed 1."""
    drawn: dict[float, tuple[int, int]] = {}
    for seed in range(12):
        for number in range(12):
            u = float(mine(seed, number).random())
            known = drawn.get(u)
            require(
                known is None, expected="other draws", got=f"those of seed, number = {known}", seed=seed, number=number
            )
            drawn[u] = (seed, number)


@chapter.check("03.2")
def nothing_global_is_seeded(mine: Function, reference: Function) -> None:
    """The user's own chance is not ours: numpy's global generator stays as it was."""
    before = repr(np.random.get_state())  # noqa: NPY002  # it is just this one that must not change
    mine(5, 3).random()
    after = repr(np.random.get_state())  # noqa: NPY002
    require(before == after, expected="numpy's global generator unchanged", got="another state of it", seed=5, number=3)


@chapter.check("03.2")
def the_study_draws_the_same(mine: Function, reference: Function) -> None:
    """In a real `Study` your function gives every trial of random search its chance."""

    def suggest(module: Any) -> Function:
        study = module.create_study(sampler=RandomSampler(), seed=SEED)

        def suggested(space: Any, history: Any, rng: Any) -> Any:
            trial = study.ask(space)
            study.tell(trial, 0.0)
            return trial.params

        return suggested

    same_search(mine, reference, "study:trial_rng", suggest, _SPACE, _loss)


# ---- 03.3 suggest_at_random ------------------------------------------------------------------------------------------


def _drawn(mine: Function, n: int) -> list[Any]:
    return [mine(RandomSampler(), _SPACE, [], trial_rng(number)) for number in range(n)]


@chapter.check("03.3")
def a_value_for_every_name(mine: Function, reference: Function) -> None:
    """A configuration has all names of the space, each with a value that its domain contains."""
    tiny: dict[str, Any] = {"x": Float(3.0, 3.0)}
    rough: dict[str, Any] = {"n": Int(4, 256, log=True), "s": Float(0.0, 1.0, step=0.25)}
    for space in (_SPACE, tiny, rough):
        for number in range(30):
            require_valid(mine(RandomSampler(), space, [], trial_rng(number)), space, trial=number)


@chapter.check("03.3")
def uniform_in_the_unit_interval(mine: Function, reference: Function) -> None:
    """Every fifth of the unit interval gets a fifth of the draws: on a log scale, every decade its share."""
    drawn = _drawn(mine, 1000)
    for name in ("x", "lr"):
        fifths = Counter(min(int(_SPACE[name].to_unit(params[name]) * 5), 4) for params in drawn)
        counts = [fifths[k] for k in range(5)]  # expected 200, with a standard deviation of 12.6
        right = all(140 < count < 260 for count in counts)
        require(right, expected=f"about 200 draws of {name} in each fifth", got=counts, domain=_SPACE[name], draws=1000)
    for name in ("n", "kind"):
        expected = 1000 / _SPACE[name].size
        counts = [sum(params[name] == value for params in drawn) for value in _SPACE[name].values()]
        right = all(abs(count - expected) < 5 * math.sqrt(expected) for count in counts)
        require(right, expected=f"about {expected:.0f} for each of {name}", got=counts, domain=_SPACE[name], draws=1000)


@chapter.check("03.3")
def parameters_are_independent(mine: Function, reference: Function) -> None:
    """Each has a draw of its own: with one for all, the trials would lie on a diagonal of the cube."""
    units = np.array([[_SPACE[name].to_unit(params[name]) for name in _SPACE] for params in _drawn(mine, 500)])
    correlation = np.corrcoef(units.T) - np.eye(len(_SPACE))
    i, j = np.unravel_index(np.abs(correlation).argmax(), correlation.shape)
    names = list(_SPACE)
    got = f"{correlation[i, j]:.2f} between {names[i]} and {names[j]}"
    require(abs(correlation[i, j]) < 0.2, expected="correlations of about 0", got=got, draws=500)  # 0.2: 4.5 deviations


@chapter.check("03.3")
def the_history_is_not_looked_at(mine: Function, reference: Function) -> None:
    """Trial 17 is the same whatever the 16 before it were: so a thousand machines need not wait for each other."""
    for history in (_past(1), _past(20)):
        first = mine(RandomSampler(), _SPACE, [], trial_rng(5))
        second = mine(RandomSampler(), _SPACE, history, trial_rng(5))
        require(first == second, expected=f"what an empty history gives, {first}", got=second, trials=len(history))


@chapter.check("03.3")
def the_search_is_the_same(mine: Function, reference: Function) -> None:
    """In the place of the real sampler: one number for each parameter, in the order of the space."""
    target = "samplers.random_search:RandomSampler.suggest"
    same_search(mine, reference, target, lambda module: module.RandomSampler().suggest, _SPACE, _loss)


# ---- 03.4 suggest_new ------------------------------------------------------------------------------------------------

_SMALL: dict[str, Any] = {"n": Int(1, 4), "kind": Categorical(["a", "b", "c"])}
_POINTS = [{"n": n, "kind": kind} for n in _SMALL["n"].values() for kind in _SMALL["kind"].values()]


@chapter.check("03.4")
def a_configuration_of_any_space(mine: Function, reference: Function) -> None:
    """Continuous parameters hardly ever repeat, and 10^18 points cannot be listed: then it is plain random search."""
    huge = {name: Int(1, 10**6) for name in ("i", "j", "k")}
    for space in (_SPACE, huge, _SMALL):
        for history in ([], _past(20)):
            for number in range(5):
                require_valid(mine(space, list(history), trial_rng(number)), space, trials=len(history))


@chapter.check("03.4")
def none_twice(mine: Function, reference: Function) -> None:
    """All twelve points of a space are tried by the first twelve trials, also while some are running or have failed."""
    states = [TrialState.COMPLETE, TrialState.RUNNING, TrialState.FAILED, TrialState.PRUNED]
    history: list[FrozenTrial] = []
    for number in range(12):
        params = mine(_SMALL, list(history), trial_rng(number))
        require_valid(params, _SMALL, trial=number)
        tried = [f"{trial.state}: {dict(trial.params)}" for trial in history]
        is_new = all(dict(trial.params) != params for trial in history)
        require(is_new, expected="a point that was not tried", got=f"{params}", history=tried)
        history.append(FrozenTrial(params, state=states[number % 4]))


@chapter.check("03.4")
def the_last_one_is_found(mine: Function, reference: Function) -> None:
    """When one of 300 points is left, a hundred draws miss it in seven of ten cases: they are not enough."""
    space = {"n": Int(1, 100), "kind": Categorical(["a", "b", "c"])}
    points = [{"n": n, "kind": kind} for n in range(1, 101) for kind in "abc"]
    for number in range(8):
        left = points[37 * number]
        history = [FrozenTrial(point, 0.5) for point in points if point != left]
        got = mine(space, history, trial_rng(number))
        require(got == left, expected=f"the only point left, {left}", got=got, trials="the 299 others")


@chapter.check("03.4")
def when_all_is_tried_it_goes_on(mine: Function, reference: Function) -> None:
    """Random search does not end: where nothing is new, a repetition is better than an error, None, or a loop."""
    for number in range(5):
        history = [FrozenTrial(point, 0.5) for point in _POINTS]
        require_valid(mine(_SMALL, history, trial_rng(number)), _SMALL, trials="all 12 points of the space")


@chapter.check("03.4")
def all_that_is_new_is_as_likely(mine: Function, reference: Function) -> None:
    """Random among what is left: none of the four points that were not tried is preferred."""
    left = [_POINTS[k] for k in (0, 4, 5, 11)]
    history = [FrozenTrial(point, 0.5) for point in _POINTS if point not in left]
    drawn = [mine(_SMALL, list(history), trial_rng(number)) for number in range(400)]
    counts = [drawn.count(point) for point in left]  # expected 100, with a standard deviation of 8.7
    right = all(60 < count < 140 for count in counts)
    require(right, expected="each of the four about 100 times", got=counts, left=left, draws=400)


@chapter.check("03.4")
def a_trial_of_more_names_is_another(mine: Function, reference: Function) -> None:
    """Tried is a configuration whose names are exactly the space's: one with a further name was something else."""
    history = [FrozenTrial({**point, "depth": 3}, 0.5) for point in _POINTS[1:]] + [FrozenTrial(_POINTS[0], 0.5)]
    drawn = [mine(_SMALL, list(history), trial_rng(number)) for number in range(100)]
    different = sum(point in drawn for point in _POINTS)
    require(_POINTS[0] not in drawn, expected=f"never {_POINTS[0]}, which was tried", got="it", draws=100)
    require(different == 11, expected="all of the other 11 points", got=f"{different} of them", draws=100)


@chapter.check("03.4")
def nothing_but_its_arguments(mine: Function, reference: Function) -> None:
    """A pure function of its history and the trial's generator, so that a resumed search goes on as it would have."""
    require_pure(mine, _SMALL, [FrozenTrial(point, 0.5) for point in _POINTS[:7]])


# ---- 03.5 local_search -----------------------------------------------------------------------------------------------


@chapter.check("03.5")
def every_value_is_in_its_domain(mine: Function, reference: Function) -> None:
    """A suggestion has all names of the space, each with a value of its domain, at the first trial and at any other."""
    for history in ([], _past(1), _past(5), _past(60)):
        for number in range(20):
            require_valid(mine(_SPACE, list(history), trial_rng(number)), _SPACE, trials=len(history))


@chapter.check("03.5")
def a_pure_function_of_its_history(mine: Function, reference: Function) -> None:
    """The best trial is read off the history every time: kept in a variable, it would be lost by a restart."""
    require_pure(mine, _SPACE, _past(40))


def _distances(mine: Function, history: list[FrozenTrial], place: dict[str, Any]) -> dict[str, float]:
    """Return the mean distances of 60 suggestions from a place, in the unit interval."""
    drawn = [mine(_SPACE, list(history), trial_rng(number)) for number in range(60)]
    mean = {}
    for name in ("x", "lr", "n"):
        u = _SPACE[name].to_unit(place[name])
        mean[name] = float(np.mean([abs(_SPACE[name].to_unit(params[name]) - u) for params in drawn]))
    return mean


@chapter.check("03.5")
def near_the_best_so_far(mine: Function, reference: Function) -> None:
    """Local: most suggestions are changes of the best trial, nearer to it than those that chance would make."""
    for best in ({"x": 1.7, "lr": 1e-4, "n": 7, "kind": "b"}, {"x": -0.8, "lr": 0.3, "n": 2, "kind": "a"}):
        history = [trial for trial in _past(30) if trial.state == "complete"]
        history.insert(11, FrozenTrial(best, 0.0001))
        history = [trial for trial in history if trial.params.keys() == _SPACE.keys()]
        for name, distance in _distances(mine, history, best).items():
            u = _SPACE[name].to_unit(best[name])
            by_chance = (u**2 + (1 - u) ** 2) / 2
            expected = f"{name} at a mean distance well below {by_chance:.2f}, that of random search"
            require(distance < 0.7 * by_chance, expected=expected, got=f"{distance:.2f}", best=best)


@chapter.check("03.5")
def failed_and_running_trials_are_no_best(mine: Function, reference: Function) -> None:
    """Their loss is nan, which is not smaller than anything, nor larger: a min over it is right or wrong by luck."""
    best = {"x": 1.7, "lr": 1e-4, "n": 7, "kind": "b"}
    wrong = {"x": -0.9, "lr": 0.8, "n": 1, "kind": "a"}
    results = [FrozenTrial(best, 0.2), FrozenTrial({**best, "x": 0.2}, 3.0), FrozenTrial({**best, "n": 2}, 4.0)]
    others = [FrozenTrial(wrong, state=TrialState.FAILED), FrozenTrial(wrong, state=TrialState.RUNNING)]
    for history in (others + results * 10, results * 10 + others):
        from_best, from_wrong = _distances(mine, history, best), _distances(mine, history, wrong)
        for name in from_best:
            expected = f"{name} nearer to the best trial, {best}, than to those that failed or run, {wrong}"
            got = f"mean distances of {from_best[name]:.2f} and {from_wrong[name]:.2f}"
            require(from_best[name] < from_wrong[name], expected=expected, got=got)


@chapter.check("03.5")
def choices_change_too(mine: Function, reference: Function) -> None:
    """Else the search would for ever keep the choice that it began with, and never see what another is worth."""
    history = [FrozenTrial({"x": 0.3, "lr": 0.01, "n": 3, "kind": "a"}, 0.01 * n) for n in range(30)]
    drawn = [mine(_SPACE, list(history), trial_rng(number)) for number in range(200)]
    kinds = Counter(params["kind"] for params in drawn)
    missing = [kind for kind in "abc" if kinds[kind] < 2]
    require(not missing, expected="every choice now and then", got=dict(kinds), best="kind a", suggestions=200)


@chapter.check("03.5")
def it_beats_random_search(mine: Function, reference: Function) -> None:
    """After 60 trials on a bowl, where every step towards the middle pays, it is well ahead of random search."""
    space = {"x": Float(-1.0, 2.0), "lr": Float(1e-5, 1.0, log=True), "y": Float(0.0, 1.0), "kind": _SPACE["kind"]}

    def loss(params: dict[str, Any]) -> float:
        numbers = (params["x"] - 0.3) ** 2 + (math.log10(params["lr"]) + 2.0) ** 2 / 4 + (params["y"] - 0.6) ** 2
        return float(numbers + 0.3 * (params["kind"] != "b"))

    theirs = best_losses(RandomSampler().suggest, space, loss, trials=60, seeds=12)
    ours = best_losses(mine, space, loss, trials=60, seeds=12)
    ratio = float(np.exp(np.log(ours + 1e-9).mean() - np.log(theirs + 1e-9).mean()))
    expected = "a best loss of at most 0.4 times that of random search (geometric mean of 12 seeds)"
    require(ratio < 0.4, expected=expected, got=f"{ratio:.2g} times", trials=60)
