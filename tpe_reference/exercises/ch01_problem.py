"""Exercises on the problem and its interface: cells, the unit interval, the order of trials; last, the loop itself."""

from __future__ import annotations

import math
import numbers
from itertools import pairwise
from typing import Any

from .. import space
from ..samplers.random_search import RandomSampler
from ..samplers.tpe import TPESampler
from ..space import Float, FrozenTrial, Int, TrialState
from ..study import create_study
from .checking import SEED, AnswerError, Chapter, Exercise, Function, agree, require, same_search, trial_rng

chapter = Chapter(
    number=1,
    folder="problem",
    title="the problem",
    exercises=[
        Exercise(
            "01.1",
            "cell",
            "space:cell",
            points=1,
            minutes=10,
            hints=(
                "Cell 0 reaches from 0 to 1/n, cell 1 from 1/n to 2/n. In which of them is u = 0.5 for n = 4?",
                "int(u * n) is right for nearly all u. Which cell does it give for u = 1, and which for u = -0.3?",
                "min and max mend both: no cell below 0, none above n - 1.",
            ),
        ),
        Exercise(
            "01.2",
            "float_from_unit",
            "space:Float.from_unit",
            points=2,
            minutes=15,
            hints=(
                "Solve the chapter's formula u = (v - a) / (b - a) for v; that is all for the linear scale.",
                "With log the same straight line gives the logarithm of v, so math.exp of it is v.",
                "exp(log(v)) need not be v to the last digit: min and max with low and high bring it back inside, and "
                "take care of positions below 0 and above 1 at the same time.",
            ),
        ),
        Exercise(
            "01.3",
            "float_to_unit",
            "space:Float.to_unit",
            points=1,
            minutes=10,
            hints=(
                "The two formulas of the chapter, one for each scale: a is domain.low, b is domain.high.",
                "A value outside counts as the nearer end: min(max(u, 0), 1).",
                "Where low equals high there is nothing to divide by: the only value stands in the middle, at 0.5.",
            ),
        ),
        Exercise(
            "01.4",
            "int_from_unit",
            "space:Int.from_unit",
            points=3,
            minutes=30,
            hints=(
                "Without log there are (high - low) / step + 1 values, each with a cell of the same width. 01.1 finds "
                "the cell; the value is low + step times its number.",
                "With log the interval is not that from log(low) to log(high): the cells of low and of high reach half "
                "an integer farther, from log(low - 1/2) to log(high + 1/2).",
                "With log: put u on that interval, take exp, round to the nearest integer, and bring what is outside "
                "back to low or high.",
            ),
        ),
        Exercise(
            "01.5",
            "merit",
            "space:FrozenTrial.merit",
            points=2,
            minutes=20,
            hints=(
                "Python compares tuples entry by entry: (0, 5.0) comes before (1, -3.0). So the first entry can say "
                "which of the three groups a trial is in.",
                "A later step should come first, so its key is smaller: minus the step. The last step of a curve is "
                "max(curve); think of a curve without entries.",
                "nan is neither smaller nor larger than anything, and a sort by it is arbitrary: replace it by "
                "infinity. Failed trials need no second entry at all, as long as their keys are equal.",
            ),
        ),
        Exercise(
            "01.6",
            "run_search",
            None,
            points=4,
            minutes=40,
            hints=(
                "It is the loop of the chapter's section 'A sampler in ten lines', with a start (the trials so far), "
                "an end (n_trials in all, or suggest returns None) and failures.",
                "Copy the history into a list of your own first. The next trial's number is the list's length: the "
                "generator is made from it, so that nothing else need be remembered.",
                "try: loss = objective(params), except Exception: loss = math.nan. Then a nan, wherever it came from, "
                "makes a failed trial, which is appended like any other.",
            ),
        ),
    ],
)


