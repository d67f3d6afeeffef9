"""A study in a file: nothing is lost, it goes on bit for bit, and no file is damaged or overwritten by surprise."""

import copy
import json
import math
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_values import any_text, bits, outline, plain_values, records

from tpe_reference import (
    Categorical,
    CmaEsSampler,
    Float,
    FrozenTrial,
    GridSampler,
    Int,
    MedianPruner,
    NopPruner,
    PercentilePruner,
    RandomSampler,
    Sampler,
    Study,
    TPESampler,
    Trial,
    TrialPruned,
    TrialState,
    create_study,
    files,
    load_study,
    pruners,
    samplers,
)
from tpe_reference.disk import write_whole
from tpe_reference.samplers.tpe import Rules
from tpe_reference.samplers.tpe_variants import HYPEROPT, VARIANTS
from tpe_reference.study import StudyContents

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def everything(study: Study) -> Any:
    """All that a study consists of, to the last bit."""
    contents = study._contents()
    trials = [(vars(record), repr(record.distributions)) for record in contents.trials]
    others = {key: value for key, value in vars(contents).items() if key != "trials"}
    plain = [bits({key: value for key, value in trial.items() if key != "distributions"}) for trial, _ in trials]
    return plain, [text for _, text in trials], bits(others), vars(study.sampler).keys(), study.seed


def small_study(n_trials: int = 3) -> Study:
    study = create_study(direction="maximize", seed=7, study_name="small")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_int("k", 1, 3), n_trials=n_trials)
    study.enqueue_trial({"x": 0.5})
    return study


# ---- nothing is lost -------------------------------------------------------------------------------------------------

attributes = st.dictionaries(any_text, plain_values, max_size=2)
contents = st.builds(
    StudyContents,
    direction=st.sampled_from(["minimize", "maximize"]),
    seed=st.integers(0),
    study_name=st.none() | any_text,
    user_attrs=attributes,
    queue=st.lists(st.fixed_dictionaries({"params": attributes, "user_attrs": attributes}), max_size=2),
    lag=st.none() | st.integers(1, 8),
    trials=st.lists(records(), max_size=4),
)


@in_one_folder
@given(contents)
def test_whatever_a_study_holds_comes_back_to_the_last_bit(tmp_path: Path, given_contents: StudyContents) -> None:
    study = Study._restore(given_contents, RandomSampler(), MedianPruner())
    path = tmp_path / "study.json"
    study.save(path, overwrite=True)
    assert everything(load_study(path)) == everything(study)
    text = path.read_bytes().decode("utf-8")
    load_study(path).save(path)  # the same study, so it may
    assert path.read_bytes().decode("utf-8") == text, "saving what was loaded should change nothing"


def test_the_file_is_strict_json_with_a_line_for_every_trial(tmp_path: Path) -> None:
    def refuse(token: str) -> None:
        pytest.fail(f"{token} is not JSON")

    study = create_study(seed=2**70)
    study.optimize(lambda trial: -math.inf if trial.suggest_categorical("ü", ["ä", None]) else 0.0, n_trials=9)
    study.save(tmp_path / "study.json")
    text = (tmp_path / "study.json").read_text(encoding="utf-8")
    data = json.loads(text, parse_constant=refuse)
    assert (data["version"], data["seed"], len(data["spaces"])) == (1, {"int": hex(2**70)}, 1)
    assert len([line for line in text.splitlines() if line.startswith('{"number"')]) == 9
    assert '"ü"' in text, "readable as it is"


