"""Exceptions and warnings that have a name of their own; it is Optuna's where that has them."""

from typing import NoReturn

from .trial import TrialPruned

__all__ = [
    "DuplicatedStudyError",
    "ExperimentalWarning",
    "StorageInternalError",
    "StudyNotFoundError",
    "TrialPruned",
]


class DuplicatedStudyError(ValueError):
    """There is a study of this name in the storage."""


class StudyNotFoundError(ValueError, KeyError):
    """There is no study of this name in the storage. A KeyError as well, as scripts expect it."""

    __str__ = Exception.__str__  # a KeyError's own would put the text in quotes


class StorageInternalError(Exception):
    """The database refused to do something."""


class ExperimentalWarning(Warning):
    """For scripts that silence it: nothing here gives this warning."""


def __getattr__(name: str) -> NoReturn:
    from .not_covered import not_covered

    raise not_covered(__name__, name)
