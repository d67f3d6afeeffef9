"""The experiments of the chapter on pitfalls of searching, and their figures.

They run when the pages are built, but for the dear ones: `experiments.py` beside runs those, and keeps CSV files.
"""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tpe_reference import Categorical, CmaEsSampler, Float, Int, RandomSampler, TPESampler, create_study
from tpe_reference.samplers.tpe import Rules

BLUE, RED, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#333333"  # Okabe and Ito's
SEEDS = 30
HERE = Path(__file__).parent
Objective = Callable[[Mapping[str, Any]], float]


def make(out: Path) -> None:
    """Run the experiments, draw them into a folder, and leave their numbers beside as tables."""
    few, pairs = too_few()
    few.savefig(out / "too-few.svg")
    (out / "pairs.md").write_text(pairs, encoding="utf-8")
    (out / "too-wide.md").write_text(too_wide(), encoding="utf-8")
    (out / "log.md").write_text(log_or_not(), encoding="utf-8")
    (out / "repeats.md").write_text(repeats(), encoding="utf-8")
    (out / "settings.md").write_text(settings(), encoding="utf-8")
    (out / "pruner.md").write_text(pruner(), encoding="utf-8")
    (out / "defaults.md").write_text(defaults(), encoding="utf-8")
    dimensions().savefig(out / "dimensions.svg")
    dependent().savefig(out / "dependent.svg")


def best_so_far(sampler: Any, space: Mapping[str, Any], objective: Objective, n: int, seed: int) -> np.ndarray:
    """Return the least loss after each of n trials."""
    study = create_study(sampler=sampler, seed=seed)
    for _ in range(n):
        trial = study.ask(space)
        study.tell(trial, objective(trial.params))
    return np.minimum.accumulate([trial.value for trial in study.trials])


def shifted_sphere(d: int, seed: int, half_width: float = 5.0) -> tuple[dict[str, Float], Objective]:
    """Return a sphere in d dimensions whose optimum is somewhere in [-2.5, 2.5]^d, and its space."""
    optimum = np.random.default_rng((7, seed)).uniform(-2.5, 2.5, d)
    space = {f"x{j}": Float(-half_width, half_width) for j in range(d)}
    return space, lambda params: float(((np.array([params[name] for name in space]) - optimum) ** 2).sum())


