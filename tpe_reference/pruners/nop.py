"""No pruning: every trial runs to its end. For switching pruning off where `MedianPruner` is the default.

>>> NopPruner().should_prune(trial=None, history=[])
False
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..space import FrozenTrial


class NopPruner:
    """Stops no trial. Its name, "no operation", is Optuna's."""

    def should_prune(self, trial: FrozenTrial | None, history: Sequence[FrozenTrial]) -> bool:
        """Return False."""
        return False
