"""Which parameters mattered: PED-ANOVA, from two densities. The parameter whose good trials lie unlike all others.

Call the best quarter of the trials *good*. Where a parameter does not matter, the good trials have any value of it;
where it matters they crowd. So for each parameter, by itself, the density of the good trials is estimated, with the
Parzen estimator of `TPESampler`, and compared with an even one: how far they are apart is the parameter's importance.

Source
    S. Watanabe, A. Bansal and F. Hutter (2023), PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
    Arbitrary Subspaces. IJCAI 2023, 4389-4396. arXiv 2304.10255. [W]
Also used
    K. Baba, Y. Ozaki and S. Watanabe (2026), Conditional PED-ANOVA. KDD 2026. arXiv 2601.20800. Branches. [B]
    Optuna 5.0.0: optuna/importance/_ped_anova, whose names the arguments have. [O]

Legend
    ==============  =====================  =======================================================================
    symbol          name here              what it is
    ==============  =====================  =======================================================================
    γ'              ``target_quantile``    good are the trials among the best γ' of all; (0, 1)
    γ               ``region_quantile``    they are compared with the best γ of all; None: with the whole space
    u               ``u``                  a value of one parameter, in the unit interval: see space.py
    l(u)            ``l``                  density of the good trials that have the parameter: `ParzenEstimator`
    p(u)            ``p``                  what they are compared with: the even density, or that of the region
    k_i, w_i        ``kernels``, ``w``     kernel i of l, and its weight: one per good trial, the last the prior's
    D               `divergence`           how far l and p are apart: Pearson's divergence (PED)
    α, β            ``alpha``, ``beta``    share of the good trials, and of those of the region, that have it
    v               `ped_anova`            variance that the parameter explains
    ==============  =====================  =======================================================================

Formulas
    (1)  P(good | u) = (γ' / γ) l(u) / p(u)            Bayes' rule: the chance that a trial with this value is good
    (2)  D = ∫ (l(u) / p(u) - 1)² p(u) du              0 when l = p
    (3)  v = (γ' / γ)² D                               so v is the variance of (1) when u is drawn from p
    (4)  v = (γ' / γ)² D α² / β                        for a parameter that only some trials have: see below
    (5)  importance = v / (sum of v over the parameters)
    (6)  D = sum_{i ≠ j} w_i w_j ∫ (k_i - p) (k_j - p) / p du  /  sum_{i ≠ j} w_i w_j
                                                       (2) with l = sum_i w_i k_i multiplied out, without i = j

Equation (3) is why it is an ANOVA, an analysis of variance: whether a trial is good is a number, 0 or 1, that varies
from trial to trial. v is the part of its variance that this parameter explains by itself.

Branches. A conditional parameter is judged among the trials that have it, for its absence says nothing about its
values; what explains more trials counts for more. (4) is that variance, within the branch, times the branch's share
β: (γ' α / β / γ)² D β. That the branch as a whole is better is the merit of the parameter that chooses it. [B]

Start reading at `ped_anova`; then `divergence`; `get_param_importances` is the same for a `Study`.

Where this differs, and why
    - Compared with the whole space unless asked otherwise, where [O] compares with all trials. A sampler that learns
      puts all its trials, good or not, where the important parameters are right: against each other the good look
      like the others, and the order of the importances is chance. Against the space they show what the search had
      to settle. Measured on sums of five terms alike, of different weights, 300 trials of TPE: the weightiest came
      out first in 29 of 30 runs, compared with the trials in 9. Of random trials both say the same, but for noise.
    - Good is a quarter, where [W] and [O] take a tenth: of 100 random trials on those sums, the first two came out in
      order in 25 of 30 runs, with a tenth in 16. Take less to ask what makes the very best, given the trials.
    - The diagonal of (6): a trial lies where it lies, so one kernel alone differs from an even density, though its
      parameter does nothing. Left out, what does not matter comes out as 0 on average, not as 1 / n of noise.
    - Trials that were pruned, failed or came out infinite count, as not good (pruned ones come after the complete
      ones, as everywhere here). [O] leaves them out, and with them what makes a trial fail.
    - Equal values are all good or all not, whichever is nearer to γ'.

>>> from tpe_reference import create_study
>>> study = create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2 + 0 * trial.suggest_float("y", -1, 1), 60)
>>> get_param_importances(study)["x"] > 0.9
True
"""

