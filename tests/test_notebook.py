"""What a notebook shows of a study: small, well-formed, escaped, and right."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from plain_values import any_text

from tpe_reference import Categorical, Float, GridSampler, Study, TrialRecord, TrialState, create_study


def shown(study: Study) -> ElementTree.Element:
    """What is shown, which has to be well-formed and what can be sent: text of Unicode."""
    text = study._repr_html_()
    text.encode("utf-8")
    return ElementTree.fromstring(text)


def words(study: Study) -> str:
    return " ".join(text.strip() for text in shown(study).itertext())


def study_of(values: list[float], direction: str = "minimize") -> Study:
    study = create_study(direction=direction, seed=3, study_name="mine")
    study.add_trials(TrialRecord(0, TrialState.COMPLETE, value, {"x": 0.5}, {"x": Float(0, 1)}) for value in values)
    return study


def numbers(pattern: str, text: str) -> list[float]:
    return [float(number) for number in re.findall(pattern, text)]


def line_heights(study: Study) -> list[float]:
    """Heights of the steps of the line, from the bottom up."""
    path = max(re.findall(r' d="([^"]*)"', study._repr_html_()), key=len)
    return [150 - y for y in numbers(r"(?:V|M[\d.]+,)([\d.]+)", path)]


def test_it_tells_the_best_trial_and_what_came_of_the_others() -> None:
    study = study_of([3.0, 1.0, 2.0], "maximize")
    study.tell(study.ask({"x": Float(0, 1)}), state="failed")
    study.ask({"x": Float(0, 1)})
    said = words(study)
    for text in ("mine", "5 trials", "(3 complete, 1 failed, 1 running)", "maximize, TPESampler, seed 3", "0.5"):
        assert text in said, said
    assert "best value 3 (trial 0)" in said


def test_the_line_is_the_best_so_far() -> None:
    study = study_of([4.0, 2.0, 3.0, 2.0, 1.0])
    low, high = line_heights(study)[-1], line_heights(study)[0]
    assert low < high
    assert line_heights(study) == pytest.approx([high, low + (high - low) / 3, low], abs=0.2)
    rising = line_heights(study_of([1.0, 2.0, 0.0, 3.0], "maximize"))
    assert rising == sorted(rising)
    assert len(rising) == 3


def test_a_terrible_first_trial_does_not_flatten_the_rest() -> None:
    study = study_of([1e9, *(float(10 - k) for k in range(10))])
    heights = line_heights(study)
    assert max(heights) - heights[3] > 10
    assert "≥ 10" in words(study)
    assert "≤ 1" in words(study_of([-1e9, *range(1, 11)], "maximize"))


@pytest.mark.parametrize(
    "values",
    [[], [math.inf], [math.inf, -math.inf, 1.0], [0.5], [0.5, 0.5], [1e308, -1e308, 0.0], [5e-324, 0.0], [-0.0]],
    ids=repr,
)
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_few_and_extreme_values_are_shown(values: list[float], direction: str) -> None:
    study = study_of(values, direction)
    assert f"{len(values)} trial{'s' * (len(values) != 1)} " in words(study) + " "
    assert "nan" not in study._repr_html_()
    assert (
        "no trial is complete" in words(study) if not any(map(math.isfinite, values)) else "best value" in words(study)
    )


@pytest.mark.parametrize(
    "values", [[-12345.678901, -12345.678902, -12345.67], [-1e299, -2e297, -1e290], [0.5, 0.25, 1]]
)
def test_the_numbers_at_the_axis_fit_beside_it(values: list[float]) -> None:
    labels = re.findall(r'<text x="80" [^>]*text-anchor="end" ([^>]*)>([^<]*)</text>', study_of(values)._repr_html_())
    assert len(labels) == 2
    for look, number in labels:
        assert ("textLength" in look) == (7 * len(number) > 80), "a digit of a wide font is 7 pixels wide"


def test_a_study_of_only_failures_is_shown() -> None:
    study = create_study(seed=0)
    study.tell(study.ask({"x": Float(0, 1)}), state="failed")
    assert "(1 failed)" in words(study)
    assert "no trial is complete" in words(study)


def test_thousands_of_trials_stay_small() -> None:
    study = study_of([float(5000 - k) for k in range(5000)])  # each the best so far
    assert len(study._repr_html_()) < 40_000
    heights = line_heights(study)
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 30  # it reaches the last, near the foot


@settings(max_examples=50)
@given(any_text, any_text)
def test_whatever_a_name_is_it_is_text(name: str, choice: str) -> None:
    study = create_study(study_name=name, seed=0)
    study.tell(study.ask({name: Categorical([choice])}), 1.0)
    text = study._repr_html_()
    text.encode("utf-8")
    # What XML has no way to write; browsers show a box.
    ElementTree.fromstring(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text))


def test_names_that_would_be_code_are_not() -> None:
    code = "<script>alert('x')</script>\" onload=\"alert(1)"
    study = create_study(study_name=code, seed=0, sampler=GridSampler({code: [code]}))
    study.tell(study.ask(), 1.0)
    element = shown(study)
    tags = {e.tag for e in element.iter()}
    assert tags == {"div", "b", "span", "svg", "title", "path", "g", "circle", "text", "table", "tr", "td"}
    assert not any(key.startswith("on") for e in element.iter() for key in e.attrib)
    assert code in words(study)


def test_long_names_and_values_are_cut() -> None:
    study = create_study(study_name="n" * 5000, seed=0)
    study.tell(study.ask({"p" * 5000: Categorical(["v" * 5000])}), 1.0)
    assert len(study._repr_html_()) < 5000
    assert "v…" in words(study)
