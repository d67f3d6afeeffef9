"""Right answers that look nothing like the package's: loops, recursion, other names, float32."""

import itertools
import math

import numpy as np

FINEST = 2**42


def evenly_spaced(domain, count, which):
    """02.1 with numpy, in float32."""
    positions = np.linspace(0, 1, count, dtype=np.float32) if count > 1 else [0.5]
    return domain.from_unit(float(positions[which]))


def stride(m, axis):
    """02.2 with floats, and Euclid's algorithm."""
    golden = (math.sqrt(5) - 1) / 2
    width = int((axis + 1) * golden % 1 * m)
    while width == 0 or _divisor(width, m) != 1:
        width += 1
    return np.int64(width)


def _divisor(a, b):
    return a if b == 0 else _divisor(b, a % b)


def nth_point(sizes, number):
    """02.3 by recursion, as a tuple."""
    sizes = list(sizes)
    loop = 1
    for m in sizes:
        loop = loop * m // math.gcd(loop, m)
    loops = 1
    for m in sizes:
        loops *= m
    loops //= loop
    which = number // loop * int(stride(loops, 0)) % loops
    return _indices(sizes, 0, 1, which, number % loop)


def _indices(sizes, j, before, which, r):
    if j == len(sizes):
        return ()
    m = sizes[j]
    g = math.gcd(before, m)
    here = (m // 2 + int(stride(m, j)) * (r + which % g)) % m
    return (here, *_indices(sizes, j + 1, before * m // g, which // g, r))


def next_free(grid, trials):
    """02.4 with a list of what is held, and names in any order."""
    held = [trial.params for trial in trials]
    names, lists = list(grid), list(grid.values())
    total = math.prod(map(len, lists))
    number = 0
    while number < total:
        indices = nth_point([len(one) for one in lists], number)
        point = {name: values[int(k)] for name, values, k in zip(names, lists, indices, strict=True)}
        if point not in held:
            return point
        number += 1
    return None


def suggest_refined(space, history, rng):
    """02.5 in positions of the unit cube, as whole numbers of the finest step, so that nothing is rounded."""
    held = {}
    for t in history:
        place = tuple(round(domain.to_unit(t.params[name]) * FINEST) for name, domain in space.items())
        held[place] = t.loss if t.state == "complete" else math.inf
    seen = []
    for level in range(40):
        half = FINEST >> (level + 1)
        centre = min(seen, key=held.get) if level else (FINEST // 2,) * len(space)
        axes = [sorted({max(c - half, 0), c, min(c + half, FINEST)}) for c in centre]
        for place in itertools.product(*axes):
            if place in seen:
                continue
            if place not in held:
                return {
                    name: domain.from_unit(u / FINEST) for (name, domain), u in zip(space.items(), place, strict=True)
                }
            seen.append(place)
    return None
