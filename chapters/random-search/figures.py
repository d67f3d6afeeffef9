"""Make the figures of this chapter: projections, the best of n, the log scale, and few parameters that matter."""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tpe_reference import GridSampler, RandomSampler, TPESampler
from tpe_reference.space import Domain, Float, FrozenTrial

Array: TypeAlias = NDArray[np.float64]
BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
N_SEEDS, N_AXES, N_TRIALS = 400, 4, 81
CUBE: dict[str, Domain] = {f"x{j}": Float(0, 1) for j in range(N_AXES)}


def make(out: Path) -> None:
    """Draw all figures of the chapter."""
    projection().savefig(out / "projection.svg")
    best_of_n().savefig(out / "best-of-n.svg")
    log_scale().savefig(out / "log-scale.svg")
    few_matter(out).savefig(out / "few-matter.svg")
    beside_tpe(out)


def draws(space: dict[str, Domain], n: int, seed: int) -> Array:
    """Return n configurations of random search, shape (n, d)."""
    sampler, rng = RandomSampler(), np.random.default_rng(seed)
    return np.array([list(sampler.suggest(space, [], rng).values()) for _ in range(n)])


def grid(space: dict[str, list[float]]) -> Array:
    """Return all configurations of a grid in the sampler's order, shape (n, d)."""
    sampler, history = GridSampler(space), list[FrozenTrial]()
    while (params := sampler.suggest(space, history)) is not None:
        history.append(FrozenTrial(params, 0.0))
    return np.array([list(trial.params.values()) for trial in history])


def profile(x: Array) -> Array:
    """Return the loss along the parameter that matters, lowest near 0.69."""
    return 0.8 - 0.75 * np.exp(-(((x - 0.69) / 0.09) ** 2)) - 0.15 * np.exp(-(((x - 0.25) / 0.2) ** 2))


def projection() -> Figure:
    """Draw nine points of a grid and nine random ones, and what they show of the parameter that matters."""
    side = [1 / 6, 1 / 2, 5 / 6]
    space: dict[str, Domain] = {"x": Float(0, 1), "y": Float(0, 1)}
    fig = Figure(figsize=(7.5, 5), layout="constrained")
    axes = fig.subplots(2, 2, sharex=True, height_ratios=[1, 1.4])
    line = np.linspace(0, 1, 300)
    for (top, ax), points, name in zip(
        axes.T, (grid({"x": side, "y": side}), draws(space, 9, 0)), ("grid", "random"), strict=True
    ):
        n_values = len(np.unique(points[:, 0]))
        top.plot(line, profile(line), color=GREY)
        top.plot(points[:, 0], profile(points[:, 0]), "o", color=RED)
        top.set_title(f"{name}: 9 trials,\n{n_values} values of what matters", fontsize=10)
        ax.plot(*points.T, "s" if name == "grid" else "o", color=BLUE)
        ax.vlines(points[:, 0], points[:, 1], 1, color=GREY, lw=0.8, ls=":")
        ax.set(xlabel="matters", xlim=(0, 1), ylim=(0, 1))
    axes[0, 0].set_ylabel("loss")
    axes[1, 0].set_ylabel("does not matter")
    return fig


def best_of_n() -> Figure:
    """Draw how likely the best of n is among the top q, by the formula and by counting runs of the sampler."""
    space: dict[str, Domain] = {"x": Float(0, 1), "y": Float(0, 1)}
    # The share of the square closer to its corner than r is a quarter of a disc: pi r^2 / 4, while r <= 1.
    share = np.array([np.pi / 4 * (draws(space, 100, seed) ** 2).sum(axis=1) for seed in range(N_SEEDS)])
    best = np.minimum.accumulate(share, axis=1)
    fig = Figure(figsize=(6.5, 3.5), layout="constrained")
    ax, n = fig.subplots(), np.arange(1, 101)
    for q, colour, marker in ((0.10, GREEN, "^"), (0.05, BLUE, "o"), (0.01, RED, "s")):
        ax.plot(n, 1 - (1 - q) ** n, color=colour, label=f"q = {q:.0%}")
        at = np.array([1, 5, 10, 20, 30, 45, 60, 80, 100])
        p = (best[:, at - 1] <= q).mean(axis=0)
        ax.errorbar(at, p, 1.96 * np.sqrt(p * (1 - p) / N_SEEDS), fmt=marker, color=colour, ms=4, lw=1)
    ax.axhline(0.95, color=GREY, ls=":", lw=1)
    ax.set(xlabel="n trials", ylabel="P(best of n is among the top q)", ylim=(0, 1.02))
    ax.legend(loc="center right")
    return fig


