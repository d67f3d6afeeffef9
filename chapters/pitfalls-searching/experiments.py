"""The dear experiments of the chapter on pitfalls of searching; their numbers are kept beside, in CSV.

``python chapters/pitfalls-searching/experiments.py`` makes all six files again, in about three minutes on one core. It
needs optuna and hyperopt. `figures.py` draws and tabulates what stands in them.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "pruning")]

from curves import crossing, drawn, orderly, replay  # noqa: E402  # the families of the chapter on pruning
from figures import Objective, best_so_far, median, repeated, shifted_sphere  # noqa: E402
from shared import interval  # noqa: E402

from tpe_reference import Categorical, CmaEsSampler, Float, MedianPruner, RandomSampler, TPESampler  # noqa: E402
from tpe_reference.compare.peers import Hyperopt, Optuna  # noqa: E402


def write(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one table beside this file."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([cell if not isinstance(cell, float) else f"{cell:.4g}" for cell in row] for row in rows)


def too_few(n: int = 60, seeds: int = 100) -> None:
    """How often TPE is ahead of random search, over all pairs of a hundred runs of each, on one sphere."""
    runs = []
    for sampler, first in ((TPESampler, 0), (RandomSampler, 1000)):
        # Other seeds for random search: with the same ones the first ten trials would be the same, and tie.
        space, f = shifted_sphere(5, 0)
        runs.append(np.array([best_so_far(sampler(), space, f, n, first + seed) for seed in range(seeds)]))
    tpe, random = runs
    rng = np.random.default_rng(0)
    ahead = [tpe[rng.integers(0, seeds, seeds)][:, None] < random[rng.integers(0, seeds, seeds)] for _ in range(1000)]
    low, high = np.quantile([pairs.mean(axis=(0, 1)) for pairs in ahead], [0.025, 0.975], axis=0)
    share = (tpe[:, None] < random).mean(axis=(0, 1))
    rows = zip(range(1, n + 1), share.tolist(), low.tolist(), high.tolist(), strict=True)
    write("too-few.csv", ["trials", "ahead", "low", "high"], rows)


def rastrigin(d: int, seed: int) -> tuple[dict[str, Float], Callable[[Mapping[str, Any]], float]]:
    """Return Rastrigin's function, with a local minimum near every whole number, shifted as the sphere is."""
    space, _ = shifted_sphere(d, seed)
    optimum = np.random.default_rng((7, seed)).uniform(-2.5, 2.5, d)

    def loss(params: Mapping[str, Any]) -> float:
        x = np.array([params[name] for name in space]) - optimum
        return float((x**2 + 10 - 10 * np.cos(2 * np.pi * x)).sum())

    return space, loss


def settings_at_budgets() -> None:
    """One setting of CMA-ES and one of TPE at two budgets each, on a smooth and a rugged problem in five dimensions."""
    rows = []
    sizes = [(f"`popsize={p}`", lambda p=p: CmaEsSampler(popsize=p, parabola=False)) for p in (8, 32, 128)]
    starts = [(k, f"`n_startup_trials={k}`", lambda k=k: TPESampler(n_startup_trials=k)) for k in (3, 5, 10, 30, 50)]
    families: list[tuple[str, int, list[tuple[str, Callable[[], Any]]]]] = [
        ("TPE", 20, [(setting, make) for k, setting, make in starts if k <= 10]),
        ("TPE", 60, [(setting, make) for k, setting, make in starts if k >= 10]),
        ("CMA-ES", 1000, sizes),
        ("CMA-ES", 5000, sizes),
    ]
    for name, n, settings in families:
        for setting, make in settings:
            for problem, function in (("sphere", shifted_sphere), ("Rastrigin", rastrigin)):
                ends = np.array([best_so_far(make(), *function(5, seed), n, seed)[-1] for seed in range(20)])
                rows.append([name, n, setting, problem, *median(ends)])
    write("settings.csv", ["sampler", "trials", "setting", "problem", "median", "low", "high"], rows)


def rosenbrock(params: Mapping[str, Any]) -> float:
    """A bent valley in as many dimensions as there are parameters; lowest, 0, where all are 1."""
    x = np.array(list(params.values()))
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def wrong_choices(params: Mapping[str, Any]) -> float:
    """Return how many of ten choices are wrong, and twice that where a choice and the next are."""
    wrong = np.array([choice != "b" for choice in params.values()], dtype=float)
    return float(wrong.sum() + (wrong[1:] * wrong[:-1]).sum())


def defaults() -> None:
    """Three problems, three samplers with their defaults."""
    problems: dict[str, tuple[dict[str, Any], Objective, int]] = {
        "a bent valley, 5 numbers, 1,000 trials": ({f"x{j}": Float(-3.0, 3.0) for j in range(5)}, rosenbrock, 1000),
        "10 choices of three, 30 trials": (
            {f"c{j}": Categorical(["a", "b", "c"]) for j in range(10)},
            wrong_choices,
            30,
        ),
        "a sphere, 5 numbers, 12 trials": (*shifted_sphere(5, 0), 12),
    }
    rows = []
    for problem, (space, objective, n) in problems.items():
        for name, sampler in (("random search", RandomSampler), ("TPE", TPESampler), ("CMA-ES", CmaEsSampler)):
            ends = np.array([best_so_far(sampler(), space, objective, n, seed)[-1] for seed in range(20)])
            rows.append([problem, name, *median(ends)])
    write("defaults.csv", ["problem", "sampler", "median", "low", "high"], rows)


def dimensions() -> None:
    """The best loss per dimension after 100 trials, in 2 to 40 dimensions."""
    rows = []
    for name, sampler in (
        ("random search", RandomSampler),
        ("TPE", TPESampler),
        ("CMA-ES, no parabola", lambda: CmaEsSampler(parabola=False)),
    ):
        for d in (2, 5, 10, 20, 40):
            ends = [best_so_far(sampler(), *shifted_sphere(d, seed), 100, seed)[-1] / d for seed in range(12)]
            rows.append([name, d, *median(np.array(ends))])
    write("dimensions.csv", ["sampler", "dimensions", "median", "low", "high"], rows)


def peers() -> None:
    """Repetitions of other packages' TPE in the space of 300 points."""
    rows = []
    for name, make in (
        ("Optuna 5.0.0", lambda: Optuna(["optuna"])),
        ("hyperopt 0.3.0", lambda: Hyperopt(["hyperopt"])),
    ):
        shares = np.array([repeated(make(), seed) for seed in range(10)])
        rows.append([name, float(shares.mean()), *interval(shares, np.mean)])
    write("peers.csv", ["package", "mean", "low", "high"], rows)


def pruner() -> None:
    """Steps saved, and how often the best curve is stopped; seeds other than those of the chapter on pruning."""
    rows = []
    for family in (orderly, crossing):
        for warmup in (0, 5, 10, 15):
            found = [replay(drawn(family, seed), MedianPruner(n_warmup_steps=warmup)) for seed in range(1000, 1100)]
            for what in ("saved", "killed", "regret"):
                values = np.array([float(getattr(outcome, what)) for outcome in found])
                rows.append([family.__name__, warmup, what, float(values.mean()), *interval(values, np.mean)])
    write("pruner.csv", ["curves", "warm-up", "what", "mean", "low", "high"], rows)


if __name__ == "__main__":
    too_few()
    settings_at_budgets()
    peers()
    pruner()
    defaults()
    dimensions()
