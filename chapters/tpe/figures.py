"""Draws the figures and tables of the chapter on TPE; the experiments behind the tables are in experiments.py."""

import csv
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tpe_reference.samplers.tpe import (
    Explanation,
    Floats,
    ParzenEstimator,
    Rules,
    TPESampler,
    encode,
    rank_weights,
    recency_weights,
)
from tpe_reference.space import Categorical, Float, FrozenTrial, Int

HERE = Path(__file__).parent
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
STYLE: dict[str, Any] = {"fontsize": 9}
RATE = {"lr": Float(1e-4, 1.0, log=True)}


def error_at(rate: float) -> float:
    """Return the validation error of the page's example: a broad dip at 0.02 and a wave on it."""
    u = RATE["lr"].to_unit(rate)
    return 0.08 + 0.9 * (u - 0.575) ** 2 + 0.015 * math.sin(25 * u)


def past(n: int) -> list[FrozenTrial]:
    """Return a history of n learning rates, drawn at random."""
    rates = [RATE["lr"].from_unit(u) for u in np.random.default_rng(3).random(n).tolist()]
    return [FrozenTrial({"lr": rate}, error_at(rate)) for rate in rates]


def mixture(mu: Floats, sigma: Floats, x: Floats) -> Floats:
    """Return the mean of normal kernels at some places, without walls and prior."""
    z = (x[:, None] - mu) / sigma
    return (np.exp(-(z**2) / 2) / (sigma * math.sqrt(2 * math.pi))).mean(axis=1)


def figure(width: float, height: float) -> Figure:
    """Return an empty figure on white."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def tidy(ax: Axes, title: str = "") -> None:
    """Take the frame away that says nothing, and write small."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9)
    if title:
        ax.set_title(title, fontsize=10, loc="left")


def one_step(out: Path) -> None:
    """Draw one suggestion from the history to the choice, in three panels over the same axis."""
    history = past(30)
    step = TPESampler().explain(RATE, history, np.random.default_rng(0))
    u = np.linspace(0.001, 0.999, 500)[:, None]
    assert step.l is not None
    assert step.g is not None
    l, g = np.exp(step.l.log_pdf(u)), np.exp(step.g.log_pdf(u))
    fig = figure(7.5, 7.5)
    top, middle, low = fig.subplots(3, 1, sharex=True)
    _panel_history(top, step, history)
    middle.plot(u, l, color=BLUE, lw=2, label="$l$: density of the good")
    middle.plot(u, g, color=ORANGE, lw=2, ls="--", label="$g$: density of the bad")
    c = step.candidates[:, 0]
    middle.plot(c, np.full(len(c), -0.15), "|", color="black", ms=9, label="24 candidates, drawn from $l$")
    middle.set_ylabel("density", **STYLE)
    middle.legend(fontsize=9, frameon=False)
    tidy(middle, "2  two densities, and candidates from one of them")
    low.plot(u, np.log(l) - np.log(g), color="black", lw=1.2)
    low.plot(c, step.scores, "o", color=GREEN, mfc="white", ms=6, label="a candidate's score")
    i = int(np.argmax(step.scores))
    low.plot(c[i], step.scores[i], "*", color=GREEN, ms=17, label=f"the choice: lr = {step.choice['lr']:.3f}")
    low.axhline(0, color="grey", lw=0.7)
    low.set_ylabel(r"$\log l - \log g$", **STYLE)
    low.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0.0001", "0.001", "0.01", "0.1", "1"])
    low.set_xlabel("learning rate (logarithmic: the unit interval of the code)", **STYLE)
    low.legend(fontsize=9, frameon=False, loc="upper left")
    tidy(low, "3  the candidate with the largest ratio is tried next")
    fig.savefig(out / "step.svg")


def _panel_history(ax: Axes, step: Explanation, history: list[FrozenTrial]) -> None:
    """Draw the trials, good and bad, over the function that nobody knows."""
    u = np.linspace(0, 1, 400)
    ax.plot(u, [error_at(float(RATE["lr"].from_unit(v))) for v in u.tolist()], color="grey", lw=1, ls=":")
    x = encode(RATE, [t.params for t in history])[:, 0]
    y = np.array([t.loss for t in history])
    ax.plot(x[step.bad], y[step.bad], "x", color=ORANGE, ms=6, label=f"bad: the other {len(step.bad)}")
    ax.plot(x[step.good], y[step.good], "o", color=BLUE, ms=8, label=f"good: the best {len(step.good)} of 30")
    ranked = np.sort(y)
    ax.axhline((ranked[len(step.good) - 1] + ranked[len(step.good)]) / 2, color="black", lw=0.8, ls="--")
    ax.annotate("$y^*$", (0.985, ranked[len(step.good)]), fontsize=11, va="bottom")
    ax.set_ylabel("validation error", **STYLE)
    ax.legend(fontsize=9, frameon=False, loc="upper center")
    tidy(ax, "1  the history, split in two (dotted: the true curve, which nobody sees)")


