"""CMA-ES: sample from a normal distribution, and move, stretch and turn it towards where the samples were good.

Covariance matrix adaptation evolution strategy. A generation of lambda points is drawn from N(m, sigma^2 C). Only
their *ranking* by loss is used: the mean m moves towards the better half, the covariance C learns the directions
of the steps that paid, and the step size sigma grows while successive steps agree and shrinks while they cancel.

Source
    N. Hansen (2016), The CMA Evolution Strategy: A Tutorial. arXiv 1604.00772, version 1. The numbers in brackets
    at the lines below are its equations; Figure 6 there is `update` here, and Table 1 is `Strategy`.
Also used
    N. Hansen (2011), Injecting External Solutions Into CMA-ES. arXiv 1110.4181.
    A. Auger and N. Hansen (2005), A Restart CMA Evolution Strategy With Increasing Population Size. CEC 2005.
    N. Hansen (2009), Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed. GECCO 2009.
    R. Hamano, S. Saito, M. Nomura and S. Shirakawa (2022), CMA-ES with Margin. GECCO 2022. arXiv 2205.13482.
    R. Hamano and others (2024), CatCMA: Stochastic Optimization for Mixed-Category Problems. arXiv 2405.09962.
    N. Hansen (2019), A Global Surrogate Assisted CMA-ES. GECCO 2019.

Legend
    ==============  ==================  ======================================================================
    symbol          name here           what it is, shape
    ==============  ==================  ======================================================================
    n               ``d``               number of parameters
    lambda          ``popsize``         points in a generation
    mu, mu_eff      ``mu``, ``mu_eff``  number of points in the better half; how many they count for
    w_i             ``weights``         weights of the ranks, (popsize,), best first; the worse half's are negative
    m               ``mean``            where the distribution is, (d,)
    sigma           ``sigma``           its step size
    C = B D^2 B^T   ``C``, ``B``, ``D`` its covariance, (d, d); eigenvectors (d, d); roots of the eigenvalues (d,)
    p_sigma, p_c    the same            evolution paths: smoothed sums of the mean's steps, (d,)
    x_i, y_i        ``x``, ``y``        points, best first, (popsize, d); as steps from the mean, (x_i - m) / sigma
    c_1, c_mu ...   the same            learning rates, see `Strategy`
    chi_n           ``chi_n``           E||N(0, I)||, the length that a step has by chance
    ==============  ==================  ======================================================================

How it becomes a function of a history
    A generation is the next lambda trials, by number, that have all of the parameters, once none of them is
    running; `CmaEsSampler.suggest` folds one after the other through `update` and samples from what results. While
    a generation is incomplete, more trials sample the same distribution: with many workers it learns more slowly
    but loses nothing. (Measured on an ellipsoid in five dimensions, 200 trials, median of 7 seeds: with 1 / 8 / 16 /
    32 trials in flight the best loss is 7e-12 / 5e-12 / 8e-11 / 3e-10, and without the parabola, of which below,
    74 / 170 / 140 / 180.) A trial that is asked for and never told holds everything up: tell it failed.

What is not in the tutorial
    - Bounds: all is done in the unit cube of space.py, where log scales are straight and all parameters are of one
      size. A point outside is drawn again, a few times; then it is put on the wall.
    - Integers, steps: a coordinate is cut into equal cells, one per value, and a point counts as its cell's centre.
      When the distribution becomes narrower than a cell no sample leaves it any more, and the search would stand
      still, so the standard deviation is kept above a fifth of a cell (the idea of [Hamano 2022], simplified).
    - Choices have no order, so no place in a normal distribution. Each has a probability, which moves towards how
      often the better half chose it: `learn_choices`.
    - A configuration that was tried is drawn again, a few times; only where all values can be counted does it occur.
      In a small space it is drawn uniformly then: where the distribution has nothing new to offer, the rest has.
    - One trial of a generation is not drawn but computed: the minimum of a parabola that is fitted to the latest
      trials, `parabola_minimum`: the idea of [Hansen 2019], simplified. It reads the losses themselves, no longer
      their ranking alone. With a hundred or two trials it is what matters most: on smooth functions the regret
      is then a hundredth and less, on the rough and noisy ones that were tried not more. ``parabola=False`` leaves it
      out.
    - A parameter with one value is left out; one that not every trial has is searched alone.

Start reading at `update`, which is the algorithm; then `CmaEsSampler`, which feeds it, and whose `explain` hands out
every generation of a history.

>>> state = initial(mean=np.zeros(2), sigma=1.0)
>>> rng = np.random.default_rng(0)
>>> for _ in range(80):  # minimise x_1^2 + 100 x_2^2
...     x = np.array([sample(state, rng.standard_normal(2)) for _ in range(state.strategy.popsize)])
...     losses = x[:, 0] ** 2 + 100 * x[:, 1] ** 2
...     state = update(state, x[np.argsort(losses)])
>>> bool(np.abs(state.mean).max() < 1e-6)
True
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..space import Domain, FrozenTrial

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Strategy:
    """The constants of the algorithm, which depend on the dimension and the population size alone (Table 1)."""

    d: int
    popsize: int
    mu: int
    mu_eff: float
    weights: Floats
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi_n: float


@dataclass(frozen=True)
class CmaState:
    """The distribution after some generations: all that the algorithm remembers."""

    strategy: Strategy
    generation: int
    mean: Floats
    sigma: float
    C: Floats
    p_sigma: Floats
    p_c: Floats
    B: Floats
    D: Floats

    @cached_property
    def root(self) -> Floats:
        """C^(1/2), (d, d), the symmetric one."""
        # B D B^T and not B D as in (39): both turn N(0, I) into N(0, C), but the signs of eigenvectors, the columns
        # of B, differ between linear algebra libraries. Here they cancel, so the search is the same everywhere.
        root: Floats = (self.B * self.D) @ self.B.T
        return root


def strategy(d: int, popsize: int | None = None) -> Strategy:
    """Return the constants for d parameters; popsize is 4 + floor(3 ln d) unless given."""
    n_points = 4 + math.floor(3 * math.log(d)) if popsize is None else popsize  # (48)
    mu = n_points // 2
    raw = raw_weights(n_points)
    mu_eff = raw[:mu].sum() ** 2 / (raw[:mu] ** 2).sum()
    mu_eff_minus = raw[mu:].sum() ** 2 / (raw[mu:] ** 2).sum()
    c_1 = 2 / ((d + 1.3) ** 2 + mu_eff)  # (57)
    c_mu = min(1 - c_1 - 1e-8, 2 * (mu_eff - 2 + 1 / mu_eff) / ((d + 2) ** 2 + mu_eff))  # (58), kept off its bound
    # How much all negative weights may add up to: so that C's trace does not drift (50), for few
    # effective weights (51), and so that C stays positive definite (52).
    alpha = min(1 + c_1 / c_mu, 1 + 2 * mu_eff_minus / (mu_eff + 2), (1 - c_1 - c_mu) / (d * c_mu))
    weights = scaled_weights(raw, alpha)
    c_sigma = (mu_eff + 2) / (d + mu_eff + 5)  # (55)
    return Strategy(
        d=d,
        popsize=n_points,
        mu=mu,
        mu_eff=float(mu_eff),
        weights=weights,
        c_sigma=float(c_sigma),
        d_sigma=float(1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (d + 1)) - 1) + c_sigma),  # (55)
        c_c=float((4 + mu_eff / d) / (d + 4 + 2 * mu_eff / d)),  # (56)
        c_1=float(c_1),
        c_mu=float(c_mu),
        chi_n=math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d**2)),
    )


def raw_weights(popsize: int) -> Floats:
    """Return w'_i (49), (popsize,), best rank first: falling like a logarithm, from above zero to below it."""
    return math.log((popsize + 1) / 2) - np.log(np.arange(1, popsize + 1))


