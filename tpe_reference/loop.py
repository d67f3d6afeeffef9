"""The loop behind `Study.optimize`: ask, evaluate, tell, until there is a reason to stop.

One loop serves all. *Workers* evaluate the objective: in this process, one trial after the other, or elsewhere
(`workers`), several at once. The loop keeps as many trials under way as there are workers, and closes each when it has
finished; in a reproducible run it does so in the order of their numbers, so that nothing depends on who is faster.

Start reading at `Loop.run`; `evaluate` is what a worker does.

>>> from tpe_reference import create_study
>>> study = create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, until=200, target=0.01)
>>> study.best_value <= 0.01
True
"""

from __future__ import annotations

import gc
import math
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .space import Domain, TrialState
from .study import FinishedElsewhereError, NotYet, SearchExhausted, Study, as_space, forgotten
from .trial import Trial, TrialPruned, TrialRecord, as_number, is_whole, only

LOOK = 0.1  # seconds between two looks at what other processes have done

Caught = tuple[type[Exception], ...]
Callback = Callable[[Study, TrialRecord], None]


@dataclass
class Outcome:
    """What came of evaluating an objective once.

    Attributes:
        state: Complete, pruned or failed.
        value: nan when there is none.
        error: Why it failed.
        exception: What the objective raised.
        caught: Whether the search goes on all the same.
        found: What the trial has become, when it was a detached one; see `Trial._found`.
    """

    state: TrialState
    value: float = math.nan
    error: str | None = None
    exception: BaseException | None = None
    caught: bool = False
    found: dict[str, Any] | None = None


def evaluate(objective: Callable[[Any], float], caught: Caught, argument: Any) -> Outcome:
    """Evaluate the objective once and return what came of it, whatever it raises."""
    try:
        value = objective(argument)
    except TrialPruned:
        outcome = Outcome(TrialState.PRUNED, argument._last_report() if isinstance(argument, Trial) else math.nan)
    except BaseException as error:  # Ctrl-C as well: no trial may be left running
        outcome = Outcome(TrialState.FAILED, error=describe(error), exception=error, caught=isinstance(error, caught))
    else:
        number, problem = as_number(only(value), nan=False)
        outcome = Outcome(TrialState.COMPLETE, number)
        if problem is not None:
            outcome = Outcome(TrialState.FAILED, error=f"its value {problem}")
    if isinstance(argument, Trial):
        if _is_pruning(outcome, argument):
            outcome = Outcome(TrialState.PRUNED, argument._last_report())
        if argument._is_detached:
            outcome.found = argument._found()
    return outcome


def _is_pruning(outcome: Outcome, trial: Trial) -> bool:
    """Whether a trial that seems to have failed was pruned.

    A callback has raised `TrialPruned`, and something between it and the study took that for an error. scikit-learn's
    cross_val_score and its like do so: the mean over the folds is nan then, or an error quotes those of all folds. Any
    other error is one.
    """
    if outcome.error is None or trial._pruning is None:
        return False
    return outcome.exception is None or trial._pruning in outcome.error


def describe(error: BaseException) -> str:
    """Return the class and the text of an exception, also of one whose text cannot be had."""
    try:
        return f"{type(error).__name__}: {error}".removesuffix(": ")  # many have no text
    except Exception as another:
        return f"{type(error).__name__} (whose text raises {type(another).__name__})"


class Workers(Protocol):
    """Who evaluates objectives. Two kinds are in `workers`, the third is `HereAndNow`."""

    @property
    def n(self) -> int:
        """How many trials they evaluate at once."""
        ...

    def start(self, number: int, argument: Any) -> None:
        """Take a trial on: its number, and the argument for the objective. It may have to wait for its turn."""
        ...

    def wait(self) -> dict[int, Outcome]:
        """Wait until a trial has finished, and return the outcomes of all that have, by number."""
        ...

    def collect(self) -> dict[int, Outcome]:
        """Return the outcomes of all trials that have finished by now, without waiting."""
        ...

    def close(self, *, kill: bool) -> None:
        """Let the workers go; with ``kill`` also those that are at work."""
        ...


class HereAndNow:
    """The only worker there is without parallelism: the caller's own thread."""

    n = 1

    def __init__(self, objective: Callable[[Any], float], caught: Caught) -> None:
        self._objective, self._caught = objective, caught
        self._waiting: deque[tuple[int, Any]] = deque()

    def start(self, number: int, argument: Any) -> None:
        """Put a trial in line."""
        self._waiting.append((number, argument))

    def wait(self) -> dict[int, Outcome]:
        """Evaluate the first in line."""
        number, argument = self._waiting.popleft()
        return {number: evaluate(self._objective, self._caught, argument)}

    def collect(self) -> dict[int, Outcome]:
        """Nothing has finished that `wait` has not returned."""
        return {}

    def close(self, *, kill: bool) -> None:
        """There is nobody to send home."""


