"""Somebody's answers: where their file is, and a process of its own to run it in.

The functions of a stranger, or of a student at midnight, may loop for ever, exit, or crash the interpreter. So they
run in another process, check by check; one that takes longer than its limit is ended, and a new process goes on with
the next check.

Start reading at `Examiner`.
"""

from __future__ import annotations

import ast
import multiprocessing
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from ..user_files import UsageError, find_file, import_file
from .chapters import CHAPTERS, find_check
from .checking import Chapter, Check, Exercise, Verdict, raised, reference_of, run_check

TIME_LIMIT = 20.0  # seconds for a check: the slowest, a search with loops instead of numpy, takes two


@dataclass(frozen=True)
class Answers:
    """Where somebody's answers are.

    Attributes:
        files: The file of each chapter, by its number.
        reference: A file whose functions are the solution in the place of the package's, see
            chapters/exercises/teaching.md.
        is_solution: Whether the package itself is examined: what ``files`` do not answer is taken from there.
    """

    files: dict[int, Path]
    reference: Path | None = None
    is_solution: bool = False

    @property
    def chapters(self) -> list[Chapter]:
        """The chapters that there are files for."""
        return [chapter for chapter in CHAPTERS if self.is_solution or chapter.number in self.files]

    @property
    def exercises(self) -> list[Exercise]:
        """Their exercises."""
        return [exercise for chapter in self.chapters for exercise in chapter.exercises]


def in_folder(folder: Path) -> dict[int, Path]:
    """Return the files with answers in a folder: ch04_tpe.py, as `start` names them, or tpe/exercise.py."""
    files: dict[int, Path] = {}
    for chapter in CHAPTERS:
        for path in (folder / f"{chapter.module}.py", folder / chapter.folder / "exercise.py"):
            if path.is_file():
                files.setdefault(chapter.number, path.resolve())
    return files


def at(path: Path) -> dict[int, Path]:
    """Return the files with answers at a path, a folder or one file.

    A file belongs to the chapters whose functions it defines or imports.

    Raises:
        UsageError: When there are none.
    """
    if path.is_dir():
        files = in_folder(path)
        if not files:
            names = ", ".join(f"{chapter.module}.py" for chapter in CHAPTERS)
            raise UsageError(f"{path} has no file with answers; their names are {names}")
        return files
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file or folder")
    defined = _names(path.read_text(encoding="utf-8"))
    found = {
        chapter.number: path.resolve()
        for chapter in CHAPTERS
        if "*" in defined or any(one.name in defined for one in chapter.exercises)
    }
    if not found:
        raise UsageError(f"{path} defines none of the functions of the exercises")
    return found


def _names(source: str) -> set[str]:
    """Return the names that a file defines or imports; "*" among them where it imports whatever there is."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # whose place is told when the file is run
        return set(re.findall(r"^def (\w+)", source, re.MULTILINE))
    names = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    names |= {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return names | {target.id for target in targets if isinstance(target, ast.Name)}


def stubs() -> dict[int, Path]:
    """Return the files of stubs: inside an installed package, or in the repository that it is run from."""
    here = Path(__file__).parent
    installed = in_folder(here / "stubs")
    return installed or in_folder(here.parents[1] / "chapters")


class Examiner:
    """Runs checks on answers in a process of their own.

    Args:
        answers: Whose.
        time_limit: Seconds for one check, and for what a file does when it is imported.

    Use it in a ``with`` statement, which ends the process.
    """

    def __init__(self, answers: Answers, time_limit: float = TIME_LIMIT) -> None:
        self._answers, self._limit = answers, time_limit
        self._process: Any = None
        self._connection: Connection | None = None
        self._is_endless = False  # whether a file of the answers does not come to an end
        self._endless: set[Exercise] = set()  # whose functions do not, for some input: the others are not tried then

    def __enter__(self) -> Examiner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._end()

    def run(self, check: Check) -> Verdict:
        """Return how the answer fares in a check."""
        if check.exercise in self._endless:
            return Verdict("failed", f"{check.id}\n    not tried, as one of its checks had not come to an end")
        try:
            connection = self._connection or self._begin()
            if not self._is_endless:
                connection.send(check.id)
                if connection.poll(self._limit):
                    verdict: Verdict = connection.recv()
                    return verdict
            self._endless |= {check.exercise}
            place = "importing the file" if self._is_endless else "it"
            problem = f"{place} had not come to an end after {self._limit:g} seconds: is there a loop without one?"
        except (EOFError, OSError):
            self._process.join()
            problem = f"the process that ran it ended with exit code {self._process.exitcode}: a crash, or an exit"
        self._end()
        return Verdict("failed", f"{check.id}\n    {problem}")

    def _begin(self) -> Connection:
        # "spawn" on all systems: a process that is forked has this one's threads and open files, half of them broken.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._answers), daemon=True)
        self._process.start()
        theirs.close()
        if not self._is_endless:
            self._connection.recv()  # Python and numpy are there, which on a busy machine takes some seconds
            self._is_endless = not self._connection.poll(self._limit)
            if not self._is_endless:
                self._connection.recv()  # and so are the answers
        return self._connection

    def _end(self) -> None:
        if self._connection is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._connection = None


def load(path: Path) -> dict[str, Any]:
    """Run somebody's file and return what it defines.

    Raises:
        UsageError: When there is no such file, or running it raises.
    """
    spec = find_file(path, f"{path.stem}_answers")
    sys.path.insert(0, str(path.parent))  # so that it can import its neighbours
    try:
        return vars(import_file(spec))
    except (Exception, SystemExit) as error:  # whatever somebody's file does
        raise UsageError(f"{path}: importing it failed with {raised(error, path)}") from None
    finally:
        sys.path.remove(str(path.parent))


def _serve(connection: Connection, answers: Answers) -> None:
    """Answer one check after the other, until nobody asks any more."""
    connection.send("ready")
    loaded: dict[Path, dict[str, Any] | UsageError] = {}
    for path in {*answers.files.values(), *filter(None, [answers.reference])}:
        try:
            loaded[path] = load(path)
        except UsageError as error:
            loaded[path] = error
    connection.send("loaded")
    while True:
        try:
            check = find_check(connection.recv())
        except EOFError:
            return
        connection.send(_verdict(check, answers, loaded))


def _verdict(check: Check, answers: Answers, loaded: Mapping[Path, dict[str, Any] | UsageError]) -> Verdict:
    """Return how the answer in a file that was loaded fares."""
    name, reference = check.exercise.name, reference_of(check.exercise)
    path = answers.files.get(check.exercise.chapter)
    needed = {file: loaded[file] for file in (path, answers.reference) if file is not None}
    for functions in needed.values():
        if isinstance(functions, UsageError):
            return Verdict("failed", f"{check.id}\n    {functions}")
    if answers.reference is not None:
        reference = needed[answers.reference].get(name, reference)  # type: ignore[union-attr]  # no error, see above
    mine = None if path is None else needed[path].get(name)  # type: ignore[union-attr]
    return run_check(check, mine or (reference if answers.is_solution else None), reference, path)
