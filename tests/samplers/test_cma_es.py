"""CMA-ES against a second writing of the tutorial's formulas, its invariances, and what it needs to converge."""

import copy
import dataclasses
import math
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tpe_reference import (
    Categorical,
    CmaEsSampler,
    Domain,
    Float,
    FrozenTrial,
    Int,
    RandomSampler,
    Sampler,
    Trial,
    TrialState,
    create_study,
)
from tpe_reference.samplers.cma_es import (
    CmaState,
    Run,
    initial,
    learn_choices,
    next_run,
    parabola_minimum,
    sample,
    step_size,
    stop_reason,
    strategy,
    update,
)

Floats = NDArray[np.float64]
PLANE: dict[str, Domain] = {"x": Float(0, 1), "y": Float(0, 1)}


def rng_of(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def sphere(x: Floats) -> float:
    return float((x**2).sum())


def ellipsoid(x: Floats) -> float:
    return float((10.0 ** (6 * np.arange(len(x)) / (len(x) - 1)) * x**2).sum())


def rosenbrock(x: Floats) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def generation(state: CmaState, rng: np.random.Generator, turn: Floats | None = None) -> Floats:
    z = rng.standard_normal((state.strategy.popsize, state.strategy.d))
    return np.array([sample(state, z_i if turn is None else turn @ z_i) for z_i in z])


def ranked(points: Floats, f: Callable[[Floats], float]) -> Floats:
    return points[np.argsort([f(x) for x in points], kind="stable")]


# ---- the constants ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "popsize"), [(1, 4), (2, 6), (3, 7), (5, 8), (10, 10), (20, 12), (40, 15)])
def test_the_population_is_4_and_three_times_the_logarithm_of_the_dimension(d: int, popsize: int) -> None:
    assert strategy(d).popsize == popsize


def test_the_constants_in_ten_dimensions_are_those_in_the_literature() -> None:
    s = strategy(10)
    assert s.mu == 5
    assert s.mu_eff == pytest.approx(3.1673, abs=1e-4), "pycma prints (5_w,10)-aCMA-ES (mu_w=3.2, w_1=45%)"
    assert s.weights[0] == pytest.approx(0.4563, abs=1e-4)
    assert s.c_sigma == pytest.approx(5.1673 / 18.1673, abs=1e-4)
    assert s.d_sigma == pytest.approx(1 + s.c_sigma)
    assert s.c_c == pytest.approx(4.31673 / 14.63346, abs=1e-4)
    assert s.c_1 == pytest.approx(2 / (11.3**2 + 3.1673), abs=1e-6)
    assert s.c_mu == pytest.approx(2 * (3.1673 - 2 + 1 / 3.1673) / (144 + 3.1673), abs=1e-5)
    assert s.chi_n == pytest.approx(3.0847, abs=1e-3), "E||N(0, I)|| = sqrt(2) Gamma(11/2) / Gamma(10/2)"


@pytest.mark.parametrize("d", [1, 2, 3, 5, 10, 40, 100])
@pytest.mark.parametrize("popsize", [None, 4, 5, 7, 50, 200])
def test_weights_and_rates_keep_their_bounds(d: int, popsize: int | None) -> None:
    s = strategy(d, popsize)
    assert len(s.weights) == s.popsize
    assert (np.diff(s.weights) < 0).all(), "the better the rank, the larger the weight"
    assert s.weights[: s.mu].sum() == pytest.approx(1)
    assert (s.weights[s.mu :] <= 0).all()
    assert s.weights[-1] < 0, "active: the worst push away"
    assert 0 < s.c_1 < 1
    assert 0 <= s.c_mu <= 1 - s.c_1
    # What (52) is for: however the negative weights fall, C keeps at least this much of itself.
    assert 1 - s.c_1 - s.c_mu + s.c_mu * s.weights[s.mu :].sum() * d >= -1e-9


# ---- the update against a second writing -----------------------------------------------------------------------------


class Tutorial:
    """Figure 6 of Hansen (2016), arXiv 1604.00772v1, written down once more, plainly and with explicit inverses."""

    def __init__(self, mean: Floats, sigma: float, lam: int) -> None:
        self.n, self.lam, self.m, self.sigma = len(mean), lam, mean.copy(), sigma
        self.C, self.ps, self.pc, self.g = np.eye(self.n), np.zeros(self.n), np.zeros(self.n), 0

    def tell(self, best_first: Floats) -> None:
        n, lam = self.n, self.lam
        mu = lam // 2
        w_raw = [math.log((lam + 1) / 2) - math.log(i) for i in range(1, lam + 1)]
        mueff = sum(w_raw[:mu]) ** 2 / sum(w**2 for w in w_raw[:mu])
        mueff_minus = sum(w_raw[mu:]) ** 2 / sum(w**2 for w in w_raw[mu:])
        c1 = 2 / ((n + 1.3) ** 2 + mueff)
        cmu = min(1 - c1, 2 * (mueff - 2 + 1 / mueff) / ((n + 2) ** 2 + 2 * mueff / 2))
        cs = (mueff + 2) / (n + mueff + 5)
        ds = 1 + 2 * max(0, math.sqrt((mueff - 1) / (n + 1)) - 1) + cs
        cc = (4 + mueff / n) / (n + 4 + 2 * mueff / n)
        alpha = min(1 + c1 / cmu, 1 + 2 * mueff_minus / (mueff + 2), (1 - c1 - cmu) / (n * cmu))
        plus, minus = sum(w for w in w_raw if w > 0), -sum(w for w in w_raw if w < 0)
        w = [v / plus if v >= 0 else alpha * v / minus for v in w_raw]
        expected = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))

        eigenvalues, vectors = np.linalg.eigh(self.C)
        root_inverse = vectors @ np.diag(eigenvalues**-0.5) @ vectors.T
        y = [(x - self.m) / self.sigma for x in best_first]
        y_w = sum((w[i] * y[i] for i in range(mu)), np.zeros(n))
        self.m = self.m + self.sigma * y_w
        self.ps = (1 - cs) * self.ps + math.sqrt(cs * (2 - cs) * mueff) * root_inverse @ y_w
        norm = float(np.linalg.norm(self.ps))
        self.sigma *= math.exp(cs / ds * (norm / expected - 1))
        waits = norm / math.sqrt(1 - (1 - cs) ** (2 * (self.g + 1))) >= (1.4 + 2 / (n + 1)) * expected
        self.pc = (1 - cc) * self.pc + (0 if waits else math.sqrt(cc * (2 - cc) * mueff)) * y_w
        new = (1 + c1 * (cc * (2 - cc) if waits else 0) - c1 - cmu * sum(w)) * self.C + c1 * np.outer(self.pc, self.pc)
        for i in range(lam):
            w_i = w[i] if w[i] >= 0 else w[i] * n / float(np.linalg.norm(root_inverse @ y[i]) ** 2)
            new = new + cmu * w_i * np.outer(y[i], y[i])
        self.C, self.g = new, self.g + 1


@pytest.mark.parametrize(("d", "popsize"), [(2, None), (5, None), (10, None), (3, 30)])
@pytest.mark.parametrize("f", [sphere, ellipsoid, rosenbrock])
def test_every_update_agrees_with_a_second_writing_of_the_tutorial(
    d: int, popsize: int | None, f: Callable[[Floats], float]
) -> None:
    rng = np.random.default_rng(d)
    state = initial(rng.uniform(-3, 3, d), 2.0, popsize)
    twin = Tutorial(state.mean, 2.0, state.strategy.popsize)
    for g in range(60):
        points = ranked(generation(state, rng), f)
        state = update(state, points)
        twin.tell(points)
        # Rounding grows from generation to generation, so the twin goes on from the same state.
        for name, mine, theirs in [("mean", state.mean, twin.m), ("p_sigma", state.p_sigma, twin.ps)]:
            assert mine == pytest.approx(theirs, rel=1e-7, abs=1e-9), f"{name}, generation {g}"
        assert state.p_c == pytest.approx(twin.pc, rel=1e-7, abs=1e-9), f"p_c, generation {g}"
        assert state.sigma == pytest.approx(twin.sigma, rel=1e-7), f"sigma, generation {g}"
        assert np.allclose(state.C, twin.C, rtol=1e-7, atol=1e-9), f"C, generation {g}"
        twin.m, twin.ps, twin.pc, twin.sigma, twin.C = state.mean, state.p_sigma, state.p_c, state.sigma, state.C