class StopRules:
    """Patience and target: whether the trials seen so far are enough. A function of the trials in their order."""

    def __init__(self, sign: float, patience: int | None, target: float | None) -> None:
        self._sign, self._patience = sign, patience
        self._target = -math.inf if target is None else sign * target
        self._has_target = target is not None
        self._best = math.inf  # loss
        self._since = 0  # trials since it became the best
        self.n_seen = 0

    def see(self, record: TrialRecord) -> None:
        """Count one more finished trial."""
        self.n_seen += 1
        self._since += 1
        if record.state == TrialState.COMPLETE and record.value is not None and math.isfinite(record.value):
            loss = self._sign * record.value
            if loss < self._best:
                self._best, self._since = loss, 0

    def enough(self) -> bool:
        """Whether to start no more trials."""
        has_waited = self._patience is not None and self._since >= self._patience
        return has_waited or (self._has_target and self._best <= self._target)


class Loop:
    """One run of `Study.optimize`."""

    def __init__(
        self,
        study: Study,
        workers: Workers,
        rules: StopRules,
        *,
        limits: tuple[float, float, float],
        space: Mapping[str, Domain] | None,
        lag: int | None,
        callbacks: tuple[Callback, ...],
    ) -> None:
        self.study, self.workers, self.rules, self.callbacks = study, workers, rules, callbacks
        self.n_trials, self.until, self.deadline = limits  # more trials, trials in all, a moment; infinite for none
        self.space, self.lag = space, lag
        # How many trials are under way at once. Those of a shared study are under way in other processes as well.
        self.window = workers.n if lag is None or study._is_shared else lag
        self.open: dict[int, Trial] = {}  # asked for and not closed yet, by number
        self.outcomes: dict[int, Outcome] = {}  # of those of them that have finished
        self.n_started = 0
        self.exhausted = False
        self.has_to_wait = False  # for trials that are under way in other processes
        self.error: BaseException | None = None  # the first: ends the search once all that is under way has finished

    def run(self) -> None:
        """Start trials and close them, until there is a reason to start no more and none is open."""
        try:
            while True:
                self._fill()
                if not self.open:
                    if not self.has_to_wait:
                        break
                    time.sleep(LOOK)
                    continue
                number = self._wait()
                try:
                    self._close(number)
                except (Exception, SystemExit) as error:
                    self._postpone(error)
        finally:  # whatever is open now was interrupted
            self._give_up()
        if self.error is not None:
            raise self.error

    def _postpone(self, error: BaseException) -> None:
        """Keep the first error for later: other trials are under way, and their results shall not be lost."""
        if self.error is None:
            self.error = error

    def _fill(self) -> None:
        """Start as many trials as may be under way."""
        while len(self.open) < self.window:
            try:
                trial = self._next()
            except Exception as error:
                self._postpone(error)
                break
            if trial is None:
                break
            try:
                self.workers.start(trial.number, self._argument(trial))
            except Exception as error:  # it cannot be evaluated, which is no reason to lose those under way
                del self.open[trial.number]
                self._tell(trial, Outcome(TrialState.FAILED, error=describe(error)))
                self._postpone(error)

    def _next(self) -> Trial | None:
        """Ask for a trial, unless there is a reason not to."""
        self.has_to_wait = False
        if self.error is not None or self.exhausted or self.study._stopping:
            return None
        if self.n_started >= self.n_trials or time.monotonic() >= self.deadline:
            return None
        try:
            trial = self.study._ask(self.space, self.lag, self._is_wanted, self.open)
        except SearchExhausted:
            self.exhausted = True
            return None
        except NotYet:
            self.has_to_wait = True
            return None
        if trial is not None:
            self.open[trial.number] = trial
            self.n_started += 1
        return trial

    def _is_wanted(self, number: int) -> bool:
        return number < self.until and not self._seen_enough(number)

    def _seen_enough(self, number: int) -> bool:
        """Whether patience is at its end or the target reached, as far as the trial of this number may know."""
        finished = self.study._finished
        known = finished[self.rules.n_seen :] if self.lag is None else range(self.rules.n_seen, number - self.lag + 1)
        for other in known:
            record = self.study._trials[other]
            if isinstance(record, Trial):  # the loop's own are closed by now
                raise forgotten(other)
            self.rules.see(record)
        return self.rules.enough()

    def _argument(self, trial: Trial) -> Any:
        """What the objective gets: parameters, the trial itself, or one that knows what the trial may know now."""
        if self.space is not None:
            return trial.params
        is_alone = isinstance(self.workers, HereAndNow) and self.lag in (None, 1)
        return trial if is_alone else self.study._detached(trial)

    def _wait(self) -> int:
        """Wait for the trial to be closed next: any that has finished, or, with a lag, the oldest."""
        while True:
            if self.lag is not None and min(self.open) in self.outcomes:
                return min(self.open)
            if self.lag is None and self.outcomes:
                return next(iter(self.outcomes))
            self.outcomes.update(self.workers.wait())

    def _close(self, number: int) -> None:
        """Tell the study what came of a trial, and the callbacks that it has finished."""
        from .logging import log_trial  # here, for Python's logging takes longer to import than this package

        outcome = self.outcomes[number]
        try:
            record = self._tell(self.open[number], outcome)
        except KeyboardInterrupt:
            raise  # what came of it is not forgotten: `_give_up` tells it
        except BaseException:
            del self.open[number], self.outcomes[number]
            raise
        del self.open[number], self.outcomes[number]
        log_trial(self.study, record)
        if outcome.exception is not None and not outcome.caught:
            raise outcome.exception
        if outcome.state == TrialState.FAILED:
            warnings.warn(f"trial {number} failed: {record.error}", stacklevel=5)  # the line that calls optimize
        elif outcome.exception is not None:  # something that it found could not be sent
            warnings.warn(f"trial {number}: {outcome.exception}", stacklevel=5)
        for callback in self.callbacks:
            callback(self.study, record)

    def _tell(self, trial: Trial, outcome: Outcome) -> TrialRecord:
        study = self.study
        with study._lock:
            news = [] if outcome.found is None else study._adopt(trial, outcome.found)
            known = study._trials[trial.number]
            if isinstance(known, TrialRecord) and outcome.exception is not None:
                return known  # told by the objective itself, which then went wrong
            try:
                if not study._is_shared:
                    study._check_open(trial)
                record = study._finish(trial, outcome.state, outcome.value, outcome.error)
                news += study._pop_news()
            except FinishedElsewhereError as error:  # by somebody's tell(number, ...), say
                news.append(f"optimize: {error}; {outcome.value!r} is not kept")
                known = study._trials[trial.number]
                assert isinstance(known, TrialRecord)  # it is finished
                record = known
        for text in news:  # once the trial is kept, for where warnings are errors it ends here
            warnings.warn(text, stacklevel=6)  # the line that calls optimize
        return record

    def _give_up(self) -> None:
        """Send the workers home; keep what has finished, and let no trial stay open."""
        try:
            self._send_home()
        finally:
            for number, trial in self.open.items():
                if trial._outcome is None:
                    try:
                        self._tell(trial, self.outcomes.get(number) or Outcome(TrialState.FAILED, error="interrupted"))
                    except Warning:  # where warnings are errors
                        pass
                    except Exception as error:  # the other trials have to be told as well
                        self._postpone(error)

    def _send_home(self) -> None:
        try:
            if self.open:  # of those that have finished since the last look nothing is to be lost
                self.outcomes |= self.workers.collect()
        finally:  # it raises where a second worker cannot load what it was sent
            self.workers.close(kill=bool(self.open))


