"""A transformer's encoder that reads a sentence and says one number, and how well it does."""

from functools import partial

import torch
from grammar import LENGTH, Sentences, numbers
from torch import nn

LAYERS, WIDTH, HEADS = 2, 32, 4
Rows = tuple[torch.Tensor, torch.Tensor]  # the words' numbers, (n, LENGTH), and whether the author liked the film


class Classifier(nn.Module):
    """Words and places, an encoder, the mean over the words, one number: positive where the author liked the film."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(32, WIDTH, padding_idx=0), nn.Embedding(LENGTH, WIDTH)
        layer = partial(nn.TransformerEncoderLayer, WIDTH, HEADS, 2 * WIDTH, dropout=0.0, batch_first=True)
        self.layers = nn.ModuleList(layer() for _ in range(LAYERS))
        self.end = nn.Linear(WIDTH, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one number for each sentence, (n,)."""
        missing = x == 0
        states = self.words(x) + self.places.weight
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=missing)
        there = (~missing)[:, :, None]
        return self.end((states * there).sum(1) / there.sum(1))[:, 0]


def tensors(found: Sentences) -> Rows:
    """Return what the model reads and what it is to say."""
    return torch.tensor(numbers(found.texts)), torch.tensor(found.labels, dtype=torch.float32)


@torch.no_grad()
def scores(model: nn.Module, rows: Rows) -> tuple[float, float]:
    """Return cross-entropy and accuracy."""
    found, y = model(rows[0]), rows[1]
    return float(nn.functional.binary_cross_entropy_with_logits(found, y)), float(((found > 0) == y).double().mean())