def log_scale() -> Figure:
    """Draw how many of 1000 learning rates fall into each decade, drawn on either scale."""
    fig = Figure(figsize=(6.5, 3), layout="constrained")
    ax, edges = fig.subplots(), np.arange(-5, 1)
    for k, (log, colour, hatch) in enumerate(((False, RED, "//"), (True, BLUE, ""))):
        rates = draws({"lr": Float(1e-5, 1.0, log=log)}, 1000, 0)[:, 0]
        counts = np.histogram(np.log10(rates), edges)[0]
        name = f"Float(1e-5, 1{', log=True' if log else ''})"
        bars = ax.bar(edges[:-1] + 0.3 + 0.4 * k, counts, 0.38, color=colour, hatch=hatch, label=name)
        ax.bar_label(bars, fontsize=9)
    ax.set(ylabel="of 1000 draws", xlabel="learning rate", ylim=(0, 1000))
    ax.set_xticks(edges, [f"$10^{{{k}}}$" for k in edges])
    ax.legend(loc="upper left")
    return fig


def regrets(points: Array, optima: Array, weights: Array) -> Array:
    """Return the lowest weighted squared distance of any point to each optimum, shape (n_optima,)."""
    return ((points[None] - optima[:, None]) ** 2 @ weights).min(axis=1)


def few_matter(out: Path) -> Figure:
    """Draw the regret of 81 random trials over that of a grid of 3^4, by how many of four parameters matter."""
    optima = np.random.default_rng([2012, 281]).uniform(size=(N_SEEDS, N_AXES))
    side = [1 / 6, 1 / 2, 5 / 6]
    the_grid = grid(dict.fromkeys(CUBE, side))
    random = [draws(CUBE, N_TRIALS, seed) for seed in range(N_SEEDS)]
    rows = ["| parameters that matter | grid | random | random / grid | random is ahead |", "|---|---|---|---|---|"]
    ratios = []
    for n_matter in range(1, N_AXES + 1):
        weights = np.where(np.arange(N_AXES) < n_matter, 1.0, 1e-4)
        of_grid = regrets(the_grid, optima, weights)
        of_random = np.array([regrets(r, o[None], weights)[0] for r, o in zip(random, optima, strict=True)])
        ratios.append(geometric_mean(of_random / of_grid))
        ahead = np.mean(of_random < of_grid)
        half = 1.96 * np.sqrt(ahead * (1 - ahead) / N_SEEDS)
        low, middle, high = ratios[-1]
        rows.append(
            f"| {n_matter} of {N_AXES} | {np.median(of_grid):.2g} | {np.median(of_random):.2g} "
            f"| {middle:.2g} [{low:.2g}, {high:.2g}] | {ahead:.0%} ± {half:.0%} |"
        )
    (out / "few-matter.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    fig = Figure(figsize=(6.5, 3.2), layout="constrained")
    _draw_ratios(fig.subplots(), np.array(ratios))
    return fig


def geometric_mean(ratios: Array) -> tuple[float, float, float]:
    """Return the geometric mean between the ends of its 95 % bootstrap interval over seeds."""
    logs, rng = np.log(ratios), np.random.default_rng(0)
    boot = logs[rng.integers(len(logs), size=(2000, len(logs)))].mean(axis=1)
    low, high = np.exp(np.quantile(boot, [0.025, 0.975]))
    return float(low), float(np.exp(logs.mean())), float(high)


def _draw_ratios(ax: Axes, ratios: Any) -> None:
    """Draw the ratios with their intervals, one for each number of parameters that matter."""
    low, middle, high = ratios.T
    x = np.arange(1, N_AXES + 1)
    ax.axhline(1, color=GREY, lw=1)
    ax.errorbar(x, middle, (middle - low, high - middle), fmt="o", color=BLUE, capsize=3)
    ax.set(yscale="log", xlabel="how many of the four parameters matter", ylabel="regret: random / grid", xticks=x)
    ax.text(1.5, 1.12, "grid better above, random below", fontsize=9, color=GREY)


def beside_tpe(out: Path, n_pairs: int = 200) -> None:
    """Write in how many of the pairs of runs TPE is ahead of random search, on a ball in five dimensions."""
    pairs = np.array(
        [[incumbents(TPESampler(), seed, 1), incumbents(RandomSampler(), seed, 0)] for seed in range(n_pairs)]
    )
    ahead = (pairs[:, 0] < pairs[:, 1]).mean(axis=0)
    half, at = 1.96 * np.sqrt(ahead * (1 - ahead) / n_pairs), (10, 15, 20, 30)
    cells = [f"{ahead[n - 1]:.0%} ± {half[n - 1]:.0%}" for n in at]
    rows = [f"| | {' | '.join(f'{n} trials' for n in at)} |", "|---" * 5 + "|", f"| TPE ahead | {' | '.join(cells)} |"]
    (out / "beside-tpe.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


def incumbents(sampler: Any, seed: int, stream: int) -> Array:
    """Return the lowest loss after each of 30 trials; the seed decides the middle of the ball."""
    space: dict[str, Domain] = {f"x{j}": Float(-5, 5) for j in range(5)}
    middle = np.random.default_rng([5, seed, 1]).uniform(-4, 4, 5)
    history: list[FrozenTrial] = []
    for n in range(30):
        rng = np.random.default_rng(np.random.SeedSequence([seed, stream], spawn_key=(n,)))
        params = sampler.suggest(space, history, rng)
        history.append(FrozenTrial(params, float(((np.array(list(params.values())) - middle) ** 2).sum())))
    return np.minimum.accumulate([trial.loss for trial in history])
