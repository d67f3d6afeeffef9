"""A worker that dies blocks nobody, and what it had under way is given up, tried again, or run again: as was agreed."""

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plain_values import outline
from storage_workers import (
    CONTEXT,
    PATIENCE,
    Dies,
    Waits,
    at_work,
    bowl,
    everything,
    optimize,
    run,
    wait_for,
    wait_until,
)

from tpe_reference import CmaEsSampler, RandomSampler, Sampler, Study, TPESampler, Trial, create_study, load_study

# What is said of lost workers is checked where that is the point.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]

KILLED = -signal.SIGKILL
SHORT = 1.0  # seconds of a lease


def go_on_until_given_up(study: Study, number: int) -> None:
    """Search, a trial at a time, until the lease of a trial has expired and somebody has noticed."""

    def is_given_up() -> bool:
        study.optimize(bowl, n_trials=1)
        return bool(study.trials[number].state == "failed")

    wait_until(is_given_up, f"trial {number} is given up")


def test_the_trial_of_a_lost_worker_is_failed_and_nobody_waits(storage_url: str, tmp_path: Path) -> None:
    study = create_study(storage=storage_url, study_name="s", lease=SHORT, sampler=RandomSampler())
    run(optimize, storage_url, {"study_name": "s"}, Dies(tmp_path, [2]), {"n_trials": 5}, code=KILLED)
    assert [str(trial.state) for trial in study.trials] == ["complete", "complete", "running"]
    go_on_until_given_up(study, 2)
    lost = study.trials[2]
    assert lost.error is not None
    assert "its worker was lost" in lost.error
    assert lost.value is None
    assert lost.params.keys() == {"x", "y"}, "what it was to try is kept"
    assert {trial.state for trial in study.trials if trial.number != 2} == {"complete"}
    assert "retry_of" not in {key for trial in study.trials for key in trial.user_attrs}


def test_a_slow_worker_is_not_lost(storage_url: str, tmp_path: Path) -> None:
    study = create_study(storage=storage_url, study_name="s", lease=SHORT, sampler=RandomSampler())
    job = (storage_url, {"study_name": "s"}, Waits(tmp_path), {"n_trials": 1})
    with at_work(optimize, [job]) as slow:
        wait_until((tmp_path / "started 0").exists, "the slow one is at work")
        # Another starts later and dies; when its lease has expired, that of the slow one would have as well.
        run(optimize, storage_url, {"study_name": "s"}, Dies(tmp_path, [1]), {"n_trials": 1}, code=KILLED)
        go_on_until_given_up(study, 1)
        assert study.trials[0].state == "running"
        (tmp_path / "go on").touch()
        wait_for(slow)
    assert study.trials[0].state == "complete"


def test_a_pool_whose_owner_dies(sqlite_url: str, tmp_path: Path) -> None:
    study = create_study(storage=sqlite_url, study_name="s", lease=SHORT, sampler=RandomSampler())
    job = (sqlite_url, {"study_name": "s"}, Waits(tmp_path), {"n_trials": 4, "n_jobs": 2})
    with at_work(optimize, [job]) as (owner,):
        wait_until(lambda: len(list(tmp_path.glob("started *"))) == 2, "both are at work")
        owner.kill()
        wait_for([owner], KILLED)
    go_on_until_given_up(study, 0)
    go_on_until_given_up(study, 1)
    assert [str(trial.state) for trial in study.trials[:2]] == ["failed", "failed"]


def test_a_process_of_a_pool_that_dies_is_replaced_as_ever(sqlite_url: str, tmp_path: Path) -> None:
    create_study(storage=sqlite_url, study_name="s", sampler=RandomSampler(), seed=3)
    run(optimize, sqlite_url, {"study_name": "s"}, Dies(tmp_path, [1]), {"n_trials": 4, "n_jobs": 2})
    assert [str(trial.state) for trial in load_study(storage=sqlite_url).trials] == ["complete"] * 4


# ---- tried again -----------------------------------------------------------------------------------------------------


def test_with_retry_a_lost_trial_is_tried_again_with_its_parameters(storage_url: str, tmp_path: Path) -> None:
    study = create_study(storage=storage_url, study_name="s", lease=SHORT, retry=1, seed=1)
    run(optimize, storage_url, {"study_name": "s"}, Dies(tmp_path, [2]), {"n_trials": 5}, code=KILLED)
    go_on_until_given_up(study, 2)
    study.optimize(bowl, n_trials=2)
    lost = study.trials[2]
    again = [trial for trial in study.trials if trial.user_attrs.get("retry_of") == 2]
    assert len(again) == 1
    assert (again[0].state, again[0].params) == ("complete", lost.params)
    assert lost.state == "failed"


def take_one_and_die_of_the_first(url: str) -> None:
    study = load_study(storage=url)
    trial = study.ask()
    value = bowl(trial)
    if trial.number == 0 or "retry_of" in trial.user_attrs:
        os.kill(os.getpid(), signal.SIGKILL)
    study.tell(trial, value)


