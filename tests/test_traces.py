"""The traces: what is stored is what is computed, mistakes are noticed, and the command tells what they are."""

import itertools
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpe_reference import CmaEsSampler, Float, FrozenTrial
from tpe_reference.__main__ import main
from tpe_reference.samplers import tpe
from tpe_reference.samplers.tpe import _walls
from tpe_reference.traces import FOLDER, NAMES, load, reference
from tpe_reference.traces.check import check, difference
from tpe_reference.traces.make import make

PAGE = (Path(__file__).parent.parent / "chapters" / "traces.md").read_text(encoding="utf-8")
FUNCTIONS = {name: entry for trace in load().values() for name, entry in trace["functions"].items()}


def example(what: str) -> str:
    """The block of the page after a marker."""
    found = re.search(rf"<!-- {what} -->\n```\w+\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert found, f"chapters/traces.md should have a block that is marked as {what}"
    return found[1]


def test_our_own_functions_pass() -> None:
    verdicts = check(vars(reference))
    assert {verdict.function: verdict.failures for verdict in verdicts} == {name: [] for name in FUNCTIONS}
    assert sum(verdict.n_cases for verdict in verdicts) == sum(len(trace["cases"]) for trace in load().values())


def test_the_bound_of_a_fifth_of_a_cell_is_reached() -> None:
    (case,) = [case for case in load()["cma_es"]["cases"] if case["name"] == "no narrower than a fifth of a cell"]
    std = case["result"]["sigma"] * np.sqrt(np.diag(case["result"]["C"]))
    assert std[1:] == pytest.approx([0.2 / 9])


def test_what_is_stored_is_what_is_computed(tmp_path: Path) -> None:
    make(tmp_path)
    stored, computed = load(), load(tmp_path)
    how = "if the change is meant: python -m tpe_reference.traces.make"
    for name in NAMES:
        for a, b in ((stored, computed), (computed, stored)):  # neither has more keys
            assert difference(a[name], b[name], 1e-9, f"{name}.json") is None, how


def test_the_files_are_small_strict_json_that_any_language_reads() -> None:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    def visit(entry: Any, where: str) -> None:
        if isinstance(entry, int):
            assert abs(entry) < 2**53, f"{where}: a double does not hold {entry}"
        for key in ("space", "axes", "params"):
            if isinstance(entry, dict) and key in entry:
                assert list(entry[key]) == sorted(entry[key]), f"{where}: the order of {key} should be alphabetical"
        for part in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else []:
            visit(part, where)

    for name in NAMES:
        path = FOLDER / f"{name}.json"
        assert path.stat().st_size < 200_000
        trace = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
        visit(trace, path.name)
        titles = [(case["function"], case["name"]) for case in trace["cases"]]
        assert len(set(titles)) == len(titles), "a case is known by its name"
    assert sum((FOLDER / f"{name}.json").stat().st_size for name in NAMES) < 600_000


def test_every_state_and_every_decision_occurs() -> None:
    """The cases mean something: both answers of the pruner, all states of trials, sigma that grows and shrinks."""
    cases = {name: trace["cases"] for name, trace in load().items()}
    pruned = [case["result"] for case in cases["median"]]
    assert 0.2 < np.mean(pruned) < 0.8
    whole = [case for case in cases["tpe"] if case["function"] == "score_candidates"]
    states = {trial["state"] for case in whole for trial in case["arguments"]["history"]}
    assert states == {"complete", "pruned", "failed", "running"}
    assert {case["arguments"]["rules"] for case in whole} == set(reference.RULES)
    assert len({case["result"]["choice"] for case in whole}) > 2
    steps = [
        c["result"]["sigma"] > c["arguments"]["state"]["sigma"] for c in cases["cma_es"] if "points" in c["arguments"]
    ]
    assert 0.1 < np.mean(steps) < 0.9


def test_every_reason_to_stop_and_both_kinds_of_restart_occur() -> None:
    results = [case["result"] for case in load()["cma_es"]["cases"] if case["function"] == "stop_reason"]
    assert {"TolFun", "TolX", "TolXUp", "ConditionCov", "NoEffectAxis", "NoEffectCoord", None} == set(results)
    runs = [case["result"] for case in load()["cma_es"]["cases"] if case["function"] == "next_run"]
    assert {run["is_large"] for run in runs} == {True, False}


def test_a_restart_is_what_the_sampler_does_after_a_run_that_stopped() -> None:
    """On a plain: the second generation run by run, its population and its mean, from the numbers that chance gave."""
    space: dict[str, Any] = {"x": Float(0, 1), "y": Float(0, 1)}
    history: list[FrozenTrial] = []
    for number in range(700):
        rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(number,)))
        params = CmaEsSampler(restart="bipop").suggest(space, history, rng) if number < 6 else {"x": 0.5, "y": 0.5}
        history.append(FrozenTrial(params, 1.0))
    generations = CmaEsSampler(restart="bipop").explain(space, history, rng)
    begun = [generations[0], *[b for a, b in itertools.pairwise(generations) if a.run != b.run]]
    spent = [sum(len(g.trials) for g in generations if g.run == k) for k in range(len(begun))]
    run: dict[str, Any] = {"popsize": 6, "sigma0": 0.25, "is_large": False, "limit": math.inf}
    runs = []
    assert len(begun) > 2
    for k in range(1, len(begun)):
        runs.append({**run, "spent": spent[k - 1]})
        chance = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(k, 1)))
        is_small = reference.next_run("bipop", runs, [0.5] * 4)["is_large"] is False
        drawn = [*(chance.random(2) if is_small else [0.5, 0.5]), *chance.random(2)]
        run = reference.next_run("bipop", runs, drawn)
        state = begun[k].state
        assert (state.strategy.popsize, state.sigma) == (run["popsize"], run["sigma0"])
        assert state.mean.tolist() == run.pop("mean")


