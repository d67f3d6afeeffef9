"""The pictures show what the study holds: data, scales and labels are right, and nothing collides or leaks."""

import io
import math
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402  # after the backend is chosen
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import tpe_reference  # noqa: E402
from tpe_reference import (  # noqa: E402
    Categorical,
    CmaEsSampler,
    Float,
    Int,
    MedianPruner,
    RandomSampler,
    Study,
    TPESampler,
    Trial,
    TrialPruned,
    create_study,
    visualization,
)
from tpe_reference.samplers.tpe_variants import HYPEROPT  # noqa: E402
from tpe_reference.text import shorten  # noqa: E402
from tpe_reference.visualization import (  # noqa: E402
    plot_cma,
    plot_contour,
    plot_densities,
    plot_edf,
    plot_intermediate_values,
    plot_optimization_history,
    plot_parallel_coordinate,
    plot_param_importances,
    plot_rank,
    plot_slice,
    plot_timeline,
)
from tpe_reference.visualization.canvas import ParamAxis, choice_labels, label, value_scale  # noqa: E402
from tpe_reference.visualization.parameters import landscape, ranks_of  # noqa: E402
from tpe_reference.visualization.samplers import ellipse, frozen, joint_space, marginal, replay  # noqa: E402

LONG = "a parameter whose name is so long that it would never fit below any picture of a usual size"
ALL = [getattr(visualization, name) for name in visualization.__all__ if name.startswith("plot_")]


# ---- studies ---------------------------------------------------------------------------------------------------------


def mixed(trial: Trial) -> float:
    lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    layers = trial.suggest_int("layers", 1, 4)
    kind = trial.suggest_categorical("kind", ["relu", "tanh", None])
    return (math.log10(lr) + 2) ** 2 + abs(layers - 2) + (kind is None)


def bumpy(trial: Trial) -> float:
    """All that can happen: pruned, failed, infinite; parameters of every kind, some in some trials only."""
    x = trial.suggest_float("x", -1.0, 2.0)
    n = trial.suggest_int("n", 1, 200, log=True)
    if trial.number % 9 == 4:
        raise ZeroDivisionError
    if trial.number % 11 == 5:
        return math.inf
    deep = trial.suggest_int("deep", 0, 10, step=5) if x > 0 else trial.suggest_float("flat", 0.0, 1.0, step=0.25)
    for step in range(4):
        trial.report(x * x + deep / 10 + 1 / (step + 1), step)
        if trial.should_prune():
            raise TrialPruned
    return x * x + deep / 10 + abs(math.log(n / 20))


def run(objective: Callable[[Trial], float], n: int, **settings: Any) -> Study:
    study = create_study(**{"seed": 0, **settings})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "trial .* failed")
        study.optimize(objective, n_trials=n, catch=ZeroDivisionError)
    return study


def values_of(study: Study) -> list[float]:
    return [math.nan if trial.value is None else trial.value for trial in study.trials]


@pytest.fixture(scope="module")
def plain() -> Study:
    return run(mixed, 40)


@pytest.fixture(scope="module")
def rough() -> Study:
    study = run(bumpy, 50, pruner=MedianPruner(n_startup_trials=5))
    assert {str(trial.state) for trial in study.trials} == {"complete", "pruned", "failed"}
    return study


@pytest.fixture(scope="module")
def cma() -> Study:
    def valley(trial: Trial) -> float:
        x, y, z = (trial.suggest_float(name, -2, 2) for name in "xyz")
        return 100 * (y - x * x) ** 2 + (1 - x) ** 2 + z * z

    return run(valley, 120, sampler=CmaEsSampler())


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


def canvas(rows: int = 1, columns: int = 1, inches: tuple[float, float] = (6.4, 4.8)) -> Any:
    """Axes of a figure that pyplot does not know."""
    figure = Figure(figsize=inches, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots(rows, columns)


def texts(ax: Any, which: str) -> list[str]:
    return [tick.get_text() for tick in getattr(ax, f"get_{which}ticklabels")()]


def legend_of(ax: Any) -> dict[str, Any]:
    legend = ax.get_legend()
    return {text.get_text(): handle for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)}


def offsets(ax: Any, i: int = 0) -> np.ndarray[Any, Any]:
    return np.asarray(ax.collections[i].get_offsets())


# ---- what is drawn is what the study holds ---------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_history_shows_the_values_and_the_best_so_far(direction: str) -> None:
    study = run(mixed, 30, direction=direction)
    ax = plot_optimization_history(study, ax=canvas())
    values = values_of(study)
    assert offsets(ax).tolist() == [[n, v] for n, v in enumerate(values)]
    pick = min if direction == "minimize" else max
    numbers, best = ax.lines[0].get_data()
    assert numbers.tolist() == list(range(30))
    assert best.tolist() == [pick(values[: n + 1]) for n in range(30)]
    assert ax.lines[0].get_drawstyle() == "steps-post", "it stays until a better one comes"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("trial", "value")
    assert best[-1] == study.best_value


def test_history_marks_pruned_failed_and_infinite_trials(rough: Study) -> None:
    ax = plot_optimization_history(rough, ax=canvas())
    by_state = {
        state: [trial.number for trial in rough.trials if trial.state == state and trial.value != math.inf]
        for state in ("complete", "pruned", "failed")
    }
    assert offsets(ax, 0)[:, 0].tolist() == by_state["complete"]
    assert offsets(ax, 1)[:, 0].tolist() == by_state["pruned"]
    assert offsets(ax, 1)[:, 1].tolist() == [rough.trials[n].value for n in by_state["pruned"]]
    best, failed, infinite = ax.lines
    assert failed.get_xdata().tolist() == by_state["failed"]
    assert infinite.get_xdata().tolist() == [trial.number for trial in rough.trials if trial.value == math.inf]
    assert set(legend_of(ax)) == {"trial", "best so far", "pruned", "failed", "infinite"}
    assert np.isfinite(best.get_ydata()).all(), "infinity is never the best"
    styles = {(line.get_marker(), line.get_linestyle()) for line in ax.lines}
    assert len(styles) == 3, "told apart without colour"


