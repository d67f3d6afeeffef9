"""Exercises on CMA-ES: the weights of the ranks, the draw, the path, the step size, and the covariance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..samplers.cma_es import CmaState, Strategy, initial, strategy
from ..space import Float, Int
from .checking import Chapter, Exercise, Function, agree, require, same_search, trial_rng

chapter = Chapter(
    number=5,
    folder="cma-es",
    title="CMA-ES",
    exercises=[
        Exercise(
            "05.1",
            "raw_weights",
            "samplers.cma_es:raw_weights",
            points=1,
            minutes=5,
            hints=(
                "Rank i, counted from 1, weighs ln((popsize + 1) / 2) - ln(i). What does it weigh where i is half of "
                "popsize + 1?",
                "numpy.arange(1, popsize + 1) are the ranks; numpy.log takes them all at once.",
            ),
        ),
        Exercise(
            "05.2",
            "scaled_weights",
            "samplers.cma_es:scaled_weights",
            points=2,
            minutes=15,
            hints=(
                "Positive and negative weights are scaled by themselves, each by one factor: what they are in "
                "proportion to each other stays.",
                "The positive ones are divided by their sum. The negative ones have a negative sum: divide by its "
                "absolute value, and they add up to -1; multiply by alpha.",
                "numpy.where(raw >= 0, ..., ...) takes each from one of two arrays; so does a loop with an if.",
            ),
        ),
        Exercise(
            "05.3",
            "sample",
            "samplers.cma_es:sample",
            points=2,
            minutes=20,
            hints=(
                "With C = I it is m + sigma z. What has to be put between sigma and z, so that the covariance of the "
                "step is C?",
                "A root of C: a matrix A with A A^T = C. B diag(D) is one (the numbers in D are roots already), but "
                "the signs of its columns are arbitrary.",
                "The symmetric root is B diag(D) B^T; numpy.diag makes a matrix of D, and @ multiplies matrices.",
            ),
        ),
        Exercise(
            "05.4",
            "cumulate",
            "samplers.cma_es:cumulate",
            points=2,
            minutes=15,
            hints=(
                "Two terms: what is left of the old path, and the new step times a factor.",
                "The factor is such that the path's variance stays what it is while steps are chance. The old path "
                "keeps (1 - c)^2 of its variance: how much is missing to 1?",
                "1 - (1 - c)^2 = c (2 - c). The step is a mean of mu_eff points, so its variance is 1 / mu_eff: the "
                "factor is the square root of c (2 - c) mu_eff.",
            ),
        ),
        Exercise(
            "05.5",
            "step_size",
            "samplers.cma_es:step_size",
            points=2,
            minutes=15,
            hints=(
                "The path's length over s.chi_n, its length by chance, is 1 where sigma should stay: formula (44).",
                "The length is the root of the sum of squares: numpy.linalg.norm, or math.hypot(*p_sigma).",
                "Then min(1.0, ...) about the exponent: at most e-fold at once.",
            ),
        ),
        Exercise(
            "05.6",
            "covariance",
            "samplers.cma_es:covariance",
            points=5,
            minutes=60,
            hints=(
                "Formula (47) has three terms: C times a number, c_1 times the outer product of p_c with itself, c_mu "
                "times a weighted sum of outer products of the rows of y. numpy.outer(a, b) is a matrix.",
                "In the third term the weights of the worse half, from s.mu on, are each multiplied by "
                "s.d / (length^2 + 1e-8). Do it in a copy: s.weights are the strategy's, for all generations.",
                "The number before C is 1 + c_1 lost - c_1 - c_mu sum(s.weights): here the weights are those that "
                "were not changed.",
            ),
        ),
    ],
)

_SPACE: dict[str, Any] = {"x": Float(-1.0, 2.0), "lr": Float(1e-5, 1.0, log=True), "y": Float(0.0, 1.0), "n": Int(1, 9)}


def _loss(params: dict[str, Any]) -> float:
    """Return the loss of a narrow valley: a high x makes up for a low lr; a corner of it fails."""
    if params["x"] > 1.8:
        return math.nan
    u, v = params["x"] - 0.3, math.log10(params["lr"]) + 2.0
    return float((u - v) ** 2 + 0.01 * (u + v) ** 2 + (params["y"] - 0.7) ** 2 + 0.02 * (params["n"] - 3) ** 2)


def _followed(mine: Function, reference: Function, name: str) -> None:
    """Follow a search by the tutorial's CMA-ES, which sees ranks alone: each draw then depends on every function."""
    target = f"samplers.cma_es:{name}"
    same_search(mine, reference, target, lambda module: module.CmaEsSampler(parabola=False).suggest, _SPACE, _loss)