def _space(module: Any) -> dict[str, Any]:
    """Return a space with one domain of each kind, of the classes of a module."""
    return {
        "x": module.Float(-1.0, 2.0),
        "lr": module.Float(1e-5, 1.0, log=True),
        "layers": module.Int(1, 8),
        "width": module.Int(4, 256, log=True),
        "kind": module.Categorical(["a", "b", "c"]),
    }


_SPACE = _space(space)


def _loss(params: dict[str, Any]) -> float:
    """Return a bowl's loss; a corner of it fails."""
    if params["x"] > 1.5:
        return math.nan
    rest = abs(params["layers"] - 3) / 8 + abs(math.log(params["width"] / 32)) / 4 + (params["kind"] != "b") / 2
    return float((params["x"] - 0.3) ** 2 + (math.log10(params["lr"]) + 2.0) ** 2 / 4 + rest)


def _followed(mine: Function, reference: Function, name: str) -> None:
    """Follow a search by TPE whose domains and trials have somebody's function; every third trial is pruned."""

    def suggest(module: Any) -> Function:
        sampler, domains, seen = TPESampler(), _space(module), list[Any]()

        def suggested(_: Any, history: list[FrozenTrial], rng: Any) -> Any:
            for n in range(len(seen), len(history)):
                params, loss = history[n].params, history[n].loss
                is_pruned = n % 3 == 1 and not math.isnan(loss)
                curve = dict.fromkeys(range(n % 5), loss) if is_pruned else {}
                seen.append(module.FrozenTrial(params, loss, curve, "pruned" if is_pruned else history[n].state))
            return sampler.suggest(domains, seen, rng)

        return suggested

    same_search(mine, reference, f"space:{name}", suggest, _SPACE, _loss, trials=50)


# ---- 01.1 cell -------------------------------------------------------------------------------------------------------


@chapter.check("01.1")
def cells_have_equal_widths(mine: Function, reference: Function) -> None:
    """A uniform u must make all values equally likely; rounding to 0, ..., n - 1 would halve the two at the ends."""
    for n in (1, 2, 5, 8):
        for i in range(4 * n):
            agree(mine, reference, (i + 0.5) / (4 * n), n)


@chapter.check("01.1")
def the_end_is_in_the_last_cell(mine: Function, reference: Function) -> None:
    """One is a position too, and there is no cell behind the last."""
    for n in (1, 3, 10, 10**6):
        agree(mine, reference, 1.0, n)


@chapter.check("01.1")
def outside_is_the_nearer_end(mine: Function, reference: Function) -> None:
    """Algorithms step over the edge: what is below 0 belongs to the first cell, what is above 1 to the last."""
    for u in (-0.01, -0.3, -7.0, 1.01, 1.7, 40.0):
        agree(mine, reference, u, 5)


@chapter.check("01.1")
def the_search_has_the_same_cells(mine: Function, reference: Function) -> None:
    """In the real space your function chooses all integers and all choices."""
    _followed(mine, reference, "cell")


# ---- 01.2 float_from_unit --------------------------------------------------------------------------------------------


@chapter.check("01.2")
def a_straight_line(mine: Function, reference: Function) -> None:
    """Without log equal differences are equally far apart: the value is a straight line of u, from low to high."""
    for domain in (Float(-3.0, 5.0), Float(10.0, 20.0), Float(-200.0, -100.0)):
        for u in (0.0, 0.1, 0.5, 0.75, 1.0):
            agree(mine, reference, domain, u)


@chapter.check("01.2")
def with_log_a_line_of_the_logarithm(mine: Function, reference: Function) -> None:
    """With log equal ratios are equally far apart, so the middle of 1 and 10 000 is 100."""
    for domain in (Float(1.0, 10_000.0, log=True), Float(2.0, 32.0, log=True), Float(0.5, 500.0, log=True)):
        for u in (0.0, 0.2, 0.25, 0.5, 0.9, 1.0):
            agree(mine, reference, domain, u)