def test_while_the_step_size_grows_fast_the_covariance_waits() -> None:
    """On a slope p_sigma becomes long, so h_sigma is 0 at times: the test above must have seen both."""
    rng, waited, state = np.random.default_rng(0), [], initial(np.zeros(5), 1e-3)
    for _ in range(30):
        before, state = state, update(state, ranked(generation(state, rng), lambda x: float(x[0])))
        waited.append(np.allclose(state.p_c, (1 - state.strategy.c_c) * before.p_c))
    assert any(waited)
    assert not all(waited)


def test_update_changes_nothing_it_is_given() -> None:
    state = initial(np.ones(3), 0.5)
    points = ranked(generation(state, np.random.default_rng(0)), sphere)
    state = update(state, points)
    before, points_before = copy.deepcopy(state), points.copy()
    update(state, points)
    sample(state, np.ones(3))
    for field in dataclasses.fields(CmaState):
        if field.name != "strategy":
            assert np.array_equal(getattr(state, field.name), getattr(before, field.name)), field.name
    assert np.array_equal(points, points_before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.sigma = 1.0  # type: ignore[misc]


def test_initial_does_not_follow_the_array_it_was_given() -> None:
    mean = np.zeros(2)
    state = initial(mean, 1.0)
    mean += 5
    assert state.mean.tolist() == [0, 0]


# ---- invariances -----------------------------------------------------------------------------------------------------


def a_state(d: int = 4, generations: int = 30, seed: int = 0) -> CmaState:
    rng, state = np.random.default_rng(seed), initial(np.ones(d), 1.0)
    for _ in range(generations):
        state = update(state, ranked(generation(state, rng), ellipsoid))
    return state


def test_samples_have_the_mean_and_the_covariance_of_the_state() -> None:
    state, rng = a_state(), np.random.default_rng(1)
    steps = (np.array([sample(state, z) for z in rng.standard_normal((20_000, 4))]) - state.mean) / state.sigma
    scale = np.sqrt(np.diag(state.C))
    assert np.abs(steps.mean(axis=0) / scale).max() < 0.03
    assert np.cov(steps.T) / np.outer(scale, scale) == pytest.approx(state.C / np.outer(scale, scale), abs=0.05)


def test_eigenvectors_and_roots_belong_to_the_covariance() -> None:
    state = a_state()
    assert state.B @ np.diag(state.D**2) @ state.B.T == pytest.approx(state.C)
    assert np.allclose(state.B @ state.B.T, np.eye(4), atol=1e-12)


def test_the_signs_of_eigenvectors_do_not_matter() -> None:
    """They are arbitrary, and differ between linear algebra libraries."""
    state, z = a_state(), np.random.default_rng(1).standard_normal(4)
    flipped = dataclasses.replace(state, B=state.B * [1, -1, 1, -1])
    assert sample(flipped, z) == pytest.approx(sample(state, z), rel=1e-12)


def test_turning_the_problem_turns_the_search() -> None:
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]
    straight, turned = initial(np.arange(1.0, 5.0), 1.0), initial(turn @ np.arange(1.0, 5.0), 1.0)
    one, two = np.random.default_rng(0), np.random.default_rng(0)
    for _ in range(40):
        straight = update(straight, ranked(generation(straight, one), ellipsoid))
        turned = update(turned, ranked(generation(turned, two, turn), lambda x: ellipsoid(turn.T @ x)))
    assert turned.mean == pytest.approx(turn @ straight.mean, abs=1e-6)
    assert turned.sigma == pytest.approx(straight.sigma, rel=1e-6)


def test_moving_and_scaling_the_problem_moves_and_scales_the_search() -> None:
    near, far = initial(np.ones(3), 0.5), initial(1000 * np.ones(3) + 7, 500)
    one, two = np.random.default_rng(0), np.random.default_rng(0)
    for _ in range(40):
        near = update(near, ranked(generation(near, one), rosenbrock))
        far = update(far, ranked(generation(far, two), lambda x: rosenbrock((x - 7) / 1000)))
    assert (far.mean - 7) / 1000 == pytest.approx(near.mean, abs=1e-6)
    assert far.sigma / 1000 == pytest.approx(near.sigma, rel=1e-6)


def test_without_the_parabola_only_ranks_of_losses_matter() -> None:
    ranks_alone = CmaEsSampler(parabola=False)
    plain, bent = (search(PLANE, 60, ranks_alone, bend=bend) for bend in (float, lambda loss: math.exp(5 * loss) - 3))
    assert [t.params for t in plain] == [t.params for t in bent]


@pytest.mark.parametrize("d", [1, 2, 5, 20])
def test_the_covariance_stays_positive_definite_when_ranks_are_pure_chance(d: int) -> None:
    rng, state = np.random.default_rng(d), initial(np.zeros(d), 1.0)
    for _ in range(400):
        state = update(state, generation(state, rng))
    assert np.linalg.eigvalsh(state.C).min() > 0
    assert np.isfinite(state.sigma)


def test_the_step_size_does_not_drift_when_ranks_are_pure_chance() -> None:
    logs = []
    for seed in range(20):
        rng, state = np.random.default_rng(seed), initial(np.zeros(5), 1.0)
        for _ in range(100):
            state = update(state, generation(state, rng))
        logs.append(math.log(state.sigma))
    assert abs(np.mean(logs)) < 4 * np.std(logs) / math.sqrt(20) + 0.2


def test_the_step_size_keeps_when_the_path_is_as_long_as_by_chance_and_grows_e_fold_at_most() -> None:
    s = strategy(5)
    assert step_size(s, 2.0, np.array([s.chi_n, 0, 0, 0, 0])) == pytest.approx(2.0)
    assert step_size(s, 2.0, np.full(5, 1e3)) == pytest.approx(2.0 * math.e)


@pytest.mark.parametrize("rank", [0, -1], ids=["the best", "the worst"])
def test_a_point_from_far_outside_pulls_and_does_not_tear(rank: int) -> None:
    state = initial(np.zeros(5), 0.01)
    points = ranked(generation(state, np.random.default_rng(0)), sphere)
    points[[2, 6]] = state.mean  # a length of 0 is stood
    points[rank] = 1e6
    after = update(state, points)
    assert after.sigma < 0.01 * math.e * 1.001
    assert np.linalg.norm(after.mean) < 0.01 * (math.sqrt(5) + 6)
    assert np.linalg.eigvalsh(after.C).min() > 0
    assert np.linalg.eigvalsh(after.C).max() < 100
    points[rank] = 0.01 * (math.sqrt(5) + 6) / math.sqrt(5)  # in its direction, sqrt(d) + 6 standard deviations off
    as_if = update(state, points)
    assert after.mean == pytest.approx(as_if.mean)
    np.testing.assert_allclose(after.C, as_if.C, atol=1e-12)


def test_the_path_of_the_mean_waits_from_a_bound_on() -> None:
    """By hand, for the first generation: the length of p_sigma, over what of it there can be, is sqrt(mu_eff) |y_w|."""
    state = initial(np.zeros(5), 1.0)
    s = state.strategy
    bound = (1.4 + 2 / 6) * s.chi_n / math.sqrt(s.mu_eff)
    for times, moves in ((0.99, 1.0), (1.01, 0.0)):
        step = times * bound * np.array([1.0, 0, 0, 0, 0])
        after = update(state, np.tile(step, (s.popsize, 1)))
        assert after.p_c == pytest.approx(moves * math.sqrt(s.c_c * (2 - s.c_c) * s.mu_eff) * step)


