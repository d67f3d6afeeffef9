"""The problems of the suite, on which samplers are measured, and of the hold-out, at which nobody looks before.

Defaults are chosen by reasons and by what the suite shows; then the hold-out, other functions and other spaces, tells
whether that carries over. Each problem has an address, ``tpe_reference.compare.suite_problems:sphere-20``, so it can
also be given to ``tpe-reference compare --problem``.

What the seed decides
    Continuous functions: where the optimum is, and how the axes lie in the box (`problems.shifted`). Mixed and finite
    spaces: which configuration is the best, and what each wrong choice costs (`landscape`, `interacting_choices`).
    Real models: nothing but the sampler, as their data and folds are fixed.

The optimum
    is 0 by construction, except on real models: there it is the lowest loss that anyone has seen in some three thousand
    evaluations by several samplers, so it may be beaten by a little, and regret is cut off at 0.

Start reading at `SUITE`.

>>> len(SUITE), len(HOLDOUT)
(34, 11)
>>> SUITE["sphere-20"].space["x20"]
Float(low=-5.0, high=5.0, log=False, step=None)
"""

import contextlib
import functools
import itertools
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..space import Categorical, Domain, Float, Int
from .problems import Problem, ackley, ellipsoid, generator_of, rastrigin, rosenbrock, rotation, shifted, sphere

Floats = NDArray[np.float64]

# --- mixed and finite spaces -----------------------------------------------------------------------------------------


def landscape(
    name: str,
    space: Mapping[str, Domain],
    function: Callable[[Floats], float] = sphere,
    *,
    rotated: bool = False,
    pull: float = 0.0,
) -> Problem:
    """Return a problem on any space: a function of the distances to a hidden best configuration, plus costs of choices.

    Args:
        name: The problem's name.
        space: Its parameters; at least one is a number.
        function: Of z, the numbers' differences to their best values, on a scale where each domain is 10 wide.
        rotated: Whether z is rotated first, so that the numbers depend on each other.
        pull: How far a wrong choice moves the best values of the numbers: then what was learnt under one choice
            misleads under another.
    """
    numbers = [key for key, domain in space.items() if not isinstance(domain, Categorical)]
    choices = {key: domain for key, domain in space.items() if isinstance(domain, Categorical)}

    @functools.lru_cache
    def hidden(seed: int) -> tuple[Floats, dict[str, Floats], dict[str, Floats]]:
        rng = generator_of(name, seed)
        # through the domain and back: the best value of an integer is an integer
        best = [space[key].to_unit(space[key].from_unit(rng.uniform(0.1, 0.9))) for key in numbers]  # type: ignore[arg-type]
        costs, pulls = {}, {}
        for key, domain in choices.items():
            c = int(rng.integers(domain.size))
            costs[key] = rng.uniform(1.0, 10.0, domain.size)
            pulls[key] = pull * rng.standard_normal((domain.size, len(numbers)))
            costs[key][c] = 0.0
            pulls[key][c] = 0.0
        return np.array(best), costs, pulls

    @functools.wraps(function)
    def evaluate(params: dict[str, Any], seed: int) -> float:
        best, costs, pulls = hidden(seed)
        z = 10.0 * (np.array([space[key].to_unit(params[key]) for key in numbers]) - best)
        cost = 0.0
        for key, domain in choices.items():
            c = domain.choices.index(params[key])
            cost += costs[key][c]
            z += pulls[key][c]
        return float(function(rotation(name, seed, len(z)) @ z if rotated else z)) + cost

    return Problem(evaluate, space, name, optimum=0.0)


