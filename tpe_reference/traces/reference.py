"""The functions that the traces are about, in terms of this package: plain numbers, lists and dicts in and out.

An own implementation has functions of these names and arguments; one that does it all would look like this file.
The types (domain, space, trial, rules ...) are those of chapters/traces.md. Start reading at `bandwidths`.

>>> nth_point([3, 2], 0)
[1, 1]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from ..pruners.median import MedianPruner
from ..samplers import cma_es, grid, tpe
from ..samplers.tpe import Floats, ParzenEstimator, Rules, TPESampler
from ..samplers.tpe_variants import VARIANTS
from ..space import FrozenTrial, domain_from_json

RULES = {"default": Rules(), **VARIANTS}
Numbers: TypeAlias = Any  # a list, or an array, of numbers


def to_unit(domain: Any, value: Any) -> float:
    """Return the position of a value in [0, 1]."""
    return domain_from_json(domain).to_unit(value)


def from_unit(domain: Any, u: float) -> Any:
    """Return the value at a position; positions outside [0, 1] count as the nearer end."""
    return domain_from_json(domain).from_unit(u)


def edges(domain: Any) -> Numbers:
    """Return the borders of the cells of a domain that has finitely many values: one more than there are values."""
    return domain_from_json(domain).edges()


def nth_point(sizes: Numbers, i: int) -> list[int]:
    """Return the i-th point of a grid whose axes have so many values, as one index per axis."""
    return grid.nth_point(sizes, i)


def axis_values(domain: Any, points: int | None) -> list[Any]:
    """Return the values that a grid takes of a domain: all, if they are at most so many, else evenly spaced ones."""
    return list(grid.axis_values("axis", domain_from_json(domain), points))


def next_free(axes: dict[str, Any], history: list[Any]) -> dict[str, Any] | None:
    """Return the first point of a grid that no trial holds, whatever its state; null when there is none left."""
    sampler = grid.GridSampler(axes)
    return sampler.suggest(axes, _trials(history))


def n_good(rules: str, n_finite: int) -> int:
    """Return how many of so many trials with a finite loss are good."""
    return RULES[rules].n_good(n_finite)


def split(space: Any, history: list[Any], n_good: int) -> list[list[int]]:
    """Return the numbers of the good trials, best first, and of the bad ones, ascending."""
    only_split = TPESampler(n_startup_trials=len(history) + 1, rules=Rules(n_good=lambda n_finite: n_good))
    seen = only_split.explain(_space(space), _trials(history), np.random.default_rng(0))
    return [seen.good, seen.bad]


def good_weights(rules: str, losses: Numbers, n_good: int) -> Numbers:
    """Return weights of the good trials, best first; losses are theirs, then that of the best bad one if any."""
    return RULES[rules].good_weights(_array(losses), n_good)


def bad_weights(rules: str, n: int) -> Numbers:
    """Return weights of n bad trials in the order of their numbers."""
    return RULES[rules].bad_weights(n)


def bandwidths(rules: str, mu: Numbers, n_trials: int) -> Numbers:
    """Return the bandwidths of kernels at these centres in one dimension; n_trials are good and bad ones together."""
    centres = _array(mu)
    order = np.argsort(centres, kind="stable")  # of equal centres the first in the list is the left one
    sigma = np.empty_like(centres)
    sigma[order] = RULES[rules].bandwidths(centres[order, None], n_trials)[:, 0]
    return sigma


def choice_kernels(rules: str, cells: Numbers, n_choices: int, weights: Numbers) -> Numbers:
    """Return the choices' probabilities under the kernel of each trial and, last, of the prior.

    cells are the trials' choices; weights are those of all kernels, sum 1.
    """
    others, own, prior = RULES[rules].choice_kernels(np.array(cells, dtype=np.intp), n_choices, _array(weights))
    return np.array([*(np.where(np.arange(n_choices) == cell, own, others) for cell in cells), prior])


def log_density(rules: str, space: Any, units: Numbers, weights: Numbers, n_trials: int, points: Numbers) -> Numbers:
    """Return the logarithm of the density of trials at units, at each of the points; the prior's weight is 1."""
    return _density(rules, space, units, weights, n_trials).log_pdf(_array(points))


def choose(log_l: Numbers, log_g: Numbers) -> int:
    """Return the index of the candidate to try: the largest log l - log g, of equals the first."""
    return tpe.choose(_array(log_l), _array(log_g))


def score_candidates(rules: str, space: Any, history: list[Any], candidates: Numbers) -> dict[str, Any]:
    """Return good, bad (see split), log_l, log_g and scores of the candidates, and choice, an index: all of TPE."""
    l, g, result = _densities(rules, space, history)
    log_l, log_g = l.log_pdf(_array(candidates)), g.log_pdf(_array(candidates))
    scores = log_l - log_g
    return {
        **result,
        "log_l": log_l,
        "log_g": log_g,
        "scores": scores,
        "choice": choose(log_l, log_g),
    }


