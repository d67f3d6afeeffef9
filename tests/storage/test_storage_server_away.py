"""A server that goes away and comes back: nothing is lost, nothing is there twice, nobody has to be told."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cutting_proxy import proxy_to
from plain_values import outline
from storage_workers import (
    PATIENCE,
    Waits,
    at_work,
    bowl,
    check_receipts,
    optimize,
    optimize_with_receipts,
    receipts,
    wait_for,
    wait_until,
)

from tpe_reference import Float, RandomSampler, TPESampler, create_study, load_study
from tpe_reference.compare.postgres import Server

# What is said of a server that is away is checked where that is the point.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@contextmanager
def away(server: Server, times: int) -> Iterator[None]:
    """Stop the server until it has been called in vain so often."""
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)) as deaf:
        yield
        for _ in range(times):
            deaf.settimeout(PATIENCE)
            deaf.accept()[0].close()
    server.start()


def are_all_at_work(folder: Path, n_trials: int) -> bool:
    return len(list(folder.glob("*.jsonl"))) == 3 and len(receipts(folder)) > n_trials


@pytest.mark.slow
def test_workers_go_on_when_the_server_is_back(postgres: Server, postgresql_url: str, tmp_path: Path) -> None:
    study = create_study(storage=postgresql_url, study_name="s", sampler=RandomSampler())
    job = (postgresql_url, {"study_name": "s"}, bowl, {"until": 150}, tmp_path)
    with at_work(optimize_with_receipts, [job] * 3) as processes:
        for n, end in enumerate((postgres.stop, postgres.kill, postgres.stop)):
            wait_until(lambda n=n: are_all_at_work(tmp_path, 15 * (n + 1)), "they are in the middle")  # type: ignore[misc]
            end()
            postgres.start()
        wait_until(lambda: are_all_at_work(tmp_path, 60), "they are in the middle")
        with away(postgres, times=9):
            pass
        wait_for(processes)
    check_receipts(study, tmp_path)
    assert [trial.number for trial in study.trials] == list(range(150))
    assert [trial.state for trial in study.trials] == ["complete"] * 150
    assert len(receipts(tmp_path)) == 150


def test_what_was_computed_while_the_server_was_away_is_kept(
    postgres: Server, postgresql_url: str, tmp_path: Path
) -> None:
    study = create_study(storage=postgresql_url, study_name="s", sampler=RandomSampler(), lease=1.0)
    job = (postgresql_url, {"study_name": "s"}, Waits(tmp_path), {"n_trials": 1})
    with at_work(optimize, [job] * 2) as processes:
        wait_until(lambda: len(list(tmp_path.glob("started *"))) == 2, "both are at work")
        with away(postgres, times=4):
            (tmp_path / "go on").touch()
        wait_for(processes)
    complete = [trial for trial in study.trials if trial.state == "complete"]
    assert len(complete) == 2, "also when the lease was over first"
    assert complete[0].params != complete[1].params


def in_background(function: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Call a function in a thread; return that, and where what it returns will be, or the error."""
    results: list[Any] = []

    def call() -> None:
        try:
            results.append(function())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    return thread, results


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "ask": lambda study: study.ask({"x": Float(0, 1)}).number,
    "tell": lambda study: study.tell(0, 0.5).value,
    "read": lambda study: study.trials[0].number,
    "enqueue": lambda study: study.enqueue_trial({"x": 0.5}),
    "note": lambda study: study.set_user_attr("a", 1),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_waits_for_the_server_and_says_so_once(
    postgres: Server, postgresql_url: str, operation: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    study = create_study(storage=postgresql_url, study_name="s", seed=1)
    study.ask({"x": Float(0, 1)})
    with away(postgres, times=3):
        thread, results = in_background(lambda: operation(study))
    thread.join(PATIENCE)
    (result,) = results
    assert not isinstance(result, Exception), result
    # Studies of earlier tests, on databases of their own, may be waiting for the same server.
    address: str = getattr(study, "_store").address  # noqa: B009  # only a shared study has one
    messages = [message for message in caplog.messages if address in message]
    assert len(messages) == 2, "one line when it went away, one when it is back"
    assert "127.0.0.1" in address
    again = load_study(storage=postgresql_url)
    assert [trial.value for trial in again.trials][:1] == ([0.5] if result == 0.5 else [None])
    assert len(again.trials) == (2 if result == 1 else 1)


def test_the_first_connection_is_not_repeated(postgres: Server, postgresql_url: str) -> None:
    postgres.stop()
    for call in (create_study, load_study):
        with pytest.raises(ConnectionError, match=r"127\.0\.0\.1"):
            call(storage=postgresql_url)


@pytest.mark.slow
def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_made_twice(postgresql_url: str) -> None:
    alone = create_study(seed=1, sampler=TPESampler(n_startup_trials=2))
    alone.optimize(bowl, n_trials=3)
    alone.enqueue_trial({"x": 1.0})
    alone.set_user_attr("a", 1)
    n_commits, cut_after = 1, 1
    while cut_after <= n_commits:  # each commit of the whole search is cut off once
        with proxy_to(postgresql_url) as proxy:
            study = create_study(
                storage=proxy.url, study_name=f"cut {cut_after}", seed=1, sampler=TPESampler(n_startup_trials=2)
            )
            before = proxy.n_commits
            proxy.cut_after = before + cut_after
            study.optimize(bowl, n_trials=3)
            study.enqueue_trial({"x": 1.0})
            study.set_user_attr("a", 1)
            n_commits = proxy.n_commits - before
            assert proxy.n_cut >= (cut_after <= n_commits)
        kept = load_study(storage=postgresql_url, study_name=f"cut {cut_after}")
        assert outline(kept) == outline(alone), f"after the answer to commit {cut_after} was lost"
        assert kept.user_attrs == {"a": 1}
        assert [kept.ask().suggest_float("x", -5, 5) == 1.0 for _ in range(2)] == [True, False], "enqueued once"
        cut_after += 1
    assert n_commits >= 6, "an ask and a tell for each, at least"
