"""TPESearchCV: it stands where RandomizedSearchCV stood; what it adds is folds pruned, rows held out, branches."""

import pickle
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier, is_regressor
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RandomizedSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from tpe_reference import CmaEsSampler, Float, GridSampler, Int, MedianPruner, RandomSampler, TPESearchCV

X, Y = load_iris(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0)
SPACE = {"max_depth": range(1, 9), "min_samples_leaf": Int(1, 40, log=True), "criterion": ["gini", "entropy"]}


class Recorder(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """A classifier of a score that is its parameter's, which remembers each fit: its parameter and its rows."""

    fits: list[tuple[float, list[int]]] = []  # noqa: RUF012  # of the class: clones have to share it

    def __init__(self, quality: float = 0.5, fails_below: float = -1.0) -> None:
        self.quality = quality
        self.fails_below = fails_below

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Recorder":
        if self.quality < self.fails_below:
            raise RuntimeError("cannot be fitted")
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        Recorder.fits.append((self.quality, [int(row) for row in X[:, 0]]))
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[0])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return self.quality


@pytest.fixture
def fits() -> list[tuple[float, list[int]]]:
    Recorder.fits.clear()
    return Recorder.fits


def numbered(n: int = 60) -> tuple[Any, Any]:
    """Rows that carry their number, in two classes."""
    return np.arange(n, dtype=float).reshape(-1, 1), np.arange(n) % 2


# ---- scikit-learn's own contract ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # the checks provoke them
@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no type hints
    [
        TPESearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, n_iter=2, cv=2, random_state=0, error_score="raise"),
        TPESearchCV(
            Ridge(), {"alpha": Float(0.1, 10)}, n_iter=3, cv=2, random_state=0, holdout=0.3, pruner=MedianPruner(1)
        ),
    ],
    expected_failed_checks=lambda search: (
        {"check_supervised_y_2d": "Ridge takes a column of targets as it is: RandomizedSearchCV fails this too"}
        if isinstance(search.estimator, Ridge)
        else {}
    ),
)
def test_scikit_learns_checks_pass(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"return_train_score": True},
        {"refit": False},
        {"scoring": "f1_macro"},
        {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro", "return_train_score": True},
        {"scoring": {"a": "accuracy", "b": make_scorer(accuracy_score)}, "refit": False},
        {"scoring": lambda e, X, y: {"a": e.score(X, y), "b": 1.0}, "refit": "a"},
        {"refit": lambda results: int(np.argmin(results["mean_fit_time"]))},
    ],
    ids=["plain", "train", "no refit", "scoring", "two metrics", "two, no refit", "function of two", "refit function"],
)
def test_attributes_and_columns_are_those_of_randomized_search(arguments: dict[str, Any]) -> None:
    space = {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}
    ours = TPESearchCV(TREE, space, n_iter=6, cv=3, random_state=0, **arguments).fit(X, Y)
    theirs = RandomizedSearchCV(TREE, space, n_iter=6, cv=3, random_state=0, **arguments).fit(X, Y)
    assert {name for name in vars(ours) if name.endswith("_")} == {
        name for name in vars(theirs) if name.endswith("_")
    } | {"study_"}
    assert ours.cv_results_.keys() == theirs.cv_results_.keys()

    def rows(search: Any) -> dict[Any, float]:
        """Every score of every candidate: the six are the same ones, in another order."""
        return {
            (name, *params.values()): column[i]
            for name, column in search.cv_results_.items()
            if "time" not in name and "param" not in name
            for i, params in enumerate(search.cv_results_["params"])
            for params in [dict(sorted(params.items()))]
        }

    assert rows(ours) == pytest.approx(rows(theirs))
    for name, column in theirs.cv_results_.items():
        if name != "params":
            assert ours.cv_results_[name].shape == column.shape, name
            assert type(ours.cv_results_[name]) is type(column), name
            assert ours.cv_results_[name].dtype == column.dtype, name
    if "best_score_" in vars(theirs):
        assert ours.best_score_ == theirs.best_score_


