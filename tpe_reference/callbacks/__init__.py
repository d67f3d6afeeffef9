"""Callbacks: report a training's metric to a trial, epoch by epoch, and end it where the pruner says so.

One file for each framework. Each is loaded when it is named, and its framework with it: importing this package does not
wait for any.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .pytorch import PyTorchPruningCallback as PyTorchPruningCallback

_FILES = {
    "PyTorchPruningCallback": "pytorch",
}

__all__ = ["PyTorchPruningCallback"]


def __getattr__(name: str) -> Any:
    if name in _FILES:
        return getattr(import_module(f".{_FILES[name]}", __name__), name)
    from ..not_covered import not_covered

    raise not_covered(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
