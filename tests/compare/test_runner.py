"""One run and what becomes of it, without processes: its trials by hand, its file, what is done again."""

import contextlib
import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import current_thread
from types import SimpleNamespace
from typing import Any

import pytest

from tpe_reference import MedianPruner, RandomSampler, create_study
from tpe_reference.compare import runner
from tpe_reference.compare.contestants import Contestant
from tpe_reference.compare.problems import get_problem
from tpe_reference.compare.runner import (
    Run,
    RunFailedError,
    attempt,
    code_of,
    execute,
    fingerprint,
    keep,
    read_run,
    run_all,
    versions,
    write_json,
)

PROBLEMS = """
import math

from tpe_reference import Float, Int
from tpe_reference.compare import Problem

def value(params, seed):
    x = params["x"]
    return math.nan if x < 0.2 else math.inf if x < 0.4 else -math.inf if x < 0.5 else x + seed

def training(params, seed):
    for step in range(5):
        yield params["x"] / (step + 1)

def silent(params, seed):
    yield from ()

def taking(params, seed):
    params.pop("x")
    raise ValueError("gone")

takes = Problem(taking, {"x": Int(3, 3)})
nothing = Problem(silent, {"x": Float(0, 1)})
holes = Problem(value, {"x": Float(0, 1)}, seconds=2.5)
quick = Problem(value, {"x": Float(0, 1)}, seconds=1e-9, name="a/b c")
other = Problem(value, {"x": Float(0, 1)}, name="a_b_c")
falls = Problem(training, {"x": Float(0, 1)})
small = Problem(value, {"x": Int(1, 3)}, seconds=0.01)
"""

RANDOM = Contestant("random", "random")


class Counter:
    """What the processes of a comparison share, for one."""

    value = 0

    def get_lock(self) -> Any:
        return contextlib.nullcontext()


class Stop:
    """What a parent sets when its processes shall end: here after so many looks at it."""

    def __init__(self, looks: Sequence[float], last: int) -> None:
        self.looks, self.last = looks, last

    @property
    def value(self) -> bool:
        return len(self.looks) >= self.last


@pytest.fixture(autouse=True)
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    (tmp_path / "problems_for_runs.py").write_text(PROBLEMS)
    (tmp_path / "a" / "runs").mkdir(parents=True)  # as `run_all` makes it
    monkeypatch.chdir(tmp_path)
    shared = Counter()
    monkeypatch.setattr(runner, "_counter", shared)
    return shared


def run_of(problem: str, contestant: Contestant = RANDOM, seed: int = 7, trials: int = 12) -> Run:
    return Run(f"problems_for_runs.py:{problem}", contestant, seed, trials)


def trials_of(run: Run) -> list[dict[str, Any]]:
    found = attempt(run)
    assert isinstance(found, list), found
    for trial in found:
        assert 0 <= trial.pop("sampler_seconds") < 60
        assert 0 <= trial.pop("objective_seconds") < 60
    return found


# ---- the trials ------------------------------------------------------------------------------------------------------


def test_a_run_is_a_study_with_its_seed_and_what_json_lacks_is_text() -> None:
    study = create_study(sampler=RandomSampler(), seed=7)
    space = {"x": get_problem("problems_for_runs.py:holes").space["x"]}
    expected = []
    for number in range(40):
        trial = study.ask(space)
        x = trial.params["x"]
        study.tell(trial, state="failed") if x < 0.2 else study.tell(trial, x)
        loss = None if x < 0.2 else "inf" if x < 0.4 else "-inf" if x < 0.5 else x + 7
        state = "failed" if x < 0.2 else "complete"
        expected.append({"number": number, "state": state, "loss": loss, "params": {"x": x}, "curve": {"1": loss}})
    assert {"failed", "complete"} == {one["state"] for one in expected}
    found = trials_of(run_of("holes", trials=40))
    assert found == [{**one, "curve": {}} for one in expected], "one loss is no curve"


def test_only_who_prunes_stops_a_trial_and_its_loss_is_the_last_report() -> None:
    study, losses, curves = create_study(sampler=RandomSampler(), pruner=MedianPruner(), seed=7), [], []
    space = {"x": get_problem("problems_for_runs.py:falls").space["x"]}
    for _ in range(12):
        trial = study.ask(space)
        curve = {}
        for step in range(1, 6):
            curve[str(step)] = trial.params["x"] / step
            trial.report(curve[str(step)], step)
            if trial.should_prune():
                study.tell(trial, state="pruned")
                break
        else:
            study.tell(trial, trial.params["x"] / 5)
        losses.append(list(curve.values())[-1])
        curves.append(curve)
    pruned = trials_of(run_of("falls", Contestant("random+median", "random+median")))
    assert [trial["curve"] for trial in pruned] == curves
    assert [trial["loss"] for trial in pruned] == losses
    assert {trial["state"] for trial in pruned} == {"complete", "pruned"}
    whole = trials_of(run_of("falls"))
    assert {(trial["state"], len(trial["curve"])) for trial in whole} == {("complete", 5)}
    assert [trial["loss"] for trial in whole] == [trial["params"]["x"] / 5 for trial in whole]