def test_what_can_be_done_with_a_fitted_search() -> None:
    pipeline = make_pipeline(StandardScaler(), SVC(random_state=0))
    search = TPESearchCV(pipeline, {"svc__C": Float(0.1, 10, log=True)}, n_iter=4, cv=3, random_state=0)
    assert is_classifier(search)
    assert not hasattr(search, "predict_proba")
    with pytest.raises(AttributeError):
        _ = search.n_features_in_
    frame = load_iris(as_frame=True)
    search.fit(frame.data, frame.target)
    assert list(search.classes_) == [0, 1, 2]
    assert list(search.feature_names_in_) == list(frame.data.columns)
    assert search.score(frame.data, frame.target) == np.mean(search.predict(frame.data) == frame.target)
    assert search.decision_function(frame.data).shape == (150, 3)
    copied = pickle.loads(pickle.dumps(search))
    assert (copied.predict(frame.data) == search.predict(frame.data)).all()
    assert copied.study_.best_value == search.best_score_
    fresh = clone(search)
    assert not hasattr(fresh, "study_")
    assert (
        fresh.set_params(n_iter=2, estimator__svc__kernel="linear").get_params()["estimator__svc__kernel"] == "linear"
    )
    assert len(fresh.fit(X, Y).cv_results_["params"]) == 2
    assert not hasattr(search.estimator[-1], "classes_"), "the user's own estimator must not be fitted"


def test_it_nests_in_scikit_learn() -> None:
    search = TPESearchCV(TREE, SPACE, n_iter=3, cv=2, random_state=0)
    assert cross_val_score(search, X, Y, cv=3).mean() > 0.85
    pipeline = make_pipeline(MinMaxScaler(), search)
    assert pipeline.fit(X, Y).score(X, Y) > 0.85
    outer = TPESearchCV(search, {"n_iter": [1, 2]}, n_iter=2, cv=2, random_state=0)
    assert outer.fit(X, Y).best_params_["n_iter"] in (1, 2)


def test_regressors_transformers_and_clusterings() -> None:
    X, y = load_diabetes(return_X_y=True)
    search = TPESearchCV(Ridge(), {"alpha": stats.loguniform(1e-4, 10)}, n_iter=8, random_state=0).fit(X, y)
    assert is_regressor(search)
    assert search.best_score_ == search.study_.best_value == max(search.cv_results_["mean_test_score"])
    assert search.study_.direction == "maximize"
    clusters = TPESearchCV(KMeans(n_init=1, random_state=0), {"n_clusters": range(2, 5)}, n_iter=3, cv=3).fit(X)
    assert clusters.transform(X).shape == (len(X), clusters.best_params_["n_clusters"])


def test_kernels_are_split_on_both_sides_also_for_the_held_out_rows() -> None:
    kernel = X @ X.T
    search = TPESearchCV(SVC(kernel="precomputed"), {"C": Float(0.1, 10, log=True)}, n_iter=3, holdout=0.2)
    search.fit(kernel, Y)
    assert search.holdout_score_ > 0.8
    assert search.best_estimator_.shape_fit_ == (120, 120)


# ---- what fit is given -------------------------------------------------------------------------------------------


def test_groups_and_weights_reach_where_they_belong(fits: list[Any]) -> None:
    X, y = numbered()
    groups = np.arange(60) // 6
    search = TPESearchCV(Recorder(), {"quality": Float(0, 1)}, n_iter=3, cv=GroupKFold(5), holdout=0.2, random_state=0)
    search.fit(X, y, groups=groups, sample_weight=np.ones(60))
    held = set(groups[search.holdout_index_])
    assert len(held) == 2
    for _, rows in fits:
        assert held.isdisjoint(groups[rows])
        assert len(rows) == 6 * len(set(groups[rows])), "a group is wholly inside, or outside"
    with pytest.raises(ValueError, match="groups"):
        TPESearchCV(Recorder(), {"quality": Float(0, 1)}, cv=GroupKFold(5)).fit(X, y)


