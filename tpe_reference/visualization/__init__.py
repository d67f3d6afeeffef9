"""Pictures of a study: how the values went, which parameters mattered, and how the samplers decided.

The names are those of ``optuna.visualization``; `plot_densities` and `plot_cma` are our own. All need matplotlib
(``pip install "tpe-reference[plot]"``), which is imported when one is called. Each

- draws on the Axes that ``ax=`` gives, one or as many as it has panels, or on a new figure of its own;
- returns what it has drawn on, one Axes or an array of them, to be changed and saved: ``ax.figure.savefig("a.png")``.
  Either has a ``show()``, so that a script that expects Optuna's figures runs;
- changes nothing global, and calls no ``show()`` itself.

A figure of your own should have ``layout="constrained"``, as ours have, so that long labels find room.

Start reading at `plot_optimization_history` in history.py; canvas.py is what all share.

>>> from tpe_reference import create_study
>>> study = create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=20)
>>> if is_available():
...     from matplotlib.figure import Figure
...     ax = plot_optimization_history(study, ax=Figure().subplots())
...     _ = ax.set_title("twenty trials")
"""

from typing import NoReturn

from . import matplotlib
from .history import plot_edf, plot_intermediate_values, plot_optimization_history, plot_timeline
from .matplotlib import is_available
from .parameters import plot_contour, plot_parallel_coordinate, plot_param_importances, plot_rank, plot_slice
from .samplers import plot_cma, plot_densities

__all__ = [
    "is_available",
    "matplotlib",
    "plot_cma",
    "plot_contour",
    "plot_densities",
    "plot_edf",
    "plot_intermediate_values",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
]


def __getattr__(name: str) -> NoReturn:
    from ..not_covered import not_covered

    raise not_covered(__name__, name)