@chapter.check("01.2")
def beyond_the_ends_is_the_nearer_one(mine: Function, reference: Function) -> None:
    """Algorithms step over the edge, and no step may leave the space: below 0 is low, above 1 is high."""
    for domain in (Float(-3.0, 5.0), Float(1.0, 100.0, log=True)):
        for u in (-0.001, -0.5, -30.0, 1.001, 1.5, 30.0):
            agree(mine, reference, domain, u)


@chapter.check("01.2")
def no_value_is_outside_by_rounding(mine: Function, reference: Function) -> None:
    """A training that allows rates up to 0.1 refuses 0.10000000000000002: the value is inside to the last digit."""
    domains = [
        Float(low / 100, high / 7, log=log) for low in (1, 3, 7) for high in range(1, 30) for log in (False, True)
    ]
    for domain in domains:
        for u in (0.0, 1e-17, 1 - 1e-16, 1.0):
            value = mine(domain, u)
            require(value in domain, expected=f"a value in {domain}", got=repr(value), u=u)


@chapter.check("01.2")
def the_search_has_the_same_values(mine: Function, reference: Function) -> None:
    """In the real space all real numbers that a search tries come out of your function."""
    _followed(mine, reference, "Float.from_unit")


# ---- 01.3 float_to_unit ----------------------------------------------------------------------------------------------


@chapter.check("01.3")
def the_share_of_the_way_from_low_to_high(mine: Function, reference: Function) -> None:
    """Position 0 is low, 1 is high, and 1/4 a quarter of the way."""
    for domain in (Float(-3.0, 5.0), Float(10.0, 20.0), Float(-200.0, -100.0)):
        for share in (0.0, 0.1, 0.5, 0.75, 1.0):
            agree(mine, reference, domain, domain.low + share * (domain.high - domain.low))


@chapter.check("01.3")
def with_log_the_way_is_that_of_the_logarithm(mine: Function, reference: Function) -> None:
    """From 0.001 to 0.01 is as far as from 0.01 to 0.1: what counts is the ratio."""
    for value in (0.001, 0.002, 0.01, 0.1, 0.5, 1.0):
        agree(mine, reference, Float(0.001, 1.0, log=True), value)


@chapter.check("01.3")
def back_to_where_it_came_from(mine: Function, reference: Function) -> None:
    """to_unit undoes from_unit: the position of the value at u is u."""
    for domain in (Float(-3.0, 5.0), Float(1e-5, 1.0, log=True)):
        for u in (0.0, 0.3, 0.62, 0.999):
            got = float(mine(domain, domain.from_unit(u)))
            require(abs(got - u) < 1e-5, expected=f"{u}", got=f"{got:.6g}", domain=domain, value=domain.from_unit(u))


@chapter.check("01.3")
def values_outside_are_at_the_nearer_end(mine: Function, reference: Function) -> None:
    """An old trial may have a value that the domain no longer has: it must not leave the unit cube."""
    for domain in (Float(1.0, 5.0), Float(1.0, 100.0, log=True)):
        for value in (0.5, 0.99, 100.5, 1e6):
            agree(mine, reference, domain, value)


@chapter.check("01.3")
def one_value_is_in_the_middle(mine: Function, reference: Function) -> None:
    """Where low equals high, the only value owns the whole interval and stands at its middle."""
    agree(mine, reference, Float(3.0, 3.0), 3.0)
    agree(mine, reference, Float(3.0, 3.0, log=True), 3.0)


@chapter.check("01.3")
def the_search_sees_the_same_positions(mine: Function, reference: Function) -> None:
    """In the real space TPE learns from past trials by the positions that your function gives them."""
    _followed(mine, reference, "Float.to_unit")


# ---- 01.4 int_from_unit ----------------------------------------------------------------------------------------------


def _inside_cells(domain: Any) -> list[float]:
    """Return positions in the cells of all values: near the left border, at the centre, near the right border."""
    edges = domain.edges()
    return [float(e + share * (f - e)) for e, f in pairwise(edges) for share in (0.02, 0.5, 0.98)]