def test_history_compares_studies_by_name(plain: Study, rough: Study) -> None:
    ax = plot_optimization_history({"one": plain, "$two_": rough}, ax=canvas())
    assert list(legend_of(ax))[:2] == ["one", "$two_"]
    dashes = [line.get_linestyle() for line in ax.lines[:2]]
    markers = [len(scatter.get_paths()[0].vertices) for scatter in ax.collections[:2]]
    assert len(set(dashes)) == len(set(markers)) == 2
    listed = plot_optimization_history([plain, plain], ax=canvas())
    assert list(legend_of(listed)) == ["study 0", "study 1"]


def test_no_two_of_many_studies_look_alike() -> None:
    studies = {f"study {i}": ask_and_tell({"x": Float(0, 1)}, [i + 1.0, i]) for i in range(14)}
    ax = plot_edf(studies, ax=canvas())
    assert len({(line.get_color(), line.get_linestyle(), str(line._dash_pattern)) for line in ax.lines}) == 14
    assert ax.get_ylim()[1] > 1.2, "the legend takes room"
    assert max(ax.get_yticks()) == pytest.approx(1.0), "and no share is larger than 1"


def test_a_target_takes_the_place_of_the_value(plain: Study) -> None:
    ax = plot_optimization_history(plain, target=lambda trial: trial.params["layers"], target_name="depth", ax=canvas())
    assert offsets(ax)[:, 1].tolist() == [trial.params["layers"] for trial in plain.trials]
    assert ax.get_ylabel() == "depth"
    assert not ax.lines, "nobody knows which depth is better"


def test_slice_shows_each_parameter_on_its_own_scale(plain: Study) -> None:
    axes = plot_slice(plain, ax=canvas(1, 3))
    values = [trial.value for trial in plain.trials]
    for ax, name in zip(axes.ravel(), ("lr", "layers", "kind"), strict=True):
        assert ax.get_xlabel() == name
        assert offsets(ax)[:, 1].tolist() == values
    lr, layers, kind = axes.ravel()
    assert (lr.get_xscale(), layers.get_xscale(), lr.get_yscale()) == ("log", "linear", "log"), (
        "the values span decades"
    )
    assert offsets(lr)[:, 0].tolist() == [trial.params["lr"] for trial in plain.trials]
    assert offsets(layers)[:, 0].tolist() == [trial.params["layers"] for trial in plain.trials]
    assert texts(kind, "x") == ["relu", "tanh", "None"]
    places = [["relu", "tanh", None].index(trial.params["kind"]) for trial in plain.trials]
    assert offsets(kind)[:, 0] == pytest.approx(places)
    assert len({ax.get_ylim() for ax in axes.ravel()}) == 1
    star = offsets(lr, 1)
    assert star.tolist() == [[plain.best_params["lr"], plain.best_value]]


def test_slice_shows_a_conditional_parameter_where_it_was_named(rough: Study) -> None:
    ax = plot_slice(rough, params=["deep"], ax=canvas())
    own = [trial for trial in rough.trials if "deep" in trial.distributions]
    assert 0 < len(own) < 50
    complete = [trial.params["deep"] for trial in own if trial.state == "complete" and trial.value != math.inf]
    assert offsets(ax)[:, 0].tolist() == complete
    with pytest.raises(ValueError, match="plot_slice: params names 'dept', which no trial has"):
        plot_slice(rough, params=["dept"])


def test_contour_is_a_mean_of_the_values_nearby() -> None:
    study = create_study(seed=0)
    for x, y, value in ((0.1, 0.1, 1.0), (0.2, 0.1, 2.0), (0.9, 0.9, 7.0)):
        study.enqueue_trial({"x": x, "y": y})
        study.tell(study.ask({"x": Float(0, 1), "y": Float(0, 1)}), value)
    pair = (ParamAxis("x", Float(0, 1)), ParamAxis("y", Float(0, 1)))
    places = np.array([0.1, 0.9])
    z = landscape(pair, (places, places), study.trials, np.array([1.0, 2.0, 7.0]))
    assert z[1, 1] == pytest.approx(7.0, abs=0.05), "at a lone trial its own value"
    assert 1.0 < z[0, 0] < 1.5, "between two neighbours, nearer to the nearer one"
    assert np.ma.is_masked(z[0, 1]), "blank where nothing was tried"
    ax = plot_contour(study, ax=canvas())
    assert sorted(offsets(ax, 1).tolist()) == [[0.1, 0.1], [0.2, 0.1], [0.9, 0.9]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_the_landscape_of_equal_values_has_the_colour_that_the_bar_gives_them() -> None:
    ax = plot_contour(ask_and_tell({"x": Float(0, 1), "k": Int(0, 2)}, [7.0] * 12), ax=canvas())
    low, high = ax.figure.axes[-1].get_ylim()
    field = ax.collections[0].get_array()
    np.testing.assert_allclose(field.compressed(), (7.0 - low) / (high - low))


def test_choices_are_tiles_however_many_there_are() -> None:
    study = ask_and_tell({"c": Categorical(range(90)), "x": Float(0, 1)}, [float(k) for k in range(12)])
    field = plot_contour(study, ax=canvas()).collections[0].get_array()
    coloured = np.flatnonzero((~np.ma.getmaskarray(field)).any(axis=0))
    assert coloured.tolist() == sorted({trial.params["c"] for trial in study.trials}), "those that were tried"


def test_contour_and_rank_have_a_panel_for_each_pair(plain: Study) -> None:
    for plot in (plot_contour, plot_rank):
        axes = plot(plain, ax=canvas(2, 2))
        assert axes.shape == (2, 2)
        assert not axes[0, 1].axison
        assert [axes[1, 0].get_xlabel(), axes[1, 1].get_xlabel()] == ["lr", "layers"]
        assert [axes[0, 0].get_ylabel(), axes[1, 0].get_ylabel()] == ["layers", "kind"]
        assert axes[1, 0].get_xscale() == "log"
    with pytest.raises(ValueError, match="plot_rank: params must name two parameters or more"):
        plot_rank(plain, params=["lr"])


def test_ranks_are_even_and_ties_share_theirs() -> None:
    found = ranks_of(np.array([5.0, 1e9, math.nan, 5.0, -3.0, math.inf]))
    np.testing.assert_allclose(found, [1.5 / 4, 3 / 4, math.nan, 1.5 / 4, 0.0, 1.0])


def test_parallel_coordinates_run_from_the_lowest_to_the_highest_value(plain: Study) -> None:
    ax = plot_parallel_coordinate(plain, ax=canvas())
    lines = ax.collections[0].get_segments()
    domains = plain.trials[0].distributions
    for trial, line in zip(plain.trials, lines, strict=True):
        assert line[:, 1] == pytest.approx([domains[name].to_unit(trial.params[name]) for name in domains])
    assert ax.collections[0].get_array().tolist() == [trial.value for trial in plain.trials]
    assert texts(ax, "x") == list(domains)
    assert {"1e-05", "1", "4", "relu", "tanh", "None"} <= {text.get_text() for text in ax.texts}
    alone = plot_parallel_coordinate(plain, params=["lr"], ax=canvas())
    assert "fewer than two" in alone.texts[0].get_text(), "a line of one point would be invisible"


def test_intermediate_values_are_a_line_per_trial(rough: Study) -> None:
    ax = plot_intermediate_values(rough, ax=canvas())
    reported = [trial for trial in rough.trials if trial.intermediate_values]
    for trial, line in zip(reported, ax.lines, strict=True):
        assert dict(zip(*line.get_data(), strict=True)) == trial.intermediate_values
        assert line.is_dashed() == (trial.state == "pruned")
        assert (line.get_marker() == "D") == (trial.state == "pruned")
    assert set(legend_of(ax)) == {"best", "complete", "pruned"}
    thickest = max(range(len(reported)), key=lambda i: ax.lines[i].get_linewidth())
    assert reported[thickest].number == rough.best_trial.number


def test_intermediate_values_that_are_not_finite_leave_a_gap() -> None:
    study = create_study(seed=0)
    trial = study.ask({"x": Float(0, 1)})
    for step, value in enumerate([1.0, math.nan, math.inf, 2.0, -1e308]):
        trial.report(value, step)
    study.tell(trial, 2.0)
    ax = plot_intermediate_values(study, ax=canvas())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, math.nan, math.nan, 2.0, math.nan])


