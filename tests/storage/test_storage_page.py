"""The page about storage does what it says."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tpe_reference import create_study, load_study

pytest.importorskip("sqlalchemy", reason='needs the extra "storage"')

PAGE = (Path(__file__).parents[2] / "chapters" / "storage.md").read_text(encoding="utf-8")


def block(before: str) -> str:
    """The code after a text on the page."""
    found = re.search(rf"{re.escape(before)}.*?\n```\w+\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_workers_of_the_page_make_sixty_trials_together_and_forty_more(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(block("<!-- the worker -->"), encoding="utf-8")
    command = [sys.executable, "worker.py"]
    workers = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert all("<Study: 'bowl', minimize, " in worker.communicate()[0] for worker in workers)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = load_study(study_name="bowl", storage=url)
    assert [t.number for t in study.trials] == list(range(60))
    assert {t.state for t in study.trials} == {"complete"}
    study.optimize(lambda trial: trial.suggest_float("x", -5, 5) ** 2, until=100)
    assert len(load_study(url).trials) == 100
    with sqlite3.connect(tmp_path / "study.db") as database:
        rows = database.execute(block("a colleague, can look")).fetchall()
    database.close()
    assert rows[0][:3] == (study.best_trial.number, "complete", study.best_value)
    assert len(rows) == 5


def test_reproducible_workers_of_the_page_make_the_trials_of_one_process(tmp_path: Path) -> None:
    text = block("<!-- the worker -->").replace("until=60", "until=30, reproducible=3")
    (tmp_path / "worker.py").write_text(text, encoding="utf-8")
    for process in [subprocess.Popen([sys.executable, "worker.py"], cwd=tmp_path, stdout=-1) for _ in range(3)]:
        process.communicate()
    sys.path.insert(0, str(tmp_path))
    try:
        from worker import objective  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["worker"]
    alone = create_study(seed=0)
    alone.lag = 3
    alone.optimize(objective, until=30, reproducible=True)
    shared = load_study(f"sqlite:///{tmp_path / 'study.db'}")
    assert [(t.params, t.value) for t in shared.trials] == [(t.params, t.value) for t in alone.trials]
