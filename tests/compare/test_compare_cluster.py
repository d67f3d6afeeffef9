"""A comparison on a dask cluster of two worker processes on loopback, started in another folder than the command."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason='dask is not installed: pip install "tpe-reference[dask]"')
pytestmark = pytest.mark.slow  # a scheduler and its workers take long to come up

SAMPLER = """
class Mine:
    def suggest(self, space, history, rng):
        return {name: domain.from_unit(rng.random()) for name, domain in space.items()}
"""
SMALL = ["--problems", "sphere", "branin", "--samplers", "random", "tpe", "--trials", "12", "--seeds", "3"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def outcome(out: str) -> list[list[str]]:
    """All trials of a comparison, without the times."""
    with open(f"{out}/trials.csv", newline="", encoding="utf-8") as file:
        return [[value for key, value in row.items() if "seconds" not in key] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a cluster, and the folder of its workers."""
    folder = tmp_path_factory.mktemp("cluster")
    dask = [sys.executable, "-m", "dask"]
    file = ["--scheduler-file", str(folder / "scheduler.json"), "--no-dashboard"]
    commands = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *file],
        [*dask, "worker", "--nworkers", "2", "--nthreads", "1", *file],
    ]
    processes = []
    with open(folder / "log", "w") as log:
        try:
            for command in commands:
                processes.append(subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log))
                while not (folder / "scheduler.json").exists():
                    assert processes[0].poll() is None, (folder / "log").read_text()
                    time.sleep(0.05)
            while (folder / "log").read_text().count("Registered to") < 2:
                assert processes[1].poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
            text = (folder / "scheduler.json").read_text()
            yield "dask://" + text.split('"tcp://')[1].split('"')[0], folder
        finally:
            for process in reversed(processes):
                process.terminate()  # a worker's nanny ends its process
                process.wait(60)


def compare(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tpe_reference", "compare", *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.py").write_text(SAMPLER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_on_a_cluster_the_files_are_those_of_a_comparison_here(there: tuple[str, Path], folder: Path) -> None:
    done = compare(folder, *SMALL, "--executor", there[0], "--out", "cluster")
    assert done.returncode == 0, done.stderr
    assert "12 runs, 2 at once on the cluster" in done.stdout
    assert compare(folder, *SMALL, "--jobs", "2", "--out", "here").returncode == 0
    names = [{str(file.relative_to(out)) for file in Path(out).rglob("*")} for out in ("cluster", "here")]
    assert names[0] == names[1]
    assert len(outcome("here")) == 2 * 2 * 3 * 12
    assert outcome("cluster") == outcome("here")


def test_a_file_that_the_workers_have_not_or_have_otherwise_is_named(there: tuple[str, Path], folder: Path) -> None:
    asked = [*SMALL, "--sampler", "mine.py:Mine", "--executor", there[0], "--out"]
    missing = compare(folder, *asked, "missing")
    assert missing.returncode == 1
    assert f"{there[1] / 'mine.py'}: there is no such file" in missing.stderr
    assert "Traceback" not in missing.stderr
    assert f"--out missing --resume --executor {there[0]}" in missing.stderr
    (there[1] / "mine.py").write_text(SAMPLER)
    same = compare(folder, "--out", "missing", "--resume", "--executor", there[0])
    assert same.returncode == 0, same.stderr
    (folder / "mine.py").write_text(SAMPLER + "# another version\n")
    other = compare(folder, *asked, "other")
    assert other.returncode == 1
    assert "a worker of the cluster has other code" in other.stderr


def test_what_is_wrong_with_an_address_is_said_before_anything_is_written(folder: Path) -> None:
    for address, message in (
        ("tcp://127.0.0.1:8786", "is no address; write dask://host:port"),
        ("dask://127.0.0.1:1", "there is no dask scheduler that answers"),
    ):
        done = compare(folder, *SMALL, "--executor", address, "--out", "nowhere")
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not Path("nowhere").exists()
