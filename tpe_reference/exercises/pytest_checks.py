"""The checks as tests of pytest: a plugin (``-p tpe_reference.exercises.pytest_checks``), and the one test of a file.

A test is one check, marked with its chapter (``-m ch04``). A failing one shows what was given, expected and got, and
nothing of the inside of the checks. At the end stands how far each exercise is.

Start reading at `pytest_generate_tests`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..user_files import UsageError
from .answers import TIME_LIMIT, Answers, Examiner, at, in_folder, stubs
from .chapters import CHAPTERS
from .checking import Check, Verdict
from .report import summary

_VERDICTS = pytest.StashKey[dict[str, Verdict]]()
_ANSWERS = pytest.StashKey[Answers]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare whose answers are checked, by whose solution, and for how long."""
    group = parser.getgroup("exercises")
    group.addoption("--answer", type=Path, metavar="PATH", help="a file or a folder with answers to the exercises")
    group.addoption("--reference", type=Path, metavar="FILE", help="functions that are the solution in a variant")
    group.addoption("--time-limit", type=float, metavar="SECONDS", default=TIME_LIMIT, help="for one check")


def pytest_configure(config: pytest.Config) -> None:
    """Declare a marker for each chapter."""
    for chapter in CHAPTERS:
        config.addinivalue_line("markers", f"ch{chapter.number:02}: exercises of the chapter on {chapter.title}")
    config.stash[_VERDICTS] = {}
    if config.getoption("--answer", None) is not None:
        _answers(config, Path())  # a mistake shows before anything is collected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every check of the chapters that there are answers for."""
    if "exercise_check" in metafunc.fixturenames:
        answers = _answers(metafunc.config, metafunc.definition.path.parent)
        checks = [check for chapter in answers.chapters for check in chapter.checks]
        marked = [pytest.param(c, marks=getattr(pytest.mark, f"ch{c.exercise.chapter:02}"), id=c.id) for c in checks]
        metafunc.parametrize("exercise_check", marked)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what tests the checks themselves, while somebody's answers are checked."""
    answers = config.stash.get(_ANSWERS, None)
    if answers is not None and not answers.is_solution:
        chosen: list[pytest.Item] = []
        others: list[pytest.Item] = []
        for item in items:
            (chosen if "exercise_check" in getattr(item, "fixturenames", []) else others).append(item)
        config.hook.pytest_deselected(items=others)
        items[:] = chosen


@pytest.fixture(scope="module")
def examiner(request: pytest.FixtureRequest) -> Iterator[Examiner]:
    """Run checks on the answers in a process of their own, which ends with them."""
    limit = request.config.getoption("--time-limit", TIME_LIMIT)
    with Examiner(request.config.stash[_ANSWERS], limit) as one:
        yield one


def examine(exercise_check: Check, examiner: Examiner, request: pytest.FixtureRequest) -> None:
    """Fail, with what its author should know, unless an answer passes a check."""
    # As the fixture record_property does, which warns of the format that --junitxml has by default; it holds these too.
    exercise = exercise_check.exercise
    request.node.user_properties += [("exercise", exercise.id), ("points", exercise.points)]
    verdict = request.config.stash[_VERDICTS][exercise_check.id] = examiner.run(exercise_check)
    if verdict.status != "passed":
        pytest.fail(verdict.message, pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how far each exercise is."""
    verdicts = config.stash.get(_VERDICTS, {})
    answers = config.stash.get(_ANSWERS, None)
    if verdicts and answers is not None and not answers.is_solution:
        terminalreporter.section("exercises")
        terminalreporter.write(summary(answers, verdicts))


def _answers(config: pytest.Config, folder: Path) -> Answers:
    """Return whose answers are checked.

    Those named by --answer; else those beside the tests, which is where `start` puts them. In the repository the
    tests stand by themselves: with their folder on the command line the reader's files in chapters/ are checked;
    without, in a run of all tests, the package and the solutions of the open exercises.
    """
    if _ANSWERS not in config.stash:
        named, reference = config.getoption("--answer", None), config.getoption("--reference", None)
        try:
            if reference is not None and not reference.is_file():
                raise UsageError(f"--reference {reference}: there is no such file")
            reference = None if reference is None else reference.resolve()
            if named is not None or in_folder(folder) or _is_named(config, folder):
                files = at(named) if named is not None else in_folder(folder) or stubs()
                config.stash[_ANSWERS] = Answers(files, reference)
            else:
                solutions = {chapter.number: folder / "solutions.py" for chapter in CHAPTERS}
                config.stash[_ANSWERS] = Answers(solutions, reference, is_solution=True)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[_ANSWERS]


def _is_named(config: pytest.Config, folder: Path) -> bool:
    """Whether somebody asked for these tests, and not for all tests of the repository."""
    places = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    return any(place in (folder.resolve(), folder.resolve() / "test_answers.py") for place in places)
