"""The dearer runs of the chapter: ``python chapters/pruning/experiments.py`` writes three small files beside this one.

settings.csv: eleven pruners on three families of curves, 200 seeds, each seed the same curves for all pruners.
budget.csv: TPE and random search, with and without pruning, for 1200 steps, 100 seeds. ratchet.csv: the share of trials
that run to their end, by number, 400 seeds. It needs optuna, and takes about four minutes on one core.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import optuna
from curves import STEPS, Array, crossing, drawn, orderly, replay, shuffled

from tpe_reference import Float, RandomSampler, TPESampler, create_study
from tpe_reference.compare.statistics import estimate
from tpe_reference.pruners import MedianPruner, NopPruner, PercentilePruner, Pruner
from tpe_reference.space import FrozenTrial, TrialState

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


PRUNERS: dict[str, Callable[[], Pruner]] = {
    "none": NopPruner,
    "default": MedianPruner,
    "warm-up 5": lambda: MedianPruner(n_warmup_steps=5),
    "warm-up 10": lambda: MedianPruner(n_warmup_steps=10),
    "warm-up 15": lambda: MedianPruner(n_warmup_steps=15),
    "start-up 15": lambda: MedianPruner(n_startup_trials=15),
    "interval 5": lambda: MedianPruner(interval_steps=5),
    "percentile 25": lambda: PercentilePruner(25.0),
    "percentile 75": lambda: PercentilePruner(75.0),
    "running averages": RunningAverages,
    "Optuna's default": lambda: OptunasMedian(),
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
        for name, make in PRUNERS.items():
            found = [replay(curves(seed), make()) for seed in range(SEEDS)]
            table = np.array([[one.saved, one.regret, one.killed] for one in found], dtype=float)
            cells = [x for e in estimate(table, np.mean) for x in (e.value, e.low, e.high)]
            yield [family, name, *(f"{x:.4f}" for x in cells)]


def search(family: Family, study: Any, space: Mapping[str, Any], seed: int) -> list[float]:
    """Search for the best of two numbers with 1200 steps; return the best final level and the number of trials.

    The study may be Optuna's: what is called here has the same names there.
    """
    steps, best = 0, 1.0
    while steps < 40 * STEPS:
        trial = study.ask(space)
        u = min(1.0, float(np.hypot(trial.params["x"] - 0.3, trial.params["y"] - 0.7)) / 0.7)
        curve = family(np.array([u]), np.random.default_rng([seed, trial.number]))[0].tolist()
        for step, loss in enumerate(curve, start=1):
            trial.report(loss, step)
            steps += 1
            if step < STEPS and trial.should_prune():
                study.tell(trial, state=PRUNED[type(study).__module__.split(".")[0]])
                break
        else:
            study.tell(trial, curve[-1])
            best = min(best, u)
    return [best, len(study.trials)]


PRUNED = {"tpe_reference": TrialState.PRUNED, "optuna": optuna.trial.TrialState.PRUNED}


def our_search(family: Family, sampler: type, pruner: Pruner, seed: int) -> list[float]:
    """Search with a sampler and a pruner of ours."""
    study = create_study(sampler=sampler(), pruner=pruner, seed=seed)
    return search(family, study, {"x": Float(0, 1), "y": Float(0, 1)}, seed)


def optuna_search(family: Family, pruner: type, seed: int) -> list[float]:
    """Search with Optuna's TPE and a pruner of Optuna's."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), pruner=pruner())
    unit = optuna.distributions.FloatDistribution(0, 1)
    return search(family, study, {"x": unit, "y": unit}, seed)


def budget() -> Iterable[list[object]]:
    """Yield what 1200 steps find: the distance of the best complete trial from the optimum, and how many trials."""
    arms: dict[str, Callable[[Family, int], list[float]]] = {
        "random": lambda f, s: our_search(f, RandomSampler, NopPruner(), s),
        "random + median": lambda f, s: our_search(f, RandomSampler, MedianPruner(), s),
        "TPE": lambda f, s: our_search(f, TPESampler, NopPruner(), s),
        "TPE + median": lambda f, s: our_search(f, TPESampler, MedianPruner(), s),
        "TPE + median, warm-up 15": lambda f, s: our_search(f, TPESampler, MedianPruner(n_warmup_steps=15), s),
        "Optuna's TPE": lambda f, s: optuna_search(f, optuna.pruners.NopPruner, s),
        "Optuna's TPE + median": lambda f, s: optuna_search(f, optuna.pruners.MedianPruner, s),
    }
    yield ["family", "arm", "median", "low", "high", "trials"]
    for family in (orderly, crossing):
        for name, arm in arms.items():
            found = np.array([arm(family, seed) for seed in range(100)])
            best = estimate(found[:, :1], np.median)[0]
            cells = [f"{x:.4f}" for x in (best.value, best.low, best.high)]
            yield [family.__name__, name, *cells, f"{np.median(found[:, 1]):.0f}"]


class OptunasMedian:
    """Optuna's MedianPruner, asked in our way: trials are put into a study of its own as they come."""

    def __init__(self) -> None:
        self.pruner, self.study = optuna.pruners.MedianPruner(), optuna.create_study()
        self.seen = 0

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        """Decide as Optuna does."""
        for other in history[self.seen :]:
            self.study.add_trial(self._theirs(other))
        self.seen = len(history)
        return self.pruner.prune(self.study, self._theirs(trial))

    def _theirs(self, trial: FrozenTrial) -> optuna.trial.FrozenTrial:
        return optuna.trial.create_trial(
            state=optuna.trial.TrialState[trial.state.name],
            value=trial.loss if trial.state == "complete" else None,
            intermediate_values=dict(trial.curve),
        )


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
