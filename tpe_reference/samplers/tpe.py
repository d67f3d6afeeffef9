"""TPE, the tree-structured Parzen estimator: try what is frequent among the good trials and rare among the others.

Sort the finished trials by loss, call the best few of them *good* and all others *bad*, and estimate the density
of each group: l(x) of the good, g(x) of the bad. Draw some candidates from l and try the one with the largest
l(x) / g(x): by Bayes' rule that is the one whose expected improvement over the border between the groups is the
largest, so no model of the loss itself is needed, only of where it was low.

Source
    J. Bergstra, R. Bardenet, Y. Bengio and B. Kegl (2011), Algorithms for Hyper-Parameter Optimization. NIPS 24,
    2546-2554; section 4. [B]
Also used
    S. Watanabe (2023), Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their Roles
    for Better Empirical Performance. arXiv 2304.11127. The survey of all variants. [W]
    T. Akiba et al. (2019), Optuna. KDD 2019. The rules of its version 5 are followed here unless noted. [O]

Legend
    ==============  =======================  =====================================================================
    symbol          name here                what it is, shape
    ==============  =======================  =====================================================================
    N               ``n_finite``             trials with a finite loss
    n_l             ``n_good``               good trials: the best tenth of those, at most 25
    T               ``n_trials``             all trials that count: good and bad, failed and running ones too
    l, g            ``l``, ``g``             densities of the good and of the bad trials: `ParzenEstimator`
    n, d            ``n``, ``d``             trials in a density; parameters
    x               ``u``                    configurations in the unit cube, (m, d): see space.py
    mu_i            ``mu[i]``                centre of kernel i: trial i, (n + 1, d), last the prior's
    sigma_i         ``sigma[i]``             its bandwidth in each dimension, (n + 1, d)
    w_i             ``weights[i]``           its weight, (n + 1,), sum 1
    k_ij(x_j)       (see ``log_kernels``)    kernel i in dimension j: a normal cut off at the cube's walls (1)
    Phi             `normal_cdf`             cumulative distribution function of the standard normal
    ==============  =======================  =====================================================================

Formulas
    (1)  k_ij(x) = exp(-(x - mu_ij)^2 / (2 sigma_ij^2)) / (sigma_ij sqrt(2 pi) Z_ij)   for x in [0, 1]
    (2)  Z_ij    = Phi((1 - mu_ij) / sigma_ij) - Phi((0 - mu_ij) / sigma_ij)           what the walls leave of it
    (3)  k_ij(c) = (Phi((b - mu_ij) / sigma_ij) - Phi((a - mu_ij) / sigma_ij)) / Z_ij  for a cell c from a to b
    (4)  k_ij(c) = ([c = c_i] + 1 / (n + 1)) / (1 + C / (n + 1))                       for one of C choices;
                                                                                       the prior's is 1 / C
    (5)  p(x)    = sum_i w_i prod_j k_ij(x_j)                                          the density: l or g
    (6)  choice  = argmax of log l(x) - log g(x) over candidates x drawn from l

Start reading at `TPESampler.suggest`; then `split`, `ParzenEstimator` and, the heart of the matter, `bandwidths`.

Where this differs from the paper, and why
    - Joint: (5) multiplies the kernels of one trial over all parameters before it sums over the trials, so that
      "small learning rate *with* many layers" can be good. [B] treats parameters one by one. Follows [W], [O].
    - The tree: a conditional parameter is estimated from the trials that have it. Who asks sees to that, by
      asking for it alone; here a trial counts when it has all of the names asked for.
    - Failed and running trials are bad. [O] leaves failed ones out, and then proposes the region where everything
      fails for ever; with running ones in g, parallel workers keep apart.
    - The good trials are weighted by rank, and the least bandwidth shrinks with the number of all trials: see
      `rank_weights` and `bandwidths`. On smooth functions they leave half of the regret that [O] has after 100
      trials, or less; on very rugged ones (Rastrigin) they gain little.
    - Nothing is proposed twice on a finite space while something is untried (where the choice is joint).

>>> import numpy as np
>>> from tpe_reference.space import Float, FrozenTrial
>>> space = {"x": Float(-1.0, 1.0)}
>>> history = [FrozenTrial({"x": x}, loss=(x - 0.3) ** 2) for x in np.linspace(-1, 1, 40).tolist()]
>>> round(TPESampler().suggest(space, history, np.random.default_rng(0))["x"], 2)
0.3
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..space import Domain, FrozenTrial

Floats: TypeAlias = NDArray[np.float64]
Space: TypeAlias = "Mapping[str, Domain]"


class TPESampler:
    """The tree-structured Parzen estimator.

    When to use it: by default. It takes every kind of parameter, conditional ones too, learns after some ten
    trials, and stands noise and failures. When not: for many trials (thousands) on continuous parameters, where
    `CmaEsSampler` converges and TPE does not; or when fewer than some 20 trials are possible.

    Args:
        n_startup_trials: So many trials are drawn at random, before there is something to learn from.
        n_candidates: So many candidates are drawn from l. The number of [B]'s code, hyperopt, kept by all since: with
            more the choice is greedier.
        rules: The details in which members of the family differ; None: the ones of this file.

    Raises:
        ValueError: For numbers below 1 (candidates) or 0 (start-up trials).
    """

    def __init__(self, *, n_startup_trials: int = 10, n_candidates: int = 24, rules: Rules | None = None) -> None:
        for name, number, lowest in (("n_startup_trials", n_startup_trials, 0), ("n_candidates", n_candidates, 1)):
            if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < lowest:
                raise ValueError(f"TPESampler: {name} must be a whole number of at least {lowest}, got {number!r}")
        self.n_startup_trials = n_startup_trials
        self.n_candidates = n_candidates
        self.rules = Rules() if rules is None else rules
        self._memos: dict[Any, _Memo] = {}

    def suggest(self, space: Space, history: Sequence[FrozenTrial], rng: np.random.Generator) -> dict[str, Any]:
        """Return the most promising of some candidates: see `explain`."""
        if self.rules.joint:
            return self.explain(space, history, rng).choice
        params: dict[str, Any] = {}
        for name, domain in space.items():
            params |= self.explain({name: domain}, history, rng).choice
        return params

    def explain(self, space: Space, history: Sequence[FrozenTrial], rng: np.random.Generator) -> Explanation:
        """Return the next configuration together with all that led to it.

        Args:
            space: The parameters asked for.
            history: The trials so far. Those count that have all of these parameters, inside their domains. Of a list
                that was read before, only what is new or was running is read: finished trials are taken not to change.
            rng: The source of chance.

        Raises:
            ValueError: For several parameters under rules that choose them one by one.
        """
        if len(space) > 1 and not self.rules.joint:
            raise ValueError(f"explain: these rules choose one by one; explain each of {sorted(space)} by itself")
        memo = self._recall(space, history)
        memo.read()
        n_good = min(self.rules.n_good(len(memo.ranked)), len(memo.ranked))
        good, bad = split(memo.ranked, memo.usable, n_good)
        l = g = None
        if memo.n_finished < self.n_startup_trials:
            candidates = memo.drop_tried(rng.random((1, len(space))), rng)
            scores, chosen = np.zeros(1), 0
        else:
            losses = memo.losses[[number for _, number in memo.ranked[: n_good + 1]]]
            weights, n_trials = self.rules.good_weights(losses, n_good), len(good) + len(bad)
            l = ParzenEstimator(space, memo.units[:, good].T, weights, n_trials, self.rules, layout=memo.layout)
            # So few are sorted anew sooner than picked from the order of all.
            order = memo.order_among(bad) if len(bad) > 150 else None
            weights, units = self.rules.bad_weights(len(bad)), memo.units[:, bad].T
            g = ParzenEstimator(space, units, weights, n_trials, self.rules, order, memo.layout)
            candidates = memo.drop_tried(l.sample(rng, self.n_candidates), rng)
            log_l, log_g = log_pdfs([l, g], candidates)
            scores, chosen = log_l - log_g, choose(log_l, log_g)
        self._memos[memo.key] = memo
        return Explanation((good, bad), l, g, candidates, scores, decode(space, candidates[chosen]))

    def _recall(self, space: Space, history: Sequence[FrozenTrial]) -> _Memo:
        """Take what was read off this very history for this space before, or start afresh; the answer is the same."""
        key = (id(history), *space.items())
        memo = self._memos.pop(key, None)  # taken out: another thread finds none
        if memo is not None and memo.is_of(history):
            return memo
        self._make_room()
        return _Memo(key, space, history)

    def _make_room(self) -> None:
        """Forget what was not asked for of late, lest copies of a history, or domains that vary, fill the memory."""
        latest = list(self._memos)[::-1]  # a dict is in the order of entry, and what is asked for is entered anew
        histories = set(list(dict.fromkeys(key[0] for key in latest))[:16])  # so many studies may take turns
        most = 64 if self.rules.joint else 1024  # where parameters are chosen one by one, each has its memo
        for i, key in enumerate(latest):
            if i >= most or key[0] not in histories:
                self._memos.pop(key, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memos": {}}


@dataclass(frozen=True)
class Explanation:
    """What `TPESampler.suggest` saw and decided.

    Attributes:
        groups: Numbers of the good trials, the best first, and of all others that count. `good` and `bad` are the same
            as lists.
        l: Density of the good trials; None at the start, while trials are drawn at random.
        g: Density of the bad trials; None likewise.
        candidates: Candidates drawn from l (at the start, one drawn at random), in the unit cube, (m, d).
            On a finite space, only those not tried before.
        scores: log l - log g of each, (m,).
        choice: The configuration chosen.
    """

    groups: tuple[NDArray[np.intp], NDArray[np.intp]]
    l: ParzenEstimator | None
    g: ParzenEstimator | None
    candidates: Floats
    scores: Floats
    choice: dict[str, Any]

    @property
    def good(self) -> list[int]:
        """Numbers of the good trials, the best first."""
        return list(map(int, self.groups[0]))

    @property
    def bad(self) -> list[int]:
        """Numbers of all others that count."""
        return list(map(int, self.groups[1]))


def encode(space: Space, configurations: Sequence[Mapping[str, Any]]) -> Floats:
    """Return configurations as points of the unit cube, (m, d)."""
    rows = [[domain.to_unit(params[name]) for name, domain in space.items()] for params in configurations]
    return np.array(rows, dtype=float).reshape(len(rows), len(space))


def decode(space: Space, u: Floats) -> dict[str, Any]:
    """Return the configuration at a point of the unit cube, (d,)."""
    return {name: domain.from_unit(u_j) for (name, domain), u_j in zip(space.items(), u.tolist(), strict=True)}


def to_centres(space: Space, u: Floats) -> Floats:
    """Move points to the centres of their cells, which is how configurations are encoded, (m, d) -> (m, d).

    It is ``encode(space, [decode(space, u_i) for u_i in u])``, for all points at once.

    Args:
        space: The parameters, all of which have cells.
        u: Points of the unit cube.
    """
    n = np.array([domain.size for domain in space.values()], dtype=float)
    centres: Floats = (np.minimum(np.maximum(np.floor(u * n), 0.0), n - 1.0) + 0.5) / n
    for j, domain in enumerate(space.values()):
        if getattr(domain, "log", False):  # the others' cells are equal
            centres[:, j] = encode({"": domain}, [{"": domain.from_unit(u_ij)} for u_ij in u[:, j].tolist()])[:, 0]
    return centres


def split(
    ranked: Sequence[tuple[Any, int]], usable: NDArray[np.bool_], n_good: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split the trials into good and bad ones.

    Args:
        ranked: (merit, number) of the trials with a finite loss, best first.
        usable: Which trials count, by number.
        n_good: How many are good.

    Returns:
        Numbers of the good trials, the best first, and of the bad ones, ascending. Trials without a finite loss
        (failed, running, infinite) are bad: they should be kept away from.
    """
    good = np.array([number for _, number in ranked[:n_good]], dtype=np.intp)
    is_bad = usable.copy()
    is_bad[good] = False
    return good, np.flatnonzero(is_bad)


