"""What all pictures share: the Axes they draw on, colours, texts that fit, and the axes of values and of parameters.

Nothing here changes anything global: no style, no rcParams, no figure but those made for a picture. Colours are Okabe
and Ito's, which the colour-blind can tell apart, those of them that show on white and on black; every one goes with
dashes or a marker of its own. Neutral things take the colour of the Axes' own labels, so dark styles stay legible.

Start reading at `panels` and `ParamAxis`.

>>> choice_labels([1, "1", None])
['1', "'1'", 'None']
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..space import Categorical, Domain, Float, Int, TrialState
from ..text import clean, shorten

if TYPE_CHECKING:
    from matplotlib.colors import Normalize

    from ..study import Study
    from ..trial import TrialRecord

Floats: TypeAlias = NDArray[np.float64]
Axes: TypeAlias = Any  # matplotlib's, which may not be installed; and its hints refuse arguments that a dict holds
Target: TypeAlias = "Callable[[TrialRecord], float] | None"

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
STYLES: list[tuple[str, Any, str]] = [  # colour, dashes, marker: for several studies in one picture
    (BLUE, "solid", "o"),
    (VERMILLION, (0, (5, 1.5)), "s"),
    (GREEN, (0, (6, 1.5, 1, 1.5)), "^"),
    (PURPLE, (0, (2, 1)), "D"),
    (ORANGE, (0, (8, 2)), "v"),
    (SKY, (0, (4, 1, 1, 1, 1, 1)), "P"),
]
LARGEST = 1e300  # a larger value counts as infinite: the distance between two of them is beyond all floats
LOG_LARGEST = 1e100  # on a logarithmic axis, whose margin, legend and ticks beyond it have to be floats, up to 1e308
SMALLEST = 1e-100  # a smaller value counts as 0, for the same reason
COLOURS = "viridis"  # a scale whose lightness rises evenly, so it survives black and white


class Panels(np.ndarray[Any, Any]):
    """An array of Axes that a script written for Optuna can ``show()``, as it would the figure that it expects."""

    @property
    def figure(self) -> Any:
        """The figure that they are on, as an Axes has it: ``plot_slice(study).figure.savefig("slice.png")``."""
        return self.flat[0].figure

    def show(self) -> None:
        """Show the figure: ``matplotlib.pyplot.show()``."""
        pyplot().show()


def pyplot() -> Any:
    """Return matplotlib.pyplot.

    Raises:
        ImportError: Without matplotlib; it says what to install.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f'pictures need matplotlib: pip install "tpe-reference[plot]" ({error})') from error
    return plt


def panels(who: str, ax: Any, rows: int, columns: int, size: tuple[float, float] | None = None) -> NDArray[Any]:
    """Return Axes to draw on, (rows, columns): the given ones, or those of a new figure.

    Args:
        who: The function that asks, for its error.
        ax: None, one Axes, or a sequence or array of as many as there are panels.
        rows: Number of rows.
        columns: Number of columns.
        size: Width and height of the new figure in inches; None: matplotlib's default.

    Raises:
        ValueError: For another number of Axes.
        TypeError: For what is no Axes.
    """
    plt = pyplot()
    if ax is None:
        figure = plt.figure(figsize=size, layout="constrained")
        figure.tight_layout = _already_laid_out
        return figure.subplots(rows, columns, squeeze=False)  # type: ignore[no-any-return]  # imported late
    given = np.array(ax, dtype=object).ravel()
    if not all(isinstance(one, plt.Axes) for one in given):
        raise TypeError(f"{who}: ax must be Axes of matplotlib, got {ax!r:.80}")
    if len(given) != rows * columns:
        raise ValueError(
            f"{who} draws {rows} x {columns} panels and got {len(given)} Axes; "
            f"make them by plt.subplots({rows}, {columns}), or leave ax out"
        )
    return given.reshape(rows, columns)


def _already_laid_out(**spacing: Any) -> None:
    """Do nothing, in place of a figure's ``tight_layout``: it would undo the layout, and fails beside a colour bar."""


def finished(axes: NDArray[Any]) -> Any:
    """Return what a picture's function returns: its Axes, or `Panels` of several; either can ``show()``."""
    for ax in axes.ravel():
        # Scripts written for Optuna go on with fig.show(). pyplot's, not the figure's: it waits for the reader.
        ax.show = pyplot().show
    return axes.ravel()[0] if axes.size == 1 else axes.view(Panels)


