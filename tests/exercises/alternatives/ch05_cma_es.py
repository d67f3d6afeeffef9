"""Right answers that look nothing like the package's: loops, lists, other names, float32."""

import math

import numpy as np


def raw_weights(n):
    """05.1 in a list."""
    weights = []
    for rank in range(1, n + 1):
        weights.append(math.log((n + 1) / 2 / rank))
    return weights


def scaled_weights(raw, total):
    """05.2 with sums of two kinds."""
    above = sum(w for w in raw if w > 0)
    below = sum(w for w in raw if w < 0)
    return tuple(float(w / above if w > 0 else -total * w / below) for w in raw)


def sample(distribution, normal):
    """05.3 along one axis after the other, rounded to float32."""
    x = np.array(distribution.mean, dtype=float)
    for axis, width in zip(distribution.B.T, distribution.D, strict=True):
        x = x + distribution.sigma * width * np.dot(axis, normal) * axis
    return x.astype(np.float32)


def cumulate(before, new, rate, points):
    """05.4 number by number."""
    factor = math.sqrt(points * (1 - (1 - rate) ** 2))
    return [float((1 - rate) * p + factor * q) for p, q in zip(before, new, strict=True)]


def step_size(constants, sigma, path):
    """05.5 with numpy's own number."""
    length = np.linalg.norm(path)
    exponent = (length / constants.chi_n - 1) * constants.c_sigma / constants.d_sigma
    return sigma * np.exp(np.minimum(exponent, 1.0))


def covariance(constants, before, path, steps, lengths, missed):
    """05.6 entry by entry, in a list of lists."""
    n = len(before)
    fade = 1 + constants.c_1 * missed - constants.c_1 - constants.c_mu * sum(constants.weights)
    after = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            points = 0.0
            for rank, (w, y) in enumerate(zip(constants.weights, steps, strict=True)):
                if rank >= constants.mu:
                    w = w * constants.d / (lengths[rank] ** 2 + 1e-8)
                points += w * y[i] * y[j]
            after[i][j] = float(fade * before[i][j] + constants.c_1 * path[i] * path[j] + constants.c_mu * points)
    return after
