"""Make what the pages show: figures, tables, frames, and the functions they quote, under chapters/generated/.

``python chapters/figures.py`` before ``mkdocs build`` or ``mkdocs serve``; it needs the extra "docs". A chapter that
has pictures is a folder with a ``figures.py``, and that has one function, ``make(out)``, which puts them into ``out``.
It may import what lies beside its folder: chapters/shared.py, or under uses chapters/uses/drawing.py. What has been
made from the same files before is left as it is.
"""

import argparse
import ast
import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

CHAPTERS = Path(__file__).parent
ROOT = CHAPTERS.parent
GENERATED = CHAPTERS / "generated"
PACKAGE = ROOT / "tpe_reference"
QUOTED = [*sorted(PACKAGE.glob("samplers/*.py")), *sorted(PACKAGE.glob("pruners/*.py")), PACKAGE / "space.py"]
# In a process of its own, so that a chapter can import what lies beside it, and all of them can be called figures.py.
MAKE = "import sys, pathlib; sys.path[:0] = sys.argv[2:]; import figures; figures.make(pathlib.Path(sys.argv[1]))"


def main() -> None:
    """Make all chapters' figures, or those of the chapters that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*", help="folders under chapters/; all by default")
    names = parser.parse_args().chapters or [
        path.parent.relative_to(CHAPTERS).as_posix() for path in sorted(CHAPTERS.glob("*/**/figures.py"))
    ]
    names = [name for name in names if _makes_figures(CHAPTERS / name / "figures.py")]
    quote(GENERATED / "source")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for line in pool.map(make, names):
            print(line)


def _makes_figures(path: Path) -> bool:
    """Whether a script has a function `make`; those without are run by hand, and what they make is kept in git."""
    if not path.exists():
        raise SystemExit(f"there is no {path}: name a folder under chapters/ that has a figures.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "make" for node in tree.body)


def make(chapter: str) -> str:
    """Make one chapter's figures, unless they are there and as they would become; return what was done."""
    out, digest = GENERATED / chapter, _digest(CHAPTERS / chapter)
    stamp = out / ".made-from"
    if stamp.exists() and stamp.read_text() == digest:
        return f"{chapter}: as before"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    start = time.perf_counter()
    paths = [str(out), str(CHAPTERS / chapter), str((CHAPTERS / chapter).parent), str(ROOT)]
    # One thread each: there is a process for each core already.
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, "-c", MAKE, *paths], env={**os.environ, **one_thread}, check=False)
    if done.returncode:
        raise SystemExit(f"{chapter}: its figures.py failed, see above")
    stamp.write_text(digest)
    return f"{chapter}: made in {time.perf_counter() - start:.1f} s"


def _digest(chapter: Path) -> str:
    """Return a hash of what figures depend on: a chapter's code and data, the package, and who computes and draws."""
    found = hashlib.sha256()
    for name in ("numpy", "matplotlib", "scikit-learn"):
        found.update(f"{name} {version(name)}".encode())
    files = [path for path in chapter.rglob("*") if path.suffix in (".py", ".csv", ".json")]
    files += chapter.parent.glob("*.py")  # what several chapters share; under CHAPTERS that is this file as well
    for path in sorted([*files, *PACKAGE.rglob("*.py")]):
        found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def quote(out: Path) -> None:
    """Write each function, method and class that a page may quote into a file of its own, without its docstring."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for path in QUOTED:
        source = path.read_text(encoding="utf-8")
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for name, code in definitions(source, ast.parse(source), module):
            (out / f"{name}.py").write_text(code, encoding="utf-8")


def definitions(source: str, node: ast.Module | ast.ClassDef, name: str) -> list[tuple[str, str]]:
    """Return (dotted name, code) of each definition in a module or a class."""
    found = []
    for item in node.body:
        if isinstance(item, (ast.FunctionDef, ast.ClassDef)):
            found.append((f"{name}.{item.name}", _without_docstring(source, item)))
        if isinstance(item, ast.ClassDef):
            found += definitions(source, item, f"{name}.{item.name}")
    return found


def _without_docstring(source: str, item: ast.FunctionDef | ast.ClassDef) -> str:
    lines = source.splitlines()
    first = min([item.lineno, *(decorator.lineno for decorator in item.decorator_list)])
    kept = list(range(first - 1, item.end_lineno or item.lineno))
    if ast.get_docstring(item) is not None:
        docstring = item.body[0]
        kept = [i for i in kept if not docstring.lineno - 1 <= i < (docstring.end_lineno or docstring.lineno)]
    return textwrap.dedent("\n".join(lines[i] for i in kept)) + "\n"


if __name__ == "__main__":
    main()
