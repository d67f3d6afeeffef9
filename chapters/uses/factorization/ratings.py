"""Ratings of films as a shop has them, made up, so that the truth behind them is known."""

from typing import NamedTuple

import numpy as np

TRUE_RANK = 6


class Ratings(NamedTuple):
    """Stars by user and film, (users, items); who rated what, in three parts; and the truth."""

    stars: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    truth: np.ndarray


# --8<-- [start:data]
def data(seed: int, quick: bool = False) -> Ratings:
    """Make up ratings from 1 to 5: tastes of a low rank, and noise, which nobody can predict."""
    rng = np.random.default_rng([seed, 1])  # 1: not the numbers of the search with this seed
    users, items = (60, 40) if quick else (600, 400)
    popularity = 1 / np.arange(1, items + 1) ** 0.8  # the first has 120 times the viewers of the last
    quality = 0.3 * rng.normal(size=items) + 0.15 * np.log(popularity / popularity.mean())
    tastes = rng.normal(size=(users, TRUE_RANK)) @ rng.normal(size=(TRUE_RANK, items))
    truth = 3.4 + 0.4 * rng.normal(size=(users, 1)) + quality + 0.8 * tastes / np.sqrt(TRUE_RANK)
    stars = np.clip(np.round(truth + 0.5 * rng.normal(size=truth.shape)), 1, 5)
    activity = rng.lognormal(0.0, 0.5, (users, 1))  # some rate much more than others
    chance = 40 * activity * popularity / popularity.sum()  # about 40 ratings by each user
    rated = rng.random(truth.shape) < np.clip(chance, 0, 0.9)
    part = rng.choice(3, size=truth.shape, p=[0.7, 0.15, 0.15])
    train, valid, test = (rated & (part == k) for k in range(3))
    return Ratings(stars, train, valid, test, truth)


# --8<-- [end:data]