def widths(out: Path) -> None:
    """Draw the same centres under kernels that are too narrow, too wide, and of our rule."""
    rng = np.random.default_rng(5)
    centres = np.sort(np.concatenate([rng.normal(0.3, 0.04, 7), rng.uniform(0.1, 0.95, 4)]))
    u = np.linspace(0, 1, 600)
    fig = figure(8, 2.9)
    ours = Rules().bandwidths(centres[:, None], 60)[:, 0]
    rules = [("too narrow: 0.008 each", np.full(11, 0.008)), ("too wide: 0.25 each", np.full(11, 0.25))]
    for ax, (name, sigma) in zip(fig.subplots(1, 3), [*rules, ("ours: larger gap, clipped", ours)], strict=True):
        for m, s in zip(centres, sigma, strict=True):
            ax.plot(u, mixture(np.array([m]), np.array([s]), u) / 11, color=SKY, lw=0.9)
        ax.plot(u, mixture(centres, sigma, u), color=BLUE, lw=2)
        ax.plot(centres, np.zeros(11), "|", color="black", ms=11)
        ax.set_xlim(0, 1)
        ax.set_ylim(bottom=0)
        tidy(ax, name)
    fig.savefig(out / "widths.svg")


def kernels(out: Path) -> None:
    """Draw a kernel cut off at a wall, one of an integer as cells, and one of a choice."""
    fig = figure(8, 2.9)
    wall, cells, choice = fig.subplots(1, 3)
    u = np.linspace(0, 1, 300)
    estimator = ParzenEstimator({"x": Float(0.0, 1.0)}, np.array([[0.06], [0.3]]), np.ones(2))
    k = np.exp(estimator.log_kernels(u[:, None]))
    for i, (style, name) in enumerate([("-", "at 0.06"), ("--", "at 0.3"), (":", "prior")]):
        wall.plot(u, k[:, i], style, color=[BLUE, GREEN, "grey"][i], lw=2, label=name)
    wall.axvline(0, color="black", lw=2)
    wall.legend(fontsize=9, frameon=False)
    tidy(wall, "cut at the walls, area 1")
    layers = {"layers": Int(1, 6)}
    estimator = ParzenEstimator(layers, encode(layers, [{"layers": 2}, {"layers": 3}, {"layers": 3}]), np.ones(3))
    at = encode(layers, [{"layers": v} for v in range(1, 7)])
    mass = np.exp(estimator.log_kernels(at))[:, [0, 3]]
    cells.bar(np.arange(1, 7) - 0.2, mass[:, 0], 0.38, color=BLUE, label="trial with 2")
    cells.bar(np.arange(1, 7) + 0.2, mass[:, 1], 0.38, color="white", edgecolor="grey", hatch="//", label="prior")
    cells.legend(fontsize=9, frameon=False)
    tidy(cells, "Int(1, 6): mass of cells")
    options = {"c": Categorical(["a", "b", "c"])}
    for n, offset, colour, hatch in ((2, -0.2, BLUE, ""), (20, 0.2, YELLOW, "..")):
        many = ParzenEstimator(options, encode(options, [{"c": "b"}] * n), np.ones(n))
        at = encode(options, [{"c": v} for v in "abc"])
        first = np.exp(many.log_kernels(at))[:, 0]
        choice.bar(np.arange(3) + offset, first, 0.38, color=colour, hatch=hatch, edgecolor="white", label=f"n = {n}")
    choice.set_xticks(range(3), ["a", "b", "c"])
    choice.legend(fontsize=9, frameon=False)
    tidy(choice, "3 choices: a trial with b")
    fig.savefig(out / "kernels.svg")


def weights(out: Path) -> None:
    """Draw how many trials are good, and what each weighs."""
    fig = figure(8, 2.7)
    how_many, good, bad = fig.subplots(1, 3)
    n = np.arange(1, 401)
    how_many.plot(n, [Rules().n_good(int(m)) for m in n], color=BLUE, lw=2)
    how_many.set_xlabel("trials with a finite loss, $N$", **STYLE)
    tidy(how_many, "good trials")
    for size, marker, colour in ((3, "s", ORANGE), (10, "o", BLUE), (25, "^", GREEN)):
        good.plot(
            np.arange(1, size + 1),
            rank_weights(np.zeros(size + 1), size),
            color=colour,
            marker=marker,
            ms=4,
            label=f"{size} good",
        )
    good.axhline(1, color="grey", ls="--", lw=1)
    good.annotate("the prior", (18, 1.1), fontsize=9, color="grey")
    good.legend(fontsize=9, frameon=False)
    good.set_xlabel("rank", **STYLE)
    tidy(good, "weight of a good trial")
    bad.plot(np.arange(100), recency_weights(100), color=ORANGE, lw=2)
    bad.set_ylim(0, 1.1)
    bad.set_xlabel("place among 100, the oldest first", **STYLE)
    tidy(bad, "weight of a bad trial")
    fig.savefig(out / "weights.svg")


