"""Samplers: given the trials so far, which configuration comes next? One file, one algorithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..space import FrozenTrial

if TYPE_CHECKING:
    from .optuna_names import CmaEsSampler as CmaEsSampler
    from .optuna_names import GridSampler as GridSampler
    from .optuna_names import RandomSampler as RandomSampler
    from .optuna_names import TPESampler as TPESampler

__all__ = ["CmaEsSampler", "GridSampler", "RandomSampler", "Sampler", "TPESampler"]


class Sampler(Protocol):
    """What a search algorithm is: a class with this one method. There is nothing to inherit from.

    A sampler with an attribute ``needs_space = True`` cannot discover the space while it runs: a study asks it for the
    whole of its attribute ``space``, or, where that is None, of a declared space, and never for a single parameter.
    """

    def suggest(
        self, space: Mapping[str, Any], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any] | None:
        """Return the next configuration, or None when there is nothing left to try.

        Args:
            space: The parameters asked for, by name: a domain each.
            history: The trials so far, by number; not to be changed. Trials that lack one of the names,
                or have a value outside its domain, come from another branch or an older space. A list that is
                handed in again may have grown, and running trials in it may have finished; after any other change
                hand in a copy, for a sampler may remember what it read.
            rng: The only source of chance. Same history, same state of rng: same answer.
        """
        ...


def __getattr__(name: str) -> Any:
    if name in __all__:  # loaded when somebody names one: the algorithms take as long to import as all the rest
        from . import optuna_names

        return getattr(optuna_names, name)
    from ..not_covered import not_covered

    raise not_covered(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
