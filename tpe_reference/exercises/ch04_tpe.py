"""Exercises on TPE: the split, the bandwidths, the density, the choice; last, the first TPE of all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..samplers import tpe
from ..samplers.random_search import RandomSampler
from ..space import Categorical, Float, FrozenTrial, Int, TrialState
from .checking import (
    Chapter,
    Exercise,
    Function,
    agree,
    best_losses,
    finished,
    require,
    require_pure,
    require_valid,
    same_search,
    trial_rng,
)

chapter = Chapter(
    number=4,
    folder="tpe",
    title="TPE",
    exercises=[
        Exercise(
            "04.1",
            "a_tenth",
            "samplers.tpe:a_tenth",
            points=1,
            minutes=5,
            hints=(
                "How many of 1 trial should be good? Of 11? Rounding to the nearest number says 0 and 1.",
                "Two functions of Python's do it: math.ceil and min.",
            ),
        ),
        Exercise(
            "04.2",
            "split",
            "samplers.tpe:split",
            points=2,
            minutes=15,
            hints=(
                "The good ones are in `ranked`, and in the right order: take the numbers of the first n_good.",
                "The bad ones are all that are usable and not good, whether or not they are in `ranked`: a "
                "failed trial "
                "has no merit, so it is not ranked, and it is bad.",
                "Make a copy of `usable`, make it False at the good ones, and list where it is still True: "
                "numpy.flatnonzero.",
            ),
        ),
        Exercise(
            "04.3",
            "bandwidths",
            "samplers.tpe:bandwidths",
            points=2,
            minutes=20,
            hints=(
                "First the gaps between neighbours: n centres have n - 1 gaps. Each centre takes the larger of "
                "the gap to "
                "its left and the one to its right; the first and the last have one only.",
                "A centre alone has no neighbour: it takes the distance to the farther wall, max(mu, 1 - mu).",
                "Then the clip: nothing below max(0.01, 2 / (n_trials + 2)). n_trials is T, of good and bad "
                "together, and "
                "not len(mu).",
            ),
        ),
        Exercise(
            "04.4",
            "log_pdfs",
            "samplers.tpe:log_pdfs",
            points=4,
            minutes=45,
            hints=(
                "Write it for one density, one point and one kernel first: the sum of log k_ij over the dimensions, by "
                "the first two formulas of the docstring.",
                "What the walls leave of a kernel is Z = Phi((1 - mu) / sigma) - Phi((0 - mu) / sigma), and "
                "Phi(z) = (1 + math.erf(z / sqrt(2))) / 2. The kernel is divided by it, so log Z is subtracted.",
                "A density is a weighted sum of kernels, so the logarithms cannot be added: "
                "log sum_i w_i exp(log k_i). Far from all trials every exp is 0, whose logarithm is not finite: take "
                "the largest term out of the sum before exp, and add it afterwards.",
            ),
        ),
        Exercise(
            "04.5",
            "choose",
            "samplers.tpe:choose",
            points=1,
            minutes=5,
            hints=(
                "The ratio l / g is largest where its logarithm is, and the logarithm of a ratio is a difference.",
                "numpy.argmax returns the first of equals. So does max with the key in a loop.",
            ),
        ),
        Exercise(
            "04.6",
            "suggest_one_by_one",
            None,
            points=5,
            minutes=60,
            hints=(
                "For each parameter by itself: the trials that have it and finished with a finite loss, sorted "
                "by loss; the "
                "first ceil(0.15 N) are good.",
                "l and g are mixtures of kernels in the unit interval (domain.to_unit), all with the same "
                "weight, the prior "
                "with one more. The bandwidth is the larger gap to the neighbours, walls among them, and not below "
                "1 / min(100, n + 2).",
                "Draw 24 candidates from l: choose one of its kernels at random, draw from the normal, draw "
                "again while it is "
                "outside [0, 1]. The one with the largest l / g goes through domain.from_unit.",
                "`tpe_reference.samplers.tpe_variants.BERGSTRA_2011` is the same in rules of the package; "
                "yours need not "
                "follow it to the digit.",
            ),
        ),
    ],
)

_SPACE: dict[str, Any] = {
    "x": Float(-1.0, 2.0),
    "lr": Float(1e-5, 1.0, log=True),
    "n": Int(1, 8),
    "kind": Categorical(["a", "b", "c"]),
}
_PLANE: dict[str, Any] = {"x": Float(-1.0, 2.0), "lr": Float(1e-5, 1.0, log=True)}


def _loss(params: dict[str, Any]) -> float:
    """Return a bowl's loss; a corner of it fails."""
    if params["x"] > 1.5:
        return math.nan
    rest = 0.5 * abs(params.get("n", 3) - 3) + {"a": 0.5, "b": 0.0, "c": 1.0}[params.get("kind", "b")]
    return float((params["x"] - 0.3) ** 2 + (math.log10(params["lr"]) + 2.0) ** 2 / 4 + 0.3 * rest)


