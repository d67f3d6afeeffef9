"""How many evaluations CMA-ES needs to a minimum, to 1e-8, beside the packages ``cma`` and ``cmaes``.

``python -m tpe_reference.compare.running_time`` prints, for three functions and three dimensions, the *expected
running time* (Auger and Hansen, Performance Evaluation of an Advanced Local Search Evolutionary Algorithm, CEC 2005):
all evaluations of all runs over the number of runs that got there, with its 95 % bootstrap interval over seeds, and
the ratios to that of the better package: of CMA-ES as `CmaEsSampler` is by default, with its parabola, and of the
tutorial's alone. It needs the extra ``peers``, and for 100 seeds some twenty minutes.

Every search has the same task: from a point drawn uniformly from [-3, 3]^d, the first one the same for all of a
seed, with a first step size of 2, no bounds, and its own default settings. When it says that it has finished, it
begins again elsewhere with twice the population (IPOP). A run ends at the first evaluation below the target, not with
its generation.

Start reading at `count`, which runs one search; `ours` shows what the parts of samplers/cma_es.py do together.
"""

import argparse
import math
import warnings
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..samplers.cma_es import Run, initial, next_run, parabola_minimum, sample, stop_reason, strategy, update
from .statistics import RESAMPLES

TARGET = 1e-8
SIGMA0 = 2.0
LIMIT = 20_000  # evaluations per dimension; far more than any run needs that is not lost

Floats: TypeAlias = NDArray[np.float64]
Search: TypeAlias = Generator[Floats, Floats, None]  # yields generations of points, (popsize, d); is sent their losses


def sphere(x: Floats) -> Floats:
    """The squared distance from the minimum, for each row of x."""
    losses: Floats = (x**2).sum(axis=1)
    return losses


def ellipsoid(x: Floats) -> Floats:
    """A bowl a thousand times narrower in its last dimension than in its first."""
    losses: Floats = (x**2 * 10.0 ** np.linspace(0.0, 6.0, x.shape[1])).sum(axis=1)
    return losses


def rosenbrock(x: Floats) -> Floats:
    """A long bent valley; from four dimensions on it has a second minimum, near (-1, 1, ..., 1), where runs end."""
    losses: Floats = (100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2).sum(axis=1)
    return losses


FUNCTIONS = {function.__name__: function for function in (sphere, ellipsoid, rosenbrock)}


def ours(d: int, rng: np.random.Generator, *, parabola: bool = True) -> Search:
    """Search with this package, as `CmaEsSampler` does where there are no bounds."""
    runs = [Run(strategy(d).popsize, SIGMA0)]
    while True:
        state = initial(rng.uniform(-3.0, 3.0, d), SIGMA0, runs[-1].popsize)
        told, losses_told, best = np.empty((0, d)), np.empty(0), list[float]()
        reason = None
        while reason is None:
            points = sample(state, rng.standard_normal((state.strategy.popsize, d)))
            if parabola and (lowest := parabola_minimum(state, told, np.empty((len(told), 0)), losses_told)):
                points[0] = lowest[0]
            losses = yield points
            told, losses_told = np.concatenate([told, points]), np.concatenate([losses_told, losses])
            state = update(state, points[np.argsort(losses, kind="stable")])
            best.append(float(losses.min()))
            reason = stop_reason(state, SIGMA0, best, losses.tolist())
        runs[-1] = replace(runs[-1], spent=state.generation * state.strategy.popsize)
        runs.append(next_run("ipop", runs, rng))


def tutorial(d: int, rng: np.random.Generator) -> Search:
    """Search with what stands in the tutorial alone, as ``CmaEsSampler(parabola=False)`` does."""
    return ours(d, rng, parabola=False)


def with_cmaes(d: int, rng: np.random.Generator) -> Search:
    """Search with CyberAgent's cmaes."""
    import cmaes

    popsize = 4 + math.floor(3 * math.log(d))  # its own default
    while True:
        mean, seed = rng.uniform(-3.0, 3.0, d), int(rng.integers(2**31))
        peer = cmaes.CMA(mean=mean, sigma=SIGMA0, seed=seed, population_size=popsize)
        while not peer.should_stop():
            points = np.array([peer.ask() for _ in range(popsize)])
            losses = yield points
            peer.tell(list(zip(points, losses.tolist(), strict=True)))
        popsize *= 2


