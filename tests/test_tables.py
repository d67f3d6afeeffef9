"""The trials as a table: with pandas and without, the same columns, and what a spreadsheet makes of it."""

import csv
import math
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tpe_reference import Categorical, Domain, Float, Int, Study, TrialRecord, TrialState, create_study

START = datetime(2026, 1, 31, 23, 59, 59, 5)


def study_of_every_kind() -> Study:
    """Branches, every state, attributes, and texts that somebody else has chosen."""
    study = create_study(seed=0)
    kinds = Categorical(["=cmd|' /C calc'!A0", None, 'a\nb,"c"'])
    seconds = timedelta(seconds=1, microseconds=5)

    def add(state: str, value: float | None, params: dict[str, Any], **attrs: Any) -> None:
        domains: dict[str, Domain] = {"z": Float(-9, 9), "kind": kinds, "n": Int(-9, 9)}
        record = TrialRecord(
            number=0,
            state=TrialState(state),
            value=value,
            params=params,
            distributions={name: domain for name, domain in domains.items() if name in params},
            intermediate_values={10: 0.5, 2: math.nan},
            user_attrs=attrs,
            datetime_start=START,
            datetime_complete=START + seconds,
        )
        study.add_trial(record)

    add("complete", -0.1 - 0.2, {"z": -1.5, "kind": "=cmd|' /C calc'!A0"}, note="@SUM(A1)", ü="ä")
    add("complete", math.inf, {"n": -3, "kind": None}, note=[1, None])
    add("pruned", 0.5, {"z": 0.0, "kind": 'a\nb,"c"'}, note=None)
    add("failed", None, {"z": 5e-324})
    study.ask({"z": Float(-9, 9)})
    return study


COLUMNS = [
    *("number", "value", "datetime_start", "datetime_complete", "duration", "params_kind", "params_n", "params_z"),
    *("user_attrs_note", "user_attrs_ü", "state"),
]


def test_the_dataframe_has_a_line_for_each_trial_and_a_column_for_each_parameter() -> None:
    study = study_of_every_kind()
    frame = study.trials_dataframe()
    assert list(frame.columns) == COLUMNS
    assert frame["number"].tolist() == [0, 1, 2, 3, 4]
    assert frame["state"].tolist() == ["COMPLETE", "COMPLETE", "PRUNED", "FAIL", "RUNNING"]
    assert frame["value"].tolist()[:3] == [-0.30000000000000004, math.inf, 0.5]
    assert frame["value"].isna().tolist() == [False, False, False, True, True]
    assert frame["params_kind"].isna().tolist() == [False, True, False, True, True]
    assert frame["params_kind"][0] == "=cmd|' /C calc'!A0", "data, not yet a file"
    assert frame["duration"][0] == pd.Timedelta(seconds=1, microseconds=5)
    assert pd.isna(frame["datetime_complete"][4])


def test_columns_are_chosen_and_may_have_two_levels() -> None:
    study = study_of_every_kind()
    frame = study.trials_dataframe(attrs=("state", "params", "intermediate_values", "error"), multi_index=True)
    params = [("params", "kind"), ("params", "n"), ("params", "z")]
    curve = [("intermediate_values", 2), ("intermediate_values", 10)]  # in the order of the steps
    assert list(frame.columns) == [("state", ""), *params, *curve, ("error", "")]
    assert frame["params"]["z"].tolist()[:1] == [-1.5]
    with pytest.raises(ValueError, match=r"attrs must be a list of some of number, value, .*got \['colour'\]"):
        study.trials_dataframe(attrs=["colour"])
    with pytest.raises(ValueError, match=r"attrs must be a list of some of .*got 'value'"):
        study.to_csv("never.csv", attrs="value")


def test_a_study_without_trials_is_an_empty_table(tmp_path: Path) -> None:
    assert create_study().trials_dataframe().empty
    create_study().to_csv(tmp_path / "trials.csv")
    header = "number,value,datetime_start,datetime_complete,duration,state\r\n"
    assert (tmp_path / "trials.csv").read_bytes().decode() == header


def test_without_pandas_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # so Python refuses to import it
    study = study_of_every_kind()
    with pytest.raises(ImportError, match=r'pip install pandas \(or "tpe-reference\[dataframe\]"\).*study.to_csv'):
        study.trials_dataframe()
    study.to_csv(tmp_path / "trials.csv")
    assert (tmp_path / "trials.csv").exists()


def test_a_csv_file_is_read_back_by_python(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    study_of_every_kind().to_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    first, second, third, fourth, fifth = rows
    assert float(first["value"]) == -0.1 - 0.2
    assert (first["params_kind"], first["user_attrs_note"]) == ("'=cmd|' /C calc'!A0", "'@SUM(A1)"), "no formulas"
    assert (first["params_z"], first["params_n"], first["user_attrs_ü"]) == ("-1.5", "", "ä")
    assert (first["datetime_start"], first["duration"]) == ("2026-01-31 23:59:59.000005", "0:00:01.000005")
    assert (second["value"], second["params_kind"], second["params_n"]) == ("inf", "None", "-3")
    assert (second["user_attrs_note"], third["user_attrs_note"], fourth["user_attrs_note"]) == ("[1, None]", "None", "")
    assert third["params_kind"] == 'a\nb,"c"'
    assert (fourth["value"], fourth["state"], float(fourth["params_z"])) == ("", "FAIL", 5e-324)
    assert (fifth["state"], fifth["duration"]) == ("RUNNING", "")


def test_a_csv_file_is_read_back_by_pandas(tmp_path: Path) -> None:
    study = study_of_every_kind()
    study.to_csv(tmp_path / "trials.csv")
    frame, wanted = pd.read_csv(tmp_path / "trials.csv", engine="python"), study.trials_dataframe()
    assert list(frame.columns) == list(wanted.columns)
    for column in ("number", "value", "params_z", "params_n"):
        # (Not all versions of pandas read the last binary digit right.)
        np.testing.assert_allclose(frame[column], wanted[column].astype(float), rtol=1e-15)
    for column in ("datetime_start", "datetime_complete"):
        assert pd.to_datetime(frame[column]).astype(str).tolist() == wanted[column].astype(str).tolist()
    assert pd.to_timedelta(frame["duration"])[0] == wanted["duration"][0]


def test_a_header_cannot_be_a_formula_either(tmp_path: Path) -> None:
    study = create_study(seed=0)
    study.optimize(lambda trial: trial.suggest_float("=1+1", 0, 1) + trial.suggest_float("a\n=2", 0, 1), n_trials=1)
    study.to_csv(tmp_path / "trials.csv", attrs=["params"])
    with (tmp_path / "trials.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["params_=1+1", "params_a\n=2"]