def test_an_eigenvalue_below_rounding_is_raised_to_it_and_the_covariance_with_it() -> None:
    """Along the axes, where C can hold what is smaller; 1e-8 is the root of the smallest share that it keeps."""
    D = np.array([1e-10, 1.0])
    thin = dataclasses.replace(initial(np.zeros(2), 1.0), C=np.diag(D**2), D=D)
    after = update(thin, generation(thin, np.random.default_rng(0)))
    assert after.D.min() == pytest.approx(1e-8 * after.D.max(), abs=0.0)
    assert after.C.diagonal() == pytest.approx(after.D**2, rel=1e-3, abs=0.0)


def test_a_floor_below_the_standard_deviations_changes_nothing() -> None:
    state = a_state()
    points = ranked(generation(state, np.random.default_rng(1)), ellipsoid)
    below = 0.1 * state.sigma * np.sqrt(np.diag(state.C))
    assert np.array_equal(update(state, points, below).C, update(state, points).C)


def test_standard_deviations_stay_above_their_floor() -> None:
    rng, state, floor = np.random.default_rng(0), initial(np.zeros(3), 1.0), np.array([0.1, 0.0, 0.02])
    for _ in range(120):
        state = update(state, ranked(generation(state, rng), sphere), floor)
    std = state.sigma * np.sqrt(np.diag(state.C))
    assert (std >= floor * (1 - 1e-9)).all()
    assert std[1] < 1e-4, "and where there is none they shrink"


# ---- how many evaluations to 1e-8 ------------------------------------------------------------------------------------


def evaluations(f: Callable[[Floats], float], d: int, seed: int, limit: int) -> float:
    """From x0 in [-3, 3]^d and sigma 2, as `cma` and `cmaes` were measured; infinite when the limit is reached."""
    rng = np.random.default_rng([seed, d])
    state, n = initial(rng.uniform(-3, 3, d), 2.0), 0
    while n < limit:
        points = generation(state, rng)
        n += len(points)
        losses = np.array([f(x) for x in points])
        if losses.min() < 1e-8:
            return n
        state = update(state, points[np.argsort(losses, kind="stable")])
    return math.inf


@pytest.mark.parametrize(
    ("f", "d", "others"), [(sphere, 5, 692), (ellipsoid, 5, 1415), (rosenbrock, 5, 1800), (sphere, 10, 1441)]
)
def test_it_needs_no_more_evaluations_than_other_implementations(
    f: Callable[[Floats], float], d: int, others: int
) -> None:
    counts = [evaluations(f, d, seed, 4 * others) for seed in range(9)]
    assert np.median(counts) < 1.3 * others, f"evaluations to 1e-8: {counts}"
    assert np.median(counts) > others / 1.3, "far fewer would be a sign of another problem"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("f", "d", "others"), [(ellipsoid, 10, 3991), (rosenbrock, 10, 5367), (sphere, 20, 2727), (ellipsoid, 20, 12914)]
)
def test_it_needs_no_more_evaluations_in_more_dimensions(f: Callable[[Floats], float], d: int, others: int) -> None:
    counts = [evaluations(f, d, seed, 4 * others) for seed in range(9)]
    assert np.median(counts) < 1.3 * others, f"evaluations to 1e-8: {counts}"


# ---- stop conditions -------------------------------------------------------------------------------------------------


def changed(**changes: Any) -> CmaState:
    return dataclasses.replace(initial(np.full(3, 0.5), 0.25), **changes)


NOTHING = np.zeros(3)
STOPS: dict[str, tuple[CmaState, list[float], list[float]]] = {
    "TolFun": (changed(generation=30), [1.0] * 30, [1.0] * 7),
    "TolX:": (changed(sigma=1e-14), [3.0, 2.0], [2.0]),
    "TolXUp": (changed(sigma=1e4), [3.0, 2.0], [2.0]),
    "ConditionCov": (changed(D=np.array([1e-4, 1.0, 1e4]), sigma=1e-2), [3.0, 2.0], [2.0]),
    "NoEffectAxis": (changed(mean=np.full(3, 1e9), D=np.array([1e-3, 1.0, 1.0]), sigma=1e-5), [3.0, 2.0], [2.0]),
    "NoEffectCoord": (changed(mean=np.array([0.5, 1e9, 0.5]), sigma=1e-8, generation=1), [3.0, 2.0], [2.0]),
}


@pytest.mark.parametrize("reason", STOPS)
def test_each_stop_condition_gives_its_reason(reason: str) -> None:
    state, best, last = STOPS[reason]
    if reason == "NoEffectCoord":  # a tilted axis has an effect where the coordinate has none
        tilted = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
        state = dataclasses.replace(state, B=tilted)
    said = stop_reason(state, 0.25, best, last)
    assert said is not None
    assert said.startswith(reason), said


STAYS = np.array([0.0, 1.0, 1.0])  # a mean; what is added to a 1 is lost below 1.11e-16
BOUNDS: dict[str, tuple[float, dict[str, Any], dict[str, Any]]] = {  # sigma0; what stops; what does not quite
    "TolX": (0.25, {"sigma": 2.45e-13}, {"sigma": 2.55e-13}),
    "TolX: every coordinate": (0.25, {"sigma": 2.4e-13}, {"sigma": 2.4e-13, "C": np.diag([1.0, 1.0, 1.5])}),
    "TolX: the path": (
        0.25,
        {"sigma": 2.4e-13, "p_c": np.array([0, -1.0, 0])},
        {"sigma": 2.4e-13, "p_c": np.array([0, -1.06, 0])},
    ),
    "TolXUp": (0.25, {"sigma": 1260.0, "D": np.array([1, 1, 2.0])}, {"sigma": 1240.0, "D": np.array([1, 1, 2.0])}),
    "ConditionCov": (
        0.25,
        {"sigma": 1e-6, "D": np.array([1, 1, 1.05e7])},
        {"sigma": 1e-6, "D": np.array([1, 1, 0.95e7])},
    ),
    "NoEffectAxis": (
        1e-5,
        {"sigma": 1.05e-15, "mean": np.ones(3)},
        {"sigma": 1.15e-15, "mean": np.ones(3)},
    ),
    "NoEffectAxis: each in its turn": (
        1e-5,
        {"sigma": 1.2e-15, "mean": np.ones(3), "D": np.array([1, 0.5, 1]), "generation": 4},
        {"sigma": 1.2e-15, "mean": np.ones(3), "D": np.array([1, 0.5, 1]), "generation": 3},
    ),
    "NoEffectCoord": (1e-5, {"sigma": 5.3e-16, "mean": STAYS}, {"sigma": 5.8e-16, "mean": STAYS}),
    "NoEffectCoord: any": (
        1e-5,
        {"sigma": 1.06e-15, "mean": STAYS, "C": np.diag([1, 0.25, 1])},
        {"sigma": 1.2e-15, "mean": STAYS, "C": np.diag([1, 0.25, 1])},
    ),
}


@pytest.mark.parametrize("reason", BOUNDS)
def test_each_stop_condition_has_its_bound(reason: str) -> None:
    sigma0, beyond, before = BOUNDS[reason]
    said = stop_reason(changed(**beyond), sigma0, [3.0, 2.0], [2.0])
    assert said is not None
    assert said.startswith(reason.split(":")[0] + ":"), said
    assert stop_reason(changed(**before), sigma0, [3.0, 2.0], [2.0]) is None


