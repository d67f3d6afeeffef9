"""The pictures and the table of the page on a time series, from the runs that are kept beside it; without PyTorch."""

from itertools import pairwise
from pathlib import Path

import drawing  # chapters/figures.py finds it
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sales import BORDERS, DAYS, data

from tpe_reference.compare.statistics import estimate

HERE = Path(__file__).parent
OTHERS = ["untuned", "untuned, but lr = 0.01", "linear regression", "the same day of last week"]


def make(out: Path) -> None:
    """Draw the pictures into a folder, and leave the table beside them."""
    trials, ends = drawing.runs(HERE)
    chain().savefig(out / "chain.svg")
    figure, right = drawing.picture(trials, "best validation error so far", skip=2)
    draw_held_out(right, ends)
    figure.savefig(out / "search.svg")
    found = drawing.table(ends, trials, "the best settings", OTHERS, "mean absolute error", digits=3)
    (out / "ends.md").write_text(found, encoding="utf-8")


def chain() -> Figure:
    """Draw the series with seed 0, and below it which days each part of the chain learns from and is measured on."""
    figure = Figure(figsize=(7.6, 3.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(data(0), color="#333333", linewidth=0.7)
    above.set_ylabel("sales", fontsize=9)
    parts = [*pairwise(BORDERS), (BORDERS[-1], DAYS)]
    for row, (start, stop) in enumerate(parts):
        below.barh(row, start, color="#999999", height=0.6)
        colour = "#0072B2" if stop < DAYS else "#D55E00"
        below.barh(row, stop - start, left=start, color=colour, height=0.6)
    below.set_yticks(range(len(parts)), [*(f"part {i + 1}" for i in range(len(parts) - 1)), "test"])
    below.invert_yaxis()
    below.set(xlim=(0, DAYS))
    below.set_xlabel("day", fontsize=9)
    for axes in (above, below):
        axes.tick_params(labelsize=9)
    return figure


def draw_held_out(axes: Axes, ends: drawing.Lines) -> None:
    """Draw the mean held-out error of each forecast, with its interval over the seeds."""
    columns = {f"best, {name}": ("the best settings", sampler) for sampler, name in drawing.NAMES.items()}
    columns |= {name: (name, "tpe") for name in OTHERS}
    scores = np.column_stack([drawing.column(ends, name, sampler) for name, sampler in columns.values()])
    for row, found in enumerate(estimate(scores, np.mean)):
        axes.plot([found.low, found.high], [row, row], color="#333333", linewidth=1.5)
        axes.plot(found.value, row, "o", color="#0072B2" if row < len(drawing.NAMES) else "#333333")
    axes.set_yticks(range(len(columns)), [name.replace("the same day of ", "") for name in columns])
    axes.invert_yaxis()
    axes.set(xlim=(0, None))
    axes.set_xlabel("mean absolute error in the test", fontsize=9)
    axes.tick_params(labelsize=9)
