"""Importances against Optuna's PED-ANOVA: one formula, two estimators of a density."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tpe_reference import Categorical, Domain, Float, FrozenTrial, Int
from tpe_reference.importance import ped_anova

SPACE: dict[str, Domain] = {
    "float": Float(-2, 3),
    "log": Float(1e-4, 10, log=True),
    "int": Int(1, 9),
    "step": Float(0, 1, step=0.1),
    "choice": Categorical(["a", "b", "c"]),
    "nothing": Float(0, 1),
}


def loss(p: Mapping[str, Any]) -> float:
    terms = [(p["float"] + 1) ** 2 / 4, abs(math.log10(p["log"])), p["int"] / 4, p["step"], 2.0 * (p["choice"] != "b")]
    return float(np.dot([1.0, 0.5, 1.0, 0.7, 1.0], terms))


def history_of(n: int, seed: int) -> list[FrozenTrial]:
    rows = np.random.default_rng(seed).random((n, len(SPACE))).tolist()
    configurations = [{name: SPACE[name].from_unit(u) for name, u in zip(SPACE, row, strict=True)} for row in rows]
    return [FrozenTrial(params, loss(params)) for params in configurations]


def _silently(optuna: Any) -> Any:
    """Make a study without a line in the log, whose verbosity others rely on."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return optuna.create_study()
    finally:
        optuna.logging.set_verbosity(verbosity)


def optunas(history: list[FrozenTrial], **settings: Any) -> dict[str, float]:
    optuna = pytest.importorskip("optuna")
    d = optuna.distributions
    theirs = {
        "float": d.FloatDistribution(-2, 3),
        "log": d.FloatDistribution(1e-4, 10, log=True),
        "int": d.IntDistribution(1, 9),
        "step": d.FloatDistribution(0, 1, step=0.1),
        "choice": d.CategoricalDistribution(["a", "b", "c"]),
        "nothing": d.FloatDistribution(0, 1),
        "branch": d.FloatDistribution(0, 1),
    }
    study = _silently(optuna)
    for trial in history:
        domains = {name: theirs[name] for name in trial.params}
        study.add_trial(optuna.create_trial(params=dict(trial.params), distributions=domains, value=trial.loss))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of normalize
        found: dict[str, float] = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)
    return found


def counted(history: list[FrozenTrial], name: str, quantile: float) -> float:
    """The variance of P(good | value) over the values of a parameter, in proportion to their trials."""
    losses = np.array([trial.loss for trial in history])
    is_good = losses <= np.sort(losses)[math.ceil(quantile * len(losses)) - 1]
    values = np.array([trial.params[name] for trial in history])
    chances = [(is_good[values == value].mean(), (values == value).mean()) for value in np.unique(values)]
    return float(sum(share * (chance - is_good.mean()) ** 2 for chance, share in chances))


def order(importances: dict[str, float]) -> list[str]:
    return sorted(importances, key=lambda name: -importances[name])


@pytest.mark.parametrize("is_local", [True, False])
@pytest.mark.parametrize("quantile", [0.1, 0.25])
def test_of_many_random_trials_the_variances_are_optunas_but_for_the_width_of_the_kernels(
    quantile: float, is_local: bool
) -> None:
    history = history_of(3000, seed=0)
    ours = ped_anova(SPACE, history, target_quantile=quantile, region_quantile=1.0 if is_local else None)
    theirs = optunas(history, target_quantile=quantile, evaluate_on_local=is_local)
    # Optuna counts equal choices, and then smooths as if each of the C counted had been seen once: a kernel gives
    # 1 + 1 / (C + 1) to its own choice and 1 / (C + 1) to the others. What is left of a difference of probabilities
    # is (C + 1) / (2 C + 1) of it, and squared that is a third. Ours is what counting the trials gives.
    theirs["choice"] /= (4 / 7) ** 2
    assert ours == pytest.approx(theirs, rel=0.12, abs=0.0015)
    assert ours["choice"] == pytest.approx(counted(history, "choice", quantile), rel=0.06)
    assert order(ours)[-1] == order(theirs)[-1] == "nothing"


def test_what_does_not_matter_is_noise_there_and_nothing_here() -> None:
    """The diagonal of formula (6), which is left out here, is what is left of it there."""
    ours, theirs = [], []
    for seed in range(20):
        history = history_of(100, seed)
        ours.append(ped_anova(SPACE, history, target_quantile=0.1)["nothing"])
        theirs.append(optunas(history, target_quantile=0.1, evaluate_on_local=False)["nothing"])
    assert np.median(ours) < 0.25 * np.median(theirs)


def test_a_branch_counts_as_it_does_there() -> None:
    """Both multiply the divergence within the branch by alpha^2 / beta."""
    rng = np.random.default_rng(5)
    history = []
    for trial in history_of(3000, seed=1):
        x = float(rng.random())
        has = trial.params["choice"] == "b"
        history.append(FrozenTrial({**trial.params, **({"branch": x} if has else {})}, trial.loss + 2 * x * has))
    space = {**SPACE, "branch": Float(0, 1)}
    ours = ped_anova(space, history, target_quantile=0.1, region_quantile=1.0)
    theirs = optunas(history, target_quantile=0.1, evaluate_on_local=True)
    assert ours["branch"] == pytest.approx(theirs["branch"], rel=0.1)
    assert ours["branch"] > 0.001
