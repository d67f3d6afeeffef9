"""The table of a study's trials is the one that Optuna makes of the same trials."""

from datetime import datetime, timedelta

import pandas as pd
import pytest

from tpe_reference import Categorical, Domain, Float, Int, TrialRecord, TrialState, create_study

optuna = pytest.importorskip("optuna")

DOMAINS: dict[str, Domain] = {"z": Float(-9, 9), "c": Categorical(["a", None, "b"]), "n": Int(1, 9)}
THEIRS = {
    "z": optuna.distributions.FloatDistribution(-9, 9),
    "c": optuna.distributions.CategoricalDistribution(["a", None, "b"]),
    "n": optuna.distributions.IntDistribution(1, 9),
}
STATES = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL", "running": "RUNNING"}
TRIALS = [
    ("complete", 0.5, {"z": 1.5, "c": "b"}, {"note": "x"}),
    ("complete", float("inf"), {"c": None, "n": 3}, {}),
    ("pruned", 2.5, {"z": -1.0}, {"note": None, "a": [1, 2]}),
    ("failed", None, {}, {}),
    ("complete", -1.0, {"z": 0.0, "c": "a"}, {"a": 1}),
]


@pytest.mark.parametrize("trials", [TRIALS, TRIALS[:1], TRIALS[3:4]], ids=["all", "one", "a failure"])
@pytest.mark.parametrize("attrs", [None, ("number", "value", "params", "state"), ("state", "intermediate_values")])
@pytest.mark.parametrize("multi_index", [False, True])
def test_the_dataframe_is_optunas(
    trials: list[tuple[str, float | None, dict[str, object], dict[str, object]]],
    attrs: tuple[str, ...] | None,
    multi_index: bool,
) -> None:
    ours, theirs = create_study(), optuna.create_study()
    start, end = datetime(2026, 1, 1), datetime(2026, 1, 1) + timedelta(seconds=1.5)
    for state, value, params, notes in trials:
        record = TrialRecord(
            number=0,
            state=TrialState(state),
            value=value,
            params=params,
            distributions={name: DOMAINS[name] for name in params},
            intermediate_values={10: 1.0, 2: 0.5},
            user_attrs=notes,
            datetime_start=start,
            datetime_complete=end,
        )
        ours.add_trial(record)
        trial = optuna.trial.create_trial(
            state=optuna.trial.TrialState[STATES[state]],
            value=value,
            params=params,
            distributions={name: THEIRS[name] for name in params},
            intermediate_values={10: 1.0, 2: 0.5},
            user_attrs=notes,
        )
        trial.datetime_start, trial.datetime_complete = start, end
        theirs.add_trial(trial)
    arguments = {} if attrs is None else {"attrs": attrs}
    pd.testing.assert_frame_equal(
        ours.trials_dataframe(attrs, multi_index), theirs.trials_dataframe(**arguments, multi_index=multi_index)
    )
