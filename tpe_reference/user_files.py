"""A user's own Python file: finding it, running it, and the error for what is wrong with it."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class UsageError(ValueError):
    """Something that the user can put right; the command line prints it without a traceback."""


def find_file(path: Path, name: str) -> ModuleSpec:
    """Return what Python needs in order to import a file as a module of some name.

    Raises:
        UsageError: When there is no such file, or its name says that it is none of Python's.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise UsageError(f"{path}: its name must end in .py")
    return spec


def import_file(spec: ModuleSpec) -> ModuleType:
    """Run a file that was found, and return its module; whatever it raises is raised."""
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # before it runs: its dataclasses look themselves up there
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]  # a spec made from a file has a loader
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module
