"""Passwords are seen by nobody, and what is in a database is data: read, checked, and never carried out."""

import io
import logging
import os
import pickle
import re
import sqlite3
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from storage_workers import bowl

import tpe_reference
from tpe_reference import (
    copy_study,
    create_study,
    delete_study,
    exceptions,
    get_all_study_names,
    get_all_study_summaries,
    load_study,
)
from tpe_reference.compare.postgres import PASSWORD, Server

# Words that stand nowhere else, also not in the source lines that a traceback quotes.
SECRETS = [
    "plugh",
    "plugh%xyzzy",
    "plugh@xyzzy",
    "plugh:xyzzy",
    "plugh/xyzzy",
    "pl'ugh\"",
    "plugh?xyz#z&y=",
    "plu gh\\",
    "plugh€",
]


def forms(secret: str) -> set[str]:
    """The ways in which a secret may be written."""
    pieces = [piece for piece in re.split(r"\W+", secret) if len(piece) > 3]  # a part betrays the rest
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1], *pieces}


@contextmanager
def everything_said(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Collect all that is printed, warned, logged at any level, and raised."""
    said: list[str] = []
    out = io.StringIO()
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("tpe_reference", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "psycopg"):
            caplog.set_level(logging.DEBUG, name)
        with redirect_stdout(out), redirect_stderr(out):
            try:
                yield said
            except Exception as error:
                said.append(repr(error))
                # The whole chain: what an error was caused by is printed as well, and sent to trackers of errors.
                said += traceback.format_exception(error)
        said += [str(warning.message) for warning in caught]
    said += [out.getvalue(), caplog.text, *(str(vars(record)) for record in caplog.records)]


def check(said: list[str], secret: str) -> None:
    text = "\n".join(said)
    for form in forms(secret):
        assert form not in text, text[max(0, text.index(form) - 300) : text.index(form) + 100]


CALLS: dict[str, Callable[[str], Any]] = {
    "create": lambda url: create_study(storage=url, study_name="s", load_if_exists=True),
    "load": lambda url: load_study(study_name="s", storage=url),
    "delete": lambda url: delete_study(study_name="s", storage=url),
    "copy from": lambda url: copy_study(from_study_name="s", from_storage=url, to_storage="sqlite:///:memory:"),
    "names": get_all_study_names,
    "summaries": get_all_study_summaries,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_wrong_password_is_not_shown(
    postgres: Server, secret: str, call: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with everything_said(caplog) as said:
        call(postgres.url("postgres", password=secret))
    assert any("127.0.0.1" in line for line in said), "the address is named"
    assert re.search("ConnectionError|ValueError", "\n".join(said))
    check(said, secret)


BROKEN = [
    "postgresql://user:{}@127.0.0.1:notaport/db",
    "postgresql://user:{}@127.0.0.1:1/db",
    "postgresql://user:{}@no.such.host.invalid/db",
    "postgresql://user:{}@/db?host=/no/such/folder",
    "postgresql://:{}@127.0.0.1:1",
    "postgresql://127.0.0.1:1/db?user=me&password={}",
    "postgresql+psycopg2://user:{}@127.0.0.1:1/db",
    "postgres//user:{}@127.0.0.1/db",
    "mysql://user:{}@127.0.0.1/db",
    "user:{}@127.0.0.1/db",
    "sqlite://user:{}@host/file.db",
    "redis://:{}@127.0.0.1",
    "://{}",
]


@pytest.mark.parametrize("address", BROKEN)
@pytest.mark.parametrize(
    "secret", ["plugh", "plugh%2xyzzy", "plugh@xyzzy", "plugh/xyzzy:plover", "plugh#xyzzy", "plugh?xyzzy"]
)
def test_an_address_that_is_wrong_is_not_shown_with_its_password(
    address: str, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where somebody forgot to quote what is special in it, so that a part of it is read as something else."""
    for call in (CALLS["create"], CALLS["load"], CALLS["names"]):
        with everything_said(caplog) as said:
            call(address.format(secret))
        assert re.search("ConnectionError|ValueError", "\n".join(said)), said
        check(said, secret)


def test_a_study_shows_no_password_whatever_happens(
    postgres: Server, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert quote(PASSWORD, safe="") in postgresql_url
    with everything_said(caplog) as said:
        study = create_study(storage=postgresql_url, study_name="s", seed=1)
        study.optimize(bowl, n_trials=3)
        said += [repr(study), str(study), study._repr_html_(), repr(vars(study)), repr(study.trials)]
        said += [repr(value) for value in vars(study).values()]
        postgres.stop()
        postgres.start()
        study.optimize(bowl, n_trials=3)
        for wrong in (
            lambda: create_study(storage=postgresql_url, study_name="s"),
            lambda: load_study(storage=postgresql_url, study_name="t"),
            lambda: create_study(storage=postgresql_url, study_name="s", load_if_exists=True, direction="maximize"),
            lambda: study.tell(0, 1.0),
            lambda: study.enqueue_trial({"x": 1j}),
        ):
            with suppress(Exception):
                try:
                    wrong()
                except Exception as error:
                    said += traceback.format_exception(error)
                    raise
        study.optimize(fails, n_trials=1)
    assert len(said) > 20
    check(said, PASSWORD)


def fails(trial: Any) -> float:
    raise ZeroDivisionError(repr(trial) + repr(trial.study))


# ---- nothing is carried out ------------------------------------------------------------------------------------------


class Planted:
    """What runs when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def columns_of(database: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [(table, row[1]) for table in tables for row in database.execute(f'PRAGMA table_info("{table}")')]


def test_nothing_in_a_database_is_unpickled(sqlite_url: str, tmp_path: Path) -> None:
    path, trap = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "sprung"
    study = create_study(storage=sqlite_url, study_name="s", seed=1)
    study.optimize(bowl, n_trials=3)
    study.set_user_attr("a", "b")
    study.enqueue_trial({"x": 1.0})
    study.ask()
    del study
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        columns = columns_of(database)
    database.close()
    assert len(columns) > 8
    whole = path.read_bytes()
    for value in (pickle.dumps(Planted(trap), 0).decode("latin-1"), pickle.dumps(Planted(trap), 4)):
        for table, column in columns:
            overwrite(path, whole, table, column, value)
            for read in (lambda: load_study(storage=sqlite_url).trials, lambda: get_all_study_summaries(sqlite_url)):
                with suppress(Exception):  # it may complain in any way
                    read()
            assert not trap.exists(), f"{table}.{column} was unpickled"


def overwrite(path: Path, whole: bytes, table: str, column: str, value: Any) -> None:
    """Restore a database, but for one column that has the same value everywhere."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.write_bytes(whole)
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous = OFF")
    with suppress(sqlite3.Error), database:  # some are integers, or unique
        database.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?', [value])
    database.close()


def test_the_sources_have_nothing_that_would_carry_out_what_is_stored() -> None:
    package = Path(tpe_reference.__file__).parent
    for name in ("storage.py", "shared_study.py", "stored_rows.py", "stored_studies.py"):
        source = (package / name).read_text(encoding="utf-8")
        found = re.findall(
            r"import (?:pickle|marshal|shelve|dill|cloudpickle|yaml)|pickle\.|PickleType|\beval\(|\bexec\(|__import__",
            source,
        )
        assert not found, f"{name}: {found}"


@pytest.mark.slow
def test_a_damaged_database_is_said_to_be_damaged(sqlite_url: str) -> None:
    """Every value is replaced by ones that could not have been written; nothing but a clear error may come of it."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    study = create_study(storage=sqlite_url, study_name="s", seed=1)
    study.optimize(bowl, n_trials=2)
    study.enqueue_trial({"x": 1.0})
    del study
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    columns = columns_of(database)
    database.close()
    whole = path.read_bytes()
    for table, column in columns:
        if table in ("tpe_schema", "tpe_studies"):
            continue  # whoever has changed these has another study
        for value in (
            "[",
            "[]",
            "{}",
            '{"int": "x"}',
            "-1",
            "nan",
            '{"x": {"kind": "float"}}',
            b"\x80\xff",
            None,
            1e300,
        ):
            overwrite(path, whole, table, column, value)
            try:
                again = load_study(storage=sqlite_url)
                assert len(again.trials) <= 2
            except (ValueError, exceptions.StorageInternalError):
                pass
            except Exception as error:
                raise AssertionError(f"{table}.{column} = {value!r}: {error!r}") from error


@pytest.mark.parametrize("content", [b"no database" * 1000, b"SQLite format 3\0" + b"\xff" * 5000, b"my notes\n"])
def test_a_file_that_is_no_database_is_named_and_left_alone(content: bytes, tmp_path: Path, sqlite_url: str) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(content)
    for call in (create_study, load_study):
        with pytest.raises((ValueError, ConnectionError), match=r"study\.db"):
            call(storage=sqlite_url)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_and_one_that_may_not_be_written(tmp_path: Path, sqlite_url: str) -> None:
    for path in (tmp_path / "no" / "study.db", tmp_path):
        with pytest.raises((ValueError, ConnectionError), match=re.escape(str(path))):
            create_study(storage=f"sqlite:///{path}")
    for call in (load_study, get_all_study_names):
        with suppress(ValueError, ConnectionError):
            call(storage=sqlite_url) if call is load_study else call(sqlite_url)
    assert not list(tmp_path.glob("*.db-*")), "looking for a study leaves nothing behind"


def test_no_part_of_a_files_name_is_taken_for_an_option(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no options \(a \? in a file's name is written %3F\)"):
        create_study(storage=f"sqlite:///{tmp_path}/is it?.db")
    assert os.listdir(tmp_path) == []


def test_a_database_of_another_program_is_left_alone(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    database = sqlite3.connect(path)
    with database:
        database.execute("CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name VARCHAR(512))")
        database.execute("CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, number INTEGER)")
        database.execute("INSERT INTO studies VALUES (1, 'theirs')")
    before = database.execute("SELECT sql FROM sqlite_master").fetchall()
    for call in (create_study, load_study):
        with suppress(ValueError, ConnectionError):
            call(storage=sqlite_url)
    assert set(before) <= set(database.execute("SELECT sql FROM sqlite_master").fetchall())
    assert database.execute("SELECT * FROM studies").fetchall() == [(1, "theirs")]
    database.close()
