"""The command line: ``tpe-reference exercises``: how far one is, hints, stubs of one's own, a watch over a file.

Start reading at `run`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..user_files import UsageError
from .answers import TIME_LIMIT, Answers, Examiner, at, in_folder, stubs
from .chapters import CHAPTERS, checks_of, find_exercise
from .checking import Exercise, Verdict
from .putting_in import PACKAGE
from .report import first_failure, next_exercise, state, summary

DESCRIPTION = "Write the heart of an algorithm, and see it take the real one's place."
EPILOG = """examples:
  tpe-reference exercises start my_exercises   stubs and their tests, in a folder of your own
  cd my_exercises; tpe-reference exercises     what is done, and what comes next
  tpe-reference exercises hint 04.2            the first hint; with a 2 behind it, the second
  tpe-reference exercises watch                checks again whenever you save
"""
PAUSE = 0.3  # seconds between two looks at the file: nobody notices, and it costs nothing

# (The package may go by another name, where it is vendored.)
SETTINGS = """# Has pytest check the answers in this folder: pytest, or pytest -m ch04.
[pytest]
addopts = -p {package}.exercises.pytest_checks
"""
TESTS = '''"""One test for each check of the answers; see pytest.ini."""

from {package}.exercises.pytest_checks import examine as test_answer  # noqa: F401
'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    # Before the action or behind it; what is left out behind it must not undo what stands before.
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for one in (parser, options):
        one.add_argument("--answer", type=Path, metavar="PATH", help="a file or a folder with answers (default: here)")
        one.add_argument("--time-limit", type=float, metavar="SECONDS", help=f"for one check (default: {TIME_LIMIT:g})")
    parser.set_defaults(answer=None, time_limit=TIME_LIMIT)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("status", parents=[options], help="what is done, and what comes next (this is the default)")
    hint = actions.add_parser("hint", parents=[options], help="a hint for an exercise that you have tried")
    hint.add_argument("exercise", metavar="NUMBER", help="04.2, say")
    hint.add_argument(
        "step", type=int, nargs="?", default=1, metavar="STEP", help="1 for the first hint, 2 for the next"
    )
    actions.add_parser("watch", parents=[options], help="check the next exercise whenever its file is saved")
    start = actions.add_parser("start", help="put the stubs and their tests into a folder of your own")
    start.add_argument("folder", type=Path, metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """Carry out what was asked for: 0 done, 2 it cannot be done, 130 Ctrl-C."""
    try:
        if args.action == "start":
            print(start(args.folder), end="")
            return 0
        answers = Answers(_files(args.answer))
        if args.action == "watch":
            watch(answers, args.time_limit)
        elif args.action == "hint":
            print(hint(answers, args.exercise, args.step, args.time_limit))
        else:
            print(status(answers, args.time_limit), end="")
    except (UsageError, OSError) as error:
        print(f"tpe-reference exercises: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells count
    return 0


def start(folder: Path) -> str:
    """Put fresh stubs and their tests into a folder, and return what to do next.

    Raises:
        UsageError: When a file of one of their names is there; then nothing is written.
    """
    texts = {f"{chapter.module}.py": stubs()[chapter.number].read_text(encoding="utf-8") for chapter in CHAPTERS}
    texts = {name: text.replace("from tpe_reference", f"from {PACKAGE}") for name, text in texts.items()}
    texts |= {
        name: text.format(package=PACKAGE) for name, text in (("pytest.ini", SETTINGS), ("test_answers.py", TESTS))
    }
    for name in texts:
        if (folder / name).exists():
            raise UsageError(f"{folder / name} is there already; nothing was written. Name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    first = CHAPTERS[0].module
    return (
        f"{len(CHAPTERS)} chapters of exercises are in {folder}. Open {first}.py, and in that folder:\n\n"
        "    tpe-reference exercises        # what is done, and what comes next\n"
        "    tpe-reference exercises watch  # checks again whenever you save\n"
        "    pytest -m ch01                 # the same checks as tests, here of chapter 1\n"
    )


def status(answers: Answers, time_limit: float) -> str:
    """Return how far all exercises are, and what is wrong with the next one."""
    verdicts = _examined(answers, answers.exercises, time_limit)
    text = summary(answers, verdicts)
    found = next_exercise(answers, verdicts)
    failure = first_failure(found, verdicts) if found else None
    return f"{text}\n{failure}\n" if failure else text


def hint(answers: Answers, number: str, step: int, time_limit: float) -> str:
    """Return a hint, if the exercise was tried.

    Raises:
        UsageError: For an exercise or a step that there is not, and one that was not tried.
    """
    exercise = find_exercise(number.zfill(4))  # 4.2 is 04.2
    if exercise is None:
        known = ", ".join(one.id for chapter in CHAPTERS for one in chapter.exercises)
        raise UsageError(f"there is no exercise {number!r}; there are {known}")
    if exercise.chapter not in answers.files:
        chapter = next(one for one in CHAPTERS if exercise in one.exercises)
        raise UsageError(f"there is no {chapter.module}.py; `tpe-reference exercises start DIR` makes one")
    if not 1 <= step <= len(exercise.hints):
        raise UsageError(f"{number} has the hints 1 to {len(exercise.hints)}, not {step}")
    verdicts = _examined(answers, [exercise], time_limit)
    if state(exercise, verdicts) == "not begun":
        raise UsageError(f"{number} {exercise.name} is not begun: hints are for after a first attempt, however wrong")
    more = f"\n(The next one: tpe-reference exercises hint {number} {step + 1})" if step < len(exercise.hints) else ""
    failure = first_failure(exercise, verdicts)
    said = f"{failure}\n\n" if failure else ""
    return f"{said}{number} {exercise.name}, hint {step} of {len(exercise.hints)}:\n{exercise.hints[step - 1]}{more}"


def watch(answers: Answers, time_limit: float) -> None:
    """Check the next exercise now and whenever its file is saved, until all are done (or Ctrl-C)."""
    checked: dict[str, Verdict] = {}
    shown = answers
    while True:
        before = _times(answers)
        checked |= _examined(answers, shown.exercises, time_limit)
        found = next_exercise(shown, checked) or next_exercise(answers, checked)
        print(summary(shown, checked), flush=True)
        if found is None:
            return
        if failure := first_failure(found, checked):
            print(failure, flush=True)
        print("Waiting for you to save; Ctrl-C ends this.", flush=True)
        while _times(answers) == before:
            time.sleep(PAUSE)
        changed = {number for number, when in _times(answers).items() if when != before[number]}
        shown = Answers({number: path for number, path in answers.files.items() if number in changed})


def _examined(answers: Answers, wanted: list[Exercise], time_limit: float) -> dict[str, Verdict]:
    """Return the verdicts of all checks of some exercises."""
    verdicts = {}
    with Examiner(answers, time_limit) as examiner:
        for exercise in wanted:
            for check in checks_of(exercise):
                verdicts[check.id] = examiner.run(check)
                if verdicts[check.id].status == "not begun":
                    break  # the others would say the same
    return verdicts


def _files(path: Path | None) -> dict[int, Path]:
    """Return the files with answers: at a path, or here, or the stubs in the repository."""
    return at(path) if path is not None else in_folder(Path.cwd()) or _of_repository()


def _of_repository() -> dict[int, Path]:
    """Return the stubs in their chapters, where somebody works in the repository."""
    chapters = Path(__file__).parents[2] / "chapters"
    if not (in_folder(chapters) and Path.cwd().is_relative_to(chapters.parent)):
        raise UsageError("there are no answers here; `tpe-reference exercises start DIR` puts stubs into a folder")
    return stubs()


def _times(answers: Answers) -> dict[int, float]:
    """Return when each file was saved; -1 for one that an editor is just replacing."""
    return {n: path.stat().st_mtime_ns if path.exists() else -1 for n, path in answers.files.items()}