def test_the_distribution_function_counts_trials() -> None:
    study = create_study(seed=0)
    for value in (3.0, 1.0, 3.0, math.inf, -math.inf):
        study.tell(study.ask({"x": Float(0, 1)}), value)
    ax = plot_edf(study, ax=canvas())
    x, y = ax.lines[0].get_data()
    assert x[:3].tolist() == [1.0, 1.0, 3.0]
    assert y.tolist() == pytest.approx([1 / 5, 2 / 5, 4 / 5, 4 / 5]), "minus infinity below, infinity never reached"


def test_the_timeline_shows_when_trials_ran(rough: Study) -> None:
    ax = plot_timeline(rough, ax=canvas())
    boxes = [path.get_extents() for bars in ax.collections for path in bars.get_paths()]
    bars = {round((box.y0 + box.y1) / 2): box for box in boxes}
    first = min(trial.datetime_start for trial in rough.trials)
    assert sorted(bars) == list(range(50))
    for trial in rough.trials:
        assert trial.datetime_complete is not None
        began, ended = ((time - first).total_seconds() for time in (trial.datetime_start, trial.datetime_complete))
        assert bars[trial.number].x0 == pytest.approx(began)
        assert bars[trial.number].x1 >= ended - 1e-9
    assert ax.get_xlim()[1] > max(box.x1 for box in boxes)
    assert set(legend_of(ax)) == {"complete", "pruned", "failed"}
    assert len({bars.get_hatch() for bars in ax.collections}) == 3, "told apart without colour"


def test_a_timeline_shows_times_with_a_zone_beside_others() -> None:
    study = run(mixed, 3)
    later = datetime.now(UTC) + timedelta(seconds=50)
    record = replace(study.trials[0], datetime_start=later, datetime_complete=later + timedelta(seconds=9))
    study.add_trial(record)
    ax = plot_timeline(study, ax=canvas())
    box = ax.collections[0].get_paths()[3].get_extents()
    assert (box.x0, box.width) == pytest.approx((50, 9), abs=1.0)


def test_importances_are_drawn_as_they_are_computed(plain: Study) -> None:
    ax = plot_param_importances(plain, ax=canvas())
    shares = tpe_reference.importance.get_param_importances(plain)
    assert texts(ax, "y") == list(shares)
    assert [bar.get_width() for bar in ax.patches] == list(shares.values())
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the largest on top"
    alone = plot_param_importances(plain, params=["lr"], ax=canvas())
    assert alone.get_xlim()[1] > max(alone.get_xticks()) == pytest.approx(1.0), "no share is larger than 1"


def test_importances_of_many_parameters_have_a_number_for_each_name() -> None:
    space = {f"p{i}": Float(0, 1) for i in range(150)}
    ax = plot_param_importances(ask_and_tell(space, [float(k) for k in range(30)]), ax=canvas())
    assert [text.xy[1] for text in ax.texts] == ax.get_yticks().tolist(), "and none between, where it would collide"
    assert len(ax.patches) == 150


def test_importances_for_a_target_need_two_complete_trials() -> None:
    study = ask_and_tell({"x": Float(0, 1)}, [1.0])
    trial = study.ask({"x": Float(0, 1)})
    trial.report(2.0, 0)
    study.tell(trial, state="pruned")
    ax = plot_param_importances(study, target=lambda trial: trial.params["x"], ax=canvas())
    assert "need two trials" in ax.texts[0].get_text()


# ---- how TPE decides -------------------------------------------------------------------------------------------------