def interacting_choices(name: str, n_parameters: int, n_choices: int, interaction: float) -> Problem:
    """Return a problem of choices alone: each has a cost, and so has each pair of neighbours in a ring.

    That is an NK landscape with K = 1 (Kauffman, The Origins of Order, 1993); its optimum is found by trying all.

    Args:
        name: The problem's name.
        n_parameters: How many parameters.
        n_choices: How many choices each has.
        interaction: The standard deviation of the pairs' costs; that of the single choices' is 1.
    """
    letters = list("abcdefghij"[:n_choices])

    @functools.lru_cache
    def tables(seed: int) -> tuple[Floats, Floats, float]:
        rng = generator_of(name, seed)
        single = rng.standard_normal((n_parameters, n_choices))
        pair = interaction * rng.standard_normal((n_parameters, n_choices, n_choices))
        everything = np.array(list(itertools.product(range(n_choices), repeat=n_parameters)))
        return single, pair, float(_ring_cost(single, pair, everything).min())

    def evaluate(params: dict[str, Any], seed: int) -> float:
        single, pair, lowest = tables(seed)
        c = np.array([[letters.index(params[f"c{i}"]) for i in range(1, n_parameters + 1)]])
        return max(0.0, float(_ring_cost(single, pair, c)[0]) - lowest)

    evaluate.__doc__ = "Choices with a cost each, and one for each pair of neighbours."
    return Problem(evaluate, {f"c{i}": Categorical(letters) for i in range(1, n_parameters + 1)}, name, optimum=0.0)


def _ring_cost(single: Floats, pair: Floats, choices: NDArray[np.intp]) -> Floats:
    """Return the costs of configurations, (m, n) -> (m,)."""
    n = np.arange(choices.shape[1])
    cost: Floats = (single[n, choices] + pair[n, choices, np.roll(choices, -1, axis=1)]).sum(axis=1)
    return cost


def halving(z: Floats) -> float:
    """A bowl in which each parameter matters half as much as the one before it."""
    return float(0.5 ** np.arange(len(z)) @ z**2)


NETWORK: dict[str, Domain] = {
    "learning_rate": Float(1e-5, 1.0, log=True),
    "momentum": Float(0.0, 1.0),
    "layers": Int(1, 8),
    "units": Int(8, 512, log=True),
    "activation": Categorical(["relu", "tanh", "gelu", "elu"]),
    "optimizer": Categorical(["sgd", "adam", "rmsprop"]),
}
COUPLED: dict[str, Domain] = {
    "a": Float(0.0, 1.0),
    "b": Float(1e-3, 1e3, log=True),
    "dropout": Float(0.0, 0.5, step=0.05),
    "depth": Int(1, 20),
    "width": Int(1, 1000, log=True),
    "kind": Categorical(["p", "q", "r"]),
    "bias": Categorical([True, False]),
}
WIDE: dict[str, Domain] = {
    **{f"float{i}": Float(1e-3, 1.0, log=i % 2 == 0) for i in range(6)},
    **{f"int{i}": Int(1, 50, log=i % 2 == 0) for i in range(5)},
    **{f"choice{i}": Categorical(list("abcd"[: 2 + i % 3])) for i in range(5)},
}
RUGGED: dict[str, Domain] = {
    **{f"x{i}": Float(-5.0, 5.0) for i in range(3)},
    **{f"n{i}": Int(0, 50) for i in range(2)},
    **{f"c{i}": Categorical(["a", "b", "c"]) for i in range(2)},
}

# --- real models: a few milliseconds each ----------------------------------------------------------------------------

WORST = 1e3  # of an error that is 1 when the mean is predicted: what a polynomial that goes astray counts as


@functools.cache
def _parts(name: str) -> tuple[Any, Any, Any, Any]:
    """Return X and y to train and to validate on: 240 and 120 rows of a data set of scikit-learn."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X[:360], y[:360], test_size=1 / 3, random_state=0)
    mean, scale = X_train.mean(axis=0), X_train.std(axis=0) + 1e-9
    return (X_train - mean) / scale, (X_test - mean) / scale, y_train, y_test


def _fitted(model: Any, X: Floats, y: Floats) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that few rounds have not converged, a matrix is singular, ...
        return model.fit(X, y)


def _brier(model: Any, X_train: Floats, X_test: Floats) -> float:
    """Return the Brier score of a classifier of the breast-cancer data: the mean squared error of probabilities."""
    _, _, y_train, y_test = _parts("breast_cancer")
    probabilities = _fitted(model, X_train, y_train).predict_proba(X_test)
    return float(np.mean((probabilities[:, 1] - y_test) ** 2))


def _squared_error(model: Any, X_train: Floats, X_test: Floats) -> float:
    """Return the mean squared error of a regression on the diabetes data, 1 for the mean's."""
    _, _, y_train, y_test = _parts("diabetes")
    middle = y_train.mean()
    error = _fitted(model, X_train, y_train - middle).predict(X_test) - (y_test - middle)
    return min(WORST, float(np.mean(error**2) / np.var(y_test)))


