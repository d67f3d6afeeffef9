"""The picture and the tables of the page on architectures, from the runs beside it."""

from pathlib import Path

import drawing  # chapters/figures.py finds it
import numpy as np
from matplotlib.axes import Axes

HERE = Path(__file__).parent
LAYERS = {"1": ("#0072B2", "o"), "2": ("#009E73", "s"), "3": ("#E69F00", "^"), "4": ("#D55E00", "D")}


def make(out: Path) -> None:
    """Draw the picture into a folder, and leave the tables beside it."""
    trials, ends = drawing.runs(HERE)
    figure, right = drawing.picture(trials, "best error (RMSE) so far")
    draw_sizes(right, trials)
    figure.savefig(out / "search.svg")
    others = ["untuned", "untuned, lr = 0.01", "boosted trees, untuned"]
    table = drawing.table(ends, trials, "the best network", others, "RMSE", digits=3)
    (out / "ends.md").write_text(table, encoding="utf-8")
    (out / "layers.md").write_text(layers_table(trials), encoding="utf-8")


def complete(trials: drawing.Lines, layers: str) -> drawing.Lines:
    """Return the trials of both samplers with so many layers that came to their end."""
    return [line for line in trials if line["layers"] == layers and line["state"] == "complete"]


def draw_sizes(axes: Axes, trials: drawing.Lines) -> None:
    """Draw the error of each complete trial over its number of weights, in the colour of its number of layers."""
    for layers, (colour, marker) in LAYERS.items():
        weights, error = (
            np.array([float(line[name]) for line in complete(trials, layers)]) for name in ("weights", "value")
        )
        axes.scatter(
            weights,
            error,
            s=12,
            marker=marker,
            color=colour,
            alpha=0.7,
            linewidth=0,
            label=f"{layers} layer{'s' * (layers != '1')}",
        )
    axes.set(xscale="log", ylim=(1, 4))
    drawing.name_axes(axes, "weights of the network", "error of the trial")
    axes.legend(fontsize=9, ncols=2, loc="upper right")


def layers_table(trials: drawing.Lines) -> str:
    """Return a table: for each number of layers, how many trials had it, and how many runs ended with it."""
    lines = ["| layers | random's trials | TPE's trials | random's winners | TPE's winners |", "| --- |" + " --- |" * 4]
    runs = list(dict.fromkeys((line["sampler"], line["seed"]) for line in trials))
    ran = [line for layers in LAYERS for line in complete(trials, layers)]
    best = [
        min((line for line in ran if (line["sampler"], line["seed"]) == run), key=lambda line: float(line["value"]))
        for run in runs
    ]
    for layers in LAYERS:
        counts = [
            sum(line["layers"] == layers and line["sampler"] == sampler for line in lines_of)
            for lines_of in (trials, best)
            for sampler in ("random", "tpe")
        ]
        lines.append(f"| {layers} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"
