"""Studies in a storage by their names: create, load, copy and delete them, and see what is there.

Start reading at `create`. Users call `tpe_reference.create_study`, `load_study` and so on.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     url = f"sqlite:///{folder}/study.db"
...     study, is_new = create(
...         url, StudyContents("minimize", 1, "mine"), None, None, load_if_exists=False, retry=0, lease=None
...     )
...     get_all_study_names(url)
['mine']
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from . import pruners, samplers
from . import storage as database
from .exceptions import DuplicatedStudyError, StudyNotFoundError
from .files import algorithm_to_json
from .pruners import Pruner
from .samplers import Sampler
from .shared_study import SharedStudy
from .space import TrialState, domain_from_json, domain_to_json
from .storage import Row, Storage
from .storage import enqueued as _enqueued
from .storage import reports as _reports
from .storage import spaces as _spaces
from .storage import studies as _studies
from .storage import trials as _trials
from .stored_rows import columns_of, from_text, record_of, report_rows, storable, to_text
from .study import StudyContents, StudyDirection
from .trial import TrialRecord


@dataclass(frozen=True)
class StudySummary:
    """What stands in a storage about a study.

    Attributes:
        study_name: Its name.
        direction: What is better, lower values or higher.
        user_attrs: What `Study.set_user_attr` noted.
        datetime_start: When it was created.
        n_trials: How many trials it has.
        n_by_state: How many in each state.
        best_trial: The best complete one with a finite value, or None; without its intermediate values.
        datetime_last: When a trial last began or ended, or None.
    """

    study_name: str
    direction: StudyDirection
    user_attrs: dict[str, Any]
    datetime_start: datetime
    n_trials: int
    n_by_state: dict[TrialState, int]
    best_trial: TrialRecord | None
    datetime_last: datetime | None


def create(
    url: str,
    contents: StudyContents,
    sampler: Sampler | None,
    pruner: Pruner | None,
    *,
    load_if_exists: bool,
    retry: int,
    lease: float | None,
) -> tuple[SharedStudy, bool]:
    """Return a study in a storage, and whether it is new; see `tpe_reference.create_study`.

    Raises:
        DuplicatedStudyError: When there is one of that name, and ``load_if_exists`` does not say what to do about it.
    """
    store = Storage(url, create=True)
    algorithms = {
        "sampler": algorithm_to_json(samplers, "sampler", samplers.TPESampler() if sampler is None else sampler),
        "pruner": algorithm_to_json(pruners, "pruner", pruners.MedianPruner() if pruner is None else pruner),
    }
    texts = {role: json.dumps(entry, allow_nan=False) for role, entry in algorithms.items()}
    row, is_new = _make(store, contents, {**texts, "retry": retry, "lease": lease})
    if not is_new and not load_if_exists:
        raise _duplicate("create_study", store, contents.study_name)
    if is_new and sampler is None:
        sampler = samplers.TPESampler()
    return SharedStudy(store, row, sampler, pruner), is_new


def _make(store: Storage, contents: StudyContents, settings: Mapping[str, Any]) -> tuple[Row, bool]:
    """Return the row of the study of that name, and whether it is new."""
    name = f"no-name-{os.urandom(8).hex()}" if contents.study_name is None else contents.study_name
    identity = os.urandom(16).hex()  # by which a second try knows its own work
    head = {
        **settings,
        "name_key": database.name_key(name),
        "name": to_text(name, "study_name"),
        "identity": identity,
        "direction": contents.direction,
        "seed": to_text(contents.seed, "seed"),
        "lag": contents.lag,
        "user_attrs": to_text(contents.user_attrs, "the study's user_attrs"),
        "datetime_start": datetime.now().isoformat(),
        "n_enqueued": len(contents.queue),
        "revision": 1,
    }

    def work(connection: sa.Connection, is_again: bool) -> Row:
        if not store.is_sqlite:  # of two that create the same name at once, one is first
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(database.CREATING)))
        row = database.find(connection, name)
        if row is None:
            connection.execute(sa.insert(_studies).values(head))
            row = database.find(connection, name)
            assert row is not None  # now
            _insert_contents(connection, row.id, contents)
        return row

    row = store.run(work)
    return row, row.identity == identity


def _duplicate(who: str, store: Storage, name: str | None) -> DuplicatedStudyError:
    way_out = "load_if_exists=True goes on with it" if who == "create_study" else "to_study_name says another"
    return DuplicatedStudyError(
        f"{who}: storage {store.address} has a study {name!r:.80} already; {way_out}, delete_study removes it"
    )


def _insert_contents(connection: sa.Connection, study: int, contents: StudyContents) -> None:
    """Insert the trials and the queue of a new study."""
    places: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    for number, known in enumerate(map(storable, contents.trials)):
        record = replace(known, number=number)
        if known.state == TrialState.RUNNING:  # it runs elsewhere, and will be told there
            record = replace(record, state=TrialState.FAILED, value=None, error="interrupted")
            record = replace(record, datetime_complete=datetime.now())
        space = to_text({name: domain_to_json(d) for name, d in record.distributions.items()}, "distributions")
        given = contents.given.get(number)
        row = {"study": study, "number": number, "revision": 1, "worker": "", "ticket": 0, "attempt": 0}
        row |= columns_of(record, places.setdefault(space, len(places)))
        rows.append(row | {"given": None if given is None else to_text({"params": given}, "given")})
        curves += report_rows(study, number, record.intermediate_values, 1)
    queue = [
        {"study": study, "worker": "", "ticket": 0, "attempt": 0, "retry_of": None}
        | {key: to_text(entry[key], key) for key in ("params", "user_attrs")}
        for entry in contents.queue
    ]
    domains = [{"study": study, "place": place, "domains": text} for text, place in places.items()]
    for table, entries in ((_spaces, domains), (_trials, rows), (_reports, curves), (_enqueued, queue)):
        if entries:
            connection.execute(sa.insert(table), entries)


def load(url: str, name: str | None, sampler: Sampler | None, pruner: Pruner | None) -> SharedStudy:
    """Return a study that is in a storage; see `tpe_reference.load_study`."""
    store = Storage(url, create=False)
    return SharedStudy(store, _find(store, name, "load_study"), sampler, pruner)


def _find(store: Storage, name: str | None, who: str) -> Row:
    def look(connection: sa.Connection, is_again: bool) -> tuple[Row | None, list[str]]:
        row = database.find(connection, name)
        return row, database.names(connection) if row is None else []

    row, known = store.run(look, write=False)
    if row is not None:
        return row
    listed = ", ".join(f"{other!r:.80}" for other in known[:20]) + ", ..." * (len(known) > 20)
    if name is None and known:
        raise ValueError(f"{who}: storage {store.address} has several studies, say which as study_name: {listed}")
    wanted = "" if name is None else f" {name!r:.80}"
    raise StudyNotFoundError(f"{who}: storage {store.address} has no study{wanted}; it has: {listed or 'none'}")


def delete_study(study_name: str, storage: str) -> None:
    """Remove a study from a storage, with all its trials. Whoever is working on it gets an error.

    Raises:
        StudyNotFoundError: When there is no such study.
    """
    store = Storage(storage, create=False)
    row = _find(store, study_name, "delete_study")
    store.run(lambda connection, is_again: database.delete(connection, row.id))


def copy_study(*, from_study_name: str, from_storage: str, to_storage: str, to_study_name: str | None = None) -> None:
    """Copy a study, with all its trials, into another storage, or under another name into the same one.

    The copy goes on bit for bit as the study would have. A trial that is running stays where it is: in the copy it is
    failed, as "interrupted".

    Raises:
        StudyNotFoundError, DuplicatedStudyError: When there is no such study, or one of the new name already.
    """
    store = Storage(from_storage, create=False)
    row = _find(store, from_study_name, "copy_study")
    # Neither of the two is asked anything; the study's own may be code that is not here.
    study = SharedStudy(store, row, samplers.RandomSampler(), pruners.NopPruner())
    contents = replace(study._contents(), study_name=study.study_name if to_study_name is None else to_study_name)
    target = Storage(to_storage, create=True)
    settings = {key: getattr(row, key) for key in ("sampler", "pruner", "retry", "lease")}
    if not _make(target, contents, settings)[1]:
        raise _duplicate("copy_study", target, contents.study_name)


def get_all_study_names(storage: str) -> list[str]:
    """Return the names of all studies in a storage, the oldest first."""
    return Storage(storage, create=False).run(lambda connection, is_again: database.names(connection), write=False)


def get_all_study_summaries(storage: str, include_best_trial: bool = True) -> list[StudySummary]:
    """Return what stands in a storage about each study, the oldest first.

    Args:
        storage: Its URL.
        include_best_trial: Whether to look for the best trials; where not, they are None.
    """

    def work(connection: sa.Connection, is_again: bool) -> list[StudySummary]:
        rows = connection.execute(sa.select(_studies).order_by(_studies.c.id)).all()
        return [_summary(connection, row, include_best_trial) for row in rows]

    return Storage(storage, create=False).run(work, write=False)


def _summary(connection: sa.Connection, row: Row, with_best: bool) -> StudySummary:
    of_study = _trials.c.study == row.id
    last = sa.func.max(sa.func.coalesce(_trials.c.datetime_complete, _trials.c.datetime_start))
    columns = _trials.c.state, sa.func.count().label("n"), last.label("last")
    states = connection.execute(sa.select(*columns).where(of_study).group_by(_trials.c.state)).all()
    is_finite = sa.and_(_trials.c.value > -math.inf, _trials.c.value < math.inf)
    value = _trials.c.value.asc() if row.direction == "minimize" else _trials.c.value.desc()
    good = sa.select(_trials).where(of_study, _trials.c.state == str(TrialState.COMPLETE), is_finite)
    best = connection.execute(good.order_by(value, _trials.c.number).limit(1)).first() if with_best else None
    record = None
    if best is not None:
        query = sa.select(_spaces.c.domains).where(_spaces.c.study == row.id, _spaces.c.place == best.space)
        entries = from_text(connection.execute(query).scalar_one(), "domains").items()
        record = record_of(best, {name: domain_from_json(entry) for name, entry in entries}, {})
    return StudySummary(
        study_name=from_text(row.name, "name"),
        direction=StudyDirection(row.direction),
        user_attrs=from_text(row.user_attrs, "user_attrs"),
        datetime_start=datetime.fromisoformat(row.datetime_start),
        n_trials=sum(entry.n for entry in states),
        n_by_state={TrialState(entry.state): entry.n for entry in states},
        best_trial=record,
        datetime_last=max((datetime.fromisoformat(entry.last).replace(tzinfo=None) for entry in states), default=None),
    )
