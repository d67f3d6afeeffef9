"""What storage survives, in figures: workers that are killed and a server that goes away, in the middle of a search.

``python -m tpe_reference.compare.faults --workers 8 --trials 400 --kills 20 --restarts 3 --storage postgresql`` lets
8 processes search in one study until it has 400 trials, kills 20 of them (SIGKILL; another takes its place) and ends
the server three times, by turns with a shutdown and with a kill. Then it counts. Every worker has written a *receipt*
into a file of its own for each trial of which the study has told it that the result is kept. A receipt whose result
is not in the storage counts as lost; the exit code is 1 when anything is lost, or there twice.

It needs the extra ``storage``. ``--storage`` is "sqlite" (a temporary file), "postgresql" (a server that is started
for it, see postgres.py) or the address of a database, whose server is not touched.

Start reading at `Ordeal.run`; `count` is what judges.

>>> count([], [(0, 1.0, {"x": 0.5})])["lost"]
1
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ..samplers.random_search import RandomSampler
from ..study import Study, create_study, load_study
from ..trial import Trial, TrialRecord
from .postgres import Server, UnavailableError

NAME = "faults"
SECONDS = 0.03  # that an evaluation takes: most workers are in the middle of one when something happens to them
LOOK = 0.02  # seconds between two looks at how far the workers have come
PATIENCE = 300.0  # seconds after which workers that do not come to an end are killed, and counted as stuck

Receipt = tuple[int, float, dict[str, Any]]  # number, value and parameters of a trial whose result is kept


# ---- a worker --------------------------------------------------------------------------------------------------------


def objective(trial: Trial) -> float:
    """Two real parameters: no two trials have the same by chance."""
    time.sleep(SECONDS)
    return trial.suggest_float("x", -5, 5) ** 2 + trial.suggest_float("y", -5, 5) ** 2


def work(url: str, n_trials: int, folder: Path) -> None:
    """Be a worker: search until the study has all its trials, and write a receipt for every one that was told."""
    receipts = os.open(folder / f"{os.getpid()}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(_: Study, record: TrialRecord) -> None:
        line = json.dumps([record.number, record.value, record.params])
        os.write(receipts, f"{line}\n".encode())  # in one piece, and out of this process, whatever happens to it

    _open(url).optimize(objective, until=n_trials, callbacks=[write])


def _open(url: str) -> Study:
    """Open the study; also when the server is away at this moment, which a study survives only once it is open."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return load_study(study_name=NAME, storage=url)
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK)


def read_receipts(folder: Path) -> list[Receipt]:
    """Return all receipts that have been written so far."""
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl")]
    return [tuple(json.loads(line)) for text in texts for line in text.splitlines()]


# ---- what is done to them --------------------------------------------------------------------------------------------


@dataclass
class Ordeal:
    """One search, and what is done to its workers and its server.

    Attributes:
        url: The database.
        restart: Ends the server and starts it again, the n-th time.
        folder: Where the receipts are.
        chance: Who is killed, and what happens in which order.
        n_kills, n_restarts, n_crashed, n_stuck: What has happened: the last two should not.
    """

    url: str
    restart: Callable[[int], None]
    folder: Path
    chance: random.Random
    n_kills: int = 0
    n_restarts: int = 0
    n_crashed: int = 0
    n_stuck: int = 0
    _workers: list[BaseProcess] = field(default_factory=list)

    def run(self, n_workers: int, n_trials: int, n_kills: int, n_restarts: int) -> None:
        """Let workers search, and do it to them whenever so many more trials have finished."""
        faults = ["kill"] * n_kills + ["restart"] * n_restarts
        self.chance.shuffle(faults)
        for _ in range(n_workers):
            self._hire(n_trials)
        deadline = time.monotonic() + PATIENCE
        try:
            while any(worker.is_alive() for worker in self._workers) and time.monotonic() < deadline:
                # The last one comes when nine in ten trials have finished: there is still something to disturb.
                due = int(len(read_receipts(self.folder)) / (0.9 * n_trials) * (len(faults) + 1))
                while self.n_kills + self.n_restarts < min(due, len(faults)):
                    self._do(faults[self.n_kills + self.n_restarts], n_trials)
                time.sleep(LOOK)
        finally:
            self._dismiss()

    def _hire(self, n_trials: int) -> None:
        worker = _CONTEXT.Process(target=work, args=(self.url, n_trials, self.folder))
        worker.start()
        self._workers.append(worker)

    def _do(self, fault: str, n_trials: int) -> None:
        if fault == "restart":
            self.restart(self.n_restarts)
            self.n_restarts += 1
            return
        victim = self.chance.choice([worker for worker in self._workers if worker.is_alive()] or self._workers)
        victim.kill()
        victim.join()
        self._workers.remove(victim)
        self._hire(n_trials)
        self.n_kills += 1

    def _dismiss(self) -> None:
        for worker in self._workers:
            if worker.is_alive():
                self.n_stuck += 1
                worker.kill()
            worker.join()
            self.n_crashed += worker.exitcode not in (0, -9)


