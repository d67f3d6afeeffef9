"""The picture and the table of the page on a pipeline whose model is a choice, from the runs beside it."""

from pathlib import Path

import drawing  # chapters/figures.py finds it
import numpy as np
from matplotlib.axes import Axes

HERE = Path(__file__).parent
MODELS = {
    "svm": ("#0072B2", "-"),
    "neighbours": ("#009E73", "--"),
    "logistic": ("#CC79A7", "-."),
    "forest": ("#D55E00", ":"),
}
BLOCK = 10  # trials that are counted together


def make(out: Path) -> None:
    """Draw the picture into a folder, and leave the table beside it."""
    trials, ends = drawing.runs(HERE)
    figure, right = drawing.picture(trials, "best 5-fold accuracy so far", sign=-1, skip=2)
    draw_models(right, trials)
    figure.savefig(out / "search.svg")
    (out / "ends.md").write_text(
        drawing.table(ends, trials, "the best pipeline", ["untuned", "untuned, minmax"], "accuracy"), encoding="utf-8"
    )


def draw_models(axes: Axes, trials: drawing.Lines) -> None:
    """Draw which share of TPE's trials went to each model, in blocks of ten trials, all seeds together."""
    mine = [line for line in trials if line["sampler"] == "tpe"]
    block = np.array([int(line["number"]) // BLOCK for line in mine])
    for model, (colour, style) in MODELS.items():
        is_it = np.array([line["model"] == model for line in mine])
        shares = [is_it[block == b].mean() for b in range(block.max() + 1)]
        x = BLOCK * (np.arange(len(shares)) + 0.5)
        axes.plot(x, shares, style, color=colour, linewidth=2, marker="o", markersize=4, label=model)
    axes.axhline(1 / len(MODELS), color="#999999", linewidth=0.8)  # what random search gives to each
    axes.set(ylim=(0, 0.8))  # room for the names
    drawing.name_axes(axes, "trials, in tens", "share of TPE's trials")
    axes.legend(fontsize=9, ncols=2, loc="upper center")
