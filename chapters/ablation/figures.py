"""Draw the ablation's figure, ablation.png, from what its runs came to, ablation.csv.

``python chapters/ablation/figures.py``, in the repository's root; index.md says how the runs are made.
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from variants import COMPONENTS

from tpe_reference.compare.statistics import Estimate
from tpe_reference.compare.suite import Regrets, ratio, read_regrets
from tpe_reference.compare.suite_problems import GROUPS

HERE = Path(__file__).parent
TRIALS = 100
KINDS = {"continuous": ("continuous",), "mixed": ("mixed",), "integer and categorical": ("integer", "categorical")}
WORSE, BETTER, NOISE = "#D55E00", "#0072B2", "#888888"  # Okabe and Ito's; the shape of the marker says it as well
LIMITS = (0.25, 8.0)


def ratios(regrets: Regrets, name: str) -> dict[str, Estimate]:
    """Return a variant's regret over the default's on each kind of space."""
    found = {}
    for kind, starts in KINDS.items():
        problems = [problem for group, list_ in GROUPS.items() if group.startswith(starts) for problem in list_]
        estimate = ratio(regrets, problems, name, "tpe", TRIALS)
        if estimate is not None:
            found[kind] = estimate
    return found


def draw(regrets: Regrets) -> Figure:
    """Return the figure: a row per variant, a column per kind of space."""
    rows = [(component, label, name) for component, list_ in COMPONENTS.items() for name, label, _ in list_]
    figure = Figure(figsize=(10.0, 9.6), layout="constrained")
    panels = figure.subplots(1, len(KINDS), sharey=True)
    for axes, kind in zip(panels, KINDS, strict=True):
        _frame(axes, kind)
    ticks, labels, y = [], [], 0.0
    for i, (component, label, name) in enumerate(rows):
        if i == 0 or component != rows[i - 1][0]:
            y += 1.3
            ticks.append(y - 0.1)
            labels.append(component.upper())
        y += 1.0
        ticks.append(y)
        labels.append(label)
        found = ratios(regrets, name)
        for axes, kind in zip(panels, KINDS, strict=True):
            if kind in found:
                _point(axes, y, found[kind])
    panels[0].set_yticks(ticks, labels)
    for text in panels[0].get_yticklabels():
        is_component = text.get_text().lower() in COMPONENTS
        text.set(fontweight="bold" if is_component else "normal", fontsize=7.5 if is_component else 9.5)
    panels[0].set_ylim(y + 0.8, 0.6)
    figure.supxlabel(
        f"regret after {TRIALS} trials, as a multiple of the default's: geometric mean and 95 % interval", fontsize=10.5
    )
    return figure


def _frame(axes: Axes, kind: str) -> None:
    axes.set_title(kind, fontsize=11)
    axes.set_xscale("log")
    axes.set_xlim(*LIMITS)
    axes.set_xticks([0.5, 1, 2, 4], ["½", "1", "2", "4"])
    axes.minorticks_off()
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.grid(axis="x", color="#E5E5E5")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _point(axes: Axes, y: float, found: Estimate) -> None:
    colour, marker = (WORSE, ">") if found.low > 1 else (BETTER, "<") if found.high < 1 else (NOISE, "o")
    low, high = max(found.low, LIMITS[0]), min(found.high, LIMITS[1])
    axes.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    value = min(max(found.value, LIMITS[0] * 1.05), LIMITS[1] / 1.05)
    axes.plot(value, y, marker=marker, color=colour, markersize=6, markerfacecolor=colour if marker != "o" else "white")
    if found.value > LIMITS[1]:
        axes.annotate(f"{found.value:.0f}", (value, y), xytext=(-8, 5), textcoords="offset points", fontsize=8)


if __name__ == "__main__":
    draw(read_regrets([HERE / "ablation.csv"])).savefig(HERE / "ablation.png", dpi=150, facecolor="white")
