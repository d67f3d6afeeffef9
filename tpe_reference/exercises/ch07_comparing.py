"""Exercises on comparing: incumbents, ranks, wins, areas, resampling; last, a ratio and its interval."""

from __future__ import annotations

import functools
import math
from types import ModuleType
from typing import Any

import numpy as np

from ..compare.contestants import get_contestants
from ..compare.problems import PROBLEMS, Problem
from ..compare.results import Trials
from ..compare.statistics import geometric_mean_ratio
from ..space import Float, FrozenTrial, Int
from ..traces.check import difference
from .checking import (
    TOLERANCE,
    AnswerError,
    Chapter,
    Exercise,
    Function,
    agree,
    as_the_reference,
    finished,
    require,
    trial_rng,
)
from .putting_in import replaced

chapter = Chapter(
    number=7,
    folder="comparing",
    title="comparing",
    exercises=[
        Exercise(
            "07.1",
            "incumbent",
            "compare.statistics:incumbent",
            points=1,
            minutes=10,
            hints=(
                "Keep the best so far in a variable; before the first trial it is math.inf.",
                "A nan is neither smaller nor larger than anything: ask math.isnan, and treat it as infinite.",
                "What is missing at the end counts as infinite too, and so changes nothing: the line stays flat.",
            ),
        ),
        Exercise(
            "07.2",
            "ranks",
            "compare.statistics:ranks",
            points=2,
            minutes=15,
            hints=(
                "The rank of a loss is 1 and one more for each lower loss in its row, as long as none are equal.",
                "Two that share the ranks 1 and 2 have 1.5 each: half a rank more for each other equal loss.",
                "numpy.argsort says which column is first, second, third: that is not the rank of each column.",
            ),
        ),
        Exercise(
            "07.3",
            "wins",
            "compare.statistics:wins",
            points=2,
            minutes=15,
            hints=(
                "Entry [s, i, j] is about row i of the table and column j at seed s: 1 where losses[s, i] is lower "
                "than losses[s, j].",
                "losses[:, :, None] and losses[:, None, :] are compared pair by pair: a table for each seed.",
                "1/2 where they are equal; the diagonal needs no case of its own.",
            ),
        ),
        Exercise(
            "07.4",
            "area",
            "compare.statistics:area",
            points=3,
            minutes=25,
            hints=(
                "First the infinite values: each becomes the largest finite value of the whole array, whosever it is.",
                "Then, with log, what is below 1e-9 becomes 1e-9, and all becomes its log10.",
                "The mean comes last, over the last axis: values may have any number of axes before it.",
            ),
        ),
        Exercise(
            "07.5",
            "resample",
            "compare.statistics:resample",
            points=3,
            minutes=25,
            hints=(
                "A draw is a list of row numbers, as many as there are rows, in which some occur twice and others not "
                "at all: rng.integers(n, size=(2000, n)) are 2000 of them.",
                "values[rows] with rows of the shape (2000, n) has the shape (2000, n, k). The statistic is taken over "
                "the n.",
                "The rows are the same for all columns. So a difference of two columns is that of the same seeds.",
            ),
        ),
        Exercise(
            "07.6",
            "paired_ratio",
            None,
            points=4,
            minutes=40,
            hints=(
                "Turn ratios into differences: log(mine) - log(theirs), one for each seed. From there on only this one "
                "list matters, so the pairs cannot be lost.",
                "The geometric mean is exp of the mean of these. Do not multiply the ratios: with hundreds of seeds "
                "the product is infinite, or nought.",
                "2000 draws of n differences, with replacement; the mean of each; of these means the 2.5 % and 97.5 % "
                "percentiles, and exp of both.",
            ),
        ),
    ],
)

# ---- a comparison with somebody's function in it ---------------------------------------------------------------------

_SEEDS, _TRIALS = 8, 40


def _stairs(params: dict[str, Any], seed: int) -> float:
    """Stairs: a few values only, so that seeds end equal; a part of it fails."""
    if params["x"] > 0.6:
        return math.nan
    return float(abs(params["n"] - 3) + round(3 * abs(params["x"] - 0.2)) + 1)


_PROBLEMS = [PROBLEMS["sphere"], Problem(_stairs, {"x": Float(0.0, 1.0), "n": Int(0, 9)})]
_CONTESTANTS = get_contestants(["random", "tpe", "cma-es"])


