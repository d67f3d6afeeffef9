"""The domains under the names that scripts written for Optuna use, for ``study.ask(...)`` and ``create_trial``.

The first three are the domains themselves, so what is made by one name is an instance of the other. The rest are
Optuna's older names; new code has no use for them.

>>> FloatDistribution(1e-5, 1e-1, log=True)
Float(low=1e-05, high=0.1, log=True, step=None)
>>> DiscreteUniformDistribution(0.0, 1.0, q=0.25) == FloatDistribution(0.0, 1.0, step=0.25)
True
"""

# ruff: noqa: N802  # the functions are named as the classes that they stand for

from __future__ import annotations

from typing import NoReturn

from .space import Categorical as CategoricalDistribution
from .space import Domain as BaseDistribution
from .space import Float as FloatDistribution
from .space import Int as IntDistribution

__all__ = [
    "BaseDistribution",
    "CategoricalDistribution",
    "DiscreteUniformDistribution",
    "FloatDistribution",
    "IntDistribution",
    "IntLogUniformDistribution",
    "IntUniformDistribution",
    "LogUniformDistribution",
    "UniformDistribution",
]


def UniformDistribution(low: float, high: float) -> FloatDistribution:
    """Return ``Float(low, high)``."""
    return FloatDistribution(low, high)


def LogUniformDistribution(low: float, high: float) -> FloatDistribution:
    """Return ``Float(low, high, log=True)``."""
    return FloatDistribution(low, high, log=True)


def DiscreteUniformDistribution(low: float, high: float, q: float) -> FloatDistribution:
    """Return ``Float(low, high, step=q)``."""
    return FloatDistribution(low, high, step=q)


def IntUniformDistribution(low: int, high: int, step: int = 1) -> IntDistribution:
    """Return ``Int(low, high, step=step)``."""
    return IntDistribution(low, high, step=step)


def IntLogUniformDistribution(low: int, high: int, step: int = 1) -> IntDistribution:
    """Return ``Int(low, high, log=True)``."""
    return IntDistribution(low, high, log=True, step=step)


def __getattr__(name: str) -> NoReturn:
    from .not_covered import not_covered

    raise not_covered(__name__, name)
