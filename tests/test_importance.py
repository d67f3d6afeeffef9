"""Importances: variances that are known, the order after any search, branches, and what cannot be answered."""

import math
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tpe_reference
from tpe_reference import (
    Categorical,
    Domain,
    Float,
    FrozenTrial,
    Int,
    RandomSampler,
    Study,
    TPESampler,
    Trial,
    TrialPruned,
    create_study,
)
from tpe_reference.importance import _borders, best, divergence, get_param_importances, ped_anova, scott_bandwidths

Loss = Callable[[Mapping[str, Any]], float]


def drawn(space: dict[str, Domain], loss: Loss, n: int, seed: int = 0) -> list[FrozenTrial]:
    """A history of random search."""
    u = np.random.default_rng(seed).random((n, len(space))).tolist()
    configurations = [
        {name: domain.from_unit(x) for (name, domain), x in zip(space.items(), row, strict=True)} for row in u
    ]
    return [FrozenTrial(params, loss(params)) for params in configurations]


def searched(space: dict[str, Domain], loss: Loss, n: int, seed: int, sampler: Any) -> Study:
    study = create_study(seed=seed, sampler=sampler)
    study.optimize(lambda trial: loss(_named(trial, space)), n_trials=n)
    return study


def _named(trial: Any, space: dict[str, Domain]) -> dict[str, Any]:
    return {name: trial._suggest(name, domain) for name, domain in space.items()}


def shares(variances: dict[str, float]) -> dict[str, float]:
    return {name: v / sum(variances.values()) for name, v in variances.items()}


UNIT: dict[str, Domain] = {name: Float(0, 1) for name in "abc"}

# ---- variances that are known ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "good", "expected"),
    [
        (Float(0, 1), lambda x: x < 0.5, 0.25),
        (Float(-4, 4), lambda x: abs(x) < 1, 0.1875),
        (Float(1e-4, 1, log=True), lambda x: x < 1e-3, 0.1875),
        (Float(0, 0.9, step=0.1), lambda x: x in (0.3, 0.4), 0.16),
        (Int(1, 10), lambda x: x > 5, 0.25),
        (Int(0, 90, step=10), lambda x: x == 50, 0.09),
        (Int(1, 3), lambda x: x == 2, 2 / 9),
        (Int(1, 1000, log=True), lambda x: x == 1, 0.1236),  # its cell is 0.14 wide: log 3 / log 2001
        (Categorical(["a", "b"]), lambda x: x == "b", 0.25),
        (Categorical([True, 1, None, "x", 0.5]), lambda x: x in ("x", None), 0.24),
        (Categorical([True, 1, None, "x"]), lambda x: isinstance(x, int), 0.25),
        (Categorical(range(10)), lambda x: x == 7, 0.09),
    ],
    ids=repr,
)
def test_one_parameter_that_decides_alone_explains_all_of_the_variance(
    domain: Domain, good: Callable[[Any], bool], expected: float
) -> None:
    """Of a trial that is good with probability q the variance is q (1 - q)."""
    space = {"x": domain, "other": Float(0, 1)}
    history = drawn(space, lambda p: 0.0 if good(p["x"]) else 1.0, 2000)
    quantile = sum(trial.loss == 0 for trial in history) / 2000
    variances = ped_anova(space, history, target_quantile=quantile)
    assert variances["x"] == pytest.approx(expected, rel=0.2)  # kernels blur the border of what is good
    assert variances["x"] <= 1.2 * expected  # chance: of 2000 trials not exactly a quarter lies in a quarter
    assert variances["other"] < 0.02 * expected


def variance_of_chance(values: list[Any], losses: list[float], quantile: float) -> float:
    """The variance of P(good | value), counted: what there is to estimate."""
    cut = np.quantile(losses, quantile)
    is_good = np.array(losses) <= cut
    by_value: dict[Any, list[bool]] = {}
    for value, good in zip(values, is_good.tolist(), strict=True):
        by_value.setdefault(value, []).append(good)
    of_each = [len(goods) / len(values) * (np.mean(goods) - is_good.mean()) ** 2 for goods in by_value.values()]
    return float(sum(of_each))