def test_a_trial_that_shows_no_loss_at_all_has_failed() -> None:
    assert [(trial["state"], trial["loss"]) for trial in trials_of(run_of("nothing", trials=2))] == [
        ("failed", None)
    ] * 2


def test_a_grid_that_is_used_up_ends_its_run_and_the_bar_moves_on_all_the_same(counter: Counter) -> None:
    run = run_of("small", Contestant("grid", "grid"), trials=5)
    assert execute(run, Path("a"), code_of(run)) is None
    assert counter.value == 5 * 10 == run.trials * run.cost
    kept = read_run(run, Path("a"))
    assert kept is not None
    assert sorted(trial["params"]["x"] for trial in kept) == [1, 2, 3]


# ---- the file --------------------------------------------------------------------------------------------------------


def test_a_trial_costs_so_many_milliseconds_and_one_at_least() -> None:
    assert [repr(run_of(problem).cost) for problem in ("holes", "quick", "other")] == ["2500", "1", "2"]


def test_each_run_has_a_file_whatever_its_problem_is_called() -> None:
    assert run_of("falls").path(Path("a")) == Path("a/runs/training--random--7.json")
    odd, plain = run_of("quick").path(Path("a")), run_of("other").path(Path("a"))
    assert plain == Path("a/runs/a_b_c--random--7.json")
    assert odd.name.startswith("a_b_c-")
    assert odd.parent == plain.parent
    assert odd != plain


def test_a_kept_run_is_read_back_and_another_or_of_other_code_is_not() -> None:
    run, out = run_of("holes", trials=40), Path("a")
    assert read_run(run, out) is None
    trials = trials_of(run)
    keep(run, out, code_of(run), trials)
    numbers = {None: math.nan, "inf": math.inf, "-inf": -math.inf}
    found = read_run(run, out)
    assert found is not None
    wanted = [numbers.get(trial["loss"], trial["loss"]) for trial in trials]
    assert [trial["loss"] for trial in found] == pytest.approx(wanted, nan_ok=True, abs=0)
    assert {*map(type, (trial["loss"] for trial in found))} == {float}
    assert [trial["params"] for trial in found] == [trial["params"] for trial in trials]
    keep(run, out, "of yesterday", trials)
    assert read_run(run, out) is None
    keep(replace(run, trials=3), out, code_of(run), trials)  # its file has the same name
    assert read_run(run, out) is None


def test_what_a_sampler_answers_in_numpys_types_is_kept_in_plain_ones() -> None:
    Path("numpy_for_runs.py").write_text(
        "import numpy as np\n\n"
        "class Mine:\n"
        "    def suggest(self, space, history, rng):\n"
        "        return {'x': np.int8(2)}\n"
    )
    run = run_of("small", Contestant("numpy_for_runs.py:Mine", "Mine"), trials=1)
    assert execute(run, Path("a"), code_of(run)) is None
    assert '"params": {"x": 2}' in run.path(Path("a")).read_text(encoding="utf-8")


def test_a_run_that_raised_leaves_no_file_and_says_whose_it_was() -> None:
    Path("mine_for_runs.py").write_text("class Mine:\n    def suggest(self, space, history, rng):\n        1 / 0\n")
    run = run_of("holes", Contestant("mine_for_runs.py:Mine", "Mine"))
    text = execute(run, Path("a"), code_of(run))
    assert text is not None
    assert text.startswith("Mine on problems_for_runs.py:holes, seed 7: in trial 0, ZeroDivisionError: ")
    assert not run.path(Path("a")).exists()


def test_a_problem_that_raised_is_shown_with_what_it_was_called_with_whatever_it_made_of_that() -> None:
    found = attempt(run_of("takes"))
    assert "ValueError: gone" in found
    assert "was called with {'x': 3} and seed 7" in found


def test_no_file_holds_what_json_has_not() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(Path("a/nan.json"), math.nan)


# ---- which runs are done ---------------------------------------------------------------------------------------------


