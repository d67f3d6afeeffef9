"""The trials of a study as a table: a line for each trial, a column for each parameter and attribute.

The columns are those of Optuna's ``trials_dataframe``, by the same names, with the states as Optuna writes them. As a
pandas DataFrame it needs pandas; as a CSV file it needs nothing.

Start reading at `columns_and_rows`.

>>> import tpe_reference
>>> study = tpe_reference.create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_int("x", 1, 3) ** 0, n_trials=2)
>>> columns, rows = columns_and_rows(study.trials, ("number", "value", "params", "state"))
>>> columns
[('number', ''), ('value', ''), ('params', 'x'), ('state', '')]
>>> rows[1][("value", "")], rows[1][("state", "")]
(1.0, 'COMPLETE')
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .disk import csv_text, write_whole
from .study import Study
from .trial import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

Column = tuple[str, Any]  # an attribute of a trial and, where that is a dict, a key of it; else ""

ATTRIBUTES = ("number", "value", "datetime_start", "datetime_complete", "duration", "params", "user_attrs", "state")
# Further ones that a trial has; they are not in the table unless they are asked for.
MORE_ATTRIBUTES = ("intermediate_values", "distributions", "error")


def columns_and_rows(
    records: Sequence[TrialRecord], attrs: Sequence[str]
) -> tuple[list[Column], list[dict[Column, Any]]]:
    """Return the names of the columns, and for each trial its entries; a trial may lack some.

    The columns of a dict are in the order of their keys, whatever trial named them first.

    Raises:
        ValueError: For an attribute that trials have not.
    """
    known = (*ATTRIBUTES, *MORE_ATTRIBUTES)
    if isinstance(attrs, str) or not set(attrs) <= set(known):
        raise ValueError(f"attrs must be a list of some of {', '.join(known)}; got {attrs!r}")
    columns: list[Column] = []
    rows: list[dict[Column, Any]] = [{} for _ in records]
    for attr in attrs:
        values: list[Any] = [_state_name(record) if attr == "state" else getattr(record, attr) for record in records]
        if attr in ("params", "user_attrs", "intermediate_values", "distributions"):
            keys = {key for value in values for key in value}
            columns += [(attr, key) for key in sorted(keys, key=lambda key: (isinstance(key, str), key))]
            for row, value in zip(rows, values, strict=True):
                row |= {(attr, key): entry for key, entry in value.items()}
        else:
            columns.append((attr, ""))
            for row, value in zip(rows, values, strict=True):
                row[attr, ""] = value
    return columns, rows


def trials_dataframe(study: Study, attrs: Sequence[str] | None = None, multi_index: bool = False) -> pd.DataFrame:
    """Return the trials as a pandas DataFrame; see `Study.trials_dataframe`."""
    try:
        import pandas as pd  # optional
    except ImportError:
        raise ImportError(
            'trials_dataframe needs pandas: pip install pandas (or "tpe-reference[dataframe]"); '
            "study.to_csv(path) writes the same table without it"
        ) from None
    columns, rows = columns_and_rows(study.trials, ATTRIBUTES if attrs is None else attrs)
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(columns))
    if not multi_index:
        frame.columns = pd.Index([_flat(column) for column in columns])
    return frame


def to_csv(study: Study, path: str | os.PathLike[str], attrs: Sequence[str] | None = None) -> None:
    """Write the trials into a CSV file; see `Study.to_csv`."""
    write_whole(Path(path), as_csv(study, attrs))


def as_csv(study: Study, attrs: Sequence[str] | None = None) -> str:
    """Return what `to_csv` writes."""
    columns, rows = columns_and_rows(study.trials, ATTRIBUTES if attrs is None else attrs)
    # A choice that is None is another thing than a parameter that the trial has not, whose cell is empty.
    shown = ([_none_as_text(column, row) for column in columns] for row in rows)
    return csv_text([_flat(column) for column in columns], shown)


def _none_as_text(column: Column, row: dict[Column, Any]) -> Any:
    is_a_choice = column[1] != "" and column in row and row[column] is None
    return "None" if is_a_choice else row.get(column)


def _flat(column: Column) -> str:
    return "_".join(str(part) for part in column if part != "")


def _state_name(record: TrialRecord) -> str:
    return "FAIL" if record.state == "failed" else record.state.upper()  # Optuna's word
