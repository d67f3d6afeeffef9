"""Answers to the open exercises, which are not functions of the package. All others are their own solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tpe_reference.samplers.tpe import TPESampler
from tpe_reference.samplers.tpe_variants import BERGSTRA_2011
from tpe_reference.space import Domain, FrozenTrial, TrialState


def run_search(
    suggest: Callable[..., dict[str, Any] | None],
    space: Mapping[str, Domain],
    objective: Callable[[dict[str, Any]], float],
    n_trials: int,
    seed: int,
    history: Sequence[FrozenTrial] = (),
) -> list[FrozenTrial]:
    """01.6: all that there is to know stands in the list; its length is the next trial's number."""
    trials = list(history)
    while len(trials) < n_trials:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len(trials),)))
        params = suggest(space, trials, rng)
        if params is None:
            break
        try:
            loss = float(objective(params))
        except Exception:  # whatever an objective may raise; Ctrl-C is none of these
            loss = math.nan
        trials.append(FrozenTrial(params, loss, state=TrialState.FAILED if math.isnan(loss) else TrialState.COMPLETE))
    return trials


def suggest_one_by_one(
    space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
) -> dict[str, Any]:
    """04.6, in the rules of the package."""
    return TPESampler(n_startup_trials=20, rules=BERGSTRA_2011).suggest(space, history, rng)
