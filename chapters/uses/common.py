"""What the examples have in common: the command line, a study kept in a file, what is printed, the runs for the pages.

An example is a function `search(study, options)`. It runs trials with `Options.run`, trains the best setting once
more, and returns held-out scores by name. `main` does the rest. Its options are the same for all examples:

    --seed 1           another search, on other data or another split of the same
    --sampler random   in place of tpe
    --trials 100       in all, with those of the study that the last run saved
    --quick            little data and few trials: a few seconds
    --folder DIR       where the study is kept, as NAME-SAMPLER-SEED.json; the same command goes on with it
    --runs 10          what the page shows: both samplers with the seeds 0 to 9, into two files beside the example
"""

import argparse
import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpe_reference import MedianPruner, RandomSampler, Study, TPESampler, create_study, load_study

SAMPLERS = {"tpe": TPESampler, "random": RandomSampler}
Objective = Callable[[Any], float]


@dataclass
class Options:
    """What a search is told: its seed, how many trials to have in all, whether it is only to show that it works."""

    seed: int
    trials: int
    quick: bool
    file: Path | None = None  # where the study is saved after each trial

    def run(self, study: Study, objective: Objective) -> None:
        """Run trials until there are as many as wanted, and save each."""
        callbacks = [] if self.file is None else [lambda study, record: study.save(self.file)]
        study.optimize(timed(objective), until=self.trials, show_progress_bar=True, callbacks=callbacks)


Search = Callable[[Study, Options], dict[str, float]]


def timed(objective: Objective) -> Objective:
    """Return the objective, which now notes the processor's seconds in its trial: other programs do not count."""

    def run(trial: Any) -> float:
        start = time.process_time()
        try:
            return objective(trial)
        finally:  # also of a trial that is pruned
            trial.set_user_attr("seconds", round(time.process_time() - start, 3))

    return run


def main(example: str, search: Search, *, direction: str, trials: int, quick: int, warmup: int = 0) -> None:
    """Be the command line of an example.

    Args:
        example: Its path, as in ``__file__``.
        search: See the head of this file.
        direction: "minimize" or "maximize".
        trials: How many in all, unless the command line says otherwise.
        quick: How many with ``--quick``.
        warmup: Of the objectives that report, the median pruner stops none before this step.
    """
    folder = Path(example).resolve().parent
    args = arguments(folder.name, trials, quick)

    def new(sampler: str, seed: int) -> Study:
        pruner = MedianPruner(n_warmup_steps=warmup)
        return create_study(direction=direction, sampler=SAMPLERS[sampler](), pruner=pruner, seed=seed)

    if args.runs:
        write_runs(folder, args.runs, new, lambda study: search(study, Options(study.seed, args.trials, args.quick)))
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    file = args.folder / f"{folder.name}-{args.sampler}-{args.seed}{'-quick' * args.quick}.json"
    study = load_study(file) if file.exists() else new(args.sampler, args.seed)
    scores = search(study, Options(args.seed, args.trials, args.quick, file))
    tell(study, scores)
    print(f"kept in {file}: the same command with a larger --trials goes on from there")


def arguments(name: str, trials: int, quick: int) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=f"The example {name}: a search, and what came of it.")
    parser.add_argument("--seed", type=int, default=0, help="of the search and of the data; 0")
    parser.add_argument("--sampler", choices=SAMPLERS, default="tpe", help="tpe")
    parser.add_argument("--trials", type=int, help=f"how many in all; {trials}")
    parser.add_argument("--quick", action="store_true", help=f"little data, {quick} trials")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the study is kept; here")
    parser.add_argument("--runs", type=int, help="both samplers with so many seeds, into two files beside the example")
    args = parser.parse_args()
    args.trials = args.trials or (quick if args.quick else trials)
    return args


def tell(study: Study, scores: dict[str, float]) -> None:
    """Print what a search has found and what that is worth."""
    seconds = sum(trial.user_attrs.get("seconds", 0.0) for trial in study.trials)
    pruned = sum(trial.state == "pruned" for trial in study.trials)
    print(f"{len(study.trials)} trials, {pruned} of them pruned, in {seconds:.1f} s of the processor's time")
    settings = ", ".join(
        f"{k} = {v:.3g}" if isinstance(v, float) else f"{k} = {v}" for k, v in study.best_params.items()
    )
    print(f"best in the search: {study.best_value:.4f} with {settings}")
    for name, score in scores.items():
        print(f"held out, {name}: {score:.4f}")


def write_runs(
    folder: Path, seeds: int, new: Callable[[str, int], Study], search: Callable[[Study], dict[str, float]]
) -> None:
    """Run both samplers with several seeds; write trials.csv, a line for each trial, and ends.csv, one for each run."""
    trials: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    for seed in range(seeds):
        for sampler in SAMPLERS:
            study = new(sampler, seed)
            scores = search(study)
            run = {"sampler": sampler, "seed": seed}
            ends.append(run | {"value": study.best_value} | scores)
            for trial in study.trials:
                found = {"value": trial.value, "steps": len(trial.intermediate_values), **trial.user_attrs}
                trials.append(run | {"number": trial.number, "state": str(trial.state)} | found | trial.params)
            for name, lines in (("trials.csv", trials), ("ends.csv", ends)):  # after every run: it may be a long night
                write(folder / name, lines)


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write lines as CSV: a column for each name that any line has, numbers to four digits."""
    names = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for line in lines:
            writer.writerow({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in line.items()})
