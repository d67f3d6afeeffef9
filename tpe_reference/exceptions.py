"""The exceptions and warnings that scripts written for Optuna name, where this package has them."""

from typing import NoReturn

from .trial import TrialPruned

__all__ = ["ExperimentalWarning", "TrialPruned"]


class ExperimentalWarning(Warning):
    """For scripts that silence it: nothing here gives this warning."""


def __getattr__(name: str) -> NoReturn:
    from .not_covered import not_covered

    raise not_covered(__name__, name)
