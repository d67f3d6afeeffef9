"""Make the figures of this chapter: a landscape that nobody sees, the unit interval, and a sampler in ten lines."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tpe_reference import RandomSampler
from tpe_reference.space import Categorical, Domain, Float, FrozenTrial, Int

BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
SVM = {"C": Float(1e-2, 1e4, log=True), "gamma": Float(1e-5, 1e1, log=True)}
BALL: dict[str, Domain] = {name: Float(-5, 5) for name in ("a", "b", "c")}
LANDSCAPE, SIDE = Path(__file__).parent / "landscape.csv", 19
N_SEEDS, N_TRIALS = 100, 40


def make(out: Path) -> None:
    """Draw all figures of the chapter."""
    landscape().savefig(out / "landscape.svg")
    unit_interval().savefig(out / "unit.svg")
    ten_lines(out).savefig(out / "ten-lines.svg")


def compute_landscape() -> None:
    """Write the loss of a support vector machine on Iris at twelve random places, then on a lattice (20 s, by hand)."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    x, y = load_iris(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    places = [RandomSampler().suggest(SVM, [], np.random.default_rng(seed)) for seed in range(12)]
    u = np.linspace(0, 1, SIDE)
    places += [{"C": SVM["C"].from_unit(b), "gamma": SVM["gamma"].from_unit(a)} for a in u for b in u]
    rows = [[p["C"], p["gamma"], 1 - cross_val_score(SVC(**p), x, y, cv=folds).mean()] for p in places]
    np.savetxt(LANDSCAPE, rows, "%.6g", ",", header="C,gamma,loss", comments="")


def landscape() -> Figure:
    """Draw what a search sees after twelve trials beside the loss everywhere."""
    rows = np.loadtxt(LANDSCAPE, delimiter=",", skiprows=1)
    draws, (c, gamma, z) = rows[:12], rows[12:].reshape(SIDE, SIDE, 3).transpose(2, 0, 1)
    fig = Figure(figsize=(8, 3.7), layout="constrained")
    left, right = fig.subplots(1, 2, sharex=True, sharey=True)
    mesh = right.pcolormesh(c, gamma, z, cmap="viridis", shading="nearest", rasterized=True)
    fig.colorbar(mesh, ax=right, label="loss: 1 - accuracy")
    for place in draws:
        left.plot(*place[:2], "o", color=BLUE)
        left.annotate(f"{place[2]:.2f}", place[:2], (4, 4), textcoords="offset points")
        right.plot(*place[:2], "o", color="white", markeredgecolor="black")
    best = draws[draws[:, 2].argmin()]
    left.plot(*best[:2], "s", ms=13, mfc="none", mec=RED)
    for ax, title in ((left, "What a search sees"), (right, "What nobody sees")):
        ax.set(xscale="log", yscale="log", xlabel="C", title=title)
    left.set(ylabel="gamma", xlim=(7e-3, 6e4), ylim=(5e-6, 4e1))
    return fig


def unit_interval() -> Figure:
    """Draw how five kinds of domain lie in the unit interval."""
    domains: list[tuple[str, Domain, list[Any]]] = [
        ("Float(0, 100)", Float(0, 100), [0, 25, 50, 75, 100]),
        ("Float(0.01, 100, log=True)", Float(0.01, 100, log=True), [0.01, 0.1, 1, 10, 100]),
        ("Int(1, 5)", Int(1, 5), [1, 2, 3, 4, 5]),
        ("Int(1, 16, log=True)", Int(1, 16, log=True), [1, 2, 3, 4, 8, 16]),
        ('Categorical(["relu", "tanh", "elu"])', Categorical(["relu", "tanh", "elu"]), ["relu", "tanh", "elu"]),
    ]
    fig = Figure(figsize=(8, 4.2), layout="constrained")
    for ax, (title, domain, marks) in zip(fig.subplots(5, 1, sharex=True), domains, strict=True):
        _bar(ax, title, domain, marks)
    ax.set_xlabel("position u in the unit interval")
    return fig


