"""Median pruning: decisions worked by hand, and decision for decision those of Optuna."""

import copy
import math
import pickle
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tpe_reference import FrozenTrial, MedianPruner, Trial, TrialPruned, TrialState, create_study


def finished(*curves: Mapping[int, float]) -> list[FrozenTrial]:
    return [FrozenTrial({}, curve[max(curve)] if curve else 0.0, curve) for curve in curves]


def running(curve: Mapping[int, float]) -> FrozenTrial:
    return FrozenTrial({}, curve=curve, state=TrialState.RUNNING)


def at_step(step: int, *losses: float) -> list[FrozenTrial]:
    return finished(*({step: loss} for loss in losses))


FIVE = at_step(1, 0.1, 0.2, 0.3, 0.4, 0.5)

# ---- the rule, by hand -----------------------------------------------------------------------------------------------


def test_it_stops_what_is_worse_than_the_median_and_the_inequality_is_strict() -> None:
    assert MedianPruner().should_prune(running({1: 0.31}), FIVE)
    assert not MedianPruner().should_prune(running({1: 0.3}), FIVE)
    assert not MedianPruner().should_prune(running({1: 0.29}), FIVE)


def test_the_median_of_an_even_number_is_the_middle_of_two() -> None:
    six = at_step(1, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7)
    assert MedianPruner().should_prune(running({1: 0.41}), six)
    assert not MedianPruner().should_prune(running({1: 0.39}), six)


def test_its_own_best_counts_and_the_others_present() -> None:
    others = finished(*({1: 0.0, 2: loss} for loss in (0.1, 0.2, 0.3, 0.4, 0.5)))
    assert not MedianPruner().should_prune(running({1: 0.25, 2: 9.0}), others), "it was once better than the median"
    assert MedianPruner().should_prune(running({1: 0.35, 2: 0.4}), others)
    assert not MedianPruner().should_prune(running({1: 0.9, 2: 0.3}), others), "the others' earlier losses are past"


def test_the_last_step_is_the_largest_whatever_the_order_of_the_reports() -> None:
    others = finished(*({1: 0.0, 2: 1.0} for _ in range(5)))
    assert not MedianPruner().should_prune(running({2: 0.5, 1: 0.6}), others), "compared at step 2"


def test_nothing_is_pruned_during_start_up() -> None:
    assert not MedianPruner().should_prune(running({1: 9.0}), FIVE[:4])
    assert MedianPruner(n_startup_trials=4).should_prune(running({1: 9.0}), FIVE[:4])
    assert not MedianPruner(n_startup_trials=0).should_prune(running({1: 9.0}), []), "nobody to compare with"
    assert not MedianPruner(n_startup_trials=0).should_prune(running({1: math.nan}), []), "nor any reason to think so"
    assert MedianPruner(n_startup_trials=0).should_prune(running({1: 9.0}), FIVE[:1])


def test_only_complete_trials_count() -> None:
    states = (TrialState.FAILED, TrialState.PRUNED, TrialState.RUNNING)
    others = [FrozenTrial({}, math.nan, {1: 0.1}, states[n % 3]) for n in range(30)]
    assert not MedianPruner().should_prune(running({1: 9.0}), others + FIVE[:4])
    assert not MedianPruner().should_prune(running({1: 0.29}), others + FIVE)


def test_nothing_is_pruned_during_warm_up() -> None:
    others = finished(*(dict.fromkeys(range(6), 0.1) for _ in range(5)))
    pruner = MedianPruner(n_warmup_steps=3)
    decisions = [pruner.should_prune(running(dict.fromkeys(range(step + 1), 1.0)), others) for step in range(6)]
    assert decisions == [False, False, False, True, True, True], "steps 0, 1, 2 are the warm-up"


