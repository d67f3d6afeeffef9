"""Make the traces: ``python -m tpe_reference.traces.make`` writes the JSON files anew, the same ones on every run.

Every case is a call of a function in reference.py with given arguments; cases go from simple to complex. Arguments
that look random come from generators with fixed seeds and are rounded, to be short. Start reading at `make`.
"""

from __future__ import annotations

import inspect
import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import FOLDER, NAMES, reference
from .reference import RULES, cma_sample, cma_update, from_unit, kernels, score_candidates, to_unit

TOLERANCE = 1e-9  # of numbers up to 1, else relative: rounding and the accuracy of a library's Phi are far below it
# A name is the place of its entry in alphabetical order: what reads objects without order can sort them.
DOMAINS: dict[str, Any] = {
    "a_float": {"kind": "float", "low": -2.0, "high": 3.0, "log": False, "step": None},
    "b_log": {"kind": "float", "low": 1e-4, "high": 10.0, "log": True, "step": None},
    "c_int": {"kind": "int", "low": 1, "high": 9, "log": False, "step": 1},
    "d_log_int": {"kind": "int", "low": 1, "high": 100, "log": True, "step": 1},
    "e_step": {"kind": "float", "low": 0.0, "high": 1.0, "log": False, "step": 0.1},
    "f_int_step": {"kind": "int", "low": 0, "high": 20, "log": False, "step": 5},
    "g_choice": {"kind": "categorical", "choices": ["a", "b", "c"]},
}
MIXED_CHOICES = {"kind": "categorical", "choices": [True, 1, None, "1", 0.5]}
ONE_VALUE = {"kind": "int", "low": 3, "high": 3, "log": False, "step": 1}
Cases = Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]  # name, function, arguments


def space_cases() -> Cases:
    """Values to positions and back, for every kind of domain."""
    for name, domain in {**DOMAINS, "mixed choices": MIXED_CHOICES, "one value": ONE_VALUE}.items():
        positions = (0.0, 0.03, 0.26, 0.51, 0.77, 0.999, 1.0, -0.1, 1.2)
        for value in dict.fromkeys((type(v), v) for v in [from_unit(domain, u) for u in positions]):
            yield f"{name}: {value[1]!r}", to_unit, (domain, value[1])
        for u in positions:
            yield f"{name} at {u}", from_unit, (domain, u)
        if name not in ("a_float", "b_log"):
            yield name, reference.edges, (domain,)


def grid_cases() -> Cases:
    """The order of grids, the values on axes, and the next free point."""
    for sizes in ([5], [3, 2], [1, 4], [2, 2, 3], [4, 6]):
        for i in range(math.prod(sizes)):
            yield f"{sizes}: point {i}", reference.nth_point, (sizes, i)
    for i in (0, 1, 2, 123_456_789, 999_999_999_999):
        yield f"12 axes of 10: point {i}", reference.nth_point, ([10] * 12, i)
    for name, domain in {**DOMAINS, "mixed choices": MIXED_CHOICES}.items():
        for points in (1, 4, 30):
            yield f"{name}: {points} points", reference.axis_values, (domain, points)
    axes: dict[str, Any] = {"a": [1, 2, 3], "b": ["x", "y"]}
    states = ["complete", "failed", "running", "pruned", "complete", "complete"]
    full: list[Any] = []
    for state in states:
        yield f"after {len(full)}", reference.next_free, (axes, list(full))
        full.append(trial(reference.next_free(axes, full), state=state))
    yield "everything was tried", reference.next_free, (axes, full)
    yield "the third is a hole", reference.next_free, (axes, full[:2] + full[3:])
    elsewhere = [trial({"a": 2}), trial({"a": 2, "b": "y", "c": 0}), trial({"a": 7, "b": "x"})]
    yield "trials that hold no point of the grid", reference.next_free, (axes, elsewhere)
    yield "true is not 1", reference.next_free, ({"a": [1, True]}, [trial({"a": True})])


def tpe_cases() -> Cases:
    """The parts of TPE one by one, then all of it, for each member of the family."""
    rng = random.Random(1)
    mixed = {name: DOMAINS[name] for name in ("a_float", "g_choice")}
    odd = [*history(mixed, 12, rng), trial({"a_float": 0.5}, -9.0), trial({"a_float": 7.0, "g_choice": "a"}, -9.0)]
    odd += [trial({"a_float": 0.5, "g_choice": "a"}, loss) for loss in (0.25, 0.25, math.inf, -math.inf)]
    for n in (0, 1, 3, 99):
        yield f"all states, {n} good", reference.split, (mixed, odd, n)
    for rules in RULES:
        yield from part_cases(rules, rng)
        yield from density_cases(rules, rng)
    for log_l, log_g in (([0.0], [1.0]), ([0.5, 0.1, 0.2], [0.5, -0.9, -0.7]), ([1.0, 3.0, 3.0], [0.0, 0.0, 0.0])):
        yield f"log l {log_l}", reference.choose, (log_l, log_g)
    for rules in RULES:
        yield from whole_cases(rules, rng)


