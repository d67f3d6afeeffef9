"""Exercises on pruning: the median, a percentile, the interval, the decision; last, successive halving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..pruners import MedianPruner, PercentilePruner
from ..space import Float, FrozenTrial, TrialState
from ..study import create_study
from .checking import Chapter, Exercise, Function, agree, require, same_pruning, trial_rng

chapter = Chapter(
    number=6,
    folder="pruning",
    title="pruning",
    exercises=[
        Exercise(
            "06.1",
            "median",
            "pruners.median:median",
            points=1,
            minutes=5,
            hints=(
                "Sort them first: sorted(losses) is a new list, and leaves the one that came in as it is.",
                "Of five sorted losses the one with the index 2 is in the middle; of six, those with 2 and 3.",
            ),
        ),
        Exercise(
            "06.2",
            "percentile_border",
            "pruners.percentile:PercentilePruner.border",
            points=2,
            minutes=20,
            hints=(
                "The place is p = (m - 1) P / 100: for five losses and P = 25 it is 1, the second of the sorted ones.",
                "Where p lies between two places, math.floor(p) and math.ceil(p), go along the straight line: "
                "low + part (high - low), with part = p - math.floor(p).",
                "Losses may be infinite, and inf - inf and 0 times inf are nan: where low and high are equal, return "
                "one of them.",
            ),
        ),
        Exercise(
            "06.3",
            "is_first_in_interval",
            "pruners.median:MedianPruner.is_first_in_interval",
            points=2,
            minutes=20,
            hints=(
                "With a warm-up of 2 and intervals of 4 the stretches are 2 to 5, 6 to 9, 10 to 13. In which of them "
                "is step 8, and where does it begin?",
                "The stretch of a step begins at step - (step - n_warmup_steps) % interval_steps.",
                "It is the first report of its stretch when none of the others lies between the beginning and it: all "
                "other steps are smaller than the beginning.",
            ),
        ),
        Exercise(
            "06.4",
            "should_prune",
            "pruners.median:MedianPruner.should_prune",
            points=4,
            minutes=40,
            hints=(
                "It is the chapter's list of seven reasons, in its order; each of the first six is an `if` with a "
                "`return`.",
                'Only complete trials count: [other for other in history if other.state == "complete"]. Fewer than '
                "n_startup_trials of them, or none: it goes on.",
                "nan is left out with math.isnan, on both sides. Own reports that are all nan: stop. None left of the "
                "others': go on. n_min_trials counts them before nan is left out.",
                "The last line is min(own) > pruner.border(present).",
            ),
        ),
        Exercise(
            "06.5",
            "successive_halving",
            None,
            points=4,
            minutes=45,
            hints=(
                "The trial's last step is max(trial.curve). Is it a power of 3? If not, it goes on.",
                "Who is at this rung: all of the history with this step in their curve, and the trial itself. How many "
                "of them may go on? A third, but at least one.",
                "It goes on when fewer than that many have a lower loss at this step. A nan is no loss to compare "
                "with: make it infinite, and stop a trial whose own is nan where others have come.",
            ),
        ),
    ],
)


def _done(*curves: Mapping[int, float]) -> list[FrozenTrial]:
    """Return complete trials with these curves."""
    return [FrozenTrial({}, curve[max(curve)], curve) for curve in curves]


def _running(curve: Mapping[int, float]) -> FrozenTrial:
    return FrozenTrial({}, curve=curve, state=TrialState.RUNNING)


def _curves(n: int = 60) -> list[dict[int, float]]:
    """Return noisy curves of 14 steps: mostly orderly; some skip steps, some have nan, some fail at once."""
    curves = []
    for number in range(n):
        rng = trial_rng(number)
        level, steps = rng.random(), np.arange(14)
        losses = level + 2 * np.exp(-steps / 4) + 0.3 * rng.normal(size=14)
        losses[rng.random(14) < (0.0, 0.0, 0.0, 0.3)[number % 4]] = math.nan
        skips = rng.random(14) < (0.0, 0.3, 0.0, 0.0, 0.5)[number % 5]
        curve = {int(step): float(loss) for step, loss in zip(steps, losses, strict=True) if not skips[step]}
        curves.append({} if number % 11 == 8 else curve)
    return curves


# ---- 06.1 median -----------------------------------------------------------------------------------------------------


@chapter.check("06.1")
def the_middle_one(mine: Function, reference: Function) -> None:
    """Half of the others are better, half are worse: one absurd loss among them moves the border by one place only."""
    for losses in ([0.3], [0.2, 0.1, 0.9], [0.5, 0.4, 0.3, 0.2, 1000.0]):
        agree(mine, reference, losses)


@chapter.check("06.1")
def of_an_even_number_the_mean_of_two(mine: Function, reference: Function) -> None:
    """There is no middle one, but two; between them any number would divide the others into halves."""
    for losses in ([0.1, 0.4], [0.4, 0.1, 0.3, 0.8], [3.0, 2.0, 1.0, 0.0, -5.0, 9.0]):
        agree(mine, reference, losses)


@chapter.check("06.1")
def the_losses_are_left_as_they_were(mine: Function, reference: Function) -> None:
    """They are in the order of the trials, which somebody may still need: sort a copy."""
    losses = [0.5, 0.1, 0.3]
    mine(losses)
    require(losses == [0.5, 0.1, 0.3], expected="losses unchanged, [0.5, 0.1, 0.3]", got=losses)


@chapter.check("06.1")
def the_pruner_has_the_same_border(mine: Function, reference: Function) -> None:
    """In the real pruner it is the border that every running trial is compared with, at every step."""
    same_pruning(mine, reference, "pruners.median:median", lambda module: module.MedianPruner(), _curves())


# ---- 06.2 percentile_border ------------------------------------------------------------------------------------------


def _agree_at(mine: Function, reference: Function, percentile: float, losses: list[float]) -> None:
    given = {"pruner.percentile": percentile, "losses": losses}
    agree(mine, reference, PercentilePruner(percentile), losses, given=given)


@chapter.check("06.2")
def a_place_in_the_sorted_list(mine: Function, reference: Function) -> None:
    """The best P percent go on: low losses are good, so the border for a strict rule, P = 25, is a low one."""
    for percentile in (0, 25, 50, 75, 100):
        _agree_at(mine, reference, percentile, [0.5, 0.1, 0.4, 0.2, 0.3])


@chapter.check("06.2")
def between_two_places_a_straight_line(mine: Function, reference: Function) -> None:
    """A percentile seldom falls on a loss; between two it goes on evenly, and at 50 it is the median."""
    for percentile in (10, 33, 50, 90):
        _agree_at(mine, reference, percentile, [0.1, 0.9, 0.2, 0.4])
        _agree_at(mine, reference, percentile, [0.6, 0.5])
    _agree_at(mine, reference, 40, [0.7])


@chapter.check("06.2")
def infinite_losses_are_losses(mine: Function, reference: Function) -> None:
    """Infinity is a loss like any other, the worst; but inf - inf is nan, and nothing is larger than nan."""
    for percentile in (25, 50, 75, 100):
        _agree_at(mine, reference, percentile, [math.inf, 0.1, math.inf, 0.2, math.inf])
        _agree_at(mine, reference, percentile, [math.inf, math.inf])


@chapter.check("06.2")
def the_pruner_stops_the_same(mine: Function, reference: Function) -> None:
    """In the real pruner only the border is another one than the median's."""
    target = "pruners.percentile:PercentilePruner.border"
    same_pruning(mine, reference, target, lambda module: module.PercentilePruner(30.0), _curves(40))
    same_pruning(mine, reference, target, lambda module: module.PercentilePruner(75.0), _curves(40))


