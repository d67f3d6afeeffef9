"""Pictures of a study over its parameters: importances, slices, contours, ranks and parallel coordinates.

Start reading at `plot_slice`; `plot_contour` and `plot_rank` share their layout, see `_pairs`.

>>> from tpe_reference import create_study
>>> study = create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=20)
>>> try:
...     from matplotlib.figure import Figure
...     ax = plot_slice(study, ax=Figure().subplots())
... except ImportError:  # matplotlib is optional
...     pass
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..space import Categorical, Domain, TrialState
from ..text import shorten
from .canvas import (
    BLUE,
    COLOURS,
    VERMILLION,
    Axes,
    Floats,
    ParamAxis,
    Target,
    begin,
    best_number,
    choice_labels,
    finished,
    inches,
    label,
    legend,
    linear_ticks,
    note,
    panels,
    param_axes,
    plain,
    scale_values,
    share_ticks,
    symlog_ticks,
    value_norm,
    values_of,
)

if TYPE_CHECKING:
    from matplotlib.colors import Normalize

    from ..study import Study
    from ..trial import TrialRecord

MOST_PAIRED = 4  # parameters in a picture of pairs unless they are named: six panels can still be read
MOST_COLUMNS = 5  # of slices
FINE = 60  # points along a continuum in a landscape: below the eye's resolution of a panel; fewer values are tiles


def plot_param_importances(
    study: Study,
    evaluator: None = None,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Axes | None = None,
) -> Axes:
    """Draw each parameter's share of what made trials good or bad, the largest first; see `importance`.

    Args:
        study: A study.
        evaluator: There is one; None.
        params: Only these; None: all that can be judged.
        target: What to explain in place of a trial's value, a function of its record.
        target_name: What to call it.
        ax: The Axes to draw on; None: those of a new figure.
    """
    from ..importance import get_param_importances

    who = "plot_param_importances"
    values = values_of(begin(who, study).trials, target, only_complete=target is not None)
    axes = panels(who, ax, 1, 1)
    ax = axes[0, 0]
    ink = plain(ax)
    ax.grid(False, axis="y")
    label(ax, "x", f"importance for {target_name}" if target is not None else "importance")
    if np.isfinite(values).sum() < 2:
        note(ax, "importances need two trials\nwith a finite value")
        return finished(axes)
    shares = get_param_importances(study, evaluator=evaluator, params=params, target=target)
    if not shares:
        note(ax, "no parameters")
        return finished(axes)
    names, widths = list(shares), np.array(list(shares.values()), dtype=float)
    places = np.arange(len(names))
    ax.barh(places, widths, height=0.7, color=BLUE)
    ax.set_ylim(len(names) - 0.4, -0.6)  # the first on top
    ax.set_xlim(0.0, 1.25 * float(widths.max(initial=0.0)) or 1.0)  # room for the numbers
    linear_ticks(ax, "x")
    share_ticks(ax, "x")
    ParamAxis("", Categorical(names)).dress(ax, "y", named=False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    look = {"va": "center", "size": min(8.0, ax.get_yticklabels()[0].get_size()), "color": ink}
    for place in map(int, ax.get_yticks()):  # where there is room for a name, there is for a number
        text = f"{widths[place]:.2f}" if widths[place] >= 0.005 else "<0.01"
        ax.annotate(text, (widths[place], place), (3, 0), textcoords="offset points", **look)
    return finished(axes)


def plot_slice(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Any = None,
) -> Axes:
    """Draw the value of the trials against each parameter, a panel each.

    The later a trial, the larger and the brighter its point. Open diamonds are pruned trials, crosses at the lower
    edge failed ones, the star is the best. A trial is shown in the panels of the parameters that it has named.

    Args:
        study: A study.
        params: These parameters; None: all.
        target: What to draw of a trial in place of its value, a function of its record.
        target_name: What to call it.
        ax: The Axes to draw on, one per parameter; None: those of a new figure.
    """
    who = "plot_slice"
    trials = begin(who, study).trials

    from matplotlib.colors import Normalize

    shown = param_axes(who, trials, params)
    axes = _slice_panels(who, ax, len(shown))
    flat = list(axes.ravel()[: max(1, len(shown))])
    if not shown:
        plain(flat[0])
        label(flat[0], "y", target_name)
        note(flat[0], "no parameters yet")
        return finished(axes)
    values = values_of(trials, target)
    best = best_number(study) if target is None else None
    handles: dict[str, Any] = {}
    for k, (param, panel) in enumerate(zip(shown, flat, strict=True)):
        plain(panel)
        scale_values(panel, "y", values)
        param.dress(panel, "x")
        handles |= _draw_slice(panel, param, trials, values, best)
        if k % axes.shape[1] == 0:
            label(panel, "y", target_name)
        else:
            panel.tick_params(labelleft=False)
    if handles:
        legend(flat[0], handles)
    for panel in flat:
        panel.set_ylim(flat[0].get_ylim())
        if not np.isfinite(values).any():
            panel.set_yticks([])
    _colour_bar(flat, Normalize(0, max(1, len(trials) - 1)), "trial")
    return finished(axes.ravel()[: len(shown)])


def plot_contour(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Any = None,
) -> Axes:
    """Draw the landscape that the complete trials show, over each pair of parameters.

    The colour at a point is a mean of the values of the trials nearby, weighted by distance; where there is none
    nearby it is left blank. (So it is an average over all other parameters as the search chose them, not a model.)
    Dots are trials, the star is the best. Choices and few integers are tiles.

    Args:
        study: A study.
        params: These parameters, two or more; None: all, of more than four the first four.
        target: What to draw of a trial in place of its value, a function of its record.
        target_name: What to call it.
        ax: The Axes to draw on: for two parameters one; for k, (k - 1) x (k - 1), of which those above the diagonal
            stay empty. None: those of a new figure.
    """
    who = "plot_contour"
    trials = begin(who, study).trials
    values = values_of(trials, target, only_complete=True)
    norm = value_norm(values)
    best = best_number(study) if target is None else None
    dots = max(2.0, min(14.0, 3000.0 / max(1, len(trials))))

    def draw(panel: Axes, pair: tuple[ParamAxis, ParamAxis], own: list[TrialRecord]) -> None:
        found = values[[trial.number for trial in own]]
        _draw_field(panel, pair, own, np.asarray(norm(found), dtype=float))
        x, y = (param.place([trial.params[param.name] for trial in own]) for param in pair)
        panel.scatter(x, y, s=dots, color="black", edgecolors="white", linewidths=0.5 if dots > 4 else 0.2, zorder=3)
        _star(panel, best, own, x, y)

    return _pairs(who, trials, params, values, draw, (norm, target_name), ax)


def plot_rank(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Any = None,
) -> Axes:
    """Draw the complete trials over each pair of parameters, coloured by rank: 0 the smallest value, 1 the largest.

    Ranks show structure also where values differ by orders of magnitude. Equal values share the mean of their ranks.

    Args:
        study: A study.
        params: These parameters, two or more; None: all, of more than four the first four.
        target: What to rank in place of a trial's value, a function of its record.
        target_name: What to call it.
        ax: The Axes to draw on, as for `plot_contour`; None: those of a new figure.
    """
    who = "plot_rank"
    trials = begin(who, study).trials

    from matplotlib.colors import Normalize

    values = values_of(trials, target, only_complete=True)
    ranks = ranks_of(values)
    norm = Normalize(0.0, 1.0)
    size = max(6.0, min(30.0, 6000.0 / max(1, len(trials))))

    def draw(panel: Axes, pair: tuple[ParamAxis, ParamAxis], own: list[TrialRecord]) -> None:
        x, y = (param.place([trial.params[param.name] for trial in own]) for param in pair)
        look = {"s": size, "cmap": COLOURS, "norm": norm, "edgecolors": panel.xaxis.label.get_color()}
        panel.scatter(x, y, c=ranks[[trial.number for trial in own]], linewidths=0.4, **look)

    return _pairs(who, trials, params, values, draw, (norm, f"rank of {target_name}"), ax)


def plot_parallel_coordinate(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Target = None,
    target_name: str = "value",
    ax: Axes | None = None,
) -> Axes:
    """Draw every complete trial as a line across the parameters, each from its lowest value to its highest.

    The colour is the trial's value; the best trial is bold. A trial without one of the parameters is left out.

    Args:
        study: A study.
        params: These parameters; None: all.
        target: What colours a trial in place of its value, a function of its record.
        target_name: What to call it.
        ax: The Axes to draw on; None: those of a new figure.
    """
    who = "plot_parallel_coordinate"
    trials = begin(who, study).trials

    from matplotlib.collections import LineCollection

    shown = param_axes(who, trials, params)
    axes = panels(who, ax, 1, 1, None if len(shown) < 7 else (1.0 * len(shown), 4.8))
    ax = axes[0, 0]
    plain(ax)
    values = values_of(trials, target, only_complete=True)
    own = [
        t.number for t in trials if all(p.name in t.distributions for p in shown) and math.isfinite(values[t.number])
    ]
    if not own or len(shown) < 2:
        note(ax, "no complete trial\nhas all of these parameters" if len(shown) > 1 else "fewer than two\nparameters")
        return finished(axes)
    norm = value_norm(values)
    units = np.array([[p.domain.to_unit(trials[n].params[p.name]) for p in shown] for n in own])
    lines = [np.column_stack([np.arange(len(shown)), row]) for row in units]
    alpha = max(0.1, min(0.8, 60 / len(own)))
    drawn = LineCollection(lines, array=values[own], cmap=COLOURS, norm=norm, linewidths=1.2, alpha=alpha)
    ax.add_collection(drawn)
    best = best_number(study) if target is None else None
    for number, line in zip(own, lines, strict=True):
        if number == best:
            ax.plot(line[:, 0], line[:, 1], color=VERMILLION, linewidth=2.4, zorder=4)
    _upright_axes(ax, shown)
    _colour_bar([ax], norm, target_name)
    return finished(axes)


# ---- what they are made of -------------------------------------------------------------------------------------------


def _slice_panels(who: str, ax: Any, n: int) -> Any:
    """Return Axes for n parameters: the given ones in a row, or those of a new figure, without those left over."""
    rows = 1 if ax is not None else max(1, math.ceil(n / MOST_COLUMNS))
    columns = max(1, math.ceil(n / rows))
    axes = panels(who, ax, rows, columns, (2.5 * columns + 1.2, 2.4 * rows + 0.6) if n > 1 else None)
    for empty in axes.ravel()[max(1, n) :]:
        empty.set_axis_off()
    return axes


def _draw_slice(
    ax: Axes, param: ParamAxis, trials: Sequence[TrialRecord], values: Floats, best: int | None
) -> dict[str, Any]:
    """Draw the trials that have a parameter, in its panel; return what the legend has to explain."""
    own = [trial for trial in trials if param.name in trial.distributions]
    x = param.place([trial.params[param.name] for trial in own])
    y = values[[trial.number for trial in own]]
    ink, n_trials = ax.xaxis.label.get_color(), len(trials)
    handles: dict[str, Any] = {}
    state = np.array([trial.state for trial in own], dtype=object)
    age = np.array([trial.number for trial in own], dtype=float)
    most = max(8.0, min(34.0, 8000.0 / n_trials))
    # To draw nothing would confuse matplotlib's layout: each kind only where there is one.
    shown = (state == TrialState.COMPLETE) & np.isfinite(y)
    if shown.any():
        sizes = most * (0.3 + 0.7 * age[shown] / max(1, n_trials - 1))
        look = {"cmap": COLOURS, "vmin": 0, "vmax": max(1, n_trials - 1), "edgecolors": ink, "linewidths": 0.3}
        ax.scatter(x[shown], y[shown], s=sizes, c=age[shown], zorder=3, **look)
    pruned = (state == TrialState.PRUNED) & np.isfinite(y)
    if pruned.any():
        look = {"marker": "D", "facecolors": "none", "edgecolors": ink, "linewidths": 0.7}
        handles["pruned"] = ax.scatter(x[pruned], y[pruned], s=0.6 * most, **look)
    failed = x[state == TrialState.FAILED]
    if len(failed):
        look = {"color": ink, "marker": "x", "linestyle": "none", "markersize": 4, "clip_on": False, "zorder": 4}
        (handles["failed"],) = ax.plot(failed, np.zeros(len(failed)), transform=ax.get_xaxis_transform(), **look)
    return handles | _star(ax, best, own, x, y)


def _star(ax: Axes, best: int | None, own: Sequence[TrialRecord], x: Floats, y: Floats) -> dict[str, Any]:
    """Mark the best trial of the study, if it is among these; return what the legend has to explain."""
    look = {"marker": "*", "color": VERMILLION, "edgecolors": "white", "linewidths": 0.6, "zorder": 5}
    at = [i for i, trial in enumerate(own) if trial.number == best]
    return {"best": ax.scatter(x[at], y[at], s=110, **look)} if at else {}


def _colour_bar(axes: Sequence[Axes], norm: Normalize, name: str) -> None:
    from matplotlib.cm import ScalarMappable

    ink = axes[0].xaxis.label.get_color()
    bar = axes[0].figure.colorbar(ScalarMappable(norm, COLOURS), ax=axes if len(axes) > 1 else axes[0])
    bar.ax.tick_params(which="both", colors=ink)
    bar.outline.set_visible(False)
    scale = bar.ax.get_yscale()
    if scale == "symlog":
        symlog_ticks(bar.ax, "y")
    elif scale == "linear":
        linear_ticks(bar.ax, "y", integer=name == "trial")
    label(bar.ax, "y", name)
    bar.ax.yaxis.label.set_color(ink)


def _upright_axes(ax: Axes, shown: Sequence[ParamAxis]) -> None:
    """Draw an axis for each parameter from bottom to top, with its ends or, of a few, all choices written on it."""
    ink = ax.xaxis.label.get_color()
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.set_yticks([])
    ax.set_ylim(-0.08, 1.08)
    ParamAxis("", Categorical([param.name for param in shown])).dress(ax, "x", named=False)
    box = {"facecolor": ax.get_facecolor(), "alpha": 0.7, "linewidth": 0, "pad": 0.6}
    letters = max(4, int(inches(ax)[0] / len(shown) / 0.08))  # about 0.08 inches each in this size
    for i, param in enumerate(shown):
        ax.axvline(i, color=ink, linewidth=0.8, zorder=3)
        domain = param.domain
        if isinstance(domain, Categorical):
            few = domain.choices if len(domain.choices) <= 6 else (domain.choices[0], domain.choices[-1])
            texts = dict(zip((domain.to_unit(choice) for choice in few), choice_labels(few), strict=True))
        else:
            ends: list[Any] = [domain.low, domain.high]
            texts = {domain.to_unit(end): f"{end:.4g}" for end in ends}
        for u, text in texts.items():
            words = shorten(text, letters)
            look = {"size": "x-small", "color": ink, "parse_math": False, "zorder": 6, "bbox": box}
            ax.annotate(words, (i, u), (2, 1), textcoords="offset points", **look)


def ranks_of(values: Floats) -> Floats:
    """Return ranks from 0 to 1; equal values share the mean of theirs; nan stays."""
    known = np.sort(values[~np.isnan(values)])
    ranks = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right") - 1) / 2
    return np.where(np.isnan(values), math.nan, ranks / max(1, len(known) - 1))


# ---- pairs of parameters ---------------------------------------------------------------------------------------------


def _pairs(
    who: str,
    trials: Sequence[TrialRecord],
    params: Sequence[str] | None,
    values: Floats,
    draw: Callable[[Axes, tuple[ParamAxis, ParamAxis], list[TrialRecord]], None],
    bar: tuple[Normalize, str],
    ax: Any,
) -> Any:
    """Lay out a panel for each pair of parameters, the lower triangle of a square, and draw its trials."""
    shown = param_axes(who, trials, params)
    if params is not None and len(shown) < 2:
        raise ValueError(f"{who}: params must name two parameters or more, got {params!r}")
    shown = shown if params is not None else shown[:MOST_PAIRED]
    n = max(1, len(shown) - 1)
    axes = panels(who, ax, n, n, (2.6 * n + 1.4, 2.4 * n + 0.6) if n > 1 else None)
    if len(shown) < 2 or not np.isfinite(values).any():
        for panel in axes.ravel():
            plain(panel)
        note(axes[0, 0], "no complete trials yet" if len(shown) > 1 else "fewer than two\nparameters")
        return finished(axes)
    for i, j in combinations(range(len(shown)), 2):
        pair, panel = (shown[i], shown[j]), axes[j - 1, i]
        plain(panel)
        pair[0].dress(panel, "x", named=j == n)
        pair[1].dress(panel, "y", named=i == 0)
        panel.tick_params(labelbottom=j == n, labelleft=i == 0)
        names = {param.name for param in pair}
        own = [t for t in trials if names <= t.distributions.keys() and math.isfinite(values[t.number])]
        if own:
            draw(panel, pair, own)
        else:
            note(panel, "no complete trial\nhas both", ticks="")
    for row, column in zip(*np.triu_indices(n, 1), strict=True):
        axes[row, column].set_axis_off()
    _colour_bar(list(axes.ravel()), *bar)
    return finished(axes)


def landscape(
    pair: tuple[ParamAxis, ParamAxis], places: tuple[Floats, Floats], trials: Sequence[TrialRecord], z: Floats
) -> Any:
    """Return a mean of the values nearby for every point of a grid, (rows, columns), masked where no trial is near.

    A trial's weight falls with its distance in the unit square as a normal's density of the width h, and choices that
    differ are no neighbours. A point is blank when the weights sum to less than that of one trial at a distance of 2 h.

    Args:
        pair: The parameters, of the columns and of the rows.
        places: The positions of the columns and of the rows in the unit interval.
        trials: The trials, n of them.
        z: Their values, (n,).
    """
    h = 0.3 * len(z) ** (-1 / 6)  # Scott's rule in two dimensions; 0.3 is the spread of a uniform variable
    near = []
    for param, at in zip(pair, places, strict=True):
        gaps = at[:, None] - np.array([param.domain.to_unit(trial.params[param.name]) for trial in trials])
        is_choice = isinstance(param.domain, Categorical)
        near.append((np.abs(gaps) < 1e-9).astype(float) if is_choice else np.exp(-0.5 * (gaps / h) ** 2))
    weight = near[1] @ near[0].T
    return np.ma.masked_where(weight < math.exp(-2.0), (near[1] * z) @ near[0].T / np.maximum(weight, 1e-300))


def _draw_field(ax: Axes, pair: tuple[ParamAxis, ParamAxis], trials: Sequence[TrialRecord], z: Floats) -> None:
    """Colour the square by the landscape of z in [0, 1]: in tiles where a parameter has few values."""
    (edges_x, x), (edges_y, y) = (_cells(param.domain) for param in pair)
    field = np.clip(landscape(pair, (x, y), trials, z), 0.0, 1.0)  # rounding may leave the interval
    has_choices = any(isinstance(param.domain, Categorical) for param in pair)  # between which there is nothing
    if has_choices or min(len(x), len(y)) < FINE:
        ax.pcolormesh(pair[0].at(edges_x), pair[1].at(edges_y), field, cmap=COLOURS, vmin=0.0, vmax=1.0)
    else:
        ax.contourf(pair[0].at(x), pair[1].at(y), field, levels=np.linspace(0.0, 1.0, 13), cmap=COLOURS)


def _cells(domain: Domain) -> tuple[Floats, Floats]:
    """Return borders and centres of the tiles of an axis, in [0, 1]: one per value, or many of a continuum."""
    if domain.size is not None and (domain.size < FINE or isinstance(domain, Categorical)):
        return domain.edges(), np.array([domain.to_unit(value) for value in domain.values()])  # type: ignore[arg-type]
    return np.linspace(0.0, 1.0, FINE + 1), np.linspace(0.0, 1.0, FINE)
