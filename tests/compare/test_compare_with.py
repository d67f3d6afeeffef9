"""`--with`: what it understands, what it says where a package is missing, and that nothing else needs one.

The peers themselves play in tests/peers/test_compare_peers.py.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tpe_reference import Categorical, Domain, Float, FrozenTrial, Int
from tpe_reference.compare.cli import main
from tpe_reference.compare.contestants import CONTESTANTS, get_contestants
from tpe_reference.compare.peers import PEERS, OnCube
from tpe_reference.compare.plan import Plan
from tpe_reference.compare.plots import STYLES
from tpe_reference.compare.report import command
from tpe_reference.compare.runner import versions
from tpe_reference.user_files import UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", PEERS)
def test_a_missing_package_is_named_with_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in PEERS[name].packages:
        monkeypatch.setitem(sys.modules, package, None)  # so Python refuses to import it
    assert main(["--problems", "sphere", "--with", name, "--out", "a"]) == 2
    message = capsys.readouterr().err
    assert f"{PEERS[name].packages[0]} cannot be imported" in message
    assert 'pip install "tpe-reference[peers]"' in message
    assert not Path("a").exists()


@pytest.mark.parametrize("words", [["optna"], ["optuna,optna"], ["optuna", "optna"], ["tpe,optna"]])
def test_an_unknown_peer_is_told_the_known_ones(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--with", *words, "--out", "a"]) == 2
    message = capsys.readouterr().err
    assert "--with: there is no peer" in message
    assert "known are: optuna, optuna-cma-es, hyperopt, cmaes, cma" in message


def test_without_the_option_no_peer_takes_part_or_is_imported() -> None:
    code = "import sys; from tpe_reference.compare import plan, cli, PROBLEMS, CONTESTANTS\n"
    code += "p = plan.Plan(tuple(PROBLEMS), CONTESTANTS); assert p.runs() and p.versions()\n"
    code += "print([name for name in ('optuna', 'hyperopt', 'cmaes', 'cma') if name in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout == "[]\n"
    assert not set(CONTESTANTS) & set(PEERS)


def test_a_users_class_does_not_take_a_peers_name() -> None:
    named = get_contestants(["optuna", "mine.py:Optuna", "hyperopt+median"])
    assert [c.name for c in named] == ["optuna", "mine.py:Optuna", "hyperopt+median"]
    assert named[2].label == "hyperopt TPE + median pruning"
    assert [c.packages for c in named] == [("optuna",), (), ("hyperopt",)]


def test_versions_of_peers_stand_only_where_they_take_part() -> None:
    assert not set(versions()) & set(PEERS)
    assert versions(["numpy", "no-such-package"]) == versions()


def test_the_report_repeats_the_command_with_its_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "__post_init__", lambda self: None)  # which would import them
    wanted = "tpe-reference compare --problems sphere --with optuna cma --trials 5"
    assert command(Plan(("sphere",), (*CONTESTANTS, "optuna", "cma"), trials=5)) == wanted
    plan = Plan(("sphere",), ("random", "hyperopt", "mine.py:X"))
    assert command(plan) == (
        "tpe-reference compare --problems sphere --samplers random --sampler mine.py:X --with hyperopt"
    )
    assert command(Plan(("sphere",), ("cma",))) == "tpe-reference compare --problems sphere --samplers cma"


def test_all_of_them_look_different() -> None:
    assert len(STYLES) >= len(CONTESTANTS) + len(PEERS)
    for k in range(3):  # colour, dashes, marker
        looks = [json.dumps(style[k]) for style in STYLES]
        assert len(set(looks)) == len(looks)


class Centre(OnCube):
    """A stand-in for a CMA-ES: it notes what it is told."""

    def __init__(self) -> None:
        super().__init__(["math"])
        self.heard: list[list[float]] = []
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1

    def generation(self) -> list[np.typing.NDArray[np.float64]]:
        return [np.full(len(self.space), u) for u in (0.1, 0.5, 0.9)]

    def learn(self, losses: np.typing.NDArray[np.float64]) -> bool:
        self.heard.append(losses.tolist())
        return len(self.heard) == 2


def test_the_cube_is_told_of_failures_as_the_worst_and_starts_again_when_it_stops() -> None:
    space: dict[str, Domain] = {"x": Float(0, 10), "n": Int(1, 4), "c": Categorical(["a", "b", "c"]), "one": Int(7, 7)}
    told = [(2.0, "complete"), (math.nan, "failed"), (5.0, "complete")]
    told += [(math.nan, "failed"), (0.1, "pruned"), (math.nan, "failed")]
    told += [(math.inf, "complete"), (1.0, "complete"), (-math.inf, "complete")]
    sampler, history = Centre(), list[FrozenTrial]()
    for loss, state in told:
        params = sampler.suggest(space, history, np.random.default_rng(0))
        assert params["one"] == 7
        history.append(FrozenTrial(params, loss, {}, state))  # type: ignore[arg-type]  # its name will do
    sampler.suggest(space, history, np.random.default_rng(0))
    assert [trial.params["x"] for trial in history[:3]] == [1.0, 5.0, 9.0]
    assert [trial.params["n"] for trial in history[:3]] == [1, 3, 4]
    assert [trial.params["c"] for trial in history[:3]] == ["a", "b", "c"]
    assert sampler.heard == [[2.0, 5.0, 5.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    assert sampler.begun == 2


def test_a_peer_without_its_package_is_a_mistake_that_can_be_put_right() -> None:
    class Nowhere(OnCube):
        pass

    with pytest.raises(UsageError, match="no_such_package cannot be imported"):
        Nowhere(["no_such_package"])