def test_an_attribute_that_json_cannot_hold_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    study = small_study()
    study.save(path)
    before = path.read_bytes()
    trial = study.ask({"x": Float(0, 1)})
    trial.set_user_attr("models", [{"best": object()}])
    study.tell(trial, 0.5)
    wanted = r"save: trials\[3\].user_attrs.models\[0\].best is of the type object, which JSON .* nothing was written"
    with pytest.raises(ValueError, match=wanted):
        study.save(path)
    with pytest.raises(ValueError, match=wanted):
        study.save(tmp_path / "new.json")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["study.json"]
    study = small_study()
    study.set_user_attr("lock", {"a": {1, 2}})
    with pytest.raises(ValueError, match=r"save: the study's user_attrs.lock.a is of the type set"):
        study.save(tmp_path / "new.json")
    study = small_study()
    study.enqueue_trial({"x": 1j})
    with pytest.raises(ValueError, match=r"save: enqueued\[1\].params.x is of the type complex"):
        study.save(tmp_path / "new.json")


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    study = create_study(seed=0)
    study.study_name = 5  # type: ignore[assignment]
    with pytest.raises(ValueError, match=r"save: study_name must be a text or null, got 5; nothing was written"):
        study.save(tmp_path / "study.json")
    assert os.listdir(tmp_path) == []


# ---- samplers and pruners --------------------------------------------------------------------------------------------

GRID: dict[str, Any] = {"x": Float(0, 1), "k": Int(1, 3), "c": ["ä", None, True, 2**60], "d": Categorical([1, 1.0 / 3])}
OURS: dict[str, Callable[[], Any]] = {
    "random": RandomSampler,
    "tpe": TPESampler,
    "tpe with settings": lambda: TPESampler(seed=2**60, n_startup_trials=3, n_candidates=5, multivariate=False),
    "tpe, mixed rules": lambda: TPESampler(rules=replace(HYPEROPT, bad_weights=np.ones, prior_sigma=2)),
    **{f"tpe, {name}": partial(TPESampler, rules=rules) for name, rules in VARIANTS.items()},
    "cma-es": CmaEsSampler,
    "cma-es with settings": lambda: CmaEsSampler(sigma0=0.1 + 0.2, popsize=7, restart="bipop"),
    "grid of lists": lambda: GridSampler({"x": [0.1, 0.5], "c": ["ä", None, 2**60]}),
    "grid of domains": lambda: GridSampler(GRID, points={"x": 4}),
    "grid to declare": lambda: GridSampler(points=3),
}


def visible(thing: Any) -> dict[str, Any]:
    settings = {key: value for key, value in vars(thing).items() if not key.startswith("_")}
    return settings | {"space": repr(settings.get("space"))}  # whose 1 and 1.0 are equal


@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
def test_our_own_samplers_come_back_with_their_settings(make: Callable[[], Any], tmp_path: Path) -> None:
    create_study(sampler=make()).save(tmp_path / "study.json")
    sampler = load_study(tmp_path / "study.json").sampler
    assert type(sampler) is type(make())
    assert visible(sampler) == visible(make())


def test_every_class_of_ours_keeps_its_settings_where_a_file_looks_for_them() -> None:
    """Public attributes, by the names of the constructor's arguments: a new class or setting is no work here."""
    for module in (samplers, pruners):
        for name in module.__all__:
            if name not in ("Sampler", "Pruner"):  # the protocols
                kind = getattr(module, name)
                thing = kind(percentile=30) if name == "PercentilePruner" else kind()
                settings = {key: value for key, value in vars(thing).items() if not key.startswith("_")}
                assert vars(kind(**settings)).keys() == vars(thing).keys()


@pytest.mark.parametrize("pruner", [MedianPruner(1, 2, 3, n_min_trials=4), PercentilePruner(12.5, 2), NopPruner()])
def test_our_own_pruners_come_back_with_their_settings(pruner: Any, tmp_path: Path) -> None:
    create_study(pruner=pruner).save(tmp_path / "study.json")
    again = load_study(tmp_path / "study.json").pruner
    assert type(again) is type(pruner)
    assert vars(again) == vars(pruner)


class MySampler:
    """Somebody's own."""

    def suggest(
        self, space: Mapping[str, Any], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any]:
        return {name: domain.from_unit(rng.random()) for name, domain in space.items()}


class MyTPE(TPESampler):
    """Ours, changed."""


