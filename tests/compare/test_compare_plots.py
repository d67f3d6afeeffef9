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


def panels_of(losses: list[float], seconds: dict[str, float]) -> list[Any]:
    """Return the drawn panels, against trials and seconds, of contestants that need so long for each trial."""
    problem = Problem(lambda params, seed: 0.0, {"x": Float(0, 1)}, name="plain")
    contestants = [Contestant(name, name) for name in seconds]
    runs = [
        [
            [
                {"loss": loss, "state": "complete", "sampler_seconds": own, "objective_seconds": 0.0, "curve": {}}
                for loss in losses
            ]
        ]
        for own in seconds.values()
    ]
    figure = convergence(Result(problem, contestants, contestants, runs, len(losses)), Figure)
    FigureCanvasAgg(figure)  # a figure by itself cannot be laid out
    figure.draw_without_rendering()
    return list(figure.axes)


@pytest.mark.parametrize("slower", [4, 8, 20, 60, 1000])
def test_the_seconds_at_a_logarithmic_axis_do_not_run_into_each_other(slower: float) -> None:
    _, panel = panels_of([3.0, 2.0, 1.0], {"random": 2.5e-4, "tpe": 2.5e-4 * slower})
    assert panel.get_xscale() == "log"
    low, high = panel.get_xlim()
    ticks = [*panel.xaxis.get_major_ticks(), *panel.xaxis.get_minor_ticks()]
    labels = [tick.label1 for tick in ticks if low <= tick.get_loc() <= high and tick.label1.get_text()]
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
    assert len(boxes) >= 2
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


def test_there_is_no_half_a_trial() -> None:
    panel, _ = panels_of([3.0, 2.0, 1.0], {"random": 1e-4})
    assert all(tick.is_integer() for tick in panel.get_xticks())


def test_axes_on_which_nothing_stands_have_no_numbers() -> None:
    for panel in panels_of([math.nan] * 3, {"random": 1e-4}):
        assert not len(panel.get_xticks())
        assert not len(panel.get_yticks())
