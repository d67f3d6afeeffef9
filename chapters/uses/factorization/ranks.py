"""How good each rank can be: ``python chapters/uses/factorization/ranks.py`` writes ranks.csv, in about two minutes.

For each rank the best validation error over a small grid of the two other settings, on the data of each seed.
"""

import sys
from itertools import islice, product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # for common.py
import common
from example import EPOCHS, epochs_of, rmse
from ratings import data

SEEDS = 8
RANKS, REGS, LRS = (2, 4, 6, 8, 12, 20, 40), (0.05, 0.1, 0.15), (0.04, 0.08)


def main() -> None:
    """Train with every setting on the grid and keep the best of each rank."""
    lines = []
    for seed in range(SEEDS):
        ratings = data(seed)
        for rank in RANKS:
            found = []
            for reg, lr in product(REGS, LRS):
                training = islice(epochs_of(ratings.stars, ratings.train, rank, reg, lr), EPOCHS)
                error = min(rmse(prediction, ratings.stars, ratings.valid) for prediction in training)
                found.append((error, reg, lr))
            error, reg, lr = min(found)
            lines.append({"seed": seed, "rank": rank, "value": error, "reg": reg, "lr": lr})
    common.write(Path(__file__).parent / "ranks.csv", lines)


if __name__ == "__main__":
    np.seterr(over="ignore", invalid="ignore")  # as in the example
    main()