def test_what_is_replayed_is_what_happened(plain: Study, rough: Study) -> None:
    """For every parameter of every trial: asked for together, alone, in branches; of pruned and failed trials too."""
    univariate = run(bumpy, 40, sampler=TPESampler(n_startup_trials=5, rules=HYPEROPT))
    for study in (plain, rough, univariate, run(bumpy, 30, direction="maximize")):
        for trial in study.trials:
            for name in trial.distributions:
                decision = replay(study, trial.number, name)
                assert decision.told.choice[name] == trial.params[name], f"trial {trial.number}, {name}"
                assert decision.taken == (trial.params[name],)


def test_a_declared_space_is_replayed() -> None:
    study = create_study(seed=3)
    for n in range(25):
        trial = study.ask({"a": Float(0, 1), "b": Int(0, 9)})
        study.tell(trial, trial.params["a"] + n % 3)
    for n in range(25):
        assert replay(study, n, "b").told.choice["b"] == study.trials[n].params["b"]
    assert list(replay(study, 25, "b").space) == ["a", "b"]


@pytest.mark.filterwarnings("ignore:trial .* names 'x' as")
def test_a_parameter_whose_domain_changed_is_replayed_as_it_was_asked_for() -> None:
    def growing(trial: Trial) -> float:
        y = trial.suggest_float("y", 0, 1)
        return y + abs(trial.suggest_float("x", 0, 1 if trial.number < 15 else 3) - 0.5)

    study = run(growing, 30)
    for trial in study.trials:
        for name in "yx":
            assert replay(study, trial.number, name).told.choice[name] == trial.params[name], f"{trial.number}, {name}"
    assert list(replay(study, 14, "x").space) == ["y", "x"]
    assert list(replay(study, 30, "x").space) == ["x"]


@pytest.mark.parametrize("name", ["lr", "layers", "kind"])
def test_the_densities_integrate_to_one(plain: Study, name: str) -> None:
    above, _ = plot_densities(plain, name, 30, ax=canvas(2)).ravel()
    if name == "lr":
        assert above.get_xscale() == "log"
        for line in above.lines[0], above.lines[2]:
            unit = [plain.trials[0].distributions["lr"].to_unit(x) for x in line.get_xdata()]
            assert np.trapezoid(line.get_ydata(), unit) == pytest.approx(1.0, abs=1e-3)
        assert above.get_ylabel() == "density"
    else:
        heights = [bar.get_height() for bar in above.patches]
        half = len(heights) // 2
        assert sum(heights[:half]) == pytest.approx(1.0)
        assert sum(heights[half:]) == pytest.approx(1.0)
        assert above.get_ylabel() == "probability"
        assert {bar.get_hatch() for bar in above.patches} == {None, "////"}
    assert list(legend_of(above)) == ["l, good trials (3)", "g, bad trials (27)"]


def test_many_integers_are_drawn_as_a_continuum_of_the_same_area() -> None:
    study = run(lambda trial: abs(trial.suggest_int("n", 1, 5000, log=True) - 70), 30)
    above, below = plot_densities(study, "n", ax=canvas(2)).ravel()
    assert above.get_xscale() == "log"
    u = np.linspace(0, 1, len(above.lines[0].get_ydata()))
    assert np.trapezoid(above.lines[0].get_ydata(), u) == pytest.approx(1.0, abs=1e-3)
    assert below.lines[1].get_xdata() == pytest.approx(ParamAxis("n", Int(1, 5000, log=True)).at(u))


def test_a_drawn_density_is_the_joint_one_summed_over_the_other_parameters(plain: Study) -> None:
    decision = replay(plain, 35, "lr")
    assert list(decision.space) == ["lr", "layers", "kind"]
    for density, numbers in ((decision.told.l, decision.told.good), (decision.told.g, decision.told.bad)):
        assert density is not None
        u = np.linspace(0.0, 1.0, 7)
        rest = [(layers, kind) for layers in (0.125, 0.375, 0.625, 0.875) for kind in (1 / 6, 3 / 6, 5 / 6)]
        joint = sum(np.exp(density.log_pdf(np.column_stack([u, *np.tile(r, (7, 1)).T]))) for r in rest)
        assert np.exp(marginal(decision, density, numbers).log_pdf(u[:, None])) == pytest.approx(joint, rel=1e-9)


def test_a_mixture_that_is_cut_as_a_whole_is_drawn_as_it_is() -> None:
    """Hyperopt's rule: kernels near a wall lose weight, which the drawn density must not lose twice."""
    study = run(lambda trial: trial.suggest_float("x", 0, 1), 30, sampler=TPESampler(rules=HYPEROPT))
    decision = replay(study, 30, "x")
    assert decision.told.l is not None
    u = np.linspace(0.0, 1.0, 9)[:, None]
    drawn = marginal(decision, decision.told.l, decision.told.good).log_pdf(u)
    assert drawn == pytest.approx(decision.told.l.log_pdf(u), rel=1e-9)


def test_candidates_score_and_choice_are_those_of_the_trial(plain: Study) -> None:
    decision = replay(plain, 30, "lr")
    above, below = plot_densities(plain, "lr", 30, ax=canvas(2)).ravel()
    told = decision.told
    lr = plain.trials[0].distributions["lr"]
    candidates = offsets(below, 0)
    assert candidates[:, 0] == pytest.approx([lr.from_unit(float(u)) for u in told.candidates[:, 0]])
    assert candidates[:, 1].tolist() == told.scores.tolist()
    (star,) = offsets(below, 1)
    assert star[0] == plain.trials[30].params["lr"]
    assert star[1] == max(told.scores)
    curve = below.lines[1]
    assert np.interp(math.log(star[0]), np.log(curve.get_xdata()), curve.get_ydata()) == pytest.approx(
        star[1], abs=0.02
    )
    good, bad = (sorted(line.get_xdata()) for line in (above.lines[1], above.lines[3]))
    assert good == sorted(plain.trials[n].params["lr"] for n in told.good)
    assert bad == sorted(plain.trials[n].params["lr"] for n in told.bad)
    values = values_of(plain)
    assert max(values[n] for n in told.good) <= min(values[n] for n in told.bad)