def scaled_weights(raw: Floats, alpha: float) -> Floats:
    """Return w_i (53), (popsize,): the positive of some raw weights scaled to the sum 1, the others to -alpha."""
    weights: Floats = np.where(raw >= 0, raw / raw[raw > 0].sum(), alpha * raw / -raw[raw < 0].sum())
    return weights


def initial(mean: Floats, sigma: float, popsize: int | None = None) -> CmaState:
    """Return the state before the first generation: a round distribution about the mean."""
    d = len(mean)
    eye, zero = np.eye(d), np.zeros(d)
    constants = strategy(d, popsize)
    return CmaState(constants, 0, np.array(mean, dtype=float), float(sigma), eye, zero, zero, eye, np.ones(d))


def sample(state: CmaState, z: Floats) -> Floats:
    """Turn z ~ N(0, I), shape (d,), into a point x ~ N(m, sigma^2 C); or many at once, each a row."""
    return state.mean + state.sigma * (z @ state.root)  # (40)


def update(state: CmaState, x: Floats, min_std: Floats | None = None) -> CmaState:
    """Return the distribution after one more generation.

    Args:
        state: The distribution before.
        x: The generation's points, the best first, (popsize, d).
        min_std: Lower bounds of the standard deviations sigma sqrt(C_jj), (d,). None: none.
    """
    s, B, D = state.strategy, state.B, state.D
    C_inverse_root = (B / D) @ B.T  # C^(-1/2) = B D^-1 B^T
    y = (x - state.mean) / state.sigma
    length = np.sqrt(((y @ C_inverse_root) ** 2).sum(axis=1))  # in standard deviations
    longest = math.sqrt(s.d) + 6.0
    if length.max() > longest:
        # A point that the distribution cannot have made was added by hand, and is shortened so that it pulls but does
        # not tear [Hansen 2011]. Own points are sqrt(d) +- 0.7 long, so they stay as they are.
        y = y * np.minimum(1.0, longest / np.maximum(length, 1e-300))[:, None]
        length = np.minimum(length, longest)

    # Selection and recombination: the mean moves to the weighted mean of the better half.
    y_w = s.weights[: s.mu] @ y[: s.mu]  # (41)
    mean = state.mean + state.sigma * y_w  # (42), with c_m = 1

    # Step size: longer if the path is longer than by chance, shorter if shorter.
    p_sigma = cumulate(state.p_sigma, C_inverse_root @ y_w, s.c_sigma, s.mu_eff)  # (43)
    sigma = step_size(s, state.sigma, p_sigma)

    # Covariance, from the path of the mean (rank one) and from this generation's steps (rank mu).
    generation = state.generation + 1
    expected = math.sqrt(1 - (1 - s.c_sigma) ** (2 * generation)) * (1.4 + 2 / (s.d + 1)) * s.chi_n
    h_sigma = 1.0 if math.sqrt(p_sigma @ p_sigma) < expected else 0.0  # while p_sigma is long, sigma grows, p_c waits
    p_c = cumulate(state.p_c, h_sigma * y_w, s.c_c, s.mu_eff)  # (45)
    lost = (1 - h_sigma) * s.c_c * (2 - s.c_c)  # variance that p_c misses while it waits
    C = covariance(s, state.C, p_c, y, length, lost)

    if min_std is not None:
        stretch = np.maximum(1.0, min_std / (sigma * np.sqrt(C.diagonal())))
        C = C * stretch[:, None] * stretch  # correlations stay as they are
    C = (C + C.T) / 2  # rounding makes it askew
    eigenvalues, B = np.linalg.eigh(C)
    # What is below 1e-16 of the largest is rounding, which may be negative; C has to be what its roots say it is.
    floor = 1e-16 * eigenvalues[-1]
    if eigenvalues[0] < floor:
        eigenvalues = np.maximum(eigenvalues, floor)
        C = (B * eigenvalues) @ B.T
    D = np.sqrt(eigenvalues)
    return CmaState(s, generation, mean, sigma, C, p_sigma, p_c, B, D)