from __future__ import annotations

import bisect
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .samplers.tpe import Floats, ParzenEstimator, Rules
from .space import Categorical, Domain, Float, FrozenTrial, Int
from .study import Study
from .trial import TrialRecord

__all__ = ["get_param_importances", "ped_anova"]

# Cells of the sums that stand for the integrals. No kernel is narrower than a cell: from there on the sum over the
# middles of the cells is the integral, to 1e-8. 500, for after some hundred trials TPE settles a parameter to 1 %.
N_CELLS = 500


def get_param_importances(
    study: Study,
    *,
    evaluator: None = None,
    params: Sequence[str] | None = None,
    target: Callable[[TrialRecord], float] | None = None,
    normalize: bool = True,
    target_quantile: float = 0.25,
    region_quantile: float | None = None,
) -> dict[str, float]:
    """Return how much each parameter had to do with a trial being good, the most important first.

    What the numbers say: of what single parameters explain about being good, this is each one's share. What they
    do not say: which values are good; nor how much single parameters do *not* explain, but two together or noise,
    for the shares add up to 1 all the same. After a search that learns they say something else: how finely it had
    to settle each parameter. Numbers then come before choices, of which one in a few is right by luck, and sharp
    optima before flat ones. For the differences between parameters as such ask random trials.

    Args:
        study: The study. All its trials count but those that run.
        evaluator: There is one; None.
        params: The names that are asked for; None: all that a trial had.
        target: What to explain in place of the value, as a number of a complete trial's record, lower being better:
            ``lambda trial: trial.duration.total_seconds()``. Only complete trials count then.
        normalize: Whether the importances are shares, with sum 1; otherwise they are variances, v in the header.
        target_quantile: γ': so large a part of the trials is good. It takes some 10 good trials to say something.
        region_quantile: γ: what the good are compared with. None: all that could be tried. 1.0: all that was tried.
            0.5: the better half of it, to see what mattered among those.

    Returns:
        Importances by name, in descending order. All are 0, and a warning says so, where no parameter stands out.

    Raises:
        ValueError: For names that no trial had, a name whose domains cannot be united, quantiles out of range, and
            less than two trials that are finished, or none with a finite value.
        TypeError: For an evaluator, a target that cannot be called, and params that are no list of names.

    A parameter that is good at two places far apart comes out too low: see `scott_bandwidths`. And interactions are
    not seen. Whether ``x * y > 0`` cannot be told from x alone, nor from y:

    Examples:
        >>> import warnings
        >>> from tpe_reference import RandomSampler, create_study
        >>> study = create_study(sampler=RandomSampler(), seed=1)
        >>> def objective(trial):
        ...     x, y, z = (trial.suggest_float(name, -1, 1) for name in "xyz")
        ...     return (x * y > 0) + 0.1 * z
        >>> study.optimize(objective, n_trials=400)
        >>> {name: round(share, 2) for name, share in get_param_importances(study).items()}
        {'z': 1.0, 'x': 0.0, 'y': 0.0}
    """
    if evaluator is not None:
        raise TypeError(
            f"get_param_importances: evaluator must be None, got {evaluator!r}; PED-ANOVA is the only one here, "
            "and its settings are the arguments target_quantile and region_quantile"
        )
    records = study.trials
    space = _space(records, params)
    history = _history(records, study.direction, target)
    with np.errstate(under="ignore"):  # numpy's default, which an application may have changed
        variances = ped_anova(space, history, target_quantile=target_quantile, region_quantile=region_quantile)
    total = sum(variances.values())
    if space and total == 0.0:
        warnings.warn(
            "get_param_importances: no parameter stands out, all importances are 0: the values are all equal, or the "
            "good trials lie as chance would have it; more trials would tell",
            stacklevel=2,
        )
    return {name: v / total if normalize and total > 0.0 else v for name, v in variances.items()}


