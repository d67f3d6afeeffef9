"""What somebody's own sampler or problem may have wrong, noticed at once and said with the way out.

A sampler that sorts its history, or draws from a global generator, raises nothing: its search is merely another one
than that of the algorithm it was meant to be, or another one each time. So the comparison looks, after each call.

Start reading at `check_unchanged`.

>>> as_loss("0.3")
Traceback (most recent call last):
    ...
TypeError: a loss is a number, or nan where a configuration has none; this is '0.3'
"""

import random
import reprlib
import traceback
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..space import FrozenTrial

HISTORY, SPACE = "its history", "its argument space"
RANDOM, NUMPY = "Python's global random numbers (random)", "numpy's global random numbers (np.random)"
_FROM_RNG = (
    "the same seed would not lead to the same search again; draw from its argument rng, and where a library draws "
    "by itself, seed that from rng and put the global generator back as it was"
)
WAY_OUT = {
    HISTORY: "later trials would learn from what never was; work on a copy, as in sorted(history, key=...)",
    SPACE: "work on a copy, dict(space)",
    RANDOM: _FROM_RNG,
    NUMPY: _FROM_RNG,
}


def state_of(history: Sequence[FrozenTrial], names: Collection[str], *, alone: bool) -> dict[str, Any]:
    """Return what a call of ``suggest`` has to leave as it is.

    Args:
        history: The trials so far, the very list that the sampler gets.
        names: Those of the space; afterwards those of the trial, which it got for what was left of the space.
        alone: Whether nobody else in this process may draw from a global generator meanwhile, so that this counts.
    """
    state: dict[str, Any] = {
        HISTORY: [(id(trial), dict(trial.params), dict(trial.curve)) for trial in history],
        SPACE: set(names),
    }
    if alone:
        drawn = np.random.get_state(legacy=False)  # noqa: NPY002 (looked at, not drawn from)
        words = drawn["state"]
        state |= {RANDOM: random.getstate(), NUMPY: {**drawn, "state": (words["key"].tobytes(), words["pos"])}}
    return state


def check_unchanged(who: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Check that a call of ``suggest`` has left all as it was.

    Raises:
        ValueError: When it has not; the text says what it changed, and what to do instead.
    """
    for what, way_out in WAY_OUT.items():
        if before.get(what) != after.get(what):
            raise ValueError(f"{who}.suggest changed {what}: {way_out}")


def as_loss(value: Any) -> float:
    """Return as a float what a problem returned or yielded.

    Raises:
        TypeError: When it is no number. A text is none, whatever stands in it.
    """
    if not isinstance(value, str | bytes):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise TypeError(f"a loss is a number, or nan where a configuration has none; this is {reprlib.repr(value)}")


def story(error: BaseException, harness: Collection[str]) -> str:
    """Return an error with its notes and its traceback, this from the first frame that is not in the harness's files.

    What the harness itself refuses, or cannot call, its message says: there are no such frames, and none is shown.
    """
    title = f"{type(error).__name__}: {error}"
    told = traceback.TracebackException.from_exception(error)
    first = next((i for i, frame in enumerate(told.stack) if frame.filename not in harness), None)
    if first is None and isinstance(error, ValueError | TypeError):
        return "\n".join([title, *getattr(error, "__notes__", ()), ""])
    told.stack = traceback.StackSummary.from_list(list(told.stack)[first or 0 :])
    return f"{title}\n{''.join(told.format())}"
