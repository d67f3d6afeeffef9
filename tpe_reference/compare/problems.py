"""What is searched: benchmark functions, learning curves, and two real models to tune.

A problem is a function of a configuration and a seed that returns a loss, and the space it lives in. If it
*yields* losses instead, one per step, they are its learning curve: the last one is the loss, and a contestant
that prunes may stop it between two steps. A problem of your own, in a file ``mine.py``::

    from tpe_reference import Float, Int
    from tpe_reference.compare import Problem

    def bowl(params, seed):
        '''A bowl; this sentence appears in the report.'''
        return (params["x"] - 0.3) ** 2 + abs(params["n"] - 7)

    problem = Problem(bowl, {"x": Float(-1, 1), "n": Int(1, 20)}, optimum=0.0)

and ``tpe-reference compare --problem mine.py:problem``. A configuration that cannot be evaluated returns nan. Noise has
to come from the seed and the parameters, or going on after an interruption gives other losses than one go::

    rng = np.random.default_rng([seed, zlib.crc32(repr(params).encode())])

Where the optima are
    Sphere, ellipsoid, Rosenbrock, Rastrigin and Ackley have five parameters: beyond what a grid can cover, few
    enough for a hundred trials to matter. Textbooks put their optimum at the centre of the box, where CMA-ES
    starts and a grid has a point. Here it is a place drawn from the seed, uniformly from [-4, 4]^5 in the box
    [-5, 5]^5, as in the BBOB suite (Hansen, Finck, Ros and Auger, 2009, INRIA RR-6829). All contestants of one
    seed get the same place, so that they can be compared in pairs. Branin and Hartmann-6 are as published
    (Dixon and Szego, Towards Global Optimisation 2, 1978).

Start reading at `Problem`.

>>> PROBLEMS["branin"].evaluate({"x1": np.pi, "x2": 2.275}, 0) - PROBLEMS["branin"].optimum < 1e-9
True
"""

import functools
import inspect
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..space import Categorical, Domain, Float, Int
from ..user_files import UsageError
from .loading import load, unknown

Evaluate: TypeAlias = Callable[[dict[str, Any], int], float] | Callable[[dict[str, Any], int], Iterator[float]]


@dataclass(frozen=True)
class Problem:
    """Something to minimise.

    Args:
        evaluate: From the parameters, a dict, and a seed to the loss; or a generator of losses, one per step.
            The seed may shape the problem (all contestants of one seed share it). Its docstring's first
            sentence describes the problem in the report.
        space: The parameters and their domains.
        name: As it is called on the command line; empty: the function's name.
        optimum: The lowest loss there is. None: not known, then the loss itself is drawn, and regret is
            measured from the best loss that any contestant found.
        log: Whether what is drawn spans orders of magnitude; None: it does when the optimum is known.
        trials: How many trials a run has unless --trials says otherwise.
        seeds: How many runs each contestant gets unless --seeds says otherwise.
        seconds: About how long a trial takes, so that the progress bar moves evenly.
        measure: What the loss is, for the axes.
        step: What a step of the curve is, for the axes.
    """

    evaluate: Evaluate
    space: Mapping[str, Domain]
    name: str = ""
    optimum: float | None = None
    log: bool | None = None
    trials: int = 100
    seeds: int = 20
    seconds: float = 0.002
    measure: str = "loss"
    step: str = "step"

    def __post_init__(self) -> None:
        if not callable(self.evaluate) or not isinstance(self.space, Mapping) or not self.space:
            raise ValueError("Problem: give a function and a space, as in Problem(bowl, {'x': Float(-1, 1)})")
        for key, domain in self.space.items():
            if not isinstance(domain, Float | Int | Categorical):
                raise ValueError(f"Problem: {key!r} in the space is {domain!r}; give a Float, an Int or a Categorical")
        if not self.name:
            name = getattr(self.evaluate, "__name__", type(self.evaluate).__name__)
            object.__setattr__(self, "name", name.replace("_", "-"))

    @property
    def log_scale(self) -> bool:
        """Whether its axis is logarithmic, and areas are means of logarithms."""
        return self.optimum is not None if self.log is None else self.log

    @property
    def has_curve(self) -> bool:
        """Whether it yields a learning curve, so that there is something to prune."""
        method = type(self.evaluate).__call__  # for an object that is called like a function
        return inspect.isgeneratorfunction(self.evaluate) or inspect.isgeneratorfunction(method)

    @property
    def description(self) -> str:
        """The first paragraph of the function's docstring."""
        return " ".join((inspect.getdoc(self.evaluate) or "").split("\n\n")[0].split())


