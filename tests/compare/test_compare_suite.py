"""The suite: optima where they are said to be, ratios worked by hand, runs that are not done twice."""

import csv
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpe_reference import Categorical, Domain, Int
from tpe_reference.compare import runner, suite, suite_problems
from tpe_reference.compare.problems import Problem, get_problem, place_of_optimum, rastrigin, rotation
from tpe_reference.compare.runner import execute
from tpe_reference.compare.statistics import Estimate, geometric_mean_ratio
from tpe_reference.compare.suite_problems import GROUPS, HOLDOUT, HOLDOUT_GROUPS, SUITE, interacting_choices, landscape

EVERY = {**SUITE, **HOLDOUT}
CONTINUOUS = [problem.name for group in [*GROUPS.values(), HOLDOUT_GROUPS["continuous"]] for problem in group]
CONTINUOUS = [name for name in CONTINUOUS if name.split("-")[-1].isdigit()]


def loss(problem: Problem, params: dict[str, Any], seed: int) -> float:
    result: Any = problem.evaluate(params, seed)
    return float(result)


def uniform(problem: Problem, rng: np.random.Generator) -> dict[str, Any]:
    return {name: domain.from_unit(rng.random()) for name, domain in problem.space.items()}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_rotated_function_is_zero_at_its_optimum_and_nowhere_near(name: str) -> None:
    problem, rng = EVERY[name], np.random.default_rng(0)
    d = int(name.split("-")[-1])
    assert len(problem.space) == d
    for seed in range(3):
        place = place_of_optimum(name, seed, d)
        best = {f"x{i + 1}": float(x) for i, x in enumerate(place)}
        assert all(value in problem.space[key] for key, value in best.items())
        assert loss(problem, best, seed) == pytest.approx(0.0, abs=1e-9)
        for _ in range(50):
            near = {f"x{i + 1}": float(x) for i, x in enumerate(place + 0.1 * rng.normal(size=d))}
            assert loss(problem, near, seed) > 0.0
            assert loss(problem, uniform(problem, rng), seed) > 0.0


def test_the_lists_hold_each_function_in_each_dimension() -> None:
    for d in (2, 5, 10, 20):
        names = {problem.name for problem in GROUPS[f"continuous, d = {d}"]}
        assert names == {f"{f}-{d}" for f in ("sphere", "ellipsoid", "rosenbrock", "rastrigin", "ackley")}
    assert not set(SUITE) & set(HOLDOUT)
    assert len(EVERY) == sum(map(len, [*GROUPS.values(), *HOLDOUT_GROUPS.values()]))


def test_a_rotation_keeps_lengths_and_differs_between_seeds() -> None:
    for d in (2, 5, 20):
        turned = rotation("sphere-5", 3, d)
        assert np.allclose(turned @ turned.T, np.eye(d), atol=1e-12)
    assert not np.allclose(rotation("sphere-5", 3, 5), rotation("sphere-5", 4, 5))
    assert not np.allclose(rotation("sphere-5", 3, 5), rotation("ackley-5", 3, 5))


def test_a_rotation_is_used_and_turns_about_the_optimum() -> None:
    problem = EVERY["rastrigin-5"]
    z = np.array([1.0, 0.5, 0.0, -2.0, 0.25])
    # what the function sees is z when the step from the optimum is z turned back
    x = place_of_optimum("rastrigin-5", 7, 5) + rotation("rastrigin-5", 7, 5).T @ z
    assert loss(problem, {f"x{i + 1}": float(v) for i, v in enumerate(x)}, 7) == pytest.approx(rastrigin(z))
    straight = place_of_optimum("rastrigin-5", 7, 5) + z
    assert loss(problem, {f"x{i + 1}": float(v) for i, v in enumerate(straight)}, 7) != pytest.approx(rastrigin(z))


def test_rotations_have_no_preferred_direction() -> None:
    # the mean of the first axis over seeds is 0, and its square 1/d: without the signs of R it were not
    first = np.array([rotation("x", seed, 4)[0] for seed in range(400)])
    assert np.abs(first.mean(axis=0)).max() < 4 * 0.5 / math.sqrt(400)
    assert np.allclose((first**2).mean(axis=0), 0.25, atol=0.05)


SMALL: dict[str, Domain] = {"n": Int(1, 7), "m": Int(1, 9, log=True), "c": Categorical(["a", "b", None])}


@pytest.mark.parametrize(("turned", "pull"), [(False, 0.0), (True, 0.0), (True, 2.0)])
def test_a_landscape_has_one_best_configuration_and_its_loss_is_zero(turned: bool, pull: float) -> None:
    problem = landscape("small", SMALL, rotated=turned, pull=pull)
    best = set()
    for seed in range(4):
        everything = [
            dict(zip(SMALL, v, strict=True)) for v in itertools.product(*(d.values() for d in SMALL.values()))
        ]
        losses = [loss(problem, params, seed) for params in everything]
        assert min(losses) == 0.0
        assert sorted(losses)[1] > 0.0
        best.add(str(everything[int(np.argmin(losses))]))
    assert len(best) > 1  # the seed decides


