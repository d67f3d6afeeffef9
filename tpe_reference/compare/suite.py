"""Sample efficiency on the suite: whose regret is how many times lower after as many trials, and how sure that is.

``python -m tpe_reference.compare.suite --samplers tpe optuna hyperopt`` runs the first sampler and the others on the
problems of suite_problems.py, at the same seeds, and prints the first one's regret over each of the others', group
by group. Runs are kept in the folder ``--out`` and not done twice; what they came to is its file ``regret.csv``, from
which ``--table FILE ...`` prints the same again, or several such files together. ``--problems-of holdout`` takes
the hold-out's problems, ``--problems-of mine.py`` those of a file of your own, see `get_groups`.

The number
    For every problem and seed, the regret of the one over the regret of the other, after the same number of trials;
    the geometric mean of these ratios, in which every problem weighs the same; its 95 % interval, for which
    problems and their seeds are drawn anew (`statistics.geometric_mean_ratio`). Below 1 the first one is better.
    No regret counts as less than `RESOLUTION` of a typical one: a ratio to zero says nothing.

Start reading at `main`.

>>> from tpe_reference.compare.suite_problems import SUITE
>>> resolution(SUITE["sphere-5"], is_continuous=True) < 1e-6 < resolution(SUITE["integer-small"], is_continuous=False)
True
"""

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..user_files import UsageError
from . import suite_problems
from .contestants import Contestant, get_contestants
from .loading import load
from .problems import Problem, generator_of
from .runner import Run, RunFailedError, read_run, run_all
from .statistics import Estimate, geometric_mean_ratio, incumbent
from .suite_problems import GROUPS, HOLDOUT_GROUPS

# By problem and sampler: regret at each number of trials, by seed.
Regrets = dict[tuple[str, str], dict[int, dict[int, float]]]

# On a continuum the digits of a minimum are worth something. Elsewhere the best configuration is one that a search has
# or has not, and on real models it is only the best one seen: a hundredth of what a configuration drawn at random loses
# is as good as nothing there, or a few lucky hits would outweigh all the rest.
RESOLUTION_OF_CONTINUUM, RESOLUTION = 1e-9, 1e-2


def get_groups(name: str) -> tuple[str, dict[str, list[Problem]]]:
    """Return the address of a module with problems, and these by group.

    Args:
        name: "suite", "holdout", or a file that has a dict GROUPS as suite_problems.py has: from the name of a group
            (which begins with "continuous" where the digits of a minimum count) to a list of problems whose optimum
            is known. Each problem has to be found in the file under its own name as well.

    Raises:
        UsageError: When there is no such file, or something else in it.
    """
    if name in ("suite", "holdout"):
        return suite_problems.__name__, GROUPS if name == "suite" else HOLDOUT_GROUPS
    groups: dict[str, list[Problem]] = load(f"{name}:GROUPS")
    for problem in (problem for group in groups.values() for problem in group):
        if load(f"{name}:{problem.name}") is not problem:
            raise UsageError(f"{name}: the problem {problem.name!r} is not what the file has under that name")
        if problem.optimum is None:
            raise UsageError(f"{name}: the problem {problem.name!r} has no optimum, so there is no regret")
    return name, groups


def by_name(groups: Mapping[str, Sequence[Problem]]) -> dict[str, Problem]:
    """Return the problems of all groups by their names."""
    return {problem.name: problem for group in groups.values() for problem in group}


def resolution(problem: Problem, *, is_continuous: bool) -> float:
    """Return the regret on a problem below which nobody is told apart."""
    rng = generator_of(problem.name, 0, 2)
    drawn = [{key: domain.from_unit(rng.random()) for key, domain in problem.space.items()} for _ in range(100)]
    losses: list[Any] = [problem.evaluate(params, 0) for params in drawn]
    typical = float(np.nanmedian(losses)) - (problem.optimum or 0.0)  # nan: it failed there
    return typical * (RESOLUTION_OF_CONTINUUM if is_continuous else RESOLUTION)


def plan(
    address: str, problems: Sequence[Problem], contestants: Sequence[Contestant], trials: int, seeds: int
) -> list[Run]:
    """Return all runs, seed by seed: stopped halfway, there are fewer seeds of everything."""
    return [
        Run(f"{address}:{problem.name}", contestant, seed, trials)
        for seed in range(seeds)
        for problem in reversed(problems)  # the real ones first, they take longest
        for contestant in contestants
    ]


def regrets_of(runs: Sequence[Run], out: Path, trials: Sequence[int], groups: Mapping[str, list[Problem]]) -> Regrets:
    """Read the regret after each number of trials from finished runs on the problems of these groups."""
    problems = by_name(groups)
    continuous = {problem.name for name, group in groups.items() for problem in group if name.startswith("continuous")}
    lowest = {
        name: resolution(problems[name], is_continuous=name in continuous)
        for name in {run.problem.rpartition(":")[2] for run in runs}
    }
    found: Regrets = {}
    for run in runs:
        name = run.problem.rpartition(":")[2]
        kept = read_run(run, out)
        if kept is None:
            raise RunFailedError(f"{run.path(out)} has vanished")
        best = incumbent([trial["loss"] for trial in kept], run.trials)
        by_trials = found.setdefault((name, run.contestant.name), {n: {} for n in trials})
        for n in trials:
            by_trials[n][run.seed] = max(float(best[n - 1]) - (problems[name].optimum or 0.0), lowest[name])
    return found