def part_cases(rules: str, rng: random.Random) -> Cases:
    """Weights, bandwidths, and the kernels of choices."""
    for n in (0, 1, 7, 10, 11, 64, 65, 300):
        yield f"{rules}: of {n}", reference.n_good, (rules, n)
    for losses, n in (([], 0), ([0.5], 0), ([0.3], 1), ([0.1, 0.2, 0.6, 0.7], 3), ([0.1, 0.1, 0.1], 2)):
        yield f"{rules}: {n} of {losses}", reference.good_weights, (rules, losses, n)
    for n in (0, 1, 25, 30):
        yield f"{rules}: {n}", reference.bad_weights, (rules, n)
    for mu in ([], [0.2], [0.7, 0.3], [0.5, 0.1, 0.5, 0.6], numbers(rng, 12), numbers(rng, 101)):
        yield f"{rules}: {len(mu)} centres", reference.bandwidths, (rules, mu, 3 * len(mu))
    for cells, weights in (([], [1.0]), ([0], [0.5, 0.5]), ([2, 2, 0, 1], [0.1, 0.2, 0.3, 0.2, 0.2])):
        yield f"{rules}: choices {cells}", reference.choice_kernels, (rules, cells, 3, weights)


def density_cases(rules: str, rng: random.Random) -> Cases:
    """Densities on one parameter of each kind, and for joint rules on all together."""
    spaces = [{name: domain} for name, domain in DOMAINS.items()] + ([DOMAINS] if RULES[rules].joint else [])
    for space in spaces:
        title = " ".join(space) if len(space) == 1 else "all kinds"
        for n in (0, 1, 10) if len(space) == 1 else (0, 10):
            units, points = cube(space, n, rng), cube(space, 4, rng)
            weights = [rng.choice([0.5, 1.0, 3.0]) if len(space) > 1 else 1.0 for _ in range(n)]
            yield f"{rules}: {title}, {n} trials", reference.log_density, (rules, space, units, weights, 3 * n, points)


def whole_cases(rules: str, rng: random.Random) -> Cases:
    """Whole histories, among whose candidates one is clearly the best."""
    spaces: dict[str, Any] = {name: {name: DOMAINS[name]} for name in ("b_log", "g_choice")}
    for title, space in (spaces | ({"all kinds": DOMAINS} if RULES[rules].joint else {})).items():
        for n in (0, 1, 16) if len(space) == 1 else (0, 16):
            past, candidates = history(space, n, rng), cube(space, 6, rng)
            candidates = [u for i, u in enumerate(candidates) if u not in candidates[:i]]  # ties are for `choose`
            best = sorted(score_candidates(rules, space, past, candidates)["scores"])
            if n > 1 and best[-1] - best[-2] < 1e-6:
                raise ValueError(f"{rules}, {title}, {n} trials: take other candidates, the best two are too close")
            if n > 1 and title != "g_choice":
                yield f"{rules}: {title}, {n} trials", kernels, (rules, space, past)
            yield f"{rules}: {title}, {n} trials", score_candidates, (rules, space, past, candidates)


def cma_cases() -> Cases:
    """Constants; then generations, each from the state that the one before has led to; then what is rare."""
    for d, popsize in ((1, None), (2, None), (5, None), (10, None), (40, None), (2, 4), (5, 9), (3, 40)):
        yield f"{d} parameters, popsize {popsize}", reference.strategy, (d, popsize)
    for d, popsize, n_generations in ((1, 4, 3), (2, 6, 8), (5, 9, 6), (10, 10, 4)):
        rng = random.Random(d)
        zero, eye = [0.0] * d, [[float(i == j) for j in range(d)] for i in range(d)]
        state: Any = {"generation": 0, "mean": [0.5] * d, "sigma": 0.25, "C": eye, "p_sigma": zero, "p_c": zero}
        for generation in range(n_generations):
            points = []
            for k in range(popsize):
                z = [round(rng.gauss(0, 1), 3) for _ in range(d)]
                points.append([round(x, 6) for x in cma_sample(state, z).tolist()])
                if k == 0:
                    yield f"{d} parameters, generation {generation}", cma_sample, (state, z)
            points.sort(key=lambda x: sum(100 ** (j / d) * (x_j - 0.3) ** 2 for j, x_j in enumerate(x)))
            yield f"{d} parameters, generation {generation}", cma_update, (state, points, None)
            before, state = state, cma_update(state, points, None)
    yield "the smallest standard deviations are bounded", cma_update, (before, points, [0.0, 0.4, 0.3] + [0.0] * 7)
    yield "a long path: p_c waits", cma_update, ({**before, "p_sigma": [4.0] * 10}, points, None)
    far = [[9.0] * 10, *points[1:]]
    yield "a point that was added by hand and is shortened", cma_update, (before, far, None)

    yield from cma_history_cases()
    yield from cma_stop_cases()
    yield from cma_restart_cases()


