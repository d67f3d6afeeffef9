"""Answers to the open exercises, which are not functions of the package. All others are their own solution."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpe_reference.samplers.grid import nth_point
from tpe_reference.samplers.random_search import RandomSampler
from tpe_reference.samplers.tpe import TPESampler
from tpe_reference.samplers.tpe_variants import BERGSTRA_2011
from tpe_reference.space import Categorical, Domain, FrozenTrial, TrialState


def run_search(
    suggest: Callable[..., dict[str, Any] | None],
    space: Mapping[str, Domain],
    objective: Callable[[dict[str, Any]], float],
    n_trials: int,
    seed: int,
    history: Sequence[FrozenTrial] = (),
) -> list[FrozenTrial]:
    """01.6: all that there is to know stands in the list; its length is the next trial's number."""
    trials = list(history)
    while len(trials) < n_trials:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len(trials),)))
        params = suggest(space, trials, rng)
        if params is None:
            break
        try:
            loss = float(objective(params))
        except Exception:  # whatever an objective may raise; Ctrl-C is none of these
            loss = math.nan
        trials.append(FrozenTrial(params, loss, state=TrialState.FAILED if math.isnan(loss) else TrialState.COMPLETE))
    return trials


def next_free(axes: Mapping[str, Sequence[Any]], history: Sequence[FrozenTrial]) -> dict[str, Any] | None:
    """02.4: the history is searched for every point, which a memo would save."""
    sizes = [len(values) for values in axes.values()]
    held = [dict(trial.params) for trial in history]
    for i in range(math.prod(sizes)):
        point = {name: values[k] for (name, values), k in zip(axes.items(), nth_point(sizes, i), strict=True)}
        if point not in held:
            return point
    return None


def suggest_refined(
    space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
) -> dict[str, Any] | None:
    """02.5: go through the rounds from the first, each about the best of those before, to one that has a free point."""
    tried = [dict(trial.params) for trial in history]
    best = {name: domain.from_unit(0.5) for name, domain in space.items()}
    half = 0.5
    n_before = 0  # trials of the rounds before
    while half > 1e-9:  # then floats end
        new = [point for point in _round(space, best, half) if point not in tried[:n_before]]
        for point in new:
            if point not in tried:
                return point
        n_before += len(new)
        half /= 2
        complete = [trial for trial in history[:n_before] if trial.state == "complete"]
        best = dict(min(complete, key=FrozenTrial.merit).params) if complete else best
    return None


def _round(space: Mapping[str, Domain], centre: Mapping[str, Any], half: float) -> list[dict[str, Any]]:
    """Return a grid of three values per axis about a configuration, or two where it is at an end."""
    axes = []
    for name, domain in space.items():
        u = domain.to_unit(centre[name])
        axes.append(list(dict.fromkeys([domain.from_unit(u - half), centre[name], domain.from_unit(u + half)])))
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*axes)]


def trials_needed(q: float, p: float) -> int:
    """03.1: 1 - (1 - q)^n >= p, solved for n."""
    return math.ceil(math.log(1 - p) / math.log(1 - q))


def suggest_new(
    space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
) -> dict[str, Any]:
    """03.4: a small space is listed, without what was tried; in a large one drawing again is enough."""
    tried = [dict(trial.params) for trial in history]
    n_points = math.prod(domain.size or math.inf for domain in space.values())
    if n_points <= 10_000:  # some milliseconds
        points = itertools.product(*(domain.values() for domain in space.values()))
        new = [point for values in points if (point := dict(zip(space, values, strict=True))) not in tried]
        if new:
            return new[int(rng.integers(len(new)))]
    for _ in range(100):  # in a large space the first is nearly always new
        params = RandomSampler().suggest(space, history, rng)
        if params not in tried:
            break
    return params


def local_search(
    space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
) -> dict[str, Any]:
    """03.5: change about half of the best trial's parameters, by steps whose width is random too."""
    complete = [
        trial
        for trial in history
        if trial.state == "complete" and math.isfinite(trial.loss) and space.keys() <= trial.params.keys()
    ]
    if len(complete) < 5:  # who begins at the first place there is walks a long way
        return RandomSampler().suggest(space, history, rng)
    best = min(complete, key=lambda trial: trial.loss).params
    width = 10 ** rng.uniform(-2.0, -0.5)  # from 0.01 to 0.3, so that at any time some steps are right
    changes = rng.random(len(space)) < 0.5
    changes[rng.integers(len(space))] = True  # one at least
    params = {}
    for (name, domain), is_changed in zip(space.items(), changes, strict=True):
        if not is_changed:
            params[name] = best[name]
        elif isinstance(domain, Categorical):
            params[name] = domain.from_unit(rng.random())  # another choice
        else:
            step = max(width, 1 / domain.size) if domain.size else width  # the next value of a few is 1 / size away
            params[name] = domain.from_unit(domain.to_unit(best[name]) + step * rng.standard_normal())
    return params


def suggest_one_by_one(
    space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
) -> dict[str, Any]:
    """04.6, in the rules of the package."""
    return TPESampler(n_startup_trials=20, rules=BERGSTRA_2011).suggest(space, history, rng)


def successive_halving(trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
    """06.5: at a rung, whether a third of those who came there are better."""
    step = max(trial.curve, default=0)
    if step not in {3**k for k in range(40)}:  # farther than anybody trains
        return False

    def key(loss: float) -> float:
        return math.inf if math.isnan(loss) else loss

    others = [key(other.curve[step]) for other in history if step in other.curve]
    n_go_on = max(1, (len(others) + 1) // 3)
    better = sum(other < key(trial.curve[step]) for other in others)
    return better >= n_go_on


def paired_ratio(
    mine: NDArray[np.float64], theirs: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, float, float]:
    """07.6: from the first line on there are differences of logarithms only."""
    logs = np.log(mine) - np.log(theirs)
    rows = rng.integers(len(logs), size=(2000, len(logs)))
    low, high = np.quantile(logs[rows].mean(axis=1), [0.025, 0.975])
    return math.exp(logs.mean()), math.exp(low), math.exp(high)
