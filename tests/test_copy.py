"""Taking a part of the package away: `tpe-reference copy`, and the whole of it under another name."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tpe_reference
from tpe_reference.__main__ import main

PACKAGE = Path(tpe_reference.__file__).parent
FILES = {
    "grid": "grid.py",
    "random": "random_search.py",
    "tpe": "tpe.py",
    "cma-es": "cma_es.py",
    "median": "median.py",
}
any_algorithm = pytest.mark.parametrize("algorithm", FILES)

# Python without site-packages and without the environment (-I -S), in which the finder below refuses every import
# but the standard library, numpy and the files in one folder.
ISOLATED = """
import os, sys
folder, site_packages, allowed = sys.argv[1], sys.argv[2], set(sys.argv[3].split(","))
class OnlyThese:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} may not be imported here")
sys.meta_path.insert(0, OnlyThese())
sys.path += [folder, site_packages]
os.chdir(folder)
for forbidden in ("tpe_reference", "sklearn", "tqdm", "hypothesis"):
    try:
        __import__(forbidden)
    except ImportError:
        continue
    raise SystemExit(f"{forbidden} could be imported: this process is not isolated")
exec(compile(sys.stdin.read(), "<use>", "exec"))
"""


def run_isolated(code: str, folder: Path, allowed: str) -> str:
    site_packages = str(Path(np.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", ISOLATED, str(folder), site_packages, f"numpy,{allowed}"],
        input=code,
        capture_output=True,
        text=True,
        check=False,
        # Linear algebra with the same kernels, where the environment chooses them: others round otherwise.
        env={"PYTHONDONTWRITEBYTECODE": "1"} | {k: v for k, v in os.environ.items() if k.startswith("OPENBLAS_")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def copied(algorithm: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Copy and return the lines that were printed to use it."""
    assert main(["copy", algorithm, str(folder)]) == 0
    return capsys.readouterr().out.split("\n\n", 1)[1]


# ---- copy ------------------------------------------------------------------------------------------------------------