def test_a_value_that_was_not_chosen_is_marked() -> None:
    study = run(mixed, 20)
    study.enqueue_trial({"lr": 0.5})
    study.optimize(mixed, n_trials=1)
    _, below = plot_densities(study, "lr", 20, ax=canvas(2)).ravel()
    assert "what it took" in legend_of(below)
    assert below.lines[-1].get_xdata() == [0.5, 0.5]
    _, as_chosen = plot_densities(study, "lr", 19, ax=canvas(2)).ravel()
    assert "what it took" not in legend_of(as_chosen)


def test_start_up_trials_have_no_densities_yet(plain: Study) -> None:
    above, below = plot_densities(plain, "layers", 4, ax=canvas(2)).ravel()
    assert not above.lines
    assert "drawn at random" in above.texts[0].get_text()
    assert offsets(below, 0)[0, 0] == plain.trials[4].params["layers"]
    rare = run(lambda trial: trial.suggest_float("x" if trial.number % 5 else "rare", 0, 1), 40)
    above, _ = plot_densities(rare, "rare", ax=canvas(2)).ravel()
    assert "fewer than 10\nfinished trials have it" in above.texts[0].get_text(), "trial 40 is none of the first 10"


def test_densities_need_tpe_a_trial_and_a_parameter(plain: Study, cma: Study) -> None:
    with pytest.raises(TypeError, match="the sampler is CmaEsSampler; sampler=TPESampler"):
        plot_densities(cma, "x")
    assert len(plot_densities(cma, "x", sampler=TPESampler(), ax=canvas(2)).ravel()) == 2
    for n in (41, -1, 1.5, True):
        with pytest.raises(ValueError, match="plot_densities: n must be a number of trials seen, from 0 to 40"):
            plot_densities(plain, "lr", n)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"no trial up to 40 has a parameter 'rate'; there are \['kind'"):
        plot_densities(plain, "rate")


# ---- how CMA-ES moves ------------------------------------------------------------------------------------------------


def test_the_ellipse_is_that_of_sigma_squared_c(cma: Study) -> None:
    generations = CmaEsSampler().explain(joint_space(cma.trials), frozen(cma), np.random.default_rng(0))
    for generation in generations:
        state = generation.state
        covariance = (state.sigma**2 * state.C)[np.ix_([2, 0], [2, 0])]
        steps = ellipse(generation, [2, 0]) - state.mean[[2, 0]]
        assert np.einsum("ij,jk,ik->i", steps, np.linalg.inv(covariance), steps) == pytest.approx(1.0)
    plane = plot_cma(cma, ["z", "x"], ax=canvas(2, 2))[0, 0]
    assert (plane.get_xlabel(), plane.get_ylabel()) == ("z", "x")
    thickest = max((line for line in plane.lines if len(line.get_xdata()) > 100), key=lambda line: line.get_linewidth())
    drawn = np.column_stack(thickest.get_data())
    assert drawn == pytest.approx(-2 + 4 * ellipse(generations[-1], [2, 0])), "in the values of the parameters"
    assert offsets(plane).tolist() == [[trial.params["z"], trial.params["x"]] for trial in cma.trials]


def test_the_course_of_cma_is_that_of_its_states(cma: Study) -> None:
    generations = CmaEsSampler().explain(joint_space(cma.trials), frozen(cma), np.random.default_rng(0))
    _, means, sizes, eigenvalues = plot_cma(cma, ax=canvas(2, 2)).ravel()
    states = [generation.state for generation in generations]
    assert len(states) == 120 // 7 + 1
    for j, line in enumerate(means.lines[:3]):
        assert line.get_ydata().tolist() == [state.mean[j] for state in states]
    assert list(legend_of(means)) == ["x", "y", "z"]
    sigma, ratio = sizes.lines
    assert sigma.get_ydata().tolist() == [state.sigma for state in states]
    assert ratio.get_ydata().tolist() == [state.D.max() / state.D.min() for state in states]
    for j, line in enumerate(eigenvalues.lines):
        assert line.get_ydata() == pytest.approx([np.linalg.eigvalsh(state.C)[j] for state in states])
    assert (sizes.get_yscale(), eigenvalues.get_yscale()) == ("log", "log")


def test_restarts_break_the_lines_and_are_marked() -> None:
    study = run(lambda trial: trial.suggest_float("x", 0, 1) * 0, 130, sampler=CmaEsSampler(popsize=4))
    _, means, sizes, _ = plot_cma(study, ax=canvas(2, 2)).ravel()
    generations = CmaEsSampler(popsize=4).explain(
        joint_space(study.trials), frozen(study), np.random.default_rng(np.random.SeedSequence(study.seed))
    )
    starts = [i for i in range(1, len(generations)) if generations[i].run > generations[i - 1].run]
    assert starts
    assert [line.get_xdata()[0] for line in sizes.lines[2:]] == [start - 0.5 for start in starts]
    assert "restart" in legend_of(sizes)
    assert np.isnan(means.lines[0].get_ydata()).sum() == len(starts)


def test_cma_pictures_need_cma_and_two_parameters_of_the_search(plain: Study, cma: Study) -> None:
    with pytest.raises(TypeError, match="the sampler is TPESampler; sampler=CmaEsSampler"):
        plot_cma(plain)
    for params in (["x"], ["x", "x"], ["x", "w"]):
        with pytest.raises(ValueError, match=r"plot_cma: params must be two different ones of \['x', 'y', 'z'\]"):
            plot_cma(cma, params)


# ---- any moment of the past ------------------------------------------------------------------------------------------


def pixels(figure: Figure) -> bytes:
    figure.canvas.draw()
    return bytes(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]


