"""Makes the frames of the explorable figure of pruning: what the pruner does to 40 curves, setting by setting.

Every frame is a run of `curves.replay`, so each decision in it is one of `should_prune`. chapters/assets/explore.js
draws them; what a frame file is, chapters/explore/figures.py says.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from curves import STEPS, Array, crossing, drawn, orderly, replay, shuffled
from matplotlib.figure import Figure

from tpe_reference.pruners import MedianPruner, PercentilePruner

START_UP = [1, 2, 3, 5, 7, 10, 15, 20, 30]  # of 40: beyond 30 hardly a trial is judged
WARM_UP = list(range(21))  # of 30 steps: the curves that cross have done so by step 15
PERCENTILES = {"50": "50, the median", "25": "25", "75": "75"}
FAMILIES = ["orderly", "crossing", "digits"]
SEED = 25  # chosen from 30: the best curve is not among the first five, and orderly curves show a loss as well
BLUE, RED, PINK = "#0072B2", "#D55E00", "#CC79A7"  # as in explore.js
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"  # a number of steps as one character


def make(out: Path) -> None:
    """Write what is fixed in the figure, and a file of frames for each family and percentile."""
    controls = [
        {"label": "Curves", "values": FAMILIES, "names": FAMILIES, "run": True},
        {"label": "Percentile", "values": list(PERCENTILES), "names": list(PERCENTILES.values()), "run": True},
    ]
    sliders = [
        {"label": "n_startup_trials", "values": START_UP, "start": START_UP.index(5)},
        {"label": "n_warmup_steps", "values": WARM_UP, "start": 0},
    ]
    _write(out, "pruning", {"controls": controls, "sliders": sliders})
    for family in FAMILIES:
        for percentile in PERCENTILES:
            _write(out, f"pruning-{family}-{percentile}", run(family, float(percentile)))
    _picture().savefig(out / "pruning.svg")


def curves_of(family: str) -> Array:
    """Return 40 curves of a family."""
    if family == "digits":
        return shuffled(SEED)
    return drawn({"orderly": orderly, "crossing": crossing}[family], SEED)


def pruner(percentile: float, start_up: int, warm_up: int) -> MedianPruner:
    """Return the pruner of one place of the sliders."""
    if percentile == 50.0:
        return MedianPruner(start_up, warm_up)
    return PercentilePruner(percentile, start_up, warm_up)


def run(family: str, percentile: float) -> dict[str, Any]:
    """Return the curves, and for each place of the sliders: steps of each trial, per cent of steps saved, regret."""
    curves = curves_of(family)
    frames = []
    for start_up in START_UP:
        for warm_up in WARM_UP:
            found = replay(curves, pruner(percentile, start_up, warm_up))
            lengths = "".join(DIGITS[n] for n in found.lengths)
            frames.append([lengths, round(100 * found.saved), float(f"{found.regret:.3g}")])
    # The errors on digits differ by a factor of 30: their logarithms are drawn. The pruner has seen the errors.
    shown = np.log10(curves) if family == "digits" else curves
    return {
        "label": "log10 of the validation error" if family == "digits" else "loss",
        "range": [float(np.floor(10 * shown.min()) / 10), float(np.ceil(10 * shown.max()) / 10)],
        "curves": [[round(loss, 3) for loss in curve] for curve in shown.tolist()],
        "best": int(np.argmin(curves[:, -1])),
        "frames": frames,
    }


def _write(out: Path, key: str, content: dict[str, Any]) -> None:
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    (out / f"{key}.js").write_text(f'(window.explore ??= {{}})["{key}"]={text};\n', encoding="utf-8")


def _picture() -> Figure:
    """Draw what two warm-ups do to crossing curves, for a page without JavaScript."""
    picture = Figure(figsize=(8, 3.4), layout="constrained")
    curves = curves_of("crossing")
    best, steps = int(np.argmin(curves[:, -1])), np.arange(1, STEPS + 1)
    for axes, warm_up in zip(picture.subplots(1, 2, sharey=True), (0, 15), strict=True):
        found = replay(curves, MedianPruner(n_warmup_steps=warm_up))
        axes.plot(steps, curves[best], ":", color=PINK, lw=2)
        for i, (curve, n) in enumerate(zip(curves, found.lengths, strict=True)):
            color = PINK if i == best else BLUE if n == STEPS else RED
            axes.plot(steps[:n], curve[:n], color=color, lw=3 if i == best else 0.8)
            axes.plot(steps[n - 1 : n], curve[n - 1 : n], "x" if n < STEPS else "", color=color, ms=5)
        axes.set(xlabel="step", title=f"warm-up {warm_up}: {100 * found.saved:.0f} % of steps saved")
    axes.plot([], [], color=PINK, lw=3, label="ends lowest")
    axes.plot([], [], color=BLUE, label="complete")
    axes.plot([], [], "x-", color=RED, label="stopped")
    axes.legend(frameon=False)
    picture.supylabel("loss")
    return picture