def test_weights_change_the_fit_as_in_randomized_search() -> None:
    weights = np.where(Y == 1, 100.0, 0.01)
    arguments: dict[str, Any] = {"n_iter": 2, "cv": 3, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions warn of scorers without weights
        ours = TPESearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, **arguments).fit(X, Y, sample_weight=weights)
        theirs = RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, **arguments)
        theirs.fit(X, Y, sample_weight=weights)
    assert sorted(ours.cv_results_["mean_test_score"]) == pytest.approx(sorted(theirs.cv_results_["mean_test_score"]))
    assert Counter(ours.predict(X)) == Counter(theirs.predict(X))
    assert set(ours.predict(X)[Y == 2]) == {1}


def test_failed_fits_count_error_score_and_do_not_end_the_search(fits: list[Any]) -> None:
    space = {"quality": Float(0, 1), "fails_below": [0.5]}
    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="not finite"):
        search = TPESearchCV(Recorder(), space, n_iter=20, cv=3, random_state=0).fit(*numbered())
    failed = [params["quality"] < 0.5 for params in search.cv_results_["params"]]
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == failed
    assert [trial.state == "failed" for trial in search.study_.trials] == failed
    assert 0 < sum(failed) < 20
    assert search.best_params_["quality"] == max(search.cv_results_["param_quality"])
    with pytest.warns(FitFailedWarning):
        search = TPESearchCV(Recorder(), space, n_iter=20, cv=3, random_state=0, error_score=-1).fit(*numbered())
    assert (search.cv_results_["mean_test_score"] == -1).sum() > 0
    with pytest.raises(RuntimeError, match="cannot be fitted"):
        TPESearchCV(Recorder(), space, n_iter=20, cv=3, random_state=0, error_score="raise").fit(*numbered())
    with pytest.raises(ValueError, match="fits failed"):
        TPESearchCV(Recorder(fails_below=2), {"quality": Float(0, 1)}, n_iter=2, cv=3).fit(*numbered())


def test_failures_under_a_function_for_several_metrics(fits: list[Any]) -> None:
    def scoring(estimator: Any, X: Any, y: Any) -> dict[str, float]:
        return {"a": estimator.quality, "b": -estimator.quality}

    space = {"quality": Float(0, 1), "fails_below": [0.5]}
    search = TPESearchCV(Recorder(), space, n_iter=20, cv=3, random_state=0, scoring=scoring, refit="a", error_score=-9)
    with pytest.warns(FitFailedWarning):
        search.fit(*numbered())
    failed = np.array([params["quality"] < 0.5 for params in search.cv_results_["params"]])
    assert (search.cv_results_["mean_test_b"][failed] == -9).all()
    assert search.best_score_ == max(search.cv_results_["param_quality"])
    with pytest.raises(ValueError, match="refit"):
        search.set_params(refit=True).fit(*numbered())


# ---- determinism and workers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pruner", [pytest.param(None, marks=pytest.mark.slow), MedianPruner(2)])
def test_the_result_does_not_depend_on_n_jobs(pruner: Any) -> None:
    def table(n_jobs: int | None) -> dict[str, Any]:
        search = TPESearchCV(TREE, SPACE, n_iter=10, pruner=pruner, batch_size=3, random_state=0, n_jobs=n_jobs)
        results = search.fit(X, Y).cv_results_
        return {name: column for name, column in results.items() if "time" not in name}

    alone, together = table(None), table(2)
    for name in alone:
        np.testing.assert_array_equal(alone[name], together[name], err_msg=name)


def test_seeds() -> None:
    def qualities(random_state: Any) -> list[float]:
        space = {"quality": Float(0, 1)}
        search = TPESearchCV(Recorder(), space, n_iter=12, cv=2, random_state=random_state).fit(*numbered())
        return [float(q) for q in search.cv_results_["param_quality"]]

    assert qualities(0) == qualities(0) != qualities(1)
    assert qualities(np.random.RandomState(0)) == qualities(np.random.RandomState(0))
    assert qualities(None) != qualities(None)
    state = np.random.RandomState(0)  # what scikit-learn knows
    assert qualities(state) != qualities(state), "a state goes on"
    search = TPESearchCV(Recorder(), {"quality": Float(0, 1)}, n_iter=1, cv=2, random_state=7).fit(*numbered())
    assert search.study_.seed == 7


