"""What CMA-ES itself costs: ``python chapters/cma-es/experiments.py`` writes cost.csv beside, in about a minute.

Milliseconds of processor time for one ask and one tell, averaged over the first so many trials of a search: an update
falls on one trial of a generation alone, so a median would not show it. Ours goes through a study, cmaes is called as
it is. The losses are drawn by chance, so nothing converges and no run begins anew.
"""

import csv
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from tpe_reference import CmaEsSampler, Float
from tpe_reference.compare.benchmark import Turn, cmaes_turn, our_turn


def ours(d: int, *, parabola: bool) -> Turn:
    """Return one ask and one tell of our search with d parameters."""
    return our_turn(CmaEsSampler(parabola=parabola), {f"x{i}": Float(0, 1) for i in range(d)}, 0)


def milliseconds(make: Callable[[], Turn], n: int) -> float:
    """Return the mean milliseconds of the first n turns, the least of three times."""
    losses, times = np.random.default_rng(0).random(n).tolist(), []
    for _ in range(3):
        turn, start = make(), time.process_time()
        for loss in losses:
            turn(loss)
        times.append(1e3 * (time.process_time() - start) / n)
    return min(times)


def costs() -> Iterable[list[str]]:
    """Yield a line for each number of parameters and of trials."""
    yield ["parameters", "trials", "default", "parabola=False", "cmaes"]
    for d in (2, 10, 40):
        searches = (partial(ours, d, parabola=True), partial(ours, d, parabola=False), partial(cmaes_turn, d))
        for n in (100, 1000, 5000):
            yield [str(d), str(n), *(f"{milliseconds(search, n):.3g}" for search in searches)]


if __name__ == "__main__":
    with (Path(__file__).parent / "cost.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(costs())
