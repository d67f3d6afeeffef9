"""What a sampler itself costs: milliseconds for one ask and one tell, beside the packages that people use.

``python -m tpe_reference.compare.benchmark`` prints, for a space of five floats, one of twenty mixed parameters and one
as gradient boosting is tuned in, the time of an ask + tell when a study holds 100, 1000, ... trials, and how many times
faster that is than the peer's. Each has a process of its own, as in use: what one leaves in the caches, or has the
allocator keep, is nothing to the other. They take turns, and what counts is their own seconds, so that a busy machine
slows both, and little; the ratio is what to quote. It needs the extra ``peers``. The objective costs nothing: losses
are drawn in advance.

Start reading at `main`.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from ..samplers.cma_es import CmaEsSampler
from ..samplers.random_search import RandomSampler
from ..samplers.tpe import TPESampler
from ..space import Categorical, Domain, Float, Int
from ..study import create_study

FIVE: dict[str, Domain] = {f"x{i}": Float(0, 1) for i in range(5)}
TWENTY: dict[str, Domain] = {
    **{f"float{i}": Float(1e-3, 1, log=i % 2 == 0) for i in range(8)},
    **{f"int{i}": Int(1, 50 + i, log=i % 2 == 0) for i in range(6)},
    **{f"choice{i}": Categorical(list("abcde")) for i in range(6)},
}
BOOSTING: dict[str, Domain] = {  # as people tune gradient boosting
    "learning_rate": Float(1e-3, 0.3, log=True),
    "max_depth": Int(2, 12),
    "n_estimators": Int(50, 1000, step=50),
    "subsample": Float(0.5, 1.0, step=0.05),
    "colsample": Float(0.5, 1.0, step=0.05),
    "l2": Float(1e-8, 10.0, log=True),
    "booster": Categorical(["gbtree", "dart"]),
}
ROUNDS, ASKS = 5, 5  # so few that a study hardly grows meanwhile

Turn = Callable[[float], object]  # one ask and one tell of a loss


def our_turn(sampler: Any, space: Mapping[str, Domain], n: int) -> Turn:
    """Return one turn of a study of ours that holds n trials."""
    study, rng = create_study(sampler=RandomSampler(), seed=0), np.random.default_rng(0)
    for loss in rng.random(n).tolist():
        study.tell(study.ask(space), loss)
    study.sampler = sampler

    def turn(loss: float) -> None:
        study.tell(study.ask(space), loss)

    return turn


def optuna_turn(sampler: str, space: Mapping[str, Domain], n: int) -> Turn:
    """Return one turn of a study of Optuna's that holds n trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    theirs = {name: _optuna_distribution(optuna.distributions, domain) for name, domain in space.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=0))
    rng = np.random.default_rng(0)
    for loss in rng.random(n).tolist():
        params = {name: domain.from_unit(rng.random()) for name, domain in space.items()}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=theirs, value=loss))

    def turn(loss: float) -> None:
        study.tell(study.ask(theirs), loss)

    return turn


def _optuna_distribution(distributions: Any, domain: Domain) -> Any:
    if isinstance(domain, Float):
        return distributions.FloatDistribution(domain.low, domain.high, log=domain.log, step=domain.step)
    if isinstance(domain, Int):
        return distributions.IntDistribution(domain.low, domain.high, log=domain.log, step=domain.step)
    return distributions.CategoricalDistribution(domain.choices)