def plain(ax: Axes) -> str:
    """Give an Axes the house's look; return the colour of its labels, which shows on its background."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(True, which="major", alpha=0.25, linewidth=0.6)
    return str(ax.xaxis.label.get_color())


def inches(ax: Axes) -> tuple[float, float]:
    """Return width and height of an Axes, as far as they are known before the figure is laid out."""
    box = ax.get_window_extent()
    return box.width / ax.figure.dpi, box.height / ax.figure.dpi


# ---- texts -----------------------------------------------------------------------------------------------------------


def label(ax: Axes, which: str, text: object) -> None:
    """Label the axis "x" or "y" with a text that is taken literally (no maths) and shortened to fit."""
    words = clean(text)
    artist = getattr(ax, f"set_{which}label")(words, parse_math=False)
    room = ax.get_window_extent()
    _fit(artist, room.width if which == "x" else room.height, upright=which == "y")


def _fit(artist: Any, room: float, *, upright: bool = False) -> None:
    """Shorten a text on a canvas so that it is at most ``room`` pixels long."""
    box, text = artist.get_window_extent(), artist.get_text()
    length = box.height if upright else box.width
    if length > room:
        artist.set_text(shorten(text, int(0.95 * len(text) * room / length)))  # letters differ in width


def choice_labels(choices: Sequence[Any]) -> list[str]:
    """Return a text per choice; those that would look alike (1 and "1", or an empty one) are written as in code."""
    texts = [str(choice) for choice in choices]
    counts = Counter(texts)
    return [
        clean(text) if text.strip() and counts[text] == 1 else repr(choice)
        for text, choice in zip(texts, choices, strict=True)
    ]


def note(ax: Axes, text: str, ticks: str = "xy") -> None:
    """Write in the middle of an empty Axes why it is empty, and take the ticks off the axes that have no meaning."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=ax.xaxis.label.get_color())
    for which in ticks:
        getattr(ax, f"set_{which}ticks")([])


def legend(ax: Axes, handles: Mapping[str, Any]) -> float:
    """Put a legend at the top of an Axes, above all data; return the share of the height that is its.

    The upper limit of the y axis is raised to make room, so nothing is hidden and a title stays free.
    """
    if not any(handles):  # of one study, which needs no name
        return 0.0
    names = [f" {name}" if name.startswith("_") else name for name in map(clean, handles)]  # "_": matplotlib drops it
    look = {"frameon": False, "fontsize": "small", "labelcolor": ax.xaxis.label.get_color()}
    tight = {"borderaxespad": 0.1, "columnspacing": 1.2, "handletextpad": 0.5, "labelspacing": 0.25}
    room = ax.get_window_extent()
    for columns in range(len(names), 0, -1):
        box = ax.legend(list(handles.values()), names, loc="upper left", ncols=columns, **look, **tight)
        for text in box.get_texts():
            text.set_parse_math(False)
        size = box.get_window_extent()
        if size.width <= 0.95 * room.width:
            break
    if size.width > 0.95 * room.width:  # even one below the other
        beside = size.width - max(text.get_window_extent().width for text in box.get_texts())  # the lines and markers
        for text in box.get_texts():
            _fit(text, 0.9 * room.width - beside)
    share: float = min(0.6, 1.25 * size.height / room.height)  # a layout may still make the Axes smaller
    turn = ax.yaxis.get_transform()
    low, high = turn.transform(np.array(ax.get_ylim(), dtype=float))
    ax.set_ylim(top=float(turn.inverted().transform(np.array([low + (high - low) / (1.0 - share)]))[0]))
    return share


# ---- the axis of values ----------------------------------------------------------------------------------------------


def value_scale(values: Floats) -> tuple[str, float]:
    """Say on which scale values can be told apart: ("linear", 0), ("log", 0) or ("symlog", its linear threshold).

    Not linear: when half of the values lie within a hundredth of the range, at either end, and their sizes differ by
    more than a thousand: a search that converged, or one result out of all proportion. (Sizes above `LOG_LARGEST` have
    no room on such an axis.)
    """
    values = values[np.isfinite(values)]
    sizes = np.abs(values[values != 0])
    if len(sizes) < 3:
        return "linear", 0.0
    low, middle, high = np.quantile(values / 4, [0.0, 0.5, 1.0])  # a quarter: differences stay within all floats
    squeezed = min(middle - low, high - middle) < 0.01 * (high - low)
    if not squeezed or sizes.max() < 1e3 * sizes.min() or sizes.max() > LOG_LARGEST:
        return "linear", 0.0
    if low > 0:
        return "log", 0.0
    smallest = float(np.median(sizes) if high > 0 > low else sizes.min())
    return "symlog", 10.0 ** math.floor(math.log10(max(smallest, 1e-12 * float(sizes.max()))))


