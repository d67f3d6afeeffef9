"""What is to be compared, and whether the folder for it is free, holds the same comparison, or another one.

The manifest in a folder holds the options of its comparison. To go on with one, `--resume` is all that has to be
said; an option said again must be what it was.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..user_files import UsageError
from .contestants import PRUNING, Contestant, get_contestants
from .problems import Problem, get_problem
from .runner import Run, versions, write_json

MANIFEST = "manifest.json"
THOROUGH_SEEDS = 20  # so many runs make a bootstrap interval one can rely on
THOROUGH_TRIALS = 2  # times a problem's own number


@dataclass(frozen=True)
class Plan:
    """What is to be compared.

    Args:
        problems: Their names or addresses.
        samplers: The contestants' names or addresses.
        trials: Per run; None: each problem's own number.
        seeds: Runs per contestant and problem; None: each problem's own number.
        thorough: Whether each problem's own numbers are the ones for a publication.
    """

    problems: tuple[str, ...]
    samplers: tuple[str, ...]
    trials: int | None = None
    seeds: int | None = None
    thorough: bool = False

    def __post_init__(self) -> None:
        names = [problem.name for problem in map(get_problem, self.problems)]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two problems are called {name!r}; give one of them another name")
        for contestant in self.contestants:  # what cannot be loaded shows here, before anything runs
            contestant.sampler(get_problem(self.problems[0]), 1)

    @property
    def contestants(self) -> list[Contestant]:
        """Who takes part."""
        return get_contestants(self.samplers)

    def versions(self) -> dict[str, str]:
        """What the numbers are computed with."""
        return versions(package for contestant in self.contestants for package in contestant.packages)

    def n_trials(self, problem: Problem) -> int:
        """Number of trials of a run."""
        return self.trials or problem.trials * (THOROUGH_TRIALS if self.thorough else 1)

    def n_seeds(self, problem: Problem) -> int:
        """Number of runs of each contestant; their seeds are 0, 1, 2, ..."""
        return self.seeds or (max(THOROUGH_SEEDS, problem.seeds) if self.thorough else problem.seeds)

    def same_as(self, problem: Problem, contestant: Contestant) -> Contestant:
        """The contestant whose runs these are: without a curve there is nothing to prune.

        TPE with pruning is then TPE, trial by trial, and is not run a second time.
        """
        if problem.has_curve or not contestant.prunes:
            return contestant
        plain = [other for other in self.contestants if other.spec == contestant.spec.removesuffix(PRUNING)]
        return plain[0] if plain else contestant

    def runs(self) -> list[Run]:
        """All runs, the last problem's first."""
        runs = []
        for spec in reversed(self.problems):
            problem = get_problem(spec)
            taking_part = [c for c in self.contestants if self.same_as(problem, c) == c]
            for seed in range(self.n_seeds(problem)):
                runs += [Run(spec, contestant, seed, self.n_trials(problem)) for contestant in taking_part]
        return runs


def claim(out: Path, plan: Plan) -> None:
    """Write the manifest into a folder that is new, empty, or holds this very plan."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / MANIFEST, {"made by": "tpe-reference compare", "plan": asdict(plan), "versions": plan.versions()})


def read_plan(out: Path, resume: bool) -> Plan | None:
    """Return the plan of the comparison in a folder; None when the folder is free.

    Raises:
        UsageError: When it holds something else, or a comparison and ``resume`` was not asked for.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file; name a folder")
    if not (out / MANIFEST).exists():
        if out.exists() and any(not file.name.endswith(".tmp") for file in out.iterdir()):
            raise UsageError(f"--out {out} holds something that is no comparison; name an empty or a new folder")
        return None
    if not resume:
        raise UsageError(f"--out {out} holds another run; go on with it by adding --resume, or name another folder")
    try:
        found: dict[str, Any] = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["plan"]
        names: list[tuple[str, ...]] = [tuple(found.pop(name)) for name in ("problems", "samplers")]
        return Plan(names[0], names[1], **found)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise UsageError(f"{out / MANIFEST} is damaged or of another version ({error}); name another folder") from None


def check_same(asked: dict[str, Sequence[str] | int | None], kept: Plan) -> None:
    """Check that what was asked for is what the folder holds; None: not asked.

    Raises:
        UsageError: When something differs; the text names it.
    """
    held = asdict(kept)
    for name, value in asked.items():
        if value is not None and value != held[name]:
            raise UsageError(f"--resume: {name} was {_text(held[name])}, now it is {_text(value)}; leave it out")


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value or "each problem's own")