class MyPruner:
    """Somebody's own."""

    def should_prune(self, trial: FrozenTrial, history: Sequence[FrozenTrial]) -> bool:
        return False


@pytest.mark.parametrize(
    "sampler",
    [MySampler(), MyTPE(), type("TPESampler", (TPESampler,), {})(), TPESampler(rules=Rules(n_good=lambda n: 1))],
    ids=["own", "subclass", "subclass of the same name", "own rules"],
)
def test_a_sampler_of_ones_own_has_to_be_passed(sampler: Sampler, tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    study = create_study(sampler=sampler, pruner=MyPruner(), seed=0)
    run(study, branches, 5)
    study.save(path)
    name = type(sampler).__name__
    with pytest.raises(ValueError, match=rf"sampler, {name}, .* pass load_study\(..., sampler=...\)"):
        load_study(path)
    with pytest.raises(ValueError, match=r"pruner, MyPruner, .* pass load_study\(..., pruner=...\)"):
        load_study(path, sampler=sampler)
    again = load_study(path, sampler=sampler, pruner=study.pruner)
    assert (again.sampler, again.pruner) == (sampler, study.pruner)
    assert everything(again) == everything(study)


def test_another_sampler_may_go_on_with_a_study(tmp_path: Path) -> None:
    small_study().save(tmp_path / "study.json")
    study = load_study(tmp_path / "study.json", sampler=CmaEsSampler())
    assert isinstance(study.sampler, CmaEsSampler)
    with pytest.raises(TypeError, match="sampler must be an object with a method suggest"):
        load_study(tmp_path / "study.json", sampler=CmaEsSampler)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="pruner must be an object with a method should_prune"):
        load_study(tmp_path / "study.json", pruner=object())  # type: ignore[arg-type]


# ---- it goes on where it was -----------------------------------------------------------------------------------------


def branches(trial: Trial) -> float:
    """Branches, bounds that change, failures, pruning."""
    kind = trial.suggest_categorical("kind", ["svm", "forest", None])
    if kind == "svm":
        loss = abs(math.log10(trial.suggest_float("c", 1e-3, 1e3, log=True))) + 0.1
    elif kind == "forest":
        depth = trial.suggest_int("depth", 1, 8)
        loss = abs(depth - 3) + trial.suggest_int("leaves", 1, 2**depth) / 256
    else:
        loss = trial.suggest_float("p", 0, 1, step=0.1)
    for step in range(4):
        trial.report(loss + 1 / (step + 1), step)
        if trial.should_prune():
            raise TrialPruned
    if trial.number % 7 == 3:
        return math.nan
    trial.set_user_attr("loss", loss)
    return loss


def flat(trial: Trial) -> float:
    """One space, as a declared grid needs it."""
    x, k = trial.suggest_float("x", 0, 1), trial.suggest_int("k", 1, 4)
    c = trial.suggest_categorical("c", ["a", None, 3])
    trial.report(x, 0)
    if trial.number % 5 == 4:
        raise TrialPruned
    return (x - 0.3) ** 2 + k + (1 if c == 3 else 0)


JOURNEYS: dict[str, tuple[Callable[[], Any], Callable[[Trial], float]]] = {
    "random": (RandomSampler, branches),
    "tpe": (TPESampler, branches),
    "tpe, one by one": (lambda: TPESampler(n_startup_trials=4, rules=HYPEROPT), branches),
    "cma-es": (lambda: CmaEsSampler(popsize=4), branches),
    "tpe, flat": (TPESampler, flat),
    "cma-es, flat": (CmaEsSampler, flat),
    "grid": (lambda: GridSampler({"x": Float(0, 1), "k": [1, 2, 4], "c": ["a", None, 3]}, points=4), flat),
}


