"""The pictures: how the incumbent's regret falls, against trials, steps and seconds.

A line is the median over seeds, the band around it the middle half (quartiles). Colours are Okabe and Ito's, which
the colour-blind can tell apart; every line also has its own dashes and markers, so that it survives a black and
white printer.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .results import Result
from .statistics import FLOOR, Array, at_times, quartiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# colour, dashes, marker; the first five are for the five of the package
STYLES: list[tuple[str, Any, str]] = [
    ("#000000", (0, (1, 1.2)), "s"),
    ("#E69F00", (0, (5, 1.5)), "o"),
    ("#0072B2", "solid", "^"),
    ("#009E73", (0, (6, 1.5, 1, 1.5)), "D"),
    ("#D55E00", (0, (3, 1)), "v"),
    ("#CC79A7", (0, (8, 2)), "P"),
    ("#56B4E9", (0, (4, 1, 1, 1, 1, 1)), "X"),
    ("#882255", (0, (2, 1)), "*"),  # Okabe and Ito's yellow is too pale for a line; from here on Tol's muted colours
    ("#999933", (0, (9, 1.5, 3, 1.5)), "<"),
    ("#888888", (0, (7, 1, 1, 1, 1, 1, 1, 1)), "p"),
    ("#661100", (0, (1, 0.6)), ">"),
    ("#332288", (0, (5, 3)), "d"),
]
ORDER = ["grid", "random", "tpe", "cma-es", "tpe+median"]
DPI = 200


def style(result: Result, i: int) -> dict[str, Any]:
    """Return the look of a contestant, which is the same in every picture."""
    names = [c.name for c in result.contestants]
    others = [name for name in names if name not in ORDER]
    place = ORDER.index(names[i]) if names[i] in ORDER else len(ORDER) + others.index(names[i])
    colour, dashes, marker = STYLES[place % len(STYLES)]
    return {"color": colour, "linestyle": dashes, "marker": marker, "markersize": 4.5}


def write_plots(results: Sequence[Result], out: Path) -> dict[str, Path]:
    """Write a picture per problem and one of all of them; return the files by problem, the overview under ``""``."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    files = {"": out / "overview.png"}
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        _save(overview(results, Figure), files[""])
        for result in results:
            safe = "".join(c if c.isalnum() or c in "-._" else "_" for c in result.problem.name)
            files[result.problem.name] = out / f"convergence-{safe}.png"
            _save(convergence(result, Figure), files[result.problem.name])
    return files


def _save(figure: "Figure", path: Path) -> None:
    figure.savefig(path, dpi=DPI, facecolor="white")


def convergence(result: Result, figure_class: type) -> "Figure":
    """Draw one problem, against trials, steps (where there are any to save) and seconds."""
    against = ["trials", *(["steps"] if result.problem.has_curve else []), "seconds"]
    figure: Figure = figure_class(figsize=(9.6, 4.3), layout="constrained")
    panels = figure.subplots(1, len(against), sharey=True, squeeze=False)[0]
    for axes, unit in zip(panels, against, strict=True):
        _draw(axes, result, unit)
        axes.set_xlabel(f"{result.problem.step}s computed" if unit == "steps" else unit)
    optimum = result.problem.optimum
    panels[0].set_ylabel(f"best {result.problem.measure} so far" if optimum is None else "regret of the best so far")
    seeds = f"median and middle half of {result.seeds} seeds" if result.seeds > 1 else "1 seed"
    figure.suptitle(f"{result.problem.name}: {seeds}", fontsize=12)
    lines, _ = panels[0].get_legend_handles_labels()
    _legend(figure, {result.names(i): line for i, line in zip(result.distinct, lines, strict=True)})
    return figure


