"""Pruners: given a running trial and the trials so far, should it stop? One file, one rule."""

from collections.abc import Sequence
from typing import NoReturn, Protocol

from ..space import FrozenTrial
from .median import MedianPruner
from .nop import NopPruner
from .percentile import PercentilePruner

__all__ = ["MedianPruner", "NopPruner", "PercentilePruner", "Pruner"]


class Pruner(Protocol):
    """What a pruning rule is: a class with this one method. There is nothing to inherit from."""

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        """Decide whether a running trial should stop after its last report.

        Args:
            trial: The running trial: its parameters, and the curve that it has reported.
            history: The trials before it, by number; not to be changed.
        """
        ...


def __getattr__(name: str) -> NoReturn:
    from ..not_covered import not_covered

    raise not_covered(__name__, name)
