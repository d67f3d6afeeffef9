"""Makes the explorable figures' frames and the pictures that stand for them where there is no JavaScript.

Every frame is what the package itself says of a history: `TPESampler.explain`, `CmaEsSampler.explain`. A frame file is
a script that sets one entry of `window.explore`, because a page opened from a disk may load scripts, but not JSON.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from tpe_reference.samplers import tpe, tpe_variants
from tpe_reference.samplers.cma_es import CmaEsSampler, CmaState
from tpe_reference.space import Float, FrozenTrial

BLUE, RED, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GAMMAS = {"0.1": "0.1, ours", "0.25": "0.25", "0.5": "0.5"}
BANDWIDTHS = {
    "ours": ("ours", tpe.bandwidths),
    "optuna": ("Optuna's", tpe_variants.bandwidths_by_size),
    "watanabe": ("Watanabe's", tpe_variants.bandwidths_with_all),
}
SEEDS = {"0": "0", "1": "1"}
N_TRIALS, N_GENERATIONS = 50, 40
LINE = np.linspace(0.0, 1.0, 101)  # where the densities of one parameter are shown
CELLS = (np.arange(24) + 0.5) / 24  # and of two: the middles of squares


def dips(x: float) -> float:
    """A loss with two dips: the lower, narrow one at 0.74, a wide one at 0.24."""
    return 1.0 - 0.6 * math.exp(-(((x - 0.24) / 0.14) ** 2)) - math.exp(-(((x - 0.74) / 0.08) ** 2))


def valley(x: float, y: float) -> float:
    """A loss with a curved valley, lowest at (0.7, 0.49)."""
    return 8.0 * (y - x * x) ** 2 + (x - 0.7) ** 2


def ellipsoid(x: float, y: float) -> float:
    """An ellipsoid with axes 10 : 1, turned by 30 degrees, lowest at (0.75, 0.35)."""
    along = (x - 0.75) * math.cos(math.pi / 6) + (y - 0.35) * math.sin(math.pi / 6)
    across = (y - 0.35) * math.cos(math.pi / 6) - (x - 0.75) * math.sin(math.pi / 6)
    return along**2 + 100.0 * across**2


def rosenbrock(x: float, y: float) -> float:
    """Rosenbrock's function of (4 x - 2, 4 y - 1): its lowest point is at (0.75, 0.5)."""
    a, b = 4 * x - 2, 4 * y - 1
    return (1 - a) ** 2 + 100 * (b - a * a) ** 2


LOSSES: dict[str, Callable[..., float]] = {
    "tpe-1d": dips,
    "tpe-2d": valley,
    "cma-ellipsoid": ellipsoid,
    "cma-rosenbrock": rosenbrock,
}
OPTIMA = {"tpe-1d": [0.74], "tpe-2d": [0.7, 0.49], "cma-ellipsoid": [0.75, 0.35], "cma-rosenbrock": [0.75, 0.5]}


def make(out: Path) -> None:
    """Write what is fixed in each figure, all frames, and one picture per figure into a folder."""
    for figure in LOSSES:
        controls, run = _controls(figure), _tpe_run if figure.startswith("tpe") else _cma_run
        write(out, figure, {"controls": controls, "sliders": _sliders(figure), **_landscape(figure)})
        for values in product(*(control["values"] for control in controls if control["run"])):
            write(out, "-".join([figure, *values]), {"frames": run(figure, *values)})
    for figure, draw in (("tpe-1d", _draw_line), ("tpe-2d", _draw_square)):
        draw(_tpe_run(figure, "0.1", "ours", "0")[30]).savefig(out / f"{figure}.svg")
    for figure in ("cma-ellipsoid", "cma-rosenbrock"):
        _draw_generations(figure, _cma_run(figure, "no", "0")).savefig(out / f"{figure}.svg")


