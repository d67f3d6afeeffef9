"""Studies: everything around an algorithm. A `Study` keeps the history, asks the sampler, and is told what came out.

A sampler is a pure function of the history, so all that a study has to remember is the list of trials. It hands
that one list, unchanged and never copied, to every call. What a user says in *values*, to be minimised or
maximised, becomes *losses* here, and only here: inside samplers and pruners lower is always better.

How an objective that names its parameters as it runs ("define by run") meets a function of a whole space
    A parameter that every complete or pruned trial has named, with the same domain, is *joint*: at the start of a
    trial the sampler is asked for all of those together. Any other is asked for by itself, when the objective
    names it. So a branch is estimated from the trials that went there, and a conditional space needs no type of
    its own. A name whose domain changes is asked for by itself from then on.

Start reading at `Study.optimize`, which is `Study.ask` and `Study.tell` in a loop.

>>> study = create_study(direction="maximize", seed=1)
>>> trial = study.ask({"x": Float(0, 1), "kernel": Categorical(["linear", "rbf"])})
>>> study.tell(trial, trial.params["x"]).state
<TrialState.COMPLETE: 'complete'>
>>> study.best_params == trial.params
True
"""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from copy import deepcopy as deep_copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .pruners import MedianPruner, Pruner
from .samplers import Sampler
from .space import Categorical, Domain, Float, FrozenTrial, Int, TrialState
from .trial import Trial, TrialRecord, as_number, check_name, domain_of, is_whole, member, only, plain_record

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

T = TypeVar("T")


class SearchExhausted(Exception):  # noqa: N818  # a signal, not an error
    """Raised by `Study.ask` when the sampler has nothing left to try, as a grid does in the end."""


class FinishedElsewhereError(ValueError):
    """Raised when a trial of a shared study has been finished by another process meanwhile."""


class NotYet(Exception):  # noqa: N818  # a signal, not an error
    """Raised by a shared study in a reproducible run: the next trial has to wait for some that run elsewhere."""


def forgotten(number: int) -> RuntimeError:
    """Return the error for an open trial that would hold up a reproducible run for ever."""
    return RuntimeError(
        f"optimize: reproducible=True needs the study for itself, and trial {number} is open that this run did not "
        f"ask for; finish it first, as in tell({number}, state='failed')"
    )


def trial_rng(seed: int, number: int) -> np.random.Generator:
    """Return the generator of a trial: made of the study's seed and the trial's number, and of nothing else.

    So trial 17 can be drawn without the 16 before it, on any machine, and is the same. (A list of the two numbers as
    the seed would not do: for numpy, [5, 0] is the seed 5.)
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


class StudyDirection(StrEnum):
    """What is better, lower values or higher. A member equals its name as text."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True)
class StudyContents:
    """All that a study consists of, but for the sampler and the pruner, which are code: what a file has to hold.

    Everything else that a study knows (which parameters are joint, whose domain varies, the history) follows from it:
    ``Study._restore(study._contents(), sampler, pruner)`` goes on as the study would have.

    Attributes:
        direction: "minimize" or "maximize".
        seed: What the chance of every trial is drawn from, together with the trial's number.
        study_name: Any name, or None.
        user_attrs: What `Study.set_user_attr` noted.
        queue: The enqueued trials whose turn has not come: the "params" and "user_attrs" of each.
        lag: See `Study`.
        trials: The records, by number. One that is running here is failed, as "interrupted", in a restored study.
        given: By number, for the last few trials of a reproducible parallel run: the parameters that the trial had
            at its start. It is finished, but the next trials may not know it yet, and see it as running with these.
    """

    direction: str
    seed: int
    study_name: str | None = None
    user_attrs: dict[str, Any] = field(default_factory=dict)
    queue: list[dict[str, Any]] = field(default_factory=list)
    lag: int | None = None
    trials: list[TrialRecord] = field(default_factory=list)
    given: dict[int, dict[str, Any]] = field(default_factory=dict)