KERNEL_RIDGE: dict[str, Domain] = {
    "alpha": Float(1e-6, 1e3, log=True),
    "gamma": Float(1e-6, 1e1, log=True),
    "kernel": Categorical(["rbf", "laplacian", "poly"]),
    "degree": Int(1, 5),
    "coef0": Float(0.0, 10.0),
}


def kernel_ridge(params: dict[str, Any], seed: int) -> float:
    """Kernel ridge regression on the diabetes data: the mean squared error, 1 for predicting the mean.

    As scikit-learn's KernelRidge computes it, in a tenth of the time: products and distances of rows stay the same.
    """
    products, squares, absolutes = _kernels()
    _, _, y_train, y_test = _parts("diabetes")
    n, gamma = len(y_train), params["gamma"]
    if params["kernel"] == "poly":
        kernel = (gamma * products + params["coef0"]) ** params["degree"]
    else:
        kernel = np.exp(-gamma * (squares if params["kernel"] == "rbf" else absolutes))
    middle = y_train.mean()
    with contextlib.suppress(np.linalg.LinAlgError):  # singular, by too small an alpha
        dual = np.linalg.solve(kernel[:n] + params["alpha"] * np.eye(n), y_train - middle)
        return min(WORST, float(np.mean((kernel[n:] @ dual - (y_test - middle)) ** 2) / np.var(y_test)))
    return WORST


@functools.cache
def _kernels() -> tuple[Floats, Floats, Floats]:
    """Return products, squared and absolute distances of all rows of the diabetes data and the ones to train on."""
    X, X_test, _, _ = _parts("diabetes")
    rows = np.vstack([X, X_test])
    difference = rows[:, None, :] - X[None, :, :]
    return rows @ X.T, np.sum(difference**2, axis=2), np.sum(np.abs(difference), axis=2)


TREE: dict[str, Domain] = {
    "max_depth": Int(1, 20),
    "min_samples_split": Int(2, 64, log=True),
    "min_samples_leaf": Int(1, 64, log=True),
    "max_features": Float(0.05, 1.0),
    "ccp_alpha": Float(1e-6, 1e-1, log=True),
    "criterion": Categorical(["gini", "entropy"]),
}


def decision_tree(params: dict[str, Any], seed: int) -> float:
    """A decision tree on the breast-cancer data, whose loss is a staircase of many parameters."""
    from sklearn.tree import DecisionTreeClassifier

    X_train, X_test, _, _ = _parts("breast_cancer")
    return _brier(DecisionTreeClassifier(random_state=0, **params), X_train, X_test)


LINEAR: dict[str, Domain] = {
    "alpha": Float(1e-7, 1e1, log=True),
    "eta0": Float(1e-5, 1e1, log=True),
    "learning_rate": Categorical(["constant", "optimal", "invscaling", "adaptive"]),
    "power_t": Float(0.0, 1.0),
    "penalty": Categorical(["l2", "l1", "elasticnet"]),
    "l1_ratio": Float(0.0, 1.0),
    "average": Categorical([True, False]),
    "max_iter": Int(1, 20),
}


def linear_classifier(params: dict[str, Any], seed: int) -> float:
    """A logistic regression, trained by stochastic gradient descent, on the breast-cancer data."""
    from sklearn.linear_model import SGDClassifier

    X_train, X_test, _, _ = _parts("breast_cancer")
    return _brier(SGDClassifier("log_loss", tol=None, random_state=0, **params), X_train, X_test)


NEIGHBOURS: dict[str, Domain] = {
    "neighbours": Int(1, 100, log=True),
    "weighted": Categorical([False, True]),
    "metric": Categorical(["euclidean", "manhattan", "maximum"]),
    "components": Int(1, 30),
}