def get_problem(spec: str) -> Problem:
    """Return the problem of a name or an address.

    Raises:
        UsageError: For an unknown name, and for an address where there is no problem.
    """
    if spec in PROBLEMS:
        return PROBLEMS[spec]
    if ":" not in spec:
        raise unknown("problem", spec, PROBLEMS, "--problem")
    found = load(spec)
    if not isinstance(found, Problem):
        example = "problem = Problem(bowl, {'x': Float(-1, 1)})"
        raise UsageError(f"{spec} is a {type(found).__name__}, not a Problem; write, say, {example}")
    return found


DIMENSION = 5


def generator_of(name: str, seed: int, *purpose: int) -> np.random.Generator:
    """Return the source of what a problem's seed decides; each purpose has its own."""
    key = zlib.crc32(name.encode())  # not hash(): that differs from process to process
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key, *purpose)))


@functools.lru_cache
def place_of_optimum(name: str, seed: int, d: int = DIMENSION) -> NDArray[np.float64]:
    """Return where the optimum of a shifted function is at a seed, shape (d,)."""
    return generator_of(name, seed).uniform(-4.0, 4.0, size=d)


@functools.lru_cache
def rotation(name: str, seed: int, d: int) -> NDArray[np.float64]:
    """Return the rotation of a function's space at a seed, (d, d), uniform over all (reflections among them)."""
    q, r = np.linalg.qr(generator_of(name, seed, 1).standard_normal((d, d)))
    rotated: NDArray[np.float64] = q * np.sign(np.diag(r))  # else it were neither uniform nor the same on any LAPACK
    return rotated


def shifted(
    function: Callable[[NDArray[np.float64]], float], d: int = DIMENSION, *, rotated: bool = False, name: str = ""
) -> Problem:
    """Return the problem of a function of z, (d,), whose minimum is 0 at z = 0.

    Args:
        function: Its docstring's first sentence describes the problem.
        d: Number of dimensions.
        rotated: Whether its axes lie askew in the box, as the seed says.
        name: The problem's name; empty: the function's.
    """
    name = name or function.__name__

    @functools.wraps(function)
    def evaluate(params: dict[str, Any], seed: int) -> float:
        z = np.array([params[f"x{i}"] for i in range(1, d + 1)]) - place_of_optimum(name, seed, d)
        return float(function(rotation(name, seed, d) @ z if rotated else z))

    return Problem(evaluate, {f"x{i}": Float(-5, 5) for i in range(1, d + 1)}, name, optimum=0.0)


def sphere(z: NDArray[np.float64]) -> float:
    """The easiest function there is: the squared distance from the optimum."""
    return float(z @ z)


def ellipsoid(z: NDArray[np.float64]) -> float:
    """A bowl a thousand times narrower in its last dimension than in its first (condition 10^6)."""
    return float(1e6 ** (np.arange(len(z)) / (len(z) - 1)) @ z**2)


def rosenbrock(z: NDArray[np.float64]) -> float:
    """A long bent valley: easy to enter, hard to follow."""
    x = z + 1.0  # its minimum is at (1, ..., 1)
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def rastrigin(z: NDArray[np.float64]) -> float:
    """A bowl with a grid of deep dents, one of which is the optimum."""
    return float(np.sum(z**2 - 10.0 * np.cos(2.0 * np.pi * z) + 10.0))


def ackley(z: NDArray[np.float64]) -> float:
    """A rough plain with a funnel in it."""
    root, waves = np.sqrt(np.mean(z**2)), np.mean(np.cos(2.0 * np.pi * z))
    # expm1 keeps the minimum at 0 to the last digit, where 20 + e - 20 - e does not
    return float(-20.0 * np.expm1(-0.2 * root) - np.e * np.expm1(waves - 1.0))


def branin(params: dict[str, Any], seed: int) -> float:
    """Two dimensions, three equally good optima."""
    x1, x2 = params["x1"], params["x2"]
    valley = x2 - 5.1 / (4.0 * np.pi**2) * x1**2 + 5.0 / np.pi * x1 - 6.0
    return float(valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.cos(x1) + 10.0)


BRANIN_OPTIMUM = 5.0 / (4.0 * np.pi)  # valley = 0 and cos(x1) = -1

HARTMANN_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_A = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
HARTMANN_OPTIMUM = -3.322368011415515  # at (.20169, .15001, .47687, .27533, .31165, .65730)


def hartmann6(params: dict[str, Any], seed: int) -> float:
    """Six dimensions, four dips of different depth and shape in a plain."""
    x = np.array([params[f"x{i}"] for i in range(1, 7)])
    return float(-HARTMANN_ALPHA @ np.exp(-np.sum(HARTMANN_A * (x - HARTMANN_P) ** 2, axis=1)))


CURVE_SPACE: dict[str, Domain] = {
    "learning_rate": Float(1e-4, 1.0, log=True),
    "weight_decay": Float(1e-6, 1e-1, log=True),
    "dropout": Float(0.0, 0.5),
}
CURVE_STEPS = 30