def choose(log_l: Floats, log_g: Floats) -> int:
    """Return the index of the candidate to try (6), of equals the first.

    Expected improvement grows with l / g, whatever share of the trials is good: [B], section 4.1.

    Args:
        log_l: Logarithm of the density of the good trials at each candidate, (m,).
        log_g: Of the bad trials, (m,).
    """
    return int(np.argmax(log_l - log_g))


def a_tenth(n_finite: int) -> int:
    """Return how many trials are good: a tenth, at most 25, as in [O]; [B] takes 0.15, [W] compares the choices."""
    return min(math.ceil(0.1 * n_finite), 25)


def rank_weights(losses: Floats, n_good: int) -> Floats:
    """Return weights of the good trials, best first: ln(n + 1) - ln(rank), scaled to the mean 2.

    The weights that CMA-ES gives to the better half of its points. That the best of the good trials count more is
    the idea of [W], which weighs by how much lower a loss is; ranks do the same and are as robust as the split.

    The mean sets the share of the prior, which weighs 1: how many candidates come from everywhere, and often win,
    for there g is thin. It is a bargain between two mistakes. With the mean 1, on a function that fails in half of
    its box, a fifth of the later trials went there; with 2 it is one in twelve, with 4 one in a hundred. But with 4
    the search may settle in one of several dips and never leave: on ten functions with dips and choices it had 1.4
    times the regret of 2, after 100 trials and after 200, on seven continuous ones 0.8 times after 100 and as much
    after 200 (eight seeds each). On thirty functions of all kinds, with twenty seeds, the three cannot be told apart
    (chapters/ablation): it is the failures and the dips that decide.

    Args:
        losses: Losses of the trials, best first: of the good ones, and of the next, which is bad.
        n_good: How many are good.
    """
    raw = np.log((n_good + 1) / np.arange(1, n_good + 1))
    return raw * (2 * n_good / raw.sum()) if n_good else raw


