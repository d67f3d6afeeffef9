"""The explorable figures: their frames are what the samplers say, and the script on the page shows them."""

import importlib.util
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tpe_reference import CmaEsSampler, FrozenTrial, TPESampler

pytest.importorskip("matplotlib")

CHAPTERS = Path(__file__).parent.parent / "chapters"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow


def load_figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("explore_figures", CHAPTERS / "explore/figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


figures = load_figures()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("explore")
    figures.make(out)
    return out


def frames_of(made: Path, key: str) -> Any:
    text = (made / f"{key}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r'\(window\.explore \?\?= \{\}\)\["(.+?)"\]=(.*);\n', text)
    assert found is not None
    assert found[1] == key
    return json.loads(found[2])


def test_there_is_a_small_file_for_every_choice_and_a_picture_for_every_figure(made: Path) -> None:
    assert max(path.stat().st_size for path in made.glob("*.js")) < 300_000
    assert len(list(made.glob("*.js"))) == 1 + 2 * 3 * 3 * 2 + 2 * 2 * 2
    for name in frames_of(made, "index"):
        assert (made / f"{name}.svg").exists()


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
  const range = box.querySelector("input"), picture = () => box.querySelector("svg").innerHTML;
  const seen = [picture()];
  for (const value of [3, 12, 20]) {{
    range.value = value;
    range.dispatchEvent(new Event("input", {{ bubbles: true }}));
    seen.push(picture());
  }}
  const label = box.querySelector("svg").getAttribute("aria-label");
  document.title = JSON.stringify({{ different: new Set(seen).size, bad: /NaN|undefined/.test(seen), label, errors }});
}}, 20);
</script></body></html>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("name", ["tpe-1d", "tpe-2d", "cma-ellipsoid", "cma-rosenbrock"])
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
    assert said["different"] == 4
    assert not said["bad"]
    assert said["errors"] == []
    assert said["label"].startswith(("Trial 20.", "Generation 20."))