def cumulate(path: Floats, step: Floats, c: float, mu_eff: float) -> Floats:
    """Return an evolution path after one more step, (d,): a share c of it is forgotten, and the step added.

    The step is a mean of mu_eff points, so sqrt(mu_eff) times shorter than a point's; scaled by sqrt(c (2 - c) mu_eff)
    it keeps the path as long as a sample from N(0, C) as long as selection is chance: (43) and (45).

    Args:
        path: The path before, (d,).
        step: The step, (d,).
        c: How much is forgotten: c_sigma or c_c.
        mu_eff: How many points the step counts for.
    """
    return (1 - c) * path + math.sqrt(c * (2 - c) * mu_eff) * step


def step_size(s: Strategy, sigma: float, p_sigma: Floats) -> float:
    """Return the next step size (44): cumulative step-size adaptation.

    Where steps agree their sum, the path, is longer than E||N(0, I)||, the length by chance, and sigma grows; where
    they cancel it shrinks. At most e-fold at once.
    """
    norm = math.sqrt(p_sigma @ p_sigma)
    return sigma * math.exp(min(1.0, s.c_sigma / s.d_sigma * (norm / s.chi_n - 1)))


def covariance(s: Strategy, C: Floats, p_c: Floats, y: Floats, length: Floats, lost: float) -> Floats:
    """Return the next covariance (47), (d, d): the old one faded, stretched along the path and along good steps.

    Args:
        s: The constants.
        C: The covariance before, (d, d).
        p_c: The path of the mean, (d,): its direction alone is of rank one.
        y: Steps of the generation, the best first, (popsize, d): of rank mu together. The worse half's have negative
            weights; each shrinks C along it as if it were as long as by chance (46).
        length: Their lengths in standard deviations, (popsize,).
        lost: How much of the variance p_c has missed.
    """
    w = s.weights.copy()
    w[s.mu :] *= s.d / (length[s.mu :] ** 2 + 1e-8)  # w_i° (46)
    C = (1 + s.c_1 * lost - s.c_1 - s.c_mu * s.weights.sum()) * C
    return C + s.c_1 * p_c[:, None] * p_c + s.c_mu * (y.T * w) @ y