class Study:
    """One search: a history, the sampler and the pruner that read it, and the direction of the values.

    Use `create_study`. All methods may be called from several threads at once.

    Attributes:
        lag: How many trials a reproducible parallel run has under way at once, see `optimize`; None before the first
            such run. Trial n of one knows what came of the trials 0 .. n - lag.
    """

    _is_shared = False  # with other processes

    def __init__(self, direction: str, sampler: Sampler, pruner: Pruner, seed: int, study_name: str | None) -> None:
        self.direction = StudyDirection(direction)
        self.sampler = sampler
        self.pruner = pruner
        self.seed = seed
        self.study_name = study_name
        self._sign = 1.0 if direction == "minimize" else -1.0  # loss = sign * value
        self._trials: list[Trial | TrialRecord] = []  # by number: open, or finished
        self._history: list[FrozenTrial] = []  # what samplers and pruners see: one list, entries replaced in place
        self._unseen: dict[int, FrozenTrial] = {}  # finished; still running in the history, because of the lag
        self.lag: int | None = None
        self._user_attrs: dict[str, Any] = {}
        self._queue: deque[dict[str, Any]] = deque()
        self._joint: dict[str, Domain] | None = None  # None until a trial has finished; never changed, but replaced
        self._joint_from = 0  # the trial whose order the joint names have: the first, whoever finished first
        self._joint_of_failures = True  # as long as none has been complete or pruned, failed ones have to serve
        self._domains: dict[str, Domain] = {}  # by name, as first seen
        self._varying: set[str] = set()  # names whose domain has changed
        self._warned: set[str] = set()  # those of them of which the user knows
        self._grid: tuple[Any, dict[str, Domain] | None] | None = None  # the sampler's own space, and that converted
        self._finished: list[int] = []  # numbers, in the order in which the trials have finished
        self._news: list[str] = []  # what the user should know of the trial that was told last
        self._best: int | None = None
        self._n_optimizing = 0  # loops that are running, in several threads or one in another
        self._process = os.getpid()  # where they run
        self._stopping = False
        self._id: str | None = None  # what its file is known by, from the first `save` on
        self._lock = threading.RLock()

    @property
    def directions(self) -> list[StudyDirection]:
        """The direction in a list, as of a study with several objectives."""
        return [self.direction]

    # ---- results -------------------------------------------------------------------------------------------------

    @property
    def trials(self) -> list[TrialRecord]:
        """Records of all trials, by number."""
        with self._lock:
            self._refresh()
            return [trial if isinstance(trial, TrialRecord) else self._record(trial) for trial in self._trials]

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[TrialRecord]:
        """Return records by number.

        Args:
            deepcopy: Whether they are copies, which the caller may change.
            states: Which ones: those whose state is among these. None: all.
        """
        found = [record for record in self.trials if states is None or record.state in states]
        return deep_copy(found) if deepcopy else found

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What `set_user_attr` noted about the study."""
        with self._lock:
            self._refresh()
            return dict(self._user_attrs)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something about the study: the version of the data, say.

        Raises:
            ValueError: For a key that is no text; in a storage, for a value that JSON cannot hold.
        """
        check_name("set_user_attr", "key", key)
        with self._lock:
            self._in_turn(lambda: self._note(key, value))

    @property
    def best_trial(self) -> TrialRecord:
        """The complete trial with the best finite value; the first of several.

        Raises:
            ValueError: While there is none.
        """
        with self._lock:
            self._refresh()
            best = self._best
        if best is None:
            raise ValueError("no best trial yet: no trial has been completed with a finite value")
        record = self._trials[best]
        assert isinstance(record, TrialRecord)  # tell() sets _best to finished trials only
        # Copies: the caller's to change.
        return replace(record, params=dict(self._outcome(best).params), user_attrs=dict(record.user_attrs))

    @property
    def best_trials(self) -> list[TrialRecord]:
        """All complete trials with the best finite value: the Pareto front of a study with one objective."""
        trials = self.trials
        if self._best is None:
            return []
        best = self.best_value
        return [trial for trial in trials if trial.state == "complete" and trial.value == best]

    @property
    def best_value(self) -> float:
        """The value of the best trial."""
        value = self.best_trial.value
        assert value is not None  # a complete trial has one
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of the best trial."""
        return dict(self.best_trial.params)

    # ---- ask and tell --------------------------------------------------------------------------------------------

    def ask(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None = None,
        *,
        fixed_distributions: Mapping[str, Domain] | None = None,
    ) -> Trial:
        """Start a trial.

        Args:
            space: The parameters, declared: the trial has them all at once, chosen jointly. A list stands for
                `Categorical`. None: the trial is asked for them by ``suggest_float`` and so on.
            fixed_distributions: Optuna's name for ``space``.

        Raises:
            SearchExhausted: When the sampler has nothing left to try.
            ValueError: For a space that is none, and a sampler that needs a declared space and has none.
        """
        trial = self._ask(fixed_distributions if space is None else space, None)
        assert trial is not None  # it is wanted
        return trial

    def _ask(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None,
        lag: int | None,
        is_wanted: Callable[[int], bool] | None = None,
        under_way: Collection[int] = (),
    ) -> Trial | None:
        """Start a trial, which knows what came of the trials 0 .. number - lag; without a lag, of all finished ones.

        Args:
            space: See `ask`.
            lag: See `Study`.
            is_wanted: Whether to start the trial of this number. When not, None is returned.
            under_way: The numbers of trials that are open, and will be told without the caller's doing anything.
        """
        with self._lock:
            trial = self._in_turn(lambda: self._start(space, lag, is_wanted, under_way))
            if trial is not None and trial._misfit is not None:  # kept, as failed
                self._finish(trial, TrialState.FAILED, math.nan, trial._misfit)
                raise ValueError(trial._misfit)
            return trial

    def _start(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None,
        lag: int | None,
        is_wanted: Callable[[int], bool] | None,
        under_way: Collection[int],
    ) -> Trial | None:
        number = len(self._trials)
        if is_wanted is not None and not is_wanted(number):
            return None
        if self._unseen:
            self._show(number if lag is None else number - lag + 1)
        trial = Trial(self, number, self._rng_of(number))
        declared = self._grid_space() if space is None else as_space(space, "ask")
        if declared is None and self._needs_space():
            raise ValueError(
                f"{type(self.sampler).__name__} cannot discover the space while it runs: give it the space, as in "
                f"{type(self.sampler).__name__}({{'x': [1, 2, 3]}}), or declare it in ask(space)"
            )
        if self._queue:
            trial._fixed = dict(self._queue[0]["params"])
            trial.user_attrs.update(self._queue[0]["user_attrs"])
        if space is not None and declared is not None and trial._fixed:
            trial._misfit = _misfit(declared, trial._fixed)
        if trial._misfit is None:
            self._give(trial, (self._joint or {}) if declared is None else declared, declared, is_own=space is None)
        if lag is not None:
            trial._shown = trial._given()
        self._open(trial)
        return trial

    def _rng_of(self, number: int) -> np.random.Generator:
        return trial_rng(self.seed, number)

    def _give(
        self, trial: Trial, joint: Mapping[str, Domain], declared: Mapping[str, Domain] | None, *, is_own: bool
    ) -> None:
        """Give a trial the parameters that it has from the start.

        Args:
            trial: The trial.
            joint: Which: the declared ones, or else the joint ones.
            declared: The declared space, if there is one.
            is_own: Whether it is the sampler who has declared it.
        """
        fixed = trial._fixed
        if declared is not None and not is_own:
            fixed = {name: member(name, value, declared[name]) for name, value in fixed.items()}
        params = {} if joint.keys() <= fixed.keys() else self._ask_sampler(joint, trial)
        if declared is None:
            trial._joint, trial._joint_domains = params, joint
        else:
            trial._params = {name: fixed.get(name, params.get(name)) for name in declared} if fixed else params
            trial._domains = dict(declared)
            trial._from_grid = set(declared) if is_own else set()

    def tell(
        self,
        trial: Trial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | str | None = None,
        skip_if_finished: bool = False,
    ) -> TrialRecord:
        """Finish a trial.

        Args:
            trial: The trial, or its number.
            values: What came out: a number, or a list of one. A value that is not a number (nan, None, text, an
                array ...) makes the trial fail, with a warning that says so; infinity is a number.
            state: "complete" (None means it), "pruned" (its value is then the last report, where none is given) or
                "failed" (without a value).
            skip_if_finished: Whether a trial that is finished already is left as it is; otherwise that is an error.

        Raises:
            ValueError: For a trial that this study has not, or that is finished already, and for other states.
        """
        if state is not None and state not in ("complete", "pruned", "failed"):
            raise ValueError(f"tell: state must be 'complete', 'pruned' or 'failed', got {state!r}")
        value = only(values)
        if state == "failed" and value is not None:
            raise ValueError(f"tell: a failed trial has no value, got {value!r}; leave one of the two out")
        with self._lock:
            if skip_if_finished and isinstance(finished := self._find(trial), TrialRecord):
                return finished
            open_trial = self._check_open(trial)
            number, problem = as_number(value, nan=False)
            if state == "failed":
                record = self._finish(open_trial, TrialState.FAILED, math.nan, None)
            elif state == "pruned" and value is None:
                record = self._finish(open_trial, TrialState.PRUNED, None, None)
            elif problem is None:
                final = TrialState.COMPLETE if state is None else TrialState(state)
                record = self._finish(open_trial, final, number, None)
            else:
                record = self._finish(open_trial, TrialState.FAILED, math.nan, f"its value {problem}")
                self._news.append(f"trial {record.number} failed: {record.error}")
            news = self._pop_news()
        for text in news:
            warnings.warn(text, stacklevel=2)
        return record

    def enqueue_trial(
        self, params: Mapping[str, Any], user_attrs: Mapping[str, Any] | None = None, skip_if_exists: bool = False
    ) -> None:
        """Have a configuration tried before the sampler goes on; what it does not name the sampler chooses.

        (A grid chooses from its next point, so that a trial that names only some parameters may repeat a point.)

        Args:
            params: The parameters, or some of them.
            user_attrs: What is to be noted about the trial.
            skip_if_exists: Whether nothing is enqueued where a trial with just these parameters exists, or waits.
        """
        for argument, given in (("params", params), ("user_attrs", {} if user_attrs is None else user_attrs)):
            if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
                raise ValueError(f"enqueue_trial: {argument} must be a dict from names to values, got {given!r}")
        with self._lock:
            self._in_turn(lambda: self._enqueue(dict(params), dict(user_attrs or {}), skip_if_exists))

    def add_trial(self, trial: TrialRecord) -> None:
        """Append a finished trial, of another study or made by hand, under the next number.

        Its value is in this study's direction. From then on it is a trial as any other.

        Raises:
            ValueError: For a trial that is not finished, a value that does not fit its state, a parameter outside its
                domain, a domain without its parameter.

        Examples:
            >>> study = create_study()
            >>> study.add_trial(TrialRecord(0, TrialState.COMPLETE, 0.25, {"x": 0.5}, {"x": Float(0, 1)}))
            >>> study.best_params
            {'x': 0.5}
        """
        self.add_trials([trial])

    def add_trials(self, trials: Iterable[TrialRecord]) -> None:
        """Append finished trials, see `add_trial`; when one of them is refused, none is added."""
        trials = [plain_record(trial, "add_trial") for trial in trials]
        with self._lock:
            self._in_turn(lambda: self._append(trials))

    # ---- what a study consists of --------------------------------------------------------------------------------

    def _contents(self) -> StudyContents:
        """Return all that has to be kept of the study; later changes to the study do not change it."""
        with self._lock:
            trials = self.trials  # first: what others have done is taken in here, and not after
            given = {number: dict(self._history[number].params) for number in self._unseen}
            queue, attrs = list(self._queue), dict(self._user_attrs)
            return StudyContents(str(self.direction), self.seed, self.study_name, attrs, queue, self.lag, trials, given)

    @classmethod
    def _restore(cls, contents: StudyContents, sampler: Sampler, pruner: Pruner) -> Study:
        """Return a study that goes on bit for bit as the one with these contents would have, had it not been left.

        Its trials enter one by one, through the door by which they entered at first, so that everything follows from
        them anew. A trial that was running enters as failed, with the error "interrupted".
        """
        study = cls(contents.direction, sampler, pruner, contents.seed, contents.study_name)
        study.lag = contents.lag
        study._user_attrs.update(contents.user_attrs)
        study._queue.extend(contents.queue)
        for number, record in enumerate(contents.trials):
            if record.state == TrialState.RUNNING:
                record = replace(record, state=TrialState.FAILED, value=None, error="interrupted")
            study._add(replace(record, number=number), contents.given.get(number))
        return study

    # ---- files, tables, notebooks --------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Keep the study in a file, from which `load_study` goes on; chapters/files.md describes it.

        Whatever happens meanwhile, the file is there whole: the old one or the new one. Saving again brings it up to
        date. Another file that is there already stays as it is.

        Args:
            path: Where; "study.json", say.
            overwrite: Whether a file there may be lost that is not this study's, or has trials that this one lacks.

        Raises:
            ValueError: When there is such a file; when a user attribute holds what JSON cannot.
            OSError: When the file cannot be written.
        """
        from .files import save  # here, for most studies are never saved

        save(self, path, overwrite=overwrite)

    def trials_dataframe(self, attrs: Sequence[str] | None = None, multi_index: bool = False) -> pd.DataFrame:
        """Return the trials as a pandas DataFrame, a line each, as Optuna does.

        Args:
            attrs: Which attributes of the trials; None: number, value, datetime_start, datetime_complete, duration,
                params, user_attrs and state. Also intermediate_values, distributions and error.
            multi_index: Whether a parameter's column is ("params", "x"); else it is "params_x".

        Raises:
            ImportError: Without pandas.
            ValueError: For an attribute that trials have not.
        """
        from .tables import trials_dataframe

        return trials_dataframe(self, attrs, multi_index)

    def to_csv(self, path: str | os.PathLike[str], attrs: Sequence[str] | None = None) -> None:
        """Write the table of `trials_dataframe` into a CSV file (UTF-8), which takes no pandas.

        A text that a spreadsheet would carry out as a formula gets an apostrophe in front.

        Raises:
            ValueError: For an attribute that trials have not.
            OSError: When the file cannot be written.
        """
        from .tables import to_csv

        to_csv(self, path, attrs)

    def _repr_html_(self) -> str:
        from .notebook import to_html

        return to_html(self)

    # ---- the loop ------------------------------------------------------------------------------------------------

    def optimize(
        self,
        func: Callable[[Any], float],
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[Exception] | Iterable[type[Exception]] = (),
        callbacks: Iterable[Callable[[Study, TrialRecord], None]] | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
        *,
        until: int | None = None,
        patience: int | None = None,
        target: float | None = None,
        space: Mapping[str, Domain | Sequence[Any]] | None = None,
        executor: Executor | None = None,
        reproducible: bool | int = False,
    ) -> None:
        """Run trials, one after the other or several at once.

        It ends when the first of the limits is reached, when the sampler has nothing left to try, or by `stop`; without
        any limit it runs until then. Ctrl-C ends it too. All that has finished is kept, whatever happens.

        Args:
            func: The objective. It takes a `Trial` and returns its value. When it raises, the trial is kept as failed
                and the error goes on to the caller, unless ``catch`` names it. With ``space`` it takes a dict of
                parameters.
            n_trials: How many more trials.
            timeout: After how many seconds no new trial starts.
            n_jobs: How many trials run at once, each in a process of its own; -1: one for every core.
            catch: Exceptions after which the search goes on.
            callbacks: Each is called as ``callback(study, record)`` after every trial, always in this process.
            gc_after_trial: Whether to collect garbage after every trial, in this process.
            show_progress_bar: Whether to show one (needs tqdm).
            until: How many trials in all, those that the study has already included.
            patience: Stop after so many finished trials without a new best value.
            target: Stop when the best value is at least as good as this.
            space: The parameters, declared, as for `ask`.
            executor: Who runs the trials in place of n_jobs processes: anything with the interface of
                `concurrent.futures.Executor`, such as ``ThreadPoolExecutor(4)`` for threads, or ``get_executor()`` of a
                dask client for a cluster (chapters/executors.md). It remains the caller's to
                shut down. As many trials run at once as it has workers, or n_jobs where it does not tell.
            reproducible: Whether a parallel run gives the same trials whatever the timing, see below. A number instead
                of True: how many trials are under way at once, over all the processes that share the study.

        Several at once:
            The objective is sent to other processes, so it must be a function at the top level of a module, and a
            script must guard its own start with ``if __name__ == "__main__":``. What a trial knows of the others is
            what had finished when it was asked for; those under way are known with their parameters. A process that
            dies (out of memory, say) is replaced, and its trial run once more; the second time the trial is failed.
            After an error or a `stop` no trial starts, and those under way are waited for; after Ctrl-C they are ended,
            and failed as "interrupted". From another process an objective cannot reach the study: stop from a callback.

        Reproducible:
            With k workers trial n knows what came of the trials 0 .. n - k, and of the later ones only the parameters
            that they were given at the start; callbacks and limits see the trials in the order of their numbers. So the
            same seed gives the same trials on any machine, with any kind of workers, and also when the search is
            interrupted between two calls of `optimize`, or saved and loaded. The price: a trial that takes long holds
            up those that come k later, and none is better informed than the slowest case allows. k is kept as
            ``study.lag``; later runs may use fewer workers, and give the same trials. (Only a timeout and Ctrl-C depend
            on the clock, and an objective that keeps something from one trial for the next on who ran it.)

        Raises:
            ValueError, TypeError: For an argument that makes no sense, before anything runs; among these an objective
                that cannot be sent to another process.
        """
        from .loop import optimize  # which builds on this file

        optimize(
            self,
            func,
            n_trials=n_trials,
            timeout=timeout,
            n_jobs=n_jobs,
            catch=catch,
            callbacks=callbacks,
            gc_after_trial=gc_after_trial,
            show_progress_bar=show_progress_bar,
            until=until,
            patience=patience,
            target=target,
            space=space,
            executor=executor,
            reproducible=reproducible,
        )

    def stop(self) -> None:
        """End `optimize` after the trials that are under way. For callbacks, and objectives that run in this process.

        Raises:
            RuntimeError: When `optimize` is not running, or runs in another process.
        """
        self._check_process("stop")
        if not self._n_optimizing:
            raise RuntimeError("stop: optimize is not running; call stop from an objective or a callback")
        self._stopping = True

    def _check_process(self, what: str) -> None:
        """Refuse what would be done to a copy of the study, that a process has inherited, and be lost with it."""
        if self._n_optimizing and self._process != os.getpid():
            raise RuntimeError(
                f"{what}: this process evaluates an objective for a study that lives in another, and cannot reach it; "
                "end the search from a callback, or run it with n_jobs=1 or in threads"
            )

    def _detached(self, trial: Trial) -> Trial:
        """Return a double of an open trial that can be evaluated elsewhere: it lives on a snapshot of the study."""
        with self._lock:
            snapshot = Study(self.direction, self.sampler, self.pruner, self.seed, self.study_name)
            snapshot._history = list(self._before(trial.number) if trial._view is None else trial._view)
            return trial._double(snapshot)

    def _adopt(self, trial: Trial, found: Mapping[str, Any]) -> list[str]:
        """Give a trial what its double has found; return what the user should know of it."""
        new = [(name, domain) for name, domain in found["_domains"].items() if trial._domains.get(name) != domain]
        news = [text for name, domain in new if (text := self._news_of(trial, name, domain)) is not None]
        trial.__dict__.update(found)
        return news

    # ---- behind the open trial -----------------------------------------------------------------------------------

    def _suggest(self, trial: Trial, name: str, domain: Domain) -> Any:
        """Return the value of a parameter that the objective names."""
        check_name("suggest", "name", name)
        with self._lock:
            trial._check_open()
            if name in trial._domains:
                if trial._domains[name] == domain:
                    return trial._params[name]
                if name not in trial._from_grid:
                    raise ValueError(
                        f"trial {trial.number} has {name!r} already, as {trial._domains[name]}, and now as {domain}; "
                        "use another name for the second"
                    )
            domain, label = self._note_domain(trial, name, domain), name
            if name in trial._from_grid:
                trial._from_grid.discard(name)
                value = trial._params[name]
            elif name in trial._fixed:
                value, label = trial._fixed[name], f"the enqueued {name}"
            elif trial._joint_domains.get(name) == domain and name in trial._joint:
                value = trial._joint[name]
            else:
                value = self._ask_alone(trial, name, domain)
            trial._params[name] = member(label, value, domain)
            trial._domains[name] = domain
            if trial.number < len(self._history):  # others have seen it running; they should see this too
                self._history[trial.number] = self._freeze(trial)
            self._named(trial, name)
            return trial._params[name]

    def _grid_space(self) -> dict[str, Domain] | None:
        """Return the space that the sampler itself declares, if it does; converted once, for its lists may be long."""
        own = getattr(self.sampler, "space", None) if self._needs_space() else None
        if self._grid is None or self._grid[0] is not own:
            self._grid = own, None if own is None else as_space(own, "ask")
        return self._grid[1]

    def _needs_space(self) -> bool:
        return bool(getattr(self.sampler, "needs_space", False))  # see `Sampler`

    def _ask_alone(self, trial: Trial, name: str, domain: Domain) -> Any:
        if self._needs_space():
            raise ValueError(
                f"{type(self.sampler).__name__} cannot discover {name!r} while it runs: add {name!r} to its space"
            )
        return self._ask_sampler({name: domain}, trial)[name]

    def _ask_sampler(self, space: Mapping[str, Domain], trial: Trial) -> dict[str, Any]:
        """Ask the sampler and check its answer, for it may be the user's own."""
        history = self._before(trial.number) if trial._view is None else trial._view
        seen = _outline(history)
        params = self.sampler.suggest(space, history, trial._rng)
        who = type(self.sampler).__name__
        _check_only_read(f"{who}.suggest", history, seen)
        if params is None:
            raise SearchExhausted(f"{who} has nothing left to try after {trial.number} trials")
        if not isinstance(params, Mapping) or params.keys() != space.keys():
            raise ValueError(f"{who}.suggest was asked for {sorted(space)} and returned {params!r}")
        try:
            return {name: member(name, params[name], domain) for name, domain in space.items()}
        except ValueError as error:
            raise ValueError(f"{who}.suggest: {error}") from None

    def _should_prune(self, trial: Trial) -> bool:
        with self._lock:
            trial._check_open()
            self._refresh()
            history = self._before(trial.number)
            seen = _outline(history)
            stop = bool(self.pruner.should_prune(self._as_it_is(trial), history))
            _check_only_read(f"{type(self.pruner).__name__}.should_prune", history, seen)
            return stop

    def _note_domain(self, trial: Trial, name: str, domain: Domain) -> Domain:
        """Notice a name whose domain differs from that of earlier trials; of equal ones return the first, for all."""
        known = self._domains.setdefault(name, domain)
        if known is domain or known == domain:
            return known
        text = self._news_of(trial, name, domain)
        self._vary(name)
        if text is not None:
            warnings.warn(text, stacklevel=5)  # the objective's line
        return domain

    def _news_of(self, trial: Trial, name: str, domain: Domain) -> str | None:
        """Return what the user should know of a name whose domain varies, the first time."""
        known = self._domains.get(name, domain)
        if known == domain or name in self._varying or name in self._warned:
            return None
        self._warned.add(name)
        return (
            f"trial {trial.number} names {name!r} as {domain}, earlier trials as {known}: from now on {name!r} is "
            "searched by itself, from the trials inside its present domain; a domain that stays the same, or a name "
            "for each, would be searched jointly with the others"
        )

    # ---- the history ---------------------------------------------------------------------------------------------

    def _before(self, number: int) -> list[FrozenTrial]:
        """Return the trials 0 .. number - 1: the one list that samplers know, wherever that is possible.

        A trial enters the list when a later one asks. So the newest trial always gets the list itself, also for a
        parameter that it names late. Only an older one that is still open gets a copy of the part before it (and a
        sampler then reads that afresh): the price of parallel trials whose spaces are discovered as they run.
        """
        self._enter_until(number)
        return self._history if len(self._history) == number else self._history[:number]

    def _enter_until(self, number: int) -> None:
        for missing in range(len(self._history), number):
            trial = self._trials[missing]
            # A finished one has been in it: it is missing where somebody's sampler or pruner has cut the list.
            self._history.append(self._freeze(trial) if isinstance(trial, Trial) else self._as_outcome(trial))

    def _freeze(self, trial: Trial) -> FrozenTrial:
        """Return an open trial as others see it."""
        if trial._shown is not None:
            return FrozenTrial(dict(trial._shown), state=TrialState.RUNNING)
        return self._as_it_is(trial)

    def _as_it_is(self, trial: Trial) -> FrozenTrial:
        return FrozenTrial(trial._given(), math.nan, self._losses(trial._curve), TrialState.RUNNING)

    def _as_outcome(self, record: TrialRecord) -> FrozenTrial:
        value = math.nan if record.value is None else record.value
        return FrozenTrial(
            dict(record.params), self._sign * value, self._losses(record.intermediate_values), record.state
        )

    def _losses(self, curve: Mapping[int, float]) -> dict[int, float]:
        return dict(curve) if self._sign == 1.0 else {step: -value for step, value in curve.items()}

    def _finish(self, trial: Trial, state: TrialState, value: float | None, error: str | None) -> TrialRecord:
        """Close a trial; without a value, with that of its last report."""

        def make() -> TrialRecord:
            return self._record(trial, state, trial._last_report() if value is None else value, error)

        record = self._keep(trial, make)
        if self._trials[trial.number] is trial:  # else it is there already, or another one is
            self._enter(record, trial._shown)
            self._trials[trial.number] = record
        trial._outcome = state  # last: one that was interrupted before is open still
        unheard = trial._fixed.keys() - self._domains.keys() - trial._domains.keys() if trial._fixed else None
        if unheard and state == TrialState.COMPLETE:
            self._news.append(f"enqueue_trial named {sorted(unheard)}, which no objective has asked for: misspelt?")
        return record

    def _pop_news(self) -> list[str]:
        """Return what the user should know of the trial that was told last, once."""
        if not self._news:
            return []
        news, self._news = self._news, []
        return news

    # ---- what a study in a storage does elsewhere as well: see `shared_study` ---------------------------------

    def _in_turn(self, function: Callable[[], T]) -> T:
        """Call a function that reads the study and adds to it, while nobody else does."""
        return function()

    def _refresh(self) -> None:
        """Take in what others have done."""

    def _open(self, trial: Trial) -> None:
        """Append an open trial, and take what it was given off the queue."""
        self._trials.append(trial)
        if self._queue:
            self._queue.popleft()

    def _keep(self, trial: Trial, make: Callable[[], TrialRecord]) -> TrialRecord:
        """Keep the record that is made of a trial which has finished, and return it as it is kept."""
        return make()

    def _append(self, records: Iterable[TrialRecord]) -> None:
        """Append finished trials that were never open here."""
        for record in records:
            self._add(replace(deep_copy(record), number=len(self._trials)))

    def _enqueue(self, params: dict[str, Any], user_attrs: dict[str, Any], skip_if_exists: bool) -> None:
        """Put a configuration in line, unless it is there already and that is a reason not to."""
        known = [*(trial.params for trial in self.trials), *(entry["params"] for entry in self._queue)]
        if not (skip_if_exists and params in known):
            self._queue.append({"params": params, "user_attrs": user_attrs})

    def _note(self, key: str, value: Any) -> None:
        """Keep an attribute of the study."""
        self._user_attrs[key] = value

    def _set_lag(self, lag: int) -> None:
        """Keep the lag of the first reproducible run."""
        self.lag = lag

    def _named(self, trial: Trial, name: str) -> None:
        """An open trial has got a parameter."""

    def _reported(self, trial: Trial, step: int, value: float) -> None:
        """An open trial is about to report a value."""

    def _noted(self, trial: Trial, user_attrs: Mapping[str, Any]) -> None:
        """An open trial is about to have these attributes."""

    # ---- how trials enter the history ----------------------------------------------------------------------------

    def _add(self, record: TrialRecord, given: Mapping[str, Any] | None = None) -> None:
        """Append a finished trial that was never open here."""
        self._trials.append(replace(record, direction=self.direction))
        self._enter(record, given)

    def _enter(self, record: TrialRecord, given: Mapping[str, Any] | None) -> None:
        """Enter a finished trial in the history; with ``given`` later trials see it as running with these for now."""
        number, outcome = record.number, self._as_outcome(record)
        self._enter_until(number)
        if given is None:
            self._history[number : number + 1] = [outcome]  # replaces its running entry, or is appended
            self._learn(record)
        else:
            self._history[number : number + 1] = [FrozenTrial(dict(given), state=TrialState.RUNNING)]
            self._unseen[number] = outcome
        if record.state == TrialState.COMPLETE and math.isfinite(outcome.loss):  # once it can be found there
            best = self._best
            if best is None or (outcome.loss, number) < (self._outcome(best).loss, best):
                self._best = number
        self._finished.append(number)  # last: what Ctrl-C interrupts is entered once more

    def _show(self, stop: int) -> None:
        """Let the history show what came of the trials before ``stop``, in the order of their numbers."""
        for number in sorted(number for number in self._unseen if number < stop):
            self._history[number] = self._unseen.pop(number)
            record = self._trials[number]
            assert isinstance(record, TrialRecord)  # only finished trials are unseen
            self._learn(record)

    def _outcome(self, number: int) -> FrozenTrial:
        """What came of a finished trial, whether others may see it yet or not."""
        return self._unseen[number] if number in self._unseen else self._history[number]

    def _learn(self, record: TrialRecord) -> None:
        """Learn from a finished trial which domains vary, and keep as joint what it too named with the same domain.

        What is learnt from a set of trials does not depend on the order in which they finish.
        """
        named = record.distributions
        failed = record.state == TrialState.FAILED
        if named == self._joint and failed == self._joint_of_failures and record.number > self._joint_from:
            return  # nothing new, as nearly always; and fast, for dicts compare those first that are the same object
        for name, domain in named.items():
            if self._domains.setdefault(name, domain) != domain:
                self._vary(name)
        if failed and not self._joint_of_failures:
            return
        named = {name: domain for name, domain in named.items() if name not in self._varying}
        if self._joint is None or (self._joint_of_failures and not failed):
            self._joint, self._joint_from = named, record.number
        else:
            first, second = self._joint, named
            if record.number < self._joint_from:
                first, second, self._joint_from = second, first, record.number
            self._joint = {name: domain for name, domain in first.items() if second.get(name) == domain}
        self._joint_of_failures = failed

    def _vary(self, name: str) -> None:
        self._varying.add(name)
        if self._joint is not None and name in self._joint:
            self._joint = {other: domain for other, domain in self._joint.items() if other != name}

    def _record(
        self,
        trial: Trial,
        state: TrialState = TrialState.RUNNING,
        value: float = math.nan,
        error: str | None = None,
    ) -> TrialRecord:
        is_open = state in (TrialState.RUNNING, TrialState.FAILED)
        return TrialRecord(
            number=trial.number,
            state=state,
            value=None if math.isnan(value) else value,
            params=trial._given() if is_open else dict(trial._params),
            distributions=trial.distributions,
            intermediate_values=dict(sorted(trial._curve.items())),
            user_attrs=dict(trial.user_attrs),
            error=error,
            datetime_start=trial._start,
            datetime_complete=None if state == TrialState.RUNNING else datetime.now(),
            direction=self.direction,
        )

    def _find(self, trial: Trial | int) -> Trial | TrialRecord:
        """Return what the study has under a trial's number."""
        number = trial.number if isinstance(trial, Trial) else trial
        if is_whole(number) and number >= len(self._trials):
            self._refresh()  # it may be one that was asked for elsewhere
        if not is_whole(number) or not 0 <= number < len(self._trials):
            raise ValueError(f"this study has no trial {trial!r}: it has {len(self._trials)} trials, numbered from 0")
        return self._trials[number]

    def _check_open(self, trial: Trial | int) -> Trial:
        """Return the open trial that is meant, or say why there is none."""
        known = self._find(trial)
        number = known.number
        if isinstance(trial, Trial) and trial._is_given_up:
            return trial
        if isinstance(known, TrialRecord):
            raise ValueError(f"trial {number} is finished already ({known.state}); ask for a new one")
        if isinstance(trial, Trial) and known is not trial:
            raise ValueError(
                f"trial {number} is of another study, or a copy; tell it by its number: tell({number}, ...)"
            )
        return known

    def __repr__(self) -> str:
        with self._lock:
            states = Counter(TrialState.RUNNING if isinstance(t, Trial) else t.state for t in self._trials)
            counts = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
            value = None if self._best is None else self._trials[self._best]
            best = f", best value {value.value!r} in trial {self._best}" if isinstance(value, TrialRecord) else ""
            name = "" if self.study_name is None else f"{self.study_name!r}, "
            n = len(self._trials)
        return f"<Study: {name}{self.direction}, {n} trial{'s' * (n != 1)}{f' ({counts})' * (n > 0)}{best}>"

    if not TYPE_CHECKING:  # a type checker shall go on finding names that are misspelt

        def __getattr__(self, name: str) -> Any:
            from .not_covered import no_attribute

            raise no_attribute(self, name)

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key != "_lock"}
        return state | {"_n_optimizing": 0}  # the loops that run are the original's

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())