@chapter.check("01.4")
def every_integer_is_as_likely_as_any_other(mine: Function, reference: Function) -> None:
    """Each of n integers owns 1/n of the interval, the first and the last too."""
    for domain in (Int(1, 5), Int(-3, 3), Int(0, 1)):
        for u in _inside_cells(domain):
            agree(mine, reference, domain, u)


@chapter.check("01.4")
def steps_from_low(mine: Function, reference: Function) -> None:
    """With a step the values are low, low + step, ...: cells belong to those, not to the integers between."""
    for domain in (Int(0, 100, step=25), Int(3, 15, step=4)):
        for u in _inside_cells(domain):
            agree(mine, reference, domain, u)


@chapter.check("01.4")
def with_log_cells_reach_half_an_integer_around(mine: Function, reference: Function) -> None:
    """With log the value v owns what lies between log(v - 1/2) and log(v + 1/2), at the ends too."""
    for domain in (Int(1, 6, log=True), Int(3, 40, log=True)):
        for u in _inside_cells(domain):
            agree(mine, reference, domain, u)


@chapter.check("01.4")
def it_stays_between_low_and_high(mine: Function, reference: Function) -> None:
    """Positions outside count as the nearer end, and u = 1 is high, on all three scales."""
    for domain in (Int(1, 5), Int(0, 100, step=25), Int(2, 64, log=True), Int(7, 7), Int(7, 7, log=True)):
        for u in (-3.0, -0.01, 0.0, 1.0, 1.01, 4.0):
            agree(mine, reference, domain, u)


@chapter.check("01.4")
def it_is_an_integer(mine: Function, reference: Function) -> None:
    """A network with 3.0 layers is an error in most libraries: the value is 3."""
    for domain in (Int(1, 5), Int(0, 100, step=25), Int(2, 64, log=True)):
        got = mine(domain, 0.4)
        require(isinstance(got, numbers.Integral), expected="an integer", got=repr(got), domain=domain, u=0.4)


@chapter.check("01.4")
def the_search_has_the_same_integers(mine: Function, reference: Function) -> None:
    """In the real space all integers that a search tries come out of your function."""
    _followed(mine, reference, "Int.from_unit")


# ---- 01.5 merit ------------------------------------------------------------------------------------------------------


def _ordered(mine: Function, reference: Function, trials: list[FrozenTrial]) -> None:
    """Sort some trials by both keys, from several orders: a key with nan in it is right in some by luck."""
    for seed in range(8):
        shuffled = [trials[i] for i in trial_rng(seed).permutation(len(trials))]
        expected, got = sorted(shuffled, key=reference), sorted(shuffled, key=mine)
        if [id(trial) for trial in expected] != [id(trial) for trial in got]:
            given = {f"trial {i}": _described(trial) for i, trial in enumerate(shuffled)}
            orders = [[shuffled.index(trial) for trial in order] for order in (expected, got)]
            raise AnswerError(f"sorted by it, best first: {orders[0]}", f"{orders[1]}", given)


def _described(trial: FrozenTrial) -> str:
    curve = f", curve {dict(trial.curve)}" if trial.curve else ""
    return f"{trial.state}, loss {trial.loss:g}{curve}"


def _complete(*losses: float) -> list[FrozenTrial]:
    return [FrozenTrial({"i": i}, loss) for i, loss in enumerate(losses)]


def _pruned(loss: float, *steps: int) -> FrozenTrial:
    return FrozenTrial({"steps": steps}, loss, dict.fromkeys(steps, loss), TrialState.PRUNED)


@chapter.check("01.5")
def complete_trials_by_loss(mine: Function, reference: Function) -> None:
    """Lower is better, infinity is worst, and of equals the earlier number comes first, as a stable sort leaves it."""
    _ordered(mine, reference, _complete(0.3, -2.0, 7.0, math.inf, 0.3, 0.0, -math.inf))