def recency_weights(n: int) -> Floats:
    """Return weights of n trials in the order of their numbers: 1 for the newest 25, then falling to 1/n.

    From hyperopt, kept by [O]: what was learnt long ago, in other regions, should count less.
    """
    weights = np.ones(n)
    if n > 25:
        weights[:-25] = 1 / n + (1 - 1 / n) * np.arange(n - 25) / max(n - 26, 1)
    return weights


def bandwidths(mu: Floats, n_trials: int) -> Floats:
    """Return the bandwidth of each kernel: the larger of the gaps to its two neighbours, clipped.

    Where trials are dense the kernels are narrow, so the search sharpens where it has been often. The clip keeps
    them between two extremes: no wider than the interval, and no narrower than 2 / (T + 2) of it, or, from T = 198
    on, 1 / 100, for otherwise two trials at the same place would make a spike that draws all candidates to itself.
    T counts all trials, good and bad, so the kernels of both groups sharpen with the evidence there is. ([O] and
    hyperopt take 1 / (n + 2) with the size n of the group itself. As few trials are good, that leaves l so wide
    that its candidates stay far from the best trials: of all rules here, this one matters most.)

    Args:
        mu: Centres in the unit interval, each dimension sorted by itself, (n, d).
        n_trials: T.
    """
    return np.maximum(neighbour_gaps(mu), max(0.01, 2.0 / (n_trials + 2)))


def neighbour_gaps(mu: Floats) -> Floats:
    """Return the larger of the gaps between each of some sorted centres and its two neighbours, (n, d).

    A centre at an end has one neighbour; for a centre alone it is the distance to the farther wall.
    """
    if len(mu) < 2:
        return np.maximum(mu, 1.0 - mu)
    gaps = mu[1:] - mu[:-1]
    wider = np.empty_like(mu)
    wider[0], wider[-1] = gaps[0], gaps[-1]
    np.maximum(gaps[:-1], gaps[1:], out=wider[1:-1])
    return wider


def choice_kernels(cells: NDArray[np.intp], n_choices: int, weights: Floats) -> Floats:
    """Return the probabilities (4) of each choice, (3, n_choices).

    Kernels differ in nothing but the choice of their own trial. So three rows say all: what a choice has under the
    kernel of a trial that made another one; of one that made this very choice; under the prior.

    Args:
        cells: The choice that each trial made, (n,).
        n_choices: C.
        weights: Weights of the kernels, (n + 1,), which this rule does not look at.
    """
    n = len(cells)
    total = n + 1 + n_choices  # numerator and denominator of (4), times n + 1
    return np.repeat([[1.0 / total], [(n + 2) / total], [1.0 / n_choices]], n_choices, axis=1)


@dataclass(frozen=True)
class Rules:
    """The details that make one member of the family of TPEs; see tpe_variants.py for the historical ones.

    Attributes:
        n_good: How many of N trials with a finite loss are good.
        good_weights: Weights of the good trials, (n_l,), 0 or more, see `rank_weights`. The prior's weight is 1.
        bad_weights: Weights of n bad trials in the order of their numbers, (n,), 0 or more.
        bandwidths: Bandwidths of kernels at given centres, see `bandwidths`. Finite and above 0; below
            1 / 1000 log densities are wrong by more than 1e-10, see `_factors`.
        choice_kernels: Kernels of categorical parameters, see `choice_kernels`.
        prior_sigma: Bandwidth of the prior, finite; with 10,000 it is uniform to 1e-9.
        cut_each: Whether every kernel is cut off at the walls and normalised by itself, as in (1). Otherwise the
            mixture is, so that kernels near a wall lose weight.
        joint: Whether all parameters are chosen together. Otherwise one after the other, as in [B].
    """

    n_good: Callable[[int], int] = a_tenth
    good_weights: Callable[[Floats, int], Floats] = rank_weights
    bad_weights: Callable[[int], Floats] = recency_weights
    bandwidths: Callable[[Floats, int], Floats] = bandwidths
    choice_kernels: Callable[[NDArray[np.intp], int, Floats], Floats] = choice_kernels
    prior_sigma: float = 1.0
    cut_each: bool = True
    joint: bool = True


