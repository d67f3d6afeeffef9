"""Small experiments of the chapter on TPE: ``python chapters/tpe/experiments.py`` writes results.csv and cost.csv.

About two minutes on one core. The page says what came out; figures.py makes its tables and figures of the two files.
"""

import csv
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tpe_reference.samplers.tpe import Floats, Rules, TPESampler, rank_weights  # noqa: E402
from tpe_reference.space import Float, FrozenTrial  # noqa: E402

Row = tuple[str, str, int, float]  # experiment, setting, seed, result
Loss = Callable[[Floats], float]  # nan where it fails


def box(d: int) -> dict[str, Float]:
    """Return the space [-5, 5]^d."""
    return {f"x{j}": Float(-5.0, 5.0) for j in range(d)}


def rng_of(seed: int, trial: int) -> np.random.Generator:
    """Return the source of chance of one trial, as `Study` makes it."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(trial,)))


def search(sampler: TPESampler, loss: Loss, d: int, seed: int, n: int, *, see_failed: bool = True) -> list[FrozenTrial]:
    """Return a history of n trials; without `see_failed` the sampler is shown the others alone."""
    space, history, shown = box(d), [], []
    for number in range(n):
        params = sampler.suggest(space, shown, rng_of(seed, number))
        value = loss(np.array(list(params.values())))
        trial = FrozenTrial(params, state="failed") if math.isnan(value) else FrozenTrial(params, value)
        history.append(trial)
        if see_failed or not math.isnan(value):
            shown.append(trial)
    return history


def sphere(seed: int, d: int) -> Loss:
    """Return a sphere with its optimum somewhere in [-4, 4]^d."""
    optimum = np.random.default_rng([seed, d]).uniform(-4, 4, d)
    return lambda x: float(((x - optimum) ** 2).sum())


def valley(seed: int) -> Loss:
    """Return a valley that runs along a diagonal: 100 times as steep across as along."""
    centre = np.random.default_rng([seed, 99]).uniform(-2, 2, 2)
    return lambda x: float((x - centre).sum() ** 2 + 100 * ((x - centre) @ np.array([1.0, -1.0])) ** 2)


def dips(seed: int) -> Loss:
    """Return two dips in two dimensions: a wide one of depth 0.9 and one of depth 1 that is 0.4 as wide."""
    rng = np.random.default_rng([seed, 7])
    wide, narrow = rng.uniform(-4, -1, 2), rng.uniform(1, 4, 2)
    return lambda x: float(
        1 - max(0.9 * np.exp(-((x - wide) ** 2).sum() / 8), np.exp(-((x - narrow) ** 2).sum() / 1.28))
    )


def heavier_prior(mean: float) -> Rules:
    """Return the default rules with another mean weight of a good trial; the prior weighs 1."""

    def weights(losses: Floats, n_good: int) -> Floats:
        return rank_weights(losses, n_good) * (mean / 2)

    return replace(Rules(), good_weights=weights)


def best(history: Sequence[FrozenTrial], n: int) -> float:
    """Return the lowest loss of the first n trials."""
    return min((t.loss for t in history[:n] if not math.isnan(t.loss)), default=math.inf)


def at_random(n: int) -> TPESampler:
    """Return a sampler that never leaves its start: random search."""
    return TPESampler(n_startup_trials=n)


def budgets() -> Iterable[Row]:
    """Yield 1 where TPE is ahead of random search on the 5-dimensional sphere, after 12 to 100 trials."""
    for seed in range(100):
        loss = sphere(seed, 5)
        ours = search(TPESampler(), loss, 5, seed, 100)
        other = search(at_random(100), loss, 5, seed + 10_000, 100)
        for n in (10, 12, 15, 20, 30, 50, 100):
            yield "budget", str(n), seed, float(best(ours, n) < best(other, n))


def dimensions() -> Iterable[Row]:
    """Yield TPE's best loss over random search's, after 100 trials on spheres."""
    for d in (2, 5, 10, 20, 40):
        for seed in range(30):
            loss = sphere(seed, d)
            ours = best(search(TPESampler(), loss, d, seed, 100), 100)
            yield "dimension", str(d), seed, ours / best(search(at_random(100), loss, d, seed + 10_000, 100), 100)


def joint_or_not() -> Iterable[Row]:
    """Yield the best loss in the valley, one by one over jointly, after 50, 100 and 200 trials."""
    for seed in range(100):
        together = search(TPESampler(), valley(seed), 2, seed, 200)
        singly = search(TPESampler(rules=replace(Rules(), joint=False)), valley(seed), 2, seed, 200)
        for n in (50, 100, 200):
            yield "joint", str(n), seed, best(singly, n) / best(together, n)


def local_dips() -> Iterable[Row]:
    """Yield 1 where 200 trials found the narrow, deeper dip, for three weights of the prior, and at random."""
    for mean in (1.0, 2.0, 4.0):
        for seed in range(100):
            history = search(TPESampler(rules=heavier_prior(mean)), dips(seed), 2, seed, 200)
            yield "dips", f"{mean:g}", seed, float(best(history, 200) < 0.1)
    for seed in range(100):
        history = search(at_random(200), dips(seed), 2, seed, 200)
        yield "dips", "random search", seed, float(best(history, 200) < 0.1)


def failures() -> Iterable[Row]:
    """Yield the share of failed trials among the last 50 of 100, where half of the box fails."""
    for where, x0 in (("2 inside", -2.0), ("0.5 beyond", 0.5)):
        for setting, see_failed in (("bad", True), ("left out", False)):
            for seed in range(40):
                history = search(TPESampler(), half(x0), 2, seed, 100, see_failed=see_failed)
                share = float(np.mean([math.isnan(t.loss) for t in history[50:]]))
                yield "failures", f"{setting}, optimum {where}", seed, share


def half(x0: float) -> Loss:
    """Return a sphere around (x0, 1) that fails where the first parameter is positive."""
    return lambda x: math.nan if x[0] > 0 else float(((x - np.array([x0, 1.0])) ** 2).sum())


def together() -> Iterable[Row]:
    """Yield how far apart eight trials are that ask at once: with the running ones in the history over without."""
    for seed in range(40):
        history = search(TPESampler(), sphere(seed, 2), 2, seed, 40)
        seen, unseen = (_gap_among_eight(history, seed, see_running=see) for see in (True, False))
        yield "running", "seen over unseen", seed, seen / unseen


def _gap_among_eight(history: Sequence[FrozenTrial], seed: int, *, see_running: bool) -> float:
    """Return the median distance to the nearest of the other seven."""
    shown, points = list(history), []
    for k in range(8):
        params = TPESampler().suggest(box(2), shown, rng_of(seed, 40 + k))
        points.append(list(params.values()))
        if see_running:
            shown.append(FrozenTrial(params, state="running"))
    x = np.array(points)
    distances = np.sqrt(((x[:, None] - x) ** 2).sum(axis=-1)) + np.diag(np.full(8, math.inf))
    return float(np.median(distances.min(axis=1)))


def costs() -> Iterable[tuple[int, int, float]]:
    """Yield (trials, parameters, milliseconds of CPU per suggest): the lower quartile of 40, one trial more each time.

    Other programs on the machine make some of them slower, none faster.
    """
    for d in (2, 10, 40):
        for n in (30, 100, 300, 1000, 3000, 10_000):
            points = np.random.default_rng(0).uniform(-5, 5, (n + 41, d))
            space, sampler, history, times = box(d), TPESampler(), list[FrozenTrial](), []
            for i, x in enumerate(points):
                history.append(FrozenTrial(dict(zip(space, x.tolist(), strict=True)), float((x**2).sum())))
                if i >= n:
                    start = time.process_time()
                    sampler.suggest(space, history, rng_of(0, i))
                    times.append(time.process_time() - start)
            yield n, d, 1000 * float(np.percentile(times[1:], 25))


def write(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([f"{x:.4g}" if isinstance(x, float) else x for x in row] for row in rows)


if __name__ == "__main__":
    write("cost.csv", ("trials", "parameters", "ms"), costs())
    found = [row for run in (budgets, dimensions, joint_or_not, local_dips, failures, together) for row in run()]
    write("results.csv", ("experiment", "setting", "seed", "result"), found)
