"""Train a small transformer from scratch: which schedule, how many warm-up steps, slower layers below or not.

``python chapters/uses/transformer/example.py`` makes up sentences, searches for half a minute and compares with
settings that nobody has tuned. It needs PyTorch and scikit-learn (the extras "pytorch" and "sklearn").
"""

import math
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py, which all the examples share
import common
from classifier import LAYERS, Classifier, Rows, scores, tensors
from grammar import Sentences, bag_of_words, sentences
from schedule import factor

from tpe_reference import Study
from tpe_reference.callbacks import PyTorchPruningCallback

EPOCHS, BATCH = 10, 32
UNTUNED = {"lr": 1e-3, "schedule": "constant", "layerwise": False}  # Adam's own learning rate, and nothing else


# --8<-- [start:space]
def settings_of(trial: Any) -> dict[str, Any]:
    """Ask for the settings of a trial: what a choice has no use for is not asked for."""
    found = {"lr": trial.suggest_float("lr", 1e-4, 3e-2, log=True)}
    found["schedule"] = trial.suggest_categorical("schedule", ["constant", "linear", "cosine"])
    if found["schedule"] != "constant":
        found["warmup"] = trial.suggest_int("warmup", 1, 100, log=True)  # steps, of 160
    if found["schedule"] == "cosine":
        found["floor"] = trial.suggest_float("floor", 1e-3, 0.5, log=True)  # the last learning rate over the largest
    found["layerwise"] = trial.suggest_categorical("layerwise", [False, True])
    if found["layerwise"]:
        found["decay"] = trial.suggest_float("decay", 0.2, 1.0)  # a layer's learning rate over that of the one above
    return found


# --8<-- [end:space]


# --8<-- [start:training]
def epochs_of(rows: Rows, lr: float, layerwise: bool, decay: float = 1.0, **schedule: Any) -> Iterator[nn.Module]:
    """Yield the model after each epoch, ready to be judged."""
    torch.manual_seed(0)  # weights and order: trials differ by their settings alone
    X, y = rows
    model = Classifier()
    levels = [[*model.words.parameters(), *model.places.parameters()], *(list(m.parameters()) for m in model.layers)]
    groups = [{"params": level, "lr": lr * decay ** (LAYERS - i)} for i, level in enumerate(levels)]
    optimizer = torch.optim.Adam([*groups, {"params": model.end.parameters(), "lr": lr}])
    steps = EPOCHS * math.ceil(len(y) / BATCH)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor(steps, **schedule))
    for _ in range(EPOCHS):
        model.train()
        for batch in torch.randperm(len(y)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(X[batch]), y[batch]).backward()
            optimizer.step()
            scheduler.step()
        yield model.eval()


# --8<-- [end:training]


# --8<-- [start:search]
def objective(train: Rows, valid: Rows, trial: Any) -> float:
    """Return the cross-entropy on the validation sentences after the last epoch; the pruner hears of each."""
    after_epoch = PyTorchPruningCallback(trial, "cross-entropy", direction="minimize")
    for epoch, model in enumerate(epochs_of(train, **settings_of(trial))):
        after_epoch(loss := scores(model, valid)[0], epoch)  # here a bad trial ends
    return loss


def search(study: Study, options: common.Options) -> dict[str, float]:
    """Search; then train on all but the test sentences and return what is right of those."""
    torch.set_num_threads(1)  # so small a model is no faster with more, and sums keep their order
    rng = np.random.default_rng(options.seed)
    train, valid, test = (sentences(n, rng) for n in ((64, 64, 64) if options.quick else (500, 300, 2000)))
    seen = Sentences(train.texts + valid.texts, train.labels + valid.labels)
    options.run(study, partial(objective, tensors(train), tensors(valid)))

    def held_out(**settings: Any) -> float:
        *_, model = epochs_of(tensors(seen), **settings)
        return scores(model, tensors(test))[1]

    return {
        "the best settings": held_out(**settings_of(study.best_trial)),
        "untuned": held_out(**UNTUNED),
        "untuned, lr = 0.01": held_out(**UNTUNED | {"lr": 1e-2}),
        "bag of words": bag_of_words(seen, test),
    }


# --8<-- [end:search]


if __name__ == "__main__":
    common.main(__file__, search, direction="minimize", trials=30, quick=3, warmup=4)