def milliseconds(*makes: Callable[[], Turn]) -> list[float]:
    """Return the milliseconds of each turn, made and measured in a process of its own, a few at a time in turns."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        processes = [stack.enter_context(ProcessPoolExecutor(1, context)) for _ in makes]
        for process, make in zip(processes, makes, strict=True):
            process.submit(_begin, make).result()
        rounds = [[process.submit(_round).result() for process in processes] for _ in range(ROUNDS)]
    return [min(of_one) for of_one in zip(*rounds, strict=True)]


_turn: Turn  # in a process: what is measured there
_rng = np.random.default_rng(1)  # whose losses it is told


def _begin(make: Callable[[], Turn]) -> None:
    global _turn
    _turn = make()
    _turn(_rng.random())  # the first reads all trials at once


def _round() -> float:
    """Return the median milliseconds of a few turns."""
    times = []
    for loss in _rng.random(ASKS).tolist():
        start = time.thread_time()
        _turn(loss)
        times.append(1e3 * (time.thread_time() - start))
    return statistics.median(times)


def cmaes_turn(d: int) -> Turn:
    """Return one turn of a search by ``cmaes`` in d floats, from its beginning."""
    import cmaes

    search = cmaes.CMA(mean=np.full(d, 0.5), sigma=0.25, bounds=np.tile([0.0, 1.0], (d, 1)), seed=0)
    told: list[tuple[np.ndarray, float]] = []

    def turn(loss: float) -> None:
        told.append((search.ask(), loss))
        if len(told) == search.population_size:
            search.tell(told)
            told.clear()

    return turn


def whole_search(make: Callable[[], Turn], n: int) -> Turn:
    """Return one turn that is a whole search: n turns from the beginning."""
    losses = np.random.default_rng(0).random(n).tolist()

    def turn(loss: float) -> None:
        one = make()
        for loss in losses:
            one(loss)

    return turn


def average_of_cma_es(d: int, n: int, parabola: bool) -> list[float]:
    """Return the mean milliseconds of n asks + tells: ours through a study, and those of ``cmaes``."""
    space: dict[str, Domain] = {f"x{i}": Float(0, 1) for i in range(d)}
    ours = partial(our_turn, CmaEsSampler(parabola=parabola), space, 0)
    wholes = milliseconds(partial(whole_search, ours, n), partial(whole_search, partial(cmaes_turn, d), n))
    return [whole / n for whole in wholes]


def bare_draw(d: int) -> Turn:
    """Return one turn that seeds a generator and draws d numbers."""
    return lambda loss: np.random.default_rng(np.random.SeedSequence(0, spawn_key=(300,))).random(d)


def import_milliseconds(module: str) -> float:
    """Return the least milliseconds, of ten, that a fresh process takes to import a module."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    # As everywhere but in some containers, the compiled files are kept; otherwise compiling is what would be measured.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runs = (subprocess.run(command, capture_output=True, check=True, env=env) for _ in range(10))
    return 1e3 * min(float(run.stdout) for run in runs)


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Milliseconds per ask + tell, beside the peers.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 3000], metavar="N")
    sizes = parser.parse_args(argv).sizes
    print("one ask + tell in a study of n trials, milliseconds     ours     peer  times faster")
    for label, space in (("five floats", FIVE), ("twenty mixed", TWENTY), ("boosting", BOOSTING)):
        for n in sizes:
            turns = partial(our_turn, TPESampler(), space, n), partial(optuna_turn, "TPESampler", space, n)
            _print_row(f"TPE / Optuna TPE, {label}, n = {n}", *milliseconds(*turns))
    for n in sizes:
        _print_row(f"CMA-ES / cmaes, five floats, mean of {n}", *average_of_cma_es(5, n, parabola=True))
        _print_row(f"the same without the parabola, mean of {n}", *average_of_cma_es(5, n, parabola=False))
    _print_row(
        "random / a bare numpy draw, five floats",
        *milliseconds(partial(our_turn, RandomSampler(), FIVE, 300), partial(bare_draw, 5)),
    )
    ours, numpys = import_milliseconds("tpe_reference"), import_milliseconds("numpy")
    _print_row("import tpe_reference, beyond numpy's / numpy", ours - numpys, numpys)


def _print_row(label: str, ours: float, theirs: float) -> None:
    print(f"{label:<52}{ours:>9.3f}{theirs:>9.3f}{theirs / ours:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
