"""What several callbacks check: their arguments, and that a training gave them something to report."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from ..trial import Trial, TrialRecord, is_whole


def check_trial(who: str, trial: object) -> Trial | TrialRecord:
    """Return a trial, or raise TypeError for what is none."""
    if not isinstance(trial, (Trial, TrialRecord)):
        raise TypeError(f"{who}: trial must be the trial that the objective gets, got {trial!r:.80}{_hint(trial)}")
    return trial


def check_interval(who: str, name: str, interval: int) -> int:
    """Return a number of steps, or raise ValueError for what is no whole number of at least 1."""
    if not is_whole(interval) or interval < 1:
        raise ValueError(f"{who}: {name} must be a whole number of at least 1, got {interval!r}")
    return int(interval)


def missed_validation(who: str, metric: str, *, is_complete: bool) -> None:
    """Raise ValueError where a training has come to its end without a validation.

    Args:
        who: The callback's name.
        metric: What the validation would have been asked for.
        is_complete: Whether the training has come to its end. One that was stopped may not have come to its first
            validation, for which there is a warning.
    """
    text = f"{who}: no epoch had a validation, and {metric!r} was never reported"
    if is_complete:
        raise ValueError(f"{text}: give the training validation data, or have it validate more often")
    warnings.warn(text, stacklevel=3)


def warn_of_interval(who: str, name: str, interval: int) -> None:
    """Warn of an interval that is longer than a training."""
    text = f"{who}: with {name}={interval} nothing of this training is reported, and nothing pruned; take a smaller one"
    warnings.warn(text, stacklevel=3)


def _hint(trial: object) -> str:
    if isinstance(trial, Mapping):
        return ", as optimize(space=...) hands out the parameters alone; leave space out to get trials"
    if hasattr(trial, "ask"):
        return "; trial = study.ask() asks the study for one"
    return ""
