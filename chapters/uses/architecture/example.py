"""Search a network's architecture in miniature: how many layers, and, of each that there is, how wide.

``python chapters/uses/architecture/example.py`` searches for a quarter of a minute and compares with a network that
nobody has tuned. It needs PyTorch and scikit-learn (the extras "pytorch" and "sklearn").
"""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import make_friedman1
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py, which all the examples share
import common

from tpe_reference import Study
from tpe_reference.callbacks import PyTorchPruningCallback

EPOCHS, BATCH, INPUTS = 60, 32, 10
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU}
# What scikit-learn's MLPRegressor is unless it is told otherwise, apart from its number of epochs.
UNTUNED = {"widths": [100], "activation": "relu", "lr": 1e-3, "decay": 0.0}
Rows = tuple[torch.Tensor, torch.Tensor]  # inputs, (n, 10), and what is to be forecast


def data(n: int, seed: int) -> Rows:
    """Return rows of Friedman's first problem: 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e, five idle, noise 1."""
    X, y = make_friedman1(n, INPUTS, noise=1.0, random_state=seed)
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


# --8<-- [start:space]
def architecture(trial: Any) -> dict[str, Any]:
    """Ask for a network. The third layer's width exists in the trials that have a third layer."""
    n_layers = trial.suggest_int("layers", 1, 4)
    return {
        "widths": [trial.suggest_int(f"width_{i}", 4, 128, log=True) for i in range(1, n_layers + 1)],
        "activation": trial.suggest_categorical("activation", list(ACTIVATIONS)),
        "lr": trial.suggest_float("lr", 3e-4, 1e-1, log=True),
        "decay": trial.suggest_float("decay", 1e-3, 10.0, log=True),
    }


def network(widths: Sequence[int], activation: str) -> nn.Sequential:
    """Return the layers that the widths say, each behind an activation, and one number in the end."""
    layers: list[nn.Module] = []
    for before, after in pairwise([INPUTS, *widths]):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1), nn.Flatten(0))


# --8<-- [end:space]


def epochs_of(rows: Rows, widths: Sequence[int], activation: str, lr: float, decay: float) -> Iterator[nn.Module]:
    """Yield the network after each epoch; it says how many standard deviations from the mean."""
    torch.manual_seed(0)  # weights and order: trials differ by their settings alone
    X, y = rows
    model = network(widths, activation)
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)  # down to 0: the last epoch is a quiet one
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(y)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(X[batch]), (y[batch] - y.mean()) / y.std()).backward()
            optimizer.step()
        schedule.step()
        yield model


@torch.no_grad()
def error(model: nn.Module, seen: Rows, rows: Rows) -> float:
    """Return the root of the mean squared error, in the units of y."""
    mean, std = seen[1].mean(), seen[1].std()
    return float(((model(rows[0]) * std + mean - rows[1]) ** 2).mean().sqrt())


# --8<-- [start:search]
def objective(train: Rows, valid: Rows, trial: Any) -> float:
    """Return the error on the validation rows after the last epoch; the pruner hears of each."""
    after_epoch = PyTorchPruningCallback(trial, "RMSE", direction="minimize")
    for epoch, model in enumerate(epochs_of(train, **architecture(trial))):
        after_epoch(found := error(model, train, valid), epoch)  # here a bad trial ends
    trial.set_user_attr("weights", sum(weights.numel() for weights in model.parameters()))
    return found


def search(study: Study, options: common.Options) -> dict[str, float]:
    """Search; then train on all but the test rows and return the errors there."""
    torch.set_num_threads(1)  # so small a model is no faster with more, and sums keep their order
    sizes = (50, 50, 300) if options.quick else (300, 200, 3000)
    X, y = data(sum(sizes), options.seed)
    train, valid, test = zip(X.split(sizes), y.split(sizes), strict=True)
    seen = X[: -sizes[2]], y[: -sizes[2]]
    options.run(study, partial(objective, train, valid))

    def held_out(**settings: Any) -> float:
        *_, model = epochs_of(seen, **settings)
        return error(model, seen, test)

    trees = HistGradientBoostingRegressor(random_state=0).fit(*seen).predict(test[0])
    return {
        "the best network": held_out(**architecture(study.best_trial)),
        "untuned": held_out(**UNTUNED),
        "untuned, lr = 0.01": held_out(**UNTUNED | {"lr": 1e-2}),
        "boosted trees, untuned": float(((torch.tensor(trees) - test[1]) ** 2).mean().sqrt()),
    }


# --8<-- [end:search]


if __name__ == "__main__":
    common.main(__file__, search, direction="minimize", trials=40, quick=3, warmup=15)
