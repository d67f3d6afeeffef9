"""What users of scikit-learn write for a search space, as domains that a study can search.

scikit-learn's searches take lists of any objects, scipy's distributions, and lists of alternative spaces. A study
takes `Float`, `Int` and `Categorical`, which hold plain values, so that a history can be saved. `read_space` pairs each
parameter with a domain, and with the function that turns the domain's value into what the estimator is given.

    ==========================================  ===============================  ===================================
    written                                     searched as                      called in the study
    ==========================================  ===============================  ===================================
    Float, Int, Categorical                     itself                           by its name
    range(1, 10)                                Int(1, 9)                        by its name
    a list of None, bools, numbers and texts    Categorical                      by its name
    a list with any other objects               Categorical, of their labels     by its name
    uniform(a, b), loguniform(a, b)             Float, with log                  by its name
    randint(a, b)                               Int(a, b - 1)                    by its name
    any other distribution                      Float between 0 and 1            "NAME (quantile)"
    a list of dicts, branches                   Categorical, of the dicts        "branch"; what differs between two
                                                                                 branches, "NAME [BRANCH]"
    ==========================================  ===============================  ===================================

Start reading at `read_space`.

>>> import numpy as np
>>> from tpe_reference import create_study
>>> space = read_space({"weights": [np.ones(2), np.zeros(2)], "depth": range(1, 4)})
>>> params = space.ask(create_study(seed=0))[1]
>>> params["weights"].shape, params["depth"] in range(1, 4), space.size
((2,), True, 6)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from .space import Categorical, Domain, Float, Int
from .study import Study
from .text import shorten
from .trial import Trial

_TAIL = 1e-6  # quantiles from here to 1 - here are searched, because those of 0 and 1 may be infinite
_LONGEST = 60  # letters of a label: it fits beside an axis of a picture
_N_DRAWS = 1000  # that stand for a distribution without quantiles: enough for the 0.1 % that matter to a search


@dataclass(frozen=True)
class Parameter:
    """One parameter of an estimator.

    Attributes:
        name: What the study calls it.
        domain: Where the study searches.
        to_object: From a value of the domain to what the estimator is given.
    """

    name: str
    domain: Domain
    to_object: Callable[[Any], Any]

    def suggest(self, trial: Trial) -> Any:
        """Ask a trial for it; return what the estimator is given."""
        return self.to_object(trial._suggest(self.name, self.domain))


@dataclass(frozen=True)
class SearchSpace:
    """A space that was read.

    Attributes:
        ask: Starts a trial of a study; returns it and the parameters for the estimator.
        size: How many candidates there are; None when they cannot be counted.
    """

    ask: Callable[[Study], tuple[Trial, dict[str, Any]]]
    size: int | None


def read_space(written: Any) -> SearchSpace:
    """Return what was written in any of the three forms: a dict, a list of dicts, a function of a trial.

    Raises:
        TypeError: For what is none of them; for a parameter that may be neither searched nor listed.
        ValueError: For an empty space or list.
    """
    if isinstance(written, Mapping):
        space = _read_dict(written)
        return SearchSpace(lambda study: _ask_all(study, space), _size(space))
    if callable(written):
        return SearchSpace(lambda study: _ask_function(study, written), None)
    branches = list(written) if isinstance(written, Iterable) and not isinstance(written, (str, bytes)) else []
    if not branches or not all(isinstance(branch, Mapping) for branch in branches):
        raise TypeError(
            "param_distributions must be a dict from names to domains, distributions or lists, a list of such dicts, "
            f"or a function of a trial, got {written!r:.200}"
        )
    if len(branches) == 1:
        return read_space(branches[0])
    return _read_branches([_read_dict(branch) if branch else {} for branch in branches])


def _read_dict(written: Mapping[str, Any]) -> dict[str, Parameter]:
    if not written or not all(isinstance(name, str) for name in written):
        raise ValueError(f"param_distributions must map names to what they may be, got {dict(written)!r:.200}")
    return {name: _read_parameter(name, what) for name, what in written.items()}


def _read_parameter(name: str, what: Any) -> Parameter:
    if isinstance(what, (Float, Int, Categorical)):
        return Parameter(name, what, _itself)
    if isinstance(what, range) and what:
        low, high = sorted((what[0], what[-1]))
        return Parameter(name, Int(low, high, step=abs(what.step)), _itself)
    if hasattr(what, "rvs"):
        return _read_distribution(name, what)
    is_text_or_dict = isinstance(what, (str, bytes, Mapping))
    if is_text_or_dict or not isinstance(what, Iterable) or not hasattr(what, "__len__"):
        raise TypeError(
            f"param_distributions[{name!r}] must be a domain, a distribution or a list, got {what!r:.200}; for a fixed "
            f"value write a list of one, [{what!r:.50}]"
        )
    if not hasattr(what, "__getitem__"):  # a set, whose order would differ from process to process
        raise TypeError(f"param_distributions[{name!r}] must have an order, got {what!r:.200}; write sorted(...)")
    return _read_list(name, list(what))


def _read_list(name: str, objects: list[Any]) -> Parameter:
    """Return the choice among objects of any kind: by themselves where a study can hold them, else by their labels."""
    if not objects:
        raise ValueError(f"param_distributions[{name!r}] must not be empty; give at least one value")
    try:
        domain = Categorical(objects)
    except ValueError:
        domain = Categorical(_labels(objects))
    return Parameter(name, domain, lambda choice: objects[_index(domain, choice)])


def _index(domain: Categorical, choice: Any) -> int:
    return int(domain.to_unit(choice) * domain.size)


def _labels(objects: Sequence[Any]) -> list[str]:
    """Return a short text for each object, the same in every process; equal ones are told apart by their place."""
    texts = [_label(thing) for thing in objects]
    return [f"{text} #{i}" if texts.count(text) > 1 else text for i, text in enumerate(texts)]


def _label(thing: Any) -> str:
    if isinstance(thing, str):
        return shorten(thing, _LONGEST)
    text = repr(thing)
    is_short = len(text) <= _LONGEST and "\n" not in text
    return text if is_short and " at 0x" not in text else str(getattr(thing, "__name__", type(thing).__name__))


def _read_distribution(name: str, distribution: Any) -> Parameter:
    """Return a distribution as the domain whose uniform draw it is; where there is none, as its quantiles."""
    family = getattr(getattr(distribution, "dist", None), "name", None)
    if family in ("uniform", "loguniform", "reciprocal", "randint"):
        low, high = distribution.support()
        if family == "uniform":
            return Parameter(name, Float(low, high), _itself)
        if family == "randint":
            return Parameter(name, Int(low, high), _itself)
        if math.isclose(distribution.median(), math.sqrt(low * high)):  # else it was shifted by loc
            return Parameter(name, Float(low, high, log=True), _itself)
    quantile = f"{name} (quantile)"
    if hasattr(distribution, "ppf"):
        number: type = int if hasattr(distribution, "pmf") else float
        return Parameter(quantile, Float(_TAIL, 1.0 - _TAIL), lambda u: number(distribution.ppf(u)))
    draws = [distribution.rvs(random_state=seed) for seed in range(_N_DRAWS)]
    with suppress(TypeError, ValueError):  # draws that have no order stay in that of the seeds
        draws.sort()
    return Parameter(quantile, Int(0, _N_DRAWS - 1), lambda i: draws[i])


def _read_branches(branches: Sequence[Mapping[str, Parameter]]) -> SearchSpace:
    """Return the choice among several spaces: of the branch first, then of its parameters.

    A parameter that is the same in all branches that have it keeps its name, and is learnt about in all of them. One
    that differs gets a name for each. One that has a single value is no parameter of the search.
    """
    fixed = [{name: _only_value(p) for name, p in branch.items() if p.domain.size == 1} for branch in branches]
    labels = _labels(
        [", ".join(f"{name}={_label(value)}" for name, value in values.items()) or "space" for values in fixed]
    )
    free = [{name: p for name, p in branch.items() if p.domain.size != 1} for branch in branches]
    named: list[dict[str, Parameter]] = []
    for label, parameters in zip(labels, free, strict=True):
        same = {name for name, p in parameters.items() if all(_is_same(p, other.get(name, p)) for other in free)}
        named.append(
            {name: p if name in same else replace(p, name=f"{p.name} [{label}]") for name, p in parameters.items()}
        )

    def ask(study: Study) -> tuple[Trial, dict[str, Any]]:
        trial = study.ask()
        i = labels.index(trial.suggest_categorical("branch", labels))
        return trial, {
            name: fixed[i][name] if name in fixed[i] else named[i][name].suggest(trial) for name in branches[i]
        }

    sizes = [_size(branch) for branch in branches]
    return SearchSpace(ask, None if None in sizes else sum(size or 0 for size in sizes))


def _is_same(one: Parameter, other: Parameter) -> bool:
    # Two distributions have the same quantiles, 0 to 1, and still mean different things.
    return one is other or (one.domain == other.domain and not one.name.endswith("(quantile)"))


def _only_value(parameter: Parameter) -> Any:
    return parameter.to_object(parameter.domain.from_unit(0.5))


def _ask_all(study: Study, space: Mapping[str, Parameter]) -> tuple[Trial, dict[str, Any]]:
    trial = study.ask({parameter.name: parameter.domain for parameter in space.values()})
    return trial, {name: parameter.to_object(trial.params[parameter.name]) for name, parameter in space.items()}


def _ask_function(study: Study, function: Callable[[Trial], Any]) -> tuple[Trial, dict[str, Any]]:
    trial = study.ask()
    params = function(trial)
    if not isinstance(params, Mapping) or not all(isinstance(name, str) for name in params):
        raise TypeError(f"param_distributions, a function, must return a dict of parameters, got {params!r:.200}")
    return trial, dict(params)


def _size(space: Mapping[str, Parameter]) -> int | None:
    sizes = [parameter.domain.size for parameter in space.values()]
    return None if None in sizes else math.prod(size or 0 for size in sizes)


def _itself(value: Any) -> Any:
    return value
