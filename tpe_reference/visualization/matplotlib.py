"""The same pictures under the name that they have in Optuna, where ``visualization`` itself draws with plotly."""

from .history import plot_edf, plot_intermediate_values, plot_optimization_history, plot_timeline
from .parameters import plot_contour, plot_parallel_coordinate, plot_param_importances, plot_rank, plot_slice
from .samplers import plot_cma, plot_densities

__all__ = [
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
