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
import time
import traceback
import warnings
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from .interrupts import uninterrupted
from .loop import Caught, Outcome, describe, evaluate
from .space import TrialState

ENOUGH = b""  # tells a process to end: closing the pipe would not, where processes inherit both ends of it
GRACE = 5.0  # seconds that processes which were asked to end may take to do so, all together
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
        self._outcomes: dict[int, Outcome] = {}  # that nobody has been told of yet

    def start(self, number: int, argument: Any) -> None:
        """Take a trial on."""
        self._arguments[number] = pickle.dumps(argument)
        self._waiting.append(number)
        with suppress(OSError):  # where there is no process, and none can be started, `wait` tries again
            self._hand_out()

    def wait(self) -> dict[int, Outcome]:
        """Wait until a trial has finished, and return the outcomes of all that have, by number."""
        while not self._outcomes:
            wait([thing for worker in self._workers for thing in (worker.pipe, worker.process.sentinel)], LOOK)
            self._look()
            try:
                self._hand_out()
            except OSError as error:
                number = self._waiting.popleft()
                del self._arguments[number]
                self._outcomes[number] = Outcome(TrialState.FAILED, error=describe(error), exception=error)
        return self._news()

    def collect(self) -> dict[int, Outcome]:
        """Return the outcomes of all trials that have finished by now, without waiting."""
        self._look()
        return self._news()

    def close(self, *, kill: bool) -> None:
        """Let the processes end, and wait for that."""
        workers, self._workers = self._workers, []
        try:
            for worker in workers:
                if kill:
                    worker.process.terminate()
                else:
                    with suppress(OSError):
                        worker.pipe.send_bytes(ENOUGH)
                worker.pipe.close()
            deadline = time.monotonic() + GRACE
            for worker in workers:
                worker.process.join(max(0.0, deadline - time.monotonic()))
        finally:  # also when Ctrl-C is pressed again, out of impatience with those that take no notice
            for worker in workers:
                worker.process.kill()  # which does nothing to those that have ended
            for worker in workers:
                worker.process.join()

    def _look(self) -> None:
        """Take in what the processes have sent."""
        for worker in list(self._workers):
            is_dead = worker.process.exitcode is not None  # before the last look at what it has sent
            try:
                while worker.pipe.poll():
                    with uninterrupted():  # what has left the pipe is nowhere else
                        self._receive(worker)
            except (EOFError, OSError):  # the other end is gone
                is_dead = True
            if is_dead:
                self._bury(worker)

    def _news(self) -> dict[int, Outcome]:
        outcomes, self._outcomes = self._outcomes, {}
        return outcomes

    def _hand_out(self) -> None:
        """Give waiting trials to idle processes, and to new ones as long as there may be more."""
        idle = [worker for worker in self._workers if worker.number is None and worker.process.is_alive()]
        while self._waiting and (idle or len(self._workers) < self.n):
            try:
                worker = idle.pop() if idle else self._hire()
            except OSError:  # there is no memory for another process, say
                if self._workers:
                    break  # those that there are will come to it
                raise
            worker.number = self._waiting.popleft()
            with suppress(OSError):  # where it has died this moment `wait` will notice
                worker.pipe.send_bytes(self._arguments[worker.number])

    def _hire(self) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        # Under fork a process inherits our ends of all the pipes. It closes them, or it would never see one closed.
        inherits = multiprocessing.get_start_method() == "fork"
        not_theirs = [ours, *(worker.pipe for worker in self._workers)] if inherits else []
        arguments = (theirs, self._job, not_theirs)
        process = multiprocessing.Process(target=_serve, args=arguments, name="tpe_reference worker")
        with uninterrupted():  # in the middle of a fork Python would swallow Ctrl-C
            process.start()
            theirs.close()  # so that our end notices when the process, which has the only other copy, is gone
            self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _receive(self, worker: _Worker) -> None:
        message = pickle.loads(worker.pipe.recv_bytes())
        if isinstance(message, Parcel):
            assert worker.number is not None  # it only speaks when it is asked
            self._outcomes[worker.number] = message.unpack()
            del self._arguments[worker.number]
            worker.number = None
        elif message is None:
            worker.is_ready = True
        else:
            raise TypeError(f"optimize: a worker process could not load what it was sent: {message}; {WAY_OUT}")

    def _bury(self, worker: _Worker) -> None:
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
            self._outcomes[number] = Outcome(TrialState.FAILED, error=text + " (killed: out of memory?)" * (code == -9))
            del self._arguments[number]


