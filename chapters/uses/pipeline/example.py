"""Choose a classifier for handwritten digits together with its own parameters: a space that depends on a choice.

``python chapters/uses/pipeline/example.py`` searches for some ten seconds; run again, it finds what it has saved.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py, which all the examples share
import common

from tpe_reference import Study


class Rows(NamedTuple):
    """The rows that a search may see, and those that it never sees."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    folds: StratifiedKFold


# --8<-- [start:data]
def data(seed: int, quick: bool = False) -> Rows:
    """Put aside the test rows first; the folds are the same in all trials."""
    X, y = load_digits(return_X_y=True)
    n_rows = 100 if quick else 500  # of 1,797: with more, nearly every setting is right
    split = train_test_split(X, y, train_size=n_rows, random_state=seed, stratify=y)
    X, X_test, y, y_test = split
    return Rows(X, y, X_test, y_test, StratifiedKFold(5, shuffle=True, random_state=seed))


# --8<-- [end:data]


# --8<-- [start:space]
def pipeline(trial: Any) -> Pipeline:
    """Return the pipeline that a trial asks for; of the branches only one is gone into."""
    scaler = trial.suggest_categorical("scaler", list(SCALERS))
    model = trial.suggest_categorical("model", list(BRANCHES))
    return make_pipeline(SCALERS[scaler](), BRANCHES[model](trial))


def logistic(trial: Any) -> LogisticRegression:
    """One parameter: how little the weights are held back."""
    C = trial.suggest_float("logistic_C", 1e-4, 1e2, log=True)
    return LogisticRegression(C=C, max_iter=2000)


def neighbours(trial: Any) -> KNeighborsClassifier:
    """Three: how many vote, whether the near ones count more, and what near means."""
    return KNeighborsClassifier(
        trial.suggest_int("k", 1, 30, log=True),
        weights=trial.suggest_categorical("weights", ["uniform", "distance"]),
        p=trial.suggest_categorical("p", [1, 2]),
    )


def forest(trial: Any) -> RandomForestClassifier:
    """Two, which say how different and how deep the trees are."""
    return RandomForestClassifier(
        n_estimators=100,  # more are never worse, only dearer: not searched
        max_features=trial.suggest_float("max_features", 0.02, 1.0, log=True),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 20, log=True),
        random_state=0,
    )


def svm(trial: Any) -> SVC:
    """Two. C has another name than the logistic regression's: it is another parameter."""
    C = trial.suggest_float("svm_C", 1e-2, 1e3, log=True)
    return SVC(C=C, gamma=trial.suggest_float("gamma", 1e-4, 10, log=True))


SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler}
BRANCHES = {"logistic": logistic, "neighbours": neighbours, "forest": forest, "svm": svm}
# --8<-- [end:space]


# --8<-- [start:search]
def objective(rows: Rows, trial: Any) -> float:
    """Return the mean accuracy on five folds, in each of which the scaler is fitted anew."""
    return float(cross_val_score(pipeline(trial), rows.X, rows.y, cv=rows.folds).mean())


def held_out(rows: Rows, model: Pipeline) -> float:
    """Return the accuracy on the test rows, of a pipeline fitted on all the others."""
    return float(model.fit(rows.X, rows.y).score(rows.X_test, rows.y_test))


def search(study: Study, options: common.Options) -> dict[str, float]:
    """Search; return the accuracy on the test rows, also of what nobody has tuned."""
    rows = data(options.seed, options.quick)
    options.run(study, partial(objective, rows))
    return {
        "the best pipeline": held_out(rows, pipeline(study.best_trial)),
        "untuned": held_out(rows, make_pipeline(StandardScaler(), SVC())),
        "untuned, minmax": held_out(rows, make_pipeline(MinMaxScaler(), SVC())),
    }


# --8<-- [end:search]


if __name__ == "__main__":
    common.main(__file__, search, direction="maximize", trials=50, quick=3)
