"""The experiments of the chapter on pitfalls of searching, and their figures.

What is cheap runs when the pages are built; for the rest `experiments.py` beside keeps its numbers in CSV files.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from shared import (  # chapters/figures.py finds it
    BLUE,
    INK,
    LOOKS,
    RED,
    Three,
    bracketed,
    empty,
    interval,
    stored,
    table,
    three,
    whiskers,
)

from tpe_reference import Categorical, CmaEsSampler, Float, Int, RandomSampler, TPESampler, create_study
from tpe_reference.samplers.tpe import Rules

SEEDS = 30
HERE = Path(__file__).parent
Objective = Callable[[Mapping[str, Any]], float]


def make(out: Path) -> None:
    """Run the experiments, draw them into a folder, and leave their numbers beside as tables."""
    for experiment in (too_few, too_wide, log_or_not, repeats, defaults, settings, pruner):
        figure, table = experiment()
        name = experiment.__name__.replace("_", "-")
        figure.savefig(out / f"{name}.svg")
        (out / f"{name}.md").write_text(table, encoding="utf-8")
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


def median(values: np.ndarray) -> Three:
    """Return a median and its interval."""
    return (float(np.median(values)), *interval(values, np.median))


def cell(values: np.ndarray) -> str:
    """Return a median and its interval as a table has it."""
    return bracketed(*median(values))


def too_few() -> tuple[Figure, str]:
    """How often TPE is ahead of random search after so many trials, over all pairs of runs: too-few.csv."""
    rows = stored(HERE / "too-few.csv")
    trials = [int(row["trials"]) for row in rows]
    ahead, low, high = ([float(row[name]) for row in rows] for name in ("ahead", "low", "high"))
    figure, (axes,) = empty(6.4, 3.0)
    axes.axhline(0.5, color=INK, linestyle=":", linewidth=1)
    axes.axvspan(0.5, 10.5, color="#eeeeee")
    axes.fill_between(trials, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(trials, ahead, color=BLUE, linewidth=2)
    axes.text(5.5, 0.98, "TPE's start-up\nis random", ha="center", va="top", fontsize=9)
    axes.set(xlim=(0.5, trials[-1]), ylim=(0.3, 1.02), xlabel="trials", ylabel="P(TPE is ahead of random)")
    cells = [
        [str(k), f"{p:.2f} [{lo:.2f}, {hi:.2f}]", f"{1 - p:.2f} [{1 - hi:.2f}, {1 - lo:.2f}]"]
        for k, p, lo, hi in zip(trials, ahead, low, high, strict=True)
        if k in (5, 10, 15, 20, 30, 60)
    ]
    return figure, table(
        ["trials", "P(one run of TPE is ahead)", "how often one pair of runs says the opposite"], cells
    )


def settings() -> tuple[Figure, str]:
    """One setting of TPE and one of CMA-ES at two budgets each: settings.csv; the figure shows Rastrigin."""
    rows: dict[tuple[str, str], list[str]] = {}
    figure, panels = empty(7.4, 2.9, 2)
    for row in stored(HERE / "settings.csv"):
        key = (f"{row['sampler']}, {int(row['trials']):,} trials", row["setting"])
        rows.setdefault(key, []).append(bracketed(*three(row)))
    for panel, sampler, budgets in zip(panels, ("TPE", "CMA-ES"), ((20, 60), (1000, 5000)), strict=True):
        for budget, colour, marker, dashes in zip(budgets, (RED, BLUE), "os", ("--", "-"), strict=True):
            found = [row for row in stored(HERE / "settings.csv") if row["problem"] == "Rastrigin"]
            found = [row for row in found if (row["sampler"], row["trials"]) == (sampler, str(budget))]
            x = [int(row["setting"].strip("`").partition("=")[2]) for row in found]
            look = {"color": colour, "marker": marker, "linestyle": dashes, "label": f"{budget:,} trials"}
            whiskers(panel, x, [three(row) for row in found], clip_on=False, **look)  # one lies on the axis
        setting = found[0]["setting"].strip("`").partition("=")[0]
        panel.set(title=f"{sampler} on Rastrigin", xlabel=setting, ylim=(0, None))
        panel.title.set_size(9)
        panel.legend(fontsize=9, loc="lower right" if sampler == "TPE" else "upper left")
    panels[0].set_ylabel("best loss")
    panels[1].set_xscale("log", base=2)
    panels[1].set_xticks([8, 32, 128], ["8", "32", "128"])
    return figure, table(["search", "setting", "sphere", "Rastrigin"], [[*key, *found] for key, found in rows.items()])


def pruner() -> tuple[Figure, str]:
    """What a warm-up saves and loses, on orderly and on crossing curves: pruner.csv."""
    rows: dict[tuple[str, str], list[str]] = {}
    figure, panels = empty(7.4, 2.8, 2)
    for row in stored(HERE / "pruner.csv"):
        style = ".3f" if row["what"] == "regret" else ".0%"
        mean, low, high = (f"{x:{style}}" for x in three(row, "mean"))
        warmup = f"{row['warm-up']}, the default" if row["warm-up"] == "0" else row["warm-up"]
        rows.setdefault((row["curves"], warmup), []).append(f"{mean} [{low}, {high}]")
    for panel, what, label in zip(
        panels, ("saved", "killed"), ("steps saved, %", "best stopped, % of runs"), strict=True
    ):
        for curves, colour, marker, dashes in (("orderly", BLUE, "s", "-"), ("crossing", RED, "o", "--")):
            found = [row for row in stored(HERE / "pruner.csv") if (row["curves"], row["what"]) == (curves, what)]
            shares = [100 * np.array(three(row, "mean")) for row in found]
            look = {"color": colour, "marker": marker, "linestyle": dashes, "label": curves}
            whiskers(panel, [int(row["warm-up"]) for row in found], shares, **look)
        panel.set(xlabel="n_warmup_steps, of 30", ylabel=label, ylim=(-3, 103))
        panel.set_xticks([0, 5, 10, 15])
    panels[1].legend(fontsize=9)
    head = ["curves", "`n_warmup_steps`", "steps saved", "best curve stopped", "regret"]
    return figure, table(head, [[*key, *found] for key, found in rows.items()])


SAMPLERS: dict[str, tuple[Callable[[], Any], dict[str, str]]] = {
    "random search": (RandomSampler, LOOKS["random search"]),
    "TPE": (TPESampler, LOOKS["TPE"]),
    "CMA-ES, no parabola": (lambda: CmaEsSampler(parabola=False), LOOKS["CMA-ES"]),
}


def too_wide() -> tuple[Figure, str]:
    """The same sphere in boxes of three sizes."""
    widths = (5.0, 50.0, 500.0)
    figure, (axes,) = empty(6.4, 3.0)
    columns = []
    for name, (sampler, look) in SAMPLERS.items():
        ends = [
            np.array([best_so_far(sampler(), *shifted_sphere(5, seed, width), 60, seed)[-1] for seed in range(12)])
            for width in widths
        ]
        whiskers(axes, widths, [median(end) for end in ends], label=name, **look)
        columns.append([cell(end) for end in ends])
    axes.set(xscale="log", yscale="log", xlabel="half width of the box", ylabel="best loss after 60 trials")
    axes.set_xticks(widths, [f"±{width:g}" for width in widths])
    axes.minorticks_off()
    axes.legend(fontsize=9)
    rows = [[f"±{width:g}", *cells] for width, *cells in zip(widths, *columns, strict=True)]
    return figure, table(["the box", *SAMPLERS], rows)


def log_or_not() -> tuple[Figure, str]:
    """A loss that depends on the order of magnitude of a learning rate, searched on both scales."""
    figure, axes = empty(7.4, 2.6, 2)
    rows = []
    for log, panel in ((False, axes[0]), (True, axes[1])):

        def objective(trial: Any, log: bool = log) -> float:
            return (math.log10(trial.suggest_float("lr", 1e-6, 1.0, log=log)) + 4) ** 2

        cells = []
        for level, name in enumerate(("random search", "TPE")):
            sampler, look = SAMPLERS[name]
            studies = [create_study(sampler=sampler(), seed=seed) for seed in range(SEEDS)]
            for study in studies:
                study.optimize(objective, n_trials=20)
            cells.append(cell(np.array([study.best_value for study in studies])))
            rates = [trial.params["lr"] for study in studies[:5] for trial in study.trials]
            heights = level + 0.12 * np.repeat(np.arange(5) - 2, 20)  # five runs, one above the other
            panel.plot(rates, heights, "|", color=look["color"], markersize=6)
        panel.axvline(1e-4, color=INK, linestyle=":", linewidth=1)
        title = "log=True" if log else "linear"
        panel.set(xscale="log", xlim=(5e-7, 2), ylim=(-0.5, 1.5), title=title, xlabel="learning rates tried")
        panel.set_yticks([0, 1], ["random", "TPE"])
        rows.append(["logarithmic, `log=True`" if log else "linear", *cells])
    return figure, table(["scale", "random search", "TPE"], rows)


def repeats() -> tuple[Figure, str]:
    """Count the repetitions of our samplers; those of other packages stand in peers.csv."""
    samplers = {
        "random search": RandomSampler,
        "TPE, each parameter by itself": lambda: TPESampler(rules=Rules(joint=False)),
        "TPE, the default": TPESampler,
        "CMA-ES": CmaEsSampler,
    }
    found = {}
    for name, sampler in samplers.items():
        counts = np.array([repeated(sampler(), seed) for seed in range(10)])
        found[name] = (float(counts.mean()), *interval(counts, np.mean))
    for row in stored(HERE / "peers.csv"):
        found[f"{row['package']}, its TPE"] = three(row, "mean")
    figure, (axes,) = empty(6.4, 2.4)
    for level, (name, (mean, low, high)) in enumerate(found.items()):
        colour = BLUE if name in samplers else RED
        axes.errorbar(mean, -level, xerr=[[mean - low], [high - mean]], fmt="o", color=colour, capsize=3)
    axes.set_yticks(-np.arange(len(found)), list(found))
    axes.set(xlim=(-2, 100), xlabel="trials of 100 that repeat an earlier one")
    axes.grid(axis="x", alpha=0.3)
    rows = [[name, f"{mean:.0f} [{low:.0f}, {high:.0f}]"] for name, (mean, low, high) in found.items()]
    return figure, table(["sampler", "trials of 100 that repeat an earlier one, mean"], rows)


def defaults() -> tuple[Figure, str]:
    """Three problems, three samplers with their defaults: defaults.csv."""
    rows = stored(HERE / "defaults.csv")
    problems, samplers = (list(dict.fromkeys(row[name] for row in rows)) for name in ("problem", "sampler"))
    figure, axes = empty(7.8, 2.9, len(problems))
    lines = []
    for panel, problem in zip(axes, problems, strict=True):
        found = [three(row) for row in rows if row["problem"] == problem]
        lines.append([problem, *(bracketed(*one) for one in found)])
        for x, (one, (_, look)) in enumerate(zip(found, SAMPLERS.values(), strict=True)):
            whiskers(panel, [x], [one], color=look["color"], marker=look["marker"])
        panel.set(title=problem.replace(", ", "\n", 1), xlim=(-0.5, 2.5))
        panel.title.set_size(9)
        panel.set_xticks(range(3), ["random", "TPE", "CMA-ES"])
        if problem == problems[0]:
            panel.set(yscale="log", ylabel="best loss")
        else:
            panel.set_ylim(bottom=0)
    return figure, table(["problem", *samplers], lines)


def repeated(sampler: Any, seed: int) -> int:
    """Return how many of a hundred trials repeat an earlier one in a space of 300 points."""
    space = {"a": Int(1, 10), "b": Int(1, 6), "c": Categorical(["v", "w", "x", "y", "z"])}
    study = create_study(sampler=sampler, seed=seed)
    for _ in range(100):
        trial = study.ask(space)
        study.tell(trial, (trial.params["a"] - 7) ** 2 + trial.params["b"] + (trial.params["c"] != "y"))
    return 100 - len({tuple(trial.params.values()) for trial in study.trials})


def dimensions() -> Figure:
    """The best loss per dimension after 100 trials, in 2, 5, 10, 20 and 40 dimensions: dimensions.csv."""
    rows = stored(HERE / "dimensions.csv")
    sizes = sorted({int(row["dimensions"]) for row in rows})
    figure, (axes,) = empty(6.4, 3.2)
    for name, (_, look) in SAMPLERS.items():
        whiskers(axes, sizes, [three(row) for row in rows if row["sampler"] == name], label=name, **look)
    axes.set(xscale="log", yscale="log", xlabel="dimensions", ylabel="best loss after 100 trials, per dimension")
    axes.set_xticks(sizes, [str(d) for d in sizes], minor=False)
    axes.minorticks_off()
    axes.legend(fontsize=9)
    return figure


def dependent() -> Figure:
    """Three valleys, each along a diagonal: TPE that chooses jointly, and TPE that chooses each parameter by itself."""
    space = {f"{name}{i}": Float(-5.0, 5.0) for i in range(3) for name in "xy"}

    def valley(params: Mapping[str, Any]) -> float:
        pairs = [(params[f"x{i}"], params[f"y{i}"]) for i in range(3)]
        return float(sum((x + y - 4.0) ** 2 / 10 + 10 * (x - y) ** 2 for x, y in pairs))

    figure, (axes,) = empty(6.4, 3.0)
    for label, joint, colour, dashes in (("one by one", False, RED, "--"), ("joint, the default", True, BLUE, "-")):
        runs = np.array(
            [best_so_far(TPESampler(rules=Rules(joint=joint)), space, valley, 100, seed) for seed in range(20)]
        )
        low, high = np.array([interval(column, np.median) for column in runs.T]).T
        axes.semilogy(range(1, 101), np.median(runs, axis=0), color=colour, linestyle=dashes, label=label)
        axes.fill_between(range(1, 101), low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set(xlabel="trials", ylabel="best loss so far")
    axes.legend(fontsize=9)
    return figure
