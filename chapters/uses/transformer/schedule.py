"""Learning rates over the steps of a training: warm-up, then constant, linear to zero, or half a cosine."""

import math
from collections.abc import Callable


# --8<-- [start:factor]
def factor(steps: int, schedule: str, warmup: int = 0, floor: float = 0.0) -> Callable[[int], float]:
    """Return the function from the step to the learning rate as a share of the largest."""

    def at(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        done = (step - warmup) / max(1, steps - warmup)
        falling = 1 - done if schedule == "linear" else floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
        return 1.0 if schedule == "constant" else falling

    return at


# --8<-- [end:factor]
