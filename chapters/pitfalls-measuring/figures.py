"""The figures and tables of the chapter on pitfalls of measuring.

What is cheap runs when the pages are built; for the rest `experiments.py` beside keeps its numbers in CSV files.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shared import BLUE, GREEN, INK, PINK, RED, empty, interval, stored  # chapters/figures.py finds it

from tpe_reference import Float, Int, Study, TPESampler, create_study, load_study

HERE = Path(__file__).parent
PRICE = 1e-4  # of a tree, in accuracy: a hundred trees have to bring a percentage point


def make(out: Path) -> None:
    """Run the experiments and leave figures and tables in a folder."""
    permuted_labels().savefig(out / "permuted.svg")
    optimism(out)
    failures(out)
    forgotten_price(out)
    overhead(out)
    not_saving(out)


def band(axes: Axes, runs: np.ndarray, colour: str, dashes: str, label: str) -> None:
    """Draw the mean of some runs (n, trials) and its interval, trial by trial."""
    low, high = np.array([interval(column, np.mean) for column in runs.T]).T
    trials = np.arange(1, runs.shape[1] + 1)
    axes.plot(trials, runs.mean(axis=0), color=colour, linestyle=dashes, label=label)
    axes.fill_between(trials, low, high, color=colour, alpha=0.2, linewidth=0)


def permuted_labels() -> Figure:
    """Iris with permuted labels: the best cross-validated score so far, and the same classifiers on held-out rows."""
    rows = stored(HERE / "permuted.csv")
    n = 1 + max(int(row["trial"]) for row in rows)
    scores, tests = (
        np.array([float(row[name]) for row in rows]).reshape(-1, n) for name in ("cross-validated", "held-out")
    )
    best = np.array([[int(np.argmax(run[: k + 1])) for k in range(n)] for run in scores])
    figure, (axes,) = empty(6.4, 3.0)
    axes.axhline(1 / 3, color=INK, linestyle=":", linewidth=1)
    band(axes, np.take_along_axis(scores, best, 1), RED, "-", "best cross-validated accuracy so far")
    band(axes, np.take_along_axis(tests, best, 1), BLUE, "--", "the same classifier on held-out rows")
    axes.set(ylim=(0.2, 0.56), xlabel="configurations tried", ylabel="accuracy")
    axes.legend(fontsize=9, loc="upper left")
    return figure


def optimism(out: Path) -> None:
    """By how much the best validation score of 25 trees exceeds their score on rows that the search never saw."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in stored(HERE / "optimism.csv"):
        found.setdefault(row["validation"], []).append((float(row["best"]), float(row["new"])))
    figure, (axes,) = empty(6.4, 3.4)
    lines = ["| validation | best validation accuracy | the same tree on new rows | difference |", "| --- " * 4 + "|"]
    for (name, pairs), colour, marker in zip(found.items(), (RED, BLUE), "ov", strict=True):
        best, new = np.array(pairs).T
        axes.plot(new, best, marker, color=colour, alpha=0.7, label=name)
        low, high = interval(best - new, np.mean)
        difference = f"{np.mean(best - new):+.3f} [{low:+.3f}, {high:+.3f}]"
        lines.append(f"| {name} | {np.mean(best):.3f} | {np.mean(new):.3f} | {difference} |")
    axes.axline((0.92, 0.92), slope=1, color=INK, linestyle=":", linewidth=1)
    axes.text(0.957, 0.951, "honest", fontsize=9, rotation=20, color=INK)
    axes.set(xlabel="accuracy of the chosen tree on new rows", ylabel="its validation accuracy")
    axes.legend(fontsize=9)
    figure.savefig(out / "optimism.svg")
    (out / "optimism.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def failures(out: Path) -> None:
    """Where the search goes if half of the box fails, by what the objective does about it."""
    ways: dict[str, tuple[Callable[[float], float], str, str]] = {
        "returns 0, the best that there is": (lambda x: 0.0, RED, "-"),
        "returns 1000": (lambda x: 1000.0, GREEN, "-."),
        "returns nan": (lambda x: math.nan, PINK, "--"),
        "raises, `catch=ValueError`": (_raise, BLUE, ":"),
    }
    lines = ["| what it does | failing among the last 50 of 100 trials | best true loss, median |", "| --- " * 3 + "|"]
    figure, (axes,) = empty(6.4, 3.0)
    for name, (way, colour, dashes) in ways.items():
        fails, ends = zip(*(_search_with_failures(way, seed) for seed in range(12)), strict=True)
        share = np.array(fails, dtype=float)
        low, high = interval(share[:, 50:].mean(axis=1), np.mean)
        cell = f"{100 * share[:, 50:].mean():.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
        lines.append(f"| {name} | {cell} | {np.median(ends):.2g} |")
        tens = share.reshape(len(share), -1, 10).mean(axis=(0, 2))
        axes.plot(
            np.arange(5, 100, 10), 100 * tens, color=colour, linestyle=dashes, marker=".", label=name.replace("`", "")
        )
    axes.set(xlabel="trials, ten at a time", ylabel="of them fail, %", ylim=(-3, 103), xlim=(0, 100))
    axes.legend(fontsize=9, loc="center right")
    figure.savefig(out / "failures.svg")
    (out / "failures.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _search_with_failures(way: Callable[[float], float], seed: int) -> tuple[list[bool], float]:
    """Return which trials failed, and the best loss of the others."""
    study = create_study(sampler=TPESampler(), seed=seed)

    def objective(trial: Any) -> float:
        x, y = trial.suggest_float("x", -5.0, 5.0), trial.suggest_float("y", -5.0, 5.0)
        return way(x) if x > 0 else _bowl({"x": x, "y": y})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # each failure is told, as it should be
        study.optimize(objective, n_trials=100, catch=ValueError)
    failed = [trial.params["x"] > 0 for trial in study.trials]
    return failed, min(_bowl(trial.params) for trial in study.trials if trial.params["x"] <= 0)


def _bowl(params: Mapping[str, float]) -> float:
    return (params["x"] + 1.0) ** 2 + (params["y"] - 2.0) ** 2 + 0.1


def _raise(x: float) -> float:
    raise ValueError(f"the training diverged at {x}")


def forgotten_price(out: Path) -> None:
    """Random forests on digits, searched with and without a price for trees; the accuracies are forests.csv."""
    table = {int(row["max_depth"]): [float(row[str(k)]) for k in range(1, 257)] for row in stored(HERE / "forests.csv")}
    figure, (left, right) = empty(7.6, 3.2, 2)
    for depth, colour, dashes in ((4, PINK, ":"), (8, GREEN, "-."), (16, INK, "-")):
        left.semilogx(range(1, 257), table[depth], color=colour, linestyle=dashes, label=f"depth {depth}", base=2)
    left.set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
    left.set(xlabel="trees", ylabel="5-fold accuracy", ylim=(0.7, 1.0))
    left.legend(fontsize=9, loc="lower right")
    lines = ["| maximised | trees of the best | its accuracy | trees trained in 40 trials |", "| --- " * 4 + "|"]
    for name, price, colour, dashes in (
        ("accuracy", 0.0, RED, "-"),
        ("accuracy less a point per 100 trees", PRICE, BLUE, "--"),
    ):
        runs = np.array([_search_forests(table, price, seed) for seed in range(20)])  # (seeds, trials, 3)
        best = runs[np.arange(20), runs[:, :, 2].argmax(axis=1)]
        columns = (best[:, 0], best[:, 1], runs[:, :, 0].sum(axis=1))
        lines.append(f"| {name} | " + " | ".join(map(_median_and_interval, columns, ("", ".3f", ","))) + " |")
        band(right, runs[:, :, 0], colour, dashes, name)
    right.set(xlabel="trial", ylabel="trees of the trial's forest, mean", ylim=(0, 256))
    right.legend(fontsize=9, loc="lower left")
    figure.savefig(out / "price.svg")
    (out / "price.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _median_and_interval(values: np.ndarray, style: str) -> str:
    low, high = interval(values, np.median)
    whole = style != ".3f"
    middle, low, high = (round(x) if whole else x for x in (float(np.median(values)), low, high))
    return f"{middle:{style}} [{low:{style}}, {high:{style}}]"


def _search_forests(table: Mapping[int, list[float]], price: float, seed: int) -> list[tuple[int, float, float]]:
    """Return trees, accuracy and what was maximised, of each trial."""
    study = create_study(direction="maximize", sampler=TPESampler(), seed=seed)
    space, found = {"trees": Int(1, 256), "depth": Int(2, 16, step=2)}, []
    for _ in range(40):
        trial = study.ask(space)
        trees = trial.params["trees"]
        accuracy = table[trial.params["depth"]][trees - 1]
        found.append((trees, accuracy, accuracy - price * trees))
        study.tell(trial, found[-1][2])
    return found


def overhead(out: Path) -> None:
    """The sampler's share of a search's time, by what a trial costs: overhead.csv."""
    rows = stored(HERE / "overhead.csv")
    samplers = [(row["what"], int(row["trials"]), float(row["ms"])) for row in rows if row["trials"]]
    objectives = {row["what"]: float(row["ms"]) for row in rows if not row["trials"]}
    figure, (axes,) = empty(6.4, 3.4)
    costs = np.geomspace(1e-3, 1e3, 200)
    styles = {"random search": (RED, "--"), "CMA-ES": (GREEN, "-."), "TPE": (BLUE, "-")}
    for name, n, ms in samplers:
        if n == 100 or name == "TPE":  # the others do not depend on it
            width = {10: 1.0, 100: 2.0, 1000: 3.0}[n]
            label = f"TPE, {n:,} trials" if name == "TPE" else name
            colour, dashes = styles[name]
            axes.plot(costs, 100 * ms / (ms + costs), color=colour, linestyle=dashes, lw=width, label=label)
    for name, ms in objectives.items():
        axes.axvline(ms, color=INK, linestyle=":", linewidth=1)
        axes.text(ms, 104, name, fontsize=9, ha="center", color=INK)
    axes.set(
        xscale="log",
        xlabel="what a trial of the objective costs, ms",
        ylabel="sampler's share of the time, %",
        ylim=(-3, 102),
    )
    axes.set_xticks([0.001, 0.01, 0.1, 1, 10, 100, 1000], ["0.001", "0.01", "0.1", "1", "10", "100", "1000"])
    axes.legend(fontsize=9, loc="upper right", framealpha=1)
    figure.savefig(out / "overhead.svg")
    lines = ["| sampler | 10 trials | 100 trials | 1,000 trials |", "| --- " * 4 + "|"]
    for name in dict.fromkeys(name for name, _, _ in samplers):
        lines.append(f"| {name} | " + " | ".join(f"{ms:.2g}" for who, _, ms in samplers if who == name) + " |")
    (out / "overhead.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


ALL, CRASH = 80, 50  # evaluations that can be paid for, and after how many of them the machine restarts


def not_saving(out: Path) -> None:
    """What is left of a search after a restart: of a saved one, of one whose best was written down, and of nothing."""
    kept: dict[str, list[np.ndarray]] = {"saved": [], "the best written down": [], "nothing kept": []}
    for seed in range(20):
        optimum = np.random.default_rng((8, seed)).uniform(-2.5, 2.5, 5)
        before = searched(create_study(seed=seed), optimum, CRASH)
        first = [trial.value for trial in before.trials]
        before.save(out / "study.json")
        noted, anew = create_study(seed=1000 + seed), create_study(seed=1000 + seed)
        noted.enqueue_trial(before.best_params)
        for name, study in zip(kept, (load_study(out / "study.json"), noted, anew), strict=True):
            values = [trial.value for trial in searched(study, optimum, ALL - CRASH).trials][-(ALL - CRASH) :]
            known = math.inf if name == "nothing kept" else min(first)
            best = [np.minimum.accumulate(first), np.minimum(known, np.minimum.accumulate(values))]
            kept[name].append(np.log10(np.concatenate(best)))
        (out / "study.json").unlink()
    figure, (axes,) = empty(6.4, 3.0)
    for (name, runs), colour, dashes in zip(kept.items(), (BLUE, GREEN, RED), ("-", "--", ":"), strict=True):
        band(axes, np.array(runs), colour, dashes, name)
    axes.axvline(CRASH + 0.5, color=INK, linestyle=":", linewidth=1)
    axes.set(xlabel="evaluations paid for", ylabel="log10 of the best loss", xlim=(1, ALL))
    axes.legend(fontsize=9, loc="lower left")
    figure.savefig(out / "not-saving.svg")
    ends = {name: [run[-1] for run in runs] for name, runs in kept.items()}
    lines = []
    for name, found in ends.items():
        low, high = interval(np.array(found), np.mean)
        middle, low, high = (10**value for value in (float(np.mean(found)), low, high))
        lines.append(f"| {name} | {middle:.3f} [{low:.3f}, {high:.3f}] |\n")
    head = f"| what the restart leaves | best loss after {ALL} evaluations |\n| --- | --- |\n"
    (out / "not-saving.md").write_text(head + "".join(lines), encoding="utf-8")


def searched(study: Study, optimum: np.ndarray, n: int) -> Study:
    """Run n more trials on a sphere, and return the study."""
    space = {f"x{j}": Float(-5, 5) for j in range(len(optimum))}
    for _ in range(n):
        trial = study.ask(space)
        study.tell(trial, float(((np.array([trial.params[name] for name in space]) - optimum) ** 2).sum()))
    return study