def optimize(
    study: Study,
    objective: Callable[[Any], float],
    *,
    n_trials: int | None,
    timeout: float | None,
    n_jobs: int,
    catch: type[Exception] | Iterable[type[Exception]],
    callbacks: Iterable[Callback] | None,
    gc_after_trial: bool,
    show_progress_bar: bool,
    until: int | None,
    patience: int | None,
    target: float | None,
    space: Mapping[str, Any] | None,
    executor: Any,
    reproducible: bool | int,
) -> None:
    """Do what `Study.optimize` says: check its arguments, find the workers, run the loop."""
    if not is_whole(reproducible) and not isinstance(reproducible, bool):
        raise ValueError(f"optimize: reproducible must be True, False or a whole number, got {reproducible!r}")
    if not isinstance(reproducible, bool):
        _check_whole("reproducible", reproducible, 1)
    for name, number, least in (("n_trials", n_trials, 0), ("until", until, 0), ("patience", patience, 1)):
        _check_whole(name, number, least)
    if timeout is not None and not (isinstance(timeout, (int, float, np.number)) and timeout >= 0):
        raise ValueError(f"optimize: timeout must be a number of seconds of at least 0 or None, got {timeout!r}")
    if target is not None and as_number(target, nan=False)[1]:
        raise ValueError(f"optimize: target must be a number or None, got {target!r}")
    declared = None if space is None else as_space(space, "optimize")
    caught, called = _check_functions(objective, callbacks, catch)
    workers = _find_workers(study, objective, caught, n_jobs, executor)
    limits = (
        math.inf if n_trials is None else n_trials,
        math.inf if until is None else until,
        math.inf if timeout is None else time.monotonic() + timeout,
    )
    rules = StopRules(study._sign, patience, target)
    if gc_after_trial:
        called = (_collect_garbage, *called)
    with _running(study, bool(reproducible)), _progress_bar(show_progress_bar, study, *limits[:2]) as bar:
        lag = _find_lag(study, workers.n, reproducible) if reproducible else None
        if bar is not None:
            called = (*called, lambda study, record: bar.update())
        loop = Loop(study, workers, rules, limits=limits, space=declared, lag=lag, callbacks=called)
        loop.run()


