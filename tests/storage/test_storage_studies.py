"""Studies in a database: made, found, refused, copied and deleted; what they hold comes back to the last bit."""

import inspect
import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_values import any_text, bits, outline, plain_values, records
from storage_workers import bowl, everything, run

import tpe_reference
from tpe_reference import (
    Categorical,
    CmaEsSampler,
    Domain,
    Float,
    FrozenTrial,
    GridSampler,
    Int,
    MedianPruner,
    PercentilePruner,
    RandomSampler,
    Study,
    TPESampler,
    TrialRecord,
    copy_study,
    create_study,
    delete_study,
    exceptions,
    get_all_study_names,
    get_all_study_summaries,
    load_study,
)

# Some trials fail on purpose, and say so.
pytestmark = pytest.mark.filterwarnings("ignore:trial [0-9]+ failed:UserWarning")

# The database is that of the whole test, and every example has a study of its own in it.
in_one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
_names = iter(range(10**9))


def new_name() -> str:
    return f"study {next(_names)}"


def exactly(study: Study) -> Any:
    """All that there is in a study, times included, to the last bit."""
    trials = [
        (bits([vars(t)[key] for key in vars(t) if key != "distributions"]), repr(t.distributions)) for t in study.trials
    ]
    best = None if study._best is None else bits([study.best_value, study.best_params])
    return trials, best, bits(study.user_attrs), str(study.direction), study.seed, study.study_name


# ---- made and found --------------------------------------------------------------------------------------------------


def test_a_study_is_found_by_its_name_and_has_all_that_was_told(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="mine", direction="maximize", seed=7)
    study.optimize(everything, n_trials=12)
    study.set_user_attr("data", {"version": 3})
    assert isinstance(study, Study)
    again = load_study(study_name="mine", storage=storage_url)
    assert exactly(again) == exactly(study)
    assert exactly(load_study(storage=storage_url)) == exactly(study), "there is just one"
    more = create_study(storage=storage_url, study_name="mine", load_if_exists=True)
    assert exactly(more) == exactly(study)
    assert (more.seed, more.direction) == (7, "maximize")


def test_without_a_name_one_is_made_up(storage_url: str) -> None:
    first, second = create_study(storage=storage_url), create_study(storage=storage_url)
    assert first.study_name is not None
    assert first.study_name.startswith("no-name-")
    assert first.study_name != second.study_name
    assert get_all_study_names(storage_url) == [first.study_name, second.study_name]
    with pytest.raises(ValueError, match=r"study_name"):
        load_study(storage=storage_url)


def test_a_name_that_exists_and_one_that_does_not(storage_url: str) -> None:
    create_study(storage=storage_url, study_name="there")
    with pytest.raises(exceptions.DuplicatedStudyError, match=r"'there'.*load_if_exists=True"):
        create_study(storage=storage_url, study_name="there")
    assert issubclass(exceptions.DuplicatedStudyError, ValueError)
    for ask in (
        lambda: load_study(study_name="their", storage=storage_url),
        lambda: delete_study(study_name="their", storage=storage_url),
        lambda: copy_study(
            from_study_name="their", from_storage=storage_url, to_storage=storage_url, to_study_name="x"
        ),
    ):
        with pytest.raises(exceptions.StudyNotFoundError) as caught:
            ask()
        assert "'their'" in str(caught.value)
        assert "'there'" in str(caught.value), "what there is"
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize("wrong", [{"direction": "maximize"}, {"directions": ["maximize"]}, {"seed": 8}])
def test_what_contradicts_the_stored_study_is_refused(storage_url: str, wrong: dict[str, Any]) -> None:
    create_study(storage=storage_url, study_name="s", direction="minimize", seed=7)
    (name,) = wrong
    with pytest.raises(ValueError, match=r"direction='maximize', but .*direction='minimize'|seed=8, but .*seed=7;"):
        create_study(storage=storage_url, study_name="s", load_if_exists=True, **wrong)
    right: dict[str, Any] = {"direction": "minimize", "directions": ["minimize"], "seed": 7}
    create_study(storage=storage_url, study_name="s", load_if_exists=True, **{name: right[name]})