def write(out: Path, key: str, content: Any) -> None:
    """Write what the page's script asks for by a key."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    (out / f"{key}.js").write_text(f'(window.explore ??= {{}})["{key}"]={text};\n', encoding="utf-8")


def control(label: str, names: Mapping[str, str], *, run: bool = True) -> dict[str, Any]:
    """Return a choice, {value: name}, the first being shown at first; `run`: whether it needs frames of its own."""
    return {"label": label, "values": list(names), "names": list(names.values()), "run": run}


def _controls(figure: str) -> list[dict[str, Any]]:
    """Return what a reader may choose."""
    seed = control("Seed", SEEDS)
    if figure.startswith("cma"):
        view = control("View", {"all": "all", "close": "close up"}, run=False)
        return [control("Parabola", {"no": "no, the tutorial's", "yes": "yes, ours"}), seed, view]
    bandwidths = control("Bandwidths", {value: name for value, (name, _) in BANDWIDTHS.items()})
    shading = control("Shading", {"ratio": "log l/g", "l": "l", "g": "g"}, run=False)
    return [control("Share of good trials, γ", GAMMAS), bandwidths, seed, *([shading] if figure == "tpe-2d" else [])]


def _sliders(figure: str) -> list[dict[str, Any]]:
    """Return the one slider, over trials or generations, and where it stands at first."""
    if figure.startswith("cma"):
        return [{"label": "Generation", "values": list(range(N_GENERATIONS)), "start": 0}]
    return [{"label": "Trial", "values": list(range(N_TRIALS)), "start": 30}]


def _landscape(figure: str) -> dict[str, Any]:
    """Return the loss: its values on a line, or its level lines on a square."""
    loss, optimum = LOSSES[figure], OPTIMA[figure]
    if len(optimum) == 1:
        return {"optimum": optimum, "loss": _short([loss(x) for x in LINE], 3)}
    grid = np.linspace(0, 1, 61)
    z = np.array([[math.log10(loss(x, y) + 1e-9) for x in grid] for y in grid])
    lines = contour_generator(grid, grid, z)
    levels = np.linspace(np.quantile(z, 0.03), z.max(), 9)[:-1]
    return {
        "optimum": optimum,
        "levels": [_short(line, 3) for level in levels for line in lines.lines(level) if len(line) > 30],
    }


def rules(gamma: str, bandwidth: str) -> tpe.Rules:
    """Return our rules with another share of good trials, still at most 25, and another rule of bandwidths."""
    share = float(gamma)
    return replace(tpe.Rules(), n_good=lambda n: min(math.ceil(share * n), 25), bandwidths=BANDWIDTHS[bandwidth][1])


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the source of chance that a study with this seed gives to this trial."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def space(figure: str) -> dict[str, Float]:
    """Return a figure's parameters, each from 0 to 1."""
    return {name: Float(0.0, 1.0) for name in ("x", "y")[: len(OPTIMA[figure])]}


def _tpe_run(figure: str, gamma: str, bandwidth: str, seed: str) -> list[dict[str, Any]]:
    """Return a frame for each trial of a search: what was known before it, and what was chosen."""
    sampler = tpe.TPESampler(rules=rules(gamma, bandwidth))
    history: list[FrozenTrial] = []
    frames = []
    for number in range(N_TRIALS):
        told = sampler.explain(space(figure), history, generator(int(seed), number))
        frames.append(_tpe_frame(figure, told))
        history.append(FrozenTrial(told.choice, loss=LOSSES[figure](**told.choice)))
        frames[-1]["loss"] = _short(history[-1].loss, 4)
    return frames


def _tpe_frame(figure: str, told: tpe.Explanation) -> dict[str, Any]:
    """Return a frame; the history's points are the choices of the frames before, so only their numbers stand here."""
    frame = {"good": told.good, "bad": told.bad, "choice": _short(list(told.choice.values()), 4)}
    if told.l is None or told.g is None:
        return frame
    frame |= {"candidates": _short(told.candidates, 4), "scores": _short(told.scores, 4)}
    frame["chosen"] = int(np.argmax(told.scores))
    if figure == "tpe-1d":
        l, g = (np.exp(density.log_pdf(LINE[:, None])) for density in (told.l, told.g))
        return frame | {"l": _short(l, 4), "g": _short(g, 4)}
    u = np.array([(x, y) for y in CELLS for x in CELLS])  # logarithms, times 20: whole numbers are short
    return frame | {name: np.rint(20 * p.log_pdf(u)).astype(int).tolist() for name, p in (("l", told.l), ("g", told.g))}


