"""The page "from here to Optuna": every name on it is in our source, or in Optuna's, where the page says."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

pytest.importorskip("optuna", reason='needs the extra "peers"')

PAGE = (Path(__file__).parents[2] / "chapters" / "to-optuna.md").read_text(encoding="utf-8")
OURS = re.findall(r"^\| `([\w.]+)`", PAGE, flags=re.MULTILINE)
# A path, and after the colon one name or several.
PLACES = [
    (path, name)
    for path, names in re.findall(r"`([\w/]+)\.py`: ((?:`[\w.]+`(?:, | and )?)+)", PAGE)
    for name in re.findall(r"`([\w.]+)`", names)
]


@pytest.mark.parametrize("name", OURS)
def test_what_is_ours_is_here(name: str) -> None:
    resolve_name(f"tpe_reference.{name}")


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_what_is_optunas_is_there(path: str, name: str) -> None:
    resolve_name(f"optuna.{path.replace('/', '.')}:{name}")


def test_none_is_overlooked() -> None:
    assert len(OURS) >= 25
    assert len(PLACES) >= 35
    assert PAGE.count(".py`:") == len(re.findall(r"`[\w/]+\.py`: `", PAGE))
