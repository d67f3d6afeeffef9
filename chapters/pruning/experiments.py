"""The dearer runs of the chapter: ``python chapters/pruning/experiments.py`` writes three small files beside this one.

settings.csv: nine pruners on three families of curves, 200 seeds, each seed the same curves for all pruners.
budget.csv: TPE and random search, with and without pruning, for 1200 steps, 100 seeds. ratchet.csv: the share of trials
that run to their end, by number, 400 seeds. About three minutes on one core.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from curves import STEPS, Array, crossing, drawn, orderly, replay, shuffled

from tpe_reference import Float, RandomSampler, TPESampler, create_study
from tpe_reference.compare.statistics import estimate
from tpe_reference.pruners import MedianPruner, NopPruner, PercentilePruner, Pruner
from tpe_reference.samplers import Sampler
from tpe_reference.space import FrozenTrial

HERE = Path(__file__).parent
Family: TypeAlias = Callable[[Array, np.random.Generator], Array]
SEEDS = 200


class RunningAverages(MedianPruner):
    """The rule as Vizier's paper has it: the others count by the mean of what they reported up to this step."""

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        """Decide as `MedianPruner` does, from averaged curves."""
        step = max(trial.curve, default=0)
        return super().should_prune(trial, [_averaged(other, step) for other in history])


def _averaged(trial: FrozenTrial, step: int) -> FrozenTrial:
    seen = [loss for at, loss in trial.curve.items() if at <= step]
    curve = {step: sum(seen) / len(seen)} if step in trial.curve else {}
    return FrozenTrial(trial.params, trial.loss, curve, trial.state)


PRUNERS: dict[str, Pruner] = {
    "default": MedianPruner(),
    "warm-up 5": MedianPruner(n_warmup_steps=5),
    "warm-up 10": MedianPruner(n_warmup_steps=10),
    "warm-up 15": MedianPruner(n_warmup_steps=15),
    "start-up 15": MedianPruner(n_startup_trials=15),
    "interval 5": MedianPruner(interval_steps=5),
    "percentile 25": PercentilePruner(25.0),
    "percentile 75": PercentilePruner(75.0),
    "running averages": RunningAverages(),
}
FAMILIES: dict[str, Callable[[int], Array]] = {
    "orderly": lambda seed: drawn(orderly, seed),
    "crossing": lambda seed: drawn(crossing, seed),
    "digits": shuffled,
}


def settings() -> Iterable[list[object]]:
    """Yield, per family and pruner, mean and interval of steps saved, regret, and the best one stopped."""
    whats = ("saved", "regret", "killed")
    yield ["family", "pruner", *(f"{what}{end}" for what in whats for end in ("", "-low", "-high"))]
    for family, curves in FAMILIES.items():
        for name, pruner in PRUNERS.items():
            found = [replay(curves(seed), pruner) for seed in range(SEEDS)]
            table = np.array([[one.saved, one.regret, one.killed] for one in found], dtype=float)
            cells = [x for e in estimate(table, np.mean) for x in (e.value, e.low, e.high)]
            yield [family, name, *(f"{x:.4f}" for x in cells)]


def search(family: Family, sampler: Sampler, pruner: Pruner, seed: int) -> list[float]:
    """Search for the best of two numbers with 1200 steps; return the best final level and the number of trials."""
    study = create_study(sampler=sampler, pruner=pruner, seed=seed)
    space = {"x": Float(0, 1), "y": Float(0, 1)}
    steps, best = 0, 1.0
    while steps < 40 * STEPS:
        trial = study.ask(space)
        u = min(1.0, float(np.hypot(trial.params["x"] - 0.3, trial.params["y"] - 0.7)) / 0.7)
        curve = family(np.array([u]), np.random.default_rng([seed, trial.number]))[0].tolist()
        for step, loss in enumerate(curve, start=1):
            trial.report(loss, step)
            steps += 1
            if step < STEPS and trial.should_prune():
                study.tell(trial, state="pruned")
                break
        else:
            study.tell(trial, curve[-1])
            best = min(best, u)
    return [best, len(study.trials)]


def budget() -> Iterable[list[object]]:
    """Yield what 1200 steps find: the distance of the best complete trial from the optimum, and how many trials."""
    arms: dict[str, Callable[[], tuple[Sampler, Pruner]]] = {
        "random": lambda: (RandomSampler(), NopPruner()),
        "random + median": lambda: (RandomSampler(), MedianPruner()),
        "TPE": lambda: (TPESampler(), NopPruner()),
        "TPE + median": lambda: (TPESampler(), MedianPruner()),
        "TPE + median, warm-up 15": lambda: (TPESampler(), MedianPruner(n_warmup_steps=15)),
    }
    yield ["family", "arm", "median", "low", "high", "trials"]
    for family in (orderly, crossing):
        for name, arm in arms.items():
            found = np.array([search(family, *arm(), seed) for seed in range(100)])
            best = estimate(found[:, :1], np.median)[0]
            cells = [f"{x:.4f}" for x in (best.value, best.low, best.high)]
            yield [family.__name__, name, *cells, f"{np.median(found[:, 1]):.0f}"]


def ratchet() -> Iterable[list[object]]:
    """Yield, by trial number, the share of trials that run to their end, where the curves' order never changes."""
    pruners = {"25": PercentilePruner(25.0), "50": MedianPruner(), "75": PercentilePruner(75.0)}
    edges = np.unique(np.geomspace(6, 640, 15).astype(int))
    yield ["percentile", "trials", "share"]
    for name, pruner in pruners.items():
        lengths = np.array(
            [replay(np.random.default_rng(s).random((640, 1)) * [[1.0, 1.0]], pruner).lengths for s in range(100)]
        )
        for low, high in pairwise(edges):
            yield [name, f"{np.sqrt(low * high):.4g}", f"{(lengths[:, low:high] == 2).mean():.4f}"]


def write(name: str, rows: Iterable[list[object]]) -> None:
    """Write rows into a file beside this one."""
    with (HERE / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    write("ratchet.csv", ratchet())
    write("settings.csv", settings())
    write("budget.csv", budget())
