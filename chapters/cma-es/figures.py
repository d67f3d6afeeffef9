"""The figures of the chapter on CMA-ES: its mechanisms one by one, then together; by the package's own functions."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tpe_reference.samplers.cma_es import CmaState, Floats, initial, sample, update

BLUE, RED, GREEN, ORANGE, INK = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#333333"  # Okabe and Ito's
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 200)), np.sin(np.linspace(0, 2 * np.pi, 200))], axis=1)
TURN = np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])


def ellipsoid(x: Floats) -> Floats:
    """A bowl that is ten times as long as it is wide, turned by 0.6 radians; lowest, 0, at the origin."""
    t = x @ TURN
    lowest: Floats = t[..., 0] ** 2 + 100 * t[..., 1] ** 2
    return lowest


def rosenbrock(x: Floats) -> Floats:
    """A bent valley; lowest, 0, at (1, 1)."""
    value: Floats = 100 * (x[..., 1] - x[..., 0] ** 2) ** 2 + (1 - x[..., 0]) ** 2
    return value


def make(out: Path) -> None:
    """Draw all figures into a folder, and write the table."""
    for name, figure in {
        "one-generation": one_generation(),
        "step-size": step_size(),
        "paths": paths(),
        "together": together(),
        "convergence": convergence(),
    }.items():
        figure.savefig(out / f"{name}.svg")
    (out / "cost.md").write_text(cost(), encoding="utf-8")


def cost() -> str:
    """Return the table of what an ask and a tell cost: cost.csv, which experiments.py makes."""
    lines = ["| parameters | trials | ours | ours, `parabola=False` | `cmaes` |", "| --- " * 5 + "|"]
    with (Path(__file__).parent / "cost.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            times = (f"{float(row[name]):.2g}" for name in ("default", "parabola=False", "cmaes"))
            lines.append(f"| {row['parameters']} | {int(row['trials']):,} | {' | '.join(times)} |")
    return "\n".join(lines) + "\n"


def generation(state: CmaState, f: object, rng: np.random.Generator) -> tuple[CmaState, Floats]:
    """Return the state after one more generation, and its points, the best first."""
    x = np.array([sample(state, z) for z in rng.standard_normal((state.strategy.popsize, state.strategy.d))])
    x = x[np.argsort(f(x))]  # type: ignore[operator]
    return update(state, x), x


def ground(axes: Axes, f: object, box: tuple[float, float, float, float]) -> None:
    """Draw a function's contours, equally spaced in its logarithm."""
    a, b = np.meshgrid(np.linspace(*box[:2], 400), np.linspace(*box[2:], 400))
    values = f(np.stack([a, b], axis=-1))  # type: ignore[operator]
    axes.contour(a, b, np.log10(values + 1e-3), levels=9, colors="#bbbbbb", linewidths=0.7, linestyles="solid")
    axes.set(xlim=box[:2], ylim=box[2:], aspect="equal")
    axes.tick_params(labelsize=9)


def ellipse(axes: Axes, state: CmaState, colour: str, dashes: str = "-", label: str | None = None) -> None:
    """Draw where a standard deviation lies, and the mean."""
    line = state.mean + state.sigma * CIRCLE @ state.root
    axes.plot(*line.T, color=colour, linestyle=dashes, linewidth=1.8, label=label)
    axes.plot(*state.mean, "+", color=colour, markersize=11, markeredgewidth=2)


def one_generation() -> Figure:
    """Sampling, selection, the new mean, the new ellipse: in three panels."""
    state = initial(np.array([-1.8, 1.6]), 0.7, popsize=14)
    after, x = generation(state, ellipsoid, np.random.default_rng(3))
    mu = state.strategy.mu
    figure = Figure(figsize=(8, 3.1), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, title in zip(panels, ("1. draw and rank", "2. move the mean", "3. reshape"), strict=True):
        ground(axes, ellipsoid, (-4.1, 1.0, -0.9, 4.2))
        axes.set_title(title, fontsize=10)
        axes.plot(*x[:mu].T, "o", color=BLUE, markersize=5)
        axes.plot(*x[mu:].T, "x", color=RED, markersize=5)
    ellipse(panels[0], state, INK, "--")
    for point, weight in zip(x[:mu], state.strategy.weights[:mu], strict=True):
        panels[1].plot(*np.stack([state.mean, point]).T, color=BLUE, linewidth=9 * weight, alpha=0.7)
    panels[1].annotate("", after.mean, state.mean, arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 2})
    ellipse(panels[2], state, INK, "--", "before")
    ellipse(panels[2], after, GREEN, "-", "after")
    panels[2].legend(fontsize=9, loc="upper right")
    return figure


def run(f: object, mean: Floats, sigma: float, n: int, seed: int, freeze: str = "") -> tuple[list[CmaState], Floats]:
    """Return the states of a run, and its best loss after each generation; `freeze` takes a mechanism out."""
    rng, state = np.random.default_rng(seed), initial(mean, sigma)
    states, best = [state], []
    for _ in range(n):
        after, x = generation(state, f, rng)
        if freeze == "sigma":
            after = replace(after, sigma=state.sigma)
        if freeze == "C":
            after = replace(after, C=state.C, B=state.B, D=state.D)
        state = after
        states.append(state)
        best.append(float(f(x[0])))  # type: ignore[operator]
    return states, np.minimum.accumulate(best)