def test_with_an_interval_it_judges_at_the_first_report_of_each() -> None:
    others = finished(*(dict.fromkeys(range(12), 0.1) for _ in range(5)))
    pruner = MedianPruner(n_warmup_steps=2, interval_steps=4)
    every = [pruner.should_prune(running(dict.fromkeys(range(step + 1), 1.0)), others) for step in range(12)]
    assert [step for step, decision in enumerate(every) if decision] == [2, 6, 10]
    # Who reports at every third step only is judged at the first report after each of 2, 6, 10.
    curves = [dict.fromkeys(range(0, step + 1, 3), 1.0) for step in range(0, 12, 3)]
    sparse = [pruner.should_prune(running(curve), others) for curve in curves]
    assert [3 * k for k, decision in enumerate(sparse) if decision] == [3, 6]


def test_settings_in_narrow_integers_of_numpy_judge_steps_beyond_their_range() -> None:
    others = finished(*({300: 0.1} for _ in range(5)))
    pruner = MedianPruner(n_warmup_steps=np.int8(1), interval_steps=np.int8(100))  # type: ignore[arg-type]
    assert pruner.should_prune(running({300: 1.0}), others)


def test_steps_that_too_few_have_reported_at_are_not_judged() -> None:
    others = FIVE + at_step(2, 0.1, 0.2)
    assert not MedianPruner(n_min_trials=3).should_prune(running({2: 9.0}), others)
    assert MedianPruner(n_min_trials=2).should_prune(running({2: 9.0}), others)
    assert not MedianPruner().should_prune(running({3: 9.0}), others), "nobody has been there"


def test_nan_is_left_out_on_both_sides_and_nothing_but_nan_is_pruned() -> None:
    assert not MedianPruner().should_prune(running({0: 0.2, 1: math.nan}), FIVE)
    assert MedianPruner().should_prune(running({0: math.nan, 1: math.nan}), FIVE)
    with_nan = at_step(1, 0.1, 0.2, 0.3, math.nan, math.nan)
    assert MedianPruner().should_prune(running({1: 0.21}), with_nan)
    assert not MedianPruner().should_prune(running({1: 0.2}), with_nan)
    assert not MedianPruner().should_prune(running({1: 9.0}), at_step(1, *[math.nan] * 5))


def test_infinite_losses_are_the_worst() -> None:
    assert MedianPruner().should_prune(running({1: math.inf}), FIVE)
    assert not MedianPruner().should_prune(running({1: 9.0}), at_step(1, math.inf, math.inf, math.inf, 0.1, 0.2))


def test_a_trial_that_has_not_reported_goes_on() -> None:
    assert not MedianPruner(n_startup_trials=0).should_prune(running({}), FIVE)


# ---- Optuna's decisions ----------------------------------------------------------------------------------------------


def random_curve(rng: random.Random) -> dict[int, float]:
    steps = sorted(rng.sample(range(12), rng.randint(0, 8)))
    special = [math.nan] if rng.random() < 0.3 else []
    return {step: rng.choice([rng.gauss(0, 1), round(rng.gauss(0, 1)), *special]) for step in steps}


@pytest.mark.filterwarnings("ignore")
def test_300_random_histories_are_judged_as_optuna_judges_them() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rng, decisions = random.Random(0), []
    for case in range(300):
        settings: dict[str, Any] = {
            "n_startup_trials": rng.choice([0, 1, 3, 5]),
            "n_warmup_steps": rng.choice([0, 0, 2, 5]),
            "interval_steps": rng.choice([1, 1, 2, 3, 4]),
            "n_min_trials": rng.choice([1, 1, 2, 4]),
        }
        theirs = optuna.create_study(pruner=optuna.pruners.MedianPruner(**settings))
        history = []
        for _ in range(rng.randint(0, 12)):
            curve = random_curve(rng)
            name = rng.choice(["COMPLETE", "COMPLETE", "COMPLETE", "PRUNED", "FAIL"])
            state = {"COMPLETE": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED, "FAIL": TrialState.FAILED}[name]
            value = rng.gauss(0, 1)
            history.append(FrozenTrial({}, math.nan if name == "FAIL" else value, curve, state))
            theirs.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState[name],
                    value=None if name == "FAIL" else value,
                    intermediate_values=dict(curve),
                )
            )
        trial, seen = theirs.ask(), dict[int, float]()
        for step, loss in random_curve(rng).items():
            trial.report(loss, step)
            seen[step] = loss
            mine = MedianPruner(**settings).should_prune(running(seen), history)
            decisions.append(mine)
            assert mine == trial.should_prune(), f"case {case}: {settings}, {seen}, {[t.curve for t in history]}"
    assert 50 < sum(decisions) < len(decisions) - 50, "both decisions were frequent"