def test_equal_losses_of_so_many_generations_stop_a_search() -> None:
    """Of 10 + 30 d / popsize, 32.5 here, the last one's all among them."""
    at = {n: dataclasses.replace(initial(np.full(3, 0.5), 0.25, 4), generation=n) for n in (32, 33)}
    equal = [9.0] + [0.0] * 33
    assert stop_reason(at[33], 0.25, equal, [0.0]) is not None
    assert stop_reason(at[32], 0.25, equal, [0.0]) is None
    assert stop_reason(at[33], 0.25, equal[:-1], [0.0]) is None, "33 are looked back on"
    assert stop_reason(at[33], 0.25, equal, [0.95e-12]) is not None
    assert stop_reason(at[33], 0.25, equal, [1.05e-12]) is None


def test_a_search_under_way_does_not_stop() -> None:
    assert stop_reason(initial(np.full(3, 0.5), 0.25), 0.25, [], []) is None
    assert stop_reason(changed(generation=5), 0.25, [1.0] * 5, [1.0] * 7) is None, "equal losses of few generations"
    assert stop_reason(changed(generation=30), 0.25, [1.0] * 29 + [0.9], [1.0] * 7) is None
    assert stop_reason(a_state(), 1.0, [5.0, 4.0], [4.0]) is None
    assert stop_reason(changed(generation=99), 0.25, [], []) is None, "all failed: there are no losses to be equal"


# ---- the sampler -----------------------------------------------------------------------------------------------------


def search(
    space: dict[str, Domain],
    n: int,
    sampler: Sampler | None = None,
    seed: int = 0,
    bend: Callable[[float], float] = lambda loss: loss,
    optimum: float = 0.3,
) -> list[FrozenTrial]:
    sampler, history = sampler or CmaEsSampler(), list[FrozenTrial]()
    for i in range(n):
        params = sampler.suggest(space, history, rng_of(i, seed))
        assert params is not None
        us = [domain.to_unit(params[name]) for name, domain in space.items()]
        history.append(FrozenTrial(params, bend(sum((u - optimum) ** 2 for u in us))))
    return history


def expected_suggestion(state: CmaState, number: int) -> list[float]:
    rng = rng_of(number)
    while True:
        x = sample(state, rng.standard_normal(2))
        if ((x >= 0) & (x <= 1)).all():
            return [float(v) for v in x]


def in_order(trials: Sequence[FrozenTrial]) -> Floats:
    best_first = sorted(trials, key=FrozenTrial.merit)
    return np.array([[trial.params["x"], trial.params["y"]] for trial in best_first])


def test_suggest_folds_the_history_through_update() -> None:
    history = search(PLANE, 30, CmaEsSampler(parabola=False))
    state = initial(np.full(2, 0.5), 0.25)
    for g in range(5):
        for n in range(6 * g, 6 * g + 6):
            got = CmaEsSampler(parabola=False).suggest(PLANE, history[:n], rng_of(n))
            assert list(got.values()) == pytest.approx(expected_suggestion(state, n), abs=1e-12), f"trial {n}"
        state = update(state, in_order(history[6 * g : 6 * g + 6]))


def test_failed_trials_are_the_last_of_their_generation_and_pruned_ones_before_them() -> None:
    history = search(PLANE, 6)
    history[1] = FrozenTrial(history[1].params, state=TrialState.FAILED)
    history[3] = FrozenTrial(history[3].params, -5.0, {2: -5.0}, TrialState.PRUNED)
    history[4] = FrozenTrial(history[4].params, math.inf)
    order = [*sorted((0, 2, 5), key=lambda n: history[n].loss), 4, 3, 1]
    points = np.array([[history[n].params["x"], history[n].params["y"]] for n in order])
    state = update(initial(np.full(2, 0.5), 0.25), points)
    got = CmaEsSampler().suggest(PLANE, history, rng_of(6))
    assert list(got.values()) == pytest.approx(expected_suggestion(state, 6), abs=1e-12)


def test_a_generation_waits_for_its_running_trials_and_the_next_trials_sample_the_older_distribution() -> None:
    history = search(PLANE, 6)
    whole = list(history)
    history[2] = FrozenTrial(history[2].params, state=TrialState.RUNNING)
    first = initial(np.full(2, 0.5), 0.25)
    got = CmaEsSampler().suggest(PLANE, history, rng_of(6))
    assert list(got.values()) == pytest.approx(expected_suggestion(first, 6), abs=1e-12)
    # Ten more come in; the generation is still the first six, once the third has ended.
    later = history + [FrozenTrial({"x": 0.9, "y": 0.9}, -9.0)] * 4
    got = CmaEsSampler().suggest(PLANE, later, rng_of(10))
    assert list(got.values()) == pytest.approx(expected_suggestion(first, 10), abs=1e-12)
    later[2] = whole[2]
    second = update(first, in_order(whole))
    got = CmaEsSampler().suggest(PLANE, later, rng_of(10))
    assert list(got.values()) == pytest.approx(expected_suggestion(second, 10), abs=1e-12)


def test_trials_without_the_names_are_no_part_of_a_generation() -> None:
    history = search(PLANE, 12)
    strangers = [
        FrozenTrial({"x": 0.5}, -1.0),
        FrozenTrial({"x": 0.5, "y": 7.0}, -1.0),
        FrozenTrial({}, state=TrialState.FAILED),
    ]
    mixed = history[:3] + strangers + history[3:9] + strangers + history[9:]
    alone, among = (CmaEsSampler().suggest(PLANE, trials, rng_of(99)) for trials in (history, mixed))
    assert alone == among


def test_popsize_and_sigma0_are_what_they_say() -> None:
    history = search(PLANE, 20, CmaEsSampler(popsize=20, sigma0=0.01, parabola=False))
    points = in_order(history)
    assert np.abs(points - 0.5).max() < 0.05, "the first generation is narrow, about the middle"
    moved = [
        CmaEsSampler(popsize=20, sigma0=0.01, parabola=False).suggest(PLANE, history[:n], rng_of(n)) for n in (19, 20)
    ]
    state = update(initial(np.full(2, 0.5), 0.01, 20), points)
    assert list(moved[1].values()) == pytest.approx(expected_suggestion(state, 20), abs=1e-12)
    still = expected_suggestion(initial(np.full(2, 0.5), 0.01, 20), 19)
    assert list(moved[0].values()) == pytest.approx(still, abs=1e-12)


def test_it_searches_log_scales_in_log_space() -> None:
    space: dict[str, Domain] = {"a": Float(1e-8, 1, log=True), "b": Float(1e-8, 1, log=True)}
    plain = search(PLANE, 30)
    logs = search(space, 30)
    assert [math.log10(t.params["a"]) / 8 + 1 for t in logs] == pytest.approx([t.params["x"] for t in plain], abs=1e-9)


def test_it_converges_and_then_starts_again_elsewhere() -> None:
    history = search(PLANE, 1400)
    losses = [trial.loss for trial in history]
    assert min(losses) < 1e-12
    last_tiny = max(n for n, loss in enumerate(losses[:700]) if loss < 1e-12)
    spread = np.std([[t.params["x"], t.params["y"]] for t in history[last_tiny + 1 : last_tiny + 40]], axis=0)
    assert (spread > 0.05).all(), "after the restart the steps are large again"


def test_ipop_doubles_the_population_at_every_restart() -> None:
    runs = [Run(6, 0.25, spent=100)]
    for popsize in (12, 24, 48):
        run = next_run("ipop", runs, np.random.default_rng(0))
        assert (run.popsize, run.sigma0, run.limit) == (popsize, 0.25, math.inf)
        runs.append(dataclasses.replace(run, spent=1000))


