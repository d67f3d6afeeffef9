"""Workers elsewhere: processes of our own, or anybody's `concurrent.futures.Executor`. For parallel `Study.optimize`.

Processes are started one by one, as there is work for them, and each evaluates one trial at a time. So when one dies,
it is known which trial it had. Each ends by itself when this process ends, however that comes about.

Start reading at `Processes.wait`, then `_serve`, its other side.

>>> workers = Processes(abs, (), 2)
>>> workers.n
2
>>> workers.close(kill=False)
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from .loop import Caught, Outcome, evaluate
from .space import TrialState

ENOUGH = b""  # tells a process to end: closing the pipe would not, where processes inherit both ends of it
GRACE = 5.0  # seconds that a process which was asked to end may take to do so
LOOK = 0.5  # seconds between two looks at who is alive: of a dead process the pipe may be kept open by its children


def n_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Worker:
    """A process, our end of the pipe to it, and the trial that it has."""

    process: BaseProcess
    pipe: Connection
    number: int | None = None
    is_ready: bool = False  # it has said that it has started


class Processes:
    """Processes of our own; see `loop.Workers`.

    Args:
        objective: What they evaluate. Every trial gets a fresh copy of it, so that it does not matter who runs which.
        caught: The exceptions after which the search goes on.
        n: How many at most.
    """

    def __init__(self, objective: Callable[[Any], float], caught: Caught, n: int) -> None:
        self.n = n
        self._job = pickle.dumps((objective, caught))
        self._workers: list[_Worker] = []
        self._waiting: deque[int] = deque()
        self._arguments: dict[int, bytes] = {}  # of all trials taken on and not finished
        self._deaths: Counter[int] = Counter()  # of processes, by the trial that they had

    def start(self, number: int, argument: Any) -> None:
        """Take a trial on."""
        self._arguments[number] = pickle.dumps(argument)
        self._waiting.append(number)
        self._hand_out()

    def wait(self) -> dict[int, Outcome]:
        """Wait until a trial has finished, and return the outcomes of all that have, by number."""
        outcomes: dict[int, Outcome] = {}
        while not outcomes:
            wait([thing for worker in self._workers for thing in (worker.pipe, worker.process.sentinel)], LOOK)
            outcomes |= self.collect()
            self._hand_out()
        return outcomes

    def collect(self) -> dict[int, Outcome]:
        """Return the outcomes of all trials that have finished by now, without waiting."""
        outcomes: dict[int, Outcome] = {}
        for worker in list(self._workers):
            is_dead = worker.process.exitcode is not None  # before the last look at what it has sent
            try:
                while worker.pipe.poll():
                    self._receive(worker, outcomes)
            except (EOFError, OSError):  # the other end is gone
                is_dead = True
            if is_dead:
                self._bury(worker, outcomes)
        return outcomes

    def close(self, *, kill: bool) -> None:
        """Let the processes end, and wait for that."""
        for worker in self._workers:
            if kill:
                worker.process.terminate()
            else:
                with suppress(OSError):
                    worker.pipe.send_bytes(ENOUGH)
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(GRACE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()

    def _hand_out(self) -> None:
        """Give waiting trials to idle processes, and to new ones as long as there may be more."""
        idle = [worker for worker in self._workers if worker.number is None and worker.process.is_alive()]
        while self._waiting and (idle or len(self._workers) < self.n):
            worker = idle.pop() if idle else self._hire()
            worker.number = self._waiting.popleft()
            with suppress(OSError):  # where it has died this moment `wait` will notice
                worker.pipe.send_bytes(self._arguments[worker.number])

    def _hire(self) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=_serve, args=(theirs, self._job), name="tpe_reference worker")
        process.start()
        theirs.close()  # so that our end notices when the process, which has the only other copy, is gone
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _receive(self, worker: _Worker, outcomes: dict[int, Outcome]) -> None:
        message = pickle.loads(worker.pipe.recv_bytes())
        if isinstance(message, Outcome):
            assert worker.number is not None  # it only speaks when it is asked
            outcomes[worker.number] = message
            del self._arguments[worker.number]
            worker.number = None
        elif message is None:
            worker.is_ready = True
        else:
            raise TypeError(f"optimize: a worker process could not load what it was sent: {message}; {WAY_OUT}")

    def _bury(self, worker: _Worker, outcomes: dict[int, Outcome]) -> None:
        """Put the trial of a process that has died in line again, in front; for the second time it fails."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(GRACE)
        code = worker.process.exitcode
        if not worker.is_ready:
            raise RuntimeError(
                f"optimize: a worker process ended while it started (exit code {code}); in a script, the lines that "
                'start the search must be under `if __name__ == "__main__":`, for every worker reads the script'
            )
        number, worker.number = worker.number, None
        if number is None:
            return
        self._deaths[number] += 1
        if self._deaths[number] == 1:
            self._waiting.appendleft(number)
        else:
            text = f"its worker process died twice, at last with exit code {code}"
            outcomes[number] = Outcome(TrialState.FAILED, error=text + " (killed: out of memory?)" * (code == -9))
            del self._arguments[number]


