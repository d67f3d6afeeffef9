"""The traces vouched for by the packages: what is recorded under their rules is what they compute."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tpe_reference import Domain, domain_from_json
from tpe_reference.traces import load

TRACES = load()


def cases(function: str, rules: str | None = None, without: tuple[str, ...] = ()) -> list[Any]:
    """Arguments and results of a function under the given rules, without cases whose names have certain words."""
    found = [
        pytest.param(case["arguments"], case["result"], id=case["name"])
        for trace in TRACES.values()
        for case in trace["cases"]
        if case["function"] == function and case["arguments"].get("rules") == rules
        if not any(words in case["name"] for words in without)
    ]
    assert found
    return found


def configurations(space: dict[str, Domain], units: list[list[float]]) -> list[dict[str, Any]]:
    return [{name: d.from_unit(u) for (name, d), u in zip(space.items(), row, strict=True)} for row in units]


def log_width(domains: dict[str, Any]) -> float:
    """Logarithm of the volume that the unit cube stands for, in the peers' coordinates."""
    ends = [(d["low"], d["high"], d["log"]) for d in domains.values() if d["kind"] == "float" and d["step"] is None]
    return sum(math.log(math.log(high / low) if log else high - low) for low, high, log in ends)


class Optuna:
    """Optuna's Parzen estimator of trials in a space that is given as in the traces."""

    def __init__(self, domains: dict[str, Any], trials: list[dict[str, Any]], weights: list[float] | None) -> None:
        pytest.importorskip("optuna")
        from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
        from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
        from optuna.samplers._tpe.sampler import default_weights

        kinds: dict[str, Any] = {
            "float": FloatDistribution,
            "int": IntDistribution,
            "categorical": CategoricalDistribution,
        }
        self.space: dict[str, BaseDistribution] = {
            name: kinds[d["kind"]](**{key: value for key, value in d.items() if key != "kind"})
            for name, d in domains.items()
        }
        parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
        given = None if weights is None or not trials else np.array(weights)
        self.estimator = _ParzenEstimator(self.columns(trials), self.space, parameters, given)

    def columns(self, trials: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
        return {name: np.array([d.to_internal_repr(t[name]) for t in trials]) for name, d in self.space.items()}

    def log_pdf(self, points: list[dict[str, Any]]) -> NDArray[Any]:
        return np.asarray(self.estimator.log_pdf(self.columns(points)))


@pytest.mark.usefixtures("stable_sort")
@pytest.mark.parametrize(("given", "expected"), cases("log_density", "optuna"))
def test_densities_are_optunas(given: dict[str, Any], expected: list[float]) -> None:
    space = {name: domain_from_json(d) for name, d in given["space"].items()}
    theirs = Optuna(given["space"], configurations(space, given["units"]), given["weights"])
    got = theirs.log_pdf(configurations(space, given["points"])) + log_width(given["space"])
    assert got == pytest.approx(np.array(expected), rel=1e-9, abs=1e-9)


@pytest.mark.usefixtures("stable_sort")
@pytest.mark.parametrize(("given", "expected"), cases("score_candidates", "optuna"))
def test_scores_are_optunas_of_the_groups_recorded(given: dict[str, Any], expected: dict[str, Any]) -> None:
    space = {name: domain_from_json(d) for name, d in given["space"].items()}
    points = configurations(space, given["candidates"])
    for group, log_p in (("good", "log_l"), ("bad", "log_g")):
        trials = [given["history"][number]["params"] for number in expected[group]]
        equal = [1.0] * len(trials) if group == "good" else None  # None: recent ones weigh more, as of the bad
        got = Optuna(given["space"], trials, equal).log_pdf(points) + log_width(given["space"])
        assert got == pytest.approx(np.array(expected[log_p]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("given", "expected"), cases("n_good", "optuna"))
def test_as_many_are_good_as_in_optuna(given: dict[str, Any], expected: int) -> None:
    assert pytest.importorskip("optuna.samplers._tpe.sampler").default_gamma(given["n_finite"]) == expected


@pytest.mark.parametrize("rules", ["optuna", "hyperopt"])
def test_weights_of_the_bad_are_the_packages(rules: str) -> None:
    if rules == "optuna":
        weights = pytest.importorskip("optuna.samplers._tpe.sampler").default_weights
    else:
        tpe = pytest.importorskip("hyperopt.tpe")

        def weights(n: int) -> Any:
            return tpe.linear_forgetting_weights(n, 25)

    for given, expected in (parameters.values for parameters in cases("bad_weights", rules)):
        assert list(weights(given["n"])) == pytest.approx(expected)


@pytest.mark.usefixtures("stable_sort")
@pytest.mark.parametrize(
    ("given", "expected"),
    [p for p in cases("log_density", "hyperopt") if next(iter(p.values[0]["space"])) in ("a_float", "b_log", "c_int")],
)
def test_densities_are_hyperopts(given: dict[str, Any], expected: list[float]) -> None:
    tpe = pytest.importorskip("hyperopt.tpe")
    ((name, domain),) = given["space"].items()
    as_is = math.log if domain["log"] else float
    # an int is a quantised uniform from low - 1/2 to high + 1/2
    low, high, q = (0.5, 9.5, 1) if name == "c_int" else (as_is(domain["low"]), as_is(domain["high"]), None)
    space = {name: domain_from_json(domain)}
    trials, points = (
        np.array([as_is(c[name]) for c in configurations(space, given[key])]) for key in ("units", "points")
    )
    mixture = tpe.adaptive_parzen_normal(trials, 1.0, 0.5 * (low + high), high - low)
    got = tpe.GMM1_lpdf(points, *mixture, low=low, high=high, q=q) + log_width(given["space"])
    assert got == pytest.approx(np.array(expected), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("given", "expected"), cases("cma_update", without=("bounded", "shortened")))
def test_states_are_those_of_cmaes(given: dict[str, Any], expected: dict[str, Any]) -> None:
    cmaes = pytest.importorskip("cmaes")
    state, d = given["state"], len(given["state"]["mean"])
    theirs = cmaes.CMA(mean=np.array(state["mean"]), sigma=state["sigma"], population_size=len(given["points"]))
    theirs._C, theirs._p_sigma, theirs._pc = (np.array(state[name]) for name in ("C", "p_sigma", "p_c"))
    theirs._g = state["generation"]
    theirs.tell([(np.array(x), float(rank)) for rank, x in enumerate(given["points"])])
    got = {"mean": theirs._mean, "sigma": theirs._sigma, "C": theirs._C, "p_sigma": theirs._p_sigma, "p_c": theirs._pc}
    for name, value in got.items():
        assert value == pytest.approx(np.array(expected[name]), rel=1e-9, abs=1e-9), (name, d)


@pytest.mark.parametrize(("given", "expected"), cases("strategy"))
def test_constants_are_those_of_cmaes(given: dict[str, Any], expected: dict[str, Any]) -> None:
    cmaes = pytest.importorskip("cmaes")
    theirs = cmaes.CMA(mean=np.zeros(given["d"]), sigma=1.0, population_size=given["popsize"])
    names = {"c_c": "_cc", "c_1": "_c1", "c_mu": "_cmu"}
    for name, value in expected.items():
        assert getattr(theirs, names.get(name, {"d": "_n_dim"}.get(name, f"_{name}"))) == pytest.approx(value), name


@pytest.mark.parametrize(
    ("given", "expected"), cases("should_prune", without=("infinite",))
)  # of which the median is nan in Optuna
def test_decisions_are_optunas(given: dict[str, Any], expected: bool) -> None:
    optuna = pytest.importorskip("optuna")
    states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    for trial in given["history"]:
        state = optuna.trial.TrialState[states[trial["state"]]]
        value = trial["loss"] if trial["state"] == "complete" else None
        study.add_trial(optuna.trial.create_trial(state=state, value=value, intermediate_values=dict(trial["curve"])))
    running = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(given["curve"]))
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)  # numpy's about all-nan curves
        decision = optuna.pruners.MedianPruner(**given["settings"]).prune(study, running)
    assert bool(decision) == expected


def test_each_grid_is_every_combination_once() -> None:
    found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for given, expected in (parameters.values for parameters in cases("nth_point")):
        found.setdefault(tuple(given["sizes"]), []).append(tuple(expected))
    for sizes, points in found.items():
        if len(sizes) < 12:
            assert sorted(points) == sorted(itertools.product(*map(range, sizes)))
