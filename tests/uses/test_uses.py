"""The real uses: every example under chapters/uses runs, goes on, comes to the same again, and is as its page says.

What trains is slow. An example whose framework is missing is skipped, or fails where REQUIRE_FRAMEWORKS is set.
"""

import csv
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tpe_reference

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "chapters" / "uses").glob("*/example.py"))
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=[path.parent.name for path in EXAMPLES])


def run(example: Path, folder: Path, *options: str) -> str:
    """Run an example as a reader does, with little data, and return what it prints."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [
        sys.executable,
        "-W",
        "error::RuntimeWarning",
        str(example),
        "--quick",
        "--folder",
        str(folder),
        *options,
    ]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "trial" in done.stderr, "a bar shows how far it is"
    return done.stdout


def need_framework(example: Path) -> None:
    for name in ("sklearn", "torch"):
        if re.search(rf"^(import|from) {name}\b", example.read_text(encoding="utf-8"), re.MULTILINE) and not find_spec(
            name
        ):
            (pytest.fail if os.environ.get("REQUIRE_FRAMEWORKS") else pytest.skip)(f"needs {name}")


def scores(printed: str) -> dict[str, float]:
    """What an example says of its held-out data, by name."""
    return {name: float(score) for name, score in re.findall(r"^held out, (.*): ([\d.]+)$", printed, re.MULTILINE)}


def kept(folder: Path) -> tpe_reference.Study:
    """The study that an example has left in its folder."""
    files = list(folder.glob("*.json"))
    assert len(files) == 1, f"an example keeps its study in one file of {folder}"
    return tpe_reference.load_study(files[0])


@pytest.mark.slow
@each_example
def test_an_example_runs_goes_on_and_comes_to_the_same_again(example: Path, tmp_path: Path) -> None:
    need_framework(example)
    run(example, tmp_path / "a", "--seed", "1")
    before = kept(tmp_path / "a").trials
    goes_on = scores(run(example, tmp_path / "a", "--seed", "1", "--trials", str(len(before) + 1)))
    assert any("untuned" in name for name in goes_on)
    after = kept(tmp_path / "a").trials
    assert len(after) == len(before) + 1
    for one, other in zip(before, after, strict=False):
        assert (one.params, one.value) == (other.params, other.value)
        assert one.user_attrs["seconds"] == other.user_attrs["seconds"], "it was not run again"
    again = scores(run(example, tmp_path / "b", "--seed", "1", "--trials", str(len(after))))
    assert again == pytest.approx(goes_on, rel=1e-3), "in one piece or in two"
    for one, other in zip(kept(tmp_path / "b").trials, after, strict=True):
        assert one.params == other.params
        assert one.value == pytest.approx(other.value, rel=1e-3)


@pytest.mark.slow
@each_example
def test_the_seed_and_the_sampler_make_a_difference(example: Path, tmp_path: Path) -> None:
    need_framework(example)
    for seed, sampler in (("0", "tpe"), ("2", "random")):
        run(example, tmp_path / sampler, "--seed", seed, "--sampler", sampler, "--trials", "1")
    tpe, random = (kept(tmp_path / name) for name in ("tpe", "random"))
    assert tpe.trials[0].params != random.trials[0].params, "both draw it at random, and with another seed"
    assert type(tpe.sampler) is tpe_reference.TPESampler, "what --sampler tpe says"
    assert type(random.sampler) is tpe_reference.RandomSampler, "what --sampler random says"


@each_example
def test_an_example_is_short(example: Path) -> None:
    assert 60 <= len(example.read_text(encoding="utf-8").splitlines()) <= 120


@each_example
def test_the_runs_of_a_page_have_five_seeds_or_more_and_what_was_held_out(example: Path) -> None:
    folder = example.parent
    for name in ("ends.csv", "trials.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        seeds = {
            sampler: {line["seed"] for line in lines if line["sampler"] == sampler} for sampler in ("tpe", "random")
        }
        assert seeds["tpe"] == seeds["random"]
        assert len(seeds["tpe"]) >= 5
        if name == "ends.csv":
            assert len(lines) == 2 * len(seeds["tpe"]), "a line for each run"
            assert any(column.startswith("untuned") for column in lines[0])


@each_example
def test_a_page_quotes_its_example_and_says_how_to_run_it(example: Path) -> None:
    name = example.parent.name
    page = (example.parent / "index.md").read_text(encoding="utf-8")
    assert f"chapters/uses/{name}/example.py:" in page
    assert f"python chapters/uses/{name}/example.py" in page
    assert f"uses/{name}/index.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
