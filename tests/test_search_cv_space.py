"""What users of scikit-learn write for a space, as domains: exact where it can be, never another value than listed."""

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from tpe_reference import (
    Categorical,
    Domain,
    Float,
    Int,
    RandomSampler,
    SearchExhausted,
    Trial,
    create_study,
    domain_to_json,
)
from tpe_reference.search_cv_space import read_space


def draw(written: Any, n: int = 200, seed: int = 0) -> tuple[list[dict[str, Any]], Any]:
    """Return n candidates drawn at random, and the study that gave them."""
    space, study = read_space(written), create_study(sampler=RandomSampler(), seed=seed)
    candidates = []
    for _ in range(n):
        trial, params = space.ask(study)
        study.tell(trial, 0.0)
        candidates.append(params)
    return candidates, study


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        (Float(0, 1), Float(0, 1)),
        (Int(1, 9, log=True), Int(1, 9, log=True)),
        (Categorical(["a", None]), Categorical(["a", None])),
        (range(1, 10, 3), Int(1, 7, step=3)),
        (range(7, 0, -3), Int(1, 7, step=3)),
        (["a", None, True, 1, 0.5], Categorical(["a", None, True, 1, 0.5])),
        (np.array([0.1, 1.0]), Categorical([0.1, 1.0])),
        (stats.uniform(2, 3), Float(2, 5)),
        (stats.loguniform(1e-3, 10), Float(1e-3, 10, log=True)),
        (stats.reciprocal(1e-3, 10, scale=2), Float(2e-3, 20, log=True)),
        (stats.randint(1, 10), Int(1, 9)),
        (stats.randint(1, 10, loc=5), Int(6, 14)),
    ],
    ids=repr,
)
def test_what_is_searched_under_its_own_name(written: Any, domain: Domain) -> None:
    _, study = draw({"p": written}, n=1)
    assert domain_to_json(study.trials[0].distributions["p"]) == domain_to_json(domain)


@pytest.mark.parametrize(
    "distribution", [stats.norm(3, 2), stats.expon(scale=5), stats.loguniform(1, 10, loc=1), stats.beta(2, 5)]
)
def test_other_distributions_are_drawn_from_as_they_are(distribution: Any) -> None:
    candidates, study = draw({"p": distribution}, n=2000)
    values = [params["p"] for params in candidates]
    assert stats.kstest(values, distribution.cdf).pvalue > 0.01
    assert all(type(value) is float for value in values)
    assert study.trials[0].params.keys() == {"p (quantile)"}
    space = read_space({"p": distribution})
    study.enqueue_trial({"p (quantile)": 1e-6})
    assert np.isfinite(space.ask(study)[1]["p"])


def test_discrete_distributions_give_integers_as_often_as_they_should() -> None:
    values = [params["p"] for params in draw({"p": stats.poisson(3)}, n=4000)[0]]
    assert all(type(value) is int for value in values)
    for k in range(7):
        assert np.mean(np.array(values) == k) == pytest.approx(stats.poisson(3).pmf(k), abs=0.025)


def test_a_distribution_that_can_only_be_drawn_from_will_do() -> None:
    class Squares:
        def rvs(self, random_state: Any = None) -> float:
            return float(np.random.default_rng(random_state).random() ** 2)

    class Words:
        def rvs(self, random_state: Any = None) -> Any:
            return [None, SVC()][random_state % 2]

    candidates, _ = draw({"x": Squares(), "word": Words()}, n=1000)
    assert stats.kstest([params["x"] ** 0.5 for params in candidates], "uniform").statistic < 0.07
    assert {type(params["word"]) for params in candidates} == {type(None), SVC}
    study = create_study(seed=0)
    study.enqueue_trial({"x (quantile)": 999, "word (quantile)": 0})
    assert read_space({"x": Squares(), "word": Words()}).ask(study)[1]["x"] > 0.97, "in order"


def test_lists_give_back_the_very_objects() -> None:
    scaler, kernel = StandardScaler(), lambda a, b: a @ b.T
    objects = [scaler, MinMaxScaler(), "passthrough", None, (50, 20), kernel, np.nan, np.float64(0.5), True, 1, 1]
    candidates, study = draw({"p": objects})
    assert {id(params["p"]) for params in candidates} == {id(thing) for thing in objects}
    labels = study.trials[0].distributions["p"].choices
    assert labels == (
        "StandardScaler()", "MinMaxScaler()", "passthrough", "None", "(50, 20)", "<lambda>", "nan",
        "np.float64(0.5)", "True", "1 #9", "1 #10",
    )  # fmt: skip
    json.dumps(labels)
    numbers = np.logspace(-3, 3, 7)
    assert {params["p"] for params in draw({"p": numbers})[0]} == set(numbers.tolist())


