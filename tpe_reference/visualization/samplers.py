"""Pictures of how a sampler decides: TPE's densities and CMA-ES's normal distribution, at any moment of a study.

A sampler is a function of the history, so what it saw and did at trial n is computed anew from the trials before it:
nothing is recorded while a study runs, and every picture can be drawn for any prefix of the history.

Start reading at `replay` and `plot_densities`; then `plot_cma`.

>>> from tpe_reference import create_study
>>> study = create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=20)
>>> replay(study, 15, "x").told.choice == study.trials[15].params
True
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..samplers import CmaEsSampler, TPESampler
from ..samplers.tpe import ParzenEstimator, encode
from ..space import Categorical, Domain, Float, FrozenTrial, TrialState
from ..study import Study, trial_rng
from ..text import clean
from ..trial import is_whole
from .canvas import (
    BLUE,
    GREEN,
    STYLES,
    VERMILLION,
    Axes,
    Floats,
    ParamAxis,
    begin,
    finished,
    label,
    legend,
    log_ticks,
    note,
    panels,
    plain,
    share_ticks,
    whole_ticks,
)

if TYPE_CHECKING:
    from ..samplers.cma_es import Generation
    from ..samplers.tpe import Explanation
    from ..trial import TrialRecord

POINTS = 501  # of a curve: a kernel is at least a hundredth of the interval wide, five points
MOST_TILES = 60  # more values than that are drawn as a continuum
MOST_ELLIPSES = 8


# ---- a study as its sampler saw it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """How TPE chose a parameter of a trial.

    Attributes:
        number: The trial.
        param: The parameter, as an axis.
        space: What was asked for together: the parameter, alone or with others.
        told: TPE's explanation of its answer.
        sampler: The TPE.
        before: The trials before, in which ``told.good`` and ``told.bad`` count.
        taken: What the trial really got; None when it is yet to come, or has not named the parameter.
    """

    number: int
    param: ParamAxis
    space: Mapping[str, Domain]
    told: Explanation
    sampler: TPESampler
    before: Sequence[TrialRecord]
    taken: tuple[Any] | None


def replay(study: Study, n: int, name: str, sampler: TPESampler | None = None) -> Decision:
    """Compute anew how TPE chose a parameter of trial n.

    It is what really happened where the trials ran one after the other. (With several at a time, trial n saw others
    running that have an outcome now; and a value that was enqueued was not chosen: see ``taken``.)

    Args:
        study: A study.
        n: Number of the trial; the number of all trials for the one that would be next.
        name: The parameter.
        sampler: The TPE that decides; None: the study's own.

    Raises:
        ValueError: When no trial up to n has named the parameter.
        TypeError: When the sampler is no TPE.
    """
    tpe = study.sampler if sampler is None else sampler
    if not isinstance(tpe, TPESampler):
        raise TypeError(
            f"plot_densities shows how TPE decides, and the sampler is {type(tpe).__name__}; "
            "sampler=TPESampler() shows what TPE would have done"
        )
    trials = study.trials
    named = {key: domain for trial in trials[: n + 1] for key, domain in trial.distributions.items()}
    if name not in named:
        raise ValueError(f"plot_densities: no trial up to {n} has a parameter {name!r}; there are {sorted(named)}")
    history = frozen(study)[:n]
    rng = trial_rng(study.seed, n)
    joint, own = joint_space(trials[:n]), trials[n].distributions if n < len(trials) else {}
    asked = [joint] if tpe.rules.joint else [{key: domain} for key, domain in joint.items()]
    asked += [{key: domain} for key, domain in own.items() if joint.get(key) != domain]
    asked += [{name: named[name]}]  # what trial n has not named it might have
    for space in filter(None, asked):  # those before the one in question draw from the same generator
        told = tpe.explain(space, history, rng)
        if space.get(name) == named[name]:
            break
    taken = (trials[n].params[name],) if name in own else None
    return Decision(n, ParamAxis(name, named[name]), space, told, tpe, trials[:n], taken)


def frozen(study: Study) -> list[FrozenTrial]:
    """Return a study's history as samplers see it: in losses."""
    sign = 1.0 if study.direction == "minimize" else -1.0
    return [
        FrozenTrial(
            trial.params,
            math.nan if trial.value is None else sign * trial.value,
            {step: sign * value for step, value in trial.intermediate_values.items()},
            trial.state,
        )
        for trial in study.trials
    ]


