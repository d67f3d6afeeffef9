"""Opinions on films, made by a small grammar in which the order of the words decides what is meant."""

from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

NOUNS = ["film", "plot", "music", "cast", "ending"]
ADJECTIVES = {1: ["good", "clever", "fresh", "warm", "funny"], 0: ["bad", "silly", "stale", "cold", "dull"]}
NEGATIONS = ["not", "hardly"]
LENGTH = 12  # the longest: two clauses of five words, although, a comma


class Sentences(NamedTuple):
    """Sentences, and of each whether its author liked the film, 1 or 0."""

    texts: list[str]
    labels: list[int]


def sentences(n: int, rng: np.random.Generator) -> Sentences:
    """Return n sentences, about half of them kind."""
    labels = [int(label) for label in rng.integers(2, size=n)]
    return Sentences([sentence(label, rng) for label in labels], labels)


def sentence(label: int, rng: np.random.Generator) -> str:
    """Return a sentence of two clauses: where they disagree, only the main one says what is meant."""
    main, agrees = clause(label, rng), clause(label, rng)
    other = clause(int(rng.integers(2)), rng)
    concessions = [f"{other} but {main}", f"although {other} , {main}", f"{main} , although {other}"]
    return str(rng.choice([f"{main} and {agrees}", *concessions]))


def clause(label: int, rng: np.random.Generator) -> str:
    """Return a clause that is kind (1) or unkind (0): a third of them say so by denying the opposite."""
    denied = bool(rng.integers(3) == 0)
    adjective = rng.choice(ADJECTIVES[label ^ denied])
    words = ["the", rng.choice(NOUNS), "was"]
    return " ".join([*words, *[rng.choice(NEGATIONS)] * denied, adjective])


def numbers(texts: list[str]) -> np.ndarray:
    """Return the words' numbers, one row for each sentence, and 0 where it has ended."""
    known = [*NOUNS, *ADJECTIVES[0], *ADJECTIVES[1], *NEGATIONS]
    vocabulary = {word: i for i, word in enumerate([*known, "the", "was", "and", "but", "although", ","], start=1)}
    rows = np.zeros((len(texts), LENGTH), dtype=np.int64)
    for row, text in zip(rows, texts, strict=True):
        words = text.split()
        row[: len(words)] = [vocabulary[word] for word in words]
    return rows


def bag_of_words(seen: Sentences, test: Sentences) -> float:
    """Return the accuracy of logistic regression on which words there are, whatever their order."""
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(*seen)
    return float(model.score(*test))
