"""Trials: one configuration and what comes of it, while it is open (`Trial`) and when it has finished (`TrialRecord`).

An objective gets a `Trial`: it asks it for parameters and reports to it. What is kept of it is a `TrialRecord`. An
objective can also be run once more with the parameters of a record (``objective(study.best_trial)``), or with some of
your own (`FixedTrial`): all three answer to the same methods, those of `BaseTrial`.

>>> import tpe_reference
>>> study = tpe_reference.create_study(seed=0)
>>> trial = study.ask()
>>> x = trial.suggest_float("x", 0, 1)
>>> study.tell(trial, x).params == {"x": x} == trial.params
True
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from .space import Categorical, Domain, Float, Int, TrialState, Value

if TYPE_CHECKING:
    from .study import Study

__all__ = [
    "BaseTrial",
    "FixedTrial",
    "FrozenTrial",
    "Trial",
    "TrialPruned",
    "TrialRecord",
    "TrialState",
    "create_trial",
]


class TrialPruned(Exception):  # noqa: N818  # the name that users know: it is a signal, not an error
    """Raised by an objective to end its trial early, after ``trial.should_prune()`` said so."""


def domain_of(name: str, kind: Callable[..., Domain], *arguments: Any, **more: Any) -> Domain:
    """Return the domain that a trial names; where it makes no sense, the error says of which parameter."""
    try:
        return kind(*arguments, **more)
    except ValueError as error:
        raise ValueError(f"{name!r}: {error}") from None


class BaseTrial:
    """How an objective asks for its parameters; what their values are, a subclass says."""

    def _suggest(self, name: str, domain: Domain) -> Any:
        raise NotImplementedError

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the value of a real parameter; the arguments are those of `Float`."""
        return float(self._suggest(name, domain_of(name, Float, low, high, step=step, log=log)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return the value of an integer parameter; the arguments are those of `Int`."""
        return int(self._suggest(name, domain_of(name, Int, low, high, step=step, log=log)))

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Any:
        """Return one of several choices."""
        return self._suggest(name, domain_of(name, Categorical, choices))

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Return ``suggest_float(name, low, high)``, which is the newer name."""
        return float(self._suggest(name, domain_of(name, Float, low, high)))

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Return ``suggest_float(name, low, high, log=True)``, which is the newer name."""
        return float(self._suggest(name, domain_of(name, Float, low, high, log=True)))

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Return ``suggest_float(name, low, high, step=q)``, which is the newer name."""
        return float(self._suggest(name, domain_of(name, Float, low, high, step=q)))

    if not TYPE_CHECKING:  # a type checker shall go on finding names that are misspelt

        def __getattr__(self, name: str) -> Any:
            from .not_covered import no_attribute

            raise no_attribute(self, name)


@dataclass(frozen=True)
class TrialRecord(BaseTrial):
    """A trial as its user sees it: in values, not losses.

    Made by a study; by hand, with `create_trial`, for `Study.add_trial`, which numbers it. An objective that is called
    with a record gets its parameters once more; what it reports then goes nowhere, and nothing prunes it.

    Attributes:
        number: Its place in the study, from 0.
        state: Running, complete, pruned or failed.
        value: What it was told, or the last report of a pruned trial; None when there is none.
        params: The parameters; of a failed or running trial also those that its objective has not reached.
        distributions: The domains of those parameters that were named, by the objective or a declared space.
        intermediate_values: What it reported, by step.
        user_attrs: What `Trial.set_user_attr` noted.
        error: Why it failed, where that is known.
        datetime_start: When it was asked for.
        datetime_complete: When it was told; None while it runs.
        direction: What its study looks for, "minimize" or "maximize"; None of a trial without a study.
    """

    number: int
    state: TrialState
    value: float | None
    params: dict[str, Any]
    distributions: dict[str, Domain] = field(default_factory=dict)
    intermediate_values: dict[int, float] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    datetime_start: datetime = field(default_factory=datetime.now)
    datetime_complete: datetime | None = None
    direction: str | None = field(default=None, compare=False, repr=False)  # the study's, not of the trial itself

    def __lt__(self, other: TrialRecord) -> bool:
        """Records are in the order of their numbers."""
        return self.number < other.number

    @property
    def duration(self) -> timedelta | None:
        """Time from ask to tell."""
        return None if self.datetime_complete is None else self.datetime_complete - self.datetime_start

    @property
    def values(self) -> list[float] | None:
        """The value in a list, as of a study with several objectives; None when there is none."""
        return None if self.value is None else [self.value]

    @property
    def last_step(self) -> int | None:
        """The step of the last report; None when there is none."""
        return max(self.intermediate_values, default=None)

    def _suggest(self, name: str, domain: Domain) -> Any:
        if name not in self.params:
            raise ValueError(f"the trial has no parameter {name!r}, it has {sorted(self.params)}")
        return member(name, self.params[name], domain)

    def report(self, value: float, step: int) -> None:
        """Check the arguments as `Trial.report` does; nothing is kept."""
        check_report(value, step)

    def should_prune(self) -> bool:
        """Return False."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something in this record; where a study handed it out as a copy, the study does not know."""
        self.user_attrs[key] = value


FrozenTrial = TrialRecord  # Optuna's name. (What samplers see, in losses, is `space.FrozenTrial`.)


class FixedTrial(TrialRecord):
    """A trial with given parameters, for testing an objective without a study.

    Args:
        params: The values that the objective gets; each has to be inside the domain that it names.
        number: What the objective sees as ``trial.number``.

    Examples:
        >>> def objective(trial):
        ...     return trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 1, 3)
        >>> objective(FixedTrial({"x": 0.5, "n": 2}))
        2.5
        >>> objective(FixedTrial({"x": 0.5, "n": 4}))
        Traceback (most recent call last):
            ...
        ValueError: n=4 lies outside Int(low=1, high=3, log=False, step=1); widen the domain or change the value
    """

    def __init__(self, params: Mapping[str, Any], number: int = 0) -> None:
        super().__init__(number, TrialState.RUNNING, None, dict(params))

    def _suggest(self, name: str, domain: Domain) -> Any:
        value = super()._suggest(name, domain)
        self.distributions[name] = domain
        return value


def create_trial(
    *,
    state: TrialState = TrialState.COMPLETE,
    value: float | None = None,
    values: Sequence[float] | None = None,
    params: Mapping[str, Any] | None = None,
    distributions: Mapping[str, Domain] | None = None,
    user_attrs: Mapping[str, Any] | None = None,
    intermediate_values: Mapping[int, float] | None = None,
) -> TrialRecord:
    """Return the record of a finished trial, for `Study.add_trial`.

    Args:
        state: Complete, pruned or failed.
        value: What came of it; a failed trial has none.
        values: The same in a list.
        params: Its parameters.
        distributions: The domain of each.
        user_attrs: What is to be noted about it.
        intermediate_values: What it reported, by step.

    Raises:
        ValueError: For what no finished trial could have left, parameters without a domain, both of value and values.

    Examples:
        >>> create_trial(params={"x": 2.0}, distributions={"x": Float(0, 10)}, value=4.0).params
        {'x': 2.0}
    """
    if value is not None and values is not None:
        raise ValueError(f"create_trial: give value or values, got {value!r} and {values!r}")
    params, distributions = dict(params or {}), dict(distributions or {})
    if params.keys() != distributions.keys():
        raise ValueError(f"create_trial: params names {sorted(params)}, distributions {sorted(distributions)}")
    now = datetime.now()
    record = TrialRecord(
        number=-1,  # it has none before it is added to a study
        state=state,
        value=value if values is None else only(values),
        params=params,
        distributions=distributions,
        intermediate_values=dict(intermediate_values or {}),
        user_attrs=dict(user_attrs or {}),
        datetime_start=now,
        datetime_complete=now,
    )
    return plain_record(record, "create_trial")


class Trial(BaseTrial):
    """A trial that is open: an objective asks it for parameters and reports to it. Made by `Study.ask`."""

    def __init__(self, study: Study, number: int, rng: np.random.Generator) -> None:
        self.number = number
        self.user_attrs: dict[str, Any] = {}
        self._study = study
        self._rng = rng
        self._params: dict[str, Any] = {}
        self._domains: dict[str, Domain] = {}
        self._from_grid: set[str] = set()  # the grid chose these; the objective has yet to say their domains
        self._fixed: dict[str, Any] = {}  # from enqueue_trial: whatever the domain will be
        self._joint: dict[str, Any] = {}  # given at the start, for the domains in _joint_domains
        self._joint_domains: Mapping[str, Domain] = {}
        self._shown: dict[str, Any] | None = None  # all that others see of it for now; None: they see it as it is
        self._curve: dict[int, float] = {}
        self._start = datetime.now()
        self._outcome: TrialState | None = None  # None while it is open
        self._is_detached = False  # a double that is evaluated elsewhere
        self._is_given_up = False  # failed by others, who took its worker for dead, while it goes on
        self._misfit: str | None = None  # why what was enqueued does not fit the declared space
        self._pruning: str | None = None  # what a training's callback said when it raised TrialPruned
        self._view: list[Any] | None = None  # the history that it knows, where that is not what the study now has

    @property
    def params(self) -> dict[str, Any]:
        """The parameters named so far."""
        return dict(self._params)

    @property
    def distributions(self) -> dict[str, Domain]:
        """The domains of the parameters named so far."""
        if not self._from_grid:
            return dict(self._domains)
        return {name: domain for name, domain in self._domains.items() if name not in self._from_grid}

    @property
    def datetime_start(self) -> datetime:
        """When it was asked for."""
        return self._start

    @property
    def study(self) -> Study:
        """The study that it belongs to.

        Raises:
            RuntimeError: In a parallel run, where the objective is evaluated apart from the study.
        """
        if self._is_detached:
            raise RuntimeError(
                "trial.study: in a parallel run the objective is evaluated apart from its study, and cannot reach it; "
                "give the objective what it needs, and end the search from a callback"
            )
        return self._study

    def _suggest(self, name: str, domain: Domain) -> Any:
        return self._study._suggest(self, name, domain)

    def report(self, value: float, step: int) -> None:
        """Report an intermediate value, so that the pruner can judge the trial.

        Args:
            value: The objective as it stands; nan when it cannot be computed.
            step: How far the trial has come, in whole units of your choice: epochs, folds, rounds. Every trial
                should report at the same steps, for the pruner compares trials at equal steps.

        Raises:
            ValueError: For a value that is no number, a step that is not a whole number of at least 0.
        """
        self._check_open()
        number = check_report(value, step)
        with self._study._lock:  # another thread may be reading the curve
            is_new = int(step) not in self._curve
            if is_new:
                self._study._reported(self, int(step), number)
                self._curve[int(step)] = number
        if not is_new:
            text = f"trial {self.number} reported step {step} twice; the first report stays, {number!r} is dropped"
            warnings.warn(text, stacklevel=2)

    def should_prune(self) -> bool:
        """Whether the pruner advises to stop; then raise `TrialPruned`."""
        return self._study._should_prune(self)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something about the trial; it is kept in its record.

        Raises:
            ValueError: For a key that is no text; in a storage, for a value that JSON cannot hold.
        """
        check_name("set_user_attr", "key", key)
        with self._study._lock:
            self._check_open()
            self._study._noted(self, {**self.user_attrs, key: value})
            self.user_attrs[key] = value

    def _check_open(self) -> None:
        if self._outcome is not None:
            raise ValueError(f"trial {self.number} is finished already ({self._outcome}); ask for a new one")

    def _given(self) -> dict[str, Any]:
        """All parameters that it has or is bound to have: named, or given at the start and not reached yet."""
        return {**self._joint, **self._fixed, **self._params}

    def _last_report(self) -> float:
        return self._curve[max(self._curve)] if self._curve else math.nan

    def _double(self, study: Study) -> Trial:
        """Return an independent copy that lives on another study."""
        double = copy(self)
        double.__dict__.update(self._found(), _study=study, _is_detached=True, _view=None)
        return double

    def _found(self) -> dict[str, Any]:
        """Copies of all attributes that an objective's calls have changed."""
        return {
            name: copy(self.__dict__[name]) for name in ("_params", "_domains", "_from_grid", "_curve", "user_attrs")
        }

    def __repr__(self) -> str:
        return f"Trial(number={self.number}, params={self._params})"


def member(name: str, value: Any, domain: Domain) -> Any:
    """Return a value as its domain's type, or raise because it lies outside."""
    if value not in domain:
        raise ValueError(f"{name}={value!r} lies outside {domain}; widen the domain or change the value")
    if isinstance(domain, Categorical):
        # The choice itself, which may equal the value and be of another type. (Of texts none is.)
        return value if type(value) is str else domain.from_unit(domain.to_unit(value))
    return float(value) if isinstance(domain, Float) else int(value)


def check_name(who: str, argument: str, name: object) -> None:
    """Raise ValueError for what cannot be the name of a parameter or an attribute, as no file could hold it."""
    if not isinstance(name, str):
        raise ValueError(f"{who}: {argument} must be a text, got {name!r}; write {str(name)!r}")


def only(values: Any) -> Any:
    """Return the number in a list of one, which is what Optuna says for it; anything else as it is."""
    return values[0] if isinstance(values, (list, tuple)) and len(values) == 1 else values


def check_report(value: Any, step: Any, who: str = "report") -> float:
    """Return a reported value as a float, or raise because it is no number or the step no whole one."""
    number, problem = as_number(value, nan=True)
    if problem:
        raise ValueError(f"{who}: value {problem}")
    if not is_whole(step) or step < 0:
        raise ValueError(f"{who}: step must be a whole number of at least 0, got {step!r}")
    return number


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number, Python's or numpy's; True and False are not."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def as_number(value: Any, *, nan: bool) -> tuple[float, str | None]:
    """Return a value as a float and, where it is none, what is wrong with it."""
    # float() would read the text "1.0", take the only entry out of an array, and drop an imaginary part.
    is_disguised = isinstance(value, (str, bytes, complex, np.complexfloating)) or getattr(value, "ndim", 0) > 0
    if not is_disguised:
        try:
            number = float(value)
        except Exception:  # whatever a foreign __float__ raises: the value is no number
            pass
        else:
            if nan or not math.isnan(number):
                return number, None
    kind = "" if isinstance(value, float) else f" ({type(value).__name__})"
    return math.nan, f"must be a number, got {value!r:.80}{kind}"


def plain_record(record: TrialRecord, who: str) -> TrialRecord:
    """Return a record in Python's own numbers, or raise ValueError for one that no finished trial could have left."""
    if not isinstance(record, TrialRecord):
        raise ValueError(f"{who}: the trial must be a TrialRecord, as in study.trials, got {record!r}")
    if record.state not in ("complete", "pruned", "failed"):
        way_out = "; tell it first" * (record.state == "running")
        raise ValueError(f"{who}: state must be 'complete', 'pruned' or 'failed', got {record.state!r}{way_out}")
    value, problem = (None, None) if record.value is None else as_number(record.value, nan=False)
    if record.state == "complete" and value is None:
        raise ValueError(f"{who}: a complete trial needs a value, got None; state='failed' is for one without")
    if problem is not None or (record.state == "failed" and value is not None):
        raise ValueError(f"{who}: a {record.state} trial cannot have the value {record.value!r}")
    for argument, names in (("a parameter's name", record.params), ("a key of user_attrs", record.user_attrs)):
        for name in names:
            check_name(who, argument, name)
    _check_times(record, who)
    reports = [(step, check_report(entry, step, who)) for step, entry in record.intermediate_values.items()]
    curve = {int(step): entry for step, entry in reports}
    params = dict(record.params)
    for name, domain in record.distributions.items():
        if not isinstance(domain, Domain):
            raise ValueError(f"{who}: the domain of {name!r} must be a Float, Int or Categorical, got {domain!r}")
        if name not in params or params[name] not in domain:
            had = f"{name}={params[name]!r}" if name in params else f"no {name!r}"
            raise ValueError(f"{who}: the trial has {had}, and {domain} as its domain; correct one of the two")
        params[name] = member(name, params[name], domain)
    return replace(record, state=TrialState(record.state), value=value, params=params, intermediate_values=curve)


def _check_times(record: TrialRecord, who: str) -> None:
    """Raise ValueError for times of which no duration could be had."""
    start, end = record.datetime_start, record.datetime_complete
    are_times = isinstance(start, datetime) and isinstance(end, datetime | None)
    if not are_times or (end is not None and (start.tzinfo is None) != (end.tzinfo is None)):
        raise ValueError(
            f"{who}: datetime_start and datetime_complete must be two times, both with a zone or none, got {start!r} "
            f"and {end!r}"
        )
