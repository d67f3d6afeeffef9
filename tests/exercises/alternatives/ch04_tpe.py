"""Right answers that look nothing like the package's: loops, lists, other names, float32."""

import math

import numpy as np


def a_tenth(count):
    """04.1 without math.ceil."""
    return min(25, -(-count // 10))


def split(best_first, counts, k):
    """04.2 with lists."""
    good = []
    for _, number in best_first:
        if len(good) < k:
            good.append(number)
    bad = []
    for number, usable in enumerate(counts):
        if usable and number not in good:
            bad.append(number)
    return [good, bad]


def bandwidths(centres, T):
    """04.3 with loops, and a list of lists."""
    rows, columns = len(centres), len(centres[0])
    least = max(1 / 100, 2 / (T + 2))
    widths = [[0.0] * columns for _ in range(rows)]
    for j in range(columns):
        for i in range(rows):
            here = centres[i][j]
            if rows == 1:
                widest = max(here, 1 - here)
            else:
                left = here - centres[i - 1][j] if i > 0 else 0
                right = centres[i + 1][j] - here if i < rows - 1 else 0
                widest = max(left, right)
            widths[i][j] = float(max(widest, least))
    return widths


def _phi(z):
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def log_pdfs(mixtures, points):
    """04.4 with loops over points, kernels and dimensions, rounded to float32."""
    results = []
    for mixture in mixtures:
        values = []
        for point in points:
            terms = []
            for mu, sigma, weight in zip(mixture.mu, mixture.sigma, mixture.weights, strict=True):
                log_k = math.log(weight)
                for x, m, s in zip(point, mu, sigma, strict=True):
                    mass = _phi((1 - m) / s) - _phi(-m / s)
                    log_k -= 0.5 * ((x - m) / s) ** 2 + math.log(s * math.sqrt(2 * math.pi) * mass)
                terms.append(log_k)
            top = max(terms)
            values.append(top + math.log(sum(math.exp(term - top) for term in terms)))
        results.append(np.array(values, dtype=np.float32))
    return tuple(results)


def choose(good, bad):
    """04.5 with a loop."""
    best = 0
    for i in range(1, len(good)):
        if good[i] - bad[i] > good[best] - bad[best]:
            best = i
    return best


def suggest_one_by_one(space, history, rng):
    """04.6 by hand: a mixture of equal kernels for each parameter, shares for choices."""
    params = {}
    for name, domain in space.items():
        seen = [trial for trial in history if name in trial.params and trial.params[name] in domain]
        done = [trial for trial in seen if trial.state == "complete" and math.isfinite(trial.loss)]
        if len(done) < 20:
            params[name] = domain.from_unit(rng.random())
            continue
        done.sort(key=lambda trial: trial.loss)
        n_good = math.ceil(0.15 * len(done))
        good = [domain.to_unit(trial.params[name]) for trial in done[:n_good]]
        bad = [domain.to_unit(trial.params[name]) for trial in done[n_good:]]
        pick = _choice if hasattr(domain, "choices") else _number
        params[name] = domain.from_unit(pick(good, bad, domain, rng))
    return params


def _choice(good, bad, domain, rng):
    n = len(domain.choices)

    def shares(units):
        counts = np.ones(n)
        for u in units:
            counts[int(u * n)] += 1
        return counts / counts.sum()

    l, g = shares(good), shares(bad)
    drawn = rng.choice(n, size=24, p=l)
    best = max(drawn, key=lambda k: l[k] / g[k])
    return (best + 0.5) / n


def _number(good, bad, domain, rng):
    def kernels(units):
        centres = sorted(units)
        padded = [0.0, *centres, 1.0]
        least = 1 / min(100, len(centres) + 2)
        widths = [max(padded[i] - padded[i - 1], padded[i + 1] - padded[i], least) for i in range(1, len(padded) - 1)]
        return np.array(centres), np.array(widths)

    def density(x, mu, sigma):
        z = np.exp(-0.5 * ((x - mu) / sigma) ** 2) / sigma / math.sqrt(2 * math.pi)
        return (z.sum() + 1.0) / (len(mu) + 1)

    l, g = kernels(good), kernels(bad)
    candidates = []
    while len(candidates) < 24:
        i = int(rng.integers(len(l[0]) + 1))
        x = rng.random() if i == len(l[0]) else rng.normal(l[0][i], l[1][i])
        if 0 <= x <= 1:
            candidates.append(x)
    return max(candidates, key=lambda x: density(x, *l) / density(x, *g))