def test_what_is_there_is_not_done_again_and_the_bar_begins_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bars, done, jobs_of = [], [], []

    @contextlib.contextmanager
    def bar(total: int, done: int) -> Iterator[Any]:
        bars.append((total, done))
        yield print

    def here(todo: Sequence[Run], out: Path, jobs: int, show: Any) -> None:
        jobs_of.append(jobs)
        done.append([run.seed for run in todo])
        assert [execute(run, out, code_of(run)) for run in todo] == [None] * len(todo)

    monkeypatch.setattr(runner, "_progress_bar", bar)
    monkeypatch.setattr(runner, "_in_processes", here)
    runs = [run_of("small", seed=seed, trials=2) for seed in range(4)]
    out = Path("new/folder")
    run_all(runs[:2], out, 3)
    assert capsys.readouterr().err == ""
    run_all(runs, out, 1)
    assert capsys.readouterr().err == "there already: 2 runs; to be done: 2\n"
    run_all(runs, out, 3)
    assert capsys.readouterr().err == "there already: 4 runs; to be done: 0\n"
    keep(runs[1], out, "of yesterday", [])
    run_all(runs[:2], out, 3)
    assert capsys.readouterr().err.startswith("there already: 1 run; to be done: 1\n(1 of these with other code than")
    keep(runs[3], out, "of yesterday", [])
    run_all(runs[3:], out, 3)
    assert capsys.readouterr().err.startswith("there already: 0 runs; to be done: 1\n(1 of these")
    assert done == [[0, 1], [2, 3], [1], [3]]
    assert jobs_of == [2, 1, 1, 1], "no more processes than runs"
    assert bars == [(40, 0), (80, 40), (80, 80), (40, 20), (20, 0)], "in milliseconds: two trials of ten are a run"


def test_a_cluster_gets_what_is_to_be_done_and_nothing_when_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from tpe_reference.compare import cluster

    calls = []

    def there(client: Any, todo: Sequence[Run], out: Path, jobs: int, show: Any) -> None:
        calls.append((client, list(todo), out, jobs))
        for run in todo:
            execute(run, out, code_of(run))

    monkeypatch.setattr(cluster, "run_on_cluster", there)
    monkeypatch.setattr(runner, "_progress_bar", lambda total, done: contextlib.nullcontext(print))
    runs = [run_of("small", trials=2)]
    for _ in range(2):
        run_all(runs, Path("a"), 5, cluster="a client")
    assert calls == [("a client", runs, Path("a"), 5)]