def branches() -> list[dict[str, Any]]:
    return [
        {"clf": [SVC()], "clf__C": Float(0.1, 10, log=True), "clf__kernel": ["linear", "rbf"], "pca": range(1, 4)},
        {"clf": [RandomForestClassifier()], "clf__max_depth": range(1, 9), "pca": range(1, 4)},
        {"clf": [LogisticRegression()], "clf__C": stats.expon(), "pca": range(1, 4)},
    ]


def test_branches_decide_which_parameters_there_are() -> None:
    candidates, study = draw(branches())
    keys = {type(params["clf"]): params.keys() for params in candidates}
    assert {kind: set(names) for kind, names in keys.items()} == {
        SVC: {"clf", "clf__C", "clf__kernel", "pca"},
        RandomForestClassifier: {"clf", "clf__max_depth", "pca"},
        LogisticRegression: {"clf", "clf__C", "pca"},
    }
    names = {name for trial in study.trials for name in trial.params}
    assert names == {
        "branch", "pca", "clf__C [clf=SVC()]", "clf__kernel", "clf__max_depth",
        "clf__C (quantile) [clf=LogisticRegression()]",
    }  # fmt: skip
    counts = [sum(trial.params["branch"] == f"clf={name}()" for trial in study.trials) for name in ("SVC",)]
    assert 40 < counts[0] < 95, "each branch as often"


def test_branches_are_counted_and_may_look_the_same() -> None:
    written: list[dict[str, Any]] = [{"a": [1, 2], "b": [1, 2, 3]}, {"a": [1, 2]}, {}]
    assert read_space(written).size == 6 + 2 + 1
    candidates, study = draw(written)
    assert {frozenset(params) for params in candidates} == {frozenset("ab"), frozenset("a"), frozenset()}
    assert {trial.params["branch"] for trial in study.trials} == {"space #0", "space #1", "space #2"}


def test_a_branch_is_called_by_what_it_fixes_however_much_that_is() -> None:
    fixed = {f"a_long_name_{i}": [f"value {i}"] for i in range(9)}
    _, study = draw([{**fixed, "x": range(5)}, {**fixed, "kind": [None], "x": range(5)}], n=9)
    branches = {trial.params["branch"] for trial in study.trials}
    assert len(branches) == 2
    assert all(len(branch) <= 60 and branch.startswith("a_long_name_0=value 0") for branch in branches)


def test_a_function_of_a_trial_is_a_space() -> None:
    def space(trial: Trial) -> dict[str, Any]:
        if trial.suggest_categorical("model", ["svc", "forest"]) == "svc":
            return {"clf": SVC(), "clf__C": trial.suggest_float("C", 0.1, 10)}
        return {"clf": RandomForestClassifier(max_depth=trial.suggest_int("depth", 1, 9))}

    candidates, study = draw(space)
    assert {frozenset(params) for params in candidates} == {frozenset({"clf", "clf__C"}), frozenset({"clf"})}
    assert {name for trial in study.trials for name in trial.params} == {"model", "C", "depth"}
    with pytest.raises(TypeError, match="must return a dict of parameters, got None"):
        draw(lambda trial: None)


def test_everything_that_randomized_search_takes_is_taken() -> None:
    written: Any = [
        {"a": [1, 2], "b": stats.uniform(), "c": np.arange(3), "d": (None, "x")},
        {"a": [[1, 2], [3]], "e": stats.binom(5, 0.5), "f": range(3)},
    ]
    theirs = {frozenset(params) for params in ParameterSampler(written, 50, random_state=0)}
    assert {frozenset(params) for params in draw(written)[0]} == theirs


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "must be a dict"),
        ("C", "must be a dict"),
        ([], "must be a dict"),
        ([{"C": [1]}, 3], "must be a dict"),
        ({}, "must map names"),
        ({1: [1, 2]}, "must map names"),
        ({"C": []}, r"param_distributions\['C'\] must not be empty"),
        ({"C": range(0)}, r"param_distributions\['C'\] must not be empty"),
        ({"C": 3.0}, r"write a list of one, \[3.0\]"),
        ({"C": "auto"}, r"write a list of one, \['auto'\]"),
        ({"C": {"a": 1}}, "must be a domain, a distribution or a list"),
        ({"C": (i for i in range(3))}, "must be a domain, a distribution or a list"),
        ({"C": {1, 2}}, r"must have an order, got \{1, 2\}; write sorted"),
    ],
)
def test_mistakes_are_named(written: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        read_space(written)


def test_exhaustion_is_the_samplers_to_say() -> None:
    from tpe_reference import GridSampler

    space, study = read_space({"a": [StandardScaler(), None]}), create_study(sampler=GridSampler())
    assert {type(space.ask(study)[1]["a"]) for _ in range(2)} == {StandardScaler, type(None)}
    with pytest.raises(SearchExhausted):
        space.ask(study)