# Mistakes: for each, the function as it is in reference.py with one thing wrong.


def no_prior(rules: str, space: Any, units: Any, weights: Any, n_trials: int, points: Any) -> Any:
    density = reference._density(rules, space, units, weights, n_trials)
    if len(units):
        density.weights = np.append(density.weights[:-1], 1e-300) / density.weights[:-1].sum()
    return density.log_pdf(np.array(points))


def not_cut_at_the_walls(rules: str, space: Any, units: Any, weights: Any, n_trials: int, points: Any) -> Any:
    density = reference._density(rules, space, units, weights, n_trials)
    left, right = _walls(density.mu, density.sigma)
    too_high = np.log(right - left).sum(axis=1)
    return np.log(np.exp(density.log_kernels(np.array(points)) + too_high) @ density.weights)


def nearer_neighbour(rules: str, mu: list[float], n_trials: int) -> Any:
    sigma = [min((abs(a - b) for j, b in enumerate(mu) if j != i), default=max(a, 1 - a)) for i, a in enumerate(mu)]
    return np.clip(sigma, max(0.01, 2.0 / (n_trials + 2)), 1.0)


def no_rank_one(state: Any, points: Any, min_std: Any) -> Any:
    after = reference.cma_update(state, points, min_std)
    c_1 = reference.strategy(len(state["mean"]), len(points))["c_1"]
    return after | {"C": after["C"] - c_1 * np.outer(after["p_c"], after["p_c"])}


def impatient_path(state: Any, points: Any, min_std: Any) -> Any:
    short = state | {"p_sigma": [0.0] * len(state["mean"])}
    return reference.cma_update(state, points, min_std) | {"p_c": reference.cma_update(short, points, min_std)["p_c"]}


def unsymmetric_root(state: Any, z: Any) -> Any:
    D2, B = np.linalg.eigh(np.array(state["C"]))
    return np.array(state["mean"]) + state["sigma"] * (B @ (np.sqrt(D2) * z))


def pruned_when_equal(settings: Any, curve: Any, history: Any) -> bool:
    return reference.should_prune(settings, [[step, loss + 1e-9] for step, loss in curve], history)


