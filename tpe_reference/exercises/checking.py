"""What a chapter's exercises are made of: an `Exercise` is a function to write, a check tells an answer from a mistake.

A check is a function of two functions, somebody's and the package's. Its name says what it looks at and its
docstring why that must be so; it raises `AnswerError` when it is not. It never looks at how an answer is written:
lists are as good as arrays, loops as good as numpy, and numbers may be off by what float32 rounds.

There are two kinds: most call the function with small data (`agree`, `require`); the last of an exercise puts it into
the real algorithm and follows a search of a hundred trials (`same_search`, `same_pruning`).
"""

from __future__ import annotations

import copy
import inspect
import itertools
import math
import re
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..pruners import Pruner
from ..space import Domain, Float, FrozenTrial, TrialState
from ..study import create_study
from ..study import trial_rng as rng_of_study
from ..traces.check import difference
from .putting_in import converted, function_at, replaced

Function: TypeAlias = Callable[..., Any]
Space: TypeAlias = Mapping[str, Domain]

WIDTH = 66  # of a sentence in a message: with what stands before it, it fits a terminal of 80 columns
TOLERANCE = 1e-5  # times the number, or 1: float32 rounds to 6e-8, and a few of its operations must not matter


class AnswerError(Exception):
    """An answer that is not right: what was given, what was expected, and what came."""

    def __init__(self, expected: Any, got: Any, given: Mapping[str, Any] | None = None, because: str = "") -> None:
        super().__init__(because)
        self.expected, self.got, self.given, self.because = expected, got, dict(given or {}), because


@dataclass(frozen=True)
class Exercise:
    """A function to write.

    Attributes:
        id: Chapter and place in it, "04.2".
        name: The function's name, which no other exercise has.
        target: The function of the package that it is, "samplers.tpe:split"; None for an open exercise, whose answers
            are judged by what they achieve.
        points: What it counts for.
        minutes: What it takes somebody who has read the chapter.
        hints: In steps, the last one nearly says it.
    """

    id: str
    name: str
    target: str | None
    points: int
    minutes: int
    hints: tuple[str, ...]

    @property
    def chapter(self) -> int:
        """The number of its chapter."""
        return int(self.id[:2])


@dataclass(frozen=True)
class Check:
    """One check of an exercise; see `Chapter.check`."""

    exercise: Exercise
    function: Callable[[Any, Any], None]

    @property
    def name(self) -> str:
        """What it looks at: "the best are good"."""
        return self.function.__name__.replace("_", " ")

    @property
    def id(self) -> str:
        """The exercise and the name."""
        return f"{self.exercise.id} {self.exercise.name}: {self.name}"

    @property
    def why(self) -> str:
        """Why it must be so, in the chapter's words."""
        return re.sub(r"\s+", " ", self.function.__doc__ or "").strip()


