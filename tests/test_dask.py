"""Searches on a real dask cluster: a scheduler and worker processes on loopback, one of which is killed.

Everything runs in a process of its own, which dask fills with threads and logs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason='dask is not installed: pip install "tpe-reference[dask]"')
pytestmark = pytest.mark.slow  # a scheduler and its workers take long to come up

SCRIPT = """
import json, os, signal, sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import tpe_reference

def objective(trial):
    return (trial.suggest_float("x", -5, 5) - 1) ** 2 + trial.suggest_int("n", 0, 3)

def search(**workers):
    study = tpe_reference.create_study(seed=0)
    study.optimize(workers.pop("objective", objective), n_trials=15, reproducible=True, **workers)
    return [(t.number, str(t.state), t.value, t.params) for t in study.trials]

def main():
    from distributed import Client, LocalCluster

    marks = Path(sys.argv[1])

    def dies(trial):  # a function within a function: dask sends it all the same
        if trial.number == 5 and not (marks / "died").exists():
            (marks / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return objective(trial)

    def always_dies(trial):
        if trial.number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    def counts(params):
        (marks / os.urandom(8).hex()).touch()
        return 0.0

    found = {}
    options = dict(n_workers=3, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None)
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        executor = client.get_executor()
        found["dask"] = search(executor=executor)
        found["killed"] = search(executor=executor, objective=dies)
        found["died"] = (marks / "died").exists()
        before = len(list(marks.iterdir()))
        study = tpe_reference.create_study(seed=0)
        study.optimize(counts, n_trials=8, space={"kind": ["only"]}, executor=executor)
        found["evaluated"] = len(list(marks.iterdir())) - before
        study = tpe_reference.create_study(seed=0)
        # One at a time: dask also gives up tasks that merely waited on the workers that died.
        for _ in range(4):
            client.wait_for_workers(3)
            study.optimize(always_dies, n_trials=1, executor=executor)
        found["states"], found["error"] = [str(t.state) for t in study.trials], study.trials[1].error
        client.wait_for_workers(3)  # dask cannot close a cluster while it starts a worker again
    found["processes"] = search(n_jobs=3)
    with ProcessPoolExecutor(3) as pool:
        found["pool"] = search(executor=pool)
    study = tpe_reference.create_study(seed=0)
    study.lag = 3
    study.optimize(objective, n_trials=15, reproducible=True)
    found["one"] = [(t.number, str(t.state), t.value, t.params) for t in study.trials]
    print(json.dumps(found))

if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of the script; its cluster ends with it, and is ended where it does not come to an end."""
    folder = tmp_path_factory.mktemp("dask")
    (folder / "script.py").write_text(SCRIPT)
    (folder / "marks").mkdir()
    done = subprocess.run(
        [sys.executable, str(folder / "script.py"), str(folder / "marks")],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("workers", ["dask", "pool", "processes"])
def test_a_reproducible_run_is_the_same_on_a_cluster_in_pools_and_with_one_worker(
    found: dict[str, Any], workers: str
) -> None:
    assert len(found["one"]) == 15
    assert found[workers] == found["one"]


def test_the_trial_of_a_killed_worker_runs_again_under_its_number(found: dict[str, Any]) -> None:
    assert found["died"]
    assert found["killed"] == found["one"]


def test_equal_parameters_are_evaluated_as_often_as_they_are_asked_for(found: dict[str, Any]) -> None:
    """Dask would make one call of all of them, and a noisy objective would have one value."""
    assert found["evaluated"] == 8


def test_a_trial_that_kills_all_its_workers_is_failed_and_no_other_suffers(found: dict[str, Any]) -> None:
    assert found["states"] == ["complete", "failed", "complete", "complete"]
    assert found["error"].startswith("KilledWorker: ")
