"""Learning curves for the chapter on pruning, and what a pruner does to them.

``python chapters/pruning/curves.py`` trains the 60 classifiers on scikit-learn's digits (about 20 s on one core) and
writes their curves into digits.csv. Everything else here is fast.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpe_reference.pruners import Pruner
from tpe_reference.space import FrozenTrial, TrialState

Array = NDArray[np.float64]

STEPS = 30
DIGITS = Path(__file__).parent / "digits.csv"


def orderly(u: Array, rng: np.random.Generator) -> Array:
    """Return curves (n, STEPS) that fall alike, so that who leads early leads late."""
    t = np.arange(1, STEPS + 1)
    mean: Array = 0.1 + 0.9 * u[:, None] + 2 * np.exp(-t / 5)
    return mean + 0.05 * rng.standard_normal(mean.shape)


def crossing(u: Array, rng: np.random.Generator) -> Array:
    """Return curves (n, STEPS) of which the slow ones end lowest; the best passes the others at steps 8 to 10."""
    t, level = np.arange(1, STEPS + 1), 0.1 + 0.9 * u[:, None]
    mean: Array = level + (2.1 - level) * np.exp(-t / (10 - 8 * u[:, None]))
    return mean + 0.05 * rng.standard_normal(mean.shape)


@dataclass(frozen=True)
class Outcome:
    """What came of one search over curves."""

    saved: float  # share of the steps that were not run
    regret: float  # by how much the best complete trial is worse than the best of all curves
    killed: bool  # whether the curve that ends lowest was stopped
    lengths: list[int]  # steps that each trial ran


def replay(curves: Array, pruner: Pruner) -> Outcome:
    """Run the curves (n, steps) in their order under a pruner, as a search that does not learn would."""
    history: list[FrozenTrial] = []
    for row in curves.tolist():
        history.append(_run(row, pruner, history))
    last = curves[:, -1]
    complete = [trial.loss for trial in history if trial.state == "complete"]
    lengths = [len(trial.curve) for trial in history]
    killed = history[int(np.argmin(last))].state == "pruned"
    return Outcome(1 - sum(lengths) / curves.size, min(complete) - float(last.min()), killed, lengths)


def _run(row: Sequence[float], pruner: Pruner, history: list[FrozenTrial]) -> FrozenTrial:
    curve: dict[int, float] = {}
    for step, loss in enumerate(row, start=1):
        curve[step] = loss
        running = FrozenTrial({}, curve=curve, state=TrialState.RUNNING)
        if step < len(row) and pruner.should_prune(running, history):
            return FrozenTrial({}, loss=loss, curve=curve, state=TrialState.PRUNED)
    return FrozenTrial({}, loss=row[-1], curve=curve)


def drawn(family: Callable[[Array, np.random.Generator], Array], seed: int, n: int = 40) -> Array:
    """Return the curves of n configurations, drawn as random search draws them."""
    rng = np.random.default_rng([seed, 17])
    return family(rng.random(n), rng)


def digits() -> Array:
    """Return the validation errors of the 60 classifiers after each epoch, (60, 30)."""
    with DIGITS.open(newline="") as file:
        return np.array([[float(cell) for cell in row[2:]] for row in list(csv.reader(file))[1:]])


def shuffled(seed: int, n: int = 40) -> Array:
    """Return n of the digits' curves, drawn without replacement, in a random order."""
    curves = digits()
    return curves[np.random.default_rng([seed, 18]).permutation(len(curves))[:n]]


def train(n: int = 60) -> None:
    """Train n linear classifiers by stochastic gradient descent on digits, and write their curves."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x, x_valid, y, y_valid = train_test_split(x / 16.0, y, test_size=0.4, random_state=0, stratify=y)
    rng = np.random.default_rng(0)
    with DIGITS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["alpha", "eta0", *range(1, STEPS + 1)])
        for alpha, eta0 in zip(10 ** rng.uniform(-6, 0, n), 10 ** rng.uniform(-4, 1, n), strict=True):
            model = SGDClassifier(
                loss="log_loss", alpha=alpha, learning_rate="constant", eta0=eta0, shuffle=False, random_state=0
            )
            order = np.random.default_rng(1)
            errors = []
            for _ in range(STEPS):
                rows = order.permutation(len(x))
                model.partial_fit(x[rows], y[rows], classes=np.arange(10))
                errors.append(round(1 - model.score(x_valid, y_valid), 4))
            writer.writerow([f"{alpha:.3g}", f"{eta0:.3g}", *errors])


if __name__ == "__main__":
    train()
