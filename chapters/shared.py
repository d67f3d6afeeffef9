"""What the figures and tables of several chapters have in common: the look of a search, panels, intervals, cells."""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, RED, GREEN, PINK, INK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#333333"  # Okabe and Ito's
LOOKS = {
    "random search": {"color": RED, "marker": "o", "linestyle": "--"},
    "TPE": {"color": BLUE, "marker": "s", "linestyle": "-"},
    "CMA-ES": {"color": GREEN, "marker": "^", "linestyle": "-."},
    "Optuna's TPE": {"color": PINK, "marker": "D", "linestyle": ":"},
}
Rows = list[dict[str, str]]
Three = tuple[float, float, float]  # a statistic, and the lower and the upper end of its interval


def stored(path: Path) -> Rows:
    """Return the rows of a table that a chapter's experiments.py has made."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def three(row: dict[str, str], statistic: str = "median") -> Three:
    """Return a row's statistic and its interval."""
    return float(row[statistic]), float(row["low"]), float(row["high"])


def interval(values: np.ndarray, statistic: Callable[..., Any]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a statistic of one number for each seed."""
    rows = np.random.default_rng(0).integers(0, len(values), (1000, len(values)))
    low, high = np.quantile(statistic(values[rows], axis=1), [0.025, 0.975])
    return float(low), float(high)


def number(x: float) -> str:
    """Return two significant digits, in powers of ten only where it must be: 1,200, 0.032, 3.2e-8."""
    if x >= 100:
        return f"{float(f'{x:.2g}'):,.0f}"
    return re.sub(r"e-0*", "e-", f"{x:.2g}")


def bracketed(middle: float, low: float, high: float) -> str:
    """Return a statistic and its interval as a table's cell."""
    return f"{number(middle)} [{number(low)}, {number(high)}]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)) + "\n"


def empty(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure of some panels side by side, with small type."""
    figure = Figure(figsize=(width, height), layout="constrained")
    found = list(np.atleast_1d(figure.subplots(1, columns)))
    for axes in found:
        axes.tick_params(labelsize=9)
        axes.xaxis.label.set_size(9)
        axes.yaxis.label.set_size(9)
    return figure, found


def whiskers(axes: Axes, x: Sequence[float], found: Sequence[Three], capsize: float = 3, **look: Any) -> None:
    """Draw statistics with their intervals."""
    middle, low, high = np.array(found).T
    axes.errorbar(x, middle, yerr=(middle - low, high - middle), capsize=capsize, **look)


def draw_regrets(panels: Iterable[Axes], rows: Rows, over: str) -> None:
    """Draw each search's regret over a column of the rows, one panel for each problem."""
    for axes, problem in zip(panels, dict.fromkeys(row["problem"] for row in rows), strict=True):
        for search in dict.fromkeys(row["search"] for row in rows):
            mine = [row for row in rows if (row["problem"], row["search"]) == (problem, search)]
            # Below 1e-15 everything is rounding, and zero has no logarithm.
            regrets = np.maximum([three(row) for row in mine], 1e-15)
            whiskers(axes, [int(row[over]) for row in mine], regrets, capsize=2, label=search, **LOOKS[search])
        # Rastrigin's regrets lie so close together that on a logarithmic axis there would hardly be a number.
        axes.set(xscale="log", yscale="linear" if problem == "rastrigin" else "log", title=problem)
        axes.tick_params(labelsize=9)


def tabulate_regrets(rows: Rows, over: str, shown: Sequence[str]) -> str:
    """Return the same as a table, a line for each problem and search, at some values of the column `over`."""
    lines: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row[over] in shown:
            lines.setdefault((row["problem"], row["search"]), []).append(bracketed(*three(row)))
    head = ["problem", "search", *(f"{int(value):,}" for value in shown)]
    head[-1] += f" {over}"
    return table(head, [[*key, *cells] for key, cells in lines.items()])
