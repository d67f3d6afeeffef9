"""The chapter on which method to take: its questions as a tree, and what they rest upon (budgets.csv)."""

import csv
import re
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, RED, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#333333"
# (question, what a yes leads to, whether that is in this package); a no leads to the next row.
ROWS = [
    ("Are there gradients with respect\nto the parameters?", "gradient descent", False),
    ("Do you know a good setting,\nand is a trial a day's work?", "think; change one thing at a time", False),
    ("One or two parameters,\nand the whole landscape is wanted?", "grid search", True),
    ("Fewer than 20 trials, or all of them\nat once in parallel?", "random search", True),
    ("Several losses that cannot\nbe made one?", "NSGA-II, MOTPE (Optuna, pymoo)", False),
    ("Under 100 dear trials, under ten\nnumbers, hardly any noise?", "try a Gaussian process beside TPE", False),
    ("Numbers only, and 300 trials or more,\nor a smooth bowl?", "CMA-ES", True),
    ("Otherwise: choices, branches,\nfailures, 20 to 1,000 trials", "TPE", True),
]


def make(out: Path) -> None:
    """Draw the tree and the results into a folder, and write the table."""
    tree().savefig(out / "tree.svg")
    budgets(out)


LOOKS = {
    "random search": {"color": RED, "marker": "o", "linestyle": "--"},
    "TPE": {"color": BLUE, "marker": "s", "linestyle": "-"},
    "CMA-ES": {"color": GREEN, "marker": "^", "linestyle": "-."},
}


def budgets(out: Path) -> None:
    """Draw and tabulate the regret of three searches by the number of trials: budgets.csv."""
    with (Path(__file__).parent / "budgets.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    problems, trials = (list(dict.fromkeys(row[name] for row in rows)) for name in ("problem", "trials"))
    shown = ("20", "100", "200", "500", "1000")
    lines = [f"| problem | search | {' | '.join(shown)} trials |", "| --- " * (2 + len(shown)) + "|"]
    figure = Figure(figsize=(8.2, 4.8), layout="constrained")
    panels = list(figure.subplots(2, 3).flat)
    for axes, problem in zip(panels, problems, strict=False):
        for search, look in LOOKS.items():
            found = [row for row in rows if (row["problem"], row["search"]) == (problem, search)]
            # Below 1e-15 everything is rounding, and zero has no logarithm.
            ends = np.maximum([[float(row[name]) for name in ("median", "low", "high")] for row in found], 1e-15)
            middle, low, high = ends.T
            axes.errorbar(
                [int(n) for n in trials], middle, (middle - low, high - middle), capsize=2, label=search, **look
            )
            cells = [_cell(row) for row in found if row["trials"] in shown]
            lines.append(f"| {problem} | {search} | {' | '.join(cells)} |")
        # Rastrigin's regrets are within a factor of ten: on a logarithmic axis there would be one number beside them.
        axes.set(xscale="log", yscale="linear" if problem == "rastrigin" else "log", title=problem)
        axes.set_xticks([20, 100, 1000], ["20", "100", "1,000"])
        axes.minorticks_off()
        axes.tick_params(labelsize=9)
    panels[-1].set_axis_off()
    panels[-1].legend(*panels[0].get_legend_handles_labels(), loc="center", frameon=False)
    figure.supxlabel("trials", fontsize=10)
    figure.supylabel("regret of the best trial", fontsize=10)
    figure.savefig(out / "budgets.svg")
    (out / "budgets.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(row: dict[str, str]) -> str:
    middle, low, high = (_number(float(row[name])) for name in ("median", "low", "high"))
    return f"{middle} [{low}, {high}]"


def _number(x: float) -> str:
    """Return two significant digits, in powers of ten only where it must be."""
    if x >= 100:
        return f"{float(f'{x:.2g}'):,.0f}"
    return re.sub(r"e-0*", "e-", f"{x:.2g}")


def tree() -> Figure:
    """Return the tree, a question a row."""
    figure = Figure(figsize=(7.2, 8.0), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(-len(ROWS) + 0.45, 0.55))
    axes.set_axis_off()
    for i, (question, answer, is_ours) in enumerate(ROWS):
        is_last = i == len(ROWS) - 1
        _box(axes, 2.7, -i, question, INK, "round,pad=0.4")
        _box(axes, 7.9, -i, answer, BLUE if is_ours else RED, "round,pad=0.4" if is_ours else "square,pad=0.4")
        _arrow(axes, (4.95, -i), (5.75, -i), "" if is_last else "yes")
        if not is_last:
            _arrow(axes, (2.7, -i - 0.3), (2.7, -i - 0.68), "no")
    return figure


def _box(axes: Axes, x: float, y: float, text: str, colour: str, style: str) -> None:
    frame = {"boxstyle": style, "facecolor": "white", "edgecolor": colour, "linewidth": 1.6}
    axes.text(x, y, text, ha="center", va="center", fontsize=9.5, color=INK, bbox=frame)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], label: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.2})
    is_flat = start[1] == end[1]
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    axes.text(
        x if is_flat else x + 0.15, y + 0.1 if is_flat else y, label, fontsize=9, ha="center" if is_flat else "left"
    )
