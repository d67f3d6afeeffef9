"""TPE against the packages: the same trials give the same densities, to rounding."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tpe_reference import Categorical, Domain, Float, FrozenTrial, Int, TPESampler
from tpe_reference.samplers.tpe import ParzenEstimator, encode, recency_weights
from tpe_reference.samplers.tpe_variants import HYPEROPT, OPTUNA, quarter_of_root

SPACE: dict[str, Domain] = {
    "float": Float(-2, 3),
    "log": Float(1e-4, 10, log=True),
    "int": Int(1, 9),
    "log int": Int(1, 100, log=True),
    "step": Float(0, 1, step=0.1),
    "int step": Int(0, 20, step=5),
    "choice": Categorical(["a", "b", "c"]),
}
SUBSPACES = [list(SPACE), *([name] for name in SPACE)]
SIZES = [0, 1, 2, 3, 15, 40, 200]


def draws(names: list[str], n: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [{name: SPACE[name].from_unit(rng.random()) for name in names} for _ in range(n)]


def log_width(names: list[str]) -> float:
    """Logarithm of the volume that the unit cube stands for, in the peers' coordinates."""
    widths = {"float": 5.0, "log": math.log(10 / 1e-4)}
    return sum(math.log(widths[name]) for name in names if name in widths)


def optuna_log_pdf(names: list[str], trials: list[dict[str, Any]], points: list[dict[str, Any]]) -> NDArray[Any]:
    pytest.importorskip("optuna")
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
    from optuna.samplers._tpe.sampler import default_weights

    theirs: dict[str, BaseDistribution] = {
        "float": FloatDistribution(-2, 3),
        "log": FloatDistribution(1e-4, 10, log=True),
        "int": IntDistribution(1, 9),
        "log int": IntDistribution(1, 100, log=True),
        "step": FloatDistribution(0, 1, step=0.1),
        "int step": IntDistribution(0, 20, step=5),
        "choice": CategoricalDistribution(["a", "b", "c"]),
    }

    def columns(configurations: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
        return {name: np.array([theirs[name].to_internal_repr(c[name]) for c in configurations]) for name in names}

    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    space = {name: theirs[name] for name in names}
    return np.asarray(_ParzenEstimator(columns(trials), space, parameters).log_pdf(columns(points)))


@pytest.mark.usefixtures("stable_sort")
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("names", SUBSPACES, ids="-".join)
def test_densities_are_optunas(names: list[str], n: int) -> None:
    trials, points = draws(names, n, seed=n), draws(names, 60, seed=1000 + n)
    expected = optuna_log_pdf(names, trials, points)
    space = {name: SPACE[name] for name in names}
    ours = ParzenEstimator(space, encode(space, trials), recency_weights(n), n, OPTUNA)
    assert ours.log_pdf(encode(space, points)) - log_width(names) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.usefixtures("stable_sort")
def test_densities_of_many_integers_are_optunas() -> None:
    """Kernels that are far off in every parameter: their logarithms are sums of tails."""
    pytest.importorskip("optuna")
    from optuna.distributions import IntDistribution
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
    from optuna.samplers._tpe.sampler import default_weights

    rng, names = np.random.default_rng(0), [f"n{i}" for i in range(30)]
    trials, points = rng.integers(1, 101, (60, 30)), rng.integers(1, 101, (40, 30))
    points[:20] = trials[:20]  # at a trial but for a few parameters,
    points[:20, :3] = 101 - points[:20, :3]  # which are far away
    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    columns = [{name: rows[:, j].astype(float) for j, name in enumerate(names)} for rows in (trials, points)]
    theirs = _ParzenEstimator(columns[0], {name: IntDistribution(1, 100) for name in names}, parameters)
    ours = ParzenEstimator({n: Int(1, 100) for n in names}, (trials - 0.5) / 100, recency_weights(60), 60, OPTUNA)
    assert ours.log_pdf((points - 0.5) / 100) == pytest.approx(theirs.log_pdf(columns[1]), rel=1e-9)


@pytest.mark.usefixtures("stable_sort")
@pytest.mark.parametrize("n", [n for n in SIZES if n > 0])
@pytest.mark.parametrize("name", ["float", "log", "int", "choice"])
def test_densities_are_hyperopts(name: str, n: int) -> None:
    tpe = pytest.importorskip("hyperopt.tpe")
    trials, points = draws([name], n, seed=n), draws([name], 60, seed=1000 + n)
    domain = SPACE[name]
    if isinstance(domain, Categorical):
        cells = np.array([domain.choices.index(trial[name]) for trial in trials])
        counts = np.bincount(cells, weights=tpe.linear_forgetting_weights(n, 25), minlength=3)
        p = tpe.tpe_cat_pseudocounts(counts, 1.0, np.full(3, 1 / 3), size=1)
        expected = np.log([p[domain.choices.index(point[name])] for point in points])
    else:
        # hp.uniformint is a quantised uniform from low - 1/2 to high + 1/2; loguniform works on logarithms
        low, high, q = {"float": (-2, 3, None), "log": (math.log(1e-4), math.log(10), None), "int": (0.5, 9.5, 1)}[name]
        as_is = math.log if name == "log" else float
        observed = np.array([as_is(trial[name]) for trial in trials])
        mixture = tpe.adaptive_parzen_normal(observed, 1.0, 0.5 * (low + high), high - low)
        samples = np.array([as_is(point[name]) for point in points])
        expected = tpe.GMM1_lpdf(samples, *mixture, low=low, high=high, q=q)
    ours = ParzenEstimator({name: domain}, encode({name: domain}, trials), recency_weights(n), n, HYPEROPT)
    got = ours.log_pdf(encode({name: domain}, points)) - log_width([name])
    assert got == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("n", [1, 2, 16, 17, 64, 65, 1000, 20_000])
def test_as_many_trials_are_good_as_in_the_packages(n: int) -> None:
    tpe = pytest.importorskip("hyperopt.tpe")
    gamma = pytest.importorskip("optuna.samplers._tpe.sampler").default_gamma
    below, _ = tpe.ap_split_trials(list(range(n)), list(range(n)), list(range(n)), list(range(n)), 0.25)
    assert quarter_of_root(n) == len(below)
    assert OPTUNA.n_good(n) == gamma(n)


@pytest.mark.usefixtures("stable_sort")
def test_of_the_same_history_the_split_and_both_densities_are_optunas() -> None:
    names = list(SPACE)
    trials, points = draws(names, 60, seed=5), draws(names, 40, seed=6)
    losses = np.random.default_rng(7).random(60)
    history = [FrozenTrial(params, float(loss)) for params, loss in zip(trials, losses, strict=True)]
    seen = TPESampler(rules=OPTUNA).explain(SPACE, history, np.random.default_rng(0))
    assert seen.l is not None
    assert seen.g is not None
    good = sorted(np.argsort(losses)[:6].tolist())
    assert sorted(seen.good) == good
    units = encode(SPACE, points)
    best_first = [trials[number] for number in np.argsort(losses)[:6]]
    bad = [trial for number, trial in enumerate(trials) if number not in good]
    for density, group in ((seen.l, best_first), (seen.g, bad)):
        expected = optuna_log_pdf(names, group, points)
        assert density.log_pdf(units) - log_width(names) == pytest.approx(expected, rel=1e-10, abs=1e-10)
