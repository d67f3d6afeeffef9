"""Figures of the chapter on pruning. The dearer numbers are kept in CSV files, made by experiments.py and curves.py."""

import csv
from collections.abc import Sequence
from pathlib import Path

import explorable
import numpy as np
from curves import STEPS, Array, crossing, digits, drawn, orderly, replay
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tpe_reference.pruners import MedianPruner

HERE = Path(__file__).parent
BLUE, RED, GREEN, PINK, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
GREY = "#777777"
PERCENT = 100.0


def make(out: Path) -> None:
    """Draw all figures and write the tables."""
    rule(out)
    families(out)
    ratchet(out)
    trade(out)
    settings_table(out)
    budget_table(out)
    explorable.make(out)


def _figure(n: int, height: float = 3.2, *, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(8, height), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(1, n, sharey=sharey)))


def _read(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


def rule(out: Path) -> None:
    """Draw six complete curves, their median, and a trial with its best so far."""
    t, rng = np.arange(1, STEPS + 1), np.random.default_rng(3)
    done = drawn(orderly, 1, 6) + 0.1 * rng.standard_normal((6, STEPS))
    border = np.median(done, axis=0)
    own = np.maximum(border - 0.25, 1.0) + 0.04 * rng.standard_normal(STEPS)
    own[6] = 0.7  # a lucky report, from which it lives for some steps
    best = np.minimum.accumulate(own)
    stop = int(np.argmax(best > border))
    figure, (ax,) = _figure(1, 3.6)
    ax.plot(t, done.T, color="#bbbbbb", lw=0.8)
    ax.plot(t, border, color=BLUE, lw=2, label="median of six complete trials at this step")
    shown = slice(0, stop + 1)
    ax.plot(t[shown], own[shown], "o", color=RED, ms=4, label="reports of the running trial")
    ax.plot(t[shown], best[shown], color=RED, ls="--", drawstyle="steps-post", label="its best report so far")
    ax.plot(t[stop], best[stop], "X", color="black", ms=10, label=f"stopped at step {t[stop]}")
    ax.set(xlabel="step", ylabel="loss", xlim=(0, STEPS + 1))
    ax.legend(frameon=False)
    figure.savefig(out / "rule.svg")


def families(out: Path) -> None:
    """Draw the three families, with what the default pruner does to each."""
    figure, axes = _figure(3, 3.4)
    order = np.random.default_rng(3).permutation(60)[:40]
    for ax, name, curves in zip(
        axes,
        ("orderly", "crossing", "digits"),
        (drawn(orderly, 2), drawn(crossing, 2), digits()[order]),
        strict=True,
    ):
        _family(ax, curves)
        ax.set(title=name, xlabel="step" if name != "digits" else "epoch")
    axes[0].set_ylabel("loss")
    axes[2].set(ylabel="validation error", yscale="log")
    axes[1].legend(frameon=False, loc="upper right")
    figure.savefig(out / "families.svg")


def _family(ax: Axes, curves: Array) -> None:
    lengths = replay(curves, MedianPruner()).lengths
    best, t = int(np.argmin(curves[:, -1])), np.arange(1, STEPS + 1)
    for i, (curve, n) in enumerate(zip(curves, lengths, strict=True)):
        if i != best:
            colour = SKY if n == STEPS else "#bbbbbb"
            ax.plot(t[:n], curve[:n], color=colour, lw=0.8)
        if n < STEPS:
            ax.plot(t[n - 1], curve[n - 1], "x", color=GREY, ms=4)
    n = lengths[best]
    ax.plot(t, curves[best], color=RED, lw=1.5, ls=":", label="ends lowest")
    ax.plot(t[:n], curves[best][:n], color=RED, lw=2.2)
    ax.plot([], [], color=SKY, label="complete")
    ax.plot([], [], "x", color=GREY, label="stopped here")


def ratchet(out: Path) -> None:
    """Draw the share of trials that go on, by trial number, and the power law."""
    figure, (ax,) = _figure(1, 3.4)
    for percentile, colour, marker in (("25", RED, "v"), ("50", BLUE, "o"), ("75", GREEN, "^")):
        rows = [row for row in _read("ratchet.csv") if row["percentile"] == percentile]
        n = np.array([float(row["trials"]) for row in rows])
        q = float(percentile) / 100
        ax.plot(n, [float(row["share"]) for row in rows], marker, color=colour, label=f"percentile {percentile}")
        ax.plot(n, q * (n / 5) ** (q - 1), color=colour, ls="--", lw=1)
    ax.set(xscale="log", yscale="log", xlabel="number of the trial", ylabel="share that runs to its end")
    ax.plot([], [], color=GREY, ls="--", label=r"$q\,(n/5)^{q-1}$")
    ax.legend(frameon=False)
    figure.savefig(out / "ratchet.svg")


MARKERS = "oDsp^Pv<X"
COLOURS = (BLUE, RED, GREEN, PINK, ORANGE, SKY, "black", GREY, "#7A4B00")


def trade(out: Path) -> None:
    """Draw steps saved against how often the best curve was stopped, one mark per pruner, one panel per family."""
    rows = _read("settings.csv")
    figure, axes = _figure(3, 3.6, sharey=True)
    # Not drawn: what saves nothing, and what lies exactly on the default.
    names = [name for name in dict.fromkeys(row["pruner"] for row in rows) if name not in ("none", "Optuna's default")]
    for ax, family in zip(axes, ("orderly", "crossing", "digits"), strict=True):
        for row in rows:
            if row["family"] == family and row["pruner"] in names:
                k = names.index(row["pruner"])
                x, y = PERCENT * float(row["saved"]), PERCENT * float(row["killed"])
                ax.plot(x, y, MARKERS[k], color=COLOURS[k], ms=8, label=row["pruner"])
        ax.set(title=family, xlabel="steps saved, %", ylim=(-3, 100))
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("runs that stop the best, %")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(out / "trade.svg")


def _table(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(row: dict[str, str], key: str, scale: float, digits_: int) -> str:
    value, low, high = (f"{scale * float(row[key + end]):.{digits_}f}" for end in ("", "-low", "-high"))
    return f"{value} [{low}, {high}]"


def settings_table(out: Path) -> None:
    """Write the table of pruners, a row each, families side by side."""
    rows = [
        [
            row["family"],
            row["pruner"],
            _cell(row, "saved", PERCENT, 0),
            _cell(row, "killed", PERCENT, 0),
            _cell(row, "regret", 1, 4 if row["family"] == "digits" else 3),
        ]
        for row in _read("settings.csv")
    ]
    header = ["curves", "pruner", "steps saved, %", "best stopped, % of runs", "regret"]
    _table(out / "settings.md", header, rows)


def budget_table(out: Path) -> None:
    """Write what 1200 steps find."""
    rows = [
        [
            r["family"],
            r["arm"],
            r["trials"],
            f"{float(r['median']):.3f} [{float(r['low']):.3f}, {float(r['high']):.3f}]",
        ]
        for r in _read("budget.csv")
    ]
    _table(out / "budget.md", ["curves", "search", "trials (median)", "distance from the optimum (median)"], rows)