# ---- 06.3 is_first_in_interval ---------------------------------------------------------------------------------------


def _agree_in(mine: Function, reference: Function, warmup: int, interval: int, steps: Sequence[int]) -> None:
    pruner = MedianPruner(n_warmup_steps=warmup, interval_steps=interval)
    settings = {"pruner.n_warmup_steps": warmup, "pruner.interval_steps": interval}

    def first(function: Function) -> Function:
        return lambda step, seen: bool(function(pruner, step, seen))

    for n, step in enumerate(steps):
        if step >= warmup:
            seen = list(steps[: n + 1])
            agree(first(mine), first(reference), step, seen, given={**settings, "step": step, "steps": seen})


@chapter.check("06.3")
def once_in_each_interval(mine: Function, reference: Function) -> None:
    """To be judged less often is to have fewer chances to be stopped by noise: once in each stretch of steps."""
    for interval in (1, 2, 5):
        _agree_in(mine, reference, 0, interval, range(16))


@chapter.check("06.3")
def from_the_end_of_the_warm_up_on(mine: Function, reference: Function) -> None:
    """The stretches are counted from the end of the warm-up: there the first decision falls, and not an interval on."""
    for warmup in (1, 3, 7):
        _agree_in(mine, reference, warmup, 4, range(20))


@chapter.check("06.3")
def at_the_first_report_behind_a_border(mine: Function, reference: Function) -> None:
    """Who reports at 0, 4, 8, 12 never reports at a multiple of 5 but 0, and still has to be judged."""
    _agree_in(mine, reference, 0, 5, [0, 4, 8, 12, 16, 20, 24])
    _agree_in(mine, reference, 2, 5, [1, 4, 6, 8, 9, 30, 31])