def valley(out: Path) -> None:
    """Draw log l - log g in a rotated valley: of joint densities, and of one density per parameter."""
    space = {"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}
    points = np.random.default_rng(2).random((100, 2)).tolist()
    history = [FrozenTrial({"x": x, "y": y}, (x + y - 1) ** 2 + 60 * (x - y) ** 2) for x, y in points]
    grid = np.linspace(0.002, 0.998, 90)
    every = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    sampler, xy = TPESampler(), np.array(points)
    step = sampler.explain(space, history, np.random.default_rng(0))
    parts = [sampler.explain({name: space[name]}, history, np.random.default_rng(0)) for name in space]
    joint = score(step, every)
    singly = sum(score(part, every[:, [j]]) for j, part in enumerate(parts))
    fig = figure(8, 4)
    for ax, field, name in zip(
        fig.subplots(1, 2), (joint, singly), ("jointly: kernels of one trial multiplied", "one by one"), strict=True
    ):
        shape = field.reshape(90, 90)
        drawn = ax.contourf(grid, grid, np.clip(shape, -3, 3), levels=np.linspace(-3, 3, 13), cmap="PuOr_r")
        ax.contour(grid, grid, shape, levels=[0], colors="black", linewidths=0.8)
        ax.plot(*xy[step.bad].T, "x", color="black", ms=4, alpha=0.55)
        ax.plot(*xy[step.good].T, "o", color=BLUE, mec="white", ms=7)
        ax.set_aspect("equal")
        tidy(ax, name)
    fig.colorbar(drawn, ax=fig.axes, shrink=0.8).set_label(r"$\log l - \log g$", **STYLE)
    fig.savefig(out / "valley.png", dpi=130)


def score(step: Explanation, u: Floats) -> Floats:
    """Return log l - log g at some points."""
    assert step.l is not None
    assert step.g is not None
    return step.l.log_pdf(u) - step.g.log_pdf(u)


def cost(out: Path) -> None:
    """Draw the time of one suggestion against the length of the history."""
    rows = read("cost.csv")
    fig = figure(6, 3.4)
    ax = fig.subplots()
    for d, marker, colour in (("2", "o", BLUE), ("10", "s", ORANGE), ("40", "^", GREEN)):
        of_d = [(float(r["trials"]), float(r["ms"])) for r in rows if r["parameters"] == d]
        ax.loglog(*zip(*of_d, strict=True), marker=marker, color=colour, label=f"{d} parameters")
    ax.set_xlabel("trials in the history", **STYLE)
    ax.set_ylabel("milliseconds per suggestion", **STYLE)
    ax.grid(color="#dddddd", lw=0.6)
    ax.legend(fontsize=9, frameon=False)
    tidy(ax)
    fig.savefig(out / "cost.svg")


def read(name: str) -> list[dict[str, str]]:
    """Return a table that experiments.py wrote."""
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def share(values: Floats) -> str:
    """Return a share with Wilson's 95 % interval."""
    n, p, z = len(values), float(values.mean()), 1.96
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((centre + sign * half) / (1 + z * z / n) for sign in (-1, 1))
    return f"{p:.2f} [{low:.2f}, {high:.2f}]"


def mean_of(values: Floats, *, geometric: bool) -> str:
    """Return a mean with a 95 % bootstrap interval over seeds."""
    x = np.log(values) if geometric else values
    draws = x[np.random.default_rng(0).integers(len(x), size=(2000, len(x)))].mean(axis=1)
    found = [float(x.mean()), *np.percentile(draws, [2.5, 97.5]).tolist()]
    mean, low, high = (math.exp(v) for v in found) if geometric else found
    return f"{mean:.2g} [{low:.2g}, {high:.2g}]"


def tables(out: Path) -> None:
    """Write a small table for each experiment."""
    results: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in read("results.csv"):
        results[row["experiment"]][row["setting"]].append(float(row["result"]))

    def table(name: str, head: tuple[str, str], show: Any) -> None:
        lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
        lines += [f"| {setting} | {show(np.array(values))} |" for setting, values in results[name].items()]
        (out / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")

    table("budget", ("trials", "TPE ahead of random search, share of 100 seeds"), share)
    table(
        "dimension",
        ("parameters", "best loss of TPE over random search's, 30 seeds"),
        lambda v: mean_of(v, geometric=True),
    )
    table("joint", ("trials", "best loss, one by one over jointly, 100 seeds"), lambda v: mean_of(v, geometric=True))
    table("dips", ("mean weight of a good trial", "deeper dip found, share of 100 seeds"), share)
    table("running", ("", "distance to the nearest of the other seven, 40 seeds"), lambda v: mean_of(v, geometric=True))
    table(
        "failures",
        ("failed trials are", "share of failures among trials 50 to 99, 40 seeds"),
        lambda v: mean_of(v, geometric=False),
    )


def make(out: Path) -> None:
    """Draw all figures of the chapter and write its tables."""
    for draw in (one_step, widths, kernels, weights, valley, cost, tables):
        draw(out)
