"""Who takes part: this package's samplers and its peers by name, a user's own by address, each with or without pruning.

Add ``+median`` to any of them, and its trials are stopped by the median rule on problems with a curve.
"""

import copy
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..samplers.cma_es import CmaEsSampler
from ..samplers.grid import GridSampler, axis_values
from ..samplers.random_search import RandomSampler
from ..samplers.tpe import TPESampler
from ..space import Domain
from ..user_files import UsageError
from .loading import load, unknown
from .peers import PEERS
from .problems import Problem

PRUNING = "+median"

LABELS = {
    "grid": "grid search",
    "random": "random search",
    "tpe": "TPE",
    "cma-es": "CMA-ES",
    "tpe+median": "TPE + median pruning",
}
CONTESTANTS = tuple(LABELS)

_SAMPLERS: dict[str, Callable[[Mapping[str, Domain], int], Any]] = {
    "grid": lambda space, trials: GridSampler(points=grid_points(space, trials)),
    "random": lambda space, trials: RandomSampler(),
    "tpe": lambda space, trials: TPESampler(),
    "cma-es": lambda space, trials: CmaEsSampler(),
}


@dataclass(frozen=True)
class Contestant:
    """A sampler, with pruning or without.

    Args:
        spec: What the user wrote: ``tpe``, ``tpe+median``, ``mine.py:MySampler``.
        name: How it is called in files and tables.
    """

    spec: str
    name: str

    @property
    def prunes(self) -> bool:
        """Whether its trials may be stopped early."""
        return self.spec.endswith(PRUNING)

    @property
    def label(self) -> str:
        """How it is called in pictures."""
        base = self.name.removesuffix(PRUNING)
        plain = PEERS[base].label if base in PEERS else LABELS.get(base, base)
        return LABELS.get(self.name, plain + (" + median pruning" if self.prunes else ""))

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that decide what it does, where they are not ours."""
        base = self.spec.removesuffix(PRUNING)
        return PEERS[base].packages if base in PEERS else ()

    def sampler(self, problem: Problem, trials: int) -> Any:
        """Return its sampler for a problem and a number of trials.

        Raises:
            UsageError: When there is none, what there is has no ``suggest``, or a peer's package is missing.
        """
        base = self.spec.removesuffix(PRUNING)
        if base in PEERS:
            return PEERS[base].sampler()
        if base in _SAMPLERS:
            return _SAMPLERS[base](problem.space, trials)
        found = load(base)
        try:
            sampler = found() if inspect.isclass(found) else copy.deepcopy(found)  # a fresh one for each run
        except Exception as error:
            raise UsageError(f"{base}() failed with {type(error).__name__}: {error}; it gets no arguments") from error
        if not callable(getattr(sampler, "suggest", None)):
            raise UsageError(f"{base} is no sampler: it has no method suggest(space, history, rng)")
        return sampler


def get_contestants(specs: Iterable[str]) -> list[Contestant]:
    """Return the contestants of names and addresses, in their order, each once.

    Raises:
        UsageError: For an unknown name, and for an address where there is no sampler.
    """
    contestants: list[Contestant] = []
    known = {*_SAMPLERS, *PEERS}
    for spec in dict.fromkeys(specs):
        base = spec.removesuffix(PRUNING)
        if base not in known and ":" not in base:
            raise unknown("sampler", spec, (*CONTESTANTS, *PEERS), "--sampler")
        name = spec if base in known else spec.rpartition(":")[2]
        taken = [other.name.casefold() for other in contestants]
        if name.casefold() in taken or (":" in spec and name.casefold() in {*LABELS, *PEERS}):
            name = spec  # two classes of one name; and on some disks "TPE" and "tpe" are one file
        contestants.append(Contestant(spec, name))
    return contestants


def grid_points(space: Mapping[str, Domain], trials: int) -> int:
    """Return the fewest points per axis that make a grid of at least so many trials.

    Fewer, and the grid would be used up while the others go on; more, and it would be seen in part only.

    >>> from ..space import Categorical, Float
    >>> grid_points({"x": Float(0, 1), "y": Float(0, 1), "z": Categorical(["a", "b"])}, trials=30)
    4
    """
    points = 1
    while True:
        sizes = [len(axis_values(name, domain, points)) for name, domain in space.items()]
        if math.prod(sizes) >= trials or sizes == [domain.size for domain in space.values()]:
            return points
        points += 1