def test_bipop_spends_as_much_on_small_runs_as_on_large_ones() -> None:
    rng = np.random.default_rng(0)
    runs = [Run(6, 0.25, spent=100)]
    for _ in range(60):
        run = next_run("bipop", runs, rng)
        if run.is_large:
            n_large = sum(earlier.is_large for earlier in runs)
            assert (run.popsize, run.sigma0) == (6 * 2 ** (n_large + 1), 0.25)
        else:
            last_large = max(earlier.popsize for earlier in runs)
            assert 4 <= run.popsize <= last_large / 2, "between the first population and half of the last large one"
            assert 0.0025 <= run.sigma0 <= 0.25
        runs.append(dataclasses.replace(run, spent=int(min(run.popsize * 50, run.limit))))
        costs = [sum(r.spent for r in runs if r.is_large == large) for large in (False, True)]
        assert costs[0] <= costs[1] + runs[-1].spent, "a small run starts only while the small ones have cost less"
        if len(runs) > 400:
            break
    assert {run.is_large for run in runs[1:]} == {True, False}


class Fixed:
    """A generator that draws the numbers it is given."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def random(self, n: int) -> tuple[float, ...]:
        assert n == len(self.numbers)
        return self.numbers


@pytest.mark.parametrize(
    ("u", "v", "popsize", "sigma0"), [(0.0, 0.0, 6, 0.25), (1.0, 1.0, 24, 0.0025), (0.5, 0.5, 8, 0.025)]
)
def test_a_small_run_of_bipop_by_hand(u: float, v: float, popsize: int, sigma0: float) -> None:
    """6 (48 / 2 / 6)^(u^2), rounded down: of u = 1/2 it is 6 4^(1/4) = 8.5; and 0.25 10^(-2 v)."""
    runs = [Run(6, 0.25, spent=100), Run(12, 0.25, True, spent=50), Run(48, 0.25, True, spent=70)]
    run = next_run("bipop", runs, Fixed(u, v))  # type: ignore[arg-type]
    assert (run.popsize, run.is_large, run.limit, run.spent) == (popsize, False, 35, 0)
    assert run.sigma0 == pytest.approx(sigma0)
    dearer = [dataclasses.replace(runs[0], spent=120), *runs[1:]]
    assert next_run("bipop", dearer, Fixed()).is_large, "as dear as the large ones, not less"  # type: ignore[arg-type]


def test_the_restarted_search_has_the_larger_population() -> None:
    """A flat objective, and steps that tell where the mean is: it moves once per generation, of 4, then of 8."""
    history = search({"x": Float(0, 1)}, 300, CmaEsSampler(popsize=4, sigma0=1e-4), bend=lambda loss: 0.0)
    xs = np.array([trial.params["x"] for trial in history])
    restarts = np.flatnonzero(np.abs(np.diff(xs)) > 0.01) + 1
    assert len(restarts) >= 2
    assert restarts[0] % 4 == 0
    assert (restarts[1] - restarts[0]) % 8 == 0
    assert (restarts[1] - restarts[0]) > 40, "and needs ten generations at least to be sure"


def test_restarts_escape_a_local_minimum() -> None:
    """Rastrigin's function has 121 minima here, and a small population ends in one of them."""

    def rastrigin(trial: Trial) -> float:
        xs = [trial.suggest_float(name, -5, 5) for name in "xy"]
        return sum((x - 1) ** 2 + 10 - 10 * math.cos(2 * math.pi * (x - 1)) for x in xs)

    found = []
    for seed in range(3):
        study = create_study(sampler=CmaEsSampler(), seed=seed)
        study.optimize(rastrigin, n_trials=2500)
        found.append(study.best_value)
    assert np.median(found) < 1e-6, f"best values {found}"


def test_restarts_depend_on_the_seed_of_the_study_and_not_on_the_trial() -> None:
    flat: Callable[[float], float] = lambda loss: 0.0  # noqa: E731
    space: dict[str, Domain] = {"x": Float(0, 1)}
    one, same, other = (search(space, 300, seed=seed, bend=flat) for seed in (1, 1, 2))
    assert one == same
    means = [np.array([np.mean([t.params["x"] for t in h[i : i + 4]]) for i in range(0, 300, 4)]) for h in (one, other)]
    assert np.abs(means[0] - means[1]).max() > 0.2
    # Within a generation all trials sample about the same mean, also right after a restart, when sigma is small.
    tight = search(space, 300, CmaEsSampler(sigma0=1e-3), bend=flat)
    spreads = [np.ptp([t.params["x"] for t in tight[i : i + 4]]) for i in range(0, 300, 4)]
    jumps = [abs(tight[i].params["x"] - tight[i - 1].params["x"]) for i in range(4, 300, 4)]
    assert max(jumps) > 0.02, "it did restart"
    assert max(spreads) < 0.02, "and no generation was torn in two"


def runs_of(losses: Sequence[float], restart: str = "ipop") -> list[list[int]]:
    """The trials of each run of a search in one dimension, in generations of 4 at first, whose losses are given."""
    xs = np.random.default_rng(0).random(len(losses)).tolist()
    state = {True: TrialState.FAILED, False: TrialState.COMPLETE}
    history = [FrozenTrial({"x": x}, loss, {}, state[math.isnan(loss)]) for x, loss in zip(xs, losses, strict=True)]
    told = CmaEsSampler(popsize=4, restart=restart).explain({"x": Float(0, 1)}, history, rng_of(0))
    runs: list[list[int]] = [[] for _ in range(told[-1].run + 1)]
    for generation in told:
        runs[generation.run] += generation.trials
    return runs


def test_a_run_ends_when_the_best_of_its_generations_and_all_of_the_last_are_equal_but_for_failures() -> None:
    """After 18 generations at least, as 10 + 30 / 4 = 17.5."""
    varied, equal = [math.nan, 0.0, 1.0, 2.0], [0.0, math.inf, math.nan, 0.0]
    assert [len(run) for run in runs_of(varied * 18 + equal)] == [19 * 4, 0]
    assert len(runs_of(varied * 19)) == 1, "the last generation's differ"
    falling = [loss - g for g in range(18) for loss in varied]
    assert len(runs_of([*falling, *equal])) == 1, "the best ones differ"
    assert len(runs_of([math.nan] * 80)) == 1, "there are none to be equal"


def test_a_small_run_of_bipop_ends_when_it_has_cost_half_of_the_last_large_one() -> None:
    """Equal losses end the first run after 18 generations of 4, the large one after 14 of 8; then losses differ."""
    runs = runs_of([0.0] * (72 + 112) + [float(n) for n in range(200)], "bipop")
    assert [len(run) for run in runs[:3]] == [72, 112, 56]


def test_what_is_outside_again_and_again_is_put_on_the_wall() -> None:
    suggested = [CmaEsSampler(sigma0=1e4).suggest(PLANE, [], rng_of(n)) for n in range(20)]
    assert {value for params in suggested for value in params.values()} == {0.0, 1.0}


def test_explain_hands_out_every_generation_and_what_suggest_samples_from() -> None:
    history = search(PLANE, 33)
    state = initial(np.full(2, 0.5), 0.25)
    generations = CmaEsSampler().explain(PLANE, history, rng_of(99))
    assert len(generations) == 6, "five complete ones and the one under way"
    for g, told in enumerate(generations[:5]):
        trials = history[6 * g : 6 * g + 6]
        assert told.trials == sorted(range(6 * g, 6 * g + 6), key=lambda n: history[n].merit())
        assert (told.run, told.state.generation) == (0, g)
        assert told.state.mean == pytest.approx(state.mean, abs=1e-12)
        np.testing.assert_allclose(told.state.C, state.C, atol=1e-12)
        state = update(state, in_order(trials))
    assert generations[5].trials == []
    chosen = CmaEsSampler().suggest(PLANE, history, rng_of(33))
    assert list(chosen.values()) == pytest.approx(expected_suggestion(generations[5].state, 33), abs=1e-12)