class OnPaper:
    """Processes that exist on paper only: of the runs under way, the first to begin is the first to end."""

    counter: Any  # what the processes would share with their parent
    stop: Any

    def __init__(self, outcomes: Sequence[str | BaseException | None], monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[int] = []
        self.under_way: list[int] = []  # at every look at them
        self.threads: set[str] = set()
        self.held: set[bool] = set()  # whether a new process would begin with Ctrl-C held
        self._coming = iter(outcomes)
        self._futures: list[Future[str | None]] = []
        monkeypatch.setattr(runner, "ProcessPoolExecutor", self.start)
        monkeypatch.setattr(runner, "wait", self.wait)

    def start(self, jobs: int, context: Any, first: Any, shared: tuple[Any, Any]) -> Any:
        self.counter, self.stop = shared
        return contextlib.nullcontext(self)

    def submit(self, function: Any, run: Run, out: Path, code: str) -> Future[str | None]:
        assert (function, code) == (execute, code_of(run))
        self.begun.append(run.seed)
        self.threads.update(os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL"))
        self.held.add(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        self.counter.value += 10
        self._futures.append(Future())
        return self._futures[-1]

    def wait(self, pending: set[Future[str | None]], **how: Any) -> tuple[set[Any], set[Any]]:
        self.under_way.append(len(pending))
        first = min(pending, key=self._futures.index)
        outcome = next(self._coming)
        first.set_exception(outcome) if isinstance(outcome, BaseException) else first.set_result(outcome)
        return {first}, pending - {first}


def test_as_many_runs_are_under_way_as_there_are_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    processes, shown = OnPaper([None] * 5, monkeypatch), list[int]()
    runner._in_processes([run_of("small", seed=seed) for seed in range(5)], Path("a"), 2, shown.append)
    assert processes.begun == [0, 1, 2, 3, 4]
    assert processes.under_way == [2, 2, 2, 2, 1]
    assert shown == [20, 30, 40, 50, 50], "what they have counted, at every look"
    assert not processes.stop.value


def test_after_a_failure_no_run_begins_and_those_under_way_end(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = OnPaper([None, "out of ideas", "out of memory"], monkeypatch)
    with pytest.raises(RunFailedError, match=r"^out of ideas\nout of memory$"):
        runner._in_processes([run_of("small", seed=seed) for seed in range(5)], Path("a"), 2, print)
    assert processes.begun == [0, 1, 2]
    assert processes.under_way == [2, 2, 1]


def test_a_process_that_dies_is_a_failure_and_ctrl_c_stops_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    OnPaper([None, BrokenProcessPool("killed")], monkeypatch)
    with pytest.raises(RunFailedError, match=r"^a process died; out of memory\? Try fewer --jobs"):
        runner._in_processes([run_of("small", seed=seed) for seed in range(5)], Path("a"), 2, print)
    processes = OnPaper([None, KeyboardInterrupt()], monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        runner._in_processes([run_of("small", seed=seed) for seed in range(5)], Path("a"), 2, print)
    assert processes.stop.value


def test_each_process_begins_with_one_thread_and_ctrl_c_held_and_afterwards_all_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    processes = OnPaper([None], monkeypatch)
    runner._in_processes([run_of("small")], Path("a"), 1, print)
    assert (processes.threads, processes.held) == ({"1"}, {True})
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("3", "2")
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_process_counts_where_its_parent_looks_and_leaves_ctrl_c_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    watching = SimpleQueue[Any]()
    monkeypatch.setattr(runner, "_end_with_parent", lambda stop: watching.put((stop, current_thread().daemon)))
    before, shared = signal.getsignal(signal.SIGINT), Counter()
    try:
        runner._start_process(shared, "stop")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    runner._count(5)
    assert shared.value == 5
    assert watching.get(timeout=60) == ("stop", True), "by a thread that holds nothing up"


@pytest.mark.parametrize(("lives", "stops", "looks"), [(3, 99, 3), (99, 2, 2), (0, 99, 0), (None, 99, 0)])
def test_a_process_ends_with_its_parent_or_when_it_says_so(
    lives: int | None, stops: int, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    parent = None if lives is None else SimpleNamespace(is_alive=lambda: len(slept) < lives)
    monkeypatch.setattr("multiprocessing.parent_process", lambda: parent)
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("os._exit", sys.exit)
    with pytest.raises(SystemExit, match="1"):
        runner._end_with_parent(Stop(slept, stops))
    assert slept == [runner.POLL] * looks


def test_the_bar_adds_what_is_done_to_what_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    with runner._progress_bar(100, 40) as show:
        show(10)
        show(35)  # since the start, not since the last time
    assert " 75%|" in capsys.readouterr().err.splitlines()[-1].split("\r")[-1]


def test_without_tqdm_there_is_a_warning_and_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.warns(UserWarning, match="no progress bar: pip install"), runner._progress_bar(100, 40) as show:
        show(10)


# ---- what the outcome depends on -------------------------------------------------------------------------------------


def test_versions_name_what_there_is() -> None:
    assert list(versions()) == ["python", "tpe-reference", "numpy", "scikit-learn"]
    assert list(versions(["no-such-package-at-all", "pytest"]))[-1] == "pytest"
    assert versions(["pytest"])["pytest"] == pytest.__version__


def test_the_code_of_a_run_is_ours_and_the_users_and_pruning_is_no_other_sampler(tmp_path: Path) -> None:
    mine, branin = run_of("holes"), Run("branin", RANDOM, 0, 5)
    median = Contestant("random+median", "random+median")
    assert code_of(branin) == code_of(replace(branin, contestant=median)) == code_of(replace(branin, seed=1, trials=9))
    assert code_of(mine) == code_of(run_of("falls", median)), "the same file"
    assert code_of(mine) != code_of(branin)
    sampler = Contestant("problems_for_runs.py:Mine", "Mine"), Contestant("problems_for_runs.py:Mine+median", "M")
    assert {code_of(replace(branin, contestant=one)) for one in sampler} == {code_of(mine)}
    file = tmp_path / "problems_for_runs.py"
    before = fingerprint.__wrapped__((file,), ())
    assert fingerprint.__wrapped__((file,), ()) == before
    file.write_text(PROBLEMS + "# another")
    assert fingerprint.__wrapped__((file,), ()) != before


def test_a_peers_run_depends_on_its_package_and_not_on_our_samplers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(name: str) -> list[bool]:
        """Whether a change of this file changes what our run and a peer's depend on."""
        file = tmp_path / "package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        ours_and_theirs = []
        for text in ("first", "second"):
            file.write_text(text)
            ours_and_theirs.append([fingerprint.__wrapped__((), peers) for peers in ((), ("pytest",))])
        return [a != b for a, b in zip(*ours_and_theirs, strict=True)]

    peer = Run("branin", Contestant("hyperopt", "hyperopt"), 0, 5)
    monkeypatch.setattr(runner, "fingerprint", lambda files, peers: (files, peers))
    asked: Any = code_of(peer)
    assert [(file.name, file.exists()) for file in asked[0]] == [("peers.py", True)]
    assert asked[1] == ("hyperopt",)
    monkeypatch.setattr(runner, "PACKAGE", tmp_path / "package")
    assert changed("samplers/tpe.py") == [True, False]
    assert changed("space.py") == changed("compare/runner.py") == changed("pruners/median.py") == [True, True]
    assert changed("compare/report.py") == [False, False], "it may be written again without running anything"
    assert fingerprint.__wrapped__((), ("pytest",)) != fingerprint.__wrapped__((), ("numpy",))