def _followed(mine: Function, reference: Function, name: str, space: Any = _SPACE) -> None:
    same_search(mine, reference, f"samplers.tpe:{name}", lambda module: module.TPESampler().suggest, space, _loss)


# ---- 04.1 a_tenth ----------------------------------------------------------------------------------------------------


@chapter.check("04.1")
def a_tenth_is_rounded_up(mine: Function, reference: Function) -> None:
    """Rounded up, so that of a single trial one is good: without a good trial there is no density l."""
    for n_finite in (1, 5, 10, 11, 20, 99, 101):
        agree(mine, reference, n_finite)


@chapter.check("04.1")
def never_more_than_25(mine: Function, reference: Function) -> None:
    """At most 25: with thousands of trials a tenth would be hundreds, and l as wide as what is merely not bad."""
    for n_finite in (250, 251, 260, 1000, 10_000):
        agree(mine, reference, n_finite)


@chapter.check("04.1")
def none_of_none(mine: Function, reference: Function) -> None:
    """Where all trials have failed there is none with a finite loss, and none is good."""
    agree(mine, reference, 0)


@chapter.check("04.1")
def the_search_is_the_same(mine: Function, reference: Function) -> None:
    """In the real sampler your function decides who is good, so every suggestion depends on it."""
    _followed(mine, reference, "a_tenth")


# ---- 04.2 split ------------------------------------------------------------------------------------------------------


def _ranking() -> tuple[Any, Any]:
    """Return six trials: 4 is the best, then 0, 5 and 2; 1 has failed, and 3 lacks a parameter."""
    losses = {0: 0.2, 2: 0.9, 4: 0.1, 5: 0.4}
    ranked = sorted(((0, 0.0, loss), number) for number, loss in losses.items())
    return ranked, np.array([True, True, True, False, True, True])


@chapter.check("04.2")
def the_best_are_good(mine: Function, reference: Function) -> None:
    """Low losses are good ones: l is to say where they are frequent."""
    ranked, usable = _ranking()
    for n_good in (1, 2, 4):
        agree(mine, reference, ranked, usable, n_good)


@chapter.check("04.2")
def failed_trials_are_bad(mine: Function, reference: Function) -> None:
    """A trial that counts and has no finite loss is bad, so that the search keeps away from where trials fail."""
    ranked, usable = _ranking()
    _, bad = mine(list(ranked), usable.copy(), 2)
    require(1 in list(bad), expected="trial 1, which failed, among the bad", got=bad, usable=usable, n_good=2)


@chapter.check("04.2")
def who_does_not_count_is_in_neither(mine: Function, reference: Function) -> None:
    """A trial without all of the parameters is no point of this space: it has no place in either density."""
    ranked, usable = _ranking()
    good, bad = mine(list(ranked), usable.copy(), 2)
    found = sorted([*list(good), *list(bad)])
    expected = "every trial that counts (0, 1, 2, 4, 5) once, in good or in bad"
    require(found == [0, 1, 2, 4, 5], expected=expected, got=found, usable=usable, n_good=2)


@chapter.check("04.2")
def usable_is_left_as_it_was(mine: Function, reference: Function) -> None:
    """The array belongs to the sampler, which needs it for the next trial: work on a copy."""
    ranked, usable = _ranking()
    before = usable.copy()
    mine(ranked, usable, 2)
    require((usable == before).all(), expected=f"usable unchanged, {before.tolist()}", got=usable, n_good=2)