def step_size() -> Figure:
    """With and without adapting the step size, on a sphere."""

    def sphere(x: Floats) -> Floats:
        value: Floats = (x**2).sum(axis=-1)
        return value

    figure = Figure(figsize=(8, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for sigma, colour, dashes in ((10.0, RED, "--"), (1.0, ORANGE, "-."), (0.001, BLUE, ":")):
        _, best = run(sphere, np.full(5, 3.0), sigma, 120, 0, "sigma")
        left.semilogy(best, color=colour, linestyle=dashes, label=f"{sigma:g}, fixed")
        states, best = run(sphere, np.full(5, 3.0), sigma, 120, 0)
        left.semilogy(best, color=colour, linewidth=2, label=f"{sigma:g}, adapted")
        right.semilogy([state.sigma for state in states], color=colour, linewidth=2, label=f"from {sigma:g}")
    left.set_ylabel("best loss so far", fontsize=9)
    right.set_ylabel("step size σ, adapted", fontsize=9)
    for axes in (left, right):
        axes.set_xlabel("generation", fontsize=9)
        axes.tick_params(labelsize=9)
    left.legend(fontsize=8, title="first step size", title_fontsize=8)
    right.legend(fontsize=8)
    return figure


def paths() -> Figure:
    """What the rank-one and the rank-mu update each make of a generation."""
    rng, before = np.random.default_rng(5), initial(np.array([-2.6, -1.9]), 0.35, popsize=12)
    for _ in range(3):
        before, _ = generation(before, ellipsoid, rng)
    round_ = {"C": np.eye(2), "B": np.eye(2), "D": np.ones(2), "sigma": 0.35}  # so that what changes can be seen
    before = replace(before, **round_)
    _, x = generation(before, ellipsoid, rng)
    s, figure = before.strategy, Figure(figsize=(8, 3.4), layout="constrained")
    parts = {
        "path alone (rank one)": replace(s, c_1=0.5, c_mu=0.0),
        "points alone (rank μ)": replace(s, c_1=0.0, c_mu=0.5, weights=np.maximum(s.weights, 0.0)),
        "both, at the tutorial's rates": s,
    }
    for axes, (title, rates) in zip(figure.subplots(1, 3, sharey=True), parts.items(), strict=True):
        after = update(replace(before, strategy=rates), x)
        ground(axes, ellipsoid, (-3.1, -0.9, -2.4, -0.2))
        axes.plot(*x[: s.mu].T, "o", color=BLUE, markersize=4)
        ellipse(axes, before, INK, "--")
        ellipse(axes, replace(after, mean=before.mean, sigma=before.sigma), GREEN)
        tip = before.mean + before.sigma * after.p_c
        axes.annotate("", tip, before.mean, arrowprops={"arrowstyle": "->", "color": RED, "linewidth": 2})
        axes.set_title(title, fontsize=10)
    return figure


def together() -> Figure:
    """Ellipses of a run on a turned ellipsoid and on Rosenbrock's function."""
    figure = Figure(figsize=(8, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, f, mean, box, shown in (
        (left, ellipsoid, np.array([-3.0, 1.5]), (-4.5, 1.5, -3.0, 3.0), (0, 3, 6, 10, 16, 22)),
        (right, rosenbrock, np.array([-1.2, 1.0]), (-2.2, 1.8, -1.2, 2.8), (0, 4, 8, 16, 30, 45)),
    ):
        ground(axes, f, box)
        states, _ = run(f, mean, 0.5, max(shown), 1)
        axes.plot(*np.array([state.mean for state in states]).T, ".-", color=INK, linewidth=1, markersize=4)
        for i in shown:
            ellipse(axes, states[i], GREEN if i else RED, "-" if i else "--")
    left.set_title("an ellipsoid, generations 0, 3, 6, 10, 16, 22", fontsize=10)
    right.set_title("Rosenbrock, generations 0, 4, 8, 16, 30, 45", fontsize=10)
    return figure


def convergence() -> Figure:
    """The ellipsoid in ten dimensions: with all mechanisms, and without the covariance's."""

    def long_bowl(x: Floats) -> Floats:
        value: Floats = (x**2) @ np.logspace(0, 4, 10)
        return value

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for freeze, colour, dashes, label in (("C", RED, "--", "C stays round"), ("", BLUE, "-", "C adapted")):
        for seed in range(5):
            _, best = run(long_bowl, np.full(10, 2.0), 1.0, 400, seed, freeze)
            trials = 10 * np.arange(1, 401)
            axes.semilogy(trials, best, color=colour, linestyle=dashes, label=label if seed == 0 else None)
    axes.set_xlabel("trials", fontsize=9)
    axes.set_ylabel("best loss so far", fontsize=9)
    axes.tick_params(labelsize=9)
    axes.legend(fontsize=9)
    return figure
