"""What is on the disk survives whatever happens while it is replaced; tables cannot carry formulas."""

import csv
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plain_values import any_text

from tpe_reference.disk import cell, write_csv, write_whole

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links are as on Unix")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_text("old", encoding="utf-8")
    return path


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    for text in ("one\r\ntwo\n", "ä 😀", ""):
        write_whole(path, text)
        assert path.read_bytes() == text.encode("utf-8")
    assert os.listdir(tmp_path) == ["new.txt"]


@pytest.mark.parametrize("function", ["os.fsync", "os.replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "disk full"), PermissionError("no"), KeyboardInterrupt()])
def test_whatever_goes_wrong_the_old_file_stays_alone(
    file: Path, function: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(function, fail)
        with pytest.raises(type(error)):
            write_whole(file, "new")
    assert file.read_text(encoding="utf-8") == "old"
    assert os.listdir(file.parent) == [file.name]


def test_a_folder_that_cannot_be_forced_onto_the_disk_is_no_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise PermissionError("as Windows says of every folder")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        write_whole(file, "new")
    assert file.read_text(encoding="utf-8") == "new"


@posix
def test_a_full_disk_leaves_the_old_file(file: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # the system itself refuses what comes after
    try:
        with pytest.raises(OSError, match="large"):
            write_whole(file, "new" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_text(encoding="utf-8") == "old"
    assert os.listdir(file.parent) == [file.name]


@contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """For root, who may do anything, by being somebody else meanwhile."""
    if os.geteuid() == 0:
        os.seteuid(65534)
    else:
        folder.chmod(0o500)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        folder.chmod(0o700)


@posix
def test_a_folder_without_permission_leaves_the_old_file(file: Path) -> None:
    with without_permission(file.parent), pytest.raises(OSError, match=r"[Pp]ermission"):
        write_whole(file, "new")
    assert file.read_text(encoding="utf-8") == "old"


@posix
def test_permissions_are_kept_and_new_files_get_the_usual_ones(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    write_whole(file, "new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "fresh", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o640


def test_a_write_protected_file_is_not_replaced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write what is write-protected
    with pytest.raises(PermissionError, match=r"file.txt is write-protected"):
        write_whole(file, "new")
    assert file.read_text(encoding="utf-8") == "old"


@posix
def test_a_link_goes_on_pointing_to_the_file(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    write_whole(link, "new")
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "new"


@posix
def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    for path in (tmp_path, Path(os.devnull)):
        with pytest.raises(ValueError, match="no regular file"):
            write_whole(path, "new")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        write_whole(tmp_path / "missing" / "file", "new")


def test_names_as_long_as_allowed_can_be_written(tmp_path: Path) -> None:
    write_whole(tmp_path / ("n" * 255), "new")


# ---- tables ----------------------------------------------------------------------------------------------------------

# A spreadsheet takes the first letter that it can see.
INVISIBLE = " \t\r\n\x00\x0b\x1f\xa0\u2003\ufeff"
dangerous = st.builds(
    lambda blank, sign, rest: blank + sign + rest, st.text(INVISIBLE), st.sampled_from("=+-@"), any_text
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(any_text | dangerous, any_text | dangerous), min_size=1, max_size=4))
@example([("=1+1", '=HYPERLINK("http://a","b")'), ("+1+cmd|' /C calc'!A0", "@SUM(1)"), ("\t=1", "-2+3")])
@example([("a,b", 'say "hi"'), ("two\nlines", "cr\r\nlf"), ("ä 😀", "\ud800")])
def test_texts_come_back_and_none_begins_as_a_formula(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, rows[0], rows[1:])
    with path.open(newline="", encoding="utf-8") as file:
        back = list(csv.reader(file))
    assert len(back) == len(rows)
    for texts, cells in zip(rows, back, strict=True):
        for text, got in zip(texts, cells, strict=True):
            wanted = text.encode("utf-8", "backslashreplace").decode("utf-8")
            assert got.removeprefix("'") == wanted or got == wanted
            first = got.lstrip(INVISIBLE)[:1]
            assert first not in ("=", "+", "-", "@") or is_number(got), f"{got!r} would be carried out"
    assert os.listdir(tmp_path) == ["table.csv"]


def is_number(text: str) -> bool:
    try:
        return text.isascii() and float(text) == float(text)
    except ValueError:
        return False


@pytest.mark.parametrize("value", [-1.5, -3, "-3", "+4", "-1e-05", "-.5", float("-inf"), -0.0])
def test_numbers_stay_numbers(value: object) -> None:
    assert float(cell(value)) == float(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["-inf", "-1 ", "-1_000", "+", "-", "-1e", "=1", "１＋", "＝1", "-1-1", "-١"])
def test_what_only_looks_like_a_number_is_text(value: str) -> None:
    assert cell(value) == (f"'{value}" if value[0] in "=+-@＝" else value)


def test_cells_of_nothing_are_empty_and_floats_are_whole() -> None:
    assert [cell(value) for value in (None, float("nan"), 0.1 + 0.2, True, "", 10**30)] == [
        *("", "", "0.30000000000000004", "True", "", "1" + "0" * 30)
    ]