def joint_space(trials: Sequence[TrialRecord]) -> dict[str, Domain]:
    """Return the parameters that the next trial is given together, as `Study` has it.

    They are those that every complete or pruned trial has named (while there is none, every failed one), with a domain
    that has been the same in all trials.
    """
    domains: dict[str, Domain] = {}
    varying: set[str] = set()
    for trial in trials:
        varying |= {name for name, domain in trial.distributions.items() if domains.setdefault(name, domain) != domain}
    useful = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    counted = useful or [trial for trial in trials if trial.state == TrialState.FAILED]
    first = counted[0].distributions if counted else {}
    shared = [name for name in first if all(name in trial.distributions for trial in counted)]
    return {name: first[name] for name in shared if name not in varying}


def _check_number(who: str, study: Study, n: int | None) -> int:
    """Return how many trials have been seen: n, or all."""
    most = len(study.trials)
    if n is None:
        return most
    if not is_whole(n) or not 0 <= n <= most:
        raise ValueError(f"{who}: n must be a number of trials seen, from 0 to {most}, got {n!r}")
    return int(n)


# ---- TPE -------------------------------------------------------------------------------------------------------------


def plot_densities(
    study: Study, param: str, n: int | None = None, *, sampler: TPESampler | None = None, ax: Any = None
) -> Axes:
    """Draw how TPE chose a parameter of trial n: its two densities, the score, the candidates and the choice.

    Above: the densities l of the good and g of the bad trials along this parameter, and the trials as ticks below
    them. On a continuous axis the area under either is 1 where the axis as it is drawn, logarithmic or not, is 1
    wide; integers, steps and choices have probabilities, whose sum is 1.

    Below: the score log l - log g. Where TPE chose several parameters together, the curve is the score along this one,
    with the others as chosen; the candidates differ in those, so that only the choice lies on the curve.

    Args:
        study: A study.
        param: The parameter.
        n: The trial: the picture shows what the trials before it led to. None: the one that would be next.
        sampler: The TPE that decides; None: the study's own. For studies of other samplers: what TPE would have done.
        ax: Two Axes to draw on; None: those of a new figure.

    Raises:
        TypeError: When the sampler is no TPE.
        ValueError: For a trial that the study has not, or a parameter that no trial up to it has named.
    """
    who = "plot_densities"
    seen = _check_number(who, begin(who, study), n)
    decision = replay(study, seen, param, sampler)
    axes = panels(who, ax, 2, 1, (6.4, 5.6))
    above, below = axes[:, 0]
    for panel in (above, below):
        plain(panel)
        decision.param.dress(panel, "x", named=panel is below)
    above.tick_params(labelbottom=False)
    above.set_title(f"trial {seen}", loc="left", fontsize="medium")
    if decision.told.l is None:
        below.set_yticks([])
        note(above, f"drawn at random: fewer than {decision.sampler.n_startup_trials}\nfinished trials have it", "y")
    else:
        label(below, "y", "log l − log g")
        _draw_densities(above, decision)
    _draw_scores(below, decision)
    return finished(axes)


def marginal(decision: Decision, density: ParzenEstimator, numbers: Sequence[int]) -> ParzenEstimator:
    """Return the density of the parameter by itself: over its values, or over [0, 1] when it is drawn as a continuum.

    A kernel is a product of one factor per parameter, and the other factors integrate to 1.

    Args:
        decision: What is drawn.
        density: l or g.
        numbers: The trials in it.
    """
    param, told = decision.param, decision.told
    units = encode({param.name: param.domain}, [decision.before[i].params for i in numbers])
    weights = density.weights[:-1] / density.weights[-1]
    rules = replace(decision.sampler.rules, cut_each=True)  # if the mixture was cut, its weights tell that already
    domain = param.domain if _is_tiled(param.domain) else Float(0.0, 1.0)
    return ParzenEstimator({param.name: domain}, units, weights, len(told.good) + len(told.bad), rules)


