"""The figure and the table of the chapter on practice: workers.csv, which experiments.py makes."""

import csv
import re
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

BLUE, RED, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # Okabe and Ito's
LOOKS = {
    "random search": {"color": RED, "marker": "o", "linestyle": "--"},
    "TPE": {"color": BLUE, "marker": "s", "linestyle": "-"},
    "CMA-ES": {"color": GREEN, "marker": "^", "linestyle": "-."},
    "Optuna's TPE": {"color": PINK, "marker": "D", "linestyle": ":"},
}


def make(out: Path) -> None:
    """Draw the regret against the number of workers, and write it as a table."""
    with (Path(__file__).parent / "workers.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    problems, workers = (list(dict.fromkeys(row[name] for row in rows)) for name in ("problem", "workers"))
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    lines = [f"| problem | search | {' | '.join(workers)} workers |", "| --- " * (2 + len(workers)) + "|"]
    for axes, problem in zip(figure.subplots(1, len(problems)), problems, strict=True):
        for search, look in LOOKS.items():
            found = [row for row in rows if (row["problem"], row["search"]) == (problem, search)]
            middle, low, high = np.array([[float(row[name]) for name in ("median", "low", "high")] for row in found]).T
            yerr = (middle - low, high - middle)
            axes.errorbar([int(w) for w in workers], middle, yerr, capsize=2, label=search, **look)
            cells = [
                f"{_number(m)} [{_number(lo)}, {_number(hi)}]" for m, lo, hi in zip(middle, low, high, strict=True)
            ]
            lines.append(f"| {problem} | {search} | {' | '.join(cells)} |")
        # Rastrigin's regrets lie within a factor of two: on a logarithmic axis there would be no number beside them.
        axes.set(xscale="log", yscale="linear" if problem == "rastrigin" else "log", title=problem, xlabel="workers")
        axes.set_xticks([int(w) for w in workers], workers)
        axes.minorticks_off()
        axes.tick_params(labelsize=9)
    figure.axes[0].set_ylabel("regret after 100 trials")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(out / "workers.svg")
    (out / "workers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _number(x: float) -> str:
    """Return two significant digits, in powers of ten only where it must be."""
    if x >= 100:
        return f"{float(f'{x:.2g}'):,.0f}"
    return re.sub(r"e-0*", "e-", f"{x:.2g}")
