"""A look at what a storage or a file holds of studies, which changes nothing there: what the command line shows.

A study that is looked at is copied into memory as it is at one moment. So all that is said of it fits together, while
its workers go on; and it can be looked at where its sampler, the owner's own code, is not to be had.

Start reading at `look`.

>>> import tempfile, tpe_reference
>>> study = tpe_reference.create_study(seed=1, study_name="mine")
>>> trial = study.ask()
>>> with tempfile.TemporaryDirectory() as folder:
...     study.save(f"{folder}/study.json")
...     look(f"{folder}/study.json").trials[0].state
<TrialState.RUNNING: 'running'>
>>> masked("postgresql://ada:secret@db/studies")
'postgresql://ada:***@db/studies'
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import pruners, samplers
from .files import algorithm_from_json, algorithm_to_json, read_document, undamaged_contents
from .space import TrialState
from .strict_json import parse
from .study import Study, StudyContents, _stored_studies
from .text import clean

if TYPE_CHECKING:
    from .storage import Storage

STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.RUNNING)  # in the order of merit
ENOUGH = 20  # trials; the best quarter of fewer are too few to say what mattered
OWN = " (its owner's code)"
SQLITE = b"SQLite format 3\0"  # how such a file begins
WAY_OUT = "name a file that study.save has written, or a storage such as sqlite:///study.db"


def look(address: str, study_name: str | None = None) -> Study:
    """Return a study as it is at this moment, a copy in memory whose running trials are running.

    Args:
        address: The URL of a storage, or the path of a file that `Study.save` has written.
        study_name: Its name; None: the only study there is.

    Raises:
        ValueError: When there is no such study, or there are several; for a URL or a file that is none.
        OSError: When the file cannot be read, or the server does not answer.
        ImportError: For a storage, without the extra.
    """
    if not is_url(address):
        contents, document = _from_file(address)
        if study_name not in (None, contents.study_name):
            raise ValueError(f"{address} holds the study {contents.study_name!r:.80}, not {study_name!r:.80}")
        sampler, pruner = _algorithm(samplers, "sampler", document), _algorithm(pruners, "pruner", document)
        return _still(contents, sampler, pruner, document["id"])
    stored = _stored_studies()
    store = stored.Storage(address, create=False)
    row = _row(store, study_name)
    sampler = _algorithm(samplers, "sampler", {"sampler": parse(row.sampler)})
    pruner = _algorithm(pruners, "pruner", {"pruner": parse(row.pruner)})
    return _still(stored.SharedStudy(store, row, sampler, pruner)._contents(), sampler, pruner, row.identity)


def summaries(address: str) -> list[dict[str, Any]]:
    """Return what there is to say of each study in a storage, the oldest first, or of the one in a file.

    Each has a "study_name", a "direction", "n_trials", "states" (the number of trials in each), "best_value" and
    "best_trial" (its number; both None while there is none), "datetime_start" (None where it is not known) and
    "datetime_last", when a trial last began or ended.

    Raises:
        ValueError, OSError, ImportError: As `look`.
    """
    if not is_url(address):
        return [summary(look(address))]
    return [
        {
            "study_name": found.study_name,
            "direction": str(found.direction),
            "n_trials": found.n_trials,
            "states": {str(state): found.n_by_state.get(state, 0) for state in STATES},
            "best_value": None if found.best_trial is None else found.best_trial.value,
            "best_trial": None if found.best_trial is None else found.best_trial.number,
            "datetime_start": _time(found.datetime_start),
            "datetime_last": _time(found.datetime_last),
        }
        for found in _stored_studies().get_all_study_summaries(address)
    ]


def summary(study: Study) -> dict[str, Any]:
    """Return the same for a study that is in memory."""
    records = study.trials
    states = [record.state for record in records]
    best = study.best_trial if study.best_trials else None
    times = [record.datetime_complete or record.datetime_start for record in records]
    return {
        "study_name": study.study_name,
        "direction": str(study.direction),
        "n_trials": len(records),
        "states": {str(state): states.count(state) for state in STATES},
        "best_value": None if best is None else best.value,
        "best_trial": None if best is None else best.number,
        "datetime_start": None,
        "datetime_last": _time(max(times, key=datetime.timestamp, default=None)),
    }


def described(role: str, thing: Any) -> str:
    """Return a sampler or a pruner as it would be made: its class, and the settings that are not the usual ones.

    Args:
        role: "sampler" or "pruner".
        thing: The sampler or the pruner.

    >>> described("sampler", samplers.TPESampler(n_startup_trials=20))
    'TPESampler(n_startup_trials=20)'
    """
    module = samplers if role == "sampler" else pruners
    entry = algorithm_to_json(module, role, thing)
    if entry["settings"] is None:
        return f"{entry['name']}{OWN}"
    try:
        usual = algorithm_to_json(module, role, type(thing)())["settings"] or {}
    except TypeError:  # there are none: it cannot be made without
        usual = {}
    settings = [f"{key}={value!r}" for key, value in entry["settings"].items() if usual.get(key, ...) != value]
    return f"{entry['name']}({', '.join(settings)})"


def importances(study: Study) -> dict[str, float]:
    """Return the importances of the parameters, the most important first; none where nothing can be said."""
    if len(study.trials) < ENOUGH:
        return {}
    from .importance import get_param_importances  # only `show` and reports need it

    with warnings.catch_warnings(), suppress(ValueError):  # too few trials; a name that was a number and a choice
        warnings.simplefilter("ignore")  # that none stands out is seen from their being 0
        found = get_param_importances(study)
        return found if any(found.values()) else {}
    return {}


def masked(address: str) -> str:
    """Return a URL with *** in place of a password, also of one whose special characters were not written as %40."""
    hidden = re.sub(r"(://[^:@/?]*):.*@", r"\1:***@", address, flags=re.DOTALL)
    return re.sub(r"(?i)([?&][^=&]*password[^=&]*)=[^&]*", r"\1=***", hidden)


# ---- behind it -------------------------------------------------------------------------------------------------------


def is_url(address: str) -> bool:
    """Tell the URL of a storage from the path of a file."""
    return "://" in address


def _from_file(path: str) -> tuple[StudyContents, dict[str, Any]]:
    """Return what stands in a study's file."""
    try:
        with Path(path).open("rb") as file:
            is_database = file.read(len(SQLITE)) == SQLITE
        if not is_database:
            document = read_document(Path(path))
            return undamaged_contents(document), document
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file; {WAY_OUT}") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}; {WAY_OUT}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    raise ValueError(f"{path} is an SQLite database; a storage is named by a URL: sqlite:///{path}")


