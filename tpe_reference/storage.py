"""A database that holds studies: its tables, its address, and transactions that outlive a server's absence.

SQLite serves the processes of one machine, PostgreSQL those of many. Everything that a study consists of stands in six
tables as plain numbers and JSON text; nothing is ever unpickled. Names, parameters and attributes are data: they reach
the database as bound parameters, in JSON that is all ASCII; strict_json.py says how values stand that JSON lacks.

    tpe_schema     one row: the version of these tables
    tpe_studies    a row per study; every change of it increases its `revision`
    tpe_spaces     a study's spaces, each once: most trials have the same
    tpe_trials     a row per trial; `revision` is the study's when the row last changed
    tpe_reports    a row per intermediate value
    tpe_enqueued   configurations whose turn has not come

Who writes begins with ``UPDATE tpe_studies SET revision = revision + 1``, which takes the lock on the study's row until
the transaction ends. So changes have an order, and who has read all of them up to a revision asks for the later ones.

Start reading at `Storage.run`. Who uses it: stored_studies.py and shared_study.py.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     storage = Storage(f"sqlite:///{folder}/study.db", create=True)
...     storage.run(lambda connection, again: names(connection))
[]
>>> Storage("postgresql://ada:secret@db:x/studies", create=False)
Traceback (most recent call last):
    ...
ValueError: storage must be a URL such as 'sqlite:///study.db' or 'postgresql://user:password@host/database'; this one \
cannot be read (characters like @ : / in a password are written %40 %3A %2F)
"""

from __future__ import annotations

import functools
import hashlib
import logging
import math
import os
import random
import re
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .exceptions import StorageInternalError, StudyNotFoundError
from .interrupts import is_pressed, uninterrupted
from .strict_json import decode, parse

T = TypeVar("T")
Row = Any  # of a result: its attributes are the columns that were selected

VERSION = 1  # of the tables; grows with every change of them, and who meets a newer one refuses it

# ---- the tables ------------------------------------------------------------------------------------------------------

metadata = sa.MetaData()

