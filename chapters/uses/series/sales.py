"""Sales of a shop by day, made up; windows of them, to learn from; and forecasts that any other has to beat."""

import numpy as np

DAYS = 960
# Forward chaining: train on all days before one border, validate on those up to the next. The rest is the test.
BORDERS = (480, 600, 720, 840)


# --8<-- [start:data]
def data(seed: int) -> np.ndarray:
    """Make up daily sales: trend, year, weeks that swing more or less, and a noise with memory."""
    rng = np.random.default_rng([seed, 1])  # 1: not the numbers of the search with this seed
    day = np.arange(DAYS)
    swing = 1 + 0.6 * np.sin(2 * np.pi * day / 60)
    week = swing * np.array([0.0, 0.1, 0.2, 0.3, 0.8, 1.0, -0.6])[day % 7]
    memory, news = np.zeros(DAYS), 0.2 * rng.normal(size=DAYS)  # nobody can predict news
    for t in range(1, DAYS):
        memory[t] = 0.5 * np.tanh(3 * memory[t - 1]) + news[t]  # high for a while, or low
    return 0.002 * day + 0.6 * np.sin(2 * np.pi * day / 365) + week + memory


# --8<-- [end:data]


# --8<-- [start:windows]
def windows(series: np.ndarray, width: int, start: int, stop: int) -> tuple[np.ndarray, ...]:
    """Return the days before each day of a part, (n, width), and that day, (n,).

    Both as differences to the day before, which knows nothing of the future; the mean of the
    whole series would.
    """
    days = np.arange(max(start, width), stop)
    before = series[days[:, None] - width + np.arange(width)]
    last = before[:, -1:]
    found = before - last, series[days] - last[:, 0]
    return tuple(part.astype(np.float32) for part in found)


# --8<-- [end:windows]


def linear(series: np.ndarray, lags: int, part: tuple[int, int]) -> float:
    """Return the error in a part of a linear regression on the last so many days, fitted before."""
    (X, y), (X_later, y_later) = windows(series, lags, 0, part[0]), windows(series, lags, *part)
    one = [np.column_stack([part, np.ones(len(part))]) for part in (X, X_later)]
    weights, *_ = np.linalg.lstsq(one[0], y)
    return float(np.abs(one[1] @ weights - y_later).mean())


def best_linear(series: np.ndarray, chain: list[tuple[int, int]], test: tuple[int, int]) -> float:
    """Return the error of a linear regression in the test, its window the best of four in the chain."""
    lags = min((7, 14, 28, 56), key=lambda n: np.mean([linear(series, n, part) for part in chain]))
    return linear(series, lags, test)


def last_week(series: np.ndarray, part: tuple[int, int]) -> float:
    """Return the error in a part of saying what was a week before."""
    days = np.arange(*part)
    return float(np.abs(series[days] - series[days - 7]).mean())