def scale_values(ax: Axes, which: str, values: Floats) -> None:
    """Give the axis "x" or "y", which is to show values, the scale that suits them, and limits around them."""
    kind, threshold = value_scale(values)
    getattr(ax, f"set_{which}scale")(kind, **({"linthresh": threshold} if kind == "symlog" else {}))
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    axis = getattr(ax, f"{which}axis")
    turn = axis.get_transform()
    low, high = turn.transform(np.array([finite.min(), finite.max()])).tolist()
    pad = 0.06 * (high - low) or _margin(low)
    getattr(ax, f"set_{which}lim")(*turn.inverted().transform(np.array([low - pad, high + pad])).tolist())
    ticks = {"log": log_ticks, "symlog": symlog_ticks, "linear": linear_ticks}[kind]
    ticks(ax, which)


def value_norm(values: Floats) -> Normalize:
    """Return the same for colours."""
    from matplotlib import colors

    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if low == high:
        low, high = low - _margin(low), high + _margin(high)
    kind, threshold = value_scale(finite)
    if kind == "log":
        return colors.LogNorm(low, high)
    if kind == "symlog":
        return colors.SymLogNorm(threshold, vmin=low, vmax=high, base=10)
    return colors.Normalize(low, high)


def _margin(value: float) -> float:
    """Return how far an axis reaches beyond a value that all trials have, so that it stands in the middle."""
    return 0.1 * max(abs(value), 1e-6)


def values_of(trials: Sequence[TrialRecord], target: Target = None, *, only_complete: bool = False) -> Floats:
    """Return a number per trial, (n,): its value, or what ``target`` makes of its record; nan where there is none.

    Only complete trials have one, and pruned ones, whose value is their last report, unless ``only_complete``.
    """
    if target is not None and not callable(target):
        raise TypeError(f"target must be a function of a trial's record, got {target!r}")
    numbers = np.full(len(trials), math.nan)
    for i, trial in enumerate(trials):
        if trial.state == TrialState.COMPLETE or (trial.state == TrialState.PRUNED and not only_complete):
            value = trial.value if target is None else target(trial)
            numbers[i] = math.nan if value is None else float(value)
    return drawable(numbers)


def drawable(numbers: Floats) -> Floats:
    """Return numbers as an axis can show them: infinite beyond `LARGEST`, and 0 below `SMALLEST`."""
    sizes = np.abs(numbers)
    return np.where(sizes > LARGEST, np.copysign(math.inf, numbers), np.where(sizes < SMALLEST, 0.0, numbers))


def best_number(study: Study) -> int | None:
    """Return the number of the best trial; None while there is none."""
    try:
        return study.best_trial.number
    except ValueError:
        return None


# ---- the axis of a parameter -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ParamAxis:
    """Where the values of a parameter stand on an axis: numbers as they are, choices at 0, 1, 2, ...

    Attributes:
        name: The parameter.
        domain: Its domain; of several, one that holds them all.
    """

    name: str
    domain: Domain

    @property
    def is_log(self) -> bool:
        """Whether the axis is logarithmic."""
        return not isinstance(self.domain, Categorical) and self.domain.log

    def place(self, values: Sequence[Any]) -> Floats:
        """Return the places of values on the axis."""
        if isinstance(self.domain, Categorical):
            return self.at(np.array([self.domain.to_unit(value) for value in values]))
        return np.array(values, dtype=float)

    def at(self, u: Floats) -> Floats:
        """Return the places on the axis of positions in the unit interval; beyond it, it goes on as it is inside."""
        domain = self.domain
        if isinstance(domain, Categorical):
            return np.asarray(u * domain.size - 0.5)
        if isinstance(domain, Float) and domain.size is None:
            low, high = domain.low, domain.high
        elif domain.log:
            low, high = domain.low - 0.5, domain.high + 0.5  # the first cell begins half before its value
        else:
            half = (domain.step or 1.0) / 2
            low, high = domain.low - half, domain.high + half
        if domain.log and low < high:
            return np.asarray(np.exp(math.log(low) + u * (math.log(high) - math.log(low))))
        return np.asarray(low + u * (high - low))

    def dress(self, ax: Axes, which: str, *, named: bool = True) -> None:
        """Give the axis "x" or "y" the parameter's scale, limits, ticks and, if ``named``, name."""
        if self.is_log:
            getattr(ax, f"set_{which}scale")("log")
        pad = 0.03 if self.domain.size is None else 0.0  # points at the ends of a continuum should not be cut
        low, high = self.at(np.array([-pad, 1.0 + pad])).tolist()
        getattr(ax, f"set_{which}lim")(low, high)
        if isinstance(self.domain, Categorical):
            _choice_ticks(ax, which, self.domain)
        else:
            (log_ticks if self.is_log else linear_ticks)(ax, which, integer=isinstance(self.domain, Int))
        if named:
            label(ax, which, self.name)


