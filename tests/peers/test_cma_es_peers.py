"""CMA-ES against the packages: told the same points and losses, the distribution goes the same way."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tpe_reference.samplers.cma_es import initial, strategy, update

Floats = NDArray[np.float64]


def sphere(x: Floats) -> float:
    return float(x @ x)


def ellipsoid(x: Floats) -> float:
    return float(1e6 ** (np.arange(len(x)) / (len(x) - 1)) @ x**2)


def rosenbrock(x: Floats) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


FUNCTIONS = [sphere, ellipsoid, rosenbrock]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("d", "popsize"), [(2, None), (5, None), (10, None), (20, None), (5, 40)])
def test_mean_step_size_and_covariance_follow_cmaes(
    function: Callable[[Floats], float], d: int, popsize: int | None
) -> None:
    cmaes = pytest.importorskip("cmaes")
    theirs = cmaes.CMA(mean=np.full(d, 1.5), sigma=2.0, seed=d, population_size=popsize)
    state = initial(np.full(d, 1.5), 2.0, popsize)
    for generation in range(50):
        x = np.array([theirs.ask() for _ in range(theirs.population_size)])
        losses = np.array([function(point) for point in x])
        theirs.tell([(point, loss) for point, loss in zip(x, losses, strict=True)])
        state = update(state, x[np.argsort(losses, kind="stable")])
        here = f"after generation {generation}"
        assert state.mean == pytest.approx(theirs._mean, rel=1e-8, abs=1e-8), here
        assert state.sigma == pytest.approx(theirs._sigma, rel=1e-8), here
        assert np.abs(state.C - theirs._C).max() < 1e-8 * np.abs(state.C).max(), here


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("d", [2, 5, 10])
def test_with_pycmas_four_constants_it_follows_pycma(function: Callable[[Floats], float], d: int) -> None:
    """Mean, sigma and C agree to 1e-6 for 50 generations; the four constants are the whole difference."""
    cma = pytest.importorskip("cma")
    s = strategy(d)
    es = cma.CMAEvolutionStrategy(np.full(d, 1.5), 2.0, {"popsize": s.popsize, "verbose": -9, "seed": 1})

    # What is the same: the weights of the better half, c_1 and c_c.
    assert s.weights[: s.mu] == pytest.approx(np.array(es.sp.weights)[: s.mu])
    assert (s.c_1, s.c_c, s.mu_eff) == pytest.approx((es.sp.c1, es.sp.cc, es.sp.weights.mueff))
    # What is not. 1: c_mu has another 1/4 (the tutorial's second version, of 2023). The negative weights follow.
    c_mu = 2 * (0.25 + s.mu_eff - 2 + 1 / s.mu_eff) / ((d + 2) ** 2 + s.mu_eff)
    assert es.sp.cmu == pytest.approx(c_mu)
    # 2 and 3: c_sigma has d + mu_eff + 3 below, not 5, and is at most 1/2; d_sigma contains it.
    c_sigma = min(0.5, (s.mu_eff + 2) / (d + s.mu_eff + 3))
    assert es.adapt_sigma.cs == pytest.approx(c_sigma)
    assert es.adapt_sigma.damps == pytest.approx(s.d_sigma - s.c_sigma + c_sigma)
    # 4: chi_n is exact, not the tutorial's series.
    chi_n = math.sqrt(2) * math.gamma((d + 1) / 2) / math.gamma(d / 2)
    assert s.chi_n == pytest.approx(chi_n, rel=1e-3)

    x = np.array(es.ask())
    d_sigma = es.adapt_sigma.damps
    theirs = {"c_mu": c_mu, "c_sigma": c_sigma, "d_sigma": d_sigma, "chi_n": chi_n, "weights": np.array(es.sp.weights)}
    state = initial(np.full(d, 1.5), 2.0)
    # pycma's first axes differ by 1e-5, so that none are equal
    first = {"C": es.sm.C.copy(), "B": es.sm.B.copy(), "D": es.sm.D.copy()}
    state = replace(state, strategy=replace(s, **theirs), **first)
    for generation in range(50):
        losses = [function(point) for point in x]
        es.tell(list(x), losses)
        state = update(state, x[np.argsort(losses, kind="stable")])
        here = f"after generation {generation}"
        assert state.mean == pytest.approx(es.mean, rel=1e-6, abs=1e-9), here
        assert state.sigma == pytest.approx(es.sigma, rel=1e-6), here
        assert np.abs(state.C - es.sm.C).max() < 1e-6 * np.abs(state.C).max(), here
        x = np.array(es.ask())
