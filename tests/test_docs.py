"""The docs site: it builds without a warning, its links lead somewhere, it loads nothing from elsewhere, its code runs.

What builds the site is slow and needs the extra "docs"; the browser's test needs a Chromium. Both are skipped where
that is missing, or fail where REQUIRE_DOCS or REQUIRE_CHROMIUM is set.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

import tpe_reference
import tpe_reference.callbacks
from tpe_reference import study_cli
from tpe_reference.exercises import cli as exercises

ROOT = Path(__file__).parent.parent
CHAPTERS = ROOT / "chapters"
PAGES = sorted(
    page.relative_to(CHAPTERS).as_posix()
    for page in CHAPTERS.rglob("*.md")
    if CHAPTERS / "generated" not in page.parents
)

# ---- the code on the pages -------------------------------------------------------------------------------------------

# Pages whose Python blocks are executed by a test of their own, which also checks what they print or leave behind, and
# how many there are: who adds one to a page sees to it that its test executes it.
TESTED_ELSEWHERE = {
    "exercises/teaching.md": ("exercises/test_journeys.py", 2),
    "files.md": ("test_files.py", 2),
    "importance.md": ("test_importance.py", 4),
    "optuna.md": ("test_optuna.py", 2),
    "pictures.md": ("test_visualization.py", 1),
    "search-cv/index.md": ("test_search_cv_page.py", 5),
    "traces.md": ("test_traces.py", 1),
    "training-loop.md": ("callbacks/test_training_loop_page.py", 5),
}
# Pages with a script, which starts processes or needs an extra: below.
SCRIPTS = ["executors.md", "storage.md"]


# A block of Python, and what the page says that it prints: a block of text right after it. A block may stand in a list
# or a note, and is indented there; what is quoted from a file of ours has a title, is looked up there, and not run.
BLOCK = re.compile(
    r"^(?P<indent> *)```(?:python|py)\n(?P<code>.*?)^(?P=indent)```$"
    r"(?:\n\n(?P=indent)```text\n(?P<printed>.*?)^(?P=indent)```$)?",
    flags=re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")


def blocks(page: str) -> list[tuple[str, str | None]]:
    """The Python blocks of a page, each with what it is said to print."""
    text = (CHAPTERS / page).read_text(encoding="utf-8")
    return [
        (textwrap.dedent(found["code"]), found["printed"] and textwrap.dedent(found["printed"]))
        for found in BLOCK.finditer(text)
    ]


def python_blocks(page: str) -> list[str]:
    return [code for code, _ in blocks(page)]


def differs_by_rounding(shown: str, printed: str) -> bool:
    """Whether two numbers are equal but for what another platform's arithmetic does to the last digits."""
    if "." not in shown and "e" not in shown:
        return shown == printed
    mantissa, _, exponent = shown.partition("e")
    last_place = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(float(shown) - float(printed)) <= max(1.01 * last_place, 1e-9 * abs(float(shown)))


def assert_printed(shown: str, printed: str, where: str) -> None:
    """The same text, and the same numbers to rounding."""
    message = f"{where} prints\n{printed}\nand its page says\n{shown}"
    assert NUMBER.sub("#", shown) == NUMBER.sub("#", printed), message
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    assert all(differs_by_rounding(*pair) for pair in pairs), message


WITH_CODE = [page for page in PAGES if python_blocks(page)]


@pytest.mark.parametrize("page", [page for page in WITH_CODE if page not in (*TESTED_ELSEWHERE, *SCRIPTS)])
def test_the_blocks_of_a_page_run_one_after_the_other_and_print_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for number, (block, shown) in enumerate(blocks(page)):
        capsys.readouterr()
        exec(compile(block, page, "exec"), names)
        assert_printed(shown or "", capsys.readouterr().out, f"{page}, block {number}")


