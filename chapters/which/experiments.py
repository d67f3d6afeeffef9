"""From how many trials on which search is ahead: ``python chapters/which/experiments.py`` writes budgets.csv beside.

Random search, TPE and CMA-ES with their defaults, on problems of `tpe_reference.compare` that have numbers alone, in
one run of 1,000 trials each; twelve seeds, about a minute on one core.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tpe_reference import CmaEsSampler, RandomSampler, TPESampler, create_study
from tpe_reference.compare.problems import get_problem
from tpe_reference.compare.statistics import estimate

BUDGETS, SEEDS = (20, 50, 100, 200, 500, 1000), 12
PROBLEMS = ("ellipsoid", "rosenbrock", "ackley", "rastrigin", "hartmann-6")
SAMPLERS = {"random search": RandomSampler, "TPE": TPESampler, "CMA-ES": CmaEsSampler}


def regrets(sampler: str, name: str, seed: int) -> np.ndarray:
    """Return the regret of the best trial so far at each budget."""
    problem, losses = get_problem(name), []
    study = create_study(sampler=SAMPLERS[sampler](), seed=seed)
    for _ in range(max(BUDGETS)):
        trial = study.ask(problem.space)
        losses.append(float(problem.evaluate(trial.params, seed)))  # type: ignore[arg-type]  # no curve
        study.tell(trial, losses[-1])
    return np.minimum.accumulate(losses)[np.array(BUDGETS) - 1] - problem.optimum


def results() -> Iterable[list[object]]:
    """Yield the median regret and its interval, for each problem, search and budget."""
    yield ["problem", "search", "trials", "median", "low", "high"]
    for problem in PROBLEMS:
        for sampler in SAMPLERS:
            found = np.array([regrets(sampler, problem, seed) for seed in range(SEEDS)])
            for trials, one in zip(BUDGETS, estimate(found, np.median), strict=True):
                yield [problem, sampler, trials, *(f"{x:.4g}" for x in (one.value, one.low, one.high))]


if __name__ == "__main__":
    with (Path(__file__).parent / "budgets.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(results())
