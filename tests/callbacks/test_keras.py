"""Keras' callback in real trainings of a tiny model, with TensorFlow behind it."""

from pathlib import Path
from typing import Any

import pytest
from fixed_pruners import new_trial, reports

import tpe_reference
from tpe_reference import TrialPruned


@pytest.fixture
def callback(keras: Any) -> Any:
    from tpe_reference.callbacks import KerasPruningCallback

    return KerasPruningCallback


def build(keras: Any, lr: float = 0.1) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    metrics = ["accuracy", keras.metrics.AUC(name="auc")]
    # Eagerly: for four batches a graph would not pay.
    model.compile(keras.optimizers.SGD(lr), loss="binary_crossentropy", metrics=metrics, run_eagerly=True)
    return model


def fit(model: Any, rows: Any, callbacks: list[Any], epochs: int = 4, validation: bool = True, **more: Any) -> Any:
    data = rows if validation else None
    return model.fit(*rows, validation_data=data, epochs=epochs, callbacks=callbacks, verbose=0, batch_size=32, **more)


def test_every_epoch_is_reported(keras: Any, callback: Any, rows: Any) -> None:
    trial = new_trial()
    history = fit(build(keras), rows, [callback(trial, "val_loss")])
    assert reports(trial) == dict(enumerate(history.history["val_loss"]))
    for_training = new_trial(direction="maximize")
    history = fit(build(keras), rows, [callback(for_training, "accuracy")], validation=False)
    assert reports(for_training) == dict(enumerate(history.history["accuracy"]))


def test_a_pruned_training_stops_and_callbacks_before_it_come_to_their_end(
    keras: Any, callback: Any, rows: Any, tmp_path: Path
) -> None:
    trial, ended = new_trial(step=2), []
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    ending = keras.callbacks.LambdaCallback(on_train_end=lambda logs: ended.append(sorted(logs)))
    model = build(keras)
    with pytest.raises(TrialPruned, match=r"pruned at step 2, with val_loss=0\.\d+"):
        fit(model, rows, [log, ending, callback(trial, "val_loss")])
    assert len(ended) == 1
    assert log.csv_file.closed
    assert len((tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()) == 4  # a head and three epochs
    assert list(reports(trial)) == [0, 1, 2]
    fit(model, rows, [], epochs=1)  # it can be trained further


def test_early_stopping_beside_it_restores_the_best_weights(keras: Any, callback: Any, rows: Any) -> None:
    x, y = rows
    trial, model = new_trial(), build(keras)
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    wrong = (x, 1 - y)  # the longer the training, the worse
    model.fit(x, y, validation_data=wrong, epochs=9, verbose=0, callbacks=[stopping, callback(trial, "val_loss")])
    assert list(reports(trial)) == [0, 1, 2]
    assert model.evaluate(*wrong, verbose=0, return_dict=True)["loss"] == pytest.approx(reports(trial)[0])


def test_only_every_so_many_epochs_are_reported_where_that_is_said(keras: Any, callback: Any, rows: Any) -> None:
    trial = new_trial()
    fit(build(keras), rows, [callback(trial, "val_loss", interval=2)])
    assert list(reports(trial)) == [1, 3]
    of_another_beat: dict[str, Any] = {"epochs": 3, "validation_freq": 3}
    for more in ({"epochs": 1}, of_another_beat):
        with pytest.warns(UserWarning, match="with interval=2 nothing of this training is reported"):
            fit(build(keras), rows, [callback(new_trial(), "val_loss", interval=2)], **more)
    with pytest.raises(ValueError, match="interval must be a whole number of at least 1, got -1"):
        callback(trial, "val_loss", interval=-1)


def test_epochs_without_a_validation_are_left_out(keras: Any, callback: Any, rows: Any) -> None:
    trial = new_trial()
    fit(build(keras), rows, [callback(trial, "val_loss")], validation_freq=2)
    assert list(reports(trial)) == [1, 3]


def test_a_training_without_a_validation_is_an_error_unless_it_was_stopped(
    keras: Any, callback: Any, rows: Any
) -> None:
    never = "no epoch had a validation, and 'val_loss' was never reported"
    for without in ({"validation": False}, {"validation_freq": 9}):
        with pytest.raises(ValueError, match=f"{never}: give the training validation data, or have it"):
            fit(build(keras), rows, [callback(new_trial(), "val_loss")], epochs=2, **without)

    class Stop(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    with pytest.warns(UserWarning, match=f"{never}$"):
        fit(build(keras), rows, [Stop(), callback(new_trial(), "val_loss")], validation_freq=2)


def test_a_training_that_goes_on_goes_on_with_the_steps(keras: Any, callback: Any, rows: Any) -> None:
    trial, model = new_trial(), build(keras)
    pruning = callback(trial, "val_loss")
    fit(model, rows, [pruning], epochs=2)
    fit(model, rows, [pruning], epochs=4, initial_epoch=2)
    assert list(reports(trial)) == [0, 1, 2, 3]
    with pytest.warns(UserWarning, match="report of step 0 before"):
        fit(model, rows, [pruning], epochs=1)


def test_a_missing_metric_is_named_with_those_there_are(keras: Any, callback: Any, rows: Any) -> None:
    with pytest.raises(ValueError, match=r"'val_acc'; there are \['accuracy', 'auc', 'loss', 'val_accuracy', "):
        fit(build(keras), rows, [callback(new_trial(), "val_acc")])


def test_the_direction_of_known_metrics_is_checked(keras: Any, callback: Any, rows: Any) -> None:
    for metric in ("val_accuracy", "accuracy"):
        with pytest.raises(ValueError, match=rf"'{metric}' higher values are better.*direction='maximize'"):
            fit(build(keras), rows, [callback(new_trial(), metric)])
    with pytest.raises(ValueError, match="'val_loss' lower values are better"):
        fit(build(keras), rows, [callback(new_trial(direction="maximize"), "val_loss")])
    with pytest.raises(ValueError, match="'val_loss' higher values are better"):
        fit(build(keras), rows, [callback(new_trial(), "val_loss", mode="max")])
    with pytest.raises(ValueError, match="mode must be 'auto', 'min' or 'max', got 'maximize'"):
        callback(new_trial(), "val_loss", mode="maximize")


def test_tensorflows_keras_is_this_one(tensorflow: Any, callback: Any) -> None:
    from tpe_reference.integration import TFKerasPruningCallback  # Optuna's name, of the time when it was another

    assert issubclass(callback, tensorflow.keras.callbacks.Callback)
    assert TFKerasPruningCallback is callback


def test_a_search_prunes(keras: Any, callback: Any, rows: Any) -> None:
    def objective(trial: tpe_reference.Trial) -> float:
        model = build(keras, trial.suggest_float("lr", 1e-3, 1.0, log=True))
        history = fit(model, rows, [callback(trial, "val_loss")])
        return float(history.history["val_loss"][-1])

    study = tpe_reference.create_study(seed=0)
    study.optimize(objective, n_trials=10)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert study.best_params["lr"] > 0.1
