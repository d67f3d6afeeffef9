"""The figures of the chapter on the Iris forest.

They are made from forests.csv, which ``python figures.py`` computes anew, and from what digits.py computes.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split

from tpe_reference import RandomSampler, TPESampler, create_study

BLUE, RED, INK = "#0072B2", "#D55E00", "#333333"  # Okabe and Ito's
HERE = Path(__file__).parent
SEEDS, TRIALS = 6, 20
SPLITS = 20  # of digits


def make(out: Path) -> None:
    """Draw the figures into a folder, and leave a table beside them."""
    rows = read("forests.csv")
    search(rows).savefig(out / "search.svg")
    (out / "ends.md").write_text(table(rows), encoding="utf-8")
    on_digits = read("digits.csv")
    digits(on_digits, read("landscape.csv")).savefig(out / "digits.svg")
    (out / "digits.md").write_text(digits_table(on_digits), encoding="utf-8")


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a file that lies beside this one."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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


def digits(rows: list[dict[str, str]], landscape: list[dict[str, str]]) -> Figure:
    """Left, the accuracy over the whole space, with one search's trials; right, the chosen model on the test rows."""
    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_landscape(left, landscape, [row for row in rows if row["sampler"] == "tpe" and row["seed"] == "0"])
    trials = np.arange(1, TRIALS + 1)
    for sampler, name, colour, style in (("random", "random", RED, "--"), ("tpe", "TPE", BLUE, "-")):
        curve = in_any_order(*trials_of(rows, sampler))
        right.plot(trials, 1 - curve, style, color=colour, linewidth=2, label=name)
    untuned = np.mean([float(row["test"]) for row in rows if row["sampler"] == "default"])
    right.axhline(1 - float(untuned), color=INK, linestyle=":", label="untuned")
    right.set_xlabel("trials", fontsize=9)
    right.set_ylabel("share of the test rows wrong", fontsize=9)
    right.set_yscale("log")
    right.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
    right.set_yticks([], minor=True)
    right.legend(fontsize=9)
    for axes in (left, right):
        axes.tick_params(labelsize=9)
    return figure


def _draw_landscape(axes: Axes, landscape: list[dict[str, str]], tried: list[dict[str, str]]) -> None:
    """Colour the 25 x 25 grid by accuracy; mark a search's trials, and with a star the untuned settings."""
    c, gamma, accuracy = (
        np.reshape([float(row[k]) for row in landscape], (25, 25)) for k in ("C", "gamma", "accuracy")
    )
    colours = axes.pcolormesh(c, gamma, accuracy, cmap="cividis", shading="nearest", rasterized=True)
    bar = axes.figure.colorbar(colours, ax=axes)
    bar.set_label("5-fold accuracy", fontsize=9)
    bar.ax.tick_params(labelsize=9)
    x, y = ([float(row[k]) for row in tried] for k in ("C", "gamma"))
    axes.plot(x[:10], y[:10], "o", color="white", markeredgecolor="black", markersize=6)
    axes.plot(x[10:], y[10:], "^", color=RED, markeredgecolor="white", markersize=7)
    axes.plot([1], [1 / 64], "*", color="white", markeredgecolor="black", markersize=13)  # gamma="scale", nearly
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("C", fontsize=9)
    axes.set_ylabel("gamma", fontsize=9)


def trials_of(rows: list[dict[str, str]], sampler: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what one sampler's trials scored in the search and on the test rows, (splits, trials) each."""
    mine = [row for row in rows if row["sampler"] == sampler]
    accuracy, test = (np.reshape([float(row[k]) for row in mine], (SPLITS, -1)) for k in ("accuracy", "test"))
    return accuracy, test


def chosen_so_far(accuracy: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the test accuracy of the setting that was the best in the search so far, (splits, trials)."""
    best = np.array([[int(np.argmax(run[: n + 1])) for n in range(len(run))] for run in accuracy])
    return np.take_along_axis(test, best, axis=1)


def in_any_order(accuracy: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the mean of that over the splits and 100 orders of the ten random trials at the start, (trials,)."""
    rng = np.random.default_rng(0)
    means = []
    for _ in range(100):
        order = np.tile(np.arange(TRIALS), (SPLITS, 1))
        order[:, :10] = rng.permuted(order[:, :10], axis=1)
        run = chosen_so_far(*(np.take_along_axis(part, order, axis=1) for part in (accuracy, test)))
        means.append(run.mean(axis=0))
    return np.asarray(np.mean(means, axis=0))


def digits_table(rows: list[dict[str, str]]) -> str:
    """Return the means over the splits, and the paired differences on the test rows with bootstrap intervals."""
    runs = {sampler: trials_of(rows, sampler) for sampler in ("default", "random", "tpe")}
    ends = {sampler: (run[0].max(axis=1), chosen_so_far(*run)[:, -1]) for sampler, run in runs.items()}
    lines = ["| settings | 5-fold accuracy | on 1,497 test rows |", "| --- | --- | --- |"]
    for name, sampler in (("untuned", "default"), ("best of 20, random", "random"), ("best of 20, TPE", "tpe")):
        accuracy, test = ends[sampler]
        lines.append(f"| {name} | {accuracy.mean():.4f} | {test.mean():.4f} |")
    for a, b in (("random", "default"), ("tpe", "default"), ("tpe", "random")):
        in_search, on_test = (x - y for x, y in zip(ends[a], ends[b], strict=True))
        name = f"{a} minus {b}".replace("default", "untuned").replace("tpe", "TPE")
        lines.append(f"| {name} | {interval(in_search)} | {interval(on_test)} |")
    return "\n".join(lines) + "\n"


def interval(differences: np.ndarray) -> str:
    """Return the mean and its 95 % bootstrap interval over the splits."""
    drawn = np.random.default_rng(0).choice(differences, (10_000, len(differences))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{differences.mean():+.4f} ({low:+.4f} to {high:+.4f})"


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