# ---- the figures -----------------------------------------------------------------------------------------------------


def count(trials: Sequence[TrialRecord], receipts: Sequence[Receipt]) -> dict[str, int]:
    """Compare what the storage holds with what the workers were told.

    Returns:
        How many trials were asked, are finished, failed and running, and how many are repetitions of lost ones; then

        - lost: receipts whose result is not in the storage, exactly as it was told;
        - duplicated: trials told by two workers; numbers that are not their place; results that are there twice (but
          not those of a repetition whose first owner came back after all).
    """
    kept = {trial.number: (trial.value, trial.params) for trial in trials if trial.state == "complete"}
    told_twice = sum(n - 1 for n in Counter(number for number, _, _ in receipts).values())
    misnumbered = sum(trial.number != place for place, trial in enumerate(trials))
    originals = [t for t in trials if t.state == "complete" and "retry_of" not in t.user_attrs]
    there_twice = len(originals) - len({repr(sorted(trial.params.items())) for trial in originals})
    states = Counter(str(trial.state) for trial in trials)
    return {
        "asked": len(trials),
        "finished": states["complete"],
        "failed": states["failed"],
        "running": states["running"],
        "retried": sum("retry_of" in trial.user_attrs for trial in trials),
        "lost": sum(kept.get(number) != (value, params) for number, value, params in receipts),
        "duplicated": told_twice + misnumbered + there_twice,
    }


@contextmanager
def _storage(where: str, seconds_away: float) -> Iterator[tuple[str, Callable[[int], None] | None]]:
    """Yield the address of a database, and how to end and start its server, where that is ours."""
    if where == "sqlite":
        with tempfile.TemporaryDirectory(prefix="tpe-faults-") as folder:
            yield f"sqlite:///{Path(folder) / 'study.db'}", None
    elif where == "postgresql":
        with Server() as server:

            def restart(n: int) -> None:
                (server.stop, server.kill)[n % 2]()
                time.sleep(seconds_away)
                server.start()

            yield server.new_database(), restart
    else:
        yield where, None


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """Carry out the whole of it and return the figures, by name."""
    with _storage(arguments.storage, arguments.away) as (url, restart), tempfile.TemporaryDirectory() as folder:
        study = create_study(
            storage=url, study_name=NAME, sampler=RandomSampler(), lease=arguments.lease, retry=arguments.retry
        )
        n_restarts = arguments.restarts if restart is not None else 0
        ordeal = Ordeal(url, restart or (lambda n: None), Path(folder), random.Random(arguments.seed))
        start = time.monotonic()
        ordeal.run(arguments.workers, arguments.trials, arguments.kills, n_restarts)
        seconds = time.monotonic() - start
        figures = count(study.trials, read_receipts(Path(folder)))
    done = {"workers killed": ordeal.n_kills, "server restarts": ordeal.n_restarts}
    wrong = {"crashed": ordeal.n_crashed, "stuck": ordeal.n_stuck}
    return {**done, **figures, **wrong, "seconds": seconds}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(description="Kill workers and servers in the middle of a search, and count.")
    parser.add_argument("--workers", type=int, default=8, metavar="N", help="processes that search (8)")
    parser.add_argument("--trials", type=int, default=400, metavar="M", help="trials in all (400)")
    parser.add_argument("--kills", type=int, default=20, metavar="K", help="workers killed (20)")
    parser.add_argument(
        "--restarts", type=int, default=3, metavar="R", help="restarts of the server, if it is ours (3)"
    )
    parser.add_argument("--away", type=float, default=1.0, metavar="S", help="seconds that it is away each time (1)")
    parser.add_argument("--lease", type=float, default=3.0, metavar="S", help="seconds of a lease (3)")
    parser.add_argument("--retry", type=int, default=1, metavar="K", help="how often a lost trial is tried again (1)")
    parser.add_argument("--seed", type=int, default=0, help="of what happens when, and to whom (0)")
    parser.add_argument("--storage", default="sqlite", metavar="URL", help="sqlite, postgresql, or an address (sqlite)")
    try:
        figures = run(parser.parse_args(argv))
    except UnavailableError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2
    for name, figure in figures.items():
        print(f"{name:<16}{figure:>8.1f}" if name == "seconds" else f"{name:<16}{figure:>8}")
    return int(any(figures[name] for name in ("lost", "duplicated", "crashed", "stuck")))


# Where there is one, a fork server makes a new worker in no time; it holds none of this process's connections.
_METHODS = multiprocessing.get_all_start_methods()
_CONTEXT: Any = multiprocessing.get_context("forkserver" if "forkserver" in _METHODS else "spawn")

if __name__ == "__main__":
    if "forkserver" in _METHODS:
        _CONTEXT.set_forkserver_preload(["numpy", "sqlalchemy", "psycopg"])
    sys.exit(main())