def _row(store: Storage, study_name: str | None) -> Any:
    """Return the row of a study, or say which studies there are."""
    from . import storage

    row, known = store.run(
        lambda connection, again: (storage.find(connection, study_name), storage.names(connection)), write=False
    )
    if row is not None:
        return row
    listed = ", ".join(f"{name!r:.80}" for name in known[:20]) + ", ..." * (len(known) > 20)
    if study_name is None and known:
        raise ValueError(f"{store.address} holds {len(known)} studies; say which by --study NAME: {listed}")
    wanted = "" if study_name is None else f" {study_name!r:.80}"
    raise ValueError(f"{store.address} holds no study{wanted}; it has: {listed or 'none'}")


def _algorithm(module: ModuleType, role: str, entries: Mapping[str, Any]) -> Any:
    """Return a sampler or a pruner, or something of its name where it is code that is not here."""
    try:
        return algorithm_from_json(module, role, entries)
    except ValueError:
        entry = entries.get(role)
        name = clean(entry.get("name", role) if isinstance(entry, dict) else role)[:80]
        return type(name, (), {"suggest": _refuse, "should_prune": _refuse})()


def _refuse(self: Any, *arguments: Any) -> Any:
    raise TypeError(f"{type(self).__name__} is not here: the study was loaded to be looked at")


def _still(contents: StudyContents, sampler: Any, pruner: Any, identity: str) -> Study:
    """Return a study in memory with these contents, of which the running trials are kept as such."""
    study = Study._restore(contents, sampler, pruner)
    study._id = identity
    for number, record in enumerate(contents.trials):
        if record.state == TrialState.RUNNING:  # restored as failed, for who goes on; here nobody does
            study._trials[number] = record
    return study


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")
