"""What the comparisons with the packages share.

Where the peers are missing their tests are skipped, unless REQUIRE_PEERS says that this must not be.
"""

import os
from collections.abc import Iterator

import numpy as np
import pytest


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if (
        os.environ.get("REQUIRE_PEERS")
        and call.excinfo is not None
        and call.excinfo.errisinstance(pytest.skip.Exception)
    ):
        pytest.fail(f"{item.name} was skipped: {call.excinfo.value}")


@pytest.fixture
def stable_sort(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Equal centres get their bandwidths in the order of an unstable sort in the peers: chance, not a rule."""
    argsort = np.argsort
    with monkeypatch.context() as patch:
        patch.setattr(np, "argsort", lambda a, *args, **kwargs: argsort(a, *args, **(kwargs | {"kind": "stable"})))
        yield
