"""The family of TPEs: the rules that no package vouches for, worked by hand."""

import copy
import math
import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from tpe_reference import Categorical, Domain, Float, FrozenTrial, Int, TPESampler, Trial, create_study
from tpe_reference.samplers.tpe import ParzenEstimator, Rules
from tpe_reference.samplers.tpe_variants import (
    BERGSTRA_2011,
    HYPEROPT,
    OPTUNA,
    VARIANTS,
    WATANABE_2023,
    bandwidths_by_size,
    bandwidths_with_all,
    bandwidths_with_prior,
    bandwidths_with_walls,
    improvement_weights,
)

LINE: dict[str, Domain] = {"x": Float(0, 1)}


def column(*values: float) -> NDArray[np.float64]:
    return np.array(values)[:, None]


def normal_between(a: float, b: float, mu: float, sigma: float) -> float:
    def cdf(x: float) -> float:
        return 0.5 * math.erfc(-(x - mu) / sigma / math.sqrt(2))

    return cdf(b) - cdf(a)


def cut_normal(x: float, mu: float, sigma: float) -> float:
    top = math.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    return top / normal_between(0, 1, mu, sigma)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # .1 .3 .4 .9 with gaps .2 .1 .5; n = 4, so nothing below 1 / 6
        (bandwidths_by_size, [0.2, 0.2, 0.5, 0.5]),
        (bandwidths_with_prior, [0.2, 0.2, 1 / 6, 0.4]),
        (bandwidths_with_walls, [0.2, 0.2, 0.5, 0.5]),
        (bandwidths_with_all, [0.2, 0.2, 0.1, 0.4]),
    ],
)
def test_neighbours_and_clip_of_the_bandwidth(rule: object, expected: list[float]) -> None:
    assert callable(rule)
    assert rule(column(0.1, 0.3, 0.4, 0.9), 99)[:, 0] == pytest.approx(expected)


def test_the_walls_are_neighbours_of_kernels_at_the_ends() -> None:
    assert bandwidths_with_walls(column(0.5, 0.6), 9)[:, 0] == pytest.approx([0.5, 0.4])
    assert bandwidths_with_all(column(0.4, 0.45), 9)[:, 0] == pytest.approx([0.4, 1 / 16])
    of_equals = bandwidths_with_walls(np.full((40, 1), 0.5), 9)[:, 0]
    assert of_equals == pytest.approx([0.5, *[1 / 42] * 38, 0.5]), "the first is the neighbour of the left wall"
    assert bandwidths_with_all(np.full((30, 1), 0.52), 9).min() == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("rule", "least"),
    [
        (bandwidths_by_size, {2: 1 / 4, 4: 1 / 6, 98: 1 / 100, 200: 1 / 100}),
        (bandwidths_with_prior, {2: 1 / 4, 4: 1 / 6, 98: 1 / 100, 200: 1 / 100}),
        (bandwidths_with_walls, {3: 1 / 5, 4: 1 / 6, 98: 1 / 100, 200: 1 / 100}),
        (bandwidths_with_all, {2: 1 / 16, 3: 1 / 25, 4: 0.03, 200: 0.03}),
    ],
)
def test_the_least_bandwidth_of_kernels_at_the_same_place(rule: object, least: dict[int, float]) -> None:
    assert callable(rule)
    for n, expected in least.items():
        assert rule(np.full((n, 1), 0.5), 99).min() == pytest.approx(expected), f"of {n} kernels"


@pytest.mark.parametrize(
    ("rules", "good"),
    [
        (BERGSTRA_2011, {0: 0, 1: 1, 20: 3, 21: 4, 1000: 150}),  # ceil(.15 N)
        (WATANABE_2023, {0: 0, 1: 1, 20: 3, 21: 4, 160: 24, 161: 25, 1000: 25}),  # the same, at most 25
        (HYPEROPT, {0: 0, 1: 1, 16: 1, 17: 2, 64: 2, 65: 3, 9216: 24, 9217: 25, 20_000: 25}),  # ceil(.25 sqrt N)
        (OPTUNA, {0: 0, 1: 1, 10: 1, 11: 2, 240: 24, 241: 25, 1000: 25}),  # ceil(.1 N)
    ],
    ids=["bergstra", "watanabe", "hyperopt", "optuna"],
)
def test_how_many_trials_are_good(rules: Rules, good: dict[int, int]) -> None:
    assert {n: rules.n_good(n) for n in good} == good


@pytest.mark.parametrize("name", VARIANTS)
def test_weights_of_no_trials_and_of_three_with_equal_losses(name: str) -> None:
    rules = VARIANTS[name]
    assert rules.good_weights(np.empty(0), 0).tolist() == []
    assert rules.good_weights(np.zeros(4), 3) == pytest.approx([1, 1, 1])
    assert rules.bad_weights(3) == pytest.approx([1, 1, 1])


def test_a_kernel_alone() -> None:
    alone = column(0.3)
    assert bandwidths_by_size(alone, 9)[0, 0] == pytest.approx(0.7), "to the farther wall"
    assert bandwidths_with_prior(alone, 9)[0, 0] == pytest.approx(0.5), "half of the interval"
    assert bandwidths_with_walls(alone, 9)[0, 0] == pytest.approx(0.7)


