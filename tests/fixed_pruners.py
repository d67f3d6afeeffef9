"""What several tests of callbacks share: pruners that do as they are told, and an objective's end."""

from collections.abc import Sequence

import tpe_reference
from tpe_reference.space import FrozenTrial


class PruneAt:
    """Prunes every trial at one step; None: never."""

    def __init__(self, step: int | None) -> None:
        self.step = step

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        return self.step is not None and max(trial.curve) >= self.step


def new_trial(step: int | None = None, direction: str = "minimize") -> tpe_reference.Trial:
    """A trial that is to be pruned at a step."""
    return tpe_reference.create_study(pruner=PruneAt(step), direction=direction, seed=0).ask()


def reports(trial: tpe_reference.Trial) -> dict[int, float]:
    """What a trial that is open has reported, by step."""
    return trial.study.trials[trial.number].intermediate_values