def _draw_densities(ax: Axes, decision: Decision) -> None:
    param, told = decision.param, decision.told
    assert told.l is not None
    assert told.g is not None
    label(ax, "y", "probability" if _is_tiled(param.domain) else "density")
    u, handles, highest = _points(param.domain), {}, 0.0
    groups = [
        ("l, good trials", told.l, told.good, BLUE, "solid"),
        ("g, bad trials", told.g, told.bad, VERMILLION, "--"),
    ]
    for row, (name, density, numbers, colour, dashes) in enumerate(groups):
        p = np.exp(marginal(decision, density, numbers).log_pdf(u[:, None]))
        highest = max(highest, float(p.max()))
        if _is_tiled(param.domain):
            artist = _draw_bars(ax, param, p, row, colour)
        else:
            (artist,) = ax.plot(param.at(u), p, color=colour, linestyle=dashes, linewidth=1.8)
            ax.fill_between(param.at(u), p, color=colour, alpha=0.12, linewidth=0)
        handles[f"{name} ({len(numbers)})"] = artist
        x = param.place([decision.before[i].params[param.name] for i in numbers])
        rug = {"marker": "|", "linestyle": "none", "color": colour, "markersize": 6, "markeredgewidth": 1.2}
        ax.plot(x, np.full(len(x), 0.08 - 0.055 * row), transform=ax.get_xaxis_transform(), **rug)
    ax.set_ylim(-0.15 * highest, 1.05 * highest)  # the trials' ticks stand below the curves
    ax.set_yticks([tick for tick in ax.get_yticks() if 0.0 <= tick <= 1.05 * highest])
    legend(ax, handles)


def _draw_bars(ax: Axes, param: ParamAxis, p: Floats, row: int, colour: str) -> Axes:
    """Draw the probabilities of l (row 0, filled) or of g (row 1, hatched) side by side."""
    edges = param.domain.edges()
    left = edges[:-1] + (0.1 + 0.4 * row) * np.diff(edges)
    sides = param.at(left), param.at(left + 0.4 * np.diff(edges))
    look = {"facecolor": "none" if row else colour, "hatch": "////" if row else None, "edgecolor": colour}
    return ax.bar(sides[0], p, sides[1] - sides[0], align="edge", **look)


def _draw_scores(ax: Axes, decision: Decision) -> None:
    """Draw the score along the parameter, the candidates, the choice, and what the trial took if that differs."""
    param, told, ink = decision.param, decision.told, ax.xaxis.label.get_color()
    column, chosen = list(decision.space).index(param.name), int(np.argmax(told.scores))
    handles: dict[str, Any] = {}
    if told.l is not None and told.g is not None:
        u = _points(param.domain)
        rows = np.tile(told.candidates[chosen], (len(u), 1))
        rows[:, column] = u
        score = told.l.log_pdf(rows) - told.g.log_pdf(rows)
        ax.axhline(0.0, color=ink, linewidth=0.8, alpha=0.5)
        if _is_tiled(param.domain):
            edges = param.at(param.domain.edges())
            curve: Any = ax.hlines(score, edges[:-1], edges[1:], color=GREEN, linewidth=2.0)
        else:
            (curve,) = ax.plot(param.at(u), score, color=GREEN, linewidth=1.8)
        handles["score" if len(decision.space) == 1 else "score, the others as chosen"] = curve
    x = param.place([param.domain.from_unit(u) for u in told.candidates[:, column].tolist()])
    if told.l is not None:
        look = {"s": 24, "facecolors": "none", "edgecolors": ink, "linewidths": 0.9, "zorder": 3}
        handles["candidate"] = ax.scatter(x, told.scores, **look)
    star = {"marker": "*", "s": 150, "color": VERMILLION, "edgecolors": "white", "linewidths": 0.8, "zorder": 5}
    handles["choice"] = ax.scatter(x[chosen], told.scores[chosen], **star)
    if decision.taken is not None and decision.taken[0] != told.choice[param.name]:
        where = float(param.place(decision.taken)[0])
        handles["what it took"] = ax.axvline(where, color=ink, linestyle=":", linewidth=1.5)
    legend(ax, handles)


def _is_tiled(domain: Domain) -> bool:
    """Whether the values are so few, or so unlike, that each is drawn by itself."""
    return domain.size is not None and (isinstance(domain, Categorical) or domain.size <= MOST_TILES)


def _points(domain: Domain) -> Floats:
    """Return where a curve is computed, in the unit interval."""
    if _is_tiled(domain):
        return np.array([domain.to_unit(value) for value in domain.values()])  # type: ignore[arg-type]  # its own
    return np.linspace(0.0, 1.0, POINTS)