class MaxTrialsCallback:
    """Ends `Study.optimize` when the study has so many trials, those of earlier runs and other threads among them.

    Args:
        n_trials: How many.
        states: Which trials count: those whose state is among these. None: all.
    """

    def __init__(self, n_trials: int, states: Container[TrialState] | None = (TrialState.COMPLETE,)) -> None:
        self.n_trials = n_trials
        self.states = states

    def __call__(self, study: Study, record: TrialRecord) -> None:
        """Count; the callback of `Study.optimize`."""
        if len(study.get_trials(deepcopy=False, states=self.states)) >= self.n_trials:
            study.stop()


def _outline(history: list[FrozenTrial]) -> tuple[int, list[FrozenTrial], list[FrozenTrial]]:
    # Its length and its two ends: they tell of a history that was cut, and nearly always of a sorted one, at no cost.
    return len(history), history[:1], history[-1:]


def _check_only_read(who: str, history: list[FrozenTrial], seen: object) -> None:
    """Check that a sampler or pruner, which may be the user's own, has left the study's list as it was."""
    if _outline(history) != seen:
        way_out = "work on a copy, as in sorted(history, key=...)"
        raise ValueError(f"{who} changed its history, which it may only read; {way_out}")


def create_study(
    *,
    storage: str | None = None,
    sampler: Sampler | None = None,
    pruner: Pruner | None = None,
    study_name: str | None = None,
    direction: str | None = None,
    load_if_exists: bool = False,
    directions: Sequence[str] | None = None,
    seed: int | None = None,
    retry: int = 0,
    lease: float | None = 60.0,
) -> Study:
    """Return a new study, in memory or in a database that several processes share.

    Args:
        storage: None: in memory. A URL: ``sqlite:///study.db`` for the processes of one machine,
            ``postgresql://user:password@host/database`` for many machines (needs the extra "storage"). Each process
            that opens the study searches together with the others.
        sampler: The algorithm that chooses configurations; `TPESampler` by default.
        pruner: The rule behind ``trial.should_prune()``; `MedianPruner` by default. It acts only on objectives
            that report and ask.
        study_name: Any name. In a storage it is what the study is found by; None: one is made up.
        direction: "minimize", the default, or "maximize".
        load_if_exists: Whether to go on with the study of that name, if the storage has one. It keeps its sampler and
            its pruner, unless others are passed. (In memory every study is new.)
        directions: A list of the one direction: what Optuna has for several objectives.
        seed: The same seed and objective give the same trials. None: the sampler's, as in ``TPESampler(seed=42)``.
            Where that is None as well, one is drawn. It is kept in ``study.seed``.
        retry: In a storage: how often the parameters of a trial are tried again whose worker was lost.
        lease: In a storage: after how many seconds without a sign of life a worker is taken for lost. The sign is given
            by a thread, four times as often. None: never, for trials that are told by another process than asked for.

    Raises:
        ValueError: For another direction, or several; a seed that is not a whole number of at least 0, or two that
            differ; a URL that is none; a direction or seed that is not that of the study which exists.
        DuplicatedStudyError: When the storage has a study of that name, without ``load_if_exists``; a ValueError.
        TypeError: For a sampler or a pruner without its method; a class in place of an object.
        ConnectionError: When the database does not answer.
        ImportError: For a storage, without the extra.
    """
    _check_algorithms("create_study", sampler, pruner)
    if not is_whole(retry) or retry < 0:
        raise ValueError(f"create_study: retry must be a whole number of at least 0, got {retry!r}")
    if lease is not None and (as_number(lease, nan=False)[1] or not 0 < lease < math.inf):
        raise ValueError(f"create_study: lease must be a number of seconds above 0 or None, got {lease!r}")
    if not (study_name is None or isinstance(study_name, str)):
        raise ValueError(f"create_study: study_name must be a text or None, got {study_name!r}")
    one_direction = _one_direction(direction, directions)
    from .logging import log_study  # here, for Python's logging takes longer to import than this package

    if storage is not None:
        # Where the study exists, the seed of a sampler is not asked: every worker may have brought one of its own.
        contents = StudyContents(one_direction, _one_seed(seed, sampler), study_name)
        study: Study
        study, is_new = _stored_studies().create(
            storage, contents, sampler, pruner, load_if_exists=load_if_exists, retry=retry, lease=lease
        )
        if not is_new:
            _check_same("direction", direction or directions, str(one_direction), str(study.direction))
            _check_same("seed", seed, seed, study.seed)
        log_study(study, is_new)
        return study
    if sampler is None:
        from .samplers import TPESampler  # here, so that importing the package does not wait for the algorithms

        sampler = TPESampler()
    pruner = MedianPruner() if pruner is None else pruner
    in_memory = Study(one_direction, sampler, pruner, _one_seed(seed, sampler), study_name)
    log_study(in_memory)
    return in_memory


