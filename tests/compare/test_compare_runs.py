"""Comparisons from the command line to the disk: resuming after kill -9, refusals, a user's own code, the report."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tpe_reference.compare.cli import main

SAMPLER = """
class Mine:
    def suggest(self, space, history, rng):
        return {name: domain.from_unit(rng.random()) for name, domain in space.items()}

class Broken:
    def suggest(self, space, history, rng):
        if len(history) == 3:
            raise RuntimeError("out of ideas")
        return {name: domain.from_unit(rng.random()) for name, domain in space.items()}

class Mute:
    pass
"""

PROBLEM = """
import math
from tpe_reference import Float
from tpe_reference.compare import Problem

def evaluate(params, seed):
    '''Not a number on the left, <b>infinite</b> in the middle.'''
    x = params["x"]
    return math.nan if x < 0.3 else math.inf if x < 0.5 else x

def training(params, seed):
    for step in range(4):
        yield params["x"] + step  # a trial that is stopped early has the lowest number

holes = Problem(evaluate, {"x": Float(0, 1)}, name="=1+1 <i>")
curve = Problem(training, {"x": Float(0, 1)})
def endless(params, seed):
    while seed > 0:
        pass
    return 0.0

forever = Problem(endless, {"x": Float(0, 1)})
wrong = 7
"""

SMALL = ["--problems", "sphere", "branin", "--samplers", "random", "tpe", "--trials", "12", "--seeds", "3"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.py").write_text(SAMPLER)
    (tmp_path / "problems_of_mine.py").write_text(PROBLEM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


def trials(out: str) -> list[dict[str, str]]:
    """All that is not time."""
    with open(f"{out}/trials.csv", newline="", encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if "seconds" not in k} for row in csv.DictReader(file)]


def summary(out: str) -> list[dict[str, str]]:
    """All that is not time."""
    with open(f"{out}/summary.csv", newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if "seconds" not in row["measure"]]


def test_a_small_comparison_with_a_sampler_from_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--sampler", "mine.py:Mine", "--jobs", "2", "--out", "a"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"final regret \(median\) +seeds +random +tpe +Mine", printed)
    assert re.search(r"^sampler, ms per trial( +[\d.]+){3} *$", printed, flags=re.MULTILINE)
    rows = trials("a")
    assert len(rows) == 2 * 3 * 3 * 12
    assert {row["contestant"] for row in rows} == {"random", "tpe", "Mine"}
    measures = {row["measure"] for row in summary("a")}
    assert measures == {"final_regret_median", "area_mean_log10_regret", "mean_rank", "win_rate"}
    for row in summary("a"):
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
    for name in ("overview.png", "convergence-sphere.png", "convergence-branin.png"):
        assert Path("a", name).read_bytes().startswith(b"\x89PNG")


def test_report_needs_nothing_from_elsewhere() -> None:
    assert main([*SMALL, "--jobs", "2", "--out", "a"]) == 0
    page = Path("a/report.html").read_text(encoding="utf-8")
    sources = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
    assert len(sources) == 4  # icon and three pictures
    assert all(source.startswith("data:") for source in sources)
    assert "http" not in re.sub(r"data:image/png;base64,[\w+/=]*", "", page)
    assert "tpe-reference compare --problems sphere branin --samplers random tpe --trials 12 --seeds 3" in page
    assert "3 seeds, 12 trials a run" in page
    assert re.search(r"(Best|Tie)", page)


def test_one_job_or_two_the_losses_are_the_same() -> None:
    assert main([*SMALL, "--jobs", "1", "--out", "a"]) == 0
    assert main([*SMALL, "--jobs", "2", "--out", "b"]) == 0
    assert trials("a") == trials("b")
    assert summary("a") == summary("b")


def start(arguments: list[str], **options: Any) -> subprocess.Popen[str]:
    code = "import sys; from tpe_reference.compare.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], text=True, **options)


def wait_for_runs(out: str, n: int, process: subprocess.Popen[str]) -> None:
    while len(list(Path(out, "runs").glob("*.json"))) < n:
        assert process.poll() is None, "it ended too soon"
        time.sleep(0.01)


LONG = ["--problems", "sphere", "--samplers", "tpe", "random", "--trials", "200", "--seeds", "12", "--jobs", "2"]


@pytest.mark.slow
def test_resumed_after_kill_9_it_ends_as_if_nothing_had_been(capsys: pytest.CaptureFixture[str]) -> None:
    process = start([*LONG, "--out", "killed"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_runs("killed", 3, process)
    process.kill()
    process.communicate(timeout=60)  # returns when its processes too have closed their end: none is left behind
    kept = list(Path("killed/runs").glob("*.json"))
    assert 3 <= len(kept) < 24
    before = {path: path.stat().st_mtime_ns for path in kept}
    Path("killed/runs/sphere--tpe--11.json.99.tmp").write_text('{"half": ')
    assert main(["--out", "killed", "--resume", "--jobs", "1"]) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == before  # not done again
    assert main([*LONG, "--out", "whole"]) == 0
    assert trials("killed") == trials("whole")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_says_what_is_kept_and_how_to_go_on() -> None:
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    asked = ["--problem", "problems_of_mine.py:forever", "--samplers", "random", "--seeds", "3", "--jobs", "2"]
    process = start([*asked, "--trials", "5", "--out", "a folder"], start_new_session=True, **pipes)
    wait_for_runs("a folder", 1, process)
    os.killpg(process.pid, signal.SIGINT)  # to all processes, as a terminal does
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted." in errors
    assert "tpe-reference compare --out 'a folder' --resume" in errors
    assert "Traceback" not in errors


def test_another_run_in_the_folder_is_refused_unless_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    quick = ["--problems", "branin", "--samplers", "random", "--trials", "3", "--seeds", "2", "--out", "a"]
    assert main(quick) == 0
    assert main(quick) == 2
    assert "holds another run" in capsys.readouterr().err
    assert main([*quick, "--resume"]) == 0
    assert main([*quick, "--resume", "--jobs", "1"]) == 0
    assert main(["--out", "a", "--resume", "--trials", "4"]) == 2
    assert "trials was 3, now it is 4" in capsys.readouterr().err
    assert main(["--out", "a", "--resume", "--problems", "sphere"]) == 2
    assert "problems was branin, now it is sphere" in capsys.readouterr().err


def test_a_folder_with_something_else_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos").mkdir()
    Path("photos/cat.jpg").write_text("cat")
    for more in ([], ["--resume"]):
        assert main(["--problems", "branin", "--out", "photos", *more]) == 2
        assert "holds something that is no comparison" in capsys.readouterr().err
    assert [path.name for path in Path("photos").iterdir()] == ["cat.jpg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problems", "spere"], "no problem 'spere'; known are: sphere"),
        (["--samplers", "tpee"], "no sampler 'tpee'; known are: grid, random"),
        (["--sampler", "nowhere.py:X"], "there is no such file"),
        (["--sampler", "no_such_module:X"], "No module named 'no_such_module'"),
        (["--sampler", "mine.py:Yours"], "there is no 'Yours' in .*; it has: Mine, Broken, Mute"),
        (["--sampler", "mine.py:Mute"], "has no method suggest"),
        (["--problem", "problems_of_mine.py:wrong"], "is a int, not a Problem"),
    ],
)
def test_mistakes_are_named_before_anything_runs(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", "a"]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not Path("a").exists()


def test_a_sampler_that_raises_is_named_and_the_others_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--problems", "branin", "--samplers", "random", "--sampler", "mine.py:Broken", "--trials", "5"]
    assert main([*asked, "--seeds", "2", "--jobs", "1", "--out", "a"]) == 1
    errors = capsys.readouterr().err
    assert "Broken on branin, seed 0: in trial 3, RuntimeError: out of ideas" in errors
    assert [Path(file).name for file in re.findall('File "(.*?)"', errors)] == ["mine.py"]  # the frames of the user
    assert "--resume" in errors
    assert [path.name for path in Path("a/runs").iterdir()] == ["branin--random--0.json"]


def test_a_repaired_sampler_is_run_again_and_the_others_are_not(folder: Path) -> None:
    import multiprocessing

    spawn = multiprocessing.get_context("spawn")  # a session of its own each time, as on the command line
    asked = ["--problems", "branin", "--samplers", "random", "--sampler", "mine.py:Mine", "--trials", "4"]
    for change, more in (("", []), ("# repaired", ["--resume"])):
        (folder / "mine.py").write_text(SAMPLER + change)
        process = spawn.Process(target=main, args=([*asked, "--seeds", "2", "--jobs", "1", "--out", "a", *more],))
        process.start()
        process.join()
        times = {path.name: path.stat().st_mtime_ns for path in Path("a/runs").iterdir()}
        if not more:
            first = times
    assert {name for name in times if times[name] != first[name]} == {"branin--Mine--0.json", "branin--Mine--1.json"}


def test_nan_fails_a_trial_inf_is_a_loss_and_texts_stay_texts() -> None:
    arguments = ["--problem", "problems_of_mine:holes", "--samplers", "random", "tpe", "--trials", "15"]
    assert main([*arguments, "--seeds", "2", "--jobs", "1", "--out", "a"]) == 0
    rows = trials("a")
    assert {row["problem"] for row in rows} == {"'=1+1 <i>"}  # no formula
    for row in rows:
        x = json.loads(row["params"])["x"]
        assert (row["state"], row["loss"]) == (
            ("failed", "") if x < 0.3 else ("complete", "inf" if x < 0.5 else row["loss"])
        )
    page = Path("a/report.html").read_text(encoding="utf-8")
    assert "<i>" not in page
    assert "&lt;b&gt;infinite&lt;/b&gt;" in page


def test_pruning_saves_steps_and_a_pruned_trial_is_never_the_best() -> None:
    arguments = ["--problem", "problems_of_mine.py:curve", "--samplers", "tpe", "tpe+median", "--trials", "30"]
    assert main([*arguments, "--seeds", "2", "--jobs", "1", "--out", "a"]) == 0
    rows = trials("a")
    steps: Callable[[str], int] = lambda name: sum(int(row["steps"]) for row in rows if row["contestant"] == name)  # noqa: E731
    assert steps("tpe") == 2 * 30 * 4
    assert steps("tpe+median") < steps("tpe")
    for row in rows:
        if row["state"] == "pruned":
            before = [r for r in rows if (r["contestant"], r["seed"]) == (row["contestant"], row["seed"])]
            complete = [float(r["loss"]) for r in before[: int(row["trial"])] if r["state"] == "complete"]
            assert float(row["incumbent"]) == min(complete)


def test_without_a_curve_pruning_is_not_run_twice_but_named() -> None:
    arguments = ["--problems", "branin", "--samplers", "tpe", "tpe+median", "--trials", "5", "--seeds", "2"]
    assert main([*arguments, "--jobs", "1", "--out", "a"]) == 0
    assert {row["contestant"] for row in trials("a")} == {"tpe"}
    assert {row["same_runs_as"] for row in summary("a") if row["contestant"] == "tpe+median"} == {"tpe", ""}
    assert "TPE = TPE + median pruning" in Path("a/report.html").read_text(encoding="utf-8")


def test_one_seed_claims_no_interval() -> None:
    assert (
        main(["--problems", "branin", "--samplers", "grid", "random", "--seeds", "1", "--trials", "6", "--out", "a"])
        == 0
    )
    assert "1 seed: no interval" in Path("a/report.html").read_text(encoding="utf-8")
    assert all(row["low"] == row["high"] == "" for row in summary("a"))
