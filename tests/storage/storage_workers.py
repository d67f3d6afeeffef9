"""What the tests of storage share: processes that work on a study, the objectives that they evaluate, and waiting.

Processes come from a fork server, which has imported what they need and holds no lock and no connection of ours.
"""

import json
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import tpe_reference
from tpe_reference import Study, Trial, TrialPruned, TrialRecord

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "numpy", "sqlalchemy", "psycopg"])
PATIENCE = 100.0  # seconds after which a test gives up; what it waits for takes a few


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that happens elsewhere."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"after {PATIENCE} seconds still not: {what}"
        time.sleep(0.01)


@contextmanager
def at_work(function: Callable[..., None], jobs: Sequence[tuple[Any, ...]]) -> Iterator[list[BaseProcess]]:
    """Start a process for every tuple of arguments; none of them outlives the block."""
    processes: list[BaseProcess] = [CONTEXT.Process(target=function, args=job) for job in jobs]
    try:
        for process in processes:
            process.start()
        yield processes
    finally:
        for process in processes:
            if process.pid is not None:
                process.kill()
                process.join()


def wait_for(processes: Sequence[BaseProcess], code: int = 0) -> None:
    """Wait until processes have ended, and check how."""
    deadline = time.monotonic() + PATIENCE
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        assert process.exitcode == code, f"{process.name} ended with {process.exitcode} (what it said is in stderr)"


def run(function: Callable[..., None], *arguments: Any, code: int = 0) -> None:
    """Run a function in a process of its own."""
    with at_work(function, [arguments]) as processes:
        wait_for(processes, code)


# ---- what processes do -----------------------------------------------------------------------------------------------


def optimize(url: str, study: dict[str, Any], objective: Callable[[Trial], float], limits: dict[str, Any]) -> None:
    """Open a study and search."""
    tpe_reference.create_study(storage=url, load_if_exists=True, **study).optimize(objective, **limits)


def optimize_with_receipts(
    url: str, study: dict[str, Any], objective: Callable[[Trial], float], limits: dict[str, Any], folder: Path
) -> None:
    """Do the same, and write down every trial whose tell has returned."""

    def note(_: Study, record: TrialRecord) -> None:
        with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps([record.number, record.value, record.params]) + "\n")

    tpe_reference.create_study(storage=url, load_if_exists=True, **study).optimize(
        objective, callbacks=[note], **limits
    )


def receipts(folder: Path) -> list[tuple[int, float, dict[str, Any]]]:
    """What processes have written down, by number."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted((tuple(json.loads(line)) for line in lines), key=lambda receipt: receipt[0])


def check_receipts(study: Study, folder: Path) -> None:
    """Check that nothing that was told is missing, and that nobody was given a trial that somebody else had."""
    kept = receipts(folder)
    numbers = [number for number, _, _ in kept]
    assert len(set(numbers)) == len(numbers), "a trial was told by two workers"
    trials = study.trials
    assert [trial.number for trial in trials] == list(range(len(trials)))
    for number, value, params in kept:
        assert (trials[number].value, trials[number].params) == (value, params), "it is kept as it was told"


# ---- objectives ------------------------------------------------------------------------------------------------------


def bowl(trial: Trial) -> float:
    """Two parameters, a smooth minimum."""
    return (trial.suggest_float("x", -5, 5) - 1) ** 2 + (trial.suggest_float("y", -5, 5) + 2) ** 2


def everything(trial: Trial) -> float:
    """A conditional space, reports, pruning, failures and notes: all that makes trials differ."""
    x = trial.suggest_float("x", -5, 5)
    kind = trial.suggest_categorical("kind", ["ä", None, True, 2**60])
    loss = (x - 1) ** 2 + (kind is not None)
    if kind is True:
        loss += trial.suggest_int("k", 1, 64, log=True) / 64
    if x < -4:
        return math.nan
    for step in range(3):
        trial.report(loss + 1 / (step + 1), step)
        if trial.should_prune():
            raise TrialPruned
    trial.set_user_attr("kind", repr(kind))
    return math.inf if x > 4.5 else loss


class Dies:
    """The bowl; the process that evaluates it for certain trials is killed, each time but for the later ones.

    Args:
        folder: Where it is written down that it has happened.
        numbers: The trials.
        times: How often for each.
    """

    def __init__(self, folder: Path, numbers: Sequence[int], times: int = 1) -> None:
        self.folder, self.numbers, self.times = folder, numbers, times

    def __call__(self, trial: Trial) -> float:
        value = bowl(trial)
        if trial.number in self.numbers:
            for time in range(self.times):
                mark = self.folder / f"death {trial.number}-{time}"
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
        return value


class Waits:
    """The bowl, once a file is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, trial: Trial) -> float:
        value = bowl(trial)
        (self.folder / f"started {trial.number}").touch()
        wait_until((self.folder / "go on").exists, "the file 'go on' is there")
        return value