# ---- 05.1 raw_weights ------------------------------------------------------------------------------------------------


@chapter.check("05.1")
def falling_like_a_logarithm(mine: Function, reference: Function) -> None:
    """The first ranks differ most, the last ones hardly: w'_i = ln((lambda + 1) / 2) - ln(i)."""
    for popsize in (4, 8, 20):
        agree(mine, reference, popsize)


@chapter.check("05.1")
def the_middle_one_of_an_odd_number_weighs_nothing(mine: Function, reference: Function) -> None:
    """It is neither in the better half nor in the worse one: the zero is at (lambda + 1) / 2, the middle of 1..lambda.

    Half of lambda + 1 need not be whole.
    """
    for popsize in (5, 7, 13):
        agree(mine, reference, popsize)


@chapter.check("05.1")
def a_weight_for_every_rank(mine: Function, reference: Function) -> None:
    """The worse half has weights too, below zero: a direction that only bad points took is to be shortened."""
    for popsize in (4, 7, 10):
        got = list(mine(popsize))
        require(len(got) == popsize, expected=f"{popsize} weights", got=f"{len(got)}: {got}", popsize=popsize)


@chapter.check("05.1")
def the_search_ranks_by_the_same_weights(mine: Function, reference: Function) -> None:
    """In the real sampler all that a generation teaches goes through your weights."""
    _followed(mine, reference, "raw_weights")


# ---- 05.2 scaled_weights ---------------------------------------------------------------------------------------------


def _raw(popsize: int) -> Any:
    return np.log((popsize + 1) / 2) - np.log(np.arange(1, popsize + 1))


@chapter.check("05.2")
def the_positive_ones_sum_to_one(mine: Function, reference: Function) -> None:
    """The mean moves to a weighted mean of points: with any other sum it would fall short of them, or overshoot."""
    for raw in (np.array([3.0, 1.0, -1.0, -3.0]), _raw(9)):
        expected = sum(float(w) for w in reference(raw.copy(), 0.5) if w > 0)
        got = sum(float(w) for w in mine(raw.copy(), 0.5) if w > 0)
        because = f"positive weights that sum to {expected:g}"
        require(abs(got - expected) < 1e-5, expected=because, got=f"{got:.6g}", raw=raw, alpha=0.5)


@chapter.check("05.2")
def the_negative_ones_sum_to_minus_alpha(mine: Function, reference: Function) -> None:
    """They take away from C what the positive ones add; alpha is how much it stands without losing its roundness."""
    for alpha in (0.5, 1.0, 1.4):
        raw = np.array([3.0, 1.0, -1.0, -2.0])
        expected = sum(float(w) for w in reference(raw.copy(), alpha) if w < 0)
        got = sum(float(w) for w in mine(raw.copy(), alpha) if w < 0)
        because = f"negative weights that sum to {expected:g}"
        require(abs(got - expected) < 1e-5, expected=because, got=f"{got:.6g}", raw=raw, alpha=alpha)


@chapter.check("05.2")
def what_they_are_in_proportion_stays(mine: Function, reference: Function) -> None:
    """One factor for the positive, one for the negative: the order and the shape of the weights were chosen before."""
    agree(mine, reference, np.array([6.0, 3.0, 1.0, -2.0, -8.0]), 0.7)
    agree(mine, reference, _raw(8), 1.2)


@chapter.check("05.2")
def nothing_of_nothing(mine: Function, reference: Function) -> None:
    """The middle one of an odd number has the weight zero, and keeps it."""
    agree(mine, reference, np.array([2.0, 1.0, 0.0, -1.0, -2.0]), 0.8)


@chapter.check("05.2")
def the_search_has_the_same_weights(mine: Function, reference: Function) -> None:
    """In the real sampler they weigh the points of every generation, in the mean and in the covariance."""
    _followed(mine, reference, "scaled_weights")