def _stored_studies() -> Any:
    """Return the module that knows studies in a storage, for which an extra has to be installed."""
    try:
        from . import stored_studies
    except ImportError as error:
        raise ImportError(f'a storage needs SQLAlchemy ({error}): pip install "tpe-reference[storage]"') from None
    return stored_studies


def _check_same(name: str, is_said: object, wanted: object, stored: object) -> None:
    """Raise ValueError where what was said of a study contradicts what is stored."""
    if is_said is not None and wanted != stored:
        raise ValueError(
            f"create_study: {name}={wanted!r}, but the study that exists has {name}={stored!r}; leave {name} out "
            "to go on with it, or take another study_name"
        )


def load_study(
    path: str | os.PathLike[str] | None = None,
    *,
    study_name: str | None = None,
    storage: Any = None,
    sampler: Sampler | None = None,
    pruner: Pruner | None = None,
) -> Study:
    """Return a study that exists: that `Study.save` has kept in a file, or that lives in a storage.

    From a file it goes on bit for bit as if never interrupted; a trial that was running when the file was written is
    failed, as "interrupted". A study in a storage is the same for all who load it.

    Args:
        path: The file.
        study_name: The name of the study. Of a file: that it is expected to have. None: the only one there is.
        storage: The URL of a storage in place of a file, see `create_study`.
        sampler: Another sampler to go on with. Needed when it was one of your own, which is not kept.
        pruner: The same for the pruner.

    Raises:
        ValueError: For a file that is damaged, of a newer version, or no study's; an own sampler that is not passed.
        StudyNotFoundError: When the storage has no such study; a ValueError and a KeyError.
        OSError: When the file cannot be read, or the database does not answer.
        TypeError: Without a path; for a sampler or a pruner without its method.
    """
    _check_algorithms("load_study", sampler, pruner)
    if storage is None and isinstance(path, str) and "://" in path:
        path, storage = None, path
    if storage is not None:
        if path is not None:
            raise TypeError("load_study: give a file or a storage, not both")
        shared: Study = _stored_studies().load(storage, study_name, sampler, pruner)
        return shared
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"load_study: path must be the name of a file, got {path!r}; study.save(path) writes one, and a study in a "
            "database needs its URL as storage"
        )
    from .files import load  # here, for most studies are never loaded

    study = load(path, sampler, pruner)
    if study_name not in (None, study.study_name):
        raise ValueError(f"load_study: {path} holds the study {study.study_name!r}, not {study_name!r}")
    return study


