"""What becomes of a trial whose worker gives no sign of life, seen from the other workers and from itself.

Here a lease runs out because the test says so in the table; processes that are really killed are elsewhere.
"""

import gc
import math
import multiprocessing
import os
import pickle
import random
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tpe_reference import (
    CmaEsSampler,
    Float,
    RandomSampler,
    Study,
    TPESampler,
    Trial,
    TrialPruned,
    create_study,
    delete_study,
    load_study,
)
from tpe_reference.exceptions import StudyNotFoundError
from tpe_reference.samplers import Sampler

storage = pytest.importorskip("tpe_reference.storage", reason='needs the extra "storage"', exc_type=ImportError)
SPACE = {"x": Float(0, 1)}


def two_workers(url: str, **settings: Any) -> tuple[Any, Any]:
    one = create_study(storage=url, study_name="s", seed=7, **settings)
    return one, load_study(study_name="s", storage=url)


def lose(study: Any) -> None:
    """Let the leases of all running trials run out, and everybody notice at the next occasion."""
    update = storage.sa.update(storage.trials).where(storage.trials.c.state == "running")
    study._store.run(lambda connection, again: connection.execute(update.values(lease_until=0.0)))
    study._look_at = -math.inf


def objective(trial: Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    if trial.suggest_categorical("k", ["a", "b"]) == "a":
        x += trial.suggest_int("n", 1, 5)  # found as it runs: drawn by the trial's own generator
    for step in range(3):
        trial.report(x * x + step, step)
        if trial.should_prune():
            raise TrialPruned
    return x * x


def outline(study: Study) -> list[Any]:
    return [(t.number, t.state, t.value, t.params, t.distributions, t.intermediate_values) for t in study.trials]


def test_a_lost_trial_is_failed_by_whoever_starts_the_next(storage_url: str) -> None:
    one, two = two_workers(storage_url)
    lost = one.ask(SPACE)
    assert two.ask(SPACE).number == 1
    assert two.trials[0].state == "running"
    lose(two)
    two.ask(SPACE)
    record = two.trials[0]
    assert (record.state, record.params) == ("failed", lost.params)
    assert record.error == "its worker was lost: no sign of life for 60 s"
    assert outline(one) == outline(two)
    assert one._contents().queue == []


def test_a_worker_that_is_new_gives_up_nobody_while_the_server_has_just_come_back(postgres: Any) -> None:
    one, two = two_workers(postgres.new_database(), lease=3600.0)
    one.ask(SPACE)
    two._refresh()
    just_now = storage.sa.update(storage.trials).values(lease_until=two._store.clock() - 1.0)
    two._store.run(lambda connection, again: connection.execute(just_now))
    two.ask(SPACE)
    assert two.trials[0].state == "running"  # the server is up for less than an hour
    lose(two)
    two.ask(SPACE)
    assert two.trials[0].state == "failed"


def test_a_worker_does_not_give_up_its_own_trials_and_without_a_lease_nobody_does(storage_url: str) -> None:
    one = create_study(storage=storage_url, study_name="s")
    trial = one.ask(SPACE)
    lose(one)
    one.ask(SPACE)
    assert one.tell(trial, 1.0).number == 0
    patient = create_study(storage=storage_url, study_name="patient", lease=None)
    patient.ask(SPACE)
    other: Any = load_study(study_name="patient", storage=storage_url)
    other.ask(SPACE)
    other._look_at = -math.inf
    other.ask(SPACE)
    assert other.tell(0, 2.0).state == "complete"


def test_a_lease_may_be_longer_than_threads_can_wait(sqlite_url: str) -> None:
    study = create_study(storage=sqlite_url, study_name="s", lease=1e300)
    others = set(threading.enumerate())
    study.ask(SPACE)
    (renews_leases,) = set(threading.enumerate()) - others
    renews_leases.join(0.05)
    assert renews_leases.is_alive()


def test_the_parameters_of_a_lost_trial_are_tried_again_as_often_as_was_asked_for(storage_url: str) -> None:
    one, two = two_workers(storage_url, retry=2)
    first = one.ask(SPACE)
    first.set_user_attr("note", "of the first")
    for number in range(3):
        lose(two)
        three: Any = load_study(study_name="s", storage=storage_url)
        again = three.ask(SPACE)  # gives up the trial before
        lose(three)
        assert again.number == number + 1
        if number < 2:
            assert again.params == first.params
            assert again.user_attrs == {"note": "of the first", "retry_of": number}
        else:
            assert again.user_attrs == {}
    assert [t.state for t in two.trials] == ["failed", "failed", "failed", "running"]


def test_a_parameter_found_as_the_trial_ran_is_tried_again_too(storage_url: str) -> None:
    one, two = two_workers(storage_url, retry=1)
    trial = one.ask()
    x, k = trial.suggest_float("x", -5, 5), trial.suggest_categorical("k", ["a", "b", "c"])
    two.ask()
    lose(two)
    again = two.ask()
    assert (again.suggest_float("x", -5, 5), again.suggest_categorical("k", ["a", "b", "c"])) == (x, k)


@pytest.mark.parametrize("retry", [0, 1])
def test_the_result_of_a_trial_that_was_given_up_is_kept_as_another_trial(storage_url: str, retry: int) -> None:
    one, two = two_workers(storage_url, retry=retry)
    trial = one.ask(SPACE)
    two.ask(SPACE)
    lose(two)
    two._ask(SPACE, None, lambda number: False)  # only looks
    assert len(two._contents().queue) == retry
    assert two.trials[0].state == "failed"
    trial.report(3.0, 1)  # its objective notices nothing
    assert not trial.should_prune()
    with pytest.warns(UserWarning, match=r"trial 0 had been given up.*as trial 2.*longer lease") as caught:
        record = one.tell(trial, 0.25)
    assert caught[0].filename == __file__
    assert (record.number, record.value, record.params) == (2, 0.25, trial.params)
    assert record.intermediate_values == {1: 3.0}
    assert one.best_trial == two.best_trial == record
    assert two._contents().queue == []  # it need not be tried again
    with pytest.raises(ValueError, match="trial 0 is finished already"):
        two.tell(0, 1.0)
    assert [t.state for t in one.trials] == ["failed", "running", "complete"]


def test_a_given_up_trial_that_fails_after_all_leaves_nothing(storage_url: str) -> None:
    one, two = two_workers(storage_url)
    trial = one.ask(SPACE)
    two.ask(SPACE)
    lose(two)
    two.ask(SPACE)
    one.tell(trial, state="failed")
    assert [t.state for t in one.trials] == ["failed", "running", "running"]


@pytest.mark.parametrize("make", [TPESampler, CmaEsSampler])
@pytest.mark.parametrize("lag", [1, 3])
def test_in_a_reproducible_run_a_lost_trial_is_run_again_under_its_number(
    storage_url: str, make: Any, lag: int
) -> None:
    sampler: Sampler = make()
    one, two = two_workers(storage_url, sampler=sampler)
    one.optimize(objective, n_trials=12, reproducible=lag)
    begun = one._ask(None, lag)
    begun.suggest_float("x", -5, 5)
    lose(two)
    two.optimize(objective, until=20, reproducible=lag)
    alone = create_study(sampler=make(), seed=7)
    alone.optimize(objective, n_trials=20, n_jobs=lag, reproducible=True)
    assert outline(two) == outline(one) == outline(alone)
    # The first worker comes back: its result is the one that is there, and nobody is bothered.
    assert one.tell(begun, 123.0).value == alone.trials[12].value
    assert len(one.trials) == 20


def test_the_first_worker_of_a_taken_over_trial_may_tell_it_first(storage_url: str) -> None:
    one, two = two_workers(storage_url)
    one._set_lag(2)
    begun = one._ask(SPACE, 2)
    lose(two)
    two._refresh()
    again = two._ask(SPACE, 2)
    assert again.params == begun.params
    first = one.tell(begun, 0.5)
    assert two.tell(again, 0.5) == first == two.trials[0]
    assert len(one.trials) == 1


def test_a_reproducible_run_does_not_wait_for_a_trial_that_was_forgotten_here(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s")
    study.ask()
    with pytest.raises(RuntimeError, match=r"trial 0 is open that this run did not ask for; finish it first"):
        study.optimize(objective, n_trials=2, reproducible=True)
    study.tell(0, state="failed")
    study.optimize(objective, until=3, reproducible=True)
    assert [t.state for t in study.trials] == ["failed", "complete", "complete"]


def test_a_trial_that_somebody_ends_elsewhere_does_not_end_the_search(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s")

    def ended_elsewhere(trial: Trial) -> float:
        if trial.number == 1:
            load_study(study_name="s", storage=storage_url).tell(1, state="failed")
        return trial.suggest_float("x", 0, 1) if trial.number != 1 else 0.5

    with pytest.warns(UserWarning, match=r"trial 1 is finished already \(failed\).*; 0.5 is not kept"):
        study.optimize(ended_elsewhere, n_trials=3)
    assert [t.state for t in study.trials] == ["complete", "failed", "complete"]


@pytest.mark.parametrize("lag", [1, 2])
def test_what_costs_two_workers_is_not_run_a_third_time(storage_url: str, lag: int) -> None:
    one, two = two_workers(storage_url)
    one._set_lag(lag)
    one._ask(SPACE, lag)
    lose(two)
    two._refresh()
    assert two._ask(SPACE, lag).number == 0
    three: Any = load_study(study_name="s", storage=storage_url)
    lose(three)
    assert three._ask(SPACE, lag).number == 1
    assert three.trials[0].error.startswith("its worker was lost")


def test_a_generation_of_cma_es_goes_on_when_a_lost_trial_has_been_failed(storage_url: str) -> None:
    sampler = CmaEsSampler(popsize=4)
    one, two = two_workers(storage_url, sampler=sampler)
    space = {"x": Float(-1, 1), "y": Float(-1, 1)}
    one.ask(space)  # and never told
    two._refresh()
    for _ in range(8):
        two.tell(two.ask(space), 1.0)
    assert len(sampler.explain(space, two._history, two._rng_of(9))) == 1  # still the first generation
    lose(two)
    two.tell(two.ask(space), 1.0)
    assert len(sampler.explain(space, two._history, two._rng_of(9))) > 1


def test_a_study_of_the_same_name_is_not_the_one_that_was_deleted(storage_url: str) -> None:
    old, _ = two_workers(storage_url)
    trial = old.ask(SPACE)
    delete_study(study_name="s", storage=storage_url)
    new = create_study(storage=storage_url, study_name="s")
    actions: list[Callable[[], Any]] = [lambda: old.tell(trial, 1.0), lambda: old.ask(SPACE), lambda: old.trials]
    for action in actions:
        with pytest.raises(StudyNotFoundError, match="the study 's' was deleted"):
            action()
    assert new.trials == []


def _ask_in_child(study: Study, pipe: Any) -> None:
    trial = study.ask(SPACE)
    study.tell(trial, 0.5)
    pipe.send((trial.number, [str(t.state) for t in study.trials]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_is_a_worker_of_its_own(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s")
    trial = study.ask(SPACE)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_ask_in_child, args=(study, there))
    child.start()
    assert here.recv() == (1, ["running", "complete"])
    child.join()
    assert study.tell(trial, 1.0).number == 0
    assert [t.value for t in study.trials] == [1.0, 0.5]


def _work_in_two_parts(study: Study, pipe: Any) -> None:
    for _ in range(2):
        pipe.recv()
        study.tell(study.ask(SPACE), 0.5)
        pipe.send("told")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_a_forked_process_tells_is_kept_though_all_others_have_closed_the_file(sqlite_url: str) -> None:
    study: Any = create_study(storage=sqlite_url, study_name="s", sampler=RandomSampler())
    study.tell(study.ask(SPACE), 1.0)  # the file is open
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_work_in_two_parts, args=(study, there))
    child.start()
    study = None
    for n_told in (2, 3):
        here.send("go on")
        here.recv()
        gc.collect()  # whoever closes the file for the last time deletes its log
        assert len(load_study(study_name="s", storage=sqlite_url).trials) == n_told
    child.join()
    gc.collect()
    assert [t.value for t in load_study(study_name="s", storage=sqlite_url).trials] == [1.0, 0.5, 0.5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forks_when_no_thread_has_the_file_locked(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study: Any = create_study(storage=sqlite_url, study_name="s", sampler=RandomSampler())
    is_locked, is_forked = threading.Event(), threading.Event()

    def work(connection: Any, is_again: bool) -> None:
        is_locked.set()
        is_forked.wait(0.2)

    thread = threading.Thread(target=study._store.run, args=(work,))
    thread.start()
    is_locked.wait()
    monkeypatch.setattr(storage, "BUSY", 0.1)
    monkeypatch.setattr(storage, "PATIENCE", 0.0)
    _, pipe = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_ask_in_child, args=(study, pipe))
    child.start()  # it would inherit the lock, and nobody who lets go of it
    is_forked.set()
    child.join()
    assert child.exitcode == 0
    thread.join()


def test_a_pickled_study_opens_the_storage_again(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s", sampler=CmaEsSampler(popsize=5))
    again = pickle.loads(pickle.dumps(study))
    again.tell(again.ask(SPACE), 1.0)
    assert study.trials == again.trials
    assert again.sampler.popsize == 5


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_ctrl_c_at_any_moment_leaves_no_trial_running_and_no_mirror_wrong(sqlite_url: str) -> None:
    """Most of the time of such a search goes into the database: there the interrupts hit."""

    def press(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    moments, before = random.Random(1), signal.signal(signal.SIGALRM, press)
    study = create_study(storage=sqlite_url, study_name="s", sampler=RandomSampler())
    try:
        for _ in range(20):
            signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.002, 0.03))
            with pytest.raises(KeyboardInterrupt):
                study.optimize(lambda trial: trial.suggest_float("x", 0, 1))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert {t.state for t in study.trials} <= {"complete", "failed"}
    assert study.trials == load_study(study_name="s", storage=sqlite_url).trials
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert [t.number for t in study.trials] == list(range(len(study.trials)))


def test_a_result_is_told_though_ctrl_c_came_while_the_server_was_away(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study: Any = create_study(storage=sqlite_url, study_name="s")
    keep = study._keep
    interrupts = [KeyboardInterrupt()]

    def interrupted_once(*arguments: Any) -> Any:
        if interrupts:
            raise interrupts.pop()
        return keep(*arguments)

    monkeypatch.setattr(study, "_keep", interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    (record,) = load_study(study_name="s", storage=sqlite_url).trials
    assert (record.state, record.value) == ("complete", record.params["x"])


def test_an_enqueued_value_that_does_not_fit_keeps_nobody_from_the_study(storage_url: str) -> None:
    one, two = two_workers(storage_url)
    for _ in range(2):
        trial = one.ask()
        one.tell(trial, trial.suggest_float("x", 0, 1))
    one.enqueue_trial({"x": 7.0})
    one.ask()  # lost before it names x
    assert load_study(study_name="s", storage=storage_url).trials[2].params == {"x": 7.0}
    two._refresh()
    lose(two)
    two.ask()
    assert [t.state for t in two.trials] == ["complete", "complete", "failed", "running"]


def test_who_tells_the_trial_of_another_worker_keeps_all_that_it_had_told(storage_url: str) -> None:
    one, two = two_workers(storage_url)
    trial = one.ask()
    assert two.trials[0].params == {}
    x = trial.suggest_float("x", 0, 1)
    trial.set_user_attr("model", "m1")
    trial.report(0.7, 3)
    record = two.tell(0, state="pruned")
    assert (record.params, record.user_attrs, record.intermediate_values) == ({"x": x}, {"model": "m1"}, {3: 0.7})
    assert record.value == 0.7
    assert one.trials == two.trials == load_study(study_name="s", storage=storage_url).trials == [record]


def test_a_parameter_whose_domain_moved_is_known_to_all_as_it_is(storage_url: str) -> None:
    one, two = two_workers(storage_url)
    one.tell(one.ask(SPACE), 0.0)
    trial = one.ask()
    with pytest.warns(UserWarning, match="searched by itself"):
        x = trial.suggest_float("x", 5, 6)
    assert two.trials[1].params == {"x": x}


def test_an_attribute_that_cannot_be_stored_takes_no_result_with_it(sqlite_url: str) -> None:
    def objective_with_a_set(trial: Trial) -> float:
        trial.set_user_attr("set", {1, 2})
        trial.set_user_attr("text", "kept")
        return float(trial.number)

    study = create_study(storage=sqlite_url, study_name="s")
    with pytest.warns(UserWarning, match=r"user_attrs.set is of the type set, .*; it is not kept") as caught:
        study.optimize(objective_with_a_set, n_trials=4, executor=ThreadPoolExecutor(2))
    assert {warning.filename for warning in caught} == {__file__}
    assert [(t.value, t.user_attrs) for t in study.trials] == [(float(n), {"text": "kept"}) for n in range(4)]
    assert study.trials == load_study(study_name="s", storage=sqlite_url).trials


def test_a_repr_neither_waits_for_a_server_nor_fails(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study: Any = create_study(storage=sqlite_url, study_name="s")
    study.tell(study.ask(SPACE), 0.5)

    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(study._store, "run", away)
    assert repr(study) == "<Study: 's', minimize, 1 trial (1 complete), best value 0.5 in trial 0>"
