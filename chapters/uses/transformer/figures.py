"""The picture and the tables of the page on the transformer, from the runs beside it."""

from pathlib import Path

import drawing  # chapters/figures.py finds it
import numpy as np
from matplotlib.axes import Axes
from schedule import factor

HERE = Path(__file__).parent
STEPS = 160  # 500 sentences, 32 at a time, ten epochs
STYLES = {"constant": ":", "linear": "--", "cosine": "-"}


def make(out: Path) -> None:
    """Draw the picture into a folder, and leave the tables beside it."""
    trials, ends = drawing.runs(HERE)
    figure, right = drawing.picture(trials, "best cross-entropy so far")
    draw_schedules(right, trials)
    figure.savefig(out / "search.svg")
    others = ["untuned", "untuned, lr = 0.01", "bag of words"]
    (out / "ends.md").write_text(drawing.table(ends, trials, "the best settings", others, "accuracy"), encoding="utf-8")
    (out / "winners.md").write_text(winners_table(trials), encoding="utf-8")


def winners(trials: drawing.Lines, sampler: str) -> drawing.Lines:
    """Return the best trial of each of a sampler's runs."""
    complete = [line for line in trials if line["sampler"] == sampler and line["state"] == "complete"]
    best: dict[str, dict[str, str]] = {}
    for line in sorted(complete, key=lambda line: float(line["value"]), reverse=True):
        best[line["seed"]] = line  # the last one is the best
    return [best[seed] for seed in sorted(best, key=int)]


def draw_schedules(axes: Axes, trials: drawing.Lines) -> None:
    """Draw the learning rate over the steps in the best trial of each of TPE's runs."""
    for line in winners(trials, "tpe"):
        more = {"floor": float(line["floor"])} if line["floor"] else {}
        at = factor(STEPS, line["schedule"], int(line["warmup"] or 0), **more)
        rates = float(line["lr"]) * np.array([at(step) for step in range(STEPS)])
        axes.plot(rates, STYLES[line["schedule"]], color=drawing.COLOURS["tpe"], linewidth=1.5)
    for name, style in STYLES.items():
        axes.plot([], [], style, color=drawing.COLOURS["tpe"], label=name)
    axes.set(yscale="log", ylim=(1e-4, 1e-1))
    drawing.name_axes(axes, "step", "learning rate of the upper layer")
    axes.legend(fontsize=9, loc="upper center", ncols=3)


def winners_table(trials: drawing.Lines) -> str:
    """Return a table of the best trials' settings, of TPE's runs."""
    lines = [
        "| seed | cross-entropy | largest lr | schedule | warm-up | layer-wise |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for line in winners(trials, "tpe"):
        decay = f"decay {float(line['decay']):.2f}" if line["decay"] else "no"
        cells = [line["seed"], f"{float(line['value']):.3f}", f"{float(line['lr']):.4f}", line["schedule"]]
        lines.append(f"| {' | '.join([*cells, line['warmup'] or 'none', decay])} |")
    return "\n".join(lines) + "\n"
