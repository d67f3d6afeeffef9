"""Carries out a comparison: which runs there are, in processes of their own, each kept on disk when it is done.

A *run* is one contestant on one problem with one seed. It is the unit of loss: a run is written in one piece
(to a temporary file that is then renamed) when it has finished, so after Ctrl-C, a crash or ``kill -9`` all
finished runs are there, and going on means doing those that are not. As a run depends on nothing but its problem,
contestant, seed, number of trials and the code, the outcome is that of a comparison that was never interrupted;
only the seconds differ. A run whose code has changed since counts as not done.

Start reading at `run_all`, then `execute`, which is what happens in a process.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import inspect
import json
import math
import multiprocessing
import os
import platform
import re
import signal
import sys
import threading
import time
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..disk import write_whole
from ..pruners import MedianPruner
from ..study import SearchExhausted, Study, create_study
from ..trial import Trial, TrialRecord
from .checks import as_loss, check_unchanged, state_of, story
from .contestants import Contestant
from .loading import source_file
from .problems import Problem, get_problem

PACKAGE = Path(__file__).parent.parent
# What every run's outcome depends on. The report may be rewritten without running anything again.
SAMPLERS = ["samplers/*.py"]  # but not a peer's
CODE = ["space.py", "study.py", "trial.py", "loop.py", "pruners/*.py"]
CODE += [f"compare/{name}.py" for name in ("problems", "contestants", "runner", "checks")]
# What a user need not see of a traceback: how their sampler or problem came to be called.
HARNESS = [__file__, inspect.getfile(Study), inspect.getfile(as_loss)]

POLL = 0.2  # seconds between two looks at the processes: a bar that moves smoothly, at no cost


@dataclass(frozen=True)
class Run:
    """One contestant on one problem with one seed."""

    problem: str  # a name or an address, not the object: it travels to another process
    contestant: Contestant
    seed: int
    trials: int

    @property
    def cost(self) -> int:
        """About how many milliseconds a trial takes."""
        return max(1, round(1000 * get_problem(self.problem).seconds))

    def path(self, out: Path) -> Path:
        """Return the file that keeps it."""
        parts = (get_problem(self.problem).name, self.contestant.name)
        return out / "runs" / f"{'--'.join(map(_file_name, parts))}--{self.seed}.json"


class RunFailedError(Exception):
    """Some runs raised; the text says which, and what."""


def run_all(runs: Sequence[Run], out: Path, jobs: int, cluster: Any = None) -> None:
    """Do the runs that are not on the disk yet, in processes or on a cluster, under one progress bar.

    The first failure lets the runs in flight finish and starts no more.

    Raises:
        RunFailedError: When a sampler or a problem raised.
        KeyboardInterrupt: On Ctrl-C, after the processes have stopped.
    """
    (out / "runs").mkdir(parents=True, exist_ok=True)
    todo = [run for run in runs if read_run(run, out) is None]
    _say_what_is_there(runs, todo, out)
    work = sum(run.trials * run.cost for run in runs)
    with _progress_bar(work, done=work - sum(run.trials * run.cost for run in todo)) as show:
        if todo and cluster is not None:
            from .cluster import run_on_cluster

            run_on_cluster(cluster, todo, out, jobs, show)
        elif todo:
            _in_processes(todo, out, min(jobs, len(todo)), show)


def _say_what_is_there(runs: Sequence[Run], todo: Sequence[Run], out: Path) -> None:
    # Where the bar is, that what a command prints stays what it came to.
    changed = sum(run.path(out).exists() for run in todo)
    if changed or len(todo) < len(runs):
        print(f"there already: {counted(len(runs) - len(todo), 'run')}; to be done: {len(todo)}", file=sys.stderr)
    if changed:
        text = f"({changed} of these with other code than today's: your file, this package or a version has changed)"
        print(text, file=sys.stderr)


def _in_processes(todo: Sequence[Run], out: Path, jobs: int, show: Any) -> None:
    spawn = multiprocessing.get_context("spawn")  # everywhere the same, and safe in a program with threads
    # A plain number, no Event: setting one waits for every process that waits for it, also for one that was killed.
    counter, stop = spawn.Value("q", 0), spawn.RawValue("b", 0)
    failures: list[str] = []
    with _one_thread_each(), ProcessPoolExecutor(jobs, spawn, _start_process, (counter, stop)) as pool:
        waiting = iter(todo)
        pending: set[Future[str | None]] = set()
        try:
            while True:
                while not failures and len(pending) < jobs and (run := next(waiting, None)) is not None:
                    with _ctrl_c_later():
                        pending.add(pool.submit(execute, run, out, code_of(run)))
                if not pending:
                    break
                done, pending = wait(pending, timeout=POLL, return_when=FIRST_COMPLETED)
                failures += [text for future in done if (text := future.result()) is not None]
                show(counter.get_obj().value)
        except BrokenProcessPool:
            failures.append("a process died; out of memory? Try fewer --jobs.")
        except BaseException:  # Ctrl-C above all: the processes end within a second
            stop.value = 1
            raise
    if failures:
        raise RunFailedError("\n".join(failures))


_counter: Any = None  # in a process: the work done by all processes together


def _start_process(counter: Any, stop: Any) -> None:
    global _counter
    _counter = counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which says when to stop; see _ctrl_c_later
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()


def _end_with_parent(stop: Any) -> None:
    # Killed with -9, the parent cannot tell its processes to stop, and they would wait for work for ever.
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive() and not stop.value:
        time.sleep(POLL)
    os._exit(1)


def _count(work: int) -> None:
    if _counter is not None:
        with _counter.get_lock():
            _counter.value += work


def execute(run: Run, out: Path, code: str) -> str | None:
    """Do one run and write it, with the digest of its code, to the disk; return None, or what went wrong as text."""
    trials = attempt(run)
    if isinstance(trials, str):
        return f"{run.contestant.name} on {run.problem}, seed {run.seed}: {trials}"
    _count((run.trials - len(trials)) * run.cost)  # a grid that was used up
    keep(run, out, code, trials)
    return None


def attempt(run: Run) -> list[dict[str, Any]] | str:
    """Return a run's trials, or what went wrong: in which trial, and where in somebody's sampler or problem."""
    trials: list[dict[str, Any]] = []
    try:
        for trial in search(run):
            trials.append(trial)
    except (Exception, SystemExit) as error:
        return f"in trial {len(trials)}, {story(error, HARNESS)}"
    return trials


def keep(run: Run, out: Path, code: str, trials: list[dict[str, Any]]) -> None:
    """Write a run to the disk."""
    write_json(run.path(out), {"run": asdict(run), "code": code, "trials": trials})


def search(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the trials of a run, as JSON can hold them."""
    problem = get_problem(run.problem)
    study = create_study(
        direction="minimize",
        sampler=run.contestant.sampler(problem, run.trials),
        pruner=MedianPruner(),
        seed=run.seed,
    )
    for _ in range(run.trials):
        try:
            trial, sampler_seconds = _ask(study, problem, run)
        except SearchExhausted:
            return
        asked = time.perf_counter()
        record = _evaluate(study, trial, problem, run)
        objective_seconds = time.perf_counter() - asked
        loss = math.nan if record.value is None else float(record.value)
        yield {
            "number": trial.number,
            "state": str(record.state),
            "loss": _to_json(loss),
            "params": record.params,
            "curve": {str(step): _to_json(value) for step, value in record.intermediate_values.items()},
            "sampler_seconds": sampler_seconds,
            "objective_seconds": objective_seconds,
        }
        _count(run.cost)


