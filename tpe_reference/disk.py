r"""Writing to the disk so that nothing is put at risk: whole files or none, and tables without formulas.

A file that is overwritten in place is damaged by whatever comes between its first byte and its last: a power cut, a
full disk, ``kill -9``. Here the new one is written beside it, forced onto the disk, and then takes its name, which
operating systems do in one step.

A table that somebody opens in a spreadsheet is a program: a cell that begins with ``=``, ``+``, ``-`` or ``@`` is
carried out. Text that would be read so gets an apostrophe in front; numbers stay what they are.

Start reading at `write_whole`.

>>> [cell(value) for value in (-0.5, None, "=1+1", "-1e5", "\t@SUM(A1)")]
['-0.5', '', "'=1+1", '-1e5', "'\t@SUM(A1)"]
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

# Spreadsheets skip blanks and control characters; the wide signs count where such keyboards are used.
_FORMULA = re.compile(r"[\s\x00-\x1f\x7f\ufeff]*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def write_whole(path: Path, text: str) -> None:
    """Write a file (UTF-8) in one piece: whatever happens, there is the old one or the new one.

    A file that is replaced keeps its permissions, and a link goes on pointing to it.

    Raises:
        OSError: When it cannot be written; the old one is then as it was.
        ValueError: When there is something else of this name: a folder, a device.
    """
    target = Path(os.path.realpath(path))
    old = _status(target)
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise ValueError(f"{path} is no regular file; choose another name")
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is write-protected; choose another name, or allow writing")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {target.parent}; make it first")
    # A name of its own for everybody who writes at the same time, and none that is too long.
    temporary = target.with_name(f"{target.name[:40]}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            temporary.chmod(stat.S_IMODE(old.st_mode))
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _force_name(target.parent)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let all others wait who come here for the same folder, so that what was looked at is what is replaced.

    Where folders cannot be locked, on Windows and on some disks in a network, nobody waits.
    """
    with ExitStack() as stack:
        with suppress(ImportError, OSError):
            import fcntl

            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Closing alone would not do it, where a process has been forked meanwhile that has the handle too.
            stack.callback(fcntl.flock, handle, fcntl.LOCK_UN)
        yield


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table (UTF-8), see `csv_text`.

    Raises:
        OSError, ValueError: As `write_whole`.
    """
    write_whole(path, csv_text(header, rows))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table (commas, a line of names first) that a spreadsheet opens as data."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([cell(value) for value in row] for row in (header, *rows))
    # Half of a surrogate pair is text in Python and nowhere else; it is written as Python would show it.
    return buffer.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")


def cell(value: Any) -> str:
    """Return what stands in a table's cell; nothing for None and nan."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):  # also numpy's, whose repr is another
        return repr(float(value))
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _force_name(folder: Path) -> None:
    """Force the new name onto the disk too, where folders can be opened: not on Windows."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