@chapter.check("01.5")
def pruned_trials_come_after_complete_ones(mine: Function, reference: Function) -> None:
    """A loss of a training that was cut short is no result: every complete trial is ahead of it, however bad."""
    _ordered(mine, reference, [*_complete(5.0, 100.0, math.inf), _pruned(0.1, 0, 1), _pruned(2.0, 0)])


@chapter.check("01.5")
def of_the_pruned_the_later_step_first(mine: Function, reference: Function) -> None:
    """Who was let run longer looked better for longer; only at the same step do losses compare, without any last."""
    never = FrozenTrial({}, state=TrialState.PRUNED)
    _ordered(mine, reference, [_pruned(3.0, 0, 1, 2), _pruned(0.2, 0), _pruned(4.0, 2), _pruned(0.5, 1, 0), never])


@chapter.check("01.5")
def failed_trials_are_last(mine: Function, reference: Function) -> None:
    """Nothing is known but that the place does not work: worse than any loss, and all failures are alike."""
    failed = [FrozenTrial({"i": i}, loss=float("nan"), state=TrialState.FAILED) for i in range(3)]  # no nan is another
    _ordered(mine, reference, [*failed, *_complete(1.0, math.inf), _pruned(9.0, 0), _pruned(9.0)])


@chapter.check("01.5")
def a_last_report_of_nan_is_the_worst(mine: Function, reference: Function) -> None:
    """Not a number compares with nothing, so a single one makes the sort arbitrary: it counts as infinite."""
    _ordered(mine, reference, [_pruned(math.nan, 3), _pruned(0.4, 3), _pruned(7.0, 3), _pruned(math.nan, 3, 1)])


@chapter.check("01.5")
def the_search_ranks_the_same(mine: Function, reference: Function) -> None:
    """In real trials your function is what TPE sorts them by: it decides who is good."""
    _followed(mine, reference, "FrozenTrial.merit")


# ---- 01.6 run_search -------------------------------------------------------------------------------------------------


def _seen(history: Any) -> list[Any]:
    """Return what can be compared of some trials."""
    return [(dict(trial.params), repr(float(trial.loss)), str(trial.state)) for trial in history]


def _recorded(suggest: Function) -> tuple[Function, list[list[Any]]]:
    """Return a sampler's function that remembers each history that it was given."""
    histories: list[list[Any]] = []

    def recording(space: Any, history: Any, rng: Any) -> Any:
        histories.append(_seen(history))
        return suggest(space, history, rng)

    return recording, histories


def _erring(params: dict[str, Any]) -> float:
    """Return a loss; raise an error for some configurations, and return nan for others."""
    if params["layers"] == 1:
        raise RuntimeError("out of memory")
    return _loss(params)


@chapter.check("01.6")
def every_trial_knows_those_before_it(mine: Function, reference: Function) -> None:
    """The history is exactly the trials 0, ..., n - 1 when trial n asks, their parameters and what came of them."""
    recording, histories = _recorded(RandomSampler().suggest)
    found = _seen(mine(recording, _SPACE, lambda params: 2.0, 5, 1))
    require(len(found) == 5, expected="5 trials", got=f"{len(found)}", n_trials=5)
    for n in range(5):
        got = histories[n] if n < len(histories) else "no call"
        require(got == found[:n], expected=f"the trials {found[:n]}", got=got, asking=f"trial {n}")


@chapter.check("01.6")
def each_trial_has_its_own_generator(mine: Function, reference: Function) -> None:
    """Made from the seed and the trial's number, so that trial 4 can be drawn without the others, on any machine."""
    drawn: list[float] = []

    def suggest(space: Any, history: Any, rng: Any) -> dict[str, Any]:
        drawn.append(float(rng.random()))
        return {"x": drawn[-1]}

    mine(suggest, {"x": Float(0.0, 1.0)}, lambda params: params["x"], 4, 12)
    expected = [float(trial_rng(n, 12).random()) for n in range(4)]
    agree(lambda: drawn, lambda: expected, given={"seed": 12, "compared": "the first number of each trial's generator"})


