"""The expected running time: what is counted, and what of it is an expectation."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tpe_reference.compare import running_time
from tpe_reference.compare.running_time import Floats, Search, count, main, ours
from tpe_reference.compare.running_time import running_time as expected_running_time


def scripted(*generations: list[float]) -> Search:
    """A search that asks for these points on a line, whatever it is told."""
    for generation in generations:
        losses = yield np.array(generation)[:, None]
        assert len(losses) == len(generation)


def squares(x: Floats) -> Floats:
    losses: Floats = (x**2).sum(axis=1)
    return losses


def test_a_run_ends_at_the_evaluation_that_reaches_the_target_not_with_its_generation() -> None:
    assert count(scripted([3.0, 2.0, 1.0], [1.0, 0.0, 2.0]), squares, 100) == (5, True)
    assert count(scripted([0.0, 2.0, 1.0]), squares, 100) == (1, True)


def test_a_run_that_never_gets_there_ends_at_the_limit() -> None:
    assert count(scripted(*[[1.0, 2.0]] * 5), squares, 6) == (6, False)


def test_runs_without_success_count_with_all_that_they_cost() -> None:
    assert expected_running_time(np.array([[100.0, 1.0], [300.0, 0.0], [200.0, 1.0]])) == 300.0
    assert expected_running_time(np.array([[100.0, 0.0]])) == math.inf


def test_the_minima_of_the_functions_are_zero() -> None:
    for name, function in running_time.FUNCTIONS.items():
        at = np.ones((1, 5)) if name == "rosenbrock" else np.zeros((1, 5))
        assert function(at) == pytest.approx([0.0])
        assert (function(at + 0.1) > 1e-3).all()


def test_a_search_caught_in_a_minimum_begins_again_with_twice_the_population() -> None:
    def generations() -> Iterator[Floats]:
        search = ours(2, np.random.default_rng(0))
        points = next(search)
        while True:
            yield points
            points = search.send(np.zeros(len(points)))  # a plain: it stops when many generations are equal

    sizes = [len(points) for points, _ in zip(generations(), range(100), strict=False)]
    assert sorted(set(sizes))[:3] == [6, 12, 24]
    assert sizes == sorted(sizes)


def test_the_table_has_a_row_for_each_task(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cma")
    pytest.importorskip("cmaes")
    main(["--functions", "sphere", "--dimensions", "2", "3", "--seeds", "3"])
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows] == [["sphere", "2"], ["sphere", "3"]]
    for row in rows:
        assert 10 < float(row.split()[2]) < 200
        assert row.endswith(" 3/3/3/3")


def rastrigin(x: Floats) -> Floats:
    losses: Floats = (x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum(axis=1)
    return losses


@pytest.mark.parametrize("search", [ours, pytest.param(running_time.tutorial, marks=pytest.mark.slow)])
def test_restarts_find_rastrigins_minimum_in_five_dimensions_within_50000_evaluations(search: Any) -> None:
    """It is one of some hundred thousand; without restarts, with the usual population, nobody finds it."""
    runs = [count(search(5, np.random.default_rng([7, seed])), rastrigin, 50_000) for seed in range(5)]
    assert sum(found for _, found in runs) >= 4, runs