@chapter.check("06.3")
def reports_may_come_in_any_order(mine: Function, reference: Function) -> None:
    """The curve is a dict of steps: the report that came last in it need not be the one that is asked about."""
    pruner = MedianPruner(n_warmup_steps=0, interval_steps=4)
    for step, steps in ((6, [6, 1, 2]), (6, [5, 6, 1]), (8, [8, 3, 0]), (9, [8, 0, 9])):
        expected = bool(reference(pruner, step, list(steps)))
        got = bool(mine(pruner, step, dict.fromkeys(steps, 0.5)))
        given = {"step": step, "steps": f"those of the curve, {steps}", "pruner.interval_steps": 4}
        require(got == expected, expected=f"{expected}", got=f"{got}", **given)


@chapter.check("06.3")
def the_pruner_judges_at_the_same_steps(mine: Function, reference: Function) -> None:
    """In the real pruner it says when a trial is judged at all."""
    target = "pruners.median:MedianPruner.is_first_in_interval"
    same_pruning(mine, reference, target, lambda module: module.MedianPruner(5, 2, 4), _curves())


# ---- 06.4 should_prune -----------------------------------------------------------------------------------------------

_FIVE = _done(*({1: loss} for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))  # the median is 0.3


def _decided(
    mine: Function, reference: Function, curve: Mapping[int, float], history: list[FrozenTrial], **settings: int
) -> None:
    """Compare what is decided of a running trial with this curve."""
    pruner = MedianPruner(**settings)
    words = {True: "True: it is stopped", False: "False: it goes on"}

    def decision(function: Function) -> Function:
        return lambda *arguments: bool(function(*arguments))

    expected = decision(reference)(pruner, _running(curve), list(history))
    shown = [f"{other.state} {dict(other.curve)}" for other in history]
    names = ("n_startup_trials", "n_warmup_steps", "interval_steps", "n_min_trials")
    given = {"pruner": ", ".join(f"{name}={getattr(pruner, name)}" for name in names)}
    given |= {"trial.curve": f"{dict(curve)}", "history": "; ".join(shown)}
    try:
        got = decision(mine)(pruner, _running(curve), list(history))
    except Exception as error:
        error.given = given  # type: ignore[attr-defined]  # `run_check` tells for which input it was
        raise
    require(got == expected, expected=words[expected], got=words[got], **given)


@chapter.check("06.4")
def worse_than_the_median_stops(mine: Function, reference: Function) -> None:
    """Low losses are good: above the median of the others a trial is in their worse half, and its time is saved."""
    for loss in (0.05, 0.29, 0.31, 0.36, 0.6):
        _decided(mine, reference, {1: loss}, _FIVE)
    skewed = _done(*({1: loss} for loss in (0.1, 0.1, 0.2, 0.2, 90.0)))
    _decided(mine, reference, {1: 0.25}, skewed)


@chapter.check("06.4")
def who_equals_the_median_goes_on(mine: Function, reference: Function) -> None:
    """Where losses take few values, such as errors counted on 50 examples, ties are common: the rule is strict."""
    _decided(mine, reference, {1: 0.3}, _FIVE)
    _decided(mine, reference, {1: 0.5}, _done(*[{1: 0.5}] * 6))


@chapter.check("06.4")
def its_best_so_far_counts(mine: Function, reference: Function) -> None:
    """One noisy bad step must not end a trial; the best so far cannot rise."""
    others = _done(*({0: 1.0, 1: loss} for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))
    _decided(mine, reference, {0: 0.2, 1: 0.9}, others)
    _decided(mine, reference, {0: 0.5, 1: 0.4}, others)