# ---- what every pruner promises --------------------------------------------------------------------------------------


def test_it_is_a_pure_function_of_its_arguments() -> None:
    rng = random.Random(1)
    history = finished(*(random_curve(rng) for _ in range(20)))
    trials = [running(random_curve(rng)) for _ in range(50)]
    used, text = MedianPruner(), repr(history)
    decisions = [used.should_prune(trial, history) for trial in trials]
    assert decisions == [MedianPruner().should_prune(trial, tuple(history)) for trial in trials]
    assert decisions == [pickle.loads(pickle.dumps(used)).should_prune(trial, history) for trial in trials]
    assert decisions[::-1] == [copy.deepcopy(used).should_prune(trial, history) for trial in trials[::-1]]
    assert repr(history) == text
    assert {True, False} == set(decisions)


def test_a_trial_alone_or_after_failures_alone_goes_on() -> None:
    assert not MedianPruner().should_prune(running({1: 1.0}), [])
    assert not MedianPruner().should_prune(running({1: 1.0}), [FrozenTrial({}, state=TrialState.FAILED)] * 50)


# ---- in a study ------------------------------------------------------------------------------------------------------


def train(trial: Trial) -> float:
    """A learning curve that ends at x; a large x is visible early."""
    x = trial.suggest_float("x", 0, 1)
    for epoch in range(10):
        trial.report(x + 1 / (epoch + 1), epoch)
        if trial.should_prune():
            raise TrialPruned
    return x


def mirrored(trial: Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    for epoch in range(10):
        trial.report(-(x + 1 / (epoch + 1)), epoch)
        if trial.should_prune():
            raise TrialPruned
    return -x


def test_a_study_prunes_the_hopeless_at_once_and_keeps_the_best() -> None:
    study = create_study(seed=0)
    study.optimize(train, n_trials=40)
    pruned = [trial for trial in study.trials if trial.state == "pruned"]
    assert all(trial.state == "complete" for trial in study.trials[:5]), "5 start-up trials"
    assert len(pruned) > 5
    assert all(trial.value == trial.intermediate_values[max(trial.intermediate_values)] for trial in pruned)
    assert all(len(trial.intermediate_values) == 1 for trial in pruned), "at their first report"
    assert study.best_trial.state == "complete"


def test_maximising_prunes_the_mirror_image() -> None:
    low, high = create_study(seed=0), create_study(direction="maximize", seed=0)
    low.optimize(train, n_trials=40)
    high.optimize(mirrored, n_trials=40)
    assert [(t.params, t.state) for t in low.trials] == [(t.params, t.state) for t in high.trials]
    assert [t.value for t in low.trials] == [-(t.value or 0.0) for t in high.trials]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MedianPruner(n_startup_trials=-1), "n_startup_trials .*at least 0, got -1"),
        (lambda: MedianPruner(n_warmup_steps=-1), "n_warmup_steps .*at least 0, got -1"),
        (lambda: MedianPruner(interval_steps=0), "interval_steps .*at least 1, got 0"),
        (lambda: MedianPruner(n_min_trials=0), "n_min_trials .*at least 1, got 0"),
        (lambda: MedianPruner(n_startup_trials=1.5), "n_startup_trials .*1.5"),  # type: ignore[arg-type]
        (lambda: MedianPruner(interval_steps=True), "interval_steps .*True"),
    ],
)
def test_settings_out_of_range_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
