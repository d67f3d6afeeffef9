"""Recommend films by matrix factorisation: how many factors, how much regularisation, which learning rate.

``python chapters/uses/factorization/example.py`` makes up ratings whose truth is known, searches for ten seconds and
compares with settings that nobody has tuned. It needs numpy alone.
"""

import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py, which all the examples share
import common
from ratings import Ratings, data

from tpe_reference import Study, TrialPruned
from tpe_reference.callbacks import PyTorchPruningCallback  # for any loop, also one without PyTorch

EPOCHS, BATCH = 30, 128
# What the library Surprise does unless it is told otherwise (class SVD), made for larger data than these.
UNTUNED = {"rank": 100, "reg": 0.02, "lr": 0.005, "epochs": 20}


# --8<-- [start:model]
def epochs_of(stars: np.ndarray, rated: np.ndarray, rank: int, reg: float, lr: float) -> Iterator[np.ndarray]:
    """Yield after each epoch the predictions mean + b_u + c_i + p_u . q_i, (users, items).

    Stochastic gradient descent on the sum over the ratings of
    (error^2 + reg (|p_u|^2 + |q_i|^2 + b_u^2 + c_i^2)) / 2.
    """
    rng = np.random.default_rng(0)
    user, item = np.nonzero(rated)
    mean = stars[rated].mean()
    left, right = (rng.normal(0, 0.1, (n, rank + 2)) for n in stars.shape)
    left[:, :2], right[:, :2] = [0, 1], [1, 0]  # for the biases: b_u * 1 and 1 * c_i
    while True:
        order = rng.permutation(len(user))
        for batch in np.array_split(order, max(1, len(user) // BATCH)):
            u, i = user[batch], item[batch]
            p, q = left[u], right[i]
            error = (stars[u, i] - mean - np.sum(p * q, axis=1))[:, None]
            p_step, q_step = lr * (error * q - reg * p), lr * (error * p - reg * q)
            p_step[:, 1] = q_step[:, 0] = 0  # the ones stay ones
            np.add.at(left, u, p_step)  # also where a user is in the batch twice
            np.add.at(right, i, q_step)
        yield mean + left @ right.T


# --8<-- [end:model]


def rmse(prediction: np.ndarray, target: np.ndarray, where: np.ndarray | slice) -> float:
    """Return the root of the mean squared error over the pairs of one part, in stars."""
    return float(np.sqrt(np.mean((prediction[where] - target[where]) ** 2)))


# --8<-- [start:objective]
def objective(ratings: Ratings, trial: Any) -> float:
    """Return the validation error after the best epoch; the pruner hears of each epoch."""
    rank = trial.suggest_int("rank", 1, 64, log=True)
    reg = trial.suggest_float("reg", 1e-3, 1.0, log=True)
    lr = trial.suggest_float("lr", 1e-3, 0.3, log=True)
    after_epoch = PyTorchPruningCallback(trial, "RMSE", direction="minimize")
    training = epochs_of(ratings.stars, ratings.train, rank, reg, lr)
    for epoch, prediction in enumerate(islice(training, EPOCHS)):
        error = rmse(prediction, ratings.stars, ratings.valid)
        if not np.isfinite(error):
            raise TrialPruned("it has diverged: the learning rate was too high")
        after_epoch(error, epoch)
    trial.set_user_attr("epochs", after_epoch.best_epoch + 1)
    return after_epoch.best_value


# --8<-- [end:objective]


# --8<-- [start:search]
def search(study: Study, options: common.Options) -> dict[str, float]:
    """Search; train once more, on all but the test ratings; return their errors."""
    ratings = data(options.seed, options.quick)
    options.run(study, partial(objective, ratings))
    best = study.best_trial

    def held_out(epochs: int, **settings: Any) -> np.ndarray:
        training = epochs_of(ratings.stars, ratings.train | ratings.valid, **settings)
        return next(islice(training, epochs - 1, None))

    predictions = {
        "the best settings": held_out(best.user_attrs["epochs"], **best.params),
        "untuned": held_out(**UNTUNED),
        "biases alone": held_out(EPOCHS, rank=0, reg=0.02, lr=0.01),
        "the truth": ratings.truth,
    }
    is_rare = np.arange(ratings.test.shape[1]) >= ratings.test.shape[1] // 2
    parts = {"": ratings.test, ", rare films": ratings.test & is_rare}
    return {
        name + part: rmse(found, ratings.stars, where)
        for part, where in parts.items()
        for name, found in predictions.items()
    }


# --8<-- [end:search]


if __name__ == "__main__":
    np.seterr(over="ignore", invalid="ignore")  # what diverges is pruned, without a warning
    common.main(__file__, search, direction="minimize", trials=60, quick=3, warmup=3)
