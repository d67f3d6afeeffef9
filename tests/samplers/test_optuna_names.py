"""The arguments that the samplers take beside their own: a seed for the study, and Optuna's names."""

import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tpe_reference
from tpe_reference import CmaEsSampler, Float, FrozenTrial, GridSampler, RandomSampler, TPESampler, create_study
from tpe_reference.samplers import cma_es, grid, random_search, tpe
from tpe_reference.samplers.tpe import Rules

SEEDED: list[Callable[[int | None], Any]] = [
    lambda seed: RandomSampler(seed),
    lambda seed: RandomSampler(seed=seed),
    lambda seed: GridSampler({"x": [0.25, 0.5, 0.75]}, seed),
    lambda seed: GridSampler(search_space={"x": [0.25, 0.5, 0.75]}, seed=seed),
    lambda seed: TPESampler(seed=seed, n_startup_trials=2),
    lambda seed: CmaEsSampler(seed=seed, popsize=4),
]


def objective(trial: Any) -> float:
    return float(trial.suggest_float("x", 0, 1)) ** 2


def values(**arguments: Any) -> list[float | None]:
    study = create_study(**arguments)
    study.optimize(objective, n_trials=8)
    return [trial.value for trial in study.trials]


@pytest.mark.parametrize("make", SEEDED)
def test_the_samplers_seed_becomes_the_studys(make: Callable[[int | None], Any]) -> None:
    assert create_study(sampler=make(42)).seed == 42
    assert create_study(sampler=make(0)).seed == 0, "0 is a seed"
    assert values(sampler=make(7)) == values(sampler=make(None), seed=7) == values(sampler=make(7), seed=7)
    assert create_study(sampler=make(None)).seed != create_study(sampler=make(None)).seed


def test_one_sampler_begins_every_study_alike() -> None:
    sampler = TPESampler(seed=3)
    assert values(sampler=sampler) == values(sampler=sampler)


