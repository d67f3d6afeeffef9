"""Lightning's callback in real trainings of a tiny model on the processor."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixed_pruners import new_trial, reports

import tpe_reference
from tpe_reference import TrialPruned


@pytest.fixture
def callback(lightning: Any) -> Any:
    from tpe_reference.callbacks import PyTorchLightningPruningCallback

    return PyTorchLightningPruningCallback


@pytest.fixture
def fit(lightning: Any, torch: Any, rows: Any, tmp_path: Path) -> Callable[..., Any]:
    x, y = (torch.tensor(part, dtype=torch.float32) for part in rows)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16)

    class Net(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self, lr: float) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.layer, self.lr = torch.nn.Linear(4, 1), lr

        def loss(self, batch: Any) -> Any:
            return torch.nn.functional.binary_cross_entropy_with_logits(self.layer(batch[0])[:, 0], batch[1])

        def training_step(self, batch: Any, index: int) -> Any:
            loss = self.loss(batch)
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", self.loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.lr)

    def fit_(callbacks: list[Any], lr: float = 0.1, validation: bool = True, ckpt: Any = None, **more: Any) -> Any:
        quiet = dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary"), False)
        options = {"max_epochs": 4, "accelerator": "cpu", "default_root_dir": tmp_path, **quiet, **more}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")  # its advice on speed
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("default", message="PyTorchLightningPruningCallback")
            trainer = lightning.Trainer(callbacks=callbacks, **options)
            trainer.fit(Net(lr), loader, loader if validation else None, ckpt_path=ckpt)
        return trainer

    return fit_


def test_every_epoch_is_reported(callback: Any, fit: Any) -> None:
    of_validation, of_training = new_trial(), new_trial()
    pruning = callback(of_validation, "val_loss")
    trainer = fit([pruning, callback(of_training, "train_loss")])
    pruning.check_pruned()  # it is not
    assert list(reports(of_validation)) == list(reports(of_training)) == [0, 1, 2, 3]
    assert reports(of_validation)[3] == trainer.callback_metrics["val_loss"].item()
    assert reports(of_training)[3] == trainer.callback_metrics["train_loss"].item()


def test_the_last_of_several_validations_counts_and_an_epoch_without_one_is_left_out(callback: Any, fit: Any) -> None:
    trial = new_trial()
    fit([callback(trial, "val_loss")], check_val_every_n_epoch=2)
    assert list(reports(trial)) == [1, 3]
    trial = new_trial()
    trainer = fit([callback(trial, "val_loss")], val_check_interval=0.5)
    assert list(reports(trial)) == [0, 1, 2, 3]
    assert reports(trial)[3] == trainer.callback_metrics["val_loss"].item()


def test_a_pruned_training_stops_and_callbacks_before_it_come_to_their_end(
    lightning: Any, callback: Any, fit: Any
) -> None:
    trial, ended = new_trial(step=2), []
    pruning = callback(trial, "val_loss")

    class Other(lightning.Callback):  # type: ignore[misc]
        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            ended.append(trainer.current_epoch)

        def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
            ended.append(stage)

    with pytest.raises(TrialPruned, match=r"pruned at step 2, with val_loss=0\.\d+"):
        fit([Other(), pruning])
    assert ended == [3, "fit"]
    with pytest.raises(TrialPruned, match="step 2"):
        pruning.check_pruned()  # as scripts for Optuna do after fit
    assert list(reports(trial)) == [0, 1, 2]


def test_it_is_pruned_after_its_least_number_of_epochs(callback: Any, fit: Any) -> None:
    trial = new_trial(step=0)
    with pytest.raises(TrialPruned, match="step 0"):
        fit([callback(trial, "val_loss")], min_epochs=2)
    assert list(reports(trial)) == [0]


def test_a_training_that_goes_on_from_a_checkpoint_goes_on_with_the_steps(
    callback: Any, fit: Any, tmp_path: Path
) -> None:
    trial, whole = new_trial(), new_trial()
    fit([callback(trial, "val_loss")], max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    fit([callback(trial, "val_loss")], ckpt=tmp_path / "two.ckpt")
    fit([callback(whole, "val_loss")])
    assert reports(trial) == pytest.approx(reports(whole))


def test_a_missing_metric_is_named_with_those_there_are(callback: Any, fit: Any) -> None:
    with pytest.raises(ValueError, match=r"'val_acc'; there are \['train_loss', 'val_loss'\]"):
        fit([callback(new_trial(), "val_acc")])
    with pytest.raises(ValueError, match=r"'val_loss'; there are \['train_loss'\]"):
        fit([callback(new_trial(), "val_loss")], validation=False)


def test_a_training_without_a_validation_is_an_error_unless_it_was_stopped(
    lightning: Any, callback: Any, fit: Any
) -> None:
    never = "no epoch had a validation, and 'val_loss' was never reported"
    with pytest.raises(ValueError, match=f"{never}: give the training validation data, or have it"):
        fit([callback(new_trial(), "val_loss")], check_val_every_n_epoch=9, num_sanity_val_steps=0)

    class Stop(lightning.Callback):  # type: ignore[misc]
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            trainer.should_stop = True

    with pytest.warns(UserWarning, match=f"{never}$"):
        fit([Stop(), callback(new_trial(), "val_loss")], check_val_every_n_epoch=2, num_sanity_val_steps=0)


def test_a_direction_that_contradicts_the_study_is_an_error(callback: Any) -> None:
    with pytest.raises(ValueError, match="'val_acc' higher values are better"):
        callback(new_trial(), "val_acc", direction="maximize")


def test_several_devices_are_refused(callback: Any, fit: Any) -> None:
    class Trainer:
        world_size = 2

    with pytest.raises(ValueError, match="a training on 2 devices is not covered"):
        callback(new_trial(), "val_loss").setup(Trainer(), None, "fit")


def test_a_search_prunes(callback: Any, fit: Any) -> None:
    def objective(trial: tpe_reference.Trial) -> float:
        lr = trial.suggest_float("lr", 1e-3, 1.0, log=True)
        trainer = fit([callback(trial, "val_loss", direction="minimize")], lr=lr, enable_checkpointing=False)
        return float(trainer.callback_metrics["val_loss"])

    study = tpe_reference.create_study(seed=0)
    study.optimize(objective, n_trials=10)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert study.best_params["lr"] > 0.1