@dataclass(frozen=True)
class Chapter:
    """A chapter's exercises and their checks, both in the order in which they build on each other."""

    number: int
    folder: str
    title: str
    exercises: list[Exercise]
    checks: list[Check] = field(default_factory=list)

    @property
    def module(self) -> str:
        """The name of its file, "ch04_tpe"; its answers' is the same."""
        return f"ch{self.number:02}_{self.folder.replace('-', '_')}"

    def check(self, exercise: str) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
        """Make a function of (mine, reference) a check of the exercise with this id."""
        (one,) = (known for known in self.exercises if known.id == exercise)

        def added(function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
            self.checks.append(Check(one, function))
            return function

        return added


@dataclass(frozen=True)
class Verdict:
    """How an answer fared in a check: "passed", "failed" or "not begun", and what to tell its author."""

    status: str
    message: str = ""


# ---- what checks are written with ------------------------------------------------------------------------------------


def agree(mine: Function, reference: Function, *arguments: Any, given: Mapping[str, Any] | None = None) -> None:
    """Call both with the same arguments, and compare the results.

    Args:
        mine: The answer.
        reference: The package's function.
        arguments: What both are called with; each gets a copy, and has to leave lists, dicts and arrays as they are.
        given: What to show of the arguments; None: all of them.

    Raises:
        AnswerError: When they differ, or an argument was changed.
    """
    expected = _plain(reference(*copy.deepcopy(arguments)))
    given = given or _named(mine, reference, arguments)
    lent = copy.deepcopy(arguments)
    before = [repr(_plain(one)) for one in lent]
    try:
        got = mine(*lent)
    except Exception as error:
        error.given = given  # type: ignore[attr-defined]  # `run_check` tells for which input it was
        raise
    for name, argument, was in zip(_named(mine, reference, lent), lent, before, strict=False):
        if isinstance(argument, (list, dict, np.ndarray)) and repr(_plain(argument)) != was:
            because = f"your function changed its argument {name}, which belongs to who called it"
            raise AnswerError(f"{name} as it was", argument, given, because)
    if problem := difference(expected, _plain(got), TOLERANCE):
        raise AnswerError(expected, got, given, problem)


def require(is_right: Any, *, expected: str, got: Any, **given: Any) -> None:
    """Say what is wrong unless something is right: a property that every correct answer has.

    Raises:
        AnswerError: When it is not right.
    """
    if not is_right:
        raise AnswerError(expected, got, given)


def require_valid(got: Any, space: Space, **given: Any) -> None:
    """See that an answer is a configuration of a space.

    Raises:
        AnswerError: When it is no dict of a value for each name.
    """
    right = isinstance(got, dict) and got.keys() == space.keys()
    right = right and all(got[name] in domain for name, domain in space.items())
    require(right, expected=f"a dict with a value for each of {space}", got=got, **given)


def require_pure(suggest: Function, space: Space, history: list[FrozenTrial]) -> None:
    """See that a function gives the same answer twice, whatever it is asked between, and leaves the history as it was.

    Raises:
        AnswerError: When it does not.
    """
    before = [repr(trial) for trial in history]
    for number in range(10):  # an answer of five may be the same by chance, ten are not
        first = suggest(space, history, trial_rng(number))
        for n in (len(history) // 2, 2):  # last the shortest, whose best is another one
            suggest(space, history[:n], trial_rng(number + 1))
        second = suggest(space, history, trial_rng(number))
        require(first == second, expected=f"the same answer twice, {first}", got=second, generator="the same twice")
    for n, (was, trial) in enumerate(itertools.zip_longest(before, history)):  # it may be shorter or longer now
        require(repr(trial) == was, expected=f"the history left as it was, {was}", got=trial, trial=n)


def finished(params: Mapping[str, Any], loss: float) -> FrozenTrial:
    """Return a trial that has come to its end: failed where the loss is nan."""
    return FrozenTrial(params, loss, state=TrialState.FAILED if math.isnan(loss) else TrialState.COMPLETE)


def same_search(
    mine: Function,
    reference: Function,
    target: str,
    suggest: Callable[[Any], Function],
    space: Space,
    loss: Callable[[dict[str, Any]], float],
    trials: int = 100,
) -> None:
    """Put both functions into the real algorithm, and compare what it suggests in a search of a hundred trials.

    A search algorithm is a function of its history. So both are asked for each next trial of one and the same
    history, that of the reference: where all answers are equal the two searches are, and where one is not, the trial
    is the first that would differ.

    Args:
        mine: The answer.
        reference: The package's function.
        target: Where they belong, "samplers.tpe:split".
        suggest: Makes of the module with the function in it suggest(space, history, rng).
        space: What to search.
        loss: The loss of a configuration; nan makes a failed trial.
        trials: How many.

    Raises:
        AnswerError: At the first trial that differs, and when the answer was never called.
    """
    module, _, name = target.partition(":")
    counted, calls = as_the_reference(mine, reference)
    ours = suggest(replaced(module, {name: reference}))
    theirs = suggest(replaced(module, {name: counted}))
    history: list[FrozenTrial] = []
    for n in range(trials):
        expected = ours(space, history, trial_rng(n))
        got = theirs(space, history, trial_rng(n))
        if problem := _apart(space, expected, got):
            given = {"trial": n, "seed": SEED, "search": f"your {name} in the place of the package's"}
            raise AnswerError(expected, got, given, problem)
        history.append(finished(expected, float(loss(expected))))
    if not calls:
        raise AnswerError(f"a search that calls your {name}", "one that never did", {"trials": trials})


def same_pruning(
    mine: Function,
    reference: Function,
    target: str,
    pruner: Callable[[Any], Pruner],
    curves: Sequence[Mapping[int, float]],
) -> None:
    """Put both functions into the real pruner, and compare what it decides in a study whose trials have curves.

    As in `same_search` both are asked at each report with one and the same history: that of the reference's decisions.

    Args:
        mine: The answer.
        reference: The package's function.
        target: Where they belong, "pruners.median:MedianPruner.should_prune".
        pruner: Makes of the module with the function in it the pruner.
        curves: What each trial reports, {step: loss}, in this order. A trial without reports fails.

    Raises:
        AnswerError: At the first decision that differs, and when the answer was never called.
    """
    module, _, name = target.partition(":")
    counted, calls = as_the_reference(mine, reference)
    both = _Compared(pruner(replaced(module, {name: reference})), pruner(replaced(module, {name: counted})), name)
    study = create_study(pruner=both, seed=SEED)
    for curve in curves:
        trial = study.ask({"x": Float(0.0, 1.0)})
        for step, loss in curve.items():
            trial.report(loss, step)
            if trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            is_failed = not curve or math.isnan(loss)
            study.tell(trial, None if is_failed else loss, TrialState.FAILED if is_failed else None)
    if not calls:
        raise AnswerError(f"a pruner that calls your {name}", "one that never did", {"trials": len(curves)})


@dataclass(frozen=True)
class _Compared:
    """A pruner that asks two, and goes by the first as long as they agree."""

    ours: Pruner
    theirs: Pruner
    name: str

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        expected = bool(self.ours.should_prune(trial, history))
        got = bool(self.theirs.should_prune(trial, history))
        if got != expected:
            words = {True: "it is stopped", False: "it goes on"}
            curve = {step: _rounded(loss) for step, loss in trial.curve.items()}
            given = {"trial": len(history), "its curve": curve, "study": f"your {self.name} in the pruner"}
            raise AnswerError(words[expected], words[got], given)
        return expected


def as_the_reference(mine: Function, reference: Function) -> tuple[Function, list[None]]:
    """Return an answer for what relies on arrays where it returns lists; and what grows with each of its calls."""
    calls: list[None] = []

    def counted(*arguments: Any) -> Any:
        calls.append(None)
        theirs = copy.deepcopy(arguments)  # before the reference draws from a generator that is among them
        like = reference(*arguments)
        return converted(mine(*theirs), like)

    return counted, calls


def best_losses(
    suggest: Function, space: Space, loss: Callable[[dict[str, Any]], float], trials: int, seeds: int
) -> NDArray[np.float64]:
    """Return the best loss of a search with each of some seeds, (seeds,): how good an open exercise's answer is."""
    best = []
    for seed in range(seeds):
        history: list[FrozenTrial] = []
        for n in range(trials):
            params = suggest(space, history, trial_rng(n, seed))
            history.append(FrozenTrial(params, float(loss(params))))
        best.append(min(trial.loss for trial in history))
    return np.array(best)


SEED = 7  # of the searches that are compared trial by trial; any would do


def trial_rng(n: int, seed: int = SEED) -> np.random.Generator:
    """Return the generator of trial n, that which `Study` makes."""
    return rng_of_study(seed, n)


# ---- how a check is run and told -------------------------------------------------------------------------------------


def run_check(check: Check, mine: Function | None, reference: Function | None, file: Path | None = None) -> Verdict:
    """Return how an answer fares in a check.

    Args:
        check: The check.
        mine: The answer; None: there is no such function.
        reference: The package's function; None for an open exercise.
        file: Where the answer stands: messages name lines of this file alone.
    """
    name = check.exercise.name
    if mine is None:
        return Verdict("not begun", f"there is no function {name} in {file}")
    try:
        check.function(mine, reference)
    except NotImplementedError as error:
        if file is None or Path(traceback.extract_tb(error.__traceback__)[-1].filename) == file:
            return Verdict("not begun", f"{name} is not written yet: {str(error) or 'it raises NotImplementedError'}")
        problem = AnswerError("an answer", raised(error, file))
    except AnswerError as wrong:
        return Verdict("failed", _told(check, wrong, check.why))
    except (Exception, SystemExit) as error:  # whatever somebody's function does
        problem = AnswerError("an answer", raised(error, file), getattr(error, "given", None))
    else:
        return Verdict("passed")
    return Verdict("failed", _told(check, problem))


def reference_of(exercise: Exercise) -> Function | None:
    """Return the package's own function; None for an open exercise."""
    return None if exercise.target is None else function_at(exercise.target)


def _told(check: Check, wrong: AnswerError, why: str = "") -> str:
    """Return what to tell the author, a line for each thing."""
    given = [f"{name} = {_short(value)}" for name, value in wrong.given.items()]
    expected = wrong.expected if isinstance(wrong.expected, str) else _short(wrong.expected)
    got = wrong.got if isinstance(wrong.got, str) else _short(wrong.got)
    parts = {"given": "\n".join(given), "expected": expected, "got": got, "that is": wrong.because, "why": why}
    lines = [check.id]
    for word, text in parts.items():
        wrapped = textwrap.wrap(text, WIDTH) if word == "why" else text.splitlines()
        for i, line in enumerate(wrapped):
            lines.append(f"    {word if i == 0 else '':9} {line}")
    return "\n".join(lines)


def raised(error: BaseException, file: Path | None) -> str:
    """Return an error, and in which line of somebody's file it arose: nothing of what is inside of the checks."""
    said = ": ".join(filter(None, [type(error).__name__, str(error)]))
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    return f"{said} (line {lines[-1]} of {file.name})" if file and lines else said


def _apart(space: Space, expected: Mapping[str, Any] | None, got: Mapping[str, Any] | None) -> str:
    """Say in which parameter two configurations differ; nothing where they are the same."""
    if expected is None or got is None:
        return "" if expected is got else "one of the searches has come to its end"
    for name, domain in space.items():
        is_same = expected[name] == got[name] or (
            not hasattr(domain, "choices")
            and math.isclose(domain.to_unit(expected[name]), domain.to_unit(got[name]), abs_tol=TOLERANCE)
        )
        if not is_same:
            return f"{name} should be {expected[name]!r}, not {got[name]!r}"
    return ""


def _plain(value: Any) -> Any:
    """Return tuples and arrays as lists."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _named(mine: Function, reference: Function, arguments: Sequence[Any]) -> dict[str, Any]:
    names = list(inspect.signature(reference).parameters)
    if names[:1] == ["self"]:  # of a method; the answer has a telling name for it
        names[0] = next(iter(inspect.signature(mine).parameters))
    return dict(zip(names, arguments, strict=False))


def _short(value: Any) -> str:
    """Return a value in few characters: six digits, no names of numpy's types."""
    text = repr(_rounded(_plain(value)))
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