def nearest_neighbours(params: dict[str, Any], seed: int) -> float:
    """Nearest neighbours among the principal components of the breast-cancer data: their Brier score."""
    _, _, y_train, y_test = _parts("breast_cancer")
    difference = _differences()[:, :, : params["components"]]
    order = {"euclidean": 2, "manhattan": 1, "maximum": np.inf}[params["metric"]]
    distance = np.linalg.norm(difference, ord=order, axis=2)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : params["neighbours"]]
    weights = np.take_along_axis(distance, nearest, axis=1) ** -1.0 if params["weighted"] else np.ones(nearest.shape)
    probability = np.sum(weights * y_train[nearest], axis=1) / np.sum(weights, axis=1)
    return float(np.mean((probability - y_test) ** 2))


@functools.cache
def _differences() -> Floats:
    """Return the differences between the rows to validate and to train on, by principal component, (120, 240, 30)."""
    X_train, X_test, _, _ = _parts("breast_cancer")
    axes = np.linalg.svd(X_train, full_matrices=False)[2].T
    differences: Floats = (X_test @ axes)[:, None] - (X_train @ axes)[None]
    return differences


# --- the hold-out's own functions and models -------------------------------------------------------------------------


def levy(z: Floats) -> float:
    """A wavy slope with the optimum in one of its folds."""
    w = 1.0 + z / 4.0
    middle = np.sum((w[:-1] - 1.0) ** 2 * (1.0 + 10.0 * np.sin(np.pi * w[:-1] + 1.0) ** 2))
    return float(np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1.0) ** 2 * (1.0 + np.sin(2.0 * np.pi * w[-1]) ** 2))


def griewank(z: Floats) -> float:
    """A bowl under small regular waves."""
    x = 10.0 * z
    return float(x @ x / 4000.0 + 1.0 - np.prod(np.cos(x / np.sqrt(np.arange(1, len(z) + 1)))))


def different_powers(z: Floats) -> float:
    """A bowl that is flat in some directions, like |z|^6, and not in others, like z^2."""
    return float(np.sum(np.abs(z) ** np.linspace(2.0, 6.0, len(z))))


def sharp_ridge(z: Floats) -> float:
    """A ridge with a sharp edge that leads to the optimum."""
    return float(z[0] ** 2 + 100.0 * math.sqrt(z[1:] @ z[1:]))


def styblinski_tang(z: Floats) -> float:
    """Two dips in every dimension, one of them deeper."""
    x = z - 2.903534027771177  # where the deeper one is
    return float(np.sum(x**4 - 16.0 * x**2 + 5.0 * x) / 2.0 + 39.16616570377142 * len(z))


def manhattan(z: Floats) -> float:
    """The distance along the axes: as steep at the optimum as anywhere."""
    return float(np.abs(z).sum())


ORCHESTRA: dict[str, Domain] = {
    **{f"gain{i}": Float(1e-4, 1e4, log=True) for i in range(4)},
    **{f"level{i}": Float(0.0, 1.0, step=0.1) for i in range(3)},
    **{f"on{i}": Categorical([False, True]) for i in range(5)},
}
WORKSHOP: dict[str, Domain] = {
    "pressure": Float(0.0, 200.0),
    "temperature": Float(250.0, 2000.0, log=True),
    "rounds": Int(1, 12),
    "material": Categorical(["steel", "brass", "zinc", "lead", "tin", "gold", "iron", "clay"]),
}
COUNTS: dict[str, Domain] = {f"n{i}": Int(0, 3 + 9 * i) for i in range(7)}
SUBSET: dict[str, Domain] = {f"feature{i}": Categorical([False, True]) for i in range(10)}


def feature_subset(params: dict[str, Any], seed: int) -> float:
    """Which of the ten measurements, and of their products, a linear regression of the diabetes data should have."""
    from sklearn.linear_model import Ridge

    X_train, X_test, _, _ = _parts("diabetes")
    chosen = [i for i in range(10) if params[f"feature{i}"]]
    pairs = list(itertools.combinations_with_replacement(chosen, 2))

    def features(X: Floats) -> Floats:
        return np.column_stack([np.ones(len(X)), *(X[:, i] for i in chosen), *(X[:, i] * X[:, j] for i, j in pairs)])

    return _squared_error(Ridge(1.0), features(X_train), features(X_test))


NET: dict[str, Domain] = {
    "alpha": Float(1e-5, 1e1, log=True),
    "l1_ratio": Float(0.0, 1.0),
    "power": Float(0.2, 3.0),
    "degree": Int(1, 3),
    "selection": Categorical(["cyclic", "random"]),
}


