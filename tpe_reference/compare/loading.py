"""Find a user's own sampler or problem by its address: ``my.module:MySampler`` or ``folder/mine.py:MySampler``.

An address is text, so the processes that do the work can look it up for themselves; nothing is pickled. Modules
are looked for in the current directory first, then where Python always looks.
"""

import hashlib
import importlib
import operator
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from ..user_files import UsageError, find_file, import_file


def load(address: str) -> Any:
    """Return the object at an address.

    Raises:
        UsageError: When there is no such file, module or name, or importing it raises.
    """
    module = _module(address)
    name = address.rpartition(":")[2]
    try:
        return operator.attrgetter(name)(module)
    except AttributeError:
        names = ", ".join(key for key in vars(module) if not key.startswith("_")) or "no public names"
        raise UsageError(f"{address}: there is no {name!r} in {module.__file__}; it has: {names}") from None


def source_file(address: str) -> Path | None:
    """Return the file that an address points into, or None for a name without one."""
    if ":" not in address:
        return None
    file = _module(address).__file__
    return None if file is None else Path(file)


def unknown(kind: str, name: str, known: Iterable[str], option: str) -> UsageError:
    """Return the error for a name that is neither known nor an address.

    >>> unknown("problem", "spere", ["sphere", "branin"], "--problem").args[0]
    "there is no problem 'spere'; known are: sphere, branin; for one of your own: --problem my.module:name"
    """
    own = f"{name}:NAME, with the name that it has in that file" if name.endswith(".py") else "my.module:name"
    return UsageError(
        f"there is no {kind} {name!r}; known are: {', '.join(known)}; for one of your own: {option} {own}"
    )


def _module(address: str) -> ModuleType:
    place, _, name = address.rpartition(":")
    if not place or not name:
        raise UsageError(f"{address!r} is no address; write my.module:name or path/to/file.py:name")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # `python -m` does this, an installed command does not
    try:
        return _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except UsageError:
        raise
    except Exception as error:  # whatever somebody's module does when it is imported
        problem = f"{type(error).__name__}: {error}{_line_in(Path(place).name, error)}"
        raise UsageError(f"{address}: importing {place} in {Path.cwd()} failed with {problem}") from error


def _line_in(file: str, error: Exception) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == file]
    return f" ({file}, line {frames[-1].lineno})" if frames else ""


def _from_file(path: Path) -> ModuleType:
    path = path.expanduser().resolve()
    # A name that no other module has, or mine/random.py would replace the standard library's.
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = find_file(path, name)
    if name in sys.modules:
        return sys.modules[name]
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # so that it can import its neighbours
    return import_file(spec)