@chapter.check("06.4")
def the_others_losses_at_this_step(mine: Function, reference: Function) -> None:
    """Losses fall by themselves: beside the others' earlier, best or last ones a trial is out of time."""
    falling = _done(*({0: 9.0, 1: loss, 2: loss - 0.1} for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))
    for loss in (0.25, 0.35):
        _decided(mine, reference, {0: 8.0, 1: loss}, falling)
    rising = _done(*({0: 0.0, 1: loss} for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))
    _decided(mine, reference, {0: 0.25, 1: 0.25}, rising)
    _decided(mine, reference, {0: 8.0, 1: 0.25, 2: 0.25}, falling)


@chapter.check("06.4")
def a_step_where_few_have_been(mine: Function, reference: Function) -> None:
    """Only who reported at exactly this step can be compared with, and there must be n_min_trials of them."""
    others = [*_FIVE, *_done({1: 0.3, 2: 0.1}, {1: 0.3, 2: 0.2})]
    _decided(mine, reference, {7: 9.0}, others)
    for at_least in (1, 2, 3):
        _decided(mine, reference, {1: 0.6, 2: 0.5}, others, n_min_trials=at_least)


@chapter.check("06.4")
def only_complete_trials_count(mine: Function, reference: Function) -> None:
    """A pruned trial was a bad one, so it would lift the border; a running one has not shown yet what it is worth."""
    pruned = [FrozenTrial({}, 0.9, {1: 0.9}, TrialState.PRUNED) for _ in range(9)]
    others = [FrozenTrial({}, curve={1: 0.01}, state=TrialState.RUNNING) for _ in range(9)]
    failed = [FrozenTrial({}, curve={1: 0.01}, state=TrialState.FAILED) for _ in range(9)]
    for extra in (pruned, others, failed):
        for loss in (0.2, 0.4):
            _decided(mine, reference, {1: loss}, [*extra, *_FIVE])


@chapter.check("06.4")
def nothing_during_start_up(mine: Function, reference: Function) -> None:
    """A median of fewer than n_startup_trials complete ones is a rumour; with so many it counts."""
    for n in (1, 4, 5):
        _decided(mine, reference, {1: 0.9}, _FIVE[:n])
    _decided(mine, reference, {1: 0.9}, _FIVE[:1], n_startup_trials=0)
    _decided(mine, reference, {1: 0.9}, [], n_startup_trials=0)


@chapter.check("06.4")
def start_up_counts_complete_trials(mine: Function, reference: Function) -> None:
    """Failed ones do not help, nor do pruned or running ones: eight workers that start together all run to the end."""
    for state in (TrialState.RUNNING, TrialState.FAILED, TrialState.PRUNED):
        extra = [FrozenTrial({}, curve={1: 0.3}, state=state) for _ in range(3)]
        _decided(mine, reference, {1: 0.9}, [*extra, *_FIVE[:4]])


@chapter.check("06.4")
def nothing_during_warm_up(mine: Function, reference: Function) -> None:
    """Nothing is decided at steps below n_warmup_steps; the step of this number is judged."""
    others = _done(*(dict.fromkeys(range(6), loss) for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))
    for last in range(6):
        _decided(mine, reference, dict.fromkeys(range(last + 1), 0.9), others, n_warmup_steps=3)


@chapter.check("06.4")
def judged_once_in_an_interval(mine: Function, reference: Function) -> None:
    """At the first report of each interval, which 06.3 finds, and at no other."""
    others = _done(*(dict.fromkeys(range(9), loss) for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))
    for last in range(9):
        _decided(mine, reference, dict.fromkeys(range(last + 1), 0.9), others, n_warmup_steps=1, interval_steps=3)


@chapter.check("06.4")
def nan_is_no_loss(mine: Function, reference: Function) -> None:
    """It is neither small nor large, so it is left out on both sides; but who reported nothing else has diverged."""
    nan = math.nan
    _decided(mine, reference, {0: nan, 1: nan}, _FIVE)
    _decided(mine, reference, {9: nan}, _FIVE)  # also where nobody has been
    _decided(mine, reference, {0: nan, 1: 0.35}, _FIVE)
    _decided(mine, reference, {0: 0.25, 1: nan}, _FIVE)
    with_nan = _done(*({1: loss} for loss in (nan, 0.1, nan, 0.2, 0.3, nan)))
    for loss in (0.15, 0.25):
        _decided(mine, reference, {1: loss}, with_nan)
    _decided(mine, reference, {1: 0.9}, _done(*[{1: nan}] * 5))


