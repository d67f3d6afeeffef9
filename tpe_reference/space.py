"""Search spaces and the record of a trial: all that the algorithms share.

A *space* is a plain ``dict`` from names to domains; a domain (`Float`, `Int`, `Categorical`) says which
values a parameter may take and maps them to and from the unit interval [0, 1], the only place where the
algorithms compute. A `FrozenTrial` is one configuration and what came of it; a list of them is a *history*.

The unit interval
    =====================  ==================================================================
    domain                 position u of a value in [0, 1]
    =====================  ==================================================================
    Float                  (value - low) / (high - low)
    Float, log             the same with log(value), log(low), log(high)
    Float with step, Int   n values, n equal cells; a value stands at the centre of its cell
    Int, log               value v owns the cell from log(v - 1/2) to log(v + 1/2), rescaled
    Categorical            n choices, n equal cells, in the order given
    =====================  ==================================================================

    A cell is what rounding sends to its value. Without cells the first and the last integer would be
    half as likely as the others under a uniform draw.

Read `Float` first; `Int` and `Categorical` have the same five members: ``value in domain``, `to_unit`,
`from_unit`, `size` and `values()`, and the finite ones `edges()`.

>>> space = {"lr": Float(1e-4, 1.0, log=True), "layers": Int(1, 4), "activation": Categorical(["relu", "tanh"])}
>>> {name: domain.from_unit(0.5) for name, domain in space.items()}
{'lr': 0.01, 'layers': 3, 'activation': 'tanh'}
>>> space["layers"].to_unit(3), 3 in space["layers"], 5 in space["layers"]
(0.625, True, False)
"""

import functools
import math
import numbers
import sys
import warnings
from collections.abc import Callable, Iterable, KeysView, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-8  # of a step: 0.1 * 3 is 0.30000000000000004, and rounding must not expel it
_DECIMALS = Context(prec=28)  # Python's own precision, whatever an application has set for itself
Value: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True)
class Float:
    """A real number in [low, high].

    Args:
        low: Smallest value.
        high: Largest value. With a step that does not divide the range, the last step below it.
        log: Whether the scale is logarithmic: equal ratios are equally far apart. For learning rates
            and penalties, whose order of magnitude is what is unknown.
        step: The values are low, low + step, low + 2 step, ... (None: every number between).

    Raises:
        ValueError: For bounds that are not finite or out of order, ``log`` with ``low <= 0`` or with a
            step, and a step that is not positive.

    Examples:
        >>> list(Float(0.8, 1.0, step=0.1).values())
        [0.8, 0.9, 1.0]
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        low, high = _finite("Float", "low", self.low), _finite("Float", "high", self.high)
        step = None if self.step is None else _finite("Float", "step", self.step)
        _check_range("Float", low, high, self.log, step)
        if self.log and step is not None:
            raise ValueError(f"Float: log=True goes without a step, got step={step!r}; drop one of the two")
        if step is not None:
            last = _nth(low, step, _n_steps(low, high, step) - 1)
            if abs(last - high) > _TOLERANCE * step:
                _warn_last_step("Float", high, step, last)
                high = last
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "log", bool(self.log))
        object.__setattr__(self, "step", step)

    @property
    def size(self) -> int | None:
        """Number of values; None when they cannot be counted."""
        if self.low == self.high:
            return 1
        return None if self.step is None else _n_steps(self.low, self.high, self.step)

    def __contains__(self, value: object) -> bool:
        number = value if type(value) is float else _as_float(value)  # samplers ask for every value of every trial
        if self.step is None:
            return self.low <= number <= self.high
        if not self.low - self.step <= number <= self.high + self.step:
            return False  # however far: a quotient beyond all floats could not be rounded
        steps = _Steps(self)
        k = round((number - self.low) / self.step)
        if not 0 <= k < len(steps):
            return False
        nearest: float = steps[k]
        return abs(number - nearest) <= _TOLERANCE * self.step + 4 * math.ulp(nearest)

    def to_unit(self, value: float) -> float:
        """Position of a value in [0, 1]."""
        value = float(value)
        n = self.size
        if n is not None:
            index = 0 if self.step is None else round((value - self.low) / self.step)
            return (index + 0.5) / n
        if self.log:
            u = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            u = (value - self.low) / (self.high - self.low)
        return min(max(u, 0.0), 1.0)

    def from_unit(self, u: float) -> float:
        """The value at a position; positions outside [0, 1] count as the nearer end."""
        n = self.size
        if n is not None:
            return self.values()[cell(u, n)]
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        value = (
            math.pow(self.low, 1.0 - u) * math.pow(self.high, u) if self.log else self.low + u * (self.high - self.low)
        )
        return min(max(value, self.low), self.high)  # rounding may overshoot by one unit in the last place

    def values(self) -> Sequence[float]:
        """All values in order; each is computed when it is looked up.

        Raises:
            ValueError: When the domain is continuous.
        """
        if self.size is None:
            raise ValueError(f"{self} has no list of values; give it a step, or say how many points to take")
        return _Steps(self)

    def edges(self) -> NDArray[np.float64]:
        """Borders of the values' cells in [0, 1], shape (size + 1,); value i owns edges[i] to edges[i + 1]."""
        if self.size is None:
            raise ValueError(f"{self} has no cells; give it a step")
        return _equal_cells(self.size)