def last_loss_counts(settings: Any, curve: Any, history: Any) -> bool:
    last = [[step, max(curve)[1]] for step, _ in curve]
    return reference.should_prune(settings, last, history)


def failed_left_out(rules: str, space: Any, history: Any, candidates: Any) -> Any:
    finished = [trial for trial in history if trial["state"] in ("complete", "pruned")]
    return reference.score_candidates(rules, space, finished, candidates)


def without_its_log(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda domain, x: function(domain | ({} if "choices" in domain else {"log": False}), x)


MISTAKES: dict[str, tuple[str, Callable[..., Any]]] = {
    "the groups change places": ("split", lambda *arguments: reference.split(*arguments)[::-1]),
    "the worst is first": ("split", lambda *a: [reference.split(*a)[0][::-1], reference.split(*a)[1]]),
    "one more is good": ("n_good", lambda rules, n: reference.n_good(rules, n) + 1),
    "a tenth is rounded down": ("n_good", lambda rules, n: n // 10),
    "old trials count as much": ("bad_weights", lambda rules, n: [1.0] * n),
    "good trials count the same": ("good_weights", lambda rules, losses, n: [1.0] * n),
    "no prior": ("log_density", no_prior),
    "kernels are not cut": ("log_density", not_cut_at_the_walls),
    "the nearer neighbour": ("bandwidths", nearer_neighbour),
    "the last of equals": ("choose", lambda l, g: len(l) - 1 - int(np.argmax((np.array(l) - g)[::-1]))),
    "g / l": ("choose", lambda l, g: reference.choose(g, l)),
    "choices are certain": ("choice_kernels", lambda rules, cells, n, w: np.eye(n)[[*cells, 0]]),
    "failed trials are left out": ("score_candidates", failed_left_out),
    "the log scale forgotten": ("to_unit", without_its_log(reference.to_unit)),
    "and back": ("from_unit", without_its_log(reference.from_unit)),
    "the usual loops": ("nth_point", lambda sizes, i: [int(k) for k in np.unravel_index(i, sizes)]),
    "running trials hold nothing": (
        "next_free",
        lambda axes, history: reference.next_free(axes, [t for t in history if t["state"] != "running"]),
    ),
    "no rank one": ("cma_update", no_rank_one),
    "the path does not wait": ("cma_update", impatient_path),
    "no bounds of the deviations": ("cma_update", lambda state, x, _: reference.cma_update(state, x, None)),
    "the other root": ("cma_sample", unsymmetric_root),
    "running trials hold nothing up": (
        "cma_state",
        lambda space, history, *a: reference.cma_state(space, [t for t in history if t["state"] != "running"], *a),
    ),
    "failed trials are in no generation": (
        "cma_state",
        lambda space, history, *a: reference.cma_state(space, [t for t in history if t["state"] != "failed"], *a),
    ),
    "equal losses of a generation are enough": (
        "stop_reason",
        lambda state, n, sigma0, best, last: reference.stop_reason(state, n, sigma0, best[-1:], last),
    ),
    "the path is not looked at": (
        "stop_reason",
        lambda state, *a: reference.stop_reason({**state, "p_c": [0.0] * len(state["p_c"])}, *a),
    ),
    "always large": ("next_run", lambda restart, *a: reference.next_run("ipop", *a)),
    "u and v change places": (
        "next_run",
        lambda r, runs, drawn: reference.next_run(r, runs, [*drawn[1::-1], *drawn[2:]]),
    ),
    "small runs have no limit": ("next_run", lambda *a: reference.next_run(*a) | {"limit": math.inf}),
    "pruned when equal": ("should_prune", pruned_when_equal),
    "the last loss counts": ("should_prune", last_loss_counts),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed_in_its_function(mistake: str) -> None:
    name, wrong = MISTAKES[mistake]
    (verdict,) = check({name: wrong})
    assert verdict.failures, f"{mistake}: {name} passes all {verdict.n_cases} cases"
    assert "it raised" not in "".join(verdict.failures), "the mistake of this test is to be another one"


def test_rules_that_are_not_wanted_are_not_asked_for() -> None:
    (verdict,) = check(
        {"bandwidths": lambda rules, mu, n: {"optuna": reference.bandwidths}[rules](rules, mu, n)} | OPTUNA
    )
    assert verdict.failures == []
    assert 0 < verdict.n_cases < len([c for c in load()["tpe"]["cases"] if c["function"] == "bandwidths"])


OPTUNA = {"RULES": ["optuna"]}


def test_what_a_function_does_to_its_arguments_harms_nobody() -> None:
    def careless(axes: Any, history: Any) -> Any:
        answer = reference.next_free(axes, history)
        axes.clear()
        history.clear()
        return answer

    assert [check({"next_free": careless})[0].failures for _ in range(2)] == [[], []]


@pytest.mark.parametrize(
    ("expected", "got", "equal"),
    [
        ([1.0, 2.0], (1.0, 2.0), True),
        ([1.0, 2.0], np.array([1.0, 2.0]), True),
        ([[1.0], [2.0]], [np.array([1.0]), (np.float32(2.0),)], True),
        ([[1.0], [2.0]], np.array([1.0, 2.0]), False),
        ([1.0, 2.0], [1.0], False),
        ([], np.empty((0, 3)), True),
        (3, np.int64(3), True),
        (3, 3.0, True),
        (3, 3.0000000001, False),
        (3.0, 3.0000000001, True),
        (3.0, 3.00000001, False),
        (3e6, 3e6 + 1e-4, True),
        (3.0, math.nan, False),
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.inf, 1e308, False),
        (True, np.bool_(True), True),
        (True, 1, False),
        (1, True, False),
        (1.0, True, False),
        (1.0, "1.0", False),
        (1.0, None, False),
        (None, None, True),
        (None, math.nan, False),
        ("a", "a", True),
        ("a", np.str_("a"), True),
        ("a", ["a"], False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, [("a", 1)], False),
        ([1], 1, False),
    ],
)
def test_what_counts_as_equal(expected: Any, got: Any, equal: bool) -> None:
    assert (difference(expected, got, 1e-9) is None) == equal


def test_the_place_of_a_difference_is_told() -> None:
    assert difference({"l": [[1.0, 2.0]]}, {"l": [[1.0, 2.5]]}, 1e-9) == "result['l'][0][1] should be 2.0, not 2.5"


# The command


def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> tuple[int, str, str]:
    file = tmp_path / "my_tpe.py"
    file.write_text(text, encoding="utf-8")
    code = main(["check-traces", str(file)])
    return code, *capsys.readouterr()


def test_the_example_of_the_page_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len([line for line in example("the example file").splitlines() if line]) <= 15
    code, out, err = command(tmp_path, capsys, example("the example file"))
    assert (code, err) == (0, "")
    assert out.startswith("bandwidths          6 of   6 right\nchoose              3 of   3 right\nmissing: to_unit, ")
    assert re.search(r"```text\n(.*)\.\.\.\n```", PAGE, re.DOTALL)[1] in out  # type: ignore[index]  # or fail
    missing = out.splitlines()[-1].removeprefix("missing: ").split(", ")
    assert sorted([*missing, "bandwidths", "choose"]) == sorted(FUNCTIONS)


def test_a_wrong_function_is_shown_with_its_first_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(tmp_path, capsys, "def choose(log_l, log_g):\n    return 0\n")
    assert code == 1
    assert out.splitlines()[:7] == [
        "choose              1 of   3 right",
        "    case         log l [0.5, 0.1, 0.2]",
        "      log_l      [0.5, 0.1, 0.2]",
        "      log_g      [0.5, -0.9, -0.7]",
        "    expected     1",
        "    got          0",
        "    because      result should be 1, not 0",
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return log_l[99]", "it raised IndexError: list index out of range (my_tpe.py, line 2)"),
        (
            "import statistics; statistics.mean([])",
            "StatisticsError: mean requires at least one data point (my_tpe.py, ",
        ),
        ("raise SystemExit(3)", "it raised SystemExit: 3 (my_tpe.py, line 2)"),
        ("raise NotImplementedError", "it raised NotImplementedError (my_tpe.py, line 2)"),
        ("return", "result should be 0, not None"),
        ("return (x for x in [])", "result should be 0, not <generator"),
    ],
)
def test_a_function_that_fails_is_told_with_its_message(
    body: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = command(tmp_path, capsys, f"def choose(log_l, log_g):\n    {body}\n")
    assert (code, err) == (1, "")
    assert told in out
    assert "Traceback" not in out


def test_other_arguments_than_documented(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(tmp_path, capsys, "def choose(scores):\n    return 0\n")
    assert code == 1
    assert "choose() takes 1 positional argument but 2 were given" in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "there is nothing to check; write one of these functions:\n    to_unit(domain, value)\n"),
        ("choose = 3\n", "there is nothing to check"),
        ("x = (\n", "running it failed with SyntaxError: '(' was never closed (my_tpe.py, line 1)"),
        ("import there_is_no_such\n", "ModuleNotFoundError: No module named 'there_is_no_such' (my_tpe.py, line 1)"),
        ("raise SystemExit\n", "running it failed with SystemExit (my_tpe.py, line 1)"),
        ("RULES = 'optuna'\n", "RULES must be a list of some of ['bergstra', "),
        ("RULES = ['parzen']\n", "got ['parzen']"),
    ],
)
def test_a_mistake_in_usage_is_told(text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(tmp_path, capsys, text)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def choose(log_l, log_g):\n    raise KeyboardInterrupt\n", "stopped in choose, case 'log l [0.0]'"),
        ("raise KeyboardInterrupt\n", "stopped while running my_tpe.py"),
    ],
)
def test_ctrl_c_in_an_endless_function_ends_it_and_says_where(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = command(tmp_path, capsys, text)
    assert (code, out, err) == (130, "", f"tpe-reference check-traces: {told}\n")


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my_tpe.txt").write_text("", encoding="utf-8")
    for name, told in (("absent.py", "no such file"), ("", "no such file"), ("my_tpe.txt", "must end in .py")):
        assert main(["check-traces", str(tmp_path / name)]) == 2
        assert told in capsys.readouterr().err


def test_a_file_of_two_parts_from_anywhere(tmp_path: Path) -> None:
    """As a process of its own, from another folder: the file imports its neighbour, and has a dataclass."""
    (tmp_path / "my_kernels.py").write_text("def choose(l, g): return 0 if len(l) == 1 else 1\n", encoding="utf-8")
    lines = ["from __future__ import annotations", "from dataclasses import dataclass", "from my_kernels import choose"]
    text = "\n".join([*lines, "@dataclass", "class Kernel:", "    mu: float", ""])
    (tmp_path / "my_tpe.py").write_text(text, encoding="utf-8")
    arguments = [sys.executable, "-W", "error", "-m", "tpe_reference", "check-traces", str(tmp_path / "my_tpe.py")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("choose              3 of   3 right")


# The page


def test_the_page_documents_every_function_and_file() -> None:
    for name, entry in FUNCTIONS.items():
        assert f"| `{name}({', '.join(entry['arguments'])})` |" in PAGE
    assert len(re.findall(r"^\| `\w+\(", PAGE, re.MULTILINE)) == len(FUNCTIONS), "and no others"
    assert re.findall(r"^### (\w+)\.json$", PAGE, re.MULTILINE) == list(NAMES)
    for rules in reference.RULES:
        assert f"`{rules}`" in PAGE


def test_the_record_of_the_page_is_there() -> None:
    record = json.loads(example("the example record"))
    (first, *_) = [case for case in load()["tpe"]["cases"] if case["function"] == "choose"]
    assert record == first


def test_the_page_can_be_believed_on_equal_centres() -> None:
    """Of equal centres the first in the list is the left one."""
    assert reference.bandwidths("optuna", [0.5, 0.5, 0.1, 0.6], 4).tolist() == pytest.approx([0.4, 1 / 6, 0.4, 1 / 6])
    assert tpe.neighbour_gaps(np.array([[0.5], [0.5]])).tolist() == [[0.0], [0.0]]