# ---- CMA-ES ----------------------------------------------------------------------------------------------------------


def plot_cma(
    study: Study,
    params: Sequence[str] | None = None,
    n: int | None = None,
    *,
    sampler: CmaEsSampler | None = None,
    ax: Any = None,
) -> Axes:
    """Draw how CMA-ES's normal distribution moved, stretched and turned.

    Top left: the trials over two parameters, the way of the mean, and ellipses of one standard deviation (sigma^2 C) of
    some generations, the present one bold. Top right: the mean of every parameter in the unit cube, with a band of one
    standard deviation about the two. Bottom left: the step size sigma, and the ratio of the longest to the shortest
    axis of C. Bottom right: the eigenvalues of C. A dotted line is a restart. (Choices are no part of the normal.)

    Args:
        study: A study.
        params: Two parameters for the ellipses; None: the first two.
        n: How many trials to look at; None: all.
        sampler: The CMA-ES that reads them; None: the study's own.
        ax: Four Axes to draw on; None: those of a new figure.

    Raises:
        TypeError: When the sampler is no CMA-ES.
        ValueError: For parameters that are not searched jointly, have one value, or are choices.
    """
    who = "plot_cma"
    seen = _check_number(who, begin(who, study), n)
    cma = study.sampler if sampler is None else sampler
    if not isinstance(cma, CmaEsSampler):
        raise TypeError(
            f"{who} shows how CMA-ES moves, and the sampler is {type(cma).__name__}; "
            "sampler=CmaEsSampler() shows what it would make of these trials"
        )
    joint = joint_space(study.trials[:seen])
    space = {name: domain for name, domain in joint.items() if domain.size != 1 and not isinstance(domain, Categorical)}
    pair = list(space)[:2] if params is None else list(params)
    if params is not None and (len(set(pair)) != 2 or not set(pair) <= space.keys()):
        raise ValueError(f"{who}: params must be two different ones of {sorted(space)}, got {params!r}")
    axes = panels(who, ax, 2, 2, (9.6, 7.2))
    for panel in axes.ravel():
        plain(panel)
    if not space:
        for panel in axes.ravel():
            note(panel, "no numbers to search yet")
        return finished(axes)
    generations = cma.explain(joint, frozen(study)[:seen], np.random.default_rng(np.random.SeedSequence(study.seed)))
    shown = [ParamAxis(name, space[name]) for name in pair]
    columns = [list(space).index(name) for name in pair]
    if len(shown) == 2:
        _draw_plane(axes[0, 0], shown, columns, generations, study.trials[:seen])
    else:
        note(axes[0, 0], "an ellipse needs\ntwo parameters")
    _draw_means(axes[0, 1], list(space), columns, generations)
    _draw_sizes(axes[1, 0], generations)
    _draw_eigenvalues(axes[1, 1], generations)
    return finished(axes)


def ellipse(generation: Generation, columns: Sequence[int]) -> Floats:
    """Return points of the ellipse of one standard deviation in two parameters, in the unit cube, (POINTS, 2).

    It is where (x - m)^T (sigma^2 C)^-1 (x - m) = 1, with m and C cut down to the two: the marginal distribution's.
    """
    state = generation.state
    root = np.linalg.cholesky(state.sigma**2 * state.C[np.ix_(columns, columns)])
    angle = np.linspace(0.0, 2.0 * math.pi, POINTS)
    points: Floats = state.mean[list(columns)] + np.column_stack([np.cos(angle), np.sin(angle)]) @ root.T
    return points