@chapter.check("06.4")
def the_last_step_is_the_largest(mine: Function, reference: Function) -> None:
    """Judged is the step that the trial has come to, whatever the order of its reports; without one, there is none."""
    for loss in (0.1, 1.0):
        others = _done(*({1: 0.3, 2: loss} for _ in range(5)))
        _decided(mine, reference, {2: 0.5, 1: 0.6}, others)
    _decided(mine, reference, {}, _FIVE)


@chapter.check("06.4")
def the_study_is_pruned_the_same(mine: Function, reference: Function) -> None:
    """In a real study who is complete decides on the next border: one other decision, and all later ones shift."""
    target = "pruners.median:MedianPruner.should_prune"
    same_pruning(mine, reference, target, lambda module: module.MedianPruner(5, 2, 3, n_min_trials=2), _curves())


# ---- 06.5 successive_halving -----------------------------------------------------------------------------------------


def _judged(mine: Function, curve: Mapping[int, float], history: list[FrozenTrial]) -> bool:
    return bool(mine(_running(curve), list(history)))


def _at(step: int, *losses: float) -> list[FrozenTrial]:
    """Return trials, every other one pruned, that reported these losses at a step, and others before and behind it."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    before = {earlier: 5.0 for earlier in (1, 3) if earlier < step}
    return [FrozenTrial({}, loss, {**before, step: loss}, states[n % 2]) for n, loss in enumerate(losses)]


@chapter.check("06.5")
def judged_at_the_rungs_alone(mine: Function, reference: Function) -> None:
    """Between the rungs a trial may recover, and nothing is decided: that is what the rungs are for."""
    history = _done(*(dict.fromkeys(range(1, 244), 0.1) for _ in range(12)))
    for last in (2, 4, 6, 8, 10, 12, 26):
        got = _judged(mine, dict.fromkeys(range(1, last + 1), 9.0), history)
        require(not got, expected="False: it goes on", got="True", last_step=last, others="12 that are better")
    for last in (1, 3, 9, 27, 243):  # the logarithm of 243 to the base 3 is 4.999..., as computers have it
        got = _judged(mine, dict.fromkeys(range(1, last + 1), 9.0), history)
        require(got, expected="True: it is stopped", got="False", last_step=last, others="12 that are better")


@chapter.check("06.5")
def the_first_at_a_rung_goes_on(mine: Function, reference: Function) -> None:
    """A third of one trial is none, but somebody has to be the first; and who has no report yet is not judged."""
    behind = _done({1: 0.1, 2: 0.1}, {1: 0.2})
    for curve, history in (({1: 0.5}, []), ({1: math.nan}, []), ({1: 0.5, 2: 0.4, 3: 0.4}, behind), ({}, behind)):
        got = _judged(mine, curve, history)
        require(not got, expected="False: it goes on", got="True", curve=f"{curve}", others=f"{len(history)}")


@chapter.check("06.5")
def the_best_third_goes_on(mine: Function, reference: Function) -> None:
    """Of those at the rung, itself among them, the third with the lowest losses is worth three times the steps."""
    losses = [(7 * i % 29 + 1) / 30 for i in range(29)]  # 1/30 to 29/30, in no order
    for rank in (1, 5, 9, 13, 20, 30):
        got = _judged(mine, {1: 1.0, 2: 1.0, 3: (rank - 0.5) / 30}, _at(3, *losses))
        words = {True: "True: it is stopped", False: "False: it goes on"}
        given = {"its place": f"{rank} of 30 at step 3, the best is 1", "its loss": (rank - 0.5) / 30, "others": losses}
        require(got == (rank > 10), expected=words[rank > 10], got=words[got], **given)


@chapter.check("06.5")
def all_who_came_to_the_rung_count(mine: Function, reference: Function) -> None:
    """Who was stopped there was there. The survivors alone get better and better, and soon nobody would pass."""
    pruned = [FrozenTrial({}, 0.9, {1: 0.9}, TrialState.PRUNED) for _ in range(20)]
    history = [*_done(*({1: loss, 2: 0.0} for loss in (0.1, 0.2, 0.3))), *pruned]
    got = _judged(mine, {1: 0.5}, history)
    given = {"its loss": 0.5, "others": "3 complete ones at 0.1 to 0.3, 20 pruned ones at 0.9, all at step 1"}
    require(not got, expected="False: it is the 4th of 24 and goes on", got="True", **given)
    absent = [FrozenTrial({}, 0.1, {2: 0.1}) for _ in range(20)]
    got = _judged(mine, {1: 0.45}, [*absent, *_at(1, *(i / 10 for i in range(9)))])
    given = {"its loss": 0.45, "others": "9 at step 1, at 0.0 to 0.8; 20 have no report there"}
    require(got, expected="True: it is the 6th of 10 at step 1", got="False", **given)


@chapter.check("06.5")
def losses_at_the_rung_are_compared(mine: Function, reference: Function) -> None:
    """Like with like: what the others came to in the end took them many more steps."""
    others = _done(*({1: 0.9, 2: 0.5, 3: 0.1 + i / 100} for i in range(10)))
    got = _judged(mine, {1: 0.6}, others)
    require(not got, expected="False: at step 1 it is the best", got="True", its_loss=0.6, others="0.9 at step 1")
    others = _done(*({1: 0.9, 3: 0.5} for i in range(10)))
    got = _judged(mine, {1: 0.1, 3: 0.7}, others)
    expected = "True: at step 3 it is the worst, however good it was at step 1"
    require(got, expected=expected, got="False", its_curve="{1: 0.1, 3: 0.7}", others="{1: 0.9, 3: 0.5}")


@chapter.check("06.5")
def nan_is_the_worst(mine: Function, reference: Function) -> None:
    """A training that diverged came to the rung and lost: it is behind all others, and so makes none of them worse."""
    others = _at(1, 0.1, *[math.nan] * 10)
    got = _judged(mine, {1: 0.5}, others)
    require(not got, expected="False: it is the 2nd of 12", got="True", its_loss=0.5, others="0.1, and 10 times nan")
    got = _judged(mine, {1: math.nan}, _at(1, 0.1, 0.2, 0.3))
    require(got, expected="True: it is the last of 4", got="False", its_loss="nan", others="0.1, 0.2, 0.3")


@chapter.check("06.5")
def a_pure_function_of_the_history(mine: Function, reference: Function) -> None:
    """The same trial and the same history give the same answer, whatever was asked before, and nothing is changed."""
    history = _at(1, 0.5, 0.2, 0.9, 0.4, 0.7, 0.8)
    before = [id(trial) for trial in history]
    first = [bool(mine(_running({1: loss}), history)) for loss in (0.1, 0.6)]
    for loss in (0.01, 0.02, 0.03, 0.04):
        mine(_running({1: loss}), history[:2])
    second = [bool(mine(_running({1: loss}), history)) for loss in (0.1, 0.6)]
    require(first == second, expected=f"the same answers again, {first}", got=f"{second}", its_loss="0.1, 0.6")
    right = [id(trial) for trial in history] == before
    require(right, expected="the history unchanged", got="a history in another order")


class _Rule:
    """Somebody's function as a pruner."""

    def __init__(self, function: Function) -> None:
        self.function = function

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        return bool(self.function(trial, history))


@chapter.check("06.5")
def it_saves_steps_and_keeps_the_best(mine: Function, reference: Function) -> None:
    """On curves that never cross the best is the best at every rung; most of the others cost a step or three of 27."""
    for seed in range(2):
        study = create_study(pruner=_Rule(mine), seed=seed)
        levels = trial_rng(seed).random(60).tolist()
        for level in levels:
            trial = study.ask({"x": Float(0.0, 1.0)})
            for step in range(1, 28):
                trial.report(level + math.exp(-step / 5), step)
                if step < 27 and trial.should_prune():
                    study.tell(trial, state=TrialState.PRUNED)
                    break
            else:
                study.tell(trial, level)
        states = [trial.state for trial in study.trials]
        n_steps = sum(len(trial.intermediate_values) for trial in study.trials)
        best = states[levels.index(min(levels))]
        given = {"study": f"60 trials with orderly curves of 27 steps, seed {seed}"}
        require(best == "complete", expected="the best trial complete", got=f"the best trial {best}", **given)
        saved = 1 - n_steps / (60 * 27)
        require(saved > 0.6, expected="at least 60 % of the steps saved", got=f"{saved:.0%}", **given)
