"""The arguments that several callbacks take: what they must be, and words for those that are something else."""

from __future__ import annotations

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


def _hint(trial: object) -> str:
    if isinstance(trial, Mapping):
        return ", as optimize(space=...) hands out the parameters alone; leave space out to get trials"
    if hasattr(trial, "ask"):
        return "; trial = study.ask() asks the study for one"
    return ""
