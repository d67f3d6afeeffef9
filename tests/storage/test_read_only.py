"""A database that somebody else owns can be looked at, and nothing of the look stays behind."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tpe_reference import create_study, get_all_study_names

pytest.importorskip("sqlalchemy", reason='needs the extra "storage"')

MAKE = """
import sys
from tpe_reference import Float, create_study
study = create_study(storage=sys.argv[1])
study.tell(study.ask({"x": Float(0, 1)}), 0.5)
"""
LOOK = """
import os, sys
import tpe_reference.samplers.optuna_names, tpe_reference.stored_studies  # while their files can be read
from tpe_reference import load_study
if sys.argv[2]:
    os.setuid(int(sys.argv[2]))
print(load_study(sys.argv[1]).best_value)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the rights of POSIX")
@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_a_write_protected_file_is_read_and_nothing_is_left_beside_it(folder: Path, folder_mode: int) -> None:
    file = folder / "study.db"
    subprocess.run([sys.executable, "-c", MAKE, f"sqlite:///{file}"], check=True)
    assert os.listdir(folder) == ["study.db"]
    file.chmod(0o444)
    folder.chmod(folder_mode)
    user = "65534" if os.getuid() == 0 else ""  # to root all files are writable
    command = [sys.executable, "-c", LOOK, f"sqlite:///{file}", user]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0.5\n"
    assert os.listdir(folder) == ["study.db"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs to count open files")
def test_a_storage_that_nobody_needs_any_more_closes_its_connections(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    create_study(storage=url, study_name="s")
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        get_all_study_names(url)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before
