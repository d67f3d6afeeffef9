"""The default TPE with one component taken away or replaced, and the historical members of its family.

Each is a sampler at an address, ``chapters/ablation/variants.py:light_prior``, for ``tpe-reference compare --sampler``
and for the suite. Run as a script, this file prints all of the addresses.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tpe_reference import Domain, TPESampler
from tpe_reference.samplers import tpe_variants as historical
from tpe_reference.samplers.tpe import Floats, Rules, neighbour_gaps, rank_weights
from tpe_reference.space import FrozenTrial


def _with(**rules: Any) -> TPESampler:
    return TPESampler(rules=dataclasses.replace(Rules(), **rules))


def _share(gamma: float) -> TPESampler:
    return _with(n_good=lambda n: min(math.ceil(gamma * n), 25))


def heavy_prior_weights(losses: Floats, n_good: int) -> Floats:
    """Return the default's weights, scaled to the mean 1: as much as the prior's."""
    return rank_weights(losses, n_good) / 2.0


def light_prior_weights(losses: Floats, n_good: int) -> Floats:
    """Return the default's weights, scaled to the mean 4."""
    return rank_weights(losses, n_good) * 2.0


def half_of_gaps(mu: Floats, n_trials: int) -> Floats:
    """Return half of the larger gap to the neighbours, clipped as by default."""
    return np.clip(0.5 * neighbour_gaps(mu), max(0.01, 2.0 / (n_trials + 2)), 1.0)


def scaled_gaps(mu: Floats, n_trials: int) -> Floats:
    """Return the larger gaps divided by d^(1/4): kernels that are narrower the more of them are multiplied."""
    return np.clip(max(mu.shape[1], 1) ** -0.25 * neighbour_gaps(mu), max(0.01, 2.0 / (n_trials + 2)), 1.0)


class Repeats:
    """The default, but what was tried may be tried again."""

    def __init__(self) -> None:
        self.sampler = TPESampler()

    def suggest(
        self, space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Ask with trials that have one more parameter: tried is what has exactly those asked for."""
        seen = [dataclasses.replace(trial, params={**trial.params, "": 0}) for trial in history]
        return self.sampler.suggest(space, seen, rng)


# By the component in question: name, what it is in the figure, the sampler.
COMPONENTS: dict[str, list[tuple[str, str, Any]]] = {
    "weights of the trials": [
        ("equal_good", "good: equal", _with(good_weights=historical.equal_weights)),
        ("improvement_good", "good: by improvement", _with(good_weights=historical.improvement_weights)),
        ("heavy_prior", "prior as heavy as a trial", _with(good_weights=heavy_prior_weights)),
        ("light_prior", "prior a quarter as heavy", _with(good_weights=light_prior_weights)),
        ("equal_bad", "bad: equal, old or new", _with(bad_weights=np.ones)),
    ],
    "bandwidth": [
        ("least_by_size", "at least 1/(n + 2)", _with(bandwidths=historical.bandwidths_by_size)),
        ("watanabe_bandwidths", "Watanabe's", _with(bandwidths=historical.bandwidths_with_all)),
        ("halved_gaps", "half of the gaps", _with(bandwidths=half_of_gaps)),
        ("gaps_by_dimension", "gaps / ⁴√d", _with(bandwidths=scaled_gaps)),
    ],
    "how many are good": [
        ("share_05", "5 %", _share(0.05)),
        ("share_15", "15 %", _share(0.15)),
        ("share_25", "25 %", _share(0.25)),
        ("root", "√N / 4", _with(n_good=historical.quarter_of_root)),
    ],
    "the density's shape": [
        ("uniform_prior", "uniform prior", _with(prior_sigma=1e4)),
        ("cut_mixture", "mixture cut at the walls", _with(cut_each=False)),
        ("pooled_choices", "choices counted together", _with(choice_kernels=historical.pooled_choices)),
        ("one_by_one", "parameters one by one", _with(joint=False)),
    ],
    "candidates": [
        ("candidates_1", "1", TPESampler(n_candidates=1)),
        ("candidates_6", "6", TPESampler(n_candidates=6)),
        ("candidates_100", "100", TPESampler(n_candidates=100)),
    ],
    "start and repetition": [
        ("startup_5", "5 random trials", TPESampler(n_startup_trials=5)),
        ("startup_20", "20 random trials", TPESampler(n_startup_trials=20)),
        ("repeats", "may repeat itself", Repeats()),
    ],
    "members of the family": [
        ("optuna_rules", "Optuna's rules", TPESampler(rules=historical.OPTUNA)),
        ("hyperopt_rules", "hyperopt's rules", TPESampler(n_startup_trials=20, rules=historical.HYPEROPT)),
        ("watanabe_2023", "Watanabe 2023", TPESampler(rules=historical.WATANABE_2023)),
        ("bergstra_2011", "Bergstra 2011", TPESampler(n_startup_trials=20, rules=historical.BERGSTRA_2011)),
    ],
}
SAMPLERS = {name: sampler for variants in COMPONENTS.values() for name, _, sampler in variants}


def __getattr__(name: str) -> Any:  # each of them has an address
    try:
        return SAMPLERS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


if __name__ == "__main__":
    print(*(f"chapters/ablation/variants.py:{name}" for name in SAMPLERS))