def test_rounding_is_forgiven_and_nothing_else() -> None:
    assert_printed("a 0.30000000000000004, 1.5e-08, 12\n", "a 0.3, 1.6e-08, 12\n", "")
    for other in ("a 0.32, 12\n", "a 0.3, 13\n", "b 0.3, 12\n", "a 0.3, 12, 1\n", "a 3, 12\n"):
        with pytest.raises(AssertionError, match="here prints"):
            assert_printed("a 0.30, 12\n", other, "here")


@pytest.mark.parametrize("page", TESTED_ELSEWHERE)
def test_a_page_with_tests_of_its_own_has_as_many_blocks_as_they_execute(page: str) -> None:
    file, n_blocks = TESTED_ELSEWHERE[page]
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert all(f'"{part}"' in text for part in page.split("/")), f"{file} should read {page}"
    assert len(python_blocks(page)) == n_blocks, f"does {file} execute all of them?"


def run_script(code: str, folder: Path) -> str:
    """Run a block as the script that its page says it is, and return what it prints."""
    (folder / "script.py").write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "script.py"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_cluster_on_the_page_about_executors_searches(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason='needs the extra "dask"')
    (block,) = python_blocks("executors.md")
    assert "20 trials" in run_script(block, tmp_path)


def test_the_study_on_the_page_about_storage_is_copied_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a second file in place of the server that the page copies to."""
    pytest.importorskip("sqlalchemy", reason='needs the extra "storage"')
    worker, afterwards = python_blocks("storage.md")
    assert "60 trials" in run_script(worker, tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(
        afterwards.replace("postgresql://user:password@host/database", "sqlite:///copy.db"),
        {"tpe_reference": tpe_reference},
    )
    assert tpe_reference.get_all_study_names("sqlite:///study.db") == []
    assert len(tpe_reference.load_study("sqlite:///copy.db").trials) == 60


# ---- what the pages show is made by a script -------------------------------------------------------------------------


def script(path: Path) -> ModuleType:
    """Import a script by its path."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_a_page_quotes_is_in_the_source(tmp_path: Path) -> None:
    script(CHAPTERS / "figures.py").quote(tmp_path)
    text = "".join((CHAPTERS / page).read_text(encoding="utf-8") for page in PAGES)
    assert "--8 <" not in text, "a formatter has taken a quotation for Python"
    for name in re.findall(r'--8<-- "chapters/generated/source/([^"]+)"', text):
        assert (tmp_path / name).exists(), f"{name} is quoted, and is not in the source"
    quoted = (tmp_path / "samplers.tpe.TPESampler.suggest.py").read_text(encoding="utf-8")
    assert quoted.startswith("def suggest(self, space: Space")
    assert '"""' not in quoted
    assert quoted.endswith("    return params\n")


def test_figures_are_made_once_and_again_when_their_script_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason='needs the extra "docs"')
    chapters = script(CHAPTERS / "figures.py")
    folders = {"CHAPTERS": "", "ROOT": "", "GENERATED": "generated", "PACKAGE": "no_package"}
    for name, folder in folders.items():
        monkeypatch.setattr(chapters, name, tmp_path / folder)
    code = tmp_path / "one" / "figures.py"
    code.parent.mkdir()
    code.write_text("def make(out):\n    (out / 'a.md').write_text('first')\n")
    assert "made in" in chapters.make("one")
    assert (tmp_path / "generated" / "one" / "a.md").read_text() == "first"
    assert chapters.make("one") == "one: as before"
    code.write_text("def make(out):\n    (out / 'b.md').write_text('second')\n")
    assert "made in" in chapters.make("one")
    assert not (tmp_path / "generated" / "one" / "a.md").exists(), "what is no longer made is taken away"
    (tmp_path / "shared.py").write_text("name = 'c.md'\n")
    code.write_text("import shared\n\n\ndef make(out):\n    (out / shared.name).write_text('third')\n")
    assert "made in" in chapters.make("one")
    assert chapters.make("one") == "one: as before"
    (tmp_path / "shared.py").write_text("name = 'd.md'  # what lies beside the folder has changed\n")
    assert "made in" in chapters.make("one")
    assert (tmp_path / "generated" / "one" / "d.md").exists()
    code.write_text("def make(out):\n    raise ValueError('no')\n")
    with pytest.raises(SystemExit, match=r"one: its figures\.py failed"):
        chapters.make("one")
    with pytest.raises(SystemExit, match="failed"):  # also the second time
        chapters.make("one")


