"""What the README shows works as it stands there."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from tpe_reference.__main__ import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


def test_the_python_blocks_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where they write their files
    namespace: dict[str, object] = {}
    code = blocks("python")
    assert len(code) == 5
    for block in code:
        exec(block, namespace)
    assert namespace["params"]


def test_the_file_of_ones_own_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own,) = (block for block in blocks("python") if "class MySampler" in block)
    (tmp_path / "mine.py").write_text(own, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    arguments = "compare --sampler mine.py:MySampler --samplers random --problem mine.py:problem --seeds 2 --trials 12"
    assert main([*arguments.split(), "--jobs", "1"]) == 0
    assert "MySampler" in (tmp_path / "comparison" / "summary.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#:]+)\)", README))
def test_linked_files_exist(path: str) -> None:
    assert (ROOT / path).exists(), f"README.md links to {path}"


def test_commands_in_the_text_are_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each is parsed by the real command line; what it would run is replaced."""
    seen: list[argparse.Namespace] = []

    def run(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr("tpe_reference.compare.cli.run", run)
    monkeypatch.setattr("tpe_reference.study_cli.run", run)
    monkeypatch.chdir(tmp_path)
    Path("my_tpe.py").write_text("def choose(log_l, log_g):\n    return int(len(log_l) > 1)\n", encoding="utf-8")
    for line in "\n".join(blocks("sh")).splitlines():
        words = shlex.split(line.split("&&")[-1], comments=True)
        if words and words[0].endswith("tpe-reference"):
            assert main(words[1:]) == 0, line
            if words[1:3] == ["exercises", "start"]:
                monkeypatch.chdir(words[3])  # the next one is for "in that folder"
    assert len(seen) == 5 + 4  # compare, study
    assert (tmp_path / "my_project" / "tpe.py").exists()
