"""The problems: every known optimum is one, and the real models are what they say they are."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpe_reference import Domain, Float, Int
from tpe_reference.compare.contestants import CONTESTANTS, get_contestants, grid_points
from tpe_reference.compare.loading import load
from tpe_reference.compare.problems import PROBLEMS, Problem, get_problem, place_of_optimum
from tpe_reference.user_files import UsageError

SHIFTED = ["sphere", "ellipsoid", "rosenbrock", "rastrigin", "ackley"]
HARTMANN_BEST = [0.20168951, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053]


def evaluate(problem: Problem, params: dict[str, Any], seed: int) -> float:
    result: Any = problem.evaluate(params, seed)
    return float(list(result)[-1] if problem.has_curve else result)


def uniform(space: Mapping[str, Domain], rng: np.random.Generator) -> dict[str, Any]:
    return {name: domain.from_unit(rng.random()) for name, domain in space.items()}


@pytest.mark.parametrize("name", SHIFTED)
@pytest.mark.parametrize("seed", range(5))
def test_shifted_function_is_zero_at_its_optimum_and_nowhere_else(name: str, seed: int) -> None:
    problem, rng = PROBLEMS[name], np.random.default_rng(seed)
    best = {f"x{i + 1}": float(x) for i, x in enumerate(place_of_optimum(name, seed))}
    assert all(value in problem.space[key] for key, value in best.items())
    assert evaluate(problem, best, seed) == pytest.approx(0.0, abs=1e-12)
    assert evaluate(problem, best, seed + 1) > 1e-3
    for _ in range(200):
        assert evaluate(problem, uniform(problem.space, rng), seed) > 0.0
        near = {key: value + 0.01 * rng.normal() for key, value in best.items()}
        assert evaluate(problem, near, seed) > 0.0


@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("sphere", [1, 2, 0, 0, 0], 5.0),
        ("ellipsoid", [1, 0, 1, 0, 1], 1.0 + 1e3 + 1e6),
        ("rosenbrock", [-1, -1, -1, -1, -1], 4.0),  # x = 0: four times (1 - 0)^2
        ("rastrigin", [1, 0, 0, 0, 0.5], 1.0 + 0.25 + 20.0),
        ("ackley", [1, 1, 1, 1, 1], 20.0 * (1.0 - np.exp(-0.2))),
    ],
)
def test_shifted_function_away_from_its_optimum_is_the_textbooks(name: str, z: list[float], value: float) -> None:
    place = place_of_optimum(name, 3)
    params = {f"x{i + 1}": float(place[i] + z[i]) for i in range(5)}
    assert evaluate(PROBLEMS[name], params, 3) == pytest.approx(value)


@pytest.mark.parametrize("x", [(-np.pi, 12.275), (np.pi, 2.275), (9.42477796, 2.475)])
def test_branin_has_its_three_optima(x: tuple[float, float]) -> None:
    problem = PROBLEMS["branin"]
    assert problem.optimum == pytest.approx(0.39788735773)
    assert evaluate(problem, {"x1": x[0], "x2": x[1]}, 0) == pytest.approx(problem.optimum, abs=1e-6)


def test_hartmann_has_its_published_optimum_and_nothing_near_is_lower() -> None:
    problem, rng = PROBLEMS["hartmann-6"], np.random.default_rng(0)
    assert problem.optimum == pytest.approx(-3.32237, abs=1e-5)
    at_best = evaluate(problem, {f"x{i + 1}": x for i, x in enumerate(HARTMANN_BEST)}, 0)
    assert at_best == pytest.approx(problem.optimum, abs=1e-9)
    for _ in range(300):
        near = {f"x{i + 1}": x + 0.003 * rng.normal() for i, x in enumerate(HARTMANN_BEST)}
        assert evaluate(problem, near, 0) >= (problem.optimum or 0.0) - 1e-12


def test_learning_curve_ends_at_its_optimum_and_is_the_same_every_time() -> None:
    problem = PROBLEMS["learning-curves"]
    units = 0.5 + place_of_optimum("learning-curves", 2)[:3] / 10
    best = {name: domain.from_unit(u) for (name, domain), u in zip(problem.space.items(), units, strict=True)}
    curve: Any = list(problem.evaluate(best, 2))  # type: ignore[arg-type]
    assert len(curve) == 30
    assert curve[0] > 0.5 > curve[-1]
    assert curve[-1] == pytest.approx(0.0, abs=1e-12)
    assert curve == list(problem.evaluate(best, 2))  # type: ignore[arg-type]


def test_places_of_optimum_differ_between_functions_and_seeds() -> None:
    places = {tuple(place_of_optimum(name, seed)) for name in SHIFTED for seed in range(10)}
    assert len(places) == 50


@pytest.mark.slow
def test_iris_forest_is_cross_val_score() -> None:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    params = {"n_estimators": 50, "max_depth": 4, "min_samples_split": 3, "min_samples_leaf": 2, "max_features": None}
    X, y = load_iris(return_X_y=True)
    accuracy = cross_val_score(RandomForestClassifier(random_state=42, **params), X, y, cv=5).mean()
    assert evaluate(PROBLEMS["iris-forest"], params, 0) == pytest.approx(1 - accuracy)


def test_digits_network_tells_learning_rates_apart() -> None:
    problem = PROBLEMS["digits-mlp"]
    good = {"learning_rate_init": 0.01, "alpha": 1e-4, "hidden": 32, "batch_size": 64}
    losses = [evaluate(problem, {**good, "learning_rate_init": rate}, 0) for rate in (0.01, 1e-5)]
    assert losses[0] < 0.5 < losses[1]


def test_problem_says_what_it_needs() -> None:
    with pytest.raises(ValueError, match="give a function and a space"):
        Problem(lambda params, seed: 0.0, {})


def test_a_generator_object_has_a_curve() -> None:
    class Training:
        """Trains."""

        def __call__(self, params: dict[str, Any], seed: int) -> Any:
            yield 1.0

    problem = Problem(Training(), {"x": Float(0, 1)})
    assert problem.has_curve
    assert (problem.name, problem.description) == ("Training", "Trains.")


def test_every_problem_is_described_and_named_once() -> None:
    for name, problem in PROBLEMS.items():
        assert problem.name == name
        assert problem.description
        assert inspect.getdoc(problem.evaluate)


@pytest.mark.parametrize(
    ("space", "trials", "points"),
    [
        ({"x": Float(0, 1)}, 10, 10),
        ({f"x{i}": Float(0, 1) for i in range(5)}, 100, 3),
        ({"a": Int(1, 3), "b": Int(1, 3)}, 100, 3),  # the whole grid has nine points
    ],
)
def test_grid_has_at_least_as_many_points_as_there_are_trials(
    space: dict[str, Domain], trials: int, points: int
) -> None:
    assert grid_points(space, trials) == points


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no problem 'spere'; known are: sphere, ellipsoid"):
        get_problem("spere")
    with pytest.raises(UsageError, match="no sampler 'tpee'; known are: grid, random, tpe, cma-es"):
        get_contestants(["tpee"])


def test_a_file_that_was_put_right_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    file = tmp_path / "mine.py"
    file.write_text("begun, answer = True, 1 / 0\n", encoding="utf-8")
    with pytest.raises(UsageError, match="ZeroDivisionError"):
        load(f"{file}:begun")
    file.write_text("begun = False\n", encoding="utf-8")
    assert load(f"{file}:begun") is False


def test_every_sampler_can_prune() -> None:
    random, pruned = get_contestants(["random", "random+median"])
    assert not random.prunes
    assert pruned.prunes
    assert pruned.label == "random search + median pruning"
    assert [c.name for c in get_contestants(CONTESTANTS)] == list(CONTESTANTS)


def test_a_class_that_is_called_like_ours_keeps_its_address() -> None:
    assert [c.name for c in get_contestants(["tpe", "mine.py:TPE", "mine.py:New"])] == ["tpe", "mine.py:TPE", "New"]