schema = Table("tpe_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

studies = Table(
    "tpe_studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name_key", String(64), nullable=False, unique=True),  # a digest: an index holds no name of any length
    Column("name", Text, nullable=False),  # JSON
    Column("identity", String(32), nullable=False),  # what a file of the study is known by
    Column("direction", String(8), nullable=False),
    Column("seed", Text, nullable=False),  # JSON, for it has up to 128 bits
    Column("sampler", Text, nullable=False),  # JSON: the name and the settings
    Column("pruner", Text, nullable=False),
    Column("lag", Integer),  # of a reproducible study
    Column("retry", Integer, nullable=False),  # how often a lost trial is tried again
    Column("lease", Double),  # seconds; NULL: trials are never given up
    Column("user_attrs", Text, nullable=False),  # JSON
    Column("datetime_start", String(40), nullable=False),
    Column("n_enqueued", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # the number of a study that was deleted is not given to another one
)

spaces = Table(
    "tpe_spaces",
    metadata,
    Column("study", ForeignKey(studies.c.id), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("domains", Text, nullable=False),  # JSON
)

trials = Table(
    "tpe_trials",
    metadata,
    Column("study", ForeignKey(studies.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),
    Column("value", Double),  # as the user gave it, not a loss
    Column("params", Text, nullable=False),  # JSON
    Column("space", Integer, nullable=False),  # the place in tpe_spaces of the domains that were named
    Column("user_attrs", Text, nullable=False),  # JSON
    Column("error", Text),  # JSON
    Column("datetime_start", String(40), nullable=False),
    Column("datetime_complete", String(40)),
    Column("given", Text),  # JSON, of a reproducible run's trial: what it had at its start; see shared_study.py
    Column("worker", String(32), nullable=False),  # who evaluates it
    Column("ticket", Integer, nullable=False),  # which of this worker's turns it came from
    Column("lease_until", Double),  # by the server's clock, in seconds; after it a running trial is given up
    Column("attempt", Integer, nullable=False),  # how many times it, or what it repeats, was lost before
    Column("revision", BigInteger, nullable=False),
    Index("tpe_trials_by_revision", "study", "revision"),
)

reports = Table(
    "tpe_reports",
    metadata,
    Column("study", ForeignKey(studies.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),  # NULL is nan, which SQLite does not hold
    Column("revision", BigInteger, nullable=False),
    Index("tpe_reports_by_revision", "study", "revision"),
)

enqueued = Table(
    "tpe_enqueued",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study", ForeignKey(studies.c.id), nullable=False, index=True),
    Column("worker", String(32), nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("params", Text, nullable=False),  # JSON
    Column("user_attrs", Text, nullable=False),  # JSON
    Column("attempt", Integer, nullable=False),
    Column("retry_of", Integer),  # the number of the lost trial that it repeats
)

# ---- waiting ---------------------------------------------------------------------------------------------------------

# Seconds that SQLite itself waits for other writers, before a transaction is begun anew. Python cannot interrupt it, so
# that Ctrl-C may take as long.
BUSY = 5.0
PATIENCE = 600.0  # seconds that a server may be away: long enough for a restart of the machine that it runs on
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries; each pause is twice the one before
CONNECT = 10  # seconds for a connection to be made
# A machine that vanishes without a word is noticed after 10 + 3 * 5 seconds, or 30 in the middle of a statement.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# The number of the lock under which PostgreSQL's tables are made: any number, but the same for all.
CREATING = 7_307_499

# Which of PostgreSQL's errors pass: no connection (08), a server that shuts down or starts (57P..), too many
# connections or a full disk (53); transactions that met (40), or waited longer than the server allows (55P03, 57014).
PASSING = ("08", "57P", "53")
BUSY_STATES = ("40", "55P03", "57014")
_PASSING_OF_SQLITE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)

_logger = logging.getLogger(__package__)


class Storage:
    """The database behind a URL.

    Args:
        url: ``sqlite:///study.db`` (a path relative to the working directory; four slashes for an absolute one) or
            ``postgresql://user:password@host:port/database``.
        create: Whether to make the file and the tables where they are missing.

    Attributes:
        address: The URL with *** in place of a password, for people.

    Raises:
        TypeError, ValueError: For what is no such URL, a file that is no database, tables of a newer version.
        StudyNotFoundError: Without ``create``, where there are no tables.
        ConnectionError: When the server does not answer.
    """

    def __init__(self, url: str, *, create: bool) -> None:
        self._url, self._text = _read_url(url), url
        without_driver = self._url.set(drivername=self._url.get_backend_name())
        self.address = without_driver.render_as_string(hide_password=True)
        password = self._url.password
        hidden = [password, *(v for k, v in self._url.query.items() if "password" in k.lower() and isinstance(v, str))]
        self._secrets = {form for word in hidden if word for form in (word, quote(word, safe=""), quote_plus(word))}
        if any("password" in key.lower() for key in self._url.query):
            self.address = self.mask(self.address)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._may_create = create
        self.back_since = -math.inf  # when the server was last found to be back, by time.monotonic()
        if self.is_sqlite and not create and not Path(self._url.database or "").exists():
            raise StudyNotFoundError(f"storage {self.address}: there is no such file; create_study makes it")
        self._in_use = threading.RLock()  # held by the thread that has an SQLite file open
        self._engine, self._process = self._connect(), os.getpid()
        if self.is_sqlite:
            _of_files[id(self)] = self
        self.run(lambda connection, again: self._prepare(connection, create), write=create, patient=False)

    def run(self, work: Callable[[sa.Connection, bool], T], *, write: bool = True, patient: bool = True) -> T:
        """Return what a function returns that is called inside a transaction, with the connection.

        When the server is away, or another transaction is in the way, all is undone and begun anew, with longer and
        longer pauses. The function's second argument is then True: as the connection may have been lost between the
        commit and the word of it, what the function did before may be there already.

        Args:
            work: What to do. Its own exceptions undo the transaction and go on to the caller.
            write: Whether it may change anything. Who only reads waits for nobody, and sees one state of all tables.
            patient: Whether to wait for a server that is away.

        Raises:
            ConnectionError: When the server has been away for `PATIENCE` seconds.
            StorageInternalError: For whatever else the database says.
        """
        started, pause, is_again = time.monotonic(), FIRST_PAUSE, False
        while True:
            try:
                with self._transaction(write) as connection:
                    result = work(connection, is_again)
                if is_again:
                    self.back_since = time.monotonic()
                    _logger.warning("storage %s: is back after %.1f s", self.address, time.monotonic() - started)
                return result
            except (DBAPIError, PoolTimeout) as error:
                text = self.mask(" ".join(str(getattr(error, "orig", error)).split()))
                kind = self._kind(error)
                # That a connection which was made before is dead does not mean that the server is.
                is_stale = getattr(error, "connection_invalidated", False) and not is_again
            waits = kind == "busy" or (kind == "away" and (patient or is_stale))
            if not waits or time.monotonic() - started > PATIENCE:
                raise self._as_ours(kind, text)
            if not is_again:
                _logger.warning("storage %s: %s; trying again, for %g s at most", self.address, text, PATIENCE)
            if is_pressed():  # Ctrl-C is heard at once where a server is waited for
                raise KeyboardInterrupt
            # Jitter, so that workers do not come back all at once. From the system's generator: Python's is the user's.
            time.sleep(pause * random.SystemRandom().uniform(0.5, 1.0))
            pause, is_again = min(2 * pause, LONGEST_PAUSE), True

    def clock(self) -> sa.ColumnElement[float]:
        """Return SQL for the time in seconds, by the one clock that all workers share: the server's."""
        if self.is_sqlite:  # counts days from noon of a Monday in 4714 BC; 2440587.5 is the beginning of 1970
            return (sa.func.julianday("now", type_=Double) - 2440587.5) * 86400.0
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), Double)

    def could_renew(self, lease_until: sa.ColumnElement[Any], lease: float) -> sa.ColumnElement[bool]:
        """Return SQL for whether a worker had the time to renew a lease, after the server was started."""
        if self.is_sqlite:  # there is no server
            return sa.true()
        started = sa.cast(sa.extract("epoch", sa.func.pg_postmaster_start_time()), Double)
        # One that ran out longer ago than anybody is waited for was not held up by the server.
        return sa.or_(lease_until < started - PATIENCE, started + lease < self.clock())

    def mask(self, text: str) -> str:
        """Return a text without the password."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    @property
    def url(self) -> str:
        """The URL with the password: for another connection, never to be shown."""
        return self.address if self.is_sqlite else self._text

    def __repr__(self) -> str:
        return f"<Storage: {self.address}>"

    # ---- behind it ---------------------------------------------------------------------------------------------------

    def _connect(self) -> sa.Engine:
        if self.is_sqlite:
            # A pool of real connections; SQLAlchemy's own choice for a URL without a path would be another.
            # One that only looks decides at each look how: see `_open_sqlite`.
            file = self._url.database or ""
            is_mine = self._may_create or os.access(file, os.W_OK)
            # No method, which would hold on to this object, so that it and its connections would never be freed.
            opener = functools.partial(_open_sqlite, file, self._may_create)
            pool = sa.pool.QueuePool if is_mine else sa.pool.NullPool
            engine = sa.create_engine("sqlite://", creator=opener, poolclass=pool, hide_parameters=True)
            sa.event.listen(engine, "begin", _begin_sqlite)
        else:
            arguments = {"connect_timeout": CONNECT, **KEEPALIVE}
            try:
                engine = sa.create_engine(self._url, connect_args=arguments, hide_parameters=True)
            except ImportError as error:
                raise ImportError(f'PostgreSQL needs psycopg ({error}): pip install "tpe-reference[storage]"') from None
        weakref.finalize(self, _dispose, engine, os.getpid())
        return engine

    @contextmanager
    def _transaction(self, write: bool) -> Iterator[sa.Connection]:
        if self._process != os.getpid():  # a fork: the connections are the parent's
            self._engine.dispose(close=False)
            self._engine, self._process = self._connect(), os.getpid()
        with self._in_use if self.is_sqlite else nullcontext(), self._engine.connect() as connection:
            if self.is_sqlite:
                connection = connection.execution_options(tpe_writes=write)
            elif not write:  # so that several statements see the same state
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def _prepare(self, connection: sa.Connection, create: bool) -> None:
        """Check the version of the tables, or make them."""
        if create and not self.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATING)))
        if not sa.inspect(connection).has_table(schema.name):
            if not create:
                raise StudyNotFoundError(f"storage {self.address}: there are no studies of this package")
            metadata.create_all(connection)
            connection.execute(schema.insert().values(version=VERSION))
        version = connection.execute(sa.select(sa.func.max(schema.c.version))).scalar_one()
        if version != VERSION:
            raise ValueError(
                f"storage {self.address}: its tables have version {version}, this tpe_reference knows {VERSION}: "
                "update tpe_reference, or use another database"
            )

    def _kind(self, error: Exception) -> str:
        """Tell "busy" (others are in the way), "away" (no server) and "wrong" (it will not get better) apart."""
        original = getattr(error, "orig", None)
        if isinstance(original, sqlite3.Error):
            code = getattr(original, "sqlite_errorcode", 0) & 0xFF  # the kind, without its details
            return "busy" if code in _PASSING_OF_SQLITE else "wrong"
        state = getattr(original, "sqlstate", None)
        if state is not None:
            return "busy" if state.startswith(BUSY_STATES) else "away" if state.startswith(PASSING) else "wrong"
        is_lost = getattr(error, "connection_invalidated", False) or isinstance(error, PoolTimeout)
        return "away" if is_lost or type(original).__name__ in ("OperationalError", "ConnectionTimeout") else "wrong"

    def _as_ours(self, kind: str, text: str) -> Exception:
        if kind == "away":
            return ConnectionError(f"storage {self.address}: {text}")
        if self.is_sqlite and ("not a database" in text or "unable to open" in text):
            return ValueError(
                f"storage {self.address}: {text}; name an SQLite file, or a new one in a folder that exists"
            )
        return StorageInternalError(f"storage {self.address}: {text}")


def _read_url(url: object) -> sa.URL:
    if not isinstance(url, str):
        raise TypeError(f"storage must be a URL such as 'sqlite:///study.db' or None, got {type(url).__name__}")
    # The URL is never shown: what cannot be read may hold a password all the same.
    known = "storage must be a URL such as 'sqlite:///study.db' or 'postgresql://user:password@host/database'"
    unreadable = f"{known}; this one cannot be read (characters like @ : / in a password are written %40 %3A %2F)"
    scheme, _, rest = url.partition("://")
    # A sign in a password that should have been quoted would make a part of the password part of the host's name.
    if scheme != "sqlite" and re.search(r"[@/?#].*@", rest):
        raise ValueError(unreadable)
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(unreadable) from None
    backend = parsed.get_backend_name()
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite":
        raise ValueError(f"{known}; {backend!r} is not supported")
    if parsed.username or parsed.password or parsed.host or "?" in rest:
        raise ValueError(f"{known}; SQLite has no users, no host and no options (a ? in a file's name is written %3F)")
    if parsed.database in (None, "", ":memory:"):
        raise ValueError(f"{known}; a study that no other process shares needs none: leave storage out")
    return parsed.set(database=str(Path(parsed.database).absolute()))  # whatever the working directory will be


def _open_sqlite(file: str, may_create: bool) -> sqlite3.Connection:
    mode = "rwc" if may_create else "rw"
    if not may_create and not os.access(file, os.W_OK):  # somebody else's, to be looked at
        # In WAL mode a reader makes files too, which are then in the owner's way. None are needed where nobody has
        # the database open, and "-wal" tells that.
        mode = "ro" if os.path.exists(f"{file}-wal") else "ro&immutable=1"
    connection = sqlite3.connect(
        f"file:{quote(file)}?mode={mode}", uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False
    )
    try:
        if may_create:  # the file remembers it; readers then do not wait for a writer, nor it for them
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk: it survives a loss of power
    except BaseException:
        connection.close()
        raise
    return connection


def _begin_sqlite(connection: sa.Connection) -> None:
    # Python's own way would begin a transaction late, and for writing later still: too late to wait for its turn.
    writes = connection.get_execution_options().get("tpe_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _dispose(engine: sa.Engine, process: int) -> None:
    if process == os.getpid():  # and not a fork, whose parent goes on with the connections
        with suppress(Exception):
            engine.dispose()


# ---- forks -----------------------------------------------------------------------------------------------------------

# A forked process has none of its parent's locks on a file, but SQLite, whose memory it inherits, believes that it has.
# So whoever closes the file may take itself for the last, and delete the log into which this process goes on writing:
# all of that would be lost. Therefore no file is open while a process forks.
_of_files = weakref.WeakValueDictionary[int, Storage]()
_forking = threading.RLock()
_closed: list[ExitStack] = []  # while a process forks: what lets the threads at the files again


def _before_fork() -> None:
    with ExitStack() as stack:
        stack.enter_context(uninterrupted())
        stack.enter_context(_forking)
        for reference in _of_files.valuerefs():
            if (storage := reference()) is not None:
                stack.enter_context(storage._in_use)  # not in the middle of another thread's transaction
                storage._engine.dispose()
        _closed.append(stack.pop_all())


def _after_fork() -> None:
    while _closed:
        _closed.pop().close()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


# ---- studies by name -------------------------------------------------------------------------------------------------


def name_key(name: str) -> str:
    """Return the digest by which a study's name is looked up."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def names(connection: sa.Connection) -> list[str]:
    """Return the names of all studies, the oldest first."""
    found = connection.execute(sa.select(studies.c.name).order_by(studies.c.id)).scalars()
    return [decode(parse(text), "name") for text in found]


def find(connection: sa.Connection, name: str | None) -> Row | None:
    """Return the row of a study, or None; without a name that of the only one there is."""
    if name is None:
        rows = connection.execute(sa.select(studies).limit(2)).all()
        return rows[0] if len(rows) == 1 else None
    return connection.execute(sa.select(studies).where(studies.c.name_key == name_key(name))).one_or_none()


def delete(connection: sa.Connection, study: int) -> None:
    """Remove a study with all that belongs to it."""
    connection.execute(sa.update(studies).where(studies.c.id == study).values(revision=studies.c.revision + 1))
    for table in (reports, enqueued, trials, spaces):
        connection.execute(sa.delete(table).where(table.c.study == study))
    connection.execute(sa.delete(studies).where(studies.c.id == study))