def _ask(study: Study, problem: Problem, run: Run) -> tuple[Trial, float]:
    """Start a trial, and return it and the seconds that this took; somebody's own sampler is watched meanwhile."""
    name, own = run.contestant.name, ":" in run.contestant.spec
    alone = _counter is not None  # a process of ours; in a worker of a cluster others may draw at the same time
    before = state_of(study._history, problem.space, alone=alone) if own else {}
    started = time.perf_counter()
    try:
        trial = study.ask(dict(problem.space))
    except SearchExhausted:
        if study._history:
            raise
        raise ValueError(f"{name}.suggest returned None, which says that nothing is left to try: no return?") from None
    seconds = time.perf_counter() - started
    if own:
        check_unchanged(name, before, state_of(study._history, trial.params, alone=alone))
    return trial, seconds


def _evaluate(study: Study, trial: Trial, problem: Problem, run: Run) -> TrialRecord:
    loss = math.nan
    for step, loss in enumerate(_losses(trial.params, problem, run), start=1):
        if problem.has_curve:
            trial.report(loss, step)
            if run.contestant.prunes and trial.should_prune():
                return study.tell(trial, state="pruned")
    # a problem's way of saying that a configuration cannot be evaluated
    return study.tell(trial, state="failed") if math.isnan(loss) else study.tell(trial, loss)