def _serve(pipe: Connection, job: bytes, not_ours: list[Connection]) -> None:
    """Be a worker process: evaluate the objective in the job for each argument that comes, until no more will."""
    for end in not_ours:
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides what to do about it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not what the parent may have put in its place
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send_bytes(pickle.dumps(None))
    while True:
        try:
            argument = pipe.recv_bytes()
        except (EOFError, OSError):  # the parent has closed its end, the second where it had not read what was sent
            return
        if argument == ENOUGH:
            return
        try:
            arguments = (*pickle.loads(job), pickle.loads(argument))
        except Exception as error:
            pipe.send_bytes(pickle.dumps(describe(error)))
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
    """Somebody's executor; see `loop.Workers`.

    It needs a method ``submit(function, *arguments)`` that returns `concurrent.futures.Future` objects and, unless it
    runs in this process, pickles. How many workers it has is read from ``_max_workers`` (the pools of the standard
    library, loky) or asked of the cluster (dask); otherwise n_jobs says it.

    Args:
        objective: What it evaluates.
        caught: The exceptions after which the search goes on.
        executor: Whose it is to shut down is not ours to say.
        n_jobs: How many trials at once, if more than 1.
    """

    def __init__(
        self, objective: Callable[[Any], float], caught: Caught, executor: concurrent.futures.Executor, n_jobs: int
    ) -> None:
        if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
            raise TypeError(
                f"optimize: executor must be an object with a method submit, got {executor!r}; try ThreadPoolExecutor()"
            )
        client = getattr(executor, "_client", None)
        self._cluster = client if type(executor).__module__.startswith("distributed.") else None
        self.n = n_jobs if n_jobs > 1 else self._count(executor)
        self._executor, self._objective, self._caught = executor, objective, caught
        is_here = isinstance(executor, concurrent.futures.ThreadPoolExecutor)
        self._evaluate: Callable[..., Outcome | Parcel] = evaluate if is_here else evaluate_elsewhere
        # Of two calls with equal arguments dask makes one, unless it is told that a function is not pure.
        self._options = {} if self._cluster is None else {"pure": False}
        self._futures: dict[concurrent.futures.Future[Outcome | Parcel], int] = {}
        self._has_warned = False

    def _count(self, executor: object) -> int:
        n = getattr(executor, "_max_workers", None)
        if self._cluster is not None:
            n = sum(self._cluster.nthreads().values())
            if n == 0:
                raise ValueError(
                    f"optimize: the cluster of {self._cluster!r} has no workers yet; wait for them with "
                    "client.wait_for_workers(4), or say how many trials shall run at once, as in n_jobs=4"
                )
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"optimize: {executor!r} does not tell how many workers it has; say so, as in n_jobs=4")
        return n

    def start(self, number: int, argument: Any) -> None:
        """Take a trial on."""
        future = self._executor.submit(self._evaluate, self._objective, self._caught, argument, **self._options)
        self._futures[future] = number

    def wait(self) -> dict[int, Outcome]:
        """Wait until a trial has finished, and return the outcomes of all that have, by number."""
        look = None if self._cluster is None or self._has_warned else 2 * GRACE
        while not concurrent.futures.wait(self._futures, look, concurrent.futures.FIRST_COMPLETED).done:
            if not self._has_warned and not self._cluster.scheduler_info()["workers"]:  # type: ignore[union-attr]
                warnings.warn("optimize: the dask cluster has no workers left; waiting for new ones", stacklevel=6)
                self._has_warned, look = True, None
        return self.collect()

    def collect(self) -> dict[int, Outcome]:
        """Return the outcomes of all trials that have finished by now, without waiting."""
        outcomes = {number: self._outcome(future) for future, number in self._futures.items() if future.done()}
        # Last, for Ctrl-C may have come before: what a future has is not lost as long as it is known.
        self._futures = {future: number for future, number in self._futures.items() if number not in outcomes}
        return dict(sorted(outcomes.items()))

    def _outcome(self, future: concurrent.futures.Future[Outcome | Parcel]) -> Outcome:
        """What came of a trial; where the executor itself went wrong, that is the trial's error."""
        try:
            result = future.result()
        except Exception as error:
            text = describe(error)
            if type(error).__name__ == "KilledWorker":  # dask's, after several of them: as with processes of our own
                return Outcome(TrialState.FAILED, error=text)
            return Outcome(TrialState.FAILED, error=text, exception=error, caught=isinstance(error, self._caught))
        return result.unpack() if isinstance(result, Parcel) else result

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