def _draw_plane(
    ax: Axes,
    pair: Sequence[ParamAxis],
    columns: Sequence[int],
    generations: Sequence[Generation],
    trials: Sequence[TrialRecord],
) -> None:
    ink = ax.xaxis.label.get_color()
    for param, which in zip(pair, "xy", strict=True):
        param.dress(ax, which)
    own = [trial for trial in trials if all(param.name in trial.distributions for param in pair)]
    x, y = (param.place([trial.params[param.name] for trial in own]) for param in pair)
    size = max(2.0, min(10.0, 4000.0 / max(1, len(own))))
    ax.scatter(x, y, s=size, color=ink, alpha=0.45, linewidths=0, zorder=2)
    places = sorted({int(i) for i in np.linspace(0, len(generations) - 1, MOST_ELLIPSES)})
    for i in places:
        points = ellipse(generations[i], columns)
        is_last = i == places[-1]
        look = {"linewidth": 2.2 if is_last else 1.0, "alpha": 1.0 if is_last else 0.3 + 0.5 * i / len(generations)}
        ax.plot(*(param.at(points[:, k]) for k, param in enumerate(pair)), color=BLUE, zorder=3, **look)
    for run in range(generations[-1].run + 1):
        means = np.array([g.state.mean[list(columns)] for g in generations if g.run == run])
        way = [param.at(means[:, k]) for k, param in enumerate(pair)]
        ax.plot(*way, color=VERMILLION, linewidth=1.2, linestyle="--", zorder=4)
        ax.plot(way[0][-1], way[1][-1], color=VERMILLION, marker="+", markersize=8, markeredgewidth=1.8, zorder=5)


def _draw_means(ax: Axes, names: Sequence[str], columns: Sequence[int], generations: Sequence[Generation]) -> None:
    label(ax, "y", "mean in the unit cube")
    means = np.array([g.state.mean for g in generations])
    spread = np.array([g.state.sigma * np.sqrt(np.diag(g.state.C)) for g in generations])
    ink, others = ax.xaxis.label.get_color(), [j for j in range(len(names)) if j not in columns]
    handles: dict[str, Any] = {}
    for j, (colour, dashes, _) in zip(columns, STYLES, strict=False):
        (line,) = _by_run(ax, generations, means[:, j], color=colour, linestyle=dashes, linewidth=1.8, zorder=3)
        handles[clean(names[j])] = line
        band = means[:, j] - spread[:, j], means[:, j] + spread[:, j]
        ax.fill_between(np.arange(len(means)), *band, color=colour, alpha=0.15, linewidth=0)
    for j in others:
        (line,) = _by_run(ax, generations, means[:, j], color=ink, linewidth=0.8, alpha=0.5)
        handles["the others" if len(others) > 1 else clean(names[j])] = line
    ax.set_ylim(-0.03, 1.03)
    _finish_course(ax, generations, handles)
    share_ticks(ax, "y")


def _draw_sizes(ax: Axes, generations: Sequence[Generation]) -> None:
    label(ax, "y", "sigma, axis ratio")
    sigma = np.array([g.state.sigma for g in generations])
    ratio = np.array([g.state.D.max() / g.state.D.min() for g in generations])
    ax.set_yscale("log")
    (first,) = _by_run(ax, generations, sigma, color=BLUE, linewidth=1.8)
    (second,) = _by_run(ax, generations, ratio, color=VERMILLION, linewidth=1.8, linestyle="--")
    _finish_course(ax, generations, {"sigma": first, "axis ratio": second})


def _draw_eigenvalues(ax: Axes, generations: Sequence[Generation]) -> None:
    label(ax, "y", "eigenvalues of C")
    ax.set_yscale("log")
    values = np.array([np.sort(g.state.D**2) for g in generations])
    for j in range(values.shape[1]):
        _by_run(ax, generations, values[:, j], color=GREEN, linewidth=1.2)
    _finish_course(ax, generations, {})


def _by_run(ax: Axes, generations: Sequence[Generation], y: Floats, **look: Any) -> Axes:
    """Draw a course over the generations, a line that is broken at every restart."""
    starts = _restarts(generations)
    x = np.insert(np.arange(len(y), dtype=float), starts, math.nan)
    return ax.plot(x, np.insert(y, starts, math.nan), marker="." if len(y) == 1 else None, **look)


def _restarts(generations: Sequence[Generation]) -> list[int]:
    """Return the first generations of the second run, the third, and so on."""
    return [i for i in range(1, len(generations)) if generations[i].run != generations[i - 1].run]


def _finish_course(ax: Axes, generations: Sequence[Generation], handles: dict[str, Any]) -> None:
    label(ax, "x", "generation")
    whole_ticks(ax, len(generations))
    for start in _restarts(generations):
        line = ax.axvline(start - 0.5, color=ax.xaxis.label.get_color(), linestyle=":", linewidth=1.0, alpha=0.7)
        handles["restart"] = line
    if ax.get_yscale() == "log":
        log_ticks(ax, "y")
    legend(ax, handles)
