"""What the examples' figures have in common: the runs that were kept, the best so far, a table of what it was worth.

They are made from trials.csv and ends.csv beside each example, which ``python example.py --runs N`` writes.
"""

import csv
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tpe_reference.compare.statistics import estimate

COLOURS = {"random": "#D55E00", "tpe": "#0072B2"}  # Okabe and Ito's
NAMES = {"random": "random", "tpe": "TPE"}
Lines = list[dict[str, str]]


def read(path: Path) -> Lines:
    """Return the lines of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def runs(folder: Path) -> tuple[Lines, Lines]:
    """Return an example's trials and its ends: a line for each trial, and one for each run."""
    return read(folder / "trials.csv"), read(folder / "ends.csv")


def column(lines: Lines, name: str, sampler: str) -> np.ndarray:
    """Return one column of one sampler's lines as numbers, nan where there is none."""
    return np.array([float(line[name] or "nan") for line in lines if line["sampler"] == sampler])


def per_run(trials: Lines, name: str, sampler: str) -> np.ndarray:
    """Return a column of one sampler's trials, (seeds, trials)."""
    return column(trials, name, sampler).reshape(len({line["seed"] for line in trials}), -1)


def best_so_far(trials: Lines, sampler: str, sign: int) -> np.ndarray:
    """Return the best value after each trial, (seeds, trials); sign is 1 where low values are good, else -1."""
    complete = np.array([line["state"] == "complete" for line in trials if line["sampler"] == sampler])
    values = sign * per_run(trials, "value", sampler)
    return sign * np.minimum.accumulate(np.where(complete.reshape(values.shape), values, np.inf), axis=1)


def picture(trials: Lines, label: str, sign: int = 1, skip: int = 4) -> tuple[Figure, Axes]:
    """Return a figure with the best so far on the left, and its right half, which is for what the example shows.

    Args:
        trials: A line for each trial.
        label: What the best so far is, for the axis.
        sign: 1 where low values are good, else -1.
        skip: How many trials are not shown: the first are so much worse that the rest would be one flat line.
    """
    figure = Figure(figsize=(7.6, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_best_so_far(left, trials, sign, label, skip)
    return figure, right


def name_axes(axes: Axes, x: str, y: str) -> None:
    """Name both axes; names and numbers in small type, for there are two panels side by side."""
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=9)


def draw_best_so_far(axes: Axes, trials: Lines, sign: int, label: str, skip: int) -> None:
    """Draw the mean over the seeds and its 95 % interval, for both samplers, after the first few trials."""
    for sampler, colour in COLOURS.items():
        best = best_so_far(trials, sampler, sign)[:, skip:]
        means = estimate(best, np.mean)
        x = range(skip + 1, skip + 1 + len(means))
        axes.fill_between(x, [m.low for m in means], [m.high for m in means], color=colour, alpha=0.2, linewidth=0)
        style = "--" if sampler == "random" else "-"
        axes.plot(x, [m.value for m in means], style, color=colour, linewidth=2, label=NAMES[sampler])
    name_axes(axes, "trials", label)
    axes.legend(fontsize=9)


def interval(values: np.ndarray, digits: int, sign: str = "") -> str:
    """Return a mean and its 95 % bootstrap interval over the seeds."""
    (mean,) = estimate(values[:, None], np.mean)
    return f"{mean.value:{sign}.{digits}f} ({mean.low:{sign}.{digits}f} to {mean.high:{sign}.{digits}f})"


def table(ends: Lines, trials: Lines, tuned: str, others: list[str], what: str, digits: int = 4) -> str:
    """Return a table of means over the seeds: both samplers' best, what they are compared with, and the differences.

    Args:
        ends: A line for each run.
        trials: A line for each trial.
        tuned: The column of ends with the held-out score of the best setting.
        others: The columns that it is compared with, such as what nobody has tuned.
        what: What the scores are, for the head.
        digits: How many decimals.
    """
    value, score = ({sampler: column(ends, name, sampler) for sampler in COLOURS} for name in ("value", tuned))
    lines = [f"| | in the search | held out: {what} | processor's seconds |", "| --- | --- | --- | --- |"]
    for sampler, name in NAMES.items():
        seconds = per_run(trials, "seconds", sampler).sum(axis=1).mean()
        found, held_out = interval(value[sampler], digits), interval(score[sampler], digits)
        lines.append(f"| best, {name} | {found} | {held_out} | {seconds:.0f} |")
    lines += [f"| {name} | | {interval(column(ends, name, 'tpe'), digits)} | |" for name in others]
    found, held_out = (interval(pair["tpe"] - pair["random"], digits, "+") for pair in (value, score))
    lines.append(f"| TPE minus random | {found} | {held_out} | |")
    for name in others:
        found = interval(score["tpe"] - column(ends, name, "tpe"), digits, "+")
        lines.append(f"| TPE minus {name} | | {found} | |")
    return "\n".join(lines) + "\n"
