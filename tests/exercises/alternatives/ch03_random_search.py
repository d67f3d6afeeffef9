"""Right answers that look nothing like the package's: loops, lists, other names, float32."""

import math

import numpy as np


def trials_needed(share, probability):
    """03.1 by trying one number after the other."""
    n, missed = 0, 1.0
    while missed > 1 - probability:
        n += 1
        missed *= 1 - share
    return np.float64(n)


def trial_rng(study_seed, trial):
    """03.2 with the bit generator by its name."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=study_seed, spawn_key=[trial])))


def suggest_at_random(self, domains, trials, chance):
    """03.3 with a loop, rounded to float32."""
    chosen = {}
    for name in domains:
        chosen[name] = domains[name].from_unit(float(np.float32(chance.uniform())))
    return chosen


def suggest_new(domains, past, rng):
    """03.4 by drawing again, then from a random place on through all points."""
    names = list(domains)
    tried = [trial.params for trial in past]
    for _ in range(30):
        params = {name: domains[name].from_unit(rng.random()) for name in names}
        if params not in tried:
            return params
    sizes = [domains[name].size for name in names]
    if None in sizes or math.prod(sizes) > 100_000:
        return params
    for number in rng.permutation(math.prod(sizes)):
        number = int(number)
        point = {}
        for name, size in zip(names, sizes, strict=True):
            point[name] = domains[name].values()[number % size]
            number //= size
        if point not in tried:
            return point
    return params


def local_search(domains, past, rng):
    """03.5 as the chapter on the problem has it, with steps that become smaller, and choices by themselves."""
    done = [t for t in past if t.state == "complete" and math.isfinite(t.loss) and set(domains) <= set(t.params)]
    if not done or rng.random() < 0.15:
        return {name: domain.from_unit(rng.random()) for name, domain in domains.items()}
    best = sorted(done, key=lambda t: t.loss)[0].params
    sigma = max(0.2 * 0.95 ** len(past), 0.01)
    chosen = {}
    for name, domain in domains.items():
        if hasattr(domain, "choices"):
            chosen[name] = domain.choices[rng.integers(domain.size)] if rng.random() < 0.2 else best[name]
        else:
            width = max(sigma, 0.5 / domain.size) if domain.size else sigma
            chosen[name] = domain.from_unit(domain.to_unit(best[name]) + width * rng.standard_normal())
    return chosen