def _run(problem: Problem, sampler: Any, seed: int) -> Trials:
    """Return the records of a search, as the comparison keeps them; each run ends where its seed says."""
    history: list[FrozenTrial] = []
    for n in range(_TRIALS - 3 * (seed % 3)):
        params = sampler.suggest(problem.space, history, trial_rng(n, seed))
        loss = float(problem.evaluate(params, seed))  # type: ignore[arg-type]  # these two yield no curves
        history.append(finished(params, loss))
    cost = {"sampler_seconds": 0.001, "objective_seconds": 0.001, "curve": {}}
    return [{"state": str(trial.state), "loss": trial.loss, "params": trial.params, **cost} for trial in history]


@functools.cache
def _runs(problem: int) -> list[list[Trials]]:
    """Return the records of all contestants at all seeds."""
    samplers = [contestant.sampler(_PROBLEMS[problem], _TRIALS) for contestant in _CONTESTANTS]
    return [[_run(_PROBLEMS[problem], sampler, seed) for seed in range(_SEEDS)] for sampler in samplers]


def _summary(statistics: ModuleType) -> list[list[Any]]:
    """Return the rows of summary.csv, as the report makes them with these statistics."""
    results = replaced("compare.results", {})
    vars(results).update({name: value for name, value in vars(statistics).items() if name in vars(results)})
    made = [
        results.Result(problem, _CONTESTANTS, _CONTESTANTS, _runs(i), _TRIALS) for i, problem in enumerate(_PROBLEMS)
    ]
    return list(results.summary_rows(made))


def _same_report(mine: Function, reference: Function, name: str) -> None:
    """Put both functions into the real statistics, and compare what the report of a comparison says."""
    counted, calls = as_the_reference(mine, reference)
    expected = _summary(replaced("compare.statistics", {name: reference}))
    got = _summary(replaced("compare.statistics", {name: counted}))
    for ours, theirs in zip(expected, got, strict=True):
        right, found = (dict(zip(("value", "low", "high"), row[4:7], strict=True)) for row in (ours, theirs))
        if problem := difference(right, found, TOLERANCE):
            given = {"problem": ours[0], "contestant": ours[1], "measure": f"{ours[2]} {ours[3]}".strip()}
            given["report"] = f"your {name} in the statistics"
            raise AnswerError(right, found, given, problem)
    if not calls:
        raise AnswerError(f"a report that calls your {name}", "one that never did")


# ---- 07.1 incumbent --------------------------------------------------------------------------------------------------


@chapter.check("07.1")
def the_best_so_far(mine: Function, reference: Function) -> None:
    """What a search has found after n trials is the best of the n: it never rises, whatever the next trial brings."""
    agree(mine, reference, [5.0, 3.0, 4.0, 3.5, 1.0, 2.0], 6)
    agree(mine, reference, [-1.0, 0.0, -3.0], 3)


@chapter.check("07.1")
def nan_is_no_incumbent(mine: Function, reference: Function) -> None:
    """A failed trial has found nothing: what was best before it still is."""
    for losses in ([2.0, math.nan, 3.0, 1.0], [math.nan, 3.0, 5.0, 2.0], [4.0, 3.0, math.nan]):
        agree(mine, reference, losses, len(losses))


@chapter.check("07.1")
def infinite_before_the_first(mine: Function, reference: Function) -> None:
    """As long as all trials have failed there is no best one: worse than any, and not nought."""
    agree(mine, reference, [math.nan, math.inf, 7.0], 3)
    agree(mine, reference, [math.nan, math.nan], 2)
    agree(mine, reference, [], 2)


@chapter.check("07.1")
def flat_after_the_end(mine: Function, reference: Function) -> None:
    """A run that ended early (a grid that is used up) keeps what it has found: all curves have the same length."""
    agree(mine, reference, [3.0, 2.0], 5)
    agree(mine, reference, [2.0, math.nan], 4)


@chapter.check("07.1")
def the_report_has_the_same_incumbents(mine: Function, reference: Function) -> None:
    """In the real report everything is made of incumbents: regrets, ranks, areas."""
    _same_report(mine, reference, "incumbent")


# ---- 07.2 ranks ------------------------------------------------------------------------------------------------------


@chapter.check("07.2")
def the_lowest_is_the_first(mine: Function, reference: Function) -> None:
    """Rank 1 is the lowest loss, rank k the highest; each column keeps its place and gets its own rank."""
    agree(mine, reference, np.array([[0.3, 0.1, 0.2]]))
    agree(mine, reference, np.array([[2.0, 9.0, 4.0, 1.0, 7.0]]))


