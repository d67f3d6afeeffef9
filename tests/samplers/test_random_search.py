"""Random search: independent uniform draws, whatever happened before."""

import numpy as np
import pytest

from tpe_reference import Categorical, Domain, Float, FrozenTrial, Int, RandomSampler

SPACE: dict[str, Domain] = {
    "x": Float(-2, 2),
    "lr": Float(1e-4, 1, log=True),
    "n": Int(1, 4),
    "c": Categorical(["a", "b", "c"]),
}


def draws(n: int, history: list[FrozenTrial] | None = None) -> list[dict[str, object]]:
    seeds = [np.random.SeedSequence(0, spawn_key=(i,)) for i in range(n)]
    return [RandomSampler().suggest(SPACE, history or [], np.random.default_rng(seed)) for seed in seeds]


def test_draws_are_uniform_in_the_unit_interval_of_every_parameter() -> None:
    sample = draws(4000)
    u = np.array([[SPACE["x"].to_unit(p["x"]), SPACE["lr"].to_unit(p["lr"])] for p in sample])  # type: ignore[arg-type]
    for column in u.T:
        gap = np.abs(np.sort(column) - (np.arange(4000) + 0.5) / 4000).max()
        assert gap < 1.63 / np.sqrt(4000), f"Kolmogorov-Smirnov distance {gap}, beyond what 1 % of samples have"
    assert [sum(p["n"] == k for p in sample) / 1000 for k in range(1, 5)] == pytest.approx([1] * 4, abs=0.1)
    assert [sum(p["c"] == k for p in sample) * 3 / 4000 for k in "abc"] == pytest.approx([1] * 3, abs=0.1)


def test_parameters_are_independent() -> None:
    sample = draws(4000)
    table = np.array([[p["x"], np.log(p["lr"]), p["n"], "abc".index(p["c"])] for p in sample])  # type: ignore[call-overload, arg-type]
    assert np.abs(np.corrcoef(table.T) - np.eye(4)).max() < 0.06


def test_the_history_does_not_matter() -> None:
    history = [FrozenTrial({"x": 0.0, "lr": 0.1, "n": 1, "c": "a"}, 1.0)] * 10
    assert draws(5, history) == draws(5)