def test_the_cost_of_a_choice_can_depend_on_the_numbers_only_when_it_pulls() -> None:
    def gap(problem: Problem, n: int) -> float:
        return loss(problem, {"n": n, "m": 3, "c": "a"}, 0) - loss(problem, {"n": n, "m": 3, "c": "b"}, 0)

    alone, pulled = landscape("small", SMALL), landscape("small", SMALL, pull=2.0)
    assert gap(alone, 1) == pytest.approx(gap(alone, 7))
    assert gap(pulled, 1) != pytest.approx(gap(pulled, 7))


def test_interacting_choices_have_their_optimum_among_all() -> None:
    problem = interacting_choices("ring", 4, 3, interaction=1.0)
    losses = [loss(problem, {f"c{i + 1}": c for i, c in enumerate(v)}, 5) for v in itertools.product("abc", repeat=4)]
    assert min(losses) == pytest.approx(0.0, abs=1e-12)
    assert sorted(losses)[1] > 0.01


def test_choices_without_interaction_have_costs_that_add_up() -> None:
    problem = interacting_choices("ring", 4, 3, interaction=0.0)
    value = {v: loss(problem, {f"c{i + 1}": c for i, c in enumerate(v)}, 5) for v in ("aaaa", "baaa", "acaa", "bcaa")}
    assert value["bcaa"] - value["aaaa"] == pytest.approx(value["baaa"] + value["acaa"] - 2 * value["aaaa"])


@pytest.mark.parametrize("name", [problem.name for problem in [*GROUPS["real"], *HOLDOUT_GROUPS["real"]]])
def test_a_real_model_gives_the_same_finite_loss_for_every_seed_and_none_below_its_best(name: str) -> None:
    problem, rng = EVERY[name], np.random.default_rng(0)
    losses = [loss(problem, params, 0) for params in [uniform(problem, rng) for _ in range(8)]]
    assert np.isfinite(losses).all()
    assert min(losses) >= (problem.optimum or 0.0) - 1e-9
    assert len(set(losses)) > 4  # something is there to be tuned
    params = uniform(problem, rng)
    assert loss(problem, params, 0) == loss(problem, params, 1)


def test_every_problem_has_an_address_and_a_description() -> None:
    for name, problem in EVERY.items():
        assert get_problem(f"tpe_reference.compare.suite_problems:{name}") is problem
        assert problem.description
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = suite_problems.nothing


def test_a_ratio_by_hand() -> None:
    # logs: ln 1/4, ln 4 and ln 1, ln 1/16; their mean is -ln 4
    mine, theirs = np.array([[1.0, 4.0], [3.0, 1.0]]), np.array([[4.0, 1.0], [3.0, 16.0]])
    found = geometric_mean_ratio(mine, theirs)
    assert found.value == pytest.approx(1 / 2)
    back = geometric_mean_ratio(theirs, mine)
    assert (back.value, back.low, back.high) == pytest.approx((2.0, 1 / found.high, 1 / found.low))


def test_a_ratio_that_is_the_same_everywhere_is_certain_and_one_pair_is_not() -> None:
    theirs = np.random.default_rng(0).random((5, 7)) + 0.1
    assert list(vars(geometric_mean_ratio(0.5 * theirs, theirs)).values()) == pytest.approx([0.5, 0.5, 0.5])
    assert math.isnan(geometric_mean_ratio(np.array([[1.0]]), np.array([[2.0]])).low)


def test_the_interval_of_a_ratio_is_over_problems_too() -> None:
    rng = np.random.default_rng(1)
    theirs = np.exp(rng.normal(size=(8, 20)))
    noise = np.exp(0.3 * rng.normal(size=(8, 20)))
    alike = geometric_mean_ratio(noise * theirs, theirs)
    unlike = geometric_mean_ratio(noise * np.exp(rng.normal(size=(8, 1))) * theirs, theirs)
    assert math.log(unlike.high / unlike.low) > 3 * math.log(alike.high / alike.low)


def regrets(**by_sampler: list[float]) -> suite.Regrets:
    return {
        ("sphere-2", name): {100: dict(enumerate(values)), 200: dict(enumerate(v / 2 for v in values))}
        for name, values in by_sampler.items()
    }


def test_pairs_are_of_the_seeds_that_both_have() -> None:
    found = suite.ratio(regrets(a=[1.0, 1.0, 8.0], b=[2.0, 2.0]), [SUITE["sphere-2"]], "a", "b", 100)
    assert found == Estimate(0.5, 0.5, 0.5)
    assert suite.ratio(regrets(a=[1.0]), [SUITE["sphere-2"]], "a", "b", 100) is None


def test_regrets_survive_the_disk_and_a_table_shows_them(tmp_path: Path) -> None:
    kept = {**regrets(tpe=[1.0, 2.0]), **regrets(random=[4.0, 8.0])}
    suite.write_regrets(kept, tmp_path / "a.csv")
    assert suite.read_regrets([tmp_path / "a.csv"]) == kept
    lines = list(suite.table(kept, {"one": [SUITE["sphere-2"]], "none": [SUITE["sphere-5"]]}))
    assert lines[0] == "| | tpe / random, 100 trials | tpe / random, 200 trials |"
    assert lines[2] == "| one | 0.25 [0.25, 0.25] | 0.25 [0.25, 0.25] |"
    assert lines[3] == "| none |  |  |"