def test_random_folds_are_drawn_once(fits: list[Any]) -> None:
    cv = KFold(3, shuffle=True)
    TPESearchCV(Recorder(), {"quality": Float(0, 1)}, n_iter=4, cv=cv, refit=False).fit(*numbered())
    assert len({tuple(rows) for _, rows in fits}) == 3


def test_it_searches_better_than_at_random() -> None:
    def mean_best(sampler: Any = None) -> float:
        found = []
        for seed in range(5):
            space = {"quality": Float(0, 1)}
            search = TPESearchCV(Recorder(), space, n_iter=25, cv=2, random_state=seed, sampler=sampler, refit=False)
            found.append(search.fit(*numbered()).best_score_)
        return float(np.mean(found))

    assert 1 - mean_best() < 0.5 * (1 - mean_best(RandomSampler()))
    assert mean_best(CmaEsSampler()) > 0.8  # 25 candidates are few for it


# ---- pruning -----------------------------------------------------------------------------------------------------


def test_pruning_saves_fits_and_a_pruned_candidate_is_never_the_best(fits: list[Any]) -> None:
    arguments: dict[str, Any] = {"n_iter": 30, "cv": 5, "random_state": 0, "sampler": RandomSampler()}
    whole = TPESearchCV(Recorder(), {"quality": Float(0, 1)}, **arguments).fit(*numbered())
    assert len(fits) == 30 * 5 + 1
    fits.clear()
    search = TPESearchCV(Recorder(), {"quality": Float(0, 1)}, pruner=MedianPruner(), **arguments).fit(*numbered())
    results, pruned = search.cv_results_, search.cv_results_["pruned"]
    assert len(fits) == 1 + sum(np.isfinite(results[f"split{k}_test_score"]).sum() for k in range(5))
    assert 5 < pruned.sum() < 25
    assert len(fits) < 0.7 * (30 * 5 + 1)
    assert np.isnan(results["mean_test_score"]).tolist() == pruned.tolist()
    assert results["rank_test_score"][pruned].min() > results["rank_test_score"][~pruned].max()
    assert np.isfinite(results["mean_fit_time"]).all()
    assert [trial.state == "pruned" for trial in search.study_.trials] == pruned.tolist()
    assert search.best_params_ == whole.best_params_, "here the scores of a fold are those of all"
    assert f"{pruned.sum()} of them pruned" in search.report()


def test_a_pruner_that_stops_everything_is_an_error_not_a_result() -> None:
    class Always:
        def should_prune(self, trial: Any, history: Any) -> bool:
            return True

    with pytest.raises(ValueError, match="every candidate was pruned"):
        TPESearchCV(TREE, SPACE, n_iter=3, pruner=Always()).fit(X, Y)


# ---- held-out rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_no_fit_ever_sees_a_held_out_row(fits: list[Any], tmp_path: Path, n_jobs: int | None) -> None:
    X, y = numbered(100)
    space = {"quality": Float(0, 1)}
    search = TPESearchCV(Recorder(), space, n_iter=4, cv=StratifiedKFold(3), holdout=0.2, random_state=0, n_jobs=n_jobs)
    search.fit(X, y)
    held = set(search.holdout_index_.tolist())
    assert len(held) == 20
    assert np.mean(y[search.holdout_index_]) == 0.5, "stratified"
    assert len(fits) == (13 if n_jobs is None else 1)  # the last fit is always in this process
    for _, rows in fits:
        assert held.isdisjoint(rows)
    assert sorted(fits[-1][1]) == sorted(set(range(100)) - held), "the last fit sees all others"
    assert "held-out score" in search.report()


