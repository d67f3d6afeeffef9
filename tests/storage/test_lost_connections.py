"""Connections that are lost at the worst of moments: whatever the moment, a shared study is as if none had been lost.

The faults are put where a transaction begins and ends. Among them is the commit of which no word comes back.
"""

import math
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tpe_reference import Domain, Float, Int, Study, create_study, load_study
from tpe_reference.trial import TrialRecord, create_trial

storage = pytest.importorskip("tpe_reference.storage", reason='needs the extra "storage"', exc_type=ImportError)
SPACE: dict[str, Domain] = {"x": Float(0, 1), "n": Int(1, 9)}


class LostError(Exception):
    """What a driver says of a connection that is gone."""


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The probability of a fault at each moment; a test sets them."""
    chances = {"before": 0.0, "undone": 0.0, "committed": 0.0}
    rng = random.Random(1)
    real = storage.Storage._transaction

    def strike(moment: str) -> None:
        if rng.random() < chances[moment]:
            lost = storage.sa.exc.OperationalError("", {}, LostError(f"lost: {moment}"))
            lost.connection_invalidated = True
            raise lost

    @contextmanager
    def transaction(self: Any, write: bool) -> Iterator[Any]:
        strike("before")
        with real(self, write) as connection:
            yield connection
            strike("undone")
        if write:
            strike("committed")

    monkeypatch.setattr(storage.Storage, "_transaction", transaction)
    monkeypatch.setattr(storage, "FIRST_PAUSE", 0.0)
    return chances


def outline(study: Study) -> list[Any]:
    # Which of its parameters a running trial has named already is known only where it runs.
    return [
        (t.number, t.state, t.value, t.params, t.intermediate_values, t.user_attrs, t.error)
        + ((t.distributions,) if t.state != "running" else ())
        for t in study.trials
    ]


class Script:
    """All that can be done to a study, in an order that a seed decides, now through one handle, now another."""

    def __init__(self, handles: list[Study], seed: int) -> None:
        self.handles, self.rng = handles, random.Random(seed)
        self.open: list[tuple[Study, Any]] = []

    def run(self) -> None:
        often = [self.ask, self.go_on, self.tell]
        for _ in range(60):
            action = self.rng.choice([*often, *often, *often, self.enqueue, self.add, self.note])
            action(self.rng.choice(self.handles))

    def ask(self, study: Study) -> None:
        self.open.append((study, study.ask(SPACE if self.rng.random() < 0.3 else None)))

    def go_on(self, study: Study) -> None:
        if not self.open:
            return
        trial = self.rng.choice(self.open)[1]
        trial.suggest_float("x", 0, 1)
        if self.rng.random() < 0.5:
            trial.suggest_int("n", 1, 9)
        if self.rng.random() < 0.5:
            trial.set_user_attr("seen", self.rng.random())
        step = self.rng.randrange(100)
        if step not in trial._curve:
            trial.report(self.rng.random(), step)
            trial.should_prune()

    def tell(self, study: Study) -> None:
        if not self.open:
            return
        owner, trial = self.open.pop(self.rng.randrange(len(self.open)))
        by_number = owner is not study and trial.params.keys() == SPACE.keys()
        state = self.rng.choice(["complete", "pruned", "failed"])
        value = None if state == "failed" else self.rng.random()
        if by_number:
            study.tell(trial.number, value, state)
        else:
            owner.tell(trial, value, state)

    def enqueue(self, study: Study) -> None:
        x = self.rng.choice([0.25, 0.5])
        study.enqueue_trial({"x": x}, {"why": "try"}, skip_if_exists=self.rng.random() < 0.5)

    def add(self, study: Study) -> None:
        params = {"x": self.rng.random(), "n": 3}
        record = create_trial(params=params, distributions=SPACE, value=1.0, intermediate_values={1: 2.0})
        study.add_trials([record, record])

    def note(self, study: Study) -> None:
        study.set_user_attr(self.rng.choice("ab"), self.rng.random())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("moment", ["none", "before", "undone", "committed", "any"])
def test_two_handles_with_lost_connections_are_one_study_in_memory(
    faults: dict[str, float], sqlite_url: str, seed: int, moment: str
) -> None:
    one = create_study(storage=sqlite_url, study_name="s", seed=seed)
    two = load_study(study_name="s", storage=sqlite_url)
    faults.update({key: 0.3 for key in faults if moment in (key, "any")})
    Script([one, two], seed).run()
    faults.update(dict.fromkeys(faults, 0.0))
    alone = create_study(seed=seed)
    Script([alone, alone], seed).run()
    assert outline(one) == outline(two) == outline(alone)
    assert one.user_attrs == two.user_attrs == alone.user_attrs
    assert one._contents().queue == alone._contents().queue
    assert outline(load_study(study_name="s", storage=sqlite_url)) == outline(alone)
    assert repr(one) == repr(alone).replace("<Study: ", "<Study: 's', ")


def test_a_study_whose_creation_nobody_confirmed_is_not_a_duplicate(faults: dict[str, float], sqlite_url: str) -> None:
    create_study(storage=sqlite_url, study_name="s3")
    faults["committed"] = 0.5
    for k in range(10, 30):
        with suppress(ConnectionError):  # nobody waits for a first connection
            create_study(storage=sqlite_url, study_name=f"s{k}")
    faults["committed"] = 0.0
    with pytest.raises(ValueError, match="has a study 's3' already"):
        create_study(storage=sqlite_url, study_name="s3")


def test_a_result_that_cannot_be_stored_is_in_the_error(
    faults: dict[str, float], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = create_study(storage=sqlite_url)
    trial = study.ask(SPACE)
    faults["before"] = 1.0
    monkeypatch.setattr(storage, "PATIENCE", -1.0)
    with pytest.raises(ConnectionError, match="lost: before") as caught:
        study.tell(trial, 0.125)
    assert caught.value.__notes__ == [f"Not stored: trial 0, complete, value 0.125, {trial.params}"]
    faults["before"] = 0.0
    assert study.tell(trial, 0.125).value == 0.125  # it is open still


def test_after_an_outage_nobody_is_given_up_before_all_could_renew_their_leases(
    faults: dict[str, float], sqlite_url: str
) -> None:
    one: Any = create_study(storage=sqlite_url, study_name="s")
    two: Any = load_study(study_name="s", storage=sqlite_url)
    one.ask(SPACE)
    two._refresh()
    update = storage.sa.update(storage.trials).values(lease_until=0.0)
    two._store.run(lambda connection, again: connection.execute(update))
    faults["before"] = 0.9
    for _ in range(5):
        two._refresh()
    faults["before"] = 0.0
    two.ask(SPACE)
    assert two.trials[0].state == "running"
    two._look_at = two._store.back_since = -math.inf
    two.ask(SPACE)
    assert two.trials[0].state == "failed"


def test_ctrl_c_during_an_outage_ends_no_thread_that_renews_leases(
    faults: dict[str, float], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study: Any = create_study(storage=sqlite_url, study_name="s")
    faults["before"] = 1.0
    monkeypatch.setattr(storage, "PATIENCE", 0.01)
    monkeypatch.setattr("tpe_reference.interrupts._is_pressed", True)  # and the main thread has not noticed yet
    with ThreadPoolExecutor(1) as thread, pytest.raises(ConnectionError):  # it is only the server that ends it
        thread.submit(study._store.run, lambda connection, is_again: None).result()


def test_a_record_told_once_is_told_for_good(faults: dict[str, float], sqlite_url: str) -> None:
    study = create_study(storage=sqlite_url, study_name="s")
    trial = study.ask(SPACE)
    faults["committed"] = 0.9
    record: TrialRecord = study.tell(trial, 0.5)
    assert record == study.trials[0]
    with pytest.raises(ValueError, match="trial 0 is finished already"):
        study.tell(0, 0.5)
    with pytest.raises(ValueError, match="trial 0 is finished already"):
        load_study(study_name="s", storage=sqlite_url).tell(0, 0.5)
