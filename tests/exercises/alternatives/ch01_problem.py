"""Right answers that look nothing like the package's: loops, lists, other names, float32."""

import bisect
import math

import numpy as np

from tpe_reference import FrozenTrial


def cell(position, count):
    """01.1 by looking for the border, with a loop."""
    found = 0
    while found < count - 1 and position >= (found + 1) / count:
        found += 1
    return found


def float_from_unit(domain, u):
    """01.2 rounded to float32, in another formula for log."""
    u = np.clip(u, 0, 1)
    value = domain.low * (domain.high / domain.low) ** u if domain.log else u * domain.high + (1 - u) * domain.low
    return min(max(float(np.float32(value)), domain.low), domain.high)


def float_to_unit(domain, x):
    """01.3 with log10, rounded to float32."""
    a, b = domain.low, domain.high
    if a == b:
        return 0.5
    x = max(a, min(b, x))
    if domain.log:
        return np.float32(math.log10(x / a) / math.log10(b / a))
    return np.float32((x - a) / (b - a))


def int_from_unit(domain, u):
    """01.4 with a list of all borders."""
    values = list(range(domain.low, domain.high + 1, domain.step))
    if domain.log:
        borders = [math.log10(v + 0.5) for v in values]
        whole = borders[-1] - math.log10(domain.low - 0.5)
        borders = [1 - (borders[-1] - border) / whole for border in borders]
    else:
        borders = [(k + 1) / len(values) for k in range(len(values))]
    return np.int64(values[min(bisect.bisect_right(borders, u), len(values) - 1)])


def merit(record):
    """01.5 with lists of different lengths."""
    loss = record.loss if record.loss == record.loss else float("inf")
    if record.state == "failed":
        return [3]
    if record.state == "complete":
        return [1, loss]
    steps = sorted(record.curve)
    return [2, -steps[-1] if steps else 1, loss]


def run_search(sampler, domains, f, total, seed, so_far=()):
    """01.6 with a for loop and a copy of the history for each trial."""
    done = [*so_far]
    for number in range(len(done), total):
        rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=[number]))
        params = sampler(domains, tuple(done), rng)
        if params is None:
            return done
        try:
            value = f(params)
        except Exception:
            value = np.nan
        done += [FrozenTrial(params, state="failed") if np.isnan(value) else FrozenTrial(params, np.float64(value))]
    return done