# ---- the reference is complete ---------------------------------------------------------------------------------------

REFERENCE = "".join(page.read_text(encoding="utf-8") for page in sorted((CHAPTERS / "reference").glob("*.md")))
DOCUMENTED = re.findall(r"^::: ([\w.]+)$", REFERENCE, flags=re.MULTILINE)


@pytest.mark.parametrize("module", ["", "samplers", "pruners", "importance", "trial", "exceptions", "visualization"])
def test_every_public_name_is_in_the_reference(module: str) -> None:
    home = resolve_name(f"tpe_reference.{module}".rstrip("."))
    assert len(DOCUMENTED) == len(set(DOCUMENTED))
    of_callbacks = "tpe_reference.callbacks."  # whose files need frameworks
    documented = [resolve_name(path) for path in DOCUMENTED if not path.startswith(of_callbacks)]
    for name in home.__all__:
        public = getattr(home, name)
        if not isinstance(public, type(tpe_reference)):  # a module is documented by what is in it
            assert any(public is found for found in documented), f"{name} is missing under chapters/reference"


@pytest.mark.parametrize("name", ["TPESearchCV", *tpe_reference.study.OF_STORAGES, *tpe_reference.callbacks.__all__])
def test_names_that_need_an_extra_are_in_the_reference(name: str) -> None:
    assert any(path.endswith(f".{name}") for path in DOCUMENTED), f"{name} is missing under chapters/reference"


def options(add_arguments: Callable[[argparse.ArgumentParser], None]) -> set[str]:
    """All long options of a command and its subcommands."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    todo, found = [parser], set[str]()
    while todo:
        for action in todo.pop()._actions:
            found |= {option for option in action.option_strings if option.startswith("--")}
            if isinstance(action, argparse._SubParsersAction):
                todo += action.choices.values()
    return found - {"--help"}


def test_the_page_of_the_command_line_has_every_option_and_no_other() -> None:
    pytest.importorskip("matplotlib", reason='needs the extra "compare"')
    from tpe_reference.compare import cli

    page = (CHAPTERS / "reference" / "command-line.md").read_text(encoding="utf-8")
    commands = {"compare": cli, "study": study_cli, "exercises": exercises}
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, flags=re.DOTALL | re.MULTILINE))
    for name, command in commands.items():
        found = set(re.findall(r"^\| `(--[\w-]+)", sections[name], re.MULTILINE))
        assert found == options(command.add_arguments), name


def test_the_page_of_the_comparison_has_every_contestant_and_problem() -> None:
    pytest.importorskip("matplotlib", reason='needs the extra "compare"')
    from tpe_reference.compare import CONTESTANTS, PROBLEMS

    page = (CHAPTERS / "reference" / "compare.md").read_text(encoding="utf-8")
    for name in (*CONTESTANTS, *PROBLEMS):
        assert f"`{name}`" in page


def test_the_bibliography_has_every_equation_that_cma_es_cites() -> None:
    source = (ROOT / "tpe_reference" / "samplers" / "cma_es.py").read_text(encoding="utf-8")
    prose = re.findall(r'#.*|""".*?"""', source, flags=re.DOTALL)  # a formula's number stands in either
    cited = {n for text in prose for n in re.findall(r"(?<!\w)\((\d\d)\)", text)}  # not the 80 of range(80)
    table = "".join(
        line
        for line in (CHAPTERS / "bibliography.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| (")
    )
    assert cited == set(re.findall(r"\((\d\d)\)", table))
    assert len(cited) > 15


def test_who_cites_cites_this_version() -> None:
    assert f"version = {{{tpe_reference.__version__}}}" in (CHAPTERS / "cite.md").read_text(encoding="utf-8")


# ---- the site --------------------------------------------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """What a page of the site is connected with: its anchors, its links, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's id, where it leads, and what a browser fetches for it."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.add(found["href"])
        self.loaded |= {found[name] for name in ("src", "poster", "data") if found.get(name)}
        self.loaded |= {part.split()[0] for part in found.get("srcset", "").split(",") if part.strip()}
        self.loaded |= set(urls_of_css(found.get("style", "")))