def ped_anova(
    space: Mapping[str, Domain],
    history: Sequence[FrozenTrial],
    *,
    target_quantile: float = 0.25,
    region_quantile: float | None = None,
) -> dict[str, float]:
    """Return the variance (4) of being good that each parameter explains by itself, in descending order.

    Args:
        space: The parameters. A trial has one when it names it with a value inside the domain.
        history: The trials. All count but those that run.
        target_quantile: γ', see `get_param_importances`.
        region_quantile: γ, likewise.

    Raises:
        ValueError: For quantiles out of range, less than two trials that count, none with a finite loss.

    Examples:
        >>> history = [FrozenTrial({"x": i / 400, "y": i * 7 % 401 / 400}, loss=i / 400) for i in range(401)]
        >>> v = ped_anova({"x": Float(0, 1), "y": Float(0, 1)}, history, target_quantile=0.5)
        >>> round(v["x"], 2), round(v["y"], 2)  # of two halves the variance is 1/4: x explains it, but for smoothing
        (0.21, 0.0)
    """
    _check_quantiles(target_quantile, region_quantile)
    finished = [trial for trial in history if trial.state != "running"]
    is_good = best(finished, target_quantile)
    in_region = best(finished, region_quantile or 1.0)
    n_good, n_region = int(is_good.sum()), int(in_region.sum())
    variances: dict[str, float] = {}
    for name, domain in space.items():
        u = _units(name, domain, finished)
        has = ~np.isnan(u)
        alpha, beta = (is_good & has).sum() / n_good, (in_region & has).sum() / n_region
        if alpha == 0.0 or domain.size == 1 or n_good == n_region:  # nothing that could differ
            variances[name] = 0.0
            continue
        region = None if region_quantile is None else u[in_region & has]
        ratio = n_good / n_region  # γ' / γ, as it came out
        variances[name] = float(ratio**2 * divergence(domain, u[is_good & has], region) * alpha**2 / beta)
    # Sorted before what is below 0, which is chance, becomes 0: so the order is the best guess there too.
    ordered = sorted(variances.items(), key=lambda item: -item[1])
    return {name: max(v, 0.0) for name, v in ordered}


def best(trials: Sequence[FrozenTrial], quantile: float) -> NDArray[np.bool_]:
    """Return which trials are among the best, (n,).

    Args:
        trials: Finished trials, (n,).
        quantile: So large a part of them. Of equal ones at the border all count or none, whichever comes nearer; and
            only those whose loss is finite, unless all are asked for.

    Raises:
        ValueError: For less than two trials, or none with a finite loss.
    """
    if len(trials) < 2:
        raise ValueError(f"importances need at least 2 finished trials, got {len(trials)}; run more trials first")
    worst = (3, 0.0, 0.0)  # after `FrozenTrial.merit` of all others
    merits = [trial.merit() if math.isfinite(trial.loss) else worst for trial in trials]
    ordered = sorted(merits)
    if ordered[0] == worst:
        raise ValueError(f"importances need a trial with a finite value, got none in {len(trials)}; see why they fail")
    if quantile == 1.0:
        return np.ones(len(trials), dtype=bool)
    wanted = math.ceil(quantile * len(trials))
    border = ordered[wanted - 1]
    without, including = bisect.bisect_left(ordered, border), bisect.bisect_right(ordered, border)
    is_nearer = wanted - without < including - wanted
    if without > 0 and (is_nearer or including == len(trials)):
        return np.array([merit < border for merit in merits])
    return np.array([merit <= border for merit in merits])


