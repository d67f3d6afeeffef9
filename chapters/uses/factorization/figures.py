"""The picture and the table of the page on matrix factorisation, from the runs that are kept beside it."""

from pathlib import Path

import drawing  # chapters/figures.py finds it
import numpy as np
from matplotlib.axes import Axes
from ratings import TRUE_RANK

HERE = Path(__file__).parent
OTHERS = ["untuned", "biases alone", "the truth"]


def make(out: Path) -> None:
    """Draw the picture into a folder, and leave the tables beside it."""
    trials, ends = drawing.runs(HERE)
    figure, right = drawing.picture(trials, "best validation RMSE so far")
    draw_ranks(right, trials, drawing.read(HERE / "ranks.csv"))
    figure.savefig(out / "search.svg")
    found = drawing.table(ends, trials, "the best settings", OTHERS, "RMSE in stars", digits=3)
    (out / "ends.md").write_text(found, encoding="utf-8")
    lines = ["| | all films | the half that is rated least |", "| --- | --- | --- |"]
    for name in ("the best settings", *OTHERS):
        both = (drawing.interval(drawing.column(ends, name + part, "tpe"), 3) for part in ("", ", rare films"))
        lines.append(f"| {name.replace('the best settings', 'best, TPE')} | {' | '.join(both)} |")
    (out / "rare.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw_ranks(axes: Axes, trials: drawing.Lines, grid: drawing.Lines) -> None:
    """Draw what the trials that ran to their end reached, over their rank, all seeds together, and the grid's mean."""
    for sampler, marker in (("random", "x"), ("tpe", "o")):
        mine = [line for line in trials if line["state"] == "complete"]
        rank, value = (drawing.column(mine, name, sampler) for name in ("rank", "value"))
        style = {"color": drawing.COLOURS[sampler], "markersize": 3, "alpha": 0.5, "linestyle": "none"}
        axes.plot(rank, value, marker, label=drawing.NAMES[sampler], **style)
    ranks = sorted({int(line["rank"]) for line in grid})
    means = [np.mean([float(line["value"]) for line in grid if int(line["rank"]) == rank]) for rank in ranks]
    axes.plot(ranks, means, color="#333333", linewidth=1.5, label="a grid, mean")
    axes.axvline(TRUE_RANK, color="#333333", linestyle=":", linewidth=1)
    axes.set(xscale="log", ylim=(None, 0.95))
    axes.set_xticks([1, 2, 4, 6, 16, 64], ["1", "2", "4", "6", "16", "64"])
    axes.set_xticks([], minor=True)
    drawing.name_axes(axes, "rank", "validation RMSE at the end")
    axes.legend(fontsize=9, loc="upper right", framealpha=1)