def test_explain_tells_runs_apart_and_draws_nothing() -> None:
    space: dict[str, Domain] = {"x": Float(0, 1), "only": Categorical(["one"])}
    history = [
        FrozenTrial({**t.params, "only": "one"}, 0.0) for t in search({"x": Float(0, 1)}, 300, bend=lambda _: 0.0)
    ]
    rng = rng_of(0)
    before = rng.bit_generator.state
    sampler = CmaEsSampler()
    generations = sampler.explain(space, history, rng)
    assert rng.bit_generator.state == before
    assert [g.run for g in generations] == sorted(g.run for g in generations)
    assert generations[-1].run >= 2
    for run in range(generations[-1].run + 1):
        first = next(g.state for g in generations if g.run == run)
        assert (first.generation, first.strategy.popsize, first.sigma) == (0, 4 * 2**run, 0.25)
    folded = [n for g in generations for n in sorted(g.trials)]
    assert folded == list(range(len(folded))), "every trial once, in order"
    for g in (0, 7, len(generations) - 1):  # a generation of a shorter history is the same
        shorter = sampler.explain(space, history[: sum(len(e.trials) for e in generations[:g])], rng_of(3))
        assert len(shorter) == g + 1
        assert (shorter[-1].run, shorter[-1].state.mean) == (generations[g].run, generations[g].state.mean)
    assert sampler.explain({"only": space["only"]}, history, rng) == []


# ---- what is not in the tutorial -------------------------------------------------------------------------------------


def lowest_of(t: Floats, chosen: Floats, losses: Floats) -> tuple[Floats, Floats] | None:
    """The minimum as seen from a distribution about 0, round, of standard deviation 1."""
    return parabola_minimum(initial(np.zeros(t.shape[1]), 1.0), t, chosen, losses)


@pytest.mark.parametrize(("d", "n"), [(1, 6), (2, 12), (5, 40), (10, 100)])
def test_the_minimum_of_a_parabola_is_found_exactly(d: int, n: int) -> None:
    rng = np.random.default_rng(d)
    A, lowest, t = rng.standard_normal((d, d)), rng.standard_normal(d) / d, rng.standard_normal((n, d))
    losses = 7 + (((t - lowest) @ A) ** 2).sum(axis=1)
    found = lowest_of(t, np.zeros((n, 0)), losses)
    assert found is not None
    assert found[0] == pytest.approx(lowest, abs=1e-4)


def test_with_fewer_trials_the_parabola_has_no_products() -> None:
    rng = np.random.default_rng(0)
    t = rng.standard_normal((16, 5))  # 21 coefficients in full, 11 without products
    found = lowest_of(t, np.zeros((16, 0)), ((t - 0.5) ** 2 * [1, 2, 3, 4, 5]).sum(axis=1))
    assert found is not None
    assert found[0] == pytest.approx(np.full(5, 0.5), abs=1e-5)
    assert lowest_of(t[:14], np.zeros((14, 0)), (t[:14] ** 2).sum(axis=1)) is None, "too few even for that"


def tilted(t: Floats) -> Floats:
    """Of x^2 + y^2 - 0.6 (x + y) + x y it is lowest where 2 x + y = 0.6 = x + 2 y; the other parameters are apart."""
    losses: Floats = ((t - 0.3) ** 2).sum(axis=1) + t[:, 0] * t[:, 1]
    return losses


def is_exact(found: tuple[Floats, Floats] | None) -> bool:
    assert found is not None
    exact = np.array([0.2, 0.2, *[0.3] * (len(found[0]) - 2)])
    return bool(np.abs(found[0] - exact).max() < 1e-4)


@pytest.mark.parametrize(("d", "n", "has_products"), [(2, 7, False), (2, 8, True), (3, 13, False), (3, 14, True)])
def test_a_coefficient_takes_more_than_one_trial_and_three_tenths(d: int, n: int, has_products: bool) -> None:
    """Of 6 in two dimensions more than 7.8, of 10 in three more than 13; without products there are 5 and 7."""
    t = np.random.default_rng(0).standard_normal((n, d))
    assert is_exact(lowest_of(t, np.zeros((n, 0)), tilted(t))) == has_products
    assert lowest_of(t[:6], np.zeros((6, 0)), tilted(t[:6])) is None
    choices = np.eye(5)[np.arange(n) % 5]  # five more
    assert (lowest_of(t[:, :2], choices, tilted(t)) is None) == (n <= 13)


def test_the_parabola_is_fitted_to_the_latest_trials_three_for_a_coefficient() -> None:
    t = np.random.default_rng(0).standard_normal((40, 2))
    before, first = tilted(t), tilted(t)
    before[:22], first[22] = 9.0, 9.0  # six coefficients: the latest eighteen are from number 22 on
    assert is_exact(lowest_of(t, np.zeros((40, 0)), before))
    assert not is_exact(lowest_of(t, np.zeros((40, 0)), first))


@pytest.mark.parametrize(("garbage", "is_found"), [(range(18), True), ([18], False)])
def test_the_sampler_keeps_as_many_trials_as_the_parabola_looks_back_on(garbage: Sequence[int], is_found: bool) -> None:
    """Two numbers and two choices are 8 coefficients: of 42 trials, six generations, the latest 24."""
    space: dict[str, Domain] = {**PLANE, "c": Categorical(["a", "b"])}
    points, history = np.random.default_rng(0).random((42, 2)), list[FrozenTrial]()
    for n, (x, y) in enumerate(points.tolist()):
        loss = (x - 0.55) ** 2 + (y - 0.55) ** 2 + (x - 0.5) * (y - 0.5) + n % 2
        history.append(FrozenTrial({"x": x, "y": y, "c": "ab"[n % 2]}, 9.0 if n in garbage else loss))
    params = CmaEsSampler().suggest(space, history, rng_of(42))
    lowest = 0.5 + 0.1 / 3  # where 2 (x - 0.55) + y - 0.5 = 0
    found = params["c"] == "a" and [params["x"], params["y"]] == pytest.approx([lowest, lowest], abs=1e-4)
    assert found == is_found


@pytest.mark.parametrize(("d", "has_products"), [(10, True), (11, False)])
def test_beyond_ten_parameters_the_parabola_has_no_products_however_many_trials_there_are(
    d: int, has_products: bool
) -> None:
    t = np.random.default_rng(0).standard_normal((300, d))
    assert is_exact(lowest_of(t, np.zeros((300, 0)), tilted(t))) == has_products


def test_what_a_choice_adds_is_told_apart_from_the_parabola() -> None:
    rng = np.random.default_rng(0)
    t, k = rng.standard_normal((60, 2)), rng.integers(3, size=60)
    losses = ((t - 0.3) ** 2).sum(axis=1) + np.array([0.5, 2.0, 0.1])[k]
    found = lowest_of(t, np.eye(3)[k], losses)
    assert found is not None
    step, added = found
    assert step == pytest.approx([0.3, 0.3], abs=1e-5)
    assert added - added.min() == pytest.approx([0.4, 1.9, 0.0], abs=1e-5)


def test_choices_alone_are_told_apart_also_where_two_are_always_made_together() -> None:
    """Of two parameters whose choices cannot be told apart each adds half."""
    k = np.random.default_rng(0).integers(3, size=40)
    found = parabola_minimum(None, np.empty((40, 0)), np.tile(np.eye(3)[k], 2), np.array([0.5, 2.0, 0.1])[k])
    assert found is not None
    for added in (found[1][:3], found[1][3:]):
        assert added - added.min() == pytest.approx([0.2, 0.95, 0.0], abs=1e-5)