def _serve(pipe: Connection, job: bytes) -> None:
    """Be a worker process: evaluate the objective in the job for each argument that comes, until no more will."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides what to do about it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not what the parent may have put in its place
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send_bytes(pickle.dumps(None))
    while True:
        argument = pipe.recv_bytes()
        if argument == ENOUGH:
            return
        try:
            arguments = (*pickle.loads(job), pickle.loads(argument))
        except Exception as error:
            pipe.send_bytes(pickle.dumps(f"{type(error).__name__}: {error}"))
            return
        pipe.send_bytes(pickle.dumps(evaluate_elsewhere(*arguments)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    # Under fork, processes that others have started may keep open what tells that the parent is gone: hence the look
    # at whose child this process is now. (Elsewhere that is not the parent's, but there nothing is inherited.)
    of = os.getppid()
    while parent is not None and parent.is_alive() and os.getppid() == of:
        parent.join(LOOK)
    os._exit(1)


class Executor:
    """Somebody's executor; see `loop.Workers`. What it runs it makes known as its own `concurrent.futures.Future`."""

    def __init__(
        self, objective: Callable[[Any], float], caught: Caught, executor: concurrent.futures.Executor, n_jobs: int
    ) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise TypeError(
                f"optimize: executor must have a method submit, got {executor!r}; ThreadPoolExecutor(4) has"
            )
        n = n_jobs if n_jobs > 1 else getattr(executor, "_max_workers", None)
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"optimize: {executor!r} does not tell how many workers it has; say so, as in n_jobs=4")
        self.n = n
        self._executor, self._objective, self._caught = executor, objective, caught
        is_here = isinstance(executor, concurrent.futures.ThreadPoolExecutor)
        self._evaluate = evaluate if is_here else evaluate_elsewhere
        self._futures: dict[concurrent.futures.Future[Outcome], int] = {}

    def start(self, number: int, argument: Any) -> None:
        """Take a trial on."""
        future = self._executor.submit(self._evaluate, self._objective, self._caught, argument)
        self._futures[future] = number

    def wait(self) -> dict[int, Outcome]:
        """Wait until a trial has finished, and return the outcomes of all that have, by number."""
        concurrent.futures.wait(self._futures, return_when=concurrent.futures.FIRST_COMPLETED)
        return self.collect()

    def collect(self) -> dict[int, Outcome]:
        """Return the outcomes of all trials that have finished by now, without waiting."""
        done = [future for future in self._futures if future.done()]
        outcomes = {self._futures.pop(future): self._outcome(future) for future in done}
        return dict(sorted(outcomes.items()))

    def _outcome(self, future: concurrent.futures.Future[Outcome]) -> Outcome:
        """What came of a trial; where the executor itself went wrong, that is the trial's error."""
        try:
            return future.result()
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            return Outcome(TrialState.FAILED, error=text, exception=error, caught=isinstance(error, self._caught))

    def close(self, *, kill: bool) -> None:
        """Take back what has not begun; the executor itself is its owner's to shut down."""
        for future in self._futures:
            future.cancel()


WAY_OUT = (
    "define it at the top level of a module that can be imported, or use threads: "
    "executor=concurrent.futures.ThreadPoolExecutor(4)"
)


def is_process_pool(executor: object) -> bool:
    """Whether it is known to send what it runs to other processes by pickling."""
    return isinstance(executor, concurrent.futures.ProcessPoolExecutor)


def check_picklable(*things: object) -> None:
    """Raise TypeError for what cannot be sent to another process."""
    for thing in things:
        try:
            pickle.dumps(thing)
        except Exception as error:
            raise TypeError(f"optimize: {thing!r} cannot be sent to another process ({error}): {WAY_OUT}") from error


def evaluate_elsewhere(objective: Callable[[Any], float], caught: Caught, argument: Any) -> Outcome:
    """Evaluate the objective, and return an outcome that can be sent back whatever it holds."""
    outcome = evaluate(objective, caught, argument)
    if outcome.exception is not None:
        outcome.exception = _portable(outcome.exception)
    attrs = (outcome.found or {}).get("user_attrs", {})
    for key, value in list(attrs.items()):
        try:
            pickle.loads(pickle.dumps(value))
        except Exception as error:  # all else that the trial found is kept
            del attrs[key]
            text = f"user_attrs[{key!r}] cannot be sent to another process: {error}"
            if outcome.exception is None:
                outcome.exception, outcome.caught = TypeError(text), issubclass(TypeError, caught)
    return outcome


def _portable(error: BaseException) -> BaseException:
    """Return an exception, or where it cannot be sent another in its place, with a note that says where it arose."""
    lines = "".join(traceback.format_exception(error))
    try:
        again: Any = pickle.loads(pickle.dumps(error))
    except Exception:
        again = None
    if not isinstance(again, BaseException):
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"Raised in a worker process:\n{lines}")
    return error