def test_nothing_is_made_where_the_arguments_make_no_sense(storage_url: str) -> None:
    wrong: list[tuple[str, Any]] = [
        ("direction", "up"),
        ("seed", -1),
        ("lease", 0),
        ("lease", float("nan")),
        ("retry", -1),
        ("retry", 0.5),
        ("study_name", 5),
        ("sampler", TPESampler),
    ]
    for name, value in wrong:
        with pytest.raises((ValueError, TypeError), match=name):
            create_study(storage=storage_url, **{name: value})
    create_study(storage=storage_url, study_name="the only one")
    assert get_all_study_names(storage_url) == ["the only one"]


def test_lists_and_summaries(storage_url: str) -> None:
    for look in (get_all_study_names, get_all_study_summaries):  # a misspelt address is not an empty storage
        with pytest.raises(exceptions.StudyNotFoundError):
            look(storage_url)
    before = datetime.now()
    one = create_study(storage=storage_url, study_name="one", direction="maximize")
    one.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    one.set_user_attr("who", "me")
    one.ask()
    create_study(storage=storage_url, study_name="two")
    first, second = get_all_study_summaries(storage_url)
    assert (first.study_name, first.direction.name, first.n_trials) == ("one", "MAXIMIZE", 4)
    assert first.n_by_state == {"complete": 3, "running": 1}
    assert first.best_trial is not None
    best = one.best_trial
    assert bits([first.best_trial.number, first.best_trial.params]) == bits([best.number, best.params])
    assert first.best_trial.value == one.best_value
    assert first.user_attrs == {"who": "me"}
    assert before <= first.datetime_start <= one.trials[0].datetime_start
    assert first.datetime_last == one.trials[3].datetime_start
    assert [entry.best_trial for entry in get_all_study_summaries(storage_url, include_best_trial=False)] == [None] * 2
    assert (second.study_name, second.n_trials, second.best_trial, second.datetime_last) == ("two", 0, None, None)


# ---- deleted and copied ----------------------------------------------------------------------------------------------


def test_a_deleted_study_is_gone_and_the_others_are_not(storage_url: str) -> None:
    other = create_study(storage=storage_url, study_name="other")
    gone = create_study(storage=storage_url, study_name="gone")
    for study in (other, gone):
        study.optimize(bowl, n_trials=3)
        study.enqueue_trial({"x": 1})
    before = exactly(other)
    delete_study(study_name="gone", storage=storage_url)
    assert get_all_study_names(storage_url) == ["other"]
    assert exactly(load_study(storage=storage_url)) == before
    with pytest.raises(ValueError, match="gone"):
        gone.ask()
    again = create_study(storage=storage_url, study_name="gone")
    assert again.trials == []
    assert "x" not in again.ask(None)._given(), "nor is anything enqueued"


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_copy_in_another_database_has_all_and_goes_on_alike(sqlite_url: str, postgresql_url: str, way: str) -> None:
    source, target = (sqlite_url, postgresql_url) if way == "there" else (postgresql_url, sqlite_url)
    study = create_study(
        storage=source, study_name="s", direction="maximize", seed=1, sampler=TPESampler(n_startup_trials=5)
    )
    study.optimize(everything, n_trials=20)
    study.add_trial(odd_record())
    study.set_user_attr("a", [1, {"b": 2**70}])
    study.enqueue_trial({"x": 0.25}, {"why": "hunch"})
    copy_study(from_study_name="s", from_storage=source, to_storage=target)
    copy = load_study(study_name="s", storage=target)
    assert exactly(copy) == exactly(study)
    assert vars(copy.sampler)["n_startup_trials"] == 5
    for one in (study, copy):
        one.optimize(everything, n_trials=15)
    assert outline(copy) == outline(study)
    with pytest.raises(exceptions.DuplicatedStudyError, match="to_study_name"):
        copy_study(from_study_name="s", from_storage=source, to_storage=target)
    copy_study(from_study_name="s", from_storage=source, to_storage=source, to_study_name="s 2")
    assert get_all_study_names(source) == ["s", "s 2"]
    assert outline(load_study(study_name="s 2", storage=source)) == outline(study)


