"""The frameworks that the callbacks are tested against.

Where one is missing its tests are skipped with the reason, unless REQUIRE_FRAMEWORKS says that this must not be.
"""

import multiprocessing
import os
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
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


@pytest.fixture(scope="session")
def sklearn() -> Any:
    return framework("sklearn", "sklearn")


@pytest.fixture(scope="session")
def xgboost() -> Any:
    return framework("xgboost", "xgboost")


@pytest.fixture(scope="session")
def lightgbm() -> Any:
    return framework("lightgbm", "lightgbm")


@pytest.fixture(scope="session")
def keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what TensorFlow says of the processor
    return framework("keras", "keras")


@pytest.fixture(scope="session")
def tensorflow(keras: Any) -> Any:
    return framework("tensorflow", "keras")


@pytest.fixture(scope="session")
def lightning() -> Any:
    framework("torch", "pytorch")
    return framework("lightning.pytorch", "lightning")


@pytest.fixture
def spawned() -> Iterator[None]:
    """New processes start afresh: forked after a training with OpenMP one would wait for its threads for ever."""
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    yield
    multiprocessing.set_start_method(before, force=True)


@pytest.fixture(scope="session")
def rows() -> tuple[Any, Any]:
    """64 rows of four numbers, and of which of the first two is larger."""
    x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    return x, (x[:, 0] > x[:, 1]).astype(int)