# ---- 05.3 sample -----------------------------------------------------------------------------------------------------


def _state(mean: list[float], sigma: float, C: list[list[float]] | NDArray[np.float64]) -> CmaState:
    """Return a distribution with a covariance."""
    eigenvalues, B = np.linalg.eigh(np.array(C))
    return replace(initial(np.array(mean), sigma), C=np.array(C), B=B, D=np.sqrt(eigenvalues))


def _agree_on(mine: Function, reference: Function, state: CmaState, *zs: list[float]) -> None:
    for z in zs:
        shown = {name: getattr(state, name) for name in ("mean", "sigma", "C", "B", "D")}
        agree(mine, reference, state, np.array(z), given={**{f"state.{k}": v for k, v in shown.items()}, "z": z})


@chapter.check("05.3")
def the_middle_is_the_mean(mine: Function, reference: Function) -> None:
    """Of all draws z = 0 is the likeliest, and the likeliest point of N(m, sigma^2 C) is m."""
    _agree_on(mine, reference, _state([0.3, -2.0], 0.5, [[1.0, 0.0], [0.0, 1.0]]), [0.0, 0.0])


@chapter.check("05.3")
def sigma_is_the_length_of_a_step(mine: Function, reference: Function) -> None:
    """Sigma is a standard deviation, so it enters once: twice the sigma, twice the step."""
    for sigma in (0.1, 3.0):
        _agree_on(mine, reference, _state([1.0, 1.0], sigma, [[1.0, 0.0], [0.0, 1.0]]), [1.0, 0.0], [-0.5, 2.0])


@chapter.check("05.3")
def axes_are_roots_of_variances(mine: Function, reference: Function) -> None:
    """C holds variances, 4 and 9; a step is as long as their roots, which D holds: 2 and 3."""
    _agree_on(mine, reference, _state([0.0, 0.0], 1.0, [[4.0, 0.0], [0.0, 9.0]]), [1.0, 0.0], [0.0, 1.0])


@chapter.check("05.3")
def the_root_is_symmetric(mine: Function, reference: Function) -> None:
    """B D z has the same distribution, but the sign of an eigenvector is arbitrary: in B D B^T it cancels.

    So the same seed gives the same search on another machine.
    """
    C = [[2.0, 1.2, 0.3], [1.2, 1.5, -0.4], [0.3, -0.4, 0.8]]
    state = _state([0.0, 0.0, 0.0], 1.0, C)
    _agree_on(mine, reference, state, [1.0, 0.0, 0.0], [0.3, -1.0, 2.0])
    turned = replace(state, B=state.B * np.array([-1.0, 1.0, -1.0]))
    _agree_on(mine, reference, turned, [1.0, 0.0, 0.0], [0.3, -1.0, 2.0])


@chapter.check("05.3")
def the_search_draws_the_same(mine: Function, reference: Function) -> None:
    """In the real sampler every suggestion is your draw, from the generator of its trial."""
    _followed(mine, reference, "sample")


# ---- 05.4 cumulate ---------------------------------------------------------------------------------------------------


@chapter.check("05.4")
def a_share_is_forgotten(mine: Function, reference: Function) -> None:
    """Without a new step a share c of the path is lost, 1 - c is left: old steps fade, and the last ones count."""
    for c in (0.1, 0.5, 0.9):
        agree(mine, reference, np.array([1.0, -2.0, 4.0]), np.zeros(3), c, 3.0)


@chapter.check("05.4")
def by_chance_it_keeps_its_length(mine: Function, reference: Function) -> None:
    """Steps at random have the variance 1 / mu_eff; the path of variance 1 must stay at 1, or sigma would drift.

    So (1 - c)^2 + factor^2 / mu_eff is 1, and the factor is sqrt(c (2 - c) mu_eff).
    """
    one, zero = np.array([1.0]), np.array([0.0])
    for c, mu_eff in ((0.3, 2.6), (0.5, 5.0), (0.05, 1.5)):
        left = float(mine(one.copy(), zero.copy(), c, mu_eff)[0])
        factor = float(mine(zero.copy(), one.copy(), c, mu_eff)[0])
        variance = left**2 + factor**2 / mu_eff
        given = {"c": c, "mu_eff": mu_eff, "left of a path of 1": left, "added for a step of 1": factor}
        expected = "a variance of 1 after a step of variance 1 / mu_eff"
        require(abs(variance - 1) < 1e-5, expected=expected, got=f"{variance:.6g}", **given)