def odd_record() -> TrialRecord:
    """Values that text, decimals and 64 bits do not hold."""
    space: dict[str, Domain] = {
        "tiny": Float(0.0, 1.0),
        "minus": Float(-1.0, 1.0),
        "large": Int(0, 2**64),
        "choice": Categorical([1, True, 1.5, None, "1", "\0", "\ud83d"]),
        "step": Float(0.0, 0.3, step=0.1),
    }
    return TrialRecord(
        number=0,
        state=tpe_reference.TrialState.COMPLETE,
        value=-0.0,
        params={"tiny": 1e-320, "minus": -0.0, "large": 2**60 + 1, "choice": True, "step": 0.1 + 0.2},
        distributions=space,
        intermediate_values={0: float("nan"), 2**40: float("-inf"), 7: 5e-324},
        user_attrs={"": None, "deep": {"a": [float("inf"), -0.0, {"b": 2**100}]}},
    )


# ---- whatever they hold ----------------------------------------------------------------------------------------------


def test_values_that_are_hard_to_keep(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s", direction="maximize")
    record = odd_record()
    study.add_trial(record)
    for value in (float("inf"), float("-inf"), 1e-320, -1e-320, 1.7976931348623157e308, 0.1 + 0.2, 2**60):
        study.tell(study.ask({"x": Float(0, 1)}), value)
    with pytest.warns(UserWarning, match="must be a number"):
        study.tell(study.ask({"x": Float(0, 1)}), float("nan"))
    assert exactly(load_study(storage=storage_url)) == exactly(study)
    assert contents_of(study.trials[:1]) == contents_of([storable(record)])


def storable(record: TrialRecord) -> TrialRecord:
    """A record with steps of 64 bits, which a database keeps, and zeros without a sign, which it does not."""
    curve = {step % 2**63: value + 0.0 for step, value in record.intermediate_values.items()}
    value = None if record.value is None else record.value + 0.0
    return replace(record, value=value, intermediate_values=dict(sorted(curve.items())))


finished_records = records().filter(lambda record: record.state != "running").map(storable)


@in_one_database
@given(found=st.lists(finished_records, max_size=3), attrs=st.dictionaries(any_text, plain_values, max_size=2))
def test_whatever_trials_hold_comes_back_to_the_last_bit(
    storage_url: str, found: list[TrialRecord], attrs: dict[str, Any]
) -> None:
    name = new_name()
    study = create_study(storage=storage_url, study_name=name, sampler=RandomSampler())
    study.add_trials(found)
    for key, value in attrs.items():
        study.set_user_attr(key, value)
    again = load_study(study_name=name, storage=storage_url)
    assert exactly(again) == exactly(study)
    assert contents_of(again.trials) == contents_of(found)
    assert bits(again.user_attrs) == bits(attrs)
    in_a_copy = new_name()
    copy_study(from_study_name=name, from_storage=storage_url, to_storage=storage_url, to_study_name=in_a_copy)
    assert contents_of(load_study(study_name=in_a_copy, storage=storage_url).trials) == contents_of(found)


PLACE = ("number", "direction", "distributions")  # of a record: where it stands, and what is compared by its repr


def contents_of(found: list[TrialRecord]) -> list[Any]:
    return [
        (
            bits({key: value for key, value in vars(t).items() if key not in PLACE}),
            repr(t.distributions),
        )
        for t in found
    ]


def test_what_a_database_cannot_hold(storage_url: str) -> None:
    """A zero has no sign there, for whoever told it as well; a step has 64 bits."""
    study = create_study(storage=storage_url, study_name="s", direction="maximize")
    trial = study.ask({"x": Float(-1, 1)})
    trial.report(-0.0, 1)
    with pytest.raises(ValueError, match=r"step.*9223372036854775808"):
        trial.report(0.5, 2**63)
    trial.report(0.5, 2**63 - 1)
    study.tell(trial, -0.0)
    assert exactly(load_study(storage=storage_url)) == exactly(study)
    assert bits([study.best_value, study.trials[0].intermediate_values]) == bits([0.0, {1: 0.0, 2**63 - 1: 0.5}])


NAMES = {
    "quotes": "it's \"quoted\" `twice` \\ and \\' more",
    "sql": "x'); DROP TABLE trials; DROP TABLE studies; --",
    "markup": "<script>alert(1)</script>&amp;",
    "unicode": "ü 漢字 🎉 \u202e \u0301",
    "nul": "a\0b",
    "half a pair": "\ud83d",
    "control": "\x01\x1b[31m\r\n\t\x7f",
    "long": "long " * 2000,
    "placeholders": "%s %(name)s :name ? {} $1 %",
    "blank": " ",
    "empty": "",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_are_data_whatever_is_in_them(storage_url: str, name: str) -> None:
    other = create_study(storage=storage_url, study_name="other")
    study = create_study(storage=storage_url, study_name=name, seed=1)

    def objective(trial: Any) -> float:
        trial.set_user_attr(name, name)
        trial.report(0.5, 1)
        return float(trial.suggest_float(name, 0, 1) + (trial.suggest_categorical("c", [name, None]) is None))

    study.optimize(objective, n_trials=1)
    study.set_user_attr(name, [name, {name: name}])
    study.enqueue_trial({name: 0.5}, {name: name})
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda trial: raise_with(name), n_trials=1)
    again = load_study(study_name=name, storage=storage_url)
    assert again.study_name == name
    assert exactly(again) == exactly(study)
    assert name in (again.trials[-1].error or "")
    assert get_all_study_names(storage_url) == ["other", name]
    copy_study(from_study_name=name, from_storage=storage_url, to_storage=storage_url, to_study_name=f"{name}2")
    delete_study(study_name=name, storage=storage_url)
    assert get_all_study_names(storage_url) == ["other", f"{name}2"]
    assert other.trials == []
    assert "<script>" not in load_study(study_name=f"{name}2", storage=storage_url)._repr_html_()


def raise_with(text: str) -> float:
    raise ZeroDivisionError(text)


def test_names_that_only_look_alike_are_two(storage_url: str) -> None:
    names = ["a", "A", "a ", "ä", "a\u0308", "\0", "\0\0"]
    for name in names:
        create_study(storage=storage_url, study_name=name, seed=1).set_user_attr("name", name)
    assert get_all_study_names(storage_url) == names
    assert [load_study(study_name=name, storage=storage_url).user_attrs["name"] for name in names] == names


def test_what_cannot_be_kept_is_named_and_the_trial_stays_open(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s")
    trial = study.ask({"x": Float(0, 1)})
    with pytest.raises(ValueError, match=r"user_attrs\.model is of the type object"):
        trial.set_user_attr("model", object())
    assert trial.user_attrs == {}
    study.tell(trial, 1.0)
    with pytest.raises(ValueError, match="of the type set"):
        study.set_user_attr("a", {1})
    with pytest.raises(ValueError, match="of the type complex"):
        study.enqueue_trial({"x": 1j})
    assert exactly(load_study(storage=storage_url)) == exactly(study)
    assert load_study(storage=storage_url).user_attrs == {}


# ---- samplers and pruners --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sampler",
    [
        RandomSampler(),
        TPESampler(n_startup_trials=3, n_candidates=5, multivariate=False),
        CmaEsSampler(sigma0=0.1 + 0.2, popsize=7, restart="bipop"),
        GridSampler({"x": [0.1, 0.5], "c": ["ä", None, 2**60]}),
        GridSampler({"x": Float(0, 1), "k": Int(1, 3)}, points={"x": 4}),
    ],
    ids=["random", "tpe", "cma-es", "grid of lists", "grid of domains"],
)
def test_our_samplers_and_pruners_are_rebuilt_with_their_settings(storage_url: str, sampler: Any) -> None:
    pruner = PercentilePruner(12.5, n_startup_trials=2)
    create_study(storage=storage_url, study_name="s", sampler=sampler, pruner=pruner)
    again = load_study(storage=storage_url)
    assert type(again.sampler) is type(sampler)
    assert repr(public(again.sampler)) == repr(public(sampler))
    assert vars(again.pruner) == vars(pruner)
    other = load_study(storage=storage_url, sampler=RandomSampler(), pruner=MedianPruner())
    assert (type(other.sampler), type(other.pruner)) == (RandomSampler, MedianPruner)


def public(thing: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(thing).items() if not key.startswith("_")}


class MySampler:
    """Somebody's own."""

    def suggest(
        self, space: Mapping[str, Any], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any]:
        return {name: domain.from_unit(rng.random()) for name, domain in space.items()}


def test_a_sampler_of_ones_own_has_to_be_passed_again(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s", sampler=MySampler(), seed=1)
    study.optimize(bowl, n_trials=2)
    with pytest.raises(ValueError, match="MySampler"):
        load_study(storage=storage_url)
    again = load_study(storage=storage_url, sampler=MySampler())
    again.optimize(bowl, n_trials=2)
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
    assert load_study(storage=storage_url, sampler=RandomSampler()).trials == study.trials


# ---- handles ---------------------------------------------------------------------------------------------------------


def test_a_handle_is_pickled_and_connects_again(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s", seed=3)
    study.optimize(bowl, n_trials=3)
    again = pickle.loads(pickle.dumps(study))
    again.optimize(bowl, n_trials=2)
    study.optimize(bowl, n_trials=2)
    alone = create_study(seed=3)
    alone.optimize(bowl, n_trials=7)
    assert outline(again) == outline(study) == outline(alone)


FORK = """
import os, sys
from tpe_reference import RandomSampler, create_study
study = create_study(storage=sys.argv[1], study_name="s", load_if_exists=True, sampler=RandomSampler(), seed=1)
objective = lambda trial: trial.suggest_float("x", 0, 1)
study.optimize(objective, n_trials=2)
trial = study.ask()
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        study.optimize(objective, n_trials=5)
        os._exit(0)
    children.append(pid)
study.optimize(objective, n_trials=5)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
study.tell(trial, objective(trial))
assert [t.number for t in study.trials] == list(range(23)), study.trials
assert {t.state for t in study.trials} == {"complete"}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_handle_survives_fork(storage_url: str) -> None:
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", FORK, storage_url]
    subprocess.run(command, check=True, timeout=100, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})


def test_reading_does_not_write(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s", seed=1, lease=0.2)
    study.optimize(everything, n_trials=8)
    reader = load_study(storage=storage_url)
    before = mark(storage_url)
    for _ in range(3):
        again = load_study(storage=storage_url)
        for handle in (reader, again):
            assert len(handle.trials) == 8
            assert (handle.best_value, handle.best_params) == (study.best_value, study.best_params)
            assert handle.get_trials(deepcopy=False) == study.trials
            repr(handle), handle.user_attrs, handle.best_trials, handle._repr_html_()
        get_all_study_names(storage_url)
        get_all_study_summaries(storage_url)
    assert mark(storage_url) == before, "somebody has written"


_watchers: dict[str, sqlite3.Connection] = {}


def mark(url: str) -> Any:
    """What changes when anybody commits a change."""
    if url.startswith("sqlite"):
        # data_version tells one connection whether others have committed.
        watcher = _watchers.setdefault(url, sqlite3.connect(url.removeprefix("sqlite:///")))
        return watcher.execute("PRAGMA data_version").fetchone()
    import psycopg

    with psycopg.connect(url) as connection:  # the next transaction that writes will have this number
        return connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())").fetchone()


def test_what_one_handle_does_the_others_see(storage_url: str) -> None:
    one = create_study(storage=storage_url, study_name="s", sampler=RandomSampler())
    two = load_study(storage=storage_url)
    trial = one.ask({"x": Float(0, 1)})
    assert [(t.number, str(t.state), t.params) for t in two.trials] == [(0, "running", trial.params)]
    one.tell(trial, 0.5)
    assert two.best_value == 0.5
    assert two.best_trial == one.best_trial
    assert two.best_trial.direction == one.best_trial.direction == "minimize"
    two.set_user_attr("who", "two")
    assert one.user_attrs == {"who": "two"}
    one.set_user_attr("who", "one")
    assert two.user_attrs == {"who": "one"}
    assert "1 trial" in repr(two)


def test_a_running_trial_is_not_failed_by_loading(storage_url: str) -> None:
    study = create_study(storage=storage_url, study_name="s")
    trial = study.ask({"x": Float(0, 1)})
    assert load_study(storage=storage_url).trials[0].state == "running"
    study.tell(trial, 1.0)
    assert load_study(storage=storage_url).trials[0].state == "complete"


def test_a_study_in_a_database_is_saved_into_a_file_and_back(storage_url: str, tmp_path: Path) -> None:
    study = create_study(storage=storage_url, study_name="s", seed=1)
    study.optimize(everything, n_trials=8)
    study.save(tmp_path / "study.json")
    from_file = load_study(tmp_path / "study.json")
    assert exactly(from_file) == exactly(study)
    for one in (from_file, study):
        one.optimize(everything, n_trials=8)
    assert outline(from_file) == outline(study)


def test_the_times_are_the_local_ones_as_in_memory(storage_url: str) -> None:
    before = datetime.now()
    study = create_study(storage=storage_url, study_name="s")
    study.optimize(bowl, n_trials=1)
    (trial,) = load_study(storage=storage_url).trials
    assert trial.datetime_complete is not None
    assert before <= trial.datetime_start <= trial.datetime_complete <= datetime.now()


def test_sqlite_keeps_what_was_committed_through_a_power_cut(sqlite_url: str) -> None:
    from tpe_reference.storage import Storage

    store = Storage(sqlite_url, create=True)
    modes = ("journal_mode", "synchronous")
    found = store.run(lambda connection, _: [connection.exec_driver_sql(f"PRAGMA {mode}").scalar() for mode in modes])
    assert found == ["wal", 2], "2 is FULL"


# ---- not installed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["sqlalchemy", "psycopg"])
def test_what_is_missing_is_said(missing: str) -> None:
    url = "sqlite:///s.db" if missing == "sqlalchemy" else "postgresql://u:secret@127.0.0.1:1/d"
    code = f"""
import sys
sys.modules[{missing!r}] = None
import tpe_reference
try:
    tpe_reference.create_study(storage={url!r})
except ImportError as error:
    assert 'pip install "tpe-reference[storage]"' in str(error), error
    assert "secret" not in str(error)
else:
    raise AssertionError("no ImportError")
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})


def test_importing_the_package_does_not_load_what_storage_needs() -> None:
    code = "import sys, tpe_reference; assert not {'sqlalchemy', 'psycopg', 'sqlite3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})


def test_create_study_in_memory_is_as_it_was() -> None:
    study = create_study(seed=1)
    assert type(study) is Study
    assert "storage" in inspect.signature(create_study).parameters


def work_elsewhere(url: str) -> None:
    study = load_study(storage=url)
    study.optimize(bowl, n_trials=2)


def test_a_worker_elsewhere_needs_the_address_alone(storage_url: str) -> None:
    study = create_study(storage=storage_url, seed=1)
    run(work_elsewhere, storage_url)
    alone = create_study(seed=1)
    alone.optimize(bowl, n_trials=2)
    assert outline(study) == outline(alone)