def stop_reason(state: CmaState, sigma0: float, best: Sequence[float], last: Sequence[float]) -> str | None:
    """Say why there is nothing more to gain from this distribution; None while there is (tutorial, appendix B.3).

    Args:
        state: The distribution.
        sigma0: Its first step size.
        best: The best loss of each generation so far, without those that have none.
        last: The finite losses of the last generation.

    "Stagnation" is not among the reasons: it needs more generations than a study of hyperparameters has.
    """
    s, D, std = state.strategy, state.D, state.sigma * np.sqrt(state.C.diagonal())
    if state.generation > 10 + 30 * s.d / s.popsize:
        recent = [*best[-(10 + math.ceil(30 * s.d / s.popsize)) :], *last]
        if recent and max(recent) - min(recent) < 1e-12:
            return "TolFun: the losses of many generations are equal"
    if std.max() < 1e-12 * sigma0 and state.sigma * np.abs(state.p_c).max() < 1e-12 * sigma0:
        return "TolX: all steps are tiny"
    shortest, longest = D.min(), D.max()
    if state.sigma * longest > 1e4 * sigma0:
        return "TolXUp: the step size has exploded"
    if longest > 1e7 * shortest:
        return "ConditionCov: the axes' ratio is beyond what numbers can hold"
    axis = state.generation % s.d
    if (state.mean == state.mean + 0.1 * state.sigma * D[axis] * state.B[:, axis]).all():
        return "NoEffectAxis: a step along an axis changes nothing"
    if (state.mean == state.mean + 0.2 * std).any():
        return "NoEffectCoord: a step in a coordinate changes nothing"
    return None


@dataclass(frozen=True)
class Run:
    """One run from a start until it stops: how it begins, and what it has cost.

    Attributes:
        popsize: Its population size.
        sigma0: Its first step size.
        is_large: Whether it belongs to the runs with growing populations.
        limit: It stops at the latest after this many trials.
        spent: Trials so far.
    """

    popsize: int
    sigma0: float
    is_large: bool = False
    limit: float = math.inf
    spent: int = 0


@dataclass(frozen=True)
class Generation:
    """One generation, as `CmaEsSampler.explain` tells it.

    Attributes:
        run: The run it belongs to, from 0; every restart begins another.
        state: The distribution before it, which its trials were drawn from (with several trials in flight, its first
            ones from the one before).
        trials: Numbers of its trials, the best first; empty while it is incomplete.
    """

    run: int
    state: CmaState
    trials: list[int]


def next_run(restart: str, runs: Sequence[Run], rng: np.random.Generator) -> Run:
    """Say how to begin again after the runs so far.

    A larger population sees more of the landscape and is caught less by local minima. "ipop" doubles it every time
    (Auger and Hansen 2005). "bipop" (Hansen 2009) alternates: large runs as in ipop, and, while they have cost
    less, small ones with a short first step, which search carefully in many places.
    """
    first = runs[0]
    large = [run for run in runs if run.is_large]
    small_cost = sum(run.spent for run in runs if not run.is_large)
    large_cost = sum(run.spent for run in large)
    if restart == "ipop" or small_cost >= large_cost:
        return Run(first.popsize * 2 ** (len(large) + 1), first.sigma0, is_large=True)
    u, v = rng.random(2)
    popsize = math.floor(first.popsize * (0.5 * large[-1].popsize / first.popsize) ** u**2)
    # 10^(-2 v): from the usual first step down to a hundredth of it; half of the last large run's cost at most.
    return Run(popsize, float(first.sigma0 * 10 ** (-2 * v)), limit=large[-1].spent / 2)


def learn_choices(shares: Floats, chosen: Floats, weights: Floats, sizes: Sequence[int], d: int) -> Floats:
    """Return the probabilities of all choices after one more generation.

    They move towards the weighted frequencies in the better half: the natural gradient, as for the mean [Hamano 2024].

    Args:
        shares: The probabilities before, of one parameter after the other, (n_choices,).
        chosen: 1 where a trial of the better half made a choice, else 0, best trial first, (mu, n_choices).
        weights: Weights of the better half, sum 1, (mu,).
        sizes: How many choices each parameter has.
        d: Number of all parameters.
    """
    mu_eff = 1 / (weights**2).sum()
    n = np.repeat(sizes, sizes)  # for each choice, the number of its parameter's
    # The generation is worth mu_eff trials. It weighs against as many, plus what there is to learn: all parameters,
    # as in c_sigma (55), and the choices.
    shares = shares + mu_eff / (mu_eff + d + n) * (weights @ chosen - shares)
    # No choice is given up: all of a parameter's together keep one trial of a generation, about.
    shares = np.maximum(shares, 1 / (2 * len(weights) * n))
    starts = np.cumsum([0, *sizes[:-1]])
    learnt: Floats = shares / np.repeat(np.add.reduceat(shares, starts), sizes)
    return learnt


