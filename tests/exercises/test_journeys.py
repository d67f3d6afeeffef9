"""What a student and a teacher type: start, status, hint, watch, pytest; and what a hopeless answer does."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpe_reference import Float, FrozenTrial, TPESampler
from tpe_reference.__main__ import main
from tpe_reference.exercises.answers import Answers, Examiner, at, load, stubs
from tpe_reference.exercises.chapters import CHAPTERS
from tpe_reference.exercises.putting_in import put_into
from tpe_reference.user_files import UsageError

TPE = next(chapter for chapter in CHAPTERS if chapter.folder == "tpe")
RIGHT = "    import math\n    return min(math.ceil(n_finite / 10), 25)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder, fresh from `start`, and the current one."""
    assert main(["exercises", "start", str(tmp_path / "mine")]) == 0
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine"


def answer(folder: Path, function: str, body: str) -> Path:
    """Write the body of a function in place of the stub's."""
    file = folder / "ch04_tpe.py"
    source, n = re.subn(rf'    raise NotImplementedError\("04.\d {function}"\)', body, file.read_text("utf-8"))
    assert n == 1
    file.write_text(source, "utf-8")
    return file


def status(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    capsys.readouterr()
    assert main(["exercises", "status", *more]) == 0
    return capsys.readouterr().out


def test_what_start_writes_has_no_solution_in_it(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        *(f"{chapter.module}.py" for chapter in CHAPTERS),
        "pytest.ini",
        "test_answers.py",
    }
    for chapter in CHAPTERS:
        source = (folder / f"{chapter.module}.py").read_text("utf-8")
        assert source.count("raise NotImplementedError(") == len(chapter.exercises)


def test_start_overwrites_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(folder, "a_tenth", RIGHT)
    assert main(["exercises", "start", str(folder)]) == 2, "it should refuse to write over answers"
    assert "nothing was written" in capsys.readouterr().err
    assert RIGHT in (folder / "ch04_tpe.py").read_text("utf-8")


def test_the_state_of_all_and_what_is_wrong_with_the_next(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(folder, "a_tenth", RIGHT)
    answer(folder, "split", "    return [number for _, number in ranked], []")
    answer(folder, "choose", "    import os\n    os._exit(3)")
    shown = status(capsys, "--answer", "ch04_tpe.py")
    capsys.readouterr()
    assert main(["exercises", "--answer", "ch04_tpe.py"]) == 0
    assert capsys.readouterr().out == shown
    assert re.search(r"04\.1 +a_tenth .* done", shown), shown
    assert re.search(r"04\.2 +split .* in progress \(\d of 6 checks pass\)", shown), shown
    assert re.search(r"04\.3 +bandwidths .* not begun", shown), shown
    assert "1 of 15 points\nNext: 04.2 split, in " in shown, shown
    assert "given     ranked = " in shown
    assert "why       Low losses are good ones" in shown


def test_a_hint_is_for_who_has_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercises", "hint", "04.2"]) == 2
    assert "after a first attempt" in capsys.readouterr().err
    answer(folder, "split", "    return [], []")
    assert main(["exercises", "hint", "04.2"]) == 0
    first = capsys.readouterr().out
    assert main(["exercises", "hint", "04.2", "2"]) == 0
    second = capsys.readouterr().out
    hints = next(one for one in TPE.exercises if one.id == "04.2").hints
    assert hints[0] in first
    assert hints[1] not in first
    assert hints[1] in second


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hint", "44.2"], "there is no exercise '44.2'; there are 0"),
        (["hint", "04.2", "9"], "has the hints 1 to 3, not 9"),
        (["status", "--answer", "nowhere"], "nowhere: there is no such file or folder"),
        (["status", "--answer", "test_answers.py"], "defines none of the functions of the exercises"),
    ],
)
def test_a_slip_gets_an_answer(folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercises", *words]) == 2
    assert says in capsys.readouterr().err


def test_what_does_not_end_or_crashes_fails_and_the_rest_goes_on(folder: Path) -> None:
    answer(folder, "a_tenth", "    while True:\n        pass")
    answer(folder, "split", "    import os\n    os._exit(3)")
    file = answer(folder, "choose", "    return max(range(len(log_l)), key=lambda i: log_l[i] - log_g[i])")
    with Examiner(Answers(at(file)), time_limit=2.0) as examiner:
        verdicts = {check.id: examiner.run(check) for check in TPE.checks}
    messages = [verdicts[check.id].message for check in TPE.checks if check.exercise.name == "a_tenth"]
    assert "had not come to an end after 2 seconds" in messages[0]
    assert [message for message in messages[1:] if "not tried" not in message] == [], "waited for more than once"
    assert "ended with exit code 3" in verdicts["04.2 split: the best are good"].message
    assert verdicts["04.5 choose: of equals the first"].status == "passed"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def a_tenth(n):\n    return (\n", "SyntaxError"),
        (
            "import nowhere_to_be_found\ndef a_tenth(n): ...\n",
            "No module named 'nowhere_to_be_found' (line 1 of mine.py)",
        ),
        ("def a_tenth(n): ...\nwhile True: pass\n", "importing the file had not come to an end after 2 seconds"),
        ("def a_tenth(n): ...\nraise SystemExit(4)\n", "SystemExit: 4 (line 2 of mine.py)"),
    ],
)
def test_a_file_that_cannot_be_imported_says_so(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, "utf-8")
    with Examiner(Answers(at(file)), time_limit=2.0) as examiner:
        first, second = examiner.run(TPE.checks[0]), examiner.run(TPE.checks[-1])
    assert first.status == second.status == "failed"
    assert says in first.message


