"""The command line: ``tpe-reference study``. What is in a storage or a file, the best so far, all of it as a file.

A look changes nothing. What is printed is safe to print: names are cut and cleaned, passwords are not shown.

Start reading at `run`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .exceptions import StorageInternalError
from .study_look import STATES, described, importances, look, masked, summaries, summary
from .text import clean, on_a_line

if TYPE_CHECKING:
    from .study import Study
    from .trial import TrialRecord

DESCRIPTION = "Look at studies: in a storage, or in a file that study.save has written. Nothing there is changed."
EPILOG = """examples:
  tpe-reference study list sqlite:///study.db
  tpe-reference study show postgresql://user:password@host/database --study mine
  tpe-reference study export sqlite:///study.db --out trials.csv
  tpe-reference study report study.json --out report.html
"""
LAST = 5  # trials that `show` names: what is going on fits a screen
FEW = 6  # parameters in the line of a trial
MOST = 12  # importances and running trials that it names
FORMATS = ("csv", "json")


class Parser(argparse.ArgumentParser):
    """A parser whose complaints show no password."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and exit with 2."""
        super().error(clean(masked(message)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the commands and their options."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    helps = {
        "list": "which studies there are, how many trials they have, and the best value of each",
        "show": "one study: its settings, the best trial, what is running, what came last",
        "export": "all trials of a study, as CSV or as the JSON that load_study reads",
        "report": "a study as one page of HTML, with pictures",
    }
    for action, text in helps.items():
        one = actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.add_argument("address", metavar="URL", help="sqlite:///study.db, postgresql://..., or a study's file")
        if action != "list":
            one.add_argument("--study", metavar="NAME", help="which study, where there are several")
        if action in ("list", "show"):
            one.add_argument("--json", action="store_true", help="for machines")
        else:
            default = "standard output" if action == "export" else "report.html"
            one.add_argument("--out", metavar="FILE", help=f"where to; - is standard output (default: {default})")
            one.add_argument("--overwrite", action="store_true", help="replace whatever is in the file")
        if action == "export":
            one.add_argument("--format", choices=FORMATS, help="default: by the file's ending, csv without a file")


def run(args: argparse.Namespace) -> int:
    """Carry out what was asked for: 0 done, 2 it cannot be done, 130 Ctrl-C, 141 nobody reads the output any more."""
    try:
        text = _ACTIONS[args.action](args)
        try:
            _write(text)
        except BrokenPipeError:  # `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where Python's own last flush goes
            return 141  # 128 + SIGPIPE, as shells count
    except KeyboardInterrupt:
        print("\ntpe-reference study: interrupted", file=sys.stderr)
        return 130  # 128 + SIGINT
    except (ValueError, TypeError, OSError, ImportError, StorageInternalError) as error:
        said = str(error).replace(args.address, masked(args.address)).replace("overwrite=True", "--overwrite")
        print(f"tpe-reference study {args.action}: {clean(said)}", file=sys.stderr)
        return 2
    return 0


def _write(text: str) -> None:
    """Write to standard output: what a machine is to read has to arrive as it is, in UTF-8."""
    sys.stdout.flush()
    rest = memoryview(text.encode("utf-8"))
    while rest:  # without Python's buffers (python -u), a pipe takes a part at a time
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


# ---- list ------------------------------------------------------------------------------------------------------------


def _list(args: argparse.Namespace) -> str:
    found = summaries(args.address)
    if args.json:
        return _json(found)
    # The name comes last: whatever it is, it moves no column.
    header = ["direction", "trials", *map(str, STATES), "best value", "last activity", "study"]
    rows = [[*_cells(one), _name(one["study_name"])] for one in found]
    return _table([header, *rows]) if rows else f"{on_a_line(masked(args.address))} holds no study yet\n"


def _cells(one: dict[str, Any]) -> list[str]:
    counts = [one["states"][state] for state in ("complete", "pruned", "failed", "running")]
    best = "" if one["best_value"] is None else f"{one['best_value']:.6g}"
    return [
        one["direction"],
        *map(str, (one["n_trials"], *counts)),
        best,
        (one["datetime_last"] or "").replace("T", " "),
    ]


def _name(name: str | None) -> str:
    return "(no name)" if name is None else on_a_line(name if name.strip() == name != "" else repr(name))


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


# ---- show ------------------------------------------------------------------------------------------------------------


def _show(args: argparse.Namespace) -> str:
    study = look(args.address, args.study)
    shares = importances(study)
    return _json(_facts(study, shares)) if args.json else "\n".join(_lines(study, shares, masked(args.address))) + "\n"


def _lines(study: Study, shares: dict[str, float], address: str) -> list[str]:
    one, records = summary(study), study.trials
    n_enqueued = len(study._contents().queue)
    counts = [f"{n} {state}" for state, n in one["states"].items() if n] + [f"{n_enqueued} enqueued"] * bool(n_enqueued)
    lines = [
        f"study      {_name(study.study_name)}",
        f"in         {on_a_line(address, 200)}",
        f"direction  {study.direction}",
        f"sampler    {on_a_line(described('sampler', study.sampler), 200)}",
        f"pruner     {on_a_line(described('pruner', study.pruner), 200)}",
        f"seed       {study.seed}",
        f"trials     {len(records)}{': ' * bool(counts)}{', '.join(counts)}",
        f"last       {(one['datetime_last'] or 'nothing yet').replace('T', ' ')}",
        "",
    ]
    if study.best_trials:
        best = study.best_trial
        lines += [f"best value {best.value!r}, of trial {best.number}", *_params(best)]
    else:
        lines += ["no trial is complete with a finite value yet"]
    if shares:
        shown = list(shares.items())[:MOST]
        lines += ["", "importances: each parameter's share of what made trials good or bad"]
        lines += [f"  {share:4.2f}  {on_a_line(name)}" for name, share in shown]
        lines += _more(len(shares), MOST)
    running = [record for record in records if record.state == "running"]
    if running:
        lines += ["", f"running: {len(running)}", *map(_line, running[:MOST]), *_more(len(running), MOST)]
    finished = [(record.datetime_complete.timestamp(), record) for record in records if record.datetime_complete]
    last = [record for _, record in sorted(finished)[-LAST:]]
    return [*lines, *["", "last to finish", *map(_line, last)]] if last else lines


def _params(record: TrialRecord) -> list[str]:
    return [f"  {on_a_line(name)} = {on_a_line(repr(value))}" for name, value in record.params.items()]


def _line(record: TrialRecord) -> str:
    """Return a trial in a line."""
    time = record.datetime_complete or record.datetime_start
    outcome = f"{record.value:.6g}" if record.value is not None else record.error or "no value"
    said = "since" if record.state == "running" else f"{record.state}, {on_a_line(outcome, 60)},"
    params = [f"{on_a_line(name, 30)}={on_a_line(_short(value), 20)}" for name, value in record.params.items()]
    shown = ", ".join(params[:FEW]) + ", ..." * (len(params) > FEW)
    return f"  trial {record.number}: {said} {time:%Y-%m-%d %H:%M:%S}  {shown}".rstrip()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _more(n: int, shown: int) -> list[str]:
    return [f"  and {n - shown} more"] if n > shown else []


def _facts(study: Study, shares: dict[str, float]) -> dict[str, Any]:
    """Return what `show` shows, for machines."""
    records = study.trials

    def facts(record: TrialRecord) -> dict[str, Any]:
        end = record.datetime_complete
        return {
            "number": record.number,
            "state": str(record.state),
            "value": record.value,
            "params": record.params,
            "user_attrs": record.user_attrs,
            "error": record.error,
            "datetime_start": record.datetime_start.isoformat(),
            "datetime_complete": None if end is None else end.isoformat(),
        }

    return {
        **summary(study),
        "seed": study.seed,
        "sampler": described("sampler", study.sampler),
        "pruner": described("pruner", study.pruner),
        "user_attrs": study.user_attrs,
        "n_enqueued": len(study._contents().queue),
        "best": facts(study.best_trial) if study.best_trials else None,
        "importances": shares,
        "running": [facts(record) for record in records if record.state == "running"],
        "last": [facts(record) for record in records if record.state != "running"][-LAST:],
    }


def _json(facts: Any) -> str:
    from .strict_json import encode

    return json.dumps(encode(facts, "the study"), indent=2, allow_nan=False) + "\n"


# ---- export and report -----------------------------------------------------------------------------------------------


def _export(args: argparse.Namespace) -> str:
    kind = args.format or _kind_of(args.out)
    study = look(args.address, args.study)
    from .files import as_json
    from .tables import as_csv

    if args.out in (None, "-"):
        return as_json(study) if kind == "json" else as_csv(study)
    if kind == "json":
        study.save(args.out, overwrite=args.overwrite)
    else:
        if Path(args.out).exists() and not args.overwrite:
            raise ValueError(f"{args.out} is there already; name another file, or replace it with --overwrite")
        study.to_csv(args.out)
    n = len(study.trials)
    print(f"{n} trial{'s' * (n != 1)} in {clean(args.out)}", file=sys.stderr)
    return ""


def _kind_of(out: str | None) -> str:
    ending = Path(out or "-").suffix.lower()[1:]
    if out not in (None, "-") and ending not in FORMATS:
        raise ValueError(f"--out {out} ends neither in .csv nor in .json; rename it, or say --format csv or json")
    return ending or "csv"


def _report(args: argparse.Namespace) -> str:
    from .study_report import to_html, write_report

    study = look(args.address, args.study)
    if args.out == "-":
        return to_html(study, args.address)
    out = Path(args.out or "report.html")
    write_report(study, args.address, out, overwrite=args.overwrite)
    print(f"report in {clean(out)}", file=sys.stderr)
    return ""


_ACTIONS: dict[str, Callable[[argparse.Namespace], str]] = {
    "list": _list,
    "show": _show,
    "export": _export,
    "report": _report,
}