@pytest.mark.parametrize("quantile", [0.1, 0.25, 0.5])
def test_a_sum_of_terms_has_the_variances_that_counting_gives(quantile: float) -> None:
    """On a fine grid of three parameters P(good | value) can be counted, over all configurations."""
    steps = [(i + 0.5) / 40 for i in range(40)]

    def loss(p: Mapping[str, Any]) -> float:
        return float((p["a"] - 0.3) ** 2 + 0.5 * (p["b"] - 0.7) ** 2 + 0.1 * p["c"])

    grid = [{"a": a, "b": b, "c": c} for a in steps for b in steps for c in steps]
    losses = [loss(p) for p in grid]
    exact = {name: variance_of_chance([p[name] for p in grid], losses, quantile) for name in UNIT}
    found = ped_anova(UNIT, drawn(UNIT, loss, 4000), target_quantile=quantile)
    assert list(found) == sorted(exact, key=exact.__getitem__, reverse=True)
    assert shares(found) == pytest.approx(shares(exact), abs=0.05)
    assert sum(found.values()) == pytest.approx(sum(exact.values()), rel=0.15)


def test_the_variances_do_not_depend_on_scale_or_unit() -> None:
    def loss(p: Mapping[str, Any]) -> float:
        return float((p["x"] - 0.3) ** 2 + 0.5 * p["y"])

    history = drawn({"x": Float(0, 1), "y": Float(0, 1)}, loss, 300)
    expected = ped_anova({"x": Float(0, 1), "y": Float(0, 1)}, history)
    stretched = [
        FrozenTrial({"x": 1000 * t.params["x"] - 5, "y": 10 ** t.params["y"]}, 7 * t.loss**3 + 1) for t in history
    ]
    got = ped_anova({"x": Float(-5, 995), "y": Float(1, 10, log=True)}, stretched)
    assert got == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("n", [20, 60, 200])
