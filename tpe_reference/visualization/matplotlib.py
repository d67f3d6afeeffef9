"""The same pictures under the name that they have in Optuna, where ``visualization`` itself draws with plotly."""

from importlib.util import find_spec
from typing import NoReturn

from .history import plot_edf, plot_intermediate_values, plot_optimization_history, plot_timeline
from .parameters import plot_contour, plot_parallel_coordinate, plot_param_importances, plot_rank, plot_slice
from .samplers import plot_cma, plot_densities

__all__ = [
    "is_available",
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


def is_available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def __getattr__(name: str) -> NoReturn:
    from ..not_covered import not_covered

    raise not_covered(__package__, name)
