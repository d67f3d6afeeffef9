"""Figures of the chapter on comparing, from the CSV files that runs.py writes."""

import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tpe_reference.compare.statistics import Estimate, estimate, geometric_mean_ratio, wins

Array = NDArray[np.float64]

HERE = Path(__file__).parent
BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
KEPT = (5, 10, 15, 20, 30, 50)
STUDIES = 4000  # comparisons that are drawn from the 400 seeds, for each number of seeds


def make(out: Path) -> None:
    """Draw all figures and write the tables."""
    runs = load("runs.csv")
    single(out, runs)
    flips(out, runs)
    anytime(out, load("anytime.csv"))
    pairs(out, runs)
    coverage(out, load("coverage.csv"))
    table(out, runs)


def load(name: str) -> dict[str, Array]:
    """Return the columns of a CSV file."""
    with (HERE / name).open(newline="") as file:
        rows = list(csv.reader(file))
    columns = np.array(rows[1:], dtype=float).T
    return dict(zip(rows[0], columns, strict=True))


def single(out: Path, runs: dict[str, Array]) -> None:
    """Draw the regrets of 400 single runs at 15 trials, and how often one pair misleads, by trials."""
    figure = Figure(figsize=(8, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    bins = np.geomspace(0.3, 60, 30)
    left.hist(runs["random-15"], bins, histtype="step", color=RED, lw=1.8, label="random search", ls="--")
    left.hist(runs["tpe-15"], bins, histtype="step", color=BLUE, lw=1.8, label="TPE")
    left.set(xscale="log", xlabel="regret after 15 trials", ylabel="runs of 400")
    left.legend(frameon=False, loc="upper left")
    kept = KEPT[2:]
    for paired, colour, style in ((False, RED, "s--"), (True, BLUE, "o-")):
        share = [100 * wrong(runs, n, 1, "median", paired) for n in kept]
        label = "at the same seed" if paired else "at two seeds"
        right.plot(range(len(kept)), share, style, color=colour, label=label)
    right.set(xticks=range(len(kept)), xticklabels=kept, ylim=(0, 40), xlabel="trials per run")
    right.set_ylabel("single pairs with random ahead, %")
    right.legend(frameon=False)
    figure.savefig(out / "single.svg")


def _win_rate(runs: dict[str, Array], n: int) -> Estimate:
    won = wins(np.column_stack([runs[f"random-{n}"], runs[f"tpe-{n}"]]))
    return estimate(won[:, :1, 1], np.mean)[0]


SEEDS = (1, 2, 3, 5, 7, 10, 15, 20)


def flips(out: Path, runs: dict[str, Array]) -> None:
    """Draw how often a comparison of so many seeds has the wrong sign, for three statistics, in pairs and not."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, paired in zip(axes, (True, False), strict=True):
        for name, colour, style in (("mean", RED, "s--"), ("median", BLUE, "o-"), ("mean of logs", GREEN, "^:")):
            shares = [100 * wrong(runs, 15, k, name, paired) for k in SEEDS]
            ax.plot(SEEDS, shares, style, color=colour, label=name)
        ax.set(title="the same seeds for both" if paired else "other seeds for each", xlabel="seeds, each")
        ax.set(xscale="log", xticks=SEEDS, xticklabels=SEEDS, ylim=(0, 30))
        ax.minorticks_off()
        ax.axhline(5, color="#777777", lw=0.8, ls=":")
    axes[0].set_ylabel("comparisons with random ahead, %")
    axes[1].legend(frameon=False)
    figure.savefig(out / "flips.svg")


def wrong(runs: dict[str, Array], n: int, seeds: int, name: str, paired: bool) -> float:
    """Return the share of comparisons by so many seeds, after n trials, that show random search ahead."""
    if seeds == 1:  # all pairs there are
        random, tpe = runs[f"random-{n}"], runs[f"tpe-{n}"]
        return float((random < tpe).mean() if paired else (random[:, None] < tpe).mean())
    rng = np.random.default_rng([n, seeds])
    rows = rng.integers(len(runs["seed"]), size=(STUDIES, seeds))
    others = rows if paired else rng.integers(len(runs["seed"]), size=(STUDIES, seeds))
    random, tpe = runs[f"random-{n}"][rows], runs[f"tpe-{n}"][others]
    if name == "mean of logs":
        random, tpe = np.log(random), np.log(tpe)
    statistic = np.median if name == "median" else np.mean
    return float((statistic(random, axis=1) < statistic(tpe, axis=1)).mean())


def anytime(out: Path, curves: dict[str, Array]) -> None:
    """Draw the incumbent against trials, and against seconds for a free objective and one of 10 ms."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    n = curves["trial"]
    for name, label, colour, style in (("random", "random search", RED, "--"), ("tpe", "TPE", BLUE, "-")):
        low, mid, high = (curves[f"{name}-{q}"] for q in ("q1", "q2", "q3"))
        spent = curves[f"{name}-seconds"]
        for ax, x in zip(axes, (n, 1000 * spent, spent + 0.01 * n), strict=True):
            ax.plot(x, mid, style, color=colour, label=label)
            ax.fill_between(x, low, high, color=colour, alpha=0.15)
    axes[0].set(yscale="log", ylabel="regret", xlabel="trials")
    axes[1].set(xscale="log", xlabel="milliseconds, objective free")
    axes[2].set(xlabel="seconds, objective 10 ms")
    axes[0].legend(frameon=False, loc="lower left")
    figure.savefig(out / "anytime.svg")


def pairs(out: Path, runs: dict[str, Array]) -> None:
    """Draw regret of TPE against regret of random search, seed by seed, at 15 trials."""
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    ax = figure.subplots()
    random, tpe = runs["random-15"], runs["tpe-15"]
    for who, colour, mark, name in (
        (tpe < random, BLUE, "o", "TPE ahead"),
        (tpe == random, "black", "+", "equal"),
        (tpe > random, RED, "s", "random ahead"),
    ):
        ax.plot(random[who], tpe[who], mark, color=colour, ms=4, alpha=0.7, label=f"{name}: {who.sum()}")
    ends = [0.3, 60]
    ax.plot(ends, ends, color="#777777", lw=1)
    ax.set(xscale="log", yscale="log", xlabel="regret of random search", ylabel="regret of TPE", xlim=ends, ylim=ends)
    ax.legend(frameon=False)
    figure.savefig(out / "pairs.svg")


def coverage(out: Path, found: dict[str, Array]) -> None:
    """Draw how often an interval from few seeds holds the truth."""
    figure = Figure(figsize=(5.6, 3.0), layout="constrained")
    ax = figure.subplots()
    ax.plot(found["seeds"], 100 * found["ratio"], "o-", color=BLUE, label="mean log ratio, in pairs")
    ax.plot(found["seeds"], 100 * found["median"], "s--", color=RED, label="median of TPE")
    ax.axhline(95, color="#777777", ls=":")
    seeds = found["seeds"].astype(int)
    ax.set(xscale="log", xticks=seeds, xticklabels=seeds, ylim=(60, 100), xlabel="seeds")
    ax.set_ylabel("intervals that hold the truth, %")
    ax.minorticks_off()
    ax.legend(frameon=False, loc="lower right")
    figure.savefig(out / "coverage.svg")


def table(out: Path, runs: dict[str, Array]) -> None:
    """Write what the first 20 seeds and all 400 say, at each number of trials."""
    lines = [
        "| trials | seeds | median, random | median, TPE | ratio TPE / random | P(TPE beats random) |",
        "|---" * 6 + "|",
    ]
    for n in KEPT[2:]:
        for seeds in (20, 400):
            cut = {key: column[:seeds] for key, column in runs.items()}
            both = np.column_stack([cut[f"random-{n}"], cut[f"tpe-{n}"]])
            medians = [_text(found, 2) for found in estimate(both, np.median)]
            ratio = geometric_mean_ratio(both[None, :, 1], both[None, :, 0])
            won = _win_rate(cut, n)
            beats = Estimate(1 - won.value, 1 - won.high, 1 - won.low)
            lines.append(f"| {n} | {seeds} | {medians[0]} | {medians[1]} | {_text(ratio, 2)} | {_text(beats, 2)} |")
    (out / "table.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _text(found: Estimate, digits: int) -> str:
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
