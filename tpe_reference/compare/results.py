"""From the runs on the disk to arrays, estimates and verdicts, and the two tables: trials.csv and summary.csv.

*Regret* is the incumbent's loss minus the optimum; where no optimum is known, minus the best loss that any
contestant found at any seed. Only complete trials can be the incumbent: what a pruned trial reported last is the
loss of another, shorter computation.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..disk import write_csv
from .contestants import Contestant
from .plan import Plan
from .problems import Problem, get_problem
from .runner import Run, RunFailedError, read_run
from .statistics import FLOOR, Array, Estimate, area, estimate, incumbent, pooled, ranks, wins

Trials = list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """What came out on one problem. The arrays are (contestants, seeds, trials).

    Args:
        problem: The problem.
        contestants: Everyone, in the order of the arrays.
        same_as: For each of them whose runs these are: another's, when there was nothing to prune.
        runs: Their trials, by contestant and seed.
        trials: Number of trials of a full run.
    """

    problem: Problem
    contestants: list[Contestant]
    same_as: list[Contestant]
    runs: list[list[Trials]]
    trials: int

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.runs[0])

    @cached_property
    def incumbent(self) -> Array:
        """The best loss of a complete trial after each trial."""
        losses = [
            [[t["loss"] if t["state"] == "complete" else math.nan for t in run] for run in own] for own in self.runs
        ]
        return np.array([[incumbent(run, self.trials) for run in own] for own in losses])

    @cached_property
    def best(self) -> float:
        """What regret is measured from."""
        if self.problem.optimum is not None:
            return self.problem.optimum
        finite = self.incumbent[np.isfinite(self.incumbent)]
        return float(finite.min()) if finite.size else 0.0

    @property
    def too_low(self) -> float | None:
        """The lowest loss, where it lies below what the problem says is the optimum, by more than rounding; or None."""
        claimed, lowest = self.problem.optimum, float(self.incumbent.min())
        return lowest if claimed is not None and lowest < claimed - FLOOR * max(1.0, abs(claimed)) else None

    @cached_property
    def regret(self) -> Array:
        """The incumbent's regret after each trial; rounding does not take it below zero."""
        return np.maximum(self.incumbent - self.best, 0.0)

    @property
    def drawn(self) -> Array:
        """What the any-time curves show: the regret, or where no optimum is known the incumbent's loss itself."""
        return self.incumbent if self.problem.optimum is None else self.regret

    @cached_property
    def seconds(self) -> Array:
        """Time spent until the end of each trial, by sampler and objective; inf for trials that a run has not."""
        return self._cumulated(lambda trial: trial["sampler_seconds"] + trial["objective_seconds"])

    @cached_property
    def steps(self) -> Array:
        """Steps of learning curves computed until the end of each trial; inf for trials that a run has not."""
        return self._cumulated(lambda trial: float(max(1, len(trial["curve"]))))

    def _cumulated(self, cost: Any) -> Array:
        totals = np.full((len(self.runs), self.seeds, self.trials), math.inf)
        for i, own in enumerate(self.runs):
            for j, run in enumerate(own):
                totals[i, j, : len(run)] = np.cumsum([cost(trial) for trial in run])
        return totals

    @cached_property
    def final(self) -> list[Estimate]:
        """Final regret of each contestant, median over seeds."""
        return estimate(self.regret[:, :, -1].T, np.median)

    @property
    def area_of(self) -> str:
        """What the area is the mean of."""
        drawn = "loss" if self.problem.optimum is None else "regret"
        return f"mean log10 {drawn}" if self.problem.log_scale else f"mean {drawn}"

    @cached_property
    def areas(self) -> list[Estimate]:
        """Area under the any-time curve of each contestant, mean over seeds."""
        return estimate(area(self.drawn, self.problem.log_scale).T, np.mean)

    @cached_property
    def sampler_seconds(self) -> list[float]:
        """Seconds per trial in each sampler itself: the mean over trials of the median over seeds.

        A median, because now and then a machine is busy with something else; but over seeds, and not over trials,
        because CMA-ES does the work of a whole generation in one of them.
        """
        costs = [zip(*([t["sampler_seconds"] for t in run] for run in own), strict=False) for own in self.runs]
        return [float(np.mean([np.median(seeds) for seeds in trials] or [math.nan])) for trials in costs]

    @cached_property
    def ranks(self) -> Array:
        """Rank of each contestant by final regret, (seeds, contestants)."""
        return ranks(self.regret[:, :, -1].T)

    @cached_property
    def wins(self) -> Array:
        """Who beats whom by final regret, (seeds, contestants, contestants)."""
        return wins(self.regret[:, :, -1].T)

    @cached_property
    def leader(self) -> int:
        """The contestant with the lowest median final regret; the first of equals."""
        return int(np.argmin([e.value for e in self.final]))

    def standing(self, i: int) -> str:
        """Where a contestant stands on this problem: best, tie (with the best), behind, or open (one seed)."""
        if self.seeds == 1:
            return "open"
        if not self.final[i].overlaps(self.final[self.leader]):
            return "behind"
        alone = not any(self.final[k].overlaps(self.final[i]) for k in self.distinct if k != self.leader)
        return "best" if i == self.leader and alone else "tie"

    @property
    def distinct(self) -> list[int]:
        """The contestants with runs of their own."""
        return [i for i, c in enumerate(self.contestants) if self.same_as[i] == c]

    def names(self, i: int) -> str:
        """A contestant's label, and whose runs were the same."""
        me = self.contestants[i]
        others = [c.label for c, same in zip(self.contestants, self.same_as, strict=True) if same == me != c]
        return " = ".join([me.label, *others]) + " (nothing to prune)" * bool(others)