def _cma_run(figure: str, parabola: str, seed: str) -> list[dict[str, Any]]:
    """Return a frame for each generation of a search, all of its first run."""
    sampler = CmaEsSampler(parabola=parabola == "yes")
    history: list[FrozenTrial] = []
    popsize = 6
    while len(history) < N_GENERATIONS * popsize:
        params = sampler.suggest(space(figure), history, generator(int(seed), len(history)))
        history.append(FrozenTrial(params, loss=LOSSES[figure](**params)))
    generations = sampler.explain(space(figure), history, generator(int(seed), 0))
    shown = [g for g in generations if g.run == 0 and g.trials][:N_GENERATIONS]
    return [_cma_frame(g.state, [history[number] for number in g.trials]) for g in shown]


def _cma_frame(state: CmaState, trials: list[FrozenTrial]) -> dict[str, Any]:
    """Return a frame: the distribution before a generation, and its points, the best first."""
    angle = np.linspace(0, 2 * np.pi, 49)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return {
        "mean": _short(state.mean, 5),
        "sigma": _short(state.sigma, 3),
        "axes": _short(np.sort(state.sigma * state.D)[::-1], 3),
        "ellipse": _short(state.mean + state.sigma * circle @ state.root, 5),
        "p_sigma": _short(state.p_sigma, 3),
        "p_c": _short(state.p_c, 3),
        "samples": _short([list(trial.params.values()) for trial in trials], 5),
        "best": _short(trials[0].loss, 3),
    }


def _short(values: Any, digits: int) -> Any:
    """Return numbers, alone or in nested lists, with so many significant digits."""
    if isinstance(values, (np.ndarray, np.generic)):
        values = values.tolist()
    if isinstance(values, list):
        return [_short(value, digits) for value in values]
    return float(f"{values:.{digits}g}")


def _draw_line(frame: Mapping[str, Any]) -> Figure:
    """Draw one frame of the search on one parameter."""
    picture = Figure(figsize=(7, 5), layout="constrained")
    above, middle, below = picture.subplots(3, 1, sharex=True)
    above.plot(LINE, [dips(x) for x in LINE], "k")
    middle.plot(LINE, frame["l"], color=BLUE, label="l, good")
    middle.plot(LINE, frame["g"], "--", color=RED, label="g, bad")
    below.plot(LINE, np.log(np.divide(frame["l"], frame["g"])), color=GREEN)
    below.plot(np.ravel(frame["candidates"]), frame["scores"], "|", ms=10, color="k", label="candidates")
    for axes, label in ((above, "loss"), (middle, "density"), (below, "log l/g")):
        axes.axvline(frame["choice"][0], color=PINK, ls=":", label="chosen")
        axes.set(ylabel=label)
    below.set(xlabel="x")
    middle.legend(fontsize=9, loc="upper right")  # where the curves leave room
    below.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.58, 1.0))
    return picture


def _draw_square(frame: Mapping[str, Any]) -> Figure:
    """Draw one frame of the search on two parameters."""
    picture = Figure(figsize=(6, 5), layout="constrained")
    axes = picture.subplots()
    ratio = np.subtract(frame["l"], frame["g"]).reshape(24, 24) / 20
    shades = axes.imshow(ratio, origin="lower", extent=(0, 1, 0, 1), cmap="RdBu", vmin=-4, vmax=4)
    picture.colorbar(shades, label="log l/g")
    axes.plot(*np.transpose(frame["candidates"]), "+", color="k", label="candidates")
    axes.plot(*frame["choice"], "D", color=PINK, mec="k", ms=9, label="chosen")
    axes.set(xlabel="x", ylabel="y")
    axes.legend(fontsize=9, loc="upper left")
    return picture


def _draw_generations(figure: str, frames: list[dict[str, Any]]) -> Figure:
    """Draw four generations of a search side by side."""
    picture = Figure(figsize=(8, 2.4), layout="constrained")
    for axes, number in zip(picture.subplots(1, 4, sharey=True), (0, 6, 14, 39), strict=True):
        for line in _landscape(figure)["levels"]:
            axes.plot(*np.transpose(line), color="0.8", lw=0.8)
        axes.add_patch(Polygon(frames[number]["ellipse"], fill=False, ec=BLUE, lw=1.5))
        axes.plot(*np.transpose(frames[number]["samples"]), "o", color=RED, ms=4)
        axes.plot(*frames[number]["mean"], "P", color=BLUE)
        axes.plot(*OPTIMA[figure], "k*")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=f"generation {number}", xlabel="x")
    return picture
