"""Compare somebody's functions with the traces: those that exist, case by case.

Start reading at `check`; `difference` says what counts as equal.
"""

from __future__ import annotations

import copy
import math
import numbers
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import user_files
from ..user_files import UsageError
from . import load


@dataclass(frozen=True)
class Verdict:
    """How one function fared: the cases it was called for, and what was wrong with those that failed."""

    function: str
    n_cases: int
    failures: list[str]


def check(functions: Mapping[str, Any]) -> list[Verdict]:
    """Return a verdict for every function of the traces that is there.

    Args:
        functions: By name. A list RULES among them restricts the cases of TPE to the rules that it names.

    Raises:
        UsageError: When none of the names is known, or one of RULES is not.
        KeyboardInterrupt: At Ctrl-C, with a message that says in which function and case.
    """
    traces = load()
    known = sorted({rules for case in traces["tpe"]["cases"] if (rules := case["arguments"].get("rules"))})
    wanted = functions.get("RULES", known)
    if not isinstance(wanted, (list, tuple, set, dict)) or any(rules not in known for rules in wanted):
        raise UsageError(f"RULES must be a list of some of {known}, got {wanted!r}")
    answers: dict[str, list[str | None]] = {}
    for trace in traces.values():
        for case in trace["cases"]:
            function = functions.get(case["function"])
            if callable(function) and case["arguments"].get("rules") in [None, *wanted]:
                answers.setdefault(case["function"], []).append(_wrong(function, case, trace["tolerance"]))
    if not answers:
        raise UsageError(f"there is nothing to check; write one of these functions:\n{_signatures()}")
    return [Verdict(name, len(wrongs), [wrong for wrong in wrongs if wrong]) for name, wrongs in answers.items()]


def difference(expected: Any, got: Any, tolerance: float, at: str = "result") -> str | None:
    """Say where an answer differs from the one expected; None where it does not.

    Lists, tuples and arrays are the same; an object may have more keys; whole numbers must be equal, others agree to
    the tolerance times the larger of 1 and the number itself; true is not 1.
    """
    got = got.tolist() if hasattr(got, "tolist") else got
    if isinstance(expected, dict) and isinstance(got, Mapping):
        missing = [key for key in expected if key not in got]
        if missing:
            return f"{at} has no {missing[0]!r}"
        parts = [(key, expected[key], got[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(got, (list, tuple)):
        if len(expected) != len(got):
            return f"{at} should have {len(expected)} entries, not {len(got)}"
        parts = [(i, expected[i], got[i]) for i in range(len(expected))]
    else:
        return None if _same(expected, got, tolerance) else f"{at} should be {_short(expected)}, not {_short(got)}"
    return next((d for key, e, g in parts if (d := difference(e, g, tolerance, f"{at}[{key!r}]"))), None)


def load_functions(path: Path) -> dict[str, Any]:
    """Return what somebody's Python file defines.

    Raises:
        UsageError: When there is no such file, or running it raises.
    """
    spec = user_files.find_file(path, f"{path.stem}_to_check")
    sys.path.insert(0, str(path.resolve().parent))  # so that it can import its neighbours
    try:
        return vars(user_files.import_file(spec))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped while running {path.name}") from None
    except (Exception, SystemExit) as error:  # whatever somebody's file does
        raise UsageError(f"{path}: running it failed with {_described(error)}") from error


def report(verdicts: list[Verdict]) -> str:
    """Return the verdicts as text: a line for each function, its first failure, and which functions are missing."""
    lines = []
    for verdict in verdicts:
        n_right = verdict.n_cases - len(verdict.failures)
        lines.append(f"{verdict.function:17} {n_right:3} of {verdict.n_cases:3} right")
        lines += verdict.failures[:1]  # the first is the simplest
    known = [name for trace in load().values() for name in trace["functions"]]
    missing = [name for name in known if name not in {verdict.function for verdict in verdicts}]
    return "\n".join([*lines, f"missing: {', '.join(missing) or 'nothing'}"])


def _wrong(function: Any, case: dict[str, Any], tolerance: float) -> str | None:
    """Return a description of what a function got wrong in one case; None when it is right."""
    try:
        got = function(*copy.deepcopy(list(case["arguments"].values())))
        problem = difference(case["result"], got, tolerance)
    except KeyboardInterrupt:  # its author's, because it does not come to an end
        raise KeyboardInterrupt(f"stopped in {case['function']}, case {case['name']!r}") from None
    except (Exception, SystemExit) as error:
        got, problem = error, f"it raised {_described(error)}"
    if problem is None:
        return None
    shown = {"case": case["name"], **{f"  {name}": _short(value) for name, value in case["arguments"].items()}}
    shown |= {"expected": _short(case["result"]), "got": _short(got), "because": problem}
    return "\n".join(f"    {key:12} {value}" for key, value in shown.items())


def _same(expected: Any, got: Any, tolerance: float) -> Any:
    if isinstance(expected, (bool, str, list, dict)) or expected is None:
        return type(got) is type(expected) and got == expected
    if not isinstance(got, numbers.Real) or isinstance(got, bool):
        return False
    if isinstance(expected, int) or not math.isfinite(expected):
        return got == expected or (got != got and expected != expected)  # nan alone differs from itself
    return abs(float(got) - expected) <= tolerance * max(1.0, abs(expected))


def _described(error: BaseException) -> str:
    """Return an error's message, and where in somebody's file it arose."""
    message = ": ".join(filter(None, [type(error).__name__, str(error)]))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename[0] != "<"]
    theirs = [frame for frame in frames if frame.filename not in (__file__, user_files.__file__)]
    inner = [frame.lineno for frame in theirs if frame.filename == theirs[0].filename]  # not in what it calls
    return f"{message} ({Path(theirs[0].filename).name}, line {inner[-1]})" if inner else message


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and len(value) > 300 else repr(value)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"


def _signatures() -> str:
    functions = {name: entry for trace in load().values() for name, entry in trace["functions"].items()}
    return "\n".join(f"    {name}({', '.join(entry['arguments'])})" for name, entry in functions.items())