def test_watanabes_weights_are_improvements_over_the_best_bad_trial() -> None:
    weights = improvement_weights(np.array([1.0, 3.0, 4.0, 5.0]), 3)
    assert weights == pytest.approx(np.array([4, 2, 1]) * 3 / 7), "their mean, the prior's weight, is 1"
    assert improvement_weights(np.array([2.0, 2.0, 2.0]), 2) == pytest.approx([1, 1])
    assert improvement_weights(np.array([2.0]), 1) == pytest.approx([1]), "where no trial is bad"


def test_watanabes_density_of_good_trials_by_hand() -> None:
    history = [FrozenTrial({"x": x}, loss) for x, loss in zip([0.2, 0.6, 0.9, *[0.1] * 9], range(1, 13), strict=True)]
    seen = TPESampler(rules=WATANABE_2023).explain(LINE, history, np.random.default_rng(0))
    assert seen.good == [0, 1], "ceil(.15 * 12)"
    assert seen.l is not None
    # improvements over 3: 2 and 1; their mean, 1.5, is the prior's weight. The neighbours of .2 are 0 and the
    # prior's .5, those of .6 are .5 and 1
    for x in (0.05, 0.4, 0.8):
        neighbours = (0.3, 0.4, 1.0)
        weights = np.array([2, 1, 1.5]) / 4.5
        by_hand = sum(w * cut_normal(x, mu, s) for w, mu, s in zip(weights, (0.2, 0.6, 0.5), neighbours, strict=True))
        assert math.exp(seen.l.log_pdf(column(x))[0]) == pytest.approx(by_hand, rel=1e-10)


def test_bergstras_density_has_a_uniform_prior_and_counts_of_choices() -> None:
    density = ParzenEstimator(LINE, column(0.2, 0.6), np.ones(2), 9, BERGSTRA_2011)
    for x in (0.0, 0.3, 1.0):
        by_hand = (cut_normal(x, 0.2, 0.4) + cut_normal(x, 0.6, 0.4) + 1.0) / 3
        assert math.exp(density.log_pdf(column(x))[0]) == pytest.approx(by_hand, rel=1e-8)
    choice = {"c": Categorical(["a", "b", "c"])}
    counted = ParzenEstimator(choice, column(1 / 6, 1 / 6, 5 / 6), np.ones(3), 9, BERGSTRA_2011)
    assert np.exp(counted.log_pdf(column(1 / 6, 3 / 6, 5 / 6))) == pytest.approx(np.array([3, 1, 2]) / 6)
    weighed = ParzenEstimator(choice, column(1 / 6, 1 / 6, 3 / 6), np.array([2, 0.5, 3.5]), 9, BERGSTRA_2011)
    assert np.exp(weighed.log_pdf(column(1 / 6, 3 / 6, 5 / 6))) == pytest.approx(np.array([3.5, 4.5, 1]) / 9)


def test_where_the_mixture_is_cut_kernels_at_a_wall_lose_weight() -> None:
    units = column(0.0, 0.5)
    each = ParzenEstimator(LINE, units, np.ones(2), 9, OPTUNA)
    mixture = ParzenEstimator(LINE, units, np.ones(2), 9, HYPEROPT)
    assert each.weights == pytest.approx([1 / 3] * 3)
    left = [normal_between(0, 1, mu, sigma) for mu, sigma in zip((0.0, 0.5, 0.5), mixture.sigma[:, 0], strict=True)]
    assert mixture.weights == pytest.approx(np.array(left) / sum(left))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_integrates_to_one_and_survives_copying(name: str) -> None:
    rules = pickle.loads(pickle.dumps(copy.deepcopy(VARIANTS[name])))
    rng = np.random.default_rng(0)
    x = (np.arange(4000) + 0.5) / 4000
    density = ParzenEstimator(LINE, rng.random((12, 1)), np.ones(12), 30, rules)
    assert np.exp(density.log_pdf(x[:, None])).mean() == pytest.approx(1, abs=1e-5)
    integer: dict[str, Domain] = {"n": Int(1, 7)}
    cells = ParzenEstimator(integer, rng.random((12, 1)), np.ones(12), 30, rules)
    assert np.exp(cells.log_pdf(column(*((i + 0.5) / 7 for i in range(7))))).sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_searches(name: str) -> None:
    def objective(trial: Trial) -> float:
        x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5)
        return (x - 1) ** 2 + y**2 + int(trial.suggest_categorical("c", [0, 1, 2]))

    best = []
    for seed in range(5):
        study = create_study(sampler=TPESampler(rules=VARIANTS[name]), seed=seed)
        study.optimize(objective, n_trials=60)
        best.append(study.best_value)
    assert np.median(best) < 1.0, "random search is at 1.6"


def test_one_by_one_each_parameter_is_chosen_as_if_it_were_alone() -> None:
    space: dict[str, Domain] = {"x": Float(0, 1), "y": Float(0, 1)}
    rng = np.random.default_rng(1)
    history = [FrozenTrial({"x": float(x), "y": float(y)}, float(x + y)) for x, y in rng.random((30, 2))]
    sampler = TPESampler(rules=Rules(joint=False))
    rng = np.random.default_rng(2)
    alone = sampler.explain({"x": space["x"]}, history, rng).choice
    alone |= sampler.explain({"y": space["y"]}, history, rng).choice
    assert sampler.suggest(space, history, np.random.default_rng(2)) == alone
