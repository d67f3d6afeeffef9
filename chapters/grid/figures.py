"""Make the figures of this chapter: the order of the points, what stopping early costs, and when a grid is right.

``python chapters/grid/figures.py`` repeats the comparison with the other samplers (half a minute) into peers.csv.
"""

from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tpe_reference import CmaEsSampler, GridSampler, RandomSampler, TPESampler
from tpe_reference.samplers.grid import nth_point
from tpe_reference.space import Domain, Float, FrozenTrial

Array: TypeAlias = NDArray[np.float64]
BLUE, RED, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"
SIZES, N_OPTIMA = [6, 6, 6], 400
PEERS, N_SEEDS, N_TRIALS = Path(__file__).parent / "peers.csv", 60, 64
POINTS = {1: 64, 2: 8, 3: 4, 6: 2}  # values per axis, so that there are 64 points


def make(out: Path) -> None:
    """Draw all figures of the chapter."""
    order().savefig(out / "order.svg")
    stopped_early(out).savefig(out / "stopped-early.svg")
    peers(out).savefig(out / "peers.svg")


def order() -> Figure:
    """Draw the first twelve of 35 points, by nested loops and in our order, with their numbers."""
    sizes = [7, 5]
    orders = {"nested loops": list(product(*map(range, sizes))), "our order": [nth_point(sizes, i) for i in range(35)]}
    fig = Figure(figsize=(7.5, 3.6), layout="constrained")
    for ax, (name, points) in zip(fig.subplots(1, 2), orders.items(), strict=True):
        ax.plot(*np.array(points).T, "o", ms=14, mfc="none", mec=GREY, alpha=0.5)
        for i, (x, y) in enumerate(points[:12]):
            ax.plot(x, y, "o", ms=14, color=BLUE)
            ax.text(x, y, str(i), color="white", ha="center", va="center", fontsize=9)
        n_x, n_y = (len({point[j] for point in points[:12]}) for j in (0, 1))
        ax.set_title(f"{name}: {n_x} of 7 and {n_y} of 5 values used", fontsize=10)
        ax.set(xlabel="index on the first axis", xlim=(-0.6, 6.6), ylim=(-0.6, 4.6), xticks=range(7), yticks=range(5))
    return fig


def stopped_early(out: Path) -> Figure:
    """Draw the median regret against the trials on a grid of 6^3, for three orders of the same points."""
    optima = np.random.default_rng([3, 216]).uniform(size=(N_OPTIMA, 3))
    n = int(np.prod(SIZES))
    ours = np.array([nth_point(SIZES, i) for i in range(n)])
    loops = np.array(list(product(*map(range, SIZES))))
    shuffles = [np.random.default_rng([4, s]).permutation(n) for s in range(N_OPTIMA)]
    runs = {
        "nested loops": [incumbents(loops, c) for c in optima],
        "shuffled": [incumbents(loops[s], c) for s, c in zip(shuffles, optima, strict=True)],
        "our order": [incumbents(ours, c) for c in optima],
    }
    fig, rows = (
        Figure(figsize=(6.5, 3.5), layout="constrained"),
        ["| | 18 trials | 36 trials | 108 trials | 216 trials |"],
    )
    ax = fig.subplots()
    rows.append("|---|---|---|---|---|")
    for (name, losses), colour, dash in zip(runs.items(), (GREY, RED, BLUE), (":", "--", "-"), strict=True):
        low, middle, high = median(np.array(losses))
        ax.plot(range(1, n + 1), middle, dash, color=colour, label=name)
        ax.fill_between(range(1, n + 1), low, high, color=colour, alpha=0.2, lw=0)
        cells = [f"{middle[k - 1]:.3f} [{low[k - 1]:.3f}, {high[k - 1]:.3f}]" for k in (18, 36, 108, 216)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    (out / "stopped-early.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    ax.set(xlabel="trials", ylabel="median regret", yscale="log")
    ax.legend()
    return fig


def incumbents(indices: NDArray[Any], optimum: Array) -> Array:
    """Return the lowest squared distance so far to an optimum of the points of a grid with both ends."""
    points = indices / (np.array(SIZES) - 1)
    return np.minimum.accumulate(((points - optimum) ** 2).sum(axis=1))


def median(losses: Array) -> tuple[Array, Array, Array]:
    """Return the median over the rows between the ends of its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    boot = np.array([np.median(losses[rng.integers(len(losses), size=len(losses))], axis=0) for _ in range(200)])
    return np.quantile(boot, 0.025, axis=0), np.median(losses, axis=0), np.quantile(boot, 0.975, axis=0)


def peers(out: Path) -> Figure:
    """Draw the regret after 64 trials of each sampler against the number of parameters, and write the table."""
    data = np.genfromtxt(PEERS, delimiter=",", names=True, dtype=None, encoding="utf-8")
    fig, rows = Figure(figsize=(6.5, 3.5), layout="constrained"), []
    ax = fig.subplots()
    styles = {"grid": ("s", BLUE), "random": ("o", RED), "tpe": ("^", GREEN), "cma-es": ("D", PURPLE)}
    for k, (name, (marker, colour)) in enumerate(styles.items()):
        cells = []
        for x, d in enumerate(POINTS):
            low, middle, high = (float(v[0]) for v in _row(data, name, d))
            where = x + 0.12 * (k - 1.5)
            ax.errorbar(
                where, middle, ([middle - low], [high - middle]), fmt=marker, color=colour, label=None if x else name
            )
            cells.append(f"{middle:.2g} [{low:.2g}, {high:.2g}]")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    head = [f"| | {' | '.join(f'd = {d}, m = {m}' for d, m in POINTS.items())} |", "|---" * 5 + "|"]
    (out / "peers.md").write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    ax.set_xticks(range(4), [f"{d}\n{m} values each" for d, m in POINTS.items()])
    ax.set(xlabel="parameters", ylabel="median regret after 64 trials", yscale="log")
    ax.legend()
    return fig


def _row(data: Any, sampler: str, d: int) -> tuple[Array, Array, Array]:
    """Return the median regret of a sampler in d dimensions, between the ends of its interval."""
    return median(data["regret"][(data["sampler"] == sampler) & (data["d"] == d)].reshape(-1, 1))


def regret(sampler: Any, d: int, seed: int) -> float:
    """Return the lowest sum of distances, axis by axis, to an optimum that the seed decides, after 64 trials."""
    space: dict[str, Domain] = {f"x{j}": Float(0, 1) for j in range(d)}
    optimum = np.random.default_rng([5, seed, d]).uniform(size=d)
    history: list[FrozenTrial] = []
    for n in range(N_TRIALS):
        params = sampler.suggest(space, history, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n,))))
        history.append(FrozenTrial(params, float(abs(np.array(list(params.values())) - optimum).sum())))
    return min(trial.loss for trial in history)


def compare() -> None:
    """Run all samplers on all numbers of parameters and write peers.csv."""
    rows = ["sampler,d,seed,regret"]
    for d, m in POINTS.items():
        cells = [(k + 0.5) / m for k in range(m)]
        for seed in range(N_SEEDS):
            grid = GridSampler(dict.fromkeys((f"x{j}" for j in range(d)), cells))
            samplers = {"grid": grid, "random": RandomSampler(), "tpe": TPESampler(), "cma-es": CmaEsSampler()}
            rows += [f"{name},{d},{seed},{regret(sampler, d, seed):.6g}" for name, sampler in samplers.items()]
    PEERS.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    compare()