def learning_curves(params: dict[str, Any], seed: int) -> Iterator[float]:
    """Synthetic training: the loss falls to a level set by the parameters, the faster the higher the learning rate.

    loss(t) = level + 2 (exp(-rate t) - exp(-rate T)) + noise (1 - t/T),  t = 1, ..., T = 30 epochs. The curves
    cross: a slow learner may end best, which is what a pruner gets wrong. The noise belongs to the configuration
    (tried again, it shows the same curve) and is gone at T, so that the optimum, 0, is known.
    """
    u = np.array([domain.to_unit(params[name]) for name, domain in CURVE_SPACE.items()])
    best = 0.5 + place_of_optimum("learning-curves", seed)[: len(u)] / 10.0  # in [.1, .9]
    level = np.array([4.0, 1.0, 1.0]) @ (u - best) ** 2  # the learning rate matters most, as it does
    rate = 0.1 + 0.3 * u[0]
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(int(v * 2**32) for v in u)))
    for t in range(1, CURVE_STEPS + 1):
        falling = 2.0 * (np.exp(-rate * t) - np.exp(-rate * CURVE_STEPS))
        yield float(level + falling + rng.normal(0.0, 0.05) * (1.0 - t / CURVE_STEPS))


IRIS_SPACE: dict[str, Domain] = {
    "n_estimators": Int(50, 300),
    "max_depth": Int(3, 15),
    "min_samples_split": Int(2, 20),
    "min_samples_leaf": Int(1, 10),
    "max_features": Categorical(["sqrt", "log2", None]),
}


def iris_forest(params: dict[str, Any], seed: int) -> Iterator[float]:
    """A random forest on the 150 flowers of Iris, by 5-fold cross-validation; the loss is 1 - accuracy.

    It is what everybody tunes first, and it hardly can be tuned: four accuracies occur (.9467, .9533, .9600 and
    .9667), one configuration in seven has the best, and splitting the data otherwise changes the score more than
    the parameters do. After each fold it yields the mean error of the folds so far, in the folds of
    ``cross_val_score(cv=5)``. The seed is the sampler's alone: the forest and the folds are always the same.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedKFold

    X, y = _data("iris")
    accuracies: list[float] = []
    for train, test in StratifiedKFold(5).split(X, y):
        forest = RandomForestClassifier(random_state=42, **params).fit(X[train], y[train])
        accuracies.append(forest.score(X[test], y[test]))
        yield 1.0 - float(np.mean(accuracies))


DIGITS_SPACE: dict[str, Domain] = {
    "learning_rate_init": Float(1e-5, 1.0, log=True),
    "alpha": Float(1e-6, 10.0, log=True),
    "hidden": Int(4, 64, log=True),
    "batch_size": Int(64, 256, log=True),
}
DIGITS_EPOCHS = 8


def digits_mlp(params: dict[str, Any], seed: int) -> Iterator[float]:
    """A small neural network on handwritten digits; the loss is the log-loss on held-out digits, epoch by epoch.

    A real problem that can be tuned: the learning rate alone moves the loss by a factor of ten. The seed is the
    sampler's alone: the split and the network's first weights are always the same.
    """
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    X, y = _data("digits")
    X_train, X_test = X[:600] / 16.0, X[600:1200] / 16.0  # a part of them: a whole trial then takes 30 ms
    y_train, y_test = y[:600], y[600:1200]
    settings = {name: value for name, value in params.items() if name != "hidden"}
    network = MLPClassifier((params["hidden"],), random_state=0, **settings)
    for _ in range(DIGITS_EPOCHS):
        network.partial_fit(X_train, y_train, classes=np.arange(10))
        yield float(log_loss(y_test, network.predict_proba(X_test)))


@functools.cache
def _data(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def _unit_box(d: int) -> dict[str, Domain]:
    return {f"x{i}": Float(0, 1) for i in range(1, d + 1)}


# The real problems stand last, and runs are started from the end: long ones first keep all cores busy to the end.
# Their trials and seeds are what two cores finish in two minutes; a forest takes about a second.
PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in [
        *map(shifted, (sphere, ellipsoid, rosenbrock, rastrigin, ackley)),
        Problem(branin, {"x1": Float(-5, 10), "x2": Float(0, 15)}, optimum=BRANIN_OPTIMUM),
        Problem(hartmann6, _unit_box(6), "hartmann-6", optimum=HARTMANN_OPTIMUM),
        Problem(learning_curves, CURVE_SPACE, optimum=0.0, trials=60, step="epoch"),
        Problem(
            digits_mlp,
            DIGITS_SPACE,
            log=True,
            trials=25,
            seeds=8,
            seconds=0.06,
            measure="held-out log-loss",
            step="epoch",
        ),
        Problem(
            iris_forest, IRIS_SPACE, trials=15, seeds=2, seconds=1.0, measure="5-fold error (1 − accuracy)", step="fold"
        ),
    ]
}
