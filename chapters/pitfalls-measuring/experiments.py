"""The dear experiments of the chapter on pitfalls of measuring; their numbers are kept beside, in CSV.

``python chapters/pitfalls-measuring/experiments.py`` makes all four files again, in about a minute on one core.
`figures.py` draws and tabulates what stands in them. overhead.csv holds times, and differs from machine to machine.
"""

import csv
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from tpe_reference import CmaEsSampler, RandomSampler, TPESampler, create_study
from tpe_reference.compare.benchmark import FIVE, milliseconds, our_turn

HERE = Path(__file__).parent
N_TREES, DEPTHS = 256, (2, 4, 6, 8, 10, 12, 14, 16)


def write(name: str, head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Write one table beside this file."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([f"{cell:.4g}" if isinstance(cell, float) else cell for cell in row] for row in rows)


def permuted() -> Iterable[tuple[int, int, float, float]]:
    """Yield cross-validated and held-out accuracy of random configurations, on Iris whose labels mean nothing."""
    X, y = load_iris(return_X_y=True)
    for seed in range(8):
        labels = np.random.default_rng(seed).permutation(y)
        train, test, y_train, y_test = train_test_split(X, labels, test_size=50, random_state=seed, stratify=labels)
        study = create_study(direction="maximize", sampler=RandomSampler(), seed=seed)
        for number in range(100):
            trial = study.ask()
            scale = np.array([trial.suggest_float(f"w{j}", 0.01, 100.0, log=True) for j in range(4)])
            model = KNeighborsClassifier(trial.suggest_int("k", 1, 30))
            folds = StratifiedKFold(5, shuffle=True, random_state=seed)
            score = float(cross_val_score(model, train * scale, y_train, cv=folds).mean())
            study.tell(trial, score)
            yield seed, number, score, float(model.fit(train * scale, y_train).score(test * scale, y_test))


def optimism() -> Iterable[tuple[str, int, float, float]]:
    """Yield the best validation score of 25 trees, and their score on rows that the search never saw."""
    X, y = load_breast_cancer(return_X_y=True)
    for seed in range(40):
        X_seen, X_new, y_seen, y_new = train_test_split(X, y, test_size=0.5, random_state=seed, stratify=y)
        for name, cv in (("one split", 1), ("5 folds", 5)):
            study = create_study(direction="maximize", sampler=RandomSampler(), seed=seed)
            study.optimize(_tree_objective(X_seen, y_seen, cv, seed), n_trials=25)
            tree = DecisionTreeClassifier(**study.best_params, random_state=0).fit(X_seen, y_seen)
            yield name, seed, study.best_value, float(tree.score(X_new, y_new))


def _tree_objective(X: np.ndarray, y: np.ndarray, cv: int, seed: int) -> Callable[[Any], float]:
    def objective(trial: Any) -> float:
        tree = DecisionTreeClassifier(
            max_depth=trial.suggest_int("max_depth", 1, 12),
            min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 30),
            max_features=trial.suggest_float("max_features", 0.1, 1.0),
            random_state=0,
        )
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        splits = list(folds.split(X, y))[:cv]  # one split: the first fold alone
        return float(cross_val_score(tree, X, y, cv=splits).mean())

    return objective


def forests() -> Iterable[Sequence[object]]:
    """Yield, for each depth, the 5-fold accuracy on digits of the first 1, 2, ..., 256 trees of a forest.

    The first k trees of a forest are the forest of k trees with the same seed, so one training serves all sizes.
    """
    X, y = load_digits(return_X_y=True)
    for depth in DEPTHS:
        accuracy = np.zeros(N_TREES)
        for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
            forest = RandomForestClassifier(N_TREES, max_depth=depth, random_state=0).fit(X[train], y[train])
            votes = np.cumsum([tree.predict_proba(X[test]) for tree in forest.estimators_], axis=0)
            accuracy += (votes.argmax(axis=2) == y[test]).mean(axis=1) / 5
        yield [depth, *accuracy.tolist()]


def overhead() -> Iterable[tuple[str, str, float]]:
    """Yield milliseconds of a sampler's ask + tell by the trials so far, five parameters; and of some objectives."""
    for name, sampler in (("random search", RandomSampler), ("TPE", TPESampler), ("CMA-ES", CmaEsSampler)):
        for n in (10, 100, 1000):
            yield name, str(n), milliseconds(partial(our_turn, sampler(), FIVE, n))[0]
    X, y = load_iris(return_X_y=True)
    objectives: dict[str, Callable[[], Any]] = {
        "a formula": lambda: float((np.arange(5.0) ** 2).sum()),
        "a tree, 5 folds": lambda: cross_val_score(DecisionTreeClassifier(random_state=0), X, y, cv=5),
        "100 trees, 5 folds": lambda: cross_val_score(RandomForestClassifier(random_state=0), X, y, cv=5),
    }
    for name, objective in objectives.items():
        times = []
        for _ in range(7):
            start = time.perf_counter()
            objective()
            times.append(1e3 * (time.perf_counter() - start))
        yield name, "", float(np.median(times))


if __name__ == "__main__":
    write("overhead.csv", ["what", "trials", "ms"], overhead())
    write("permuted.csv", ["seed", "trial", "cross-validated", "held-out"], permuted())
    write("optimism.csv", ["validation", "seed", "best", "new"], optimism())
    write("forests.csv", ["max_depth", *range(1, N_TREES + 1)], forests())
