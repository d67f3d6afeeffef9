"""The samplers as a study's owner makes them: each also takes a seed, and the arguments that Optuna knows it by.

A sampler draws from the generator that it is handed and keeps nothing, so there is nothing in it to seed: the seed is
the study's. Here a sampler may carry one, for `create_study` to take over. That, and names, is all that is added; the
algorithms are in the other files of this folder.

What Optuna's arguments become
    - One that says what is done here anyway is accepted.
    - One that has another name here is passed on.
    - Any other is refused, and the error says what to use.

Start reading at `TPESampler`.

>>> from tpe_reference import create_study
>>> create_study(sampler=TPESampler(seed=42, multivariate=True)).seed
42
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..space import Domain
from . import cma_es, grid, random_search, tpe

_ANYTHING = object()  # accepted with whatever value


class RandomSampler(random_search.RandomSampler):
    """`random_search.RandomSampler` that can bring the seed of its study.

    Args:
        seed: The seed of a study that is made with this sampler and has none of its own.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed


class GridSampler(grid.GridSampler):
    """`grid.GridSampler` that can bring the seed of its study.

    Args:
        space: What to combine; see there.
        seed: The seed of a study that is made with this sampler and has none of its own. A grid's order does not
            depend on it.
        points: How many values to take of a domain; see there.
        search_space: Optuna's name for ``space``.
    """

    def __init__(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None = None,
        seed: int | None = None,
        *,
        points: int | Mapping[str, int] | None = None,
        search_space: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        super().__init__(_either("GridSampler", "space", space, "search_space", search_space), points=points)
        self.seed = seed


class TPESampler(tpe.TPESampler):
    """`tpe.TPESampler` that can bring the seed of its study.

    Args:
        n_startup_trials: So many trials are drawn at random; see there.
        n_candidates: So many candidates are drawn from l; see there.
        rules: The member of the family; see there.
        seed: The seed of a study that is made with this sampler and has none of its own.
        multivariate: False: parameters are chosen one by one. True and None: as ``rules`` say, by default together.
        n_ei_candidates: Optuna's name for ``n_candidates``.
        of_optuna: Further arguments of Optuna's. Running trials always count as bad (``constant_liar``), and a
            branch's parameters are always chosen from the trials that went there (``group``).

    Raises:
        TypeError: For an argument of Optuna's that has no equivalent.
    """

    def __init__(
        self,
        *,
        n_startup_trials: int = 10,
        n_candidates: int | None = None,
        rules: tpe.Rules | None = None,
        seed: int | None = None,
        multivariate: bool | None = None,
        n_ei_candidates: int | None = None,
        **of_optuna: Any,
    ) -> None:
        _check("TPESampler", of_optuna, _TPE_ARGUMENTS)
        candidates = _either("TPESampler", "n_candidates", n_candidates, "n_ei_candidates", n_ei_candidates)
        if multivariate is not None and not multivariate:
            rules = _either("TPESampler", "rules", rules, "multivariate=False", tpe.Rules(joint=False))
        n_candidates = 24 if candidates is None else candidates
        super().__init__(n_startup_trials=n_startup_trials, n_candidates=n_candidates, rules=rules)
        self.seed = seed


# Of each argument that only Optuna has: the value that says what is done here anyway, and what to do for another.
_TPE_ARGUMENTS: dict[str, tuple[Any, str]] = {
    "constant_liar": (_ANYTHING, ""),
    "group": (_ANYTHING, ""),
    "warn_independent_sampling": (_ANYTHING, ""),
    "consider_prior": (True, "the prior is always one of the kernels"),
    "prior_weight": (1.0, "the prior weighs 1, and what the good trials weigh is rules=Rules(good_weights=...)"),
    "consider_magic_clip": (True, "bandwidths are always clipped; how, is rules=Rules(bandwidths=...)"),
    "consider_endpoints": (False, "use rules=Rules(bandwidths=...), see samplers/tpe_variants.py"),
    "gamma": (None, "use rules=Rules(n_good=...)"),
    "weights": (None, "use rules=Rules(good_weights=..., bad_weights=...)"),
    "constraints_func": (None, "constraints are not covered; return inf (to maximize, -inf) where one is broken"),
}


class CmaEsSampler(cma_es.CmaEsSampler):
    """`cma_es.CmaEsSampler` that can bring the seed of its study.

    Args:
        sigma0: First step size, in the unit cube; see there. None: 0.25.
        popsize: Trials per generation; see there.
        restart: "ipop", the default, or "bipop"; see there.
        parabola: Whether one trial of a generation is computed, not drawn; see there.
        seed: The seed of a study that is made with this sampler and has none of its own.
        restart_strategy: Optuna's name for ``restart``. (There is no search without restarts.)
        of_optuna: Further arguments of Optuna's.

    Raises:
        TypeError: For an argument of Optuna's that has no equivalent.
    """

    def __init__(
        self,
        *,
        sigma0: float | None = None,
        popsize: int | None = None,
        restart: str | None = None,
        parabola: bool = True,
        seed: int | None = None,
        restart_strategy: str | None = None,
        **of_optuna: Any,
    ) -> None:
        _check("CmaEsSampler", of_optuna, _CMA_ARGUMENTS)
        restart = _either("CmaEsSampler", "restart", restart, "restart_strategy", restart_strategy)
        sigma0 = 0.25 if sigma0 is None else sigma0
        super().__init__(sigma0=sigma0, popsize=popsize, restart=restart or "ipop", parabola=parabola)
        self.seed = seed


_CMA_ARGUMENTS: dict[str, tuple[Any, str]] = {
    "warn_independent_sampling": (_ANYTHING, ""),
    "with_margin": (_ANYTHING, ""),
    "consider_pruned_trials": (_ANYTHING, ""),
    "n_startup_trials": (1, "the search starts in the middle of the space, with a wide distribution"),
    "x0": (None, "the search starts in the middle of the space; to try a point first, study.enqueue_trial(x0)"),
    "independent_sampler": (None, "CMA-ES also chooses the parameters that not every trial has, one by one"),
    "inc_popsize": ((2, -1), "restart='ipop' doubles the population at every restart"),
    "use_separable_cma": (False, "the full covariance is always learnt"),
    "lr_adapt": (False, "the learning rates are fixed; where the objective is noisy, raise popsize"),
    "source_trials": (None, "nothing is taken over from another study; study.enqueue_trial(params) tries its best"),
}


def _either(who: str, name: str, value: Any, other_name: str, other_value: Any) -> Any:
    """Return the one of two names' values that was given."""
    if value is not None and other_value is not None:
        raise TypeError(f"{who}: {name} and {other_name} are one argument; give one of the two")
    return value if other_value is None else other_value


def _check(who: str, given: Mapping[str, Any], of_optuna: Mapping[str, tuple[Any, str]]) -> None:
    """Raise for an argument that nobody has, and for one of Optuna's that does not say what is done here anyway."""
    for name, value in given.items():
        if name not in of_optuna:
            raise TypeError(f"{who} has no argument {name!r}; help({who}) says which it has")
        accepted, instead = of_optuna[name]
        usual = accepted if isinstance(accepted, tuple) else (accepted,)
        if accepted is not _ANYTHING and value is not None and not any(np.array_equal(value, a) for a in usual):
            raise TypeError(f"{who}: {name}={value!r:.60} is not covered: {instead}")