def urls_of_css(css: str) -> list[str]:
    """What a style sheet loads."""
    return re.findall(r"""url\(\s*["']?([^"')]+)""", css) + re.findall(r"""@import\s+["']([^"']+)""", css)


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    return not parts.netloc and parts.scheme in ("", "data")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The built site. A warning of the build (a page in no menu, a link or a snippet that is missing) is an error."""
    if find_spec("mkdocs") is None or find_spec("material") is None or find_spec("mkdocstrings") is None:
        reason = 'needs the extra "docs"'
        (pytest.fail if os.environ.get("REQUIRE_DOCS") else pytest.skip)(reason)
    subprocess.run([sys.executable, str(CHAPTERS / "figures.py")], check=True)
    folder = tmp_path_factory.mktemp("docs") / "site"
    build = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = {}
    for path in site.rglob("*.html"):
        found[path.resolve()] = page = Page()
        page.feed(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_every_page_is_built_with_what_it_is_about(site: Path) -> None:
    for page in PAGES:
        assert (site / page).with_suffix(".html").exists(), page
    assert "def bandwidths" in re.sub("<[^>]*>", "", (site / "source" / "tpe.html").read_text(encoding="utf-8"))
    assert 'id="tpe_reference.Study.optimize"' in (site / "reference" / "study.html").read_text(encoding="utf-8")
    for path in (site / "reference").glob("*.html"):
        message = f'{path.name}: a doctest of a docstring stands under "Examples:", or it is shown as a quotation'
        assert "<blockquote>" not in path.read_text(encoding="utf-8"), message


@pytest.mark.slow
def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":  # its links begin at the root of whatever server shows it
            continue
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists() or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors
            ):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken


@pytest.mark.slow
def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    loaded = {url for page in pages.values() for url in page.loaded}
    for sheet in site.rglob("*.css"):
        loaded |= set(urls_of_css(sheet.read_text(encoding="utf-8")))
    assert len(loaded) > 20
    assert not [url for url in loaded if not is_local(url)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["index.html", "importance.html", "source/tpe.html", "reference/study.html", "explore/index.html"]
)
def test_a_browser_without_a_network_has_nothing_to_complain_about(page: str, site: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        reason = "needs Chromium"
        (pytest.fail if os.environ.get("REQUIRE_CHROMIUM") else pytest.skip)(reason)
    command = [
        *(chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
        *("--enable-logging=stderr", "--virtual-time-budget=4000"),  # of the page's own time: its scripts have run then
        "--host-resolver-rules=MAP * ~NOTFOUND",  # a request to another host fails, and the console says so
        *("--dump-dom", (site / page).as_uri()),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "md-content" in shown.stdout
    assert ('class="katex' in shown.stdout) == (page in ("importance.html", "explore/index.html")), "formulas are drawn"
    n_figures = len(re.findall(r'class="explore" data-figure=', shown.stdout))
    assert n_figures == (5 if page == "explore/index.html" else 0)
    assert shown.stdout.count('data-ready="yes"') == n_figures, "controls stand in place of the pictures"
    assert not [line for line in shown.stderr.splitlines() if "CONSOLE" in line]