def test_two_seeds_that_differ_are_an_error_and_so_is_one_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"seed=1, but the sampler brings seed=2; drop one"):
        create_study(sampler=TPESampler(seed=2), seed=1)
    with pytest.raises(ValueError, match=r"seed must be a whole number of at least 0, got 'x'"):
        create_study(sampler=TPESampler(seed="x"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ours", "pure"),
    [
        (RandomSampler(seed=1), random_search.RandomSampler()),
        (GridSampler({"x": Float(0, 1)}, 1, points=5), grid.GridSampler({"x": Float(0, 1)}, points=5)),
        (TPESampler(seed=1), tpe.TPESampler()),
        (TPESampler(n_ei_candidates=3), tpe.TPESampler(n_candidates=3)),
        (TPESampler(multivariate=True, group=True, constant_liar=True), tpe.TPESampler()),
        (TPESampler(multivariate=False), tpe.TPESampler(rules=Rules(joint=False))),
        (TPESampler(consider_prior=True, prior_weight=1.0, gamma=None, weights=None), tpe.TPESampler()),
        (TPESampler(consider_magic_clip=True, consider_endpoints=False), tpe.TPESampler()),
        (CmaEsSampler(seed=1, sigma0=None, n_startup_trials=1, x0=None), cma_es.CmaEsSampler()),
        (CmaEsSampler(parabola=False), cma_es.CmaEsSampler(parabola=False)),
        (CmaEsSampler(restart_strategy="bipop", popsize=4), cma_es.CmaEsSampler(restart="bipop", popsize=4)),
        (CmaEsSampler(restart_strategy=None, with_margin=True, sigma0=0.1), cma_es.CmaEsSampler(sigma0=0.1)),
    ],
)
def test_the_algorithm_is_that_of_the_pure_file(ours: Any, pure: Any) -> None:
    """With all of its settings, whatever name they were given by: the two propose the same after any history."""
    assert isinstance(ours, type(pure))
    assert type(ours).__name__ == type(pure).__name__
    space = {"x": Float(0, 1)}
    history: list[FrozenTrial] = []
    for n in range(20):
        proposals = [
            sampler.suggest(space, history, np.random.default_rng(np.random.SeedSequence(5, spawn_key=(n,))))
            for sampler in (ours, pickle.loads(pickle.dumps(ours)), pure)
        ]
        assert proposals[0] == proposals[1] == proposals[2]
        if proposals[0] is None:
            assert n == 5, "the grid has five points"
            break
        history.append(FrozenTrial(proposals[0], (proposals[0]["x"] - 0.3) ** 2))


@pytest.mark.parametrize("name", ["RandomSampler", "TPESampler", "CmaEsSampler"])
def test_optunas_own_defaults_can_be_written_out(name: str) -> None:
    optuna, ours = pytest.importorskip("optuna"), getattr(tpe_reference, name)
    parameters = inspect.signature(getattr(optuna.samplers, name)).parameters.values()
    defaults = {parameter.name: parameter.default for parameter in parameters}
    assert vars(ours(**defaults)) == vars(ours())


def test_a_population_that_doubles_or_is_left_to_the_restarts_is_what_there_is() -> None:
    assert [CmaEsSampler(inc_popsize=n).restart for n in (2, -1)] == ["ipop", "ipop"]
    assert CmaEsSampler(restart_strategy="bipop").restart == CmaEsSampler(restart="bipop").restart == "bipop"


def test_multivariate_says_whether_parameters_are_chosen_together() -> None:
    assert TPESampler().rules.joint, "as Optuna does from version 5 on"
    assert TPESampler(multivariate=True).rules.joint
    assert not TPESampler(multivariate=False).rules.joint, "one by one: with a single parameter there is no difference"


@pytest.mark.parametrize("name", ["RandomSampler", "GridSampler", "TPESampler", "CmaEsSampler"])
def test_every_argument_of_the_pure_file_can_be_given(name: str) -> None:
    offered = inspect.signature(getattr(tpe_reference, name)).parameters
    pure = inspect.signature(getattr(tpe_reference, name).__base__).parameters
    assert pure.keys() - {"args", "kwargs"} <= offered.keys()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TPESampler(gamma=min), r"TPESampler: gamma=.* is not covered: use rules=Rules\(n_good=...\)"),
        (lambda: TPESampler(prior_weight=2.0), "prior_weight=2.0 is not covered: .*good_weights"),
        (lambda: TPESampler(constraints_func=print), "constraints are not covered; return inf"),
        (lambda: TPESampler(n_startup_trails=5), r"TPESampler has no argument 'n_startup_trails'; help\(TPESampler\)"),
        (lambda: TPESampler(consider_magic_clip=False), "consider_magic_clip=False is not covered: .*always clipped"),
        (lambda: TPESampler(consider_endpoints=True), "consider_endpoints=True is not covered: .*tpe_variants"),
        (lambda: TPESampler(n_candidates=2, n_ei_candidates=2), "TPESampler: n_candidates and n_ei_candidates are one"),
        (lambda: TPESampler(rules=Rules(), multivariate=False), "TPESampler: rules and multivariate=False are one"),
        (lambda: CmaEsSampler(x0={"x": 1}), "x0=.* is not covered: .*enqueue_trial"),
        (lambda: CmaEsSampler(source_trials=[]), "source_trials"),
        (lambda: CmaEsSampler(independent_sampler=RandomSampler()), "independent_sampler=.* is not covered: .*one by"),
        (lambda: CmaEsSampler(lr_adapt=True), "lr_adapt=True is not covered: .*raise popsize"),
        (lambda: CmaEsSampler(popsise=5), r"CmaEsSampler has no argument 'popsise'; help\(CmaEsSampler\)"),
        (
            lambda: CmaEsSampler(restart="ipop", restart_strategy="ipop"),
            "CmaEsSampler: restart and restart_strategy are",
        ),
        (lambda: CmaEsSampler(inc_popsize=1), "inc_popsize=1 is not covered: .*ipop"),
        (lambda: CmaEsSampler(inc_popsize=3), "inc_popsize=3 is not covered: .*ipop"),
        (lambda: CmaEsSampler(use_separable_cma=True), "the full covariance is always learnt"),
        (lambda: GridSampler({"x": [1]}, search_space={"x": [1]}), "GridSampler: space and search_space are one"),
    ],
)
def test_what_has_no_equivalent_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()
