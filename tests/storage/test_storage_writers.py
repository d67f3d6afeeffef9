"""Many processes write into one study: numbers, limits and results are exact, whoever is faster."""

import multiprocessing.synchronize
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from storage_workers import (
    CONTEXT,
    at_work,
    bowl,
    check_receipts,
    optimize,
    optimize_with_receipts,
    receipts,
    wait_for,
)

from tpe_reference import (
    Float,
    GridSampler,
    Int,
    RandomSampler,
    Sampler,
    SearchExhausted,
    TPESampler,
    create_study,
    load_study,
)


def many_write(url: str, folder: Path, n_processes: int, n_trials: int, sampler: Sampler) -> None:
    study = create_study(storage=url, study_name="many", sampler=sampler, seed=1)
    job = (url, {"study_name": "many"}, bowl, {"n_trials": n_trials}, folder)
    with at_work(optimize_with_receipts, [job] * n_processes) as processes:
        wait_for(processes)
    check_receipts(study, folder)
    assert [trial.number for trial in study.trials] == list(range(n_processes * n_trials))
    assert {trial.state for trial in study.trials} == {"complete"}
    assert len(receipts(folder)) == n_processes * n_trials
    assert study.best_value == min(value for _, value, _ in receipts(folder))


def test_numbers_are_consecutive_and_nothing_is_lost(storage_url: str, tmp_path: Path) -> None:
    many_write(storage_url, tmp_path, 4, 20, TPESampler(n_startup_trials=5))


@pytest.mark.slow
def test_sixteen_processes_write_a_hundred_trials_each(storage_url: str, tmp_path: Path) -> None:
    many_write(storage_url, tmp_path, 16, 100, RandomSampler())


def test_until_is_exact_whoever_runs_the_trials(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="u", sampler=RandomSampler())
    study.optimize(bowl, n_trials=3)
    job = (storage_url, {"study_name": "u"}, bowl, {"until": 40})
    with at_work(optimize, [job] * 6) as processes:
        study.optimize(bowl, until=40)
        wait_for(processes)
    assert [(trial.number, str(trial.state)) for trial in study.trials] == [(n, "complete") for n in range(40)]


def test_patience_and_target_count_what_others_have_found(storage_url: str) -> None:
    mine = create_study(storage=storage_url, study_name="p", sampler=RandomSampler(), seed=0)
    theirs = load_study(study_name="p", storage=storage_url)
    theirs.optimize(lambda trial: 1.0, n_trials=7)
    mine.optimize(lambda trial: 1.0, patience=10)
    assert len(mine.trials) == 11, "the first, which was the best, and ten without a better one"
    theirs.optimize(lambda trial: -3.0, n_trials=1)
    mine.optimize(bowl, target=-2.0, n_trials=9)
    assert len(mine.trials) == 12


def test_a_grid_is_handed_out_once_and_to_its_end(storage_url: str) -> None:
    grid = GridSampler({"x": Int(0, 4), "y": Int(0, 5)})
    study = create_study(storage=storage_url, study_name="grid", sampler=grid)
    with at_work(optimize, [(storage_url, {"study_name": "grid"}, grid_bowl, {})] * 4) as processes:
        wait_for(processes)
    points = Counter((trial.params["x"], trial.params["y"]) for trial in study.trials)
    assert points == Counter((x, y) for x in range(5) for y in range(6))
    with pytest.raises(SearchExhausted):
        study.ask()


def grid_bowl(trial: Any) -> float:
    return float(trial.suggest_int("x", 0, 4) + trial.suggest_int("y", 0, 5))


# ---- a trial is finished once ----------------------------------------------------------------------------------------


def tell(
    url: str, number: int, value: float, start: multiprocessing.synchronize.Barrier, told: Any, refused: Any
) -> None:
    study = load_study(storage=url)
    start.wait(60)
    try:
        study.tell(number, value)
        told.put(value)
    except ValueError as error:
        (refused if "finished already" in str(error) else told).put(value)


def test_of_many_who_tell_one_trial_one_is_heard(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="race")
    trial = study.ask({"x": Float(0, 1)})
    start, told, refused = CONTEXT.Barrier(6), CONTEXT.Queue(), CONTEXT.Queue()
    jobs = [(storage_url, trial.number, float(value), start, told, refused) for value in range(6)]
    with at_work(tell, jobs) as processes:
        heard = told.get(timeout=60)
        others = [refused.get(timeout=60) for _ in range(5)]
        wait_for(processes)
    assert sorted([heard, *others]) == [0, 1, 2, 3, 4, 5]
    (record,) = study.trials
    assert (record.state, record.value, record.params) == ("complete", heard, trial.params)
    with pytest.raises(ValueError, match="finished already"):
        study.tell(trial, 7.0)
    assert study.tell(trial, 7.0, skip_if_finished=True) == record


def test_of_many_threads_that_tell_one_trial_one_is_heard(storage_url: str) -> None:
    study = create_study(storage=storage_url)
    trials = [study.ask({"x": Float(0, 1)}) for _ in range(5)]

    def try_to_tell(value: float) -> int:
        heard = 0
        for trial in trials:
            with suppress(ValueError):
                study.tell(trial, value)
                heard += 1
        return heard

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(try_to_tell, range(4))) == len(trials)
    assert [str(trial.state) for trial in study.trials] == ["complete"] * len(trials)
    again = load_study(storage=storage_url)
    assert [(trial.value, trial.params) for trial in again.trials] == [(t.value, t.params) for t in study.trials]


def test_a_trial_of_another_handle_is_told_by_its_number(storage_url: str) -> None:
    mine = create_study(storage=storage_url, study_name="s")
    theirs = load_study(storage=storage_url)
    trial = mine.ask({"x": Float(0, 1)})
    with pytest.raises(ValueError, match="of another study, or a copy"):
        theirs.tell(trial, 1.0)
    theirs.tell(trial.number, 1.0)
    with pytest.raises(ValueError, match="finished already"):
        mine.tell(trial, 2.0)
    with pytest.raises(ValueError, match="has no trial 1"):
        theirs.tell(1, 1.0)
    assert [t.value for t in mine.trials] == [t.value for t in theirs.trials] == [1.0]