@np.errstate(under="ignore")  # numpy's default, which an application may have changed
def parabola_minimum(state: CmaState | None, x: Floats, chosen: Floats, losses: Floats) -> tuple[Floats, Floats] | None:
    """Fit a parabola to trials, by least squares, and say where it is lowest.

    loss(t, chosen) = a + b^T t + t^T H t / 2 + what each choice adds, where t = D^-1 B^T (x - m) / sigma: in these
    coordinates the distribution is round. H is full if there are trials enough for all of its entries, else diagonal,
    which it becomes as C is learnt.

    Args:
        state: The distribution; None where there are no numbers to search.
        x: Points, the latest last, (n, d).
        chosen: 1 where a trial made a choice, else 0, (n, n_choices).
        losses: Their losses, (n,), or last reports; those that are not finite count as the worst.

    Returns:
        The minimum, (d,), at most 2 sqrt(d) standard deviations away, twice as far as a sample is; and what each choice
        adds, (n_choices,). None for too few trials, or losses that are all equal.
    """
    d = x.shape[1]
    n_diagonal = 1 + chosen.shape[1] + 2 * d
    n_full = n_diagonal + d * (d - 1) // 2
    # 1.3 trials per coefficient: with as many trials as coefficients any noise is fitted. Beyond ten parameters
    # there are hundreds of products, which take milliseconds.
    is_full = d <= 10 and len(x) > 1.3 * n_full
    size = n_full if is_full else n_diagonal
    if len(x) <= 1.3 * size:
        return None
    x, chosen, losses = (rows[-3 * size :] for rows in (x, chosen, losses))  # older ones are from farther away
    is_finite = np.isfinite(losses)
    finite = losses[is_finite]
    if len(finite) == 0 or finite.min() == (worst := finite.max()):
        return None
    y = np.where(is_finite, losses, worst)
    y = np.minimum(np.maximum(y, -1e100), 1e100)  # whose squares are finite
    t = x if state is None else (x - state.mean) / state.sigma @ (state.B / state.D)
    i, j = _pairs(d if is_full else 0)
    one = np.ones((len(t), 1))
    columns = np.concatenate([one, t, t * t, t.take(i, axis=1) * t.take(j, axis=1), chosen], axis=1)
    scale = np.sqrt((columns * columns).mean(axis=0)) + 1e-12
    columns = columns / scale
    normal = columns.T @ columns
    # A trace of ridge regression: without it, choices that are always made together leave the equations singular.
    normal.flat[:: size + 1] += 1e-8 * len(t)  # the diagonal
    fitted = np.linalg.solve(normal, columns.T @ (y - y.min())) / scale
    b, H = fitted[1 : d + 1], np.diag(2 * fitted[d + 1 : 2 * d + 1])
    H[i, j] = H[j, i] = fitted[2 * d + 1 : size - chosen.shape[1]]
    added = fitted[size - chosen.shape[1] :]
    if state is None:
        return x[0], added
    return state.mean + state.sigma * (state.B @ (state.D * _lowest(b, H, 2 * math.sqrt(d)))), added