def test_the_held_out_score_is_what_the_refitted_estimator_scores_there() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    search = TPESearchCV(TREE, SPACE, n_iter=5, holdout=100, random_state=0, scoring="roc_auc").fit(X, y)
    held = search.holdout_index_
    assert len(held) == 100
    assert search.holdout_score_ == search.score(X[held], y[held])
    fresh = clone(search.best_estimator_).fit(np.delete(X, held, axis=0), np.delete(y, held))
    assert (fresh.predict(X) == search.predict(X)).all()
    several = clone(search).set_params(scoring=["accuracy", "roc_auc"], refit="roc_auc").fit(X, y)
    assert several.holdout_score_ == search.holdout_score_
    chosen = several.set_params(refit=lambda results: 0).fit(X, y)
    assert set(chosen.holdout_score_) == {"accuracy", "roc_auc"}


def test_the_best_score_on_noise_is_optimistic_and_the_held_out_score_is_not() -> None:
    gaps = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        y = rng.permutation(Y)  # labels that have nothing to do with the rows: one in three is right by chance
        search = TPESearchCV(TREE, SPACE, n_iter=20, cv=3, holdout=0.4, random_state=seed).fit(X, y)
        gaps.append((search.best_score_, search.holdout_score_))
    best, held = np.mean(gaps, axis=0)
    assert best > 0.37
    assert abs(held - 1 / 3) < 0.06


def test_the_last_rows_are_held_out_of_a_time_series() -> None:
    X, y = load_diabetes(return_X_y=True)
    search = TPESearchCV(Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=TimeSeriesSplit(3), holdout=42).fit(X, y)
    assert search.holdout_index_.tolist() == list(range(400, 442))


# ---- the objective -----------------------------------------------------------------------------------------------


def test_an_objective_replaces_the_score_in_the_search_and_in_the_choice() -> None:
    def objective(fold: dict[str, float]) -> float:
        assert set(fold) == {"test_score", "train_score", "fit_time", "score_time"}
        return -abs(fold["test_score"] - 0.25)

    search = TPESearchCV(
        Recorder(),
        {"quality": Float(0, 1)},
        n_iter=30,
        cv=2,
        random_state=0,
        objective=objective,
        return_train_score=True,
    ).fit(*numbered())
    assert abs(search.best_params_["quality"] - 0.25) < 0.02
    assert search.best_score_ == search.best_params_["quality"], "best_score_ stays the score"
    assert search.study_.best_value == search.cv_results_["mean_objective"].max()
    assert search.cv_results_["rank_objective"][search.best_index_] == 1
    assert search.cv_results_["split1_objective"].shape == (30,)


def test_of_several_metrics_the_search_follows_the_one_to_refit_by_or_the_first() -> None:
    scoring = {"up": lambda e, X, y: e.quality, "down": lambda e, X, y: -e.quality}
    arguments: dict[str, Any] = {"n_iter": 20, "cv": 2, "random_state": 0, "scoring": scoring}
    space = {"quality": Float(0, 1)}
    down = TPESearchCV(Recorder(), space, refit="down", **arguments).fit(*numbered())
    first = TPESearchCV(Recorder(), space, refit=False, **arguments).fit(*numbered())
    assert np.mean(down.cv_results_["param_quality"]) < 0.3 < 0.7 < np.mean(first.cv_results_["param_quality"])
    assert not hasattr(first, "best_index_")


def test_the_report_has_digits_of_small_scores_too() -> None:
    search = TPESearchCV(Ridge(), {"alpha": [1.0]}, n_iter=1, cv=2, scoring="neg_mean_squared_error")
    assert re.search(r"score  -\d\.\d\d\de-0\d  ", search.fit(X, Y * 1e-3).report())
    assert re.search(r"score  -\d+\.\d{4}  ", search.fit(X, Y * 1e3).report())


def test_a_second_fit_tells_nothing_of_the_first() -> None:
    search = TPESearchCV(TREE, {"max_depth": Int(1, 9)}, n_iter=2, cv=2, holdout=0.2).fit(X, Y)
    assert "held-out" in search.report()
    search.set_params(holdout=None, refit=False, scoring=["accuracy", "f1_macro"]).fit(X, Y)
    assert search.report() == "2 candidates, 0 of them pruned, 2-fold cross-validation"
    assert not hasattr(search, "predict"), "it has not been fitted to all rows"


