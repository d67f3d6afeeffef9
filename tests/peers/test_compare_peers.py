"""The peers as contestants: they play by the rules of the comparison, silently, and are told what they should be."""

import csv
import json
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpe_reference import Categorical, Domain, Float, FrozenTrial, Int, create_study
from tpe_reference.compare import runner
from tpe_reference.compare.contestants import Contestant
from tpe_reference.compare.peers import PEERS
from tpe_reference.compare.runner import Run, search

PROBLEM = """
import math
from tpe_reference import Categorical, Float, Int
from tpe_reference.compare import Problem

def mixed(params, seed):
    if params["step"] > 0.55:
        return math.nan
    size = abs(math.log10(params["lr"]) + 2) + abs(params["layers"] - 3) + (params["kind"] != "b")
    return size + abs(params["step"] - 0.3) + abs(math.log2(params["width"]) - 5)

def curve(params, seed):
    for step in range(5):
        yield params["x"] ** 2 + params["y"] ** 2 + 1 / (step + 1)

space = {"lr": Float(1e-5, 1, log=True), "layers": Int(1, 5), "kind": Categorical(["a", "b", None, True, 1])}
space |= {"step": Float(0, 1, step=0.1), "width": Int(1, 256, log=True), "even": Int(2, 20, step=2), "one": Int(3, 3)}
mixed = Problem(mixed, space)
curve = Problem(curve, {"x": Float(-1, 1), "y": Float(-1, 1)})
"""
SPACE: dict[str, Domain] = {
    "float": Float(-2, 3),
    "log": Float(1e-4, 10, log=True),
    "int": Int(1, 9),
    "log int": Int(1, 100, log=True),
    "step": Float(0.1, 0.7, step=0.1),
    "int step": Int(3, 23, step=5),
    "choice": Categorical(["a", 1, True, None, 0.5]),
    "one": Float(2, 2),
    "the only one": Categorical(["x"]),
}
every_peer = pytest.mark.parametrize("name", PEERS)


@pytest.fixture(autouse=True, scope="module")
def all_peers() -> None:
    for package in ("optuna", "hyperopt", "cmaes", "cma"):
        pytest.importorskip(package)


def compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from tpe_reference.compare.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def trials(out: Path) -> list[dict[str, str]]:
    """All that is not time."""
    with (out / "trials.csv").open(newline="", encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if "seconds" not in k} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("peers")
    (folder / "mine.py").write_text(PROBLEM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield folder


ASKED = ["--problems", "sphere", "--problem", "mine.py:mixed", "--samplers", "random"]
ASKED += ["--with", "optuna,optuna-cma-es", "hyperopt", "cmaes,cma", "--trials", "25", "--seeds", "2"]


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    return compare(folder, *ASKED, "--jobs", "2", "--out", "a")


def test_all_of_them_run_from_the_command_line(folder: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    found = Counter((row["problem"], row["contestant"], row["seed"]) for row in trials(folder / "a"))
    assert found == {(p, c, s): 25 for p in ("sphere", "mixed") for c in ("random", *PEERS) for s in "01"}
    row = re.search(r"^sampler, ms per trial((?: +[\d.]+){6}) *$", done.stdout, flags=re.MULTILINE)
    assert row is not None, done.stdout
    assert min(map(float, row[1].split())) > 0.0


def test_they_are_silent(done: subprocess.CompletedProcess[str]) -> None:
    said = re.sub(r"[^\r\n]*\| [\d:]+ gone, [\d:?]+ to go", "", done.stderr)  # the progress bar
    assert said.strip() == ""


def test_the_report_and_the_manifest_name_their_versions(folder: Path, done: subprocess.CompletedProcess[str]) -> None:
    page = (folder / "a" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"optuna [\d.]+, cmaes [\d.]+, hyperopt [\d.]+, cma [\d.]+;", page)
    assert "--samplers random --with optuna optuna-cma-es hyperopt cmaes cma --trials 25" in page
    assert "sampler, ms per trial" in page
    manifest = json.loads((folder / "a" / "manifest.json").read_text(encoding="utf-8"))
    assert {"optuna", "hyperopt", "cmaes", "cma"} <= manifest["versions"].keys()
    with (folder / "a" / "summary.csv").open(newline="", encoding="utf-8") as file:
        costs = [row for row in csv.DictReader(file) if row["measure"] == "sampler_seconds"]
    assert len(costs) == 2 * 6
    assert all(0.0 < float(row["value"]) < 10.0 for row in costs)


def test_with_another_number_of_processes_and_after_a_loss_the_results_are_the_same(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    before = trials(folder / "a")
    lost = [path for path in (folder / "a" / "runs").iterdir() if path.name.endswith("--1.json")]
    assert len(lost) == 2 * 6
    for path in lost:
        path.unlink()
    again = compare(folder, "--out", "a", "--resume", "--jobs", "1")
    assert again.returncode == 0, again.stderr
    assert trials(folder / "a") == before


def test_only_a_peers_runs_depend_on_its_adapter_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def digests() -> dict[str, str]:
        runner.fingerprint.cache_clear()
        return {name: runner.code_of(Run("sphere", Contestant(name, name), 0, 5)) for name in ("tpe", "optuna", "cma")}

    before, version = digests(), runner.importlib.metadata.version  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setattr("importlib.metadata.version", lambda name: "9" if name == "optuna" else version(name))
        after = digests()
    runner.fingerprint.cache_clear()
    assert [name for name in before if before[name] != after[name]] == ["optuna"]


@every_peer
def test_pruned_and_failed_trials_do_not_stop_a_peer(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    spec = f"{name}+median"
    states = Counter(trial["state"] for trial in search(Run("mine.py:curve", Contestant(spec, spec), 0, 40)))
    assert states["pruned"] > 3
    assert states["complete"] > 3
    states = Counter(trial["state"] for trial in search(Run("mine.py:mixed", Contestant(name, name), 0, 40)))
    assert states["failed"] > 0


@every_peer
def test_configurations_lie_in_the_space_and_are_told_by_their_type(name: str) -> None:
    study = create_study(sampler=PEERS[name].sampler(), seed=3)
    for n in range(60):
        trial = study.ask(SPACE)  # raises for a value outside
        for key, value in trial.params.items():
            assert value in SPACE[key]
            if SPACE[key].size is not None:
                assert any(value == other and type(value) is type(other) for other in SPACE[key].values()), key
        study.tell(trial, abs(trial.params["float"]) if n % 7 else None, "complete" if n % 7 else "failed")
    for key, domain in SPACE.items():
        if domain.size in range(2, 10):
            seen = {repr(record.params[key]) for record in study.trials}
            assert len(seen) > 1, f"{name} never moved {key}"


@every_peer
def test_a_seed_decides_all_and_nothing_global_is_seeded(name: str) -> None:
    def play(seed: int, noise: int) -> list[dict[str, Any]]:
        study = create_study(sampler=PEERS[name].sampler(), seed=seed)
        for n in range(30):
            np.random.seed(noise + n)  # noqa: NPY002  # somebody's objective does
            before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
            trial = study.ask(SPACE)
            assert np.array_equal(np.random.get_state()[1], before)  # type: ignore[index]  # noqa: NPY002
            study.tell(trial, trial.params["float"] ** 2 + trial.params["int"])
        return [record.params for record in study.trials]

    first = play(0, noise=0)
    assert play(0, noise=100) == first
    assert play(1, noise=0) != first


@every_peer
@pytest.mark.parametrize("space", [{"one": Int(1, 1)}, {"x": Float(0, 1)}], ids=["nothing to choose", "one parameter"])
def test_the_smallest_spaces(name: str, space: dict[str, Domain]) -> None:
    study = create_study(sampler=PEERS[name].sampler(), seed=0)
    for _ in range(25):
        trial = study.ask(space)
        study.tell(trial, float(next(iter(trial.params.values()))))
    assert len(study.trials) == 25


@every_peer
def test_on_a_plateau_and_without_a_single_result_they_go_on(name: str) -> None:
    for loss, state in ((1.0, "complete"), (math.inf, "complete"), (None, "failed")):
        study = create_study(sampler=PEERS[name].sampler(), seed=0)
        for _ in range(40):
            study.tell(study.ask({"x": Float(0, 1), "n": Int(0, 3)}), loss, state)
        assert len({record.params["x"] for record in study.trials}) > 10


@pytest.mark.parametrize("name", ["optuna", "hyperopt"])  # CMA-ES starts in the middle, as it should
def test_integers_and_choices_are_equally_likely_at_first(name: str) -> None:
    domains: dict[str, Domain] = {"n": Int(1, 4), "step": Int(3, 12, step=3), "c": Categorical(["a", "b", "c", "d"])}
    found: dict[str, Counter[Any]] = {key: Counter() for key in domains}
    for seed in range(60):
        sampler, history = PEERS[name].sampler(), list[FrozenTrial]()
        for number in range(5):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
            history.append(FrozenTrial(sampler.suggest(domains, history, rng), 0.0))
            for key, value in history[-1].params.items():
                found[key][value] += 1
    for key, domain in domains.items():
        assert min(found[key][value] for value in domain.values()) > 45, key  # of 75; half as likely were 50 of 100, 43


@every_peer
def test_they_beat_random_search_on_the_sphere(name: str) -> None:
    def regret(contestant: str, seed: int) -> float:
        run = Run("sphere", Contestant(contestant, contestant), seed, 60)
        return min(float(trial["loss"]) for trial in search(run))

    theirs, random = (np.median([regret(c, seed) for seed in range(5)]) for c in (name, "random"))
    assert theirs < 0.6 * random