def test_a_trial_that_kills_everybody_is_retried_so_often_and_no_more(postgresql_url: str) -> None:
    study = create_study(storage=postgresql_url, study_name="s", lease=SHORT, retry=2, seed=1, sampler=RandomSampler())

    def try_one() -> int:
        with at_work(take_one_and_die_of_the_first, [(postgresql_url,)]) as (process,):
            process.join(PATIENCE)
        return len([trial for trial in study.trials if trial.state == "failed"])

    wait_until(lambda: try_one() == 3, "the trial and its two repetitions have failed")
    before = len(study.trials)
    for _ in range(3):
        run(take_one_and_die_of_the_first, postgresql_url)
    assert len(study.trials) == before + 3
    killers = [trial for trial in study.trials if trial.state == "failed"]
    assert len(killers) == 3
    assert killers[0].params == killers[1].params == killers[2].params
    assert ["retry_of" in trial.user_attrs for trial in killers] == [False, True, True]


# ---- run again -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [TPESampler, lambda: CmaEsSampler(popsize=4)], ids=["tpe", "cma-es"])
def test_in_a_reproducible_study_a_lost_trial_runs_again_under_its_number(
    storage_url: str, tmp_path: Path, make: Callable[[], Sampler]
) -> None:
    settings: dict[str, Any] = {"seed": 5, "direction": "minimize"}
    alone = create_study(sampler=make(), **settings)
    alone.optimize(bowl, n_trials=16, reproducible=True)
    create_study(storage=storage_url, study_name="s", sampler=make(), lease=SHORT, **settings)
    limits = {"until": 16, "reproducible": True}
    run(optimize, storage_url, {"study_name": "s"}, Dies(tmp_path, [6]), limits, code=KILLED)
    run(optimize, storage_url, {"study_name": "s"}, Dies(tmp_path, [6]), limits)
    assert outline(load_study(storage=storage_url)) == outline(alone)


def test_several_reproducible_workers_one_of_them_lost_give_the_undisturbed_trials(
    storage_url: str, tmp_path: Path
) -> None:
    alone = create_study(seed=2, sampler=TPESampler(n_startup_trials=4))
    alone.optimize(bowl, n_trials=24, n_jobs=3, reproducible=True)
    study = create_study(
        storage=storage_url, study_name="s", seed=2, sampler=TPESampler(n_startup_trials=4), lease=SHORT
    )
    job = (storage_url, {"study_name": "s"}, Dies(tmp_path, [9]), {"until": 24, "reproducible": 3})
    with at_work(optimize, [job] * 3) as processes:
        for process in processes:
            process.join(PATIENCE)
        assert sorted(process.exitcode or 0 for process in processes) == [KILLED, 0, 0]
    assert outline(study) == outline(alone)


def test_several_reproducible_workers_with_a_space_that_they_discover(storage_url: str) -> None:
    alone = create_study(seed=4, sampler=TPESampler(n_startup_trials=4))
    alone.optimize(everything, n_trials=30, n_jobs=2, reproducible=True)
    study = create_study(storage=storage_url, study_name="s", seed=4, sampler=TPESampler(n_startup_trials=4))
    job = (storage_url, {"study_name": "s"}, everything, {"until": 30, "reproducible": 2})
    with at_work(optimize, [job] * 2) as processes:
        wait_for(processes)
    assert outline(study) == outline(alone)


# ---- the algorithm goes on -------------------------------------------------------------------------------------------


def test_cma_es_goes_on_after_a_lost_worker(storage_url: str, tmp_path: Path) -> None:
    study = create_study(
        storage=storage_url, study_name="s", sampler=CmaEsSampler(popsize=6), lease=SHORT, seed=1, direction="maximize"
    )
    run(optimize, storage_url, {"study_name": "s"}, Dies(tmp_path, [3]), {"n_trials": 9}, code=KILLED)
    go_on_until_given_up(study, 3)
    study.optimize(lambda trial: -bowl(trial), n_trials=120)
    late = [trial.value for trial in study.trials[-20:] if trial.value is not None]
    assert sum(late) / len(late) > -1, "it has found the place; as long as it waits for a generation it is -17"


# ---- the dead come back ----------------------------------------------------------------------------------------------


def test_whoever_was_given_up_and_comes_back_does_not_lose_its_result(storage_url: str, tmp_path: Path) -> None:
    study = create_study(storage=storage_url, study_name="s", lease=SHORT, sampler=RandomSampler())
    said = CONTEXT.Queue()
    with at_work(take_one_and_report_warnings, [(storage_url, tmp_path, said)]) as (sleeper,):
        wait_until((tmp_path / "started 0").exists, "it is at work")
        assert sleeper.pid is not None
        os.kill(sleeper.pid, signal.SIGSTOP)  # as a machine that is suspended
        go_on_until_given_up(study, 0)
        before = len(study.trials)
        (tmp_path / "go on").touch()
        os.kill(sleeper.pid, signal.SIGCONT)
        value, params, warned = said.get(timeout=PATIENCE)
        wait_for([sleeper])
    assert study.trials[0].state == "failed"
    assert study.trials[0].params == params
    (late,) = study.trials[before:]
    assert (late.state, late.value, late.params) == ("complete", value, params)
    assert len(warned) == 1
    assert "trial 0" in warned[0]
    assert math.isfinite(value)


def take_one_and_report_warnings(url: str, folder: Path, said: Any) -> None:
    import warnings

    study = load_study(storage=url)
    trial: Trial = study.ask()
    value = Waits(folder)(trial)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        study.tell(trial, value)
    said.put((value, trial.params, [str(warning.message) for warning in caught]))