@pytest.mark.parametrize("text", ["from tpe_reference.samplers.tpe import choose", "choose = max", "from x import *"])
def test_a_file_may_take_its_functions_from_elsewhere(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, "utf-8")
    assert at(file)[4] == file


def test_an_error_names_the_line_and_the_input(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def a_tenth(n):\n    return n / 0\n", "utf-8")
    with Examiner(Answers(at(file))) as examiner:
        message = examiner.run(TPE.checks[0]).message
    assert "n_finite = 1" in message
    assert "ZeroDivisionError: division by zero (line 2 of mine.py)" in message


def test_a_function_that_is_never_called_is_found() -> None:
    from tpe_reference.exercises.checking import AnswerError, same_search
    from tpe_reference.samplers.random_search import RandomSampler
    from tpe_reference.samplers.tpe import a_tenth

    def bypass(module: object) -> object:
        return RandomSampler().suggest

    with pytest.raises(AnswerError) as error:
        same_search(a_tenth, a_tenth, "samplers.tpe:a_tenth", bypass, {"x": Float(0, 1)}, lambda params: 0.0)  # type: ignore[arg-type]
    assert error.value.expected == "a search that calls your a_tenth"


def test_pytest_says_the_same_without_our_internals_and_counts_points(folder: Path) -> None:
    answer(folder, "a_tenth", RIGHT)
    answer(folder, "choose", "    return int(np.argmin(log_l - log_g))")
    command = [sys.executable, "-m", "pytest", "-m", "ch04", "-p", "no:cacheprovider", "--junitxml", "grades.xml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "04.5 choose: frequent among the good and rare among the bad\n    given     log_l = " in done.stdout
    assert "checking.py" not in done.stdout
    assert "1 of 15 points" in done.stdout
    cases = list(ElementTree.parse(folder / "grades.xml").iter("testcase"))
    named = [{one.get("name"): one.get("value") for one in case.iter("property")} for case in cases]
    assert {one.get("exercise") for one in named} == {exercise.id for exercise in TPE.exercises}


def test_watch_checks_again_when_the_file_is_saved(folder: Path) -> None:
    command = [sys.executable, "-u", "-m", "tpe_reference", "exercises", "watch", "--answer", "ch04_tpe.py"]
    watching = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    patience = threading.Timer(60.0, watching.kill)  # else this test would wait for what never comes
    patience.start()

    def until_it_waits() -> str:
        lines: list[str] = []
        assert watching.stdout is not None
        for line in watching.stdout:
            if line.startswith("Waiting"):
                break
            lines.append(line)
        return "".join(lines)

    try:
        assert re.search(r"04\.1 +a_tenth .* not begun", until_it_waits())
        answer(folder, "a_tenth", RIGHT)
        assert re.search(r"04\.1 +a_tenth .* done", until_it_waits()), "what it printed once the file was saved"
    finally:
        patience.cancel()
        watching.send_signal(signal.SIGINT)
        watching.wait(timeout=60)
        watching.stdout.close()


TEACHING = Path(__file__).parents[2] / "chapters" / "exercises" / "teaching.md"


def block(marker: str) -> str:
    """Return the Python block behind a marker on the teacher's page."""
    found = re.search(
        rf"<!-- {marker} -->\n```python\n(.*?)^```$", TEACHING.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


@pytest.mark.slow
def test_a_teacher_grades_a_variant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "variant.py").write_text(block("the variant"), "utf-8")
    bodies = {"ada": "    import math\n    return min(math.ceil(n_finite / 5), 40)", "bob": RIGHT}
    stub = (folder / "ch04_tpe.py").read_text("utf-8")
    for student, body in bodies.items():
        (folder / "ch04_tpe.py").write_text(stub, "utf-8")
        written = answer(folder, "a_tenth", body).read_text("utf-8")
        (folder / "answers" / student).mkdir(parents=True)
        (folder / "answers" / student / "ch04_tpe.py").write_text(written, "utf-8")
        # Students hand in the whole folder that `start` made; what they changed in it must not run.
        shutil.copy(folder / "test_answers.py", folder / "answers" / student)
        (folder / "answers" / student / "conftest.py").write_text("raise SystemExit('a student graded this')", "utf-8")
        command = [sys.executable, "-m", "pytest", "test_answers.py", "-m", "ch04", "-q", "--reference", "variant.py"]
        command += [f"--answer=answers/{student}/", "--junitxml", f"grades/{student}.xml"]
        subprocess.run(command, capture_output=True, check=False)
    # Who handed in nothing has a report without a single check.
    (folder / "grades" / "cyd.xml").write_text("<testsuites><testcase><error/></testcase></testsuites>", "utf-8")
    capsys.readouterr()
    exec(compile(block("the grades"), str(TEACHING), "exec"), {})
    assert capsys.readouterr().out == (
        "ada: 1 of 15 04.2 04.3 04.4 04.5 04.6\nbob: 0 of 15 04.1 04.2 04.3 04.4 04.5 04.6\n"
        "cyd: 0 of 15 04.1 04.2 04.3 04.4 04.5 04.6\n"
    )


def test_what_is_written_is_put_in_and_the_rest_stands() -> None:
    def split(ranked: Any, usable: Any, n_good: int) -> Any:
        good = [number for _, number in ranked[:n_good]]
        return [good, [number for number in range(len(usable)) if usable[number] and number not in good]]

    stub = load(stubs()[TPE.number])
    mine = put_into("samplers.tpe", {"split": split, "bandwidths": stub["bandwidths"], "choose": lambda l, g: 0})
    space = {"x": Float(0.0, 1.0)}
    history = [FrozenTrial({"x": n / 40}, abs(n / 40 - 0.3)) for n in range(40)]
    ours = TPESampler().explain(space, history, np.random.default_rng(0))
    theirs = mine.TPESampler().explain(space, history, np.random.default_rng(0))
    assert (theirs.good, theirs.bad) == (ours.good, ours.bad)
    assert np.array_equal(theirs.scores, ours.scores)
    assert theirs.choice["x"] == ours.candidates[0, 0]


def test_put_into_knows_what_there_is() -> None:
    with pytest.raises(ValueError, match="defines no function 'splitt'"):
        put_into("samplers.tpe", {"splitt": lambda: None})
    with pytest.raises(UsageError, match="no file with answers"):
        at(Path(__file__).parent / "mutants")


@pytest.mark.slow
def test_a_reader_sees_a_curve_beside_ours(folder: Path) -> None:
    answer(folder, "a_tenth", RIGHT)
    words = ["compare", "--sampler", "ch04_tpe.py:MyTPE", "--problems", "sphere", "--trials", "30", "--seeds", "2"]
    assert main([*words, "--out", "seen"]) == 0
    assert (folder / "seen" / "report.html").exists()
