"""The family of TPEs: what the papers and packages call by that name, as `Rules` for the one `TPESampler`.

All split the trials, build l and g of kernels, and try the candidate with the largest l / g. They differ in
details, each of which is one function or number here:

    ==================  ====================  ===================  ====================  ======================
    rule                BERGSTRA_2011         HYPEROPT             OPTUNA                WATANABE_2023
    ==================  ====================  ===================  ====================  ======================
    good trials         ceil(.15 N)           ceil(.25 sqrt N)     ceil(.1 N)            ceil(.15 N)
    at most             -                     25                   25                    25
    their weights       equal                 equal                equal                 by improvement
    weights of the bad  equal                 recent ones more     recent ones more      equal
    neighbours          trials, walls         trials, prior        trials                trials, prior, walls
    least bandwidth     1 / min(100, n + 2)   1 / min(100, n + 2)  1 / min(100, n + 2)   max(.03, 1 / (n + 2)^2)
    prior               uniform               normal               normal                normal
    cut at the walls    kernel by kernel      the mixture          kernel by kernel      kernel by kernel
    choices             counts + 1            weights + 1          a kernel each         a kernel each
    joint               no                    no                   yes                   yes
    start-up trials     20                    20                   10                    10
    ==================  ====================  ===================  ====================  ======================

The default rules, those of tpe.py, are OPTUNA's but for the weights of the good trials and the least bandwidth.
Two differences are not rules: Optuna and Watanabe leave failed trials out, and all propose tried configurations
again on finite spaces, which `TPESampler` does only where it chooses parameters one by one.

Sources
    J. Bergstra, R. Bardenet, Y. Bengio and B. Kegl (2011), Algorithms for Hyper-Parameter Optimization. NIPS 24,
    section 4. It leaves the clip open ("a reasonable range"); hyperopt's, by the same author, is used.
    hyperopt 0.3.0: hyperopt/tpe.py. Optuna 5.0.0: optuna/samplers/_tpe.
    S. Watanabe (2023), Tree-Structured Parzen Estimator. arXiv 2304.11127, the recommended setting.

Start reading at `OPTUNA`.

>>> from .tpe import TPESampler
>>> TPESampler(n_startup_trials=20, rules=HYPEROPT).rules.n_good(100)
3
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .tpe import Floats, Rules, neighbour_gaps


def fifteen_percent(n_finite: int) -> int:
    """Return how many trials are good: 0.15 of them, rounded up."""
    return math.ceil(0.15 * n_finite)


def fifteen_percent_at_most_25(n_finite: int) -> int:
    """Return how many trials are good: 0.15 of them, rounded up, at most 25."""
    return min(fifteen_percent(n_finite), 25)


def quarter_of_root(n_finite: int) -> int:
    """Return how many trials are good: a quarter of their square root, rounded up, at most 25."""
    return min(math.ceil(0.25 * math.sqrt(n_finite)), 25)


def equal_weights(losses: Floats, n_good: int) -> Floats:
    """Return equal weights of the good trials."""
    return np.ones(n_good)


def improvement_weights(losses: Floats, n_good: int) -> Floats:
    """Return weights of the good trials by how much lower they are than the best bad one, scaled to the mean 1."""
    if n_good == 0:
        return np.empty(0)
    weights = np.maximum(1e-12, losses[-1] - losses[:n_good])  # 1e-12: where all are equal, all weigh the same
    return weights / weights.mean()  # type: ignore[no-any-return]  # numpy's stubs


def bandwidths_by_size(mu: Floats, n_trials: int) -> Floats:
    """Return the larger gaps to neighbours, at least 1 / (n + 2) or 1 / 100, where n is the size of the group."""
    return np.maximum(neighbour_gaps(mu), 1.0 / min(100, len(mu) + 2))


def bandwidths_with_prior(mu: Floats, n_trials: int) -> Floats:
    """The same, with the prior's centre as a neighbour; of a single kernel half of the interval."""
    sigma = np.full_like(mu, 0.5) if len(mu) == 1 else _gaps_among(mu, [0.5])
    return np.maximum(sigma, 1.0 / min(100, len(mu) + 2))


def bandwidths_with_walls(mu: Floats, n_trials: int) -> Floats:
    """The same, with the walls as neighbours."""
    return np.maximum(_gaps_among(mu, [0.0, 1.0]), 1.0 / min(100, len(mu) + 2))


def bandwidths_with_all(mu: Floats, n_trials: int) -> Floats:
    """Return the larger gaps to neighbours, prior and walls among them, at least 0.03 or 1 / (n + 2)^2."""
    return np.maximum(_gaps_among(mu, [0.5, 0.0, 1.0]), max(0.03, (len(mu) + 2.0) ** -2))


def _gaps_among(mu: Floats, more: list[float]) -> Floats:
    """Return `neighbour_gaps` when each dimension has more neighbours than the kernels, (n, d)."""
    others = np.tile(np.array(more)[:, None], (1, mu.shape[1]))
    together = np.concatenate([others, mu])
    order, columns = np.argsort(together, axis=0, kind="stable"), np.arange(mu.shape[1])
    gaps = np.empty_like(together)
    gaps[order, columns] = neighbour_gaps(together[order, columns])
    return gaps[len(more) :]  # the others stood first: of equals, they come before


def pooled_choices(cells: NDArray[np.intp], n_choices: int, weights: Floats) -> Floats:
    """Return for every kernel the same probabilities: p_c ~ (sum of the weights of trials with choice c) + 1.

    So the prior counts as one trial per choice.
    """
    # The kernels' weights sum to 1; divided by the prior's, which is 1 before that, they are as they were given.
    counts = np.bincount(cells, weights=weights[:-1] / weights[-1], minlength=n_choices) + 1.0
    return np.tile(counts / counts.sum(), (3, 1))


OPTUNA = Rules(good_weights=equal_weights, bandwidths=bandwidths_by_size)

HYPEROPT = Rules(
    n_good=quarter_of_root,
    good_weights=equal_weights,
    bandwidths=bandwidths_with_prior,
    choice_kernels=pooled_choices,
    cut_each=False,
    joint=False,
)

WATANABE_2023 = Rules(
    n_good=fifteen_percent_at_most_25,
    good_weights=improvement_weights,
    bad_weights=np.ones,
    bandwidths=bandwidths_with_all,
)

BERGSTRA_2011 = Rules(
    n_good=fifteen_percent,
    good_weights=equal_weights,
    bad_weights=np.ones,
    bandwidths=bandwidths_with_walls,
    choice_kernels=pooled_choices,
    prior_sigma=1e4,  # over the interval, uniform to 1e-9
    joint=False,
)

VARIANTS = {"bergstra": BERGSTRA_2011, "hyperopt": HYPEROPT, "optuna": OPTUNA, "watanabe": WATANABE_2023}
