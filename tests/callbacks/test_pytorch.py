"""A training loop of PyTorch's own kind: tensors as values, checkpoints, a real model whose bad trials are pruned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixed_pruners import new_trial, reports

import tpe_reference
from tpe_reference.callbacks import PyTorchPruningCallback


def test_a_tensor_of_one_element_is_a_number(torch: Any) -> None:
    trial = new_trial()
    after_epoch = PyTorchPruningCallback(trial)
    weight = torch.tensor([2.0], requires_grad=True)
    after_epoch((weight**2).sum())  # without a warning, though gradients hang on it
    after_epoch(torch.tensor([0.5], dtype=torch.bfloat16))
    after_epoch(torch.tensor(3))
    assert reports(trial) == {0: 4.0, 1: 0.5, 2: 3.0}


def test_a_tensor_of_several_elements_is_an_error(torch: Any) -> None:
    with pytest.raises(ValueError, match=r"a tensor of shape \(2, 3\); take its mean"):
        PyTorchPruningCallback(new_trial())(torch.zeros(2, 3))


def test_a_checkpoint_goes_through_torch_save(torch: Any, tmp_path: Path) -> None:
    after_epoch = PyTorchPruningCallback(new_trial())
    after_epoch(torch.tensor(0.5))
    torch.save({"pruning": after_epoch.state_dict()}, tmp_path / "checkpoint.pt")
    again = new_trial()
    # weights_only, PyTorch's default, loads plain values and tensors, and no objects.
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["pruning"]
    PyTorchPruningCallback(again).load_state_dict(state)
    assert reports(again) == {0: 0.5}


def test_a_real_loop_is_pruned_and_finds_a_good_learning_rate(torch: Any) -> None:
    x = torch.tensor(np.random.default_rng(0).normal(size=(64, 4)), dtype=torch.float32)
    y = (x[:, :1] > x[:, 1:2]).float()

    def objective(trial: tpe_reference.Trial) -> float:
        lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        after_epoch = PyTorchPruningCallback(trial, "loss", direction="minimize")
        for epoch in range(10):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            after_epoch(loss, epoch)
        return after_epoch.best_value

    study = tpe_reference.create_study(seed=0)
    study.optimize(objective, n_trials=15)
    pruned = [trial for trial in study.trials if trial.state == "pruned"]
    assert pruned, "of 15 trials with learning rates from 1e-4 to 1 none was pruned"
    assert all(len(trial.intermediate_values) < 10 for trial in pruned)
    assert study.best_value < 0.3
