"""The runs behind the chapter on comparing: ``python chapters/comparing/runs.py`` writes runs.csv (about 4 minutes).

TPE and random search on the sphere of `tpe_reference.compare`, five parameters, 50 trials, at 400 seeds: the seed says
where the optimum lies and what is drawn, and is the same for both. Kept is the regret of the incumbent after some
numbers of trials. anytime.csv: quartiles over the first 40 seeds after each trial, and the median processor time.
coverage.csv: how often 95 % bootstrap intervals from few of the 400 seeds hold what all 400 say, after 15 trials.
"""

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np

from tpe_reference import RandomSampler, TPESampler, create_study
from tpe_reference.compare.problems import get_problem
from tpe_reference.pruners import NopPruner

HERE = Path(__file__).parent
TRIALS, SEEDS, KEPT = 50, 400, (5, 10, 15, 20, 30, 50)
SAMPLERS = {"random": RandomSampler, "tpe": TPESampler}


def run(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the incumbent's loss and the seconds of processor time after each trial."""
    problem = get_problem("sphere")
    study = create_study(sampler=SAMPLERS[name](), pruner=NopPruner(), seed=seed)
    losses, seconds, start = [], [], time.process_time()
    for _ in range(TRIALS):
        trial = study.ask(problem.space)
        losses.append(float(problem.evaluate(trial.params, seed)))  # type: ignore[arg-type]  # no curve
        study.tell(trial, losses[-1])
        seconds.append(time.process_time() - start)
    return np.minimum.accumulate(losses), np.array(seconds)


def main() -> None:
    """Do all runs and write both files."""
    found = {name: [run(name, seed) for seed in range(SEEDS)] for name in SAMPLERS}
    with (HERE / "runs.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seed", *(f"{name}-{n}" for n in KEPT for name in SAMPLERS)])
        for seed in range(SEEDS):
            writer.writerow([seed, *(f"{found[name][seed][0][n - 1]:.5g}" for n in KEPT for name in SAMPLERS)])
    with (HERE / "anytime.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trial", *(f"{name}-{what}" for name in SAMPLERS for what in ("q1", "q2", "q3", "seconds"))])
        columns = []
        for name in SAMPLERS:
            columns += list(np.quantile([loss for loss, _ in found[name][:40]], [0.25, 0.5, 0.75], axis=0))
            columns.append(np.median([seconds for _, seconds in found[name][:40]], axis=0))
        for n, row in enumerate(np.transpose(columns), start=1):
            writer.writerow([n, *(f"{value:.5g}" for value in row)])


def coverage(comparisons: int = 2000, resamples: int = 1000) -> None:
    """Write the share of intervals that hold the truth: of the mean log ratio, and of TPE's median."""
    runs = np.loadtxt(HERE / "runs.csv", delimiter=",", skiprows=1)
    random, tpe = runs[:, 5], runs[:, 6]
    questions: dict[str, tuple[Any, Any]] = {"ratio": (np.log(tpe / random), np.mean), "median": (tpe, np.median)}
    with (HERE / "coverage.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seeds", *questions])
        for k in (3, 5, 7, 10, 15, 20, 40):
            rng, held = np.random.default_rng(k), np.zeros(2)
            for _ in range(comparisons):
                chosen, again = rng.integers(len(runs), size=k), rng.integers(k, size=(resamples, k))
                for i, (values, statistic) in enumerate(questions.values()):
                    draws = statistic(values[chosen][again], axis=1)
                    low, high = np.quantile(draws, [0.025, 0.975], method="inverted_cdf")
                    held[i] += low <= statistic(values) <= high
            writer.writerow([k, *(held / comparisons)])


if __name__ == "__main__":
    main()
    coverage()
