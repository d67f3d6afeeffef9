"""Median pruning against Optuna, the grid against scikit-learn."""

import math
from typing import Any

import numpy as np
import pytest

from tpe_reference import FrozenTrial, GridSampler, MedianPruner, PercentilePruner


def random_curve(rng: np.random.Generator, longest: int) -> dict[int, float]:
    """Few different values, so that ties are frequent; some nan; steps missing, in any order."""
    steps = rng.permutation(8)[: rng.integers(0, longest)]
    return {int(step): float(rng.choice([*range(5), rng.normal(), math.nan])) for step in steps}


@pytest.mark.parametrize("percentile", [None, 0.0, 25.0, 75.0, 100.0])
def test_the_pruner_decides_as_optunas_on_1000_histories(percentile: float | None) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    states = {
        "complete": optuna.trial.TrialState.COMPLETE,
        "pruned": optuna.trial.TrialState.PRUNED,
        "failed": optuna.trial.TrialState.FAIL,
    }
    rng = np.random.default_rng(0)
    n_pruned = 0
    for case in range(1000):
        direction, sign = (("minimize", 1), ("maximize", -1))[case % 2]
        study, history = optuna.create_study(direction=direction), []
        for _ in range(rng.integers(0, 12)):
            curve, state = random_curve(rng, 9), str(rng.choice(list(states), p=[0.7, 0.2, 0.1]))
            value = 1.0 if state == "complete" else None
            trial = optuna.trial.create_trial(state=states[state], value=value, intermediate_values=curve)
            study.add_trial(trial)
            losses = {step: sign * y for step, y in curve.items()}
            history.append(FrozenTrial({}, 1.0, losses, state))  # type: ignore[arg-type]  # its name will do
        settings: dict[str, Any] = {
            "n_startup_trials": int(rng.integers(0, 4)),
            "n_warmup_steps": int(rng.integers(0, 4)),
            "interval_steps": int(rng.integers(1, 4)),
            "n_min_trials": int(rng.integers(1, 4)),
        }
        if percentile is not None:
            settings["percentile"] = percentile
        mine: type[MedianPruner] = MedianPruner
        theirs = optuna.pruners.MedianPruner
        if percentile is not None:
            theirs, mine = optuna.pruners.PercentilePruner, PercentilePruner
        curve = random_curve(rng, 6)
        running = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, intermediate_values=curve)
        with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *args, **kwargs: None)  # numpy's about all-nan curves
            expected = bool(theirs(**settings).prune(study, running))
        ours = FrozenTrial({}, math.nan, {step: sign * y for step, y in curve.items()}, "running")  # type: ignore[arg-type]
        assert mine(**settings).should_prune(ours, history) == expected, (settings, curve, history)
        n_pruned += expected
    assert 50 < n_pruned < 950, f"both decisions should be frequent enough to mean something: {n_pruned}"


@pytest.mark.parametrize(
    "axes", [{"x": [1, 2, 3]}, {"x": [1, 2, 3], "y": ["a", "b"]}, {"a": [0, 1], "b": [0, 1], "c": list(range(5))}]
)
def test_the_grid_is_scikit_learns_as_a_set(axes: dict[str, list[object]]) -> None:
    model_selection = pytest.importorskip("sklearn.model_selection")
    grid, history = GridSampler(axes), list[FrozenTrial]()
    assert grid.space is not None
    while (params := grid.suggest(grid.space, history)) is not None:
        history.append(FrozenTrial(params, 0.0))
    ours = [tuple(sorted(trial.params.items())) for trial in history]
    theirs = {tuple(sorted(point.items())) for point in model_selection.ParameterGrid(axes)}
    assert set(ours) == theirs
    assert len(ours) == len(theirs), "and none twice"