def test_nothing_counts_below_the_resolution() -> None:
    assert 1e-8 < suite.resolution(SUITE["sphere-5"], is_continuous=True) < 1e-6  # 1e-9 of about 100
    assert 0.1 < suite.resolution(SUITE["integer-small"], is_continuous=False) < 1.0  # 1e-2 of about 50
    fails_often = Problem(lambda params, seed: math.nan if params["n"] < 5 else 3.0, {"n": Int(1, 7)}, "fails", 0.0)
    assert suite.resolution(fails_often, is_continuous=False) == pytest.approx(0.03)


FURTHER = Path(__file__).parents[2] / "chapters" / "ablation" / "further.py"


def test_the_second_hold_out_has_its_optima_where_they_are_said_to_be() -> None:
    address, groups = suite.get_groups(str(FURTHER))
    problems = {problem.name: problem for group in groups.values() for problem in group}
    assert address == str(FURTHER)
    assert not set(problems) & set(EVERY)
    assert len(problems) == sum(map(len, groups.values()))
    rng = np.random.default_rng(0)
    for name, problem in problems.items():
        assert problem.description
        losses = [loss(problem, uniform(problem, rng), 0) for _ in range(300)]
        assert min(value for value in losses if not math.isnan(value)) >= 0.0, name
        assert np.isnan(losses).any() == name.startswith("failing")
    for function in ("zakharov-3", "dixon-price-10", "salomon-4", "steep-6", "two-of-many-12", "step-5"):
        d = int(function.split("-")[-1])
        place = place_of_optimum(function, 2, d)
        best = {f"x{i + 1}": float(x) for i, x in enumerate(place)}
        assert loss(problems[function], best, 2) == pytest.approx(0.0, abs=1e-12), function
    corner = [
        loss(problems["corner-5"], {f"x{i + 1}": v for i, v in enumerate(at)}, 1)
        for at in itertools.product((0.0, 1.0), repeat=5)
    ]
    assert sorted(corner)[:2] == [0.0, 1.0]


MINE = """
from tpe_reference import Float
from tpe_reference.compare.problems import Problem

bowl = Problem(lambda params, seed: params["x"] ** 2, {"x": Float(-1, 1)}, "bowl", optimum=OPTIMUM)
GROUPS = {"continuous": [bowl]}
"""


def test_problems_of_your_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(MINE.replace("OPTIMUM", "0.0"), encoding="utf-8")
    options = ["--samplers", "tpe", "random", "--trials", "40", "--seeds", "2", "--jobs", "1", "--out", str(tmp_path)]
    assert suite.main(["--problems-of", str(mine), *options]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in printed[2:]] == ["continuous", "all"]
    assert 0.0 <= float(printed[-1].split("|")[2].split()[0]) < 1.0  # TPE has the lower regret


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (MINE.replace("OPTIMUM", "None"), "'bowl' has no optimum"),
        (MINE.replace("bowl = ", "cup = ").replace("[bowl]", "[cup]").replace("OPTIMUM", "0.0"), "there is no 'bowl'"),
        (MINE.replace("GROUPS", "groups").replace("OPTIMUM", "0.0"), "there is no 'GROUPS'"),
    ],
)
def test_a_file_without_what_is_needed_is_refused(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(text, encoding="utf-8")
    assert suite.main(["--problems-of", str(mine), "--out", str(tmp_path)]) == 2
    assert problem in capsys.readouterr().err


def test_the_command_runs_once_resumes_and_prints_the_same_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def here(todo: Any, out: Path, jobs: int, show: Any) -> None:  # in this process: quick, and to be counted
        for run in todo:
            done.append(f"{run.problem}/{run.contestant.name}/{run.seed}")
            assert execute(run, out, suite_code(run)) is None

    suite_code = runner.code_of
    monkeypatch.setattr(runner, "_in_processes", here)
    options = ["--problems", "sphere-2", "integer-small", "--trials", "6", "12", "--out", str(tmp_path)]
    assert suite.main([*options, "--seeds", "1"]) == 0
    assert len(done) == 4  # two problems, tpe and random
    assert suite.main([*options, "--seeds", "2"]) == 0
    assert len(done) == len(set(done)) == 8
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("| all |")
    assert suite.main(["--table", str(tmp_path / "regret.csv")]) == 0
    assert capsys.readouterr().out.splitlines() == printed[len(printed) // 2 :]
    with (tmp_path / "regret.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 8
    for row in rows:
        assert float(row["regret_12"]) <= float(row["regret_6"])
    gained = [row["problem"] for row in rows if float(row["regret_12"]) < float(row["regret_6"])]
    assert gained, "six trials more found something better, so the regret after six is that of six trials"


def test_an_unknown_problem_is_a_mistake_in_the_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["--problems", "sphere-3", "--out", str(tmp_path)]) == 2
    assert "there is no 'sphere-3'; known are: sphere-2" in capsys.readouterr().err
