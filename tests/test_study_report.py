"""A study as a page of HTML: whole, safe, of its own, the same every time, whatever the study."""

import math
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")

from tpe_reference import (
    Categorical,
    CmaEsSampler,
    Float,
    GridSampler,
    Int,
    RandomSampler,
    Study,
    TrialPruned,
    TrialState,
    create_study,
    create_trial,
)
from tpe_reference.study_look import look
from tpe_reference.study_report import MANY, SHOWN, to_html, write_report

UNIT = {"x": Float(0, 1)}
VOID = {"meta", "link", "br", "img", "hr"}


class Page(HTMLParser):
    """A page that is read: its text, its elements and their attributes. Elements that are not closed are an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def titles(self) -> set[str]:
        return {attrs["aria-label"] for tag, attrs in self.elements if tag == "svg"}


def empty() -> Study:
    return create_study(seed=0)


def only_failed() -> Study:
    study = create_study(seed=0)
    for _ in range(5):
        study.tell(study.ask(UNIT), state="failed")
    return study


def one_trial() -> Study:
    study = create_study(seed=0, study_name="one")
    study.tell(study.ask(UNIT), 0.25)
    return study


def hostile() -> Study:
    """Names and values that would be markup, and numbers that are none."""
    study = create_study(seed=0, study_name="<script>alert('a')</script>\"&\x1b[31m\n\ud800" + "n" * 10_000)
    study.set_user_attr("</style><script>", "<img src=x onerror=alert(1)>")
    space: dict[str, Any] = {
        "<script>x</script>": Float(0, 1),
        "\"'>": Categorical(["<b>", None, True, "\ud800", "v" * 500]),
    }
    space["שלום 日本語"] = Int(1, 9)
    for value in (math.inf, -math.inf, 1e308, -1e308, 0.0, 3.0, 2.0, 1.0, 5.0, 4.0, 6.0, 7.0):
        study.tell(study.ask(space), value)
    study.tell(study.ask(space), state="failed")
    study.ask(space)
    return study


def conditional() -> Study:
    study = create_study(seed=0, study_name="conditional")

    def objective(trial: Any) -> float:
        if trial.number % 8 == 7:
            trial.report(1.0, 0)
            raise TrialPruned
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return float(trial.suggest_float("of a", 0, 1))
        y = float(trial.suggest_float("of b", 1e-6, 1, log=True))
        for step in range(3):
            trial.report(y, step)
        if y < 1e-4:
            raise RuntimeError("too <small>")
        return y

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "trial .* failed")
        study.optimize(objective, 30, catch=RuntimeError)
    return study


def changing_domains() -> Study:
    study = create_study(seed=0)
    for n in range(12):
        study.tell(study.ask({"x": Float(0, 1 + n % 2), "y": [1, 2, 3]}), float(n))
        study.tell(study.ask({"y": Float(0, 1)}), float(n))
    return study


def by_cma() -> Study:
    study = create_study(seed=0, sampler=CmaEsSampler())
    study.optimize(lambda trial: sum(trial.suggest_float(name, -3, 3) ** 2 for name in "xy"), 40)
    return study


def by_grid() -> Study:
    study = create_study(seed=0, sampler=GridSampler({"x": [1, 2, 3], "y": ["a", "b"]}))
    study.optimize(lambda trial: trial.suggest_categorical("x", [1, 2, 3]))
    return study


def without_parameters() -> Study:
    study = create_study(seed=0, direction="maximize")
    study.optimize(lambda trial: trial.number, 15)
    return study


def all_infinite() -> Study:
    study = create_study(seed=0)
    for _ in range(12):
        study.tell(study.ask(UNIT), math.inf)
    return study


def long(n: int = 1200) -> Study:
    study = create_study(seed=0, study_name="long", sampler=RandomSampler())
    for i in range(n):
        x = (i * 0.618) % 1.0
        params, domains = {"x": x, "y": 1 - x}, {"x": Float(0, 1), "y": Float(0, 1)}
        study.add_trial(create_trial(state=TrialState.COMPLETE, value=x, params=params, distributions=domains))
    return study


@cache
def page_of(make: Callable[[], Study]) -> str:
    return to_html(make(), "sqlite:///study.db")


STUDIES = [
    *(empty, only_failed, one_trial, hostile, conditional, changing_domains, by_cma, by_grid, without_parameters),
    *(all_infinite, long),
]


@pytest.mark.filterwarnings("ignore:trial .* names")
@pytest.mark.parametrize("make", STUDIES)
def test_every_study_makes_a_page(make: Callable[[], Study]) -> None:
    """It is well-formed, and there is nothing in it that is carried out, or fetched from elsewhere."""
    page = page_of(make)
    page.encode("utf-8")
    read = Page(page)
    assert "script" not in {tag for tag, _ in read.elements}
    for tag, attrs in read.elements:
        assert not any(key.startswith("on") for key in attrs)
        for key in ("src", "href", "xlink:href"):
            assert attrs.get(key, "#").startswith(("#", "data:")), (tag, attrs[key][:80])
    assert "url(http" not in page
    assert "@import" not in page
    names = [attrs["id"] for _, attrs in read.elements if "id" in attrs]
    assert len(names) == len(set(names)), "what a picture refers to is in this picture"
    for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_names_are_shown_and_are_no_markup() -> None:
    page = page_of(hostile)
    assert "<script" not in page
    assert "<img" not in page
    text = Page(page).text
    assert "<script>alert('a')</script>\"&\\x1b[31m\\n" in text
    assert "<img src=x onerror=alert(1)>" in text
    assert "日本語" in text


def test_what_stands_in_it() -> None:
    study = conditional()
    read = Page(page_of(conditional))
    best, states = study.best_trial, [trial.state for trial in study.trials]
    for text in (
        f"{states.count(TrialState.COMPLETE)} complete, {states.count(TrialState.PRUNED)} pruned",
        "TPESampler()",
        f"{best.value!r}, the value of trial {best.number}",
        f"The best {SHOWN}",
        f"The last {SHOWN}",
        "RuntimeError: too <small>",
        "study = tpe_reference.load_study(study_name='conditional', storage='sqlite:///study.db')",
        f"best = {study.best_params!r}",
    ):
        assert text in read.text, text
    titles = {"Values of the trials", "Importances", "Intermediate values", "When each trial ran"}
    assert titles <= read.titles()
    assert sum(title.startswith("How TPE would choose") for title in read.titles()) == 2
    assert "The course of CMA-ES" in Page(page_of(by_cma)).titles()


def test_the_best_trials_are_the_best() -> None:
    study = create_study(seed=0, direction="maximize")
    for value in [*range(30), math.inf]:
        study.tell(study.ask(UNIT), float(value))
    page = to_html(study, "study.json")
    table = page[page.index("The best") : page.index("The last")]
    assert re.findall(r"<tr[^>]*><td>(\d+)", table) == [str(n) for n in range(29, 19, -1)]
    assert len(re.findall("<tr class=best>", page)) == 2, "among the best, and among the last"


def test_the_code_goes_on_from_there(tmp_path: Path) -> None:
    study = one_trial()
    study.save(tmp_path / "it's.json")
    page = to_html(study, str(tmp_path / "it's.json"))
    code = Page(page).text
    line = next(line for line in "".join(Page(page).words).splitlines() if "load_study" in line)
    names: dict[str, Any] = {}
    exec(f"import tpe_reference\n{line}", names)
    assert names["study"].trials == study.trials
    assert "optimize" in code


def test_a_password_is_masked() -> None:
    page = to_html(one_trial(), "postgresql://ada:s3cret%40@db/studies")
    assert "s3cret" not in page
    assert "storage='postgresql://ada:***@db/studies'" in Page(page).text


def test_a_long_study_makes_a_page_that_is_not_much_longer() -> None:
    """Points are an image from some number on, and a table has not all trials."""
    page = page_of(long)
    assert len(long().trials) > MANY
    assert len(page) < 1_000_000
    assert page.count("<tr") < 60
    assert len(re.findall("<image", page)) >= 3


def test_colours_follow_the_page() -> None:
    page = page_of(conditional)
    assert "currentColor" in page
    assert "var(--paper)" in page
    assert "#7b8088" not in page, "matplotlib's stand-in for the colour of text"
    assert "prefers-color-scheme: dark" in page


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    """In any process, with any style that its user has for other pictures."""
    study = create_study(seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 25)
    study.save(tmp_path / "study.json")
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: pink\nfont.size: 30\nsvg.fonttype: path\n")
    code = "import sys; from tpe_reference.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "study", "report", "study.json", "--out", "-"]
    env = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.getcwd()}
    there = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, check=True).stdout
    assert there.decode() == to_html(look(str(tmp_path / "study.json")), "study.json")


def test_only_a_report_of_the_same_study_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    one, two = one_trial(), one_trial()
    one.save(tmp_path / "one.json")
    two.save(tmp_path / "two.json")
    write_report(one, "one.json", path)
    one.tell(one.ask(UNIT), 0.0)
    write_report(one, "one.json", path)
    assert "the value of trial 1" in path.read_text()
    with pytest.raises(ValueError, match="no report of this study"):
        write_report(two, "two.json", path)
    path.write_text("years of work")
    with pytest.raises(ValueError, match="overwrite"):
        write_report(one, "one.json", path)
    assert path.read_text() == "years of work"
    write_report(one, "one.json", path, overwrite=True)
    assert "years of work" not in path.read_text()
