"""The searches on digits of the chapter on the Iris forest: it writes digits.csv and landscape.csv, in two minutes."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tpe_reference import Float, RandomSampler, TPESampler, create_study

HERE = Path(__file__).parent
SEEDS, TRIALS = 20, 20
SPACE = {"C": Float(1e-2, 1e4, log=True), "gamma": Float(1e-6, 10.0, log=True)}
Scores = Callable[[dict[str, float]], tuple[float, float]]


def scores_of(seed: int) -> Scores:
    """Return the function from settings to the 5-fold accuracy on 300 rows and the accuracy on the 1,497 others."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, random_state=seed, stratify=y)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)

    def scores(settings: dict[str, float]) -> tuple[float, float]:
        model = make_pipeline(StandardScaler(), SVC(**settings))
        accuracy = cross_val_score(model, X_train, y_train, cv=folds).mean()
        return float(accuracy), float(model.fit(X_train, y_train).score(X_test, y_test))

    return scores


def searches() -> list[list[object]]:
    """Return a row for each trial of both samplers on every split, and one for the settings that SVC comes with."""
    rows: list[list[object]] = []
    for seed in range(SEEDS):
        scores = scores_of(seed)
        rows.append(["default", seed, "", "", *scores({})])
        for name, sampler in (("random", RandomSampler()), ("tpe", TPESampler())):
            study = create_study(direction="maximize", sampler=sampler, seed=seed)
            for _ in range(TRIALS):
                trial = study.ask(SPACE)
                accuracy, test = scores(trial.params)
                study.tell(trial, accuracy)
                rows.append([name, seed, trial.params["C"], trial.params["gamma"], accuracy, test])
    return rows


def landscape() -> list[list[object]]:
    """Return a row for each point of a 25 x 25 grid over the space, on the split with seed 0."""
    scores = scores_of(0)
    grid = [(c, gamma) for c in np.geomspace(1e-2, 1e4, 25) for gamma in np.geomspace(1e-6, 10, 25)]
    return [["grid", 0, c, gamma, *scores({"C": c, "gamma": gamma})] for c, gamma in grid]


def write(path: Path, rows: list[list[object]]) -> None:
    """Write rows as CSV, numbers to six digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sampler", "seed", "C", "gamma", "accuracy", "test"])
        writer.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in row] for row in rows)


if __name__ == "__main__":
    write(HERE / "digits.csv", searches())
    write(HERE / "landscape.csv", landscape())