def overview(results: Sequence[Result], figure_class: type) -> "Figure":
    """Draw all problems against trials, small, with one legend."""
    columns = min(4, len(results))
    rows = -(-len(results) // columns)
    figure: Figure = figure_class(figsize=(max(2.7 * columns, 9.6), max(2.3 * rows + 0.8, 4.0)), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    handles: dict[str, Any] = {}
    for k, (axes, result) in enumerate(zip(grid, results, strict=False)):
        _draw(axes, result, "trials")
        axes.set_title(f"{result.problem.name} ({result.seeds} seed{'s' * (result.seeds > 1)})", fontsize=10.5)
        if k + columns >= len(results):
            axes.set_xlabel("trials")
        lines, _ = axes.get_legend_handles_labels()
        handles |= {result.contestants[i].name: line for i, line in zip(result.distinct, lines, strict=True)}
    figure.supylabel("best so far\n(regret; loss where no optimum is known)", fontsize=10.5)
    richest = max(results, key=lambda result: len(result.distinct))  # names what is the same everywhere
    labels = {richest.contestants[i].name: richest.names(i) for i in richest.distinct}
    named = {labels[name]: handles[name] for name in labels}
    free = grid[len(results) :]
    for axes in free:
        axes.set_axis_off()
    if len(free):
        legend = free[0].legend(list(named.values()), list(named), loc="center left", frameon=False, handlelength=3.4)
        legend.set_in_layout(False)  # it may be wider than its column
    else:
        _legend(figure, named)
    return figure


def _legend(figure: "Figure", handles: dict[str, Any]) -> None:
    wide = len(handles) > 4 or max(map(len, handles)) > 25  # for one line, below the narrowest figure
    for columns in range(min(3, len(handles)) if wide else len(handles), 0, -1):
        look = {"ncols": columns, "frameon": False, "handlelength": 3.4}
        legend = figure.legend(list(handles.values()), list(handles), loc="outside lower center", **look)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()  # it would be cut off at both sides


def _draw(axes: "Axes", result: Result, unit: str) -> None:
    finite = np.isfinite(result.drawn).any()  # else there is nothing to draw, and no logarithm of it
    axes.set_yscale("log" if result.problem.log_scale and finite else "linear")
    latest = []
    for k, i in enumerate(result.distinct):
        x, curves = _curves(result, i, unit)
        low, median, high = quartiles(np.maximum(curves, FLOOR) if result.problem.log_scale else curves)
        shown, band = np.isfinite(median), np.isfinite(high)
        look = style(result, i)
        every = max(1, len(x) // 6)
        marks = (k * every // max(1, len(result.distinct)), every)  # markers of equal lines do not hide each other
        thinner = min(0.3, 1.5 / len(result.distinct))
        look["linewidth"] = 2.6 - thinner * k  # nor does a line hide one that is drawn before it
        axes.plot(x[shown], median[shown], drawstyle="steps-post", label=str(i), markevery=marks, zorder=3, **look)
        color = look["color"]
        axes.fill_between(x[band], low[band], high[band], step="post", color=color, alpha=0.13, linewidth=0, zorder=1)
        latest.append(float(x[-1]))
    if finite and unit == "seconds" and max(latest) > 3.0 * min(latest):
        axes.set_xscale("log")
    if finite:
        _tick_labels(axes, unit)
    else:
        axes.set(xticks=[], yticks=[])
    axes.grid(True, which="major", alpha=0.25, linewidth=0.6)


def _tick_labels(axes: "Axes", unit: str) -> None:
    from matplotlib.ticker import LogFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = axes.get_xlim()
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=unit != "seconds"))
    elif high < 100.0 * low:  # matplotlib's labels between powers of ten, 3 x 10^-4, would run into each other
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log" and high < 50.0 * low:  # too short for powers of ten alone: 2, 3, 6, 10, 20
        sparse = LogFormatter(minor_thresholds=(2.0, 0.5))  # knows which labels have room, but writes 2e-01
        sparse.set_axis(axes.yaxis)
        sparse.set_locs()
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        axes.yaxis.set_minor_formatter(lambda y, _: f"{y:g}" if sparse(y) else "")


def _curves(result: Result, i: int, unit: str) -> tuple[Array, Array]:
    """Return where the curves change, (n,), and each seed's value from there on, (seeds, n)."""
    if unit == "trials":
        return np.arange(1, result.trials + 1, dtype=float), result.drawn[i]
    spent = result.seconds[i] if unit == "seconds" else result.steps[i]
    moments = np.unique(spent[np.isfinite(spent)])  # a run that has ended keeps its incumbent
    return moments, np.array([at_times(t, v, moments) for t, v in zip(spent, result.drawn[i], strict=True)])