@pytest.mark.parametrize("n", [0, 14])
def test_a_prefix_of_a_long_study_looks_like_the_shorter_study(plain: Study, cma: Study, n: int) -> None:
    if n:
        short, long = canvas(2), canvas(2)
        plot_densities(run(mixed, n), "lr", ax=short)
        plot_densities(plain, "lr", n, ax=long)
        for ax in (*short, *long):  # the trial that is to come: in the longer study it has come, and chose the same
            ax.set_title("")
        assert pixels(short[0].figure) == pixels(long[0].figure)
    short, long = canvas(2, 2), canvas(2, 2)
    study = create_study(sampler=CmaEsSampler(), seed=0)
    for trial in cma.trials[:n]:
        study.add_trial(trial)
    plot_cma(study, ax=short)
    plot_cma(cma, n=n, ax=long)
    assert pixels(short[0, 0].figure) == pixels(long[0, 0].figure)


# ---- manners ---------------------------------------------------------------------------------------------------------


def drawers(study: Study) -> dict[str, tuple[Callable[..., Any], tuple[int, int]]]:
    """All pictures of a study, and their panels."""
    names = list(dict.fromkeys(name for trial in study.trials for name in trial.distributions))
    pairs = max(1, min(len(names), 4) - 1)
    pictures: dict[str, tuple[Callable[..., Any], tuple[int, int]]] = {
        plot.__name__: (lambda ax, plot=plot: plot(study, ax=ax), (1, 1))
        for plot in ALL
        if plot.__name__ not in ("plot_slice", "plot_contour", "plot_rank", "plot_densities", "plot_cma")
    }
    pictures["plot_slice"] = (lambda ax: plot_slice(study, params=names[:3], ax=ax), (1, max(1, len(names[:3]))))
    pictures["plot_contour"] = (lambda ax: plot_contour(study, ax=ax), (pairs, pairs))
    pictures["plot_rank"] = (lambda ax: plot_rank(study, ax=ax), (pairs, pairs))
    pictures["plot_cma"] = (lambda ax: plot_cma(study, sampler=CmaEsSampler(), ax=ax), (2, 2))
    for name in names[:3]:
        look = lambda ax, name=name: plot_densities(study, name, sampler=TPESampler(), ax=ax)  # noqa: E731
        pictures[f"plot_densities {name}"] = (look, (2, 1))
    return pictures


@pytest.mark.filterwarnings("ignore:get_param_importances")
def test_given_axes_are_drawn_on_and_nothing_global_changes(plain: Study) -> None:
    before, trials = dict(matplotlib.rcParams), plain.trials
    assert set(ALL) == {getattr(visualization, name.split()[0]) for name in drawers(plain)}, "all are looked at here"
    for name, (draw, shape) in drawers(plain).items():
        given = canvas(*shape)
        returned = draw(given)
        for mine, theirs in zip(np.ravel(given), np.ravel(returned), strict=True):
            assert mine is theirs, name
        assert plt.get_fignums() == [], f"{name} left a figure open"
    assert dict(matplotlib.rcParams) == before
    assert plain.trials == trials


@pytest.mark.filterwarnings("ignore:get_param_importances")
class Watched:
    """A study that its workers go on with: at each look it has one trial more."""

    def __init__(self) -> None:
        self.study = run(mixed, 15)

    def __getattr__(self, name: str) -> Any:
        self.study.optimize(mixed, n_trials=1)
        return getattr(self.study, name)


@pytest.mark.filterwarnings("ignore:get_param_importances")
def test_a_study_can_be_looked_at_while_it_runs() -> None:
    watched: Any = Watched()
    for draw, shape in drawers(watched).values():
        draw(canvas(*shape))


def test_without_axes_each_picture_makes_one_figure(plain: Study) -> None:
    for name, (draw, _) in drawers(plain).items():
        draw(None)
        assert len(plt.get_fignums()) == 1, name
        plt.close("all")


def test_wrong_axes_and_wrong_studies_are_named(plain: Study) -> None:
    with pytest.raises(ValueError, match="plot_slice draws 1 x 3 panels and got 1 Axes; make them by"):
        plot_slice(plain, ax=canvas())
    with pytest.raises(TypeError, match="plot_edf: ax must be Axes of matplotlib, got 3"):
        plot_edf(plain, ax=3)
    with pytest.raises(TypeError, match="target must be a function of a trial's record, got 'lr'"):
        plot_slice(plain, target="lr")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="plot_timeline: study must be a Study, got"):
        plot_timeline([plain])  # type: ignore[arg-type]


def test_scripts_written_for_optuna_run(plain: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(True))
    assert tpe_reference.visualization.is_available()
    assert tpe_reference.visualization.matplotlib.is_available()
    fig = tpe_reference.visualization.plot_optimization_history(plain)
    fig.show()
    several = tpe_reference.visualization.matplotlib.plot_slice(plain, params=["lr", "layers"])
    several.show()
    assert shown == [True, True]
    assert isinstance(several, np.ndarray)
    tpe_reference.visualization.plot_contour(plain)
    plt.tight_layout()  # matplotlib's own would refuse, for the colour bars
    plt.savefig(io.BytesIO())


@pytest.mark.filterwarnings("ignore:get_param_importances")
def test_importances_take_an_evaluator_of_none_and_a_study_without_parameters(plain: Study) -> None:
    assert len(plot_param_importances(plain, None, ["lr"]).patches) == 1
    with pytest.raises(TypeError, match="evaluator must be None, got 3; PED-ANOVA is the only one"):
        plot_param_importances(plain, 3)  # type: ignore[arg-type]
    (text,) = plot_param_importances(run(lambda trial: 1.0 * trial.number, 3)).texts
    assert text.get_text() == "no parameters"


