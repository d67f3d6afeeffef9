"""Optuna's place for the callbacks of other libraries, for scripts that import from there; they are in `callbacks`."""

from typing import Any

from .not_covered import INSTEAD, not_covered

_HERE_AS_WELL = (
    "KerasPruningCallback",
    "LightGBMPruningCallback",
    "PyTorchLightningPruningCallback",
    "TFKerasPruningCallback",
    "XGBoostPruningCallback",
)

__all__ = list(_HERE_AS_WELL)


def __getattr__(name: str) -> Any:
    if name in _HERE_AS_WELL:
        from . import callbacks

        return getattr(callbacks, name)
    error = not_covered(__name__, name)
    if f"integration.{name}" in INSTEAD:
        # Scripts write ``from ... import`` here, which throws an AttributeError's text away.
        raise ImportError(str(error))
    raise error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
