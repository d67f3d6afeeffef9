"""Pictures of a study over its trials: the optimization history, the intermediate values, distribution and timeline.

Start reading at `plot_optimization_history`.

>>> from tpe_reference import create_study
>>> study = create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=20)
>>> try:
...     from matplotlib.figure import Figure
...     ax = plot_optimization_history(study, ax=Figure().subplots())
... except ImportError:  # matplotlib is optional
...     pass
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..space import TrialState
from .canvas import (
    BLUE,
    ORANGE,
    STYLES,
    VERMILLION,
    Axes,
    Floats,
    Target,
    begin,
    best_number,
    drawable,
    finished,
    label,
    legend,
    linear_ticks,
    named_studies,
    note,
    panels,
    plain,
    scale_values,
    share_ticks,
    values_of,
    whole_ticks,
)

if TYPE_CHECKING:
    from ..study import Study
    from ..trial import TrialRecord


def plot_optimization_history(
    study: Study | Sequence[Study] | Mapping[str, Study],
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Axes | None = None,
) -> Axes:
    """Draw the value of every trial, and the best so far as a line of steps.

    Points are complete trials, open diamonds pruned ones at their last report. A cross at the lower edge is a failed
    trial, a triangle at an edge an infinite value. Values that differ by orders of magnitude get a logarithmic axis.

    Args:
        study: A study; or several, as a list or as a dict from names, for comparison.
        target: What to draw of a trial in place of its value, a function of its record. There is no best of it.
        target_name: What to call it.
        ax: The Axes to draw on; None: those of a new figure.
    """
    who = "plot_optimization_history"
    studies = named_studies(who, study)
    axes = panels(who, ax, 1, 1)
    ax = axes[0, 0]
    ink = plain(ax)
    records = {name: one.trials for name, one in studies.items()}  # once: a study that runs has more when asked again
    values = {name: values_of(trials, target) for name, trials in records.items()}
    scale_values(ax, "y", np.concatenate([*values.values(), np.empty(0)]))
    handles: dict[str, Any] = {}
    several = len(studies) > 1
    for (name, one), (colour, dashes, marker) in zip(studies.items(), _styles(len(studies)), strict=True):
        trials, found = records[name], values[name]
        is_complete = np.array([trial.state == TrialState.COMPLETE for trial in trials], dtype=bool)
        shown = is_complete & np.isfinite(found)
        if shown.any():  # to draw nothing would confuse matplotlib's layout
            look = {"marker": marker, "s": _size(len(trials)), "color": colour, "linewidths": 0, "alpha": 0.55}
            points = ax.scatter(np.flatnonzero(shown), found[shown], zorder=2, **look)
            handles |= {(name or "trial"): points}
        if shown.any() and target is None:
            numbers, best = best_so_far(found, shown, one.direction)
            look = {"color": colour if several else VERMILLION, "linestyle": dashes, "linewidth": 1.8, "zorder": 3}
            look |= {"drawstyle": "steps-post", "marker": "_" if len(best) == 1 else None}
            (line,) = ax.plot(numbers, best, **look)
            handles |= {name: (points, line)} if several else {"best so far": line}
        handles |= _draw_pruned(ax, trials, found, colour if several else ink)
    label(ax, "x", "trial")
    label(ax, "y", target_name)
    n_trials = max((len(found) for found in values.values()), default=0)
    whole_ticks(ax, n_trials)
    if n_trials:
        _mark_edges(ax, records, values, handles, ink)
    else:
        note(ax, "no trials yet")
    return finished(axes)


def best_so_far(values: Floats, counts: Any, direction: str) -> tuple[Floats, Floats]:
    """Return where the best value starts to exist, up to the last trial, and the best at each of those.

    Args:
        values: Of all trials, (n,).
        counts: Which of them count, (n,).
        direction: "minimize" or "maximize".
    """
    worst = math.inf if direction == "minimize" else -math.inf
    better = np.minimum if direction == "minimize" else np.maximum
    best = better.accumulate(np.where(counts, values, worst))
    first = int(np.argmax(counts))
    return np.arange(first, len(values), dtype=float), best[first:]


def plot_intermediate_values(study: Study, *, ax: Axes | None = None) -> Axes:
    """Draw what the trials reported, one line each: the best trial bold, pruned ones dashed with an open diamond last.

    Args:
        study: A study whose objective reports.
        ax: The Axes to draw on; None: those of a new figure.
    """
    who = "plot_intermediate_values"
    trials = [trial for trial in begin(who, study).trials if trial.intermediate_values]
    axes = panels(who, ax, 1, 1)
    ax = axes[0, 0]
    ink = plain(ax)
    label(ax, "x", "step")
    label(ax, "y", "intermediate value")
    if not trials:
        note(ax, "no trial has reported")
        return finished(axes)
    linear_ticks(ax, "x", integer=True)
    values = np.array([v for trial in trials for v in trial.intermediate_values.values()], dtype=float)
    scale_values(ax, "y", drawable(values))
    looks = _curve_looks(ink, alpha=max(0.2, min(0.9, 40 / len(trials))))
    best = best_number(study)
    handles: dict[str, Any] = {}
    for trial in trials:
        steps = sorted(trial.intermediate_values)
        curve = drawable(np.array([trial.intermediate_values[step] for step in steps], dtype=float))
        curve[~np.isfinite(curve)] = math.nan  # a gap in the line
        name = "best" if trial.number == best else str(trial.state)
        look = {"marker": "." if len(steps) == 1 else None, **looks[name]}
        last = np.flatnonzero(np.isfinite(curve))[-1:].tolist()
        (line,) = ax.plot(steps, curve, markevery=last, markersize=4, fillstyle="none", **look)
        handles.setdefault(name, line)
    legend(ax, {name: handles[name] for name in looks if name in handles})
    return finished(axes)


def _curve_looks(ink: str, alpha: float) -> dict[str, dict[str, Any]]:
    """Return how the curves of the best trial and of those of each state look, in the order of the legend."""
    unfinished = {"color": BLUE, "linewidth": 1.1, "alpha": alpha, "zorder": 3, "linestyle": ":"}
    pruned = {"color": ink, "linewidth": 0.9, "alpha": alpha, "zorder": 2, "linestyle": (0, (4, 1.5)), "marker": "D"}
    return {
        "best": {"color": VERMILLION, "linewidth": 2.4, "zorder": 4},
        "complete": {"color": BLUE, "linewidth": 1.1, "alpha": alpha, "zorder": 3},
        "pruned": pruned,
        "failed": {**unfinished, "marker": "x"},
        "running": {**unfinished, "marker": "."},
    }


def plot_edf(
    study: Study | Sequence[Study] | Mapping[str, Study],
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Axes | None = None,
) -> Axes:
    """Draw the empirical distribution function: the share of complete trials that are at most as large as a value.

    Args:
        study: A study; or several, as a list or as a dict from names.
        target: What to look at in place of a trial's value, a function of its record.
        target_name: What to call it.
        ax: The Axes to draw on; None: those of a new figure.
    """
    who = "plot_edf"
    studies = named_studies(who, study)
    axes = panels(who, ax, 1, 1)
    ax = axes[0, 0]
    plain(ax)
    values = {name: values_of(one.trials, target, only_complete=True) for name, one in studies.items()}
    label(ax, "x", target_name)
    label(ax, "y", "share of trials")
    found = np.concatenate([*values.values(), np.empty(0)])
    if not np.isfinite(found).any():
        note(ax, "no complete trials yet")
        return finished(axes)
    scale_values(ax, "x", found)
    handles = {}
    for (name, one), (colour, dashes, _) in zip(values.items(), _styles(len(studies)), strict=True):
        known = np.sort(one[~np.isnan(one)])
        places = np.unique(known[np.isfinite(known)])
        shares = np.searchsorted(known, places, "right") / max(1, len(known))
        start = np.searchsorted(known, places[:1], "left") / max(1, len(known))  # those at minus infinity
        (line,) = ax.plot(
            np.concatenate([places[:1], places, ax.get_xlim()[1:]]),
            np.concatenate([start, shares, shares[-1:] if len(shares) else [math.nan]]),
            drawstyle="steps-post",
            color=colour,
            linestyle=dashes,
        )
        handles[name] = line
    ax.set_ylim(0.0, 1.02)
    legend(ax, handles)
    share_ticks(ax, "y")
    return finished(axes)


def plot_timeline(study: Study, *, ax: Axes | None = None) -> Axes:
    """Draw when each trial ran, as a bar (never so short that it could not be seen); its state in colour and hatching.

    Args:
        study: A study.
        ax: The Axes to draw on; None: those of a new figure.
    """
    who = "plot_timeline"
    trials = begin(who, study).trials

    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    axes = panels(who, ax, 1, 1)
    ax = axes[0, 0]
    ink = plain(ax)
    label(ax, "y", "trial")
    if not trials:
        label(ax, "x", "time")
        note(ax, "no trials yet")
        return finished(axes)
    starts, ends, unit = _times(trials)
    looks = {"complete": (BLUE, None), "pruned": (ORANGE, "///"), "failed": (VERMILLION, "xxx"), "running": (ink, "..")}
    handles: dict[str, Any] = {}
    for state, (colour, hatch) in looks.items():
        own = [trial.number for trial in trials if trial.state == state]
        look: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": ax.get_facecolor(), "linewidth": 0}
        if own:
            widths = np.maximum(ends[own] - starts[own], ends.max() / 300)  # at least a pixel or two
            left, right, middle = starts[own], starts[own] + widths, np.array(own, dtype=float)
            corners = [(left, middle - 0.45), (right, middle - 0.45), (right, middle + 0.45), (left, middle + 0.45)]
            # One collection: barh makes an object of every bar, and takes seconds for thousands.
            ax.add_collection(PolyCollection(list(np.moveaxis(np.array(corners), 2, 0)), **look))
            handles[state] = Patch(**look)
    ax.autoscale_view()
    label(ax, "x", f"{unit} since the first trial began")
    linear_ticks(ax, "x")
    linear_ticks(ax, "y", integer=True)
    legend(ax, handles)
    return finished(axes)


def _times(trials: Sequence[TrialRecord]) -> tuple[Floats, Floats, str]:
    """Return when each trial began and ended, since the first began, and the unit of that; running ones end last."""
    # Times of a file that another program wrote may have a zone; those of trials that were run here have none.
    began = [trial.datetime_start.astimezone() for trial in trials]
    ended = [trial.datetime_complete and trial.datetime_complete.astimezone() for trial in trials]
    first, latest = min(began), max([*began, *filter(None, ended)])
    starts = np.array([(time - first).total_seconds() for time in began])
    ends = np.array([((time or latest) - first).total_seconds() for time in ended])
    if ends.max() < 3 * 60:
        return starts, ends, "seconds"
    if ends.max() < 3 * 3600:
        return starts / 60, ends / 60, "minutes"
    return starts / 3600, ends / 3600, "hours"


def _styles(n: int) -> list[tuple[str, Any, str]]:
    """Return a look for each study; from the seventh on colours come again, with other dashes and markers."""
    k = len(STYLES)
    return [(STYLES[i % k][0], *STYLES[(i + i // k) % k][1:]) for i in range(n)]


def _size(n: int) -> float:
    return max(5.0, min(22.0, 4000.0 / max(1, n)))  # square points: thousands should not grow together


def _draw_pruned(ax: Axes, trials: Sequence[TrialRecord], values: Floats, colour: str) -> dict[str, Any]:
    shown = np.array([trial.state == TrialState.PRUNED for trial in trials], dtype=bool) & np.isfinite(values)
    if not shown.any():
        return {}
    look = {"marker": "D", "s": 0.7 * _size(len(trials)), "facecolors": "none", "edgecolors": colour}
    return {"pruned": ax.scatter(np.flatnonzero(shown), values[shown], linewidths=0.8, zorder=2, **look)}


def _mark_edges(
    ax: Axes,
    records: Mapping[str, Sequence[TrialRecord]],
    values: Mapping[str, Floats],
    handles: dict[str, Any],
    ink: str,
) -> None:
    """Add the legend, and mark at the edges the trials that have no place on the axis: failed or infinite."""
    from matplotlib.lines import Line2D

    failed = [trial.number for trials in records.values() for trial in trials if trial.state == TrialState.FAILED]
    found = list(values.values())
    edges: dict[str, tuple[str, list[int]]] = {
        "failed": ("x", failed),
        "infinite": ("^", [n for v in found for n in np.flatnonzero(v == math.inf).tolist()]),
        "minus infinite": ("v", [n for v in found for n in np.flatnonzero(v == -math.inf).tolist()]),
    }
    look: dict[str, Any] = {"color": ink, "linestyle": "none", "markersize": 5}
    there = {kind: edge for kind, edge in edges.items() if edge[1]}
    share = legend(ax, handles | {kind: Line2D([], [], marker=marker, **look) for kind, (marker, _) in there.items()})
    look |= {"transform": ax.get_xaxis_transform(), "clip_on": False, "zorder": 4}
    for kind, (marker, numbers) in there.items():
        ax.plot(numbers, [0.97 - share if kind == "infinite" else 0.0] * len(numbers), marker=marker, **look)
    if not any(np.isfinite(v).any() for v in found):
        ax.set_yticks([])