def _check_algorithms(who: str, sampler: Sampler | None, pruner: Pruner | None) -> None:
    for role, thing, method in (("sampler", sampler, "suggest"), ("pruner", pruner, "should_prune")):
        if isinstance(thing, type) or (thing is not None and not callable(getattr(thing, method, None))):
            raise TypeError(f"{who}: {role} must be an object with a method {method}, got {thing!r}")


def _one_direction(direction: str | None, directions: Sequence[str] | None) -> StudyDirection:
    if direction is not None and directions is not None:
        raise ValueError(f"create_study: give direction or directions, got {direction!r} and {directions!r}")
    if directions is not None:
        if isinstance(directions, str) or len(directions) != 1:
            raise ValueError(
                f"create_study: directions must be a list of one, got {directions!r}: a study has one objective; "
                "several (multi-objective optimization) are not covered, optimize a weighted sum of them"
            )
        direction = directions[0]
    if direction not in (None, "minimize", "maximize"):
        raise ValueError(f"create_study: direction must be 'minimize' or 'maximize', got {direction!r}")
    return StudyDirection(direction or "minimize")


def _one_seed(seed: int | None, sampler: Sampler | None) -> int:
    """Return the seed of a study: its own, or the sampler's, or a new one."""
    of_sampler = getattr(sampler, "seed", None)
    if seed is not None and of_sampler is not None and seed != of_sampler:
        raise ValueError(
            f"create_study: seed={seed!r}, but the sampler brings seed={of_sampler!r}; drop one of the two"
        )
    seed = of_sampler if seed is None else seed
    if seed is None:
        return int.from_bytes(os.urandom(16), "little")  # as many bits as numpy takes for a seed of its own
    if not is_whole(seed) or seed < 0:
        raise ValueError(f"create_study: seed must be a whole number of at least 0, got {seed!r}")
    return int(seed)


