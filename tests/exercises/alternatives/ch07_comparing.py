"""Right answers that look nothing like the package's: loops, lists, other names, float32."""

import math
import statistics

import numpy as np


def incumbent(run, n):
    """07.1 with a variable."""
    best, line = math.inf, []
    for i in range(n):
        if i < len(run) and run[i] < best:  # never for nan
            best = run[i]
        line.append(best)
    return line


def ranks(table):
    """07.2 by where a loss stands among the sorted."""
    result = []
    for row in table:
        ordered = sorted(float(loss) for loss in row)
        places = {loss: [i + 1 for i, other in enumerate(ordered) if other == loss] for loss in ordered}
        result.append([statistics.mean(places[float(loss)]) for loss in row])
    return result


def wins(table):
    """07.3 entry by entry."""

    def outcome(a, b):
        if a == b:
            return 0.5
        return 1 if a < b else 0

    return [[[outcome(a, b) for b in row] for a in row] for row in table]


def area(curves, logarithmic):
    """07.4 in place, in float32."""
    curves = np.array(curves, dtype=np.float64)
    known = curves[curves < np.inf]
    if len(known):
        curves[curves == np.inf] = known.max()
    if logarithmic:
        curves[curves < 1e-9] = 1e-9
        curves = np.log10(curves)
    return (curves.sum(axis=-1) / curves.shape[-1]).astype(np.float32)


def resample(table, measure, seed=0):
    """07.5 draw by draw."""
    n = len(table)
    return [list(measure(table[rows], axis=0)) for rows in np.random.default_rng(seed).integers(n, size=(2000, n))]


def paired_ratio(one, other, rng):
    """07.6 with powers, and choices of pairs."""
    pairs = list(zip(one, other, strict=True))
    logs = [math.log(a / b) for a, b in pairs]
    means = sorted(rng.choice(logs, size=len(logs)).mean() for _ in range(2000))
    return [math.exp(m) for m in (statistics.fmean(logs), means[49], means[1949])]
