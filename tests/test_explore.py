"""The explorable figures: their frames are what the samplers say, and the script on the page shows them."""

import importlib.util
import json
import math
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tpe_reference import CmaEsSampler, FrozenTrial, PercentilePruner, RandomSampler, TPESampler, create_study

pytest.importorskip("matplotlib")

CHAPTERS = Path(__file__).parent.parent / "chapters"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), CHAPTERS / f"{path}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


figures = load("explore/figures")
sys.modules["curves"] = load("pruning/curves")  # which the next imports, as it lies beside it
explorable = load("pruning/explorable")
NAMES = [*figures.LOSSES, "pruning"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("explore")
    figures.make(out)
    explorable.make(out)
    return out


def content(made: Path, key: str) -> Any:
    text = (made / f"{key}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r'\(window\.explore \?\?= \{\}\)\["(.+?)"\]=(.*);\n', text)
    assert found is not None
    assert found[1] == key
    return json.loads(found[2])


def frames_of(made: Path, key: str) -> Any:
    return content(made, key)["frames"]


def test_there_is_a_small_file_for_every_choice_and_a_picture_for_every_figure(made: Path) -> None:
    assert max(path.stat().st_size for path in made.glob("*.js")) < 300_000
    keys = {path.stem for path in made.glob("*.js")}
    for name in NAMES:
        assert (made / f"{name}.svg").exists()
        fixed = content(made, name)
        for values in product(*(control["values"] for control in fixed["controls"] if control["run"])):
            key = "-".join([name, *values])
            n_frames = math.prod(len(slider["values"]) for slider in fixed["sliders"])
            assert len(frames_of(made, key)) == n_frames
            keys.remove(key)
    assert keys == set(NAMES), "and no other files"


@pytest.mark.parametrize("gamma", figures.GAMMAS)
@pytest.mark.parametrize("bandwidth", figures.BANDWIDTHS)
@pytest.mark.parametrize("name", ["tpe-1d", "tpe-2d"])
def test_densities_integrate_to_one(made: Path, name: str, gamma: str, bandwidth: str) -> None:
    for frame in frames_of(made, f"{name}-{gamma}-{bandwidth}-1")[10:]:
        for density in (np.array(frame["l"]), np.array(frame["g"])):
            area = np.trapezoid(density, figures.LINE) if name == "tpe-1d" else np.exp(density / 20).mean()
            assert area == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("gamma", figures.GAMMAS)
@pytest.mark.parametrize("bandwidth", figures.BANDWIDTHS)
@pytest.mark.parametrize("name", ["tpe-1d", "tpe-2d"])
def test_choices_are_those_of_the_sampler(made: Path, name: str, gamma: str, bandwidth: str) -> None:
    sampler, history = TPESampler(rules=figures.rules(gamma, bandwidth)), list[FrozenTrial]()
    for number, frame in enumerate(frames_of(made, f"{name}-{gamma}-{bandwidth}-0")):
        params = sampler.suggest(figures.space(name), history, figures.generator(0, number))
        assert frame["choice"] == pytest.approx(list(params.values()), rel=1e-3)
        if "scores" in frame:
            assert frame["candidates"][frame["chosen"]] == pytest.approx(frame["choice"], abs=1e-4)
            assert frame["scores"][frame["chosen"]] == max(frame["scores"])
        history.append(FrozenTrial(params, loss=figures.LOSSES[name](**params)))


@pytest.mark.parametrize("parabola", ["no", "yes"])
@pytest.mark.parametrize("name", ["cma-ellipsoid", "cma-rosenbrock"])
def test_generations_are_those_of_the_sampler(made: Path, name: str, parabola: str) -> None:
    sampler, history = CmaEsSampler(parabola=parabola == "yes"), list[FrozenTrial]()
    for frame in frames_of(made, f"{name}-{parabola}-1"):
        for _ in range(6):
            params = sampler.suggest(figures.space(name), history, figures.generator(1, len(history)))
            history.append(FrozenTrial(params, loss=figures.LOSSES[name](**params)))
        ranked = sorted(history[-6:], key=FrozenTrial.merit)
        assert frame["samples"] == [pytest.approx(list(trial.params.values()), rel=1e-4) for trial in ranked]
        far = np.linalg.norm(np.subtract(frame["ellipse"], frame["mean"]), axis=1)
        assert math.isclose(far.max(), frame["axes"][0], rel_tol=0.05, abs_tol=1e-4)


@pytest.mark.parametrize("family", explorable.FAMILIES)
@pytest.mark.parametrize("percentile", [25.0, 50.0, 75.0])
def test_what_is_pruned_is_what_a_study_prunes(made: Path, family: str, percentile: float) -> None:
    """The percentile 50 is the median: the same decisions come from the other class."""
    found = content(made, f"pruning-{family}-{percentile:.0f}")
    curves = explorable.curves_of(family)
    for start_up, warm_up in ((5, 0), (1, 20), (30, 7)):
        study = create_study(sampler=RandomSampler(), pruner=PercentilePruner(percentile, start_up, warm_up), seed=0)
        for curve in curves.tolist():
            trial = study.ask()
            for step, loss in enumerate(curve, start=1):
                trial.report(loss, step)
                if step < len(curve) and trial.should_prune():
                    study.tell(trial, state="pruned")
                    break
            else:
                study.tell(trial, curve[-1])
        place = explorable.START_UP.index(start_up) * len(explorable.WARM_UP) + explorable.WARM_UP.index(warm_up)
        lengths, saved, regret = found["frames"][place]
        ran = [len(trial.intermediate_values) for trial in study.trials]
        assert [int(digit, 36) for digit in lengths] == ran
        assert saved == pytest.approx(100 * (1 - sum(ran) / curves.size), abs=0.5)
        assert regret == pytest.approx(study.best_value - curves[found["best"], -1], rel=0.01, abs=1e-9)


PAGE = """<!doctype html><html><body>
<div class="explore" data-figure="{name}" style="width:380px"><img src="{name}.svg" alt=""></div>
<script src="explore.js"></script>
<script>
const errors = [];
window.onerror = (message) => errors.push(message);
const timer = setInterval(() => {{
  const box = document.querySelector(".explore");
  if (!box.dataset.ready) return;
  clearInterval(timer);
  const ranges = [...box.querySelectorAll("input")];
  const picture = () => box.querySelector("svg").innerHTML.replace(/explore-clip-\\d+/g, ""); // they count up
  const seen = [picture()];
  const move = (range, value) => {{
    range.value = value;
    range.dispatchEvent(new Event("input", {{ bubbles: true }}));
    seen.push(picture());
  }};
  for (const range of ranges.reverse())
    for (const part of [0.25, 0.5, 1]) move(range, Math.floor(part * range.max));
  box.querySelector("button").click(); // one back
  seen.push(picture());
  box.querySelectorAll("button")[1].click(); // and on
  seen.push(picture());
  const label = box.querySelector("svg").getAttribute("aria-label");
  const [n, different, bad] = [seen.length - 1, new Set(seen).size, /NaN|undefined/.test(seen)];
  document.title = JSON.stringify({{ different, back: seen[n] === seen[n - 2], bad, label, errors }});
}}, 20);
</script></body></html>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("name", NAMES)
def test_slider_changes_the_picture_in_a_browser(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copy(CHAPTERS / "assets/explore.js", made)
    page = made / f"page-{name}.html"
    page.write_text(PAGE.format(name=name), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=9000",
    ]
    command = [str(CHROMIUM), *options, "--dump-dom", page.as_uri()]
    html = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    title = re.search("<title>(.*?)</title>", html)
    assert title is not None, html
    said = json.loads(title[1])
    assert said["different"] >= 5
    assert said["back"], "the last step on undoes the step back before it"
    assert not said["bad"]
    assert said["errors"] == []
    assert said["label"].startswith(("Trial 49.", "Generation 39.", "Saved: 6 % of 1200 steps."))
