"""The script that counts what storage loses: it counts right, and there is nothing to count."""

from dataclasses import replace
from typing import Any

import pytest

from tpe_reference import Float, TrialRecord, TrialState, create_trial
from tpe_reference.compare.faults import count, main
from tpe_reference.compare.postgres import Server

SPACE = {"x": Float(0, 1)}


def search() -> tuple[list[TrialRecord], list[Any]]:
    """Five trials and their receipts: two that finished, a lost one, its repetition, one that nobody told yet."""

    def made(number: int, state: str, x: float, **more: Any) -> TrialRecord:
        value = x if state == "complete" else None
        record = create_trial(
            state=TrialState("failed" if state == "running" else state),
            value=value,
            params={"x": x},
            distributions=SPACE,
            **more,
        )
        return replace(record, number=number, state=TrialState(state))

    trials = [
        made(0, "complete", 0.1),
        made(1, "failed", 0.2),
        made(2, "complete", 0.2, user_attrs={"retry_of": 1}),
        made(3, "complete", 0.3),
        made(4, "running", 0.4),
    ]
    return trials, [(0, 0.1, {"x": 0.1}), (2, 0.2, {"x": 0.2}), (3, 0.3, {"x": 0.3})]


def test_what_is_right_is_counted() -> None:
    assert count(*search()) == {
        "asked": 5,
        "finished": 3,
        "failed": 1,
        "running": 1,
        "retried": 1,
        "lost": 0,
        "duplicated": 0,
    }


def test_what_is_lost_is_noticed() -> None:
    trials, receipts = search()
    assert count(trials, [*receipts, (4, 0.4, {"x": 0.4})])["lost"] == 1, "told, and still running"
    assert count(trials, [*receipts, (1, 0.2, {"x": 0.2})])["lost"] == 1, "told, and failed"
    assert count(trials, [*receipts, (5, 0.5, {"x": 0.5})])["lost"] == 1, "told, and not there"
    assert count([replace(trials[0], value=0.11), *trials[1:]], receipts)["lost"] == 1, "another value"
    assert count([replace(trials[0], params={"x": 0.11}), *trials[1:]], receipts)["lost"] == 1, "other parameters"


def test_what_is_there_twice_is_noticed() -> None:
    trials, receipts = search()
    assert count(trials, [*receipts, receipts[0]])["duplicated"] == 1, "two workers had one trial"
    twice = replace(trials[0], number=5)
    assert count([*trials, twice], receipts)["duplicated"] == 1, "one result, two trials"
    assert count([*trials[:4], replace(trials[4], number=5)], receipts)["duplicated"] == 1, "a number is left out"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_nothing_is_there_twice(
    where: str, postgres: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """The short version; the script's own defaults are longer."""
    options = "--workers 4 --trials 150 --kills 8 --restarts 2 --away 0.5"
    code = main([*options.split(), "--storage", where])
    figures = {
        name.strip(): float(n) for name, n in (line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    }
    assert code == 0, figures
    assert figures["workers killed"] == 8
    assert figures["server restarts"] == (2 if where == "postgresql" else 0)
    assert figures["asked"] == 150
    assert figures["lost"] == figures["duplicated"] == 0
    assert figures["finished"] >= 130
