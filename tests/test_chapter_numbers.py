"""What the chapters keep in CSV files is what their scripts find today: one line of each file, computed again.

Slow, and a guard: an algorithm that has changed makes the numbers in the text wrong in silence. Then the script that
is named has to be run, and the sentences about its numbers read again. Times are not compared.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHAPTERS = ROOT / "chapters"
pytestmark = pytest.mark.slow

# chapter, script, its file, what begins the line, and code that prints the line's numbers
LINES = [
    (
        "comparing",
        "runs",
        "runs.csv",
        "7,",
        "[run(name, 7)[0][n - 1] for n in KEPT for name in SAMPLERS]",
    ),
    (
        "pitfalls-searching",
        "experiments",
        "dimensions.csv",
        "TPE,5,",
        "median(np.array([best_so_far(TPESampler(), *shifted_sphere(5, s), 100, s)[-1] / 5 for s in range(12)]))",
    ),
    (
        "practice",
        "experiments",
        "workers.csv",
        "hartmann-6,TPE,16,",
        "(lambda p: [estimate(np.array([[best(create_study(sampler=TPESampler(), seed=s), p.space, p, s, 16)]"
        " for s in range(SEEDS)]) - p.optimum, np.median)[0].value])(get_problem('hartmann-6'))",
    ),
    (
        "pruning",
        "experiments",
        "settings.csv",
        "orderly,default,",
        "[np.mean([replay(FAMILIES['orderly'](s), MedianPruner()).saved for s in range(SEEDS)])]",
    ),
    (
        "tpe",
        "experiments",
        "results.csv",
        "dimension,5,0,",
        "next([result] for _, d, seed, result in dimensions() if d == '5')",
    ),
    (
        "which",
        "experiments",
        "budgets.csv",
        "ackley,CMA-ES,500,",
        "[np.median([regrets('CMA-ES', 'ackley', s)[BUDGETS.index(500)] for s in range(SEEDS)])]",
    ),
]


@pytest.mark.parametrize(("chapter", "script", "file", "start", "code"), LINES, ids=[line[0] for line in LINES])
def test_a_line_is_what_its_script_finds_today(chapter: str, script: str, file: str, start: str, code: str) -> None:
    for package in ("optuna", "hyperopt", "matplotlib"):
        pytest.importorskip(package, reason='needs the extras "docs" and "peers"')
    folder = CHAPTERS / chapter
    (line,) = (row for row in (folder / file).read_text(encoding="utf-8").splitlines() if row.startswith(start))
    kept = [float(cell) for cell in next(csv.reader([line]))[start.count(",") :]]
    # In a process of its own: each chapter's scripts have the same names.
    program = f"from {script} import *; print(*map(float, {code}), sep=',')"
    path = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [float(cell) for cell in done.stdout.split(",")]
    # What is kept is rounded to four digits; linear algebra that rounds in another way moves a median a little.
    what_to_do = f"if the change is meant: run chapters/{chapter}/{script}.py, and read what the text says of {file}"
    assert found == pytest.approx(kept[: len(found)], rel=0.02), what_to_do