@chapter.check("05.4")
def the_new_step_is_added_whole(mine: Function, reference: Function) -> None:
    """First the old path fades, then the step is added: it has not had the time to fade."""
    path, step = np.array([0.5, -1.0, 0.0]), np.array([0.2, 0.4, -0.6])
    for c, mu_eff in ((0.3, 2.6), (0.7, 5.0)):
        agree(mine, reference, path, step, c, mu_eff)


@chapter.check("05.4")
def the_path_before_is_left_as_it_was(mine: Function, reference: Function) -> None:
    """It belongs to the state of the last generation, which others still read: return a new one."""
    path, step = np.array([0.5, -1.0]), np.array([0.2, 0.4])
    mine(path, step, 0.3, 2.0)
    right = path.tolist() == [0.5, -1.0] and step.tolist() == [0.2, 0.4]
    require(right, expected="path and step unchanged, [0.5, -1.0] and [0.2, 0.4]", got=[path, step], c=0.3, mu_eff=2.0)


@chapter.check("05.4")
def the_search_walks_the_same_paths(mine: Function, reference: Function) -> None:
    """In the real sampler both paths are yours: that of the step size, and that of the covariance."""
    _followed(mine, reference, "cumulate")


# ---- 05.5 step_size --------------------------------------------------------------------------------------------------


def _agree_for(mine: Function, reference: Function, s: Strategy, sigma: float, p_sigma: list[float]) -> None:
    constants = {f"s.{name}": getattr(s, name) for name in ("d", "c_sigma", "d_sigma", "chi_n")}
    given = {**constants, "sigma": sigma, "p_sigma": p_sigma}
    agree(mine, reference, s, sigma, np.array(p_sigma), given=given)


@chapter.check("05.5")
def as_long_as_by_chance_it_stays(mine: Function, reference: Function) -> None:
    """E||N(0, I)||, chi_n, is about sqrt(d) and not 1: in ten dimensions a path of length 1 is a very short one."""
    for d in (1, 2, 5, 10):
        s = strategy(d)
        _agree_for(mine, reference, s, 0.4, [s.chi_n, *[0.0] * (d - 1)])


@chapter.check("05.5")
def longer_it_grows_and_shorter_it_shrinks(mine: Function, reference: Function) -> None:
    """Steps that agree add up to a long path, and fewer, longer ones would have done; steps that cancel were too long.

    How fast is c_sigma / d_sigma: the path is made of many generations, and sigma must not run ahead of it.
    """
    s = strategy(3)
    for p_sigma in ([0.0, 0.0, 0.0], [0.5, 0.1, 0.2], [1.0, -2.0, 0.5], [-2.0, -2.0, -2.0]):
        _agree_for(mine, reference, s, 1.0, p_sigma)


@chapter.check("05.5")
def it_is_multiplied(mine: Function, reference: Function) -> None:
    """Sigma changes by a factor, whatever its size: so a first step that is a thousandfold wrong is soon mended."""
    s = strategy(4)
    for sigma in (1e-3, 20.0):
        _agree_for(mine, reference, s, sigma, [2.0, 1.0, 0.0, -2.0])


@chapter.check("05.5")
def at_most_e_fold_at_once(mine: Function, reference: Function) -> None:
    """After a jump the path may be a hundred times too long; sigma would explode in a single generation."""
    for d in (1, 3, 8):
        _agree_for(mine, reference, strategy(d), 0.2, [100.0] * d)


@chapter.check("05.5")
def the_search_has_the_same_step_size(mine: Function, reference: Function) -> None:
    """In the real sampler how far a trial may be from the mean is what you return."""
    _followed(mine, reference, "step_size")


# ---- 05.6 covariance -------------------------------------------------------------------------------------------------

_C = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 0.7]])
_PATH = np.array([1.5, -0.5, 0.8])


def _steps(s: Strategy) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a generation's steps in three dimensions, and their lengths; no two are alike."""
    y = trial_rng(0).normal(size=(s.popsize, 3))
    return y, np.sqrt(((y @ np.linalg.inv(_C)) * y).sum(axis=1))