def test_what_does_not_matter_is_zero_on_average(n: int) -> None:
    """Before what is below zero becomes zero: over 150 histories chance cancels, on each kind of domain."""
    domains: list[Any] = [Float(0, 1), Int(1, 6), Categorical(["a", "b", "c", "d"])]
    for domain in domains:
        rng = np.random.default_rng(1)
        found = []
        for _ in range(150):
            u = np.array([domain.to_unit(domain.from_unit(x)) for x in rng.random(n // 4).tolist()])
            found.append(divergence(domain, u, None))
        deviation = np.std(found) / math.sqrt(len(found))
        assert abs(np.mean(found)) < 3 * deviation + 0.02, domain


def test_the_divergence_is_the_integral_of_the_two_densities() -> None:
    """The pairs of (6) with those of i = j put back are (2), integrated finely here."""
    from tpe_reference.samplers.tpe import ParzenEstimator, Rules

    u = np.random.default_rng(3).beta(2, 5, 30)
    rules = Rules(bandwidths=scott_bandwidths)
    l = ParzenEstimator({"x": Float(0, 1)}, u[:, None], np.ones(30), rules=rules)
    x = (np.arange(20_000) + 0.5)[:, None] / 20_000
    whole = float(((np.exp(l.log_pdf(x)) - 1) ** 2).mean())
    kernels = np.exp(l.log_kernels(x)) - 1
    diagonal = float((kernels**2).mean(axis=0) @ l.weights**2)
    expected = (whole - diagonal) / (1 - l.weights @ l.weights)
    assert divergence(Float(0, 1), u, None) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("domain", [Int(1, 7), Int(1, 7, log=True), Float(0, 1.5, step=0.25)], ids=repr)
def test_the_divergence_of_few_values_is_the_sum_over_just_these(domain: Any) -> None:
    from tpe_reference.samplers.tpe import ParzenEstimator, Rules

    u = np.array([domain.to_unit(domain.from_unit(x)) for x in np.random.default_rng(4).beta(2, 3, 20).tolist()])
    l = ParzenEstimator({"x": domain}, u[:, None], np.ones(20), rules=Rules(bandwidths=scott_bandwidths))
    p = np.diff(domain.edges())
    kernels = np.exp(l.log_kernels(np.array([[domain.to_unit(value)] for value in domain.values()])))
    pairs = (kernels - p[:, None]).T @ ((kernels - p[:, None]) / p[:, None])  # of (6), for all i and j
    weights = np.outer(l.weights, l.weights)
    np.fill_diagonal(weights, 0.0)
    assert divergence(domain, u, None) == pytest.approx((weights * pairs).sum() / weights.sum(), rel=1e-9)


@pytest.mark.parametrize("size", [1001, 50_001, 10**6 + 1])
def test_many_values_are_a_continuum(size: int) -> None:
    u = 0.5 + np.random.default_rng(5).beta(3, 5, 20) / 2  # for the lower half of a log scale has few integers
    expected = divergence(Float(0, 1), u, None)
    assert divergence(Int(0, size - 1), u, None) == pytest.approx(expected, rel=1e-6)
    assert divergence(Float(0, 1, step=1 / (size - 1)), u, None) == pytest.approx(expected, rel=1e-6)
    if size > 10_000:
        assert divergence(Int(1, size, log=True), u, None) == pytest.approx(expected, rel=1e-2)


def test_a_border_between_integers_on_a_log_scale_is_the_line_of_the_grid_that_is_nearest() -> None:
    found = _borders(Int(1, 1000, log=True))[1:30]
    wanted = np.log(np.arange(1.5, 30.0) / 0.5) / math.log(1000.5 / 0.5)
    assert np.abs(found - wanted).max() <= 0.5 / 500


def test_two_good_places_far_apart_are_blurred_into_one_as_the_page_says() -> None:
    space: dict[str, Domain] = {"x": Float(-1, 1), "y": Float(0, 1)}
    for loss, low, high in (
        (lambda p: -abs(p["x"]) - 0.6 * p["y"], 0.2, 0.5),
        (lambda p: -p["x"] - 1.2 * p["y"], 0.65, 0.85),  # the same of one end: three quarters
    ):
        found = [get_param_importances(searched(space, loss, 300, seed, RandomSampler()))["x"] for seed in range(6)]
        assert low < np.mean(found) < high


def test_the_bandwidth_is_scotts() -> None:
    mu = np.array([[0.1], [0.2], [0.3], [0.4], [0.5]])
    assert scott_bandwidths(mu, 9)[:, 0] == pytest.approx([1.059 * (0.2 / 1.34) * 5**-0.2] * 5)
    # Two heaps have the quarters far out, and one heap with an outlier has them nowhere: s is the standard deviation.
    heaps, outlier = np.array([[0.2], [0.2], [0.6], [0.6]]), np.array([[0.3]] * 6 + [[0.65]])
    assert scott_bandwidths(heaps, 9)[:, 0] == pytest.approx([1.059 * 0.2 * math.sqrt(4 / 3) * 4**-0.2] * 4)
    assert scott_bandwidths(outlier, 9)[:, 0] == pytest.approx([1.059 * 0.35 / math.sqrt(7) * 7**-0.2] * 7)
    assert scott_bandwidths(np.full((7, 1), 0.3), 9) == pytest.approx(np.full((7, 1), 1 / 500)), "and no narrower"
    assert scott_bandwidths(np.empty((4, 0)), 9).shape == (4, 0)


# ---- order and sum, after a search -----------------------------------------------------------------------------------

TERMS: list[tuple[dict[str, Domain], Loss, list[str]]] = [
    (UNIT, lambda p: 10 * p["a"] + 5 * p["b"], ["a", "b", "c"]),
    (UNIT, lambda p: (p["a"] - 0.6) ** 2 + 0.1 * (p["b"] - 0.2) ** 2, ["a", "b", "c"]),
    (
        {"lr": Float(1e-5, 1, log=True), "units": Int(1, 256, log=True), "seed": Int(0, 9), "drop": Float(0, 1)},
        lambda p: abs(math.log10(p["lr"]) + 2) + 0.2 * abs(math.log2(p["units"]) - 5),
        ["lr", "units", "seed"],
    ),
    (
        {
            "kind": Categorical(["a", "b", "c", "d", "e"]),
            "flag": Categorical([True, False]),
            "size": Categorical([8, 16, 32]),
        },
        lambda p: "bcade".index(p["kind"]) + 1.5 * p["flag"],
        ["kind", "flag", "size"],
    ),
]


@pytest.mark.parametrize("sampler", [RandomSampler, TPESampler])
@pytest.mark.parametrize("case", range(len(TERMS)))
def test_the_order_is_right_and_the_sum_is_one(case: int, sampler: type) -> None:
    space, loss, order = TERMS[case]
    found = [get_param_importances(searched(space, loss, 100, seed, sampler())) for seed in range(6)]
    for one in found:
        assert list(one.values()) == sorted(one.values(), reverse=True)
        assert sum(one.values()) == pytest.approx(1, abs=1e-12)
        assert min(one.values()) >= 0
    mean = {name: sum(one[name] for one in found) / 6 for name in space}
    assert mean[order[0]] > mean[order[1]] > max(mean[name] for name in space if name not in order[:2])
    assert sum(next(iter(one)) == order[0] for one in found) >= (6 if sampler is RandomSampler else 5)


def test_compared_with_the_trials_themselves_a_search_that_learnt_tells_little() -> None:
    """The reason for the default. Of the five terms the first matters most; the last does not."""
    space: dict[str, Domain] = {name: Float(0, 1) for name in "abcde"}
    weights = {"a": 1.0, "b": 0.6, "c": 0.3, "d": 0.1, "e": 0.0}
    first: dict[float | None, int] = {None: 0, 1.0: 0}
    for seed in range(8):
        study = searched(space, lambda p: sum(w * p[name] for name, w in weights.items()), 100, seed, TPESampler())
        for region in first:
            first[region] += next(iter(get_param_importances(study, region_quantile=region))) == "a"
    assert first[None] >= 6
    assert first[1.0] <= 4


def test_of_random_trials_both_comparisons_are_the_same_but_for_noise() -> None:
    history = drawn(UNIT, lambda p: 3 * p["a"] + p["b"], 2000)
    whole, trials = (shares(ped_anova(UNIT, history, region_quantile=region)) for region in (None, 1.0))
    assert trials == pytest.approx(whole, abs=0.03)


def test_in_a_region_only_what_differs_there_matters() -> None:
    """a decides which half is good; among the good half it is b."""

    def loss(p: Mapping[str, Any]) -> float:
        return float(10 * (p["a"] > 0.5) + p["b"])

    history = drawn(UNIT, loss, 1000)
    assert shares(ped_anova(UNIT, history, target_quantile=0.5))["a"] > 0.95
    found = shares(ped_anova(UNIT, history, target_quantile=0.25, region_quantile=0.5))
    assert found["b"] > 0.95


# ---- branches --------------------------------------------------------------------------------------------------------


def branchy(trial: Trial) -> float:
    if trial.suggest_categorical("kind", ["a", "b"]) == "b":
        trial.suggest_float("y", 0, 1)
        return 2.0
    return trial.suggest_float("x", 0, 1)


def test_a_conditional_parameter_explains_the_variance_within_its_branch_times_the_branchs_share() -> None:
    """Good is a quarter: kind a with x < 1/2. Var P(good | kind) = 1/16; of x in its branch 1/4, and half go there."""
    found = []
    for seed in range(3):
        study = create_study(sampler=RandomSampler(), seed=seed)
        study.optimize(branchy, n_trials=1200)
        found.append(get_param_importances(study, normalize=False))
        assert list(found[-1])[:2] == ["x", "kind"]
    mean = {name: sum(one[name] for one in found) / 3 for name in found[0]}
    assert mean["x"] == pytest.approx(1 / 8, rel=0.15)
    assert mean["kind"] == pytest.approx(1 / 16, rel=0.05)
    assert mean["y"] == 0.0, "no trial of its branch is good"


def test_a_branch_that_is_better_as_a_whole_does_not_make_its_parameters_important() -> None:
    def objective(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["good", "bad"]) == "bad":
            return 1.0 + 0.01 * trial.suggest_float("y", 0, 1)
        trial.suggest_float("x", 0, 1)
        return float(np.random.default_rng(trial.number).random())

    study = create_study(sampler=RandomSampler(), seed=0)
    study.optimize(objective, n_trials=400)
    found = get_param_importances(study)
    assert found["kind"] > 0.95


def test_a_conditional_parameter_that_all_trials_have_is_no_different() -> None:
    history = drawn(UNIT, lambda p: p["a"] + 0.5 * p["b"], 200)
    some = [replace(t, params={k: v for k, v in t.params.items() if k != "c"}) for t in history]
    assert ped_anova(UNIT, some)["a"] == ped_anova(UNIT, history)["a"]
    assert ped_anova(UNIT, some)["c"] == 0.0


def test_values_outside_the_domain_do_not_count() -> None:
    history = drawn({"x": Float(0, 1)}, lambda p: p["x"], 200)
    strange = [*history, FrozenTrial({"x": 7.0}, 0.5), FrozenTrial({"x": "text"}, 0.5), FrozenTrial({}, 0.5)]
    assert ped_anova({"x": Float(0, 1)}, strange)["x"] == pytest.approx(
        ped_anova({"x": Float(0, 1)}, history)["x"], rel=0.05
    )


# ---- which trials are good -------------------------------------------------------------------------------------------


def good(losses: list[float], quantile: float) -> list[int]:
    return np.flatnonzero(best([FrozenTrial({}, loss) for loss in losses], quantile)).tolist()


@pytest.mark.parametrize(
    ("losses", "quantile", "expected"),
    [
        ([4, 3, 2, 1], 0.25, [3]),
        ([4, 3, 2, 1], 0.3, [2, 3]),  # rounded up
        ([1, 1, 1, 0, 2, 2, 2, 2, 2, 2], 0.2, [3]),  # 1 is nearer to 2 than 4 is
        ([1, 1, 0, 0, 2, 2, 2, 2, 2, 2], 0.3, [0, 1, 2, 3]),  # as near: the wider one
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 0.5, [9]),  # not all
        ([5, 5, 5, 5], 0.25, [0, 1, 2, 3]),  # there is nothing else
        ([1, math.inf, math.inf, math.inf], 0.5, [0]),  # an infinite one is not good
        ([1, math.nan, -math.inf, 2], 0.75, [0, 3]),
        ([3, 2, math.nan, 1], 1.0, [0, 1, 2, 3]),
    ],
)
def test_so_many_trials_are_good(losses: list[float], quantile: float, expected: list[int]) -> None:
    assert good(losses, quantile) == expected


@given(st.lists(st.integers(0, 4) | st.just(math.inf), min_size=2, max_size=30), st.floats(0.01, 1))
def test_the_good_are_never_worse_than_the_others_and_equal_ones_stay_together(
    losses: list[float], quantile: float
) -> None:
    if not any(map(math.isfinite, losses)):
        return
    chosen = good(losses, quantile)
    others = [losses[i] for i in range(len(losses)) if i not in chosen]
    assert chosen
    assert not others or max(losses[i] for i in chosen) < min(others)


def test_pruned_trials_come_after_complete_ones_and_failed_ones_last() -> None:
    trials = [
        FrozenTrial({}, 9.0),
        FrozenTrial({}, 1.0, {5: 1.0}, "pruned"),  # type: ignore[arg-type]  # text is converted
        FrozenTrial({}, 2.0, {9: 2.0}, "pruned"),  # type: ignore[arg-type]
        FrozenTrial({}, state="failed"),  # type: ignore[arg-type]
    ]
    assert [best(trials, q).tolist() for q in (0.25, 0.5, 0.75)] == [
        [True, False, False, False],
        [True, False, True, False],
        [True, True, True, False],
    ]


@pytest.mark.parametrize("failure", ["raises", "nan", "inf"])
def test_what_makes_trials_fail_is_important_however_they_fail(failure: str) -> None:
    def objective(trial: Trial) -> float:
        x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", -1, 1)
        if x > 0:
            if failure == "raises":
                raise RuntimeError("out of memory")
            return math.nan if failure == "nan" else math.inf
        return y

    study = create_study(sampler=RandomSampler(), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of each failure
        study.optimize(objective, n_trials=200, catch=RuntimeError)
    found = get_param_importances(study, normalize=False)
    assert found["x"] > 0.04  # exactly Var P(good | x) = 1/16; without the failures it would be 0
    assert found["y"] > found["x"]


def test_pruned_trials_count() -> None:
    def objective(trial: Trial) -> float:
        x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", -1, 1)
        trial.report(10 * x, 0)
        if x > 0:
            raise TrialPruned
        return y

    study = create_study(sampler=RandomSampler(), seed=0)
    study.optimize(objective, n_trials=200)
    assert get_param_importances(study, normalize=False)["x"] > 0.04


def test_running_trials_do_not_count() -> None:
    study = searched(UNIT, lambda p: p["a"], 60, 0, RandomSampler())
    before = get_param_importances(study)
    for _ in range(5):
        study.ask(UNIT)
    assert get_param_importances(study) == before


# ---- a study ---------------------------------------------------------------------------------------------------------


def test_importances_of_values_to_be_maximised_are_those_of_losses() -> None:
    low, high = (
        create_study(direction=direction, sampler=RandomSampler(), seed=3) for direction in ("minimize", "maximize")
    )
    low.optimize(lambda trial: (trial.suggest_float("x", 0, 1) > 0.8) + 0.3 * trial.suggest_float("y", 0, 1), 150)
    high.optimize(lambda trial: -(trial.suggest_float("x", 0, 1) > 0.8) - 0.3 * trial.suggest_float("y", 0, 1), 150)
    found = get_param_importances(low)
    assert get_param_importances(high) == found
    assert found["y"] > found["x"] > 0.05
    turned = create_study(direction="maximize", sampler=RandomSampler(), seed=3)
    turned.optimize(lambda trial: (trial.suggest_float("x", 0, 1) > 0.8) + 0.3 * trial.suggest_float("y", 0, 1), 150)
    assert next(iter(get_param_importances(turned))) == "x", "the other direction is another question"


def test_it_is_a_function_of_the_history_that_changes_nothing() -> None:
    study = searched(UNIT, lambda p: p["a"] + p["b"] ** 2, 60, 0, TPESampler())
    before = pickle.dumps(study.trials)
    first = get_param_importances(study)
    assert get_param_importances(study) == first
    assert pickle.dumps(study.trials) == before
    history = [FrozenTrial(t.params, math.nan if t.value is None else t.value) for t in study.trials]
    variances = ped_anova(UNIT, history)
    assert shares(variances) == pytest.approx(first, rel=1e-12)
    assert list(variances) == list(first)


def test_each_parameter_is_judged_over_the_domain_that_all_trials_gave_it() -> None:
    space: dict[str, Domain] = {"n": Int(0, 90, step=10), "x": Float(0, 1, step=0.25), "c": Categorical(["a", "b"])}
    study = searched(space, lambda p: p["n"] + 50 * p["x"], 60, 0, RandomSampler())
    history = [FrozenTrial(trial.params, trial.value or 0.0) for trial in study.trials]
    assert get_param_importances(study, normalize=False) == ped_anova(space, history)


def test_params_names_what_is_asked_for_and_the_shares_are_among_those() -> None:
    study = searched(UNIT, lambda p: p["a"] + 0.5 * p["b"], 200, 0, RandomSampler())
    whole = get_param_importances(study, normalize=False)
    assert get_param_importances(study, params=["c", "b"], normalize=False) == {k: whole[k] for k in ("b", "c")}
    assert sum(get_param_importances(study, params=("b", "a")).values()) == pytest.approx(1)
    assert get_param_importances(study, params=[]) == {}


def test_a_target_takes_the_values_place_and_lower_is_better() -> None:
    study = create_study(direction="maximize", sampler=RandomSampler(), seed=0)

    def objective(trial: Trial) -> float:
        trial.set_user_attr("seconds", trial.suggest_int("layers", 1, 20))
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=100)
    assert next(iter(get_param_importances(study))) == "x"
    found = get_param_importances(study, target=lambda record: record.user_attrs["seconds"])
    assert found["layers"] > 0.9
    for state in ("failed", "pruned"):  # of which the target need know nothing
        trial = study.ask({"layers": Int(1, 20), "x": Float(0, 1)})
        trial.report(0.0, 1)
        study.tell(trial, state=state)
    assert get_param_importances(study, target=lambda record: record.user_attrs["seconds"]) == found


def test_a_name_whose_domain_changed_is_judged_over_all_that_it_held() -> None:
    early: dict[str, Domain] = {
        "x": Float(0, 1),
        "n": Int(5, 20),
        "lr": Float(1e-3, 1, log=True),
        "scale": Float(1, 10),
        "rate": Float(1, 10, log=True),
        "whole": Int(0, 3),
        "real": Float(-0.5, 1),
        "c": Categorical(["a", "b"]),
    }
    late: dict[str, Domain] = {
        "x": Float(0.5, 10),
        "n": Int(1, 39, step=2),
        "lr": Float(1e-4, 0.1, log=True),
        "scale": Float(2, 5, log=True),
        "rate": Float(2, 5),
        "whole": Float(-0.5, 1),
        "real": Int(0, 3),
        "c": Categorical(["b", "d"]),
    }
    whole: dict[str, Domain] = {
        "x": Float(0, 10),
        "n": Int(1, 39),
        "lr": Float(1e-4, 1, log=True),
        "scale": Float(1, 10),
        "rate": Float(1, 10),
        "whole": Float(-0.5, 3),
        "real": Float(-0.5, 3),
        "c": Categorical(["a", "b", "d"]),
    }

    def loss(p: dict[str, Any]) -> float:
        return float(sum(value for name, value in p.items() if name != "c") + 3 * (p["c"] != "d"))

    study = create_study(sampler=RandomSampler(), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the study says that the domains change
        study.optimize(lambda trial: loss(_named(trial, late if trial.number >= 100 else early)), n_trials=200)
    history = [FrozenTrial(trial.params, trial.value or 0.0) for trial in study.trials]
    assert get_param_importances(study, normalize=False) == ped_anova(whole, history)


def test_a_name_that_was_a_number_and_a_choice_is_refused_with_the_way_out() -> None:
    study = create_study(sampler=RandomSampler(), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        domains: list[Domain] = [Float(0, 1), Categorical(["a"])]
        for x in domains * 10:
            trial = study.ask({"x": x, "also": domains[x is domains[0]], "y": Float(0, 1)})
            study.tell(trial, trial.params["y"])
    with pytest.raises(ValueError, match=r"'x' was searched as .*name the other parameters in params"):
        get_param_importances(study, params=["x", "y"])
    with pytest.raises(ValueError, match=r"'also' was searched as "):
        get_param_importances(study, params=["also", "y"])
    assert get_param_importances(study, params=["y"]) == {"y": 1.0}


# ---- what cannot be answered -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_finished_trials_are_an_error(n: int) -> None:
    study = searched(UNIT, lambda p: p["a"], n, 0, RandomSampler())
    study.ask(UNIT)
    with pytest.raises(ValueError, match=f"at least 2 finished trials, got {n}; run more"):
        get_param_importances(study)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_without_a_finite_value_there_is_an_error(value: float) -> None:
    study = create_study(sampler=RandomSampler(), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.optimize(lambda trial: value + trial.suggest_float("x", 0, 1), n_trials=5)
    with pytest.raises(ValueError, match="a finite value, got none in 5"):
        get_param_importances(study)


@pytest.mark.parametrize("n", [2, 50])
def test_equal_values_tell_nothing_and_a_warning_says_so(n: int) -> None:
    study = searched(UNIT, lambda p: 1.0, n, 0, TPESampler())
    with pytest.warns(UserWarning, match="no parameter stands out, all importances are 0") as caught:
        assert get_param_importances(study) == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert caught[0].filename == __file__, "it points at the line that asks"


def test_a_parameter_with_a_single_value_has_no_importance() -> None:
    space: dict[str, Domain] = {"x": Float(0, 1), "f": Float(2, 2), "i": Int(3, 3, log=True), "c": Categorical(["a"])}
    study = searched(space, lambda p: p["x"], 50, 0, RandomSampler())
    assert get_param_importances(study) == {"x": 1.0, "f": 0.0, "i": 0.0, "c": 0.0}
    alone = [FrozenTrial({"f": 2.0}, float(n)) for n in range(8)]  # of what rounding leaves a share would be all
    assert ped_anova({"f": space["f"]}, alone) == ped_anova({"f": space["f"]}, alone, region_quantile=1.0) == {"f": 0.0}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"params": ["a", "zz"]}, ValueError, r"no trial had \['zz'\]; params may name \['a', 'b', 'c'\]"),
        ({"params": "a"}, TypeError, r"params must be a list of names, got 'a'; write \['x', 'y'\]"),
        ({"params": [1]}, TypeError, r"params must be a list of names"),
        ({"params": 3}, TypeError, r"params must be a list of names"),
        ({"evaluator": object()}, TypeError, r"evaluator must be None.*target_quantile"),
        ({"target": 3}, TypeError, r"target must be a function of a trial's record, got 3"),
        ({"target_quantile": 0}, ValueError, r"target_quantile must be .*above 0 and up to 1, got 0"),
        ({"target_quantile": 1.0}, ValueError, r"target_quantile must be below region_quantile"),
        ({"target_quantile": math.nan}, ValueError, r"target_quantile .*got nan"),
        ({"target_quantile": None}, ValueError, r"target_quantile .*got None"),
        ({"target_quantile": "0.1"}, ValueError, r"target_quantile .*got '0.1'"),
        ({"region_quantile": 1.01}, ValueError, r"region_quantile .*got 1.01"),
        ({"region_quantile": 0.0}, ValueError, r"region_quantile .*got 0.0"),
        ({"region_quantile": True}, ValueError, r"region_quantile .*got True"),
        ({"target_quantile": 0.5, "region_quantile": 0.5}, ValueError, r"below region_quantile .*0.5 and 0.5"),
    ],
)
def test_a_mistake_is_named_with_its_way_out(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    study = searched(UNIT, lambda p: p["a"], 10, 0, RandomSampler())
    with pytest.raises(error, match=message):
        get_param_importances(study, **arguments)


def test_optunas_evaluators_are_answered_with_what_to_do() -> None:
    with pytest.raises(AttributeError, match="leave evaluator out"):
        _ = tpe_reference.importance.PedAnovaImportanceEvaluator


DOMAINS = st.sampled_from(
    [
        Float(0, 1),
        Float(1e-3, 1, log=True),
        Float(0, 1, step=0.25),
        Int(0, 3),
        Int(1, 10**6, log=True),
        Int(0, 10**6),
        Categorical(["a", None, True]),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DOMAINS, min_size=1, max_size=3), st.integers(2, 40), st.integers(0, 10**6), st.booleans())
def test_any_history_has_finite_importances(
    domains: list[Domain], n: int, seed: int, compare_with_trials: bool
) -> None:
    rng = np.random.default_rng(seed)
    space = dict(zip("xyz", domains, strict=False))
    history = []
    for _ in range(n):
        params = {
            name: d.from_unit(rng.choice([0.0, 1.0, rng.random()])) for name, d in space.items() if rng.random() < 0.8
        }
        history.append(FrozenTrial(params, float(rng.choice([0.0, 1.0, rng.random(), math.inf]))))
    if not any(math.isfinite(trial.loss) for trial in history):
        return
    found = ped_anova(space, history, region_quantile=1.0 if compare_with_trials else None)
    assert found.keys() == space.keys()
    assert all(math.isfinite(v) and v >= 0 for v in found.values())


# ---- the page --------------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "chapters" / "importance.md").read_text(encoding="utf-8")


def test_the_pages_code_runs_and_prints_what_stands_there(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    for code, printed in blocks:
        exec(code, namespace)
        assert capsys.readouterr().out == printed


def test_the_page_quotes_lines_that_are_in_the_source() -> None:
    source = (Path(tpe_reference.__file__).parent / "importance.py").read_text(encoding="utf-8")
    quoted = re.findall(r"^```py title=.*?\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert quoted
    stripped = {line.strip() for line in source.splitlines()}
    for line in "".join(quoted).splitlines():
        assert line.strip() in stripped, line


def test_five_hundred_values_are_no_edge() -> None:
    """As many values as the grid for a continuum has cells: neither a jump nor another formula."""

    def of_choices(n: int) -> float:
        return divergence(Categorical(range(n)), np.full(30, 7.5 / n), None)

    def of_integers(n: int) -> float:
        domain = Int(1, n, log=True)
        return divergence(domain, np.array([domain.to_unit(v) for v in [1] * 6 + [1, 2, 1, 1, 2]]), None)

    assert of_choices(500) == pytest.approx(of_choices(499), rel=0.02) == pytest.approx(of_choices(501), rel=0.02)
    assert of_integers(500) == pytest.approx(of_integers(499), rel=0.02) == pytest.approx(of_integers(501), rel=0.02)