@chapter.check("04.2")
def ranked_is_left_as_it_was(mine: Function, reference: Function) -> None:
    """The list is the sampler's own ranking: who is taken out of it would be missing from all later suggestions."""
    ranked, usable = _ranking()
    before = list(ranked)
    mine(ranked, usable.copy(), 2)
    require(ranked == before, expected=f"ranked unchanged, {before}", got=ranked, n_good=2)


@chapter.check("04.2")
def the_search_splits_the_same(mine: Function, reference: Function) -> None:
    """In the real sampler both densities are made of what your function returns."""
    _followed(mine, reference, "split")


# ---- 04.3 bandwidths -------------------------------------------------------------------------------------------------


def _sorted(*columns: list[float]) -> Any:
    return np.array(columns).T


@chapter.check("04.3")
def the_larger_of_two_gaps(mine: Function, reference: Function) -> None:
    """Each kernel reaches its farther neighbour, so that the density has no holes between trials."""
    agree(mine, reference, _sorted([0.1, 0.2, 0.5, 0.6, 0.95]), 100)
    agree(mine, reference, _sorted([0.02, 0.3, 0.35, 0.9]), 100)


@chapter.check("04.3")
def the_ends_have_one_neighbour(mine: Function, reference: Function) -> None:
    """A wall is no trial: the first and the last centre take the gap to their only neighbour."""
    agree(mine, reference, _sorted([0.4, 0.45, 0.5]), 100)
    agree(mine, reference, _sorted([0.3, 0.5]), 100)


@chapter.check("04.3")
def one_centre_alone(mine: Function, reference: Function) -> None:
    """A single trial says little: its kernel reaches the farther wall."""
    agree(mine, reference, _sorted([0.2]), 100)
    agree(mine, reference, _sorted([0.9]), 100)


@chapter.check("04.3")
def the_clip_knows_all_trials(mine: Function, reference: Function) -> None:
    """Not narrower than 2 / (T + 2), T being all trials: without a clip two equal trials would make a spike."""
    mu = _sorted([0.5, 0.5, 0.501, 0.7])
    for n_trials in (4, 38, 150, 198, 5000):
        agree(mine, reference, mu, n_trials)


@chapter.check("04.3")
def every_dimension_by_itself(mine: Function, reference: Function) -> None:
    """Each column is one parameter, sorted by itself: its gaps have nothing to do with the others'."""
    agree(mine, reference, _sorted([0.1, 0.4, 0.9], [0.2, 0.25, 0.26]), 60)


@chapter.check("04.3")
def the_search_has_the_same_bandwidths(mine: Function, reference: Function) -> None:
    """In the real sampler: of all rules this one matters most for how soon the search becomes sharp."""
    _followed(mine, reference, "bandwidths")


# ---- 04.4 log_pdfs ---------------------------------------------------------------------------------------------------


def _density(units: list[list[float]], weights: list[float], n_trials: int) -> tpe.ParzenEstimator:
    """Return a density of parameters that are numbers without steps."""
    points = np.array(units, dtype=float).reshape(len(weights), -1 if weights else 1)
    space = {f"x{j}": Float(0.0, 1.0) for j in range(points.shape[1])}
    return tpe.ParzenEstimator(space, points, np.array(weights, dtype=float), n_trials)


def _agree_on(mine: Function, reference: Function, densities: list[tpe.ParzenEstimator], u: Any) -> None:
    first = densities[0]
    given = {"densities[0].mu": first.mu, "densities[0].sigma": first.sigma, "densities[0].weights": first.weights}
    agree(mine, reference, densities, np.array(u, dtype=float), given={**given, "u": u})


@chapter.check("04.4")
def the_height_of_the_prior(mine: Function, reference: Function) -> None:
    """Before the first trial the density is the prior alone: a normal about 0.5, bandwidth 1, cut off at the walls."""
    _agree_on(mine, reference, [_density([], [], 0)], [[0.0], [0.3], [0.5], [1.0]])


@chapter.check("04.4")
def kernels_are_weighted(mine: Function, reference: Function) -> None:
    """The density is the weighted sum of all kernels, whose weights say how much each trial counts."""
    density = _density([[0.3], [0.4], [0.7]], [3.0, 1.0, 0.5], 60)
    _agree_on(mine, reference, [density], [[0.05], [0.3], [0.36], [0.69], [0.99]])