def divergence(domain: Domain, good: Floats, region: Floats | None) -> float:
    """Return D, by formula (6): how far the good trials are from those of the region. 0, or a little less, by chance.

    Multiplied out, (2) is an average over all pairs of good trials of how much their two kernels have in common,
    beyond what p gives to every pair. Pairs of a trial with itself always have much in common: they are left out.

    Args:
        domain: The parameter's.
        good: Values of the good trials in the unit interval, (n,).
        region: Those of the trials to compare with, (m,); None: all of the interval is equally likely.
    """
    borders = _borders(domain)
    width = np.diff(borders)
    u = (borders[:-1] + width / 2)[:, None]
    # On an even grid laid over a domain log_pdf is of a density; on cells, the domain's own or merged ones, it is of
    # probabilities.
    is_smooth = not _has_own_cells(domain) and len(width) == N_CELLS
    space: dict[str, Any] = {"u": Float(0.0, 1.0) if is_smooth else _Cells(borders)}
    if isinstance(domain, Categorical):
        space = {"u": domain}
    mass = width if is_smooth else 1.0
    rules = Rules(bandwidths=scott_bandwidths)

    l = ParzenEstimator(space, good[:, None], np.ones(len(good)), rules=rules)
    kernels = np.exp(l.log_kernels(u)).T * mass  # probabilities of the cells under each kernel, (n + 1, cells)
    p = width
    if region is not None:
        p = np.exp(ParzenEstimator(space, region[:, None], np.ones(len(region)), rules=rules).log_pdf(u)) * mass
    w = l.weights
    excess = kernels - p
    all_pairs = ((w @ excess) ** 2 / p).sum()
    with_itself = w**2 @ (excess**2 / p).sum(axis=1)
    return float((all_pairs - with_itself) / (1.0 - w @ w))  # (6)


def scott_bandwidths(mu: Floats, n_trials: int) -> Floats:
    """Return one bandwidth for all kernels: 1.059 s n^(-1/5), Scott's rule, where s is the spread of the centres.

    `bandwidths` of TPE are as wide as the gaps between trials, which suits a search: it should look there. Here the
    density itself is wanted, and this is the width that estimates a normal's best. (D. W. Scott, 1992, Multivariate
    Density Estimation, eq. 6.17.) [O] takes the same. Of two heaps far apart it is their distance, so that both are
    blurred into one: a parameter that is best at both ends comes out too low.

    Args:
        mu: Centres in the unit interval, (n, 1).
        n_trials: Not looked at.
    """
    if mu.size == 0:  # a categorical parameter has no centres
        return np.empty_like(mu)
    n = len(mu)
    quarters = np.quantile(mu, [0.25, 0.75])
    spread = mu.std(ddof=min(1, n - 1))
    if quarters[1] > quarters[0]:
        spread = min(spread, (quarters[1] - quarters[0]) / 1.34)  # for a normal the same; not drawn by far trials
    return np.full_like(mu, max(1.059 * spread * n**-0.2, 1.0 / N_CELLS))


@dataclass(frozen=True, eq=False)  # each is itself and nothing else: arrays have no hash, and a domain needs one
class _Cells:
    """A domain that is nothing but cells: all that `ParzenEstimator` asks of one."""

    borders: Floats

    @property
    def size(self) -> int:
        return len(self.borders) - 1

    def edges(self) -> Floats:
        return self.borders


def _has_own_cells(domain: Domain) -> bool:
    """Whether its own cells are summed over: choices, which have no order to lay a grid over, and few values."""
    return isinstance(domain, Categorical) or (domain.size is not None and domain.size <= N_CELLS)


def _borders(domain: Domain) -> Floats:
    """Return the borders of the cells over which a parameter's densities are summed."""
    if _has_own_cells(domain):
        return domain.edges()
    # Of many integers on a log scale the first have wide cells, which must not be divided: where neighbours of the
    # even grid hold the same value, they are one cell.
    grid = np.arange(N_CELLS + 1) / N_CELLS
    values = [domain.from_unit(u) for u in (grid[:-1] + 0.5 / N_CELLS).tolist()]
    is_border = [True, *(a != b for a, b in pairwise(values)), True]
    return grid[is_border]


