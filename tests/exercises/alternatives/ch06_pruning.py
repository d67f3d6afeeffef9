"""Right answers that look nothing like the package's: other names, loops, numpy, booleans of numpy."""

import math
import statistics

import numpy as np


def median(numbers):
    """06.1 with a module for it."""
    return statistics.median(numbers)


def percentile_border(rule, numbers):
    """06.2 by adding up from the lowest."""
    numbers = sorted(numbers)
    place = rule.percentile * (len(numbers) - 1) / 100
    left = int(place)
    if left == place or numbers[left] == numbers[left + 1]:
        return np.float64(numbers[left])
    return (1 - (place - left)) * numbers[left] + (place - left) * numbers[left + 1]


def is_first_in_interval(rule, now, reported):
    """06.3 with the numbers of the stretches."""

    def stretch(step):
        return (step - rule.n_warmup_steps) // rule.interval_steps

    earlier = [step for step in reported if step != now]
    return stretch(now) not in map(stretch, earlier)


def should_prune(rule, candidate, trials):
    """06.4 with numpy, in one expression at its end."""
    if len(candidate.curve) == 0:
        return None
    now = sorted(candidate.curve)[-1]
    done = [trial.curve for trial in trials if trial.state == "complete"]
    there = np.array([curve[now] for curve in done if now in curve], dtype=float)
    own = np.array(list(candidate.curve.values()))
    is_judged = now >= rule.n_warmup_steps and rule.is_first_in_interval(now, list(candidate.curve))
    if not is_judged or len(done) < max(1, rule.n_startup_trials):
        return np.bool_(False)
    if np.isnan(own).all():
        return np.bool_(True)
    if len(there) < rule.n_min_trials or np.isnan(there).all():
        return np.bool_(False)
    return np.nanmin(own) > rule.border(there[~np.isnan(there)].tolist())


def successive_halving(candidate, trials):
    """06.5 where a third is rounded up."""
    if not candidate.curve:
        return False
    now = max(candidate.curve)
    rung = 1
    while rung < now:
        rung *= 3
    if rung != now:
        return False
    worst = float("inf")
    losses = [trial.curve[now] for trial in trials if now in trial.curve]
    losses = [worst if math.isnan(loss) else loss for loss in losses]
    own = worst if math.isnan(candidate.curve[now]) else candidate.curve[now]
    if not losses:
        return False
    if own == worst:
        return True
    ahead = sum(1 for loss in losses if loss < own)
    return ahead >= math.ceil((len(losses) + 1) / 3)
