"""``tpe-reference study``: what it says of studies, that it changes none of them, and what it hides."""

import csv
import gc
import hashlib
import io
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from plain_values import any_text

from tpe_reference import Categorical, Float, RandomSampler, Study, TrialPruned, create_study, load_study
from tpe_reference.__main__ import main
from tpe_reference.study_look import look, masked
from tpe_reference.text import as_html, clean, on_a_line

Cli = Callable[..., tuple[int, str, str]]

# What somebody may call a study to move a terminal's cursor, to end its line, to turn it, to flood it.
HOSTILE = [
    "\x1b[2J\x1b[31mred",
    "two\nlines\r\x07",
    "turned \u202eabc",
    "half \ud800 pair",
    "n" * 10_000,
    "",
    " ",
    "\0",
]
SECRET = "p@ss:w/r d%#?&é"
QUOTED = "p%40ss%3Aw%2Fr%20d%25%23%3F%26%C3%A9"


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """The command: its exit code, what it printed, and what it said on stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["study", *map(str, words)])
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return call


def objective(trial: Any) -> float:
    x: float = trial.suggest_float("x", -1, 1)
    if trial.suggest_categorical("kind", ["a", "b"]) == "b":
        trial.suggest_int("depth", 1, 5)
    trial.report(x, 1)
    if trial.number % 7 == 3:
        raise TrialPruned
    if trial.number % 7 == 5:
        raise RuntimeError("no luck\nat all")
    return x * x


def searched(url: str, name: str = "mine", n: int = 20) -> Study:
    """A study in a storage with trials in all states, the last one running."""
    study = create_study(storage=url, study_name=name, seed=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "trial .* failed")
        study.optimize(objective, n, catch=RuntimeError)
    study.ask()
    return study


def state_of(folder: Path) -> dict[str, str]:
    """What is in each file; but for what SQLite's processes share while they run, whatever they do."""
    files = [path for path in folder.rglob("*") if not path.name.endswith("-shm")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def once_closed(folder: Path) -> Path:
    """Wait until nobody has the database open any more: who closes it last tidies up its files."""
    gc.collect()
    deadline = time.monotonic() + 20.0
    while any(folder.glob("*-wal")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return folder


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_list_has_a_line_for_each_study(cli: Cli, storage_url: str) -> None:
    study = searched(storage_url)
    create_study(storage=storage_url, study_name="empty one", direction="maximize")
    code, out, err = cli("list", storage_url)
    header, first, second = out.splitlines()
    assert (code, err) == (0, "")
    assert header.split()[:6] == ["direction", "trials", "complete", "pruned", "failed", "running"]
    assert first.split()[:6] == ["minimize", "21", "14", "3", "3", "1"]
    assert f"{study.best_value:.6g}" in first
    assert first.endswith("mine")
    assert second.split()[:6] == ["maximize", "0", "0", "0", "0", "0"]
    assert second.endswith("empty one")


def test_list_for_machines(cli: Cli, storage_url: str) -> None:
    study = searched(storage_url)
    code, out, _ = cli("list", storage_url, "--json")
    (found,) = json.loads(out)
    assert code == 0
    assert found["study_name"] == "mine"
    assert found["states"] == {"complete": 14, "pruned": 3, "failed": 3, "running": 1}
    assert (found["best_value"], found["best_trial"]) == (study.best_value, study.best_trial.number)


def test_show_tells_what_is_known_of_a_study(cli: Cli, storage_url: str) -> None:
    study = searched(storage_url)
    study.enqueue_trial({"x": 0.5})
    code, out, err = cli("show", storage_url)
    assert (code, err) == (0, "")
    for text in (
        "mine",
        "TPESampler()",
        "MedianPruner()",
        "21: 14 complete, 3 pruned, 3 failed, 1 running, 1 enqueued",
        f"best value {study.best_value!r}, of trial {study.best_trial.number}",
        f"  x = {study.best_params['x']!r}",
        f"trial 20: since {study.trials[20].datetime_start:%Y-%m-%d %H:%M:%S}",
        r"failed, RuntimeError: no luck\nat all,",
    ):
        assert text in out, out


def test_show_for_machines(cli: Cli, sqlite_url: str) -> None:
    study = searched(sqlite_url)
    _, out, _ = cli("show", sqlite_url, "--json")
    found = json.loads(out)
    assert found["best"]["params"] == study.best_params
    assert [trial["number"] for trial in found["running"]] == [20]
    assert found["sampler"] == "TPESampler()"


def test_importances_are_shown_where_there_is_something_to_say(cli: Cli, sqlite_url: str) -> None:
    study = create_study(storage=sqlite_url, study_name="two", seed=0, sampler=RandomSampler())
    study.optimize(lambda t: t.suggest_float("matters", -1, 1) ** 2 + 0 * t.suggest_float("not", -1, 1), 3)
    assert "share" not in cli("show", sqlite_url)[1]
    study.optimize(lambda t: t.suggest_float("matters", -1, 1) ** 2 + 0 * t.suggest_float("not", -1, 1), 60)
    out = cli("show", sqlite_url)[1]
    assert out.index("matters", out.index("share")) < out.index("not", out.index("share"))


def test_a_study_whose_sampler_is_code_that_is_not_here_can_be_looked_at(cli: Cli, sqlite_url: str) -> None:
    class MySampler:
        def suggest(self, space: Any, history: Any, rng: Any) -> Any:
            return {name: domain.from_unit(rng.random()) for name, domain in space.items()}

    study = create_study(storage=sqlite_url, study_name="own", sampler=MySampler(), seed=0)
    study.optimize(objective, 3)
    code, out, _ = cli("show", sqlite_url)
    assert code == 0
    assert "MySampler (its owner's code)" in out
    assert [trial.params for trial in look(sqlite_url).trials] == [trial.params for trial in study.trials]


def test_a_file_is_looked_at_as_a_storage_is(cli: Cli, sqlite_url: str, tmp_path: Path) -> None:
    searched(sqlite_url).save(tmp_path / "study.json")
    there, here = cli("show", sqlite_url)[1], cli("show", tmp_path / "study.json")[1]
    assert [line for line in there.splitlines() if not line.startswith("in ")] == [
        line for line in here.splitlines() if not line.startswith("in ")
    ]
    assert cli("list", sqlite_url)[1] == cli("list", tmp_path / "study.json")[1]


@pytest.mark.filterwarnings("ignore:trial .* failed")
def test_odd_values_and_spaces(cli: Cli, tmp_path: Path) -> None:
    study = create_study(seed=0)
    for value in (float("inf"), float("-inf"), float("nan"), 1e308):
        study.tell(study.ask({"x": Float(0, 1)}), value)
    study.tell(study.ask({"y": Categorical([None, True, "\ud800", "s" * 9999])}), 0.0)
    study.tell(study.ask(), 0.0)
    study.save(tmp_path / "study.json")
    for words in (["list"], ["list", "--json"], ["show"], ["show", "--json"], ["export"], ["export", "--format=json"]):
        code, out, err = cli(words[0], tmp_path / "study.json", *words[1:])
        assert (code, err) == (0, ""), words
        assert "best value 0.0, of trial 4" in out or words != ["show"]


# ---- names are data --------------------------------------------------------------------------------------------------


def test_names_do_not_reach_the_terminal_as_commands(cli: Cli, sqlite_url: str) -> None:
    for name in HOSTILE:
        create_study(storage=sqlite_url, study_name=name)
    code, out, _ = cli("list", sqlite_url)
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 1 + len(HOSTILE)
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    for words in (["show"], ["show", "--study", "none"], ["export"], ["report"]):
        code, out, err = cli(words[0], sqlite_url, *words[1:])
        assert code == 2
        assert err.count("\n") == 1
        assert err[:-1].isprintable()
    shown = cli("show", sqlite_url, "--study", HOSTILE[0])[1]
    assert all(line.isprintable() for line in shown.splitlines())
    assert [one["study_name"] for one in json.loads(cli("list", sqlite_url, "--json")[1])][:3] == HOSTILE[:3]


@given(any_text)
def test_any_text_can_be_shown(text: str) -> None:
    isolates = {ord("\N{FIRST STRONG ISOLATE}"): None, ord("\N{POP DIRECTIONAL ISOLATE}"): None}
    assert on_a_line(text).translate(isolates).isprintable()
    assert clean(text).isprintable()
    assert not set("<>\"'") & set(as_html(text))
    on_a_line(text).encode("utf-8")


def test_letters_from_right_to_left_are_kept_apart() -> None:
    """Where a terminal knows their direction, it must not carry the value over to the other side of the name."""
    assert on_a_line("שלום") == "\u2068שלום\u2069"
    assert on_a_line("שלום \u202e") == "\u2068שלום \\u202e\u2069"
    assert on_a_line("plain") == "plain"


# ---- export ----------------------------------------------------------------------------------------------------------


def test_export_writes_what_the_study_itself_writes(cli: Cli, storage_url: str, tmp_path: Path) -> None:
    study = searched(storage_url)
    study.to_csv(tmp_path / "own.csv")
    code, out, err = cli("export", storage_url, "--out", tmp_path / "trials.csv")
    assert (code, out) == (0, "")
    assert "21 trials" in err
    table = (tmp_path / "trials.csv").read_bytes()
    assert table == (tmp_path / "own.csv").read_bytes()
    assert len(list(csv.reader(io.StringIO(table.decode())))) == 22
    assert cli("export", storage_url, "--out", tmp_path / "copy.json")[0] == 0
    assert load_study(tmp_path / "copy.json").trials[:20] == study.trials[:20]


def test_export_to_standard_output(cli: Cli, sqlite_url: str, tmp_path: Path) -> None:
    study = create_study(storage=sqlite_url, study_name="é\ud800", seed=0)
    study.optimize(objective, 3)
    for kind in ("csv", "json"):
        cli("export", sqlite_url, "--out", tmp_path / f"trials.{kind}")
        written = (tmp_path / f"trials.{kind}").read_bytes().decode()
        assert cli("export", sqlite_url, "--format", kind)[1] == written
        assert cli("export", sqlite_url, "--format", kind, "--out", "-")[1] == written


def test_export_replaces_nothing_unasked(cli: Cli, sqlite_url: str, tmp_path: Path) -> None:
    study = searched(sqlite_url, n=4)
    for name in ("thesis.csv", "thesis.json"):
        (tmp_path / name).write_text("years of work")
        code, _, err = cli("export", sqlite_url, "--out", tmp_path / name)
        assert code == 2
        assert "--overwrite" in err
        assert (tmp_path / name).read_text() == "years of work"
        assert cli("export", sqlite_url, "--out", tmp_path / name, "--overwrite")[0] == 0
        assert "years of work" not in (tmp_path / name).read_text()
    study.tell(study.ask(), 0.0)
    assert cli("export", sqlite_url, "--out", tmp_path / "thesis.json")[0] == 0, "its own earlier state"
    code, _, err = cli("export", sqlite_url, "--out", tmp_path / "trials.xlsx")
    assert code == 2
    assert ".csv" in err


# ---- what goes wrong, and what stays as it is ------------------------------------------------------------------------


def test_a_mistake_gets_one_line_and_changes_nothing(cli: Cli, sqlite_url: str, tmp_path: Path) -> None:
    searched(sqlite_url, n=3)
    create_study(storage=sqlite_url, study_name="other")
    (tmp_path / "empty.db").touch()
    (tmp_path / "notes.txt").write_text("milk, bread")
    (tmp_path / "damaged.json").write_text('{"format": "tpe_reference study"')
    before = state_of(once_closed(tmp_path))
    mistakes = {
        f"sqlite:///{tmp_path / 'tpyo.db'}": "no such file",
        f"sqlite:///{tmp_path / 'no' / 'folder.db'}": "no such file",
        f"sqlite:///{tmp_path / 'empty.db'}": "no studies",
        f"sqlite:///{tmp_path / 'notes.txt'}": "not a database",
        sqlite_url: "--study NAME: 'mine', 'other'",
        f"{tmp_path / 'study.db'}": "sqlite:///",
        f"{tmp_path / 'tpyo.json'}": "no such file",
        f"{tmp_path / 'damaged.json'}": "damaged",
        f"{tmp_path}": "cannot be read",
        "mysql://host/db": "not supported",
        "sqlite://": "storage",
        "postgresql://127.0.0.1:1/db": "connection",
    }
    for address, why in mistakes.items():
        code, out, err = cli("show", address)
        assert (code, out) == (2, ""), address
        assert err.count("\n") == 1
        assert err.startswith("tpe-reference study show: ")
        assert why in err
    for action in ("show", "export", "report"):
        assert "'mine', 'other'" in cli(action, sqlite_url, "--study", "yours")[2]
    assert state_of(tmp_path) == before


def test_a_look_changes_nothing(cli: Cli, sqlite_url: str, tmp_path: Path) -> None:
    searched(sqlite_url, n=3)
    before = state_of(once_closed(tmp_path))
    for words in (["list"], ["show"], ["export"], ["report", "--out", "-"]):
        assert cli(words[0], sqlite_url, *words[1:])[0] == 0
    assert state_of(tmp_path) == before
    assert look(sqlite_url).trials[3].state == "running"


def test_what_is_shown_is_one_moment(sqlite_url: str) -> None:
    study = searched(sqlite_url)
    still = look(sqlite_url)
    study.tell(20, -1.0)
    assert still.trials[20].state == "running"
    assert still.best_value > 0 > study.best_value


def test_nothing_is_shown_of_a_password(cli: Cli, capfd: pytest.CaptureFixture[str]) -> None:
    addresses = [
        f"postgresql://ada:{QUOTED}@127.0.0.1:1/db",
        f"postgresql://ada:{SECRET}@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?user=ada&password={QUOTED}",
        f"mysql://ada:{QUOTED}@127.0.0.1:1/db",
        f"postgresql://ada:{QUOTED}@[127.0.0.1:1/db",
        f"sqlite://ada:{QUOTED}@host/study.db",
    ]
    for address in addresses:
        said = [" ".join(cli(action, address)[1:]) for action in ("list", "show", "export", "report")]
        for words in ([address], ["show", address, address], ["show", address, "--nonsense"], [f"--{address}"]):
            with pytest.raises(SystemExit, match="2"):
                main(["study", *words])
            said.append("".join(capfd.readouterr()))
        for text in said:
            assert text
            for part in ("p@ss", "w/r", "%40ss", "%3Aw", "ss:w", "%C3%A9"):
                assert part not in text, text
    assert masked(addresses[1]) == "postgresql://ada:***@127.0.0.1:1/db"


def test_a_password_that_works_is_in_no_output(cli: Cli, postgresql_url: str, tmp_path: Path) -> None:
    searched(postgresql_url, n=3)
    head, _, tail = postgresql_url.rpartition("@")
    password = head.rpartition(":")[2]
    assert len(password) > 3, "the server asks for one"
    out = tmp_path / "report.html"
    printed = [cli("list", postgresql_url), cli("show", postgresql_url), cli("show", postgresql_url, "--json")]
    printed += [cli("export", postgresql_url), cli("report", postgresql_url, "--out", out)]
    printed += [cli("show", postgresql_url, "--study", "none")]
    for _, *texts in printed:
        assert password not in "".join(texts)
    assert password not in out.read_text()
    assert f":***@{tail.partition('/')[0]}" in out.read_text()


def run_without(module: str, *words: object) -> subprocess.CompletedProcess[str]:
    """The command in a process in which a module is not installed."""
    code = f"import sys; sys.modules[{module!r}] = None; from tpe_reference.__main__ import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code, "study", *map(str, words)], capture_output=True, text=True)


def test_a_missing_extra_is_named(sqlite_url: str, tmp_path: Path) -> None:
    study = create_study(seed=0)
    study.optimize(objective, 3)
    study.save(tmp_path / "study.json")
    done = run_without("sqlalchemy", "list", sqlite_url)
    assert (done.returncode, done.stdout) == (2, "")
    assert 'pip install "tpe-reference[storage]"' in done.stderr
    assert done.stderr.count("\n") == 1
    assert run_without("sqlalchemy", "show", tmp_path / "study.json").returncode == 0, "a file needs no SQLAlchemy"
    done = run_without("matplotlib", "report", tmp_path / "study.json", "--out", tmp_path / "report.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'pip install "tpe-reference[plot]"' in done.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    study = create_study(seed=0, sampler=RandomSampler())
    study.set_user_attr("long", "x" * 1_000_000)  # more than a pipe holds
    study.save(tmp_path / "study.json")
    for buffered in ("", "1"):
        words = ["study", "export", str(tmp_path / "study.json"), "--format=json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "tpe_reference", *words],
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        with process:
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141


def test_ctrl_c(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tpe_reference.study_cli.look", interrupted)
    code, out, err = cli("show", "study.json")
    assert (code, out) == (130, "")
    assert "Traceback" not in err