class ParzenEstimator:
    """A density over the unit cube: a weighted sum of one kernel per trial, and one more that covers everything.

    That one is the *prior*: as wide as the interval, with the weight 1, which is what one bad trial has, and half of
    what a good one has on average. It keeps the density positive everywhere, so that no region is ever given up, and
    is all there is before the first trial.

    On parameters with cells (integers, steps, choices; up to 100,000, see `_edges`) the density of a point is the
    probability of its cell; on the others it is a density over [0, 1]. So sum over cells and integral over the rest
    make 1.

    Args:
        space: The parameters, d of them.
        units: The trials, in the unit cube, (n, d).
        weights: Their weights, (n,); the prior's is 1.
        n_trials: How many trials there are in all, good and bad; None: n.
        rules: The details; None: those of this file.
        order: The trials sorted by each numerical parameter, (number of those, n), where somebody has sorted already.
        layout: What `_Layout` says of the space, where somebody has read it already.

    Attributes:
        mu: Centres of the kernels of the numerical parameters, (n + 1, number of those).
        sigma: Their bandwidths, the same shape.
        weights: Weights of the kernels, (n + 1,), sum 1; the last is the prior's.
    """

    def __init__(
        self,
        space: Space,
        units: Floats,
        weights: Floats,
        n_trials: int | None = None,
        rules: Rules | None = None,
        order: NDArray[np.intp] | None = None,
        layout: _Layout | None = None,
    ) -> None:
        rules = Rules() if rules is None else rules
        (n, self._d), self._layout = units.shape, _Layout(space) if layout is None else layout
        unscaled = np.concatenate([weights, _ONE])
        self.weights = unscaled / unscaled.sum()
        # Inside, arrays are (d, n + 1), a row for each parameter: numpy goes through long rows fastest.
        self._mu: Floats = np.empty((len(self._layout.numeric), n + 1))
        self._sigma = np.empty_like(self._mu)
        self._mu[:, :n], self._mu[:, n] = units.T[self._layout.numeric], 0.5
        order = self._mu[:, :n].argsort(axis=1, kind="stable") if order is None else order
        in_order = order + (n + 1) * self._layout.rows  # as places in a flat array: faster to index
        sigma = rules.bandwidths(self._mu.take(in_order).T, n if n_trials is None else n_trials)
        self._sigma.ravel()[in_order], self._sigma[:, n] = sigma.T, rules.prior_sigma
        self._cells = _cells(list(self._layout.edges), self._mu, self._sigma, order) if self._layout.edges else {}
        self._choices = _Choices(self._layout, units, self.weights, rules) if self._layout.columns else None
        if not rules.cut_each:
            left, right = _walls(self._mu, self._sigma)
            inside = self.weights * (right - left).prod(axis=0)
            self.weights = inside / inside.sum()

    @property
    def mu(self) -> Floats:
        """Centres of the kernels of the numerical parameters, (n + 1, number of those)."""
        return self._mu.T

    @property
    def sigma(self) -> Floats:
        """Their bandwidths, the same shape."""
        return self._sigma.T

    def log_pdf(self, u: Floats) -> Floats:
        """Return the logarithm of the density (5) at points of the unit cube, (m, d) -> (m,).

        Outside the cube, where there is nothing, (1) goes on as if there were no walls; a cell is the nearest.
        """
        return log_pdfs([self], u)[0]

    def log_kernels(self, u: Floats) -> Floats:
        """Return log prod_j k_ij(x_j) for every point and every kernel, (m, d) -> (m, n + 1)."""
        return np.concatenate([_log_kernels([self], some) for some in _some_at_a_time(u, len(self.weights))])

    def sample(self, rng: np.random.Generator, m: int) -> Floats:
        """Draw m points from the density, (m, d)."""
        u = np.empty((m, self._d))
        i = self.weights.cumsum()[:-1].searchsorted(rng.random(m), side="right")  # each point is one kernel's
        # A normal cut off at the walls: where Phi has risen by a random share of what it rises by between them.
        mu, sigma = self._mu.take(i, axis=1), self._sigma.take(i, axis=1)
        left, right = _walls(mu, sigma)
        x = mu + sigma * normal_quantile(left + rng.random(mu.shape) * (right - left))
        u[:, self._layout.numeric] = np.minimum(np.maximum(x, 0.0), 1.0).T
        if self._choices is not None:
            u[:, self._layout.columns] = self._choices.sample(rng, i)
        return u


@dataclass(frozen=True)
class _Cells:
    """What a density knows of a parameter with cells.

    Kernels with the same centre and bandwidth are one *kind*. Of a parameter with few values there are few kinds,
    however many trials there are, and each is computed once.

    Attributes:
        kind: Of each kernel, (n + 1,).
        mu: Centres of the kinds, (k,).
        sigma: Their bandwidths, (k,).
    """

    kind: NDArray[np.intp]
    mu: Floats
    sigma: Floats