@chapter.check("07.2")
def equals_share_the_mean_of_their_ranks(mine: Function, reference: Function) -> None:
    """Who stands first in the table must not be better for it: of two at the top both have 1.5."""
    agree(mine, reference, np.array([[0.033, 0.033, 0.040]]))
    agree(mine, reference, np.array([[2.0, 1.0, 2.0, 2.0, 0.5]]))


@chapter.check("07.2")
def infinite_losses_are_last_and_alike(mine: Function, reference: Function) -> None:
    """Who found nothing is behind all others; two who found nothing are equals."""
    agree(mine, reference, np.array([[math.inf, 1.0, math.inf], [3.0, math.inf, 2.0]]))


@chapter.check("07.2")
def each_seed_by_itself(mine: Function, reference: Function) -> None:
    """A seed is a problem of its own, harder or easier: losses are compared within its row only."""
    agree(mine, reference, np.array([[0.3, 0.1], [100.0, 300.0], [0.2, 0.2], [5.0, 4.0]]))


@chapter.check("07.2")
def the_report_has_the_same_ranks(mine: Function, reference: Function) -> None:
    """In the real report they are the row "mean rank", with its interval."""
    _same_report(mine, reference, "ranks")


# ---- 07.3 wins -------------------------------------------------------------------------------------------------------


@chapter.check("07.3")
def the_lower_loss_wins(mine: Function, reference: Function) -> None:
    """Entry [i, j] is about i beating j: 1 where the loss of i is the lower one, and then 0 at [j, i]."""
    agree(mine, reference, np.array([[0.1, 0.2]]))
    agree(mine, reference, np.array([[3.0, 1.0, 2.0]]))


@chapter.check("07.3")
def a_tie_is_half_a_win(mine: Function, reference: Function) -> None:
    """With <= a tie would be a win for both, with < for neither: one half each is neutral."""
    agree(mine, reference, np.array([[0.033, 0.033, 0.040]]))


@chapter.check("07.3")
def two_who_found_nothing_are_equals(mine: Function, reference: Function) -> None:
    """Infinity equals infinity, though their difference is nan."""
    agree(mine, reference, np.array([[math.inf, math.inf, 1.0]]))


@chapter.check("07.3")
def a_table_for_each_seed(mine: Function, reference: Function) -> None:
    """The mean over seeds comes later: to resample seeds, one has to have what came out at each."""
    agree(mine, reference, np.array([[0.1, 0.2], [0.4, 0.3], [0.5, 0.5]]))


@chapter.check("07.3")
def the_report_has_the_same_win_rates(mine: Function, reference: Function) -> None:
    """In the real report their mean is P(A beats B)."""
    _same_report(mine, reference, "wins")


# ---- 07.4 area -------------------------------------------------------------------------------------------------------


@chapter.check("07.4")
def the_mean_over_all_trials(mine: Function, reference: Function) -> None:
    """How good a search was all the way, not only at its end; without log the plain mean, also of negative losses."""
    agree(mine, reference, np.array([[4.0, 2.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0]]), False)
    agree(mine, reference, np.array([[1.0, -2.0, -5.0]]), False)


@chapter.check("07.4")
def of_logarithms_where_they_span_magnitudes(mine: Function, reference: Function) -> None:
    """A plain mean of 1000, 10, 0.1 shows the first alone; so first the log10 of each, then the mean."""
    agree(mine, reference, np.array([[1000.0, 10.0, 0.1], [5.0, 5.0, 2.0]]), True)


@chapter.check("07.4")
def nothing_is_below_the_floor(mine: Function, reference: Function) -> None:
    """A regret of nought has no logarithm, and one of 1e-30 would outweigh all the rest: both count as 1e-9."""
    agree(mine, reference, np.array([[1.0, 0.0, 0.0], [1.0, 1e-30, 2e-9]]), True)


@chapter.check("07.4")
def before_the_first_incumbent_it_is_the_worst_shown(mine: Function, reference: Function) -> None:
    """An infinite value would make the area infinite: it counts as the largest finite value of all curves.

    Of all, not of its own: who starts late must not be better off for it. Where nobody found anything, it is infinite.
    """
    values = np.array([[math.inf, 2.0, 1.0], [math.inf, math.inf, 5.0], [100.0, 50.0, 4.0]])
    agree(mine, reference, values, False)
    agree(mine, reference, values, True)
    agree(mine, reference, np.full((2, 3), math.inf), False)


