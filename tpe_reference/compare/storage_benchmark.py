"""What storage costs: milliseconds for one ask and one tell in a database, beside Optuna's, measured in one run.

``python -m tpe_reference.compare.storage_benchmark`` prints, for SQLite and PostgreSQL, the median time of an ask +
tell when a study holds 1,000 and 10,000 trials. Random search is what asks, so that storage is what is timed. Both
are measured by turns in one process, so that a busy disk slows both; the ratio is what to quote. It needs the extras
``storage`` and ``peers``; without a PostgreSQL to start, those lines are left out.

How safe a commit is decides how long it takes. Both sides leave SQLite in its synchronous mode FULL: a commit waits
for the disk, so that a power cut loses nothing. An ask + tell is two commits at least, and the first line says what the
disk alone takes for two. PostgreSQL runs as postgres.py starts it, without waiting for the disk: what is timed is the
way to the server and its work. To fill Optuna's studies takes minutes.

Start reading at `main`.
"""

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..samplers.random_search import RandomSampler
from ..space import Domain, Float, TrialState
from ..study import create_study
from ..trial import TrialRecord
from .postgres import Server, UnavailableError

SPACE: dict[str, Domain] = {f"x{i}": Float(0, 1) for i in range(5)}
ROUNDS, ASKS = 10, 10  # asks by turns; so few that a study hardly grows meanwhile

Turn = Callable[[float], None]  # one ask and one tell of a loss


def our_turn(url: str, n: int) -> Turn:
    """Return one turn of a study of ours that holds n trials."""
    study = create_study(storage=url, study_name=f"ours {n}", sampler=RandomSampler(), seed=0)
    rng = np.random.default_rng(0)
    study.add_trials(
        TrialRecord(i, TrialState.COMPLETE, float(rng.random()), {name: float(rng.random()) for name in SPACE}, SPACE)
        for i in range(n)
    )

    def turn(loss: float) -> None:
        study.tell(study.ask(SPACE), loss)

    return turn


def optuna_turn(url: str, n: int) -> Turn:
    """Return one turn of a study of Optuna's that holds n trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    theirs: dict[str, Any] = {name: optuna.distributions.FloatDistribution(0, 1) for name in SPACE}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(
            storage=url, study_name=f"theirs {n}", sampler=optuna.samplers.RandomSampler(seed=0)
        )
    rng = np.random.default_rng(0)
    study.add_trials(
        optuna.trial.create_trial(
            params={name: float(rng.random()) for name in SPACE}, distributions=theirs, value=float(rng.random())
        )
        for _ in range(n)
    )

    def turn(loss: float) -> None:
        study.tell(study.ask(theirs), loss)

    return turn


def milliseconds(*turns: Turn) -> list[float]:
    """Return the median milliseconds of each, measured a few at a time in turn."""
    losses = iter(np.random.default_rng(1).random(len(turns) * ROUNDS * (ASKS + 1)).tolist())
    taken: list[list[float]] = [[] for _ in turns]
    for _ in range(ROUNDS):
        for turn, times in zip(turns, taken, strict=True):
            turn(next(losses))  # which brings back what the caches lost
            for _ in range(ASKS):
                start = time.perf_counter()
                turn(next(losses))
                times.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(times) for times in taken]


def disk_milliseconds() -> float:
    """Return the median milliseconds that the disk takes for two commits: twice a page written, and waited for."""
    with tempfile.NamedTemporaryFile(prefix="tpe-benchmark-") as file:

        def commit(_: float) -> None:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())

        return 2 * milliseconds(commit)[0]


@contextmanager
def _databases(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the addresses of two empty databases: ours and Optuna's, whose tables have the same names."""
    if kind == "SQLite":
        with tempfile.TemporaryDirectory(prefix="tpe-benchmark-") as folder:
            yield f"sqlite:///{Path(folder) / 'ours.db'}", f"sqlite:///{Path(folder) / 'theirs.db'}"
    else:
        with Server() as server:
            yield server.new_database(), server.new_database().replace("postgresql:", "postgresql+psycopg:")


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Milliseconds per ask + tell in a database, beside Optuna's.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000], metavar="N")
    sizes = parser.parse_args(argv).sizes
    print("one ask + tell, random search, five floats, in a study of n trials; milliseconds   ours   Optuna  ratio")
    print(f"{'the disk alone: two commits of SQLite (synchronous = FULL)':<77}{disk_milliseconds():>9.2f}")
    for kind in ("SQLite", "PostgreSQL"):
        try:
            for n in sizes:
                with _databases(kind) as (ours, theirs):
                    times = milliseconds(our_turn(ours, n), optuna_turn(theirs, n))
                label = f"{kind}, n = {n}"
                print(f"{label:<77}{times[0]:>9.2f}{times[1]:>9.2f}{times[1] / times[0]:>7.1f}", flush=True)
        except UnavailableError as error:
            print(f"{kind}: left out, for {error}")


if __name__ == "__main__":
    main()
