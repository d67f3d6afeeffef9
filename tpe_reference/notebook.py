"""How a study shows itself in a notebook: the best trial, what came of the others, a small picture of the search.

One fragment of HTML with inline SVG, without a library and without colours of its own: all is drawn in the colour of
the text around it, so it is legible on light and on dark. Names and values are escaped, for they may be anybody's.

Start reading at `to_html`; notebooks call ``study._repr_html_()``.

>>> import tpe_reference
>>> study = tpe_reference.create_study(seed=0)
>>> study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=20)
>>> fragment = to_html(study)
>>> "20 trials" in fragment, "<svg" in fragment
(True, True)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from .study import Study
from .text import as_html

WIDTH, HEIGHT = 360, 150  # of the picture, in pixels: half of a notebook's column
LEFT, RIGHT, TOP, BOTTOM = 88, 10, 8, 20  # room for the numbers at the axes
FITS = 11  # letters of a number at an axis, of 7 pixels in a wide font
MOST = 300  # dots, and steps of the line: one for each pixel; more would show nothing more

Point = tuple[int, float]  # a trial's number, and a value


def to_html(study: Study) -> str:
    """Return a study as a fragment of HTML."""
    records = study.trials
    complete = ((r.number, r.value) for r in records if r.state == "complete" and r.value is not None)
    points = [(number, value) for number, value in complete if math.isfinite(value)]
    states = ", ".join(f"{n} {state}" for state, n in Counter(str(record.state) for record in records).items())
    n_trials = f"{len(records)} trial" + "s" * (len(records) != 1)
    settings = f"{study.direction}, {type(study.sampler).__name__}, seed {study.seed}"
    lines = [
        f"<b>{as_html(study.study_name or 'Study')}</b>: {n_trials}" + f" ({states})" * bool(records),
        f'<span style="opacity:.75">{as_html(settings)}</span>',
    ]
    if not points:
        return _block(*lines, "no trial is complete with a finite value yet")
    best = study.best_trial
    lines.append(f"best value <b>{_shown(best.value)}</b> (trial {best.number})")
    picture = _picture(points, len(records), maximize=study.direction == "maximize")
    style = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:4px 24px"  # side by side where there is room
    return _block(*lines, f'<div style="{style}">{picture}{_table(best.params)}</div>')


def _block(*lines: str) -> str:
    divisions = "".join(f"<div>{line}</div>" for line in lines)
    return f'<div style="line-height:1.5;overflow-wrap:anywhere">{divisions}</div>'


def _table(params: dict[str, Any]) -> str:
    style = "text-align:left;vertical-align:top;padding:1px 16px 1px 0"
    wrap, whole = "overflow-wrap:anywhere", "white-space:nowrap"  # a number is not broken into two
    rows = (
        f'<tr style="background:none"><td style="{style};{wrap}">{as_html(name)}</td>'
        f'<td style="{style};{whole if isinstance(value, (int, float)) else wrap}"><b>{_shown(value)}</b></td></tr>'
        for name, value in params.items()
    )
    return f'<table style="font:inherit;border-collapse:collapse;margin:6px 0">{"".join(rows)}</table>'


def _picture(points: Sequence[Point], n_trials: int, *, maximize: bool) -> str:
    """Return the values of complete trials as dots and the best so far as a line, in SVG.

    A first trial may be a million times worse than all later ones. So the picture reaches from the best value to one
    that nine of ten trials are not worse than, and what is worse lies on its edge.
    """
    ordered = sorted((value for _, value in points), reverse=maximize)
    best, worst = ordered[0], ordered[math.ceil(0.9 * len(ordered)) - 1]
    low, high = min(best, worst), max(best, worst)
    place = _placing(max(n_trials - 1, 1), low, high)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="2"/>' for x, y in (place(*point) for point in _thinned(points)))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    return f"""<svg viewBox="0 0 {WIDTH} {HEIGHT}" style="width:100%;max-width:{WIDTH}px" role="img" \
font-size="11" fill="currentColor" stroke="none"><title>Values of the trials, and the best so far</title>\
<path d="M{LEFT - 4},{TOP}V{bottom + 4}H{right}" fill="none" stroke="currentColor" stroke-opacity=".4"/>\
<g fill-opacity=".4">{dots}</g><path d="{_line(points, place, right, maximize)}" fill="none" stroke="currentColor" \
stroke-width="1.5"/>{_numbers(low, high, ordered[-1])}<text x="{LEFT}" y="{HEIGHT - 4}">trial 0</text>\
<text x="{right}" y="{HEIGHT - 4}" text-anchor="end">{n_trials - 1}</text></svg>"""


def _numbers(low: float, high: float, worst: float) -> str:
    """Return what stands at the upright axis: what it reaches from and to, and whether it is cut off there."""
    if low == high:
        labels = [(f"{low:.4g}", HEIGHT // 2)]
    else:
        digits = 4 if f"{low:.4g}" != f"{high:.4g}" else 9
        above, below = "≥ " * (worst > high), "≤ " * (worst < low)
        labels = [(f"{above}{high:.{digits}g}", TOP + 8), (f"{below}{low:.{digits}g}", HEIGHT - BOTTOM)]
    narrow = f'textLength="{LEFT - 10}" lengthAdjust="spacingAndGlyphs"'  # else its beginning would be cut off
    return "".join(
        f'<text x="{LEFT - 8}" y="{y}" text-anchor="end" {narrow if len(text) > FITS else ""}>{text}</text>'
        for text, y in labels
    )


def _placing(last: int, low: float, high: float) -> Callable[[int, float], tuple[float, float]]:
    """Return the function from a trial's number and value to the place in the picture, in pixels."""
    height = high / 2 - low / 2  # halves: the difference of two floats may be beyond all floats

    def place(number: int, value: float) -> tuple[float, float]:
        share = (high / 2 - value / 2) / height if height > 0 else 0.5
        x = LEFT + (WIDTH - LEFT - RIGHT) * number / last
        return round(x, 1), round(TOP + (HEIGHT - TOP - BOTTOM) * min(max(share, 0.0), 1.0), 1)

    return place


def _line(points: Sequence[Point], place: Callable[[int, float], tuple[float, float]], right: int, top: bool) -> str:
    """Return the path of the best value so far: a step for every trial that was better."""
    steps: list[Point] = []
    for number, value in points:
        if not steps or (value > steps[-1][1] if top else value < steps[-1][1]):
            steps.append((number, value))
    (x, y), *others = (place(*step) for step in _thinned(steps))
    return f"M{x},{y}" + "".join(f"H{x}V{y}" for x, y in others) + f"H{right}"


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return the points, or of too many some that are evenly spaced, the last among them."""
    n = len(points)
    return points if n <= MOST else [points[(k + 1) * n // MOST - 1] for k in range(MOST)]


def _shown(value: Any) -> str:
    return as_html(f"{value:.6g}" if isinstance(value, float) else repr(value))
