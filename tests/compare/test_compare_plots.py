"""The pictures of a comparison: what stands at their axes can be read, and says what it means."""

import math
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tpe_reference.compare.contestants import Contestant
from tpe_reference.compare.plots import convergence
from tpe_reference.compare.problems import Problem
from tpe_reference.compare.results import Result
from tpe_reference.space import Float


def drawn(losses: list[float], seconds: dict[str, float]) -> Any:
    """Return the picture of one seed, of contestants by their names, which need so long for each trial."""
    problem = Problem(lambda params, seed: 0.0, {"x": Float(0, 1)}, name="plain")
    contestants = [Contestant(name, name) for name in seconds]
    trial = {"state": "complete", "objective_seconds": 0.0, "curve": {}}
    runs = [[[{**trial, "loss": loss, "sampler_seconds": own} for loss in losses]] for own in seconds.values()]
    figure = convergence(Result(problem, contestants, contestants, runs, len(losses)), Figure)
    FigureCanvasAgg(figure)  # a figure by itself cannot be laid out
    figure.draw_without_rendering()
    return figure


@pytest.mark.parametrize("slower", [4, 8, 20, 60, 1000])
def test_the_seconds_at_a_logarithmic_axis_do_not_run_into_each_other(slower: float) -> None:
    _, panel = drawn([3.0, 2.0, 1.0], {"random": 2.5e-4, "tpe": 2.5e-4 * slower}).axes
    assert panel.get_xscale() == "log"
    low, high = panel.get_xlim()
    ticks = [*panel.xaxis.get_major_ticks(), *panel.xaxis.get_minor_ticks()]
    labels = [tick.label1 for tick in ticks if low <= tick.get_loc() <= high and tick.label1.get_text()]
    places = sorted((box.x0, box.x1, label.get_text()) for label in labels if (box := label.get_window_extent()))
    assert len(places) >= 2, places
    assert [pair for pair in pairwise(places) if pair[0][1] >= pair[1][0]] == [], "from, to, text of neighbours"


def test_there_is_no_half_a_trial() -> None:
    panel, _ = drawn([3.0, 2.0, 1.0], {"random": 1e-4}).axes
    assert [tick for tick in panel.get_xticks() if not tick.is_integer()] == []


def test_axes_on_which_nothing_stands_have_no_numbers() -> None:
    for panel in drawn([math.nan] * 3, {"random": 1e-4}).axes:
        assert not len(panel.get_xticks())
        assert not len(panel.get_yticks())


def test_a_legend_of_long_names_is_not_cut_off() -> None:
    figure = drawn([3.0, 2.0, 1.0], {f"a search, called by many words, number {k}": 1e-4 for k in range(5)})
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width, "it reaches out of the figure"