# ---- how many ----------------------------------------------------------------------------------------------------


def test_a_space_that_holds_fewer_candidates_ends_the_search() -> None:
    space = {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}
    with pytest.warns(UserWarning, match="the space holds 6 candidates"):
        search = TPESearchCV(TREE, space, n_iter=10, cv=2).fit(X, Y)
    assert len({tuple(params.values()) for params in search.cv_results_["params"]}) == 6
    for sampler in (None, GridSampler()):
        search = TPESearchCV(TREE, space, n_iter=None, sampler=sampler, cv=2).fit(X, Y)
        assert len({tuple(params.values()) for params in search.cv_results_["params"]}) == 6
    grid = TPESearchCV(Ridge(), {"alpha": Float(0.1, 10, log=True)}, n_iter=None, sampler=GridSampler(points=3), cv=2)
    assert sorted(grid.fit(X, Y).cv_results_["param_alpha"]) == pytest.approx([0.1, 1.0, 10.0])


@pytest.mark.parametrize(
    ("written", "arguments", "candidates"),
    [
        ({"alpha": Float(0.1, 10)}, {"n_iter": 3}, "each of 3 candidates"),
        ({"alpha": [0.1, 1.0]}, {"n_iter": None}, "each of 2 candidates"),
        ({"alpha": Float(1, 9)}, {"n_iter": None, "sampler": GridSampler(points=3)}, "each candidate of the grid"),
    ],
)
def test_verbose_says_how_many_fits_there_will_be(
    written: dict[str, Any], arguments: dict[str, Any], candidates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    TPESearchCV(Ridge(), written, cv=2, verbose=1, **arguments).fit(X, Y)
    assert capsys.readouterr().out.startswith(f"At most 2 folds for {candidates}\n")


# ---- mistakes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_iter": 0}, "n_iter must be a whole number of at least 1, got 0"),
        ({"n_iter": None}, "n_iter=None needs a space without continuous parameters"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"holdout": 1.0}, "holdout must be a fraction between 0 and 1 or a number of rows, got 1.0"),
        ({"holdout": True}, "holdout must be a fraction"),
        ({"holdout": 0.2, "refit": False}, "needs refit"),
        ({"holdout": 0.2, "cv": [([0, 1, 50, 51], [2, 52])]}, "cv that names rows"),
        ({"holdout": 0.2, "cv": PredefinedSplit([0, 1] * 75)}, "cv that names rows"),
        ({"objective": "fast"}, "objective must be a function"),
        ({"objective": lambda fold: "good"}, "objective must return a number, got 'good'"),
        ({"sampler": GridSampler(), "param_distributions": [{"C": [1]}, {"C": [2]}]}, "GridSampler needs"),
        ({"sampler": GridSampler}, "sampler must be an object"),
        ({"cv": []}, "cv must yield at least one split"),
        ({"scoring": "no such"}, "scoring"),
        ({"n_jobs": "many"}, "n_jobs"),
        ({"scoring": ["accuracy", "f1_macro"]}, "refit"),
        ({"random_state": -1}, "between 0 and"),
    ],
)
def test_mistakes_are_named(arguments: dict[str, Any], message: str) -> None:
    given = {"param_distributions": {"C": Float(0.1, 10)}, **arguments}
    with pytest.raises((ValueError, TypeError), match=message):
        TPESearchCV(SVC(), **given).fit(X, Y)


def test_the_package_does_not_import_scikit_learn_before_it_is_asked_to() -> None:
    code = """
import sys
import tpe_reference
assert not any(name.split(".")[0] in ("sklearn", "scipy", "joblib") for name in sys.modules)
for name in ("sklearn", "sklearn.base", "joblib"):
    sys.modules[name] = None
try:
    tpe_reference.TPESearchCV
except ImportError as error:
    assert 'pip install "tpe-reference[sklearn]"' in str(error), error
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)