def _check_quantiles(target: Any, region: Any) -> None:
    for name, quantile in (("target_quantile", target), ("region_quantile", region)):
        is_number = isinstance(quantile, (int, float, np.number)) and not isinstance(quantile, bool)
        if not (is_number and 0.0 < quantile <= 1.0) and not (name == "region_quantile" and quantile is None):
            raise ValueError(f"importances: {name} must be a part of the trials, above 0 and up to 1, got {quantile!r}")
    if target >= (region or 1.0):
        raise ValueError(
            f"importances: target_quantile must be below region_quantile (None: below 1), got {target!r} and "
            f"{region!r}; otherwise nothing is left to compare the good trials with"
        )


def _units(name: str, domain: Domain, trials: Sequence[FrozenTrial]) -> Floats:
    """Return a parameter's values in the unit interval, (n,); nan for trials that do not have it."""
    u = np.full(len(trials), np.nan)
    known: dict[tuple[type, Any], float] = {}  # most values come again; True and 1 are two, but for the type
    for i, trial in enumerate(trials):
        if name in trial.params:
            value = trial.params[name]
            key = (type(value), value)
            if key not in known:
                known[key] = domain.to_unit(value) if value in domain else math.nan
            u[i] = known[key]
    return u


# ---- from a study's records ------------------------------------------------------------------------------------------


def _space(records: Sequence[TrialRecord], params: Sequence[str] | None) -> dict[str, Domain]:
    """Return the parameters that are asked for, each with a domain that holds those of all trials."""
    domains: dict[str, list[Domain]] = {}
    for record in records:
        for name, domain in record.distributions.items():
            known = domains.setdefault(name, [])
            if domain not in known:
                known.append(domain)
    names = list(domains) if params is None else params
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"get_param_importances: params must be a list of names, got {params!r}; write ['x', 'y']")
    if unknown := [name for name in names if name not in domains]:
        raise ValueError(f"get_param_importances: no trial had {unknown}; params may name {sorted(domains)}")
    return {name: _united(name, domains[name]) for name in names}


def _united(name: str, domains: Sequence[Domain]) -> Domain:
    """Return one domain that holds all, for a name whose domain changed during the search."""
    united = domains[0]
    for domain in domains[1:]:
        if isinstance(united, Categorical) and isinstance(domain, Categorical):
            united = Categorical([*united.choices, *(choice for choice in domain.choices if choice not in united)])
        elif isinstance(united, Categorical) or isinstance(domain, Categorical):
            raise ValueError(
                f"get_param_importances: {name!r} was searched as {united} and as {domain}, which cannot be united; "
                "name the other parameters in params, and in future searches use a name for each of the two"
            )
        else:  # steps are given up: they may not fit together
            low, high = min(united.low, domain.low), max(united.high, domain.high)
            kind = Int if isinstance(united, Int) and isinstance(domain, Int) else Float
            united = kind(low, high, log=united.log and domain.log)  # type: ignore[arg-type]  # of ints for Int
    return united


def _history(
    records: Sequence[TrialRecord], direction: str, target: Callable[[TrialRecord], float] | None
) -> list[FrozenTrial]:
    """Return the trials as samplers see them, in losses; or, if there is a target, in its values."""
    if target is not None:
        if not callable(target):
            raise TypeError(f"get_param_importances: target must be a function of a trial's record, got {target!r}")
        return [FrozenTrial(record.params, float(target(record))) for record in records if record.state == "complete"]
    sign = 1.0 if direction == "minimize" else -1.0
    return [
        FrozenTrial(
            record.params,
            math.nan if record.value is None else sign * record.value,
            record.intermediate_values,  # only its steps are looked at
            record.state,
        )
        for record in records
    ]


def __getattr__(name: str) -> NoReturn:
    from .not_covered import not_covered

    raise not_covered(__name__, name)