def test_showing_without_a_screen_is_silent(plain: Study) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_edf(plain).show()


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    code = """
import sys
sys.modules["matplotlib"] = None
import tpe_reference
study = tpe_reference.create_study(seed=0)
assert not tpe_reference.visualization.is_available()
for name in tpe_reference.visualization.__all__:
    if name.startswith("plot_"):
        try:
            getattr(tpe_reference.visualization, name)(study, *["x"] * (name == "plot_densities"))
        except ImportError as error:
            assert 'pip install "tpe-reference[plot]"' in str(error), (name, error)
        else:
            raise SystemExit(f"{name} raised nothing")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(tpe_reference.__file__).parent.parent)


# ---- odd studies, small pictures -------------------------------------------------------------------------------------


def ask_and_tell(space: dict[str, Any], values: list[Any], **settings: Any) -> Study:
    study = create_study(**{"seed": 1, "sampler": RandomSampler(), **settings})
    for value in values:
        study.tell(study.ask(space), value, None if value is not None else "failed")
    return study


def branches(trial: Trial) -> float:
    if trial.suggest_categorical("model", ["svm", "forest"]) == "svm":
        return abs(math.log10(trial.suggest_float("svm.C", 1e-3, 1e3, log=True)))
    return trial.suggest_int("forest.depth", 2, 30) / 20


ODD: dict[str, Callable[[], Study]] = {
    "no trial": lambda: create_study(seed=0),
    "one trial": lambda: run(mixed, 1),
    "all failed": lambda: ask_and_tell({"x": Float(0, 1)}, [None] * 5),
    "all infinite": lambda: ask_and_tell({"x": Float(0, 1), "y": Int(0, 3)}, [math.inf] * 5),
    "constant": lambda: ask_and_tell({"x": Float(0, 1), "only": Categorical(["one"])}, [3.0] * 12),
    "huge span": lambda: ask_and_tell({"x": Float(0, 1), "y": Float(0, 1)}, [10.0**k for k in range(-20, 20)]),
    "huge numbers": lambda: ask_and_tell(
        {"x": Float(-1e300, 1e300), "y": Int(10**15, 10**17)}, [-1e308, 1e308, 0.0] * 5
    ),
    "tiny numbers": lambda: ask_and_tell(
        {"x": Float(1e-300, 1e-299, log=True), "y": Float(0, 1e-12)}, [1e-300, 2e-300] * 6
    ),
    "all floats": lambda: ask_and_tell(
        {"x": Float(0, 1), "y": Float(0, 1)}, [10.0 ** (10 * k) for k in range(-30, 31)]
    ),
    "one outlier": lambda: ask_and_tell({"x": Float(0, 1), "y": Float(0, 1)}, [-1.0, 1e12, *range(20)]),
    "names": lambda: ask_and_tell(
        {
            LONG: Float(1e-3, 1, log=True),
            "$a_{b}$ \\alpha $": Categorical(["$", "$x^2", "\\frac{", "a\nb"]),
            "λ_Größe": Int(0, 9),
        },
        [float(k) for k in range(20)],
    ),
    "choices": lambda: ask_and_tell(
        {
            "c": Categorical([None, True, 1, "1", "None", "", "_", LONG]),
            "many": Categorical([f"city {i}" for i in range(90)]),
        },
        [float(k % 7) for k in range(60)],
    ),
    "branches": lambda: run(branches, 40),
    "rough": lambda: run(bumpy, 40, pruner=MedianPruner(n_startup_trials=5), direction="maximize"),
    "many": lambda: ask_and_tell(
        {f"parameter_{i:02d}": Float(-1, 1) for i in range(20)}, [k % 17 + 0.5 for k in range(150)]
    ),
}


def is_overlapping(one: Any, other: Any) -> bool:
    """Whether two boxes share more than a pixel in both directions."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > 1.0 and height > 1.0)


def visible_texts(ax: Any) -> dict[str, Any]:
    """Boxes of the labels and numbers around an Axes, those along one axis in order."""
    boxes: dict[str, Any] = {}
    for which in "xy":
        axis = getattr(ax, f"{which}axis")
        if not ax.axison:
            continue
        low, high = sorted(axis.get_view_interval())
        shown = [t.label1 for t in axis.get_major_ticks() if t.label1.get_visible() and low <= t.get_loc() <= high]
        shown += [t.label2 for t in axis.get_major_ticks() if t.label2.get_visible() and low <= t.get_loc() <= high]
        boxes |= {
            f"{which} tick {i} {t.get_text()}": t.get_window_extent() for i, t in enumerate(shown) if t.get_text()
        }
        if axis.label.get_text():
            boxes[f"{which} label"] = axis.label.get_window_extent()
    if ax.get_title(loc="left"):
        boxes["title"] = ax._left_title.get_window_extent()
    if ax.get_legend() is not None:
        boxes["legend"] = ax.get_legend().get_window_extent()
    return boxes


PLAINLY = ["no trial", "huge span", "names"]  # the rest, and the usual size, take a minute and more


@pytest.mark.filterwarnings("ignore:get_param_importances")
@pytest.mark.parametrize(
    ("case", "inches"),
    [
        pytest.param(case, inches, marks=[] if case in PLAINLY and inches[0] < 4 else pytest.mark.slow)
        for case in ODD
        for inches in ((3.2, 2.4), (6.4, 4.8))
    ],
)
def test_nothing_collides_is_cut_off_or_warned_about(case: str, inches: tuple[float, float]) -> None:
    """Every picture of every odd study, drawn with warnings as errors, and all boxes of text looked at."""
    study = ODD[case]()
    for name, (draw, (rows, columns)) in drawers(study).items():
        size = (inches[0] * min(columns, 2), inches[1] * min(rows, 2))
        axes = canvas(rows, columns, size)
        figure = np.ravel(axes)[0].figure
        draw(axes)
        figure.canvas.draw()
        width, height = figure.canvas.get_width_height()
        every = [(f"{i} {key}", box) for i, ax in enumerate(figure.axes) for key, box in visible_texts(ax).items()]
        for key, box in every:
            inside = box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2
            assert inside, f"{name} of {case}: {key} is cut off, {box}"
        for i, (key, box) in enumerate(every):
            for other, its in every[i + 1 :]:
                assert not is_overlapping(box, its), f"{name} of {case}: {key} and {other} collide"
        plt.close("all")


