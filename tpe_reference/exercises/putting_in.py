"""Put somebody's functions into a copy of one of this package's modules, in the place of its own.

The copy is made from the module's source: where it defines a function, it takes the other one, so everything in
the module that calls it calls that. The package itself stays as it is.

>>> tpe = put_into("samplers.tpe", {"a_tenth": lambda n_finite: n_finite // 5})
>>> tpe.Rules().n_good(100)
20
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

PACKAGE = __name__.rpartition(".exercises")[0]


def put_into(module: str, functions: Mapping[str, Callable[..., Any]]) -> ModuleType:
    """Return a copy of a module in which some functions are others.

    Args:
        module: Its name inside the package: "samplers.tpe".
        functions: By name: "split", or "Float.from_unit" for a method.

    Raises:
        ValueError: When the module defines no function of one of the names.
    """
    original = importlib.import_module(f"{PACKAGE}.{module}")
    tree = ast.parse(inspect.getsource(original))
    for name in functions:
        _replace(tree, name, original.__name__)
    copy = ModuleType(original.__name__)
    copy.__package__, copy.__file__ = original.__package__, original.__file__
    vars(copy)["__answers__"] = dict(functions)
    exec(compile(ast.fix_missing_locations(tree), str(original.__file__), "exec"), vars(copy))
    return copy


def function_at(target: str) -> Callable[..., Any]:
    """Return a function of the package: "samplers.tpe:split", "space:Float.from_unit"."""
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(f"{PACKAGE}.{module}")
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]  # whatever it is, it was named as a function


def _replace(tree: ast.Module, name: str, module: str) -> None:
    """Make an assignment of a function's definition: split = __answers__["split"]."""
    *outer, inner = name.split(".")
    body: list[ast.stmt] = tree.body
    for part in outer:
        body = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == part), [])
    for i, node in enumerate(body):
        if isinstance(node, ast.FunctionDef) and node.name == inner:
            body[i] = ast.copy_location(ast.parse(f"{inner} = __answers__[{name!r}]").body[0], node)
            return
    raise ValueError(f"put_into: {module} defines no function {name!r}")