def _find_workers(
    study: Study, objective: Callable[[Any], float], caught: Caught, n_jobs: Any, executor: Any
) -> Workers:
    if not is_whole(n_jobs) or (n_jobs < 1 and n_jobs != -1):
        raise ValueError(f"optimize: n_jobs must be a whole number of at least 1, or -1 for all cores, got {n_jobs!r}")
    if n_jobs == 1 and executor is None:
        return HereAndNow(objective, caught)
    from . import workers  # takes longer to import than the rest of the package

    if executor is None or workers.is_process_pool(executor):
        workers.check_picklable(objective, caught, study.sampler, study.pruner)
    if executor is not None:
        return workers.Executor(objective, caught, executor, n_jobs)
    return workers.Processes(objective, caught, workers.n_cores() if n_jobs == -1 else n_jobs)


def _find_lag(study: Study, n_workers: int, reproducible: int) -> int | None:
    """Return the lag of a reproducible run, which the study keeps; None where 1 is no lag."""
    wanted = n_workers if reproducible is True else reproducible
    if study.lag is None:
        study._set_lag(wanted)
    lag = study.lag
    assert lag is not None  # now
    if n_workers > lag or wanted > lag:
        n = max(n_workers, wanted)
        raise ValueError(
            f"optimize: this study is reproducible with {lag} trials under way at once, so that {n} workers cannot be "
            f"used; take at most {lag} (n_jobs), or leave reproducible out"
        )
    return lag if lag > 1 or study._is_shared else None


@contextmanager
def _running(study: Study, alone: bool) -> Iterator[None]:
    """Note that a loop is running; several may, in several threads or one inside another's objective."""
    with study._lock:
        study._check_process("optimize")
        if alone and study._n_optimizing:
            raise RuntimeError("optimize: reproducible=True needs the study for itself; another optimize is running")
        study._stopping = study._stopping and study._n_optimizing > 0
        study._n_optimizing += 1
        study._process = os.getpid()
    try:
        yield
    finally:
        with study._lock:
            study._n_optimizing -= 1


def _collect_garbage(study: Study, record: TrialRecord) -> None:
    gc.collect()


def _check_whole(name: str, number: Any, least: int) -> None:
    if number is not None and not (is_whole(number) and number >= least):
        raise ValueError(f"optimize: {name} must be a whole number of at least {least} or None, got {number!r}")


def _check_functions(objective: Any, callbacks: Any, catch: Any) -> tuple[Caught, tuple[Callback, ...]]:
    """Return what to catch and what to call."""
    caught = (catch,) if isinstance(catch, type) or not isinstance(catch, Iterable) else tuple(catch)
    if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in caught):
        raise TypeError(f"optimize: catch must be a subclass of Exception or several, got {catch!r}")
    is_one = callable(callbacks) or not isinstance(callbacks, Iterable | None)
    called = (callbacks,) if is_one else tuple(callbacks or ())
    for function in (objective, *called):
        if not callable(function):
            raise TypeError(f"optimize: objective and callbacks must be functions, got {function!r}")
    return caught, called


def _progress_bar(show: bool, study: Study, n_trials: float, until: float) -> Any:
    if not show:
        return nullcontext()
    try:
        from tqdm.auto import tqdm  # optional
    except ImportError:
        warnings.warn('no progress bar without tqdm: pip install tqdm (or "tpe-reference[compare]")', stacklevel=4)
        return nullcontext()
    total = min(n_trials, max(0, until - len(study.trials)))
    return tqdm(total=total if math.isfinite(total) else None, unit="trial")