@cache
def _pairs(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the i and the j of all pairs i < j < d."""
    i, j = np.triu_indices(d, 1)
    return i, j


def _lowest(b: Floats, H: Floats, radius: float) -> Floats:
    """Return where b^T t + t^T H t / 2 is lowest, not farther away than the radius."""
    curvature, V = np.linalg.eigh(H)
    # Where it bends down there is no minimum, but a top, and the way leads away from it: hence the absolute value.
    # (Nearly flat, the way is long, and the radius ends it.)
    bend = np.abs(curvature)
    flat = 1e-9 * bend.max() + 1e-6 * math.sqrt(b @ b) + 1e-300
    step: Floats = -V @ ((V.T @ b) / np.maximum(bend, flat))
    return step * min(1.0, radius / max(math.sqrt(step @ step), 1e-300))


class CmaEsSampler:
    """Covariance matrix adaptation evolution strategy.

    When to use it: for continuous parameters (three to some dozens) and hundreds of trials or more; above all when
    parameters depend on each other, for it learns the directions of valleys. When not: for few trials (below ten
    generations it has hardly begun), for choices above all, and for spaces with many branches.

    It starts in the middle of the space, and when it has converged starts again elsewhere: see `next_run`.

    Args:
        sigma0: First step size, in the unit cube. 0.25: two standard deviations reach the walls.
        popsize: Trials per generation; None: 4 + floor(3 ln d). More is slower and more thorough; with many
            workers, take about as many.
        restart: "ipop" or "bipop".
        parabola: Whether one trial of a generation is the minimum of a parabola, see `parabola_minimum`. Without it
            the search is the tutorial's and sees nothing but the ranking of losses: to study it, or where the same
            search is wanted for a loss and its logarithm. (With more than some thousand choices there is none.)

    Raises:
        ValueError: For a step size that is not positive, a population below 4 (half of it must teach), and another
            word for ``restart``.
    """

    def __init__(
        self, *, sigma0: float = 0.25, popsize: int | None = None, restart: str = "ipop", parabola: bool = True
    ) -> None:
        if isinstance(sigma0, bool) or not isinstance(sigma0, (int, float, np.number)) or not 0 < sigma0 < math.inf:
            raise ValueError(f"CmaEsSampler: sigma0 must be a positive number, got {sigma0!r}; 0.25 is usual")
        if popsize is not None and (not isinstance(popsize, (int, np.integer)) or popsize < 4):
            raise ValueError(f"CmaEsSampler: popsize must be a whole number of at least 4 or None, got {popsize!r}")
        if restart not in ("ipop", "bipop"):
            raise ValueError(f"CmaEsSampler: restart must be 'ipop' or 'bipop', got {restart!r}")
        self.restart = restart
        self.parabola = bool(parabola)
        self.sigma0 = float(sigma0)
        self.popsize = popsize
        self._memos: dict[Any, _Fold] = {}

    def suggest(
        self, space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Return a sample from the distribution that the generations so far have led to."""
        fold = self._recall(space, history, rng.bit_generator.seed_seq.entropy)  # type: ignore[attr-defined]
        fold.read()
        params = fold.propose(rng)
        self._memos[id(history), *space] = fold
        return params

    def explain(
        self, space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> list[Generation]:
        """Return all generations of a history, the last one incomplete: its state is what `suggest` samples from.

        Args:
            space: The parameters. The states are about those that are numbers and have more than one value, in this
                order, in the unit cube; where there are none, there are no generations.
            history: The trials so far.
            rng: Any trial's generator: its seed tells where restarts begin. Nothing is drawn from it.
        """
        generations: list[Generation] = []
        fold = _Fold(self, space, history, rng.bit_generator.seed_seq.entropy, generations)  # type: ignore[attr-defined]
        fold.read()
        return [*generations, Generation(fold.n_restarts, fold.state, [])] if fold.state else []

    def _recall(self, space: Mapping[str, Domain], history: Sequence[FrozenTrial], entropy: Any) -> _Fold:
        """Take what was folded of this very history before, or start afresh; the answer is the same."""
        fold = self._memos.pop((id(history), *space), None)  # taken out: another thread finds none
        if fold is not None and fold.space != space:
            # A name with several domains. They are part of the key of those that wait for their next turn; finding a
            # key with domains in it takes longer than comparing two domains that are the same object.
            self._memos[id(history), *fold.space.items()] = fold
            fold = self._memos.pop((id(history), *space.items()), None)
        if fold is not None and fold.is_of(history) and fold.entropy == entropy:
            return fold
        self._make_room()
        return _Fold(self, space, history, entropy)

    def _make_room(self) -> None:
        """Forget what was not asked for of late, lest copies of a history, or parameters that vary, fill the memory."""
        latest = list(self._memos)[::-1]  # a dict is in the order of entry, and what is asked for is entered anew
        histories = set(list(dict.fromkeys(key[0] for key in latest))[:16])  # so many studies may take turns
        for i, key in enumerate(latest):
            if i >= 64 or key[0] not in histories:
                self._memos.pop(key, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memos": {}}


class _Fold:
    """The generations of one history folded into a state: a memo that saves time and changes no answer."""

    def __init__(
        self,
        sampler: CmaEsSampler,
        space: Mapping[str, Domain],
        history: Sequence[FrozenTrial],
        entropy: Any,
        generations: list[Generation] | None = None,
    ) -> None:
        self.sampler, self.space, self.history, self.entropy = sampler, dict(space), history, entropy
        self._generations = generations  # where to note them; None: nobody asks
        self._middle = {name: domain.from_unit(0.5) for name, domain in space.items()}
        free = {name: domain for name, domain in space.items() if domain.size != 1}
        self._choices: dict[str, Any] = {name: domain for name, domain in free.items() if hasattr(domain, "choices")}
        self._numbers = {name: domain for name, domain in free.items() if name not in self._choices}
        self._free: dict[str, Any] = {**self._numbers, **self._choices}
        self._sizes = [domain.size for domain in self._choices.values()]
        # A study has hundreds or thousands of trials. What has many more configurations cannot be searched through, and
        # is better served by a restart, which repetitions lead to: they make the generations equal.
        self._is_small = math.prod(domain.size or math.inf for domain in space.values()) <= 10_000
        # A fifth of a cell: from a cell's centre its borders are then 2.5 standard deviations off, and one sample in
        # 80 leaves it in this coordinate. [Hamano] takes 1 / (d lambda), 1/21 for three parameters and 1/240 for 20.
        min_std = [0.2 / domain.size if domain.size else 0.0 for domain in self._numbers.values()]
        self._min_std = np.array(min_std) if any(min_std) else None
        d = len(self._numbers)
        n_coefficients = 1 + sum(self._sizes) + 2 * d
        self._memory = 3 * (n_coefficients + d * (d - 1) // 2)  # three trials for a coefficient
        # A thousand equations take some 30 ms; beyond (with so many choices) they would take seconds, and gigabytes.
        self._has_parabola = sampler.parabola and n_coefficients <= 1000
        self._begin()

    def _begin(self) -> None:
        """Forget everything and start before the first trial."""
        self._n_read = 0
        self._n_folded = 0  # trials before this number have had their chance to be in a generation
        self._running: list[int] = []
        self._newest: tuple[int, FrozenTrial] | None = None  # of the finished trials that were read: number, trial
        self._waiting: list[tuple[int, Any, list[float]]] = []  # (number, trial, point), finished, by number
        self._tried: set[tuple[Any, ...]] = set()  # configurations of finished trials
        self._being_tried: set[tuple[Any, ...]] = set()  # and of running ones, which may yet finish as others
        self._is_part = False  # whether a finished trial has other parameters as well: what is but a part may recur
        self._runs: list[Run] = []
        popsize = strategy(max(1, len(self._numbers) + len(self._choices)), self.sampler.popsize).popsize
        self._start(Run(popsize, self.sampler.sigma0), np.full(len(self._numbers), 0.5))

    def _start(self, run: Run, mean: Floats) -> None:
        self._runs.append(run)
        self.state = initial(mean, run.sigma0, run.popsize) if len(mean) else None
        self._weights = strategy(max(1, len(mean)), run.popsize).weights[: run.popsize // 2]
        self._shares = np.array([1 / n for n in self._sizes for _ in range(n)])
        self._best: list[float] = []
        # Points, chosen and losses of this run's latest trials, the latest last, for the parabola.
        self._told = [np.empty((0, len(mean))), np.empty((0, len(self._shares))), np.empty(0)]
        self._target: dict[str, Any] | None = None  # the minimum of the parabola through them
        self._is_stale = False  # whether there are trials that it does not know of

    @property
    def n_restarts(self) -> int:
        """How many runs have ended."""
        return len(self._runs) - 1

    def is_of(self, history: Sequence[FrozenTrial]) -> bool:
        """Whether this is the very list that was read, not shortened since, its newest finished trial the same."""
        if history is not self.history or len(history) < self._n_read:
            return False
        return self._newest is None or history[self._newest[0]] is self._newest[1]

    # ---- from the history to the distribution ----

    def read(self) -> None:
        """Read the trials that are new, or were running when last seen, and fold the generations they complete."""
        n_trials = len(self.history)  # once: another thread may be appending
        unread = [*self._running, *range(self._n_read, n_trials)]
        self._n_read, self._running, self._being_tried = n_trials, [], set()
        blocking = math.inf  # the first running trial that belongs to a generation
        for number in unread:
            trial = self.history[number]
            params, running = trial.params, trial.state == "running"
            if running:
                self._running.append(number)
            elif self._newest is None or number > self._newest[0]:
                self._newest = number, trial
            if not all(name in params and params[name] in domain for name, domain in self.space.items()):
                continue
            if number < self._n_folded:  # it got its parameters only after others had been folded
                self._begin()
                return self.read()
            (self._being_tried if running else self._tried).add(self._key(params))
            if running:
                blocking = min(blocking, number)
            else:
                self._is_part |= len(params) > len(self.space)
                point = [domain.to_unit(params[name]) for name, domain in self._free.items()]
                bisect.insort(self._waiting, (number, trial, point))  # all numbers differ, so nothing else is compared
        while len(self._waiting) >= (n := self._runs[-1].popsize) and self._waiting[n - 1][0] < blocking:
            self._fold(self._waiting[:n])
            del self._waiting[:n]
        return None

    def _fold(self, generation: list[tuple[int, Any, list[float]]]) -> None:
        self._n_folded = generation[-1][0] + 1
        points, chosen = self._split(np.array([point for _, _, point in generation]))
        losses = [trial.loss for _, trial, _ in generation]
        if self._has_parabola:
            pairs = zip(self._told, (points, chosen, np.array(losses)), strict=True)
            self._told = [np.concatenate(pair)[-self._memory :] for pair in pairs]
        finite = [loss for loss in losses if math.isfinite(loss)]
        self._best += finite and [min(finite)]
        order = sorted(range(len(generation)), key=lambda i: generation[i][1].merit())  # stable: then by number
        run = self._runs[-1]
        self._runs[-1] = run = replace(run, spent=run.spent + len(generation))
        if self._choices:
            better, d = chosen[order[: len(self._weights)]], len(self._numbers) + len(self._choices)
            self._shares = learn_choices(self._shares, better, self._weights, self._sizes, d)
        if self.state is not None:
            if self._generations is not None:
                self._generations.append(Generation(self.n_restarts, self.state, [generation[i][0] for i in order]))
            self.state = update(self.state, points[order], self._min_std)
            if run.spent >= run.limit or stop_reason(self.state, run.sigma0, self._best, finite):
                return self._restart()
        self._is_stale = self._has_parabola
        return None

    def _restart(self) -> None:
        # The same for every trial of the study: drawn from its seed, not from one trial's generator.
        # A trial's own seed has a key of one number, this one of two, so they never meet.
        rng = np.random.default_rng(np.random.SeedSequence(self.entropy, spawn_key=(len(self._runs), 1)))
        self._start(next_run(self.sampler.restart, self._runs, rng), rng.random(len(self._numbers)))

    def _split(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the coordinates of the numbers, and for each choice whether it was made: 1 or 0."""
        if not self._choices:
            return points, points[:, :0]
        numbers, choices = points[:, : len(self._numbers)], points[:, len(self._numbers) :]
        chosen = [np.arange(n) == (c * n).astype(int)[:, None] for c, n in zip(choices.T, self._sizes, strict=True)]
        return numbers, np.hstack(chosen).astype(float)

    def _lowest(self) -> dict[str, Any] | None:
        """Return the minimum of a parabola through the latest trials of this run; None where it is of no use."""
        found = parabola_minimum(self.state, *self._told)
        if found is None:
            return None
        x, added = found
        firsts = np.cumsum([0, *self._sizes])
        best = [int(np.argmin(added[k : k + n])) for k, n in zip(firsts, self._sizes, strict=False)]
        return self._decode(x.tolist(), best)

    # ---- from the distribution to a configuration ----

    def propose(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the minimum of the parabola, if nobody has tried it yet, or else draw a configuration."""
        if self._is_stale:
            self._target, self._is_stale = self._lowest(), False
        if self._target is not None and self._is_new(self._target):
            return dict(self._target)
        u: list[float] = []
        for _ in range(10):  # about the walls half of the points are outside, in a corner of three nearly nine tenths
            if self.state is not None:
                u = sample(self.state, rng.standard_normal(len(self._numbers))).tolist()
            places = self._draw_choices(rng)
            if all(0.0 <= u_j <= 1.0 for u_j in u) and self._is_new(params := self._decode(u, places)):
                return params
        for _ in range(30 if self._is_small and not self._is_part else 0):  # of a last tenth 23 in 24 find something
            params = {name: domain.from_unit(rng.random()) for name, domain in self.space.items()}
            if self._is_new(params):
                return params
        return self._decode(u, places)

    def _draw_choices(self, rng: np.random.Generator) -> list[int]:
        """Draw the place of a choice for each parameter that has choices."""
        drawn, first = [], 0
        for n in self._sizes:
            below = np.cumsum(self._shares[first : first + n])  # by rounding the last may be less than 1
            drawn.append(min(int(np.searchsorted(below, rng.random(), side="right")), n - 1))
            first += n
        return drawn

    def _decode(self, u: list[float], places: list[int]) -> dict[str, Any]:
        """Return a configuration; what is outside of the cube is put on its wall."""
        params = dict(self._middle)  # has the names in their order, and parameters of one value
        for (name, domain), u_j in zip(self._numbers.items(), u, strict=True):
            params[name] = domain.from_unit(u_j)
        for (name, domain), k in zip(self._choices.items(), places, strict=True):
            params[name] = domain.choices[k]
        return params

    def _is_new(self, params: Mapping[str, Any]) -> bool:
        key = self._key(params)
        return key not in self._tried and key not in self._being_tried

    def _key(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what tells configurations apart; True and 1 are two choices, though equal in Python."""
        choices = [(isinstance(params[name], bool), params[name]) for name in self._choices]
        return tuple([params[name] for name in self._numbers] + choices)