def _bar(ax: Axes, title: str, domain: Domain, marks: list[Any]) -> None:
    """Draw one domain: its cells as boxes, some of its values as points."""
    ax.axhline(0, color="black", lw=1, zorder=0)
    if domain.size is not None:
        for k, (a, b) in enumerate(zip(domain.edges()[:-1], domain.edges()[1:], strict=True)):
            ax.axvspan(a, b, color=BLUE, alpha=0.12 if k % 2 else 0.3, lw=0)
    for mark in marks:
        ax.plot(domain.to_unit(mark), 0, "o", color=RED, clip_on=False)
        ax.annotate(str(mark), (domain.to_unit(mark), 0), (0, 6), textcoords="offset points", ha="center", fontsize=9)
    ax.set_title(title, loc="left", fontsize=9, family="monospace", pad=3)
    ax.set(ylim=(-0.5, 1), yticks=[], xlim=(-0.02, 1.02))


def sampler_of_the_page() -> Any:
    """Return the class `Nearby` as the page spells it out, so that there is one of it."""
    text = (Path(__file__).parent / "index.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"np": np}
    exec(re.search(r"^class Nearby:\n(?:    .*\n|\n)+", text, re.MULTILINE)[0], names)  # type: ignore[index]
    return names["Nearby"]()


def run(sampler: Any, seed: int) -> list[float]:
    """Return the incumbent's loss after each trial, on a ball whose middle depends on the seed."""
    middle = np.random.default_rng([7, seed, 1]).uniform(-4, 4, len(BALL))
    history: list[FrozenTrial] = []
    for n in range(N_TRIALS):
        params = sampler.suggest(BALL, history, np.random.default_rng([seed, n]))
        history.append(FrozenTrial(params, float(sum((np.array(list(params.values())) - middle) ** 2))))
    return list(np.minimum.accumulate([trial.loss for trial in history]))


def ten_lines(out: Path) -> Figure:
    """Draw the incumbent's loss of random search and of the page's sampler, medians with intervals."""
    runs = {
        "random search": np.array([run(RandomSampler(), seed) for seed in range(N_SEEDS)]),
        "Nearby, ten lines": np.array([run(sampler_of_the_page(), seed) for seed in range(N_SEEDS)]),
    }
    fig = Figure(figsize=(6.5, 3.5), layout="constrained")
    ax = fig.subplots()
    rows = ["| | after 10 trials | after 40 trials |", "|---|---|---|"]
    for (name, losses), colour, dash in zip(runs.items(), (BLUE, RED), ("--", "-"), strict=True):
        low, middle, high = _median(losses)
        ax.plot(range(1, N_TRIALS + 1), middle, dash, color=colour, label=name)
        ax.fill_between(range(1, N_TRIALS + 1), low, high, color=colour, alpha=0.2, lw=0)
        cells = [f"{middle[n]:.2f} [{low[n]:.2f}, {high[n]:.2f}]" for n in (9, 39)]
        rows.append(f"| {name} | {cells[0]} | {cells[1]} |")
    ahead = [np.mean(np.diff(np.stack(list(runs.values()))[:, :, n], axis=0) < 0) for n in (9, 39)]
    rows.append(f"| seeds in which Nearby is ahead | {ahead[0]:.0%} | {ahead[1]:.0%} |")
    (out / "ten-lines.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    ax.set(yscale="log", xlabel="trials", ylabel="loss of the incumbent")
    ax.legend()
    return fig


def _median(losses: np.ndarray[Any, Any]) -> Any:
    """Return the median of the seeds and its 95 % bootstrap interval, per trial."""
    rng = np.random.default_rng(0)
    boot = np.median(losses[rng.integers(N_SEEDS, size=(400, N_SEEDS))], axis=1)
    return np.quantile(boot, 0.025, axis=0), np.median(losses, axis=0), np.quantile(boot, 0.975, axis=0)


if __name__ == "__main__":
    compute_landscape()
