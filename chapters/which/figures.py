"""The chapter on which method to take: its questions as a tree, and what they rest upon (budgets.csv)."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shared import BLUE, INK, RED, draw_regrets, stored, tabulate_regrets  # chapters/figures.py finds it

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


def budgets(out: Path) -> None:
    """Draw and tabulate the regret of three searches by the number of trials: budgets.csv."""
    rows = stored(Path(__file__).parent / "budgets.csv")
    figure = Figure(figsize=(8.2, 4.8), layout="constrained")
    *panels, last = figure.subplots(2, 3).flat
    draw_regrets(panels, rows, "trials")
    for axes in panels:
        axes.set_xticks([20, 100, 1000], ["20", "100", "1,000"])
        axes.minorticks_off()
    last.set_axis_off()
    last.legend(*panels[0].get_legend_handles_labels(), loc="center", frameon=False)
    figure.supxlabel("trials", fontsize=10)
    figure.supylabel("regret of the best trial", fontsize=10)
    figure.savefig(out / "budgets.svg")
    shown = ("20", "100", "200", "500", "1000")
    (out / "budgets.md").write_text(tabulate_regrets(rows, "trials", shown), encoding="utf-8")


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