def interval(values: np.ndarray, statistic: Callable[..., Any] = np.median) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a statistic over the first axis."""
    rng = np.random.default_rng(0)
    drawn = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(1000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def stored(name: str) -> list[dict[str, str]]:
    """Return the rows of a table that experiments.py has made."""
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def too_few() -> tuple[Figure, str]:
    """How often TPE is ahead of random search after so many trials, over all pairs of runs: too-few.csv."""
    rows = stored("too-few.csv")
    trials = [int(row["trials"]) for row in rows]
    ahead, low, high = ([float(row[name]) for row in rows] for name in ("ahead", "low", "high"))
    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0.5, color=INK, linestyle=":", linewidth=1)
    axes.axvspan(0.5, 10.5, color="#eeeeee")
    axes.fill_between(trials, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(trials, ahead, color=BLUE, linewidth=2)
    axes.text(5.5, 0.98, "TPE's start-up\nis random", ha="center", va="top", fontsize=9)
    axes.set(xlim=(0.5, trials[-1]), ylim=(0.3, 1.02))
    axes.set_xlabel("trials", fontsize=9)
    axes.set_ylabel("P(TPE is ahead of random)", fontsize=9)
    axes.tick_params(labelsize=9)
    lines = [
        "| trials | P(one run of TPE is ahead) | how often one pair of runs says the opposite |",
        "| --- | --- | --- |",
    ]
    for k in (5, 10, 15, 20, 30, 60):
        p, lo, hi = ahead[k - 1], low[k - 1], high[k - 1]
        lines.append(f"| {k} | {p:.2f} [{lo:.2f}, {hi:.2f}] | {1 - p:.2f} [{1 - hi:.2f}, {1 - lo:.2f}] |")
    return figure, "\n".join(lines) + "\n"


def settings() -> str:
    """One setting of TPE and one of CMA-ES at two budgets each: settings.csv."""
    cells: dict[str, list[str]] = {}
    for row in stored("settings.csv"):
        key = f"| {row['sampler']}, {int(row['trials']):,} trials | {row['setting']} |"
        median, low, high = (f"{float(row[name]):.2g}" for name in ("median", "low", "high"))
        cells.setdefault(key, []).append(f"{median} [{low}, {high}]")
    rows = [f"{key} {' | '.join(found)} |" for key, found in cells.items()]
    return "\n".join(["| search | setting | sphere | Rastrigin |", "| --- | --- | --- | --- |", *rows]) + "\n"


def pruner() -> str:
    """What a warm-up saves and loses, on orderly and on crossing curves: pruner.csv."""
    cells: dict[str, list[str]] = {}
    for row in stored("pruner.csv"):
        mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
        text = (
            f"{mean:.3f} [{low:.3f}, {high:.3f}]" if row["what"] == "regret" else f"{mean:.0%} [{low:.0%}, {high:.0%}]"
        )
        warmup = f"{row['warm-up']}, the default" if row["warm-up"] == "0" else row["warm-up"]
        cells.setdefault(f"| {row['curves']} | {warmup} |", []).append(text)
    rows = [f"{key} {' | '.join(found)} |" for key, found in cells.items()]
    head = [
        "| curves | `n_warmup_steps` | steps saved | best curve stopped | regret |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def too_wide() -> str:
    """The same sphere in boxes of three sizes."""
    rows = ["| the box | random search | TPE | CMA-ES, `parabola=False` |", "| --- | --- | --- | --- |"]
    for half_width in (5.0, 50.0, 500.0):
        cells = []
        for sampler in (RandomSampler, TPESampler, lambda: CmaEsSampler(parabola=False)):
            ends = []
            for seed in range(12):
                space, f = shifted_sphere(5, seed, half_width)
                ends.append(best_so_far(sampler(), space, f, 60, seed)[-1])
            low, high = interval(np.array(ends))
            cells.append(f"{np.median(ends):.2g} [{low:.2g}, {high:.2g}]")
        rows.append(f"| ±{half_width:g} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def log_or_not() -> str:
    """A loss that depends on the order of magnitude of a learning rate, searched on both scales."""
    rows = ["| scale | random search | TPE |", "| --- | --- | --- |"]
    for log in (False, True):
        cells = []
        for sampler in (RandomSampler, TPESampler):
            ends = np.array(
                [
                    best_so_far(
                        sampler(),
                        {"lr": Float(1e-6, 1.0, log=log)},
                        lambda params: (np.log10(params["lr"]) + 4) ** 2,
                        20,
                        seed,
                    )[-1]
                    for seed in range(SEEDS)
                ]
            )
            low, high = interval(ends)
            cells.append(f"{np.median(ends):.2g} [{low:.2g}, {high:.2g}]")
        rows.append(f"| {'logarithmic, `log=True`' if log else 'linear'} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def repeats() -> str:
    """Tabulate the repetitions of our samplers; those of other packages stand in peers.csv."""
    samplers = {
        "random search": RandomSampler,
        "TPE, each parameter by itself": lambda: TPESampler(rules=Rules(joint=False)),
        "TPE, the default": TPESampler,
        "CMA-ES": CmaEsSampler,
    }
    rows = ["| sampler | trials of 100 that repeat an earlier one, mean |", "| --- | --- |"]
    for name, sampler in samplers.items():
        shares = np.array([repeated(sampler(), seed) for seed in range(10)])
        low, high = interval(shares, np.mean)
        rows.append(f"| {name} | {shares.mean():.0f} [{low:.0f}, {high:.0f}] |")
    for row in stored("peers.csv"):
        mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
        rows.append(f"| {row['package']}, its TPE | {mean:.0f} [{low:.0f}, {high:.0f}] |")
    return "\n".join(rows) + "\n"


def rosenbrock(params: Mapping[str, Any]) -> float:
    """A bent valley in as many dimensions as there are parameters; lowest, 0, where all are 1."""
    x = np.array(list(params.values()))
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def wrong_choices(params: Mapping[str, Any]) -> float:
    """Return how many of ten choices are wrong, and twice that where a choice and the next are."""
    wrong = np.array([choice != "b" for choice in params.values()], dtype=float)
    return float(wrong.sum() + (wrong[1:] * wrong[:-1]).sum())


def defaults() -> str:
    """Three problems, three samplers with their defaults."""
    problems: dict[str, tuple[dict[str, Any], Objective, int]] = {
        "a bent valley, 5 numbers, 1,000 trials": ({f"x{j}": Float(-3.0, 3.0) for j in range(5)}, rosenbrock, 1000),
        "10 choices of three, 30 trials": (
            {f"c{j}": Categorical(["a", "b", "c"]) for j in range(10)},
            wrong_choices,
            30,
        ),
        "a sphere, 5 numbers, 12 trials": (*shifted_sphere(5, 0), 12),
    }
    rows = ["| problem | random search | TPE | CMA-ES |", "| --- | --- | --- | --- |"]
    for name, (space, objective, n) in problems.items():
        cells = []
        for sampler in (RandomSampler, TPESampler, CmaEsSampler):
            ends = np.array([best_so_far(sampler(), space, objective, n, seed)[-1] for seed in range(7)])
            low, high = interval(ends)
            cells.append(f"{np.median(ends):.2g} [{low:.2g}, {high:.2g}]")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def repeated(sampler: Any, seed: int) -> int:
    """Return how many of a hundred trials repeat an earlier one in a space of 300 points."""
    space = {"a": Int(1, 10), "b": Int(1, 6), "c": Categorical(["v", "w", "x", "y", "z"])}
    study = create_study(sampler=sampler, seed=seed)
    for _ in range(100):
        trial = study.ask(space)
        study.tell(trial, (trial.params["a"] - 7) ** 2 + trial.params["b"] + (trial.params["c"] != "y"))
    return 100 - len({tuple(trial.params.values()) for trial in study.trials})


def dimensions() -> Figure:
    """The best loss per dimension after 100 trials, in 2, 5, 10, 20 and 40 dimensions."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes, sizes = figure.subplots(), [2, 5, 10, 20, 40]
    for (name, sampler), colour, marker, dashes in zip(
        (("random", RandomSampler), ("TPE", TPESampler), ("CMA-ES, no parabola", lambda: CmaEsSampler(parabola=False))),
        (RED, BLUE, GREEN),
        "os^",
        ("--", "-", "-."),
        strict=True,
    ):
        middle, ends = [], []
        for d in sizes:
            losses = [best_so_far(sampler(), *shifted_sphere(d, seed), 100, seed)[-1] / d for seed in range(7)]
            middle.append(np.median(losses))
            ends.append(interval(np.array(losses)))
        axes.errorbar(
            sizes,
            middle,
            yerr=np.abs(np.array(ends).T - middle),
            color=colour,
            marker=marker,
            linestyle=dashes,
            capsize=3,
            label=name,
        )
    axes.set(xscale="log", yscale="log", xticks=sizes)
    axes.set_xticks(sizes, [str(d) for d in sizes], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("dimensions", fontsize=9)
    axes.set_ylabel("best loss after 100 trials, per dimension", fontsize=9)
    axes.tick_params(labelsize=9)
    axes.legend(fontsize=9)
    return figure


def dependent() -> Figure:
    """Three valleys, each along a diagonal: TPE that chooses jointly, and TPE that chooses each parameter by itself."""
    space = {f"{name}{i}": Float(-5.0, 5.0) for i in range(3) for name in "xy"}

    def valley(params: Mapping[str, Any]) -> float:
        pairs = [(params[f"x{i}"], params[f"y{i}"]) for i in range(3)]
        return float(sum((x + y - 4.0) ** 2 / 10 + 10 * (x - y) ** 2 for x, y in pairs))

    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    axes = figure.subplots()
    for label, joint, colour, dashes in (("one by one", False, RED, "--"), ("joint, the default", True, BLUE, "-")):
        runs = np.array(
            [best_so_far(TPESampler(rules=Rules(joint=joint)), space, valley, 100, seed) for seed in range(20)]
        )
        low, high = np.array([interval(column) for column in runs.T]).T
        axes.semilogy(range(1, 101), np.median(runs, axis=0), color=colour, linestyle=dashes, label=label)
        axes.fill_between(range(1, 101), low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xlabel("trials", fontsize=9)
    axes.set_ylabel("best loss so far", fontsize=9)
    axes.tick_params(labelsize=9)
    axes.legend(fontsize=9)
    return figure
