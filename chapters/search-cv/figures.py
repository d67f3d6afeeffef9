"""Makes the figure and the tables of this chapter: `TPESearchCV` beside GridSearchCV and RandomizedSearchCV.

All get the same number of model fits, the same rows, the same folds, and are scored on the same held-out rows; a seed
decides those and the search. Run it from the root of the repository, ``python chapters/search-cv/figures.py``: it
prints the tables and writes ``search-cv.png`` beside itself. Some five minutes on two cores.
"""

import argparse
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import bootstrap
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tpe_reference import Float, Int, MedianPruner, TPESearchCV

FOLDS = 5
Run = dict[str, Any]  # "curve": best score so far after each fit; "cv" and "held out": of the candidate chosen
NAMES = ["GridSearchCV", "RandomizedSearchCV", "TPESearchCV", "TPESearchCV, MedianPruner"]


def as_lists(space: Any, points: int) -> Any:
    """Return a space as a grid would have it: some points of each domain, lists as they are."""
    if isinstance(space, list):
        return [as_lists(branch, points) for branch in space]
    return {
        name: [domain.from_unit(u) for u in np.linspace(0, 1, points)] if isinstance(domain, (Float, Int)) else domain
        for name, domain in space.items()
    }


class Uniform:
    """A domain as RandomizedSearchCV takes it: what is drawn from uniformly, so that both search the same space."""

    def __init__(self, domain: Any) -> None:
        self.domain = domain

    def rvs(self, random_state: Any) -> Any:
        """Draw a value."""
        return self.domain.from_unit(random_state.uniform())


def as_distributions(space: Any) -> Any:
    """Return a space as RandomizedSearchCV takes it."""
    if isinstance(space, list):
        return [as_distributions(branch) for branch in space]
    return {name: Uniform(domain) if isinstance(domain, (Float, Int)) else domain for name, domain in space.items()}


def run(search: Any, X: Any, y: Any, budget: int, seed: int) -> Run:
    """Fit a search to four fifths of the rows; return what its best candidate scored, also on the last fifth."""
    X, X_held, y, y_held = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    search.set_params(cv=StratifiedKFold(FOLDS, shuffle=True, random_state=seed)).fit(X, y)
    table = search.cv_results_
    folds = np.array([table[f"split{k}_test_score"] for k in range(FOLDS)])
    spent = np.cumsum(np.isfinite(folds).sum(axis=0))
    means = table["mean_test_score"][spent <= budget]  # of a search that prunes, what its share of fits allowed
    best = np.fmax.accumulate(means)
    curve = np.full(budget, np.nan)
    for after, score in zip(spent, best, strict=False):
        curve[after - 1 :] = score
    chosen = search.estimator.set_params(**table["params"][int(np.nanargmax(means))])
    return {"curve": curve, "cv": best[-1], "held out": chosen.fit(X, y).score(X_held, y_held), "n": len(means)}


def searches(estimator: Any, space: Any, points: int, n_iter: int, seed: int) -> dict[str, Any]:
    """Return the four, by name."""
    lists, draws = as_lists(space, points), as_distributions(space)
    pruner = MedianPruner(n_startup_trials=5)
    return {
        NAMES[0]: GridSearchCV(estimator, lists, refit=False),
        NAMES[1]: RandomizedSearchCV(estimator, draws, n_iter=n_iter, refit=False, random_state=seed),
        NAMES[2]: TPESearchCV(estimator, space, n_iter=n_iter, refit=False, random_state=seed),
        # More candidates than it can afford: it is cut off where its fits are spent.
        NAMES[3]: TPESearchCV(estimator, space, n_iter=2 * n_iter, pruner=pruner, refit=False, random_state=seed),
    }


def support_vectors() -> tuple[Any, Any, int, int]:
    """Breast cancer: how many features, and the two parameters of a support vector machine."""
    steps = [("scale", StandardScaler()), ("select", SelectKBest()), ("svc", SVC())]
    space = {
        "select__k": Int(2, 30),
        "svc__C": Float(1e-2, 1e4, log=True),
        "svc__gamma": Float(1e-6, 10, log=True),
    }
    return Pipeline(steps), space, 3, 27  # a grid of three points each


def choice_of_model() -> tuple[Any, Any, int, int]:
    """Digits: which model, and what that model is to be told."""
    pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    scale = [StandardScaler(), "passthrough"]
    space = [
        {
            "scale": scale,
            "model": [SVC()],
            "model__C": Float(1e-2, 1e3, log=True),
            "model__gamma": Float(1e-5, 1, log=True),
        },
        {"scale": scale, "model": [KNeighborsClassifier()], "model__n_neighbors": Int(1, 30), "model__p": [1, 2]},
        {"scale": scale, "model": [DecisionTreeClassifier(random_state=0)], "model__max_depth": Int(2, 20)},
    ]
    return pipeline, space, 3, 36  # the grid: 2 (9 + 6 + 3)


def compare(problem: Callable[[], Any], X: Any, y: Any, seeds: Sequence[int]) -> dict[str, list[Run]]:
    """Run the four searches with every seed."""

    def run_seed(seed: int) -> dict[str, Run]:
        estimator, space, points, n_iter = problem()
        found = searches(estimator, space, points, n_iter, seed)
        return {name: run(search, X, y, n_iter * FOLDS, seed) for name, search in found.items()}

    by_seed = Parallel(n_jobs=-1)(delayed(run_seed)(seed) for seed in seeds)
    return {name: [found[name] for found in by_seed] for name in NAMES}


