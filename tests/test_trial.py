"""Trials, open, finished and fixed: what their objective and their user find in them."""

import math
import pickle
import warnings
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

import tpe_reference
from tpe_reference import (
    Categorical,
    FixedTrial,
    Float,
    GridSampler,
    Int,
    Study,
    TrialRecord,
    TrialState,
    create_study,
    create_trial,
)
from tpe_reference.trial import BaseTrial


def record(**changes: Any) -> TrialRecord:
    start = datetime(2024, 5, 1, 12, 0)
    whole: dict[str, Any] = {
        "number": 3,
        "state": TrialState.COMPLETE,
        "value": 0.5,
        "params": {"x": 0.25, "n": 2},
        "distributions": {"x": Float(0, 1), "n": Int(1, 3)},
        "intermediate_values": {7: 0.6, 2: 0.9},
        "user_attrs": {"note": "a"},
        "datetime_start": start,
        "datetime_complete": start + timedelta(seconds=90),
    }
    return TrialRecord(**{**whole, **changes})


# ---- records ---------------------------------------------------------------------------------------------------------


def test_a_record_says_what_came_of_its_trial() -> None:
    assert (record().values, record().last_step, record().duration) == ([0.5], 7, timedelta(seconds=90))
    running = record(state=TrialState.RUNNING, value=None, intermediate_values={}, datetime_complete=None)
    assert (running.values, running.last_step, running.duration) == (None, None, None)


def test_records_are_in_the_order_of_their_numbers() -> None:
    records = [record(number=n, value=-n) for n in (2, 0, 3, 1)]
    assert [one.number for one in sorted(records)] == [0, 1, 2, 3]
    assert not records[0] < records[0]


def test_the_direction_of_its_study_is_no_part_of_a_record() -> None:
    assert record(direction="minimize") == record(direction="maximize")
    assert repr(record(direction="minimize")) == repr(record(direction="maximize"))
    assert record(value=0.25) != record()


def test_an_objective_runs_again_with_a_record_and_leaves_nothing_in_it() -> None:
    def objective(trial: Any) -> float:
        x, n = trial.suggest_float("x", 0, 1), trial.suggest_int("n", 1, 3)
        trial.report(x, 1)
        assert not trial.should_prune()
        return float(x * n)

    again, before = record(), pickle.dumps(record())
    assert objective(again) == 0.5
    assert pickle.dumps(again) == before
    again.set_user_attr("note", "b")
    assert again.user_attrs == {"note": "b"}


def test_a_record_gives_no_more_than_it_has() -> None:
    with pytest.raises(ValueError, match=r"no parameter 'y', it has \['n', 'x'\]"):
        record().suggest_float("y", 0, 1)
    with pytest.raises(ValueError, match=r"x=0\.25 lies outside"):
        record().suggest_float("x", 0.5, 1)
    with pytest.raises(ValueError, match=r"^report: step must be a whole number"):
        record().report(1.0, step=-1)


# ---- fixed trials, older names ---------------------------------------------------------------------------------------


def test_a_fixed_trial_hands_out_what_it_was_given_and_notes_the_domains() -> None:
    params = {"x": 1, "n": 2, "c": "a"}
    trial = FixedTrial(params)
    assert (trial.number, FixedTrial({}, number=5).number, trial.state) == (0, 5, "running")
    params["x"] = 0
    assert repr(trial.suggest_float("x", 0, 1)) == "1.0"
    assert trial.suggest_int("n", 2, 6, step=2) == 2
    assert trial.suggest_categorical("c", ["b", "a"]) == "a"
    assert trial.distributions == {"x": Float(0, 1), "n": Int(2, 6, step=2), "c": Categorical(["b", "a"])}


def test_a_number_is_handed_out_bit_for_bit() -> None:
    for value in np.geomspace(1e-5, 3.0, 50).tolist():
        assert FixedTrial({"x": value}).suggest_float("x", 1e-5, 3.0, log=True) == value
        assert FixedTrial({"x": value}).suggest_float("x", 0, 3.7) == value


def test_the_older_names_of_suggest_are_the_newer_ones() -> None:
    study = create_study(seed=0)
    for trial in (FixedTrial({"u": 2.5, "l": 0.01, "d": 0.75}), study.ask()):
        values = (
            trial.suggest_uniform("u", 2, 3),
            trial.suggest_loguniform("l", 1e-3, 1),
            trial.suggest_discrete_uniform("d", 0, 1, 0.25),
        )
        assert values == tuple(trial.params.values())
        domains = {"u": Float(2, 3), "l": Float(1e-3, 1, log=True), "d": Float(0, 1, step=0.25)}
        assert trial.distributions == domains


def test_what_is_neither_open_nor_fixed_suggests_nothing() -> None:
    with pytest.raises(NotImplementedError):
        BaseTrial().suggest_float("x", 0, 1)
    assert tpe_reference.trial.FrozenTrial is TrialRecord, "Optuna's name"