@chapter.check("01.6")
def failures_are_trials_too(mine: Function, reference: Function) -> None:
    """An objective that raises, or returns nan, must not end the night's search: the trial is failed, its loss nan."""
    found = mine(RandomSampler().suggest, _SPACE, _erring, 30, 3)
    require(len(found) == 30, expected="30 trials", got=f"{len(found)}", objective="some configurations fail")
    for trial in found:
        fails = trial.params["layers"] == 1 or math.isnan(_loss(dict(trial.params)))
        expected = "failed, loss nan" if fails else f"complete, loss {_loss(dict(trial.params)):g}"
        require(_described(trial) == expected, expected=expected, got=_described(trial), params=dict(trial.params))


@chapter.check("01.6")
def infinity_is_a_loss(mine: Function, reference: Function) -> None:
    """Complete trials may have an infinite loss: it says how good the place is, and that is the worst."""
    found = mine(RandomSampler().suggest, _SPACE, lambda params: math.inf, 2, 3)
    got = [_described(trial) for trial in found]
    require(got == ["complete, loss inf"] * 2, expected="complete, loss inf, twice", got=got, objective="always inf")


@chapter.check("01.6")
def the_objective_is_called_once_a_trial(mine: Function, reference: Function) -> None:
    """A call may take an hour: what it returned is kept, and not asked for again."""
    calls: list[dict[str, Any]] = []

    def objective(params: dict[str, Any]) -> float:
        calls.append(params)
        return 2.0

    mine(RandomSampler().suggest, _SPACE, objective, 5, 3)
    require(len(calls) == 5, expected="5 calls of the objective", got=f"{len(calls)} calls", n_trials=5)


@chapter.check("01.6")
def it_ends_when_nothing_is_left(mine: Function, reference: Function) -> None:
    """A grid returns None behind its last point: that is the end, and no trial."""

    def three(space: Any, history: Any, rng: Any) -> dict[str, Any] | None:
        return {"x": len(history)} if len(history) < 3 else None

    found = mine(three, {"x": Int(0, 2)}, lambda params: 0.0, 10, 0)
    got = [dict(trial.params) for trial in found]
    require(got == [{"x": 0}, {"x": 1}, {"x": 2}], expected="3 trials, x = 0, 1, 2", got=got, n_trials=10)


@chapter.check("01.6")
def it_goes_on_where_it_was_left(mine: Function, reference: Function) -> None:
    """To resume is to read the list of trials: what would have followed follows, and the list stays as it was."""
    whole = mine(TPESampler().suggest, _SPACE, _erring, 16, 5)
    for left in (4, 15, 16):
        before = list(whole[:left])
        resumed = mine(TPESampler().suggest, _SPACE, _erring, 16, 5, before)
        given = {"n_trials": 16, "history": f"the first {left} trials of the same search"}
        require(_seen(resumed) == _seen(whole), expected=f"{_seen(whole)}", got=_seen(resumed), **given)
        require(len(before) == left, expected="the history left as it was", got=f"{len(before)} trials", **given)


@chapter.check("01.6")
def it_does_what_study_does(mine: Function, reference: Function) -> None:
    """`Study` is this loop with comforts: same sampler, same seed, same trials."""
    study = create_study(sampler=TPESampler(), seed=SEED)
    for _ in range(25):
        trial = study.ask(_SPACE)
        loss = _loss(trial.params)
        study.tell(trial, None if math.isnan(loss) else loss, "failed" if math.isnan(loss) else None)
    found = mine(TPESampler().suggest, _SPACE, _loss, 25, SEED)
    require(len(found) == 25, expected="25 trials", got=f"{len(found)}", n_trials=25)
    for n, (expected, got) in enumerate(zip(study.trials, found, strict=True)):
        same = dict(got.params) == expected.params
        require(same, expected=f"{expected.params}", got=dict(got.params), trial=n, sampler="TPESampler()", seed=SEED)
