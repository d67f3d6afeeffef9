"""Random search: every configuration is an independent uniform draw, whatever happened before.

The baseline that any other method has to beat, and a good one: where only few of the parameters matter it
tries a new value of each of them in every trial, while a grid repeats the same few.

Source
    J. Bergstra and Y. Bengio (2012), Random Search for Hyper-Parameter Optimization. Journal of Machine
    Learning Research 13, 281-305.

Start reading at `RandomSampler.suggest`; there is nothing else.

>>> import numpy as np
>>> from tpe_reference.space import Categorical, Float
>>> space = {"lr": Float(1e-4, 1.0, log=True), "activation": Categorical(["relu", "tanh"])}
>>> params = RandomSampler().suggest(space, [], np.random.default_rng(0))
>>> params["lr"] in space["lr"], params["activation"]
(True, 'relu')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..space import Domain, FrozenTrial


class RandomSampler:
    """Uniform in the unit cube of the space: uniform in log space for ``log``, and over values or choices.

    When to use it: as the baseline of any comparison; when hundreds of trials can run at once, for none
    waits for another; when the budget is so small (some ten trials) that nothing can be learnt from them.
    When not: for anything else, once there are more trials than that. It may repeat itself on small spaces.
    """

    def suggest(
        self, space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return one independent draw; the history is not looked at."""
        u = rng.random(len(space)).tolist()  # ~ Uniform [0, 1)^d
        return {name: domain.from_unit(u_j) for (name, domain), u_j in zip(space.items(), u, strict=True)}
