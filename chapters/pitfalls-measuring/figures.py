"""The experiments of the chapter on pitfalls of measuring, and their figures; they run when the pages are built."""

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from tpe_reference import Float, RandomSampler, TPESampler, create_study

BLUE, RED, INK = "#0072B2", "#D55E00", "#333333"  # Okabe and Ito's


def make(out: Path) -> None:
    """Run the experiments and leave figures and tables in a folder."""
    permuted_labels().savefig(out / "permuted.svg")
    (out / "optimism.md").write_text(optimism(), encoding="utf-8")
    (out / "failures.md").write_text(failures(), encoding="utf-8")


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean."""
    drawn = np.random.default_rng(0).choice(values, (1000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def permuted_labels() -> Figure:
    """Iris with permuted labels: the best cross-validated score so far, and the same classifiers on held-out rows."""
    n_trials, best, held_out = 100, [], []
    for seed in range(8):
        scores, tests = _search_without_signal(seed, n_trials)
        first_best = [int(np.argmax(scores[: n + 1])) for n in range(n_trials)]
        best.append([scores[i] for i in first_best])
        held_out.append([tests[i] for i in first_best])
    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    axes, trials = figure.subplots(), np.arange(1, n_trials + 1)
    axes.axhline(1 / 3, color=INK, linestyle=":", linewidth=1)
    for runs, colour, dashes, label in (
        (best, RED, "-", "best cross-validated accuracy so far"),
        (held_out, BLUE, "--", "the same classifier on held-out rows"),
    ):
        low, high = np.array([interval(column) for column in np.array(runs).T]).T
        axes.plot(trials, np.mean(runs, axis=0), color=colour, linestyle=dashes, label=label)
        axes.fill_between(trials, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set(ylim=(0.2, 0.56))
    axes.set_xlabel("configurations tried", fontsize=9)
    axes.set_ylabel("accuracy", fontsize=9)
    axes.tick_params(labelsize=9)
    axes.legend(fontsize=9, loc="upper left")
    return figure


def _search_without_signal(seed: int, n_trials: int) -> tuple[list[float], list[float]]:
    """Return the cross-validated and the held-out accuracy of random configurations, where labels mean nothing."""
    X, y = load_iris(return_X_y=True)
    y = np.random.default_rng(seed).permutation(y)
    train, test, y_train, y_test = train_test_split(X, y, test_size=50, random_state=seed, stratify=y)
    study, scores, tests = create_study(direction="maximize", sampler=RandomSampler(), seed=seed), [], []
    for _ in range(n_trials):
        trial = study.ask()
        scale = np.array([trial.suggest_float(f"w{j}", 0.01, 100.0, log=True) for j in range(4)])
        model = KNeighborsClassifier(trial.suggest_int("k", 1, 30))
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        scores.append(float(cross_val_score(model, train * scale, y_train, cv=folds).mean()))
        tests.append(float(model.fit(train * scale, y_train).score(test * scale, y_test)))
        study.tell(trial, scores[-1])
    return scores, tests


def optimism() -> str:
    """By how much the best validation score of 25 trees exceeds their score on rows that the search never saw."""
    X, y = load_breast_cancer(return_X_y=True)
    found: dict[str, list[float]] = {"one split": [], "5 folds": []}
    for seed in range(12):
        X_seen, X_new, y_seen, y_new = train_test_split(X, y, test_size=0.5, random_state=seed, stratify=y)
        for name, cv in (("one split", 1), ("5 folds", 5)):
            study = create_study(direction="maximize", sampler=RandomSampler(), seed=seed)
            study.optimize(_tree_objective(X_seen, y_seen, cv, seed), n_trials=25)
            tree = DecisionTreeClassifier(**study.best_params, random_state=0).fit(X_seen, y_seen)
            found[name].append(study.best_value - float(tree.score(X_new, y_new)))
    rows = ["| validation | best validation accuracy less accuracy on new rows |", "| --- | --- |"]
    for name, differences in found.items():
        low, high = interval(np.array(differences))
        rows.append(f"| {name} | {np.mean(differences):+.3f} [{low:+.3f}, {high:+.3f}] |")
    return "\n".join(rows) + "\n"


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


def failures() -> str:
    """Where the search goes if half of the box fails, by what the objective does about it."""
    ways: dict[str, Callable[[float], float]] = {
        "returns 0, the best that there is": lambda x: 0.0,
        "returns 1000": lambda x: 1000.0,
        "returns nan": lambda x: math.nan,
        "raises, `catch=ValueError`": _raise,
    }
    space = {"x": Float(-5.0, 5.0), "y": Float(-5.0, 5.0)}
    rows = [
        "| what it does | failing among the last 50 of 100 trials | best loss that is true |",
        "| --- | --- | --- |",
    ]
    for name, way in ways.items():
        shares, ends = [], []
        for seed in range(12):
            study = create_study(sampler=TPESampler(), seed=seed)

            def objective(trial: Any, way: Callable[[float], float] = way) -> float:
                x, y = (trial.suggest_float(name, domain.low, domain.high) for name, domain in space.items())
                return way(x) if x > 0 else _bowl({"x": x, "y": y})

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # each failure is told, as it should be
                study.optimize(objective, n_trials=100, catch=ValueError)
            shares.append(np.mean([trial.params["x"] > 0 for trial in study.trials[50:]]))
            ends.append(min(_bowl(trial.params) for trial in study.trials if trial.params["x"] <= 0))
        low, high = interval(np.array(shares))
        rows.append(
            f"| {name} | {100 * np.mean(shares):.0f} % [{100 * low:.0f}, {100 * high:.0f}] | {np.median(ends):.2g} |"
        )
    return "\n".join(rows) + "\n"


def _bowl(params: Mapping[str, float]) -> float:
    return (params["x"] + 1.0) ** 2 + (params["y"] - 2.0) ** 2 + 0.1


def _raise(x: float) -> float:
    raise ValueError(f"the training diverged at {x}")