def _misfit(space: Mapping[str, Domain], fixed: Mapping[str, Any]) -> str | None:
    """Return why an enqueued trial does not fit a declared space, or None where it does."""
    if unknown := sorted(fixed.keys() - space.keys()):
        return f"ask: the enqueued trial {dict(fixed)} names {unknown}, the space {sorted(space)}"
    try:
        for name, value in fixed.items():
            member(name, value, space[name])
    except ValueError as error:
        return f"ask: of the enqueued trial, {error}"
    return None


def as_space(space: Mapping[str, Domain | Sequence[Any]], who: str) -> dict[str, Domain]:
    """Return a space whose lists are made `Categorical`, or raise ValueError for what is none."""
    if not isinstance(space, Mapping) or not space or not all(isinstance(name, str) for name in space):
        raise ValueError(f"{who}: space must be a dict from names to domains, one at least, got {space!r}")
    return {
        name: domain if isinstance(domain, (Float, Int, Categorical)) else _as_choices(name, domain, who)
        for name, domain in space.items()
    }


def _as_choices(name: str, choices: Any, who: str) -> Domain:
    if not isinstance(choices, Iterable):
        raise ValueError(
            f"{who}: {name!r} must be a domain of this package (Float, Int, Categorical) or a list of choices, got "
            f"{choices!r}"
        )
    return domain_of(name, Categorical, choices)


# Functions of studies that live in a storage, under the names that scripts expect here.
OF_STORAGES = ("StudySummary", "copy_study", "delete_study", "get_all_study_names", "get_all_study_summaries")


def __getattr__(name: str) -> Any:
    if name in OF_STORAGES:
        return getattr(_stored_studies(), name)
    from .not_covered import not_covered

    raise not_covered(__name__, name)
