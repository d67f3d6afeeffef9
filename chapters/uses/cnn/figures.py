"""The picture and the table of the page on the network for digits, from the runs beside it."""

from pathlib import Path

import drawing  # chapters/figures.py finds it
import numpy as np
from matplotlib.axes import Axes

HERE = Path(__file__).parent


def make(out: Path) -> None:
    """Draw the picture into a folder, and leave the table beside it."""
    trials, ends = drawing.runs(HERE)
    figure, right = drawing.picture(trials, "best cross-entropy so far")
    draw_trials(right, trials)
    figure.savefig(out / "search.svg")
    others = ["untuned", "untuned, batch of 16"]
    (out / "ends.md").write_text(drawing.table(ends, trials, "the best settings", others, "accuracy"), encoding="utf-8")


def draw_trials(axes: Axes, trials: drawing.Lines) -> None:
    """Draw where TPE's trials of all runs lie, those that came to their end and those that were pruned."""
    lr, filters = drawing.column(trials, "lr", "tpe"), drawing.column(trials, "filters", "tpe")
    complete = np.array([line["state"] == "complete" for line in trials if line["sampler"] == "tpe"])
    axes.scatter(lr[~complete], filters[~complete], s=14, marker="x", color="#999999", linewidth=0.9, label="pruned")
    axes.scatter(lr[complete], filters[complete], s=14, color=drawing.COLOURS["tpe"], alpha=0.6, label="complete")
    axes.set(xscale="log", yscale="log", ylim=(1.2, 36))  # below all trials there is room for the names
    axes.set_yticks([2, 4, 8, 16, 32], ["2", "4", "8", "16", "32"], minor=False)
    axes.set_yticks([], minor=True)
    drawing.name_axes(axes, "learning rate", "filters")
    axes.legend(fontsize=9, ncols=2, loc="lower center")