@any_algorithm
def test_copy_puts_two_files_flat_into_a_folder(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(algorithm, tmp_path / "new" / "folder", capsys)
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(
        [FILES[algorithm], "space.py"]
    )


@any_algorithm
def test_a_copy_names_its_neighbour_and_not_the_package(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(algorithm, tmp_path, capsys)
    text = (tmp_path / FILES[algorithm]).read_text(encoding="utf-8")
    assert "from space import" in text, "also where only a type checker reads it"
    assert not re.search(
        r"(from|import) (tpe_reference|\.)", text + (tmp_path / "space.py").read_text(encoding="utf-8")
    )


@any_algorithm
def test_copy_prints_five_lines_that_use_it(algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = copied(algorithm, tmp_path, capsys).strip().splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= 120


@any_algorithm
def test_the_five_lines_run_where_nothing_but_numpy_and_the_two_files_can_be_imported(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use = copied(algorithm, tmp_path, capsys)
    output = run_isolated(use, tmp_path, f"space,{Path(FILES[algorithm]).stem}")
    assert output.strip()
    if algorithm == "median":
        assert re.findall("stop|go on", output) == ["go on", "stop"]
    else:
        assert output.count("FrozenTrial(params={'x': ") >= 1


@any_algorithm
def test_a_copy_decides_as_the_package_does(algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied(algorithm, tmp_path, capsys)
    if algorithm == "median":
        code = """
        history = [FrozenTrial({}, 0.1 * k, {s: (k * 7 % 5) + s for s in range(4)}) for k in range(12)]
        for s in range(40):
            print(MedianPruner().should_prune(FrozenTrial({}, curve={s % 4: s / 7}, state=TrialState.RUNNING), history))
        """
        imports = {"median": ("MedianPruner", "pruners.median")}
    else:
        code = """
        space = {"x": Float(-5, 5), "lr": Float(1e-4, 1, log=True), "n": Int(1, 9), "c": Categorical(["a", None])}
        history = []
        for n in range(60):
            rng = np.random.default_rng(np.random.SeedSequence(1, spawn_key=(n,)))
            params = SAMPLER.suggest(space, history, rng)
            print(params)
            history.append(FrozenTrial(params, abs(params["x"] - 1) + params["n"]))
        """
        imports = {
            "grid": ("GridSampler(points=4)", "samplers.grid"),
            "random": ("RandomSampler()", "samplers.random_search"),
            "tpe": ("TPESampler()", "samplers.tpe"),
            "cma-es": ("CmaEsSampler()", "samplers.cma_es"),
        }
    expression, module = imports[algorithm]
    code = re.sub("^        ", "", code, flags=re.MULTILINE).replace("SAMPLER", expression)
    cls = expression.split("(")[0]
    names = "Categorical, Float, FrozenTrial, Int, TrialState"
    flat = f"import numpy as np\nfrom space import {names}\nfrom {module.split('.')[1]} import {cls}\n{code}"
    whole = (
        f"import numpy as np\nfrom tpe_reference.space import {names}\nfrom tpe_reference.{module} import {cls}\n{code}"
    )
    mine = run_isolated(flat, tmp_path, f"space,{module.split('.')[1]}")
    theirs = subprocess.run(
        [sys.executable, "-c", whole],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    ).stdout
    assert mine == theirs
    assert len(mine.splitlines()) >= 40


@any_algorithm
def test_the_doctests_of_a_copy_run(algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied(algorithm, tmp_path, capsys)
    stem = Path(FILES[algorithm]).stem
    code = f"import doctest, space, {stem}\nprint(doctest.testmod(space), doctest.testmod({stem}))"
    output = run_isolated(code, tmp_path, f"space,{stem}")
    assert re.fullmatch(r"(TestResults\(failed=0, attempted=[1-9]\d*\)\s*){2}", output), output


@any_algorithm
def test_an_algorithms_file_imports_numpy_the_standard_library_and_space_alone(algorithm: str) -> None:
    source = next(PACKAGE.rglob(FILES[algorithm])).read_text(encoding="utf-8")
    code = re.sub(r'""".*?"""', "", source, flags=re.DOTALL)
    modules = re.findall(r"^\s*(?:from|import) ([\w.]+)", code, flags=re.MULTILINE)
    allowed = {"numpy", "__future__", *sys.stdlib_module_names}
    assert {module for module in modules if module.split(".")[0] not in allowed} <= {"..space"}


@pytest.mark.parametrize("name", ["tpe.py", "space.py"])
def test_copy_refuses_to_overwrite_and_writes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("my own work\n")
    assert main(["copy", "tpe", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert str(tmp_path / name) in printed.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "my own work\n"


def test_copy_refuses_to_overwrite_what_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tpe.py").write_bytes(b"\xff\xfe\x00")
    assert main(["copy", "tpe", str(tmp_path)]) == 2
    assert "tpe.py" in capsys.readouterr().err
    (tmp_path / "tpe.py").unlink()
    (tmp_path / "tpe.py").mkdir()
    assert main(["copy", "tpe", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["tpe.py"]


def test_copy_refuses_a_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["copy", "tpe", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err


def test_two_algorithms_share_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uses = [copied(algorithm, tmp_path, capsys) for algorithm in FILES]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES.values(), "space.py"])
    stems = ",".join(Path(name).stem for name in FILES.values())
    for use in uses:
        assert run_isolated(use, tmp_path, f"space,{stems}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "COMMAND"), (["copy", "simplex", "d"], "simplex"), (["copy", "tpe"], "DIR"), (["fly"], "fly")],
)
def test_other_commands_are_refused_with_the_possible_ones(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_names_the_commands_and_the_algorithms(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in ((["--help"], ["compare", "copy"]), (["copy", "--help"], list(FILES))):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        output = capsys.readouterr().out
        assert all(word in output for word in words), output


def test_the_package_is_a_command_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tpe_reference", "copy", "random", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "random_search.py").exists()


# ---- vendoring -------------------------------------------------------------------------------------------------------

JOURNEY = """
import NAME as hpo
def objective(trial):
    x = trial.suggest_float("x", -5, 5)
    trial.report(x * x, 0)
    if trial.should_prune():
        raise hpo.TrialPruned
    return x * x + len(trial.suggest_categorical("c", ["a", "bb"]))
grid = hpo.GridSampler({"x": [0.0, 1.0], "c": ["a", "bb"]})
for sampler in (hpo.TPESampler(), hpo.CmaEsSampler(), hpo.RandomSampler(), grid):
    study = hpo.create_study(sampler=sampler, seed=0)
    study.optimize(objective, n_trials=30)
    print(type(sampler).__module__, len(study.trials), study.best_value)
import sys
print(sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project, into which the package has been dropped under other names."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "my_search", ignore=ignored)
    shutil.copytree(PACKAGE, tmp_path / "app" / "_vendor" / "hpo", ignore=ignored)
    return tmp_path


@pytest.mark.parametrize("name", ["my_search", "app._vendor.hpo"])
def test_the_package_runs_renamed_inside_another_project_with_numpy_alone(project: Path, name: str) -> None:
    output = run_isolated(JOURNEY.replace("NAME", name), project, name.partition(".")[0])
    lines = output.splitlines()
    assert [line.split()[0].startswith(f"{name}.samplers.") for line in lines[:4]] == [True] * 4
    assert [line.split()[1] for line in lines[:4]] == ["30", "30", "30", "4"]
    assert "tpe_reference" not in lines[4]


@pytest.mark.parametrize("name", ["my_search", "app._vendor.hpo"])
def test_every_module_of_the_renamed_package_has_relative_imports(project: Path, name: str) -> None:
    folder = project / Path(*name.split("."))
    for path in folder.rglob("*.py"):
        code = re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"^\s*(from|import) tpe_reference", code, flags=re.MULTILINE), path.name


def test_the_renamed_packages_copy_command_works_with_numpy_alone(project: Path) -> None:
    code = """
    import runpy, sys
    sys.argv = ["my-search", "copy", "tpe", "taken"]
    runpy.run_module("my_search", run_name="__main__")
    """
    with_exit = re.sub("^    ", "", code, flags=re.MULTILINE).replace("runpy.run_module", "try: runpy.run_module")
    with_exit += "except SystemExit as stopped: assert not stopped.code, stopped.code\n"
    output = run_isolated(with_exit, project, "my_search")
    use = output.split("\n\n", 1)[1]
    assert run_isolated(use, project / "taken", "space,tpe")


# ---- what importing the package brings along -------------------------------------------------------------------------


def test_importing_the_package_is_silent_and_loads_nothing_optional() -> None:
    code = """
import sys, tpe_reference
print([name for name in sys.modules if name.partition(".")[0] in ("tqdm", "sklearn", "matplotlib", "scipy", "pandas")])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_everything_that_is_public_is_there() -> None:
    for name in tpe_reference.__all__:
        assert hasattr(tpe_reference, name), name
    wanted = "Categorical CmaEsSampler Float FrozenTrial GridSampler Int MedianPruner RandomSampler Study TPESampler "
    wanted += "Trial TrialPruned TrialState create_study"
    assert set(wanted.split()) <= set(tpe_reference.__all__)
    for module in (tpe_reference.trial, tpe_reference.importance):
        assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize(
    "module",
    ["space", "study", "samplers.grid", "samplers.random_search", "samplers.tpe", "samplers.cma_es", "pruners.median"],
)
def test_every_module_opens_with_a_doctest_that_runs(module: str) -> None:
    imported = __import__(f"tpe_reference.{module}", fromlist=["_"])
    assert ">>> " in (imported.__doc__ or ""), "a module opens with what it does, and one example"
    results = doctest.testmod(imported)
    assert results.attempted > 0
    assert results.failed == 0