@chapter.check("07.4")
def along_the_last_axis(mine: Function, reference: Function) -> None:
    """The trials are the last axis; before it stand contestants and seeds, or nothing."""
    values = trial_rng(0).random((2, 3, 4))
    for some in (values, values[0], values[0, 0]):
        agree(mine, reference, some, False)


@chapter.check("07.4")
def the_report_has_the_same_areas(mine: Function, reference: Function) -> None:
    """In the real report it is one number for "good all the way"."""
    _same_report(mine, reference, "area")


# ---- 07.5 resample ---------------------------------------------------------------------------------------------------


def _losses(n: int = 12, k: int = 3) -> Any:
    """Return losses of k contestants at n seeds."""
    return np.exp(trial_rng(1).normal(size=(n, k)))


@chapter.check("07.5")
def two_thousand_draws(mine: Function, reference: Function) -> None:
    """Each draw says what other seeds might have said; of 2000 the 2.5 % percentile is the 50th, and stands still."""
    for n, k in ((12, 3), (5, 1)):
        got = np.shape(mine(_losses(n, k), np.mean, 0))
        require(got == (2000, k), expected=f"an array (2000, {k})", got=f"{got}", values=f"({n}, {k})")


@chapter.check("07.5")
def with_replacement(mine: Function, reference: Function) -> None:
    """Without it every draw would be the same seeds in another order, and have the same mean: no interval at all."""
    draws = np.asarray(mine(_losses(), np.mean, 0))
    expected = "means that differ from draw to draw"
    apart = float(np.ptp(draws, axis=0).min())
    require(apart > 0.1, expected=expected, got=f"all within {apart:.3g}", values=_losses())


@chapter.check("07.5")
def the_same_seeds_for_all_contestants(mine: Function, reference: Function) -> None:
    """They ran on the same problems, in pairs; drawn each by itself, what the pairs share would not cancel."""
    values = np.repeat(_losses(12, 1), 2, axis=1) + np.array([0.0, 1.0])
    draws = np.asarray(mine(values, np.mean, 3))
    apart = draws[:, 1] - draws[:, 0]
    expected = "a second column that is 1 more than the first in every draw, as it is at every seed"
    require(np.abs(apart - 1).max() < 1e-4, expected=expected, got=f"from {apart.min():.3g} to {apart.max():.3g} more")


@chapter.check("07.5")
def the_statistic_of_each_draw(mine: Function, reference: Function) -> None:
    """It may be a mean, a median or anything else that takes an axis: the statistic that the report shows."""
    for statistic in (np.mean, np.median, np.max):
        given = {"values": _losses(), "statistic": f"numpy.{statistic.__name__}", "seed": 0}
        agree(mine, reference, _losses(), statistic, 0, given=given)


@chapter.check("07.5")
def the_seed_decides(mine: Function, reference: Function) -> None:
    """The same seed draws the same, so that a report says the same twice; each problem has another one."""
    for seed in (1, 2):
        agree(mine, reference, _losses(), np.mean, seed, given={"values": _losses(), "seed": seed})
    agree(mine, reference, _losses(), np.mean, given={"values": _losses(), "seed": "left out, so 0"})


@chapter.check("07.5")
def the_report_has_the_same_intervals(mine: Function, reference: Function) -> None:
    """In the real report all intervals come from your draws."""
    _same_report(mine, reference, "resample")


# ---- 07.6 paired_ratio -----------------------------------------------------------------------------------------------


def _ratio(mine: Function, numerators: Any, denominators: Any, seed: int = 0) -> list[float]:
    """Return what an answer says of some pairs: the ratio and both ends of its interval."""
    found = [float(x) for x in mine(numerators.copy(), denominators.copy(), trial_rng(seed))]
    require(len(found) == 3, expected="three numbers: the ratio, the lower end, the upper end", got=found)
    return found


def _pairs(n: int, spread: float = 0.5) -> Any:
    """Return n losses each of two contestants; the first one's are by and large a fifth lower."""
    z = trial_rng(n).normal(size=(2, n))
    theirs = np.exp(2 * z[0])
    return 0.8 * theirs * np.exp(spread * z[1]), theirs