@dataclass
class Parcel:
    """An outcome that can be sent whatever it holds: a part that one of the two sides does not know is lost alone.

    Attributes:
        outcome: Without what may not arrive.
        found: What the trial has become, but for its user attributes.
        attrs: These, each by itself; where one cannot be sent, the reason.
        exception: What the objective raised, where it can be sent; without it the outcome's error tells.
        note: Where it was raised.
        catches_type_error: Whether the search goes on after a user attribute that did not arrive.
    """

    outcome: Outcome
    found: bytes | None
    attrs: dict[str, bytes | str]
    exception: bytes | None
    note: str | None
    catches_type_error: bool

    def unpack(self) -> Outcome:
        """Return the outcome with all that can be loaded here."""
        outcome = self.outcome
        if self.note is not None:
            outcome.exception = self._exception()
            outcome.exception.add_note(self.note)
        if self.found is None:
            return outcome
        try:
            outcome.found = pickle.loads(self.found)
        except Exception as error:  # a choice, say, of a class that lives there alone
            return Outcome(TrialState.FAILED, error=f"what it found cannot be loaded: {describe(error)}")
        outcome.found["user_attrs"] = {}
        for key, value in self.attrs.items():
            try:
                outcome.found["user_attrs"][key] = pickle.loads(_sent(value))
            except Exception as error:  # all else that the trial found is kept
                if outcome.exception is None:
                    outcome.exception = TypeError(f"user_attrs[{key!r}] cannot be sent to another process: {error}")
                    outcome.caught = self.catches_type_error
        return outcome

    def _exception(self) -> BaseException:
        try:
            error = pickle.loads(self.exception or b"")
        except Exception:
            error = None
        return error if isinstance(error, BaseException) else RuntimeError(self.outcome.error)


def _sent(value: bytes | str) -> bytes:
    if isinstance(value, str):
        raise TypeError(value)
    return value


def evaluate_elsewhere(objective: Callable[[Any], float], caught: Caught, argument: Any) -> Parcel:
    """Evaluate the objective, and return an outcome that can be sent back whatever it holds."""
    outcome = evaluate(objective, caught, argument)
    error, found, attrs = outcome.exception, outcome.found, dict[str, bytes | str]()
    outcome.exception = outcome.found = None
    for key, value in (found or {}).pop("user_attrs", {}).items():
        try:
            attrs[key] = pickle.dumps(value)
        except Exception as problem:
            attrs[key] = str(problem)
    exception = note = None
    if error is not None:
        note = "Raised in a worker process:\n" + "".join(traceback.format_exception(error))
        with suppress(Exception):
            exception = pickle.dumps(error)
    packed = None if found is None else pickle.dumps(found)
    return Parcel(outcome, packed, attrs, exception, note, issubclass(TypeError, caught))
