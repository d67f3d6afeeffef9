"""The command line: ``tpe-reference compare``. What may be said, what it means, and what is printed."""

import argparse
import importlib.util
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from ..user_files import UsageError
from .cluster import connected
from .contestants import CONTESTANTS, PRUNING
from .peers import PEERS
from .plan import Plan, check_same, claim, read_plan
from .problems import PROBLEMS, digits_mlp, get_problem, iris_forest
from .runner import RunFailedError, counted, run_all

DESCRIPTION = "Compare search algorithms on benchmark functions and on tuning real models."
EPILOG = f"""problems: {", ".join(PROBLEMS)}
samplers: {", ".join(CONTESTANTS)}; add +median to any of them to prune its trials
peers: {", ".join(PEERS)}; they need: pip install "tpe-reference[peers]"

examples:
  tpe-reference compare                                  all of it, in about two minutes on two cores
  tpe-reference compare --problems sphere branin --samplers random tpe --seeds 5
  tpe-reference compare --sampler mine.py:MySampler      yours against the five
  tpe-reference compare --problem mine.py:problem        the five on your problem
  tpe-reference compare --with optuna hyperopt cma       the five and their peers, and what each costs per trial
  tpe-reference compare --out comparison --resume        go on after Ctrl-C, a crash, a reboot
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--problems", nargs="+", metavar="NAME", help="which problems (default: all)")
    parser.add_argument("--samplers", nargs="+", metavar="NAME", help="which samplers (default: all)")
    own_problem = "one of yours, my.module:name or file.py:name, alone or beside --problems"
    own_sampler = "one of yours, my.module:Name or file.py:Name, beside the others"
    parser.add_argument("--problem", action="append", default=[], metavar="ADDRESS", help=own_problem)
    parser.add_argument("--sampler", action="append", default=[], metavar="ADDRESS", help=own_sampler)
    peers = "other packages, beside the others (see peers below)"
    parser.add_argument("--with", nargs="+", dest="peers", metavar="NAME", help=peers)
    parser.add_argument("--trials", type=_positive, metavar="N", help="trials per run (default: per problem)")
    parser.add_argument("--seeds", type=_positive, metavar="N", help="runs per contestant (default: per problem)")
    parser.add_argument("--thorough", action="store_true", help="20 seeds, twice the trials: hours, not minutes")
    parser.add_argument("--jobs", type=_positive, metavar="N", help="processes (default: one per core)")
    cluster = "run on a dask cluster; --jobs is then how many runs at once (default: one per thread of its workers)"
    parser.add_argument("--executor", metavar="dask://HOST:PORT", help=cluster)
    parser.add_argument("--out", type=Path, default=Path("comparison"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--resume", action="store_true", help="go on with the comparison in --out")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="tpe-reference compare")
    add_arguments(parser)
    return run(parser.parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Carry out what was asked for: 0 done, 1 a run failed, 2 a mistake in the options, 130 Ctrl-C."""
    on = [] if args.executor is None else ["--executor", args.executor]
    resume = shlex.join(["tpe-reference", "compare", "--out", str(args.out), "--resume", *on])
    try:
        plan = _plan(args)
        _check_extra(plan)
        with nullcontext() if args.executor is None else connected(args.executor) as cluster:
            claim(args.out, plan)
            runs = plan.runs()
            jobs = args.jobs or (_cores() if cluster is None else sum(cluster.nthreads().values()))
            where = counted(jobs, "process", "es") if cluster is None else f"{jobs} at once on the cluster"
            parts = ("problem", plan.problems), ("sampler", plan.contestants), ("run", runs)
            print(", ".join([*(counted(len(what), noun) for noun, what in parts), where]))
            run_all(runs, args.out, jobs, cluster)
        from .report import write_report  # now: it imports matplotlib

        print(write_report(plan, args.out))
    except UsageError as error:
        print(f"tpe-reference compare: {error}", file=sys.stderr)
        return 2
    except (RunFailedError, KeyboardInterrupt) as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        text = (
            "Interrupted.\nWhat had finished is kept;"
            if interrupted
            else f"{error}\nWhat had finished is kept; mend it, and"
        )
        print(f"\n{text} go on with\n  {resume}", file=sys.stderr)
        return 130 if interrupted else 1
    return 0


def _plan(args: argparse.Namespace) -> Plan:
    problems, samplers = _names(args.problems), _names(args.samplers)
    if args.problem:
        problems = _names([*(problems or ()), *args.problem])
    peers = _names(args.peers) or ()
    for name in peers:
        if name.removesuffix(PRUNING) not in PEERS:
            raise UsageError(f"--with: there is no peer {name!r}; known are: {', '.join(PEERS)}")
    if peers or args.sampler:
        samplers = _names([*(samplers or CONTESTANTS), *peers, *args.sampler])
    kept = read_plan(args.out, args.resume)
    if kept is None and args.resume and not (problems or samplers):
        raise UsageError(f"--out {args.out} holds no comparison to go on with; without --resume, a new one begins")
    if kept is None:
        return Plan(problems or tuple(PROBLEMS), samplers or CONTESTANTS, args.trials, args.seeds, args.thorough)
    thorough = args.thorough or None  # a flag that is not there says nothing
    asked = {"problems": problems, "samplers": samplers, "trials": args.trials, "seeds": args.seeds}
    check_same({**asked, "thorough": thorough}, kept)
    return kept


def _names(words: Sequence[str] | None) -> tuple[str, ...] | None:
    # Both `--problems sphere branin` and `--problems sphere,branin` are what people type.
    return None if words is None else tuple(dict.fromkeys(name for w in words for name in w.split(",") if name))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return int(text)


def _cores() -> int:
    # In a container or on a cluster, fewer than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_extra(plan: Plan) -> None:
    real = (iris_forest, digits_mlp)
    needed = ["matplotlib", *["sklearn"] * any(get_problem(name).evaluate in real for name in plan.problems)]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        raise UsageError(f'this needs {names}; get it with: pip install "tpe-reference[compare]"')