def _cells(rows: list[int], mu: Floats, sigma: Floats, order: NDArray[np.intp]) -> dict[int, _Cells]:
    """Return what there is to know of the parameters with cells, by their rows in the arrays: all of them at once.

    Args:
        rows: Which rows those are.
        mu: Centres of all kernels, (rows, n + 1).
        sigma: Their bandwidths, the same shape.
        order: The kernels but the prior by their centres, (rows, n): those of one kind are neighbours then.
    """
    n = order.shape[1]
    if n < 100:  # so few are computed sooner than sorted out: each is a kind of its own
        every = np.arange(n + 1)
        return {row: _Cells(every, mu[row], sigma[row]) for row in rows}
    in_order = np.full((len(rows), n + 1), n)  # the prior is last
    in_order[:, :n] = order[rows]
    in_order += (n + 1) * np.arange(len(rows))[:, None]  # as places in a flat array
    mu, sigma = mu[rows].take(in_order), sigma[rows].take(in_order)
    is_first = np.ones(mu.shape, dtype=bool)
    is_first[:, 1:] = (mu[:, 1:] != mu[:, :-1]) | (sigma[:, 1:] != sigma[:, :-1])
    kind = np.empty_like(in_order)
    kind.ravel()[in_order] = is_first.cumsum(axis=1) - 1
    mu, sigma = mu[is_first], sigma[is_first]
    ends = itertools.pairwise([0, *np.count_nonzero(is_first, axis=1).cumsum().tolist()])
    return {row: _Cells(kind[i], mu[a:b], sigma[a:b]) for i, (row, (a, b)) in enumerate(zip(rows, ends, strict=True))}


class _Choices:
    """What a density knows of the categorical parameters, c of them.

    The choices of all of them stand in one row, in which each choice has its *place*.

    Args:
        layout: Which parameters they are, and how many choices each has.
        units: The trials, (n, d).
        weights: Weights of the kernels, (n + 1,).
        rules: The details.

    Attributes:
        p: The probabilities of all choices, see `choice_kernels`, (3, places).
        made: The place of the choice that each kernel's trial made, (c, n + 1); of the prior, a place behind all.
    """

    def __init__(self, layout: _Layout, units: Floats, weights: Floats, rules: Rules) -> None:
        self._layout = layout
        self.made = np.full((len(layout.sizes), len(units) + 1), layout.sizes.sum())
        self.made[:, :-1] = layout.places(units)
        cells = self.made[:, :-1] - layout.first
        pairs = zip(cells, layout.sizes[:, 0].tolist(), strict=True)
        self.p = np.concatenate([rules.choice_kernels(row, size, weights) for row, size in pairs], axis=1)

    def log_kernels(self, some: NDArray[np.intp]) -> Floats:
        """Return the logarithms of (4) for the choices at some places, ascending, and all kernels, (some, n + 1)."""
        others, own, prior = np.log(np.maximum(self.p, 1e-300))
        row = np.full(len(prior), len(some))  # of each place; of what is not asked for, a row to throw away
        row[some] = np.arange(len(some))
        made = self.made[:, :-1]
        log_k = np.empty((len(some) + 1, made.shape[1] + 1))
        log_k[:-1] = others.take(some)[:, None]
        log_k[row.take(made), np.arange(made.shape[1])] = own.take(made)
        log_k[:-1, -1] = prior.take(some)
        return log_k[:-1]

    def sample(self, rng: np.random.Generator, i: NDArray[np.intp]) -> Floats:
        """Draw from the kernels i, (m,) -> (m, c)."""
        others, own, prior = self.p
        r, made = rng.random((len(i), len(self.made))).T, self.made.take(i, axis=1)
        # Cumulated, the probabilities are those of the others, and from the place of the trial's own choice on more.
        more = (own - others).take(made, mode="clip")
        before, after = self._reached(others, r), self._reached(others, r - more)
        chosen = np.where(before <= made, before, np.maximum(after, made))
        chosen = np.where(made < len(prior), chosen, self._reached(prior, r))
        return ((chosen - self._layout.first + 0.5) / self._layout.sizes).T

    def _reached(self, p: Floats, r: Floats) -> NDArray[np.intp]:
        """Return for each parameter the place where its probabilities, cumulated, have risen above r, (c, m)."""
        first, cumulated = self._layout.first, p.cumsum()  # over all parameters: one search finds the places of all
        before = cumulated[first] - p[first]
        places = cumulated.searchsorted(before + r, side="right")
        last = first + self._layout.sizes - 1  # by rounding they may not rise to 1
        reached: NDArray[np.intp] = np.minimum(np.maximum(places, first), last)
        return reached


def log_pdfs(densities: Sequence[ParzenEstimator], u: Floats) -> list[Floats]:
    """Return the logarithms of several densities (5) of one space at points of the unit cube, (m, d) -> (m,) each.

    Together they take half as many calls of numpy as one by one; with few trials the calls are what takes the time.
    """
    weights = [density.weights for density in densities]
    some_at_a_time = _some_at_a_time(u, sum(map(len, weights)))
    return list(np.concatenate([_log_sums(_log_kernels(densities, some), weights) for some in some_at_a_time]).T)


