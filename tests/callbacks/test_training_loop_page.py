"""The code on the page "bring your own training loop" is executed, and what the page says of it is so."""

import re
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import tpe_reference
import tpe_reference.callbacks

PAGE = (Path(__file__).parents[2] / "chapters" / "training-loop.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
SHOWN = "".join(re.findall(r"^```text\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def page(torch: Any, sklearn: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that the page's blocks leave behind, in the folder that they ran in."""
    names: dict[str, Any] = {"__name__": "page"}
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(tmp_path_factory.mktemp("page"))
        warnings.filterwarnings("ignore", message="trial .* failed: OutOfMemoryError")  # as the page says
        with redirect_stdout(printed):
            for block in BLOCKS:
                exec(compile(block, "training-loop.md", "exec"), names)
        names["printed"] = printed.getvalue()
        yield names


def test_the_blocks_do_what_the_page_says(page: dict[str, Any], torch: Any) -> None:
    assert len(BLOCKS) == 5
    number = r"\d+(?:\.\d+)?"
    assert re.sub(number, "#", page["printed"]) == re.sub(number, "#", SHOWN)
    # Another build of torch rounds otherwise, and may prune a trial an epoch sooner or later.
    for shown, printed in zip(re.findall(number, SHOWN), re.findall(number, page["printed"]), strict=True):
        assert float(printed) == pytest.approx(float(shown), rel=0.1), f"the page shows {SHOWN}"
    states = [trial.state for trial in page["study"].trials]
    assert {"complete", "pruned"} == set(states)
    assert len(states) == 21
    assert page["study"].best_value > 0.9, "the best of all epochs is what the objective returns"
    assert page["epochs"] < 20 * page["EPOCHS"]
    assert 0 < len(page["failed"]) < 6  # later trials keep away
    assert "out of memory" in page["failed"][0].error


def test_a_training_that_diverges_fails(page: dict[str, Any], torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(trial: tpe_reference.Trial) -> Any:
        model = torch.nn.Linear(64, 10).to(page["device"])
        return model, torch.optim.SGD(model.parameters(), lr=1e38)

    monkeypatch.setitem(page, "build", build)
    study = tpe_reference.create_study(direction="maximize")
    with pytest.warns(UserWarning, match="trial 0 failed: its value must be a number, got nan"):
        study.optimize(page["objective_that_looks"], n_trials=1)


def test_a_training_that_was_lost_goes_on_from_its_checkpoint(
    page: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    objective, train_one_epoch = page["objective_with_checkpoints"], page["train_one_epoch"]
    params = {"lr": 0.01, "width": 16}
    study = tpe_reference.create_study(direction="maximize", pruner=tpe_reference.NopPruner())
    for attrs in ({}, {}, {"retry_of": 1}):  # whole, lost, gone on with
        study.enqueue_trial(params, user_attrs=attrs)
    study.optimize(objective, n_trials=1)

    def train_until_the_power_fails(model: Any, optimizer: Any) -> None:
        if len(study.trials[1].intermediate_values) == 6:
            raise ConnectionError("the power is gone")
        train_one_epoch(model, optimizer)

    monkeypatch.setitem(page, "train_one_epoch", train_until_the_power_fails)
    with pytest.raises(ConnectionError):
        study.optimize(objective, n_trials=1)
    assert Path("checkpoint-1.pt").exists()
    epochs: list[object] = []

    def train_and_count(model: Any, optimizer: Any) -> None:
        epochs.append(model)
        train_one_epoch(model, optimizer)

    monkeypatch.setitem(page, "train_one_epoch", train_and_count)
    study.optimize(objective, n_trials=1)
    whole, _, resumed = study.trials
    assert len(epochs) == page["EPOCHS"] - 6
    assert resumed.intermediate_values == whole.intermediate_values
    assert not list(Path().glob("checkpoint-*"))


def test_the_page_names_every_callback_and_the_versions_that_ci_tests() -> None:
    root = Path(__file__).parents[2]
    script = (root / ".ci" / "run").read_text(encoding="utf-8")
    for package, version in re.findall(r"(torch|lightning|xgboost|lightgbm|tensorflow)(?:-cpu)?==([\d.]+)", script):
        assert re.search(rf"{package}.*{re.escape(version)}", PAGE, flags=re.IGNORECASE), package
    for name in tpe_reference.callbacks.__all__:
        assert f"`{name}(" in PAGE