class _Steps(Sequence[float]):
    """The values of a stepped `Float`, as a range of integers would be: nothing is listed into memory."""

    def __init__(self, domain: Float) -> None:
        self._domain = domain
        self._n = domain.size or 0

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(self._n)[index]]
        k = range(self._n)[index]  # raises the IndexError that ends a loop
        return self._domain.high if k == self._n - 1 else _nth(self._domain.low, self._domain.step or 0.0, k)


@dataclass(frozen=True)
class Int:
    """An integer in [low, high].

    Args:
        low: Smallest value.
        high: Largest value. With a step that does not divide the range, the last step below it.
        log: Whether the scale is logarithmic. For sizes that span orders of magnitude.
        step: The values are low, low + step, low + 2 step, ...

    Raises:
        ValueError: For bounds or steps that are not integers, bounds out of order, ``log`` with
            ``low <= 0`` or with a step, and a step that is not positive.

    Examples:
        >>> list(Int(0, 10, step=5).values())
        [0, 5, 10]
    """

    low: int
    high: int
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        low, high, step = (_integer("Int", name, getattr(self, name)) for name in ("low", "high", "step"))
        _check_range("Int", low, high, self.log, step)
        if self.log and step != 1:
            raise ValueError(f"Int: log=True goes without a step, got step={step!r}; drop one of the two")
        last = low + (high - low) // step * step
        if last != high:
            _warn_last_step("Int", high, step, last)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", last)
        object.__setattr__(self, "log", bool(self.log))
        object.__setattr__(self, "step", step)

    @property
    def size(self) -> int:
        """Number of values."""
        return (self.high - self.low) // self.step + 1

    def __contains__(self, value: object) -> bool:
        if isinstance(value, np.generic):
            value = value.item()  # narrow integers of numpy overflow in the difference below
        # Not `value in self.values()`: for all but plain integers a range would count its way there.
        return _is_real(value) and self.low <= value <= self.high and (value - self.low) % self.step == 0

    def to_unit(self, value: int) -> float:
        """Position of a value in [0, 1]: the centre of its cell (in log space for ``log``)."""
        value = int(value)
        if not self.log or self.low == self.high:
            return ((value - self.low) // self.step + 0.5) / self.size
        left, right = self._log_ends()
        return (math.log(value) - left) / (right - left)

    def from_unit(self, u: float) -> int:
        """The value whose cell holds a position; positions outside [0, 1] count as the nearer end."""
        if not self.log or self.low == self.high:
            return self.low + self.step * cell(u, self.size)
        left, right = self._log_ends()
        nearest = round(math.exp(left + min(max(u, 0.0), 1.0) * (right - left)))
        return min(max(nearest, self.low), self.high)

    def values(self) -> Sequence[int]:
        """All values in order, as a range: nothing is listed into memory."""
        return range(self.low, self.high + 1, self.step)

    def edges(self) -> NDArray[np.float64]:
        """Borders of the values' cells in [0, 1], shape (size + 1,); value i owns edges[i] to edges[i + 1]."""
        if not self.log or self.low == self.high:
            return _equal_cells(self.size)
        left, right = self._log_ends()
        borders = np.log(np.arange(self.low, self.high + 2) - 0.5)
        edges: NDArray[np.float64] = (borders - left) / (right - left)
        edges[0], edges[-1] = 0.0, 1.0
        return edges

    def _log_ends(self) -> tuple[float, float]:
        return math.log(self.low - 0.5), math.log(self.high + 0.5)


@dataclass(frozen=True)
class Categorical:
    """One of several choices, which have no order.

    Args:
        choices: What may be chosen: None, booleans, integers, finite floats and strings, which is what
            JSON can hold. For anything else choose a name, and look the object up in a dict of your own.

    Raises:
        ValueError: For no choices, a choice twice, and choices that JSON cannot hold.

    Examples:
        >>> Categorical(["sqrt", "log2", None]).from_unit(0.99) is None
        True
    """

    choices: tuple[Value, ...] = field(compare=False)
    _identities: tuple[Any, ...] = field(init=False, repr=False)  # what makes choices equal, see _identity
    _places: dict[Any, int] = field(init=False, repr=False, compare=False)  # of each of them, to be found at once

    def __init__(self, choices: Sequence[Value]) -> None:
        if isinstance(choices, (str, bytes)) or not isinstance(choices, Iterable):
            raise ValueError(f"Categorical: choices must be a list of choices, got {choices!r}; write [{choices!r}]")
        # A set's order, and with it the search, would differ from process to process. The keys of a dict have one.
        if isinstance(choices, Set) and not isinstance(choices, KeysView):
            raise ValueError(f"Categorical: choices must have an order, got {choices!r}; write sorted(...)")
        plain = tuple(_plain_choice(choice) for choice in choices)
        if not plain:
            raise ValueError("Categorical: choices must not be empty; give at least one choice")
        identities = tuple(_identity(choice) for choice in plain)
        if len(set(identities)) < len(identities):
            twice = next(plain[i] for i, key in enumerate(identities) if key in identities[:i])
            raise ValueError(f"Categorical: choices must differ, got {twice!r} twice; drop one of them")
        object.__setattr__(self, "choices", plain)
        object.__setattr__(self, "_identities", identities)
        object.__setattr__(self, "_places", {identity: place for place, identity in enumerate(identities)})

    @property
    def size(self) -> int:
        """Number of choices."""
        return len(self.choices)

    def __contains__(self, value: object) -> bool:
        try:
            return _identity(value) in self._places
        except TypeError:  # what cannot be hashed is no choice
            return False

    def to_unit(self, value: Value) -> float:
        """Position of a choice in [0, 1]: the centre of its cell."""
        return (self._places[_identity(value)] + 0.5) / self.size

    def from_unit(self, u: float) -> Value:
        """The choice whose cell holds a position; positions outside [0, 1] count as the nearer end."""
        return self.choices[cell(u, self.size)]

    def values(self) -> Sequence[Value]:
        """All choices in the order given."""
        return self.choices

    def edges(self) -> NDArray[np.float64]:
        """Borders of the choices' cells in [0, 1], shape (size + 1,); choice i owns edges[i] to edges[i + 1]."""
        return _equal_cells(self.size)


Domain: TypeAlias = Float | Int | Categorical


def cell(u: float, n: int) -> int:
    """Return which of n equal cells holds a position, from 0; positions outside [0, 1] count as the nearer end.

    >>> [cell(u, 4) for u in (0.0, 0.24, 0.26, 1.0)]
    [0, 0, 1, 3]
    """
    return min(max(int(u * n), 0), n - 1)


def domain_to_json(domain: Domain) -> dict[str, Any]:
    """A domain as a dict that JSON can hold.

    Examples:
        >>> domain_to_json(Int(1, 9))
        {'kind': 'int', 'low': 1, 'high': 9, 'log': False, 'step': 1}
    """
    if isinstance(domain, Categorical):
        return {"kind": "categorical", "choices": list(domain.choices)}
    kind = "float" if isinstance(domain, Float) else "int"
    return {"kind": kind, "low": domain.low, "high": domain.high, "log": domain.log, "step": domain.step}


def domain_from_json(data: Mapping[str, Any]) -> Domain:
    """The domain that `domain_to_json` wrote.

    Raises:
        ValueError: When the dict is not a domain's.
    """
    arguments = dict(data) if isinstance(data, Mapping) else {}
    kinds: dict[Any, Callable[..., Domain]] = {"float": Float, "int": Int, "categorical": Categorical}
    kind = kinds.get(str(arguments.pop("kind", None)))
    if kind is None:
        raise ValueError(f"domain_from_json: data['kind'] must be one of {sorted(kinds)}, got {data!r}")
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ValueError(f"domain_from_json: data is not a domain, got {data!r}: {error}") from None


class TrialState(StrEnum):
    """What a trial has come to. A member equals its value as text: ``TrialState.PRUNED == "pruned"``."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAIL = "failed"  # what Optuna calls it, first, so that it is the member's name
    FAILED = FAIL

    def is_finished(self) -> bool:
        """Whether the trial is over."""
        return self is not TrialState.RUNNING


@dataclass(frozen=True, slots=True)
class FrozenTrial:
    """One configuration and what came of it. Its number is its place in the history.

    Args:
        params: The parameters it was given, by name.
        loss: Lower is better. nan unless the trial is complete, or pruned with a last report.
        curve: The losses it reported on the way, by step.
        state: "running", "complete", "pruned" or "failed".

    Examples:
        >>> history = [FrozenTrial({"x": 1}, 0.5), FrozenTrial({"x": 2}, 0.1), FrozenTrial({"x": 3}, state="failed")]
        >>> min(history, key=FrozenTrial.merit).params
        {'x': 2}
    """

    params: Mapping[str, Any]
    loss: float = math.nan
    curve: Mapping[int, float] = field(default_factory=dict)
    state: TrialState = TrialState.COMPLETE

    def __post_init__(self) -> None:
        if not isinstance(self.state, TrialState):
            object.__setattr__(self, "state", TrialState(self.state))

    def merit(self) -> tuple[int, float, float]:
        """Sort key of a finished trial, best first: complete by loss; pruned, later step first; failed.

        Trials with equal keys are in the order of their numbers when the sort is stable, as Python's is.
        """
        loss = math.inf if math.isnan(self.loss) else self.loss
        if self.state == "complete":
            return (0, 0.0, loss)
        if self.state == "pruned":
            return (1, -max(self.curve, default=-1), loss)
        return (2, 0.0, 0.0)


def _is_real(value: object) -> TypeGuard[float]:
    if type(value) is float or type(value) is int:  # nearly always; asking for an abstract class takes long
        return True
    # True and False are numbers in Python; as a value of a Float or an Int they are a mistake.
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def _as_float(value: object) -> float:
    """Return a number as a float; nan for what is no number, infinity for an int beyond all floats."""
    try:
        return float(value) if _is_real(value) else math.nan
    except OverflowError:
        return math.inf


def _finite(kind: str, name: str, value: Any) -> float:
    number = _as_float(value)
    if not math.isfinite(number):
        # In YAML 1e-5 is a text, and 1.0e-5 the number.
        way_out = f"write float({value!r})" if isinstance(value, str) else "give the range that matters"
        raise ValueError(f"{kind}: {name} must be a finite number, got {value!r}; {way_out}")
    return number


def _integer(kind: str, name: str, value: Any) -> int:
    if _finite(kind, name, value).is_integer():
        return int(value)
    raise ValueError(f"{kind}: {name} must be an integer, got {value!r}; use Float for fractions")


def _check_range(kind: str, low: float, high: float, log: bool, step: float | None) -> None:
    if low > high:
        raise ValueError(f"{kind}: low must not exceed high, got low={low!r} and high={high!r}; swap them")
    if not math.isfinite(float(high) - float(low)):
        raise ValueError(f"{kind}: high - low overflows for low={low!r} and high={high!r}; narrow the range")
    if log and low <= 0:
        raise ValueError(f"{kind}: log=True needs low > 0, got low={low!r}; raise low or drop log")
    if log and low < high and math.log(low) == math.log(high):
        raise ValueError(f"{kind}: log=True cannot tell low={low!r} from high={high!r}; drop log")
    if step is not None and step <= 0:
        raise ValueError(f"{kind}: step must be positive, got step={step!r}; leave it out for none")


def _warn_last_step(kind: str, high: float, step: float, last: float) -> None:
    text = f"{kind}: high={high!r} is no whole number of steps ({step!r}) above low; the range ends at {last!r}"
    # Points at the line that builds the domain; for one that a trial builds, at the objective's: two further out.
    of_trial = sys._getframe(3).f_code.co_name == "domain_of"
    warnings.warn(text, stacklevel=6 if of_trial else 4)


def _decimal(value: float) -> Decimal:
    # The shortest decimal that reads back as the float: 0.1 means one tenth, as its author meant it.
    return Decimal(repr(value))


@functools.lru_cache(maxsize=4096)  # a search asks for the same few values again and again; decimals take long
def _nth(low: float, step: float, k: int) -> float:
    return float(_DECIMALS.add(_decimal(low), _DECIMALS.multiply(k, _decimal(step)))) + 0.0  # not -0.0


@functools.lru_cache(maxsize=1024)
def _n_steps(low: float, high: float, step: float) -> int:
    steps = _DECIMALS.divide(_DECIMALS.subtract(_decimal(high), _decimal(low)), _decimal(step))
    return int(_DECIMALS.add(steps, _decimal(_TOLERANCE))) + 1


def _equal_cells(n: int) -> NDArray[np.float64]:
    return np.arange(n + 1) / n


def _plain_choice(choice: Any) -> Value:
    if isinstance(choice, np.generic):
        choice = choice.item()
    if choice is None or isinstance(choice, (bool, int, str)) or (isinstance(choice, float) and math.isfinite(choice)):
        return choice
    way_out = "choose a name and look the object up in a dict"
    raise ValueError(
        f"Categorical: choices may be None, bool, int, finite float or str, got {choice!r} ({type(choice).__name__}); "
        f"{way_out}"
    )


def _identity(choice: object) -> tuple[bool, object]:
    # In Python True == 1; in JSON, and for the user, they are two choices.
    return isinstance(choice, (bool, np.bool_)), choice