@pytest.mark.parametrize("inches", [(3.2, 2.4), (6.4, 4.8)], ids=["small", "usual"])
def test_legends_hide_no_data(rough: Study, plain: Study, inches: tuple[float, float]) -> None:
    pictures: dict[str, Callable[[Any], Any]] = {
        "history": lambda ax: plot_optimization_history(rough, ax=ax),
        "several": lambda ax: plot_optimization_history({"a": rough, LONG: plain, "third": plain}, ax=ax),
        "slice": lambda ax: plot_slice(rough, params=["x"], ax=ax),
        "curves": lambda ax: plot_intermediate_values(rough, ax=ax),
        "edf": lambda ax: plot_edf({"a": rough, LONG: plain}, ax=ax),
        "timeline": lambda ax: plot_timeline(rough, ax=ax),
    }
    for name, draw in pictures.items():
        ax = canvas(1, 1, inches)
        draw(ax)
        ax.figure.canvas.draw()
        bottom = ax.get_legend().get_window_extent().y0
        data = [ax.transData.transform(scatter.get_offsets()) for scatter in ax.collections]
        data += [line.get_transform().transform(np.column_stack(line.get_data()).astype(float)) for line in ax.lines]
        bars = [path for one in ax.collections if isinstance(one, PolyCollection) for path in one.get_paths()]
        data += [ax.transData.transform(path.vertices) for path in bars]
        assert np.nanmax(np.concatenate(data)[:, 1]) <= bottom + 1, f"{name}: the legend covers data"


def test_names_are_drawn_as_they_are_written() -> None:
    for name in ("$x$", "a_b", "\\alpha", "100%", "$", "λ", "$\\frac{$"):
        ax = canvas()
        label(ax, "x", name)
        ax.figure.canvas.draw()
        assert ax.get_xlabel() == name
        assert not ax.xaxis.label.get_parse_math()
    ax = canvas()
    label(ax, "x", "two\nlines\x00")
    assert ax.get_xlabel() == r"two\nlines\x00"


def test_choices_that_look_alike_are_told_apart() -> None:
    assert choice_labels([None, True, 1, "1", "None", "", "plain"]) == [
        "None",
        "True",
        "1",
        "'1'",
        "'None'",
        "''",
        "plain",
    ]


def test_of_thousands_of_choices_some_are_labelled() -> None:
    ax = canvas()
    ParamAxis("c", Categorical([f"city {i}" for i in range(2000)])).dress(ax, "x")
    assert 10 < len(ax.get_xticks()) <= len(ax.xaxis.majorTicks) <= 100, "no tick was made for each: it is slow"
    assert ax.get_xlim() == (-0.5, 1999.5)


def test_shortened_texts_keep_both_ends() -> None:
    assert shorten("abcdefgh", 8) == "abcdefgh"
    assert shorten("abcdefgh", 5) == "ab…gh"
    assert all(len(shorten("abcdefgh", n)) == n for n in range(3, 9))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.91, 0.93, 0.5, 0.95], "linear"),
        ([1.0] * 5, "linear"),
        ([0.0] * 9 + [1.0], "linear"),
        ([0, 0, 0, 1, 2, 900], "linear"),
        ([10.0**-k for k in range(12)], "log"),
        ([1.0, 2.0, 3.0, 4.0, 1e9], "log"),
        ([-(10.0**-k) for k in range(12)], "symlog"),
        ([-1.0, 2.0, 3.0, 0.0, 1e9], "symlog"),
        ([-1e308, 1e308, 0.0], "linear"),
        ([1.0, 2.0, 3.0, 4.0, 1e250], "linear"),  # a logarithmic axis has no room above
        ([math.inf, math.nan, 1.0], "linear"),
        ([], "linear"),
    ],
)
def test_values_that_differ_by_orders_of_magnitude_get_a_logarithmic_axis(values: list[float], kind: str) -> None:
    assert value_scale(np.array(values, dtype=float))[0] == kind


@pytest.mark.filterwarnings("ignore:get_param_importances")
@pytest.mark.parametrize(
    "values", [[10.0 ** (10 * k) for k in range(-30, 31)], [1e-310 * (k / 40) ** 8 for k in range(40)]]
)
def test_values_as_far_apart_and_as_small_as_floats_can_be_are_drawn(values: list[float]) -> None:
    study = ask_and_tell({"x": Float(0, 1), "y": Float(0, 1)}, values)
    for plot in (plot_optimization_history, plot_edf, plot_contour, plot_parallel_coordinate):
        plot(study, ax=canvas()).figure.canvas.draw()


def test_the_axis_of_values_has_no_ticks_where_there_are_none() -> None:
    panels = plot_slice(ask_and_tell({"x": Float(0, 1), "y": Float(0, 1)}, [None] * 5), ax=canvas(1, 2))
    assert not any(panel.get_yticks().size for panel in panels)


@pytest.mark.parametrize(
    "domain",
    [
        Float(-2, 3),
        Float(1e-4, 10, log=True),
        Float(0, 1, step=0.25),
        Int(3, 90),
        Int(1, 500, log=True),
        Int(2, 20, step=6),
    ],
)
def test_positions_on_an_axis_agree_with_the_values(domain: Any) -> None:
    values = [domain.from_unit(u) for u in np.linspace(0, 1, 23).tolist()]
    axis = ParamAxis("p", domain)
    np.testing.assert_allclose(axis.place(values), values)
    np.testing.assert_allclose(axis.at(np.array([domain.to_unit(value) for value in values])), values)


def test_a_dark_style_is_legible(plain: Study) -> None:
    with plt.style.context("dark_background"):
        ax = plot_optimization_history(plain)
        for text in (*ax.get_legend().get_texts(), ax.xaxis.label):
            assert matplotlib.colors.to_hex(text.get_color()) == "#ffffff"


def test_what_optuna_draws_and_we_do_not_says_so() -> None:
    for module in (visualization, visualization.matplotlib):
        with pytest.raises(AttributeError, match="a study has one objective"):
            module.plot_pareto_front  # noqa: B018


PAGE = Path(__file__).parent.parent / "chapters" / "pictures.md"


def test_the_page_shows_every_picture_and_its_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for plot in ALL:
        assert plot.__name__ in page
    for asset in re.findall(r"\]\((assets/[^)]+)\)", page):
        assert (PAGE.parent / asset).stat().st_size < 100_000, asset
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"^```python\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE):
        exec(block, {})
    assert (tmp_path / "history.png").exists()