def read_results(plan: Plan, out: Path) -> list[Result]:
    """Read all runs of a finished comparison."""
    results = []
    for spec in plan.problems:
        problem = get_problem(spec)
        same_as = [plan.same_as(problem, contestant) for contestant in plan.contestants]
        n, seeds = plan.n_trials(problem), range(plan.n_seeds(problem))
        runs = [[_finished(Run(spec, c, seed, n), out) for seed in seeds] for c in same_as]
        results.append(Result(problem, plan.contestants, same_as, runs, n))
    return results


def _finished(run: Run, out: Path) -> Trials:
    trials = read_run(run, out)
    if trials is None:
        raise RunFailedError(f"{run.path(out)} has vanished")
    return trials


def mean_ranks(results: Sequence[Result]) -> list[Estimate]:
    """Mean rank of each contestant over all problems."""
    return pooled([result.ranks for result in results])


def win_rates(results: Sequence[Result]) -> list[list[Estimate]]:
    """How often each contestant (row) beats each other one (column), over all problems and seeds."""
    k = len(results[0].contestants)
    flat = pooled([result.wins.reshape(result.seeds, k * k) for result in results])
    return [flat[i * k : (i + 1) * k] for i in range(k)]


def write_trials(results: Sequence[Result], path: Path) -> None:
    """Write one line per trial."""
    header = ["problem", "contestant", "seed", "trial", "state", "loss", "incumbent", "regret", "steps"]
    write_csv(path, [*header, "objective_seconds", "sampler_seconds", "params"], _trial_rows(results))


def _trial_rows(results: Sequence[Result]) -> Iterator[list[Any]]:
    for result in results:
        for i in result.distinct:
            for seed, run in enumerate(result.runs[i]):
                for n, trial in enumerate(run):
                    yield [
                        result.problem.name,
                        result.contestants[i].name,
                        seed,
                        n,
                        trial["state"],
                        trial["loss"],
                        result.incumbent[i, seed, n],
                        result.regret[i, seed, n],
                        max(1, len(trial["curve"])),
                        round(trial["objective_seconds"], 6),
                        round(trial["sampler_seconds"], 6),
                        json.dumps(trial["params"], ensure_ascii=False),
                    ]


def write_summary(results: Sequence[Result], path: Path) -> None:
    """Write one line per problem, contestant and measure: the estimate, its interval, the number of seeds."""
    header = ["problem", "contestant", "measure", "against", "value", "low", "high", "seeds", "same_runs_as"]
    write_csv(path, header, summary_rows(results))


def summary_rows(results: Sequence[Result]) -> Iterator[list[Any]]:
    """Yield the lines of summary.csv."""
    for result in results:
        k = len(result.contestants)
        mean_rank = estimate(result.ranks, np.mean)
        rates = estimate(result.wins.reshape(result.seeds, k * k), np.mean)
        for i, contestant in enumerate(result.contestants):
            name, seeds, same = result.problem.name, result.seeds, result.same_as[i]
            same_as = "" if same == contestant else same.name
            cost = Estimate(result.sampler_seconds[i], math.nan, math.nan)  # of this machine, so without an interval
            yield _row(name, contestant, "final_regret_median", "", result.final[i], seeds, same_as)
            yield _row(
                name, contestant, f"area_{result.area_of}".replace(" ", "_"), "", result.areas[i], seeds, same_as
            )
            yield _row(name, contestant, "mean_rank", "", mean_rank[i], seeds, same_as)
            yield _row(name, contestant, "sampler_seconds", "", cost, seeds, same_as)
            for j, other in enumerate(result.contestants):
                if i != j:
                    yield _row(name, contestant, "win_rate", other.name, rates[i * k + j], seeds, same_as)
    seeds = sum(result.seeds for result in results)
    rank, rate = mean_ranks(results), win_rates(results)
    for i, contestant in enumerate(results[0].contestants):
        yield _row("all", contestant, "mean_rank", "", rank[i], seeds, "")
        for j, other in enumerate(results[0].contestants):
            if i != j:
                yield _row("all", contestant, "win_rate", other.name, rate[i][j], seeds, "")


def _row(
    problem: str, contestant: Contestant, measure: str, against: str, found: Estimate, seeds: int, same_as: str
) -> list[Any]:
    return [problem, contestant.name, measure, against, found.value, found.low, found.high, seeds, same_as]
