"""Rows of a storage's tables, and the records that they stand for.

Whatever has a structure is JSON text, all ASCII, so that no database's encoding matters; strict_json.py says how values
are written that JSON lacks.

>>> from_text(to_text({"x": float("inf")}, "params"), "params")
{'x': inf}
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from .space import Domain, TrialState
from .storage import Row
from .strict_json import decode, encode, parse
from .trial import TrialRecord, member

RUNNING, FAILED = str(TrialState.RUNNING), str(TrialState.FAILED)
LAST_STEP = 2**63 - 1  # what a BIGINT holds


def to_text(value: Any, where: str) -> str:
    """Return JSON that is all ASCII, so that no database's encoding matters."""
    return json.dumps(encode(value, where), allow_nan=False, separators=(",", ":"))


def from_text(text: str, where: str) -> Any:
    """Return the value that `to_text` has made into text."""
    return decode(parse(text), where)


def record_of(row: Row, domains: Mapping[str, Domain], curve: Mapping[int, float]) -> TrialRecord:
    """Return a row as a record."""
    end, domains = row.datetime_complete, fitting(row, domains)
    return TrialRecord(
        number=row.number,
        state=TrialState(row.state),
        value=row.value,
        params=params_of(row, domains),
        distributions=domains,
        intermediate_values=dict(sorted(curve.items())),
        user_attrs=from_text(row.user_attrs, "user_attrs"),
        error=None if row.error is None else from_text(row.error, "error"),
        datetime_start=datetime.fromisoformat(row.datetime_start),
        datetime_complete=None if end is None else datetime.fromisoformat(end),
    )


def columns_of(record: TrialRecord, space: int) -> dict[str, Any]:
    """Return what the table of trials holds of one that has finished; its space is the one at this place."""
    where, end = f"trial {record.number}", record.datetime_complete
    return {
        "state": str(record.state),
        "value": record.value,
        "params": to_text(record.params, f"{where}: params"),
        "space": space,
        "user_attrs": to_text(record.user_attrs, f"{where}: user_attrs"),
        "error": None if record.error is None else to_text(record.error, "error"),
        "datetime_start": record.datetime_start.isoformat(),
        "datetime_complete": None if end is None else end.isoformat(),
    }


def report_rows(study: int, number: int, curve: Mapping[int, float], revision: int) -> list[dict[str, Any]]:
    """Return the rows of the intermediate values of a trial."""
    of_trial = {"study": study, "number": number, "revision": revision}
    return [{**of_trial, "step": k, "value": None if math.isnan(v) else v} for k, v in curve.items()]


def fitting(row: Row, domains: Mapping[str, Domain]) -> dict[str, Domain]:
    """Return the domains of a trial's parameters.

    In a trial that has not come to its end, a value that was enqueued may lie outside the joint domain: its objective
    would have said so, or named another.
    """
    if row.state not in (RUNNING, FAILED):
        return dict(domains)
    params = from_text(row.params, "params")
    return {name: domain for name, domain in domains.items() if name in params and params[name] in domain}


def params_of(row: Row, domains: Mapping[str, Domain]) -> dict[str, Any]:
    """Return a row's parameters as values of their domains; those without a domain as they are."""
    params: dict[str, Any] = from_text(row.params, "params")
    return {name: member(name, value, domains[name]) if name in domains else value for name, value in params.items()}


def storable(record: TrialRecord) -> TrialRecord:
    """Return a record as the tables will give it back: their zero has no sign."""
    for step in record.intermediate_values:
        check_step(step)
    curve = {step: value + 0.0 for step, value in record.intermediate_values.items()}
    return replace(record, value=None if record.value is None else record.value + 0.0, intermediate_values=curve)


def storable_attrs(record: TrialRecord) -> tuple[dict[str, Any], list[str]]:
    """Return the attributes that can be stored, and what to say of the others: no reason to lose a result."""
    attrs, news = {}, []
    for key, value in record.user_attrs.items():
        try:
            encode({key: value}, f"trial {record.number}: user_attrs")
            attrs[key] = value
        except ValueError as error:
            news.append(f"{error}; it is not kept")
    return attrs, news


def check_step(step: int) -> None:
    """Raise ValueError for a step that the tables cannot hold."""
    if step > LAST_STEP:
        raise ValueError(f"report: in a storage a step must be at most {LAST_STEP}, got {step}")
