"""One line per trial, for who wants to watch: the package is silent until asked, through Python's own `logging`.

There is one logger, named as the package, and it is as Python made it until one of the functions here is called (their
names are Optuna's). From then on it writes down what a study does: to stderr after `set_verbosity`, to a handler that
you add to `get_logger`, or with the rest of an application's logs after `enable_propagation`. An application that
configures Python's loggers itself needs none of this. What is wrong is told by Python's `warnings`, in either case.

Start reading at `set_verbosity`; the lines are written by `log_trial`.

>>> INFO < WARNING  # set_verbosity(INFO): a line per trial; set_verbosity(WARNING): silence
True
"""

from __future__ import annotations

import logging
from logging import CRITICAL, DEBUG, ERROR, FATAL, INFO, WARN, WARNING
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .study import Study
    from .trial import TrialRecord

__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "WARNING",
    "disable_default_handler",
    "disable_propagation",
    "enable_default_handler",
    "enable_propagation",
    "get_logger",
    "get_verbosity",
    "set_verbosity",
]

_logger = logging.getLogger(__package__)
_default_handler = logging.StreamHandler()  # to stderr
_default_handler.setFormatter(logging.Formatter("[%(levelname).1s %(asctime)s] %(message)s"))


def _wake() -> logging.Logger:
    """Return the logger, set up unless somebody did that before: a line per trial, for its own handlers alone."""
    if _logger.level == logging.NOTSET:
        _logger.setLevel(INFO)
        _logger.propagate = False
    return _logger


def set_verbosity(verbosity: int) -> None:
    """Write messages of this level and above to stderr.

    Args:
        verbosity: `INFO` for a line per trial, `WARNING` for silence.
    """
    _wake().setLevel(verbosity)
    _logger.addHandler(_default_handler)  # a second time it does nothing


def get_verbosity() -> int:
    """Return the level from which on messages are written, where somebody listens."""
    return _logger.getEffectiveLevel()


def get_logger(name: str = "optuna") -> logging.Logger:
    """Return a logger, to add a handler to.

    Args:
        name: "optuna", as scripts written for it say, and this package's name both mean this package's logger; any
            other name means the logger of that name.
    """
    return _wake() if name in ("optuna", _logger.name) else logging.getLogger(name)


def enable_default_handler() -> None:
    """Write to stderr."""
    _default_handler.setLevel(logging.NOTSET)
    _wake().addHandler(_default_handler)


def disable_default_handler() -> None:
    """Do not write to stderr, also after a `set_verbosity` to come."""
    _default_handler.setLevel(CRITICAL + 1)
    _wake().removeHandler(_default_handler)


def enable_propagation() -> None:
    """Hand messages on to the root logger's handlers: the way of an application that collects all its logs."""
    _wake().propagate = True


def disable_propagation() -> None:
    """Do not hand messages on."""
    _wake().propagate = False


def log_study(study: Study, is_new: bool = True) -> None:
    """Write the line about a study that has been made, or that was found in a storage."""
    if is_new:
        place = "a storage" if study._is_shared else "memory"
        _logger.info("A new study created in %s with name: %s", place, study.study_name or "no-name")
    else:
        _logger.info("The study exists, and is gone on with: %s", study.study_name)


def log_trial(study: Study, record: TrialRecord) -> None:
    """Write the line about a trial that has finished."""
    if not _logger.isEnabledFor(INFO):
        return
    if record.state == "complete":
        best = study._best
        text = "There is no best trial yet" if best is None else f"Best is trial {best} with value: {study.best_value}"
        values = record.number, record.value, record.params, text
        _logger.info("Trial %d finished with value: %s and parameters: %s. %s.", *values)
    elif record.state == "pruned":
        _logger.info("Trial %d pruned.", record.number)
    else:
        _logger.info("Trial %d failed with parameters: %s: %s.", record.number, record.params, record.error)
