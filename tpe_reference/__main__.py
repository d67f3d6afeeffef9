"""The command line: ``tpe-reference``, the same as ``python -m tpe_reference``."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from . import study_cli
from .traces import check as traces
from .user_files import UsageError

PACKAGE = Path(__file__).parent

# What `copy` calls an algorithm: its file, and five lines that use the copy.
_SAMPLER_USE = """import numpy as np; from space import Float, FrozenTrial; from {module} import {name}
history, sampler, seeds = [], {name}({arguments}), np.random.SeedSequence(1).spawn(60)
for rng in map(np.random.default_rng, seeds):
    params = sampler.suggest({{"x": Float(-5, 5), "y": Float(-5, 5)}}, history, rng)
    history.append(FrozenTrial(params, (params["x"] - 1) ** 2 + params["y"] ** 2)); print(history[-1])
"""
_PRUNER_USE = """from space import FrozenTrial; from median import MedianPruner
history = [FrozenTrial({}, loss=0.1 * k, curve={1: 0.1 * k}) for k in range(1, 6)]
for loss in (0.2, 0.4):
    running = FrozenTrial({}, curve={1: loss}, state="running")
    print(loss, "stop" if MedianPruner().should_prune(running, history) else "go on")
"""


def _sampler_use(module: str, name: str, arguments: str = "") -> str:
    return _SAMPLER_USE.format(module=module, name=name, arguments=arguments)


ALGORITHMS = {
    "grid": ("samplers/grid.py", _sampler_use("grid", "GridSampler", "points=8")),
    "random": ("samplers/random_search.py", _sampler_use("random_search", "RandomSampler")),
    "tpe": ("samplers/tpe.py", _sampler_use("tpe", "TPESampler")),
    "cma-es": ("samplers/cma_es.py", _sampler_use("cma_es", "CmaEsSampler")),
    "median": ("pruners/median.py", _PRUNER_USE),
}


def copy(algorithm: str, folder: Path) -> str:
    """Put an algorithm's file and space.py into a folder, side by side, and return lines that use them.

    Raises:
        FileExistsError: When another file of one of the two names is there; then nothing is written.
    """
    source, use = ALGORITHMS[algorithm]
    texts = {Path(name).name: (PACKAGE / name).read_text(encoding="utf-8") for name in ("space.py", source)}
    # In the package the two are in different folders; in the copy they are neighbours.
    flat = {n: re.sub(r"from (?:tpe_reference\.|\.\.)(\w+) import", r"from \1 import", t) for n, t in texts.items()}
    for name, text in flat.items():
        path = folder / name
        if path.exists() and path.read_bytes() != text.encode():  # space.py serves a second algorithm as it is
            raise FileExistsError(f"{path} is there already, and differs; nothing was written. Name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in flat.items():
        (folder / name).write_bytes(text.encode())
    return use


def check_traces(file: Path) -> int:
    """Compare the functions in a file with the traces.

    Returns:
        The exit code: 0 if all are right, 1 if not, 2 if there are none, 130 after Ctrl-C.
    """
    try:
        verdicts = traces.check(traces.load_functions(file))
    except UsageError as error:
        print(f"tpe-reference check-traces: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:  # somebody's function may be endless
        print(f"tpe-reference check-traces: {error}", file=sys.stderr)
        return 130  # 128 + SIGINT, as shells count
    print(traces.report(verdicts))
    return int(any(verdict.failures for verdict in verdicts))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = study_cli.Parser(prog="tpe-reference", description="Hyperparameter search, small and readable.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    comparing = commands.add_parser("compare", help="compare search algorithms and draw their convergence")
    if words[:1] == ["compare"]:  # only then: it loads a lot, and the other commands should not wait for it
        from .compare import cli as compare

        compare.add_arguments(comparing)
    study_cli.add_arguments(commands.add_parser("study", help="look at studies in a storage or a file"))
    copying = commands.add_parser("copy", help="copy an algorithm into your own project, as two files")
    copying.add_argument("algorithm", choices=ALGORITHMS)
    copying.add_argument("folder", type=Path, metavar="DIR")
    checking = commands.add_parser("check-traces", help="check your own functions against recorded steps of ours")
    checking.add_argument("file", type=Path, metavar="FILE.py", help="has some of the functions of chapters/traces.md")
    exercising = commands.add_parser("exercises", help="write the heart of an algorithm, and have it checked")
    if words[:1] == ["exercises"]:
        from .exercises import cli as exercises

        exercises.add_arguments(exercising)
    arguments = parser.parse_args(words)
    if arguments.command == "compare":
        return compare.run(arguments)
    if arguments.command == "study":
        return study_cli.run(arguments)
    if arguments.command == "exercises":
        return exercises.run(arguments)
    if arguments.command == "check-traces":
        return check_traces(arguments.file)
    try:
        use = copy(arguments.algorithm, arguments.folder)
    except OSError as error:
        print(f"tpe-reference copy: {error}", file=sys.stderr)
        return 2
    print(f"Copied to {arguments.folder}. In that folder, with numpy:\n\n{use}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
