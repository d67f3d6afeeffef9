"""Where the peers are missing their tests are skipped, unless REQUIRE_PEERS says that this must not be."""

import os

import pytest


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if (
        os.environ.get("REQUIRE_PEERS")
        and call.excinfo is not None
        and call.excinfo.errisinstance(pytest.skip.Exception)
    ):
        pytest.fail(f"{item.name} was skipped: {call.excinfo.value}")