def test_the_minimum_is_not_farther_than_twice_a_sample() -> None:
    t = np.random.default_rng(0).standard_normal((30, 2))
    far, top, slope = (
        lowest_of(t, np.zeros((30, 0)), losses)
        for losses in (((t - 100) ** 2).sum(axis=1), -((t + 0.1) ** 2).sum(axis=1), t[:, 0])
    )
    assert far is not None and top is not None and slope is not None  # noqa: PT018
    for step, _ in (far, top, slope):
        assert np.linalg.norm(step) <= 2 * math.sqrt(2) * 1.000001
    assert far[0] == pytest.approx([2, 2], abs=1e-4)
    assert top[0] == pytest.approx([0.1, 0.1], abs=1e-4), "away from a top, as far as it would go to a minimum there"
    assert slope[0] == pytest.approx([-2 * math.sqrt(2), 0], abs=1e-3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_counts_as_the_worst(bad: float) -> None:
    t = np.random.default_rng(0).standard_normal((18, 2))
    fails, losses = t[:, 0] > 0.5, (t**2).sum(axis=1)
    given, expected = (np.where(fails, value, losses) for value in (bad, losses[~fails].max()))
    found, wanted = (lowest_of(t, np.zeros((18, 0)), values) for values in (given, expected))
    assert found is not None and wanted is not None  # noqa: PT018
    assert found[0] == pytest.approx(wanted[0])
    assert found[0][0] < -0.05, "away from where trials fail"
    assert lowest_of(t, np.zeros((18, 0)), np.full(18, bad)) is None
    assert lowest_of(t, np.zeros((18, 0)), np.full(18, 0.5)) is None


def test_how_narrow_and_tilted_the_distribution_is_does_not_matter() -> None:
    state, lowest = a_state(), np.array([0.1, -0.2, 0.3, 0.0])
    x = sample(state, np.random.default_rng(0).standard_normal((40, 4)))
    lowest = sample(state, lowest)
    losses = (((x - lowest) @ np.linalg.inv(state.root)) ** 2 * [1, 2, 3, 4]).sum(axis=1)
    found = parabola_minimum(state, x, np.zeros((40, 0)), losses)
    assert found is not None
    assert (found[0] - lowest) / (state.sigma * np.sqrt(np.diag(state.C))) == pytest.approx(np.zeros(4), abs=1e-4)


def test_huge_losses_are_stood() -> None:
    t = np.random.default_rng(0).standard_normal((30, 2))
    found = lowest_of(t, np.zeros((30, 0)), np.where(t[:, 0] > 0, 1.7e308, -1.7e308))
    assert found is not None
    assert np.isfinite(found[0]).all()


def test_the_parabola_saves_most_of_the_trials_on_a_smooth_function() -> None:
    valley = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    curved: Callable[[Floats], float] = lambda x: ellipsoid(valley @ x)  # noqa: E731
    best = {
        p: np.median([best_of(CmaEsSampler(parabola=p), curved, seed, 120) for seed in range(5)]) for p in (False, True)
    }
    assert best[True] < best[False] / 100, f"best values without and with it: {best}"


def test_the_parabolas_minimum_is_tried_once_however_many_trials_run() -> None:
    waiting = search(PLANE, 12)
    are_drawn = []
    for n in range(12, 16):
        drawn, params = (CmaEsSampler(parabola=p).suggest(PLANE, waiting, rng_of(n)) for p in (False, True))
        are_drawn.append(params == drawn)
        waiting.append(FrozenTrial(params, state=TrialState.RUNNING))
    assert are_drawn == [False, True, True, True]
    assert list(waiting[12].params.values()) == pytest.approx([0.3, 0.3], abs=1e-6)


def test_one_generation_of_choices_by_hand() -> None:
    """Weights 3/4 and 1/4 count for 1.6 trials, so of 3 parameters two choices move by 1.6/6.6, four by 1.6/8.6."""
    chosen, weights = np.array([[1, 0, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0]]), np.array([0.75, 0.25])
    learnt = learn_choices(np.array([0.5, 0.5, 0.25, 0.25, 0.25, 0.25]), chosen, weights, [2, 4], 3)
    a, b = 1.6 / 6.6, 1.6 / 8.6
    assert learnt == pytest.approx([0.5 + a / 2, 0.5 - a / 2, 0.25 + b / 2, 0.25, 0.25 - b / 4, 0.25 - b / 4])
    rare = learn_choices(np.array([0.99, 0.01]), chosen[:, :2], weights, [2], 3)
    total = 0.99 + a * 0.01 + 1 / 8  # the other is kept at 1 / (2 trials * 2 * 2 choices)
    assert rare == pytest.approx([(0.99 + a * 0.01) / total, 1 / 8 / total])


def test_choices_move_to_what_the_better_half_chose() -> None:
    weights = strategy(4, 8).weights[:4]
    shares = np.array([0.5, 0.5, 0.25, 0.25, 0.25, 0.25])
    chosen = np.array([[1, 0, 0, 0, 1, 0]] * 3 + [[0, 1, 1, 0, 0, 0]])
    for _ in range(300):
        before, shares = shares, learn_choices(shares, chosen, weights, [2, 4], 5)
        assert shares[:2].sum() == pytest.approx(1)
        assert shares[2:].sum() == pytest.approx(1)
        assert shares[0] >= before[0] - 1e-12
    assert shares[0] == pytest.approx(weights[:3].sum(), abs=0.03), "in the end as often as in the better half"
    assert shares[3] == pytest.approx(1 / 32, rel=0.15), "and what nobody chose is not given up"


def test_choices_are_drawn_with_the_probabilities_that_one_generation_has_taught() -> None:
    space: dict[str, Domain] = {"x": Float(0, 1), "c": Categorical(["a", "b", "c", "d"]), "k": Categorical(["y", "z"])}
    c, k = [1, 1, 3, 0, 2, 2, 2, 2], [0, 1, 0, 0, 1, 1, 1, 1]  # by rank: what the worse half made teaches nothing
    points = np.linspace(0.5, 0.57, 8)
    history = [
        FrozenTrial({"x": x, "c": "abcd"[c[i]], "k": "yz"[k[i]]}, float(i)) for i, x in enumerate(points.tolist())
    ]
    even, first = np.array([0.25] * 4 + [0.5] * 2), initial(np.array([0.5]), 0.25, 8)
    chosen = np.hstack([np.eye(4)[c[:4]], np.eye(2)[k[:4]]])
    learnt = learn_choices(even, chosen, first.strategy.weights[:4], [4, 2], 3)
    second = update(first, points[:, None])
    for trials, state, probabilities in ((history[:7], first, even), (history, second, learnt)):
        sampler = CmaEsSampler(popsize=8, parabola=False)
        for n in range(60):
            rng, x = rng_of(n), -1.0
            while not 0 <= x <= 1:
                x, r = float(sample(state, rng.standard_normal(1))[0]), rng.random(2)
            places = [
                int(np.searchsorted(p.cumsum(), r_j)) for p, r_j in zip(np.split(probabilities, [4]), r, strict=True)
            ]
            expected = {"x": pytest.approx(x), "c": "abcd"[places[0]], "k": "yz"[places[1]]}
            assert sampler.suggest(space, trials, rng_of(n)) == expected


def test_choices_without_order_are_learnt() -> None:
    """The best one stands between the worst, where no normal distribution over their places can find it."""
    costs = {"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.7, "e": 0.9}
    space: dict[str, Domain] = {"x": Float(0, 1), **{f"c{j}": Categorical(list(costs)) for j in range(4)}}
    sampler, history = CmaEsSampler(parabola=False), list[FrozenTrial]()
    for n in range(240):
        params = sampler.suggest(space, history, rng_of(n))
        history.append(FrozenTrial(params, (params["x"] - 0.3) ** 2 + sum(costs[params[f"c{j}"]] for j in range(4))))
    late = [trial.params[f"c{j}"] for trial in history[-40:] for j in range(4)]
    assert late.count("b") > 0.7 * len(late)


def test_a_space_of_choices_alone_is_searched_without_repeating() -> None:
    space: dict[str, Domain] = {f"c{j}": Categorical(list("abcd")) for j in range(3)}
    best = {"c0": "c", "c1": "a", "c2": "d"}
    sampler, history = CmaEsSampler(), list[FrozenTrial]()
    for n in range(48):
        params = sampler.suggest(space, history, rng_of(n))
        history.append(FrozenTrial(params, float(sum(params[name] != value for name, value in best.items()))))
    assert min(t.loss for t in history[:30]) == 0.0
    assert len({tuple(t.params.items()) for t in history}) > 40, "of 64"
    assert sampler.explain(space, history, rng_of(48)) == []


def test_a_choice_among_thousands_takes_little_memory() -> None:
    """A thousand trials of 2000 choices, written out as ones and zeros, are 16 MB, and their squares 32."""
    space: dict[str, Domain] = {"c": Categorical([*range(2000)]), "x": Float(0, 1)}
    history = search(space, 1000, RandomSampler())
    tracemalloc.start()
    CmaEsSampler().suggest(space, history, rng_of(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6, f"{peak / 1e6:.1f} MB"


@pytest.mark.parametrize("parabola", [True, False])
def test_a_small_space_is_searched_without_repeating(parabola: bool) -> None:
    space: dict[str, Domain] = {"a": Int(0, 6), "b": Int(1, 16, log=True), "c": Categorical(["u", "v", "w"])}
    sampler, history = CmaEsSampler(parabola=parabola), list[FrozenTrial]()
    for n in range(200):
        params = sampler.suggest(space, history, rng_of(n))
        history.append(FrozenTrial(params, (params["a"] - 2) ** 2 + abs(params["b"] - 5) + (params["c"] != "v")))
    assert min(t.loss for t in history[:100]) == 0.0
    assert len({tuple(t.params.items()) for t in history}) == 200, "of 336"


def test_a_part_of_the_parameters_may_repeat() -> None:
    """What other parameters a trial has makes it new, so nothing keeps this one from where it is best."""
    space: dict[str, Domain] = {"n": Int(0, 300)}
    sampler, history = CmaEsSampler(), list[FrozenTrial]()
    for n in range(100):
        params = sampler.suggest(space, history, rng_of(n))
        history.append(FrozenTrial({**params, "other": n}, float((params["n"] - 90) ** 2)))
    late = [abs(t.params["n"] - 90) for t in history[-30:]]
    assert np.mean(late) < 10, "by chance it would be 90"


def test_in_integers_the_standard_deviation_stays_above_a_fifth_of_a_cell() -> None:
    """Of trials that agree in both parameters it would shrink to nothing, and in the one without cells it does."""
    space: dict[str, Domain] = {"x": Float(0, 1), "n": Int(0, 9)}
    history = [FrozenTrial({"x": 0.5 + 1e-4 * (i % 7), "n": 5}, float(i % 5)) for i in range(600)]
    states = [told.state for told in CmaEsSampler().explain(space, history, rng_of(0)) if told.run == 0]
    std = np.array([state.sigma * np.sqrt(np.diag(state.C)) for state in states])
    assert std[:, 0].min() < 1e-3
    assert std[:, 1].min() == pytest.approx(0.02)


def test_integers_do_not_freeze_it() -> None:
    space: dict[str, Domain] = {f"n{j}": Int(0, 60) for j in range(4)}

    def loss(trial: Trial) -> float:
        return float(sum((trial.suggest_int(f"n{j}", 0, 60) - 11 * (j + 1)) ** 2 for j in range(4)))

    best = []
    for seed in range(5):
        study = create_study(sampler=CmaEsSampler(), seed=seed)
        study.optimize(loss, n_trials=400)
        best.append(study.best_value)
    assert np.median(best) <= 1, f"squared distances of {list(space)} from the optimum: {best}"


def test_a_mixed_space_is_searched_in_cells() -> None:
    space: dict[str, Domain] = {"x": Float(0, 1), "n": Int(0, 9), "c": Categorical(["a", "b"]), "one": Int(3, 3)}
    history = search(space, 300)
    assert min(t.loss for t in history if t.params["c"] == "a") < min(t.loss for t in history[:20])
    assert {t.params["one"] for t in history} == {3}
    best = min(history, key=FrozenTrial.merit)
    assert (best.params["n"] in (2, 3), best.params["c"]) == (True, "a")
    assert best.params["x"] == pytest.approx(0.3, abs=0.02)


def test_a_parameter_with_one_value_changes_nothing_for_the_others() -> None:
    with_one, without = (search(PLANE | more, 30) for more in ({"one": Int(7, 7)}, {}))
    for one, other in zip(with_one, without, strict=True):
        assert {k: one.params[k] for k in "xy"} == pytest.approx(other.params), "but for the loss's rounding"


def test_optima_at_a_corner_are_reached() -> None:
    assert min(trial.loss for trial in search(PLANE, 250, optimum=0.0)) < 1e-6


def best_of(sampler: Sampler, f: Callable[[Floats], float], seed: int, n_trials: int) -> float:
    study = create_study(sampler=sampler, seed=seed)
    study.optimize(lambda trial: f(np.array([trial.suggest_float(f"x{j}", -5, 5) for j in range(5)]) - 1), n_trials)
    return study.best_value


def test_it_beats_random_search_on_narrow_valleys() -> None:
    cma = np.median([best_of(CmaEsSampler(), ellipsoid, seed, 300) for seed in range(5)])
    random = np.median([best_of(RandomSampler(), ellipsoid, seed, 300) for seed in range(5)])
    assert cma < random / 100, f"CMA-ES {cma}, random {random}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CmaEsSampler(sigma0=0.0), "sigma0 .*positive.*0.0"),
        (lambda: CmaEsSampler(sigma0=-1), "sigma0 .*-1"),
        (lambda: CmaEsSampler(sigma0=math.nan), "sigma0 .*nan"),
        (lambda: CmaEsSampler(sigma0=math.inf), "sigma0 .*inf"),
        (lambda: CmaEsSampler(sigma0=True), "sigma0 .*True"),
        (lambda: CmaEsSampler(popsize=True), "popsize .*True"),
        (lambda: CmaEsSampler(sigma0="0.3"), "sigma0 .*'0.3'"),  # type: ignore[arg-type]
        (lambda: CmaEsSampler(restart="never"), "restart must be 'ipop' or 'bipop', got 'never'"),
        (lambda: CmaEsSampler(popsize=3), "popsize .*at least 4.*3"),
        (lambda: CmaEsSampler(popsize=6.5), "popsize .*6.5"),  # type: ignore[arg-type]
    ],
)
def test_settings_out_of_range_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("seed", [1, 4, 13])
def test_on_noise_alone_it_stops_with_a_covariance_that_is_one(seed: int) -> None:
    # By chance the distribution shrinks to nothing: after a thousand generations rounding decides what C's smallest
    # eigenvalue is. With these seeds a fixed lowest one left C with a negative variance.
    rng = np.random.default_rng(seed)
    state = initial(np.full(2, 0.5), 0.25)
    for _ in range(3000):
        x = np.array([sample(state, rng.standard_normal(2)) for _ in range(state.strategy.popsize)])
        state = update(state, x[rng.permutation(len(x))])
        assert (state.C.diagonal() > 0).all()
        np.testing.assert_allclose((state.B * state.D**2) @ state.B.T, state.C, rtol=1e-6, atol=1e-12 * state.C.max())
        if stop_reason(state, 0.25, [0.0, 1.0], [0.5]):
            return
    pytest.fail("it never stopped")


def test_a_list_that_is_cut_short_and_filled_again_is_a_new_history() -> None:
    """Also where the trial that finished last is not the one with the highest number."""
    points = np.random.default_rng(0).random((2, 20, 2)).tolist()
    trials, others = ([FrozenTrial({"x": x, "y": y}, x + y) for x, y in half] for half in points)
    sampler, history = CmaEsSampler(parabola=False), trials.copy()
    history[0] = FrozenTrial(trials[0].params, state=TrialState.RUNNING)
    sampler.suggest(PLANE, history, rng_of(0))
    history[0] = trials[0]
    sampler.suggest(PLANE, history, rng_of(0))
    history[10:] = others[10:]
    fresh = CmaEsSampler(parabola=False).suggest(PLANE, history, rng_of(0))
    assert sampler.suggest(PLANE, history, rng_of(0)) == fresh, "it went on from trials that are no longer there"