def _some_at_a_time(u: Floats, n_kernels: int) -> list[Floats]:
    """Return points in parts, lest their kernels fill the memory, or a choice among thousands takes its square."""
    at_once = max(1, min(1000, 2**22 // n_kernels))  # 2^22 numbers are 32 MB
    return [u[start : start + at_once] for start in range(0, max(len(u), 1), at_once)]


def _log_sums(log_k: Floats, weights: Sequence[Floats]) -> Floats:
    """Return log sum_i w_i k_i of every point, for each of some densities whose kernels stand side by side.

    Args:
        log_k: Logarithms of the kernels, (m, kernels of all); overwritten.
        weights: Those of each density's kernels.

    Returns:
        An array (m, densities).
    """
    lengths = [len(of_one) for of_one in weights]
    starts = [0, *itertools.accumulate(lengths[:-1])]
    w = np.zeros((log_k.shape[1], len(weights)))  # a column for each density, with zeros for the others' kernels
    for column, (start, of_one) in enumerate(zip(starts, weights, strict=True)):
        w[start : start + len(of_one), column] = of_one
    if np.count_nonzero(w) < len(w):  # a rule may weigh with 0: what does not count must not be the largest
        log_k[:, ~w.any(axis=1)] = -1e300
    # The largest of each density is taken out, so that exp neither overflows nor vanishes.
    tops = np.maximum.reduceat(log_k, starts, axis=1)
    log_k -= tops.repeat(lengths, axis=1)
    np.maximum(log_k, -600.0, out=log_k)  # exp(-600) = 1e-261 is as good as nothing, and what underflows takes long
    sums = np.exp(log_k, out=log_k) @ w  # the sum in (5) is a matrix product
    return np.log(sums) + tops


def _log_kernels(densities: Sequence[ParzenEstimator], u: Floats) -> Floats:
    """Return the logarithm of prod_j k_ij(x_j) for every point and all kernels of the densities, (m, kernels)."""
    log_k = _product(*_factors(densities, u))
    for log_mass, kind in _log_masses(densities, u):
        log_k += log_mass.take(kind, axis=1)
    return log_k


def _factors(densities: Sequence[ParzenEstimator], u: Floats) -> tuple[Floats, Floats]:
    """Return two matrices whose product is log k but for parameters with cells, (m, features) and (features, kernels).

    The square in (1) is expanded, x^2 - 2 x mu + mu^2, and a choice is a column of zeros with a 1 in its place, so
    that one matrix product brings all points and all kernels together. (Rounding: the terms are up to 1 / sigma^2,
    here 10,000, so about 1e-12 of log k is lost in each dimension; with a rule whose kernels are a tenth as wide, a
    hundred times as much.)
    """
    layout = densities[0]._layout
    x = u.T[layout.numeric][layout.smooth]
    mu = np.concatenate([density._mu for density in densities], axis=1)[layout.smooth]
    sigma = np.concatenate([density._sigma for density in densities], axis=1)[layout.smooth]
    left, right = _walls(mu, sigma)
    half_precision = 0.5 / (sigma * sigma)
    linear = mu * half_precision
    constant = mu * linear + np.log((right - left) * (sigma * math.sqrt(2.0 * math.pi)))
    features = [x * x, x, np.ones((1, len(u)))]
    coefficients = [-half_precision, 2.0 * linear, -constant.sum(axis=0, keepdims=True)]
    if layout.columns:
        places = layout.places(u)
        some = np.bincount(places.ravel()).nonzero()[0]  # the places of choices that a point makes
        features.append(np.zeros((len(some), len(u))))
        features[-1][some.searchsorted(places), np.arange(len(u))] = 1.0
        choices = [density._choices for density in densities if density._choices is not None]
        coefficients.append(np.concatenate([choice.log_kernels(some) for choice in choices], axis=1))
    return np.concatenate(features).T, np.concatenate(coefficients)


def _product(a: Floats, b: Floats) -> Floats:
    """Return a @ b, some columns at a time.

    A product of more than 2^18 multiplications OpenBLAS shares among the cores. On a machine that is busy, waiting
    for the slowest share took 48 ms where 0.05 ms of work were to be done.
    """
    width = max(1, 2**18 // max(a.size, 1))
    product = np.empty((len(a), b.shape[1]))
    for first in range(0, b.shape[1], width):
        np.matmul(a, b[:, first : first + width], out=product[:, first : first + width])
    return product


def _log_masses(densities: Sequence[ParzenEstimator], u: Floats) -> list[tuple[Floats, NDArray[np.intp]]]:
    """Return what is needed of the logarithms of (3) of each parameter with cells.

    Returns:
        For each: the logarithms for the cells of the points and the kinds of kernels of all densities, (m, kinds); the
        kind of each kernel, (kernels,).
    """
    parts, z = [], []
    for row, edges in densities[0]._layout.edges.items():
        borders, left = _borders_around(u[:, densities[0]._layout.numeric[row]], edges)
        cells = [density._cells[row] for density in densities]
        mu, sigma = np.concatenate([c.mu for c in cells]), np.concatenate([c.sigma for c in cells])
        starts = itertools.accumulate((len(c.mu) for c in cells), initial=0)
        kind = np.concatenate([c.kind + start for c, start in zip(cells, starts, strict=False)])
        z.append(((borders[:, None] - mu) / sigma).ravel())
        parts.append(((len(borders), len(mu)), left, kind))
    if not parts:
        return []
    # Of all parameters at once, for with few trials the calls are what costs.
    tails = _signed_tails(np.concatenate(z))
    mass, first = np.empty_like(tails), 0
    for shape, _, _ in parts:
        here = slice(first, first := first + math.prod(shape))
        of_borders, of_cells = tails[here].reshape(shape), mass[here].reshape(shape)
        np.subtract(of_borders[1:], of_borders[:-1], out=of_cells[:-1])
        np.subtract(of_borders[-1], of_borders[0], out=of_cells[-1])
    mass += mass < 0.0  # the kernel's centre is between the borders: the whole less both tails
    log_mass = np.log(np.maximum(mass, 1e-300))  # beyond 30 bandwidths it is as good as nothing
    found, first = [], 0
    for shape, left, kind in parts:
        masses = log_mass[first : (first := first + math.prod(shape))].reshape(shape)
        found.append((masses[left] - masses[-1], kind))
    return found


def _borders_around(u: Floats, edges: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the borders of the cells that hold some positions, many of which they share.

    Returns:
        The borders, first and last the walls, between which the mass is Z; which of them is the left one of the cell
        that holds each position, (m,).
    """
    cell = edges[1:-1].searchsorted(u, side="right")
    is_needed = np.zeros(len(edges), dtype=bool)
    is_needed[cell] = is_needed[cell + 1] = is_needed[[0, -1]] = True
    needed = is_needed.nonzero()[0]
    return edges[needed], needed.searchsorted(cell)


class _Layout:
    """What a density has to know of the space: which kind each parameter is of.

    Attributes:
        numeric: The columns of the parameters that have an order, which are all but the categorical ones. Each of
            these is a row in `ParzenEstimator`.
        rows: These rows, as a column to index with.
        edges: By row, the borders of the cells of those that have cells.
        smooth: The rows of those that have none; a slice where these are all.
        columns: The columns of the categorical parameters.
        sizes: How many choices each of those has, (c, 1).
        first: The place of its first choice, where the choices of all stand in one row, (c, 1).
    """

    def __init__(self, space: Space) -> None:
        choices = {j: len(domain.choices) for j, domain in enumerate(space.values()) if hasattr(domain, "choices")}
        self.columns, self.sizes = list(choices), np.array(list(choices.values()), dtype=np.intp)[:, None]
        self.first = self.sizes.cumsum(axis=0) - self.sizes
        numeric = {j: domain for j, domain in enumerate(space.values()) if j not in choices}
        self.numeric = list(numeric)
        self.edges = {row: e for row, e in enumerate(map(_edges, numeric.values())) if e is not None}
        self.rows = np.arange(len(numeric))[:, None]
        smooth = [row for row in range(len(numeric)) if row not in self.edges]
        self.smooth: Any = smooth if self.edges else slice(None)  # a slice of an array takes less time than a list

    def places(self, u: Floats) -> NDArray[np.intp]:
        """Return the places of the choices that some points make, (m, d) -> (c, m); outside [0, 1] the nearest one."""
        cells = (u.T[self.columns] * self.sizes).astype(np.intp)
        return np.maximum(np.minimum(cells, self.sizes - 1, out=cells), 0, out=cells) + self.first


_ONE = np.ones(1)
_WALLS = np.array([0.0, 1.0])


def _walls(mu: Floats, sigma: Floats) -> Floats:
    """Return Phi at the left and at the right wall, (2, ...), for kernels (...): their difference is (2)."""
    if mu.size < 2000:
        return normal_cdf((_WALLS.reshape(2, *[1] * mu.ndim) - mu) / sigma)
    # Of so many it pays to leave out the kernels that are far from both walls: less than 1e-16 is cut off.
    near = np.minimum(mu, 1.0 - mu) < 8.3 * sigma
    walls = np.zeros((2, *mu.shape))
    walls[1] = 1.0
    walls[:, near] = normal_cdf((_WALLS[:, None] - mu[near]) / sigma[near])
    return walls


def _edges(domain: Domain) -> Floats | None:
    """Borders of a domain's cells; None for a continuum, and for cells too fine to tell from one."""
    # 100,000 cells are a thousand to the narrowest bandwidth: over such a cell the density is flat to 1e-7. (Not over
    # the first cells of a logarithmic `Int`, wide however many follow. There l and g err alike: with 100,001 values as
    # with 99,999, over 30 seeds, the quartiles of the best of 60 trials overlapped.)
    return None if domain.size is None or domain.size > 100_000 else domain.edges()


_FIRST, _LAST = -30, 9  # Phi(-30) is 5e-198, far enough from what numbers can hold; Phi(9) is 1
_NODES = np.arange(_FIRST * 256, _LAST * 256 + 1) / 256


@functools.cache  # made when it is first needed: it takes longer than importing this file
def _taylor() -> Floats:
    """Return Taylor's coefficients of Phi at the nodes, for distances in steps of 1/256, (5, nodes).

    They are Phi's derivatives over factorials: the p-th derivative is the density times (-1)^(p - 1) He_{p-1}(z),
    with Hermite's polynomials 1, z, z^2 - 1, z^3 - 3 z.
    """
    z, step = _NODES, 1 / 256
    phi = [0.5 * math.erfc(-node / math.sqrt(2.0)) for node in z.tolist()]
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    hermite = [np.ones_like(z), -z / 2, (z**2 - 1) / 6, (3 * z - z**3) / 24]
    return np.array([phi, *(density * he * step ** (p + 1) for p, he in enumerate(hermite))])


def normal_cdf(z: Floats) -> Floats:
    """Return Phi(z) for finite z, to 1e-15, and in the left tail to eight digits, down to -30.

    numpy has no error function. Python's is exact but takes one number at a time, so it fills a table once, from -30
    to 9 in steps of 1/256, and Taylor's series goes on from the nearest entry: half a step at most, where the first
    term left out is below 1e-16, and below 1e-8 of Phi.
    """
    t = z * 256  # in place from here on: on small arrays each new one costs as much as computing it
    nearest = np.rint(t)
    t -= nearest
    nearest -= _FIRST * 256
    coefficients = _taylor().take(nearest.astype(np.intp), axis=1, mode="clip")  # beyond the table, its end
    cdf: Floats = coefficients[4]
    for coefficient in coefficients[3::-1]:
        cdf *= t
        cdf += coefficient
    return cdf


def _signed_tails(z: Floats) -> Floats:
    """Return what is beyond z, seen from 0: Phi(z) to the left of 0, -Phi(-z) to the right.

    The mass between two z is their difference, plus 1 where that is negative, for then 0 is between them. It keeps
    eight digits however small it is, while a difference of Phi keeps none from 8.3 on, where Phi is 1 to all digits.
    """
    left = np.maximum(-np.abs(z), float(_FIRST))  # of what is farther out nothing is known, not even which is farther
    return np.copysign(normal_cdf(left), -z)


def normal_quantile(p: Floats) -> Floats:
    """Return the z with Phi(z) = p, read off the same table in straight lines: good to draw from, to some 1e-6."""
    first = (-9 - _FIRST) * 256  # farther out than 9 no random number comes: they are multiples of 1e-16
    return np.interp(p, _taylor()[0, first:], _NODES[first:])


def _keep_memory(n: int, d: int) -> None:
    """Have the memory that an ask takes for n trials of d parameters kept for the next one.

    The allocator of GNU systems returns what is free at the end of its memory to the operating system, from 128 kB on,
    and gets it back at the next ask, page by page, wiped: with thousands of trials that took half of the time. The
    limit rises to twice the size of a large block when that is freed (mallopt(3), on M_MMAP_THRESHOLD). This one is
    half of what an ask takes: kernels of 24 candidates and a dozen arrays of all trials. It is never written to, and
    so takes no memory itself; on other systems it does nothing.
    """
    np.empty((n, 24 + 6 * d))


class _Memo:
    """What has been read off one history for one space: saves time, changes no answer."""

    def __init__(self, key: tuple[Any, ...], space: Space, history: Sequence[FrozenTrial]) -> None:
        self.key, self.space, self.history = key, dict(space), history
        self.units: Floats = np.empty((len(space), 0))  # a column per trial, and room for more
        self.losses: Floats = np.empty(0)
        self.layout = _Layout(space)
        self._order = np.empty((len(self.layout.numeric), 0), dtype=np.intp)  # by each of these: see `_sort`
        self._n_sorted = 0
        self.usable: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # whether it has all the parameters
        self.ranked: list[tuple[Any, int]] = []  # (merit, number) of those with a finite loss, sorted
        self.n_finished = 0
        self._n_read = 0
        sizes = [domain.size for domain in space.values()]
        self._size = None if None in sizes else math.prod(size for size in sizes if size is not None)
        self._tried: set[Any] = set()  # by finished trials
        self._being_tried: set[Any] = set()  # by running ones
        self._running: list[int] = []
        self._newest: tuple[int, FrozenTrial] | None = None  # of the finished trials that were read: number, trial

    def is_of(self, history: Sequence[FrozenTrial]) -> bool:
        """Whether this is the very list that was read, not shortened since, its newest finished trial the same."""
        if history is not self.history or len(history) < self._n_read:
            return False
        return self._newest is None or history[self._newest[0]] is self._newest[1]

    def read(self) -> None:
        """Read the trials that are new, or were running when last seen."""
        n = len(self.history)  # once: another thread may be appending
        unread = [*self._running, *range(self._n_read, n)]
        self._n_read = n
        if self._n_read > len(self.usable):
            spare = self._n_read + 10  # double the room, so that growing costs a constant time per trial
            self.units = np.concatenate([self.units, np.zeros((len(self.space), spare))], axis=1)
            self.losses = np.concatenate([self.losses, np.zeros(spare)])
            self.usable = np.concatenate([self.usable, np.zeros(spare, dtype=bool)])
            self._order = np.concatenate([self._order, np.zeros((len(self._order), spare), dtype=np.intp)], axis=1)
            _keep_memory(len(self.usable), len(self.space))
        self._running, self._being_tried = [], set()
        for number in unread:
            self._read_one(number, self.history[number])

    def _sort(self) -> None:
        """Sort the trials that were read by each numerical parameter; of equals the first number comes first."""
        n, numeric = self._n_read, self.layout.numeric
        if n == self._n_sorted:
            return
        if n != self._n_sorted + 1:
            self._order[:, :n] = self.units[numeric, :n].argsort(axis=1, kind="stable")
        else:  # a single one is new: all behind its place move up
            units = self.units[numeric, :n]
            for row, place in zip(self._order, (units[:, :-1] <= units[:, -1:]).sum(axis=1).tolist(), strict=True):
                row[place + 1 : n] = row[place : n - 1]
                row[place] = n - 1
        self._n_sorted = n

    def order_among(self, numbers: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the order of some trials by each numerical parameter: their places in the list, (rows, n)."""
        self._sort()
        place = np.full(self._n_read, -1)
        place[numbers] = np.arange(len(numbers))
        places = place[self._order[:, : self._n_read]]
        return places[places >= 0].reshape(len(places), len(numbers))

    def _read_one(self, number: int, trial: FrozenTrial) -> None:
        running = trial.state == "running"
        if running:
            self._running.append(number)
        elif self._newest is None or number > self._newest[0]:
            self._newest = number, trial
        self.usable[number] = all(n in trial.params and trial.params[n] in d for n, d in self.space.items())
        if not self.usable[number]:
            return
        u = [domain.to_unit(trial.params[name]) for name, domain in self.space.items()]
        if number < self._n_sorted and u != self.units[:, number].tolist():
            self._n_sorted = -1  # it was sorted before this was known
        self.units[:, number] = u
        if self._size is not None and len(trial.params) == len(self.space):
            (self._being_tried if running else self._tried).add(tuple(u))
        if not running:
            self.n_finished += 1
            self.losses[number] = trial.loss
            if math.isfinite(trial.loss):
                bisect.insort(self.ranked, (trial.merit(), number))

    def drop_tried(self, candidates: Floats, rng: np.random.Generator) -> Floats:
        """Drop the candidates that were tried; if none is left, find as many untried ones elsewhere.

        Where everything was tried, and on spaces with a continuous parameter, the candidates stay as they are.
        """
        if self._size is None or len(self._tried) + len(self._being_tried - self._tried) >= self._size:
            return candidates
        fresh = [centre for centre in to_centres(self.space, candidates).tolist() if not self._is_tried(centre)]
        fresh = fresh or [u for _ in candidates if (u := self._untried(rng, self._size)) is not None]
        return np.array(fresh) if fresh else candidates

    def _is_tried(self, centre: list[float]) -> bool:
        point = tuple(centre)
        return point in self._tried or point in self._being_tried

    def _untried(self, rng: np.random.Generator, size: int) -> list[float] | None:
        """Go from a random configuration to the next, in the order of counting, until one is untried.

        After as many steps as there are tried ones it is found, unless values are so close that floats cannot tell
        their places apart.
        """
        i = 0
        for domain in self.space.values():
            n_values = domain.size or 1  # all are finite where this is called
            i = i * n_values + int(rng.random() * n_values)
        for _ in range(len(self._tried) + len(self._being_tried) + 1):
            centre, rest = [], i
            for domain in self.space.values():
                values = domain.values()
                rest, k = divmod(rest, len(values))
                centre.append(domain.to_unit(values[k]))  # type: ignore[arg-type]  # a value of this very domain
            if not self._is_tried(centre):
                return centre
            i = (i + 1) % size
        return None