def cma_history_cases() -> Cases:
    """Which trials of a history make the generations, and in which order."""
    rng = random.Random(3)
    space = {name: DOMAINS[name] for name in ("a_float", "b_log")}
    past = [{**t, "state": "failed"} if t["state"] == "running" else t for t in history(space, 13, rng)]
    titles = {0: "no trial", 5: "one is missing", 6: "a generation", 13: "two, with trials that failed or were pruned"}
    for n, title in titles.items():
        yield title, reference.cma_state, (space, past[:n], 0.25, 6)
    running = [*past[:8], trial(past[8]["params"], state="running"), *past[9:]]
    yield "a running trial holds up the second", reference.cma_state, (space, running, 0.25, 6)
    lacking = [*past[:2], trial({"a_float": 0.5}, -1.0), trial({"a_float": 0.5, "b_log": 99.0}, -1.0), *past[2:5]]
    yield "trials without all parameters inside do not count", reference.cma_state, (space, lacking, 0.25, 6)
    cells = {name: DOMAINS[name] for name in ("a_float", "c_int", "g_choice")} | {"h_one_value": ONE_VALUE}
    alike = [
        trial({"a_float": 0.5 + k / 50, "c_int": 5, "g_choice": "b", "h_one_value": 3}, float(k)) for k in range(6)
    ]
    yield "no narrower than a fifth of a cell", reference.cma_state, (cells, alike, 0.02, 6)


