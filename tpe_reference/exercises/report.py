"""How far somebody's answers are, as text: for the command line and for the end of a run of pytest."""

from __future__ import annotations

from collections.abc import Mapping

from .answers import Answers
from .chapters import checks_of
from .checking import Exercise, Verdict


def state(exercise: Exercise, verdicts: Mapping[str, Verdict]) -> str:
    """Return "done", "in progress (1 of 3 checks pass)", "not begun", or "not checked"."""
    found = [verdicts[check.id] for check in checks_of(exercise) if check.id in verdicts]
    if not found:
        return "not checked"
    passed = [verdict for verdict in found if verdict.status == "passed"]
    if len(passed) == len(found):
        return "done"
    if not passed and all(verdict.status == "not begun" for verdict in found):
        return "not begun"
    return f"in progress ({len(passed)} of {len(found)} checks pass)"


def summary(answers: Answers, verdicts: Mapping[str, Verdict]) -> str:
    """Return a line for each exercise, the points, and what comes next."""
    lines, points, most = [], 0, 0
    for chapter in answers.chapters:
        states = {one.id: state(one, verdicts) for one in chapter.exercises}
        if all(one == "not checked" for one in states.values()):
            continue
        n_done = list(states.values()).count("done")
        lines.append(f"Chapter {chapter.number}, {chapter.title}: {n_done} of {len(states)} done")
        for one in chapter.exercises:
            what = f"{one.points} point{'s' if one.points > 1 else ''}, {one.minutes} min"
            lines.append(f"    {one.id}  {one.name:24} {what:18} {states[one.id]}")
            points += one.points * (states[one.id] == "done")
            most += one.points
    lines.append(f"{points} of {most} points")
    if following := next_exercise(answers, verdicts):
        lines.append(f"Next: {following.id} {following.name}, in {answers.files[following.chapter]}")
        lines.append(f"A hint, once you have tried: tpe-reference exercises hint {following.id}")
    return "\n".join(lines) + "\n"


def next_exercise(answers: Answers, verdicts: Mapping[str, Verdict]) -> Exercise | None:
    """Return the first exercise that is in progress, else the first that is not begun, of those that were checked."""
    for wanted in ("in progress", "not begun"):
        for exercise in answers.exercises:
            if state(exercise, verdicts).startswith(wanted):
                return exercise
    return None


def first_failure(exercise: Exercise, verdicts: Mapping[str, Verdict]) -> str | None:
    """Return what the first check that fails has to say; None where none does, or nothing was tried."""
    for check in checks_of(exercise):
        verdict = verdicts.get(check.id)
        if verdict is not None and verdict.status == "failed":
            return verdict.message
    return None
