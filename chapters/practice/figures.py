"""The figure and the table of the chapter on practice: workers.csv, which experiments.py makes."""

from pathlib import Path

from matplotlib.figure import Figure
from shared import draw_regrets, stored, tabulate_regrets  # chapters/figures.py finds it


def make(out: Path) -> None:
    """Draw the regret against the number of workers, and write it as a table."""
    rows = stored(Path(__file__).parent / "workers.csv")
    workers = list(dict.fromkeys(row["workers"] for row in rows))
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    panels = figure.subplots(1, len({row["problem"] for row in rows}))
    draw_regrets(panels, rows, "workers")
    for axes in panels:
        axes.set_xlabel("workers")
        axes.set_xticks([int(w) for w in workers], workers)
        axes.minorticks_off()
    panels[0].set_ylabel("regret after 100 trials")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(out / "workers.svg")
    (out / "workers.md").write_text(tabulate_regrets(rows, "workers", workers), encoding="utf-8")
