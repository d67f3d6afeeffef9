"""The frameworks that the callbacks are tested against.

Where one is missing its tests are skipped with the reason, unless REQUIRE_FRAMEWORKS says that this must not be.
"""

import os
import warnings
from importlib import import_module
from typing import Any

import pytest


def framework(name: str, extra: str) -> Any:
    """Import a framework. What it warns of while it loads is its own affair."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(name)
    except ImportError as error:
        why = f'{name} is missing: pip install "tpe-reference[{extra}]" ({error})'
    if os.environ.get("REQUIRE_FRAMEWORKS"):
        pytest.fail(f"REQUIRE_FRAMEWORKS is set, and {why}", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def torch() -> Any:
    module = framework("torch", "pytorch")
    module.set_num_threads(1)  # the models are too small for more
    return module