# ---- trials made by hand ---------------------------------------------------------------------------------------------


def test_a_trial_made_by_hand_is_what_was_said_of_it_and_does_not_follow_the_dicts() -> None:
    parts: dict[str, Any] = {
        "params": {"x": 0.5},
        "distributions": {"x": Float(0, 1)},
        "user_attrs": {"note": 1},
        "intermediate_values": {1: 0.75},
    }
    made = create_trial(values=(2.0,), **parts)
    assert (made.value, made.state, made.number) == (2.0, "complete", -1)
    said = {name: dict(part) for name, part in parts.items()}
    for part in parts.values():
        part.clear()
    assert {name: getattr(made, name) for name in parts} == said
    assert create_trial(state=TrialState.FAILED).params == {}


def test_what_is_added_is_put_right_in_the_study_and_not_in_the_users_record() -> None:
    study, mine = create_study(), record(params={"x": 1, "n": 2})
    study.add_trial(mine)
    assert [repr(one.params) for one in (study.trials[0], mine)] == ["{'x': 1.0, 'n': 2}", "{'x': 1, 'n': 2}"]
    for state, value in ((TrialState.PRUNED, 1.0), (TrialState.PRUNED, None), (TrialState.FAILED, None)):
        study.add_trial(create_trial(state=state, value=value))
    assert [one.value for one in study.trials] == [0.5, 1.0, None, None]
    with pytest.raises(ValueError, match=r"got .*running.*; tell it first"):
        study.add_trial(record(state=TrialState.RUNNING, value=None))


def test_a_trial_made_by_hand_has_one_value_and_a_domain_for_each_parameter() -> None:
    with pytest.raises(ValueError, match=r"give value or values, got 1.0 and \[1.0\]"):
        create_trial(value=1.0, values=[1.0])
    lopsided: list[dict[str, Any]] = [{"params": {"x": 1.0}}, {"distributions": {"x": Float(0, 1)}}]
    for names in lopsided:
        with pytest.raises(ValueError, match=r"create_trial: params names .*, distributions "):
            create_trial(value=1.0, **names)


# ---- open trials -----------------------------------------------------------------------------------------------------


def test_an_open_trial_knows_its_study_and_when_it_was_asked_for() -> None:
    study = create_study(seed=0)
    before = datetime.now()
    trial = study.ask({"x": [1]})
    assert repr(trial) == "Trial(number=0, params={'x': 1})"
    assert trial.study is study
    with pytest.raises(RuntimeError, match=r"trial\.study: in a parallel run"):
        _ = study._detached(trial).study
    assert before <= trial.datetime_start <= datetime.now()
    assert study.tell(trial, 1.0).datetime_start == trial.datetime_start


def test_a_trials_domains_are_those_that_were_named_also_where_a_grid_has_chosen() -> None:
    def named(study: Study) -> None:
        trial = study.ask()
        assert trial.distributions == {}
        trial.suggest_int("x", 0, 9)
        trial.distributions.clear()
        assert trial.distributions == {"x": Int(0, 9)}
        trial.suggest_int("y", 0, 9)
        assert trial.distributions == {"x": Int(0, 9), "y": Int(0, 9)}

    named(create_study(sampler=GridSampler({"x": [1, 2], "y": [3, 4]})))
    named(create_study(seed=0))


def test_the_warning_of_a_step_that_was_reported_points_at_the_objectives_line() -> None:
    trial = create_study(seed=0).ask()
    trial.report(1.0, 1)
    with pytest.warns(UserWarning, match="reported step 1 twice") as caught:
        trial.report(2.0, 1)
    assert caught[0].filename == __file__


def test_a_value_that_is_no_number_is_shown_with_its_type_unless_that_is_plain() -> None:
    study = create_study(seed=0)
    for value, shown in ((math.nan, "nan"), (None, r"None \(NoneType\)"), ("1.0", r"'1\.0' \(str\)")):
        with pytest.warns(UserWarning, match=f"failed: its value must be a number, got {shown}$"):
            study.tell(study.ask(), value)  # type: ignore[arg-type]


def test_an_array_of_one_number_is_no_number_even_where_numpy_would_make_it_one() -> None:
    study = create_study(seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, that it is about to stop, and ours
        assert study.tell(study.ask(), np.array([1.0])).state == "failed"  # type: ignore[arg-type]
        assert study.tell(study.ask(), np.array(1.0)).value == 1.0  # type: ignore[arg-type]
    assert study.tell(study.ask(), [2.0]).value == study.tell(study.ask(), (2.0,)).value == 2.0


def test_a_trial_with_a_declared_space_may_name_more() -> None:
    study = create_study(seed=0)
    trial = study.ask({"x": Float(0, 1)})
    y = trial.suggest_float("y", 2, 3)
    assert trial.params == {"x": trial.params["x"], "y": y}
    assert 2 <= y <= 3