@chapter.check("05.6")
def the_path_stretches_its_direction(mine: Function, reference: Function) -> None:
    """p_c p_c^T is a matrix that is long in one direction, with all its entries: those off the diagonal turn it."""
    s = strategy(3)
    y, length = _steps(s)

    def added(function: Function) -> Any:
        found = [function(s, _C.copy(), p_c, y.copy(), length.copy(), 0.0) for p_c in (_PATH.copy(), np.zeros(3))]
        return np.subtract(*found)

    given = {"s.c_1": s.c_1, "p_c": _PATH, "compared": "what C has more than with p_c = 0"}
    agree(lambda: added(mine), lambda: added(reference), given=given)


@chapter.check("05.6")
def good_steps_stretch_and_bad_ones_shrink(mine: Function, reference: Function) -> None:
    """The weighted sum of y_i y_i^T: the best rank counts most, and the worse half counts against its directions."""
    s = strategy(3)
    y, _ = _steps(s)
    for rank in range(s.popsize):
        only = np.zeros_like(y)
        only[rank] = y[rank] / np.linalg.norm(y[rank]) * math.sqrt(3)
        length = np.full(s.popsize, math.sqrt(3.0))  # as long as d has it: the worse half's factor is one
        given = {"y": f"0 but for rank {rank + 1} of {s.popsize}: {only[rank].round(4).tolist()}", "length": length}
        agree(mine, reference, s, np.eye(3), np.zeros(3), only, length, 0.0, given={"C": np.eye(3), **given})


@chapter.check("05.6")
def a_bad_step_counts_as_if_by_chance_long(mine: Function, reference: Function) -> None:
    """A long bad step would take away more variance than there is, and C would not stay positive definite.

    So the negative weights, and they alone, are divided by the squared length and multiplied by d (46).
    """
    s = strategy(3)
    y, _ = _steps(s)
    for stretch in (0.5, 4.0):
        length = np.full(s.popsize, stretch * math.sqrt(3.0))
        given = {"C": np.eye(3), "y": stretch * y, "length": length, "s.mu": s.mu, "s.weights": s.weights}
        agree(mine, reference, s, np.eye(3), np.zeros(3), stretch * y, length, 0.0, given=given)


@chapter.check("05.6")
def the_old_one_fades_by_what_is_added(mine: Function, reference: Function) -> None:
    """It loses c_1 for the path and c_mu times the sum of all weights for the points, so that its size stays.

    Negative weights are in the sum, so it is not 1, and the weights are those before (46).
    """
    for popsize in (None, 20):
        s = strategy(3, popsize)
        y, length = _steps(s)
        given = {"s.c_1": s.c_1, "s.c_mu": s.c_mu, "s.weights": s.weights, "C": _C, "p_c": "0", "y": "0"}
        agree(mine, reference, s, _C, np.zeros(3), 0.0 * y, length, 0.0, given=given)


@chapter.check("05.6")
def what_the_path_missed_is_made_up(mine: Function, reference: Function) -> None:
    """While p_c waits it lacks a step, and c_1 p_c p_c^T is smaller than what C has lost: c_1 lost C is given back."""
    s = strategy(3)
    y, length = _steps(s)
    for lost in (0.2, 0.9):
        given = {"lost": lost, "s.c_1": s.c_1, "C": _C, "p_c": _PATH, "y": y}
        agree(mine, reference, s, _C, _PATH, y, length, lost, given=given)


@chapter.check("05.6")
def what_came_in_is_left_as_it_was(mine: Function, reference: Function) -> None:
    """The weights are the strategy's, for all generations that follow: what (46) makes of them is a copy. So is C."""
    s, C = strategy(3), _C.copy()
    before = s.weights.copy()
    y, length = _steps(s)
    mine(s, C, _PATH.copy(), y, length, 0.0)
    expected = f"s.weights unchanged, {before.round(4).tolist()}"
    require((s.weights == before).all(), expected=expected, got=s.weights, length=length)
    require((C == _C).all(), expected=f"C unchanged, {_C.tolist()}", got=C)


@chapter.check("05.6")
def the_search_learns_the_same_shape(mine: Function, reference: Function) -> None:
    """In the real sampler the valley's direction is learnt by your function alone."""
    _followed(mine, reference, "covariance")
