"""Traces: what every step of the algorithms gives for given inputs, as JSON, for implementations in any language.

The format is described in chapters/traces.md. `reference` holds the functions that are traced, `make` writes the files
next to it, `check` compares somebody's functions with them; ``tpe-reference check-traces my_tpe.py`` is that from the
command line.

>>> traces = load()
>>> traces["space"]["cases"][0]["function"], traces["space"]["cases"][0]["arguments"]["value"]
('to_unit', -2.0)
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = ("space", "grid", "tpe", "cma_es", "median")


def load(folder: Path = FOLDER) -> dict[str, Any]:
    """Return all traces by the name of their file, with nan and the infinities as floats."""
    texts = {name: (folder / f"{name}.json").read_text(encoding="utf-8") for name in NAMES}
    return {name: json.loads(text, object_hook=_decode) for name, text in texts.items()}


def _decode(entry: dict[str, Any]) -> Any:
    return float(entry["float"]) if entry.keys() == {"float"} else entry