def run(study: Study, objective: Callable[[Trial], float], n_trials: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nan; domains that change
        study.optimize(objective, n_trials)


def enqueue(study: Study) -> None:
    for params in ({"kind": "svm", "c": 1.0}, {"x": 0.25}, {"kind": None}):
        study.enqueue_trial(params, user_attrs={"by hand": True})


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize(("make", "objective"), JOURNEYS.values(), ids=JOURNEYS)
def test_a_resumed_study_goes_on_as_if_never_interrupted(
    make: Callable[[], Any], objective: Callable[[Trial], float], direction: str, tmp_path: Path
) -> None:
    whole = create_study(direction=direction, sampler=make(), seed=5)
    if objective is branches:
        enqueue(whole)
    study = copy.deepcopy(whole)
    run(whole, objective, 34)
    states = {record.state for record in whole.trials}
    assert TrialState.PRUNED in states
    for i, more in enumerate((1, 1, 7, 12, 13)):
        run(study, objective, more)
        study.save(tmp_path / f"{i}.json")
        study = load_study(tmp_path / f"{i}.json")
    assert outline(study) == outline(whole)
    assert study.best_trial.number == whole.best_trial.number


@pytest.mark.parametrize("make", [TPESampler, partial(CmaEsSampler, popsize=4)], ids=["tpe", "cma-es"])
def test_a_reproducible_parallel_run_goes_on_too(make: Callable[[], Any], tmp_path: Path) -> None:
    """Its next trials do not know yet what came of the last ones, also when these come out of a file."""
    path = tmp_path / "study.json"

    def search(study: Study, n_trials: int, workers: ThreadPoolExecutor) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study.optimize(branches, n_trials, executor=workers, reproducible=True)

    whole, study = create_study(sampler=make(), seed=5), create_study(sampler=make(), seed=5)
    with ThreadPoolExecutor(3) as workers:
        search(whole, 30, workers)
        for more in (1, 2, 9, 18):
            search(study, more, workers)
            study.save(path)
            assert json.loads(path.read_text(encoding="utf-8"))["unseen"], "or this test shows nothing"
            study = load_study(path)
            assert study.lag == 3
    assert outline(study) == outline(whole)


SCRIPT = """
import sys, warnings
from pathlib import Path
import tpe_reference
def objective(trial):
    x = trial.suggest_float("x", -5, 5)
    y = trial.suggest_int("y", 0, 9) if x > 0 else 0
    return x**2 + y
path, n_trials = sys.argv[1], int(sys.argv[2])
study = tpe_reference.load_study(path) if Path(path).exists() else tpe_reference.create_study(seed=3)
study.optimize(objective, n_trials)
study.save(path)
print([(t.params, t.value) for t in study.trials])
"""


def test_a_script_that_is_run_again_and_again_is_one_search(tmp_path: Path) -> None:
    def script(path: Path, n_trials: int) -> str:
        call = [sys.executable, "-W", "error", "-c", SCRIPT, str(path), str(n_trials)]
        return subprocess.run(call, check=True, capture_output=True, text=True).stdout

    parts = [script(tmp_path / "parts.json", n) for n in (11, 9, 10)]
    assert parts[-1] == script(tmp_path / "whole.json", 30)


def test_a_running_trial_enters_as_failed_and_enqueued_ones_are_kept(tmp_path: Path) -> None:
    study = small_study()
    running = study.ask({"x": Float(0, 1), "k": Int(1, 3)})
    running.report(0.5, 0)
    study.enqueue_trial({"x": 0.75})
    study.save(tmp_path / "study.json")
    again = load_study(tmp_path / "study.json")
    assert (again.trials[3].state, again.trials[3].error) == (TrialState.FAILED, "interrupted")
    assert (again.trials[3].params, again.trials[3].intermediate_values) == (running.params, {0: 0.5})
    assert again.ask({"x": Float(0, 1)}).params == {"x": 0.75}
    again.save(tmp_path / "study.json")  # it holds all that the file held
    study.tell(running, 1.0)
    with pytest.raises(ValueError, match="trial 3 is not in this one"):
        study.save(tmp_path / "study.json")


def test_grids_with_two_equal_numbers_of_different_type_stay_apart(tmp_path: Path) -> None:
    study = create_study(sampler=RandomSampler(), seed=0)
    for choices in ([1, 2], [1.0, 2.0], [1, 2]):
        study.tell(study.ask({"a": Categorical(choices)}), 0.0)
    study.save(tmp_path / "study.json")
    assert everything(load_study(tmp_path / "study.json")) == everything(study)


def test_load_study_checks_what_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    small_study().save(path)
    assert load_study(path, study_name="small").study_name == "small"
    with pytest.raises(ValueError, match=r"holds the study 'small', not 'large'"):
        load_study(path, study_name="large")
    with pytest.raises(TypeError, match=r"path must be the name of a file, got None; .* as storage$"):
        load_study(study_name="small")
    with pytest.raises(TypeError, match=r"save: path must be the name of a file, got None"):
        small_study().save(None)  # type: ignore[arg-type]


# ---- no file is lost -------------------------------------------------------------------------------------------------


def foreign(path: Path) -> dict[str, bytes]:
    """What may stand in a file that is not this study's."""
    other = create_study(seed=1)
    other.save(path)
    ours = path.read_bytes()
    path.unlink()
    newer = json.loads(ours) | {"version": 2}
    return {
        "text": b"my thesis",
        "binary": bytes(range(256)),
        "empty": b"",
        "json": b'{"a": 1}',
        "a list": b"[1, 2]",
        "another study": ours,
        "half a study": ours[: len(ours) // 2],
        "a newer version": json.dumps(newer).encode(),
    }


def test_save_does_not_overwrite_what_is_not_its_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    study = small_study()
    for what, there in foreign(path).items():
        path.write_bytes(there)
        with pytest.raises(ValueError, match=r"save: .*file.*it stays as it is; .* another path, .*overwrite=True"):
            study.save(path)
        assert path.read_bytes() == there, f"{what} was overwritten"
        study.save(path, overwrite=True)
        assert len(load_study(path).trials) == 3


def test_load_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    messages = {}
    for what, there in foreign(path).items():
        path.write_bytes(there)
        if what != "another study":
            with pytest.raises(ValueError, match=f"^load_study: {re.escape(str(path))}: it ") as caught:
                load_study(path)
            messages[what] = str(caught.value)
    assert "no study file" in messages["json"]
    assert "no study file" in messages["a list"]
    assert "update tpe_reference" in messages["a newer version"]
    assert "damaged" in messages["half a study"]
    with pytest.raises(FileNotFoundError, match="missing"):
        load_study(tmp_path / "missing.json")


def test_save_brings_its_own_file_up_to_date_but_not_back(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    study = small_study()
    study.save(path)
    branch, clone = copy.deepcopy(study), pickle.loads(pickle.dumps(load_study(path)))
    run(study, branches, 2)
    study.save(path)
    with pytest.raises(ValueError, match=r"holds a later state .* its trial 3 is not in this one"):
        clone.save(path)
    run(branch, flat, 4)
    with pytest.raises(ValueError, match="another branch of it: its trial 3 is not in this one"):
        branch.save(path)
    branch.save(tmp_path / "branch.json")
    assert outline(load_study(path)) == outline(study)


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be locked")
def test_of_two_that_save_at_once_the_second_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.json"
    small_study().save(path)
    one, two = load_study(path), load_study(path)
    run(one, flat, 1)
    run(two, branches, 1)
    with ThreadPoolExecutor(1) as thread:

        def write_late(*arguments: Any) -> None:
            """Write what has been checked once the other one has saved, or waits for this."""
            monkeypatch.setattr(files, "write_whole", write_whole)
            saved.append(thread.submit(two.save, path))
            wait(saved, timeout=0.1)
            write_whole(*arguments)

        saved: list[Future[None]] = []
        monkeypatch.setattr(files, "write_whole", write_late)
        one.save(path)
        with pytest.raises(ValueError, match="another branch of it: its trial 3 is not in this one"):
            saved[0].result()
    assert outline(load_study(path)) == outline(one)


def test_truncated_anywhere_it_is_damaged_and_never_a_traceback_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    study = small_study(1)
    study.save(path)
    whole = path.read_bytes()
    for length in range(len(whole.rstrip())):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"^load_study: .*study.json: it is damaged"):
            load_study(path)
        if length % 50 == 0:
            with pytest.raises(ValueError, match=r"it is damaged.* it stays as it is"):
                study.save(path)


SAVING = """
import sys
import tpe_reference
path = sys.argv[1]
study = tpe_reference.load_study(path)
while True:
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 1)
    study.save(path)
    print(len(study.trials), flush=True)
"""


def test_killed_while_it_saves_it_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    study = small_study()
    study.set_user_attr("long", list(range(20_000)))  # so that most of the time is spent on writing
    study.save(path)
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", SAVING, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = [int(process.stdout.readline()) for _ in range(4)]
            process.kill()
        study = load_study(path)
        assert len(study.trials) >= told[-1]
    whole = small_study()
    whole.optimize(lambda trial: trial.suggest_float("x", 0, 1), len(study.trials) - 3)
    assert outline(study) == outline(whole)
    study.save(path)  # what was cut off lies beside it, and is in nobody's way


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to everything in a document."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, entry in inner for place in places(entry, (*path, key)))]


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A file in which everything occurs."""
    study = create_study(seed=2**80, sampler=GridSampler(GRID, points=3), study_name="rich")
    study.set_user_attr("note", {1: math.nan})
    for state in ("pruned", "complete", "failed"):
        trial = study.ask({"x": Float(0, 1), "k": Int(1, 3), "c": Categorical(GRID["c"]), "d": GRID["d"]})
        trial.report(-math.inf, 3)
        trial.set_user_attr("float", "\ud800")
        study.tell(trial, 1.0 if state == "complete" else None, state=state)
    study.ask()
    study.enqueue_trial({"x": 0.5})
    path = tmp_path_factory.mktemp("rich") / "study.json"
    study.save(path)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore")
def test_a_lag_beyond_all_reason_is_saved_again_as_it_was_read(rich: Any, tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_text(json.dumps({**rich, "lag": 10**150}), encoding="utf-8")
    load_study(path).save(path, overwrite=True)
    assert load_study(path).lag == 10**150, "numbers of so many digits are written in another way"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_whatever_is_changed_in_a_file_the_error_is_ours(rich: Any, tmp_path: Path, data: st.DataObject) -> None:
    document = copy.deepcopy(rich)
    *way, last = data.draw(st.sampled_from(places(document)[1:]))
    parent = document
    for key in way:
        parent = parent[key]
    action = data.draw(st.sampled_from(["replace", "delete", "swap"]))
    if action == "delete":
        del parent[last]
    elif action == "replace":
        parent[last] = data.draw(plain_values.map(lambda value: json.loads(json.dumps(value, skipkeys=True))))
    else:
        parent[last] = data.draw(
            st.sampled_from([None, True, -1, 0.5, 1e300, 10**400, "", "nan", [], {}, [[]], {"a": 1}])
        )
    path = tmp_path / "study.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    message = ""
    try:
        study = load_study(path)
    except ValueError as error:
        message = str(error)
    else:
        study.save(path, overwrite=True)  # what was let in can be used
        assert everything(load_study(path)) == everything(study)
    assert message == "" or message.startswith(f"load_study: {path}: it")


# ---- the page --------------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "chapters" / "files.md").read_text(encoding="utf-8")


def block(what: str) -> str:
    """The block of the page after a marker."""
    found = re.search(rf"<!-- {what} -->\n```\w+\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert found, f"chapters/files.md should have a block that is marked as {what}"
    return found[1]


def test_the_example_of_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        exec(block("the example"), namespace := {"__name__": "example"})
    twice = load_study("study.json")
    whole = create_study(seed=0)
    whole.optimize(namespace["objective"], 60)  # type: ignore[arg-type]
    assert outline(twice) == outline(whole)
    exec(block("the callback"), namespace)
    assert len(load_study("study.json").trials) == 70


def test_the_file_on_the_page_is_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_text(block("the file"), encoding="utf-8")
    study = load_study(path)
    assert study.best_params == {"lr": 0.02, "width": None}
    study.save(path)
    assert path.read_text(encoding="utf-8") == block("the file")
    for key in [*json.loads(block("the file")), *json.loads(block("the file"))["trials"][0]]:
        assert f"`{key}`" in PAGE


def test_numbers_of_other_languages_are_what_their_place_says(tmp_path: Path) -> None:
    """JavaScript writes 1.0 as 1, and some languages write 1 as 1.0."""
    text = block("the file").replace('"lr": 0.02, "width": null', '"lr": 1, "width": 16.0').replace("0.9375", "1")
    (tmp_path / "study.json").write_text(text, encoding="utf-8")
    record = load_study(tmp_path / "study.json").trials[0]
    assert bits([record.value, record.params]) == bits([1.0, {"lr": 1.0, "width": 16}])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"number": 0', '"number": 1', r"trials\[0\].number must be its place, 0, got 1"),
        ('"complete"', '"done"', r"trials\[0\].state must be one of .*'pruned'.*, got 'done'"),
        ("0.9375", "null", r"trials\[0\].value must be a number but nan, got None"),
        ("0.9375", '{"float": "nan"}', r"trials\[0\].value must be a number but nan"),
        ("0.9375", f'{{"int": "{hex(10**400)}"}}', r"trials\[0\].value must be a number but nan"),
        ('"log": true, "step": null', '"log": false, "step": 1e-300', r"trials\[0\].params.lr: Float\("),
        ('"lr": 0.02', '"lr": 2.0', r"trials\[0\].params.lr=2.0 lies outside Float"),
        ('"lr": 0.02', '"lr": "0.02"', r"trials\[0\].params.lr='0.02' lies outside Float"),
        ('"width": null', '"width": 17', r"trials\[0\].params.width=17 lies outside Categorical"),
        (', "width": null', "", r"trials\[0\].params must be an object with 'width'"),
        ('"space": 0', '"space": 1', r"trials\[0\].space must be one of 1 spaces, got 1"),
        ("[1, {", "[0, {", r"trials\[0\].intermediate_values\[1\] must be \[step, value\] with a step of its own"),
        ("[0, 0.5]", "[0.5, 0.5]", r"trials\[0\].intermediate_values\[0\] must be"),
        ("2026-01-31T", "yesterday ", r"trials\[0\].datetime_start must be a time like"),
        ('"error": null', '"error": 1', r"trials\[0\].error must be a text or null, got 1"),
        ('"error": null, ', "", r"trials\[0\] must be an object with just the keys"),
        ('"seconds": 1.5', '"seconds": {"int": 1}', r"trials\[0\].user_attrs.seconds is no int"),
        ('"low": 0.001', '"low": 0.0', r"spaces\[0\].lr: Float: log=True needs low > 0"),
        ('"kind": "float"', '"kind": "real"', r"spaces\[0\].lr: domain_from_json: .*'kind'"),
        ('"seed": 42', '"seed": -1', r"seed must be a whole number of at least 0, got -1"),
        ('"maximize"', '"up"', r"direction must be 'minimize' or 'maximize', got 'up'"),
        ('"lag": null', '"lag": 0', r"lag must be a whole number of at least 1 or null, got 0"),
        ('{"seed": null}', '{"sede": null}', r"the sampler RandomSampler cannot be made from its settings .*'sede'"),
        ('"version": 1', '"version": "1"', r"version must be a whole number, got '1'"),
    ],
)
def test_errors_name_the_place_and_the_value(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = block("the file")
    assert text.count(old) == 1
    (tmp_path / "study.json").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"^load_study: .*study.json: it is damaged: .*{message}"):
        load_study(tmp_path / "study.json")