def cma_stop_cases() -> Cases:
    """States just before and just after a reason to stop."""
    eye = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    first: dict[str, Any] = {"generation": 0, "mean": [0.5] * 3, "sigma": 0.25, "C": eye}
    first |= {"p_sigma": [0.0] * 3, "p_c": [0.0] * 3}
    said = reference.stop_reason
    yield "at the start", said, (first, 7, 0.25, [], [])
    for generation in (22, 23):  # 10 + 30 d / popsize = 22.9
        state, equal = {**first, "generation": generation}, [2.0] * (generation - 1)
        yield f"equal losses, {generation} generations", said, (state, 7, 0.25, [2.0, *equal], [2.0] * 7)
        yield f"equal losses but the first, {generation} generations", said, (state, 7, 0.25, [2.5, *equal], [2.0] * 7)
        yield (
            f"equal losses but the last, {generation} generations",
            said,
            (state, 7, 0.25, [2.0, *equal], [*[2.0] * 6, 3.0]),
        )
    yield "all failed", said, ({**first, "generation": 99}, 7, 0.25, [], [])
    tilted = [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    changes: dict[str, dict[str, Any]] = {
        "tiny steps": {"sigma": 2e-13},
        "tiny steps, but not of the path": {"sigma": 2e-13, "p_c": [3.0, 0.0, 0.0]},
        "steps that are nearly tiny": {"sigma": 3e-13, "mean": [0.0] * 3},
        "nearly 10,000 times the first step": {"sigma": 2.4e3},
        "more than 10,000 times the first step": {"sigma": 2.6e3},
        "axes as 1 to 9e6": {"C": [[8.1e13, 0.0, 0.0], *eye[1:]], "sigma": 1e-6},
        "axes as 1 to 1.1e7": {"C": [[1.21e14, 0.0, 0.0], *eye[1:]], "sigma": 1e-6},
        "no effect in any direction": {"mean": [1e9] * 3, "sigma": 1e-8},
        "no effect in one coordinate": {"mean": [0.5, 1e9, 0.5], "C": tilted, "sigma": 1e-8},
    }
    for title, change in changes.items():
        yield title, said, ({**first, **change}, 7, 0.25, [3.0, 2.0], [2.0, 2.5, 4.0, 3.0, 5.0, 9.0, 6.0])


def cma_restart_cases() -> Cases:
    """The first restarts of both kinds, each with the runs that went before."""
    for restart in ("ipop", "bipop"):
        rng = random.Random(4)
        runs: list[Any] = [{"popsize": 8, "sigma0": 0.25, "is_large": False, "limit": math.inf, "spent": 200}]
        for k in range(1, 8):
            drawn = numbers(rng, 2 + 3)
            yield f"{restart}: restart {k}", reference.next_run, (restart, list(runs), drawn)
            run = reference.next_run(restart, runs, drawn)
            del run["mean"]
            runs.append({**run, "spent": min(25 * run["popsize"], 8 * math.ceil(min(run["limit"], 1e6) / 8))})


def median_cases() -> Cases:
    """Curves with ties, gaps, nan and infinities."""
    defaults = {"n_startup_trials": 5, "n_warmup_steps": 0, "interval_steps": 1, "n_min_trials": 1}
    others = [trial({}, 0.1 * k, curve=[[1, 0.1 * k], [2, 0.2]]) for k in (1, 2, 3, 4, 5)]
    for curve in ([], [[1, 0.3]], [[1, 0.31]], [[1, 0.1], [2, 0.9]], [[2, 0.9], [1, 0.9]], [[1, math.nan]], [[7, 1.0]]):
        yield f"the defaults, curve {curve}", reference.should_prune, (defaults, curve, others)
    yield "too few trials", reference.should_prune, (defaults, [[1, 0.9]], others[1:])
    endless = [trial({}, 1.0, curve=[[1, math.inf]])] * 3
    yield "an infinite median", reference.should_prune, ({**defaults, "n_startup_trials": 0}, [[1, 9.0]], endless)
    rng = random.Random(2)
    for i in range(60):
        past = [
            trial({}, 1.0, rng.choice(["complete"] * 6 + ["pruned", "failed"]), losses(rng, 3)) for _ in range(i // 5)
        ]
        settings = {
            name: rng.randint(*ends) for name, ends in zip(defaults, ((0, 3), (0, 2), (1, 2), (1, 2)), strict=True)
        }
        yield f"by chance {i}", reference.should_prune, (settings, losses(rng, 2), past)


def losses(rng: random.Random, longest: int) -> list[list[Any]]:
    """Return a curve of few different losses, so that ties are frequent."""
    return [
        [step, rng.choice([0.1, 0.2, 0.3, 0.4, math.nan])] for step in rng.sample(range(3), rng.randint(1, longest))
    ]


def numbers(rng: random.Random, n: int) -> list[float]:
    """Return n numbers in the unit interval, with few digits and some equal."""
    return [round(rng.random(), 2) for _ in range(n)]


def cube(space: dict[str, Any], n: int, rng: random.Random) -> list[list[float]]:
    """Return n points of the unit cube, in the middle of their cells where there are any."""
    return [[to_unit(d, short(from_unit(d, rng.random()))) for d in space.values()] for _ in range(n)]


def short(value: Any) -> Any:
    """Return a value with four digits, if it has any."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def trial(params: Any, loss: float = 1.0, state: str = "complete", curve: list[Any] | None = None) -> dict[str, Any]:
    """Return a trial of a history; one without a result has the loss nan."""
    loss = math.nan if state in ("failed", "running") else loss
    return {"params": params, "loss": loss, "curve": curve or [], "state": state}


def history(space: dict[str, Any], n: int, rng: random.Random) -> list[dict[str, Any]]:
    """Return n trials, most of them complete; the pruned ones have got to different steps."""
    trials = []
    for i in range(n):
        params = {name: short(from_unit(domain, rng.random())) for name, domain in space.items()}
        state = ["complete", "pruned", "complete", "failed", "complete", "complete", "running"][i % 7]
        loss = round(sum(to_unit(d, params[name]) for name, d in space.items()) + rng.random(), 3)
        trials.append(trial(params, loss, state, [[i % 3, loss]] if state == "pruned" else []))
    return trials


def make(folder: Path = FOLDER) -> None:
    """Write the files of all traces into a folder."""
    makers = (space_cases, grid_cases, tpe_cases, cma_cases, median_cases)
    for name, cases in zip(NAMES, makers, strict=True):
        functions, lines = {}, []
        for title, function, arguments in cases():
            names = list(inspect.signature(function).parameters)
            does = (function.__doc__ or "").partition("\n")[0]
            functions[function.__name__] = {"arguments": names, "does": does}
            case = {"name": title, "function": function.__name__, "arguments": dict(zip(names, arguments, strict=True))}
            lines.append(json.dumps(encode(case | {"result": function(*arguments)}), allow_nan=False))
        head = json.dumps({"format": 1, "tolerance": TOLERANCE, "functions": functions}, indent=1)[:-2]
        (folder / f"{name}.json").write_text(head + ',\n "cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it: arrays as lists, nan and the infinities as objects {"float": "nan"}."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, dict):
        return {key: encode(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    return {"float": str(value)} if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    make(*map(Path, sys.argv[1:]))
