"""All chapters that have exercises, in the order in which they are read."""

from __future__ import annotations

from .ch01_problem import chapter as problem
from .ch02_grid import chapter as grid
from .ch03_random_search import chapter as random_search
from .ch04_tpe import chapter as tpe
from .ch05_cma_es import chapter as cma_es
from .ch06_pruning import chapter as pruning
from .ch07_comparing import chapter as comparing
from .checking import Chapter, Check, Exercise

CHAPTERS: list[Chapter] = [problem, grid, random_search, tpe, cma_es, pruning, comparing]


def find_check(check_id: str) -> Check:
    """Return the check with an id."""
    return next(check for chapter in CHAPTERS for check in chapter.checks if check.id == check_id)


def checks_of(exercise: Exercise) -> list[Check]:
    """Return an exercise's checks."""
    return [check for chapter in CHAPTERS for check in chapter.checks if check.exercise is exercise]


def find_exercise(exercise_id: str) -> Exercise | None:
    """Return the exercise with an id; None when there is none."""
    return next((one for chapter in CHAPTERS for one in chapter.exercises if one.id == exercise_id), None)