def write_regrets(regrets: Regrets, file: Path) -> None:
    """Write one line per problem, sampler and seed, sorted."""
    numbers = list(next(iter(regrets.values())))
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["problem", "sampler", "seed", *(f"regret_{n}" for n in numbers)])
        for (problem, sampler), by_trials in sorted(regrets.items()):
            for seed in sorted(by_trials[numbers[0]]):
                writer.writerow([problem, sampler, seed, *(f"{by_trials[n][seed]:.6g}" for n in numbers)])


def read_regrets(files: Sequence[Path]) -> Regrets:
    """Read such files; of what stands in several, the last counts."""
    found: Regrets = {}
    for file in files:
        with file.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                by_trials = found.setdefault((row["problem"], row["sampler"]), {})
                for column in [name for name in row if name.startswith("regret_")]:
                    by_trials.setdefault(int(column.removeprefix("regret_")), {})[int(row["seed"])] = float(row[column])
    return found


def ratio(regrets: Regrets, problems: Sequence[Problem], ours: str, theirs: str, trials: int) -> Estimate | None:
    """Return how many times lower ours is on the problems that both ran on, or None without any."""
    both = [p.name for p in problems if (p.name, ours) in regrets and (p.name, theirs) in regrets]
    if not both:
        return None
    pairs = [(regrets[name, ours][trials], regrets[name, theirs][trials]) for name in both]
    seeds = sorted(set.intersection(*(set(one) & set(other) for one, other in pairs)))
    mine = np.array([[one[seed] for seed in seeds] for one, _ in pairs])
    other = np.array([[two[seed] for seed in seeds] for _, two in pairs])
    return geometric_mean_ratio(mine, other)


def with_all(groups: Mapping[str, list[Problem]]) -> dict[str, list[Problem]]:
    """Return the groups, and after them all continuous ones, where these are several, and all together."""
    continuous = [group for name, group in groups.items() if name.startswith("continuous")]
    together = {"continuous, all": [problem for group in continuous for problem in group]} if continuous[1:] else {}
    return {**groups, **together, "all": [problem for group in groups.values() for problem in group]}


def table(regrets: Regrets, named: Mapping[str, Sequence[Problem]]) -> Iterator[str]:
    """Yield the lines of a Markdown table: the first sampler's regret over that of each other one."""
    samplers = list(dict.fromkeys(sampler for _, sampler in regrets))
    numbers = list(next(iter(regrets.values())))
    columns = [(other, n) for other in samplers[1:] for n in numbers]
    yield "| | " + " | ".join(f"{samplers[0]} / {other}, {n} trials" for other, n in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for name, problems in named.items():
        cells = [_cell(ratio(regrets, problems, samplers[0], other, n)) for other, n in columns]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _cell(found: Estimate | None) -> str:
    return "" if found is None else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the samplers and print the table: 0 done, 1 a run failed, 2 a mistake in the options."""
    parser = argparse.ArgumentParser(prog="python -m tpe_reference.compare.suite", description=__doc__.split("\n")[0])
    names = "tpe, cma-es, random, grid, peers (optuna, hyperopt, cmaes, cma, ...), file.py:name; default: tpe random"
    parser.add_argument("--samplers", nargs="+", default=["tpe", "random"], metavar="NAME", help=names)
    parser.add_argument("--problems", nargs="+", metavar="NAME", help="some of the problems (default: all)")
    of = "suite (the default), holdout, or a file of your own with a dict GROUPS"
    parser.add_argument("--problems-of", default="suite", metavar="NAME", help=of)
    parser.add_argument("--trials", nargs="+", type=int, default=[100, 200], metavar="N", help="default: 100 200")
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="default: 20")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    parser.add_argument("--out", type=Path, default=Path("suite"), metavar="DIR", help="keeps the runs; default: suite")
    parser.add_argument("--table", nargs="+", type=Path, metavar="FILE", help="run nothing, print from these files")
    args = parser.parse_args(argv)
    try:
        address, groups = get_groups(args.problems_of)
        regrets = read_regrets(args.table) if args.table else run(args, address, groups)
    except (UsageError, RunFailedError, OSError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    order = {name: place for place, name in enumerate(args.samplers)}
    regrets = dict(sorted(regrets.items(), key=lambda item: order.get(item[0][1], len(order))))
    print(*table(regrets, with_all(groups)), sep="\n")
    return 0


def run(args: argparse.Namespace, address: str, groups: Mapping[str, list[Problem]]) -> Regrets:
    """Do the runs that are not on the disk and return what all of them came to."""
    chosen = by_name(groups)
    unknown = [name for name in args.problems or () if name not in chosen]
    if unknown:
        raise UsageError(f"--problems: there is no {unknown[0]!r}; known are: {', '.join(chosen)}")
    contestants = get_contestants(args.samplers)
    problems = [chosen[name] for name in args.problems or chosen]
    runs = plan(address, problems, contestants, max(args.trials), args.seeds)
    run_all(runs, args.out, args.jobs)
    file = args.out / "regret.csv"
    write_regrets(regrets_of(runs, args.out, args.trials, groups), file)
    return read_regrets([file])  # rounded as there, so that the table is that of the file


if __name__ == "__main__":
    sys.exit(main())