def param_axes(who: str, trials: Sequence[TrialRecord], params: Sequence[str] | None) -> list[ParamAxis]:
    """Return the axes of parameters: of all that any trial has named, or of ``params``.

    Raises:
        ValueError: For a name that no trial has, and for a name given twice.
    """
    domains: dict[str, list[Domain]] = {}
    for trial in trials:
        for name, domain in trial.distributions.items():
            known = domains.setdefault(name, [])
            if domain not in known:
                known.append(domain)
    names = list(domains) if params is None else [params] if isinstance(params, str) else list(params)
    for name in names:
        if name not in domains:
            raise ValueError(f"{who}: params names {name!r}, which no trial has; there are {sorted(domains)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{who}: params must differ, got {names}")
    return [ParamAxis(name, _one_domain(name, domains[name], trials)) for name in names]


def _one_domain(name: str, domains: Sequence[Domain], trials: Sequence[TrialRecord]) -> Domain:
    """Return one domain for all values of a name, whose domain may have changed between trials."""
    if len(domains) == 1:
        return domains[0]
    numeric = [domain for domain in domains if not isinstance(domain, Categorical)]
    if len(numeric) == len(domains):
        low, high = min(d.low for d in numeric), max(d.high for d in numeric)
        return Float(low, high, log=all(d.log for d in numeric))
    values = [trial.params[name] for trial in trials if name in trial.distributions]
    return Categorical(list({(isinstance(value, bool), value): value for value in values}.values()))  # True is not 1


def _choice_ticks(ax: Axes, which: str, domain: Categorical) -> None:
    """Label choices as far as there is room: smaller, turned, shortened, in the end only every second or third."""
    width, height = ax.get_window_extent().size
    texts = choice_labels(domain.choices)
    set_ticks = getattr(ax, f"set_{which}ticks")
    measured = sorted(texts, key=len)[-50:]  # of thousands it would take many seconds, and the longest are the widest
    set_ticks(range(len(measured)), measured, parse_math=False)
    artists = getattr(ax, f"get_{which}ticklabels")()
    boxes = [artist.get_window_extent() for artist in artists]
    widest, line = max(box.width for box in boxes), max(box.height for box in boxes)
    slot = (width if which == "x" else height) / len(texts)
    letter = max(box.width / max(1, len(text)) for box, text in zip(boxes, measured, strict=True))
    turned = which == "x" and widest > 0.9 * slot and slot < 10 * letter
    room = 0.9 * slot if which == "x" and not turned else 0.4 * (height if turned else width)
    points = artists[0].get_size()
    stacked = turned or which == "y"
    shrink = min(1.0, max(0.8, room / widest), slot / line if stacked else 1.0)
    size = max(min(6.0, points), points * shrink)  # smaller than six points nobody reads
    shrink = size / points
    high = shrink * line / slot  # of a line, where a slot is 1; a layout may yet take a third of the height
    every = math.ceil(1.5 * high) if stacked and high > 1.02 else 1
    length = int(room / (shrink * letter))
    shown = range(0, len(texts), every)
    look = {"parse_math": False, "size": size, **({"rotation": 90} if turned else {})}
    set_ticks(list(shown), [texts[i] if shrink * widest <= room else shorten(texts[i], length) for i in shown], **look)


def whole_ticks(ax: Axes, n: int) -> None:
    """Give an x axis that counts n things from 0 limits around them, and ticks at whole numbers."""
    margin = max(0.5, 0.03 * n)
    ax.set_xlim(-margin, max(0, n - 1) + margin)
    linear_ticks(ax, "x", integer=True)


