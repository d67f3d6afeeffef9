"""Callbacks: report a training's metric to a trial, epoch by epoch, and end it where the pruner says so.

One file for each framework. Each is loaded when it is named, and its framework with it: importing this package does not
wait for any.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .keras import KerasPruningCallback as KerasPruningCallback
    from .lightgbm import LightGBMPruningCallback as LightGBMPruningCallback
    from .lightning import PyTorchLightningPruningCallback as PyTorchLightningPruningCallback
    from .pytorch import PyTorchPruningCallback as PyTorchPruningCallback
    from .sklearn import fit_with_pruning as fit_with_pruning
    from .xgboost import XGBoostPruningCallback as XGBoostPruningCallback

_FILES = {
    "KerasPruningCallback": "keras",
    "LightGBMPruningCallback": "lightgbm",
    "PyTorchLightningPruningCallback": "lightning",
    "PyTorchPruningCallback": "pytorch",
    "TFKerasPruningCallback": "keras",  # Optuna's name, see there
    "XGBoostPruningCallback": "xgboost",
    "fit_with_pruning": "sklearn",
}

__all__ = [
    "KerasPruningCallback",
    "LightGBMPruningCallback",
    "PyTorchLightningPruningCallback",
    "PyTorchPruningCallback",
    "XGBoostPruningCallback",
    "fit_with_pruning",
]


def __getattr__(name: str) -> Any:
    if name in _FILES:
        return getattr(_load(name), name)
    from ..not_covered import not_covered

    raise not_covered(__name__, name)


def _load(name: str) -> ModuleType:
    file = _FILES[name]
    try:
        return import_module(f".{file}", __name__)
    except ImportError as error:
        raise ImportError(f'{name} needs {file} ({error}): pip install "tpe-reference[{file}]"') from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