@chapter.check("04.4")
def what_the_walls_cut_off_comes_back(mine: Function, reference: Function) -> None:
    """A kernel near a wall loses what is outside, so it is divided by what is left of it, Z: its mass stays one."""
    density = _density([[0.01], [0.02], [0.99]], [1.0, 1.0, 2.0], 20)
    grid = (np.arange(4000) + 0.5) / 4000
    (log_pdf,) = mine([density], grid[:, None])
    mass = float(np.exp(np.asarray(log_pdf, dtype=float)).mean())
    expected = "exp(log_pdf) with the integral 1 over the unit interval"
    require(
        abs(mass - 1.0) < 1e-3, expected=expected, got=f"the integral {mass:.4f}", mu=density.mu, sigma=density.sigma
    )


@chapter.check("04.4")
def dimensions_multiply_within_a_kernel(mine: Function, reference: Function) -> None:
    """Joint: the kernel of one trial is a product over the parameters, and only then is the sum taken over trials."""
    density = _density([[0.2, 0.2], [0.8, 0.8], [0.75, 0.85]], [1.0, 1.0, 1.0], 90)
    _agree_on(mine, reference, [density], [[0.2, 0.2], [0.2, 0.8], [0.5, 0.1], [0.77, 0.9]])


@chapter.check("04.4")
def far_away_it_stays_finite(mine: Function, reference: Function) -> None:
    """Where every exp underflows the logarithm must not: take the largest term out of the sum first."""
    density = _density([[0.05], [0.06]], [1.0, 1.0], 500)
    density.weights = np.array([0.6, 0.4 - 1e-12, 1e-12])
    density.sigma[:] = 0.01
    _agree_on(mine, reference, [density], [[0.95], [0.9]])


@chapter.check("04.4")
def one_result_for_each_density(mine: Function, reference: Function) -> None:
    """Of l and of g, in the order in which they come: the next step subtracts the second from the first."""
    l, g = _density([[0.3], [0.35]], [1.0, 1.0], 30), _density([[0.6], [0.9], [0.1]], [1.0, 1.0, 1.0], 30)
    _agree_on(mine, reference, [l, g], [[0.3], [0.8]])
    _agree_on(mine, reference, [g, l], [[0.3], [0.8]])


@chapter.check("04.4")
def the_search_has_the_same_densities(mine: Function, reference: Function) -> None:
    """In the real sampler the scores of all candidates are made of your densities."""
    _followed(mine, reference, "log_pdfs", _PLANE)


# ---- 04.5 choose -----------------------------------------------------------------------------------------------------


@chapter.check("04.5")
def frequent_among_the_good_and_rare_among_the_bad(mine: Function, reference: Function) -> None:
    """The largest l / g: a candidate that is frequent in l *and* in g has been tried, and was no better for it."""
    agree(mine, reference, np.array([-1.0, 0.5, 2.0, 1.9]), np.array([-2.0, -1.5, 1.5, 3.0]))
    agree(mine, reference, np.array([0.1, -3.0, -700.0]), np.array([0.2, -3.5, -650.0]))
    agree(mine, reference, np.array([1.0, 3.0]), np.array([-4.0, 0.0]))
    agree(mine, reference, np.array([-800.0, -790.0, -810.0]), np.array([-795.0, -800.0, -805.0]))


@chapter.check("04.5")
def of_equals_the_first(mine: Function, reference: Function) -> None:
    """Ties are broken by order, so that the same history gives the same answer on every machine."""
    agree(mine, reference, np.array([0.0, 1.0, 2.0, 1.0]), np.array([0.0, 0.0, 1.0, 0.0]))


@chapter.check("04.5")
def the_search_chooses_the_same(mine: Function, reference: Function) -> None:
    """In the real sampler your function has the last word."""
    _followed(mine, reference, "choose")


# ---- 04.6 suggest_one_by_one -----------------------------------------------------------------------------------------