def _losses(params: dict[str, Any], problem: Problem, run: Run) -> Iterator[float]:
    """Yield the losses of a configuration, step by step; without a learning curve there is one."""
    try:
        result: Any = problem.evaluate(dict(params), run.seed)
        for value in result if problem.has_curve else (result,):
            yield as_loss(value)
    except Exception as error:
        way_out = f"where a configuration cannot be evaluated, {'yield' if problem.has_curve else 'return'} nan"
        error.add_note(f"{run.problem} was called with {params} and seed {run.seed}; {way_out}")
        raise


def read_run(run: Run, out: Path) -> list[dict[str, Any]] | None:
    """Return the trials of a finished run, or None when it is not there or was done by other code."""
    try:
        kept = json.loads(run.path(out).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if kept["run"] != asdict(run) or kept["code"] != code_of(run):
        return None
    for trial in kept["trials"]:
        trial["loss"] = from_json(trial["loss"])
    trials: list[dict[str, Any]] = kept["trials"]
    return trials


def counted(n: int, noun: str, plural: str = "s") -> str:
    """Return a number with its noun.

    >>> counted(1, "run"), counted(2, "run"), counted(2, "process", "es")
    ('1 run', '2 runs', '2 processes')
    """
    return f"{n} {noun}{plural * (n != 1)}"


def write_json(path: Path, content: Any) -> None:
    """Write a file in one piece: it is there whole or not at all, whatever happens meanwhile."""
    write_whole(path, json.dumps(content, allow_nan=False))


def _to_json(number: float) -> float | str | None:
    # JSON has neither nan nor inf.
    if math.isnan(number):
        return None
    return float(number) if math.isfinite(number) else str(float(number))


def from_json(number: float | str | None) -> float:
    """Return the number that a run's file holds.

    >>> from_json(None), from_json("-inf"), from_json(0.5)
    (nan, -inf, 0.5)
    """
    return math.nan if number is None else float(number)


def _file_name(name: str) -> str:
    safe = re.sub(r"[^\w.+-]", "_", name)
    return safe if safe == name else f"{safe}-{zlib.crc32(name.encode()):08x}"


def versions(peers: Iterable[str] = ()) -> dict[str, str]:
    """Return what the numbers were computed with: our versions, and those of the peers that took part."""
    found = {"python": platform.python_version()}
    for name in dict.fromkeys(["tpe-reference", "numpy", "scikit-learn", *peers]):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # vendored, or not installed
            found[name] = importlib.metadata.version(name)
    return found


def code_of(run: Run) -> str:
    """Return the digest of all that decides what comes out of a run."""
    addresses = (run.problem, run.contestant.spec)
    files = [file for address in addresses if (file := source_file(address)) is not None]
    peers = run.contestant.packages
    return fingerprint((*files, *[PACKAGE / "compare" / "peers.py"] * bool(peers)), peers)


@functools.cache
def fingerprint(more_files: tuple[Path, ...], peers: tuple[str, ...]) -> str:
    """Return a digest of all that decides a run's outcome: our code, the user's files, the versions.

    It is that of the session's start, also when somebody edits a file meanwhile.
    """
    digest = hashlib.sha256(json.dumps(versions(peers)).encode())
    patterns = [*CODE, *([] if peers else SAMPLERS)]
    for file in [*(path for pattern in patterns for path in sorted(PACKAGE.glob(pattern))), *more_files]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _ctrl_c_later() -> Iterator[None]:
    # A process starts with the signals held that its parent holds, so none dies of Ctrl-C, and says so at length,
    # before it can ignore it. Windows has no such thing.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    # As many processes as cores, each with as many threads as cores, would be in each other's way.
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _progress_bar(total: int, done: int) -> Iterator[Any]:
    """Give a function that is told how much work, in milliseconds by estimate, this session has done."""
    try:
        from tqdm import tqdm
    except ImportError:
        warnings.warn('no progress bar: pip install "tpe-reference[compare]" brings tqdm', stacklevel=2)
        yield lambda n: None
        return
    layout = "{percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} to go"
    with tqdm(total=total, initial=done, bar_format=layout, smoothing=0.05) as bar:
        yield lambda n: bar.update(done + n - bar.n)
