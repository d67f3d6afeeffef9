"""A comparison with mistakes in the user's own file: each is named, with the trial and the way out."""

import json
import math
import re
from pathlib import Path

import pytest

from tpe_reference.compare import runner
from tpe_reference.compare.cli import main
from tpe_reference.compare.contestants import Contestant
from tpe_reference.compare.plots import write_plots
from tpe_reference.compare.problems import Problem, get_problem
from tpe_reference.compare.report import table, verdict
from tpe_reference.compare.results import Result
from tpe_reference.compare.runner import Run, attempt

MINE = '''
import random
import sys

import numpy as np

from tpe_reference import Float
from tpe_reference.compare import Problem


class Anywhere:
    """Random search; what is wrong with the others happens in trial 2."""

    def suggest(self, space, history, rng):
        if len(history) == 2:
            self.slip(space, history)
        return {name: domain.from_unit(rng.random()) for name, domain in space.items()}

    def slip(self, space, history):
        pass


class Sorts(Anywhere):
    def slip(self, space, history):
        history.sort(key=lambda trial: -trial.params["x1"])
        history.reverse()


class Writes(Anywhere):
    def slip(self, space, history):
        history[0].params["x1"] = 0.0


class Forgets(Anywhere):
    def slip(self, space, history):
        history.pop()


class Narrows(Anywhere):
    def slip(self, space, history):
        del space["x1"]


class Dice(Anywhere):
    def slip(self, space, history):
        random.random()


class NumpyDice(Anywhere):
    def slip(self, space, history):
        np.random.seed(1)


class Silent(Anywhere):
    def suggest(self, space, history, rng):
        super().suggest(space, history, rng)


class Counts:
    """Its answer depends on how often this object was asked."""

    asked = 0

    def suggest(self, space, history, rng):
        self.asked += 1
        return {name: domain.from_unit(self.asked / 10) for name, domain in space.items()}


counts = Counts()
SPACE = {"x": Float(0, 1)}


def problem_of(answer):
    def own(params, seed):
        return answer(params["x"])

    return Problem(own, SPACE, optimum=0.0, trials=3, seeds=2)


def failing(params, seed):
    yield from ()


text = problem_of(lambda x: "0.3")
nothing = problem_of(lambda x: None)
several = problem_of(lambda x: np.array([x, x]))
divided = problem_of(lambda x: x / 0)
leaves = problem_of(lambda x: sys.exit("no accelerator"))
low = problem_of(lambda x: x - 5)
one_argument = Problem(lambda params: 0.0, SPACE, trials=3, seeds=2)
never = Problem(failing, SPACE, optimum=0.0, trials=3, seeds=2)
logs = Problem(low.evaluate, SPACE, name="logs", log=True, trials=3, seeds=2)
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine_with_mistakes.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_counter", None)
    return tmp_path


def run_of(sampler: str, problem: str = "sphere") -> Run:
    spec = f"mine_with_mistakes.py:{sampler}" if sampler[0].isupper() or sampler == "counts" else sampler
    return Run(problem, Contestant(spec, sampler), seed=0, trials=4)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        ("Sorts", r"in trial 2, ValueError: Sorts.suggest changed its history.*sorted\(history"),
        ("Writes", r"in trial 2, .*Writes.suggest changed its history"),
        ("Forgets", r"in trial 2, .*Forgets.suggest changed its history"),
        ("Narrows", r"in trial 2, .*Narrows.suggest changed its argument space: .*dict\(space\)"),
        ("Silent", r"in trial 0, ValueError: Silent.suggest returned None.*no return\?"),
    ],
)
def test_a_sampler_that_does_not_keep_to_its_part_is_told_so(sampler: str, message: str) -> None:
    found = attempt(run_of(sampler))
    assert isinstance(found, str), "the run went on as if nothing had been"
    assert re.match(message, found)
    assert "Traceback" not in found  # the message says it all


@pytest.mark.parametrize(("sampler", "whose"), [("Dice", r"\(random\)"), ("NumpyDice", r"\(np.random\)")])
def test_global_random_numbers_are_noticed(sampler: str, whose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counter:
        value = 0

        def get_lock(self) -> "Counter":
            return self

        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(runner, "_counter", Counter())  # as in a process of the comparison, where nobody else draws
    found = attempt(run_of(sampler))
    assert isinstance(found, str), "the run went on as if nothing had been"
    assert re.match(rf"in trial 2, .*{sampler}.suggest changed .*{whose}: .*draw from its argument rng", found)
    assert len(attempt(run_of("Anywhere"))) == 4


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("text", "TypeError: a loss is a number, .* this is '0.3'"),
        ("nothing", "TypeError: a loss is a number, .* this is None"),
        ("several", r"TypeError: a loss is a number, .* this is array\("),
        ("divided", "ZeroDivisionError: .*"),
        ("leaves", "SystemExit: no accelerator"),
        ("one_argument", "TypeError: .* takes 1 positional argument but 2 were given"),
    ],
)
def test_a_problem_that_gives_no_loss_is_told_what_it_was_given_and_what_to_return(problem: str, message: str) -> None:
    found = attempt(run_of("random", f"mine_with_mistakes.py:{problem}"))
    assert isinstance(found, str), "what is no loss was taken for one"
    assert re.match(rf"in trial 0, {message}", found)
    if problem != "leaves":
        assert re.search(
            rf"{problem} was called with {{'x': 0.\d+}} and seed 0; where .* cannot be evaluated, return nan", found
        )
    assert ("mine_with_mistakes.py" in "".join(re.findall("File .*", found))) == (problem in ("divided", "leaves"))


def test_an_object_as_sampler_begins_each_run_afresh() -> None:
    first, second = attempt(run_of("counts")), attempt(run_of("counts"))
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert [trial["params"] for trial in first] == [trial["params"] for trial in second]


def result_of(problem: str, losses: list[float]) -> Result:
    """One seed of random search whose trials had these losses."""
    cost = {"sampler_seconds": 0.1, "objective_seconds": 0.1, "curve": {}}
    trials = [{"loss": loss, "state": "failed" if math.isnan(loss) else "complete", **cost} for loss in losses]
    alone = [Contestant("random", "random")]
    return Result(get_problem(f"mine_with_mistakes.py:{problem}"), alone, alone, [[trials, trials]], len(losses))


def test_where_every_trial_fails_there_is_a_report_all_the_same(tmp_path: Path) -> None:
    result = result_of("never", [math.nan, math.nan, math.nan])
    assert write_plots([result], tmp_path)[""].stat().st_size > 0
    assert re.search(r"failing +2 +none +\n", table([result]))
    assert "there is nothing to compare" in verdict(result)


def test_a_loss_below_the_optimum_is_called_wrong_not_a_win() -> None:
    assert "Wrong: own had a loss of -4.5, below the optimum that it claims, 0." in table([result_of("low", [3, -4.5])])
    assert "Wrong" not in table([result_of("low", [3, -1e-12])])  # rounding


def test_negative_losses_at_a_logarithmic_axis_are_called_wrong() -> None:
    assert "Wrong: logs claims a logarithmic axis, and had losses below 0" in table([result_of("logs", [3, -4.5])])
    assert "Wrong" not in table([result_of("logs", [3, 0.0])])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "broken_import.py:X"], r"failed with NameError: .*'nowhere' .*\(broken_import.py, line 3\)"),
        (["--sampler", "mine_with_mistakes.py"], r"--sampler mine_with_mistakes.py:NAME"),
        (["--problem", "mine_with_mistakes.py"], r"--problem mine_with_mistakes.py:NAME"),
    ],
)
def test_what_cannot_be_loaded_is_told_where_and_how(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken_import.py").write_text("import math\n\nnowhere + math.pi\n")
    assert main([*arguments, "--out", "a"]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_space_without_domains_is_told_what_to_give() -> None:
    with pytest.raises(ValueError, match=r"Problem: 'x' in the space is \(0, 1\); give a Float, an Int or"):
        Problem(lambda params, seed: 0.0, {"x": (0, 1)})  # type: ignore[dict-item]


def test_resume_where_there_is_nothing_does_not_begin_the_default_comparison(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--resume", "--out", "mistyped"]) == 2
    assert "mistyped holds no comparison to go on with" in capsys.readouterr().err
    assert not Path("mistyped").exists()


@pytest.mark.slow
def test_going_on_says_what_is_there_and_what_other_code_has_done(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--problems", "branin", "--samplers", "random", "--trials", "2", "--seeds", "3", "--jobs", "1"]
    assert main([*asked, "--out", "a"]) == 0
    assert "already" not in capsys.readouterr().err
    kept = Path("a/runs/branin--random--1.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text(encoding="utf-8")), "code": "of yesterday"}))
    Path("a/runs/branin--random--2.json").unlink()
    assert main(["--out", "a", "--resume", "--jobs", "1"]) == 0
    printed = capsys.readouterr().err
    assert "there already: 1 run; to be done: 2" in printed
    assert "(1 of these with other code than today's" in printed
