"""A study that several processes share: `SharedStudy`, a `Study` whose list of trials is a mirror of a storage.

As a sampler is a pure function of the history, sharing a study is sharing a list of trials: every worker reads what is
new and calls the same function. Three rules make that safe.

**Turns.** A trial is started in one transaction that holds the lock on the study: read what is new, ask the sampler,
insert the trial as running. So numbers have no gaps, the sampler knows every trial before this one, a grid never gives
a point twice, and ``until=`` is exact. (The price: while one worker's sampler thinks, no other starts a trial.)

**Finished once.** A trial is finished by an update of its row that counts only where the row says "running".

**Leases.** A running trial is its worker's as long as the worker lives: a thread renews its *lease*. One whose lease
has run out is given up, by whoever starts the next trial: it is failed and, with ``retry``, its parameters are put in
line again. In a reproducible run it is evaluated again under its own number instead. If its worker comes back all the
same (a laptop that slept), the result is kept, as a trial of its own.

The mirror is written to only after the database has said yes, so that what a lost connection undoes has never been
there. Start reading at `SharedStudy._in_turn`.

>>> import tempfile, tpe_reference
>>> folder = tempfile.TemporaryDirectory()
>>> url = f"sqlite:///{folder.name}/study.db"
>>> one = tpe_reference.create_study(storage=url, study_name="shared", seed=1)
>>> two = tpe_reference.load_study(study_name="shared", storage=url)
>>> one.ask().number, two.ask().number, one.ask().number
(0, 1, 2)
>>> two.tell(0, 0.5).state == one.trials[0].state == "complete"
True
>>> folder.cleanup()
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from . import pruners, samplers
from .exceptions import StorageInternalError, StudyNotFoundError
from .files import algorithm_from_json
from .interrupts import uninterrupted
from .pruners import Pruner
from .samplers import Sampler
from .space import Domain, FrozenTrial, TrialState, domain_from_json, domain_to_json
from .storage import Row, Storage
from .storage import enqueued as _enqueued
from .storage import reports as _reports
from .storage import spaces as _spaces
from .storage import studies as _studies
from .storage import trials as _trials
from .stored_rows import (
    FAILED,
    RUNNING,
    check_step,
    columns_of,
    fitting,
    from_text,
    params_of,
    record_of,
    report_rows,
    storable,
    storable_attrs,
    to_text,
)
from .strict_json import parse
from .study import FinishedElsewhereError, NotYet, Study, StudyContents, as_space, forgotten
from .trial import Trial, TrialRecord

T = TypeVar("T")

LOST = "its worker was lost"  # how the error of a trial that was given up begins
BEATS = 4  # how often a lease is renewed before it would run out
# What reading a row may come to that was not written by this package: SQLite keeps anything in any column.
_NOT_OURS = (ValueError, TypeError, LookupError, AttributeError, OverflowError)

_HEAD = (_studies.c.revision, _studies.c.lag, _studies.c.n_enqueued, _studies.c.user_attrs)

# Statements that every trial needs, built once. Names with a colon in the comments are what they are executed with.
_OF_STUDY = _studies.c.id == sa.bindparam("key")  # :key
_LOCK = sa.update(_studies).where(_OF_STUDY).values(revision=_studies.c.revision + 1).returning(*_HEAD)
_LOOK = sa.select(*_HEAD).where(_OF_STUDY)
_CHANGE = sa.update(_trials).where(  # :key, :n, and the columns that change
    _trials.c.study == sa.bindparam("key"), _trials.c.number == sa.bindparam("n"), _trials.c.state == RUNNING
)


class _Turn(NamedTuple):
    """A transaction that holds the lock on the study."""

    connection: sa.Connection
    revision: int  # what it makes of the study


@dataclass
class _Stored:
    """What the database knows of an open trial of ours."""

    params: dict[str, Any]
    steps: set[int] = field(default_factory=set)


class SharedStudy(Study):
    """A study in a storage; see `Study` for what it can do. Use `create_study` or `load_study`.

    It may be pickled, and used after a fork: each copy is a worker of its own.

    Args:
        store: The database.
        row: The study's row there.
        sampler: The algorithm that this worker asks; None: the one that is stored.
        pruner: The same for the pruner.
    """

    _is_shared = True

    def __init__(self, store: Storage, row: Row, sampler: Sampler | None, pruner: Pruner | None) -> None:
        if sampler is None:
            sampler = algorithm_from_json(samplers, "sampler", {"sampler": parse(row.sampler)})
        if pruner is None:
            pruner = algorithm_from_json(pruners, "pruner", {"pruner": parse(row.pruner)})
        name, seed = from_text(row.name, "name"), from_text(row.seed, "seed")
        super().__init__(row.direction, sampler, pruner, seed, name)
        self._store, self._key, self._id = store, row.id, row.identity
        self._lease, self._retry = row.lease, row.retry
        until = sa.null() if row.lease is None else store.clock() + row.lease
        self._begin = sa.insert(_trials).values(lease_until=until)
        self._begin_again = _CHANGE.values(lease_until=until)
        self._seen = 0  # the revision up to which the mirror is complete
        self._attrs_text = ""  # what _user_attrs was read from
        self._spaces: list[dict[str, Domain]] = []  # by place
        self._places: dict[str, int] = {}  # by JSON text
        self._last_place: tuple[dict[str, Domain], int] | None = None  # the space that was last written, and its place
        self._others: set[int] = set()  # running trials of other workers
        self._first: Row | None = None  # of the queue
        self._queue_limit: int | None = 1  # how much of the queue is read: a turn needs its first entry
        self._turn: _Turn | None = None  # the one that is under way
        self._pending: Trial | None = None  # started in it
        self._has_appended = False  # in it: trials that are not in the mirror
        self._begin_worker()
        self._refresh()

    def _begin_worker(self) -> None:
        self._worker, self._worker_process = os.urandom(16).hex(), os.getpid()
        self._ticket = 0
        self._mine: dict[int, _Stored] = {}  # open trials of this worker
        self._beating: set[int] | None = None  # their numbers, for the thread that renews the leases, once there is one
        self._look_at = -math.inf  # when to look for lost trials again

    def __reduce__(self) -> tuple[Any, ...]:
        from .stored_studies import load  # which builds on this file

        return load, (self._store.url, self.study_name, self.sampler, self.pruner)

    # ---- transactions ------------------------------------------------------------------------------------------------

    def _in_turn(self, function: Callable[[], T]) -> T:
        """Call a function inside a transaction that holds the lock on the study, with the mirror up to date."""
        if self._turn is not None:
            return function()
        self._after_fork()
        self._ticket += 1
        done: list[tuple[T, int]] = []

        def work(connection: sa.Connection, is_again: bool) -> None:
            if is_again:
                self._forget_spaces()
                if done and self._was_kept(connection):
                    return
            done.clear()
            self._pending, self._has_appended = None, False
            revision = self._lock_study(connection)
            try:
                self._turn = _Turn(connection, revision)
                done.append((function(), revision))
            finally:
                self._turn = None

        with uninterrupted():
            try:
                self._store.run(work)
            except BaseException:
                self._forget_spaces()
                raise
            result, revision = done[0]
            if not self._has_appended:
                self._seen = max(self._seen, revision)
            if self._pending is not None:
                self._take(self._pending)
        return result

    @property
    def _this_turn(self) -> _Turn:
        """The turn that is under way; all that writes is called in one."""
        assert self._turn is not None
        return self._turn

    def _lock_study(self, connection: sa.Connection) -> int:
        """Take the lock, bring the mirror up to date, and return the revision that this transaction makes."""
        head = self._check(connection.execute(_LOCK, {"key": self._key}).one_or_none())
        self._catch_up(connection, head, head.revision - 1)
        return int(head.revision)

    def _refresh(self, *, patient: bool = True) -> None:
        """Take in what others have done."""
        if self._turn is not None:
            return

        def work(connection: sa.Connection, is_again: bool) -> None:
            head = self._check(connection.execute(_LOOK, {"key": self._key}).one_or_none())
            self._catch_up(connection, head, head.revision)

        with self._lock, uninterrupted():
            self._after_fork()
            self._store.run(work, write=False, patient=patient)

    def __repr__(self) -> str:
        with suppress(Exception):  # then it says what was known before
            self._refresh(patient=False)
        return super().__repr__()

    def _check(self, head: Row | None) -> Row:
        if head is None:
            raise StudyNotFoundError(f"storage {self._store.address}: the study {self.study_name!r:.200} was deleted")
        return head

    def _was_kept(self, connection: sa.Connection) -> bool:
        """Whether the turn whose commit nobody confirmed has taken effect."""
        return any(
            connection.execute(
                sa.select(table.c.ticket).where(
                    table.c.study == self._key, table.c.worker == self._worker, table.c.ticket == self._ticket
                )
            ).first()
            for table in (_trials, _enqueued)
        )

    def _forget_spaces(self) -> None:
        """Forget what was read inside a transaction that has been undone: the places may become others'."""
        self._spaces, self._places, self._last_place = [], {}, None

    def _after_fork(self) -> None:
        """In a forked process, be a worker of one's own: the open trials are the parent's."""
        if self._worker_process != os.getpid():
            self._others |= self._mine.keys()
            self._begin_worker()

    # ---- the mirror --------------------------------------------------------------------------------------------------

    def _catch_up(self, connection: sa.Connection, head: Row, revision: int) -> None:
        """Read what was committed since the last time, up to a revision."""
        self.lag = head.lag
        if head.user_attrs != self._attrs_text:
            self._user_attrs, self._attrs_text = from_text(head.user_attrs, "user_attrs"), head.user_attrs
        if revision > self._seen:
            curves: dict[int, dict[int, float]] = {}
            for row in connection.execute(_news(_reports, self._key, self._seen).order_by(_reports.c.step)):
                curves.setdefault(row.number, {})[row.step] = math.nan if row.value is None else row.value
            for row in connection.execute(_news(_trials, self._key, self._seen).order_by(_trials.c.number)).all():
                try:
                    self._mirror(connection, row, curves.get(row.number, {}))
                except _NOT_OURS as error:  # somebody has changed the tables
                    where = f"storage {self._store.address}: study {self.study_name!r:.80}, trial {row.number}"
                    raise StorageInternalError(f"{where}: it is damaged: {error}") from error
            self._seen = revision
        self._first, self._queue = None, deque()
        if head.n_enqueued:
            query = sa.select(_enqueued).where(_enqueued.c.study == self._key).order_by(_enqueued.c.id)
            rows = connection.execute(query.limit(self._queue_limit)).all()
            try:
                self._first = rows[0]
                self._queue.extend(
                    {key: from_text(getattr(row, key), key) for key in ("params", "user_attrs")} for row in rows
                )
            except _NOT_OURS as error:  # somebody has changed the tables
                where = f"storage {self._store.address}: study {self.study_name!r:.80}, its queue"
                raise StorageInternalError(f"{where}: it is damaged: {error}") from error

    def _mirror(self, connection: sa.Connection, row: Row, news: dict[int, float]) -> None:
        """Enter one row into the mirror."""
        number = row.number
        if not 0 <= number <= len(self._trials):
            raise ValueError(f"it should have the number {len(self._trials)}")
        known = self._trials[number] if number < len(self._trials) else None
        if isinstance(known, TrialRecord):
            return  # one's own, or read before: what has finished does not change
        is_mine = number in self._mine
        if is_mine and known is not None and row.worker != self._worker:
            known._is_given_up = True  # somebody has taken it over
        if row.state == RUNNING:
            if not is_mine:
                self._mirror_running(connection, row, known, news)
            return
        given = None if row.given is None else from_text(row.given, "given")["params"]
        curve = {**(known._curve if known else {}), **news}
        record = record_of(row, self._space_at(connection, row.space), curve)
        if known is None:
            self._add(record, given)
            return
        if is_mine:
            self._let_go(number)
            known._is_given_up |= _is_lost(record) or given is not None  # where it was taken over, to the same end
            known._outcome = None if known._is_given_up else record.state
        self._others.discard(number)
        self._trials[number] = replace(record, direction=self.direction)
        self._enter(record, given)

    def _mirror_running(self, connection: sa.Connection, row: Row, known: Trial | None, news: dict[int, float]) -> None:
        """Enter a trial that another worker evaluates.

        Of the parameters that it was given it counts as having named all: here nobody knows which it has reached, and
        whoever tells it by its number means all of them.
        """
        trial = Trial(self, row.number, self._rng_of(row.number)) if known is None else known
        trial._domains = fitting(row, self._space_at(connection, row.space))
        trial._params = params_of(row, trial._domains)
        trial._curve.update(news)
        trial.user_attrs = from_text(row.user_attrs, "user_attrs")
        trial._start = datetime.fromisoformat(row.datetime_start)
        if row.given is not None:
            trial._shown = from_text(row.given, "given")["params"]
        if known is None:
            self._trials.append(trial)
        elif row.number < len(self._history):
            self._history[row.number] = self._freeze(trial)
        self._others.add(row.number)

    def _space_at(self, connection: sa.Connection, place: int) -> dict[str, Domain]:
        if place >= len(self._spaces):
            self._read_spaces(connection)
        return self._spaces[place]

    def _place_of(self, connection: sa.Connection, domains: Mapping[str, Domain]) -> int:
        """Return a space's place, and give it one if it is new. Only in a turn."""
        if self._last_place is not None:
            known, place = self._last_place
            if [*map(id, domains.values())] == [*map(id, known.values())] and [*domains] == [*known]:
                return place  # the very same domains as the last time, which is the rule
        text = to_text({name: domain_to_json(domain) for name, domain in domains.items()}, "distributions")
        if text not in self._places:
            self._read_spaces(connection)
        if text in self._places:
            self._last_place = dict(domains), self._places[text]
            return self._places[text]
        place = len(self._spaces)
        connection.execute(sa.insert(_spaces).values(study=self._key, place=place, domains=text))
        return place

    def _read_spaces(self, connection: sa.Connection) -> None:
        new = _spaces.c.study == self._key, _spaces.c.place >= len(self._spaces)
        query = sa.select(_spaces.c.domains).where(*new).order_by(_spaces.c.place)
        for text in connection.execute(query).scalars():
            self._places[text] = len(self._spaces)
            entries = from_text(text, "domains").items()
            self._spaces.append({name: domain_from_json(entry) for name, entry in entries})

    # ---- a trial begins ----------------------------------------------------------------------------------------------

    def _ask(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None,
        lag: int | None,
        is_wanted: Callable[[int], bool] | None = None,
        under_way: Collection[int] = (),
    ) -> Trial | None:
        with self._lock:
            before = set(self._mine)
            try:
                with uninterrupted():
                    self._give_up_lost(lag)
                    return super()._ask(space, lag, is_wanted, under_way)
            except KeyboardInterrupt:  # the caller will never see the trial that has been started
                for number in self._mine.keys() - before:
                    trial = self._trials[number]
                    assert isinstance(trial, Trial)  # it is open
                    self._finish(trial, TrialState.FAILED, math.nan, "interrupted")
                raise

    def _start(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None,
        lag: int | None,
        is_wanted: Callable[[int], bool] | None,
        under_way: Collection[int],
    ) -> Trial | None:
        if lag is None:
            return super()._start(space, lag, is_wanted, under_way)
        for row in self._lost():
            if not self._is_hopeless(row):
                return self._take_over(row, space, lag)
        number = len(self._trials)
        held_up_by = [running for running in (*self._mine, *self._others) if running <= number - lag]
        for running in held_up_by:
            if running in self._mine and running not in under_way:
                raise forgotten(running)
        if held_up_by:
            raise NotYet
        if is_wanted is not None and not is_wanted(number):
            if self._others:  # should one of them be lost, it is to be evaluated again
                raise NotYet
            return None
        return super()._start(space, lag, None, under_way)

    def _open(self, trial: Trial) -> None:
        """Insert a trial as running; the mirror follows when the transaction has been committed."""
        connection, revision = self._this_turn
        place = self._place_of(connection, trial._domains or trial._joint_domains)
        given = {"params": trial._shown, "fixed": trial._fixed, "space": place}
        row = {
            "study": self._key,
            "number": trial.number,
            "state": RUNNING,
            "params": to_text(trial._given(), "params"),
            "space": place,
            "user_attrs": to_text(trial.user_attrs, "user_attrs"),
            "datetime_start": trial._start.isoformat(),
            "given": None if trial._shown is None else to_text(given, "given"),
            "worker": self._worker,
            "ticket": self._ticket,
            "attempt": 0 if self._first is None else self._first.attempt,
            "revision": revision,
        }
        connection.execute(self._begin, row)
        if self._first is not None:
            self._dequeue(_enqueued.c.id == self._first.id)
        self._pending = trial

    def _take(self, trial: Trial) -> None:
        """Enter a trial that this worker has started, or taken over, into the mirror."""
        if trial.number == len(self._trials):
            super()._open(trial)
        else:
            self._trials[trial.number] = trial
            self._others.discard(trial.number)
        self._mine[trial.number] = _Stored(trial._given())
        if self._lease is not None:
            if self._beating is None:
                self._beating = set()
                stop = threading.Event()
                weakref.finalize(self, stop.set)
                arguments = self._store, self._key, self._worker, self._lease, self._beating, stop
                threading.Thread(target=_beat, args=arguments, daemon=True, name="tpe_reference leases").start()
            self._beating.add(trial.number)

    def _let_go(self, number: int) -> None:
        del self._mine[number]
        if self._beating is not None:
            self._beating.discard(number)

    # ---- lost workers ------------------------------------------------------------------------------------------------

    def _lost(self) -> list[Row]:
        """Return the running trials of others whose lease has run out. Only in a turn."""
        if not self._others or self._turn is None or self._lease is None:
            return []
        if time.monotonic() < self._store.back_since + self._lease:
            return []  # while the server was away nobody could renew a lease: the others have to have the time to
        connection = self._turn.connection
        query = sa.select(_trials).where(
            _trials.c.study == self._key,
            _trials.c.number.in_(self._others),
            _trials.c.state == RUNNING,
            _trials.c.lease_until < self._store.clock(),
            self._store.could_renew(_trials.c.lease_until, self._lease),
        )
        return list(connection.execute(query.order_by(_trials.c.number)).all())

    def _give_up_lost(self, lag: int | None) -> None:
        """Fail the trials whose workers have been lost; of a reproducible run only those that are not run again."""
        if self._lease is None or not self._others or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + self._lease / BEATS

        def fail() -> None:
            for row in self._lost():
                if lag is None or self._is_hopeless(row):
                    self._fail_lost(row)

        self._in_turn(fail)

    def _is_hopeless(self, row: Row) -> bool:
        """Whether a trial has cost so many workers that it is left alone; one more than once, as with `Processes`."""
        return row.given is None or row.attempt >= max(1, self._retry)

    def _fail_lost(self, row: Row) -> None:
        connection, revision = self._this_turn
        again = row.attempt < self._retry and row.given is None
        error = f"{LOST}: no sign of life for {self._lease:g} s{'; its parameters are tried again' * again}"
        row_now = {"state": FAILED, "error": to_text(error, "error"), "datetime_complete": datetime.now().isoformat()}
        values = {**row_now, "lease_until": None, "revision": revision}
        connection.execute(_CHANGE, {"key": self._key, "n": row.number, **values})
        if again:
            attrs = {**from_text(row.user_attrs, "user_attrs"), "retry_of": row.number}
            self._put_in_line(row.params, to_text(attrs, "user_attrs"), attempt=row.attempt + 1, retry_of=row.number)
        self._has_appended = True

    def _take_over(self, row: Row, space: Mapping[str, Domain | Sequence[Any]] | None, lag: int) -> Trial:
        """Begin a lost trial of a reproducible run again, with all that it knew at its start."""
        connection, revision = self._this_turn
        given = from_text(row.given, "given")
        trial = Trial(self, row.number, self._rng_of(row.number))
        trial._fixed, trial._shown = given["fixed"], given["params"]
        trial.user_attrs = from_text(row.user_attrs, "user_attrs")
        self._show(row.number - lag + 1)
        trial._view = self._view_of(connection, row.number, lag)
        declared = self._grid_space() if space is None else as_space(space, "ask")
        joint = self._space_at(connection, given["space"]) if declared is None else declared
        self._give(trial, joint, declared, is_own=space is None)
        row_now = {"worker": self._worker, "ticket": self._ticket, "attempt": row.attempt + 1, "revision": revision}
        connection.execute(self._begin_again, {"key": self._key, "n": row.number, **row_now})
        self._pending = trial
        return trial

    def _view_of(self, connection: sa.Connection, number: int, lag: int) -> list[FrozenTrial]:
        """Return the history that a trial of a reproducible run knew: what is newer it saw as running."""
        self._enter_until(number)
        view = [self._outcome(other) for other in range(number)]
        query = sa.select(_trials.c.number, _trials.c.given).where(
            _trials.c.study == self._key, _trials.c.number > number - lag, _trials.c.number < number
        )
        for other, given in connection.execute(query):
            if given is not None:
                view[other] = FrozenTrial(from_text(given, "given")["params"], state=TrialState.RUNNING)
        return view

    # ---- a trial goes on and ends ------------------------------------------------------------------------------------

    def _named(self, trial: Trial, name: str) -> None:
        """Keep a parameter that is not what the trial was given at its start: it may have to be tried again."""
        stored, value = self._mine.get(trial.number), trial._params[name]
        if stored is None or trial._shown is not None or (name in stored.params and stored.params[name] == value):
            return

        def write() -> None:
            place = self._place_of(self._this_turn.connection, {**trial._joint_domains, **trial._domains})
            self._change(trial, params=to_text(trial._given(), "params"), space=place)

        self._in_turn(write)
        stored.params[name] = value

    def _reported(self, trial: Trial, step: int, value: float) -> None:
        if trial._is_given_up:
            return
        check_step(step)

        def write() -> None:
            if self._change(trial):
                self._insert_reports(trial.number, {step: value + 0.0})

        self._in_turn(write)
        if trial.number in self._mine:
            self._mine[trial.number].steps.add(step)

    def _noted(self, trial: Trial, user_attrs: Mapping[str, Any]) -> None:
        text = to_text(dict(user_attrs), "user_attrs")
        if not trial._is_given_up:
            self._in_turn(lambda: self._change(trial, user_attrs=text))

    def _change(self, trial: Trial, **values: Any) -> bool:
        """Change the row of a trial, as long as it is running."""
        connection, revision = self._this_turn
        which = {"key": self._key, "n": trial.number}
        return connection.execute(_CHANGE, {**which, "revision": revision, **values}).rowcount == 1

    def _insert_reports(self, number: int, curve: Mapping[int, float]) -> None:
        connection, revision = self._this_turn
        rows = report_rows(self._key, number, curve, revision)
        if rows:
            # Those of a lost attempt at the same trial may be there already, and are the same.
            insert = sqlite_insert(_reports) if self._store.is_sqlite else postgresql_insert(_reports)
            connection.execute(insert.on_conflict_do_nothing(), rows)

    def _finish(self, trial: Trial, state: TrialState, value: float | None, error: str | None) -> TrialRecord:
        with uninterrupted():
            return super()._finish(trial, state, value, error)

    def _keep(self, trial: Trial, make: Callable[[], TrialRecord]) -> TrialRecord:
        """Write what came of a trial, unless others have finished it; return the record as it is kept."""
        ends = set[datetime | None]()  # of all attempts, one of which may have been committed unnoticed
        news: list[str] = []

        def write() -> TrialRecord:
            record = make()  # in the turn: of another worker's trial, all that it has told by now
            ends.add(record.datetime_complete)
            attrs, news[:] = storable_attrs(record)
            record = replace(storable(record), user_attrs=attrs)
            return self._write_finished(trial, record, ends)

        try:
            kept = self._in_turn(write)
        except (ConnectionError, StorageInternalError) as error:  # it may have taken a night to compute
            record = make()
            error.add_note(f"Not stored: trial {trial.number}, {record.state}, value {record.value!r}, {record.params}")
            raise
        if trial.number in self._mine:
            self._let_go(trial.number)
        self._others.discard(trial.number)
        self._news = news
        if kept.number != trial.number:
            self._refresh()
            text = (
                f"trial {trial.number} had been given up, as {LOST}; its result is kept all the same, as trial "
                f"{kept.number}. Where workers stall for long, give create_study a longer lease than {self._lease:g} s"
            )
            self._news.append(text)
        return kept

    def _write_finished(self, trial: Trial, record: TrialRecord, ends: Container[datetime | None]) -> TrialRecord:
        known = self._trials[trial.number]
        if isinstance(known, TrialRecord):
            if known.datetime_complete in ends and known.state == record.state:
                return known  # written by an attempt whose commit nobody confirmed
            if trial._is_given_up:
                # Failed, it has no result to lose; where somebody else has evaluated it, it has one.
                is_superfluous = record.state == TrialState.FAILED or not _is_lost(known)
                return known if is_superfluous else self._write_late(record)
            raise FinishedElsewhereError(f"trial {trial.number} is finished already ({known.state}); ask for a new one")
        if not self._change(trial, lease_until=None, **self._columns(record)):
            raise FinishedElsewhereError(f"trial {trial.number} is finished already; ask for a new one")
        steps = self._mine[trial.number].steps if trial.number in self._mine else set()
        self._insert_reports(trial.number, {k: v for k, v in record.intermediate_values.items() if k not in steps})
        return record

    def _columns(self, record: TrialRecord) -> dict[str, Any]:
        """Return what the table holds of a trial that has finished."""
        return columns_of(record, self._place_of(self._this_turn.connection, record.distributions))

    def _write_late(self, record: TrialRecord) -> TrialRecord:
        """Append what came of a trial that had been given up; it need not be tried again then."""
        self._dequeue(_enqueued.c.retry_of == record.number)
        late = replace(record, number=len(self._trials))
        self._append([late])
        return late

    # ---- what is added from outside ----------------------------------------------------------------------------------

    def _append(self, records: Iterable[TrialRecord]) -> None:
        """Insert finished trials; the mirror reads them like those of others."""
        connection, revision = self._this_turn
        for number, known in enumerate(map(storable, records), len(self._trials)):
            record = replace(known, number=number)
            row = {"study": self._key, "number": number, "revision": revision, **self._columns(record)}
            row |= {"worker": self._worker, "ticket": self._ticket, "attempt": 0}
            connection.execute(sa.insert(_trials), row)
            self._insert_reports(number, record.intermediate_values)
        self._has_appended = True

    def _enqueue(self, params: dict[str, Any], user_attrs: dict[str, Any], skip_if_exists: bool) -> None:
        if skip_if_exists:
            query = sa.select(_enqueued.c.params).where(_enqueued.c.study == self._key)
            waiting = [from_text(text, "params") for text in self._this_turn.connection.execute(query).scalars()]
            if params in [*(trial.params for trial in self.trials), *waiting]:
                return
        self._put_in_line(to_text(params, "params"), to_text(user_attrs, "user_attrs"), attempt=0, retry_of=None)

    def _put_in_line(self, params: str, user_attrs: str, *, attempt: int, retry_of: int | None) -> None:
        connection = self._this_turn.connection
        connection.execute(
            sa.insert(_enqueued).values(
                study=self._key,
                worker=self._worker,
                ticket=self._ticket,
                params=params,
                user_attrs=user_attrs,
                attempt=attempt,
                retry_of=retry_of,
            )
        )
        self._change_study(n_enqueued=_studies.c.n_enqueued + 1)

    def _dequeue(self, which: sa.ColumnElement[bool]) -> None:
        found = self._this_turn.connection.execute(sa.delete(_enqueued).where(_enqueued.c.study == self._key, which))
        self._change_study(n_enqueued=_studies.c.n_enqueued - found.rowcount)

    def _note(self, key: str, value: Any) -> None:
        self._user_attrs = {**self._user_attrs, key: value}
        self._attrs_text = ""  # what is there is what the next look finds
        self._change_study(user_attrs=to_text(self._user_attrs, "user_attrs"))

    def _set_lag(self, lag: int) -> None:
        def write() -> None:
            if self.lag is None:
                self._change_study(lag=lag)

        with self._lock:
            self._in_turn(write)
            self._refresh()

    def _change_study(self, **values: Any) -> None:
        """Change the row of the study."""
        self._this_turn.connection.execute(sa.update(_studies).where(_studies.c.id == self._key).values(values))

    def _contents(self) -> StudyContents:
        with self._lock:
            self._queue_limit = None
            try:
                return super()._contents()
            finally:
                self._queue_limit = 1


def _beat(store: Storage, study: int, worker: str, lease: float, numbers: set[int], stop: threading.Event) -> None:
    """Renew the leases of a worker's trials, until its study is no more: hence it is given parts of it."""

    def renew(connection: sa.Connection, is_again: bool) -> None:
        which = _trials.c.study == study, _trials.c.worker == worker, _trials.c.number.in_(list(numbers))
        update = sa.update(_trials).where(*which, _trials.c.state == RUNNING)
        connection.execute(update.values(lease_until=store.clock() + lease))

    while not stop.wait(min(lease / BEATS, threading.TIMEOUT_MAX)):
        if numbers:
            with suppress(Exception):  # the worker itself meets the same trouble, and tells
                store.run(renew)


def _news(table: sa.Table, study: int, seen: int) -> sa.Select[Any]:
    return sa.select(table).where(table.c.study == study, table.c.revision > seen)


def _is_lost(record: TrialRecord) -> bool:
    return record.state == TrialState.FAILED and (record.error or "").startswith(LOST)
