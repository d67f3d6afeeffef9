"""Forecast tomorrow with an LSTM: how many days it looks back, how many units, how much regularisation.

``python chapters/uses/series/example.py`` searches for less than a minute, with validation that only ever looks
forward, and compares with simpler forecasts. It needs PyTorch (the extra "pytorch").
"""

import sys
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py, which all the examples share
import common
from sales import BORDERS, DAYS, best_linear, data, last_week, windows

from tpe_reference import Study
from tpe_reference.callbacks import PyTorchPruningCallback

EPOCHS, BATCH = 20, 64
# A month, some units, and what AdamW comes with.
UNTUNED = {"window": 30, "units": 32, "lr": 1e-3, "decay": 0.01, "dropout": 0.0}


# --8<-- [start:training]
class Forecaster(nn.Module):
    """An LSTM that reads a window day by day, and from its last state the forecast."""

    def __init__(self, units: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, units, batch_first=True)
        self.end = nn.Sequential(nn.Dropout(dropout), nn.Linear(units, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the forecasts, (n,), for windows, (n, width)."""
        states, _ = self.lstm(x[:, :, None])
        return self.end(states[:, -1])[:, 0]


def errors(
    series: np.ndarray, part: tuple[int, int], window: int, units: int, lr: float, decay: float, dropout: float
) -> Iterator[float]:
    """Train on the days before a part; yield the mean absolute error in it after each epoch."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)  # its own: trainings take turns
    X, y = map(torch.tensor, windows(series, window, 0, part[0]))
    X_later, y_later = map(torch.tensor, windows(series, window, *part))
    scale = y.std()  # of the past alone
    model = Forecaster(units, dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)  # down to 0
    for _ in range(EPOCHS):
        model.train()
        for batch in torch.randperm(len(y), generator=generator).split(BATCH):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(X[batch] / scale), y[batch] / scale).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # or one batch undoes the rest
            optimizer.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            error = float((model(X_later / scale) * scale - y_later).abs().mean())
        yield error  # outside of no_grad, which would hold for the other trainings as well


# --8<-- [end:training]


# --8<-- [start:objective]
def objective(series: np.ndarray, borders: tuple[int, ...], trial: Any) -> float:
    """Train for each part of the chain, side by side, and report the mean error."""
    settings = {
        "window": trial.suggest_int("window", 2, 42, log=True),
        "units": trial.suggest_int("units", 4, 64, log=True),
        "lr": trial.suggest_float("lr", 1e-3, 1e-1, log=True),
        "decay": trial.suggest_float("decay", 1e-3, 10.0, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
    }
    after_epoch = PyTorchPruningCallback(trial, "MAE", direction="minimize")
    chain = zip(*(errors(series, part, **settings) for part in pairwise(borders)), strict=True)
    for epoch, found in enumerate(chain):
        after_epoch(mean := float(np.mean(found)), epoch)
    return mean


# --8<-- [end:objective]


# --8<-- [start:search]
def search(study: Study, options: common.Options) -> dict[str, float]:
    """Search; train once more, on all days before the test; return the errors in it."""
    series = data(options.seed)
    borders, test = (BORDERS, (BORDERS[-1], DAYS)) if not options.quick else ((120, 200), (200, 280))
    options.run(study, partial(objective, series, borders))

    def held_out(**settings: Any) -> float:
        return list(errors(series, test, **settings))[-1]

    return {
        "the best settings": held_out(**study.best_params),
        "untuned": held_out(**UNTUNED),
        "untuned, but lr = 0.01": held_out(**UNTUNED | {"lr": 0.01}),
        "linear regression": best_linear(series, list(pairwise(borders)), test),
        "the same day of last week": last_week(series, test),
    }


# --8<-- [end:search]


if __name__ == "__main__":
    torch.set_num_threads(1)  # the model is too small for more
    common.main(__file__, search, direction="minimize", trials=30, quick=2, warmup=5)
