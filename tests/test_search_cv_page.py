"""The chapter on scikit-learn: its code runs as it stands there, and the script behind its figure runs too."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

CHAPTER = Path(__file__).parent.parent / "chapters" / "search-cv"
PAGE = (CHAPTER / "index.md").read_text(encoding="utf-8")


def test_the_blocks_run_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
    printed = capsys.readouterr().out
    assert "best cross-validated score" in printed
    assert "held-out score" in printed
    assert "of them pruned" in printed


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert links
    for link in links:
        assert (CHAPTER / link).exists(), link


def test_the_script_compares_at_equal_numbers_of_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("figures", CHAPTER / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    estimator, space, _, _ = figures.choice_of_model()
    X, y = figures.load_digits(return_X_y=True)
    for name, search in figures.searches(estimator, space, 1, 6, 0).items():
        run = figures.run(search, X[:200], y[:200], 30, 0)
        assert run["n"] == 6 or ("Pruner" in name and run["n"] >= 6), "six whole candidates, or parts of more"
        assert len(run["curve"]) == 30
        assert run["curve"][-1] == run["cv"]
