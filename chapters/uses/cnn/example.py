"""Tune a convolutional network that reads handwritten digits: learning rate, batch size, dropout, filters; pruned.

``python chapters/uses/cnn/example.py`` searches for half a minute and compares with settings that nobody has tuned. It
needs PyTorch and scikit-learn (the extras "pytorch" and "sklearn").
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py, which all the examples share
import common

from tpe_reference import Study
from tpe_reference.callbacks import PyTorchPruningCallback

EPOCHS = 15
# What Keras' well-known example on MNIST does, with as many epochs as here and 100 times as many pictures.
UNTUNED = {"lr": 1e-3, "batch": 128, "dropout": 0.5, "filters": 32}
Rows = tuple[torch.Tensor, torch.Tensor]  # pictures, (n, 1, 8, 8), and which digit each is


# --8<-- [start:data]
def data(seed: int, quick: bool = False) -> list[Rows]:
    """Return rows to train on, to judge trials by, and to test with: these are put aside first."""
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)  # grey values from 0 to 1
    n_train, n_valid = (100, 100) if quick else (400, 300)  # of 1,797: with more, nearly every setting is right
    seen, test = train_test_split(range(len(y)), train_size=n_train + n_valid, random_state=seed, stratify=y)
    train, valid = train_test_split(seen, train_size=n_train, random_state=seed, stratify=y[seen])
    return [(X[rows], torch.tensor(y[rows])) for rows in (train, valid, test)]


# --8<-- [end:data]


# --8<-- [start:training]
def network(filters: int, dropout: float) -> nn.Module:
    """Two convolutions, the second with twice the filters, each halving the picture, and one dense layer."""
    first, second = nn.Conv2d(1, filters, 3, padding=1), nn.Conv2d(filters, 2 * filters, 3, padding=1)
    convolutions = [first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2)]  # 8 x 8 to 2 x 2
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Dropout(dropout), nn.Linear(8 * filters, 10))


def epochs_of(train: Rows, lr: float, batch: int, dropout: float, filters: int) -> Iterator[nn.Module]:
    """Yield the network after each epoch, ready to be judged."""
    torch.manual_seed(0)  # weights, order and dropout: trials differ by their settings alone
    X, y = train
    model = network(filters, dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)  # down to 0: the last epoch is a quiet one
    for _ in range(EPOCHS):
        model.train()
        for rows in torch.randperm(len(y)).split(batch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()
        yield model.eval()


@torch.no_grad()
def scores(model: nn.Module, rows: Rows) -> tuple[float, float]:
    """Return cross-entropy and accuracy."""
    X, y = rows
    found = model(X)
    return float(nn.functional.cross_entropy(found, y)), float((found.argmax(1) == y).double().mean())


# --8<-- [end:training]


# --8<-- [start:search]
def objective(train: Rows, valid: Rows, trial: Any) -> float:
    """Return the cross-entropy on the validation pictures after the last epoch; the pruner hears of each."""
    settings = {
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "batch": trial.suggest_int("batch", 8, 128, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.8),
        "filters": trial.suggest_int("filters", 2, 32, log=True),
    }
    after_epoch = PyTorchPruningCallback(trial, "cross-entropy", direction="minimize")
    for epoch, model in enumerate(epochs_of(train, **settings)):
        loss, _ = scores(model, valid)
        after_epoch(loss, epoch)  # here a bad trial ends
    return loss


def search(study: Study, options: common.Options) -> dict[str, float]:
    """Search; then train on all but the test pictures and return what is right of those."""
    torch.set_num_threads(1)  # so small a model is no faster with more, and sums keep their order
    train, valid, test = data(options.seed, options.quick)
    options.run(study, partial(objective, train, valid))

    def held_out(**settings: Any) -> float:
        seen = tuple(torch.cat(pair) for pair in zip(train, valid, strict=True))
        *_, model = epochs_of(seen, **settings)
        return scores(model, test)[1]

    return {
        "the best settings": held_out(**study.best_params),
        "untuned": held_out(**UNTUNED),
        "untuned, batch of 16": held_out(**UNTUNED | {"batch": 16}),
    }


# --8<-- [end:search]


if __name__ == "__main__":
    common.main(__file__, search, direction="minimize", trials=40, quick=3, warmup=3)
