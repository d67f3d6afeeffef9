"""A study as one page of HTML that needs nothing else: the best trial, pictures, trials, and the code to go on.

The pictures are those of `visualization`, as SVG inside the page: they take the colours of the page, light or dark,
and their text stays text. The same study gives the same page, to the byte (with the same matplotlib): no time of day
and no random number is in it.

Start reading at `to_html`.

>>> import tpe_reference
>>> study = tpe_reference.create_study(seed=0, study_name="<mine>")
>>> study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
>>> try:
...     page = to_html(study, "sqlite:///study.db")
... except ImportError:  # matplotlib is optional
...     page = "&lt;mine&gt;"
>>> "<mine>" in page, "&lt;mine&gt;" in page
(False, True)
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import visualization
from .disk import write_whole
from .html_page import document, table
from .samplers import CmaEsSampler, TPESampler
from .study_look import OWN, described, importances, is_url, masked, summary
from .text import LONGEST, as_html, clean, shorten
from .visualization.canvas import BLUE

if TYPE_CHECKING:
    from .study import Study
    from .trial import TrialRecord

SHOWN = 10  # best trials, last trials, kinds of failures: what one reads; `export` has them all
MOST_PARAMS = 12  # that get a picture each, the most important ones
MOST_COLUMNS = 30  # of parameters in a table
MANY = 300  # points: with more, what is drawn is kept as an image inside the SVG, which would be of megabytes

# Colours of the page, as they are called while matplotlib draws; in the page they follow its own. Text and neutral
# marks are of a grey that is legible on white and on black, for in an image it stays what it is.
INK, PAPER = "#7b8088", "#fdfcfb"
COLOURS = {INK: "currentColor", PAPER: "var(--paper)", BLUE.lower(): "var(--blue)"}
DPI = 120  # of such images: a little more than a screen shows
LOOK = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
    "grid.color": INK,
    "axes.facecolor": PAPER,
    "font.sans-serif": ["DejaVu Sans", "Verdana"],  # matplotlib measures with the first; the second is as wide
    "svg.fonttype": "none",  # text stays text: for readers, searches, and scripts that no font of matplotlib has
}

STYLE = """<style>
:root { --blue: #0072b2; } @media screen and (prefers-color-scheme: dark) { :root { --blue: #4aa0d8; } }
h1, .dim, figcaption { overflow-wrap: anywhere; }
.pictures { display: grid; gap: 1.5rem 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }
figure { margin: 0; } figure.wide { grid-column: 1 / -1; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; } figure.wide svg { min-width: 38rem; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
td:first-child { min-width: 0; } /* it holds a number */
.facts td, .facts th { white-space: normal; vertical-align: top; }
.facts th { overflow-wrap: anywhere; min-width: 5rem; font-weight: 400; } .facts td { overflow-wrap: break-word; }
pre { padding: .8rem 1rem; background: var(--mark); border-radius: 6px; }
@media print {
  .pictures { grid-template-columns: 1fr 1fr; } .small { grid-template-columns: 1fr 1fr 1fr; }
  h2, h3 { break-after: avoid; margin-top: 1.5rem; } tr { break-inside: avoid; }
  figure { break-inside: avoid; } figure.wide svg { min-width: 0; } .scroll { overflow: visible; }
  td, th { white-space: normal; font-size: .75rem; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
</style>"""


def write_report(study: Study, address: str, path: Path, *, overwrite: bool = False) -> None:
    """Write the page of a study into a file. A file that is no earlier report of this study stays as it is.

    Args:
        study: The study.
        address: The URL or the file that it lives in.
        path: Where to.
        overwrite: Whether a file there may be lost whatever it is.

    Raises:
        ValueError: When there is such a file.
        OSError: When the page cannot be written.
        ImportError: Without matplotlib.
    """
    if path.is_file() and not overwrite:
        with path.open("rb") as file:
            is_ours = _mark(study).encode() in file.read(20_000)  # it stands in the head
        if not is_ours:
            raise ValueError(
                f"{path} is there already, and is no report of this study; name another file, or replace it with "
                "overwrite=True"
            )
    write_whole(path, to_html(study, address))


def to_html(study: Study, address: str) -> str:
    """Return the page of a study, which lives in the storage or the file of this address."""
    name = "A study" if study.study_name is None else study.study_name
    parts = [f"<h1>{as_html(name)}</h1>", _facts(study, address), _best(study), _pictures(study), _trials(study)]
    body = "\n".join([*parts, _to_go_on(study, address)])
    return document(shorten(clean(name), LONGEST), body, head=f"{_mark(study)}{STYLE}")


def _mark(study: Study) -> str:
    """Return what says that a page is a report of this study, and may be replaced by another one."""
    return f'<meta name="generator" content="tpe-reference study report {as_html(study._id, None)}">'


# ---- text ------------------------------------------------------------------------------------------------------------


def _facts(study: Study, address: str) -> str:
    one = summary(study)
    counts = ", ".join(f"{n} {state}" for state, n in one["states"].items() if n)
    starts = [record.datetime_start for record in study.trials]
    rows = [
        ["trials", f"{one['n_trials']}{': ' * bool(counts)}{counts}"],
        ["direction", str(study.direction)],
        ["sampler", as_html(described("sampler", study.sampler), 300)],
        ["pruner", as_html(described("pruner", study.pruner), 300)],
        ["seed", str(study.seed)],
        ["in", as_html(masked(address), 300)],
    ]
    if starts:
        rows.append(["from, to", f"{starts[0]:%Y-%m-%d %H:%M:%S}, {one['datetime_last'].replace('T', ' ')}"])
    rows += [[as_html(key), as_html(repr(value))] for key, value in study.user_attrs.items()]
    return _pairs(rows)


def _best(study: Study) -> str:
    if not study.best_trials:
        return "<h2>Best trial</h2><p>No trial is complete with a finite value yet.</p>"
    best = study.best_trial
    took = f", which took {_seconds(best)}" * (best.duration is not None)
    ties = len(study.best_trials) - 1
    also = f", and of {ties} other{'s' * (ties > 1)}" * bool(ties)
    rows = [[as_html(key), as_html(repr(value))] for key, value in best.params.items()]
    notes = [[as_html(key), as_html(repr(value))] for key, value in best.user_attrs.items()]
    noted = f'<p class="dim">Noted about it:</p>{_pairs(notes)}' if notes else ""
    said = f"<b>{best.value!r}</b>, the value of trial {best.number}{took}{also}."
    return f"<h2>Best trial</h2><p>{said}</p>{_pairs(rows)}{noted}"


def _pairs(rows: Sequence[Sequence[str]]) -> str:
    body = "".join(f'<tr><th scope="row">{key}</th><td>{value}</td></tr>' for key, value in rows)
    return f'<table class="facts"><tbody>{body}</tbody></table>' if rows else ""


def _trials(study: Study) -> str:
    """Return tables of the best and of the last trials, and why trials failed."""
    records = study.trials
    if not records:
        return ""
    sign = 1.0 if study.direction == "minimize" else -1.0
    finite = [r for r in records if r.state == "complete" and r.value is not None and math.isfinite(r.value)]
    first = sorted(finite, key=lambda record: sign * record.value)[:SHOWN]  # type: ignore[operator]  # not None
    names = list(dict.fromkeys(name for record in records for name in record.params))
    left_out = f" {len(names) - MOST_COLUMNS} parameters are left out." * (len(names) > MOST_COLUMNS)
    names = names[:MOST_COLUMNS]
    best = study.best_trial.number if study.best_trials else None
    parts = ["<h2>Trials</h2>"]
    if len(records) <= 2 * SHOWN:
        parts.append(_table(records, names, best))
    else:
        if first:
            parts += [f"<h3>The best {len(first)}</h3>", _table(first, names, best)]
        parts += [f"<h3>The last {SHOWN}</h3>", _table(records[-SHOWN:], names, best)]
        parts.append(f'<p class="dim">All {len(records)}: <code>tpe-reference study export</code>.{left_out}</p>')
    return "\n".join([*parts, _failures(records)])


def _table(records: Sequence[TrialRecord], names: Sequence[str], best: int | None) -> str:
    rows = [["trial", "value", *(as_html(name, 30) for name in names), "state", "took", "began"]]
    for record in records:
        value = "" if record.value is None else f"{record.value:.6g}"
        params = (_value(record.params[name]) if name in record.params else "" for name in names)
        began = f"{record.datetime_start:%Y-%m-%d %H:%M:%S}"
        rows.append([str(record.number), value, *params, str(record.state), _seconds(record), began])
    return table(rows, [i + 1 for i, record in enumerate(records) if record.number == best])


def _value(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else as_html(value, 30)


def _seconds(record: TrialRecord) -> str:
    return "" if record.duration is None else f"{record.duration.total_seconds():.3g} s"


def _failures(records: Sequence[TrialRecord]) -> str:
    errors = Counter(record.error or "no reason was given" for record in records if record.state == "failed")
    if not errors:
        return ""
    rows = [["trials", "why they failed"], *([str(n), as_html(text, 200)] for text, n in errors.most_common(SHOWN))]
    more = f'<p class="dim">And {len(errors) - SHOWN} other reasons.</p>' * (len(errors) > SHOWN)
    return f"<h3>Failures</h3>{table(rows)}{more}"


def _to_go_on(study: Study, address: str) -> str:
    own = [
        f", {role}=..."
        for role, thing in (("sampler", study.sampler), ("pruner", study.pruner))
        if described(role, thing).endswith(OWN)
    ]
    shown = masked(address)
    place = f"study_name={study.study_name!r}, storage={shown!r}" if is_url(address) else f"{address!r}"
    lines = [
        "import tpe_reference",
        "",
        f"study = tpe_reference.load_study({place}{''.join(own)})",
        "study.optimize(objective, n_trials=100)  # with the objective that it had",
    ]
    lines[2] += "  # *** stands for the password" * (shown != address)
    if study.best_trials:
        lines += ["", f"best = {study.best_params!r}"]
    code = "\n".join(as_html(line, None) for line in lines)
    return f"<h2>To go on from here</h2><pre><code>{code}</code></pre>"


# ---- pictures --------------------------------------------------------------------------------------------------------


class Picture(NamedTuple):
    """What there is to draw.

    Attributes:
        draw: The function of `visualization`, but for its ``ax``.
        title: What it shows.
        size: Width and height in inches. 5.2 are half of the page, and all of a phone; more than 6 the whole page.
        panels: Rows and columns.
    """

    draw: Callable[..., Any]
    title: str = ""
    size: tuple[float, float] = (5.2, 3.6)
    panels: tuple[int, int] = (1, 1)


def _pictures(study: Study) -> str:
    """Return the pictures that have something to show."""
    if not study.trials:
        return ""
    try:
        import matplotlib.style
    except ImportError as error:
        raise ImportError(f'a report needs matplotlib: pip install "tpe-reference[plot]" ({error})') from error

    shares = importances(study)
    names = list(shares or dict.fromkeys(name for record in study.trials for name in record.distributions))
    slices = [Picture(partial(visualization.plot_slice, study, [name]), size=(3.6, 3.0)) for name in names]
    with matplotlib.style.context(["default", LOOK]), warnings.catch_warnings():
        # Letters that matplotlib's font lacks are left to the reader's; that no parameter stands out is to be seen.
        warnings.filterwarnings("ignore", "Glyph|get_param_importances")
        whole = "".join(_figure(i, picture) for i, picture in enumerate(_of_the_whole(study, names, bool(shares))))
        small = "".join(_figure(100 + i, picture) for i, picture in enumerate(slices[:MOST_PARAMS]))
    parts = [f'<h2>Pictures</h2><div class="pictures">{whole}</div>']
    if small:
        parts.append(f'<h2>Each parameter</h2><div class="pictures small">{small}</div>')
    if len(names) > MOST_PARAMS:
        parts.append(f'<p class="dim">{len(names) - MOST_PARAMS} less important parameters are left out.</p>')
    return "\n".join(parts)


def _of_the_whole(study: Study, names: Sequence[str], can_be_judged: bool) -> Iterator[Picture]:
    """Yield the pictures of all parameters together; their names are given, the most important first."""
    records = study.trials
    yield Picture(partial(visualization.plot_optimization_history, study), "Values of the trials")
    if can_be_judged:
        yield Picture(partial(visualization.plot_param_importances, study), "Importances")
    if any(record.intermediate_values for record in records):
        yield Picture(partial(visualization.plot_intermediate_values, study), "Intermediate values")
    yield Picture(partial(visualization.plot_timeline, study), "When each trial ran")
    if isinstance(study.sampler, TPESampler) and len(records) > study.sampler.n_startup_trials:
        for name in names[:2]:
            draw = partial(visualization.plot_densities, study, name)
            yield Picture(draw, f"How TPE would choose {name} next", (5.2, 4.6), (2, 1))
    complete = [record for record in records if record.state == "complete"]
    common = [name for name in names if all(name in record.distributions for record in complete)]
    if len(common) > 1 and complete:
        draw = partial(visualization.plot_parallel_coordinate, study, common[:MOST_PARAMS])
        yield Picture(draw, "Complete trials across the parameters", (9.6, 4.2))
    if isinstance(study.sampler, CmaEsSampler) and names:
        yield Picture(partial(visualization.plot_cma, study), "The course of CMA-ES", (9.6, 7.2), (2, 2))


def _figure(number: int, picture: Picture) -> str:
    """Return a picture with its title, in HTML."""
    wide = " class=wide" * (picture.size[0] > 6)
    caption = f"<figcaption>{as_html(picture.title)}</figcaption>" * bool(picture.title)
    return f"<figure{wide}>{caption}{_svg(number, picture)}</figure>"


def _svg(number: int, picture: Picture) -> str:
    """Return a picture as SVG that may stand inside a page beside others, each with a number of its own."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=picture.size, dpi=DPI, facecolor="none", layout="constrained")
    picture.draw(ax=figure.subplots(*picture.panels))
    for ax in figure.axes:
        _rasterize(ax)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": ""}):  # else the names inside are random
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None})  # savefig would draw everything twice
    text = buffer.getvalue()
    _, view, rest = re.split(r'(viewBox="[^"]*")[^>]*>', text, maxsplit=1)
    rest = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", rest, flags=re.DOTALL)
    rest = re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>p{number}-", rest)
    for drawn, shown in COLOURS.items():
        rest = rest.replace(drawn, shown)
    label = as_html(picture.title or "Values against one parameter")
    return f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {view} role="img" aria-label="{label}">{rest}'


def _rasterize(ax: Any) -> None:
    """Have what is drawn kept as an image where there is much of it; axes and texts stay what they are."""
    n = sum(max(len(artist.get_offsets()), len(artist.get_paths())) for artist in ax.collections)
    n += sum(len(line.get_xdata()) for line in ax.lines) + len(ax.patches)
    if n > MANY:
        for artist in [*ax.collections, *ax.lines, *ax.patches]:
            artist.set_rasterized(True)
            artist.set_in_layout(False)  # it lies inside the axes, so nothing has to make room for it
