"""The exceptions and warnings that scripts written for Optuna name, where this package has them."""

from .trial import TrialPruned

__all__ = ["ExperimentalWarning", "TrialPruned"]


class ExperimentalWarning(Warning):
    """For scripts that silence it: nothing here gives this warning."""
