"""The figures of the chapter on the Iris forest: made from forests.csv, which ``python figures.py`` computes anew."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split

from tpe_reference import RandomSampler, TPESampler, create_study

BLUE, RED, INK = "#0072B2", "#D55E00", "#333333"  # Okabe and Ito's
HERE = Path(__file__).parent
SEEDS, TRIALS = 6, 20


def make(out: Path) -> None:
    """Draw the figures into a folder, and leave a table beside them."""
    with (HERE / "forests.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    search(rows).savefig(out / "search.svg")
    (out / "ends.md").write_text(table(rows), encoding="utf-8")


def curves(rows: list[dict[str, str]], sampler: str, column: str) -> np.ndarray:
    """Return a column of one sampler's trials, (seeds, trials)."""
    values = [float(row[column]) for row in rows if row["sampler"] == sampler]
    return np.array(values).reshape(SEEDS, TRIALS)


def search(rows: list[dict[str, str]]) -> Figure:
    """Left, the best cross-validated accuracy so far; right, what the same forest scores on other folds."""
    figure = Figure(figsize=(7.6, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for sampler, colour, marker in (("random", RED, "x"), ("tpe", BLUE, "o")):
        best = np.maximum.accumulate(curves(rows, sampler, "accuracy"), axis=1)
        for run in best:
            left.plot(range(1, TRIALS + 1), run, color=colour, linewidth=0.7, alpha=0.5)
        left.plot(range(1, TRIALS + 1), best.mean(axis=0), color=colour, linewidth=2.2, label=f"{sampler}, mean")
        jitter = np.random.default_rng(0).normal(0, 0.0007, (2, SEEDS, TRIALS))
        accuracy, again = curves(rows, sampler, "accuracy"), curves(rows, sampler, "again")
        right.plot((accuracy + jitter[0]).ravel(), (again + jitter[1]).ravel(), marker, color=colour, markersize=4)
    left.set_xlabel("trials", fontsize=9)
    left.set_ylabel("best 5-fold accuracy so far", fontsize=9)
    left.legend(fontsize=9)
    right.set_xlabel("5-fold accuracy in the search", fontsize=9)
    right.set_ylabel("on five other folds", fontsize=9)
    for axes in (left, right):
        axes.tick_params(labelsize=9)
    return figure


def table(rows: list[dict[str, str]]) -> str:
    """Return the score of each run's best forest: in the search, on other folds, and on the test rows."""
    lines = [
        "| seed | sampler | best in the search | on other folds | on the test rows |",
        "| --- | --- | --- | --- | --- |",
    ]
    for seed in range(SEEDS):
        for sampler in ("random", "tpe"):
            accuracy, again, test = (curves(rows, sampler, name)[seed] for name in ("accuracy", "again", "test"))
            i = int(np.argmax(accuracy))
            lines.append(f"| {seed} | {sampler} | {accuracy[i]:.3f} | {again[i]:.3f} | {round(test[i] * 38)} of 38 |")
    return "\n".join(lines) + "\n"


def forest(trial: Any) -> RandomForestClassifier:
    """Return the forest that a trial asks for."""
    return RandomForestClassifier(
        n_estimators=trial.suggest_int("n_estimators", 5, 60),
        max_depth=trial.suggest_int("max_depth", 1, 10),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 20),
        max_features=trial.suggest_float("max_features", 0.25, 1.0),
        random_state=0,
    )


def compute() -> None:
    """Run both samplers on six splits of Iris and write what each trial scored: about two minutes."""
    X, y = load_iris(return_X_y=True)
    with (HERE / "forests.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sampler", "seed", "accuracy", "again", "test"])
        for name, sampler in (("random", RandomSampler), ("tpe", TPESampler)):
            for seed in range(SEEDS):
                X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=38, random_state=seed, stratify=y)
                study = create_study(direction="maximize", sampler=sampler(), seed=seed)
                for _ in range(TRIALS):
                    trial = study.ask()
                    model = forest(trial)
                    in_search, other = (
                        cross_val_score(
                            model, X_train, y_train, cv=StratifiedKFold(5, shuffle=True, random_state=r)
                        ).mean()
                        for r in (seed, 100 + seed)
                    )
                    study.tell(trial, float(in_search))
                    test = model.fit(X_train, y_train).score(X_test, y_test)
                    writer.writerow([name, seed, round(in_search, 6), round(other, 6), round(test, 6)])


if __name__ == "__main__":
    compute()
