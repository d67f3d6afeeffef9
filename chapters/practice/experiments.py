"""What workers cost in what is found: ``python chapters/practice/experiments.py`` writes workers.csv beside.

100 trials with w of them in flight: before trial n is asked for, trials 0 to n - w have been told, so each trial is
chosen without knowing what comes of w - 1 others. It needs optuna, and takes about three minutes on one core.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from tpe_reference import CmaEsSampler, RandomSampler, TPESampler, create_study
from tpe_reference.compare.problems import Problem, get_problem
from tpe_reference.compare.statistics import estimate
from tpe_reference.space import Domain

TRIALS, SEEDS = 100, 20
WORKERS = (1, 4, 16, 64)


def best(study: Any, space: Mapping[str, Any], problem: Problem, seed: int, workers: int) -> float:
    """Return the lowest loss of a search; the study may be Optuna's, where ask and tell are called the same."""
    running: deque[Any] = deque()
    losses = []
    for _ in range(TRIALS):
        if len(running) == workers:
            trial = running.popleft()
            study.tell(trial, losses[trial.number])
        trial = study.ask(space)
        losses.append(float(problem.evaluate(trial.params, seed)))  # type: ignore[arg-type]  # no curve
        running.append(trial)
    return min(losses)


def optunas(space: Mapping[str, Domain]) -> dict[str, Any]:
    """Return a space of floats as Optuna has it."""
    return {name: optuna.distributions.FloatDistribution(d.low, d.high) for name, d in space.items()}  # type: ignore[union-attr]


def results() -> Iterable[list[object]]:
    """Yield median regret and its interval, for each problem, number of workers and search."""
    searches: dict[str, Callable[[int], Any]] = {
        "random search": lambda seed: create_study(sampler=RandomSampler(), seed=seed),
        "TPE": lambda seed: create_study(sampler=TPESampler(), seed=seed),
        "CMA-ES": lambda seed: create_study(sampler=CmaEsSampler(), seed=seed),
        "Optuna's TPE": lambda seed: optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed)),
    }
    yield ["problem", "search", "workers", "median", "low", "high"]
    for name in ("rosenbrock", "hartmann-6", "rastrigin"):
        problem = get_problem(name)
        for search, make in searches.items():
            space = optunas(problem.space) if search == "Optuna's TPE" else problem.space
            for workers in WORKERS:
                found = [best(make(seed), space, problem, seed, workers) for seed in range(SEEDS)]
                regret = np.array(found)[:, None] - problem.optimum
                middle = estimate(regret, np.median)[0]
                yield [name, search, workers, *(f"{x:.4g}" for x in (middle.value, middle.low, middle.high))]


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with (Path(__file__).parent / "workers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(results())