def kernels(rules: str, space: Any, history: list[Any]) -> dict[str, Any]:
    """Return weights, mu and sigma of l and of g, the prior last; mu and sigma for parameters other than choices."""
    l, g, _ = _densities(rules, space, history)
    parts = {"l": l, "g": g}
    return {k: {"weights": p.weights, "mu": p.mu, "sigma": p.sigma} for k, p in parts.items()}


def strategy(d: int, popsize: int | None) -> dict[str, Any]:
    """Return the constants of CMA-ES; a population size of null means the usual one."""
    return asdict(cma_es.strategy(d, popsize))


def cma_sample(state: dict[str, Any], z: Numbers) -> Numbers:
    """Return mean + sigma C^(1/2) z, with the symmetric root of C."""
    return cma_es.sample(_state(state, None), _array(z))


def cma_update(state: dict[str, Any], points: Numbers, min_std: Numbers | None) -> dict[str, Any]:
    """Return the state after a generation of points, best first; min_std bounds each sigma sqrt(C_jj) from below."""
    after = cma_es.update(_state(state, len(points)), _array(points), None if min_std is None else _array(min_std))
    return _plain(after)


def cma_state(space: Any, history: list[Any], sigma0: float, popsize: int) -> dict[str, Any]:
    """Return the state after all generations that a history completes, from mean 1/2 and sigma0 in the unit cube."""
    sampler = cma_es.CmaEsSampler(sigma0=sigma0, popsize=popsize)
    return _plain(sampler.explain(_space(space), _trials(history), np.random.default_rng(0))[-1].state)


def stop_reason(state: dict[str, Any], popsize: int, sigma0: float, best: Numbers, last: Numbers) -> str | None:
    """Return the name of the reason why a run stops, or null; sigma0 is its first step size.

    best holds the best loss of each generation, last the losses of the last one; failed trials have none.
    """
    reason = cma_es.stop_reason(_state(state, popsize), sigma0, best, last)
    return None if reason is None else reason.partition(":")[0]


def next_run(restart: str, runs: list[Any], drawn: Numbers) -> dict[str, Any]:
    """Return the run that follows these ones; drawn are d + 2 uniform numbers: what the restart leaves to chance.

    A run is popsize, sigma0, is_large, limit and spent; the result has the first four and its first mean.
    """
    u, v, *mean = drawn
    chance: Any = SimpleNamespace(random=lambda n: [u, v])  # in place of a generator
    run = cma_es.next_run(restart, [cma_es.Run(**run) for run in runs], chance)
    kept = {name: getattr(run, name) for name in ("popsize", "sigma0", "is_large", "limit")}
    return {**kept, "mean": mean}


def should_prune(settings: dict[str, int], curve: list[Any], history: list[Any]) -> bool:
    """Return whether a running trial with this curve stops; curves are lists of [step, loss] in any order."""
    return MedianPruner(**settings).should_prune(FrozenTrial({}, math.nan, dict(curve)), _trials(history))


def _array(numbers: Sequence[Any]) -> Floats:
    return np.array(numbers, dtype=float)


def _space(space: Mapping[str, Any]) -> dict[str, Any]:
    return {name: domain_from_json(domain) for name, domain in space.items()}


def _trials(history: list[Any]) -> list[FrozenTrial]:
    return [FrozenTrial(t["params"], t["loss"], dict(t["curve"]), t["state"]) for t in history]


def _density(rules: str, space: Any, units: Any, weights: Any, n_trials: int) -> ParzenEstimator:
    rows = _array(units).reshape(len(units), len(space))
    return ParzenEstimator(_space(space), rows, _array(weights), n_trials, RULES[rules])


def _densities(rules: str, space: Any, history: list[Any]) -> tuple[ParzenEstimator, ParzenEstimator, dict[str, Any]]:
    sampler = TPESampler(n_startup_trials=0, rules=RULES[rules])
    seen = sampler.explain(_space(space), _trials(history), np.random.default_rng(0))
    if seen.l is None or seen.g is None:
        raise ValueError("without start-up trials there are always densities")
    return seen.l, seen.g, {"good": seen.good, "bad": seen.bad}


def _state(state: dict[str, Any], popsize: int | None) -> cma_es.CmaState:
    C = _array(state["C"])
    eigenvalues, B = np.linalg.eigh(C)
    vectors = {name: _array(state[name]) for name in ("mean", "p_sigma", "p_c")}
    constants = cma_es.strategy(len(C), popsize)
    return cma_es.CmaState(
        constants, state["generation"], sigma=state["sigma"], C=C, B=B, D=np.sqrt(eigenvalues), **vectors
    )


def _plain(state: cma_es.CmaState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in ("generation", "sigma", "mean", "C", "p_sigma", "p_c")}