def interval(values: Any) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean."""
    values = np.asarray(values)
    if len(values) < 2 or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    found = bootstrap((values,), np.mean, random_state=0, method="percentile").confidence_interval
    return float(found.low), float(found.high)


def table(runs: dict[str, list[Run]]) -> str:
    """Return the table of a comparison, in Markdown; differences are paired by seed."""
    lines = [
        "| search | candidates | best CV score | against random search | held-out score | against random search |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in NAMES:
        cells = [name, f"{np.mean([r['n'] for r in runs[name]]):.0f}"]
        for key in ("cv", "held out"):
            ours, theirs = (np.array([r[key] for r in runs[who]]) for who in (name, NAMES[1]))
            low, high = interval(ours - theirs)
            change = f"{np.mean(ours - theirs):+.4f} ({low:+.4f} to {high:+.4f})"
            cells += [f"{ours.mean():.4f}", "" if name == NAMES[1] else change]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def priced(X: Any, y: Any, n_iter: int) -> str:
    """Return the table of a forest whose training time costs nothing, and one whose time has a price."""
    space = {"n_estimators": Int(5, 200, log=True), "max_features": Float(0.05, 1.0), "min_samples_leaf": range(1, 11)}
    lines = ["| a second costs | trees | seconds per fit | CV score |", "| --- | --- | --- | --- |"]
    for price in (0.0, 0.02, 0.2):
        search = TPESearchCV(
            RandomForestClassifier(random_state=0),
            space,
            n_iter=n_iter,
            cv=3,
            random_state=0,
            objective=lambda fold, price=price: fold["test_score"] - price * fold["fit_time"],
        ).fit(X, y)
        seconds = search.cv_results_["mean_fit_time"][search.best_index_]
        lines.append(f"| {price} | {search.best_params_['n_estimators']} | {seconds:.2f} | {search.best_score_:.4f} |")
    return "\n".join(lines)


def draw(all_runs: dict[str, dict[str, list[Run]]], path: Path) -> None:
    """Draw how the best score rises with the fits, and under it what became of it on the held-out rows."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    colours = dict(zip(NAMES, ("#000000", "#E69F00", "#0072B2", "#D55E00"), strict=True))  # Okabe and Ito's
    dashes = dict(zip(NAMES, (":", "--", "-", "-."), strict=True))
    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    panels = figure.subplots(2, len(all_runs), squeeze=False, gridspec_kw={"height_ratios": [3, 2]})
    for (title, runs), (above, below) in zip(all_runs.items(), panels.T, strict=True):
        for row, name in enumerate(NAMES):
            mean = np.mean([r["curve"] for r in runs[name]], axis=0)
            x = np.arange(1, len(mean) + 1)
            above.plot(x, mean, dashes[name], color=colours[name], label=name, drawstyle="steps-post", linewidth=1.8)
            for key, marker, shift in (("cv", "o", -0.15), ("held out", "s", 0.15)):
                values = [r[key] for r in runs[name]]
                fill = colours[name] if key == "cv" else "white"
                y = row + shift
                below.plot(interval(values), [y, y], color=colours[name], linewidth=1.5)
                below.plot(np.mean(values), y, marker, color=colours[name], markerfacecolor=fill, markersize=7)
        above.set_title(title, fontsize=11)
        above.set_xlabel("models fitted")
        above.set_ylabel("best cross-validated accuracy")
        low = min(float(np.mean([r["cv"] for r in runs[name]])) for name in NAMES)
        top = max(float(np.mean([r["cv"] for r in runs[name]])) for name in NAMES)
        above.set_ylim(low - 2.5 * (top - low) - 0.002, top + 0.3 * (top - low) + 0.0005)
        below.set_yticks(range(len(NAMES)), NAMES if below is panels[1, 0] else [""] * len(NAMES), fontsize=9)
        below.set_ylim(len(NAMES) - 0.5, -0.5)
        below.set_xlabel("accuracy: ● best cross-validated, □ held out")
        for axes in (above, below):
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.grid(True, alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
    lines, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside upper center", ncols=len(NAMES), fontsize=9, frameon=False)
    figure.savefig(path, dpi=150, facecolor="white")


def main(arguments: list[str] | None = None) -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=400, help="of each data set, to be quick")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "search-cv.png")
    given = parser.parse_args(arguments)
    cancer, digits = (
        [part[: given.rows] for part in load(return_X_y=True)] for load in (load_breast_cancer, load_digits)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of features that are constant in a fold
        runs = {
            "Breast cancer: features and an SVM": compare(support_vectors, *cancer, range(given.seeds)),
            "Digits: which model, and its parameters": compare(choice_of_model, *digits, range(given.seeds)),
        }
    for title, found in runs.items():
        print(f"\n{title} ({given.seeds} seeds)\n\n{table(found)}")
    print(f"\nA price on training time\n\n{priced(*cancer, n_iter=3 if given.seeds == 1 else 15)}")
    draw(runs, given.out)


if __name__ == "__main__":
    main()
