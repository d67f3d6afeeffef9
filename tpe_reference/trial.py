"""Trials: one configuration and what comes of it, while it is open (`Trial`) and when it has finished (`TrialRecord`).

An objective gets a `Trial`: it asks it for parameters and reports to it. What is kept of it is a `TrialRecord`.

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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from .space import Categorical, Domain, Float, Int, TrialState, Value

if TYPE_CHECKING:
    from .study import Study

__all__ = ["Trial", "TrialPruned", "TrialRecord", "TrialState"]


class TrialPruned(Exception):  # noqa: N818  # the name that users know: it is a signal, not an error
    """Raised by an objective to end its trial early, after ``trial.should_prune()`` said so."""


@dataclass(frozen=True)
class TrialRecord:
    """A trial as its user sees it: in values, not losses.

    Made by a study; by hand for `Study.add_trial`, which numbers it.

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

    @property
    def duration(self) -> timedelta | None:
        """Time from ask to tell."""
        return None if self.datetime_complete is None else self.datetime_complete - self.datetime_start


class Trial:
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

    @property
    def params(self) -> dict[str, Any]:
        """The parameters named so far."""
        return dict(self._params)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the value of a real parameter; the arguments are those of `Float`."""
        return float(self._study._suggest(self, name, Float(low, high, step=step, log=log)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return the value of an integer parameter; the arguments are those of `Int`."""
        return int(self._study._suggest(self, name, Int(low, high, step=step, log=log)))

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Any:
        """Return one of several choices."""
        return self._study._suggest(self, name, Categorical(choices))

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
        number, problem = as_number(value, nan=True)
        if problem:
            raise ValueError(f"report: value {problem}")
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < 0:
            raise ValueError(f"report: step must be a whole number of at least 0, got {step!r}")
        with self._study._lock:  # another thread may be reading the curve
            is_new = int(step) not in self._curve
            self._curve.setdefault(int(step), number)
        if not is_new:
            text = f"trial {self.number} reported step {step} twice; the first report stays, {number!r} is dropped"
            warnings.warn(text, stacklevel=2)

    def should_prune(self) -> bool:
        """Whether the pruner advises to stop; then raise `TrialPruned`."""
        return self._study._should_prune(self)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something about the trial; it is kept in its record."""
        with self._study._lock:
            self._check_open()
            self.user_attrs[key] = value

    def _check_open(self) -> None:
        if self._outcome is not None:
            raise ValueError(f"trial {self.number} is finished already ({self._outcome}); ask for a new one")

    def _given(self) -> dict[str, Any]:
        """All parameters that it has or is bound to have: named, or given at the start and not reached yet."""
        return {**self._joint, **self._fixed, **self._params}

    def __repr__(self) -> str:
        return f"Trial(number={self.number}, params={self._params})"


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


def check_record(record: TrialRecord) -> None:
    """Raise ValueError for a record that no finished trial could have left."""
    if not isinstance(record, TrialRecord):
        raise ValueError(f"add_trial: the trial must be a TrialRecord, as in study.trials, got {record!r}")
    if record.state not in ("complete", "pruned", "failed"):
        raise ValueError(
            f"add_trial: state must be 'complete', 'pruned' or 'failed', got {record.state!r}; tell it first"
        )
    if record.value is None:
        if record.state == "complete":
            raise ValueError("add_trial: a complete trial needs a value, got None; state='failed' is for one without")
    elif record.state == "failed" or as_number(record.value, nan=False)[1] or not isinstance(record.value, float | int):
        raise ValueError(f"add_trial: a {record.state} trial cannot have the value {record.value!r}")
    for name, domain in record.distributions.items():
        if name not in record.params or record.params[name] not in domain:
            had = f"{name}={record.params[name]!r}" if name in record.params else f"no {name!r}"
            raise ValueError(f"add_trial: the trial has {had}, and {domain} as its domain; correct one of the two")
