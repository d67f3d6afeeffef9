"""Problems that were written when the defaults had been fixed: a second hold-out, and a model for a file of one's own.

``python -m tpe_reference.compare.suite --problems-of chapters/ablation/further.py`` runs on them. Functions that are
known from the literature, and some that stand for what happens in practice: most parameters do not matter, the best
configuration is in a corner, half of the box fails, one choice decides where everything else is best.

Start reading at `GROUPS`.
"""

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpe_reference import Categorical, Domain, Float, Int
from tpe_reference.compare.problems import Problem, ellipsoid, generator_of, place_of_optimum, rosenbrock
from tpe_reference.compare.suite_problems import (
    griewank,
    halving,
    in_dimensions,
    interacting_choices,
    landscape,
    manhattan,
)

Floats = NDArray[np.float64]

# ---- functions of z, whose minimum is 0 at z = 0 ---------------------------------------------------------------------


def zakharov(z: Floats) -> float:
    """A valley along one diagonal, ever steeper outside."""
    along = 0.5 * np.arange(1, len(z) + 1) @ z
    return float(z @ z + along**2 + along**4)


def dixon_price(z: Floats) -> float:
    """A valley that bends in every dimension, with a second minimum beside it."""
    i = np.arange(1, len(z) + 1)
    x = z + 2.0 ** (2.0 ** (1.0 - i) - 1.0)  # where the minimum is: 1, 2^(-1/2), 2^(-3/4), ...
    return float((x[0] - 1.0) ** 2 + i[1:] @ (2.0 * x[1:] ** 2 - x[:-1]) ** 2)


def salomon(z: Floats) -> float:
    """Rings around the optimum, like those of a stone in a pond."""
    length = math.sqrt(z @ z)
    return float(1.0 - math.cos(2.0 * math.pi * length / 4.0) + 0.1 * length)


def steep(z: Floats) -> float:
    """Distances along the axes, the last a thousand times as important as the first: no parameter needs another."""
    return float(1e3 ** (np.arange(len(z)) / (len(z) - 1)) @ np.abs(z))


def two_of_many(z: Floats) -> float:
    """A bowl in the first two dimensions; the others do nothing."""
    return float(z[:2] @ z[:2])


def step(z: Floats) -> float:
    """A staircase: flat, with a fall at every whole number, as of a loss that counts mistakes."""
    return float(np.floor(np.abs(z) + 0.5).sum() + 1e-3 * np.abs(z).sum())


# ---- problems of other kinds -----------------------------------------------------------------------------------------


def failing(problem: Problem, name: str) -> Problem:
    """Return a problem that fails where its first parameter is a little above the best value, up to half of the box."""

    def evaluate(params: dict[str, Any], seed: int) -> Any:
        too_high = params["x1"] > place_of_optimum(problem.name, seed, len(problem.space))[0] + 0.5
        return math.nan if too_high else problem.evaluate(params, seed)

    evaluate.__doc__ = "A function that fails beyond a border close to its optimum."
    return dataclasses.replace(problem, evaluate=evaluate, name=name)


def cornered(d: int) -> Problem:
    """Return the distance from a corner of the unit cube, which the seed chooses."""
    name = f"corner-{d}"

    def evaluate(params: dict[str, Any], seed: int) -> float:
        corner = generator_of(name, seed).integers(0, 2, d)
        return float(np.abs(np.array(list(params.values())) - corner).sum())

    evaluate.__doc__ = "The best configuration is in a corner."
    return Problem(evaluate, {f"x{i}": Float(0, 1) for i in range(1, d + 1)}, name, optimum=0.0)


def hills(d: int) -> Problem:
    """Return eight hills (upside down) of different height, width and place, the highest 1."""
    name = f"hills-{d}"

    def evaluate(params: dict[str, Any], seed: int) -> float:
        rng, x = generator_of(name, seed), np.array(list(params.values()))
        places, widths = rng.random((8, d)), rng.uniform(0.1, 0.3, 8)
        heights = np.append(rng.uniform(0.3, 0.95, 7), 1.0)
        distances = ((x - places) ** 2).sum(axis=1) / d
        return float(1.0 - (heights * np.exp(-distances / (2.0 * widths**2))).max())

    evaluate.__doc__ = "Eight dips, of which one is the deepest."
    return Problem(evaluate, {f"x{i}": Float(0, 1) for i in range(1, d + 1)}, name, optimum=0.0)


FOREST: dict[str, Domain] = {
    "trees": Int(10, 500, log=True),
    "depth": Int(2, 32),
    "leaf": Int(1, 50, log=True),
    "features": Float(0.1, 1.0),
    "rows": Float(0.3, 1.0, step=0.1),
    "criterion": Categorical(["gini", "entropy", "log_loss"]),
    "bootstrap": Categorical([True, False]),
}
BOOSTING: dict[str, Domain] = {
    "learning_rate": Float(1e-3, 1.0, log=True),
    "leaves": Int(2, 256, log=True),
    "l1": Float(1e-8, 10.0, log=True),
    "l2": Float(1e-8, 10.0, log=True),
    "rows": Float(0.4, 1.0),
    "columns": Float(0.4, 1.0),
    "min_rows": Int(5, 100),
    "rounds": Int(10, 1000, log=True),
}
KITCHEN: dict[str, Domain] = {
    **{f"spoons{i}": Int(0, 10) for i in range(4)},
    **{f"minutes{i}": Float(1.0, 100.0, log=True) for i in range(2)},
    **{f"spice{i}": Categorical(["none", "a little", "much"]) for i in range(4)},
}

GROUPS: dict[str, list[Problem]] = {
    "continuous": [
        in_dimensions(zakharov, 3),
        in_dimensions(zakharov, 8),
        in_dimensions(dixon_price, 4),
        in_dimensions(dixon_price, 10),
        in_dimensions(salomon, 4),
        in_dimensions(steep, 6, rotated=False),
        in_dimensions(steep, 15, rotated=False),
        in_dimensions(two_of_many, 12, rotated=False),
        in_dimensions(step, 5, rotated=False),
        cornered(5),
        hills(3),
        hills(8),
        failing(in_dimensions(ellipsoid, 3), "failing-3"),
        failing(in_dimensions(rosenbrock, 6), "failing-6"),
    ],
    "mixed": [
        landscape("mixed-forest", FOREST, pull=0.5),
        landscape("mixed-boosting", BOOSTING, halving, rotated=True),
        landscape("mixed-kitchen", KITCHEN, manhattan, pull=1.0),
    ],
    "integer": [
        landscape("integer-eight", {f"n{i}": Int(0, 20) for i in range(8)}, griewank),
    ],
    "categorical": [
        interacting_choices("categorical-four", 5, 4, interaction=0.5),
    ],
}
_BY_NAME = {problem.name: problem for group in GROUPS.values() for problem in group}


def __getattr__(name: str) -> Problem:  # a name like zakharov-3 is found at this file's address
    try:
        return _BY_NAME[name]
    except KeyError:
        raise AttributeError(f"{__file__} has no {name!r}") from None