def _seen(n: int = 60) -> list[FrozenTrial]:
    """Return trials whose good ones have x near 0.3, lr near 0.01, n near 3 and the kind b; some failed, one runs."""
    history = []
    for number in range(n):
        u = trial_rng(number).random(len(_SPACE)).tolist()
        params = {name: domain.from_unit(u_j) for (name, domain), u_j in zip(_SPACE.items(), u, strict=True)}
        history.append(finished(params, _loss(params)))
    history.append(FrozenTrial({"x": 0.3}, 0.05))  # of another branch: it lacks all others
    history.append(FrozenTrial(dict(history[0].params), state=TrialState.RUNNING))
    return history


@chapter.check("04.6")
def every_value_is_in_its_domain(mine: Function, reference: Function) -> None:
    """A suggestion has all names of the space, each with a value that its domain contains, at any time."""
    for history in ([], _seen(5), _seen(60)):
        for n in range(20):
            require_valid(mine(_SPACE, list(history), trial_rng(n)), _SPACE, trials=len(history))


@chapter.check("04.6")
def a_pure_function_of_its_history(mine: Function, reference: Function) -> None:
    """The same history and the same seed give the same answer, whatever was asked before; and nothing is changed."""
    require_pure(mine, _SPACE, _seen())


@chapter.check("04.6")
def it_goes_where_trials_were_good(mine: Function, reference: Function) -> None:
    """Candidates come from l, so the suggestions gather where the good trials are, in every kind of parameter."""
    history = _seen(150)
    middle = {name: _SPACE[name].to_unit(value) for name, value in {"x": 0.3, "lr": 0.01, "n": 3}.items()}
    drawn = [mine(_SPACE, history, trial_rng(n)) for n in range(60)]
    for name, u in middle.items():
        distance = float(np.mean([abs(_SPACE[name].to_unit(params[name]) - u) for params in drawn]))
        by_chance = (u**2 + (1 - u) ** 2) / 2
        expected = f"{name} nearer to the good trials than chance: a mean distance well below {by_chance:.2f}"
        require(distance < 0.8 * by_chance, expected=expected, got=f"{distance:.2f}", trials=len(history))
    share = np.mean([params["kind"] == "b" for params in drawn])
    require(share > 0.5, expected="kind 'b', the best, in most suggestions", got=f"in {share:.0%}", trials=len(history))


@chapter.check("04.6")
def one_parameter_knows_nothing_of_the_other(mine: Function, reference: Function) -> None:
    """Bergstra's TPE is univariate: where (low, low) and (high, high) are good, it also tries (low, high)."""
    space = {"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}
    corners = [(0.2, 0.2), (0.8, 0.8), (0.2, 0.8), (0.8, 0.2)]
    history = []
    for n in range(80):
        corner, shift = corners[n % 4], trial_rng(n).normal(0.0, 0.03, 2)
        params = {"x": float(corner[0] + shift[0]), "y": float(corner[1] + shift[1])}
        history.append(FrozenTrial(params, loss=(0.0 if n % 4 < 2 else 1.0) + 0.01 * n))
    drawn = [mine(space, history, trial_rng(n)) for n in range(100)]
    mixed = np.mean([(params["x"] < 0.5) != (params["y"] < 0.5) for params in drawn])
    expected = "x low with y high, or the reverse, in at least three tenths of the suggestions"
    require(mixed > 0.3, expected=expected, got=f"in {mixed:.0%}", good="about (0.2, 0.2) and (0.8, 0.8)")


@chapter.check("04.6")
def it_beats_random_search(mine: Function, reference: Function) -> None:
    """After 60 trials on a bowl it is well ahead of random search: that is what all the effort is for."""
    space: dict[str, Any] = {
        "x": Float(-1.0, 2.0),
        "lr": Float(1e-5, 1.0, log=True),
        "kind": Categorical(["a", "b", "c"]),
    }

    def loss(params: dict[str, Any]) -> float:
        return _loss({**params, "x": min(params["x"], 1.5)}) + 1e-6

    theirs = best_losses(RandomSampler().suggest, space, loss, trials=60, seeds=8)
    ours = best_losses(mine, space, loss, trials=60, seeds=8)
    ratio = float(np.exp(np.log(ours).mean() - np.log(theirs).mean()))
    expected = "a best loss of at most half of random search's (geometric mean of 8 seeds)"
    require(ratio < 0.5, expected=expected, got=f"{ratio:.2f} of it", trials=60)