def with_cma(d: int, rng: np.random.Generator) -> Search:
    """Search with Hansen's cma."""
    import cma

    popsize = 4 + math.floor(3 * math.log(d))  # its own default
    # Its seed would be that of numpy's global generator; verbose -10 neither prints nor touches a file.
    options = {"seed": math.nan, "randn": lambda *shape: rng.standard_normal(shape), "verbose": -10}
    while True:
        mean = rng.uniform(-3.0, 3.0, d)
        peer = cma.CMAEvolutionStrategy(mean, SIGMA0, options | {"popsize": popsize})
        while not peer.stop():
            points = peer.ask()
            losses = yield np.array(points)
            peer.tell(points, losses.tolist())
        popsize *= 2


SEARCHES: dict[str, Callable[[int, np.random.Generator], Search]] = {
    "ours": ours,
    "tutorial": tutorial,
    "cma": with_cma,
    "cmaes": with_cmaes,
}
PEERS = ("cma", "cmaes")


def count(search: Search, function: Callable[[Floats], Floats], limit: int) -> tuple[int, bool]:
    """Return how many evaluations a search took to the target, or until the limit, and whether it got there."""
    spent, points = 0, next(search)
    while spent < limit:
        losses = function(points)
        if losses.min() < TARGET:
            return spent + int(np.argmax(losses < TARGET)) + 1, True
        spent += len(points)
        points = search.send(losses)
    return spent, False


def measure(name: str, d: int, n_seeds: int) -> dict[str, Floats]:
    """Return, for each search, a row of (evaluations, success) for each seed."""
    table: dict[str, list[tuple[int, bool]]] = {searcher: [] for searcher in SEARCHES}
    for seed in range(n_seeds):
        for searcher, search in SEARCHES.items():
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(d,)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # theirs are for their own users
                table[searcher].append(count(search(d, rng), FUNCTIONS[name], LIMIT * d))
    return {searcher: np.array(rows, dtype=float) for searcher, rows in table.items()}


def running_time(rows: Floats) -> Any:
    """Return the expected running time of rows (evaluations, success), (..., seeds, 2); infinite without success."""
    with np.errstate(divide="ignore"):
        return rows[..., 0].sum(axis=-1) / rows[..., 1].sum(axis=-1)


def line(name: str, d: int, table: dict[str, Floats]) -> str:
    """Return a row of the table that is printed."""
    n_seeds = len(table["ours"])
    draws = np.random.default_rng(0).integers(n_seeds, size=(RESAMPLES, n_seeds))
    times = {searcher: (running_time(rows), running_time(rows[draws])) for searcher, rows in table.items()}
    better = min(PEERS, key=lambda peer: times[peer][0])
    cells = [f"{time:7.0f} {_interval(all_times, '.0f'):15}" for time, all_times in times.values()]
    ratios = [
        f"{times[own][0] / times[better][0]:7.3f} {_interval(times[own][1] / times[better][1], '.3f')}"
        for own in ("ours", "tutorial")
    ]
    successes = "/".join(str(int(rows[:, 1].sum())) for rows in table.values())
    return f"{name:11}{d:3}  {''.join(cells)}{' '.join(ratios)} to {better:5} {successes}"


def _interval(values: Floats, form: str) -> str:
    low, high = np.percentile(values, [2.5, 97.5])
    return f"[{low:{form}}, {high:{form}}]"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Evaluations to 1e-8, beside cma and cmaes.")
    parser.add_argument("--functions", nargs="+", choices=FUNCTIONS, default=list(FUNCTIONS))
    parser.add_argument("--dimensions", type=int, nargs="+", default=[5, 10, 20], metavar="D")
    parser.add_argument("--seeds", type=int, default=100, metavar="N")
    arguments = parser.parse_args(argv)
    heads = "".join(f"{searcher:>7} {'95 %':15}" for searcher in SEARCHES)
    print(f"{'function':11}  d  {heads} ours and tutorial / the better peer; successes of {arguments.seeds}")
    for name in arguments.functions:
        for d in arguments.dimensions:
            print(line(name, d, measure(name, d, arguments.seeds)), flush=True)


if __name__ == "__main__":
    main()