def elastic_net(params: dict[str, Any], seed: int) -> float:
    """An elastic net on powers of the diabetes data's measurements."""
    from sklearn.linear_model import ElasticNet

    X_train, X_test, _, _ = _parts("diabetes")
    settings = {key: params[key] for key in ("alpha", "l1_ratio", "selection")}
    model = ElasticNet(max_iter=50, tol=0.0, random_state=0, **settings)

    def features(X: Floats) -> Floats:
        bent = np.sign(X) * np.abs(X) ** params["power"]
        return np.hstack([bent**k for k in range(1, params["degree"] + 1)])

    return _squared_error(model, features(X_train), features(X_test))


# --- the lists -------------------------------------------------------------------------------------------------------

FUNCTIONS = (sphere, ellipsoid, rosenbrock, rastrigin, ackley)
DIMENSIONS = (2, 5, 10, 20)


def in_dimensions(function: Callable[[Floats], float], d: int, *, rotated: bool = True) -> Problem:
    """Return the problem of a function of z in d dimensions, named by both: see `problems.shifted`."""
    return shifted(function, d, rotated=rotated, name=f"{function.__name__.replace('_', '-')}-{d}")


_INTS: dict[str, Domain] = {f"n{i}": Int(-20, 20) for i in range(5)}
_SMALL_INTS: dict[str, Domain] = {"a": Int(1, 10), "b": Int(1, 6), "c": Int(1, 5)}  # 300 points
_LOG_INTS: dict[str, Domain] = {f"n{i}": Int(1, 10 ** (i // 2 + 2), log=True) for i in range(6)}

GROUPS: dict[str, list[Problem]] = {
    **{f"continuous, d = {d}": [in_dimensions(function, d) for function in FUNCTIONS] for d in DIMENSIONS},
    "mixed": [
        landscape("mixed-network", NETWORK),
        landscape("mixed-coupled", COUPLED, rotated=True, pull=1.5),
        landscape("mixed-wide", WIDE, halving),
        landscape("mixed-rugged", RUGGED, rastrigin),
    ],
    "integer": [
        landscape("integer-sphere", _INTS),
        landscape("integer-log", _LOG_INTS, rosenbrock, rotated=True),
        landscape("integer-small", _SMALL_INTS, rastrigin),
    ],
    "categorical": [
        interacting_choices("categorical-single", 6, 5, interaction=0.0),
        interacting_choices("categorical-pairs", 6, 5, interaction=1.0),
        interacting_choices("categorical-binary", 12, 2, interaction=1.0),
    ],
    "real": [
        Problem(kernel_ridge, KERNEL_RIDGE, optimum=0.5433551474932814),
        Problem(decision_tree, TREE, optimum=0.04002083333333333),
        Problem(linear_classifier, LINEAR, optimum=0.017181274306118023),
        Problem(nearest_neighbours, NEIGHBOURS, optimum=0.03978199763257869),
    ],
}
HOLDOUT_GROUPS: dict[str, list[Problem]] = {
    "continuous": [
        in_dimensions(levy, 4),
        in_dimensions(griewank, 6),
        in_dimensions(different_powers, 8),
        in_dimensions(sharp_ridge, 15),
        in_dimensions(styblinski_tang, 3),
    ],
    "mixed": [
        landscape("mixed-orchestra", ORCHESTRA, manhattan, pull=0.5),
        landscape("mixed-workshop", WORKSHOP, griewank, rotated=True, pull=3.0),
    ],
    "integer": [landscape("integer-counts", COUNTS, manhattan, rotated=True)],
    "categorical": [interacting_choices("categorical-ternary", 8, 3, interaction=2.0)],
    "real": [
        Problem(feature_subset, SUBSET, optimum=0.5815637429882246),
        Problem(elastic_net, NET, optimum=0.5558324897998808),
    ],
}
SUITE = {problem.name: problem for group in GROUPS.values() for problem in group}
HOLDOUT = {problem.name: problem for group in HOLDOUT_GROUPS.values() for problem in group}


def __getattr__(name: str) -> Problem:  # so that `loading.load` finds a problem at this module's address
    try:
        return {**SUITE, **HOLDOUT}[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