def linear_ticks(ax: Axes, which: str, *, integer: bool = False) -> None:
    """Tick a linear axis, "x" or "y", as densely as there is room."""
    from matplotlib.ticker import MaxNLocator

    steps = [1, 2, 5, 10] if integer else [1, 2, 2.5, 5, 10]
    locator = MaxNLocator(_most_ticks(ax, which), integer=integer, min_n_ticks=1, steps=steps)
    getattr(ax, f"{which}axis").set_major_locator(locator)


def share_ticks(ax: Axes, which: str) -> None:
    """Leave an axis of shares, "x" or "y", only its ticks from 0 to 1: beyond is room for a legend or for numbers."""
    end = min(1.01, getattr(ax, f"get_{which}lim")()[1])
    ticks = getattr(ax, f"get_{which}ticks")()
    getattr(ax, f"set_{which}ticks")([tick for tick in ticks if -0.01 < tick < end])


def log_ticks(ax: Axes, which: str, *, integer: bool = False) -> None:
    """Tick a logarithmic axis, "x" or "y", at powers of ten; where those are few, between them or in plain steps."""
    from matplotlib import ticker

    axis, most = getattr(ax, f"{which}axis"), _most_ticks(ax, which)
    low, high = getattr(ax, f"get_{which}lim")()
    decades = math.log10(high / low)
    axis.set_minor_formatter(ticker.NullFormatter())
    if decades > 2.5:
        axis.set_major_locator(ticker.LogLocator(numticks=most + 1))
        return
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    if which == "x" and max(len(f"{end:.1g}") for end in (low, high)) > 5:
        most = max(1, most // 2)  # 1e-300 is a long label
    if decades > 1.0:
        axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0) if most > 3 else (1.0, 3.0), numticks=20))
    else:
        axis.set_major_locator(ticker.MaxNLocator(min(most, 4), integer=integer, min_n_ticks=1))
        axis.set_minor_locator(ticker.NullLocator())


def symlog_ticks(ax: Axes, which: str) -> None:
    """Tick an axis that is logarithmic on both sides of 0: at powers of ten, from 0 outward, as there is room."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axis = getattr(ax, f"{which}axis")
    turn = axis.get_transform()
    low, high = axis.get_view_interval()
    largest = max(abs(low), abs(high), turn.linthresh)
    powers = 10.0 ** np.arange(math.floor(math.log10(turn.linthresh)), math.log10(largest) + 1)
    gap = abs(np.diff(turn.transform(np.array([low, high])))[0]) / _most_ticks(ax, which)
    ticks = [0.0] if low <= 0.0 <= high else []
    for sign in (1.0, -1.0):
        last = 0.0 if ticks else -math.inf
        for power in powers:
            place = float(turn.transform(np.array([power]))[0])
            if low <= sign * power <= high and place - last >= gap:
                ticks.append(sign * float(power))
                last = place
    axis.set_major_locator(FixedLocator(sorted(ticks)))
    axis.set_minor_locator(NullLocator())


def _most_ticks(ax: Axes, which: str) -> int:
    """Return how many labels have room: side by side one needs 0.6 inches, one above the other 0.35."""
    width, height = inches(ax)
    return max(2, min(6, int(width / 0.6 if which == "x" else height / 0.35)))


# ---- studies ---------------------------------------------------------------------------------------------------------


def begin(who: str, study: Any) -> Study:
    """Return the study that a picture is to show, after a look whether it is one and matplotlib is there.

    Raises:
        TypeError: For what is no study.
        ImportError: Without matplotlib.
    """
    pyplot()
    if not hasattr(study, "trials") or not hasattr(study, "direction"):
        raise TypeError(f"{who}: study must be a Study, got {study!r:.80}")
    return study  # type: ignore[no-any-return]  # as good as one


def named_studies(who: str, study: Any) -> dict[str, Study]:
    """Return studies by name: of one, of a sequence, or of a dict, which names them itself."""
    if isinstance(study, Mapping):
        return {str(name): begin(who, one) for name, one in study.items()}
    if not isinstance(study, (list, tuple)):
        return {"": begin(who, study)}
    names: dict[str, Study] = {}
    for i, one in enumerate(study):
        name = begin(who, one).study_name or f"study {i}"
        names[name if name not in names else f"{name} ({i})"] = one
    return names
