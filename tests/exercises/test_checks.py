"""The checks of the exercises are a classifier, and are tested as one: right answers pass, wrong ones are found.

mutants/ch04_tpe.toml and its neighbours list mistakes that learners make. A mutant is the solution with one text
replaced by another, or a function of its own, and names the check that has to find it. alternatives/ holds right
answers that are written in another way.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import math
import shutil
import subprocess
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpe_reference.exercises.answers import load, stubs
from tpe_reference.exercises.chapters import CHAPTERS, checks_of
from tpe_reference.exercises.checking import Chapter, Check, Exercise, Verdict, finished, reference_of, run_check

HERE = Path(__file__).parent
SOLUTIONS = load(HERE / "solutions.py")
EXERCISES = [exercise for chapter in CHAPTERS for exercise in chapter.exercises]
CHECKS = [check for chapter in CHAPTERS for check in chapter.checks]
MUTANTS = [
    mutant
    for chapter in CHAPTERS
    for mutant in tomllib.loads((HERE / "mutants" / f"{chapter.module}.toml").read_text("utf-8"))["mutant"]
]

any_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
any_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.module)


def solution(exercise: Exercise) -> Callable[..., Any]:
    found: Callable[..., Any] = reference_of(exercise) or SOLUTIONS[exercise.name]
    return found


def answer_of(mutant: dict[str, Any]) -> Callable[..., Any]:
    """Return a mutant's function."""
    exercise = next(one for one in EXERCISES if one.id == mutant["exercise"])
    original = solution(exercise)
    source = textwrap.dedent(mutant.get("code") or inspect.getsource(original))
    if "replace" in mutant:
        assert source.count(mutant["replace"]) == 1, f"{mutant['name']}: not once in {source}"
        source = source.replace(mutant["replace"], mutant["with"])
    namespace: dict[str, Any] = dict(vars(inspect.getmodule(original))) if "replace" in mutant else {"np": np}
    exec(compile(source, "<mutant>", "exec"), namespace)
    name = ast.parse(source).body[-1].name  # type: ignore[attr-defined]  # the function, behind its imports
    answer: Callable[..., Any] = namespace[name]
    return answer


def examined(exercise: Exercise, check: Check, answer: Callable[..., Any]) -> Verdict:
    with np.errstate(all="ignore"):
        return run_check(check, answer, reference_of(exercise))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant['exercise']} {mutant['name']}")
def test_a_mistake_is_found_by_the_check_that_is_meant_to(mutant: dict[str, Any]) -> None:
    check = next(c for c in CHECKS if c.exercise.id == mutant["exercise"] and c.name == mutant["caught_by"])
    verdict = examined(check.exercise, check, answer_of(mutant))
    assert verdict.status == "failed", f"the check {check.id!r} does not see this mistake"
    told = " ".join(verdict.message.split())
    assert f"why {check.why}" in told or "expected an answer" in told, f"its author is not told why:\n{verdict.message}"


@any_chapter
def test_another_right_answer_passes(chapter: Chapter) -> None:
    file = HERE / "alternatives" / f"{chapter.module}.py"
    answers = load(file)
    for check in chapter.checks:
        verdict = run_check(check, answers.get(check.exercise.name), reference_of(check.exercise), file)
        assert verdict == Verdict("passed"), f"a right answer is refused:\n{verdict.message}"


@any_exercise
def test_every_check_finds_a_mistake(exercise: Exercise) -> None:
    named = {mutant["caught_by"] for mutant in MUTANTS if mutant["exercise"] == exercise.id}
    assert {check.name for check in checks_of(exercise)} == named, "checks, and what caught_by names in mutants/"


def test_a_trial_whose_loss_is_nan_has_failed() -> None:
    assert [finished({}, loss).state for loss in (math.nan, math.inf, 0.0)] == ["failed", "complete", "complete"]


def test_there_are_enough_mistakes() -> None:
    assert len(MUTANTS) >= 30


@pytest.fixture
def untouched(request: pytest.FixtureRequest) -> None:
    """Skip what is about a chapter's stubs where its reader has begun to replace them."""
    values = request.node.callspec.params
    number = values["exercise"].chapter if "exercise" in values else values["chapter"].number
    command = ["git", "status", "--porcelain", "--", stubs()[number].name]
    if shutil.which("git"):
        changes = subprocess.run(
            command, cwd=stubs()[number].parent, capture_output=True, text=True, check=False
        ).stdout
        if changes.strip():
            pytest.skip("you have begun: these are no stubs any more")


@pytest.mark.usefixtures("untouched")
@any_exercise
def test_a_stub_passes_nothing(exercise: Exercise) -> None:
    stub = load(stubs()[exercise.chapter])[exercise.name]
    for check in CHECKS:
        if check.exercise is exercise:
            verdict = run_check(check, stub, reference_of(exercise), stubs()[exercise.chapter])
            assert verdict.status == "not begun", f"{check.id}: {verdict.status} {verdict.message}"


@pytest.mark.usefixtures("untouched")
@any_exercise
def test_a_stub_has_the_arguments_of_the_solution(exercise: Exercise) -> None:
    stub = load(stubs()[exercise.chapter])[exercise.name]
    ours = list(inspect.signature(solution(exercise)).parameters.values())
    theirs = list(inspect.signature(stub).parameters.values())
    is_method = exercise.target is not None and "." in exercise.target.partition(":")[2]
    start = 1 if is_method else 0  # what a method calls self has the name of what it is
    assert [(one.name, one.default) for one in theirs[start:]] == [(one.name, one.default) for one in ours[start:]]
    assert stub.__doc__.startswith(exercise.id)


@pytest.mark.usefixtures("untouched")
@any_exercise
def test_the_example_in_a_stub_is_what_the_solution_returns(exercise: Exercise) -> None:
    functions = load(stubs()[exercise.chapter])
    examples = doctest.DocTestParser().get_examples(inspect.cleandoc(functions[exercise.name].__doc__))
    assert examples or exercise.target is None
    names = {**functions, exercise.name: solution(exercise)}
    test = doctest.DocTest(examples, names, exercise.id, None, None, None)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.usefixtures("untouched")
@any_chapter
def test_a_stub_is_short_of_a_solution(chapter: Chapter) -> None:
    source = stubs()[chapter.number].read_text("utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in {one.name for one in chapter.exercises}:
            docstring, last = node.body
            assert isinstance(docstring, ast.Expr), f"{node.name} should begin with its docstring"
            assert isinstance(last, ast.Raise), f"{node.name} should do nothing but raise NotImplementedError"
    assert len(chapter.exercises) in range(3, 7)
