"""Databases for the tests of storage: a file, and a real PostgreSQL that the tests themselves start.

Where the packages or the programs are missing these tests are skipped with the reason, unless REQUIRE_POSTGRES says
that this must not be.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tpe_reference.compare.postgres import Server, UnavailableError


def _missing(why: object) -> None:
    if os.environ.get("REQUIRE_POSTGRES"):
        pytest.fail(f"REQUIRE_POSTGRES is set, and {why}", pytrace=False)
    pytest.skip(str(why))


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    try:
        server = Server()
    except UnavailableError as error:
        _missing(error)
    with server:
        yield server


@pytest.fixture
def postgres(_server: Server) -> Iterator[Server]:
    """A server for this test to stop, to kill and to start."""
    yield _server
    _server.start()  # for the next one, unless it is running


@pytest.fixture
def postgresql_url(postgres: Server) -> str:
    """The address of an empty database of that server."""
    return postgres.new_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a file that is not there yet."""
    try:
        import sqlalchemy  # noqa: F401
    except ImportError:
        _missing('sqlalchemy is missing: pip install "tpe-reference[storage]"')
    return f"sqlite:///{tmp_path / 'study.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