@chapter.check("07.6")
def the_geometric_mean(mine: Function, reference: Function) -> None:
    """The mean of 0.1 and 10 is 5.05, and that of their inverses too: each would be five times worse than the other."""
    numerators, denominators = np.array([0.1, 1.0, 3.0, 3.0]), np.array([1.0, 0.1, 1.0, 0.5])
    got = _ratio(mine, numerators, denominators)[0]
    expected = math.exp(float(np.log(numerators / denominators).mean()))
    given = {"mine": numerators, "theirs": denominators}
    require(abs(got - expected) < 1e-5, expected=f"the ratio {expected:.6g}", got=f"{got:.6g}", **given)


@chapter.check("07.6")
def the_other_way_round_is_the_inverse(mine: Function, reference: Function) -> None:
    """If A is half of B, B is twice A, and the ends of the interval change places: that is what logarithms are for."""
    a, b = _pairs(30)
    there, back = _ratio(mine, a, b), _ratio(mine, b, a)
    expected = [1 / back[0], 1 / back[2], 1 / back[1]]
    right = np.allclose(np.log(there), np.log(expected), atol=0.02)
    require(right, expected=f"{expected}: the inverse of the other way round", got=f"{there}", seeds=30)


@chapter.check("07.6")
def pairs_stay_pairs(mine: Function, reference: Function) -> None:
    """Both ran on the same seeds: here A is nearly always a fifth lower, though losses differ by orders of magnitude.

    Drawn each by itself, the interval says nothing.
    """
    a, b = _pairs(20, spread=0.02)
    found = _ratio(mine, a, b)
    expected = "an interval within 0.75 and 0.85: at each seed the ratio is about 0.8"
    right = 0.75 < found[1] <= found[0] <= found[2] < 0.85
    require(right, expected=expected, got=f"{found[0]:.3g} [{found[1]:.3g}, {found[2]:.3g}]", seeds=20)


@chapter.check("07.6")
def as_wide_as_95_percent_are(mine: Function, reference: Function) -> None:
    """With 40 seeds the mean of the logs is all but normal: 1.96 standard errors to each side, sigma / sqrt(n) each."""
    a, b = _pairs(40)
    logs = np.log(a / b)
    expected = 2 * 1.96 * float(logs.std(ddof=1)) / math.sqrt(40)
    _, low, high = _ratio(mine, a, b)
    got = math.log(high / low) if low > 0 else math.inf
    words = f"log(high / low) about {expected:.3g}: 2 times 1.96 standard errors"
    require(0.87 * expected < got < 1.13 * expected, expected=words, got=f"{got:.3g}", low=low, high=high, seeds=40)


@chapter.check("07.6")
def many_seeds_are_no_trouble(mine: Function, reference: Function) -> None:
    """The product of 500 ratios of 1000 is beyond what a number can hold: add logarithms instead."""
    theirs = np.exp(trial_rng(0).normal(size=500))
    for factor in (1000.0, 0.001):
        got = _ratio(mine, factor * theirs, theirs)[0]
        right = abs(math.log(got / factor)) < 1e-4 if 0 < got < math.inf else False
        require(right, expected=f"the ratio {factor:g}", got=f"{got:g}", seeds=500)


@chapter.check("07.6")
def chance_comes_from_the_generator(mine: Function, reference: Function) -> None:
    """The same generator gives the same interval, and another one nearly the same: a table can be made again."""
    a, b = _pairs(15)
    first, second, other = (_ratio(mine, a, b, seed) for seed in (4, 4, 5))
    require(first == second, expected=f"the same twice, {first}", got=f"{second}", seeds=15)
    drawn = first[1:] != other[1:]
    require(drawn, expected="ends that depend on the generator", got=f"{first[1:]} with two of them", seeds=15)


@chapter.check("07.6")
def on_real_runs_it_says_what_the_suite_says(mine: Function, reference: Function) -> None:
    """The package compares samplers by this number: TPE beside random search, eight seeds of a sphere."""
    best = [[min(trial["loss"] for trial in run) for run in _runs(0)[i]] for i in (1, 0)]
    tpe, chance = np.array(best)
    suite = geometric_mean_ratio(tpe[None], chance[None])
    expected = [suite.value, suite.low, suite.high]
    got = _ratio(mine, tpe, chance)
    right = all(x > 0 for x in got) and np.allclose(np.log(got), np.log(expected), atol=0.15)
    shown = "{:.3g} [{:.3g}, {:.3g}]"
    require(right, expected=shown.format(*expected), got=shown.format(*got), mine=tpe, theirs=chance)
